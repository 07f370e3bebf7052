//! Expressions to formulas: names resolved, functions inlined, constants folded.
//!
//! A function argument is compiled once, in the scope of the call, and shared by all its uses; inside `ddt()` and
//! `idt()`, which have formulas of their own, once more. Bodies are inlined, so a formula knows no calls.

use std::cell::RefCell;
use std::collections::HashMap;

use super::domain::Doubt;
use super::functions::{self, Builtin, Random};
use super::random;
use super::scope::Scope;
use super::slots::{Auxiliary, Slots, Varying, during_the_run};
use crate::diag::{Diagnostic, Span};
use crate::netlist::ast::{BinaryOp, Expr, ExprKind, Func, Name, UnaryOp};
use crate::numeric::formula::{Formula, FormulaBuilder, Function1, Function2, NodeIndex};
use crate::units;

/// The meaning of a formal argument inside a function body.
struct Binding<'e, 'd> {
    name: &'e str,
    argument: &'e Expr,
    scope: &'e Scope<'d>,
    environment: &'e Environment<'e, 'd>,
    /// Node of the compiled argument, per nesting level of `ddt()`/`idt()` (each level has its own formula).
    compiled: RefCell<Vec<(u32, NodeIndex)>>,
}

/// The formals in sight.
#[derive(Default)]
struct Environment<'e, 'd> {
    bindings: Vec<Binding<'e, 'd>>,
}

impl<'e, 'd> Environment<'e, 'd> {
    fn find(&self, name: &str) -> Option<&Binding<'e, 'd>> {
        self.bindings.iter().find(|b| b.name == name)
    }
}

/// Compiles one expression.
pub(super) struct Compiler<'s, 'd> {
    pub(super) builder: FormulaBuilder,
    slots: &'s mut dyn Slots<'d>,
    /// Functions being inlined, outermost first.
    calls: Vec<&'d Func>,
    /// Identity of the formula under construction.
    formula: u32,
    formulas: u32,
    /// Nodes of varying parameters by scope and name.
    varying: HashMap<(usize, String), NodeIndex>,
    /// What there is to say about operations on constants, outside branches that are not taken.
    pub(super) doubts: Vec<Doubt>,
}

type Compiled = Result<NodeIndex, Diagnostic>;

impl<'s, 'd> Compiler<'s, 'd> {
    pub(super) fn new(slots: &'s mut dyn Slots<'d>) -> Self {
        Self {
            builder: FormulaBuilder::new(),
            slots,
            calls: Vec::new(),
            formula: 0,
            formulas: 0,
            varying: HashMap::new(),
            doubts: Vec::new(),
        }
    }

    /// A formula of a run, which must go on: what has no value is replaced, with a note.
    pub(super) fn formula(mut self, scope: &Scope<'d>, expression: &Expr) -> Result<Formula, Diagnostic> {
        let value = self.term(scope, &Environment::default(), expression)?;
        self.doubts.into_iter().for_each(|doubt| scope.context().note(doubt.note));
        Ok(self.builder.finish(value))
    }

    /// A number that something is made of: what has no value is a mistake.
    pub(super) fn number(mut self, scope: &Scope<'d>, expression: &Expr) -> Result<Formula, Diagnostic> {
        let value = self.term(scope, &Environment::default(), expression)?;
        for doubt in self.doubts {
            doubt.settle(scope)?;
        }
        Ok(self.builder.finish(value))
    }

    fn term(&mut self, scope: &Scope<'d>, env: &Environment<'_, 'd>, expression: &Expr) -> Compiled {
        scope.enter(expression.span)?;
        let result = self.node(scope, env, expression);
        scope.leave();
        result
    }

