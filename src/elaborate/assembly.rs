//! The circuit under construction: frames (one per subcircuit instance), placed elements, demands for currents.
//!
//! Elements are placed first, all of them, so that every node and name is known; then devices are made; then the
//! expressions that refer to other elements are compiled. A current that an expression asks for is the branch unknown
//! of the element when it has one; otherwise an ammeter is put in front of its first terminal while it is made.

use std::collections::{HashMap, HashSet};
use std::ops::Deref;
use std::rc::Rc;

use super::array::Pending;
use super::check::Places;
use super::context::Context;
use super::model::EvaluatedModel;
use super::scope::Scope;
use super::wanted::Wanted;
use crate::circuit::{CircuitBuilder, DeviceRef, is_ground};
use crate::diag::{Diagnostic, Span, nearest};
use crate::netlist::ast::{Element, Model, Name, NodeRef, NodeValue, Subckt};
use crate::units;

/// The inside of one instance: its scope and what its pins are tied to.
pub struct Frame<'d> {
    /// Scope of the body.
    pub scope: Scope<'d>,
    /// Pins of the subcircuit and the unknowns they are tied to.
    pub ports: HashMap<&'d str, u32>,
    /// Product of all `m=` from the top down to here.
    pub multiplicity: f64,
    /// The subcircuit this is an instance of; `None` at the top.
    pub subckt: Option<&'d Subckt>,
    /// The frame of the instance line; `None` at the top.
    pub caller: Option<Rc<Frame<'d>>>,
    /// The instance line; `None` at the top and for the cell of an array.
    pub line: Option<Line<'d>>,
}

impl<'d> Frame<'d> {
    /// The frame of the deck itself.
    #[must_use]
    pub fn top(scope: Scope<'d>) -> Self {
        Self { scope, ports: HashMap::new(), multiplicity: 1.0, subckt: None, caller: None, line: None }
    }
}

/// An element line, the deck's own or one made from a bus range.
#[derive(Clone)]
pub enum Line<'d> {
    /// As written.
    Written(&'d Element),
    /// One of the lines a bus range stands for.
    Made(Rc<Element>),
}

impl Deref for Line<'_> {
    type Target = Element;
    fn deref(&self) -> &Element {
        match self {
            Line::Written(element) => element,
            Line::Made(element) => element,
        }
    }
}

/// An element with its nodes, not yet a device.
pub struct Placed<'d> {
    /// The line.
    pub line: Line<'d>,
    /// Where it stands.
    pub frame: Rc<Frame<'d>>,
    /// Hierarchical name, `x1.x2.r1`.
    pub name: String,
    /// Unknowns of its connection nodes.
    pub nodes: Vec<u32>,
    /// Does an expression, or a current-controlled element, want its current?
    pub metered: bool,
    /// The device, once made.
    pub device: Option<DeviceRef>,
    /// Unknown that holds the current into its first terminal, and how many times it counts.
    pub current: Option<(u32, f64)>,
    /// The number that mutual inductance and overrides work with: the inductance.
    pub value: Option<f64>,
}

/// Everything that is being put together.
pub struct Assembly<'d> {
    /// What all scopes share.
    pub context: Rc<Context<'d>>,
    /// The circuit so far.
    pub builder: CircuitBuilder,
    /// Placed elements in order.
    pub placed: Vec<Placed<'d>>,
    /// Frames whose elements are still to be placed, in the order of the instances.
    pub(super) frames: Vec<Rc<Frame<'d>>>,
    /// `.ic` and `.nodeset` cards with their frames.
    pub(super) start_values: Vec<(StartValue, Rc<Frame<'d>>, &'d NodeValue)>,
    by_name: HashMap<String, usize>,
    pub(super) globals: HashSet<String>,
    /// Arrays whose instance lines have been read.
    pub(super) arrays: Vec<Pending<'d>>,
    /// Bodies whose parameters were all evaluated once.
    pub(super) checked: HashSet<*const Subckt>,
    /// Fields that output and measure cards ask for.
    pub(super) wanted: Wanted,
    /// Evaluated model cards by card and scope.
    pub(super) models: HashMap<(*const Model, usize), Option<EvaluatedModel>>,
    errors: Vec<Diagnostic>,
    seen: HashSet<(&'static str, Option<Span>, String)>,
}

/// `.ic` or `.nodeset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartValue {
    /// `.ic`.
    Initial,
    /// `.nodeset`.
    Guess,
}

impl<'d> Assembly<'d> {
    /// Nothing placed yet.
    #[must_use]
    pub fn new(context: &Rc<Context<'d>>, globals: HashSet<String>) -> Self {
        Self {
            context: Rc::clone(context),
            builder: CircuitBuilder::new(context.options.temp + units::ZERO_CELSIUS),
            placed: Vec::new(),
            frames: Vec::new(),
            start_values: Vec::new(),
            by_name: HashMap::new(),
            globals,
            arrays: Vec::new(),
            checked: HashSet::new(),
            wanted: Wanted::default(),
            models: HashMap::new(),
            errors: Vec::new(),
            seen: HashSet::new(),
        }
    }

