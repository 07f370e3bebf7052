//! `--expand`: the deck as a flat netlist for another simulator, with the same node and element names.
//!
//! Arrays become R, C and X lines, buses are written out, values at the top level are evaluated (random functions at
//! what they were drawn to), native memristors and selectors become X lines on the subcircuits of their cards. Cards that
//! only this program knows stay behind as comments.

mod arrays;
mod cards;
mod drawn;
mod elements;
mod expressions;
mod reread;

use std::collections::BTreeSet;
use std::rc::Rc;

use super::assembly::{Assembly, Frame};
use super::source::Times;
use super::{Elaborator, bus, flatten, source};
use crate::diag::{Diagnostic, has_errors};
use crate::netlist::ast::{Element, ElementKind, Model, Statement, Subckt};
use crate::plan::{Overrides, SweepTarget};

/// Whom the text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// ngspice 39 and later.
    Ngspice,
    /// Xyce.
    Xyce,
    /// LTspice.
    Ltspice,
    /// This program itself: native devices stay native.
    Own,
}

/// Writes the whole deck at its nominal values.
///
/// # Errors
/// Everything that is wrong with the deck.
pub fn write(elaborator: &Elaborator, target: Target) -> Result<String, Vec<Diagnostic>> {
    write_at(elaborator, target, &Overrides::default())
}

/// Writes the whole deck at one step point: stepped parameters have their value there, random parameters and cells of
/// arrays what was drawn for them in that run.
///
/// # Errors
/// Everything that is wrong with the deck, and what a flat deck cannot hold: a step that changes more than parameters
/// and the temperature, random functions outside parameters and arrays.
pub fn write_at(elaborator: &Elaborator, target: Target, overrides: &Overrides) -> Result<String, Vec<Diagnostic>> {
    let (scope, mut diagnostics) = elaborator.open(overrides)?;
    let context = Rc::clone(scope.context());
    diagnostics.extend(scope.check());
    diagnostics.extend(drawn::refusals(&scope, overrides));
    let mut assembly = Assembly::new(&context, flatten::globals(&elaborator.deck().body));
    let top = Rc::new(Frame::top(scope.clone()));
    assembly.make_globals();
    assembly.place_body(&top);
    let times = source::times(&scope);
    let arrays = std::mem::take(&mut assembly.arrays);
    for array in &arrays {
        assembly.make_array(array, times);
    }
    assembly.make_all(times);
    assembly.apply_start_values();
    diagnostics.extend(assembly.take_errors());
    if has_errors(&diagnostics) {
        return Err(diagnostics);
    }
    let circuit = std::mem::take(&mut assembly.builder).finish();

    let mut writer = Writer {
        target,
        assembly,
        frame: top,
        times,
        text: String::new(),
        used: BTreeSet::new(),
        dropped: BTreeSet::new(),
        errors: Vec::new(),
    };
    writer.line(&format!("{} (expanded)", elaborator.deck().title.trim_start_matches('*').trim()));
    writer.definitions();
    for statement in scope.definitions().statements.clone() {
        writer.statement(statement);
    }
    for (array, placed) in arrays.iter().zip(&circuit.arrays) {
        writer.array(&circuit, placed, array);
    }
    writer.equivalents();
    writer.line(".end");
    if !writer.errors.is_empty() {
        return Err(writer.errors);
    }
    Ok(match target {
        Target::Own if !circuit.arrays.is_empty() => reread::without_lost_requests(elaborator, &writer.text),
        _ => writer.text,
    })
}

/// The text under construction.
struct Writer<'d> {
    target: Target,
    assembly: Assembly<'d>,
    /// The frame of the top level, in whose scope values are evaluated.
    frame: Rc<Frame<'d>>,
    times: Times,
    text: String,
    /// Keywords of native devices whose subcircuits are needed.
    used: BTreeSet<&'static str>,
    /// Measures left out, and with them those that use their results.
    dropped: BTreeSet<String>,
    errors: Vec<Diagnostic>,
}

/// Where a line stands: its values are numbers at the top level, expressions inside a subcircuit.
#[derive(Clone, Copy)]
struct Place<'a, 'd> {
    /// Subcircuits around the line, outermost first.
    inside: &'a [&'d Subckt],
}

impl<'d> Writer<'d> {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn comment(&mut self, span: crate::diag::Span) {
        let text = self.assembly.context.deck.sources.text(span).replace(['\n', '\r'], " ");
        self.line(&format!("* {text}"));
    }

    /// Parameters, functions, models and subcircuits of the top level.
    fn definitions(&mut self) {
        let scope = self.frame.scope.clone();
        let definitions = scope.definitions();
        for parameter in definitions.parameters() {
            if let Some(Ok(value)) = scope.parameter(&parameter.name.text) {
                self.line(&format!(".param {}={value:?}", parameter.name.text));
            }
        }
        let mut functions: Vec<_> = definitions.functions.values().copied().collect();
        functions.sort_by(|a, b| a.name.text.cmp(&b.name.text));
        functions.into_iter().for_each(|f| self.function(f));
        let mut models: Vec<&'d Model> = definitions.models.values().copied().collect();
        models.sort_by(|a, b| a.name.text.cmp(&b.name.text));
        models.into_iter().for_each(|m| self.model(m, Place { inside: &[] }));
        let mut subckts: Vec<&'d Subckt> = definitions.subckts.values().copied().collect();
        subckts.sort_by(|a, b| a.name.text.cmp(&b.name.text));
        subckts.into_iter().for_each(|s| self.subckt(s, &[]));
    }

