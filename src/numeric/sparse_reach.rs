//! Which entries elimination creates: the graph part of [`super::sparse`].
//!
//! Column k of L and U: the nonzeros of x = L^-1 a_k are the rows reachable from those of a_k in the graph of L, found
//! in topological order by depth-first search (Gilbert, Peierls 1988). The graph is pruned: once row and column of a
//! pivot meet in a column of L, later searches need only its rows pivotal by then (Eisenstat, Liu 1992).

use super::ordering::Ordering;
use super::pattern::Pattern;

const NONE: u32 = u32::MAX;

/// The graph of L while it grows.
#[derive(Debug)]
pub struct Reach {
    /// Step at which each original row is the pivot; [`u32::MAX`] before.
    step_of_row: Vec<u32>,
    /// Original row of each step.
    row_of_step: Vec<u32>,
    /// Original rows of each column of L, in an order that pruning changes.
    starts: Vec<usize>,
    rows: Vec<u32>,
    /// End of the searched part of each column.
    searched: Vec<usize>,
    is_pruned: Vec<bool>,
    /// Step of the last search that saw a row.
    seen: Vec<u32>,
    /// Steps found, last first.
    found: Vec<u32>,
    candidates: Vec<u32>,
    /// Depth-first stack: step and next entry of its column.
    stack: Vec<(u32, usize)>,
}

/// Patterns of the factors: steps of L (below) and of U (above) by columns.
#[derive(Debug)]
pub struct Prediction {
    /// Step at which each original row is the pivot.
    pub step_of_row: Vec<u32>,
    /// First entry of each column of L.
    pub lower_starts: Vec<usize>,
    /// Original rows of L.
    pub lower_rows: Vec<u32>,
    /// First entry of each column of U.
    pub upper_starts: Vec<usize>,
    /// Steps of U.
    pub upper_steps: Vec<u32>,
}

impl Reach {
    /// Before the first column of an n x n matrix.
    #[must_use]
    pub fn new(n: usize) -> Self {
        Self {
            step_of_row: vec![NONE; n],
            row_of_step: Vec::with_capacity(n),
            starts: vec![0],
            rows: Vec::new(),
            searched: Vec::with_capacity(n),
            is_pruned: vec![false; n],
            seen: vec![NONE; n],
            found: Vec::new(),
            candidates: Vec::new(),
            stack: Vec::new(),
        }
    }

    /// What elimination with exactly the preferred pivots fills in.
    #[must_use]
    pub fn predict(pattern: &Pattern, ordering: &Ordering) -> Prediction {
        let mut reach = Self::new(pattern.size());
        let mut upper_starts = vec![0];
        let mut upper_steps = Vec::new();
        for (&column, &row) in ordering.columns.iter().zip(&ordering.rows) {
            reach.search(pattern.column(column as usize));
            upper_steps.extend_from_slice(&reach.found);
            upper_starts.push(upper_steps.len());
            reach.eliminate(row);
        }
        let Self { step_of_row, starts, rows, .. } = reach;
        Prediction { step_of_row, lower_starts: starts, lower_rows: rows, upper_starts, upper_steps }
    }

    /// Finds the pattern of the next column from the rows of the matrix's.
    pub fn search(&mut self, rows: &[u32]) {
        let mark = self.row_of_step.len() as u32;
        self.found.clear();
        self.candidates.clear();
        for &row in rows {
            self.visit(row, mark);
            while let Some(top) = self.stack.last_mut() {
                let (step, entry) = *top;
                if entry < self.searched[step as usize] {
                    top.1 += 1;
                    self.visit(self.rows[entry], mark);
                } else {
                    self.found.push(step);
                    self.stack.pop();
                }
            }
        }
    }

    fn visit(&mut self, row: u32, mark: u32) {
        let seen = &mut self.seen[row as usize];
        if *seen == mark {
            return;
        }
        *seen = mark;
        match self.step_of_row[row as usize] {
            NONE => self.candidates.push(row),
            step => self.stack.push((step, self.starts[step as usize])),
        }
    }

