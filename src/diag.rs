//! Diagnostics: where in the user's text, what is wrong, why, and what to do.
//!
//! Every layer that sees user text returns [`Diagnostic`]s; nothing here prints. `cli` renders them.
//! Invariant: a [`Span`] always lies on character boundaries inside the text of its source.

use std::fmt;
use std::path::{Path, PathBuf};

/// Index of a source file in a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub u32);

/// A byte range `start..end` in one source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// Which file.
    pub source: SourceId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The smallest span that covers both; `self` when the files differ.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        if self.source != other.source {
            return self;
        }
        Span { source: self.source, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// How bad it is. Only an error stops the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Something a reader may want to know (which dialect rule was chosen).
    Note,
    /// The netlist runs, but probably not as meant.
    Warning,
    /// The netlist cannot run.
    Error,
}

/// One message about the user's input.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// Stable code, `E-PARAM`, `W-MILLI`, `N-DIALECT`, ...
    pub code: &'static str,
    /// One sentence that names the thing.
    pub message: String,
    /// Where, when there is a where.
    pub span: Option<Span>,
    /// Short text under the caret; may be empty.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Other places that belong to it (the include chain, the first definition, the instance path).
    pub related: Vec<(Span, String)>,
}

impl Diagnostic {
    fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity,
            code,
            message: message.into(),
            span: None,
            label: String::new(),
            help: None,
            related: Vec::new(),
        }
    }
    /// An error with a stable code.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }
    /// A warning with a stable code.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }
    /// A note with a stable code.
    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message)
    }
    /// Points at the user's text.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }
    /// Text under the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }
    /// The remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
    /// Another place that belongs to this message.
    #[must_use]
    pub fn related(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push((span, text.into()));
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// True when any of them is an error.
#[must_use]
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|d| d.severity == Severity::Error)
}

/// One source file as it was read, decoded to UTF-8.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Path as the user would write it.
    pub name: String,
    /// Whole decoded text.
    pub text: String,
    /// The `.include` that brought it, `None` for the main file.
    pub included_at: Option<Span>,
}

/// All texts of a run, so that any span can be shown.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a file and returns its id.
    pub fn add(&mut self, file: SourceFile) -> SourceId {
        let id = SourceId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(file);
        id
    }
    /// The file behind an id, if the id came from this map.
    #[must_use]
    pub fn get(&self, id: SourceId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }
    /// All files in the order they were read.
    #[must_use]
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }
    /// The user's own characters under a span.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.get(span.source).and_then(|f| f.text.get(span.start as usize..span.end as usize)).unwrap_or("")
    }
    /// `(line, column)`, both from 1, of the start of a span; columns count characters.
    #[must_use]
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        let Some(file) = self.get(span.source) else { return (0, 0) };
        let head = file.text.get(..span.start as usize).unwrap_or("");
        let line = head.matches('\n').count() + 1;
        let column = head.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }
}

/// The candidate closest to a misspelt name, if one is close enough to be meant: at most two edits, and fewer than
/// half of the letters. Ties go to the longest common beginning, then to the alphabet: messages never depend on hashing.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let beginning = |c: &str| c.chars().zip(name.chars()).take_while(|(a, b)| a == b).count();
    let rank = |c: &'a str| (strsim::damerau_levenshtein(c, name), std::cmp::Reverse(beginning(c)), c);
    let (distance, _, candidate) = candidates.map(rank).min()?;
    let longest = name.chars().count().max(candidate.chars().count());
    (distance <= 2 && 2 * distance < longest.max(3)).then_some(candidate)
}

/// The file beside one that cannot be read whose name is nearest: at most three edits, whatever the case of letters.
#[must_use]
pub fn nearest_file(path: &Path) -> Option<PathBuf> {
    let own = path.file_name()?;
    let wanted = own.to_string_lossy().to_lowercase();
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let names = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.file_name()).filter(|name| name != own);
    let near = names
        .map(|name| (strsim::damerau_levenshtein(&name.to_string_lossy().to_lowercase(), &wanted), name))
        .min()
        .filter(|(distance, _)| *distance <= 3)?;
    Some(path.with_file_name(near.1))
}
