//! `sneakpath margin DECK` and every other study: the same words as on the card, checked against the same table.
//!
//! `command` makes the sub-commands from the registry, `request` joins cards and command line, `carry_out` runs them,
//! `write` puts the reports where they were asked for.

mod carry_out;
mod command;
mod looped;
mod request;
mod watch;
mod write;

pub use carry_out::{run, run_cards};
pub use command::commands;
pub use request::{check, only_studies};
pub use write::Wishes;
