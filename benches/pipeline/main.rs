//! Where the time goes, and how it compares: `cargo bench --bench pipeline [rounds]`.
//!
//! Linear reads stage by stage inside this process; then whole processes (start, read, solve, write a raw file) on equal
//! work: the 64 x 64 read and the 32 x 32 V/2 write with a VTEAM cell at every crossing, 1 us, same tolerances. Every
//! round runs all contenders in turn; the table shows medians. What the contenders computed is compared too: the
//! currents of the read, and the states of the write against a reference with tight tolerances.

#![allow(clippy::print_stdout, missing_docs)]

#[path = "../common/mod.rs"]
mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use sneakpath::analysis;
use sneakpath::circuit::Circuit;
use sneakpath::device::{Env, Mode};
use sneakpath::elaborate::Elaborated;
use sneakpath::netlist::{self, ReadOptions};
use sneakpath::numeric::newton::Equations;
use sneakpath::output::Collector;
use sneakpath::plan::{Analysis, Overrides, Plan};
use sneakpath::system::{Backend, Problem, Rows, System, Tolerances};

use common::{bit_current, current_difference, decks, elaborate, median, peers, state_error};

const OURS: &str = env!("CARGO_BIN_EXE_sneakpath");
const READ: usize = 64;
const WRITE: usize = 32;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rounds = std::env::args().find_map(|a| a.parse().ok()).unwrap_or(5);
    let directory = tempfile::tempdir()?;
    println!("{}", peers::machine());
    println!("sneakpath {}, medians of {rounds} rounds", env!("CARGO_PKG_VERSION"));
    println!("\n{:24} {:>5}  {:28} {:>10}", "work", "N", "contender", "ms");
    stages(directory.path(), rounds)?;
    read(directory.path(), rounds)?;
    write(directory.path(), rounds)?;
    Ok(())
}

fn row(work: &str, n: usize, contender: &str, milliseconds: f64, note: &str) {
    println!("{work:24} {n:>5}  {contender:28} {milliseconds:>10.3}  {note}");
}

/// Stages of a run, in the order of [`stage_times`].
const STAGES: [&str; 8] = ["parse", "elaborate", "structure", "assemble", "factor", "factor again", "solve", "run"];

fn stages(directory: &Path, rounds: usize) -> Result<(), Box<dyn std::error::Error>> {
    let mut cases: Vec<(usize, &str, PathBuf, [Vec<f64>; 8])> = Vec::new();
    for n in [16, 32, 64] {
        let read = decks::Read::new(n);
        let matrix = format!("read{n}.csv");
        fs::write(directory.join(&matrix), read.csv())?;
        for (form, text) in [("one array card", read.array(&matrix)), ("every element a line", read.flat())] {
            let path = directory.join(format!("stages{}.cir", cases.len()));
            fs::write(&path, text)?;
            cases.push((n, form, path, Default::default()));
        }
    }
    for _ in 0..rounds {
        for (_, _, path, times) in &mut cases {
            let once = stage_times(path)?;
            times.iter_mut().zip(once).for_each(|(all, one)| all.push(one));
        }
    }
    for (n, form, _, times) in &mut cases {
        for (stage, times) in STAGES.iter().zip(times) {
            row(stage, *n, form, median(times), "");
        }
    }
    Ok(())
}

/// Wall times in ms: text to deck; deck to circuit; pattern and ordering; devices into the matrix; first linear
/// solve; one with known pivots; one more right-hand side; all of it as `.op` does it.
fn stage_times(path: &Path) -> Result<[f64; 8], String> {
    let mut times = [0.0; 8];
    let singular = |k: usize| format!("singular at unknown {k}");
    let (deck, _) = timed(&mut times[0], || netlist::parse(path, &ReadOptions::default()));
    let Elaborated { circuit, plan, .. } = timed(&mut times[1], || elaborate(deck))?;
    let mut system = timed(&mut times[2], || System::new(&circuit, tolerances(&plan), Backend::Automatic));
    let x = vec![0.0; system.len()];
    let mut dx = x.clone();
    let mut rows = Rows::operating_point(&circuit, &x, None);
    let env = still(&circuit, &plan);
    let mut problem = Problem::new(&mut system, &circuit, env, &rows);
    problem.begin(&x);
    timed(&mut times[3], || problem.linearise(&x));
    timed(&mut times[4], || problem.step(&x, &mut dx)).map_err(singular)?;
    rows.shunt.fill(1e-12);
    let mut problem = Problem::new(&mut system, &circuit, env, &rows);
    problem.begin(&x);
    problem.linearise(&x);
    timed(&mut times[5], || problem.step(&x, &mut dx)).map_err(singular)?;
    timed(&mut times[6], || problem.correct(&mut dx));
    timed(&mut times[7], || operating_point(path))?;
    Ok(times)
}

fn timed<T>(milliseconds: &mut f64, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *milliseconds = start.elapsed().as_secs_f64() * 1e3;
    result
}

fn operating_point(path: &Path) -> Result<(), String> {
    let (deck, _) = netlist::parse(path, &ReadOptions::default());
    let Elaborated { mut circuit, plan, .. } = elaborate(deck)?;
    let refuse = |_: &Overrides| Err("nothing is swept".to_string());
    analysis::run(&Analysis::Op, &mut circuit, &plan, "", &refuse, &mut Collector::default())
        .map(|_| ())
        .map_err(|e| e.to_string())
}

