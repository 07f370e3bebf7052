//! Flexible GMRES: A x = b by minimal residuals, with a preconditioner that may itself be an iteration.
//!
//! ```text
//! z_k = M^-1 v_k,   A z_k = sum_j h_jk v_j + h_k+1,k v_k+1   (modified Gram-Schmidt)
//! x = x_0 + Z y,    y = argmin | beta e_1 - H y |            (Givens rotations)
//! ```
//!
//! (Saad, SIAM J. Sci. Comput. 14, 461, 1993.) Restarted; meant for operators that differ from their preconditioner by
//! little: a border of low rank, cells that are slightly unsymmetric.

/// A finished iteration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Applications of the operator.
    pub iterations: usize,
    /// |b - A x| / |b| by recurrence.
    pub residual: f64,
}

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effort {
    /// |b - A x| <= tolerance |b|.
    pub tolerance: f64,
    /// Applications of the operator in all.
    pub iterations: usize,
    /// Vectors kept before a restart.
    pub restart: usize,
}

/// An operator and its preconditioner; a failed application ends the iteration.
pub trait Operator {
    /// Why an application failed.
    type Error;
    /// y = A x.
    ///
    /// # Errors
    /// The operator's own.
    fn apply(&mut self, x: &[f64], y: &mut [f64]) -> Result<(), Self::Error>;
    /// z = M^-1 r.
    ///
    /// # Errors
    /// The preconditioner's own.
    fn precondition(&mut self, r: &[f64], z: &mut [f64]) -> Result<(), Self::Error>;
}

/// Solves A x = b from the guess in `x`. The outcome says how far it came; judging it is the caller's business.
///
/// # Errors
/// What the operator says.
pub fn solve<O: Operator>(operator: &mut O, b: &[f64], x: &mut [f64], effort: Effort) -> Result<Outcome, O::Error> {
    let n = b.len();
    let scale = norm(b);
    if scale == 0.0 {
        x.fill(0.0);
        return Ok(Outcome { iterations: 0, residual: 0.0 });
    }
    let mut iterations = 0;
    let mut work = vec![0.0; n];
    loop {
        operator.apply(x, &mut work)?;
        let mut r: Vec<f64> = b.iter().zip(&work).map(|(b, a)| b - a).collect();
        let beta = norm(&r);
        if beta <= effort.tolerance * scale || iterations >= effort.iterations || !beta.is_finite() {
            return Ok(Outcome { iterations, residual: beta / scale });
        }
        r.iter_mut().for_each(|v| *v /= beta);
        let mut cycle = Cycle { v: vec![r], z: Vec::new(), h: Vec::new(), rotations: Vec::new(), g: vec![beta] };
        while cycle.z.len() < effort.restart && iterations < effort.iterations {
            iterations += 1;
            let left = cycle.extend(operator, &mut work)?;
            if left <= effort.tolerance * scale {
                break;
            }
        }
        cycle.add_solution(x);
    }
}

/// The vectors of one cycle between restarts.
struct Cycle {
    v: Vec<Vec<f64>>,
    z: Vec<Vec<f64>>,
    /// Columns of the rotated Hessenberg matrix.
    h: Vec<Vec<f64>>,
    rotations: Vec<(f64, f64)>,
    g: Vec<f64>,
}

impl Cycle {
    /// One more direction; gives the norm of the residual.
    fn extend<O: Operator>(&mut self, operator: &mut O, work: &mut [f64]) -> Result<f64, O::Error> {
        let k = self.z.len();
        let mut z = vec![0.0; work.len()];
        operator.precondition(&self.v[k], &mut z)?;
        operator.apply(&z, work)?;
        self.z.push(z);
        let mut column: Vec<f64> = Vec::with_capacity(k + 2);
        for v in &self.v {
            let h = dot(v, work);
            work.iter_mut().zip(v).for_each(|(w, v)| *w -= h * v);
            column.push(h);
        }
        let next = norm(work);
        for (j, &(c, s)) in self.rotations.iter().enumerate() {
            let (a, b) = (column[j], column[j + 1]);
            column[j] = c * a + s * b;
            column[j + 1] = c * b - s * a;
        }
        let radius = column[k].hypot(next);
        let (c, s) = if radius == 0.0 { (1.0, 0.0) } else { (column[k] / radius, next / radius) };
        column[k] = radius;
        self.rotations.push((c, s));
        self.h.push(column);
        let last = self.g[k];
        self.g[k] = c * last;
        self.g.push(-s * last);
        if next > 0.0 {
            self.v.push(work.iter().map(|w| w / next).collect());
        }
        Ok(if next > 0.0 { self.g[k + 1].abs() } else { 0.0 })
    }

    /// x += Z y.
    fn add_solution(&self, x: &mut [f64]) {
        let k = self.z.len();
        let mut y = self.g[..k].to_vec();
        for i in (0..k).rev() {
            for j in i + 1..k {
                y[i] -= self.h[j][i] * y[j];
            }
            y[i] = if self.h[i][i] == 0.0 { 0.0 } else { y[i] / self.h[i][i] };
        }
        for (z, y) in self.z.iter().zip(&y) {
            x.iter_mut().zip(z).for_each(|(x, z)| *x += y * z);
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::convert::Infallible;

    /// An unsymmetric tridiagonal matrix, preconditioned by its diagonal.
    struct Chain(usize);
    impl Operator for Chain {
        type Error = Infallible;
        fn apply(&mut self, x: &[f64], y: &mut [f64]) -> Result<(), Infallible> {
            for i in 0..self.0 {
                y[i] = (3.0 + i as f64) * x[i];
                if i > 0 {
                    y[i] -= 1.5 * x[i - 1];
                }
                if i + 1 < self.0 {
                    y[i] -= 0.5 * x[i + 1];
                }
            }
            Ok(())
        }
        fn precondition(&mut self, r: &[f64], z: &mut [f64]) -> Result<(), Infallible> {
            for i in 0..self.0 {
                z[i] = r[i] / (3.0 + i as f64);
            }
            Ok(())
        }
    }

    #[test]
    fn an_unsymmetric_system_is_solved_through_restarts() {
        let exact: Vec<f64> = (0..40).map(|i| (f64::from(i) * 0.7).sin()).collect();
        let mut b = vec![0.0; 40];
        let mut chain = Chain(40);
        chain.apply(&exact, &mut b).unwrap();
        let mut x = vec![0.0; 40];
        let effort = Effort { tolerance: 1e-13, iterations: 200, restart: 6 };
        let outcome = solve(&mut chain, &b, &mut x, effort).unwrap();
        assert!(outcome.residual <= 1e-13, "{outcome:?}");
        for (x, e) in x.iter().zip(&exact) {
            assert!((x - e).abs() < 1e-12);
        }
    }

    #[test]
    fn a_zero_right_hand_side_needs_nothing() {
        let mut x = vec![1.0; 3];
        let effort = Effort { tolerance: 1e-13, iterations: 10, restart: 6 };
        let outcome = solve(&mut Chain(3), &[0.0; 3], &mut x, effort).unwrap();
        assert_eq!((outcome.iterations, x), (0, vec![0.0; 3]));
    }
}
