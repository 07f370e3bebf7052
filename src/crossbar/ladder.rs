//! Tridiagonal lines as ladders of conductances.
//!
//! A line with segments c_j, and at node j the conductance e_j (leak + cell) to known potentials, is eliminated from
//! one end by adding conductances in series and in parallel only (the excess, or GTH, form of LDL^T):
//!
//! ```text
//! s_1 = e_1,   d_j = s_j + c_j,   s_{j+1} = e_{j+1} + c_j s_j / d_j
//! ```
//!
//! No subtraction occurs for e >= 0, so every pivot has full relative accuracy however small the leaks are beside the
//! wires (Grassmann, Taksar, Heyman, Oper. Res. 33, 1985). Solving T x = b:
//!
//! ```text
//! y_j = b_j + (c_{j-1} / d_{j-1}) y_{j-1},     x_j = (y_j + c_j x_{j+1}) / d_j
//! ```
//!
//! Word lines run along memory: eight rows go side by side, one per SIMD lane. Bit lines run across memory: all columns
//! go side by side.

use super::network::{Lines, Network, Wire};

/// Rows that are eliminated together.
pub const LANES: usize = 8;

/// One step of eight lines.
pub type Lane = [f64; LANES];

/// Reciprocal pivots 1/d of all word lines, in blocks of eight rows: `block * cols + j` holds eight rows of column j.
#[derive(Debug, Clone, Default)]
pub struct WordLadders {
    /// 1/d.
    pub inverse: Vec<Lane>,
    /// Cells in the same layout.
    pub cells: Vec<Lane>,
    /// Lines whose pivot was not positive.
    pub negative: usize,
}

/// Segment conductances of the word lines in the blocked layout of [`WordLadders`].
#[derive(Debug, Clone)]
pub enum WordWires {
    /// All equal.
    Uniform(f64),
    /// `block * cols + j`: the segment after node j of eight rows.
    Each(Vec<Lane>),
}

impl WordWires {
    /// Reads a family of word lines.
    #[must_use]
    pub fn new(network: &Network) -> Self {
        match &network.word.wire {
            Wire::Uniform(g) => Self::Uniform(*g),
            Wire::Each(_) => {
                let (n, m) = (network.rows, network.cols);
                let lanes = (0..n.div_ceil(LANES) * m).map(|k| {
                    let (block, j) = (k / m, k % m);
                    std::array::from_fn(|l| {
                        let i = block * LANES + l;
                        if i < n { network.word_segment(i, j) } else { 0.0 }
                    })
                });
                Self::Each(lanes.collect())
            }
        }
    }

    /// The segments after column j of a block.
    #[inline]
    #[must_use]
    pub fn at(&self, k: usize) -> Lane {
        match self {
            Self::Uniform(g) => [*g; LANES],
            Self::Each(lanes) => lanes[k],
        }
    }
}

impl WordLadders {
    /// Eliminates all word lines.
    pub fn factor(&mut self, network: &Network, wires: &WordWires) {
        let (n, m) = (network.rows, network.cols);
        let blocks = n.div_ceil(LANES);
        self.inverse.resize(blocks * m, [0.0; LANES]);
        self.cells.resize(blocks * m, [0.0; LANES]);
        self.negative = 0;
        let plain = network.word.leak.is_none();
        for block in 0..blocks {
            let lines = LANES.min(n - block * LANES);
            let mut s: Lane = [0.0; LANES];
            let mut bad = [false; LANES];
            for l in 0..lines {
                s[l] = network.word.head[block * LANES + l];
            }
            for j in 0..m {
                let mut cell = [0.0; LANES];
                for l in 0..lines {
                    cell[l] = network.cells[(block * LANES + l) * m + j];
                    s[l] += cell[l];
                }
                if !plain && let Some(leak) = &network.word.leak {
                    for l in 0..lines {
                        s[l] += leak[(block * LANES + l) * m + j];
                    }
                }
                let last = j + 1 == m;
                let c = if last { [0.0; LANES] } else { wires.at(block * m + j) };
                if last {
                    for l in 0..lines {
                        s[l] += network.word.tail[block * LANES + l];
                    }
                }
                let mut inverse = [0.0; LANES];
                for l in 0..lines {
                    let d = s[l] + c[l];
                    bad[l] |= d <= 0.0;
                    // a line that nothing ties down keeps its last node where it is
                    inverse[l] = if d == 0.0 { 0.0 } else { 1.0 / d };
                    s[l] = c[l] * s[l] * inverse[l];
                }
                self.inverse[block * m + j] = inverse;
                self.cells[block * m + j] = cell;
            }
            self.negative += bad.iter().filter(|b| **b).count();
        }
    }

