//! The direct solver: factor, one and many right-hand sides, and linear reads of many vectors by one matrix.

use std::hint::black_box;
use std::time::Instant;

use sneakpath::crossbar::{Frontal, Network, Port, transfer};
use sneakpath::numeric::rng::Stream;

use super::{median, network, scipy};

/// Right-hand sides that are solved together.
const MANY: usize = 24;

fn milliseconds(runs: usize, mut work: impl FnMut()) -> f64 {
    let times = (0..runs).map(|_| {
        let start = Instant::now();
        work();
        1e3 * start.elapsed().as_secs_f64()
    });
    median(&times.collect::<Vec<f64>>())
}

/// One line per size: refactorization, solves, and SciPy's `splu` of the same matrix in the same run.
pub fn table(sizes: &[usize]) {
    println!("direct solver, refactored (one thread); medians in ms");
    println!(
        "{:>6} {:>10} {:>10} {:>14} {:>10} {:>12} {:>12} {:>8}",
        "N", "factor", "solve", "of 24 at once", "MB", "splu", "its solve", "ratio"
    );
    for &n in sizes {
        let network = network(n, n);
        let mut solver = Frontal::analyse(n, n).expect("an array");
        let runs = (4096 / n).clamp(3, 41);
        let factor = milliseconds(runs, || {
            solver.factor(&network).expect("tied lines");
        });
        let b = vec![1e-6; MANY * n * n];
        let mut x = [vec![0.0; MANY * n * n], vec![0.0; MANY * n * n]];
        let [xw, xb] = &mut x;
        let one = n * n;
        let solve = milliseconds(runs, || {
            solver.solve([&b[..one], &b[..one]], [&mut xw[..one], &mut xb[..one]]).expect("a solution")
        });
        let many = milliseconds(runs.min(5), || solver.solve_many([&b, &b], [&mut *xw, &mut *xb]).expect("a solution"))
            / MANY as f64;
        black_box(&x);
        let memory = Frontal::memory(n, n).expect("an array") as f64 / 1e6;
        print!("{n:>6} {factor:>10.3} {solve:>10.3} {many:>14.3} {memory:>10.1}");
        match scipy::splu(&network, &vec![0.3; n], 1) {
            Ok(solved) => {
                let [splu, theirs] = [solved.seconds, solved.each].map(|s| 1e3 * s);
                println!(" {splu:>12.2} {theirs:>12.2} {:>8.1}", splu / factor);
            }
            Err(why) => println!(" {:>12} {:>12} {:>8}  {why}", "-", "-", "-"),
        }
    }
}

/// Reads of a 784 x 10 array with 10,000 vectors: all column currents by a transfer matrix, against single solves, and
/// all node voltages of some.
pub fn reads() {
    let (rows, cols, vectors) = (784, 10, 10_000);
    let network = network(rows, cols);
    let (inputs, outputs) = (Port::word_heads(&network), Port::bit_tails(&network));
    let mut random = Stream::new(3, 0, "images");
    let voltages: Vec<f64> = (0..vectors * rows).map(|_| 0.2 * random.uniform()).collect();
    let mut currents = vec![0.0; vectors * cols];
    let mut matrix = None;
    let adjoint = milliseconds(5, || matrix = transfer(&network, &inputs, &outputs).ok());
    let Some(matrix) = matrix else { return };
    let product = milliseconds(5, || matrix.apply(&voltages, &mut currents).expect("one shape"));
    let sample = 4 * MANY;
    let (per_vector, off) = all_nodes(&network, &voltages[..sample * rows], &currents);
    println!("\n{rows} x {cols}, {vectors} vectors (one thread)");
    println!("transfer matrix {adjoint:.2} ms + product {product:.2} ms = {:.2} ms", adjoint + product);
    println!("all node voltages, {sample} at a time: {per_vector:.4} ms per vector; currents agree to {off:.1e}");
    match scipy::splu(&network, &voltages[..rows], 1) {
        Ok(solved) => {
            let [splu, theirs] = [solved.seconds, solved.each].map(|s| 1e3 * s);
            let total = splu + theirs * vectors as f64;
            println!("SciPy: splu {splu:.2} ms, then {theirs:.3} ms per vector = {total:.0} ms");
        }
        Err(why) => println!("{why}"),
    }
}

/// Milliseconds per vector and the largest relative difference of a column current from `currents`.
fn all_nodes(network: &Network, voltages: &[f64], currents: &[f64]) -> (f64, f64) {
    let (size, vectors) = (network.cells.len(), voltages.len() / network.rows);
    let mut solver = Frontal::analyse(network.rows, network.cols).expect("an array");
    solver.factor(network).expect("tied lines");
    let mut word = vec![0.0; vectors * size];
    for (b, voltages) in word.chunks_mut(size).zip(voltages.chunks(network.rows)) {
        for (row, voltage) in voltages.iter().enumerate() {
            b[row * network.cols] = voltage * network.word.head[row];
        }
    }
    let bit = vec![0.0; vectors * size];
    let (mut xw, mut xb) = (bit.clone(), bit.clone());
    let time = milliseconds(3, || solver.solve_many([&word, &bit], [&mut xw, &mut xb]).expect("a solution"));
    let mut worst = 0.0f64;
    for (x, currents) in xb.chunks(size).zip(currents.chunks(network.cols)) {
        for (j, current) in currents.iter().enumerate() {
            let single = network.bit.tail[j] * x[size - network.cols + j];
            worst = worst.max(((current - single) / single).abs());
        }
    }
    (time / vectors as f64, worst)
}
