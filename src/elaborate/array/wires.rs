//! The lines of an array: nodes, segment resistors, terminal resistors, capacitors to ground, each kind as one run.

use super::super::assembly::Assembly;
use super::super::model;
use super::spec::{LineSpec, Spec};
use crate::circuit::array::{Direction, End, Wires};
use crate::circuit::{DeviceRef, Nodes, Run, Unknown, UnknownKind};
use crate::device::group::GROUND;
use crate::device::{Locals, Neighbours, ParamValue, ParamValues, StateLaw};

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
        let mut wires = Wires::ideal(line.line, line.direction, Vec::new());
        wires.resistance = line.resistance;
        wires.segments.clone_from(&line.segments);
        wires.terminal = line.terminal;
        wires.capacitance = line.capacitance;
        wires.breaks.clone_from(&line.breaks);
        wires.nodes = self.line_nodes(spec, &wires, &pins);

        let mut end = |pins: Option<Vec<u32>>, position: usize, segment: usize| {
            let pins = pins?;
            let mut locals = Vec::with_capacity(2 * lines);
            for (number, &pin) in pins.iter().enumerate() {
                let node = wires.nodes.at(cell(number, position));
                // a break, or the pin is the node or tied to it
                let apart = wires.is_broken(number, segment) || wires.ohm(number, segment, along) == 0.0;
                locals.extend([pin, if apart { pin } else { node }]);
            }
            let ohms = (0..lines).map(|number| wires.ohm(number, segment, along));
            Some(End { wires: self.segments(ohms, m, locals), pins })
        };
        (wires.head, wires.tail) = (end(pins.head, 0, 0), end(pins.tail, along - 1, along));

        let uniform = wires.breaks.is_empty() && wires.segments.is_none();
        if let (Nodes::Consecutive { first, .. }, true) = (&wires.nodes, uniform) {
            let neighbours = match line.direction {
                Direction::Row => Neighbours::new(*first, (lines, spec.cols as u32), (along, 1)),
                Direction::Column => Neighbours::new(*first, (lines, 1), (along, spec.cols as u32)),
            };
            wires.inner = self.two_terminal_run("r", wires.resistance, m, Locals::Neighbours(neighbours));
        } else if along > 1 {
            let mut locals = Vec::with_capacity(2 * lines * (along - 1));
            for number in 0..lines {
                for segment in 1..along {
                    let before = wires.nodes.at(cell(number, segment - 1));
                    let after = wires.nodes.at(cell(number, segment));
                    locals.extend([before, if wires.is_broken(number, segment) { before } else { after }]);
                }
            }
            let ohms = (0..lines).flat_map(|number| (1..along).map(move |segment| (number, segment)));
            wires.inner = self.segments(ohms.map(|(n, s)| wires.ohm(n, s, along)), m, locals);
        }
        if line.capacitance > 0.0 {
            let locals: Vec<u32> = wires.nodes.iter().flat_map(|node| [node, GROUND]).collect();
            wires.capacitors = self.two_terminal_run("c", line.capacitance, m, locals.into());
        }
        wires
    }

    /// The line node at each cell, row-major. Cells that no resistance separates share a node; where the way to a pin
    /// has none either, that node is the pin.
    fn line_nodes(&mut self, spec: &Spec<'d>, wires: &Wires, pins: &Pins) -> Nodes {
        let (lines, along) = spec.shape(wires.direction);
        let cells = spec.rows * spec.cols;
        if wires.is_resistive([lines, along], [pins.head.is_some(), pins.tail.is_some()]) {
            let first = self.builder.unnamed_unknowns(&[NODE], cells);
            return Nodes::Consecutive { first, count: cells };
        }
        let mut nodes = vec![GROUND; cells];
        for number in 0..lines {
            let merges = |s: usize| !wires.is_broken(number, s) && wires.ohm(number, s, along) == 0.0;
            let mut start = 0;
            while start < along {
                let stop = (start + 1..along).find(|&s| !merges(s)).unwrap_or(along);
                let pin = |pins: &Option<Vec<u32>>, reaches: bool, segment: usize| {
                    let pins = pins.as_ref().filter(|_| reaches && merges(segment));
                    pins.map(|pins| pins[number])
                };
                let (head, tail) = (pin(&pins.head, start == 0, 0), pin(&pins.tail, stop == along, along));
                let node = head.or(tail).unwrap_or_else(|| self.builder.unnamed_unknowns(&[NODE], 1));
                for position in start..stop {
                    let cell = match wires.direction {
                        Direction::Row => number * spec.cols + position,
                        Direction::Column => position * spec.cols + number,
                    };
                    nodes[cell] = node;
                }
                if let (Some(head), Some(tail)) = (head, tail) {
                    self.short(spec, wires, number, along, [head, tail]);
                }
                start = stop;
            }
        }
        nodes.into()
    }

    /// A line without any resistance that has pins at both ends: its far pin is tied to it by a short.
    fn short(&mut self, spec: &Spec<'d>, wires: &Wires, number: usize, segment: usize, ends: [u32; 2]) {
        let (row, col) = match wires.direction {
            Direction::Row => (number, segment),
            Direction::Column => (segment, number),
        };
        let name = format!("{}.r{}_{}_{}", spec.name, wires.line.name(), row + spec.base, col + spec.base);
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
            let locals: Vec<u32> = self.builder.voltages().flat_map(|node| [node, GROUND]).collect();
            let _ = self.two_terminal_run("c", value, 1.0, locals.into());
        }
    }

    /// The resistors of segments; `None` where none has any resistance. A segment without resistance has one node and
    /// keeps its place.
    fn segments(&mut self, ohms: impl Iterator<Item = f64> + Clone, m: f64, locals: Vec<u32>) -> Option<Run> {
        let first = ohms.clone().find(|ohm| *ohm > 0.0)?;
        let run = self.two_terminal_run("r", first, m, locals.into())?;
        for (k, ohm) in ohms.enumerate().filter(|(_, ohm)| *ohm != first && *ohm > 0.0) {
            // resistances of lines have been checked
            let _ = self.builder.set_in_run(run, k, "r", ohm);
        }
        Some(run)
    }

    /// A run of resistors or capacitors of one value between pairs of nodes.
    pub(super) fn two_terminal_run(&mut self, keyword: &str, value: f64, m: f64, locals: Locals) -> Option<Run> {
        let kind = model::kind_of(keyword)?;
        let params = value_of(kind, value, m)?;
        let (mut one, mut all) = (kind.group(), kind.group());
        if locals.is_empty() {
            return None;
        }
        kind.add(one.as_mut(), &[GROUND; 2], &params).ok()?;
        kind.replicate(one.as_mut(), 0, locals, all.as_mut());
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
