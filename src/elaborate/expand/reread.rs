//! Requests that the flat deck cannot answer.
//!
//! A cell of an array is a thing of its own with a current, a state and line nodes under several names; in the flat deck
//! it is a subcircuit. Which names are left is not guessed but read: the flat deck is elaborated, and a card it refuses
//! becomes a comment.

use crate::diag::{Diagnostic, Severity};
use crate::elaborate::Elaborator;
use crate::netlist::{ReadOptions, parse_text};
use crate::plan::Overrides;

/// First words of the cards that name signals.
const REQUESTS: [&str; 6] = [".meas", ".print", ".save", ".probe", ".plot", ".tf"];

/// The text with every request that it cannot answer as a comment.
pub(super) fn without_lost_requests(elaborator: &Elaborator, text: &str) -> String {
    let deck = elaborator.deck();
    let name = deck.title_span.and_then(|span| deck.sources.get(span.source)).map_or("", |file| file.name.as_str());
    let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
    // a measure of a measure that was left out is seen in the next round
    for _ in 0..lines.len() {
        let lost = refused(name, &lines, deck.dialect);
        if lost.is_empty() {
            break;
        }
        for (line, reason) in lost {
            if let Some(card) = lines.get_mut(line) {
                *card = format!("* left out, the flat netlist has no such signal ({reason}): {card}");
            }
        }
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

/// Lines, from 0, with requests that are refused, and why.
fn refused(name: &str, lines: &[String], dialect: crate::netlist::ast::Dialect) -> Vec<(usize, String)> {
    let options = ReadOptions { dialect: Some(dialect), ..ReadOptions::default() };
    let (deck, mut told) = parse_text(name, &lines.join("\n"), &options);
    let flat = Elaborator::new(deck, Vec::new());
    told.extend(flat.build(&Overrides::default()).err().unwrap_or_default());
    let mut lost: Vec<(usize, String)> = told.iter().filter_map(|error| request(&flat, lines, error)).collect();
    lost.sort();
    lost.dedup_by_key(|(line, _)| *line);
    lost
}

fn request(flat: &Elaborator, lines: &[String], error: &Diagnostic) -> Option<(usize, String)> {
    let span = error.span.filter(|_| error.severity == Severity::Error)?;
    let line = flat.deck().sources.line_column(span).0.checked_sub(1)?;
    let text = lines.get(line)?;
    REQUESTS.iter().any(|word| text.starts_with(word)).then(|| (line, error.message.clone()))
}
