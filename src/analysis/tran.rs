//! Transient analysis: F(x, t) + d/dt Q(x) = 0 from an operating point or from initial conditions.
//!
//! start: operating point (memory states at their start value, `.ic` nodes held) or, with `uic`, initial conditions
//! loop:  propose  a step, cut at the next corner of a source, the next snapshot and the stop time
//!        solve    Newton from the extrapolated solution       fails -> reject, an eighth of the step, Euler
//!        locate   a discrete switch passed its surface        -> reject, land on the crossing
//!        judge    truncation error of charges and states      too large -> reject, smaller step
//!        accept   record, count, advance; after a corner or a switch forget the past and go on with Euler
//!
//! Rules: `numeric::integrate`. States always use Euler or BDF2, never the trapezoidal rule, which rings where a state
//! sits at a bound.

use super::charge::{Charges, StepRules};
use super::error::AnalysisError;
use super::history::{ChargeTolerances, History};
use super::op;
use super::record::{self, Observation, Recorder};
use super::solver::Solver;
use super::watched::Watched;
use crate::circuit::{Circuit, UnknownKind};
use crate::device::{Load, Mode};
use crate::numeric::control::{self, Verdict};
use crate::numeric::newton::{Effort, NewtonError};
use crate::plan::{Plan, Quantity, Tran};
use crate::result::{Sink, Stats};
use crate::system::Rows;

/// First step after a discontinuity, as a fraction of the distance to the next corner (and of the print step).
const RESTART_FRACTION: f64 = 0.01;
/// A step below this fraction of the whole time is hopeless.
const SMALLEST_FRACTION: f64 = 1e-15;
/// A switching event is located to this fraction of the step in which it was seen.
const EVENT_FRACTION: f64 = 1e-3;
/// Newton failures shrink the step by this factor.
const NEWTON_SHRINK: f64 = 0.125;

/// Runs a transient; every accepted point from `start` on goes to the sink.
///
/// # Errors
/// Non-convergence (naming time, step and unknowns), interruption, unknown signals. Accepted points stay in the sink.
pub fn run(
    tran: &Tran,
    circuit: &mut Circuit,
    plan: &Plan,
    step_label: &str,
    sink: &mut dyn Sink,
) -> Result<Stats, AnalysisError> {
    let recorder = Recorder::new(circuit, plan)?;
    let axis = record::axis("time", Quantity::Time);
    sink.begin(&record::header(circuit, plan, "Transient Analysis", step_label, Some(axis)));
    let watched = Watched::new(sink);
    let interrupted = || watched.interrupted();
    let started = March::start(tran, circuit, plan, recorder, &interrupted);
    let outcome = started.and_then(|mut march| march.go(&mut &watched));
    (&mut &watched).end();
    outcome
}

/// A transient on its way.
pub(super) struct March<'a> {
    pub(super) solver: Solver<'a>,
    plan: &'a Plan,
    tran: Tran,
    recorder: Recorder,
    history: History,
    charges: Charges,
    rows: Rows,
    /// First step after a discontinuity, as a fraction.
    restart: f64,
    /// Largest step.
    cap: f64,
    /// Step to try next.
    h: f64,
    /// Corner times of the sources are asked for only when the last known one has passed.
    next_corner: f64,
    /// Snapshot times still to come, ascending.
    snapshots: Vec<(f64, usize)>,
}

/// What became of one attempted step.
enum Attempt {
    Accepted,
    Rejected,
}

