//! The report of the study: readings, wires, circuits, nonlinear cells.

use super::super::{Context, StudyError};
use super::circuit::{Bias, Cells, Solved, Solver};
use super::ladder;
use super::lumped::{Reading, Scheme, falling_to};
use crate::result::report::{Axis, Chart, Fact, Grid, Report, Series, Value};

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Cells and periphery.
    pub scheme: Scheme,
    /// Least margin, relative to the pull-up voltage.
    pub margin: f64,
    /// Bits of the claim to be examined.
    pub claim: f64,
    /// Ohm per wire segment.
    pub wires: Vec<f64>,
    /// Sizes of full circuits.
    pub sizes: Vec<usize>,
    /// Pull-up voltages for nonlinear cells.
    pub supplies: Vec<f64>,
    /// Voltage at which resistances and selectivity hold.
    pub read: f64,
}

const GIGA: f64 = 1e9;

/// Answers it.
pub fn answer(question: &Question, context: &Context) -> Result<Report, StudyError> {
    let mut report = Report { title: "Array size under one-bit-line pull-up".to_owned(), ..Report::default() };
    define(&mut report);
    readings(question, &mut report)?;
    context.check()?;
    wires(question, &mut report);
    context.check()?;
    let solver = Solver { definitions: context.definitions, watch: context.watch, scheme: question.scheme };
    circuits(question, &solver, context, &mut report)?;
    nonlinear(question, &solver, context, &mut report)?;
    report.charts.push(margins(question));
    Ok(report)
}

fn define(report: &mut Report) {
    let texts = [
        (
            "margin",
            "(V_b with the selected cell off - V_b with it on) / V_pu; V_b = voltage the pull-up leaves on the bit line",
        ),
        (
            "size",
            "largest N for which an N x N array has the asked margin, all unselected cells on, unselected lines floating",
        ),
        ("gbit", "N^2 / 1e9"),
        ("selectivity", "I(V)/I(V/2) of a cell that is on"),
        ("needed", "the selectivity with which this reading gives the claimed number of bits"),
    ];
    report.definitions.extend(texts.map(|(name, text)| (name.to_owned(), text.to_owned())));
}

fn readings(question: &Question, report: &mut Report) -> Result<(), StudyError> {
    let mut grid = Grid::new(&["reading", "margin", "size", "gbit", "needed"]);
    let mut row = |reading: Reading, margin: f64| {
        let size = question.scheme.size(margin, reading);
        let needed = question.scheme.required(question.claim, margin, reading);
        grid.push([
            reading.name().into(),
            margin.into(),
            size.map(f64::floor).into(),
            size.map(gbit).into(),
            needed.into(),
        ]);
        (size, needed)
    };
    let (size, needed) = row(Reading::Literal, question.margin);
    row(Reading::Resistance, question.margin);
    row(Reading::OneGroup, question.margin);
    row(Reading::Literal, 2.0 * question.margin);
    report.rows = grid;
    let Some(size) = size else {
        let best = question.scheme.margin(2.0, Reading::Literal);
        return Err(StudyError::request(format!(
            "no array has a margin of {}: a 2 x 2 array has {best:.4}, an endless one none",
            question.margin
        )));
    };
    let fact = |name: &str, value: Value, unit: &str| Fact { name: name.to_owned(), value, unit: unit.to_owned() };
    report.facts.push(fact("size_literal", size.floor().into(), ""));
    report.facts.push(fact("density_gbit_literal", gbit(size).into(), ""));
    report.facts.push(fact("selectivity_for_claim", needed.into(), ""));
    report.notes.push(format!(
        "the literal formula gives {:.2} Gbit; {:.2} Gbit need a selectivity of {:.4e} in place of {:.3e}",
        gbit(size),
        question.claim / GIGA,
        needed.unwrap_or(f64::NAN),
        question.scheme.selectivity
    ));
    Ok(())
}

fn gbit(size: f64) -> f64 {
    size.floor() * size.floor() / GIGA
}

