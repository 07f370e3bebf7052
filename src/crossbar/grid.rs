//! Row-major arrays in octets, and tiles of eight by eight numbers of them.

use std::ops::Range;

use crate::numeric::simd::{Arithmetic, Octet, WIDTH};

/// Rows that are eliminated together.
pub const LANES: usize = WIDTH;

/// Eight columns of eight rows, or the other way round.
pub type Tile = [Octet; WIDTH];

/// A row-major array in octets. Rows end with zeros, and begin at different distances from page boundaries: the rows of a
/// tile would otherwise fight for the same few lines of the cache.
#[derive(Debug, Clone)]
pub struct Grid {
    octets: Vec<Octet>,
    stride: usize,
    /// Octets of a row.
    wide: usize,
}

impl Grid {
    /// Zeros.
    #[must_use]
    pub fn new(rows: usize, cols: usize) -> Self {
        let wide = cols.div_ceil(WIDTH);
        Self { octets: vec![Octet::ZERO; rows * (wide + 1)], stride: wide + 1, wide }
    }

    /// Row i.
    #[inline(always)]
    #[must_use]
    pub fn row(&self, i: usize) -> &[Octet] {
        &self.octets[i * self.stride..i * self.stride + self.wide]
    }

    /// Row i.
    #[inline(always)]
    pub fn row_mut(&mut self, i: usize) -> &mut [Octet] {
        &mut self.octets[i * self.stride..i * self.stride + self.wide]
    }

    /// One octet of row i.
    #[inline(always)]
    #[must_use]
    pub fn at(&self, i: usize, t: usize) -> &Octet {
        &self.octets[i * self.stride + t]
    }

    /// One octet of row i.
    #[inline(always)]
    pub fn at_mut(&mut self, i: usize, t: usize) -> &mut Octet {
        &mut self.octets[i * self.stride + t]
    }

    /// Sets everything to zero.
    pub fn clear(&mut self) {
        self.octets.fill(Octet::ZERO);
    }

    /// Takes the numbers of a row-major array of `cols` columns.
    pub fn set(&mut self, values: &[f64], cols: usize) {
        for (row, values) in self.octets.chunks_mut(self.stride).zip(values.chunks(cols)) {
            for (octet, values) in row.iter_mut().zip(values.chunks(WIDTH)) {
                *octet = Octet::read(values, 0, values.len());
            }
        }
    }
}

/// Eight rows of a row-major array.
#[derive(Clone, Copy)]
pub struct Block {
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
        Self { first, rows: LANES.min(rows - first), cols }
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
        let (index, cols) = (self.first / LANES, self.cols.next_multiple_of(WIDTH));
        index * cols..(index + 1) * cols
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

    /// The same of an array in octets.
    #[inline(always)]
    #[must_use]
    pub fn tile_of<A: Arithmetic>(self, grid: &Grid, t: usize) -> Tile {
        let mut rows = [Octet::ZERO; LANES];
        if self.rows == LANES {
            for (l, row) in rows.iter_mut().enumerate() {
                *row = *grid.at(self.first + l, t);
            }
        } else {
            for (l, row) in rows.iter_mut().enumerate().take(self.rows) {
                *row = *grid.at(self.first + l, t);
            }
        }
        A::transpose(&rows)
    }
}
