//! Placed elements to devices of the registry.

use std::rc::Rc;
use std::sync::Arc;

use super::assembly::{Assembly, Frame};
use super::dependence::is_dynamic;
use super::model::{self, GivenParams, Kind};
use super::source::Times;
use crate::circuit::DeviceRef;
use crate::device::{ParamValue, StateLaw};
use crate::diag::{Diagnostic, Span};
use crate::netlist::ast::{Control, Element, ElementKind, Expr, NodeRef};
use crate::plan::SweepTarget;

/// What a line becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A device that needs nothing but its nodes.
    Device,
    /// A device that senses the current of another element.
    CurrentControlled,
    /// Mutual inductance.
    Coupling,
    /// A voltage given by an expression; has a branch current of its own.
    BehaviouralVoltage,
    /// A current given by an expression.
    BehaviouralCurrent,
}

/// The form of a line.
#[must_use]
pub fn form_of(line: &Element, frame: &Frame<'_>) -> Form {
    match &line.kind {
        ElementKind::Passive { value, charge, .. } => {
            let dynamic = value.as_ref().is_some_and(|v| is_dynamic(&frame.scope, v)) || charge.is_some();
            if dynamic { Form::BehaviouralCurrent } else { Form::Device }
        }
        ElementKind::Coupling { .. } => Form::Coupling,
        ElementKind::CurrentSwitch { .. } | ElementKind::Controlled(Control::LinearCurrent { .. }) => {
            Form::CurrentControlled
        }
        ElementKind::Controlled(Control::LinearVoltage { .. }) => Form::Device,
        ElementKind::Controlled(_) if matches!(line.letter, 'e' | 'h') => Form::BehaviouralVoltage,
        ElementKind::Controlled(_) => Form::BehaviouralCurrent,
        ElementKind::Behavioural { quantity, .. } => match quantity {
            crate::netlist::ast::Behaviour::Voltage => Form::BehaviouralVoltage,
            _ => Form::BehaviouralCurrent,
        },
        _ => Form::Device,
    }
}

/// A device about to be made.
pub(super) struct Making {
    /// Its kind.
    pub kind: Kind,
    /// Unknowns of its ports.
    pub ports: Vec<u32>,
    /// Its parameters as given.
    pub params: GivenParams,
}

impl Making {
    /// A resistor of exactly zero ohm is a connection with a current, not a huge conductance.
    pub(super) fn or_short(mut self, span: Span) -> Self {
        let card = self.kind.card();
        if card.keywords.contains(&"r")
            && self.params.of(card, "value") == Some(0.0)
            && let Some(short) = model::kind_of("short")
        {
            self.kind = short;
            let m = self.params.take("m").unwrap_or(1.0);
            self.params = GivenParams::default();
            self.params.number("m", m, span);
        }
        self
    }
}

impl<'d> Assembly<'d> {
    /// Places and makes every element; arrays are made before.
    pub fn make_all(&mut self, times: Times) {
        self.place_elements();
        let forms: Vec<Form> = self.placed.iter().map(|p| form_of(&p.line, &p.frame)).collect();
        self.find_metered();
        for (k, form) in forms.iter().enumerate() {
            match form {
                Form::Device => self.make_device(k, times),
                Form::BehaviouralVoltage => self.make_branch(k),
                _ => {}
            }
        }
        for (k, _) in forms.iter().enumerate().filter(|(_, f)| **f == Form::BehaviouralCurrent) {
            self.meter(k);
        }
        self.make_current_controlled(&forms);
        for (k, form) in forms.iter().enumerate() {
            match form {
                Form::Coupling => self.make_coupling(k),
                Form::BehaviouralVoltage | Form::BehaviouralCurrent => self.make_behavioural(k),
                _ => {}
            }
        }
    }

    fn make_branch(&mut self, k: usize) {
        let label = format!("{}#i", self.placed[k].name);
        let branch = self.builder.branch(label);
        let m = self.multiplicity_of(k);
        self.placed[k].current = Some((branch, m));
    }

