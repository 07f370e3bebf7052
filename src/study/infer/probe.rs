//! The laws of a network's cells, measured on the cells of the deck itself.
//!
//! Cells that behave alike are one kind. One array holds every kind (a column each) at every voltage of the tables (a
//! row each), between ideal sources; its states are held at one value after another ([`crate::analysis::HeldCells`]).
//! tau follows from the rate at rest, where the target is 0: tau = -s / (ds/dt).

use rayon::prelude::*;

use super::super::bench::Bench;
use super::super::{Context, StudyError};
use super::law::{self, Law};
use super::report::Question;
use crate::analysis::{AnalysisError, Held, HeldCells};
use crate::plan::Overrides;

/// Kinds of cells above which tables would not pay.
pub const KINDS: usize = 256;
/// Cells whose answers differ by less are of one kind.
const ALIKE: f64 = 1e-12;
/// A state that changes a current or a rate by less has no part in it.
const INDEPENDENT: f64 = 1e-7;
/// States at which kinds are told apart, and by which volatile states that matter are found.
const LOOK: [f64; 2] = [0.3, 0.8];
/// Tolerances of the measurement.
const RELTOL: f64 = 1e-9;
const ABSTOL: f64 = 1e-18;

/// All cells of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Laws {
    /// Every kind once.
    pub kinds: Vec<Law>,
    /// Kind of every cell, row-major.
    pub of: Vec<usize>,
}

/// Measures the cells of a network; `Ok(Err(..))` says why they have no such law.
///
/// # Errors
/// A deck that cannot be built or solved.
pub fn measure(question: &Question, context: &Context) -> Result<Result<Laws, String>, StudyError> {
    if context.definitions.run().is_some() {
        return Ok(Err("cells vary by themselves in a Monte Carlo run".to_owned()));
    }
    let weights = distinct(&question.weights.values);
    let one = Probe::new(question, context, &weights, &[question.read.full_scale])?;
    let which = match one.state_that_matters()? {
        Ok(which) => which,
        Err(reason) => return Ok(Err(reason)),
    };
    let (kind_of, examples) = kinds(&one.looks(which)?);
    if examples.len() > KINDS {
        return Ok(Err(format!("there are {} kinds of cells, more than {KINDS}", examples.len())));
    }
    let examples: Vec<f64> = examples.iter().map(|&k| weights[k]).collect();
    let place = |w: &f64| weights.partition_point(|other| other < w);
    let of = question.weights.values.iter().map(|w| kind_of[place(w)]).collect();
    Ok(tables(question, context, &examples, which)?.map(|kinds| Laws { kinds, of }))
}

/// Sorted values, each once.
fn distinct(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    sorted
}

/// Kind of every cell, and one cell of every kind, from what the cells answered.
fn kinds(looks: &[[f64; 4]]) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..looks.len()).collect();
    order.sort_by(|&a, &b| {
        looks[a].iter().zip(&looks[b]).fold(std::cmp::Ordering::Equal, |o, (x, y)| o.then(x.total_cmp(y)))
    });
    let alike =
        |a: &[f64; 4], b: &[f64; 4]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= ALIKE * a.abs().max(b.abs()));
    let (mut kind_of, mut examples) = (vec![0; looks.len()], Vec::new());
    for k in order {
        if examples.last().is_none_or(|&last: &usize| !alike(&looks[last], &looks[k])) {
            examples.push(k);
        }
        kind_of[k] = examples.len() - 1;
    }
    (kind_of, examples)
}

/// Are two readings of the same cells alike?
fn same(one: &[f64], other: &[f64]) -> bool {
    one.iter().zip(other).all(|(a, b)| (a - b).abs() <= INDEPENDENT * a.abs().max(b.abs()))
}

/// An array of cells: a row per voltage, a column per weight.
struct Probe {
    bench: Bench,
    inputs: Vec<(String, f64)>,
    kinds: usize,
}

