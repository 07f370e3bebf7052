//! Per-cell data: one number per cell from an NPY or CSV file, value = scale * entry + offset.
//!
//! NPY format 1 and 2, C or Fortran order, floats, integers and booleans; CSV with `,`, `;` or blanks between the
//! entries, an optional header line and `#` comments.

mod csv;
mod decimal;

use std::path::Path;
use std::sync::Arc;

use ndarray::{Array2, ArrayD, Ix1, Ix2};
use ndarray_npy::{ReadNpyError, ReadNpyExt, ReadableElement};

use crate::diag::nearest_file;

pub(super) use csv::{number, split};

/// A matrix as it came from a file, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// Row-major entries.
    pub values: Vec<f64>,
}

/// Why a matrix could not be used; the caller adds the place in the deck.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MatrixError {
    /// The file cannot be read.
    #[error("cannot read `{path}`: {reason}")]
    Unreadable {
        /// Path that was tried.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// Not an NPY file, or one whose numbers are not real numbers.
    #[error("`{path}` is not a usable NPY file: {reason}")]
    BadNpy {
        /// Path.
        path: String,
        /// Why.
        reason: String,
    },
    /// A file without a number.
    #[error("`{path}` holds no numbers, the array has {rows} x {cols} cells")]
    Empty {
        /// Path.
        path: String,
        /// Wanted rows.
        rows: usize,
        /// Wanted columns.
        cols: usize,
    },
    /// Wrong number of rows or columns.
    #[error("`{path}` holds {found_rows} x {found_cols} values, the array has {rows} x {cols} cells{hint}")]
    Shape {
        /// Path.
        path: String,
        /// Rows of the file, after TRANSPOSE.
        found_rows: usize,
        /// Columns of the file, after TRANSPOSE.
        found_cols: usize,
        /// Wanted rows.
        rows: usize,
        /// Wanted columns.
        cols: usize,
        /// Empty, or that TRANSPOSE would fit.
        hint: &'static str,
    },
    /// A CSV entry that is no number.
    #[error("`{path}`, line {line}, entry {column}{}", no_number(text))]
    NotANumber {
        /// Path.
        path: String,
        /// Line from 1.
        line: usize,
        /// Entry from 1.
        column: usize,
        /// The entry.
        text: String,
    },
    /// A CSV line of another length.
    #[error("`{path}`, line {line} has {found} entries, the lines before it have {expected}")]
    Ragged {
        /// Path.
        path: String,
        /// Line from 1.
        line: usize,
        /// Its entries.
        found: usize,
        /// Entries of the first line.
        expected: usize,
    },
    /// NaN or infinity.
    #[error("`{path}` is not finite at row {row}, column {col} (counted from 0): {value}{}", also(*.more))]
    NotFinite {
        /// Path.
        path: String,
        /// Row from 0.
        row: usize,
        /// Column from 0.
        col: usize,
        /// The value.
        value: f64,
        /// How many further entries are not finite.
        more: usize,
    },
}

impl MatrixError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Unreadable { path, .. } => help_for_missing(Path::new(path)),
            Self::Empty { rows, cols, .. } => format!("write {rows} rows of {cols} values"),
            Self::BadNpy { .. } => {
                "write it with `numpy.save` from a real two-dimensional array, or as CSV with another ending"
                    .to_string()
            }
            Self::Shape { found_rows, found_cols, rows, cols, .. } => {
                if (found_cols, found_rows) == (rows, cols) {
                    "write FILE(\"..\" TRANSPOSE)".to_string()
                } else {
                    format!(
                        "a file has one row per word line and one column per bit line: write {rows} rows of {cols} \
                         values, or give the array {found_rows} rows and {found_cols} columns"
                    )
                }
            }
            Self::NotANumber { .. } => {
                "entries are numbers such as 1e-6 or 10k, separated by `,`, `;` or blanks; `#` begins a comment"
                    .to_string()
            }
            Self::Ragged { .. } => "every line has one entry per column".to_string(),
            Self::NotFinite { .. } => {
                "give every cell a finite value; a cell that does not work is a defect, FAULTS=\"file\" on the `.xbar` \
                 card"
                    .to_string()
            }
        }
    }
}

fn no_number(text: &str) -> String {
    if text.is_empty() { " is empty".to_string() } else { format!(": `{text}` is not a number") }
}

/// What to do about a file that cannot be read: the file beside it with the nearest name, or where it is looked for.
pub(super) fn help_for_missing(path: &Path) -> String {
    let relative = "the path is relative to the deck that names it";
    match nearest_file(path).as_deref().and_then(Path::file_name) {
        Some(near) => format!("did you mean `{}`? {relative}", near.to_string_lossy()),
        None => relative.to_string(),
    }
}

fn also(more: usize) -> String {
    match more {
        0 => String::new(),
        1 => "; one more entry is not finite".to_string(),
        n => format!("; {n} more entries are not finite"),
    }
}