    /// `m=` of the line times that of the instances around it.
    pub(super) fn multiplicity_of(&mut self, k: usize) -> f64 {
        let frame = Rc::clone(&self.placed[k].frame);
        let own =
            self.placed[k].line.params.iter().rev().find(|a| a.name.text == "m").map(|a| frame.scope.number(&a.value));
        match own {
            Some(Ok(m)) if m > 0.0 => m * frame.multiplicity,
            Some(Ok(m)) => {
                let line = &self.placed[k].line;
                let error =
                    frame.scope.error("E-RANGE", format!("`{}`: m = {m} is not positive", line.name.text), line.span);
                self.error(error);
                1.0
            }
            Some(Err(error)) => {
                self.error(error);
                1.0
            }
            None => frame.multiplicity,
        }
    }

    /// Puts an ammeter in front of the first terminal, if the element's current is wanted and not an unknown already.
    pub(super) fn meter(&mut self, k: usize) {
        let placed = &self.placed[k];
        if !placed.metered || placed.current.is_some() || placed.nodes.is_empty() {
            return;
        }
        let Some(kind) = model::kind_of("v") else { return };
        let (outer, name) = (placed.nodes[0], placed.name.clone());
        let label = |suffix: &str| format!("{name}#{suffix}");
        let inner = self.builder.internal_node(label("p"));
        let Ok(params) = crate::device::ParamValues::check(kind.card(), &[("dc".to_string(), ParamValue::Number(0.0))])
        else {
            return;
        };
        if let Ok(device) = self.builder.add_unnamed(kind, &label("ammeter"), &[outer, inner], &params) {
            let branch = self.branch_of(device);
            self.placed[k].nodes[0] = inner;
            self.placed[k].current = branch.map(|b| (b, 1.0));
        }
    }

    /// The branch current of a device that has one.
    fn branch_of(&self, device: DeviceRef) -> Option<u32> {
        let card = self.builder.kind_of(device).card();
        let at = card.internals.iter().position(|i| i.unit == "A" && i.law == StateLaw::Algebraic)?;
        self.builder.locals(device).get(card.ports.len() + at).copied()
    }

    fn make_device(&mut self, k: usize, times: Times) {
        if let Some(making) = self.describe(k, times) {
            self.make(k, making);
        }
    }

    /// The kind, ports and parameters of a device; reports what is wrong.
    pub(super) fn describe(&mut self, k: usize, times: Times) -> Option<Making> {
        let (line, frame) = (self.placed[k].line.clone(), Rc::clone(&self.placed[k].frame));
        let mut ports = self.placed[k].nodes.clone();
        let letter = line.letter.to_string();
        let (mut kind, mut params) = (model::kind_of(&letter), GivenParams::default());
        let mut main: Option<&Expr> = None;
        match &line.kind {
            ElementKind::Passive { value, model, .. } => {
                if let Some(model) = model {
                    (kind, params) = self.with_model(&frame, model, &line)?;
                } else if value.is_none() && !line.params.iter().any(|a| is_main(&letter, &a.name.text)) {
                    self.error(missing_value(&frame, &line));
                    return None;
                }
                main = value.as_ref();
            }
            ElementKind::Source { dc, wave, .. } => {
                if let Some(wave) = wave {
                    let wave_value = self.waveform(&frame, wave, times);
                    let wave_value = self.accept(wave_value)?;
                    self.note_dc(&frame, dc.as_ref(), &wave_value, wave.span);
                    params.push("wave", ParamValue::Wave(Arc::new(wave_value)), wave.span);
                }
                main = dc.as_ref();
            }
            ElementKind::Controlled(Control::LinearVoltage { nodes, gain }) => {
                ports.extend(self.control_nodes(&frame, nodes)?);
                if gain.is_none() {
                    self.error(missing_value(&frame, &line));
                    return None;
                }
                main = gain.as_ref();
            }
            ElementKind::VoltageSwitch { control, model, initially_on } => {
                ports.extend(self.control_nodes(&frame, control)?);
                (kind, params) = self.with_optional_model(&frame, model.as_ref(), &line)?;
                add_switch_state(&mut params, *initially_on, line.span);
            }
            ElementKind::Modelled { kind: named, model, area, .. } => {
                (kind, params) = match (model, named) {
                    (Some(model), _) => self.with_model(&frame, model, &line)?,
                    (None, Some(named)) => match model::kind_of(&named.text) {
                        Some(kind) => (Some(kind), GivenParams::default()),
                        None => {
                            self.error(model::unknown_kind(&frame.scope, named));
                            return None;
                        }
                    },
                    (None, None) => self.with_optional_model(&frame, None, &line)?,
                };
                if let Some(area) = area {
                    let value = self.accept(frame.scope.number(area))?;
                    params.number("area", value, area.span);
                }
            }
            _ => {}
        }
        let Some(kind) = kind else {
            let message = format!("no device for the letter `{letter}` is built in");
            self.error(frame.scope.error("E-ELEMENT", message, line.span));
            return None;
        };
        self.finish_params(k, kind, &mut params, main)?;
        Some(Making { kind, ports, params })
    }

