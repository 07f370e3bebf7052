//! The operands of expressions: numbers, names, probes, fields, files and calls (grammar in [`super::expr`]).

use nom::Parser;
use nom::combinator::opt;

use super::ast::{ExprKind, FileRef, Name, NodeRef};
use super::expr::{LetterA, Place, Rules, Spacing, Tree, closing, delimited, expression, ternary};
use super::text::{Parsed, Text, lower};
use super::token::{
    blanks, equals, gap, ident, is_word, keyword, mark, node, quoted_or_word, resolve_index, starts_ident,
};
use crate::diag::Diagnostic;
use crate::units::{Embedded, Remark, scan_number};

/// `primary` of the grammar.
pub(super) fn primary(i: Text, rules: Rules) -> Parsed<Tree> {
    match i.peek() {
        Some('(' | '{' | '\'' | '"') => delimited(i, rules),
        Some('0'..='9' | '.') => number_or_node(i, rules),
        Some('@') => field(i),
        Some(c) if starts_ident(c) => named(i, rules),
        Some('*' | '?') if rules.place == Place::Output => output_word(i),
        _ => i.expected("a value"),
    }
}

/// An output item may be the bare name of a node, `3_1` or `3[0:7]`.
fn number_or_node(i: Text, rules: Rules) -> Parsed<Tree> {
    if rules.place == Place::Output {
        let digits = i.rest.trim_start_matches(|c: char| c.is_ascii_digit());
        if digits.starts_with(['_', '[', ':', '#']) {
            return output_word(i);
        }
    }
    number(i, rules)
}

/// A number with its suffix; remarks about readings that differ become notes.
fn number(i: Text, rules: Rules) -> Parsed<Tree> {
    let embedded = if rules.spacing == Spacing::Free { Embedded::Refused } else { Embedded::Accepted };
    let scanned = match scan_number(i.rest, i.context.letter_x, embedded) {
        Ok(scanned) => scanned,
        Err((_, 0)) => return i.expected("a value"),
        Err((fault, len)) => {
            let shown = i.rest.get(..len).unwrap_or("");
            return i.fail_over(len, "E-NUM", format!("`{shown}`: {fault}"), fault.help());
        }
    };
    let mut len = scanned.len;
    // `1pIC=0`: a key glued to the value
    if i.rest[..len].len() > 2
        && i.rest.get(len - 2..len).is_some_and(|t| t.eq_ignore_ascii_case("ic"))
        && equals(i.skip(len)).is_ok()
    {
        len -= 2;
    }
    let rest = i.skip(len);
    let mut value = scanned.value;
    let span = i.span_to(&rest);
    let shown = i.until(&rest);
    let note = |code, message: String| i.context.note(Diagnostic::note(code, message).at(span));
    match scanned.remark {
        Some(Remark::Embedded(plain)) => {
            note("N-NUM", format!("`{shown}` is read as {value:e}; some programs read {plain:e}"));
        }
        Some(Remark::Mega) => {
            note("N-NUM", format!("`{shown}` is read as {value:e} (x = mega); ngspice ignores the x"))
        }
        Some(Remark::Ampere) if rules.letter_a != LetterA::Ampere => {
            let meaning = if rules.letter_a == LetterA::Atto { "atto" } else { "ampere" };
            if rules.letter_a == LetterA::Atto {
                value = crate::units::parse_number(&format!(
                    "{}e-18",
                    shown.trim_end_matches(|c: char| !c.is_ascii_digit() && c != '.')
                ))
                .unwrap_or(value * 1e-18);
            }
            let message = format!("`{shown}` is read as {value:e} (a = {meaning}); programs differ here");
            let help = "write `1e-18` for atto, `1` for ampere";
            i.context.note(Diagnostic::warning("W-ATTO", message).at(span).help(help));
        }
        _ => {}
    }
    Ok((rest, Tree::leaf(ExprKind::Number(value), span)))
}

