//! SPICE raw files, written while the analysis runs.
//!
//! The count in the header is brought up to date with every flush (at the first point, then every half second or
//! 256 KiB), after the points it counts. A run that is killed leaves a file that every reader opens.
//! A plot without points is not written at all, because spicelib refuses the whole file over it.

mod header;
mod plot;
pub mod read;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use self::header::{COUNT_MAX, Convention};
use self::plot::{OpenPlot, RecordReader};
use super::OutputError;
use crate::result::{PlotHeader, Sink};

/// How numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// 8-byte little-endian floats, point by point.
    #[default]
    Binary,
    /// `Values:` with 16 significant digits.
    Ascii,
}

/// The words in the third field of a variable line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TypeWords {
    /// `time frequency voltage current`, all that PySpice knows.
    #[default]
    Basic,
    /// ngspice's other words too.
    Full,
}

/// Where the steps of a stepped run go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StepLayout {
    /// All in one plot, as LTspice, as long as its readers can tell the steps apart.
    #[default]
    Concatenated,
    /// One plot per step, as Xyce.
    Plots,
}

/// Choices of a raw file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawOptions {
    /// Binary or ASCII.
    pub encoding: Encoding,
    /// Type words.
    pub types: TypeWords,
    /// Layout of stepped runs.
    pub steps: StepLayout,
    /// How many steps the run has (shown in the plot names of [`StepLayout::Plots`]).
    pub step_count: usize,
    /// The `Date:` line.
    pub date: String,
}

impl Default for RawOptions {
    fn default() -> Self {
        Self {
            encoding: Encoding::default(),
            types: TypeWords::default(),
            steps: StepLayout::default(),
            step_count: 1,
            date: jiff::Zoned::now().strftime("%a %b %e %H:%M:%S  %Y").to_string(),
        }
    }
}

/// A streaming raw file. Stepped runs come analysis by analysis, all steps of one before the first of the next.
///
/// The first failure stops all writing, cuts the file back to the points its header counts, and is returned by
/// [`RawWriter::finish`].
pub struct RawWriter {
    path: PathBuf,
    file: File,
    options: RawOptions,
    plot: Option<OpenPlot>,
    /// Name of the present analysis and how many of its steps began.
    analysis: String,
    step: usize,
    labels: Vec<String>,
    plots: usize,
    failure: Option<OutputError>,
}

impl RawWriter {
    /// Creates (or empties) the file.
    ///
    /// # Errors
    /// When the path cannot be written.
    pub fn create(path: &Path, options: RawOptions) -> Result<Self, OutputError> {
        Ok(Self {
            path: path.to_owned(),
            file: create_file(path).map_err(|e| OutputError::file(path, e))?,
            options,
            plot: None,
            analysis: String::new(),
            step: 0,
            labels: Vec::new(),
            plots: 0,
            failure: None,
        })
    }

    /// What went wrong so far.
    #[must_use]
    pub fn failure(&self) -> Option<&OutputError> {
        self.failure.as_ref()
    }

    /// Labels of the steps of the last analysis that have points, for the `.step` lines of the log: spicelib wants as
    /// many lines as there are steps in the file.
    #[must_use]
    pub fn step_labels(&self) -> &[String] {
        &self.labels
    }

    /// Number of plots with points.
    #[must_use]
    pub fn plots(&self) -> usize {
        self.plots
    }

