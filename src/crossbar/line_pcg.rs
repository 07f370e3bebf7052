//! Conjugate gradients on the bit lines, preconditioned by their ladders.
//!
//! S = T_B - G T_W^-1 G,  b = b_B + G T_W^-1 b_W,  M = T_B (+ the coarse grid of [`super::coarse`]), and x_W by one more
//! ladder solve. An iteration is three streaming passes over row-major arrays:
//!
//!   1. q = S p, eight word lines at a time: u = g p, z = T_W^-1 u, q = leak p + wires(p) + g (p - z), with p.q
//!   2. r -= a q, forward half of T_B^-1 r, with r.r and r.z = sum y^2/d (and the restriction to the coarse grid)
//!   3. backward half, x += a p, p = z + beta p (and the prolongation)
//!
//! (Hestenes and Stiefel 1952; Saad, Iterative Methods, 9.2). Iterations grow as
//! 1.8 N sqrt(r_wire mean(g)) + 3; where that predicts more than [`COARSE_ABOVE`], the coarse grid joins.

use super::coarse::Coarse;
use super::frontal::Side;
use super::ladder::{BitLadders, BitWires, LANES, Lane, WordLadders, WordWires};
use super::network::{Network, Wire};

/// Predicted iterations beyond which the coarse grid pays.
pub const COARSE_ABOVE: f64 = 14.0;

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

/// What tells that another solver must take over.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Trouble {
    /// Lines with a pivot that is not positive: strong negative conductance, or a line that nothing ties down.
    #[error("{0} lines have a pivot that is not positive")]
    NegativePivots(usize),
    /// p.S p <= 0: the reduced matrix is not positive definite.
    #[error("the array matrix is not positive definite (iteration {0})")]
    Indefinite(usize),
    /// No convergence.
    #[error("no convergence in {iterations} iterations, relative residual {residual:.1e}")]
    Limit {
        /// Iterations done.
        iterations: usize,
        /// Residual reached.
        residual: f64,
    },
    /// A pivot that is zero or no number.
    #[error("the {side} node ({row}, {col}) has no path to a potential, or the conductances around it cancel")]
    Untied {
        /// Of which lines.
        side: Side,
        /// Row of the node.
        row: usize,
        /// Column of the node.
        col: usize,
    },
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
    q: Vec<f64>,
    r: Vec<f64>,
    p: Vec<f64>,
    /// Solution of eight word lines by column.
    lanes: Vec<Lane>,
    /// One row of a bit-line sweep.
    sweep: Vec<f64>,
}

impl LinePcg {
    /// Reads the wires of a network; cells and leaks are read by [`LinePcg::factor`].
    #[must_use]
    pub fn new(network: &Network) -> Self {
        let (n, m) = (network.rows, network.cols);
        Self {
            rows: n,
            cols: m,
            word_wires: WordWires::new(network),
            bit_wires: BitWires::new(&network.bit, m),
            word: WordLadders::default(),
            bit: BitLadders::default(),
            coarse: None,
            q: vec![0.0; n * m],
            r: vec![0.0; n * m],
            p: vec![0.0; n * m],
            lanes: vec![[0.0; LANES]; m],
            sweep: vec![0.0; m],
        }
    }

    /// Eliminates all lines with the present cells and leaks and decides on the coarse grid.
    ///
    /// # Errors
    /// Lines whose pivots are not positive.
    pub fn factor(&mut self, network: &Network) -> Result<(), Trouble> {
        self.word.factor(network, &self.word_wires);
        self.bit.factor(network, &self.bit_wires);
        let negative = self.word.negative + self.bit.negative;
        if negative > 0 {
            return Err(Trouble::NegativePivots(negative));
        }
        if predicted_iterations(network) > COARSE_ABOVE {
            if self.coarse.is_none() {
                self.coarse = Coarse::new(network);
            }
        } else {
            self.coarse = None;
        }
        Ok(())
    }

    /// Solves A x = b from the guess in `x[1]`; `x[0]` is only written. All arrays `rows x cols`, row-major:
    /// index 0 word lines, 1 bit lines. Stops when |r| <= `tolerance` |b| on the bit lines. These are norms: where the
    /// smallest component is to be exact to 1e-13 and is 1e-5 of the largest, the tolerance is 1e-18. The ladders are
    /// exact in every component and the residual is a recurrence, so such tolerances are reached.
    ///
    /// # Errors
    /// Loss of definiteness or no convergence in `limit` iterations; `x` then holds the last iterate.
    pub fn solve(
        &mut self,
        network: &Network,
        b: [&[f64]; 2],
        x: [&mut [f64]; 2],
        tolerance: f64,
        limit: usize,
    ) -> Result<Outcome, Trouble> {
        let [xw, xb] = x;
        let scale = self.reduce(network, b, xw);
        let outcome = if scale == 0.0 {
            xb.fill(0.0);
            Ok(Outcome { iterations: 0, residual: 0.0, coarse: false })
        } else {
            self.iterate(network, xb, scale, tolerance, limit)
        };
        self.recover(network, b[0], xw, xb);
        outcome
    }

