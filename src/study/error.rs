//! Why a study has nothing to report.

use crate::analysis::AnalysisError;
use crate::diag::{Diagnostic, SourceMap};

/// Why a study, or one of its points, failed.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// The deck around the cell cannot be elaborated.
    #[error("{}", diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Circuit {
        /// All mistakes.
        diagnostics: Vec<Diagnostic>,
        /// The texts they stand in: the user's deck, and the lines of the study.
        sources: Box<SourceMap>,
    },
    /// A solve failed.
    #[error("{0}")]
    Analysis(#[from] AnalysisError),
    /// The request makes no sense, in plain words with the numbers.
    #[error("{0}")]
    Request(String),
    /// The user asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl StudyError {
    /// A request that makes no sense.
    pub fn request(reason: impl Into<String>) -> Self {
        Self::Request(reason.into())
    }

    /// Did the user ask to stop?
    #[must_use]
    pub fn is_interruption(&self) -> bool {
        matches!(self, Self::Interrupted | Self::Analysis(AnalysisError::Interrupted { .. }))
    }
}
