//! A report as a numpy archive: a member per numeric column and per map, `metadata` as JSON bytes.
//!
//! Columns of the main table carry their own name, those of further tables `table.column`, maps `map.name` with their axes
//! `map.row` and `map.col`. Columns of
//! words are byte strings in the metadata only.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use ndarray::{Array1, Array2};
use ndarray_npy::NpzWriter;

use super::super::OutputError;
use crate::result::report::{Grid, Report, Value};

/// Writes the archive.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, report: &Report) -> Result<(), OutputError> {
    let file = File::create(path).map_err(|e| OutputError::file(path, e))?;
    let mut npz = NpzWriter::new_compressed(BufWriter::new(file));
    let fail = |e: ndarray_npy::WriteNpzError| OutputError::format(path, e);
    for (name, column) in columns("", &report.rows) {
        npz.add_array(name, &column).map_err(fail)?;
    }
    for (table, grid) in &report.tables {
        for (name, column) in columns(&format!("{table}."), grid) {
            npz.add_array(name, &column).map_err(fail)?;
        }
    }
    for map in &report.maps {
        let shape = (map.rows, map.cols);
        let matrix = Array2::from_shape_vec(shape, map.values.clone()).map_err(|e| OutputError::format(path, e))?;
        npz.add_array(format!("map.{}", map.name), &matrix).map_err(fail)?;
    }
    // the axes of the maps, as far as all share them
    if let Some(first) = report.maps.first()
        && report.maps.iter().all(|map| (map.rows, map.cols) == (first.rows, first.cols))
    {
        for (name, count) in [("map.row", first.rows), ("map.col", first.cols)] {
            npz.add_array(name, &Array1::from_iter((0..count).map(|k| k as f64))).map_err(fail)?;
        }
    }
    let metadata = super::json::object(report).to_string().into_bytes();
    npz.add_array("metadata", &Array1::from(metadata)).map_err(fail)?;
    npz.finish().map_err(fail)?.flush().map_err(|e| OutputError::file(path, e))
}

/// The columns that hold a number somewhere.
fn columns<'a>(prefix: &'a str, grid: &'a Grid) -> impl Iterator<Item = (String, Array1<f64>)> + 'a {
    grid.columns.iter().enumerate().filter_map(move |(k, (name, _))| {
        let numeric = grid.rows.iter().any(|row| matches!(row[k], Value::Number(_) | Value::Count(_)));
        let name = if prefix.is_empty() && name == "metadata" { "metadata_" } else { name };
        numeric.then(|| (format!("{prefix}{name}"), grid.rows.iter().map(|row| row[k].number()).collect()))
    })
}
