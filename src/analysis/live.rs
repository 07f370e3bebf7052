//! A transient that is led by hand: a stretch of time, a look, other waveforms, the next stretch.
//!
//! Nothing is built or started anew between stretches: charges, states and discrete switches are carried over as they
//! are, so that the pulses of a programming algorithm are one transient, however they were chosen. A look is an operating
//! point with the sources at their DC values and the memory states where they are; it takes no time and leaves no trace.

use super::error::AnalysisError;
use super::op;
use super::record::{Observation, Recorder};
use super::tran::March;
use crate::circuit::{Circuit, DeviceRef, Probe};
use crate::device::Mode;
use crate::plan::{Plan, Tran};
use crate::result::{PlotHeader, Sink, Stats};
use crate::system::Rows;

/// First step after a corner, as a fraction of the way to the next: truncation is judged from that step on, so that a
/// long one costs a rejection at worst, and a pulse takes a third of the points of a recorded waveform.
const RESTART: f64 = 0.05;

/// A circuit in time.
pub struct Live<'a> {
    march: March<'a>,
}

/// Hears nothing but the wish to stop.
struct Deaf<'a> {
    interrupted: &'a dyn Fn() -> bool,
}

impl Sink for Deaf<'_> {
    fn begin(&mut self, _: &PlotHeader) {}
    fn point(&mut self, _: &[f64]) {}
    fn end(&mut self) {}
    fn interrupted(&self) -> bool {
        (self.interrupted)()
    }
}

impl<'a> Live<'a> {
    /// The operating point at t = 0, memory states at their start values. The plan's options hold.
    ///
    /// # Errors
    /// Non-convergence.
    pub fn start(circuit: &'a mut Circuit, plan: &'a Plan) -> Result<Self, AnalysisError> {
        let recorder = Recorder::new(circuit, plan)?;
        let tran = Tran { step: 1.0, stop: 1.0, start: 0.0, max_step: None, uic: false };
        let mut march = March::start(&tran, circuit, plan, recorder, &|| false)?;
        march.record(&mut Deaf { interrupted: &|| false })?;
        Ok(Self { march })
    }

    /// The circuit.
    #[must_use]
    pub fn circuit(&self) -> &Circuit {
        self.march.solver.circuit
    }

    /// Counters of all stretches and looks so far.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.march.solver.stats
    }

    /// Gives a parameter of a device another value: `dc` of a source for looks, `v2` of a pulse for stretches.
    ///
    /// # Errors
    /// A parameter that cannot be changed in place.
    pub fn set(&mut self, device: DeviceRef, parameter: &str, value: f64) -> Result<(), AnalysisError> {
        let group = self.march.solver.circuit.groups.get_mut(device.group);
        if group.is_some_and(|group| group.set(device.index, parameter, value)) {
            return Ok(());
        }
        Err(AnalysisError::NotApplicable(format!("`{parameter}` of a device cannot be set to {value} in place")))
    }

    /// Time from 0 to `stop` in s, from where the circuit is. `step` bounds the first step after a corner.
    ///
    /// # Errors
    /// Non-convergence, interruption.
    pub fn advance(&mut self, step: f64, stop: f64, interrupted: &dyn Fn() -> bool) -> Result<(), AnalysisError> {
        let tran = Tran { step, stop, start: 0.0, max_step: Some(stop), uic: false };
        self.march.begin_again(&tran, RESTART);
        self.march.run_on(&mut Deaf { interrupted })?;
        self.march.solver.note_work();
        Ok(())
    }

    /// What probes show with the sources at their DC values and the memory states where they are.
    ///
    /// # Errors
    /// Non-convergence.
    pub fn look(&mut self, probes: &[Probe]) -> Result<Vec<f64>, AnalysisError> {
        let mut x = self.march.x().to_vec();
        let solver = &mut self.march.solver;
        let env = solver.env(Mode::Dc, 0.0);
        let rows = Rows::operating_point(solver.circuit, &x, solver.options.rshunt);
        // a look flips discrete switches for itself only
        let switches = solver.circuit.groups.iter().any(|group| group.surface(&x).is_some());
        let before: Option<Vec<_>> =
            switches.then(|| solver.circuit.groups.iter().map(|group| group.boxed_clone()).collect());
        let solved = op::solve(solver, env, &rows, &mut x, solver.options.itl1, "while it is read");
        let seen = solved.map(|()| {
            let loads = solver.system.loads();
            let observation = Observation { circuit: solver.circuit, env, x: &x, rest: &[], loads, charges: None };
            probes.iter().map(|probe| observation.read(probe)).collect()
        });
        if let Some(groups) = before {
            solver.circuit.groups = groups;
        }
        Ok(seen?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::elaborate::Elaborator;
    use crate::netlist::{ReadOptions, parse_text};
    use crate::plan::{Overrides, Signal};

    /// An RC circuit is charged by two pulses: its voltage is that of the closed form, the look in between is that of
    /// the DC source and changes nothing.
    #[test]
    fn stretches_carry_charges_on_and_looks_leave_no_trace() {
        let text =
            "rc\nV1 a 0 DC 0 PULSE(0 1 0 1p 1p 1 0)\nR1 a b 1k\nC1 b 0 1u\n.options reltol=1e-8 vntol=1e-9\n.end\n";
        let (deck, _) = parse_text("t.cir", text, &ReadOptions::default());
        let mut built = Elaborator::new(deck, Vec::new()).build(&Overrides::default()).unwrap();
        let (source, probe) = {
            let find = |name: &str| built.circuit.names.devices[name];
            (find("v1"), built.circuit.resolve(&Signal::Voltage("b".to_owned())).unwrap())
        };
        let capacitor = built.circuit.node("b").unwrap() as usize;
        let mut live = Live::start(&mut built.circuit, &built.plan).unwrap();
        let mut expected = 0.0;
        for (volts, time) in [(1.0, 0.5e-3), (-2.0, 1e-3), (3.0, 0.2e-3)] {
            live.set(source, "v2", volts).unwrap();
            live.set(source, "dc", 10.0 * volts).unwrap();
            live.advance(1e-4, time, &|| false).unwrap();
            expected = volts + (expected - volts) * (-time / 1e-3f64).exp();
            let now = live.march.x()[capacitor];
            assert!((now - expected).abs() < 1e-5, "{now} is not {expected}");
            let seen = live.look(std::slice::from_ref(&probe)).unwrap()[0];
            assert!((seen - 10.0 * volts).abs() < 1e-9, "no current flows at DC: {seen}");
            assert!(live.march.x()[capacitor] == now);
        }
        assert!(live.set(source, "colour", 1.0).is_err());
        assert!(live.stats().energy_error() < 1e-9, "{}", live.stats().energy_error());
    }
}
