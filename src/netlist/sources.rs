//! Independent sources and their waveforms.
//!
//! ```text
//! source = V | I  node node { [ DC [ "=" ] ] value | AC [ "=" ] value [ value ] | wave | assign }   in any order
//! wave   = shape [ "(" ] { value } [ ")" ] { R "=" value | TD "=" value }     PULSE SIN SINE EXP SFFM AM PWL
//! pwl    = PWL [ "(" ] ( { value value } | FILE ["="] text | PWLFILE "=" text | REPEAT FOREVER ( .. ) ENDREPEAT ) [ ")" ]
//!          { R [ "=" value ] | TD "=" value | COL "=" ( value | "#" ) }
//! ```

use nom::Parser;
use nom::combinator::opt;

use super::ast::{Column, ElementKind, Expr, ExprKind, Waveform};
use super::card::{ON_ELEMENT, POSITIONAL, assign, element_gap, file_name, unexpected, value};
use super::elements::{Parts, keyed, next_word, nodes, starts_value};
use super::expr::{LetterA, Rules, closing};
use super::text::{Fault, Parsed, Text};
use super::token::{at_assignment, at_end, equals, gap, key_equals, keyword, mark, word};

const VALUE: Rules = POSITIONAL.letter_a(LetterA::Ampere);

const SHAPES: [&str; 7] = ["pulse", "sin", "sine", "pwl", "exp", "sffm", "am"];
const UNSUPPORTED: [&str; 6] = ["trnoise", "trrandom", "pat", "pwlz", "lfsr", "distof1"];

/// What stands behind the name of a V or I.
pub(super) fn independent(i: Text) -> Parsed<Parts> {
    let (i, nodes) = nodes(i, 2, "two nodes")?;
    let (mut dc, mut ac, mut wave) = (None, None, None);
    let mut params = Vec::new();
    let (mut i, ()) = element_gap(i)?;
    while !at_end(i) {
        let shape = head(i);
        if shape == "dc" {
            (i, ()) = keyed("dc")(i)?;
            if starts_value(i) || !is_shape(&head(i)) {
                let (rest, expr) = value(VALUE)(i)?;
                dc = Some(expr);
                i = rest;
            }
        } else if shape == "ac" {
            let (rest, pair) = small_signal(i)?;
            ac = Some(pair);
            i = rest;
        } else if is_shape(&shape) {
            if wave.is_some() {
                return i.fail("E-WAVE", "a second waveform on one source", "split it into two sources");
            }
            let (rest, found) = waveform(i)?;
            wave = Some(found);
            i = rest;
        } else if at_assignment(i) {
            let (rest, item) = assign(ON_ELEMENT)(i)?;
            params.push(item);
            i = rest;
        } else if dc.is_none() {
            let (rest, expr) = value(VALUE)(i)?;
            dc = Some(expr);
            i = rest;
        } else {
            return unexpected(i);
        }
        (i, ()) = element_gap(i)?;
    }
    Ok((i, Parts { nodes, kind: ElementKind::Source { dc, ac, wave }, params }))
}

/// The lower-case letters at hand: `pulse` of `PULSE(0`.
fn head(i: Text) -> String {
    let len = i.rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(i.rest.len());
    super::text::lower(&i.rest[..len])
}

fn is_shape(word: &str) -> bool {
    SHAPES.contains(&word) || UNSUPPORTED.contains(&word) || word == "pwlfile"
}

/// `AC [magnitude [phase]]`; the magnitude is 1 when left out.
fn small_signal(i: Text) -> Parsed<(Expr, Option<Expr>)> {
    let one = Expr { kind: ExprKind::Number(1.0), span: i.span_to(&i.skip(2)) };
    let (rest, ()) = keyed("ac")(i)?;
    let (rest, magnitude) = plain_value(rest)?;
    let Some(magnitude) = magnitude else { return Ok((rest, (one, None))) };
    let (rest, phase) = plain_value(rest)?;
    Ok((rest, (magnitude, phase)))
}

