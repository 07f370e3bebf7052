//! Newton limiting shared by devices: pulls an iterate towards the last one where the equations bend too fast.

/// Nagel's limiting of an exponential's argument v with slope voltage `vt`: above `critical`, a step is taken in the
/// logarithm of the current instead.
#[must_use]
pub fn limit_exponential(new: f64, old: f64, vt: f64, critical: f64) -> f64 {
    if new <= critical || (new - old).abs() <= 2.0 * vt {
        return new;
    }
    if old <= 0.0 {
        return vt * (new / vt).ln();
    }
    let step = 1.0 + (new - old) / vt;
    if step > 0.0 { old + vt * step.ln() } else { critical }
}

/// The voltage above which `is e^(v/vt)` bends sharply.
#[must_use]
pub fn critical_voltage(is: f64, vt: f64) -> f64 {
    vt * (vt / (std::f64::consts::SQRT_2 * is)).ln()
}

/// Sets `v = new[p] - new[n]` to `limited`; true when that changed anything. The side that moved more is pulled back, so
/// that a grounded or driven terminal is not asked to move.
pub fn pull_voltage<const N: usize>(new: &mut [f64; N], old: &[f64; N], p: usize, n: usize, limited: f64) -> bool {
    let v = new[p] - new[n];
    if (limited - v).abs() <= 1e-12 * v.abs().max(1.0) {
        return false;
    }
    if (new[p] - old[p]).abs() >= (new[n] - old[n]).abs() {
        new[p] = new[n] + limited;
    } else {
        new[n] = new[p] - limited;
    }
    true
}

/// Keeps a normalised state in [0, 1] and its change within `step`; true when it was pulled by more than rounding.
pub fn pull_state(new: &mut f64, old: f64, step: f64) -> bool {
    let pulled = new.clamp(old - step, old + step).clamp(0.0, 1.0);
    let changed = (pulled - *new).abs() > 1e-9;
    *new = pulled;
    changed
}
