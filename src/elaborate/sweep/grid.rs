//! Start, stop, increment to points: no rounding drift, an exact end.

use std::fmt;

use super::MOST_POINTS;

/// How points are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spacing {
    /// By an increment.
    Linear,
    /// So many points per factor 10.
    Decade,
    /// So many points per factor 2.
    Octave,
}

/// Why there is no such list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// The increment or number of points is zero, or points per decade are not positive.
    NoStep(Spacing, f64),
    /// The increment leads away from the stop value.
    WrongSign {
        /// First value.
        start: f64,
        /// Last value.
        stop: f64,
        /// Increment.
        step: f64,
    },
    /// A logarithmic sweep from, to or through zero.
    ThroughZero {
        /// First value.
        start: f64,
        /// Last value.
        stop: f64,
    },
    /// Absurdly many points.
    TooMany(f64),
}

/// The points from start to stop. `step` is the increment or the number of points per decade or octave.
///
/// # Errors
/// See [`Fault`].
pub fn points(spacing: Spacing, start: f64, stop: f64, step: f64) -> Result<Vec<f64>, Fault> {
    if spacing == Spacing::Linear { linear(start, stop, step) } else { logarithmic(spacing, start, stop, step) }
}

fn linear(start: f64, stop: f64, step: f64) -> Result<Vec<f64>, Fault> {
    if start == stop {
        return Ok(vec![start]);
    }
    if step == 0.0 {
        return Err(Fault::NoStep(Spacing::Linear, step));
    }
    let intervals = (stop - start) / step;
    if intervals < 0.0 {
        return Err(Fault::WrongSign { start, stop, step });
    }
    fill(intervals, stop, |k| start + k * step)
}

fn logarithmic(spacing: Spacing, start: f64, stop: f64, per: f64) -> Result<Vec<f64>, Fault> {
    if start * stop <= 0.0 {
        return Err(Fault::ThroughZero { start, stop });
    }
    if start == stop {
        return Ok(vec![start]);
    }
    if per <= 0.0 {
        return Err(Fault::NoStep(spacing, per));
    }
    let ratio = stop / start;
    let (periods, base) = if spacing == Spacing::Octave { (ratio.log2(), 2f64) } else { (ratio.log10(), 10f64) };
    let direction = periods.signum();
    fill(periods.abs() * per, stop, |k| start * base.powf(direction * k / per))
}

/// Points 0..=n; the last is `stop` itself when `intervals` is whole but for rounding.
fn fill(intervals: f64, stop: f64, at: impl Fn(f64) -> f64) -> Result<Vec<f64>, Fault> {
    const SLACK: f64 = 1e-9;
    let slack = SLACK.max(4.0 * f64::EPSILON * intervals);
    let count = (intervals + slack).floor();
    if count.is_nan() || count >= MOST_POINTS as f64 {
        return Err(Fault::TooMany(count + 1.0));
    }
    let mut points: Vec<f64> = (0..=count as usize).map(|k| at(k as f64)).collect();
    if let Some(last) = points.last_mut()
        && (intervals - count).abs() <= slack
    {
        *last = stop;
    }
    Ok(points)
}

impl Fault {
    /// Is the third number to blame, not the limits?
    #[must_use]
    pub fn blames_step(self) -> bool {
        !matches!(self, Fault::ThroughZero { .. })
    }

