//! `.measure`.
//!
//! ```text
//! measure   = [ analysis ] name kind { FROM | TO | TD | GOAL | MINVAL | WEIGHT | PRECISION "=" value }
//! kind      = TRIG trigger TARG trigger | WHEN crossing | FIND expr ( WHEN crossing | AT "=" value | nothing )
//!           | DERIV expr ( WHEN crossing | AT "=" value )
//!           | ( AVG | RMS | MAX | MIN | PP | INTEG | MAX_AT | MIN_AT ) expr | [ PARAM | EQN ] ["="] expr
//! trigger   = AT "=" value | crossing
//! crossing  = expr ( "=" | VAL "=" ) expr { RISE | FALL | CROSS "=" ( value | LAST ) | TD "=" value }
//! ```

use nom::Parser;
use nom::branch::alt;

use super::analysis_cards::optional_equals;
use super::ast::{BinaryOp, Crossing, Edge, Expr, ExprKind, MeasureCard, MeasureKind, Name, Trigger};
use super::definitions::bare_name;
use super::elements::{keyed, next_word};
use super::expr::{Rules, Spacing, expression};
use super::outputs::analysis_word;
use super::text::{Fault, Parsed, Text};
use super::token::{at_end, equals, gap, key_equals, keyword, word_name};

const LOOSE: Rules = Rules::new(Spacing::Loose);
const KINDS: [&str; 12] =
    ["trig", "when", "find", "deriv", "derivative", "param", "eqn", "avg", "rms", "max", "min", "pp"];
const STATISTICS: [&str; 9] = ["avg", "rms", "max", "min", "pp", "integ", "integral", "max_at", "min_at"];

/// Windows of a measure.
#[derive(Default)]
struct Window {
    from: Option<Expr>,
    to: Option<Expr>,
    delay: Option<Expr>,
}

/// `.measure` behind its word.
pub(super) fn measure(i: Text) -> Parsed<MeasureCard> {
    let (rest, mut analysis) = analysis_word(i)?;
    let (mut rest, ()) = gap(rest)?;
    // `.meas op max v(a)`: `op` may be the name when a kind follows at once
    if KINDS.contains(&next_word(rest).as_str())
        && !is_name(rest)
        && let Some(name) = analysis.take()
    {
        let (rest, card) = body(i, rest, None, name)?;
        return Ok((rest, card));
    }
    if at_end(rest) {
        return rest.expected("the name of the measure");
    }
    let (after, name) = word_name(rest)?;
    (rest, ()) = gap(after)?;
    body(i, rest, analysis, name)
}

/// A kind word that is itself followed by a kind is a name.
fn is_name(i: Text) -> bool {
    word_name(i).is_ok_and(|(rest, _)| {
        let next = next_word(rest.trimmed());
        KINDS.contains(&next.as_str()) || STATISTICS.contains(&next.as_str())
    })
}

fn body<'a>(i: Text<'a>, rest: Text<'a>, analysis: Option<Name>, name: Name) -> Parsed<'a, MeasureCard> {
    let mut window = Window::default();
    let (rest, ()) = gap(rest)?;
    let (rest, ()) = windows(rest, &mut window)?;
    // an operating point and a transfer function have one point only
    let single = analysis.as_ref().is_some_and(|a| matches!(a.text.as_str(), "op" | "tf"));
    let (rest, kind) = match only_point(rest).ok().filter(|_| single) {
        Some(found) => found,
        None => kind(rest, &mut window)?,
    };
    let (rest, ()) = windows(rest, &mut window)?;
    let Window { from, to, delay } = window;
    Ok((rest, MeasureCard { analysis, name, kind, from, to, delay, span: i.whole() }))
}

