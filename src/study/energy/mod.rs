//! Energy of one pulse on an array, by where it goes.
//!
//! ```text
//! E_delivered = sum over sources of integral(v i dt) = E_cells + E_selectors + E_wires + E_drivers + E_sense + E_stored
//! ```
//!
//! Every term but the last is an integral of its own; E_stored = sum C v^2 / 2 over the capacitors of the lines at the end
//! is not, so that the sum is a check of the whole transient, which is refined until it closes to 1e-6.

mod integral;

use super::array::{ARRAY, Layout};
use super::bench::Wanted;
use super::memory::fits;
use super::pattern::Choice;
use super::pulsed::{self, Pulsed};
use super::read::Reader;
use super::scheme::Scheme;
use super::{Argument, Arguments, Card, Context, Fallback, Kind, Study, StudyError, words};
use crate::diag::nearest;
use crate::plan::{Overrides, Signal, Snapshot, Tran};
use crate::result::Stats;
use crate::result::report::{Axis, Chart, Grid, Report, Series, Value};
use crate::units::format_si;
use integral::integral;

/// `.energy`.
pub struct Energy;

const CARD: Card = Card {
    word: "energy",
    summary: "Energy of one pulse on an array: sources, cells, selectors, wires, drivers, sense",
    needs_cell: true,
    arguments: ARGUMENTS,
};

const ARGUMENTS: &[Argument] = words::table![
    words::STATES,
    &[
        Argument { fallback: Fallback::Is("v2"), ..words::SCHEMES },
        words::CUSTOM,
        words::ROWS,
        words::COLS,
        Argument { fallback: Fallback::Is("all-lrs"), ..words::PATTERN },
        Argument {
            name: "state",
            kind: Kind::Choices(&["lrs", "hrs"]),
            unit: "",
            fallback: Fallback::Is("lrs,hrs"),
            text: "States of the selected cell before the pulse.",
        },
        Argument { text: "V of the scheme during the pulse, for a read or a write.", ..words::VREAD },
        Argument {
            name: "width",
            kind: Kind::Number { low: 1e-18, high: 1e6 },
            unit: "s",
            fallback: Fallback::Is("100n"),
            text: "Time at V.",
        },
        pulsed::EDGE,
        Argument {
            name: "rest",
            kind: Kind::Number { low: 0.0, high: 1e6 },
            unit: "s",
            fallback: Fallback::Is("0"),
            text: "Time at 0 after the pulse that still counts.",
        },
        Argument {
            name: "selectors",
            kind: Kind::Texts,
            unit: "",
            fallback: Fallback::Absent,
            text: "Devices of the cell that count as selectors, by their names in its subcircuit: s1,d2.",
        },
        words::RPU,
    ],
    pulsed::CAPACITANCES,
    words::LINES,
];

/// Delivered less everything else, relative: what counts as closed.
const CLOSED: f64 = 1e-6;

/// Tolerances and points per pulse, one after the other until the energies close.
const STEPS: [(&str, f64); 4] = [
    (".options reltol=1e-5 chgtol=1e-22 vntol=1e-9 abstol=1e-16 trtol=1\n", 100.0),
    (".options reltol=1e-7 chgtol=1e-24 vntol=1e-10 abstol=1e-17 trtol=1\n", 400.0),
    (".options reltol=1e-9 chgtol=1e-26 vntol=1e-12 abstol=1e-18 trtol=1\n", 1600.0),
    (".options reltol=1e-9 chgtol=1e-26 vntol=1e-12 abstol=1e-18 trtol=0.1\n", 6400.0),
];

/// Where energy goes, in the order of the columns; `delivered` is what it is compared with.
const PLACES: [&str; 6] = ["cells", "selectors", "wl_wires", "bl_wires", "drivers", "sense"];

/// The pulse.
#[derive(Clone, Copy)]
struct Pulse {
    width: f64,
    edge: f64,
    rest: f64,
}

impl Pulse {
    fn corners(&self) -> Vec<f64> {
        let top = self.edge + self.width;
        let mut corners = vec![0.0, self.edge, top, top + self.edge];
        if self.rest > 0.0 {
            corners.push(top + self.edge + self.rest);
        }
        corners
    }

    fn wave(&self, volts: f64) -> String {
        let top = self.edge + self.width;
        format!("pwl(0 0 {:?} {volts:?} {top:?} {volts:?} {:?} 0)", self.edge, top + self.edge)
    }
}

/// One signal of power and where it belongs.
struct Part {
    name: String,
    /// `sources` or one of [`PLACES`].
    place: &'static str,
    signal: Signal,
    /// Share of the signal that goes there.
    share: f64,
}

/// What one transient gave.
struct Flow {
    /// J of every part.
    energies: Vec<f64>,
    delivered: f64,
    places: [f64; 6],
    stored: f64,
    axis: Vec<f64>,
    /// W out of all sources.
    power: Vec<f64>,
    stats: Stats,
}

