//! Files that the arguments of a study name: beside the deck whose card names them, as for the files of a netlist; what the
//! command line names stands in the working directory. They are looked for nowhere else.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Arguments, Context, StudyError};
use crate::diag::{Diagnostic, Span};
use crate::elaborate::percell::{self, MatrixError};

/// Where the value of an argument was written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Origin {
    /// Folder of the deck; empty for the command line and for decks that are no file.
    pub folder: PathBuf,
    /// Place in the deck; `None` for the command line.
    pub span: Option<Span>,
}

impl Arguments {
    /// The file that the text of an argument names.
    #[must_use]
    pub fn file(&self, name: &str, written: &str) -> PathBuf {
        let written = written.replace('\\', "/");
        self.origin(name).map_or_else(|| PathBuf::from(&written), |origin| origin.folder.join(&written))
    }
}

/// The matrix of finite numbers in a file, at least one, that the text of an argument names.
///
/// # Errors
/// A file that is not there, is empty or holds something else: at the argument, with a remedy.
pub fn matrix(
    context: &Context,
    arguments: &Arguments,
    name: &str,
    written: &str,
) -> Result<percell::Matrix, StudyError> {
    let path = arguments.file(name, written);
    let refuse = |message: String, help: String| {
        let error = Diagnostic::error("E-FILE", message).help(help);
        let span = arguments.origin(name).and_then(|origin| origin.span);
        context.definitions.circuit(vec![match span {
            Some(span) => error.at(span),
            None => error,
        }])
    };
    let wrong = |error: MatrixError| refuse(error.to_string(), help(&error, &path, arguments.origin(name)));
    let found = percell::read(&path).map_err(wrong)?;
    let (rows, cols) = (found.rows, found.cols);
    if rows * cols == 0 {
        let help = format!("`{name}` wants a matrix of numbers, as CSV or NPY");
        return Err(refuse(format!("`{}` is empty", path.display()), help));
    }
    let fitted = Arc::new(found).fit(&path, rows, cols, 1.0, 0.0).map_err(wrong)?;
    Ok(Arc::unwrap_or_clone(fitted))
}

fn help(error: &MatrixError, path: &Path, origin: Option<&Origin>) -> String {
    match error {
        MatrixError::Unreadable { .. } if origin.is_none_or(|origin| origin.span.is_none()) => {
            "a path on the command line is relative to the working directory".to_owned()
        }
        MatrixError::Unreadable { .. } if path.is_absolute() => {
            format!("there is no such file; {}", error.help())
        }
        other => other.help(),
    }
}
