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

/// What to do with a step of pseudo-time: states on their way to rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pseudo {
    /// Keep the point; try this step next.
    Accept(f64),
    /// Throw the point away; try this step instead.
    Reject(f64),
    /// No step is small enough.
    Hopeless,
}

/// Largest move of a state in one step of pseudo-time, as a fraction of its scale.
const PSEUDO_MOVE: f64 = 0.3;
/// Pseudo-time steps, in s: the first where nothing is known of the rates, and one too short to go on with.
const SHORTEST_PSEUDO_STEP: f64 = 1e-13;
const HOPELESS_PSEUDO_STEP: f64 = 1e-24;
/// Pseudo-time steps this long, in s, in which nothing moves are the end.
pub const FINAL_PSEUDO_STEP: f64 = 1e-3;

/// A first step in which the fastest state, with `rate` scales per second, goes half as far as a step allows.
#[must_use]
pub fn first_pseudo_step(rate: f64) -> f64 {
    (0.5 * PSEUDO_MOVE / rate).clamp(SHORTEST_PSEUDO_STEP, FINAL_PSEUDO_STEP)
}

/// Judges a step `h` by how far the states moved in it, in scales; `None` when it could not be solved.
#[must_use]
pub fn judge_pseudo_step(h: f64, moved: Option<f64>) -> Pseudo {
    match moved.map(|moved| moved / PSEUDO_MOVE) {
        Some(m) if m < 0.01 => Pseudo::Accept(1000.0 * h),
        Some(m) if m < 0.25 => Pseudo::Accept(4.0 * h),
        Some(m) if m <= 1.0 => Pseudo::Accept(1.5 * h),
        _ if 0.25 * h < HOPELESS_PSEUDO_STEP => Pseudo::Hopeless,
        _ => Pseudo::Reject(0.25 * h),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resting_states_allow_long_steps_and_jumping_ones_none() {
        assert_eq!(judge_pseudo_step(1.0, Some(0.0)), Pseudo::Accept(1000.0));
        assert_eq!(judge_pseudo_step(1.0, Some(0.2)), Pseudo::Accept(1.5));
        assert_eq!(judge_pseudo_step(1.0, Some(0.4)), Pseudo::Reject(0.25));
        assert_eq!(judge_pseudo_step(1e-24, None), Pseudo::Hopeless);
        assert_eq!((first_pseudo_step(0.0), first_pseudo_step(f64::INFINITY)), (1e-3, 1e-13));
    }

    #[test]
    fn small_errors_double_and_large_ones_shrink() {
        assert_eq!(judge(1.0, 2, 0.0), Verdict::Accept(2.0));
        assert_eq!(judge(1.0, 2, 1.0), Verdict::Accept(0.9));
        assert!(matches!(judge(1.0, 1, 4.0), Verdict::Reject(h) if (h - 0.45).abs() < 1e-12));
        assert_eq!(judge(1.0, 1, f64::NAN), Verdict::Reject(0.1));
    }
}
