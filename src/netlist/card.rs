//! What all cards are made of: values, `key = value` lists, remarks at the end of a line.
//!
//! ```text
//! value   = FILE(..) | expr | text in double quotes
//! assign  = ident "=" value
//! assigns = { gap assign }
//! ```

use nom::Parser;
use nom::combinator::opt;

use super::ast::{Assign, Expr, ExprKind, FileRef};
use super::expr::{LetterA, Rules, Spacing, expression, is_remark};
use super::text::{Parsed, Text};
use super::token::{at_end, gap, ident_name, key_equals, keyword, mark, quoted_or_word};
use crate::diag::Diagnostic;

/// A value after `=`: an expression, or quoted text that is none.
pub(super) fn value(rules: Rules) -> impl Fn(Text) -> Parsed<Expr> {
    move |i| {
        if !i.starts_with("\"") {
            return thousands(i, expression(rules)(i)?);
        }
        let tried = expression(rules)(i);
        if let Ok((rest, expr)) = tried {
            return Ok((rest, expr));
        }
        let (rest, body) = quoted_or_word(i)?;
        Ok((rest, Expr { kind: ExprKind::Text(body.rest.to_owned()), span: i.span_to(&rest) }))
    }
}

/// `1,000` is no number.
fn thousands<'a>(i: Text<'a>, (rest, expr): (Text<'a>, Expr)) -> Parsed<'a, Expr> {
    let digits = i.until(&rest).bytes().all(|b| b.is_ascii_digit());
    if let Some(tail) = rest.rest.strip_prefix(',').filter(|_| digits) {
        let len = tail.bytes().take_while(u8::is_ascii_digit).count();
        if len == 3 && !tail[3..].starts_with(|c: char| c.is_alphanumeric() || c == '.') {
            let shown = i.until(&rest.skip(4));
            let help = "write the digits without `,`: 1000 or 1k";
            return i.fail_over(shown.len(), "E-NUM", format!("`{shown}`: `,` inside a number"), help);
        }
    }
    Ok((rest, expr))
}

/// `key = value`.
pub(super) fn assign(rules: Rules) -> impl Fn(Text) -> Parsed<Assign> {
    move |i| {
        let (rest, name) = key_equals(i)?;
        if rest.rest.is_empty() || rest.starts_with(",") {
            return rest.expected("a value");
        }
        let capacitance = name.text.starts_with('c');
        let rules = if capacitance { rules.letter_a(LetterA::Atto) } else { rules };
        if name.text.ends_with("file") && rest.rest.starts_with(['"', '\'']) {
            let (after, body) = quoted_or_word(rest)?;
            let kind = ExprKind::Text(body.rest.to_owned());
            return Ok((after, Assign { name, value: Expr { kind, span: rest.span_to(&after) } }));
        }
        let (rest, value) = value(rules)(rest)?;
        Ok((rest, Assign { name, value }))
    }
}

/// Values on an element line after `=`.
pub(super) const ON_ELEMENT: Rules = Rules::new(Spacing::Remarked);

/// Positional values.
pub(super) const POSITIONAL: Rules = Rules::new(Spacing::Tight);

/// Moves over blanks, commas and a ` * remark` (with a warning).
pub(super) fn element_gap(i: Text) -> Parsed<()> {
    let (mut i, ()) = gap(i)?;
    while is_remark(i) && i.after_blank() {
        let next = i.next_piece();
        let span = i.span_to(&next);
        i.context.note(
            Diagnostic::warning("W-STAR", "text after ` * ` is read as a comment")
                .at(span)
                .help("start a comment with `;`, or write a product in braces: {a * b}"),
        );
        (i, ()) = gap(next)?;
    }
    Ok((i, ()))
}

/// All `key = value` to the end of an element line.
pub(super) fn element_params(i: Text) -> Parsed<Vec<Assign>> {
    let mut list = Vec::new();
    let (mut i, ()) = element_gap(i)?;
    while !at_end(i) {
        let (rest, item) = assign_or_complain(i)?;
        list.push(item);
        (i, ()) = element_gap(rest)?;
    }
    Ok((i, list))
}

fn assign_or_complain(i: Text) -> Parsed<Assign> {
    let known = key_equals(i);
    if known.is_err() {
        return unexpected(i);
    }
    assign(ON_ELEMENT)(i)
}

/// Nothing more fits this card.
pub(super) fn unexpected<T>(i: Text) -> Parsed<T> {
    let len = i.token_len();
    let shown = i.rest.get(..len).unwrap_or("");
    i.fail_over(len, "E-SYNTAX", format!("unexpected `{shown}`"), "")
}

/// `key = value` to the end of a card, commas and parentheses between them allowed.
pub(super) fn assigns(rules: Rules) -> impl Fn(Text) -> Parsed<Vec<Assign>> {
    move |i| {
        let mut list = Vec::new();
        let mut i = i;
        loop {
            (i, ()) = super::token::node_gap(i)?;
            if i.rest.is_empty() {
                return Ok((i, list));
            }
            if ident_name(i).is_ok() && key_equals(i).is_err() {
                let (after, name) = ident_name(i)?;
                return after.expected("`=`").or_else(|_: nom::Err<_>| {
                    i.fail("E-SYNTAX", format!("`{}` has no value", name.text), format!("write {}=value", name.text))
                });
            }
            let (rest, item) = assign(rules)(i)?;
            list.push(item);
            i = rest;
        }
    }
}

/// A file name, quoted or bare, after an optional `=`.
pub(super) fn file_name(i: Text) -> Parsed<FileRef> {
    let (i, _) = opt(mark("=")).parse(i)?;
    let i = i.trimmed();
    if opt(keyword("file")).parse(i)?.1.is_some() && i.skip(4).trimmed().starts_with("(") {
        let (rest, expr) = expression(POSITIONAL)(i)?;
        if let ExprKind::File(file) = expr.kind {
            return Ok((rest, file));
        }
    }
    let (rest, path) = quoted_or_word(i)?;
    let span = i.span_to(&rest);
    Ok((rest, FileRef { path: path.rest.to_owned(), scale: None, offset: None, transpose: false, span }))
}

/// The path that an expression means where a file is wanted: `"a.csv"`, `a.csv`.
pub(super) fn optional_value(i: Text) -> Parsed<Option<Expr>> {
    let (i, ()) = element_gap(i)?;
    let starts = i.peek().is_some_and(|c| c.is_alphanumeric() || "._{'\"+-(@".contains(c));
    if !starts || super::token::at_assignment(i) {
        return Ok((i, None));
    }
    let (rest, expr) = value(POSITIONAL)(i)?;
    Ok((rest, Some(expr)))
}