/// `FROM= TO= TD=` and the keys of optimisers.
fn windows<'a>(i: Text<'a>, window: &mut Window) -> Parsed<'a, ()> {
    let mut i = i;
    loop {
        (i, ()) = gap(i)?;
        let Ok((after, key)) = key_equals(i) else { return Ok((i, ())) };
        let slot = match key.text.as_str() {
            "from" => &mut window.from,
            "to" => &mut window.to,
            "td" => &mut window.delay,
            "goal" | "minval" | "weight" | "precision" | "output" | "print" => &mut None,
            _ => return Ok((i, ())),
        };
        let (rest, expr) = expression(LOOSE)(after)?;
        *slot = Some(expr);
        i = rest;
    }
}

fn kind<'a>(i: Text<'a>, window: &mut Window) -> Parsed<'a, MeasureKind> {
    let word = next_word(i);
    let after = i.skip(if i.rest.get(..word.len()).is_some() { word.len() } else { 0 });
    let is_call = after.starts_with("(");
    match word.as_str() {
        "trig" => {
            let (rest, trigger) = trigger(after)?;
            let (rest, ()) = gap(rest)?;
            let (rest, _) = keyword("targ")(rest)?;
            let (rest, target) = self::trigger(rest)?;
            Ok((rest, MeasureKind::TrigTarg(trigger, target)))
        }
        "when" => {
            let (rest, crossing) = crossing(after)?;
            Ok((rest, MeasureKind::When(crossing)))
        }
        "find" | "deriv" | "derivative" => at_point(after, word == "find", window),
        "param" | "eqn" => {
            let (rest, ()) = optional_equals(after)?;
            let (rest, expr) = expression(LOOSE)(rest)?;
            Ok((rest, MeasureKind::Param(expr)))
        }
        "err" | "err1" | "err2" | "err3" | "error" | "duty" | "freq" | "on_time" | "off_time" | "four" => {
            let help = "available: TRIG/TARG WHEN FIND DERIV AVG RMS MAX MIN PP INTEG MAX_AT MIN_AT PARAM";
            i.fail("E-MEAS", format!("measure `{word}` is not supported"), help)
        }
        statistic if STATISTICS.contains(&statistic) && !is_call => {
            let name = i.name_to(&after);
            let name = if name.text == "integral" { Name { text: "integ".into(), ..name } } else { name };
            let (rest, ()) = gap(after)?;
            let (rest, expr) = expression(LOOSE)(rest)?;
            Ok((rest, MeasureKind::Statistic(name, expr)))
        }
        _ => {
            let (rest, ()) = optional_equals(i)?;
            let (rest, expr) = expression(LOOSE)(rest)?;
            Ok((rest, MeasureKind::Param(expr)))
        }
    }
}

/// `FIND expr` and nothing behind it.
fn only_point(i: Text) -> Parsed<MeasureKind> {
    let (i, _) = keyword("find")(i)?;
    let (i, ()) = gap(i)?;
    let (rest, expr) = expression(LOOSE)(i)?;
    if !at_end(rest.trimmed()) {
        return rest.expected("nothing more");
    }
    let at = Expr { kind: ExprKind::Number(0.0), span: expr.span };
    Ok((rest, MeasureKind::FindAt(expr, at)))
}

/// `expr WHEN crossing`, `expr AT=t`, with windows between.
fn at_point<'a>(i: Text<'a>, find: bool, window: &mut Window) -> Parsed<'a, MeasureKind> {
    let (i, ()) = gap(i)?;
    let (i, expr) = expression(LOOSE)(i)?;
    let (i, ()) = windows(i, window)?;
    if let Ok((rest, ())) = keyed("at")(i) {
        let (rest, at) = expression(LOOSE)(rest)?;
        let kind = if find { MeasureKind::FindAt(expr, at) } else { MeasureKind::DerivAt(expr, at) };
        return Ok((rest, kind));
    }
    if keyword("when")(i).is_err() {
        return i.expected("`WHEN` or `AT=`");
    }
    let (rest, crossing) = crossing(i.skip("when".len()))?;
    let kind = if find { MeasureKind::FindWhen(expr, crossing) } else { MeasureKind::DerivWhen(expr, crossing) };
    Ok((rest, kind))
}

