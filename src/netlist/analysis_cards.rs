//! `.dc .tran .tf .step .mc`, and HSPICE's `SWEEP` behind an analysis.
//!
//! ```text
//! tran  = [ value ] value [ value [ value ] ] { uic | noop | startup | START "=" value | sweep }
//! dc    = spec { spec }                    first spec is the inner loop
//! spec  = [ lin | dec | oct ] target ( value value value | list { value } | (lin|dec|oct|poi) n start stop )
//!       | data "=" name
//! target= [ param ] name | device ":" name | "@" device "[" name "]" | type model "(" name ")"
//! step  = spec | target file "=" text
//! mc    = value { assign }
//! sweep = SWEEP ( MONTE "=" value | DATA "=" name | spec )
//! ```

use nom::Parser;
use nom::branch::alt;
use nom::combinator::opt;

use super::ast::{
    AnalysisCard, AnalysisKind, Expr, ExprKind, MonteCarloCard, Statement, StepCard, SweepSpec, SweepTarget,
    SweepValues,
};
use super::card::{POSITIONAL, assigns, file_name, unexpected, value};
use super::elements::starts_value;
use super::expr::{Rules, Spacing, expression};
use super::text::{Parsed, Text};
use super::token::{at_end, blanks, equals, gap, ident_name, key_equals, keyword, mark, node, word_name};
use crate::diag::Diagnostic;

/// `.tran`.
pub(super) fn tran<'a>(i: Text<'a>, out: &mut Vec<Statement>) -> Parsed<'a, ()> {
    let mut times: Vec<Expr> = Vec::new();
    let (mut uic, mut start) = (false, None);
    let mut extra = Vec::new();
    let (mut rest, ()) = gap(i)?;
    while !rest.rest.is_empty() {
        if let Ok((after, _)) = alt((keyword("uic"), keyword("noop"))).parse(rest) {
            uic = true;
            rest = after;
        } else if let Ok((after, _)) = keyword("startup")(rest) {
            let message = "`startup` is ignored: sources start at their full value";
            rest.context.note(Diagnostic::note("N-IGNORED", message).at(rest.span_to(&after)));
            rest = after;
        } else if let Ok((after, _)) = keyword("sweep")(rest) {
            (rest, ()) = sweep(after, &mut extra)?;
        } else if let Ok((after, key)) = key_equals(rest) {
            if key.text != "start" {
                return unexpected(rest);
            }
            let (after, expr) = value(POSITIONAL)(after)?;
            start = Some(expr);
            rest = after;
        } else if times.len() == 4 {
            return unexpected(rest);
        } else {
            let (after, expr) = value(POSITIONAL)(rest)?;
            times.push(expr);
            rest = after;
        }
        (rest, ()) = gap(rest)?;
    }
    let mut times = times.into_iter();
    let kind = match (times.next(), times.next()) {
        (Some(step), Some(stop)) => {
            let start = times.next().or(start);
            AnalysisKind::Tran { step: Some(step), stop, start, max_step: times.next(), uic }
        }
        (Some(stop), None) => AnalysisKind::Tran { step: None, stop, start, max_step: None, uic },
        _ => return rest.expected("the stop time"),
    };
    out.append(&mut extra);
    out.push(Statement::Analysis(AnalysisCard { kind, span: i.whole() }));
    Ok((rest, ()))
}

/// HSPICE's sweep of an analysis, as a step of the whole deck.
fn sweep<'a>(i: Text<'a>, out: &mut Vec<Statement>) -> Parsed<'a, ()> {
    let (i, ()) = blanks(i)?;
    if let Ok((after, key)) = key_equals(i)
        && key.text == "monte"
    {
        let (after, runs) = value(POSITIONAL)(after)?;
        out.push(Statement::MonteCarlo(MonteCarloCard { runs, params: Vec::new(), span: i.span_to(&after) }));
        return Ok((after, ()));
    }
    let (rest, spec) = sweep_spec(i)?;
    out.push(Statement::Step(StepCard { sweeps: vec![spec], span: i.span_to(&rest) }));
    Ok((rest, ()))
}

/// `.dc`.
pub(super) fn dc<'a>(i: Text<'a>, out: &mut Vec<Statement>) -> Parsed<'a, ()> {
    let mut sweeps = Vec::new();
    let mut extra = Vec::new();
    let (mut rest, ()) = gap(i)?;
    while !rest.rest.is_empty() {
        if let Ok((after, _)) = keyword("sweep")(rest) {
            (rest, ()) = sweep(after, &mut extra)?;
        } else {
            let (after, spec) = sweep_spec(rest)?;
            sweeps.push(spec);
            rest = after;
        }
        (rest, ()) = gap(rest)?;
    }
    if sweeps.is_empty() {
        return rest.expected("a source or parameter to sweep");
    }
    out.append(&mut extra);
    out.push(Statement::Analysis(AnalysisCard { kind: AnalysisKind::Dc(sweeps), span: i.whole() }));
    Ok((rest, ()))
}

