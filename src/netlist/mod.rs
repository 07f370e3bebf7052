//! Netlist text to deck.

pub mod ast;
