//! Damped Newton iteration over a system that owns its matrix.
//!
//! ```text
//! linearise at x            R(x), J(x)
//! loop: J dx = -R           solve
//!       x+ = x + lambda dx  damp (operating points only), then let the devices limit
//!       linearise at x+
//!       done when |x+ - x| <= tolerance per unknown, |R| <= tolerance per row, nothing was limited or damped,
//!       or at once when R is at rounding level (linear systems need one solve)
//! ```
//!
//! Damping is Deuflhard's natural monotonicity test: lambda is halved until the simplified correction J^-1 R(x+), with
//! the J at hand, is shorter than dx in units of the tolerances (Deuflhard, Newton Methods for Nonlinear Problems, 3.1).
//! It does not depend on how rows are scaled, and costs a solve but no factorization. A device that limits (an
//! exponential) is evaluated elsewhere than at the iterate and continued linearly from there; such a step is taken as it
//! is, because the limiter knows better.

use thiserror::Error;

/// What Newton needs to know.
pub trait Equations {
    /// Number of unknowns.
    fn len(&self) -> usize;
    /// True when there is nothing to solve.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// A new iteration starts at `x`: nothing is limited.
    fn begin(&mut self, x: &[f64]);
    /// Evaluates R and J at `x`; where a device was limited, its part is the tangent at the limited point.
    fn linearise(&mut self, x: &[f64]);
    /// Solves J dx = -R with R and J as they were linearised last, at `x`.
    ///
    /// # Errors
    /// The unknown whose pivot vanished.
    fn step(&mut self, x: &[f64], dx: &mut [f64]) -> Result<(), usize>;
    /// Lets devices choose where to be evaluated for the iterate `x`; true when any is not evaluated at `x` itself.
    fn limit(&mut self, x: &[f64]) -> bool;
    /// The iterate of the last `limit` is taken; the next limiting starts from there.
    fn keep(&mut self);
    /// Allowed change of unknown `k` between iterates of sizes `a` and `b`.
    fn tolerance(&self, k: usize, a: f64, b: f64) -> f64;
    /// Largest |dx_k| in units of the tolerance of unknown k at x.
    fn length(&self, x: &[f64], dx: &[f64]) -> f64 {
        dx.iter().enumerate().map(|(k, d)| d.abs() / self.tolerance(k, x[k], x[k])).fold(0.0, f64::max)
    }
    /// The same of the way from `x` to `new`.
    fn distance(&self, x: &[f64], new: &[f64]) -> f64 {
        let ways = x.iter().zip(new).enumerate();
        ways.map(|(k, (&x, new))| (new - x).abs() / self.tolerance(k, x, x)).fold(0.0, f64::max)
    }
    /// Does no unknown differ between two iterates by more than `slack` of its tolerance?
    fn is_still(&self, a: &[f64], b: &[f64], slack: f64) -> bool {
        a.iter().zip(b).enumerate().all(|(k, (&a, &b))| (a - b).abs() <= slack * self.tolerance(k, a, b))
    }
    /// Solves J dx = -R with the present R and the J of the last [`Equations::step`]: the simplified correction.
    fn correct(&mut self, dx: &mut [f64]);
    /// Largest |R_k| / tolerance; `rounding`: relative to rounding level instead of the tolerances. NaN where one is.
    fn residual(&self, rounding: bool) -> f64;
}

/// How hard to try.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effort {
    /// Largest number of iterations.
    pub iterations: usize,
    /// Damp steps that do not shrink.
    pub damped: bool,
    /// All tolerances are taken this many times: 1 where the solution counts, more on the way to one.
    pub slack: f64,
}

impl Effort {
    /// Up to `iterations` undamped steps to the tolerances.
    #[must_use]
    pub fn plain(iterations: usize) -> Self {
        Self { iterations, damped: false, slack: 1.0 }
    }

    /// Up to `iterations` damped steps to the tolerances.
    #[must_use]
    pub fn damped(iterations: usize) -> Self {
        Self { damped: true, ..Self::plain(iterations) }
    }
}

/// Vectors that one solve leaves to the next.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    new: Vec<f64>,
    simplified: Vec<f64>,
    begun: Vec<f64>,
}

impl Workspace {
    /// Room for a vector of unknowns, whatever is in it.
    pub fn take_spare(&mut self) -> Vec<f64> {
        std::mem::take(&mut self.new)
    }

    /// Where the last solve began, if it failed.
    pub fn take_begun(&mut self) -> Vec<f64> {
        std::mem::take(&mut self.begun)
    }
}

/// A converged iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Converged {
    /// Iterations (linear solves).
    pub iterations: usize,
}

