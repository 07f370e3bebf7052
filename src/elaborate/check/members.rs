//! The members of the sets of nodes: an unknown each, but one for all nodes of an array's line whose segments conduct.
//! What an array proves about itself is not looked at device by device.

use std::iter::StepBy;
use std::ops::Range;

use super::structure;
use crate::circuit::array::{Direction, Wires};
use crate::circuit::{ArrayInstance, Circuit, Run};
use crate::device::group::GROUND;

/// All lines of one kind of one array, each a member.
struct Lines {
    /// Node at cell 0.
    first: u32,
    rows: u32,
    cols: u32,
    direction: Direction,
    /// Of line 0.
    member: u32,
}

impl Lines {
    fn count(&self) -> u32 {
        match self.direction {
            Direction::Row => self.rows,
            Direction::Column => self.cols,
        }
    }
    /// One past the node at the last cell.
    fn end(&self) -> u32 {
        self.first + self.rows * self.cols
    }
    fn nodes(&self, line: u32) -> StepBy<Range<u32>> {
        let at = |cell: u32| self.first + cell;
        match self.direction {
            Direction::Row => (at(line * self.cols)..at((line + 1) * self.cols)).step_by(1),
            Direction::Column => (at(line)..self.end()).step_by(self.cols as usize),
        }
    }
}

/// Who stands for whom.
pub struct Members {
    /// Ascending by their nodes.
    lines: Vec<Lines>,
    unknowns: u32,
    /// Members that devices join which need not be looked at.
    pub joined: Vec<(u32, u32)>,
    /// These devices: the segments of the lines, and cells that are conductors between them.
    pub known: Vec<Run>,
}

impl Members {
    /// Finds the lines that need not be looked at segment by segment.
    pub fn new(circuit: &Circuit) -> Self {
        let unknowns = circuit.unknowns.len() as u32;
        let mut members = Self { lines: Vec::new(), unknowns, joined: Vec::new(), known: Vec::new() };
        for array in &circuit.arrays {
            for wires in array.lines() {
                members.add_lines(circuit, array, wires);
            }
        }
        members.lines.sort_by_key(|lines| lines.first);
        let mut saved = 0;
        for lines in &mut members.lines {
            lines.member = lines.first - saved;
            saved += lines.rows * lines.cols - lines.count();
        }
        circuit.arrays.iter().for_each(|array| members.add_cells(circuit, array));
        members
    }

    fn add_lines(&mut self, circuit: &Circuit, array: &ArrayInstance, wires: &Wires) {
        let (Some(first), Some(run)) = (wires.nodes.first_of_consecutive(), wires.inner) else { return };
        if wires.breaks.is_empty() && conducts(circuit, run) {
            let (rows, cols) = (array.rows as u32, array.cols as u32);
            self.lines.push(Lines { first, rows, cols, direction: wires.direction, member: 0 });
            self.known.push(run);
        }
    }

    /// A conductor in every cell, from its word line to its bit line, joins all of these lines.
    fn add_cells(&mut self, circuit: &Circuit, array: &ArrayInstance) {
        let lines = |wires: &Wires| {
            let first = wires.nodes.first_of_consecutive()?;
            self.lines.iter().find(|lines| lines.first == first).map(|lines| lines.member)
        };
        let (Some(word), Some(bit)) = (lines(&array.wl), lines(&array.bl)) else { return };
        if array.faults.iter().any(|fault| fault.kind.disconnects()) {
            return;
        }
        for device in array.cell_devices.iter().filter(|d| d.wl_port.is_some() && d.bl_port.is_some()) {
            let run = Run { group: device.first.group, first: device.first.index, count: array.cells() };
            if conducts(circuit, run) {
                self.joined.extend((0..array.cols as u32).map(|col| (word, bit + col)));
                self.joined.extend((1..array.rows as u32).map(|row| (word + row, bit)));
                self.known.push(run);
            }
        }
    }

    /// How many there are, ground included.
    pub fn len(&self) -> usize {
        self.of(GROUND) as usize + 1
    }

    /// The member that stands for an unknown; that of ground is the last.
    pub fn of(&self, unknown: u32) -> u32 {
        let unknown = if unknown == GROUND { self.unknowns } else { unknown };
        let before = self.lines.partition_point(|lines| lines.first <= unknown);
        let Some(lines) = before.checked_sub(1).map(|k| &self.lines[k]) else { return unknown };
        match unknown.checked_sub(lines.end()) {
            Some(behind) => lines.member + lines.count() + behind,
            None => {
                let cell = unknown - lines.first;
                lines.member
                    + match lines.direction {
                        Direction::Row => cell / lines.cols,
                        Direction::Column => cell % lines.cols,
                    }
            }
        }
    }

    /// All but that of ground, each with its unknowns.
    pub fn each(&self) -> impl Iterator<Item = (u32, StepBy<Range<u32>>)> + '_ {
        let alone = |range: Range<u32>| range.map(|unknown| (unknown..unknown + 1).step_by(1));
        let starts = std::iter::once(0).chain(self.lines.iter().map(Lines::end));
        let ends = self.lines.iter().map(|lines| lines.first).chain([self.unknowns]);
        let plain = starts.zip(ends).map(move |(start, end)| alone(start..end));
        let lines = self.lines.iter().map(Some).chain([None]);
        let both = plain.zip(lines).flat_map(|(plain, lines)| {
            plain.chain(lines.into_iter().flat_map(|lines| (0..lines.count()).map(|line| lines.nodes(line))))
        });
        (0..).zip(both)
    }
}

fn conducts(circuit: &Circuit, run: Run) -> bool {
    let group = circuit.groups.get(run.group);
    group.is_some_and(|group| structure::conducts(circuit, group.as_ref(), run.first..run.first + run.count))
}
