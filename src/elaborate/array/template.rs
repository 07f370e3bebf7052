//! The cell built once, and where each of its unknowns goes in every cell.

use std::collections::HashMap;

use super::super::assembly::Assembly;
use super::super::model::Kind;
use super::spec::Spec;
use crate::circuit::DeviceRef;
use crate::circuit::array::{CellDevice, FaultKind, Line, Wires};
use crate::circuit::builder::Template;
use crate::device::group::GROUND;
use crate::device::{DeviceGroup, Even, Locals};

/// One device of the cell over all cells, under construction.
pub(super) struct CellRun {
    /// Its kind.
    pub kind: Kind,
    /// The instance in the template.
    pub source: DeviceRef,
    /// Its local unknowns in the template.
    pub locals: Vec<u32>,
    /// The instances made so far, row-major.
    pub instances: Box<dyn DeviceGroup>,
    /// What the circuit keeps of it.
    pub device: CellDevice,
}

/// What an unknown of the template is in cell k.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    /// The node of this line (index into the lines) at the cell.
    Line(usize),
    /// A node outside the array, or ground.
    Net(u32),
    /// `first + k * stride`.
    Own { first: u32, stride: u32 },
}

/// Where each unknown of the template goes.
pub(super) struct Map<'a> {
    pub targets: Vec<Target>,
    pub lines: &'a [Wires],
    pub disconnected: Vec<bool>,
    any_disconnected: bool,
}

impl Map<'_> {
    /// Is an unknown of the template the node of that line?
    pub fn is_line(&self, template: u32, line: Line) -> bool {
        matches!(self.targets.get(template as usize), Some(Target::Line(k)) if self.lines[*k].line == line)
    }
    /// First of the unknowns that stand for one of the template's own.
    pub fn own(&self, template: u32) -> Option<u32> {
        match self.targets.get(template as usize) {
            Some(Target::Own { first, .. }) => Some(*first),
            _ => None,
        }
    }

    /// The unknowns that stand for some of the template in all `cells` cells, cell after cell.
    pub fn locals(&self, template: &[u32], cells: usize) -> Locals {
        let steps: Option<Vec<_>> = template.iter().map(|&u| self.step(u)).collect();
        match steps {
            Some(steps) => Locals::Even(Even::new(steps, cells)),
            None => {
                let cell = |cell: usize| template.iter().map(move |&u| self.unknown(u, cell));
                (0..cells).flat_map(cell).collect::<Vec<u32>>().into()
            }
        }
    }

    /// The unknown that stands for one of the template in the first cell, and the step from cell to cell; `None` when
    /// there is no such step.
    fn step(&self, template: u32) -> Option<(u32, u32)> {
        match self.targets.get(template as usize) {
            None => Some((GROUND, 0)),
            Some(Target::Own { first, stride }) => Some((*first, *stride)),
            Some(_) if self.any_disconnected => None,
            Some(Target::Line(line)) => self.lines[*line].nodes.first_of_consecutive().map(|first| (first, 1)),
            Some(Target::Net(node)) => Some((*node, 0)),
        }
    }

    /// The unknown of the circuit that stands for one of the template in a cell.
    pub fn unknown(&self, template: u32, cell: usize) -> u32 {
        match self.targets.get(template as usize) {
            None => GROUND,
            Some(Target::Own { first, stride }) => first + cell as u32 * stride,
            Some(_) if self.disconnected[cell] => GROUND,
            Some(Target::Line(line)) => self.lines[*line].nodes.at(cell),
            Some(Target::Net(node)) => *node,
        }
    }
}

impl<'d> Assembly<'d> {
    /// Ports, nets and globals; own unknowns are filled in later.
    pub(super) fn array_map<'a>(&self, spec: &Spec<'d>, template: &Template, lines: &'a [Wires]) -> Map<'a> {
        let mut targets = vec![Target::Net(GROUND); template.unknowns.len()];
        for (name, &unknown) in &template.names.nodes {
            let line = lines.iter().position(|w| w.line.name() == name);
            let net = name.strip_prefix("net ").and_then(|n| n.parse().ok()).or_else(|| self.builder.find_node(name));
            targets[unknown as usize] = match (line, net) {
                (Some(line), _) => Target::Line(line),
                (None, Some(net)) if self.globals.contains(name) || name.starts_with("net ") => Target::Net(net),
                _ => Target::Own { first: 0, stride: 0 },
            };
        }
        let mut disconnected = vec![false; spec.rows * spec.cols];
        for (cell, kind) in &spec.faults {
            disconnected[*cell] = FaultKind::disconnects(*kind);
        }
        let any_disconnected = disconnected.contains(&true);
        Map { targets, lines, disconnected, any_disconnected }
    }

