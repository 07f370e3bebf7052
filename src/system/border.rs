//! The circuit around the arrays: what is left of the general part when the line nodes are taken out.
//!
//! With L the line nodes and B everything else around the arrays,
//!
//! ```text
//! [ A_LL  A_LB ] [y_L]   [b_L]
//! [ A_BL  A_BB ] [y_B] = [b_B]      S = A_LL - A_LB A_BB^-1 A_BL
//! ```
//!
//! A_BB is sparse and small and has an LU of its own. Drivers, ammeters, sense resistors and amplifiers of single lines
//! fall apart into components that touch one line node each: there S differs from A_LL by one diagonal entry, an extra
//! leak, and the structure of the lines is untouched. What a source holds takes no part in the coupling: rows with a
//! single unknown are peeled off first, and so are unknowns that a single row needs (the current of that source).
//! Components that touch several line nodes are *wide*; they are left to an outer iteration.

use super::general::General;
use crate::numeric::pattern::Pattern;
use crate::numeric::sparse::{PivotRule, SparseLu};

/// A matrix entry between a line node (its compact number) and a border unknown.
#[derive(Debug, Clone, Copy)]
struct Link {
    line: u32,
    /// The same node in the circuit.
    unknown: u32,
    border: u32,
    position: u32,
}

/// Structure and factors of the border.
pub struct Border {
    /// General number of every border unknown.
    numbers: Vec<u32>,
    lu: SparseLu,
    /// (position in the general matrix, position in the border values).
    inside: Vec<(u32, u32)>,
    values: Vec<f64>,
    /// A_LB by line, A_BL by border row.
    into_line: Vec<Link>,
    from_line: Vec<Link>,
    /// Diagonal entries of touched line nodes: (line, position).
    diagonal: Vec<(u32, u32)>,
    /// Entries between two line nodes: (row, column, position).
    direct: Vec<(u32, u32, u32)>,
    /// Line nodes of wide components, and what their leaks got from [`Border::factor`].
    wide: Vec<u32>,
    added: Vec<f64>,
    work: Vec<f64>,
}

/// No entry.
const NONE: u32 = u32::MAX;
/// Wide line nodes whose own diagonal entry of S is still worth a solve each.
const WIDE_DIAGONALS: usize = 256;

impl Border {
    /// Splits the general pattern; `compact` gives the compact number of a line node by general number.
    #[must_use]
    pub fn new(general: &General, compact: &[u32], rule: PivotRule) -> Self {
        let n = general.ids.len();
        let mut border_of = vec![NONE; n];
        let mut numbers = Vec::new();
        for k in 0..n {
            if compact[k] == NONE {
                border_of[k] = numbers.len() as u32;
                numbers.push(k as u32);
            }
        }
        let mut entries = Vec::new();
        let mut sources = Vec::new();
        let (mut into_line, mut from_line, mut diagonal, mut direct) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for col in 0..n {
            for k in general.pattern.range(col) {
                let row = general.pattern.rows()[k] as usize;
                let position = k as u32;
                match (compact[row], compact[col]) {
                    (NONE, NONE) => {
                        entries.push((border_of[row], border_of[col]));
                        sources.push(position);
                    }
                    (line, NONE) => {
                        into_line.push(Link { line, unknown: general.ids[row], border: border_of[col], position });
                    }
                    (NONE, line) => {
                        from_line.push(Link { line, unknown: general.ids[col], border: border_of[row], position });
                    }
                    (row, col) if row == col => diagonal.push((row, position)),
                    (row, col) => direct.push((row, col, position)),
                }
            }
        }
        let (pattern, positions) = Pattern::from_entries(numbers.len(), &entries);
        let mut lu = SparseLu::analyse(&pattern);
        lu.set_rule(rule);
        let wide = wide_lines(numbers.len(), &entries, &into_line, &from_line);
        Self {
            inside: sources.into_iter().zip(positions).collect(),
            values: vec![0.0; pattern.value_len()],
            work: vec![0.0; numbers.len()],
            lu,
            numbers,
            into_line,
            from_line,
            diagonal,
            direct,
            added: vec![0.0; wide.len()],
            wide,
        }
    }

    /// Does anything couple line nodes beyond the arrays themselves?
    #[must_use]
    pub fn is_wide(&self) -> bool {
        !self.wide.is_empty() || !self.direct.is_empty()
    }

    /// Factors A_BB and hands out the diagonal of S, beyond the arrays' own: leaks to add, by compact number.
    ///
    /// # Errors
    /// The general number of the unknown whose pivot vanished.
    pub fn factor(&mut self, values: &[f64], mut tie: impl FnMut(u32, f64)) -> Result<(), usize> {
        self.values.fill(0.0);
        for &(from, to) in &self.inside {
            self.values[to as usize] += values[from as usize];
        }
        self.lu.factor(&self.values).map_err(|s| self.numbers.get(s.unknown as usize).map_or(0, |&k| k as usize))?;
        self.added.fill(0.0);
        for &(line, position) in &self.diagonal {
            tie(line, values[position as usize]);
            if let Ok(k) = self.wide.binary_search(&line) {
                self.added[k] += values[position as usize];
            }
        }
        // components of single lines do not meet: one solve serves all of them
        let mut together = vec![0.0; self.numbers.len()];
        for link in &self.from_line {
            if self.wide.binary_search(&link.line).is_err() {
                together[link.border as usize] += values[link.position as usize];
            }
        }
        self.lu.solve(&mut together);
        for link in &self.into_line {
            if self.wide.binary_search(&link.line).is_err() {
                tie(link.line, -(values[link.position as usize] * together[link.border as usize]));
            }
        }
        if self.wide.len() <= WIDE_DIAGONALS {
            for k in 0..self.wide.len() {
                let line = self.wide[k];
                let leak = -self.seen_from(line, values);
                tie(line, leak);
                self.added[k] += leak;
            }
        }
        Ok(())
    }

