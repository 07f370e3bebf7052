//! Nested dissection of an array by its geometry.
//!
//! Between columns j and j + 1 only word lines cross, so the word nodes W(:, j) separate the two sides; between rows i
//! and i + 1 the bit nodes B(i, :) do (A. George, SIAM J. Numer. Anal. 10, 1973). The array is padded to tiles of 8 x 8
//! cells. Tile (p, q) owns
//!
//! ```text
//! W block (p, q): W(8p..8p+8, 8q+7), its right edge      B block (p, q): B(8p+7, 8q..8q+8), its lower edge
//! ```
//!
//! and everything inside them; it touches the W block of its left and the B block of its upper neighbour. Rectangles
//! of tiles are halved until one tile is left; a front joins two halves, eliminates the blocks that only they touch and
//! keeps the blocks on its rim. Blocks are numbered in the order of their elimination, every front lists its blocks in
//! that order, and so a lower triangle stays a lower triangle on its way up: nothing is ever transposed.

use std::collections::HashSet;
use std::ops::Range;

use crate::numeric::simd::WIDTH;

/// Which family of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Word lines.
    Word,
    /// Bit lines.
    Bit,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if *self == Self::Word { "word" } else { "bit" })
    }
}

/// Eight nodes that are eliminated together: those of a tile's right (word) or lower (bit) edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Of which lines.
    pub side: Side,
    /// Tile row.
    pub row: usize,
    /// Tile column.
    pub col: usize,
}

impl Block {
    /// Row and column of its node `k` of eight.
    #[must_use]
    pub fn node(&self, k: usize) -> (usize, usize) {
        let (row, col) = (WIDTH * self.row, WIDTH * self.col);
        match self.side {
            Side::Word => (row + k, col + WIDTH - 1),
            Side::Bit => (row + WIDTH - 1, col + k),
        }
    }
}

/// What a front joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A tile, by its place in [`Tree::tiles`].
    Tile(usize),
    /// A front, by its place in [`Tree::fronts`].
    Front(usize),
}

/// Slots of a tile's rim: left, upper, right, lower.
pub const RIM: usize = 4;
/// A rim slot without a block.
pub const NONE: u32 = u32::MAX;

/// A dense front: rows and columns are blocks of eight nodes.
#[derive(Debug, Clone)]
pub struct Front {
    /// Number of the first block that it eliminates; the others follow.
    pub first: usize,
    /// Blocks that it eliminates.
    pub pivots: usize,
    /// Blocks that it keeps: range of [`Tree::lists`], numbers in rising order.
    pub rim: Range<usize>,
    /// Parts with, for each block of their rim (slot, for a tile), the row here: ranges of [`Tree::lists`].
    pub parts: Vec<(Part, Range<usize>)>,
    /// Halvings above it.
    pub depth: usize,
}

impl Front {
    /// Rows, in blocks.
    #[must_use]
    pub fn height(&self) -> usize {
        self.pivots + self.rim.len()
    }
}

/// The dissection of one shape.
#[derive(Debug, Clone)]
pub struct Tree {
    /// Tiles by row and column of tiles, in the order in which fronts ask for them.
    pub tiles: Vec<[usize; 2]>,
    /// Block in each slot of each tile's rim, or [`NONE`].
    pub rims: Vec<[u32; RIM]>,
    /// Fronts, parts before wholes.
    pub fronts: Vec<Front>,
    /// Blocks by number.
    pub blocks: Vec<Block>,
    /// Block numbers and rows, one range per use.
    pub lists: Vec<u32>,
}

/// Tile rows from, to; tile columns from, to.
type Rectangle = [usize; 4];

/// A node of the recursion.
enum Half {
    Tile(usize),
    Front(usize),
}

struct Dissection {
    rows: usize,
    cols: usize,
    tile_rows: usize,
    tile_cols: usize,
    /// Number of each block by [`Dissection::key`].
    numbers: Vec<u32>,
    blocks: Vec<Block>,
    tiles: Vec<[usize; 2]>,
    /// Rectangle, parts, eliminated blocks, depth.
    fronts: Vec<(Rectangle, Vec<Half>, Range<usize>, usize)>,
}

impl Dissection {
    fn key(&self, block: Block) -> usize {
        2 * (block.row * self.tile_cols + block.col) + usize::from(block.side == Side::Bit)
    }

    /// Has the block a node of the array, or is it padding?
    fn exists(&self, block: Block) -> bool {
        match block.side {
            Side::Word => block.col * WIDTH + WIDTH - 1 < self.cols,
            Side::Bit => block.row * WIDTH + WIDTH - 1 < self.rows,
        }
    }

    /// Blocks that a rectangle touches and something outside it touches too; with `edges`, also those of its own that
    /// lie on the edge of the array.
    fn rim(&self, [top, bottom, left, right]: Rectangle, edges: bool) -> Vec<Block> {
        let word = |col: usize| (top..bottom).map(move |row| Block { side: Side::Word, row, col });
        let bit = |row: usize| (left..right).map(move |col| Block { side: Side::Bit, row, col });
        let mut rim: Vec<Block> = Vec::new();
        if left > 0 {
            rim.extend(word(left - 1));
        }
        if top > 0 {
            rim.extend(bit(top - 1));
        }
        if right < self.tile_cols || edges {
            rim.extend(word(right - 1));
        }
        if bottom < self.tile_rows || edges {
            rim.extend(bit(bottom - 1));
        }
        rim.retain(|block| self.exists(*block));
        rim
    }

