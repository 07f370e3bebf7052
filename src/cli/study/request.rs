//! Which studies a deck and a command line ask for, all arguments checked.

use clap::ArgMatches;

use super::command::{StudyArgs, as_card};
use crate::diag::{Diagnostic, SourceMap};
use crate::elaborate::Elaborator;
use crate::netlist::ast::{Statement, StudyCard};
use crate::study::{Arguments, Card, Definitions, Study, check as table, find};

/// One study to run.
pub struct Request {
    /// Which.
    pub study: &'static dyn Study,
    /// With what.
    pub arguments: Arguments,
}

/// Studies to run on the definitions of one deck.
pub struct Requests {
    /// Subcircuits, models, parameters.
    pub definitions: Definitions,
    /// The texts that spans of the cards lie in.
    pub sources: SourceMap,
    /// In the order of the deck.
    pub list: Vec<Request>,
    /// What a reader should know.
    pub notes: Vec<Diagnostic>,
}

/// Mistakes, with the texts they stand in.
pub type Mistakes = (Vec<Diagnostic>, SourceMap);

/// The study cards of a deck.
fn cards(elaborator: &Elaborator) -> Vec<&StudyCard> {
    let body = elaborator.deck().body.iter();
    body.filter_map(|s| if let Statement::Study(card) = s { Some(card) } else { None }).collect()
}

/// Does the deck ask for studies?
#[must_use]
pub fn any(elaborator: &Elaborator) -> bool {
    !cards(elaborator).is_empty()
}

/// Does the deck ask for studies, and for no analysis?
#[must_use]
pub fn only_studies(elaborator: &Elaborator) -> bool {
    let analysis = |s: &Statement| matches!(s, Statement::Analysis(_));
    any(elaborator) && !elaborator.deck().body.iter().any(analysis)
}

/// The studies of the deck's own cards.
///
/// # Errors
/// All mistakes in all cards.
pub fn of_deck(elaborator: &Elaborator) -> Result<Requests, Mistakes> {
    let definitions = Definitions::of(elaborator.deck(), elaborator.defines());
    let (mut list, mut errors) = (Vec::new(), Vec::new());
    for card in cards(elaborator) {
        let Some(study) = find(&card.word.text) else { continue };
        match table::arguments(study.card(), &[card], &definitions) {
            Ok(arguments) => list.push(Request { study, arguments }),
            Err(found) => errors.extend(found),
        }
    }
    let sources = elaborator.deck().sources.clone();
    if errors.is_empty() {
        Ok(Requests { definitions, sources, list, notes: Vec::new() })
    } else {
        Err((errors, sources))
    }
}

/// Every mistake in the study cards of a deck.
#[must_use]
pub fn check(elaborator: &Elaborator) -> Vec<Diagnostic> {
    if !any(elaborator) {
        return Vec::new();
    }
    of_deck(elaborator).err().map(|(errors, _)| errors).unwrap_or_default()
}

/// One study, by the deck's cards of that word and by the command line, which wins.
///
/// # Errors
/// All mistakes in the cards and on the command line.
pub fn of_command(
    study: &'static dyn Study,
    elaborator: &Elaborator,
    args: &StudyArgs,
    matches: &ArgMatches,
) -> Result<Requests, Mistakes> {
    let card = study.card();
    let mut deck = elaborator.deck().clone();
    let definitions = Definitions::of(&deck, elaborator.defines());
    let said = match as_card(card, args, matches) {
        Some(line) => match Definitions::read_cards(&mut deck, &line) {
            Ok(said) => said,
            Err(errors) => return Err((errors, deck.sources)),
        },
        None => Vec::new(),
    };
    let (bases, notes) = bases(card, &cards(elaborator));
    let (mut list, mut errors) = (Vec::new(), Vec::new());
    for base in bases {
        let both: Vec<&StudyCard> = base.iter().chain(&said).collect();
        match table::arguments(card, &both, &definitions) {
            Ok(arguments) => list.push(Request { study, arguments }),
            Err(found) => errors.extend(found.into_iter().filter(|e| !errors.contains(e)).collect::<Vec<_>>()),
        }
    }
    if errors.is_empty() {
        Ok(Requests { definitions, sources: deck.sources, list, notes })
    } else {
        Err((errors, deck.sources))
    }
}

/// The cards to start from: those of the study; else the first card of another study, as far as the words are the
/// same; else nothing.
fn bases(card: &Card, cards: &[&StudyCard]) -> (Vec<Option<StudyCard>>, Vec<Diagnostic>) {
    let own: Vec<_> = cards.iter().filter(|c| c.word.text == card.word).map(|c| Some((*c).clone())).collect();
    if !own.is_empty() {
        return (own, Vec::new());
    }
    let Some(other) = cards.first() else { return (vec![None], Vec::new()) };
    let mut borrowed = (*other).clone();
    borrowed.options.retain(|o| card.arguments.iter().any(|a| a.name == o.name.text && a.kind.takes(&o.value)));
    if !card.needs_cell {
        borrowed.names.clear();
    }
    let words: Vec<&str> = borrowed.options.iter().map(|o| o.name.text.as_str()).collect();
    let message = format!("`{}` takes {} from the card `.{}`", card.word, listed(&words), other.word.text);
    (vec![Some(borrowed)], vec![Diagnostic::note("N-STUDY", message).at(other.word.span)])
}

fn listed(words: &[&str]) -> String {
    if words.is_empty() { "the cell".to_owned() } else { format!("the cell and {}", words.join(", ")) }
}
