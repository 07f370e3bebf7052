//! Expressions in the words of the other simulator.

use super::{Place, Target, Writer};
use crate::netlist::ast::{BinaryOp, Expr, ExprKind, Func, Name, NodeValue};

impl<'d> Writer<'d> {
    /// The text of an expression.
    pub(super) fn expression(&self, expression: &Expr) -> String {
        let mut copy = expression.clone();
        if self.target != Target::Own {
            translate(&mut copy, self.target);
        }
        copy.to_string()
    }

    /// A number as it is, anything else in braces.
    pub(super) fn braced(&self, expression: &Expr) -> String {
        match &expression.kind {
            ExprKind::Number(value) => format!("{value:?}"),
            ExprKind::Name(_)
            | ExprKind::Unary(..)
            | ExprKind::Binary(..)
            | ExprKind::Ternary(..)
            | ExprKind::Call(..) => {
                format!("{{{}}}", self.expression(expression))
            }
            _ => self.expression(expression),
        }
    }

    /// A value: the number at the top level, the expression inside a subcircuit.
    pub(super) fn number(&self, expression: &Expr, place: Place<'_, 'd>) -> String {
        if place.inside.is_empty()
            && let Ok(value) = self.frame.scope.number(expression)
        {
            return format!("{value:?}");
        }
        self.braced(expression)
    }

    pub(super) fn function(&mut self, function: &Func) {
        let formals: Vec<&str> = function.formals.iter().map(|f| f.text.as_str()).collect();
        let body = self.expression(&function.body);
        self.line(&format!(".func {}({}) {{{body}}}", function.name.text, formals.join(",")));
    }

    pub(super) fn node_values(&mut self, card: &str, values: &[NodeValue], place: Place<'_, 'd>) {
        for value in values {
            let volts = self.number(&value.value, place);
            self.line(&format!("{card} v({})={volts}", value.node.name));
        }
    }
}

/// Random functions at their nominal value, functions that not everybody has by others.
fn translate(expression: &mut Expr, target: Target) {
    match &mut expression.kind {
        ExprKind::Unary(_, a) => translate(a, target),
        ExprKind::Binary(op, a, b) => {
            translate(a, target);
            translate(b, target);
            if *op == BinaryOp::Rem && target == Target::Ngspice {
                expression.kind = remainder(a, b);
            }
        }
        ExprKind::Ternary(c, a, b) => {
            translate(c, target);
            translate(a, target);
            translate(b, target);
        }
        ExprKind::Call(name, arguments) => {
            arguments.iter_mut().for_each(|a| translate(a, target));
            if let Some(other) = translated(name, arguments, target) {
                expression.kind = other;
            }
        }
        _ => {}
    }
}

fn translated(name: &Name, arguments: &[Expr], target: Target) -> Option<ExprKind> {
    let call = |function: &str, arguments: Vec<Expr>| {
        ExprKind::Call(Name { text: function.to_string(), span: name.span }, arguments)
    };
    match (name.text.as_str(), arguments) {
        ("if" | "ternary_fcn", [c, a, b]) => {
            Some(ExprKind::Ternary(Box::new(c.clone()), Box::new(a.clone()), Box::new(b.clone())))
        }
        ("limit", [x, low, high]) => {
            let at_least = Expr { kind: call("max", vec![x.clone(), low.clone()]), span: x.span };
            Some(call("min", vec![at_least, high.clone()]))
        }
        // ngspice goes on in a straight line outside the table
        ("table", [x, first, .., last, _]) if target == Target::Ngspice => {
            let span = x.span;
            let at_least = Expr { kind: call("max", vec![x.clone(), first.clone()]), span };
            let inside = Expr { kind: call("min", vec![at_least, last.clone()]), span };
            Some(call("pwl", [&[inside], &arguments[1..]].concat()))
        }
        ("mod" | "fmod", [a, b]) if target == Target::Ngspice => Some(remainder(a, b)),
        ("rand" | "random", _) => Some(ExprKind::Number(0.5)),
        ("flat", _) | ("gauss", [_]) => Some(ExprKind::Number(0.0)),
        ("agauss" | "gauss" | "aunif" | "unif" | "mc" | "limit", [nominal, ..]) => Some(nominal.kind.clone()),
        _ => None,
    }
}

/// a - b sgn(a/b) floor(|a/b|): ngspice's sources know no remainder.
fn remainder(a: &Expr, b: &Expr) -> ExprKind {
    let span = a.span;
    let new = |kind| Expr { kind, span };
    let binary = |op, a: Expr, b: Expr| new(ExprKind::Binary(op, Box::new(a), Box::new(b)));
    let call = |name: &str, x: Expr| new(ExprKind::Call(Name { text: name.to_owned(), span }, vec![x]));
    let ratio = binary(BinaryOp::Div, a.clone(), b.clone());
    let whole = binary(BinaryOp::Mul, call("sgn", ratio.clone()), call("floor", call("abs", ratio)));
    binary(BinaryOp::Sub, a.clone(), binary(BinaryOp::Mul, b.clone(), whole)).kind
}
