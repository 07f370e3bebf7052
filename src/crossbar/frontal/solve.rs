//! Forward and backward substitution for one right-hand side.
//!
//! ```text
//! y_i = b_i + sum_{k < i} (c_ik / d_k) y_k,      x_k = (y_k + sum_{i > k} (mirror c)_ik x_i) / d_k
//! ```
//!
//! Inner nodes of eight tiles go side by side, rows of a front too. The adjoint takes the halves the other way round.

use super::Factors;
use super::program::{INNER, NODES, PROGRAM};
use super::tree::{NONE, Side, Tree};
use crate::numeric::simd::{Arithmetic, Octet, Plain, WIDTH, Work};

/// Work vectors of a solve.
#[derive(Debug, Clone)]
pub struct Vectors {
    /// Values of all blocks.
    blocks: Vec<Octet>,
    /// Values of the nodes of eight tiles.
    nodes: Vec<Octet>,
    /// Values of one front.
    front: Vec<Octet>,
    /// y / d of one front.
    scaled: Vec<Octet>,
    /// Partial sums of one front.
    sums: Vec<Octet>,
}

impl Vectors {
    /// For a tree whose tallest front has `height` blocks.
    #[must_use]
    pub fn new(tree: &Tree, height: usize) -> Self {
        let zeros = |count: usize| vec![Octet::ZERO; count];
        Self {
            blocks: zeros(tree.blocks.len()),
            nodes: zeros(NODES),
            front: zeros(height),
            scaled: zeros(height),
            sums: zeros(height * WIDTH),
        }
    }
}

impl<const H: usize> Factors<H> {
    /// Substitution with half `lower` in the place of L.
    pub(super) fn substitute(&self, vectors: &mut Vectors, b: [&[f64]; 2], x: [&mut [f64]; 2], lower: usize) {
        let [word, bit] = x;
        word.copy_from_slice(b[0]);
        bit.copy_from_slice(b[1]);
        self.read_blocks(b, &mut vectors.blocks);
        self.tiles_down(vectors, word, bit, lower);
        for front in 0..self.tree.fronts.len() {
            self.front_down(vectors, front, lower);
        }
        for front in (0..self.tree.fronts.len()).rev() {
            self.front_up(vectors, front, H - 1 - lower);
        }
        self.write_blocks(&vectors.blocks, word, bit);
        self.tiles_up(vectors, word, bit, H - 1 - lower);
    }

    /// Place of a node in row-major arrays; `None` in the padding.
    #[inline]
    pub(super) fn place(&self, (row, col): (usize, usize)) -> Option<usize> {
        (row < self.rows && col < self.cols).then_some(row * self.cols + col)
    }

    fn read_blocks(&self, b: [&[f64]; 2], blocks: &mut [Octet]) {
        for (block, values) in self.tree.blocks.iter().zip(blocks) {
            let b = b[usize::from(block.side == Side::Bit)];
            for (k, value) in values.0.iter_mut().enumerate() {
                *value = self.place(block.node(k)).map_or(0.0, |at| b[at]);
            }
        }
    }

    fn write_blocks(&self, blocks: &[Octet], word: &mut [f64], bit: &mut [f64]) {
        for (block, values) in self.tree.blocks.iter().zip(blocks) {
            let x = if block.side == Side::Word { &mut *word } else { &mut *bit };
            for (k, value) in values.0.iter().enumerate() {
                if let Some(at) = self.place(block.node(k)) {
                    x[at] = *value;
                }
            }
        }
    }

    /// Copies inner nodes of a batch into lanes.
    fn read_inner(&self, batch: usize, word: &[f64], bit: &[f64], nodes: &mut [Octet]) {
        nodes[..INNER].fill(Octet::ZERO);
        for (lane, [p, q]) in self.tree.tiles[batch * WIDTH..].iter().take(WIDTH).enumerate() {
            for (node, &(side, row, col)) in nodes.iter_mut().zip(&PROGRAM.inner) {
                let x = if side == Side::Word { word } else { bit };
                node.0[lane] = self.place((WIDTH * p + row, WIDTH * q + col)).map_or(0.0, |at| x[at]);
            }
        }
    }

