//! A report as a page of text: definitions first, then what they are the definitions of.

use std::fmt::Write as _;

use crate::output::text::general;
use crate::result::report::{Grid, Map, Report, Value};
use crate::units::format_si;

/// Longest table on the page; files hold all rows.
const MOST_ROWS: usize = 200;

/// The page, with a line break at its end.
#[must_use]
pub fn page(report: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", report.title);
    for (name, text) in &report.definitions {
        let _ = writeln!(out, "  {name}: {text}");
    }
    for fact in &report.facts {
        let _ = writeln!(out, "{} = {}", fact.name, shown(&fact.value, &fact.unit));
    }
    table(&mut out, &report.rows);
    for (name, grid) in &report.tables {
        let _ = writeln!(out, "{name}");
        table(&mut out, grid);
    }
    for map in &report.maps {
        let _ = writeln!(out, "{}", summary(map));
    }
    for note in &report.notes {
        let _ = writeln!(out, "note: {note}");
    }
    out
}

/// A value with its unit, for people.
pub(super) fn shown(value: &Value, unit: &str) -> String {
    match value {
        Value::Number(x) if unit.is_empty() => general(*x, 6),
        Value::Number(x) => format_si(*x, unit),
        Value::Count(n) => n.to_string(),
        Value::Text(text) => text.clone(),
        Value::Missing => "-".to_owned(),
    }
}

fn table(out: &mut String, grid: &Grid) {
    if grid.rows.is_empty() {
        return;
    }
    let rows: Vec<Vec<String>> = grid
        .rows
        .iter()
        .take(MOST_ROWS)
        .map(|row| row.iter().zip(&grid.columns).map(|(value, (_, unit))| shown(value, unit)).collect())
        .collect();
    let widths: Vec<usize> = (0..grid.columns.len())
        .map(|k| {
            let entries = rows.iter().map(|row| row[k].chars().count());
            entries.chain([grid.columns[k].0.chars().count()]).max().unwrap_or(0)
        })
        .collect();
    let words: Vec<bool> =
        (0..widths.len()).map(|k| grid.rows.iter().any(|row| matches!(row[k], Value::Text(_)))).collect();
    let line = |texts: &mut dyn Iterator<Item = &str>| {
        let fields = texts.zip(&widths).zip(&words);
        let padded = fields.map(|((t, &w), &left)| if left { format!("{t:<w$}") } else { format!("{t:>w$}") });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let _ = writeln!(out, "{}", line(&mut grid.columns.iter().map(|(name, _)| name.as_str())));
    for row in &rows {
        let _ = writeln!(out, "{}", line(&mut row.iter().map(String::as_str)));
    }
    if grid.rows.len() > MOST_ROWS {
        let _ = writeln!(out, "({} more rows; --csv writes all)", grid.rows.len() - MOST_ROWS);
    }
}

/// Where a map is worst, and how its values spread.
fn summary(map: &Map) -> String {
    let mut finite: Vec<f64> = map.values.iter().copied().filter(|v| v.is_finite()).collect();
    finite.sort_by(f64::total_cmp);
    let (Some(low), Some(high)) = (finite.first(), finite.last()) else { return format!("{}: no values", map.label) };
    let show = |x: f64| if map.unit.is_empty() { general(x, 5) } else { format_si(x, &map.unit) };
    let (row, col) = map.place_of(*high);
    let median = finite[finite.len() / 2];
    format!(
        "{} ({} x {}): {} to {}, median {}, largest at row {row}, column {col}",
        map.label,
        map.rows,
        map.cols,
        show(*low),
        show(*high),
        show(median)
    )
}
