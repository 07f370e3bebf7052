//! Who evaluates and who solves what: the cells of arrays, their lines, and the rest of the circuit as one sparse matrix.

use std::ops::Range;

use super::Backend;
use super::cells::Cells;
use super::general::{General, Owner};
use super::kernel::Kernel;
use super::site;
use crate::circuit::Circuit;
use crate::device::group::GROUND;
use crate::numeric::sparse::{PivotRule, SparseLu};

/// Ranges of instances, per group, that the general part does not evaluate.
fn elsewhere(circuit: &Circuit, cells: &[Cells], kernel: &[usize]) -> Vec<Vec<Range<usize>>> {
    let mut taken: Vec<Vec<Range<usize>>> = vec![Vec::new(); circuit.groups.len()];
    for (group, first, count) in cells.iter().flat_map(Cells::instances) {
        taken[group].push(first..first + count);
    }
    for run in kernel.iter().flat_map(|&k| site::line_runs(&circuit.arrays[cells[k].array], &cells[k])) {
        taken[run.group].push(run.first..run.first + run.count);
    }
    for ranges in &mut taken {
        ranges.sort_by_key(|r| r.start);
    }
    taken
}

/// Cells with inner unknowns that something else in the circuit touches cannot be condensed.
pub(super) fn drop_reached_cells(circuit: &Circuit, cells: &mut Vec<Cells>) {
    while cells.iter().any(Cells::has_inner) {
        let taken = elsewhere(circuit, cells, &[]);
        let mut reached = vec![false; circuit.unknowns.len()];
        for (group, taken) in circuit.groups.iter().zip(&taken) {
            let mut from = 0;
            for range in taken.iter().chain(std::iter::once(&(group.len()..group.len()))) {
                if from < range.start {
                    for &id in &group.locals()[group.offset(from)..group.offset(range.start)] {
                        if id != GROUND {
                            reached[id as usize] = true;
                        }
                    }
                }
                from = from.max(range.end);
            }
        }
        let before = cells.len();
        cells.retain(|c| !c.inner_ids().any(|id| reached[id as usize]));
        if cells.len() == before {
            return;
        }
    }
}

/// The sparse part, and the kernel of the arrays in `which` if there are any.
pub(super) fn split(
    circuit: &Circuit,
    cells: &[Cells],
    which: &[usize],
    backend: Backend,
    pivot: f64,
) -> (General, Option<Kernel>) {
    let mut owners = vec![Owner::General; circuit.unknowns.len()];
    for id in cells.iter().flat_map(Cells::inner_ids) {
        owners[id as usize] = Owner::Cell;
    }
    for &k in which {
        for (_, wires) in site::lines(&circuit.arrays[cells[k].array], &cells[k]) {
            wires.nodes.iter().for_each(|id| owners[id as usize] = Owner::Kernel);
        }
    }
    let stamped: Vec<&Cells> = cells.iter().enumerate().filter(|(k, _)| !which.contains(k)).map(|(_, c)| c).collect();
    let general = General::new(circuit, &elsewhere(circuit, cells, which), &stamped, owners);
    let rule = PivotRule { relative: pivot, ..PivotRule::default() };
    let kernel = (!which.is_empty()).then(|| Kernel::new(circuit, cells, which, &general, backend, rule));
    (general, kernel)
}

/// The LU of the sparse matrix; trivial where the kernel's border has one of its own.
pub(super) fn sparse_lu(general: &General, kernel: bool, pivot: f64) -> SparseLu {
    let empty = crate::numeric::pattern::Pattern::from_entries(0, &[]).0;
    let mut lu = SparseLu::analyse(if kernel { &empty } else { &general.pattern });
    lu.set_rule(PivotRule { relative: pivot, ..PivotRule::default() });
    lu
}
