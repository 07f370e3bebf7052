//! Sparse LU on a frozen pattern: analyse once, search pivots once, refactor many times.
//!
//!   S P A Q = L U,   x = Q U^-1 L^-1 S P b
//!
//! with S a row scaling by powers of two (the rows mix A, V and 1/s), P and Q permutations, L unit lower and U upper
//! triangular. The first factorization searches pivots column by column (Gilbert, Peierls 1988; threshold partial
//! pivoting that prefers the analysed pairing) and freezes P and both patterns. Later ones repeat only the arithmetic,
//! as `klu_refactor` does (Davis, Palamadai Natarajan 2010), with runs of columns of equal pattern applied together, and
//! search again when a frozen pivot has become too small.

use std::fmt;

use super::ordering::Ordering;
use super::pattern::Pattern;
use super::scalar::Scalar;
use super::sparse_factors::{Factors, ScaledMatrix};

/// When a pivot is good enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PivotRule {
    /// The preferred pivot is taken when it is at least this fraction of the largest candidate (SPICE `pivrel`).
    pub relative: f64,
    /// A pivot at most this fraction of the largest entry of its scaled column is no pivot. Rounding leaves about
    /// 1e-16 where exact arithmetic cancels.
    pub vanishing: f64,
    /// A frozen pivot below this fraction of its column triggers a new search.
    pub frozen: f64,
}

impl Default for PivotRule {
    fn default() -> Self {
        Self { relative: 1e-3, vanishing: f64::EPSILON, frozen: 1e-6 }
    }
}

/// Why a matrix has no factorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SingularCause {
    /// Whatever the values: no equation is left for the unknown.
    Structure,
    /// Its pivot vanished.
    Values,
    /// A value is infinite or not a number.
    NotFinite,
}

/// The matrix is singular.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Singular {
    /// Column of the original matrix: the unknown whose pivot vanished.
    pub unknown: u32,
    /// Row of the original matrix that was to determine it.
    pub equation: u32,
    /// What happened.
    pub cause: SingularCause,
}

impl fmt::Display for Singular {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { unknown, equation, .. } = self;
        match self.cause {
            SingularCause::Structure => {
                write!(f, "no equation determines unknown {unknown} (equation {equation} is left over)")
            }
            SingularCause::Values => {
                write!(f, "singular matrix: the pivot of unknown {unknown} in equation {equation} vanished")
            }
            SingularCause::NotFinite => {
                write!(f, "matrix value of unknown {unknown} in equation {equation} is not finite")
            }
        }
    }
}

impl std::error::Error for Singular {}

/// How a factorization was obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorKind {
    /// Pivots searched.
    Full,
    /// Frozen pivots kept.
    Refactored,
}

/// Work done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SolverCounts {
    /// Orderings computed.
    pub analyses: u64,
    /// Factorizations with a pivot search.
    pub full: u64,
    /// Factorizations with frozen pivots.
    pub refactored: u64,
    /// Right-hand sides solved.
    pub solves: u64,
}

/// A direct solver over one pattern.
pub trait LinearSolver<T: Scalar> {
    /// Computes the factors of the matrix with these values (in pattern order).
    ///
    /// # Errors
    /// The matrix is singular; the previous factors are gone.
    fn factor(&mut self, values: &[T]) -> Result<FactorKind, Singular>;
    /// Replaces b by x with A x = b. Without factors b stays as it is.
    fn solve(&mut self, rhs: &mut [T]);
}

/// The solver described at the head of this file.
#[derive(Debug, Clone)]
pub struct SparseLu<T: Scalar = f64> {
    pattern: Pattern,
    ordering: Ordering,
    rule: PivotRule,
    matrix: ScaledMatrix<T>,
    factors: Option<Factors<T>>,
    valid: bool,
    work: Vec<T>,
    counts: SolverCounts,
}

impl<T: Scalar> SparseLu<T> {
    /// Orders the pattern (minimum degree). A structurally singular pattern is reported by [`SparseLu::factor`].
    #[must_use]
    pub fn analyse(pattern: &Pattern) -> Self {
        Self::with_ordering(pattern, Ordering::minimum_degree(pattern))
    }

