//! What a run writes: which files, under which names, with what in them.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;

use support::{Bench, code, err, out};

#[test]
fn snapshots_of_two_analyses_are_two_files() {
    let deck = "two\n.subckt cell a b\nN1 a b vt x0=0.5\n.ends\n.model vt vteam(ron=1k roff=10k)\n\
        .xbar XB 2 2 CELL=cell(wl bl)\nXa W[0:1] B[0:1] XB\nVw[0:1] W[0:1] 0 0.01\nVb[0:1] B[0:1] 0 0\n\
        .op\n.tran 1n 10n\n.xout xa v x FILE=\"snap.npz\" STATE=\"state.npy\"\n.end\n";
    let bench = Bench::new(&[("two.cir", deck)]);
    assert_eq!(code(&bench.run("two.cir")), 0);
    let names = bench.names();
    for name in ["snap.op.npz", "snap.tran.npz", "state.op.npy", "state.tran.npy"] {
        assert!(names.iter().any(|n| n == name), "{name} is missing: {names:?}");
    }
    assert!(!names.iter().any(|n| n == "snap.npz"));
}

#[test]
fn a_figure_of_an_operating_point_says_what_to_do() {
    let bench = Bench::new(&[("op.cir", "op\nV1 a 0 1\nR1 a 0 1k\n.op\n.plot v(a)\n.end\n")]);
    let output = bench.run("op.cir");
    assert_eq!(code(&output), 5);
    assert!(err(&output).contains("add `.dc`, `.tran` or `.step`, or use `.print`"), "{}", err(&output));
}

#[test]
fn every_step_of_a_figure_has_its_own_parameter() {
    let deck = "steps\n.param g=1\nV1 a 0 1\nR1 a 0 1k\n.dc V1 0 1 1\n.step param g list 1 5\n\
        .plot dc scaled={g*v(a)} title=\"t\"\n.end\n";
    let bench = Bench::new(&[("steps.cir", deck)]);
    assert_eq!(code(&bench.run("steps.cir")), 0);
    let svg = fs::read_to_string(bench.path("steps.svg")).unwrap();
    // the axis must reach the 5 V of the second step
    assert!(svg.contains(">\n5\n<") || svg.contains(">5<"), "{svg}");
}

#[test]
fn measures_of_measures_left_out_are_left_out_of_an_expansion() {
    let deck = "m\nV1 a 0 1\nR1 a 0 1k\n.tran 1u 1m\n.meas tran heat INTEG p(R1)\n.meas tran twice PARAM='2*heat'\n\
        .meas tran top MAX v(a)\n.end\n";
    let bench = Bench::new(&[("m.cir", deck)]);
    let text = out(&bench.run("expand m.cir --for ngspice"));
    assert!(text.contains("* .meas tran twice") && text.contains("\n.meas tran top"), "{text}");
}

#[test]
fn model_cards_are_listed_and_shown() {
    let bench = Bench::new(&[("mine.lib", "* mine\n\n* my own\n.model my_cell vteam(ron=1k roff=10k)\n")]);
    let list = out(&bench.run("models"));
    assert!(list.contains("vteam_memtorch") && list.contains("ecm_1s1r.lib"), "{list}");
    let card = out(&bench.run("models yak_knowm"));
    assert!(card.contains(".model yak_knowm yakopcic(") && card.contains("Provenance"), "{card}");
    let mine = out(&bench.run("models MY_CELL -I ."));
    assert!(mine.contains("my own") && mine.contains(".model my_cell"), "{mine}");
    let unknown = bench.run("models yak_know");
    assert_eq!(code(&unknown), 2);
    assert!(err(&unknown).contains("`yak_knowm`"), "{}", err(&unknown));
}