/// A value that is no keyword and no assignment.
fn plain_value(i: Text) -> Parsed<Option<Expr>> {
    let (next, ()) = element_gap(i)?;
    let word = head(next);
    if at_end(next) || at_assignment(next) || is_shape(&word) || word == "dc" || word == "ac" {
        return Ok((i, None));
    }
    let (rest, expr) = value(VALUE)(next)?;
    Ok((rest, Some(expr)))
}

fn waveform(i: Text) -> Parsed<Waveform> {
    let word = head(i);
    if UNSUPPORTED.contains(&word.as_str()) {
        let help = format!("available waveforms: {}", SHAPES.join(" ").to_uppercase());
        return i.fail("E-WAVE", format!("waveform `{word}` is not supported"), help);
    }
    let after = i.skip(word.len());
    let name = i.name_to(&after);
    let shape = if word == "pwlfile" { super::ast::Name { text: "pwl".into(), ..name } } else { name };
    let mut wave = Waveform {
        shape,
        args: Vec::new(),
        file: None,
        column: None,
        repeat: None,
        delay: None,
        span: i.span_to(&after),
    };
    let start = if word == "pwlfile" { i } else { after };
    let open = start.trimmed();
    let parenthesised = open.starts_with("(");
    let mut rest = if parenthesised { open.skip(1) } else { start };
    loop {
        (rest, ()) = gap(rest)?;
        if parenthesised && (rest.starts_with(")") || rest.rest.is_empty()) {
            (rest, ()) = closing(rest, open, ")")?;
            break;
        }
        if at_end(rest) || !parenthesised && ends_list(rest, wave.shape.text == "pwl") {
            break;
        }
        rest = if wave.shape.text == "pwl" { pwl_item(rest, &mut wave)? } else { list_item(rest, &mut wave)? };
    }
    if parenthesised && wave.shape.text == "pwl" {
        rest = pwl_options(rest, &mut wave)?;
    }
    wave.span = i.span_to(&rest);
    Ok((rest, wave))
}

/// What ends a list of values that has no parentheses.
fn ends_list(i: Text, pwl: bool) -> bool {
    let word = head(i);
    if word == "dc" || word == "ac" || i.after_blank() && super::expr::is_remark(i) {
        return true;
    }
    let own = pwl && ["r", "td", "col", "file", "pwlfile"].contains(&word.as_str());
    at_assignment(i) && !own
}

fn list_item<'a>(i: Text<'a>, wave: &mut Waveform) -> Result<Text<'a>, nom::Err<Fault>> {
    let (rest, expr) = value_item(i)?;
    wave.args.push(expr);
    Ok(rest)
}

fn value_item(i: Text) -> Parsed<Expr> {
    super::expr::expression(VALUE)(i)
}

/// One point coordinate, or one option of a PWL.
fn pwl_item<'a>(i: Text<'a>, wave: &mut Waveform) -> Result<Text<'a>, nom::Err<Fault>> {
    match head(i).as_str() {
        "file" => {
            let (rest, file) = file_name(i.skip(4))?;
            wave.file = Some(file);
            Ok(rest)
        }
        "pwlfile" => {
            let (rest, file) = file_name(i.skip(7))?;
            wave.file = Some(file);
            Ok(rest)
        }
        "repeat" => repeat_block(i, wave),
        "r" | "td" | "col" if is_option(i) => option(i, wave),
        _ => list_item(i, wave),
    }
}

/// `R`, `R=`, `TD=`, `COL=`: keywords, unless a parameter of that name stands for a value.
fn is_option(i: Text) -> bool {
    key_equals(i).is_ok() || keyword("r")(i).is_ok_and(|(rest, _)| rest.trimmed().rest.starts_with(')') || at_end(rest))
}

