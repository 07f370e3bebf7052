//! Data patterns: which of the other cells are in the low-resistance state while one cell is read.

use super::{Arguments, Context, StudyError, file};
use crate::elaborate::percell::Matrix;
use crate::numeric::rng::Stream;

/// The states of the cells around the selected one.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    /// One state each for the other cells of the selected row, of the selected column, and all the rest; true = LRS.
    Blocks {
        /// Other cells of the selected row.
        row: bool,
        /// Other cells of the selected column.
        column: bool,
        /// Cells on neither.
        rest: bool,
    },
    /// LRS where the distance to the selected cell, rows plus columns, is even (or odd).
    Checker {
        /// The neighbours of the selected cell are LRS.
        odd: bool,
    },
    /// Each cell LRS with this probability.
    Random {
        /// Seed of the draw.
        seed: u64,
        /// Probability of LRS.
        share: f64,
    },
    /// Every cell on its own, as a search found it.
    Cells {
        /// Word lines.
        rows: usize,
        /// Bit lines.
        cols: usize,
        /// Row-major, true = LRS.
        cells: Vec<bool>,
    },
    /// Classes of like lines, as a search found them.
    Classes(Classes),
    /// From a file: LRS where the entry is not 0.
    File {
        /// Path.
        path: String,
        /// Rows of the file.
        rows: usize,
        /// Columns of the file.
        cols: usize,
        /// Row-major, true = LRS.
        cells: Vec<bool>,
    },
}

/// What a study is asked to read against.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// All block patterns and both checkerboards; the worst counts.
    Worst,
    /// This one.
    One(Pattern),
}

/// How patterns are written.
pub const FORM: &str = "worst, all-lrs, all-hrs, checker, random[:seed[:share]] or file:NAME";

impl Choice {
    /// From the argument `pattern`.
    ///
    /// # Errors
    /// An unknown word, a number or a file that cannot be read.
    pub fn of(context: &Context, arguments: &Arguments) -> Result<Self, StudyError> {
        let read = |name: &str| file::matrix(context, arguments, "pattern", name);
        Self::parse(arguments.word("pattern"), context.definitions.seed(), read)
    }

    /// From the argument `pattern`, where one is wanted: `what` is asked of it, `the settling`.
    ///
    /// # Errors
    /// As [`Choice::of`], and `worst`.
    pub fn one(context: &Context, arguments: &Arguments, what: &str) -> Result<Pattern, StudyError> {
        match Self::of(context, arguments)? {
            Self::One(pattern) => Ok(pattern),
            Self::Worst => Err(StudyError::request(format!(
                "{what} of one pattern is asked for; `worst` is a search: use margin, or name a pattern"
            ))),
        }
    }

    /// From its text; `seed` is that of the deck, `read` reads a file.
    fn parse(text: &str, seed: u64, read: impl FnOnce(&str) -> Result<Matrix, StudyError>) -> Result<Self, StudyError> {
        let uniform = |lrs: bool| Self::One(Pattern::Blocks { row: lrs, column: lrs, rest: lrs });
        let lower = text.to_lowercase();
        let mut parts = lower.split(':');
        Ok(match (parts.next().unwrap_or(""), parts.next(), parts.next()) {
            ("worst", None, None) => Self::Worst,
            ("all-lrs", None, None) => uniform(true),
            ("all-hrs", None, None) => uniform(false),
            ("checker" | "checkerboard", None, None) => Self::One(Pattern::Checker { odd: false }),
            ("random", own, share) => {
                let wrong = |t: &str| StudyError::request(format!("`{t}` in pattern `{text}` is not a number"));
                let seed = own.map_or(Ok(seed), |t| t.parse().map_err(|_| wrong(t)))?;
                let share: f64 = share.map_or(Ok(0.5), |t| t.parse().map_err(|_| wrong(t)))?;
                if !(0.0..=1.0).contains(&share) {
                    return Err(StudyError::request(format!("the share of LRS cells lies in 0 to 1, and is {share}")));
                }
                Self::One(Pattern::Random { seed, share })
            }
            ("file", Some(_), _) => {
                let path = text.split_once(':').map_or("", |(_, name)| name);
                let Matrix { rows, cols, values } = read(path)?;
                let cells = values.into_iter().map(|v| v != 0.0).collect();
                Self::One(Pattern::File { path: path.to_owned(), rows, cols, cells })
            }
            _ => return Err(StudyError::request(format!("`{text}` is no pattern: {FORM}"))),
        })
    }

