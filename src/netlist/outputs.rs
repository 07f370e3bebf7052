//! `.save .print .probe .plot`.
//!
//! ```text
//! output = [ analysis ] { FILE "=" text | FORMAT "=" name | ident "=" value | item | "(" value "," value ")" }
//! item   = expr without blanks outside delimiters; `all`, `dev:param`, buses and wildcards besides
//! ```
//! `name = expr` with a name that is no known key labels an item; it stands in `params`.

use super::ast::{OutputCard, OutputVerb};
use super::card::{POSITIONAL, assign, file_name};
use super::definitions::bare_name;
use super::expr::{Place, Rules, Spacing, expression};
use super::text::{Parsed, Text};
use super::token::{gap, key_equals, mark, word};

/// Words that may stand before the items.
const ANALYSES: [&str; 8] = ["tran", "dc", "op", "tf", "ac", "noise", "tran_cont", "sp"];

/// The analysis word at the start of an output or measure card, and what follows it.
pub(super) fn analysis_word(i: Text) -> Parsed<Option<super::ast::Name>> {
    let (i, ()) = gap(i)?;
    if let Ok((rest, found)) = word(i) {
        let known = ANALYSES.iter().any(|a| found.rest.eq_ignore_ascii_case(a));
        if known && !rest.trimmed().rest.starts_with(['(', '=']) {
            return Ok((rest, Some(i.name_to(&rest))));
        }
    }
    Ok((i, None))
}

/// An output card behind its word.
pub(super) fn output(verb: OutputVerb) -> impl Fn(Text) -> Parsed<OutputCard> {
    move |i| {
        let (mut rest, analysis) = analysis_word(i)?;
        let mut card = OutputCard {
            verb,
            analysis,
            items: Vec::new(),
            file: None,
            format: None,
            params: Vec::new(),
            span: i.whole(),
        };
        let item = expression(POSITIONAL.place(Place::Output));
        loop {
            (rest, ()) = gap(rest)?;
            if rest.rest.is_empty() {
                return Ok((rest, card));
            }
            if let Ok((after, key)) = key_equals(rest) {
                rest = keyed(rest, after, &key.text, &mut card)?;
            } else if let Some(after) = plot_limits(rest, &card) {
                rest = after;
            } else {
                let (after, expr) = item(rest)?;
                card.items.push(expr);
                rest = after;
            }
        }
    }
}

fn keyed<'a>(
    i: Text<'a>,
    after: Text<'a>,
    key: &str,
    card: &mut OutputCard,
) -> Result<Text<'a>, nom::Err<super::text::Fault>> {
    match key {
        "file" => {
            let (rest, file) = file_name(after)?;
            card.file = Some(file);
            Ok(rest)
        }
        "format" => {
            let (rest, expr) = expression(POSITIONAL)(after)?;
            card.format = bare_name(&expr);
            if card.format.is_none() {
                after.expected::<()>("a format: csv, std, noindex, gnuplot or raw")?;
            }
            Ok(rest)
        }
        _ => {
            let (rest, item) = assign(Rules::new(Spacing::Tight))(i)?;
            card.params.push(item);
            Ok(rest)
        }
    }
}

/// SPICE2's `v(a) (0,5)`: limits of a line-printer plot, without meaning here.
fn plot_limits<'a>(i: Text<'a>, card: &OutputCard) -> Option<Text<'a>> {
    if card.items.is_empty() {
        return None;
    }
    let (rest, _) = mark("(")(i).ok()?;
    let (rest, _) = expression(POSITIONAL)(rest).ok()?;
    let (rest, _) = mark(",")(rest).ok()?;
    let (rest, _) = expression(POSITIONAL)(rest.trimmed()).ok()?;
    let (rest, _) = mark(")")(rest).ok()?;
    Some(rest)
}