impl<'a> March<'a> {
    pub(super) fn start(
        tran: &Tran,
        circuit: &'a mut Circuit,
        plan: &'a Plan,
        recorder: Recorder,
        interrupted: &'a dyn Fn() -> bool,
    ) -> Result<Self, AnalysisError> {
        let mut solver = Solver::new(circuit, &plan.options).until(interrupted);
        let cap = largest_step(tran);
        let n = solver.system.len();
        let mut rows = Rows::still(n);
        if let Some(ohm) = plan.options.rshunt {
            for k in (0..n).filter(|&k| solver.system.kind(k) == UnknownKind::Voltage) {
                rows.shunt[k] = 1.0 / ohm;
            }
        }
        let first = first_step(tran, cap, RESTART_FRACTION);
        let (x, charges, q) = if tran.uic {
            initial_conditions(&mut solver, &rows, first)?
        } else {
            initial_operating_point(&mut solver)?
        };
        let env = solver.env(Mode::Transient, 0.0);
        solver.system.load(solver.circuit, &env, &x);
        // a state leaves its start value at the rate -f; charges are at rest
        let rate: Vec<f64> = (0..n)
            .map(|r| if solver.system.kind(r) == UnknownKind::State { -solver.system.sums.f[r] } else { 0.0 })
            .collect();
        let mut history = History::begin(0.0, &x, &q, &rate);
        history.note_dynamic(solver.system.dynamic_rows(solver.circuit, &env, &x));
        let mut snapshots: Vec<(f64, usize)> = Vec::new();
        for (k, card) in plan.snapshots.iter().enumerate() {
            snapshots.extend(card.at.iter().filter(|&&t| t <= tran.stop).map(|&t| (t, k)));
        }
        snapshots.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(Self {
            solver,
            plan,
            tran: *tran,
            recorder,
            history,
            charges,
            rows,
            restart: RESTART_FRACTION,
            cap,
            h: first,
            next_corner: f64::NEG_INFINITY,
            snapshots,
        })
    }

    fn go(&mut self, sink: &mut dyn Sink) -> Result<Stats, AnalysisError> {
        self.record(sink)?;
        self.run_on(sink)?;
        for card in self.plan.snapshots.iter().filter(|c| c.at_end) {
            let snapshot = record::snapshot(card, self.history.time(), &self.observation())?;
            sink.snapshot(snapshot);
        }
        self.solver.note_work();
        Ok(self.solver.stats.clone())
    }

    /// Lets time start anew at 0, with everything as it is now: sources may have been given other waveforms.
    pub(super) fn begin_again(&mut self, tran: &Tran, restart: f64) {
        self.history.begin_again();
        self.tran = *tran;
        self.restart = restart;
        self.cap = largest_step(tran);
        self.h = first_step(tran, self.cap, restart);
        self.next_corner = f64::NEG_INFINITY;
    }

    /// From the newest point to the stop time.
    pub(super) fn run_on(&mut self, sink: &mut dyn Sink) -> Result<(), AnalysisError> {
        while self.history.time() < self.tran.stop {
            if sink.interrupted() {
                let at = format!("at t = {:.6e} s", self.history.time());
                return Err(AnalysisError::Interrupted { at, stats: Box::new(self.solver.stats.clone()) });
            }
            let (t, lands_on_corner) = self.propose();
            match self.attempt(t, lands_on_corner)? {
                Attempt::Rejected => {}
                Attempt::Accepted => {
                    self.record(sink)?;
                    sink.progress(self.history.time() / self.tran.stop);
                }
            }
        }
        Ok(())
    }

    /// Newest solution.
    pub(super) fn x(&self) -> &[f64] {
        self.history.x()
    }

    /// The next time, and whether it is a source corner.
    fn propose(&mut self) -> (f64, bool) {
        let t = self.history.time();
        // corners that rounding has torn apart are one corner
        let crumb = 10.0 * SMALLEST_FRACTION * self.tran.stop;
        while self.next_corner <= t + crumb {
            self.next_corner = next_corner(self.solver.circuit, t.max(self.next_corner));
        }
        let snapshot = self.snapshots.first().map_or(f64::INFINITY, |s| s.0);
        let nearest = self.next_corner.min(snapshot);
        let target = if nearest < self.tran.stop - crumb { nearest } else { self.tran.stop };
        let mut h = self.h.min(self.cap);
        if self.history.is_fresh() {
            h = h.min(self.restart * (self.next_corner.min(self.tran.stop) - t)).min(self.restart * self.tran.step);
        }
        let left = target - t;
        // never leave a crumb: land on the target, or split what is left in two
        if h >= left * (1.0 - 1e-9) {
            (target, target == self.next_corner)
        } else if h > 0.5 * left {
            (t + 0.5 * left, false)
        } else {
            (t + h, false)
        }
    }

