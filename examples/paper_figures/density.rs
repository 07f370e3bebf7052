//! C: array size under one-bit-line pull-up. Deck `density_pullup`, study `density`.

use std::path::Path;

use sneakpath::netlist::{self, ReadOptions};
use sneakpath::output::report::figures;
use sneakpath::result::report::{Grid, Report};
use sneakpath::study::density::circuit::{Bias, Cells, Solver};
use sneakpath::study::density::lumped::{Reading, Scheme};
use sneakpath::study::density::{Question, answer};
use sneakpath::study::{Context, Definitions, Unwatched};

use crate::deck;
use crate::report::{Findings, Label, Row, around, number, within};

const SCHEME: Scheme = Scheme { lrs: 70e3, on_off: 1e4, pull_up: 70e3, selectivity: 1e5 };
const CLAIM: f64 = 5.7e9;

/// Runs the study and the decks.
///
/// # Errors
/// A circuit that does not converge.
pub fn run() -> Result<Findings, String> {
    let definitions = definitions()?;
    let context = Context { definitions: &definitions, watch: &Unwatched };
    let question = Question {
        scheme: SCHEME,
        margin: 0.1,
        claim: CLAIM,
        wires: vec![0.0, 0.01, 0.1, 1.0, 2.0, 5.0, 10.0],
        sizes: vec![8, 16],
        supplies: vec![0.7, 1.4],
        read: 0.7,
    };
    let report = answer(&question, &context).map_err(|e| e.to_string())?;
    if let Some(failure) = report.failures.first() {
        return Err(failure.clone());
    }
    let mut found = Findings::default();
    readings(&mut found);
    circuits(&mut found, &report)?;
    nonlinear(&mut found, &report, &definitions)?;
    notes(&mut found, &report);
    found.pictures.extend(figures(&report).into_iter().map(|(name, data)| (format!("density_{name}"), data)));
    Ok(found)
}

fn definitions() -> Result<Definitions, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("netlists/papers/density_pullup.cir");
    let (deck, said) = netlist::parse(&path, &ReadOptions::default());
    if sneakpath::diag::has_errors(&said) {
        return Err(format!("{said:?}"));
    }
    Ok(Definitions::of(&deck, &[]))
}

/// What the printed number can mean.
fn readings(found: &mut Findings) {
    let gbit = |reading, margin| SCHEME.size(margin, reading).map_or(f64::NAN, |n| n.floor().powi(2) / 1e9);
    let mut row = |name: &str, what: &str, value: f64, published: Option<f64>, band: (f64, f64), label: Label| {
        found.rows.push(Row::new(name, what, value, published, band, label));
    };
    let open = Label::Undetermined;
    // the acceptance is 1e-4 of N, so 2e-4 of the bits
    let literal = gbit(Reading::Literal, 0.1);
    row(
        "density_gbit_literal",
        "formula, S a ratio of currents (Gbit)",
        literal,
        Some(5.7),
        within(28.9464, 2e-4),
        open,
    );
    let needed = SCHEME.required(CLAIM, 0.1, Reading::Literal).unwrap_or(f64::NAN);
    row("selectivity_for_5p7gbit", "selectivity that gives 5.7 Gbit", needed, Some(1e5), within(4.437e4, 2e-4), open);
    let resistance = gbit(Reading::Resistance, 0.1);
    row(
        "density_gbit_resistance",
        "formula, S a ratio of resistances (Gbit)",
        resistance,
        Some(5.7),
        within(115.784, 2e-4),
        open,
    );
    let group = gbit(Reading::OneGroup, 0.1);
    row(
        "density_gbit_one_group",
        "formula, one half-selected group (Gbit)",
        group,
        Some(5.7),
        within(7.2367, 2e-4),
        open,
    );
    let strict = gbit(Reading::Literal, 0.2);
    row("density_gbit_margin_20", "formula, 20 % margin (Gbit)", strict, Some(5.7), within(6.2589, 2e-4), open);
}

