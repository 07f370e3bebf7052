//! Disturbance of the cells that share a line with one that is written.
//!
//! The array is pulsed in full, by a transient; that gives the voltage that every victim sees and the change of its
//! state. What many pulses do follows from the law of the cell ([`law`]): one pulse at that voltage, a transient of the
//! cell, gives the state after it as a function of the state before. Sampled counts are simulated pulse by pulse too,
//! and the deviation is reported.

mod array;
mod cell;
mod first;
pub mod law;

use rayon::prelude::*;

use self::array::{Pulsed, Victim, map, pulsed};
use self::cell::Stress;
use self::first::{Drift, Limit, first_pulses};
use super::argument::whole;
use super::cell::Cell;
use super::{Argument, Arguments, Card, Context, Fallback, Kind, Study, StudyError, words};
use crate::result::report::{Axis, Chart, Fact, Grid, Report, Series, Trust};

/// `.disturb`.
pub struct Disturb;

const CARD: Card = Card {
    word: "disturb",
    summary: "State drift of half-selected and unselected cells over many write pulses",
    needs_cell: true,
    arguments: ARGUMENTS,
};

const SECONDS: Kind = Kind::Number { low: 1e-15, high: 1e6 };

const ARGUMENTS: &[Argument] = &[
    words::LRS,
    words::HRS,
    words::SCHEME,
    words::CUSTOM,
    Argument { fallback: Fallback::Is("4"), ..words::ROWS },
    words::COLS,
    Argument { fallback: Fallback::Is("all-lrs"), ..words::PATTERN },
    Argument {
        text: "V of the scheme while a cell is written; negative to reset.",
        name: "vwrite",
        kind: Kind::Number { low: -1e6, high: 1e6 },
        ..words::VREAD
    },
    Argument { name: "width", kind: SECONDS, unit: "s", fallback: Fallback::Is("100n"), text: "Width of a pulse." },
    Argument { name: "edge", kind: SECONDS, unit: "s", fallback: Fallback::Is("1n"), text: "Rise and fall time." },
    Argument {
        name: "rest",
        kind: SECONDS,
        unit: "s",
        fallback: Fallback::Is("100n"),
        text: "From the end of a pulse to the next.",
    },
    Argument {
        name: "state",
        kind: Kind::Text,
        unit: "",
        fallback: Fallback::Is("x"),
        text: "Name of the state in the cell, as in @xa.c_0_0[x].",
    },
    Argument {
        name: "init",
        kind: Kind::Text,
        unit: "",
        fallback: Fallback::Is("x0"),
        text: "Parameter of the cell that sets the state at the start; lrs= and hrs= give it.",
    },
    Argument {
        name: "cycles",
        kind: Kind::Number { low: 1.0, high: 1e15 },
        unit: "",
        fallback: Fallback::Is("1e6"),
        text: "Pulses to extrapolate to.",
    },
    Argument {
        name: "direct",
        kind: Kind::Counts { low: 1, high: 100_000 },
        unit: "",
        fallback: Fallback::Is("1,10,100,1000"),
        text: "Counts that are simulated pulse by pulse as well.",
    },
    Argument {
        name: "limit",
        kind: Kind::Number { low: 1e-9, high: 1e3 },
        unit: "",
        fallback: Fallback::Is("0.1"),
        text: "Relative change of conductance that counts as disturbed.",
    },
    Argument { fallback: Fallback::Is("0.1"), text: "Voltage at which conductance is measured.", ..words::VREAD },
    words::RWIRE,
    words::RDRIVER,
    words::ROW,
    words::COL,
    words::VGATE,
    words::VOFF,
];

/// The first pulse beyond the limit is simulated pulse by pulse, too, up to this count.
const REACH: f64 = 1e4;

/// What became of one victim.
struct Fate {
    victim: Victim,
    /// State by the law.
    path: law::Path,
    /// Pulses, state by simulation.
    direct: Vec<(usize, f64)>,
    /// Pulses, |dG|/G by the law, at decades and sampled counts.
    drift: Vec<(f64, f64)>,
    /// First pulse with a drift above the limit.
    first: Option<f64>,
    /// The same by simulation, where that went so far.
    first_direct: Option<usize>,
    trust: Trust,
}

