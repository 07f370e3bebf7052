//! Elements without resistance in cells. Between the nodes inside a cell they are welcome; between two lines nothing
//! would be left of the cell, and in some cells only they would make cells of different nodes.

use super::super::assembly::{Assembly, Placed};
use super::super::check::Partition;
use super::super::model::{Kind, kind_of};
use super::spec::{Role, Spec};
use crate::circuit::array::Line;
use crate::device::group::GROUND;
use crate::diag::Diagnostic;

const DEFECT: &str =
    "a cell that is shorted is a defect: a line row,col,short[,ohm] in FAULTS=FILE(\"..\") on the `.xbar` card";

impl<'d> Assembly<'d> {
    /// Refuses a cell in which zero resistances or voltage sources stand between two of its ports.
    pub(super) fn refuse_joined_lines(&mut self, spec: &Spec<'d>) {
        let bonds: Vec<&Placed> = self.placed.iter().filter(|p| self.is_short(p) || p.line.letter == 'v').collect();
        if bonds.is_empty() {
            return;
        }
        let ground = self.builder.unknown_count();
        let own = |node: u32| if node == GROUND { ground } else { node };
        let mut joined = Partition::new(ground as usize + 1);
        for bond in &bonds {
            if let [a, b, ..] = bond.nodes[..] {
                joined.union(own(a), own(b));
            }
        }
        let root = |node: u32| joined.root(own(node));
        let mut ports: Vec<(u32, &str)> = vec![(GROUND, "ground")];
        for role in &spec.roles {
            if let Role::Line(line) = role
                && let Some(node) = self.builder.find_node(line.name())
            {
                ports.push((node, in_words(*line)));
            }
        }
        ports.dedup();
        let pairs = ports.iter().enumerate().flat_map(|(k, a)| ports[k + 1..].iter().map(move |b| (a, b)));
        let Some((a, b)) = pairs.into_iter().find(|(a, b)| root(a.0) == root(b.0)) else { return };
        let between = bonds.iter().filter(|p| p.nodes.first().is_some_and(|n| root(*n) == root(a.0)));
        let between: Vec<&&Placed> = between.collect();
        let Some(first) = between.first() else { return };
        let names: Vec<String> = between.iter().map(|p| format!("`{}`", p.name)).collect();
        let message = format!("nothing but {} stands between {} and {} of the cell", names.join(" and "), b.1, a.1);
        let label = if self.is_short(first) { "0 ohm" } else { "has no resistance" };
        let error = first.frame.scope.error("E-CELL", message, first.line.span).label(label);
        self.error(error.help(format!("give the cell a resistance above zero; {DEFECT}")));
    }

    fn is_short(&self, placed: &Placed<'d>) -> bool {
        placed.device.is_some_and(|device| is_short(self.builder.kind_of(device)))
    }

    /// What to say when this cell has a resistor of 0 ohm where others of the array have a resistance.
    pub(super) fn sole_short(&self) -> Option<Diagnostic> {
        self.placed.iter().find(|p| self.is_short(p)).map(sole_short)
    }
}

/// Is it what a resistor of 0 ohm becomes?
pub(super) fn is_short(kind: Kind) -> bool {
    kind_of("short").is_some_and(|short| std::ptr::eq(short.card(), kind.card()))
}

/// See [`Assembly::sole_short`].
pub(super) fn sole_short(placed: &Placed<'_>) -> Diagnostic {
    let message = format!("the resistor `{}` has 0 ohm in some cells and a resistance in others", placed.name);
    let error = placed.frame.scope.error("E-CELL", message, placed.line.span).label("0 ohm joins its two nodes");
    error.help(format!("all cells have the same nodes: give every cell a resistance above zero; {DEFECT}"))
}

fn in_words(line: Line) -> &'static str {
    match line {
        Line::Word => "the word line",
        Line::Bit => "the bit line",
        Line::Source => "the source line",
        Line::Gate => "the gate line",
    }
}
