//! The lines of an array: nodes, segment resistors, terminal resistors, capacitors to ground, each kind as one run.

use super::super::assembly::Assembly;
use super::super::model;
use super::spec::{LineSpec, Spec};
use crate::circuit::array::{Direction, End, Wires};
use crate::circuit::{DeviceRef, Nodes, Run, Unknown, UnknownKind};
use crate::device::group::GROUND;
use crate::device::{ParamValue, ParamValues, StateLaw};

const NODE: Unknown = Unknown { kind: UnknownKind::Voltage, law: StateLaw::Algebraic, scale: 1.0 };

/// The pins of one kind of lines.
pub(super) struct Pins {
    /// Left or top.
    pub head: Option<Vec<u32>>,
    /// Right or bottom.
    pub tail: Option<Vec<u32>>,
}

/// Deals the pins of an instance out to the lines, in pin order.
pub(super) fn deal(spec: &Spec<'_>, nodes: &[u32]) -> Vec<Pins> {
    let mut rest = nodes;
    let mut take = |out: bool, count: usize| {
        out.then(|| {
            let (mine, others) = rest.split_at(count.min(rest.len()));
            rest = others;
            mine.to_vec()
        })
    };
    let deal = |line: &LineSpec| {
        let count = spec.shape(line.direction).0;
        Pins { head: take(line.head, count), tail: take(line.tail, count) }
    };
    spec.lines.iter().map(deal).collect()
}

impl<'d> Assembly<'d> {
    /// Makes all lines of one kind. `m` copies of the array are in parallel.
    pub(super) fn array_wires(&mut self, spec: &Spec<'d>, line: &LineSpec, pins: Pins, m: f64) -> Wires {
        let (lines, along) = spec.shape(line.direction);
        let cell = |number: usize, position: usize| match line.direction {
            Direction::Row => number * spec.cols + position,
            Direction::Column => position * spec.cols + number,
        };
        let mut wires = Wires::ideal(line.line, line.direction, self.line_nodes(spec, line, &pins));
        wires.resistance = line.resistance;
        wires.terminal = line.terminal;
        wires.capacitance = line.capacitance;
        wires.breaks.clone_from(&line.breaks);

        let end_resistance = line.resistance + line.terminal;
        let end = |assembly: &mut Self, pins: Option<Vec<u32>>, position: usize, segment: usize, nodes: &Nodes| {
            let pins = pins?;
            let ends = pins.iter().enumerate().flat_map(|(number, &pin)| {
                let node = nodes.at(cell(number, position));
                [pin, if is_broken(line, number, segment) { pin } else { node }]
            });
            let run = (end_resistance > 0.0).then(|| assembly.two_terminal_run("r", end_resistance, m, ends.collect()));
            Some(End { wires: run.flatten(), pins })
        };
        wires.head = end(self, pins.head, 0, 0, &wires.nodes);
        wires.tail = end(self, pins.tail, along - 1, along, &wires.nodes);

        if line.resistance > 0.0 && along > 1 {
            let mut locals = Vec::with_capacity(2 * lines * (along - 1));
            for number in 0..lines {
                for segment in 1..along {
                    let before = wires.nodes.at(cell(number, segment - 1));
                    let after = wires.nodes.at(cell(number, segment));
                    locals.extend([before, if is_broken(line, number, segment) { before } else { after }]);
                }
            }
            wires.inner = self.two_terminal_run("r", line.resistance, m, locals);
        }
        if line.capacitance > 0.0 {
            let locals = wires.nodes.iter().flat_map(|node| [node, GROUND]).collect();
            wires.capacitors = self.two_terminal_run("c", line.capacitance, m, locals);
        }
        wires
    }

