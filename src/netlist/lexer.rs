//! Physical lines to logical lines: comments removed, continuations joined, every byte still knows its place.
//!
//! A logical line is one physical line and its continuations (`+` first, or `\` last on the line before), across blank
//! and comment lines. Comment lines start with `*`, `#`, `;`, `$` or `//`; comments in a line start with `;`, with `$`
//! after a blank, a comma or a complete number (not in LTspice), and with `//` after a blank; never inside quotes, and
//! the last two not inside braces.

use std::borrow::Cow;

use super::ast::Dialect;
use super::source::Row;
use crate::diag::{SourceId, SourceMap, Span};

/// White space of a netlist, no-break space included.
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace()
}

/// One logical line.
#[derive(Debug, Clone)]
pub(super) struct Line<'s> {
    /// Text without comments, continuations joined by a blank.
    pub text: Cow<'s, str>,
    source: SourceId,
    /// Physical offset of the first byte.
    start: u32,
    /// Logical and physical start of each further piece.
    pieces: Vec<(u32, u32)>,
    /// It began with `+` without a line to continue.
    pub orphan: bool,
}

impl Line<'_> {
    /// The physical place of the logical bytes `start..end`.
    pub fn span(&self, start: usize, end: usize) -> Span {
        let from = self.place(start);
        let end = start + self.text.get(start..end).map_or(0, |t| t.trim_end_matches(is_blank).len());
        let to = if end > start { self.place(end - 1) + 1 } else { from };
        Span { source: self.source, start: from, end: to }
    }

    /// The physical place of the whole line.
    pub fn whole(&self) -> Span {
        self.span(0, self.text.len())
    }

    /// Logical end of the physical line that holds the logical byte `at`.
    pub fn piece_end(&self, at: usize) -> usize {
        let next = self.pieces.iter().find(|(logical, _)| *logical as usize > at);
        next.map_or(self.text.len(), |(logical, _)| *logical as usize - 1)
    }

    fn place(&self, at: usize) -> u32 {
        let at = at as u32;
        let next = self.pieces.partition_point(|(logical, _)| *logical <= at);
        match next.checked_sub(1).and_then(|n| self.pieces.get(n)) {
            Some((logical, physical)) => physical + (at - logical),
            None => self.start + at,
        }
    }
}

/// Iterator over the logical lines of a deck.
pub(super) struct Lines<'s> {
    sources: &'s SourceMap,
    rows: &'s [Row],
    dialect: Dialect,
}

impl<'s> Lines<'s> {
    pub fn new(sources: &'s SourceMap, rows: &'s [Row], dialect: Dialect) -> Self {
        Self { sources, rows, dialect }
    }

    fn row_text(&self, row: Row) -> &'s str {
        let text = self.sources.get(row.source).map_or("", |f| f.text.as_str());
        text.get(row.start as usize..row.end as usize).unwrap_or("")
    }

    /// A title line as if it were a card.
    pub fn single(&self, row: Row) -> Line<'s> {
        let text = self.row_text(row);
        let lead = text.len() - text.trim_start_matches(is_blank).len();
        let mut state = Nesting::default();
        let len = state.content(&text[lead..], self.dialect);
        let text = Cow::Borrowed(&text[lead..lead + len]);
        Line { text, source: row.source, start: row.start + lead as u32, pieces: Vec::new(), orphan: false }
    }
}

impl<'s> Iterator for Lines<'s> {
    type Item = Line<'s>;

    fn next(&mut self) -> Option<Line<'s>> {
        let mut state = Nesting::default();
        let mut line: Option<Line<'s>> = None;
        let mut glued = false;
        while let Some((&row, tail)) = self.rows.split_first() {
            let text = self.row_text(row);
            let body = text.trim_start_matches(is_blank);
            let mut start = row.start as usize + text.len() - body.len();
            if is_comment(body) {
                self.rows = tail;
                continue;
            }
            let plus = body.starts_with('+');
            if let Some(open) = &line
                && (open.source != row.source || !(plus || glued))
            {
                break;
            }
            let body = if plus { &body[1..] } else { body };
            start += usize::from(plus);
            self.rows = tail;
            let kept = &body[..state.content(body, self.dialect)];
            let joined = kept.trim_end_matches('\\');
            glued = joined.len() < kept.len() && (kept.len() - joined.len() == 2 || joined.ends_with(is_blank));
            let kept = if glued { joined.trim_end_matches(is_blank) } else { kept };
            match &mut line {
                None => {
                    line = Some(Line {
                        text: Cow::Borrowed(kept),
                        source: row.source,
                        start: start as u32,
                        pieces: Vec::new(),
                        orphan: plus,
                    });
                }
                Some(open) => {
                    let whole = open.text.to_mut();
                    whole.push(' ');
                    open.pieces.push((whole.len() as u32, start as u32));
                    whole.push_str(kept);
                }
            }
        }
        line
    }
}

