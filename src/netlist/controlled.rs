//! Controlled sources E, G (by voltages) and F, H (by currents).
//!
//! ```text
//! E | G = node node ( node node value | POLY "(" n ")" { node node } { value } | VALUE ["="] expr
//!                   | ( vol | cur | v | i ) "=" expr | TABLE expr ["="] { ["("] value "," value [")"] } )
//! F | H = node node ( source value | POLY "(" n ")" { source } { value } | VALUE ["="] expr )
//! ```

use nom::Parser;
use nom::combinator::opt;

use super::ast::{Control, ElementKind, Expr, ExprKind, Name, NodeRef};
use super::card::{POSITIONAL, element_gap, element_params, optional_value, value};
use super::elements::{Parts, keyed, next_word, nodes};
use super::expr::{LetterA, Rules, Spacing, expression};
use super::text::{Parsed, Text};
use super::token::{at_assignment, at_end, equals, gap, key_equals, keyword, mark, node_gap, word_name};

const FORMULA: Rules = Rules::new(Spacing::Loose).letter_a(LetterA::Ampere);

/// E and G behind the name.
pub(super) fn by_voltage(i: Text) -> Parsed<Parts> {
    let (i, pair) = nodes(i, 2, "two nodes")?;
    let (i, ()) = node_gap(i)?;
    let (i, control) = voltage_control(i)?;
    finish(i, pair, control)
}

/// F and H behind the name.
pub(super) fn by_current(i: Text) -> Parsed<Parts> {
    let (i, pair) = nodes(i, 2, "two nodes")?;
    let (i, ()) = node_gap(i)?;
    let (i, control) = current_control(i)?;
    finish(i, pair, control)
}

fn finish(i: Text, nodes: Vec<NodeRef>, control: Control) -> Parsed<Parts> {
    let (i, params) = element_params(i)?;
    Ok((i, Parts { nodes, kind: ElementKind::Controlled(control), params }))
}

/// `VALUE {e}`, `VALUE = {e}`, `vol='e'`, `cur='e'`, `V={e}`, `I={e}`.
fn formula(i: Text) -> Option<Text> {
    if let Ok((rest, ())) = keyed("value")(i) {
        return Some(rest);
    }
    let (rest, key) = key_equals(i).ok()?;
    ["vol", "cur", "v", "i"].contains(&key.text.as_str()).then_some(rest)
}

fn voltage_control(i: Text) -> Parsed<Control> {
    if let Some(rest) = formula(i) {
        let (rest, expr) = value(FORMULA)(rest)?;
        return Ok((rest, Control::Value(expr)));
    }
    if let Some((rest, degree)) = poly(i)? {
        let (rest, nodes) = nodes(rest, 2 * degree, "two control nodes for each dimension of POLY")?;
        let (rest, coefficients) = coefficients(rest)?;
        return Ok((rest, Control::PolyVoltage { nodes, coefficients }));
    }
    if keyword("table")(i).is_ok() {
        return table(i.skip("table".len()));
    }
    unsupported(i)?;
    let i = skip_words(i, &["vcvs", "vccs"])?;
    let (rest, nodes) = nodes(i, 2, "two control nodes, POLY, VALUE= or TABLE")?;
    let (rest, ()) = node_gap(rest)?;
    if let Ok((after, key)) = key_equals(rest) {
        if key.text == "table" {
            let (after, points) = points(after)?;
            let span = nodes[0].span.to(nodes[1].span);
            let probe = ExprKind::Probe(Name { text: "v".into(), span }, nodes);
            return Ok((after, Control::Table { input: Expr { kind: probe, span }, points }));
        }
        if key.text == "gain" {
            let (after, gain) = value(POSITIONAL)(after)?;
            return Ok((after, Control::LinearVoltage { nodes, gain: Some(gain) }));
        }
    }
    let (rest, gain) = optional_value(rest)?;
    Ok((rest, Control::LinearVoltage { nodes, gain }))
}