impl Study for Disturb {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn headline(&self) -> &'static str {
        "dg"
    }

    fn run(&self, context: &Context, arguments: &Arguments) -> Result<Report, StudyError> {
        let cell = Cell::of(context.definitions, arguments)?;
        let stress = Stress::of(context, &cell, arguments)?;
        let pulsed = pulsed(context, &cell, arguments, &stress)?;
        let limit = Limit {
            drift: arguments.number("limit"),
            cycles: arguments.number("cycles"),
            vread: arguments.number("vread"),
        };
        context.watch.expect(pulsed.victims.len());
        let fates: Vec<Result<Fate, StudyError>> = pulsed
            .victims
            .par_iter()
            .map(|victim| {
                let fate = fate(context, &stress, victim, arguments.counts("direct"), limit);
                context.watch.advance();
                fate
            })
            .collect();
        let mut report = Report {
            title: format!("Disturbance of {}, {}", cell.name(), pulsed.scheme.name),
            trust: pulsed.trust.clone(),
            ..Report::default()
        };
        report.definitions = [
            ("dg", "|G - G_0| / G_0 of a victim after so many pulses, G at the read voltage; from the law of the cell"),
            ("deviation", "change of state by the law against the same by pulse-by-pulse simulation, relative"),
            (
                "first_cycle",
                "first pulse with dg above the limit, by the law; first_direct: by pulse-by-pulse simulation, where that \
                 goes so far. In the map ln n is interpolated in |V| between cells that were followed; blank: none",
            ),
            (
                "victim",
                "row and column: cells on the selected lines; rest: all others. The cell with the largest |V| of each",
            ),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .to_vec();
        report.definitions.push((format!("scheme {}", pulsed.scheme.name), pulsed.scheme.text.clone()));
        report.rows = Grid::new(&["victim", "state", "volts:V", "cycles", "x", "dg", "x_direct", "deviation"]);
        let mut firsts = Grid::new(&["victim", "state", "volts:V", "dx_per_pulse", "first_cycle", "first_direct"]);
        let mut series = Vec::new();
        let mut earliest: Option<f64> = None;
        for fate in fates {
            let fate = fate?;
            report.trust.join(&fate.trust);
            add_rows(&mut report.rows, &fate);
            let Victim { place, lrs, volts, start, .. } = &fate.victim;
            let state = if *lrs { "lrs" } else { "hrs" };
            firsts.push([
                (*place).into(),
                state.into(),
                (*volts).into(),
                (law::at(&fate.path, 1.0) - start).into(),
                fate.first.into(),
                fate.first_direct.into(),
            ]);
            earliest = [earliest, fate.first].into_iter().flatten().reduce(f64::min);
            let (x, y): (Vec<f64>, Vec<f64>) = fate.drift.iter().filter(|(_, d)| *d > 0.0).copied().unzip();
            if !x.is_empty() {
                series.push(Series { label: format!("{place}, {state}"), x, y });
            }
        }
        if earliest.is_none() {
            report.notes.push(format!("no victim drifts by {} within {:e} pulses", limit.drift, limit.cycles));
        }
        report.facts.push(Fact { name: "first_cycle".to_owned(), value: earliest.into(), unit: String::new() });
        report.tables.push(("victims".to_owned(), firsts));
        add_maps(context, &stress, pulsed, limit, &mut report)?;
        if series.iter().any(|s: &Series| s.x.len() > 1) {
            report.charts.push(Chart {
                name: "drift".to_owned(),
                title: report.title.clone(),
                x: Axis::log("Pulses", ""),
                y: Axis::log("|dG| / G", ""),
                series,
            });
        }
        Ok(report)
    }
}

