//! Where an array whose lines have resistance stands in the circuit.
//!
//! An array qualifies when its cells sit on lines only and all those lines have resistance. Its line nodes then leave the
//! sparse matrix: wires and line capacitances are read once, the condensed cells bring the rest.

use std::ops::Range;

use super::cells::{Cells, Port};
use super::rows::Rows;
use super::strip::{self, Capacitors, Segments};
use crate::circuit::array::{Direction, Line, Wires};
use crate::circuit::{ArrayInstance, Circuit, Nodes, Run};
use crate::crossbar::Wire;
use crate::device::Env;

/// The lines of one array: first those along the rows, then those along the columns.
pub struct Site {
    /// Index among the condensed cells.
    pub cells: usize,
    /// Position of each line's port in a condensed block.
    pub slots: Vec<usize>,
    /// Unknown of the first node of each line; those of the other cells follow, row-major.
    first: Vec<usize>,
    /// Number of cells.
    count: usize,
    /// Wires between cells.
    pub segments: Vec<Segments>,
    /// Capacitors of the lines.
    pub capacitors: Vec<Capacitors>,
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
    !lines.is_empty()
        && lines.len() == cells.ports.len()
        && lines.iter().all(|(_, w)| {
            let (lines, along) = array.shape(w.direction);
            let ends = [w.head.is_some(), w.tail.is_some()];
            w.is_resistive([lines, along], ends) && matches!(w.nodes, Nodes::Consecutive { .. })
        })
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
    // one cell per line: nothing is between cells
    let Some(run) = wires.inner else { return Wire::Uniform(1.0) };
    let (first, _) = strip::values(circuit, run, env);
    if wires.breaks.is_empty() && wires.segments.is_none() {
        return Wire::Uniform(first);
    }
    let (lines, along) = array.shape(wires.direction);
    // parallel copies of the array have their factor in every conductance
    let ohm = wires.ohm(0, 1, along);
    let mut each = vec![0.0; array.cells()];
    for line in 0..lines {
        for segment in (1..along).filter(|&segment| !wires.is_broken(line, segment)) {
            let at = array.cell_on(wires.direction, line, segment - 1);
            each[at] = first * (ohm / wires.ohm(line, segment, along));
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
        let first: Vec<usize> = lines.iter().map(|(_, w)| w.nodes.at(0) as usize).collect();
        let capacitance: Vec<f64> = lines.iter().map(|(_, w)| capacitance(circuit, w, env)).collect();
        let with = |run: fn(&Wires) -> Option<Run>| {
            let lines = lines.iter().zip(&first);
            lines.filter_map(move |((_, w), &first)| run(w).map(|run| (*w, first, run)))
        };
        let wires = with(|w| w.inner);
        let segments =
            wires.map(|(w, first, run)| Segments::new(array, w, first, run, segments(circuit, array, w, env)));
        let capacitors = with(|w| w.capacitors);
        let capacitors =
            capacitors.map(|(_, first, run)| Capacitors::new(first, run, strip::values(circuit, run, env).1));
        Self {
            cells: index,
            slots: lines.iter().map(|(slot, _)| *slot).collect(),
            segments: segments.collect(),
            capacitors: capacitors.collect(),
            count: array.cells(),
            first,
            capacitance,
            base,
        }
    }

    /// Number of cells.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Kinds of lines.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.first.len()
    }

    /// The unknown of the node of a line at a cell.
    #[inline]
    #[must_use]
    pub fn id(&self, line: usize, cell: usize) -> usize {
        self.first[line] + cell
    }

    /// The nodes of each kind of lines: compact numbers and unknowns.
    pub fn ranges(&self) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + '_ {
        (0..self.lines()).map(|line| (self.range_of(line), self.first[line]..self.first[line] + self.count))
    }

    /// All nodes in a compact vector.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.base..self.base + self.lines() * self.count
    }

    /// The nodes of one line in a compact vector.
    #[must_use]
    pub fn range_of(&self, line: usize) -> Range<usize> {
        let start = self.base + line * self.count;
        start..start + self.count
    }

    /// What ties a node to a known potential beside cells and wires, in S.
    #[must_use]
    pub fn leak(&self, rows: &Rows, line: usize, cell: usize) -> f64 {
        let r = self.id(line, cell);
        rows.alpha[r] * self.capacitance[line] + rows.shunt[r]
    }
}

fn capacitance(circuit: &Circuit, wires: &Wires, env: &Env) -> f64 {
    wires.capacitors.map_or(0.0, |run| strip::values(circuit, run, env).1)
}
