//! Partial elimination of a dense front in excess form.
//!
//! With c_ij >= 0 the negated off-diagonals and g_j what column j lacks to zero (its leak to ground), node k goes by
//!
//! ```text
//! d_k = g_k + sum_{i > k} c_ik,      c_ij += c_ik c_kj / d_k,      g_j += g_k c_kj / d_k
//! ```
//!
//! No diagonal is stored and nothing is subtracted, so that all results keep full relative accuracy (Grassmann, Taksar,
//! Heyman, Oper. Res. 33, 1985; O'Cinneide, Numer. Math. 65, 1993). Ground is one more row of every front, kept apart
//! as one number per column.
//!
//! A matrix is stored as `H` lower halves: one, c_ij, when it is symmetric; two, c_ij and c_ji, when only its pattern
//! is. The halves mirror each other in every formula, `c_ij += c_ik (mirror c)_jk / d_k`, so LDL^T and LU are one code.
//! Rows come in octets: entry (8 I + r, k) of a row of blocks I is lane r of octet k.
//!
//! Rows below a group of pivots act on them only through their sums, which undergo the same elimination: a group is
//! therefore finished on its own square, with one row "rest" for all that lies below, before the rows below follow.

use crate::numeric::simd::{Arithmetic, Octet, WIDTH, Work};

/// Blocks of columns that are eliminated before the rest of the front is touched.
const GROUP: usize = 8;
/// Depth of a product in columns, so that its factors stay in the first-level cache.
const DEPTH: usize = 128;
/// Rows of blocks of a product, so that they stay in the second-level cache.
const TALL: usize = 48;

/// Octets of a packed lower triangle of `blocks` rows of blocks, and the start of row `blocks`.
#[must_use]
pub fn triangle(blocks: usize) -> usize {
    WIDTH * blocks * (blocks + 1) / 2
}

/// Work vectors of an elimination, grown to the largest front.
#[derive(Debug, Clone)]
pub struct Scratch<const H: usize> {
    /// Rows of the group's square over their pivots.
    square: [Vec<Octet>; H],
    /// Columns of a group, row by row.
    packed: [Vec<Octet>; H],
    /// One row of blocks over its pivots.
    scaled: Vec<Octet>,
    /// Sums of the rows below the group, ground included.
    rest: [f64; GROUP * WIDTH],
    /// g_k / d_k of the group.
    drain: [f64; GROUP * WIDTH],
}

impl<const H: usize> Scratch<H> {
    /// For fronts of up to `height` blocks.
    #[must_use]
    pub fn new(height: usize) -> Self {
        Self {
            square: std::array::from_fn(|_| vec![Octet::ZERO; triangle(GROUP)]),
            packed: std::array::from_fn(|_| vec![Octet::ZERO; height * GROUP * WIDTH]),
            scaled: vec![Octet::ZERO; DEPTH],
            rest: [0.0; GROUP * WIDTH],
            drain: [0.0; GROUP * WIDTH],
        }
    }
}

/// A front in store.
pub struct Dense<'a, const H: usize> {
    /// Blocks to eliminate.
    pub pivots: usize,
    /// All blocks.
    pub height: usize,
    /// `height` rows of `8 pivots` octets per half.
    pub panel: [&'a mut [Octet]; H],
    /// The remaining blocks, packed lower triangles.
    pub schur: [&'a mut [Octet]; H],
    /// Leak to ground of every column.
    pub ground: &'a mut [Octet],
}

impl<const H: usize> Dense<'_, H> {
    /// The eight octets of a block on or below the diagonal.
    #[inline(always)]
    pub fn block(&mut self, half: usize, row: usize, col: usize) -> &mut [Octet] {
        if col < self.pivots {
            &mut self.panel[half][WIDTH * (row * self.pivots + col)..][..WIDTH]
        } else {
            let (row, col) = (row - self.pivots, col - self.pivots);
            &mut self.schur[half][triangle(row) + WIDTH * col..][..WIDTH]
        }
    }
}