    /// Copies inner nodes of a batch out of lanes.
    fn write_inner(&self, batch: usize, word: &mut [f64], bit: &mut [f64], nodes: &[Octet]) {
        for (lane, [p, q]) in self.tree.tiles[batch * WIDTH..].iter().take(WIDTH).enumerate() {
            for (node, &(side, row, col)) in nodes.iter().zip(&PROGRAM.inner) {
                let x = if side == Side::Word { &mut *word } else { &mut *bit };
                if let Some(at) = self.place((WIDTH * p + row, WIDTH * q + col)) {
                    x[at] = node.0[lane];
                }
            }
        }
    }

    fn tiles_down(&self, vectors: &mut Vectors, word: &mut [f64], bit: &mut [f64], lower: usize) {
        for batch in 0..self.tree.tiles.len().div_ceil(WIDTH) {
            self.read_inner(batch, word, bit, &mut vectors.nodes);
            let (entries, inverse) = self.batch(batch);
            self.level.run(TileDown { entries, inverse, lower, nodes: &mut vectors.nodes });
            self.write_inner(batch, word, bit, &vectors.nodes);
            for (lane, rim) in self.tree.rims[batch * WIDTH..].iter().take(WIDTH).enumerate() {
                for (slot, &block) in rim.iter().enumerate().filter(|(_, block)| **block != NONE) {
                    for (k, value) in vectors.blocks[block as usize].0.iter_mut().enumerate() {
                        *value += vectors.nodes[INNER + slot * WIDTH + k].0[lane];
                    }
                }
            }
        }
    }

    fn tiles_up(&self, vectors: &mut Vectors, word: &mut [f64], bit: &mut [f64], upper: usize) {
        for batch in 0..self.tree.tiles.len().div_ceil(WIDTH) {
            self.read_inner(batch, word, bit, &mut vectors.nodes);
            for (lane, rim) in self.tree.rims[batch * WIDTH..].iter().take(WIDTH).enumerate() {
                for (slot, &block) in rim.iter().enumerate() {
                    let values = vectors.blocks.get(block as usize).copied().unwrap_or(Octet::ZERO);
                    for (k, value) in values.0.iter().enumerate() {
                        vectors.nodes[INNER + slot * WIDTH + k].0[lane] = *value;
                    }
                }
            }
            let (entries, inverse) = self.batch(batch);
            self.level.run(TileUp { entries, inverse, upper, nodes: &mut vectors.nodes });
            self.write_inner(batch, word, bit, &vectors.nodes);
        }
    }

    fn front_down(&self, vectors: &mut Vectors, index: usize, lower: usize) {
        let front = &self.tree.fronts[index];
        let (own, rim) = (front.first..front.first + front.pivots, &self.tree.lists[front.rim.clone()]);
        let Vectors { blocks, front: values, scaled, .. } = vectors;
        values[..front.pivots].copy_from_slice(&blocks[own.clone()]);
        values[front.pivots..front.height()].fill(Octet::ZERO);
        let panel = panel::<H>(&self.panels, self.stores[index].panel, front.height() * front.pivots * WIDTH, lower);
        let inverse = &self.inverse[own.clone()];
        self.level.run(FrontDown { panel, inverse, values: &mut values[..front.height()], scaled });
        blocks[own].copy_from_slice(&values[..front.pivots]);
        for (&block, value) in rim.iter().zip(&values[front.pivots..]) {
            blocks[block as usize].add::<Plain>(value);
        }
    }

    fn front_up(&self, vectors: &mut Vectors, index: usize, upper: usize) {
        let front = &self.tree.fronts[index];
        let (own, rim) = (front.first..front.first + front.pivots, &self.tree.lists[front.rim.clone()]);
        let Vectors { blocks, front: values, sums, .. } = vectors;
        values[..front.pivots].copy_from_slice(&blocks[own.clone()]);
        for (&block, value) in rim.iter().zip(&mut values[front.pivots..]) {
            *value = blocks[block as usize];
        }
        let panel = panel::<H>(&self.panels, self.stores[index].panel, front.height() * front.pivots * WIDTH, upper);
        let inverse = &self.inverse[own.clone()];
        self.level.run(FrontUp { panel, inverse, values: &mut values[..front.height()], sums });
        blocks[own].copy_from_slice(&values[..front.pivots]);
    }