    fn attempt(&mut self, t: f64, lands_on_corner: bool) -> Result<Attempt, AnalysisError> {
        let t0 = self.history.time();
        let h = t - t0;
        let rules = self.history.rules(self.plan.options.method, self.plan.options.max_order);
        let step = self.history.coefficients(rules, h);
        self.history.set_rows(&step, &self.solver.system, &mut self.rows);
        let env = self.solver.env(Mode::Transient, t);
        let mut x = Vec::new();
        self.history.predict(t, &mut x);
        let effort = Effort::plain(self.plan.options.itl4);
        if let Err(error) = self.solver.newton(env, &self.rows, &mut x, effort) {
            if let NewtonError::Interrupted { .. } = error {
                return Ok(Attempt::Rejected);
            }
            self.solver.stats.rejected_newton += 1;
            return self.reject(NEWTON_SHRINK * h, true, &x, &error);
        }
        if let Some(earlier) = self.crossing(&x, h) {
            self.solver.stats.rejected_event += 1;
            self.h = earlier;
            return Ok(Attempt::Rejected);
        }
        let tolerances = ChargeTolerances {
            relative: self.plan.options.reltol,
            charge: self.plan.options.chgtol,
            slack: self.plan.options.trtol,
        };
        let (error, row) = self.history.error(t, &step, rules, &self.solver.system, &tolerances);
        match control::judge(h, rules.0.order().min(rules.1.order()), error) {
            Verdict::Reject(smaller) => {
                self.solver.stats.rejected_error += 1;
                let limit = NewtonError::Limit { iterations: 0, worst: vec![(row, error, 1.0)] };
                self.reject(smaller, false, &x, &limit)
            }
            Verdict::Accept(next) => {
                self.accept(t, &x, &step, next, lands_on_corner);
                Ok(Attempt::Accepted)
            }
        }
    }

    /// Takes a smaller step; gives up when it is hopeless.
    fn reject(&mut self, h: f64, restart: bool, x: &[f64], error: &NewtonError) -> Result<Attempt, AnalysisError> {
        let t = self.history.time();
        self.h = h;
        if restart {
            self.history.restart();
        }
        if h > SMALLEST_FRACTION * self.tran.stop && t + h > t {
            return Ok(Attempt::Rejected);
        }
        let at = format!("at t = {t:.9e} s with a step of {h:.3e} s");
        let mut failure = self.solver.failure("transient", at, x, error);
        failure.tried = vec!["smaller time steps".to_string(), "backward Euler".to_string()];
        if let NewtonError::Limit { iterations: 0, .. } = error {
            failure.cause = "the truncation error stayed above its tolerance".to_string();
        }
        Err(AnalysisError::NoConvergence(failure))
    }

    /// A discrete switch passed its surface inside this step: the step that lands just behind the crossing.
    fn crossing(&mut self, x: &[f64], h: f64) -> Option<f64> {
        let mut earliest: Option<f64> = None;
        for group in &self.solver.circuit.groups {
            if group.surface(x).is_none_or(|(_, s)| s >= 0.0) {
                continue;
            }
            let (mut after, mut before) = (Vec::new(), Vec::new());
            group.surfaces(x, &mut after);
            group.surfaces(self.history.x(), &mut before);
            for (&s0, &s1) in before.iter().zip(&after) {
                if s1 < 0.0 && s0 > 0.0 {
                    let fraction = s0 / (s0 - s1);
                    earliest = Some(earliest.map_or(fraction, |e: f64| e.min(fraction)));
                }
            }
        }
        let fraction = earliest? + 0.5 * EVENT_FRACTION;
        let shorter = fraction * h;
        let negligible = h <= EVENT_FRACTION * self.tran.step || h <= 1e3 * SMALLEST_FRACTION * self.tran.stop;
        (fraction < 1.0 - EVENT_FRACTION && !negligible).then_some(shorter)
    }

    fn accept(&mut self, t: f64, x: &[f64], step: &StepRules, next: f64, lands_on_corner: bool) {
        let env = self.solver.env(Mode::Transient, t);
        self.charges.set_rates(self.solver.system.loads(), step);
        self.account(x, step);
        self.solver.note_residual(&self.rows);
        self.history.advance(t, x, &self.solver.system, step);
        self.h = next;
        let flipped = self.solver.accept(&env, x);
        if flipped || lands_on_corner {
            self.history.restart();
        }
    }

    /// Adds the energy of one step.
    fn account(&mut self, x: &[f64], step: &StepRules) {
        let ends = (self.history.x(), x);
        let (circuit, loads) = (&*self.solver.circuit, self.solver.system.loads());
        let energy = self.charges.step_energy(circuit, loads, ends, &step.charge);
        let stats = &mut self.solver.stats;
        stats.delivered += energy.delivered;
        stats.dissipated += energy.dissipated;
        stats.stored += energy.stored;
        stats.exchanged += energy.exchanged;
    }

