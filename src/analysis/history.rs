//! Accepted points of a transient since the last discontinuity: predictor, rules of the next step, truncation error.

use super::charge::StepRules;
use crate::circuit::UnknownKind;
use crate::numeric::integrate::{self, Rule};
use crate::plan::Method;
use crate::system::{Rows, System};

/// One accepted point.
#[derive(Debug, Clone, Default)]
struct Point {
    t: f64,
    x: Vec<f64>,
    q: Vec<f64>,
}

/// Tolerances of the truncation error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChargeTolerances {
    /// Relative.
    pub relative: f64,
    /// Absolute, in C (and Wb).
    pub charge: f64,
    /// The error may be this many tolerances (charges; states get none of this slack).
    pub slack: f64,
}

/// Points since the last discontinuity, newest first.
#[derive(Debug, Clone, Default)]
pub struct History {
    points: Vec<Point>,
    /// q' by row at the newest point.
    rate: Vec<f64>,
    /// Rows that carry a charge, flux or state.
    dynamic: Vec<usize>,
}

/// Points that an order-2 rule's error estimate needs.
const DEPTH: usize = 3;

impl History {
    /// Begins at a point with known charges and rates.
    #[must_use]
    pub fn begin(t: f64, x: &[f64], q: &[f64], rate: &[f64]) -> Self {
        let points = vec![Point { t, x: x.to_vec(), q: q.to_vec() }];
        Self { points, rate: rate.to_vec(), dynamic: Vec::new() }
    }

    /// Forgets all but the newest point: a source corner or a switching event.
    pub fn restart(&mut self) {
        self.points.truncate(1);
    }

    /// Forgets all but the newest point, which is at t = 0 from now on.
    pub fn begin_again(&mut self) {
        self.restart();
        self.points[0].t = 0.0;
    }

    /// Newest time.
    #[must_use]
    pub fn time(&self) -> f64 {
        self.points[0].t
    }

    /// Newest solution.
    #[must_use]
    pub fn x(&self) -> &[f64] {
        &self.points[0].x
    }

    /// True right after a discontinuity.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.points.len() == 1
    }

    /// The rules of the next step: Euler until there is enough past for an error estimate of order 2.
    #[must_use]
    pub fn rules(&self, method: Method, max_order: usize) -> (Rule, Rule) {
        if self.points.len() < DEPTH || max_order < 2 {
            return (Rule::Euler, Rule::Euler);
        }
        match method {
            Method::Euler => (Rule::Euler, Rule::Euler),
            Method::Bdf2 => (Rule::Bdf2, Rule::Bdf2),
            Method::Trapezoidal => (Rule::Trapezoidal, Rule::Bdf2),
        }
    }

    fn before(&self, h: f64) -> f64 {
        self.points.get(1).map_or(h, |p| self.points[0].t - p.t)
    }

    /// Coefficients of a step `h`.
    #[must_use]
    pub fn coefficients(&self, rules: (Rule, Rule), h: f64) -> StepRules {
        let before = self.before(h);
        StepRules { charge: rules.0.coefficients(h, before), state: rules.1.coefficients(h, before) }
    }

    /// Writes alpha and beta of a step into the rows.
    pub fn set_rows(&self, step: &StepRules, system: &System, rows: &mut Rows) {
        let newest = &self.points[0];
        let older = self.points.get(1).unwrap_or(newest);
        for r in 0..newest.q.len() {
            let c = if system.kind(r) == UnknownKind::State { &step.state } else { &step.charge };
            rows.alpha[r] = c.alpha;
            rows.beta[r] = c.beta(newest.q[r], older.q[r], self.rate[r]);
        }
    }

    /// Extrapolates the solution to `t`, by a parabola when there is enough past.
    pub fn predict(&self, t: f64, x: &mut Vec<f64>) {
        let times: Vec<f64> = self.points.iter().map(|p| p.t).collect();
        let weights = integrate::extrapolation_weights(&times, t);
        x.clear();
        x.resize(self.points[0].x.len(), 0.0);
        for (w, point) in weights.iter().zip(&self.points) {
            for (value, old) in x.iter_mut().zip(&point.x) {
                *value += w * old;
            }
        }
    }

    /// Largest truncation error of a solved step in units of its tolerance, with its row.
    ///
    /// With too little past for a divided difference (first step after a discontinuity) states are judged by how much
    /// their rate changed, h/2 |q'_{n+1} - q'_n|; charges are not judged there, because the current of a capacitor
    /// may jump at a corner.
    #[must_use]
    pub fn error(
        &self,
        t: f64,
        step: &StepRules,
        rules: (Rule, Rule),
        system: &System,
        tolerances: &ChargeTolerances,
    ) -> (f64, usize) {
        let h = t - self.points[0].t;
        let before = self.before(h);
        let [charge, state] = [rules.0, rules.1].map(|rule| self.difference_weights(t, rule));
        let constants = [rules.0, rules.1].map(|rule| rule.error_constant(h, before));
        let mut worst = (0.0, 0);
        for &r in &self.dynamic {
            let is_state = system.kind(r) == UnknownKind::State;
            let (weights, constant, c) =
                if is_state { (&state, constants[1], &step.state) } else { (&charge, constants[0], &step.charge) };
            let q = system.sums.q[r];
            let error = if let Some((first, older)) = weights.split_first() {
                let past: f64 = older.iter().zip(&self.points).map(|(w, point)| w * point.q[r]).sum();
                constant * (first * q + past)
            } else if is_state {
                let older = self.points.get(1).unwrap_or(&self.points[0]);
                let rate = c.alpha * q + c.beta(self.points[0].q[r], older.q[r], self.rate[r]);
                0.5 * h * (rate - self.rate[r])
            } else {
                0.0
            };
            let size = q.abs().max(self.points[0].q[r].abs());
            let tolerance = if is_state {
                tolerances.relative * size + system.absolute(r)
            } else {
                tolerances.slack * (tolerances.relative * size + tolerances.charge)
            };
            let ratio = error.abs() / tolerance;
            if ratio > worst.0 || ratio.is_nan() {
                worst = (ratio, r);
            }
        }
        worst
    }

    /// Weights of the divided difference that the error of a rule needs over `t` and the past; empty when the past is
    /// too short.
    fn difference_weights(&self, t: f64, rule: Rule) -> Vec<f64> {
        if self.points.len() <= rule.order() {
            return Vec::new();
        }
        let times: Vec<f64> = std::iter::once(t).chain(self.points.iter().map(|p| p.t)).collect();
        integrate::divided_difference_weights(&times[..rule.order() + 2])
    }

    /// Takes a solved step as the newest point.
    pub fn advance(&mut self, t: f64, x: &[f64], system: &System, step: &StepRules) {
        let newest = &self.points[0];
        let older = self.points.get(1).unwrap_or(newest);
        let mut rate = vec![0.0; x.len()];
        for r in 0..x.len() {
            let c = if system.kind(r) == UnknownKind::State { &step.state } else { &step.charge };
            rate[r] = c.alpha * system.sums.q[r] + c.beta(newest.q[r], older.q[r], self.rate[r]);
        }
        self.rate = rate;
        let mut point =
            if self.points.len() >= DEPTH { self.points.pop().unwrap_or_default() } else { Point::default() };
        point.t = t;
        point.x.clear();
        point.x.extend_from_slice(x);
        point.q.clear();
        point.q.extend_from_slice(&system.sums.q);
        self.points.insert(0, point);
    }

    /// Notes which rows carry charge; called whenever the system was loaded.
    pub fn note_dynamic(&mut self, rows: Vec<usize>) {
        self.dynamic = rows;
    }
}
