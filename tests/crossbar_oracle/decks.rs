//! The arrays of the table as decks: read, elaborated, solved by Newton's iteration with default tolerances, recorded.
//!
//! The reference is Newton's iteration in double-double on offsets from the bias of each line,
//!
//! ```text
//! wires(u) + leaks u + I(bias_w - bias_b + u_w - u_b) = sources
//! ```
//!
//! with the currents of branches summed at every node and the dense elimination for the steps.

use std::fmt::Write as _;
use std::path::Path;

use sneakpath::analysis;
use sneakpath::crossbar::Network;
use sneakpath::elaborate::Elaborator;
use sneakpath::netlist::{ReadOptions, parse_text};
use sneakpath::plan::{Analysis, ArraySolver, Overrides, Plan, Signal};

use super::double_double::{self, Cells, Double, ZERO};
use super::support::LastPoint;
use super::{CURRENT, Drive, ROWS, Row, SHAPES, VOLTAGE, case};

/// Kirchhoff's law in what is recorded: rounding of a current and of each term of its sum, for each cell of a line.
const KIRCHHOFF: f64 = 2.0 * f64::EPSILON;

/// What a cell is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Law {
    /// A resistor.
    Ohm,
    /// Two of them, with a node inside.
    Halves,
    /// I = (V + CUBE V^3) / r.
    Cubic,
}

/// 1/V^2.
const CUBE: f64 = 30.0;

impl Law {
    fn subcircuit(self) -> String {
        match self {
            Self::Ohm => "R1 wl bl {r}".to_string(),
            Self::Halves => "R1 wl mid {0.5*r}\nR2 mid bl {0.5*r}".to_string(),
            Self::Cubic => format!("B1 wl bl I={{V(wl,bl)/r*(1+{CUBE}*V(wl,bl)*V(wl,bl))}}"),
        }
    }

    fn current(self, g: f64, volts: Double) -> Double {
        let bend = if self == Self::Cubic { Double::from(CUBE) * volts * volts } else { ZERO };
        Double::from(g) * volts * (Double::from(1.0) + bend)
    }

    fn slope(self, g: f64, volts: f64) -> f64 {
        if self == Self::Cubic { g * (1.0 + 3.0 * CUBE * volts * volts) } else { g }
    }
}

/// An array and its exact solution.
struct Exact {
    network: Network,
    law: Law,
    bias: [Vec<f64>; 2],
    /// Offsets of word lines, then of bit lines.
    offset: Vec<Double>,
}

impl Exact {
    /// Newton's iteration until nothing moves.
    fn new(network: Network, law: Law, bias: [Vec<f64>; 2], sources: &[Double]) -> Self {
        let size = network.cells.len();
        let mut exact = Self { network, law, bias, offset: vec![ZERO; 2 * size] };
        for _ in 0..20 {
            let slope = |k: usize| law.slope(exact.network.cells[k], exact.across(k).0);
            let slopes: Vec<f64> = (0..size).map(slope).collect();
            let cells = Cells { ww: &slopes, wb: &slopes, bw: &slopes, bb: &slopes };
            let step = double_double::solve(&exact.network, &cells, &exact.missing(sources));
            exact.offset.iter_mut().zip(&step).for_each(|(u, step)| *u = *u + *step);
            if exact.offset.iter().zip(&step).all(|(u, step)| step.0.abs() <= 1e-28 * u.0.abs()) {
                return exact;
            }
        }
        panic!("the reference moves on");
    }

    fn size(&self) -> usize {
        self.network.cells.len()
    }

    fn line(&self, family: usize, k: usize) -> usize {
        if family == 0 { k / self.network.cols } else { k % self.network.cols }
    }

    /// Voltage of a node of word (0) or bit (1) lines.
    fn node(&self, family: usize, k: usize) -> Double {
        Double::from(self.bias[family][self.line(family, k)]) + self.offset[family * self.size() + k]
    }

    fn across(&self, k: usize) -> Double {
        let [word, bit] = [0, 1].map(|family| Double::from(self.bias[family][self.line(family, k)]));
        (word - bit) + (self.offset[k] - self.offset[self.size() + k])
    }

    fn cell(&self, k: usize) -> Double {
        self.law.current(self.network.cells[k], self.across(k))
    }

    /// Into a line from its source.
    fn driven(&self, (family, line): (usize, usize)) -> Double {
        let cells = (0..self.size()).filter(|k| self.line(family, *k) == line);
        let sum = cells.fold(ZERO, |sum, k| sum + self.cell(k));
        if family == 0 { sum } else { -sum }
    }

