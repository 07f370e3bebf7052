//! D: the copolymer memristor. Decks `copolymer_*`; both models of `models/copolymer_icvd.lib`.

use sneakpath::output::figure::{Curve, FigureData, Spacing};
use sneakpath::plan::Quantity;
use sneakpath::study::pulse::{Cycle, DEFINITIONS, Linearity};

use crate::deck::{self, Step};
use crate::report::{Findings, Label, Row, around, curves_over, mean_and_deviation, number};

/// Pulses in each direction.
const PULSES: usize = 64;
/// Time of a read before the start of the next period, in s.
const READ: f64 = 0.1e-3;

/// A pulse scheme of the paper: deck, word, period, published NL and ANL, reference NL and ANL of D1 and D2.
struct Scheme {
    deck: &'static str,
    word: &'static str,
    title: &'static str,
    period: f64,
    published: (f64, f64),
    reference: [(f64, f64); 2],
}

const SCHEMES: [Scheme; 3] = [
    Scheme {
        deck: "copolymer_identical.cir",
        word: "identical",
        title: "Identical pulses, 14 V, 400 us",
        period: 1.4e-3,
        published: (0.78, 0.76),
        reference: [(0.7797, 0.7599), (0.7840, 0.7604)],
    },
    Scheme {
        deck: "copolymer_amplitude.cir",
        word: "amplitude",
        title: "Growing amplitude, 6.125 V to 14 V, 400 us",
        period: 1.4e-3,
        published: (0.38, 0.19),
        reference: [(0.3789, 0.1881), (0.3830, 0.1917)],
    },
    Scheme {
        deck: "copolymer_width.cir",
        word: "width",
        title: "Growing width, 14 V, 185 us to 500 us",
        period: 1.5e-3,
        published: (0.19, 0.04),
        reference: [(0.1900, 0.0398), (0.1902, 0.0436)],
    },
];

/// Runs all decks of the device.
///
/// # Errors
/// A deck that does not run, a signal or measure that is missing.
pub fn run() -> Result<Findings, String> {
    let mut found = Findings::default();
    found.notes.extend(DEFINITIONS.lines().map(str::to_owned));
    for scheme in &SCHEMES {
        pulses(&mut found, scheme)?;
    }
    depression_map(&mut found)?;
    endurance(&mut found)?;
    reset_series(&mut found)?;
    array(&mut found)?;
    pairs(&mut found)?;
    Ok(found)
}

/// The second cycle of one model.
fn cycle(deck: &Step, column: &str, period: f64) -> Result<Cycle, String> {
    let (time, g) = (deck.column("time")?, deck.column(column)?);
    let after = |n: usize| deck::at(time, g, n as f64 * period - if n == 0 { 0.0 } else { READ });
    let part = |first: usize| (first..=first + PULSES).map(after).collect();
    Ok(Cycle { up: part(2 * PULSES), down: part(3 * PULSES) })
}

fn judged(cycle: &Cycle) -> Result<Linearity, String> {
    cycle.linearity().ok_or_else(|| "the pulses up do not raise the conductance".to_owned())
}

fn pulses(found: &mut Findings, scheme: &Scheme) -> Result<(), String> {
    let deck = deck::run_one(scheme.deck, &[])?;
    let cycles = [cycle(&deck, "@n1[g]", scheme.period)?, cycle(&deck, "@n2[g]", scheme.period)?];
    for (k, cycle) in cycles.iter().enumerate() {
        let (of, word) = (judged(cycle)?, scheme.word);
        // the copolymer rows without a suffix are those of D1, the default
        let suffix = if k == 0 { "" } else { "_d2" };
        let mut row = |quantity: &str, what: &str, value: f64, published: f64, reference: f64| {
            let (name, what) = (format!("copolymer_{quantity}_{word}{suffix}"), format!("{what}, model D{}", k + 1));
            let band = around(reference, 0.005);
            found.rows.push(Row::new(&name, &what, value, Some(published), band, Label::Calibrated));
        };
        row("nl", "NL", of.nl, scheme.published.0, scheme.reference[k].0);
        row("anl", "ANL", of.anl, scheme.published.1, scheme.reference[k].1);
        if k == 0 && word == "identical" {
            let mut range = |name: &str, what: &str, value: f64, published: f64, reference: f64| {
                let band = around(reference, 0.005);
                found.rows.push(Row::new(name, what, value, Some(published), band, Label::Calibrated));
            };
            range("copolymer_gmax_ms", "largest conductance (mS)", 1e3 * of.gmax, 3.48, 3.4796);
            range("copolymer_gmin_ms", "smallest conductance (mS)", 1e3 * of.gmin, 1.40, 1.4001);
        }
        found.notes.push(format!(
            "{word}, D{}: NL {:.4} at n = {}, ANL {:.4}, bow {:.3}, {} .. {} mS",
            k + 1,
            of.nl,
            of.at,
            of.anl,
            of.bow,
            number(1e3 * of.gmin),
            number(1e3 * of.gmax)
        ));
    }
    let mut curves = Vec::new();
    for (cycle, model) in cycles.iter().zip(["D1", "D2"]) {
        let whole: Vec<f64> = cycle.up.iter().chain(&cycle.down[1..]).copied().collect();
        curves.push(by_pulse(model, &whole));
    }
    found.pictures.push((
        format!("copolymer_{}", scheme.word),
        curves_over(
            scheme.title,
            ("Pulse", Quantity::Plain),
            ("Conductance", Quantity::Conductance),
            Spacing::Linear,
            curves,
        ),
    ));
    Ok(())
}

