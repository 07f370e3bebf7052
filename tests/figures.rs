//! Every kind of figure, drawn into the build's temporary folder as SVG and PNG and checked for what a reader needs.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use sneakpath::numeric::formula::{Formula, FormulaBuilder};
use sneakpath::output::figure::{FigureData, Format, draw};
use sneakpath::plan::{Figure, Quantity, Trace};
use sneakpath::result::{ArraySnapshot, Column, PlotHeader, Table};

fn slot(k: u32) -> Formula {
    let mut builder = FormulaBuilder::new();
    let node = builder.slot(k);
    builder.finish(node)
}

fn trace(label: &str, quantity: Quantity, k: u32) -> Trace {
    Trace { label: label.into(), quantity, formula: slot(k) }
}

fn figure(title: &str, traces: Vec<Trace>) -> Figure {
    Figure { analysis: None, title: Some(title.into()), traces, versus: None, log_x: false, log_y: false, file: None }
}

/// A table from an axis and signals of t.
fn table(name: &str, step: &str, axis: (&str, Quantity), x: &[f64], signals: &[&dyn Fn(f64) -> f64]) -> Table {
    let mut columns = vec![Column { name: axis.0.into(), quantity: axis.1 }];
    columns.extend((0..signals.len()).map(|k| Column { name: format!("v({k})"), quantity: Quantity::Voltage }));
    let saved = columns.len();
    let mut table = Table::new(PlotHeader {
        title: "* gallery".into(),
        name: name.into(),
        step: step.into(),
        has_axis: true,
        columns,
        saved,
    });
    for &t in x {
        let mut row = vec![t];
        row.extend(signals.iter().map(|f| f(t)));
        table.push(&row);
    }
    table
}

fn grid(low: f64, high: f64, n: usize) -> Vec<f64> {
    (0..n).map(|k| low + (high - low) * k as f64 / (n - 1) as f64).collect()
}

/// Draws both formats; returns the SVG text after checking that it is well-formed and the PNG that it is one.
fn render(name: &str, data: &FigureData) -> String {
    let stem = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let (svg, png) = (stem.with_extension("svg"), stem.with_extension("png"));
    draw(data, &svg, Format::Svg).unwrap();
    draw(data, &png, Format::Png).unwrap();
    let text = std::fs::read_to_string(&svg).unwrap();
    assert_well_formed(&text);
    let bytes = std::fs::read(&png).unwrap();
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    text
}

/// Tags balance, attributes are quoted, text holds no bare `<` or `&`: enough XML for what we write.
fn assert_well_formed(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = svg;
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        for (k, _) in text.match_indices('&') {
            assert!(text[k..].contains(';'), "bare & in {text:?}");
        }
        let end = start + rest[start..].find('>').unwrap();
        let tag = &rest[start + 1..end];
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name.trim()), "closing tag");
        } else if !tag.ends_with('/') && !tag.starts_with(['?', '!']) {
            open.push(tag.split_whitespace().next().unwrap());
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "{open:?} never closed");
}

fn pulse(t: f64) -> f64 {
    if (t % 2e-6) < 1e-6 { 1.0 } else { 0.0 }
}

#[test]
fn waveforms_of_one_quantity_share_a_panel() {
    let lag = |t: f64| 1.0 - (-t / 3e-7).exp() * (1.0 - 0.4 * (t * 2e7).cos());
    let t = grid(0.0, 2e-6, 400);
    let tran = table("Transient Analysis", "", ("time", Quantity::Time), &t, &[&pulse, &lag, &|t| 0.5 * lag(t)]);
    let traces = vec![
        trace("v(in)", Quantity::Voltage, 1),
        trace("v(out)", Quantity::Voltage, 2),
        trace("v(tap) & <more>", Quantity::Voltage, 3),
    ];
    let svg = render("waveforms", &FigureData::curves(&figure("RC ladder, step response", traces), &[tran]).unwrap());
    for text in ["Time (µs)", "Voltage (V)", "v(in)", "RC ladder, step response"] {
        assert!(svg.contains(text), "{text}");
    }
    assert!(svg.contains("width=\"900\" height=\"600\" viewBox=\"0 0 3600 2400\""), "{}", &svg[..300]);
}

