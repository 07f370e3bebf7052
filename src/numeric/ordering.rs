//! In which order to eliminate: singletons, a zero-free diagonal, then approximate minimum degree.
//!
//! 1. A row (column) with a single entry among those not yet taken is eliminated first: it causes no fill. Ideal
//!    voltage sources, and everything they force, go this way. (This is the cheap part of a block triangular form;
//!    a full one is not computed, the analysed circuits being strongly connected beyond it.)
//! 2. A maximum transversal pairs the remaining columns with rows, own rows first, so that zero diagonals (branch
//!    currents, state rows) do not stand in the way (Duff 1981).
//! 3. AMD on B + B^T, with B the remaining matrix in that pairing (Amestoy, Davis, Duff 1996).

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::sparse::SymbolicSparseColMatRef;
use faer::sparse::linalg::amd;

use super::pattern::Pattern;

const NONE: u32 = u32::MAX;

/// Preferred pivots in order of elimination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordering {
    /// Column eliminated at each step.
    pub columns: Vec<u32>,
    /// The row preferred as its pivot.
    pub rows: Vec<u32>,
    /// A column and a row that no transversal can pair: the matrix is structurally singular.
    pub unpaired: Option<(u32, u32)>,
}

impl Ordering {
    /// The ordering described at the head of this file.
    #[must_use]
    pub fn minimum_degree(pattern: &Pattern) -> Self {
        let mut pairing = Pairing::new(pattern);
        let mut columns = pairing.peel_singletons();
        pairing.pair_rest();
        columns.extend(pairing.order_rest());
        pairing.into_ordering(columns)
    }

    /// The caller's order of columns, rows paired as above. `columns` must be a permutation of 0..n.
    #[must_use]
    pub fn given(pattern: &Pattern, columns: &[u32]) -> Self {
        let mut pairing = Pairing::new(pattern);
        pairing.pair_rest();
        pairing.into_ordering(columns.to_vec())
    }
}

struct Pairing<'a> {
    pattern: &'a Pattern,
    by_row: Pattern,
    row_of: Vec<u32>,
    column_of: Vec<u32>,
    /// Taken as singletons.
    peeled: Vec<bool>,
}

impl<'a> Pairing<'a> {
    fn new(pattern: &'a Pattern) -> Self {
        let n = pattern.size();
        Self {
            pattern,
            by_row: pattern.transposed(),
            row_of: vec![NONE; n],
            column_of: vec![NONE; n],
            peeled: vec![false; n],
        }
    }

    fn pair(&mut self, row: u32, column: u32) {
        self.row_of[column as usize] = row;
        self.column_of[row as usize] = column;
    }

    /// Takes row and column singletons until there are none; the columns in order.
    fn peel_singletons(&mut self) -> Vec<u32> {
        let n = self.pattern.size();
        let mut in_row: Vec<usize> = (0..n).map(|r| self.by_row.column(r).len()).collect();
        let mut in_column: Vec<usize> = (0..n).map(|c| self.pattern.column(c).len()).collect();
        // rows as (index, true), columns as (index, false); a queue keeps the order deterministic and short-pathed
        let mut queue: std::collections::VecDeque<(u32, bool)> = (0..n as u32)
            .flat_map(|k| [(k, true), (k, false)])
            .filter(|&(k, is_row)| if is_row { in_row[k as usize] == 1 } else { in_column[k as usize] == 1 })
            .collect();
        let mut order = Vec::new();
        while let Some((k, is_row)) = queue.pop_front() {
            let free = if is_row {
                self.column_of[k as usize] == NONE && in_row[k as usize] == 1
            } else {
                self.row_of[k as usize] == NONE && in_column[k as usize] == 1
            };
            if !free {
                continue;
            }
            let partner = if is_row {
                self.by_row.column(k as usize).iter().find(|&&c| self.row_of[c as usize] == NONE)
            } else {
                self.pattern.column(k as usize).iter().find(|&&r| self.column_of[r as usize] == NONE)
            };
            let Some(&partner) = partner else { continue };
            let (row, column) = if is_row { (k, partner) } else { (partner, k) };
            self.pair(row, column);
            self.peeled[column as usize] = true;
            order.push(column);
            for &r in self.pattern.column(column as usize) {
                in_row[r as usize] -= 1;
                if in_row[r as usize] == 1 && self.column_of[r as usize] == NONE {
                    queue.push_back((r, true));
                }
            }
            for &c in self.by_row.column(row as usize) {
                in_column[c as usize] -= 1;
                if in_column[c as usize] == 1 && self.row_of[c as usize] == NONE {
                    queue.push_back((c, false));
                }
            }
        }
        order
    }

