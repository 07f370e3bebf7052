//! Reading one cell of an array: what the sense end sees, in full or by symmetry.

use super::array::{self, ARRAY, BL_SOURCE, CELL_AMMETER, Cell, Layout, SELECTED_BL, SELECTED_WL, Supply, Wires};
use super::bench::Wanted;
use super::pattern::Pattern;
use super::scheme::Scheme;
use super::{Arguments, Context, StudyError};
use crate::plan::{Overrides, Signal, Snapshot};
use crate::result::Stats;

/// Memory of one cell of a full array in bytes, line nodes and factors included; estimated for two-terminal cells.
const CELL_BYTES: f64 = 3000.0;

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
        let Alone { lrs, hrs, half } = self.alone;
        let mut out = vec![format!(
            "one cell alone at {} V: {lrs:.4e} A in LRS, {hrs:.4e} A in HRS, NL = I(V)/I(V/2) = {:.4}",
            self.volts,
            lrs / half
        )];
        if (lrs / hrs - 1.0).abs() < 0.1 {
            out.push(format!(
                "both states carry nearly the same current at {} V: the selector does not turn on, or the states are \
                 the same; raise vread",
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

    fn supply<'a>(&self, scheme: &'a Scheme, loaded: bool, wave: &'a dyn Fn(f64) -> String) -> Supply<'a> {
        let options = array::STILL;
        Supply { scheme, volts: self.volts, load: self.load, loaded, driver: self.driver, wave, options }
    }

    /// Reads by symmetry; `None` when the pattern has no classes of like lines.
    pub fn by_symmetry(
        &self,
        context: &Context,
        scheme: &Scheme,
        loaded: bool,
        (rows, cols): (usize, usize),
        pattern: &Pattern,
        lrs: bool,
    ) -> Option<Result<Reading, StudyError>> {
        let classes = pattern.classes(rows, cols)?;
        let supply = self.supply(scheme, loaded, &level);
        let lines = array::reduced_lines(&self.cell, &classes, lrs, &supply);
        let sources = array::reduced_sources(&classes, scheme);
        let cell = [
            Signal::Voltage(SELECTED_WL.to_owned()),
            Signal::Voltage(SELECTED_BL.to_owned()),
            Signal::Current(CELL_AMMETER.to_owned()),
        ];
        let bench = context.definitions.bench(&lines);
        Some(bench.and_then(|bench| solve(context, &bench, scheme, &sources, cell)))
    }

    /// Reads in full.
    ///
    /// # Errors
    /// An array beyond memory, a pattern of another shape, non-convergence.
    pub fn in_full(
        &self,
        context: &Context,
        scheme: &Scheme,
        loaded: bool,
        layout: &Layout,
        pattern: &Pattern,
        lrs: bool,
    ) -> Result<Reading, StudyError> {
        let Layout { rows, cols, selected, .. } = *layout;
        fits(rows, cols)?;
        let mut states = pattern.states(rows, cols, selected)?;
        states[selected.0 * cols + selected.1] = lrs;
        let supply = self.supply(scheme, loaded, &level);
        let bench = array::full(context.definitions, &self.cell, layout, &states, &supply)?;
        let sources = array::full_sources(layout, &supply);
        let (i, j) = selected;
        let cell = [
            Signal::Voltage(format!("{ARRAY}.wl_{i}_{j}")),
            Signal::Voltage(format!("{ARRAY}.bl_{i}_{j}")),
            Signal::Current(format!("{ARRAY}.c_{i}_{j}")),
        ];
        solve(context, &bench, scheme, &sources, cell)
    }
}

/// All cells of a biased array, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct CellMaps {
    /// V, word line minus bit line.
    pub voltage: Vec<f64>,
    /// A from word line to bit line.
    pub current: Vec<f64>,
    /// W.
    pub power: Vec<f64>,
    /// Counters.
    pub stats: Stats,
}

impl Reader<'_> {
    /// Voltage, current and power of every cell; the pattern holds for the selected cell too.
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
        fits(layout.rows, layout.cols)?;
        let states = pattern.states(layout.rows, layout.cols, layout.selected)?;
        let supply = self.supply(scheme, false, &level);
        let bench = array::full(context.definitions, &self.cell, layout, &states, &supply)?;
        let snapshot = Snapshot {
            array: ARRAY.to_owned(),
            quantities: ["v", "i", "p"].map(str::to_owned).to_vec(),
            at: Vec::new(),
            at_end: true,
            file: None,
            state_file: None,
        };
        let wanted = Wanted { snapshots: vec![snapshot], ..Wanted::default() };
        let solution = bench.operating_point(&Overrides::default(), &wanted, context.watch)?;
        let matrix = |name: &str| solution.matrix(name).map(<[f64]>::to_vec).unwrap_or_default();
        let (voltage, current, power) = (matrix("v"), matrix("i"), matrix("p"));
        Ok(CellMaps { voltage, current, power, stats: solution.stats })
    }
}

/// A constant source.
fn level(volts: f64) -> String {
    format!("{volts:?}")
}

/// Refuses what cannot fit, before it is tried.
///
/// # Errors
/// In plain words with the numbers.
pub fn fits(rows: usize, cols: usize) -> Result<(), StudyError> {
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    let bytes = CELL_BYTES * rows as f64 * cols as f64;
    let free = crate::elaborate::array::spec::free_memory().unwrap_or(f64::INFINITY);
    if bytes <= free {
        return Ok(());
    }
    Err(StudyError::request(format!(
        "an array of {rows} x {cols} cells with wires needs about {:.1} GB, and {:.1} GB are free; without wire \
         resistance any size is solved by symmetry",
        bytes / 1e9,
        free / 1e9
    )))
}

fn solve(
    context: &Context,
    bench: &super::Bench,
    scheme: &Scheme,
    sources: &[String],
    cell: [Signal; 3],
) -> Result<Reading, StudyError> {
    let mut signals = vec![Signal::Voltage(SELECTED_BL.to_owned()), Signal::Current(BL_SOURCE.to_owned())];
    signals.extend(cell);
    let before = signals.len();
    signals.extend(sources.iter().map(|name| Signal::Power(name.clone())));
    let wanted = Wanted { signals, ..Wanted::default() };
    let solution = bench.operating_point(&Overrides::default(), &wanted, context.watch)?;
    let power = -(before..before + sources.len()).map(|k| solution.last(k)).sum::<f64>();
    let sign = scheme.sign();
    Ok(Reading {
        voltage: solution.last(0),
        current: sign * solution.last(1),
        cell: sign * (solution.last(2) - solution.last(3)),
        through: sign * solution.last(4),
        power,
        stats: solution.stats,
    })
}

impl Alone {
    fn measure(context: &Context, cell: &Cell, volts: f64) -> Result<Self, StudyError> {
        let current = |volts: f64, lrs: bool| {
            let lines = array::single_lines(cell, volts, lrs);
            let wanted = Wanted { signals: vec![Signal::Current("v1".to_owned())], ..Wanted::default() };
            let bench = context.definitions.bench(&lines)?;
            let solution = bench.operating_point(&Overrides::default(), &wanted, context.watch)?;
            Ok::<f64, StudyError>(-solution.last(0))
        };
        Ok(Self { lrs: current(volts, true)?, hrs: current(volts, false)?, half: current(0.5 * volts, true)? })
    }
}
