//! The journal of a sweep: finished points, one line each, so that a killed run goes on where it was.
//!
//! The first line is the fingerprint of the request; a journal of another request is begun anew. A line that a kill
//! cut short is dropped. Numbers are written as the shortest text that reads back as the same bits.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::{Value as Json, json};

use super::OutputError;
use crate::result::report::{Grid, Part, Trust, Value};

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    known: BTreeMap<usize, Part>,
    file: Mutex<File>,
}

impl Journal {
    /// Opens the journal of a request, or begins it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn open(path: &Path, fingerprint: &str) -> Result<Self, OutputError> {
        let head = json!({ "journal": 1, "request": fingerprint }).to_string();
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let mut lines = text.lines();
        let ours = lines.next() == Some(head.as_str());
        let kept: Vec<(&str, usize, Part)> = if ours {
            lines.filter_map(|line| read(line).map(|(point, part)| (line, point, part))).collect()
        } else {
            Vec::new()
        };
        // written anew and renamed, so that a kill in between loses nothing
        let fresh = path.with_extension("journal.new");
        let body: String =
            std::iter::once(head.as_str()).chain(kept.iter().map(|k| k.0)).map(|l| format!("{l}\n")).collect();
        let begin = || {
            std::fs::write(&fresh, body)?;
            std::fs::rename(&fresh, path)?;
            File::options().append(true).open(path)
        };
        let file = begin().map_err(|e| OutputError::file(path, e))?;
        let known = kept.into_iter().map(|(_, point, part)| (point, part)).collect();
        Ok(Self { path: path.to_owned(), known, file: Mutex::new(file) })
    }

    /// Points that were finished before.
    #[must_use]
    pub fn found(&self) -> usize {
        self.known.len()
    }

    /// A point that was finished before.
    #[must_use]
    pub fn find(&self, point: usize) -> Option<&Part> {
        self.known.get(&point)
    }

    /// Keeps a point. A disk that is full costs the journal, not the run.
    pub fn keep(&self, point: usize, part: &Part) {
        let line = format!("{}\n", write(point, part));
        if let Ok(mut file) = self.file.lock() {
            let _ = file.write_all(line.as_bytes()).and_then(|()| file.flush());
        }
    }

    /// Removes the file: the results are where they belong.
    pub fn close(self) {
        drop(self.file);
        let _ = std::fs::remove_file(self.path);
    }
}

fn write(point: usize, part: &Part) -> Json {
    let trust = &part.trust;
    let rows: Vec<Vec<String>> = part.rows.rows.iter().map(|row| row.iter().map(tagged).collect()).collect();
    json!({
        "point": point,
        "columns": part.rows.columns,
        "rows": rows,
        "failures": part.failures,
        "counts": [trust.solves, trust.newton, trust.transients],
        "errors": [format!("{:?}", trust.kcl_relative), format!("{:?}", trust.energy_error)],
        "aids": trust.aids,
    })
}

fn tagged(value: &Value) -> String {
    match value {
        Value::Number(x) => format!("n{x:?}"),
        Value::Count(n) => format!("c{n}"),
        Value::Text(text) => format!("t{text}"),
        Value::Missing => String::new(),
    }
}

fn untagged(text: &str) -> Option<Value> {
    let mut letters = text.chars();
    Some(match letters.next() {
        None => Value::Missing,
        Some('n') => Value::Number(letters.as_str().parse().ok()?),
        Some('c') => Value::Count(letters.as_str().parse().ok()?),
        Some('t') => Value::Text(letters.as_str().to_owned()),
        Some(_) => return None,
    })
}

fn read(line: &str) -> Option<(usize, Part)> {
    let json: Json = serde_json::from_str(line).ok()?;
    let texts = |json: &Json| -> Option<Vec<String>> {
        json.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
    };
    let column = |json: &Json| -> Option<(String, String)> {
        let [name, unit] = <[String; 2]>::try_from(texts(json)?).ok()?;
        Some((name, unit))
    };
    let row = |json: &Json| -> Option<Vec<Value>> { texts(json)?.iter().map(|text| untagged(text)).collect() };
    let count = |k: usize| usize::try_from(json["counts"].get(k)?.as_u64()?).ok();
    let error = |k: usize| json["errors"].get(k)?.as_str()?.parse::<f64>().ok();
    let columns = json["columns"].as_array()?.iter().map(column).collect::<Option<Vec<_>>>()?;
    let rows = json["rows"].as_array()?.iter().map(row).collect::<Option<Vec<_>>>()?;
    let trust = Trust {
        solves: count(0)?,
        newton: count(1)?,
        transients: count(2)?,
        kcl_relative: error(0)?,
        energy_error: error(1)?,
        aids: texts(&json["aids"])?,
    };
    let point = usize::try_from(json["point"].as_u64()?).ok()?;
    Some((point, Part { rows: Grid { columns, rows }, failures: texts(&json["failures"])?, trust }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn part(x: f64) -> Part {
        let mut rows = Grid::new(&["scheme", "size", "margin", "i:A"]);
        rows.push(["obpu, a".into(), 4usize.into(), x.into(), Value::Missing]);
        let trust = Trust { solves: 3, newton: 9, kcl_relative: x / 3.0, ..Trust::default() };
        Part { rows, failures: vec!["no\nway".to_owned()], trust }
    }

    #[test]
    fn a_killed_run_goes_on_and_another_request_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.journal");
        let journal = Journal::open(&path, "x").unwrap();
        journal.keep(2, &part(0.1 + 0.2));
        journal.keep(0, &part(1e-300));
        drop(journal);
        // the kill came while a line was being written
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"point\":1,\"rows\":[[");
        std::fs::write(&path, text).unwrap();
        let journal = Journal::open(&path, "x").unwrap();
        assert_eq!((journal.found(), journal.find(1)), (2, None));
        assert_eq!(journal.find(2), Some(&part(0.1 + 0.2)));
        assert_eq!(journal.find(0), Some(&part(1e-300)));
        journal.keep(1, &part(5.0));
        drop(journal);
        assert_eq!(Journal::open(&path, "x").unwrap().found(), 3);
        assert_eq!(Journal::open(&path, "y").unwrap().found(), 0);
        Journal::open(&path, "y").unwrap().close();
        assert!(!path.exists());
    }
}
