//! Array studies: the figures of merit that papers report, one file each.
//!
//! A study is a card of the netlist and a sub-command with the same words. It declares once what it can be told
//! ([`Card`]); `check` holds card and command line against that table. It builds its circuits as decks around the
//! user's cell ([`Definitions::bench`]), solves them with `analysis`, and returns a [`Report`], whose form is the
//! business of `output`. Nothing here knows a solver, a file format or a terminal.

pub mod argument;
pub mod array;
pub mod bench;
pub mod cell;
pub mod check;
pub mod density;
pub mod disturb;
pub mod energy;
mod error;
pub mod feedforward;
pub mod file;
pub mod infer;
pub mod map;
pub mod margin;
pub mod max_size;
pub mod memory;
pub mod mvm;
pub mod pattern;
pub mod program;
pub mod pulse;
pub mod pulsed;
pub mod read;
mod registry;
pub mod scheme;
pub mod settle;
pub mod sneak;
pub mod statistics;
pub mod sweep;
pub mod words;
pub mod write_margin;

pub use argument::{Argument, Arguments, Fallback, Kind, Parameter, Value};
pub use bench::{Bench, Definitions, Solution};
pub use error::StudyError;
pub use registry::REGISTRY;

use crate::result::report::Report;

/// What a study calls itself and what it can be told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Card {
    /// Word of the card and of the sub-command.
    pub word: &'static str,
    /// One line for the list of sub-commands.
    pub summary: &'static str,
    /// Whether the first word after it names the subcircuit of a cell.
    pub needs_cell: bool,
    /// Everything else.
    pub arguments: &'static [Argument],
}

/// One figure of merit.
pub trait Study: Sync {
    /// Its words.
    fn card(&self) -> &'static Card;

    /// The column that matters most: the ordinate when a parameter is swept.
    fn headline(&self) -> &'static str {
        ""
    }

    /// Columns of the LRS and the HRS signal, whose overlap over Monte Carlo runs is the bit error rate.
    fn signals(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Computes it. Points that fail are named in [`Report::failures`]; the others are kept.
    ///
    /// # Errors
    /// When there is nothing to report: a circuit that cannot be built, an impossible request.
    fn run(&self, context: &Context, arguments: &Arguments) -> Result<Report, StudyError>;
}

/// What a study works with.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The user's subcircuits, models and parameters.
    pub definitions: &'a Definitions,
    /// Progress and interruption.
    pub watch: &'a dyn Watch,
}

impl Context<'_> {
    /// Stops here when the user asked to.
    ///
    /// # Errors
    /// [`StudyError::Interrupted`].
    pub fn check(&self) -> Result<(), StudyError> {
        if self.watch.interrupted() { Err(StudyError::Interrupted) } else { Ok(()) }
    }
}

/// How a study talks to whoever waits for it; called from several threads.
pub trait Watch: Sync {
    /// There are this many pieces of work in all; may grow.
    fn expect(&self, _pieces: usize) {}
    /// One piece is done.
    fn advance(&self) {}
    /// True when the user asked to stop.
    fn interrupted(&self) -> bool {
        false
    }
}

/// Nobody is waiting.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {}

/// The study of a word.
#[must_use]
pub fn find(word: &str) -> Option<&'static dyn Study> {
    REGISTRY.iter().copied().find(|study| study.card().word == word)
}

/// The words of all studies, for the reader of decks.
#[must_use]
pub fn words() -> Vec<String> {
    REGISTRY.iter().map(|study| study.card().word.to_owned()).collect()
}
