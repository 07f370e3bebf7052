//! The array of a study as a deck: the user's cell at every crossing, lines biased by a scheme.
//!
//! Two forms of the same circuit. *Full*: every cell, line and wire segment, as a native array. *Reduced*: without
//! wires, lines that are biased alike and carry the same cells are at the same voltage, so that a class of n lines is
//! one node and the r c cells between two classes are one cell with multiplicity r c. That is exact for any cell,
//! nonlinear or not, as long as the symmetric solution is the one that is wanted (for passive cells it is the only one).

use std::fmt::Write as _;

pub use super::cell::Cell;
use super::pattern::{Classes, Pattern};
use super::scheme::{Drive, Scheme};
use super::{Arguments, Bench, Definitions, StudyError};

/// Tolerances of operating points: closed forms are met to 1e-6 and the two forms of an array to 1e-9 of each other.
pub const STILL: &str = ".options reltol=1e-9 vntol=1e-12 abstol=1e-18\n";

/// Tolerances of transients: a state that moves by 1e-4 in a pulse is known to a per mille of that or better.
pub const MOVING: &str = ".options reltol=1e-7 statetol=1e-11 vntol=1e-9 abstol=1e-15 trtol=1\n";

/// The same for a state that hardly moves: 1e-7 in a pulse.
pub const HARDLY_MOVING: &str = ".options reltol=1e-9 statetol=1e-14 vntol=1e-10 abstol=1e-16 trtol=1\n";

/// Name of the array instance in the full form.
pub const ARRAY: &str = "xa";

/// How the lines are supplied.
#[derive(Clone, Copy)]
pub struct Supply<'a> {
    /// The scheme.
    pub scheme: &'a Scheme,
    /// V of the scheme in V.
    pub volts: f64,
    /// Pull-up and load resistance in ohm.
    pub load: f64,
    /// The selected bit line ends in the load, so that its voltage can be sensed; else in a source, for its current.
    pub loaded: bool,
    /// Added to the level of the selected bit line, as a fraction of V: what a small change of its source does is
    /// what the cells do to it.
    pub nudge: f64,
    /// Output resistance of every driver in ohm.
    pub driver: f64,
    /// The source value at a level: `1.0`, or a waveform.
    pub wave: &'a dyn Fn(f64) -> String,
    /// Tolerances, [`STILL`] or [`MOVING`].
    pub options: &'static str,
}

/// Wires of the full form, per segment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Wires {
    /// Word line, in ohm.
    pub rwl: f64,
    /// Bit line, in ohm.
    pub rbl: f64,
    /// Word line, in F.
    pub cwl: f64,
    /// Bit line, in F.
    pub cbl: f64,
}

impl Wires {
    /// Do all cells of a line see the same voltage?
    #[must_use]
    pub fn is_ideal(&self) -> bool {
        self.rwl == 0.0 && self.rbl == 0.0
    }
}

/// Net of the selected word line.
pub const SELECTED_WL: &str = "w0";
/// Net of the selected bit line.
pub const SELECTED_BL: &str = "b0";
/// Ammeter of the selected cell in the reduced circuit.
pub const CELL_AMMETER: &str = "vcell";
/// Source behind the selected word line.
pub const WL_SOURCE: &str = "vw0";
/// Source behind the selected bit line.
pub const BL_SOURCE: &str = "vb0";

/// The lines that bias `count` parallel lines on one net; the name of its source is `v{net}`, when it has one.
fn bias(out: &mut String, net: &str, drive: Drive, count: usize, load: Option<f64>, supply: &Supply) {
    let Some(level) = drive.level() else { return };
    #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let count = count as f64;
    let pull = match drive {
        Drive::PullUp(_) => Some(supply.load),
        _ => None,
    };
    let series = load.or(pull).unwrap_or(0.0) + supply.driver;
    let wave = (supply.wave)(level * supply.volts);
    if series > 0.0 {
        let _ = writeln!(out, "v{net} {net}_s 0 {wave}\nr{net} {net}_s {net} {:?}", series / count);
    } else {
        let _ = writeln!(out, "v{net} {net} 0 {wave}");
    }
}

