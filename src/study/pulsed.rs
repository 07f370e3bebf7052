//! An array under one rectangular pulse of its scheme, from rest: what `energy` and `settle` share.

use super::array::{self, Layout, Supply, Wires};
use super::bench::{Bench, Wanted};
use super::memory::fits;
use super::read::Reader;
use super::scheme::{Drive, Scheme};
use super::{Argument, Arguments, Context, Fallback, Kind, Solution, StudyError, words};
use crate::plan::{Overrides, Signal, Tran};

/// Capacitance of the word lines.
pub const CWL: Argument =
    Argument { name: "cwl", fallback: Fallback::Absent, text: "The same of word lines only.", ..words::CWIRE };
/// Capacitance of the bit lines.
pub const CBL: Argument =
    Argument { name: "cbl", fallback: Fallback::Absent, text: "The same of bit lines only.", ..words::CWIRE };
/// Capacitance of the lines.
pub const CAPACITANCES: &[Argument] = &[words::CWIRE, CWL, CBL];
/// Rise and fall time.
pub const EDGE: Argument = Argument {
    name: "edge",
    kind: Kind::Number { low: 1e-18, high: 1e6 },
    unit: "s",
    fallback: Fallback::Is("1n"),
    text: "Rise and fall time of every driver.",
};

/// Wires with capacitance, from `cwire cwl cbl` and the resistances of the reader.
#[must_use]
pub fn wires(reader: &Reader, arguments: &Arguments) -> Wires {
    let both = arguments.number("cwire");
    let line = |name: &str| arguments.number_if_given(name).unwrap_or(both);
    Wires { cwl: line("cwl"), cbl: line("cbl"), ..reader.wires }
}

/// One array, one scheme, one selected state.
pub struct Pulsed<'a> {
    /// Cell, voltage, load and driver.
    pub reader: &'a Reader<'a>,
    /// Scheme.
    pub scheme: &'a Scheme,
    /// Size, place and wires.
    pub layout: Layout,
    /// States, row-major, the selected cell's own included.
    pub lrs: &'a [bool],
}

/// A resistor between a source and its line.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// Share of the driver in its resistance; the rest is pull-up or load.
    pub driver: f64,
}

impl<'a> Pulsed<'a> {
    /// The circuit with a waveform on every source.
    ///
    /// # Errors
    /// An array beyond memory, a cell that cannot be built.
    pub fn bench(
        &self,
        context: &Context,
        wave: &dyn Fn(f64) -> String,
        options: &'static str,
    ) -> Result<Bench, StudyError> {
        fits(self.layout.rows, self.layout.cols, self.reader.alone.bytes)?;
        let supply = self.supply(wave, options);
        array::full(context.definitions, &self.reader.cell, &self.layout, self.lrs, &supply)
    }

    fn supply<'b>(&'b self, wave: &'b dyn Fn(f64) -> String, options: &'static str) -> Supply<'b> {
        let Reader { volts, load, driver, .. } = *self.reader;
        let (loaded, nudge) = (self.scheme.senses_voltage(), 0.0);
        Supply { scheme: self.scheme, volts, load, loaded, nudge, driver, wave, options }
    }

    /// Names of all sources.
    #[must_use]
    pub fn sources(&self) -> Vec<String> {
        array::full_sources(&self.reader.cell, &self.layout, &self.supply(&constant, array::STILL))
    }

    /// Resistors between sources and lines.
    #[must_use]
    pub fn series(&self) -> Vec<Series> {
        let pull = |drive: Drive| if matches!(drive, Drive::PullUp(_)) { self.reader.load } else { 0.0 };
        let driver = self.reader.driver;
        let behind = |source: &str| match source {
            array::WL_SOURCE => pull(self.scheme.wl),
            array::BL_SOURCE => pull(self.scheme.bl),
            other if other.starts_with("vw") => pull(self.scheme.other_wl),
            _ => pull(self.scheme.other_bl),
        };
        let lines = |source: &&String| !source.starts_with("vg");
        let resistor = |source: &String| {
            let all = driver + behind(source);
            (all > 0.0).then(|| Series { name: source.replacen('v', "r", 1), driver: driver / all })
        };
        self.sources().iter().filter(lines).filter_map(resistor).collect()
    }

    /// The sensed signal: the voltage of a pulled-up bit line, else the current out of the selected one.
    #[must_use]
    pub fn sensed(&self) -> Signal {
        if self.scheme.senses_voltage() {
            Signal::Voltage(array::SELECTED_BL.to_owned())
        } else {
            Signal::Current(array::BL_SOURCE.to_owned())
        }
    }

    /// The operating point with all sources on, memory states held.
    ///
    /// # Errors
    /// Non-convergence.
    pub fn still(&self, context: &Context, signals: Vec<Signal>) -> Result<Solution, StudyError> {
        let wanted = Wanted { signals, ..Wanted::default() };
        self.bench(context, &constant, array::STILL)?.operating_point(&Overrides::default(), &wanted, context.watch)
    }

    /// A transient from rest.
    ///
    /// # Errors
    /// Non-convergence.
    pub fn moving(
        &self,
        context: &Context,
        wave: &dyn Fn(f64) -> String,
        options: &'static str,
        tran: Tran,
        wanted: &Wanted,
    ) -> Result<Solution, StudyError> {
        self.bench(context, wave, options)?.transient(tran, &Overrides::default(), wanted, context.watch)
    }
}

fn constant(volts: f64) -> String {
    format!("{volts:?}")
}
