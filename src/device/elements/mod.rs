//! The elements of SPICE: sources, passives, couplings, switches, the junction diode, the MOSFET.

pub mod capacitor;
pub mod controlled;
pub mod coupling;
pub mod diode;
pub mod inductor;
pub mod junction;
pub mod mosfet;
pub mod resistor;
pub mod short;
pub mod sources;
pub mod switch;
pub mod thermal;