/// The selected bit line: sensed across the load, or by its source.
fn bias_selected(out: &mut String, supply: &Supply) {
    let level = supply.scheme.bl.level().unwrap_or(0.0) + supply.nudge;
    bias(out, SELECTED_WL, supply.scheme.wl, 1, None, supply);
    let load = if supply.loaded { supply.load } else { 0.0 };
    bias(out, SELECTED_BL, Drive::Level(level), 1, Some(load), supply);
}

/// Net of the gate lines of selected rows; its source is `v{net}`.
const OPEN_GATES: &str = "g0";
/// Net of all other gate lines.
const SHUT_GATES: &str = "g1";

/// The gate line of a row, where cells have gates.
fn gate_net(selected: bool, scheme: &Scheme) -> &'static str {
    if selected || scheme.takes_all_rows() { OPEN_GATES } else { SHUT_GATES }
}

/// Sources of the gate lines; a net without cells is left out.
fn bias_gates(out: &mut String, cell: &Cell, scheme: &Scheme) {
    let Some(gate) = cell.gate() else { return };
    let _ = writeln!(out, "v{OPEN_GATES} {OPEN_GATES} 0 {:?}", gate.on);
    if !scheme.takes_all_rows() {
        let _ = writeln!(out, "v{SHUT_GATES} {SHUT_GATES} 0 {:?}", gate.off);
    }
}

/// Names of the sources of [`bias_gates`].
fn gate_sources(cell: &Cell, scheme: &Scheme) -> impl Iterator<Item = String> {
    let nets = [Some(OPEN_GATES), (!scheme.takes_all_rows()).then_some(SHUT_GATES)];
    let nets = if cell.gate().is_some() { nets } else { [None, None] };
    nets.into_iter().flatten().map(|net| format!("v{net}"))
}

/// The reduced circuit: a node per class of lines, a cell per pair of classes. Sources are `vw0`, `vb0`, `vw1`, ..
#[must_use]
pub fn reduced_lines(cell: &Cell, classes: &Classes, selected_lrs: bool, supply: &Supply) -> String {
    let mut out = supply.options.to_owned();
    bias_selected(&mut out, supply);
    let _ = writeln!(out, "{CELL_AMMETER} {SELECTED_WL} wcell 0");
    for (i, &count) in classes.rows.iter().enumerate().skip(1) {
        bias(&mut out, &format!("w{i}"), supply.scheme.other_wl, count, None, supply);
    }
    for (j, &count) in classes.cols.iter().enumerate().skip(1) {
        bias(&mut out, &format!("b{j}"), supply.scheme.other_bl, count, None, supply);
    }
    bias_gates(&mut out, cell, supply.scheme);
    for (i, rows) in classes.rows.iter().enumerate() {
        for (j, cols) in classes.cols.iter().enumerate() {
            let lrs = if (i, j) == (0, 0) { selected_lrs } else { classes.lrs[i * classes.cols.len() + j] };
            #[allow(clippy::cast_precision_loss, reason = "a multiplicity is a number anyway")]
            let m = *rows as f64 * *cols as f64;
            let word_line = if (i, j) == (0, 0) { "wcell".to_owned() } else { format!("w{i}") };
            let nodes = cell.tied(&word_line, &format!("b{j}"), gate_net(i == 0, supply.scheme));
            let _ = writeln!(out, "xc{i}_{j} {nodes} {} m={m:?}{}", cell.name(), cell.set(lrs));
        }
    }
    out
}

