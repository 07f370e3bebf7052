//! Reads raw files back: those of this program and of ngspice, real numbers, binary or ASCII.

use std::path::Path;

use crate::output::OutputError;
use crate::plan::Quantity;
use crate::result::{Column, PlotHeader, Table};

/// One plot as it stands in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Section<'a> {
    /// Header lines, up to the line before `Binary:` or `Values:`.
    pub head: &'a str,
    /// `No. Points:`.
    pub points: usize,
    /// `No. Variables:`.
    pub variables: usize,
    /// The numbers, 8-byte little-endian or text.
    pub data: &'a [u8],
    /// Are they text?
    pub ascii: bool,
}

impl Section<'_> {
    /// A header field.
    #[must_use]
    pub fn field(&self, key: &str) -> &str {
        field(self.head, key)
    }
}

fn field<'a>(head: &'a str, key: &str) -> &'a str {
    let line =
        head.lines().find(|l| l.len() >= key.len() && l.as_bytes()[..key.len()].eq_ignore_ascii_case(key.as_bytes()));
    line.and_then(|l| l.get(key.len()..)).map_or("", |v| v.trim_start_matches(':').trim())
}

/// Is this the start of a raw file, and not of a netlist?
#[must_use]
pub fn is_raw(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]);
    head.starts_with("Title:") && head.contains("\nPlotname:") && head.contains("\nNo. Variables:")
}

/// The plots of a raw file, in order. What is cut off at the end is left out.
#[must_use]
pub fn sections(mut raw: &[u8]) -> Vec<Section<'_>> {
    let mut out = Vec::new();
    while let Some((at, mark)) = mark(raw) {
        let Ok(head) = std::str::from_utf8(&raw[..at]) else { break };
        let number = |key| field(head, key).parse::<usize>().unwrap_or(0);
        let (points, variables) = (number("No. Points"), number("No. Variables"));
        let body = &raw[at + mark.len()..];
        let ascii = mark == VALUES;
        let size = if ascii {
            find(body, b"\nTitle:").map_or(body.len(), |k| k + 1)
        } else {
            points.saturating_mul(variables).saturating_mul(8).min(body.len())
        };
        let (data, rest) = body.split_at(size);
        out.push(Section { head, points, variables, data, ascii });
        raw = rest;
    }
    out
}

const BINARY: &[u8] = b"Binary:\n";
const VALUES: &[u8] = b"Values:\n";

/// Where the nearer of the two marks stands.
fn mark(raw: &[u8]) -> Option<(usize, &'static [u8])> {
    let of = |word: &'static [u8]| find(raw, word).map(|at| (at, word));
    [of(BINARY), of(VALUES)].into_iter().flatten().min_by_key(|(at, _)| *at)
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|w| w == word)
}

/// The plots of a file, each as the tables of its steps. Labels of steps come from the log beside it.
///
/// # Errors
/// When the file cannot be read, holds no plot, or holds complex or cut-off numbers.
pub fn read(path: &Path) -> Result<Vec<Vec<Table>>, OutputError> {
    let bytes = std::fs::read(path).map_err(|e| OutputError::file(path, e))?;
    let log = std::fs::read_to_string(path.with_extension("log")).unwrap_or_default();
    let labels: Vec<&str> = log.lines().filter_map(|l| l.strip_prefix(".step ")).collect();
    let sections = sections(&bytes);
    if sections.is_empty() {
        return Err(OutputError::format(path, "it is no raw file"));
    }
    sections.iter().map(|s| tables(s, &labels).map_err(|reason| OutputError::format(path, reason))).collect()
}

