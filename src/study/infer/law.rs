//! What a cell does, as numbers: a cell with one volatile state s, whose voltage is v,
//!
//! ```text
//! I = v exp(g(v, s)),    tau ds/dt = sigma(a(v, s)) - s,    sigma the logistic function
//! ```
//!
//! g and a are tables over v and s, interpolated by cubics (Lagrange); both are smooth where I and ds/dt span twenty
//! decades. Each sign of v has its own table. How the tables come about is in [`super::probe`].

use crate::numeric::elementary::{exp, logistic_and_rest};
use crate::numeric::simd::{Arithmetic, WIDTH, Work};

/// Points of a table over s, from 0 to 1.
const STATES: usize = 257;
/// Points of a table over |v|, from 0 to full scale.
const VOLTS: usize = 17;
/// The first point over |v| lies at this fraction of full scale instead of 0, where I/v is 0/0.
const NEAR_ZERO: f64 = 1e-6;
/// |a| is cut here: beyond it sigma is 0 or 1 to 1e-13, and the rate no longer tells a.
const STEEPEST: f64 = 30.0;

/// One kind of cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Law {
    full_scale: f64,
    /// g and a, `[sign][state][volt]`.
    table: Vec<[f64; 2]>,
}

/// A cell at some voltage and state; derivatives with respect to voltage and state.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Action {
    /// A.
    pub current: f64,
    /// dI/dv and dI/ds.
    pub current_by: [f64; 2],
    /// tau ds/dt.
    pub rate: f64,
    /// The same, derived.
    pub rate_by: [f64; 2],
}

/// A rate that no law of this form gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Misfit;

/// Voltages of the tables: from near 0 to full scale, then the same reversed.
#[must_use]
pub fn voltages(full_scale: f64) -> Vec<f64> {
    let size = |volt: usize| (volt as f64 / (VOLTS - 1) as f64).max(NEAR_ZERO);
    [full_scale, -full_scale].iter().flat_map(|scale| (0..VOLTS).map(move |volt| scale * size(volt))).collect()
}

/// States of the tables.
#[must_use]
pub fn states() -> Vec<f64> {
    (0..STATES).map(|point| point as f64 / (STATES - 1) as f64).collect()
}

/// g and a at one point from what was measured there.
///
/// # Errors
/// A current against its voltage, or a rate that points beyond 0 or 1.
fn entry(volts: f64, s: f64, current: f64, scaled_rate: f64) -> Result<[f64; 2], Misfit> {
    /// What rounding and the measured time constant leave of a target that is 0 or 1.
    const ROOM: f64 = 1e-6;
    let (conductance, target) = (current / volts, s + scaled_rate);
    if conductance.is_nan() || conductance <= 0.0 || !(-ROOM..=1.0 + ROOM).contains(&target) {
        return Err(Misfit);
    }
    let a = if target <= 0.0 {
        -STEEPEST
    } else if target >= 1.0 {
        STEEPEST
    } else {
        (target / (1.0 - target)).ln().clamp(-STEEPEST, STEEPEST)
    };
    Ok([conductance.ln(), a])
}

/// Lagrange's cubics through four points 0, 1, 2, 3 and their slopes at `t`.
#[inline(always)]
fn cubics(t: f64) -> ([f64; 4], [f64; 4]) {
    const SIXTH: f64 = 1.0 / 6.0;
    let (a, b, c, d) = (t, t - 1.0, t - 2.0, t - 3.0);
    let values = [-b * c * d * SIXTH, 0.5 * a * c * d, -0.5 * a * b * d, a * b * c * SIXTH];
    let slopes = [
        -(b * c + b * d + c * d) * SIXTH,
        0.5 * (a * c + a * d + c * d),
        -0.5 * (a * b + a * d + b * d),
        (a * b + a * c + b * c) * SIXTH,
    ];
    (values, slopes)
}

/// First of the four points around `position` on a grid of `count`.
#[inline(always)]
fn stencil(position: f64, count: usize) -> usize {
    ((position.max(1.0) - 1.0) as usize).min(count - 4)
}

/// Where a voltage lies in the tables, and the weights of the four points around it.
struct Place {
    first: usize,
    values: [f64; 4],
    /// Per point of the table.
    slopes: [f64; 4],
}

impl Place {
    #[inline(always)]
    fn new(position: f64, count: usize) -> Self {
        let first = stencil(position, count);
        let (values, slopes) = cubics(position - first as f64);
        Self { first, values, slopes }
    }
}

