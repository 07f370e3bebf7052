//! Small dense matrices, one per lane.
//!
//! Inverses are formed in place by Gauss-Jordan elimination on the diagonal,
//!
//! ```text
//! p = 1 / a_kk,   a_kc *= p,   a_rc -= a_rk a_kc,   a_rk = -a_rk p,   a_kk = p      (r, c other than k)
//! ```
//!
//! in all lanes at once. The rows of a cell are in amperes, in volts and in changes of state per second: whether a pivot is
//! too small must not depend on that. So a pivot is judged by its own history, which no scaling of rows and columns
//! changes: one elimination may neither cancel a diagonal entry nor bury it. A lane where that happens is inverted again
//! with row exchanges.

/// Matrices side by side.
pub const LANES: usize = 32;
/// Lanes that a few matrices need: those of one register.
pub const FEW: usize = 8;
/// One entry of all of them.
pub type Lane = [f64; LANES];
/// A diagonal entry may change by this factor in one elimination, either way.
const SMALLEST_PIVOT: f64 = 1e-8;

/// sum_k a_k b_k in the first `L` lanes.
#[must_use]
#[inline(always)]
pub fn products<'a, const L: usize>(m: usize, terms: impl Fn(usize) -> (&'a Lane, &'a Lane)) -> [f64; L] {
    let mut sum = [0.0; L];
    for k in 0..m {
        let (a, b) = terms(k);
        for lane in 0..L {
            sum[lane] += a[lane] * b[lane];
        }
    }
    sum
}

/// In-place inverse in the first `L` lanes, pivots on the diagonal; tells the lanes where one was too small.
#[inline(always)]
pub fn invert<const L: usize>(a: &mut [Lane], m: usize) -> [bool; L] {
    let mut weak = [false; L];
    for k in 0..m {
        let pivot = a[k * m + k];
        let mut inverse = [0.0; LANES];
        for lane in 0..L {
            weak[lane] |= pivot[lane].is_nan() || pivot[lane] == 0.0;
            inverse[lane] = 1.0 / pivot[lane];
        }
        for c in (0..m).filter(|&c| c != k) {
            for lane in 0..L {
                a[k * m + c][lane] *= inverse[lane];
            }
        }
        for r in (0..m).filter(|&r| r != k) {
            let factor = a[r * m + k];
            let before = a[r * m + r];
            for c in (0..m).filter(|&c| c != k) {
                let row = a[k * m + c];
                for lane in 0..L {
                    a[r * m + c][lane] -= factor[lane] * row[lane];
                }
            }
            // of a diagonal entry that is used up already nothing is divided by again
            for lane in 0..(if r > k { L } else { 0 }) {
                let (before, after) = (before[lane].abs(), a[r * m + r][lane].abs());
                let (less, more) = (before.min(after), before.max(after));
                weak[lane] |= less <= SMALLEST_PIVOT * more && before > 0.0 && more > 0.0;
            }
            for lane in 0..L {
                a[r * m + k][lane] = -factor[lane] * inverse[lane];
            }
        }
        a[k * m + k] = inverse;
    }
    weak
}

/// The inverse of one lane of `a` by Gauss-Jordan elimination with partial pivoting.
///
/// # Errors
/// The column without a pivot.
pub fn invert_with_exchanges(a: &[Lane], m: usize, lane: usize, out: &mut [Lane]) -> Result<(), usize> {
    let mut a: Vec<f64> = a.iter().map(|entry| entry[lane]).collect();
    let mut inverse = vec![0.0; m * m];
    invert_dense(&mut a, m, &mut inverse)?;
    for (out, value) in out.iter_mut().zip(inverse) {
        out[lane] = value;
    }
    Ok(())
}

/// The inverse of an m x m matrix, row-major, by Gauss-Jordan elimination with partial pivoting; `a` is used up.
///
/// # Errors
/// The column without a pivot.
pub fn invert_dense(a: &mut [f64], m: usize, inverse: &mut [f64]) -> Result<(), usize> {
    inverse.fill(0.0);
    for k in 0..m {
        inverse[k * m + k] = 1.0;
    }
    for k in 0..m {
        let pivot = (k..m).max_by(|&r, &s| a[r * m + k].abs().total_cmp(&a[s * m + k].abs())).unwrap_or(k);
        let value = a[pivot * m + k];
        if value == 0.0 || !value.is_finite() {
            return Err(k);
        }
        for c in 0..m {
            a.swap(pivot * m + c, k * m + c);
            inverse.swap(pivot * m + c, k * m + c);
        }
        for c in 0..m {
            a[k * m + c] /= value;
            inverse[k * m + c] /= value;
        }
        for r in (0..m).filter(|&r| r != k) {
            let factor = a[r * m + k];
            for c in 0..m {
                a[r * m + c] -= factor * a[k * m + c];
                inverse[r * m + c] -= factor * inverse[k * m + c];
            }
        }
    }
    Ok(())
}

