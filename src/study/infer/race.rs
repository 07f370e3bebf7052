//! Some rows of an array on their way to rest.
//!
//! A step of h time constants is Verwer's two-stage Rosenbrock method (Verwer, Spee, Blom, Hundsdorfer, SIAM J. Sci.
//! Comput. 20 (1999) 1456), second order and L-stable with gamma = 1 - 1/sqrt(2): with F the right-hand sides of states and
//! lines, M = 1 for states and 0 for lines, J the Jacobian at y,
//!
//! ```text
//! (M/(gamma h) - J) u = F(y),   (M/(gamma h) - J) w = F(y + u/gamma) - 2/(gamma h) M u,   y' = y + (3 u + w)/(2 gamma)
//! ```
//!
//! y + u/gamma is of first order and (u + w)/(2 gamma) its error. With h = inf a stage is Newton's iteration for the
//! state of rest.

use super::Law;
use super::dormant::Leak;
use super::law::Action;
use super::probe::Laws;
use super::settling::Layout;
use super::wires::{Moment, Wires};

/// 1 - 1/sqrt(2).
const GAMMA: f64 = 1.0 - std::f64::consts::FRAC_1_SQRT_2;
/// First step, in time constants.
const FIRST_STEP: f64 = 0.02;
/// Rates below which Newton's iteration is tried, and how far it may then take a state.
const NEARLY_STILL: f64 = 1e-2;
const SMALL_STEP: f64 = 2e-2;
/// Solves before an image counts as failed.
const SOLVES: usize = 5000;
/// Relative residual of a network solve on the way.
const ON_THE_WAY: f64 = 1e-5;

/// When a race is over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct End {
    /// No state moves by more, nor a cell voltage by more of the largest input, in a step of Newton's iteration.
    pub still: f64,
    /// Relative residual of its network solves.
    pub residual: f64,
}

/// Some rows, their cells and inputs.
pub struct Race<'a> {
    laws: &'a [Law],
    /// Kind of every cell.
    of: Vec<usize>,
    /// Input of every row in V.
    volts: Vec<f64>,
    wires: Wires,
    now: Moment,
    actions: Vec<Action>,
    /// Where the second stage of a step looks.
    ahead: Moment,
    actions_ahead: Vec<Action>,
    /// What the stages change.
    stages: [Moment; 2],
}

impl<'a> Race<'a> {
    /// All rows.
    ///
    /// # Errors
    /// Those of [`Wires::new`].
    pub fn whole(laws: &'a Laws, layout: Layout) -> Result<Self, String> {
        Self::new(laws, layout, (0..layout.rows).collect(), Vec::new())
    }

    /// `leaks` as for [`Wires::new`].
    ///
    /// # Errors
    /// Those of [`Wires::new`].
    pub fn new(laws: &'a Laws, layout: Layout, rows: Vec<usize>, leaks: Vec<Leak>) -> Result<Self, String> {
        let cells = rows.len() * layout.cols;
        let moment = Moment::zeros(cells);
        let of = rows.iter().flat_map(|i| &laws.of[i * layout.cols..(i + 1) * layout.cols]).copied().collect();
        Ok(Self {
            laws: &laws.kinds,
            of,
            volts: vec![0.0; rows.len()],
            wires: Wires::new(layout, rows, leaks)?,
            now: moment.clone(),
            actions: vec![Action::default(); cells],
            ahead: moment.clone(),
            actions_ahead: vec![Action::default(); cells],
            stages: [moment.clone(), moment],
        })
    }

    /// All at rest, the inputs just there. `volts` are those of the whole array.
    pub fn start(&mut self, volts: &[f64]) {
        for (own, row) in self.volts.iter_mut().zip(&self.wires.rows) {
            *own = volts[*row];
        }
        let cols = self.of.len() / self.volts.len().max(1);
        for (row, v) in self.now.volts.chunks_exact_mut(cols).zip(&self.volts) {
            row.fill(*v);
        }
        self.now.states.fill(0.0);
        self.wires.x.iter_mut().for_each(|x| x.fill(0.0));
    }

    /// Goes on from where some rows came to rest; the others sleep.
    pub fn take(&mut self, some: &Self) {
        self.wires.take(&some.wires, &self.volts);
        for ((v, word), bit) in self.now.volts.iter_mut().zip(&self.wires.x[0]).zip(&self.wires.x[1]) {
            *v = word - bit;
        }
        let cols = self.of.len() / self.volts.len().max(1);
        for (row, states) in some.wires.rows.iter().zip(some.now.states.chunks_exact(cols)) {
            self.now.states[row * cols..(row + 1) * cols].copy_from_slice(states);
        }
    }

    /// What the cells do now; the largest rate.
    fn look(&mut self) -> f64 {
        self.now.look(self.laws, &self.of, &mut self.actions);
        self.actions.iter().map(|action| action.rate.abs()).fold(0.0, f64::max)
    }

