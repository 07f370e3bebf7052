//! What networks and vectors must be like, and what is said of those that are not.
//!
//! Lengths are compared wherever a solver takes a slice, which costs nothing beside the work. Numbers are looked at where
//! they are read once ([`super::LinePcg::new`], [`super::Bundles::new`], [`Network::check`]); the hot paths find what is no
//! number in the pivots and norms that they form anyway, and look for its place only then.

use super::frontal::Side;
use super::network::{Lines, Network, Wire};

/// Whose numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Word or bit lines.
    Side(Side),
    /// One of the lines that a cell of [`super::Bundles`] sits on: first those along the rows.
    Line(usize),
    /// All lines, one after the other.
    All,
}

impl std::fmt::Display for Of {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Side(side) => write!(f, "{side} lines"),
            Self::Line(line) => write!(f, "line {line} of a cell"),
            Self::All => f.write_str("all lines"),
        }
    }
}

/// Which numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Conductances of the cells.
    Cells,
    /// Entries of the cells in this row and column of their matrices.
    Entries(usize, usize),
    /// Conductances of the segments.
    Wires(Of),
    /// Conductances before the first nodes.
    Heads(Side),
    /// Conductances behind the last nodes.
    Tails(Side),
    /// Conductances to known potentials.
    Leaks(Of),
    /// Currents into the nodes.
    RightHandSide(Of),
    /// Voltages of the nodes, guessed or to be found.
    Unknowns(Of),
    /// Room for a residual or for what it is measured by.
    Residual(Of),
    /// A transfer matrix.
    Gains,
    /// Input vectors of a transfer matrix.
    Voltages,
    /// Output vectors of a transfer matrix.
    Currents,
    /// Conductances of ports.
    Ports,
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cells => f.write_str("cells"),
            Self::Entries(row, col) => write!(f, "entries ({row}, {col}) of the cells"),
            Self::Wires(of) => write!(f, "segments of {of}"),
            Self::Heads(side) => write!(f, "heads of {side} lines"),
            Self::Tails(side) => write!(f, "tails of {side} lines"),
            Self::Leaks(of) => write!(f, "leaks of {of}"),
            Self::RightHandSide(of) => write!(f, "right-hand side of {of}"),
            Self::Unknowns(of) => write!(f, "unknowns of {of}"),
            Self::Residual(of) => write!(f, "residual of {of}"),
            Self::Gains => f.write_str("gains"),
            Self::Voltages => f.write_str("voltages"),
            Self::Currents => f.write_str("currents"),
            Self::Ports => f.write_str("conductances of the ports"),
        }
    }
}

/// Why something is no array network, or does not go with one.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Misfit {
    /// No word lines or no bit lines.
    #[error("an array of {rows} x {cols} has no cells")]
    Empty {
        /// Word lines.
        rows: usize,
        /// Bit lines.
        cols: usize,
    },
    /// More cells than can be numbered, or than there is memory for.
    #[error("an array of {rows} x {cols} cells does not fit into memory")]
    Memory {
        /// Word lines.
        rows: usize,
        /// Bit lines.
        cols: usize,
    },
    /// A slice of the wrong length.
    #[error("{field}: {found} values where {expected} are expected")]
    Length {
        /// Of which numbers.
        field: Field,
        /// Length that goes with the network.
        expected: usize,
        /// Length given.
        found: usize,
    },
    /// A solver was made for another array.
    #[error("the solver is for {} x {} cells, the network has {} x {}", expected.0, expected.1, found.0, found.1)]
    Shape {
        /// Rows and columns of the solver.
        expected: (usize, usize),
        /// Rows and columns of the network.
        found: (usize, usize),
    },
    /// A number that is infinite, none at all, or negative where it may not be.
    #[error("{field}: value {index} is {value}, which is not {}", bounds(*field))]
    Value {
        /// Of which numbers.
        field: Field,
        /// Place in the slice; 0 for a value that all share.
        index: usize,
        /// The number.
        value: f64,
    },
    /// A cell on more lines than [`super::Bundles`] takes, or on none.
    #[error("cells sit on {found} lines; 1 to {most} can be solved")]
    Lines {
        /// Lines given.
        found: usize,
        /// Most of them.
        most: usize,
    },
    /// A port at a node that the array does not have.
    #[error("port {index} is at ({row}, {col}), outside of the {rows} x {cols} cells")]
    Outside {
        /// Place among the ports.
        index: usize,
        /// Row of its node.
        row: usize,
        /// Column of its node.
        col: usize,
        /// Rows of the array.
        rows: usize,
        /// Columns of the array.
        cols: usize,
    },
}

