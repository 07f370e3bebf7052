//! Reading one cell of an array: what the sense end sees, in full or by symmetry.

use super::array::{self, ARRAY, BL_SOURCE, CELL_AMMETER, Layout, SELECTED_BL, SELECTED_WL, Supply, Wires};
use super::bench::Wanted;
use super::cell::{self, Cell};
use super::memory::{self, fits};
use super::pattern::{Classes, Pattern};
use super::scheme::Scheme;
use super::{Arguments, Context, Definitions, Solution, StudyError};
use crate::plan::{Overrides, Signal, Snapshot};
use crate::result::Stats;

/// Everything about a read but the size, the scheme and the data.
#[derive(Debug, Clone)]
pub struct Reader<'d> {
    /// The cell.
    pub cell: Cell<'d>,
    /// Read voltage in V.
    pub volts: f64,
    /// Pull-up or load in ohm.
    pub load: f64,
    /// Driver resistance in ohm.
    pub driver: f64,
    /// Wires.
    pub wires: Wires,
    /// The cell alone at the read voltage.
    pub alone: Alone,
}

/// The cell between two ideal sources.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alone {
    /// A through the LRS cell at V.
    pub lrs: f64,
    /// A through the HRS cell at V.
    pub hrs: f64,
    /// A through the LRS cell at V/2.
    pub half: f64,
    /// Memory of a cell in a full array, in bytes; estimated.
    pub bytes: f64,
    /// V from which the states can be told apart, where they cannot at the read voltage.
    pub apart: Option<f64>,
}

/// States whose currents differ by less than this share are the same to a reader.
const ALIKE: f64 = 0.1;
/// Where they are, the voltage from which they differ is looked for up to this many times the one in use,
const FARTHEST: f64 = 5.0;
/// in so many steps.
const STEPS: usize = 100;

/// How the lines are biased and the bit line is sensed.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The scheme.
    pub scheme: &'a Scheme,
    /// The selected bit line ends in the load, for its voltage; else in its source, for its current.
    pub loaded: bool,
    /// Added to the source of the selected bit line, as a fraction of V.
    pub nudge: f64,
}

/// What a read shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// V at the end of the selected bit line.
    pub voltage: f64,
    /// A out of the selected bit line, positive in the direction of the scheme.
    pub current: f64,
    /// V at the selected cell, positive in the direction of the scheme.
    pub cell: f64,
    /// A through the selected cell, positive in the direction of the scheme.
    pub through: f64,
    /// W delivered by all sources.
    pub power: f64,
    /// Counters.
    pub stats: Stats,
}

impl<'d> Reader<'d> {
    /// From the arguments `lrs hrs vread rpu rdriver rwire rwl rbl`.
    ///
    /// # Errors
    /// A cell that cannot be used, or that carries no current at the read voltage.
    pub fn of(context: &Context<'d>, arguments: &'d Arguments) -> Result<Self, StudyError> {
        Self::at(context, arguments, arguments.number("vread"))
    }

    /// The same at another voltage than `vread`.
    ///
    /// # Errors
    /// As [`Reader::of`].
    pub fn at(context: &Context<'d>, arguments: &'d Arguments, volts: f64) -> Result<Self, StudyError> {
        let cell = Cell::of(context.definitions, arguments)?;
        let alone = Alone::measure(context, &cell, volts)?;
        let load = arguments.number_if_given("rpu").unwrap_or(volts / alone.lrs);
        if !(load.is_finite() && load > 0.0) {
            return Err(StudyError::request(format!(
                "the LRS cell carries {:.3e} A at {volts} V, which gives no pull-up resistance; set rpu=",
                alone.lrs
            )));
        }
        let rwire = arguments.number("rwire");
        let line = |name: &str| arguments.number_if_given(name).unwrap_or(rwire);
        let wires = Wires { rwl: line("rwl"), rbl: line("rbl"), ..Wires::default() };
        Ok(Self { cell, volts, load, driver: arguments.number("rdriver"), wires, alone })
    }

