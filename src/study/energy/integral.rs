//! Energy from power at the points of a transient.
//!
//! Between two corners of the sources power is smooth, at a corner it may jump (the current of a capacitor does), and
//! the value recorded there is the one before the jump. So each piece between corners is integrated by the parabolas
//! through its own points, the first of which lies behind the corner; exact for powers quadratic in time, which is what
//! a resistor on a ramp has.

/// Integral of `y` over `corners`, ascending, from the first to the last.
#[must_use]
pub fn integral(axis: &[f64], y: &[f64], corners: &[f64]) -> f64 {
    corners.windows(2).map(|pair| piece(axis, y, pair[0], pair[1])).sum()
}

/// Points closer than this share of the time are one.
const SAME: f64 = 1e-12;

fn piece(axis: &[f64], y: &[f64], a: f64, b: f64) -> f64 {
    let slack = SAME * b.abs();
    let first = axis.partition_point(|t| *t <= a + slack);
    let last = axis.partition_point(|t| *t <= b + slack);
    let (t, y) = (&axis[first..last], &y[first..last]);
    match t.len() {
        0 => 0.0,
        1 => y[0] * (b - a),
        2 => {
            let line = |s: f64| y[0] + (y[1] - y[0]) * (s - t[0]) / (t[1] - t[0]);
            0.5 * (b - a) * (line(a) + line(b))
        }
        n => {
            let arc = |k: usize, from: f64, to: f64| parabola(&t[k..k + 3], &y[k..k + 3], from, to);
            let between = |k: usize| match (k.checked_sub(1), k + 2 < n) {
                (Some(before), true) => 0.5 * (arc(before, t[k], t[k + 1]) + arc(k, t[k], t[k + 1])),
                (Some(before), false) => arc(before, t[k], t[k + 1]),
                (None, _) => arc(k, t[k], t[k + 1]),
            };
            arc(0, a, t[0]) + (0..n - 1).map(between).sum::<f64>()
        }
    }
}

/// Integral of the parabola through three points: Simpson's rule, exact for it.
fn parabola(t: &[f64], y: &[f64], from: f64, to: f64) -> f64 {
    let value = |s: f64| {
        let share = |i: usize, j: usize, k: usize| (s - t[j]) * (s - t[k]) / ((t[i] - t[j]) * (t[i] - t[k]));
        y[0] * share(0, 1, 2) + y[1] * share(1, 0, 2) + y[2] * share(2, 0, 1)
    };
    (to - from) / 6.0 * (value(from) + 4.0 * value(0.5 * (from + to)) + value(to))
}

#[cfg(test)]
mod tests {
    use super::integral;

    #[test]
    fn quadratics_with_a_jump_are_exact_on_any_points() {
        let axis = [0.0, 0.1, 0.15, 0.6, 1.0, 1.05, 1.3, 2.0];
        // t^2 up to 1, then 5 - t; the corner holds the value before the jump
        let y = axis.map(|t: f64| if t <= 1.0 { t * t } else { 5.0 - t });
        let exact = 1.0 / 3.0 + 5.0 - 1.5;
        assert!((integral(&axis, &y, &[0.0, 1.0, 2.0]) - exact).abs() < 1e-14);
        assert_eq!(integral(&[0.0, 1.0], &[3.0, 3.0], &[0.0, 1.0]), 3.0);
        assert_eq!(integral(&[], &[], &[0.0, 1.0]), 0.0);
    }
}
