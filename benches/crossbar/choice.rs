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

/// The array of [`network`] with other wires.
fn wired(rows: usize, cols: usize, ohm: f64) -> Network {
    let plain = network(rows, cols);
    let (mut word, mut bit) = (Lines::uniform(1.0 / ohm, rows), Lines::uniform(1.0 / ohm, cols));
    word.head = plain.word.head.clone();
    bit.tail = plain.bit.tail.clone();
    Network { word, bit, ..plain }
}

/// Iterations that line-PCG expects of itself: 1.8 N sqrt(mean(g) r) + 3.
fn predicted(n: usize, ohm: f64) -> f64 {
    1.8 * n as f64 * (0.505e-4 * ohm).sqrt() + 3.0
}

/// One line per shape and wire resistance.
pub fn table() {
    println!("\none factorization and one solve; medians in us");
    println!(
        "{:>12} {:>10} {:>10} {:>6} {:>12} {:>12} {:>8}",
        "shape", "wire (ohm)", "predicted", "its", "line-PCG", "direct", "ratio"
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
        for ohm in [0.1, 2.5, 100.0, 2000.0] {
            let network = wired(rows, cols, ohm);
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
                "{:>12} {ohm:>10} {:>10.1} {iterations:>6} {ours:>12.2} {direct:>12.2} {:>8.2}",
                format!("{rows}x{cols}"),
                predicted(rows.max(cols), ohm),
                direct / ours
            );
        }
    }
}
