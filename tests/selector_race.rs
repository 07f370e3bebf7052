//! Reads in which many selectors snap, one after the other, for the voltage of lines with resistance: the operating point
//! is where the whole circuit's transient comes to rest, and ngspice's (`tests/ngspice/race.rs`).

#[path = "support/race.rs"]
mod race;
#[path = "support/mod.rs"]
mod support;

use race::deck;
use sneakpath::analysis;
use sneakpath::elaborate::Elaborator;
use sneakpath::netlist::{ReadOptions, parse_text};
use sneakpath::plan::{Overrides, Plan, Signal};
use sneakpath::result::Stats;
use support::LastPoint;

/// Currents of the columns at the end of the deck's analysis.
fn columns(text: &str, n: usize) -> (Vec<f64>, Stats) {
    let (deck, notes) = parse_text("race.cir", text, &ReadOptions::default());
    assert!(!sneakpath::diag::has_errors(&notes), "{notes:#?}\n{text}");
    let built = Elaborator::new(deck, Vec::new()).build(&Overrides::default());
    let mut built = built.unwrap_or_else(|e| panic!("{e:#?}\n{text}"));
    let signals: Vec<Signal> = (0..n).map(|k| Signal::Current(format!("vb{k}"))).collect();
    let plan = Plan { saved: n, signals, options: built.plan.options.clone(), ..Plan::default() };
    let mut sink = LastPoint::default();
    let rebuild = |_: &Overrides| Err("nothing is swept".to_string());
    let stats = analysis::run(&built.plan.analyses[0], &mut built.circuit, &plan, "", &rebuild, &mut sink).unwrap();
    (sink.0[sink.0.len() - n..].to_vec(), stats)
}

/// What one row of 32 cells leaves to its selectors depends on how far the ports of lively cells may move in a step.
#[test]
fn racing_selectors_rest_where_the_transient_leaves_them() {
    let folder = tempfile::tempdir().unwrap();
    for (n, wire, all, most) in
        [(12, 2000.0, true, 120), (20, 300.0, true, 120), (24, 100.0, false, 120), (32, 2000.0, false, 200)]
    {
        let (point, stats) = columns(&deck(folder.path(), n, wire, all, ".op"), n);
        let transient = ".tran 1n 1u uic\n.options reltol=1e-4";
        let (rest, _) = columns(&deck(folder.path(), n, wire, all, transient), n);
        let largest = rest.iter().fold(0.0f64, |m, i| m.max(i.abs()));
        for (k, (a, b)) in point.iter().zip(&rest).enumerate() {
            assert!((a - b).abs() <= 1e-6 * largest, "{n}x{n}, {wire} ohm, column {k}: {a} against {b}");
        }
        assert!(!stats.branches.is_empty(), "no selector snapped");
        assert!(stats.newton < most, "{n}x{n}, {wire} ohm: {} Newton iterations", stats.newton);
    }
}

/// 28 driven rows take 313 Newton iterations, and 731 where no cell goes through a step by itself. Who snaps is not
/// compared: rounding decides some of it, in a transient too.
#[test]
fn lively_cells_go_through_steps_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let (_, stats) = columns(&deck(folder.path(), 28, 2000.0, true, ".op"), 28);
    assert!(!stats.branches.is_empty(), "no selector snapped");
    assert!(stats.newton < 500, "{} Newton iterations", stats.newton);
}
