//! The two streaming passes of an iteration of line-PCG, for every instruction set.
//!
//! With y = L^-1 r left in q by the pass before:
//!
//! ```text
//! advance   blocks of eight rows from the last to the first; tile by tile to the right:
//!               z = L^-T y + coarse correction,  x += a p,  p = z + beta p,  forward half of T_W^-1 g p
//!           and back to the left:
//!               backward half,  q = S p = leak p + wires(p) + g (p - T_W^-1 g p),  with p.q
//! descend   blocks from the first to the last:
//!               r -= a q,  y = L^-1 r into q,  with r.r and r.z = sum y^2/d
//! ```
//!
//! The way right waits for memory, which hides the recurrence along the word lines; the way left finds most of what it
//! needs in the caches: see `benches/arrays/bandwidth.rs`. What a tile carries along the bit lines stays in a register
//! for eight rows.

use super::coarse::Coarse;
use super::grid::{Block, Grid, LANES, Tile};
use super::ladder::Tiles;
use super::passes::{Elimination, Vectors};
use crate::numeric::simd::{Arithmetic, Octet, WIDTH, Work, prefetch};

/// Columns between the tile that is worked on and the one that is asked for: six arrays of four tiles are 12 KB of
/// the first-level cache. A pass goes up its tiles while it goes along the block, which no stream prefetcher follows.
const AHEAD: usize = 4 * WIDTH;

/// q = S p; gives p.q.
pub struct Multiply<'a> {
    /// Lines.
    pub lines: Elimination<'a>,
    /// Vectors.
    pub vectors: Vectors<'a>,
}

impl Work for Multiply<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> f64 {
        let Self { lines, vectors: Vectors { q, p, lanes, .. } } = self;
        let mut product = Product { lines: &lines, p, q, sum: Octet::ZERO };
        for index in (0..lines.blocks()).rev() {
            lines.solve::<A>(index, lanes, &mut product);
        }
        product.sum.total()
    }
}

/// Blocks from the last to the first.
struct Product<'a> {
    lines: &'a Elimination<'a>,
    p: &'a mut Grid,
    q: &'a mut Grid,
    sum: Octet,
}

impl Tiles for Product<'_> {
    #[inline(always)]
    fn right_hand_side<A: Arithmetic>(&mut self, block: Block, at: usize, _: usize) -> Tile {
        let cells = &self.lines.ladders.0.cells[block.blocked().start + at..][..WIDTH];
        let mut u = A::transpose(self.p.tile(block.index, at / WIDTH));
        for k in 0..WIDTH {
            u[k] = u[k].times::<A>(&cells[k]);
        }
        u
    }

    /// q = g (p - z) + wires(p) + leak p.
    #[inline(always)]
    fn solution<A: Arithmetic>(&mut self, block: Block, at: usize, wide: usize, x: &Tile) {
        let cells = &self.lines.ladders.0.cells[block.blocked().start + at..][..WIDTH];
        let minus = A::splat(-1.0);
        let mut through = A::transpose(self.p.tile(block.index, at / WIDTH));
        for k in 0..WIDTH {
            let across = A::fused(A::load(&x[k]), minus, A::load(&through[k]));
            through[k] = A::store(A::product(A::load(&cells[k]), across));
        }
        let through = A::transpose(&through);
        if block.rows == LANES {
            self.bit_nodes::<A>(block, at, wide, LANES, &through);
        } else {
            self.bit_nodes::<A>(block, at, wide, block.rows, &through);
        }
    }
}

impl Product<'_> {
    /// Adds to the cell currents what wires and leaks carry at the nodes of a tile; what the segment to the block below
    /// carries goes to that block too.
    #[inline(always)]
    fn bit_nodes<A: Arithmetic>(&mut self, block: Block, at: usize, wide: usize, rows: usize, through: &Tile) {
        let Elimination { network, wires: (_, wires), .. } = self.lines;
        let (index, t, minus) = (block.index, at / WIDTH, A::splat(-1.0));
        let p = *self.p.tile(index, t);
        let mut values = *through;
        if block.first == 0 {
            values[0].add_product::<A>(&Octet::read(&network.bit.head, at, wide), &p[0]);
        }
        for l in 0..rows - 1 {
            let down = current::<A>(wires.after(index, t, l), &p[l], &p[l + 1]);
            values[l] = A::store(A::sum(A::load(&values[l]), down));
            values[l + 1] = A::store(A::fused(down, minus, A::load(&values[l + 1])));
        }
        if block.first + rows == network.rows {
            values[rows - 1].add_product::<A>(&Octet::read(&network.bit.tail, at, wide), &p[rows - 1]);
        } else {
            let below = self.p.tile(index + 1, t)[0];
            let down = current::<A>(wires.after(index, t, rows - 1), &p[rows - 1], &below);
            values[rows - 1] = A::store(A::sum(A::load(&values[rows - 1]), down));
            let up = A::store(A::product(down, minus));
            self.sum.add_product::<A>(&up, &below);
            self.q.tile_mut(index + 1, t)[0].add::<A>(&up);
        }
        let mut sum = A::load(&self.sum);
        let q = self.q.tile_mut(index, t);
        for l in 0..rows {
            if let Some(leak) = &network.bit.leak {
                values[l].add_product::<A>(&Octet::read(leak, (block.first + l) * block.cols + at, wide), &p[l]);
            }
            sum = A::fused(A::load(&p[l]), A::load(&values[l]), sum);
            q[l] = values[l];
        }
        self.sum = A::store(sum);
    }
}

