//! `sneakpath check`: every mistake of every deck, nothing runs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

use super::args::{ReadArgs, TalkArgs};
use super::console::{Console, say};
use super::exit::Exit;
use super::load::{Loaded, elaborate, open, refuse, show};
use super::report::{self, Tally, plural};
use super::study::{self, only_studies};
use crate::diag::Diagnostic;
use crate::elaborate::Elaborator;
use crate::netlist::ast::Statement;

/// Checks decks; with `count` says how many devices of each kind there are.
pub fn check(decks: &[PathBuf], read: &ReadArgs, talk: &TalkArgs, count: bool) -> Exit {
    let console = Console::new(talk, false);
    let mut exit = Exit::Success;
    for deck in decks {
        let name = deck.display().to_string();
        let outcome = open(deck, read, &console).and_then(|opened| {
            if only_studies(&opened.0) {
                return studies(&name, opened, read, &console);
            }
            elaborate(opened, read, &console).map(|loaded| describe(&name, &loaded, &console, count))
        });
        if let Err(code) = outcome {
            exit = exit.and(code);
        }
    }
    exit
}

/// A deck of definitions and study cards: what a study makes of the cell is known when it runs.
fn studies(
    name: &str,
    (elaborator, mut diagnostics): (Elaborator, Vec<Diagnostic>),
    read: &ReadArgs,
    console: &Console,
) -> Result<(), Exit> {
    diagnostics.extend(study::check(&elaborator));
    let tally = show(&elaborator, &mut diagnostics, read, console);
    if tally.errors > 0 {
        refuse(&elaborator, &diagnostics, console);
        return Err(Exit::Netlist);
    }
    let cards = elaborator.deck().body.iter().filter(|s| matches!(s, Statement::Study(_))).count();
    if console.json() {
        let sources = &elaborator.deck().sources;
        let list: Vec<_> = report::ordered(&diagnostics).iter().map(|d| report::to_json(d, sources)).collect();
        let warnings = tally.warnings;
        let document = json!({ "exit": 0, "deck": name, "errors": 0, "warnings": warnings, "diagnostics": list,
            "studies": cards });
        say(&document.to_string());
    } else {
        say(&format!("{name}: {tally}; {}", plural(cards, "study card")));
    }
    Ok(())
}

fn describe(name: &str, loaded: &Loaded, console: &Console, count: bool) {
    let circuit = &loaded.first.circuit;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for group in circuit.groups.iter().filter(|g| !g.is_empty()) {
        *kinds.entry(group.card().keywords[0]).or_default() += group.len();
    }
    let devices: usize = kinds.values().sum();
    let tally = Tally::of(&report::ordered(&loaded.diagnostics));
    if console.json() {
        let sources = &loaded.elaborator.deck().sources;
        let list: Vec<_> = report::ordered(&loaded.diagnostics).iter().map(|d| report::to_json(d, sources)).collect();
        say(&json!({
            "exit": 0,
            "deck": name,
            "errors": tally.errors,
            "warnings": tally.warnings,
            "diagnostics": list,
            "devices": kinds,
            "unknowns": circuit.unknowns.len(),
            "steps": loaded.steps.len(),
            "analyses": loaded.first.plan.analyses.len(),
        })
        .to_string());
        return;
    }
    if count {
        for (kind, number) in &kinds {
            say(&format!("{kind:16} {number}"));
        }
    }
    let analyses = loaded.first.plan.analyses.len();
    say(&format!(
        "{name}: {tally}; {}, {}, {}, {}",
        plural(devices, "device"),
        plural(circuit.unknowns.len(), "unknown"),
        if analyses == 1 { "1 analysis".to_string() } else { format!("{analyses} analyses") },
        plural(loaded.steps.len(), "step"),
    ));
}