    /// What is missing at every node: sources less what flows away.
    fn missing(&self, sources: &[Double]) -> Vec<Double> {
        let (network, u) = (&self.network, &self.offset);
        let mut missing = sources.to_vec();
        let mut flow = |a: usize, b: Option<usize>, current: Double| {
            missing[a] = missing[a] - current;
            if let Some(b) = b {
                missing[b] = missing[b] + current;
            }
        };
        let (rows, cols) = (network.rows, network.cols);
        for k in 0..self.size() {
            let (i, j, bit) = (k / cols, k % cols, self.size() + k);
            flow(k, Some(bit), self.cell(k));
            flow(k, None, Double::from(network.word_leak(i, j)) * u[k]);
            flow(bit, None, Double::from(network.bit_leak(i, j)) * u[bit]);
            if j + 1 < cols {
                flow(k, Some(k + 1), Double::from(network.word_segment(i, j)) * (u[k] - u[k + 1]));
            }
            if i + 1 < rows {
                let next = bit + cols;
                flow(bit, Some(next), Double::from(network.bit_segment(i, j)) * (u[bit] - u[next]));
            }
        }
        missing
    }
}

/// An array of the table as a deck and its exact solution: drivers and sense resistors stand behind the segments to the
/// pins.
fn deck(row: &Row, shape @ [rows, cols]: [usize; 2], law: Law, folder: &Path) -> (String, Exact) {
    let behind = Row { source: row.source + row.wire, sense: row.sense + row.wire, ..*row };
    let (network, bias, b) = case(&behind, shape);
    let ohm = |line: &[f64]| line.iter().map(|g| format!("{:e}", 1.0 / g)).collect::<Vec<_>>().join(",");
    let ohms: Vec<String> = network.cells.chunks(cols).map(ohm).collect();
    std::fs::write(folder.join("r.csv"), ohms.join("\n")).expect("write");
    let mut text = format!(
        "oracle\n.subckt cell wl bl r=1\n{2}\n.ends\n\
         .xbar XB {rows} {cols} CELL=cell(wl bl) RWL={0:e} RBL={0:e} r=FILE(\"r.csv\")\nXa W[0:{1}] B[0:{3}] XB\n",
        row.wire,
        rows - 1,
        law.subcircuit(),
        cols - 1
    );
    let half = row.drive == Drive::Half;
    for k in (0..rows).filter(|k| network.word.head[*k] > 0.0) {
        let volts = bias[0][k] + if half { 0.0 } else { b[0][k * cols] / network.word.head[k] };
        let _ = writeln!(text, "V0_{k} s_{k} 0 {volts:e}\nRw_{k} s_{k} W_{k} {:e}", row.source);
    }
    for k in (0..cols).filter(|k| network.bit.tail[*k] > 0.0) {
        let _ = writeln!(text, "V1_{k} t_{k} 0 {:e}\nRb_{k} t_{k} B_{k} {:e}", bias[1][k], row.sense);
    }
    text.push_str(".op\n.end\n");
    // those of offsets are currents of cells, which the reference has from their law
    let sources: Vec<Double> = b.iter().flatten().map(|b| if half { ZERO } else { Double::from(*b) }).collect();
    (text, Exact::new(network, law, bias, &sources))
}

/// The operating point of a deck.
fn operating_point(folder: &Path, text: &str, signals: Vec<Signal>, solver: ArraySolver) -> Vec<f64> {
    let name = folder.join("deck.cir").display().to_string();
    let (deck, notes) = parse_text(&name, text, &ReadOptions::default());
    assert!(notes.is_empty(), "{notes:#?}");
    let built = Elaborator::new(deck, Vec::new()).build(&Overrides::default()).unwrap_or_else(|e| panic!("{e:#?}"));
    let mut circuit = built.circuit;
    let mut plan = Plan { saved: signals.len(), signals, ..Plan::default() };
    plan.options.solver = solver;
    let mut sink = LastPoint::default();
    let rebuild = |_: &Overrides| Err("nothing is swept".to_string());
    let stats = analysis::run(&Analysis::Op, &mut circuit, &plan, "", &rebuild, &mut sink).expect("an operating point");
    assert_eq!(stats.fallbacks, 0);
    let iterates = matches!(solver, ArraySolver::Automatic | ArraySolver::Line);
    assert_eq!(stats.array_iterations > 0, iterates, "whoever is asked solves");
    sink.0
}

/// Worst relative errors of what a deck recorded.
struct Errors {
    voltages: f64,
    lines: f64,
    cells: f64,
    /// Of the current of a line against the sum of those of its cells, both as recorded.
    kirchhoff: f64,
}

