//! Matrices as text: numbers between `,`, `;` or blanks, an optional header line, `#` comments.
//!
//! Lines of nothing but decimal numbers are read byte by byte, each byte once; every other line is taken apart with care,
//! and tells what is wrong with it.

use super::decimal;
use super::{Matrix, MatrixError};

/// Reads a matrix; `name` stands for its file in messages.
pub(super) fn read(name: &str, text: &str) -> Result<Matrix, MatrixError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut matrix = Matrix { rows: 0, cols: 0, values: Vec::new() };
    let mut first = true;
    let mut rest = text;
    for number in 1.. {
        if rest.is_empty() {
            break;
        }
        let before = matrix.values.len();
        if matrix.rows > 0 {
            if let Some(length) = plain_line(rest.as_bytes(), matrix.cols, &mut matrix.values) {
                matrix.rows += 1;
                rest = &rest[length..];
                continue;
            }
            matrix.values.truncate(before);
        }
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let length = rest.len() - after.len();
        rest = after;
        let line = line.split('#').next().unwrap_or("").trim();
        if line.is_empty() {
            continue;
        }
        let fields = split(line);
        let numbers: Vec<Option<f64>> = fields.iter().map(|f| self::number(f)).collect();
        let header = first && numbers.iter().all(Option::is_none);
        first = false;
        if header {
            continue;
        }
        if let Some(column) = numbers.iter().position(Option::is_none) {
            let text = fields[column].to_string();
            return Err(MatrixError::NotANumber { path: name.to_string(), line: number, column: column + 1, text });
        }
        if matrix.rows == 0 {
            matrix.cols = numbers.len();
            // the lines that follow are about as long
            matrix.values.reserve((text.len() / length + 1) * matrix.cols);
        } else if matrix.cols != numbers.len() {
            let (found, expected) = (numbers.len(), matrix.cols);
            return Err(MatrixError::Ragged { path: name.to_string(), line: number, found, expected });
        }
        matrix.rows += 1;
        matrix.values.extend(numbers.into_iter().flatten());
    }
    Ok(matrix)
}

/// Appends the `count` numbers that the first line of `text` holds and nothing else, and gives the length of that line
/// with its end. `None`, after some or more of them, when the line is another one.
fn plain_line(text: &[u8], count: usize, values: &mut Vec<f64>) -> Option<usize> {
    let blanks = |at: usize| text[at..].iter().take_while(|c| matches!(c, b' ' | b'\t')).count();
    let mut separator = None;
    let mut at = blanks(0);
    for k in 1.. {
        let (value, length) = decimal::leading(&text[at..])?;
        values.push(value);
        let end = at + length;
        // what nearly all numbers are followed by
        if k < count && separator.is_some_and(|c| c != b' ' && text.get(end) == Some(&c)) {
            at = end + 1;
            if matches!(text.get(at), Some(b' ' | b'\t')) {
                at += blanks(at);
            }
            continue;
        }
        at = end + blanks(end);
        let found = match text.get(at) {
            None => return (k == count).then_some(at),
            Some(b'\n') => return (k == count).then_some(at + 1),
            Some(b'\r') if text.get(at + 1) == Some(&b'\n') => return (k == count).then_some(at + 2),
            Some(c @ (b',' | b';')) => *c,
            Some(_) if at > end => b' ',
            Some(_) => return None,
        };
        if k == count || *separator.get_or_insert(found) != found {
            return None;
        }
        if found != b' ' {
            at += 1 + blanks(at + 1);
        }
    }
    None
}

/// The fields of a line: `,` or `;` if there is one, blanks otherwise.
pub(in crate::elaborate) fn split(line: &str) -> Vec<&str> {
    let separator = [',', ';'].into_iter().find(|&c| line.contains(c));
    let fields: Vec<&str> = match separator {
        Some(c) => line.trim_end_matches(c).split(c).collect(),
        None => line.split_whitespace().collect(),
    };
    fields.into_iter().map(|f| f.trim().trim_matches('"')).collect()
}

/// A plain number or one with a SPICE suffix.
pub(in crate::elaborate) fn number(field: &str) -> Option<f64> {
    if let Ok(value) = field.parse::<f64>() {
        return Some(value);
    }
    crate::units::parse_number(field).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{MatrixError, plain_line, read};

    fn plain(text: &str, count: usize) -> Option<(Vec<f64>, usize)> {
        let mut values = Vec::new();
        plain_line(text.as_bytes(), count, &mut values).map(|length| (values, length))
    }

    #[test]
    fn plain_lines_have_one_separator() {
        for (text, length) in [("1,2\n3", 4), (" 1 , 2\r\n3", 8), ("1;2", 3), ("1 \t2 \n", 6), ("1,\t2\n", 5)] {
            assert_eq!(plain(text, 2), Some((vec![1.0, 2.0], length)), "{text:?}");
        }
        for text in
            ["1,2,\n", "1,,2\n", "1;2,3\n", "1 2,3\n", "1,2 3\n", "1\n2\n", "1,2 # c\n", "1,2\rx", "\n", "1k,2\n"]
        {
            assert_eq!(plain(text, 2), None, "{text:?}");
        }
    }

    /// Whatever a line looks like, it is read as a first one is.
    #[test]
    fn every_line_is_read_alike() {
        for line in [
            "1,2",
            "1, 2",
            "1;2",
            "1;2;",
            "1 2",
            " 1\t2 ",
            "1k,2",
            "\"1\",2",
            "1e3 , -2 # c",
            "1,x",
            "1",
            "1,2,3",
            "1,,2",
        ] {
            let alone = read("m", line);
            for text in [format!("5,6\n{line}"), format!("5,6\r\n{line}\r\n"), format!("5,6\n{line}\n\n# end\n")] {
                match (&alone, read("m", &text)) {
                    (Ok(one), Ok(both)) => {
                        assert_eq!((both.rows, &both.values[2..]), (2, &one.values[..]), "{text:?}");
                    }
                    (Ok(one), Err(MatrixError::Ragged { line: 2, found, .. })) => {
                        assert_eq!(found, one.cols, "{text:?}")
                    }
                    (
                        Err(MatrixError::NotANumber { column: one, .. }),
                        Err(MatrixError::NotANumber { line: 2, column, .. }),
                    ) => assert_eq!(*one, column, "{text:?}"),
                    (one, both) => panic!("{text:?}: {one:?}, {both:?}"),
                }
            }
        }
    }
}