    /// What to do.
    #[must_use]
    pub fn help(self) -> String {
        match self {
            Fault::NoStep(Spacing::Linear, _) => "give an increment that leads from start to stop".to_string(),
            Fault::NoStep(..) => "give a positive number of points".to_string(),
            Fault::WrongSign { step, .. } => format!("write {} for this direction", -step),
            Fault::ThroughZero { .. } => {
                "start and stop of a logarithmic sweep must both be positive or both negative".to_string()
            }
            Fault::TooMany(_) => format!("at most {MOST_POINTS} points are accepted"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NoStep(Spacing::Linear, _) => write!(f, "the sweep has an increment of zero"),
            Fault::NoStep(Spacing::Decade, n) => write!(f, "the sweep has {n} points per decade"),
            Fault::NoStep(Spacing::Octave, n) => write!(f, "the sweep has {n} points per octave"),
            Fault::WrongSign { start, stop, step } => {
                write!(f, "an increment of {step} leads away from {stop} when the sweep starts at {start}")
            }
            Fault::ThroughZero { start, stop } => {
                write!(f, "a logarithmic sweep cannot go from {start} to {stop}")
            }
            Fault::TooMany(count) => write!(f, "the sweep has {count:e} points"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn lin(start: f64, stop: f64, step: f64) -> Vec<f64> {
        points(Spacing::Linear, start, stop, step).unwrap()
    }

    #[test]
    fn linear_points_do_not_drift_and_end_exactly() {
        let x = lin(0.0, 1.0, 0.1);
        assert_eq!((x.len(), x[10]), (11, 1.0));
        assert_eq!(x[3], 3.0 * 0.1);
        assert_eq!(lin(-1.0, 1.0, 1e-3).len(), 2001);
        assert_eq!(*lin(0.3, 0.9, 0.1).last().unwrap(), 0.9);
        assert_eq!(lin(1.0, -1.0, -0.5), [1.0, 0.5, 0.0, -0.5, -1.0]);
        // off the grid: the last point below the stop value, as SPICE3
        assert_eq!(lin(0.0, 1.0, 0.3), [0.0, 0.3, 0.6, 3.0 * 0.3]);
        assert_eq!(lin(2.0, 2.0, 0.0), [2.0]);
        // a million steps of a decimal fraction
        let x = lin(0.0, 1.0, 1e-6);
        assert_eq!((x.len(), *x.last().unwrap()), (1_000_001, 1.0));
    }

    #[test]
    fn logarithmic_points_hit_the_decades() {
        let x = points(Spacing::Decade, 1.0, 1e6, 10.0).unwrap();
        assert_eq!((x.len(), *x.last().unwrap()), (61, 1e6));
        for (k, decade) in x.iter().step_by(10).enumerate() {
            assert!((decade / 10f64.powi(k as i32) - 1.0).abs() < 1e-15);
        }
        assert_eq!(points(Spacing::Octave, 1.0, 8.0, 1.0).unwrap(), [1.0, 2.0, 4.0, 8.0]);
        assert_eq!(points(Spacing::Decade, 100.0, 1.0, 1.0).unwrap(), [100.0, 10.0, 1.0]);
        assert_eq!(points(Spacing::Decade, -1.0, -100.0, 1.0).unwrap(), [-1.0, -10.0, -100.0]);
        assert_eq!(points(Spacing::Decade, 1.0, 50.0, 1.0).unwrap(), [1.0, 10.0]);
    }

    #[test]
    fn impossible_sweeps_are_refused() {
        let fault = |spacing, a, b, c| points(spacing, a, b, c).unwrap_err();
        assert_eq!(fault(Spacing::Linear, 0.0, 1.0, 0.0), Fault::NoStep(Spacing::Linear, 0.0));
        assert!(matches!(fault(Spacing::Linear, 0.0, 1.0, -0.1), Fault::WrongSign { .. }));
        assert!(matches!(fault(Spacing::Linear, 0.0, 1.0, 1e-9), Fault::TooMany(_)));
        assert!(matches!(fault(Spacing::Linear, 0.0, 1.0, 1e-300), Fault::TooMany(_)));
        for (a, b) in [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0)] {
            assert!(matches!(fault(Spacing::Decade, a, b, 10.0), Fault::ThroughZero { .. }));
        }
        assert_eq!(fault(Spacing::Octave, 1.0, 2.0, 0.0), Fault::NoStep(Spacing::Octave, 0.0));
    }
}
