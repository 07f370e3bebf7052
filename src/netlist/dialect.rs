//! Which dialect a deck speaks: the command line, `.options dialect=`, evidence in the deck, ngspice.

use super::ast::Dialect;
use super::lexer::is_blank;
use super::source::{Loaded, ReadOptions};
use super::text::lower;
use crate::diag::Span;
use crate::units::LetterX;

/// The choice and its reason.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choice {
    pub dialect: Dialect,
    pub reason: String,
    /// Nothing in the deck speaks for it.
    pub by_default: bool,
    /// The user asked for it.
    pub given: bool,
}

impl Choice {
    /// `x` is mega unless the deck is known to be ngspice or LTspice.
    pub fn letter_x(&self) -> LetterX {
        let known = !self.by_default && matches!(self.dialect, Dialect::Ngspice | Dialect::Ltspice);
        if known { LetterX::Unit } else { LetterX::Mega }
    }
}

/// Name of a dialect as a user writes it.
pub fn dialect_from_name(name: &str) -> Option<Dialect> {
    match name.to_ascii_lowercase().as_str() {
        "ngspice" | "spice3" => Some(Dialect::Ngspice),
        "ltspice" | "lt" => Some(Dialect::Ltspice),
        "hspice" | "hs" => Some(Dialect::Hspice),
        "xyce" => Some(Dialect::Xyce),
        _ => None,
    }
}

/// Chooses the dialect of a deck.
pub(super) fn choose(loaded: &Loaded, options: &ReadOptions) -> Choice {
    if let Some(dialect) = options.dialect {
        return Choice { dialect, reason: "asked for on the command line".into(), by_default: false, given: true };
    }
    let mut evidence: Option<(Dialect, String)> = None;
    for row in &loaded.rows {
        let span = Span { source: row.source, start: row.start, end: row.end };
        let text = loaded.sources.text(span).trim_start_matches(is_blank);
        if !text.starts_with(['.', 'y', 'Y']) {
            continue;
        }
        let text = lower(text);
        if let Some(dialect) = explicit(&text) {
            return Choice {
                dialect,
                reason: "`.options dialect=` in the deck".into(),
                by_default: false,
                given: true,
            };
        }
        if evidence.is_none() {
            evidence = speaks(&text);
        }
    }
    match evidence {
        Some((dialect, word)) => {
            Choice { dialect, reason: format!("the deck uses {word}"), by_default: false, given: false }
        }
        None => Choice {
            dialect: Dialect::Ngspice,
            reason: "no sign of another dialect".into(),
            by_default: true,
            given: false,
        },
    }
}

fn card_word(text: &str) -> &str {
    let word = text.trim_start_matches('.').trim_start_matches(is_blank);
    &word[..word.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count()]
}

fn explicit(text: &str) -> Option<Dialect> {
    if !card_word(text).starts_with("opt") {
        return None;
    }
    let after = &text[text.find("dialect")? + "dialect".len()..];
    let value = after.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['\'', '"']);
    dialect_from_name(&value[..value.bytes().take_while(u8::is_ascii_alphanumeric).count()])
}

/// What only one program writes.
fn speaks(text: &str) -> Option<(Dialect, String)> {
    let words = || text.split(|c: char| is_blank(c) || c == '=');
    let has = |word: &str| words().any(|w| w == word);
    let dotted = text.starts_with('.');
    let (dialect, shown) = match card_word(text) {
        "backanno" => (Dialect::Ltspice, ".backanno"),
        "params" => (Dialect::Ltspice, ".params"),
        "prot" | "protect" | "unprot" | "unprotect" | "alter" => (Dialect::Hspice, "an HSPICE card"),
        "tran" | "dc" | "ac" if has("monte") && has("sweep") => (Dialect::Hspice, "SWEEP MONTE"),
        "global_param" => (Dialect::Xyce, ".global_param"),
        "option" | "options" if has("timeint") || has("nonlin") || has("nonlin-tran") || has("linsol") => {
            (Dialect::Xyce, ".options timeint")
        }
        "option" | "options" if has("post") || has("runlvl") || has("ingold") => (Dialect::Hspice, ".option post"),
        "control" => (Dialect::Ngspice, ".control"),
        "ymemristor" if !dotted => (Dialect::Xyce, "a YMEMRISTOR device"),
        _ => return None,
    };
    Some((dialect, format!("`{shown}`")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlist::source::load_text;

    fn chosen(deck: &str) -> (Dialect, bool) {
        let options = ReadOptions::default();
        let choice = choose(&load_text("t.cir", &format!("title\n{deck}"), &options), &options);
        (choice.dialect, choice.by_default)
    }

    #[test]
    fn evidence_and_explicit_choice() {
        assert_eq!(chosen("R1 a 0 1\n.op\n"), (Dialect::Ngspice, true));
        assert_eq!(chosen(".backanno\n"), (Dialect::Ltspice, false));
        assert_eq!(chosen(".option post=2\n"), (Dialect::Hspice, false));
        assert_eq!(chosen(".options timeint reltol=1e-3\n"), (Dialect::Xyce, false));
        assert_eq!(chosen(".tran 1n 1u SWEEP MONTE=30\n"), (Dialect::Hspice, false));
        assert_eq!(chosen("ymemristor mr1 a b m\n"), (Dialect::Xyce, false));
        assert_eq!(chosen("Yvteam mr1 a b m\n"), (Dialect::Ngspice, true));
        assert_eq!(chosen(".control\nrun\n.endc\n"), (Dialect::Ngspice, false));
        assert_eq!(chosen(".backanno\n.options dialect = Xyce\n"), (Dialect::Xyce, false));
    }

    #[test]
    fn the_command_line_wins() {
        let options = ReadOptions { dialect: Some(Dialect::Hspice), ..ReadOptions::default() };
        let choice = choose(&load_text("t.cir", "t\n.options dialect=xyce\n", &options), &options);
        assert_eq!(choice.dialect, Dialect::Hspice);
    }
}
