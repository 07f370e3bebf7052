//! The title trap: the first line is always the title, so an element on it is lost.

use std::collections::HashSet;

use super::ast::{ElementKind, Statement};
use super::cards::{self, Kind};
use super::elements::element;
use super::lexer::Line;
use super::text::{Context, Text};
use crate::diag::Diagnostic;

/// A warning when the title reads as an element between nodes of the deck, or as a card.
pub(super) fn lost_element(line: &Line, context: &Context, body: &[Statement]) -> Option<Diagnostic> {
    let warn = |what: &str| {
        Diagnostic::warning("W-TITLE", format!("the first line is the title; it looks like {what} and is not read"))
            .at(line.whole())
            .help("put a title line above it")
    };
    let (key, _) = cards::key(&line.text);
    if !key.is_empty() {
        let is_card = !matches!(cards::kind(&key), Kind::Unknown | Kind::Title | Kind::Nothing);
        return is_card.then(|| warn("a card"));
    }
    let parsed = cards::complete(Text::new(line, context), element, "");
    context.take_notes();
    let found = parsed.ok()?;
    if matches!(found.kind, ElementKind::Coupling { .. } | ElementKind::Instance { .. }) {
        return None;
    }
    let used: HashSet<&str> = body
        .iter()
        .filter_map(|s| if let Statement::Element(e) = s { Some(&e.nodes) } else { None })
        .flatten()
        .map(|n| n.name.as_str())
        .collect();
    let known = |name: &str| matches!(name, "0" | "gnd" | "gnd!" | "ground") || used.contains(name);
    let joins =
        found.nodes.iter().all(|n| known(&n.name)) && found.nodes.iter().any(|n| used.contains(n.name.as_str()));
    joins.then(|| warn("an element"))
}
