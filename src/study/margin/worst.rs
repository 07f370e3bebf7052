//! The data that makes a margin smallest: a search over the states of all other cells.
//!
//! A cell that is flipped changes its current by dI at the voltage it sees, and with it the current out of the sensed bit
//! line by
//!
//! ```text
//! di = -lambda dI        lambda = d V_cell / d V_source, source of the sensed bit line
//! ```
//! to first order: networks of two-terminal cells are reciprocal, so what a cell does to the sense end is what the sense end
//! does to the cell. Two solves, the second with a little more at the source, give lambda of every cell at once. All cells
//! whose flip promises a smaller margin are flipped together, then the better half of them, and so on; what the circuit says
//! decides. Where no promise is kept (and from the beginning where cells have gates, which are not reciprocal), whole lines
//! are tried, all LRS, all HRS and turned over, which no single flip leads to, and then every cell by itself. The search
//! ends in a local optimum, where nothing of that helps, or when it has used up its evaluations, and says which. It
//! starts from the best of the patterns that are usual, so that it never does worse than those.
//!
//! Where lines are alike the places are pairs of classes of lines instead of cells, for several ways to part the lines into
//! classes: exact reads, and any size.

use std::collections::HashMap;

use super::super::StudyError;
use super::super::bench::Wanted;
use super::super::cell;
use super::super::pattern::{Choice, Classes, Pattern};
use super::super::read::{Ask, Reading};
use super::question::{Array, Pair};
use crate::plan::Signal;
use crate::result::report::Trust;

/// Change of the source for lambda, as a fraction of V.
const NUDGE: f64 = 1e-3;
/// A margin counts as smaller when it is so by this share: reads are good to 1e-9.
const SMALLER: f64 = 1e-7;
/// In an array of so many cells the search starts from all patterns that are usual,
const FEW: usize = 25;
/// in a larger one from so many of them, the best first.
const STARTS: usize = 3;
/// Evaluations, pairs of reads, for one aim: so many in all, divided by the cells,
const WORK: usize = 1_000_000;
/// but at least and at most so many.
const EVALUATIONS: (usize, usize) = (40, 2000);
/// Points of the curves of a cell, from 0 to V and from 0 to -V.
const CURVE_POINTS: usize = 33;

/// What a search found.
pub(super) struct Worst {
    /// Reads against the worst pattern.
    pub pair: Pair,
    /// The worst pattern.
    pub pattern: Pattern,
    /// The smallest LRS signal against any data.
    pub least: Reading,
    /// The largest HRS signal against any data.
    pub most: Reading,
    /// How far the search for the margin went.
    pub effort: Effort,
}

/// Pairs of reads of a search, and whether it ended by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effort {
    /// Pairs of reads.
    pub evaluations: usize,
    /// No flip of a cell or of a line makes the margin smaller; else the search was stopped.
    pub optimal: bool,
}

impl std::fmt::Display for Effort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", if self.optimal { "local optimum of" } else { "stopped at" }, self.evaluations)
    }
}

/// What is made small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aim {
    Margin,
    /// The signal of an LRS read.
    Least,
    /// That of an HRS read, with a minus.
    Most,
}

/// A pattern on a board, read both ways.
#[derive(Clone)]
struct Trial {
    states: Vec<bool>,
    pair: Pair,
    /// V of every place in the HRS and the LRS read.
    across: [Vec<f64>; 2],
}

/// Places with a state each: cells, or pairs of classes of lines.
enum Board {
    Cells {
        near: [Vec<f64>; 2],
    },
    /// So few places that the same states come up again and again.
    Classes {
        classes: Classes,
        seen: HashMap<Vec<bool>, Trial>,
    },
}

