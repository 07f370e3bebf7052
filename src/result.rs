//! Results: tables, matrices, counters. No files, no text layout.

use crate::plan::Quantity;

pub mod report;

/// The header of one plot: what the columns are.
#[derive(Debug, Clone, PartialEq)]
pub struct PlotHeader {
    /// Title of the deck.
    pub title: String,
    /// `Operating Point`, `DC transfer characteristic`, `Transient Analysis`, `Transfer Function`.
    pub name: String,
    /// Step label for stepped runs, `r=1000 c=1e-09`; empty otherwise.
    pub step: String,
    /// The axis is column 0 when true.
    pub has_axis: bool,
    /// Columns, axis first.
    pub columns: Vec<Column>,
    /// How many columns, from the front and with the axis, the raw file shows.
    pub saved: usize,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Canonical name: `time`, `v(out)`, `i(v1)`, `@x1.m1[x]`.
    pub name: String,
    /// What it holds.
    pub quantity: Quantity,
}

/// All points of one analysis at one step, column-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What the columns are.
    pub header: PlotHeader,
    /// `data[column][point]`.
    pub data: Vec<Vec<f64>>,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new(header: PlotHeader) -> Self {
        let data = vec![Vec::new(); header.columns.len()];
        Self { header, data }
    }
    /// Number of points.
    #[must_use]
    pub fn points(&self) -> usize {
        self.data.first().map_or(0, Vec::len)
    }
    /// Appends one point; `values` has one entry per column.
    pub fn push(&mut self, values: &[f64]) {
        for (column, &value) in self.data.iter_mut().zip(values) {
            column.push(value);
        }
    }
    /// A column by its canonical name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&[f64]> {
        let k = self.header.columns.iter().position(|c| c.name == name)?;
        self.data.get(k).map(Vec::as_slice)
    }
}

/// Where an analysis puts its points while it runs. Implemented by [`Table`]'s collector and by streaming writers.
pub trait Sink {
    /// A new plot begins.
    fn begin(&mut self, header: &PlotHeader);
    /// One accepted point, a value per column.
    fn point(&mut self, values: &[f64]);
    /// A snapshot of an array.
    fn snapshot(&mut self, _snapshot: ArraySnapshot) {}
    /// The plot is over, by success or failure; what was written stays.
    fn end(&mut self);
    /// How far the analysis is, in 0..=1; for progress display.
    fn progress(&mut self, _fraction: f64) {}
    /// True when the user asked to stop (Ctrl-C); the analysis then ends with what it has.
    fn interrupted(&self) -> bool {
        false
    }
}

/// Matrices of one array at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct ArraySnapshot {
    /// Array instance.
    pub array: String,
    /// Axis value (time in s, sweep value); 0 for an operating point.
    pub at: f64,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// Quantity name and row-major values.
    pub matrices: Vec<(String, Vec<f64>)>,
    /// File the card named.
    pub file: Option<String>,
    /// State file stem the card named.
    pub state_file: Option<String>,
}

/// Work and trust counters of one analysis.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stats {
    /// Accepted points.
    pub points: usize,
    /// Steps rejected because of the truncation error.
    pub rejected_error: usize,
    /// Steps rejected because Newton failed.
    pub rejected_newton: usize,
    /// Steps shortened to land on a switching event.
    pub rejected_event: usize,
    /// Newton iterations.
    pub newton: usize,
    /// Numeric factorizations.
    pub factorizations: usize,
    /// Iterations of the array kernel.
    pub array_iterations: usize,
    /// Times line-PCG handed over to the direct array solver.
    pub escalations: usize,
    /// Times the array kernel handed over to the sparse matrix.
    pub fallbacks: usize,
    /// Worst |sum of currents| over the nodes at accepted points, in A.
    pub kcl_residual: f64,
    /// The same, relative to the sum of |currents| at that node.
    pub kcl_relative: f64,
    /// Energy delivered by the sources in J (transients).
    pub delivered: f64,
    /// Energy dissipated in J.
    pub dissipated: f64,
    /// Increase of stored energy in J.
    pub stored: f64,
    /// Integral of the |power| of every device in J. Sources that feed each other deliver nothing on the whole; this
    /// says how much went to and fro.
    pub exchanged: f64,
    /// Continuation aids that were used, in order: `gmin stepping`, `source stepping`, `pseudo-transient`.
    pub aids: Vec<String>,
    /// Why the array kernel handed over to the sparse matrix.
    pub refusals: Vec<String>,
    /// Which branch multivalued devices took, when it mattered.
    pub branches: Vec<String>,
}

impl Stats {
    /// Energies below this are rounding of a circuit at rest, in J.
    const NOTHING: f64 = 1e-30;

    /// |delivered - dissipated - stored| relative to |delivered| + |dissipated| + |stored| or to what was exchanged,
    /// whichever is more; 0 when nothing moved.
    #[must_use]
    pub fn energy_error(&self) -> f64 {
        let scale = self.exchanged.max(self.delivered.abs() + self.dissipated.abs() + self.stored.abs());
        if scale < Self::NOTHING { 0.0 } else { (self.delivered - self.dissipated - self.stored).abs() / scale }
    }
    /// Adds what another run counted; worst values stay worst, words are not repeated.
    pub fn merge(&mut self, other: &Self) {
        self.points += other.points;
        self.rejected_error += other.rejected_error;
        self.rejected_newton += other.rejected_newton;
        self.rejected_event += other.rejected_event;
        self.newton += other.newton;
        self.factorizations += other.factorizations;
        self.array_iterations += other.array_iterations;
        self.escalations += other.escalations;
        self.fallbacks += other.fallbacks;
        self.kcl_residual = self.kcl_residual.max(other.kcl_residual);
        self.kcl_relative = self.kcl_relative.max(other.kcl_relative);
        self.delivered += other.delivered;
        self.dissipated += other.dissipated;
        self.stored += other.stored;
        self.exchanged += other.exchanged;
        let words = [(&mut self.aids, &other.aids), (&mut self.refusals, &other.refusals)];
        for (own, new) in words.into_iter().chain([(&mut self.branches, &other.branches)]) {
            let new: Vec<String> = new.iter().filter(|word| !own.contains(word)).cloned().collect();
            own.extend(new);
        }
    }
    /// All rejected steps.
    #[must_use]
    pub fn rejected(&self) -> usize {
        self.rejected_error + self.rejected_newton + self.rejected_event
    }
}

/// One evaluated `.measure`.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasureResult {
    /// Name.
    pub name: String,
    /// User's text.
    pub text: String,
    /// Value; `None` = failed.
    pub value: Option<f64>,
    /// Why it failed.
    pub reason: Option<String>,
    /// Axis value of WHEN/FIND/MAX_AT.
    pub at: Option<f64>,
    /// Window, or trig and targ.
    pub window: Option<(f64, f64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_that_feed_each_other_have_a_scale() {
        let one_way = Stats { delivered: 4.0, dissipated: 3.0, stored: 0.5, ..Stats::default() };
        assert_eq!(one_way.energy_error(), 0.5 / 7.5);
        let to_and_fro = Stats { delivered: 1e-20, exchanged: 2.0, ..Stats::default() };
        assert_eq!(to_and_fro.energy_error(), 5e-21);
        assert_eq!(Stats::default().energy_error(), 0.0);
    }
}
