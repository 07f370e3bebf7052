//! Arrays with resistive lines, solved by their structure ([`crate::crossbar`]).
//!
//! The nodes of their lines ([`super::site`]) are numbered on their own; the condensed cells refill the arrays at every
//! factorization, the circuit around the arrays enters as leaks ([`super::border`]), and what a leak cannot say is left to
//! an outer flexible GMRES. Cells between one word and one bit line have the fastest solvers ([`super::lattice`]), cells
//! on other lines (1T1R) are bundles of lines ([`crate::crossbar::Bundles`]). Where line-PCG gives up (negative pivots,
//! no convergence) the multifrontal factorization takes over, symmetric or not; only what it refuses too goes back to the
//! sparse matrix. One array and its solver are [`super::array`].

use super::array::{Array, HOLD, Numbers, Solver};
use super::border::Border;
use super::cells::Cells;
use super::condense::Point;
use super::general::General;
use super::lattice::Method;
use super::rows::Rows;
use super::{Backend, Sums};
use crate::circuit::Circuit;
use crate::crossbar::Trouble;
use crate::device::{Env, Load, Mode};
use crate::numeric::krylov;
use crate::numeric::sparse::PivotRule;

/// Relative residual asked of one linear solve.
const TOLERANCE: f64 = 1e-12;
/// Most factorizations that are left to the direct solver before line-PCG is tried again.
const LONGEST_REST: usize = 64;
/// Outer iterations where border or cells need them.
const OUTER: krylov::Effort = krylov::Effort { tolerance: TOLERANCE, iterations: 120, restart: 40 };

/// Why the array kernel gave up.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The array solver itself.
    #[error(transparent)]
    Array(#[from] Trouble),
    /// The circuit around the array has a vanishing pivot at this unknown.
    #[error("the circuit around the array is singular at unknown {0}")]
    Border(usize),
    /// The outer iteration stalled.
    #[error("the outer iteration stalled at a relative residual of {0:.1e}")]
    Stalled(f64),
}

/// All arrays that the kernel solves, and the circuit around them.
pub struct Kernel {
    arrays: Vec<Array>,
    border: Border,
    /// Number of line nodes.
    len: usize,
    held: bool,
    /// Relative residual asked of one array.
    tolerance: f64,
    method: Method,
    /// May another solver than the one asked for take over?
    free: bool,
    /// Factorizations for which the direct solver stays, and for how many it stayed the last time.
    rest: [usize; 2],
    /// Times the direct solver took over.
    pub escalations: usize,
    /// Iterations of the array solver so far.
    pub iterations: usize,
}

impl Kernel {
    /// Takes the arrays whose cells are listed in `which`; `general` knows the rest of the circuit.
    #[must_use]
    pub fn new(
        circuit: &Circuit,
        cells: &[Cells],
        which: &[usize],
        general: &General,
        backend: Backend,
        rule: PivotRule,
    ) -> Self {
        // conductances of wires and capacitances of lines do not depend on time or sources
        let temperature = circuit.temperature;
        let env = &Env { time: 0.0, temperature, gmin: 0.0, source_scale: 1.0, mode: Mode::Dc };
        let mut arrays: Vec<Array> = Vec::new();
        let mut base = 0;
        for &k in which {
            let array = Array::new(circuit, &cells[k], k, base, env);
            base = array.site.range().end;
            arrays.push(array);
        }
        let free = backend == Backend::Automatic;
        if free {
            arrays.iter_mut().for_each(Array::hurry);
        }
        let compact_of = |&id: &u32| {
            let mut lines = arrays.iter().flat_map(|array| array.site.ranges());
            let line = lines.find(|(_, unknowns)| unknowns.contains(&(id as usize)));
            line.map_or(u32::MAX, |(own, unknowns)| (own.start + id as usize - unknowns.start) as u32)
        };
        let compact: Vec<u32> = general.ids.iter().map(compact_of).collect();
        Self {
            arrays,
            border: Border::new(general, &compact, rule),
            len: base,
            held: false,
            tolerance: TOLERANCE,
            method: if backend == Backend::Frontal { Method::Frontal } else { Method::Line },
            free,
            rest: [0; 2],
            escalations: 0,
            iterations: 0,
        }
    }

    /// Is the array with these cells here?
    #[must_use]
    pub fn takes(&self, cells: usize) -> bool {
        self.arrays.iter().any(|array| array.site.cells == cells)
    }

    /// f, q, traffic and sensitivity of wires and line capacitors, and of cells that are nothing but conductances.
    pub fn evaluate(&mut self, cells: &[Cells], point: &Point, loads: &mut [Load], sums: &mut Sums) {
        for array in &mut self.arrays {
            array.site.segments.iter_mut().for_each(|segments| segments.evaluate(point, loads, sums));
            array.site.capacitors.iter().for_each(|capacitors| capacitors.evaluate(point, loads, sums));
            if let Solver::Pair(lattice) = &mut array.solver {
                lattice.evaluate(&cells[array.site.cells], point, loads, sums);
            }
        }
    }

    /// Prepares the arrays and the border for the cells condensed last.
    ///
    /// # Errors
    /// What the kernel cannot do.
    pub fn factor(&mut self, cells: &[Cells], general: &General, rows: &Rows) -> Result<(), Refusal> {
        self.held = false;
        if self.method == Method::Relief {
            match &mut self.rest[0] {
                0 => self.method = Method::Line,
                left => *left -= 1,
            }
        }
        self.prepare(cells, general, rows)
    }