fn current_control(i: Text) -> Parsed<Control> {
    if let Some(rest) = formula(i) {
        let (rest, expr) = value(FORMULA)(rest)?;
        return Ok((rest, Control::Value(expr)));
    }
    if let Some((rest, degree)) = poly(i)? {
        let mut sources = Vec::with_capacity(degree.min(64));
        let mut i = rest;
        while sources.len() < degree {
            (i, ()) = node_gap(i)?;
            if at_end(i) {
                return i.expected("one controlling source for each dimension of POLY");
            }
            let (rest, name) = word_name(i)?;
            sources.push(name);
            i = rest;
        }
        let (rest, coefficients) = coefficients(i)?;
        return Ok((rest, Control::PolyCurrent { sources, coefficients }));
    }
    unsupported(i)?;
    let i = skip_words(i, &["cccs", "ccvs"])?;
    let (i, ()) = element_gap(i)?;
    if at_end(i) || at_assignment(i) {
        return i.expected("the controlling source");
    }
    let (rest, source) = word_name(i)?;
    let (rest, ()) = node_gap(rest)?;
    let (rest, gain) = optional_value(rest)?;
    Ok((rest, Control::LinearCurrent { source, gain }))
}

fn unsupported(i: Text) -> Parsed<()> {
    let word = next_word(i);
    let help = match word.as_str() {
        "laplace" | "freq" | "chebyshev" => "needs a transfer function; build it from R, C and linear sources",
        "opamp" => "needs an ideal amplifier; use a large gain, E out 0 p n 1e6",
        "delay" => "needs delays; use a ladder of R, L and C",
        "vcr" | "vccap" => "use R={..} or C={..} with an expression of voltages",
        _ => return Ok((i, ())),
    };
    i.fail("E-CONTROL", format!("`{}` sources are not supported", word.to_uppercase()), help)
}

fn skip_words<'a>(i: Text<'a>, words: &[&str]) -> Result<Text<'a>, nom::Err<super::text::Fault>> {
    let word = next_word(i);
    if words.contains(&word.as_str()) { Ok(node_gap(i.skip(word.len()))?.0) } else { Ok(i) }
}

/// `POLY(n)`, `POLY n`.
fn poly(i: Text) -> Result<Option<(Text, usize)>, nom::Err<super::text::Fault>> {
    let Ok((rest, _)) = keyword("poly")(i) else { return Ok(None) };
    let (rest, ()) = node_gap(rest)?;
    let len = rest.rest.bytes().take_while(u8::is_ascii_digit).count();
    let degree: usize = rest.rest[..len].parse().unwrap_or(0);
    if !(1..=1000).contains(&degree) {
        rest.expected::<()>("the dimension of POLY, 1 to 1000")?;
    }
    let (rest, _) = opt(mark(")")).parse(rest.skip(len))?;
    Ok(Some((rest, degree)))
}

/// Values up to the first assignment.
fn coefficients(i: Text) -> Parsed<Vec<Expr>> {
    let mut list = Vec::new();
    let mut i = i;
    loop {
        (i, ()) = node_gap(i)?;
        (i, ()) = element_gap(i)?;
        if at_end(i) || at_assignment(i) {
            return Ok((i, list));
        }
        let (rest, expr) = expression(POSITIONAL)(i)?;
        list.push(expr);
        i = rest;
    }
}

/// `TABLE {e} = (x,y) ..`, behind the word.
fn table(i: Text) -> Parsed<Control> {
    let (i, _) = opt(equals).parse(i)?;
    let (i, ()) = gap(i)?;
    let (i, input) = expression(POSITIONAL)(i)?;
    let (i, _) = opt(equals).parse(i)?;
    let (i, points) = points(i)?;
    Ok((i, Control::Table { input, points }))
}

fn points(i: Text) -> Parsed<Vec<(Expr, Expr)>> {
    let (rest, flat) = coefficients(i)?;
    if flat.len() < 2 || flat.len() % 2 == 1 {
        return i.fail("E-TABLE", "a table needs pairs of numbers", "write TABLE {input} = (x1,y1) (x2,y2)");
    }
    let mut flat = flat.into_iter();
    let mut list = Vec::new();
    while let (Some(x), Some(y)) = (flat.next(), flat.next()) {
        list.push((x, y));
    }
    Ok((rest, list))
}