    /// The patterns to read against.
    #[must_use]
    pub fn candidates(&self) -> Vec<Pattern> {
        match self {
            Self::One(pattern) => vec![pattern.clone()],
            Self::Worst => {
                let bit = |k: u8, n: u8| k & (1 << n) == 0;
                let blocks = (0..8).map(|k| Pattern::Blocks { row: bit(k, 0), column: bit(k, 1), rest: bit(k, 2) });
                blocks.chain([false, true].map(|odd| Pattern::Checker { odd })).collect()
            }
        }
    }
}

/// An array as classes of lines: all lines of a class, and so all cells of a pair of classes, are alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Classes {
    /// Word lines per class; class 0 is the selected one.
    pub rows: Vec<usize>,
    /// Bit lines per class; class 0 is the selected one.
    pub cols: Vec<usize>,
    /// Row-major over classes; true = LRS. The selected cell is LRS here and means nothing.
    pub lrs: Vec<bool>,
}

impl Classes {
    /// The states of all cells, row-major: the lines of a class lie side by side, the selected ones at their place.
    fn spread(&self, rows: usize, cols: usize, selected: (usize, usize)) -> Vec<bool> {
        let classes = |counts: &[usize], lines: usize, chosen: usize| {
            let mut others = (1..counts.len()).flat_map(|k| std::iter::repeat_n(k, counts[k]));
            (0..lines).map(|line| if line == chosen { 0 } else { others.next().unwrap_or(0) }).collect::<Vec<_>>()
        };
        let (r, c) = (classes(&self.rows, rows, selected.0), classes(&self.cols, cols, selected.1));
        r.iter().flat_map(|i| c.iter().map(move |j| self.lrs[i * self.cols.len() + j])).collect()
    }
}

/// `row 3/7, column 7/7, rest 20/49 LRS` from places (on the selected row or column = 0), cells and states.
fn count(cells: impl Iterator<Item = ((usize, usize), usize, bool)>) -> String {
    let mut counts = [[0usize; 2]; 4];
    for ((i, j), n, lrs) in cells {
        counts[2 * i + j][0] += n;
        counts[2 * i + j][1] += if lrs { n } else { 0 };
    }
    let show = |name: &str, k: usize| format!("{name} {}/{}", counts[k][1], counts[k][0]);
    format!("{}, {}, {} LRS", show("row", 1), show("column", 2), show("rest", 3))
}

impl Pattern {
    /// A name for people, of the pattern around a selected cell.
    #[must_use]
    pub fn describe(&self, selected: (usize, usize)) -> String {
        let state = |lrs: bool| if lrs { "LRS" } else { "HRS" };
        match self {
            Self::Blocks { row: true, column: true, rest: true } => "all-lrs".to_owned(),
            Self::Blocks { row: false, column: false, rest: false } => "all-hrs".to_owned(),
            Self::Blocks { row, column, rest } => {
                format!("row {}, column {}, rest {}", state(*row), state(*column), state(*rest))
            }
            Self::Checker { odd: false } => "checker".to_owned(),
            Self::Checker { odd: true } => "checker, neighbours LRS".to_owned(),
            Self::Random { seed, share } => format!("random:{seed}:{share}"),
            Self::Cells { rows, cols, cells } => {
                let place = |k: usize| (usize::from(k / cols != selected.0), usize::from(k % cols != selected.1));
                count((0..rows * cols).map(|k| (place(k), 1, cells[k])))
            }
            Self::Classes(classes) => {
                let cols = classes.cols.len();
                let pair = |k: usize| (k / cols, k % cols);
                count(
                    (0..classes.lrs.len()).map(pair).map(|(i, j)| {
                        ((i.min(1), j.min(1)), classes.rows[i] * classes.cols[j], classes.lrs[i * cols + j])
                    }),
                )
            }
            Self::File { path, .. } => format!("file:{path}"),
        }
    }

