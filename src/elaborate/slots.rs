//! What an expression may refer to besides parameters and functions: signals, time, auxiliary integrals.

use std::rc::Rc;

use super::scope::Scope;
use crate::diag::{Diagnostic, Span};
use crate::netlist::ast::{Expr, Name, NodeRef};
use crate::numeric::formula::{Formula, FormulaBuilder, Function2, NodeIndex};

/// What the user of an expression offers beyond parameters and functions. Every hook may add nodes to the formula.
pub trait Slots<'d> {
    /// `v(a,b)`, `i(dev)`, ...
    ///
    /// # Errors
    /// When there is no such signal, or none can be used here.
    fn probe(&mut self, builder: &mut FormulaBuilder, word: &Name, nodes: &[NodeRef]) -> Result<NodeIndex, Diagnostic>;

    /// `@device[field]`.
    ///
    /// # Errors
    /// When there is no such signal, or none can be used here.
    fn field(&mut self, builder: &mut FormulaBuilder, device: &Name, field: &Name) -> Result<NodeIndex, Diagnostic>;

    /// A bare name that is no parameter: `time`, `temper` (in degrees Celsius), a measure. `None` = not known here.
    fn variable(&mut self, builder: &mut FormulaBuilder, name: &str) -> Option<NodeIndex>;

    /// A parameter that is no number here but varies; asked before its value is. `None` leaves it to its scope.
    fn parameter(&mut self, scope: &Scope<'d>, name: &str) -> Option<Varying<'d>> {
        let _ = (scope, name);
        None
    }

    /// May a random function be drawn once for all uses of the formula?
    fn draws(&self) -> bool {
        true
    }

    /// A call that means something special here, `sum(v(x*))`; asked before functions are looked up.
    fn call(
        &mut self,
        builder: &mut FormulaBuilder,
        name: &Name,
        arguments: &[Expr],
    ) -> Option<Result<NodeIndex, Diagnostic>> {
        let _ = (builder, name, arguments);
        None
    }

    /// `ddt(` or `idt(` opens: until [`Slots::close_auxiliary`] all hooks belong to a formula of its own.
    ///
    /// # Errors
    /// When there is no time derivative or integral here.
    fn open_auxiliary(&mut self, name: &Name) -> Result<(), Diagnostic> {
        Err(Diagnostic::error("E-DDT", format!("`{}()` can be used in behavioural elements only", name.text))
            .at(name.span))
    }

    /// The inner formula of `ddt()` or `idt()` is complete; gives the node of its derivative or integral.
    ///
    /// # Errors
    /// When there is no time derivative or integral here.
    fn close_auxiliary(
        &mut self,
        builder: &mut FormulaBuilder,
        auxiliary: Auxiliary,
        inner: Formula,
    ) -> Result<NodeIndex, Diagnostic> {
        let _ = (auxiliary, inner);
        Ok(builder.constant(0.0))
    }

    /// What `pwr` means here.
    fn pwr(&self) -> Function2 {
        Function2::Pwr
    }
}

/// What a parameter stands for when it is no number yet.
pub enum Varying<'d> {
    /// An input of the formula.
    Slot(u32),
    /// An expression in a scope.
    Text(Rc<Expr>, Scope<'d>),
}

/// `ddt` or `idt`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Auxiliary {
    /// Time derivative.
    Derivative,
    /// Time integral.
    Integral {
        /// Value at t = 0.
        initial: f64,
    },
}

/// The slots of an expression that must be known before the run: none.
#[derive(Debug, Clone, Copy)]
pub struct Constants;

impl<'d> Slots<'d> for Constants {
    fn probe(&mut self, _: &mut FormulaBuilder, word: &Name, _: &[NodeRef]) -> Result<NodeIndex, Diagnostic> {
        Err(during_the_run(&format!("{}()", word.text), word.span))
    }
    fn field(&mut self, _: &mut FormulaBuilder, device: &Name, field: &Name) -> Result<NodeIndex, Diagnostic> {
        Err(during_the_run(&format!("@{}[{}]", device.text, field.text), device.span))
    }
    fn variable(&mut self, _: &mut FormulaBuilder, _: &str) -> Option<NodeIndex> {
        None
    }
}

pub(super) fn during_the_run(what: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E-CONSTANT", format!("`{what}` is known only during the run, but a number is needed here"))
        .at(span)
        .help("use a behavioural source (B, E, G) or a behavioural R or C for what depends on the solution")
}