fn tables(section: &Section<'_>, labels: &[&str]) -> Result<Vec<Table>, String> {
    if section.field("Flags").split_whitespace().any(|f| f == "complex") {
        return Err("complex plots cannot be read yet".into());
    }
    let name = section.field("Plotname").to_string();
    let lines = section.head.lines().skip_while(|l| !l.starts_with("Variables:")).skip(1);
    let columns: Vec<Column> = lines.filter_map(column).collect();
    if columns.len() != section.variables || columns.is_empty() {
        return Err(format!("{} variables are announced, {} named", section.variables, columns.len()));
    }
    let values = if section.ascii { text_values(section.data) } else { binary_values(section.data) };
    if values.len() != section.points * section.variables {
        return Err(format!("{} points are announced, {} there", section.points, values.len() / section.variables));
    }
    let has_axis = !matches!(name.to_ascii_lowercase().as_str(), "operating point" | "transfer function");
    let header = PlotHeader {
        title: section.field("Title").to_string(),
        name,
        step: String::new(),
        has_axis,
        saved: columns.len(),
        columns,
    };
    let stepped = section.field("Flags").split_whitespace().any(|f| f == "stepped");
    let mut out: Vec<Table> = Vec::new();
    for row in values.chunks_exact(section.variables) {
        let starts = out.is_empty() || stepped && (!has_axis || row[0] == values[0]);
        if starts {
            let step =
                if stepped { labels.get(out.len()).map_or(String::new(), ToString::to_string) } else { String::new() };
            out.push(Table::new(PlotHeader { step, ..header.clone() }));
        }
        if let Some(table) = out.last_mut() {
            table.push(row);
        }
    }
    Ok(out)
}

/// `\t1\tv(out)\tvoltage`.
fn column(line: &str) -> Option<Column> {
    let mut parts = line.split('\t').filter(|p| !p.is_empty());
    let (_, name, word) = (parts.next()?, parts.next()?, parts.next()?);
    let quantity = match word.split_whitespace().next()? {
        "time" => Quantity::Time,
        "frequency" => Quantity::Frequency,
        // basic type words call every other quantity a voltage
        "voltage" if name.starts_with('@') => Quantity::Plain,
        "voltage" => Quantity::Voltage,
        "current" => Quantity::Current,
        "power" => Quantity::Power,
        "temperature" | "temp-sweep" => Quantity::Temperature,
        _ => Quantity::Plain,
    };
    Some(Column { name: name.to_string(), quantity })
}

fn binary_values(data: &[u8]) -> Vec<f64> {
    data.chunks_exact(8).map(|b| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]])).collect()
}

/// The index of a point shares a line with its first value.
fn text_values(data: &[u8]) -> Vec<f64> {
    let text = String::from_utf8_lossy(data);
    let value = |line: &str| line.rsplit('\t').next().and_then(|v| v.trim().parse().ok());
    text.lines().filter_map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::raw::{Encoding, RawOptions, RawWriter};
    use crate::output::{replay, trace::tests::ramp};

    fn round_trip(encoding: Encoding, steps: &[&str]) -> Vec<Vec<Table>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.raw");
        let options = RawOptions { encoding, step_count: steps.len(), ..RawOptions::default() };
        let mut writer = RawWriter::create(&path, options).unwrap();
        steps.iter().for_each(|step| replay(&ramp(step), &mut writer));
        let log: String = writer.step_labels().iter().map(|l| format!(".step {l}\n")).collect();
        std::fs::write(path.with_extension("log"), log).unwrap();
        writer.finish().unwrap();
        assert!(is_raw(&std::fs::read(&path).unwrap()));
        read(&path).unwrap()
    }

    #[test]
    fn what_was_written_comes_back() {
        for encoding in [Encoding::Binary, Encoding::Ascii] {
            let plots = round_trip(encoding, &[""]);
            assert_eq!(plots.len(), 1);
            assert_eq!(plots[0][0].data, ramp("").data);
            assert_eq!(plots[0][0].header.columns, ramp("").header.columns);
        }
    }

    #[test]
    fn steps_come_apart_with_their_labels() {
        let plots = round_trip(Encoding::Binary, &["r=1", "r=2"]);
        assert_eq!(plots[0].len(), 2);
        assert_eq!(plots[0][1].header.step, "r=2");
        assert_eq!(plots[0][1].data, ramp("r=2").data);
    }

    #[test]
    fn netlists_and_cut_files_are_refused() {
        assert!(!is_raw(b"Title: my deck\nR1 a 0 1k\n"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.raw");
        let mut writer = RawWriter::create(&path, RawOptions::default()).unwrap();
        replay(&ramp(""), &mut writer);
        writer.finish().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 4]).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("announced"));
    }
}
