//! What the statements of one body define: parameters, functions, models, subcircuits, arrays, and what is left to place.
//!
//! Gathered once per body and shared by all instances; nothing is evaluated here.

use std::collections::HashMap;

use crate::netlist::ast::{Assign, Expr, Func, IfBlock, Model, Name, Statement, Subckt, XbarCard};

/// One parameter of a body: its last definition.
#[derive(Debug, Clone, Copy)]
pub struct Parameter<'d> {
    /// Name with its place.
    pub name: &'d Name,
    /// Default or value.
    pub value: &'d Expr,
}

/// The definitions of a body.
#[derive(Debug, Clone, Default)]
pub struct Definitions<'d> {
    places: HashMap<&'d str, usize>,
    parameters: Vec<Parameter<'d>>,
    /// Parameters defined again: later and earlier name.
    pub redefined: Vec<(&'d Name, &'d Name)>,
    /// `.func`.
    pub functions: HashMap<&'d str, &'d Func>,
    /// `.model`.
    pub models: HashMap<&'d str, &'d Model>,
    /// `.subckt`.
    pub subckts: HashMap<&'d str, &'d Subckt>,
    /// `.xbar`.
    pub xbars: HashMap<&'d str, &'d XbarCard>,
    /// Definitions of one kind made twice: what, later and earlier name.
    pub duplicates: Vec<(&'static str, &'d Name, &'d Name)>,
    /// Everything else, in order, `.if` blocks left out.
    pub statements: Vec<&'d Statement>,
    /// `.if` blocks whose condition is still to be evaluated.
    pub conditions: Vec<&'d IfBlock>,
}

impl<'d> Definitions<'d> {
    /// Gathers a body; `formals` are the parameters of the `.subckt` line.
    #[must_use]
    pub fn gather(formals: &'d [Assign], body: &'d [Statement]) -> Self {
        let mut definitions = Self::default();
        for formal in formals {
            definitions.parameter(formal);
        }
        // a `.param` in the body that repeats a formal is the LTspice way of writing its default, not a mistake
        definitions.redefined.clear();
        let formal_count = definitions.parameters.len();
        definitions.absorb(body);
        definitions
            .redefined
            .retain(|(_, earlier)| !definitions.parameters[..formal_count].iter().any(|p| p.name.text == earlier.text));
        definitions
    }

    /// Adds the statements of a chosen `.if` branch.
    pub fn absorb(&mut self, body: &'d [Statement]) {
        for statement in body {
            match statement {
                Statement::Param(assigns) => assigns.iter().for_each(|a| self.parameter(a)),
                Statement::Func(f) => {
                    let earlier = self.functions.insert(&f.name.text, f).map(|e| &e.name);
                    self.duplicate("function", &f.name, earlier);
                }
                Statement::Model(m) => {
                    let earlier = self.models.insert(&m.name.text, m).map(|e| &e.name);
                    self.duplicate("model", &m.name, earlier);
                }
                Statement::Subckt(s) => {
                    let earlier = self.subckts.insert(&s.name.text, s).map(|e| &e.name);
                    self.duplicate("subcircuit", &s.name, earlier);
                }
                Statement::Xbar(x) => {
                    let earlier = self.xbars.insert(&x.name.text, x).map(|e| &e.name);
                    self.duplicate("array", &x.name, earlier);
                }
                Statement::If(block) => self.conditions.push(block),
                _ => self.statements.push(statement),
            }
        }
    }

    fn duplicate(&mut self, what: &'static str, later: &'d Name, earlier: Option<&'d Name>) {
        if let Some(earlier) = earlier {
            self.duplicates.push((what, later, earlier));
        }
    }

    fn parameter(&mut self, assign: &'d Assign) {
        let parameter = Parameter { name: &assign.name, value: &assign.value };
        match self.places.get(assign.name.text.as_str()) {
            Some(&place) => {
                self.redefined.push((&assign.name, self.parameters[place].name));
                self.parameters[place] = parameter;
            }
            None => {
                self.places.insert(&assign.name.text, self.parameters.len());
                self.parameters.push(parameter);
            }
        }
    }

    /// Position of a parameter in [`Definitions::parameters`].
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// All parameters in order of first definition.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter<'d>] {
        &self.parameters
    }
}
