//! Pulses on a cell, as a transient of a deck around the user's definitions.

use std::fmt::Write;

use super::{Cycle, Scheme};
use crate::plan::{Overrides, Signal, Tran};
use crate::result::Stats;
use crate::study::bench::Wanted;
use crate::study::{Context, StudyError};

/// A two-terminal device: a model card or a subcircuit of the deck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Name of the `.model` or `.subckt`.
    pub name: String,
    /// `x0=0.5 ..` for the element line; may be empty.
    pub parameters: String,
}

/// Conductances of `cycles` cycles of a scheme on a fresh cell, read as i/v at the scheme's read voltage.
///
/// # Errors
/// [`StudyError::Request`] for a scheme that makes no sense; a cell that cannot be built; a transient that failed.
pub fn cycles(
    context: &Context,
    cell: &Cell,
    scheme: &Scheme,
    cycles: usize,
    reltol: f64,
) -> Result<(Vec<Cycle>, Stats), StudyError> {
    context.check()?;
    scheme.check().map_err(StudyError::Request)?;
    let (corners, reads) = scheme.waveform(cycles);
    let stop = corners.last().map_or(0.0, |c| c.0) + 0.02 * scheme.rest;
    let tran = Tran { step: 0.25 * scheme.rest, stop, start: 0.0, max_step: None, uic: false };
    let bench = context.definitions.bench(&deck(context, cell, &corners, reltol))?;
    let wanted = Wanted { signals: vec![Signal::Current("vpulse".into())], ..Wanted::default() };
    let solved = bench.transient(tran, &Overrides::default(), &wanted, context.watch)?;
    let current = solved.values.first().map_or(&[][..], Vec::as_slice);
    // what the source takes in is what the cell gives
    let g: Vec<f64> = reads.iter().map(|&t| -at(&solved.axis, current, t) / scheme.read).collect();
    let n = scheme.pulses;
    let part = |first: usize| g.get(first..=first + n).map(<[f64]>::to_vec);
    let cycle = |c: usize| Some(Cycle { up: part(2 * c * n)?, down: part((2 * c + 1) * n)? });
    let all: Option<Vec<Cycle>> = (0..cycles).map(cycle).collect();
    all.map(|all| (all, solved.stats)).ok_or_else(|| StudyError::request("the transient ended early"))
}

/// The cell on a source; a model card makes an `N` element, a subcircuit an `X`.
fn deck(context: &Context, cell: &Cell, corners: &[(f64, f64)], reltol: f64) -> String {
    let mut wave = String::new();
    for (t, v) in corners {
        let _ = write!(wave, "\n+ {t:e} {v:e}");
    }
    let letter = if context.definitions.cell(&cell.name).is_some() { "X" } else { "N" };
    let Cell { name, parameters } = cell;
    format!("Vpulse te 0 PWL({wave})\n{letter}cell te 0 {name} {parameters}\n.options reltol={reltol:e}\n")
}

/// A signal at `t`, linear between points.
fn at(axis: &[f64], values: &[f64], t: f64) -> f64 {
    let k = axis.partition_point(|&s| s < t);
    let (Some(&t1), Some(&y1)) = (axis.get(k), values.get(k)) else { return f64::NAN };
    match k.checked_sub(1).and_then(|j| axis.get(j).zip(values.get(j))) {
        Some((&t0, &y0)) if t1 > t0 => y0 + (y1 - y0) * (t - t0) / (t1 - t0),
        _ => y1,
    }
}
