//! Elimination of the inside of eight tiles at once, one per lane.

use super::front::Dense;
use super::program::{INNER, NODES, PROGRAM, Program, rim_entry};
use super::tree::NONE;
use crate::crossbar::network::Network;
use crate::numeric::simd::{Arithmetic, Octet, WIDTH, Work};

/// Longest inner column.
const LONGEST: usize = NODES;

/// Cell matrices [[ww, -wb], [-bw, bb]] of the word and the bit node.
#[derive(Debug, Clone, Copy)]
pub struct Cells<'a, const H: usize> {
    /// wb, or wb and bw, row-major.
    pub couplings: [&'a [f64]; H],
    /// ww and bb; `None` where each is the coupling in its column: the cell is a conductance between the two.
    pub diagonal: Option<[&'a [f64]; 2]>,
}

impl<const H: usize> Cells<'_, H> {
    /// What the two columns of a cell lack to zero.
    #[inline(always)]
    fn excess(&self, k: usize) -> [f64; 2] {
        match self.diagonal {
            None => [0.0; 2],
            Some([ww, bb]) => [ww[k] - self.couplings[H - 1][k], bb[k] - self.couplings[0][k]],
        }
    }
}

/// Eight tiles in work.
#[derive(Debug, Clone)]
pub struct Batch<const H: usize> {
    /// Entries of the program, halves side by side.
    entries: Vec<[Octet; H]>,
    /// Leak to ground of every node.
    ground: Vec<Octet>,
}

impl<const H: usize> Default for Batch<H> {
    fn default() -> Self {
        Self { entries: vec![[Octet::ZERO; H]; PROGRAM.entries()], ground: vec![Octet::ZERO; NODES] }
    }
}

impl<const H: usize> Batch<H> {
    /// Reads up to eight tiles of a network; padding becomes nodes of their own with 1 S to ground.
    pub fn load(&mut self, network: &Network, cells: &Cells<H>, tiles: &[[usize; 2]]) {
        self.entries.fill([Octet::ZERO; H]);
        self.ground.fill(Octet::ZERO);
        for lane in 0..WIDTH {
            let tile = tiles.get(lane).copied();
            for k in 0..WIDTH * WIDTH {
                let place = tile.map(|[p, q]| (WIDTH * p + k / WIDTH, WIDTH * q + k % WIDTH));
                match place.filter(|&(i, j)| i < network.rows && j < network.cols) {
                    Some((i, j)) => self.load_cell(network, cells, lane, k, i, j),
                    None => {
                        self.ground[PROGRAM.word[k]].0[lane] = 1.0;
                        self.ground[PROGRAM.bit[k]].0[lane] = 1.0;
                    }
                }
            }
        }
    }

    /// Cell (i, j), its leaks and the segments that lead to it.
    #[inline]
    fn load_cell(&mut self, network: &Network, cells: &Cells<H>, lane: usize, k: usize, i: usize, j: usize) {
        let program = &*PROGRAM;
        let cell = i * network.cols + j;
        let excess = cells.excess(cell);
        self.ground[program.word[k]].0[lane] = network.word_leak(i, j) + excess[0];
        self.ground[program.bit[k]].0[lane] = network.bit_leak(i, j) + excess[1];
        let place = program.cells[k];
        for h in 0..H {
            let half = if place.first_is_row { h } else { H - 1 - h };
            self.entries[place.entry][h].0[lane] = cells.couplings[half][cell];
        }
        if j > 0 {
            let segment = network.word_segment(i, j - 1);
            self.entries[program.word_wires[k].entry].iter_mut().for_each(|half| half.0[lane] = segment);
        }
        if i > 0 {
            let segment = network.bit_segment(i - 1, j);
            self.entries[program.bit_wires[k].entry].iter_mut().for_each(|half| half.0[lane] = segment);
        }
    }

    /// Inner entries after the elimination.
    pub fn inner(&self) -> &[[Octet; H]] {
        &self.entries[..PROGRAM.inner_entries()]
    }

