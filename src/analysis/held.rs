//! Cells of an array whose volatile states are held: what they carry and where their states want to go.
//!
//! With all states of a cell held, voltages solve F = 0 alone, and the rows of the states tell their rates,
//!
//! ```text
//! ds/dt = -f_s(v, s)
//! ```
//!
//! so that a few solves over a grid of v and s are the law of the cell, whatever it is made of.

use super::error::AnalysisError;
use super::solver::Solver;
use crate::circuit::{Circuit, UnknownKind};
use crate::device::{Mode, StateLaw};
use crate::numeric::newton::Effort;
use crate::plan::Plan;
use crate::system::Rows;

/// An array between sources, its volatile states in our hands.
pub struct HeldCells<'a> {
    solver: Solver<'a>,
    array: usize,
    /// First unknown of every volatile state of a cell, and the distance to the same state of the next cell.
    states: Vec<(usize, usize)>,
    x: Vec<f64>,
}

/// What all cells do, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Current into the word-line port in A.
    pub currents: Vec<f64>,
    /// Rate of the state that was asked for, per second.
    pub rates: Vec<f64>,
}

impl<'a> HeldCells<'a> {
    /// The cells of array number `array`; `inputs` are voltage sources and their values in V.
    ///
    /// # Errors
    /// There is no such array or source.
    pub fn new(
        circuit: &'a mut Circuit,
        plan: &'a Plan,
        array: usize,
        inputs: &[(String, f64)],
    ) -> Result<Self, AnalysisError> {
        let missing = |name: &str| AnalysisError::UnknownSignal(format!("there is no source `{name}`"));
        for (name, volts) in inputs {
            let device = circuit.names.devices.get(name).copied().ok_or_else(|| missing(name))?;
            let group = circuit.groups.get_mut(device.group);
            if !group.is_some_and(|group| group.set(device.index, "dc", *volts)) {
                return Err(missing(name));
            }
        }
        let instance = circuit
            .arrays
            .get(array)
            .ok_or_else(|| AnalysisError::NotApplicable("the circuit has no array of cells".to_owned()))?;
        let mut states = Vec::new();
        for device in &instance.cell_devices {
            for k in device.first_internal..device.first_internal + device.internals {
                let unknown = circuit.unknowns[k as usize];
                if unknown.law == StateLaw::Settling && unknown.kind == UnknownKind::State {
                    states.push((k as usize, device.internals as usize));
                }
            }
        }
        let solver = Solver::new(circuit, &plan.options);
        let x = solver.start();
        Ok(Self { solver, array, states, x })
    }

    /// Volatile states per cell.
    #[must_use]
    pub fn states(&self) -> usize {
        self.states.len()
    }

    /// Holds state `which` of every cell at `value` and the others at `rest`.
    ///
    /// # Errors
    /// No convergence.
    pub fn read(&mut self, which: usize, value: f64, rest: f64) -> Result<Held, AnalysisError> {
        let cells = self.solver.circuit.arrays[self.array].cells();
        let mut held = Vec::with_capacity(self.states.len() * cells);
        for (number, &(first, stride)) in self.states.iter().enumerate() {
            let value = if number == which { value } else { rest };
            held.extend((0..cells).map(|cell| ((first + cell * stride) as u32, value)));
        }
        let mut rows = Rows::operating_point(self.solver.circuit, &self.x, self.solver.options.rshunt);
        rows.hold(&held);
        let env = self.solver.env(Mode::Dc, 0.0);
        let effort = Effort::damped(self.solver.options.itl1);
        if let Err(error) = self.solver.newton(env, &rows, &mut self.x, effort) {
            let at = format!("with the states of all cells at {value}");
            return Err(AnalysisError::NoConvergence(self.solver.failure("operating point", at, &self.x, &error)));
        }
        self.solver.system.load(self.solver.circuit, &env, &self.x);
        let circuit: &Circuit = self.solver.circuit;
        let (array, loads) = (&circuit.arrays[self.array], self.solver.system.loads());
        let current = |cell: usize| {
            let part = |(device, terminal): (crate::circuit::DeviceRef, usize)| {
                loads[device.group].f[circuit.groups[device.group].offset(device.index) + terminal]
            };
            array.currents(cell).map(part).sum()
        };
        let (first, stride) = self.states[which];
        Ok(Held {
            currents: (0..cells).map(current).collect(),
            rates: (0..cells).map(|cell| -self.solver.system.sums.f[first + cell * stride]).collect(),
        })
    }
}