    fn observation(&self) -> Observation<'_> {
        Observation {
            circuit: self.solver.circuit,
            env: self.solver.env(Mode::Transient, self.history.time()),
            x: self.history.x(),
            rest: &[],
            loads: self.solver.system.loads(),
            charges: Some(&self.charges),
        }
    }

    /// Hands the newest point to the sink, then makes its charges the past.
    pub(super) fn record(&mut self, sink: &mut dyn Sink) -> Result<(), AnalysisError> {
        let t = self.history.time();
        let observation = Observation {
            circuit: self.solver.circuit,
            env: self.solver.env(Mode::Transient, t),
            x: self.history.x(),
            rest: &[],
            loads: self.solver.system.loads(),
            charges: Some(&self.charges),
        };
        if t >= self.tran.start {
            sink.point(self.recorder.row(Some(t), &observation));
            self.solver.stats.points += 1;
        }
        while let Some(&(at, card)) = self.snapshots.first() {
            if at > t * (1.0 + 1e-12) {
                break;
            }
            sink.snapshot(record::snapshot(&self.plan.snapshots[card], t, &observation)?);
            self.snapshots.remove(0);
        }
        self.charges.advance(self.solver.system.loads());
        Ok(())
    }
}

fn largest_step(tran: &Tran) -> f64 {
    tran.max_step.unwrap_or_else(|| ((tran.stop - tran.start) / 50.0).min(tran.step))
}

/// SPICE's first step: a fraction, a hundredth, of the shorter of print step and cap.
fn first_step(tran: &Tran, cap: f64, fraction: f64) -> f64 {
    fraction * tran.step.min(cap).min(tran.stop)
}

fn next_corner(circuit: &Circuit, t: f64) -> f64 {
    circuit.groups.iter().filter_map(|g| g.corner(t)).fold(f64::INFINITY, f64::min)
}

type Initial = (Vec<f64>, Charges, Vec<f64>);

/// Operating point with sources at waveform(0), memory states at their start value, `.ic` nodes held.
fn initial_operating_point(solver: &mut Solver) -> Result<Initial, AnalysisError> {
    let env = solver.env(Mode::Transient, 0.0);
    let mut x = solver.start();
    let initial = solver.circuit.initial.clone();
    op::solve_with_guesses(solver, env, &initial, &mut x, "at t = 0")?;
    solver.system.load(solver.circuit, &env, &x);
    let charges = Charges::still(solver.circuit, solver.system.loads());
    let q = solver.system.sums.q.clone();
    Ok((x, charges, q))
}

/// `uic`: charges and states from `ic=` and `.ic`, everything else follows from one vanishing Euler step, so that the
/// point stored at t = 0 is consistent (capacitors at their voltage, sources on).
fn initial_conditions(solver: &mut Solver, rows: &Rows, first: f64) -> Result<Initial, AnalysisError> {
    let env = solver.env(Mode::Transient, 0.0);
    let mut x = solver.start();
    for &(k, value) in &solver.circuit.initial {
        if let Some(slot) = x.get_mut(k as usize) {
            *slot = value;
        }
    }
    for group in &solver.circuit.groups {
        group.start(&mut x, true);
    }
    solver.system.load(solver.circuit, &env, &x);
    let mut charges = Charges::still(solver.circuit, solver.system.loads());
    let mut q = vec![0.0; x.len()];
    let mut load = Load::default();
    for (g, group) in solver.circuit.groups.iter().enumerate() {
        group.start_charges(&env, &x, &mut load);
        for (&row, &value) in group.locals().iter().zip(&load.q) {
            if let Some(slot) = q.get_mut(row as usize) {
                *slot += value;
            }
        }
        charges.set_charges(g, &load.q);
    }
    let mut euler = rows.clone();
    let h = 1e-9 * first;
    for r in 0..x.len() {
        euler.alpha[r] = 1.0 / h;
        euler.beta[r] = -q[r] / h;
    }
    let mut consistent = x.clone();
    let effort = Effort::damped(solver.options.itl1);
    if solver.newton(env, &euler, &mut consistent, effort).is_ok() {
        x = consistent;
    }
    Ok((x, charges, q))
}
