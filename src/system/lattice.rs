//! The solvers of an array whose cells sit between a word line along the row and a bit line along the column.
//!
//! A condensed cell [[a, -b], [-c, d]] is a conductance (b + c)/2 with leaks for the rest. The skew part (b - c)/2 is left
//! to an outer iteration where line-PCG solves, and is part of the matrix where the multifrontal factorization does.

use super::cells::Cells;
use super::kernel::HOLD;
use super::rows::Rows;
use super::site::{self, Site};
use crate::circuit::array::Wires;
use crate::circuit::{ArrayInstance, Circuit};
use crate::crossbar::{Frontal, FrontalLu, LinePcg, Lines, Network, Trouble};
use crate::device::Env;

/// Differences between the entries of a condensed cell below this fraction of what they were made from are rounding.
const SYMMETRIC: f64 = 1e-13;
/// Bytes that the direct solver of one array may take.
const DIRECT_MEMORY: usize = 6 << 30;

/// The array and its solvers.
pub struct Lattice {
    network: Network,
    pcg: LinePcg,
    direct: Option<Direct>,
    /// (b - c)/2 of every cell, when any is not zero.
    skew: Option<Vec<f64>>,
}

/// The direct solver of an array.
enum Direct {
    Symmetric(Box<Frontal>),
    Unsymmetric(Box<FrontalLu>),
}

/// Which solver an array has at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Line-PCG.
    Line,
    /// Multifrontal, for this matrix only.
    FrontalOnce,
    /// Multifrontal from now on.
    Frontal,
}

impl Lattice {
    /// An array without cells.
    #[must_use]
    pub fn new(circuit: &Circuit, array: &ArrayInstance, env: &Env) -> Self {
        let lines = |wires: &Wires| {
            let (count, _) = array.shape(wires.direction);
            let ends = vec![0.0; count];
            let wire = site::segments(circuit, array, wires, env);
            Lines { wire, head: ends.clone(), tail: ends, leak: None }
        };
        let network = Network {
            rows: array.rows,
            cols: array.cols,
            word: lines(&array.wl),
            bit: lines(&array.bl),
            cells: vec![0.0; array.cells()],
        };
        Self { pcg: LinePcg::new(&network), direct: None, network, skew: None }
    }

    /// Is there a skew part?
    #[must_use]
    pub fn is_skewed(&self) -> bool {
        self.skew.is_some()
    }

    /// Cells, and the leaks that are the array's own, by compact number. True when a node is held.
    pub fn assemble(&mut self, site: &Site, cells: &Cells, rows: &Rows, own: &mut [f64]) -> bool {
        let (w, b) = (site.slots[0], site.slots[1]);
        let n = site.count();
        let mut held_any = false;
        self.skew = None;
        let (holds, leaks) = (rows.holds_any(), rows.leak());
        for (chunk, in_chunk) in cells.blocks.chunks() {
            let [ww, wb, bw, bb] = [(w, w), (w, b), (b, w), (b, b)].map(|(r, c)| cells.blocks.lanes(chunk, r, c));
            let sizes = cells.blocks.sizes(chunk);
            for (lane, cell) in in_chunk.enumerate() {
                let (at, [from_word, from_bit]) = ([ww[lane], bb[lane]], [-wb[lane], -bw[lane]]);
                let held = [0, 1].map(|f| holds && rows.is_held(site.id(f, cell)));
                let conductance = match held {
                    [true, false] => from_bit,
                    [false, true] => from_word,
                    _ => 0.5 * (from_word + from_bit),
                };
                let rounding = SYMMETRIC * sizes[lane];
                let difference = 0.5 * (from_word - from_bit);
                if held == [false, false] && difference.abs() > rounding {
                    self.skew.get_or_insert_with(|| vec![0.0; n])[cell] = difference;
                }
                self.network.cells[cell] = conductance;
                for family in 0..2 {
                    let mut leak = at[family] - conductance;
                    if leak.abs() <= rounding || held[family] {
                        leak = 0.0;
                    }
                    if leaks {
                        leak += site.leak(rows, family, cell);
                    }
                    if held[family] {
                        leak = HOLD;
                        held_any = true;
                    }
                    own[site.base + family * n + cell] = leak;
                }
            }
        }
        held_any
    }

    /// Would the direct solver's memory be reasonable?
    #[must_use]
    pub fn fits(&self) -> bool {
        Frontal::memory(self.network.rows, self.network.cols) <= DIRECT_MEMORY
    }

