//! Which pulse a cell is given next: the algorithms of programming.

use super::Pulse;
use super::cell::Prediction;
use super::levels::Goal;

/// Voltages from the first by equal steps to the last, where they stay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stairs {
    /// V of the first pulse.
    pub first: f64,
    /// V of the strongest pulse.
    pub last: f64,
    /// V from one to the next, above 0.
    pub step: f64,
}

impl Stairs {
    /// The voltage after this one.
    fn after(&self, volts: f64) -> f64 {
        let next = volts.abs() + self.step;
        next.min(self.last.abs()).copysign(self.last)
    }

    /// All voltages, weakest first; the last one is always among them.
    #[must_use]
    pub fn all(&self) -> Vec<f64> {
        // a step that rounding leaves over is none
        let crumb = 1e-9 * self.last.abs();
        let mut out: Vec<f64> = Vec::new();
        let mut count = 0.0;
        loop {
            let volts = self.first.abs() + count * self.step;
            if volts >= self.last.abs() - crumb {
                out.push(self.last);
                return out;
            }
            out.push(volts.copysign(self.last));
            count += 1.0;
        }
    }
}

/// What an open-loop table does for one level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shot {
    /// The pulse; 0 V: none.
    pub pulse: Pulse,
    /// How many of it.
    pub count: usize,
}

/// An algorithm of programming.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// Write-verify with incremental pulses: read, pulse, read; each pulse in the same direction is a step higher.
    Ispp {
        /// Voltages that raise the conductance.
        up: Stairs,
        /// Voltages that lower it.
        down: Stairs,
        /// Width of all pulses in s.
        width: f64,
    },
    /// Open loop: the pulses of the target level, whatever they do.
    Table(Vec<Shot>),
    /// Feed forward: read, then the strongest pulse whose predicted change is not too much.
    FeedForward {
        /// Pulses that raise the conductance.
        up: Prediction,
        /// Pulses that lower it.
        down: Prediction,
        /// Width of all pulses in s.
        width: f64,
        /// Largest predicted change of one pulse, in levels.
        most: f64,
    },
}

/// What a cell has been through.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Progress {
    /// Pulses in all.
    pub pulses: usize,
    /// Pulses since its row was entered.
    pub tries: usize,
    /// The last of them in V, when there was one since its row was entered.
    pub volts: Option<f64>,
    /// No pulse of the table would have brought it closer.
    pub stuck: bool,
}

impl Progress {
    /// Its row is entered again.
    pub fn enter(&mut self) {
        self.tries = 0;
        self.volts = None;
        self.stuck = false;
    }

    fn note(&mut self, pulse: Pulse) -> Option<Pulse> {
        self.pulses += 1;
        self.tries += 1;
        self.volts = Some(pulse.volts);
        Some(pulse)
    }
}

impl Method {
    /// The next pulse of a cell at `level`, at most `limit` of them per visit; `None` when it is done or given up.
    pub fn next(&self, goal: &Goal, level: f64, progress: &mut Progress, limit: usize) -> Option<Pulse> {
        if let Self::Table(shots) = self {
            let shot = shots.get(crate::study::argument::whole(goal.level))?;
            let wanted = if shot.pulse.volts == 0.0 { 0 } else { shot.count };
            return if progress.pulses < wanted { progress.note(shot.pulse) } else { None };
        }
        if goal.holds(level) || progress.tries >= limit {
            return None;
        }
        let rises = level < goal.level;
        let pulse = match self {
            Self::Ispp { up, down, width } => {
                let stairs = if rises { up } else { down };
                let same_way = progress.volts.filter(|volts| volts * stairs.last > 0.0);
                Pulse { volts: same_way.map_or(stairs.first, |volts| stairs.after(volts)), width: *width }
            }
            Self::FeedForward { up, down, width, most } => {
                let (prediction, edge) = if rises { (up, goal.high) } else { (down, goal.low) };
                // not beyond the middle between the target and the far edge of its band
                let bound = (0.5 * (goal.level + edge) - level).abs();
                let (volts, change) = prediction.choose(level, bound.min(*most))?;
                if (level + change - goal.level).abs() >= (level - goal.level).abs() {
                    progress.stuck = true;
                    return None;
                }
                Pulse { volts, width: *width }
            }
            Self::Table(_) => return None,
        };
        progress.note(pulse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ispp() -> Method {
        let stairs = |sign: f64| Stairs { first: sign, last: 1.5 * sign, step: 0.2 };
        Method::Ispp { up: stairs(1.0), down: stairs(-1.0), width: 1e-7 }
    }

    #[test]
    fn incremental_pulses_climb_and_begin_anew_the_other_way() {
        let (goal, mut progress) = (Goal { level: 3.0, low: 2.8, high: 3.2 }, Progress::default());
        let levels = [0.0, 0.0, 1.0, 2.0, 2.5, 4.0, 3.9, 3.0];
        let method = ispp();
        let given: Vec<f64> =
            levels.iter().filter_map(|l| method.next(&goal, *l, &mut progress, 100).map(|p| p.volts)).collect();
        let wanted = [1.0, 1.2, 1.4, 1.5, 1.5, -1.0, -1.2];
        assert!(given.len() == 7 && given.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{given:?}");
        progress.enter();
        assert_eq!(method.next(&goal, 0.0, &mut progress, 100).map(|p| p.volts), Some(1.0));
        assert_eq!(method.next(&goal, 0.0, &mut progress, 1), None, "one pulse per visit was allowed");
    }

    #[test]
    fn stairs_end_at_their_last_voltage() {
        let all = Stairs { first: -0.3, last: -0.7, step: 0.1 }.all();
        assert!(all.len() == 5 && all[4] == -0.7 && (all[1] + 0.4).abs() < 1e-12, "{all:?}");
        assert_eq!(Stairs { first: 1.0, last: 1.0, step: 0.1 }.all(), [1.0]);
        assert_eq!(Stairs { first: 1.0, last: 1.25, step: 0.2 }.all(), [1.0, 1.2, 1.25]);
    }

    #[test]
    fn a_table_gives_its_pulses_and_no_more() {
        let pulse = Pulse { volts: 1.0, width: 1e-7 };
        let method =
            Method::Table(vec![Shot { pulse: Pulse { volts: 0.0, ..pulse }, count: 5 }, Shot { pulse, count: 2 }]);
        let goal = |level| Goal { level, low: level, high: level };
        let count = |level: f64| {
            let mut progress = Progress::default();
            (0..10).filter(|_| method.next(&goal(level), 0.5, &mut progress, 1).is_some()).count()
        };
        assert_eq!((count(0.0), count(1.0), count(2.0)), (0, 2, 0));
    }
}
