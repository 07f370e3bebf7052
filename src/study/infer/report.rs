//! The report of the study: one row per wire resistance, beside the same network with ideal wires.

use std::path::PathBuf;

use super::super::bench::Bench;
use super::super::{Context, StudyError};
use super::settling::{self, Effort, Layout};
use super::{Dataset, InferError, Laws, Network, Outcome, Ports, Read, Score, measure, read_ideal, run_steps};
use crate::elaborate::percell::Matrix;
use crate::plan::{Overrides, Signal};
use crate::result::report::{Axis, Chart, Fact, Grid, Map, MapAxes, Report, Series};

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Subcircuit of the cell.
    pub cell: String,
    /// Its parameter that takes the weight.
    pub parameter: String,
    /// Weights, inputs x classes.
    pub weights: Matrix,
    /// Where they came from, for messages.
    pub file: PathBuf,
    /// Ohm per wire segment, one network each.
    pub wires: Vec<f64>,
    /// Ohm from each column to ground.
    pub sense: f64,
    /// How an image is read.
    pub read: Read,
    /// How it is solved.
    pub method: Method,
    /// Class names; numbers when empty.
    pub names: Vec<String>,
}

/// How images are solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The matrix when the circuit is linear, else states where the cells have one, else steps.
    Automatic,
    /// One transfer matrix.
    Matrix,
    /// The states of the cells followed on the array kernel.
    States,
    /// One operating point per image.
    Steps,
}

/// One network read.
struct Reading {
    wire: f64,
    outcome: Outcome,
    score: Score,
    drop: Option<Drop>,
}

/// Where the voltage of the inputs goes.
struct Drop {
    /// Mean of V_in - V_cell over the sampled images in V, row-major.
    mean: Vec<f64>,
    /// Largest of all cells and sampled images in V.
    worst: f64,
    /// Mean of 1 - V_cell/V_in over cells with an input.
    loss: f64,
}

/// Every this many images the drop at all cells is looked at.
const SAMPLE: usize = 50;
/// Largest error of a state in one step while cells race for the voltage.
const ACCURACY: f64 = 0.02;

/// Runs the set through every network.
///
/// # Errors
/// Weights that fit neither images nor labels, circuits that cannot be built or solved.
pub fn answer(question: &Question, set: &Dataset, context: &Context) -> Result<Report, StudyError> {
    let Matrix { rows, cols, .. } = question.weights;
    if rows != set.size() {
        return Err(StudyError::request(format!(
            "`{}` holds {rows} x {cols} weights, but the images have {} x {} = {} pixels: expected that many rows",
            question.file.display(),
            set.height,
            set.width,
            set.size()
        )));
    }
    if let Some((image, label)) = set.labels.iter().enumerate().find(|(_, label)| usize::from(**label) >= cols) {
        return Err(StudyError::request(format!(
            "`{}` holds {rows} x {cols} weights, but image {image} has label {label}: expected a column per class, for \
             labels 0 to {}",
            question.file.display(),
            set.labels.iter().max().copied().unwrap_or(0)
        )));
    }
    let mut report = Report { title: format!("{rows} x {cols} network, {} images", set.len()), ..Report::default() };
    // the ideal network is what the others are compared with; every cell of it sees its whole input, so it tells most
    // about the cells
    let wires: Vec<f64> = std::iter::once(0.0).chain(question.wires.iter().copied().filter(|w| *w != 0.0)).collect();
    context.watch.expect(wires.len());
    let (mut readings, mut known) = (Vec::new(), Known::default());
    for wire in wires {
        context.check()?;
        readings.push(read_all(question, set, wire, context, &mut known, &mut report)?);
        context.watch.advance();
    }
    define(&mut report);
    tabulate(question, &readings, &mut report);
    draw(question, &readings, &mut report);
    Ok(report)
}

