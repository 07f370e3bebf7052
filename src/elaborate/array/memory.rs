//! How much memory an array will need, before anything of it is made.
//!
//! Peaks of whole processes at an operating point, program included: a resistor per cell takes 490, 350 and 320 bytes a
//! cell at 256, 512 and 1024 lines; a threshold selector with a VTEAM memristor 1450 and 1310 at 256 and 512.

use super::super::scope::Scope;
use crate::netlist::ast::{Element, ElementKind, Statement, Subckt};
use crate::units::format_si;

/// Memory of the line nodes and segments of a cell, without the factors of the matrix.
const NODE_BYTES: f64 = 400.0;
/// Memory of one resistor or capacitor of a cell.
const PASSIVE_BYTES: f64 = 50.0;
/// Memory of another device of a cell, its inner unknowns included.
const DEVICE_BYTES: f64 = 700.0;

/// Memory that is free, in bytes, where the system says so.
pub fn free_memory() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok().map(|kilobytes| 1024.0 * kilobytes)
}

/// What to say when the cells of an array need more memory than is free, and what to do about it.
pub fn shortage(rows: usize, cols: usize, cell: &Subckt, home: &Scope<'_>) -> Option<(String, String)> {
    compare([rows, cols], NODE_BYTES + cell_bytes(cell, home, DEEPEST), free_memory()?)
}

/// The message and the remedy when cells of `each` bytes do not fit into `free`.
fn compare([rows, cols]: [usize; 2], each: f64, free: f64) -> Option<(String, String)> {
    let needed = rows as f64 * cols as f64 * each;
    if needed <= free {
        return None;
    }
    let side = (free / each).sqrt().floor();
    let [needed, free] = [needed, free].map(|bytes| format_si(bytes, "B"));
    let message = format!("{rows} x {cols} cells need about {needed} of memory, but {free} are free");
    let help = format!(
        "an array is held whole: {side} x {side} of these cells would fit; solve parts of the array one after another, \
         or run it where more memory is free"
    );
    Some((message, help))
}

/// Instances inside instances, before a subcircuit that holds itself is given up.
const DEEPEST: usize = 20;

/// Memory of the devices of a cell.
fn cell_bytes(subckt: &Subckt, scope: &Scope<'_>, depth: usize) -> f64 {
    let of_element = |element: &Element| match &element.kind {
        ElementKind::Passive { .. } => PASSIVE_BYTES,
        ElementKind::Instance { definition: Some(name) } if depth > 0 => match scope.subckt(&name.text) {
            Some((inner, home)) => cell_bytes(inner, home, depth - 1),
            None => DEVICE_BYTES,
        },
        _ => DEVICE_BYTES,
    };
    let elements = subckt.body.iter().filter_map(|statement| match statement {
        Statement::Element(element) => Some(of_element(element)),
        _ => None,
    });
    elements.sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_does_not_fit_is_told_with_what_would() {
        assert_eq!(compare([100, 100], 1000.0, 1e7), None);
        let (message, help) = compare([1000, 1000], 1000.0, 1e7).unwrap();
        assert!(
            message.contains("1000 x 1000 cells need about 1 GB") && message.contains("10 MB are free"),
            "{message}"
        );
        assert!(help.contains("100 x 100 of these cells would fit"), "{help}");
    }
}