    /// r = b_B + G T_W^-1 b_W; returns its norm. `scratch` ends as T_W^-1 b_W.
    fn reduce(&mut self, network: &Network, b: [&[f64]; 2], scratch: &mut [f64]) -> f64 {
        self.word.solve(network, &self.word_wires, b[0], scratch);
        let mut norm = 0.0;
        for (((r, z), g), b) in self.r.iter_mut().zip(scratch.iter()).zip(&network.cells).zip(b[1]) {
            *r = b + g * z;
            norm += *r * *r;
        }
        norm.sqrt()
    }

    /// x_W = T_W^-1 (b_W + G x_B).
    fn recover(&mut self, network: &Network, b: &[f64], xw: &mut [f64], xb: &[f64]) {
        for (((q, b), g), x) in self.q.iter_mut().zip(b).zip(&network.cells).zip(xb) {
            *q = b + g * x;
        }
        self.word.solve(network, &self.word_wires, &self.q, xw);
    }

    fn iterate(
        &mut self,
        network: &Network,
        x: &mut [f64],
        scale: f64,
        tolerance: f64,
        limit: usize,
    ) -> Result<Outcome, Trouble> {
        let coarse = self.coarse.is_some();
        if x.iter().any(|v| *v != 0.0) {
            self.p.copy_from_slice(x);
            self.multiply(network);
            for (r, q) in self.r.iter_mut().zip(&self.q) {
                *r -= q;
            }
        }
        let (rr, mut rz) = self.precondition_down(0.0);
        let mut residual = rr.sqrt() / scale;
        if residual <= tolerance {
            return Ok(Outcome { iterations: 0, residual, coarse });
        }
        self.p.fill(0.0);
        self.precondition_up(x, 0.0, 0.0);
        for iterations in 1..=limit {
            let pq = self.multiply(network);
            if pq <= 0.0 || pq.is_nan() {
                return Err(Trouble::Indefinite(iterations));
            }
            let a = rz / pq;
            let (rr, next) = self.precondition_down(a);
            residual = rr.sqrt() / scale;
            let beta = next / rz;
            rz = next;
            self.precondition_up(x, a, beta);
            if residual <= tolerance {
                return Ok(Outcome { iterations, residual, coarse });
            }
        }
        Err(Trouble::Limit { iterations: limit, residual })
    }

    /// Pass 1: q = S p; returns p.q.
    fn multiply(&mut self, network: &Network) -> f64 {
        let (n, m) = (self.rows, self.cols);
        let mut total = 0.0;
        for block in 0..n.div_ceil(LANES) {
            let first = block * LANES;
            let lines = LANES.min(n - first);
            self.word_block(block, first, lines);
            for l in 0..lines {
                total += self.bit_row(network, first + l, l, m);
            }
        }
        total
    }

    /// z = T_W^-1 G p of one block into `lanes`.
    fn word_block(&mut self, block: usize, first: usize, lines: usize) {
        let m = self.cols;
        let Self { word, word_wires, lanes, p, .. } = self;
        let cells = &word.cells[block * m..(block + 1) * m];
        let p = &p[first * m..(first + lines) * m];
        word.solve_block(word_wires, block, m, |j, l| if l < lines { cells[j][l] * p[l * m + j] } else { 0.0 }, lanes);
    }

    /// Row i of S p from `lanes`; returns its part of p.q.
    fn bit_row(&mut self, network: &Network, i: usize, l: usize, m: usize) -> f64 {
        let n = self.rows;
        let row = i * m..(i + 1) * m;
        let p = &self.p[row.clone()];
        let up = if i > 0 { &self.p[(i - 1) * m..i * m] } else { p };
        let down = if i + 1 < n { &self.p[(i + 1) * m..(i + 2) * m] } else { p };
        let above = self.bit_wires.after(i.saturating_sub(1), m);
        let below = self.bit_wires.after(i, m);
        let g = &network.cells[row.clone()];
        let q = &mut self.q[row.clone()];
        let lanes = &self.lanes[..m];
        for j in 0..m {
            let v = p[j];
            q[j] = g[j] * (v - lanes[j][l]) + above[j] * (v - up[j]) + below[j] * (v - down[j]);
        }
        if let Some(leak) = &network.bit.leak {
            for ((q, leak), v) in q.iter_mut().zip(&leak[row]).zip(p) {
                *q += leak * v;
            }
        }
        let ends = [(i == 0, &network.bit.head), (i + 1 == n, &network.bit.tail)];
        for (_, end) in ends.iter().filter(|(here, _)| *here) {
            for ((q, end), v) in q.iter_mut().zip(end.iter()).zip(p) {
                *q += end * v;
            }
        }
        dot(p, q)
    }

