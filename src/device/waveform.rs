//! Source waveforms v(t) and their corners.
//!
//! A waveform is continuous from the left: at the instant of a jump it still has the value before it. A time step
//! that ends on the corner is therefore clean, and the jump falls into the (small) step after it. A jump at t = 0
//! belongs to the transient, not to its operating point.

use std::f64::consts::TAU;

/// A waveform.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Waveform {
    /// v1 v2 delay rise fall width period, all in SI units; `cycles` = 0: forever. A period of 0 gives one pulse.
    /// SPICE's defaults (rise, fall = tstep; width, period = tstop) are filled in before.
    Pulse { v1: f64, v2: f64, delay: f64, rise: f64, fall: f64, width: f64, period: f64, cycles: f64 },
    /// offset + amplitude e^(-theta (t - delay)) sin(2 pi (frequency (t - delay)) + phase), phase in degrees; `cycles` = 0: forever.
    Sin { offset: f64, amplitude: f64, frequency: f64, delay: f64, theta: f64, phase: f64, cycles: f64 },
    /// Corners (t, v), t non-decreasing; two equal times are a jump. `repeat`: period start for R=.
    Pwl { points: Vec<(f64, f64)>, delay: f64, repeat: Option<f64> },
    /// v1 v2 td1 tau1 td2 tau2.
    Exp { v1: f64, v2: f64, td1: f64, tau1: f64, td2: f64, tau2: f64 },
    /// offset amplitude carrier modulation-index signal.
    Sffm { offset: f64, amplitude: f64, carrier: f64, index: f64, signal: f64 },
    /// amplitude offset modulation carrier delay.
    Am { amplitude: f64, offset: f64, modulation: f64, carrier: f64, delay: f64 },
}

impl Waveform {
    /// Value at time `t` in s.
    #[must_use]
    pub fn value(&self, t: f64) -> f64 {
        match self {
            Self::Pulse { v1, v2, delay, rise, fall, width, period, cycles } => {
                let shape = Pulse { rise: *rise, fall: *fall, width: *width, period: *period, cycles: *cycles };
                v1 + (v2 - v1) * shape.level(t - delay)
            }
            Self::Sin { offset, amplitude, frequency, delay, theta, phase, cycles } => {
                let mut s = (t - delay).max(0.0);
                if *cycles > 0.0 && *frequency > 0.0 {
                    s = s.min(cycles / frequency);
                }
                offset + amplitude * (-theta * s).exp() * (TAU * frequency * s + phase.to_radians()).sin()
            }
            Self::Pwl { points, delay, repeat } => interpolate(points, fold(points, *repeat, t - delay)),
            Self::Exp { v1, v2, td1, tau1, td2, tau2 } => {
                let rise = |start: f64, tau: f64| if t > start { -(-(t - start) / tau).exp_m1() } else { 0.0 };
                v1 + (v2 - v1) * (rise(*td1, *tau1) - rise(*td2, *tau2))
            }
            Self::Sffm { offset, amplitude, carrier, index, signal } => {
                offset + amplitude * (TAU * carrier * t + index * (TAU * signal * t).sin()).sin()
            }
            Self::Am { amplitude, offset, modulation, carrier, delay } => {
                let s = t - delay;
                if s <= 0.0 {
                    return 0.0;
                }
                amplitude * (offset + (TAU * modulation * s).sin()) * (TAU * carrier * s).sin()
            }
        }
    }

    /// Sets a value of a pulse by its SPICE name: `v1 v2 td tr tf pw per`; false for other names and other waveforms.
    pub fn set(&mut self, name: &str, value: f64) -> bool {
        let Self::Pulse { v1, v2, delay, rise, fall, width, period, .. } = self else { return false };
        let slot = match name {
            "v1" => v1,
            "v2" => v2,
            "td" => delay,
            "tr" => rise,
            "tf" => fall,
            "pw" => width,
            "per" => period,
            _ => return false,
        };
        *slot = value;
        true
    }

