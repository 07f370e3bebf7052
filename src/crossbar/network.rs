//! The array network: wires, cells and leaks, and its residual in branch form.
//!
//! Kirchhoff at a word-line node: sum over wires g_w (x - x_neighbour) + leak x + g (x_W - x_B) = b_W, and the same on
//! bit lines with the cell seen from the other side. Differences are formed before they are multiplied, so a residual
//! is exact to rounding of the currents, not of the voltages.

use super::frontal::Side;
use super::misfit::{self, Field, Misfit, Of};

/// One family of lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// Conductance of the segments in S: one value, or one per node for the segment that follows it (row-major
    /// `rows x cols`; the entries after the last node of a line are not read). 0 is a broken segment; nothing is negative.
    pub wire: Wire,
    /// Conductance from the first node of each line to a known potential (driver, terminal segment); one per line.
    pub head: Vec<f64>,
    /// Conductance from the last node of each line; one per line.
    pub tail: Vec<f64>,
    /// Conductance to a known potential at every node (line capacitance over step, gmin), row-major; `None` = 0.
    pub leak: Option<Vec<f64>>,
}

/// Segment conductances in S.
#[derive(Debug, Clone, PartialEq)]
pub enum Wire {
    /// All equal.
    Uniform(f64),
    /// One per node, for the segment that follows it.
    Each(Vec<f64>),
}

impl Lines {
    /// Lines of equal segments, floating until `head` or `tail` are set.
    #[must_use]
    pub fn uniform(conductance: f64, lines: usize) -> Self {
        Self { wire: Wire::Uniform(conductance), head: vec![0.0; lines], tail: vec![0.0; lines], leak: None }
    }
}

/// An array network. All conductances in S and finite; cells, heads, tails and leaks may be negative (differential
/// conductances), segments may not. Line-PCG solves it as long as the lines stay positive, the multifrontal factorization
/// as long as no pivot vanishes. [`Network::check`] tells whether lengths and numbers are such.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Word lines.
    pub rows: usize,
    /// Bit lines.
    pub cols: usize,
    /// Word lines: node (i, j) of line i.
    pub word: Lines,
    /// Bit lines: node (i, j) of line j.
    pub bit: Lines,
    /// Cell conductances, row-major.
    pub cells: Vec<f64>,
}

impl Network {
    /// Conductance of the word segment after node (i, j); 0 after the last, and outside of the array.
    #[must_use]
    pub fn word_segment(&self, i: usize, j: usize) -> f64 {
        if i >= self.rows || j >= self.cols.saturating_sub(1) {
            return 0.0;
        }
        segment(&self.word.wire, i * self.cols + j)
    }

    /// Conductance of the bit segment after node (i, j); 0 after the last, and outside of the array.
    #[must_use]
    pub fn bit_segment(&self, i: usize, j: usize) -> f64 {
        if j >= self.cols || i >= self.rows.saturating_sub(1) {
            return 0.0;
        }
        segment(&self.bit.wire, i * self.cols + j)
    }

    /// Leak of the word node (i, j): its own and what the ends of the line add; 0 outside of the array.
    #[must_use]
    pub fn word_leak(&self, i: usize, j: usize) -> f64 {
        self.leak(&self.word, (i, j), (i, j, self.cols))
    }

    /// Leak of the bit node (i, j); 0 outside of the array.
    #[must_use]
    pub fn bit_leak(&self, i: usize, j: usize) -> f64 {
        self.leak(&self.bit, (i, j), (j, i, self.rows))
    }

    /// Leak of node (i, j), which is number `along` of `nodes` on a line.
    #[inline]
    fn leak(&self, lines: &Lines, (i, j): (usize, usize), (line, along, nodes): (usize, usize, usize)) -> f64 {
        if i >= self.rows || j >= self.cols {
            return 0.0;
        }
        let mut leak = lines.leak.as_ref().map_or(0.0, |leak| value(leak, i * self.cols + j));
        if along == 0 {
            leak += value(&lines.head, line);
        }
        if along + 1 == nodes {
            leak += value(&lines.tail, line);
        }
        leak
    }

    /// `r = b - A x` in branch form; all arrays `rows x cols`, row-major, index 0 word lines and 1 bit lines.
    ///
    /// # Errors
    /// Lengths that do not go together.
    pub fn residual(&self, b: [&[f64]; 2], x: [&[f64]; 2], r: [&mut [f64]; 2]) -> Result<(), Misfit> {
        self.check_vectors(b, x, &r)?;
        self.add_branches(b, x, r, |g, here, there| -g * (here - there));
        Ok(())
    }

    /// `|b| + |A| |x|`, by which rounding errors in the residual are measured.
    ///
    /// # Errors
    /// Those of [`Network::residual`].
    pub fn magnitude(&self, b: [&[f64]; 2], x: [&[f64]; 2], r: [&mut [f64]; 2]) -> Result<(), Misfit> {
        self.check_vectors(b, x, &r)?;
        let [rw, rb] = r;
        self.add_branches(b, x, [&mut *rw, &mut *rb], |g, here, there| g.abs() * (here.abs() + there.abs()));
        for (r, b) in [rw, rb].into_iter().zip(b) {
            r.iter_mut().zip(b).for_each(|(r, b)| *r += b.abs() - b);
        }
        Ok(())
    }

    fn check_vectors(&self, b: [&[f64]; 2], x: [&[f64]; 2], r: &[&mut [f64]; 2]) -> Result<(), Misfit> {
        let count = self.check_lengths()?;
        misfit::vectors(b, x, count)?;
        [Side::Word, Side::Bit]
            .into_iter()
            .zip(r)
            .try_for_each(|(side, r)| misfit::length(Field::Residual(Of::Side(side)), r, count))
    }

    /// `r = b + ` the sum of `branch(conductance, here, there)` over all branches at each node.
    #[inline]
    fn add_branches(&self, b: [&[f64]; 2], x: [&[f64]; 2], r: [&mut [f64]; 2], branch: impl Fn(f64, f64, f64) -> f64) {
        let (n, m) = (self.rows, self.cols);
        let [xw, xb] = x;
        let [rw, rb] = r;
        for i in 0..n {
            for j in 0..m {
                let k = i * m + j;
                let mut word = b[0][k] + branch(self.word_leak(i, j), xw[k], 0.0) + branch(self.cells[k], xw[k], xb[k]);
                let mut bit = b[1][k] + branch(self.bit_leak(i, j), xb[k], 0.0) + branch(self.cells[k], xb[k], xw[k]);
                if j > 0 {
                    word += branch(self.word_segment(i, j - 1), xw[k], xw[k - 1]);
                }
                if j + 1 < m {
                    word += branch(self.word_segment(i, j), xw[k], xw[k + 1]);
                }
                if i > 0 {
                    bit += branch(self.bit_segment(i - 1, j), xb[k], xb[k - m]);
                }
                if i + 1 < n {
                    bit += branch(self.bit_segment(i, j), xb[k], xb[k + m]);
                }
                rw[k] = word;
                rb[k] = bit;
            }
        }
    }
}

fn segment(wire: &Wire, k: usize) -> f64 {
    match wire {
        Wire::Uniform(g) => *g,
        Wire::Each(g) => value(g, k),
    }
}

/// A value, or 0 where a network that nobody checked has none.
fn value(values: &[f64], k: usize) -> f64 {
    values.get(k).copied().unwrap_or(0.0)
}