    /// Writes what is left and closes the file.
    ///
    /// # Errors
    /// The first failure since the file was created.
    pub fn finish(mut self) -> Result<(), OutputError> {
        self.guard(Self::flush);
        self.plot = None;
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Does nothing after a failure; keeps the first one.
    fn guard(&mut self, action: impl FnOnce(&mut Self) -> Result<(), OutputError>) {
        if self.failure.is_none()
            && let Err(failure) = action(self)
        {
            self.failure = Some(failure);
            if let Some(plot) = self.plot.take() {
                // whole points only; a system that refuses even this leaves nothing else to do
                let _ = self.file.set_len(plot.end());
            }
        }
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        let Some(plot) = &mut self.plot else { return Ok(()) };
        plot.flush(&mut self.file).map_err(|e| OutputError::file(&self.path, e))
    }

    fn begin_plot(&mut self, header: &PlotHeader) -> Result<(), OutputError> {
        self.flush()?;
        if self.analysis != header.name || header.step.is_empty() {
            self.analysis.clone_from(&header.name);
            self.step = 0;
            self.labels.clear();
        }
        self.step += 1;
        let stepped = !header.step.is_empty();
        if stepped && self.options.steps == StepLayout::Concatenated {
            match &mut self.plot {
                Some(plot) if self.step > 1 && plot.continues(header) => plot.begin_step(&header.step),
                _ => self.plot = Some(self.open(header, Convention::Stepped, header.name.clone())?),
            }
            return Ok(());
        }
        let name = if stepped {
            header::step_plot_name(&header.name, &header.step, self.step, self.options.step_count.max(self.step))
        } else {
            header.name.clone()
        };
        self.plot = Some(self.open(header, Convention::Single, name)?);
        Ok(())
    }

    fn open(&mut self, header: &PlotHeader, convention: Convention, name: String) -> Result<OpenPlot, OutputError> {
        let end = self.file.seek(SeekFrom::End(0)).map_err(|e| OutputError::file(&self.path, e))?;
        Ok(OpenPlot::new(header, convention, name, &self.options, end))
    }

    fn push(&mut self, values: &[f64]) -> Result<(), OutputError> {
        if self.plot.as_ref().is_some_and(|p| p.splits_wrongly(values)) {
            self.split_into_plots()?;
        }
        self.append(values)
    }

    fn append(&mut self, values: &[f64]) -> Result<(), OutputError> {
        let Some(plot) = &mut self.plot else { return Ok(()) };
        if plot.points() >= COUNT_MAX {
            let reason = format!("a raw file holds at most {COUNT_MAX} points per plot; raise the print step");
            return Err(OutputError::format(&self.path, reason));
        }
        self.plots += usize::from(plot.points() == 0);
        if plot.begins_step() {
            self.labels.push(plot.step_label().to_owned());
        }
        plot.push(values);
        if plot.is_due() { self.flush() } else { Ok(()) }
    }

    /// Readers would cut the steps of this plot in the wrong places: writes it again with one plot per step, and goes on
    /// in that layout.
    fn split_into_plots(&mut self) -> Result<(), OutputError> {
        self.flush()?;
        self.options.steps = StepLayout::Plots;
        let Some(plot) = self.plot.take() else { return Ok(()) };
        let mut name = self.path.clone().into_os_string();
        name.push(".part");
        let part = PathBuf::from(name);
        let fresh = create_file(&part).map_err(|e| OutputError::file(&part, e))?;
        let mut old = std::mem::replace(&mut self.file, fresh);
        let outcome = self.repeat_as_plots(&mut old, &plot);
        drop(old);
        let outcome =
            outcome.and_then(|()| std::fs::rename(&part, &self.path).map_err(|e| OutputError::file(&self.path, e)));
        if outcome.is_err() {
            // the file before the rewrite stays; the half-written copy is of no use, whether or not it can be removed
            let _ = std::fs::remove_file(&part);
        }
        outcome
    }

    fn repeat_as_plots(&mut self, old: &mut File, plot: &OpenPlot) -> Result<(), OutputError> {
        let fail = |e: io::Error| OutputError::file(&self.path, e);
        old.seek(SeekFrom::Start(0)).map_err(fail)?;
        io::copy(&mut (&mut *old).take(plot.start), &mut self.file).map_err(fail)?;
        let mut records = RecordReader::new(old, plot).map_err(fail)?;
        self.plots -= usize::from(plot.points() > 0);
        (self.step, self.labels) = (0, Vec::new());
        for (label, points) in plot.step_lengths() {
            self.begin_plot(&PlotHeader { step: label.to_owned(), ..plot.header.clone() })?;
            for _ in 0..points {
                let values = records.next_record().map_err(|e| OutputError::file(&self.path, e))?;
                self.append(&values)?;
            }
        }
        Ok(())
    }
}

fn create_file(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(true).open(path)
}

impl Sink for RawWriter {
    fn begin(&mut self, header: &PlotHeader) {
        self.guard(|w| w.begin_plot(header));
    }
    fn point(&mut self, values: &[f64]) {
        self.guard(|w| w.push(values));
    }
    fn end(&mut self) {
        self.guard(Self::flush);
    }
}

impl Drop for RawWriter {
    fn drop(&mut self) {
        self.guard(Self::flush);
    }
}

#[cfg(test)]
mod tests;
