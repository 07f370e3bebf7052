//! A card, or the words of a command line, against the table of a study: all mistakes at once.

use std::path::Path;

use super::argument::{Argument, Arguments, Fallback, Kind, Parameter, Value, whole};
use super::file::Origin;
use super::{Card, Definitions};
use crate::diag::{Diagnostic, Span, nearest};
use crate::netlist::ast::{Assign, StudyCard, StudyItem, StudyOption, StudyValue};
use crate::units::{format_si, parse_number};

/// Most values of a range: more is a typing error.
const MOST_VALUES: usize = 1_000_000;

/// The arguments that the cards give together; a later card replaces what an earlier one says.
///
/// # Errors
/// Every unknown word with its nearest known one, every value that does not fit, everything that is missing.
pub fn arguments(
    card: &'static Card,
    cards: &[&StudyCard],
    definitions: &Definitions,
) -> Result<Arguments, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    let cell = cell(card, cards, definitions, &mut errors);
    for option in cards.iter().flat_map(|c| &c.options) {
        if !card.arguments.iter().any(|a| a.name == option.name.text) {
            errors.push(unknown(card, option));
        }
    }
    let place = cards.last().map(|c| c.word.span);
    let (mut values, mut origins) = (Vec::new(), Vec::new());
    for argument in card.arguments {
        let mut given: Vec<&StudyOption> = Vec::new();
        for card in cards {
            let here: Vec<&StudyOption> = card.options.iter().filter(|o| o.name.text == argument.name).collect();
            if let [first, second, ..] = here[..] {
                let error = Diagnostic::error("E-STUDY", format!("`{}` is given twice", argument.name));
                errors.push(error.at(second.name.span).related(first.name.span, "first here"));
            }
            given.extend(here);
        }
        if let Some(option) = given.last() {
            origins.push((argument.name, origin(option, definitions)));
        }
        let value = match (given.last(), argument.fallback) {
            (Some(option), _) => judge(argument, &option.value, option.name.span, definitions),
            (None, Fallback::Is(text)) => judge(argument, &written(text), place.unwrap_or(NOWHERE), definitions),
            (None, Fallback::Absent) => {
                values.push((argument.name, None));
                continue;
            }
            (None, Fallback::Required) => {
                let error = Diagnostic::error("E-STUDY", format!("`{}` needs `{}=`", card.word, argument.name));
                let error = error.help(format!("{}: {}", argument.name, argument.text));
                Err(match place {
                    Some(span) => error.at(span),
                    None => error,
                })
            }
        };
        match value {
            Ok(value) => values.push((argument.name, Some(value))),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(Arguments::new(cell, values, origins)) } else { Err(errors) }
}

/// The command line is no file of the deck.
fn origin(option: &StudyOption, definitions: &Definitions) -> Origin {
    let span = option.name.span;
    let Some(file) = definitions.deck().sources.get(span.source) else { return Origin::default() };
    let folder = Path::new(&file.name).parent().map(Path::to_path_buf).unwrap_or_default();
    Origin { folder, span: Some(span) }
}

/// A place for values that nobody wrote; a fallback never fails on a correct table, which a test holds.
const NOWHERE: Span = Span { source: crate::diag::SourceId(u32::MAX), start: 0, end: 0 };

/// The text of a fallback as a card would give it.
fn written(text: &str) -> StudyValue {
    let item = |t: &str| StudyItem { text: t.to_owned(), value: None, span: NOWHERE };
    StudyValue::Items(text.split(',').map(item).collect())
}

fn cell(card: &Card, cards: &[&StudyCard], definitions: &Definitions, errors: &mut Vec<Diagnostic>) -> Option<String> {
    let names: Vec<_> = cards.iter().flat_map(|c| &c.names).collect();
    let Some(name) = names.last() else {
        if card.needs_cell {
            let error = Diagnostic::error("E-STUDY", format!("`{}` needs the subcircuit of a cell", card.word))
                .help(format!(".{} cell key=value ..", card.word));
            errors.push(match cards.last() {
                Some(c) => error.at(c.word.span),
                None => error,
            });
        }
        return None;
    };
    for stray in cards.iter().flat_map(|c| c.names.iter().skip(usize::from(card.needs_cell))) {
        let mut error = Diagnostic::error("E-STUDY", format!("`{}` has no value", stray.text)).at(stray.span);
        if let Some(near) = nearest(&stray.text, card.arguments.iter().map(|a| a.name)) {
            error = error.help(format!("did you mean `{near}=`?"));
        }
        errors.push(error);
    }
    if !card.needs_cell {
        return None;
    }
    match definitions.cell(&name.text) {
        Some(_) => Some(name.text.clone()),
        None => {
            let error = Diagnostic::error("E-CELL", format!("there is no subcircuit `{}`", name.text)).at(name.span);
            errors.push(match nearest(&name.text, definitions.cells()) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help("define the cell with .subckt name wl bl .. .ends"),
            });
            None
        }
    }
}