    /// Inner entries and inverse pivots of a batch.
    pub(super) fn batch(&self, batch: usize) -> (&[[Octet; H]], &[Octet]) {
        let size = PROGRAM.inner_entries();
        (&self.inner[batch * size..(batch + 1) * size], &self.inner_inverse[batch * INNER..(batch + 1) * INNER])
    }
}

/// One half of a front's panel.
pub(super) fn panel<const H: usize>(panels: &[Octet], start: usize, size: usize, half: usize) -> &[Octet] {
    debug_assert!(half < H);
    &panels[start + half * size..start + (half + 1) * size]
}

struct TileDown<'a, const H: usize> {
    entries: &'a [[Octet; H]],
    inverse: &'a [Octet],
    lower: usize,
    nodes: &'a mut [Octet],
}

impl<const H: usize> Work for TileDown<'_, H> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let program = &*PROGRAM;
        self.nodes[INNER..].fill(Octet::ZERO);
        for (k, range) in program.columns.iter().enumerate() {
            let scaled = self.nodes[k].times::<A>(&self.inverse[k]);
            for (entry, row) in self.entries[range.clone()].iter().zip(&program.rows[range.clone()]) {
                self.nodes[usize::from(*row)].add_product::<A>(&entry[self.lower], &scaled);
            }
        }
    }
}

struct TileUp<'a, const H: usize> {
    entries: &'a [[Octet; H]],
    inverse: &'a [Octet],
    upper: usize,
    nodes: &'a mut [Octet],
}

impl<const H: usize> Work for TileUp<'_, H> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let program = &*PROGRAM;
        for (k, range) in program.columns.iter().enumerate().rev() {
            let mut sum = self.nodes[k];
            for (entry, row) in self.entries[range.clone()].iter().zip(&program.rows[range.clone()]) {
                sum.add_product::<A>(&entry[self.upper], &self.nodes[usize::from(*row)]);
            }
            self.nodes[k] = sum.times::<A>(&self.inverse[k]);
        }
    }
}

struct FrontDown<'a> {
    panel: &'a [Octet],
    inverse: &'a [Octet],
    values: &'a mut [Octet],
    scaled: &'a mut [Octet],
}

impl Work for FrontDown<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let pivots = self.inverse.len();
        for (row, value) in self.values.iter_mut().enumerate() {
            let entries = &self.panel[row * pivots * WIDTH..];
            // two chains hide half of the latency of an addition
            let mut sums = [*value, Octet::ZERO];
            for (block, scaled) in entries.chunks_exact(WIDTH).zip(&self.scaled[..row.min(pivots)]) {
                for k in 0..WIDTH {
                    sums[k % 2].add_scaled::<A>(&block[k], scaled.0[k]);
                }
            }
            sums[0].add::<A>(&{ sums[1] });
            let mut sum = sums[0];
            if row < pivots {
                let block = &entries[row * WIDTH..][..WIDTH];
                for k in 0..WIDTH {
                    let scaled = sum.0[k] * self.inverse[row].0[k];
                    self.scaled[row].0[k] = scaled;
                    for i in k + 1..WIDTH {
                        sum.0[i] += block[k].0[i] * scaled;
                    }
                }
            }
            *value = sum;
        }
    }
}

struct FrontUp<'a> {
    panel: &'a [Octet],
    inverse: &'a [Octet],
    values: &'a mut [Octet],
    sums: &'a mut [Octet],
}

impl Work for FrontUp<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let pivots = self.inverse.len();
        let sums = &mut self.sums[..pivots * WIDTH];
        sums.fill(Octet::ZERO);
        for row in (0..self.values.len()).rev() {
            let entries = &self.panel[row * pivots * WIDTH..];
            if row < pivots {
                let block = &entries[row * WIDTH..][..WIDTH];
                let value = &mut self.values[row].0;
                for k in (0..WIDTH).rev() {
                    let mut sum = value[k] + sums[row * WIDTH + k].total();
                    for i in k + 1..WIDTH {
                        sum += block[k].0[i] * value[i];
                    }
                    value[k] = sum * self.inverse[row].0[k];
                }
            }
            let value = self.values[row];
            let before = row.min(pivots) * WIDTH;
            for (sum, entry) in sums[..before].iter_mut().zip(entries) {
                sum.add_product::<A>(entry, &value);
            }
        }
    }
}
