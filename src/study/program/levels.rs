//! Levels: equal steps of conductance or of resistance between the ends of a range, and targets among them.
//!
//! ```text
//! l(g) = (n - 1) (u(g) - u(gmin)) / (u(gmax) - u(gmin))      u = g, or u = 1/g
//! ```
//! grows with the conductance for either spacing, so that an error is a number of levels whatever the device.

use crate::elaborate::percell::Matrix;
use crate::numeric::rng::Stream;
use crate::study::{Arguments, Context, StudyError, file};

/// A share of the range by which a target may lie outside it: what decimals of the range's ends are worth.
const CRUMB: f64 = 1e-6;

/// n levels between two conductances.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ladder {
    /// Number of levels, at least 2.
    pub count: usize,
    /// S at level 0 and at the last level.
    pub range: (f64, f64),
    /// Equal steps of 1/g instead of g.
    pub by_resistance: bool,
}

impl Ladder {
    fn scale(&self, g: f64) -> f64 {
        if self.by_resistance { 1.0 / g } else { g }
    }

    #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    fn top(&self) -> f64 {
        (self.count - 1) as f64
    }

    /// The level of a conductance, a real number.
    #[must_use]
    pub fn level(&self, g: f64) -> f64 {
        let [u, low, high] = [g, self.range.0, self.range.1].map(|g| self.scale(g));
        self.top() * (u - low) / (high - low)
    }

    /// S of a level.
    #[must_use]
    pub fn conductance(&self, level: f64) -> f64 {
        let t = level / self.top();
        let u = (1.0 - t) * self.scale(self.range.0) + t * self.scale(self.range.1);
        self.scale(u)
    }
}

/// Where a cell is wanted, all in levels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Goal {
    /// Target.
    pub level: f64,
    /// Lowest level that will do.
    pub low: f64,
    /// Highest level that will do.
    pub high: f64,
}

impl Goal {
    /// Is this level good enough?
    #[must_use]
    pub fn holds(&self, level: f64) -> bool {
        (self.low..=self.high).contains(&level)
    }
}

/// The goals of all cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Goals {
    /// Word lines.
    pub rows: usize,
    /// Bit lines.
    pub cols: usize,
    /// Row-major.
    pub cells: Vec<Goal>,
    /// What the targets are, for people.
    pub text: String,
}

/// Word and bit lines when neither a file nor the user says.
const LINES: usize = 16;

impl Goals {
    /// From the arguments `target values rows cols tolerance relative`.
    ///
    /// # Errors
    /// A file that cannot be read or has another shape, targets that are no levels or outside of the range.
    pub fn of(context: &Context, arguments: &Arguments, ladder: &Ladder) -> Result<Self, StudyError> {
        let rows = arguments.count_if_given("rows");
        let cols = arguments.count_if_given("cols").or(rows);
        let (rows, cols, entries, text) = entries(context, arguments, ladder, rows, cols)?;
        let levels = match arguments.word("values") {
            _ if text.is_empty() => entries,
            "conductances" => conductances(&entries, cols, ladder)?,
            "resistances" => conductances(&entries.iter().map(|r| 1.0 / r).collect::<Vec<_>>(), cols, ladder)?,
            _ => {
                whole(&entries, cols, ladder)?;
                entries
            }
        };
        let (tolerance, relative) = (arguments.number("tolerance"), arguments.number_if_given("relative"));
        let goal = |level: f64| match relative {
            None => Goal { level, low: level - tolerance, high: level + tolerance },
            Some(share) => {
                let g = ladder.conductance(level);
                Goal { level, low: ladder.level(g * (1.0 - share)), high: ladder.level(g * (1.0 + share)) }
            }
        };
        let text = if text.is_empty() { arguments.word("target").to_owned() } else { text };
        Ok(Self { rows, cols, cells: levels.into_iter().map(goal).collect(), text })
    }
}

type Entries = (usize, usize, Vec<f64>, String);

