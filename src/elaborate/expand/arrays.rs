//! Arrays as R, C and X lines.

use super::{Target, Writer};
use crate::circuit::array::{ArrayInstance, Direction, End, Wires};
use crate::circuit::{Circuit, Run};
use crate::device::group::GROUND;
use crate::elaborate::array::Pending;
use crate::elaborate::array::spec::Role;

/// Names of the nodes an array touches: pins by their own names, line nodes by their first view.
struct NodeNames<'a> {
    circuit: &'a Circuit,
    views: Vec<Option<String>>,
}

impl<'a> NodeNames<'a> {
    fn new(circuit: &'a Circuit, array: &ArrayInstance) -> Self {
        let mut views: Vec<Option<String>> = vec![None; circuit.unknowns.len()];
        let mut text = String::new();
        for wires in array.lines() {
            for cell in 0..array.cells() {
                if let Some(view @ None) = views.get_mut(wires.nodes.at(cell) as usize) {
                    let (row, col) = array.position(cell);
                    text.clear();
                    array.write_view(&mut text, wires.line.name(), row, col);
                    *view = Some(text.clone());
                }
            }
        }
        Self { circuit, views }
    }

    fn get(&self, node: u32) -> &str {
        if node == GROUND {
            return "0";
        }
        if let Some(own) = self.circuit.names.unknowns.get(&node) {
            return own;
        }
        self.views.get(node as usize).and_then(Option::as_deref).unwrap_or("0")
    }
}

impl<'d> Writer<'d> {
    pub(super) fn array(&mut self, circuit: &Circuit, array: &ArrayInstance, pending: &Pending<'d>) {
        let names = NodeNames::new(circuit, array);
        let spec = &pending.spec;
        let m = spec.multiplicity * pending.frame.multiplicity;
        let copies = if m == 1.0 { String::new() } else { format!(" m={m:?}") };
        self.line(&format!("* array {}: {} x {} cells of {}", array.name, array.rows, array.cols, array.cell));
        for wires in array.lines() {
            self.wires(circuit, array, wires, &names, &copies);
        }
        self.shorts(circuit, array, &names);
        for cell in 0..array.cells() {
            let path = spec.cell_path(cell);
            let given = match spec.given(cell, &path) {
                Ok(given) => given,
                Err(error) => return self.errors.push(error),
            };
            let out = array.fault(cell).is_some_and(|f| f.kind.disconnects());
            let mut line = path;
            for role in &spec.roles {
                let node = match role {
                    _ if out => GROUND,
                    Role::Net(node) => *node,
                    Role::Line(kind) => array.wires(*kind).map_or(GROUND, |w| w.nodes.at(cell)),
                };
                line.push(' ');
                line.push_str(names.get(node));
            }
            line.push(' ');
            line.push_str(&array.cell);
            for (name, value) in given {
                line.push_str(&format!(" {name}={value:?}"));
            }
            line.push_str(&copies);
            self.line(&line);
        }
        for fault in &array.faults {
            if let Some(resistance) = fault.kind.resistance() {
                let (row, col) = array.position(fault.cell);
                let mut name = String::new();
                array.write_view(&mut name, "rf", row, col);
                let (wl, bl) = (names.get(array.wl.nodes.at(fault.cell)), names.get(array.bl.nodes.at(fault.cell)));
                self.line(&format!("r.{name} {wl} {bl} {resistance:?}{copies}"));
            }
        }
    }

    fn wires(&mut self, circuit: &Circuit, array: &ArrayInstance, wires: &Wires, names: &NodeNames<'_>, copies: &str) {
        let (lines, along) = array.shape(wires.direction);
        let ends = |run: Run, k: usize| {
            let device = run.get(k)?;
            let group = circuit.groups.get(device.group)?;
            let start = group.offset(device.index);
            Some((*group.locals().get(start)?, *group.locals().get(start + 1)?))
        };
        let mut resistor = |line: usize, segment: usize, run: Run, k: usize| {
            let value = wires.ohm(line, segment, along);
            // a segment that is broken or has no resistance has both ends on one node and is left out
            if let Some((a, b)) = ends(run, k).filter(|(a, b)| a != b) {
                let name = array.segment_name(wires.line, wires.direction, line, segment);
                self.line(&format!("r.{name} {} {} {value:?}{copies}", names.get(a), names.get(b)));
            }
        };
        let outer = |end: &Option<End>| end.as_ref().and_then(|e| e.wires);
        for line in 0..lines {
            if let Some(run) = outer(&wires.head) {
                resistor(line, 0, run, line);
            }
            if let Some(run) = wires.inner {
                for segment in 1..along {
                    resistor(line, segment, run, line * (along - 1) + segment - 1);
                }
            }
            if let Some(run) = outer(&wires.tail) {
                resistor(line, along, run, line);
            }
        }
        if wires.capacitors.is_some() {
            for cell in 0..array.cells() {
                let (row, col) = array.position(cell);
                let mut name = String::new();
                array.write_view(&mut name, &format!("c{}", wires.line.name()), row, col);
                self.line(&format!("c.{name} {} 0 {:?}{copies}", names.get(wires.nodes.at(cell)), wires.capacitance));
            }
        }
    }

    /// Ties between the two pins of lines without resistance.
    fn shorts(&mut self, circuit: &Circuit, array: &ArrayInstance, names: &NodeNames<'_>) {
        for wires in array.lines().filter(|w| w.head.is_some() && w.tail.is_some()) {
            let (lines, along) = array.shape(wires.direction);
            for number in 0..lines {
                let (row, col) = match wires.direction {
                    Direction::Row => (number, along),
                    Direction::Column => (along, number),
                };
                let mut name = String::new();
                array.write_view(&mut name, &format!("r{}", wires.line.name()), row, col);
                let Some(device) = circuit.names.devices.get(&name) else { continue };
                let Some(group) = circuit.groups.get(device.group) else { continue };
                let start = group.offset(device.index);
                let (a, b) = (names.get(group.locals()[start]), names.get(group.locals()[start + 1]));
                let text = if self.target == Target::Own {
                    format!("r.{name} {a} {b} 0")
                } else {
                    format!("v.{name} {a} {b} dc 0")
                };
                self.line(&text);
            }
        }
    }
}
