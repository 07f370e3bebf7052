//! The tables of a report as comma-separated values. Definitions stand above as `#` lines, units in the header.

use std::io::Write;

use super::super::csv::number;
use crate::result::report::{Grid, Report, Value};

/// Writes the main table; `name` chooses a further one.
///
/// # Errors
/// When the stream refuses.
pub fn write(report: &Report, name: Option<&str>, out: &mut dyn Write) -> std::io::Result<()> {
    let grid = match name {
        None => &report.rows,
        Some(name) => match report.tables.iter().find(|(n, _)| n == name) {
            Some((_, grid)) => grid,
            None => return Ok(()),
        },
    };
    for (name, text) in &report.definitions {
        writeln!(out, "# {name}: {text}")?;
    }
    table(grid, out)
}

fn table(grid: &Grid, out: &mut dyn Write) -> std::io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(out);
    writer.write_record(grid.columns.iter().map(|(name, unit)| heading(name, unit)))?;
    for row in &grid.rows {
        writer.write_record(row.iter().map(field))?;
    }
    writer.flush()
}

fn heading(name: &str, unit: &str) -> String {
    if unit.is_empty() { name.to_owned() } else { format!("{name} ({unit})") }
}

fn field(value: &Value) -> String {
    match value {
        Value::Number(x) => number(*x),
        Value::Count(n) => n.to_string(),
        Value::Text(text) => text.clone(),
        Value::Missing => String::new(),
    }
}