/// `@device[name]`; the device may have indices of its own, `@xa.c[3,5][x]`.
fn field(i: Text) -> Parsed<Tree> {
    let device = i.skip(1);
    let Some((open, close)) = last_bracket(device.rest).filter(|(open, _)| *open > 0) else {
        return i.fail("E-SYNTAX", "`@` needs a device and a quantity", "write @device[parameter], as in @r1[i]");
    };
    let (end_of_device, end_of_field) = (device.skip(open), device.skip(close));
    let mut name = device.name_to(&end_of_device);
    name.text = match resolve_index(&name.text) {
        (flat, None) => flat,
        (flat, Some(range)) if range.first == range.last => format!("{flat}_{}", range.first),
        (flat, Some(range)) => format!("{flat}_[{}:{}]", range.first, range.last),
    };
    let rest = end_of_field.skip(1);
    let kind = ExprKind::Field(name, end_of_device.skip(1).name_to(&end_of_field));
    Ok((rest, Tree::leaf(kind, i.span_to(&rest))))
}

/// The bracket pair that ends a device name: nothing of a name follows it.
fn last_bracket(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let open = from
            + text[from..].find(|c: char| c == '[' || !is_word(c)).filter(|n| text[from + n..].starts_with('['))?;
        let close = open + text[open..].find(']')?;
        if !text[close + 1..].starts_with(['[', '.']) {
            return Some((open, close));
        }
        from = close + 1;
    }
}

/// A name and what its neighbours make of it.
fn named(i: Text, rules: Rules) -> Parsed<Tree> {
    let (after, found) = ident(i)?;
    let open = after.trimmed();
    let spaced = open.rest.len() < after.rest.len();
    let word = found.rest;
    if open.starts_with("(") {
        if is_probe(word) || rules.place == Place::Output && is_ratio(word) && names_many(open) {
            return probe(i, after, open);
        }
        if !spaced || matches!(rules.spacing, Spacing::Free | Spacing::Loose) {
            return call(i, after, open, rules);
        }
    }
    if rules.place == Place::Output && continues_output_word(after) {
        return output_word(i);
    }
    let kind = if rules.place == Place::Output && word.eq_ignore_ascii_case("all") {
        ExprKind::All
    } else {
        ExprKind::Name(lower(word))
    };
    Ok((after, Tree::leaf(kind, i.span_to(&after))))
}

/// `dev:param`, `w[0:3]`, `x1.*`; `a*2` stays a product.
fn continues_output_word(after: Text) -> bool {
    let wildcard = after.rest.starts_with(['*', '?']);
    let next = after.rest.chars().nth(1);
    after.rest.starts_with([':', '[']) && next.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '*'))
        || wildcard && next.is_none_or(|c| !is_word(c) && c != '(' || matches!(c, '.' | '_' | '*' | '?'))
}

fn is_probe(word: &str) -> bool {
    matches!(word.as_bytes(), [b'v' | b'V' | b'i' | b'I' | b'p' | b'P' | b'w' | b'W' | b'n' | b'N'])
}

/// `r()` and `g()` may be functions of the user's.
fn is_ratio(word: &str) -> bool {
    matches!(word.as_bytes(), [b'r' | b'R' | b'g' | b'G'])
}

/// Is there one hierarchical name with a wildcard or an index between the parentheses, `(xa.c_*_0)`? `(a*b)` is a product.
fn names_many(open: Text) -> bool {
    let Some(inside) = open.rest.get(1..).and_then(|rest| rest.split_once(')')).map(|(inside, _)| inside.trim()) else {
        return false;
    };
    let is_name = |c: char| is_word(c) || matches!(c, '.' | '*' | '?' | '[' | ']' | ':' | ',');
    let hierarchical = inside.split_once('.').is_some_and(|(head, rest)| {
        head.starts_with(starts_ident) && !rest.starts_with(|c: char| c.is_ascii_digit() || c == '*')
    });
    hierarchical && inside.chars().all(is_name) && inside.contains(['*', '?', '['])
}

/// `v(a,b)`: arguments are nodes or devices as they stand.
fn probe<'a>(i: Text<'a>, after: Text<'a>, open: Text<'a>) -> Parsed<'a, Tree> {
    let mut nodes: Vec<NodeRef> = Vec::new();
    let (mut rest, ()) = gap(open.skip(1))?;
    while !rest.rest.is_empty() && !rest.rest.starts_with([')', '}']) {
        let (next, found) = node(rest)?;
        nodes.push(found);
        (rest, ()) = gap(next)?;
    }
    if nodes.is_empty() {
        return rest.expected("a node or device name");
    }
    let (rest, ()) = closing(rest, open, ")")?;
    let kind = ExprKind::Probe(i.name_to(&after), nodes);
    Ok((rest, Tree::leaf(kind, i.span_to(&rest))))
}

