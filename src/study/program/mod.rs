//! Programming an array to a matrix of targets: write-verify, open loop and feed forward, by real pulses on the whole
//! array.
//!
//! ```text
//! level      l(g) = (n - 1) (u(g) - u(gmin)) / (u(gmax) - u(gmin)), u = g or 1/g
//! error      l(g at the end) - l(target)
//! yield      share of cells whose verify read is within the tolerance at the end
//! ```
//!
//! Every pulse is a piece of one transient of the array with its wires and drivers (`writer`), so that half-selected
//! cells are disturbed as they would be. What is known of the device beforehand, for tables and predictions, comes from
//! pulses on the cell by itself (`cell`).

mod arguments;
mod cell;
mod levels;
mod method;
mod report;
mod run;
mod writer;

use self::cell::Sample;
use self::levels::{Goals, Ladder};
use self::method::{Method, Shot, Stairs};
use self::run::{Policy, Programmer};
use self::writer::{Bias, Hardware, Writer};
use super::array::{Cell, Layout, Wires};
use super::pattern::Choice;
use super::scheme::Scheme;
use super::{Arguments, Card, Context, Study, StudyError, file, memory};
use crate::numeric::rng::Stream;
use crate::result::report::Report;

/// `.program`.
pub struct Program;

const CARD: Card = Card {
    word: "program",
    summary: "Programming an array to a matrix of targets: pulses, yield, errors, energy, disturbance",
    needs_cell: true,
    arguments: arguments::ARGUMENTS,
};

/// One pulse on one cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pulse {
    /// V across the cell, word line minus bit line.
    pub volts: f64,
    /// s at that voltage.
    pub width: f64,
}

/// Share of the way between the first and the strongest voltage that a step takes when none is given.
const STEP: f64 = 0.05;

impl Study for Program {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn headline(&self) -> &'static str {
        "lost"
    }

    fn run(&self, context: &Context, arguments: &Arguments) -> Result<Report, StudyError> {
        let way = Way::of(context, arguments)?;
        let cell = Cell::of(context.definitions, arguments)?;
        let hardware = hardware(arguments, &way.scheme)?;
        let nominal = context.definitions.nominal();
        let alone = Context { definitions: &nominal, watch: context.watch };
        let typical = Cell::of(&nominal, arguments)?;
        let mut sample = Sample::new(alone, &typical, &hardware);
        let ladder = ladder(arguments, sample.range()?)?;
        let goals = Goals::of(context, arguments, &ladder)?;
        let layout = Layout { rows: goals.rows, cols: goals.cols, selected: (0, 0), wires: wires(arguments) };
        memory::fits(layout.rows, layout.cols, memory::of_cell(context.definitions, &cell)?)?;
        let shares = shares(context, arguments, &layout)?;
        let (method, remarks) = method(context, arguments, way.method, &ladder, &shares, &mut sample)?;
        let policy = Policy {
            pulses: arguments.count("pulses"),
            passes: arguments.count("passes"),
            by_demand: arguments.word("order") == "demand",
            whole_rows: arguments.word("write") == "row",
        };
        let mut built = writer::build(context, &cell, &layout, &shares, &hardware)?;
        let run = context.definitions.run().unwrap_or(0);
        let cycles = Stream::new(context.definitions.seed(), run, "program.cycles");
        let interrupted = || context.watch.interrupted();
        let writer = Writer::start(&mut built, &layout, &hardware, &interrupted, cycles)?;
        let mut programmer = Programmer { context: *context, writer, ladder, goals: &goals, method: &method, policy };
        let outcome = programmer.run()?;
        let facts = report::Facts {
            cell: cell.name(),
            scheme: &way.scheme,
            method: way.method,
            ladder,
            goals: &goals,
            hardware: &hardware,
            policy,
        };
        let mut report = report::report(&facts, &outcome, &programmer.writer);
        report.trust.join(&sample.trust);
        report.notes.extend(remarks);
        Ok(report)
    }
}

/// Bias of the lines and algorithm.
struct Way {
    scheme: Scheme,
    method: &'static str,
}

