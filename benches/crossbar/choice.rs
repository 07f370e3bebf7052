//! Line-PCG against the direct solver: refill, factor and solve once, as in a Newton iteration.

use std::hint::black_box;
use std::time::Instant;

use sneakpath::crossbar::{Frontal, LinePcg, Lines, Network};

use super::{driven, median, network};

/// As in the operating points of decks.
const TOLERANCE: f64 = 1e-12;

fn microseconds(runs: usize, mut work: impl FnMut()) -> f64 {
    let times = (0..runs).map(|_| {
        let start = Instant::now();
        work();
        1e6 * start.elapsed().as_secs_f64()
    });
    median(&times.collect::<Vec<f64>>())
}

/// Wire segments and the better cells, in ohm: from wires that hardly count to cells that are better than wires.
const CASES: [(f64, f64); 5] = [(0.1, 1e4), (2.5, 1e4), (100.0, 1e4), (2000.0, 1e4), (1000.0, 10.0)];

/// The array of [`network`] with other wires, and its cells brought down to `low` and a hundred times that, in ohm.
fn wired(rows: usize, cols: usize, (ohm, low): (f64, f64)) -> Network {
    let mut plain = network(rows, cols);
    plain.cells.iter_mut().for_each(|g| *g *= 1e4 / low);
    let (mut word, mut bit) = (Lines::uniform(1.0 / ohm, rows), Lines::uniform(1.0 / ohm, cols));
    word.head = plain.word.head.clone();
    bit.tail = plain.bit.tail.clone();
    Network { word, bit, ..plain }
}

/// Iterations that line-PCG expects of itself: 1.8 N sqrt(mean(g) r) + 3.
fn predicted(n: usize, (ohm, low): (f64, f64)) -> f64 {
    1.8 * n as f64 * (0.505 / low * ohm).sqrt() + 3.0
}

/// One line per shape and case.
pub fn table() {
    println!("\none factorization and one solve; medians in us");
    println!(
        "{:>12} {:>10} {:>11} {:>10} {:>6} {:>12} {:>12} {:>8}",
        "shape", "wire (ohm)", "cells (ohm)", "predicted", "its", "line-PCG", "direct", "ratio"
    );
    let shapes = [
        (1, 1),
        (2, 2),
        (4, 4),
        (8, 8),
        (16, 16),
        (32, 32),
        (64, 64),
        (128, 128),
        (256, 256),
        (1, 64),
        (64, 1),
        (4, 256),
        (256, 4),
        (10, 784),
        (784, 10),
        (32, 512),
        (512, 32),
    ];
    for (rows, cols) in shapes {
        for case in CASES {
            let network = wired(rows, cols, case);
            let (word, bit) = (driven(&network, &vec![0.3; rows]), vec![0.0; rows * cols]);
            let (mut xw, mut xb) = (bit.clone(), bit.clone());
            let runs = (400_000 / (rows * cols)).clamp(5, 1001);
            let mut line = LinePcg::new(&network).expect("an array");
            let mut iterations = None;
            let ours = microseconds(runs, || {
                xb.fill(0.0);
                iterations = line
                    .factor(&network)
                    .and_then(|()| {
                        line.solve(&network, [&word, &bit], [&mut xw, &mut xb], TOLERANCE, 400).map(|o| o.iterations)
                    })
                    .ok();
            });
            let mut frontal = Frontal::analyse(rows, cols).expect("an array");
            let direct = microseconds(runs, || {
                frontal.factor(&network).expect("tied lines");
                frontal.solve([&word, &bit], [&mut xw, &mut xb]).expect("a solution");
            });
            black_box((&xw, &xb));
            let iterations = iterations.map_or("-".to_owned(), |k| k.to_string());
            println!(
                "{:>12} {:>10} {:>11} {:>10.1} {iterations:>6} {ours:>12.2} {direct:>12.2} {:>8.2}",
                format!("{rows}x{cols}"),
                case.0,
                case.1,
                predicted(rows.max(cols), case),
                direct / ours
            );
        }
    }
}
