//! Diagnostics as text with the user's own line and a caret, and as JSON.

use std::fmt;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents,
};
use serde_json::{Value, json};

use crate::diag::{Diagnostic, Severity, SourceFile, SourceMap, Span};

/// How a report looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// ANSI colours.
    pub color: bool,
    /// Box characters; plain ASCII otherwise.
    pub unicode: bool,
    /// Columns.
    pub width: usize,
}

impl Look {
    /// For files: no colours, ASCII.
    pub const PLAIN: Self = Self { color: false, unicode: false, width: 100 };
}

/// How many of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Notes.
    pub notes: usize,
}

impl Tally {
    /// Counts.
    #[must_use]
    pub fn of(diagnostics: &[Diagnostic]) -> Self {
        let count = |s| diagnostics.iter().filter(|d| d.severity == s).count();
        Self { errors: count(Severity::Error), warnings: count(Severity::Warning), notes: count(Severity::Note) }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [(self.errors, "error"), (self.warnings, "warning"), (self.notes, "note")]
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, word)| plural(n, word))
            .collect::<Vec<_>>();
        if parts.is_empty() { write!(f, "no errors") } else { write!(f, "{}", parts.join(", ")) }
    }
}

/// `1 error`, `3 errors`.
#[must_use]
pub fn plural(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}

/// Each message once (steps repeat them), notes first and errors last, in the order of the text within each kind.
#[must_use]
pub fn ordered(diagnostics: &[Diagnostic]) -> Vec<Diagnostic> {
    let mut out: Vec<Diagnostic> = Vec::new();
    for diagnostic in diagnostics {
        if !out.contains(diagnostic) {
            out.push(diagnostic.clone());
        }
    }
    let place = |d: &Diagnostic| d.span.map_or((u32::MAX, 0), |s| (s.source.0, s.start));
    out.sort_by_key(|d| (d.severity, place(d)));
    out
}

/// One diagnostic as text, with a line break at its end.
#[must_use]
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap, look: Look) -> String {
    let theme = match (look.unicode, look.color) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, true) => {
            GraphicalTheme { characters: miette::ThemeCharacters::ascii(), styles: miette::ThemeStyles::ansi() }
        }
        (false, false) => GraphicalTheme::none(),
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(look.width)
        .with_context_lines(0)
        .with_links(false)
        .without_cause_chain();
    let mut text = String::new();
    let shown = Shown::new(diagnostic, sources);
    if handler.render_report(&mut text, &shown).is_err() {
        text = format!("{diagnostic}\n");
    }
    text
}

/// One diagnostic as JSON: severity, code, message, place, help, related places.
#[must_use]
pub fn to_json(diagnostic: &Diagnostic, sources: &SourceMap) -> Value {
    let place = |span: Span| {
        let (line, column) = sources.line_column(span);
        let name = sources.get(span.source).map_or("", |f| f.name.as_str());
        json!({ "file": name, "line": line, "column": column, "text": sources.text(span) })
    };
    json!({
        "severity": match diagnostic.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        },
        "code": diagnostic.code,
        "message": diagnostic.message,
        "label": diagnostic.label,
        "at": diagnostic.span.map(place),
        "help": diagnostic.help,
        "included_from": diagnostic.span.map(|s| include_chain(s, sources).into_iter().map(place).collect::<Vec<_>>()),
        "related": diagnostic.related.iter().map(|(s, text)| {
            let mut at = place(*s);
            at["message"] = json!(text);
            at
        }).collect::<Vec<_>>(),
    })
}

/// The `.include` lines that lead to the file of a span, innermost first.
fn include_chain(span: Span, sources: &SourceMap) -> Vec<Span> {
    let mut chain = Vec::new();
    let mut file = sources.get(span.source);
    while let Some(at) = file.and_then(|f| f.included_at) {
        chain.push(at);
        file = sources.get(at.source);
        if chain.len() > sources.files().len() {
            break;
        }
    }
    chain
}

/// A source text of which the lines under a span are shown, whole unless they are very long.
#[derive(Debug)]
struct Excerpt {
    name: String,
    text: String,
}

/// So many bytes of a long line are shown on either side of the place.
const REACH: usize = 160;

impl Excerpt {
    fn of(file: &SourceFile) -> Self {
        Self { name: file.name.clone(), text: file.text.clone() }
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        _before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (start, end) = (span.offset(), span.offset() + span.len());
        let (Some(head), Some(tail)) = (self.text.get(..start), self.text.get(end..)) else {
            return Err(MietteError::OutOfBounds);
        };
        let mut from = head.rfind('\n').map_or(0, |k| k + 1).max(start.saturating_sub(REACH));
        let mut to = (end + tail.find(['\r', '\n']).unwrap_or(tail.len())).min(end + REACH);
        while !self.text.is_char_boundary(from) {
            from += 1;
        }
        while !self.text.is_char_boundary(to) {
            to -= 1;
        }
        let line = head.matches('\n').count();
        let column = head.rsplit('\n').next().unwrap_or("").chars().count();
        let shown = &self.text[from..to];
        let place = SourceSpan::from((from, shown.len()));
        let lines = shown.matches('\n').count() + 1;
        Ok(Box::new(MietteSpanContents::new_named(self.name.clone(), shown.as_bytes(), place, line, column, lines)))
    }
}

/// A diagnostic in miette's terms.
#[derive(Debug)]
struct Shown {
    diagnostic: Diagnostic,
    source: Option<Excerpt>,
    labels: Vec<LabeledSpan>,
    related: Vec<Elsewhere>,
}

