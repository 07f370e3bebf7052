//! An array keeps its structure: geometry, line nodes, wires and, per device of the cell, one contiguous row-major run
//! of instances. Names such as `xa.wl_3_5` and `xa.c_3_5.m1` are views computed from this, never stored.
//!
//! Along a line of n cells there are up to n + 1 wire segments. Segment s lies before cell s, segment n after the last
//! cell; segments 0 and n exist only on a side that is brought out to a pin and carry the terminal resistance too:
//!
//! ```text
//! pin --[R + RT]-- cell 0 --[R]-- cell 1 -- .. -- cell n-1 --[R + RT]-- pin
//! ```

use std::rc::Rc;

use super::{DeviceRef, Nodes, Run};

/// The four kinds of lines a cell can sit on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Line {
    /// Word line.
    Word,
    /// Bit line.
    Bit,
    /// Source line.
    Source,
    /// Gate line.
    Gate,
}

impl Line {
    /// All of them, in the order of the pins.
    pub const ALL: [Line; 4] = [Line::Word, Line::Bit, Line::Source, Line::Gate];

    /// The name used in node names and roles: `wl bl sl gl`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Line::Word => "wl",
            Line::Bit => "bl",
            Line::Source => "sl",
            Line::Gate => "gl",
        }
    }
}

/// Which way a line runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// One line per row, its cells are the columns; its ends are left and right.
    Row,
    /// One line per column, its cells are the rows; its ends are top and bottom.
    Column,
}

/// One end of all lines of a kind.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// Node of the pin of each line.
    pub pins: Vec<u32>,
    /// Terminal segments, one per line; `None` where they have no resistance and the pin is the line node itself.
    pub wires: Option<Run>,
}

/// All lines of one kind with their wires.
#[derive(Debug, Clone, PartialEq)]
pub struct Wires {
    /// Which kind.
    pub line: Line,
    /// Which way they run.
    pub direction: Direction,
    /// Line node at each cell, row-major `rows x cols`; equal entries where the wire has no resistance. Ground is
    /// `u32::MAX`.
    pub nodes: Nodes,
    /// Ohm per segment between two cells; the first where they differ.
    pub resistance: f64,
    /// Ohm of every segment where they differ: line after line, cells per line + 1 each, those to the pins without the
    /// terminal resistance. Zero merges the nodes at its ends.
    pub segments: Option<Rc<[f64]>>,
    /// Extra ohm in the segments to the pins.
    pub terminal: f64,
    /// F from each line node to ground.
    pub capacitance: f64,
    /// The left or top end, when it is brought out.
    pub head: Option<End>,
    /// The right or bottom end, when it is brought out.
    pub tail: Option<End>,
    /// Segments between cells: line after line, n - 1 each. A broken segment keeps its place as a resistor with both
    /// ends on one node.
    pub inner: Option<Run>,
    /// Capacitors, one per cell, row-major.
    pub capacitors: Option<Run>,
    /// Broken segments `(line, segment)`, sorted.
    pub breaks: Vec<(usize, usize)>,
}

impl Wires {
    /// Lines without resistance and capacitance, no pins known yet.
    #[must_use]
    pub fn ideal(line: Line, direction: Direction, nodes: impl Into<Nodes>) -> Self {
        Self {
            line,
            direction,
            nodes: nodes.into(),
            resistance: 0.0,
            segments: None,
            terminal: 0.0,
            capacitance: 0.0,
            head: None,
            tail: None,
            inner: None,
            capacitors: None,
            breaks: Vec::new(),
        }
    }
    /// Ohm of segment `segment` of a line of `along` cells, the terminal resistance at its ends included.
    #[must_use]
    pub fn ohm(&self, line: usize, segment: usize, along: usize) -> f64 {
        let own = self.segments.as_deref().and_then(|all| all.get(line * (along + 1) + segment));
        let terminal = if segment == 0 || segment == along { self.terminal } else { 0.0 };
        own.unwrap_or(&self.resistance) + terminal
    }

    /// Are the nodes of these `lines` lines of `along` cells all different from each other and from their pins, at the
    /// left or top, the right or bottom, or both?
    #[must_use]
    pub fn is_resistive(&self, [lines, along]: [usize; 2], [head, tail]: [bool; 2]) -> bool {
        if self.segments.is_none() {
            return self.resistance > 0.0;
        }
        let segments = usize::from(!head)..along + usize::from(tail);
        (0..lines).all(|line| segments.clone().all(|segment| self.ohm(line, segment, along) > 0.0))
    }

    /// Is segment `segment` of line `line` broken?
    #[must_use]
    pub fn is_broken(&self, line: usize, segment: usize) -> bool {
        self.breaks.binary_search(&(line, segment)).is_ok()
    }
}

/// One placed `.xbar`.
#[derive(Debug, Clone, PartialEq)]
pub struct ArrayInstance {
    /// Instance name, `xa`.
    pub name: String,
    /// Rows: number of word lines.
    pub rows: usize,
    /// Columns: number of bit lines.
    pub cols: usize,
    /// Index base of the names (0 or 1).
    pub base: usize,
    /// Word lines, along the rows.
    pub wl: Wires,
    /// Bit lines, along the columns.
    pub bl: Wires,
    /// Source lines.
    pub sl: Option<Wires>,
    /// Gate lines.
    pub gl: Option<Wires>,
    /// Name of the cell's subcircuit.
    pub cell: String,
    /// Internal nodes of the cell: local name and first unknown; cell k has `first + k`.
    pub cell_nodes: Vec<(String, u32)>,
    /// Devices of the cell.
    pub cell_devices: Vec<CellDevice>,
    /// Faulty cells, sorted by cell.
    pub faults: Vec<Fault>,
}

