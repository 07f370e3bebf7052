//! The pivot search of [`super::sparse`]: left-looking elimination with symbolic reach and threshold pivoting.
//!
//! Column k: the nonzeros of x = L^-1 a_k are the rows reachable from those of a_k in the graph of L, in topological
//! order of a depth-first search (Gilbert, Peierls 1988). The graph is pruned: once row and column of a pivot meet
//! in a column of L, later searches need only its rows pivotal by then (Eisenstat, Liu 1992).

use super::ordering::Ordering;
use super::pattern::Pattern;
use super::scalar::Scalar;
use super::sparse::{PivotRule, Singular, SingularCause};

const NONE: u32 = u32::MAX;

/// A triangle by columns, rows in order of discovery.
#[derive(Debug)]
pub struct Columns<T> {
    /// First entry of each column.
    pub starts: Vec<usize>,
    /// L: original rows. U: steps.
    pub rows: Vec<u32>,
    /// Values.
    pub values: Vec<T>,
}

impl<T> Columns<T> {
    fn with_capacity(n: usize, entries: usize) -> Self {
        let mut starts = Vec::with_capacity(n + 1);
        starts.push(0);
        Self { starts, rows: Vec::with_capacity(entries), values: Vec::with_capacity(entries) }
    }
}

/// Result of the search.
#[derive(Debug)]
pub struct Searched<T> {
    /// Step at which each original row was the pivot.
    pub step_of_row: Vec<u32>,
    /// L without its unit diagonal.
    pub lower: Columns<T>,
    /// U without its diagonal.
    pub upper: Columns<T>,
    /// Diagonal of U.
    pub pivots: Vec<T>,
}

/// State of the search.
pub struct Search<T> {
    out: Searched<T>,
    /// Original row of each step.
    row_of_step: Vec<u32>,
    /// End of the searched part of each column of L.
    pruned: Vec<usize>,
    is_pruned: Vec<bool>,
    /// Step of the last search that saw a row.
    seen: Vec<u32>,
    x: Vec<T>,
    /// Steps in topological order, last first.
    reach: Vec<u32>,
    /// Rows not yet pivotal.
    candidates: Vec<u32>,
    /// Depth-first stack: step and next entry of its column.
    stack: Vec<(u32, usize)>,
}

impl<T: Scalar> Search<T> {
    /// Factors the matrix with these (scaled) values.
    ///
    /// # Errors
    /// [`Singular`] when a column has no pivot left.
    pub fn run(
        pattern: &Pattern,
        ordering: &Ordering,
        values: &[T],
        rule: &PivotRule,
    ) -> Result<Searched<T>, Singular> {
        let n = pattern.size();
        let mut search = Self {
            out: Searched {
                step_of_row: vec![NONE; n],
                lower: Columns::with_capacity(n, 4 * pattern.nonzeros()),
                upper: Columns::with_capacity(n, 4 * pattern.nonzeros()),
                pivots: Vec::with_capacity(n),
            },
            row_of_step: Vec::with_capacity(n),
            pruned: Vec::with_capacity(n),
            is_pruned: vec![false; n],
            seen: vec![NONE; n],
            x: vec![T::ZERO; n],
            reach: Vec::new(),
            candidates: Vec::new(),
            stack: Vec::new(),
        };
        for (&column, &preferred) in ordering.columns.iter().zip(&ordering.rows) {
            let range = pattern.range(column as usize);
            search.find_reach(pattern.column(column as usize));
            let largest = search.eliminate(pattern.column(column as usize), &values[range]);
            let row = search.choose_pivot(preferred, largest, rule).ok_or(Singular {
                unknown: column,
                equation: preferred,
                cause: SingularCause::Values,
            })?;
            search.store(row);
            search.prune(row);
        }
        Ok(search.out)
    }

    fn find_reach(&mut self, rows: &[u32]) {
        let mark = self.row_of_step.len() as u32;
        self.reach.clear();
        self.candidates.clear();
        for &row in rows {
            self.visit(row, mark);
            while let Some(top) = self.stack.last_mut() {
                let (step, entry) = *top;
                if entry < self.pruned[step as usize] {
                    top.1 += 1;
                    self.visit(self.out.lower.rows[entry], mark);
                } else {
                    self.reach.push(step);
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
        match self.out.step_of_row[row as usize] {
            NONE => self.candidates.push(row),
            step => self.stack.push((step, self.out.lower.starts[step as usize])),
        }
    }

    /// x = L^-1 a on the reach, its upper part moved to U; the largest magnitude of a.
    fn eliminate(&mut self, rows: &[u32], values: &[T]) -> f64 {
        let Self { out: Searched { lower, upper, .. }, x, .. } = self;
        let mut largest = 0.0f64;
        for (&row, &value) in rows.iter().zip(values) {
            x[row as usize] = value;
            largest = largest.max(value.magnitude());
        }
        for &step in self.reach.iter().rev() {
            let value = std::mem::take(&mut x[self.row_of_step[step as usize] as usize]);
            upper.rows.push(step);
            upper.values.push(value);
            if value != T::ZERO {
                let range = lower.starts[step as usize]..lower.starts[step as usize + 1];
                for (&row, &l) in lower.rows[range.clone()].iter().zip(&lower.values[range]) {
                    x[row as usize] -= l * value;
                }
            }
        }
        largest
    }

    /// The preferred row when it is large enough, else the largest, the lowest row among equals.
    fn choose_pivot(&self, preferred: u32, column_largest: f64, rule: &PivotRule) -> Option<u32> {
        let size = |row: u32| self.x[row as usize].magnitude();
        let largest = self.candidates.iter().map(|&row| size(row)).fold(0.0, f64::max);
        // written so that NaN fails
        if !(largest > rule.vanishing * column_largest) || !largest.is_finite() {
            return None;
        }
        let mark = self.row_of_step.len() as u32;
        let available = self.seen[preferred as usize] == mark && self.out.step_of_row[preferred as usize] == NONE;
        if available && size(preferred) >= rule.relative * largest {
            return Some(preferred);
        }
        self.candidates.iter().copied().filter(|&row| size(row) == largest).min()
    }

    fn store(&mut self, pivot_row: u32) {
        let Self { out: Searched { step_of_row, lower, upper, pivots }, x, .. } = self;
        let pivot = std::mem::take(&mut x[pivot_row as usize]);
        step_of_row[pivot_row as usize] = self.row_of_step.len() as u32;
        self.row_of_step.push(pivot_row);
        pivots.push(pivot);
        for &row in self.candidates.iter().filter(|&&row| row != pivot_row) {
            lower.rows.push(row);
            lower.values.push(std::mem::take(&mut x[row as usize]) / pivot);
        }
        lower.starts.push(lower.rows.len());
        upper.starts.push(upper.rows.len());
        self.pruned.push(lower.rows.len());
    }

    /// Columns of this step's U whose L contains the pivot row: pivotal rows first, the search stops after them.
    fn prune(&mut self, pivot_row: u32) {
        let Searched { step_of_row, lower, .. } = &mut self.out;
        for &step in &self.reach {
            let step = step as usize;
            let (start, end) = (lower.starts[step], lower.starts[step + 1]);
            if self.is_pruned[step] || !lower.rows[start..end].contains(&pivot_row) {
                continue;
            }
            let mut head = start;
            for entry in start..end {
                if step_of_row[lower.rows[entry] as usize] != NONE {
                    lower.rows.swap(head, entry);
                    lower.values.swap(head, entry);
                    head += 1;
                }
            }
            self.pruned[step] = head;
            self.is_pruned[step] = true;
        }
    }
}
