//! Behavioural sources: I = f(v, i, t), V = f(..), and the auxiliary rows behind `ddt()` and `idt()`.
//!
//! The number of inputs varies per instance, so this is the one group that is not a `Group<D, N>`; derivatives come
//! from the formula's reverse sweep. Rows, with z the instance's own unknown:
//!   current     p: +e   n: -e
//!   voltage     p: +z   n: -z   z: v_p - v_n - e = 0
//!   derivative  z: z - d/dt e = 0        (f = z, q = -e)
//!   integral    z: d/dt z - e = 0        (q = z, f = -e), memory law, starts at `initial`

use crate::numeric::formula::Formula;

/// What the formula's value is used for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Behaviour {
    /// Current from p to n.
    Current,
    /// Voltage between p and n; has a branch current unknown.
    Voltage,
    /// d/dt of the formula.
    Derivative,
    /// Integral of the formula from `initial`.
    Integral {
        /// Value at t = 0.
        initial: f64,
    },
}

/// What a formula slot reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// A global unknown ([`super::group::GROUND`] reads 0).
    Unknown(u32),
    /// Time in s.
    Time,
    /// Temperature in degrees Celsius.
    Celsius,
}

/// One behavioural element, ready for the group.
#[derive(Debug, Clone, PartialEq)]
pub struct Behavioural {
    /// Use of the value.
    pub behaviour: Behaviour,
    /// p, n for current and voltage; ground for the auxiliary rows.
    pub ports: [u32; 2],
    /// Own unknown: branch current or auxiliary value; ground for a current.
    pub own: u32,
    /// What each slot reads, by slot number.
    pub inputs: Vec<Input>,
    /// The expression.
    pub formula: Formula,
    /// Parallel count.
    pub multiplicity: f64,
}
