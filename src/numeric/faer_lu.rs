//! faer's sparse LU behind the same face: the reference that [`super::sparse`] is measured and tested against.
//!
//! COLAMD ordering, partial pivoting searched anew at every factorization, supernodal when that pays.

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::lu::partial_pivoting::factor::PartialPivLuParams;
use faer::sparse::linalg::lu::{LuRef, LuSymbolicParams, NumericLu, SymbolicLu, factorize_symbolic_lu};
use faer::sparse::{SparseColMatRef, SymbolicSparseColMatRef};
use faer::{Conj, MatMut, Par, Spec};

use super::pattern::Pattern;
use super::sparse::{FactorKind, LinearSolver, Singular, SingularCause};

/// A faer solver over one pattern.
pub struct FaerLu {
    pattern: Pattern,
    symbolic: Option<SymbolicLu<u32>>,
    numeric: NumericLu<u32, f64>,
    memory: MemBuffer,
    valid: bool,
}

impl FaerLu {
    /// Orders the pattern (COLAMD).
    #[must_use]
    pub fn analyse(pattern: &Pattern) -> Self {
        let params = LuSymbolicParams::default();
        let symbolic = factorize_symbolic_lu(view(pattern), params).ok();
        let request = symbolic.as_ref().map_or(StackReq::EMPTY, |symbolic| {
            let factor = symbolic.factorize_numeric_lu_scratch::<f64>(Par::Seq, factor_params());
            StackReq::any_of(&[factor, symbolic.solve_in_place_scratch::<f64>(1, Par::Seq)])
        });
        let memory = MemBuffer::new(request);
        Self { pattern: pattern.clone(), symbolic, numeric: NumericLu::new(), memory, valid: false }
    }
}

fn view(pattern: &Pattern) -> SymbolicSparseColMatRef<'_, u32> {
    let n = pattern.size();
    SymbolicSparseColMatRef::new_checked(n, n, pattern.column_starts(), None, pattern.rows())
}

fn factor_params() -> Spec<PartialPivLuParams, f64> {
    Spec::default()
}

impl LinearSolver<f64> for FaerLu {
    /// faer reports structural singularity by the step, not by the unknown; a zero pivot shows up in the solution.
    fn factor(&mut self, values: &[f64]) -> Result<FactorKind, Singular> {
        self.valid = false;
        let unknown = |unknown| Singular { unknown, equation: unknown, cause: SingularCause::Structure };
        let symbolic = self.symbolic.as_ref().ok_or(unknown(0))?;
        let matrix = SparseColMatRef::new(view(&self.pattern), &values[..self.pattern.nonzeros()]);
        let stack = MemStack::new(&mut self.memory);
        symbolic
            .factorize_numeric_lu(&mut self.numeric, matrix, Par::Seq, stack, factor_params())
            .map_err(|_| unknown(0))?;
        self.valid = true;
        Ok(FactorKind::Full)
    }

    fn solve(&mut self, rhs: &mut [f64]) {
        if let Some(symbolic) = self.symbolic.as_ref().filter(|_| self.valid) {
            let n = rhs.len();
            let rhs = MatMut::from_column_major_slice_mut(rhs, n, 1);
            let stack = MemStack::new(&mut self.memory);
            LuRef::new_unchecked(symbolic, &self.numeric).solve_in_place_with_conj(Conj::No, rhs, Par::Seq, stack);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sparse::SparseLu;
    use super::*;

    #[test]
    fn agrees_with_our_own() {
        // an unsymmetric chain of 200: 3 on the diagonal, -1 and -0.5 beside it, one far entry
        let n = 200u32;
        let mut entries = Vec::new();
        for k in 0..n {
            entries.extend([(k, k), (k, (k + 1).min(n - 1)), ((k + 1).min(n - 1), k)]);
        }
        entries.push((0, n - 1));
        let (pattern, positions) = Pattern::from_entries(n as usize, &entries);
        let mut values = vec![0.0; pattern.value_len()];
        for (k, &position) in positions.iter().enumerate() {
            values[position as usize] = [3.0, -1.0, -0.5][k % 3];
        }
        let (mut ours, mut theirs) = (SparseLu::analyse(&pattern), FaerLu::analyse(&pattern));
        ours.factor(&values).unwrap();
        theirs.factor(&values).unwrap();
        let b: Vec<f64> = (0..n).map(|k| f64::from(k % 7) - 3.0).collect();
        let (mut x, mut y) = (b.clone(), b);
        ours.solve(&mut x);
        theirs.solve(&mut y);
        // condition number below 3 + 1.5 over 3 - 1.5, so a few eps
        assert!(x.iter().zip(&y).all(|(x, y)| (x - y).abs() < 20.0 * f64::EPSILON * 3.0));
    }
}