/// g and a at some voltage and state, with their derivatives.
#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    value: [f64; 2],
    by_volt: [f64; 2],
    by_state: [f64; 2],
}

impl Entry {
    /// With conductance = exp g, and sigma(a) and what is left of 1.
    #[inline(always)]
    fn action(&self, volts: f64, s: f64, conductance: f64, (target, rest): (f64, f64)) -> Action {
        let (current, steep) = (conductance * volts, target * rest);
        Action {
            current,
            current_by: [conductance + current * self.by_volt[0], current * self.by_state[0]],
            rate: target - s,
            rate_by: [steep * self.by_volt[1], steep * self.by_state[1] - 1.0],
        }
    }
}

/// What many cells do: cell k is of kind `of[k]`, at `volts[k]` and state `states[k]`.
pub struct Look<'a> {
    /// Kinds.
    pub laws: &'a [Law],
    /// Kind of every cell.
    pub of: &'a [usize],
    /// Their voltages.
    pub volts: &'a [f64],
    /// Their states.
    pub states: &'a [f64],
    /// What they do.
    pub actions: &'a mut [Action],
}

impl Work for Look<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { laws, of, volts, states, actions } = self;
        let places = of.chunks(WIDTH).zip(volts.chunks(WIDTH)).zip(states.chunks(WIDTH));
        for (actions, ((of, volts), states)) in actions.chunks_mut(WIDTH).zip(places) {
            let mut entries = [Entry::default(); WIDTH];
            for (entry, ((kind, v), s)) in entries.iter_mut().zip(of.iter().zip(volts).zip(states)) {
                *entry = laws[*kind].entry(*v, *s);
            }
            // side by side: these loops become vector code
            let (mut conductances, mut targets, mut rests) = ([0.0; WIDTH], [0.0; WIDTH], [0.0; WIDTH]);
            for l in 0..WIDTH {
                conductances[l] = exp(entries[l].value[0]);
            }
            for l in 0..WIDTH {
                (targets[l], rests[l]) = logistic_and_rest(entries[l].value[1]);
            }
            for (l, (action, (v, s))) in actions.iter_mut().zip(volts.iter().zip(states)).enumerate() {
                *action = entries[l].action(*v, *s, conductances[l], (targets[l], rests[l]));
            }
        }
    }
}

