//! The array on its drivers: pulses on a row, reads of a row. One transient from the first pulse to the last.
//!
//! A pulse of V_j on the cells j of row i, scheme levels wl, bl, uwl, ubl (fractions of the largest V_j across the cell):
//!
//! ```text
//! A = max |V_j| / (wl - bl), with the sign of the V_j      row i: wl A       other rows: uwl A
//! written columns: wl A - V_j                              other columns: ubl A
//! ```
//! so that cells of one row take different voltages in the same pulse, as long as none is so much smaller than another that
//! the rest of its column would see more than the scheme allows. A read puts the read voltage on row i and 0 on
//! every other line: the current of column j is that of cell (i, j), but for what wires take.

use super::Pulse;
use crate::analysis::Live;
use crate::circuit::{DeviceRef, Probe};
use crate::elaborate::Elaborated;
use crate::numeric::rng::Stream;
use crate::plan::{Overrides, Signal};
use crate::result::Stats;
use crate::study::array::{self, ARRAY, Cell, Layout};
use crate::study::scheme::{Drive, Scheme};
use crate::study::{Context, StudyError};

/// Rounds of raising the drivers by what wires take.
const CORRECTIONS: usize = 8;
/// Cell voltages this close to what they should be need no further round, relative.
const CORRECTED: f64 = 1e-4;

/// Levels of the lines: selected word line, written bit lines, other word lines, other bit lines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bias {
    wl: f64,
    bl: f64,
    other_wl: f64,
    other_bl: f64,
}

impl Bias {
    /// The levels of a scheme that can write one cell of a row and leave the others.
    ///
    /// # Errors
    /// A scheme with floating or pulled-up lines, or one that puts as much on a neighbour as on the written cell.
    pub fn of(scheme: &Scheme) -> Result<Self, StudyError> {
        let level = |drive: Drive| match drive {
            Drive::Level(level) => Ok(level),
            Drive::PullUp(_) | Drive::Float => Err(StudyError::request(format!(
                "`{}` leaves lines to themselves ({}); a pulse with cells left out needs a level on every line: v2, v3 \
                 or a table of levels",
                scheme.name, scheme.text
            ))),
        };
        let this = Self {
            wl: level(scheme.wl)?,
            bl: level(scheme.bl)?,
            other_wl: level(scheme.other_wl)?,
            other_bl: level(scheme.other_bl)?,
        };
        let across = (this.wl - this.bl).abs();
        let neighbours = [
            ("row", this.wl - this.other_bl),
            ("column", this.other_wl - this.bl),
            ("rest", this.other_wl - this.other_bl),
        ];
        match neighbours.iter().find(|(_, v)| v.abs() >= across) {
            Some((place, _)) => Err(StudyError::request(format!(
                "`{}` puts as much voltage on the other cells of the {place} as on the written one: {}",
                scheme.name, scheme.text
            ))),
            None => Ok(this),
        }
    }

    /// The smallest voltage of a cell, as a share of the largest in the same pulse, that keeps the other cells of its
    /// column at or below what the scheme gives them: |uwl A - (wl A - V)| <= |uwl - bl| A.
    fn least_share(&self) -> f64 {
        let c = (self.wl - self.other_wl) / (self.wl - self.bl);
        (c - (1.0 - c).abs()).max(0.0)
    }
}

/// What the pulses and reads look like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hardware {
    /// Levels of the lines.
    pub bias: Bias,
    /// Ohm of every driver.
    pub driver: f64,
    /// Rise and fall time in s.
    pub edge: f64,
    /// Time at 0 after a pulse in s.
    pub rest: f64,
    /// Read voltage in V.
    pub vread: f64,
    /// Time that a read takes, for its energy, in s.
    pub tread: f64,
    /// Relative tolerance of the transients.
    pub reltol: f64,
    /// Drivers are raised by what wires take, and reads show the cell instead of the bit line.
    pub compensated: bool,
    /// Deviation of the voltage of each pulse of each cell, relative.
    pub cycle_sigma: f64,
}

/// S of a cell as two observers see it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Current at the end of the bit line over the read voltage.
    pub sensed: f64,
    /// Current of the cell over its own voltage.
    pub own: f64,
}