fn pwl_options<'a>(i: Text<'a>, wave: &mut Waveform) -> Result<Text<'a>, nom::Err<Fault>> {
    let mut i = i;
    loop {
        let (next, ()) = element_gap(i)?;
        let known = ["r", "td", "col", "repeat"].contains(&head(next).as_str());
        if !known || !(key_equals(next).is_ok() || keyword("r")(next).is_ok()) {
            return Ok(i);
        }
        i = option(next, wave)?;
    }
}

/// `R [=] value`, `TD=value`, `COL=value|#`.
fn option<'a>(i: Text<'a>, wave: &mut Waveform) -> Result<Text<'a>, nom::Err<Fault>> {
    let (rest, word) = word(i)?;
    let key = super::text::lower(word.rest);
    let zero = Expr { kind: ExprKind::Number(0.0), span: i.span_to(&rest) };
    let (rest, given) = opt(equals).parse(rest)?;
    if key == "col" && rest.starts_with("#") {
        wave.column = Some(Column::Running);
        return Ok(rest.skip(1));
    }
    if given.is_none() && !starts_value(rest.trimmed()) {
        wave.repeat = Some(zero);
        return Ok(rest);
    }
    let (rest, expr) = value(VALUE)(rest.trimmed())?;
    match key.as_str() {
        "td" => wave.delay = Some(expr),
        "col" => wave.column = Some(Column::Fixed(expr)),
        _ => wave.repeat = Some(expr),
    }
    Ok(rest)
}

/// LTspice's `REPEAT FOREVER ( .. ) ENDREPEAT` around the whole list.
fn repeat_block<'a>(i: Text<'a>, wave: &mut Waveform) -> Result<Text<'a>, nom::Err<Fault>> {
    let after = i.skip("repeat".len()).trimmed();
    if next_word(after) != "forever" || !wave.args.is_empty() {
        i.fail::<()>(
            "E-WAVE",
            "only `REPEAT FOREVER` around the whole list is supported",
            "use `R=time` after the list",
        )?;
    }
    let after = after.skip("forever".len());
    wave.repeat = Some(Expr { kind: ExprKind::Number(0.0), span: i.span_to(&after) });
    let (open, _) = mark("(")(after)?;
    let mut rest = open;
    loop {
        (rest, ()) = gap(rest)?;
        if rest.starts_with(")") {
            let (rest, ()) = gap(rest.skip(1))?;
            let (rest, _) = keyword("endrepeat")(rest)?;
            return Ok(rest);
        }
        rest = list_item(rest, wave)?;
    }
}

#[cfg(test)]
mod tests {
    use crate::netlist::ast::{Column, ElementKind, Statement, Waveform};
    use crate::netlist::{ReadOptions, parse_text};

    /// DC, AC and waveform of one source line, as text.
    fn source(line: &str) -> (String, String, Option<Waveform>) {
        let (deck, diagnostics) = parse_text("t", &format!("title\n{line}\n"), &ReadOptions::default());
        assert_eq!(diagnostics, [], "{line}");
        let Statement::Element(element) = &deck.body[0] else { panic!("{line}") };
        let ElementKind::Source { dc, ac, wave } = element.kind.clone() else { panic!("{line}") };
        let ac = ac.map_or(String::new(), |(m, p)| format!("{m} {}", p.map_or(String::new(), |p| p.to_string())));
        (dc.map_or(String::new(), |e| e.to_string()), ac, wave)
    }