/// The deck of one network.
fn bench(question: &Question, wire: f64, context: &Context) -> Result<Bench, StudyError> {
    let Matrix { rows, cols, .. } = question.weights;
    let (last_row, last_col) = (rows - 1, cols - 1);
    let lines = format!(
        ".xbar INFERENCE {rows} {cols} CELL={}(wl bl) RWL={wire:e} RBL={wire:e} {}=FILE(\"weights\")\n\
         Xa W[0:{last_row}] B[0:{last_col}] INFERENCE\nVin[0:{last_row}] W[0:{last_row}] 0 0\n\
         Rs[0:{last_col}] B[0:{last_col}] 0 {:e}\n.op\n",
        question.cell, question.parameter, question.sense
    );
    let values = question.weights.values.clone();
    Ok(context.definitions.bench(&lines)?.with_matrix("weights", rows, cols, values))
}

/// What earlier networks told about the cells.
#[derive(Default)]
struct Known {
    /// They are not linear.
    nonlinear: bool,
    /// Their laws, or why they have none.
    laws: Option<Result<Laws, String>>,
}

fn read_all(
    question: &Question,
    set: &Dataset,
    wire: f64,
    context: &Context,
    known: &mut Known,
    report: &mut Report,
) -> Result<Reading, StudyError> {
    let Matrix { rows, cols, .. } = question.weights;
    let ports = Ports {
        inputs: (0..rows).map(|k| format!("vin_{k}")).collect(),
        outputs: (0..cols).map(|k| Signal::Current(format!("rs_{k}"))).collect(),
    };
    let bench = bench(question, wire, context)?;
    let mut built = bench.build(&Overrides::default())?;
    if matches!(question.method, Method::Automatic | Method::Matrix) && !known.nonlinear {
        let cells: Vec<Signal> =
            if wire > 0.0 { (0..rows * cols).map(|k| cell_voltage(k, cols)).collect() } else { Vec::new() };
        match Network::new(&mut built.circuit, &built.plan, &ports, &cells, question.read.full_scale) {
            Ok(network) => {
                let outcome = network.run(set, question.read).map_err(fault)?;
                report.trust.add(network.stats());
                let drop = (wire > 0.0).then(|| drop_of(&network, set, question.read, rows, cols));
                return Ok(Reading { wire, score: outcome.score(set), outcome, drop });
            }
            Err(InferError::Analysis(crate::analysis::AnalysisError::NotApplicable(_)))
                if question.method == Method::Automatic =>
            {
                known.nonlinear = true;
            }
            Err(error) => return Err(fault(error)),
        }
    }
    if question.method != Method::Steps {
        let laws = match known.laws.take() {
            Some(laws) => laws,
            None => measure(question, context)?,
        };
        match known.laws.insert(laws) {
            Ok(laws) => return follow(question, set, wire, laws, report),
            Err(reason) if question.method == Method::States => {
                return Err(StudyError::request(format!(
                    "the states of `{}` cannot be followed: {reason}",
                    question.cell
                )));
            }
            Err(reason) => slower(reason, report),
        }
    }
    // every run of images has a circuit of its own: selectors and source values change in it
    context.watch.expect(super::steps::runs(set));
    let fresh = || {
        let built = context.check().and_then(|()| self::bench(question, wire, context)?.build(&Overrides::default()));
        context.watch.advance();
        match built {
            Ok(built) => Ok(built.circuit),
            Err(error) => Err(InferError::Circuit(error.to_string())),
        }
    };
    let outcome = run_steps(fresh, &built.plan, &ports, set, question.read).map_err(fault)?;
    report.trust.solves += set.len();
    Ok(Reading { wire, score: outcome.score(set), outcome, drop: None })
}

/// Says once why every image takes an operating point of the whole circuit.
fn slower(reason: &str, report: &mut Report) {
    let note = format!(
        "every image is an operating point of the whole circuit, which takes long: {reason}; weights of at most {} \
         different values are read by following the states of their cells",
        super::probe::KINDS
    );
    if !report.notes.contains(&note) {
        report.notes.push(note);
    }
}

