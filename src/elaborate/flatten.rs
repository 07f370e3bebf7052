//! Hierarchy to a flat list of placed elements: bus ranges written out, subcircuits opened, arrays handed on.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::assembly::{Assembly, Frame, Line, Placed, StartValue};
use super::bus;
use super::scope::{Given, Scope};
use crate::diag::{Diagnostic, Span, nearest};
use crate::netlist::ast::{AnalysisKind, Control, Element, ElementKind, Expr, Name, NodeRef, Statement, Subckt};

/// Deepest nesting of instances.
const DEEPEST: usize = 100;

/// An instance line with its nodes.
pub struct Instance<'a, 'd> {
    /// The X line.
    pub line: &'a Line<'d>,
    /// The frame it stands in.
    pub frame: &'a Rc<Frame<'d>>,
    /// Hierarchical name.
    pub name: String,
    /// Unknowns of its pins.
    pub nodes: Vec<u32>,
}

/// What a subcircuit is opened with.
pub struct Opening<'d> {
    /// The definition.
    pub subckt: &'d Subckt,
    /// The scope it was found in.
    pub home: Scope<'d>,
    /// Values of its parameters.
    pub given: Given,
    /// Hierarchical name of the instance.
    pub path: String,
    /// Unknowns of its pins; as many as it has.
    pub nodes: Vec<u32>,
    /// `m=` of the instance.
    pub multiplicity: f64,
    /// The instance line; `None` for the cell of an array.
    pub line: Option<Line<'d>>,
}

/// Names of all `.global` cards, wherever they stand.
#[must_use]
pub fn globals(body: &[Statement]) -> HashSet<String> {
    let mut names = HashSet::new();
    collect_globals(body, &mut names);
    names
}

fn collect_globals(body: &[Statement], names: &mut HashSet<String>) {
    for statement in body {
        match statement {
            Statement::Global(list) => names.extend(list.iter().map(|n| n.text.clone())),
            Statement::Subckt(subckt) => collect_globals(&subckt.body, names),
            Statement::If(block) => {
                block.branches.iter().for_each(|(_, body)| collect_globals(body, names));
                collect_globals(&block.otherwise, names);
            }
            _ => {}
        }
    }
}

impl<'d> Assembly<'d> {
    /// Opens all instances in the body of a frame; [`Assembly::place_elements`] does the rest. Arrays are built between
    /// the two, so that any element may be connected to their line nodes.
    pub fn place_body(&mut self, frame: &Rc<Frame<'d>>) {
        self.frames.push(Rc::clone(frame));
        self.name_nodes(frame);
        for statement in &frame.scope.definitions().statements {
            if let Statement::Element(element) = statement
                && is_instance(element)
            {
                self.place_line(frame, element);
            }
        }
    }

    /// Makes the nodes of a body in the order of its text, which is the order of stored signals. A name with a dot may
    /// belong to an instance that is not open yet; a range may be one of its buses.
    fn name_nodes(&mut self, frame: &Frame<'d>) {
        for statement in &frame.scope.definitions().statements {
            if let Statement::Element(element) = statement
                && element.range.is_none()
                && !has_bus(element)
            {
                for node in element.nodes.iter().filter(|n| !n.name.contains('.')) {
                    self.node(frame, &node.name);
                }
            }
        }
    }

    /// Places everything but the instances in all opened bodies.
    pub fn place_elements(&mut self) {
        for frame in std::mem::take(&mut self.frames) {
            self.place_statements(&frame);
        }
    }

    fn place_statements(&mut self, frame: &Rc<Frame<'d>>) {
        for statement in &frame.scope.definitions().statements {
            match statement {
                Statement::Element(element) if is_instance(element) => {}
                Statement::Element(element) => self.place_line(frame, element),
                Statement::Ic(values) => {
                    let values = values.iter().map(|v| (StartValue::Initial, Rc::clone(frame), v));
                    self.start_values.extend(values);
                }
                Statement::Nodeset(values) => {
                    let values = values.iter().map(|v| (StartValue::Guess, Rc::clone(frame), v));
                    self.start_values.extend(values);
                }
                other => {
                    if frame.caller.is_some()
                        && let Some((card, span)) = top_level_card(other)
                    {
                        let warning =
                            Diagnostic::warning("W-PLACE", format!("`{card}` inside a subcircuit is ignored"));
                        self.context.note(warning.at(span).help("move it to the top level of the deck"));
                    }
                }
            }
        }
    }

