//! The circuit: unknowns, device groups, arrays. Always valid: only [`CircuitBuilder`] makes one.
//!
//! Invariants: every local unknown of every group is an index below `unknowns.len()` or ground; names are lower case,
//! hierarchical with dots, unique; ground is `0` and is not an unknown.

pub mod array;
pub mod builder;
pub mod names;
mod nodes;
pub mod pattern;
pub mod probe;
mod unknown_name;
mod unknowns;

use crate::device::{DeviceGroup, StateLaw};

pub use array::ArrayInstance;
pub use builder::CircuitBuilder;
pub use names::{CellRef, Names, is_ground};
pub use nodes::Nodes;
pub use pattern::Pattern;
pub use probe::Probe;
pub use unknown_name::UnknownName;
pub use unknowns::Unknowns;

/// The kind of an unknown: decides its absolute tolerance and unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownKind {
    /// Node voltage in V; its row is a current sum in A.
    Voltage,
    /// Branch current in A; its row is in V.
    Current,
    /// Device state; its row is what the device makes of it.
    State,
}

/// One unknown of the system.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unknown {
    /// Kind.
    pub kind: UnknownKind,
    /// What it does in DC.
    pub law: StateLaw,
    /// Typical size (states).
    pub scale: f64,
}

/// A device instance inside the groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceRef {
    /// Group index.
    pub group: usize,
    /// Instance index in the group.
    pub index: usize,
}

/// Consecutive instances of one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Group index.
    pub group: usize,
    /// First instance.
    pub first: usize,
    /// How many.
    pub count: usize,
}

impl Run {
    /// One instance.
    #[must_use]
    pub fn single(device: DeviceRef) -> Self {
        Self { group: device.group, first: device.index, count: 1 }
    }
    /// The k-th instance of the run.
    #[must_use]
    pub fn get(&self, k: usize) -> Option<DeviceRef> {
        (k < self.count).then_some(DeviceRef { group: self.group, index: self.first + k })
    }
    /// Position of an instance in the run.
    #[must_use]
    pub fn position(&self, device: DeviceRef) -> Option<usize> {
        let k = device.index.checked_sub(self.first)?;
        (device.group == self.group && k < self.count).then_some(k)
    }
}

/// A circuit ready to be solved.
pub struct Circuit {
    /// Unknowns: nodes, branch currents, states, in the order they were created.
    pub unknowns: Unknowns,
    /// Device groups.
    pub groups: Vec<Box<dyn DeviceGroup>>,
    /// Name tables.
    pub names: Names,
    /// Arrays, with their structure.
    pub arrays: Vec<ArrayInstance>,
    /// `.ic V(n)=v`.
    pub initial: Vec<(u32, f64)>,
    /// `.nodeset V(n)=v`.
    pub nodesets: Vec<(u32, f64)>,
    /// Temperature in K.
    pub temperature: f64,
}
