//! Step-size control from a truncation error in units of its tolerance.
//!
//! ```text
//! h_next = h * clamp(0.9 * error^(-1/(order+1)), 0.1, 2)      accept when error <= 1
//! ```
//!
//! Growth is capped at 2, which also keeps BDF2 inside its stability region (step ratio below 1 + sqrt 2).

/// What to do with a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// Keep the point; try this step next.
    Accept(f64),
    /// Throw the point away; try this step instead.
    Reject(f64),
}

/// Judges a step `h` of a rule of `order` whose largest error is `error` tolerances.
#[must_use]
pub fn judge(h: f64, order: usize, error: f64) -> Verdict {
    const SAFETY: f64 = 0.9;
    const SHRINK: f64 = 0.1;
    const GROW: f64 = 2.0;
    if !error.is_finite() {
        return Verdict::Reject(SHRINK * h);
    }
    let factor = (SAFETY * error.max(1e-12).powf(-1.0 / (order as f64 + 1.0))).clamp(SHRINK, GROW);
    if error <= 1.0 { Verdict::Accept(factor * h) } else { Verdict::Reject(factor.min(SAFETY) * h) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_errors_double_and_large_ones_shrink() {
        assert_eq!(judge(1.0, 2, 0.0), Verdict::Accept(2.0));
        assert_eq!(judge(1.0, 2, 1.0), Verdict::Accept(0.9));
        assert!(matches!(judge(1.0, 1, 4.0), Verdict::Reject(h) if (h - 0.45).abs() < 1e-12));
        assert_eq!(judge(1.0, 1, f64::NAN), Verdict::Reject(0.1));
    }
}
