//! The array kernel against SciPy's sparse direct solver on the same linear read.
//!
//! `cargo bench --bench crossbar [-- N ...]`: wire 2.5 ohm, one segment between driver and first cell and between last
//! cell and sense, cells 10 kOhm / 1 MOhm at random. Both sides start from conductances in memory and end with all node
//! voltages; interleaved runs, medians. SciPy solves the nodal matrix of the same network with `spsolve` (SuperLU),
//! which is badcrossbar's kernel; assembly of its matrix is not counted. Then the direct solver against SciPy's `splu`,
//! and 10,000 linear reads of a 784 x 10 array.

#![allow(clippy::print_stdout)]

#[path = "crossbar/choice.rs"]
mod choice;
#[path = "common/mod.rs"]
mod common;
#[path = "crossbar/direct.rs"]
mod direct;

use common::{driven, median, network, scipy, solve};

fn main() {
    let asked: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![64, 128, 256] } else { asked };
    println!("linear read, all nodes, kernel only (one thread); medians");
    println!("{:>6} {:>6} {:>12} {:>12} {:>8}  voltages agree to", "N", "its", "ours (ms)", "SciPy (ms)", "ratio");
    for &n in &sizes {
        let network = network(n, n);
        let volts = vec![0.3; n];
        let (word, bit) = (driven(&network, &volts), vec![0.0; n * n]);
        let (mut times, mut theirs) = (Vec::new(), Vec::new());
        let (mut nodes, mut iterations, mut peer) = ([Vec::new(), Vec::new()], 0, Err(String::new()));
        for _ in 0..3 {
            for _ in 0..5 {
                let (seconds, voltages, its) = solve(&network, &word, &bit).expect("convergence");
                times.push(seconds);
                (nodes, iterations) = (voltages, its);
            }
            peer = scipy::spsolve(&network, &volts);
            theirs.extend(peer.iter().map(|solved| solved.seconds));
        }
        let ours = median(&times);
        match peer {
            Ok(solved) => {
                let reference = median(&theirs);
                let off = solved.difference([&nodes[0], &nodes[1]]);
                println!(
                    "{n:>6} {iterations:>6} {:>12.3} {:>12.2} {:>8.1}  {off:.1e} (SciPy {})",
                    1e3 * ours,
                    1e3 * reference,
                    reference / ours,
                    solved.version
                );
            }
            Err(why) => println!("{n:>6} {iterations:>6} {:>12.3} {:>12} {:>8}  {why}", 1e3 * ours, "-", "-"),
        }
    }
    println!();
    direct::table(&sizes);
    direct::reads();
    choice::table();
}