/// Values after 0, 1, 2, .. pulses.
fn by_pulse(label: &str, values: &[f64]) -> Curve {
    Curve { label: label.into(), x: (0..values.len()).map(|n| n as f64).collect(), y: values.to_vec() }
}

/// Fig. 3g: 64 depressing pulses of six heights and widths.
fn depression_map(found: &mut Findings) -> Result<(), String> {
    // conductances of the reference in mS, D1 and D2, in the order of the deck's table
    const REFERENCE: [(f64, f64); 6] =
        [(3.454, 3.395), (3.467, 3.465), (3.429, 3.130), (3.135, 1.932), (3.032, 2.467), (1.400, 1.401)];
    let steps = deck::run("copolymer_depression_map.cir", &[])?;
    let mut curves = Vec::new();
    for (step, reference) in steps.iter().zip(REFERENCE) {
        let value = |name: &str| step.labels.iter().find(|(n, _)| n == name).map_or(f64::NAN, |(_, v)| *v);
        let (amp, width) = (value("amp"), value("w"));
        let label = format!("-{} V, {} us", number(amp), number(1e6 * width));
        for (model, measure, reference) in [("D1", "d1", reference.0), ("D2", "d2", reference.1)] {
            let name = format!("copolymer_map_{}v_{}us_{measure}", number(amp), number(1e6 * width));
            let what = format!("after 64 pulses of {label}, {model} (mS)");
            let ours = 1e3 * step.measure(measure)?;
            found.rows.push(Row::new(&name, &what, ours, None, around(reference, 0.002), Label::Undetermined));
        }
        let (time, g) = (step.column("time")?, step.column("@n1[g]")?);
        let period = width + 1e-3;
        let values: Vec<f64> = (0..=PULSES).map(|n| deck::at(time, g, n as f64 * period)).collect();
        curves.push(by_pulse(&label, &values));
    }
    found.notes.push(
        "Fig. 3g: the order of the six agrees with the paper in both models; -7 V/400 us tells them apart".into(),
    );
    found.pictures.push((
        "copolymer_depression_map".into(),
        curves_over(
            "Depression by height and width, model D1",
            ("Pulse", Quantity::Plain),
            ("Conductance", Quantity::Conductance),
            Spacing::Linear,
            curves,
        ),
    ));
    Ok(())
}

/// Fig. 4f: the cycle closes and repeats; the models cannot wear out.
fn endurance(found: &mut Findings) -> Result<(), String> {
    let deck = deck::run_one("copolymer_endurance.cir", &[])?;
    let drift = deck.measure("gmax8")? / deck.measure("gmax2")? - 1.0;
    found.rows.push(Row::new(
        "copolymer_endurance_drift",
        "change of Gmax from cycle 2 to 8 of 128 pulses",
        drift,
        None,
        (-1e-4, 1e-4),
        Label::Undetermined,
    ));
    let curve = Curve { label: "D1".into(), x: deck.column("time")?.to_vec(), y: deck.column("@n1[g]")?.to_vec() };
    found.pictures.push((
        "copolymer_endurance".into(),
        curves_over(
            "1024 pulses of 14 V and -14 V",
            ("Time", Quantity::Time),
            ("Conductance", Quantity::Conductance),
            Spacing::Linear,
            vec![curve],
        ),
    ));
    Ok(())
}

/// Fig. 3d, e: how many 100 ns pulses turn the device off, by start voltage.
fn reset_series(found: &mut Findings) -> Result<(), String> {
    let steps = deck::run("copolymer_reset_series.cir", &[])?;
    let mut curve = Curve { label: "pulses to an on/off ratio of 100".into(), x: Vec::new(), y: Vec::new() };
    for step in &steps {
        curve.x.push(-step.labels.first().map_or(f64::NAN, |(_, v)| *v));
        curve.y.push(step.measure("pulses")?);
    }
    let single =
        curve.x.iter().zip(&curve.y).filter(|(_, n)| **n < 1.5).map(|(v, _)| *v).fold(f64::NEG_INFINITY, f64::max);
    found.rows.push(Row::new(
        "copolymer_reset_start",
        "smallest start voltage that resets in one 100 ns pulse (V)",
        single,
        Some(-5.1),
        around(-5.1, 1e-6),
        Label::Calibrated,
    ));
    let moved = steps.iter().map(|s| s.measure("d1")).collect::<Result<Vec<_>, _>>()?;
    let least = moved.iter().copied().fold(f64::INFINITY, f64::min);
    found.notes.push(format!(
        "the same series moves D1 from 3.483 mS to {} mS at most: the short-pulse reset is another regime",
        number(1e3 * least)
    ));
    found.pictures.push((
        "copolymer_reset_series".into(),
        curves_over(
            "Ramped pulse series, steps of -0.3 V",
            ("Start voltage", Quantity::Voltage),
            ("Pulses", Quantity::Plain),
            Spacing::Linear,
            vec![curve],
        ),
    ));
    Ok(())
}

