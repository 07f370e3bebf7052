//! Wire segments and capacitors of array lines: equal linear elements between neighbours, or from each node to ground.
//!
//! ```text
//! f = g (v_a - v_b),   q = c v_a
//! ```
//!
//! Their values never change, and the nodes are consecutive along the rows of the array. So they are a stencil over its
//! rows, read once and never evaluated as devices again.

use super::Sums;
use super::condense::Point;
use crate::circuit::array::{Direction, Wires};
use crate::circuit::{ArrayInstance, Circuit, Run};
use crate::crossbar::Wire;
use crate::device::{Env, Load};
use crate::numeric::simd::{Arithmetic, Level, Work};

/// The segments between the cells of one kind of lines.
pub struct Segments {
    run: Run,
    direction: Direction,
    /// Unknown of the first node.
    first: usize,
    rows: usize,
    cols: usize,
    /// S by the cell before it; of one row of cells while all are equal.
    conductance: Vec<f64>,
    level: Level,
    current: Vec<f64>,
    /// 0 for held rows of the system, else 1.
    free: Vec<f64>,
}

impl Segments {
    /// Those of `wires`, whose nodes begin at the unknown `first`.
    #[must_use]
    pub fn new(array: &ArrayInstance, wires: &Wires, first: usize, run: Run, wire: Wire) -> Self {
        let (rows, cols) = (array.rows, array.cols);
        let conductance = match wire {
            Wire::Uniform(g) => vec![g; cols],
            Wire::Each(each) => each,
        };
        let (current, free) = (vec![0.0; cols], vec![1.0; 2 * cols]);
        let (direction, level) = (wires.direction, Level::best());
        Self { run, direction, first, rows, cols, conductance, level, current, free }
    }

    /// f, traffic and sensitivity of all; local rows where somebody keeps them.
    pub fn evaluate(&mut self, point: &Point, loads: &mut [Load], sums: &mut Sums) {
        // a row of segments, and how far apart the ends of a segment are
        let (count, width, ahead) = match self.direction {
            Direction::Row => (self.rows, self.cols - 1, 1),
            Direction::Column => (self.rows - 1, self.cols, self.cols),
        };
        let tolerance = (sums.relative(), sums.absolute(self.first));
        let (any_held, kept) = (point.rows.holds_any(), &mut loads[self.run.group].f);
        for row in 0..count {
            let start = self.first + row * self.cols;
            let nodes = start..start + width + ahead;
            if any_held {
                let free = nodes.clone().map(|r| if point.rows.is_held(r) { 0.0 } else { 1.0 });
                self.free.iter_mut().zip(free).for_each(|(slot, free)| *slot = free);
            }
            let of_row = if self.conductance.len() == self.cols { 0 } else { row * self.cols };
            self.level.run(SegmentRow {
                x: &point.x[nodes.clone()],
                g: &self.conductance[of_row..of_row + width],
                free: &self.free,
                tolerance,
                current: &mut self.current[..width],
                f: &mut sums.f[nodes.clone()],
                traffic: &mut sums.traffic[nodes.clone()],
                sensitivity: &mut sums.sensitivity[nodes],
            });
            if kept.is_empty() {
                continue;
            }
            for (k, &current) in self.current[..width].iter().enumerate() {
                let segment = match self.direction {
                    Direction::Row => row * width + k,
                    Direction::Column => k * count + row,
                };
                let local = 2 * (self.run.first + segment);
                (kept[local], kept[local + 1]) = (current, -current);
            }
        }
    }
}

/// A row of segments, from each of its nodes to the one that lies `x.len() - g.len()` further.
struct SegmentRow<'a> {
    x: &'a [f64],
    g: &'a [f64],
    free: &'a [f64],
    /// Relative and absolute.
    tolerance: (f64, f64),
    current: &'a mut [f64],
    f: &'a mut [f64],
    traffic: &'a mut [f64],
    sensitivity: &'a mut [f64],
}

impl Work for SegmentRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { x, g, free, tolerance: (relative, absolute), current, f, traffic, sensitivity } = self;
        let (n, ahead) = (g.len(), x.len() - g.len());
        let (here, there) = (&x[..n], &x[ahead..ahead + n]);
        for k in 0..n {
            current[k] = g[k] * (here[k] - there[k]);
        }
        for (side, sign) in [(ahead, -1.0), (0, 1.0)] {
            let (f, traffic) = (&mut f[side..side + n], &mut traffic[side..side + n]);
            let (sensitivity, free) = (&mut sensitivity[side..side + n], &free[side..side + n]);
            for k in 0..n {
                let reach = (relative * here[k].abs() + absolute) + (relative * there[k].abs() + absolute);
                f[k] += sign * current[k];
                traffic[k] += current[k].abs();
                sensitivity[k] += free[k] * (g[k].abs() * reach);
            }
        }
    }
}

/// The capacitors from the nodes of one kind of lines to ground.
pub struct Capacitors {
    run: Run,
    /// Unknown of the first node.
    first: usize,
    /// F of each.
    capacitance: f64,
}

impl Capacitors {
    /// Equal ones at consecutive nodes from `first` on.
    #[must_use]
    pub fn new(first: usize, run: Run, capacitance: f64) -> Self {
        Self { run, first, capacitance }
    }

    /// q and sensitivity of all; local rows where somebody keeps them.
    pub fn evaluate(&self, point: &Point, loads: &mut [Load], sums: &mut Sums) {
        let (rows, kept) = (point.rows, &mut loads[self.run.group].q);
        let nodes = self.first..self.first + self.run.count;
        for (k, r) in nodes.clone().enumerate() {
            let charge = self.capacitance * point.x[r];
            sums.store(r, charge);
            if !kept.is_empty() {
                let local = 2 * (self.run.first + k);
                (kept[local], kept[local + 1]) = (charge, -charge);
            }
        }
        if rows.alpha.uniform() != Some(0.0) {
            for r in nodes.filter(|&r| !rows.is_held(r)) {
                sums.sensitivity[r] += (rows.alpha[r] * self.capacitance).abs() * sums.tolerance(r, point.x);
            }
        }
    }
}

/// S and F of the first instance of a run of equal resistors or capacitors.
#[must_use]
pub fn values(circuit: &Circuit, run: Run, env: &Env) -> (f64, f64) {
    let mut load = Load::default();
    if let Some(first) = circuit.groups[run.group].alone(run.first) {
        first.load(env, &[0.0; 2], &mut load);
    }
    let first = |values: &[f64]| values.first().copied().unwrap_or(0.0);
    (first(&load.g), first(&load.c))
}