    /// What a part hands up: a tile eliminates nothing on its rim, even at the edge of the array.
    fn handed_up(&self, part: &Half) -> Vec<Block> {
        match *part {
            Half::Tile(tile) => {
                let [row, col] = self.tiles[tile];
                self.rim([row, row + 1, col, col + 1], true)
            }
            Half::Front(front) => self.rim(self.fronts[front].0, false),
        }
    }

    fn halve(&mut self, rectangle: Rectangle, depth: usize) -> Half {
        let [top, bottom, left, right] = rectangle;
        let (height, width) = (bottom - top, right - left);
        if height == 1 && width == 1 {
            self.tiles.push([top, left]);
            return Half::Tile(self.tiles.len() - 1);
        }
        let parts = if width >= height {
            let middle = left + width.div_ceil(2);
            vec![
                self.halve([top, bottom, left, middle], depth + 1),
                self.halve([top, bottom, middle, right], depth + 1),
            ]
        } else {
            let middle = top + height.div_ceil(2);
            vec![
                self.halve([top, middle, left, right], depth + 1),
                self.halve([middle, bottom, left, right], depth + 1),
            ]
        };
        self.join(rectangle, parts, depth)
    }

    /// Numbers the blocks that end here.
    fn join(&mut self, rectangle: Rectangle, parts: Vec<Half>, depth: usize) -> Half {
        let first = self.blocks.len();
        let kept: HashSet<usize> = self.rim(rectangle, false).into_iter().map(|b| self.key(b)).collect();
        for part in &parts {
            for block in self.handed_up(part) {
                let key = self.key(block);
                if self.numbers[key] == NONE && !kept.contains(&key) {
                    self.numbers[key] = self.blocks.len() as u32;
                    self.blocks.push(block);
                }
            }
        }
        self.fronts.push((rectangle, parts, first..self.blocks.len(), depth));
        Half::Front(self.fronts.len() - 1)
    }

    /// Numbers of the rim, in rising order.
    fn sorted_rim(&self, rectangle: Rectangle) -> Vec<u32> {
        let mut numbers: Vec<u32> =
            self.rim(rectangle, false).into_iter().map(|block| self.numbers[self.key(block)]).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Rim of a tile by slot.
    fn slots(&self, tile: usize) -> [u32; RIM] {
        let [row, col] = self.tiles[tile];
        let slot = |inside: bool, block: Block| {
            if inside && self.exists(block) { self.numbers[self.key(block)] } else { NONE }
        };
        [
            slot(col > 0, Block { side: Side::Word, row, col: col.wrapping_sub(1) }),
            slot(row > 0, Block { side: Side::Bit, row: row.wrapping_sub(1), col }),
            slot(true, Block { side: Side::Word, row, col }),
            slot(true, Block { side: Side::Bit, row, col }),
        ]
    }

    /// Lists rims and rows now that all blocks have numbers.
    fn finish(self) -> Tree {
        let mut lists: Vec<u32> = Vec::new();
        let mut fronts: Vec<Front> = Vec::with_capacity(self.fronts.len());
        for (rectangle, halves, pivots, depth) in &self.fronts {
            let start = lists.len();
            lists.extend(self.sorted_rim(*rectangle));
            let rim = start..lists.len();
            let mut parts = Vec::with_capacity(2);
            for half in halves {
                let numbers: Vec<u32> = match *half {
                    Half::Tile(tile) => self.slots(tile).to_vec(),
                    Half::Front(front) => lists[fronts[front].rim.clone()].to_vec(),
                };
                let at = lists.len();
                let rows = numbers.iter().map(|&number| match number {
                    NONE => NONE,
                    n if (n as usize) < pivots.end => n - pivots.start as u32,
                    n => (pivots.len() + lists[rim.clone()].partition_point(|&kept| kept < n)) as u32,
                });
                let rows: Vec<u32> = rows.collect();
                lists.extend(rows);
                let part = match *half {
                    Half::Tile(tile) => Part::Tile(tile),
                    Half::Front(front) => Part::Front(front),
                };
                parts.push((part, at..lists.len()));
            }
            fronts.push(Front { first: pivots.start, pivots: pivots.len(), rim, parts, depth: *depth });
        }
        let rims = (0..self.tiles.len()).map(|tile| self.slots(tile)).collect();
        Tree { tiles: self.tiles, rims, fronts, blocks: self.blocks, lists }
    }
}

impl Tree {
    /// Dissects an array of `rows x cols` cells.
    #[must_use]
    pub fn dissect(rows: usize, cols: usize) -> Self {
        let (tile_rows, tile_cols) = (rows.div_ceil(WIDTH), cols.div_ceil(WIDTH));
        let mut dissection = Dissection {
            rows,
            cols,
            tile_rows,
            tile_cols,
            numbers: vec![NONE; 2 * tile_rows * tile_cols],
            blocks: Vec::new(),
            tiles: Vec::new(),
            fronts: Vec::new(),
        };
        let whole = [0, tile_rows, 0, tile_cols];
        if tile_rows > 0 && tile_cols > 0 {
            // a single tile still needs a front for the blocks on its edges
            if let tile @ Half::Tile(_) = dissection.halve(whole, 0) {
                dissection.join(whole, vec![tile], 0);
            }
        }
        dissection.finish()
    }
}
