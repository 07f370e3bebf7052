//! Numerics that know no circuits.

pub mod formula;
pub mod function;
pub mod integrate;
pub mod newton;
pub mod real;
