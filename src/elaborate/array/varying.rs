//! Elements that differ from cell to cell, and making one of them in one cell.

use std::rc::Rc;

use super::super::assembly::{Assembly, Placed};
use super::super::element::{Form, form_of};
use super::super::model::Kind;
use super::super::scope::Scope;
use super::super::source::Times;
use super::shorts::{is_short, sole_short};
use super::spec::Spec;
use crate::device::DeviceGroup;
use crate::diag::Diagnostic;
use crate::netlist::ast::{Element, ElementKind, Expr, ExprKind};

impl<'d> Assembly<'d> {
    /// Makes one element in a cell, into a group of its own; nothing else of the assembly changes.
    pub(super) fn make_in_cell(
        &mut self,
        k: usize,
        times: Times,
        kind: Kind,
        locals: &[u32],
        into: &mut dyn DeviceGroup,
    ) {
        let Some(making) = self.describe(k, times) else { return };
        let (line, frame) = (self.placed[k].line.clone(), Rc::clone(&self.placed[k].frame));
        let making = making.or_short(line.span);
        let card = making.kind.card();
        if is_short(making.kind) != is_short(kind) {
            self.error(sole_short(&self.placed[k]));
            return;
        }
        if !std::ptr::eq(card, kind.card()) {
            let message =
                format!("`{}` is a {} here and a {} in the first cell", line.name.text, card.doc, kind.card().doc);
            self.error(frame.scope.error("E-CELL", message, line.span));
            return;
        }
        self.placed[k].value = making.params.of(card, "value");
        if line.letter == 'r' && self.placed[k].value.is_some_and(|ohm| ohm < 0.0) {
            self.error(negative_resistance(&self.placed[k]));
            return;
        }
        match making.params.check(card, &frame.scope, &line.name.text, line.span) {
            Ok(values) => {
                if let Err(error) = kind.add(into, locals, &values) {
                    let error = making.params.explain(card, &frame.scope, &line.name.text, line.span, &error);
                    self.error(error);
                }
            }
            Err(errors) => errors.into_iter().for_each(|e| self.error(e)),
        }
    }

    /// A resistor of a cell that is negative is data gone wrong: a sign, or an offset forgotten.
    pub(super) fn refuse_negative_resistors(&mut self) {
        let is_negative = |placed: &&Placed| placed.line.letter == 'r' && placed.value.is_some_and(|ohm| ohm < 0.0);
        let errors: Vec<Diagnostic> = self.placed.iter().filter(is_negative).map(negative_resistance).collect();
        errors.into_iter().for_each(|error| self.error(error));
    }

    /// Drops the evaluated models of a cell's own scope, which is about to go.
    pub(super) fn forget_models(&mut self, scope: &Scope<'d>) {
        for model in scope.definitions().models.values() {
            self.models.remove(&(std::ptr::from_ref(*model), scope.identity()));
        }
    }

    /// Elements whose values may differ from cell to cell: their text, or that of their model, is more than numbers.
    pub(super) fn varying_elements(&self, spec: &Spec<'d>) -> Vec<usize> {
        if spec.varying.is_empty() && !self.context.random {
            return Vec::new();
        }
        let inside = format!("{}.c", spec.name);
        let varies = |k: &usize| {
            let placed = &self.placed[*k];
            let mut open = mentions_names(&placed.line);
            if let Some(model) = model_of(&placed.line)
                && let Some((card, home)) = placed.frame.scope.model(model)
                && home.path().starts_with(&inside)
            {
                open |= card.params.iter().any(|p| !is_literal(&p.value));
            }
            // what lies deeper is built with values of its own
            open || placed.frame.scope.path() != inside
        };
        (0..self.placed.len()).filter(varies).collect()
    }

    /// Can the element be evaluated again on its own: a device of the cell itself that senses nothing?
    pub(super) fn is_plain(&self, spec: &Spec<'d>, k: usize) -> bool {
        let placed = &self.placed[k];
        let senses = matches!(
            placed.line.kind,
            ElementKind::VoltageSwitch { .. } | ElementKind::Controlled(_) | ElementKind::Coupling { .. }
        );
        !senses
            && placed.frame.scope.path() == format!("{}.c", spec.name)
            && form_of(&placed.line, &placed.frame) == Form::Device
            && placed.device.is_some()
    }
}

fn is_literal(expression: &Expr) -> bool {
    match &expression.kind {
        ExprKind::Number(_) | ExprKind::Text(_) => true,
        ExprKind::Unary(_, a) => is_literal(a),
        ExprKind::Binary(_, a, b) => is_literal(a) && is_literal(b),
        _ => false,
    }
}

/// Is anything on the line more than a number? The model's own parameters are not looked at.
fn mentions_names(line: &Element) -> bool {
    let open = |expression: &Option<Expr>| expression.as_ref().is_some_and(|e| !is_literal(e));
    line.params.iter().any(|p| !is_literal(&p.value))
        || match &line.kind {
            ElementKind::Passive { value, charge, .. } => open(value) || open(charge),
            ElementKind::Source { dc, wave, .. } => {
                open(dc) || wave.as_ref().is_some_and(|w| w.args.iter().any(|a| !is_literal(a)))
            }
            ElementKind::Modelled { area, .. } => open(area),
            ElementKind::VoltageSwitch { .. } | ElementKind::CurrentSwitch { .. } => false,
            ElementKind::Controlled(_) | ElementKind::Behavioural { .. } | ElementKind::Coupling { .. } => true,
            ElementKind::Instance { .. } => true,
        }
}

pub(super) fn model_of(line: &Element) -> Option<&str> {
    match &line.kind {
        ElementKind::Passive { model, .. }
        | ElementKind::VoltageSwitch { model, .. }
        | ElementKind::CurrentSwitch { model, .. }
        | ElementKind::Modelled { model, .. } => model.as_ref().map(|m| m.text.as_str()),
        _ => None,
    }
}

fn negative_resistance(placed: &Placed) -> Diagnostic {
    let ohm = placed.value.unwrap_or(f64::NAN);
    let message = format!("the resistor `{}` of an array cell has {ohm} ohm", placed.name);
    let error = placed.frame.scope.error("E-RANGE", message, placed.line.span);
    error.help(
        "resistances of cells are positive: check signs, SCALE and OFFSET; a conductance below zero is a B source",
    )
}