    fn place_line(&mut self, frame: &Rc<Frame<'d>>, element: &'d Element) {
        if element.range.is_none() && !has_bus(element) {
            self.place_one(frame, Line::Written(element));
            return;
        }
        if let Some(lines) = self.accept(bus::expand_element(element)) {
            for line in lines {
                self.place_one(frame, Line::Made(Rc::new(line)));
            }
        }
    }

    fn place_one(&mut self, frame: &Rc<Frame<'d>>, line: Line<'d>) {
        let name = frame.scope.qualified(&line.name.text);
        let nodes: Vec<u32> = line.nodes.iter().map(|node| self.node(frame, &node.name)).collect();
        if let ElementKind::Instance { definition } = &line.kind {
            let instance = Instance { line: &line, frame, name, nodes };
            self.open(instance, definition.as_ref());
            return;
        }
        self.place(Placed {
            line,
            frame: Rc::clone(frame),
            name,
            nodes,
            metered: false,
            device: None,
            current: None,
            value: None,
        });
    }

    fn open(&mut self, instance: Instance<'_, 'd>, definition: Option<&Name>) {
        let scope = &instance.frame.scope;
        let Some(definition) = definition else {
            let error = scope.error(
                "E-SUBCKT",
                format!("`{}` names no subcircuit", instance.line.name.text),
                instance.line.span,
            );
            self.error(error.help("the last word of an X line before its parameters is the subcircuit"));
            return;
        };
        let array = scope.xbar(&definition.text);
        // an array and its cell may have the same name: the number of pins tells which is meant
        let subckt =
            scope.subckt(&definition.text).filter(|(s, _)| array.is_none() || s.ports.len() == instance.nodes.len());
        if let Some((subckt, home)) = subckt {
            let home = home.clone();
            if let Some(opening) = self.opening(&instance, subckt, home) {
                self.open_subckt(instance.frame, opening, instance.line.name.span);
            }
        } else if let Some((card, home)) = array {
            let home = home.clone();
            self.open_array(&instance, card, &home);
        } else {
            let error = scope
                .error("E-SUBCKT", format!("subcircuit `{}` is not defined", definition.text), definition.span)
                .label("not defined");
            let error = match scope.nearest_subckt(&definition.text) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None if scope.model(&definition.text).is_some() => {
                    error.help(format!("`{0}` is a model: write `N` or `Y` instead of `X`", definition.text))
                }
                None => error.help("add its `.subckt` or `.include` the file that has it"),
            };
            self.error(error);
        }
    }

    fn opening(&mut self, instance: &Instance<'_, 'd>, subckt: &'d Subckt, home: Scope<'d>) -> Option<Opening<'d>> {
        let line = instance.line;
        if instance.nodes.len() != subckt.ports.len() {
            let error = pin_error(&instance.frame.scope, line, instance.nodes.len(), subckt);
            self.error(error);
            return None;
        }
        let mut multiplicity = 1.0;
        let mut given = Given::with_capacity(line.params.len());
        let mut sound = true;
        for assign in &line.params {
            let name = &assign.name;
            let known = home.accepts(subckt, &name.text);
            if !known && name.text != "m" {
                self.error(unknown_parameter(&instance.frame.scope, name, subckt));
                sound = false;
                continue;
            }
            match self.accept(instance.frame.scope.number(&assign.value)) {
                Some(value) if known => given.push((name.text.clone(), value)),
                Some(value) => multiplicity = value,
                None => sound = false,
            }
        }
        if !multiplicity.is_finite() || multiplicity <= 0.0 {
            let error = instance.frame.scope.error("E-VALUE", format!("m = {multiplicity} is not positive"), line.span);
            self.error(error);
            return None;
        }
        for (field, value) in self.context.replaced_fields(&instance.name) {
            if home.accepts(subckt, &field) {
                given.retain(|(name, _)| *name != field);
                given.push((field, value));
            } else {
                let what = format!("subcircuit `{}` has no parameter `{field}` to step", subckt.name.text);
                self.error(instance.frame.scope.error("E-STEP", what, line.name.span));
                sound = false;
            }
        }
        sound.then(|| Opening {
            subckt,
            home,
            given,
            path: instance.name.clone(),
            nodes: instance.nodes.clone(),
            multiplicity,
            line: Some(line.clone()),
        })
    }

    /// Places the body of a subcircuit; `caller` is the frame that holds the instance line, `span` its name.
    pub fn open_subckt(&mut self, caller: &Rc<Frame<'d>>, opening: Opening<'d>, span: Span) {
        let subckt = opening.subckt;
        if let Some(error) = recursion(caller, subckt, span) {
            self.error(error);
            return;
        }
        let scope = match opening.home.instance(subckt, &opening.given, &opening.path) {
            Ok(scope) => scope,
            Err(error) => return self.error(error),
        };
        if self.checked.insert(std::ptr::from_ref(subckt)) {
            for error in scope.check() {
                self.error(error);
            }
            self.check_definitions(&scope);
        }
        let ports: HashMap<&'d str, u32> =
            subckt.ports.iter().zip(&opening.nodes).map(|(port, &node)| (port.text.as_str(), node)).collect();
        let frame = Rc::new(Frame {
            scope,
            ports,
            multiplicity: caller.multiplicity * opening.multiplicity,
            subckt: Some(subckt),
            caller: Some(Rc::clone(caller)),
            line: opening.line,
        });
        self.place_body(&frame);
    }

    /// Warns of `-D` names that the deck does not have.
    pub fn check_defines(&mut self, scope: &Scope<'d>) {
        for (name, _) in self.context.defines {
            if scope.definitions().place(name).is_none() {
                let warning =
                    Diagnostic::warning("W-DEFINE", format!("`-D {name}=..`: the deck has no `.param {name}`"));
                let known = scope.definitions().parameters().iter().map(|p| p.name.text.as_str());
                self.context.note(match nearest(name, known) {
                    Some(near) => warning.help(format!("did you mean `{near}`?")),
                    None => warning,
                });
            }
        }
    }

    /// Reports what a body defines twice.
    pub fn check_definitions(&mut self, scope: &Scope<'d>) {
        for (later, earlier) in &scope.definitions().redefined {
            let note = Diagnostic::note(
                "N-PARAM",
                format!("parameter `{}` is defined again; the last one counts", later.text),
            );
            self.context.note(note.at(later.span).related(earlier.span, "the earlier definition"));
        }
        for (what, later, earlier) in &scope.definitions().duplicates {
            let warning = Diagnostic::warning(
                "W-REDEFINED",
                format!("{what} `{}` is defined again; the last one counts", later.text),
            );
            self.context.note(warning.at(later.span).related(earlier.span, "the earlier definition"));
        }
    }

    /// Applies `.ic` and `.nodeset` once all nodes exist.
    pub fn apply_start_values(&mut self) {
        for (which, frame, value) in std::mem::take(&mut self.start_values) {
            let Some(volts) = self.accept(frame.scope.number(&value.value)) else { continue };
            let Some(nodes) = self.accept(bus::expand_nodes(std::slice::from_ref(&value.node))) else { continue };
            for node in nodes {
                match self.find_node(&frame, &node.name) {
                    Some(id) if which == StartValue::Initial => self.builder.initial(id, volts),
                    Some(id) => self.builder.nodeset(id, volts),
                    None => {
                        let error = self.unknown_node(&frame, &node);
                        self.error(error);
                    }
                }
            }
        }
    }
}

