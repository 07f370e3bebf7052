//! The lines of an array with a tangent of every cell between them.
//!
//! A stage of a linearly implicit step eliminates the state of every cell,
//!
//! ```text
//! (1/(gamma h) - rate_s) ds = rate + pull + rate_v dv,   I + I_v dv + I_s ds = i + g dv,
//! ```
//!
//! and [`LinePcg`] finds dv. Rows that sleep ([`super::dormant`]) are not there: their segments join those of their
//! neighbours, their leakage goes to the next row that is.

use super::dormant::Leak;
use super::law::{Action, Law, Look};
use super::settling::Layout;
use crate::crossbar::{LinePcg, Lines, Network, Wire};
use crate::numeric::simd::Level;

/// States and voltages of all cells, or what they change by.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// States.
    pub states: Vec<f64>,
    /// Cell voltages in V.
    pub volts: Vec<f64>,
}

impl Moment {
    /// All zero.
    pub fn zeros(cells: usize) -> Self {
        Self { states: vec![0.0; cells], volts: vec![0.0; cells] }
    }

    /// self = from + a one + b other, states kept between 0 and 1.
    pub fn combine(&mut self, from: &Self, (a, one): (f64, &Self), (b, other): (f64, &Self)) {
        for (k, state) in self.states.iter_mut().enumerate() {
            *state = (from.states[k] + a * one.states[k] + b * other.states[k]).clamp(0.0, 1.0);
        }
        for (k, volts) in self.volts.iter_mut().enumerate() {
            *volts = from.volts[k] + a * one.volts[k] + b * other.volts[k];
        }
    }

    /// What cells of kinds `of` do now.
    pub fn look(&self, laws: &[Law], of: &[usize], actions: &mut [Action]) {
        Level::best().run(Look { laws, of, volts: &self.volts, states: &self.states, actions });
    }

    /// self += a other, states kept between 0 and 1.
    pub fn advance(&mut self, a: f64, other: &Self) {
        for (state, d) in self.states.iter_mut().zip(&other.states) {
            *state = (*state + a * d).clamp(0.0, 1.0);
        }
        for (volts, d) in self.volts.iter_mut().zip(&other.volts) {
            *volts += a * d;
        }
    }
}

/// Some rows of an array.
pub struct Wires {
    layout: Layout,
    /// Rows of the array that are here, ascending.
    pub rows: Vec<usize>,
    network: Network,
    solver: LinePcg,
    sources: [Vec<f64>; 2],
    /// Voltages of word and bit lines, row-major.
    pub x: [Vec<f64>; 2],
    /// Of every cell: 1/(1/(gamma h) - rate_s), and ds/dv.
    eliminated: Vec<[f64; 2]>,
    /// Current into the bit lines from rows that are not here.
    inflow: Vec<f64>,
    /// Network solves.
    pub solves: usize,
    /// Iterations of the array kernel.
    pub iterations: usize,
}

impl Wires {
    /// `leaks` are those of the rows that are left out, at the next row that is not, row-major; none when all are here.
    ///
    /// # Errors
    /// Lines that are no array.
    pub fn new(layout: Layout, rows: Vec<usize>, leaks: Vec<Leak>) -> Result<Self, String> {
        let (count, cols) = (rows.len(), layout.cols);
        let (mut word, mut bit) = (Lines::uniform(1.0 / layout.wire, count), Lines::uniform(0.0, cols));
        word.head = vec![1.0 / layout.wire; count];
        let gap = |pair: &[usize]| 1.0 / (layout.wire * (pair[1] - pair[0]) as f64);
        let gaps = rows.windows(2).map(gap).chain([0.0]);
        bit.wire = Wire::Each(gaps.flat_map(|segment| vec![segment; cols]).collect());
        bit.tail = vec![1.0 / layout.below(rows.last().copied().unwrap_or(0)); cols];
        if !leaks.is_empty() {
            bit.leak = Some(leaks.iter().map(|leak| leak.conductance).collect());
        }
        let zeros = vec![0.0; count * cols];
        let network = Network { rows: count, cols, word, bit, cells: zeros.clone() };
        Ok(Self {
            layout,
            rows,
            solver: LinePcg::new(&network).map_err(|e| e.to_string())?,
            network,
            sources: [zeros.clone(), zeros.clone()],
            eliminated: vec![[0.0; 2]; count * cols],
            inflow: leaks.iter().map(|leak| leak.current).collect(),
            x: [zeros.clone(), zeros],
            solves: 0,
            iterations: 0,
        })
    }

    /// Eliminates the states of cells that act as `actions` say, for `step` = gamma h time constants, and the lines.
    ///
    /// # Errors
    /// Lines that cannot be eliminated.
    pub fn linearise(&mut self, actions: &[Action], step: f64) -> Result<(), String> {
        for ((cell, eliminated), action) in self.network.cells.iter_mut().zip(&mut self.eliminated).zip(actions) {
            // a state that runs away is taken explicitly
            let slowness = 1.0 / (1.0 / step - action.rate_by[1].min(0.0));
            let by_volt = action.rate_by[0] * slowness;
            *eliminated = [slowness, by_volt];
            *cell = action.current_by[0] + action.current_by[1] * by_volt;
        }
        self.solver.factor(&self.network).map_err(|e| e.to_string())
    }