    /// The line node at each cell, row-major. Cells that no resistance separates share a node; where the way to a pin
    /// has none either, that node is the pin.
    fn line_nodes(&mut self, spec: &Spec<'d>, line: &LineSpec, pins: &Pins) -> Nodes {
        let (lines, along) = spec.shape(line.direction);
        let cells = spec.rows * spec.cols;
        if line.resistance > 0.0 {
            let first = self.builder.unnamed_unknowns(&[NODE], cells);
            return Nodes::Consecutive { first, count: cells };
        }
        let mut nodes = vec![GROUND; cells];
        let ideal_end = line.terminal == 0.0;
        for number in 0..lines {
            let mut start = 0;
            while start < along {
                let stop = (start + 1..along).find(|&s| is_broken(line, number, s)).unwrap_or(along);
                let pin = |pins: &Option<Vec<u32>>, reaches: bool, segment: usize| {
                    let pins = pins.as_ref().filter(|_| ideal_end && reaches && !is_broken(line, number, segment));
                    pins.map(|pins| pins[number])
                };
                let (head, tail) = (pin(&pins.head, start == 0, 0), pin(&pins.tail, stop == along, along));
                let node = head.or(tail).unwrap_or_else(|| self.builder.unnamed_unknowns(&[NODE], 1));
                for position in start..stop {
                    let cell = match line.direction {
                        Direction::Row => number * spec.cols + position,
                        Direction::Column => position * spec.cols + number,
                    };
                    nodes[cell] = node;
                }
                if let (Some(head), Some(tail)) = (head, tail) {
                    self.short(spec, line, number, along, [head, tail]);
                }
                start = stop;
            }
        }
        nodes.into()
    }

    /// A line without any resistance that has pins at both ends: its far pin is tied to it by a short.
    fn short(&mut self, spec: &Spec<'d>, line: &LineSpec, number: usize, segment: usize, ends: [u32; 2]) {
        let (row, col) = match line.direction {
            Direction::Row => (number, segment),
            Direction::Column => (segment, number),
        };
        let name = format!("{}.r{}_{}_{}", spec.name, line.line.name(), row + spec.base, col + spec.base);
        if let Some(kind) = model::kind_of("short")
            && let Ok(params) = ParamValues::check(kind.card(), &[])
        {
            // a short has no parameter that could be wrong
            let _ = self.builder.add(kind, &name, &ends, &params);
        }
    }

    /// `.options cshunt`: a capacitor from every node to ground.
    pub(in crate::elaborate) fn shunt_capacitors(&mut self) {
        if let Some(value) = self.context.options.cshunt {
            let locals = self.builder.voltages().flat_map(|node| [node, GROUND]).collect();
            let _ = self.two_terminal_run("c", value, 1.0, locals);
        }
    }

    /// A run of resistors or capacitors of one value between pairs of nodes.
    pub(super) fn two_terminal_run(&mut self, keyword: &str, value: f64, m: f64, locals: Vec<u32>) -> Option<Run> {
        let kind = model::kind_of(keyword)?;
        let params = value_of(kind, value, m)?;
        let (mut one, mut all) = (kind.group(), kind.group());
        kind.add(one.as_mut(), locals.get(..2)?, &params).ok()?;
        kind.replicate(one.as_mut(), 0, &locals, all.as_mut());
        Some(self.builder.add_run(kind, all))
    }

    /// A resistor or capacitor between two nodes.
    pub(super) fn two_terminal(&mut self, keyword: &str, value: f64, m: f64, ends: [u32; 2]) -> Option<DeviceRef> {
        let kind = model::kind_of(keyword)?;
        let params = value_of(kind, value, m)?;
        self.builder.add_unnamed(kind, "", &ends, &params).ok()
    }
}

fn value_of(kind: model::Kind, value: f64, m: f64) -> Option<ParamValues> {
    let given = [("value".to_string(), ParamValue::Number(value)), ("m".to_string(), ParamValue::Number(m))];
    ParamValues::check(kind.card(), &given).ok()
}

fn is_broken(line: &LineSpec, number: usize, segment: usize) -> bool {
    line.breaks.binary_search(&(number, segment)).is_ok()
}