/// Sources of the reduced circuit.
#[must_use]
pub fn reduced_sources(cell: &Cell, classes: &Classes, scheme: &Scheme) -> Vec<String> {
    let mut names = vec![WL_SOURCE.to_owned(), BL_SOURCE.to_owned()];
    if scheme.other_wl.level().is_some() {
        names.extend((1..classes.rows.len()).map(|i| format!("vw{i}")));
    }
    if scheme.other_bl.level().is_some() {
        names.extend((1..classes.cols.len()).map(|j| format!("vb{j}")));
    }
    names.extend(gate_sources(cell, scheme));
    names
}

/// An array in full: size and the place of the selected cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layout {
    /// Word lines.
    pub rows: usize,
    /// Bit lines.
    pub cols: usize,
    /// Selected cell.
    pub selected: (usize, usize),
    /// Wires.
    pub wires: Wires,
}

impl Layout {
    /// From the arguments `rows cols row col`; the default cell is the one farthest from drivers and sense end.
    ///
    /// # Errors
    /// A selected cell outside.
    pub fn of(arguments: &Arguments, wires: Wires) -> Result<Self, StudyError> {
        let rows = arguments.count("rows");
        let cols = arguments.count_if_given("cols").unwrap_or(rows);
        let chosen = (arguments.count_if_given("row"), arguments.count_if_given("col"));
        Self::select(rows, cols, chosen, wires)
    }

    /// An array with the given cell selected, the farthest one where a place is left open.
    ///
    /// # Errors
    /// A selected cell outside.
    pub fn select(
        rows: usize,
        cols: usize,
        (row, col): (Option<usize>, Option<usize>),
        wires: Wires,
    ) -> Result<Self, StudyError> {
        let selected = (row.unwrap_or(0), col.unwrap_or(cols - 1));
        if selected.0 >= rows || selected.1 >= cols {
            let (i, j) = selected;
            return Err(StudyError::request(format!("the cell ({i}, {j}) lies outside an array of {rows} x {cols}")));
        }
        Ok(Self { rows, cols, selected, wires })
    }

    /// The states of all cells, row-major; `lrs` is that of the selected one.
    ///
    /// # Errors
    /// A pattern of another shape.
    pub fn states(&self, pattern: &Pattern, lrs: bool) -> Result<Vec<bool>, StudyError> {
        let mut states = pattern.states(self.rows, self.cols, self.selected)?;
        states[self.selected.0 * self.cols + self.selected.1] = lrs;
        Ok(states)
    }
}

/// The full circuit: word lines driven from the left, bit lines from the bottom, cell states row-major.
///
/// # Errors
/// Lines that cannot be read, which would be a mistake in a name of the cell.
pub fn full(
    definitions: &Definitions,
    cell: &Cell,
    layout: &Layout,
    lrs: &[bool],
    supply: &Supply,
) -> Result<Bench, StudyError> {
    let Layout { rows, cols, selected, wires } = *layout;
    let mut out = supply.options.to_owned();
    bias_selected(&mut out, supply);
    let row_nets = nets(&mut out, "w", rows, selected.0, supply.scheme.other_wl, supply);
    let col_nets = nets(&mut out, "b", cols, selected.1, supply.scheme.other_bl, supply);
    bias_gates(&mut out, cell, supply.scheme);
    let gated = if cell.gate().is_some() { rows } else { 0 };
    let gates: Vec<&str> = (0..gated).map(|i| gate_net(i == selected.0, supply.scheme)).collect();
    let shares: Vec<f64> = lrs.iter().map(|&lrs| f64::from(u8::from(lrs))).collect();
    place(definitions, cell, out, (&row_nets, &col_nets, &gates), wires, &shares)
}