/// What a segment carries from one node to the next.
#[inline(always)]
fn current<A: Arithmetic>(wire: &Octet, from: &Octet, to: &Octet) -> A::Register {
    A::product(A::load(wire), A::fused(A::load(to), A::splat(-1.0), A::load(from)))
}

/// z = M^-1 r from y, x += a p, p = z + beta p, q = S p; gives p.q.
pub struct Advance<'a> {
    /// Lines.
    pub lines: Elimination<'a>,
    /// Vectors.
    pub vectors: Vectors<'a>,
    /// The solution, its blocks [tile by tile](Block::in_tiles).
    pub x: &'a mut [f64],
    /// The coarse grid, solved.
    pub coarse: Option<&'a mut Coarse>,
    /// Step along the last direction.
    pub a: f64,
    /// Its part of the next.
    pub beta: f64,
}

impl Work for Advance<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> f64 {
        let Self { lines, vectors: Vectors { q, p, lanes, sweep, .. }, x, coarse, a, beta } = self;
        sweep.fill(Octet::ZERO);
        let product = Product { lines: &lines, p, q, sum: Octet::ZERO };
        let mut ascent = Ascent { product, sweep, x, a, beta, coarse, nearness: [0.0; LANES] };
        for index in (0..lines.blocks()).rev() {
            if let Some(coarse) = &mut ascent.coarse {
                let block = Block::new(index, lines.network.rows, lines.network.cols);
                coarse.prolong::<A>(block);
                ascent.nearness = coarse.nearness(block);
            }
            lines.solve::<A>(index, lanes, &mut ascent);
        }
        ascent.product.sum.total()
    }
}

/// A product whose p becomes known tile by tile.
struct Ascent<'a> {
    product: Product<'a>,
    /// z of the row below.
    sweep: &'a mut [Octet],
    x: &'a mut [f64],
    a: f64,
    beta: f64,
    coarse: Option<&'a mut Coarse>,
    /// Of the rows of this block.
    nearness: [f64; LANES],
}

impl Tiles for Ascent<'_> {
    #[inline(always)]
    fn right_hand_side<A: Arithmetic>(&mut self, block: Block, at: usize, wide: usize) -> Tile {
        self.look_ahead(block, at + AHEAD);
        if block.rows == LANES {
            self.ascend::<A>(block, at, wide, LANES);
        } else {
            self.ascend::<A>(block, at, wide, block.rows);
        }
        self.product.right_hand_side::<A>(block, at, wide)
    }

    #[inline(always)]
    fn solution<A: Arithmetic>(&mut self, block: Block, at: usize, wide: usize, x: &Tile) {
        self.product.solution::<A>(block, at, wide, x);
    }
}