fn trigger(i: Text) -> Parsed<Trigger> {
    let (i, ()) = gap(i)?;
    if let Ok((rest, ())) = keyed("at")(i) {
        let (rest, at) = expression(LOOSE)(rest)?;
        return Ok((rest, Trigger::At(at)));
    }
    let (rest, crossing) = crossing(i)?;
    Ok((rest, Trigger::Crossing(crossing)))
}

fn crossing(i: Text) -> Parsed<Crossing> {
    let (i, ()) = gap(i)?;
    let (mut rest, left) = expression(LOOSE)(i)?;
    let mut found = Crossing {
        left,
        right: Expr { kind: ExprKind::Number(0.0), span: i.span_to(&rest) },
        edge: Edge::Cross,
        count: Some(Expr { kind: ExprKind::Number(1.0), span: i.span_to(&rest) }),
        delay: None,
    };
    let mut has_right = split_equality(&mut found);
    if let Ok((after, ())) = equals(rest) {
        (rest, found.right) = expression(LOOSE)(after)?;
        has_right = true;
    }
    loop {
        let (next, ()) = gap(rest)?;
        let Some((after, key)) = crossing_key(next)? else { break };
        if key == "val" {
            (rest, found.right) = expression(LOOSE)(after)?;
            has_right = true;
            continue;
        }
        let (after, expr) = expression(LOOSE)(after)?;
        rest = after;
        let edge = match key {
            "rise" => Edge::Rise,
            "fall" => Edge::Fall,
            "cross" => Edge::Cross,
            _ => {
                found.delay = Some(expr);
                continue;
            }
        };
        found.edge = edge;
        found.count = if bare_name(&expr).is_some_and(|n| n.text == "last") { None } else { Some(expr) };
    }
    if !has_right {
        return rest.expected("`VAL=` or `= value`");
    }
    Ok((rest, found))
}

/// `v(a)==1` as some write it.
fn split_equality(found: &mut Crossing) -> bool {
    if let ExprKind::Binary(BinaryOp::Eq, left, right) = &found.left.kind {
        let (left, right) = ((**left).clone(), (**right).clone());
        found.left = left;
        found.right = right;
        return true;
    }
    false
}

