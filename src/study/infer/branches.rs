//! Images through an array of bistable cells with wires, on the array kernel.
//!
//! A read is a step from rest: at first no cell conducts, so every cell sees its whole input, and those whose threshold it
//! exceeds switch on, all at once. Only then does current flow and the wires take their share. So an image decides which
//! cells are on, and the voltages follow from curves that are smooth:
//!
//! ```text
//! wires(x) + I_b(x_W - x_B) = sources,    b = on where I_up(V_in) snapped, else off
//! ```
//!
//! The curves of a kind of cell, from rest (`up`) and from full scale (`down`), come from sweeps of its circuit. Newton's
//! iteration replaces each cell by a conductance and a current; the network is solved by [`LinePcg`]. A cell that is on and
//! whose voltage falls below where its `down` curve breaks goes off and stays off.
//!
//! This is an approximation where wires matter: selectors near their threshold switch late, and by then others have
//! taken their voltage. One image of the 784 x 10 array with 1 ohm per segment differs by 2.4 % in energy from the
//! operating point of the whole circuit, which follows the selectors' own dynamics but takes seconds.

use rayon::prelude::*;

use super::{Dataset, InferError, Outcome, Read};
use crate::crossbar::{LinePcg, Lines, Network};

/// Images that one worker reads in a row.
const RUN: usize = 50;
/// Newton stops when no cell voltage moves by more, in V.
const STILL: f64 = 1e-9;
/// Newton iterations before an image counts as failed.
const ITERATIONS: usize = 200;
/// Of these, so many are taken whole.
const FULL_STEPS: usize = 20;
/// Relative residual of a network solve.
const RESIDUAL: f64 = 1e-11;
/// A current that many times the other branch's is on it no more.
const SNAP: f64 = 3.0;

/// Currents of kinds of cells over a uniform grid of voltages from 0 to full scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Branches {
    /// V between two points.
    pub step: f64,
    /// `up[kind][point]` in A: from rest.
    pub up: Vec<Vec<f64>>,
    /// `down[kind][point]` in A: from full scale.
    pub down: Vec<Vec<f64>>,
}

/// Where the cells sit.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// Rows: inputs.
    pub rows: usize,
    /// Columns: classes.
    pub cols: usize,
    /// Kind of every cell, row-major.
    pub kinds: Vec<usize>,
    /// Ohm per wire segment of both lines, positive.
    pub wire: f64,
    /// Ohm from each column to ground.
    pub sense: f64,
}

impl Branches {
    /// Does a step from rest to `volts` switch this kind on?
    fn snaps(&self, kind: usize, volts: f64) -> bool {
        let point = (volts / self.step).round() as usize;
        let at = |curve: &[f64]| curve.get(point).copied().unwrap_or(0.0);
        // a kind without a threshold has one curve, which is either
        self.hold(kind) > 0.0 && at(&self.up[kind]) * SNAP > at(&self.down[kind])
    }

    /// Voltage below which a cell that is on goes off; 0 for a kind that has no second branch.
    fn hold(&self, kind: usize) -> f64 {
        let pairs = self.up[kind].iter().zip(&self.down[kind]);
        let apart = pairs.enumerate().skip(1).find(|(_, (up, down))| **down > SNAP * **up);
        apart.map_or(0.0, |(point, _)| point as f64 * self.step)
    }

    /// Current and slope; beyond the ends of the branch it goes on straight.
    fn current(&self, first: usize, curve: &[f64], volts: f64) -> (f64, f64) {
        let last = curve.len().saturating_sub(2);
        let point = ((volts / self.step).floor().max(0.0) as usize).clamp(first.min(last), last);
        let slope = (curve[point + 1] - curve[point]) / self.step;
        (curve[point] + slope * (volts - point as f64 * self.step), slope)
    }
}

/// Reads all images of a set.
///
/// # Errors
/// Images that do not fit the layout, an image without convergence.
pub fn read_branches(branches: &Branches, layout: &Layout, set: &Dataset, read: Read) -> Result<Outcome, InferError> {
    super::check(set, layout.rows, layout.cols)?;
    let hold: Vec<f64> = (0..branches.up.len()).map(|kind| branches.hold(kind)).collect();
    let runs: Vec<Outcome> = (0..set.len().div_ceil(RUN))
        .into_par_iter()
        .map(|run| {
            let mut reader = Reader::new(branches, layout, &hold);
            let mut outcome = Outcome { classes: layout.cols, outputs: Vec::new(), energies: Vec::new() };
            for k in run * RUN..((run + 1) * RUN).min(set.len()) {
                let volts: Vec<f64> = set.image(k).iter().map(|&p| read.volts(p)).collect();
                reader.image(&volts).map_err(|reason| InferError::Circuit(format!("image {k}: {reason}")))?;
                let (columns, power) = reader.currents(&volts);
                outcome.outputs.extend(columns);
                outcome.energies.push(read.pulse * power);
            }
            Ok(outcome)
        })
        .collect::<Result<_, InferError>>()?;
    let mut all = Outcome { classes: layout.cols, outputs: Vec::new(), energies: Vec::new() };
    for run in runs {
        all.outputs.extend(run.outputs);
        all.energies.extend(run.energies);
    }
    Ok(all)
}

