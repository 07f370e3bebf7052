//! Array studies against closed forms, against their own full circuits, and against ngspice.
#![allow(clippy::unwrap_used)]

mod badcrossbar;
mod cards;
mod command;
mod energy;
mod maps;
mod margin;
mod mvm;
mod program;
mod refused;
mod spice;
mod sweeps;
mod transistor;
mod worst;
mod write;

use sneakpath::diag::Diagnostic;
use sneakpath::netlist::ast::{Deck, Statement, StudyCard};
use sneakpath::netlist::{ReadOptions, parse_text};
use sneakpath::result::report::{Report, Value};
use sneakpath::study::{Context, Definitions, StudyError, Unwatched, check, find, words};

/// A linear cell of resistance r.
pub const RESISTOR: &str = ".subckt cell wl bl r=10k\nR1 wl bl {r}\n.ends\n";
/// A resistor behind two antiparallel diodes' worth of nonlinearity: i = (v/r + sinh(v/v0) i0) in series is overkill;
/// a parallel sinh keeps the closed form of one cell.
pub const SINH: &str = ".subckt cell wl bl r=10k\nB1 wl bl i={v(wl,bl)/(50*r) + sinh(4*v(wl,bl))/(r*sinh(4))}\n.ends\n";

/// Reads a deck with study cards.
pub fn deck(text: &str) -> Deck {
    let options = ReadOptions { studies: words(), ..ReadOptions::default() };
    let (deck, diagnostics) = parse_text("t.cir", &format!("title\n{text}"), &options);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    deck
}

/// Runs the first study card of a deck.
pub fn try_run(text: &str) -> Result<Report, StudyError> {
    let deck = deck(text);
    let definitions = Definitions::of(&deck, &[]);
    let card = first(&deck);
    let study = find(&card.word.text).unwrap();
    let arguments =
        check::arguments(study.card(), &[card], &definitions).map_err(|errors| definitions.circuit(errors))?;
    study.run(&Context { definitions: &definitions, watch: &Unwatched }, &arguments)
}

/// Runs a study that must work.
pub fn run(text: &str) -> Report {
    let report = try_run(text).unwrap();
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    report
}

/// The mistakes of the first study card.
pub fn mistakes(text: &str) -> Vec<Diagnostic> {
    let deck = deck(text);
    let definitions = Definitions::of(&deck, &[]);
    let card = first(&deck);
    check::arguments(find(&card.word.text).unwrap().card(), &[card], &definitions).err().unwrap_or_default()
}

fn first(deck: &Deck) -> &StudyCard {
    let card = deck.body.iter().find_map(|s| if let Statement::Study(card) = s { Some(card) } else { None });
    card.unwrap()
}

/// The number in a column of the row whose first column is `scheme` and whose second is `size`.
pub fn number(report: &Report, scheme: &str, size: usize, column: &str) -> f64 {
    let k = report.rows.columns.iter().position(|(name, _)| name == column).unwrap();
    let row = report.rows.rows.iter().find(|r| r[0] == Value::from(scheme) && r[1] == Value::from(size)).unwrap();
    row[k].number()
}

/// |a - b| within `tolerance` of |b|.
#[track_caller]
pub fn close(a: f64, b: f64, tolerance: f64, what: &str) {
    assert!((a - b).abs() <= tolerance * b.abs(), "{what}: {a:e} is not {b:e} (off by {:e})", (a - b).abs() / b.abs());
}