/// `.step`.
pub(super) fn step(i: Text) -> Parsed<StepCard> {
    let mut sweeps = Vec::new();
    let (mut rest, ()) = gap(i)?;
    while !rest.rest.is_empty() {
        let (after, spec) = sweep_spec(rest)?;
        sweeps.push(spec);
        (rest, ()) = gap(after)?;
    }
    if sweeps.is_empty() {
        return rest.expected("something to step");
    }
    Ok((rest, StepCard { sweeps, span: i.whole() }))
}

/// How points are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spread {
    Linear,
    Decade,
    Octave,
    List,
    /// HSPICE's counted list.
    Points,
}

fn spread(i: Text) -> Parsed<Spread> {
    let word = |text, spread| keyword(text).map(move |_| spread);
    alt((
        word("lin", Spread::Linear),
        word("dec", Spread::Decade),
        word("oct", Spread::Octave),
        word("list", Spread::List),
        word("poi", Spread::Points),
    ))
    .parse(i)
}

/// `spec` of the grammar.
pub(super) fn sweep_spec(i: Text) -> Parsed<SweepSpec> {
    if let Ok((rest, key)) = key_equals(i)
        && key.text == "data"
    {
        let (rest, table) = word_name(rest)?;
        let span = i.span_to(&rest);
        return Ok((rest, SweepSpec { target: SweepTarget::Data(table), values: SweepValues::Data, span }));
    }
    let (rest, before) = opt(spread).parse(i)?;
    let (rest, ()) = blanks(rest)?;
    let (rest, target) = target(rest)?;
    let (rest, ()) = gap(rest)?;
    let (rest, values) = sweep_values(rest, before)?;
    Ok((rest, SweepSpec { target, values, span: i.span_to(&rest) }))
}

fn sweep_values(i: Text, before: Option<Spread>) -> Parsed<SweepValues> {
    if let Ok((rest, key)) = key_equals(i)
        && key.text == "file"
    {
        let (rest, file) = file_name(rest)?;
        return Ok((rest, SweepValues::File(file)));
    }
    let (rest, after) = opt(spread).parse(i)?;
    let (rest, ()) = gap(rest)?;
    match (before, after) {
        (_, Some(Spread::List)) | (Some(Spread::List), None) => list(rest),
        (_, Some(Spread::Points)) => {
            let (rest, _) = value(POSITIONAL)(rest)?;
            list(gap(rest)?.0)
        }
        // behind the target the count comes first (HSPICE), before it the count comes last
        (_, Some(spread)) => {
            let (rest, (count, start, stop)) = triple(rest)?;
            if spread == Spread::Linear {
                return Ok((rest, SweepValues::Linear(start.clone(), stop.clone(), increment(count, start, stop))));
            }
            Ok((rest, spaced(spread, (start, stop, count))))
        }
        (Some(spread), None) => {
            let (rest, values) = triple(rest)?;
            Ok((rest, spaced(spread, values)))
        }
        (None, None) => {
            let (rest, (start, stop, step)) = triple(rest)?;
            Ok((rest, SweepValues::Linear(start, stop, step)))
        }
    }
}

fn spaced(spread: Spread, (start, stop, count): (Expr, Expr, Expr)) -> SweepValues {
    match spread {
        Spread::Decade => SweepValues::Decade(start, stop, count),
        Spread::Octave => SweepValues::Octave(start, stop, count),
        _ => SweepValues::Linear(start, stop, count),
    }
}

/// (stop - start) / (count - 1) as an expression.
fn increment(count: Expr, start: Expr, stop: Expr) -> Expr {
    use super::ast::BinaryOp::{Div, Sub};
    let span = count.span;
    let expr = |kind| Expr { kind, span };
    let one = expr(ExprKind::Number(1.0));
    let range = expr(ExprKind::Binary(Sub, stop.into(), start.into()));
    let steps = expr(ExprKind::Binary(Sub, count.into(), one.into()));
    expr(ExprKind::Binary(Div, range.into(), steps.into()))
}

fn triple(i: Text) -> Parsed<(Expr, Expr, Expr)> {
    let one = |i| {
        let (i, ()) = gap(i)?;
        if at_end(i) { i.expected("start, stop and increment") } else { value(POSITIONAL)(i) }
    };
    let (i, a) = one(i)?;
    let (i, b) = one(i)?;
    let (i, c) = one(i)?;
    Ok((i, (a, b, c)))
}

