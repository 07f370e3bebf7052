//! What each row of the system is at the moment: see the formula in the module head of [`super`].

use std::ops::{Index, IndexMut};

use crate::circuit::{Circuit, UnknownKind};
use crate::device::StateLaw;

/// A number for every row. While all have the usual one, none is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    usual: f64,
    len: usize,
    values: Vec<f64>,
}

impl Column {
    /// The same number for all rows.
    #[must_use]
    pub fn new(usual: f64, len: usize) -> Self {
        Self { usual, len, values: Vec::new() }
    }
    /// The number of a row, if there is such a row.
    #[inline]
    #[must_use]
    pub fn get(&self, r: usize) -> Option<f64> {
        (r < self.len).then(|| self[r])
    }
    /// The number of all rows, while they have the same.
    #[must_use]
    pub fn uniform(&self) -> Option<f64> {
        self.values.is_empty().then_some(self.usual)
    }
    /// Gives all rows another number.
    pub fn fill(&mut self, value: f64) {
        *self = Self::new(value, self.len);
    }
}

impl Index<usize> for Column {
    type Output = f64;
    #[inline]
    fn index(&self, r: usize) -> &f64 {
        if self.values.is_empty() { &self.usual } else { &self.values[r] }
    }
}

impl IndexMut<usize> for Column {
    fn index_mut(&mut self, r: usize) -> &mut f64 {
        if self.values.is_empty() {
            self.values = vec![self.usual; self.len];
        }
        &mut self.values[r]
    }
}

/// Row coefficients; one entry per unknown in each column.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// Factor of q.
    pub alpha: Column,
    /// What the past adds.
    pub beta: Column,
    /// Extra diagonal conductance.
    pub shunt: Column,
    /// Where the shunt pulls to.
    pub reference: Column,
    /// Value of a held unknown; NaN = free.
    pub held: Column,
}

impl Rows {
    /// All rows free, time standing still.
    #[must_use]
    pub fn still(n: usize) -> Self {
        Self {
            alpha: Column::new(0.0, n),
            beta: Column::new(0.0, n),
            shunt: Column::new(0.0, n),
            reference: Column::new(0.0, n),
            held: Column::new(f64::NAN, n),
        }
    }

    /// Rows of an operating point: memory states are held at their value in `x`, `rshunt` loads every node.
    #[must_use]
    pub fn operating_point(circuit: &Circuit, x: &[f64], rshunt: Option<f64>) -> Self {
        let mut rows = Self::still(x.len());
        for (run, unknown) in circuit.unknowns.runs() {
            if unknown.law == StateLaw::Memory {
                run.clone().for_each(|k| rows.held[k] = x[k]);
            }
            if let (UnknownKind::Voltage, Some(ohm)) = (unknown.kind, rshunt) {
                run.for_each(|k| rows.shunt[k] = 1.0 / ohm);
            }
        }
        rows
    }

    /// May anything beside the devices tie a row to a known value: time, shunts?
    #[must_use]
    pub fn leak(&self) -> bool {
        self.alpha.uniform() != Some(0.0) || self.shunt.uniform() != Some(0.0)
    }

    /// Are all rows free, without time and shunts, R = f?
    #[must_use]
    pub fn are_still(&self) -> bool {
        let zero = |column: &Column| column.uniform() == Some(0.0);
        !self.leak() && zero(&self.beta) && !self.holds_any()
    }

    /// Holds unknowns at given values.
    pub fn hold(&mut self, values: &[(u32, f64)]) {
        for &(k, value) in values {
            if self.held.get(k as usize).is_some() {
                self.held[k as usize] = value;
            }
        }
    }

    /// May any row be `x - held`?
    #[must_use]
    pub fn holds_any(&self) -> bool {
        self.held.uniform().is_none_or(|held| !held.is_nan())
    }

    /// Is this row `x - held`?
    #[must_use]
    #[inline]
    pub fn is_held(&self, r: usize) -> bool {
        !self.held[r].is_nan()
    }
}
