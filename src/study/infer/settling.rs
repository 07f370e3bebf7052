//! Images through an array of cells with a volatile state, on the array kernel.
//!
//! A read is a step from rest. The states follow their own dynamics while wires and cells share out the voltage, until
//! nothing moves; where cells race for the voltage, who comes first decides what the array reads:
//!
//! ```text
//! tau ds/dt = rate(v, s),   wires(x) + I(v, s) = sources,   v = x_W - x_B
//! ```
//!
//! A linearly implicit Euler step eliminates the state of every cell,
//!
//! ```text
//! ds = (rate + rate_v dv)/(1/h - rate_s),   I + I_v dv + I_s ds = i + g dv,
//! ```
//!
//! and [`LinePcg`] finds dv. One step of h beside two of h/2 gives the error and, extrapolated, second order (P. Deuflhard,
//! SIAM Rev. 27 (1985) 505). With h = inf the step is Newton's iteration for the state of rest, which ends the read. The
//! laws of the cells come from the deck's own cell ([`super::probe`]); nothing is assumed about who switches.

use rayon::prelude::*;

use super::law::Action;
use super::probe::Laws;
use super::{Dataset, InferError, Outcome, Read};
use crate::crossbar::{LinePcg, Lines, Network};

/// Images that one worker reads in a row.
const RUN: usize = 50;
/// First step, in time constants.
const FIRST_STEP: f64 = 0.02;
/// Rates below which Newton's iteration is tried, and how far it may then take a state.
const NEARLY_STILL: f64 = 1e-2;
const SMALL_STEP: f64 = 2e-2;
/// At rest no state moves by more, nor a cell voltage by more of full scale.
const STILL: f64 = 1e-9;
/// Solves before an image counts as failed.
const SOLVES: usize = 5000;
/// Relative residual of a network solve on the way, and at the end.
const ON_THE_WAY: f64 = 1e-5;
const AT_REST: f64 = 1e-13;

/// Where the cells sit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layout {
    /// Rows: inputs.
    pub rows: usize,
    /// Columns: classes.
    pub cols: usize,
    /// Ohm per wire segment of both lines, positive.
    pub wire: f64,
    /// Ohm from each column to ground.
    pub sense: f64,
}

/// How images are followed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effort {
    /// Largest error of a state in one step.
    pub accuracy: f64,
    /// The cell voltages of every so many images are kept.
    pub watch: usize,
}

/// What the images did to the array.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Outputs and energies.
    pub outcome: Outcome,
    /// Image and cell voltages, row-major, of every image that was watched.
    pub watched: Vec<(usize, Vec<f64>)>,
    /// Network solves.
    pub solves: usize,
    /// Iterations of the array kernel.
    pub iterations: usize,
    /// Worst sum of currents at a node, relative to those that meet there.
    pub kcl: f64,
}

impl Reading {
    fn new(classes: usize) -> Self {
        let outcome = Outcome { classes, outputs: Vec::new(), energies: Vec::new() };
        Self { outcome, watched: Vec::new(), solves: 0, iterations: 0, kcl: 0.0 }
    }

    fn append(&mut self, other: Self) {
        self.outcome.outputs.extend(other.outcome.outputs);
        self.outcome.energies.extend(other.outcome.energies);
        self.watched.extend(other.watched);
        self.solves += other.solves;
        self.iterations += other.iterations;
        self.kcl = self.kcl.max(other.kcl);
    }
}

