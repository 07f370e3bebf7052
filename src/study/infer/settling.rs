//! Images through an array of cells with a volatile state, on the array kernel.
//!
//! A read is a step from rest. The states follow their own dynamics while wires and cells share out the voltage, until
//! nothing moves; where cells race for the voltage, who comes first decides what the array reads:
//!
//! ```text
//! tau ds/dt = rate(v, s),   wires(x) + I(v, s) = sources,   v = x_W - x_B
//! ```
//!
//! Steps are linearly implicit ([`super::race`]). While cells race, rows that sleep are left out ([`super::dormant`]);
//! Newton's iteration for the state of rest, which ends the read, has all of them. The laws of the cells come from the
//! deck's own cell ([`super::probe`]); nothing is assumed about who switches.

use rayon::prelude::*;

use super::dormant::Dormancy;
use super::probe::Laws;
use super::race::{End, Race};
use super::{Dataset, InferError, Outcome, Read};

/// Images that one worker reads in a row.
const RUN: usize = 50;
/// All rows at rest; a step of Newton's iteration squares its error.
const AT_REST: End = End { still: 1e-7, residual: 1e-13 };
/// Some rows nearly at rest: what the others do to them is more.
const NEARLY: End = End { still: 1e-4, residual: 1e-7 };

/// Where the cells sit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layout {
    /// Rows: inputs.
    pub rows: usize,
    /// Columns: classes.
    pub cols: usize,
    /// Ohm per wire segment of both lines, positive.
    pub wire: f64,
    /// Ohm from each column to ground.
    pub sense: f64,
}

impl Layout {
    /// Ohm from a node of a bit line to ground.
    #[must_use]
    pub fn below(&self, row: usize) -> f64 {
        self.wire * (self.rows - row) as f64 + self.sense
    }
}

/// How images are followed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effort {
    /// Largest error of a state in one step.
    pub accuracy: f64,
    /// The cell voltages of every so many images are kept.
    pub watch: usize,
}

/// What the images did to the array.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Outputs and energies.
    pub outcome: Outcome,
    /// Image and cell voltages, row-major, of every image that was watched.
    pub watched: Vec<(usize, Vec<f64>)>,
    /// Network solves.
    pub solves: usize,
    /// Iterations of the array kernel.
    pub iterations: usize,
    /// Worst sum of currents at a node, relative to those that meet there.
    pub kcl: f64,
}

impl Reading {
    fn new(classes: usize) -> Self {
        let outcome = Outcome { classes, outputs: Vec::new(), energies: Vec::new() };
        Self { outcome, watched: Vec::new(), solves: 0, iterations: 0, kcl: 0.0 }
    }

    /// Adds the work of an array that read an image.
    fn count(&mut self, (solves, iterations): (usize, usize)) {
        self.solves += solves;
        self.iterations += iterations;
    }

    fn append(&mut self, other: Self) {
        self.outcome.outputs.extend(other.outcome.outputs);
        self.outcome.energies.extend(other.outcome.energies);
        self.watched.extend(other.watched);
        self.solves += other.solves;
        self.iterations += other.iterations;
        self.kcl = self.kcl.max(other.kcl);
    }
}

/// Reads all images of a set.
///
/// # Errors
/// Images that do not fit the layout, an image whose cells do not come to rest.
pub fn read_settling(
    laws: &Laws,
    layout: Layout,
    set: &Dataset,
    read: Read,
    effort: Effort,
) -> Result<Reading, InferError> {
    super::check(set, layout.rows, layout.cols)?;
    let dormancy = Dormancy::new(laws, layout, read);
    let runs: Vec<Reading> = (0..set.len().div_ceil(RUN))
        .into_par_iter()
        .map(|run| {
            let whole = Race::whole(laws, layout).map_err(InferError::Circuit)?;
            let mut reader = Reader { laws, layout, read, dormancy: &dormancy, whole };
            let mut reading = Reading::new(layout.cols);
            for k in run * RUN..((run + 1) * RUN).min(set.len()) {
                reader
                    .image(set.image(k), effort.accuracy, &mut reading)
                    .map_err(|reason| InferError::Circuit(format!("image {k}: {reason}")))?;
                if k.is_multiple_of(effort.watch) {
                    reading.watched.push((k, reader.whole.volts().to_vec()));
                }
            }
            Ok(reading)
        })
        .collect::<Result<_, InferError>>()?;
    let mut all = Reading::new(layout.cols);
    runs.into_iter().for_each(|run| all.append(run));
    Ok(all)
}

/// One worker.
struct Reader<'a> {
    laws: &'a Laws,
    layout: Layout,
    read: Read,
    dormancy: &'a Dormancy,
    whole: Race<'a>,
}

impl Reader<'_> {
    /// Follows the states from rest to rest for one image.
    fn image(&mut self, image: &[u8], accuracy: f64, reading: &mut Reading) -> Result<(), String> {
        let volts: Vec<f64> = image.iter().map(|&pixel| self.read.volts(pixel)).collect();
        self.whole.start(&volts);
        let awake = self.dormancy.awake(image);
        if !awake.is_empty() && awake.len() < image.len() {
            let (leaks, bears) = self.dormancy.sleepers(self.laws, image, &awake);
            let mut some = Race::new(self.laws, self.layout, awake, leaks)?;
            some.start(&volts);
            if some.follow(accuracy, NEARLY, bears)? {
                self.whole.take(&some);
            }
            reading.count(some.take_effort());
        }
        self.whole.follow(accuracy, AT_REST, f64::INFINITY)?;
        let (columns, power) = self.whole.currents();
        reading.outcome.outputs.extend(columns);
        reading.outcome.energies.push(self.read.pulse * power);
        reading.kcl = reading.kcl.max(self.whole.imbalance());
        reading.count(self.whole.take_effort());
        Ok(())
    }
}
