//! Netlist text to deck.
//!
//! Four passes, each in its own file: `source` reads files and follows includes, `dialect` chooses whose rules win,
//! `lexer` joins physical lines to logical lines, `deck` hands each line to the `nom` grammar of its card
//! (`elements`, `sources`, `controlled`, `definitions`, `analysis_cards`, `outputs`, `measure`, `xbar`, `study_card`; expressions in
//! `expr`). Every token keeps its byte range in the physical file. Reading never fails: what cannot be understood
//! gives one diagnostic and is left out.

mod analysis_cards;
pub mod ast;
mod card;
mod cards;
mod controlled;
mod deck;
mod definitions;
mod dialect;
mod elements;
mod encoding;
mod expr;
mod lexer;
mod measure;
mod outputs;
mod primary;
mod show;
mod source;
mod sources;
mod study_card;
mod text;
mod title;
mod token;
mod xbar;

use std::path::Path;

use ast::{Deck, Statement};

use crate::diag::Diagnostic;

pub use dialect::dialect_from_name;
pub use source::ReadOptions;

/// Reads a deck from a file, with everything it includes.
#[must_use]
pub fn parse(path: &Path, options: &ReadOptions) -> (Deck, Vec<Diagnostic>) {
    read(source::load(path, options), options)
}

/// Reads a deck from memory; `name` stands for its path in messages and places its includes.
#[must_use]
pub fn parse_text(name: &str, text: &str, options: &ReadOptions) -> (Deck, Vec<Diagnostic>) {
    read(source::load_text(name, text, options), options)
}

/// Reads further lines into a deck that is there, by its dialect; `name` stands for their file in messages. The first
/// line is a card, not a title. Returns the statements, which are not part of the body yet.
pub fn parse_more(
    deck: &mut Deck,
    name: &str,
    lines: &str,
    options: &ReadOptions,
) -> (Vec<Statement>, Vec<Diagnostic>) {
    let sources = std::mem::take(&mut deck.sources);
    let mut loaded = source::load_more(Path::new(name), &format!("\n{lines}"), sources, options);
    loaded.title = None;
    let choice = dialect::Choice { dialect: deck.dialect, reason: String::new(), by_default: true, given: false };
    let (more, diagnostics) = deck::build(loaded, choice, &options.studies);
    deck.sources = more.sources;
    (more.body, diagnostics)
}

fn read(loaded: source::Loaded, options: &ReadOptions) -> (Deck, Vec<Diagnostic>) {
    let choice = dialect::choose(&loaded, options);
    deck::build(loaded, choice, &options.studies)
}
