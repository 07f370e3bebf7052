//! Lexical scopes: the deck, and one for every subcircuit instance.
//!
//! A parameter is evaluated when first asked for and kept, so forward references need no order and a random function
//! wrapped in a `.param` gives one value per scope. A name is looked up in its own body, then in the bodies around its
//! *definition*. A parameter that is asked for while it is being evaluated is a cycle; the message names the chain.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::compile::Compiler;
use super::context::Context;
use super::definitions::Definitions;
use super::slots::{Constants, Slots};
use crate::diag::{Diagnostic, Span, nearest};
use crate::netlist::ast::{BinaryOp, Expr, ExprKind, Func, IfBlock, Model, Statement, Subckt, UnaryOp, XbarCard};
use crate::numeric::formula::Formula;
use crate::plan::SweepTarget;

/// A lexical environment; cheap to clone.
#[derive(Clone)]
pub struct Scope<'d>(Rc<Body<'d>>);

struct Body<'d> {
    context: Rc<Context<'d>>,
    parent: Option<Scope<'d>>,
    definitions: Rc<Definitions<'d>>,
    states: RefCell<Vec<State>>,
    /// Values that no statement of the body defines: `-D`, `.step param`, per-cell values.
    extra: HashMap<String, f64>,
    /// Instance path, `x1.x2`; empty at the top.
    path: Rc<str>,
    /// How often each random call of the text was evaluated here.
    draws: RefCell<HashMap<Span, u64>>,
}

#[derive(Debug, Clone)]
enum State {
    Pending,
    Busy,
    Known(f64),
    Failed(Box<Diagnostic>),
}

/// Values given to the parameters of an instance.
pub type Given = Vec<(String, f64)>;

impl<'d> Scope<'d> {
    /// The scope of the deck: `-D` definitions and step values replace those of the text.
    ///
    /// # Errors
    /// `.if` conditions that have no value.
    pub fn top(context: &Rc<Context<'d>>) -> Result<Self, Diagnostic> {
        let mut given: Given = context.defines.to_vec();
        for (target, &value) in &context.overrides.values {
            if let SweepTarget::Parameter(name) = target {
                given.push((name.clone(), value));
                context.consumed(target);
            }
        }
        let definitions = Rc::new(Definitions::gather(&[], &context.deck.body));
        Self::resolve(Rc::clone(context), None, definitions, &given, Rc::from(""))
    }

    /// The scope of an instance of `subckt`, which was found in `self`. `given` must name parameters of the
    /// subcircuit (see [`Scope::accepts`]).
    ///
    /// # Errors
    /// `.if` conditions that have no value.
    pub fn instance(&self, subckt: &'d Subckt, given: &Given, path: &str) -> Result<Self, Diagnostic> {
        let context = Rc::clone(&self.0.context);
        let definitions = context.definitions_of(subckt);
        Self::resolve(context, Some(self.clone()), definitions, given, Rc::from(path))
    }

    /// A scope without statements around `self`: running indices, per-cell values, a path of its own for the random
    /// functions.
    #[must_use]
    pub fn with(&self, values: Given, path: &str) -> Self {
        Self::make(Rc::clone(&self.0.context), Some(self.clone()), Rc::default(), &values, Rc::from(path))
    }

    fn resolve(
        context: Rc<Context<'d>>,
        parent: Option<Self>,
        definitions: Rc<Definitions<'d>>,
        given: &Given,
        path: Rc<str>,
    ) -> Result<Self, Diagnostic> {
        let mut scope = Self::make(context, parent, definitions, given, path);
        while let Some(&block) = scope.0.definitions.conditions.first() {
            let chosen = scope.choose(block)?;
            let mut definitions = (*scope.0.definitions).clone();
            definitions.conditions.remove(0);
            definitions.absorb(chosen);
            let body = &scope.0;
            scope = Self::make(
                Rc::clone(&body.context),
                body.parent.clone(),
                Rc::new(definitions),
                given,
                body.path.clone(),
            );
        }
        Ok(scope)
    }

    fn choose(&self, block: &'d IfBlock) -> Result<&'d [Statement], Diagnostic> {
        for (condition, body) in &block.branches {
            if self.number(condition)? != 0.0 {
                return Ok(body);
            }
        }
        Ok(&block.otherwise)
    }

    fn make(
        context: Rc<Context<'d>>,
        parent: Option<Self>,
        definitions: Rc<Definitions<'d>>,
        given: &Given,
        path: Rc<str>,
    ) -> Self {
        let mut states = vec![State::Pending; definitions.parameters().len()];
        let mut extra = HashMap::new();
        for (name, value) in given {
            match definitions.place(name) {
                Some(place) => states[place] = State::Known(*value),
                None => {
                    extra.insert(name.clone(), *value);
                }
            }
        }
        Self(Rc::new(Body {
            context,
            parent,
            definitions,
            states: RefCell::new(states),
            extra,
            path,
            draws: RefCell::default(),
        }))
    }

    /// What all scopes of a build share.
    #[must_use]
    pub fn context(&self) -> &Rc<Context<'d>> {
        &self.0.context
    }

