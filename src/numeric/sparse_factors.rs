//! The factors of [`super::sparse`]: storage, refactorization with frozen pivots, triangular solves.
//!
//! Left-looking, column k of S P A Q = L U:
//!   solve L x = a_k for the rows above k (u_k = x), then l_k = x / x_k below.
//! A run is a set of consecutive columns j..e of L with the same rows below e: when x has an entry at some j of the
//! run it has all later ones too, so the run acts as one small triangle and one dense panel, x_rows -= panel u.

use super::ordering::Ordering;
use super::pattern::Pattern;
use super::scalar::Scalar;
use super::sparse::{PivotRule, Singular, SingularCause};
use super::sparse_reach::{Prediction, Reach};
use super::sparse_search::{Search, Searched};

/// The matrix with its rows scaled by powers of two to a largest magnitude in [1, 2).
#[derive(Debug, Clone)]
pub struct ScaledMatrix<T> {
    values: Vec<T>,
    scale: Vec<f64>,
}

impl<T: Scalar> ScaledMatrix<T> {
    /// Room for the pattern's values.
    #[must_use]
    pub fn new(pattern: &Pattern) -> Self {
        Self { values: vec![T::ZERO; pattern.nonzeros()], scale: vec![1.0; pattern.size()] }
    }

    /// Scales `values` (in pattern order; extra entries ignored).
    ///
    /// # Errors
    /// The first value that is not finite.
    pub fn load(&mut self, pattern: &Pattern, values: &[T]) -> Result<(), Singular> {
        let rows = pattern.rows();
        self.scale.fill(0.0);
        let mut sum = 0.0;
        for (&row, &value) in rows.iter().zip(values) {
            let magnitude = value.magnitude();
            sum += magnitude;
            let largest = &mut self.scale[row as usize];
            if magnitude > *largest {
                *largest = magnitude;
            }
        }
        // one test for all: a sum is finite when its terms are and it does not overflow
        if !sum.is_finite() {
            self.check_finite(pattern, values)?;
        }
        for scale in &mut self.scale {
            *scale = inverse_power_of_two(*scale);
        }
        for ((scaled, &row), &value) in self.values.iter_mut().zip(rows).zip(values) {
            *scaled = value.scaled(self.scale[row as usize]);
        }
        Ok(())
    }

    fn check_finite(&self, pattern: &Pattern, values: &[T]) -> Result<(), Singular> {
        for column in 0..pattern.size() {
            let range = pattern.range(column);
            for (&row, value) in pattern.column(column).iter().zip(&values[range]) {
                if !value.magnitude().is_finite() {
                    return Err(Singular { unknown: column as u32, equation: row, cause: SingularCause::NotFinite });
                }
            }
        }
        Ok(())
    }

    /// Scaled values in pattern order.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// Factor of every row.
    #[must_use]
    pub fn scale(&self) -> &[f64] {
        &self.scale
    }
}

/// 2^-floor(log2 x) from the exponent bits; 1 for 0, subnormal numbers and the very largest.
fn inverse_power_of_two(x: f64) -> f64 {
    let exponent = (x.to_bits() >> 52) & 0x7ff;
    if exponent == 0 || exponent >= 2045 { 1.0 } else { f64::from_bits((2046 - exponent) << 52) }
}

/// L and U with their frozen patterns. Rows are pivot numbers, ascending in every column.
#[derive(Debug, Clone)]
pub struct Factors<T> {
    /// Original column of each step.
    columns: Vec<u32>,
    /// Step at which each original row is the pivot.
    step_of_row: Vec<u32>,
    /// Pivot number of the row of every entry of the original pattern.
    entry_steps: Vec<u32>,
    lower: Triangle<T>,
    upper: Triangle<T>,
    pivots: Vec<T>,
    /// End of the run that each column of L belongs to.
    run_ends: Vec<u32>,
    panel: Vec<T>,
}

/// Strictly triangular part by columns.
#[derive(Debug, Clone)]
struct Triangle<T> {
    starts: Vec<usize>,
    rows: Vec<u32>,
    values: Vec<T>,
}