/// The array with every line on a source of its own, `vw{i}` and `vb{j}`, all with the same waveform. Cells start at a
/// share of the way from HRS to LRS, row-major. For cells without gates.
///
/// # Errors
/// As [`full`].
pub fn driven(
    definitions: &Definitions,
    cell: &Cell,
    layout: &Layout,
    shares: &[f64],
    (wave, driver, options): (&str, f64, &str),
) -> Result<Bench, StudyError> {
    let mut out = options.to_owned();
    let mut line = |net: String| {
        let _ = if driver > 0.0 {
            writeln!(out, "v{net} {net}_s 0 {wave}\nr{net} {net}_s {net} {driver:?}")
        } else {
            writeln!(out, "v{net} {net} 0 {wave}")
        };
        net
    };
    let row_nets: Vec<String> = (0..layout.rows).map(|i| line(format!("w{i}"))).collect();
    let col_nets: Vec<String> = (0..layout.cols).map(|j| line(format!("b{j}"))).collect();
    place(definitions, cell, out, (&row_nets, &col_nets, &[]), layout.wires, shares)
}

/// The array between these nets of its word, bit and gate lines.
fn place(
    definitions: &Definitions,
    cell: &Cell,
    mut out: String,
    (row_nets, col_nets, gates): (&[String], &[String], &[&str]),
    wires: Wires,
    shares: &[f64],
) -> Result<Bench, StudyError> {
    let (rows, cols) = (row_nets.len(), col_nets.len());
    let _ = write!(out, ".xbar study_array {rows} {cols} cell={}({})", cell.name(), cell.lines());
    for (key, value) in [("rwl", wires.rwl), ("rbl", wires.rbl), ("cwl", wires.cwl), ("cbl", wires.cbl)] {
        if value > 0.0 {
            let _ = write!(out, " {key}={value:?}");
        }
    }
    let drawn = definitions.run().is_some();
    let path = |k: usize| format!("{ARRAY}.c_{}_{}", k / cols, k % cols);
    let paths: Vec<String> = if drawn { (0..rows * cols).map(path).collect() } else { Vec::new() };
    let matrices = cell.matrices(definitions, &paths, shares)?;
    for (name, _) in &matrices {
        let _ = write!(out, " {name}=file(\"study:{name}\")");
    }
    let _ = writeln!(out, "\n{ARRAY} {} {} {} study_array", row_nets.join(" "), col_nets.join(" "), gates.join(" "));
    let mut bench = definitions.bench(&out)?;
    for (name, values) in matrices {
        bench = bench.with_matrix(&format!("study:{name}"), rows, cols, values);
    }
    Ok(bench)
}

/// The net of every line of a kind: lines on one ideal source share it, all others have their own.
fn nets(out: &mut String, kind: &str, count: usize, selected: usize, drive: Drive, supply: &Supply) -> Vec<String> {
    let shared = matches!(drive, Drive::Level(_)) && supply.driver == 0.0;
    if shared && count > 1 {
        bias(out, &format!("{kind}1"), drive, 1, None, supply);
    }
    (0..count)
        .map(|k| match k {
            k if k == selected => format!("{kind}0"),
            _ if shared => format!("{kind}1"),
            k => {
                let net = format!("{kind}o{k}");
                bias(out, &net, drive, 1, None, supply);
                net
            }
        })
        .collect()
}

/// Sources of the full circuit.
#[must_use]
pub fn full_sources(cell: &Cell, layout: &Layout, supply: &Supply) -> Vec<String> {
    let mut names = vec![WL_SOURCE.to_owned(), BL_SOURCE.to_owned()];
    let kinds = [
        ("w", layout.rows, layout.selected.0, supply.scheme.other_wl),
        ("b", layout.cols, layout.selected.1, supply.scheme.other_bl),
    ];
    for (kind, count, selected, drive) in kinds {
        match drive {
            Drive::Float => {}
            Drive::Level(_) if supply.driver == 0.0 => names.extend((count > 1).then(|| format!("v{kind}1"))),
            _ => names.extend((0..count).filter(|&k| k != selected).map(|k| format!("v{kind}o{k}"))),
        }
    }
    names.extend(gate_sources(cell, supply.scheme));
    names
}
