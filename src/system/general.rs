//! The part of a circuit that is solved as a general sparse matrix.
//!
//! It knows a subset of the unknowns by numbers of its own. Without arrays that is all of them; cells of arrays enter
//! condensed to their ports ([`super::cells`]); where the array kernel solves the lines ([`super::lines`]) only the
//! circuit around the arrays and the line nodes it touches are left.

use std::ops::Range;

use super::Sums;
use super::cells::Cells;
use super::condense::Point;
use super::rows::Rows;
use crate::circuit::{Circuit, UnknownKind};
use crate::device::Load;
use crate::device::group::GROUND;
use crate::numeric::pattern::Pattern;

/// Who solves for an unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The general part.
    General,
    /// The array kernel.
    Kernel,
    /// The array kernel, and the general part knows it.
    Both,
    /// The cell it is inside of.
    Cell,
}

/// Instances of one group and where their Jacobian entries go.
struct Part {
    group: usize,
    range: Range<usize>,
    positions: Vec<u32>,
}

/// Sparse values of the general part.
pub struct General {
    /// Unknown of the circuit by own number.
    pub ids: Vec<u32>,
    /// Are the diagonal additions of the row (shunt, held) somebody else's business?
    foreign: Vec<bool>,
    parts: Vec<Part>,
    /// Positions of the condensed cells, array by array.
    cells: Vec<Vec<u32>>,
    diagonal: Vec<u32>,
    /// Pattern over own numbers.
    pub pattern: Pattern,
    g: Vec<f64>,
    c: Vec<f64>,
    /// Jacobian of the devices with the rows of the moment; condensed cells are not in here.
    values: Vec<f64>,
    /// The same with the condensed cells, as it was when [`General::assemble`] was called last.
    pub matrix: Vec<f64>,
}

impl General {
    /// Freezes the structure. `elsewhere` gives, per group, the ranges that others evaluate, sorted; `cells` are stamped
    /// in here; `owners` has one entry for each unknown.
    #[must_use]
    pub fn new(circuit: &Circuit, elsewhere: &[Vec<Range<usize>>], cells: &[&Cells], mut owners: Vec<Owner>) -> Self {
        let mut parts = Vec::new();
        for (group, taken) in circuit.groups.iter().zip(elsewhere).enumerate().map(|(k, (g, t))| ((k, g.len()), t)) {
            let mut from = 0;
            for range in taken.iter().chain(std::iter::once(&(group.1..group.1))) {
                if from < range.start {
                    parts.push(Part { group: group.0, range: from..range.start, positions: Vec::new() });
                }
                from = from.max(range.end);
            }
        }
        let mut touch = |id: u32| {
            if let Some(owner @ Owner::Kernel) = owners.get_mut(id as usize) {
                *owner = Owner::Both;
            }
        };
        for part in &parts {
            let group = circuit.groups[part.group].as_ref();
            let locals = &group.locals()[group.offset(part.range.start)..group.offset(part.range.end)];
            locals.iter().for_each(|&id| touch(id));
        }
        for cells in cells {
            (0..cells.len()).flat_map(|cell| cells.port_ids(cell)).for_each(&mut touch);
        }
        let here = |owner: &Owner| matches!(owner, Owner::General | Owner::Both);
        let ids = owners.iter().enumerate().filter(|(_, owner)| here(owner)).map(|(k, _)| k as u32);
        let ids: Vec<u32> = ids.collect();
        // one more than the number: zeros need no memory until they are written to
        let mut numbers = vec![0u32; owners.len()];
        ids.iter().zip(1..).for_each(|(&id, number)| numbers[id as usize] = number);
        let own = |id: u32| numbers.get(id as usize).map_or(GROUND, |number| number.wrapping_sub(1));
        // branch rows are never held or shunted: without their diagonal the ordering pairs them with a node instead
        let diagonal = |&id: &u32| {
            if circuit.unknowns[id as usize].kind == UnknownKind::Current {
                (GROUND, GROUND)
            } else {
                (own(id), own(id))
            }
        };
        let mut entries: Vec<(u32, u32)> = ids.iter().map(diagonal).collect();
        let mut lengths = Vec::new();
        for part in &parts {
            let before = entries.len();
            let group = circuit.groups[part.group].as_ref();
            for i in part.range.clone() {
                let locals = &group.locals()[group.offset(i)..group.offset(i + 1)];
                for (k, &row) in locals.iter().enumerate() {
                    let row = if group.owns_row(i, k) { own(row) } else { GROUND };
                    let column = |(c, &col): (usize, &u32)| if group.depends(i, k, c) { own(col) } else { GROUND };
                    entries.extend(locals.iter().enumerate().map(|local| (row, column(local))));
                }
            }
            lengths.push(entries.len() - before);
        }
        for cells in cells {
            let before = entries.len();
            for cell in 0..cells.len() {
                let ids: Vec<u32> = cells.port_ids(cell).map(own).collect();
                entries.extend(ids.iter().flat_map(|&row| ids.iter().map(move |&col| (row, col))));
            }
            lengths.push(entries.len() - before);
        }
        let (pattern, all) = Pattern::from_entries(ids.len(), &entries);
        let mut rest = &all[ids.len()..];
        let mut take = |len: &usize| {
            let (mine, others) = rest.split_at(*len);
            rest = others;
            mine.to_vec()
        };
        let mut lengths = lengths.iter();
        for (part, len) in parts.iter_mut().zip(&mut lengths) {
            part.positions = take(len);
        }
        Self {
            foreign: ids.iter().map(|&id| owners[id as usize] == Owner::Both).collect(),
            cells: lengths.map(take).collect(),
            diagonal: all[..ids.len()].to_vec(),
            ids,
            parts,
            g: vec![0.0; pattern.value_len()],
            c: vec![0.0; pattern.value_len()],
            values: vec![0.0; pattern.value_len()],
            matrix: Vec::new(),
            pattern,
        }
    }