fn crossing_key(i: Text) -> Result<Option<(Text, &'static str)>, nom::Err<Fault>> {
    let one = |name: &'static str| keyed(name).map(move |()| name);
    let found = alt((one("val"), one("rise"), one("fall"), one("cross"), one("td"))).parse(i);
    Ok(found.ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlist::ast::Statement;
    use crate::netlist::{ReadOptions, parse_text};

    fn card(line: &str) -> MeasureCard {
        let (deck, diagnostics) = parse_text("t", &format!("title\n{line}\n"), &ReadOptions::default());
        assert_eq!(diagnostics, [], "{line}");
        let Some(Statement::Measure(card)) = deck.body.into_iter().next() else { panic!("{line}") };
        card
    }

    fn point(crossing: &Crossing) -> String {
        let text = |e: &Option<Expr>| e.as_ref().map_or("-".into(), ToString::to_string);
        let (count, delay) = (text(&crossing.count), text(&crossing.delay));
        format!("{}={} {:?} {count} {delay}", crossing.left, crossing.right, crossing.edge)
    }

    #[test]
    fn trigger_and_target() {
        for line in [
            ".meas tran d TRIG v(a) VAL=0.5 RISE=1 TARG v(b) VAL='vdd/2' FALL=LAST TD=1n",
            ".measure tran d trig v(a)=0.5 rise=1 targ v(b) = {vdd/2} td = 1n fall = last",
            ".meas tran d\n+ trig v(a) val 0.5 rise 1\n+ targ v(b)==vdd/2 fall=last td=1n",
        ] {
            let MeasureKind::TrigTarg(Trigger::Crossing(a), Trigger::Crossing(b)) = card(line).kind else { panic!() };
            assert_eq!(point(&a), "v(a)=0.5 Rise 1.0 -", "{line}");
            assert_eq!(point(&b), "v(b)=(vdd / 2.0) Fall - 1e-9", "{line}");
        }
        let MeasureKind::TrigTarg(Trigger::At(at), _) = card(".meas tran d TRIG AT=1n TARG v(a) VAL=1 CROSS=2").kind
        else {
            panic!()
        };
        assert_eq!(at.to_string(), "1e-9");
    }

    #[test]
    fn when_find_and_derivative() {
        let MeasureKind::When(c) = card(".meas tran t WHEN v(a)=v(b) CROSS=LAST").kind else { panic!() };
        assert_eq!(point(&c), "v(a)=v(b) Cross - -");
        let MeasureKind::FindWhen(e, c) = card(".meas dc t FIND v(a)-v(b) WHEN i(v1)='1u' RISE=2").kind else {
            panic!()
        };
        assert_eq!((e.to_string().as_str(), point(&c).as_str()), ("(v(a) - v(b))", "i(v1)=1e-6 Rise 2.0 -"));
        let found = card(".meas tran t FIND v(a) AT=2n");
        assert!(matches!(&found.kind, MeasureKind::FindAt(_, at) if at.to_string() == "2e-9"));
        assert!(matches!(card(".meas tran t DERIV v(a) AT=2n").kind, MeasureKind::DerivAt(..)));
        assert!(matches!(card(".meas tran t DERIV v(a) WHEN v(b)=1").kind, MeasureKind::DerivWhen(..)));
    }

    #[test]
    fn statistics_with_windows() {
        for word in ["AVG", "RMS", "MAX", "MIN", "PP", "INTEG", "INTEGRAL", "MAX_AT", "MIN_AT"] {
            let found = card(&format!(".MEASURE TRAN p {word} v(a)*i(v1) FROM=2*ts+0.1n TO='t2' GOAL=3"));
            let MeasureKind::Statistic(name, expr) = found.kind else { panic!("{word}") };
            assert_eq!(name.text, if word == "INTEGRAL" { "integ".into() } else { word.to_lowercase() });
            assert_eq!(expr.to_string(), "(v(a) * i(v1))");
            assert_eq!(found.from.unwrap().to_string(), "((2.0 * ts) + 1e-10)");
            assert_eq!(found.to.unwrap().to_string(), "t2");
        }
        let found = card(".meas x AVG POWER from=1n");
        assert!(found.analysis.is_none());
        let MeasureKind::Statistic(_, expr) = card(".meas tran imax MAX sum(i(vb_*))").kind else { panic!() };
        assert_eq!(expr.to_string(), "sum(i(vb_*))");
    }

    #[test]
    fn formulas_of_measures() {
        for line in [
            ".meas tran e PARAM='a/b'",
            ".meas tran e param a/b",
            ".meas tran e PARAM = {a/b}",
            ".meas tran e EQN a/b",
            ".meas tran e 'a/b'",
            ".meas e a/b",
        ] {
            let found = card(line);
            let MeasureKind::Param(expr) = found.kind else { panic!("{line}") };
            assert_eq!((found.name.text.as_str(), expr.to_string().as_str()), ("e", "(a / b)"), "{line}");
        }
        let MeasureKind::Param(expr) = card(".meas tran e max(a, b)").kind else { panic!() };
        assert_eq!(expr.to_string(), "max(a, b)");
    }

    #[test]
    fn faults() {
        for (line, at) in [
            (".meas tran t WHEN v(a)", ""),
            (".meas tran t FIND v(a) 3", "3"),
            (".meas tran t TRIG v(a) VAL=1 RISE=1", ""),
            (".meas tran t ERR v(a) v(b)", "ERR"),
            (".meas tran", ""),
        ] {
            let (deck, diagnostics) = parse_text("t", &format!("title\n{line}\n"), &ReadOptions::default());
            assert_eq!(diagnostics.len(), 1, "{line} {diagnostics:?}");
            assert_eq!(deck.sources.text(diagnostics[0].span.unwrap()), at, "{line}");
        }
    }
}