impl<T: Scalar> Triangle<T> {
    fn range(&self, column: usize) -> std::ops::Range<usize> {
        self.starts[column]..self.starts[column + 1]
    }

    fn column(&self, column: usize) -> (&[u32], &[T]) {
        let range = self.range(column);
        (&self.rows[range.clone()], &self.values[range])
    }

    /// Columns (rows unsorted, through `map`) into ascending order, by transposing twice.
    fn sorted(n: usize, starts: &[usize], rows: &[u32], values: &[T], map: impl Fn(u32) -> u32) -> Self {
        let mut by_row = vec![0usize; n + 1];
        for &row in rows {
            by_row[map(row) as usize + 1] += 1;
        }
        for k in 0..n {
            by_row[k + 1] += by_row[k];
        }
        let mut entries = vec![(0u32, 0usize); rows.len()];
        let mut next = by_row.clone();
        for column in 0..n {
            for p in starts[column]..starts[column + 1] {
                let slot = &mut next[map(rows[p]) as usize];
                entries[*slot] = (column as u32, p);
                *slot += 1;
            }
        }
        let mut sorted_rows = vec![0u32; rows.len()];
        let mut sorted_values = vec![T::ZERO; rows.len()];
        let mut next = starts.to_vec();
        for row in 0..n {
            for &(column, p) in &entries[by_row[row]..by_row[row + 1]] {
                let slot = &mut next[column as usize];
                sorted_rows[*slot] = row as u32;
                sorted_values[*slot] = values[p];
                *slot += 1;
            }
        }
        Self { starts: starts.to_vec(), rows: sorted_rows, values: sorted_values }
    }
}

impl<T: Scalar> Factors<T> {
    /// Factors with a pivot search and freezes what it found.
    ///
    /// # Errors
    /// [`Singular`] when a column has no pivot left.
    pub fn search(
        pattern: &Pattern,
        ordering: &Ordering,
        matrix: &ScaledMatrix<T>,
        rule: &PivotRule,
    ) -> Result<Self, Singular> {
        let Searched { step_of_row, lower, upper, pivots } = Search::run(pattern, ordering, matrix.values(), rule)?;
        let n = pattern.size();
        let lower = Triangle::sorted(n, &lower.starts, &lower.rows, &lower.values, |row| step_of_row[row as usize]);
        let upper = Triangle::sorted(n, &upper.starts, &upper.rows, &upper.values, |step| step);
        Ok(Self::freeze(pattern, ordering, step_of_row, lower, upper, pivots))
    }

    /// Patterns for exactly the preferred pivots, values still to come from [`Factors::refactor`].
    #[must_use]
    pub fn predict(pattern: &Pattern, ordering: &Ordering) -> Self {
        let Prediction { step_of_row, lower_starts, lower_rows, upper_starts, upper_steps } =
            Reach::predict(pattern, ordering);
        let n = pattern.size();
        let zeros = vec![T::ZERO; lower_rows.len().max(upper_steps.len())];
        let lower = Triangle::sorted(n, &lower_starts, &lower_rows, &zeros, |row| step_of_row[row as usize]);
        let upper = Triangle::sorted(n, &upper_starts, &upper_steps, &zeros, |step| step);
        Self::freeze(pattern, ordering, step_of_row, lower, upper, vec![T::ZERO; n])
    }

    fn freeze(
        pattern: &Pattern,
        ordering: &Ordering,
        step_of_row: Vec<u32>,
        lower: Triangle<T>,
        upper: Triangle<T>,
        pivots: Vec<T>,
    ) -> Self {
        let entry_steps = pattern.rows().iter().map(|&row| step_of_row[row as usize]).collect();
        let run_ends = find_runs(&lower);
        let columns = ordering.columns.clone();
        Self { columns, step_of_row, entry_steps, lower, upper, pivots, run_ends, panel: Vec::new() }
    }

