//! The array network: wires, cells and leaks, and its residual in branch form.
//!
//! Kirchhoff at a word-line node: sum over wires g_w (x - x_neighbour) + leak x + g (x_W - x_B) = b_W, and the same on
//! bit lines with the cell seen from the other side. Differences are formed before they are multiplied, so a residual
//! is exact to rounding of the currents, not of the voltages.

/// One family of lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// Conductance of the segments in S: one value, or one per node for the segment that follows it (row-major
    /// `rows x cols`; the entries after the last node of a line are not read).
    pub wire: Wire,
    /// Conductance from the first node of each line to a known potential (driver, terminal segment).
    pub head: Vec<f64>,
    /// Conductance from the last node of each line.
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

/// An array network. All conductances in S; cells may be negative (differential) as long as the lines stay positive.
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
    /// Conductance of the word segment after node (i, j); 0 after the last.
    #[must_use]
    pub fn word_segment(&self, i: usize, j: usize) -> f64 {
        if j + 1 >= self.cols { 0.0 } else { segment(&self.word.wire, i * self.cols + j) }
    }

    /// Conductance of the bit segment after node (i, j); 0 after the last.
    #[must_use]
    pub fn bit_segment(&self, i: usize, j: usize) -> f64 {
        if i + 1 >= self.rows { 0.0 } else { segment(&self.bit.wire, i * self.cols + j) }
    }

    /// Leak of the word node (i, j): its own and what the ends of the line add.
    #[must_use]
    pub fn word_leak(&self, i: usize, j: usize) -> f64 {
        let mut leak = self.word.leak.as_ref().map_or(0.0, |l| l[i * self.cols + j]);
        if j == 0 {
            leak += self.word.head[i];
        }
        if j + 1 == self.cols {
            leak += self.word.tail[i];
        }
        leak
    }

    /// Leak of the bit node (i, j).
    #[must_use]
    pub fn bit_leak(&self, i: usize, j: usize) -> f64 {
        let mut leak = self.bit.leak.as_ref().map_or(0.0, |l| l[i * self.cols + j]);
        if i == 0 {
            leak += self.bit.head[j];
        }
        if i + 1 == self.rows {
            leak += self.bit.tail[j];
        }
        leak
    }

    /// `r = b - A x` in branch form; all arrays `rows x cols`, row-major.
    pub fn residual(&self, b: [&[f64]; 2], x: [&[f64]; 2], r: [&mut [f64]; 2]) {
        self.add_branches(b, x, r, |g, here, there| -g * (here - there));
    }

    /// `|b| + |A| |x|`, by which rounding errors in the residual are measured.
    pub fn magnitude(&self, b: [&[f64]; 2], x: [&[f64]; 2], r: [&mut [f64]; 2]) {
        let [rw, rb] = r;
        self.add_branches(b, x, [&mut *rw, &mut *rb], |g, here, there| g.abs() * (here.abs() + there.abs()));
        for (r, b) in [rw, rb].into_iter().zip(b) {
            r.iter_mut().zip(b).for_each(|(r, b)| *r += b.abs() - b);
        }
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
        Wire::Each(g) => g[k],
    }
}