    /// The steps found, each with its pivot row, in topological order.
    pub fn steps(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.found.iter().rev().map(|&step| (step, self.row_of_step[step as usize]))
    }

    /// The rows found that are not yet pivotal.
    #[must_use]
    pub fn candidates(&self) -> &[u32] {
        &self.candidates
    }

    /// True when `row` is among the candidates.
    #[must_use]
    pub fn is_candidate(&self, row: u32) -> bool {
        let mark = self.row_of_step.len() as u32;
        self.seen[row as usize] == mark && self.step_of_row[row as usize] == NONE
    }

    /// Makes `pivot_row` the pivot of this step and the other candidates its column of L.
    pub fn eliminate(&mut self, pivot_row: u32) {
        self.step_of_row[pivot_row as usize] = self.row_of_step.len() as u32;
        self.row_of_step.push(pivot_row);
        self.rows.extend(self.candidates.iter().filter(|&&row| row != pivot_row));
        self.starts.push(self.rows.len());
        self.searched.push(self.rows.len());
        self.prune(pivot_row);
    }

    /// Columns of this step's U whose L contains the pivot row: pivotal rows first, the search stops after them.
    fn prune(&mut self, pivot_row: u32) {
        for &step in &self.found {
            let step = step as usize;
            if self.is_pruned[step] {
                continue;
            }
            let rows = &mut self.rows[self.starts[step]..self.starts[step + 1]];
            if !rows.contains(&pivot_row) {
                continue;
            }
            let mut pivotal = 0;
            for entry in 0..rows.len() {
                if self.step_of_row[rows[entry] as usize] != NONE {
                    rows.swap(pivotal, entry);
                    pivotal += 1;
                }
            }
            self.searched[step] = self.starts[step] + pivotal;
            self.is_pruned[step] = true;
        }
    }

    /// Step at which each row is the pivot.
    #[must_use]
    pub fn into_steps(self) -> Vec<u32> {
        self.step_of_row
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Elimination of a boolean matrix, row by row: the definition.
    fn filled(pattern: &Pattern, ordering: &Ordering) -> Vec<Vec<bool>> {
        let n = pattern.size();
        let mut filled: Vec<Vec<bool>> = ordering
            .rows
            .iter()
            .map(|&r| ordering.columns.iter().map(|&c| pattern.position(r as usize, c as usize).is_some()).collect())
            .collect();
        for k in 0..n {
            let pivot_row = filled[k].clone();
            for row in filled[k + 1..].iter_mut().filter(|row| row[k]) {
                row[k + 1..].iter_mut().zip(&pivot_row[k + 1..]).for_each(|(entry, &pivot)| *entry |= pivot);
            }
        }
        filled
    }

    #[test]
    fn the_prediction_is_boolean_elimination() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        for n in 1..30u32 {
            let mut entries: Vec<(u32, u32)> = (0..n).map(|c| ((c + 2) % n, c)).collect();
            entries.extend((0..2 * n).map(|_| (rng.random_range(0..n), rng.random_range(0..n))));
            let (pattern, _) = Pattern::from_entries(n as usize, &entries);
            let ordering = Ordering::minimum_degree(&pattern);
            let expected = filled(&pattern, &ordering);
            let prediction = Reach::predict(&pattern, &ordering);
            let mut found = vec![vec![false; n as usize]; n as usize];
            for (k, &pivot_row) in ordering.rows.iter().enumerate() {
                assert_eq!(prediction.step_of_row[pivot_row as usize] as usize, k);
                found[k][k] = true;
                for &row in &prediction.lower_rows[prediction.lower_starts[k]..prediction.lower_starts[k + 1]] {
                    found[prediction.step_of_row[row as usize] as usize][k] = true;
                }
                for &step in &prediction.upper_steps[prediction.upper_starts[k]..prediction.upper_starts[k + 1]] {
                    found[step as usize][k] = true;
                }
            }
            assert!(found == expected, "n = {n}");
        }
    }
}
