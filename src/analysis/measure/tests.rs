#![allow(clippy::unwrap_used)]

use std::f64::consts::PI;

use super::*;
use crate::numeric::formula::FormulaBuilder;
use crate::result::{Column, PlotHeader};

fn table(axis: Option<(Quantity, &[f64])>, signals: &[&[f64]]) -> Table {
    let mut columns = Vec::new();
    let mut data = Vec::new();
    if let Some((quantity, values)) = axis {
        columns.push(Column { name: "axis".into(), quantity });
        data.push(values.to_vec());
    }
    for (k, values) in signals.iter().enumerate() {
        columns.push(Column { name: format!("v({k})"), quantity: Quantity::Voltage });
        data.push(values.to_vec());
    }
    let header = PlotHeader {
        title: String::new(),
        name: String::new(),
        step: String::new(),
        has_axis: axis.is_some(),
        saved: columns.len(),
        columns,
    };
    Table { header, data }
}

fn tran(axis: &[f64], signals: &[&[f64]]) -> Table {
    table(Some((Quantity::Time, axis)), signals)
}

fn sampled(points: usize, stop: f64, f: impl Fn(f64) -> f64) -> Table {
    let axis: Vec<f64> = (0..=points).map(|k| stop * k as f64 / points as f64).collect();
    let values: Vec<f64> = axis.iter().map(|&t| f(t)).collect();
    tran(&axis, &[&values])
}

fn slot(k: u32) -> Formula {
    let mut builder = FormulaBuilder::new();
    let node = builder.slot(k);
    builder.finish(node)
}

fn cross(signal: u32, level: f64, edge: Edge, count: Option<usize>) -> Crossing {
    Crossing {
        left: slot(signal),
        right: Formula::constant(level),
        left_text: format!("v({})", signal - 1),
        right_text: level.to_string(),
        edge,
        count,
        delay: None,
    }
}

fn measure(kind: MeasureKind) -> Measure {
    Measure { name: "m".into(), text: String::new(), analysis: None, kind, from: None, to: None }
}

fn within(kind: MeasureKind, from: f64, to: f64) -> Measure {
    Measure { from: Some(Formula::constant(from)), to: Some(Formula::constant(to)), ..measure(kind) }
}

fn one(m: Measure, table: &Table) -> MeasureResult {
    evaluate(&[m], table, AnalysisWord::Tran).remove(0)
}

fn value(m: Measure, table: &Table) -> f64 {
    let result = one(m, table);
    result.value.unwrap_or_else(|| panic!("{:?}", result.reason))
}

fn reason(m: Measure, table: &Table) -> String {
    one(m, table).reason.unwrap()
}

fn when(table: &Table, signal: u32, level: f64, edge: Edge, count: Option<usize>) -> f64 {
    value(measure(MeasureKind::When(cross(signal, level, edge, count))), table)
}

fn statistic(kind: Statistic) -> MeasureKind {
    MeasureKind::Statistic(kind, slot(1))
}

fn close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a} is not {b} within {tolerance}");
}

#[test]
fn statistics_of_a_sine_approach_their_closed_forms() {
    // h = 1 / 1000 of a period: linear interpolation is off by at most h^2 max|y''| / 8, the integrals by h^2 / 12 of it
    let n = 1000;
    let h = 1.0 / f64::from(n);
    let bound = (2.0 * PI * h).powi(2) / 8.0;
    let wave = sampled(n as usize, 1.0, |t| (2.0 * PI * t).sin());
    close(value(measure(statistic(Statistic::Average)), &wave), 0.0, 1e-15);
    close(value(measure(statistic(Statistic::Rms)), &wave), 0.5f64.sqrt(), bound);
    close(value(measure(statistic(Statistic::Max)), &wave), 1.0, bound);
    close(value(measure(statistic(Statistic::PeakToPeak)), &wave), 2.0, 2.0 * bound);
    close(value(measure(statistic(Statistic::MaxAt)), &wave), 0.25, h);
    close(value(measure(statistic(Statistic::MinAt)), &wave), 0.75, h);
    // half a sine: 2 / pi, 1 / pi
    close(value(within(statistic(Statistic::Average), 0.0, 0.5), &wave), 2.0 / PI, bound);
    close(value(within(statistic(Statistic::Integral), 0.0, 0.5), &wave), 1.0 / PI, bound);
    // crossing error: interpolation error over the slope
    close(when(&wave, 1, 0.5, Edge::Rise, Some(1)), 1.0 / 12.0, bound / (2.0 * PI * 0.8));
    close(when(&wave, 1, 0.5, Edge::Fall, Some(1)), 5.0 / 12.0, bound / (2.0 * PI * 0.8));
    close(when(&wave, 1, -0.5, Edge::Cross, None), 11.0 / 12.0, bound / (2.0 * PI * 0.8));
}

