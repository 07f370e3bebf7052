//! One array of the kernel: its lines among the unknowns, and what solves them.

use std::ops::Range;

use super::both;
use super::cells::Cells;
use super::lattice::{Lattice, Method};
use super::rows::Rows;
use super::site::{self, Site};
use crate::circuit::Circuit;
use crate::circuit::array::Direction;
use crate::crossbar::{Bundles, Misfit, Trouble};
use crate::device::Env;

/// A held line node leaks this much more than everything else at it.
pub const HOLD: f64 = 1e20;
/// Iterations of the array solver before another must take over, where none may or where that would take too much memory
/// to be tried early.
const ITERATIONS: usize = 400;

/// One array.
pub struct Array {
    /// Its lines among the unknowns.
    pub site: Site,
    /// What solves them.
    pub solver: Solver,
    /// Iterations after which it gives up.
    limit: usize,
}

/// What solves its lines.
pub enum Solver {
    /// Cells between one word and one bit line.
    Pair(Box<Lattice>),
    /// With the leaks of all nodes, line after line.
    Bundles(Box<Bundles>, Vec<f64>),
    /// None: the array is not one that the kernel takes.
    Refused(Misfit),
}

/// How the nodes of lines are numbered in a vector.
#[derive(Clone, Copy)]
pub enum Numbers {
    /// As unknowns of the circuit.
    Circuit,
    /// Lines only, array after array.
    Compact,
}

impl Array {
    pub fn new(circuit: &Circuit, cells: &Cells, index: usize, base: usize, env: &Env) -> Self {
        let site = Site::new(circuit, cells, index, base, env);
        let array = &circuit.arrays[cells.array];
        let solver = if site::is_pair(circuit, cells) {
            Lattice::new(circuit, cells, env).map(|lattice| Solver::Pair(Box::new(lattice)))
        } else {
            let along = |direction| {
                let lines = site::lines(array, cells).into_iter().filter(move |(_, w)| w.direction == direction);
                lines.map(|(_, w)| site::segments(circuit, array, w, env)).collect()
            };
            let (rows, columns) = (along(Direction::Row), along(Direction::Column));
            let bundles = Bundles::new(array.rows, array.cols, rows, columns);
            bundles.map(|bundles| Solver::Bundles(Box::new(bundles), vec![0.0; site.range().len()]))
        };
        Self { site, solver: solver.unwrap_or_else(Solver::Refused), limit: ITERATIONS }
    }

    /// From now on the array solver gives up where the direct one would be done.
    pub fn hurry(&mut self) {
        if let Solver::Pair(lattice) = &self.solver {
            self.limit = lattice.patience().unwrap_or(ITERATIONS);
        }
    }

    /// Would the memory of the direct solver be reasonable?
    pub fn fits(&self) -> bool {
        match &self.solver {
            Solver::Pair(lattice) => lattice.fits(),
            Solver::Bundles(..) => true,
            Solver::Refused(_) => false,
        }
    }

    /// Does line-PCG lose digits?
    pub fn is_lossy(&self) -> bool {
        matches!(&self.solver, Solver::Pair(lattice) if lattice.is_lossy())
    }

    /// Does line-PCG solve only the symmetric part of the cells?
    pub fn is_skewed(&self) -> bool {
        matches!(&self.solver, Solver::Pair(lattice) if lattice.is_skewed())
    }

    /// Cells, and the leaks that are the array's own. True when a node is held.
    pub fn assemble(&mut self, cells: &Cells, rows: &Rows) -> bool {
        match &mut self.solver {
            Solver::Pair(lattice) => lattice.assemble(&self.site, cells, rows),
            Solver::Bundles(bundles, leak) => fill(bundles, &self.site, cells, rows, leak),
            Solver::Refused(_) => false,
        }
    }

    /// Ties a node, given by its compact number, to a known potential by so many S more.
    pub fn tie(&mut self, node: usize, leak: f64) {
        let (k, count) = (node - self.site.base, self.site.count());
        match &mut self.solver {
            Solver::Pair(lattice) => lattice.tie(k / count, k % count, leak),
            Solver::Bundles(_, leaks) => leaks[k] += leak,
            Solver::Refused(_) => {}
        }
    }

    pub fn factor(&mut self, method: Method) -> Result<(), Trouble> {
        match &mut self.solver {
            Solver::Pair(lattice) => lattice.factor(method),
            Solver::Bundles(bundles, leak) => bundles.factor(leak),
            Solver::Refused(why) => Err((*why).into()),
        }
    }

    /// Solves for the array alone, in place; gives the iterations. After an error the nodes in `x` are of no use.
    pub fn solve(&mut self, method: Method, x: &mut [f64], numbers: Numbers, tolerance: f64) -> Result<usize, Trouble> {
        let Self { site, solver, limit } = self;
        let nodes: Vec<Range<usize>> = site
            .ranges()
            .map(|(own, unknowns)| match numbers {
                Numbers::Circuit => unknowns,
                Numbers::Compact => own,
            })
            .collect();
        match solver {
            Solver::Pair(lattice) => lattice.solve(method, both(x, &nodes[0], &nodes[1]), tolerance, *limit),
            Solver::Bundles(bundles, _) => {
                let b: Vec<f64> = nodes.iter().flat_map(|nodes| &x[nodes.clone()]).copied().collect();
                let mut y = vec![0.0; b.len()];
                let iterations = bundles.solve(&b, &mut y, tolerance, *limit)?;
                for (k, nodes) in nodes.into_iter().enumerate() {
                    let count = nodes.len();
                    x[nodes].copy_from_slice(&y[k * count..(k + 1) * count]);
                }
                Ok(iterations)
            }
            Solver::Refused(why) => Err((*why).into()),
        }
    }

    /// y = A x, the skew part of the cells included.
    pub fn multiply(&self, x: &[f64], y: &mut [f64]) -> Result<(), Misfit> {
        let range = self.site.range();
        match &self.solver {
            Solver::Pair(lattice) => lattice.multiply(&x[range.clone()], &mut y[range]),
            Solver::Bundles(bundles, _) => bundles.multiply(&x[range.clone()], &mut y[range]),
            Solver::Refused(why) => Err(*why),
        }
    }
}

/// Blocks of all cells and the leaks of their nodes, line after line.
fn fill(bundles: &mut Bundles, site: &Site, cells: &Cells, rows: &Rows, own: &mut [f64]) -> bool {
    for (r, &row) in site.slots.iter().enumerate() {
        for (c, &column) in site.slots.iter().enumerate() {
            for (cell, entry) in bundles.entry(r, c).into_iter().flatten().enumerate() {
                *entry = cells.blocks.condensed(cell, row, column);
            }
        }
    }
    let mut held = false;
    for line in 0..site.lines() {
        let count = site.count();
        for (cell, leak) in own[line * count..(line + 1) * count].iter_mut().enumerate() {
            let is_held = rows.is_held(site.id(line, cell));
            *leak = if is_held { HOLD } else { site.leak(rows, line, cell) };
            held |= is_held;
        }
    }
    held
}