/// Reads all images of a set.
///
/// # Errors
/// Images that do not fit the layout, an image whose cells do not come to rest.
pub fn read_settling(
    laws: &Laws,
    layout: Layout,
    set: &Dataset,
    read: Read,
    effort: Effort,
) -> Result<Reading, InferError> {
    super::check(set, layout.rows, layout.cols)?;
    let runs: Vec<Reading> = (0..set.len().div_ceil(RUN))
        .into_par_iter()
        .map(|run| {
            let mut reader = Reader::new(laws, &layout, read.full_scale);
            let mut reading = Reading::new(layout.cols);
            for k in run * RUN..((run + 1) * RUN).min(set.len()) {
                let volts: Vec<f64> = set.image(k).iter().map(|&p| read.volts(p)).collect();
                reader
                    .image(&volts, effort.accuracy)
                    .map_err(|reason| InferError::Circuit(format!("image {k}: {reason}")))?;
                let (columns, power) = reader.currents(&volts);
                reading.outcome.outputs.extend(columns);
                reading.outcome.energies.push(read.pulse * power);
                reading.kcl = reading.kcl.max(reader.wires.imbalance(&volts, &reader.actions));
                if k.is_multiple_of(effort.watch) {
                    reading.watched.push((k, reader.now.volts.clone()));
                }
            }
            reading.solves = reader.wires.solves;
            reading.iterations = reader.wires.iterations;
            Ok(reading)
        })
        .collect::<Result<_, InferError>>()?;
    let mut all = Reading::new(layout.cols);
    runs.into_iter().for_each(|run| all.append(run));
    Ok(all)
}

/// States and voltages of all cells.
#[derive(Clone)]
struct Moment {
    states: Vec<f64>,
    volts: Vec<f64>,
}

impl Moment {
    /// self = 2 self - other: a half of the step twice against the whole once.
    fn extrapolate(&mut self, other: &Self) {
        for (two, one) in self.states.iter_mut().zip(&other.states) {
            *two = (2.0 * *two - one).clamp(0.0, 1.0);
        }
        for (two, one) in self.volts.iter_mut().zip(&other.volts) {
            *two = 2.0 * *two - one;
        }
    }
}

/// The lines of the array with a tangent of every cell between them.
struct Wires {
    layout: Layout,
    network: Network,
    solver: LinePcg,
    sources: [Vec<f64>; 2],
    x: [Vec<f64>; 2],
    /// ds of every cell at constant voltage, and ds/dv.
    moves: Vec<[f64; 2]>,
    solves: usize,
    iterations: usize,
}

impl Wires {
    fn new(layout: Layout) -> Self {
        let (rows, cols) = (layout.rows, layout.cols);
        let segment = 1.0 / layout.wire;
        let (mut word, mut bit) = (Lines::uniform(segment, rows), Lines::uniform(segment, cols));
        word.head = vec![segment; rows];
        bit.tail = vec![1.0 / (layout.wire + layout.sense); cols];
        let zeros = vec![0.0; rows * cols];
        let network = Network { rows, cols, word, bit, cells: zeros.clone() };
        Self {
            layout,
            solver: LinePcg::new(&network),
            network,
            sources: [zeros.clone(), zeros.clone()],
            moves: vec![[0.0; 2]; rows * cols],
            x: [zeros.clone(), zeros],
            solves: 0,
            iterations: 0,
        }
    }

    /// One linearly implicit Euler step of `h` time constants from a moment at which the cells act as in `actions`.
    fn step(
        &mut self,
        (from, actions): (&Moment, &[Action]),
        (h, tolerance): (f64, f64),
        volts: &[f64],
        into: &mut Moment,
    ) -> Result<(), String> {
        let cols = self.layout.cols;
        for (k, action) in actions.iter().enumerate() {
            // a state that runs away is taken explicitly
            let slowness = 1.0 / h - action.rate_by[1].min(0.0);
            let [moved, by_volt] = [action.rate / slowness, action.rate_by[0] / slowness];
            let conductance = action.current_by[0] + action.current_by[1] * by_volt;
            let offset = action.current + action.current_by[1] * moved - conductance * from.volts[k];
            self.moves[k] = [moved, by_volt];
            self.network.cells[k] = conductance;
            self.sources[0][k] = -offset;
            self.sources[1][k] = offset;
        }
        for (row, v) in self.sources[0].chunks_exact_mut(cols).zip(volts) {
            row[0] += v / self.layout.wire;
        }
        self.solver.factor(&self.network).map_err(|e| e.to_string())?;
        let ([b0, b1], [x0, x1]) = (&self.sources, &mut self.x);
        let done = self.solver.solve(&self.network, [b0, b1], [x0, x1], tolerance, 400).map_err(|e| e.to_string())?;
        self.solves += 1;
        self.iterations += done.iterations;
        for k in 0..self.moves.len() {
            let v = self.x[0][k] - self.x[1][k];
            let [moved, by_volt] = self.moves[k];
            into.states[k] = (from.states[k] + moved + by_volt * (v - from.volts[k])).clamp(0.0, 1.0);
            into.volts[k] = v;
        }
        Ok(())
    }

