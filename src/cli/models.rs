//! `sneakpath models`: the devices, from their cards, and the model cards that come with the program.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::device::card::ParamKind;
use crate::device::{Card, Param, REGISTRY, StateLaw};
use crate::units::format_si;

use super::args::ModelsArgs;
use super::cards::LibraryCard;
use super::console::{say, talk};
use super::exit::Exit;

/// Prints all devices and model cards, or one in full.
pub fn run(args: &ModelsArgs) -> Exit {
    let (library, failures) = super::cards::all(&args.include);
    failures.iter().for_each(|sentence| talk(sentence));
    let ending = if failures.is_empty() { Exit::Success } else { Exit::Io };
    let cards: Vec<Card> = REGISTRY.iter().map(|kind| *kind.card()).collect();
    let Some(name) = args.name.as_deref().map(str::to_lowercase) else {
        if args.json {
            let devices = cards.iter().map(to_json);
            say(&json!(devices.chain(library.iter().map(LibraryCard::to_json)).collect::<Vec<_>>()).to_string());
        } else {
            say(table(&cards, &library).trim_end());
        }
        return ending;
    };
    // a card of the user's own replaces one of the same name
    let own = || library.iter().rev().find(|card| card.name == name);
    if let (None, Some(card)) = (cards.iter().find(|c| c.keywords.contains(&name.as_str())), own()) {
        say(if args.json { card.to_json().to_string() } else { card.describe() }.trim_end());
        return ending;
    }
    let Some(card) = cards.iter().find(|c| c.keywords.contains(&name.as_str())) else {
        let words = cards.iter().flat_map(|c| c.keywords.iter().copied());
        let words = words.chain(library.iter().map(|card| card.name.as_str()));
        let nearest = words.min_by_key(|w| strsim::damerau_levenshtein(w, &name));
        let hint = nearest.map(|w| format!("; the nearest name is `{w}`")).unwrap_or_default();
        talk(&format!("no device and no model card is called `{name}`{hint}"));
        return Exit::Usage;
    };
    if args.json {
        say(&to_json(card).to_string());
    } else {
        say(describe(card).trim_end());
    }
    ending
}

fn table(cards: &[Card], library: &[LibraryCard]) -> String {
    let names: Vec<String> = cards.iter().map(|c| c.keywords.join(" ")).collect();
    let width = names.iter().map(|n| n.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for (name, card) in names.iter().zip(cards) {
        let _ = writeln!(out, "{name:width$}  {}", card.doc);
    }
    let width = library.iter().map(|card| card.name.chars().count()).max().unwrap_or(0);
    let kinds = library.iter().map(|card| card.kind.chars().count()).max().unwrap_or(0);
    let _ = writeln!(out, "\nmodel cards, by `.include` of their file:");
    for LibraryCard { name, kind, file, .. } in library {
        let _ = writeln!(out, "{name:width$}  {kind:kinds$}  {file}");
    }
    let _ = writeln!(out, "\n`sneakpath models NAME` shows parameters, units, ranges and sources, or the card.");
    out
}

fn describe(card: &Card) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}: {}", card.keywords.join(", "), card.doc);
    let _ = writeln!(out, "source: {}", card.source);
    let ports: Vec<&str> = card.ports.iter().map(|p| p.name).collect();
    let _ = writeln!(out, "ports: {}", ports.join(" "));
    for state in card.internals {
        let law = match state.law {
            StateLaw::Algebraic => "follows the circuit",
            StateLaw::Memory => "keeps its value in DC",
            StateLaw::Settling => "settles in DC",
        };
        let _ = writeln!(out, "unknown {} [{}]: {law}", state.name, state.unit);
    }
    if !card.outputs.is_empty() {
        let outputs: Vec<String> = card.outputs.iter().map(|(name, unit)| format!("{name} [{unit}]")).collect();
        let _ = writeln!(out, "values @device[..]: {}", outputs.join(", "));
    }
    let rows: Vec<[String; 4]> = card.params.iter().map(row).collect();
    let widths: Vec<usize> = (0..3).map(|k| rows.iter().map(|r| r[k].chars().count()).max().unwrap_or(0)).collect();
    if !rows.is_empty() {
        let _ = writeln!(out, "\nparameters:");
    }
    for [name, default, range, doc] in &rows {
        let (a, b, c) = (widths[0], widths[1], widths[2]);
        let _ = writeln!(out, "  {name:a$}  {default:b$}  {range:c$}  {doc}");
    }
    out
}

/// Name with aliases, default with unit, range, sentence.
fn row(param: &Param) -> [String; 4] {
    let name = std::iter::once(&param.name).chain(param.aliases).copied().collect::<Vec<_>>().join("|");
    let default = match (param.kind, param.default) {
        (ParamKind::Number, Some(v)) if param.unit == "1" => format!("{v}"),
        (ParamKind::Number, Some(v)) => format_si(v, param.unit),
        (ParamKind::Number, None) => format!("required [{}]", param.unit),
        (ParamKind::Word(words), _) => words.join("|"),
        (ParamKind::Wave, _) => "waveform".into(),
    };
    let range = if param.kind == ParamKind::Number { range(param) } else { String::new() };
    [name, default, range, param.doc.into()]
}

/// `> 0`, `[0, 1]`, empty when anything goes.
fn range(param: &Param) -> String {
    match (param.low.is_finite(), param.high.is_finite()) {
        (false, false) => String::new(),
        (true, false) => format!("{} {}", if param.open_low { ">" } else { ">=" }, param.low),
        (false, true) => format!("<= {}", param.high),
        (true, true) => format!("{}{}, {}]", if param.open_low { "(" } else { "[" }, param.low, param.high),
    }
}

fn to_json(card: &Card) -> Value {
    json!({
        "keywords": card.keywords,
        "doc": card.doc,
        "source": card.source,
        "ports": card.ports.iter().map(|p| p.name).collect::<Vec<_>>(),
        "unknowns": card.internals.iter().map(|i| json!({ "name": i.name, "unit": i.unit })).collect::<Vec<_>>(),
        "outputs": card.outputs.iter().map(|(n, u)| json!({ "name": n, "unit": u })).collect::<Vec<_>>(),
        "parameters": card.params.iter().map(|p| json!({
            "name": p.name,
            "aliases": p.aliases,
            "unit": p.unit,
            "default": p.default,
            "low": p.low.is_finite().then_some(p.low),
            "high": p.high.is_finite().then_some(p.high),
            "low_is_open": p.open_low,
            "words": match p.kind { ParamKind::Word(words) => words, _ => &[] },
            "doc": p.doc,
        })).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_read_like_mathematics() {
        let open = Param { low: 0.0, open_low: true, ..Param::new("r", "Ohm", 1e3, "resistance") };
        assert_eq!(range(&open), "> 0");
        assert_eq!(range(&Param { high: 1.0, ..open }), "(0, 1]");
        assert_eq!(range(&Param { open_low: false, ..open }), ">= 0");
        assert_eq!(range(&Param::new("v", "V", 0.0, "")), "");
        assert_eq!(row(&open)[1], format_si(1e3, "Ohm"));
    }
}
