//! The streaming passes of line-PCG, for every instruction set.
//!
//! With y = L^-1 r left in q by the pass before, the two passes of an iteration are
//!
//! ```text
//! advance   rows from the last to the first:  z = L^-T y + coarse correction,  x += a p,  p = z + beta p
//!           eight rows later:                 q = S p = leak p + wires(p) + g (p - T_W^-1 g p),  with p.q
//! descend   rows from the first to the last:  r -= a q,  y = L^-1 r into q,  with r.r and r.z = sum y^2/d
//! ```
//!
//! Eight rows of p, q, cells and word lines are in the second-level cache when `advance` multiplies them, so that an
//! iteration streams each array from memory once or twice: see `benches/arrays/bandwidth.rs`.

use super::coarse::Coarse;
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
    fn blocks(&self) -> usize {
        self.network.rows.div_ceil(LANES)
    }

    /// T_W^-1 on one block.
    #[inline(always)]
    fn solve<A: Arithmetic>(&self, index: usize, lanes: &mut [Octet], tiles: &mut impl Tiles) {
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
    /// One row of a bit-line sweep.
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
        for l in 0..block.rows {
            let k = (block.first + l) * block.cols + at;
            let g = A::load(&Octet::read(self.cells, k, wide));
            let r = A::fused(g, A::load(&z[l]), A::load(&Octet::read(self.b[1], k, wide)));
            self.norm = A::store(A::fused(r, r, A::load(&self.norm)));
            *self.r.at_mut(block.first + l, at / WIDTH) = A::store(r);
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
        let Self { lines, mut vectors } = self;
        let mut sum = Octet::ZERO;
        for index in 0..lines.blocks() {
            sum = multiply_block::<A>(&lines, &mut vectors, index, sum);
        }
        sum.total()
    }
}

struct Product<'a> {
    lines: &'a Elimination<'a>,
    p: &'a Grid,
    q: &'a mut Grid,
    sum: Octet,
}

/// One block of q = S p; adds p.q to `sum`.
#[inline(always)]
fn multiply_block<A: Arithmetic>(lines: &Elimination, vectors: &mut Vectors, index: usize, sum: Octet) -> Octet {
    let mut product = Product { lines, p: vectors.p, q: vectors.q, sum };
    lines.solve::<A>(index, vectors.lanes, &mut product);
    product.sum
}

impl Tiles for Product<'_> {
    #[inline(always)]
    fn right_hand_side<A: Arithmetic>(&mut self, block: Block, at: usize, _: usize) -> Tile {
        let cells = &self.lines.ladders.0.cells[block.blocked().start + at..][..WIDTH];
        let mut u = block.tile_of::<A>(self.p, at / WIDTH);
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
        let mut through = block.tile_of::<A>(self.p, at / WIDTH);
        for k in 0..WIDTH {
            let across = A::fused(A::load(&x[k]), minus, A::load(&through[k]));
            through[k] = A::store(A::product(A::load(&cells[k]), across));
        }
        let through = A::transpose(&through);
        for l in 0..block.rows {
            self.bit_node::<A>(block.first + l, at, wide, &through[l]);
        }
    }
}

impl Product<'_> {
    /// Adds to the cell currents what wires and leaks carry at eight nodes of row i.
    #[inline(always)]
    fn bit_node<A: Arithmetic>(&mut self, i: usize, at: usize, wide: usize, through: &Octet) {
        let Elimination { network, wires: (_, wires), .. } = self.lines;
        let (n, m, t) = (network.rows, network.cols, at / WIDTH);
        let minus = A::splat(-1.0);
        let here = A::load(self.p.at(i, t));
        let mut value = A::load(through);
        value = if i > 0 {
            let up = A::fused(A::load(self.p.at(i - 1, t)), minus, here);
            A::fused(A::load(&wires.after(i - 1)[t]), up, value)
        } else {
            A::fused(A::load(&Octet::read(&network.bit.head, at, wide)), here, value)
        };
        value = if i + 1 < n {
            let down = A::fused(A::load(self.p.at(i + 1, t)), minus, here);
            A::fused(A::load(&wires.after(i)[t]), down, value)
        } else {
            A::fused(A::load(&Octet::read(&network.bit.tail, at, wide)), here, value)
        };
        if let Some(leak) = &network.bit.leak {
            value = A::fused(A::load(&Octet::read(leak, i * m + at, wide)), here, value);
        }
        self.sum = A::store(A::fused(here, value, A::load(&self.sum)));
        *self.q.at_mut(i, t) = A::store(value);
    }
}

/// z = M^-1 r from y, x += a p, p = z + beta p, q = S p; gives p.q.
pub struct Advance<'a> {
    /// Lines.
    pub lines: Elimination<'a>,
    /// Vectors.
    pub vectors: Vectors<'a>,
    /// The solution.
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
    fn run<A: Arithmetic>(mut self) -> f64 {
        self.vectors.sweep.fill(Octet::ZERO);
        let (mut row, mut sum) = (self.lines.network.rows, Octet::ZERO);
        for index in (0..self.lines.blocks()).rev() {
            // the row above the block too
            while row > (index * LANES).saturating_sub(1) {
                row -= 1;
                self.ascend::<A>(row);
            }
            sum = multiply_block::<A>(&self.lines, &mut self.vectors, index, sum);
        }
        sum.total()
    }
}

