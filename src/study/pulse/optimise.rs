//! Pulse ramps that make potentiation and depression straight and alike.
//!
//! Pattern search (Hooke and Jeeves, J. ACM 8 (1961) 212) over the first and last height or width of both directions,
//! in the logarithm. The objective is the largest of NL and twice the bow, plus a penalty where the range of the
//! conductance falls below the wanted share of what the given scheme reaches: without it the best pulses do nothing.

use super::run::{Cell, cycles};
use super::scheme::{Scheme, Which};
use super::{Cycle, Linearity};
use crate::result::report::Trust;
use crate::study::{Context, StudyError};

/// What to look for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Objective {
    /// What may change.
    pub which: Which,
    /// Smallest and largest value it may take, without sign; V or s.
    pub limits: (f64, f64),
    /// Share of the given scheme's range that must be kept.
    pub range: f64,
    /// Transients that may be spent.
    pub budget: usize,
    /// Cycles to run; the last is judged.
    pub cycles: usize,
    /// Relative tolerance of the transients.
    pub reltol: f64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimum {
    /// The scheme.
    pub scheme: Scheme,
    /// Its last cycle.
    pub cycle: Cycle,
    /// And what that is worth.
    pub linearity: Linearity,
    /// Transients that were run.
    pub runs: usize,
    /// What they are worth.
    pub trust: Trust,
}

/// First steps of the logarithms; halved until [`FINE`].
const COARSE: f64 = 0.2;
const FINE: f64 = 0.002;

/// Searches from `start`.
///
/// # Errors
/// [`StudyError::Request`] when the pulses of `start` do not raise the conductance.
pub fn optimise(context: &Context, cell: &Cell, start: &Scheme, goal: &Objective) -> Result<Optimum, StudyError> {
    let mut search = Search { context, cell, start, goal, floor: 0.0, runs: 0, trust: Trust::default() };
    let first = search.judge(&values(start, goal.which))?;
    let Some((_, mut best)) = first else {
        return Err(StudyError::request("the pulses up do not raise the conductance; there is nothing to optimise"));
    };
    search.floor = goal.range * (best.linearity.gmax - best.linearity.gmin);
    let mut cost = search.cost(&best.linearity);
    let mut at = values(start, goal.which);
    let mut step = COARSE;
    while step > FINE && search.runs < goal.budget {
        let before = cost;
        for k in 0..at.len() {
            for factor in [step.exp(), (-step).exp()] {
                let mut next = at;
                next[k] = (next[k] * factor).clamp(goal.limits.0, goal.limits.1);
                if next == at || search.runs >= goal.budget {
                    continue;
                }
                if let Some((c, found)) = search.judge(&next)?
                    && c < cost
                {
                    (cost, best, at) = (c, found, next);
                    break;
                }
            }
        }
        if cost >= before {
            step *= 0.5;
        }
    }
    best.runs = search.runs;
    best.trust = search.trust;
    Ok(best)
}

struct Search<'a> {
    context: &'a Context<'a>,
    cell: &'a Cell,
    start: &'a Scheme,
    goal: &'a Objective,
    floor: f64,
    runs: usize,
    trust: Trust,
}

impl Search<'_> {
    fn cost(&self, found: &Linearity) -> f64 {
        let missing = if self.floor > 0.0 { (1.0 - (found.gmax - found.gmin) / self.floor).max(0.0) } else { 0.0 };
        found.nl.max(2.0 * found.bow) + 10.0 * missing
    }

    fn judge(&mut self, at: &[f64; 4]) -> Result<Option<(f64, Optimum)>, StudyError> {
        let scheme = with_values(self.start, self.goal.which, at);
        let (mut all, stats) = cycles(self.context, self.cell, &scheme, self.goal.cycles, self.goal.reltol)?;
        self.runs += 1;
        self.trust.add(&stats);
        self.context.watch.advance();
        let Some(cycle) = all.pop() else { return Ok(None) };
        let Some(linearity) = cycle.linearity() else { return Ok(None) };
        let found = Optimum { scheme, cycle, linearity, runs: self.runs, trust: Trust::default() };
        Ok(Some((self.cost(&linearity), found)))
    }
}

/// First and last value up, first and last down, without sign.
fn values(scheme: &Scheme, which: Which) -> [f64; 4] {
    let pair = |which: Which, ramp: &super::Ramp| match which {
        Which::Height => (ramp.height.0.abs(), ramp.height.1.abs()),
        Which::Width => ramp.width,
    };
    let (up, down) = (pair(which, &scheme.up), pair(which, &scheme.down));
    [up.0, up.1, down.0, down.1]
}

fn with_values(scheme: &Scheme, which: Which, at: &[f64; 4]) -> Scheme {
    let mut out = *scheme;
    for (ramp, pair) in [(&mut out.up, (at[0], at[1])), (&mut out.down, (at[2], at[3]))] {
        let sign = ramp.height.0.signum();
        match which {
            Which::Height => ramp.height = (sign * pair.0, sign * pair.1),
            Which::Width => ramp.width = pair,
        }
    }
    out
}
