//! The input of every parser: the rest of a logical line, aware of its place; and the fault a parser returns.

use std::cell::RefCell;
use std::str::{CharIndices, Chars};

use nom::error::{ErrorKind, ParseError};
use nom::{Compare, CompareResult, IResult, Input, Needed};

use super::ast::{Dialect, Name};
use super::lexer::{Line, is_blank};
use crate::diag::{Diagnostic, Span};
use crate::units::LetterX;

/// Result of a parser over [`Text`].
pub(super) type Parsed<'a, T> = IResult<Text<'a>, T, Fault>;

/// What all parsers of a deck share.
#[derive(Debug)]
pub(super) struct Context {
    pub dialect: Dialect,
    pub letter_x: LetterX,
    /// Warnings and notes of the line at hand.
    notes: RefCell<Vec<Diagnostic>>,
}

impl Context {
    pub fn new(dialect: Dialect, letter_x: LetterX) -> Self {
        Self { dialect, letter_x, notes: RefCell::new(Vec::new()) }
    }
    /// Keeps a note once, although a parser may try the same text twice.
    pub fn note(&self, diagnostic: Diagnostic) {
        let mut notes = self.notes.borrow_mut();
        if !notes.contains(&diagnostic) {
            notes.push(diagnostic);
        }
    }
    /// Hands over what has been noted.
    pub fn take_notes(&self) -> Vec<Diagnostic> {
        self.notes.take()
    }
}

/// The rest of a logical line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    pub rest: &'a str,
    line: &'a Line<'a>,
    pub context: &'a Context,
}

impl<'a> Text<'a> {
    pub fn new(line: &'a Line<'a>, context: &'a Context) -> Self {
        Self { rest: &line.text, line, context }
    }
    /// Logical offset of the first byte left.
    pub fn offset(&self) -> usize {
        nom::Offset::offset(&*self.line.text, self.rest)
    }
    /// From here to the first byte of a later text.
    pub fn span_to(&self, after: &Text) -> Span {
        self.line.span(self.offset(), after.offset())
    }
    /// The characters from here to a later text.
    pub fn until(&self, after: &Text) -> &'a str {
        self.rest.get(..after.offset().saturating_sub(self.offset())).unwrap_or("")
    }
    /// The logical line itself.
    pub fn line(&self) -> &'a Line<'a> {
        self.line
    }
    /// The whole logical line.
    pub fn whole(&self) -> Span {
        self.line.whole()
    }
    pub fn skip(&self, bytes: usize) -> Text<'a> {
        Text { rest: &self.rest[bytes..], ..*self }
    }
    pub fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }
    pub fn starts_with(&self, prefix: &str) -> bool {
        self.rest.starts_with(prefix)
    }
    /// Without leading blanks.
    pub fn trimmed(&self) -> Text<'a> {
        let rest = self.rest.trim_start_matches(is_blank);
        Text { rest, ..*self }
    }
    /// The character before, if any, is a blank.
    pub fn after_blank(&self) -> bool {
        self.line.text[..self.offset()].chars().next_back().is_none_or(is_blank)
    }
    /// What follows on the next physical line.
    pub fn next_piece(&self) -> Text<'a> {
        let end = self.line.piece_end(self.offset());
        self.skip(end - self.offset())
    }
    /// A lower-case name from here to a later text.
    pub fn name_to(&self, after: &Text) -> Name {
        Name { text: lower(self.until(after)), span: self.span_to(after) }
    }
    /// An error at the token here.
    pub fn expected<T>(&self, what: &'static str) -> Parsed<'a, T> {
        let at = self.offset();
        Err(nom::Err::Error(Fault { start: at, end: at, reason: Reason::Expected(what) }))
    }
    /// An error at the token here that no alternative can mend.
    pub fn fail<T>(&self, code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Parsed<'a, T> {
        self.fail_over(self.token_len(), code, message, help)
    }
    /// The same over a given number of bytes.
    pub fn fail_over<T>(
        &self,
        bytes: usize,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Parsed<'a, T> {
        let told = Told { code, message: message.into(), help: help.into() };
        let at = self.offset();
        Err(nom::Err::Failure(Fault { start: at, end: at + bytes, reason: Reason::Told(Box::new(told)) }))
    }
    /// Bytes of the token here, for a caret: a word, or one character.
    pub fn token_len(&self) -> usize {
        token_len(self.rest)
    }
}