    fn subckt(&mut self, subckt: &'d Subckt, outer: &[&'d Subckt]) {
        let ports: Vec<&str> = subckt.ports.iter().map(|p| p.text.as_str()).collect();
        let mut head = format!(".subckt {} {}", subckt.name.text, ports.join(" "));
        for param in &subckt.params {
            head.push_str(&format!(" {}={}", param.name.text, self.braced(&param.value)));
        }
        self.line(&head);
        let inside: Vec<&'d Subckt> = outer.iter().copied().chain([subckt]).collect();
        self.body(&subckt.body, &inside);
        self.line(&format!(".ends {}", subckt.name.text));
    }

    fn body(&mut self, body: &'d [Statement], inside: &[&'d Subckt]) {
        for statement in body {
            match statement {
                Statement::Param(assigns) => {
                    for assign in assigns {
                        let value = self.braced(&assign.value);
                        self.line(&format!(".param {}={value}", assign.name.text));
                    }
                }
                Statement::Func(function) => self.function(function),
                Statement::Model(model) => self.model(model, Place { inside }),
                Statement::Subckt(subckt) => self.subckt(subckt, inside),
                Statement::Element(element) => self.elements(element, Place { inside }),
                Statement::Ic(values) => self.node_values(".ic", values, Place { inside }),
                Statement::Nodeset(values) => self.node_values(".nodeset", values, Place { inside }),
                Statement::If(block) => {
                    for (k, (condition, statements)) in block.branches.iter().enumerate() {
                        let text =
                            format!(".{} ({})", if k == 0 { "if" } else { "elseif" }, self.expression(condition));
                        self.line(&text);
                        self.body(statements, inside);
                    }
                    if !block.otherwise.is_empty() {
                        self.line(".else");
                        self.body(&block.otherwise, inside);
                    }
                    self.line(".endif");
                }
                _ => {}
            }
        }
    }

    fn statement(&mut self, statement: &'d Statement) {
        let place = Place { inside: &[] };
        match statement {
            Statement::Element(element) => self.elements(element, place),
            Statement::Ic(values) => self.node_values(".ic", values, place),
            Statement::Nodeset(values) => self.node_values(".nodeset", values, place),
            Statement::Global(names) => {
                let names: Vec<&str> = names.iter().map(|n| n.text.as_str()).collect();
                self.line(&format!(".global {}", names.join(" ")));
            }
            Statement::Temp(_, _) if self.assembly.context.overrides.values.contains_key(&SweepTarget::Temperature) => {
                let value = self.assembly.context.options.temp;
                self.line(&format!(".temp {value:?}"));
            }
            Statement::Temp(values, span) => match values.as_slice() {
                [one] => {
                    let value = self.number(one, place);
                    self.line(&format!(".temp {value}"));
                }
                _ => self.comment(*span),
            },
            Statement::Options(items) => self.options(items),
            Statement::Analysis(card) => self.analysis(card),
            Statement::Measure(card) => self.measure(card),
            Statement::Output(card) => self.output(card),
            Statement::Step(card) => self.comment(card.span),
            Statement::MonteCarlo(card) => self.comment(card.span),
            Statement::Xout(card) => self.comment(card.span),
            Statement::Data(card) => self.comment(card.span),
            Statement::Study(card) => self.comment(card.span),
            Statement::Param(_)
            | Statement::Func(_)
            | Statement::Subckt(_)
            | Statement::Model(_)
            | Statement::If(_)
            | Statement::Xbar(_) => {}
        }
    }

    /// One line per element that a line of the deck stands for; array instances are written later.
    fn elements(&mut self, element: &'d Element, place: Place<'_, 'd>) {
        if self.is_array(element, place) {
            self.line(&format!("* {} is written out below", element.name.text));
            return;
        }
        match bus::expand_element(element) {
            Ok(lines) => lines.iter().for_each(|line| self.element(line, place)),
            Err(error) => self.errors.push(error),
        }
    }

    /// Is the line an instance of an array? A subcircuit of the same name is meant when the number of pins is its own.
    fn is_array(&self, element: &Element, place: Place<'_, 'd>) -> bool {
        let ElementKind::Instance { definition: Some(definition) } = &element.kind else { return false };
        let (mut array, mut subckt) = (None, None);
        for statement in place.inside.iter().flat_map(|s| &s.body) {
            match statement {
                Statement::Xbar(card) if card.name.text == definition.text => array = Some(card),
                Statement::Subckt(s) if s.name.text == definition.text => subckt = Some(s),
                _ => {}
            }
        }
        let array = array.or_else(|| self.frame.scope.xbar(&definition.text).map(|(card, _)| card));
        let subckt = subckt.or_else(|| self.frame.scope.subckt(&definition.text).map(|(s, _)| s));
        let pins: usize = element.nodes.iter().map(|n| n.range.map_or(1, bus::length)).sum();
        array.is_some() && subckt.is_none_or(|s| s.ports.len() != pins)
    }
}
