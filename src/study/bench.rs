//! The test bench of a study: a deck that is made around the user's definitions, elaborated and solved.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::analysis::{self, AnalysisError};
use crate::circuit::Circuit;
use crate::diag::{Diagnostic, has_errors};
use crate::elaborate::percell::Matrix;
use crate::elaborate::{Elaborated, Elaborator};
use crate::netlist::ast::{Deck, Expr, Statement, StudyCard, Subckt};
use crate::netlist::{self, ReadOptions};
use crate::plan::{Analysis, Options, Overrides, Plan, Signal, Snapshot, Sweep, SweepTarget, Tran};
use crate::result::{ArraySnapshot, PlotHeader, Sink, Stats, Table};

use super::{StudyError, Watch};

/// What the user's deck defines: subcircuits, models, parameters, functions, options. Its elements and requests are
/// left out.
#[derive(Debug, Clone)]
pub struct Definitions {
    elaborator: Elaborator,
    defines: Vec<(String, f64)>,
    options: ReadOptions,
    base: Overrides,
    shared: Shared,
}

/// Numbers of the nominal circuit that all Monte Carlo runs share, by what they are and where a sweep stands.
type Shared = Arc<Mutex<HashMap<String, Arc<Vec<f64>>>>>;

impl Definitions {
    /// The definitions of a deck, with the `-D name=value`s in force.
    #[must_use]
    pub fn of(deck: &Deck, defines: &[(String, f64)]) -> Self {
        let mut deck = deck.clone();
        deck.body.retain(is_definition);
        let options = ReadOptions { dialect: Some(deck.dialect), studies: super::words(), ..ReadOptions::default() };
        let elaborator = Elaborator::new(deck, defines.to_vec());
        Self { elaborator, defines: defines.to_vec(), options, base: Overrides::default(), shared: Shared::default() }
    }

    /// The same definitions with other values of the deck's parameters, or in a Monte Carlo run, where random functions
    /// are drawn.
    #[must_use]
    pub fn at(&self, base: Overrides) -> Self {
        Self { base, ..self.clone() }
    }

    /// The same definitions outside of Monte Carlo runs: random functions have their nominal values.
    #[must_use]
    pub fn nominal(&self) -> Self {
        self.at(Overrides { run: None, ..self.base.clone() })
    }

    /// The Monte Carlo run, when this is one.
    #[must_use]
    pub fn run(&self) -> Option<u64> {
        self.base.run
    }

    /// What `compute` makes of the nominal definitions. In Monte Carlo runs that is done once for all runs of a sweep point;
    /// `key` tells one such result from another.
    ///
    /// # Errors
    /// Those of `compute`.
    pub fn of_nominal(
        &self,
        key: &str,
        compute: impl FnOnce(&Self) -> Result<Vec<f64>, StudyError>,
    ) -> Result<Arc<Vec<f64>>, StudyError> {
        if self.base.run.is_none() {
            return compute(self).map(Arc::new);
        }
        let key = format!("{key} at {:?}", self.base.values);
        let known = || self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known().get(&key) {
            return Ok(Arc::clone(found));
        }
        // two threads may both compute it, and get the same
        let found = Arc::new(compute(&self.nominal())?);
        known().insert(key, Arc::clone(&found));
        Ok(found)
    }

    /// The deck of definitions, whose sources show any span of it.
    #[must_use]
    pub fn deck(&self) -> &Deck {
        self.elaborator.deck()
    }

    /// The subcircuit of a cell.
    #[must_use]
    pub fn cell(&self, name: &str) -> Option<&Subckt> {
        self.deck().body.iter().find_map(|statement| match statement {
            Statement::Subckt(subckt) if subckt.name.text == name => Some(subckt),
            _ => None,
        })
    }

    /// Names of the deck's own parameters.
    #[must_use]
    pub fn parameters(&self) -> Vec<&str> {
        let assigns =
            self.deck().body.iter().filter_map(|s| if let Statement::Param(list) = s { Some(list) } else { None });
        assigns.flatten().map(|assign| assign.name.text.as_str()).collect()
    }