/// A place in another file that belongs to a diagnostic.
#[derive(Debug)]
struct Elsewhere {
    message: String,
    source: Excerpt,
    label: LabeledSpan,
}

impl Shown {
    fn new(diagnostic: &Diagnostic, sources: &SourceMap) -> Self {
        let named = |span: Span| sources.get(span.source).map(Excerpt::of);
        let range = |span: Span| span.start as usize..span.end as usize;
        let source = diagnostic.span.and_then(named);
        let mut labels = Vec::new();
        let mut related = Vec::new();
        if let (Some(span), true) = (diagnostic.span, source.is_some()) {
            let label = (!diagnostic.label.is_empty()).then(|| diagnostic.label.clone());
            labels.push(LabeledSpan::new_primary_with_span(label, range(span)));
        }
        for (span, text) in &diagnostic.related {
            if diagnostic.span.is_some_and(|s| s.source == span.source) && source.is_some() {
                labels.push(LabeledSpan::at(range(*span), text));
            } else if let Some(source) = named(*span) {
                related.push(Elsewhere { message: text.clone(), source, label: LabeledSpan::underline(range(*span)) });
            }
        }
        for at in diagnostic.span.map(|s| include_chain(s, sources)).unwrap_or_default() {
            if let Some(source) = named(at) {
                let label = LabeledSpan::underline(range(at));
                related.push(Elsewhere { message: "included from here".into(), source, label });
            }
        }
        Self { diagnostic: diagnostic.clone(), source, labels, related }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for Shown {}

impl miette::Diagnostic for Shown {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.diagnostic.code))
    }
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Note => miette::Severity::Advice,
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.diagnostic.help.as_ref().map(|h| Box::new(h) as Box<dyn fmt::Display>)
    }
    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|s| s as &dyn SourceCode)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        Some(Box::new(self.related.iter().map(|r| r as &dyn miette::Diagnostic)))
    }
}

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Elsewhere {}

impl miette::Diagnostic for Elsewhere {
    fn severity(&self) -> Option<miette::Severity> {
        Some(miette::Severity::Advice)
    }
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(self.label.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::SourceFile;

    fn sources() -> (SourceMap, Diagnostic) {
        let mut map = SourceMap::default();
        let main = map.add(SourceFile {
            name: "rc.cir".into(),
            text: "title\n.include \"cell.lib\"\nR1 a b\n".into(),
            included_at: None,
        });
        let include = Span { source: main, start: 6, end: 25 };
        let cell = map.add(SourceFile {
            name: "cell.lib".into(),
            text: "* cell\nX1 a b résistance q=3\n".into(),
            included_at: Some(include),
        });
        let wrong = Span { source: cell, start: 26, end: 29 };
        let diagnostic = Diagnostic::error("E-PARAM", "subcircuit `résistance` has no parameter `q`")
            .at(wrong)
            .label("not a parameter")
            .help("it has `r`");
        (map, diagnostic)
    }

    #[test]
    fn text_shows_place_line_caret_reason_and_remedy() {
        let (map, diagnostic) = sources();
        let text = render(&diagnostic, &map, Look { color: false, unicode: true, width: 100 });
        for part in [
            "E-PARAM",
            "no parameter `q`",
            "cell.lib:2:19",
            "X1 a b résistance q=3",
            "not a parameter",
            "it has `r`",
            "included from here",
            "rc.cir:2:1",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(!text.contains('\u{1b}'));
        assert!(render(&diagnostic, &map, Look { color: true, unicode: true, width: 100 }).contains('\u{1b}'));
        assert!(render(&diagnostic, &map, Look::PLAIN).replace('é', "e").is_ascii());
    }

    #[test]
    fn json_has_line_and_column() {
        let (map, diagnostic) = sources();
        let value = to_json(&diagnostic, &map);
        assert_eq!(value["at"]["line"], 2);
        assert_eq!(value["at"]["column"], 19);
        assert_eq!(value["at"]["text"], "q=3");
        assert_eq!(value["included_from"][0]["file"], "rc.cir");
    }

    #[test]
    fn a_span_outside_the_text_does_not_panic() {
        let (map, diagnostic) = sources();
        let far = Span { source: crate::diag::SourceId(1), start: 900, end: 905 };
        assert!(render(&diagnostic.clone().at(far), &map, Look::PLAIN).contains("no parameter"));
        let nowhere = Span { source: crate::diag::SourceId(9), start: 0, end: 1 };
        assert!(render(&diagnostic.at(nowhere), &map, Look::PLAIN).contains("no parameter"));
    }

    #[test]
    fn a_very_long_line_is_cut_around_the_place() {
        let mut map = SourceMap::default();
        let text = format!("title\nX1 {} wrong {}\n", "µ ".repeat(4000), "b ".repeat(4000));
        let at = text.find("wrong").unwrap() as u32;
        let source = map.add(SourceFile { name: "long.cir".into(), text, included_at: None });
        let diagnostic = Diagnostic::error("E-X", "no").at(Span { source, start: at, end: at + 5 });
        let shown = render(&diagnostic, &map, Look::PLAIN);
        assert!(shown.contains("long.cir:2:8005") && shown.contains("wrong"), "{shown}");
        assert!(shown.len() < 2000, "{}", shown.len());
    }

    #[test]
    fn errors_come_last_and_once() {
        let (_, error) = sources();
        let note = Diagnostic::note("N-X", "n");
        let list = ordered(&[error.clone(), note.clone(), error.clone()]);
        assert_eq!(list, vec![note, error]);
        assert_eq!(Tally::of(&list).to_string(), "1 error, 1 note");
        assert_eq!(Tally::default().to_string(), "no errors");
    }
}