    fn node(&mut self, scope: &Scope<'d>, env: &Environment<'_, 'd>, expression: &Expr) -> Compiled {
        let span = expression.span;
        match &expression.kind {
            ExprKind::Number(value) => Ok(self.builder.constant(*value)),
            ExprKind::Name(name) => self.name(scope, env, name, span),
            ExprKind::Unary(op, a) => {
                let a = self.term(scope, env, a)?;
                Ok(match op {
                    UnaryOp::Neg => self.builder.apply1(Function1::Neg, a),
                    UnaryOp::Not => self.builder.apply1(Function1::Not, a),
                    UnaryOp::Plus => a,
                })
            }
            ExprKind::Binary(..) => self.chain(scope, env, expression),
            ExprKind::Ternary(c, a, b) => self.select(scope, env, [c, a, b]),
            ExprKind::Call(name, arguments) => self.call(scope, env, name, arguments, span),
            ExprKind::Probe(word, nodes) => {
                self.slots.probe(&mut self.builder, word, nodes).map_err(|e| within(scope, e))
            }
            ExprKind::Field(device, field) => {
                self.slots.field(&mut self.builder, device, field).map_err(|e| within(scope, e))
            }
            ExprKind::Text(text) => Err(scope.error("E-TEXT", format!("the text \"{text}\" is no number"), span)),
            ExprKind::File(file) => {
                Err(scope.error("E-FILE", format!("the file \"{}\" cannot be used as a number here", file.path), span))
            }
            ExprKind::All => Err(scope.error("E-ALL", "`all` is no number", span)),
        }
    }

    /// `a + b - c ..`: the left operands form a chain as long as the user likes, so it is walked, not descended.
    fn chain(&mut self, scope: &Scope<'d>, env: &Environment<'_, 'd>, expression: &Expr) -> Compiled {
        let mut operations = Vec::new();
        let mut first = expression;
        while let ExprKind::Binary(op, a, b) = &first.kind {
            operations.push((function_of(*op), b, first.span));
            first = a;
        }
        let mut value = self.term(scope, env, first)?;
        for (f, b, span) in operations.into_iter().rev() {
            let b = self.term(scope, env, b)?;
            value = self.apply2(f, value, b, span);
        }
        Ok(value)
    }

    fn name(&mut self, scope: &Scope<'d>, env: &Environment<'_, 'd>, name: &str, span: Span) -> Compiled {
        if let Some(binding) = env.find(name) {
            return self.argument(binding);
        }
        if let Some(varying) = self.slots.parameter(scope, name) {
            return self.varying(scope, name, varying);
        }
        if let Some(value) = scope.parameter(name) {
            return Ok(self.builder.constant(value?));
        }
        if let Some(node) = self.slots.variable(&mut self.builder, name) {
            return Ok(node);
        }
        if let Some(value) = self.constant(scope, name) {
            return Ok(value);
        }
        if matches!(name, "time" | "hertz") {
            return Err(during_the_run(name, span));
        }
        let mut error = scope.error("E-PARAM", format!("parameter `{name}` is not defined"), span).label("not defined");
        if let Some(nearest) = scope.nearest_name(name) {
            error = error.help(format!("did you mean `{nearest}`?"));
        } else if scope.function(name).is_some() || functions::find(name, scope.context().deck.dialect).is_some() {
            error = error.help(format!("`{name}` is a function: write its arguments in parentheses"));
        } else {
            error = error.help(format!("define it with `.param {name}=..`"));
        }
        Err(error)
    }

    fn constant(&mut self, scope: &Scope<'d>, name: &str) -> Option<NodeIndex> {
        if name == "vt" {
            let celsius = self.temperature(scope);
            let zero = self.builder.constant(units::ZERO_CELSIUS);
            let kelvin = self.builder.apply2(Function2::Add, celsius, zero);
            let slope = self.builder.constant(units::BOLTZMANN / units::ELEMENTARY_CHARGE);
            return Some(self.builder.apply2(Function2::Mul, kelvin, slope));
        }
        constant(scope, name).map(|value| self.builder.constant(value))
    }

    fn temperature(&mut self, scope: &Scope<'d>) -> NodeIndex {
        match self.slots.variable(&mut self.builder, "temper") {
            Some(node) => node,
            None => self.builder.constant(scope.context().options.temp),
        }
    }

