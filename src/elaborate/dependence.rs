//! What an expression depends on, read off its text: the solution, time, the currents of elements.

use super::scope::Scope;
use crate::netlist::ast::{Expr, ExprKind, Func};

/// Does the expression depend on the solution or on time, itself or through the functions it calls?
#[must_use]
pub fn is_dynamic(scope: &Scope<'_>, expression: &Expr) -> bool {
    let mut dynamic = false;
    visit(scope, expression, &mut Vec::new(), &mut |scope, e| {
        dynamic |= match &e.kind {
            ExprKind::Probe(..) | ExprKind::Field(..) => true,
            ExprKind::Name(name) => matches!(name.as_str(), "time" | "hertz") && scope.parameter(name).is_none(),
            ExprKind::Call(name, _) => {
                matches!(name.text.as_str(), "ddt" | "idt" | "sdt") && scope.function(&name.text).is_none()
            }
            _ => false,
        };
    });
    dynamic
}

/// Visits the name of every element whose current the expression reads, itself or through the functions it calls.
pub(super) fn visit_currents(scope: &Scope<'_>, expression: &Expr, found: &mut dyn FnMut(&str)) {
    visit(scope, expression, &mut Vec::new(), &mut |_, e| match &e.kind {
        ExprKind::Probe(word, nodes) if matches!(word.text.as_str(), "i" | "p" | "w") => {
            nodes.iter().for_each(|n| found(&n.name));
        }
        ExprKind::Field(device, field) if field.text == "i" => found(&device.text),
        _ => {}
    });
}

/// Visits an expression and the bodies of the functions it calls, each body once per chain of calls.
fn visit(scope: &Scope<'_>, expression: &Expr, open: &mut Vec<*const Func>, see: &mut dyn FnMut(&Scope<'_>, &Expr)) {
    see(scope, expression);
    match &expression.kind {
        ExprKind::Unary(_, a) => visit(scope, a, open, see),
        ExprKind::Binary(_, a, b) => [a, b].into_iter().for_each(|e| visit(scope, e, open, see)),
        ExprKind::Ternary(c, a, b) => [c, a, b].into_iter().for_each(|e| visit(scope, e, open, see)),
        ExprKind::Call(name, arguments) => {
            arguments.iter().for_each(|e| visit(scope, e, open, see));
            if let Some((function, home)) = scope.function(&name.text)
                && !open.contains(&std::ptr::from_ref(function))
            {
                open.push(function);
                visit(home, &function.body, open, see);
                open.pop();
            }
        }
        _ => {}
    }
}
