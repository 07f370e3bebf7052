//! Array cards.
//!
//! ```text
//! xbar = name rows cols { CELL "=" subckt "(" { role } ")" | assign }
//! xout = instance { quantity } { AT "=" value { "," value } | FILE "=" text | STATE "=" text }
//! ```

use super::ast::{ExprKind, XbarCard, XoutCard};
use super::card::{POSITIONAL, assign, file_name, unexpected, value};
use super::expr::{Rules, Spacing};
use super::text::{Parsed, Text};
use super::token::{at_assignment, at_end, blanks, gap, key_equals, mark, node, word_name};

/// `.xbar` behind its word.
pub(super) fn xbar(i: Text) -> Parsed<XbarCard> {
    let (rest, ()) = blanks(i)?;
    let (rest, name) = word_name(rest)?;
    let (rest, rows) = size(rest)?;
    let (mut rest, cols) = size(rest)?;
    let mut card = XbarCard { name, rows, cols, cell: None, roles: Vec::new(), params: Vec::new(), span: i.whole() };
    loop {
        (rest, ()) = gap(rest)?;
        if rest.rest.is_empty() {
            return Ok((rest, card));
        }
        let Ok((after, key)) = key_equals(rest) else { return unexpected(rest) };
        if key.text == "cell" {
            rest = cell(after, &mut card)?;
        } else {
            let (after, item) = assign(Rules::new(Spacing::Loose))(rest)?;
            card.params.push(item);
            rest = after;
        }
    }
}

fn size(i: Text) -> Parsed<super::ast::Expr> {
    let (i, ()) = gap(i)?;
    if at_end(i) || at_assignment(i) { i.expected("the number of rows and of columns") } else { value(POSITIONAL)(i) }
}

/// `subckt(wl bl ..)`.
fn cell<'a>(i: Text<'a>, card: &mut XbarCard) -> Result<Text<'a>, nom::Err<super::text::Fault>> {
    let (rest, name) = word_name(i)?;
    card.cell = Some(name);
    let Ok((mut rest, _)) = mark("(")(rest) else { return Ok(rest) };
    loop {
        (rest, ()) = gap(rest)?;
        if rest.starts_with(")") {
            return Ok(rest.skip(1));
        }
        let (after, role) = word_name(rest)?;
        card.roles.push(role);
        rest = after;
    }
}

/// `.xout` behind its word.
pub(super) fn xout(i: Text) -> Parsed<XoutCard> {
    let (rest, ()) = blanks(i)?;
    let (rest, instance) = word_name(rest)?;
    let mut card =
        XoutCard { instance, quantities: Vec::new(), at: Vec::new(), file: None, state: None, span: i.whole() };
    let mut rest = rest;
    loop {
        (rest, ()) = gap(rest)?;
        if rest.rest.is_empty() {
            return Ok((rest, card));
        }
        let Ok((after, key)) = key_equals(rest) else {
            let (after, _) = node(rest)?;
            card.quantities.push(rest.name_to(&after));
            rest = after;
            continue;
        };
        rest = match key.text.as_str() {
            "at" => times(after, &mut card)?,
            "file" => {
                let (after, file) = file_name(after)?;
                card.file = Some(file);
                after
            }
            "state" => {
                let (after, file) = file_name(after)?;
                card.state = Some(file);
                after
            }
            other => {
                let message = format!("unknown key `{other}` of .xout");
                rest.fail::<()>("E-XOUT", message, "keys are AT=, FILE= and STATE=")?;
                rest
            }
        };
    }
}

/// `10n,20n,END`; blanks may follow commas.
fn times<'a>(i: Text<'a>, card: &mut XoutCard) -> Result<Text<'a>, nom::Err<super::text::Fault>> {
    let mut i = i;
    loop {
        let (rest, expr) = super::expr::expression(POSITIONAL)(i)?;
        let end = matches!(&expr.kind, ExprKind::Name(n) if n == "end");
        card.at.push(expr);
        match mark(",")(rest) {
            Ok((after, _)) if !end || !at_end(after) => i = after.trimmed(),
            _ => return Ok(rest),
        }
    }
}
