//! Tokens: separators, words, identifiers, nodes and bus ranges, quoted text.
//!
//! ```text
//! gap    = { blank | "," }
//! word   = 1*( any but blank , ( ) = ' " { } )           element, node, model and file names
//! ident  = letter { letter | digit | _ . # $ ! }           parameters and functions
//! index  = "[" item { "," item } "]"                      item = number | number ":" number | "*"
//! node   = word { index } [ word ]                        `W[0:63]`, `xa.wl[3,5]` = `xa.wl_3_5`, `xa.c[0:7,*]`
//! ```

use nom::bytes::complete::{tag, take_while, take_while1};
use nom::{Input, Parser};

use super::ast::{BusRange, Name, NodeRef};
use super::lexer::is_blank;
use super::text::{Parsed, Text, lower};

/// Blanks.
pub(super) fn blanks(i: Text) -> Parsed<()> {
    let (i, _) = take_while(is_blank).parse(i)?;
    Ok((i, ()))
}

/// Blanks and commas.
pub(super) fn gap(i: Text) -> Parsed<()> {
    let (i, _) = take_while(|c| is_blank(c) || c == ',').parse(i)?;
    Ok((i, ()))
}

/// Blanks, commas and parentheses: what may stand between nodes.
pub(super) fn node_gap(i: Text) -> Parsed<()> {
    let (i, _) = take_while(|c| is_blank(c) || matches!(c, ',' | '(' | ')')).parse(i)?;
    Ok((i, ()))
}

/// `token` after blanks.
pub(super) fn mark<'a>(token: &'static str) -> impl FnMut(Text<'a>) -> Parsed<'a, Text<'a>> {
    move |i| {
        let (i, ()) = blanks(i)?;
        tag(token).parse(i)
    }
}

/// A character of a [`word`].
pub(super) fn is_word(c: char) -> bool {
    !(is_blank(c) || matches!(c, ',' | '(' | ')' | '=' | '\'' | '"' | '{' | '}'))
}

/// A word as it stands.
pub(super) fn word(i: Text) -> Parsed<Text> {
    if i.peek().is_none_or(|c| !is_word(c)) {
        return i.expected("a name");
    }
    take_while1(is_word).parse(i)
}

/// A word as a lower-case name.
pub(super) fn word_name(i: Text) -> Parsed<Name> {
    let (rest, _) = word(i)?;
    Ok((rest, i.name_to(&rest)))
}

/// The first character of an [`ident`].
pub(super) fn starts_ident(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// A parameter or function name; `!` not before `=`, a trailing `.` not included.
pub(super) fn ident(i: Text) -> Parsed<Text> {
    let Some(len) = ident_len(i.rest) else { return i.expected("a name") };
    Ok(i.take_split(len))
}

fn ident_len(text: &str) -> Option<usize> {
    let first = text.chars().next().filter(|c| starts_ident(*c))?;
    let mut end = first.len_utf8();
    let bytes = text.as_bytes();
    for c in text[end..].chars() {
        let next = bytes.get(end + 1);
        let belongs = c.is_alphanumeric()
            || matches!(c, '_' | '#' | '$' | '.')
            || (c == '!' && next.is_some_and(|b| b.is_ascii_alphanumeric()));
        if !belongs {
            break;
        }
        end += c.len_utf8();
    }
    Some(end)
}

/// [`ident`] as a lower-case name.
pub(super) fn ident_name(i: Text) -> Parsed<Name> {
    let (rest, _) = ident(i)?;
    Ok((rest, i.name_to(&rest)))
}

/// The keyword `expected` as a whole word, any case.
pub(super) fn keyword<'a>(expected: &'static str) -> impl FnMut(Text<'a>) -> Parsed<'a, Text<'a>> {
    move |i| {
        let head = i.rest.get(..expected.len());
        let next = i.rest.get(expected.len()..).and_then(|tail| tail.chars().next());
        if head.is_some_and(|h| h.eq_ignore_ascii_case(expected)) && next.is_none_or(|c| !is_key(c)) {
            return Ok((i.skip(expected.len()), i));
        }
        i.expected(expected)
    }
}

fn is_key(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '#' | '[')
}

/// `key =`, the key returned; not `key ==`.
pub(super) fn key_equals(i: Text) -> Parsed<Name> {
    let (after, _) = ident(i)?;
    let (rest, ()) = equals(after)?;
    Ok((rest, i.name_to(&after)))
}