    /// Adds the main value, the `key=value`s, the multiplicity and the step's values to the parameters.
    pub(super) fn finish_params(
        &mut self,
        k: usize,
        kind: Kind,
        params: &mut GivenParams,
        main: Option<&Expr>,
    ) -> Option<()> {
        let (line, frame, name) =
            (self.placed[k].line.clone(), Rc::clone(&self.placed[k].frame), self.placed[k].name.clone());
        let card = kind.card();
        let mut sound = true;
        if let Some(main) = main {
            match self.accept(frame.scope.number(main)) {
                Some(value) => params.number("value", value, main.span),
                None => sound = false,
            }
        }
        for assign in &line.params {
            let given = match assign.name.text.as_str() {
                // LTspice and HSPICE write the first coefficient without its number
                "tc" if card.param("tc").is_none() => "tc1",
                // small-signal and noise settings have no meaning in the analyses offered
                "ac" | "noisy" | "noise" if card.param(&assign.name.text).is_none() => continue,
                "m" => continue,
                other => other,
            };
            match self.accept(model::value_of(&frame.scope, card, assign, given)) {
                Some(value) => params.push(given, self.scaled(card, given, value), assign.value.span),
                None => sound = false,
            }
        }
        let m = self.multiplicity_of(k);
        if m != 1.0 && card.param("m").is_none() {
            let message = format!("`{}` cannot be multiplied by m = {m}", line.name.text);
            let error = frame.scope.error("E-PARAM", message, line.span);
            self.error(error.help("the device type has no parallel count"));
            sound = false;
        } else if m != 1.0 {
            params.number("m", m, line.span);
        }
        let tnom = self.context.options.tnom;
        let own = card.param("tnom").filter(|p| p.default != Some(tnom));
        if own.is_some() && params.of(card, "tnom").is_none() {
            params.number("tnom", tnom, line.span);
        }
        self.apply_step(card, params, &name, line.name.span);
        sound.then_some(())
    }

    /// `.options scale` multiplies the length and the width of an element line, nothing else.
    fn scaled(&self, card: &crate::device::Card, name: &str, value: ParamValue) -> ParamValue {
        let is_geometry = card.param(name).is_some_and(|p| p.unit == "m" && matches!(p.name, "l" | "w"));
        match value {
            ParamValue::Number(length) if is_geometry => ParamValue::Number(length * self.context.options.scale),
            other => other,
        }
    }

    /// Values that the step writes to this device.
    pub(super) fn apply_step(&self, card: &crate::device::Card, params: &mut GivenParams, name: &str, span: Span) {
        if let Some(value) = self.context.replaced(&SweepTarget::Source(name.to_string())) {
            params.number("value", value, span);
        }
        for (field, value) in self.context.replaced_fields(name) {
            let field = if field.is_empty() { "value".to_string() } else { field };
            if let Some(param) = card.param(&field) {
                params.number(param.name, value, span);
            } else {
                params.number(field, value, span);
            }
        }
    }

