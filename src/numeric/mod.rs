//! Numerics that know no circuits.

pub mod control;
pub mod dense;
pub mod elementary;
pub mod faer_lu;
pub mod formula;
pub mod function;
pub mod integrate;
pub mod krylov;
pub mod lanes;
pub mod newton;
pub mod ordering;
pub mod pattern;
pub mod real;
pub mod rng;
pub mod sampling;
pub mod scalar;
pub mod simd;
pub mod sparse;
mod sparse_factors;
mod sparse_reach;
mod sparse_search;
#[cfg(test)]
mod sparse_tests;
