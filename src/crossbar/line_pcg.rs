//! Conjugate gradients on the bit lines, preconditioned by their ladders.
//!
//! S = T_B - G T_W^-1 G,  b = b_B + G T_W^-1 b_W,  M = T_B (+ the coarse grid of [`super::coarse`]), and x_W by one more
//! ladder solve. An iteration is two streaming passes ([`super::iteration`]).
//!
//! (Hestenes and Stiefel 1952; Saad, Iterative Methods, 9.2). Iterations grow as
//! 1.8 N sqrt(r_wire mean(g)) + 3; where that predicts more than [`COARSE_ABOVE`], the coarse grid joins.

use super::coarse::Coarse;
use super::frontal::Side;
use super::grid::{Block, Grid, LANES, to_rows, to_tiles};
use super::iteration::{Advance, Descend, Multiply};
use super::ladder::{BitLadders, BitWires, WordLadders, WordWires};
use super::misfit::{self, Field, Misfit, Of};
use super::network::{Network, Wire};
use super::passes::{Elimination, Recover, Reduce, Vectors};
use super::trouble::Trouble;
use crate::numeric::simd::{Level, Octet, WIDTH};

/// Predicted iterations beyond which the coarse grid pays.
pub const COARSE_ABOVE: f64 = 14.0;

/// Conductance of cells relative to wires beyond which more than a few 1e-13 are lost.
const LOSSY_ABOVE: f64 = 1e3;

/// Relative residual asked of a refinement.
const REFINED: f64 = 1e-4;

/// A finished solve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Conjugate gradient iterations.
    pub iterations: usize,
    /// |r| / |b| on the bit lines by recurrence.
    pub residual: f64,
    /// Did the coarse grid take part?
    pub coarse: bool,
}

/// How far a solve goes.
struct Goal {
    /// |b| on the bit lines.
    scale: f64,
    /// Of all lines together.
    tolerance: f64,
    /// |r|^2 of every bit line; empty when they are not asked for.
    squares: Vec<f64>,
}

impl Goal {
    fn together(scale: f64, tolerance: f64) -> Self {
        Self { scale, tolerance, squares: Vec::new() }
    }
}

/// The solver: ladders and work vectors of one network shape.
#[derive(Debug, Clone)]
pub struct LinePcg {
    rows: usize,
    cols: usize,
    word_wires: WordWires,
    bit_wires: BitWires,
    word: WordLadders,
    bit: BitLadders,
    coarse: Option<Coarse>,
    q: Grid,
    r: Grid,
    p: Grid,
    /// Solution of eight word lines by column.
    lanes: Vec<Octet>,
    /// What a sweep along the bit lines carries from row to row.
    sweep: Vec<Octet>,
    /// One block of the solution.
    room: Vec<f64>,
    level: Level,
    /// Mean conductance of the cells, relative to the weakest wire.
    contrast: f64,
}

impl LinePcg {
    /// Reads the wires of a network, here only; cells and leaks are read by [`LinePcg::factor`].
    ///
    /// # Errors
    /// Lengths that do not go together, segments that are negative or no number.
    pub fn new(network: &Network) -> Result<Self, Misfit> {
        Self::on(Level::best(), network)
    }

    /// The same for one instruction set.
    ///
    /// # Errors
    /// Those of [`LinePcg::new`].
    pub fn on(level: Level, network: &Network) -> Result<Self, Misfit> {
        network.check_lengths()?;
        network.check_wires()?;
        let (n, m) = (network.rows, network.cols);
        Ok(Self {
            rows: n,
            cols: m,
            word_wires: WordWires::new(network),
            bit_wires: BitWires::new(&network.bit, n, m),
            word: WordLadders::default(),
            bit: BitLadders::new(network),
            coarse: None,
            q: Grid::new(n, m),
            r: Grid::new(n, m),
            p: Grid::new(n, m),
            lanes: vec![Octet::ZERO; m.next_multiple_of(WIDTH)],
            sweep: vec![Octet::ZERO; m.div_ceil(WIDTH)],
            room: Vec::new(),
            level,
            contrast: 0.0,
        })
    }