    /// What a reader should know about the cell at this voltage.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let Alone { lrs, hrs, half, .. } = self.alone;
        let mut out = vec![format!(
            "one cell alone at {} V: {lrs:.4e} A in LRS, {hrs:.4e} A in HRS, NL = I(V)/I(V/2) = {:.4}",
            self.volts,
            lrs / half
        )];
        if (lrs / hrs - 1.0).abs() < ALIKE {
            let from = self.alone.apart.map_or_else(
                || format!("nor do they up to {} V", FARTHEST * self.volts),
                |v| format!("they differ by 10 % from {v:.3} V on: raise the voltage"),
            );
            out.push(format!(
                "at {} V both states carry nearly the same current, {lrs:.4e} A and {hrs:.4e} A: the selector does not turn \
                 on, or the states are the same; {from}",
                self.volts
            ));
        }
        out
    }

    /// Are lines that carry the same data alike? Wires tell them apart, and so do random cells.
    #[must_use]
    pub fn is_symmetric(&self, context: &Context) -> bool {
        self.wires.is_ideal() && context.definitions.run().is_none()
    }

    fn supply<'a>(&self, ask: &Ask<'a>, wave: &'a dyn Fn(f64) -> String) -> Supply<'a> {
        let Ask { scheme, loaded, nudge } = *ask;
        let options = array::STILL;
        Supply { scheme, volts: self.volts, load: self.load, loaded, nudge, driver: self.driver, wave, options }
    }

    /// Reads by symmetry. The voltages are those of the pairs of classes, row-major.
    ///
    /// # Errors
    /// Non-convergence.
    pub fn by_symmetry(
        &self,
        context: &Context,
        ask: &Ask,
        classes: &Classes,
        lrs: bool,
    ) -> Result<(Reading, Vec<f64>), StudyError> {
        let lines = array::reduced_lines(&self.cell, classes, lrs, &self.supply(ask, &level));
        let mut wanted = Wanted {
            signals: probes([
                Signal::Voltage(SELECTED_WL.to_owned()),
                Signal::Voltage(SELECTED_BL.to_owned()),
                Signal::Current(CELL_AMMETER.to_owned()),
            ]),
            ..Wanted::default()
        };
        let nets = |kind: char, count: usize| (0..count).map(move |k| Signal::Voltage(format!("{kind}{k}")));
        wanted.signals.extend(nets('w', classes.rows.len()).chain(nets('b', classes.cols.len())));
        let bench = context.definitions.bench(&lines)?;
        let sources = array::reduced_sources(&self.cell, classes, ask.scheme);
        let (reading, solution) = solve(context, &bench, ask.scheme, &sources, wanted, &mut Vec::new())?;
        let (rows, cols) = (0..classes.rows.len(), 0..classes.cols.len());
        let across = |i: usize, j: usize| solution.last(PROBES + i) - solution.last(PROBES + classes.rows.len() + j);
        let voltages = rows.flat_map(|i| cols.clone().map(move |j| (i, j))).map(|(i, j)| across(i, j)).collect();
        Ok((reading, voltages))
    }

    /// Reads in full; `states` row-major, the selected cell's own included. `near` is the solution of a read of the same
    /// array in other states, where the search for this one starts; this one replaces it. Without one Monte Carlo runs start
    /// from the nominal array.
    ///
    /// # Errors
    /// An array beyond memory, non-convergence.
    pub fn in_full(
        &self,
        context: &Context,
        ask: &Ask,
        layout: &Layout,
        states: &[bool],
        near: &mut Vec<f64>,
    ) -> Result<Reading, StudyError> {
        self.whole(context, ask, layout, states, near, &[]).map(|(reading, _)| reading)
    }

    /// The same with the voltages of all cells, row-major.
    ///
    /// # Errors
    /// As [`Reader::in_full`].
    pub fn with_voltages(
        &self,
        context: &Context,
        ask: &Ask,
        layout: &Layout,
        states: &[bool],
        near: &mut Vec<f64>,
    ) -> Result<(Reading, Vec<f64>), StudyError> {
        let (reading, solution) = self.whole(context, ask, layout, states, near, &["v"])?;
        let voltages = solution.matrix("v").map(<[f64]>::to_vec).unwrap_or_default();
        Ok((reading, voltages))
    }

    fn whole(
        &self,
        context: &Context,
        ask: &Ask,
        layout: &Layout,
        states: &[bool],
        near: &mut Vec<f64>,
        quantities: &[&str],
    ) -> Result<(Reading, Solution), StudyError> {
        fits(layout.rows, layout.cols, self.alone.bytes)?;
        let bench = |definitions: &Definitions| {
            let supply = self.supply(ask, &level);
            array::full(definitions, &self.cell, layout, states, &supply)
        };
        if near.is_empty() && context.definitions.run().is_some() {
            let start = context.definitions.of_nominal(&self.key(ask, layout, states), |nominal| {
                let mut found = Vec::new();
                let wanted = Wanted { signals: vec![Signal::Current(BL_SOURCE.to_owned())], ..Wanted::default() };
                bench(nominal)?.operating_point_near(&mut found, &wanted, context.watch)?;
                Ok(found)
            })?;
            near.clone_from(&start);
        }
        let sources = array::full_sources(&self.cell, layout, &self.supply(ask, &level));
        let (i, j) = layout.selected;
        let signals = probes([
            Signal::Voltage(format!("{ARRAY}.wl_{i}_{j}")),
            Signal::Voltage(format!("{ARRAY}.bl_{i}_{j}")),
            Signal::Current(format!("{ARRAY}.c_{i}_{j}")),
        ]);
        let snapshots = if quantities.is_empty() { Vec::new() } else { vec![snapshot(quantities)] };
        solve(context, &bench(context.definitions)?, ask.scheme, &sources, Wanted { signals, snapshots }, near)
    }

    /// What tells one full read from another.
    fn key(&self, ask: &Ask, layout: &Layout, states: &[bool]) -> String {
        let bits: String = states.chunks(4).map(nibble).collect();
        let Self { volts, load, driver, .. } = self;
        format!("{} {ask:?} {layout:?} {volts:?} {load:?} {driver:?} {bits}", self.cell.name())
    }
}

