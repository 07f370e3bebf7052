//! What each row of the system is at the moment: see the formula in the module head of [`super`].

use crate::circuit::{Circuit, UnknownKind};
use crate::device::StateLaw;

/// Row coefficients; one entry per unknown in each vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// Factor of q.
    pub alpha: Vec<f64>,
    /// What the past adds.
    pub beta: Vec<f64>,
    /// Extra diagonal conductance.
    pub shunt: Vec<f64>,
    /// Where the shunt pulls to.
    pub reference: Vec<f64>,
    /// Value of a held unknown; NaN = free.
    pub held: Vec<f64>,
}

impl Rows {
    /// All rows free, time standing still.
    #[must_use]
    pub fn still(n: usize) -> Self {
        Self {
            alpha: vec![0.0; n],
            beta: vec![0.0; n],
            shunt: vec![0.0; n],
            reference: vec![0.0; n],
            held: vec![f64::NAN; n],
        }
    }

    /// Rows of an operating point: memory states are held at their value in `x`, `rshunt` loads every node.
    #[must_use]
    pub fn operating_point(circuit: &Circuit, x: &[f64], rshunt: Option<f64>) -> Self {
        let mut rows = Self::still(x.len());
        for (k, unknown) in circuit.unknowns.iter().enumerate() {
            if unknown.law == StateLaw::Memory {
                rows.held[k] = x[k];
            }
            if let (UnknownKind::Voltage, Some(ohm)) = (unknown.kind, rshunt) {
                rows.shunt[k] = 1.0 / ohm;
            }
        }
        rows
    }

    /// Holds unknowns at given values.
    pub fn hold(&mut self, values: &[(u32, f64)]) {
        for &(k, value) in values {
            if let Some(slot) = self.held.get_mut(k as usize) {
                *slot = value;
            }
        }
    }

    /// Is this row `x - held`?
    #[must_use]
    pub fn is_held(&self, r: usize) -> bool {
        !self.held[r].is_nan()
    }
}
