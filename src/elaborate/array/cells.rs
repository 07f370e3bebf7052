//! The cells of an array from one template.
//!
//! Every unknown of the template becomes, in cell k, either a line node of that cell, a net outside, or unknown
//! `first + k * stride` of the array. A cell that a fault has disconnected keeps its place with all its ports on ground.

use std::collections::HashMap;
use std::rc::Rc;

use super::super::assembly::{Assembly, Frame};
use super::super::flatten::Opening;
use super::super::source::Times;
use super::Pending;
use super::spec::{Role, Spec};
use super::template::{CellRun, Map, local_name};
use crate::circuit::DeviceRef;
use crate::circuit::array::{CellDevice, Line, Wires};
use crate::circuit::builder::Template;
use crate::device::behavioural::{Behavioural, Input};
use crate::device::group::GROUND;
use crate::diag::Diagnostic;

/// Cells of different parameters that are kept for others of the same.
const KNOWN_CELLS: usize = 256;

/// Where the behavioural elements of the cells come from.
enum Elements {
    /// All cells have those of the template.
    Copied,
    /// Each cell has its own: element by element, cell after cell.
    Made(Vec<Vec<Behavioural>>),
}

/// One cell on its own.
pub(super) struct CellBuild<'d> {
    /// Its elements and devices.
    pub assembly: Assembly<'d>,
    /// Its body and those of the instances in it.
    pub frames: Vec<Rc<Frame<'d>>>,
}

/// The cells as the circuit keeps them.
pub(super) struct Cells {
    /// Inner nodes.
    pub nodes: Vec<(String, u32)>,
    /// Devices.
    pub devices: Vec<CellDevice>,
}

impl<'d> Assembly<'d> {
    /// Makes all cells; `None` after mistakes, which are kept.
    pub(super) fn array_cells(&mut self, pending: &Pending<'d>, lines: &[Wires], times: Times) -> Option<Cells> {
        let spec = &pending.spec;
        // no element of the deck can have this name, so that nothing meant for one cell reaches the template
        let path = format!("{}.c", spec.name);
        let given = self.accept(spec.given(0, &spec.cell_path(0)))?;
        let CellBuild { assembly: mut scratch, frames } = self.cell_assembly(pending, given, &path, times)?;
        let differing = scratch.differing(spec, &frames);
        let mut template = std::mem::take(&mut scratch.builder).into_template();
        let mut map = self.array_map(spec, &template, lines);
        let nodes = self.own_nodes(spec, &template, &path, &mut map);
        self.own_branches(spec, &template, &mut map);

        let varying = scratch.varying_elements(spec);
        let (mut runs, elements) = if let Some(differing) = differing {
            (self.tabulated(pending, &mut scratch, &mut template, &differing, &mut map, times)?, Elements::Copied)
        } else if varying.iter().all(|&k| scratch.is_plain(spec, k)) {
            let devices: Vec<Option<DeviceRef>> = varying.iter().map(|&k| scratch.placed[k].device).collect();
            let mut runs = self.copied(&mut template, spec, &mut map, &devices);
            self.evaluated(pending, &mut scratch, &varying, &mut runs, &map, times)?;
            (runs, Elements::Copied)
        } else {
            let mut runs = self.empty_runs(&template, spec, &mut map);
            let behavioural = self.rebuilt(pending, &template, &mut runs, &map, times)?;
            (runs, Elements::Made(behavioural))
        };
        let mut devices = Vec::new();
        for run in runs.drain(..) {
            let placed = self.builder.add_run(run.kind, run.instances);
            devices.push(CellDevice { first: DeviceRef { group: placed.group, index: placed.first }, ..run.device });
        }
        self.behavioural_cells(spec, template.behavioural.as_slice(), elements, &map, &path, &mut devices);
        self.cell_start_values(spec, &template, &map);
        Some(Cells { nodes, devices })
    }

