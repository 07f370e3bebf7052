//! Why an analysis could not finish: when, where, what was tried. The accepted points are already in the sink.

use std::fmt;

use crate::circuit::{Circuit, DeviceRef};
use crate::numeric::newton::NewtonError;
use crate::result::Stats;

/// An analysis that ended early.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AnalysisError {
    /// Newton and all its aids failed.
    #[error("{0}")]
    NoConvergence(Box<Failure>),
    /// The user asked to stop.
    #[error("interrupted {at}; {} points are kept", stats.points)]
    Interrupted {
        /// `at t = 1.2 us`.
        at: String,
        /// Work so far.
        stats: Box<Stats>,
    },
    /// A signal of the plan is not in the circuit.
    #[error("{0}")]
    UnknownSignal(String),
    /// The circuit could not be rebuilt for a sweep value.
    #[error("{0}")]
    Rebuild(String),
    /// The analysis does not apply to this circuit.
    #[error("{0}")]
    NotApplicable(String),
}

impl AnalysisError {
    /// Work done before the end, when any.
    #[must_use]
    pub fn stats(&self) -> Option<&Stats> {
        match self {
            Self::NoConvergence(failure) => Some(&failure.stats),
            Self::Interrupted { stats, .. } => Some(stats),
            _ => None,
        }
    }
}

impl From<Box<Failure>> for AnalysisError {
    fn from(failure: Box<Failure>) -> Self {
        if failure.interrupted {
            let Failure { analysis, at, stats, .. } = *failure;
            return Self::Interrupted { at: format!("in the {analysis} {at}"), stats: Box::new(stats) };
        }
        Self::NoConvergence(failure)
    }
}

/// Non-convergence in plain words.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Failure {
    /// `operating point`, `DC sweep`, `transient`.
    pub analysis: &'static str,
    /// `at t = 1.2e-6 s with step 3e-18 s`, `at v1 = 0.3`.
    pub at: String,
    /// The last complaint of the solver.
    pub cause: String,
    /// Worst unknowns.
    pub worst: Vec<WorstUnknown>,
    /// Aids that were tried, in order.
    pub tried: Vec<String>,
    /// Nothing failed: the user asked to stop.
    pub interrupted: bool,
    /// Work so far.
    pub stats: Stats,
}

/// An unknown that would not settle.
#[derive(Debug, Clone, PartialEq)]
pub struct WorstUnknown {
    /// Its name.
    pub name: String,
    /// Its last value.
    pub value: f64,
    /// Its last change.
    pub change: f64,
    /// The change that would have been accepted.
    pub tolerance: f64,
    /// A device that touches it.
    pub device: String,
}

impl Failure {
    /// Describes a Newton failure with the names of the circuit.
    #[must_use]
    pub fn new(analysis: &'static str, at: String, circuit: &Circuit, x: &[f64], error: &NewtonError) -> Self {
        let mut failure = Self { analysis, at, ..Self::default() };
        match error {
            NewtonError::Limit { iterations, worst } => {
                failure.cause = format!("Newton did not settle in {iterations} iterations");
                failure.worst = worst
                    .iter()
                    .map(|&(k, change, tolerance)| WorstUnknown {
                        name: circuit.unknown_signal(k as u32),
                        value: x.get(k).copied().unwrap_or(f64::NAN),
                        change,
                        tolerance,
                        device: device_at(circuit, k),
                    })
                    .collect();
            }
            NewtonError::Interrupted { .. } => failure.interrupted = true,
            NewtonError::Singular { unknown, .. } => {
                failure.cause = format!("the matrix is singular at {}", circuit.unknown_signal(*unknown as u32));
                failure.name(circuit, *unknown, x);
            }
            NewtonError::NotFinite { unknown, .. } => {
                failure.cause = format!("{} became infinite or not a number", circuit.unknown_signal(*unknown as u32));
                failure.name(circuit, *unknown, x);
            }
        }
        failure
    }

    fn name(&mut self, circuit: &Circuit, unknown: usize, x: &[f64]) {
        self.worst.push(WorstUnknown {
            name: circuit.unknown_signal(unknown as u32),
            value: x.get(unknown).copied().unwrap_or(f64::NAN),
            change: f64::NAN,
            tolerance: f64::NAN,
            device: device_at(circuit, unknown),
        });
    }
}

/// The first device that touches an unknown.
fn device_at(circuit: &Circuit, unknown: usize) -> String {
    for (group, devices) in circuit.groups.iter().enumerate() {
        let touches = devices.locals().iter().position(|&id| id as usize == unknown);
        if let Some(k) = touches {
            let index = (0..devices.len()).find(|&i| devices.offset(i + 1) > k).unwrap_or(0);
            return circuit.device_name(DeviceRef { group, index });
        }
    }
    String::new()
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} did not converge {}: {}", self.analysis, self.at, self.cause)?;
        for worst in &self.worst {
            write!(f, "\n  {} = {:.6e}", worst.name, worst.value)?;
            if worst.change.is_finite() {
                write!(f, ", last change {:.3e} (allowed {:.3e})", worst.change, worst.tolerance)?;
            }
            if !worst.device.is_empty() {
                write!(f, ", at device {}", worst.device)?;
            }
        }
        if !self.tried.is_empty() {
            write!(f, "\n  tried: {}", self.tried.join(", "))?;
        }
        Ok(())
    }
}
