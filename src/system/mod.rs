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
//! The pattern, the scatter positions and the symbolic factorization are made once per circuit.
//! The scatter runs in a fixed order, so results are the same bits on every run.

mod rows;

pub use rows::Rows;

use crate::circuit::{Circuit, UnknownKind};
use crate::device::group::{GROUND, value_at};
use crate::device::{Env, Load};
use crate::numeric::newton::Equations;
use crate::numeric::pattern::Pattern;
use crate::numeric::sparse::{PivotRule, SparseLu};

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

/// Residual below this fraction of the currents that meet at a node is rounding, not error.
const ROUNDING: f64 = 1e-10;

/// Rounding of a sum, relative to the sum of the magnitudes.
const CANCELLATION: f64 = 4.0 * f64::EPSILON;

/// Values and structure of one circuit's equations.
pub struct System {
    pattern: Pattern,
    lu: SparseLu,
    /// Matrix position of every Jacobian entry of every group; the last value collects what falls on ground.
    positions: Vec<Vec<u32>>,
    diagonal: Vec<u32>,
    row_of: Vec<u32>,
    loads: Vec<Load>,
    /// Where every limiting group was evaluated: its local values, empty for the others.
    points: Vec<Vec<f64>>,
    /// The same at the last accepted iterate.
    kept: Vec<Vec<f64>>,
    /// f by row.
    pub f: Vec<f64>,
    /// q by row.
    pub q: Vec<f64>,
    /// Sum of |f| contributions by row.
    pub traffic: Vec<f64>,
    g: Vec<f64>,
    c: Vec<f64>,
    values: Vec<f64>,
    factored: Vec<f64>,
    residual: Vec<f64>,
    row_tolerance: Vec<f64>,
    /// What rounding alone may leave of a row.
    row_noise: Vec<f64>,
    absolute: Vec<f64>,
    kinds: Vec<UnknownKind>,
    tolerances: Tolerances,
    /// Numeric factorizations so far.
    pub factorizations: usize,
}

impl System {
    /// Freezes the structure of a circuit.
    #[must_use]
    pub fn new(circuit: &Circuit, tolerances: Tolerances) -> Self {
        let n = circuit.unknowns.len();
        // branch rows are never held or shunted: without their diagonal the ordering pairs them with a node instead
        let mut entries: Vec<(u32, u32)> = (0..n as u32)
            .map(|k| if circuit.unknowns[k as usize].kind == UnknownKind::Current { (GROUND, GROUND) } else { (k, k) })
            .collect();
        let mut lengths = Vec::with_capacity(circuit.groups.len());
        for group in &circuit.groups {
            let before = entries.len();
            for i in 0..group.len() {
                let locals = &group.locals()[group.offset(i)..group.offset(i + 1)];
                for (k, &row) in locals.iter().enumerate() {
                    let row = if group.owns_row(i, k) { row } else { GROUND };
                    let column = |(c, &col): (usize, &u32)| if group.depends(i, k, c) { col } else { GROUND };
                    entries.extend(locals.iter().enumerate().map(|local| (row, column(local))));
                }
            }
            lengths.push(entries.len() - before);
        }
        let (pattern, all) = Pattern::from_entries(n, &entries);
        let diagonal = all[..n].to_vec();
        let mut start = n;
        let positions = lengths
            .iter()
            .map(|len| {
                let part = all[start..start + len].to_vec();
                start += len;
                part
            })
            .collect();
        let absolute = circuit
            .unknowns
            .iter()
            .map(|u| match u.kind {
                UnknownKind::Voltage => tolerances.voltage,
                UnknownKind::Current => tolerances.current,
                UnknownKind::State => tolerances.state * u.scale,
            })
            .collect();
        let mut lu = SparseLu::analyse(&pattern);
        lu.set_rule(PivotRule { relative: tolerances.pivot, ..PivotRule::default() });
        Self {
            lu,
            positions,
            diagonal,
            row_of: pattern.rows().to_vec(),
            loads: circuit.groups.iter().map(|_| Load::default()).collect(),
            points: vec![Vec::new(); circuit.groups.len()],
            kept: vec![Vec::new(); circuit.groups.len()],
            f: vec![0.0; n],
            q: vec![0.0; n],
            traffic: vec![0.0; n],
            g: vec![0.0; pattern.value_len()],
            c: vec![0.0; pattern.value_len()],
            values: vec![0.0; pattern.value_len()],
            factored: Vec::new(),
            residual: vec![0.0; n],
            row_tolerance: vec![0.0; n],
            row_noise: vec![0.0; n],
            absolute,
            kinds: circuit.unknowns.iter().map(|u| u.kind).collect(),
            tolerances,
            factorizations: 0,
            pattern,
        }
    }

