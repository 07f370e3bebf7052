//! The study `pulse`.

use super::{Cell, Cycle, DEFINITIONS, Linearity, Objective, Ramp, Scheme, Which, cycles, optimise};
use crate::result::report::{Axis, Chart, Fact, Grid, Report, Series, Trust, Value};
use crate::study::argument::Kind;
use crate::study::{Argument, Arguments, Card, Context, Fallback, Study, StudyError};

/// NL and ANL of a device under a pulse scheme.
#[derive(Debug)]
pub struct Pulse;

const POSITIVE: Kind = Kind::Number { low: 1e-15, high: 1e6 };
const ANY: Kind = Kind::Numbers { low: -1e6, high: 1e6 };

const fn argument(
    name: &'static str,
    kind: Kind,
    unit: &'static str,
    is: &'static str,
    text: &'static str,
) -> Argument {
    Argument { name, kind, unit, fallback: Fallback::Is(is), text }
}

const CARD: Card = Card {
    word: "pulse",
    summary: "potentiation and depression under pulses: NL, ANL, and schemes that make them straight",
    needs_cell: false,
    arguments: &[
        Argument {
            name: "device",
            kind: Kind::Text,
            unit: "",
            fallback: Fallback::Required,
            text: "name of a two-terminal .model or .subckt of the deck",
        },
        argument("up", ANY, "V", "1", "height of the pulses that raise the conductance; two numbers: first, last"),
        Argument {
            name: "down",
            kind: ANY,
            unit: "V",
            fallback: Fallback::Absent,
            text: "height of the pulses that lower it; without it: up with the other sign",
        },
        argument("width", Kind::Numbers { low: 1e-15, high: 1e6 }, "s", "100u", "width; two numbers: first, last"),
        argument("pulses", Kind::Count { low: 1, high: 100_000 }, "", "64", "pulses in each direction"),
        argument("rest", POSITIVE, "s", "1m", "from a pulse to the next; the read lies in its last tenth"),
        argument("edge", POSITIVE, "s", "10n", "rise and fall time"),
        argument("read", Kind::Number { low: -1e6, high: 1e6 }, "V", "0.1", "read voltage"),
        argument("cycles", Kind::Count { low: 1, high: 10_000 }, "", "2", "cycles; the last is judged"),
        Argument {
            name: "parameters",
            kind: Kind::Parameters,
            unit: "",
            fallback: Fallback::Absent,
            text: "of the element line, such as (x0=0.5)",
        },
        argument(
            "optimise",
            Kind::Choice(&["nothing", "height", "width"]),
            "",
            "nothing",
            "what may change, linearly over the pulses, to make both curves straight and alike",
        ),
        argument("keep", Kind::Number { low: 0.0, high: 1.0 }, "", "0.9", "share of the conductance range to keep"),
        argument("budget", Kind::Count { low: 1, high: 100_000 }, "", "100", "transients the search may run"),
        argument("reltol", Kind::Number { low: 1e-9, high: 1e-2 }, "", "1e-4", "relative tolerance"),
    ],
};

impl Study for Pulse {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn run(&self, context: &Context, arguments: &Arguments) -> Result<Report, StudyError> {
        let scheme = scheme(arguments)?;
        let cell = Cell { name: arguments.word("device").to_lowercase(), parameters: parameters(arguments) };
        let (count, reltol) = (arguments.count("cycles"), arguments.number("reltol"));
        context.watch.expect(1);
        let (all, stats) = cycles(context, &cell, &scheme, count, reltol)?;
        context.watch.advance();
        let mut trust = Trust::default();
        trust.add(&stats);
        let mut report = Report {
            study: "pulse".into(),
            title: format!("Potentiation and depression of {}", cell.name),
            definitions: definitions(),
            parameters: arguments.describe(),
            rows: Grid::new(&["scheme", "cycle", "nl", "at", "anl", "bow", "gmin:S", "gmax:S"]),
            ..Report::default()
        };
        for (c, cycle) in all.iter().enumerate() {
            match cycle.linearity() {
                Some(found) => push(&mut report, "given", c + 1, &found),
                None => report.failures.push(format!("cycle {}: the pulses up do not raise the conductance", c + 1)),
            }
        }
        if let Some(cycle) = all.last() {
            report.charts.push(chart("pulse", "Given scheme", cycle));
            report.tables.push(("curves".into(), curves(cycle)));
        }
        if let Some(which) = which(arguments) {
            let goal = objective(arguments, which, &scheme);
            context.watch.expect(goal.budget);
            let best = optimise(context, &cell, &scheme, &goal)?;
            push(&mut report, "optimised", count, &best.linearity);
            report.charts.push(chart("optimised", "Optimised scheme", &best.cycle));
            report.facts.extend(describe(&best.scheme));
            report.facts.push(Fact { name: "transients".into(), value: best.runs.into(), unit: String::new() });
            trust.join(&best.trust);
        }
        report.trust = trust;
        Ok(report)
    }
}

