//! Every deck of `netlists/` and `netlists/papers/` in ngspice and here: node voltages, currents, states, measures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, clippy::print_stdout, missing_docs)]

mod compare;
mod elements;
mod native;
mod own;
mod papers;
mod race;
mod reference;
mod settings;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use sneakpath::circuit::Circuit;
use sneakpath::diag::Diagnostic;
use sneakpath::elaborate::Elaborator;
use sneakpath::elaborate::expand::{self, Target};
use sneakpath::netlist::ast::Deck;
use sneakpath::netlist::{ReadOptions, parse, parse_text};
use sneakpath::plan::{Quantity, StepPoint, SweepTarget};
use sneakpath::result::Table;

use compare::{Waveform, deviation};
use reference::Answer;
use settings::{Instants, Settings};

/// Decks that ngspice cannot run, with the reason.
const IMPOSSIBLE: [(&str, &str); 0] = [];

fn settings(deck: &str) -> Settings {
    match deck {
        // a selector snaps within nanoseconds at an instant that a slow ramp fixes to its own tolerance only
        "selector_iv" | "1s1r_loop" => Settings { slack: 1e-5, ..Settings::default() },
        // ngspice's trapezoidal rule rings for a while after each corner, and needs a minute where Gear needs seconds
        "write_16x16_half_select" => Settings {
            reltol: 1e-4,
            points: 600.0,
            chgtol: 1e-19,
            instants: Instants::Ours,
            extra: "method=gear",
            ..Settings::default()
        },
        _ => Settings::default(),
    }
}

/// The worst of one deck.
#[derive(Default)]
struct Verdict {
    compared: usize,
    worst: (f64, String),
    faults: Vec<String>,
    measures: usize,
    worst_measure: (f64, String),
}

impl Verdict {
    fn note(&mut self, deviation: f64, bound: f64, what: String) {
        self.compared += 1;
        if deviation > bound {
            self.faults.push(format!("{what}: {deviation:.3e}"));
        }
        if deviation > self.worst.0 {
            self.worst = (deviation, what);
        }
    }
}

#[test]
fn every_deck_agrees_with_ngspice() {
    if !reference::is_installed() {
        return;
    }
    let mut decks: Vec<PathBuf> = std::fs::read_dir("netlists")
        .expect("netlists")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "cir"))
        .filter(|path| !IMPOSSIBLE.iter().any(|(deck, _)| Some(*deck) == stem(path)))
        .filter(|path| !asks_studies(path))
        .collect();
    decks.sort();
    assert!(decks.len() >= 10, "{decks:?}");
    run_all(
        &decks,
        |path| stem(path).unwrap_or_default(),
        |path| check(parse(path, &ReadOptions::default()), &settings(stem(path).unwrap_or_default()), &[]),
    );
}

#[test]
fn published_decks_agree_with_ngspice() {
    if !reference::is_installed() {
        return;
    }
    let mut decks: Vec<PathBuf> = std::fs::read_dir("netlists/papers")
        .expect("netlists/papers")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "cir"))
        .filter(|path| !papers::LEFT_OUT.iter().any(|(deck, _)| Some(*deck) == stem(path)))
        .collect();
    decks.sort();
    assert!(decks.len() >= 20, "{decks:?}");
    run_all(
        &decks,
        |path| stem(path).unwrap_or_default(),
        |path| {
            let (settings, shortened) = papers::settings(stem(path).unwrap_or_default());
            check(parse(path, &ReadOptions::default()), &settings, shortened)
        },
    );
}

#[test]
fn elements_and_sources_agree_with_ngspice() {
    if !reference::is_installed() {
        return;
    }
    run_all(
        &elements::SMALL,
        |small| small.name,
        |small| {
            // a kink is missed by a part of a step, which is first order in its length
            let settings = Settings { slack: small.slack, points: 10_000.0, ..Settings::default() };
            check(parse_text(small.name, small.text, &ReadOptions::default()), &settings, &[])
        },
    );
}

/// Does the deck hold cards of studies? ngspice knows none; `tests/studies` compares those, a case of each.
fn asks_studies(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).expect("a deck");
    let words = sneakpath::study::words();
    let word = |line: &str| line.strip_prefix('.').and_then(|l| l.split_whitespace().next()).map(str::to_lowercase);
    text.lines().filter_map(word).any(|card| words.contains(&card))
}

fn stem(path: &Path) -> Option<&str> {
    path.file_stem()?.to_str()
}