fn unknown(card: &Card, option: &StudyOption) -> Diagnostic {
    let name = &option.name;
    let error = Diagnostic::error("E-STUDY", format!("`{}` has no argument `{}`", card.word, name.text)).at(name.span);
    let names = || card.arguments.iter().map(|a| a.name);
    match nearest(&name.text, names()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help(format!("it takes {}", names().collect::<Vec<_>>().join(" "))),
    }
}

fn judge(argument: &Argument, value: &StudyValue, key: Span, definitions: &Definitions) -> Result<Value, Diagnostic> {
    let items = match (argument.kind, value) {
        (Kind::Parameters, StudyValue::Parameters(list)) => return Ok(Value::Parameters(parameters(list))),
        (Kind::Parameters, StudyValue::Items(_)) => {
            return Err(wrong(argument, key, "wants a list in parentheses")
                .help(format!("write {}=(name=value ..)", argument.name)));
        }
        (_, StudyValue::Parameters(_)) => return Err(wrong(argument, key, "takes no list in parentheses")),
        (_, StudyValue::Items(items)) => items,
    };
    let single = || match items.as_slice() {
        [one] => Ok(one),
        _ => Err(wrong(argument, key, "takes one value")),
    };
    Ok(match argument.kind {
        Kind::Number { low, high } => Value::Number(number(argument, single()?, low, high, definitions)?),
        Kind::Count { low, high } => Value::Count(count(argument, single()?, low, high, definitions)?),
        Kind::Numbers { low, high } => Value::Numbers(numbers(argument, items, low, high, definitions)?),
        Kind::Counts { low, high } => {
            #[allow(clippy::cast_precision_loss, reason = "ranges of counts are far below 2^53")]
            let list = numbers(argument, items, low as f64, high as f64, definitions)?;
            let mut counts: Vec<usize> = Vec::new();
            list.into_iter().map(whole).for_each(|n| {
                if !counts.contains(&n) {
                    counts.push(n);
                }
            });
            Value::Counts(counts)
        }
        Kind::Choice(words) => Value::Word(choice(argument, single()?, words)?),
        Kind::Choices(words) => {
            Value::Words(items.iter().map(|i| choice(argument, i, words)).collect::<Result<_, _>>()?)
        }
        Kind::Switch => Value::Switch(
            choice(argument, single()?, &["yes", "no", "on", "off", "1", "0"])
                .map(|w| matches!(w.as_str(), "yes" | "on" | "1"))?,
        ),
        Kind::Text => Value::Word(single()?.text.clone()),
        Kind::Texts => Value::Words(items.iter().map(|i| i.text.clone()).collect()),
        Kind::Parameters => Value::Parameters(Vec::new()),
    })
}

fn parameters(list: &[Assign]) -> Vec<Parameter> {
    list.iter().map(|a| Parameter { name: a.name.text.clone(), value: a.value.clone() }).collect()
}

fn wrong(argument: &Argument, span: Span, what: &str) -> Diagnostic {
    let error = Diagnostic::error("E-STUDY", format!("`{}` {what}", argument.name));
    let error = error.help(format!("{}: {}", argument.name, argument.text));
    if span == NOWHERE { error } else { error.at(span) }
}

