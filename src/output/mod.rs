//! Writers and plots: results in, files and text out. Nothing here prints to a terminal or decides what to run.
//!
//! Everything that can go wrong outside (disk full, unwritable path) comes back as an [`OutputError`].

use std::io;
use std::path::{Path, PathBuf};

pub mod collect;
pub mod csv;
pub mod figure;
pub mod journal;
pub mod log;
pub mod measures;
pub mod npz;
pub mod print;
pub mod raw;
pub mod report;
pub mod summary;
pub mod text;
pub mod trace;

pub use collect::{Collector, Tee, replay};

/// Why a result could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The operating system refused.
    #[error("cannot write `{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The format cannot hold this result.
    #[error("cannot write `{}`: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl OutputError {
    /// A system error on a file.
    pub fn file(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }
    /// A result that does not fit the format.
    pub fn format(path: &Path, reason: impl ToString) -> Self {
        Self::Format { path: path.to_owned(), reason: reason.to_string() }
    }
}
