//! Exit codes. 0 only when everything that was asked for was produced.

use std::process::ExitCode;

/// How a run ended. Where several apply, the greatest [`Exit::rank`] wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All requested results were produced.
    Success,
    /// The netlist is wrong.
    Netlist,
    /// The command line is wrong.
    Usage,
    /// An analysis did not converge; the accepted points are kept.
    NoConvergence,
    /// A measure failed under `--strict-meas`.
    Measure,
    /// A file could not be read or written.
    Io,
    /// Ctrl-C; the accepted points are kept.
    Interrupted,
}

impl Exit {
    /// The number the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Netlist => 1,
            Self::Usage => 2,
            Self::NoConvergence => 3,
            Self::Measure => 4,
            Self::Io => 5,
            Self::Interrupted => 130,
        }
    }

    /// What the caller must know first: a failed measure is often only the consequence of the rest.
    const fn rank(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Measure => 1,
            Self::NoConvergence => 2,
            Self::Io => 3,
            Self::Netlist => 4,
            Self::Usage => 5,
            Self::Interrupted => 6,
        }
    }

    /// The graver of two endings.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_cause_wins_over_its_consequence() {
        assert_eq!(Exit::Measure.and(Exit::NoConvergence), Exit::NoConvergence);
        assert_eq!(Exit::NoConvergence.and(Exit::Measure), Exit::NoConvergence);
        assert_eq!(Exit::Success.and(Exit::Success).code(), 0);
        assert_eq!(Exit::Io.and(Exit::Interrupted).code(), 130);
    }
}
