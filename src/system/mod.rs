//! The system of equations on a frozen structure.
//!
//! For every row r of F(x, t) + d/dt Q(x) = 0 the solver sees one algebraic form,
//!
//! ```text
//! R_r(x) = f_r(x) + alpha_r q_r(x) + beta_r + shunt_r (x_r - reference_r)        (a free row)
//! R_r(x) = x_r - held_r                                                          (a held row)
//! J      = df/dx + diag(alpha) dq/dx + diag(shunt)
//! ```
//!
//! so that operating point (alpha = 0), time step (alpha, beta of the integration rule), gmin stepping and
//! pseudo-transient continuation (shunt), initial conditions and memory states (held) are one piece of code: [`Rows`].
//! Structure is frozen once per circuit. Cells of arrays are evaluated as blocks and condensed to their ports
//! (`cells`); arrays with resistive lines are solved by their structure (`kernel`), with the circuit around them as a
//! border (`border`); everything else is one sparse matrix (`general`), and so is an array that the kernel refuses.
//! The scatter runs in a fixed order, so results are the same bits on every run.

mod array;
mod border;
mod cells;
mod condense;
mod crossings;
mod division;
mod eliminate;
mod general;
mod judge;
mod kernel;
mod lattice;
mod problem;
mod relax;
mod rows;
mod site;
mod slots;
mod strip;
mod sums;

pub use kernel::Refusal;
pub use problem::Problem;
pub use relax::Surroundings;
pub use rows::Rows;
pub use sums::Sums;

use std::ops::Range;

use crate::circuit::{Circuit, UnknownKind};
use crate::device::group::value_at;
use crate::device::{Env, Load};
use crate::numeric::simd::Level;
use crate::numeric::sparse::SparseLu;
use cells::Cells;
use condense::Point;
use division::{drop_reached_cells, sparse_lu, split};
use general::General;
use kernel::Kernel;

/// Tolerances with their units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerances {
    /// Relative.
    pub relative: f64,
    /// Absolute, in A.
    pub current: f64,
    /// Absolute, in V.
    pub voltage: f64,
    /// Absolute, times the scale of a state.
    pub state: f64,
    /// Threshold of partial pivoting, relative to the largest candidate.
    pub pivot: f64,
}

/// How linear systems may be solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Backend {
    /// Arrays by their structure, by whatever solver suits them; the rest as a sparse matrix.
    #[default]
    Automatic,
    /// Arrays by line-PCG only.
    Line,
    /// Arrays by the multifrontal factorization only.
    Frontal,
    /// One sparse matrix for everything.
    Sparse,
}

/// Work counters of the linear solvers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Numeric factorizations.
    pub factorizations: usize,
    /// Iterations of the array kernel.
    pub array_iterations: usize,
    /// Times line-PCG handed over to the direct solver.
    pub escalations: usize,
    /// Times the array kernel handed over to the sparse matrix.
    pub fallbacks: usize,
}

/// Why a linear system was not solved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// The pivot of this unknown vanished.
    Singular(usize),
    /// The array kernel cannot; the sparse matrix may.
    Refused(Refusal),
}

/// Values and structure of one circuit's equations.
pub struct System {
    general: General,
    cells: Vec<Cells>,
    /// The arrays solved by their structure; `None` when everything is in the sparse matrix.
    kernel: Option<Kernel>,
    lu: SparseLu,
    /// Matrix of the last factorization.
    factored: Vec<f64>,
    loads: Vec<Load>,
    /// Where every limiting group was evaluated: its local values, empty for the others.
    points: Vec<Vec<f64>>,
    /// The same at the last accepted iterate.
    kept: Vec<Vec<f64>>,
    /// Row sums of the last evaluation.
    pub sums: Sums,
    /// R by row; empty while it is f.
    residual: Vec<f64>,
    tolerances: Tolerances,
    level: Level,
    work: Work,
    /// Why the array kernel was left.
    refusal: Option<Refusal>,
}