/// Looks for the worst data of an array.
pub(super) fn search(array: &Array, trust: &mut Trust) -> Result<Worst, StudyError> {
    let layout = &array.layout;
    let mut near = Vec::new();
    let mut known: Vec<(Pattern, Pair)> = Vec::new();
    for pattern in distinct(layout.rows, layout.cols) {
        let pair = array.read(&pattern, &mut near, trust)?;
        known.push((pattern, pair));
    }
    // among equals the first: rounding names no pattern
    let best = |aim: Aim| {
        let better = |a: &'_ (Pattern, Pair), b: &'_ (Pattern, Pair)| {
            is_smaller(value(array, aim, &b.1), value(array, aim, &a.1))
        };
        known.iter().reduce(|a, b| if better(a, b) { b } else { a }).cloned()
    };
    let (Some(mut worst), Some(mut least), Some(mut most)) = (best(Aim::Margin), best(Aim::Least), best(Aim::Most))
    else {
        return Err(StudyError::request("there is no pattern to read against"));
    };
    // a transistor is not reciprocal, and its cell has no curve of its own
    let curves = if array.reader.cell.gate().is_none() { Some(Curves::measure(array)?) } else { None };
    let mut effort = Effort { evaluations: known.len(), optimal: true };
    for mut board in boards(array) {
        for (aim, found) in [(Aim::Margin, &mut worst), (Aim::Least, &mut least), (Aim::Most, &mut most)] {
            let mut hunt = Hunt::new(array, curves.as_ref(), &board, &mut *trust);
            for pattern in starts(array, &board, aim, &known, &found.0) {
                let Some(states) = board.states(&pattern, array)? else { continue };
                if hunt.is_spent() {
                    break;
                }
                let start = hunt.read(&mut board, states)?;
                let end = hunt.descend(&mut board, start, aim)?;
                if is_smaller(value(array, aim, &end.pair), value(array, aim, &found.1)) {
                    *found = (board.pattern(array, &end.states), end.pair);
                }
            }
            if aim == Aim::Margin {
                effort.evaluations += hunt.evaluations;
                effort.optimal &= !hunt.is_spent();
            }
        }
    }
    Ok(Worst { pair: worst.1, pattern: worst.0, least: least.1.lrs, most: most.1.hrs, effort })
}

/// What was found so far, then the usual patterns, the best first: whole blocks may have to change at once, which no
/// descent sees.
fn starts(array: &Array, board: &Board, aim: Aim, known: &[(Pattern, Pair)], found: &Pattern) -> Vec<Pattern> {
    let mut further: Vec<(&Pattern, f64)> =
        known.iter().filter(|(p, _)| p != found).map(|(p, pair)| (p, value(array, aim, pair))).collect();
    further.sort_by(|a, b| a.1.total_cmp(&b.1));
    let count = match board {
        Board::Classes { .. } => 0,
        Board::Cells { .. } if board.places(array) <= FEW => further.len(),
        Board::Cells { .. } => STARTS - 1,
    };
    let further = further.into_iter().take(count).map(|(pattern, _)| pattern.clone());
    std::iter::once(found.clone()).chain(further).collect()
}

/// The usual patterns, as far as they differ in an array of this size.
fn distinct(rows: usize, cols: usize) -> Vec<Pattern> {
    let mut seen = Vec::new();
    let mut fresh = |pattern: &Pattern| {
        let classes = pattern.classes(rows, cols);
        let fresh = classes.is_none() || !seen.contains(&classes);
        seen.push(classes);
        fresh
    };
    Choice::Worst.candidates().into_iter().filter(|pattern| fresh(pattern)).collect()
}

