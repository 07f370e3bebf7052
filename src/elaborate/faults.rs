//! Faults of an array: listed in a file, or drawn at random rates.
//!
//! File lines are `row,col,type[,value]`; rows and columns count from the array's BASE.
//!
//! | type | effect |
//! |---|---|
//! | `sa0`, `sa1` | the cell is replaced by RSA0 or RSA1 (`value` in ohm overrides) |
//! | `stuck` | the cell is replaced by `value` ohm |
//! | `open` | the cell is taken out |
//! | `short` | RSHORT (or `value`) ohm in parallel with the cell |
//! | `wlopen` | the word-line segment before cell (row, col) is broken; col one past the last: the segment to the right pin |
//! | `blopen` | the bit-line segment before (above) cell (row, col) is broken; row one past the last: the segment to the bottom pin |

use std::collections::{BTreeMap, BTreeSet};

use super::percell::{number, split};
use crate::circuit::array::FaultKind;

/// Resistances in ohm that stand for faults without a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stand {
    /// Stuck in the high-resistance state.
    pub sa0: f64,
    /// Stuck in the low-resistance state.
    pub sa1: f64,
    /// Shorted cell.
    pub short: f64,
}

impl Default for Stand {
    fn default() -> Self {
        Self { sa0: 1e9, sa1: 1e3, short: 1.0 }
    }
}

/// All faults of one array.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    /// Faulty cells by row-major number.
    pub cells: BTreeMap<usize, FaultKind>,
    /// Broken word-line segments `(row, segment)`.
    pub word_breaks: BTreeSet<(usize, usize)>,
    /// Broken bit-line segments `(column, segment)`.
    pub bit_breaks: BTreeSet<(usize, usize)>,
}

/// A line of a faults file that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct FaultError {
    /// Line from 1.
    pub line: usize,
    /// What is wrong and what is expected.
    pub reason: String,
}

const TYPES: [&str; 7] = ["sa0", "sa1", "open", "short", "stuck", "wlopen", "blopen"];

impl Faults {
    /// Reads the text of a faults file for an array of `rows x cols` cells whose names count from `base`.
    ///
    /// # Errors
    /// Every line that cannot be used.
    pub fn parse(text: &str, rows: usize, cols: usize, base: usize, stand: Stand) -> Result<Self, Vec<FaultError>> {
        let mut faults = Self::default();
        let mut errors = Vec::new();
        let mut first = true;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (k, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or("").trim();
            if line.is_empty() {
                continue;
            }
            let header = std::mem::take(&mut first) && line.to_lowercase().starts_with("row");
            if header {
                continue;
            }
            if let Err(reason) = faults.line(&split(line), rows, cols, base, stand) {
                errors.push(FaultError { line: k + 1, reason });
            }
        }
        if errors.is_empty() { Ok(faults) } else { Err(errors) }
    }

    fn line(&mut self, fields: &[&str], rows: usize, cols: usize, base: usize, stand: Stand) -> Result<(), String> {
        let [row, col, kind, rest @ ..] = fields else {
            return Err(format!("`row,col,type[,value]` expected, found {} entries", fields.len()));
        };
        let kind = kind.to_lowercase();
        if !TYPES.contains(&kind.as_str()) {
            let near = TYPES.iter().min_by_key(|t| strsim::damerau_levenshtein(t, &kind));
            let near = near.filter(|t| strsim::damerau_levenshtein(t, &kind) <= 2);
            let hint = near.map(|t| format!("; did you mean `{t}`?")).unwrap_or_default();
            return Err(format!("unknown fault `{kind}`{hint} (known: {})", TYPES.join(" ")));
        }
        // a break may be one past the last cell of its line
        let last_row = rows + usize::from(kind == "blopen");
        let last_col = cols + usize::from(kind == "wlopen");
        let row = index(row, "row", last_row, base)?;
        let col = index(col, "column", last_col, base)?;
        let value = match rest {
            [] | [""] => None,
            [text] => Some(
                number(text)
                    .filter(|v| v.is_finite() && *v > 0.0)
                    .ok_or_else(|| format!("`{text}` is not a resistance above zero"))?,
            ),
            _ => return Err(format!("{} entries, at most 4 expected", fields.len())),
        };
        let fault = match kind.as_str() {
            "wlopen" => {
                self.word_breaks.insert((row, col));
                return Ok(());
            }
            "blopen" => {
                self.bit_breaks.insert((col, row));
                return Ok(());
            }
            "sa0" => FaultKind::Replaced(value.unwrap_or(stand.sa0)),
            "sa1" => FaultKind::Replaced(value.unwrap_or(stand.sa1)),
            "open" => FaultKind::Open,
            "short" => FaultKind::Shunted(value.unwrap_or(stand.short)),
            _ => FaultKind::Replaced(value.ok_or("`stuck` needs a resistance in ohm as its fourth entry")?),
        };
        match self.cells.insert(row * cols + col, fault) {
            Some(earlier) if earlier != fault => {
                Err(format!("cell ({}, {}) already has another fault", row + base, col + base))
            }
            _ => Ok(()),
        }
    }