    /// Eliminates all lines with the present cells and leaks and decides on the coarse grid.
    ///
    /// # Errors
    /// Lines whose pivots are not positive, numbers that are none among them; a network of another shape.
    pub fn factor(&mut self, network: &Network) -> Result<(), Trouble> {
        network.check_shape((self.rows, self.cols))?;
        self.word.factor(self.level, network, &self.word_wires);
        self.bit.factor(self.level, network, &self.bit_wires);
        let negative = self.negative();
        if negative > 0 {
            network.check()?;
            return Err(Trouble::NegativePivots(negative));
        }
        self.contrast = contrast(network);
        if self.predicted_iterations() > COARSE_ABOVE {
            if self.coarse.is_none() {
                self.coarse = Coarse::new(network);
            }
        } else {
            self.coarse = None;
        }
        Ok(())
    }

    /// Do cells conduct so much more than wires that S = T_B - G T_W^-1 G, a difference of numbers of the size of G, loses
    /// more than a solve leaves? A direct solver does not form it.
    #[must_use]
    pub fn is_lossy(&self) -> bool {
        self.contrast > LOSSY_ABOVE
    }

    /// 1.8 N sqrt(mean(g) / g_wire) + 3 with the longer side and the weaker wire.
    fn predicted_iterations(&self) -> f64 {
        1.8 * self.rows.max(self.cols) as f64 * self.contrast.sqrt() + 3.0
    }

    /// Lines whose pivots are not positive.
    fn negative(&self) -> usize {
        self.word.negative + self.bit.negative
    }

    /// May a solve begin?
    fn admit(&self, network: &Network, b: [&[f64]; 2], x: [&[f64]; 2]) -> Result<(), Trouble> {
        let cells = network.check_shape((self.rows, self.cols))?;
        misfit::vectors(b, x, cells)?;
        let factored = !self.word.inverse.is_empty() && self.negative() == 0;
        if factored { Ok(()) } else { Err(Trouble::Unfactored) }
    }

    /// Solves A x = b from the guess in `x[1]`; `x[0]` is only written. All arrays `rows x cols`, row-major:
    /// index 0 word lines, 1 bit lines. Stops when |r| <= `tolerance` |b| on the bit lines, norms of all of them together:
    /// a line of much smaller currents is exact to that much less.
    ///
    /// # Errors
    /// Loss of definiteness or no convergence in `limit` iterations; `x` then holds the last iterate. Vectors of another
    /// length, or with numbers that are none or too large to be squared: nothing in `x` counts then.
    pub fn solve(
        &mut self,
        network: &Network,
        b: [&[f64]; 2],
        x: [&mut [f64]; 2],
        tolerance: f64,
        limit: usize,
    ) -> Result<Outcome, Trouble> {
        self.solve_to(network, b, x, |_, scale| Goal::together(scale, tolerance), limit)
    }

    /// As [`LinePcg::solve`], but stops when |r| <= `tolerance` |b| on every bit line by itself, down to lines whose b is
    /// rounding beside the others': half-selected lines are as exact as selected ones. The ladders are exact in every
    /// component and the residual is a recurrence, so that this is reached. What S p loses where a floating word line hangs
    /// on one bit line by almost all of its conductance, p - T_W^-1 g p, one refinement by the residual in branch form
    /// gives back.
    ///
    /// # Errors
    /// Those of [`LinePcg::solve`].
    pub fn solve_each_line(
        &mut self,
        network: &Network,
        b: [&[f64]; 2],
        x: [&mut [f64]; 2],
        tolerance: f64,
        limit: usize,
    ) -> Result<Outcome, Trouble> {
        let goal = |solver: &Self, scale: f64| {
            let smallest = (f64::EPSILON * scale).powi(2);
            let squares = solver.line_squares().into_iter().map(|bb| tolerance.powi(2) * bb.max(smallest)).collect();
            Goal { squares, ..Goal::together(scale, tolerance) }
        };
        let [xw, xb] = x;
        let first = self.solve_to(network, b, [&mut *xw, &mut *xb], goal, limit)?;
        let mut rest = [vec![0.0; xw.len()], vec![0.0; xb.len()]];
        let [rw, rb] = &mut rest;
        network.residual(b, [&*xw, &*xb], [&mut *rw, &mut *rb])?;
        let second = self.solve_in_place(network, [&mut *rw, &mut *rb], REFINED, limit)?;
        xw.iter_mut().zip(rw).chain(xb.iter_mut().zip(rb)).for_each(|(x, rest)| *x += *rest);
        Ok(Outcome { iterations: first.iterations + second.iterations, ..first })
    }