#[test]
fn an_exponential_has_its_integral_delay_and_slope() {
    let n = 2000;
    let h = 5.0 / f64::from(n);
    let wave = sampled(n as usize, 5.0, |t| 1.0 - (-t).exp());
    let exact = (2.0 - 0.3) + ((-2.0f64).exp() - (-0.3f64).exp());
    close(value(within(statistic(Statistic::Integral), 0.3, 2.0), &wave), exact, 1.7 * h * h / 8.0);
    let rise = measure(MeasureKind::TrigTarg(
        Point::Crossing(cross(1, 0.1, Edge::Rise, Some(1))),
        Point::Crossing(cross(1, 0.9, Edge::Rise, Some(1))),
    ));
    // 10 % to 90 % of a single pole: ln 9; slope 0.1 at the far end
    close(value(rise, &wave), 9f64.ln(), 2.0 * h * h / 8.0 / 0.1);
    let at_point = measure(MeasureKind::Derivative(slot(1), Point::At(Formula::constant(1.0))));
    close(value(at_point, &wave), (-1.0f64).exp(), h * h / 6.0);
    let between = measure(MeasureKind::Derivative(slot(1), Point::At(Formula::constant(1.0 + 0.5 * h))));
    close(value(between, &wave), (-1.0 - 0.5 * h).exp(), h * h / 24.0);
    let crossing = Point::Crossing(cross(1, 0.5, Edge::Rise, Some(1)));
    close(value(measure(MeasureKind::Derivative(slot(1), crossing)), &wave), 0.5, 0.5 * h);
    let at_end = measure(MeasureKind::Derivative(slot(1), Point::At(Formula::constant(5.0))));
    close(value(at_end, &wave), (-5.0f64).exp(), 0.5 * h);
}

#[test]
fn window_ends_are_interpolated_exactly() {
    let ramp = tran(&[0.0, 1.0, 3.0], &[&[0.0, 1.0, -1.0]]);
    let x = |kind| value(within(statistic(kind), 0.25, 2.5), &ramp);
    close(x(Statistic::Max), 1.0, 0.0);
    close(x(Statistic::Min), -0.5, 1e-15);
    // 0.25..1: mean 0.625 over 0.75; 1..2.5: mean 0.25 over 1.5
    close(x(Statistic::Integral), 0.625 * 0.75 + 0.25 * 1.5, 1e-15);
    close(x(Statistic::Average), (0.625 * 0.75 + 0.25 * 1.5) / 2.25, 1e-15);
    // integral of y^2: (1 - 1/64)/3 + (1 + 1/8)/3
    close(x(Statistic::Rms), (((1.0 - 1.0 / 64.0) + (1.0 + 0.125)) / 3.0 / 2.25f64).sqrt(), 1e-15);
    let narrow = one(within(statistic(Statistic::Max), 0.25, 0.5), &ramp);
    assert_eq!((narrow.value, narrow.at, narrow.window), (Some(0.5), Some(0.5), Some((0.25, 0.5))));
    close(value(within(statistic(Statistic::Rms), 0.5, 0.5), &ramp), 0.5, 1e-15);
}

/// The corner points of the sources whose ngspice 39 measures are quoted below.
fn corners() -> Table {
    let t = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    tran(&t, &[&[0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0], &[0.5, 1.0, 0.0, 0.5, 0.5, 0.0, 1.0]])
}

#[test]
fn crossings_count_as_in_ngspice() {
    let w = corners();
    let (rise, fall, any) = (Edge::Rise, Edge::Fall, Edge::Cross);
    assert_eq!(when(&w, 1, 1.0, rise, Some(1)), 1.0); // reaching the threshold is the crossing
    assert_eq!(when(&w, 1, 1.0, any, None), 5.0); // touched by a single point
    assert_eq!(when(&w, 1, 1.0, fall, None), 5.0);
    assert_eq!(when(&w, 1, 0.0, rise, Some(1)), 0.0); // starts at the threshold
    assert_eq!(when(&w, 1, 0.0, any, Some(1)), 0.0);
    assert_eq!(when(&w, 1, 0.0, fall, Some(1)), 3.0);
    assert_eq!(when(&w, 2, 0.5, rise, Some(1)), 0.0);
    assert_eq!(when(&w, 2, 0.5, fall, Some(1)), 1.5);
    assert_eq!(when(&w, 2, 0.5, any, Some(2)), 1.5);
    assert_eq!(when(&w, 2, 0.5, any, Some(3)), 3.0);
    let mut late = cross(1, 0.5, rise, Some(1));
    late.delay = Some(Formula::constant(2.0));
    assert_eq!(value(measure(MeasureKind::When(late)), &w), 4.5);
    let find = MeasureKind::Find(slot(2), Point::Crossing(cross(1, 0.25, any, Some(2))));
    close(value(measure(find), &w), 0.375, 1e-15);
    let find = MeasureKind::Find(slot(2), Point::At(Formula::constant(0.3)));
    close(value(measure(find), &w), 0.65, 1e-15);
    let meet = |n| Crossing { right: slot(2), ..cross(1, 0.0, any, Some(n)) };
    assert_eq!(value(measure(MeasureKind::When(meet(1))), &w), 1.0);
    close(value(measure(MeasureKind::When(meet(2))), &w), 2.0 + 2.0 / 3.0, 1e-15);
    let width = |trig, targ| measure(MeasureKind::TrigTarg(trig, targ));
    let falls = |n| Point::Crossing(cross(1, 0.5, fall, Some(n)));
    assert_eq!(value(width(Point::Crossing(cross(1, 0.5, rise, Some(1))), falls(1)), &w), 2.0);
    let second = one(width(Point::At(Formula::constant(1.0)), falls(2)), &w);
    assert_eq!((second.value, second.window), (Some(4.5), Some((1.0, 5.5))));
}

