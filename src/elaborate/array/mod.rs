//! `.xbar` arrays: an instance keeps its structure. The lines are runs of equal resistors; the cell is built once as a
//! template and each of its devices is copied over all cells, row-major; only elements whose text depends on per-cell
//! values or random functions are evaluated again for every cell.

mod cells;
mod defects;
mod lines;
pub mod memory;
mod settings;
mod shorts;
pub mod spec;
mod tabulated;
mod tapes;
mod template;
mod varying;
mod wires;

use std::rc::Rc;

use super::assembly::{Assembly, Frame};
use super::flatten::Instance;
use super::scope::Scope;
use super::source::Times;
use crate::circuit::ArrayInstance;
use crate::circuit::array::{Fault, Line, Wires};
use crate::diag::Span;
use crate::netlist::ast::XbarCard;
use spec::Spec;

/// An array whose instance line has been read.
pub struct Pending<'d> {
    /// What it asks for.
    pub spec: Spec<'d>,
    /// Unknowns of its pins.
    pub pins: Vec<u32>,
    /// The frame of the instance line.
    pub frame: Rc<Frame<'d>>,
    /// Name on the instance line.
    pub span: Span,
}

impl<'d> Assembly<'d> {
    /// Reads an array instance; [`Assembly::make_arrays`] builds it.
    pub fn open_array(&mut self, instance: &Instance<'_, 'd>, card: &'d XbarCard, home: &Scope<'d>) {
        let span = instance.line.name.span;
        if self.arrays.iter().any(|a| a.spec.name == instance.name) {
            let error = instance.frame.scope.error(
                "E-DUPLICATE",
                format!("there are two arrays named `{}`", instance.name),
                span,
            );
            self.error(error.help("give one of them another name"));
            return;
        }
        let Some(spec) = self.array_spec(instance, card, home) else { return };
        if instance.nodes.len() != spec.pins() {
            let message = format!(
                "`{}` gives {} nodes, but the {} x {} array `{}` has {} pins",
                instance.line.name.text,
                instance.nodes.len(),
                spec.rows,
                spec.cols,
                card.name.text,
                spec.pins()
            );
            let error = instance.frame.scope.error("E-PINS", message, instance.line.span);
            self.error(
                error
                    .help(format!(
                        "the pins are, in this order: {}; bus ranges such as W[0:{}] are short",
                        spec.pin_order(),
                        spec.rows - 1
                    ))
                    .related(card.name.span, "the array is defined here"),
            );
            return;
        }
        self.arrays.push(Pending { spec, pins: instance.nodes.clone(), frame: Rc::clone(instance.frame), span });
    }

    /// Builds all arrays.
    pub fn make_arrays(&mut self, times: Times) {
        for pending in std::mem::take(&mut self.arrays) {
            self.make_array(&pending, times);
        }
    }

    /// Builds one array.
    pub(super) fn make_array(&mut self, pending: &Pending<'d>, times: Times) {
        let spec = &pending.spec;
        let m = spec.multiplicity * pending.frame.multiplicity;
        let pins = wires::deal(spec, &pending.pins);
        let mut lines: Vec<Wires> = Vec::with_capacity(spec.lines.len());
        for (line, pins) in spec.lines.iter().zip(pins) {
            lines.push(self.array_wires(spec, line, pins, m));
        }
        let Some(cells) = self.array_cells(pending, &lines, times) else { return };
        let faults = self.fault_resistors(spec, &lines, m);
        let mut take = |line: Line| lines.iter().position(|w| w.line == line).map(|k| lines.swap_remove(k));
        let (Some(wl), Some(bl)) = (take(Line::Word), take(Line::Bit)) else { return };
        let (sl, gl) = (take(Line::Source), take(Line::Gate));
        self.builder.add_array(ArrayInstance {
            name: spec.name.clone(),
            rows: spec.rows,
            cols: spec.cols,
            base: spec.base,
            wl,
            bl,
            sl,
            gl,
            cell: spec.subckt.name.text.clone(),
            cell_nodes: cells.nodes,
            cell_devices: cells.devices,
            faults,
        });
    }

    /// The resistors that stand for faulty cells.
    fn fault_resistors(&mut self, spec: &Spec<'d>, lines: &[Wires], m: f64) -> Vec<Fault> {
        let node = |line: Line, cell: usize| lines.iter().find(|w| w.line == line).map(|w| w.nodes.at(cell));
        let mut faults = Vec::with_capacity(spec.faults.len());
        for &(cell, kind) in &spec.faults {
            let ends = node(Line::Word, cell).zip(node(Line::Bit, cell));
            let resistor = kind.resistance().zip(ends).and_then(|(r, (wl, bl))| self.two_terminal("r", r, m, [wl, bl]));
            faults.push(Fault { cell, kind, resistor });
        }
        faults
    }
}