/// Adds what a smaller front left, packed triangle and ground, to the given rows of a larger one.
pub struct Extension<'a, 'b, const H: usize> {
    /// The larger front.
    pub front: &'a mut Dense<'b, H>,
    /// Row there of each row here, rising.
    pub rows: &'a [u32],
    /// Packed lower triangles.
    pub schur: [&'a [Octet]; H],
    /// Leak to ground.
    pub ground: &'a [Octet],
}

impl<const H: usize> Work for Extension<'_, '_, H> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        for (row, ground) in self.rows.iter().zip(self.ground) {
            self.front.ground[*row as usize].add::<A>(ground);
        }
        for h in 0..H {
            for (i, &row) in self.rows.iter().enumerate() {
                let here = &self.schur[h][triangle(i)..triangle(i + 1)];
                for (block, &col) in here.chunks_exact(WIDTH).zip(self.rows) {
                    let there = self.front.block(h, row as usize, col as usize);
                    for (there, here) in there.iter_mut().zip(block) {
                        there.add::<A>(here);
                    }
                }
            }
        }
    }
}

/// Elimination of the pivots of a front.
pub struct Elimination<'a, const H: usize> {
    /// The front.
    pub front: Dense<'a, H>,
    /// Out: 1/d of every pivot.
    pub inverse: &'a mut [Octet],
    /// Work vectors.
    pub scratch: &'a mut Scratch<H>,
}

impl<const H: usize> Work for Elimination<'_, H> {
    /// Number of negative pivots, or the first pivot that is zero or no number.
    type Output = Result<usize, usize>;

    #[inline(always)]
    fn run<A: Arithmetic>(mut self) -> Self::Output {
        let mut negative = 0;
        for from in (0..self.front.pivots).step_by(GROUP) {
            let to = (from + GROUP).min(self.front.pivots);
            negative += self.eliminate_group::<A>(from, to)?;
            self.follow_below::<A>(from, to);
            if to < self.front.pivots {
                self.update_right::<A>(from, to);
            }
        }
        self.update_schur::<A>();
        Ok(negative)
    }
}