/// The largest array against wire resistance, for the selectivity as given and for the one that the claim needs.
fn wires(question: &Question, report: &mut Report) {
    let mut grid = Grid::new(&["rwire:Ohm", "selectivity", "size", "gbit"]);
    let needed = question.scheme.required(question.claim, question.margin, Reading::Literal);
    let mut series = Vec::new();
    for selectivity in std::iter::once(question.scheme.selectivity).chain(needed) {
        let scheme = Scheme { selectivity, ..question.scheme };
        let mut curve = Series { label: format!("selectivity {selectivity:.3e}"), x: Vec::new(), y: Vec::new() };
        for &wire in &question.wires {
            let size = ladder::largest(&scheme, wire, question.margin).map(|n| n as f64);
            grid.push([wire.into(), selectivity.into(), size.into(), size.map(gbit).into()]);
            if wire > 0.0 {
                curve.x.push(wire);
                curve.y.push(size.map_or(f64::NAN, gbit));
            }
        }
        series.push(curve);
    }
    report.tables.push(("wires".to_owned(), grid));
    report.charts.push(Chart {
        name: "density".to_owned(),
        title: format!("Largest array with a margin of {} %", 100.0 * question.margin),
        x: Axis::log("wire resistance per segment", "Ohm"),
        y: Axis::log("Gbit", ""),
        series,
    });
    report.notes.push(
        "with wires: two-ladder model, which neglects the wires of unselected lines (full circuits below agree)"
            .to_owned(),
    );
}

/// Full circuits of linear cells beside the two simpler descriptions.
fn circuits(question: &Question, solver: &Solver, context: &Context, report: &mut Report) -> Result<(), StudyError> {
    let mut grid = Grid::new(&["size", "rwire:Ohm", "lumped", "two_ladders", "circuit"]);
    context.watch.expect(question.sizes.len() * question.wires.len());
    for &n in &question.sizes {
        for &wire in &question.wires {
            context.check()?;
            let lumped = question.scheme.margin(n as f64, Reading::Literal);
            let ladders = ladder::margin(&question.scheme, n, wire);
            let circuit = kept(solver.whole(n, wire, Cells::Linear), report, &format!("{n} x {n}, {wire} ohm"))?;
            grid.push([n.into(), wire.into(), lumped.into(), ladders.into(), circuit.into()]);
            context.watch.advance();
        }
    }
    report.tables.push(("circuits".to_owned(), grid));
    Ok(())
}

/// Exponential cells: how far the lumped estimate is from the same read with real currents.
fn nonlinear(question: &Question, solver: &Solver, context: &Context, report: &mut Report) -> Result<(), StudyError> {
    let mut grid = Grid::new(&["supply:V", "margin_8x8", "size", "gbit"]);
    for &pull_up in &question.supplies {
        context.check()?;
        let cells = Cells::Exponential(Bias { read: question.read, pull_up });
        let Some(small) = kept(solver.reduced(8.0, cells), report, &format!("exponential cells at {pull_up} V"))?
        else {
            continue;
        };
        let size = falling_to(question.margin, |n| solver.reduced(n, cells).map_or(f64::NAN, |s| s.margin));
        grid.push([pull_up.into(), small.into(), size.map(f64::floor).into(), size.map(gbit).into()]);
    }
    report.tables.push(("nonlinear".to_owned(), grid));
    report.notes.push(
        "nonlinear: every cell follows I = I_on sinh(V/v0)/sinh(V_read/v0), ideal wires, exact by symmetry; a selected cell \
         that is on settles below the supply, where it conducts less than the lumped formula takes it to"
            .to_owned(),
    );
    Ok(())
}

/// A value, or `None` with the failure noted; an interruption ends the study.
fn kept(outcome: Result<Solved, StudyError>, report: &mut Report, what: &str) -> Result<Option<f64>, StudyError> {
    match outcome {
        Ok(solved) => {
            report.trust.join(&solved.trust);
            Ok(Some(solved.margin))
        }
        Err(error) if error.is_interruption() => Err(error),
        Err(error) => {
            report.failures.push(format!("{what}: {error}"));
            Ok(None)
        }
    }
}

/// Margin against size: the formula, and the same array with wires.
fn margins(question: &Question) -> Chart {
    const POINTS: usize = 41;
    // 8 to 2^19 lines, evenly in the logarithm
    let sizes: Vec<usize> = (0..POINTS).map(|k| 2f64.powf(3.0 + 0.4 * k as f64).round() as usize).collect();
    let x: Vec<f64> = sizes.iter().map(|&n| n as f64).collect();
    let lumped = x.iter().map(|&n| question.scheme.margin(n, Reading::Literal)).collect();
    let mut series = vec![Series { label: "formula".to_owned(), x: x.clone(), y: lumped }];
    for &wire in question.wires.iter().filter(|wire| **wire > 0.0) {
        let y = sizes.iter().map(|&n| ladder::margin(&question.scheme, n, wire)).collect();
        series.push(Series { label: format!("{wire} ohm per segment"), x: x.clone(), y });
    }
    Chart {
        name: "margin".to_owned(),
        title: "Read margin under one-bit-line pull-up".to_owned(),
        x: Axis::log("lines", ""),
        y: Axis::linear("margin", ""),
        series,
    }
}