    /// Adds what the elimination left on the rim of one tile to a front; `rows` are the rows of the slots there.
    pub fn hand_up(&self, lane: usize, rows: &[u32], front: &mut Dense<H>) {
        let held = || rows.iter().enumerate().filter(|(_, row)| **row != NONE);
        for (slot, &row) in held() {
            let ground = &mut front.ground[row as usize];
            for (out, ground) in ground.0.iter_mut().zip(&self.ground[INNER + slot * WIDTH..]) {
                *out += ground.0[lane];
            }
            for (other, &col) in held().filter(|(_, col)| **col <= row) {
                for h in 0..H {
                    self.hand_up_block(lane, [slot, other], h, front.block(h, row as usize, col as usize));
                }
            }
        }
    }

    /// One block, row by slot and column by slot; in a tile the slots have an order of their own.
    #[inline]
    fn hand_up_block(&self, lane: usize, [slot, other]: [usize; 2], half: usize, out: &mut [Octet]) {
        let inner = PROGRAM.inner_entries();
        let mirror = H - 1 - half;
        for (b, out) in out.iter_mut().enumerate() {
            let col = other * WIDTH + b;
            for (a, out) in out.0.iter_mut().enumerate() {
                let row = slot * WIDTH + a;
                if row > col {
                    *out += self.entries[rim_entry(inner, row, col)][half].0[lane];
                } else if row < col && slot != other {
                    *out += self.entries[rim_entry(inner, col, row)][mirror].0[lane];
                }
            }
        }
    }
}

/// Elimination of the inner nodes of a batch.
pub struct Elimination<'a, const H: usize> {
    /// The tiles.
    pub batch: &'a mut Batch<H>,
    /// Out: 1/d of the inner nodes.
    pub inverse: &'a mut [Octet],
}

impl<const H: usize> Work for Elimination<'_, H> {
    /// Number of negative pivots, or the lane and inner node of the first that is zero or no number.
    type Output = Result<usize, (usize, usize)>;

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> Self::Output {
        let program: &Program = &PROGRAM;
        let Batch { entries, ground } = self.batch;
        let mut column = [[Octet::ZERO; H]; LONGEST];
        let mut scaled = [[Octet::ZERO; H]; LONGEST];
        let mut targets = program.targets.as_slice();
        let mut negative = 0;
        for (k, range) in program.columns.iter().enumerate() {
            let rows = &program.rows[range.clone()];
            let count = rows.len();
            let column = &mut column[..count];
            column.copy_from_slice(&entries[range.clone()]);
            let mut pivot = ground[k];
            for entry in column.iter() {
                pivot.add::<A>(&entry[0]);
            }
            let mut inverse = Octet::ZERO;
            for l in 0..WIDTH {
                inverse.0[l] = 1.0 / pivot.0[l];
            }
            for l in 0..WIDTH {
                if !(pivot.0[l].is_finite() && inverse.0[l].is_finite()) {
                    return Err((l, k));
                }
                negative += usize::from(pivot.0[l] < 0.0);
            }
            self.inverse[k] = inverse;
            for (scaled, entry) in scaled.iter_mut().zip(column.iter()) {
                for h in 0..H {
                    scaled[h] = entry[h].times::<A>(&inverse);
                }
            }
            let leak = ground[k];
            for b in 0..count {
                let factor = &scaled[b];
                ground[usize::from(rows[b])].add_product::<A>(&leak, &factor[H - 1]);
                let (now, later) = targets.split_at(count - b - 1);
                targets = later;
                for (entry, &target) in column[b + 1..].iter().zip(now) {
                    let out = &mut entries[target as usize];
                    for h in 0..H {
                        out[h].add_product::<A>(&entry[h], &factor[H - 1 - h]);
                    }
                }
            }
        }
        Ok(negative)
    }
}

/// Octets of inner entries and pivots of a batch, for the estimate of memory.
pub fn octets<const H: usize>() -> usize {
    PROGRAM.inner_entries() * H + INNER
}