#[test]
fn mixed_quantities_are_stacked() {
    let t = grid(0.0, 1e-7, 500);
    let v = |t: f64| (t * 6.3e7).sin();
    let x = |t: f64| 0.5 - 0.4 * (t * 6.3e7).cos();
    let tran = table(
        "Transient Analysis",
        "",
        ("time", Quantity::Time),
        &t,
        &[&v, &|t| v(t) * x(t) * 2e-4, &|t| v(t) * 1e-4, &x],
    );
    let traces = vec![
        trace("v(te)", Quantity::Voltage, 1),
        trace("i(vte)", Quantity::Current, 2),
        trace("i(r1)", Quantity::Current, 3),
        trace("@m1[x]", Quantity::Plain, 4),
    ];
    let svg = render("stacked", &FigureData::curves(&figure("Memristor under a sine", traces), &[tran]).unwrap());
    for text in ["v(te) (V)", "Current (µA)", "@m1[x]", "Time (ns)"] {
        assert!(svg.contains(text), "{text}");
    }
}

#[test]
fn a_loop_is_drawn_versus_its_voltage() {
    let t = grid(0.0, 1.0, 2000);
    let v = |t: f64| 1.2 * (t * std::f64::consts::TAU).sin();
    let g = |t: f64| 1e-4 * (1.2 - (t * std::f64::consts::TAU).cos());
    let family: Vec<Table> = [1.0, 2.0, 5.0]
        .iter()
        .map(|f| {
            let step = format!("freq={f}");
            table(
                "Transient Analysis",
                &step,
                ("time", Quantity::Time),
                &t,
                &[&v, &|t| v(t) * (1.2e-4 + (g(t) - 1.2e-4) / f)],
            )
        })
        .collect();
    let mut card = figure("Pinched hysteresis at three frequencies", vec![trace("i(vte)", Quantity::Current, 2)]);
    card.versus = Some(trace("v(te)", Quantity::Voltage, 1));
    let svg = render("loop", &FigureData::curves(&card, &family).unwrap());
    for text in ["v(te) (V)", "i(vte) (µA)", "freq = 2"] {
        assert!(svg.contains(text), "{text}");
    }
}

#[test]
fn a_current_of_both_signs_has_a_logarithmic_magnitude() {
    let half = grid(0.0, 1.0, 400);
    let sweep: Vec<f64> = half.iter().copied().chain(half.iter().rev().copied()).collect();
    let all: Vec<f64> = sweep.iter().copied().chain(sweep.iter().map(|v| -v)).collect();
    let mut dc = table("DC transfer characteristic", "", ("v1", Quantity::Voltage), &all, &[&|v| v * 1e-11]);
    let mut on = false;
    for (k, v) in all.iter().enumerate() {
        on = v.abs() > 0.6 || (on && v.abs() > 0.25);
        if on {
            dc.data[1][k] = v * 1e-5;
        }
    }
    let mut card = figure("1S-1R cell, forward and back", vec![trace("i(v1)", Quantity::Current, 1)]);
    card.log_y = true;
    let svg = render("log_iv", &FigureData::curves(&card, &[dc]).unwrap());
    for text in ["|i(v1)| (A)", "10⁻⁶", "v1 (V)"] {
        assert!(svg.contains(text), "{text}");
    }
}

#[test]
fn a_long_family_names_some_of_its_members() {
    let t = grid(0.0, 5e-9, 200);
    let family: Vec<Table> = (1..=16)
        .map(|k| {
            let tau = f64::from(k) * 2e-10;
            let step = format!("r={}", k * 1000);
            table("Transient Analysis", &step, ("time", Quantity::Time), &t, &[&move |t: f64| 1.0 - (-t / tau).exp()])
        })
        .collect();
    let card = figure("Step response over the source resistance", vec![trace("v(out)", Quantity::Voltage, 1)]);
    let svg = render("family", &FigureData::curves(&card, &family).unwrap());
    assert!(svg.contains("r = 1 k") && svg.contains("r = 16 k"), "first and last are named");
}

#[test]
fn curves_that_fill_the_panel_push_the_legend_outside() {
    let t = grid(0.0, 1e-3, 4000);
    let tran = table(
        "Transient Analysis",
        "",
        ("time", Quantity::Time),
        &t,
        &[&|t| (t * 1e5).sin(), &|t| (t * 1.3e5).cos(), &|t| 0.5 * (t * 4e4).sin()],
    );
    let traces = (1..=3).map(|k| trace(&format!("v(node_{k})"), Quantity::Voltage, k)).collect();
    let svg = render("crowded", &FigureData::curves(&figure("Three oscillators", traces), &[tran]).unwrap());
    assert!(svg.contains("v(node_2)"));
}

#[test]
fn a_million_points_make_a_small_file() {
    let t = grid(0.0, 1.0, 1_000_000);
    let noise = |t: f64| (t * 1e6).sin() * (t * 77.0).cos();
    let tran = table("Transient Analysis", "", ("time", Quantity::Time), &t, &[&noise]);
    let card = figure("A million points", vec![trace("v(out)", Quantity::Voltage, 1)]);
    let svg = render("million", &FigureData::curves(&card, &[tran]).unwrap());
    assert!(svg.len() < 400_000, "{} bytes", svg.len());
}

