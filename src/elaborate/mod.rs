//! Deck to circuit and plan.
//!
//! Elaboration runs once per step point: parameters get their values, `.if` blocks are decided, subcircuits are
//! flattened, every element becomes a device of the registry or a behavioural element. Mistakes are collected, all of
//! them; a circuit comes out only when there is none.

pub mod array;
pub mod assembly;
mod behaviour;
pub mod bus;
pub mod check;
pub mod compile;
pub mod context;
mod controlled;
pub mod definitions;
pub mod dependence;
mod domain;
mod element;
pub mod expand;
pub mod faults;
pub mod flatten;
pub mod functions;
mod leveled;
pub mod model;
pub mod options;
pub mod percell;
mod random;
pub mod requests;
pub mod scope;
pub mod slots;
pub mod source;
pub mod steps;
pub mod sweep;
#[cfg(test)]
mod tests;
mod unused;
mod wanted;

pub use context::Context;
pub use dependence::is_dynamic;
pub use scope::Scope;
pub use slots::{Auxiliary, Slots};

use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use assembly::{Assembly, Frame};
use percell::Matrix;

use crate::circuit::Circuit;
use crate::diag::{Diagnostic, has_errors, nearest};
use crate::netlist::ast::{Deck, Dialect, Expr};
use crate::numeric::sampling::Sampling;
use crate::plan::{Options, Overrides, Plan, StepPoint, SweepTarget};

/// A deck that can be turned into circuits, one per step point.
#[derive(Debug, Clone)]
pub struct Elaborator {
    deck: Deck,
    defines: Vec<(String, f64)>,
    supplied: Arc<Supplied>,
}

/// Matrices in memory, by the name that `FILE(..)` calls them.
type Supplied = HashMap<PathBuf, Arc<Matrix>>;

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
        Self { deck, defines, supplied: Arc::default() }
    }

    /// Gives `FILE("name")` a matrix in memory, for decks that a program writes.
    pub fn supply(&mut self, name: &str, matrix: Matrix) {
        Arc::make_mut(&mut self.supplied).insert(PathBuf::from(name), Arc::new(matrix));
    }

    /// The value of an expression in the parameters of the deck at one step point: once for each instance path, for
    /// which random functions are drawn in a Monte Carlo run; once at the top when there is no path.
    ///
    /// # Errors
    /// As [`Scope::number`].
    pub fn numbers(
        &self,
        expression: &Expr,
        paths: &[String],
        overrides: &Overrides,
    ) -> Result<Vec<f64>, Vec<Diagnostic>> {
        let (scope, _) = self.open(overrides)?;
        let wrong = |error| vec![error];
        if paths.is_empty() {
            return scope.number(expression).map(|value| vec![value]).map_err(wrong);
        }
        paths.iter().map(|path| scope.with(Vec::new(), path).number(expression).map_err(wrong)).collect()
    }

    /// The deck.
    #[must_use]
    pub fn deck(&self) -> &Deck {
        &self.deck
    }

    /// The `-D name=value` definitions.
    #[must_use]
    pub fn defines(&self) -> &[(String, f64)] {
        &self.defines
    }

    /// The options in force, without those of a step.
    ///
    /// # Errors
    /// As [`Elaborator::build`], as far as options are concerned.
    pub fn options(&self) -> Result<Options, Vec<Diagnostic>> {
        let overrides = Overrides::default();
        let (scope, _) = self.open(&overrides)?;
        Ok(scope.context().options.clone())
    }

    /// The points of the outer loops; one empty point when nothing is stepped.
    ///
    /// # Errors
    /// All mistakes in `.step`, `.temp`, `.data` and `.mc` cards.
    pub fn steps(&self) -> Result<Vec<StepPoint>, Vec<Diagnostic>> {
        let overrides = Overrides::default();
        let (scope, _) = self.open(&overrides)?;
        steps::points(&scope)
    }

    /// The circuit and the plan at one step point.
    ///
    /// # Errors
    /// All mistakes in the deck; nothing is half-built.
    pub fn build(&self, overrides: &Overrides) -> Result<Elaborated, Vec<Diagnostic>> {
        let (scope, mut diagnostics) = self.open(overrides)?;
        let context = Rc::clone(scope.context());
        diagnostics.extend(dialect_note(&self.deck));
        let mut assembly = Assembly::new(&context, flatten::globals(&self.deck.body));
        assembly.wanted = wanted::Wanted::gather(&scope);
        let top = Rc::new(Frame::top(scope.clone()));
        scope.check().into_iter().for_each(|e| assembly.error(e));
        assembly.make_globals();
        assembly.check_definitions(&scope);
        assembly.check_defines(&scope);
        assembly.place_body(&top);
        let times = source::times(&scope);
        assembly.make_arrays(times);
        assembly.make_all(times);
        assembly.shunt_capacitors();
        assembly.apply_start_values();
        diagnostics.extend(assembly.take_errors());
        diagnostics.extend(unused::warnings(&scope, &assembly.checked));
        diagnostics.extend(missed_targets(&context, &assembly, &self.deck));
        let broken = has_errors(&diagnostics);
        let circuit = std::mem::take(&mut assembly.builder).finish();
        let mut plan = Plan { title: self.deck.title.clone(), options: context.options.clone(), ..Plan::default() };
        let requests = requests::gather(&scope, &circuit, &mut plan);
        // names and structure are judged on a whole circuit only: half a one would blame the wrong ones
        diagnostics.extend(requests.into_iter().filter(|d| !broken || requests::stands_alone(d)));
        if !broken {
            diagnostics.extend(check::check(&circuit, &plan, || assembly.places()));
        }
        diagnostics.extend(context.take_notes());
        options::harden(&context.options, &mut diagnostics);
        if has_errors(&diagnostics) { Err(diagnostics) } else { Ok(Elaborated { circuit, plan, diagnostics }) }
    }

    /// The top scope with the options in force, and the notes made on the way.
    fn open<'d>(&'d self, overrides: &'d Overrides) -> Result<(Scope<'d>, Vec<Diagnostic>), Vec<Diagnostic>> {
        let provisional =
            Context::new(&self.deck, &self.defines, overrides, Options::default(), false, Sampling::default());
        let scope = Scope::top(&provisional).map_err(|e| vec![e])?;
        let mut diagnostics = Vec::new();
        // a wrong option does not hide the mistakes of the rest of the deck
        let mut settings = options::settings(&scope).unwrap_or_else(|errors| {
            diagnostics.extend(errors);
            options::Settings::default()
        });
        // mistakes of the card are reported with the other loops
        let mut sampling = Sampling::default();
        if let Ok(Some(card)) = steps::monte_carlo(&scope) {
            settings.options.seed = card.seed.unwrap_or(settings.options.seed);
            sampling = card.sampling;
        }
        let random = overrides.run.is_some() || settings.draw_always;
        let context = Context::new(&self.deck, &self.defines, overrides, settings.options, random, sampling);
        context.supply(&self.supplied);
        let notes = provisional.take_notes();
        notes.into_iter().for_each(|note| context.note(note));
        context.consumed(&SweepTarget::Temperature);
        Ok((Scope::top(&context).map_err(|e| vec![e])?, diagnostics))
    }
}