impl Probe {
    fn new(question: &Question, context: &Context, weights: &[f64], volts: &[f64]) -> Result<Self, StudyError> {
        let (rows, cols) = (volts.len(), weights.len());
        let (last_row, last_col) = (rows - 1, cols - 1);
        let lines = format!(
            ".xbar INFERENCE_PROBE {rows} {cols} CELL={}(wl bl) {}=FILE(\"weights\")\n\
             Xa W[0:{last_row}] B[0:{last_col}] INFERENCE_PROBE\nVin[0:{last_row}] W[0:{last_row}] 0 0\n\
             Vout[0:{last_col}] B[0:{last_col}] 0 0\n.op\n",
            question.cell, question.parameter
        );
        let bench = context.definitions.bench(&lines)?.with_matrix("weights", rows, cols, weights.repeat(rows));
        let inputs = volts.iter().enumerate().map(|(k, v)| (format!("vin_{k}"), *v)).collect();
        Ok(Self { bench, inputs, kinds: cols })
    }

    /// Does something with the cells between their sources.
    fn with<T>(&self, work: impl FnOnce(&mut HeldCells) -> Result<T, AnalysisError>) -> Result<T, StudyError> {
        let mut built = self.bench.build(&Overrides::default())?;
        built.plan.options.reltol = RELTOL;
        built.plan.options.abstol = ABSTOL;
        let mut cells = HeldCells::new(&mut built.circuit, &built.plan, 0, &self.inputs)?;
        Ok(work(&mut cells)?)
    }

    /// The one volatile state on which currents and its own rate depend.
    fn state_that_matters(&self) -> Result<Result<usize, String>, StudyError> {
        self.with(|cells| {
            let mut found = Vec::new();
            for which in 0..cells.states() {
                let [one, other] = [cells.read(which, LOOK[0], 0.0)?, cells.read(which, LOOK[1], 0.0)?];
                if !same(&one.currents, &other.currents) {
                    found.push(which);
                }
            }
            match found[..] {
                [] => Ok(Err("its cells have no volatile state that their current depends on".to_owned())),
                [which] => {
                    let [one, other] = [cells.read(which, LOOK[0], 0.0)?, cells.read(which, LOOK[0], 1.0)?];
                    Ok(if same(&one.rates, &other.rates) {
                        Ok(which)
                    } else {
                        Err("its volatile states act on each other".to_owned())
                    })
                }
                _ => Ok(Err(format!("its cells have {} volatile states that their current depends on", found.len()))),
            }
        })
    }

    /// Currents and rates at two states.
    fn looks(&self, which: usize) -> Result<Vec<[f64; 4]>, StudyError> {
        self.with(|cells| {
            let [a, b] = [cells.read(which, LOOK[0], 0.0)?, cells.read(which, LOOK[1], 0.0)?];
            Ok((0..self.kinds).map(|k| [a.currents[k], b.currents[k], a.rates[k], b.rates[k]]).collect())
        })
    }

    /// One reading per point of the tables over s, on all cores.
    fn all_states(&self, which: usize) -> Result<Vec<Held>, StudyError> {
        let states = law::states();
        let parts: Vec<Vec<Held>> = states
            .par_chunks(states.len().div_ceil(16))
            .map(|part| self.with(|cells| part.iter().map(|&s| cells.read(which, s, 0.0)).collect()))
            .collect::<Result<_, StudyError>>()?;
        Ok(parts.into_iter().flatten().collect())
    }
}

/// The tables of every kind.
fn tables(
    question: &Question,
    context: &Context,
    weights: &[f64],
    which: usize,
) -> Result<Result<Vec<Law>, String>, StudyError> {
    let full_scale = question.read.full_scale;
    let (volts, states) = (law::voltages(full_scale), law::states());
    let held = Probe::new(question, context, weights, &volts)?.all_states(which)?;
    let kinds = weights.len();
    let law = |kind: usize| {
        // the row next to 0 V, where the target is 0 however slowly the state gets there
        let tau = -states[1] / (held[1].rates[kind] - held[0].rates[kind]);
        Law::tabulate(full_scale, |row, point| {
            let at = row * kinds + kind;
            (held[point].currents[at], tau * held[point].rates[at])
        })
    };
    let laws: Result<Vec<Law>, law::Misfit> = (0..kinds).map(law).collect();
    Ok(laws.map_err(|_| "the state of its cells does not follow a target between 0 and 1".to_owned()))
}
