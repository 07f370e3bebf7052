//! sneakpath: a SPICE-style circuit simulator for memristive arrays.
//!
//! Netlist text -> [`netlist`] (deck with source spans) -> [`elaborate`] (parameters, subcircuits, arrays, checks) ->
//! [`circuit`] + [`plan`] -> [`system`] (f, q and Jacobians on a frozen structure) -> [`analysis`] -> [`result`] ->
//! [`output`]. Each arrow is one public function; data only moves forward. ARCHITECTURE.md is the map.

pub mod analysis;
pub mod circuit;
pub mod cli;
pub mod crossbar;
pub mod device;
pub mod diag;
pub mod elaborate;
pub mod netlist;
pub mod numeric;
pub mod output;
pub mod plan;
pub mod result;
pub mod study;
pub mod system;
pub mod units;
