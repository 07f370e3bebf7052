//! The frozen nonzero pattern of a square matrix, by columns.

/// Compressed sparse columns without values: rows ascending in each column, every entry once.
///
/// A value array that belongs to the pattern has [`Pattern::value_len`] entries: one per nonzero, then one that
/// collects what falls on ground and is never read. An assembler adds to `values[position]` without a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    column_starts: Vec<u32>,
    rows: Vec<u32>,
}

impl Pattern {
    /// Merges `entries` (row, column) of an n x n matrix. The second part gives the value position of each entry;
    /// a row or column beyond n - 1 (ground) goes to the collecting position.
    #[must_use]
    pub fn from_entries(n: usize, entries: &[(u32, u32)]) -> (Self, Vec<u32>) {
        let inside = |&(row, column): &(u32, u32)| (row as usize) < n && (column as usize) < n;
        let mut order: Vec<u32> = (0..entries.len() as u32).filter(|&k| inside(&entries[k as usize])).collect();
        order.sort_unstable_by_key(|&k| {
            let (row, column) = entries[k as usize];
            (column, row)
        });
        let mut positions = vec![0; entries.len()];
        let mut column_starts = vec![0u32; n + 1];
        let mut rows: Vec<u32> = Vec::new();
        let mut last = None;
        for k in order {
            let entry = entries[k as usize];
            if last != Some(entry) {
                rows.push(entry.0);
                column_starts[entry.1 as usize + 1] += 1;
                last = Some(entry);
            }
            positions[k as usize] = rows.len() as u32 - 1;
        }
        for column in 0..n {
            column_starts[column + 1] += column_starts[column];
        }
        let trash = rows.len() as u32;
        for (position, entry) in positions.iter_mut().zip(entries) {
            if !inside(entry) {
                *position = trash;
            }
        }
        (Self { column_starts, rows }, positions)
    }

    /// Number of rows and columns.
    #[must_use]
    pub fn size(&self) -> usize {
        self.column_starts.len() - 1
    }

    /// Number of stored entries.
    #[must_use]
    pub fn nonzeros(&self) -> usize {
        self.rows.len()
    }

    /// Length of a value array: the entries and the collecting position.
    #[must_use]
    pub fn value_len(&self) -> usize {
        self.rows.len() + 1
    }

    /// Value positions of a column.
    #[must_use]
    pub fn range(&self, column: usize) -> std::ops::Range<usize> {
        self.column_starts[column] as usize..self.column_starts[column + 1] as usize
    }

    /// Rows of a column, ascending.
    #[must_use]
    pub fn column(&self, column: usize) -> &[u32] {
        &self.rows[self.range(column)]
    }

    /// Row of every entry.
    #[must_use]
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// First entry of every column, and the number of entries at the end.
    #[must_use]
    pub fn column_starts(&self) -> &[u32] {
        &self.column_starts
    }

    /// Value position of (row, column).
    #[must_use]
    pub fn position(&self, row: usize, column: usize) -> Option<usize> {
        let offset = self.column(column).binary_search(&(row as u32)).ok()?;
        Some(self.range(column).start + offset)
    }

    /// The pattern of the transpose: its entries by row of this one, columns ascending.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let n = self.size();
        let mut starts = vec![0u32; n + 1];
        for &row in &self.rows {
            starts[row as usize + 1] += 1;
        }
        for row in 0..n {
            starts[row + 1] += starts[row];
        }
        let mut next = starts.clone();
        let mut columns = vec![0; self.rows.len()];
        for column in 0..n {
            for &row in self.column(column) {
                columns[next[row as usize] as usize] = column as u32;
                next[row as usize] += 1;
            }
        }
        Self { column_starts: starts, rows: columns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_merge_and_ground_is_collected() {
        let ground = u32::MAX;
        let entries = [(2, 1), (0, 0), (1, ground), (2, 1), (1, 1), (ground, ground), (0, 2)];
        let (pattern, positions) = Pattern::from_entries(3, &entries);
        assert_eq!(positions, [2, 0, 4, 2, 1, 4, 3]);
        assert_eq!((pattern.size(), pattern.nonzeros(), pattern.value_len()), (3, 4, 5));
        assert_eq!(pattern.column(1), [1, 2]);
        assert_eq!((pattern.position(2, 1), pattern.position(2, 2)), (Some(2), None));
        let transposed = pattern.transposed();
        assert_eq!(transposed.column(0), [0, 2]);
        assert_eq!(transposed.transposed(), pattern);
    }

    #[test]
    fn empty_matrices_are_legal() {
        let (pattern, positions) = Pattern::from_entries(0, &[(u32::MAX, 0)]);
        assert_eq!((pattern.size(), pattern.value_len(), positions), (0, 1, vec![0]));
    }
}
