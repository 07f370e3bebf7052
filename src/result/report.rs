//! What a study reports: numbers with their definitions, tables, maps, charts. Plain data; `output` gives it a form.

use super::Stats;

/// The result of one study.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Word of the study: `margin`.
    pub study: String,
    /// Title for figures and pages.
    pub title: String,
    /// What each quantity means, one sentence each, in the order of first use.
    pub definitions: Vec<(String, String)>,
    /// What the study was asked for: every argument with its value in force.
    pub parameters: Vec<(String, String)>,
    /// Single results: `max_size`.
    pub facts: Vec<Fact>,
    /// The main table.
    pub rows: Grid,
    /// Further tables, by name.
    pub tables: Vec<(String, Grid)>,
    /// Matrices over the array.
    pub maps: Vec<Map>,
    /// Figures of curves.
    pub charts: Vec<Chart>,
    /// Samples on probability paper.
    pub papers: Vec<Paper>,
    /// What a reader must know: assumptions, extrapolations, what was searched.
    pub notes: Vec<String>,
    /// Points that failed, in plain words; the others are in the tables.
    pub failures: Vec<String>,
    /// How far the numbers can be trusted.
    pub trust: Trust,
}

/// One point of a sweep over a study: what a journal keeps of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Part {
    /// Its table.
    pub rows: Grid,
    /// What failed in it.
    pub failures: Vec<String>,
    /// Its solves.
    pub trust: Trust,
}

/// A single result.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Name, as a key: `max_size`.
    pub name: String,
    /// Value.
    pub value: Value,
    /// SI unit; empty for a plain number.
    pub unit: String,
}

/// One entry of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number, in the unit of its column.
    Number(f64),
    /// A count.
    Count(u64),
    /// A word.
    Text(String),
    /// Nothing: does not apply, or failed.
    Missing,
}

impl Value {
    /// As a number; NaN for text and for nothing.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub fn number(&self) -> f64 {
        match self {
            Self::Number(x) => *x,
            Self::Count(n) => *n as f64,
            Self::Text(_) | Self::Missing => f64::NAN,
        }
    }
}

impl From<f64> for Value {
    fn from(x: f64) -> Self {
        if x.is_nan() { Self::Missing } else { Self::Number(x) }
    }
}

impl From<usize> for Value {
    fn from(n: usize) -> Self {
        Self::Count(n as u64)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}

/// A table: named columns with units, rows of as many values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grid {
    /// Name and SI unit of each column; the unit is empty for words and plain numbers.
    pub columns: Vec<(String, String)>,
    /// Rows.
    pub rows: Vec<Vec<Value>>,
}

impl Grid {
    /// An empty table; each column is `name` or `name:unit`.
    #[must_use]
    pub fn new(columns: &[&str]) -> Self {
        let split = |c: &&str| {
            let (name, unit) = c.split_once(':').unwrap_or((c, ""));
            (name.to_owned(), unit.to_owned())
        };
        Self { columns: columns.iter().map(split).collect(), rows: Vec::new() }
    }

    /// Appends a row; it is cut or filled up to the number of columns.
    pub fn push(&mut self, row: impl IntoIterator<Item = Value>) {
        let mut row: Vec<Value> = row.into_iter().collect();
        row.resize(self.columns.len(), Value::Missing);
        self.rows.push(row);
    }

    /// All values of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<Vec<&Value>> {
        let k = self.columns.iter().position(|(n, _)| n == name)?;
        Some(self.rows.iter().map(|row| &row[k]).collect())
    }
}

/// A matrix over the cells of an array.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// Key: `ir_drop`.
    pub name: String,
    /// For the colour bar: `IR drop`.
    pub label: String,
    /// SI unit.
    pub unit: String,
    /// Word lines.
    pub rows: usize,
    /// Bit lines.
    pub cols: usize,
    /// Row-major values; not finite = blank.
    pub values: Vec<f64>,
    /// What rows and columns stand for, where it is not word and bit lines.
    pub axes: Option<MapAxes>,
}