    /// Solves one stage with the tangents of [`Wires::linearise`]. The cells are at `from`, where they do `actions`;
    /// `tangents` are what was linearised, `pull` comes on top of the rates. `into` becomes what the stage changes.
    ///
    /// # Errors
    /// An array kernel that does not converge.
    pub fn stage(
        &mut self,
        (from, actions): (&Moment, &[Action]),
        tangents: &[Action],
        pull: Option<(f64, &[f64])>,
        volts: &[f64],
        tolerance: f64,
        into: &mut Moment,
    ) -> Result<(), String> {
        let cols = self.layout.cols;
        for (k, action) in actions.iter().enumerate() {
            let pulled = pull.map_or(0.0, |(by, what)| by * what[k]);
            let moved = (action.rate + pulled) * self.eliminated[k][0];
            let offset = action.current + tangents[k].current_by[1] * moved - self.network.cells[k] * from.volts[k];
            into.states[k] = moved;
            self.sources[0][k] = -offset;
            self.sources[1][k] = offset;
        }
        for (source, inflow) in self.sources[1].iter_mut().zip(&self.inflow) {
            *source += inflow;
        }
        for (row, v) in self.sources[0].chunks_exact_mut(cols).zip(volts) {
            row[0] += v / self.layout.wire;
        }
        let ([b0, b1], [x0, x1]) = (&self.sources, &mut self.x);
        let done = self.solver.solve(&self.network, [b0, b1], [x0, x1], tolerance, 400).map_err(|e| e.to_string())?;
        self.solves += 1;
        self.iterations += done.iterations;
        for (k, [_, by_volt]) in self.eliminated.iter().enumerate() {
            into.volts[k] = self.x[0][k] - self.x[1][k] - from.volts[k];
            into.states[k] += by_volt * into.volts[k];
        }
        Ok(())
    }

    /// Highest voltage of a bit line in V.
    pub fn highest_bit(&self) -> f64 {
        self.x[1].iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// Takes over the lines of some rows of the same array; where a row is missing, its word line carries nothing and
    /// its bit lines what their neighbours carry.
    pub fn take(&mut self, some: &Self, volts: &[f64]) {
        let Layout { cols, .. } = self.layout;
        let [words, bits] = &mut self.x;
        let mut next = 0;
        for (i, v) in volts.iter().enumerate() {
            let here = i * cols..(i + 1) * cols;
            let row = |r: usize| &some.x[1][r * cols..(r + 1) * cols];
            let (word, bit) = (&mut words[here.clone()], &mut bits[here]);
            word.fill(*v);
            match some.rows.get(next) {
                Some(&at) if at == i => {
                    word.copy_from_slice(&some.x[0][next * cols..(next + 1) * cols]);
                    bit.copy_from_slice(row(next));
                    next += 1;
                }
                // no current comes from above the first
                Some(_) if next == 0 => bit.copy_from_slice(row(0)),
                Some(&below) => {
                    let above = some.rows[next - 1];
                    let share = (i - above) as f64 / (below - above) as f64;
                    for ((x, up), down) in bit.iter_mut().zip(row(next - 1)).zip(row(next)) {
                        *x = up + share * (down - up);
                    }
                }
                None => {
                    let above = some.rows[next - 1];
                    let share = self.layout.below(i) / self.layout.below(above);
                    bit.iter_mut().zip(row(next - 1)).for_each(|(x, up)| *x = share * up);
                }
            }
        }
    }

    /// Worst difference between what the ends of a line carry and what its cells take, relative to the largest line;
    /// for all rows.
    pub fn imbalance(&self, volts: &[f64], actions: &[Action]) -> f64 {
        let Layout { rows, cols, wire, sense } = self.layout;
        let sums = |line: &mut dyn Iterator<Item = usize>| {
            line.map(|k| actions[k].current).fold((0.0, 0.0), |(sum, size): (f64, f64), i| (sum + i, size + i.abs()))
        };
        let word = |i: usize| (sums(&mut (i * cols..(i + 1) * cols)), (volts[i] - self.x[0][i * cols]) / wire);
        let bit = |j: usize| {
            let last = self.x[1][(rows - 1) * cols + j];
            (sums(&mut (0..rows).map(|i| i * cols + j)), last / (wire + sense))
        };
        let lines: Vec<((f64, f64), f64)> = (0..rows).map(word).chain((0..cols).map(bit)).collect();
        let largest = lines.iter().map(|((_, size), _)| *size).fold(0.0, f64::max);
        lines.iter().map(|((sum, _), end)| (sum - end).abs() / largest.max(f64::MIN_POSITIVE)).fold(0.0, f64::max)
    }
}
