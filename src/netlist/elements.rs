//! Element lines: the head, and every kind but the sources.
//!
//! ```text
//! element  = name { gap node } kind { gap ident "=" value }
//! passive  = R | C | L  node node [ value ] [ model ]         a bare word is put down as the model
//! coupling = K  inductor inductor { inductor } value
//! switch   = S  node node node node model [ on | off ]  |  W  node node source model [ on | off ]
//! diode    = D  node node model [ area ] [ off ]
//! mosfet   = M  node node node node model [ off ]
//! modelled = N  node node { node } model  |  Y<kind> name node node { node } [ model ]
//! instance = X  { node } definition [ params: ]
//! ```

use nom::Parser;
use nom::branch::alt;
use nom::combinator::opt;

use super::ast::{Assign, Behaviour, Element, ElementKind, Expr, ExprKind, Name, NodeRef};
use super::card::{ON_ELEMENT, POSITIONAL, assign, element_gap, element_params, unexpected, value};
use super::expr::{LetterA, Rules, Spacing};
use super::text::{Parsed, Text};
use super::token::{at_assignment, at_end, blanks, equals, key_equals, keyword, node, node_gap, word, word_name};
use super::{controlled, sources};

/// What the letter of an element line asks for.
type Body = fn(Text) -> Parsed<Parts>;

/// An element line behind its name.
pub(super) struct Parts {
    pub nodes: Vec<NodeRef>,
    pub kind: ElementKind,
    pub params: Vec<Assign>,
}

/// An element line.
pub(super) fn element(i: Text) -> Parsed<Element> {
    let (rest, head) = node(i)?;
    let letter = head.name.chars().next().unwrap_or(' ');
    let name = Name { text: head.name, span: head.span };
    if letter == 'y' {
        return typed(i, rest, name);
    }
    let body: Body = match letter {
        'r' => resistor,
        'c' => capacitor,
        'l' => inductor,
        'k' => coupling,
        'v' | 'i' => sources::independent,
        'e' | 'g' => controlled::by_voltage,
        'f' | 'h' => controlled::by_current,
        'b' => behavioural,
        's' => voltage_switch,
        'w' => current_switch,
        'd' => diode,
        'm' => mosfet,
        'n' => modelled,
        'x' => instance,
        _ => return unsupported(i, letter),
    };
    let (rest, parts) = body(rest)?;
    let Parts { nodes, kind, params } = parts;
    Ok((rest, Element { letter, name, range: head.range, nodes, kind, params, span: i.whole() }))
}

fn unsupported(i: Text, letter: char) -> Parsed<Element> {
    let (what, help) = match letter {
        'q' => ("bipolar transistor", "needs a transistor model; use controlled sources and diodes"),
        'j' => ("JFET", "needs a transistor model; use a behavioural source B"),
        'z' => ("MESFET", "needs a transistor model; use a behavioural source B"),
        't' | 'o' | 'u' => ("transmission line", "needs delays; use a ladder of R, L and C"),
        'a' => {
            ("XSPICE device", "needs a code model; write a memristor as `Ykind name a b model` or `N name a b model`")
        }
        _ => {
            let help = "element letters are R C L K V I E F G H B S W D M X Y N; a comment starts with `*`";
            let shown = i.rest.get(..i.token_len()).unwrap_or("").to_owned();
            return i.fail("E-ELEMENT", format!("`{shown}` is no element and no card"), help);
        }
    };
    let shown = i.rest.get(..i.token_len()).unwrap_or("").to_owned();
    i.fail("E-ELEMENT", format!("`{shown}`: {what} elements are not supported"), help)
}

/// `count` nodes.
pub(super) fn nodes<'a>(i: Text<'a>, count: usize, wanted: &'static str) -> Parsed<'a, Vec<NodeRef>> {
    let mut list = Vec::with_capacity(count);
    let mut i = i;
    while list.len() < count {
        (i, ()) = node_gap(i)?;
        if i.rest.is_empty() || at_assignment(i) {
            return i.expected(wanted);
        }
        let (rest, found) = node(i)?;
        list.push(found);
        i = rest;
    }
    // the parenthesis of `(a b)`
    let closed = i.trimmed();
    let i = if closed.starts_with(")") { closed.skip(1) } else { i };
    Ok((i, list))
}

/// Value, model and parameters of R, C, L, in any order.
struct Passive {
    key: &'static str,
    rules: Rules,
}

fn resistor(i: Text) -> Parsed<Parts> {
    Passive { key: "r", rules: POSITIONAL }.parse(i)
}

