//! What every driver carries through a run: circuit, system, options, counters.

use super::error::Failure;
use crate::circuit::{Circuit, UnknownKind};
use crate::device::{Env, Mode, StateLaw};
use crate::numeric::newton::{self, Converged, Effort, Equations, NewtonError};
use crate::plan::{ArraySolver, Options};
use crate::result::Stats;
use crate::system::{Backend, Problem, Refusal, Rows, System, Tolerances};

/// A circuit with its frozen system and the work done on it.
pub struct Solver<'a> {
    /// The circuit; discrete device states and source values change in it.
    pub circuit: &'a mut Circuit,
    /// Its equations.
    pub system: System,
    /// Tolerances and limits.
    pub options: &'a Options,
    /// Counters.
    pub stats: Stats,
    /// Unknowns that DC has to settle (selector states, temperatures), with their scale.
    settling: Vec<(usize, f64)>,
    workspace: newton::Workspace,
    interrupted: &'a dyn Fn() -> bool,
}

impl<'a> Solver<'a> {
    /// Freezes the structure.
    #[must_use]
    pub fn new(circuit: &'a mut Circuit, options: &'a Options) -> Self {
        let tolerances = Tolerances {
            relative: options.reltol,
            current: options.abstol,
            voltage: options.vntol,
            state: options.statetol,
            pivot: options.pivrel,
        };
        let backend = match options.solver {
            ArraySolver::Automatic => Backend::Automatic,
            ArraySolver::Line => Backend::Line,
            ArraySolver::Frontal => Backend::Frontal,
            ArraySolver::Sparse => Backend::Sparse,
        };
        let system = System::new(circuit, tolerances, backend);
        let settling = circuit
            .unknowns
            .runs()
            .filter(|(_, u)| u.law == StateLaw::Settling && u.kind == UnknownKind::State)
            .flat_map(|(run, u)| run.map(|k| (k, u.scale)))
            .collect();
        let workspace = newton::Workspace::default();
        Self { circuit, system, options, stats: Stats::default(), settling, workspace, interrupted: &|| false }
    }

    /// The same, given up as soon as `interrupted` says so.
    #[must_use]
    pub fn until(self, interrupted: &'a dyn Fn() -> bool) -> Self {
        Self { interrupted, ..self }
    }

    /// Unknowns that DC has to settle, with their scale.
    #[must_use]
    pub fn settling(&self) -> &[(usize, f64)] {
        &self.settling
    }

    /// The world of a DC solution.
    #[must_use]
    pub fn env(&self, mode: Mode, time: f64) -> Env {
        Env { time, temperature: self.circuit.temperature, gmin: self.options.gmin, source_scale: 1.0, mode }
    }

    /// States at their start values, everything else zero.
    #[must_use]
    pub fn start(&self) -> Vec<f64> {
        let mut x = vec![0.0; self.system.len()];
        for group in &self.circuit.groups {
            group.start(&mut x, false);
        }
        x
    }

    /// One Newton solve, counted.
    pub fn newton(
        &mut self,
        env: Env,
        rows: &Rows,
        x: &mut Vec<f64>,
        effort: Effort,
    ) -> Result<Converged, NewtonError> {
        let mut problem = Problem::new(&mut self.system, self.circuit, env, rows);
        let outcome = newton::solve(&mut problem, x, effort, &mut self.workspace, self.interrupted);
        self.stats.newton += match &outcome {
            Ok(done) => done.iterations,
            Err(error) => error.iterations(),
        };
        self.note_work();
        outcome
    }

    /// Room for a vector of unknowns, whatever is in it.
    pub fn take_spare(&mut self) -> Vec<f64> {
        self.workspace.take_spare()
    }

    /// Where the last solve by Newton's iteration began, if it failed.
    pub fn take_begun(&mut self) -> Vec<f64> {
        self.workspace.take_begun()
    }

    /// Solves J y = b, J the Jacobian at `x`.
    ///
    /// # Errors
    /// The unknown whose pivot vanished.
    pub fn respond(&mut self, env: Env, rows: &Rows, x: &[f64], b: &[f64], y: &mut [f64]) -> Result<(), usize> {
        let mut problem = Problem::new(&mut self.system, self.circuit, env, rows);
        problem.begin(x);
        problem.linearise(x);
        problem.solve(x, b, y)
    }

    /// Volatile states inside cells of arrays that would move by more than `jump` of their scale if their cell were
    /// solved with the lines held where they are in `x`.
    pub fn restless(&mut self, env: Env, rows: &Rows, x: &[f64], jump: f64) -> Vec<usize> {
        let step = self.system.inner_steps(self.circuit, &env, rows, x);
        let moves = |&&(k, scale): &&(usize, f64)| step[k].is_nan() || step[k].abs() > jump * scale;
        self.settling.iter().filter(moves).map(|&(k, _)| k).collect()
    }

    /// Copies the counters of the linear solvers.
    pub fn note_work(&mut self) {
        let work = self.system.work();
        self.stats.factorizations = work.factorizations;
        self.stats.array_iterations = work.array_iterations;
        self.stats.escalations = work.escalations;
        self.stats.fallbacks = work.fallbacks;
        if let Some(why) = self.system.refusal()
            && self.stats.refusals.is_empty()
        {
            self.stats.refusals.push(match why {
                Refusal::Border(k) => {
                    format!("the circuit around the array is singular at {}", self.circuit.unknown_signal(k as u32))
                }
                why => why.to_string(),
            });
        }
    }

    /// Lets discrete states follow an accepted solution; true when one flipped.
    pub fn accept(&mut self, env: &Env, x: &[f64]) -> bool {
        let mut flipped = false;
        for group in &mut self.circuit.groups {
            flipped |= group.accept(env, x);
        }
        flipped
    }

    /// Records Kirchhoff's current law at an accepted point.
    pub fn note_residual(&mut self, rows: &Rows) {
        let (absolute, relative) = self.system.kirchhoff(rows);
        self.stats.kcl_residual = self.stats.kcl_residual.max(absolute);
        self.stats.kcl_relative = self.stats.kcl_relative.max(relative);
    }

    /// Names a failure and hands over the counters.
    #[must_use]
    pub fn failure(&self, analysis: &'static str, at: String, x: &[f64], error: &NewtonError) -> Box<Failure> {
        let mut failure = Failure::new(analysis, at, self.circuit, x, error);
        failure.stats = self.stats.clone();
        Box::new(failure)
    }
}
