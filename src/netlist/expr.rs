//! Expressions.
//!
//! ```text
//! expr    = binary [ "?" expr ":" expr ]
//! binary  = unary { operator unary }                     left-associative at every level, powers too
//!           operators, weakest first:  || |    && &    == !=    < <= > >=    + -    * / %    ** ^
//! unary   = ( "-" | "+" | "!" | "~" ) unary-of-powers | primary         -2**2 is -(2**2)
//! primary = number | name | probe | field | file | call | "(" expr ")" | "{" expr "}" | "'" expr "'" | '"' expr '"'
//! probe   = ( v | i | p | w | n ) "(" node { "," node } ")"
//! field   = "@" device "[" name "]" | device ":" name     the second in output cards only
//! file    = FILE "(" text { SCALE "=" expr | OFFSET "=" expr | TRANSPOSE } ")"
//! call    = name "(" [ expr { "," expr } ] ")" | par "(" expr ")"
//! ```
//!
//! Blanks: free inside braces, quotes and parentheses. Outside, [`Spacing`] tells whether a blank ends the expression.
//! A closing parenthesis missing at the end is forgiven with a warning. Trees are bounded in nesting and in height, so
//! that no later recursion over them can overflow.

use nom::Parser;
use nom::branch::alt;

use super::ast::{BinaryOp, Dialect, Expr, ExprKind, UnaryOp};
use super::primary;
use super::text::{Parsed, Text};
use super::token::blanks;
use crate::diag::{Diagnostic, Span};

/// Deepest nesting, and largest height of a tree (a sum of n terms has height n).
const DEEPEST: u16 = 200;
const HIGHEST: u16 = 1500;

/// Where blanks may stand in an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spacing {
    /// Anywhere: inside delimiters.
    Free,
    /// Around operators; the next operand ends it (`.param a = b + c d = 1`).
    Loose,
    /// As loose, but a `*` between blanks starts a comment (element lines).
    Remarked,
    /// A blank ends it (lists of values).
    Tight,
}

/// Which readings an expression allows besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A value.
    Value,
    /// An item of an output card: `dev:param`, `all`, buses and wildcards as bare words.
    Output,
}

/// What a bare `a` after a number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LetterA {
    /// Ampere: sources.
    Ampere,
    /// 1e-18: capacitances.
    Atto,
    /// Ampere, with a warning.
    Unclear,
}

/// The rules at one point of an expression.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub spacing: Spacing,
    pub place: Place,
    pub letter_a: LetterA,
    pub depth: u16,
}

