//! `sneakpath DECK`: read, run, write, say what came of it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::analysis::AnalysisError;
use crate::diag::has_errors;
use crate::output::raw::{Encoding, RawOptions, StepLayout, TypeWords};
use crate::output::{OutputError, log};
use crate::plan::Analysis;

use super::args::{ExpandArgs, RawSteps, RawTypes, RunArgs};
use super::console::Console;
use super::exit::Exit;
use super::load::{Defines, Loaded, elaborate, open};
use super::places::Places;
use super::products::{Products, create, make_folder, measure_rows};
use super::raw_files::RawFiles;
use super::report::plural;
use super::simulate::{Step, label, simulate, totals, word_text};
use super::watch::Progress;
use super::{check, expand, figures, interrupt, machine, server, study};

/// Runs a deck as the arguments say.
pub fn run(args: &RunArgs) -> Exit {
    if args.version {
        super::version();
        return Exit::Success;
    }
    if args.server {
        return server::serve(args);
    }
    let Some(deck) = args.deck.as_deref().or(args.circuit_file.as_deref()) else { return Exit::Usage };
    if args.norun || args.count {
        return check::check(&[deck.to_owned()], &args.read, &args.talk, args.count);
    }
    if let Some(file) = &args.expand {
        return expand::expand(&ExpandArgs {
            deck: deck.to_owned(),
            target: args.target,
            output: Some(file.clone()),
            step: None,
            read: args.read.clone(),
            talk: args.talk.clone(),
        });
    }
    let console = Console::new(&args.talk, args.log.is_some() || args.output.is_some());
    let places = match Places::of(args, deck) {
        Ok(places) => places,
        Err(sentence) => {
            console.complain(&sentence);
            return Exit::Usage;
        }
    };
    if let Err(sentence) = args.plot.as_deref().map_or(Ok(Vec::new()), figures::formats) {
        console.complain(&sentence);
        return Exit::Usage;
    }
    let started = Instant::now();
    let opened = match open(deck, &args.read, &console) {
        Ok(opened) => opened,
        Err(exit) => return exit,
    };
    let wishes = study::Wishes::of_run(args, &places);
    if study::only_studies(&opened.0) && !has_errors(&opened.1) {
        console.diagnose(&opened.1, &opened.0.deck().sources);
        interrupt::listen();
        let (studies, exit) = study::run_cards(&opened.0, args.threads.unwrap_or(0), &wishes, &console);
        if args.talk.json && !studies.is_empty() {
            let title = &opened.0.deck().title;
            let document = serde_json::json!({ "exit": exit.code(), "title": title, "studies": studies });
            super::console::say(&document.to_string());
        }
        return exit;
    }
    let loaded = match elaborate(opened, &args.read, &console) {
        Ok(loaded) => loaded,
        Err(exit) => {
            let log = places.log.as_deref().map(|path| write_log(path, "", &[], &console));
            if let Some(Err(error)) = log {
                console.complain(&error.to_string());
            }
            return exit;
        }
    };
    interrupt::listen();
    match carry_out(args, loaded, &places, &console, started) {
        Ok(exit) => exit,
        Err(error) => {
            console.complain(&error.to_string());
            Exit::Io
        }
    }
}

/// A run whose deck is fine. An error here is one that left nothing to show.
fn carry_out(
    args: &RunArgs,
    loaded: Loaded,
    places: &Places,
    console: &Console,
    started: Instant,
) -> Result<Exit, OutputError> {
    let deck_text = loaded.elaborator.deck();
    console.note_down(&format!("dialect: {}", deck_text.dialect_reason));
    let title = loaded.first.plan.title.clone();
    let analyses = loaded.first.plan.analyses.clone();
    let threads = args.threads.unwrap_or(loaded.first.plan.options.threads);
    let options = raw_options(args, loaded.steps.len());
    let date = options.date.clone();
    let document = args.talk.json.then(|| machine::Document::new(&title, &loaded));
    make_folder(&places.raw).map_err(|e| OutputError::file(&places.raw, e))?;
    let mut raw = RawFiles::create(&places.raw, args.raw_split, &options, &analyses)?;

    let progress = Progress::new(console, loaded.steps.len() * analyses.len());
    let stepped = loaded.steps.len() > 1;
    let Loaded { elaborator, steps, first, .. } = loaded;
    let steps = simulate(&elaborator, &steps, first, &mut raw, &progress, threads);

    let labels = if stepped { raw.step_labels() } else { Vec::new() };
    let mut products = Products::new(places, console);
    let mut plots = 0;
    match raw.finish() {
        Ok(written) => {
            plots = written.iter().map(|(_, plots)| plots).sum();
            products.files.extend(written.into_iter().map(|(path, _)| path));
        }
        Err(error) => products.failures.push(error),
    }
    write_products(args, &steps, &mut products, &date);

    let mut exit = explain(&steps, &analyses, console);
    let measured = measured(&steps);
    if args.strict_meas && measured.failed > 0 {
        exit = exit.and(Exit::Measure);
    }
    for (word, stats) in totals(&steps) {
        for line in crate::output::summary::lines(word_text(word), &stats) {
            console.tell(&line);
        }
    }
    let wishes = study::Wishes::of_run(args, places);
    let (objects, studied) = study::run_cards(&elaborator, threads, &wishes, console);
    exit = exit.and(studied);
    let log = places.log.clone().or_else(|| stepped.then(|| places.raw.with_extension("log")));
    if !products.failures.is_empty() {
        exit = exit.and(Exit::Io);
        products.failures.iter().for_each(|error| console.complain(&error.to_string()));
    }
    let last = last_line(&products.files, plots, &steps, &measured, started);
    if let Some(path) = log {
        console.note_down(&last);
        if let Err(error) = write_log(&path, &title, &labels, console) {
            exit = exit.and(Exit::Io);
            console.complain(&error.to_string());
        }
    }
    if let Some(document) = document {
        super::console::say(&document.finish(&steps, &products.files, &objects, exit).to_string());
    }
    console.show(&last);
    // the process ends here, and its memory with it
    std::mem::forget((elaborator, steps));
    Ok(exit)
}

