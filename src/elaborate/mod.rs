//! Deck to circuit and plan.
//!
//! Elaboration runs once per step point: parameters get their values, `.if` blocks are decided, subcircuits are
//! flattened, every element becomes a device of the registry or a behavioural element. Mistakes are collected, all of
//! them; a circuit comes out only when there is none.

pub mod bus;
pub mod check;
pub mod compile;
pub mod context;
pub mod definitions;
pub mod faults;
pub mod functions;
pub mod percell;
mod random;
pub mod scope;
pub mod steps;
pub mod sweep;

pub use compile::{Auxiliary, Slots, is_dynamic};
pub use context::Context;
pub use scope::Scope;

use crate::circuit::{Circuit, CircuitBuilder};
use crate::diag::{Diagnostic, has_errors};
use crate::netlist::ast::Deck;
use crate::plan::{Options, Overrides, Plan, StepPoint};
use crate::units;

/// A deck that can be turned into circuits, one per step point.
#[derive(Debug, Clone)]
pub struct Elaborator {
    deck: Deck,
    defines: Vec<(String, f64)>,
}

/// What elaboration gives.
pub struct Elaborated {
    /// The circuit.
    pub circuit: Circuit,
    /// What to run on it.
    pub plan: Plan,
    /// Notes and warnings.
    pub diagnostics: Vec<Diagnostic>,
}

impl Elaborator {
    /// Keeps a deck and the `-D name=value` definitions, which replace `.param`s of the top level.
    #[must_use]
    pub fn new(deck: Deck, defines: Vec<(String, f64)>) -> Self {
        let defines = defines.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
        Self { deck, defines }
    }

    /// The deck.
    #[must_use]
    pub fn deck(&self) -> &Deck {
        &self.deck
    }

    /// The points of the outer loops; one empty point when nothing is stepped.
    ///
    /// # Errors
    /// All mistakes in `.step`, `.temp`, `.data` and `.mc` cards.
    pub fn steps(&self) -> Result<Vec<StepPoint>, Vec<Diagnostic>> {
        let overrides = Overrides::default();
        let context = Context::new(&self.deck, &self.defines, &overrides, Options::default(), false);
        let scope = Scope::top(&context).map_err(|e| vec![e])?;
        steps::points(&scope)
    }

    /// The circuit and the plan at one step point.
    ///
    /// # Errors
    /// All mistakes in the deck; nothing is half-built.
    pub fn build(&self, overrides: &Overrides) -> Result<Elaborated, Vec<Diagnostic>> {
        let options = Options::default();
        let random = overrides.run.is_some();
        let context = Context::new(&self.deck, &self.defines, overrides, options, random);
        let scope = Scope::top(&context).map_err(|e| vec![e])?;
        let mut diagnostics = scope.check();
        let builder = CircuitBuilder::new(context.options.temp + units::ZERO_CELSIUS);
        diagnostics.extend(context.take_notes());
        if has_errors(&diagnostics) {
            return Err(diagnostics);
        }
        let plan = Plan { title: self.deck.title.clone(), options: context.options.clone(), ..Plan::default() };
        Ok(Elaborated { circuit: builder.finish(), plan, diagnostics })
    }
}