fn bounds(field: Field) -> &'static str {
    if matches!(field, Field::Wires(_)) { "zero or positive, and finite" } else { "finite" }
}

/// Number of cells.
///
/// # Errors
/// None, or more than a vector of all nodes can hold.
pub fn cells(rows: usize, cols: usize) -> Result<usize, Misfit> {
    if rows == 0 || cols == 0 {
        return Err(Misfit::Empty { rows, cols });
    }
    let most = isize::MAX as usize / (2 * size_of::<f64>());
    rows.checked_mul(cols).filter(|cells| *cells <= most).ok_or(Misfit::Memory { rows, cols })
}

/// A vector of equal values, or `otherwise` where there is no memory for it.
///
/// # Errors
/// `otherwise`.
pub fn filled<T: Clone>(value: T, count: usize, otherwise: Misfit) -> Result<Vec<T>, Misfit> {
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(|_| otherwise)?;
    values.resize(count, value);
    Ok(values)
}

/// Is a slice as long as it should be?
///
/// # Errors
/// It is not.
pub fn length(field: Field, values: &[f64], expected: usize) -> Result<(), Misfit> {
    let found = values.len();
    if found == expected { Ok(()) } else { Err(Misfit::Length { field, expected, found }) }
}

/// Are all numbers finite?
#[must_use]
pub fn is_finite(values: &[f64]) -> bool {
    // without a way out inside, the loop is vector code
    values.iter().fold(true, |good, value| good & value.is_finite())
}

/// Are all numbers finite?
///
/// # Errors
/// The first that is not.
pub fn finite(field: Field, values: &[f64]) -> Result<(), Misfit> {
    let bad = values.iter().enumerate().find(|(_, value)| !value.is_finite());
    bad.map_or(Ok(()), |(index, value)| Err(Misfit::Value { field, index, value: *value }))
}

/// The right-hand side and the unknowns of both families of lines, `expected` numbers each.
///
/// # Errors
/// A slice of another length.
pub fn vectors(b: [&[f64]; 2], x: [&[f64]; 2], expected: usize) -> Result<(), Misfit> {
    for (side, (b, x)) in [Side::Word, Side::Bit].into_iter().zip(b.into_iter().zip(x)) {
        length(Field::RightHandSide(Of::Side(side)), b, expected)?;
        length(Field::Unknowns(Of::Side(side)), x, expected)?;
    }
    Ok(())
}

/// Are all numbers of a right-hand side finite?
///
/// # Errors
/// The first that is not.
pub fn finite_right_hand_side(b: [&[f64]; 2]) -> Result<(), Misfit> {
    let [word, bit] = b;
    finite(Field::RightHandSide(Of::Side(Side::Word)), word)?;
    finite(Field::RightHandSide(Of::Side(Side::Bit)), bit)
}

impl Wire {
    /// As many segments as there are cells, or one for all.
    ///
    /// # Errors
    /// Another number.
    pub(super) fn check_length(&self, of: Of, cells: usize) -> Result<(), Misfit> {
        match self {
            Self::Uniform(_) => Ok(()),
            Self::Each(each) => length(Field::Wires(of), each, cells),
        }
    }