fn write_products(args: &RunArgs, steps: &[Step], products: &mut Products<'_>, date: &str) {
    products.prints(steps, args.print_style.into(), date);
    products.transfer_functions(steps, args.print_style.into(), date);
    products.measures(steps, args.meas.as_deref());
    if args.csv {
        products.csv(steps);
    }
    products.snapshots(steps);
    figures::draw(args.plot.as_deref(), steps, products);
}

fn raw_options(args: &RunArgs, step_count: usize) -> RawOptions {
    let asked = std::env::var_os("SPICE_ASCIIRAWFILE").is_some_and(|v| v != "0" && !v.is_empty());
    let defined = Defines::parse(&args.read.defines).is_ok_and(|d| d.ascii);
    // `-a` is Xyce's ASCII flag next to -r, and ngspice's autorun in batch mode
    let xyce = args.a && args.raw.is_some() && !args.batch;
    RawOptions {
        encoding: if args.ascii || asked || defined || xyce { Encoding::Ascii } else { Encoding::Binary },
        types: match args.raw_types {
            RawTypes::Basic => TypeWords::Basic,
            RawTypes::Full => TypeWords::Full,
        },
        steps: match args.raw_steps {
            RawSteps::Join => StepLayout::Concatenated,
            RawSteps::Plots => StepLayout::Plots,
        },
        step_count,
        ..RawOptions::default()
    }
}

/// Says why steps ended early and gives the exit code that follows.
pub fn explain(steps: &[Step], analyses: &[Analysis], console: &Console) -> Exit {
    let mut exit = Exit::Success;
    for step in steps {
        let name = label(&step.labels);
        let place = if name.is_empty() { String::new() } else { format!("step {name}: ") };
        if let Some(reason) = &step.unbuilt {
            console.complain(&format!("{place}{reason}"));
            exit = exit.and(Exit::Netlist);
        }
        for error in step.runs.iter().filter_map(|run| run.error.as_ref()) {
            console.complain(&format!("{place}{error}"));
            exit = exit.and(match error {
                AnalysisError::NoConvergence(_) => Exit::NoConvergence,
                AnalysisError::Interrupted { .. } => Exit::Interrupted,
                _ => Exit::Netlist,
            });
        }
        let missing = analyses.len().saturating_sub(step.runs.len());
        if missing > 0 && step.unbuilt.is_none() {
            console.tell(&format!("{place}{} not started", plural_analyses(missing)));
        }
    }
    if interrupt::asked() { exit.and(Exit::Interrupted) } else { exit }
}

fn plural_analyses(n: usize) -> String {
    if n == 1 { "1 analysis was".into() } else { format!("{n} analyses were") }
}

/// How the measures went.
struct Measured {
    ok: usize,
    failed: usize,
}

fn measured(steps: &[Step]) -> Measured {
    let rows = measure_rows(steps);
    let results = rows.iter().flat_map(|row| &row.results);
    let (ok, failed): (Vec<_>, Vec<_>) = results.partition(|result| result.value.is_some());
    Measured { ok: ok.len(), failed: failed.len() }
}

/// What is there now: files, plots, points, measures, time.
fn last_line(files: &[PathBuf], plots: usize, steps: &[Step], measured: &Measured, started: Instant) -> String {
    let points: usize =
        steps.iter().flat_map(|s| &s.runs).filter_map(|r| r.table.as_ref()).map(crate::result::Table::points).sum();
    let files: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
    let place = if files.is_empty() { "nothing written".to_string() } else { format!("wrote {}", files.join(", ")) };
    format!(
        "{place}: {}, {}; {} ok, {} failed; {:.2} s",
        plural(plots, "plot"),
        plural(points, "point"),
        plural(measured.ok, "measure"),
        measured.failed,
        started.elapsed().as_secs_f64()
    )
}

fn write_log(path: &Path, title: &str, labels: &[String], console: &Console) -> Result<(), OutputError> {
    use std::io::Write as _;
    let text = log::head(title, labels) + &console.log_text();
    let outcome = create(path).and_then(|mut out| out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    outcome.map_err(|e| OutputError::file(path, e))
}