/// Small arrays with all their cells, and large ones with their wires.
fn circuits(found: &mut Findings, report: &Report) -> Result<(), String> {
    let levels = deck::run("density_pullup.cir", &[])?;
    let level = |k: usize| levels.get(k).ok_or("density_pullup has two steps")?.measure("level");
    let exact = Label::Exact;
    let margin = level(1)? - level(0)?;
    found.rows.push(Row::new(
        "density_margin_8",
        "8 x 8 circuit, 1 ohm",
        margin,
        None,
        around(0.499_793_9, 1e-5),
        exact,
    ));
    let table = grid(report, "circuits")?;
    let apart = |a: &str, b: &str| -> Result<f64, String> {
        let (a, b) = (numbers(table, a)?, numbers(table, b)?);
        Ok(a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max))
    };
    let worst = apart("circuit", "two_ladders")?;
    found.rows.push(Row::new(
        "density_ladders",
        "circuit - two ladders, 8 and 16 lines",
        worst,
        None,
        (0.0, 1e-6),
        exact,
    ));
    let wires = grid(report, "wires")?;
    let (ohm, gbit) = (numbers(wires, "rwire")?, numbers(wires, "gbit")?);
    for (name, wire, reference) in [("density_gbit_r1", 1.0, 2.6398), ("density_gbit_r10", 10.0, 0.187_94)] {
        let value = ohm.iter().position(|r| *r == wire).map_or(f64::NAN, |k| gbit[k]);
        let what = format!("formula's cells with {wire} ohm wires (Gbit)");
        found.rows.push(Row::new(name, &what, value, Some(5.7), within(reference, 5e-4), Label::Undetermined));
    }
    Ok(())
}

/// Cells that follow an exponential law instead of two resistances.
fn nonlinear(found: &mut Findings, report: &Report, definitions: &Definitions) -> Result<(), String> {
    let table = grid(report, "nonlinear")?;
    let small = numbers(table, "margin_8x8")?;
    let exact = Label::Exact;
    let mut row = |name: &str, what: &str, value: f64, band: (f64, f64), label: Label| {
        found.rows.push(Row::new(name, what, value, None, band, label));
    };
    row("density_nonlinear_8_low", "exponential cells, 8 lines, 0.7 V", small[0], around(0.099_90, 1e-5), exact);
    row("density_nonlinear_8_high", "exponential cells, 8 lines, 1.4 V", small[1], around(0.189_64, 1e-5), exact);
    let size = numbers(table, "size")?[1];
    row(
        "density_nonlinear_size",
        "exponential cells, 1.4 V: lines at 10 %",
        size,
        within(27_942.0, 1e-4),
        Label::Undetermined,
    );
    let solver = Solver { definitions, watch: &Unwatched, scheme: SCHEME };
    let cells = Cells::Exponential(Bias { read: 0.7, pull_up: 1.4 });
    for (name, wire, reference) in
        [("density_nonlinear_64_r1", 1.0, 0.189_267), ("density_nonlinear_64_r100", 100.0, 0.160_307)]
    {
        let margin = solver.whole(64, wire, cells).map_err(|e| e.to_string())?.margin;
        row(name, &format!("64 x 64 exponential cells, 1.4 V, {wire} ohm"), margin, around(reference, 1e-5), exact);
    }
    Ok(())
}

fn notes(found: &mut Findings, report: &Report) {
    found.notes.push(
        "5.7 Gbit needs a selectivity of 4.44e4 in the formula; with the printed 1e5 it gives 28.9 Gbit. No reading is\n\
         provable from the text: the scheme and the criterion are not in it."
            .to_owned(),
    );
    for (title, name) in
        [("largest array at 10 % against wires", "wires"), ("exponential cells, ideal wires", "nonlinear")]
    {
        if let Ok(table) = grid(report, name) {
            found.notes.push(format!("{title}:\n{}", text(table)));
        }
    }
}

fn grid<'r>(report: &'r Report, name: &str) -> Result<&'r Grid, String> {
    let found = report.tables.iter().find(|(n, _)| n == name);
    found.map(|(_, grid)| grid).ok_or_else(|| format!("the study has no table `{name}`"))
}

fn numbers(grid: &Grid, column: &str) -> Result<Vec<f64>, String> {
    let values = grid.column(column).ok_or_else(|| format!("there is no column `{column}`"))?;
    Ok(values.iter().map(|v| v.number()).collect())
}

/// A table as lines of text.
pub fn text(grid: &Grid) -> String {
    let head =
        grid.columns.iter().map(|(name, unit)| if unit.is_empty() { name.clone() } else { format!("{name} ({unit})") });
    let mut lines = vec![head.map(|h| format!("{h:>14}")).collect::<String>()];
    let show = |x: f64| if x.is_nan() { "-".to_owned() } else { number(x) };
    lines.extend(grid.rows.iter().map(|row| row.iter().map(|v| format!("{:>14}", show(v.number()))).collect()));
    lines.join("\n")
}
