//! Names to unknowns and devices, and back.

use std::collections::HashMap;

use super::DeviceRef;

/// Name tables of everything that is not inside an array.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Node name to unknown; ground is not in here.
    pub nodes: HashMap<String, u32>,
    /// Device name to instance.
    pub devices: HashMap<String, DeviceRef>,
    /// Name of each unknown that has one: node name, or `device#i`, `device#x`; arrays and cells are empty strings.
    pub unknowns: Vec<String>,
}
