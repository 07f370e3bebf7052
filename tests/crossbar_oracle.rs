//! Both array solvers against a dense elimination in double-double, at the ends of what arrays are made of.
//!
//! The same arrays as decks: one solve to 1e-12 of the norm, in which half-selected and floating lines are 1e-5.
//!
//! Node voltages must agree within 1e-13 in every single component, line currents (sums of cell currents) within
//! 1e-12, for wires from 1 milliohm, sense resistors from 1 milliohm to 26 kohm, cells to 1 Tohm and floating lines.

#[path = "support/double_double.rs"]
mod double_double;
mod support;

use std::fmt::Write as _;

use double_double::{Cells, Double, ZERO};
use sneakpath::analysis;
use sneakpath::crossbar::{Frontal, LinePcg, Lines, Network};
use sneakpath::elaborate::Elaborator;
use sneakpath::netlist::{ReadOptions, parse_text};
use sneakpath::plan::{Analysis, ArraySolver, Overrides, Plan, Signal};
use support::LastPoint;

const SIDE: usize = 12;
const SIZE: usize = SIDE * SIDE;

/// Relative error of a voltage, in any component.
const VOLTAGE: f64 = 1e-13;
/// Relative error of the current of a line that is tied to a potential.
const CURRENT: f64 = 1e-12;

/// Relative errors of a deck: 1e-12 of the norm where the smallest lines are 1e-5 of the largest.
const DECK: f64 = 1e-7;

/// The tolerance of line-PCG is one of norms: the offsets of half-selected lines are 1e-5 of those of the selected
/// ones, so that 1e-13 in each of them takes 1e-18, which the recurrence of the residual does reach.
const TOLERANCE: f64 = 1e-19;

/// What is driven.
#[derive(Clone, Copy, PartialEq)]
enum Drive {
    /// Every word line has a driver and every bit line a sense resistor.
    All,
    /// One driver; the other word lines float.
    OneWord,
    /// One driver and one sense resistor.
    OneEach,
    /// The selected word line at 1 V, the selected bit line at 0 V, all others at 0.5 V.
    Half,
}

struct Row {
    name: &'static str,
    wire: f64,
    source: f64,
    sense: f64,
    cells: [f64; 2],
    drive: Drive,
}

const ROWS: [Row; 8] = [
    Row { name: "nominal", wire: 2.5, source: 50.0, sense: 100.0, cells: [1e4, 1e6], drive: Drive::All },
    Row {
        name: "1 mohm lines, 1 Tohm cells",
        wire: 1e-3,
        source: 1e-3,
        sense: 1e-3,
        cells: [1e12, 1e12],
        drive: Drive::All,
    },
    Row {
        name: "cells over nine decades",
        wire: 1e-3,
        source: 1e-3,
        sense: 1e-3,
        cells: [1e3, 1e12],
        drive: Drive::All,
    },
    Row { name: "26 kohm sense", wire: 10.0, source: 100.0, sense: 26e3, cells: [1e6, 1e9], drive: Drive::All },
    Row {
        name: "floating words, 1 Tohm",
        wire: 1e-3,
        source: 1e-3,
        sense: 1e-3,
        cells: [1e12, 1e12],
        drive: Drive::OneWord,
    },
    Row { name: "floating words", wire: 1.0, source: 50.0, sense: 1e-3, cells: [1e4, 1e9], drive: Drive::OneWord },
    Row {
        name: "all but one pair floating",
        wire: 1.0,
        source: 50.0,
        sense: 1e-3,
        cells: [1e4, 1e9],
        drive: Drive::OneEach,
    },
    Row { name: "V/2", wire: 1.0, source: 1.0, sense: 1.0, cells: [1e4, 1e9], drive: Drive::Half },
];