impl System {
    /// Freezes the structure of a circuit.
    #[must_use]
    pub fn new(circuit: &Circuit, tolerances: Tolerances, backend: Backend) -> Self {
        let mut cells: Vec<Cells> = (0..circuit.arrays.len()).filter_map(|k| Cells::find(circuit, k)).collect();
        drop_reached_cells(circuit, &mut cells);
        let which: Vec<usize> = match backend {
            Backend::Automatic | Backend::Line | Backend::Frontal => {
                (0..cells.len()).filter(|&k| site::qualifies(circuit, &cells[k])).collect()
            }
            Backend::Sparse => Vec::new(),
        };
        cells.iter_mut().enumerate().for_each(|(k, cells)| cells.make_room(circuit, which.contains(&k)));
        let (general, kernel) = split(circuit, &cells, &which, backend, tolerances.pivot);
        let lu = sparse_lu(&general, kernel.is_some(), tolerances.pivot);
        Self {
            lu,
            factored: Vec::new(),
            loads: circuit.groups.iter().map(|_| Load::default()).collect(),
            points: vec![Vec::new(); circuit.groups.len()],
            kept: vec![Vec::new(); circuit.groups.len()],
            sums: Sums::new(circuit, &tolerances),
            residual: Vec::new(),
            tolerances,
            level: Level::best(),
            work: Work::default(),
            refusal: None,
            general,
            cells,
            kernel,
        }
    }

    /// Puts the lines of all arrays into the sparse matrix, for good.
    fn leave_kernel(&mut self, circuit: &Circuit, why: Refusal) {
        self.work = Work { fallbacks: self.work.fallbacks + 1, ..self.work() };
        self.kernel = None;
        self.refusal = Some(why);
        self.cells.iter_mut().for_each(|cells| cells.make_room(circuit, false));
        (self.general, _) = split(circuit, &self.cells, &[], Backend::Sparse, self.tolerances.pivot);
        self.lu = sparse_lu(&self.general, false, self.tolerances.pivot);
        self.factored.clear();
    }