/// Which reading was chosen where simulators disagree, and why; silent for the default.
fn dialect_note(deck: &Deck) -> Option<Diagnostic> {
    let name = match deck.dialect {
        Dialect::Ngspice => return None,
        Dialect::Ltspice => "LTspice",
        Dialect::Hspice => "HSPICE",
        Dialect::Xyce => "Xyce",
    };
    if deck.dialect_is_given {
        return None;
    }
    let message = format!("where simulators disagree, the rules of {name} are used: {}", deck.dialect_reason);
    Some(Diagnostic::note("N-DIALECT", message))
}

/// Step targets that named nothing.
fn missed_targets(context: &Context<'_>, assembly: &Assembly<'_>, deck: &Deck) -> Vec<Diagnostic> {
    let span = flatten::first_sweep(&deck.body);
    let missed = context.missed();
    missed
        .iter()
        .map(|target| {
            let (what, name) = match target {
                SweepTarget::Source(name) => ("source", name),
                SweepTarget::Parameter(name) => ("parameter", name),
                SweepTarget::Device(name, _) => ("element", name),
                SweepTarget::Model(name, _) => ("model", name),
                SweepTarget::Temperature => ("temperature", &deck.title),
            };
            let mut error =
                Diagnostic::error("E-STEP", format!("the sweep changes the {what} `{name}`, which does not exist"));
            if let Some(span) = span {
                error = error.at(span);
            }
            if assembly.names().any(|n| n == name) {
                error.message = format!("the value of `{name}` is an expression and cannot be swept");
                return error.help("sweep a parameter that the expression uses");
            }
            match nearest(name, assembly.names()) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error,
            }
        })
        .collect()
}
