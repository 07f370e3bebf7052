//! Both array solvers against a dense elimination in double-double, at the ends of what arrays are made of.
//!
//! Node voltages must agree within 1e-13 in every single component, line currents (sums of cell currents) within
//! 1e-12, for wires from 1 milliohm, sense resistors from 1 milliohm to 26 kohm, cells to 1 Tohm and floating lines.
//! The same arrays as decks, with whatever solver, are in [`decks`].

mod decks;
#[path = "../support/double_double.rs"]
mod double_double;
#[path = "../support/mod.rs"]
mod support;

use double_double::{Cells, Double, ZERO};
use sneakpath::crossbar::{Frontal, LinePcg, Lines, Network};

/// Rows and columns, down to a single cell.
const SHAPES: [[usize; 2]; 7] = [[12, 12], [1, 1], [1, 5], [5, 1], [2, 2], [3, 4], [7, 7]];

/// Relative error of a voltage, in any component.
const VOLTAGE: f64 = 1e-13;
/// Relative error of the current of a line that is tied to a potential.
const CURRENT: f64 = 1e-12;

/// Residual of every line by itself asked of line-PCG.
const TOLERANCE: f64 = 1e-14;

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
fn case(row: &Row, [rows, cols]: [usize; 2]) -> (Network, [Vec<f64>; 2], [Vec<f64>; 2]) {
    let mut state = 5;
    let size = rows * cols;
    let cells: Vec<f64> = (0..size)
        .map(|_| (0.8 + 0.4 * chance(&mut state)) / row.cells[usize::from(chance(&mut state) < 0.5)])
        .collect();
    let (mut word, mut bit) = (Lines::uniform(1.0 / row.wire, rows), Lines::uniform(1.0 / row.wire, cols));
    let tied = |line: usize, one: bool| if one && line > 0 { 0.0 } else { 1.0 };
    word.head = (0..rows).map(|i| tied(i, matches!(row.drive, Drive::OneWord | Drive::OneEach)) / row.source).collect();
    bit.tail = (0..cols).map(|j| tied(j, row.drive == Drive::OneEach) / row.sense).collect();
    let mut bias = [vec![0.0; rows], vec![0.0; cols]];
    let mut b = [vec![0.0; size], vec![0.0; size]];
    if row.drive == Drive::Half {
        bias = [vec![0.5; rows], vec![0.5; cols]];
        (bias[0][0], bias[1][0]) = (1.0, 0.0);
        for k in 0..size {
            let current = cells[k] * (bias[0][k / cols] - bias[1][k % cols]);
            (b[0][k], b[1][k]) = (-current, current);
        }
    } else {
        for i in 0..rows {
            b[0][i * cols] = word.head[i] * (0.2 + 0.8 * chance(&mut state));
        }
    }
    (Network { rows, cols, word, bit, cells }, bias, b)
}

/// Worst relative errors of node voltages and of the currents of lines that are tied to a potential.
fn errors(network: &Network, bias: &[Vec<f64>; 2], x: &[Vec<f64>; 2], exact: &[Double]) -> (f64, f64) {
    let (rows, cols, size) = (network.rows, network.cols, network.cells.len());
    let off = |x: f64, e: Double| if e.0 == 0.0 { x.abs() } else { ((Double::from(x) - e) / e).0.abs() };
    let both = x[0].iter().chain(&x[1]);
    let voltage = both.zip(exact).map(|(x, e)| off(*x, *e)).fold(0.0, f64::max);
    let cell = |k: usize| {
        let across = bias[0][k / cols] - bias[1][k % cols];
        let theirs = Double::from(network.cells[k]) * (Double::from(across) + exact[k] - exact[size + k]);
        (network.cells[k] * (across + (x[0][k] - x[1][k])), theirs)
    };
    let line = |cells: &mut dyn Iterator<Item = usize>| {
        let (ours, theirs) = cells.map(cell).fold((0.0, ZERO), |(a, b), (c, d)| (a + c, b + d));
        off(ours, theirs)
    };
    let words = (0..rows).filter(|i| network.word.head[*i] > 0.0).map(|i| line(&mut (i * cols..(i + 1) * cols)));
    let bits = (0..cols).filter(|j| network.bit.tail[*j] > 0.0).map(|j| line(&mut (j..size).step_by(cols)));
    (voltage, words.chain(bits).fold(0.0, f64::max))
}

fn judge(solver: &str, solve: impl Fn(&Network, &[Vec<f64>; 2]) -> [Vec<f64>; 2]) {
    let mut failed = Vec::new();
    for (row, shape) in ROWS.iter().flat_map(|row| SHAPES.map(|shape| (row, shape))) {
        let (network, bias, b) = case(row, shape);
        let all = &network.cells;
        let both: Vec<Double> = b.iter().flatten().map(|v| Double::from(*v)).collect();
        let exact = double_double::solve(&network, &Cells { ww: all, wb: all, bw: all, bb: all }, &both);
        let (voltage, current) = errors(&network, &bias, &solve(&network, &b), &exact);
        if !(voltage <= VOLTAGE && current <= CURRENT) {
            failed.push(format!("{} {shape:?}: voltages {voltage:.1e}, currents {current:.1e}", row.name));
        }
    }
    assert!(failed.is_empty(), "{solver}\n{}", failed.join("\n"));
}

#[test]
fn the_direct_solver_is_exact_in_every_component() {
    judge("frontal", |network, b| {
        let mut solver = Frontal::analyse(network.rows, network.cols).expect("an array");
        solver.factor(network).expect("tied lines");
        let mut x = b.clone();
        let [xw, xb] = &mut x;
        solver.solve([&b[0], &b[1]], [xw, xb]).expect("a solution");
        x
    });
}

#[test]
fn line_pcg_is_exact_in_every_component() {
    judge("line-PCG", |network, b| {
        let mut solver = LinePcg::new(network).expect("an array");
        solver.factor(network).expect("positive lines");
        let mut x = b.clone().map(|b| vec![0.0; b.len()]);
        let [xw, xb] = &mut x;
        let outcome = solver.solve_each_line(network, [&b[0], &b[1]], [xw, xb], TOLERANCE, 40).expect("convergence");
        assert!(outcome.iterations <= 15, "{outcome:?}");
        x
    });
}