#[test]
fn a_plateau_at_the_threshold_is_left_once() {
    let w = corners();
    // ngspice loses these two; they are where the signal leaves the plateau it had reached
    assert_eq!(when(&w, 1, 1.0, Edge::Fall, Some(1)), 2.0);
    assert_eq!(when(&w, 1, 0.0, Edge::Rise, Some(2)), 4.0);
    // up to a plateau and on upwards is one crossing
    let stairs = tran(&[0.0, 1.0, 2.0, 3.0], &[&[0.0, 1.0, 1.0, 2.0]]);
    assert_eq!(when(&stairs, 1, 1.0, Edge::Cross, None), 1.0);
    let result = reason(measure(MeasureKind::When(cross(1, 1.0, Edge::Cross, Some(2)))), &stairs);
    assert_eq!(result, "v(0) crosses 1 only 1 time between 0 s and 3 s; crossing 2 was asked for");
}

#[test]
fn failures_say_what_was_found() {
    let w = tran(&[0.0, 5e-7, 1e-6], &[&[0.0, 0.25, 1.0]]);
    let never = reason(measure(MeasureKind::When(cross(1, 2.0, Edge::Rise, Some(1)))), &w);
    assert_eq!(never, "v(0) never rises through 2 between 0 s and 1 us; v(0) lies between 0 and 1");
    let outside = MeasureKind::Find(slot(1), Point::At(Formula::constant(7e-6)));
    assert_eq!(reason(measure(outside), &w), "7 us lies outside the sweep, 0 s to 1 us");
    let window = reason(within(statistic(Statistic::Max), 2e-6, 3e-6), &w);
    assert_eq!(window, "the window, 2 us to 3 us, lies outside the sweep, 0 s to 1 us");
    let backwards = reason(within(statistic(Statistic::Max), 8e-7, 2e-7), &w);
    assert_eq!(backwards, "FROM (800 ns) lies after TO (200 ns)");
    let empty = tran(&[], &[&[]]);
    assert_eq!(reason(measure(statistic(Statistic::Max)), &empty), "the analysis produced no points");
}

#[test]
fn limits_at_the_ends_survive_rounding() {
    let stop = 0.1 + 0.2; // 0.30000000000000004
    let w = tran(&[0.0, stop], &[&[0.0, 3.0]]);
    let end = MeasureKind::Find(slot(1), Point::At(Formula::constant(0.3)));
    close(value(measure(end), &w), 3.0, 0.0);
    let past = tran(&[0.0, 0.3], &[&[0.0, 3.0]]);
    let end = MeasureKind::Find(slot(1), Point::At(Formula::constant(stop)));
    close(value(measure(end), &past), 3.0, 0.0);
}

#[test]
fn a_descending_sweep_measures_in_its_own_order() {
    let axis: Vec<f64> = (0..=20).map(|k| 1.0 - 0.1 * f64::from(k)).collect();
    let square: Vec<f64> = axis.iter().map(|x| x * x).collect();
    let t = table(Some((Quantity::Voltage, &axis)), &[&axis, &square]);
    let dc = |m: Measure| evaluate(&[m], &t, AnalysisWord::Dc).remove(0);
    let at = |c: Crossing| dc(measure(MeasureKind::When(c))).value;
    close(at(cross(1, 0.55, Edge::Fall, Some(1))).unwrap(), 0.55, 1e-15);
    assert_eq!(at(cross(1, 0.55, Edge::Rise, Some(1))), None);
    close(at(cross(2, 0.25, Edge::Cross, Some(2))).unwrap(), -0.5, 1e-12);
    let late = Crossing { delay: Some(Formula::constant(0.0)), ..cross(2, 0.25, Edge::Cross, Some(1)) };
    close(at(late).unwrap(), -0.5, 1e-12);
    // as ngspice: signed along the sweep; trapezoid of x^2 over steps h adds h^2/6 per unit length
    let area = dc(measure(MeasureKind::Statistic(Statistic::Integral, slot(2)))).value.unwrap();
    close(area, -(2.0 / 3.0 + 2.0 * 0.01 / 6.0), 1e-12);
    let mean = dc(measure(MeasureKind::Statistic(Statistic::Average, slot(2)))).value.unwrap();
    close(mean, 1.0 / 3.0 + 0.01 / 6.0, 1e-12);
    for (from, to) in [(-0.5, 0.5), (0.5, -0.5)] {
        let peak = dc(within(MeasureKind::Statistic(Statistic::Max, slot(2)), from, to));
        close(peak.value.unwrap(), 0.25, 1e-12);
        close(peak.at.unwrap(), 0.5, 1e-12);
    }
}