/// Four states as one hexadecimal digit.
fn nibble(states: &[bool]) -> char {
    let digit = states.iter().fold(0, |all, lrs| 2 * all + u32::from(*lrs));
    char::from_digit(digit, 16).unwrap_or('0')
}

/// Matrices of the array at the operating point.
fn snapshot(quantities: &[&str]) -> Snapshot {
    Snapshot {
        array: ARRAY.to_owned(),
        quantities: quantities.iter().map(|q| (*q).to_owned()).collect(),
        at: Vec::new(),
        at_end: true,
        file: None,
        state_file: None,
    }
}

/// All cells of a biased array, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct CellMaps {
    /// Data: true = LRS.
    pub lrs: Vec<bool>,
    /// V, word line minus bit line.
    pub voltage: Vec<f64>,
    /// A from word line to bit line.
    pub current: Vec<f64>,
    /// W.
    pub power: Vec<f64>,
    /// States of the cells' devices, by name.
    pub states: Vec<(String, Vec<f64>)>,
    /// Counters.
    pub stats: Stats,
}

impl Reader<'_> {
    /// Voltage, current, power and states of every cell; the pattern holds for the selected cell too.
    ///
    /// # Errors
    /// As [`Reader::in_full`].
    pub fn cells(
        &self,
        context: &Context,
        scheme: &Scheme,
        layout: &Layout,
        pattern: &Pattern,
    ) -> Result<CellMaps, StudyError> {
        fits(layout.rows, layout.cols, self.alone.bytes)?;
        let lrs = pattern.states(layout.rows, layout.cols, layout.selected)?;
        let supply = self.supply(&Ask { scheme, loaded: false, nudge: 0.0 }, &level);
        let bench = array::full(context.definitions, &self.cell, layout, &lrs, &supply)?;
        let names = self.states(context)?;
        let quantities: Vec<&str> = ["v", "i", "p"].into_iter().chain(names.iter().map(String::as_str)).collect();
        let wanted = Wanted { snapshots: vec![snapshot(&quantities)], ..Wanted::default() };
        let solution = bench.operating_point(&Overrides::default(), &wanted, context.watch)?;
        let matrix = |name: &str| solution.matrix(name).map(<[f64]>::to_vec).unwrap_or_default();
        let (voltage, current, power) = (matrix("v"), matrix("i"), matrix("p"));
        let states = names.into_iter().map(|name| (matrix(&name), name)).map(|(values, name)| (name, values)).collect();
        Ok(CellMaps { lrs, voltage, current, power, states, stats: solution.stats })
    }

    /// Names of the states that the devices of the cell have: `x`, `s`.
    fn states(&self, context: &Context) -> Result<Vec<String>, StudyError> {
        let built = context
            .definitions
            .bench(&cell::single_lines(&self.cell, self.volts, true))?
            .build(&Overrides::default())?;
        let mut names = Vec::new();
        for group in &built.circuit.groups {
            let states = group.card().internals.iter().filter(|i| !matches!(i.unit, "A" | "V"));
            names.extend(states.map(|i| i.name.to_owned()).filter(|name| !names.contains(name)).collect::<Vec<_>>());
        }
        Ok(names)
    }
}

