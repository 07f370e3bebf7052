//! Native arrays against their own expansion, in this program and in ngspice.

mod support;

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use sneakpath::analysis;
use sneakpath::circuit::Circuit;
use sneakpath::elaborate::expand::{self, Target};
use sneakpath::elaborate::{Elaborated, Elaborator};
use sneakpath::netlist::{ReadOptions, parse_text};
use sneakpath::plan::{Analysis, Overrides, Plan, Signal};
use support::LastPoint;

fn elaborator(folder: &Path, text: &str) -> Elaborator {
    let (deck, notes) = parse_text(&folder.join("deck.cir").display().to_string(), text, &ReadOptions::default());
    assert!(!sneakpath::diag::has_errors(&notes), "{notes:#?}");
    Elaborator::new(deck, Vec::new())
}

fn build(elaborator: &Elaborator) -> Elaborated {
    elaborator.build(&Overrides::default()).unwrap_or_else(|e| panic!("{e:#?}"))
}

/// Operating point: every node voltage by name, solved far below the tolerance of the comparison.
fn operating_point(circuit: &mut Circuit) -> HashMap<String, f64> {
    let names: Vec<String> = circuit.match_nodes("*").into_iter().map(|(name, _)| name).collect();
    let signals: Vec<Signal> = names.iter().map(|n| Signal::Voltage(n.clone())).collect();
    let mut plan = Plan { saved: signals.len(), signals, ..Plan::default() };
    plan.options.reltol = 1e-12;
    plan.options.vntol = 1e-13;
    plan.options.abstol = 1e-18;
    let mut sink = LastPoint::default();
    let rebuild = |_: &Overrides| Err("no deck".to_string());
    analysis::run(&Analysis::Op, circuit, &plan, "", &rebuild, &mut sink).unwrap_or_else(|e| panic!("{e}"));
    names.into_iter().zip(sink.0).collect()
}

/// Node voltages of the operating point that `ngspice -b` writes for an unmodified text.
fn in_ngspice(folder: &Path, text: &str) -> HashMap<String, f64> {
    let (deck, raw) = (folder.join("expanded.cir"), folder.join("expanded.raw"));
    std::fs::write(&deck, text).expect("write");
    let output =
        Command::new("ngspice").arg("-b").arg("-r").arg(&raw).arg(&deck).output().expect("ngspice is installed");
    let log = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && !log.to_lowercase().contains("error"), "{log}\n{text}");
    let bytes = std::fs::read(&raw).expect("a raw file");
    let marker = b"Binary:\n";
    let at = bytes.windows(marker.len()).position(|w| w == marker).expect("a binary raw file");
    let header = String::from_utf8_lossy(&bytes[..at]).to_string();
    let variables = header.split("Variables:").nth(2).unwrap_or_default();
    let names: Vec<String> =
        variables.lines().filter_map(|l| l.split_whitespace().nth(1)).map(ToString::to_string).collect();
    let values = bytes[at + marker.len()..].chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().expect("8 bytes")));
    let voltages =
        names.iter().zip(values).filter_map(|(n, v)| Some((n.strip_prefix("v(")?.strip_suffix(')')?.to_string(), v)));
    voltages.collect()
}

/// Largest difference over all nodes of the native circuit, each of which must exist in the other.
fn largest_difference(native: &HashMap<String, f64>, other: &HashMap<String, f64>) -> f64 {
    assert!(native.len() > 4);
    native.iter().fold(0.0, |worst, (name, v)| match other.get(name) {
        Some(o) => f64::max(worst, (v - o).abs()),
        // a pin and the line node it is are one node with two names
        None if name.contains("l_") => worst,
        None => panic!("`{name}` is missing: {:?}", other.keys().take(20).collect::<Vec<_>>()),
    })
}

fn data(folder: &Path) {
    std::fs::write(folder.join("r.csv"), "1 2 3 4\n5 6 7 8\n9 10 11 12\n").expect("write");
    std::fs::write(folder.join("x.csv"), "0.1 0.9 0.5 0.3\n1 0 0.2 0.8\n0.4 0.6 0.7 0.05\n").expect("write");
    std::fs::write(folder.join("f.csv"), "0,0,sa1\n0,1,open\n0,2,short\n1,0,stuck,5k\n1,2,wlopen\n2,3,blopen\n")
        .expect("write");
}

const DRIVE: &str = "Xa W[0:2] B[0:3] XB\nVw[0:2] W[0:2] 0 {0.3*2}\nVb[0:3] B[0:3] 0 0\nR1 w_0 0 {r1}\n.param r1=1k\n.op\n.print op v(w_0)\n.xout Xa v\n";

fn linear(xbar: &str) -> String {
    format!(
        "linear array\n.subckt cell a b r=1\n.param r2={{r/2}}\nR1 a mid {{r*1e3}}\nR2 mid b {{r2}}\n.ends\n.xbar XB 3 4 CELL=cell(wl bl) {xbar}\n{DRIVE}"
    )
}