impl<const H: usize> Elimination<'_, H> {
    /// Eliminates the square of a group, with the row "rest".
    #[inline(always)]
    fn eliminate_group<A: Arithmetic>(&mut self, from: usize, to: usize) -> Result<usize, usize> {
        let width = WIDTH * self.front.pivots;
        self.sum_rest::<A>(from, to);
        let mut negative = 0;
        for column in from..to {
            let (before, start) = (WIDTH * (column - from), triangle(column - from));
            for h in 0..H {
                let row = &self.front.panel[H - 1 - h][column * width + WIDTH * from..][..before];
                scale::<A>(row, &self.inverse[from..column], &mut self.scratch.square[h][start..start + before]);
                let square = &self.scratch.square[h][start..start + before];
                for row in column..to {
                    let row = &mut self.front.panel[h][row * width + WIDTH * from..][..before + WIDTH];
                    let (a, c) = row.split_at_mut(before);
                    A::tiles(&mut [c, &mut [], &mut []], [a, &[], &[]], square);
                }
            }
            let (done, open) = self.scratch.rest.split_at_mut(before);
            let mut ground = self.front.ground[column];
            let mut rest = Octet(std::array::from_fn(|l| open[l]));
            for (k, row) in self.scratch.square[0][start..start + before].iter().enumerate() {
                rest.add_scaled::<A>(row, done[k]);
                ground.add_scaled::<A>(row, self.front.ground[from + k / WIDTH].0[k % WIDTH]);
            }
            negative += self.eliminate_block::<A>(from, to, column, &mut rest, &mut ground)?;
            self.scratch.rest[before..before + WIDTH].copy_from_slice(&rest.0);
            self.front.ground[column] = ground;
            for l in 0..WIDTH {
                self.scratch.drain[before + l] = ground.0[l] * self.inverse[column].0[l];
            }
        }
        Ok(negative)
    }

    /// Sums of the columns of a group over the rows below it, ground included.
    #[inline(always)]
    fn sum_rest<A: Arithmetic>(&mut self, from: usize, to: usize) {
        let width = WIDTH * self.front.pivots;
        let size = WIDTH * (to - from);
        let mut sums = [Octet::ZERO; GROUP * WIDTH];
        for row in self.front.panel[0][to * width..].chunks_exact(width) {
            for (sum, value) in sums.iter_mut().zip(&row[WIDTH * from..][..size]) {
                sum.add::<A>(value);
            }
        }
        for (k, sum) in sums[..size].iter().enumerate() {
            self.scratch.rest[k] = sum.total() + self.front.ground[from + k / WIDTH].0[k % WIDTH];
        }
    }

    /// Eliminates the eight columns of one block within the rows of the group.
    #[inline(always)]
    fn eliminate_block<A: Arithmetic>(
        &mut self,
        from: usize,
        to: usize,
        column: usize,
        rest: &mut Octet,
        ground: &mut Octet,
    ) -> Result<usize, usize> {
        let width = WIDTH * self.front.pivots;
        let mut total = *rest;
        for row in column + 1..to {
            let block = &self.front.panel[0][row * width + WIDTH * column..][..WIDTH];
            for l in 0..WIDTH {
                total.0[l] += block[l].total();
            }
        }
        let start = triangle(column - from) + WIDTH * (column - from);
        let mut block: [[Octet; WIDTH]; H] = std::array::from_fn(|h| {
            let block = &self.front.panel[h][column * width + WIDTH * column..][..WIDTH];
            std::array::from_fn(|k| block[k])
        });
        let mut negative = 0;
        for k in 0..WIDTH {
            let pivot = total.0[k] + (k + 1..WIDTH).map(|i| block[0][k].0[i]).sum::<f64>();
            let inverse = 1.0 / pivot;
            if !(pivot.is_finite() && inverse.is_finite()) {
                return Err(WIDTH * column + k);
            }
            negative += usize::from(pivot < 0.0);
            self.inverse[column].0[k] = inverse;
            let factors: [Octet; H] = std::array::from_fn(|h| {
                let row = &block[H - 1 - h][k].0;
                Octet(std::array::from_fn(|j| if j > k { row[j] * inverse } else { 0.0 }))
            });
            let (total_k, rest_k, ground_k) = (total.0[k], rest.0[k], ground.0[k]);
            total.add_scaled::<A>(&factors[0], total_k);
            rest.add_scaled::<A>(&factors[0], rest_k);
            ground.add_scaled::<A>(&factors[0], ground_k);
            for h in 0..H {
                let source = block[h][k];
                for j in k + 1..WIDTH {
                    block[h][j].add_scaled::<A>(&source, factors[h].0[j]);
                }
                self.scratch.square[h][start + k] = factors[h];
            }
        }
        for h in 0..H {
            self.front.panel[h][column * width + WIDTH * column..][..WIDTH].copy_from_slice(&block[h]);
            let factors = &self.scratch.square[h][start..start + WIDTH];
            for row in column + 1..to {
                follow::<A>(&mut self.front.panel[h][row * width + WIDTH * column..][..WIDTH], factors);
            }
        }
        Ok(negative)
    }

    /// The rows below a group follow its elimination, and their ground.
    #[inline(always)]
    fn follow_below<A: Arithmetic>(&mut self, from: usize, to: usize) {
        let width = WIDTH * self.front.pivots;
        for h in 0..H {
            for rows in self.front.panel[h][to * width..].chunks_mut(3 * width) {
                let (first, others) = rows.split_at_mut(width);
                let (second, third) = others.split_at_mut(width.min(others.len()));
                let mut rows = [first, second, third];
                for column in from..to {
                    let start = triangle(column - from);
                    let (products, factors) =
                        self.scratch.square[h][start..triangle(column - from + 1)].split_at(WIDTH * (column - from));
                    let split = rows.each_mut().map(|row| row.split_at_mut((WIDTH * column).min(row.len())));
                    let [(a0, c0), (a1, c1), (a2, c2)] = split;
                    let mut c = [c0, c1, c2].map(|c| &mut c[..]).map(|c| {
                        let len = WIDTH.min(c.len());
                        &mut c[..len]
                    });
                    let a = [&*a0, &*a1, &*a2].map(|a| if a.is_empty() { a } else { &a[WIDTH * from..] });
                    A::tiles(&mut c, a, products);
                    for c in c.into_iter().filter(|c| !c.is_empty()) {
                        follow::<A>(c, factors);
                    }
                }
            }
        }
        let size = WIDTH * (to - from);
        for (row, ground) in self.front.panel[H - 1][to * width..].chunks_exact(width).zip(&mut self.front.ground[to..])
        {
            for (value, drain) in row[WIDTH * from..][..size].iter().zip(&self.scratch.drain) {
                ground.add_scaled::<A>(value, *drain);
            }
        }
    }

    /// The columns right of a group.
    #[inline(always)]
    fn update_right<A: Arithmetic>(&mut self, from: usize, to: usize) {
        let width = WIDTH * self.front.pivots;
        let size = WIDTH * (to - from);
        let Scratch { packed, scaled, .. } = &mut *self.scratch;
        for h in 0..H {
            for (row, to) in self.front.panel[h][to * width..].chunks_exact(width).zip(packed[h].chunks_exact_mut(size))
            {
                to.copy_from_slice(&row[WIDTH * from..][..size]);
            }
        }
        for h in 0..H {
            let product = Product {
                left: &packed[h],
                right: &packed[H - 1 - h],
                stride: size,
                inverse: &self.inverse[from..to],
                height: self.front.height - to,
                width: self.front.pivots - to,
            };
            product.add::<A>(&mut self.front.panel[h][to * width + WIDTH * to..], |row| row * width, scaled);
        }
    }

    /// The triangle that stays.
    #[inline(always)]
    fn update_schur<A: Arithmetic>(&mut self) {
        let width = WIDTH * self.front.pivots;
        let rim = self.front.height - self.front.pivots;
        for h in 0..H {
            let product = Product {
                left: &self.front.panel[h][self.front.pivots * width..],
                right: &self.front.panel[H - 1 - h][self.front.pivots * width..],
                stride: width,
                inverse: self.inverse,
                height: rim,
                width: rim,
            };
            product.add::<A>(self.front.schur[h], triangle, &mut self.scratch.scaled);
        }
    }
}