    /// Names of all subcircuits.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        self.deck().body.iter().filter_map(|statement| match statement {
            Statement::Subckt(subckt) => Some(subckt.name.text.as_str()),
            _ => None,
        })
    }

    /// The value of an expression in the deck's parameters; random functions have their nominal value.
    ///
    /// # Errors
    /// An expression without a value.
    pub fn number(&self, expression: &Expr) -> Result<f64, Diagnostic> {
        let nominal = Overrides { run: None, ..self.base.clone() };
        self.evaluate(expression, &[], &nominal).map(|values| values.first().copied().unwrap_or(f64::NAN))
    }

    /// The value of an expression in each of these instances; random functions are drawn for each in a Monte Carlo run.
    ///
    /// # Errors
    /// An expression without a value.
    pub fn numbers(&self, expression: &Expr, instances: &[String]) -> Result<Vec<f64>, Diagnostic> {
        self.evaluate(expression, instances, &self.base)
    }

    fn evaluate(&self, expression: &Expr, instances: &[String], at: &Overrides) -> Result<Vec<f64>, Diagnostic> {
        self.elaborator.numbers(expression, instances, at).map_err(|errors| {
            let first = errors.into_iter().next();
            first.unwrap_or_else(|| Diagnostic::error("E-VALUE", "no value").at(expression.span))
        })
    }

    /// Reads study cards that stand on a command line.
    ///
    /// # Errors
    /// All mistakes of form.
    pub fn read_cards(deck: &mut Deck, lines: &str) -> Result<Vec<StudyCard>, Vec<Diagnostic>> {
        let options = ReadOptions { dialect: Some(deck.dialect), studies: super::words(), ..ReadOptions::default() };
        let (statements, diagnostics) = netlist::parse_more(deck, "<command line>", lines, &options);
        if has_errors(&diagnostics) {
            return Err(diagnostics);
        }
        let card = |s| if let Statement::Study(card) = s { Some(card) } else { None };
        Ok(statements.into_iter().filter_map(card).collect())
    }

    /// Seed of all random numbers, `.options seed` or `--seed`.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.elaborator.options().map_or_else(|_| Options::default().seed, |options| options.seed)
    }

    /// Mistakes in the user's deck, with its texts.
    #[must_use]
    pub fn circuit(&self, diagnostics: Vec<Diagnostic>) -> StudyError {
        StudyError::Circuit { diagnostics, sources: Box::new(self.deck().sources.clone()) }
    }

    /// The bench whose circuit these lines describe, beside the definitions.
    ///
    /// # Errors
    /// Lines that cannot be read.
    pub fn bench(&self, lines: &str) -> Result<Bench, StudyError> {
        let mut deck = self.deck().clone();
        let (statements, diagnostics) = netlist::parse_more(&mut deck, "<study>", lines, &self.options);
        if has_errors(&diagnostics) {
            return Err(StudyError::Circuit { diagnostics, sources: Box::new(deck.sources) });
        }
        deck.body.extend(statements);
        Ok(Bench { elaborator: Elaborator::new(deck, self.defines.clone()), base: self.base.clone() })
    }
}

fn is_definition(statement: &Statement) -> bool {
    matches!(
        statement,
        Statement::Param(_)
            | Statement::Func(_)
            | Statement::Subckt(_)
            | Statement::Model(_)
            | Statement::Global(_)
            | Statement::Temp(..)
            | Statement::Options(_)
            | Statement::If(_)
            | Statement::Xbar(_)
    )
}

/// A circuit that a study made, before elaboration.
#[derive(Debug, Clone)]
pub struct Bench {
    elaborator: Elaborator,
    base: Overrides,
}

/// What is wanted of a solve.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Signals, in the order in which they are returned.
    pub signals: Vec<Signal>,
    /// Matrices of arrays.
    pub snapshots: Vec<Snapshot>,
}

/// What a solve gave.
#[derive(Debug, Clone, Default)]
pub struct Solution {
    /// Axis (time) of each point; empty for an operating point.
    pub axis: Vec<f64>,
    /// `values[signal][point]`, in the order of [`Wanted::signals`].
    pub values: Vec<Vec<f64>>,
    /// Matrices, in the order of their times.
    pub snapshots: Vec<ArraySnapshot>,
    /// Counters.
    pub stats: Stats,
}

impl Solution {
    /// The last value of a signal; NaN when there is none.
    #[must_use]
    pub fn last(&self, signal: usize) -> f64 {
        self.values.get(signal).and_then(|v| v.last()).copied().unwrap_or(f64::NAN)
    }
    /// A matrix of the last snapshot.
    #[must_use]
    pub fn matrix(&self, quantity: &str) -> Option<&[f64]> {
        let last = self.snapshots.last()?;
        last.matrices.iter().find(|(name, _)| name == quantity).map(|(_, values)| values.as_slice())
    }
}

impl Bench {
    /// Gives `FILE("name")` of the lines a matrix in memory.
    #[must_use]
    pub fn with_matrix(mut self, name: &str, rows: usize, cols: usize, values: Vec<f64>) -> Self {
        self.elaborator.supply(name, Matrix { rows, cols, values });
        self
    }

    /// The deck, for expansion.
    #[must_use]
    pub fn elaborator(&self) -> &Elaborator {
        &self.elaborator
    }

