//! Cells with a transistor: the word line is the gate, the current runs from the bit line to the source line.

use std::fmt::Write as _;

use super::spice::ngspice;
use super::{RESISTOR, close, number, run, try_run};

const MODEL: &str = ".model nm nmos(level=1 vto=0.4 kp=250u gamma=0.3 phi=0.8 lambda=0.08)\n";
const CELL: &str = ".subckt cell wl bl sl r=10k\nM1 d wl sl 0 nm W=0.4u L=0.13u\nR1 bl d {r}\n.ends\n";
/// The same transistor between word and bit line, on a gate line of its own.
const GATED: &str = ".subckt cell gl wl bl r=10k\nM1 d gl wl 0 nm W=0.4u L=0.13u\nR1 bl d {r}\n.ends\n";
const WORDS: &str = "lrs=(r=10k) hrs=(r=300k) vread=0.3 rpu=20k vgate=2";

/// The flat 3 x 4 array: source lines along the rows from the left, bit lines from the bottom, row 0 open, all LRS but cell
/// (0, 3).
fn flat(selected: f64, wire: f64, around: &str) -> String {
    let mut out = format!(
        "flat\n.options reltol=1e-9 vntol=1e-12 abstol=1e-16 gmin=1e-18\n{MODEL}{around}Vg g0 0 2\nVo g1 0 0\n"
    );
    for i in 0..3 {
        for j in 0..4 {
            let left = if j == 0 { format!("s{i}") } else { format!("s{i}_{}", j - 1) };
            let below = if i == 2 { format!("b{j}") } else { format!("b{}_{j}", i + 1) };
            let r = if (i, j) == (0, 3) { selected } else { 10e3 };
            let gate = i32::from(i > 0);
            let _ = writeln!(out, "Rs{i}_{j} {left} s{i}_{j} {wire}\nRb{i}_{j} b{i}_{j} {below} {wire}");
            let _ = writeln!(
                out,
                "Rc{i}_{j} b{i}_{j} d{i}_{j} {r}\nM{i}_{j} d{i}_{j} g{gate} s{i}_{j} 0 nm W=0.4u L=0.13u"
            );
        }
    }
    out
}

#[test]
fn margins_agree_with_ngspice() {
    for cell in [CELL, GATED] {
        let report = run(&format!(
            "{MODEL}{cell}.margin cell {WORDS} scheme=obpu,column sizes=3 cols=4 rwire=30 pattern=all-lrs\n"
        ));
        for (selected, state) in [(10e3, "lrs"), (300e3, "hrs")] {
            let pulled = flat(selected, 30.0, "Vs s0 0 0\nVp p 0 0.3\nRp p b3 20k\n");
            let found = ngspice(&pulled, &["v(b3)".to_owned()]);
            close(number(&report, "obpu", 3, &format!("v_{state}")), found[0], 1e-6, state);
            let grounded = "Vs0 s0 0 0\nVs1 s1 0 0\nVs2 s2 0 0\nVb0 b0 0 0\nVb1 b1 0 0\nVb2 b2 0 0\nVb3 b3 0 0.3\n";
            let found = ngspice(&flat(selected, 30.0, grounded), &["i(vb3)".to_owned()]);
            close(number(&report, "column", 3, &format!("i_{state}")), -found[0], 1e-6, state);
        }
    }
}

/// Without wires the lines are classes here too; the worst data is looked for among the usual patterns.
#[test]
fn the_reduction_holds_with_gates() {
    let card = |method: &str| {
        run(&format!("{MODEL}{CELL}.margin cell {WORDS} scheme=obpu,abpu,column sizes=4 cols=6 method={method}\n"))
    };
    let (short, full) = (card("symmetry"), card("full"));
    for scheme in ["obpu", "abpu", "column"] {
        for column in ["margin", "independent", "v_lrs", "i_hrs", "power_lrs"] {
            let (a, b) = (number(&short, scheme, 4, column), number(&full, scheme, 4, column));
            assert!((a - b).abs() <= 1e-8 * b.abs() + 1e-15, "{column} of {scheme}: {a:e} and {b:e}");
        }
    }
    // shut gates keep the other rows out: the margin of a large array is that of a small one
    let wide = run(&format!("{MODEL}{CELL}.margin cell {WORDS} scheme=column sizes=2,1000 pattern=all-lrs\n"));
    close(number(&wide, "column", 1000, "margin"), number(&wide, "column", 2, "margin"), 1e-3, "margin");
}