/// All images on the array kernel.
fn follow(
    question: &Question,
    set: &Dataset,
    wire: f64,
    laws: &Laws,
    report: &mut Report,
) -> Result<Reading, StudyError> {
    let Matrix { rows, cols, .. } = question.weights;
    let layout = Layout { rows, cols, wire, sense: question.sense };
    report.trust.solves += set.len();
    if wire == 0.0 {
        let outcome = read_ideal(laws, layout, set, question.read).map_err(fault)?;
        return Ok(Reading { wire, score: outcome.score(set), outcome, drop: None });
    }
    let effort = Effort { accuracy: ACCURACY, watch: SAMPLE };
    let read = settling::read_settling(laws, layout, set, question.read, effort).map_err(fault)?;
    report.trust.kcl_relative = report.trust.kcl_relative.max(read.kcl);
    let drop =
        Drop::of(rows * cols, read.watched.iter().map(|(k, volts)| (inputs(set, *k, question.read), volts.clone())));
    Ok(Reading { wire, score: read.outcome.score(set), outcome: read.outcome, drop: Some(drop) })
}

/// Row voltages of an image.
fn inputs(set: &Dataset, k: usize, read: Read) -> Vec<f64> {
    set.image(k).iter().map(|&p| read.volts(p)).collect()
}

fn cell_voltage(k: usize, cols: usize) -> Signal {
    Signal::Field(format!("xa.c_{}_{}", k / cols, k % cols), "v".to_owned())
}

fn fault(error: InferError) -> StudyError {
    match error {
        InferError::Analysis(error) => StudyError::Analysis(error),
        InferError::Image { image, error: crate::analysis::AnalysisError::NoConvergence(mut failure) } => {
            failure.at = format!("for image {image}, {}", failure.at);
            StudyError::Analysis(crate::analysis::AnalysisError::NoConvergence(failure))
        }
        other => StudyError::request(other.to_string()),
    }
}

fn drop_of(network: &Network, set: &Dataset, read: Read, rows: usize, cols: usize) -> Drop {
    let sampled = (0..set.len()).step_by(SAMPLE).map(|k| inputs(set, k, read));
    Drop::of(rows * cols, sampled.map(|volts| (network.watch(&volts), volts)).map(|(cells, volts)| (volts, cells)))
}

impl Drop {
    /// From the inputs and cell voltages of some images.
    fn of(cells: usize, images: impl Iterator<Item = (Vec<f64>, Vec<f64>)>) -> Self {
        let mut drop = Self { mean: vec![0.0; cells], worst: 0.0, loss: 0.0 };
        let (mut lost, mut driven, mut count) = (0.0, 0usize, 0usize);
        for (inputs, voltages) in images {
            count += 1;
            let cols = cells / inputs.len().max(1);
            for (cell, v) in voltages.into_iter().enumerate() {
                let input = inputs[cell / cols];
                drop.mean[cell] += input - v;
                drop.worst = drop.worst.max(input - v);
                if input > 0.0 {
                    lost += (1.0 - v / input).min(1.0);
                    driven += 1;
                }
            }
        }
        drop.mean.iter_mut().for_each(|sum| *sum /= count.max(1) as f64);
        drop.loss = lost / driven.max(1) as f64;
        drop
    }
}

fn define(report: &mut Report) {
    let texts = [
        ("accuracy", "share of images whose largest column current belongs to their label, the first of equal ones"),
        ("energy", "what the row sources deliver during one rectangular pulse, mean over all images"),
        ("error", "root-mean-square difference of the column currents from those with ideal wires, relative"),
        ("worst_drop", "largest V_in - V_cell over all cells and every 50th image"),
        ("loss", "mean of 1 - V_cell/V_in, at most 1 each, over all cells with an input and every 50th image"),
    ];
    report.definitions.extend(texts.map(|(name, text)| (name.to_owned(), text.to_owned())));
}

