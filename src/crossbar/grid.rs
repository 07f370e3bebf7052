//! Arrays of numbers in tiles of eight rows and eight columns.

use std::ops::Range;

use crate::numeric::simd::{Arithmetic, Octet, WIDTH};

/// Rows that are eliminated together.
pub const LANES: usize = WIDTH;

/// Eight columns of eight rows, or the other way round.
pub type Tile = [Octet; WIDTH];

/// A row-major array in tiles: each row of a tile is a cache line, and the tiles of eight rows lie side by side, so that a
/// pass streams every array from end to end however long its rows are. Beyond the last row and column are zeros.
#[derive(Debug, Clone)]
pub struct Grid {
    tiles: Vec<Tile>,
    /// Tiles of eight rows.
    wide: usize,
}

impl Grid {
    /// Zeros.
    #[must_use]
    pub fn new(rows: usize, cols: usize) -> Self {
        let wide = cols.div_ceil(WIDTH);
        Self { tiles: vec![[Octet::ZERO; LANES]; rows.div_ceil(LANES) * wide], wide }
    }

    /// Tile t of a block of eight rows, one octet for each row.
    #[inline(always)]
    #[must_use]
    pub fn tile(&self, block: usize, t: usize) -> &Tile {
        &self.tiles[block * self.wide + t]
    }

    /// The same.
    #[inline(always)]
    pub fn tile_mut(&mut self, block: usize, t: usize) -> &mut Tile {
        &mut self.tiles[block * self.wide + t]
    }

    /// Row i, octet by octet.
    pub fn row(&self, i: usize) -> impl Iterator<Item = &Octet> {
        let first = i / LANES * self.wide;
        self.tiles[first..first + self.wide].iter().map(move |tile| &tile[i % LANES])
    }

    /// The same.
    pub fn row_mut(&mut self, i: usize) -> impl Iterator<Item = &mut Octet> {
        let first = i / LANES * self.wide;
        self.tiles[first..first + self.wide].iter_mut().map(move |tile| &mut tile[i % LANES])
    }

    /// Sets everything to zero.
    pub fn clear(&mut self) {
        self.tiles.fill([Octet::ZERO; LANES]);
    }

    /// Takes the numbers of a row-major array of `cols` columns.
    pub fn set(&mut self, values: &[f64], cols: usize) {
        for (i, values) in values.chunks(cols).enumerate() {
            for (octet, values) in self.row_mut(i).zip(values.chunks(WIDTH)) {
                *octet = Octet::read(values, 0, values.len());
            }
        }
    }
}

/// Eight rows of a row-major array.
#[derive(Clone, Copy)]
pub struct Block {
    /// Blocks above.
    pub index: usize,
    /// First row.
    pub first: usize,
    /// Rows; fewer than eight at the end.
    pub rows: usize,
    /// Columns of the array.
    pub cols: usize,
}

impl Block {
    /// The blocks of an array.
    #[must_use]
    pub fn new(index: usize, rows: usize, cols: usize) -> Self {
        let first = index * LANES;
        Self { index, first, rows: LANES.min(rows - first), cols }
    }

    /// Number of tiles.
    #[must_use]
    pub fn tiles(self) -> usize {
        self.cols.div_ceil(WIDTH)
    }

    /// First column and number of columns of a tile.
    #[inline(always)]
    #[must_use]
    pub fn tile(self, t: usize) -> (usize, usize) {
        (t * WIDTH, WIDTH.min(self.cols - t * WIDTH))
    }

    /// The block in the layout of [`WordLadders`].
    #[must_use]
    pub fn blocked(self) -> Range<usize> {
        let cols = self.cols.next_multiple_of(WIDTH);
        self.index * cols..(self.index + 1) * cols
    }

    /// A tile of a row-major array, one octet for each column.
    #[inline(always)]
    #[must_use]
    pub fn read<A: Arithmetic>(self, values: &[f64], at: usize, wide: usize) -> Tile {
        let start = self.first * self.cols + at;
        let mut rows = [Octet::ZERO; LANES];
        if self.rows == LANES && wide == WIDTH {
            for (l, row) in rows.iter_mut().enumerate() {
                *row = Octet::read(values, start + l * self.cols, WIDTH);
            }
        } else {
            for (l, row) in rows.iter_mut().enumerate().take(self.rows) {
                *row = Octet::read(values, start + l * self.cols, wide);
            }
        }
        A::transpose(&rows)
    }

    /// Where a tile begins in an array of n x m numbers whose blocks are kept tile by tile, `wide` numbers of each row of
    /// a tile after the other. A block takes the same place as in a row-major array.
    #[inline(always)]
    #[must_use]
    pub fn in_tiles(self, at: usize) -> usize {
        self.first * self.cols + self.rows * at
    }
}

/// Rearranges a row-major array of `cols` columns so that its blocks are [tile by tile](Block::in_tiles); `room` is kept
/// for the next time.
pub fn to_tiles(values: &mut [f64], cols: usize, room: &mut Vec<f64>) {
    each_run(values, cols, room, |values, rows, room, tiles| values[tiles].copy_from_slice(&room[rows]));
}

/// The way back.
pub fn to_rows(values: &mut [f64], cols: usize, room: &mut Vec<f64>) {
    each_run(values, cols, room, |values, rows, room, tiles| values[rows].copy_from_slice(&room[tiles]));
}

/// Block by block: copies it into `room`, and gives for each row of each tile where it is in a row-major block and where
/// in one that is kept tile by tile.
fn each_run(
    values: &mut [f64],
    cols: usize,
    room: &mut Vec<f64>,
    copy: impl Fn(&mut [f64], Range<usize>, &[f64], Range<usize>),
) {
    for values in values.chunks_mut(LANES * cols.max(1)) {
        room.clear();
        room.extend_from_slice(values);
        let rows = values.len() / cols;
        for at in (0..cols).step_by(WIDTH) {
            let wide = WIDTH.min(cols - at);
            for l in 0..rows {
                let (row, tile) = (l * cols + at, rows * at + l * wide);
                copy(values, row..row + wide, room, tile..tile + wide);
            }
        }
    }
}
