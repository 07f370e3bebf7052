//! One victim on its own: pulses, and its conductance at a state.

use super::array::Victim;
use crate::plan::{Overrides, Signal, Tran};
use crate::result::Stats;
use crate::study::array::{HARDLY_MOVING, MOVING, STILL};
use crate::study::bench::Wanted;
use crate::study::cell::{self, Cell, Lines};
use crate::study::{Arguments, Context, StudyError};

/// A state that moves by less in a pulse is solved with the tolerances of [`HARDLY_MOVING`].
const SMALL: f64 = 1e-5;

/// The pulses of a request and the state they act on.
pub struct Stress<'a> {
    cell: &'a Cell<'a>,
    /// V of the scheme.
    pub volts: f64,
    width: f64,
    edge: f64,
    rest: f64,
    /// Parameter that sets the state.
    pub init: String,
    /// Name of the state in an array.
    pub state: String,
    /// The same in a cell on its own: the device inside and its field.
    device: String,
}

/// All lines of a cell on ground.
fn at_rest() -> Lines {
    Lines { row: "0".to_owned(), bit: "0".to_owned(), gate: 0.0 }
}

impl<'a> Stress<'a> {
    /// From the arguments `vwrite width edge rest state init`.
    ///
    /// # Errors
    /// A cell without that state or without a parameter that sets it.
    pub fn of(context: &Context, cell: &'a Cell<'a>, arguments: &Arguments) -> Result<Self, StudyError> {
        let (init, state) = (arguments.word("init").to_lowercase(), arguments.word("state").to_lowercase());
        if cell.value(&init, true).is_none() {
            return Err(StudyError::request(format!(
                "lrs= and hrs= do not set `{init}`: the study starts cells in a given state; name the parameter with init="
            )));
        }
        let lines = cell::started_lines(cell, &at_rest(), true, (&init, cell.value(&init, true).unwrap_or(0.0)), STILL);
        let built = context.definitions.bench(&lines)?.build(&Overrides::default())?;
        let devices = built.circuit.names.devices.keys().filter(|name| name.starts_with("xc.")).cloned();
        let has = |device: &String| built.circuit.resolve(&Signal::Field(device.clone(), state.clone())).is_ok();
        let mut found: Vec<String> = devices.filter(has).collect();
        found.sort();
        match found.as_slice() {
            [device] => Ok(Self {
                cell,
                volts: arguments.number("vwrite"),
                width: arguments.number("width"),
                edge: arguments.number("edge"),
                rest: arguments.number("rest"),
                init,
                state,
                device: device.clone(),
            }),
            [] => Err(StudyError::request(format!("no device of the cell `{}` has a state `{state}`", cell.name()))),
            several => Err(StudyError::request(format!(
                "several devices of the cell `{}` have a state `{state}`: {}; a cell with one memory is wanted",
                cell.name(),
                several.join(", ")
            ))),
        }
    }

    /// From one pulse to the next in s.
    #[must_use]
    pub fn period(&self) -> f64 {
        self.width + 2.0 * self.edge + self.rest
    }

    /// Middle of the first pulse in s.
    #[must_use]
    pub fn middle(&self) -> f64 {
        self.edge + 0.5 * self.width
    }

    /// Pulses of a height.
    #[must_use]
    pub fn wave(&self, volts: f64) -> String {
        if volts == 0.0 {
            return "0".to_owned();
        }
        format!("pulse(0 {volts:?} 0 {0:?} {0:?} {1:?} {2:?})", self.edge, self.width, self.period())
    }

    /// The lines of a victim under pulses. A cell of two ports feels nothing but the voltage across it.
    fn lines(&self, victim: &Victim) -> Lines {
        match self.cell.gate() {
            None => Lines { row: self.wave(victim.volts), ..at_rest() },
            Some(gate) => Lines {
                row: self.wave(victim.bit + victim.volts),
                bit: self.wave(victim.bit),
                gate: if victim.place == "row" { gate.on } else { gate.off },
            },
        }
    }

    /// The transient of `count` pulses.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "counts of pulses")]
    pub fn tran(&self, count: usize) -> Tran {
        let stop = count as f64 * self.period();
        Tran { step: 0.1 * self.width, stop, start: 0.0, max_step: Some(self.period()), uic: false }
    }

    /// The state after each of `count` pulses on a victim that starts at `x`.
    ///
    /// # Errors
    /// Non-convergence.
    pub fn pulses(
        &self,
        context: &Context,
        victim: &Victim,
        x: f64,
        count: usize,
    ) -> Result<(Vec<f64>, Stats), StudyError> {
        let first = self.solve(context, victim, x, 1, MOVING)?;
        match first.0.first() {
            Some(after) if *after != x && (after - x).abs() < SMALL => {
                self.solve(context, victim, x, count, HARDLY_MOVING)
            }
            _ if count == 1 => Ok(first),
            _ => self.solve(context, victim, x, count, MOVING),
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "counts of pulses")]
    fn solve(
        &self,
        context: &Context,
        victim: &Victim,
        x: f64,
        count: usize,
        options: &'static str,
    ) -> Result<(Vec<f64>, Stats), StudyError> {
        if count == 0 {
            return Ok((Vec::new(), Stats::default()));
        }
        let lines = cell::started_lines(self.cell, &self.lines(victim), victim.lrs, (&self.init, x), options);
        let signals = vec![Signal::Field(self.device.clone(), self.state.clone())];
        let wanted = Wanted { signals, ..Wanted::default() };
        let bench = context.definitions.bench(&lines)?;
        let solution = bench.transient(self.tran(count), &Overrides::default(), &wanted, context.watch)?;
        let states = solution.values.first().map_or(&[][..], Vec::as_slice);
        // a start of the next pulse is a corner of the source, so that a point lies there
        let after = (1..=count).map(|n| {
            let end = n as f64 * self.period() * (1.0 - 1e-9);
            let k = solution.axis.partition_point(|t| *t < end).min(states.len().saturating_sub(1));
            states.get(k).copied().unwrap_or(f64::NAN)
        });
        Ok((after.collect(), solution.stats))
    }

    /// Conductance of a victim in the state `x` in S.
    ///
    /// # Errors
    /// Non-convergence.
    pub fn conductance(&self, context: &Context, victim: &Victim, x: f64, volts: f64) -> Result<f64, StudyError> {
        let read = |volts: f64| format!("{volts:?}");
        // through a transistor a cell is read from the bit line
        let (lines, source) = match self.cell.gate() {
            None => (Lines { row: read(volts), ..at_rest() }, "v1"),
            Some(gate) => (Lines { bit: read(volts), gate: gate.on, ..at_rest() }, "v2"),
        };
        let lines = cell::started_lines(self.cell, &lines, victim.lrs, (&self.init, x), STILL);
        let wanted = Wanted { signals: vec![Signal::Current(source.to_owned())], ..Wanted::default() };
        let solution =
            context.definitions.bench(&lines)?.operating_point(&Overrides::default(), &wanted, context.watch)?;
        Ok(-solution.last(0) / volts)
    }
}