/// An array in time.
pub struct Writer<'a> {
    live: Live<'a>,
    hardware: &'a Hardware,
    interrupted: &'a dyn Fn() -> bool,
    cols: usize,
    words: Vec<DeviceRef>,
    bits: Vec<DeviceRef>,
    /// Per row: current of every bit line, voltage of every cell, current of every cell, current of the word line.
    probes: Vec<Vec<Probe>>,
    width: f64,
    /// What a cell makes of a pulse differs from cycle to cycle.
    cycles: Stream,
    /// J of all reads.
    pub read_energy: f64,
    /// Reads of a row.
    pub reads: usize,
    /// Pulses on a row.
    pub phases: usize,
}

/// The circuit of an array whose cells start at a share of the way from HRS to LRS.
///
/// # Errors
/// A cell that cannot be built.
pub fn build(
    context: &Context,
    cell: &Cell,
    layout: &Layout,
    shares: &[f64],
    hardware: &Hardware,
) -> Result<Elaborated, StudyError> {
    let (edge, reltol) = (hardware.edge, hardware.reltol);
    let wave = format!("dc 0 pulse(0 0 0 {edge:?} {edge:?} {edge:?} 0 0)");
    let options = format!(".options reltol={reltol:?} statetol={:?} vntol=1e-9 abstol=1e-15 trtol=1\n", 0.01 * reltol);
    let bench = array::driven(context.definitions, cell, layout, shares, (&wave, hardware.driver, &options))?;
    let mut built = bench.build(&Overrides::default())?;
    built.plan.signals.clear();
    built.plan.saved = 0;
    built.plan.snapshots.clear();
    Ok(built)
}