    /// The circuit of one cell on its own.
    pub(super) fn cell_assembly(
        &mut self,
        pending: &Pending<'d>,
        given: Vec<(String, f64)>,
        path: &str,
        times: Times,
    ) -> Option<CellBuild<'d>> {
        let spec = &pending.spec;
        let mut scratch = Assembly::new(&self.context, self.globals.clone());
        scratch.checked.clone_from(&self.checked);
        scratch.make_globals();
        let nodes = spec.roles.iter().map(|role| match role {
            Role::Line(line) => scratch.builder.node(line.name()),
            Role::Net(GROUND) => GROUND,
            Role::Net(net) => scratch.builder.node(&format!("net {net}")),
        });
        let opening = Opening {
            subckt: spec.subckt,
            home: spec.home.clone(),
            given,
            path: path.to_string(),
            nodes: nodes.collect(),
            multiplicity: spec.multiplicity,
            line: None,
        };
        scratch.open_subckt(&pending.frame, opening, pending.span);
        let frames = scratch.frames.clone();
        scratch.make_all(times);
        for inner in std::mem::take(&mut scratch.arrays) {
            let error = inner.frame.scope.error("E-CELL", "a cell cannot hold an array", inner.span);
            scratch.error(error);
        }
        scratch.refuse_negative_resistors();
        scratch.refuse_joined_lines(spec);
        scratch.apply_start_values();
        self.checked.clone_from(&scratch.checked);
        let errors = scratch.take_errors();
        let sound = errors.is_empty();
        errors.into_iter().for_each(|e| self.error(e));
        if sound && scratch.placed.is_empty() {
            let error =
                spec.home.error("E-CELL", format!("the cell `{}` is empty", spec.subckt.name.text), spec.subckt.span);
            self.error(error);
            return None;
        }
        sound.then_some(CellBuild { assembly: scratch, frames })
    }

    /// Every device of the template copied over all cells, but for those in `without`, which are left empty.
    pub(super) fn copied(
        &mut self,
        template: &mut Template,
        spec: &Spec<'d>,
        map: &mut Map<'_>,
        without: &[Option<DeviceRef>],
    ) -> Vec<CellRun> {
        let mut runs = self.empty_runs(template, spec, map);
        let cells = spec.rows * spec.cols;
        for run in runs.iter_mut().filter(|run| !without.contains(&Some(run.source))) {
            let locals = map.locals(&run.locals, cells);
            let (kind, group) = &mut template.groups[run.source.group];
            kind.replicate(group.as_mut(), run.source.index, locals, run.instances.as_mut());
        }
        runs
    }

    /// Evaluates the varying elements of every cell in the cell's own scope.
    fn evaluated(
        &mut self,
        pending: &Pending<'d>,
        scratch: &mut Assembly<'d>,
        varying: &[usize],
        runs: &mut [CellRun],
        map: &Map<'_>,
        times: Times,
    ) -> Option<()> {
        let spec = &pending.spec;
        let run_of: Vec<Option<usize>> =
            varying.iter().map(|&k| runs.iter().position(|run| Some(run.source) == scratch.placed[k].device)).collect();
        let mut locals = Vec::new();
        for cell in 0..spec.rows * spec.cols {
            let path = spec.cell_path(cell);
            let given = self.accept(spec.given(cell, &path))?;
            let scope = self.accept(spec.home.instance(spec.subckt, &given, &path))?;
            let frame = Rc::new(Frame {
                scope: scope.clone(),
                ports: std::collections::HashMap::new(),
                multiplicity: pending.frame.multiplicity * spec.multiplicity,
                subckt: Some(spec.subckt),
                caller: Some(Rc::clone(&pending.frame)),
                line: None,
            });
            for (&k, run) in varying.iter().zip(&run_of) {
                let Some(run) = run.and_then(|run| runs.get_mut(run)) else { continue };
                scratch.placed[k].frame = Rc::clone(&frame);
                locals.clear();
                locals.extend(run.locals.iter().map(|&u| map.unknown(u, cell)));
                scratch.make_in_cell(k, times, run.kind, &locals, run.instances.as_mut());
            }
            scratch.forget_models(&scope);
            let errors = scratch.take_errors();
            if !errors.is_empty() {
                errors.into_iter().for_each(|e| self.error(e));
                return None;
            }
        }
        Some(())
    }

    /// Builds every cell on its own: for cells whose behavioural elements depend on per-cell values. Gives these elements,
    /// cell after cell.
    fn rebuilt(
        &mut self,
        pending: &Pending<'d>,
        template: &Template,
        runs: &mut [CellRun],
        map: &Map<'_>,
        times: Times,
    ) -> Option<Vec<Vec<Behavioural>>> {
        let spec = &pending.spec;
        let mut behavioural: Vec<Vec<Behavioural>> = vec![Vec::new(); template.behavioural.len()];
        // without random functions a cell is made of its parameters alone, and arrays of two states are common
        let mut known: HashMap<Vec<u64>, Template> = HashMap::new();
        for cell in 0..spec.rows * spec.cols {
            let path = spec.cell_path(cell);
            let given = self.accept(spec.given(cell, &path))?;
            let key: Vec<u64> = given.iter().map(|(_, value)| value.to_bits()).collect();
            if self.context.random || known.len() >= KNOWN_CELLS {
                known.retain(|k, _| *k == key && !self.context.random);
            }
            if !known.contains_key(&key) {
                let scratch = self.cell_assembly(pending, given, &path, times)?;
                let short = scratch.assembly.sole_short();
                let own = scratch.assembly.builder.into_template();
                if !same_structure(template, &own) {
                    self.other_structure(spec, &path, short);
                    return None;
                }
                known.insert(key.clone(), own);
            }
            let Some(own) = known.get_mut(&key) else { continue };
            for run in runs.iter_mut() {
                let locals: Vec<u32> = run.locals.iter().map(|&u| map.unknown(u, cell)).collect();
                let (kind, group) = &mut own.groups[run.source.group];
                kind.replicate(group.as_mut(), run.source.index, locals.into(), run.instances.as_mut());
            }
            for (all, (_, element)) in behavioural.iter_mut().zip(&own.behavioural) {
                all.push(element.clone());
            }
        }
        Some(behavioural)
    }

    /// Reports a cell whose elements are not those of the first; `short` is what a resistor of 0 ohm in it would say.
    pub(super) fn other_structure(&mut self, spec: &Spec<'d>, path: &str, short: Option<Diagnostic>) {
        let message = format!("the cell `{path}` has other elements than the first cell of the array");
        let error = spec.home.error("E-CELL", message, spec.subckt.span);
        let help = "all cells have the same elements: let their values differ, not what `.if` includes; a cell that \
                    is missing is a defect, a line row,col,open in FAULTS=FILE(\"..\") on the `.xbar` card";
        self.error(short.unwrap_or_else(|| error.help(help)));
    }

    /// Adds the behavioural elements of all cells, element by element.
    fn behavioural_cells(
        &mut self,
        spec: &Spec<'d>,
        template: &[(String, Behavioural)],
        elements: Elements,
        map: &Map<'_>,
        path: &str,
        devices: &mut Vec<CellDevice>,
    ) {
        let cells = spec.rows * spec.cols;
        let mut made = match elements {
            Elements::Copied => Vec::new(),
            Elements::Made(made) => made,
        };
        for (number, (name, element)) in template.iter().enumerate() {
            let own = made.get_mut(number).map(std::mem::take);
            let in_cells: Vec<Behavioural> = match own {
                Some(own) => own.into_iter().enumerate().map(|(cell, e)| moved(e, map, cell)).collect(),
                None => (0..cells).map(|cell| moved(element.clone(), map, cell)).collect(),
            };
            let touches = |line: Line| element.ports.iter().position(|&p| map.is_line(p, line));
            let (first_internal, internals) = map.own(element.own).map_or((GROUND, 0), |first| (first, 1));
            let first = self.builder.add_behavioural_run(in_cells);
            devices.push(CellDevice {
                name: if name.is_empty() { String::new() } else { local_name(name, path) },
                first,
                first_internal,
                internals,
                wl_port: touches(Line::Word),
                bl_port: touches(Line::Bit),
            });
        }
    }

    /// `.ic` and `.nodeset` inside the cell hold in every cell.
    fn cell_start_values(&mut self, spec: &Spec<'d>, template: &Template, map: &Map<'_>) {
        for cell in 0..spec.rows * spec.cols {
            for &(unknown, volts) in &template.initial {
                self.builder.initial(map.unknown(unknown, cell), volts);
            }
            for &(unknown, volts) in &template.nodesets {
                self.builder.nodeset(map.unknown(unknown, cell), volts);
            }
        }
    }
}

