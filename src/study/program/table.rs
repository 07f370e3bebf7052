//! What a pulse of each height does to a resistance, measured beforehand on single cells.

use std::fmt::Write;

use super::Device;
use crate::plan::{Overrides, Signal, Snapshot, Tran};
use crate::study::bench::Wanted;
use crate::study::{Context, StudyError};

/// Pulses of one width and one polarity.
#[derive(Debug, Clone, PartialEq)]
pub struct Train {
    /// Heights in V, all of one sign, rising in magnitude.
    pub heights: Vec<f64>,
    /// Width in s.
    pub width: f64,
    /// Read voltage in V.
    pub read: f64,
}

/// Resistances of cells over their state, and the change by one pulse of each height.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// States at which it was measured, rising.
    pub states: Vec<f64>,
    /// Resistances at the read voltage, in ohm, one per state.
    pub resistances: Vec<f64>,
    /// `changes[height][state]` in ohm.
    pub changes: Vec<Vec<f64>>,
}

/// How many states are measured.
const STATES: usize = 81;

impl Table {
    /// One transient per height, all states side by side on one source.
    ///
    /// # Errors
    /// A cell that cannot be built or solved; a resistance that does not follow the state one way.
    pub fn measure(context: &Context, device: &Device, train: &Train) -> Result<Self, StudyError> {
        let states: Vec<f64> = (0..STATES).map(|k| k as f64 / (STATES - 1) as f64).collect();
        let (mut resistances, mut changes) = (Vec::new(), Vec::new());
        for &height in &train.heights {
            context.check()?;
            let (before, after) = pulsed(context, device, train, height, &states)?;
            changes.push(before.iter().zip(&after).map(|(b, a)| a - b).collect());
            resistances = before;
            context.watch.advance();
        }
        let rises = resistances.windows(2).all(|w| w[1] > w[0]);
        let falls = resistances.windows(2).all(|w| w[1] < w[0]);
        if !(rises || falls) {
            return Err(StudyError::request("the resistance of the cell does not follow its state one way"));
        }
        Ok(Self { states, resistances, changes })
    }

    /// The change in ohm that a pulse of the k-th height makes at resistance `r`, between the measured ones.
    #[must_use]
    pub fn change(&self, k: usize, r: f64) -> f64 {
        between(&self.resistances, &self.changes[k], r)
    }

    /// The state at resistance `r`.
    #[must_use]
    pub fn state(&self, r: f64) -> f64 {
        between(&self.resistances, &self.states, r)
    }

    /// The largest height whose change at `r` stays below `most` ohm; the smallest when none does.
    #[must_use]
    pub fn height(&self, train: &Train, r: f64, most: f64) -> f64 {
        let fits = |k: &usize| self.change(*k, r).abs() < most;
        let k = (0..train.heights.len()).rev().find(fits).unwrap_or(0);
        train.heights[k]
    }
}

/// Linear between points of a table over monotonic abscissae, held beyond the ends.
fn between(x: &[f64], y: &[f64], at: f64) -> f64 {
    let rising = x.first() <= x.last();
    let k = x.partition_point(|&v| if rising { v < at } else { v > at });
    if k == 0 {
        return y[0];
    }
    match (x.get(k), y.get(k)) {
        (Some(&x1), Some(&y1)) => y[k - 1] + (y1 - y[k - 1]) * (at - x[k - 1]) / (x1 - x[k - 1]),
        _ => y[y.len() - 1],
    }
}

