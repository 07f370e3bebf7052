//! Passes over an array that begin and end a solve by line-PCG, for every instruction set.
//!
//! ```text
//! reduce    r = b_B + G T_W^-1 b_W
//! recover   x_W = T_W^-1 (b_W + G x_B)
//! ```
//!
//! The passes between them are in [`super::iteration`].

use super::grid::{Block, Grid, LANES, Tile};
use super::ladder::{BitLadders, BitWires, Tiles, WordLadders, WordWires};
use super::network::Network;
use crate::numeric::simd::{Arithmetic, Octet, WIDTH, Work};

/// Lines of a network, eliminated.
pub struct Elimination<'a> {
    /// The network.
    pub network: &'a Network,
    /// Its wires.
    pub wires: (&'a WordWires, &'a BitWires),
    /// Its ladders.
    pub ladders: (&'a WordLadders, &'a BitLadders),
}

impl Elimination<'_> {
    /// Blocks of eight rows.
    pub fn blocks(&self) -> usize {
        self.network.rows.div_ceil(LANES)
    }

    /// T_W^-1 on one block.
    #[inline(always)]
    pub fn solve<A: Arithmetic>(&self, index: usize, lanes: &mut [Octet], tiles: &mut impl Tiles) {
        let block = Block::new(index, self.network.rows, self.network.cols);
        self.ladders.0.solve::<A>(self.wires.0, block, lanes, tiles);
    }
}

/// Vectors of one solve.
pub struct Vectors<'a> {
    /// S p, then y.
    pub q: &'a mut Grid,
    /// Residual.
    pub r: &'a mut Grid,
    /// Search direction.
    pub p: &'a mut Grid,
    /// One block of word lines by column.
    pub lanes: &'a mut [Octet],
    /// What a sweep along the bit lines carries from row to row.
    pub sweep: &'a mut [Octet],
}

/// r = b_B + G T_W^-1 b_W; gives r.r.
pub struct Reduce<'a> {
    /// Lines.
    pub lines: Elimination<'a>,
    /// Right-hand sides.
    pub b: [&'a [f64]; 2],
    /// Vectors.
    pub vectors: Vectors<'a>,
}

struct ReduceTiles<'a> {
    cells: &'a [f64],
    b: [&'a [f64]; 2],
    r: &'a mut Grid,
    norm: Octet,
}

impl Work for Reduce<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> f64 {
        let Self { lines, b, vectors } = self;
        let mut tiles = ReduceTiles { cells: &lines.network.cells, b, r: vectors.r, norm: Octet::ZERO };
        for index in 0..lines.blocks() {
            lines.solve::<A>(index, vectors.lanes, &mut tiles);
        }
        tiles.norm.total()
    }
}

impl Tiles for ReduceTiles<'_> {
    #[inline(always)]
    fn right_hand_side<A: Arithmetic>(&mut self, block: Block, at: usize, wide: usize) -> Tile {
        block.read::<A>(self.b[0], at, wide)
    }

    #[inline(always)]
    fn solution<A: Arithmetic>(&mut self, block: Block, at: usize, wide: usize, x: &Tile) {
        let z = A::transpose(x);
        let tile = self.r.tile_mut(block.index, at / WIDTH);
        for l in 0..block.rows {
            let k = (block.first + l) * block.cols + at;
            let g = A::load(&Octet::read(self.cells, k, wide));
            let r = A::fused(g, A::load(&z[l]), A::load(&Octet::read(self.b[1], k, wide)));
            self.norm = A::store(A::fused(r, r, A::load(&self.norm)));
            tile[l] = A::store(r);
        }
    }
}

/// x_W = T_W^-1 (b_W + G x_B), in place.
pub struct Recover<'a> {
    /// Lines.
    pub lines: Elimination<'a>,
    /// Solution on the bit lines.
    pub xb: &'a [f64],
    /// Right-hand side of the word lines, then their solution.
    pub xw: &'a mut [f64],
    /// One block of word lines by column.
    pub lanes: &'a mut [Octet],
}

struct RecoverTiles<'a> {
    cells: &'a [f64],
    xb: &'a [f64],
    xw: &'a mut [f64],
}

impl Work for Recover<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { lines, xb, xw, lanes } = self;
        let mut tiles = RecoverTiles { cells: &lines.network.cells, xb, xw };
        for index in 0..lines.blocks() {
            lines.solve::<A>(index, lanes, &mut tiles);
        }
    }
}

impl Tiles for RecoverTiles<'_> {
    #[inline(always)]
    fn right_hand_side<A: Arithmetic>(&mut self, block: Block, at: usize, wide: usize) -> Tile {
        let (g, x) = (block.read::<A>(self.cells, at, wide), block.read::<A>(self.xb, at, wide));
        let mut b = block.read::<A>(self.xw, at, wide);
        for k in 0..WIDTH {
            b[k].add_product::<A>(&g[k], &x[k]);
        }
        b
    }

    #[inline(always)]
    fn solution<A: Arithmetic>(&mut self, block: Block, at: usize, wide: usize, x: &Tile) {
        let rows = A::transpose(x);
        for l in 0..block.rows {
            rows[l].write(self.xw, (block.first + l) * block.cols + at, wide);
        }
    }
}