    /// Factors directly with the present cells, leaks and skew.
    fn factor_direct(&mut self) -> Result<(), Trouble> {
        let (n, m) = (self.network.rows, self.network.cols);
        let Some(skew) = &self.skew else {
            if !matches!(self.direct, Some(Direct::Symmetric(_))) {
                self.direct = Some(Direct::Symmetric(Box::new(Frontal::analyse(n, m))));
            }
            let Some(Direct::Symmetric(direct)) = &mut self.direct else { return Ok(()) };
            return direct.factor(&self.network).map(|_| ());
        };
        if !matches!(self.direct, Some(Direct::Unsymmetric(_))) {
            self.direct = Some(Direct::Unsymmetric(Box::new(FrontalLu::analyse(n, m))));
        }
        let Some(Direct::Unsymmetric(direct)) = &mut self.direct else { return Ok(()) };
        let g = &self.network.cells;
        let (wb, bw): (Vec<f64>, Vec<f64>) = g.iter().zip(skew).map(|(g, s)| (g + s, g - s)).unzip();
        direct.factor(&self.network, [g, &wb, &bw, g]).map(|_| ())
    }

    /// Prepares for the present cells; `leak` has what ties every node to known potentials, in S.
    ///
    /// # Errors
    /// What the solver of `method` cannot do.
    pub fn factor(&mut self, method: Method, leak: &[f64]) -> Result<(), Trouble> {
        // at the ends of the lines where possible, which is faster
        let (n, m) = (self.network.rows, self.network.cols);
        let (word, bit) = leak.split_at(n * m);
        spread(&mut self.network.word, word, n, |line, end| line * m + end * (m - 1));
        spread(&mut self.network.bit, bit, m, |line, end| end * (n - 1) * m + line);
        match method {
            Method::Line => self.pcg.factor(&self.network),
            Method::Frontal | Method::FrontalOnce => self.factor_direct(),
        }
    }

    /// Solves for the nodes of word and bit lines; gives the iterations.
    ///
    /// # Errors
    /// What line-PCG cannot do.
    pub fn solve(
        &mut self,
        method: Method,
        b: &[f64],
        y: &mut [f64],
        tolerance: f64,
        iterations: usize,
    ) -> Result<usize, Trouble> {
        let n = self.network.cells.len();
        let ((bw, bb), (yw, yb)) = (b.split_at(n), y.split_at_mut(n));
        match (method, &mut self.direct) {
            (Method::Frontal | Method::FrontalOnce, Some(Direct::Symmetric(direct))) => {
                direct.solve([bw, bb], [yw, yb]);
            }
            (Method::Frontal | Method::FrontalOnce, Some(Direct::Unsymmetric(direct))) => {
                direct.solve([bw, bb], [yw, yb]);
            }
            _ => {
                let outcome = self.pcg.solve(&self.network, [bw, bb], [yw, yb], tolerance, iterations)?;
                return Ok(outcome.iterations);
            }
        }
        Ok(0)
    }

    /// y = A x with the skew part.
    pub fn multiply(&self, x: &[f64], y: &mut [f64]) {
        let n = self.network.cells.len();
        let zero = vec![0.0; n];
        let ((xw, xb), (yw, yb)) = (x.split_at(n), y.split_at_mut(n));
        self.network.residual([&zero, &zero], [xw, xb], [&mut *yw, &mut *yb]);
        yw.iter_mut().chain(yb.iter_mut()).for_each(|v| *v = -*v);
        if let Some(skew) = &self.skew {
            for k in 0..n {
                yw[k] -= skew[k] * xb[k];
                yb[k] += skew[k] * xw[k];
            }
        }
    }
}

/// Moves the leaks of the end nodes of every line to head and tail; keeps the others only if there are any.
fn spread(lines: &mut Lines, leak: &[f64], count: usize, node: impl Fn(usize, usize) -> usize) {
    let mut at_ends = 0;
    for line in 0..count {
        let (head, tail) = (node(line, 0), node(line, 1));
        lines.head[line] = leak[head];
        lines.tail[line] = if tail == head { 0.0 } else { leak[tail] };
        at_ends += [lines.head[line], lines.tail[line]].iter().filter(|l| **l != 0.0).count();
    }
    if leak.iter().filter(|l| **l != 0.0).count() == at_ends {
        lines.leak = None;
        return;
    }
    let kept = lines.leak.get_or_insert_default();
    kept.clear();
    kept.extend_from_slice(leak);
    for line in 0..count {
        kept[node(line, 0)] = 0.0;
        kept[node(line, 1)] = 0.0;
    }
}