    /// Pass 2: r -= a q, y = L^-1 r into q; returns (r.r, r.M^-1 r).
    fn precondition_down(&mut self, a: f64) -> (f64, f64) {
        let (n, m) = (self.rows, self.cols);
        let (mut rr, mut rz) = (0.0, 0.0);
        self.sweep.fill(0.0);
        if let Some(coarse) = &mut self.coarse {
            coarse.clear();
        }
        for i in 0..n {
            let row = i * m..(i + 1) * m;
            let wires = self.bit_wires.after(i, m);
            let (r2, z2) = down_row(
                a,
                &mut self.q[row.clone()],
                &mut self.r[row.clone()],
                &self.bit.inverse[row.clone()],
                wires,
                &mut self.sweep,
            );
            rr += r2;
            rz += z2;
            if let Some(coarse) = &mut self.coarse {
                coarse.restrict_row(i, &self.r[row]);
            }
        }
        if let Some(coarse) = &mut self.coarse {
            rz += coarse.solve();
        }
        (rr, rz)
    }

    /// Pass 3: z = L^-T y + coarse correction, x += a p, p = z + beta p.
    fn precondition_up(&mut self, x: &mut [f64], a: f64, beta: f64) {
        let (n, m) = (self.rows, self.cols);
        self.sweep.fill(0.0);
        for i in (0..n).rev() {
            let row = i * m..(i + 1) * m;
            let wires = self.bit_wires.after(i, m);
            let correction = self.coarse.as_mut().map(|coarse| coarse.prolong_row(i, m));
            let (q, inverse) = (&self.q[row.clone()], &self.bit.inverse[row.clone()]);
            let (x, p) = (&mut x[row.clone()], &mut self.p[row]);
            let last = i + 1 == n;
            up_row(a, beta, q, inverse, wires, last, correction, &mut self.sweep, x, p);
        }
    }
}

/// r -= a q; y = r + carried; q = y; sweep = c y / d. Returns (r.r, y.y/d).
fn down_row(a: f64, q: &mut [f64], r: &mut [f64], inverse: &[f64], c: &[f64], sweep: &mut [f64]) -> (f64, f64) {
    let (mut rr, mut rz) = ([0.0; LANES], [0.0; LANES]);
    let m = q.len();
    let (r, inverse, c, sweep) = (&mut r[..m], &inverse[..m], &c[..m], &mut sweep[..m]);
    for j in 0..m {
        let value = r[j] - a * q[j];
        r[j] = value;
        let y = value + sweep[j];
        q[j] = y;
        let scaled = y * inverse[j];
        sweep[j] = c[j] * scaled;
        rr[j % LANES] += value * value;
        rz[j % LANES] += y * scaled;
    }
    (rr.iter().sum(), rz.iter().sum())
}

/// One row of pass 3; `sweep` carries z of the row below.
fn up_row(
    a: f64,
    beta: f64,
    y: &[f64],
    inverse: &[f64],
    c: &[f64],
    last: bool,
    correction: Option<&[f64]>,
    sweep: &mut [f64],
    x: &mut [f64],
    p: &mut [f64],
) {
    let m = y.len();
    let (inverse, c, sweep, x, p) = (&inverse[..m], &c[..m], &mut sweep[..m], &mut x[..m], &mut p[..m]);
    for j in 0..m {
        // the row below the last does not exist: sweep is zero there
        let z = inverse[j] * (y[j] + if last { 0.0 } else { c[j] * sweep[j] });
        sweep[j] = z;
        x[j] += a * p[j];
        p[j] = z + beta * p[j];
    }
    if let Some(correction) = correction {
        for (p, e) in p.iter_mut().zip(correction) {
            *p += e;
        }
    }
}

/// a.b with eight partial sums, which the compiler keeps in vector registers.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (a8, b8) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let tail: f64 = a8.remainder().iter().zip(b8.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a8.zip(b8) {
        for l in 0..LANES {
            sums[l] += a[l] * b[l];
        }
    }
    sums.iter().sum::<f64>() + tail
}

/// 1.8 N sqrt(mean(g) / g_wire) + 3 with the longer side and the weaker wire.
#[must_use]
pub fn predicted_iterations(network: &Network) -> f64 {
    let mean = network.cells.iter().sum::<f64>() / network.cells.len().max(1) as f64;
    let weakest = |wire: &Wire| match wire {
        Wire::Uniform(g) => *g,
        Wire::Each(g) => g.iter().copied().filter(|g| *g > 0.0).fold(f64::INFINITY, f64::min),
    };
    let wire = weakest(&network.word.wire).min(weakest(&network.bit.wire));
    1.8 * network.rows.max(network.cols) as f64 * (mean.max(0.0) / wire).sqrt() + 3.0
}