    /// One run of unknowns per inner node of the cell.
    pub(super) fn own_nodes(
        &mut self,
        spec: &Spec<'d>,
        template: &Template,
        path: &str,
        map: &mut Map<'_>,
    ) -> Vec<(String, u32)> {
        let mut named: Vec<(u32, String)> = template
            .names
            .nodes
            .iter()
            .filter(|(_, u)| matches!(map.targets[**u as usize], Target::Own { .. }))
            .map(|(name, &u)| (u, local_name(name, path)))
            .collect();
        named.sort();
        let mut nodes = Vec::with_capacity(named.len());
        for (unknown, name) in named {
            let first = self.own_run(spec, template, unknown, map);
            nodes.push((name, first));
        }
        nodes
    }

    /// Unknowns without a device of the registry: inner nodes of ammeters, branches of behavioural elements.
    pub(super) fn own_branches(&mut self, spec: &Spec<'d>, template: &Template, map: &mut Map<'_>) {
        let mut taken = vec![false; template.unknowns.len()];
        template.names.nodes.values().for_each(|&u| taken[u as usize] = true);
        for (kind, group) in &template.groups {
            let ports = kind.card().ports.len();
            for i in 0..group.len() {
                let internals = &group.locals()[group.offset(i) + ports..group.offset(i + 1)];
                internals.iter().for_each(|&u| taken[u as usize] = true);
            }
        }
        for unknown in (0..taken.len()).filter(|&u| !taken[u]) {
            self.own_run(spec, template, unknown as u32, map);
        }
    }

    fn own_run(&mut self, spec: &Spec<'d>, template: &Template, unknown: u32, map: &mut Map<'_>) -> u32 {
        let pattern = [template.unknowns[unknown as usize]];
        let first = self.builder.unnamed_unknowns(&pattern, spec.rows * spec.cols);
        map.targets[unknown as usize] = Target::Own { first, stride: 1 };
        first
    }

    /// Runs with a description and unknowns, but without instances.
    pub(super) fn empty_runs(&mut self, template: &Template, spec: &Spec<'d>, map: &mut Map<'_>) -> Vec<CellRun> {
        let path = format!("{}.c", spec.name);
        let names: HashMap<DeviceRef, &str> =
            template.names.devices.iter().map(|(name, &device)| (device, name.as_str())).collect();
        let mut runs = Vec::new();
        for (number, (kind, group)) in template.groups.iter().enumerate() {
            let ports = kind.card().ports.len();
            for index in 0..group.len() {
                let locals = group.locals()[group.offset(index)..group.offset(index + 1)].to_vec();
                let internals: Vec<_> = locals[ports..].iter().map(|&u| template.unknowns[u as usize]).collect();
                let stride = internals.len() as u32;
                let first = self.builder.unnamed_unknowns(&internals, spec.rows * spec.cols);
                for (k, &u) in locals[ports..].iter().enumerate() {
                    map.targets[u as usize] = Target::Own { first: first + k as u32, stride };
                }
                let source = DeviceRef { group: number, index };
                let carrying = |local: usize| kind.card().ports.get(local).is_some_and(|p| p.carries);
                let touches = |line: Line| (0..ports).find(|&p| carrying(p) && map.is_line(locals[p], line));
                runs.push(CellRun {
                    kind: *kind,
                    source,
                    instances: kind.group(),
                    device: CellDevice {
                        name: names.get(&source).map_or(String::new(), |name| local_name(name, &path)),
                        first: source,
                        first_internal: first,
                        internals: stride,
                        wl_port: touches(Line::Word),
                        bl_port: touches(Line::Bit),
                    },
                    locals,
                });
            }
        }
        runs
    }
}

/// `m1` of `xa.c.m1`.
pub(super) fn local_name(name: &str, path: &str) -> String {
    name.strip_prefix(path).map_or(name, |rest| rest.trim_start_matches('.')).to_string()
}
