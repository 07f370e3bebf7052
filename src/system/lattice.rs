//! Arrays with resistive lines, solved by their structure ([`crate::crossbar`]).
//!
//! An array qualifies when its cells sit between word lines along the rows and bit lines along the columns, both with
//! resistance, and nothing else. Its line nodes then leave the sparse matrix: wires, line capacitances and shunts are
//! read once into a [`Network`], the condensed cells refill it at every factorization, the circuit around the arrays
//! enters as leaks ([`super::border`]), and what a leak cannot say is left to an outer flexible GMRES.
//!
//! A condensed cell [[a, -b], [-c, d]] is a conductance (b + c)/2 with leaks for the rest. Cells that are not symmetric
//! are handled by the outer iteration too. Where line-PCG gives up (negative pivots, no convergence) the multifrontal
//! factorization takes over, symmetric or not; only what it refuses too goes back to the sparse matrix.

use std::ops::Range;

use super::Backend;
use super::Sums;
use super::border::Border;
use super::cells::{Cells, Port};
use super::condense::Point;
use super::general::General;
use super::rows::Rows;
use super::strip::Strip;
use crate::circuit::array::{Direction, Line, Wires};
use crate::circuit::{ArrayInstance, Circuit, Run};
use crate::crossbar::{Frontal, FrontalLu, LinePcg, Lines, Network, Trouble, Wire};
use crate::device::{Env, Load, Mode};
use crate::numeric::krylov;
use crate::numeric::sparse::PivotRule;

/// A held line node leaks this much more than everything else at it.
const HOLD: f64 = 1e20;
/// Differences between the entries of a condensed cell below this fraction of what they were made from are rounding.
const SYMMETRIC: f64 = 1e-13;
/// Relative residual asked of one linear solve.
const TOLERANCE: f64 = 1e-12;
/// Iterations of the array solver before another must take over.
const ITERATIONS: usize = 400;
/// Outer iterations where border or cells need them.
const OUTER: krylov::Effort = krylov::Effort { tolerance: TOLERANCE, iterations: 120, restart: 40 };
/// Bytes that the direct solver of one array may take.
const DIRECT_MEMORY: usize = 6 << 30;
/// Smaller arrays are left to the sparse solver.
const SMALLEST: usize = 64;

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
struct Lattice {
    /// Index among the condensed cells.
    cells: usize,
    /// Positions of the word and the bit port in a condensed block.
    slots: [usize; 2],
    /// Wires and line capacitors.
    strips: Vec<Strip>,
    /// Unknowns of the line nodes, row-major.
    nodes: [Vec<u32>; 2],
    /// F to ground at every line node.
    capacitance: [f64; 2],
    network: Network,
    pcg: LinePcg,
    direct: Option<Direct>,
    /// Compact number of the first word node.
    base: usize,
    /// (b - c)/2 of every cell, when any is not zero.
    skew: Option<Vec<f64>>,
}

/// The direct solver of an array.
enum Direct {
    Symmetric(Box<Frontal>),
    Unsymmetric(Box<FrontalLu>),
}

/// Which solver an array has at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    /// Line-PCG.
    Line,
    /// Multifrontal, for this matrix only.
    FrontalOnce,
    /// Multifrontal from now on.
    Frontal,
}

/// All arrays that the kernel solves, and the circuit around them.
pub struct Kernel {
    arrays: Vec<Lattice>,
    border: Border,
    /// Leaks of the arrays alone, then with the border, by compact number.
    own: Vec<f64>,
    leak: Vec<f64>,
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

/// Can the kernel solve the lines of this array?
#[must_use]
pub fn qualifies(circuit: &Circuit, cells: &Cells) -> bool {
    let array = &circuit.arrays[cells.array];
    let resistive = |w: &Wires, direction| w.direction == direction && w.resistance > 0.0;
    let lines = [Port::Line(Line::Word), Port::Line(Line::Bit)];
    array.cells() >= SMALLEST
        && cells.ports.len() == 2
        && lines.iter().all(|line| cells.ports.contains(line))
        && array.sl.is_none()
        && array.gl.is_none()
        && resistive(&array.wl, Direction::Row)
        && resistive(&array.bl, Direction::Column)
}

/// The runs of an array that its lattice evaluates: segments between cells and capacitors.
pub fn line_runs(array: &ArrayInstance) -> impl Iterator<Item = Run> + '_ {
    [&array.wl, &array.bl].into_iter().flat_map(|w| w.inner.into_iter().chain(w.capacitors))
}