impl<'a> Writer<'a> {
    /// The array at rest.
    ///
    /// # Errors
    /// Non-convergence.
    pub fn start(
        built: &'a mut Elaborated,
        layout: &Layout,
        hardware: &'a Hardware,
        interrupted: &'a dyn Fn() -> bool,
        cycles: Stream,
    ) -> Result<Self, StudyError> {
        let Layout { rows, cols, .. } = *layout;
        let missing = |what: String| StudyError::request(format!("the array has no {what}"));
        let source = |name: String| built.circuit.names.devices.get(&name).copied().ok_or_else(|| missing(name));
        let words = (0..rows).map(|i| source(format!("vw{i}"))).collect::<Result<_, _>>()?;
        let bits = (0..cols).map(|j| source(format!("vb{j}"))).collect::<Result<_, _>>()?;
        let row = |i: usize| {
            let bit_lines = (0..cols).map(|j| Signal::Current(format!("vb{j}")));
            let cell = |field: &'static str| {
                (0..cols).map(move |j| Signal::Field(format!("{ARRAY}.c_{i}_{j}"), field.to_owned()))
            };
            let all = bit_lines.chain(cell("v")).chain(cell("i")).chain([Signal::Current(format!("vw{i}"))]);
            all.map(|signal| built.circuit.resolve(&signal)).collect::<Result<Vec<_>, _>>()
        };
        let probes = (0..rows).map(row).collect::<Result<_, _>>().map_err(|error| missing(error.to_string()))?;
        let live = Live::start(&mut built.circuit, &built.plan)?;
        Ok(Self {
            live,
            hardware,
            interrupted,
            cols,
            words,
            bits,
            probes,
            width: f64::NAN,
            cycles,
            read_energy: 0.0,
            reads: 0,
            phases: 0,
        })
    }

    /// Counters of everything so far.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        self.live.stats()
    }

    /// Reads a row.
    ///
    /// # Errors
    /// Non-convergence.
    pub fn read(&mut self, row: usize) -> Result<Vec<Reading>, StudyError> {
        let volts = self.hardware.vread;
        let level = |i: usize| if i == row { volts } else { 0.0 };
        let words: Vec<f64> = (0..self.words.len()).map(level).collect();
        let seen = self.look(row, &words, &vec![0.0; self.cols])?;
        let cols = self.cols;
        self.reads += 1;
        self.read_energy -= volts * seen[3 * cols] * self.hardware.tread;
        Ok((0..cols).map(|j| Reading { sensed: seen[j] / volts, own: seen[2 * cols + j] / seen[cols + j] }).collect())
    }

    /// The conductance by which cells are judged: what the verify read shows.
    #[must_use]
    pub fn judged(&self, reading: &Reading) -> f64 {
        if self.hardware.compensated { reading.own } else { reading.sensed }
    }

    fn look(&mut self, row: usize, words: &[f64], bits: &[f64]) -> Result<Vec<f64>, StudyError> {
        self.set("dc", words, bits)?;
        Ok(self.live.look(&self.probes[row])?)
    }

    fn set(&mut self, parameter: &str, words: &[f64], bits: &[f64]) -> Result<(), StudyError> {
        for (source, value) in self.words.iter().zip(words).chain(self.bits.iter().zip(bits)) {
            self.live.set(*source, parameter, *value)?;
        }
        Ok(())
    }

    /// Can cells take these two voltages in the same pulse?
    #[must_use]
    pub fn are_compatible(&self, a: f64, b: f64) -> bool {
        let (small, large) = (a.abs().min(b.abs()), a.abs().max(b.abs()));
        a * b > 0.0 && small >= self.hardware.bias.least_share() * large * (1.0 - 1e-9)
    }

    /// One pulse on a row: V across the cells of some columns, all of one sign; the other cells are left out.
    ///
    /// # Errors
    /// Non-convergence, interruption.
    pub fn pulse(&mut self, row: usize, cells: &[(usize, Pulse)]) -> Result<(), StudyError> {
        let Some((_, Pulse { width, .. })) = cells.first().copied() else { return Ok(()) };
        let mut volts: Vec<(usize, f64)> = cells.iter().map(|(j, pulse)| (*j, pulse.volts)).collect();
        if self.hardware.compensated {
            self.correct(row, &mut volts)?;
        }
        if self.hardware.cycle_sigma > 0.0 {
            for (_, v) in &mut volts {
                *v *= 1.0 + self.hardware.cycle_sigma * self.cycles.normal();
            }
        }
        if self.width != width {
            let all = |n: usize| vec![width; n];
            self.set("pw", &all(self.words.len()), &all(self.cols))?;
            self.width = width;
        }
        let (words, bits) = self.levels(row, &volts);
        self.set("v2", &words, &bits)?;
        self.phases += 1;
        let stop = 2.0 * self.hardware.edge + width + self.hardware.rest;
        Ok(self.live.advance(width, stop, self.interrupted)?)
    }

    /// V of every word line and bit line.
    fn levels(&self, row: usize, volts: &[(usize, f64)]) -> (Vec<f64>, Vec<f64>) {
        let Bias { wl, bl, other_wl, other_bl } = self.hardware.bias;
        let largest = volts.iter().map(|(_, v)| *v).max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
        let scale = largest / (wl - bl);
        let words = (0..self.words.len()).map(|i| if i == row { wl * scale } else { other_wl * scale }).collect();
        let mut bits = vec![other_bl * scale; self.cols];
        for (j, v) in volts {
            bits[*j] = wl * scale - v;
        }
        (words, bits)
    }

    /// Raises the voltages at the drivers until the cells have what is wanted of them, memory states held.
    fn correct(&mut self, row: usize, volts: &mut [(usize, f64)]) -> Result<(), StudyError> {
        let wanted: Vec<f64> = volts.iter().map(|(_, v)| *v).collect();
        for _ in 0..CORRECTIONS {
            let (words, bits) = self.levels(row, volts);
            let seen = self.look(row, &words, &bits)?;
            let mut worst = 0.0f64;
            for ((j, drive), wanted) in volts.iter_mut().zip(&wanted) {
                let short = wanted - seen[self.cols + *j];
                *drive += short;
                worst = worst.max((short / wanted).abs());
            }
            if worst < CORRECTED {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voltages_of_one_pulse_keep_the_bounds_of_the_scheme() {
        let half = Bias { wl: 1.0, bl: 0.0, other_wl: 0.5, other_bl: 0.5 };
        let third = Bias { wl: 1.0, bl: 0.0, other_wl: 1.0 / 3.0, other_bl: 2.0 / 3.0 };
        assert_eq!(half.least_share(), 0.0);
        assert!((third.least_share() - 1.0 / 3.0).abs() < 1e-12);
        for (bias, most) in [(half, 0.5), (third, 1.0 / 3.0)] {
            for share in [bias.least_share(), 0.7, 1.0] {
                let column = bias.other_wl - (bias.wl - share);
                assert!(column.abs() <= most + 1e-12, "{column}");
            }
        }
        let centred = Bias { wl: 0.5, bl: -0.5, other_wl: 0.0, other_bl: 0.0 };
        assert_eq!(centred.least_share(), 0.0);
    }
}
