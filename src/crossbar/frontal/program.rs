//! The elimination of the inside of a tile as a list of multiply-adds.
//!
//! All tiles have the same pattern, so the order, the fill and the place of every entry are found once. A tile has 112
//! inner nodes (8 x 7 word, 7 x 8 bit) and a rim of four blocks of eight: left, upper, right, lower. Entries are the
//! off-diagonals of the lower triangle: first column by column those of the inner nodes, then the rim's own triangle.

use std::sync::LazyLock;

use super::tree::{RIM, Side};
use crate::numeric::simd::WIDTH;

/// Inner nodes of a tile.
pub const INNER: usize = 2 * WIDTH * (WIDTH - 1);
/// Nodes of a tile with its rim.
pub const NODES: usize = INNER + RIM * WIDTH;

/// Place of the off-diagonal pair of two nodes.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Entry.
    pub entry: usize,
    /// Is the first of the two the row (the later eliminated)?
    pub first_is_row: bool,
}

/// The program.
#[derive(Debug)]
pub struct Program {
    /// Inner nodes in their order of elimination: side, row and column in the tile.
    pub inner: Vec<(Side, usize, usize)>,
    /// Node of each word and bit position of the tile, `8 row + col`.
    pub word: [usize; WIDTH * WIDTH],
    /// As `word`.
    pub bit: [usize; WIDTH * WIDTH],
    /// Entries of each inner column.
    pub columns: Vec<std::ops::Range<usize>>,
    /// Row of each inner entry.
    pub rows: Vec<u16>,
    /// For each inner column, for each pair of its rows b < a: the entry of (a, b).
    pub targets: Vec<u32>,
    /// The pair of each cell, word node first.
    pub cells: Vec<Place>,
    /// The pair of each word segment into column c, `8 row + c`: the left node first.
    pub word_wires: Vec<Place>,
    /// The pair of each bit segment into row r, `8 r + col`: the upper node first.
    pub bit_wires: Vec<Place>,
}

/// The program of all tiles.
pub static PROGRAM: LazyLock<Program> = LazyLock::new(Program::new);

/// Node sets of a tile.
type Set = [u64; NODES.div_ceil(64)];

fn has(set: &Set, node: usize) -> bool {
    set[node / 64] >> (node % 64) & 1 == 1
}

fn insert(set: &mut Set, node: usize) {
    set[node / 64] |= 1 << (node % 64);
}

fn members(set: &Set) -> impl Iterator<Item = usize> + '_ {
    (0..NODES).filter(|node| has(set, *node))
}

/// Entry of the rim's triangle after the inner entries, by rim nodes a > b.
pub fn rim_entry(inner_entries: usize, a: usize, b: usize) -> usize {
    inner_entries + a * (a - 1) / 2 + b
}

/// Inner nodes of a rectangle of word and one of bit nodes (rows from, to; columns from, to), halves before separators.
fn dissect(word: [usize; 4], bit: [usize; 4], order: &mut Vec<(Side, usize, usize)>) {
    let size = |r: [usize; 4]| (r[1] - r[0]) * (r[3] - r[2]);
    let all = |side: Side, r: [usize; 4]| (r[0]..r[1]).flat_map(move |i| (r[2]..r[3]).map(move |j| (side, i, j)));
    if size(word) == 0 || size(bit) == 0 {
        order.extend(all(Side::Word, word).chain(all(Side::Bit, bit)));
        return;
    }
    let height = word[1].max(bit[1]) - word[0].min(bit[0]);
    let width = word[3].max(bit[3]) - word[2].min(bit[2]);
    let (word_cols, bit_rows) = (word[3] - word[2], bit[1] - bit[0]);
    if width > height || (width == height && word_cols >= bit_rows) {
        let cut = word[2] + word_cols / 2;
        let after = (cut + 1).clamp(bit[2], bit[3]);
        dissect([word[0], word[1], word[2], cut], [bit[0], bit[1], bit[2], after], order);
        dissect([word[0], word[1], cut + 1, word[3]], [bit[0], bit[1], after, bit[3]], order);
        order.extend((word[0]..word[1]).map(|i| (Side::Word, i, cut)));
    } else {
        let cut = bit[0] + bit_rows / 2;
        let after = (cut + 1).clamp(word[0], word[1]);
        dissect([word[0], after, word[2], word[3]], [bit[0], cut, bit[2], bit[3]], order);
        dissect([after, word[1], word[2], word[3]], [cut + 1, bit[1], bit[2], bit[3]], order);
        order.extend((bit[2]..bit[3]).map(|j| (Side::Bit, cut, j)));
    }
}

