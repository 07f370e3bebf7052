//! The solvers of an array whose cells sit between a word line along the row and a bit line along the column.
//!
//! A condensed cell [[a, -b], [-c, d]] is a conductance (b + c)/2 with leaks for the rest. The skew part (b - c)/2 is left
//! to an outer iteration where line-PCG solves, and is part of the matrix where the multifrontal factorization does.

use super::Sums;
use super::array::HOLD;
use super::cells::Cells;
use super::condense::Point;
use super::crossings::Crossings;
use super::rows::Rows;
use super::site::{self, Site};
use crate::circuit::Circuit;
use crate::circuit::array::Wires;
use crate::crossbar::{Frontal, FrontalLu, LinePcg, Lines, Misfit, Network, Trouble};
use crate::device::{Env, Load};

/// Differences between the entries of a condensed cell below this fraction of what they were made from are rounding.
const SYMMETRIC: f64 = 1e-13;
/// Bytes that the direct solver of one array may take.
const DIRECT_MEMORY: usize = 6 << 30;

/// Cells beyond which the direct solver takes more than half a gigabyte, or one and a quarter on a single line: line-PCG is
/// given every chance before.
const MODEST: usize = 1 << 20;

/// The array and its solvers.
pub struct Lattice {
    network: Network,
    pcg: LinePcg,
    /// The cells, where they are resistors. Their conductances never change between two evaluations that anybody compares,
    /// so that those of the network can be those of the last evaluation.
    crossings: Option<Crossings>,
    direct: Option<Direct>,
    /// Right-hand side of the direct solver.
    given: Vec<f64>,
    /// (b - c)/2 of every cell, when any is not zero.
    skew: Option<Vec<f64>>,
    /// Room for the leaks of word and bit lines while there are none.
    spare: [Vec<f64>; 2],
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
    /// Multifrontal, until line-PCG is tried again.
    Relief,
    /// Multifrontal, because it was asked for.
    Frontal,
}

impl Lattice {
    /// An array without cells.
    ///
    /// # Errors
    /// Wires that the kernel does not take.
    pub fn new(circuit: &Circuit, cells: &Cells, env: &Env) -> Result<Self, Misfit> {
        let array = &circuit.arrays[cells.array];
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
        let pcg = LinePcg::new(&network)?;
        let (direct, skew, given, spare) = Default::default();
        Ok(Self { network, pcg, crossings: Crossings::find(circuit, cells), direct, given, skew, spare })
    }

    /// Evaluates the cells, if that is not done with the blocks of condensed ones.
    pub fn evaluate(&mut self, cells: &Cells, point: &Point, loads: &mut [Load], sums: &mut Sums) {
        if let Some(crossings) = &mut self.crossings {
            crossings.evaluate(cells, &mut self.network.cells, point, loads, sums);
        }
    }

    /// Is there a skew part?
    #[must_use]
    pub fn is_skewed(&self) -> bool {
        self.skew.is_some()
    }

    /// Cells, and the leaks that are the array's own. True when a node is held.
    pub fn assemble(&mut self, site: &Site, cells: &Cells, rows: &Rows) -> bool {
        self.skew = None;
        self.untie();
        if self.crossings.is_none() {
            self.read_blocks(site, cells, rows);
        }
        self.tie_rows(site, rows)
    }

