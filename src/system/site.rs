//! Where an array whose lines have resistance stands in the circuit.
//!
//! An array qualifies when its cells sit on lines only and all those lines have resistance. Its line nodes then leave the
//! sparse matrix: wires and line capacitances are read once, the condensed cells bring the rest.

use std::ops::Range;

use super::cells::{Cells, Port};
use super::rows::Rows;
use super::strip::Strip;
use crate::circuit::array::{Direction, Line, Wires};
use crate::circuit::{ArrayInstance, Circuit, Run};
use crate::crossbar::Wire;
use crate::device::Env;

/// Smaller arrays are left to the sparse solver.
const SMALLEST: usize = 64;

/// The lines of one array: first those along the rows, then those along the columns.
pub struct Site {
    /// Index among the condensed cells.
    pub cells: usize,
    /// Position of each line's port in a condensed block.
    pub slots: Vec<usize>,
    /// Unknowns of the nodes of each line, row-major.
    pub nodes: Vec<Vec<u32>>,
    /// Wires and line capacitors.
    pub strips: Vec<Strip>,
    /// F to ground at every node of each line.
    capacitance: Vec<f64>,
    /// Compact number of the first node.
    pub base: usize,
}

/// The lines that the cells sit on, those along the rows first, with their ports.
pub fn lines<'a>(array: &'a ArrayInstance, cells: &Cells) -> Vec<(usize, &'a Wires)> {
    let on = |port: &Port| match port {
        Port::Line(line) => array.lines().find(|w| w.line == *line),
        Port::Net(_) => None,
    };
    let mut lines: Vec<(usize, &Wires)> =
        cells.ports.iter().enumerate().filter_map(|(k, p)| on(p).map(|w| (k, w))).collect();
    lines.sort_by_key(|(_, w)| (w.direction == Direction::Column, w.line));
    lines
}

/// Can the kernel solve the lines of this array?
#[must_use]
pub fn qualifies(circuit: &Circuit, cells: &Cells) -> bool {
    let array = &circuit.arrays[cells.array];
    let lines = lines(array, cells);
    array.cells() >= SMALLEST
        && !lines.is_empty()
        && lines.len() == cells.ports.len()
        && lines.iter().all(|(_, w)| w.resistance > 0.0)
}

/// Does every cell sit between a word line along the row and a bit line along the column?
#[must_use]
pub fn is_pair(circuit: &Circuit, cells: &Cells) -> bool {
    let lines = lines(&circuit.arrays[cells.array], cells);
    let is = |k: usize, line, direction| lines[k].1.line == line && lines[k].1.direction == direction;
    lines.len() == 2 && is(0, Line::Word, Direction::Row) && is(1, Line::Bit, Direction::Column)
}

/// The runs of an array that the kernel evaluates: segments between cells and capacitors.
pub fn line_runs<'a>(array: &'a ArrayInstance, cells: &Cells) -> impl Iterator<Item = Run> + 'a {
    lines(array, cells).into_iter().flat_map(|(_, w)| w.inner.into_iter().chain(w.capacitors))
}

/// Conductances of the segments between cells, as the array kernel wants them.
pub fn segments(circuit: &Circuit, array: &ArrayInstance, wires: &Wires, env: &Env) -> Wire {
    let Some(run) = wires.inner else { return Wire::Uniform(1.0 / wires.resistance) };
    let uniform = Strip::new(circuit, run, env).conductance;
    if wires.breaks.is_empty() {
        return Wire::Uniform(uniform);
    }
    let (lines, along) = array.shape(wires.direction);
    let mut each = vec![0.0; array.cells()];
    for line in 0..lines {
        for segment in 1..along {
            let broken = wires.is_broken(line, segment);
            each[array.cell_on(wires.direction, line, segment - 1)] = if broken { 0.0 } else { uniform };
        }
    }
    Wire::Each(each)
}

impl Site {
    /// Finds the lines of an array.
    #[must_use]
    pub fn new(circuit: &Circuit, cells: &Cells, index: usize, base: usize, env: &Env) -> Self {
        let array = &circuit.arrays[cells.array];
        let lines = lines(array, cells);
        Self {
            cells: index,
            slots: lines.iter().map(|(slot, _)| *slot).collect(),
            nodes: lines.iter().map(|(_, w)| w.nodes.clone()).collect(),
            strips: line_runs(array, cells).map(|run| Strip::new(circuit, run, env)).collect(),
            capacitance: lines.iter().map(|(_, w)| capacitance(circuit, w, env)).collect(),
            base,
        }
    }

    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.first().map_or(0, Vec::len)
    }

    /// All nodes in a compact vector.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.base..self.base + self.nodes.len() * self.len()
    }

    /// The nodes of one line in a compact vector.
    #[must_use]
    pub fn range_of(&self, line: usize) -> Range<usize> {
        let start = self.base + line * self.len();
        start..start + self.len()
    }

    /// What ties a node to a known potential beside cells and wires, in S.
    #[must_use]
    pub fn leak(&self, rows: &Rows, line: usize, cell: usize) -> f64 {
        let r = self.nodes[line][cell] as usize;
        rows.alpha[r] * self.capacitance[line] + rows.shunt[r]
    }
}

fn capacitance(circuit: &Circuit, wires: &Wires, env: &Env) -> f64 {
    wires.capacitors.map_or(0.0, |run| Strip::new(circuit, run, env).capacitance)
}
