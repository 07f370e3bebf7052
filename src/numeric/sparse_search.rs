//! The pivot search of [`super::sparse`]: left-looking elimination with threshold partial pivoting.
//!
//! Column k: x = L^-1 a_k on its reach; the pivot is the preferred row when |x| there is at least `relative` times the
//! largest |x| among the rows left, else the row of the largest.

use super::ordering::Ordering;
use super::pattern::Pattern;
use super::scalar::Scalar;
use super::sparse::{PivotRule, Singular, SingularCause};
use super::sparse_reach::Reach;

/// A strict triangle by columns, rows in order of discovery.
#[derive(Debug)]
pub struct Columns<T> {
    /// First entry of each column.
    pub starts: Vec<usize>,
    /// L: original rows. U: steps.
    pub rows: Vec<u32>,
    /// Values.
    pub values: Vec<T>,
}

impl<T> Columns<T> {
    fn new() -> Self {
        Self { starts: vec![0], rows: Vec::new(), values: Vec::new() }
    }

    fn push(&mut self, row: u32, value: T) {
        self.rows.push(row);
        self.values.push(value);
    }
}

/// Result of the search.
#[derive(Debug)]
pub struct Searched<T> {
    /// Step at which each original row was the pivot.
    pub step_of_row: Vec<u32>,
    /// L without its unit diagonal.
    pub lower: Columns<T>,
    /// U without its diagonal.
    pub upper: Columns<T>,
    /// Diagonal of U.
    pub pivots: Vec<T>,
}

/// State of the search.
#[derive(Debug)]
pub struct Search<T> {
    reach: Reach,
    lower: Columns<T>,
    upper: Columns<T>,
    pivots: Vec<T>,
    x: Vec<T>,
}

impl<T: Scalar> Search<T> {
    /// Factors the matrix with these (scaled) values.
    ///
    /// # Errors
    /// [`Singular`] when a column has no pivot left.
    pub fn run(
        pattern: &Pattern,
        ordering: &Ordering,
        values: &[T],
        rule: &PivotRule,
    ) -> Result<Searched<T>, Singular> {
        let n = pattern.size();
        let mut search = Self {
            reach: Reach::new(n),
            lower: Columns::new(),
            upper: Columns::new(),
            pivots: Vec::with_capacity(n),
            x: vec![T::ZERO; n],
        };
        for (&column, &preferred) in ordering.columns.iter().zip(&ordering.rows) {
            let rows = pattern.column(column as usize);
            search.reach.search(rows);
            let largest = search.eliminate(rows, &values[pattern.range(column as usize)]);
            let row = search.choose_pivot(preferred, largest, rule).ok_or(Singular {
                unknown: column,
                equation: preferred,
                cause: SingularCause::Values,
            })?;
            search.store(row);
        }
        let Self { reach, lower, upper, pivots, .. } = search;
        Ok(Searched { step_of_row: reach.into_steps(), lower, upper, pivots })
    }

    /// x = L^-1 a on the reach, its upper part moved to U; the largest magnitude of a.
    fn eliminate(&mut self, rows: &[u32], values: &[T]) -> f64 {
        let Self { reach, lower, upper, x, .. } = self;
        let mut largest = 0.0f64;
        for (&row, &value) in rows.iter().zip(values) {
            x[row as usize] = value;
            largest = largest.max(value.magnitude());
        }
        for (step, pivot_row) in reach.steps() {
            let value = std::mem::take(&mut x[pivot_row as usize]);
            upper.push(step, value);
            if value != T::ZERO {
                let range = lower.starts[step as usize]..lower.starts[step as usize + 1];
                for (&row, &l) in lower.rows[range.clone()].iter().zip(&lower.values[range]) {
                    x[row as usize] -= l * value;
                }
            }
        }
        upper.starts.push(upper.rows.len());
        largest
    }

    /// The preferred row when it is large enough, else the largest, the lowest row among equals.
    fn choose_pivot(&self, preferred: u32, column_largest: f64, rule: &PivotRule) -> Option<u32> {
        let size = |row: u32| self.x[row as usize].magnitude();
        let candidates = self.reach.candidates();
        let largest = candidates.iter().map(|&row| size(row)).fold(0.0, f64::max);
        if largest <= rule.vanishing * column_largest || !largest.is_finite() {
            return None;
        }
        if self.reach.is_candidate(preferred) && size(preferred) >= rule.relative * largest {
            return Some(preferred);
        }
        candidates.iter().copied().filter(|&row| size(row) == largest).min()
    }

    fn store(&mut self, pivot_row: u32) {
        let pivot = std::mem::take(&mut self.x[pivot_row as usize]);
        self.pivots.push(pivot);
        for &row in self.reach.candidates().iter().filter(|&&row| row != pivot_row) {
            self.lower.push(row, std::mem::take(&mut self.x[row as usize]) / pivot);
        }
        self.lower.starts.push(self.lower.rows.len());
        self.reach.eliminate(pivot_row);
    }
}
