//! Substitution for many right-hand sides, up to 24 side by side.
//!
//! The formulas of [`super::solve`], with right-hand sides in the lanes: every entry of the factor is read once per
//! block of them, and the register tile of the factorization does the work.

use super::Factors;
use super::program::{INNER, NODES, PROGRAM};
use super::solve::panel;
use super::tree::{NONE, Side};
use crate::numeric::simd::{Arithmetic, Octet, Plain, WIDTH, Work};

/// Octets of right-hand sides that go together at most.
const MOST: usize = 3;

/// Values of `W` octets of right-hand sides.
struct Block<const W: usize> {
    /// Inner nodes, tile by tile.
    inner: [Vec<Octet>; W],
    /// Nodes of the blocks.
    blocks: [Vec<Octet>; W],
    /// Nodes of one tile.
    nodes: [Vec<Octet>; W],
    /// Nodes of one front.
    front: [Vec<Octet>; W],
    /// Values over pivots (down) or sums (up) of one front.
    scaled: [Vec<Octet>; W],
}

impl<const W: usize> Block<W> {
    fn new<const H: usize>(factors: &Factors<H>) -> Self {
        let zeros = |count: usize| std::array::from_fn(|_| vec![Octet::ZERO; count]);
        let tallest = factors.tree.fronts.iter().map(super::tree::Front::height).max().unwrap_or(0);
        Self {
            inner: zeros(factors.tree.tiles.len() * INNER),
            blocks: zeros(factors.tree.blocks.len() * WIDTH),
            nodes: zeros(NODES),
            front: zeros(tallest * WIDTH),
            scaled: zeros(tallest * WIDTH),
        }
    }
}

impl<const H: usize> Factors<H> {
    /// Solves for all right-hand sides, one after the other in `b` and `x`, with half `lower` in the place of L.
    pub(super) fn substitute_many(&self, b: [&[f64]; 2], x: [&mut [f64]; 2], lower: usize) {
        let size = self.rows * self.cols;
        let most = MOST * WIDTH * size;
        let [word, bit] = x;
        let full = word.len() / most * most;
        let [(bw, rest_bw), (bb, rest_bb)] = b.map(|b| b.split_at(full));
        let ((xw, rest_xw), (xb, rest_xb)) = (word.split_at_mut(full), bit.split_at_mut(full));
        if full > 0 {
            let mut block = Block::<MOST>::new(self);
            let given = bw.chunks_exact(most).zip(bb.chunks_exact(most));
            for ((bw, bb), (xw, xb)) in given.zip(xw.chunks_exact_mut(most).zip(xb.chunks_exact_mut(most))) {
                self.substitute_block(&mut block, [bw, bb], [xw, xb], lower);
            }
        }
        let (b, x) = ([rest_bw, rest_bb], [rest_xw, rest_xb]);
        match (b[0].len() / size).div_ceil(WIDTH) {
            0 => {}
            1 => self.substitute_block(&mut Block::<1>::new(self), b, x, lower),
            2 => self.substitute_block(&mut Block::<2>::new(self), b, x, lower),
            _ => self.substitute_block(&mut Block::<MOST>::new(self), b, x, lower),
        }
    }

    fn substitute_block<const W: usize>(
        &self,
        block: &mut Block<W>,
        b: [&[f64]; 2],
        mut x: [&mut [f64]; 2],
        lower: usize,
    ) {
        self.each_value(block, |value, side, lane, at| {
            *value = at.map_or(0.0, |at| b[side].get(lane + at).copied().unwrap_or(0.0))
        });
        for tile in 0..self.tree.tiles.len() {
            self.tile_down(block, tile, lower);
        }
        for front in 0..self.tree.fronts.len() {
            self.many_down(block, front, lower);
        }
        for front in (0..self.tree.fronts.len()).rev() {
            self.many_up(block, front, H - 1 - lower);
        }
        for tile in 0..self.tree.tiles.len() {
            self.tile_up(block, tile, H - 1 - lower);
        }
        self.each_value(block, |value, side, lane, at| {
            if let Some(out) = at.and_then(|at| x[side].get_mut(lane + at)) {
                *out = *value;
            }
        });
    }

    /// Every value with its side, where its right-hand side starts and its place in there (`None` in the padding).
    fn each_value<const W: usize>(
        &self,
        block: &mut Block<W>,
        mut visit: impl FnMut(&mut f64, usize, usize, Option<usize>),
    ) {
        let size = self.rows * self.cols;
        let mut places: Vec<(usize, Option<usize>)> = Vec::with_capacity(INNER);
        // by right-hand side within a tile: eight streams through the caller's vectors at once would meet in few sets
        // of the cache
        let mut each = |w: usize, nodes: &mut [Octet], places: &[(usize, Option<usize>)]| {
            for l in 0..WIDTH {
                let start = (w * WIDTH + l) * size;
                for (node, &(side, at)) in nodes.iter_mut().zip(places) {
                    visit(&mut node.0[l], side, start, at);
                }
            }
        };
        for (tile, [p, q]) in self.tree.tiles.iter().enumerate() {
            places.clear();
            places.extend(PROGRAM.inner.iter().map(|&(side, row, col)| {
                (usize::from(side == Side::Bit), self.place((WIDTH * p + row, WIDTH * q + col)))
            }));
            for w in 0..W {
                each(w, &mut block.inner[w][tile * INNER..(tile + 1) * INNER], &places);
            }
        }
        for (number, of) in self.tree.blocks.iter().enumerate() {
            places.clear();
            places.extend((0..WIDTH).map(|k| (usize::from(of.side == Side::Bit), self.place(of.node(k)))));
            for w in 0..W {
                each(w, &mut block.blocks[w][number * WIDTH..(number + 1) * WIDTH], &places);
            }
        }
    }