    /// From the guess in `x[1]` to a goal, made from |b| on the bit lines while r holds that b.
    fn solve_to(
        &mut self,
        network: &Network,
        b: [&[f64]; 2],
        [xw, xb]: [&mut [f64]; 2],
        goal: impl Fn(&Self, f64) -> Goal,
        limit: usize,
    ) -> Result<Outcome, Trouble> {
        self.admit(network, b, [xw, xb])?;
        let scale = self.reduce(network, b)?;
        xw.copy_from_slice(b[0]);
        let goal = goal(self, scale);
        self.finish(network, [xw, xb], &goal, limit)
    }

    /// As [`LinePcg::solve`] from zero and in place: `x` holds b and ends as the solution, or as nothing of use after an error.
    ///
    /// # Errors
    /// Those of [`LinePcg::solve`].
    pub fn solve_in_place(
        &mut self,
        network: &Network,
        x: [&mut [f64]; 2],
        tolerance: f64,
        limit: usize,
    ) -> Result<Outcome, Trouble> {
        let [xw, xb] = x;
        self.admit(network, [xw, xb], [xw, xb])?;
        let scale = self.reduce(network, [xw, xb])?;
        xb.fill(0.0);
        self.finish(network, [xw, xb], &Goal::together(scale, tolerance), limit)
    }

    /// The right-hand side of the bit lines alone into r; gives its norm.
    fn reduce(&mut self, network: &Network, b: [&[f64]; 2]) -> Result<f64, Trouble> {
        let level = self.level;
        let (lines, vectors, _) = self.parts(network);
        let scale = level.run(Reduce { lines, b, vectors }).sqrt();
        if !scale.is_finite() {
            misfit::finite_right_hand_side(b)?;
            return Err(Trouble::Overflow);
        }
        Ok(scale)
    }

    /// Bit lines, then word lines; `xw` comes with b_W.
    fn finish(
        &mut self,
        network: &Network,
        [xw, xb]: [&mut [f64]; 2],
        goal: &Goal,
        limit: usize,
    ) -> Result<Outcome, Trouble> {
        let outcome = if goal.scale == 0.0 {
            xb.fill(0.0);
            Ok(Outcome { iterations: 0, residual: 0.0, coarse: false })
        } else {
            self.iterate(network, xb, goal, limit)
        };
        let level = self.level;
        let (lines, vectors, _) = self.parts(network);
        level.run(Recover { lines, xb, xw, lanes: vectors.lanes });
        outcome
    }

    /// The bit lines, from the guess in `x`. While it lasts, `x` is kept [tile by tile](Block::in_tiles).
    fn iterate(&mut self, network: &Network, x: &mut [f64], goal: &Goal, limit: usize) -> Result<Outcome, Trouble> {
        if x.iter().any(|v| *v != 0.0) {
            self.p.set(x, self.cols);
            let level = self.level;
            let (lines, vectors, _) = self.parts(network);
            level.run(Multiply { lines, vectors });
            to_tiles(x, self.cols, &mut self.room);
        } else {
            self.q.clear();
        }
        let (outcome, a) = self.converge(network, x, goal, limit);
        self.step(x, a);
        to_rows(x, self.cols, &mut self.room);
        if outcome == Err(Trouble::Overflow) {
            misfit::finite(Field::Unknowns(Of::Side(Side::Bit)), x)?;
        }
        outcome
    }