/// Solves an m x m system in place by Gauss elimination with partial pivoting; false when it is singular.
pub fn solve_dense(a: &mut [f64], m: usize, b: &mut [f64]) -> bool {
    for k in 0..m {
        let pivot = (k..m).max_by(|&r, &s| a[r * m + k].abs().total_cmp(&a[s * m + k].abs())).unwrap_or(k);
        if a[pivot * m + k] == 0.0 {
            return false;
        }
        for c in 0..m {
            a.swap(pivot * m + c, k * m + c);
        }
        b.swap(pivot, k);
        for r in k + 1..m {
            let factor = a[r * m + k] / a[k * m + k];
            for c in k..m {
                a[r * m + c] -= factor * a[k * m + c];
            }
            b[r] -= factor * b[k];
        }
    }
    for r in (0..m).rev() {
        let known: f64 = (r + 1..m).map(|c| a[r * m + c] * b[c]).sum();
        b[r] = (b[r] - known) / a[r * m + r];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Random-looking matrices whose diagonal is zero in every third lane.
    fn matrices(m: usize) -> Vec<Lane> {
        let entry = |e: usize, lane: usize| {
            if e.is_multiple_of(m + 1) && lane.is_multiple_of(3) {
                0.0
            } else {
                ((7 * e * e + 3 * lane * (e + 1)) as f64 * 0.37).sin()
            }
        };
        (0..m * m).map(|e| std::array::from_fn(|lane| entry(e, lane))).collect()
    }

    #[test]
    fn inverses_are_inverses_with_and_without_exchanges() {
        for m in 1..=5 {
            let a = matrices(m);
            let mut inverse = a.clone();
            let weak = invert::<LANES>(&mut inverse, m);
            for lane in 0..LANES {
                if weak[lane] && invert_with_exchanges(&a, m, lane, &mut inverse).is_err() {
                    assert!(m == 1, "only a single zero is singular here");
                    continue;
                }
                let mut worst = 0.0f64;
                for r in 0..m {
                    for c in 0..m {
                        let sum: f64 = (0..m).map(|k| a[r * m + k][lane] * inverse[k * m + c][lane]).sum();
                        worst = worst.max((sum - if r == c { 1.0 } else { 0.0 }).abs());
                    }
                }
                assert!(worst < 1e-9, "{m} {lane}: {worst:e}");
                let exact: Vec<f64> = (0..m).map(|k| 1.0 + k as f64).collect();
                let mut b: Vec<f64> = (0..m).map(|r| (0..m).map(|c| a[r * m + c][lane] * exact[c]).sum()).collect();
                let mut one: Vec<f64> = a.iter().map(|entry| entry[lane]).collect();
                assert!(solve_dense(&mut one, m, &mut b));
                assert!(b.iter().zip(&exact).all(|(b, e)| (b - e).abs() < 1e-9), "{m} {lane}: {b:?}");
            }
        }
    }

    /// Amperes, volts and states per second in one matrix: the pivots of a cell are as good in any units.
    #[test]
    fn units_do_not_make_a_pivot_weak() {
        let good = [4.0, 1.0, 0.5, -2.0, 8.0, 1.0, 1.0, 0.25, 2.0];
        let cancelling = [1.0, 1.0, 0.0, 1.0, 1.0 + 1e-12, 1.0, 0.0, 1.0, 1.0];
        let buried = [1e-12, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 3.0];
        for (entries, expected) in [(good, false), (cancelling, true), (buried, true)] {
            for (rows, columns) in [([1.0; 3], [1.0; 3]), ([1e-9, 1e12, 1e3], [1.0, 1e-6, 1e5])] {
                let entry = |e: usize| rows[e / 3] * columns[e % 3] * entries[e];
                let mut a: Vec<Lane> = (0..9).map(|e| [entry(e); LANES]).collect();
                assert_eq!(invert::<LANES>(&mut a, 3), [expected; LANES], "{entries:?}");
            }
        }
    }
}
