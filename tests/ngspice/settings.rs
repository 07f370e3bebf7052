//! Tolerances on both sides of a comparison.

use sneakpath::plan::{Analysis, Plan};

/// How tightly both simulators solve, and how far they may differ.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Relative tolerance of both.
    pub reltol: f64,
    /// A transient has at least this many steps in both.
    pub points: f64,
    /// Largest deviation, relative to the largest value of the waveform.
    pub bound: f64,
    /// Deviation of times, as a part of the duration, where a waveform jumps: the other one is searched this far.
    pub slack: f64,
    /// Charge tolerance of both in C.
    pub chgtol: f64,
    /// Where the waveforms are compared.
    pub instants: Instants,
    /// Further options of ngspice.
    pub extra: &'static str,
    /// Signals that are not compared.
    pub aside: &'static [&'static str],
}

/// Time points of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instants {
    /// Those of both programs.
    Both,
    /// Ours: currents into line capacitors change within femtoseconds of a corner, inside our first step after it. Its
    /// end is accurate, what lies within is not told.
    Ours,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            reltol: 1e-6,
            points: 2000.0,
            bound: 1e-3,
            slack: 0.0,
            chgtol: 1e-20,
            instants: Instants::Both,
            extra: "",
            aside: &[],
        }
    }
}

const ABSTOL: f64 = 1e-16;
const VNTOL: f64 = 1e-9;
const TRTOL: f64 = 1.0;

impl Settings {
    /// The same words as `tighten` gives our side.
    pub fn for_ngspice(&self) -> String {
        format!(
            "reltol={:e} abstol={ABSTOL:e} vntol={VNTOL:e} chgtol={:e} trtol={TRTOL:?} {}",
            self.reltol, self.chgtol, self.extra
        )
    }

    /// Sets the tolerances of a plan.
    pub fn tighten(&self, plan: &mut Plan) {
        plan.options.reltol = self.reltol;
        plan.options.abstol = ABSTOL;
        plan.options.vntol = VNTOL;
        plan.options.chgtol = self.chgtol;
        plan.options.trtol = TRTOL;
        plan.options.statetol = self.reltol * 1e-2;
        for analysis in &mut plan.analyses {
            if let Analysis::Tran(tran) = analysis {
                tran.max_step = Some(tran.stop / self.points);
            }
        }
    }
}