fn tabulate(question: &Question, readings: &[Reading], report: &mut Report) {
    let columns = [
        "rwire:Ohm",
        "correct",
        "images",
        "accuracy",
        "energy:J",
        "least:J",
        "most:J",
        "error",
        "worst_drop:V",
        "loss",
    ];
    let mut grid = Grid::new(&columns);
    let ideal = readings.iter().find(|r| r.wire == 0.0).map(|r| &r.outcome);
    for Reading { wire, score, outcome, drop } in readings {
        grid.push([
            (*wire).into(),
            score.correct.into(),
            score.images.into(),
            score.accuracy().into(),
            score.energy.into(),
            score.least.into(),
            score.most.into(),
            ideal.map(|ideal| outcome.error(ideal)).into(),
            drop.as_ref().map(|d| d.worst).into(),
            drop.as_ref().map(|d| d.loss).into(),
        ]);
    }
    report.rows = grid;
    for Reading { wire, score, .. } in readings {
        let classes = question.weights.cols;
        let names: Vec<String> =
            (0..classes).map(|k| question.names.get(k).cloned().unwrap_or_else(|| k.to_string())).collect();
        let mut columns = vec!["label"];
        columns.extend(names.iter().map(String::as_str));
        let mut table = Grid::new(&columns);
        for (label, counts) in names.iter().zip(score.confusion.chunks_exact(classes)) {
            table.push(std::iter::once(label.as_str().into()).chain(counts.iter().map(|&n| n.into())));
        }
        report.tables.push((format!("confusion_{wire}ohm"), table));
        let fact = |name: String, value: f64, unit: &str| Fact { name, value: value.into(), unit: unit.to_owned() };
        report.facts.push(fact(format!("accuracy_{wire}ohm"), score.accuracy(), ""));
        report.facts.push(fact(format!("energy_{wire}ohm"), score.energy, "J"));
    }
}

fn draw(question: &Question, readings: &[Reading], report: &mut Report) {
    let Matrix { rows, cols, .. } = question.weights;
    for Reading { wire, score, drop, .. } in readings {
        report.maps.push(Map {
            name: format!("confusion_{wire}ohm"),
            label: format!("images, {wire} ohm per segment"),
            unit: String::new(),
            rows: cols,
            cols,
            values: score.confusion.iter().map(|&n| n as f64).collect(),
            axes: Some(MapAxes {
                rows: "True class (label)".to_owned(),
                cols: "Predicted class (answer)".to_owned(),
                names: question.names.clone(),
            }),
        });
        if let Some(drop) = drop {
            report.maps.push(Map {
                name: format!("ir_drop_{wire}ohm"),
                label: format!("mean of V_in - V_cell, {wire} ohm per segment"),
                unit: "V".to_owned(),
                rows,
                cols,
                values: drop.mean.clone(),
                axes: None,
            });
        }
    }
    let wired: Vec<&Reading> = readings.iter().filter(|r| r.wire > 0.0).collect();
    if wired.len() < 2 {
        return;
    }
    let x: Vec<f64> = wired.iter().map(|r| r.wire).collect();
    let chart = |name: &str, y: Axis, values: &dyn Fn(&Reading) -> f64| Chart {
        name: name.to_owned(),
        title: format!("{rows} x {cols} network against its wires"),
        x: Axis::log("wire resistance per segment", "Ohm"),
        y,
        series: std::iter::once(Series {
            label: "circuit".to_owned(),
            x: x.clone(),
            y: wired.iter().map(|r| values(r)).collect(),
        })
        .chain(readings.iter().find(|r| r.wire == 0.0).map(|ideal| Series {
            label: "ideal wires".to_owned(),
            x: x.clone(),
            y: vec![values(ideal); x.len()],
        }))
        .collect(),
    };
    let accuracy = chart("accuracy", Axis::linear("accuracy (%)", ""), &|r| 100.0 * r.score.accuracy());
    let energy = chart("energy", Axis::linear("energy per image (nJ)", ""), &|r| 1e9 * r.score.energy);
    report.charts.extend([accuracy, energy]);
}
