//! Cells that are one resistor between their word and their bit line: a conductance each.
//!
//! ```text
//! f_w = g (v_w - v_b),   f_b = -f_w
//! ```
//!
//! Their nodes are consecutive along the rows of the array, as those of the wires are ([`super::strip`]), and g does not
//! depend on voltages. So nothing is kept of a cell but g, where the solver wants it, and the cells of a row are evaluated
//! side by side.

use super::cells::Cells;
use super::condense::Point;
use super::site;
use super::{Sums, both};
use crate::circuit::Circuit;
use crate::circuit::array::Line;
use crate::device::Load;
use crate::numeric::simd::{Arithmetic, Level, Work};

/// The cells of one array.
#[derive(Debug, Clone)]
pub struct Crossings {
    group: usize,
    first: usize,
    /// +1 where the resistor leads from the word line to the bit line, -1 the other way round.
    sense: f64,
    /// Unknowns of the first nodes on word and bit lines.
    nodes: [usize; 2],
    rows: usize,
    cols: usize,
    level: Level,
    /// A row.
    current: Vec<f64>,
    /// 0 for held rows of the system, else 1.
    free: [Vec<f64>; 2],
}

impl Crossings {
    /// The cells of an array that the kernel solves, if they are resistors.
    #[must_use]
    pub fn find(circuit: &Circuit, cells: &Cells) -> Option<Self> {
        let array = &circuit.arrays[cells.array];
        let [device] = &cells.devices[..] else { return None };
        if cells.has_inner() || !site::is_pair(circuit, cells) || device.width != 2 {
            return None;
        }
        if !circuit.groups[device.group].is_ohmic() {
            return None;
        }
        let [(0, from, _), (1, to, _)] = device.rows[..] else { return None };
        let (word, _) = *site::lines(array, cells).first()?;
        if from == to {
            return None;
        }
        let first = |line: Line| Some(array.wires(line)?.nodes.at(0) as usize);
        Some(Self {
            group: device.group,
            first: device.first,
            sense: if from == word { 1.0 } else { -1.0 },
            nodes: [first(Line::Word)?, first(Line::Bit)?],
            rows: array.rows,
            cols: array.cols,
            level: Level::best(),
            current: vec![0.0; array.cols],
            free: [vec![1.0; array.cols], vec![1.0; array.cols]],
        })
    }

    /// f, traffic and sensitivity of all; local rows where somebody keeps them. `conductance` ends with g in S of every
    /// cell, with what faults add.
    pub fn evaluate(
        &mut self,
        cells: &Cells,
        conductance: &mut [f64],
        point: &Point,
        loads: &mut [Load],
        sums: &mut Sums,
    ) {
        let devices = self.first..self.first + conductance.len();
        point.circuit.groups[self.group].read_conductances(point.env, devices, conductance);
        if cells.any_disconnected {
            let gone = conductance.iter_mut().zip(&cells.disconnected).filter(|(_, gone)| **gone);
            gone.for_each(|(g, _)| *g = 0.0);
        }
        self.keep_currents(conductance, point, &mut loads[self.group].f);
        for resistor in &cells.resistors {
            let (group, i) = (&point.circuit.groups[resistor.device.group], resistor.device.index);
            let load = &mut loads[resistor.device.group];
            group.load_range(point.env, point.x, None, i..i + 1, load);
            conductance[resistor.cell] += load.g[0];
        }
        let tolerance = (sums.relative(), self.nodes.map(|node| sums.absolute(node)));
        let any_held = point.rows.holds_any();
        for row in 0..self.rows {
            let cells = row * self.cols..(row + 1) * self.cols;
            let [word, bit] = self.nodes.map(|first| first + cells.start..first + cells.end);
            if any_held {
                for (free, nodes) in self.free.iter_mut().zip([&word, &bit]) {
                    let of_row = nodes.clone().map(|r| if point.rows.is_held(r) { 0.0 } else { 1.0 });
                    free.iter_mut().zip(of_row).for_each(|(slot, free)| *slot = free);
                }
            }
            self.level.run(CrossingRow {
                x: [&point.x[word.clone()], &point.x[bit.clone()]],
                g: &conductance[cells],
                free: [&self.free[0], &self.free[1]],
                tolerance,
                current: &mut self.current,
                f: both(&mut sums.f, &word, &bit),
                traffic: both(&mut sums.traffic, &word, &bit),
                sensitivity: both(&mut sums.sensitivity, &word, &bit),
            });
        }
    }

    /// Local rows of the devices, before the resistors of faults join them.
    fn keep_currents(&self, conductance: &[f64], point: &Point, kept: &mut [f64]) {
        if kept.is_empty() {
            return;
        }
        let [word, bit] = self.nodes.map(|first| &point.x[first..first + conductance.len()]);
        let currents = conductance.iter().zip(word.iter().zip(bit)).map(|(g, (w, b))| self.sense * g * (w - b));
        for (rows, current) in kept[2 * self.first..].as_chunks_mut::<2>().0.iter_mut().zip(currents) {
            *rows = [current, -current];
        }
    }
}

/// The cells of a row, between the nodes of their word line and those of the bit lines.
struct CrossingRow<'a> {
    x: [&'a [f64]; 2],
    g: &'a [f64],
    free: [&'a [f64]; 2],
    /// Relative and absolute.
    tolerance: (f64, [f64; 2]),
    current: &'a mut [f64],
    f: [&'a mut [f64]; 2],
    traffic: [&'a mut [f64]; 2],
    sensitivity: [&'a mut [f64]; 2],
}

impl Work for CrossingRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { x: [word, bit], g, free, tolerance: (relative, absolute), current, f, traffic, sensitivity } = self;
        let n = g.len();
        let (word, bit, current) = (&word[..n], &bit[..n], &mut current[..n]);
        for k in 0..n {
            current[k] = g[k] * (word[k] - bit[k]);
        }
        let rows = f.into_iter().zip(traffic).zip(sensitivity.into_iter().zip(free)).zip([1.0, -1.0]);
        for (((f, traffic), (sensitivity, free)), sign) in rows {
            let (f, traffic, sensitivity, free) = (&mut f[..n], &mut traffic[..n], &mut sensitivity[..n], &free[..n]);
            for k in 0..n {
                let reach = (relative * word[k].abs() + absolute[0]) + (relative * bit[k].abs() + absolute[1]);
                f[k] += sign * current[k];
                traffic[k] += current[k].abs();
                sensitivity[k] += free[k] * (g[k].abs() * reach);
            }
        }
    }
}