fn choice(argument: &Argument, item: &StudyItem, words: &[&'static str]) -> Result<String, Diagnostic> {
    let word = item.text.to_lowercase();
    if words.contains(&word.as_str()) {
        return Ok(word);
    }
    let error = wrong(argument, item.span, &format!("is one of {}, not `{}`", words.join(", "), item.text));
    Err(match nearest(&word, words.iter().copied()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error,
    })
}

fn number(
    argument: &Argument,
    item: &StudyItem,
    low: f64,
    high: f64,
    definitions: &Definitions,
) -> Result<f64, Diagnostic> {
    let value = match (&item.value, parse_number(&item.text)) {
        (Some(expression), _) => definitions.number(expression)?,
        (None, Ok(value)) => value,
        (None, Err(_)) => return Err(wrong(argument, item.span, &format!("is a number, not `{}`", item.text))),
    };
    within(argument, item, value, low, high)
}

fn within(argument: &Argument, item: &StudyItem, value: f64, low: f64, high: f64) -> Result<f64, Diagnostic> {
    if (low..=high).contains(&value) {
        return Ok(value);
    }
    let show = |x: f64| format_si(x, argument.unit);
    let range = match (low.is_finite(), high.is_finite()) {
        (true, true) => format!("lies in {} to {}", show(low), show(high)),
        (true, false) => format!("is at least {}", show(low)),
        _ => format!("is at most {}", show(high)),
    };
    Err(wrong(argument, item.span, &format!("{range}, and is {}", show(value))))
}

fn count(
    argument: &Argument,
    item: &StudyItem,
    low: usize,
    high: usize,
    definitions: &Definitions,
) -> Result<usize, Diagnostic> {
    #[allow(clippy::cast_precision_loss, reason = "ranges of counts are far below 2^53")]
    let value = number(argument, item, low as f64, high as f64, definitions)?;
    if value.fract() != 0.0 {
        return Err(wrong(argument, item.span, &format!("is a whole number, not `{}`", item.text)));
    }
    Ok(whole(value))
}

fn numbers(
    argument: &Argument,
    items: &[StudyItem],
    low: f64,
    high: f64,
    definitions: &Definitions,
) -> Result<Vec<f64>, Diagnostic> {
    let mut out = Vec::new();
    for item in items {
        match range(&item.text) {
            Some(Ok(values)) => {
                for value in values {
                    out.push(within(argument, item, value, low, high)?);
                }
            }
            Some(Err(reason)) => return Err(wrong(argument, item.span, &reason)),
            None => out.push(number(argument, item, low, high, definitions)?),
        }
    }
    Ok(out)
}

/// `a..b:log:n`, `a..b:lin:n`, `a..b` (steps of 1): values from a to b, both included. `None` when it is no range.
///
/// # Errors
/// In plain words: numbers or counts that cannot be read, or a logarithmic range through zero.
pub fn range(text: &str) -> Option<Result<Vec<f64>, String>> {
    let (from, rest) = text.split_once("..")?;
    Some(spread(from, rest, text))
}

#[allow(clippy::cast_precision_loss, reason = "bounded by MOST_VALUES")]
fn spread(from: &str, rest: &str, text: &str) -> Result<Vec<f64>, String> {
    let number = |t: &str| parse_number(t).map_err(|_| format!("`{t}` in `{text}` is not a number"));
    let parts: Vec<&str> = rest.split(':').collect();
    let (a, b) = (number(from)?, number(parts[0])?);
    let (log, points) = match parts[1..] {
        [] => return steps_of_one(a, b, text),
        [spacing, points] => {
            let n: usize = points.parse().map_err(|_| format!("`{points}` in `{text}` is not a number of points"))?;
            let log = match spacing {
                "log" => true,
                "lin" => false,
                other => return Err(format!("a range is lin or log, not `{other}`")),
            };
            (log, n)
        }
        _ => return Err(format!("a range is written from..to:log:points, not `{text}`")),
    };
    if points == 0 || points > MOST_VALUES {
        return Err(format!("a range has 1 to {MOST_VALUES} points, not {points}"));
    }
    if log && !(a > 0.0 && b > 0.0) {
        return Err(format!("a logarithmic range needs positive ends: `{text}`"));
    }
    let share = |k: usize| if points == 1 { 0.0 } else { k as f64 / (points - 1) as f64 };
    let value = |k: usize| match k {
        0 => a,
        k if k + 1 == points => b,
        k if log => a * (b / a).powf(share(k)),
        k => a + (b - a) * share(k),
    };
    Ok((0..points).map(value).collect())
}

#[allow(clippy::cast_precision_loss, reason = "bounded by MOST_VALUES")]
fn steps_of_one(a: f64, b: f64, text: &str) -> Result<Vec<f64>, String> {
    let steps = (b - a).abs().floor();
    if steps >= MOST_VALUES as f64 {
        return Err(format!("`{text}` has more than {MOST_VALUES} values"));
    }
    Ok((0..=whole(steps)).map(|k| a + (b - a).signum() * k as f64).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::range;

    #[test]
    fn ranges_hit_both_ends_exactly() {
        let values = range("0.1..10:log:9").unwrap().unwrap();
        assert_eq!((values.len(), values[0], values[8]), (9, 0.1, 10.0));
        // nine points over two decades: a quarter of a decade each
        assert!((values[4] - 1.0).abs() < 1e-15 && (values[1] / values[0] - 10f64.powf(0.25)).abs() < 1e-14);
        assert_eq!(range("0..1:lin:3").unwrap().unwrap(), [0.0, 0.5, 1.0]);
        assert_eq!(range("2..5").unwrap().unwrap(), [2.0, 3.0, 4.0, 5.0]);
        assert_eq!(range("3..1").unwrap().unwrap(), [3.0, 2.0, 1.0]);
        assert_eq!(range("1k..1k:log:1").unwrap().unwrap(), [1e3]);
        assert!(range("10k").is_none());
    }

    #[test]
    fn broken_ranges_say_why() {
        for text in ["0..1:log:3", "1..x:lin:3", "1..2:lin:0", "1..2:cubic:3", "1..2:lin", "0..1e9"] {
            assert!(range(text).unwrap().is_err(), "{text}");
        }
    }
}