    /// Number of unknowns.
    #[must_use]
    pub fn len(&self) -> usize {
        self.f.len()
    }

    /// True for a circuit without unknowns.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.f.is_empty()
    }

    /// Kind of an unknown.
    #[must_use]
    pub fn kind(&self, k: usize) -> UnknownKind {
        self.kinds[k]
    }

    /// Local f, q (and Jacobian blocks) of every group at the last [`System::load`].
    #[must_use]
    pub fn loads(&self) -> &[Load] {
        &self.loads
    }

    /// Absolute tolerance of an unknown.
    #[must_use]
    pub fn absolute(&self, k: usize) -> f64 {
        self.absolute[k]
    }

    /// Evaluates every device at `x` and sums f, q and both Jacobians.
    pub fn load(&mut self, circuit: &Circuit, env: &Env, x: &[f64]) {
        self.forget_limits(circuit, x);
        self.load_limited(circuit, env, x);
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

    /// Sums f, q and both Jacobians, evaluated where the devices want to be evaluated.
    fn load_limited(&mut self, circuit: &Circuit, env: &Env, x: &[f64]) {
        self.f.fill(0.0);
        self.q.fill(0.0);
        self.traffic.fill(0.0);
        self.g.fill(0.0);
        self.c.fill(0.0);
        for (k, group) in circuit.groups.iter().enumerate() {
            let load = &mut self.loads[k];
            if group.limits() {
                group.load_at(env, x, &self.points[k], load);
            } else {
                group.load(env, x, load);
            }
            for ((&row, &f), &q) in group.locals().iter().zip(&load.f).zip(&load.q) {
                if row != GROUND {
                    let row = row as usize;
                    self.f[row] += f;
                    self.q[row] += q;
                    self.traffic[row] += f.abs();
                }
            }
            for ((&position, &g), &c) in self.positions[k].iter().zip(&load.g).zip(&load.c) {
                self.g[position as usize] += g;
                self.c[position as usize] += c;
            }
        }
    }

    /// Combines the loaded parts into residual and matrix.
    pub fn combine(&mut self, rows: &Rows, x: &[f64]) {
        let n = self.len();
        for r in 0..n {
            self.residual[r] = if rows.is_held(r) {
                x[r] - rows.held[r]
            } else {
                self.f[r] + (rows.alpha[r] * self.q[r] + rows.beta[r]) + rows.shunt[r] * (x[r] - rows.reference[r])
            };
        }
        for (k, &r) in self.row_of.iter().enumerate() {
            let r = r as usize;
            self.values[k] = if rows.is_held(r) { 0.0 } else { self.g[k] + rows.alpha[r] * self.c[k] };
        }
        for r in 0..n {
            let position = self.diagonal[r] as usize;
            if rows.is_held(r) {
                self.values[position] = 1.0;
            } else {
                self.values[position] += rows.shunt[r];
            }
        }
        self.set_row_tolerances(x);
    }

    /// Rows of currents: relative to the currents that meet there. Other rows: what a change of every unknown by its
    /// own tolerance would do to the row, so that no unit needs a tolerance of its own.
    fn set_row_tolerances(&mut self, x: &[f64]) {
        self.row_tolerance.fill(0.0);
        let columns = self.pattern.column_starts();
        for col in 0..self.f.len() {
            let tolerance = self.tolerances.relative * x[col].abs() + self.absolute[col];
            for k in columns[col] as usize..columns[col + 1] as usize {
                self.row_tolerance[self.row_of[k] as usize] += self.values[k].abs() * tolerance;
            }
        }
        for r in 0..self.f.len() {
            // the terms of the row, |J| |x|, cancel: a large charge that rests carries no current, but alpha q is huge
            self.row_noise[r] = CANCELLATION / self.tolerances.relative * self.row_tolerance[r];
            if self.kinds[r] == UnknownKind::Voltage {
                let kcl = self.tolerances.relative * self.traffic[r] + self.tolerances.current;
                self.row_tolerance[r] = self.row_tolerance[r].min(kcl).max(self.row_noise[r]);
            }
        }
    }

    /// Factors the combined matrix, unless it is the one factored last.
    ///
    /// # Errors
    /// The unknown whose pivot vanished.
    pub fn factor(&mut self) -> Result<(), usize> {
        if self.factored == self.values {
            return Ok(());
        }
        self.factored.clear();
        self.lu.factor(&self.values).map_err(|singular| singular.unknown as usize)?;
        self.factored.extend_from_slice(&self.values);
        self.factorizations += 1;
        Ok(())
    }

    /// Solves J y = rhs in place with the last factorization.
    pub fn solve(&mut self, rhs: &mut [f64]) {
        self.lu.solve(rhs);
    }

    /// Worst |sum of currents| at a node, beyond rounding, in A and relative to the currents that meet there, at the last
    /// combine. Currents for which the absolute tolerance rules count as large as the smallest for which it does not.
    #[must_use]
    pub fn kirchhoff(&self, rows: &Rows) -> (f64, f64) {
        let mut worst = (0.0f64, 0.0f64);
        for r in 0..self.len() {
            if self.kinds[r] == UnknownKind::Voltage && !rows.is_held(r) {
                let absolute = (self.residual[r].abs() - self.row_noise[r]).max(0.0);
                let relative = absolute / (self.traffic[r] + self.tolerances.current / self.tolerances.relative);
                worst = (worst.0.max(absolute), worst.1.max(relative));
            }
        }
        worst
    }
}