/// Resistances before and after one pulse, for all states.
fn pulsed(
    context: &Context,
    device: &Device,
    train: &Train,
    height: f64,
    states: &[f64],
) -> Result<(Vec<f64>, Vec<f64>), StudyError> {
    let n = states.len();
    let t = Times::of(train.width);
    let mut lines = format!(
        "vpulse w_0 0 pwl(0 0 {e:e} {r:e} {a:e} {r:e} {b:e} 0 {c:e} 0 {d:e} {h:e} {f:e} {h:e} {g:e} 0 {i:e} 0 {j:e} {r:e})\n",
        e = t.edge,
        r = train.read,
        a = t.first,
        b = t.first + t.edge,
        c = t.start,
        d = t.start + t.edge,
        h = height,
        f = t.start + train.width,
        g = t.start + train.width + t.edge,
        i = t.second - t.edge,
        j = t.second,
    );
    let last = n - 1;
    let _ = writeln!(lines, "vb[0:{last}] b[0:{last}] 0 0");
    let _ = writeln!(
        lines,
        ".xbar program_table 1 {n} cell={}({}) {}=file(\"program:states\")",
        device.cell, device.roles, device.state
    );
    let gates = if device.gated { format!(" g[0:{last}]") } else { String::new() };
    let _ = writeln!(lines, "xa w_0 b[0:{last}]{gates} program_table");
    if device.gated {
        let _ = writeln!(lines, "vg[0:{last}] g[0:{last}] 0 {:e}", device.gate);
    }
    lines += device.options();
    let bench = context.definitions.bench(&lines)?.with_matrix("program:states", 1, n, states.to_vec());
    let tran = Tran { step: train.width / 4.0, stop: t.end, start: 0.0, max_step: None, uic: false };
    let currents = |at: Vec<f64>| Snapshot {
        array: "xa".into(),
        quantities: vec!["i".into()],
        at,
        at_end: false,
        file: None,
        state_file: None,
    };
    let wanted =
        Wanted { signals: vec![Signal::Voltage("w_0".into())], snapshots: vec![currents(vec![t.first, t.end])] };
    let solved = bench.transient(tran, &Overrides::default(), &wanted, context.watch)?;
    let resistances = |k: usize| -> Result<Vec<f64>, StudyError> {
        let snapshot = solved.snapshots.get(k).ok_or_else(|| StudyError::request("the table has no reading"))?;
        let currents = snapshot.matrices.iter().find(|(name, _)| name == "i").map(|(_, v)| v);
        let currents = currents.ok_or_else(|| StudyError::request("the cells have no current"))?;
        Ok(currents.iter().map(|i| train.read / i).collect())
    };
    Ok((resistances(0)?, resistances(1)?))
}

/// A read, a pulse, a read: times in s.
pub(super) struct Times {
    /// Rise and fall.
    pub edge: f64,
    /// End of the first read.
    pub first: f64,
    /// Start of the pulse.
    pub start: f64,
    /// The second read is up.
    pub second: f64,
    /// And over.
    pub end: f64,
}

impl Times {
    /// Reads last a ten-thousandth of the pulse, edges a hundredth of that.
    pub fn of(width: f64) -> Self {
        let read = 1e-4 * width;
        let start = 10.0 * read;
        let second = start + width + 10.0 * read;
        Self { edge: 0.01 * read, first: read, start, second, end: second + read }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_both_ways() {
        assert_eq!(between(&[0.0, 1.0, 2.0], &[0.0, 10.0, 40.0], 1.5), 25.0);
        assert_eq!(between(&[880.0, 810.0, 740.0], &[0.0, 0.5, 1.0], 845.0), 0.25);
        assert_eq!(between(&[880.0, 740.0], &[0.0, 1.0], 900.0), 0.0);
        assert_eq!(between(&[880.0, 740.0], &[0.0, 1.0], 700.0), 1.0);
    }

    #[test]
    fn the_largest_height_below_the_limit_is_taken() {
        let table = Table {
            states: vec![0.0, 1.0],
            resistances: vec![880.0, 740.0],
            changes: vec![vec![-0.2, -0.1], vec![-0.4, -0.2], vec![-0.9, -0.28]],
        };
        let train = Train { heights: vec![1.0, 2.0, 3.0], width: 0.8, read: 0.1 };
        assert_eq!(table.height(&train, 880.0, 0.3), 1.0);
        assert_eq!(table.height(&train, 740.0, 0.3), 3.0);
        // halfway: 0.15, 0.3 and 0.59 ohm; below means below
        assert_eq!(table.height(&train, 810.0, 0.3), 1.0);
    }
}
