//! Row sums of f and q, and what the tolerances of the unknowns mean for each row.

use std::ops::Range;

use super::Tolerances;
use crate::circuit::{Circuit, UnknownKind, Unknowns};

/// One entry per unknown (and its row).
#[derive(Debug, Clone)]
pub struct Sums {
    /// f by row.
    pub f: Vec<f64>,
    /// q by row; written by [`Sums::store`] only.
    pub q: Vec<f64>,
    /// Is any entry of q other than zero? Memory that nobody writes to costs nothing, and much of a circuit stores nothing.
    stores: bool,
    /// Sum of |f| contributions by row.
    pub traffic: Vec<f64>,
    /// Sum of |J| tolerance(x) by row: what a change of every unknown by its own tolerance would do to the row.
    pub sensitivity: Vec<f64>,
    unknowns: Unknowns,
    /// Absolute tolerance of every kind of unknowns.
    absolute: Vec<f64>,
    relative: f64,
}

impl Sums {
    /// Zero sums for a circuit.
    #[must_use]
    pub fn new(circuit: &Circuit, tolerances: &Tolerances) -> Self {
        let n = circuit.unknowns.len();
        let absolute = circuit.unknowns.classes().iter().map(|u| match u.kind {
            UnknownKind::Voltage => tolerances.voltage,
            UnknownKind::Current => tolerances.current,
            UnknownKind::State => tolerances.state * u.scale,
        });
        Self {
            f: vec![0.0; n],
            q: vec![0.0; n],
            stores: false,
            traffic: vec![0.0; n],
            sensitivity: vec![0.0; n],
            unknowns: circuit.unknowns.clone(),
            absolute: absolute.collect(),
            relative: tolerances.relative,
        }
    }

    /// Starts a new evaluation.
    pub fn clear(&mut self) {
        // fresh ones too: memory that is read before it is written to is mapped twice
        self.f.fill(0.0);
        if std::mem::take(&mut self.stores) {
            self.q.fill(0.0);
        }
        self.traffic.fill(0.0);
        self.sensitivity.fill(0.0);
    }

    /// Adds what one device puts on a row.
    #[inline]
    pub fn add(&mut self, row: usize, f: f64, q: f64) {
        self.f[row] += f;
        self.traffic[row] += f.abs();
        self.store(row, q);
    }

    /// Adds to q of a row.
    #[inline]
    pub fn store(&mut self, row: usize, q: f64) {
        if q != 0.0 {
            self.q[row] += q;
            self.stores = true;
        }
    }

    /// Relative tolerance of every unknown.
    #[must_use]
    pub fn relative(&self) -> f64 {
        self.relative
    }

    /// Kind of all unknowns of a range, if they have the same.
    #[inline]
    #[must_use]
    pub fn common_kind(&self, range: Range<usize>) -> Option<UnknownKind> {
        self.unknowns.common(range).map(|unknown| unknown.kind)
    }

    /// Kind of an unknown.
    #[inline]
    #[must_use]
    pub fn kind(&self, k: usize) -> UnknownKind {
        self.unknowns[k].kind
    }

    /// Absolute tolerance of an unknown.
    #[inline]
    #[must_use]
    pub fn absolute(&self, k: usize) -> f64 {
        self.absolute[self.unknowns.class(k)]
    }

    /// The tolerance of an unknown at `x`.
    #[inline]
    #[must_use]
    pub fn tolerance(&self, k: usize, x: &[f64]) -> f64 {
        self.relative * x[k].abs() + self.absolute(k)
    }
}