#[test]
fn passes_of_a_nested_sweep_are_not_joined() {
    // y = x and y = 10 - x over x = 0 1 2 twice: the step back from 2 to 0 is no waveform
    let t = table(Some((Quantity::Voltage, &[0.0, 1.0, 2.0, 0.0, 1.0, 2.0])), &[&[0.0, 1.0, 2.0, 10.0, 9.0, 8.0]]);
    let dc = |m: Measure| evaluate(&[m], &t, AnalysisWord::Dc).remove(0).value;
    assert_eq!(dc(measure(MeasureKind::When(cross(1, 5.0, Edge::Cross, Some(1))))), None);
    assert_eq!(dc(measure(statistic(Statistic::Integral))), Some(20.0));
    assert_eq!(dc(measure(statistic(Statistic::Average))), Some(5.0));
    // a loop forward and back is one waveform: its signed integral is the area it encloses
    let t = table(Some((Quantity::Voltage, &[0.0, 1.0, 2.0, 1.0, 0.0])), &[&[0.0, 1.0, 4.0, 3.0, 0.0]]);
    let area = evaluate(&[measure(statistic(Statistic::Integral))], &t, AnalysisWord::Dc).remove(0).value;
    assert_eq!(area, Some(0.5 + 2.5 - 3.5 - 1.5));
    assert_eq!(when(&t, 1, 2.0, Edge::Fall, Some(1)), 1.0 - 1.0 / 3.0);
}

#[test]
fn an_operating_point_has_values_but_no_crossings() {
    let t = table(None, &[&[2.0], &[-3.0]]);
    let op = |kind| evaluate(&[measure(kind)], &t, AnalysisWord::Op).remove(0);
    for (kind, expected) in [(Statistic::Max, -3.0), (Statistic::Average, -3.0), (Statistic::Rms, 3.0)] {
        assert_eq!(op(MeasureKind::Statistic(kind, slot(2))).value, Some(expected));
    }
    assert_eq!(op(MeasureKind::Find(slot(1), Point::At(Formula::constant(5.0)))).value, Some(2.0));
    assert_eq!(op(MeasureKind::Param(slot(2))).value, Some(-3.0));
    assert!(op(MeasureKind::When(cross(1, 1.0, Edge::Cross, None))).reason.unwrap().contains("single point"));
}

#[test]
fn parameters_use_earlier_measures_and_name_failed_ones() {
    let w = sampled(10, 1.0, |t| t);
    let named = |name: &str, kind| Measure { name: name.into(), ..measure(kind) };
    // slots: 0 axis, 1 signal, 2.. measures
    let cards = [
        named("a", statistic(Statistic::Max)),
        named("b", MeasureKind::When(cross(1, 2.0, Edge::Rise, None))),
        named("c", MeasureKind::Param(slot(2))),
        named("d", MeasureKind::Param(slot(3))),
        Measure { to: Some(slot(2)), ..named("e", statistic(Statistic::Integral)) },
        Measure { analysis: Some(AnalysisWord::Dc), ..named("f", statistic(Statistic::Min)) },
    ];
    let results = evaluate(&cards, &w, AnalysisWord::Tran);
    let values: Vec<Option<f64>> = results.iter().map(|r| r.value).collect();
    assert_eq!(values[..4], [Some(1.0), None, Some(1.0), None]);
    close(values[4].unwrap(), 0.5, 1e-15);
    assert_eq!(results.len(), 5);
    assert_eq!(results[3].reason.as_deref(), Some("it uses `b`, which has no value here"));
}

#[test]
fn what_is_not_a_number_fails_in_words() {
    let w = tran(&[0.0, 1.0, 2.0], &[&[f64::NAN, f64::NAN, f64::NAN]]);
    assert!(one(measure(statistic(Statistic::Average)), &w).value.is_none());
    assert!(one(measure(statistic(Statistic::Max)), &w).value.is_none());
    assert!(one(measure(MeasureKind::When(cross(1, 0.0, Edge::Cross, None))), &w).value.is_none());
}
