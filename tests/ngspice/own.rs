//! Native arrays against their own expansion: the same devices on the same nodes, once as an array, once line by line.
//!
//! Operating points agree to 1e-9 of the scale. Transients do too while both take the same steps: the step control sees
//! the same unknowns, and a difference of rounding (1e-12) in a Newton correction moves a step by as little.

use std::path::Path;

use sneakpath::elaborate::Elaborator;
use sneakpath::elaborate::expand::{self, Target};
use sneakpath::netlist::{ReadOptions, parse, parse_text};
use sneakpath::plan::{Overrides, Signal};
use sneakpath::result::Table;

use crate::compare::Waveform;
use crate::native;
use crate::settings::Settings;

const BOUND: f64 = 1e-9;

/// Tight enough that what Newton leaves is far below the bound.
fn settings() -> Settings {
    Settings { reltol: 1e-8, points: 300.0, chgtol: 1e-18, ..Settings::default() }
}

fn tables(elaborator: &Elaborator, signals: &[Signal]) -> Vec<Table> {
    let mut built = elaborator.build(&Overrides::default()).unwrap_or_else(|e| panic!("{e:#?}"));
    settings().tighten(&mut built.plan);
    native::run(elaborator, built, &Overrides::default(), signals).into_iter().map(|run| run.table).collect()
}

fn open(path: &Path) -> Elaborator {
    let (deck, notes) = parse(path, &ReadOptions::default());
    assert!(!sneakpath::diag::has_errors(&notes), "{notes:#?}");
    Elaborator::new(deck, Vec::new())
}

fn check(path: &Path) {
    let array = open(path);
    let text = expand::write(&array, Target::Own).unwrap_or_else(|e| panic!("{e:#?}"));
    // `@xa.c_0_0[x]` names the one device of a cell of an array; a subcircuit has no quantities of its own
    let requests = [".xout", ".print", ".plot", ".meas"];
    let lines = text.lines().filter(|l| !requests.iter().any(|r| l.to_lowercase().starts_with(r)));
    let text = lines.collect::<Vec<_>>().join("\n");
    let (deck, notes) = parse_text(&path.display().to_string(), &text, &ReadOptions::default());
    assert!(!sneakpath::diag::has_errors(&notes), "{notes:#?}");
    let flat = Elaborator::new(deck, Vec::new());
    let known = flat.build(&Overrides::default()).unwrap_or_else(|e| panic!("{e:#?}")).circuit;
    let circuit = array.build(&Overrides::default()).unwrap_or_else(|e| panic!("{e:#?}")).circuit;
    let nodes = circuit.match_nodes("*").into_iter().map(|(name, _)| Signal::Voltage(name));
    let currents = circuit.match_devices("v*").into_iter().map(|(name, _)| Signal::Current(name));
    let states = circuit.match_devices("*.n1").into_iter().map(|(name, _)| Signal::Field(name, "x".to_string()));
    let signals: Vec<Signal> = nodes
        .chain(currents)
        .chain(states)
        .filter(|s| circuit.resolve(s).is_ok() && known.resolve(s).is_ok())
        .collect();
    assert!(native::unseen(&known, &signals).is_empty());
    let (ours, flat) = (tables(&array, &signals), tables(&flat, &signals));
    assert_eq!(ours.len(), flat.len());
    let mut worst = (0.0, String::new());
    for (a, b) in ours.iter().zip(&flat) {
        let axes =
            if a.header.has_axis { (a.data[0].as_slice(), b.data[0].as_slice()) } else { (&[0.0][..], &[0.0][..]) };
        let (left, right) = (native::columns(a), native::columns(b));
        for signal in &signals {
            let name = signal.to_string();
            let (x, y) = (left[name.as_str()], right[name.as_str()]);
            let floor = if matches!(signal, Signal::Current(_)) { 1e-9 } else { 1e-3 };
            let (deviation, at) =
                Waveform { axis: axes.0, values: x }.deviation(&Waveform { axis: axes.1, values: y }, 0.0, floor);
            if deviation > worst.0 {
                worst = (deviation, format!("{name} at {at:e}"));
            }
        }
    }
    println!("{:26} {:6} signals, worst {:.2e} ({})", path.display(), signals.len(), worst.0, worst.1);
    assert!(worst.0 < BOUND, "{}: {worst:?}", path.display());
}

#[test]
fn every_array_equals_its_own_expansion() {
    let mut arrays = 0;
    for entry in std::fs::read_dir("netlists").expect("netlists") {
        let path = entry.expect("an entry").path();
        let is_deck = path.extension().is_some_and(|e| e == "cir");
        if is_deck && std::fs::read_to_string(&path).expect("a deck").contains("\n.xbar") {
            check(&path);
            arrays += 1;
        }
    }
    assert!(arrays >= 4, "{arrays}");
}