fn capacitor(i: Text) -> Parsed<Parts> {
    Passive { key: "c", rules: POSITIONAL.letter_a(LetterA::Atto) }.parse(i)
}

fn inductor(i: Text) -> Parsed<Parts> {
    Passive { key: "l", rules: POSITIONAL }.parse(i)
}

impl Passive {
    fn parse<'a>(&self, i: Text<'a>) -> Parsed<'a, Parts> {
        let (i, nodes) = nodes(i, 2, "two nodes")?;
        let (mut given, mut charge, mut model) = (None, None, None);
        let mut params = Vec::new();
        let (mut i, ()) = element_gap(i)?;
        while !at_end(i) {
            if let Ok((after, key)) = key_equals(i) {
                i = self.keyed(i, after, key, &mut given, &mut charge, &mut params)?;
            } else {
                let (rest, expr) = value(self.rules)(i)?;
                match expr.kind {
                    ExprKind::Name(text) if model.is_none() && !i.rest.starts_with(['{', '\'', '"']) => {
                        model = Some(Name { text, span: expr.span });
                    }
                    _ if given.is_none() => given = Some(self.checked(i, &rest, expr)),
                    _ => return unexpected(i),
                }
                i = rest;
            }
            (i, ()) = element_gap(i)?;
        }
        Ok((i, Parts { nodes, kind: ElementKind::Passive { value: given, charge, model }, params }))
    }

    fn keyed<'a>(
        &self,
        i: Text<'a>,
        after: Text<'a>,
        key: Name,
        given: &mut Option<Expr>,
        charge: &mut Option<Expr>,
        params: &mut Vec<Assign>,
    ) -> Result<Text<'a>, nom::Err<super::text::Fault>> {
        let behavioural = Rules::new(Spacing::Loose).letter_a(self.rules.letter_a);
        if key.text == self.key && given.is_none() {
            let (rest, expr) = value(behavioural)(after)?;
            *given = Some(expr);
            return Ok(rest);
        }
        if key.text == "q" && self.key == "c" {
            let (rest, expr) = value(behavioural)(after)?;
            *charge = Some(expr);
            return Ok(rest);
        }
        if key.text == "tc" {
            return temperature_coefficients(after, &key, params);
        }
        let (rest, item) = assign(ON_ELEMENT)(i)?;
        params.push(item);
        Ok(rest)
    }

    /// Values that are probably not meant.
    fn checked(&self, i: Text, rest: &Text, expr: Expr) -> Expr {
        let ExprKind::Number(number) = expr.kind else { return expr };
        let shown = i.until(rest);
        let suffix = shown.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let note = |code, message: String, help: &str| {
            i.context.note(crate::diag::Diagnostic::warning(code, message).at(expr.span).help(help));
        };
        let lower = suffix.to_ascii_lowercase();
        if self.key == "r" && number < 1.0 && suffix.starts_with('M') {
            note("W-MILLI", format!("`{shown}` is {number:e} ohm: M is milli"), "write `meg` for 1e6, `m` for 1e-3");
        } else if self.key == "c" && (lower == "f" || lower == "farad") {
            note("W-FEMTO", format!("`{shown}` is {number:e} farad: f is femto"), "leave the unit away for farad");
        }
        expr
    }
}

/// `tc=a,b` is `tc1=a tc2=b`.
fn temperature_coefficients<'a>(
    i: Text<'a>,
    key: &Name,
    params: &mut Vec<Assign>,
) -> Result<Text<'a>, nom::Err<super::text::Fault>> {
    let mut i = i;
    for text in ["tc1", "tc2"] {
        let (rest, expr) = value(POSITIONAL)(i)?;
        params.push(Assign { name: Name { text: text.into(), span: key.span }, value: expr });
        let next = super::token::gap(rest)?.0;
        if next.peek().is_none_or(|c| !(c.is_ascii_digit() || "-+.{'".contains(c))) {
            return Ok(rest);
        }
        i = next;
    }
    Ok(i)
}

