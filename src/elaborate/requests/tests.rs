#![allow(clippy::unwrap_used)]

use crate::diag::{Diagnostic, Severity};
use crate::elaborate::{Elaborated, Elaborator};
use crate::netlist::{ReadOptions, parse_text};
use crate::plan::{
    Analysis, AnalysisWord, Edge, MeasureKind, Overrides, Plan, Point, PrintFormat, Quantity, Signal, SweepTarget,
    TfOutput,
};

/// A divider below a subcircuit.
const CIRCUIT: &str = "requests
.param vdd=2
v1 in 0 {vdd}
i9 0 out 1m
r1 in out 1k
x1 out 0 load
.subckt load a b
r1 a mid 1k
rload mid b 1k
.ends
";

fn build(circuit: &str, cards: &str) -> Result<Elaborated, Vec<Diagnostic>> {
    let (deck, diagnostics) = parse_text("t.cir", &format!("{circuit}{cards}\n.end\n"), &ReadOptions::default());
    assert!(!crate::diag::has_errors(&diagnostics), "{diagnostics:?}");
    Elaborator::new(deck, Vec::new()).build(&Overrides::default())
}

pub(super) fn plan(circuit: &str, cards: &str) -> Plan {
    build(circuit, cards).map(|e| e.plan).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// Messages of all errors.
pub(super) fn errors(circuit: &str, cards: &str) -> Vec<String> {
    let Err(all) = build(circuit, cards) else { panic!("`{cards}` was accepted") };
    all.into_iter().filter(|d| d.severity == Severity::Error).map(|d| d.message).collect()
}

pub(super) fn names(plan: &Plan) -> Vec<String> {
    plan.signals[..plan.saved].iter().map(ToString::to_string).collect()
}

pub(super) fn labels(plan: &Plan) -> Vec<&str> {
    plan.prints[0].traces.iter().map(|t| t.label.as_str()).collect()
}

/// The value of a trace when signal k has the value k (from 1).
pub(super) fn value(plan: &Plan, k: usize) -> f64 {
    let slots: Vec<f64> = (0..=plan.signals.len()).map(|k| k as f64).collect();
    plan.prints[0].traces[k].formula.eval(&slots)
}

pub(super) fn slot(plan: &Plan, name: &str) -> f64 {
    (plan.signals.iter().position(|s| s.to_string() == name).unwrap() + 1) as f64
}

#[test]
fn without_cards_top_level_nodes_and_source_currents_are_stored() {
    assert_eq!(names(&plan(CIRCUIT, ".op")), ["v(in)", "v(out)", "i(v1)"]);
}

#[test]
fn savecurrents_adds_all_devices() {
    let saved = names(&plan(CIRCUIT, ".options savecurrents\n.op"));
    for name in ["i(r1)", "i(x1.r1)", "i(x1.rload)", "i(i9)"] {
        assert!(saved.iter().any(|s| s == name), "{name} in {saved:?}");
    }
}

#[test]
fn saves_restrict_and_spread_wildcards() {
    assert_eq!(names(&plan(CIRCUIT, ".save v(x1.*) @r1[i]\n.op")), ["v(x1.mid)", "@r1[i]"]);
    assert_eq!(names(&plan(CIRCUIT, ".save i(r?) i(x1.r*)\n.op")), ["i(r1)", "i(x1.r1)", "i(x1.rload)"]);
    let all = names(&plan(CIRCUIT, ".save all\n.op"));
    assert_eq!(all, ["v(in)", "v(out)", "v(x1.mid)", "i(v1)"]);
    assert_eq!(names(&plan(CIRCUIT, ".probe v(in,out)\n.op")), ["v(in)", "v(out)"]);
}

#[test]
fn prints_are_stored_when_nothing_else_speaks() {
    assert_eq!(names(&plan(CIRCUIT, ".op\n.print op v(out)")), ["v(out)"]);
    // the transient would be left without anything
    assert_eq!(names(&plan(CIRCUIT, ".op\n.tran 1u 1m\n.print op v(x1.mid)")), ["v(in)", "v(out)", "i(v1)"]);
    assert_eq!(names(&plan(CIRCUIT, ".op\n.save v(in)\n.print op v(x1.mid)")), ["v(in)"]);
}

#[test]
fn printed_expressions_are_formulas_with_labels_and_quantities() {
    let p = plan(CIRCUIT, ".op\n.print op v(in,out) par('v(in)*i(v1)*vdd') {v(out)/i(r1)} V( in ) p(x1) w(r1) time");
    assert_eq!(p.prints[0].analysis, Some(AnalysisWord::Op));
    let quantities: Vec<Quantity> = p.prints[0].traces.iter().map(|t| t.quantity).collect();
    use Quantity::{Power, Resistance, Time, Voltage};
    assert_eq!(quantities, [Voltage, Power, Resistance, Voltage, Power, Power, Time]);
    assert_eq!(labels(&p)[0], "v(in,out)");
    assert_eq!(labels(&p)[3], "v(in)");
    let [vin, vout, iv1, ir1] = ["v(in)", "v(out)", "i(v1)", "i(r1)"].map(|n| slot(&p, n));
    assert_eq!(value(&p, 0), vin - vout);
    assert_eq!(value(&p, 1), vin * iv1 * 2.0);
    assert_eq!(value(&p, 2), vout / ir1);
    assert!(p.signals.contains(&Signal::Power("x1".into())));
}

#[test]
fn spellings_of_other_simulators() {
    let p = plan(CIRCUIT, ".op\n.print op i(r.x1.r1) @r.x1.r1[i] x1:mid v(x1:mid) i(x1:r1) n(r1:i) v1#branch");
    let known: Vec<String> = p.signals.iter().map(ToString::to_string).collect();
    for name in ["i(x1.r1)", "@x1.r1[i]", "v(x1.mid)", "@r1[i]", "i(v1)"] {
        assert!(known.iter().any(|s| s == name), "{name} in {known:?}");
    }
}

#[test]
fn a_unique_suffix_is_taken_with_a_note() {
    let done = build(CIRCUIT, ".op\n.print op v(mid) i(rload)").unwrap();
    assert_eq!(done.plan.signals[0], Signal::Voltage("x1.mid".into()));
    assert_eq!(done.plan.signals[1], Signal::Current("x1.rload".into()));
    let notes: Vec<&Diagnostic> = done.diagnostics.iter().filter(|d| d.code == "N-SUFFIX").collect();
    assert_eq!(notes.len(), 2);
    assert_eq!(notes[0].message, "`mid` is read as the node `x1.mid`");
    let twice = errors(&format!("{CIRCUIT}x2 out 0 load\n"), ".op\n.print op v(mid)");
    assert_eq!(twice, ["`mid` may be any of 2 nodes: `x1.mid`, `x2.mid`"]);
}

#[test]
fn unknown_names_are_errors_with_a_suggestion() {
    let Err(all) = build(CIRCUIT, ".op\n.print op v(outt) i(r7) @r1[zz] v(q*)\n.save v(nix)") else { panic!() };
    let errors: Vec<&Diagnostic> = all.iter().filter(|d| d.severity == Severity::Error).collect();
    assert_eq!(errors.len(), 5, "{errors:?}");
    let typo = errors.iter().find(|d| d.message == "there is no node `outt`").unwrap();
    assert_eq!(typo.help.as_deref(), Some("did you mean `out`?"));
    assert!(typo.span.is_some());
    assert!(errors.iter().any(|d| d.message.contains("`zz`")));
    assert!(errors.iter().any(|d| d.message == "no node matches `q*`"));
}

#[test]
fn formats_and_analysis_words_are_checked() {
    let p = plan(CIRCUIT, ".op\n.print op format=csv file=\"o.csv\" v(in)\n.print par('-i(v1)')");
    assert_eq!((p.prints[0].format, p.prints[0].file.as_deref()), (PrintFormat::Csv, Some("o.csv")));
    assert_eq!(p.prints[1].analysis, None);
    assert!(errors(CIRCUIT, ".op\n.print op format=cvs v(in)")[0].contains("`cvs`"));
    assert!(errors(CIRCUIT, ".op\n.print ac v(in)")[0].contains("`ac`"));
    assert!(errors(CIRCUIT, ".op\n.print op")[0].contains("nothing to show"));
}

#[test]
fn plots_have_titles_axes_and_loops() {
    let p = plan(CIRCUIT, ".tran 1u 1m\n.plot tran i(v1) vs=v(in) title=\"I-V loop\" logy file=\"out/loop.svg\"");
    let figure = &p.plots[0];
    assert_eq!(figure.title.as_deref(), Some("I-V loop"));
    assert_eq!(figure.versus.as_ref().unwrap().label, "v(in)");
    assert_eq!((figure.log_x, figure.log_y, figure.file.as_deref()), (false, true, Some("out/loop")));
    assert!(errors(CIRCUIT, ".tran 1u 1m\n.plot v(in) tilte=\"x\"")[0].contains("`tilte`"));
}

#[test]
fn measures_become_formulas_over_signals_and_earlier_measures() {
    let cards = ".tran 1u 1m\n.meas tran t1 when v(out)='vdd/4' rise=2 td=1u\n.meas tran q integ i(r1) from=0 to=t1\n\
                 .meas tran w trig v(in) val=1 rise=1 td=3u targ v(out) val=1 fall=last\n.meas tran r param='2*q'";
    let p = plan(CIRCUIT, cards);
    let MeasureKind::When(crossing) = &p.measures[0].kind else { panic!() };
    assert_eq!((crossing.edge, crossing.count), (Edge::Rise, Some(2)));
    assert_eq!(crossing.right.is_constant(), Some(0.5));
    assert_eq!(crossing.left_text, "v(out)");
    assert_eq!(crossing.delay.as_ref().unwrap().is_constant(), Some(1e-6));
    let measure_slot = |k: usize| (1 + p.signals.len() + k) as u32;
    assert_eq!(p.measures[1].to.as_ref().unwrap().slots().collect::<Vec<_>>(), [measure_slot(0)]);
    let MeasureKind::TrigTarg(_, Point::Crossing(targ)) = &p.measures[2].kind else { panic!() };
    assert_eq!((targ.count, targ.edge), (None, Edge::Fall));
    assert_eq!(targ.delay.as_ref().unwrap().is_constant(), Some(3e-6), "TARG waits as long as TRIG");
    let MeasureKind::Param(formula) = &p.measures[3].kind else { panic!() };
    assert_eq!(formula.slots().collect::<Vec<_>>(), [measure_slot(1)]);
    assert_eq!(p.measures[0].text, "when v(out)='vdd/4' rise=2 td=1u");
}

#[test]
fn measures_out_of_order_or_twice_are_errors() {
    let later = errors(CIRCUIT, ".tran 1u 1m\n.meas tran a param='b*2'\n.meas tran b max v(in)");
    assert_eq!(later, ["measure `a` uses `b`, which comes later"]);
    let twice = errors(CIRCUIT, ".tran 1u 1m\n.meas tran a max v(in)\n.meas tran a min v(in)");
    assert_eq!(twice, ["two measures are called `a`"]);
    let count = errors(CIRCUIT, ".tran 1u 1m\n.meas tran a when v(in)=1 cross=0");
    assert_eq!(count, ["0 is no number of a crossing"]);
}

#[test]
fn analyses_are_checked_and_ready_to_run() {
    let p =
        plan(CIRCUIT, ".tran 1m\n.tf v(out,in) v1\n.dc v1 0 1 0.25 vdd list 1 3\n.dc dec r1 1 100 1 temp -40 85 125");
    let Analysis::Tran(tran) = p.analyses[0] else { panic!() };
    assert_eq!((tran.stop, tran.step, tran.start, tran.max_step), (1e-3, 2e-5, 0.0, None));
    let output = TfOutput::Voltage("out".into(), "in".into());
    assert_eq!(p.analyses[1], Analysis::Tf { output, input: "v1".into() });
    let Analysis::Dc(sweeps) = &p.analyses[2] else { panic!() };
    assert_eq!(sweeps[0].targets, [SweepTarget::Source("v1".into())]);
    assert_eq!(sweeps[0].rows.concat(), [0.0, 0.25, 0.5, 0.75, 1.0]);
    assert_eq!((&sweeps[1].targets[0], sweeps[1].rows.len()), (&SweepTarget::Parameter("vdd".into()), 2));
    let Analysis::Dc(sweeps) = &p.analyses[3] else { panic!() };
    assert_eq!(sweeps[0].targets, [SweepTarget::Device("r1".into(), String::new())]);
    assert_eq!(sweeps[0].rows.concat(), [1.0, 10.0, 100.0]);
    assert_eq!(sweeps[1].targets, [SweepTarget::Temperature]);
}

#[test]
fn impossible_analyses_are_all_reported() {
    let found =
        errors(CIRCUIT, ".tran 1u -1m\n.tran 1 1m\n.dc v1 0 1 -0.1\n.dc v9 0 1 0.1\n.tf v(in) r1\n.tf v(in) v1");
    let starts = [
        "the stop time",
        "a print step",
        "an increment of -0.1",
        "there is no source, device",
        "there is no source `r1`",
    ];
    assert_eq!(found.len(), starts.len(), "{found:?}");
    for start in starts {
        assert!(found.iter().any(|m| m.starts_with(start)), "{start} in {found:?}");
    }
}

#[test]
fn a_measure_of_a_single_point_needs_no_place() {
    let plan = plan(CIRCUIT, ".op\n.meas op x FIND v(out)");
    let MeasureKind::Find(_, Point::At(at)) = &plan.measures[0].kind else { panic!("{:?}", plan.measures) };
    assert_eq!(at.eval(&[]), 0.0);
    let (_, told) = parse_text("t.cir", "t\n.meas tran x FIND v(out)\n", &ReadOptions::default());
    assert!(crate::diag::has_errors(&told), "elsewhere the place is missing");
}
