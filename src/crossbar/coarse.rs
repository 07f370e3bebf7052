//! The coarse grid of the two-level preconditioner.
//!
//! M^-1 = T_B^-1 + Z E^-1 Z^T with Z the bilinear hats on every h-th row and column. On the scale of h cells word and
//! bit lines move together, so E is the wire stiffness of both, tied: with K the stiffness and M the mass matrix of
//! linear elements of length h,
//!
//! ```text
//! E = g_w (M_y (x) K_x) + g_b (K_y (x) M_x) + edge terms of drivers and sense resistors
//! ```
//!
//! a 9-point matrix of a few thousand unknowns that does not depend on the cells: factored once, it survives all
//! Newton and time steps.

use super::grid::{Block, LANES};
use super::network::{Network, Wire};
use crate::numeric::simd::{Arithmetic, Octet, WIDTH};

/// Coarse unknowns along the longer side.
const COARSE_SIDE: usize = 64;
/// Finest coarse spacing, in cells.
const FINEST: usize = 8;

/// Factored coarse matrix and its work vectors.
#[derive(Debug, Clone)]
pub struct Coarse {
    h: usize,
    /// Fine rows.
    rows: usize,
    /// Coarse rows and columns.
    ny: usize,
    nx: usize,
    /// Half bandwidth of the Cholesky factor.
    band: usize,
    /// Lower band, row by row: `factor[k * (band + 1) + band - d]` is L(k, k - d), and 1/L(k, k) for d = 0.
    factor: Vec<f64>,
    /// Of the fine columns between two coarse ones: how near they are to the right one.
    right: Vec<Octet>,
    /// Restricted residual, then coarse solution.
    e: Vec<f64>,
    /// Restricted residual kept for r.z.
    restricted: Vec<f64>,
    /// Fine rows between two coarse ones, added up: the sum, and the sum weighted by the nearness of the lower one. On the
    /// way up: the correction on the upper one, and how it changes towards the lower one.
    between: [Vec<Octet>; 2],
    /// Coarse row above the correction in `between`.
    above: usize,
}

impl Coarse {
    /// Builds and factors E; `None` when the array is too small to gain or nothing ties it to a potential.
    #[must_use]
    pub fn new(network: &Network) -> Option<Self> {
        let (n, m) = (network.rows, network.cols);
        let h = n.max(m).div_ceil(COARSE_SIDE).next_power_of_two().max(FINEST);
        let (ny, nx) = (n.div_ceil(h) + 1, m.div_ceil(h) + 1);
        if ny * nx < 9 {
            return None;
        }
        let band = nx + 1;
        let mut e = Self {
            h,
            rows: n,
            ny,
            nx,
            band,
            factor: vec![0.0; ny * nx * (band + 1)],
            right: (0..h / WIDTH).map(|o| Octet(std::array::from_fn(|l| (o * WIDTH + l) as f64 / h as f64))).collect(),
            e: vec![0.0; ny * nx],
            restricted: vec![0.0; ny * nx],
            between: [(); 2].map(|()| vec![Octet::ZERO; m.div_ceil(WIDTH)]),
            above: usize::MAX,
        };
        e.assemble(network);
        e.factorize().then_some(e)
    }

    fn add(&mut self, a: usize, b: usize, value: f64) {
        let (low, high) = (a.min(b), a.max(b));
        self.factor[high * (self.band + 1) + self.band - (high - low)] += value;
    }

    fn assemble(&mut self, network: &Network) {
        let h = self.h as f64;
        let (gw, gb) = (mean_wire(&network.word.wire), mean_wire(&network.bit.wire));
        let stiffness = [[1.0 / h, -1.0 / h], [-1.0 / h, 1.0 / h]];
        let mass = [[h / 3.0, h / 6.0], [h / 6.0, h / 3.0]];
        for cy in 0..self.ny - 1 {
            for cx in 0..self.nx - 1 {
                for a in 0..4 {
                    for b in 0..=a {
                        let (ay, ax, by, bx) = (a / 2, a % 2, b / 2, b % 2);
                        let value = gw * mass[ay][by] * stiffness[ax][bx] + gb * stiffness[ay][by] * mass[ax][bx];
                        let at = |y: usize, x: usize| (cy + y) * self.nx + cx + x;
                        let (ka, kb) = (at(ay, ax), at(by, bx));
                        self.add(ka, kb, value);
                    }
                }
            }
        }
        self.add_edges(network);
    }