/// Fig. 4b: 49 cells with the published spread.
fn array(found: &mut Findings) -> Result<(), String> {
    const PERIOD: f64 = 1.4e-3;
    let deck = deck::run_one("copolymer_array.cir", &[])?;
    let time = deck.column("time")?;
    let mut figures = Vec::new();
    for row in 0..7 {
        for col in 0..7 {
            let g = deck.column(&format!("@xa.c_{row}_{col}[g]"))?;
            let after = |n: usize| deck::at(time, g, n as f64 * PERIOD - if n == 0 { 0.0 } else { READ });
            let part = |first: usize| (first..=first + PULSES).map(after).collect();
            figures.push(judged(&Cycle { up: part(0), down: part(PULSES) })?);
        }
    }
    let over = |pick: fn(&Linearity) -> f64| mean_and_deviation(&figures.iter().map(pick).collect::<Vec<_>>());
    let (gmax, gmin, nl, anl) = (over(|f| 1e3 * f.gmax), over(|f| 1e3 * f.gmin), over(|f| f.nl), over(|f| f.anl));
    // three standard errors of a sample of 49: of the mean s/7, of the deviation s/sqrt(96)
    let mut row = |name: &str, what: &str, value: f64, published: f64, error: f64| {
        let band = around(published, 3.0 * error);
        found.rows.push(Row::new(name, what, value, Some(published), band, Label::Calibrated));
    };
    let error = |s: f64| s / 96f64.sqrt();
    row("copolymer_array_gmax_ms", "mean Gmax of 49 cells (mS)", gmax.0, 3.48, 0.20292 / 7.0);
    row("copolymer_array_gmax_sd_ms", "its deviation (mS)", gmax.1, 0.20292, error(0.20292));
    row("copolymer_array_gmin_ms", "mean Gmin of 49 cells (mS)", gmin.0, 1.40, 0.16234 / 7.0);
    row("copolymer_array_gmin_sd_ms", "its deviation (mS)", gmin.1, 0.16234, error(0.16234));
    found.notes.push(format!(
        "49 cells, identical pulses: NL {:.3} +- {:.3}, ANL {:.3} +- {:.3} (paper, another set of devices: 0.841 +- 0.052, 0.827 +- 0.050)",
        nl.0, nl.1, anl.0, anl.1
    ));
    let snapshot = deck.snapshots.first().ok_or("copolymer_array.cir gave no snapshot")?;
    let map = FigureData::map(snapshot, "g", "Conductance after 64 pulses, 7 x 7", 0)?;
    found.pictures.push(("copolymer_array".into(), map));
    Ok(())
}

/// Fig. 5a: weights as differences of two devices, ideal wires and 1 ohm per segment.
fn pairs(found: &mut Findings) -> Result<(), String> {
    let steps = deck::run("copolymer_pairs.cir", &[])?;
    let mut curves = Vec::new();
    for (step, label) in steps.iter().zip(["ideal wires", "1 ohm per segment"]) {
        let y = (0..9).map(|k| step.measure(&format!("w{k}"))).collect::<Result<Vec<_>, _>>()?;
        curves.push(Curve { label: label.into(), x: (0..9).map(|k| 64.0 - 16.0 * f64::from(k)).collect(), y });
    }
    let [ideal, wires] = curves.as_slice() else { return Err("copolymer_pairs.cir has other than two steps".into()) };
    let odd = (0..9).map(|k| (ideal.y[k] + ideal.y[8 - k]).abs()).fold(0.0, f64::max) / ideal.y[0];
    let what = "largest W(n) + W(-n) over W(64), ideal wires";
    found.rows.push(Row::new("copolymer_pairs_odd", what, odd, None, (0.0, 1e-9), Label::Exact));
    let lost = 1.0 - wires.y[0] / ideal.y[0];
    found.notes.push(format!(
        "differential pairs: W(+-64) = +-{} mS; 1 ohm per segment takes {:.0} % of it and shifts the zero weight by {} uS",
        number(1e3 * ideal.y[0]),
        1e2 * lost,
        number(1e6 * wires.y[4])
    ));
    found.pictures.push((
        "copolymer_pairs".into(),
        curves_over(
            "Weights of differential pairs",
            ("Net pulses", Quantity::Plain),
            ("Weight", Quantity::Conductance),
            Spacing::Linear,
            curves,
        ),
    ));
    Ok(())
}