/// One device of the cell, over all cells.
#[derive(Debug, Clone, PartialEq)]
pub struct CellDevice {
    /// Local hierarchical name: `m1`, `x1.s`.
    pub name: String,
    /// Instance of cell (0, 0); cell k (row-major) has index + k. All cells have it: the ports of a cell that a fault
    /// has disconnected are on ground.
    pub first: DeviceRef,
    /// First internal unknown of the cell (0, 0) instance; cell k has `first_internal + k * internals`.
    pub first_internal: u32,
    /// Internal unknowns per instance.
    pub internals: u32,
    /// Which terminals of the device touch the cell's word-line and bit-line port (local port numbers), if any:
    /// the cell current is the sum of the currents of devices at its word-line port.
    pub wl_port: Option<usize>,
    /// See `wl_port`.
    pub bl_port: Option<usize>,
}

/// What a fault did to a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FaultKind {
    /// The cell is taken out: all its ports are on ground, nothing is between the lines.
    Open,
    /// The cell is taken out and a resistance in ohm stands between word and bit line.
    Replaced(f64),
    /// A resistance in ohm is in parallel with the cell.
    Shunted(f64),
}

impl FaultKind {
    /// Is the cell itself disconnected?
    #[must_use]
    pub fn disconnects(self) -> bool {
        !matches!(self, FaultKind::Shunted(_))
    }
    /// The resistance between the lines, if any.
    #[must_use]
    pub fn resistance(self) -> Option<f64> {
        match self {
            FaultKind::Open => None,
            FaultKind::Replaced(r) | FaultKind::Shunted(r) => Some(r),
        }
    }
}

/// A faulty cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault {
    /// Row-major cell number.
    pub cell: usize,
    /// What happened.
    pub kind: FaultKind,
    /// The resistor that stands for it (port 0 at the word line).
    pub resistor: Option<DeviceRef>,
}

impl ArrayInstance {
    /// Number of cells.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.rows * self.cols
    }
    /// The lines of one kind, if the array has them.
    #[must_use]
    pub fn wires(&self, line: Line) -> Option<&Wires> {
        match line {
            Line::Word => Some(&self.wl),
            Line::Bit => Some(&self.bl),
            Line::Source => self.sl.as_ref(),
            Line::Gate => self.gl.as_ref(),
        }
    }
    /// The lines the array has, in pin order.
    pub fn lines(&self) -> impl Iterator<Item = &Wires> {
        Line::ALL.into_iter().filter_map(|line| self.wires(line))
    }
    /// `(number of lines, cells per line)` in a direction.
    #[must_use]
    pub fn shape(&self, direction: Direction) -> (usize, usize) {
        match direction {
            Direction::Row => (self.rows, self.cols),
            Direction::Column => (self.cols, self.rows),
        }
    }
    /// Row-major cell number of the `along`-th cell of a line.
    #[must_use]
    pub fn cell_on(&self, direction: Direction, line: usize, along: usize) -> usize {
        match direction {
            Direction::Row => line * self.cols + along,
            Direction::Column => along * self.cols + line,
        }
    }
    /// `(row, col)` of a cell, from 0.
    #[must_use]
    pub fn position(&self, cell: usize) -> (usize, usize) {
        (cell / self.cols.max(1), cell % self.cols.max(1))
    }
    /// The fault of a cell, if it has one.
    #[must_use]
    pub fn fault(&self, cell: usize) -> Option<&Fault> {
        self.faults.binary_search_by_key(&cell, |f| f.cell).ok().and_then(|k| self.faults.get(k))
    }
    /// Is any segment of its lines broken?
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.lines().any(|wires| !wires.breaks.is_empty())
    }
    /// The instances whose port currents add up to the current from the word line into the cell, with their port.
    pub fn currents(&self, cell: usize) -> impl Iterator<Item = (DeviceRef, usize)> + '_ {
        let resistor = self.fault(cell).and_then(|f| f.resistor).map(|r| (r, 0));
        self.cell_devices.iter().filter_map(move |d| d.wl_port.map(|port| (d.at(cell), port))).chain(resistor)
    }
    /// The devices of one cell, the resistor of its fault included.
    pub fn devices(&self, cell: usize) -> impl Iterator<Item = DeviceRef> + '_ {
        let resistor = self.fault(cell).and_then(|f| f.resistor);
        self.cell_devices.iter().map(move |d| d.at(cell)).chain(resistor)
    }
    /// Everything inside the array as runs: devices of the cells, resistors of faults, wires and their capacitors.
    #[must_use]
    pub fn runs(&self) -> Vec<Run> {
        let cells = self.cells();
        let mut runs: Vec<Run> = self
            .cell_devices
            .iter()
            .map(|d| Run { group: d.first.group, first: d.first.index, count: cells })
            .collect();
        runs.extend(self.faults.iter().filter_map(|f| f.resistor).map(Run::single));
        runs.extend(self.wire_runs());
        runs
    }
    /// Segments and capacitors of the lines: each run is elements of one kind, which differ in their value at most.
    pub fn wire_runs(&self) -> impl Iterator<Item = Run> + '_ {
        self.lines().flat_map(|wires| {
            let ends = [&wires.head, &wires.tail].into_iter().flatten().filter_map(|end| end.wires);
            ends.chain(wires.inner).chain(wires.capacitors)
        })
    }
    /// The device of the cell with this local name.
    #[must_use]
    pub fn cell_device(&self, name: &str) -> Option<&CellDevice> {
        self.cell_devices.iter().find(|d| d.name == name)
    }
}

impl CellDevice {
    /// The instance in a cell.
    #[must_use]
    pub fn at(&self, cell: usize) -> DeviceRef {
        DeviceRef { group: self.first.group, index: self.first.index + cell }
    }
}