    /// A parameter as part of this formula, compiled once however often it is used.
    fn varying(&mut self, scope: &Scope<'d>, name: &str, varying: Varying<'d>) -> Compiled {
        let (text, home) = match varying {
            Varying::Slot(slot) => return Ok(self.builder.slot(slot)),
            Varying::Text(text, home) => (text, home),
        };
        let key = (scope.identity(), name.to_string());
        if let Some(&node) = self.varying.get(&key) {
            return Ok(node);
        }
        let open = std::mem::take(&mut self.calls);
        let node = self.term(&home, &Environment::default(), &text);
        self.calls = open;
        self.varying.insert(key, node.clone()?);
        node
    }

    fn argument(&mut self, binding: &Binding<'_, 'd>) -> Compiled {
        let known = binding.compiled.borrow().iter().find(|(formula, _)| *formula == self.formula).map(|(_, n)| *n);
        if let Some(node) = known {
            return Ok(node);
        }
        // the argument is the caller's text: the functions being inlined are not open while it is compiled
        let open = std::mem::take(&mut self.calls);
        let node = self.term(binding.scope, binding.environment, binding.argument);
        self.calls = open;
        let node = node?;
        binding.compiled.borrow_mut().push((self.formula, node));
        Ok(node)
    }

    fn select(&mut self, scope: &Scope<'d>, env: &Environment<'_, 'd>, parts: [&Expr; 3]) -> Compiled {
        let condition = self.term(scope, env, parts[0])?;
        let known = self.builder.value_of(condition).map(|value| value != 0.0);
        // the branch not taken may be undefined there (`x>0 ? ln(x) : 0`): only its names are checked
        let doubts = self.doubts.len();
        let a = self.term(scope, env, parts[1])?;
        if known == Some(false) {
            self.doubts.truncate(doubts);
        }
        let doubts = self.doubts.len();
        let b = self.term(scope, env, parts[2])?;
        if known == Some(true) {
            self.doubts.truncate(doubts);
        }
        Ok(self.builder.select(condition, a, b))
    }

    fn call(
        &mut self,
        scope: &Scope<'d>,
        env: &Environment<'_, 'd>,
        name: &Name,
        arguments: &[Expr],
        span: Span,
    ) -> Compiled {
        if let Some(result) = self.slots.call(&mut self.builder, name, arguments) {
            return result.map_err(|e| within(scope, e));
        }
        if let Some((function, home)) = scope.function(&name.text) {
            return self.inline(scope, env, (function, home), name, arguments);
        }
        let Some(builtin) = functions::find(&name.text, scope.context().deck.dialect) else {
            let error = scope.error("E-FUNC", format!("function `{}` is not defined", name.text), name.span);
            return Err(match scope.nearest_function(&name.text) {
                Some(nearest) => error.help(format!("did you mean `{nearest}`?")),
                None => error.help(format!("define it with `.func {}(x) {{..}}`", name.text)),
            });
        };
        let (fewest, most) = builtin.arity();
        if arguments.len() < fewest || arguments.len() > most {
            return Err(arity_error(scope, name, fewest, most, arguments.len()));
        }
        self.builtin(scope, env, builtin, name, arguments, span)
    }

    fn inline(
        &mut self,
        scope: &Scope<'d>,
        env: &Environment<'_, 'd>,
        (function, home): (&'d Func, &Scope<'d>),
        name: &Name,
        arguments: &[Expr],
    ) -> Compiled {
        if arguments.len() != function.formals.len() {
            let count = function.formals.len();
            return Err(arity_error(scope, name, count, count, arguments.len())
                .related(function.name.span, "the function is defined here"));
        }
        if let Some(from) = self.calls.iter().position(|f| std::ptr::eq(*f, function)) {
            let mut chain: Vec<&str> = self.calls[from..].iter().map(|f| f.name.text.as_str()).collect();
            chain.push(&name.text);
            return Err(scope
                .error("E-RECURSION", format!("function calls itself: {}", chain.join(" -> ")), name.span)
                .help("functions cannot be recursive; use `if()`, `table()` or a closed form"));
        }
        let bind = |(formal, argument)| {
            let formal: &'d Name = formal;
            Binding { name: &formal.text, argument, scope, environment: env, compiled: RefCell::default() }
        };
        let inner = Environment { bindings: function.formals.iter().zip(arguments).map(bind).collect() };
        // arguments are compiled in the order of the call, used or not, so that mistakes in them are always found
        for binding in &inner.bindings {
            let node = self.term(scope, env, binding.argument)?;
            binding.compiled.borrow_mut().push((self.formula, node));
        }
        self.calls.push(function);
        let result = self.term(home, &inner, &function.body);
        self.calls.pop();
        result
    }

