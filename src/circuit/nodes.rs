//! The nodes of the lines of an array, cell by cell.

/// One node for each cell. Where wires have resistance they are consecutive, and none is stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Nodes {
    /// Cell k has `first + k`.
    Consecutive {
        /// Node of cell 0.
        first: u32,
        /// Number of cells.
        count: usize,
    },
    /// Any; cells that no resistance separates share one.
    Each(Vec<u32>),
}

impl Nodes {
    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Consecutive { count, .. } => *count,
            Self::Each(nodes) => nodes.len(),
        }
    }

    /// True without cells.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The node at a cell, if there is such a cell.
    #[must_use]
    pub fn get(&self, cell: usize) -> Option<u32> {
        (cell < self.len()).then(|| self.at(cell))
    }

    /// The node of cell 0, where all others follow it.
    #[must_use]
    pub fn first_of_consecutive(&self) -> Option<u32> {
        match self {
            Self::Consecutive { first, .. } => Some(*first),
            Self::Each(_) => None,
        }
    }

    /// The node at a cell of the array.
    #[inline]
    #[must_use]
    pub fn at(&self, cell: usize) -> u32 {
        match self {
            Self::Consecutive { first, .. } => first + cell as u32,
            Self::Each(nodes) => nodes[cell],
        }
    }

    /// All of them, in the order of the cells.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.len()).map(|cell| self.at(cell))
    }

    /// The first cell at a node.
    #[must_use]
    pub fn position(&self, node: u32) -> Option<usize> {
        match self {
            Self::Consecutive { first, count } => {
                node.checked_sub(*first).map(|k| k as usize).filter(|cell| cell < count)
            }
            Self::Each(nodes) => nodes.iter().position(|&n| n == node),
        }
    }
}

impl From<Vec<u32>> for Nodes {
    fn from(nodes: Vec<u32>) -> Self {
        Self::Each(nodes)
    }
}
