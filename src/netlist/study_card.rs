//! Study cards. The front end keeps them as they are written; the study declares what its words mean.
//!
//! ```text
//! study  = word { gap ( name | key "=" value ) }          word and name may hold `-`
//! value  = "(" { assign } ")" | item { "," item }
//! item   = text up to a blank or comma outside quotes and brackets
//! ```
//! An item that is an expression carries it too; `4..64:log:5` and file names are text only.

use super::ast::{Name, StudyCard, StudyItem, StudyOption, StudyValue};
use super::card::{POSITIONAL, assign, unexpected};
use super::expr::{Rules, Spacing, expression};
use super::lexer::is_blank;
use super::text::{Parsed, Text, lower};
use super::token::{at_end, blanks, gap, key_equals, mark, word_name};

/// The form of every study card.
pub(super) const FORM: &str = "study [cell] key=value .., values: 10k, a,b,c or (key=value ..)";

/// The study whose card this line is, with the offset of what follows. `_` and `-` are the same in a word.
pub(super) fn key<'s>(line: &str, studies: &'s [String]) -> Option<(&'s str, usize)> {
    let tail = line.strip_prefix('.')?;
    let word = tail.trim_start_matches(is_blank);
    let from = line.len() - word.len();
    let len = word.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(word.len());
    let written = lower(&word[..len]).replace('_', "-");
    studies.iter().find(|study| **study == written).map(|study| (study.as_str(), from + len))
}

/// A study card behind its word.
pub(super) fn card<'a>(i: Text<'a>, word: Name) -> Parsed<'a, StudyCard> {
    let mut card = StudyCard { word, names: Vec::new(), options: Vec::new(), span: i.whole() };
    let (mut rest, ()) = blanks(i)?;
    while !at_end(rest) {
        (rest, ()) = gap(rest)?;
        if let Ok((after, name)) = key_equals(rest) {
            let (after, value) = value(after)?;
            card.options.push(StudyOption { name, value });
            rest = after;
        } else {
            let (after, name) = word_name(rest).or_else(|_: nom::Err<_>| unexpected(rest))?;
            card.names.push(name);
            rest = after;
        }
        (rest, ()) = gap(rest)?;
    }
    Ok((rest, card))
}

fn value(i: Text) -> Parsed<StudyValue> {
    if at_end(i) || i.starts_with(",") {
        return i.expected("a value");
    }
    if let Ok((inside, _)) = mark("(")(i)
        && let Ok((rest, list)) = parameters(inside)
    {
        return Ok((rest, StudyValue::Parameters(list)));
    }
    let mut items = Vec::new();
    let mut rest = i;
    loop {
        let (after, item) = item(rest)?;
        items.push(item);
        match after.rest.strip_prefix(',') {
            Some(next)
                if !next.trim_start_matches(is_blank).is_empty() && key_equals(after.skip(1).trimmed()).is_err() =>
            {
                rest = after.skip(1).trimmed();
            }
            _ => return Ok((after, StudyValue::Items(items))),
        }
    }
}

/// `key=value ..)`; fails where the parenthesis belongs to an expression.
fn parameters(i: Text) -> Parsed<Vec<super::ast::Assign>> {
    let mut list = Vec::new();
    let mut rest = i;
    loop {
        (rest, ()) = gap(rest)?;
        if rest.starts_with(")") {
            return Ok((rest.skip(1), list));
        }
        let (after, item) = assign(Rules::new(Spacing::Loose))(rest)?;
        list.push(item);
        rest = after;
    }
}

fn item(i: Text) -> Parsed<StudyItem> {
    let len = item_len(i.rest);
    if len == 0 {
        return i.expected("a value");
    }
    let rest = i.skip(len);
    let whole = nom::Input::take(&i, len);
    let value = expression(POSITIONAL)(whole).ok().filter(|(left, _)| left.rest.is_empty()).map(|(_, expr)| expr);
    let written = &i.rest[..len];
    let quote = |q: char| written.strip_prefix(q).and_then(|t| t.strip_suffix(q));
    let text = quote('"').or_else(|| quote('\'')).unwrap_or(written).to_owned();
    Ok((rest, StudyItem { text, value, span: i.span_to(&rest) }))
}

/// Bytes up to a blank, a comma or a closing bracket that was not opened.
fn item_len(text: &str) -> usize {
    let (mut depth, mut quote) = (0usize, None);
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if matches!(c, '(' | '{' | '[') => depth += 1,
            None if matches!(c, ')' | '}' | ']') && depth == 0 => return at,
            None if matches!(c, ')' | '}' | ']') => depth -= 1,
            None if depth == 0 && (is_blank(c) || c == ',') => return at,
            None => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::netlist::ast::{ExprKind, Statement, StudyCard, StudyValue};
    use crate::netlist::{ReadOptions, parse_text};

    fn card(line: &str) -> StudyCard {
        let options = ReadOptions { studies: vec!["margin".into(), "max-size".into()], ..ReadOptions::default() };
        let (deck, diagnostics) = parse_text("t.cir", &format!("title\n{line}\n"), &options);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let Some(Statement::Study(card)) = deck.body.into_iter().next() else { panic!("no study card") };
        card
    }

    fn texts(card: &StudyCard, key: &str) -> Vec<String> {
        let option = card.options.iter().find(|o| o.name.text == key).unwrap();
        match &option.value {
            StudyValue::Items(items) => items.iter().map(|i| i.text.clone()).collect(),
            StudyValue::Parameters(list) => list.iter().map(|a| a.name.text.clone()).collect(),
        }
    }

    #[test]
    fn values_are_items_or_parameters() {
        let card =
            card(".margin cell lrs=(r=10k) hrs=(r=1meg x={1/2}) rpu={2*5k} sizes=4,5,8..64:log:3 file=\"A b.npy\"");
        assert_eq!(card.word.text, "margin");
        assert_eq!(card.names[0].text, "cell");
        assert_eq!(texts(&card, "hrs"), ["r", "x"]);
        assert_eq!(texts(&card, "sizes"), ["4", "5", "8..64:log:3"]);
        assert_eq!(texts(&card, "file"), ["A b.npy"]);
        let StudyValue::Items(items) = &card.options[2].value else { panic!("items") };
        assert!(matches!(items[0].value.as_ref().unwrap().kind, ExprKind::Binary(..)));
    }

    #[test]
    fn dashes_belong_to_words() {
        let card = card(".max_size cell\n+ criterion=0.1, scheme=obpu, abpu");
        assert_eq!(card.word.text, "max-size");
        assert_eq!(texts(&card, "scheme"), ["obpu", "abpu"]);
    }

    #[test]
    fn a_deck_read_without_studies_knows_none() {
        let (_, diagnostics) = parse_text("t.cir", "title\n.margin cell\n", &ReadOptions::default());
        assert_eq!(diagnostics[0].code, "E-CARD");
    }
}