fn is_instance(element: &Element) -> bool {
    matches!(element.kind, ElementKind::Instance { .. })
}

fn has_bus(element: &Element) -> bool {
    let bus = |nodes: &[NodeRef]| nodes.iter().any(|n| n.range.is_some());
    bus(&element.nodes)
        || match &element.kind {
            ElementKind::VoltageSwitch { control, .. } => bus(control),
            ElementKind::Controlled(Control::LinearVoltage { nodes, .. } | Control::PolyVoltage { nodes, .. }) => {
                bus(nodes)
            }
            _ => false,
        }
}

fn pin_error(scope: &Scope<'_>, line: &Element, got: usize, subckt: &Subckt) -> Diagnostic {
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    let wanted = subckt.ports.len();
    let pins: Vec<&str> = subckt.ports.iter().take(12).map(|p| p.text.as_str()).collect();
    let dots = if wanted > 12 { " .." } else { "" };
    scope
        .error(
            "E-PINS",
            format!(
                "`{}` gives {got} node{}, but subcircuit `{}` has {wanted} pin{}",
                line.name.text,
                plural(got),
                subckt.name.text,
                plural(wanted)
            ),
            line.span,
        )
        .help(format!("the pins are: {}{dots}", pins.join(" ")))
        .related(subckt.name.span, "the subcircuit is defined here")
}

