//! Where reports go, and in which forms.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::super::args::RunArgs;
use super::super::figures::formats;
use super::super::places::Places;
use super::super::products::{create, make_folder};
use super::command::StudyArgs;
use crate::output::OutputError;
use crate::output::figure::{self, Format};
use crate::output::report::{Page, figures, html, write_csv, write_npz};
use crate::result::report::Report;
use crate::study::Definitions;

/// The files that are wanted of each report.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    folder: PathBuf,
    stem: String,
    csv: bool,
    npz: bool,
    plot: Vec<Format>,
    report: Option<PathBuf>,
}

impl Wishes {
    /// As the sub-command of a study says.
    ///
    /// # Errors
    /// A sentence: an unknown picture format.
    pub fn of_study(args: &StudyArgs) -> Result<Self, String> {
        let stem = |path: &Path| path.file_stem().map(|s| s.to_string_lossy().into_owned());
        let base = args.output.as_deref();
        let named = match base {
            Some(base) => base.file_name().map(|n| n.to_string_lossy().into_owned()),
            None if args.deck.as_os_str() == "-" => Some("stdin".to_owned()),
            None => stem(&args.deck),
        };
        let folder = args.out.clone().or_else(|| base.and_then(Path::parent).map(Path::to_owned));
        Ok(Self {
            folder: folder.unwrap_or_default(),
            stem: named.unwrap_or_else(|| "deck".to_owned()),
            csv: args.csv,
            npz: args.npz,
            report: args.report.clone(),
            plot: args.plot.as_deref().map_or(Ok(Vec::new()), formats)?,
        })
    }

    /// As a run of a whole deck says.
    #[must_use]
    pub fn of_run(args: &RunArgs, places: &Places) -> Self {
        Self {
            folder: places.folder.clone(),
            stem: places.stem.clone(),
            csv: args.csv,
            npz: false,
            report: None,
            plot: args.plot.as_deref().and_then(|list| formats(list).ok()).unwrap_or_default(),
        }
    }

    /// Is a page of all reports wanted?
    #[must_use]
    pub fn wants_page(&self) -> bool {
        self.report.is_some()
    }

    /// Writes the page of all reports, when one is wanted.
    pub fn page(&self, definitions: &Definitions, reports: &[Report]) -> Option<Result<PathBuf, OutputError>> {
        let path = self.folder.join(self.report.as_ref()?);
        let files = definitions.deck().sources.files().iter();
        let page = Page {
            title: definitions.deck().title.clone(),
            files: files.map(|file| (file.name.clone(), file.text.clone())).collect(),
            facts: vec![
                ("program".to_owned(), concat!("sneakpath ", env!("CARGO_PKG_VERSION")).to_owned()),
                ("seed".to_owned(), definitions.seed().to_string()),
            ],
        };
        let text = html(&page, reports);
        let outcome = create(&path).and_then(|mut out| out.write_all(text.as_bytes()).and_then(|()| out.flush()));
        Some(outcome.map(|()| path.clone()).map_err(|e| OutputError::file(&path, e)))
    }

    /// Where the journal of a sweep lies.
    #[must_use]
    pub fn journal(&self, word: &str, before: usize) -> PathBuf {
        let number = if before == 0 { String::new() } else { (before + 1).to_string() };
        self.folder.join(format!("{}.{word}{number}.journal", self.stem))
    }

    /// Writes what is wanted: `deck.margin.csv`, `deck.margin2.npz`, `deck.margin.size.svg`.
    pub fn write(&self, report: &Report, before: usize) -> (Vec<PathBuf>, Vec<OutputError>) {
        let number = if before == 0 { String::new() } else { (before + 1).to_string() };
        let place = |tail: &str| self.folder.join(format!("{}.{}{number}{tail}", self.stem, report.study));
        let (mut files, mut failures) = (Vec::new(), Vec::new());
        let mut keep = |path: PathBuf, outcome: Result<(), OutputError>| match outcome {
            Ok(()) => files.push(path),
            Err(error) => failures.push(error),
        };
        if self.csv {
            let further = report.tables.iter().map(|(name, _)| (format!(".{name}.csv"), Some(name.as_str())));
            for (tail, table) in std::iter::once((".csv".to_owned(), None)).chain(further) {
                let path = place(&tail);
                let outcome =
                    create(&path).and_then(|mut out| write_csv(report, table, &mut out).and_then(|()| out.flush()));
                keep(path.clone(), outcome.map_err(|e| OutputError::file(&path, e)));
            }
        }
        if self.npz {
            let path = place(".npz");
            let folder = make_folder(&path).map_err(|e| OutputError::file(&path, e));
            keep(path.clone(), folder.and_then(|()| write_npz(&path, report)));
        }
        for (name, data) in if self.plot.is_empty() { Vec::new() } else { figures(report) } {
            for format in &self.plot {
                let path = place(&format!(".{name}.{}", format.suffix()));
                let folder = make_folder(&path).map_err(|e| OutputError::file(&path, e));
                keep(path.clone(), folder.and_then(|()| figure::draw(&data, &path, *format)));
            }
        }
        (files, failures)
    }
}
