//! Every figure asked of the array kernel, measured beside its peers in the same run, as one table:
//! `cargo bench --bench arrays [-- --list | --only ROW .. --quick --rounds N]`.
//!
//! All contenders of a line run in turn, round by round; a figure is the median of its runs. What they computed is
//! compared too, and printed under the line. `--quick` takes small sizes and gives no verdicts. docs/benchmarks.md says
//! how to read the table.

#![allow(clippy::print_stdout, missing_docs)]

mod bandwidth;
#[path = "../common/mod.rs"]
mod common;
mod images;
mod linear;
mod race;
mod selector;
mod table;
mod threads;
mod writes;

use std::path::PathBuf;
use std::process::ExitCode;

use common::peers;
use race::Bench;
use table::Line;

/// What can be named by `--only`.
struct Row {
    name: &'static str,
    work: &'static str,
    /// Prints its lines as they are there.
    measure: fn(&Bench, &mut dyn FnMut(Line)),
}

const ROWS: [Row; 12] = [
    Row { name: "kernel", work: "linear read, kernel only, against SciPy", measure: linear::kernel },
    Row { name: "process", work: "linear read as a whole process, against SciPy and VACASK", measure: linear::process },
    Row { name: "large", work: "linear read 4096x4096: time and memory", measure: linear::large },
    Row { name: "bandwidth", work: "line-PCG iteration against the STREAM triad", measure: bandwidth::measure },
    Row { name: "selector", work: "1S-1R V/2 reads: patterns, wires", measure: selector::measure },
    Row { name: "selector-rows", work: "1S-1R reads of whole rows: patterns, wires", measure: selector::rows },
    Row { name: "race", work: "1S-1R reads in which selectors race, against transients", measure: selector::races },
    Row { name: "write", work: "VTEAM write transient, against ngspice and VACASK", measure: writes::vteam },
    Row { name: "write-1s1r", work: "1S-1R V/2 write, 100 us: time and memory", measure: writes::one_selector },
    Row { name: "images", work: "784x10 array, 10,000 vectors, linear", measure: images::linear },
    Row { name: "images-1s1r", work: "784x10 array, 10,000 vectors, 1S-1R cells", measure: images::one_selector },
    Row { name: "threads", work: "independent runs on one and two threads", measure: threads::measure },
];

/// The command line.
struct Options {
    only: Vec<String>,
    quick: bool,
    list: bool,
    rounds: usize,
}

impl Options {
    fn read(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { only: Vec::new(), quick: false, list: false, rounds: 5 };
        let mut arguments = arguments.peekable();
        while let Some(word) = arguments.next() {
            match word.as_str() {
                "--quick" => options.quick = true,
                "--list" => options.list = true,
                // cargo says this to every benchmark
                "--bench" => {}
                "--only" => {
                    let named = |w: &String| ROWS.iter().any(|row| row.name == w);
                    options.only.push(arguments.next().filter(named).ok_or("--only wants a row of --list")?);
                    options.only.extend(std::iter::from_fn(|| arguments.next_if(named)));
                }
                "--rounds" => {
                    let rounds = arguments.next().and_then(|w| w.parse().ok()).filter(|n| *n > 0);
                    options.rounds = rounds.ok_or("--rounds wants a number of 1 or more")?;
                }
                other => return Err(format!("unknown option {other}: --list, --only ROW .., --quick, --rounds N")),
            }
        }
        Ok(options)
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|word| word == linear::CHILD).is_some() {
        return linear::child(arguments.next().and_then(|n| n.parse().ok()).unwrap_or(64));
    }
    let options = match Options::read(arguments) {
        Ok(options) => options,
        Err(why) => {
            println!("{why}");
            return ExitCode::from(2);
        }
    };
    if options.list {
        ROWS.iter().for_each(|row| println!("{:12} {}", row.name, row.work));
        return ExitCode::SUCCESS;
    }
    let directory = match tempfile::tempdir() {
        Ok(directory) => directory,
        Err(why) => {
            println!("no temporary folder: {why}");
            return ExitCode::FAILURE;
        }
    };
    let bench = Bench { quick: options.quick, rounds: options.rounds, directory: PathBuf::from(directory.path()) };
    head(&bench);
    table::head();
    let (mut failed, mut missed) = (0, 0);
    for row in ROWS.iter().filter(|row| options.only.is_empty() || options.only.iter().any(|name| name == row.name)) {
        (row.measure)(&bench, &mut |line| {
            line.print(bench.quick);
            failed += usize::from(line.failed());
            missed += usize::from(line.met() == Some(false));
        });
    }
    println!("\nload average at the end: {}", peers::load());
    let verdict = if bench.quick { "no verdicts".to_string() } else { format!("{missed} figures missed") };
    println!("{verdict}, {failed} lines without a result");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn head(bench: &Bench) {
    println!("{}; load average {}", peers::machine(), peers::load());
    if peers::loaded() {
        println!("other processes are running: this shows that everything works, not how fast it is");
    }
    println!("sneakpath {}, medians of up to {} interleaved rounds", env!("CARGO_PKG_VERSION"), bench.rounds);
    if bench.quick {
        println!("--quick: small sizes, no verdicts");
    }
    println!();
}
