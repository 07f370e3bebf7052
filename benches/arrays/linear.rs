//! Linear reads: random LRS and HRS, wire 2.5 ohm.

use std::cell::RefCell;
use std::process::ExitCode;

use super::common::{self, current_difference, decks, driven, nan_max, network, peers, scipy};
use super::race::{Bench, Run, race};
use super::table::{Asked, Line, Peer, Unit};
use sneakpath::numeric::rng::Stream;

/// First word of the command line of the process whose memory is measured.
pub const CHILD: &str = "--child";

fn volts(n: usize) -> Vec<f64> {
    let mut random = Stream::new(1, n as u64, "volts");
    (0..n).map(|_| 0.5 * random.uniform()).collect()
}

/// From conductances in memory to all node voltages.
pub fn kernel(bench: &Bench, print: &mut dyn FnMut(Line)) {
    let sizes: &[(usize, f64)] =
        if bench.quick { &[(32, 100.0), (64, 100.0)] } else { &[(128, 100.0), (256, 100.0), (1024, 200.0)] };
    for &(n, asked) in sizes {
        print(kernel_line(bench, n, asked));
    }
}

fn kernel_line(bench: &Bench, n: usize, asked: f64) -> Line {
    let (network, volts) = (network(n, n), volts(n));
    let (word, bit) = (driven(&network, &volts), vec![0.0; n * n]);
    let (ours, theirs) = (RefCell::new(None), RefCell::new(None));
    let mut runs: Vec<Run> = vec![Box::new(|| {
        // several for one of the peer: they are short enough for a single interruption to spoil one
        let solved = (0..if n > 256 { 1 } else { 5 }).map(|_| common::solve(&network, &word, &bit));
        let times: Vec<f64> = solved
            .map(|solved| {
                let (seconds, x, iterations) = solved?;
                ours.replace(Some((x, iterations)));
                Ok(seconds)
            })
            .collect::<Result<_, String>>()?;
        Ok(common::median(&times))
    })];
    let version = scipy::version();
    if version.is_some() {
        runs.push(Box::new(|| {
            let solved = scipy::spsolve(&network, &volts)?;
            let seconds = solved.seconds;
            theirs.replace(Some(solved));
            Ok(seconds)
        }));
    }
    let mut results = race(bench.rounds, runs).into_iter();
    let times = results.next().unwrap_or_else(|| Err("not run".into()));
    let peer = match (version, results.next()) {
        (Some(version), Some(figures)) => Peer::new(format!("SciPy {version} spsolve"), figures),
        _ => Peer::missing(scipy::MISSING),
    };
    let mut line =
        Line::new(format!("linear read {n}x{n}, kernel"), Unit::Seconds, times, Asked::Faster(asked)).against(peer);
    if let (Some((x, iterations)), Some(solved)) = (ours.into_inner(), theirs.into_inner()) {
        let off = solved.difference([&x[0], &x[1]]);
        line = line.note(format!("{iterations} iterations; all node voltages agree to {off:.1e} of the largest"));
    }
    line
}

/// Start, read netlist and matrix, solve, write the raw file.
pub fn process(bench: &Bench, print: &mut dyn FnMut(Line)) {
    let n = bench.size(256, 32);
    let work = format!("linear read {n}x{n}, whole process");
    let lines = process_lines(bench, n, &work);
    match lines {
        Ok(lines) => lines.into_iter().for_each(print),
        Err(why) => print(Line::new(work, Unit::Seconds, Err(why), Asked::Faster(20.0))),
    }
}

fn process_lines(bench: &Bench, n: usize, work: &str) -> Result<Vec<Line>, String> {
    let read = decks::Read::new(n);
    bench.file("read.csv", &read.csv())?;
    bench.file("read.cir", &read.array("read.csv"))?;
    bench.file("read.sim", &read.vacask())?;
    let (network, scipy, vacask) = (read.network(), scipy::version(), peers::vacask());
    let solved = RefCell::new(None);
    let mut runs: Vec<Run> = vec![Box::new(|| Ok(bench.ours("read", &[])?.seconds))];
    runs.push(Box::new(|| {
        if scipy.is_none() {
            return Err(String::new());
        }
        let solution = scipy::spsolve(&network, read.volts())?;
        let seconds = solution.seconds;
        solved.replace(Some(solution));
        Ok(seconds)
    }));
    runs.push(Box::new(|| match &vacask {
        Some(vacask) => Ok(peers::run(&vacask.program, &["read.sim"], &bench.directory)?.seconds),
        None => Err(String::new()),
    }));
    let results: [_; 3] = race(bench.rounds, runs).try_into().map_err(|_| "not run".to_string())?;
    let [ours, scipy_times, vacask_times] = results;
    let exact: Option<Vec<f64>> = solved.into_inner().map(|solution| {
        let last = &solution.x[1][n * (n - 1)..];
        last.iter().map(|v| v * common::WIRE).collect()
    });
    let agreement = |raw: &str| match &exact {
        Some(exact) => match peers::plot(&bench.directory.join(raw)) {
            Ok(plot) => format!("bit-line currents differ from SciPy's by {:.1e}", current_difference(&plot, exact)),
            Err(why) => why,
        },
        None => "currents not compared: no SciPy".to_string(),
    };
    let scipy_peer = match scipy {
        Some(version) => Peer::new(format!("SciPy {version} spsolve alone"), scipy_times),
        None => Peer::missing(scipy::MISSING),
    };
    let vacask_peer = match &vacask {
        Some(vacask) => Peer::new(format!("{}, whole process", vacask.name()), vacask_times),
        None => Peer::missing(peers::VACASK),
    };
    let ours_note = format!("ours: {}", agreement("read.raw"));
    let theirs = format!("VACASK: {}", agreement("op1.raw"));
    Ok(vec![
        Line::new(work, Unit::Seconds, ours.clone(), Asked::Faster(20.0)).against(scipy_peer).note(ours_note),
        Line::new(work, Unit::Seconds, ours, Asked::Faster(150.0)).against(vacask_peer).note(theirs),
    ])
}

