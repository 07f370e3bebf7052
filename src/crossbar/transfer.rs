//! Linear reads: from drive voltages to line currents by one matrix.
//!
//! With e_k the unit vector of the node of port k and g_k its conductance,
//!
//! ```text
//! I_o = T_oi V_i,      T_oi = g_o e_o^T A^-1 e_i g_i
//! ```
//!
//! so that min(inputs, outputs) solves, with A^T where there are fewer outputs, give all of T, and any number of input
//! vectors is one product. Currents into sense resistors are g_o times a voltage: they are exact to rounding where the
//! unknowns are offsets from the potential behind the resistor, as they are for grounded sense lines.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

use super::frontal::{Frontal, Multifrontal, Side};
use super::misfit::{self, Field, Misfit};
use super::network::Network;
use super::trouble::Trouble;

/// Right-hand sides of one block.
const BLOCK: usize = 24;

/// A conductance between a node and a potential outside; it is among the leaks of the network already.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Port {
    /// Of a word or of a bit line.
    pub side: Side,
    /// Row of the node.
    pub row: usize,
    /// Column of the node.
    pub col: usize,
    /// In S.
    pub conductance: f64,
}

impl Port {
    /// The heads of the word lines: drivers on the left.
    #[must_use]
    pub fn word_heads(network: &Network) -> Vec<Self> {
        let port = |(row, g): (usize, &f64)| Self { side: Side::Word, row, col: 0, conductance: *g };
        network.word.head.iter().enumerate().map(port).collect()
    }

    /// The tails of the bit lines: sense resistors below.
    #[must_use]
    pub fn bit_tails(network: &Network) -> Vec<Self> {
        let row = network.rows.saturating_sub(1);
        let port = |(col, g): (usize, &f64)| Self { side: Side::Bit, row, col, conductance: *g };
        network.bit.tail.iter().enumerate().map(port).collect()
    }

    fn check(&self, index: usize, (rows, cols): (usize, usize)) -> Result<(), Misfit> {
        let Self { row, col, conductance, .. } = *self;
        if row >= rows || col >= cols {
            return Err(Misfit::Outside { index, row, col, rows, cols });
        }
        if conductance.is_finite() {
            Ok(())
        } else {
            Err(Misfit::Value { field: Field::Ports, index, value: conductance })
        }
    }

    fn place(&self, cols: usize) -> (usize, usize) {
        (usize::from(self.side == Side::Bit), self.row * cols + self.col)
    }
}

/// Output currents in A per volt of input.
#[derive(Debug, Clone, PartialEq)]
pub struct Transfer {
    /// Columns.
    pub inputs: usize,
    /// Rows.
    pub outputs: usize,
    /// Row-major.
    pub gains: Vec<f64>,
}

impl Transfer {
    /// Currents of many input vectors: `voltages` is `vectors x inputs`, `currents` `vectors x outputs`, row-major. Without
    /// inputs all currents are zero. A voltage that is no number makes the currents of its vector none.
    ///
    /// # Errors
    /// Lengths that do not go together.
    pub fn apply(&self, voltages: &[f64], currents: &mut [f64]) -> Result<(), Misfit> {
        let Self { inputs, outputs, gains } = self;
        let (inputs, outputs) = (*inputs, *outputs);
        misfit::length(Field::Gains, gains, inputs.saturating_mul(outputs))?;
        let Some(vectors) = voltages.len().checked_div(inputs) else {
            misfit::length(Field::Voltages, voltages, 0)?;
            currents.fill(0.0);
            return Ok(());
        };
        misfit::length(Field::Voltages, voltages, vectors * inputs)?;
        misfit::length(Field::Currents, currents, vectors.saturating_mul(outputs))?;
        if vectors > 0 && outputs > 0 {
            let gains = MatRef::from_row_major_slice(gains, outputs, inputs);
            let voltages = MatRef::from_row_major_slice(voltages, vectors, inputs);
            let currents = MatMut::from_row_major_slice_mut(currents, vectors, outputs);
            matmul(currents, Accum::Replace, voltages, gains.transpose(), 1.0, Par::Seq);
        }
        Ok(())
    }
}

/// The transfer matrix of a network with conductances as cells.
///
/// # Errors
/// A network that is none or cannot be factored, and those of [`Multifrontal::transfer`].
pub fn transfer(network: &Network, inputs: &[Port], outputs: &[Port]) -> Result<Transfer, Trouble> {
    let mut solver = Frontal::analyse(network.rows, network.cols)?;
    solver.factor(network)?;
    solver.transfer(inputs, outputs)
}

impl<const H: usize> Multifrontal<H> {
    /// The transfer matrix of the factored network.
    ///
    /// # Errors
    /// No factorization; a port outside of the array, or one whose conductance is not finite.
    pub fn transfer(&self, inputs: &[Port], outputs: &[Port]) -> Result<Transfer, Trouble> {
        for ports in [inputs, outputs] {
            ports.iter().enumerate().try_for_each(|(index, port)| port.check(index, self.shape()))?;
        }
        let mut gains = vec![0.0; outputs.len() * inputs.len()];
        if outputs.len() <= inputs.len() {
            self.responses(outputs, inputs, Self::solve_many_adjoint, |o, i, gain| gains[o * inputs.len() + i] = gain)?;
        } else {
            self.responses(inputs, outputs, Self::solve_many, |i, o, gain| gains[o * inputs.len() + i] = gain)?;
        }
        Ok(Transfer { inputs: inputs.len(), outputs: outputs.len(), gains })
    }

    /// Excites each of `sources` alone and hands on what all `sinks` see.
    fn responses(
        &self,
        sources: &[Port],
        sinks: &[Port],
        solve: impl Fn(&Self, [&[f64]; 2], [&mut [f64]; 2]) -> Result<(), Trouble>,
        mut hand_on: impl FnMut(usize, usize, f64),
    ) -> Result<(), Trouble> {
        let (rows, cols) = self.shape();
        let size = rows * cols;
        for (first, block) in sources.chunks(BLOCK).enumerate() {
            let zeros = || [vec![0.0; block.len() * size], vec![0.0; block.len() * size]];
            let (mut b, mut x) = (zeros(), zeros());
            for (k, source) in block.iter().enumerate() {
                let (side, at) = source.place(cols);
                b[side][k * size + at] = source.conductance;
            }
            let [xw, xb] = &mut x;
            solve(self, [&b[0], &b[1]], [xw, xb])?;
            for k in 0..block.len() {
                for (s, sink) in sinks.iter().enumerate() {
                    let (side, at) = sink.place(cols);
                    hand_on(first * BLOCK + k, s, x[side][k * size + at] * sink.conductance);
                }
            }
        }
        Ok(())
    }
}
