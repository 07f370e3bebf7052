//! Deck to circuit and plan.

pub mod bus;