    /// Eliminates columns in the given order, a permutation of 0..n.
    #[must_use]
    pub fn analyse_with(pattern: &Pattern, columns: &[u32]) -> Self {
        Self::with_ordering(pattern, Ordering::given(pattern, columns))
    }

    fn with_ordering(pattern: &Pattern, ordering: Ordering) -> Self {
        let n = pattern.size();
        Self {
            pattern: pattern.clone(),
            ordering,
            rule: PivotRule::default(),
            matrix: ScaledMatrix::new(pattern),
            factors: None,
            valid: false,
            work: vec![T::ZERO; n],
            counts: SolverCounts { analyses: 1, ..SolverCounts::default() },
        }
    }

    /// Changes the pivot rule; takes effect at the next pivot search.
    pub fn set_rule(&mut self, rule: PivotRule) {
        self.rule = rule;
    }

    /// The pattern it was built for.
    #[must_use]
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// Work done so far.
    #[must_use]
    pub fn counts(&self) -> SolverCounts {
        self.counts
    }

    /// Entries of L and U with the diagonal once; 0 before the first factorization.
    #[must_use]
    pub fn factor_nonzeros(&self) -> usize {
        self.factors.as_ref().map_or(0, Factors::nonzeros)
    }

    /// Smallest over largest pivot of the scaled matrix, a crude reciprocal condition number (`klu_rcond`).
    #[must_use]
    pub fn pivot_ratio(&self) -> f64 {
        self.factors.as_ref().filter(|_| self.valid).map_or(0.0, Factors::pivot_ratio)
    }

    /// Forgets the frozen pivots: the next factorization searches again.
    pub fn forget_pivots(&mut self) {
        self.factors = None;
        self.valid = false;
    }

    /// Factors the matrix with these values, with frozen pivots when there are any and they still serve.
    ///
    /// # Errors
    /// [`Singular`] names the unknown; the previous factors are gone.
    pub fn factor(&mut self, values: &[T]) -> Result<FactorKind, Singular> {
        self.valid = false;
        if let Some((unknown, equation)) = self.ordering.unpaired {
            return Err(Singular { unknown, equation, cause: SingularCause::Structure });
        }
        self.matrix.load(&self.pattern, values)?;
        if let Some(factors) = &mut self.factors {
            if factors.refactor(&self.pattern, &self.matrix, &self.rule, &mut self.work) {
                self.counts.refactored += 1;
                self.valid = true;
                return Ok(FactorKind::Refactored);
            }
            self.factors = None;
        }
        self.counts.full += 1;
        self.factors = Some(Factors::search(&self.pattern, &self.ordering, &self.matrix, &self.rule)?);
        self.valid = true;
        Ok(FactorKind::Full)
    }

    /// Replaces b by the solution of A x = b. Without valid factors b stays as it is.
    pub fn solve(&mut self, rhs: &mut [T]) {
        if let Some(factors) = self.factors.as_ref().filter(|_| self.valid) {
            self.counts.solves += 1;
            factors.solve(self.matrix.scale(), rhs, &mut self.work);
        }
    }

    /// Replaces b by the solution of A^T x = b (adjoints). Without valid factors b stays as it is.
    pub fn solve_transposed(&mut self, rhs: &mut [T]) {
        if let Some(factors) = self.factors.as_ref().filter(|_| self.valid) {
            self.counts.solves += 1;
            factors.solve_transposed(self.matrix.scale(), rhs, &mut self.work);
        }
    }

    /// r = b - A x for the matrix with these values.
    pub fn residual(&self, values: &[T], x: &[T], rhs: &[T], residual: &mut [T]) {
        residual.copy_from_slice(rhs);
        for (column, &xj) in x.iter().enumerate() {
            let range = self.pattern.range(column);
            for (&row, &a) in self.pattern.rows()[range.clone()].iter().zip(&values[range]) {
                residual[row as usize] -= a * xj;
            }
        }
    }