    /// Keeps a mistake; the same one at the same place only once, however many instances show it.
    pub fn error(&mut self, error: Diagnostic) {
        let text = error.message.split(" (in instance `").next().unwrap_or_default().to_string();
        if self.seen.insert((error.code, error.span, text)) {
            self.errors.push(error);
        }
    }

    /// Keeps a mistake, or gives the value.
    pub fn accept<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.error(error);
                None
            }
        }
    }

    /// All mistakes so far, leaving none.
    pub fn take_errors(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.errors)
    }

    /// The unknown of a node as written in `frame`, made on first use.
    pub fn node(&mut self, frame: &Frame<'d>, name: &str) -> u32 {
        if let Some(id) = self.outer_node(frame, name) {
            return id;
        }
        self.builder.node(&frame.scope.qualified(name))
    }

    /// The unknown of a node that was made before; of an outer one when no node of that name is inside the instance.
    #[must_use]
    pub fn find_node(&self, frame: &Frame<'d>, name: &str) -> Option<u32> {
        self.outer_node(frame, name).or_else(|| self.builder.find_node(&frame.scope.qualified(name)))
    }

    fn outer_node(&self, frame: &Frame<'d>, name: &str) -> Option<u32> {
        if let Some(&id) = frame.ports.get(name) {
            return Some(id);
        }
        if is_ground(name) || self.globals.contains(name) {
            return self.builder.find_node(name);
        }
        None
    }

    /// Makes the nodes of all `.global`s, so that they are found from everywhere.
    pub(super) fn make_globals(&mut self) {
        let mut names: Vec<&String> = self.globals.iter().collect();
        names.sort();
        for name in names {
            self.builder.node(name);
        }
    }

    /// An error about a node that does not exist.
    #[must_use]
    pub fn unknown_node(&self, frame: &Frame<'d>, node: &NodeRef) -> Diagnostic {
        let error = frame.scope.error("E-NODE", format!("there is no node `{}`", node.name), node.span);
        let prefix = frame.scope.qualified("");
        let local = self.builder.node_names().filter_map(|n| n.strip_prefix(prefix.as_str()));
        let pins = frame.ports.keys().copied();
        match nearest(&node.name, local.chain(pins)) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help("a node exists when an element is connected to it"),
        }
    }

    /// Adds an element whose nodes are known.
    pub fn place(&mut self, placed: Placed<'d>) {
        if let Some(&earlier) = self.by_name.get(&placed.name) {
            let error = placed
                .frame
                .scope
                .error(
                    "E-DUPLICATE",
                    format!("there are two elements named `{}`", placed.line.name.text),
                    placed.line.name.span,
                )
                .help("give one of them another name")
                .related(self.placed[earlier].line.name.span, "the first one is here");
            self.error(error);
            return;
        }
        self.by_name.insert(placed.name.clone(), self.placed.len());
        self.placed.push(placed);
    }

    /// The element that `name` means in `frame`: one of the same body, or of a body around the instance.
    #[must_use]
    pub fn find_element(&self, frame: &Frame<'d>, name: &str) -> Option<usize> {
        let mut path = frame.scope.path();
        loop {
            let found =
                if path.is_empty() { self.by_name.get(name) } else { self.by_name.get(&format!("{path}.{name}")) };
            if let Some(&index) = found {
                return Some(index);
            }
            if path.is_empty() {
                return None;
            }
            path = path.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
    }

    /// Where elements and nodes are first mentioned.
    #[must_use]
    pub fn places(&self) -> Places {
        let mut places = Places::default();
        for placed in &self.placed {
            places.devices.insert(placed.name.clone(), placed.line.span);
            for node in placed.line.nodes.iter().filter(|n| !placed.frame.ports.contains_key(n.name.as_str())) {
                let name = if self.globals.contains(&node.name) {
                    node.name.clone()
                } else {
                    placed.frame.scope.qualified(&node.name)
                };
                places.nodes.entry(name).or_insert(node.span);
            }
        }
        places
    }

    /// Hierarchical names of all placed elements, for suggestions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// An error about an element that does not exist.
    #[must_use]
    pub fn unknown_element(&self, frame: &Frame<'d>, name: &Name) -> Diagnostic {
        let error = frame.scope.error("E-DEVICE", format!("there is no element `{}`", name.text), name.span);
        let prefix = frame.scope.qualified("");
        let names = self.by_name.keys().filter_map(|n| n.strip_prefix(prefix.as_str()));
        match nearest(&name.text, names) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error,
        }
    }
}
