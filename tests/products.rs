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

#[test]
fn transfer_functions_are_measured_under_names_of_their_own() {
    // a divider of 1k and 3k: gain 3/4, input resistance 4k, output resistance 750 Ohm
    let deck = "tf\nV1 in 0 2\nR1 in out 1k\nR2 out 0 3k\n.op\n.tf v(out) V1\n.meas top MAX v(in)\n\
        .meas tf gain FIND transfer_function\n.meas tf ratio PARAM='input_impedance/output_impedance'\n\
        .meas tf twice PARAM='2*gain'\n.end\n";
    let bench = Bench::new(&[("tf.cir", deck)]);
    let output = bench.run("tf.cir --meas m.csv");
    assert_eq!(code(&output), 0, "{}", err(&output));
    let text = fs::read_to_string(bench.path("m.csv")).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().map(|l| l.split(',').collect()).collect();
    assert_eq!(rows[0], ["step", "top", "gain", "ratio", "twice"], "{text}");
    let values: Vec<f64> = rows[1][1..].iter().map(|v| v.parse().unwrap()).collect();
    // gmin does not reach a linear circuit: what is left is rounding
    for (value, exact) in values.iter().zip([2.0, 0.75, 16.0 / 3.0, 1.5]) {
        assert!((value - exact).abs() < 1e-9 * exact, "{text}");
    }
}

#[test]
fn a_measure_that_transfer_functions_cannot_answer_is_told() {
    let head = "tf\nV1 in 0 2\nR1 in out 1k\nR2 out 0 3k\n.tf v(out) V1\n";
    let wrong = format!("{head}.meas tf x FIND v(out)\n.end\n");
    let silent = format!("{head}.meas x MAX v(out)\n.end\n");
    let misspelt = format!("{head}.meas tf x FIND tranfer_function\n.end\n");
    let wordless = format!("{head}.op\n.meas x PARAM='transfer_function'\n.end\n");
    let bench = Bench::new(&[
        ("wrong.cir", &wrong),
        ("silent.cir", &silent),
        ("misspelt.cir", &misspelt),
        ("wordless.cir", &wordless),
    ]);
    let refused = bench.run("wrong.cir");
    assert_eq!(code(&refused), 1);
    assert!(err(&refused).contains("`.tf` gives no `v()`") && err(&refused).contains("transfer_function"));
    let warned = bench.run("silent.cir");
    assert_eq!(code(&warned), 0);
    assert!(err(&warned).contains("the deck has only `.tf`"), "{}", err(&warned));
    assert!(!out(&warned).lines().any(|l| l.starts_with("x ")), "{}", out(&warned));
    let misspelt = bench.run("misspelt.cir");
    assert!(err(&misspelt).contains("`.tf` gives transfer_function"), "{}", err(&misspelt));
    let wordless = bench.run("wordless.cir");
    assert!(err(&wordless).contains("`.meas tf`"), "{}", err(&wordless));
}

#[test]
fn an_unstable_circuit_has_no_energy_balance_and_no_nan() {
    // a negative capacitor and a negative inductor against a resistor grow by e for each microsecond
    for element in ["C1 a 0 -1n ic=1", "L1 a 0 -1m ic=1m"] {
        let deck = format!("grows\n{element}\nR1 a 0 1k\n.tran 1u 2m uic\n.end\n");
        let bench = Bench::new(&[("grows.cir", &deck)]);
        let output = bench.run("grows.cir");
        let said = format!("{}{}", out(&output), err(&output));
        assert!(!said.to_lowercase().contains("nan") && !said.contains("inf "), "{element}: {said}");
        assert!(said.contains("no energy balance"), "{element}: {said}");
    }
}

#[test]
fn a_print_card_of_numbers_alone_has_its_row() {
    let numbers = "p\n.param k=3\nV1 a 0 2\nR1 a 0 1k\n.op\n.print op {k} {2*k}\n.end\n";
    let nothing = "p\nV1 a 0 2\nR1 a 0 1k\n.op\n.print op\n.end\n";
    let bench = Bench::new(&[("p.cir", numbers), ("n.cir", nothing)]);
    let output = bench.run("p.cir --csv");
    assert_eq!(code(&output), 0, "{}", err(&output));
    let rows: Vec<Vec<f64>> = out(&output)
        .lines()
        .map(|l| l.split_whitespace().filter_map(|w| w.parse().ok()).collect())
        .filter(|row: &Vec<f64>| row.ends_with(&[3.0, 6.0]))
        .collect();
    assert_eq!(rows.len(), 1, "{}", out(&output));
    // the files hold what they hold without the card
    assert!(fs::read_to_string(bench.path("p.csv")).unwrap().starts_with("v(a),i(v1)"));
    let refused = bench.run("n.cir");
    assert_eq!(code(&refused), 1);
    assert!(err(&refused).contains("names nothing to show"), "{}", err(&refused));
}

#[test]
fn a_step_that_is_not_there_cannot_be_expanded() {
    let deck = "m\n.param r=agauss(1k,100,3)\nV1 a 0 1\nR1 a 0 {r}\n.op\n.mc 3 seed=1\n.end\n";
    let bench = Bench::new(&[("m.cir", deck)]);
    let output = bench.run("expand m.cir --run 4");
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("there is no step 4: the deck has 3"), "{}", err(&output));
    let nominal = out(&bench.run("expand m.cir"));
    assert!(nominal.contains(".param r=1000.0\n") && nominal.contains("r1 a 0 1000.0\n"), "{nominal}");
    let drawn = out(&bench.run("expand m.cir --run 3"));
    assert!(!drawn.contains("r1 a 0 1000.0\n"), "{drawn}");
}
