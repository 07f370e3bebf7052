//! Lines side by side: k nodes at every cell, tied along one direction, coupled within the cell.
//!
//! A bit line and a source line that run next to each other, or a single gate line, are a chain of k x k blocks. With
//! the diagonal matrix G_j of the segments that follow node j, and E_j what ties node j to known potentials and to its
//! neighbours in the cell, the chain is eliminated in the excess form of [`super::ladder`], here with matrices:
//!
//! ```text
//! S_1 = E_1,   D_j = S_j + G_j,   S_{j+1} = E_{j+1} + G_j D_j^-1 S_j
//! y_j = D_j^-1 (b_j + G_{j-1} y_{j-1}),     x_j = y_j + D_j^-1 G_j x_{j+1}
//! ```
//!
//! G - G (S + G)^-1 G = G (S + G)^-1 S: weak ties beside strong wires are not lost. Vectors are `k x rows x cols`, line
//! after line of a cell row-major. Lines of one direction go through memory in blocks, so that both directions stream.

use super::network::Wire;
use crate::numeric::lanes::invert_dense;

/// Most nodes of one direction at a cell.
pub const WIDEST: usize = 4;
/// Lines along the rows that are eliminated together: one cache line of each.
const TOGETHER: usize = 8;

/// Which way lines run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Along the rows, one line per row.
    Rows,
    /// Along the columns, one line per column.
    Columns,
}

/// A block of one node, row-major with row length k.
type Block = [f64; WIDEST * WIDEST];

/// Lines of one direction.
#[derive(Debug, Clone)]
pub struct Bundle {
    rows: usize,
    cols: usize,
    way: Way,
    wires: Vec<Wire>,
    /// D^-1 of every node: entry (r, c) of node k at `(r * k + c) * cells + node`.
    inverse: Vec<f64>,
}

impl Bundle {
    /// Lines with the given segments.
    #[must_use]
    pub fn new(rows: usize, cols: usize, way: Way, wires: Vec<Wire>) -> Self {
        let k = wires.len();
        Self { rows, cols, way, wires, inverse: vec![0.0; k * k * rows * cols] }
    }

    /// Nodes at a cell.
    #[must_use]
    pub fn width(&self) -> usize {
        self.wires.len()
    }

    fn nodes(&self) -> usize {
        self.rows * self.cols
    }

    /// Conductance of the segment after node `cell` of line f of the bundle; 0 at the end of a line.
    fn segment(&self, f: usize, cell: usize) -> f64 {
        let last = match self.way {
            Way::Rows => (cell + 1).is_multiple_of(self.cols),
            Way::Columns => cell + self.cols >= self.nodes(),
        };
        match &self.wires[f] {
            _ if last => 0.0,
            Wire::Uniform(g) => *g,
            Wire::Each(g) => g[cell],
        }
    }

    /// Cells between a node and the next one of its line.
    fn stride(&self) -> usize {
        match self.way {
            Way::Rows => 1,
            Way::Columns => self.cols,
        }
    }

    /// Calls `visit(cell, slot)` from the heads of the lines to their tails; lines that go together have slots of their
    /// own from 0 to below [`Bundle::slots`].
    fn walk<E>(&self, mut visit: impl FnMut(usize, usize) -> Result<(), E>) -> Result<(), E> {
        match self.way {
            Way::Rows => {
                for block in (0..self.rows).step_by(TOGETHER) {
                    for j in 0..self.cols {
                        for i in block..(block + TOGETHER).min(self.rows) {
                            visit(i * self.cols + j, i - block)?;
                        }
                    }
                }
            }
            Way::Columns => (0..self.nodes()).try_for_each(|cell| visit(cell, cell % self.cols))?,
        }
        Ok(())
    }

    fn slots(&self) -> usize {
        match self.way {
            Way::Rows => TOGETHER,
            Way::Columns => self.cols,
        }
    }

    fn is_head(&self, cell: usize) -> bool {
        match self.way {
            Way::Rows => cell.is_multiple_of(self.cols),
            Way::Columns => cell < self.cols,
        }
    }

    /// Eliminates all lines; `excess(r, c, cell)` gives E.
    ///
    /// # Errors
    /// A cell whose block is singular.
    pub fn factor(&mut self, excess: impl Fn(usize, usize, usize) -> f64) -> Result<(), usize> {
        let (k, n) = (self.width(), self.nodes());
        let mut inverse = std::mem::take(&mut self.inverse);
        let mut carried: Vec<Block> = vec![[0.0; WIDEST * WIDEST]; self.slots()];
        let outcome = self.walk(|cell, slot| {
            let mut tie = if self.is_head(cell) { [0.0; WIDEST * WIDEST] } else { carried[slot] };
            let mut pivot = [0.0; WIDEST * WIDEST];
            for r in 0..k {
                for c in 0..k {
                    tie[r * k + c] += excess(r, c, cell);
                    pivot[r * k + c] = tie[r * k + c];
                }
                pivot[r * k + r] += self.segment(r, cell);
            }
            let mut inverted = [0.0; WIDEST * WIDEST];
            invert_dense(&mut pivot, k, &mut inverted).map_err(|_| cell)?;
            for r in 0..k {
                let g = self.segment(r, cell);
                for c in 0..k {
                    inverse[(r * k + c) * n + cell] = inverted[r * k + c];
                    carried[slot][r * k + c] = g * (0..k).map(|s| inverted[r * k + s] * tie[s * k + c]).sum::<f64>();
                }
            }
            Ok(())
        });
        self.inverse = inverse;
        outcome
    }

    /// Solves in place; `x` has the right-hand side.
    pub fn solve(&self, x: &mut [f64]) {
        let (k, n, stride) = (self.width(), self.nodes(), self.stride());
        let forward = |cell: usize, _: usize| {
            let mut given = [0.0; WIDEST];
            for (r, given) in given.iter_mut().enumerate().take(k) {
                *given = x[r * n + cell];
                if !self.is_head(cell) {
                    *given += self.segment(r, cell - stride) * x[r * n + cell - stride];
                }
            }
            for r in 0..k {
                x[r * n + cell] = (0..k).map(|c| self.inverse[(r * k + c) * n + cell] * given[c]).sum();
            }
            Ok::<(), std::convert::Infallible>(())
        };
        let Ok(()) = self.walk(forward);
        for cell in (0..n).rev() {
            let mut next = [0.0; WIDEST];
            for (r, next) in next.iter_mut().enumerate().take(k) {
                let g = self.segment(r, cell);
                *next = if g == 0.0 { 0.0 } else { g * x[r * n + cell + stride] };
            }
            for r in 0..k {
                x[r * n + cell] += (0..k).map(|c| self.inverse[(r * k + c) * n + cell] * next[c]).sum::<f64>();
            }
        }
    }

    /// y += (what the segments carry away from every node at x), differences first.
    pub fn add_wires(&self, x: &[f64], y: &mut [f64]) {
        let (n, stride) = (self.nodes(), self.stride());
        for f in 0..self.width() {
            for cell in 0..n {
                let g = self.segment(f, cell);
                if g != 0.0 {
                    let (here, there) = (f * n + cell, f * n + cell + stride);
                    let current = g * (x[here] - x[there]);
                    y[here] += current;
                    y[there] -= current;
                }
            }
        }
    }

    /// Sum of the conductances of the segments at a node.
    #[must_use]
    pub fn tied(&self, f: usize, cell: usize) -> f64 {
        let before = if self.is_head(cell) { 0.0 } else { self.segment(f, cell - self.stride()) };
        before + self.segment(f, cell)
    }
}
