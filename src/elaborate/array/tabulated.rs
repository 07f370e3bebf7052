//! Cells that differ in numbers only: every device copied over the array, its differing parameters written cell by cell.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use super::super::assembly::Assembly;
use super::super::percell::Matrix;
use super::super::source::Times;
use super::Pending;
use super::tapes::Differing;
use super::template::{CellRun, Map};
use crate::circuit::builder::Template;
use crate::device::card::Param;
use crate::device::{Card, ParamValues};
use crate::numeric::formula::{Formula, Tape};

/// The values of one device's differing parameters, cell after cell.
struct Table<'a> {
    /// Parameters of the card with their formulas.
    params: Vec<(&'static Param, &'a Formula)>,
    /// The varying values of the array.
    columns: &'a [Arc<Matrix>],
    slots: Vec<f64>,
    tape: Tape,
    /// Values of a chunk.
    chunk: Vec<f64>,
}

impl<'a> Table<'a> {
    fn new(card: &Card, differing: &'a Differing, columns: &'a [Arc<Matrix>]) -> Self {
        let params = differing.params.iter().filter_map(|(name, formula)| Some((card.param(name)?, formula)));
        let slots = vec![0.0; columns.len()];
        Self { params: params.collect(), columns, slots, tape: Tape::default(), chunk: Vec::new() }
    }

    fn enter(&mut self, cell: usize) {
        for (slot, column) in self.slots.iter_mut().zip(self.columns) {
            *slot = column.values[cell];
        }
    }

    fn value(&mut self, k: usize) -> f64 {
        self.params[k].1.eval_with(&self.slots, &mut self.tape)
    }

    /// The values of a parameter in some cells.
    fn values(&mut self, k: usize, cells: Range<usize>) -> &[f64] {
        let column = self.params[k].1.is_slot().and_then(|slot| self.columns.get(slot as usize));
        if let Some(column) = column {
            return &column.values[cells];
        }
        self.chunk.clear();
        for cell in cells {
            self.enter(cell);
            let value = self.value(k);
            self.chunk.push(value);
        }
        &self.chunk
    }
}

impl<'d> Assembly<'d> {
    /// All devices of all cells; `None` after a mistake, which is kept.
    pub(super) fn tabulated(
        &mut self,
        pending: &Pending<'d>,
        scratch: &mut Assembly<'d>,
        template: &mut Template,
        differing: &[Differing],
        map: &mut Map<'_>,
        times: Times,
    ) -> Option<Vec<CellRun>> {
        let spec = &pending.spec;
        let cells = spec.rows * spec.cols;
        let mut columns = Vec::with_capacity(spec.varying.len());
        for k in 0..spec.varying.len() {
            columns.push(self.accept(spec.column(k))?);
        }
        let device = |d: &Differing| scratch.placed[d.placed].device;
        let card = |d: &Differing| device(d).map(|reference| template.groups[reference.group].0.card());
        let made = differing.iter().filter(|d| card(d).is_none_or(|card| d.value_only(card).is_none()));
        let made: Vec<_> = made.map(device).collect();
        let mut runs = self.copied(template, spec, map, &made);
        for differing in differing {
            let device = scratch.placed[differing.placed].device;
            let Some(run) = runs.iter_mut().find(|run| Some(run.source) == device) else { continue };
            let making = scratch.describe(differing.placed, times)?;
            let card = run.kind.card();
            let (line, frame) = {
                let placed = &scratch.placed[differing.placed];
                (placed.line.clone(), Rc::clone(&placed.frame))
            };
            // the first cell may be a short instead of a resistor; then it is not like the others
            let values = making.params.check(card, &frame.scope, &line.name.text, line.span).ok();
            let mut table = Table::new(card, differing, &columns);
            let written = match (differing.value_only(card), values) {
                (Some(param), _) => overwrite(run, param, &mut table, cells),
                (None, Some(values)) => remake(run, values, &mut table, map, cells),
                (None, None) => Err(0),
            };
            if let Err(cell) = written {
                self.blame(pending, cell, times);
                return None;
            }
        }
        Some(runs)
    }

    /// Says what is wrong with a cell by building it alone.
    fn blame(&mut self, pending: &Pending<'d>, cell: usize, times: Times) {
        let path = pending.spec.cell_path(cell);
        let Some(given) = self.accept(pending.spec.given(cell, &path)) else { return };
        if let Some(built) = self.cell_assembly(pending, given, &path, times) {
            self.other_structure(&pending.spec, &path, built.assembly.sole_short());
        }
    }
}

/// Writes one value into every instance of a run.
///
/// # Errors
/// The first cell that refuses its value.
fn overwrite(run: &mut CellRun, param: &Param, table: &mut Table<'_>, cells: usize) -> Result<(), usize> {
    let is_resistor = run.kind.card().keywords.contains(&"r");
    let fits = |value: f64| value.is_finite() && param.accepts(value) && !(is_resistor && value < 0.0);
    for start in (0..cells).step_by(CHUNK) {
        let values = table.values(0, start..(start + CHUNK).min(cells));
        let sound = values.iter().position(|value| !fits(*value)).unwrap_or(values.len());
        run.instances.set_each(start, param.name, &values[..sound]).map_err(|k| start + k)?;
        if sound < values.len() {
            return Err(start + sound);
        }
    }
    Ok(())
}

/// Cells that [`overwrite`] takes at once.
const CHUNK: usize = 1024;

/// Sets of values that [`remake`] remembers: those of matrices on levels, not those of a continuous distribution.
const REMEMBERED: usize = 256;

/// Makes every instance of a run again, with its own parameters; a cell with the values of an earlier one gets a copy.
///
/// # Errors
/// The first cell that refuses its values.
fn remake(
    run: &mut CellRun,
    mut values: ParamValues,
    table: &mut Table<'_>,
    map: &Map<'_>,
    cells: usize,
) -> Result<(), usize> {
    let mut locals = Vec::with_capacity(run.locals.len());
    let mut made: HashMap<Vec<u64>, usize> = HashMap::new();
    let mut own = Vec::new();
    for cell in 0..cells {
        table.enter(cell);
        locals.clear();
        locals.extend(run.locals.iter().map(|&u| map.unknown(u, cell)));
        own.clear();
        own.extend((0..table.params.len()).map(|k| table.value(k).to_bits()));
        if let Some(&like) = made.get(&own)
            && run.kind.repeat(run.instances.as_mut(), like, &locals)
        {
            continue;
        }
        for (&(param, _), &bits) in table.params.iter().zip(&own) {
            if !values.replace(param, f64::from_bits(bits)) {
                return Err(cell);
            }
        }
        let index = run.kind.add(run.instances.as_mut(), &locals, &values).map_err(|_| cell)?;
        if made.len() < REMEMBERED {
            made.insert(own.clone(), index);
        }
    }
    Ok(())
}