fn errors(row: &Row, shape: [usize; 2], law: Law, folder: &Path, solver: ArraySolver) -> Errors {
    let (text, exact) = deck(row, shape, law, folder);
    let (size, cols) = (exact.size(), shape[1]);
    let tied = |family: usize| {
        let ends = [&exact.network.word.head, &exact.network.bit.tail][family];
        (0..shape[family]).filter(|k| ends[*k] > 0.0).map(move |k| (family, k))
    };
    let driven: Vec<(usize, usize)> = tied(0).chain(tied(1)).collect();
    let at = |k: usize| format!("{}_{}", k / cols, k % cols);
    let words = (0..size).map(|k| Signal::Voltage(format!("xa.wl_{}", at(k))));
    let bits = (0..size).map(|k| Signal::Voltage(format!("xa.bl_{}", at(k))));
    let cells = (0..size).map(|k| Signal::Current(format!("xa.c_{}", at(k))));
    let lines = driven.iter().map(|(family, k)| Signal::Current(format!("v{family}_{k}")));
    let point = operating_point(folder, &text, words.chain(bits).chain(cells).chain(lines).collect(), solver);
    let (nodes, rest) = point.split_at(2 * size);
    let (cells, lines) = rest.split_at(size);

    let off = |x: f64, e: Double| ((Double::from(x) - e) / e).0.abs();
    // where nothing flows, what an allowed error of a voltage drives counts as the bound
    let of_cell = |(k, i): (usize, &f64)| match exact.cell(k) {
        none if none.0 == 0.0 => i.abs() / (VOLTAGE * exact.network.cells[k] * exact.node(0, k).0.abs()) * CURRENT,
        current => off(*i, current),
    };
    let larger = |a: f64, b: f64| if a.is_nan() || b <= a { a } else { b };
    let worst = |errors: &mut dyn Iterator<Item = f64>| errors.fold(0.0, larger);
    Errors {
        voltages: worst(&mut nodes.iter().enumerate().map(|(k, v)| off(*v, exact.node(k / size, k % size)))),
        // the current of a source flows through it, from plus to minus
        lines: worst(&mut lines.iter().zip(&driven).map(|(i, line)| off(-i, exact.driven(*line)))),
        cells: worst(&mut cells.iter().enumerate().map(of_cell)),
        kirchhoff: worst(&mut lines.iter().zip(&driven).map(|(i, &(family, line))| {
            let own = || cells.iter().enumerate().filter(|(k, _)| exact.line(family, *k) == line).map(|(_, i)| *i);
            let sum: f64 = own().sum();
            (i + if family == 0 { sum } else { -sum }).abs() / own().map(f64::abs).sum::<f64>()
        })),
    }
}

/// Relative error that the sparse matrix leaves in floating lines: forming its diagonals absorbs the cells of a line into
/// its wires, and one refinement squares that.
fn absorbed(row: &Row) -> f64 {
    let floats = matches!(row.drive, Drive::OneWord | Drive::OneEach);
    if floats { (f64::EPSILON * row.cells[1] / row.wire).powi(2) } else { 0.0 }
}

/// With `--nocapture` all errors are printed: those of voltages, line currents, cell currents, Kirchhoff's law.
#[test]
#[allow(clippy::print_stdout)]
fn decks_are_exact_in_every_component() {
    let folder = tempfile::tempdir().expect("folder");
    let mut failed = Vec::new();
    for (row, shape) in ROWS.iter().flat_map(|row| SHAPES.map(|shape| (row, shape))) {
        let kirchhoff_bound = shape.into_iter().max().unwrap_or(0) as f64 * KIRCHHOFF;
        for law in [Law::Ohm, Law::Halves, Law::Cubic] {
            for solver in [ArraySolver::Automatic, ArraySolver::Line, ArraySolver::Frontal, ArraySolver::Sparse] {
                let Errors { voltages, lines, cells, kirchhoff } = errors(row, shape, law, folder.path(), solver);
                let who = format!("{} {}x{} {law:?} {solver:?}", row.name, shape[0], shape[1]);
                let line = format!("{who:50} {voltages:.1e} {lines:.1e} {cells:.1e} {kirchhoff:.1e}");
                println!("{line}");
                // cells between floating lines see what is left of their difference
                let (node, cell) = match absorbed(row) {
                    absorbed if solver == ArraySolver::Sparse && absorbed > VOLTAGE => (absorbed, f64::INFINITY),
                    _ => (VOLTAGE, CURRENT),
                };
                if !(voltages <= node && lines <= CURRENT && cells <= cell && kirchhoff <= kirchhoff_bound) {
                    failed.push(line);
                }
            }
        }
    }
    assert!(failed.is_empty(), "worst errors of voltages, lines, cells, Kirchhoff\n{}", failed.join("\n"));
}