/// The eight columns of a block in a row below it: `c_j += c_k f_jk`, k < j.
#[inline(always)]
fn follow<A: Arithmetic>(row: &mut [Octet], factors: &[Octet]) {
    let mut block: [Octet; WIDTH] = std::array::from_fn(|k| row[k]);
    for k in 0..WIDTH {
        let source = block[k];
        for j in k + 1..WIDTH {
            block[j].add_scaled::<A>(&source, factors[k].0[j]);
        }
    }
    row[..WIDTH].copy_from_slice(&block);
}

/// `out[k] = row[k] / d_k`.
#[inline(always)]
fn scale<A: Arithmetic>(row: &[Octet], inverse: &[Octet], out: &mut [Octet]) {
    for ((row, inverse), out) in row.chunks_exact(WIDTH).zip(inverse).zip(out.chunks_exact_mut(WIDTH)) {
        for l in 0..WIDTH {
            out[l] = row[l].scaled::<A>(inverse.0[l]);
        }
    }
}

/// C += L D^-1 R^T on the blocks on and below the diagonal.
struct Product<'a> {
    /// L, rows of `stride` octets.
    left: &'a [Octet],
    /// R, likewise.
    right: &'a [Octet],
    stride: usize,
    /// D^-1.
    inverse: &'a [Octet],
    /// Rows of blocks of C.
    height: usize,
    /// Columns of blocks of C.
    width: usize,
}

impl Product<'_> {
    /// Adds to `c`, whose row of blocks i starts at `start(i)`.
    #[inline(always)]
    fn add<A: Arithmetic>(&self, c: &mut [Octet], start: impl Fn(usize) -> usize, scaled: &mut [Octet]) {
        let blocks = self.inverse.len();
        for from in (0..blocks).step_by(DEPTH / WIDTH) {
            let inverse = &self.inverse[from..(from + DEPTH / WIDTH).min(blocks)];
            let depth = WIDTH * inverse.len();
            let scaled = &mut scaled[..depth];
            for top in (0..self.height).step_by(TALL) {
                let bottom = (top + TALL).min(self.height);
                for column in 0..self.width.min(bottom) {
                    scale::<A>(&self.right[column * self.stride + WIDTH * from..][..depth], inverse, scaled);
                    let left = |row: usize| &self.left[row * self.stride + WIDTH * from..][..depth];
                    let mut row = column.max(top);
                    while row < bottom {
                        let at = start(row) + WIDTH * column;
                        if row + 2 < bottom {
                            let (first, others) = c[at..].split_at_mut(start(row + 1) - start(row));
                            let (second, third) = others.split_at_mut(start(row + 2) - start(row + 1));
                            let mut c = [&mut first[..WIDTH], &mut second[..WIDTH], &mut third[..WIDTH]];
                            A::tiles(&mut c, [left(row), left(row + 1), left(row + 2)], scaled);
                        } else if row + 1 < bottom {
                            let (first, second) = c[at..].split_at_mut(start(row + 1) - start(row));
                            let mut c = [&mut first[..WIDTH], &mut second[..WIDTH], &mut [][..]];
                            A::tiles(&mut c, [left(row), left(row + 1), &[]], scaled);
                        } else {
                            A::tiles(&mut [&mut c[at..at + WIDTH], &mut [], &mut []], [left(row), &[], &[]], scaled);
                        }
                        row += 3;
                    }
                }
            }
        }
    }
}