/// Voltage, change per pulse and, where any cell is disturbed, the first pulse that does it.
fn add_maps(
    context: &Context,
    stress: &Stress,
    pulsed: Pulsed,
    limit: Limit,
    report: &mut Report,
) -> Result<(), StudyError> {
    let (places, victims): (Vec<usize>, Vec<Victim>) = pulsed.cells.into_iter().unzip();
    let firsts = first_pulses(context, stress, &victims, limit, &mut report.trust)?;
    report.maps = pulsed.maps;
    if firsts.iter().any(Option::is_some) {
        let mut values = vec![f64::NAN; pulsed.size.0 * pulsed.size.1];
        places.into_iter().zip(firsts).for_each(|(k, first)| values[k] = first.unwrap_or(f64::NAN));
        let label = format!("First pulse with |dG| / G above {} %", 100.0 * limit.drift);
        report.maps.push(map("first_cycle", &label, "", pulsed.size, values));
    }
    Ok(())
}

fn fate(
    context: &Context,
    stress: &Stress,
    victim: &Victim,
    direct: &[usize],
    limit: Limit,
) -> Result<Fate, StudyError> {
    let mut trust = Trust::default();
    let one = |x: f64| {
        context.check()?;
        let (after, stats) = stress.pulses(context, victim, x, 1)?;
        trust.add(&stats);
        Ok(after[0])
    };
    let path = law::follow(victim.start, limit.cycles, one, |_| Ok(false))?;
    let drift = Drift::of(context, stress, victim, limit.vread)?;
    let first = drift.first_above(&path, limit.drift)?;
    // far enough to see the first failure where the law is right to a tenth
    let reach = first.filter(|n| *n <= REACH).map_or(0, |n| whole(1.1 * n + 1.0));
    let most = direct.iter().copied().max().unwrap_or(0).max(reach);
    let (states, stats) = stress.pulses(context, victim, victim.start, most)?;
    trust.add(&stats);
    let first_direct = drift.first_simulated(&states, limit.drift)?;
    let sampled = direct.iter().filter_map(|&n| states.get(n.wrapping_sub(1)).map(|x| (n, *x))).collect();
    let mut counts: Vec<f64> = decades(limit.cycles);
    #[allow(clippy::cast_precision_loss, reason = "counts of pulses")]
    counts.extend(direct.iter().map(|&n| n as f64));
    counts.sort_by(f64::total_cmp);
    counts.dedup();
    let seen = |n: f64| Ok((n, drift.at(law::at(&path, n))?));
    let drifts = counts.into_iter().map(seen).collect::<Result<Vec<_>, StudyError>>()?;
    Ok(Fate { victim: victim.clone(), path, direct: sampled, drift: drifts, first, first_direct, trust })
}

/// 1, 10, .. up to and with `last`.
fn decades(last: f64) -> Vec<f64> {
    let mut out: Vec<f64> = std::iter::successors(Some(1.0), |n| Some(n * 10.0)).take_while(|n| *n < last).collect();
    out.push(last);
    out
}

fn add_rows(rows: &mut Grid, fate: &Fate) {
    let Victim { place, lrs, volts, start, .. } = &fate.victim;
    for (n, drift) in &fate.drift {
        let x = law::at(&fate.path, *n);
        #[allow(clippy::cast_precision_loss, reason = "counts of pulses")]
        let simulated = fate.direct.iter().find(|(count, _)| *count as f64 == *n).map(|(_, x)| *x);
        // each pulse may round once
        let moved = |s: f64| if law::is_rounding((s - start) / n.max(1.0), *start) { 0.0 } else { s - start };
        let deviation = simulated.map(|s| match (moved(s), moved(x)) {
            (0.0, by_law) => by_law.abs(),
            (by_pulses, by_law) => ((by_law - by_pulses) / by_pulses).abs(),
        });
        rows.push([
            (*place).into(),
            if *lrs { "lrs" } else { "hrs" }.into(),
            (*volts).into(),
            (*n).into(),
            x.into(),
            (*drift).into(),
            simulated.into(),
            deviation.into(),
        ]);
    }
}