/// Why Newton stopped.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum NewtonError {
    /// The pivot of this unknown vanished.
    #[error("the matrix is singular at unknown {unknown}")]
    Singular {
        /// Unknown index.
        unknown: usize,
        /// Iterations done.
        iterations: usize,
    },
    /// Iteration limit.
    #[error("no convergence in {iterations} iterations")]
    Limit {
        /// Iterations done.
        iterations: usize,
        /// Worst unknowns: index, last change, its tolerance; worst first, at most five.
        worst: Vec<(usize, f64, f64)>,
    },
    /// The user asked to stop.
    #[error("interrupted")]
    Interrupted {
        /// Iterations done.
        iterations: usize,
    },
    /// A value that is not a number appeared.
    #[error("unknown {unknown} became infinite or not a number")]
    NotFinite {
        /// Unknown index.
        unknown: usize,
        /// Iterations done.
        iterations: usize,
    },
}

impl NewtonError {
    /// Iterations done before giving up.
    #[must_use]
    pub fn iterations(&self) -> usize {
        match self {
            Self::Singular { iterations, .. }
            | Self::Limit { iterations, .. }
            | Self::Interrupted { iterations }
            | Self::NotFinite { iterations, .. } => *iterations,
        }
    }
}

/// So many of the worst unknowns a failure names.
const NAMED: usize = 5;
/// Damping stops here and takes the step.
const SMALLEST_STEP: f64 = 1.0 / 200.0;

/// Solves R(x) = 0 from the given `x`, which ends at the solution (or at the last iterate on failure). `interrupted` is
/// asked before every iteration.
///
/// # Errors
/// Singular matrix, iteration limit, interruption, or an iterate that is not finite; [`Workspace::take_begun`] has the given `x` then.
pub fn solve(
    equations: &mut dyn Equations,
    x: &mut Vec<f64>,
    effort: Effort,
    workspace: &mut Workspace,
    interrupted: &dyn Fn() -> bool,
) -> Result<Converged, NewtonError> {
    workspace.begun.clear();
    let outcome = iterate(equations, x, effort, workspace, interrupted);
    // most solves take one iteration: the start is put aside only when another follows
    match &outcome {
        Err(_) if !workspace.begun.is_empty() => {}
        Err(NewtonError::Limit { iterations: 1.., .. }) => workspace.begun.clone_from(&workspace.new),
        Err(_) => workspace.begun.clone_from(x),
        Ok(_) => {}
    }
    outcome
}