    fn tile_down<const W: usize>(&self, block: &mut Block<W>, tile: usize, lower: usize) {
        let own = tile * INNER..(tile + 1) * INNER;
        for w in 0..W {
            block.nodes[w][..INNER].copy_from_slice(&block.inner[w][own.clone()]);
            block.nodes[w][INNER..].fill(Octet::ZERO);
        }
        let (entries, inverse) = self.batch(tile / WIDTH);
        self.level.run(TileDown { entries, inverse, half: lower, lane: tile % WIDTH, nodes: &mut block.nodes });
        for w in 0..W {
            block.inner[w][own.clone()].copy_from_slice(&block.nodes[w][..INNER]);
            for (slot, &of) in self.tree.rims[tile].iter().enumerate().filter(|(_, of)| **of != NONE) {
                let values = &mut block.blocks[w][of as usize * WIDTH..][..WIDTH];
                for (value, node) in values.iter_mut().zip(&block.nodes[w][INNER + slot * WIDTH..]) {
                    value.add::<Plain>(node);
                }
            }
        }
    }

    fn tile_up<const W: usize>(&self, block: &mut Block<W>, tile: usize, upper: usize) {
        let own = tile * INNER..(tile + 1) * INNER;
        for w in 0..W {
            block.nodes[w][..INNER].copy_from_slice(&block.inner[w][own.clone()]);
            for (slot, &of) in self.tree.rims[tile].iter().enumerate() {
                let nodes = &mut block.nodes[w][INNER + slot * WIDTH..][..WIDTH];
                if of == NONE {
                    nodes.fill(Octet::ZERO);
                } else {
                    nodes.copy_from_slice(&block.blocks[w][of as usize * WIDTH..][..WIDTH]);
                }
            }
        }
        let (entries, inverse) = self.batch(tile / WIDTH);
        self.level.run(TileUp { entries, inverse, half: upper, lane: tile % WIDTH, nodes: &mut block.nodes });
        for w in 0..W {
            block.inner[w][own.clone()].copy_from_slice(&block.nodes[w][..INNER]);
        }
    }

    fn many_down<const W: usize>(&self, block: &mut Block<W>, index: usize, lower: usize) {
        let front = &self.tree.fronts[index];
        let (own, rim) = (front.first..front.first + front.pivots, &self.tree.lists[front.rim.clone()]);
        let nodes = own.start * WIDTH..own.end * WIDTH;
        let height = front.height();
        for w in 0..W {
            block.front[w][..nodes.len()].copy_from_slice(&block.blocks[w][nodes.clone()]);
            block.front[w][nodes.len()..height * WIDTH].fill(Octet::ZERO);
        }
        let panel = panel::<H>(&self.panels, self.stores[index].panel, height * nodes.len(), lower);
        let inverse = &self.inverse[own];
        self.level.run(FrontDown { panel, inverse, height, values: &mut block.front, scaled: &mut block.scaled });
        for w in 0..W {
            block.blocks[w][nodes.clone()].copy_from_slice(&block.front[w][..nodes.len()]);
            for (&of, values) in rim.iter().zip(block.front[w][nodes.len()..].chunks_exact(WIDTH)) {
                for (out, value) in block.blocks[w][of as usize * WIDTH..].iter_mut().zip(values) {
                    out.add::<Plain>(value);
                }
            }
        }
    }

    fn many_up<const W: usize>(&self, block: &mut Block<W>, index: usize, upper: usize) {
        let front = &self.tree.fronts[index];
        let (own, rim) = (front.first..front.first + front.pivots, &self.tree.lists[front.rim.clone()]);
        let nodes = own.start * WIDTH..own.end * WIDTH;
        let height = front.height();
        for w in 0..W {
            block.front[w][..nodes.len()].copy_from_slice(&block.blocks[w][nodes.clone()]);
            for (&of, values) in rim.iter().zip(block.front[w][nodes.len()..].chunks_exact_mut(WIDTH)) {
                values.copy_from_slice(&block.blocks[w][of as usize * WIDTH..][..WIDTH]);
            }
        }
        let panel = panel::<H>(&self.panels, self.stores[index].panel, height * nodes.len(), upper);
        let inverse = &self.inverse[own];
        self.level.run(FrontUp { panel, inverse, height, values: &mut block.front, sums: &mut block.scaled });
        for w in 0..W {
            block.blocks[w][nodes.clone()].copy_from_slice(&block.front[w][..nodes.len()]);
        }
    }
}

