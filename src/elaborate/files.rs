//! Data files named in a deck.

use std::path::{Path, PathBuf};

use super::context::Context;
use crate::diag::Span;

/// Where a file named at `span` is: relative to the file that names it; relative to the working directory when it is
/// not there.
#[must_use]
pub fn resolve(context: &Context<'_>, path: &str, span: Span) -> PathBuf {
    let written = Path::new(path);
    if written.is_absolute() {
        return written.to_path_buf();
    }
    let naming = context.deck.sources.get(span.source).map(|file| Path::new(&file.name));
    match naming.and_then(Path::parent).map(|folder| folder.join(written)) {
        Some(beside) if beside.exists() || !written.exists() => beside,
        _ => written.to_path_buf(),
    }
}
