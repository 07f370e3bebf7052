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
//! Word lines run along memory: eight rows go side by side, one per SIMD lane, and tiles of eight by eight numbers are
//! transposed on their way between memory and lanes. Bit lines run across memory: all columns go side by side.

use super::grid::{Block, Grid, LANES, Tile};
use super::network::{Lines, Network, Wire};
use crate::numeric::simd::{Arithmetic, Level, Octet, WIDTH, Work};

/// Reciprocal pivots 1/d of all word lines, in blocks of eight rows: eight rows of column j, column after column, then
/// zeros up to a multiple of eight columns.
#[derive(Debug, Clone, Default)]
pub struct WordLadders {
    /// 1/d.
    pub inverse: Vec<Octet>,
    /// Cells in the same layout.
    pub cells: Vec<Octet>,
    /// Lines whose pivot was not positive.
    pub negative: usize,
}

/// Segment conductances of the word lines in the blocked layout of [`WordLadders`].
#[derive(Debug, Clone)]
pub enum WordWires {
    /// All equal.
    Uniform(Octet),
    /// The segment after every node.
    Each(Vec<Octet>),
}

impl WordWires {
    /// Reads a family of word lines.
    #[must_use]
    pub fn new(network: &Network) -> Self {
        match &network.word.wire {
            Wire::Uniform(g) => Self::Uniform(Octet([*g; WIDTH])),
            Wire::Each(_) => {
                let (n, m) = (network.rows, network.cols.next_multiple_of(WIDTH));
                let lanes = (0..n.div_ceil(LANES) * m).map(|k| {
                    let (block, j) = (k / m, k % m);
                    Octet(std::array::from_fn(|l| {
                        let i = block * LANES + l;
                        if i < n { network.word_segment(i, j) } else { 0.0 }
                    }))
                });
                Self::Each(lanes.collect())
            }
        }
    }

    /// The segments after column j of a block.
    #[inline(always)]
    #[must_use]
    fn at(&self, k: usize) -> &Octet {
        match self {
            Self::Uniform(g) => g,
            Self::Each(lanes) => &lanes[k],
        }
    }
}

impl WordLadders {
    /// Eliminates all word lines.
    pub fn factor(&mut self, level: Level, network: &Network, wires: &WordWires) {
        let cols = network.cols.next_multiple_of(WIDTH);
        for octets in [&mut self.inverse, &mut self.cells] {
            octets.resize(network.rows.div_ceil(LANES) * cols, Octet::ZERO);
        }
        let Self { inverse, cells, .. } = self;
        self.negative = level.run(WordFactor { inverse, cells, network, wires });
    }

    /// T_W^-1 on one block; `y` has room for a line.
    #[inline(always)]
    pub fn solve<A: Arithmetic>(&self, wires: &WordWires, block: Block, y: &mut [Octet], tiles: &mut impl Tiles) {
        let base = block.blocked();
        let inverse = &self.inverse[base.clone()];
        let y = &mut y[..inverse.len()];
        // one fused operation from node to node: the chain of all nodes of a line decides how long a short one takes
        let (mut along, mut before) = (A::splat(0.0), A::splat(0.0));
        for t in 0..block.tiles() {
            let (at, wide) = block.tile(t);
            let b = tiles.right_hand_side::<A>(block, at, wide);
            for k in 0..WIDTH {
                let j = at + k;
                let now = A::fused(along, before, A::load(&b[k]));
                y[j] = A::store(now);
                before = now;
                along = A::product(A::load(wires.at(base.start + j)), A::load(&inverse[j]));
            }
        }
        // behind the last node 1/d is zero, and so is x
        let mut next = A::splat(0.0);
        for t in (0..block.tiles()).rev() {
            let (at, wide) = block.tile(t);
            let mut x = [Octet::ZERO; WIDTH];
            for k in (0..WIDTH).rev() {
                let j = at + k;
                let inverse = A::load(&inverse[j]);
                let along = A::product(inverse, A::load(wires.at(base.start + j)));
                next = A::fused(along, next, A::product(inverse, A::load(&y[j])));
                x[k] = A::store(next);
            }
            tiles.solution::<A>(block, at, wide, &x);
        }
    }
}

/// What the ladders of a block are solved for, tile by tile: right-hand sides from the first tile to the last, solutions
/// from the last to the first. A tile begins at a column and is up to eight columns wide, one octet for each.
pub trait Tiles {
    /// The right-hand side of a tile, zeros beyond its width.
    fn right_hand_side<A: Arithmetic>(&mut self, block: Block, at: usize, wide: usize) -> Tile;
    /// Takes the solution of a tile.
    fn solution<A: Arithmetic>(&mut self, block: Block, at: usize, wide: usize, x: &Tile);
}

/// Is 1/d positive and finite, and so d? Conductances that are no numbers end here.
#[inline(always)]
fn is_usable(inverse: f64) -> bool {
    inverse > 0.0 && inverse < f64::INFINITY
}

/// Pivots of all word lines; gives the number of lines with one that is not positive.
struct WordFactor<'a> {
    inverse: &'a mut [Octet],
    cells: &'a mut [Octet],
    network: &'a Network,
    wires: &'a WordWires,
}

