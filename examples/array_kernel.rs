//! The array kernel by itself: one linear read of a 256x256 array with wires, 10 kOhm and 1 MOhm cells at random.

use std::time::Instant;

use sneakpath::crossbar::{LinePcg, Lines, Network};
use sneakpath::numeric::rng::Stream;

#[allow(clippy::print_stdout)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (n, m, wire) = (256, 256, 1.0 / 2.5);
    let mut random = Stream::new(1, 0, "cells");
    let cells = (0..n * m).map(|_| if random.uniform() < 0.5 { 1e-4 } else { 1e-6 }).collect();
    let (mut word, mut bit) = (Lines::uniform(wire, n), Lines::uniform(wire, m));
    // one segment between driver and first cell, one between last cell and sense
    word.head = vec![wire; n];
    bit.tail = vec![wire; m];
    let network = Network { rows: n, cols: m, word, bit, cells };

    // drivers at 0.3 V behind the first word segment, bit lines end at 0 V
    let mut word_currents = vec![0.0; n * m];
    for row in word_currents.chunks_mut(m) {
        row[0] = 0.3 * wire;
    }
    let bit_currents = vec![0.0; n * m];
    let (mut word_voltage, mut bit_voltage) = (vec![0.0; n * m], vec![0.0; n * m]);

    let start = Instant::now();
    let mut solver = LinePcg::new(&network)?;
    solver.factor(&network)?;
    let outcome =
        solver.solve(&network, [&word_currents, &bit_currents], [&mut word_voltage, &mut bit_voltage], 1e-12, 200)?;
    let seconds = start.elapsed().as_secs_f64();

    let (mut rw, mut rb) = (vec![0.0; n * m], vec![0.0; n * m]);
    network.residual([&word_currents, &bit_currents], [&word_voltage, &bit_voltage], [&mut rw, &mut rb])?;
    let worst = rw.iter().chain(&rb).fold(0.0f64, |w, r| w.max(r.abs()));
    let last = n * m - 1;
    println!("{n}x{m}: {} iterations, {:.1} ms, largest KCL residual {worst:.1e} A", outcome.iterations, 1e3 * seconds);
    println!("far corner: {:.4} V on the word line, {:.4} V on the bit line", word_voltage[last], bit_voltage[last]);
    if worst > 1e-9 {
        return Err(format!("the residual {worst} is too large").into());
    }
    Ok(())
}