    /// The instance path, `x1.x2`; empty at the top.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// `x1.x2.name`.
    #[must_use]
    pub fn qualified(&self, name: &str) -> String {
        if self.0.path.is_empty() { name.to_string() } else { format!("{}.{name}", self.0.path) }
    }

    /// The definitions of this body, `.if` blocks resolved.
    #[must_use]
    pub fn definitions(&self) -> &Definitions<'d> {
        &self.0.definitions
    }

    /// Tells scopes apart that are alive at the same time.
    #[must_use]
    pub fn identity(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }

    /// The scope around the definition of this one.
    #[must_use]
    pub fn parent(&self) -> Option<&Scope<'d>> {
        self.0.parent.as_ref()
    }

    fn chain(&self) -> impl Iterator<Item = &Scope<'d>> {
        std::iter::successors(Some(self), |s| s.0.parent.as_ref())
    }

    /// The value of an expression that depends on parameters only.
    ///
    /// # Errors
    /// Undefined names, cycles, wrong arity, a value that is known only during the run, a value that is not finite.
    pub fn number(&self, expression: &Expr) -> Result<f64, Diagnostic> {
        if let Some(value) = self.plain(expression, 0) {
            return Ok(value);
        }
        let formula = Compiler::new(&mut Constants).number(self, expression)?;
        match formula.is_constant() {
            Some(value) if value.is_finite() => Ok(value),
            _ => Err(self.error("E-VALUE", "this expression has no finite value", expression.span)),
        }
    }

    /// The value of plain arithmetic on numbers and parameters, without the cost of a formula. `None` is not a mistake:
    /// the compiler then has its say, also about what deserves a note.
    fn plain(&self, expression: &Expr, depth: usize) -> Option<f64> {
        const DEEPEST: usize = 32;
        let value = match &expression.kind {
            _ if depth > DEEPEST => return None,
            ExprKind::Number(value) => *value,
            ExprKind::Name(name) => self.parameter(name)?.ok()?,
            ExprKind::Unary(UnaryOp::Neg, a) => -self.plain(a, depth + 1)?,
            ExprKind::Binary(op, a, b) => {
                let (a, b) = (self.plain(a, depth + 1)?, self.plain(b, depth + 1)?);
                match op {
                    BinaryOp::Add => a + b,
                    BinaryOp::Sub => a - b,
                    BinaryOp::Mul => a * b,
                    BinaryOp::Div if b != 0.0 => a / b,
                    _ => return None,
                }
            }
            _ => return None,
        };
        value.is_finite().then_some(value)
    }

    /// Compiles an expression; what is not a parameter or a function is asked of `slots`.
    ///
    /// # Errors
    /// Undefined names, cycles, wrong arity, and whatever `slots` refuses.
    pub fn compile(&self, expression: &Expr, slots: &mut dyn Slots<'d>) -> Result<Formula, Diagnostic> {
        Compiler::new(slots).formula(self, expression)
    }

    /// The value of a parameter, when the name is one here or further out.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<Result<f64, Diagnostic>> {
        for scope in self.chain() {
            if let Some(place) = scope.0.definitions.place(name) {
                return Some(scope.evaluate(place));
            }
            if let Some(value) = scope.0.extra.get(name) {
                return Some(Ok(*value));
            }
        }
        None
    }

    fn evaluate(&self, place: usize) -> Result<f64, Diagnostic> {
        let state = self.0.states.borrow()[place].clone();
        match state {
            State::Known(value) => Ok(value),
            State::Failed(diagnostic) => Err(*diagnostic),
            State::Busy => Err(self.cycle(place)),
            State::Pending => {
                let parameter = self.0.definitions.parameters()[place];
                self.set_state(place, State::Busy);
                self.0
                    .context
                    .evaluating
                    .borrow_mut()
                    .push((self.qualified(&parameter.name.text), parameter.name.span));
                let result = self.number(parameter.value);
                self.0.context.evaluating.borrow_mut().pop();
                self.set_state(
                    place,
                    match &result {
                        Ok(value) => State::Known(*value),
                        Err(diagnostic) => State::Failed(Box::new(diagnostic.clone())),
                    },
                );
                result
            }
        }
    }

    fn set_state(&self, place: usize, state: State) {
        self.0.states.borrow_mut()[place] = state;
    }

    fn cycle(&self, place: usize) -> Diagnostic {
        let name = self.qualified(&self.0.definitions.parameters()[place].name.text);
        let evaluating = self.0.context.evaluating.borrow();
        let from = evaluating.iter().position(|(n, _)| *n == name).unwrap_or(0);
        let ring = &evaluating[from..];
        let mut chain: Vec<&str> = ring.iter().map(|(n, _)| n.as_str()).collect();
        chain.push(&name);
        let span = self.0.definitions.parameters()[place].name.span;
        let mut diagnostic =
            Diagnostic::error("E-CYCLE", format!("parameters define each other: {}", chain.join(" -> ")))
                .at(span)
                .label("needs its own value")
                .help("give one parameter of the chain a value that does not use the others");
        for (other, place) in ring.iter().skip(1) {
            diagnostic = diagnostic.related(*place, format!("`{other}` is defined here"));
        }
        diagnostic
    }

    /// Evaluates every parameter of this body, so that mistakes in unused ones are found too.
    pub fn check(&self) -> Vec<Diagnostic> {
        (0..self.0.definitions.parameters().len()).filter_map(|place| self.evaluate(place).err()).collect()
    }

    /// The function of that name and the scope it was written in.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<(&'d Func, &Scope<'d>)> {
        self.chain().find_map(|s| s.0.definitions.functions.get(name).map(|&f| (f, s)))
    }

    /// The model of that name and the scope it was written in.
    #[must_use]
    pub fn model(&self, name: &str) -> Option<(&'d Model, &Scope<'d>)> {
        self.chain().find_map(|s| s.0.definitions.models.get(name).map(|&m| (m, s)))
    }

    /// The subcircuit of that name and the scope it was written in.
    #[must_use]
    pub fn subckt(&self, name: &str) -> Option<(&'d Subckt, &Scope<'d>)> {
        self.chain().find_map(|s| s.0.definitions.subckts.get(name).map(|&d| (d, s)))
    }

    /// The array definition of that name and the scope it was written in.
    #[must_use]
    pub fn xbar(&self, name: &str) -> Option<(&'d XbarCard, &Scope<'d>)> {
        self.chain().find_map(|s| s.0.definitions.xbars.get(name).map(|&x| (x, s)))
    }

    /// May an instance of `subckt` give this parameter: a formal of the `.subckt` line or a `.param` of its body.
    #[must_use]
    pub fn accepts(&self, subckt: &'d Subckt, name: &str) -> bool {
        self.0.context.definitions_of(subckt).place(name).is_some()
    }

    /// The closest visible parameter, function or constant.
    #[must_use]
    pub fn nearest_name(&self, name: &str) -> Option<String> {
        let parameters = self.chain().flat_map(|s| s.0.definitions.parameters().iter().map(|p| p.name.text.as_str()));
        let extra = self.chain().flat_map(|s| s.0.extra.keys().map(String::as_str));
        nearest(name, parameters.chain(extra)).map(str::to_string)
    }

    /// The closest visible function, built-in ones included.
    #[must_use]
    pub fn nearest_function(&self, name: &str) -> Option<String> {
        let mut candidates: Vec<&str> = super::functions::names().collect();
        candidates.extend(self.chain().flat_map(|s| s.0.definitions.functions.keys().copied()));
        nearest(name, candidates.into_iter()).map(str::to_string)
    }

    /// The closest visible model.
    #[must_use]
    pub fn nearest_model(&self, name: &str) -> Option<String> {
        nearest(name, self.chain().flat_map(|s| s.0.definitions.models.keys().copied())).map(str::to_string)
    }

    /// The closest visible subcircuit or array definition.
    #[must_use]
    pub fn nearest_subckt(&self, name: &str) -> Option<String> {
        let subckts = self.chain().flat_map(|s| s.0.definitions.subckts.keys().copied());
        let arrays = self.chain().flat_map(|s| s.0.definitions.xbars.keys().copied());
        nearest(name, subckts.chain(arrays)).map(str::to_string)
    }

    /// An error at `span` that names the instance path.
    #[must_use]
    pub fn error(&self, code: &'static str, message: impl Into<String>, span: Span) -> Diagnostic {
        let message = message.into();
        let message =
            if self.0.path.is_empty() { message } else { format!("{message} (in instance `{}`)", self.0.path) };
        Diagnostic::error(code, message).at(span)
    }

    /// How often the random call at `span` was evaluated in this scope before.
    pub(super) fn draw(&self, span: Span) -> u64 {
        let mut draws = self.0.draws.borrow_mut();
        let count = draws.entry(span).or_insert(0);
        *count += 1;
        *count - 1
    }

    /// One level of nesting deeper; refuses expressions nested beyond all reason before the stack does.
    pub(super) fn enter(&self, span: Span) -> Result<(), Diagnostic> {
        const DEEPEST: usize = 300;
        let depth = &self.0.context.depth;
        if depth.get() >= DEEPEST {
            return Err(self.error("E-DEPTH", "this expression is nested too deeply", span));
        }
        depth.set(depth.get() + 1);
        Ok(())
    }

    /// One level of nesting less.
    pub(super) fn leave(&self) {
        let depth = &self.0.context.depth;
        depth.set(depth.get().saturating_sub(1));
    }
}