/// The boards to search on.
fn boards(array: &Array) -> Vec<Board> {
    if !array.symmetric {
        return vec![Board::Cells { near: [Vec::new(), Vec::new()] }];
    }
    let parts = |lines: usize| {
        let others = lines - 1;
        let mut counts: Vec<Vec<usize>> =
            vec![vec![1, 1, others.saturating_sub(1)], vec![1, others / 2, others - others / 2]];
        counts.dedup();
        counts.into_iter().map(|c| c.into_iter().filter(|n| *n > 0).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let cols = parts(array.layout.cols);
    let both = parts(array.layout.rows).into_iter().flat_map(|r| cols.iter().map(move |c| (r.clone(), c.clone())));
    let classes =
        |(rows, cols): (Vec<usize>, Vec<usize>)| Classes { lrs: vec![true; rows.len() * cols.len()], rows, cols };
    both.map(|lines| Board::Classes { classes: classes(lines), seen: HashMap::new() }).collect()
}

impl Board {
    fn places(&self, array: &Array) -> usize {
        match self {
            Self::Cells { .. } => array.layout.rows * array.layout.cols,
            Self::Classes { classes, .. } => classes.lrs.len(),
        }
    }

    fn selected(&self, array: &Array) -> usize {
        match self {
            Self::Cells { .. } => array.layout.selected.0 * array.layout.cols + array.layout.selected.1,
            Self::Classes { .. } => 0,
        }
    }

    /// Number of cells at a place.
    #[allow(clippy::cast_precision_loss, reason = "counts of cells are far below 2^53")]
    fn cells(&self, place: usize) -> f64 {
        match self {
            Self::Cells { .. } => 1.0,
            Self::Classes { classes: c, .. } => {
                c.rows[place / c.cols.len()] as f64 * c.cols[place % c.cols.len()] as f64
            }
        }
    }

    /// The places of every line but the selected ones, those on the selected lines included.
    fn lines(&self, array: &Array) -> Vec<Vec<usize>> {
        let (rows, cols, (row, col)) = match self {
            Self::Cells { .. } => (array.layout.rows, array.layout.cols, array.layout.selected),
            Self::Classes { classes: c, .. } => (c.rows.len(), c.cols.len(), (0, 0)),
        };
        let along = |i: usize| (0..cols).map(|j| i * cols + j).collect::<Vec<_>>();
        let across = |j: usize| (0..rows).map(|i| i * cols + j).collect::<Vec<_>>();
        let rows = (0..rows).filter(|i| *i != row).map(along);
        rows.chain((0..cols).filter(|j| *j != col).map(across)).collect()
    }

    /// A pattern on this board; `None` when it has no place for it.
    fn states(&self, pattern: &Pattern, array: &Array) -> Result<Option<Vec<bool>>, StudyError> {
        Ok(match (self, pattern) {
            (Self::Cells { .. }, _) => Some(array.layout.states(pattern, true)?),
            (Self::Classes { classes: c, .. }, Pattern::Blocks { row, column, rest }) => {
                let block = |k: usize| match (k / c.cols.len(), k % c.cols.len()) {
                    (0, _) => *row,
                    (_, 0) => *column,
                    _ => *rest,
                };
                Some((0..c.lrs.len()).map(block).collect())
            }
            (Self::Classes { classes: c, .. }, Pattern::Classes(own))
                if (&own.rows, &own.cols) == (&c.rows, &c.cols) =>
            {
                Some(own.lrs.clone())
            }
            (Self::Classes { .. }, _) => None,
        })
    }

    fn pattern(&self, array: &Array, states: &[bool]) -> Pattern {
        match self {
            Self::Cells { .. } => {
                Pattern::Cells { rows: array.layout.rows, cols: array.layout.cols, cells: states.to_vec() }
            }
            Self::Classes { classes, .. } => Pattern::Classes(Classes { lrs: states.to_vec(), ..classes.clone() }),
        }
    }

    /// One read, with the voltages of all places.
    fn read(
        &mut self,
        array: &Array,
        states: &[bool],
        lrs: bool,
        nudge: f64,
    ) -> Result<(Reading, Vec<f64>), StudyError> {
        let ask = Ask { nudge, ..array.ask };
        let mut states = states.to_vec();
        let selected = self.selected(array);
        states[selected] = lrs;
        match self {
            Self::Cells { near } => {
                let near = &mut near[usize::from(lrs)];
                array.reader.with_voltages(array.context, &ask, &array.layout, &states, near)
            }
            Self::Classes { classes, .. } => {
                let classes = Classes { lrs: states, ..classes.clone() };
                array.reader.by_symmetry(array.context, &ask, &classes, lrs)
            }
        }
    }
}

fn value(array: &Array, aim: Aim, pair: &Pair) -> f64 {
    match aim {
        Aim::Margin => array.judge.margin(&pair.lrs, &pair.hrs),
        Aim::Least => array.judge.signal(&pair.lrs),
        Aim::Most => -array.judge.signal(&pair.hrs),
    }
}

fn is_smaller(a: f64, b: f64) -> bool {
    a < b - SMALLER * b.abs() - f64::MIN_POSITIVE
}

/// A search on its way.
struct Hunt<'a, 'b, 'd> {
    array: &'a Array<'b, 'd>,
    /// Of the cell alone, where the network is reciprocal.
    curves: Option<&'a Curves>,
    trust: &'a mut Trust,
    evaluations: usize,
    most: usize,
}

impl<'a, 'b, 'd> Hunt<'a, 'b, 'd> {
    fn new(array: &'a Array<'b, 'd>, curves: Option<&'a Curves>, board: &Board, trust: &'a mut Trust) -> Self {
        let most = (WORK / board.places(array).max(1)).clamp(EVALUATIONS.0, EVALUATIONS.1);
        Self { array, curves, trust, evaluations: 0, most }
    }

    fn is_spent(&self) -> bool {
        self.evaluations >= self.most
    }

    fn read(&mut self, board: &mut Board, mut states: Vec<bool>) -> Result<Trial, StudyError> {
        self.array.context.check()?;
        // the selected cell is read in both states
        states[board.selected(self.array)] = true;
        if let Board::Classes { seen, .. } = &*board
            && let Some(trial) = seen.get(&states)
        {
            return Ok(trial.clone());
        }
        self.evaluations += 1;
        let mut one = |lrs: bool| {
            let found = board.read(self.array, &states, lrs, 0.0)?;
            self.trust.add(&found.0.stats);
            Ok::<_, StudyError>(found)
        };
        let ((hrs, in_hrs), (lrs, in_lrs)) = (one(false)?, one(true)?);
        let reduced = matches!(board, Board::Classes { .. });
        let trial = Trial { states, pair: Pair { lrs, hrs, reduced }, across: [in_hrs, in_lrs] };
        if let Board::Classes { seen, .. } = board {
            seen.insert(trial.states.clone(), trial.clone());
        }
        Ok(trial)
    }

    fn descend(&mut self, board: &mut Board, start: Trial, aim: Aim) -> Result<Trial, StudyError> {
        let mut here = start;
        while !self.is_spent() {
            match self.step(board, &here, aim)? {
                Some(better) => here = better,
                None => break,
            }
        }
        Ok(here)
    }

    /// The first trial that makes the aim smaller: all promising flips, the better half of them, .., one; whole lines; any
    /// cell.
    fn step(&mut self, board: &mut Board, here: &Trial, aim: Aim) -> Result<Option<Trial>, StudyError> {
        let order = self.promising(board, here, aim)?;
        let halves = std::iter::successors(Some(order.len()), |n| Some(n / 2)).take_while(|n| *n > 0);
        let together = halves.map(|count| flip(&here.states, &order[..count]));
        if let Some(better) = self.first_better(board, here, aim, together)? {
            return Ok(Some(better));
        }
        let lines = board.lines(self.array).into_iter().flat_map(|line| {
            let level = |lrs: bool| {
                let mut states = here.states.clone();
                line.iter().for_each(|&k| states[k] = lrs);
                states
            };
            [level(true), level(false), flip(&here.states, &line)]
        });
        if let Some(better) = self.first_better(board, here, aim, lines)? {
            return Ok(Some(better));
        }
        // what promised most comes first; the best one by itself has been tried
        let selected = board.selected(self.array);
        let others = (0..here.states.len()).filter(|k| *k != selected && !order.contains(k));
        let singles = order.iter().skip(1).copied().chain(others).map(|k| flip(&here.states, &[k]));
        self.first_better(board, here, aim, singles)
    }

    fn first_better(
        &mut self,
        board: &mut Board,
        here: &Trial,
        aim: Aim,
        trials: impl Iterator<Item = Vec<bool>>,
    ) -> Result<Option<Trial>, StudyError> {
        for states in trials {
            if self.is_spent() {
                break;
            }
            if states == here.states {
                continue;
            }
            let trial = self.read(board, states)?;
            if is_smaller(value(self.array, aim, &trial.pair), value(self.array, aim, &here.pair)) {
                return Ok(Some(trial));
            }
        }
        Ok(None)
    }

    /// Places whose flip lowers the aim to first order, the best first.
    fn promising(&mut self, board: &mut Board, here: &Trial, aim: Aim) -> Result<Vec<usize>, StudyError> {
        let Some(curves) = self.curves else { return Ok(Vec::new()) };
        let weights = self.weights(aim, &here.pair);
        let mut change = vec![0.0; here.states.len()];
        let source = NUDGE * self.array.reader.volts;
        for (k, weight) in weights.into_iter().enumerate().filter(|(_, weight)| *weight != 0.0) {
            let (reading, nudged) = board.read(self.array, &here.states, k == 1, NUDGE)?;
            self.trust.add(&reading.stats);
            for (place, total) in change.iter_mut().enumerate() {
                let volts = here.across[k][place];
                let lambda = (nudged[place] - volts) / source;
                *total -= weight * lambda * board.cells(place) * curves.change(volts, !here.states[place]);
            }
        }
        let selected = board.selected(self.array);
        let mut order: Vec<usize> = (0..change.len()).filter(|&k| k != selected && change[k] < 0.0).collect();
        order.sort_by(|&a, &b| change[a].total_cmp(&change[b]).then(a.cmp(&b)));
        Ok(order)
    }

    /// Derivatives of the aim by the currents out of the bit line in the HRS and the LRS read.
    fn weights(&self, aim: Aim, pair: &Pair) -> [f64; 2] {
        let Array { judge, reader, .. } = self.array;
        let (low, high) = (judge.signal(&pair.lrs), judge.signal(&pair.hrs));
        let of_signal = match aim {
            Aim::Least => [0.0, 1.0],
            Aim::Most => [-1.0, 0.0],
            Aim::Margin if judge.loaded => [-1.0 / judge.volts, 1.0 / judge.volts],
            Aim::Margin => [-1.0 / low, high / (low * low)],
        };
        let of_current = judge.sign * if judge.loaded { reader.load + reader.driver } else { 1.0 };
        of_signal.map(|weight| weight * of_current)
    }
}

/// The states with these places turned over.
fn flip(states: &[bool], places: &[usize]) -> Vec<bool> {
    let mut states = states.to_vec();
    places.iter().for_each(|&k| states[k] = !states[k]);
    states
}

/// Currents of the cell alone in both states.
struct Curves {
    volts: Vec<f64>,
    /// HRS, LRS.
    amps: [Vec<f64>; 2],
}

impl Curves {
    /// From 0 up and from 0 down, so that a selector that snaps starts from its off state.
    #[allow(clippy::cast_precision_loss, reason = "few points")]
    fn measure(array: &Array) -> Result<Self, StudyError> {
        let top = array.reader.volts;
        let grid = |sign: f64| {
            (0..CURVE_POINTS).map(|k| sign * top * k as f64 / (CURVE_POINTS - 1) as f64).collect::<Vec<_>>()
        };
        let branch = |lrs: bool, sign: f64| {
            let lines = cell::single_lines(&array.reader.cell, 0.0, lrs);
            let wanted = Wanted { signals: vec![Signal::Current("v1".to_owned())], ..Wanted::default() };
            let bench = array.context.definitions.bench(&lines)?;
            let mut solution = bench.sweep("v1", grid(sign), &wanted, array.context.watch)?;
            let amps: Vec<f64> = solution.values.swap_remove(0).into_iter().map(|i| -i).collect();
            Ok::<_, StudyError>(amps)
        };
        let both = |lrs: bool| {
            let mut amps = branch(lrs, -1.0)?;
            amps.reverse();
            amps.extend(branch(lrs, 1.0)?.into_iter().skip(1));
            Ok::<_, StudyError>(amps)
        };
        let mut volts = grid(-1.0);
        volts.reverse();
        volts.extend(grid(1.0).into_iter().skip(1));
        Ok(Self { volts, amps: [both(false)?, both(true)?] })
    }

    /// Change of the current at a voltage when a cell goes into a state, in A.
    fn change(&self, volts: f64, to_lrs: bool) -> f64 {
        let k = self.volts.partition_point(|v| *v <= volts).clamp(1, self.volts.len() - 1);
        let share = (volts - self.volts[k - 1]) / (self.volts[k] - self.volts[k - 1]);
        let at = |amps: &[f64]| amps[k - 1] + share * (amps[k] - amps[k - 1]);
        let difference = at(&self.amps[1]) - at(&self.amps[0]);
        if to_lrs { difference } else { -difference }
    }
}
