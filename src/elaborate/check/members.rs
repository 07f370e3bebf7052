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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::diag::Diagnostic;
    use crate::elaborate::Elaborator;
    use crate::netlist::{ReadOptions, parse_text};
    use crate::plan::Overrides;

    fn build(cell: &str, rest: &str) -> Result<Circuit, Vec<Diagnostic>> {
        let array = ".xbar xb 3 4 CELL=cell(wl bl) RWL=1 RBL=2\nXa w[0:2] b[0:3] xb\nVw[0:2] w[0:2] 0 1";
        let text = format!("title\n.subckt cell wl bl\n{cell}\n.ends\nR1 n w_0 1\n{array}\n{rest}\n.op\n.end\n");
        let (deck, _) = parse_text("t.cir", &text, &ReadOptions::default());
        Elaborator::new(deck, Vec::new()).build(&Overrides::default()).map(|built| built.circuit)
    }

    #[test]
    fn every_unknown_has_one_member() {
        let circuit = build("R1 wl bl 1k", "Vb[0:3] b[0:3] 0 0").unwrap();
        let members = Members::new(&circuit);
        let lines = 3 + 4;
        assert_eq!(members.len(), circuit.unknowns.len() - 2 * 12 + lines + 1);
        let mut seen = vec![0; circuit.unknowns.len()];
        for (member, nodes) in members.each() {
            for node in nodes {
                assert_eq!(members.of(node), member, "{node}");
                seen[node as usize] += 1;
            }
        }
        assert!(seen.iter().all(|&times| times == 1), "{seen:?}");
        assert_eq!(members.of(GROUND) as usize, members.len() - 1);
        // all segments and all cells
        assert_eq!(members.known.iter().map(|run| run.count).sum::<usize>(), 3 * 3 + 2 * 4 + 12);
        let (row, column) =
            (members.of(circuit.node("xa.wl_1_0").unwrap()), members.of(circuit.node("xa.bl_0_2").unwrap()));
        assert_eq!(members.of(circuit.node("xa.wl_1_3").unwrap()), row);
        assert_eq!(members.of(circuit.node("xa.bl_2_2").unwrap()), column);
        assert_ne!(members.of(circuit.node("xa.wl_2_0").unwrap()), row);
    }

    #[test]
    fn lines_that_nothing_drives_are_named_node_by_node() {
        let errors = build("C1 wl bl 1f", "Vb[1:3] b[1:3] 0 0").err().unwrap();
        let messages: Vec<&str> = errors.iter().filter(|e| e.code == "E-FLOAT").map(|e| e.message.as_str()).collect();
        let expected =
            "the nodes `b_0`, `xa.bl_0_0`, `xa.bl_1_0`, `xa.bl_2_0` are joined, but have no DC path to ground";
        assert_eq!(messages, [expected]);
        // cells that conduct tie it to the other lines
        assert!(build("R1 wl bl 1k", "Vb[1:3] b[1:3] 0 0").is_ok());
    }

    #[test]
    fn two_sources_on_one_line_are_no_loop() {
        assert!(build("R1 wl bl 1k", "V1 xa.wl_0_0 xa.wl_0_2 1\nV2 xa.wl_0_2 xa.wl_0_3 1\nVb[0:3] b[0:3] 0 0").is_ok());
        let errors = build("R1 wl bl 1k", "V1 xa.wl_0_0 xa.wl_0_2 1\nV2 xa.wl_0_0 xa.wl_0_2 1").err().unwrap();
        assert!(errors.iter().any(|e| e.code == "E-VLOOP" && e.message.contains("`v1`, `v2`")), "{errors:?}");
    }
}
