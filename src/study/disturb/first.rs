//! First pulse after which a conductance is off by more than the limit: of one cell, and of all cells of an array.
//!
//! Cells on the selected row, on the selected column and elsewhere differ by their gates and their starts; within one such
//! kind only the voltage tells them apart. The first pulse is found for some cells of the kind and interpolated between
//! neighbours in |V|, ln n linear in |V|: for a law dx/dn = a(V) d(x) ln n is -ln a(V) and a constant, and pieces are
//! halved until ln n differs by at most [`PIECE`] over one.

use super::array::Victim;
use super::cell::Stress;
use super::law;
use crate::result::report::Trust;
use crate::study::{Context, StudyError};

/// Largest difference of ln n over which it is interpolated. With a curvature of ln n no larger than its slope the error
/// is an eighth of its square, 3 %.
const PIECE: f64 = 0.5;

/// What counts as disturbed, and how many pulses matter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// |dG|/G.
    pub drift: f64,
    /// Most pulses.
    pub cycles: f64,
    /// V at which conductances are measured.
    pub vread: f64,
}

/// |dG|/G of a victim in other states than its first.
pub struct Drift<'a> {
    context: &'a Context<'a>,
    stress: &'a Stress<'a>,
    victim: &'a Victim,
    vread: f64,
    before: f64,
}

impl<'a> Drift<'a> {
    /// # Errors
    /// Non-convergence.
    pub fn of(
        context: &'a Context<'a>,
        stress: &'a Stress<'a>,
        victim: &'a Victim,
        vread: f64,
    ) -> Result<Self, StudyError> {
        let before = stress.conductance(context, victim, victim.start, vread)?;
        Ok(Self { context, stress, victim, vread, before })
    }

    /// At the state `x`.
    ///
    /// # Errors
    /// Non-convergence.
    pub fn at(&self, x: f64) -> Result<f64, StudyError> {
        Ok((self.stress.conductance(self.context, self.victim, x, self.vread)? / self.before - 1.0).abs())
    }

    /// The first pulse count on a path whose state has drifted beyond the limit.
    ///
    /// # Errors
    /// Non-convergence.
    pub fn first_above(&self, path: &law::Path, limit: f64) -> Result<Option<f64>, StudyError> {
        for pair in path.windows(2) {
            if self.at(pair[1].1)? < limit {
                continue;
            }
            let (mut low, mut high) = (pair[0].0, pair[1].0);
            while high - low > 1.0 {
                let middle = (0.5 * (low + high)).floor();
                if self.at(law::at(path, middle))? < limit { low = middle } else { high = middle }
            }
            return Ok(Some(high));
        }
        Ok(None)
    }

    /// The same among the states after each of many pulses, which drift one way.
    ///
    /// # Errors
    /// Non-convergence.
    pub fn first_simulated(&self, states: &[f64], limit: f64) -> Result<Option<usize>, StudyError> {
        let Some(last) = states.last() else { return Ok(None) };
        if self.at(*last)? < limit {
            return Ok(None);
        }
        let (mut below, mut above) = (0, states.len());
        while above - below > 1 {
            let middle = below + (above - below) / 2;
            if self.at(states[middle - 1])? < limit { below = middle } else { above = middle }
        }
        Ok(Some(above))
    }
}

/// The first pulse of every victim, `None` where there is none up to the limit.
///
/// # Errors
/// Non-convergence, interruption.
pub fn first_pulses(
    context: &Context,
    stress: &Stress,
    victims: &[Victim],
    limit: Limit,
    trust: &mut Trust,
) -> Result<Vec<Option<f64>>, StudyError> {
    let mut out = vec![None; victims.len()];
    let mut kinds: Vec<Vec<usize>> = Vec::new();
    for (k, victim) in victims.iter().enumerate() {
        let kind = |kind: &&mut Vec<usize>| {
            let known = &victims[kind[0]];
            (known.place, known.lrs) == (victim.place, victim.lrs)
        };
        match kinds.iter_mut().find(kind) {
            Some(kind) => kind.push(k),
            None => kinds.push(vec![k]),
        }
    }
    let ask = |k: usize| {
        context.check()?;
        one(context, stress, &victims[k], limit)
    };
    for mut kind in kinds {
        kind.sort_by(|a, b| victims[*a].volts.abs().total_cmp(&victims[*b].volts.abs()));
        let volts: Vec<f64> = kind.iter().map(|k| victims[*k].volts.abs()).collect();
        let found = between(&|k| ask(kind[k]), &volts)?;
        for (k, (first, joined)) in kind.into_iter().zip(found) {
            out[k] = first;
            trust.join(&joined);
        }
    }
    Ok(out)
}

