//! An array keeps its structure: geometry, line nodes, wires and, per device of the cell, one contiguous row-major run
//! of instances. Names such as `xa.wl_3_5` and `xa.c_3_5.m1` are views computed from this, never stored.

use super::DeviceRef;

/// One placed `.xbar`.
#[derive(Debug, Clone, PartialEq)]
pub struct ArrayInstance {
    /// Instance name, `xa`.
    pub name: String,
    /// Word lines.
    pub rows: usize,
    /// Bit lines.
    pub cols: usize,
    /// Word-line node at each cell, row-major; equal entries where the wire has no resistance. Ground is `u32::MAX`.
    pub wl: Vec<u32>,
    /// Bit-line node at each cell, row-major.
    pub bl: Vec<u32>,
    /// Ohm per word-line segment.
    pub rwl: f64,
    /// Ohm per bit-line segment.
    pub rbl: f64,
    /// F per word-line node.
    pub cwl: f64,
    /// F per bit-line node.
    pub cbl: f64,
    /// Internal nodes of the cell: local name and first unknown; cell k has `first + k`.
    pub cell_nodes: Vec<(String, u32)>,
    /// Devices of the cell.
    pub cell_devices: Vec<CellDevice>,
    /// Index base of the names (0 or 1).
    pub base: usize,
}

/// One device of the cell, over all cells.
#[derive(Debug, Clone, PartialEq)]
pub struct CellDevice {
    /// Local hierarchical name: `m1`, `x1.s`.
    pub name: String,
    /// Instance of cell (0, 0); cell k (row-major) has index + k. All cells have it, faults are parameter values.
    pub first: DeviceRef,
    /// First internal unknown of the cell (0,0) instance; cell k has `first_internal + k * internals`.
    pub first_internal: u32,
    /// Which terminals of the device touch the cell's word-line and bit-line port (local port numbers), if any:
    /// the cell current is the sum of the currents of devices at its word-line port.
    pub wl_port: Option<usize>,
    /// See `wl_port`.
    pub bl_port: Option<usize>,
}