    /// The first time after `t` at which the waveform or its slope jumps.
    #[must_use]
    pub fn next_corner(&self, t: f64) -> Option<f64> {
        match self {
            Self::Pulse { delay, rise, fall, width, period, cycles, .. } => {
                let shape = Pulse { rise: *rise, fall: *fall, width: *width, period: *period, cycles: *cycles };
                shape.next_corner(*delay, t)
            }
            Self::Sin { frequency, delay, cycles, .. } => {
                let end = (*cycles > 0.0 && *frequency > 0.0).then(|| delay + cycles / frequency);
                first_after(t, [Some(*delay), end].into_iter().flatten())
            }
            Self::Pwl { points, delay, repeat } => pwl_corner(points, *delay, *repeat, t),
            Self::Exp { td1, td2, .. } => first_after(t, [*td1, *td2].into_iter()),
            Self::Sffm { .. } => None,
            Self::Am { delay, .. } => first_after(t, [*delay].into_iter()),
        }
    }
}

/// The smallest of `times` after `t`. Times that rounding alone separates from `t` are `t` itself, else a period that
/// ends where its pulse ends would ask for steps of one unit in the last place.
fn first_after(t: f64, times: impl Iterator<Item = f64>) -> Option<f64> {
    let tolerance = 8.0 * f64::EPSILON * t.abs();
    times.filter(|&c| c > t + tolerance && c > 0.0).min_by(f64::total_cmp)
}

/// The unit pulse: 0 before, 1 on the plateau.
struct Pulse {
    rise: f64,
    fall: f64,
    width: f64,
    period: f64,
    cycles: f64,
}

impl Pulse {
    /// Level at time `s` after the delay.
    fn level(&self, s: f64) -> f64 {
        if s <= 0.0 || self.ended(s) {
            return 0.0;
        }
        let mut s = s;
        if self.period > 0.0 && s > self.period {
            s -= self.period * (s / self.period).floor();
            if s <= 0.0 {
                s = self.period;
            }
        }
        let plateau = self.rise + self.width;
        if s < self.rise {
            s / self.rise
        } else if s <= plateau {
            if self.rise > 0.0 || s > 0.0 { 1.0 } else { 0.0 }
        } else if s < plateau + self.fall {
            1.0 - (s - plateau) / self.fall
        } else {
            0.0
        }
    }
    fn ended(&self, s: f64) -> bool {
        self.cycles > 0.0 && self.period > 0.0 && s > self.cycles * self.period
    }
    fn next_corner(&self, delay: f64, t: f64) -> Option<f64> {
        let corners = [0.0, self.rise, self.rise + self.width, self.rise + self.width + self.fall];
        if self.period <= 0.0 {
            return first_after(t, corners.into_iter().map(|c| delay + c));
        }
        let present = ((t - delay) / self.period).floor().max(0.0);
        let last = if self.cycles > 0.0 { self.cycles } else { f64::INFINITY };
        first_after(
            t,
            [present - 1.0, present, present + 1.0]
                .into_iter()
                .filter(|&k| k >= 0.0 && k < last)
                .flat_map(|k| corners.map(|c| (k, c)))
                .filter(|&(_, c)| c <= self.period)
                .map(|(k, c)| delay + (k * self.period + c)),
        )
    }
}

/// Time inside the table for time `s` after the delay: with a repetition the part from its start to the end recurs.
fn fold(points: &[(f64, f64)], repeat: Option<f64>, s: f64) -> f64 {
    let (Some(start), Some(&(end, _))) = (repeat, points.last()) else { return s };
    let period = end - start;
    if s <= end || period <= 0.0 {
        return s;
    }
    let rest = (s - start) % period;
    if rest <= 0.0 { end } else { start + rest }
}

/// Piecewise linear value at `s`, left-continuous at jumps, ends held.
fn interpolate(points: &[(f64, f64)], s: f64) -> f64 {
    let k = points.partition_point(|p| p.0 < s);
    match (k.checked_sub(1).and_then(|j| points.get(j)), points.get(k)) {
        (Some(&(t0, v0)), Some(&(t1, v1))) => v0 + (v1 - v0) * ((s - t0) / (t1 - t0)),
        (None, Some(&(_, v))) | (Some(&(_, v)), None) => v,
        (None, None) => 0.0,
    }
}