impl Map {
    /// Row and column of the first cell that holds `value` up to rounding, so that of cells that are alike none is named
    /// by its last bit; the first cell when none does.
    #[must_use]
    pub fn place_of(&self, value: f64) -> (usize, usize) {
        let same = |v: &f64| (v - value).abs() <= 1e-12 * value.abs();
        let at = self.values.iter().position(same).unwrap_or(0);
        (at / self.cols.max(1), at % self.cols.max(1))
    }
}

/// What rows and columns of a map stand for.
#[derive(Debug, Clone, PartialEq)]
pub struct MapAxes {
    /// Rows: `True class`.
    pub rows: String,
    /// Columns.
    pub cols: String,
    /// Names of single rows and columns; numbers when empty.
    pub names: Vec<String>,
}

/// A figure of curves over one abscissa.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Key: `margin`.
    pub name: String,
    /// Above the figure.
    pub title: String,
    /// Abscissa.
    pub x: Axis,
    /// Ordinate.
    pub y: Axis,
    /// Curves.
    pub series: Vec<Series>,
}

/// Samples on probability paper.
#[derive(Debug, Clone, PartialEq)]
pub struct Paper {
    /// Key: `weibull`.
    pub name: String,
    /// Above the figure.
    pub title: String,
    /// Abscissa, always logarithmic.
    pub x: Axis,
    /// Place and text of the labels of the ordinate, in per cent.
    pub ticks: Vec<(f64, String)>,
    /// Samples.
    pub groups: Vec<PaperGroup>,
}

/// One sample on paper; ordinates are places on it.
#[derive(Debug, Clone, PartialEq)]
pub struct PaperGroup {
    /// Legend.
    pub label: String,
    /// Value and place of each member, ascending.
    pub points: Vec<(f64, f64)>,
    /// Value and both ends of the confidence band; not finite = beyond the paper.
    pub band: Vec<(f64, f64, f64)>,
    /// Both ends of the fitted line.
    pub line: Vec<(f64, f64)>,
}

/// An axis of a chart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Axis {
    /// Name without unit.
    pub name: String,
    /// SI unit.
    pub unit: String,
    /// Logarithmic.
    pub log: bool,
}

impl Axis {
    /// A linear axis.
    #[must_use]
    pub fn linear(name: &str, unit: &str) -> Self {
        Self { name: name.to_owned(), unit: unit.to_owned(), log: false }
    }
    /// A logarithmic axis.
    #[must_use]
    pub fn log(name: &str, unit: &str) -> Self {
        Self { log: true, ..Self::linear(name, unit) }
    }
}

/// A curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Legend.
    pub label: String,
    /// Abscissae.
    pub x: Vec<f64>,
    /// Ordinates, as many.
    pub y: Vec<f64>,
}

/// What was solved and how well.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trust {
    /// Circuits solved: operating points and transients.
    pub solves: usize,
    /// Newton iterations.
    pub newton: usize,
    /// Worst |sum of currents| relative to the sum of |currents| at a node.
    pub kcl_relative: f64,
    /// Worst |delivered - dissipated - stored| of a transient, relative (see [`Stats::energy_error`]).
    pub energy_error: f64,
    /// Transients among the solves; the energy error means nothing without one.
    pub transients: usize,
    /// Continuation aids that were needed.
    pub aids: Vec<String>,
}

impl Trust {
    /// Adds one solve.
    pub fn add(&mut self, stats: &Stats) {
        self.solves += 1;
        self.newton += stats.newton;
        self.kcl_relative = self.kcl_relative.max(stats.kcl_relative);
        if stats.exchanged > 0.0 {
            self.transients += 1;
            self.energy_error = self.energy_error.max(stats.energy_error());
        }
        self.note(&stats.aids);
    }

    /// Adds the solves of another part of the study.
    pub fn join(&mut self, other: &Trust) {
        self.solves += other.solves;
        self.newton += other.newton;
        self.transients += other.transients;
        self.kcl_relative = self.kcl_relative.max(other.kcl_relative);
        self.energy_error = self.energy_error.max(other.energy_error);
        self.note(&other.aids);
    }

    fn note(&mut self, aids: &[String]) {
        for aid in aids {
            if !self.aids.contains(aid) {
                self.aids.push(aid.clone());
            }
        }
    }
}