    /// The circuit at one step point.
    ///
    /// # Errors
    /// All mistakes.
    pub fn build(&self, overrides: &Overrides) -> Result<Elaborated, StudyError> {
        let sources = || Box::new(self.elaborator.deck().sources.clone());
        let wrong = |diagnostics| StudyError::Circuit { diagnostics, sources: sources() };
        let mut all = self.base.clone();
        all.values.extend(overrides.values.iter().map(|(target, value)| (target.clone(), *value)));
        all.run = overrides.run.or(all.run);
        self.elaborator.build(&all).map_err(wrong)
    }

    /// Its operating point.
    ///
    /// # Errors
    /// A circuit that cannot be built or does not converge.
    pub fn operating_point(
        &self,
        overrides: &Overrides,
        wanted: &Wanted,
        watch: &dyn Watch,
    ) -> Result<Solution, StudyError> {
        self.solve(&Analysis::Op, overrides, wanted, watch)
    }

    /// Its operating point, from the solution of a like circuit, which the own one replaces. Without one of the right
    /// length it starts from nothing.
    ///
    /// # Errors
    /// A circuit that cannot be built or does not converge.
    pub fn operating_point_near(
        &self,
        near: &mut Vec<f64>,
        wanted: &Wanted,
        watch: &dyn Watch,
    ) -> Result<Solution, StudyError> {
        let run = |circuit: &mut Circuit, plan: &Plan, kept: &mut Kept| {
            analysis::operating_point(circuit, plan, "", near, kept)
        };
        self.solve_by(run, &Overrides::default(), wanted, watch)
    }

    /// Operating points over the values of a source, each from the one before.
    ///
    /// # Errors
    /// A circuit that cannot be built or does not converge.
    pub fn sweep(
        &self,
        source: &str,
        values: Vec<f64>,
        wanted: &Wanted,
        watch: &dyn Watch,
    ) -> Result<Solution, StudyError> {
        let sweep = Sweep {
            label: source.to_owned(),
            targets: vec![SweepTarget::Source(source.to_owned())],
            rows: values.into_iter().map(|value| vec![value]).collect(),
        };
        self.solve(&Analysis::Dc(vec![sweep]), &Overrides::default(), wanted, watch)
    }

    /// A transient.
    ///
    /// # Errors
    /// A circuit that cannot be built or does not converge.
    pub fn transient(
        &self,
        tran: Tran,
        overrides: &Overrides,
        wanted: &Wanted,
        watch: &dyn Watch,
    ) -> Result<Solution, StudyError> {
        self.solve(&Analysis::Tran(tran), overrides, wanted, watch)
    }

    fn solve(
        &self,
        analysis: &Analysis,
        overrides: &Overrides,
        wanted: &Wanted,
        watch: &dyn Watch,
    ) -> Result<Solution, StudyError> {
        let rebuild = |_: &Overrides| Err("a study sweeps by itself".to_owned());
        let run = |circuit: &mut Circuit, plan: &Plan, kept: &mut Kept| {
            analysis::run(analysis, circuit, plan, "", &rebuild, kept)
        };
        self.solve_by(run, overrides, wanted, watch)
    }

    fn solve_by(
        &self,
        run: impl FnOnce(&mut Circuit, &Plan, &mut Kept) -> Result<Stats, AnalysisError>,
        overrides: &Overrides,
        wanted: &Wanted,
        watch: &dyn Watch,
    ) -> Result<Solution, StudyError> {
        let Elaborated { mut circuit, mut plan, .. } = self.build(overrides)?;
        plan.signals.clone_from(&wanted.signals);
        plan.saved = plan.signals.len();
        plan.snapshots.clone_from(&wanted.snapshots);
        let mut kept = Kept { table: None, snapshots: Vec::new(), watch };
        let outcome = run(&mut circuit, &plan, &mut kept);
        let stats = match outcome {
            Ok(stats) => stats,
            Err(AnalysisError::Interrupted { .. }) => return Err(StudyError::Interrupted),
            Err(error) => return Err(error.into()),
        };
        let Some(Table { header, mut data }) = kept.table else {
            return Err(StudyError::request("the circuit gave no point"));
        };
        let axis = if header.has_axis { data.remove(0) } else { Vec::new() };
        Ok(Solution { axis, values: data, snapshots: kept.snapshots, stats })
    }
}

/// Keeps what an analysis hands over.
struct Kept<'a> {
    table: Option<Table>,
    snapshots: Vec<ArraySnapshot>,
    watch: &'a dyn Watch,
}

impl Sink for Kept<'_> {
    fn begin(&mut self, header: &PlotHeader) {
        self.table = Some(Table::new(header.clone()));
    }
    fn point(&mut self, values: &[f64]) {
        if let Some(table) = &mut self.table {
            table.push(values);
        }
    }
    fn snapshot(&mut self, snapshot: ArraySnapshot) {
        self.snapshots.push(snapshot);
    }
    fn end(&mut self) {}
    fn interrupted(&self) -> bool {
        self.watch.interrupted()
    }
}
