//! Array snapshots as numpy archives.
//!
//! Members: one matrix per quantity (rows x cols for a single snapshot, snapshots x rows x cols for several), `row`,
//! `col` and `at` axes, and `metadata`, JSON text as bytes: `json.loads(bytes(npz["metadata"]))`.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2, Array3};
use ndarray_npy::NpzWriter;

use super::OutputError;
use crate::result::ArraySnapshot;

/// What a snapshot file says about itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    /// Title of the deck.
    pub title: String,
    /// Analysis, `Transient Analysis`.
    pub analysis: String,
    /// Step label; empty without steps.
    pub step: String,
    /// First row and column index in the names of the array.
    pub base: usize,
}

/// SI unit of a snapshot quantity; empty for states.
#[must_use]
pub fn unit(quantity: &str) -> &'static str {
    match quantity {
        "v" | "wl" | "bl" => "V",
        "i" => "A",
        "p" => "W",
        "r" => "Ohm",
        "g" => "S",
        _ => "",
    }
}

/// Writes the snapshots of one array, in time order, to one file.
///
/// # Errors
/// When there is nothing to write, when the snapshots differ in shape, or when the file cannot be written.
pub fn write(path: &Path, snapshots: &[&ArraySnapshot], metadata: &Metadata) -> Result<(), OutputError> {
    let Some(first) = snapshots.first() else { return Err(OutputError::format(path, "there is no snapshot")) };
    let alike = |s: &&&ArraySnapshot| {
        (s.rows, s.cols) == (first.rows, first.cols)
            && s.matrices.iter().map(|m| &m.0).eq(first.matrices.iter().map(|m| &m.0))
    };
    if !snapshots.iter().all(|s| alike(&s)) {
        return Err(OutputError::format(path, "snapshots of different arrays or quantities need different files"));
    }
    let file = File::create(path).map_err(|e| OutputError::file(path, e))?;
    let mut npz = NpzWriter::new_compressed(BufWriter::new(file));
    let fail = |e: ndarray_npy::WriteNpzError| OutputError::format(path, e);
    for (k, (name, _)) in first.matrices.iter().enumerate() {
        let planes: Vec<&[f64]> = snapshots.iter().map(|s| s.matrices[k].1.as_slice()).collect();
        if let [plane] = planes[..] {
            npz.add_array(member(name), &matrix(path, first, plane)?).map_err(fail)?;
        } else {
            let shape = (planes.len(), first.rows, first.cols);
            let cube = Array3::from_shape_vec(shape, planes.concat()).map_err(|e| OutputError::format(path, e))?;
            npz.add_array(member(name), &cube).map_err(fail)?;
        }
    }
    let axis = |n: usize| (0..n).map(|k| (k + metadata.base) as i64).collect::<Array1<i64>>();
    npz.add_array("row", &axis(first.rows)).map_err(fail)?;
    npz.add_array("col", &axis(first.cols)).map_err(fail)?;
    npz.add_array("at", &snapshots.iter().map(|s| s.at).collect::<Array1<f64>>()).map_err(fail)?;
    npz.add_array("metadata", &Array1::from(describe(first, metadata).into_bytes())).map_err(fail)?;
    let mut stream = npz.finish().map_err(fail)?;
    std::io::Write::flush(&mut stream).map_err(|e| OutputError::file(path, e))
}

/// Members that would hide an axis get an underscore.
fn member(quantity: &str) -> String {
    if matches!(quantity, "row" | "col" | "at" | "metadata") { format!("{quantity}_") } else { quantity.to_owned() }
}

fn describe(snapshot: &ArraySnapshot, metadata: &Metadata) -> String {
    let units: serde_json::Map<String, serde_json::Value> =
        snapshot.matrices.iter().map(|(name, _)| (member(name), unit(name).into())).collect();
    serde_json::json!({
        "title": metadata.title,
        "analysis": metadata.analysis,
        "step": metadata.step,
        "array": snapshot.array,
        "rows": snapshot.rows,
        "cols": snapshot.cols,
        "units": units,
        "program": concat!("sneakpath ", env!("CARGO_PKG_VERSION")),
    })
    .to_string()
}

fn matrix(path: &Path, snapshot: &ArraySnapshot, values: &[f64]) -> Result<Array2<f64>, OutputError> {
    Array2::from_shape_vec((snapshot.rows, snapshot.cols), values.to_vec()).map_err(|e| OutputError::format(path, e))
}

/// Writes the states of a snapshot as `.npy` matrices that `x0=FILE(..)` reads back: `<stem>.npy` for a cell with one
/// recorded state, `<stem>_<state>.npy` for more. A quantity without a unit is a state. Returns the files.
///
/// # Errors
/// When no state was recorded or a file cannot be written.
pub fn write_states(stem: &Path, snapshot: &ArraySnapshot) -> Result<Vec<PathBuf>, OutputError> {
    let states: Vec<_> = snapshot.matrices.iter().filter(|(name, _)| unit(name).is_empty()).collect();
    let text = stem.to_string_lossy();
    let bare = text.strip_suffix(".npy").unwrap_or(&text);
    if states.is_empty() {
        return Err(OutputError::format(stem, "the card lists no state of the cell to save"));
    }
    states
        .iter()
        .map(|(name, values)| {
            let path =
                PathBuf::from(if states.len() == 1 { format!("{bare}.npy") } else { format!("{bare}_{name}.npy") });
            let array = matrix(&path, snapshot, values)?;
            ndarray_npy::write_npy(&path, &array).map_err(|e| OutputError::format(&path, e))?;
            Ok(path)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn mismatched_snapshots_and_bad_paths_are_errors() {
        let one = ArraySnapshot {
            array: "xa".into(),
            at: 0.0,
            rows: 1,
            cols: 2,
            matrices: vec![("v".into(), vec![1.0, 2.0])],
            file: None,
            state_file: None,
        };
        let two = ArraySnapshot { cols: 1, ..one.clone() };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npz");
        assert!(write(&path, &[&one, &two], &Metadata::default()).is_err());
        assert!(write(&path, &[], &Metadata::default()).is_err());
        assert!(!path.exists(), "nothing half-written");
        assert!(write(Path::new("/nowhere/x.npz"), &[&one], &Metadata::default()).is_err());
        assert!(write_states(&path, &one).is_err(), "v is not a state");
    }
}