fn is_comment(body: &str) -> bool {
    body.is_empty() || body.starts_with(['*', ';', '#', '$']) || body.starts_with("//")
}

/// Open quotes and braces, carried over continuations.
#[derive(Debug, Default)]
struct Nesting {
    quote: Option<u8>,
    braces: usize,
}

impl Nesting {
    /// Bytes of one physical line before its comment, trailing blanks removed.
    fn content(&mut self, body: &str, dialect: Dialect) -> usize {
        let bytes = body.as_bytes();
        let mut end = bytes.len();
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                b'"' | b'\'' if self.quote == Some(*byte) => self.quote = None,
                b'"' | b'\'' if self.quote.is_none() => self.quote = Some(*byte),
                b'{' => self.braces += 1,
                b'}' => self.braces = self.braces.saturating_sub(1),
                b';' if self.quote != Some(b'"') => end = at,
                b'$' if self.is_plain() && dialect != Dialect::Ltspice && ends_value(&body[..at]) => end = at,
                b'/' if self.is_plain() && bytes.get(at + 1) == Some(&b'/') && after_blank(&body[..at]) => end = at,
                _ => continue,
            }
            if end < bytes.len() {
                break;
            }
        }
        body[..end].trim_end_matches(is_blank).len()
    }

    fn is_plain(&self) -> bool {
        self.quote.is_none() && self.braces == 0
    }
}

fn after_blank(head: &str) -> bool {
    head.chars().next_back().is_none_or(is_blank)
}

/// A `$` here starts a comment: after a blank, a comma or a complete number.
fn ends_value(head: &str) -> bool {
    if after_blank(head) || head.ends_with(',') {
        return true;
    }
    let word = head.rsplit(|c: char| is_blank(c) || "=,(){}'\"".contains(c)).next().unwrap_or("");
    crate::units::parse_number(word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlist::source::{ReadOptions, load_text};

    fn lines(text: &str, dialect: Dialect) -> Vec<(String, Vec<(String, String)>)> {
        let loaded = load_text("t.cir", &format!("title\n{text}"), &ReadOptions::default());
        let words = |line: &Line| {
            let text = line.text.to_string();
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            let mut at = 0;
            words
                .into_iter()
                .map(|w| {
                    let start = at + text[at..].find(&w).unwrap();
                    at = start + w.len();
                    let shown = loaded.sources.text(line.span(start, at)).to_owned();
                    (w, shown)
                })
                .collect()
        };
        Lines::new(&loaded.sources, &loaded.rows, dialect).map(|l| (l.text.to_string(), words(&l))).collect()
    }

    fn plain(text: &str) -> Vec<String> {
        lines(text, Dialect::Ngspice).into_iter().map(|(t, _)| t).collect()
    }

    #[test]
    fn continuations_cross_comments_and_keep_places() {
        let deck = "R1 a b\n* comment\n\n \t+ 1k ; more\n# x\n+tc1=1\nR2 a \\\\\n b 2\nR3 c \\\n+ d 3\n";
        let got = lines(deck, Dialect::Ngspice);
        assert_eq!(got.iter().map(|g| g.0.as_str()).collect::<Vec<_>>(), ["R1 a b  1k tc1=1", "R2 a b 2", "R3 c  d 3"]);
        for (_, words) in got {
            for (word, shown) in words {
                assert_eq!(word, shown);
            }
        }
    }

    #[test]
    fn inline_comments() {
        assert_eq!(plain("R1 a b 3$c"), ["R1 a b 3"]);
        assert_eq!(plain("R1 a n$1 3 $c"), ["R1 a n$1 3"]);
        assert_eq!(plain("R1 a b 3 // c"), ["R1 a b 3"]);
        assert_eq!(plain("R1 a b {x // y $ z} ; c"), ["R1 a b {x // y $ z}"]);
        assert_eq!(plain(".x \"a;b\" ; c"), [".x \"a;b\""]);
        assert_eq!(lines("R1 a b 3 $c", Dialect::Ltspice)[0].0, "R1 a b 3 $c");
        assert_eq!(plain("$ c\n; c\n// c\n   * c\n"), Vec::<String>::new());
    }

    #[test]
    fn a_leading_plus_without_a_line_is_marked() {
        let loaded = load_text("t.cir", "title\n+ 1k\nR1 a b 1", &ReadOptions::default());
        let orphans: Vec<bool> =
            Lines::new(&loaded.sources, &loaded.rows, Dialect::Ngspice).map(|l| l.orphan).collect();
        assert_eq!(orphans, [true, false]);
    }
}
