//! Numerics that know no circuits.

pub mod formula;
pub mod real;