/// Conductances of the segments between cells, as the array kernel wants them.
fn segments(circuit: &Circuit, array: &ArrayInstance, wires: &Wires, env: &Env) -> Wire {
    let Some(run) = wires.inner else { return Wire::Uniform(1.0 / wires.resistance) };
    let values = Strip::new(circuit, run, env).conductances;
    let uniform = values.first().copied().unwrap_or(0.0);
    if wires.breaks.is_empty() && values.iter().all(|v| *v == uniform) {
        return Wire::Uniform(uniform);
    }
    let (lines, along) = array.shape(wires.direction);
    let mut each = vec![0.0; array.cells()];
    for line in 0..lines {
        for segment in 1..along {
            let broken = wires.is_broken(line, segment);
            let value = values[line * (along - 1) + segment - 1];
            each[array.cell_on(wires.direction, line, segment - 1)] = if broken { 0.0 } else { value };
        }
    }
    Wire::Each(each)
}

impl Lattice {
    fn new(circuit: &Circuit, cells: &Cells, index: usize, base: usize, env: &Env) -> Self {
        let array = &circuit.arrays[cells.array];
        let lines = |wires: &Wires| {
            let (count, _) = array.shape(wires.direction);
            let ends = vec![0.0; count];
            Lines { wire: segments(circuit, array, wires, env), head: ends.clone(), tail: ends, leak: None }
        };
        let network = Network {
            rows: array.rows,
            cols: array.cols,
            word: lines(&array.wl),
            bit: lines(&array.bl),
            cells: vec![0.0; array.cells()],
        };
        let slot = |line| cells.ports.iter().position(|p| *p == Port::Line(line)).unwrap_or(0);
        Self {
            cells: index,
            slots: [slot(Line::Word), slot(Line::Bit)],
            strips: line_runs(array).map(|run| Strip::new(circuit, run, env)).collect(),
            nodes: [array.wl.nodes.clone(), array.bl.nodes.clone()],
            capacitance: [capacitance(circuit, &array.wl, env), capacitance(circuit, &array.bl, env)],
            pcg: LinePcg::new(&network),
            direct: None,
            network,
            base,
            skew: None,
        }
    }

    fn cells(&self) -> usize {
        self.nodes[0].len()
    }

    /// Word and bit part of a compact vector.
    fn range(&self, family: usize) -> Range<usize> {
        let start = self.base + family * self.cells();
        start..start + self.cells()
    }

    /// Cells, and the leaks that are the array's own, by compact number.
    fn assemble(&mut self, cells: &Cells, rows: &Rows, own: &mut [f64]) -> bool {
        let [w, b] = self.slots;
        let n = self.cells();
        let mut held_any = false;
        let mut skew = self.skew.take().unwrap_or_else(|| vec![0.0; n]);
        let mut skewed = false;
        for cell in 0..n {
            let s = |r, c| cells.blocks.condensed(cell, r, c);
            let (at, rest) = ([s(w, w), s(b, b)], [-s(w, b), -s(b, w)]);
            let held = [0, 1].map(|f| rows.is_held(self.nodes[f][cell] as usize));
            let [from_word, from_bit] = rest;
            let size = cells.blocks.size(cell);
            let conductance = match held {
                [true, false] => from_bit,
                [false, true] => from_word,
                _ => 0.5 * (from_word + from_bit),
            };
            let difference = 0.5 * (from_word - from_bit);
            skew[cell] = 0.0;
            if held == [false, false] && difference.abs() > SYMMETRIC * size {
                skew[cell] = difference;
                skewed = true;
            }
            self.network.cells[cell] = conductance;
            for family in 0..2 {
                let r = self.nodes[family][cell] as usize;
                let mut leak = at[family] - conductance;
                if leak.abs() <= SYMMETRIC * size || held[family] {
                    leak = 0.0;
                }
                leak += rows.alpha[r] * self.capacitance[family] + rows.shunt[r];
                if held[family] {
                    leak = HOLD;
                    held_any = true;
                }
                own[self.base + family * n + cell] = leak;
            }
        }
        self.skew = skewed.then_some(skew);
        held_any
    }