#[test]
fn linear_arrays_equal_their_expansion() {
    let dir = tempfile::tempdir().expect("folder");
    data(dir.path());
    let variants = [
        "RWL=2 RBL=3 RWLT=7 CWL=1f CBL=2f r=FILE(\"r.csv\")",
        "RWL=2 RBL=3 r=FILE(\"r.csv\") FAULTS=FILE(\"f.csv\") RSA1=2k",
        "RBL=3 BASE=1 r=3",
        "r=FILE(\"r.csv\" SCALE=0.5)",
        "RWL=2 RBL=3 WLSIDE=right BLSIDE=top r=FILE(\"r.csv\")",
    ];
    for variant in variants {
        let elaborator = elaborator(dir.path(), &linear(variant));
        let native = operating_point(&mut build(&elaborator).circuit);
        for target in [Target::Own, Target::Ngspice] {
            let text = expand::write(&elaborator, target).unwrap_or_else(|e| panic!("{e:#?}"));
            let again = crate::elaborator(dir.path(), &text);
            let expanded = operating_point(&mut build(&again).circuit);
            let difference = largest_difference(&native, &expanded);
            assert!(difference < 1e-12, "{variant}: {difference:e}\n{text}");
        }
        let text = expand::write(&elaborator, Target::Ngspice).unwrap_or_else(|e| panic!("{e:#?}"));
        let difference = largest_difference(&native, &in_ngspice(dir.path(), &text));
        // 0.6 V and ngspice's default reltol of 1e-3; a linear circuit is solved once, to rounding and gmin
        assert!(difference < 1e-8, "{variant}: {difference:e}\n{text}");
    }
}

#[test]
fn memristive_arrays_equal_their_expansion() {
    let dir = tempfile::tempdir().expect("folder");
    data(dir.path());
    let text = format!(
        "memristive array\n.subckt cell te be x0=0.5\nN1 te mid mem x0={{x0}}\nR1 mid be 100\n.ends\n\
         .model mem yakopcic(x0=0.1)\n.xbar XB 3 4 CELL=cell(wl bl) RWL=2 RBL=3 x0=FILE(\"x.csv\")\n{DRIVE}"
    );
    let elaborator = elaborator(dir.path(), &text);
    let native = operating_point(&mut build(&elaborator).circuit);
    let own = expand::write(&elaborator, Target::Own).unwrap_or_else(|e| panic!("{e:#?}"));
    let expanded = operating_point(&mut build(&crate::elaborator(dir.path(), &own)).circuit);
    let difference = largest_difference(&native, &expanded);
    assert!(difference < 1e-9, "{difference:e}\n{own}");
    let text = expand::write(&elaborator, Target::Ngspice).unwrap_or_else(|e| panic!("{e:#?}"));
    let difference = largest_difference(
        &native,
        &in_ngspice(dir.path(), &text.replacen(".op", ".options reltol=1e-9 vntol=1e-12 abstol=1e-18\n.op", 1)),
    );
    assert!(difference < 1e-7, "{difference:e}\n{text}");
}

#[test]
fn arrays_inside_subcircuits_and_buses() {
    let dir = tempfile::tempdir().expect("folder");
    let text = "nested\n.subckt cell a b r=1k\nR1 a b {r}\n.ends\n\
        .subckt tile w0 w1 b0 b1 rw=3\n.xbar XB 2 2 CELL=cell(wl bl) RWL={rw} RBL=1\nXa w0 mid b0 b1 XB\nRm w1 mid 5\n.ends\n\
        X1 a b c d tile rw=4\nX2 a b c d tile\nV1 a 0 1\nV2 b 0 0.5\nRs[0:1] S[0:1] 0 1k\nEs[0:1] S[0:1] 0 c d 2\nVc c 0 0\nRd d 0 10\n.op\n";
    let elaborator = elaborator(dir.path(), text);
    let native = operating_point(&mut build(&elaborator).circuit);
    assert!(native.contains_key("x1.xa.wl_1_1") && native.contains_key("s_1"));
    let text = expand::write(&elaborator, Target::Ngspice).unwrap_or_else(|e| panic!("{e:#?}"));
    let expanded = operating_point(&mut build(&crate::elaborator(dir.path(), &text)).circuit);
    assert!(largest_difference(&native, &expanded) < 1e-12, "{text}");
    let difference = largest_difference(&native, &in_ngspice(dir.path(), &text));
    assert!(difference < 1e-8, "{difference:e}\n{text}");
}

#[test]
fn own_cards_stay_as_comments() {
    let dir = tempfile::tempdir().expect("folder");
    data(dir.path());
    let elaborator = elaborator(
        dir.path(),
        &format!("{}.step param r1 1k 2k 1k\n.plot op i(Xa.c_0_0)\n", linear("RWL=2 RBL=3 r=1")),
    );
    let text = expand::write(&elaborator, Target::Ngspice).unwrap_or_else(|e| panic!("{e:#?}"));
    for card in [".xout", ".step", ".plot"] {
        assert!(text.lines().any(|l| l.starts_with(&format!("* {card}"))), "{card}\n{text}");
        assert!(!text.lines().any(|l| l.starts_with(card)), "{card}\n{text}");
    }
    // counts: 3 x 4 word-line segments, 3 x 4 bit-line segments, 12 cells
    let count = |start: &str| text.lines().filter(|l| l.starts_with(start)).count();
    assert_eq!((count("r.xa.rwl_"), count("r.xa.rbl_"), count("xa.c_")), (12, 12, 12), "{text}");
    assert!(text.contains("\nvw_2 w_2 0 dc 0.6"), "{text}");
    assert!(text.contains("\nr1 w_0 0 1000.0"), "{text}");
}