    /// The states of all cells, row-major; the entry of the selected cell means nothing.
    ///
    /// # Errors
    /// A file of another shape.
    pub fn states(&self, rows: usize, cols: usize, selected: (usize, usize)) -> Result<Vec<bool>, StudyError> {
        if let Self::Cells { cells, .. } = self {
            return Ok(cells.clone());
        }
        if let Self::Classes(classes) = self {
            return Ok(classes.spread(rows, cols, selected));
        }
        if let Self::File { path, rows: r, cols: c, cells } = self {
            if (*r, *c) != (rows, cols) {
                let message = format!("the pattern file `{path}` holds {r} x {c} cells, the array {rows} x {cols}");
                return Err(StudyError::request(message));
            }
            return Ok(cells.clone());
        }
        let mut stream = match self {
            Self::Random { seed, .. } => Stream::new(*seed, 0, "pattern"),
            _ => Stream::new(0, 0, "pattern"),
        };
        let mut state = |i: usize, j: usize| match self {
            Self::Blocks { row, column, rest } => match (i == selected.0, j == selected.1) {
                (true, _) => *row,
                (false, true) => *column,
                (false, false) => *rest,
            },
            Self::Checker { odd } => ((i + selected.0 + j + selected.1) % 2 == 1) == *odd,
            Self::Random { share, .. } => stream.uniform() < *share,
            Self::File { .. } | Self::Cells { .. } | Self::Classes(_) => false,
        };
        Ok((0..rows * cols).map(|k| state(k / cols, k % cols)).collect())
    }

    /// The array as classes of like lines, for a cell selected in a corner; `None` when the pattern has no such classes.
    #[must_use]
    pub fn classes(&self, rows: usize, cols: usize) -> Option<Classes> {
        let keep = |counts: Vec<usize>| counts.into_iter().filter(|n| *n > 0).collect::<Vec<_>>();
        match self {
            Self::Blocks { row, column, rest } => {
                let (r, c) = (keep(vec![1, rows - 1]), keep(vec![1, cols - 1]));
                let lrs = (0..r.len() * c.len()).map(|k| match (k / c.len(), k % c.len()) {
                    (0, 0) => true,
                    (0, _) => *row,
                    (_, 0) => *column,
                    _ => *rest,
                });
                let lrs = lrs.collect();
                Some(Classes { rows: r, cols: c, lrs })
            }
            Self::Checker { odd } => {
                // after the selected line come those at odd distance, then those at even distance
                let split = |n: usize| (vec![1, n / 2, (n - 1) / 2], [0usize, 1, 0]);
                let ((r, rp), (c, cp)) = (split(rows), split(cols));
                let present = |counts: &[usize]| (0..3).filter(|&k| counts[k] > 0).collect::<Vec<_>>();
                let (pr, pc) = (present(&r), present(&c));
                let lrs =
                    pr.iter().flat_map(|&i| pc.iter().map(move |&j| ((rp[i] + cp[j]) % 2 == 1) == *odd)).collect();
                Some(Classes { rows: keep(r), cols: keep(c), lrs })
            }
            Self::Classes(classes) => Some(classes.clone()),
            Self::Random { .. } | Self::File { .. } | Self::Cells { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The classes of a pattern count the same LRS cells as the pattern itself, on every pair of selected lines.
    #[test]
    fn classes_count_the_cells_of_the_pattern() {
        for pattern in Choice::Worst.candidates() {
            for (rows, cols) in [(2, 2), (2, 5), (3, 3), (4, 7), (8, 8)] {
                let states = pattern.states(rows, cols, (0, 0)).unwrap();
                let classes = pattern.classes(rows, cols).unwrap();
                assert_eq!(classes.rows.iter().sum::<usize>(), rows);
                assert_eq!(classes.cols.iter().sum::<usize>(), cols);
                let in_row: usize = (1..cols).filter(|&j| states[j]).count();
                let by_class: usize =
                    (1..classes.cols.len()).filter(|&j| classes.lrs[j]).map(|j| classes.cols[j]).sum();
                assert_eq!(in_row, by_class, "{} {rows} x {cols}", pattern.describe((0, 0)));
                let all = states.iter().skip(1).filter(|s| **s).count();
                let mut counted = 0;
                for (i, r) in classes.rows.iter().enumerate() {
                    for (j, c) in classes.cols.iter().enumerate() {
                        let lrs = classes.lrs[i * classes.cols.len() + j] && (i, j) != (0, 0);
                        counted += usize::from(lrs) * r * c;
                    }
                }
                assert_eq!(all, counted, "{} {rows} x {cols}", pattern.describe((0, 0)));
            }
        }
    }

    #[test]
    fn random_patterns_are_reproducible_and_depend_on_the_seed() {
        let parse = |text: &str| Choice::parse(text, 1, |_| Err(StudyError::request("no file")));
        let states = |text: &str| match parse(text).unwrap() {
            Choice::One(pattern) => pattern.states(8, 8, (0, 7)).unwrap(),
            Choice::Worst => Vec::new(),
        };
        assert_eq!(states("random:3"), states("random:3"));
        assert_ne!(states("random:3"), states("random:4"));
        assert_eq!(states("random:3:1"), vec![true; 64]);
        assert!(parse("random:x").is_err() && parse("chess").is_err());
    }
}