/// One nonlinear problem: a system, its circuit and the rows of the moment.
pub struct Problem<'a> {
    /// Structure and values.
    pub system: &'a mut System,
    /// The devices.
    pub circuit: &'a Circuit,
    /// Time, temperature, scale of the sources.
    pub env: Env,
    /// Integration, shunts and held unknowns.
    pub rows: &'a Rows,
}

impl Equations for Problem<'_> {
    fn len(&self) -> usize {
        self.system.len()
    }
    fn begin(&mut self, x: &[f64]) {
        self.system.forget_limits(self.circuit, x);
    }
    fn linearise(&mut self, x: &[f64]) {
        self.system.load_limited(self.circuit, &self.env, x);
        self.system.combine(self.rows, x);
    }
    fn step(&mut self, dx: &mut [f64]) -> Result<(), usize> {
        self.system.factor()?;
        self.correct(dx);
        Ok(())
    }
    fn limit(&mut self, x: &[f64]) -> bool {
        let mut any = false;
        let System { points, kept, .. } = &mut *self.system;
        for ((group, point), kept) in self.circuit.groups.iter().zip(points).zip(kept) {
            if group.limits() {
                point.clone_from(kept);
                any |= group.limit(&self.env, x, point);
            }
        }
        any
    }
    fn keep(&mut self) {
        let System { points, kept, .. } = &mut *self.system;
        std::mem::swap(points, kept);
    }
    fn tolerance(&self, k: usize, a: f64, b: f64) -> f64 {
        self.system.tolerances.relative * a.abs().max(b.abs()) + self.system.absolute[k]
    }
    fn correct(&mut self, dx: &mut [f64]) {
        for (d, r) in dx.iter_mut().zip(&self.system.residual) {
            *d = -r;
        }
        self.system.solve(dx);
    }
    fn residual(&self, rounding: bool) -> (f64, usize) {
        let mut worst = (0.0, 0);
        for r in 0..self.system.len() {
            let tolerance = if !rounding {
                self.system.row_tolerance[r]
            } else if self.system.kinds[r] == UnknownKind::Voltage {
                let traffic = self.system.traffic[r] + self.system.tolerances.current;
                (ROUNDING * traffic).max(self.system.row_noise[r])
            } else {
                ROUNDING / self.system.tolerances.relative * self.system.row_tolerance[r]
            };
            let size = self.system.residual[r].abs();
            let ratio = if size == 0.0 { 0.0 } else { size / tolerance };
            if ratio > worst.0 || ratio.is_nan() {
                worst = (ratio, r);
            }
        }
        worst
    }
}