    /// Evaluates its devices: sums, then values with the rows of the moment.
    pub fn evaluate(&mut self, point: &Point, loads: &mut [Load], sums: &mut Sums) {
        self.g.fill(0.0);
        self.c.fill(0.0);
        for part in &self.parts {
            let group = point.circuit.groups[part.group].as_ref();
            let load = &mut loads[part.group];
            let at = group.limits().then(|| point.points[part.group].as_slice());
            group.load_range(point.env, point.x, at, part.range.clone(), load);
            add_rows(group, part.range.clone(), load, sums);
            for ((&position, &g), &c) in part.positions.iter().zip(&load.g).zip(&load.c) {
                self.g[position as usize] += g;
                self.c[position as usize] += c;
            }
        }
        self.combine(point.rows, point.x, sums);
    }

    fn combine(&mut self, rows: &Rows, x: &[f64], sums: &mut Sums) {
        for (k, &r) in self.pattern.rows().iter().enumerate() {
            let r = self.ids[r as usize] as usize;
            self.values[k] = if rows.is_held(r) { 0.0 } else { self.g[k] + rows.alpha[r] * self.c[k] };
        }
        for (number, &id) in self.ids.iter().enumerate() {
            if self.foreign[number] {
                continue;
            }
            let (position, r) = (self.diagonal[number] as usize, id as usize);
            if rows.is_held(r) {
                self.values[position] = 1.0;
            } else {
                self.values[position] += rows.shunt[r];
            }
        }
        for (col, &id) in self.ids.iter().enumerate() {
            let tolerance = sums.tolerance(id as usize, x);
            for k in self.pattern.range(col) {
                let row = self.ids[self.pattern.rows()[k] as usize] as usize;
                sums.sensitivity[row] += self.values[k].abs() * tolerance;
            }
        }
    }

    /// The whole matrix: devices and condensed cells, those that the structure was frozen with.
    pub fn assemble<'a>(&mut self, cells: impl Iterator<Item = &'a Cells>) {
        self.matrix.clone_from(&self.values);
        for (positions, cells) in self.cells.iter().zip(cells) {
            let p = cells.ports.len();
            for (cell, positions) in positions.chunks_exact((p * p).max(1)).enumerate() {
                for (k, &position) in positions.iter().enumerate() {
                    self.matrix[position as usize] += cells.blocks.condensed(cell, k / p, k % p);
                }
            }
        }
    }
}

/// Adds f and q of some instances to the rows.
pub(super) fn add_rows(group: &dyn crate::device::DeviceGroup, range: Range<usize>, load: &Load, sums: &mut Sums) {
    for k in group.offset(range.start)..group.offset(range.end) {
        let row = group.locals()[k];
        if row != GROUND {
            sums.add(row as usize, load.f[k], load.q[k]);
        }
    }
}