    /// Conductances, skew and leaks of condensed cells.
    fn read_blocks(&mut self, site: &Site, cells: &Cells, rows: &Rows) {
        let (w, b) = (site.slots[0], site.slots[1]);
        let n = site.count();
        let holds = rows.holds_any();
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
                    let leak = at[family] - conductance;
                    let rests = leak.abs() <= rounding || held[family];
                    if !rests {
                        self.tie(family, cell, leak);
                    }
                }
            }
        }
    }

    /// What capacitors, shunts and held rows tie down. True when a node is held.
    fn tie_rows(&mut self, site: &Site, rows: &Rows) -> bool {
        let (holds, leaks) = (rows.holds_any(), rows.leak());
        let mut held_any = false;
        if !holds && !leaks {
            return held_any;
        }
        for family in 0..2 {
            for cell in 0..site.count() {
                if holds && rows.is_held(site.id(family, cell)) {
                    self.tie(family, cell, HOLD);
                    held_any = true;
                } else if leaks {
                    self.tie(family, cell, site.leak(rows, family, cell));
                }
            }
        }
        held_any
    }

    /// No leaks.
    fn untie(&mut self) {
        for (lines, spare) in [&mut self.network.word, &mut self.network.bit].into_iter().zip(&mut self.spare) {
            lines.head.fill(0.0);
            lines.tail.fill(0.0);
            if let Some(leak) = lines.leak.take() {
                *spare = leak;
            }
        }
    }

    /// Ties the node of a cell, on word lines (0) or bit lines (1), to a known potential by so many S more: at the end of
    /// its line where it is one, which is faster.
    pub fn tie(&mut self, family: usize, cell: usize, leak: f64) {
        let Network { rows, cols, word, bit, cells } = &mut self.network;
        let (i, j) = (cell / *cols, cell % *cols);
        let (lines, line, along, last) = if family == 0 { (word, i, j, *cols - 1) } else { (bit, j, i, *rows - 1) };
        if along == 0 {
            lines.head[line] += leak;
        } else if along == last {
            lines.tail[line] += leak;
        } else {
            let spare = &mut self.spare[family];
            let inside = lines.leak.get_or_insert_with(|| {
                let mut inside = std::mem::take(spare);
                inside.clear();
                inside.resize(cells.len(), 0.0);
                inside
            });
            inside[cell] += leak;
        }
    }

    /// Would line-PCG lose digits with the matrix that it has factored?
    #[must_use]
    pub fn is_lossy(&self) -> bool {
        self.pcg.is_lossy()
    }

    /// Would the direct solver's memory be reasonable?
    #[must_use]
    pub fn fits(&self) -> bool {
        Frontal::memory(self.network.rows, self.network.cols).is_ok_and(|bytes| bytes <= DIRECT_MEMORY)
    }

    /// Iterations of line-PCG in the time that the direct solver takes for everything, so that a hard pattern takes at
    /// most twice the better of both: of 1 x 1 to 512 x 512 cells a fit that is right to a factor of two
    /// (`benches/crossbar/choice.rs`). None where it takes much memory.
    #[must_use]
    pub fn patience(&self) -> Option<usize> {
        let (n, m) = (self.network.rows, self.network.cols);
        (n * m <= MODEST).then(|| (4500 + n * m * (20 + n.min(m) / 8)) / (50 + n * m))
    }

    /// Factors directly with the present cells, leaks and skew.
    fn factor_direct(&mut self) -> Result<(), Trouble> {
        let (n, m) = (self.network.rows, self.network.cols);
        let Some(skew) = &self.skew else {
            if !matches!(self.direct, Some(Direct::Symmetric(_))) {
                self.direct = Some(Direct::Symmetric(Box::new(Frontal::analyse(n, m)?)));
            }
            let Some(Direct::Symmetric(direct)) = &mut self.direct else { return Ok(()) };
            return direct.factor(&self.network).map(|_| ());
        };
        if !matches!(self.direct, Some(Direct::Unsymmetric(_))) {
            self.direct = Some(Direct::Unsymmetric(Box::new(FrontalLu::analyse(n, m)?)));
        }
        let Some(Direct::Unsymmetric(direct)) = &mut self.direct else { return Ok(()) };
        let g = &self.network.cells;
        let (wb, bw): (Vec<f64>, Vec<f64>) = g.iter().zip(skew).map(|(g, s)| (g + s, g - s)).unzip();
        direct.factor(&self.network, [g, &wb, &bw, g]).map(|_| ())
    }

    /// Prepares for the present cells and leaks.
    ///
    /// # Errors
    /// What the solver of `method` cannot do.
    pub fn factor(&mut self, method: Method) -> Result<(), Trouble> {
        match method {
            Method::Line => self.pcg.factor(&self.network),
            Method::Frontal | Method::Relief => self.factor_direct(),
        }
    }

    /// Solves for the nodes of word and bit lines in place; gives the iterations. After an error `x` is of no use.
    ///
    /// # Errors
    /// What line-PCG cannot do.
    pub fn solve(
        &mut self,
        method: Method,
        x: [&mut [f64]; 2],
        tolerance: f64,
        iterations: usize,
    ) -> Result<usize, Trouble> {
        let direct = self.direct.as_mut().filter(|_| method != Method::Line);
        let Some(direct) = direct else {
            return Ok(self.pcg.solve_in_place(&self.network, x, tolerance, iterations)?.iterations);
        };
        self.given.clear();
        x.iter().for_each(|x| self.given.extend_from_slice(x));
        let (word, bit) = self.given.split_at(x[0].len());
        match direct {
            Direct::Symmetric(direct) => direct.solve([word, bit], x)?,
            Direct::Unsymmetric(direct) => direct.solve([word, bit], x)?,
        }
        Ok(0)
    }

    /// y = A x with the skew part.
    ///
    /// # Errors
    /// Vectors of another length.
    pub fn multiply(&self, x: &[f64], y: &mut [f64]) -> Result<(), Misfit> {
        let n = self.network.cells.len();
        let zero = vec![0.0; n];
        let ((xw, xb), (yw, yb)) = (x.split_at(n), y.split_at_mut(n));
        self.network.residual([&zero, &zero], [xw, xb], [&mut *yw, &mut *yb])?;
        yw.iter_mut().chain(yb.iter_mut()).for_each(|v| *v = -*v);
        if let Some(skew) = &self.skew {
            for k in 0..n {
                yw[k] -= skew[k] * xb[k];
                yb[k] += skew[k] * xw[k];
            }
        }
        Ok(())
    }
}
