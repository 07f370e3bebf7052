//! Everything a run writes besides the raw file: printed tables, CSV, measures, array matrices.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::output::measures::{self, Row};
use crate::output::raw::{RawOptions, RawWriter};
use crate::output::trace::{derive, saved};
use crate::output::{OutputError, csv, npz, print, replay};
use crate::plan::{AnalysisFilter, AnalysisWord, PrintFormat};
use crate::result::{ArraySnapshot, Table};

use super::args::PrintStyle;
use super::console::Console;
use super::places::Places;
use super::simulate::{Step, word_text};

/// Writes results and remembers what was written.
pub struct Products<'a> {
    /// Where they go.
    pub places: &'a Places,
    console: &'a Console,
    /// Files, in the order they were written.
    pub files: Vec<PathBuf>,
    /// What could not be written.
    pub failures: Vec<OutputError>,
}

impl<'a> Products<'a> {
    /// Nothing written yet.
    #[must_use]
    pub fn new(places: &'a Places, console: &'a Console) -> Self {
        Self { places, console, files: Vec::new(), failures: Vec::new() }
    }

    /// Notes a file down, or why there is none.
    pub fn keep(&mut self, path: PathBuf, outcome: Result<(), OutputError>) {
        match outcome {
            Ok(()) => self.files.push(path),
            Err(error) => self.failures.push(error),
        }
    }

    fn file(&mut self, path: PathBuf, body: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) {
        let outcome = create(&path).and_then(|mut out| body(&mut out).and_then(|()| out.flush()));
        let outcome = outcome.map_err(|e| OutputError::file(&path, e));
        self.keep(path, outcome);
    }

    /// The `.print` tables: standard output, or the file the card names.
    pub fn prints(&mut self, steps: &[Step], style: print::Style, date: &str) {
        let Some(first) = steps.first() else { return };
        for (p, card) in first.plan.prints.iter().enumerate() {
            for (word, tables) in printed(steps, p, card.analysis) {
                match (&card.file, card.format) {
                    (file, PrintFormat::Raw) => {
                        let default = format!("{}.print{p}.raw", self.places.stem);
                        let path = self.places.named(file.as_ref().unwrap_or(&default));
                        let outcome = write_raw(&path, &tables);
                        self.keep(path, outcome);
                    }
                    (Some(file), format) => {
                        let several = first.runs.iter().filter(|r| applies(card.analysis, r.word)).count() > 1;
                        let path = self.places.named(file);
                        let path = if several { with_word(&path, word) } else { path };
                        self.file(path, |out| print::write(&tables, format, style, date, out));
                    }
                    (None, format) => {
                        let mut text = Vec::new();
                        if print::write(&tables, format, style, date, &mut text).is_ok() {
                            self.console.data(&String::from_utf8_lossy(&text));
                        }
                    }
                }
            }
        }
    }

    /// The three numbers of `.tf`, which no `.print` card can ask for.
    pub fn transfer_functions(&mut self, steps: &[Step], style: print::Style, date: &str) {
        let runs = steps.iter().flat_map(|s| &s.runs).filter(|r| r.word == AnalysisWord::Tf);
        let tables: Vec<Table> = runs.filter_map(|r| r.table.clone()).collect();
        let mut text = Vec::new();
        if !tables.is_empty() && print::write(&tables, PrintFormat::Table, style, date, &mut text).is_ok() {
            self.console.data(&String::from_utf8_lossy(&text));
        }
    }

    /// All saved signals as CSV, one file per analysis.
    pub fn csv(&mut self, steps: &[Step]) {
        let count = steps.iter().map(|s| s.runs.len()).max().unwrap_or(0);
        for k in 0..count {
            let tables: Vec<Table> = steps.iter().filter_map(|s| s.runs.get(k)?.table.as_ref()).map(saved).collect();
            let Some(word) = steps.iter().find_map(|s| s.runs.get(k)).map(|r| r.word) else { continue };
            let path = self.places.with(".csv");
            let path = if count > 1 { with_word(&path, word) } else { path };
            self.file(path, |out| csv::write(&tables, out));
        }
    }

    /// The measures: lines for the reader, and the table that `--meas` names.
    pub fn measures(&mut self, steps: &[Step], table: Option<&Path>) {
        let rows = measure_rows(steps);
        if rows.iter().all(|row| row.results.is_empty()) {
            return;
        }
        if rows.len() == 1 && rows[0].parameters.is_empty() {
            for result in &rows[0].results {
                self.console.data(&measures::ngspice_line(result));
                self.console.note_down(&measures::ltspice_line(result));
            }
        } else {
            self.console.data(&measures::ltspice_steps(&rows));
        }
        for result in rows.iter().flat_map(|row| &row.results) {
            if let (None, Some(reason)) = (result.value, &result.reason) {
                self.console.tell(&format!("measure `{}` failed: {reason}", result.name));
            }
        }
        if let Some(path) = table {
            let as_json = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
            self.file(path.to_owned(), |out| {
                if as_json { measures::write_json(&rows, out) } else { measures::write_csv(&rows, out) }
            });
        }
    }