    /// (A_LB A_BB^-1 A_BL) at one line node.
    fn seen_from(&mut self, line: u32, values: &[f64]) -> f64 {
        let mut column = vec![0.0; self.numbers.len()];
        for link in self.from_line.iter().filter(|l| l.line == line) {
            column[link.border as usize] += values[link.position as usize];
        }
        self.lu.solve(&mut column);
        let own = self.into_line.iter().filter(|l| l.line == line);
        own.map(|l| values[l.position as usize] * column[l.border as usize]).sum()
    }

    /// What wide components and direct entries add to S x beyond the leaks given by [`Border::factor`]: y += (S - A) x.
    pub fn add_coupling(&mut self, values: &[f64], x: &[f64], y: &mut [f64]) {
        for &(row, col, position) in &self.direct {
            y[row as usize] += values[position as usize] * x[col as usize];
        }
        let mut z = vec![0.0; self.numbers.len()];
        for link in self.from_line.iter().filter(|l| self.wide.binary_search(&l.line).is_ok()) {
            z[link.border as usize] += values[link.position as usize] * x[link.line as usize];
        }
        self.lu.solve(&mut z);
        for link in self.into_line.iter().filter(|l| self.wide.binary_search(&l.line).is_ok()) {
            y[link.line as usize] -= values[link.position as usize] * z[link.border as usize];
        }
        // the leak holds this already, once
        for (&line, added) in self.wide.iter().zip(&self.added) {
            y[line as usize] -= added * x[line as usize];
        }
        for &(line, position) in &self.diagonal {
            if self.wide.binary_search(&line).is_ok() {
                y[line as usize] += values[position as usize] * x[line as usize];
            }
        }
    }

    /// b_L -= A_LB A_BB^-1 b_B in a vector of the circuit's unknowns.
    pub fn reduce(&mut self, general: &General, b: &mut [f64]) {
        self.read(general, b);
        self.lu.solve(&mut self.work);
        for link in &self.into_line {
            b[link.unknown as usize] -= general.matrix[link.position as usize] * self.work[link.border as usize];
        }
    }

    /// y_B = A_BB^-1 (b_B - A_BL y_L) in a vector that holds b_B and y_L.
    pub fn expand(&mut self, general: &General, b: &mut [f64]) {
        self.read(general, b);
        for link in &self.from_line {
            self.work[link.border as usize] -= general.matrix[link.position as usize] * b[link.unknown as usize];
        }
        self.lu.solve(&mut self.work);
        for (value, &k) in self.work.iter().zip(&self.numbers) {
            b[general.ids[k as usize] as usize] = *value;
        }
    }

    fn read(&mut self, general: &General, b: &[f64]) {
        for (w, &k) in self.work.iter_mut().zip(&self.numbers) {
            *w = b[general.ids[k as usize] as usize];
        }
    }
}

/// Line nodes in components that touch more than one of them, sorted.
fn wide_lines(n: usize, entries: &[(u32, u32)], into_line: &[Link], from_line: &[Link]) -> Vec<u32> {
    let (row_gone, column_gone) = peel(n, entries, into_line, from_line);
    // rows are 0..n, columns n..2n
    let mut parent: Vec<u32> = (0..2 * n as u32).collect();
    fn root(parent: &mut [u32], mut k: u32) -> u32 {
        while parent[k as usize] != k {
            parent[k as usize] = parent[parent[k as usize] as usize];
            k = parent[k as usize];
        }
        k
    }
    for &(row, col) in entries {
        if !row_gone[row as usize] && !column_gone[col as usize] {
            let (a, b) = (root(&mut parent, row), root(&mut parent, col + n as u32));
            parent[a.max(b) as usize] = a.min(b);
        }
    }
    let mut touches: Vec<(u32, u32)> = Vec::new();
    for link in into_line.iter().filter(|l| !column_gone[l.border as usize]) {
        touches.push((root(&mut parent, link.border + n as u32), link.line));
    }
    for link in from_line.iter().filter(|l| !row_gone[l.border as usize]) {
        touches.push((root(&mut parent, link.border), link.line));
    }
    touches.sort_unstable();
    touches.dedup();
    let mut wide: Vec<u32> =
        touches.chunk_by(|a, b| a.0 == b.0).filter(|c| c.len() > 1).flat_map(|c| c.iter().map(|t| t.1)).collect();
    wide.sort_unstable();
    wide.dedup();
    wide
}

/// Rows that name one unknown only, and unknowns that one row only needs, again and again.
fn peel(n: usize, entries: &[(u32, u32)], into_line: &[Link], from_line: &[Link]) -> (Vec<bool>, Vec<bool>) {
    let (mut row_gone, mut column_gone) = (vec![false; n], vec![false; n]);
    loop {
        let mut changed = false;
        let (mut in_row, mut in_column) = (vec![0usize; n], vec![0usize; n]);
        for &(row, col) in entries {
            if !row_gone[row as usize] && !column_gone[col as usize] {
                in_row[row as usize] += 1;
                in_column[col as usize] += 1;
            }
        }
        from_line.iter().for_each(|l| in_row[l.border as usize] += 1);
        into_line.iter().for_each(|l| in_column[l.border as usize] += 1);
        for &(row, col) in entries {
            let (r, c) = (row as usize, col as usize);
            if !row_gone[r] && !column_gone[c] && (in_row[r] == 1 || in_column[c] == 1) {
                row_gone[r] = true;
                column_gone[c] = true;
                changed = true;
            }
        }
        if !changed {
            return (row_gone, column_gone);
        }
    }
}