fn unknown_parameter(scope: &Scope<'_>, name: &Name, subckt: &Subckt) -> Diagnostic {
    let error = scope
        .error("E-PARAM", format!("subcircuit `{}` has no parameter `{}`", subckt.name.text, name.text), name.span)
        .related(subckt.name.span, "the subcircuit is defined here");
    let names = subckt.params.iter().map(|p| p.name.text.as_str());
    match nearest(&name.text, names.clone()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None if subckt.params.is_empty() => error.help("it has no parameters"),
        None => error.help(format!("its parameters are: {}", names.collect::<Vec<_>>().join(" "))),
    }
}

fn recursion(caller: &Rc<Frame<'_>>, subckt: &Subckt, span: Span) -> Option<Diagnostic> {
    let frames = || std::iter::successors(Some(caller), |f| f.caller.as_ref());
    let mut chain = vec![subckt.name.text.as_str()];
    let mut depth = 0;
    for inner in frames().filter_map(|f| f.subckt) {
        chain.push(&inner.name.text);
        depth += 1;
        if std::ptr::eq(inner, subckt) {
            chain.reverse();
            let message = format!("subcircuit contains itself: {}", chain.join(" -> "));
            let error = caller.scope.error("E-RECURSION", message, span);
            let error = error.related(subckt.name.span, "the subcircuit is defined here");
            return Some(
                error.help("one of these instances must name another subcircuit, or stand in an `.if` that ends"),
            );
        }
    }
    (depth >= DEEPEST)
        .then(|| caller.scope.error("E-DEPTH", format!("subcircuits are nested more than {DEEPEST} deep"), span))
        .map(|error| error.help("the nesting must end: let an `.if` on a parameter leave out the innermost instance"))
}

fn top_level_card(statement: &Statement) -> Option<(&'static str, Span)> {
    match statement {
        Statement::Analysis(card) => Some(("an analysis card", card.span)),
        Statement::Step(card) => Some((".step", card.span)),
        Statement::MonteCarlo(card) => Some((".mc", card.span)),
        Statement::Data(card) => Some((".data", card.span)),
        Statement::Output(card) => Some(("an output card", card.span)),
        Statement::Measure(card) => Some((".measure", card.span)),
        Statement::Xout(card) => Some((".xout", card.span)),
        Statement::Study(card) => Some(("a study card", card.span)),
        Statement::Temp(_, span) => Some((".temp", *span)),
        Statement::Options(items) => items.first().map(|i| (".options", i.name.span)),
        _ => None,
    }
}

/// The conditions of all `.if` blocks of a body, inner ones included.
#[must_use]
pub fn conditions(body: &[Statement]) -> Vec<&Expr> {
    let mut conditions = Vec::new();
    for statement in body {
        if let Statement::If(block) = statement {
            for (condition, inner) in &block.branches {
                conditions.push(condition);
                conditions.extend(self::conditions(inner));
            }
            conditions.extend(self::conditions(&block.otherwise));
        }
    }
    conditions
}

/// Where the first card stands that changes values between or during runs.
#[must_use]
pub fn first_sweep(body: &[Statement]) -> Option<Span> {
    body.iter().find_map(|statement| match statement {
        Statement::Step(card) => Some(card.span),
        Statement::Analysis(card) if matches!(card.kind, AnalysisKind::Dc(_)) => Some(card.span),
        _ => None,
    })
}