impl Way {
    fn of(context: &Context, arguments: &Arguments) -> Result<Self, StudyError> {
        let words = arguments.words("scheme");
        let known = |word: &String| arguments::METHODS.into_iter().find(|method| method == word);
        let methods: Vec<&'static str> = words.iter().filter_map(known).collect();
        let biases: Vec<&String> = words.iter().filter(|word| known(word).is_none()).collect();
        if methods.len() > 1 || biases.len() > 1 {
            return Err(StudyError::request(format!(
                "scheme={} names more than one bias or more than one way of programming; it takes one of each, as in \
                 scheme=v3,ispp",
                words.join(",")
            )));
        }
        let bias = biases.first().map_or("v2", |word| word.as_str());
        let scheme = Scheme::find(bias, arguments.parameters("custom"), context.definitions)?;
        Ok(Self { scheme, method: methods.first().copied().unwrap_or(arguments::METHODS[0]) })
    }
}

fn hardware(arguments: &Arguments, scheme: &Scheme) -> Result<Hardware, StudyError> {
    Ok(Hardware {
        bias: Bias::of(scheme)?,
        driver: arguments.number("rdriver"),
        edge: arguments.number("edge"),
        rest: arguments.number("rest"),
        vread: arguments.number("vread"),
        tread: arguments.number("tread"),
        reltol: arguments.number("reltol"),
        compensated: arguments.word("compensate") == "wires",
        cycle_sigma: arguments.number("cycle_sigma"),
    })
}

fn wires(arguments: &Arguments) -> Wires {
    let line = |name: &str, both: &str| arguments.number_if_given(name).unwrap_or(arguments.number(both));
    Wires { rwl: line("rwl", "rwire"), rbl: line("rbl", "rwire"), cwl: line("cwl", "cwire"), cbl: line("cbl", "cwire") }
}

/// Levels between gmin and gmax, by default the states of the cell, within which they must lie.
fn ladder(arguments: &Arguments, reach: (f64, f64)) -> Result<Ladder, StudyError> {
    let end = |name: &str, own: f64| arguments.number_if_given(name).unwrap_or(own);
    let range = (end("gmin", reach.0), end("gmax", reach.1));
    // ends that were copied from a printed table are the ends
    let slack = 1e-3 * (reach.1 - reach.0);
    if range.0 >= range.1 || range.0 < reach.0 - slack || range.1 > reach.1 + slack {
        return Err(StudyError::request(format!(
            "levels from gmin = {:e} S to gmax = {:e} S are not within what the cell reaches, {:e} S in its hrs state \
             to {:e} S in its lrs state",
            range.0, range.1, reach.0, reach.1
        )));
    }
    Ok(Ladder { count: arguments.count("levels"), range, by_resistance: arguments.word("spacing") == "resistance" })
}

/// Where the cells start, from HRS (0) to LRS (1).
fn shares(context: &Context, arguments: &Arguments, layout: &Layout) -> Result<Vec<f64>, StudyError> {
    let pattern = Choice::one(context, arguments, "the start")?;
    let states = pattern.states(layout.rows, layout.cols, layout.selected)?;
    Ok(states.into_iter().map(|lrs| f64::from(u8::from(lrs))).collect())
}

/// The voltages `up` and `down` by `step`.
fn stairs(arguments: &Arguments) -> Result<(Stairs, Stairs), StudyError> {
    let pair = |name: &str| match arguments.numbers(name) {
        [] => Ok(None),
        [both] => Ok(Some((*both, *both))),
        [first, last] if first * last > 0.0 && first.abs() <= last.abs() => Ok(Some((*first, *last))),
        [first, last] => Err(StudyError::request(format!(
            "{name}={first},{last} should go from the weakest pulse to the strongest, both of one sign"
        ))),
        more => Err(StudyError::request(format!("`{name}` takes one voltage or two, not {}", more.len()))),
    };
    let Some(up) = pair("up")? else {
        return Err(StudyError::request(
            "`program` needs up=: the voltages of the first and of the strongest pulse that raise the conductance",
        ));
    };
    let down = pair("down")?.unwrap_or((-up.0, -up.1));
    if up.0 * down.0 >= 0.0 {
        return Err(StudyError::request(format!("up={} and down={} must have opposite signs", up.0, down.0)));
    }
    let each = |(first, last): (f64, f64)| {
        let own = STEP * (last - first).abs();
        let step = arguments.number_if_given("step").unwrap_or(if own > 0.0 { own } else { STEP * last.abs() });
        Stairs { first, last, step }
    };
    Ok((each(up), each(down)))
}

