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
    /// Keep the point.
    Accept,
    /// Throw the point away.
    Reject,
    /// No step is small enough.
    Hopeless,
}

/// Largest move of a state in one step of pseudo-time, as a fraction of its scale.
pub const PSEUDO_MOVE: f64 = 0.3;
/// Pseudo-time steps, in s: the first where nothing is known of the rates, and one too short to go on with.
const SHORTEST_PSEUDO_STEP: f64 = 1e-13;
const HOPELESS_PSEUDO_STEP: f64 = 1e-24;
/// Pseudo-time steps this long, in s, in which nothing moves are the end.
pub const FINAL_PSEUDO_STEP: f64 = 1e-3;
/// Longer steps find nothing new, and are a long way back when something moves after all.
const LONGEST_PSEUDO_STEP: f64 = 1.0;
/// Steps after a rejected one that grow by little: what was too long a moment ago still is.
const WARY_STEPS: usize = 4;

/// The clock of states on their way to rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PseudoClock {
    /// The step to try, in s.
    pub step: f64,
    wary: usize,
}

impl PseudoClock {
    /// A first step in which the fastest state, with `rate` scales per second, goes half as far as a step allows.
    #[must_use]
    pub fn new(rate: f64) -> Self {
        let step = (0.5 * PSEUDO_MOVE / rate).clamp(SHORTEST_PSEUDO_STEP, FINAL_PSEUDO_STEP);
        Self { step, wary: 0 }
    }

    /// Judges the step by how far the states moved in it, in scales (`None` when it could not be solved), and sets the
    /// next one.
    pub fn judge(&mut self, moved: Option<f64>) -> Pseudo {
        let growth = match moved.map(|moved| moved / PSEUDO_MOVE) {
            Some(m) if m < 0.01 => 1000.0,
            Some(m) if m < 0.25 => 4.0,
            Some(m) if m <= 1.0 => 1.5,
            _ if 0.25 * self.step < HOPELESS_PSEUDO_STEP => return Pseudo::Hopeless,
            _ => {
                (self.step, self.wary) = (0.25 * self.step, WARY_STEPS);
                return Pseudo::Reject;
            }
        };
        self.step *= if self.wary > 0 { f64::min(growth, 1.5) } else { growth };
        self.step = self.step.min(LONGEST_PSEUDO_STEP);
        self.wary = self.wary.saturating_sub(1);
        Pseudo::Accept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resting_states_allow_long_steps_and_jumping_ones_none() {
        let after = |step: f64, moves: &[Option<f64>]| {
            let mut clock = PseudoClock { step, wary: 0 };
            let last = moves.iter().fold(Pseudo::Accept, |_, moved| clock.judge(*moved));
            (last, clock.step)
        };
        assert_eq!(after(1e-6, &[Some(0.0)]), (Pseudo::Accept, 1e-3));
        assert_eq!(after(1e-3, &[Some(0.0), Some(0.0)]), (Pseudo::Accept, 1.0));
        assert_eq!(after(0.5, &[Some(0.2)]), (Pseudo::Accept, 0.75));
        assert_eq!(after(1.0, &[Some(0.4)]), (Pseudo::Reject, 0.25));
        assert_eq!(after(1.0, &[Some(0.4), Some(0.01)]), (Pseudo::Accept, 0.375));
        assert_eq!(after(1e-24, &[None]).0, Pseudo::Hopeless);
        assert_eq!((PseudoClock::new(0.0).step, PseudoClock::new(f64::INFINITY).step), (1e-3, 1e-13));
    }

    #[test]
    fn small_errors_double_and_large_ones_shrink() {
        assert_eq!(judge(1.0, 2, 0.0), Verdict::Accept(2.0));
        assert_eq!(judge(1.0, 2, 1.0), Verdict::Accept(0.9));
        assert!(matches!(judge(1.0, 1, 4.0), Verdict::Reject(h) if (h - 0.45).abs() < 1e-12));
        assert_eq!(judge(1.0, 1, f64::NAN), Verdict::Reject(0.1));
    }
}