    pub(super) fn make(&mut self, k: usize, making: Making) {
        let Making { kind, params, mut ports } = making.or_short(self.placed[k].line.span);
        let card = kind.card();
        let (name, span, frame) =
            (self.placed[k].name.clone(), self.placed[k].line.span, Rc::clone(&self.placed[k].frame));
        if ports.len() != card.ports.len() {
            let error = port_error(&frame, &self.placed[k].line, card, ports.len());
            self.error(error);
            return;
        }
        let has_branch = card.internals.iter().any(|i| i.unit == "A" && i.law == StateLaw::Algebraic);
        if !has_branch && self.placed[k].current.is_none() {
            self.meter(k);
            ports[0] = self.placed[k].nodes[0];
        }
        let values = match params.check(card, &frame.scope, &self.placed[k].line.name.text, span) {
            Ok(values) => values,
            Err(errors) => {
                errors.into_iter().for_each(|e| self.error(e));
                return;
            }
        };
        self.placed[k].value = params.of(card, "value");
        let added = self.builder.add(kind, &name, &ports, &values);
        match added {
            Ok(device) => {
                for field in self.wanted.fields(&name) {
                    if let Some(param) = card.param(&field).filter(|p| values.number(p.name).is_finite()) {
                        self.builder.keep_parameter(&name, param.name, values.number(param.name));
                    }
                }
                self.placed[k].device = Some(device);
                if has_branch && self.placed[k].current.is_none() {
                    let m = self.builder.multiplicity(device);
                    self.placed[k].current = self.branch_of(device).map(|b| (b, m));
                }
            }
            Err(error) => {
                let owner = self.placed[k].line.name.text.clone();
                self.error(params.explain(card, &frame.scope, &owner, span, &error));
            }
        }
    }

    fn control_nodes(&mut self, frame: &Rc<Frame<'d>>, nodes: &[NodeRef]) -> Option<Vec<u32>> {
        let found: Vec<Option<u32>> = nodes
            .iter()
            .map(|node| {
                let id = self.find_node(frame, &node.name);
                if id.is_none() {
                    let error = self.unknown_node(frame, node);
                    self.error(error);
                }
                id
            })
            .collect();
        found.into_iter().collect()
    }

    fn note_dc(&self, frame: &Frame<'d>, dc: Option<&Expr>, wave: &crate::device::waveform::Waveform, span: Span) {
        let Some(Ok(dc)) = dc.map(|e| frame.scope.number(e)) else { return };
        let start = wave.value(0.0);
        if dc != start {
            let message =
                format!("`.op` and `.dc` use the DC value {dc}, a transient starts from the waveform's {start}");
            self.context.note(Diagnostic::note("N-DC", message).at(span));
        }
    }
}

fn is_main(letter: &str, name: &str) -> bool {
    name == letter || matches!(name, "value" | "resistance" | "capacitance" | "inductance")
}

pub(super) fn add_switch_state(params: &mut GivenParams, on: Option<bool>, span: Span) {
    if let Some(on) = on {
        params.push("state", ParamValue::Word(if on { "on" } else { "off" }.to_string()), span);
    }
}

pub(super) fn missing_value(frame: &Frame<'_>, line: &Element) -> Diagnostic {
    let what = match line.letter {
        'r' => "resistance",
        'c' => "capacitance",
        'l' => "inductance",
        'k' => "coupling coefficient",
        'g' => "transconductance",
        'h' => "transresistance",
        _ => "value",
    };
    let name = &line.name.text;
    frame
        .scope
        .error("E-MISSING", format!("`{name}` has no {what}"), line.span)
        .help(format!("write it after the nodes; other simulators silently take a default for `{name}`"))
}

fn port_error(frame: &Frame<'_>, line: &Element, card: &crate::device::Card, got: usize) -> Diagnostic {
    let names: Vec<&str> = card.ports.iter().map(|p| p.name).collect();
    let message = format!(
        "`{}` gives {got} terminals, but a {} has {}: {}",
        line.name.text,
        card.doc,
        names.len(),
        names.join(" ")
    );
    frame.scope.error("E-PINS", message, line.span)
}
