//! Numbers of 106 bits as unevaluated sums of two (Dekker, Numer. Math. 18, 1971), and a dense elimination in them.

use std::ops::{Add, Div, Mul, Neg, Sub};

use sneakpath::crossbar::Network;

/// high + low.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Double(pub f64, pub f64);

pub const ZERO: Double = Double(0.0, 0.0);

fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

fn two_product(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    (product, a.mul_add(b, -product))
}

impl From<f64> for Double {
    fn from(value: f64) -> Self {
        Self(value, 0.0)
    }
}

impl Add for Double {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let (high, error) = two_sum(self.0, other.0);
        let (low, tail) = two_sum(self.1, other.1);
        let (high, error) = two_sum(high, error + low);
        let (high, low) = two_sum(high, error + tail);
        Self(high, low)
    }
}

impl Neg for Double {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0, -self.1)
    }
}

impl Sub for Double {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Double {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let (high, error) = two_product(self.0, other.0);
        let (high, low) = two_sum(high, error + self.0 * other.1 + self.1 * other.0);
        Self(high, low)
    }
}

impl Div for Double {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let first = self.0 / other.0;
        let rest = self - other * first.into();
        let second = rest.0 / other.0;
        let rest = rest - other * second.into();
        Self::from(first) + second.into() + (rest.0 / other.0).into()
    }
}

/// Cell matrices [[ww, -wb], [-bw, bb]], row-major.
pub struct Cells<'a> {
    pub ww: &'a [f64],
    pub wb: &'a [f64],
    pub bw: &'a [f64],
    pub bb: &'a [f64],
}

/// Solves a small array in excess form: node k goes by c_ij += c_ik c_kj / d_k with d_k the sum of its column, ground
/// included. `b` and the solution hold word nodes first, row-major.
pub fn solve(network: &Network, cells: &Cells, b: &[Double]) -> Vec<Double> {
    let (n, m) = (network.rows, network.cols);
    let (half, size) = (n * m, 2 * n * m);
    let mut c = vec![ZERO; size * size];
    let mut ground = vec![ZERO; size];
    let mut join = |a: usize, b: usize, value: f64| {
        c[a * size + b] = value.into();
        c[b * size + a] = value.into();
    };
    for i in 0..n {
        for j in 0..m {
            let k = i * m + j;
            if j + 1 < m {
                join(k, k + 1, network.word_segment(i, j));
            }
            if i + 1 < n {
                join(half + k, half + k + m, network.bit_segment(i, j));
            }
        }
    }
    for k in 0..half {
        c[k * size + half + k] = cells.wb[k].into();
        c[(half + k) * size + k] = cells.bw[k].into();
        let (i, j) = (k / m, k % m);
        ground[k] = Double::from(network.word_leak(i, j)) + cells.ww[k].into() - cells.bw[k].into();
        ground[half + k] = Double::from(network.bit_leak(i, j)) + cells.bb[k].into() - cells.wb[k].into();
    }
    let mut x = b.to_vec();
    let mut pivots = Vec::with_capacity(size);
    for k in 0..size {
        let near: Vec<usize> = (k + 1..size).filter(|i| c[i * size + k] != ZERO || c[k * size + i] != ZERO).collect();
        let pivot = near.iter().fold(ground[k], |sum, i| sum + c[i * size + k]);
        for &i in &near {
            let down = c[i * size + k] / pivot;
            x[i] = x[i] + down * x[k];
            for &j in near.iter().filter(|j| **j != i) {
                c[i * size + j] = c[i * size + j] + down * c[k * size + j];
            }
            ground[i] = ground[i] + ground[k] * c[k * size + i] / pivot;
        }
        pivots.push(pivot);
    }
    for k in (0..size).rev() {
        let sum = (k + 1..size).filter(|j| c[k * size + j] != ZERO).fold(x[k], |sum, j| sum + c[k * size + j] * x[j]);
        x[k] = sum / pivots[k];
    }
    x
}