    /// Ends of the lines: the conductance to the known potential acts on the hats of the edge.
    fn add_edges(&mut self, network: &Network) {
        let (n, m) = (network.rows, network.cols);
        let column = |j: usize| (j / self.h, (j % self.h) as f64 / self.h as f64);
        let mut edges: Vec<(usize, usize, f64)> = Vec::new();
        let mut point = |i: usize, j: usize, g: f64| {
            if g == 0.0 {
                return;
            }
            let ((cy, fy), (cx, fx)) = (column(i), column(j));
            let hats =
                [(0, 0, (1.0 - fy) * (1.0 - fx)), (0, 1, (1.0 - fy) * fx), (1, 0, fy * (1.0 - fx)), (1, 1, fy * fx)];
            for (p, &(y0, x0, w0)) in hats.iter().enumerate() {
                for &(y1, x1, w1) in &hats[..=p] {
                    if w0 != 0.0 && w1 != 0.0 {
                        edges.push(((cy + y0) * self.nx + cx + x0, (cy + y1) * self.nx + cx + x1, g * w0 * w1));
                    }
                }
            }
        };
        for i in 0..n {
            point(i, 0, network.word.head[i]);
            point(i, m - 1, network.word.tail[i]);
        }
        for j in 0..m {
            point(0, j, network.bit.head[j]);
            point(n - 1, j, network.bit.tail[j]);
        }
        for (a, b, g) in edges {
            self.add(a, b, g);
        }
    }

    /// Banded Cholesky in place; false when a pivot is not positive.
    fn factorize(&mut self) -> bool {
        let width = self.band + 1;
        for k in 0..self.ny * self.nx {
            let first = k.saturating_sub(self.band);
            for c in first..k {
                let shared = first.max(c.saturating_sub(self.band));
                let mut sum = self.factor[k * width + self.band + c - k];
                for d in shared..c {
                    sum -= self.factor[k * width + self.band + d - k] * self.factor[c * width + self.band + d - c];
                }
                self.factor[k * width + self.band + c - k] = sum * self.factor[c * width + self.band];
            }
            let squares: f64 = (first..k).map(|c| self.factor[k * width + self.band + c - k].powi(2)).sum();
            let pivot = self.factor[k * width + self.band] - squares;
            // hats beyond the last row or column touch nothing: leave them at zero
            if pivot <= 0.0 || pivot.is_nan() {
                return false;
            }
            self.factor[k * width + self.band] = 1.0 / pivot.sqrt();
        }
        true
    }

    /// How near eight rows are to the coarse row below them, the same for all of them: h is a multiple of eight.
    #[must_use]
    pub fn nearness(&self, block: Block) -> [f64; LANES] {
        std::array::from_fn(|l| ((block.first + l) % self.h) as f64 / self.h as f64)
    }

    /// For e += Z^T r, block by block from the first: where r of the rows of a block is to be added, plainly and weighted by
    /// [`Coarse::nearness`]. [`Coarse::end_block`] must follow.
    pub fn restricted(&mut self, block: Block) -> [&mut [Octet]; 2] {
        if block.first == 0 {
            self.e.fill(0.0);
        }
        if block.first.is_multiple_of(self.h) {
            self.between.iter_mut().for_each(|row| row.fill(Octet::ZERO));
        }
        self.between.each_mut().map(|row| &mut row[..])
    }

    /// A block has been added.
    #[inline(always)]
    pub fn end_block<A: Arithmetic>(&mut self, block: Block) {
        let end = block.first + block.rows;
        if !end.is_multiple_of(self.h) && end != self.rows {
            return;
        }
        let Self { h, nx, e, right, between: [all, lower], .. } = self;
        let top = (block.first / *h) * *nx;
        for (cx, (all, lower)) in all.chunks(right.len()).zip(lower.chunks(right.len())).enumerate() {
            // plain sums and those weighted by the nearness of the right column
            let (mut sums, mut weighted) = ([Octet::ZERO; 2], [Octet::ZERO; 2]);
            for ((all, lower), right) in all.iter().zip(lower).zip(&*right) {
                for (side, row) in [all, lower].into_iter().enumerate() {
                    sums[side].add::<A>(row);
                    weighted[side].add_product::<A>(row, right);
                }
            }
            let ([all, lower], [right_all, right_lower]) = (sums.map(|s| s.total()), weighted.map(|s| s.total()));
            let at = top + cx;
            e[at] += (all - lower) - (right_all - right_lower);
            e[at + 1] += right_all - right_lower;
            e[at + *nx] += lower - right_lower;
            e[at + *nx + 1] += right_lower;
        }
    }

