//! Drivers: operating point, DC sweep, transient, transfer function, and a transient that is led by hand. They know
//! circuits and plans, not netlists, and hand every accepted point to a [`Sink`].

mod aids;
mod branch;
mod charge;
mod dc;
mod error;
mod follow;
mod held;
mod history;
mod live;
pub mod measure;
mod op;
mod record;
mod remainder;
mod solver;
mod tf;
mod tran;
mod transfer;
mod watched;

pub use dc::Rebuild;
pub use error::{AnalysisError, Failure, WorstUnknown};
pub use held::{Held, HeldCells};
pub use live::Live;
pub use op::run_near as operating_point;
pub use record::signal_name;
pub use transfer::{Transfer, transfer};

use crate::circuit::Circuit;
use crate::plan::{Analysis, Plan};
use crate::result::{Sink, Stats};

/// Runs one analysis of a plan. `step_label` goes into the plot header; `rebuild` makes the circuit anew for sweeps
/// over parameters.
///
/// # Errors
/// See [`AnalysisError`]; whatever was accepted before is in the sink.
pub fn run(
    analysis: &Analysis,
    circuit: &mut Circuit,
    plan: &Plan,
    step_label: &str,
    rebuild: Rebuild,
    sink: &mut dyn Sink,
) -> Result<Stats, AnalysisError> {
    match analysis {
        Analysis::Op => op::run(circuit, plan, step_label, sink),
        Analysis::Dc(sweeps) => dc::run(sweeps, circuit, plan, step_label, rebuild, sink),
        Analysis::Tran(tran) => tran::run(tran, circuit, plan, step_label, sink),
        Analysis::Tf { output, input } => tf::run(output, input, circuit, plan, step_label, sink),
    }
}