#[test]
fn a_monte_carlo_run_equals_its_expansion() {
    let dir = tempfile::tempdir().expect("folder");
    let text = "spread\n.param rs=agauss(1k,300,3)\n.subckt cell a b r=1k\nR1 a b {r}\n.ends\n\
        .xbar XB 3 4 CELL=cell(wl bl) RWL=2 RBL=3 r={5k*exp(agauss(0,1,3))} SA0=0.1\n\
        Xa W[0:2] B[0:3] XB\nVw[0:2] W[0:2] 0 0.6\nRb[0:3] B[0:3] 0 {rs}\n.op\n.mc 4 seed=7\n";
    let elaborator = elaborator(dir.path(), text);
    let nominal = operating_point(&mut build(&elaborator).circuit);
    let steps = elaborator.steps().unwrap_or_else(|e| panic!("{e:#?}"));
    assert_eq!(steps.len(), 4);
    for step in &steps[1..3] {
        let built = elaborator.build(&step.overrides).unwrap_or_else(|e| panic!("{e:#?}"));
        let native = operating_point(&mut { built.circuit });
        assert!(largest_difference(&native, &nominal) > 1e-3, "the run differs from the nominal circuit");
        for target in [Target::Own, Target::Ngspice] {
            let text = expand::write_at(&elaborator, target, &step.overrides).unwrap_or_else(|e| panic!("{e:#?}"));
            let expanded = operating_point(&mut build(&crate::elaborator(dir.path(), &text)).circuit);
            let difference = largest_difference(&native, &expanded);
            assert!(difference < 1e-12, "{target:?} {difference:e}\n{text}");
        }
    }
}

#[test]
fn what_a_flat_deck_cannot_hold_of_a_run_is_refused() {
    let dir = tempfile::tempdir().expect("folder");
    let text = "spread\n.func spread(x)={agauss(x,x/10,3)}\n.subckt cell a b\nR1 a b {spread(1k)}\n.ends\n\
        X1 a 0 cell\nR2 a 0 {aunif(1k,100)}\nV1 a 0 1\n.op\n.mc 4 seed=7\n.step R2 1k 2k 1k\n";
    let elaborator = elaborator(dir.path(), text);
    expand::write(&elaborator, Target::Own).unwrap_or_else(|e| panic!("the nominal circuit is flat: {e:#?}"));
    let steps = elaborator.steps().unwrap_or_else(|e| panic!("{e:#?}"));
    let errors = expand::write_at(&elaborator, Target::Own, &steps[2].overrides).expect_err("drawn for each element");
    let messages: Vec<&str> = errors.iter().filter(|e| e.code == "E-EXPAND").map(|e| e.message.as_str()).collect();
    assert_eq!(messages.len(), 3, "{errors:#?}");
    for part in ["`spread()`", "`aunif()`", "element `r2`"] {
        assert!(messages.iter().any(|m| m.contains(part)), "{part}: {messages:?}");
    }
}

#[test]
fn requests_that_a_flat_deck_cannot_answer_are_left_out() {
    let dir = tempfile::tempdir().expect("folder");
    let text = "memory\n.subckt cell te be\nN1 te mid mem\nR1 mid be 100\n.ends\n.model mem yakopcic(x0=0.1)\n\
        .xbar XB 3 4 CELL=cell(wl bl) RWL=2 RBL=3\nXa W[0:2] B[0:3] XB\nVw[0:2] W[0:2] 0 0.1\nVb[0:3] B[0:3] 0 0\n\
        .op\n.print op @xa.c_0_0[x] i(Xa.c_0_3)\n.print op v(Xa.wl[1,3]) v(w_0) i(vb_0)\n\
        .meas op total PARAM='sum(i(Xa.c_*_0))'\n.meas op\n+ twice PARAM='2*total'\n.meas op kept FIND v(w_1)\n\
        .save v(w[0:2]) p(xa.c_1_1)\n";
    let elaborator = elaborator(dir.path(), text);
    let own = expand::write(&elaborator, Target::Own).unwrap_or_else(|e| panic!("{e:#?}"));
    let flat = build(&crate::elaborator(dir.path(), &own));
    let left_out = |card: &str| own.lines().any(|l| l.starts_with("* left out, the flat netlist") && l.contains(card));
    for card in [".print op @xa.c_0_0[x]", ".meas op total", ".meas op twice"] {
        assert!(left_out(card), "{card}\n{own}");
    }
    assert_eq!(flat.plan.prints.len(), 1, "the card of nodes stays\n{own}");
    assert_eq!(flat.plan.measures.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["kept"], "{own}");
    assert!(flat.plan.saved >= 4, "{own}");
}
