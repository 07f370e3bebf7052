//! Sparse LU of line-resistor arrays: `cargo bench --bench sparse_lu [sizes]`.
//!
//! An N x N array with wire resistance (2.5 ohm per segment), source and sense resistance and LRS/HRS cells; "states"
//! adds one memristor state row per cell, as the assembler stamps it. Best/median over repeats in ms; `refactor` has new
//! values each time. For comparison, KLU on this kind of machine (klu_refactor, 2 N^2 unknowns: 0.57, 5.7, 60 ms for 32, 64, 128).

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::time::Instant;

use sneakpath::numeric::faer_lu::FaerLu;
use sneakpath::numeric::pattern::Pattern;
use sneakpath::numeric::rng::Stream;
use sneakpath::numeric::sparse::{LinearSolver, SparseLu};

struct Array {
    pattern: Pattern,
    /// (position, base value, whether it varies)
    stamps: Vec<(u32, f64, bool)>,
}

fn array(n: u32, states: bool) -> Array {
    const GROUND: u32 = u32::MAX;
    let mut random = Stream::new(1, u64::from(n), "array");
    let (w, b, s) = (|i, j| i * n + j, |i, j| n * n + i * n + j, |i, j| 2 * n * n + i * n + j);
    let mut stamps: Vec<(u32, u32, f64, bool)> = Vec::new();
    let mut conductance = |p: u32, q: u32, g: f64, varies: bool| {
        for (row, column, value) in [(p, p, g), (q, q, g), (p, q, -g), (q, p, -g)] {
            stamps.push((row, column, value, varies));
        }
    };
    for i in 0..n {
        conductance(w(i, 0), GROUND, 1.0 / 50.0, false);
        conductance(b(n - 1, i), GROUND, 1.0 / 100.0, false);
        for j in 0..n {
            let g = if random.uniform() < 0.5 { 1e-4 } else { 1e-6 } * (0.8 + 0.4 * random.uniform());
            conductance(w(i, j), b(i, j), g, true);
            if j + 1 < n {
                conductance(w(i, j), w(i, j + 1), 0.4, false);
            }
            if i + 1 < n {
                conductance(b(i, j), b(i + 1, j), 0.4, false);
            }
        }
    }
    for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))).filter(|_| states) {
        stamps.extend([
            (w(i, j), s(i, j), 1e-5, true),
            (b(i, j), s(i, j), -1e-5, true),
            (s(i, j), s(i, j), 1e9, true),
            (s(i, j), w(i, j), -1e6, true),
            (s(i, j), b(i, j), 1e6, true),
        ]);
    }
    let unknowns = if states { 3 * n * n } else { 2 * n * n };
    let entries: Vec<(u32, u32)> = stamps.iter().map(|s| (s.0, s.1)).collect();
    let (pattern, positions) = Pattern::from_entries(unknowns as usize, &entries);
    let stamps = positions.iter().zip(&stamps).map(|(&p, s)| (p, s.2, s.3)).collect();
    Array { pattern, stamps }
}

impl Array {
    fn values(&self, round: u64) -> Vec<f64> {
        let mut random = Stream::new(2, round, "values");
        let mut values = vec![0.0; self.pattern.value_len()];
        for &(position, value, varies) in &self.stamps {
            values[position as usize] += if varies { value * (0.999 + 0.002 * random.uniform()) } else { value };
        }
        values
    }
}

/// Best and median.
fn summary(mut times: Vec<f64>) -> [f64; 2] {
    times.sort_by(f64::total_cmp);
    [times[0], times[times.len() / 2]]
}

fn milliseconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e3
}

/// Times of analysis, cold (analyse, factor, solve), warm factor, and solve.
fn measure<S: LinearSolver<f64>>(
    array: &Array,
    repeats: usize,
    analyse: impl Fn(&Pattern) -> S,
) -> ([[f64; 2]; 4], Vec<f64>) {
    let b: Vec<f64> = (0..array.pattern.size()).map(|k| (k % 5) as f64 - 2.0).collect();
    let rounds: Vec<Vec<f64>> = (0..3).map(|round| array.values(round)).collect();
    let analysis = summary((0..repeats.div_ceil(3)).map(|_| milliseconds(|| drop(analyse(&array.pattern)))).collect());
    let mut solver = analyse(&array.pattern);
    let mut x = b.clone();
    let cold = (0..repeats.div_ceil(3)).map(|_| {
        milliseconds(|| {
            solver = analyse(&array.pattern);
            solver.factor(&rounds[0]).unwrap();
            x.copy_from_slice(&b);
            solver.solve(&mut x);
        })
    });
    let cold = summary(cold.collect());
    let factor =
        summary((0..repeats).map(|k| milliseconds(|| assert!(solver.factor(&rounds[k % 3]).is_ok()))).collect());
    solver.factor(&rounds[2]).unwrap();
    let solve = (0..repeats).map(|_| {
        x.copy_from_slice(&b);
        milliseconds(|| solver.solve(&mut x))
    });
    let solve = summary(solve.collect());
    ([analysis, cold, factor, solve], x)
}

fn columns(times: [[f64; 2]; 4]) -> String {
    times.map(|[best, median]| format!("{:>15}", format!("{best:.3}/{median:.3}"))).join(" ")
}

fn main() {
    let sizes: Vec<u32> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![16, 32, 64, 128] } else { sizes };
    let [ours, theirs] = ["ours, ms: analyse, cold, refactor, solve", "faer, ms: analyse, cold, factor, solve"];
    println!("   N  states       nnz  nnz(L+U) | {ours:63} | {theirs}");
    for (n, states) in sizes.iter().flat_map(|&n| [(n, false), (n, true)]) {
        let array = array(n, states);
        let repeats = (4000 / (n * n / 16)).clamp(5, 101) as usize;
        let (ours, x) = measure(&array, repeats, SparseLu::analyse);
        let (theirs, y) = measure(&array, repeats.min(15), FaerLu::analyse);
        let mut lu = SparseLu::analyse(&array.pattern);
        lu.factor(&array.values(0)).unwrap();
        let scale = x.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        let difference = x.iter().zip(&y).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max) / scale;
        println!(
            "{n:>4} {:>7} {:>9} {:>9} | {} | {}   difference {difference:.1e}",
            if states { "yes" } else { "no" },
            array.pattern.nonzeros(),
            lu.factor_nonzeros(),
            columns(ours),
            columns(theirs),
        );
    }
}