    /// From S x in q; gives also the step along p that `x` has not taken yet.
    fn converge(
        &mut self,
        network: &Network,
        x: &mut [f64],
        goal: &Goal,
        limit: usize,
    ) -> (Result<Outcome, Trouble>, f64) {
        let coarse = self.coarse.is_some();
        // the guess is a step of one along it
        let (rr, mut rz) = self.descend(network, 1.0);
        let mut residual = rr.sqrt() / goal.scale;
        if self.reaches(goal, residual) {
            return (Ok(Outcome { iterations: 0, residual, coarse }), 0.0);
        }
        if !residual.is_finite() {
            return (Err(Trouble::Overflow), 0.0);
        }
        self.p.clear();
        let (mut a, mut beta) = (0.0, 0.0);
        for iterations in 1..=limit {
            let level = self.level;
            let (lines, vectors, coarse_grid) = self.parts(network);
            let pq = level.run(Advance { lines, vectors, x, coarse: coarse_grid, a, beta });
            if pq <= 0.0 || pq.is_nan() {
                return (Err(Trouble::Indefinite(iterations)), 0.0);
            }
            a = rz / pq;
            let (rr, next) = self.descend(network, a);
            residual = rr.sqrt() / goal.scale;
            beta = next / rz;
            rz = next;
            if self.reaches(goal, residual) {
                return (Ok(Outcome { iterations, residual, coarse }), a);
            }
        }
        (Err(Trouble::Limit { iterations: limit, residual }), a)
    }

    fn reaches(&self, goal: &Goal, residual: f64) -> bool {
        residual <= goal.tolerance
            && (goal.squares.is_empty() || self.line_squares().iter().zip(&goal.squares).all(|(rr, goal)| rr <= goal))
    }

    /// |r|^2 of every bit line.
    fn line_squares(&self) -> Vec<f64> {
        let mut squares = vec![0.0; self.cols];
        for i in 0..self.rows {
            let row = self.r.row(i).flat_map(|octet| &octet.0);
            squares.iter_mut().zip(row).for_each(|(square, r)| *square += r * r);
        }
        squares
    }

    /// x += a p.
    fn step(&self, x: &mut [f64], a: f64) {
        if a == 0.0 {
            return;
        }
        for block in (0..self.rows.div_ceil(LANES)).map(|index| Block::new(index, self.rows, self.cols)) {
            for t in 0..block.tiles() {
                let ((at, wide), p) = (block.tile(t), self.p.tile(block.index, t));
                for (x, p) in x[block.in_tiles(at)..][..block.rows * wide].chunks_mut(wide).zip(p) {
                    x.iter_mut().zip(&p.0).for_each(|(x, p)| *x += a * p);
                }
            }
        }
    }

    fn descend(&mut self, network: &Network, a: f64) -> (f64, f64) {
        let level = self.level;
        let (lines, vectors, coarse) = self.parts(network);
        level.run(Descend { lines, vectors, coarse, a })
    }

    /// What the passes work on.
    fn parts<'a>(&'a mut self, network: &'a Network) -> (Elimination<'a>, Vectors<'a>, Option<&'a mut Coarse>) {
        let Self { word_wires, bit_wires, word, bit, coarse, q, r, p, lanes, sweep, .. } = self;
        let lines = Elimination { network, wires: (word_wires, bit_wires), ladders: (word, bit) };
        (lines, Vectors { q, r, p, lanes, sweep }, coarse.as_mut())
    }
}

/// mean(g) / g_wire with the weaker wire.
fn contrast(network: &Network) -> f64 {
    let mean = network.cells.iter().sum::<f64>() / network.cells.len().max(1) as f64;
    let weakest = |wire: &Wire| match wire {
        Wire::Uniform(g) => *g,
        Wire::Each(g) => g.iter().copied().filter(|g| *g > 0.0).fold(f64::INFINITY, f64::min),
    };
    let wire = weakest(&network.word.wire).min(weakest(&network.bit.wire));
    mean.max(0.0) / wire
}
