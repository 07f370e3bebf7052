//! The array kernel against SciPy's sparse direct solver on the same linear read.
//!
//! `cargo bench --bench crossbar [-- N ...]`: wire 2.5 ohm, one segment between driver and first cell and between last
//! cell and sense, cells 10 kOhm / 1 MOhm at random. Both sides start from conductances in memory and end with all node
//! voltages; interleaved runs, medians. SciPy solves the nodal matrix of the same network with `spsolve` (SuperLU),
//! which is badcrossbar's kernel; assembly of its matrix is not counted. Then the direct solver against SciPy's `splu`,
//! and 10,000 linear reads of a 784 x 10 array.

#![allow(clippy::print_stdout)]

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

use sneakpath::crossbar::{LinePcg, Lines, Network};
use sneakpath::numeric::rng::Stream;

#[path = "crossbar/direct.rs"]
mod direct;

const WIRE: f64 = 1.0 / 2.5;

/// Reads `n` and the cell conductances on standard input, prints seconds of each solve and the far-corner voltage.
const SCIPY: &str = r"
import sys, time, numpy as np, scipy, scipy.sparse as sp
from scipy.sparse.linalg import spsolve
n, m, runs = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
g = np.frombuffer(sys.stdin.buffer.read(), dtype='<f8').reshape(n, m)
w = 1/2.5
k = n*m
idx = np.arange(k).reshape(n, m)
rows, cols, vals = [], [], []
def connect(a, b, c):
    a, b = a.ravel(), b.ravel(); c = np.broadcast_to(c, a.shape)
    rows.extend([a, b, a, b]); cols.extend([a, b, b, a]); vals.extend([c, c, -c, -c])
connect(idx, idx + k, g.ravel())
connect(idx[:, :-1], idx[:, 1:], w)
connect(idx[:-1] + k, idx[1:] + k, w)
for ends in (idx[:, 0], idx[-1] + k):
    rows.append(ends); cols.append(ends); vals.append(np.full(ends.size, w))
a = sp.csc_matrix((np.concatenate(vals), (np.concatenate(rows), np.concatenate(cols))), shape=(2*k, 2*k))
b = np.zeros(2*k); b[idx[:, 0]] = 0.3*w
print(scipy.__version__, flush=True)
if runs == 0:
    from scipy.sparse.linalg import splu
    t = time.perf_counter(); lu = splu(a); f = time.perf_counter() - t
    t = time.perf_counter(); lu.solve(b); print(f, time.perf_counter() - t, 0)
for _ in range(runs):
    t = time.perf_counter(); x = spsolve(a, b); print(time.perf_counter() - t, x[k-1], x[2*k-1], flush=True)
";

fn network(n: usize, m: usize) -> Network {
    let mut random = Stream::new(1, 0, "cells");
    let cells = (0..n * m).map(|_| if random.uniform() < 0.5 { 1e-4 } else { 1e-6 }).collect();
    let (mut word, mut bit) = (Lines::uniform(WIRE, n), Lines::uniform(WIRE, m));
    word.head = vec![WIRE; n];
    bit.tail = vec![WIRE; m];
    Network { rows: n, cols: m, word, bit, cells }
}

/// Seconds and far-corner voltages of one solve, everything included.
fn solve(network: &Network, word: &[f64], bit: &[f64]) -> (f64, [f64; 2], usize) {
    let k = network.cells.len();
    let (mut xw, mut xb) = (vec![0.0; k], vec![0.0; k]);
    let start = Instant::now();
    let mut solver = LinePcg::new(network);
    solver.factor(network).expect("positive lines");
    let outcome = solver.solve(network, [word, bit], [&mut xw, &mut xb], 1e-11, 500).expect("convergence");
    (start.elapsed().as_secs_f64(), [xw[k - 1], xb[k - 1]], outcome.iterations)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Version and rows of three numbers that the script prints.
fn scipy_rows(network: &Network, runs: usize) -> Option<(String, Vec<[f64; 3]>)> {
    let mut child = Command::new("python3")
        .args(["-c", SCIPY, &network.rows.to_string(), &network.cols.to_string(), &runs.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let bytes: Vec<u8> = network.cells.iter().flat_map(|g| g.to_le_bytes()).collect();
    child.stdin.take()?.write_all(&bytes).ok()?;
    let output = child.wait_with_output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = text.lines();
    let version = lines.next()?.to_string();
    let row = |line: &str| {
        let numbers: Vec<f64> = line.split_whitespace().filter_map(|w| w.parse().ok()).collect();
        <[f64; 3]>::try_from(numbers).ok()
    };
    Some((version, lines.filter_map(row).collect()))
}

/// Version, seconds of each `spsolve` and far-corner voltages.
fn scipy(network: &Network, runs: usize) -> Option<(String, Vec<f64>, [f64; 2])> {
    let (version, rows) = scipy_rows(network, runs)?;
    let last = rows.last()?;
    Some((version, rows.iter().map(|r| r[0]).collect(), [last[1], last[2]]))
}

/// Seconds of `splu` and of one solve with its factors.
fn scipy_factor(network: &Network) -> Option<[f64; 2]> {
    let (_, rows) = scipy_rows(network, 0)?;
    rows.first().map(|[factor, solve, _]| [*factor, *solve])
}

fn main() {
    let asked: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![64, 128, 256] } else { asked };
    println!("linear read, all nodes, kernel only (one thread); medians");
    println!("{:>6} {:>6} {:>12} {:>12} {:>8}  far corner agrees to", "N", "its", "ours (ms)", "SciPy (ms)", "ratio");
    for &n in &sizes {
        let network = network(n, n);
        let mut word = vec![0.0; n * n];
        for row in word.chunks_mut(n) {
            row[0] = 0.3 * WIRE;
        }
        let bit = vec![0.0; n * n];
        let (mut times, mut theirs) = (Vec::new(), Vec::new());
        let (mut corner, mut iterations, mut version, mut peer) = ([0.0; 2], 0, String::new(), None);
        for _ in 0..3 {
            for _ in 0..5 {
                let (seconds, voltages, its) = solve(&network, &word, &bit);
                times.push(seconds);
                (corner, iterations) = (voltages, its);
            }
            if let Some((v, seconds, voltages)) = scipy(&network, 1) {
                (version, peer) = (v, Some(voltages));
                theirs.extend(seconds);
            }
        }
        let ours = median(times);
        match peer {
            Some(voltages) => {
                let reference = median(theirs);
                let off = corner.iter().zip(voltages).map(|(a, b)| ((a - b) / b).abs()).fold(0.0, f64::max);
                println!(
                    "{n:>6} {iterations:>6} {:>12.3} {:>12.2} {:>8.1}  {off:.1e} (SciPy {version})",
                    1e3 * ours,
                    1e3 * reference,
                    reference / ours
                );
            }
            None => println!(
                "{n:>6} {iterations:>6} {:>12.3} {:>12} {:>8}  SciPy is missing: pip install scipy",
                1e3 * ours,
                "-",
                "-"
            ),
        }
    }
    println!();
    direct::table(&sizes);
    direct::reads();
}