    /// Entries of L and U with the diagonal once.
    #[must_use]
    pub fn nonzeros(&self) -> usize {
        self.lower.rows.len() + self.upper.rows.len() + self.pivots.len()
    }

    /// Smallest over largest pivot.
    #[must_use]
    pub fn pivot_ratio(&self) -> f64 {
        let magnitudes = self.pivots.iter().map(|p| p.magnitude());
        let (low, high) = magnitudes.fold((f64::INFINITY, 0.0f64), |(low, high), p| (low.min(p), high.max(p)));
        if high > 0.0 { low / high } else { 1.0 }
    }

    /// New values, old pivots. False when a pivot is below `smallest` times the largest candidate of its column or
    /// vanishes; the factors are then useless. `x` is scratch of length n.
    pub fn refactor(
        &mut self,
        pattern: &Pattern,
        matrix: &ScaledMatrix<T>,
        smallest: f64,
        vanishing: f64,
        x: &mut [T],
    ) -> bool {
        x.fill(T::ZERO);
        for k in 0..self.columns.len() {
            let range = pattern.range(self.columns[k] as usize);
            let mut largest = 0.0f64;
            for (&step, &value) in self.entry_steps[range.clone()].iter().zip(&matrix.values()[range]) {
                x[step as usize] = value;
                largest = largest.max(value.magnitude());
            }
            self.eliminate(k, x);
            let (pivot, candidate) = self.divide(k, x);
            // written so that NaN fails
            if !(pivot > vanishing * largest && pivot >= smallest * candidate) {
                x.fill(T::ZERO);
                return false;
            }
        }
        true
    }

    /// Applies the earlier columns to column k held in x; moves its part of U out.
    fn eliminate(&mut self, k: usize, x: &mut [T]) {
        let Self { lower, upper, run_ends, panel, .. } = self;
        let range = upper.range(k);
        let rows = &upper.rows[range.clone()];
        let u = &mut upper.values[range];
        let mut p = 0;
        while p < rows.len() {
            let first = rows[p] as usize;
            let end = (run_ends[first] as usize).min(k);
            let count = end - first;
            if count == 1 {
                let value = std::mem::take(&mut x[first]);
                u[p] = value;
                let (rows, l) = lower.column(first);
                for (&row, &l) in rows.iter().zip(l) {
                    x[row as usize] -= l * value;
                }
            } else {
                let u = &mut u[p..p + count];
                solve_triangle(lower, first, &mut x[first..end], u);
                let below = lower.range(end - 1);
                add_panel(lower, first, u, below.len(), panel);
                for (&row, &sum) in lower.rows[below].iter().zip(panel.iter()) {
                    x[row as usize] -= sum;
                }
            }
            p += count;
        }
    }

    /// Takes the pivot and column k of L out of x; the magnitudes of the pivot and of its largest competitor.
    fn divide(&mut self, k: usize, x: &mut [T]) -> (f64, f64) {
        let pivot = std::mem::take(&mut x[k]);
        let range = self.lower.range(k);
        let l = &mut self.lower.values[range.clone()];
        let mut largest = 0.0f64;
        for (&row, l) in self.lower.rows[range].iter().zip(l.iter_mut()) {
            *l = std::mem::take(&mut x[row as usize]);
            largest = largest.max(l.magnitude());
        }
        for l in l.iter_mut() {
            *l = *l / pivot;
        }
        self.pivots[k] = pivot;
        (pivot.magnitude(), largest)
    }

    /// x := A^-1 x with scratch of length n.
    pub fn solve(&self, scale: &[f64], x: &mut [T], scratch: &mut [T]) {
        let y = scratch;
        for ((&step, &scale), &b) in self.step_of_row.iter().zip(scale).zip(x.iter()) {
            y[step as usize] = b.scaled(scale);
        }
        for k in 0..y.len() {
            let value = y[k];
            if value != T::ZERO {
                let (rows, l) = self.lower.column(k);
                for (&row, &l) in rows.iter().zip(l) {
                    y[row as usize] -= l * value;
                }
            }
        }
        for k in (0..y.len()).rev() {
            let value = y[k] / self.pivots[k];
            y[k] = value;
            if value != T::ZERO {
                let (rows, u) = self.upper.column(k);
                for (&row, &u) in rows.iter().zip(u) {
                    y[row as usize] -= u * value;
                }
            }
        }
        for (&column, &value) in self.columns.iter().zip(y.iter()) {
            x[column as usize] = value;
        }
        y.fill(T::ZERO);
    }