impl Program {
    fn new() -> Self {
        let mut inner = Vec::with_capacity(INNER);
        dissect([0, WIDTH, 0, WIDTH - 1], [0, WIDTH - 1, 0, WIDTH], &mut inner);
        let (mut word, mut bit) = ([0; WIDTH * WIDTH], [0; WIDTH * WIDTH]);
        for line in 0..WIDTH {
            word[line * WIDTH + WIDTH - 1] = INNER + 2 * WIDTH + line;
            bit[(WIDTH - 1) * WIDTH + line] = INNER + 3 * WIDTH + line;
        }
        for (node, &(side, row, col)) in inner.iter().enumerate() {
            let map = if side == Side::Word { &mut word } else { &mut bit };
            map[row * WIDTH + col] = node;
        }
        let links = links(&word, &bit);
        let mut near = [[0; NODES.div_ceil(64)]; NODES];
        for &(a, b) in links.iter().flatten() {
            insert(&mut near[a], b);
            insert(&mut near[b], a);
        }
        let (mut columns, mut rows) = (Vec::with_capacity(INNER), Vec::new());
        for k in 0..INNER {
            let later: Vec<usize> = members(&near[k]).filter(|row| *row > k).collect();
            for &a in &later {
                for &b in later.iter().filter(|b| **b != a) {
                    insert(&mut near[a], b);
                }
            }
            columns.push(rows.len()..rows.len() + later.len());
            rows.extend(later.iter().map(|row| *row as u16));
        }
        let mut program = Self {
            inner,
            word,
            bit,
            columns,
            rows,
            targets: Vec::new(),
            cells: Vec::new(),
            word_wires: Vec::new(),
            bit_wires: Vec::new(),
        };
        program.targets = program.pairs();
        let [cells, word_wires, bit_wires] = links.map(|of| of.iter().map(|&(a, b)| program.place(a, b)).collect());
        Self { cells, word_wires, bit_wires, ..program }
    }

    /// Entries of the inner columns.
    pub fn inner_entries(&self) -> usize {
        self.rows.len()
    }

    /// All entries.
    pub fn entries(&self) -> usize {
        self.inner_entries() + RIM * WIDTH * (RIM * WIDTH - 1) / 2
    }

    fn place(&self, first: usize, second: usize) -> Place {
        let (row, col) = (first.max(second), first.min(second));
        let entry = if col < INNER {
            let range = self.columns[col].clone();
            range.start + self.rows[range].partition_point(|r| usize::from(*r) < row)
        } else {
            rim_entry(self.inner_entries(), row - INNER, col - INNER)
        };
        Place { entry, first_is_row: first == row }
    }

    fn pairs(&self) -> Vec<u32> {
        let mut targets = Vec::new();
        for column in &self.columns {
            let rows = &self.rows[column.clone()];
            for (b, &col) in rows.iter().enumerate() {
                for &row in &rows[b + 1..] {
                    targets.push(self.place(usize::from(row), usize::from(col)).entry as u32);
                }
            }
        }
        targets
    }
}

/// Pairs of nodes joined by cells, word segments and bit segments.
fn links(word: &[usize; WIDTH * WIDTH], bit: &[usize; WIDTH * WIDTH]) -> [Vec<(usize, usize)>; 3] {
    let at = |k: usize| (k / WIDTH, k % WIDTH);
    let cells = (0..WIDTH * WIDTH).map(|k| (word[k], bit[k])).collect();
    let word_wires = (0..WIDTH * WIDTH).map(|k| {
        let (row, col) = at(k);
        (if col == 0 { INNER + row } else { word[k - 1] }, word[k])
    });
    let bit_wires = (0..WIDTH * WIDTH).map(|k| {
        let (row, col) = at(k);
        (if row == 0 { INNER + WIDTH + col } else { bit[k - WIDTH] }, bit[k])
    });
    [cells, word_wires.collect(), bit_wires.collect()]
}