    /// x = T_W^-1 b for all word lines; `b` and `x` row-major.
    pub fn solve(&self, network: &Network, wires: &WordWires, b: &[f64], x: &mut [f64]) {
        let (n, m) = (network.rows, network.cols);
        let mut y = vec![[0.0; LANES]; m];
        for block in 0..n.div_ceil(LANES) {
            let lines = LANES.min(n - block * LANES);
            let rows = block * LANES * m..(block * LANES + lines) * m;
            self.solve_block(wires, block, m, |j, l| if l < lines { b[rows.start + l * m + j] } else { 0.0 }, &mut y);
            for l in 0..lines {
                for (j, value) in x[rows.start + l * m..rows.start + (l + 1) * m].iter_mut().enumerate() {
                    *value = y[j][l];
                }
            }
        }
    }

    /// Solves one block of eight lines; `y` ends as the solution by column.
    #[inline(always)]
    pub fn solve_block(
        &self,
        wires: &WordWires,
        block: usize,
        m: usize,
        b: impl Fn(usize, usize) -> f64,
        y: &mut [Lane],
    ) {
        let inverse = &self.inverse[block * m..(block + 1) * m];
        let mut carry: Lane = [0.0; LANES];
        for j in 0..m {
            let c = wires.at(block * m + j);
            let mut now = [0.0; LANES];
            for l in 0..LANES {
                now[l] = b(j, l) + carry[l];
                carry[l] = c[l] * inverse[j][l] * now[l];
            }
            y[j] = now;
        }
        let mut next: Lane = [0.0; LANES];
        for j in (0..m).rev() {
            let c = if j + 1 == m { [0.0; LANES] } else { wires.at(block * m + j) };
            for l in 0..LANES {
                next[l] = inverse[j][l] * (y[j][l] + c[l] * next[l]);
            }
            y[j] = next;
        }
    }
}

/// Reciprocal pivots of all bit lines, row-major.
#[derive(Debug, Clone, Default)]
pub struct BitLadders {
    /// 1/d.
    pub inverse: Vec<f64>,
    /// Lines whose pivot was not positive.
    pub negative: usize,
}

impl BitLadders {
    /// Eliminates all bit lines from row 0 down.
    pub fn factor(&mut self, network: &Network, wires: &BitWires) {
        let (n, m) = (network.rows, network.cols);
        self.inverse.resize(n * m, 0.0);
        let mut s: Vec<f64> = network.bit.head.clone();
        let mut bad = vec![false; m];
        for i in 0..n {
            let c = wires.after(i, m);
            let row = i * m..(i + 1) * m;
            if let Some(leak) = &network.bit.leak {
                for (s, leak) in s.iter_mut().zip(&leak[row.clone()]) {
                    *s += leak;
                }
            }
            if i + 1 == n {
                for (s, tail) in s.iter_mut().zip(&network.bit.tail) {
                    *s += tail;
                }
            }
            let cells = &network.cells[row.clone()];
            let inverse = &mut self.inverse[row];
            for j in 0..m {
                let e = s[j] + cells[j];
                let c = if i + 1 == n { 0.0 } else { c[j] };
                let d = e + c;
                bad[j] |= d <= 0.0;
                inverse[j] = if d == 0.0 { 0.0 } else { 1.0 / d };
                s[j] = c * e * inverse[j];
            }
        }
        self.negative = bad.iter().filter(|b| **b).count();
    }
}

/// Segment conductances of the bit lines, row by row.
#[derive(Debug, Clone)]
pub enum BitWires {
    /// One row of equal values, read again and again from cache.
    Uniform(Vec<f64>),
    /// Row-major: the segments after each row.
    Each(Vec<f64>),
}

impl BitWires {
    /// Reads a family of bit lines.
    #[must_use]
    pub fn new(lines: &Lines, cols: usize) -> Self {
        match &lines.wire {
            Wire::Uniform(g) => Self::Uniform(vec![*g; cols]),
            Wire::Each(g) => Self::Each(g.clone()),
        }
    }

    /// The segments between row i and row i + 1.
    #[inline]
    #[must_use]
    pub fn after(&self, i: usize, cols: usize) -> &[f64] {
        match self {
            Self::Uniform(row) => row,
            Self::Each(all) => &all[i * cols..(i + 1) * cols],
        }
    }
}