    /// One step of iterative refinement of x for A x = b, A the factored matrix with these values; `residual` is
    /// scratch and ends as the correction.
    pub fn refine(&mut self, values: &[T], rhs: &[T], x: &mut [T], residual: &mut [T]) {
        self.residual(values, x, rhs, residual);
        self.solve(residual);
        for (x, &correction) in x.iter_mut().zip(residual.iter()) {
            *x += correction;
        }
    }
}

impl<T: Scalar> LinearSolver<T> for SparseLu<T> {
    fn factor(&mut self, values: &[T]) -> Result<FactorKind, Singular> {
        SparseLu::factor(self, values)
    }
    fn solve(&mut self, rhs: &mut [T]) {
        SparseLu::solve(self, rhs);
    }
}

#[cfg(test)]
mod tests {
    use super::super::dense::DenseLu;
    use super::*;
    use nalgebra::Complex;
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// A line-resistor array: word nodes w(i,j), bit nodes b(i,j), a state row per cell, ideal drivers with branch
    /// currents on the left ends, sense conductances at the bottom. `draw` gives cell values.
    fn array(n: u32, mut draw: impl FnMut() -> f64) -> (Pattern, Vec<f64>) {
        let (w, b) = (|i: u32, j: u32| i * n + j, |i: u32, j: u32| n * n + i * n + j);
        let (state, branch) = (|i: u32, j: u32| 2 * n * n + i * n + j, |i: u32| 3 * n * n + i);
        let mut entries = Vec::new();
        let mut values = Vec::new();
        let mut stamp = |p: u32, q: u32, g: f64| {
            for (r, c, v) in [(p, p, g), (q, q, g), (p, q, -g), (q, p, -g)] {
                entries.push((r, c));
                values.push(v);
            }
        };
        for i in 0..n {
            for j in 0..n {
                stamp(w(i, j), b(i, j), 1e-4 * draw());
                let (right, below) =
                    (if j + 1 < n { w(i, j + 1) } else { u32::MAX }, if i + 1 < n { b(i + 1, j) } else { u32::MAX });
                if j + 1 < n {
                    stamp(w(i, j), right, 0.4);
                }
                stamp(b(i, j), below, if i + 1 < n { 0.4 } else { 0.01 });
            }
        }
        for i in 0..n {
            for j in 0..n {
                let (v, s) = (draw(), draw());
                for (r, c, v) in [
                    (w(i, j), state(i, j), 1e-5 * s),
                    (b(i, j), state(i, j), -1e-5 * s),
                    (state(i, j), state(i, j), 1e9),
                    (state(i, j), w(i, j), -1e6 * v),
                    (state(i, j), b(i, j), 1e6 * v),
                ] {
                    entries.push((r, c));
                    values.push(v);
                }
            }
            for (r, c, v) in [(w(i, 0), branch(i), 1.0), (branch(i), w(i, 0), 1.0)] {
                entries.push((r, c));
                values.push(v);
            }
        }
        assemble(3 * (n * n) as usize + n as usize, &entries, &values)
    }

    fn assemble(n: usize, entries: &[(u32, u32)], values: &[f64]) -> (Pattern, Vec<f64>) {
        let (pattern, positions) = Pattern::from_entries(n, entries);
        let mut merged = vec![0.0; pattern.value_len()];
        for (&position, &value) in positions.iter().zip(values) {
            merged[position as usize] += value;
        }
        (pattern, merged)
    }

    /// Largest |b - A x| over the largest sum of |a x| in its row: the backward error, a few n eps for a stable solver.
    fn backward_error(pattern: &Pattern, values: &[f64], x: &[f64], b: &[f64]) -> f64 {
        let mut residual = b.to_vec();
        let mut size: Vec<f64> = b.iter().map(|b| b.abs()).collect();
        for column in 0..pattern.size() {
            for p in pattern.range(column) {
                let row = pattern.rows()[p] as usize;
                residual[row] -= values[p] * x[column];
                size[row] += (values[p] * x[column]).abs();
            }
        }
        residual.iter().zip(&size).map(|(r, s)| if *s == 0.0 { r.abs() } else { r.abs() / s }).fold(0.0, f64::max)
    }

