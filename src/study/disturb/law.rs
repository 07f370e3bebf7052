//! The state of a cell under many equal pulses, by its own law.
//!
//! ```text
//! x(n+1) = F(x(n))              F: one pulse, a transient of the cell
//! dx/dn  = D(x) = F(x) - x      followed with Heun's rule in n, the step bounded by the change of D
//! ```
//! A step of one pulse is the pulse itself, so that a fast change is simulated and only a slow one is followed. The
//! sum of D over the whole pulses of a step is that of a straight line between its ends.

use super::super::StudyError;

/// Largest change of D over one step of many pulses, times the step, as a share of the way from the start.
const CHANGE: f64 = 0.02;
/// Largest relative change of D over such a step: keeps Heun's rule stable where a state comes to rest.
const BEND: f64 = 0.5;
/// Pulses are multiplied by this when a step was easy.
const GROWTH: f64 = 2.0;

/// A state that one pulse moves by less than this much of max(|x|, 1) stays: that is rounding of the transient, and a
/// million times rounding is no drift.
const ROUNDING: f64 = 8.0 * f64::EPSILON;

/// Is a change of the state `x` nothing but rounding of the transient?
#[must_use]
pub fn is_rounding(change: f64, x: f64) -> bool {
    change.abs() <= ROUNDING * x.abs().max(1.0)
}

/// States at pulse counts, ascending; the first is (0, start).
pub type Path = Vec<(f64, f64)>;

/// Follows the state from `start` to `last` pulses, or until it is `enough`. `pulse` gives the state after one pulse.
///
/// # Errors
/// Those of `pulse` and `enough`.
pub fn follow(
    start: f64,
    last: f64,
    mut pulse: impl FnMut(f64) -> Result<f64, StudyError>,
    mut enough: impl FnMut(f64) -> Result<bool, StudyError>,
) -> Result<Path, StudyError> {
    let mut path = vec![(0.0, start)];
    let (mut n, mut x, mut step) = (0.0, start, 1.0f64);
    let mut rate = pulse(x)? - x;
    while n < last {
        if is_rounding(rate, x) {
            // a state that one pulse does not move is not moved by any number of them
            path.push((last, x));
            break;
        }
        step = step.min(last - n).floor().max(1.0);
        let guess = x + step * rate;
        let next_rate = match pulse(guess) {
            Ok(after) => after - guess,
            // no cell can start there: the guess is beyond the range of the state
            Err(StudyError::Circuit { .. }) if step > 1.0 => {
                step = (0.5 * step).max(1.0);
                continue;
            }
            // nor can it where a real pulse has left it, by rounding: the state has come to the end of its range
            Err(StudyError::Circuit { .. }) => {
                path.extend([(n + 1.0, guess), (last, guess)]);
                break;
            }
            Err(error) => return Err(error),
        };
        let difference = (next_rate - rate).abs();
        let change = difference * step / (guess - start).abs().max(f64::MIN_POSITIVE);
        let bend = difference / rate.abs().max(next_rate.abs());
        if step > 1.0 && (change > CHANGE || bend > BEND) {
            step = (0.5 * step).max(1.0);
            continue;
        }
        if step > 1.0 {
            // the trapezoid over n .. n + step minus half a pulse at either end: the sum of D over whole pulses
            x += step * rate + 0.5 * (step - 1.0) * (next_rate - rate);
            n += step;
            rate = pulse(x)? - x;
        } else {
            x = guess;
            n += 1.0;
            rate = next_rate;
        }
        path.push((n, x));
        if enough(x)? {
            break;
        }
        if change < 0.25 * CHANGE && bend < 0.4 * BEND {
            step *= GROWTH;
        }
    }
    Ok(path)
}

/// The state after `n` pulses: linear between the points of a path.
#[must_use]
pub fn at(path: &Path, n: f64) -> f64 {
    let k = path.partition_point(|p| p.0 < n);
    match (k.checked_sub(1).and_then(|j| path.get(j)), path.get(k)) {
        (Some(a), Some(b)) => a.1 + (b.1 - a.1) * (n - a.0) / (b.0 - a.0),
        (None, Some(b)) => b.1,
        (Some(a), None) => a.1,
        (None, None) => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// x(n+1) = a x(n) has the closed form a^n.
    #[test]
    fn geometric_decay_is_followed_over_five_decades() {
        for a in [0.5f64, 0.97, 0.9999, 1.0 - 1e-6] {
            let mut pulses = 0;
            let path = follow(
                1.0,
                1e5,
                |x| {
                    pulses += 1;
                    Ok(a * x)
                },
                |_| Ok(false),
            )
            .unwrap();
            for n in [1.0f64, 10.0, 1000.0, 1e5] {
                let exact = a.powf(n);
                // 2 % is what is promised at 1000 pulses; far below the first per mille of the change it does not matter
                assert!((at(&path, n) - exact).abs() <= 0.005 * (1.0 - exact).max(1e-12), "{a} after {n}");
            }
            // D falls by at most e^10 at 0.5 to 2 % a step, two pulses each
            assert!(pulses <= 4000, "{a}: {pulses}");
        }
    }

    /// dx/dn = c exp(-x) grows like a logarithm: x = ln(1 + c n), a decade per decade.
    #[test]
    fn logarithmic_growth_is_followed_to_a_million() {
        let c = 1e-3f64;
        let path = follow(0.0, 1e6, |x| Ok(x + (1.0 + c * (-x).exp()).ln()), |_| Ok(false)).unwrap();
        for n in [10.0f64, 1000.0, 1e6] {
            let exact = (1.0 + c * n).ln();
            assert!((at(&path, n) / exact - 1.0).abs() < 0.005, "{} {exact}", at(&path, n));
        }
    }

    #[test]
    fn a_cell_below_its_threshold_stays() {
        let path = follow(0.3, 1e6, Ok, |_| Ok(false)).unwrap();
        assert_eq!(path, [(0.0, 0.3), (1e6, 0.3)]);
    }
}
