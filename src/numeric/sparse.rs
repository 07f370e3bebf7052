//! Sparse LU on a frozen pattern: analyse once, search pivots once, refactor many times.
//!
//!   S P A Q = L U,   x = Q U^-1 L^-1 S P b
//!
//! with S a row scaling by powers of two (the rows mix A, V and 1/s), P and Q permutations, L unit lower and U upper
//! triangular. The first factorization predicts the patterns for the analysed pivots and takes these when all pass the
//! threshold; otherwise it searches pivots column by column (Gilbert, Peierls 1988; threshold partial pivoting that
//! prefers the analysed pairing). Either way P and both patterns are frozen. Later factorizations repeat only the
//! arithmetic, as `klu_refactor` does (Davis, Palamadai Natarajan 2010), with runs of columns of equal pattern applied
//! together, and search when a frozen pivot has become too small.

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
    /// 1e-16 where exact arithmetic cancels. (SPICE `pivtol` is absolute and knows no scaling.)
    pub vanishing: f64,
    /// A frozen pivot below this fraction of the largest candidate of its column triggers a new search. Well below
    /// `relative`, so that a matrix near the threshold does not search at every step.
    pub frozen: f64,
}

impl Default for PivotRule {
    fn default() -> Self {
        Self { relative: 1e-3, vanishing: f64::EPSILON, frozen: 1e-5 }
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
    /// Pivots chosen anew.
    Full,
    /// Frozen pivots kept.
    Refactored,
}

/// Work done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SolverCounts {
    /// Orderings computed.
    pub analyses: u64,
    /// Factorizations with newly chosen pivots.
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
        if self.factors.is_some() && self.refactor(self.rule.frozen) {
            self.counts.refactored += 1;
            self.valid = true;
            return Ok(FactorKind::Refactored);
        }
        self.counts.full += 1;
        self.factor_anew()?;
        self.valid = true;
        Ok(FactorKind::Full)
    }

    /// The preferred pivots when all of them pass, which costs no search; else a search.
    fn factor_anew(&mut self) -> Result<(), Singular> {
        let first = self.factors.is_none();
        if first {
            self.factors = Some(Factors::predict(&self.pattern, &self.ordering));
            if self.refactor(self.rule.relative) {
                return Ok(());
            }
        }
        self.factors = None;
        self.factors = Some(Factors::search(&self.pattern, &self.ordering, &self.matrix, &self.rule)?);
        Ok(())
    }

    /// Repeats the arithmetic with frozen pivots, none below `smallest` times its competitors; false when that fails.
    fn refactor(&mut self, smallest: f64) -> bool {
        self.factors.as_mut().is_some_and(|factors| {
            factors.refactor(&self.pattern, &self.matrix, smallest, self.rule.vanishing, &mut self.work)
        })
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