fn list(i: Text) -> Parsed<SweepValues> {
    let mut values = Vec::new();
    let mut i = i;
    while starts_value(i) {
        let (rest, expr) = value(POSITIONAL)(i)?;
        values.push(expr);
        (i, ()) = gap(rest)?;
    }
    if values.is_empty() { i.expected("values") } else { Ok((i, SweepValues::List(values))) }
}

fn target(i: Text) -> Parsed<SweepTarget> {
    if at_end(i) {
        return i.expected("a source, device or parameter");
    }
    if i.starts_with("@") {
        let (rest, expr) = expression(POSITIONAL)(i)?;
        return match expr.kind {
            ExprKind::Field(device, field) => Ok((rest, SweepTarget::Field(device, field))),
            _ => i.expected("@device[parameter]"),
        };
    }
    if let Ok((rest, _)) = keyword("param")(i) {
        let (rest, ()) = blanks(rest)?;
        let (rest, name) = ident_name(rest)?;
        return Ok((rest, SweepTarget::Param(name)));
    }
    let (rest, found) = node(i)?;
    let name = i.name_to(&rest);
    if let Ok((after, (model, parameter))) = model_parameter(rest) {
        return Ok((after, SweepTarget::ModelField(name, model, parameter)));
    }
    if let Some((device, _)) = found.name.rsplit_once(':') {
        let colon = i.skip(i.rest[..].find(':').unwrap_or(0));
        let field = colon.skip(1);
        let device_name = super::ast::Name { text: device.to_owned(), span: i.span_to(&colon) };
        return Ok((rest, SweepTarget::Field(device_name, field.name_to(&rest))));
    }
    if rest.starts_with("(") {
        let (after, parameter) = parenthesised_name(rest)?;
        return Ok((after, SweepTarget::Field(name, parameter)));
    }
    Ok((rest, SweepTarget::Name(name)))
}

fn model_parameter(i: Text) -> Parsed<(super::ast::Name, super::ast::Name)> {
    let (i, ()) = blanks(i)?;
    let (i, model) = word_name(i)?;
    let (i, parameter) = parenthesised_name(i)?;
    Ok((i, (model, parameter)))
}

fn parenthesised_name(i: Text) -> Parsed<super::ast::Name> {
    let (i, _) = mark("(")(i)?;
    let (i, ()) = blanks(i)?;
    let (i, name) = ident_name(i)?;
    let (i, _) = mark(")")(i)?;
    Ok((i, name))
}

/// `.tf output source`.
pub(super) fn tf(i: Text) -> Parsed<AnalysisCard> {
    let (rest, ()) = blanks(i)?;
    let (rest, output) = expression(POSITIONAL)(rest)?;
    let (rest, ()) = gap(rest)?;
    if at_end(rest) {
        return rest.expected("the input source");
    }
    let (rest, input) = word_name(rest)?;
    Ok((rest, AnalysisCard { kind: AnalysisKind::Tf { output, input }, span: i.whole() }))
}

/// `.mc N ..`.
pub(super) fn monte_carlo(i: Text) -> Parsed<MonteCarloCard> {
    let (rest, ()) = blanks(i)?;
    let (rest, runs) = value(POSITIONAL)(rest)?;
    let (rest, params) = assigns(Rules::new(Spacing::Loose))(rest)?;
    Ok((rest, MonteCarloCard { runs, params, span: i.whole() }))
}