impl Work for WordFactor<'_> {
    type Output = usize;

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> usize {
        let Self { inverse, cells: blocked, network, wires } = self;
        let (n, m) = (network.rows, network.cols);
        let mut negative = 0;
        for index in 0..n.div_ceil(LANES) {
            let block = Block::new(index, n, m);
            let base = block.blocked().start;
            let ends = |end: &[f64]| Octet::read(end, block.first, block.rows).0;
            let (mut s, tail) = (ends(&network.word.head), ends(&network.word.tail));
            let mut bad = [false; LANES];
            for t in 0..block.tiles() {
                let (at, wide) = block.tile(t);
                let cells = block.read::<A>(&network.cells, at, wide);
                blocked[base + at..base + at + WIDTH].copy_from_slice(&cells);
                let leak = network.word.leak.as_ref().map(|leak| block.read::<A>(leak, at, wide));
                for k in 0..wide {
                    let j = at + k;
                    let last = j + 1 == m;
                    let after = if last { Octet::ZERO } else { *wires.at(base + j) };
                    let leak = leak.as_ref().map_or(Octet::ZERO, |leak| leak[k]);
                    let pivots = &mut inverse[base + j].0;
                    for l in 0..LANES {
                        let e = s[l] + cells[k].0[l] + leak.0[l] + if last { tail[l] } else { 0.0 };
                        let d = e + after.0[l];
                        // a line that nothing ties down keeps its last node where it is
                        pivots[l] = if d == 0.0 { 0.0 } else { 1.0 / d };
                        bad[l] |= !is_usable(pivots[l]);
                        s[l] = after.0[l] * e * pivots[l];
                    }
                }
            }
            negative += bad[..block.rows].iter().filter(|b| **b).count();
        }
        negative
    }
}

/// Reciprocal pivots of all bit lines.
#[derive(Debug, Clone)]
pub struct BitLadders {
    /// 1/d.
    pub inverse: Grid,
    /// Lines whose pivot was not positive.
    pub negative: usize,
}

impl BitLadders {
    /// Room for the bit lines of a network.
    #[must_use]
    pub fn new(network: &Network) -> Self {
        Self { inverse: Grid::new(network.rows, network.cols), negative: 0 }
    }

    /// Eliminates all bit lines from row 0 down.
    pub fn factor(&mut self, level: Level, network: &Network, wires: &BitWires) {
        self.negative = level.run(BitFactor { inverse: &mut self.inverse, network, wires });
    }
}

/// Pivots of all bit lines; gives the number of lines with one that is not positive.
struct BitFactor<'a> {
    inverse: &'a mut Grid,
    network: &'a Network,
    wires: &'a BitWires,
}

impl Work for BitFactor<'_> {
    type Output = usize;

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> usize {
        let Self { inverse, network, wires } = self;
        let (n, m) = (network.rows, network.cols);
        let mut s: Vec<_> = network.bit.head.chunks(WIDTH).map(|head| Octet::read(head, 0, head.len())).collect();
        let mut good = vec![[1.0; WIDTH]; s.len()];
        // row by row, not tile by tile: the pivots of a column wait for each other, those of a row do not
        for i in 0..n {
            let (block, l, last) = (Block::new(i / LANES, n, m), i % LANES, i + 1 == n);
            for (t, (s, good)) in s.iter_mut().zip(&mut good).enumerate() {
                let (at, wide) = block.tile(t);
                let k = i * m + at;
                if let Some(leak) = &network.bit.leak {
                    s.add::<A>(&Octet::read(leak, k, wide));
                }
                if last {
                    s.add::<A>(&Octet::read(&network.bit.tail, at, wide));
                }
                let after = if last { Octet::ZERO } else { *wires.after(block.index, t, l) };
                let (cells, pivots) = (Octet::read(&network.cells, k, wide), &mut inverse.tile_mut(block.index, t)[l]);
                for c in 0..WIDTH {
                    let e = s.0[c] + cells.0[c];
                    let d = e + after.0[c];
                    pivots.0[c] = if d == 0.0 { 0.0 } else { 1.0 / d };
                    // no flag: eight numbers are chosen at once
                    good[c] = if is_usable(pivots.0[c]) { good[c] } else { 0.0 };
                    s.0[c] = after.0[c] * e * pivots.0[c];
                }
            }
        }
        // behind the last column there is nothing
        good.as_flattened()[..m].iter().filter(|good| **good == 0.0).count()
    }
}

/// Segment conductances of the bit lines.
#[derive(Debug, Clone)]
pub enum BitWires {
    /// A row of equal values, read again and again from cache.
    Uniform(Vec<Octet>),
    /// The segments after each row, none after the last.
    Each(Grid),
}

impl BitWires {
    /// Reads a family of bit lines.
    #[must_use]
    pub fn new(lines: &Lines, rows: usize, cols: usize) -> Self {
        match &lines.wire {
            Wire::Uniform(g) => {
                Self::Uniform(vec![*g; cols].chunks(WIDTH).map(|g| Octet::read(g, 0, g.len())).collect())
            }
            Wire::Each(g) => {
                let mut grid = Grid::new(rows, cols);
                grid.set(&g[..rows.saturating_sub(1) * cols], cols);
                Self::Each(grid)
            }
        }
    }

    /// The segments between a row of a tile and the next row.
    #[inline(always)]
    #[must_use]
    pub fn after(&self, block: usize, t: usize, l: usize) -> &Octet {
        match self {
            Self::Uniform(row) => &row[t],
            Self::Each(all) => &all.tile(block, t)[l],
        }
    }
}