impl Flow {
    fn error(&self) -> f64 {
        let taken = self.places.iter().sum::<f64>() + self.stored;
        let scale = self.delivered.abs().max(self.places.iter().map(|e| e.abs()).sum());
        if scale == 0.0 { 0.0 } else { (self.delivered - taken).abs() / scale }
    }
}

impl Study for Energy {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn headline(&self) -> &'static str {
        "delivered"
    }

    fn run(&self, context: &Context, arguments: &Arguments) -> Result<Report, StudyError> {
        let reader = Reader::of(context, arguments)?;
        let layout = Layout::of(arguments, pulsed::wires(&reader, arguments))?;
        let pattern = Choice::one(context, arguments, "the energy")?;
        fits(layout.rows, layout.cols, reader.alone.bytes)?;
        let pulse =
            Pulse { width: arguments.number("width"), edge: arguments.number("edge"), rest: arguments.number("rest") };
        let schemes = super::margin::schemes(context, arguments)?;
        let mut report = Report { title: title(&reader, &layout, pulse), ..Report::default() };
        define(&mut report, &schemes);
        report.notes = reader.remarks();
        report.notes.push(format!("pattern {}", pattern.describe(layout.selected)));
        report.rows = Grid::new(&[
            "scheme",
            "state",
            "delivered:J",
            "cells:J",
            "selectors:J",
            "wl_wires:J",
            "bl_wires:J",
            "drivers:J",
            "sense:J",
            "stored:J",
            "error",
            "peak:W",
        ]);
        let mut table = Grid::new(&["scheme", "state", "part", "place", "energy:J"]);
        let mut curves = Vec::new();
        context.watch.expect(schemes.len() * arguments.words("state").len());
        for scheme in &schemes {
            for state in arguments.words("state") {
                context.check()?;
                let mut lrs = pattern.states(layout.rows, layout.cols, layout.selected)?;
                lrs[layout.selected.0 * layout.cols + layout.selected.1] = state == "lrs";
                let pulsed = Pulsed { reader: &reader, scheme, layout, lrs: &lrs };
                let parts = parts(context, &pulsed, arguments.words("selectors"))?;
                let flow = match closed(context, &pulsed, pulse, &parts) {
                    Ok(flow) => flow,
                    Err(error @ StudyError::Analysis(_)) if !error.is_interruption() => {
                        report.failures.push(format!("{}, {state}: {error}", scheme.name));
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                context.watch.advance();
                report.trust.add(&flow.stats);
                let head = [Value::from(scheme.name.as_str()), state.as_str().into()];
                let peak = flow.power.iter().copied().fold(0.0, f64::max);
                let numbers = [flow.delivered].into_iter().chain(flow.places).chain([flow.stored, flow.error(), peak]);
                report.rows.push(head.clone().into_iter().chain(numbers.map(Value::from)));
                for (part, energy) in parts.iter().zip(&flow.energies) {
                    let tail = [part.name.as_str().into(), part.place.into(), (*energy).into()];
                    table.push(head.clone().into_iter().chain(tail));
                }
                if flow.error() > CLOSED {
                    report.notes.push(format!(
                        "{}, {state}: the energies close to {:.1e} only, not to {CLOSED:.0e}; something switches \
                         within a step, or the edge is long against the lines",
                        scheme.name,
                        flow.error()
                    ));
                }
                curves.push(Series { label: format!("{} {state}", scheme.name), x: flow.axis, y: flow.power });
            }
        }
        report.tables.push(("parts".to_owned(), table));
        report.charts.push(Chart {
            name: "power".to_owned(),
            title: report.title.clone(),
            x: Axis::linear("Time", "s"),
            y: Axis::linear("Power from the sources", "W"),
            series: curves,
        });
        Ok(report)
    }
}

fn title(reader: &Reader, layout: &Layout, pulse: Pulse) -> String {
    format!(
        "{} x {} cells of {}, {} V for {}",
        layout.rows,
        layout.cols,
        reader.cell.name(),
        reader.volts,
        format_si(pulse.width, "s")
    )
}

fn define(report: &mut Report, schemes: &[Scheme]) {
    let texts = [
        ("delivered", "sum over all sources of the integral of v i dt, over edges, pulse and rest"),
        ("cells", "taken in by the cells without their selectors, what their own capacitances hold included"),
        ("selectors", "taken in by the devices of the cells that selectors= names"),
        ("wl_wires, bl_wires", "dissipated in the resistance of the word and bit lines"),
        ("drivers", "dissipated in the output resistances of the drivers"),
        ("sense", "dissipated in pull-up and sense resistors"),
        ("stored", "sum of C v^2 / 2 over the capacitances of the lines at the end"),
        ("error", "|delivered - everything else| over delivered"),
        ("peak", "largest power out of all sources together"),
    ];
    report.definitions = texts.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec();
    report.definitions.extend(schemes.iter().map(|s| (format!("scheme {}", s.name), s.text.clone())));
}

/// Everything that takes or gives energy.
fn parts(context: &Context, pulsed: &Pulsed, selectors: &[String]) -> Result<Vec<Part>, StudyError> {
    let bench = pulsed.bench(context, &|volts| format!("{volts:?}"), super::array::STILL)?;
    let built = bench.build(&Overrides::default())?;
    let devices: Vec<&str> =
        built.circuit.arrays.iter().flat_map(|a| &a.cell_devices).map(|d| d.name.as_str()).collect();
    let selectors: Vec<String> = selectors.iter().map(|name| name.to_lowercase()).collect();
    if let Some(name) = selectors.iter().find(|name| !devices.contains(&name.as_str())) {
        let hint = nearest(name, devices.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
        return Err(StudyError::request(format!(
            "selectors= names `{name}`, but the cell `{}` has {}{}",
            pulsed.reader.cell.name(),
            devices.join(", "),
            hint.unwrap_or_default()
        )));
    }
    let part = |name: &str, place, signal: String, share| Part {
        name: name.to_owned(),
        place,
        signal: Signal::Power(signal),
        share,
    };
    let mut out: Vec<Part> = pulsed.sources().iter().map(|s| part(s, "sources", s.clone(), -1.0)).collect();
    for name in devices {
        let place = if selectors.iter().any(|s| s == name) { "selectors" } else { "cells" };
        out.push(part(name, place, format!("{ARRAY}.{name}"), 1.0));
    }
    for (name, place) in [("rwl", "wl_wires"), ("rbl", "bl_wires")] {
        out.push(part(name, place, format!("{ARRAY}.{name}"), 1.0));
    }
    for series in pulsed.series() {
        for (place, share) in [("drivers", series.driver), ("sense", 1.0 - series.driver)] {
            if share > 0.0 {
                out.push(part(&series.name, place, series.name.clone(), share));
            }
        }
    }
    Ok(out)
}

/// The pulse with finer and finer steps until the energies close.
fn closed(context: &Context, pulsed: &Pulsed, pulse: Pulse, parts: &[Part]) -> Result<Flow, StudyError> {
    let mut best: Option<Flow> = None;
    for (options, points) in STEPS {
        context.check()?;
        let flow = flow(context, pulsed, pulse, parts, options, points)?;
        let done = flow.error() <= CLOSED;
        if best.as_ref().is_none_or(|b| flow.error() < b.error()) {
            best = Some(flow);
        }
        if done {
            break;
        }
    }
    best.ok_or_else(|| StudyError::request("no transient was tried"))
}

fn flow(
    context: &Context,
    pulsed: &Pulsed,
    pulse: Pulse,
    parts: &[Part],
    options: &'static str,
    points: f64,
) -> Result<Flow, StudyError> {
    let corners = pulse.corners();
    let stop = corners.last().copied().unwrap_or(0.0);
    let step = pulse.width / points;
    let tran = Tran { step, stop, start: 0.0, max_step: Some(step), uic: false };
    let wires = pulsed.layout.wires;
    let snapshot = |quantity: &str| Snapshot {
        array: ARRAY.to_owned(),
        quantities: vec![quantity.to_owned()],
        at: Vec::new(),
        at_end: true,
        file: None,
        state_file: None,
    };
    let lines: Vec<(&str, f64)> =
        [("wl", wires.cwl), ("bl", wires.cbl)].into_iter().filter(|(_, c)| *c > 0.0).collect();
    let wanted = Wanted {
        signals: parts.iter().map(|part| part.signal.clone()).collect(),
        snapshots: lines.iter().map(|(line, _)| snapshot(line)).collect(),
    };
    let solution = pulsed.moving(context, &|volts| pulse.wave(volts), options, tran, &wanted)?;
    let stored = lines.iter().zip(&solution.snapshots).map(|((_, c), snapshot)| {
        let volts = snapshot.matrices.first().map_or(&[][..], |(_, values)| values);
        volts.iter().map(|v| 0.5 * c * v * v).sum::<f64>()
    });
    let stored = stored.sum();
    let energy = |(part, power): (&Part, &Vec<f64>)| part.share * integral(&solution.axis, power, &corners);
    let energies: Vec<f64> = parts.iter().zip(&solution.values).map(energy).collect();
    let total =
        |place: &str| parts.iter().zip(&energies).filter(|(p, _)| p.place == place).map(|(_, e)| e).sum::<f64>();
    let mut power = vec![0.0; solution.axis.len()];
    for (part, values) in parts.iter().zip(&solution.values).filter(|(part, _)| part.place == "sources") {
        power.iter_mut().zip(values).for_each(|(sum, p)| *sum += part.share * p);
    }
    Ok(Flow {
        delivered: total("sources"),
        places: PLACES.map(total),
        stored,
        energies,
        axis: solution.axis,
        power,
        stats: solution.stats,
    })
}