    /// Pairs the other columns: own rows first, then along augmenting paths.
    fn pair_rest(&mut self) {
        let n = self.pattern.size();
        for k in 0..n as u32 {
            let free = self.row_of[k as usize] == NONE && self.column_of[k as usize] == NONE;
            if free && self.pattern.position(k as usize, k as usize).is_some() {
                self.pair(k, k);
            }
        }
        let mut visited = vec![NONE; n];
        let mut path = Vec::new();
        for column in 0..n as u32 {
            if self.row_of[column as usize] == NONE {
                self.augment(column, &mut visited, &mut path);
            }
        }
    }

    /// Depth-first search for a free row; `visited[c] == start` marks columns seen. `path` holds (column, next entry).
    fn augment(&mut self, start: u32, visited: &mut [u32], path: &mut Vec<(u32, usize)>) {
        path.clear();
        path.push((start, 0));
        visited[start as usize] = start;
        while let Some(&(column, next)) = path.last() {
            let rows = self.pattern.column(column as usize);
            if next == 0
                && let Some(at) = rows.iter().position(|&r| self.column_of[r as usize] == NONE)
            {
                // found: every column on the path gives its row to the one before
                let mut row = rows[at];
                while let Some((column, _)) = path.pop() {
                    let given_up = self.row_of[column as usize];
                    self.pair(row, column);
                    row = given_up;
                }
                return;
            }
            let Some(&row) = rows.get(next) else {
                path.pop();
                continue;
            };
            if let Some(top) = path.last_mut() {
                top.1 += 1;
            }
            let owner = self.column_of[row as usize];
            if !self.peeled[owner as usize] && visited[owner as usize] != start {
                visited[owner as usize] = start;
                path.push((owner, 0));
            }
        }
    }

    /// AMD over the columns that were not peeled.
    fn order_rest(&self) -> Vec<u32> {
        let n = self.pattern.size();
        let rest: Vec<u32> = (0..n as u32).filter(|&c| !self.peeled[c as usize]).collect();
        let mut local = vec![NONE; n];
        for (k, &column) in rest.iter().enumerate() {
            local[column as usize] = k as u32;
        }
        let mut starts = vec![0u32];
        let mut rows = Vec::new();
        for &column in &rest {
            rows.extend(self.pattern.column(column as usize).iter().filter_map(|&r| {
                // the row stands where its column does
                let owner = self.column_of[r as usize];
                let place = local.get(owner as usize).copied().unwrap_or(NONE);
                (place != NONE).then_some(place)
            }));
            starts.push(rows.len() as u32);
        }
        match minimum_degree(&starts, &rows) {
            Some(order) => order.into_iter().map(|k| rest[k as usize]).collect(),
            None => rest,
        }
    }

    /// Fills gaps of the pairing arbitrarily and reports the first.
    fn into_ordering(mut self, columns: Vec<u32>) -> Ordering {
        let free_rows: Vec<u32> =
            (0..self.column_of.len() as u32).filter(|&r| self.column_of[r as usize] == NONE).collect();
        let free_columns: Vec<u32> =
            (0..self.row_of.len() as u32).filter(|&c| self.row_of[c as usize] == NONE).collect();
        let unpaired = free_columns.first().copied().zip(free_rows.first().copied());
        for (&row, &column) in free_rows.iter().zip(&free_columns) {
            self.pair(row, column);
        }
        let rows = columns.iter().map(|&c| self.row_of[c as usize]).collect();
        Ordering { columns, rows, unpaired }
    }
}