/// A read that no direct solver holds, in a process of its own.
pub fn large(bench: &Bench, print: &mut dyn FnMut(Line)) {
    let n = bench.size(4096, 256);
    let Ok(program) = std::env::current_exe() else {
        return print(Line::new("linear read, large", Unit::Seconds, Err("no own path".into()), Asked::AtMost(6.0)));
    };
    let (peaks, notes) = (RefCell::new(Vec::new()), RefCell::new(String::new()));
    let run: Run = Box::new(|| {
        let finished =
            peers::run(&program.to_string_lossy(), &[CHILD, &n.to_string()], &bench.directory).map_err(first_line)?;
        let numbers: Vec<f64> = finished.said.split_whitespace().filter_map(|w| w.parse().ok()).collect();
        let [seconds, peak, iterations, residual] = numbers[..] else { return Err(first_line(finished.said)) };
        peaks.borrow_mut().push(peak);
        notes.replace(format!(
            "{iterations} iterations; Kirchhoff's law to {residual:.1e} of the currents at each node"
        ));
        Ok(seconds)
    });
    let times = race(bench.rounds.min(3), vec![run]).swap_remove(0);
    let memory = times.as_ref().map(|_| peaks.borrow().clone()).map_err(Clone::clone);
    print(
        Line::new(format!("linear read {n}x{n}, kernel"), Unit::Seconds, times, Asked::AtMost(6.0))
            .note(notes.into_inner()),
    );
    print(Line::new(format!("linear read {n}x{n}, peak memory"), Unit::Bytes, memory, Asked::AtMost(3e9)));
    large_process(bench, n, print);
}

/// The same from a netlist and a matrix of a hundred megabytes of text.
fn large_process(bench: &Bench, n: usize, print: &mut dyn FnMut(Line)) {
    let read = decks::Read::new(n);
    let written = bench.file("large.csv", &read.csv()).and_then(|_| bench.file("large.cir", &read.array("large.csv")));
    drop(read);
    let peaks = RefCell::new(Vec::new());
    let run: Run = Box::new(|| {
        written.clone()?;
        let finished = bench.ours("large", &[])?;
        peaks.borrow_mut().push(finished.peak);
        Ok(finished.seconds)
    });
    let times = race(bench.rounds.min(3), vec![run]).swap_remove(0);
    let memory = times.as_ref().map(|_| peaks.borrow().clone()).map_err(Clone::clone);
    print(Line::new(format!("linear read {n}x{n}, whole process"), Unit::Seconds, times, Asked::AtMost(6.0)));
    print(Line::new(format!("linear read {n}x{n}, its peak memory"), Unit::Bytes, memory, Asked::AtMost(3e9)));
}

fn first_line(text: String) -> String {
    text.lines().next().unwrap_or("no output").to_string()
}

/// Prints seconds, peak memory in bytes, iterations, and the worst residual relative to the currents of its node.
pub fn child(n: usize) -> ExitCode {
    let network = network(n, n);
    let (word, bit) = (driven(&network, &volts(n)), vec![0.0; n * n]);
    let (seconds, [xw, xb], iterations) = match common::solve(&network, &word, &bit) {
        Ok(solved) => solved,
        Err(why) => {
            println!("{why}");
            return ExitCode::FAILURE;
        }
    };
    let peak = peers::own_peak();
    let arrays = || [vec![0.0; n * n], vec![0.0; n * n]];
    let ([mut rw, mut rb], [mut sw, mut sb]) = (arrays(), arrays());
    let judged = network.residual([&word, &bit], [&xw, &xb], [&mut rw, &mut rb]);
    if let Err(why) = judged.and_then(|()| network.magnitude([&word, &bit], [&xw, &xb], [&mut sw, &mut sb])) {
        println!("{why}");
        return ExitCode::FAILURE;
    }
    let pairs = rw.iter().chain(&rb).zip(sw.iter().chain(&sb));
    let worst = pairs.map(|(r, s)| if *r == 0.0 { 0.0 } else { (r / s).abs() }).fold(0.0, nan_max);
    println!("{seconds} {peak} {iterations} {worst}");
    ExitCode::SUCCESS
}