/// `=` that is not `==`, with blanks around.
pub(super) fn equals(i: Text) -> Parsed<()> {
    let (after, _) = mark("=")(i)?;
    if after.starts_with("=") {
        return i.expected("`=`");
    }
    blanks(after)
}

/// True at `key =`.
pub(super) fn at_assignment(i: Text) -> bool {
    ident_len(i.rest).is_some_and(|len| {
        let after = i.skip(len).trimmed();
        after.starts_with("=") && !after.starts_with("==")
    })
}

/// A node, maybe a bus.
pub(super) fn node(i: Text) -> Parsed<NodeRef> {
    let len = node_len(i.rest);
    if len == 0 {
        return i.expected("a node");
    }
    let rest = i.skip(len);
    let (name, range) = resolve_index(&i.rest[..len]);
    Ok((rest, NodeRef { name, range, span: i.span_to(&rest) }))
}

/// Word characters, and anything inside a closed pair of brackets.
fn node_len(text: &str) -> usize {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c == '[' {
            let inside = text[at..].find([']', '(', ')', '=', '{', '}']);
            if let Some(close) = inside.filter(|n| text[at + n..].starts_with(']')) {
                at += close + 1;
                continue;
            }
        }
        if !is_word(c) {
            break;
        }
        at += c.len_utf8();
    }
    at
}

/// `w[0:63]` to base and range; several indices, or text behind them, are written out: `w[3,5]` is `w_3_5`,
/// `w[0:7,*].n` is the pattern `w_[0:7]_*.n`.
pub(super) fn resolve_index(text: &str) -> (String, Option<BusRange>) {
    let Some(open) = text.find('[') else { return (lower(text), None) };
    let Some(close) = text.rfind(']').filter(|close| *close > open) else { return (lower(text), None) };
    let items: Vec<&str> = text[open + 1..close].split([',', ']']).map(|s| s.trim_start_matches('[').trim()).collect();
    let parsed: Option<Vec<Index>> = items.iter().map(|item| Index::read(item)).collect();
    let Some(parsed) = parsed else { return (lower(text), None) };
    let (base, tail) = (&text[..open], &text[close + 1..]);
    if let ([Index::Range(range)], "") = (parsed.as_slice(), tail) {
        return (lower(base), Some(*range));
    }
    let mut name = lower(base);
    for index in parsed {
        match index {
            Index::Any => name.push_str("_*"),
            Index::Range(BusRange { first, last }) if first == last => name.push_str(&format!("_{first}")),
            Index::Range(BusRange { first, last }) => name.push_str(&format!("_[{first}:{last}]")),
        }
    }
    name.push_str(&lower(tail));
    (name, None)
}

enum Index {
    Range(BusRange),
    Any,
}

impl Index {
    fn read(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Any);
        }
        let (first, last) = text.split_once(':').unwrap_or((text, text));
        let number = |t: &str| t.trim().parse::<usize>().ok().filter(|n| *n <= BusRange::LARGEST);
        Some(Self::Range(BusRange { first: number(first)?, last: number(last)? }))
    }
}

/// Text between quotes, `'` or `"`, or a bare word; the span covers the inside. Case is kept.
pub(super) fn quoted_or_word(i: Text) -> Parsed<Text> {
    let Some(quote) = i.peek().filter(|c| matches!(c, '\'' | '"')) else {
        return word(i);
    };
    let inner = i.skip(1);
    match inner.rest.find(quote) {
        Some(len) => Ok((inner.skip(len + 1), inner.take(len))),
        None => i.fail("E-QUOTE", format!("the text after {quote} never ends"), format!("add the closing {quote}")),
    }
}

/// An optional `,` or blanks, then end of line.
pub(super) fn at_end(i: Text) -> bool {
    i.rest.chars().all(|c| is_blank(c) || c == ',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_ranges_or_written_out() {
        let range = |first, last| Some(BusRange { first, last });
        for (text, name, bus) in [
            ("W[0:63]", "w", range(0, 63)),
            ("W[7:0]", "w", range(7, 0)),
            ("W[3]", "w", range(3, 3)),
            ("xa.wl[3,5]", "xa.wl_3_5", None),
            ("xa.c[3][5]", "xa.c_3_5", None),
            ("xa.c[0:7,*]", "xa.c_[0:7]_*", None),
            ("xa.c[3,5].n1", "xa.c_3_5.n1", None),
            ("Q[b]", "q[b]", None),
            ("out", "out", None),
            ("a]b[", "a]b[", None),
        ] {
            assert_eq!(resolve_index(text), (name.to_owned(), bus), "{text}");
        }
    }
}