#[test]
fn other_studies_take_gates() {
    let column = |report: &sneakpath::result::report::Report, row: usize, name: &str| {
        let k = report.rows.columns.iter().position(|(n, _)| n == name).unwrap();
        report.rows.rows[row][k].number()
    };
    let energy = run(&format!(
        "{MODEL}{CELL}.energy cell {WORDS} scheme=column rows=3 rwire=20 cwire=1f rdriver=100 width=20n selectors=m1\n"
    ));
    for row in 0..2 {
        assert!(column(&energy, row, "error") <= 1e-6, "row {row}: {:e}", column(&energy, row, "error"));
        assert!(column(&energy, row, "selectors") > 0.0 && column(&energy, row, "cells") > 0.0);
    }
    let map = run(&format!("{MODEL}{CELL}.map cell {WORDS} scheme=column rows=3 rwire=20\n"));
    let current = &map.maps.iter().find(|m| m.name == "current").unwrap().values;
    // the selected cell (0, 2) carries its current, cells behind shut gates leakage of gmin
    assert!(current[2].abs() > 1e-6 && current[5].abs() < 1e-6 * current[2].abs(), "{current:?}");
    let open = run(&format!("{MODEL}{CELL}.map cell {WORDS} scheme=parallel rows=3\n"));
    let current = &open.maps.iter().find(|m| m.name == "current").unwrap().values;
    assert!(current.iter().all(|i| i.abs() > 1e-6), "all gates are open: {current:?}");
    let write =
        run(&format!("{MODEL}{CELL}.write-margin cell lrs=(r=10k) hrs=(r=300k) vgate=3 scheme=column sizes=3\n"));
    close(column(&write, 0, "v_selected"), 1.0, 1e-9, "ideal lines");
    let sneak = run(&format!("{MODEL}{CELL}.sneak cell {WORDS} scheme=column rows=3\n"));
    assert!(column(&sneak, 0, "sneak").abs() < 1e-6);
    let settle = run(&format!("{MODEL}{CELL}.settle cell {WORDS} scheme=column sizes=3 rwire=20 cwire=1f\n"));
    assert!(column(&settle, 0, "t_settle") > 0.0);
}

/// The row of the selected cell is half-selected with its gates open, all other rows with shut gates.
#[test]
fn victims_behind_shut_gates_keep_their_state() {
    let cell = ".subckt cell wl bl sl x0=0.1\nM1 d wl sl 0 nm W=4u L=0.13u\nN1 bl d mem x0={x0}\n.ends\n";
    let mem = ".model mem vteam(ron=10k roff=1meg von=-0.3 voff=0.3 kon=-2e3 koff=2e3 alphaon=3 alphaoff=3 won=0 woff=1 window=none)\n";
    let report = run(&format!(
        "{MODEL}{mem}{cell}.disturb cell lrs=(x0=0.1) hrs=(x0=0.9) vgate=3 vwrite=1 scheme=custom \
         custom=(wl=0 bl=1 uwl=0 ubl=0.5) width=100n edge=2n rows=3 direct=1,5 cycles=1000\n"
    ));
    let drift = |victim: &str| {
        let table = &report.tables.iter().find(|(name, _)| name == "victims").unwrap().1;
        table.rows.iter().find(|row| row[0] == victim.into()).unwrap()[3].number()
    };
    assert!(drift("row") > 1e-6, "V/2 across an open cell moves it: {:e}", drift("row"));
    assert!(drift("column").abs() < 1e-3 * drift("row") && drift("rest").abs() < 1e-3 * drift("row"));
    let change = &report.maps.iter().find(|m| m.name == "change").unwrap().values;
    close(change[0], drift("row"), 2e-2, "the victim alone and in the array");
}

#[test]
fn ports_that_make_no_sense_are_told() {
    let wrong = |text: &str| try_run(text).unwrap_err().to_string();
    let text = format!("{MODEL}{CELL}.margin cell lrs=(r=10k) hrs=(r=300k) sizes=2\n");
    assert!(
        wrong(&text).contains("the port `wl` of the cell `cell` is a gate: give the voltage that opens it with vgate=")
    );
    let text = format!("{RESISTOR}.margin cell lrs=(r=10k) hrs=(r=300k) sizes=2 vgate=1\n");
    assert!(wrong(&text).contains("has two ports and no gate"));
    let text = ".subckt cell a b c r=1k\nR1 a b {r}\nR2 b c 1k\n.ends\n.margin cell lrs=(r=10k) hrs=(r=300k) sizes=2\n";
    assert!(wrong(text).contains("has 3 ports: a b c; a study wants two"), "{}", wrong(text));
}
