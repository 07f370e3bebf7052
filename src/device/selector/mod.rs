//! Selectors: strongly nonlinear two-terminal devices that keep half-selected cells off.

pub mod rectifier;
pub mod sinh;
pub mod threshold;

use super::Port;

/// The two terminals.
pub(crate) const PORTS: &[Port] = &[Port { name: "te", carries: true }, Port { name: "be", carries: true }];
