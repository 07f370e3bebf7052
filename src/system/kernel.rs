//! Arrays with resistive lines, solved by their structure ([`crate::crossbar`]).
//!
//! The nodes of their lines ([`super::site`]) are numbered on their own; the condensed cells refill the arrays at every
//! factorization, the circuit around the arrays enters as leaks ([`super::border`]), and what a leak cannot say is left to
//! an outer flexible GMRES. Cells between one word and one bit line have the fastest solvers ([`super::lattice`]), cells
//! on other lines (1T1R) are bundles of lines ([`crate::crossbar::Bundles`]). Where line-PCG gives up (negative pivots,
//! no convergence) the multifrontal factorization takes over, symmetric or not; only what it refuses too goes back to the
//! sparse matrix.

use super::Backend;
use super::Sums;
use super::border::Border;
use super::cells::Cells;
use super::condense::Point;
use super::general::General;
use super::lattice::{Lattice, Method};
use super::rows::Rows;
use super::site::{self, Site};
use crate::circuit::Circuit;
use crate::circuit::array::Direction;
use crate::crossbar::{Bundles, Trouble};
use crate::device::{Env, Load, Mode};
use crate::numeric::krylov;
use crate::numeric::sparse::PivotRule;

/// A held line node leaks this much more than everything else at it.
pub const HOLD: f64 = 1e20;
/// Relative residual asked of one linear solve.
const TOLERANCE: f64 = 1e-12;
/// Iterations of the array solver before another must take over.
const ITERATIONS: usize = 400;
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

/// One array.
struct Array {
    site: Site,
    solver: Solver,
}

/// What solves its lines.
enum Solver {
    Pair(Box<Lattice>),
    Bundles(Box<Bundles>),
}

/// All arrays that the kernel solves, and the circuit around them.
pub struct Kernel {
    arrays: Vec<Array>,
    border: Border,
    /// Leaks of the arrays with the border, by compact number; those of the arrays alone where the border is wide.
    leak: Vec<f64>,
    own: Vec<f64>,
    /// Right-hand side and solution by compact number.
    b: Vec<f64>,
    y: Vec<f64>,
    held: bool,
    method: Method,
    /// May another solver than the one asked for take over?
    free: bool,
    /// Times the direct solver took over.
    pub escalations: usize,
    /// Iterations of the array solver so far.
    pub iterations: usize,
}

impl Array {
    fn new(circuit: &Circuit, cells: &Cells, index: usize, base: usize, env: &Env) -> Self {
        let site = Site::new(circuit, cells, index, base, env);
        let array = &circuit.arrays[cells.array];
        let solver = if site::is_pair(circuit, cells) {
            Solver::Pair(Box::new(Lattice::new(circuit, array, env)))
        } else {
            let along = |direction| {
                let lines = site::lines(array, cells).into_iter().filter(move |(_, w)| w.direction == direction);
                lines.map(|(_, w)| site::segments(circuit, array, w, env)).collect()
            };
            let (rows, columns) = (along(Direction::Row), along(Direction::Column));
            Solver::Bundles(Box::new(Bundles::new(array.rows, array.cols, rows, columns)))
        };
        Self { site, solver }
    }

    /// Would the memory of the direct solver be reasonable?
    fn fits(&self) -> bool {
        match &self.solver {
            Solver::Pair(lattice) => lattice.fits(),
            Solver::Bundles(_) => true,
        }
    }

    /// Does line-PCG solve only the symmetric part of the cells?
    fn is_skewed(&self) -> bool {
        matches!(&self.solver, Solver::Pair(lattice) if lattice.is_skewed())
    }

    /// Cells, and the leaks that are the array's own, by compact number. True when a node is held.
    fn assemble(&mut self, cells: &Cells, rows: &Rows, own: &mut [f64]) -> bool {
        match &mut self.solver {
            Solver::Pair(lattice) => lattice.assemble(&self.site, cells, rows, own),
            Solver::Bundles(bundles) => fill(bundles, &self.site, cells, rows, own),
        }
    }

    fn factor(&mut self, method: Method, leak: &[f64]) -> Result<(), Trouble> {
        let leak = &leak[self.site.range()];
        match &mut self.solver {
            Solver::Pair(lattice) => lattice.factor(method, leak),
            Solver::Bundles(bundles) => bundles.factor(leak),
        }
    }

    /// Solves for the array alone; gives the iterations.
    fn solve(&mut self, method: Method, b: &[f64], y: &mut [f64], tolerance: f64) -> Result<usize, Trouble> {
        let range = self.site.range();
        let (b, y) = (&b[range.clone()], &mut y[range]);
        match &mut self.solver {
            Solver::Pair(lattice) => lattice.solve(method, b, y, tolerance, ITERATIONS),
            Solver::Bundles(bundles) => bundles.solve(b, y, tolerance, ITERATIONS),
        }
    }

    /// y = A x, the skew part of the cells included.
    fn multiply(&self, x: &[f64], y: &mut [f64]) {
        let range = self.site.range();
        match &self.solver {
            Solver::Pair(lattice) => lattice.multiply(&x[range.clone()], &mut y[range]),
            Solver::Bundles(bundles) => bundles.multiply(&x[range.clone()], &mut y[range]),
        }
    }
}