fn snapshot(rows: usize, cols: usize, value: &dyn Fn(f64, f64) -> f64) -> ArraySnapshot {
    let values =
        (0..rows * cols).map(|k| value((k / cols) as f64 / rows as f64, (k % cols) as f64 / cols as f64)).collect();
    ArraySnapshot {
        array: "xa".into(),
        at: 0.0,
        rows,
        cols,
        matrices: vec![("v".into(), values)],
        file: None,
        state_file: None,
    }
}

#[test]
fn maps_have_axes_and_a_colour_bar() {
    let drop = |r: f64, c: f64| 0.7 - 0.25 * c - 0.15 * (1.0 - r) * c;
    let big = FigureData::map(&snapshot(64, 64, &drop), "v", "* IR drop of a 64 x 64 read", 0).unwrap();
    let svg = render("map64", &big);
    for text in ["Word line (row)", "Bit line (column)", "Cell voltage (mV)", "IR drop of a 64 x 64 read"] {
        assert!(svg.contains(text), "{text}");
    }
    let small = FigureData::map(&snapshot(4, 6, &drop), "v", "4 x 6", 1).unwrap();
    assert!(render("map4", &small).contains("700 mV"));
    let spread = |r: f64, c: f64| 10f64.powf(-6.0 + 4.0 * r * c);
    render("maplog", &FigureData::map(&snapshot(300, 200, &spread), "v", "Half-selected cells", 0).unwrap());
    assert!(FigureData::map(&snapshot(2, 2, &drop), "g", "", 0).unwrap_err().contains("holds v"));
}

#[test]
fn columns_are_picked_by_name() {
    let t = grid(0.0, 1.0, 10);
    let tran = table("Transient Analysis", "", ("time", Quantity::Time), &t, &[&|t| t, &|t| 2.0 * t]);
    let Ok(FigureData::Curves(plot)) = FigureData::columns(&["V(1)".into()], std::slice::from_ref(&tran)) else {
        panic!("no curves");
    };
    assert_eq!(plot.panels[0].curves[0].y, tran.data[2]);
    assert_eq!(plot.title, "gallery");
    let Ok(FigureData::Curves(all)) = FigureData::columns(&[], std::slice::from_ref(&tran)) else {
        panic!("no curves");
    };
    assert_eq!(all.panels[0].curves.len(), 2);
    let message = FigureData::columns(&["v(11)".into()], &[tran]).unwrap_err();
    assert!(message.contains("v(11)") && message.contains("nearest is v(1)"), "{message}");
}

#[test]
fn stepped_operating_points_are_drawn_over_the_step() {
    let point = |k: f64| {
        let mut op = table("Operating Point", &format!("r={k}"), ("v(0)", Quantity::Voltage), &[k * k], &[]);
        op.header.has_axis = false;
        op
    };
    let tables: Vec<Table> = (1..=5).map(|k| point(f64::from(k))).collect();
    let Ok(FigureData::Curves(plot)) = FigureData::columns(&[], &tables) else { panic!("no curves") };
    assert_eq!(plot.x_name, "r");
    assert_eq!(plot.panels[0].curves[0].x, [1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(plot.panels[0].curves[0].y, [1.0, 4.0, 9.0, 16.0, 25.0]);
    assert!(FigureData::columns(&[], &tables[..1]).is_err());
}

#[test]
fn what_cannot_be_drawn_is_an_error() {
    let one = table("Transient Analysis", "", ("time", Quantity::Time), &[0.0], &[&pulse]);
    let card = figure("", vec![trace("v(a)", Quantity::Voltage, 1)]);
    assert!(FigureData::curves(&card, &[one]).is_err());
    assert!(FigureData::curves(&card, &[]).is_err());
    let nan = table("Transient Analysis", "", ("time", Quantity::Time), &[0.0, 1.0], &[&|_| f64::NAN]);
    let data = FigureData::curves(&card, &[nan]).unwrap();
    assert!(draw(&data, &PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("nan.svg"), Format::Svg).is_err());
    let fine = table("Transient Analysis", "", ("time", Quantity::Time), &[0.0, 1.0], &[&pulse]);
    let data = FigureData::curves(&card, &[fine]).unwrap();
    for format in [Format::Svg, Format::Png] {
        let message = draw(&data, &PathBuf::from("/nowhere/x"), format).unwrap_err().to_string();
        assert!(message.contains("/nowhere/x") && message.contains("No such file"), "{message}");
    }
}