/// One worker: a network whose cells are refilled, and the last solution as the next guess.
struct Reader<'a> {
    branches: &'a Branches,
    layout: &'a Layout,
    hold: &'a [f64],
    network: Network,
    solver: LinePcg,
    on: Vec<bool>,
    /// Cell voltages at which the cells are linearised.
    at: Vec<f64>,
    sources: [Vec<f64>; 2],
    x: [Vec<f64>; 2],
}

impl<'a> Reader<'a> {
    fn new(branches: &'a Branches, layout: &'a Layout, hold: &'a [f64]) -> Self {
        let (rows, cols) = (layout.rows, layout.cols);
        let segment = 1.0 / layout.wire;
        let (mut word, mut bit) = (Lines::uniform(segment, rows), Lines::uniform(segment, cols));
        word.head = vec![segment; rows];
        bit.tail = vec![1.0 / (layout.wire + layout.sense); cols];
        let zeros = vec![0.0; rows * cols];
        let network = Network { rows, cols, word, bit, cells: zeros.clone() };
        let solver = LinePcg::new(&network);
        Self {
            branches,
            layout,
            hold,
            network,
            solver,
            on: vec![false; rows * cols],
            at: zeros.clone(),
            sources: [zeros.clone(), zeros.clone()],
            x: [zeros.clone(), zeros],
        }
    }

    /// Solves for one image; `at` ends as its cell voltages.
    fn image(&mut self, volts: &[f64]) -> Result<(), String> {
        let cols = self.layout.cols;
        for (k, &kind) in self.layout.kinds.iter().enumerate() {
            self.at[k] = volts[k / cols];
            self.on[k] = self.branches.snaps(kind, self.at[k]);
        }
        for iteration in 0..ITERATIONS {
            // the curves have corners, between which full steps may go to and fro for ever
            let share = if iteration < FULL_STEPS { 1.0 } else { 0.5 };
            let moved = self.iterate(volts, share)?;
            if moved <= STILL && !self.release() {
                return Ok(());
            }
        }
        Err(format!("no convergence in {ITERATIONS} iterations"))
    }

    /// One Newton iteration, of which `share` is taken; the largest change of a cell voltage that it asked for.
    fn iterate(&mut self, volts: &[f64], share: f64) -> Result<f64, String> {
        let cols = self.layout.cols;
        self.sources.iter_mut().for_each(|s| s.fill(0.0));
        for k in 0..self.at.len() {
            let (current, slope) = self.cell(k);
            let offset = current - slope * self.at[k];
            self.network.cells[k] = slope;
            self.sources[0][k] -= offset;
            self.sources[1][k] += offset;
        }
        for (row, v) in self.sources[0].chunks_exact_mut(cols).zip(volts) {
            row[0] += v / self.layout.wire;
        }
        self.solver.factor(&self.network).map_err(|e| e.to_string())?;
        let [b0, b1] = &self.sources;
        let [x0, x1] = &mut self.x;
        self.solver.solve(&self.network, [b0, b1], [x0, x1], RESIDUAL, 400).map_err(|e| e.to_string())?;
        let mut moved = 0.0f64;
        for (at, (w, b)) in self.at.iter_mut().zip(self.x[0].iter().zip(&self.x[1])) {
            moved = moved.max((w - b - *at).abs());
            *at += share * (w - b - *at);
        }
        Ok(moved)
    }

    /// Current and slope of a cell at its present voltage.
    fn cell(&self, k: usize) -> (f64, f64) {
        let kind = self.layout.kinds[k];
        if self.on[k] {
            let first = (self.hold[kind] / self.branches.step).round() as usize;
            self.branches.current(first, &self.branches.down[kind], self.at[k])
        } else {
            self.branches.current(0, &self.branches.up[kind], self.at[k])
        }
    }

    /// Switches cells off that have lost their holding voltage; true when there was one.
    fn release(&mut self) -> bool {
        let mut any = false;
        for (k, on) in self.on.iter_mut().enumerate() {
            if *on && self.at[k] < self.hold[self.layout.kinds[k]] {
                *on = false;
                any = true;
            }
        }
        any
    }

    /// Column currents in A and the power from the rows in W.
    fn currents(&self, volts: &[f64]) -> (Vec<f64>, f64) {
        let cols = self.layout.cols;
        let (mut columns, mut power) = (vec![0.0; cols], 0.0);
        for k in 0..self.at.len() {
            let (current, _) = self.cell(k);
            columns[k % cols] += current;
            power += volts[k / cols] * current;
        }
        (columns, power)
    }
}