    /// Worst difference between what the ends of a line carry and what its cells take, relative.
    fn imbalance(&self, volts: &[f64], actions: &[Action]) -> f64 {
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

/// One worker.
struct Reader<'a> {
    laws: &'a Laws,
    full_scale: f64,
    wires: Wires,
    now: Moment,
    actions: Vec<Action>,
    /// After half a step.
    half: Moment,
    half_actions: Vec<Action>,
    /// After a step in one go and in two.
    whole: Moment,
    halves: Moment,
}

impl<'a> Reader<'a> {
    fn new(laws: &'a Laws, layout: &Layout, full_scale: f64) -> Self {
        let zeros = vec![0.0; layout.rows * layout.cols];
        let moment = Moment { states: zeros.clone(), volts: zeros };
        let actions = vec![Action::default(); moment.volts.len()];
        Self {
            laws,
            full_scale,
            wires: Wires::new(*layout),
            actions: actions.clone(),
            half_actions: actions,
            now: moment.clone(),
            half: moment.clone(),
            whole: moment.clone(),
            halves: moment,
        }
    }

    /// What the cells do now; the largest rate.
    fn look(&mut self) -> f64 {
        act(self.laws, &self.now, &mut self.actions);
        self.actions.iter().map(|action| action.rate.abs()).fold(0.0, f64::max)
    }

    /// Follows the states from rest to rest for one image.
    fn image(&mut self, volts: &[f64], accuracy: f64) -> Result<(), String> {
        let cols = self.wires.layout.cols;
        for (row, v) in self.now.volts.chunks_exact_mut(cols).zip(volts) {
            row.fill(*v);
        }
        self.now.states.fill(0.0);
        self.wires.x.iter_mut().for_each(|x| x.fill(0.0));
        let (first, mut h) = (self.wires.solves, FIRST_STEP);
        while self.wires.solves - first < SOLVES {
            if self.look() < NEARLY_STILL && self.actions.iter().all(|action| action.rate_by[1] < 0.0) {
                let from = (&self.now, self.actions.as_slice());
                self.wires.step(from, (f64::INFINITY, AT_REST), volts, &mut self.whole)?;
                let moved = distance(&self.whole.states, &self.now.states);
                let swing = distance(&self.whole.volts, &self.now.volts) / self.full_scale;
                if moved.max(swing) <= SMALL_STEP {
                    std::mem::swap(&mut self.now, &mut self.whole);
                    if moved.max(swing) <= STILL {
                        self.look();
                        return Ok(());
                    }
                    continue;
                }
            }
            h = self.advance(h, volts, accuracy)?;
        }
        Err(format!("its cells did not come to rest in {SOLVES} solves"))
    }