/// The algorithm, and what a reader must know about it.
fn method(
    context: &Context,
    arguments: &Arguments,
    word: &str,
    ladder: &Ladder,
    shares: &[f64],
    sample: &mut Sample,
) -> Result<(Method, Vec<String>), StudyError> {
    let width = arguments.number("width");
    if word == "openloop" && !arguments.word("table").is_empty() {
        return Ok((Method::Table(table(context, arguments, ladder, width)?), Vec::new()));
    }
    let (up, down) = stairs(arguments)?;
    let strongest = |stairs: &Stairs| Pulse { volts: stairs.last, width };
    sample.check(strongest(&up), strongest(&down))?;
    match word {
        "openloop" => measured(ladder, shares, (&up, &down), width, sample),
        "feedforward" => {
            let most = arguments.number_if_given("most").unwrap_or(f64::INFINITY);
            let up = sample.predictions(&up.all(), width, ladder)?;
            let down = sample.predictions(&down.all(), width, ladder)?;
            Ok((Method::FeedForward { up, down, width, most }, Vec::new()))
        }
        _ => Ok((Method::Ispp { up, down, width }, Vec::new())),
    }
}

/// A table of one pulse per level, measured on the cell by itself.
fn measured(
    ladder: &Ladder,
    shares: &[f64],
    (up, down): (&Stairs, &Stairs),
    width: f64,
    sample: &mut Sample,
) -> Result<(Method, Vec<String>), StudyError> {
    let Some(&start) = shares.first().filter(|first| shares.iter().all(|share| share == *first)) else {
        return Err(StudyError::request(
            "a table of one pulse per level starts from one state: pattern=all-hrs or all-lrs, or give a table=",
        ));
    };
    let stairs = if start == 0.0 { up } else { down };
    let found = sample.single_pulses(start, (stairs.first, stairs.last), width, ladder)?;
    // the level in which all cells are needs no pulse
    let rest = if start == 0.0 { 0 } else { ladder.count - 1 };
    let shot = |(k, (volts, _)): (usize, &(f64, bool))| Shot {
        pulse: Pulse { volts: if k == rest { 0.0 } else { *volts }, width },
        count: 1,
    };
    let missed: Vec<String> = (0..ladder.count).filter(|k| !found[*k].1).map(|k| k.to_string()).collect();
    let remark = (!missed.is_empty()).then(|| {
        format!(
            "one pulse of at most {} V and {width:e} s does not reach the levels {}: they are given the strongest pulse",
            stairs.last,
            missed.join(", ")
        )
    });
    Ok((Method::Table(found.iter().enumerate().map(shot).collect()), remark.into_iter().collect()))
}

/// A table from a file: volts, width, count for every level.
fn table(context: &Context, arguments: &Arguments, ladder: &Ladder, width: f64) -> Result<Vec<Shot>, StudyError> {
    let name = arguments.word("table");
    let found = file::matrix(context, arguments, "table", name)?;
    if found.rows != ladder.count || !(1..=3).contains(&found.cols) {
        return Err(StudyError::request(format!(
            "the table `{name}` holds {} x {} numbers; {} levels want a line each: volts, width in s, count",
            found.rows, found.cols, ladder.count
        )));
    }
    let shot = |(level, line): (usize, &[f64])| {
        let (volts, width, count) =
            (line[0], line.get(1).copied().unwrap_or(width), line.get(2).copied().unwrap_or(1.0));
        if volts.is_finite() && width > 0.0 && width.is_finite() && (0.0..1e6).contains(&count) && count.fract() == 0.0
        {
            return Ok(Shot { pulse: Pulse { volts, width }, count: super::argument::whole(count) });
        }
        Err(StudyError::request(format!(
            "level {level} of the table `{name}`: {volts} V, {width} s, {count} pulses is no line of a table"
        )))
    };
    found.values.chunks(found.cols).enumerate().map(shot).collect()
}
