//! Device parameters of cells as formulas of the per-cell values.
//!
//! The cell is built once, with the values of the first cell. Where nothing but numbers differs from cell to cell, each
//! parameter of a device is a formula of those values, through all instances and `.param`s in between; evaluating it
//! for every cell costs no scope, no name and no path. What no formula can say (`.if` blocks that depend on the values,
//! behavioural elements, waveforms, random functions inside the cell) is left to cells built one by one.

use std::rc::Rc;

use super::super::assembly::{Assembly, Frame};
use super::super::element::{Form, form_of};
use super::super::flatten;
use super::super::functions;
use super::super::model;
use super::super::scope::Scope;
use super::super::slots::{Constants, Slots, Varying};
use super::spec::Spec;
use crate::device::Card;
use crate::device::card::{Param, ParamKind};
use crate::diag::Diagnostic;
use crate::netlist::ast::{Assign, ElementKind, Expr, ExprKind, Name, NodeRef};
use crate::numeric::formula::{Formula, FormulaBuilder, NodeIndex};

/// An element whose device differs from cell to cell in some numbers.
pub(super) struct Differing {
    /// Index among the placed elements of the template.
    pub placed: usize,
    /// Parameters of the card with their formulas; slot k is the k-th varying value of the array.
    pub params: Vec<(&'static str, Formula)>,
}

/// The scopes of one cell, in which parameters vary.
struct Inside<'a, 'd> {
    spec: &'a Spec<'d>,
    frames: &'a [Rc<Frame<'d>>],
    random: bool,
}

impl Differing {
    /// The parameter, when it is nothing but the value of an element, which may change without making it again.
    pub fn value_only(&self, card: &Card) -> Option<&'static Param> {
        let [(name, _)] = self.params.as_slice() else { return None };
        let plain = card.params.iter().all(|p| p.kind != ParamKind::Wave);
        card.param("value").filter(|value| plain && value.name == *name)
    }
}

impl<'d> Inside<'_, 'd> {
    fn frame(&self, scope: &Scope<'d>) -> Option<&Rc<Frame<'d>>> {
        self.frames.iter().find(|frame| frame.scope.identity() == scope.identity())
    }

    /// The expression as a formula of the varying values; `None` when there is none.
    fn formula(&mut self, scope: &Scope<'d>, expression: &Expr) -> Option<Formula> {
        scope.compile(expression, self).ok()
    }

    fn is_constant(&mut self, scope: &Scope<'d>, expression: &Expr) -> bool {
        self.formula(scope, expression).is_some_and(|f| f.is_constant().is_some())
    }

    /// Is every name of the expression constant, and every function one that has no names of its own?
    fn mentions_constants(&mut self, scope: &Scope<'d>, expression: &Expr) -> bool {
        match &expression.kind {
            ExprKind::Name(name) => {
                // names that are no parameters are the run's own affair
                scope.parameter(name).is_none() || self.is_constant(scope, expression)
            }
            ExprKind::Unary(_, a) => self.mentions_constants(scope, a),
            ExprKind::Binary(_, a, b) => self.mentions_constants(scope, a) && self.mentions_constants(scope, b),
            ExprKind::Ternary(c, a, b) => [c, a, b].into_iter().all(|e| self.mentions_constants(scope, e)),
            ExprKind::Call(name, arguments) => {
                let foreign = match scope.function(&name.text) {
                    Some((_, home)) => self.frame(home).is_none(),
                    None => true,
                };
                let still = !self.random || !functions::is_random(&name.text, scope.context().deck.dialect);
                foreign && still && arguments.iter().all(|e| self.mentions_constants(scope, e))
            }
            _ => true,
        }
    }
}

impl<'d> Slots<'d> for Inside<'_, 'd> {
    fn probe(&mut self, builder: &mut FormulaBuilder, word: &Name, nodes: &[NodeRef]) -> Result<NodeIndex, Diagnostic> {
        Constants.probe(builder, word, nodes)
    }

    fn field(&mut self, builder: &mut FormulaBuilder, device: &Name, field: &Name) -> Result<NodeIndex, Diagnostic> {
        Constants.field(builder, device, field)
    }

    fn variable(&mut self, _: &mut FormulaBuilder, _: &str) -> Option<NodeIndex> {
        None
    }