    /// Adds random stuck cells: with probability `p0` stuck at RSA0, with `p1` at RSA1. `uniform(cell)` gives the number
    /// in [0, 1) that decides a cell; listed faults stay.
    pub fn draw(&mut self, cells: usize, p0: f64, p1: f64, stand: Stand, mut uniform: impl FnMut(usize) -> f64) {
        if p0 <= 0.0 && p1 <= 0.0 {
            return;
        }
        for cell in 0..cells {
            let u = uniform(cell);
            let fault = if u < p0 {
                FaultKind::Replaced(stand.sa0)
            } else if u < p0 + p1 {
                FaultKind::Replaced(stand.sa1)
            } else {
                continue;
            };
            self.cells.entry(cell).or_insert(fault);
        }
    }
}

fn index(text: &str, what: &str, count: usize, base: usize) -> Result<usize, String> {
    let last = count + base - 1;
    text.parse::<usize>()
        .ok()
        .and_then(|n| n.checked_sub(base))
        .filter(|n| *n < count)
        .ok_or_else(|| format!("{what} `{text}` is outside {base}..{last}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const STAND: Stand = Stand { sa0: 1e9, sa1: 1e3, short: 1.0 };

    #[test]
    fn every_type_is_read() {
        let text = "row,col,type,value\n0,0,sa0\n0,1,SA1,2k\n0,2,open\n1,0,short\n1,1,stuck,5e4 # five\n1,3,wlopen\n2,2,blopen\n";
        let f = Faults::parse(text, 2, 3, 0, STAND).unwrap();
        // as spreadsheets write it
        let exported = format!("\u{feff}{}", text.replace('\n', "\r\n"));
        assert_eq!(Faults::parse(&exported, 2, 3, 0, STAND).unwrap(), f);
        let expected = [
            (0, FaultKind::Replaced(1e9)),
            (1, FaultKind::Replaced(2e3)),
            (2, FaultKind::Open),
            (3, FaultKind::Shunted(1.0)),
            (4, FaultKind::Replaced(5e4)),
        ];
        assert_eq!(f.cells.into_iter().collect::<Vec<_>>(), expected);
        assert_eq!(f.word_breaks.into_iter().collect::<Vec<_>>(), [(1, 3)]);
        assert_eq!(f.bit_breaks.into_iter().collect::<Vec<_>>(), [(2, 2)]);
    }

    #[test]
    fn every_mistake_is_reported_at_its_line() {
        let text = "0,0,sa2\n5,0,open\n0,0,stuck\n0\n0,1,open,x\n1,1,sa0\n1,1,sa1\n0,2,wlopen\n";
        let errors = Faults::parse(text, 2, 2, 0, STAND).unwrap_err();
        let lines: Vec<usize> = errors.iter().map(|e| e.line).collect();
        assert_eq!(lines, [1, 2, 3, 4, 5, 7]);
        assert!(errors[0].reason.contains("did you mean `sa0`") || errors[0].reason.contains("did you mean `sa1`"));
        assert!(errors[1].reason.contains("outside 0..1"), "{}", errors[1]);
    }

    #[test]
    fn base_one_counts_from_one() {
        assert!(Faults::parse("0,1,open", 2, 2, 1, STAND).is_err());
        assert!(Faults::parse("2,2,open", 2, 2, 1, STAND).unwrap().cells.contains_key(&3));
    }

    #[test]
    fn rates_choose_by_the_uniform_number() {
        let mut f = Faults::default();
        f.cells.insert(0, FaultKind::Open);
        f.draw(4, 0.1, 0.2, STAND, |cell| [0.0, 0.05, 0.25, 0.31][cell]);
        let expected = [(0, FaultKind::Open), (1, FaultKind::Replaced(1e9)), (2, FaultKind::Replaced(1e3))];
        assert_eq!(f.cells.into_iter().collect::<Vec<_>>(), expected);
    }
}