    /// Would the direct solver's memory be reasonable?
    fn fits(&self) -> bool {
        Frontal::memory(self.network.rows, self.network.cols) <= DIRECT_MEMORY
    }

    /// Factors directly with the present cells, leaks and skew.
    fn factor_direct(&mut self) -> Result<(), Trouble> {
        let (n, m) = (self.network.rows, self.network.cols);
        let Some(skew) = &self.skew else {
            if !matches!(self.direct, Some(Direct::Symmetric(_))) {
                self.direct = Some(Direct::Symmetric(Box::new(Frontal::analyse(n, m))));
            }
            let Some(Direct::Symmetric(direct)) = &mut self.direct else { return Ok(()) };
            return direct.factor(&self.network).map(|_| ());
        };
        if !matches!(self.direct, Some(Direct::Unsymmetric(_))) {
            self.direct = Some(Direct::Unsymmetric(Box::new(FrontalLu::analyse(n, m))));
        }
        let Some(Direct::Unsymmetric(direct)) = &mut self.direct else { return Ok(()) };
        let g = &self.network.cells;
        let (wb, bw): (Vec<f64>, Vec<f64>) = g.iter().zip(skew).map(|(g, s)| (g + s, g - s)).unzip();
        direct.factor(&self.network, [g, &wb, &bw, g]).map(|_| ())
    }

    /// Hands the leaks to the network: at the ends of the lines where possible, which is faster.
    fn set_leaks(&mut self, leak: &[f64]) {
        let (n, m) = (self.network.rows, self.network.cols);
        let [word, bit] = [0, 1].map(|f| leak[self.range(f)].to_vec());
        spread(&mut self.network.word, word, n, |line, end| line * m + end * (m - 1));
        spread(&mut self.network.bit, bit, m, |line, end| end * (n - 1) * m + line);
    }
}

/// Moves the leaks of the end nodes of every line to head and tail; keeps the others only if there are any.
fn spread(lines: &mut Lines, mut leak: Vec<f64>, count: usize, node: impl Fn(usize, usize) -> usize) {
    for line in 0..count {
        lines.head[line] = std::mem::take(&mut leak[node(line, 0)]);
        lines.tail[line] = std::mem::take(&mut leak[node(line, 1)]);
    }
    lines.leak = leak.iter().any(|l| *l != 0.0).then_some(leak);
}