fn pwl_corner(points: &[(f64, f64)], delay: f64, repeat: Option<f64>, t: f64) -> Option<f64> {
    let first = first_after(t, points.iter().map(|p| delay + p.0));
    let (Some(start), Some(&(end, _))) = (repeat, points.last()) else { return first };
    let period = end - start;
    if first.is_some() || period <= 0.0 {
        return first;
    }
    let present = ((t - delay - start) / period).floor();
    first_after(
        t,
        [present - 1.0, present, present + 1.0]
            .into_iter()
            .flat_map(|k| points.iter().filter(|p| p.0 >= start).map(move |p| delay + (k * period + p.0))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulse(cycles: f64) -> Waveform {
        Waveform::Pulse { v1: 1.0, v2: 3.0, delay: 1.0, rise: 0.5, fall: 0.25, width: 2.0, period: 4.0, cycles }
    }

    fn corners(wave: &Waveform, until: f64) -> Vec<f64> {
        let mut t = 0.0;
        std::iter::from_fn(|| {
            t = wave.next_corner(t)?;
            (t < until).then_some(t)
        })
        .collect()
    }

    #[test]
    fn a_pulse_has_its_four_corners_in_every_period() {
        let p = pulse(0.0);
        for (t, v) in
            [(0.0, 1.0), (1.0, 1.0), (1.25, 2.0), (1.5, 3.0), (3.5, 3.0), (3.625, 2.0), (4.0, 1.0), (5.25, 2.0)]
        {
            assert_eq!(p.value(t), v, "t = {t}");
        }
        assert_eq!(corners(&p, 9.1), [1.0, 1.5, 3.5, 3.75, 5.0, 5.5, 7.5, 7.75, 9.0]);
    }

    #[test]
    fn a_pulse_stops_after_its_cycles() {
        let p = pulse(1.0);
        assert_eq!(p.value(5.25), 1.0);
        assert_eq!(corners(&p, 100.0), [1.0, 1.5, 3.5, 3.75]);
    }

    #[test]
    fn rounding_makes_no_extra_corners() {
        let p = Waveform::Pulse {
            v1: 0.0,
            v2: 1.0,
            delay: 0.0,
            rise: 1e-9,
            fall: 1e-9,
            width: 98e-9,
            period: 100e-9,
            cycles: 0.0,
        };
        let c = corners(&p, 1e-5 - 0.5e-9);
        assert!(c.windows(2).all(|w| w[1] - w[0] > 0.5e-9), "{c:?}");
        assert_eq!(c.len(), 299);
    }

    #[test]
    fn a_jump_keeps_the_value_before_it() {
        let p =
            Waveform::Pwl { points: vec![(0.0, 0.0), (1.0, 0.0), (1.0, 5.0), (2.0, 7.0)], delay: 0.0, repeat: None };
        assert_eq!(
            [p.value(1.0), p.value(1.0 + 1e-12), p.value(1.5), p.value(9.0)].map(f64::round),
            [0.0, 5.0, 6.0, 7.0]
        );
        assert_eq!(corners(&p, 10.0), [1.0, 2.0]);
    }

    #[test]
    fn a_table_repeats_from_its_start_with_delay() {
        let p = Waveform::Pwl {
            points: vec![(0.0, 9.0), (1.0, 0.0), (2.0, 1.0), (3.0, 0.0)],
            delay: 0.5,
            repeat: Some(1.0),
        };
        assert_eq!(p.value(0.2), 9.0);
        for k in 0..4 {
            let t = 2.0 * f64::from(k) + 0.5;
            assert_eq!([p.value(t + 1.5), p.value(t + 2.0), p.value(t + 3.0)], [0.5, 1.0, 0.0]);
        }
        assert_eq!(corners(&p, 6.0), [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]);
    }

    #[test]
    fn sine_and_exponential_follow_their_formulas() {
        let s = Waveform::Sin {
            offset: 0.5,
            amplitude: 2.0,
            frequency: 10.0,
            delay: 0.1,
            theta: 3.0,
            phase: 90.0,
            cycles: 0.0,
        };
        assert_eq!(s.value(0.05), 2.5);
        let t = 0.137;
        let expected = 0.5 + 2.0 * (-3.0_f64 * 0.037).exp() * (TAU * 0.37).cos();
        assert!((s.value(t) - expected).abs() < 1e-12);
        let e = Waveform::Exp { v1: 1.0, v2: 2.0, td1: 1.0, tau1: 0.5, td2: 3.0, tau2: 0.25 };
        assert_eq!(e.value(1.0), 1.0);
        assert!((e.value(1.5) - (2.0 - (-1.0_f64).exp())).abs() < 1e-12);
        assert_eq!(corners(&e, 9.0), [1.0, 3.0]);
    }
}
