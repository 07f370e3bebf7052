//! Subcircuits that no instance uses: nothing in them is evaluated, but a name that is defined nowhere is told.

use std::collections::HashSet;

use super::model;
use super::scope::Scope;
use crate::diag::Diagnostic;
use crate::netlist::ast::{Element, ElementKind, Name, Statement, Subckt};

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
    elements(&subckt.body, &mut |element| missing.extend(local.undefined(scope, element)));
    let (_, first) = missing.first()?;
    let mut list: Vec<String> = missing.iter().map(|(what, name)| format!("{what} `{}`", name.text)).collect();
    list.dedup();
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
    subckts: HashSet<&'d str>,
    models: HashSet<&'d str>,
}

impl<'d> Local<'d> {
    fn gather(&mut self, body: &'d [Statement]) {
        for statement in body {
            match statement {
                Statement::Subckt(subckt) => {
                    self.subckts.insert(&subckt.name.text);
                    self.gather(&subckt.body);
                }
                Statement::Xbar(card) => {
                    self.subckts.insert(&card.name.text);
                }
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

    fn undefined<'e>(&self, scope: &Scope<'_>, element: &'e Element) -> Option<(&'static str, &'e Name)> {
        let model = match &element.kind {
            ElementKind::Instance { definition } => {
                let name = definition.as_ref()?;
                let known = self.subckts.contains(name.text.as_str())
                    || scope.subckt(&name.text).is_some()
                    || scope.xbar(&name.text).is_some();
                return (!known).then_some(("the subcircuit", name));
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
        (!known).then_some(("the model", model))
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