impl Advance<'_> {
    /// One row of z, x and p; `sweep` carries z of the row below.
    #[inline(always)]
    fn ascend<A: Arithmetic>(&mut self, i: usize) {
        let Self { lines, vectors, x, coarse, a, beta } = self;
        let (n, m) = (lines.network.rows, lines.network.cols);
        let x = &mut x[i * m..(i + 1) * m];
        let (whole, rest) = x.as_chunks_mut::<WIDTH>();
        let mut ascent = Ascent::<A> {
            // the row below the last does not exist
            wires: (i + 1 < n).then(|| lines.wires.1.after(i)),
            y: vectors.q.row(i),
            inverse: lines.ladders.1.inverse.row(i),
            sweep: vectors.sweep,
            p: vectors.p.row_mut(i),
            a: A::splat(*a),
            beta: A::splat(*beta),
            correction: coarse.as_mut().map(|coarse| coarse.prolonged(i)),
        };
        for (t, x) in whole.iter_mut().enumerate() {
            *x = ascent.tile(t, Octet(*x)).0;
        }
        if !rest.is_empty() {
            let x = ascent.tile(whole.len(), Octet::read(rest, 0, rest.len()));
            x.write(rest, 0, rest.len());
        }
    }
}

struct Ascent<'a, A: Arithmetic> {
    wires: Option<&'a [Octet]>,
    y: &'a [Octet],
    inverse: &'a [Octet],
    sweep: &'a mut [Octet],
    p: &'a mut [Octet],
    a: A::Register,
    beta: A::Register,
    correction: Option<(f64, &'a [Octet], &'a [Octet])>,
}

impl<A: Arithmetic> Ascent<'_, A> {
    /// Eight nodes; gives the new x.
    #[inline(always)]
    fn tile(&mut self, t: usize, x: Octet) -> Octet {
        let mut y = A::load(&self.y[t]);
        if let Some(wires) = self.wires {
            y = A::fused(A::load(&wires[t]), A::load(&self.sweep[t]), y);
        }
        let mut z = A::product(A::load(&self.inverse[t]), y);
        self.sweep[t] = A::store(z);
        if let Some((fraction, base, slope)) = self.correction {
            z = A::sum(z, A::fused(A::splat(fraction), A::load(&slope[t]), A::load(&base[t])));
        }
        let p = A::load(&self.p[t]);
        self.p[t] = A::store(A::fused(self.beta, p, z));
        A::store(A::fused(self.a, p, A::load(&x)))
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
        let Self { lines, vectors, mut coarse, a } = self;
        let n = lines.network.rows;
        let (mut rr, mut rz) = (A::splat(0.0), A::splat(0.0));
        vectors.sweep.fill(Octet::ZERO);
        for i in 0..n {
            let mut descent = Descent::<A> {
                wires: lines.wires.1.after(i),
                q: vectors.q.row_mut(i),
                r: vectors.r.row_mut(i),
                inverse: lines.ladders.1.inverse.row(i),
                sweep: vectors.sweep,
                minus_a: A::splat(-a),
                restriction: coarse.as_mut().map(|coarse| coarse.restricted(i)),
                rr,
                rz,
            };
            for t in 0..descent.q.len() {
                descent.tile(t);
            }
            (rr, rz) = (descent.rr, descent.rz);
            if let Some(coarse) = &mut coarse {
                coarse.end_row(i);
            }
        }
        let correction = coarse.map_or(0.0, Coarse::solve);
        (A::store(rr).total(), A::store(rz).total() + correction)
    }
}

struct Descent<'a, A: Arithmetic> {
    wires: &'a [Octet],
    q: &'a mut [Octet],
    r: &'a mut [Octet],
    inverse: &'a [Octet],
    sweep: &'a mut [Octet],
    minus_a: A::Register,
    restriction: Option<(f64, &'a mut [Octet], &'a mut [Octet])>,
    rr: A::Register,
    rz: A::Register,
}

impl<A: Arithmetic> Descent<'_, A> {
    #[inline(always)]
    fn tile(&mut self, t: usize) {
        let r = A::fused(self.minus_a, A::load(&self.q[t]), A::load(&self.r[t]));
        self.r[t] = A::store(r);
        let y = A::sum(r, A::load(&self.sweep[t]));
        self.q[t] = A::store(y);
        let scaled = A::product(y, A::load(&self.inverse[t]));
        self.sweep[t] = A::store(A::product(A::load(&self.wires[t]), scaled));
        self.rr = A::fused(r, r, self.rr);
        self.rz = A::fused(y, scaled, self.rz);
        if let Some((fraction, all, lower)) = &mut self.restriction {
            all[t] = A::store(A::sum(A::load(&all[t]), r));
            lower[t] = A::store(A::fused(A::splat(*fraction), r, A::load(&lower[t])));
        }
    }
}