    fn builtin(
        &mut self,
        scope: &Scope<'d>,
        env: &Environment<'_, 'd>,
        builtin: Builtin,
        name: &Name,
        arguments: &[Expr],
        span: Span,
    ) -> Compiled {
        match builtin {
            Builtin::Derivative => return self.auxiliary(scope, env, name, &arguments[0], Auxiliary::Derivative),
            Builtin::Integral => {
                let initial = match arguments.get(1) {
                    Some(initial) => {
                        let node = self.term(scope, env, initial)?;
                        self.known(scope, node, initial.span)?
                    }
                    None => 0.0,
                };
                return self.auxiliary(scope, env, name, &arguments[0], Auxiliary::Integral { initial });
            }
            Builtin::If => return self.select(scope, env, [&arguments[0], &arguments[1], &arguments[2]]),
            _ => {}
        }
        let nodes = arguments.iter().map(|a| self.term(scope, env, a)).collect::<Result<Vec<_>, _>>()?;
        match builtin {
            Builtin::One(f) => Ok(self.apply1(f, nodes[0], span)),
            Builtin::Two(f) => Ok(self.apply2(f, nodes[0], nodes[1], span)),
            Builtin::Pwr => {
                let f = self.slots.pwr();
                Ok(self.apply2(f, nodes[0], nodes[1], span))
            }
            Builtin::Fold(f) => {
                let mut rest = nodes.into_iter();
                let first = rest.next().unwrap_or_else(|| self.builder.constant(0.0));
                Ok(rest.fold(first, |a, b| self.builder.apply2(f, a, b)))
            }
            Builtin::Limit if nodes.len() == 3 => {
                let low = self.builder.apply2(Function2::Max, nodes[0], nodes[1]);
                Ok(self.builder.apply2(Function2::Min, low, nodes[2]))
            }
            Builtin::Limit => self.random(scope, Random::TwoPoint, &nodes, arguments, span),
            Builtin::Random(random) => self.random(scope, random, &nodes, arguments, span),
            Builtin::Table => self.table(scope, &nodes, arguments, span),
            Builtin::Derivative | Builtin::Integral | Builtin::If => Ok(nodes[0]),
        }
    }

    fn auxiliary(
        &mut self,
        scope: &Scope<'d>,
        env: &Environment<'_, 'd>,
        name: &Name,
        argument: &Expr,
        auxiliary: Auxiliary,
    ) -> Compiled {
        self.slots.open_auxiliary(name).map_err(|e| within(scope, e))?;
        let outer_builder = std::mem::take(&mut self.builder);
        let outer_formula = self.formula;
        self.formulas += 1;
        self.formula = self.formulas;
        let inner = self.term(scope, env, argument);
        self.formula = outer_formula;
        let builder = std::mem::replace(&mut self.builder, outer_builder);
        // closed even after a mistake, so that the slots are never left half-open
        let formula = inner.as_ref().map_or_else(|_| Formula::constant(0.0), |node| builder.finish(*node));
        let result = self.slots.close_auxiliary(&mut self.builder, auxiliary, formula).map_err(|e| within(scope, e));
        inner.and(result)
    }

    fn random(
        &mut self,
        scope: &Scope<'d>,
        random: Random,
        nodes: &[NodeIndex],
        arguments: &[Expr],
        span: Span,
    ) -> Compiled {
        let mut values = Vec::with_capacity(nodes.len());
        for (node, argument) in nodes.iter().zip(arguments) {
            values.push(self.known(scope, *node, argument.span)?);
        }
        if !self.slots.draws() {
            return Err(scope.error("E-CONSTANT", "a random function has no value that holds everywhere here", span));
        }
        let value = random::draw(scope, random, &values, span);
        Ok(self.builder.constant(value))
    }

