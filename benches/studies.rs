//! Array studies on a 1S-1R cell against the times that are asked of them on two cores.
//!
//! `cargo bench --bench studies [-- margin lines runs program] [-- --quick]`: each row is one study as a deck asks for it, from the
//! parsed card to the report. `--quick` takes small sizes, to see that everything runs.

#![allow(clippy::print_stdout)]

use std::time::Instant;

use sneakpath::netlist::ast::Statement;
use sneakpath::netlist::{ReadOptions, parse_text};
use sneakpath::result::report::Report;
use sneakpath::study::sweep::Loops;
use sneakpath::study::{Context, Definitions, Unwatched, check, find, words};

/// An exponential selector of 10 uA at 0.7 V and NL = 1000 before a resistor.
const CELL: &str = "studies\n.model sel sinh_selector(vr=0.7 ir=10u selectivity=1e3)\n.subckt cell wl bl r=100k\n\
                    N1 wl m sel\nR1 m bl {r}\n.ends\n";
/// The deck of the largest programming task, its card included.
const PROGRAM: &str = include_str!("../netlists/studies/program_64x64.cir");
const SCHEMES: &str = "scheme=obpu,abpu,v2,v3,ground,float";
/// States that spread from cell to cell: 10 % and a factor of exp(0.3).
const SPREAD: &str = "lrs=(r=agauss(100k,10k,1)) hrs=(r={10meg*exp(gauss(0.3,1))})";

struct Row {
    name: &'static str,
    work: &'static str,
    /// Deck without its study cards.
    deck: &'static str,
    cards: Vec<String>,
    runs: usize,
    /// Seconds that are asked.
    asked: f64,
}

fn rows(quick: bool) -> Vec<Row> {
    let fixed = "lrs=(r=100k) hrs=(r=10meg) rpu=100k";
    let sizes = if quick { "8,16,32" } else { "8,16,32,64,128,256,512,1024" };
    let wired = |pattern: &str| format!(".margin cell {fixed} {SCHEMES} rwire=1 pattern={pattern} sizes={sizes}");
    vec![
        Row {
            name: "margin",
            work: "margin, 1 ohm a segment, 8 .. 1024 lines, six schemes, all-lrs and checker",
            deck: CELL,
            cards: vec![wired("all-lrs"), wired("checker")],
            runs: 0,
            asked: 180.0,
        },
        Row {
            name: "lines",
            work: "margin without wires, 2 .. 1e6 lines, six schemes, worst data searched",
            deck: CELL,
            cards: vec![format!(".margin cell {fixed} {SCHEMES} sizes=2..1e6:log:20")],
            runs: 0,
            asked: 5.0,
        },
        Row {
            name: "runs",
            work: "10,000 Monte Carlo reads of 64 x 64 cells (5000 margins), V/2, 1 ohm a segment",
            deck: CELL,
            cards: vec![format!(".margin cell {SPREAD} rpu=100k scheme=v2 rwire=1 pattern=all-lrs sizes=64")],
            runs: if quick { 20 } else { 5000 },
            asked: 180.0,
        },
        Row {
            name: "program",
            work: "write-verify of 64 x 64 cells to random four-bit targets (netlists/studies/program_64x64.cir)",
            deck: PROGRAM,
            cards: vec![if quick { ".program cell rows=4".to_owned() } else { String::new() }],
            runs: 0,
            asked: 300.0,
        },
    ]
}

fn report(deck: &str, card: &str, runs: usize) -> Report {
    let options = ReadOptions { studies: words(), ..ReadOptions::default() };
    let (deck, diagnostics) = parse_text("studies.cir", &format!("{deck}{card}\n"), &options);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let definitions = Definitions::of(&deck, &[]);
    let cards = deck.body.iter().filter_map(|s| if let Statement::Study(card) = s { Some(card) } else { None });
    let cards: Vec<_> = cards.collect();
    let study = find(&cards.first().expect("a study card").word.text).expect("a study");
    let arguments = check::arguments(study.card(), &cards, &definitions).expect("a correct card");
    let context = Context { definitions: &definitions, watch: &Unwatched };
    let loops = Loops { sweeps: Vec::new(), runs };
    let done =
        if runs == 0 { study.run(&context, &arguments) } else { loops.run(study, &context, &arguments, &Unwatched) };
    done.expect("a report")
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let quick = words.iter().any(|w| w == "--quick");
    let chosen = |name: &str| words.iter().all(|w| w.starts_with("--")) || words.iter().any(|w| w == name);
    println!("{} threads", rayon::current_num_threads());
    println!("{:>9} {:>8} {:>9} {:>9}  {:6}  work", "time (s)", "asked", "circuits", "Newton", "met");
    for row in rows(quick).into_iter().filter(|row| chosen(row.name)) {
        let begin = Instant::now();
        let reports: Vec<Report> = row.cards.iter().map(|card| report(row.deck, card, row.runs)).collect();
        let seconds = begin.elapsed().as_secs_f64();
        let failures = reports.iter().map(|r| r.failures.len()).sum::<usize>();
        let circuits: usize = reports.iter().map(|r| r.trust.solves).sum();
        let newton: usize = reports.iter().map(|r| r.trust.newton).sum();
        let met = match (failures, seconds <= row.asked) {
            (0, true) => "yes",
            (0, false) => "no",
            _ => "FAILED",
        };
        let met = if quick { "quick" } else { met };
        println!("{seconds:>9.2} {:>8.0} {circuits:>9} {newton:>9}  {met:6}  {}", row.asked, row.work);
        reports.iter().flat_map(|r| &r.failures).for_each(|failure| println!("{:>40}{failure}", ""));
    }
}