    /// x := A^-T x with scratch of length n.
    pub fn solve_transposed(&self, scale: &[f64], x: &mut [T], scratch: &mut [T]) {
        let y = scratch;
        for (y, &column) in y.iter_mut().zip(&self.columns) {
            *y = x[column as usize];
        }
        for k in 0..y.len() {
            let (rows, u) = self.upper.column(k);
            let value = rows.iter().zip(u).fold(y[k], |sum, (&row, &u)| sum - u * y[row as usize]);
            y[k] = value / self.pivots[k];
        }
        for k in (0..y.len()).rev() {
            let (rows, l) = self.lower.column(k);
            y[k] = rows.iter().zip(l).fold(y[k], |sum, (&row, &l)| sum - l * y[row as usize]);
        }
        for ((x, &step), &scale) in x.iter_mut().zip(&self.step_of_row).zip(scale) {
            *x = y[step as usize].scaled(scale);
        }
        y.fill(T::ZERO);
    }
}

/// Consecutive columns whose patterns nest: rows of j = {j + 1} and the rows of j + 1.
fn find_runs<T: Scalar>(lower: &Triangle<T>) -> Vec<u32> {
    let n = lower.starts.len() - 1;
    let mut ends = vec![n as u32; n];
    for j in (0..n.saturating_sub(1)).rev() {
        let (rows, _) = lower.column(j);
        let (next, _) = lower.column(j + 1);
        let nests = rows.split_first().is_some_and(|(&first, rest)| first as usize == j + 1 && rest == next);
        ends[j] = if nests { ends[j + 1] } else { j as u32 + 1 };
    }
    ends
}

/// Solves with the unit triangle of L in columns first.. of a run; moves x into u.
fn solve_triangle<T: Scalar>(lower: &Triangle<T>, first: usize, x: &mut [T], u: &mut [T]) {
    for c in 0..u.len() {
        let value = std::mem::take(&mut x[c]);
        u[c] = value;
        let start = lower.starts[first + c];
        let rest = &mut x[c + 1..];
        for (x, &l) in rest.iter_mut().zip(&lower.values[start..]) {
            *x -= l * value;
        }
    }
}

/// panel = L_below u, where L_below are the last `height` entries of the columns first.. of a run.
fn add_panel<T: Scalar>(lower: &Triangle<T>, first: usize, u: &[T], height: usize, panel: &mut Vec<T>) {
    panel.clear();
    panel.resize(height, T::ZERO);
    let tail = |c: usize| {
        let end = lower.starts[first + c + 1];
        &lower.values[end - height..end]
    };
    let mut c = 0;
    while c + 4 <= u.len() {
        let (a, b, d, e) = (tail(c), tail(c + 1), tail(c + 2), tail(c + 3));
        let [ua, ub, ud, ue] = [u[c], u[c + 1], u[c + 2], u[c + 3]];
        for ((((sum, &a), &b), &d), &e) in panel.iter_mut().zip(a).zip(b).zip(d).zip(e) {
            *sum += (a * ua + b * ub) + (d * ud + e * ue);
        }
        c += 4;
    }
    while c + 2 <= u.len() {
        let (a, b) = (tail(c), tail(c + 1));
        let [ua, ub] = [u[c], u[c + 1]];
        for ((sum, &a), &b) in panel.iter_mut().zip(a).zip(b) {
            *sum += a * ua + b * ub;
        }
        c += 2;
    }
    if c < u.len() {
        let value = u[c];
        for (sum, &l) in panel.iter_mut().zip(tail(c)) {
            *sum += l * value;
        }
    }
}