impl Law {
    /// The law of a cell of which `measured` gives current and tau ds/dt at voltage number `row` of [`voltages`] and state
    /// number `point` of [`states`].
    ///
    /// # Errors
    /// A current against its voltage, or a rate that points beyond 0 or 1.
    pub fn tabulate(full_scale: f64, measured: impl Fn(usize, usize) -> (f64, f64)) -> Result<Self, Misfit> {
        let (voltages, states) = (voltages(full_scale), states());
        let points = (0..2).flat_map(|sign| (0..STATES).map(move |point| (sign, point)));
        let places = points.flat_map(|(sign, point)| (0..VOLTS).map(move |volt| (sign * VOLTS + volt, point)));
        let cell = |(row, point): (usize, usize)| {
            let (current, scaled_rate) = measured(row, point);
            entry(voltages[row], states[point], current, scaled_rate)
        };
        let table = places.map(cell).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { full_scale, table })
    }

    /// Current and rate at a voltage and a state.
    #[must_use]
    pub fn at(&self, volts: f64, s: f64) -> Action {
        let entry = self.entry(volts, s);
        entry.action(volts, s, exp(entry.value[0]), logistic_and_rest(entry.value[1]))
    }

    /// g and a at a voltage and a state.
    #[inline(always)]
    fn entry(&self, volts: f64, s: f64) -> Entry {
        let (side, sign) = if volts < 0.0 { (1, -1.0) } else { (0, 1.0) };
        let per_volt = sign * (VOLTS - 1) as f64 / self.full_scale;
        let per_state = (STATES - 1) as f64;
        let (across, along) = (Place::new(volts * per_volt, VOLTS), Place::new(s * per_state, STATES));
        // over the states first: four voltages of both quantities lie side by side
        let (mut values, mut slopes) = ([[0.0; 2]; 4], [[0.0; 2]; 4]);
        for k in 0..4 {
            let row = (side * STATES + along.first + k) * VOLTS + across.first;
            let points = &self.table[row..row + 4];
            for volt in 0..4 {
                for q in 0..2 {
                    values[volt][q] += along.values[k] * points[volt][q];
                    slopes[volt][q] += along.slopes[k] * points[volt][q];
                }
            }
        }
        let mut entry = Entry::default();
        for volt in 0..4 {
            for q in 0..2 {
                entry.value[q] += across.values[volt] * values[volt][q];
                entry.by_volt[q] += per_volt * across.slopes[volt] * values[volt][q];
                entry.by_state[q] += per_state * across.values[volt] * slopes[volt][q];
            }
        }
        entry
    }

    /// Where the state comes to rest when it starts from 0 and `volts` stay: the first zero of the rate.
    #[must_use]
    pub fn rest(&self, volts: f64) -> f64 {
        let rate = |s: f64| self.at(volts, s).rate;
        let spacing = 1.0 / (STATES - 1) as f64;
        let points = (0..STATES).map(|point| point as f64 * spacing);
        let Some(beyond) = { points }.find(|&s| rate(s) <= 0.0) else { return 1.0 };
        let (mut low, mut high) = ((beyond - spacing).max(0.0), beyond);
        // 60 halvings leave rounding
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if rate(middle) > 0.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        0.5 * (low + high)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The threshold selector in series with a resistor, in closed form.
    fn series(volts: f64, s: f64, memory: f64) -> (f64, f64) {
        let selector = (2.86e-10f64.ln() * (1.0 - s) - 10.6e3f64.ln() * s).exp();
        let share = memory / (memory + selector);
        let target = 1.0 / (1.0 + (-((volts * share).abs() - 0.55 + 0.5 * s) / 0.01).exp());
        (selector * share * volts, target - s)
    }

    /// Its law.
    fn law(memory: f64) -> Law {
        let (volts, states) = (voltages(1.0), states());
        Law::tabulate(1.0, |row, point| series(volts[row], states[point], memory)).unwrap()
    }

    /// Tables against the closed form between their points: currents to 1e-7, rates to 1e-5, slopes to 1e-5 and 1e-2:
    /// cubics leave 0.02 (12.7/256)^4 of a bend, and a goes 100 per volt.
    #[test]
    fn tables_give_the_law_back() {
        let law = law(1.69e-5);
        for k in 0..4000 {
            let (v, s) = (((k * 37) % 1999) as f64 / 999.5 - 1.0, ((k * 53) % 4001) as f64 / 4001.0);
            let (current, rate) = series(v, s, 1.69e-5);
            let got = law.at(v, s);
            assert!((got.current - current).abs() <= 1e-7 * current.abs() + 1e-17, "{v} {s}: {got:?} {current}");
            assert!((got.rate - rate).abs() <= 1e-5, "{v} {s}: {} {rate}", got.rate);
            let d = 1e-6;
            let slope = |at: &dyn Fn(f64) -> (f64, f64)| {
                let (up, down) = (at(d), at(-d));
                [(up.0 - down.0) / (2.0 * d), (up.1 - down.1) / (2.0 * d)]
            };
            let by_volt = slope(&|d| series(v + d, s, 1.69e-5));
            let by_state = slope(&|d| series(v, s + d, 1.69e-5));
            assert!((got.current_by[0] - by_volt[0]).abs() <= 1e-5 * by_volt[0].abs() + 1e-15, "{v} {s}");
            assert!((got.current_by[1] - by_state[0]).abs() <= 1e-4 * by_state[0].abs() + 1e-15, "{v} {s}");
            assert!((got.rate_by[0] - by_volt[1]).abs() <= 1e-2, "{v} {s}: {:?} {by_volt:?}", got.rate_by);
            assert!((got.rate_by[1] - by_state[1]).abs() <= 1e-2, "{v} {s}: {:?} {by_state:?}", got.rate_by);
        }
    }

    /// A strong memory snaps between 0.50 and 0.51 V; below, the selector carries its leakage.
    #[test]
    fn a_state_rests_where_its_rate_first_vanishes() {
        let law = law(1.69e-5);
        assert!(law.rest(0.49) < 0.02 && law.rest(0.51) > 0.8, "{} {}", law.rest(0.49), law.rest(0.51));
        for v in [0.3, 0.49, 0.51, 0.8, 1.0] {
            let s = law.rest(v);
            assert!(series(v, s, 1.69e-5).1.abs() < 1e-5, "{v}: {s}");
        }
    }

    #[test]
    fn rates_beyond_the_ends_are_refused() {
        assert_eq!(entry(1.0, 0.9, 1e-6, 0.2), Err(Misfit));
        assert_eq!(entry(1.0, 0.5, -1e-6, 0.0), Err(Misfit));
    }
}