    /// One step of second order with controlled error, from where the cells were looked at; the next step to try.
    fn advance(&mut self, mut h: f64, volts: &[f64], accuracy: f64) -> Result<f64, String> {
        loop {
            let now = (&self.now, self.actions.as_slice());
            self.wires.step(now, (h, ON_THE_WAY), volts, &mut self.whole)?;
            self.wires.step(now, (0.5 * h, ON_THE_WAY), volts, &mut self.half)?;
            act(self.laws, &self.half, &mut self.half_actions);
            let half = (&self.half, self.half_actions.as_slice());
            self.wires.step(half, (0.5 * h, ON_THE_WAY), volts, &mut self.halves)?;
            let error = distance(&self.halves.states, &self.whole.states);
            let factor = (0.85 * (accuracy / error.max(1e-12)).sqrt()).clamp(0.25, 3.0);
            if error <= accuracy {
                self.halves.extrapolate(&self.whole);
                std::mem::swap(&mut self.now, &mut self.halves);
                return Ok(factor * h);
            }
            h *= factor;
        }
    }

    /// Column currents in A and the power from the rows in W.
    fn currents(&self, volts: &[f64]) -> (Vec<f64>, f64) {
        let cols = self.wires.layout.cols;
        let (mut columns, mut power) = (vec![0.0; cols], 0.0);
        for (k, action) in self.actions.iter().enumerate() {
            columns[k % cols] += action.current;
            power += volts[k / cols] * action.current;
        }
        (columns, power)
    }
}

/// What all cells do at a moment.
fn act(laws: &Laws, moment: &Moment, actions: &mut [Action]) {
    let cells = moment.volts.iter().zip(&moment.states).zip(&laws.of);
    for (action, ((v, s), kind)) in actions.iter_mut().zip(cells) {
        *action = laws.kinds[*kind].at(*v, *s);
    }
}

/// Largest difference; infinite where there is one that is no number.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    let mut largest = 0.0f64;
    for (a, b) in a.iter().zip(b) {
        let apart = (a - b).abs();
        if apart.is_nan() {
            return f64::INFINITY;
        }
        largest = largest.max(apart);
    }
    largest
}

/// Reads all images of a set through ideal wires: every cell follows its input alone, and 1 mohm or so between a column
/// and ground takes its share to first order, which leaves a relative error of its square.
///
/// # Errors
/// Images that do not fit the layout.
pub fn read_ideal(laws: &Laws, layout: Layout, set: &Dataset, read: Read) -> Result<Outcome, InferError> {
    super::check(set, layout.rows, layout.cols)?;
    // current and slope at rest of every kind at every grey value
    let at_rest: Vec<Vec<[f64; 2]>> = laws
        .kinds
        .par_iter()
        .map(|law| {
            let point = |pixel: u8| {
                let volts = read.volts(pixel);
                let Action { current, current_by, rate_by, .. } = law.at(volts, law.rest(volts));
                [current, current_by[0] - current_by[1] * rate_by[0] / rate_by[1]]
            };
            (0..=u8::MAX).map(point).collect()
        })
        .collect();
    let Layout { cols, sense, .. } = layout;
    let images: Vec<(Vec<f64>, f64)> = (0..set.len())
        .into_par_iter()
        .map(|k| {
            let (mut currents, mut slopes) = (vec![0.0; cols], vec![0.0; cols]);
            let mut power_of = vec![[0.0; 2]; cols];
            for (&pixel, kinds) in set.image(k).iter().zip(laws.of.chunks_exact(cols)) {
                for (j, &kind) in kinds.iter().enumerate() {
                    let [current, slope] = at_rest[kind][usize::from(pixel)];
                    currents[j] += current;
                    slopes[j] += slope;
                    power_of[j][0] += current * read.volts(pixel);
                    power_of[j][1] += slope * read.volts(pixel);
                }
            }
            let mut energy = 0.0;
            for ((current, slope), power) in currents.iter_mut().zip(&slopes).zip(&power_of) {
                *current /= 1.0 + slope * sense;
                energy += read.pulse * (power[0] - power[1] * *current * sense);
            }
            (currents, energy)
        })
        .collect();
    let mut all = Outcome { classes: cols, outputs: Vec::new(), energies: Vec::new() };
    for (outputs, energy) in images {
        all.outputs.extend(outputs);
        all.energies.push(energy);
    }
    Ok(all)
}