fn coupling(i: Text) -> Parsed<Parts> {
    let mut inductors = Vec::new();
    let (mut i, ()) = element_gap(i)?;
    while i.peek().is_some_and(char::is_alphabetic) && !at_assignment(i) {
        let (rest, name) = word_name(i)?;
        (i, ()) = element_gap(rest)?;
        inductors.push(name);
    }
    if let Ok((after, _)) = key_equals(i) {
        i = after;
    }
    let last_is_value = inductors.len() > 2 && at_end(i) && inductors.last().is_some_and(|n| !n.text.starts_with('l'));
    let (i, coefficient) = if last_is_value {
        (i, inductors.pop().map(|n| Expr { kind: ExprKind::Name(n.text), span: n.span }))
    } else if at_end(i) {
        (i, None)
    } else {
        let (rest, expr) = value(POSITIONAL)(i)?;
        (rest, Some(expr))
    };
    if inductors.len() < 2 {
        return i.expected("two inductors");
    }
    let (i, params) = element_params(i)?;
    Ok((i, Parts { nodes: Vec::new(), kind: ElementKind::Coupling { inductors, coefficient }, params }))
}

fn behavioural(i: Text) -> Parsed<Parts> {
    let (i, nodes) = nodes(i, 2, "two nodes")?;
    let (mut i, ()) = element_gap(i)?;
    let mut found = None;
    let mut params = Vec::new();
    while !at_end(i) {
        let Ok((after, key)) = key_equals(i) else { return unexpected(i) };
        let quantity = match key.text.as_str() {
            "v" => Some(Behaviour::Voltage),
            "i" => Some(Behaviour::Current),
            "r" => Some(Behaviour::Resistance),
            _ => None,
        };
        i = match quantity {
            Some(quantity) if found.is_none() => {
                let (rest, expr) = value(Rules::new(Spacing::Loose).letter_a(LetterA::Ampere))(after)?;
                found = Some((quantity, expr));
                rest
            }
            _ => {
                let (rest, item) = assign(ON_ELEMENT)(i)?;
                params.push(item);
                rest
            }
        };
        (i, ()) = element_gap(i)?;
    }
    let Some((quantity, value)) = found else { return i.expected("`V=`, `I=` or `R=` and an expression") };
    Ok((i, Parts { nodes, kind: ElementKind::Behavioural { quantity, value }, params }))
}

fn state(i: Text) -> Parsed<Option<bool>> {
    let (i, ()) = element_gap(i)?;
    let (i, word) = opt(alt((keyword("on"), keyword("off")))).parse(i)?;
    Ok((i, word.map(|w| w.rest.as_bytes()[1].eq_ignore_ascii_case(&b'n'))))
}

/// A word that is no key of an assignment.
pub(super) fn free_name(i: Text) -> Parsed<Option<Name>> {
    let (i, ()) = element_gap(i)?;
    if at_end(i) || at_assignment(i) || i.peek().is_none_or(|c| "{'\"".contains(c)) {
        return Ok((i, None));
    }
    let (rest, name) = word_name(i)?;
    Ok((rest, Some(name)))
}

/// `[on|off] [model] [on|off]`.
fn switch_tail(i: Text) -> Parsed<(Option<Name>, Option<bool>)> {
    let (i, before) = state(i)?;
    let (i, model) = free_name(i)?;
    let (i, after) = state(i)?;
    Ok((i, (model, after.or(before))))
}

fn voltage_switch(i: Text) -> Parsed<Parts> {
    let (i, mut all) = nodes(i, 4, "two nodes and two control nodes")?;
    let control = all.split_off(2);
    let (i, (model, initially_on)) = switch_tail(i)?;
    let (i, params) = element_params(i)?;
    Ok((i, Parts { nodes: all, kind: ElementKind::VoltageSwitch { control, model, initially_on }, params }))
}

fn current_switch(i: Text) -> Parsed<Parts> {
    let (i, nodes) = nodes(i, 2, "two nodes")?;
    let (i, source) = free_name(i)?;
    let (i, (model, initially_on)) = switch_tail(i)?;
    let (i, params) = element_params(i)?;
    Ok((i, Parts { nodes, kind: ElementKind::CurrentSwitch { source, model, initially_on }, params }))
}

fn diode(i: Text) -> Parsed<Parts> {
    let (i, nodes) = nodes(i, 2, "two nodes")?;
    let (i, model) = free_name(i)?;
    let (i, off) = state(i)?;
    let (i, area) = if off.is_some() { (i, None) } else { super::card::optional_value(i)? };
    let (i, late) = state(i)?;
    let (i, params) = element_params(i)?;
    let off = off.or(late) == Some(false);
    Ok((i, Parts { nodes, kind: ElementKind::Modelled { kind: None, model, area, off }, params }))
}

