//! Subcircuits that no instance uses: nothing in them is evaluated, but a name that is defined nowhere is told.

use std::collections::HashSet;

use super::scope::Scope;
use super::{compile, model};
use crate::diag::Diagnostic;
use crate::netlist::ast::{Element, ElementKind, Expr, ExprKind, Name, Statement, Subckt};

/// One warning for each unused subcircuit that refers to something undefined.
pub(super) fn warnings(scope: &Scope<'_>, opened: &HashSet<*const Subckt>) -> Vec<Diagnostic> {
    let mut unused: Vec<&Subckt> = scope.definitions().subckts.values().copied().collect();
    unused.retain(|subckt| !opened.contains(&std::ptr::from_ref(*subckt)));
    unused.sort_by_key(|subckt| (subckt.name.span.source, subckt.name.span.start));
    unused.into_iter().filter_map(|subckt| warning(scope, subckt)).collect()
}

fn warning(scope: &Scope<'_>, subckt: &Subckt) -> Option<Diagnostic> {
    let mut local = Local::default();
    local.gather(&subckt.body);
    let mut missing = Vec::new();
    local.parameters.extend(subckt.params.iter().map(|p| p.name.text.as_str()));
    elements(&subckt.body, &mut |element| missing.extend(local.undefined(scope, element)));
    let mut calculated: Vec<&Expr> = subckt.params.iter().map(|p| &p.value).collect();
    parameters(&subckt.body, &mut |value| calculated.push(value));
    elements(&subckt.body, &mut |element| calculated.extend(element.expressions()));
    calculated.into_iter().for_each(|e| missing.extend(local.undefined_parameters(scope, e)));
    let (_, first) = missing.first()?;
    let mut list: Vec<String> = Vec::new();
    for (what, name) in &missing {
        let text = format!("{what} `{}`", name.text);
        if !list.contains(&text) {
            list.push(text);
        }
    }
    let message = format!(
        "the subcircuit `{}`, which nothing uses, needs what is not defined: {}",
        subckt.name.text,
        list.join(", ")
    );
    let warning = Diagnostic::warning("W-UNUSED", message).at(first.span);
    Some(warning.help("define it before the subcircuit is used, or take the subcircuit out"))
}

/// What a body defines itself.
#[derive(Default)]
struct Local<'d> {
    parameters: HashSet<&'d str>,
    subckts: HashSet<&'d str>,
    models: HashSet<&'d str>,
}

impl<'d> Local<'d> {
    fn gather(&mut self, body: &'d [Statement]) {
        for statement in body {
            match statement {
                Statement::Subckt(subckt) => {
                    self.subckts.insert(&subckt.name.text);
                    self.parameters.extend(subckt.params.iter().map(|p| p.name.text.as_str()));
                    self.gather(&subckt.body);
                }
                Statement::Xbar(card) => {
                    self.subckts.insert(&card.name.text);
                }
                Statement::Param(assigns) => self.parameters.extend(assigns.iter().map(|a| a.name.text.as_str())),
                Statement::Model(model) => {
                    self.models.insert(&model.name.text);
                }
                Statement::If(block) => {
                    block.branches.iter().for_each(|(_, body)| self.gather(body));
                    self.gather(&block.otherwise);
                }
                _ => {}
            }
        }
    }

    fn undefined(&self, scope: &Scope<'_>, element: &Element) -> Option<(&'static str, Name)> {
        let model = match &element.kind {
            ElementKind::Instance { definition } => {
                let name = definition.as_ref()?;
                let known = self.subckts.contains(name.text.as_str())
                    || scope.subckt(&name.text).is_some()
                    || scope.xbar(&name.text).is_some();
                return (!known).then(|| ("the subcircuit", name.clone()));
            }
            ElementKind::Modelled { model, .. }
            | ElementKind::Passive { model, .. }
            | ElementKind::VoltageSwitch { model, .. }
            | ElementKind::CurrentSwitch { model, .. } => model.as_ref()?,
            _ => return None,
        };
        let known = self.models.contains(model.text.as_str())
            || scope.model(&model.text).is_some()
            || model::kind_of(&model.text).is_some();
        (!known).then(|| ("the model", model.clone()))
    }

    /// Names in a calculation that no parameter has. A bare word may stand for many things (`ic=off`, a kind of window)
    /// and is left alone, unless braces or quotes make it a calculation.
    fn undefined_parameters(&self, scope: &Scope<'_>, expression: &Expr) -> Vec<(&'static str, Name)> {
        let text = scope.context().deck.sources.text(expression.span);
        if matches!(expression.kind, ExprKind::Name(_)) && !text.starts_with(['{', '\'']) {
            return Vec::new();
        }
        let mut missing = Vec::new();
        expression.each(&mut |e| {
            let ExprKind::Name(name) = &e.kind else { return };
            let known = self.parameters.contains(name.as_str())
                || scope.parameter(name).is_some()
                || compile::is_constant(scope, name)
                || matches!(name.as_str(), "time" | "hertz");
            if !known {
                missing.push(("the parameter", Name { text: name.clone(), span: e.span }));
            }
        });
        missing
    }
}

/// Visits the values of the `.param` cards of a body and of inner bodies.
fn parameters<'d>(body: &'d [Statement], visit: &mut dyn FnMut(&'d Expr)) {
    for statement in body {
        match statement {
            Statement::Param(assigns) => assigns.iter().for_each(|a| visit(&a.value)),
            Statement::Subckt(subckt) => parameters(&subckt.body, visit),
            Statement::If(block) => {
                block.branches.iter().for_each(|(_, body)| parameters(body, visit));
                parameters(&block.otherwise, visit);
            }
            _ => {}
        }
    }
}

/// Visits the elements of a body, those of all branches and of inner subcircuits too.
fn elements<'d>(body: &'d [Statement], visit: &mut dyn FnMut(&'d Element)) {
    for statement in body {
        match statement {
            Statement::Element(element) => visit(element),
            Statement::Subckt(subckt) => elements(&subckt.body, visit),
            Statement::If(block) => {
                block.branches.iter().for_each(|(_, body)| elements(body, visit));
                elements(&block.otherwise, visit);
            }
            _ => {}
        }
    }
}
