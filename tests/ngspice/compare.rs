//! Distance of two waveforms on their own time points.
//!
//! `max_t dist(a(t), [min b, max b] over t +- slack) / max_t |a|`, both ways round; with slack 0 the range is the
//! interpolated value. A jump that two integrators place a little apart is no difference, a missing one is.

/// Values over an axis that never falls, linear between points.
#[derive(Clone, Copy)]
pub struct Waveform<'a> {
    /// Abscissae.
    pub axis: &'a [f64],
    /// Ordinates.
    pub values: &'a [f64],
}

impl Waveform<'_> {
    fn at(&self, t: f64) -> f64 {
        let k = self.axis.partition_point(|s| *s < t);
        match (k.checked_sub(1).map(|j| (self.axis[j], self.values[j])), self.axis.get(k).map(|s| (*s, self.values[k])))
        {
            (Some((t0, v0)), Some((t1, v1))) => v0 + (v1 - v0) * (t - t0) / (t1 - t0),
            (Some((_, v)), None) | (None, Some((_, v))) => v,
            (None, None) => f64::NAN,
        }
    }

    /// Least and largest value within `slack` of `t`.
    fn range(&self, t: f64, slack: f64) -> (f64, f64) {
        let (from, to) = (t - slack, t + slack);
        let first = self.axis.partition_point(|s| *s < from);
        let inside =
            self.axis[first..].iter().zip(&self.values[first..]).take_while(|(s, _)| **s <= to).map(|(_, v)| *v);
        let ends = [self.at(from), self.at(to)];
        inside.chain(ends).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
    }

    /// Largest absolute value.
    pub fn scale(&self) -> f64 {
        self.values.iter().fold(0.0, |scale: f64, v| scale.max(v.abs()))
    }

    /// `distance / scale` of [`deviation`], at these points only, and where it is.
    pub fn deviation(&self, other: &Waveform<'_>, slack: f64, floor: f64) -> (f64, f64) {
        let (distance, at) = self.distance(other, slack);
        (distance / self.scale().max(other.scale()).max(floor), at)
    }

    /// Largest distance of this waveform's points from the other's range, and where it is.
    fn distance(&self, other: &Waveform<'_>, slack: f64) -> (f64, f64) {
        let mut worst = (0.0, 0.0);
        for (t, v) in self.axis.iter().zip(self.values) {
            let (low, high) = other.range(*t, slack);
            // not a number in either must not pass
            let distance = if v.is_nan() || low.is_nan() { f64::INFINITY } else { (low - v).max(v - high).max(0.0) };
            if distance > worst.0 {
                worst = (distance, *t);
            }
        }
        worst
    }
}

/// Deviation at the points of both, relative to the larger scale (at least `floor`), and where it is.
pub fn deviation(ours: &Waveform<'_>, theirs: &Waveform<'_>, slack: f64, floor: f64) -> (f64, f64) {
    let (one, other) = (ours.deviation(theirs, slack, floor), theirs.deviation(ours, slack, floor));
    if one.0 > other.0 { one } else { other }
}

#[test]
fn a_shifted_jump_passes_with_slack_only_and_a_missing_one_never() {
    let axis = [0.0, 1.0, 1.001, 2.0];
    let late = [0.0, 1.01, 1.011, 2.0];
    let step = Waveform { axis: &axis, values: &[0.0, 0.0, 1.0, 1.0] };
    let shifted = Waveform { axis: &late, values: &[0.0, 0.0, 1.0, 1.0] };
    let flat = Waveform { axis: &axis, values: &[0.0; 4] };
    assert!(deviation(&step, &shifted, 0.0, 0.0).0 > 0.99);
    assert!(deviation(&step, &shifted, 0.02, 0.0).0 < 1e-12);
    assert!(deviation(&step, &flat, 0.02, 0.0).0 > 0.99);
    let peak = Waveform { axis: &[0.0, 0.5, 0.5005, 0.501, 2.0], values: &[0.0, 0.0, 1.0, 0.0, 0.0] };
    assert!(deviation(&flat, &peak, 0.02, 0.0).0 > 0.99);
}
