//! Running studies: every report that can be had, and the exit code that says whether all were.

use std::path::Path;

use clap::{ArgMatches, FromArgMatches};
use serde_json::{Value, json};

use super::super::console::{Console, say};
use super::super::exit::Exit;
use super::super::{interrupt, load, report as messages};
use super::command::StudyArgs;
use super::looped;
use super::request::{Mistakes, Requests, any, of_command, of_deck};
use super::watch::Bar;
use super::write::Wishes;
use crate::analysis::AnalysisError;
use crate::diag::has_errors;
use crate::elaborate::Elaborator;
use crate::output::report::{object, page};
use crate::result::report::Report;
use crate::study::sweep::Loops;
use crate::study::{Context, Study, StudyError};

/// `sneakpath STUDY DECK ..`.
pub fn run(study: &'static dyn Study, matches: &ArgMatches) -> Exit {
    let args = match StudyArgs::from_arg_matches(matches) {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return Exit::Usage;
        }
    };
    let console = Console::new(&args.talk, false);
    let wishes = match Wishes::of_study(&args) {
        Ok(wishes) => wishes,
        Err(sentence) => {
            console.complain(&sentence);
            return Exit::Usage;
        }
    };
    let loops = match looped::loops(&args.sweep, args.mc) {
        Ok(loops) => loops,
        Err(sentence) => {
            console.complain(&sentence);
            return Exit::Usage;
        }
    };
    let (elaborator, mut diagnostics) = match load::open(&args.deck, &args.read, &console) {
        Ok(opened) => opened,
        Err(exit) => return exit,
    };
    if has_errors(&diagnostics) {
        return refuse(&(diagnostics, elaborator.deck().sources.clone()), &console);
    }
    let requests = match of_command(study, &elaborator, &args, matches) {
        Ok(requests) => requests,
        Err((errors, sources)) => {
            diagnostics.extend(errors);
            return refuse(&(diagnostics, sources), &console);
        }
    };
    diagnostics.extend(requests.notes.iter().cloned());
    console.diagnose(&diagnostics, &requests.sources);
    interrupt::listen();
    let (objects, exit) = pooled(args.threads, || all(&requests, &loops, &wishes, &console));
    if console.json() {
        say(&document(study.card().word, objects).to_string());
    }
    exit
}

/// The study cards of a deck that is being run; the objects are for the document of the run.
pub fn run_cards(elaborator: &Elaborator, threads: usize, wishes: &Wishes, console: &Console) -> (Vec<Value>, Exit) {
    // most decks have none: neither a copy of the deck nor a thread for them
    if !any(elaborator) && !wishes.wants_page() {
        return (Vec::new(), Exit::Success);
    }
    match of_deck(elaborator) {
        Ok(requests) => pooled(threads, || all(&requests, &Loops::default(), wishes, console)),
        Err(mistakes) => (Vec::new(), refuse(&mistakes, console)),
    }
}

fn pooled<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

/// One report is the document itself; several stand in a list.
fn document(word: &str, mut objects: Vec<Value>) -> Value {
    if objects.len() == 1 { objects.remove(0) } else { json!({ "study": word, "reports": objects }) }
}

fn refuse((diagnostics, sources): &Mistakes, console: &Console) -> Exit {
    console.diagnose(diagnostics, sources);
    if console.json() {
        let list: Vec<_> = messages::ordered(diagnostics).iter().map(|d| messages::to_json(d, sources)).collect();
        say(&json!({ "exit": Exit::Netlist.code(), "diagnostics": list }).to_string());
    }
    Exit::Netlist
}

fn all(requests: &Requests, loops: &Loops, wishes: &Wishes, console: &Console) -> (Vec<Value>, Exit) {
    let mut objects = Vec::new();
    let mut reports = Vec::new();
    let mut exit = Exit::Success;
    for (k, request) in requests.list.iter().enumerate() {
        let word = request.study.card().word;
        let bar = Bar::new(console, word);
        let context = Context { definitions: &requests.definitions, watch: &bar };
        let same = requests.list[..k].iter().filter(|r| r.study.card().word == word).count();
        let outcome = if loops.is_empty() {
            request.study.run(&context, &request.arguments)
        } else {
            looped::run(loops, &context, request, same, wishes, console)
        };
        bar.finish();
        match outcome {
            Ok(mut report) => {
                report.study = word.to_owned();
                report.parameters = request.arguments.describe();
                let written = hand_over(&report, same, wishes, console);
                exit = exit.and(written);
                let mut value = object(&report);
                value["exit"] = json!(exit.code());
                objects.push(value);
                reports.push(report);
            }
            Err(error) => {
                exit = exit.and(explain(word, &error, console));
                objects.push(json!({ "study": word, "error": error.to_string(), "exit": exit.code() }));
            }
        }
        if interrupt::asked() {
            exit = exit.and(Exit::Interrupted);
            break;
        }
    }
    match wishes.page(&requests.definitions, &reports) {
        Some(Ok(path)) => console.show(&format!("wrote {}", shown(&path))),
        Some(Err(error)) => {
            console.complain(&error.to_string());
            exit = exit.and(Exit::Io);
        }
        None => {}
    }
    (objects, exit)
}

/// Prints and writes a report; `before` reports of the same study have names already.
fn hand_over(report: &Report, before: usize, wishes: &Wishes, console: &Console) -> Exit {
    let mut exit = Exit::Success;
    console.data(&page(report));
    for failure in &report.failures {
        console.complain(failure);
        exit = exit.and(Exit::NoConvergence);
    }
    console.tell(&trust(report));
    let (files, failures) = wishes.write(report, before);
    if !files.is_empty() {
        let names: Vec<String> = files.iter().map(|f: &std::path::PathBuf| shown(f)).collect();
        console.show(&format!("wrote {}", names.join(", ")));
    }
    for failure in failures {
        console.complain(&failure.to_string());
        exit = exit.and(Exit::Io);
    }
    exit
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn trust(report: &Report) -> String {
    let trust = &report.trust;
    let energy =
        if trust.transients > 0 { format!(", energy balance {:.1e}", trust.energy_error) } else { String::new() };
    let aids = if trust.aids.is_empty() { String::new() } else { format!(", with {}", trust.aids.join(", ")) };
    format!(
        "{}: {}, {} Newton iterations, Kirchhoff's law to {:.1e}{energy}{aids}",
        report.study,
        messages::plural(trust.solves, "circuit"),
        trust.newton,
        trust.kcl_relative
    )
}

fn explain(word: &str, error: &StudyError, console: &Console) -> Exit {
    match error {
        StudyError::Circuit { diagnostics, sources } => {
            console.diagnose(diagnostics, sources);
            Exit::Netlist
        }
        StudyError::Interrupted | StudyError::Analysis(AnalysisError::Interrupted { .. }) => {
            console.complain(&format!("{word}: interrupted"));
            Exit::Interrupted
        }
        StudyError::Analysis(AnalysisError::NoConvergence(_)) => {
            console.complain(&format!("{word}: {error}"));
            Exit::NoConvergence
        }
        StudyError::Analysis(_) | StudyError::Request(_) => {
            console.complain(&format!("{word}: {error}"));
            Exit::Netlist
        }
    }
}
