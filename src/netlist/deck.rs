//! Logical lines to a deck: card dispatch and block structure.
//!
//! ```text
//! deck   = title { line }
//! line   = element | "." card | .subckt line-block .ends | .if line-block { .elseif .. } [ .else .. ] .endif
//!        | .data rows .enddata | .control text .endc
//! ```
//! A line that cannot be read gives one diagnostic and is left out; everything else is kept.

use super::ast::{Deck, Expr, IfBlock, Name, Statement, Subckt};
use super::cards::{self, Kind};
use super::definitions::{self, SubcktHead};
use super::dialect::Choice;
use super::elements::element;
use super::lexer::{Line, Lines};
use super::source::{Loaded, Row};
use super::study_card;
use super::text::{Context, Text};
use super::title;
use super::token::word_name;
use crate::diag::{Diagnostic, SourceMap, Span};

/// Room for so many statements is made before the first one is read.
const MOST_AT_ONCE: usize = 1 << 12;

/// Parses everything that was loaded.
pub(super) fn build(loaded: Loaded, choice: Choice, studies: &[String]) -> (Deck, Vec<Diagnostic>) {
    let Loaded { sources, title, rows, diagnostics } = loaded;
    let context = Context::new(choice.dialect, choice.letter_x());
    let mut builder = Builder {
        context: &context,
        studies,
        diagnostics,
        stack: Vec::new(),
        // statements are large, and most decks have one per line
        body: Vec::with_capacity(rows.len().min(MOST_AT_ONCE)),
        title: None,
        in_data: false,
    };
    let title_line = title.map(|row| Lines::new(&sources, &[], choice.dialect).single(row));
    builder.read(Lines::new(&sources, &rows, choice.dialect));
    builder.close_all();
    if let Some(line) = &title_line {
        builder.diagnostics.extend(title::lost_element(line, &context, &builder.body));
    }
    let Builder { diagnostics, body, title: card, .. } = builder;
    let title_span = card.or_else(|| title.map(|row| trimmed_span(&sources, row)));
    let text = title_span.map_or("", |span| sources.text(span)).to_owned();
    let deck = Deck {
        title: text,
        title_span,
        dialect: choice.dialect,
        dialect_reason: choice.reason,
        dialect_is_given: choice.given,
        body,
        sources,
    };
    (deck, diagnostics)
}

fn trimmed_span(sources: &SourceMap, row: Row) -> Span {
    let span = Span { source: row.source, start: row.start, end: row.end };
    let text = sources.text(span);
    let inner = text.trim().trim_start_matches('*').trim();
    let start = row.start + (inner.as_ptr() as usize - text.as_ptr() as usize) as u32;
    Span { start, end: start + inner.len() as u32, ..span }
}

/// An open block.
enum Frame {
    Subckt { head: SubcktHead, span: Span, outer: Vec<Statement> },
    If { branches: Vec<(Expr, Vec<Statement>)>, condition: Option<Expr>, span: Span, outer: Vec<Statement> },
}

struct Builder<'c> {
    context: &'c Context,
    /// Words of the study cards.
    studies: &'c [String],
    diagnostics: Vec<Diagnostic>,
    stack: Vec<Frame>,
    /// Statements of the innermost open block.
    body: Vec<Statement>,
    /// Text of a `.title` card.
    title: Option<Span>,
    /// Between `.data` and `.enddata`.
    in_data: bool,
}

