//! One cell by itself, in many states at once: what a pulse does to it, for tables and predictions.
//!
//! The cells stand in one row without wires, each at a share of the way from HRS to LRS, so that one transient gives the
//! answer for all of them and the code that writes the array is the code that measures the cell.

use super::Pulse;
use super::levels::Ladder;
use super::writer::{self, Hardware, Writer};
use crate::numeric::rng::Stream;
use crate::result::report::Trust;
use crate::study::array::{Cell, Layout, Wires};
use crate::study::{Context, StudyError};

/// States in which the cell is measured.
const STATES: usize = 129;
/// Halvings of the range of voltages: to 1e-9 of it.
const HALVINGS: usize = 30;

/// The nominal cell on ideal lines.
pub struct Sample<'a> {
    /// Definitions and watch.
    pub context: Context<'a>,
    /// The cell.
    pub cell: &'a Cell<'a>,
    /// Pulses and reads.
    pub hardware: Hardware,
    /// Solves so far.
    pub trust: Trust,
}

impl<'a> Sample<'a> {
    /// On the hardware of the array, without its wires and drivers.
    #[must_use]
    pub fn new(context: Context<'a>, cell: &'a Cell<'a>, hardware: &Hardware) -> Self {
        let hardware = Hardware { driver: 0.0, compensated: false, cycle_sigma: 0.0, ..*hardware };
        Self { context, cell, hardware, trust: Trust::default() }
    }

    /// S of cells at shares of the way from HRS to LRS, before and after a pulse on each; `None` = no pulse.
    ///
    /// # Errors
    /// Non-convergence, interruption.
    pub fn respond(&mut self, shares: &[f64], pulses: Option<&[Pulse]>) -> Result<(Vec<f64>, Vec<f64>), StudyError> {
        self.context.check()?;
        let layout = Layout { rows: 1, cols: shares.len(), selected: (0, 0), wires: Wires::default() };
        let mut built = writer::build(&self.context, self.cell, &layout, shares, &self.hardware)?;
        let watch = self.context.watch;
        let interrupted = || watch.interrupted();
        let same = Stream::new(0, 0, "program.sample");
        let mut writer = Writer::start(&mut built, &layout, &self.hardware, &interrupted, same)?;
        let own = |writer: &mut Writer| -> Result<Vec<f64>, StudyError> {
            Ok(writer.read(0)?.iter().map(|reading| reading.own).collect())
        };
        let before = own(&mut writer)?;
        let Some(pulses) = pulses else {
            self.trust.add(writer.stats());
            return Ok((before, Vec::new()));
        };
        let cells: Vec<(usize, Pulse)> = pulses.iter().copied().enumerate().collect();
        writer.pulse(0, &cells)?;
        let after = own(&mut writer)?;
        self.trust.add(writer.stats());
        Ok((before, after))
    }

    /// S in HRS and in LRS.
    ///
    /// # Errors
    /// Non-convergence; states that are the same at the read voltage.
    pub fn range(&mut self) -> Result<(f64, f64), StudyError> {
        let (found, _) = self.respond(&[0.0, 1.0], None)?;
        match found[..] {
            [hrs, lrs] if lrs > hrs && hrs > 0.0 => Ok((hrs, lrs)),
            _ => Err(StudyError::request(format!(
                "the cell conducts {:e} S in its hrs state and {:e} S in its lrs state at {} V: hrs= must give the \
                 smaller one",
                found[0], found[1], self.hardware.vread
            ))),
        }
    }

    /// Refuses pulses of the wrong sign, or too weak to do anything.
    ///
    /// # Errors
    /// In plain words with the numbers.
    pub fn check(&mut self, up: Pulse, down: Pulse) -> Result<(), StudyError> {
        for (word, verb, state, sign, pulse) in [("up", "raise", "hrs", 1.0, up), ("down", "lower", "lrs", -1.0, down)]
        {
            let share = if state == "hrs" { 0.0 } else { 1.0 };
            let mut moves = |pulse: Pulse| -> Result<(bool, f64), StudyError> {
                let (before, after) = self.respond(&[share], Some(&[pulse]))?;
                // beyond what the tolerance of a transient leaves open
                let enough = 10.0 * self.hardware.reltol * before[0];
                Ok((sign * (after[0] - before[0]) > enough, before[0]))
            };
            let (right, before) = moves(pulse)?;
            if right {
                continue;
            }
            let Pulse { volts, width } = pulse;
            let (other, _) = moves(Pulse { volts: -volts, width })?;
            let remedy = if other {
                format!("one of {} V does: change the sign", -volts)
            } else {
                format!("raise {word}= or width=")
            };
            return Err(StudyError::request(format!(
                "a pulse of {volts} V and {width:e} s, the strongest of {word}=, does not {verb} the conductance of the \
                 {state} cell, {before:e} S; {remedy}"
            )));
        }
        Ok(())
    }

