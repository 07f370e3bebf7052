//! What a flat deck cannot hold of one step point.
//!
//! A parameter has one value per step point and a cell of an array has its own line, so both are written as they were
//! drawn. A random function anywhere else is drawn once for each element, below one subcircuit that all instances share.

use crate::diag::{Diagnostic, Span};
use crate::elaborate::functions::{self, Builtin};
use crate::elaborate::scope::Scope;
use crate::netlist::ast::{Expr, ExprKind, Statement};
use crate::plan::{Overrides, SweepTarget};

/// One error for each.
pub(super) fn refusals(scope: &Scope<'_>, overrides: &Overrides) -> Vec<Diagnostic> {
    let mut errors: Vec<Diagnostic> = overrides.values.keys().filter_map(swept).collect();
    if overrides.run.is_some() {
        let mut calls = Vec::new();
        for statement in &scope.definitions().statements {
            outside_parameters(scope, statement, &mut calls);
        }
        for subckt in scope.definitions().subckts.values() {
            inside(scope, &subckt.body, &mut calls);
            subckt.params.iter().for_each(|p| random_calls(scope, &p.value, &mut calls));
        }
        calls.sort_by_key(|(_, span)| (span.source, span.start));
        calls.dedup();
        errors.extend(calls.into_iter().map(|(name, span)| {
            let message =
                format!("`{name}()` is drawn for each element here, which one line of a flat deck cannot hold");
            Diagnostic::error("E-EXPAND", message)
                .at(span)
                .help("draw it in a `.param` of the top level or in a parameter of the array")
        }));
    }
    errors
}

fn swept(target: &SweepTarget) -> Option<Diagnostic> {
    let (what, name) = match target {
        SweepTarget::Parameter(_) | SweepTarget::Temperature => return None,
        SweepTarget::Source(name) => ("source", name),
        SweepTarget::Device(name, _) => ("element", name),
        SweepTarget::Model(name, _) => ("model", name),
    };
    let message = format!("this step changes the {what} `{name}`, which is written with the value of its own line");
    Some(Diagnostic::error("E-EXPAND", message).help("step a parameter, and use it in that line"))
}

fn outside_parameters(scope: &Scope<'_>, statement: &Statement, calls: &mut Vec<(String, Span)>) {
    match statement {
        Statement::Element(element) => {
            element.expressions().into_iter().for_each(|e| random_calls(scope, e, calls));
        }
        Statement::Model(model) => model.params.iter().for_each(|p| random_calls(scope, &p.value, calls)),
        Statement::Ic(values) | Statement::Nodeset(values) => {
            values.iter().for_each(|v| random_calls(scope, &v.value, calls));
        }
        _ => {}
    }
}

fn inside(scope: &Scope<'_>, body: &[Statement], calls: &mut Vec<(String, Span)>) {
    for statement in body {
        match statement {
            Statement::Param(assigns) => assigns.iter().for_each(|a| random_calls(scope, &a.value, calls)),
            Statement::Subckt(subckt) => {
                subckt.params.iter().for_each(|p| random_calls(scope, &p.value, calls));
                inside(scope, &subckt.body, calls);
            }
            Statement::If(block) => {
                block.branches.iter().for_each(|(_, body)| inside(scope, body, calls));
                inside(scope, &block.otherwise, calls);
            }
            other => outside_parameters(scope, other, calls),
        }
    }
}

/// The random functions that an expression calls, itself or through functions of the deck.
fn random_calls(scope: &Scope<'_>, expression: &Expr, calls: &mut Vec<(String, Span)>) {
    expression.each(&mut |e| {
        let ExprKind::Call(name, _) = &e.kind else { return };
        if is_random(scope, &name.text, &mut Vec::new()) {
            calls.push((name.text.clone(), name.span));
        }
    });
}

fn is_random(scope: &Scope<'_>, name: &str, open: &mut Vec<String>) -> bool {
    let Some((function, home)) = scope.function(name) else {
        return matches!(functions::find(name, scope.context().deck.dialect), Some(Builtin::Random(_)));
    };
    if open.iter().any(|o| o == name) {
        return false;
    }
    open.push(name.to_string());
    let mut random = false;
    function.body.each(&mut |e| {
        if let ExprKind::Call(inner, _) = &e.kind {
            random |= is_random(home, &inner.text, open);
        }
    });
    open.pop();
    random
}
