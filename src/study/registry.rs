//! All studies. A new one is a file and a line here.

use super::Study;

/// Every study, in the order in which they are listed.
#[rustfmt::skip]
pub const REGISTRY: &[&dyn Study] = &[
    &super::margin::Margin,
    &super::max_size::MaxSize,
    &super::sneak::Sneak,
    &super::map::Maps,
    &super::write_margin::WriteMargin,
    &super::disturb::Disturb,
    &super::energy::Energy,
    &super::settle::Settle,
    &super::mvm::Mvm,
    &super::pulse::Pulse,
    &super::program::Program,
    &super::density::Density,
    &super::infer::Infer,
];
