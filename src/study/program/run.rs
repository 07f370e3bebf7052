//! The loop of programming: passes over the rows, rounds in a row, pulses of a round.
//!
//! pass:   read all rows; enter those that hold a cell which is not where it should be, in the order that was asked for
//! round:  read the row; every cell is given its next pulse or none; pulses of one sign and width are one phase
//! leave:  no cell of the row wants a pulse
//! Passes end when every cell is where it should be, nothing was done in a pass, or their number is used up.

use super::Pulse;
use super::levels::{Goals, Ladder};
use super::method::{Method, Progress};
use super::writer::{Reading, Writer};
use crate::study::{Context, StudyError};

/// How rows and cells follow each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// Most pulses of a cell in one pass.
    pub pulses: usize,
    /// Most passes.
    pub passes: usize,
    /// Rows with the farthest to go first, so that what is written already sees the fewest pulses; else by number.
    pub by_demand: bool,
    /// All cells of a row at once; else one after the other, the one with the farthest to go first.
    pub whole_rows: bool,
}

/// What became of one cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fate {
    /// S at the end.
    pub reading: Reading,
    /// Level by the verify read at the end.
    pub level: f64,
    /// The same when its row was left for the last time; NaN when it never was entered.
    pub left: f64,
    /// Pulses.
    pub progress: Progress,
}

/// What became of the array.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Row-major.
    pub cells: Vec<Fate>,
    /// Passes that were begun.
    pub passes: usize,
    /// Where it ended too early, in plain words.
    pub failure: Option<String>,
}

/// Programming in progress.
pub struct Programmer<'a, 'w> {
    /// Watch.
    pub context: Context<'a>,
    /// The array.
    pub writer: Writer<'w>,
    /// Levels.
    pub ladder: Ladder,
    /// Targets.
    pub goals: &'a Goals,
    /// Algorithm.
    pub method: &'a Method,
    /// Order and bounds.
    pub policy: Policy,
}

impl Programmer<'_, '_> {
    /// Programs the array.
    ///
    /// # Errors
    /// Interruption, and an array that cannot even be read. A pulse that fails ends the programming, and what was
    /// written before is kept.
    pub fn run(&mut self) -> Result<Outcome, StudyError> {
        let mut cells = Vec::with_capacity(self.goals.cells.len());
        for row in 0..self.goals.rows {
            let readings = self.writer.read(row)?;
            cells.extend(readings.into_iter().map(|reading| {
                let level = self.ladder.level(self.writer.judged(&reading));
                Fate { reading, level, left: f64::NAN, progress: Progress::default() }
            }));
        }
        let mut outcome = Outcome { cells, passes: 0, failure: None };
        while outcome.passes < self.policy.passes {
            let rows = self.order(&outcome.cells);
            if rows.is_empty() {
                break;
            }
            outcome.passes += 1;
            self.context.watch.expect(rows.len());
            let before: usize = pulses(&outcome.cells);
            match self.pass(&rows, &mut outcome.cells) {
                Err(error) if error.is_interruption() => return Err(StudyError::Interrupted),
                Err(error) => {
                    outcome.failure = Some(format!("pass {}: {error}", outcome.passes));
                    // the states are those before the step that failed
                    let _ = self.read_all(&mut outcome.cells);
                    break;
                }
                Ok(()) => self.read_all(&mut outcome.cells)?,
            }
            if pulses(&outcome.cells) == before {
                break;
            }
        }
        Ok(outcome)
    }

    fn cols(&self) -> usize {
        self.goals.cols
    }

    fn read_all(&mut self, cells: &mut [Fate]) -> Result<(), StudyError> {
        (0..self.goals.rows).try_for_each(|row| self.read(row, cells))
    }

    /// Brings the levels of a row up to date.
    fn read(&mut self, row: usize, cells: &mut [Fate]) -> Result<(), StudyError> {
        let readings = self.writer.read(row)?;
        for (fate, reading) in cells[row * self.cols()..].iter_mut().zip(readings) {
            fate.reading = reading;
            fate.level = self.ladder.level(self.writer.judged(&reading));
        }
        Ok(())
    }

    /// Rows that hold a cell which is not where it should be.
    fn order(&self, cells: &[Fate]) -> Vec<usize> {
        let row = |i: usize| (i * self.cols()..(i + 1) * self.cols()).map(|k| (&self.goals.cells[k], &cells[k]));
        let demand = |i: usize| row(i).map(|(goal, fate)| (goal.level - fate.level).abs()).sum::<f64>();
        let mut rows: Vec<(usize, f64)> = (0..self.goals.rows)
            .filter(|i| row(*i).any(|(goal, fate)| !goal.holds(fate.level)))
            .map(|i| (i, demand(i)))
            .collect();
        if self.policy.by_demand {
            rows.sort_by(|a, b| b.1.total_cmp(&a.1));
        }
        rows.into_iter().map(|(i, _)| i).collect()
    }

    fn pass(&mut self, rows: &[usize], cells: &mut [Fate]) -> Result<(), StudyError> {
        for &row in rows {
            self.visit(row, cells).map_err(|error| match error {
                error if error.is_interruption() => error,
                error => StudyError::request(format!("row {row}: {error}")),
            })?;
            self.context.watch.advance();
        }
        Ok(())
    }

    /// Rounds of one row, until no cell of it wants a pulse.
    fn visit(&mut self, row: usize, cells: &mut [Fate]) -> Result<(), StudyError> {
        let all = row * self.cols()..(row + 1) * self.cols();
        cells[all.clone()].iter_mut().for_each(|fate| fate.progress.enter());
        loop {
            self.context.check()?;
            self.read(row, cells)?;
            let mut wanted: Vec<(usize, Pulse, f64)> = Vec::new();
            for (j, fate) in cells[all.clone()].iter_mut().enumerate() {
                let goal = &self.goals.cells[all.start + j];
                let next = self.method.next(goal, fate.level, &mut fate.progress, self.policy.pulses);
                wanted.extend(next.map(|pulse| (j, pulse, (goal.level - fate.level).abs())));
            }
            if wanted.is_empty() {
                break;
            }
            for phase in self.phases(wanted) {
                self.writer.pulse(row, &phase)?;
            }
        }
        cells[all].iter_mut().for_each(|fate| fate.left = fate.level);
        Ok(())
    }

    /// Pulses that can be given together.
    fn phases(&self, mut wanted: Vec<(usize, Pulse, f64)>) -> Vec<Vec<(usize, Pulse)>> {
        if !self.policy.whole_rows {
            wanted.sort_by(|a, b| b.2.total_cmp(&a.2));
            return wanted.into_iter().map(|(j, pulse, _)| vec![(j, pulse)]).collect();
        }
        // the strongest of a phase comes first in it
        wanted.sort_by(|a, b| b.1.volts.abs().total_cmp(&a.1.volts.abs()));
        let mut phases: Vec<Vec<(usize, Pulse)>> = Vec::new();
        for (j, pulse, _) in wanted {
            let alike = |phase: &&mut Vec<(usize, Pulse)>| {
                let first = phase.first();
                first.is_some_and(|(_, p)| p.width == pulse.width && self.writer.are_compatible(p.volts, pulse.volts))
            };
            match phases.iter_mut().find(alike) {
                Some(phase) => phase.push((j, pulse)),
                None => phases.push(vec![(j, pulse)]),
            }
        }
        phases
    }
}

fn pulses(cells: &[Fate]) -> usize {
    cells.iter().map(|fate| fate.progress.pulses).sum()
}
