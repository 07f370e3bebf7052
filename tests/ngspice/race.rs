//! Racing selectors: our operating point against where ngspice's transient of the expanded array comes to rest.

use sneakpath::elaborate::Elaborator;
use sneakpath::elaborate::expand::{self, Target};
use sneakpath::netlist::{ReadOptions, parse_text};
use sneakpath::plan::{Overrides, Signal};

use crate::{native, reference};

#[path = "../support/race.rs"]
mod decks;

const SIDE: usize = 8;
/// In ohm, per segment: half of the lines' voltage is lost on the way to the far cells.
const WIRE: f64 = 5000.0;

fn open(text: &str) -> Elaborator {
    let (deck, notes) = parse_text("race.cir", text, &ReadOptions::default());
    assert!(!sneakpath::diag::has_errors(&notes), "{notes:#?}");
    Elaborator::new(deck, Vec::new())
}

#[test]
fn racing_selectors_rest_where_ngspice_leaves_them() {
    if !reference::is_installed() {
        return;
    }
    let folder = tempfile::tempdir().expect("folder");
    let transient = open(&decks::deck(folder.path(), SIDE, WIRE, true, ".tran 1n 1u uic\n.options reltol=1e-4"));
    let flat = expand::write(&transient, Target::Ngspice).unwrap_or_else(|e| panic!("{e:#?}"));
    let answer = reference::run(folder.path(), &flat);
    let theirs = native::columns(&answer.tables[0]);

    let point = open(&decks::deck(folder.path(), SIDE, WIRE, true, ".op"));
    let signals: Vec<Signal> = (0..SIDE).map(|k| Signal::Current(format!("vb{k}"))).collect();
    let built = point.build(&Overrides::default()).unwrap_or_else(|e| panic!("{e:#?}"));
    let runs = native::run(&point, built, &Overrides::default(), &signals);
    let ours = native::columns(&runs[0].table);
    for k in 0..SIDE {
        let name = format!("i(vb{k})");
        let [a, b] = [&ours, &theirs].map(|columns| *columns[name.as_str()].last().expect("a point"));
        assert!((a - b).abs() <= 1e-6 * b.abs(), "{name}: {a:e} against {b:e}");
    }
}