    fn compare_with_dense(pattern: &Pattern, values: &[f64], b: &[f64], condition_allowance: f64) {
        let mut sparse = SparseLu::analyse(pattern);
        let mut dense = DenseLu::new(pattern);
        sparse.factor(values).unwrap();
        dense.factor(values).unwrap();
        let (mut x, mut y) = (b.to_vec(), b.to_vec());
        sparse.solve(&mut x);
        dense.solve(&mut y);
        let scale = y.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        for (k, (x, y)) in x.iter().zip(&y).enumerate() {
            assert!((x - y).abs() <= condition_allowance * f64::EPSILON * scale, "unknown {k}: {x} against {y}");
        }
    }

    #[test]
    fn arrays_with_states_and_sources_match_dense() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (pattern, values) = array(5, || rng.random_range(0.5..1.5));
        let b: Vec<f64> = (0..pattern.size()).map(|k| if k >= 75 { 1.0 + k as f64 } else { 0.0 }).collect();
        let mut lu = SparseLu::analyse(&pattern);
        lu.factor(&values).unwrap();
        let mut x = b.clone();
        lu.solve(&mut x);
        assert!(backward_error(&pattern, &values, &x, &b) < 1e-14);
        // row-equilibrated oracle: nalgebra does not scale
        let matrix = DenseLu::matrix(&pattern, &values);
        let mut scaled = values.clone();
        let mut rhs = b.clone();
        for row in 0..pattern.size() {
            let largest = matrix.row(row).amax();
            rhs[row] /= largest;
            for (p, _) in pattern.rows().iter().enumerate().filter(|(_, r)| **r as usize == row) {
                scaled[p] /= largest;
            }
        }
        compare_with_dense(&pattern, &scaled, &rhs, 1e5);
    }

    #[test]
    fn refactoring_equals_factoring() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let (pattern, first) = array(6, || rng.random_range(0.5..1.5));
        let (_, second) = array(6, || rng.random_range(0.5..1.5));
        let b: Vec<f64> = (0..pattern.size()).map(|_| rng.random_range(-1.0..1.0)).collect();
        let mut reused = SparseLu::analyse(&pattern);
        assert_eq!(reused.factor(&first), Ok(FactorKind::Full));
        assert_eq!(reused.factor(&second), Ok(FactorKind::Refactored));
        let mut fresh = SparseLu::analyse(&pattern);
        assert_eq!(fresh.factor(&second), Ok(FactorKind::Full));
        let (mut x, mut y) = (b.clone(), b.clone());
        reused.solve(&mut x);
        fresh.solve(&mut y);
        let scale = y.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        assert!(x.iter().zip(&y).all(|(x, y)| (x - y).abs() <= 1e-12 * scale));
        assert!(backward_error(&pattern, &second, &x, &b) < 1e-14);
        assert_eq!(reused.counts(), SolverCounts { analyses: 1, full: 1, refactored: 1, solves: 1 });
        // and twice the same is the same to the bit
        reused.factor(&second).unwrap();
        let mut z = b.clone();
        reused.solve(&mut z);
        assert_eq!(x, z);
    }

    #[test]
    fn the_transposed_system_is_the_adjoint() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let (pattern, values) = array(4, || rng.random_range(0.5..1.5));
        let mut lu = SparseLu::analyse(&pattern);
        lu.factor(&values).unwrap();
        let b: Vec<f64> = (0..pattern.size()).map(|_| rng.random_range(-1.0..1.0)).collect();
        let mut z = b.clone();
        lu.solve_transposed(&mut z);
        // A^T z = b, column by column of A, against the size of its terms
        for column in 0..pattern.size() {
            let terms = pattern.range(column).map(|p| values[p] * z[pattern.rows()[p] as usize]);
            let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), t| (sum + t, size + t.abs()));
            assert!((sum - b[column]).abs() <= 1e-13 * (size + b[column].abs()));
        }
    }

    #[test]
    fn pivots_that_vanish_later_are_searched_again() {
        let entries = [(0, 0), (1, 0), (0, 1), (1, 1)];
        let (pattern, _) = Pattern::from_entries(2, &entries);
        let mut lu = SparseLu::analyse(&pattern);
        assert_eq!(lu.factor(&[4.0, 1.0, 1.0, 3.0]), Ok(FactorKind::Full));
        // columns (0, 1), (1, 3): the diagonal pivot of unknown 0 is gone
        assert_eq!(lu.factor(&[0.0, 1.0, 1.0, 3.0]), Ok(FactorKind::Full));
        let mut x = [5.0, 17.0];
        lu.solve(&mut x);
        assert_eq!(x, [2.0, 5.0]);
        // tiny, not zero: without a new search all digits would go
        lu.forget_pivots();
        lu.factor(&[4.0, 1.0, 1.0, 3.0]).unwrap();
        assert_eq!(lu.factor(&[1e-20, 1.0, 1.0, 3.0]), Ok(FactorKind::Full));
        let mut x = [5.0, 17.0];
        lu.solve(&mut x);
        assert_eq!(x, [2.0, 5.0]);
        assert_eq!(lu.counts().full, 4);
    }

    #[test]
    fn floating_nodes_and_source_loops_are_named() {
        // resistors 0-1 (grounded at 0), 2-3 floating
        let g = 1.0 / 3.0;
        let (p, v) = assemble(
            4,
            &[(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (2, 3), (3, 2), (3, 3)],
            &[2.0 * g, -g, -g, g, g, -g, -g, g],
        );
        let error = SparseLu::analyse(&p).factor(&v).unwrap_err();
        assert!(matches!(error.unknown, 2 | 3) && error.cause == SingularCause::Values, "{error}");
        // two ideal sources, branches 1 and 2, across node 0
        let (p, v) = assemble(3, &[(0, 0), (0, 1), (0, 2), (1, 0), (2, 0)], &[g, 1.0, 1.0, 1.0, 1.0]);
        let error = SparseLu::analyse(&p).factor(&v).unwrap_err();
        assert!(matches!(error.unknown, 1 | 2) && error.cause == SingularCause::Structure, "{error}");
        // a value that is no number
        let (p, _) = Pattern::from_entries(2, &[(0, 0), (1, 1)]);
        let error = SparseLu::analyse(&p).factor(&[1.0, f64::NAN]).unwrap_err();
        assert_eq!((error.unknown, error.equation, error.cause), (1, 1, SingularCause::NotFinite));
    }

    #[test]
    fn a_failed_factorization_leaves_no_stale_answer() {
        let (pattern, _) = Pattern::from_entries(2, &[(0, 0), (1, 0), (0, 1), (1, 1)]);
        let mut lu = SparseLu::analyse(&pattern);
        lu.factor(&[1.0, 0.0, 0.0, 1.0]).unwrap();
        lu.factor(&[1.0, 2.0, 2.0, 4.0]).unwrap_err();
        let mut b = [3.0, 4.0];
        lu.solve(&mut b);
        assert_eq!((b, lu.pivot_ratio()), ([3.0, 4.0], 0.0));
        lu.factor(&[2.0, 0.0, 0.0, 2.0]).unwrap();
        lu.solve(&mut b);
        assert_eq!((b, lu.pivot_ratio()), ([1.5, 2.0], 1.0));
    }

    #[test]
    fn refinement_repairs_a_slightly_stale_solution() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let (pattern, values) = array(4, || rng.random_range(0.5..1.5));
        let mut lu = SparseLu::analyse(&pattern);
        lu.factor(&values).unwrap();
        let b: Vec<f64> = (0..pattern.size()).map(|_| rng.random_range(-1.0..1.0)).collect();
        let mut x = b.clone();
        lu.solve(&mut x);
        let exact = x.clone();
        x.iter_mut().for_each(|x| *x *= 1.0 + 1e-6);
        let mut scratch = vec![0.0; b.len()];
        lu.refine(&values, &b, &mut x, &mut scratch);
        let scale = exact.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        assert!(x.iter().zip(&exact).all(|(x, e)| (x - e).abs() <= 1e-12 * scale));
    }

    #[test]
    fn complex_systems() {
        // R-C divider: (1 + j) v0 - j v1 = 1, -j v0 + 2j v1 = 0
        let j = Complex::new(0.0, 1.0);
        let (pattern, _) = Pattern::from_entries(2, &[(0, 0), (1, 0), (0, 1), (1, 1)]);
        let mut lu = SparseLu::analyse(&pattern);
        lu.factor(&[Complex::new(1.0, 1.0), -j, -j, 2.0 * j]).unwrap();
        let mut x = [Complex::new(1.0, 0.0), Complex::new(0.0, 0.0)];
        lu.solve(&mut x);
        // v1 = v0 / 2, v0 (1 + j/2) = 1
        let v0 = Complex::new(0.8, -0.4);
        assert!((x[0] - v0).norm() < 1e-15 && (x[1] - v0 * 0.5).norm() < 1e-15);
    }

    #[test]
    fn a_given_order_is_kept() {
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let (pattern, values) = array(3, || rng.random_range(0.5..1.5));
        let b: Vec<f64> = (0..pattern.size()).map(|_| rng.random_range(-1.0..1.0)).collect();
        let backwards: Vec<u32> = (0..pattern.size() as u32).rev().collect();
        let mut lu = SparseLu::analyse_with(&pattern, &backwards);
        lu.factor(&values).unwrap();
        let mut x = b.clone();
        lu.solve(&mut x);
        assert!(backward_error(&pattern, &values, &x, &b) < 1e-13);
        let mut best = SparseLu::analyse(&pattern);
        best.factor(&values).unwrap();
        assert!(best.factor_nonzeros() < lu.factor_nonzeros());
    }

    #[test]
    fn empty_systems() {
        let (pattern, _) = Pattern::from_entries(0, &[]);
        let mut lu = SparseLu::<f64>::analyse(&pattern);
        assert_eq!(lu.factor(&[0.0]), Ok(FactorKind::Full));
        lu.solve(&mut []);
    }

    proptest! {
        /// Random unsymmetric patterns, rows scaled over 24 decades, some diagonals missing: full factorization,
        /// refactorization with other values and the transposed solve are all backward stable.
        #[test]
        fn random_matrices_are_solved_stably(n in 1usize..40, seed in 0u64..10_000) {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut entries: Vec<(u32, u32)> = Vec::new();
            // a random transversal keeps the structure regular
            let shift = rng.random_range(0..n);
            entries.extend((0..n).map(|c| (((c + shift) % n) as u32, c as u32)));
            entries.extend((0..3 * n).map(|_| (rng.random_range(0..n) as u32, rng.random_range(0..n) as u32)));
            let rows: Vec<f64> = (0..n).map(|_| 10f64.powf(rng.random_range(-12.0..12.0))).collect();
            let mut values = || -> Vec<f64> {
                entries.iter().map(|&(r, _)| rows[r as usize] * rng.random_range(-1.0..1.0)).collect()
            };
            let (pattern, first) = assemble(n, &entries, &values());
            let (_, second) = assemble(n, &entries, &values());
            let b: Vec<f64> = rows.iter().map(|r| r * 0.7).collect();
            let mut lu = SparseLu::analyse(&pattern);
            for values in [&first, &second] {
                // a random matrix may be singular to working precision; then it must say so, not answer
                if lu.factor(values).is_err() {
                    let rank = scaled_rank(&pattern, values, &rows);
                    prop_assert!(rank < n, "called singular, rank {rank} of {n}");
                    continue;
                }
                let mut x = b.clone();
                lu.solve(&mut x);
                // growth is at most (1 + 1/pivrel)^k in theory; refinement makes it componentwise small
                let mut scratch = vec![0.0; n];
                lu.refine(values, &b, &mut x, &mut scratch);
                let error = backward_error(&pattern, values, &x, &b);
                prop_assert!(error < 1e-11, "backward error {error}");
            }
        }
    }

    fn scaled_rank(pattern: &Pattern, values: &[f64], rows: &[f64]) -> usize {
        let mut matrix = DenseLu::matrix(pattern, values);
        for (k, r) in rows.iter().enumerate() {
            matrix.row_mut(k).scale_mut(1.0 / r);
        }
        matrix.rank(1e-13)
    }
}