/// Random numbers by splitmix64.
fn chance(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// The network, the bias of every word and bit line, and the currents of a solve for offsets from these biases.
fn case(row: &Row) -> (Network, [Vec<f64>; 2], [Vec<f64>; 2]) {
    let mut state = 5;
    let cells: Vec<f64> = (0..SIZE)
        .map(|_| (0.8 + 0.4 * chance(&mut state)) / row.cells[usize::from(chance(&mut state) < 0.5)])
        .collect();
    let (mut word, mut bit) = (Lines::uniform(1.0 / row.wire, SIDE), Lines::uniform(1.0 / row.wire, SIDE));
    let tied = |line: usize, one: bool| if one && line > 0 { 0.0 } else { 1.0 };
    word.head = (0..SIDE).map(|i| tied(i, matches!(row.drive, Drive::OneWord | Drive::OneEach)) / row.source).collect();
    bit.tail = (0..SIDE).map(|j| tied(j, row.drive == Drive::OneEach) / row.sense).collect();
    let mut bias = [vec![0.0; SIDE], vec![0.0; SIDE]];
    let mut b = [vec![0.0; SIZE], vec![0.0; SIZE]];
    if row.drive == Drive::Half {
        bias = [vec![0.5; SIDE], vec![0.5; SIDE]];
        (bias[0][0], bias[1][0]) = (1.0, 0.0);
        for k in 0..SIZE {
            let current = cells[k] * (bias[0][k / SIDE] - bias[1][k % SIDE]);
            (b[0][k], b[1][k]) = (-current, current);
        }
    } else {
        for i in 0..SIDE {
            b[0][i * SIDE] = word.head[i] * (0.2 + 0.8 * chance(&mut state));
        }
    }
    (Network { rows: SIDE, cols: SIDE, word, bit, cells }, bias, b)
}

/// Worst relative errors of node voltages and of the currents of lines that are tied to a potential.
fn errors(network: &Network, bias: &[Vec<f64>; 2], x: &[Vec<f64>; 2], exact: &[Double]) -> (f64, f64) {
    let off = |x: f64, e: Double| if e.0 == 0.0 { x.abs() } else { ((Double::from(x) - e) / e).0.abs() };
    let both = x[0].iter().chain(&x[1]);
    let voltage = both.zip(exact).map(|(x, e)| off(*x, *e)).fold(0.0, f64::max);
    let cell = |k: usize| {
        let across = bias[0][k / SIDE] - bias[1][k % SIDE];
        let theirs = Double::from(network.cells[k]) * (Double::from(across) + exact[k] - exact[SIZE + k]);
        (network.cells[k] * (across + (x[0][k] - x[1][k])), theirs)
    };
    let line = |cells: &mut dyn Iterator<Item = usize>| {
        let (ours, theirs) = cells.map(cell).fold((0.0, ZERO), |(a, b), (c, d)| (a + c, b + d));
        off(ours, theirs)
    };
    let words = (0..SIDE).filter(|i| network.word.head[*i] > 0.0).map(|i| line(&mut (i * SIDE..(i + 1) * SIDE)));
    let bits = (0..SIDE).filter(|j| network.bit.tail[*j] > 0.0).map(|j| line(&mut (j..SIZE).step_by(SIDE)));
    (voltage, words.chain(bits).fold(0.0, f64::max))
}

fn judge(solver: &str, solve: impl Fn(&Network, &[Vec<f64>; 2]) -> [Vec<f64>; 2]) {
    let mut failed = Vec::new();
    for row in &ROWS {
        let (network, bias, b) = case(row);
        let all = &network.cells;
        let both: Vec<Double> = b.iter().flatten().map(|v| Double::from(*v)).collect();
        let exact = double_double::solve(&network, &Cells { ww: all, wb: all, bw: all, bb: all }, &both);
        let (voltage, current) = errors(&network, &bias, &solve(&network, &b), &exact);
        if !(voltage <= VOLTAGE && current <= CURRENT) {
            failed.push(format!("{}: voltages {voltage:.1e}, currents {current:.1e}", row.name));
        }
    }
    assert!(failed.is_empty(), "{solver}\n{}", failed.join("\n"));
}

#[test]
fn the_direct_solver_is_exact_in_every_component() {
    judge("frontal", |network, b| {
        let mut solver = Frontal::analyse(SIDE, SIDE);
        solver.factor(network).expect("tied lines");
        let mut x = [vec![0.0; SIZE], vec![0.0; SIZE]];
        let [xw, xb] = &mut x;
        solver.solve([&b[0], &b[1]], [xw, xb]);
        x
    });
}

#[test]
fn line_pcg_is_exact_in_every_component() {
    judge("line-PCG", |network, b| {
        let mut solver = LinePcg::new(network);
        solver.factor(network).expect("positive lines");
        let mut x = [vec![0.0; SIZE], vec![0.0; SIZE]];
        let [xw, xb] = &mut x;
        let outcome = solver.solve(network, [&b[0], &b[1]], [xw, xb], TOLERANCE, 40).expect("convergence");
        assert!(outcome.iterations <= 15, "{outcome:?}");
        x
    });
}

/// An array of the table as a deck, and what is known of it: its network with drivers and sense resistors behind the
/// segments to the pins, and the bias of its lines.
fn deck(row: &Row, folder: &std::path::Path) -> (String, Network, [Vec<f64>; 2], [Vec<f64>; 2]) {
    let behind = Row { source: row.source + row.wire, sense: row.sense + row.wire, ..*row };
    let (network, bias, b) = case(&behind);
    let ohm = |line: &[f64]| line.iter().map(|g| format!("{:e}", 1.0 / g)).collect::<Vec<_>>().join(",");
    let ohms: Vec<String> = network.cells.chunks(SIDE).map(ohm).collect();
    std::fs::write(folder.join("r.csv"), ohms.join("\n")).expect("write");
    let mut text = format!(
        "oracle\n.subckt cell wl bl r=1\nR1 wl bl {{r}}\n.ends\n\
         .xbar XB {SIDE} {SIDE} CELL=cell(wl bl) RWL={0:e} RBL={0:e} r=FILE(\"r.csv\")\nXa W[0:{1}] B[0:{1}] XB\n",
        row.wire,
        SIDE - 1
    );
    for k in (0..SIDE).filter(|k| network.word.head[*k] > 0.0) {
        let volts = bias[0][k] + if row.drive == Drive::Half { 0.0 } else { b[0][k * SIDE] / network.word.head[k] };
        let _ = writeln!(text, "Vw_{k} s_{k} 0 {volts:e}\nRw_{k} s_{k} W_{k} {:e}", row.source);
    }
    for k in (0..SIDE).filter(|k| network.bit.tail[*k] > 0.0) {
        let _ = writeln!(text, "Vb_{k} t_{k} 0 {:e}\nRb_{k} t_{k} B_{k} {:e}", bias[1][k], row.sense);
    }
    text.push_str(".op\n.end\n");
    (text, network, bias, b)
}

/// The operating point of a deck.
fn operating_point(folder: &std::path::Path, text: &str, signals: Vec<Signal>, solver: ArraySolver) -> Vec<f64> {
    let name = folder.join("deck.cir").display().to_string();
    let (deck, notes) = parse_text(&name, text, &ReadOptions::default());
    assert!(notes.is_empty(), "{notes:#?}");
    let built = Elaborator::new(deck, Vec::new()).build(&Overrides::default()).unwrap_or_else(|e| panic!("{e:#?}"));
    let mut circuit = built.circuit;
    let mut plan = Plan { saved: signals.len(), signals, ..Plan::default() };
    plan.options.solver = solver;
    let mut sink = LastPoint::default();
    let rebuild = |_: &Overrides| Err("nothing is swept".to_string());
    let stats = analysis::run(&Analysis::Op, &mut circuit, &plan, "", &rebuild, &mut sink).expect("an operating point");
    assert_eq!(stats.fallbacks, 0);
    sink.0
}

#[test]
fn decks_are_solved_to_what_one_solve_leaves() {
    let folder = tempfile::tempdir().expect("folder");
    let mut failed = Vec::new();
    for row in &ROWS {
        let (text, network, bias, b) = deck(row, folder.path());
        let all = &network.cells;
        let both: Vec<Double> = b.iter().flatten().map(|v| Double::from(*v)).collect();
        let exact = double_double::solve(&network, &Cells { ww: all, wb: all, bw: all, bb: all }, &both);
        let node = |family: usize, k: usize| {
            let line = if family == 0 { k / SIDE } else { k % SIDE };
            Double::from(bias[family][line]) + exact[family * SIZE + k]
        };
        let sensed: Vec<usize> = (0..SIDE).filter(|j| network.bit.tail[*j] > 0.0).collect();
        let mut signals = Vec::new();
        for (family, line) in ["wl", "bl"].into_iter().enumerate() {
            let names = (0..SIZE).map(|k| format!("xa.{line}_{}_{}", k / SIDE, k % SIDE));
            signals.extend(names.map(Signal::Voltage));
            assert_eq!(signals.len(), (family + 1) * SIZE);
        }
        signals.extend(sensed.iter().map(|j| Signal::Current(format!("vb_{j}"))));
        let currents: Vec<Double> = sensed
            .iter()
            .map(|&j| {
                let cell = |i: usize| Double::from(all[i * SIDE + j]) * (node(0, i * SIDE + j) - node(1, i * SIDE + j));
                (0..SIDE).map(cell).fold(ZERO, |sum, current| sum + current)
            })
            .collect();
        for solver in [ArraySolver::Automatic, ArraySolver::Line, ArraySolver::Frontal] {
            let point = operating_point(folder.path(), &text, signals.clone(), solver);
            let off = |x: f64, e: Double| ((Double::from(x) - e) / e).0.abs();
            let voltages = (0..2 * SIZE).map(|k| off(point[k], node(k / SIZE, k % SIZE))).fold(0.0, f64::max);
            let lines = point[2 * SIZE..].iter().zip(&currents).map(|(x, e)| off(*x, *e)).fold(0.0, f64::max);
            if !(voltages <= DECK && lines <= DECK) {
                failed.push(format!("{} {solver:?}: voltages {voltages:.1e}, currents {lines:.1e}", row.name));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
