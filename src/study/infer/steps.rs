//! Any network, image by image: every image is an operating point of the circuit.
//!
//! Inputs return to zero between images, as they do on a chip: a threshold selector that one image switched on is off
//! again before the next, and what it does follows from this image alone. Images are shared out in runs of fixed length,
//! so the answer does not depend on the number of threads.

use rayon::prelude::*;

use super::{Dataset, InferError, Outcome, Ports, Read};
use crate::analysis;
use crate::circuit::Circuit;
use crate::plan::{Analysis, Overrides, Plan, Signal, Sweep, SweepTarget};
use crate::result::{PlotHeader, Sink};

/// Images that one circuit reads before another takes over.
const RUN: usize = 50;

/// Runs of images of a set; each has a circuit of its own.
#[must_use]
pub fn runs(set: &Dataset) -> usize {
    set.len().div_ceil(RUN)
}

/// Runs all images of a set; `build` makes a fresh circuit for every run of images.
///
/// # Errors
/// What `build` says, images that do not fit, non-convergence (naming the image).
pub fn run<B>(build: B, plan: &Plan, ports: &Ports, set: &Dataset, read: Read) -> Result<Outcome, InferError>
where
    B: Fn() -> Result<Circuit, InferError> + Sync,
{
    super::check(set, ports.inputs.len(), ports.outputs.len())?;
    let mut signals = ports.outputs.clone();
    signals.extend(ports.inputs.iter().map(|name| Signal::Current(name.clone())));
    let wanted = Plan { title: plan.title.clone(), options: plan.options.clone(), signals, ..Plan::default() };
    let runs: Vec<Outcome> = (0..runs(set))
        .into_par_iter()
        .map(|run| {
            let images = run * RUN..((run + 1) * RUN).min(set.len());
            read_run(&mut build()?, &wanted, ports, set, read, images)
        })
        .collect::<Result<_, InferError>>()?;
    let mut all = Outcome { classes: ports.outputs.len(), outputs: Vec::new(), energies: Vec::new() };
    for run in runs {
        all.outputs.extend(run.outputs);
        all.energies.extend(run.energies);
    }
    Ok(all)
}

/// One run of images: a sweep over all inputs at once, at rest before every image.
fn read_run(
    circuit: &mut Circuit,
    plan: &Plan,
    ports: &Ports,
    set: &Dataset,
    read: Read,
    images: std::ops::Range<usize>,
) -> Result<Outcome, InferError> {
    let volts = |k: usize| set.image(k).iter().map(|&p| read.volts(p)).collect::<Vec<f64>>();
    let rest = vec![0.0; ports.inputs.len()];
    let sweep = Sweep {
        label: "inputs".to_string(),
        targets: ports.inputs.iter().map(|name| SweepTarget::Source(name.clone())).collect(),
        rows: images.clone().flat_map(|k| [rest.clone(), volts(k)]).collect(),
    };
    let mut points = Points { rows: Vec::new() };
    let no_rebuild = |_: &Overrides| Err("sources change in place".to_string());
    let outcome = analysis::run(&Analysis::Dc(vec![sweep]), circuit, plan, "", &no_rebuild, &mut points);
    if let Err(error) = outcome {
        let image = images.start + points.rows.len() / 2;
        return Err(InferError::Image { image, error });
    }
    let mut result = Outcome { classes: ports.outputs.len(), outputs: Vec::new(), energies: Vec::new() };
    for (k, row) in images.zip(points.rows.chunks_exact(2).map(|pair| &pair[1])) {
        // the axis comes first
        let (classes, currents) = row[1..].split_at(result.classes);
        result.outputs.extend_from_slice(classes);
        result.energies.push(-read.pulse * volts(k).iter().zip(currents).map(|(v, i)| v * i).sum::<f64>());
    }
    Ok(result)
}

/// Keeps the points of one sweep.
struct Points {
    rows: Vec<Vec<f64>>,
}

impl Sink for Points {
    fn begin(&mut self, _: &PlotHeader) {}
    fn point(&mut self, values: &[f64]) {
        self.rows.push(values.to_vec());
    }
    fn end(&mut self) {}
}