    /// Follows the states to rest; false when a bit line rises above `bears` V on the way.
    pub fn follow(&mut self, accuracy: f64, end: End, bears: f64) -> Result<bool, String> {
        let (first, mut h) = (self.wires.solves, FIRST_STEP);
        while self.wires.solves - first < SOLVES {
            if self.look() < NEARLY_STILL && self.actions.iter().all(|action| action.rate_by[1] < 0.0) {
                let moved = self.newton(end.residual)?;
                if moved <= SMALL_STEP {
                    self.now.advance(1.0, &self.stages[0]);
                    if moved <= end.still {
                        self.look();
                        return Ok(true);
                    }
                    continue;
                }
            }
            h = self.step(h, accuracy)?;
            if self.wires.highest_bit() > bears {
                return Ok(false);
            }
        }
        Err(format!("its cells did not come to rest in {SOLVES} solves"))
    }

    /// Newton's iteration for the state of rest, into the first stage; how far it goes.
    fn newton(&mut self, residual: f64) -> Result<f64, String> {
        self.wires.linearise(&self.actions, f64::INFINITY)?;
        let [change, _] = &mut self.stages;
        self.wires.stage((&self.now, &self.actions), &self.actions, None, &self.volts, residual, change)?;
        let full_scale = largest(&self.volts).max(f64::MIN_POSITIVE);
        Ok(largest(&change.states).max(largest(&change.volts) / full_scale))
    }

    /// One step of second order with controlled error, from where the cells were looked at; the next step to try.
    fn step(&mut self, mut h: f64, accuracy: f64) -> Result<f64, String> {
        loop {
            self.wires.linearise(&self.actions, GAMMA * h)?;
            let [one, two] = &mut self.stages;
            let here = (&self.now, self.actions.as_slice());
            self.wires.stage(here, &self.actions, None, &self.volts, ON_THE_WAY, one)?;
            self.ahead.combine(&self.now, (1.0 / GAMMA, one), (0.0, two));
            self.ahead.look(self.laws, &self.of, &mut self.actions_ahead);
            let ahead = (&self.ahead, self.actions_ahead.as_slice());
            let pull = Some((-2.0 / (GAMMA * h), one.states.as_slice()));
            self.wires.stage(ahead, &self.actions, pull, &self.volts, ON_THE_WAY, two)?;
            let (error, moved) = worst_cell(one, two);
            let factor = (0.85 * (accuracy / error.max(1e-12)).sqrt()).clamp(0.25, 3.0);
            // a cell whose target is a step in front of it may stay where it is for ever, at a steady error
            if error > 0.25 * accuracy && moved < 0.25 * error {
                h *= factor.min(0.5);
                continue;
            }
            if error <= accuracy {
                self.ahead.combine(&self.now, (1.5 / GAMMA, one), (0.5 / GAMMA, two));
                std::mem::swap(&mut self.now, &mut self.ahead);
                return Ok(factor * h);
            }
            h *= factor;
        }
    }

    /// Cell voltages in V, row-major.
    pub fn volts(&self) -> &[f64] {
        &self.now.volts
    }

    /// Network solves and kernel iterations since the last call.
    pub fn take_effort(&mut self) -> (usize, usize) {
        (std::mem::take(&mut self.wires.solves), std::mem::take(&mut self.wires.iterations))
    }

    /// Worst sum of currents over a line, for all rows.
    pub fn imbalance(&self) -> f64 {
        self.wires.imbalance(&self.volts, &self.actions)
    }

    /// Column currents in A and the power from the rows in W.
    pub fn currents(&self) -> (Vec<f64>, f64) {
        let cols = self.of.len() / self.volts.len().max(1);
        let (mut columns, mut power) = (vec![0.0; cols], 0.0);
        for (row, v) in self.actions.chunks_exact(cols).zip(&self.volts) {
            for (column, action) in columns.iter_mut().zip(row) {
                *column += action.current;
                power += v * action.current;
            }
        }
        (columns, power)
    }
}

/// The largest error of a state in a step of these stages, and how far that state goes.
fn worst_cell(one: &Moment, two: &Moment) -> (f64, f64) {
    let mut worst = (0.0, 0.0);
    for (u, w) in one.states.iter().zip(&two.states) {
        let (error, moved) = ((u + w).abs() / (2.0 * GAMMA), (3.0 * u + w).abs() / (2.0 * GAMMA));
        if error.is_nan() {
            return (f64::INFINITY, 0.0);
        }
        if error > worst.0 {
            worst = (error, moved);
        }
    }
    worst
}

/// Largest of some sizes; infinite where there is one that is no number.
fn largest(changes: &[f64]) -> f64 {
    changes.iter().map(|change| change.abs()).fold(0.0, worse)
}

fn worse(most: f64, size: f64) -> f64 {
    if size.is_nan() { f64::INFINITY } else { most.max(size) }
}
