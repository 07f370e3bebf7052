//! Functions of constants outside their domain: `0/0`, `1/0`, `sqrt(-1)`.
//!
//! A formula of a run must go on and uses a substitute, with a note. So do numbers that something is made of (a
//! resistance, a parameter), but for `0/0`: every value would be as wrong as any other.

use super::compile::Compiler;
use super::scope::Scope;
use crate::diag::{Diagnostic, Span};
use crate::numeric::formula::{Function1, Function2, NodeIndex};

/// What there is to say about an operation on constants.
pub(super) struct Doubt {
    /// Which substitute a formula uses.
    pub(super) note: Diagnostic,
    /// Where it is that nothing can be the value.
    undefined: Option<Span>,
}

impl Doubt {
    /// A number that something is made of must have a value; that programs disagree about which is a note.
    pub(super) fn settle(self, scope: &Scope<'_>) -> Result<(), Diagnostic> {
        let Some(span) = self.undefined else {
            scope.context().note(self.note);
            return Ok(());
        };
        let error = scope.error("E-VALUE", "0/0 has no value", span).label("not a number");
        Err(error.help(
            "check the numbers it is made of; in {x == 0 ? 0 : y/x} the branch that is not taken may be anything",
        ))
    }
}

impl Compiler<'_, '_> {
    /// Applies a function and remembers where constants leave its domain.
    pub(super) fn apply2(&mut self, f: Function2, a: NodeIndex, b: NodeIndex, span: Span) -> NodeIndex {
        if let (Some(x), Some(y)) = (self.builder.value_of(a), self.builder.value_of(b))
            && let Some(note) = doubt2(f, x, y)
        {
            let undefined = (f == Function2::Div && x == 0.0).then_some(span);
            self.doubts.push(Doubt { note: note.at(span), undefined });
        }
        self.builder.apply2(f, a, b)
    }

    /// The same for functions of one argument.
    pub(super) fn apply1(&mut self, f: Function1, a: NodeIndex, span: Span) -> NodeIndex {
        if let Some(x) = self.builder.value_of(a)
            && x < 0.0
            && matches!(f, Function1::Sqrt | Function1::Ln | Function1::Log10)
        {
            let what = format!("the argument {x} is negative; its magnitude is used");
            self.doubts.push(Doubt { note: Diagnostic::warning("W-DOMAIN", what).at(span), undefined: None });
        }
        self.builder.apply1(f, a)
    }
}

/// What a formula says about `f(x, y)`.
fn doubt2(f: Function2, x: f64, y: f64) -> Option<Diagnostic> {
    match f {
        Function2::Pow if x < 0.0 && y.fract() != 0.0 => Some(Diagnostic::note(
            "W-POW",
            format!("{x} to the power {y} has no real value; its real part |x|^y cos(pi y) is used"),
        )),
        Function2::Pwr | Function2::Pwrs if x < 0.0 => Some(
            Diagnostic::note("W-PWR", format!("simulators disagree about pwr of the negative number {x}"))
                .help("`pwrs` keeps the sign, `abs(x)**y` drops it"),
        ),
        Function2::Div if y == 0.0 && x == 0.0 => Some(Diagnostic::warning("W-DIV", "0/0 has no value; 0 is used")),
        Function2::Div if y == 0.0 => {
            Some(Diagnostic::warning("W-DIV", "division by zero; 1e32 with the sign of the numerator is used"))
        }
        _ => None,
    }
}