    fn parameter(&mut self, scope: &Scope<'d>, name: &str) -> Option<Varying<'d>> {
        let home =
            std::iter::successors(Some(scope), |s| s.parent()).find(|s| s.definitions().place(name).is_some())?;
        let frame = self.frame(home)?;
        let given: Option<(&Assign, &Scope<'d>)> = match (&frame.line, &frame.caller) {
            (Some(line), Some(caller)) => {
                line.params.iter().rev().find(|assign| assign.name.text == name).map(|assign| (assign, &caller.scope))
            }
            _ => {
                if let Some(slot) = self.spec.varying.iter().rposition(|(varying, _)| varying == name) {
                    return Some(Varying::Slot(slot as u32));
                }
                if self.spec.shared.iter().any(|(shared, _)| shared == name) {
                    return None;
                }
                None
            }
        };
        if let Some((assign, outer)) = given {
            return Some(Varying::Text(Rc::new(assign.value.clone()), outer.clone()));
        }
        let place = home.definitions().place(name)?;
        let own = home.definitions().parameters()[place].value;
        Some(Varying::Text(Rc::new(own.clone()), home.clone()))
    }

    fn draws(&self) -> bool {
        !self.random
    }
}

impl<'d> Assembly<'d> {
    /// What differs from cell to cell, as formulas; `frames` are all bodies of the template. `None` when formulas do not
    /// say it.
    pub(super) fn differing(&self, spec: &Spec<'d>, frames: &[Rc<Frame<'d>>]) -> Option<Vec<Differing>> {
        if spec.varying.is_empty() && !self.context.random {
            return Some(Vec::new());
        }
        let mut inside = Inside { spec, frames, random: self.context.random };
        if !frames.iter().all(|frame| same_body(&mut inside, frame)) {
            return None;
        }
        let mut differing = Vec::new();
        for (k, placed) in self.placed.iter().enumerate() {
            if form_of(&placed.line, &placed.frame) != Form::Device {
                let mut expressions = placed.line.expressions().into_iter();
                if !expressions.all(|e| inside.mentions_constants(&placed.frame.scope, e)) {
                    return None;
                }
                continue;
            }
            let params = self.open_params(&mut inside, k)?;
            if !params.is_empty() {
                placed.device?;
                differing.push(Differing { placed: k, params });
            }
        }
        let coupled = self.placed.iter().any(|p| matches!(p.line.kind, ElementKind::Coupling { .. }));
        (differing.is_empty() || !coupled).then_some(differing)
    }

    /// The parameters of a device that differ from cell to cell, line and model together; `None` when formulas do not say
    /// it.
    fn open_params(&self, inside: &mut Inside<'_, 'd>, k: usize) -> Option<Vec<(&'static str, Formula)>> {
        let placed = &self.placed[k];
        let (line, scope) = (&placed.line, &placed.frame.scope);
        let card = self.builder.kind_of(placed.device?).card();
        let mut open: Vec<(&'static str, Formula)> = Vec::new();
        let mut add = |inside: &mut Inside<'_, 'd>, scope: &Scope<'d>, name: &str, value: &Expr| -> Option<()> {
            let Some(param) = card.param(name) else {
                // a resistor of 0 ohm is a short, which has no value
                return inside.is_constant(scope, value).then_some(());
            };
            let formula = inside.formula(scope, value)?;
            open.retain(|(name, _)| *name != param.name);
            open.push((param.name, formula));
            Some(())
        };
        if let Some((model, home)) = super::varying::model_of(line).and_then(|name| scope.model(name))
            && inside.frame(home).is_some()
        {
            let open = |assign: &Assign, inside: &mut Inside<'_, 'd>| {
                !takes_word(card, &assign.name.text) && !inside.is_constant(home, &assign.value)
            };
            let differs = model.params.iter().any(|assign| open(assign, inside));
            // a translated card has other parameters than it says
            let plain = model::kind_of(&model.kind.text).is_some_and(|kind| std::ptr::eq(kind.card(), card))
                && !model.params.iter().any(|assign| assign.name.text == "level");
            if differs && !plain {
                return None;
            }
            for assign in model.params.iter().filter(|_| differs) {
                let name = card.model_name(&assign.name.text);
                if card.param(name).is_some() && !takes_word(card, name) {
                    add(inside, home, name, &assign.value)?;
                }
            }
        }
        match &line.kind {
            ElementKind::Passive { value: Some(value), .. } => add(inside, scope, "value", value)?,
            ElementKind::Source { dc, wave, .. } => {
                if wave.is_some() && !line.expressions().into_iter().all(|e| inside.is_constant(scope, e)) {
                    return None;
                }
                if let Some(dc) = dc {
                    add(inside, scope, "value", dc)?;
                }
            }
            ElementKind::Controlled(_) if !line.expressions().into_iter().all(|e| inside.is_constant(scope, e)) => {
                return None;
            }
            ElementKind::Modelled { area: Some(area), .. } => add(inside, scope, "area", area)?,
            _ => {}
        }
        for assign in &line.params {
            let name = match assign.name.text.as_str() {
                "tc" if card.param("tc").is_none() => "tc1",
                other => other,
            };
            // a parallel count is multiplied with those of the instances around it
            let special = name == "m" || scales(card, name) && self.context.options.scale != 1.0;
            if special && !inside.is_constant(scope, &assign.value) {
                return None;
            }
            if !special && card.param(name).is_some() && !takes_word(card, name) {
                add(inside, scope, name, &assign.value)?;
            }
        }
        open.retain(|(_, formula)| formula.is_constant().is_none());
        Some(open)
    }
}

fn takes_word(card: &Card, name: &str) -> bool {
    card.param(name).is_some_and(model::takes_word)
}

/// Does `.options scale` act on the parameter?
fn scales(card: &Card, name: &str) -> bool {
    card.param(name).is_some_and(|p| p.unit == "m" && matches!(p.name, "l" | "w"))
}

/// Does the body have the same elements and the same parallel count in every cell?
fn same_body<'d>(inside: &mut Inside<'_, 'd>, frame: &Frame<'d>) -> bool {
    let body = frame.subckt.map_or(&[][..], |subckt| &subckt.body);
    if !flatten::conditions(body).into_iter().all(|condition| inside.is_constant(&frame.scope, condition)) {
        return false;
    }
    let (Some(line), Some(caller)) = (&frame.line, &frame.caller) else { return true };
    let count = |assign: &&Assign| assign.name.text == "m";
    line.params.iter().filter(count).all(|assign| inside.is_constant(&caller.scope, &assign.value))
}