struct TileDown<'a, const H: usize, const W: usize> {
    entries: &'a [[Octet; H]],
    inverse: &'a [Octet],
    half: usize,
    lane: usize,
    nodes: &'a mut [Vec<Octet>; W],
}

impl<const H: usize, const W: usize> Work for TileDown<'_, H, W> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let program = &*PROGRAM;
        for (k, range) in program.columns.iter().enumerate() {
            let inverse = self.inverse[k].0[self.lane];
            let scaled: [Octet; W] = std::array::from_fn(|w| self.nodes[w][k].scaled::<A>(inverse));
            for (entry, row) in self.entries[range.clone()].iter().zip(&program.rows[range.clone()]) {
                let entry = entry[self.half].0[self.lane];
                for w in 0..W {
                    self.nodes[w][usize::from(*row)].add_scaled::<A>(&scaled[w], entry);
                }
            }
        }
    }
}

struct TileUp<'a, const H: usize, const W: usize> {
    entries: &'a [[Octet; H]],
    inverse: &'a [Octet],
    half: usize,
    lane: usize,
    nodes: &'a mut [Vec<Octet>; W],
}

impl<const H: usize, const W: usize> Work for TileUp<'_, H, W> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let program = &*PROGRAM;
        for (k, range) in program.columns.iter().enumerate().rev() {
            let mut sums: [Octet; W] = std::array::from_fn(|w| self.nodes[w][k]);
            for (entry, row) in self.entries[range.clone()].iter().zip(&program.rows[range.clone()]) {
                let entry = entry[self.half].0[self.lane];
                for w in 0..W {
                    sums[w].add_scaled::<A>(&self.nodes[w][usize::from(*row)], entry);
                }
            }
            for w in 0..W {
                self.nodes[w][k] = sums[w].scaled::<A>(self.inverse[k].0[self.lane]);
            }
        }
    }
}

struct FrontDown<'a, const W: usize> {
    panel: &'a [Octet],
    inverse: &'a [Octet],
    height: usize,
    values: &'a mut [Vec<Octet>; W],
    scaled: &'a mut [Vec<Octet>; W],
}

impl<const W: usize> Work for FrontDown<'_, W> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let pivots = self.inverse.len();
        for row in 0..self.height {
            let entries = &self.panel[row * pivots * WIDTH..][..pivots * WIDTH];
            let before = row.min(pivots) * WIDTH;
            let nodes = row * WIDTH..(row + 1) * WIDTH;
            let mut values = self.values.iter_mut();
            let mut c: [&mut [Octet]; MOST] =
                std::array::from_fn(|_| values.next().map_or(&mut [][..], |v| &mut v[nodes.clone()]));
            let a: [&[Octet]; MOST] = std::array::from_fn(|w| self.scaled.get(w).map_or(&[][..], |v| &v[..before]));
            A::tiles(&mut c, a, &entries[..before]);
            if row >= pivots {
                continue;
            }
            let block = &entries[before..before + WIDTH];
            for w in 0..W {
                let values = &mut self.values[w][nodes.clone()];
                for k in 0..WIDTH {
                    let scaled = values[k].scaled::<A>(self.inverse[row].0[k]);
                    self.scaled[w][before + k] = scaled;
                    for i in k + 1..WIDTH {
                        values[i].add_scaled::<A>(&scaled, block[k].0[i]);
                    }
                }
            }
        }
    }
}

struct FrontUp<'a, const W: usize> {
    panel: &'a [Octet],
    inverse: &'a [Octet],
    height: usize,
    values: &'a mut [Vec<Octet>; W],
    sums: &'a mut [Vec<Octet>; W],
}

impl<const W: usize> Work for FrontUp<'_, W> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let pivots = self.inverse.len();
        for w in 0..W {
            self.sums[w][..pivots * WIDTH].fill(Octet::ZERO);
        }
        for row in (0..self.height).rev() {
            let entries = &self.panel[row * pivots * WIDTH..][..pivots * WIDTH];
            let before = row.min(pivots) * WIDTH;
            for w in 0..W {
                let values = &mut self.values[w][row * WIDTH..][..WIDTH];
                if row < pivots {
                    let block = &entries[before..before + WIDTH];
                    for k in (0..WIDTH).rev() {
                        let mut sum = values[k];
                        sum.add::<A>(&self.sums[w][before + k]);
                        for i in k + 1..WIDTH {
                            sum.add_scaled::<A>(&values[i], block[k].0[i]);
                        }
                        values[k] = sum.scaled::<A>(self.inverse[row].0[k]);
                    }
                }
                let values: [A::Register; WIDTH] = std::array::from_fn(|i| A::load(&values[i]));
                for (sum, entry) in self.sums[w][..before].iter_mut().zip(entries) {
                    let mut total = A::load(sum);
                    for i in 0..WIDTH {
                        total = A::fused(values[i], A::splat(entry.0[i]), total);
                    }
                    *sum = A::store(total);
                }
            }
        }
    }
}