    fn table(&mut self, scope: &Scope<'d>, nodes: &[NodeIndex], arguments: &[Expr], span: Span) -> Compiled {
        if nodes.len().is_multiple_of(2) {
            return Err(scope.error("E-TABLE", "a table needs pairs x,y after its argument", span));
        }
        let mut points = Vec::with_capacity(nodes.len() / 2);
        for k in (1..nodes.len()).step_by(2) {
            let x = self.known(scope, nodes[k], arguments[k].span)?;
            let y = self.known(scope, nodes[k + 1], arguments[k + 1].span)?;
            points.push((x, y));
        }
        check_table(&points).map_err(|k| {
            scope.error("E-TABLE", "the x values of a table must not decrease", arguments[2 * k + 1].span)
        })?;
        Ok(self.builder.table(nodes[0], points))
    }

    fn known(&self, scope: &Scope<'d>, node: NodeIndex, span: Span) -> Result<f64, Diagnostic> {
        self.builder.value_of(node).ok_or_else(|| {
            scope
                .error("E-CONSTANT", "a number known before the run is needed here", span)
                .label("depends on the solution")
        })
    }
}

/// Does every expression know this name, without a parameter of it?
pub(super) fn is_constant(scope: &Scope<'_>, name: &str) -> bool {
    name == "vt" || constant(scope, name).is_some()
}

fn constant(scope: &Scope<'_>, name: &str) -> Option<f64> {
    let options = &scope.context().options;
    Some(match name {
        "pi" => std::f64::consts::PI,
        "e" => std::f64::consts::E,
        "boltz" => units::BOLTZMANN,
        "echarge" => units::ELEMENTARY_CHARGE,
        // absolute zero in degrees Celsius, as in ngspice and LTspice
        "kelvin" => -units::ZERO_CELSIUS,
        "temper" | "temp" => options.temp,
        "tnom" => options.tnom,
        "gmin" => options.gmin,
        _ => return None,
    })
}

/// # Errors
/// The index of the first corner that lies left of its predecessor.
pub(super) fn check_table(points: &[(f64, f64)]) -> Result<(), usize> {
    match points.windows(2).position(|w| w[1].0 < w[0].0) {
        Some(k) => Err(k + 1),
        None => Ok(()),
    }
}

fn within(scope: &Scope<'_>, mut diagnostic: Diagnostic) -> Diagnostic {
    if !scope.path().is_empty() && !diagnostic.message.contains("(in instance `") {
        diagnostic.message = format!("{} (in instance `{}`)", diagnostic.message, scope.path());
    }
    diagnostic
}

fn arity_error(scope: &Scope<'_>, name: &Name, fewest: usize, most: usize, got: usize) -> Diagnostic {
    let wanted = match (fewest, most) {
        (a, b) if a == b => format!("{a} argument{}", if a == 1 { "" } else { "s" }),
        (a, usize::MAX) => format!("at least {a} arguments"),
        (a, b) => format!("{a} to {b} arguments"),
    };
    scope.error("E-ARITY", format!("`{}` takes {wanted}, but {got} were given", name.text), name.span)
}

fn function_of(op: BinaryOp) -> Function2 {
    match op {
        BinaryOp::Add => Function2::Add,
        BinaryOp::Sub => Function2::Sub,
        BinaryOp::Mul => Function2::Mul,
        BinaryOp::Div => Function2::Div,
        BinaryOp::Rem => Function2::Rem,
        BinaryOp::Pow => Function2::Pow,
        BinaryOp::Xor => Function2::Xor,
        BinaryOp::Lt => Function2::Lt,
        BinaryOp::Le => Function2::Le,
        BinaryOp::Gt => Function2::Gt,
        BinaryOp::Ge => Function2::Ge,
        BinaryOp::Eq => Function2::Eq,
        BinaryOp::Ne => Function2::Ne,
        BinaryOp::And => Function2::And,
        BinaryOp::Or => Function2::Or,
    }
}
