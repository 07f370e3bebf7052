//! Every registered device: its card, its derivatives, its bounds, published numbers, and ngspice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, missing_docs)]

mod bench;
mod bounds;
mod cards;
#[path = "../circuits/mod.rs"]
mod circuits;
mod derivatives;
mod ngspice;
mod oracles;