/// The entries of `random[:seed]`, `level:K` or a file; a file alone has a text.
fn entries(
    context: &Context,
    arguments: &Arguments,
    ladder: &Ladder,
    rows: Option<usize>,
    cols: Option<usize>,
) -> Result<Entries, StudyError> {
    let (target, seed) = (arguments.word("target"), context.definitions.seed());
    let shape = || (rows.unwrap_or(LINES), cols.or(rows).unwrap_or(LINES));
    let lower = target.to_lowercase();
    let wrong = |text: &str| StudyError::request(format!("`{text}` in target `{target}` is not a number"));
    match lower.split_once(':').map_or((lower.as_str(), None), |(word, rest)| (word, Some(rest))) {
        ("random", own) => {
            let seed = own.map_or(Ok(seed), |text| text.parse().map_err(|_| wrong(text)))?;
            let mut random = Stream::new(seed, 0, "program.target");
            let (rows, cols) = shape();
            #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
            let mut draw = || (random.uniform() * ladder.count as f64).floor();
            Ok((rows, cols, (0..rows * cols).map(|_| draw()).collect(), String::new()))
        }
        ("level", Some(text)) => {
            let level: f64 = text.parse().map_err(|_| wrong(text))?;
            whole(&[level], 1, ladder)?;
            let (rows, cols) = shape();
            Ok((rows, cols, vec![level; rows * cols], String::new()))
        }
        _ => {
            let found = file::matrix(context, arguments, "target", target)?;
            shaped(target, found, rows, cols)
        }
    }
}

fn shaped(name: &str, found: Matrix, rows: Option<usize>, cols: Option<usize>) -> Result<Entries, StudyError> {
    let (wanted_rows, wanted_cols) = (rows.unwrap_or(found.rows), cols.unwrap_or(found.cols));
    if (found.rows, found.cols) != (wanted_rows, wanted_cols) {
        return Err(StudyError::request(format!(
            "the target file `{name}` holds {} x {} cells, the array has {wanted_rows} x {wanted_cols}; without rows= \
             and cols= the array has the shape of the file",
            found.rows, found.cols
        )));
    }
    Ok((found.rows, found.cols, found.values, format!("file `{name}`")))
}

/// ` and 3 more`.
fn more(count: usize) -> String {
    if count == 0 { String::new() } else { format!(" (and {count} more)") }
}

/// Refuses what is no level.
fn whole(entries: &[f64], cols: usize, ladder: &Ladder) -> Result<(), StudyError> {
    let bad = |x: &f64| x.fract() != 0.0 || *x < 0.0 || *x > ladder.top();
    let mut strays = entries.iter().enumerate().filter(|(_, x)| bad(x));
    let Some((k, x)) = strays.next() else { return Ok(()) };
    Err(StudyError::request(format!(
        "the target {x} of cell ({}, {}){} is no level: they are whole numbers from 0 to {}; set levels=, or \
         values=conductances or resistances",
        k / cols,
        k % cols,
        more(strays.count()),
        ladder.count - 1
    )))
}

/// Conductances as levels.
fn conductances(entries: &[f64], cols: usize, ladder: &Ladder) -> Result<Vec<f64>, StudyError> {
    let levels: Vec<f64> = entries.iter().map(|g| ladder.level(*g)).collect();
    let slack = CRUMB * ladder.top();
    let outside = |l: &f64| l.is_nan() || *l < -slack || *l > ladder.top() + slack;
    let mut strays = levels.iter().enumerate().filter(|(_, l)| outside(l));
    let Some((k, _)) = strays.next() else { return Ok(levels) };
    let (low, high) = ladder.range;
    Err(StudyError::request(format!(
        "the target of {:e} S for cell ({}, {}){} lies outside of the range of the levels, {low:e} .. {high:e} S; it \
         ends at the hrs and lrs states unless gmin= and gmax= say otherwise",
        entries[k],
        k / cols,
        k % cols,
        more(strays.count())
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_equal_steps_of_either_scale() {
        let ladder = Ladder { count: 5, range: (1e-5, 5e-5), by_resistance: false };
        assert!((ladder.level(2e-5) - 1.0).abs() < 1e-12 && (ladder.conductance(3.0) - 4e-5).abs() < 1e-18);
        let ladder = Ladder { count: 512, range: (1.0 / 880.0, 1.0 / 740.0), by_resistance: true };
        assert!((ladder.level(1.0 / (880.0 - 140.0 / 511.0)) - 1.0).abs() < 1e-9);
        assert!((1.0 / ladder.conductance(511.0) - 740.0).abs() < 1e-9 && ladder.level(1.0 / 900.0) < 0.0);
    }

    #[test]
    fn targets_outside_are_named() {
        let ladder = Ladder { count: 4, range: (1e-6, 4e-6), by_resistance: false };
        let text = whole(&[0.0, 3.0, 4.0, -1.0], 2, &ladder).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(text.contains("target 4 of cell (1, 0) (and 1 more)") && text.contains("0 to 3"), "{text}");
        let text = conductances(&[1e-6, 5e-6], 2, &ladder).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(text.contains("5e-6 S for cell (0, 1)"), "{text}");
        assert!(conductances(&[1e-6, 4e-6], 2, &ladder).is_ok());
    }
}
