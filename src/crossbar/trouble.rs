//! Why a solver of arrays has no solution.

use super::frontal::Side;
use super::misfit::{Field, Misfit};

/// What tells that another solver must take over.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Trouble {
    /// Lines with a pivot that is not positive: strong negative conductance, or a line that nothing ties down.
    #[error("{0} lines have a pivot that is not positive")]
    NegativePivots(usize),
    /// p.S p <= 0: the reduced matrix is not positive definite.
    #[error("the array matrix is not positive definite (iteration {0})")]
    Indefinite(usize),
    /// No convergence.
    #[error("no convergence in {iterations} iterations, relative residual {residual:.1e}")]
    Limit {
        /// Iterations done.
        iterations: usize,
        /// Residual reached.
        residual: f64,
    },
    /// Something that is no network, or does not go with it.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// A solve without a factorization that succeeded.
    #[error("the network has not been factored")]
    Unfactored,
    /// Numbers beyond the range of double precision on the way to a solution.
    #[error("numbers beyond the range of double precision")]
    Overflow,
    /// A pivot that is zero or no number.
    #[error("the {side} node ({row}, {col}) has no path to a potential, or the conductances around it cancel")]
    Untied {
        /// Of which lines.
        side: Side,
        /// Row of the node.
        row: usize,
        /// Column of the node.
        col: usize,
    },
}

impl Trouble {
    /// Is a right-hand side to blame, which is infinite, no number, or too large?
    #[must_use]
    pub fn is_overflow(&self) -> bool {
        matches!(self, Self::Overflow | Self::Misfit(Misfit::Value { field: Field::RightHandSide(_), .. }))
    }
}