/// The first pulse of one victim.
fn one(context: &Context, stress: &Stress, victim: &Victim, limit: Limit) -> Result<Asked, StudyError> {
    let mut trust = Trust::default();
    let pulse = |x: f64| {
        let (after, stats) = stress.pulses(context, victim, x, 1)?;
        trust.add(&stats);
        Ok(after[0])
    };
    let drift = Drift::of(context, stress, victim, limit.vread)?;
    let path = law::follow(victim.start, limit.cycles, pulse, |x| Ok(drift.at(x)? >= limit.drift))?;
    Ok((drift.first_above(&path, limit.drift)?, trust))
}

type Asked = (Option<f64>, Trust);

/// Answers for cells of ascending |V|, asked for at both ends and where they are far apart.
fn between(ask: &(dyn Fn(usize) -> Result<Asked, StudyError> + Sync), volts: &[f64]) -> Result<Vec<Asked>, StudyError> {
    let mut out: Vec<Asked> = vec![(None, Trust::default()); volts.len()];
    let Some(end) = volts.len().checked_sub(1) else { return Ok(out) };
    out[end] = ask(end)?;
    out[0] = if volts[0] == volts[end] { (out[end].0, Trust::default()) } else { ask(0)? };
    let mut open = vec![(0, end)];
    while let Some((low, high)) = open.pop() {
        if high - low < 2 {
            continue;
        }
        match (out[low].0, out[high].0) {
            // what neither end suffers from, nothing between them does
            (None, None) => {}
            (Some(a), Some(b)) if (a / b).ln().abs() <= PIECE => {
                for k in low + 1..high {
                    let span = volts[high] - volts[low];
                    let share = if span > 0.0 { (volts[k] - volts[low]) / span } else { 0.0 };
                    out[k].0 = Some((a.ln() + share * (b / a).ln()).exp().round().max(1.0));
                }
            }
            _ => {
                let middle = low + (high - low) / 2;
                out[middle] = ask(middle)?;
                open.extend([(low, middle), (middle, high)]);
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// n = 1e6 exp(-30 (V - 0.4)) above a threshold of 0.45 V: few cells are asked, all are within some per cent.
    #[test]
    fn cells_between_two_that_were_asked_follow_the_exponential() {
        let volts: Vec<f64> = (0..1000).map(|k| 0.4 + 0.2 * f64::from(k) / 999.0).collect();
        let law = |v: f64| (v > 0.45).then(|| (1e6 * (-30.0 * (v - 0.4)).exp()).round());
        let asked = AtomicUsize::new(0);
        let ask = |k: usize| {
            asked.fetch_add(1, Ordering::Relaxed);
            Ok((law(volts[k]), Trust::default()))
        };
        let found = between(&ask, &volts).unwrap();
        for (v, (first, _)) in volts.iter().zip(&found) {
            match (law(*v), first) {
                (None, None) => {}
                (Some(exact), Some(n)) => assert!((n / exact - 1.0).abs() < 0.03, "{n} {exact} at {v}"),
                other => panic!("{other:?} at {v}"),
            }
        }
        assert!(asked.load(Ordering::Relaxed) < 40, "{asked:?}");
        // one voltage is one question
        asked.store(0, Ordering::Relaxed);
        let _ = between(&|k| ask(k + 999), &[0.5; 1]).unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }
}