/// `=` or nothing, for the callers outside.
pub(super) fn optional_equals(i: Text) -> Parsed<()> {
    let (i, _) = opt(equals).parse(i)?;
    blanks(i)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlist::{ReadOptions, parse_text};

    fn statements(line: &str) -> Vec<Statement> {
        let (deck, diagnostics) = parse_text("t", &format!("title\n{line}\n"), &ReadOptions::default());
        assert!(!crate::diag::has_errors(&diagnostics), "{line} {diagnostics:?}");
        deck.body
    }

    fn show(spec: &SweepSpec) -> String {
        let target = match &spec.target {
            SweepTarget::Name(n) => n.text.clone(),
            SweepTarget::Param(n) => format!("param {}", n.text),
            SweepTarget::Field(d, f) => format!("{}:{}", d.text, f.text),
            SweepTarget::ModelField(t, m, p) => format!("{} {}({})", t.text, m.text, p.text),
            SweepTarget::Data(t) => format!("data {}", t.text),
        };
        let values = match &spec.values {
            SweepValues::Linear(a, b, c) => format!("lin {a} {b} {c}"),
            SweepValues::Decade(a, b, c) => format!("dec {a} {b} {c}"),
            SweepValues::Octave(a, b, c) => format!("oct {a} {b} {c}"),
            SweepValues::List(l) => format!("list{}", l.iter().map(|e| format!(" {e}")).collect::<String>()),
            SweepValues::File(f) => format!("file {}", f.path),
            SweepValues::Data => String::new(),
        };
        format!("{target} {values}").trim().to_owned()
    }

    fn sweeps(line: &str) -> Vec<String> {
        match &statements(line)[0] {
            Statement::Step(card) => card.sweeps.iter().map(show).collect(),
            Statement::Analysis(AnalysisCard { kind: AnalysisKind::Dc(list), .. }) => list.iter().map(show).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn sweeps_of_every_program() {
        for (line, expected) in [
            (".dc v1 0 1 0.1", vec!["v1 lin 0.0 1.0 0.1"]),
            (".dc v1 0 1 .1 temp -40 85 25", vec!["v1 lin 0.0 1.0 0.1", "temp lin (-40.0) 85.0 25.0"]),
            (".dc dec v1 1 100 5", vec!["v1 dec 1.0 100.0 5.0"]),
            (".dc v1 dec 5 1 100", vec!["v1 dec 1.0 100.0 5.0"]),
            (".dc v1 list 1 2 3 v2 0 1 1", vec!["v1 list 1.0 2.0 3.0", "v2 lin 0.0 1.0 1.0"]),
            (".dc v1 poi 2 1 2", vec!["v1 list 1.0 2.0"]),
            (".dc v1 lin 5 0 1", vec!["v1 lin 0.0 1.0 ((1.0 - 0.0) / (5.0 - 1.0))"]),
            (".dc data=tab", vec!["data tab"]),
            (".step param rl 1k 2k 500", vec!["param rl lin 1000.0 2000.0 500.0"]),
            (".step oct v1 1 20 5", vec!["v1 oct 1.0 20.0 5.0"]),
            (".step dec param rl 1 100 3", vec!["param rl dec 1.0 100.0 3.0"]),
            (".step R1:R list 1 2", vec!["r1:r list 1.0 2.0"]),
            (".step @x1.r1[r] list 1 2", vec!["x1.r1:r list 1.0 2.0"]),
            (".step NPN 2N2222(VAF) 50 100 25", vec!["npn 2n2222(vaf) lin 50.0 100.0 25.0"]),
            (".step temp list -40 25", vec!["temp list (-40.0) 25.0"]),
            (".step param x file=\"My.txt\"", vec!["param x file My.txt"]),
            (".step data = tab", vec!["data tab"]),
            (".step x list 1k,{a+b},'c'", vec!["x list 1000.0 (a + b) c"]),
        ] {
            assert_eq!(sweeps(line), expected, "{line}");
        }
    }

    #[test]
    fn transients() {
        let show = |line: &str| {
            let text = |e: &Option<Expr>| e.as_ref().map_or("-".into(), ToString::to_string);
            match statements(line).pop() {
                Some(Statement::Analysis(AnalysisCard {
                    kind: AnalysisKind::Tran { step, stop, start, max_step, uic },
                    ..
                })) => format!("{} {stop} {} {} {uic}", text(&step), text(&start), text(&max_step)),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(show(".tran 1n 1u"), "1e-9 1e-6 - - false");
        assert_eq!(show(".tran 10u"), "- 1e-5 - - false");
        assert_eq!(show(".tran 100us 3ms 0s"), "0.0001 0.003 0.0 - false");
        assert_eq!(show(".tran 1n {t*2} 0 tm uic"), "1e-9 (t * 2.0) 0.0 tm true");
        assert_eq!(show(".tran 1n 1u NOOP"), "1e-9 1e-6 - - true");
        assert_eq!(show(".tran 1n 1u START=5n"), "1e-9 1e-6 5e-9 - false");
        assert_eq!(show(".tran 1n 1u sweep monte=30"), "1e-9 1e-6 - - false");
        assert!(matches!(&statements(".tran 1n 1u sweep monte=30")[0], Statement::MonteCarlo(_)));
        assert!(matches!(&statements(".tran 1n 1u sweep data=t")[0], Statement::Step(_)));
    }

    #[test]
    fn the_other_cards() {
        assert!(matches!(&statements(".op")[0], Statement::Analysis(AnalysisCard { kind: AnalysisKind::Op, .. })));
        let Statement::Analysis(AnalysisCard { kind: AnalysisKind::Tf { output, input }, .. }) =
            &statements(".tf v(out, a) v1")[0]
        else {
            panic!()
        };
        assert_eq!((output.to_string().as_str(), input.text.as_str()), ("v(out, a)", "v1"));
        let Statement::MonteCarlo(card) = &statements(".mc 100 seed=7 sampling=lhs")[0] else { panic!() };
        assert_eq!((card.runs.to_string().as_str(), card.params.len()), ("100.0", 2));
    }
}