    /// Segments that conduct or are broken; lengths have been checked. `along` and `stride` tell the last nodes of lines,
    /// behind which is none: `along` nodes, `stride` cells apart.
    ///
    /// # Errors
    /// The first that is negative, infinite or no number.
    pub(super) fn check_values(&self, of: Of, along: usize, stride: usize) -> Result<(), Misfit> {
        let field = Field::Wires(of);
        let good = |value: f64| (0.0..f64::INFINITY).contains(&value);
        match self {
            Self::Uniform(g) if good(*g) => Ok(()),
            Self::Uniform(g) => Err(Misfit::Value { field, index: 0, value: *g }),
            Self::Each(each) => {
                let is_read = |index: usize| index / stride % along + 1 != along;
                let bad = each.iter().enumerate().find(|(index, value)| !good(**value) && is_read(*index));
                bad.map_or(Ok(()), |(index, value)| Err(Misfit::Value { field, index, value: *value }))
            }
        }
    }
}

impl Lines {
    fn check_lengths(&self, side: Side, lines: usize, cells: usize) -> Result<(), Misfit> {
        self.wire.check_length(Of::Side(side), cells)?;
        length(Field::Heads(side), &self.head, lines)?;
        length(Field::Tails(side), &self.tail, lines)?;
        self.leak.as_ref().map_or(Ok(()), |leak| length(Field::Leaks(Of::Side(side)), leak, cells))
    }

    fn check_ties(&self, side: Side) -> Result<(), Misfit> {
        finite(Field::Heads(side), &self.head)?;
        finite(Field::Tails(side), &self.tail)?;
        self.leak.as_ref().map_or(Ok(()), |leak| finite(Field::Leaks(Of::Side(side)), leak))
    }
}

impl Network {
    /// Is this an array network? Reads every number once; the solvers themselves compare lengths only, and find what is no
    /// number where it spoils a pivot.
    ///
    /// | numbers | how many | which |
    /// |---|---|---|
    /// | `wire` | one, or `rows x cols` | zero (broken) or positive; what would follow the last node of a line is not read |
    /// | `head`, `tail` | one per line | finite; negative only in differential networks |
    /// | `leak` | none, or `rows x cols` | as `head` |
    /// | `cells` | `rows x cols` | finite; zero is an open cell, negative a differential conductance |
    ///
    /// # Errors
    /// The first field that is not so.
    pub fn check(&self) -> Result<(), Misfit> {
        self.check_lengths()?;
        self.check_wires()?;
        self.check_ties()?;
        finite(Field::Cells, &self.cells)
    }

    /// Number of cells, when all fields have the lengths that go with it.
    ///
    /// # Errors
    /// The first field that has not.
    pub(super) fn check_lengths(&self) -> Result<usize, Misfit> {
        let count = cells(self.rows, self.cols)?;
        length(Field::Cells, &self.cells, count)?;
        self.word.check_lengths(Side::Word, self.rows, count)?;
        self.bit.check_lengths(Side::Bit, self.cols, count)?;
        Ok(count)
    }

    /// Are all segments zero or positive? Lengths have been checked.
    ///
    /// # Errors
    /// The first that is not.
    pub(super) fn check_wires(&self) -> Result<(), Misfit> {
        self.word.wire.check_values(Of::Side(Side::Word), self.cols, 1)?;
        self.bit.wire.check_values(Of::Side(Side::Bit), self.rows, self.cols)
    }

    /// Are all heads, tails and leaks finite?
    ///
    /// # Errors
    /// The first that is not.
    pub(super) fn check_ties(&self) -> Result<(), Misfit> {
        self.word.check_ties(Side::Word)?;
        self.bit.check_ties(Side::Bit)
    }

    /// As [`Network::check_lengths`] for a network that a solver of another shape may be given.
    ///
    /// # Errors
    /// A network of another shape, or fields of the wrong length.
    pub(super) fn check_shape(&self, expected: (usize, usize)) -> Result<usize, Misfit> {
        let found = (self.rows, self.cols);
        if found == expected { self.check_lengths() } else { Err(Misfit::Shape { expected, found }) }
    }
}
