//! What several benchmarks share: circuits for many readers, other simulators, medians.

// every benchmark is a program of its own and uses a part
#![allow(dead_code)]

pub mod decks;
pub mod peers;
pub mod scipy;

use std::time::Instant;

use sneakpath::crossbar::{LinePcg, Lines, Network};
use sneakpath::elaborate::{Elaborated, Elaborator};
use sneakpath::netlist;
use sneakpath::numeric::rng::Stream;
use sneakpath::plan::Overrides;
use sneakpath::result::Table;

/// Conductance of a wire segment of [`network`] in S.
pub const WIRE: f64 = 1.0 / 2.5;

/// Cells of 10 kOhm or 1 MOhm at random; one segment between driver and first cell and between last cell and sense.
pub fn network(n: usize, m: usize) -> Network {
    let mut random = Stream::new(1, 0, "cells");
    let cells = (0..n * m).map(|_| if random.uniform() < 0.5 { 1e-4 } else { 1e-6 }).collect();
    let (mut word, mut bit) = (Lines::uniform(WIRE, n), Lines::uniform(WIRE, m));
    word.head = vec![WIRE; n];
    bit.tail = vec![WIRE; m];
    Network { rows: n, cols: m, word, bit, cells }
}

/// Right-hand side of the word lines for driver voltages.
pub fn driven(network: &Network, volts: &[f64]) -> Vec<f64> {
    let mut word = vec![0.0; network.cells.len()];
    for (row, (v, g)) in word.chunks_mut(network.cols).zip(volts.iter().zip(&network.word.head)) {
        row[0] = v * g;
    }
    word
}

/// Seconds, node voltages and iterations of one line-PCG solve, everything included.
///
/// # Errors
/// What stops the solver.
pub fn solve(network: &Network, word: &[f64], bit: &[f64]) -> Result<(f64, [Vec<f64>; 2], usize), String> {
    let k = network.cells.len();
    let (mut xw, mut xb) = (vec![0.0; k], vec![0.0; k]);
    let start = Instant::now();
    let mut solver = LinePcg::new(network).map_err(|e| e.to_string())?;
    solver.factor(network).map_err(|e| e.to_string())?;
    let outcome = solver.solve(network, [word, bit], [&mut xw, &mut xb], 1e-11, 500).map_err(|e| e.to_string())?;
    Ok((start.elapsed().as_secs_f64(), [xw, xb], outcome.iterations))
}

/// The middle one; the upper of two middle ones.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The larger; not a number when either is not.
pub fn nan_max(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

/// Parsed deck to circuit; the first mistake otherwise.
pub fn elaborate(deck: netlist::ast::Deck) -> Result<Elaborated, String> {
    let built = Elaborator::new(deck, Vec::new()).build(&Overrides::default());
    built.map_err(|errors| errors.first().map_or(String::new(), |e| e.message.clone()))
}

/// Largest difference of the bit-line currents of two reads, relative to the largest current of `expected`.
pub fn current_difference(plot: &Table, expected: &[f64]) -> f64 {
    let largest = expected.iter().fold(0.0f64, |a, i| a.max(i.abs()));
    let worst = |worst, (j, i): (usize, &f64)| nan_max(worst, (bit_current(plot, j) - i).abs());
    expected.iter().enumerate().fold(0.0, worst) / largest
}

/// First value of the current of ammeter `vb{j}`, however the simulator calls it.
pub fn bit_current(plot: &Table, j: usize) -> f64 {
    let names = [format!("i(vb{j})"), format!("vb{j}:flow(br)"), format!("vb{j}#branch")];
    names.iter().find_map(|name| plot.column(name)).and_then(|c| c.first().copied()).unwrap_or(f64::NAN)
}

/// Largest error of the watched states at the points of `plot` against `exact`, interpolated linearly between its
/// much denser points.
pub fn state_error(plot: &Table, exact: &Table, n: usize) -> f64 {
    let state = |table: &Table, (i, j): (usize, usize)| -> Vec<f64> {
        let names = [format!("@xa.c_{i}_{j}[x]"), format!("v(xm{i}_{j}.x)"), format!("m{i}_{j}:xs")];
        names.iter().find_map(|name| table.column(name)).map_or_else(Vec::new, <[f64]>::to_vec)
    };
    let [times, exact_times] = [plot, exact].map(|t| t.data.first().map_or(&[][..], Vec::as_slice));
    let mut worst = 0.0;
    for cell in decks::watched(n) {
        let (x, exact_x) = (state(plot, cell), state(exact, cell));
        if x.is_empty() || exact_x.is_empty() {
            return f64::NAN;
        }
        for (&t, x) in times.iter().zip(&x) {
            let k = exact_times.partition_point(|&at| at < t).clamp(1, exact_times.len() - 1);
            let fraction = (t - exact_times[k - 1]) / (exact_times[k] - exact_times[k - 1]);
            let expected = exact_x[k - 1] + fraction * (exact_x[k] - exact_x[k - 1]);
            worst = nan_max(worst, (x - expected).abs());
        }
    }
    worst
}