    /// Why the array kernel was left, if it was.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    /// Number of unknowns.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sums.f.len()
    }

    /// True for a circuit without unknowns.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sums.f.is_empty()
    }

    /// Kind of an unknown.
    #[must_use]
    pub fn kind(&self, k: usize) -> UnknownKind {
        self.sums.kind(k)
    }

    /// Local f and q of every group at the last evaluation; of the devices of arrays only after [`System::load`].
    #[must_use]
    pub fn loads(&self) -> &[Load] {
        &self.loads
    }

    /// Absolute tolerance of an unknown.
    #[must_use]
    pub fn absolute(&self, k: usize) -> f64 {
        self.sums.absolute(k)
    }

    /// Counters of the linear solvers so far.
    #[must_use]
    pub fn work(&self) -> Work {
        let Some(kernel) = &self.kernel else { return self.work };
        Work { array_iterations: kernel.iterations, escalations: kernel.escalations, ..self.work }
    }

    /// Evaluates f and q of every device at `x`, without derivatives.
    pub fn load(&mut self, circuit: &Circuit, env: &Env, x: &[f64]) {
        self.forget_limits(circuit, x);
        self.sums.clear();
        for (group, load) in circuit.groups.iter().zip(&mut self.loads) {
            group.load_values(env, x, load);
            general::add_rows(group.as_ref(), 0..group.len(), load, &mut self.sums);
        }
    }

    /// Evaluates at `x` itself from now on.
    fn forget_limits(&mut self, circuit: &Circuit, x: &[f64]) {
        for (group, point) in circuit.groups.iter().zip(&mut self.points) {
            if group.limits() {
                point.clear();
                point.extend(group.locals().iter().map(|&id| value_at(x, id)));
            }
        }
        self.kept.clone_from(&self.points);
    }

    /// f, q and the Jacobian with the rows of the moment, evaluated where the devices want to be evaluated.
    fn linearise(&mut self, circuit: &Circuit, env: &Env, rows: &Rows, x: &[f64]) {
        let Self { general, cells, kernel, points, loads, sums, .. } = self;
        sums.clear();
        let point = Point { circuit, env, x, rows, points };
        general.evaluate(&point, loads, sums);
        if let Some(kernel) = kernel {
            kernel.evaluate(cells, &point, loads, sums);
        }
        for cells in cells {
            cells.evaluate(&point, loads, sums);
        }
        self.set_residual(rows, x);
    }

    /// R by row.
    fn residual(&self) -> &[f64] {
        residual_of(&self.residual, &self.sums)
    }

    fn set_residual(&mut self, rows: &Rows, x: &[f64]) {
        let Sums { f, q, .. } = &self.sums;
        if rows.are_still() {
            self.residual.clear();
            return;
        }
        self.residual.resize(f.len(), 0.0);
        for r in 0..self.residual.len() {
            let held = rows.is_held(r);
            self.residual[r] = if held {
                x[r] - rows.held[r]
            } else {
                f[r] + (rows.alpha[r] * q[r] + rows.beta[r]) + rows.shunt[r] * (x[r] - rows.reference[r])
            };
        }
    }

    /// Factors the Jacobian of the last evaluation, unless it is the one factored last.
    ///
    /// # Errors
    /// A vanishing pivot or a refusal of the array kernel.
    fn factor(&mut self, rows: &Rows) -> Result<(), Fault> {
        for cells in &mut self.cells {
            cells.factor().map_err(Fault::Singular)?;
        }
        if let Some(kernel) = &mut self.kernel {
            self.work.factorizations += 1;
            let others = self.cells.iter().enumerate().filter(|(k, _)| !kernel.takes(*k)).map(|(_, cells)| cells);
            self.general.assemble(others);
            return kernel.factor(&self.cells, &self.general, rows).map_err(Fault::Refused);
        }
        self.general.assemble(self.cells.iter());
        if self.factored == self.general.matrix {
            return Ok(());
        }
        self.factored.clear();
        let unknown = |k: u32| self.general.ids.get(k as usize).map_or(k as usize, |&id| id as usize);
        self.lu.factor(&self.general.matrix).map_err(|singular| Fault::Singular(unknown(singular.unknown)))?;
        self.factored.extend_from_slice(&self.general.matrix);
        self.work.factorizations += 1;
        Ok(())
    }

    /// Asks a relative residual of the array kernel; 0 for the usual one.
    fn ask(&mut self, tolerance: f64) {
        if let Some(kernel) = &mut self.kernel {
            kernel.ask(tolerance);
        }
    }

    /// Solves J y = b in place with the last factorization.
    fn solve(&mut self, rows: &Rows, b: &mut [f64]) -> Result<(), Fault> {
        for cells in &self.cells {
            cells.reduce(b);
        }
        match &mut self.kernel {
            Some(kernel) => kernel.solve(&self.general, rows, b).map_err(Fault::Refused)?,
            None => {
                let mut own: Vec<f64> = self.general.ids.iter().map(|&id| b[id as usize]).collect();
                self.lu.solve(&mut own);
                for (&id, value) in self.general.ids.iter().zip(own) {
                    b[id as usize] = value;
                }
            }
        }
        for cells in &self.cells {
            cells.expand(b);
        }
        Ok(())
    }

    /// Factors and solves J y = b, by the direct array solver where line-PCG gives up. `b` comes from `give`, again and
    /// again: a solver that gives up half-way leaves nothing of it.
    fn factor_and_solve(&mut self, rows: &Rows, give: impl Fn(&Self, &mut [f64]), y: &mut [f64]) -> Result<(), Fault> {
        give(self, y);
        let mut outcome = self.factor(rows).and_then(|()| self.solve(rows, y));
        if let Err(Fault::Refused(why)) = outcome
            && let Some(kernel) = &mut self.kernel
            && kernel.escalate(why, &self.cells, &self.general, rows).map_err(Fault::Refused)?
        {
            give(self, y);
            outcome = self.solve(rows, y);
        }
        outcome
    }

    /// Rows whose charge, flux or state can be other than zero, at the solution `x`.
    #[must_use]
    pub fn dynamic_rows(&mut self, circuit: &Circuit, env: &Env, x: &[f64]) -> Vec<usize> {
        let mut dynamic = vec![false; self.len()];
        let mut load = Load::default();
        for group in &circuit.groups {
            let mut start = 0;
            while start < group.len() {
                let range = start..(start + DYNAMIC_CHUNK).min(group.len());
                start = range.end;
                group.load_range(env, x, None, range.clone(), &mut load);
                let mut block = 0;
                for i in range {
                    let (from, width) = (group.offset(i), group.offset(i + 1) - group.offset(i));
                    for (k, row) in load.c[block..block + width * width].chunks_exact(width).enumerate() {
                        if let Some(slot) = dynamic.get_mut(group.locals()[from + k] as usize) {
                            *slot |= load.q[from + k] != 0.0 || row.iter().any(|&c| c != 0.0);
                        }
                    }
                    block += width * width;
                }
            }
        }
        dynamic.iter().enumerate().filter(|(_, d)| **d).map(|(r, _)| r).collect()
    }
}

fn residual_of<'a>(residual: &'a [f64], sums: &'a Sums) -> &'a [f64] {
    if residual.is_empty() { &sums.f } else { residual }
}

/// Two ranges that do not meet.
fn both<'a>(x: &'a mut [f64], a: &Range<usize>, b: &Range<usize>) -> [&'a mut [f64]; 2] {
    if a.start < b.start {
        let (low, high) = x.split_at_mut(b.start);
        [&mut low[a.clone()], &mut high[..b.len()]]
    } else {
        let (low, high) = x.split_at_mut(a.start);
        [&mut high[..a.len()], &mut low[b.clone()]]
    }
}

/// Instances looked at together by [`System::dynamic_rows`].
const DYNAMIC_CHUNK: usize = 256;
