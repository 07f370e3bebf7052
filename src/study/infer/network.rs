//! Linear networks: one transfer matrix, then images are a matrix product.
//!
//! ```text
//! y = y_0 + A v,    v_i = full_scale pixel_i / 255,    E = T sum_i v_i I_i
//! ```
//!
//! with I_i the current that input i delivers, itself a row of the same matrix. Superposition is exact for a circuit of
//! resistors and wires, so nothing is approximated here.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::{Dataset, InferError, Outcome, Ports, Read};
use crate::analysis::{self, Transfer};
use crate::circuit::Circuit;
use crate::plan::{Plan, Signal};
use crate::result::Stats;

/// Images that share one matrix product.
const BATCH: usize = 250;

/// A linear circuit between pixels and classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    classes: usize,
    watched: usize,
    /// Rows: outputs, input currents, watched signals.
    transfer: Transfer,
}

impl Network {
    /// Finds the response of a circuit to its inputs, which are at most `full_scale` V. `watched` are further signals for
    /// [`Network::watch`].
    ///
    /// # Errors
    /// Names that do not exist, a circuit that is not linear or has no operating point.
    pub fn new(
        circuit: &mut Circuit,
        plan: &Plan,
        ports: &Ports,
        watched: &[Signal],
        full_scale: f64,
    ) -> Result<Self, InferError> {
        let mut signals = ports.outputs.clone();
        signals.extend(ports.inputs.iter().map(|name| Signal::Current(name.clone())));
        signals.extend_from_slice(watched);
        let transfer = analysis::transfer(circuit, plan, &ports.inputs, &signals, full_scale)?;
        Ok(Self { classes: ports.outputs.len(), watched: watched.len(), transfer })
    }

    /// Work done to find the response.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.transfer.stats
    }

    /// All images of a set.
    ///
    /// # Errors
    /// Images of another size than the network has inputs, labels beyond its outputs.
    pub fn run(&self, set: &Dataset, read: Read) -> Result<Outcome, InferError> {
        let ports = self.transfer.inputs;
        super::check(set, ports, self.classes)?;
        let batches: Vec<(Vec<f64>, Vec<f64>)> = (0..set.len().div_ceil(BATCH))
            .into_par_iter()
            .map(|batch| {
                let first = batch * BATCH;
                let count = BATCH.min(set.len() - first);
                let pixels = &set.pixels[first * ports..(first + count) * ports];
                let volts: Vec<f64> = pixels.iter().map(|&p| read.volts(p)).collect();
                let signals = self.product(&volts, 0..self.classes + ports);
                let rows = signals.chunks_exact(self.classes + ports);
                let (mut outputs, mut energies) = (Vec::new(), Vec::new());
                for (row, volts) in rows.zip(volts.chunks_exact(ports)) {
                    let (classes, currents) = row.split_at(self.classes);
                    outputs.extend_from_slice(classes);
                    // the current into the positive terminal of a source that delivers is negative
                    energies.push(-read.pulse * volts.iter().zip(currents).map(|(v, i)| v * i).sum::<f64>());
                }
                (outputs, energies)
            })
            .collect();
        let (mut outputs, mut energies) = (Vec::new(), Vec::new());
        for (part, energy) in batches {
            outputs.extend(part);
            energies.extend(energy);
        }
        Ok(Outcome { classes: self.classes, outputs, energies })
    }

    /// The watched signals for one pattern of input voltages.
    #[must_use]
    pub fn watch(&self, volts: &[f64]) -> Vec<f64> {
        let first = self.classes + self.transfer.inputs;
        self.product(volts, first..first + self.watched)
    }

    /// Some signals for patterns one after the other, `patterns x signals`, row-major.
    fn product(&self, volts: &[f64], signals: std::ops::Range<usize>) -> Vec<f64> {
        let inputs = self.transfer.inputs;
        let patterns = volts.len() / inputs.max(1);
        let offset = &self.transfer.offset[signals.clone()];
        let mut result = offset.repeat(patterns);
        let gain = &self.transfer.gain[signals.start * inputs..signals.end * inputs];
        matmul(
            MatMut::from_row_major_slice_mut(&mut result, patterns, signals.len()),
            Accum::Add,
            MatRef::from_row_major_slice(volts, patterns, inputs),
            MatRef::from_row_major_slice(gain, signals.len(), inputs).transpose(),
            1.0,
            Par::Seq,
        );
        result
    }
}
