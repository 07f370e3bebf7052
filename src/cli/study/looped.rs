//! Sweeps and Monte Carlo runs around a study, with a journal beside the results.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::super::console::Console;
use super::super::report::plural;
use super::request::Request;
use super::write::Wishes;
use crate::output::journal;
use crate::result::report::{Part, Report};
use crate::study::sweep::{Journal, Loops, Sweep};
use crate::study::{Context, StudyError};

/// The loops of a command line.
///
/// # Errors
/// A sentence for the user.
pub fn loops(sweeps: &[String], runs: usize) -> Result<Loops, String> {
    Ok(Loops { sweeps: sweeps.iter().map(|text| Sweep::parse(text)).collect::<Result<_, _>>()?, runs })
}

/// Runs a study at every point; `before` studies of the same word have journals already.
///
/// # Errors
/// As [`Loops::run`], and a journal that cannot be written.
pub fn run(
    loops: &Loops,
    context: &Context,
    request: &Request,
    before: usize,
    wishes: &Wishes,
    console: &Console,
) -> Result<Report, StudyError> {
    let word = request.study.card().word;
    loops.check(request.study, context)?;
    let path = wishes.journal(word, before);
    let journal = super::super::products::make_folder(&path)
        .map_err(|e| crate::output::OutputError::file(&path, e))
        .and_then(|()| journal::Journal::open(&path, &fingerprint(loops, context, request)));
    let kept = Kept(journal.map_err(|error| StudyError::request(error.to_string()))?);
    if kept.0.found() > 0 {
        let (found, total) = (kept.0.found(), loops.points());
        console.tell(&format!("{word}: {} of {total} found in {}", plural(found, "point"), path.display()));
    }
    let report = loops.run(request.study, context, &request.arguments, &kept)?;
    if !context.watch.interrupted() {
        kept.0.close();
    }
    Ok(report)
}

struct Kept(journal::Journal);

impl Journal for Kept {
    fn find(&self, point: usize) -> Option<Part> {
        self.0.find(point).cloned()
    }
    fn keep(&self, point: usize, part: &Part) {
        self.0.keep(point, part);
    }
}

/// What makes two requests the same: the texts of the deck, the arguments in force, the loops, the program.
fn fingerprint(loops: &Loops, context: &Context, request: &Request) -> String {
    let mut hasher = DefaultHasher::new();
    context.definitions.deck().sources.files().iter().for_each(|file| file.text.hash(&mut hasher));
    let arguments = request.arguments.describe();
    let word = request.study.card().word;
    let sweeps: Vec<String> = loops.sweeps.iter().map(|s| format!("{}={:?}", s.name, s.values)).collect();
    format!(
        "sneakpath {} {word} {arguments:?} {sweeps:?} runs {} seed {} deck {:016x}",
        env!("CARGO_PKG_VERSION"),
        loops.runs,
        context.definitions.seed(),
        hasher.finish()
    )
}