fn definitions() -> Vec<(String, String)> {
    let split = |line: &str| line.split_once('=').map(|(a, b)| (a.trim().to_owned(), b.trim().to_owned()));
    DEFINITIONS.lines().filter_map(split).collect()
}

/// One or two numbers: first and last.
fn pair(arguments: &Arguments, name: &str) -> Result<Option<(f64, f64)>, StudyError> {
    match arguments.numbers(name) {
        [] => Ok(None),
        [both] => Ok(Some((*both, *both))),
        [first, last] => Ok(Some((*first, *last))),
        more => Err(StudyError::request(format!("`{name}` takes one number or two (first, last), not {}", more.len()))),
    }
}

fn scheme(arguments: &Arguments) -> Result<Scheme, StudyError> {
    let missing = |name: &str| StudyError::request(format!("`{name}` needs a number"));
    let up = pair(arguments, "up")?.ok_or_else(|| missing("up"))?;
    let down = pair(arguments, "down")?.unwrap_or((-up.0, -up.1));
    let width = pair(arguments, "width")?.ok_or_else(|| missing("width"))?;
    let scheme = Scheme {
        pulses: arguments.count("pulses"),
        up: Ramp { height: up, width },
        down: Ramp { height: down, width },
        rest: arguments.number("rest"),
        edge: arguments.number("edge"),
        read: arguments.number("read"),
    };
    scheme.check().map_err(StudyError::Request)?;
    Ok(scheme)
}

fn parameters(arguments: &Arguments) -> String {
    let each = arguments.parameters("parameters").iter().map(|p| format!("{}={{{}}}", p.name, p.value));
    each.collect::<Vec<_>>().join(" ")
}

fn which(arguments: &Arguments) -> Option<Which> {
    match arguments.word("optimise") {
        "height" => Some(Which::Height),
        "width" => Some(Which::Width),
        _ => None,
    }
}

/// Heights up to the largest given; widths from a hundredth to three times the largest given.
fn objective(arguments: &Arguments, which: Which, scheme: &Scheme) -> Objective {
    let ramps = [&scheme.up, &scheme.down];
    let limits = match which {
        Which::Height => {
            let most = ramps.iter().flat_map(|r| [r.height.0.abs(), r.height.1.abs()]).fold(0.0, f64::max);
            (0.05 * most, most)
        }
        Which::Width => {
            let most = ramps.iter().flat_map(|r| [r.width.0, r.width.1]).fold(0.0, f64::max);
            ((0.01 * most).max(4.0 * scheme.edge), 3.0 * most)
        }
    };
    Objective {
        which,
        limits,
        range: arguments.number("keep"),
        budget: arguments.count("budget"),
        cycles: arguments.count("cycles"),
        reltol: arguments.number("reltol"),
    }
}

fn push(report: &mut Report, scheme: &str, cycle: usize, found: &Linearity) {
    let numbers = [found.anl, found.bow, found.gmin, found.gmax].map(Value::from);
    let head = [Value::from(scheme), cycle.into(), found.nl.into(), found.at.into()];
    report.rows.push(head.into_iter().chain(numbers));
}

fn describe(scheme: &Scheme) -> Vec<Fact> {
    let fact = |name: &str, value: f64, unit: &str| Fact { name: name.into(), value: value.into(), unit: unit.into() };
    let ramp = |way: &str, ramp: &Ramp| {
        vec![
            fact(&format!("{way} first height"), ramp.height.0, "V"),
            fact(&format!("{way} last height"), ramp.height.1, "V"),
            fact(&format!("{way} first width"), ramp.width.0, "s"),
            fact(&format!("{way} last width"), ramp.width.1, "s"),
        ]
    };
    [ramp("up", &scheme.up), ramp("down", &scheme.down)].concat()
}

fn curves(cycle: &Cycle) -> Grid {
    let mut grid = Grid::new(&["n", "up:S", "down:S"]);
    for (n, (up, down)) in cycle.up.iter().zip(&cycle.down).enumerate() {
        grid.push([Value::from(n), (*up).into(), (*down).into()]);
    }
    grid
}

fn chart(name: &str, title: &str, cycle: &Cycle) -> Chart {
    let series = |label: &str, y: &[f64]| Series {
        label: label.into(),
        x: (0..y.len()).map(|n| n as f64).collect(),
        y: y.to_vec(),
    };
    let back: Vec<f64> = cycle.down.iter().rev().copied().collect();
    Chart {
        name: name.into(),
        title: title.into(),
        x: Axis::linear("Pulse", ""),
        y: Axis::linear("Conductance", "S"),
        series: vec![series("potentiation", &cycle.up), series("depression, run backwards", &back)],
    }
}