    /// e = E^-1 e; returns the restricted residual times the solution.
    #[inline(always)]
    pub fn solve<A: Arithmetic>(&mut self) -> f64 {
        let Self { factor, e, restricted, band, ny, nx, above, .. } = self;
        *above = usize::MAX;
        let (width, size) = (*band + 1, *ny * *nx);
        restricted.copy_from_slice(e);
        for k in 0..size {
            let first = k.saturating_sub(*band);
            let row = &factor[k * width + *band + first - k..=k * width + *band];
            let (known, rest) = e.split_at_mut(k);
            rest[0] = (rest[0] - dot::<A>(&row[..k - first], &known[first..])) * row[k - first];
        }
        for k in (0..size).rev() {
            let first = k.saturating_sub(*band);
            let row = &factor[k * width + *band + first - k..=k * width + *band];
            let (left, rest) = e.split_at_mut(k);
            rest[0] *= row[k - first];
            subtract::<A>(&mut left[first..], &row[..k - first], rest[0]);
        }
        dot::<A>(restricted, e)
    }

    /// Prepares the correction Z e on eight rows: with f their [`Coarse::nearness`], f d + u of [`Coarse::correction`].
    #[inline(always)]
    pub fn prolong<A: Arithmetic>(&mut self, block: Block) {
        let Self { h, nx, e, right, between: [base, slope], above, .. } = self;
        if *above == block.first / *h {
            return;
        }
        *above = block.first / *h;
        let (upper, lower) = (&e[*above * *nx..], &e[(*above + 1) * *nx..]);
        let chunks = base.chunks_mut(right.len()).zip(slope.chunks_mut(right.len()));
        for (cx, (base, slope)) in chunks.enumerate() {
            let down = [lower[cx] - upper[cx], lower[cx + 1] - upper[cx + 1]];
            for ((base, slope), right) in base.iter_mut().zip(slope).zip(&*right) {
                for (row, ends) in [(base, [upper[cx], upper[cx + 1]]), (slope, down)] {
                    *row = A::store(A::fused(A::load(right), A::splat(ends[1] - ends[0]), A::splat(ends[0])));
                }
            }
        }
    }

    /// u and d of eight columns.
    #[inline(always)]
    #[must_use]
    pub fn correction(&self, t: usize) -> [&Octet; 2] {
        self.between.each_ref().map(|row| &row[t])
    }
}

/// a.b. The last numbers are added one by one: those of b have just been computed, and a wide load would have to wait until
/// they have reached the cache.
#[inline(always)]
fn dot<A: Arithmetic>(a: &[f64], b: &[f64]) -> f64 {
    let wide = a.len().saturating_sub(WIDTH) / WIDTH * WIDTH;
    let mut sums = [Octet::ZERO; 2];
    for (k, (a, b)) in a[..wide].chunks_exact(WIDTH).zip(b.chunks_exact(WIDTH)).enumerate() {
        sums[k % 2].add_product::<A>(&Octet::read(a, 0, WIDTH), &Octet::read(b, 0, WIDTH));
    }
    sums.iter().map(Octet::total).sum::<f64>() + a[wide..].iter().zip(&b[wide..]).map(|(a, b)| a * b).sum::<f64>()
}

/// x -= a b.
#[inline(always)]
fn subtract<A: Arithmetic>(x: &mut [f64], a: &[f64], b: f64) {
    let minus = A::splat(-b);
    let (wide, rest) = x.as_chunks_mut::<WIDTH>();
    let (wide_a, rest_a) = a.as_chunks::<WIDTH>();
    for (x, a) in wide.iter_mut().zip(wide_a) {
        *x = A::store(A::fused(A::load(&Octet(*a)), minus, A::load(&Octet(*x)))).0;
    }
    rest.iter_mut().zip(rest_a).for_each(|(x, a)| *x -= a * b);
}

fn mean_wire(wire: &Wire) -> f64 {
    match wire {
        Wire::Uniform(g) => *g,
        Wire::Each(g) => {
            let (sum, count) = g.iter().filter(|g| **g > 0.0).fold((0.0, 0usize), |(s, c), g| (s + g, c + 1));
            sum / count.max(1) as f64
        }
    }
}