impl Rules {
    pub const fn new(spacing: Spacing) -> Self {
        Self { spacing, place: Place::Value, letter_a: LetterA::Unclear, depth: 0 }
    }
    pub const fn letter_a(self, letter_a: LetterA) -> Self {
        Self { letter_a, ..self }
    }
    pub const fn place(self, place: Place) -> Self {
        Self { place, ..self }
    }
    /// The rules inside delimiters.
    pub fn inside(self) -> Self {
        Self { spacing: Spacing::Free, depth: self.depth + 1, ..self }
    }
    fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

/// An expression with the height of its tree.
pub(super) struct Tree {
    pub expr: Expr,
    pub height: u16,
}

impl Tree {
    pub fn leaf(kind: ExprKind, span: Span) -> Self {
        Self { expr: Expr { kind, span }, height: 1 }
    }
}

/// An expression.
pub(super) fn expression(rules: Rules) -> impl Fn(Text) -> Parsed<Expr> {
    move |i| {
        let (i, tree) = ternary(i, rules)?;
        Ok((i, tree.expr))
    }
}

/// `expr` of the grammar.
pub(super) fn ternary(i: Text, rules: Rules) -> Parsed<Tree> {
    if rules.depth > DEEPEST {
        return too_deep(i);
    }
    let (rest, condition) = binary(i, rules, 0)?;
    let Some(after) = operator_place(rest, rules).filter(|t| t.starts_with("?")) else { return Ok((rest, condition)) };
    let branch = Rules { place: Place::Value, ..rules.deeper() };
    let (rest, ()) = blanks(after.skip(1))?;
    let (rest, yes) = ternary(rest, branch)?;
    let (rest, ()) = blanks(rest)?;
    if !rest.starts_with(":") {
        return rest.expected("`:` of the conditional");
    }
    let (rest, ()) = blanks(rest.skip(1))?;
    let (rest, no) = ternary(rest, branch)?;
    let height = 1 + condition.height.max(yes.height).max(no.height);
    if height > HIGHEST {
        return too_deep(i);
    }
    let kind = ExprKind::Ternary(condition.expr.into(), yes.expr.into(), no.expr.into());
    Ok((rest, Tree { expr: Expr { kind, span: i.span_to(&rest) }, height }))
}

fn too_deep<T>(i: Text) -> Parsed<T> {
    i.fail("E-DEPTH", "expression too deep", "split it with .param or .func")
}

/// Where the next operator would stand; `None` when a blank ends the expression.
fn operator_place(i: Text, rules: Rules) -> Option<Text> {
    let next = i.trimmed();
    let blank = next.rest.len() < i.rest.len();
    match rules.spacing {
        Spacing::Tight if blank => None,
        Spacing::Remarked if blank && is_remark(next) => None,
        _ => Some(next),
    }
}

/// `* text` after a blank.
pub(super) fn is_remark(i: Text) -> bool {
    i.starts_with("*") && i.skip(1).peek().is_none_or(super::lexer::is_blank)
}

/// Operators with their binding power and length; longer spellings first.
fn operator(i: Text) -> Option<(BinaryOp, u8, usize)> {
    const TABLE: [(&str, BinaryOp, u8); 19] = [
        ("||", BinaryOp::Or, 1),
        ("|", BinaryOp::Or, 1),
        ("&&", BinaryOp::And, 2),
        ("&", BinaryOp::And, 2),
        ("==", BinaryOp::Eq, 3),
        ("!=", BinaryOp::Ne, 3),
        ("<>", BinaryOp::Ne, 3),
        ("<=", BinaryOp::Le, 4),
        (">=", BinaryOp::Ge, 4),
        ("<", BinaryOp::Lt, 4),
        (">", BinaryOp::Gt, 4),
        ("+", BinaryOp::Add, 5),
        ("-", BinaryOp::Sub, 5),
        ("**", BinaryOp::Pow, POWER),
        ("^", BinaryOp::Pow, POWER),
        ("*", BinaryOp::Mul, 6),
        ("/", BinaryOp::Div, 6),
        ("%", BinaryOp::Rem, 6),
        ("^^", BinaryOp::Xor, 3),
    ];
    let first = i.rest.as_bytes().first()?;
    if !b"|&=!<>+-*^/%".contains(first) {
        return None;
    }
    TABLE.iter().find(|(text, ..)| i.starts_with(text)).map(|(text, op, power)| (*op, *power, text.len()))
}

const POWER: u8 = 8;

fn binary(i: Text, rules: Rules, weakest: u8) -> Parsed<Tree> {
    let (mut rest, mut left) = unary(i, rules)?;
    let mut bare_power = false;
    while let Some(at) = operator_place(rest, rules) {
        let Some((op, power, len)) = operator(at).filter(|(_, power, _)| *power > weakest) else { break };
        let after = at.skip(len);
        if op == BinaryOp::Rem && rules.spacing != Spacing::Free && after.trimmed().rest.len() != after.rest.len()
            || op == BinaryOp::Rem && after.rest.is_empty()
        {
            return at.fail("E-NUM", "per cent is not a SPICE unit", "write 0.1 for 10%");
        }
        let (after, ()) = blanks(after)?;
        let (after, right) = binary(after, rules, power)?;
        let height = 1 + left.height.max(right.height);
        if height > HIGHEST {
            return too_deep(i);
        }
        let span = i.span_to(&after);
        if op == BinaryOp::Pow && bare_power {
            note_power_chain(i, span);
        }
        bare_power = op == BinaryOp::Pow;
        let op = if op == BinaryOp::Pow { power_or_xor(at, &left.expr, &right.expr) } else { op };
        let kind = ExprKind::Binary(op, left.expr.into(), right.expr.into());
        left = Tree { expr: Expr { kind, span }, height };
        rest = after;
    }
    Ok((rest, left))
}

fn note_power_chain(i: Text, span: Span) {
    let message = "a chain of powers is read from the left: a**b**c is (a**b)**c";
    i.context.note(
        Diagnostic::warning("W-POWCHAIN", message).at(span).help("add parentheses: other programs start at the right"),
    );
}

/// `^` is an exclusive or in LTspice and Xyce when both sides are relations, a power otherwise.
fn power_or_xor(at: Text, left: &Expr, right: &Expr) -> BinaryOp {
    let relation = |e: &Expr| {
        use BinaryOp::{And, Eq, Ge, Gt, Le, Lt, Ne, Or, Xor};
        matches!(&e.kind, ExprKind::Binary(Lt | Le | Gt | Ge | Eq | Ne | And | Or | Xor, ..))
    };
    let boolean = matches!(at.context.dialect, Dialect::Ltspice | Dialect::Xyce);
    if boolean && at.starts_with("^") && relation(left) && relation(right) { BinaryOp::Xor } else { BinaryOp::Pow }
}

fn unary(i: Text, rules: Rules) -> Parsed<Tree> {
    let op = match i.peek() {
        Some('-') => UnaryOp::Neg,
        Some('+') => UnaryOp::Plus,
        Some('!' | '~') => UnaryOp::Not,
        _ => return primary::primary(i, rules),
    };
    if rules.depth > DEEPEST {
        return too_deep(i);
    }
    let (rest, ()) = blanks(i.skip(1))?;
    let (rest, operand) = binary(rest, rules.deeper(), POWER - 1)?;
    let kind = ExprKind::Unary(op, operand.expr.into());
    Ok((rest, Tree { expr: Expr { kind, span: i.span_to(&rest) }, height: operand.height + 1 }))
}

/// `(..)`, `{..}`, `'..'`, `".."`: the inner expression keeps its own span.
pub(super) fn delimited(i: Text, rules: Rules) -> Parsed<Tree> {
    let close = match i.peek() {
        Some('(') => ")",
        Some('{') => "}",
        Some('\'') => "'",
        Some('"') => "\"",
        _ => return i.expected("an expression"),
    };
    let inside = Rules { place: Place::Value, ..rules.inside() };
    let (rest, ()) = blanks(i.skip(1))?;
    let (rest, mut tree) = ternary(rest, inside)?;
    let (rest, ()) = closing(rest, i, close)?;
    tree.expr.span = i.span_to(&rest);
    Ok((rest, tree))
}

/// The closing delimiter; a parenthesis or brace missing before the end or before an outer delimiter is forgiven.
pub(super) fn closing<'a>(i: Text<'a>, open: Text<'a>, close: &'static str) -> Parsed<'a, ()> {
    let rest = i.trimmed();
    if rest.starts_with(close) {
        return Ok((rest.skip(close.len()), ()));
    }
    let outer = rest.rest.is_empty() || (close == ")" && rest.rest.starts_with(['}', '\'', '"']));
    if outer && close != "'" && close != "\"" {
        let opened = open.span_to(&open.skip(1));
        let message = format!("closing `{close}` is missing");
        open.context.note(
            Diagnostic::warning("W-PAREN", message).at(opened).label("opened here").help(format!("add `{close}`")),
        );
        return Ok((rest, ()));
    }
    match close {
        ")" => alt((unexpected_comma, |i: Text<'a>| i.expected("an operator or `)`"))).parse(rest),
        "}" => rest.expected("an operator or `}`"),
        "'" => rest.expected("an operator or `'`"),
        _ => rest.expected("an operator or the closing quote"),
    }
}

fn unexpected_comma(i: Text) -> Parsed<()> {
    if i.starts_with(",") {
        return i.fail("E-SYNTAX", "a comma in a parenthesised expression", "only function arguments take commas");
    }
    i.expected("`,`")
}

#[cfg(test)]
mod tests {
    use crate::diag::Diagnostic;
    use crate::netlist::ast::{Dialect, Statement};
    use crate::netlist::{ReadOptions, parse_text};

    fn read(text: &str, dialect: Option<Dialect>) -> (String, Vec<Diagnostic>) {
        let options = ReadOptions { dialect, ..ReadOptions::default() };
        let (deck, diagnostics) = parse_text("t.cir", &format!("title\n.param q = {text}\n"), &options);
        let shown = deck.body.iter().find_map(|s| match s {
            Statement::Param(list) => Some(list[0].value.to_string()),
            _ => None,
        });
        (shown.unwrap_or_default(), diagnostics)
    }

    fn shown(text: &str) -> String {
        let (shown, diagnostics) = read(text, None);
        assert!(!crate::diag::has_errors(&diagnostics), "{text}: {diagnostics:?}");
        let (again, _) = read(&format!("{{{shown}}}"), None);
        assert_eq!(again, shown, "{text} does not survive being written out");
        shown
    }

    fn codes(text: &str) -> Vec<&'static str> {
        read(text, None).1.iter().map(|d| d.code).collect()
    }

    #[test]
    fn precedence_and_associativity() {
        assert_eq!(shown("1+2*3"), "(1.0 + (2.0 * 3.0))");
        assert_eq!(shown("{-2**2}"), "(-(2.0 ** 2.0))");
        assert_eq!(shown("2**-1"), "(2.0 ** (-1.0))");
        assert_eq!(shown("a-b-c"), "((a - b) - c)");
        assert_eq!(shown("'a || b && c == d < e + f'"), "(a || (b && (c == (d < (e + f)))))");
        assert_eq!(shown("a<1 & b>2 | !c"), "(((a < 1.0) && (b > 2.0)) || (!c))");
        assert_eq!(shown("{a ? b : c ? d : e}"), "(a ? b : (c ? d : e))");
        assert_eq!(shown("x*(x<=1)"), "(x * (x <= 1.0))");
        assert_eq!(shown("10%3"), "(10.0 % 3.0)");
        assert_eq!(shown("a*-b"), "(a * (-b))");
    }

    #[test]
    fn a_power_chain_goes_from_the_left_with_a_warning() {
        assert_eq!(shown("2**3**2"), "((2.0 ** 3.0) ** 2.0)");
        assert_eq!(codes("2**3**2"), ["W-POWCHAIN"]);
        assert_eq!(codes("2**(3**2)"), Vec::<&str>::new());
        assert_eq!(codes("(2^3)^2"), Vec::<&str>::new());
        assert_eq!(codes("a**2*b**2"), Vec::<&str>::new());
    }

    #[test]
    fn caret_is_exclusive_or_of_relations_in_ltspice_and_xyce_only() {
        for (dialect, text) in [
            (Dialect::Ngspice, "((a > b) ** (c > d))"),
            (Dialect::Ltspice, "((a > b) ^^ (c > d))"),
            (Dialect::Xyce, "((a > b) ^^ (c > d))"),
        ] {
            assert_eq!(read("(a>b)^(c>d)", Some(dialect)).0, text);
            assert_eq!(read("a^b", Some(dialect)).0, "(a ** b)");
        }
    }

    #[test]
    fn delimiters_nest_and_probes_tolerate_blanks() {
        assert_eq!(shown("'(v(a))?{f1(x)}:((b)?{c}:0)'"), "(v(a) ? f1(x) : (b ? c : 0.0))");
        assert_eq!(shown("{ V ( a , b ) - I( Rx ) }"), "(v(a, b) - i(rx))");
        assert_eq!(shown("{@x1.r1[i]*2}"), "(@x1.r1[i] * 2.0)");
        assert_eq!(shown("{@xa.c[3,5][x]+@xa.c[1].m1[g]}"), "(@xa.c_3_5[x] + @xa.c_1.m1[g])");
        assert_eq!(shown("\"a + b\""), "(a + b)");
        assert_eq!(shown("{v + i}"), "(v + i)");
        assert_eq!(shown("v(w[0:3])"), "v(w[0:3])");
        assert_eq!(shown("{v(xa.wl[3,5])}"), "v(xa.wl_3_5)");
        assert_eq!(shown("{table(x, 0, 1, 2, 3)}"), "table(x, 0.0, 1.0, 2.0, 3.0)");
        assert_eq!(shown("table(\"My.csv\")"), "table(\"My.csv\")");
        assert_eq!(shown("FILE(\"X.npy\" SCALE=1e3 OFFSET=-1 TRANSPOSE)"), {
            "FILE(\"X.npy\" SCALE=1000.0 OFFSET=(-1.0) TRANSPOSE)"
        });
        assert_eq!(shown("{rand()+agauss(1k, 100, 3)}"), "(rand() + agauss(1000.0, 100.0, 3.0))");
    }

    #[test]
    fn naked_expressions_end_before_the_next_assignment() {
        let (deck, diagnostics) =
            parse_text("t", "title\n.param a = b + c*2 d=-1 e ={x} f='y' g=1 , h=2\n", &ReadOptions::default());
        assert_eq!(diagnostics, []);
        let Statement::Param(list) = &deck.body[0] else { panic!() };
        let all: Vec<String> = list.iter().map(|p| format!("{}={}", p.name.text, p.value)).collect();
        assert_eq!(all, ["a=(b + (c * 2.0))", "d=(-1.0)", "e=x", "f=y", "g=1.0", "h=2.0"]);
    }

    #[test]
    fn faults_are_named_where_they_are() {
        for (text, code, at) in [
            ("{1 + }", "E-SYNTAX", "}"),
            ("{1 + * 2}", "E-SYNTAX", "*"),
            ("{(1, 2)}", "E-SYNTAX", ","),
            ("{a b}", "E-SYNTAX", "b"),
            ("{v()}", "E-SYNTAX", ")"),
            ("{4k7}", "E-NUM", "4k7"),
            ("1_000", "E-NUM", "1_000"),
            ("0x1F", "E-NUM", "0x1F"),
            ("1,000", "E-NUM", "1,000"),
            ("10%", "E-NUM", "%"),
            ("{FILE(\"a\" SCAL=2)}", "E-FILE-KEY", "SCAL"),
        ] {
            let (deck, diagnostics) = parse_text("t", &format!("title\n.param q = {text}\n"), &ReadOptions::default());
            assert_eq!(diagnostics.len(), 1, "{text}: {diagnostics:?}");
            assert_eq!(diagnostics[0].code, code, "{text}: {diagnostics:?}");
            assert_eq!(deck.sources.text(diagnostics[0].span.unwrap()), at, "{text}");
            assert!(diagnostics[0].help.is_some());
        }
    }

    #[test]
    fn a_missing_parenthesis_at_the_end_is_forgiven() {
        assert_eq!(shown("{(a+b*(c+d}"), "(a + (b * (c + d)))");
        assert_eq!(codes("{(a+b}"), ["W-PAREN"]);
        assert_eq!(codes("f(a"), ["W-PAREN"]);
    }

    #[test]
    fn depth_and_height_are_bounded() {
        let nested = |n| format!("{}1{}", "(".repeat(n), ")".repeat(n));
        assert_eq!(codes(&nested(150)), Vec::<&str>::new());
        assert_eq!(codes(&nested(5000)), ["E-DEPTH"]);
        assert_eq!(codes(&format!("{{{}1}}", "-".repeat(5000))), ["E-DEPTH"]);
        assert_eq!(codes(&format!("{{{}0}}", "a?b:".repeat(5000))), ["E-DEPTH"]);
        assert_eq!(codes(&"f(".repeat(5000)), ["E-DEPTH"]);
        assert_eq!(codes(&vec!["x"; 1000].join("+")), Vec::<&str>::new());
        assert_eq!(codes(&vec!["x"; 100_000].join("+")), ["E-DEPTH"]);
    }

    #[test]
    fn numbers_that_programs_read_differently_are_noted() {
        assert_eq!(shown("4k7"), "4700.0");
        assert_eq!(codes("4k7"), ["N-NUM"]);
        assert_eq!(codes("1x"), ["N-NUM"]);
        assert_eq!(read("1x", Some(Dialect::Ltspice)).0, "1.0");
        assert_eq!(codes("1a"), ["W-ATTO"]);
        assert_eq!(codes("25°C"), Vec::<&str>::new());
    }
}
