#![allow(clippy::unwrap_used)]

use super::*;
use crate::elaborate::Elaborator;
use crate::netlist::{ReadOptions, parse_text};

const CIRCUIT: &str = "steps
.param r=1k gain=2
v1 in 0 1
r1 in out {r}
c1 out 0 1n tc1=1e-3
d1 out 0 dio
vw[0:3] w[0:3] 0 0
rw[0:3] w[0:3] 0 1k
x1 out 0 load
.subckt load a b
r2 a b 1k
.ends
.model dio d(is=1e-14)
";

fn steps(cards: &str) -> Result<Vec<StepPoint>, Vec<Diagnostic>> {
    let (deck, diagnostics) = parse_text("t.cir", &format!("{CIRCUIT}{cards}\n.end\n"), &ReadOptions::default());
    assert!(!crate::diag::has_errors(&diagnostics), "{diagnostics:?}");
    Elaborator::new(deck, Vec::new()).steps()
}

fn labels(cards: &str) -> Vec<String> {
    let show = |p: &StepPoint| p.labels.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join(" ");
    steps(cards).unwrap().iter().map(show).collect()
}

fn target(cards: &str) -> SweepTarget {
    steps(cards).unwrap()[0].overrides.values.keys().next().unwrap().clone()
}

fn messages(cards: &str) -> Vec<String> {
    steps(cards).unwrap_err().into_iter().map(|d| d.message).collect()
}

#[test]
fn nothing_stepped_is_one_empty_point() {
    assert_eq!(steps(".op").unwrap(), [StepPoint::default()]);
    assert_eq!(steps(".temp 50").unwrap().len(), 1, "a single temperature is an option, not a loop");
}

#[test]
fn the_first_card_is_the_inner_loop() {
    let found = labels(".step param r list 1k 2k\n.step c1 1n 3n 2n");
    assert_eq!(
        found,
        ["r=1000 c1=0.000000001", "r=2000 c1=0.000000001", "r=1000 c1=0.000000003", "r=2000 c1=0.000000003"]
    );
    let found = labels(".step gain 1 2 1\n.temp 0 100");
    assert_eq!(found, ["gain=1 temp=0", "gain=2 temp=0", "gain=1 temp=100", "gain=2 temp=100"]);
}

#[test]
fn every_kind_of_target_is_found() {
    let device = |d: &str, f: &str| SweepTarget::Device(d.into(), f.into());
    assert_eq!(target(".step v1 0 1 1"), SweepTarget::Source("v1".into()));
    assert_eq!(target(".step vw_2 0 1 1"), SweepTarget::Source("vw_2".into()));
    assert_eq!(target(".step r1 1 2 1"), device("r1", ""));
    assert_eq!(target(".step r1:r 1 2 1"), device("r1", "r"));
    assert_eq!(target(".step @c1[tc1] list 0 1"), device("c1", "tc1"));
    assert_eq!(target(".step x1.r2 1 2 1"), device("x1.r2", ""));
    assert_eq!(target(".step temp -40 85 125"), SweepTarget::Temperature);
    assert_eq!(target(".step dec param r 1 100 1"), SweepTarget::Parameter("r".into()));
    assert_eq!(target(".step d dio(is) list 1e-14 1e-15"), SweepTarget::Model("dio".into(), "is".into()));
    assert_eq!(target(".step dio:is list 1e-14 1e-15"), SweepTarget::Model("dio".into(), "is".into()));
}

#[test]
fn tables_change_all_their_columns_together() {
    let points = steps(".data pairs r c1\n1k 1n\n2k 2n\n.enddata\n.step data=pairs").unwrap();
    let shown: Vec<Vec<f64>> = points.iter().map(|p| p.labels.iter().map(|l| l.1).collect()).collect();
    assert_eq!(shown, [[1e3, 1e-9], [2e3, 2e-9]]);
    assert_eq!(points[1].labels[0].0, "r");
    assert_eq!(points[1].overrides.values[&SweepTarget::Device("c1".into(), String::new())], 2e-9);
    assert!(messages(".data pairs r c1\n1k 1n 2k\n.enddata\n.step data=pairs")[0].contains("2 columns but 3 values"));
    assert_eq!(messages(".step data=pears"), ["there is no `.data` table `pears`"]);
}

#[test]
fn values_come_from_files() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("r.csv"), "1e3\n2e3\n5e3\n").unwrap();
    let file = dir.path().join("r.csv").display().to_string();
    assert_eq!(labels(&format!(".step param r file=\"{file}\"")), ["r=1000", "r=2000", "r=5000"]);
    assert!(messages(".step param r file=\"nowhere.csv\"")[0].contains("nowhere.csv"));
}

#[test]
fn monte_carlo_runs_stand_together() {
    let points = steps(".step param r list 1 2\n.mc 3 seed=7").unwrap();
    let runs: Vec<Option<u64>> = points.iter().map(|p| p.overrides.run).collect();
    assert_eq!(runs, [1, 2, 3, 1, 2, 3].map(Some));
    assert_eq!(points[4].labels, [("r".to_string(), 2.0), ("run".to_string(), 2.0)]);
    assert_eq!(messages(".mc 2.5"), ["the number of runs must be a whole number of at least 1, not 2.5"]);
    assert!(messages(".mc 2 sede=3")[0].contains("`sede`"));
}

#[test]
fn all_mistakes_are_reported_with_their_place() {
    let cards = ".step param rr 1 2 1\n.step r1 1 10 -1\n.step dec c1 0 1n 3\n.step q1 1 2 1\n.step x dio(is) 1 2 1";
    let errors = steps(cards).unwrap_err();
    assert_eq!(errors.len(), 5, "{errors:?}");
    assert!(errors.iter().all(|e| e.span.is_some()));
    assert_eq!(errors[0].help.as_deref(), Some("did you mean `r`?"));
    assert_eq!(errors[1].help.as_deref(), Some("write 1 for this direction"));
    assert_eq!(messages(".step r1 1 2 1\n.step r1 3 4 1"), ["`r1` is stepped twice"]);
    let many = ".step r1 1 10000 1\n.step c1 1 10000 1";
    assert!(messages(many)[0].contains("1e8 runs"), "{:?}", messages(many));
}