/// Blocks of all cells and the leaks of their nodes.
fn fill(bundles: &mut Bundles, site: &Site, cells: &Cells, rows: &Rows, own: &mut [f64]) -> bool {
    for (r, &row) in site.slots.iter().enumerate() {
        for (c, &column) in site.slots.iter().enumerate() {
            for (cell, entry) in bundles.entry(r, c).iter_mut().enumerate() {
                *entry = cells.blocks.condensed(cell, row, column);
            }
        }
    }
    let mut held = false;
    for line in 0..site.lines() {
        for (cell, leak) in own[site.range_of(line)].iter_mut().enumerate() {
            let is_held = rows.is_held(site.id(line, cell));
            *leak = if is_held { HOLD } else { site.leak(rows, line, cell) };
            held |= is_held;
        }
    }
    held
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
        let compact_of = |&id: &u32| {
            let mut lines = arrays.iter().flat_map(|array| array.site.ranges());
            let line = lines.find(|(_, unknowns)| unknowns.contains(&(id as usize)));
            line.map_or(u32::MAX, |(own, unknowns)| (own.start + id as usize - unknowns.start) as u32)
        };
        let compact: Vec<u32> = general.ids.iter().map(compact_of).collect();
        Self {
            arrays,
            border: Border::new(general, &compact, rule),
            own: Vec::new(),
            leak: vec![0.0; base],
            b: vec![0.0; base],
            y: vec![0.0; base],
            held: false,
            method: if backend == Backend::Frontal { Method::Frontal } else { Method::Line },
            free: backend == Backend::Automatic,
            escalations: 0,
            iterations: 0,
        }
    }

    /// f, q, traffic and sensitivity of wires and line capacitors.
    pub fn evaluate(&mut self, point: &Point, loads: &mut [Load], sums: &mut Sums) {
        for array in &mut self.arrays {
            array.site.segments.iter_mut().for_each(|segments| segments.evaluate(point, loads, sums));
            array.site.capacitors.iter().for_each(|capacitors| capacitors.evaluate(point, loads, sums));
        }
    }

    /// Prepares the arrays and the border for the cells condensed last.
    ///
    /// # Errors
    /// What the kernel cannot do.
    pub fn factor(&mut self, cells: &[Cells], general: &General, rows: &Rows) -> Result<(), Refusal> {
        self.held = false;
        if self.method == Method::FrontalOnce {
            self.method = Method::Line;
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
        self.method = if matches!(trouble, Trouble::Limit { .. }) { Method::Frontal } else { Method::FrontalOnce };
        self.escalations += 1;
        self.prepare(cells, general, rows).map(|()| true)
    }

    fn prepare(&mut self, cells: &[Cells], general: &General, rows: &Rows) -> Result<(), Refusal> {
        for array in &mut self.arrays {
            self.held |= array.assemble(&cells[array.site.cells], rows, &mut self.leak);
        }
        if self.border.is_wide() {
            self.own.clone_from(&self.leak);
        }
        self.border.factor(&general.values, &mut self.leak).map_err(|k| Refusal::Border(general.ids[k] as usize))?;
        for array in &mut self.arrays {
            array.factor(self.method, &self.leak)?;
        }
        Ok(())
    }

    /// Solves for line nodes and border in place; `b` is by unknown, already reduced by the cells.
    ///
    /// # Errors
    /// What the kernel cannot do.
    pub fn solve(&mut self, general: &General, rows: &Rows, b: &mut [f64]) -> Result<(), Refusal> {
        for array in &self.arrays {
            for (own, unknowns) in array.site.ranges() {
                self.b[own.clone()].copy_from_slice(&b[unknowns.clone()]);
                if self.held {
                    let held = self.b[own].iter_mut().zip(unknowns).filter(|(_, id)| rows.is_held(*id));
                    held.for_each(|(value, _)| *value *= HOLD);
                }
            }
        }
        let ids = &general.ids;
        self.border.reduce(&general.values, |k| b[ids[k as usize] as usize], &mut self.b);
        self.solve_lines(&general.values)?;
        let from_border = |k: u32| ids[k as usize] as usize;
        let given: Vec<f64> = ids.iter().map(|&id| b[id as usize]).collect();
        self.border.expand(&general.values, |k| given[k as usize], &self.y, |k, value| b[from_border(k)] = value);
        for array in &self.arrays {
            for (own, unknowns) in array.site.ranges() {
                b[unknowns].copy_from_slice(&self.y[own]);
            }
        }
        Ok(())
    }

    /// S y = b.
    fn solve_lines(&mut self, values: &[f64]) -> Result<(), Refusal> {
        let b = std::mem::take(&mut self.b);
        let mut y = std::mem::take(&mut self.y);
        y.fill(0.0);
        let skewed = self.method == Method::Line && self.arrays.iter().any(Array::is_skewed);
        let outcome = if self.border.is_wide() || skewed {
            let mut operator = Coupled { kernel: self, values, tolerance: 1e-4 };
            krylov::solve(&mut operator, &b, &mut y, OUTER).and_then(|outcome| {
                // the outer residual is relative to the whole; Newton judges rows
                if outcome.residual <= 1e3 * OUTER.tolerance { Ok(()) } else { Err(Refusal::Stalled(outcome.residual)) }
            })
        } else {
            self.solve_arrays(&b, &mut y, TOLERANCE)
        };
        (self.b, self.y) = (b, y);
        outcome
    }

    /// Every array alone.
    fn solve_arrays(&mut self, b: &[f64], y: &mut [f64], tolerance: f64) -> Result<(), Refusal> {
        for array in &mut self.arrays {
            self.iterations += array.solve(self.method, b, y, tolerance)?;
        }
        Ok(())
    }

    /// y = S x.
    fn multiply(&mut self, values: &[f64], x: &[f64], y: &mut [f64]) {
        for array in &self.arrays {
            array.multiply(x, y);
        }
        if self.border.is_wide() {
            self.border.add_coupling(values, &self.leak, &self.own, x, y);
        }
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
        self.kernel.multiply(self.values, x, y);
        Ok(())
    }
    fn precondition(&mut self, r: &[f64], z: &mut [f64]) -> Result<(), Refusal> {
        self.kernel.solve_arrays(r, z, self.tolerance)
    }
}
