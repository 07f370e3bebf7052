//! How much memory an array will need, before anything of it is made.
//!
//! Peaks of whole processes, program included, in bytes a cell at 256 and at 512 lines:
//!
//! ```text
//! cell                                  operating point    transient
//! a resistor                                318   187       968   824
//! a resistor and a capacitor                395   266
//! two resistors in series                   515   376
//! a VTEAM memristor                         659   516      1397  1235
//! an ECM selector and an ECM memory        1593  1455      2667  2481
//! ```
//!
//! The program itself is about 9 MB of it: a resistor takes 148 and 140 bytes a cell at 2048 and 4096 lines.

use super::super::scope::Scope;
use crate::netlist::ast::{Element, ElementKind, Statement, Subckt};
use crate::units::format_si;

/// Memory of the parts of a cell, in bytes.
struct Parts {
    /// Its line nodes and segments, without the factors of the matrix.
    nodes: f64,
    /// A resistor or capacitor.
    passive: f64,
    /// Another device, its inner unknowns included.
    device: f64,
}

/// Where time stands still.
const STILL: Parts = Parts { nodes: 60.0, passive: 120.0, device: 580.0 };
/// A transient keeps past points, charges and the local rows of all devices.
const IN_TIME: Parts = Parts { nodes: 600.0, passive: 180.0, device: 800.0 };

/// What the deck asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Work {
    /// Operating points and sweeps.
    #[default]
    Still,
    /// A transient, too.
    InTime,
}

/// Memory that is free, in bytes, where the system says so.
pub fn free_memory() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok().map(|kilobytes| 1024.0 * kilobytes)
}

/// What to say when the cells of an array need more memory than is free, and what to do about it.
pub fn shortage(size: [usize; 2], work: Work, cell: &Subckt, home: &Scope<'_>) -> Option<(String, String)> {
    let parts = match work {
        Work::Still => &STILL,
        Work::InTime => &IN_TIME,
    };
    compare(size, parts.nodes + cell_bytes(parts, cell, home, DEEPEST), free_memory()?)
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
fn cell_bytes(parts: &Parts, subckt: &Subckt, scope: &Scope<'_>, depth: usize) -> f64 {
    let of_element = |element: &Element| match &element.kind {
        ElementKind::Passive { .. } => parts.passive,
        ElementKind::Instance { definition: Some(name) } if depth > 0 => match scope.subckt(&name.text) {
            Some((inner, home)) => cell_bytes(parts, inner, home, depth - 1),
            None => parts.device,
        },
        _ => parts.device,
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
