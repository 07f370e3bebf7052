//! All studies. A new one is a file and a line here.

use super::Study;

/// Every study, in the order in which they are listed.
pub const REGISTRY: &[&dyn Study] = &[&super::pulse::Pulse, &super::density::Density, &super::infer::Infer];