fn token_len(text: &str) -> usize {
    let word = text.find(|c: char| !(c.is_alphanumeric() || "_.#$!@:[]".contains(c)));
    match word.unwrap_or(text.len()) {
        0 => text.chars().next().map_or(0, char::len_utf8),
        len => len,
    }
}

/// Lower case as names are stored.
pub(super) fn lower(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.to_lowercase() }
}

/// Why a parser stopped, over logical bytes of its line; an expectation covers the token at its start, which is only
/// measured when the fault is shown, because most faults are alternatives that another parser takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    pub start: usize,
    pub end: usize,
    pub reason: Reason,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reason {
    /// This was expected here.
    Expected(&'static str),
    /// A message of its own.
    Told(Box<Told>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    pub code: &'static str,
    pub message: String,
    pub help: String,
}

impl Fault {
    /// The diagnostic of a card of the given form.
    pub fn into_diagnostic(self, line: &Line, form: &str) -> Diagnostic {
        match self.reason {
            Reason::Told(told) => {
                let told = *told;
                let help = if told.help.is_empty() { form.to_owned() } else { told.help };
                let span = line.span(self.start, self.end);
                Diagnostic { help: Some(help), ..Diagnostic::error(told.code, told.message).at(span) }
            }
            Reason::Expected(what) => {
                let tail = line.text.get(self.start..).unwrap_or("");
                let end = self.start + token_len(tail);
                let (found, span) = (&tail[..end - self.start], line.span(self.start, end));
                let message = if found.is_empty() {
                    format!("the line ends where {what} is expected")
                } else {
                    format!("expected {what}, found `{found}`")
                };
                Diagnostic::error("E-SYNTAX", message).at(span).label(format!("{what} expected here")).help(form)
            }
        }
    }
}

impl<'a> ParseError<Text<'a>> for Fault {
    fn from_error_kind(input: Text<'a>, _: ErrorKind) -> Self {
        let start = input.offset();
        Fault { start, end: start, reason: Reason::Expected("something else") }
    }
    fn append(_: Text<'a>, _: ErrorKind, other: Self) -> Self {
        other
    }
    /// Of two alternatives the one that got further explains more.
    fn or(self, other: Self) -> Self {
        if self.start > other.start { self } else { other }
    }
}

impl<'a> Input for Text<'a> {
    type Item = char;
    type Iter = Chars<'a>;
    type IterIndices = CharIndices<'a>;

    fn input_len(&self) -> usize {
        self.rest.len()
    }
    fn take(&self, index: usize) -> Self {
        Text { rest: &self.rest[..index], ..*self }
    }
    fn take_from(&self, index: usize) -> Self {
        self.skip(index)
    }
    fn take_split(&self, index: usize) -> (Self, Self) {
        (self.take_from(index), self.take(index))
    }
    fn position<P: Fn(char) -> bool>(&self, predicate: P) -> Option<usize> {
        self.rest.find(predicate)
    }
    fn iter_elements(&self) -> Self::Iter {
        self.rest.chars()
    }
    fn iter_indices(&self) -> Self::IterIndices {
        self.rest.char_indices()
    }
    fn slice_index(&self, count: usize) -> Result<usize, Needed> {
        self.rest.slice_index(count)
    }
}

impl Compare<&str> for Text<'_> {
    fn compare(&self, t: &str) -> CompareResult {
        self.rest.compare(t)
    }
    fn compare_no_case(&self, t: &str) -> CompareResult {
        self.rest.compare_no_case(t)
    }
}