impl Builder<'_> {
    fn read(&mut self, lines: Lines) {
        let mut control: Option<Span> = None;
        for line in lines {
            let (key, after) = cards::key(&line.text);
            match (control, key.as_str()) {
                (Some(from), "endc") => {
                    self.report_control(from);
                    control = None;
                }
                (Some(_), _) => {}
                (None, "control") => control = Some(line.whole()),
                (None, _) if line.orphan => {
                    let error = Diagnostic::error("E-CONTINUATION", "a continuation line without a line to continue");
                    let help = "remove the `+`, or move it under the card it belongs to";
                    self.diagnostics.push(error.at(line.whole()).help(help));
                }
                (None, "") => self.plain_line(&line),
                (None, _) => {
                    if !self.card(&line, &key, after) {
                        return;
                    }
                }
            }
        }
        if let Some(from) = control {
            self.report_control(from);
        }
    }

    fn report_control(&mut self, card: Span) {
        let warning =
            Diagnostic::warning("W-CONTROL", "the .control block is skipped: its commands are not supported yet");
        self.diagnostics.push(warning.at(card).help("write the analyses as cards: .op .dc .tran .print"));
    }

    /// An element, or a row of `.data`.
    fn plain_line(&mut self, line: &Line) {
        let text = Text::new(line, self.context);
        if self.in_data {
            let row = cards::complete(text, definitions::data_row, "rows of numbers, then .enddata");
            self.take_notes();
            match (row, self.body.last_mut()) {
                (Ok(mut values), Some(Statement::Data(table))) => table.values.append(&mut values),
                (Err(error), _) => self.diagnostics.push(error),
                (Ok(_), _) => {}
            }
            return;
        }
        let form = cards::element_form(&line.text);
        let parsed = cards::complete(text, element, form);
        self.take_notes();
        match parsed {
            Ok(element) => self.body.push(Statement::Element(element)),
            Err(error) => self.diagnostics.push(error),
        }
    }

    fn take_notes(&mut self) {
        self.diagnostics.append(&mut self.context.take_notes());
    }

    /// The card of a study.
    fn study(&mut self, line: &Line, word: &str, after: usize) {
        let text = Text::new(line, self.context).skip(after);
        let name = Name { text: word.to_owned(), span: line.span(0, after) };
        let parsed = cards::complete(text, |i| study_card::card(i, name), study_card::FORM);
        self.take_notes();
        match parsed {
            Ok(card) => self.body.push(Statement::Study(card)),
            Err(error) => self.diagnostics.push(error),
        }
    }

    /// A dot card; false after `.end`.
    fn card(&mut self, line: &Line, key: &str, after: usize) -> bool {
        self.in_data = false;
        if let Some((word, after)) = study_card::key(&line.text, self.studies) {
            self.study(line, word, after);
            return true;
        }
        let text = Text::new(line, self.context).skip(after);
        let kind = cards::kind(key);
        match kind {
            Kind::Simple(parse, form) => {
                let mut found = Vec::new();
                let parsed = cards::complete(text, |i| parse(i, &mut found), form);
                self.take_notes();
                self.in_data = matches!(found.last(), Some(Statement::Data(table)) if table.file.is_none());
                self.body.append(&mut found);
                self.diagnostics.extend(parsed.err());
            }
            Kind::Subckt => self.open_subckt(line, text),
            Kind::Ends => self.close_subckt(line, text),
            Kind::If => self.open_if(line, text),
            Kind::ElseIf => self.next_branch(line, Some(text)),
            Kind::Else => self.next_branch(line, None),
            Kind::EndIf => self.close_if(line),
            Kind::Title => self.title = Some(text.trimmed().span_to(&text.skip(text.rest.len()))),
            Kind::End => {
                if !self.stack.iter().any(|frame| matches!(frame, Frame::Subckt { .. })) {
                    return false;
                }
                self.close_subckt(line, text);
            }
            Kind::Nothing => {}
            Kind::Ignored => {
                let note = Diagnostic::note("N-IGNORED", format!("`.{key}` has no effect here"));
                self.diagnostics.push(note.at(line.whole()));
            }
            Kind::Unsupported(help) => {
                let error = Diagnostic::error("E-CARD", format!("`.{key}` is not supported yet"));
                self.diagnostics.push(error.at(line.span(0, after)).help(help));
            }
            Kind::Unknown => self.diagnostics.push(cards::unknown(key, line.span(0, after), self.studies)),
        }
        true
    }

    fn open_subckt(&mut self, line: &Line, text: Text) {
        let parsed = cards::complete(text, definitions::subckt, ".subckt name node .. [params:] key=value ..");
        self.take_notes();
        let head = parsed.unwrap_or_else(|error| {
            self.diagnostics.push(error);
            let name = word_name(text.trimmed()).map_or_else(|_| text.name_to(&text), |(_, name)| name);
            (name, Vec::new(), Vec::new())
        });
        let outer = std::mem::take(&mut self.body);
        self.stack.push(Frame::Subckt { head, span: line.whole(), outer });
    }

    fn close_subckt(&mut self, line: &Line, text: Text) {
        while let Some(Frame::If { span, .. }) = self.stack.last() {
            let error = Diagnostic::error("E-IF", "`.if` without `.endif`").at(*span);
            self.diagnostics.push(error.help("close the block before `.ends`"));
            self.pop();
        }
        let Some(Frame::Subckt { head, .. }) = self.stack.last() else {
            let error = Diagnostic::error("E-SUBCKT", "`.ends` without `.subckt`");
            self.diagnostics.push(error.at(line.whole()).help("remove it, or add the missing `.subckt` line"));
            return;
        };
        if let Ok((_, name)) = word_name(text.trimmed())
            && name.text != head.0.text
        {
            let message = format!("`.ends {}` closes `.subckt {}`", name.text, head.0.text);
            let note = Diagnostic::note("N-ENDS", message).at(name.span);
            self.diagnostics.push(note.related(head.0.span, "opened here"));
        }
        self.pop();
    }

    fn open_if(&mut self, line: &Line, text: Text) {
        let condition = self.condition(text);
        let outer = std::mem::take(&mut self.body);
        self.stack.push(Frame::If { branches: Vec::new(), condition, span: line.whole(), outer });
    }

    /// The condition; a faulty one is reported and reads as false.
    fn condition(&mut self, text: Text) -> Option<Expr> {
        let parsed = cards::complete(text, definitions::condition, ".if (condition)");
        self.take_notes();
        Some(parsed.unwrap_or_else(|error| {
            self.diagnostics.push(error);
            Expr { kind: super::ast::ExprKind::Number(0.0), span: text.whole() }
        }))
    }

    /// `.elseif` with a condition, `.else` without.
    fn next_branch(&mut self, line: &Line, text: Option<Text>) {
        let next = text.and_then(|text| self.condition(text));
        match self.stack.last_mut() {
            Some(Frame::If { branches, condition: condition @ Some(_), .. }) => {
                let body = std::mem::take(&mut self.body);
                if let Some(finished) = condition.take() {
                    branches.push((finished, body));
                }
                *condition = next;
            }
            _ => self.stray(line),
        }
    }

    fn close_if(&mut self, line: &Line) {
        if matches!(self.stack.last(), Some(Frame::If { .. })) {
            self.pop();
        } else {
            self.stray(line);
        }
    }

    fn stray(&mut self, line: &Line) {
        let error = Diagnostic::error("E-IF", "this line belongs to no open `.if`").at(line.whole());
        self.diagnostics.push(error.help("blocks are .if .. .elseif .. .else .. .endif, inside one subcircuit"));
    }

    /// Closes the innermost block.
    fn pop(&mut self) {
        let body = std::mem::take(&mut self.body);
        match self.stack.pop() {
            Some(Frame::Subckt { head: (name, ports, params), span, outer }) => {
                self.body = outer;
                self.body.push(Statement::Subckt(Subckt { name, ports, params, body, span }));
            }
            Some(Frame::If { mut branches, condition, span, outer }) => {
                self.body = outer;
                let otherwise = match condition {
                    Some(condition) => {
                        branches.push((condition, body));
                        Vec::new()
                    }
                    None => body,
                };
                self.body.push(Statement::If(IfBlock { branches, otherwise, span }));
            }
            None => self.body = body,
        }
    }

    fn close_all(&mut self) {
        while let Some(frame) = self.stack.last() {
            let error = match frame {
                Frame::Subckt { head, span, .. } => {
                    Diagnostic::error("E-SUBCKT", format!("`.subckt {}` is never closed", head.0.text)).at(*span)
                }
                Frame::If { span, .. } => Diagnostic::error("E-IF", "`.if` without `.endif`").at(*span),
            };
            let end = if matches!(frame, Frame::Subckt { .. }) { "add `.ends`" } else { "add `.endif`" };
            self.diagnostics.push(error.help(end));
            self.pop();
        }
    }
}