impl Ascent<'_> {
    /// Asks for the tile at a column before it is needed.
    #[inline(always)]
    fn look_ahead(&self, block: Block, at: usize) {
        if at >= block.cols {
            return;
        }
        let (Product { lines, p, q, .. }, t) = (&self.product, at / WIDTH);
        let (word, blocked) = (lines.ladders.0, block.blocked().start + at);
        for l in 0..LANES {
            prefetch(&q.tile(block.index, t)[l]);
            prefetch(&p.tile(block.index, t)[l]);
            prefetch(&lines.ladders.1.inverse.tile(block.index, t)[l]);
            prefetch(&word.inverse[blocked + l]);
            prefetch(&word.cells[blocked + l]);
            if let Some(x) = self.x.get(block.in_tiles(at) + l * WIDTH) {
                prefetch(x);
            }
        }
    }

    /// One tile of z, x and p.
    #[inline(always)]
    fn ascend<A: Arithmetic>(&mut self, block: Block, at: usize, wide: usize, rows: usize) {
        let Product { lines, p, q, .. } = &mut self.product;
        let t = at / WIDTH;
        let (y, p) = (q.tile(block.index, t), p.tile_mut(block.index, t));
        let (wires, inverse) = (lines.wires.1, lines.ladders.1.inverse.tile(block.index, t));
        let (a, beta) = (A::splat(self.a), A::splat(self.beta));
        let correction = self.coarse.as_ref().map(|coarse| coarse.correction(t));
        let mut below = A::load(&self.sweep[t]);
        for l in (0..rows).rev() {
            let y = A::fused(A::load(wires.after(block.index, t, l)), below, A::load(&y[l]));
            let mut z = A::product(A::load(&inverse[l]), y);
            below = z;
            if let Some([base, slope]) = correction {
                z = A::sum(z, A::fused(A::splat(self.nearness[l]), A::load(slope), A::load(base)));
            }
            let k = block.in_tiles(at) + l * wide;
            let old = A::load(&p[l]);
            A::store(A::fused(a, old, A::load(&Octet::read(self.x, k, wide)))).write(self.x, k, wide);
            p[l] = A::store(A::fused(beta, old, z));
        }
        self.sweep[t] = A::store(below);
    }
}

/// r -= a q, y = L^-1 r into q; gives r.r and r.M^-1 r.
pub struct Descend<'a> {
    /// Lines.
    pub lines: Elimination<'a>,
    /// Vectors.
    pub vectors: Vectors<'a>,
    /// The coarse grid.
    pub coarse: Option<&'a mut Coarse>,
    /// Step along the direction.
    pub a: f64,
}

impl Work for Descend<'_> {
    type Output = (f64, f64);

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> (f64, f64) {
        let Self { lines, vectors: Vectors { q, r, sweep, .. }, mut coarse, a } = self;
        let (rr, rz) = (A::splat(0.0), A::splat(0.0));
        sweep.fill(Octet::ZERO);
        let mut descent = Descent::<A> { lines: &lines, q, r, sweep, minus_a: A::splat(-a), rr, rz };
        for index in 0..lines.blocks() {
            let block = Block::new(index, lines.network.rows, lines.network.cols);
            let mut restriction = coarse.as_mut().map(|coarse| (coarse.nearness(block), coarse.restricted(block)));
            for t in 0..block.tiles() {
                let hats =
                    restriction.as_mut().map(|(nearness, rows)| (&*nearness, rows.each_mut().map(|row| &mut row[t])));
                if block.rows == LANES {
                    descent.tile(index, t, LANES, hats);
                } else {
                    descent.tile(index, t, block.rows, hats);
                }
            }
            if let Some(coarse) = &mut coarse {
                coarse.end_block::<A>(block);
            }
        }
        let (rr, rz) = (A::store(descent.rr).total(), A::store(descent.rz).total());
        (rr, rz + coarse.map_or(0.0, Coarse::solve::<A>))
    }
}

struct Descent<'a, A: Arithmetic> {
    lines: &'a Elimination<'a>,
    q: &'a mut Grid,
    r: &'a mut Grid,
    /// What y of the row above adds.
    sweep: &'a mut [Octet],
    minus_a: A::Register,
    rr: A::Register,
    rz: A::Register,
}

impl<A: Arithmetic> Descent<'_, A> {
    /// One tile of r and y; `hats` are the nearness of its rows and where r is added for the coarse grid.
    #[inline(always)]
    fn tile(&mut self, block: usize, t: usize, rows: usize, hats: Option<(&[f64; LANES], [&mut Octet; 2])>) {
        let (wires, inverse) = (self.lines.wires.1, self.lines.ladders.1.inverse.tile(block, t));
        let (q, all) = (self.q.tile_mut(block, t), self.r.tile_mut(block, t));
        let mut sweep = A::load(&self.sweep[t]);
        for l in 0..rows {
            let r = A::fused(self.minus_a, A::load(&q[l]), A::load(&all[l]));
            all[l] = A::store(r);
            let y = A::sum(r, sweep);
            q[l] = A::store(y);
            let scaled = A::product(y, A::load(&inverse[l]));
            sweep = A::product(A::load(wires.after(block, t, l)), scaled);
            self.rr = A::fused(r, r, self.rr);
            self.rz = A::fused(y, scaled, self.rz);
        }
        self.sweep[t] = A::store(sweep);
        if let Some((nearness, [sum, lower])) = hats {
            let mut added = [A::load(sum), A::load(lower)];
            for l in 0..rows {
                let r = A::load(&all[l]);
                added = [A::sum(added[0], r), A::fused(r, A::splat(nearness[l]), added[1])];
            }
            [*sum, *lower] = added.map(A::store);
        }
    }
}