/// `f(a, b)`, `par(e)`, `FILE("x" ..)`.
fn call<'a>(i: Text<'a>, after: Text<'a>, open: Text<'a>, rules: Rules) -> Parsed<'a, Tree> {
    let name = i.name_to(&after);
    let inner = open.skip(1).trimmed();
    if name.text == "file" {
        let (rest, file) = file_arguments(i, inner)?;
        let (rest, ()) = closing(rest, open, ")")?;
        let file = FileRef { span: i.span_to(&rest), ..file };
        return Ok((rest, Tree::leaf(ExprKind::File(file), i.span_to(&rest))));
    }
    let (rest, (mut args, height)) = arguments(inner, rules)?;
    let (rest, ()) = closing(rest, open, ")")?;
    let span = i.span_to(&rest);
    if name.text == "par"
        && args.len() == 1
        && let Some(mut expr) = args.pop()
    {
        expr.span = span;
        return Ok((rest, Tree { expr, height }));
    }
    let kind = ExprKind::Call(name, args);
    Ok((rest, Tree { expr: super::ast::Expr { kind, span }, height: height + 1 }))
}

fn arguments(i: Text, rules: Rules) -> Parsed<(Vec<super::ast::Expr>, u16)> {
    let mut args = Vec::new();
    let mut height = 1;
    let mut rest = i;
    if rest.starts_with(")") {
        return Ok((rest, (args, height)));
    }
    let inside = Rules { place: Place::Value, ..rules.inside() };
    loop {
        (rest, ()) = blanks(rest)?;
        let (after, tree) = if rest.starts_with("\"") { text_argument(rest)? } else { ternary(rest, inside)? };
        height = height.max(tree.height);
        args.push(tree.expr);
        let (after, comma) = opt(mark(",")).parse(after)?;
        rest = after;
        if comma.is_none() {
            return Ok((rest, (args, height)));
        }
    }
}

fn text_argument(i: Text) -> Parsed<Tree> {
    let (rest, body) = quoted_or_word(i)?;
    Ok((rest, Tree::leaf(ExprKind::Text(body.rest.to_owned()), i.span_to(&rest))))
}

/// The inside of `FILE(..)`.
fn file_arguments<'a>(start: Text<'a>, i: Text<'a>) -> Parsed<'a, FileRef> {
    let (mut rest, path) = quoted_or_word(i)?;
    let mut file =
        FileRef { path: path.rest.to_owned(), scale: None, offset: None, transpose: false, span: start.span_to(&rest) };
    let value = |i| expression(Rules::new(Spacing::Tight))(i);
    loop {
        (rest, ()) = gap(rest)?;
        if rest.rest.is_empty() || rest.starts_with(")") {
            return Ok((rest, file));
        }
        if let (after, Some(_)) = opt(keyword("transpose")).parse(rest)? {
            file.transpose = true;
            rest = after;
            continue;
        }
        let (after, key) = super::token::key_equals(rest)?;
        let (after, number) = value(after)?;
        match key.text.as_str() {
            "scale" => file.scale = Some(Box::new(number)),
            "offset" => file.offset = Some(Box::new(number)),
            other => {
                let message = format!("unknown modifier `{other}` of FILE(..)");
                return rest.fail("E-FILE-KEY", message, "FILE(\"name\" SCALE= OFFSET= TRANSPOSE)");
            }
        }
        rest = after;
    }
}

/// `dev:param`, a bus or a wildcard as a bare word of an output card.
fn output_word(i: Text) -> Parsed<Tree> {
    let (rest, found) = node(i)?;
    let text = i.until(&rest);
    let span = i.span_to(&rest);
    if let Some((device, _)) = text.rsplit_once(':').filter(|_| found.range.is_none() && !text.contains('[')) {
        let after = i.skip(device.len());
        let kind = ExprKind::Field(i.name_to(&after), after.skip(1).name_to(&rest));
        return Ok((rest, Tree::leaf(kind, span)));
    }
    let voltage = Name { text: "v".into(), span };
    Ok((rest, Tree::leaf(ExprKind::Probe(voltage, vec![found]), span)))
}
