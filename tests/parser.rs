//! Netlist text to deck: the quirks of published netlists, as small decks.

use sneakpath::diag::{Diagnostic, Severity};
use sneakpath::netlist::ast::{Deck, Element, ElementKind, Expr, ExprKind, Statement};
use sneakpath::netlist::{ReadOptions, parse_text};

fn read(body: &str) -> (Deck, Vec<Diagnostic>) {
    parse_text("deck.cir", &format!("title\n{body}"), &ReadOptions::default())
}

/// The deck, when nothing is wrong with it.
fn clean(body: &str) -> Deck {
    let (deck, diagnostics) = read(body);
    let errors: Vec<_> = diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{body}\n{errors:#?}");
    deck
}

#[test]
fn a_small_deck() {
    let deck = clean(
        "V1 in 0 PULSE(0 1 0 1n 1n 5n 10n)\nR1 in out 1k\nC1 out 0 1p\n.tran 1n 100n\n.print tran v(out)\n.end\n",
    );
    assert_eq!(deck.title, "title");
    assert_eq!(deck.body.len(), 5);
}