    fn args(wave: &Waveform) -> String {
        wave.args.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn dc_ac_and_waveform_come_in_any_order() {
        for line in [
            "V1 a 0 DC 1 AC 2 30 SIN(0 1 1k)",
            "V1 a 0 1 SIN 0 1 1k AC 2 30",
            "V1 a 0 AC 2 30 dc = 1 sin (0, 1, 1k)",
            "V1 a 0 SIN(0 1 1k) AC={2} 30 DC=1",
        ] {
            let (dc, ac, wave) = source(line);
            assert_eq!((dc.as_str(), ac.as_str()), ("1.0", "2.0 30.0"), "{line}");
            let wave = wave.unwrap();
            assert_eq!((wave.shape.text.as_str(), args(&wave).as_str()), ("sin", "0.0 1.0 1000.0"), "{line}");
        }
        assert_eq!(source("I1 a 0 1A").0, "1.0");
        assert_eq!(source("V1 a 0").0, "");
        assert_eq!(source("V1 a 0 ac").1, "1.0 ");
        assert_eq!(source("V1 a 0 {x*2}").0, "(x * 2.0)");
        assert_eq!(source("V1 a 0 vdd").0, "vdd");
    }

    #[test]
    fn waveform_arguments_may_be_bare_parameters() {
        let wave = source("V1 a 0 PULSE 0V VDD 0 edge edge width total").2.unwrap();
        assert_eq!(args(&wave), "0.0 vdd 0.0 edge edge width total");
        let wave = source("V1 a 0 PULSE(0 -1 {t0} 't1*2' 2*t2)").2.unwrap();
        assert_eq!(args(&wave), "0.0 (-1.0) t0 (t1 * 2.0) (2.0 * t2)");
        let wave = source("V1 a 0 exp(0 1 1n 2n 3n 4n)").2.unwrap();
        assert_eq!((wave.shape.text.as_str(), wave.args.len()), ("exp", 6));
    }

    #[test]
    fn piecewise_linear_forms() {
        let wave = source("V1 a 0 PWL(0 0, 1n 1 2n 1) R=1n TD=2n").2.unwrap();
        assert_eq!(args(&wave), "0.0 0.0 1e-9 1.0 2e-9 1.0");
        assert_eq!((wave.repeat.unwrap().to_string(), wave.delay.unwrap().to_string()), ("1e-9".into(), "2e-9".into()));
        for line in [
            "V1 a 0 PWL FILE \"Pulse s.csv\" R=0",
            "V1 a 0 PWL(PWLFILE='Pulse s.csv' R)",
            "V1 a 0 PWL file=\"Pulse s.csv\" r=0",
            "V1 a 0 PWL(FILE=\"Pulse s.csv\") R",
        ] {
            let wave = source(line).2.unwrap();
            assert_eq!(wave.file.as_ref().map(|f| f.path.as_str()), Some("Pulse s.csv"), "{line}");
            assert_eq!(wave.repeat.map(|e| e.to_string()).as_deref(), Some("0.0"), "{line}");
        }
        let wave = source("V1 a 0 PWL REPEAT FOREVER (0 0 1m 1) ENDREPEAT").2.unwrap();
        assert_eq!((args(&wave).as_str(), wave.repeat.is_some()), ("0.0 0.0 0.001 1.0", true));
        let wave = source("V1 a 0 PWL 'r1' 0 'r1' v").2.unwrap();
        assert_eq!(args(&wave), "r1 0.0 r1 v");
    }

    #[test]
    fn columns_of_a_file() {
        let wave = source("Vw[0:3] W[0:3] 0 PWL FILE \"p.csv\" COL=#").2.unwrap();
        assert_eq!(wave.column, Some(Column::Running));
        let wave = source("V1 a 0 PWL FILE \"p.csv\" COL=2").2.unwrap();
        assert!(matches!(wave.column, Some(Column::Fixed(_))));
    }

    #[test]
    fn what_is_not_supported_says_so() {
        for line in ["V1 a 0 trnoise(1 2 3 4)", "V1 a 0 PWLZ(0 0 1 Z)", "V1 a 0 sin(0 1 1k) pulse(0 1)"] {
            let (_, diagnostics) = parse_text("t", &format!("title\n{line}\n"), &ReadOptions::default());
            assert_eq!(diagnostics.len(), 1, "{line}");
            assert_eq!(diagnostics[0].code, "E-WAVE", "{line}");
        }
    }
}