fn tolerances(plan: &Plan) -> Tolerances {
    let options = &plan.options;
    Tolerances {
        relative: options.reltol,
        current: options.abstol,
        voltage: options.vntol,
        state: options.statetol,
        pivot: options.pivrel,
    }
}

fn still(circuit: &Circuit, plan: &Plan) -> Env {
    let (temperature, gmin) = (circuit.temperature, plan.options.gmin);
    Env { time: 0.0, temperature, gmin, source_scale: 1.0, mode: Mode::Dc }
}

/// A program with its deck; ours and ngspice write a raw file beside it.
struct Contender {
    name: &'static str,
    program: &'static str,
    arguments: Vec<String>,
    raw: PathBuf,
    times: Vec<f64>,
}

impl Contender {
    /// `program -b -r NAME.raw NAME.cir`, as ngspice and this program take it.
    fn spice(
        directory: &Path,
        name: &'static str,
        program: &'static str,
        file: &str,
        deck: &str,
    ) -> std::io::Result<Self> {
        fs::write(directory.join(format!("{file}.cir")), deck)?;
        let arguments = vec!["-b".to_string(), "-r".to_string(), format!("{file}.raw"), format!("{file}.cir")];
        Ok(Self { name, program, arguments, raw: directory.join(format!("{file}.raw")), times: Vec::new() })
    }

    fn median(&self) -> f64 {
        median(&self.times)
    }
}

/// Runs all contenders in turn; those whose program is not there are named and left out.
fn race(directory: &Path, contenders: &mut Vec<Contender>, rounds: usize) -> Result<(), String> {
    let present = |c: &Contender| {
        let version = peers::version(c.program);
        match &version {
            None => println!("{:31}  {:28} {:>10}", "", c.name, "not found"),
            Some(version) if c.program != OURS => println!("{:31}  {:28} {version}", "", c.name),
            Some(_) => {}
        }
        version.is_some()
    };
    contenders.retain(present);
    for _ in 0..rounds {
        for contender in contenders.iter_mut() {
            let arguments: Vec<&str> = contender.arguments.iter().map(String::as_str).collect();
            contender.times.push(peers::time(contender.program, &arguments, directory)?);
        }
    }
    Ok(())
}

/// The 64 x 64 read as whole processes.
fn read(directory: &Path, rounds: usize) -> Result<(), Box<dyn std::error::Error>> {
    let deck = decks::Read::new(READ);
    let matrix = format!("read{READ}.csv");
    let mut contenders = vec![
        Contender::spice(directory, "sneakpath, array card", OURS, "read_array", &deck.array(&matrix))?,
        Contender::spice(directory, "sneakpath, flat", OURS, "read_flat", &deck.flat())?,
        Contender::spice(directory, "ngspice, flat", "ngspice", "read_ngspice", &deck.flat())?,
    ];
    fs::write(directory.join("read.sim"), deck.vacask())?;
    contenders.push(Contender {
        name: "vacask, flat",
        program: "vacask",
        arguments: vec!["read.sim".to_string()],
        raw: directory.join("op1.raw"),
        times: Vec::new(),
    });
    race(directory, &mut contenders, rounds)?;
    let fastest = contenders[0].median();
    let flat = peers::plot(&contenders[1].raw)?;
    let expected: Vec<f64> = (0..READ).map(|j| bit_current(&flat, j)).collect();
    for contender in &mut contenders {
        let time = contender.median();
        let difference = peers::plot(&contender.raw).map_or(f64::NAN, |plot| current_difference(&plot, &expected));
        let note = format!("{:>7.1} x, currents differ by {difference:.1e}", time / fastest);
        row("process: read", READ, contender.name, time, &note);
    }
    Ok(())
}

/// The 32 x 32 write as whole processes.
fn write(directory: &Path, rounds: usize) -> Result<(), Box<dyn std::error::Error>> {
    let tight = decks::write_reference(WRITE);
    let tight = Contender::spice(directory, "reference", OURS, "write_reference", &tight)?;
    let (array, flat) = (decks::write_array(WRITE, ""), decks::write_flat(WRITE));
    let mut contenders = vec![
        Contender::spice(directory, "sneakpath, array card", OURS, "write_array", &array)?,
        Contender::spice(directory, "sneakpath, flat behavioural", OURS, "write_flat", &flat)?,
        Contender::spice(directory, "ngspice, flat behavioural", "ngspice", "write_ngspice", &flat)?,
    ];
    let mut reference = vec![tight];
    race(directory, &mut reference, 1)?;
    race(directory, &mut contenders, rounds)?;
    let exact = peers::plot(&reference[0].raw)?;
    let fastest = contenders[0].median();
    for contender in reference.iter_mut().chain(&mut contenders) {
        let (time, plot) = (contender.median(), peers::plot(&contender.raw)?);
        let note = format!(
            "{:>7.1} x, {} points, states off by up to {:.1e}",
            time / fastest,
            plot.points(),
            state_error(&plot, &exact, WRITE)
        );
        row("process: write", WRITE, contender.name, time, &note);
    }
    Ok(())
}