/// A constant source.
fn level(volts: f64) -> String {
    format!("{volts:?}")
}

/// Number of signals before those of the powers and of the study.
const PROBES: usize = 5;

/// Voltage and current of the selected bit line, then the word line, the bit line and the current of the selected cell.
fn probes(cell: [Signal; 3]) -> Vec<Signal> {
    let mut signals = vec![Signal::Voltage(SELECTED_BL.to_owned()), Signal::Current(BL_SOURCE.to_owned())];
    signals.extend(cell);
    signals
}

/// Solves for the signals of [`probes`], more of the study's own behind them, and the power of the sources.
fn solve(
    context: &Context,
    bench: &super::Bench,
    scheme: &Scheme,
    sources: &[String],
    mut wanted: Wanted,
    near: &mut Vec<f64>,
) -> Result<(Reading, Solution), StudyError> {
    let before = wanted.signals.len();
    wanted.signals.extend(sources.iter().map(|name| Signal::Power(name.clone())));
    let solution = bench.operating_point_near(near, &wanted, context.watch)?;
    let power = -(before..before + sources.len()).map(|k| solution.last(k)).sum::<f64>();
    let sign = scheme.sign();
    let reading = Reading {
        voltage: solution.last(0),
        current: sign * solution.last(1),
        cell: sign * (solution.last(2) - solution.last(3)),
        through: sign * solution.last(4),
        power,
        stats: solution.stats.clone(),
    };
    Ok((reading, solution))
}

impl Alone {
    /// Of the nominal cell.
    fn measure(context: &Context, cell: &Cell, volts: f64) -> Result<Self, StudyError> {
        let key = format!("alone {} {volts:?}", cell.name());
        let found = context.definitions.of_nominal(&key, |definitions| {
            let wanted = || Wanted { signals: vec![Signal::Current("v1".to_owned())], ..Wanted::default() };
            let current = |(volts, lrs): (f64, bool)| {
                let bench = definitions.bench(&cell::single_lines(cell, volts, lrs))?;
                let solution = bench.operating_point(&Overrides::default(), &wanted(), context.watch)?;
                Ok::<f64, StudyError>(-solution.last(0))
            };
            let points = [(volts, true), (volts, false), (0.5 * volts, true)];
            let mut found = points.into_iter().map(current).collect::<Result<Vec<f64>, _>>()?;
            found.push(memory::of_cell(definitions, cell)?);
            if (found[0] / found[1] - 1.0).abs() < ALIKE {
                #[allow(clippy::cast_precision_loss, reason = "few steps")]
                let grid: Vec<f64> = (1..=STEPS).map(|k| FARTHEST * volts * k as f64 / STEPS as f64).collect();
                let curve = |lrs: bool| {
                    let bench = definitions.bench(&cell::single_lines(cell, 0.0, lrs))?;
                    Ok::<_, StudyError>(
                        bench.sweep("v1", grid.clone(), &wanted(), context.watch)?.values.swap_remove(0),
                    )
                };
                // what happens far above the voltage in use is a hint, and may fail
                if let (Ok(low), Ok(high)) = (curve(true), curve(false)) {
                    let apart = |k: &usize| (low[*k] / high[*k] - 1.0).abs() >= ALIKE;
                    found.extend((0..STEPS).find(apart).map(|k| grid[k]));
                }
            }
            Ok(found)
        })?;
        Ok(Self { lrs: found[0], hrs: found[1], half: found[2], bytes: found[3], apart: found.get(4).copied() })
    }
}