    /// The voltage between two of one pulse of a width that takes the cell from a share to each level, and whether it
    /// gets there.
    ///
    /// # Errors
    /// As [`Sample::respond`].
    pub fn single_pulses(
        &mut self,
        start: f64,
        (first, last): (f64, f64),
        width: f64,
        ladder: &Ladder,
    ) -> Result<Vec<(f64, bool)>, StudyError> {
        let n = ladder.count;
        let shares = vec![start; n];
        #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        let wanted: Vec<f64> = (0..n).map(|k| ladder.conductance(k as f64)).collect();
        let try_all = |this: &mut Self, volts: &[f64]| {
            let pulses: Vec<Pulse> = volts.iter().map(|v| Pulse { volts: *v, width }).collect();
            this.respond(&shares, Some(&pulses)).map(|(_, after)| after)
        };
        let far = try_all(self, &vec![last; n])?;
        let rises = start < 0.5;
        let beyond = |g: f64, wanted: f64| if rises { g >= wanted } else { g <= wanted };
        let (mut low, mut high) = (vec![first; n], vec![last; n]);
        for _ in 0..HALVINGS {
            let middle: Vec<f64> = low.iter().zip(&high).map(|(a, b)| 0.5 * (a + b)).collect();
            let after = try_all(self, &middle)?;
            for k in 0..n {
                if beyond(after[k], wanted[k]) { high[k] = middle[k] } else { low[k] = middle[k] }
            }
        }
        Ok((0..n).map(|k| (high[k], beyond(far[k], wanted[k]))).collect())
    }

    /// The change of level by a pulse of every voltage, in states from HRS to LRS.
    ///
    /// # Errors
    /// As [`Sample::respond`].
    pub fn predictions(&mut self, volts: &[f64], width: f64, ladder: &Ladder) -> Result<Prediction, StudyError> {
        #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        let shares: Vec<f64> = (0..STATES).map(|k| k as f64 / (STATES - 1) as f64).collect();
        let mut prediction = Prediction { levels: Vec::new(), changes: Vec::new() };
        for &volts in volts {
            let (before, after) = self.respond(&shares, Some(&vec![Pulse { volts, width }; STATES]))?;
            prediction.levels = before.iter().map(|g| ladder.level(*g)).collect();
            let change = prediction.levels.iter().zip(&after).map(|(level, g)| ladder.level(*g) - level);
            prediction.changes.push((volts, change.collect()));
        }
        if prediction.levels.windows(2).any(|w| w[1] <= w[0]) {
            return Err(StudyError::request(
                "the conductance does not grow all the way from the hrs to the lrs parameters, so that no prediction can \
                 be read from it; give states, such as x0=, in hrs= and lrs=",
            ));
        }
        Ok(prediction)
    }
}

/// What pulses of one width and several heights do in every state.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Levels of the states, ascending.
    levels: Vec<f64>,
    /// For each voltage, weakest first, the change of each of those levels.
    changes: Vec<(f64, Vec<f64>)>,
}

impl Prediction {
    /// Voltage and predicted change of the strongest pulse that changes a level by less than `bound`; without such a
    /// pulse, of the weakest.
    #[must_use]
    pub fn choose(&self, level: f64, bound: f64) -> Option<(f64, f64)> {
        let each = || self.changes.iter().map(|(volts, changes)| (*volts, self.interpolate(changes, level)));
        each().rfind(|(_, change)| change.abs() < bound).or_else(|| each().next())
    }

    /// Between two states the logarithm of the change is taken to be linear: exact where rates are exponential.
    fn interpolate(&self, changes: &[f64], level: f64) -> f64 {
        let k = self.levels.partition_point(|l| *l <= level).clamp(1, self.levels.len() - 1);
        let (a, b) = (changes[k - 1], changes[k]);
        let t = ((level - self.levels[k - 1]) / (self.levels[k] - self.levels[k - 1])).clamp(0.0, 1.0);
        if a * b > 0.0 { a * (b / a).powf(t) } else { a + (b - a) * t }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_rates_are_interpolated_exactly() {
        let levels: Vec<f64> = (0..5).map(f64::from).collect();
        let changes = |scale: f64| levels.iter().map(|l| scale * (-0.7 * l).exp()).collect::<Vec<_>>();
        let all = [(1.0, changes(0.1)), (2.0, changes(1.0)), (3.0, changes(10.0))];
        let prediction = Prediction { levels: levels.clone(), changes: all.to_vec() };
        let (volts, change) = prediction.choose(1.3, 1.0).unwrap_or_default();
        assert!(volts == 2.0 && (change - (-0.7f64 * 1.3).exp()).abs() < 1e-12);
        assert_eq!(prediction.choose(0.0, 0.01).map(|found| found.0), Some(1.0), "the weakest when all are too strong");
        assert_eq!(prediction.choose(4.0, 1.0).map(|found| found.0), Some(3.0));
    }
}