/// AMD on B + B^T; `None` only when the size overflows the index type.
fn minimum_degree(starts: &[u32], rows: &[u32]) -> Option<Vec<u32>> {
    let n = starts.len() - 1;
    let matrix = SymbolicSparseColMatRef::new_unsorted_checked(n, n, starts, None, rows);
    let mut order = vec![0u32; n];
    let mut inverse = vec![0u32; n];
    let mut memory = MemBuffer::try_new(amd::order_maybe_unsorted_scratch::<u32>(n, rows.len())).ok()?;
    let stack = MemStack::new(&mut memory);
    amd::order_maybe_unsorted(&mut order, &mut inverse, matrix, amd::Control::default(), stack).ok()?;
    Some(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_permutation(p: &[u32]) -> bool {
        let mut seen = vec![false; p.len()];
        p.iter().all(|&k| !std::mem::replace(&mut seen[k as usize], true))
    }

    #[test]
    fn a_voltage_source_is_peeled() {
        // nodes 0, 1 with resistors 0-1 and 1-ground, source at 0 with branch current 2
        let entries = [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (2, 0)];
        let (pattern, _) = Pattern::from_entries(3, &entries);
        let order = Ordering::minimum_degree(&pattern);
        assert_eq!(order.unpaired, None);
        // row 2 fixes v0, column 2 occurs in row 0 only, then node 1 is alone
        assert_eq!(order.columns, [0, 2, 1]);
        assert_eq!(order.rows, [2, 0, 1]);
    }

    #[test]
    fn transversals_avoid_structural_zeros() {
        // a cycle: column k has row k+1 and, but for the last, row k+2; no diagonal at all
        let n = 7u32;
        let mut entries: Vec<(u32, u32)> = (0..n).map(|c| ((c + 1) % n, c)).collect();
        entries.extend((0..n).map(|c| ((c + 2) % n, c)));
        let (pattern, _) = Pattern::from_entries(n as usize, &entries);
        let order = Ordering::minimum_degree(&pattern);
        assert_eq!(order.unpaired, None);
        assert!(is_permutation(&order.columns) && is_permutation(&order.rows));
        for (&c, &r) in order.columns.iter().zip(&order.rows) {
            assert!(pattern.position(r as usize, c as usize).is_some());
        }
    }

    #[test]
    fn structural_singularity_names_the_unknown() {
        // column 2 is empty
        let (pattern, _) = Pattern::from_entries(3, &[(0, 0), (1, 1), (2, 1), (2, 0), (0, 1)]);
        let order = Ordering::minimum_degree(&pattern);
        assert_eq!(order.unpaired.map(|u| u.0), Some(2));
        assert!(is_permutation(&order.columns) && is_permutation(&order.rows));
        // columns 0 and 1 both live in row 0 alone
        let (pattern, _) = Pattern::from_entries(3, &[(0, 0), (0, 1), (1, 2), (2, 2)]);
        assert!(matches!(Ordering::minimum_degree(&pattern).unpaired, Some((0 | 1, 1 | 2))));
    }

    #[test]
    fn chains_order_without_fill() {
        let n = 50u32;
        let entries: Vec<(u32, u32)> = (0..n).flat_map(|k| [(k, k), (k, (k + 1) % n), ((k + 1) % n, k)]).collect();
        let (pattern, _) = Pattern::from_entries(n as usize, &entries);
        let order = Ordering::minimum_degree(&pattern);
        assert!(is_permutation(&order.columns));
        assert_eq!(order.columns, order.rows);
    }
}
