//! The plot at the end of the file: buffered points, the count in its header, where its steps begin.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::time::{Duration, Instant};

use super::header::{self, Convention};
use super::{Encoding, RawOptions};
use crate::output::text::scientific;
use crate::result::PlotHeader;

/// Points are handed to the system in blocks of about this size.
const FLUSH_BYTES: usize = 256 * 1024;
/// A slow run still shows its last half second.
const FLUSH_AFTER: Duration = Duration::from_millis(500);

/// One plot while it grows. Invariant: the file up to `end` is what its header says.
pub(super) struct OpenPlot {
    pub header: PlotHeader,
    convention: Convention,
    encoding: Encoding,
    /// First byte of the plot in the file.
    pub start: u64,
    before_count: String,
    after_count: String,
    end: u64,
    written: u64,
    buffered: u64,
    buffer: Vec<u8>,
    flushed: Instant,
    /// First axis value of all; readers cut steps where it comes back.
    first_axis: f64,
    /// Label and first point of every step.
    steps: Vec<(String, u64)>,
}

impl OpenPlot {
    pub fn new(header: &PlotHeader, convention: Convention, name: String, options: &RawOptions, start: u64) -> Self {
        let (mut before_count, after_count) = header::compose(header, &name, convention, options);
        if start > 0 && options.encoding == Encoding::Ascii {
            // spicelib 1.6.4 never returns from a second ASCII plot that follows without a blank line
            before_count.insert(0, '\n');
        }
        Self {
            header: header.clone(),
            convention,
            encoding: options.encoding,
            start,
            before_count,
            after_count,
            end: start,
            written: 0,
            buffered: 0,
            buffer: Vec::new(),
            flushed: Instant::now(),
            first_axis: f64::NAN,
            steps: vec![(header.step.clone(), 0)],
        }
    }

    /// Can the next step of the same analysis go on in this plot?
    pub fn continues(&self, header: &PlotHeader) -> bool {
        self.convention == Convention::Stepped
            && self.header.name == header.name
            && self.header.saved == header.saved
            && self.header.columns == header.columns
    }

    pub fn begin_step(&mut self, label: &str) {
        self.steps.push((label.to_owned(), self.points()));
    }

    pub fn points(&self) -> u64 {
        self.written + self.buffered
    }

    /// One past the last byte that the header accounts for.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Is the next point the first of its step?
    pub fn begins_step(&self) -> bool {
        self.steps.last().is_some_and(|(_, first)| *first == self.points())
    }

    pub fn step_label(&self) -> &str {
        self.steps.last().map_or("", |(label, _)| label)
    }

    /// Label and number of points of every step.
    pub fn step_lengths(&self) -> impl Iterator<Item = (&str, u64)> {
        let ends = self.steps.iter().skip(1).map(|(_, first)| *first).chain([self.points()]);
        self.steps.iter().zip(ends).map(|((label, first), end)| (label.as_str(), end - first))
    }

    /// Would a reader cut the steps elsewhere than where they begin, once this point is in?
    pub fn splits_wrongly(&self, values: &[f64]) -> bool {
        if self.convention == Convention::Single || !self.header.has_axis || self.points() == 0 {
            return false;
        }
        let looks_like_step = values.first().is_some_and(|v| *v == self.first_axis);
        looks_like_step != self.begins_step()
    }

    /// Columns beyond `saved` feed prints and measures only.
    pub fn push(&mut self, values: &[f64]) {
        let values = &values[..self.width().min(values.len())];
        if self.points() == 0 {
            self.first_axis = values.first().copied().unwrap_or(f64::NAN);
        }
        match self.encoding {
            Encoding::Binary => values.iter().for_each(|v| self.buffer.extend_from_slice(&v.to_le_bytes())),
            Encoding::Ascii => {
                let index = self.points();
                for (k, value) in values.iter().enumerate() {
                    let number = scientific(*value, 15);
                    let line = if k == 0 { format!("{index}\t\t{number}\n") } else { format!("\t{number}\n") };
                    self.buffer.extend_from_slice(line.as_bytes());
                }
            }
        }
        self.buffered += 1;
    }

    fn width(&self) -> usize {
        self.header.saved.min(self.header.columns.len())
    }

    pub fn is_due(&self) -> bool {
        self.points() == 1 || self.buffer.len() >= FLUSH_BYTES || self.flushed.elapsed() >= FLUSH_AFTER
    }

    /// Moves the buffered points into the file: first the points, then their count.
    pub fn flush(&mut self, file: &mut File) -> io::Result<()> {
        if self.buffered == 0 || self.width() == 0 {
            return Ok(());
        }
        let count = header::count_field(self.points());
        file.seek(SeekFrom::Start(self.end))?;
        let mut length = self.buffer.len();
        if self.written == 0 {
            let mut block = [&self.before_count, count.as_str(), &self.after_count].concat().into_bytes();
            block.append(&mut self.buffer);
            length = block.len();
            file.write_all(&block)?;
        } else {
            file.write_all(&self.buffer)?;
            file.seek(SeekFrom::Start(self.start + self.before_count.len() as u64))?;
            file.write_all(count.as_bytes())?;
        }
        self.end += length as u64;
        self.written = self.points();
        self.buffered = 0;
        self.buffer.clear();
        self.flushed = Instant::now();
        Ok(())
    }
}

/// Reads back the points of a plot.
pub(super) struct RecordReader<'a> {
    source: BufReader<&'a mut File>,
    encoding: Encoding,
    width: usize,
}

impl<'a> RecordReader<'a> {
    pub fn new(file: &'a mut File, plot: &OpenPlot) -> io::Result<Self> {
        let count = header::count_field(0).len();
        let data = plot.start + (plot.before_count.len() + count + plot.after_count.len()) as u64;
        file.seek(SeekFrom::Start(data))?;
        Ok(Self { source: BufReader::new(file), encoding: plot.encoding, width: plot.width() })
    }

    /// The next point. A 16-digit number survives being read and printed again.
    pub fn next_record(&mut self) -> io::Result<Vec<f64>> {
        (0..self.width).map(|_| self.next_value()).collect()
    }

    fn next_value(&mut self) -> io::Result<f64> {
        match self.encoding {
            Encoding::Binary => {
                let mut bytes = [0; 8];
                io::Read::read_exact(&mut self.source, &mut bytes)?;
                Ok(f64::from_le_bytes(bytes))
            }
            Encoding::Ascii => {
                let mut line = String::new();
                self.source.read_line(&mut line)?;
                let number = line.trim_end().rsplit('\t').next().unwrap_or("");
                number
                    .parse()
                    .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the file changed while it was written"))
            }
        }
    }
}