/// Reads a matrix; the suffix `.npy` decides the format, everything else is CSV.
///
/// # Errors
/// When the file cannot be read or is malformed.
pub fn read(path: &Path) -> Result<Matrix, MatrixError> {
    let name = path.display().to_string();
    let bytes =
        std::fs::read(path).map_err(|e| MatrixError::Unreadable { path: name.clone(), reason: e.to_string() })?;
    // the magic string, so that a renamed file still works
    if bytes.starts_with(b"\x93NUMPY") || path.extension().is_some_and(|e| e.eq_ignore_ascii_case("npy")) {
        read_npy(&name, &bytes)
    } else {
        match std::str::from_utf8(&bytes) {
            Ok(text) => csv::read(&name, text),
            Err(_) => csv::read(&name, &String::from_utf8_lossy(&bytes)),
        }
    }
}

impl Matrix {
    /// Rows and columns exchanged.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let values = (0..self.cols).flat_map(|c| (0..self.rows).map(move |r| self.values[r * self.cols + c])).collect();
        Self { rows: self.cols, cols: self.rows, values }
    }

    /// The values `scale * entry + offset` of a matrix that must be `rows x cols` and finite; where that changes none,
    /// the matrix itself.
    ///
    /// # Errors
    /// A wrong shape, naming both; an entry that is not finite, naming its row and column.
    pub fn fit(
        self: &Arc<Self>,
        path: &Path,
        rows: usize,
        cols: usize,
        scale: f64,
        offset: f64,
    ) -> Result<Arc<Self>, MatrixError> {
        let path = path.display().to_string();
        if self.values.is_empty() {
            return Err(MatrixError::Empty { path, rows, cols });
        }
        if (self.rows, self.cols) != (rows, cols) {
            let fits = (self.cols, self.rows) == (rows, cols);
            let hint = if fits { "; add TRANSPOSE to exchange its rows and columns" } else { "" };
            let (found_rows, found_cols) = (self.rows, self.cols);
            return Err(MatrixError::Shape { path, found_rows, found_cols, rows, cols, hint });
        }
        // a zero loses its sign
        let same = |v: &f64| v.is_finite() && v.to_bits() != (-0.0f64).to_bits();
        if scale == 1.0 && offset == 0.0 && self.values.iter().all(same) {
            return Ok(Arc::clone(self));
        }
        let values: Vec<f64> = self.values.iter().map(|v| scale * v + offset).collect();
        let mut bad = values.iter().enumerate().filter(|(_, v)| !v.is_finite());
        if let Some((k, &value)) = bad.next() {
            return Err(MatrixError::NotFinite { path, row: k / cols, col: k % cols, value, more: bad.count() });
        }
        Ok(Arc::new(Self { values, ..**self }))
    }
}

fn read_npy(name: &str, bytes: &[u8]) -> Result<Matrix, MatrixError> {
    type Reader = fn(&[u8]) -> Result<ArrayD<f64>, ReadNpyError>;
    let readers: [Reader; 10] = [
        |b| ArrayD::<f64>::read_npy(b),
        |b| read_as::<f32>(b, f64::from),
        |b| read_as::<i64>(b, |v| v as f64),
        |b| read_as::<i32>(b, f64::from),
        |b| read_as::<i16>(b, f64::from),
        |b| read_as::<i8>(b, f64::from),
        |b| read_as::<u64>(b, |v| v as f64),
        |b| read_as::<u32>(b, f64::from),
        |b| read_as::<u8>(b, f64::from),
        |b| read_as::<bool>(b, |v| f64::from(u8::from(v))),
    ];
    for reader in readers {
        match reader(bytes) {
            Ok(array) => return matrix_of(name, array),
            Err(ReadNpyError::WrongDescriptor(_)) => {}
            Err(error) => return Err(MatrixError::BadNpy { path: name.to_string(), reason: error.to_string() }),
        }
    }
    let reason = "its entries are not real numbers (f8 f4 i8 i4 i2 i1 u8 u4 u1 bool are read)".to_string();
    Err(MatrixError::BadNpy { path: name.to_string(), reason })
}

fn read_as<T: ReadableElement + Copy>(bytes: &[u8], to: fn(T) -> f64) -> Result<ArrayD<f64>, ReadNpyError> {
    Ok(ArrayD::<T>::read_npy(bytes)?.mapv(to))
}