    /// `.xout` matrices: one NPZ per array, step and analysis, and the state files a card names.
    pub fn snapshots(&mut self, steps: &[Step]) {
        for (s, step) in steps.iter().enumerate() {
            let several = step.runs.iter().filter(|run| !run.snapshots.is_empty()).count() > 1;
            for run in &step.runs {
                let word = several.then_some(run.word);
                let mut groups: Vec<(PathBuf, Vec<&ArraySnapshot>)> = Vec::new();
                for snapshot in &run.snapshots {
                    let path = self.snapshot_path(snapshot, step, (steps.len() > 1).then_some(s + 1));
                    let path = word.map_or_else(|| path.clone(), |word| with_word(&path, word));
                    match groups.iter_mut().find(|(known, group)| *known == path && alike(group[0], snapshot)) {
                        Some((_, group)) => group.push(snapshot),
                        None => groups.push((path, vec![snapshot])),
                    }
                }
                for (path, group) in groups {
                    let metadata = npz::Metadata {
                        title: step.plan.title.clone(),
                        analysis: word_text(run.word).to_string(),
                        step: super::simulate::label(&step.labels),
                        base: group.first().and_then(|g| step.bases.get(&g.array)).copied().unwrap_or(0),
                    };
                    let made = make_folder(&path).map_err(|e| OutputError::file(&path, e));
                    let outcome = made.and_then(|()| npz::write(&path, &group, &metadata));
                    self.keep(path, outcome);
                    self.states(&group, word);
                }
            }
        }
    }

    /// The last state of an array, for the next run to start from; with the word of the analysis where several have one.
    fn states(&mut self, group: &[&ArraySnapshot], word: Option<AnalysisWord>) {
        let Some((last, stem)) = group.iter().rev().find_map(|g| g.state_file.as_ref().map(|f| (*g, f))) else {
            return;
        };
        let stem = self.places.named(stem);
        let stem = word.map_or_else(|| stem.clone(), |word| with_word(&stem, word));
        match make_folder(&stem).map_err(|e| OutputError::file(&stem, e)).and_then(|()| npz::write_states(&stem, last))
        {
            Ok(files) => self.files.extend(files),
            Err(error) => self.failures.push(error),
        }
    }

    fn snapshot_path(&self, snapshot: &ArraySnapshot, step: &Step, number: Option<usize>) -> PathBuf {
        let path = match &snapshot.file {
            Some(file) => self.places.named(file),
            None if step.bases.len() > 1 => self.places.with(&format!(".{}.npz", snapshot.array)),
            None => self.places.with(".npz"),
        };
        match number {
            Some(n) => path.with_extension(format!("step{n}.npz")),
            None => path,
        }
    }
}

/// All measures, one row per step.
#[must_use]
pub fn measure_rows(steps: &[Step]) -> Vec<Row> {
    let row = |step: &Step| Row {
        parameters: step.labels.clone(),
        results: step.runs.iter().flat_map(|r| r.measures.iter().cloned()).collect(),
    };
    steps.iter().map(row).collect()
}

/// The derived tables of print card `p`, per analysis, one per step.
#[must_use]
pub fn printed(steps: &[Step], p: usize, filter: AnalysisFilter) -> Vec<(AnalysisWord, Vec<Table>)> {
    let count = steps.iter().map(|s| s.runs.len()).max().unwrap_or(0);
    (0..count)
        .filter_map(|k| {
            let word = steps.iter().find_map(|s| s.runs.get(k))?.word;
            let table = |step: &Step| {
                let card = step.plan.prints.get(p)?;
                step.runs.get(k)?.table.as_ref().map(|table| derive(&card.traces, table))
            };
            applies(filter, word).then(|| (word, steps.iter().filter_map(table).collect()))
        })
        .collect()
}

/// Does a card with this filter belong to this analysis?
#[must_use]
pub fn applies(filter: AnalysisFilter, word: AnalysisWord) -> bool {
    filter.is_none_or(|wanted| wanted == word)
}

fn alike(a: &ArraySnapshot, b: &ArraySnapshot) -> bool {
    a.array == b.array && a.matrices.iter().map(|m| &m.0).eq(b.matrices.iter().map(|m| &m.0))
}

/// `deck.csv` becomes `deck.tran.csv`.
#[must_use]
pub fn with_word(path: &Path, word: AnalysisWord) -> PathBuf {
    let extension = path.extension().map(|e| e.to_string_lossy().into_owned());
    match extension {
        Some(extension) => path.with_extension(format!("{}.{extension}", word_text(word))),
        None => path.with_extension(word_text(word)),
    }
}

fn write_raw(path: &Path, tables: &[Table]) -> Result<(), OutputError> {
    make_folder(path).map_err(|e| OutputError::file(path, e))?;
    let mut writer = RawWriter::create(path, RawOptions { step_count: tables.len(), ..RawOptions::default() })?;
    tables.iter().for_each(|table| replay(table, &mut writer));
    writer.finish()
}

/// Creates a file and the folders above it.
///
/// # Errors
/// What the system says.
pub fn create(path: &Path) -> std::io::Result<BufWriter<File>> {
    make_folder(path)?;
    File::create(path).map(BufWriter::new)
}

/// Creates the folders above a file.
///
/// # Errors
/// What the system says.
pub fn make_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => fs::create_dir_all(folder),
        _ => Ok(()),
    }
}

impl From<PrintStyle> for print::Style {
    fn from(style: PrintStyle) -> Self {
        match style {
            PrintStyle::Wide => Self::Wide,
            PrintStyle::Ngspice => Self::Ngspice,
        }
    }
}