fn capacitance(circuit: &Circuit, wires: &Wires, env: &Env) -> f64 {
    wires.capacitors.map_or(0.0, |run| Strip::new(circuit, run, env).capacitances.first().copied().unwrap_or(0.0))
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
        let mut compact_of = vec![u32::MAX; circuit.unknowns.len()];
        let mut arrays = Vec::new();
        let mut base = 0;
        for &k in which {
            let lattice = Lattice::new(circuit, &cells[k], k, base, env);
            for (number, &id) in lattice.nodes.iter().flatten().enumerate() {
                compact_of[id as usize] = (base + number) as u32;
            }
            base += 2 * lattice.cells();
            arrays.push(lattice);
        }
        let compact: Vec<u32> = general.ids.iter().map(|&id| compact_of[id as usize]).collect();
        Self {
            arrays,
            border: Border::new(general, &compact, rule),
            own: vec![0.0; base],
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
    pub fn evaluate(&self, point: &Point, loads: &mut [Load], sums: &mut Sums) {
        for strip in self.arrays.iter().flat_map(|a| &a.strips) {
            strip.evaluate(point, loads, sums);
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
        if self.method != Method::Line || !self.free || self.arrays.iter().any(|a| !a.fits()) {
            return Ok(false);
        }
        self.method = if matches!(trouble, Trouble::Limit { .. }) { Method::Frontal } else { Method::FrontalOnce };
        self.escalations += 1;
        self.prepare(cells, general, rows).map(|()| true)
    }

    fn prepare(&mut self, cells: &[Cells], general: &General, rows: &Rows) -> Result<(), Refusal> {
        for array in &mut self.arrays {
            self.held |= array.assemble(&cells[array.cells], rows, &mut self.own);
        }
        self.leak.copy_from_slice(&self.own);
        self.border.factor(&general.values, &mut self.leak).map_err(|k| Refusal::Border(general.ids[k] as usize))?;
        for array in &mut self.arrays {
            array.set_leaks(&self.leak);
            match self.method {
                Method::Line => array.pcg.factor(&array.network)?,
                Method::Frontal | Method::FrontalOnce => array.factor_direct()?,
            }
        }
        Ok(())
    }

    /// Solves for line nodes and border in place; `b` is by unknown, already reduced by the cells.
    ///
    /// # Errors
    /// What the kernel cannot do.
    pub fn solve(&mut self, general: &General, rows: &Rows, b: &mut [f64]) -> Result<(), Refusal> {
        for array in &self.arrays {
            for family in 0..2 {
                for (slot, &id) in self.b[array.range(family)].iter_mut().zip(&array.nodes[family]) {
                    *slot = b[id as usize];
                    if self.held && rows.is_held(id as usize) {
                        *slot *= HOLD;
                    }
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
            for family in 0..2 {
                for (value, &id) in self.y[array.range(family)].iter().zip(&array.nodes[family]) {
                    b[id as usize] = *value;
                }
            }
        }
        Ok(())
    }

    /// S y = b.
    fn solve_lines(&mut self, values: &[f64]) -> Result<(), Refusal> {
        let b = std::mem::take(&mut self.b);
        let mut y = std::mem::take(&mut self.y);
        y.fill(0.0);
        let skewed = self.method == Method::Line && self.arrays.iter().any(|a| a.skew.is_some());
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
            let n = array.cells();
            let range = array.base..array.base + 2 * n;
            let (bw, bb) = b[range.clone()].split_at(n);
            let (yw, yb) = y[range].split_at_mut(n);
            match (self.method, &mut array.direct) {
                (Method::Frontal | Method::FrontalOnce, Some(Direct::Symmetric(direct))) => {
                    direct.solve([bw, bb], [yw, yb]);
                }
                (Method::Frontal | Method::FrontalOnce, Some(Direct::Unsymmetric(direct))) => {
                    direct.solve([bw, bb], [yw, yb]);
                }
                _ => {
                    let outcome = array.pcg.solve(&array.network, [bw, bb], [yw, yb], tolerance, ITERATIONS)?;
                    self.iterations += outcome.iterations;
                }
            }
        }
        Ok(())
    }

    /// y = S x.
    fn multiply(&mut self, values: &[f64], x: &[f64], y: &mut [f64]) {
        for array in &self.arrays {
            let n = array.cells();
            let range = array.base..array.base + 2 * n;
            let zero = vec![0.0; n];
            let (xw, xb) = x[range.clone()].split_at(n);
            let (yw, yb) = y[range].split_at_mut(n);
            array.network.residual([&zero, &zero], [xw, xb], [&mut *yw, &mut *yb]);
            yw.iter_mut().chain(yb.iter_mut()).for_each(|v| *v = -*v);
            if let Some(skew) = &array.skew {
                for k in 0..n {
                    yw[k] -= skew[k] * xb[k];
                    yb[k] += skew[k] * xw[k];
                }
            }
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