    /// Hands a refused matrix to the direct solver and prepares again; false when there is nothing else to try.
    ///
    /// # Errors
    /// What the direct solver cannot do either.
    pub fn escalate(&mut self, why: Refusal, cells: &[Cells], general: &General, rows: &Rows) -> Result<bool, Refusal> {
        let Refusal::Array(trouble) = why else { return Ok(false) };
        if self.method != Method::Line || !self.free || !self.arrays.iter().all(Array::fits) {
            return Ok(false);
        }
        // slow today, slow tomorrow: after every try in vain the direct solver stays for twice as long
        if matches!(trouble, Trouble::Limit { .. }) {
            self.rest = [(2 * self.rest[1] + 1).min(LONGEST_REST); 2];
        }
        self.method = Method::Relief;
        self.escalations += 1;
        self.prepare(cells, general, rows).map(|()| true)
    }

    fn prepare(&mut self, cells: &[Cells], general: &General, rows: &Rows) -> Result<(), Refusal> {
        for array in &mut self.arrays {
            self.held |= array.assemble(&cells[array.site.cells], rows);
        }
        let Self { border, arrays, method, .. } = self;
        let tie = |node: u32, leak: f64| {
            let node = node as usize;
            if let Some(array) = arrays.iter_mut().find(|array| array.site.range().contains(&node)) {
                array.tie(node, leak);
            }
        };
        border.factor(&general.matrix, tie).map_err(|k| Refusal::Border(general.ids[k] as usize))?;
        for array in arrays {
            array.factor(*method)?;
        }
        if self.method == Method::Line && self.free && self.arrays.iter().any(Array::is_lossy) {
            self.factor_directly()?;
        }
        Ok(())
    }

    /// The same matrix by the direct solver, if there is memory for it.
    fn factor_directly(&mut self) -> Result<(), Trouble> {
        if !self.arrays.iter().all(Array::fits) {
            return Ok(());
        }
        self.method = Method::Relief;
        self.escalations += 1;
        self.arrays.iter_mut().try_for_each(|array| array.factor(self.method))
    }

    /// Asks a relative residual of the solves that follow; at least [`TOLERANCE`].
    pub fn ask(&mut self, tolerance: f64) {
        self.tolerance = tolerance.max(TOLERANCE);
    }

    /// Solves for line nodes and border in place; `b` is by unknown, already reduced by the cells. After an error it is
    /// of no use.
    ///
    /// # Errors
    /// What the kernel cannot do.
    pub fn solve(&mut self, general: &General, rows: &Rows, b: &mut [f64]) -> Result<(), Refusal> {
        if self.held {
            for (_, unknowns) in self.arrays.iter().flat_map(|array| array.site.ranges()) {
                unknowns.filter(|&id| rows.is_held(id)).for_each(|id| b[id] *= HOLD);
            }
        }
        self.border.reduce(general, b);
        let skewed = self.method == Method::Line && self.arrays.iter().any(Array::is_skewed);
        let outcome = if self.border.is_wide() || skewed {
            self.solve_coupled(&general.matrix, b)
        } else {
            self.solve_arrays(b, Numbers::Circuit, self.tolerance)
        };
        match outcome {
            // no solver has a solution for numbers that are none: Newton is told by getting such numbers back
            Err(Refusal::Array(trouble)) if trouble.is_overflow() => b.fill(f64::NAN),
            outcome => outcome?,
        }
        self.border.expand(general, b);
        Ok(())
    }

    /// S y = b in place where more than the arrays themselves couples the lines.
    fn solve_coupled(&mut self, values: &[f64], x: &mut [f64]) -> Result<(), Refusal> {
        let lines: Vec<_> = self.arrays.iter().flat_map(|array| array.site.ranges()).collect();
        let (mut b, mut y) = (vec![0.0; self.len], vec![0.0; self.len]);
        lines.iter().for_each(|(own, unknowns)| b[own.clone()].copy_from_slice(&x[unknowns.clone()]));
        let mut operator = Coupled { kernel: self, values, tolerance: 1e-4 };
        let outcome = krylov::solve(&mut operator, &b, &mut y, OUTER)?;
        // the outer residual is relative to the whole; Newton judges rows
        if outcome.residual > 1e3 * OUTER.tolerance || outcome.residual.is_nan() {
            return Err(Refusal::Stalled(outcome.residual));
        }
        lines.into_iter().for_each(|(own, unknowns)| x[unknowns].copy_from_slice(&y[own]));
        Ok(())
    }

    /// Every array alone, in place.
    fn solve_arrays(&mut self, x: &mut [f64], numbers: Numbers, tolerance: f64) -> Result<(), Refusal> {
        for array in &mut self.arrays {
            self.iterations += array.solve(self.method, x, numbers, tolerance)?;
        }
        if self.method == Method::Line {
            self.rest[1] = 0;
        }
        Ok(())
    }

    /// y = S x.
    fn multiply(&mut self, values: &[f64], x: &[f64], y: &mut [f64]) -> Result<(), Refusal> {
        for array in &self.arrays {
            array.multiply(x, y).map_err(Trouble::from)?;
        }
        if self.border.is_wide() {
            self.border.add_coupling(values, x, y);
        }
        Ok(())
    }
}

/// The lines with everything that couples them, preconditioned by the arrays alone.
struct Coupled<'a> {
    kernel: &'a mut Kernel,
    values: &'a [f64],
    tolerance: f64,
}

impl krylov::Operator for Coupled<'_> {
    type Error = Refusal;
    fn apply(&mut self, x: &[f64], y: &mut [f64]) -> Result<(), Refusal> {
        self.kernel.multiply(self.values, x, y)
    }
    fn precondition(&mut self, r: &[f64], z: &mut [f64]) -> Result<(), Refusal> {
        z.copy_from_slice(r);
        self.kernel.solve_arrays(z, Numbers::Compact, self.tolerance)
    }
}