fn mosfet(i: Text) -> Parsed<Parts> {
    let (i, nodes) = nodes(i, 4, "four nodes: drain, gate, source, bulk")?;
    let (i, model) = free_name(i)?;
    let (i, off) = state(i)?;
    let (i, params) = element_params(i)?;
    let off = off == Some(false);
    Ok((i, Parts { nodes, kind: ElementKind::Modelled { kind: None, model, area: None, off }, params }))
}

/// Words up to the first assignment or `params:`.
fn words(i: Text) -> Parsed<Vec<NodeRef>> {
    let mut list = Vec::new();
    let (mut i, ()) = node_words_gap(i)?;
    while !at_end(i) && !at_assignment(i) {
        if let Some(after) = params_mark(i) {
            return Ok((after, list));
        }
        let (rest, found) = node(i)?;
        list.push(found);
        (i, ()) = node_words_gap(rest)?;
    }
    Ok((i, list))
}

fn node_words_gap(i: Text) -> Parsed<()> {
    let (i, ()) = element_gap(i)?;
    let (i, ()) = node_gap(i)?;
    element_gap(i)
}

/// `params:` between positional words and assignments.
pub(super) fn params_mark(i: Text) -> Option<Text> {
    let head = i.rest.get(..6).filter(|h| h.eq_ignore_ascii_case("params"))?;
    let after = i.skip(head.len()).trimmed();
    after.starts_with(":").then(|| after.skip(1))
}

/// The last word names the model, unless only the two terminals are there.
fn split_model(mut words: Vec<NodeRef>, terminals: usize) -> (Vec<NodeRef>, Option<Name>) {
    let model = if words.len() > terminals { words.pop() } else { None };
    (words, model.map(|n| Name { text: n.name, span: n.span }))
}

fn modelled(i: Text) -> Parsed<Parts> {
    let (rest, words) = words(i)?;
    if words.len() < 2 {
        return rest.expected("two nodes and a model");
    }
    let (nodes, model) = split_model(words, 2);
    let (rest, params) = element_params(rest)?;
    Ok((rest, Parts { nodes, kind: ElementKind::Modelled { kind: None, model, area: None, off: false }, params }))
}

/// `Y<kind> name node node [model]`.
fn typed<'a>(i: Text<'a>, rest: Text<'a>, head: Name) -> Parsed<'a, Element> {
    let kind = Name { text: head.text[1..].to_owned(), span: head.span };
    let (rest, ()) = blanks(rest)?;
    if kind.text.is_empty() {
        return i.fail(
            "E-ELEMENT",
            "`Y` needs a device kind",
            "write Y<kind> name node node model, as in Yvteam m1 a b mod",
        );
    }
    if at_assignment(rest) || rest.rest.is_empty() {
        return rest.expected("the element name");
    }
    let (rest, name) = node(rest)?;
    let (rest, words) = words(rest)?;
    if words.len() < 2 {
        return rest.expected("two nodes and a model");
    }
    let (nodes, model) = split_model(words, 2);
    let (rest, params) = element_params(rest)?;
    let kind = ElementKind::Modelled { kind: Some(kind), model, area: None, off: false };
    let range = name.range;
    let name = Name { text: name.name, span: name.span };
    Ok((rest, Element { letter: 'y', name, range, nodes, kind, params, span: i.whole() }))
}

fn instance(i: Text) -> Parsed<Parts> {
    let (rest, mut words) = words(i)?;
    let definition = words.pop().map(|n| Name { text: n.name, span: n.span });
    if definition.is_none() {
        return rest.expected("nodes and the name of a subcircuit");
    }
    let rest = params_mark(rest).unwrap_or(rest);
    let (rest, params) = element_params(rest)?;
    Ok((rest, Parts { nodes: words, kind: ElementKind::Instance { definition }, params }))
}

/// True when the word at hand starts a number, a sign or a delimiter.
pub(super) fn starts_value(i: Text) -> bool {
    i.peek().is_some_and(|c| c.is_ascii_digit() || ".-+{'\"(".contains(c))
}

/// The word at hand in lower case, without moving.
pub(super) fn next_word(i: Text) -> String {
    word(i).map_or_else(|_: nom::Err<_>| String::new(), |(_, w)| super::text::lower(w.rest))
}

/// A keyword with an optional `=` after it.
pub(super) fn keyed<'a>(name: &'static str) -> impl FnMut(Text<'a>) -> Parsed<'a, ()> {
    move |i| {
        let (rest, _) = keyword(name)(i)?;
        let (rest, _) = opt(equals).parse(rest)?;
        blanks(rest)
    }
}

#[cfg(test)]
mod tests;