fn iterate(
    equations: &mut dyn Equations,
    x: &mut Vec<f64>,
    effort: Effort,
    workspace: &mut Workspace,
    interrupted: &dyn Fn() -> bool,
) -> Result<Converged, NewtonError> {
    let n = equations.len();
    let Workspace { new, simplified, begun } = workspace;
    new.resize(n, 0.0);
    equations.begin(x);
    equations.linearise(x);
    for iterations in 1..=effort.iterations {
        if iterations == 2 {
            std::mem::swap(begun, new);
            new.resize(n, 0.0);
        }
        if interrupted() {
            return Err(NewtonError::Interrupted { iterations: iterations - 1 });
        }
        equations.step(x, new).map_err(|unknown| NewtonError::Singular { unknown, iterations })?;
        if let Some(unknown) = new.iter().position(|d| !d.is_finite()) {
            return Err(NewtonError::NotFinite { unknown, iterations });
        }
        // the correction becomes the next iterate where it stands, and half of it the point half-way
        new.iter_mut().zip(&*x).for_each(|(new, x)| *new += x);
        let mut length = None;
        let mut lambda = 1.0;
        let mut rounding = None;
        let limited = loop {
            let limited = equations.limit(new);
            equations.linearise(new);
            // a residual of rounding needs no test: a linear system takes one solve
            if limited || !effort.damped || lambda < SMALLEST_STEP {
                break limited;
            }
            let settled = equations.residual(true) <= 1.0;
            rounding = Some(settled);
            if settled {
                break false;
            }
            simplified.resize(n, 0.0);
            equations.correct(simplified);
            let left = equations.length(x, simplified);
            let length = *length.get_or_insert_with(|| equations.distance(x, new));
            if left <= 1.0 || left <= (1.0 - 0.25 * lambda) * length {
                break false;
            }
            lambda *= 0.5;
            new.iter_mut().zip(&*x).for_each(|(new, x)| *new = 0.5 * (*new + x));
        };
        equations.keep();
        std::mem::swap(x, new); // `new` now holds the iterate before
        if limited || lambda < 1.0 {
            continue;
        }
        if rounding.unwrap_or_else(|| equations.residual(true) <= 1.0) {
            return Ok(Converged { iterations });
        }
        if equations.is_still(x, new, effort.slack) && equations.residual(false) <= effort.slack {
            return Ok(Converged { iterations });
        }
    }
    let mut worst: Vec<(usize, f64, f64)> =
        (0..n).map(|k| (k, (x[k] - new[k]).abs(), equations.tolerance(k, x[k], new[k]))).collect();
    let by_size = |a: &(usize, f64, f64), b: &(usize, f64, f64)| (b.1 / b.2).total_cmp(&(a.1 / a.2));
    if worst.len() > NAMED {
        worst.select_nth_unstable_by(NAMED, by_size);
        worst.truncate(NAMED);
    }
    worst.sort_by(by_size);
    Err(NewtonError::Limit { iterations: effort.iterations, worst })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// x^2 = 2 and atan(y) = 0, uncoupled: quadratic convergence, and divergence without damping.
    struct Scalar {
        f: fn(f64) -> (f64, f64),
        r: f64,
        j: f64,
        solved: f64,
    }
    impl Equations for Scalar {
        fn len(&self) -> usize {
            1
        }
        fn linearise(&mut self, x: &[f64]) {
            (self.r, self.j) = (self.f)(x[0]);
        }
        fn step(&mut self, _x: &[f64], dx: &mut [f64]) -> Result<(), usize> {
            if self.j == 0.0 {
                return Err(0);
            }
            self.solved = self.j;
            dx[0] = -self.r / self.j;
            Ok(())
        }
        fn begin(&mut self, _x: &[f64]) {}
        fn limit(&mut self, _x: &[f64]) -> bool {
            false
        }
        fn keep(&mut self) {}
        fn tolerance(&self, _k: usize, a: f64, b: f64) -> f64 {
            1e-9 * a.abs().max(b.abs()) + 1e-12
        }
        fn correct(&mut self, dx: &mut [f64]) {
            dx[0] = -self.r / self.solved;
        }
        fn residual(&self, rounding: bool) -> f64 {
            self.r.abs() / if rounding { 1e-15 } else { 1e-9 }
        }
    }

    #[test]
    fn square_root_of_two_converges_quadratically() {
        let mut x = vec![1.0];
        let mut e = Scalar { f: |x| (x * x - 2.0, 2.0 * x), r: 0.0, j: 0.0, solved: 0.0 };
        let done = solve(&mut e, &mut x, Effort::plain(20), &mut Workspace::default(), &|| false).unwrap();
        assert!((x[0] - 2f64.sqrt()).abs() < 1e-12);
        assert!(done.iterations <= 6);
    }

    #[test]
    fn damping_saves_the_arc_tangent() {
        let f = |x: f64| (x.atan(), 1.0 / (1.0 + x * x));
        let mut x = vec![5.0];
        let mut e = Scalar { f, r: 0.0, j: 0.0, solved: 0.0 };
        assert!(solve(&mut e, &mut x, Effort::plain(50), &mut Workspace::default(), &|| false).is_err());
        let mut x = vec![5.0];
        solve(&mut e, &mut x, Effort::damped(100), &mut Workspace::default(), &|| false).unwrap();
        assert!(x[0].abs() < 1e-9);
    }

    #[test]
    fn a_failed_solve_tells_where_it_began() {
        let f = |x: f64| (x.atan(), 1.0 / (1.0 + x * x));
        for iterations in [0, 1, 2, 3] {
            let (mut x, mut workspace) = (vec![5.0], Workspace::default());
            let mut e = Scalar { f, r: 0.0, j: 0.0, solved: 0.0 };
            assert!(solve(&mut e, &mut x, Effort::plain(iterations), &mut workspace, &|| false).is_err());
            assert_eq!(workspace.take_begun(), [5.0]);
            assert_eq!(x[0] == 5.0, iterations == 0);
        }
    }

    #[test]
    fn an_interruption_ends_the_iteration() {
        let asked = std::cell::Cell::new(0);
        let interrupted = || {
            asked.set(asked.get() + 1);
            asked.get() > 2
        };
        let mut e = Scalar { f: |x| (x * x - 2.0, 2.0 * x), r: 0.0, j: 0.0, solved: 0.0 };
        let (mut x, mut workspace) = (vec![100.0], Workspace::default());
        let error = solve(&mut e, &mut x, Effort::plain(20), &mut workspace, &interrupted).unwrap_err();
        assert_eq!((error, asked.get()), (NewtonError::Interrupted { iterations: 2 }, 3));
        assert_eq!(workspace.take_begun(), [100.0]);
    }

    #[test]
    fn a_vanishing_pivot_is_named() {
        let mut e = Scalar { f: |x| (x * x + 1.0, 2.0 * x), r: 0.0, j: 0.0, solved: 0.0 };
        let error = solve(&mut e, &mut vec![0.0], Effort::plain(5), &mut Workspace::default(), &|| false).unwrap_err();
        assert_eq!(error, NewtonError::Singular { unknown: 0, iterations: 1 });
    }
}
