//! Dense LU with partial pivoting on the same pattern and values: for small systems and as a reference.

use nalgebra::{DMatrix, DVectorViewMut, Dyn, LU};

use super::pattern::Pattern;
use super::sparse::{FactorKind, LinearSolver, Singular, SingularCause};

/// A dense solver over one pattern.
#[derive(Debug, Clone)]
pub struct DenseLu {
    pattern: Pattern,
    factors: Option<LU<f64, Dyn, Dyn>>,
}

impl DenseLu {
    /// A solver for matrices of this pattern.
    #[must_use]
    pub fn new(pattern: &Pattern) -> Self {
        Self { pattern: pattern.clone(), factors: None }
    }

    /// The matrix written out.
    #[must_use]
    pub fn matrix(pattern: &Pattern, values: &[f64]) -> DMatrix<f64> {
        let n = pattern.size();
        let mut matrix = DMatrix::zeros(n, n);
        for column in 0..n {
            for position in pattern.range(column) {
                matrix[(pattern.rows()[position] as usize, column)] = values[position];
            }
        }
        matrix
    }
}

impl LinearSolver<f64> for DenseLu {
    fn factor(&mut self, values: &[f64]) -> Result<FactorKind, Singular> {
        self.factors = None;
        let lu = Self::matrix(&self.pattern, values).lu();
        // rows are exchanged but columns are not: the k-th pivot belongs to unknown k
        let vanished = lu.u().diagonal().iter().position(|pivot| *pivot == 0.0 || !pivot.is_finite());
        if let Some(k) = vanished {
            return Err(Singular { unknown: k as u32, equation: k as u32, cause: SingularCause::Values });
        }
        self.factors = Some(lu);
        Ok(FactorKind::Full)
    }

    fn solve(&mut self, rhs: &mut [f64]) {
        if let Some(lu) = &self.factors {
            let n = rhs.len();
            // fails only for a singular matrix, which `factor` refuses
            lu.solve_mut(&mut DVectorViewMut::from_slice(rhs, n));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_two_by_two() {
        // [[0, 2], [1, 3]] x = [4, 5] -> x = [-1, 2]
        let (pattern, _) = Pattern::from_entries(2, &[(1, 0), (0, 1), (1, 1)]);
        let mut lu = DenseLu::new(&pattern);
        lu.factor(&[1.0, 2.0, 3.0]).unwrap();
        let mut x = [4.0, 5.0];
        lu.solve(&mut x);
        assert_eq!(x, [-1.0, 2.0]);
        assert_eq!(lu.factor(&[1.0, 0.0, 3.0]).unwrap_err().unknown, 1);
    }
}