/// An element of the template in one cell.
fn moved(element: Behavioural, map: &Map<'_>, cell: usize) -> Behavioural {
    let inputs = element.inputs.iter().map(|input| match input {
        Input::Unknown(u) => Input::Unknown(map.unknown(*u, cell)),
        other => *other,
    });
    Behavioural {
        inputs: inputs.collect(),
        ports: element.ports.map(|p| map.unknown(p, cell)),
        own: map.unknown(element.own, cell),
        ..element
    }
}

/// Do two cells have the same unknowns and devices in the same order?
fn same_structure(a: &Template, b: &Template) -> bool {
    let alike = |(one, other): (&TemplateGroup, &TemplateGroup)| {
        std::ptr::eq(one.0.card(), other.0.card()) && one.1.len() == other.1.len() && one.1.locals() == other.1.locals()
    };
    a.unknowns == b.unknowns
        && a.groups.len() == b.groups.len()
        && a.groups.iter().zip(&b.groups).all(alike)
        && a.behavioural.len() == b.behavioural.len()
        && a.behavioural.iter().zip(&b.behavioural).all(|((_, x), (_, y))| x.ports == y.ports && x.own == y.own)
}

type TemplateGroup = (super::super::model::Kind, Box<dyn crate::device::DeviceGroup>);