fn matrix_of(name: &str, array: ArrayD<f64>) -> Result<Matrix, MatrixError> {
    let shape = array.shape().to_vec();
    let array: Array2<f64> = match shape.len() {
        // a vector is one row; TRANSPOSE makes it a column
        1 => array.into_dimensionality::<Ix1>().map(|a| a.insert_axis(ndarray::Axis(0))),
        _ => array.into_dimensionality::<Ix2>(),
    }
    .map_err(|_| MatrixError::BadNpy {
        path: name.to_string(),
        reason: format!("it has {} dimensions (shape {shape:?}), a matrix has 2", shape.len()),
    })?;
    let (rows, cols) = array.dim();
    if array.is_standard_layout() {
        let (values, _) = array.into_raw_vec_and_offset();
        return Ok(Matrix { rows, cols, values });
    }
    // `iter` walks in logical row-major order whatever the memory order is
    Ok(Matrix { rows, cols, values: array.iter().copied().collect() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ndarray::{Array2, ShapeBuilder, array};
    use ndarray_npy::write_npy;

    fn file(dir: &tempfile::TempDir, name: &str, text: &str) -> std::path::PathBuf {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn npy_of_every_kind_and_order() {
        let dir = tempfile::tempdir().unwrap();
        let expected = Matrix { rows: 2, cols: 3, values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
        let path = dir.path().join("m.npy");
        let m = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        write_npy(&path, &m).unwrap();
        assert_eq!(read(&path).unwrap(), expected);
        write_npy(&path, &m.mapv(|v| v as f32)).unwrap();
        assert_eq!(read(&path).unwrap(), expected);
        write_npy(&path, &m.mapv(|v| v as i32)).unwrap();
        assert_eq!(read(&path).unwrap(), expected);
        let mut fortran = Array2::<f64>::zeros((2, 3).f());
        fortran.assign(&m);
        write_npy(&path, &fortran).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert!(String::from_utf8_lossy(&bytes).contains("'fortran_order': True"), "the test must see Fortran order");
        assert_eq!(read(&path).unwrap(), expected);
        write_npy(&path, &m.mapv(|v| v > 3.0)).unwrap();
        assert_eq!(read(&path).unwrap().values, [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        // a complex entry, written by hand: format 1.0, header padded to 64 bytes with its magic
        let header = format!("{:<117}\n", "{'descr': '<c16', 'fortran_order': False, 'shape': (1, 1), }");
        let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend([0; 16]);
        std::fs::write(&path, &bytes).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("not a usable NPY file"));
    }

    #[test]
    fn csv_with_header_comments_and_suffixes() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(&dir, "r.csv", "# ohm\nc0, c1\n1k, 2.5e3\n\n3meg,-4 # last\n");
        assert_eq!(read(&path).unwrap(), Matrix { rows: 2, cols: 2, values: vec![1e3, 2.5e3, 3e6, -4.0] });
        let path = file(&dir, "blank.txt", "1 2 3\n4\t5 6\n");
        assert_eq!(read(&path).unwrap().cols, 3);
        let path = file(&dir, "semi.csv", "1;2;\n3;4;\n");
        assert_eq!(read(&path).unwrap().values, [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn csv_mistakes_name_line_and_entry() {
        let dir = tempfile::tempdir().unwrap();
        let error = read(&file(&dir, "a.csv", "1,2\n3,x\n")).unwrap_err();
        assert!(matches!(&error, MatrixError::NotANumber { line: 2, column: 2, text, .. } if text == "x"), "{error}");
        let error = read(&file(&dir, "d.csv", "1,2\n3,4,x\n")).unwrap_err();
        assert!(matches!(&error, MatrixError::NotANumber { line: 2, column: 3, .. }), "{error}");
        let error = read(&file(&dir, "b.csv", "1,2\n3\n")).unwrap_err();
        assert!(matches!(error, MatrixError::Ragged { line: 2, found: 1, expected: 2, .. }), "{error}");
        assert!(matches!(read(Path::new("/nowhere/x.npy")), Err(MatrixError::Unreadable { .. })));
        let error = read(&file(&dir, "c.npy", "not numpy")).unwrap_err();
        assert!(matches!(error, MatrixError::BadNpy { .. }), "{error}");
    }

    #[test]
    fn shape_and_finiteness_are_checked() {
        let m = Arc::new(Matrix { rows: 2, cols: 3, values: vec![1.0, 2.0, 3.0, 4.0, f64::NAN, f64::INFINITY] });
        let path = Path::new("m.npy");
        let error = m.fit(path, 3, 2, 1.0, 0.0).unwrap_err().to_string();
        assert!(
            error.contains("holds 2 x 3") && error.contains("has 3 x 2 cells") && error.contains("TRANSPOSE"),
            "{error}"
        );
        let error = m.fit(path, 4, 4, 1.0, 0.0).unwrap_err().to_string();
        assert!(!error.contains("TRANSPOSE"), "{error}");
        let error = m.fit(path, 2, 3, 1.0, 0.0).unwrap_err();
        assert!(matches!(error, MatrixError::NotFinite { row: 1, col: 1, more: 1, .. }), "{error}");
        assert!(error.help().contains("FAULTS="), "{}", error.help());
        let error = m.fit(path, 4, 4, 1.0, 0.0).unwrap_err();
        assert!(error.help().contains("write 4 rows of 4 values"), "{}", error.help());
        let good = Arc::new(Matrix { rows: 2, cols: 2, values: vec![1.0, 2.0, 3.0, 4.0] });
        assert_eq!(good.fit(path, 2, 2, 10.0, 1.0).unwrap().values, [11.0, 21.0, 31.0, 41.0]);
        assert!(Arc::ptr_eq(&good.fit(path, 2, 2, 1.0, 0.0).unwrap(), &good));
        let signed = Arc::new(Matrix { rows: 1, cols: 1, values: vec![-0.0] });
        assert_eq!(signed.fit(path, 1, 1, 1.0, 0.0).unwrap().values[0].to_bits(), 0);
        assert_eq!(good.transposed().values, [1.0, 3.0, 2.0, 4.0]);
    }
}