/// Two decks at a time; prints a line for each and fails at the end with all that went wrong.
fn run_all<D: Sync>(decks: &[D], name: impl Fn(&D) -> &str + Sync, work: impl Fn(&D) -> Verdict + Sync) {
    let (next, faults) = (Mutex::new(decks.iter()), Mutex::new(Vec::new()));
    let worker = || {
        loop {
            let Some(deck) = next.lock().unwrap().next() else { break };
            let begin = std::time::Instant::now();
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(deck)));
            let name = name(deck);
            match outcome {
                Ok(verdict) => {
                    println!(
                        "{name:26} {:6} waveforms, worst {:.2e} ({}); {:2} measures, worst {:.2e} ({}); {:.1} s",
                        verdict.compared,
                        verdict.worst.0,
                        verdict.worst.1,
                        verdict.measures,
                        verdict.worst_measure.0,
                        verdict.worst_measure.1,
                        begin.elapsed().as_secs_f64()
                    );
                    let mut list = verdict.faults;
                    let more = list.len().saturating_sub(20);
                    list.truncate(20);
                    list.iter_mut().for_each(|f| f.insert_str(0, &format!("{name}: ")));
                    if more > 0 {
                        list.push(format!("{name}: and {more} more"));
                    }
                    faults.lock().unwrap().extend(list);
                }
                Err(panic) => {
                    let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                    faults.lock().unwrap().push(format!("{name}: {text}"));
                }
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(worker);
        scope.spawn(worker);
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Runs all steps of a deck in both programs, with some parameters at values of the test.
fn check((deck, notes): (Deck, Vec<Diagnostic>), settings: &Settings, fixed: &[(&str, f64)]) -> Verdict {
    assert!(!sneakpath::diag::has_errors(&notes), "{notes:#?}");
    let fixed: Vec<(String, f64)> = fixed.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    let open = |defines: Vec<_>| Elaborator::new(deck.clone(), [fixed.clone(), defines].concat());
    let folder = tempfile::tempdir().expect("folder");
    let elaborator = open(Vec::new());
    let mut verdict = Verdict::default();
    for step in elaborator.steps().unwrap_or_else(|e| panic!("{e:#?}")) {
        let (defines, temperature) = spread(&step);
        let text = expand::write(&open(defines), Target::Ngspice).unwrap_or_else(|e| panic!("{e:#?}"));
        let answer = reference::run(folder.path(), &reference::tightened(&text, settings, temperature));
        check_step(&elaborator, &step, &answer, settings, &mut verdict);
    }
    verdict
}

/// How another simulator gets a step point: parameters by `-D`, the temperature as an option.
fn spread(step: &StepPoint) -> (Vec<(String, f64)>, Option<f64>) {
    let (mut defines, mut temperature) = (Vec::new(), None);
    for (target, value) in &step.overrides.values {
        match target {
            SweepTarget::Parameter(name) => defines.push((name.clone(), *value)),
            SweepTarget::Temperature => temperature = Some(*value),
            other => panic!("no way to expand at {other:?}"),
        }
    }
    (defines, temperature)
}

fn check_step(elaborator: &Elaborator, step: &StepPoint, answer: &Answer, settings: &Settings, verdict: &mut Verdict) {
    let mut built = elaborator.build(&step.overrides).unwrap_or_else(|e| panic!("{e:#?}"));
    settings.tighten(&mut built.plan);
    let columns = answer.tables.iter().flat_map(|t| &t.header.columns);
    let mut signals: Vec<_> = columns.filter_map(|c| native::signal(&built.circuit, c)).collect();
    signals.sort_by_key(ToString::to_string);
    signals.dedup();
    let unseen = native::unseen(&built.circuit, &signals);
    assert!(unseen.is_empty(), "ngspice has no node {unseen:?}");
    let plan = built.plan.clone();
    let names = Names::new(&built.circuit, &answer.tables);
    let runs = native::run(elaborator, built, &step.overrides, &signals);
    assert_eq!(runs.len(), answer.tables.len(), "analyses");
    for (run, theirs) in runs.iter().zip(&answer.tables) {
        check_table(&run.table, theirs, &names, settings, verdict);
        for measure in &run.measures {
            let (Some(value), Some(theirs)) = (measure.value, answer.measures.get(&measure.name)) else { continue };
            let slack = if native::is_position(&plan, &measure.name) { 1.0 / settings.points } else { 0.0 };
            let deviation = ((value - theirs).abs() / theirs.abs().max(value.abs()) - slack).max(0.0);
            verdict.measures += 1;
            if deviation > settings.bound {
                verdict.faults.push(format!("measure {}: {value:e} against {theirs:e}", measure.name));
            }
            if deviation > verdict.worst_measure.0 {
                verdict.worst_measure = (deviation, measure.name.clone());
            }
        }
    }
}

/// Columns of ngspice with our names for them.
struct Names(Vec<(String, String)>);

impl Names {
    fn new(circuit: &Circuit, tables: &[Table]) -> Self {
        let columns = tables.iter().flat_map(|t| &t.header.columns);
        Self(columns.filter_map(|c| Some((c.name.clone(), native::signal(circuit, c)?.to_string()))).collect())
    }
}

/// Smallest scale that a deviation is relative to: what `vntol` and `abstol` of the comparison leave undetermined. A
/// current may be wrong by abstol, 1e-16 A, and as much again by the rounding of volts at the conductance of a wire;
/// that is 1e-3 of this scale. The current of a gate is nothing else.
fn floor(quantity: Quantity) -> f64 {
    match quantity {
        Quantity::Current => 2e-13,
        _ => 1e-8,
    }
}

fn check_table(ours: &Table, theirs: &Table, names: &Names, settings: &Settings, verdict: &mut Verdict) {
    let (mine, other) = (native::columns(ours), native::columns(theirs));
    let axes = ours.header.has_axis.then(|| (ours.data[0].as_slice(), theirs.data[0].as_slice()));
    let (axis, their_axis) = axes.unwrap_or((&[0.0], &[0.0]));
    let span = axis.last().unwrap_or(&0.0) - axis.first().unwrap_or(&0.0);
    for (column, name) in names.0.iter().filter(|(_, name)| !settings.aside.contains(&name.as_str())) {
        let (Some(a), Some(b)) = (mine.get(name.as_str()), other.get(column.as_str())) else {
            panic!("`{name}` was not recorded");
        };
        let quantity = if name.starts_with("i(") { Quantity::Current } else { Quantity::Voltage };
        let (ours, theirs) = (Waveform { axis, values: a }, Waveform { axis: their_axis, values: b });
        let (slack, floor) = (settings.slack * span, floor(quantity));
        let (deviation, at) = match settings.instants {
            Instants::Both => deviation(&ours, &theirs, slack, floor),
            Instants::Ours => ours.deviation(&theirs, slack, floor),
        };
        verdict.note(deviation, settings.bound, format!("{name} at {at:.6e}"));
    }
}
