//! The sub-command of each study, made from its table of arguments.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, Command};

use super::super::args::{ReadArgs, TalkArgs};
use crate::study::{Argument, Card, Fallback, REGISTRY, argument::Kind};

/// What all studies take besides their own arguments.
#[derive(Debug, Clone, Args)]
pub struct StudyArgs {
    /// The netlist with the cell; its study cards give what the command line leaves out. `-` reads standard input.
    #[arg(value_name = "DECK")]
    pub deck: PathBuf,
    /// Subcircuit of the cell.
    #[arg(long, value_name = "SUBCKT")]
    pub cell: Option<String>,
    /// Folder for everything that is written (default: the current one).
    #[arg(long, value_name = "DIR", help_heading = "Results")]
    pub out: Option<PathBuf>,
    /// Base name of everything that is written (default: that of the deck).
    #[arg(short, long, value_name = "BASE", help_heading = "Results")]
    pub output: Option<PathBuf>,
    /// Write the tables as CSV.
    #[arg(long, help_heading = "Results")]
    pub csv: bool,
    /// Write tables and maps as a numpy archive.
    #[arg(long, help_heading = "Results")]
    pub npz: bool,
    /// Draw the figures; formats svg, png.
    #[arg(long, value_name = "FORMATS", num_args = 0..=1, require_equals = true, default_missing_value = "svg,png",
          help_heading = "Results")]
    pub plot: Option<String>,
    /// Write one self-contained page: deck, parameters, definitions, tables, figures, checks.
    #[arg(long, value_name = "FILE.html", help_heading = "Results")]
    pub report: Option<PathBuf>,
    /// Repeat the study for the values of an argument or a .param: NAME=from..to:log:points, NAME=a,b,c. The first is the
    /// innermost loop.
    #[arg(long, value_name = "NAME=VALUES", help_heading = "Running")]
    pub sweep: Vec<String>,
    /// Repeat the study with random functions drawn anew N times.
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Running")]
    pub mc: usize,
    /// Worker threads (0: all cores). Results do not depend on it.
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Running")]
    pub threads: usize,
    /// How to read.
    #[command(flatten)]
    pub read: ReadArgs,
    /// How to talk.
    #[command(flatten)]
    pub talk: TalkArgs,
}

/// The sub-commands of all studies.
pub fn commands() -> impl Iterator<Item = Command> {
    REGISTRY.iter().map(|study| command(study.card()))
}

/// Its arguments are made when it is the one that was asked for, or all help is.
fn command(card: &'static Card) -> Command {
    let with_arguments = |command: Command| match crate::study::find(command.get_name()) {
        Some(study) => with_arguments(command, study.card()),
        None => command,
    };
    Command::new(card.word).about(card.summary).defer(with_arguments)
}

fn with_arguments(command: Command, card: &'static Card) -> Command {
    let own = card.arguments.iter().map(|argument| {
        Arg::new(argument.name)
            .long(argument.name)
            .value_name(placeholder(argument.kind))
            .help(help(argument))
            .help_heading("Study")
            .allow_hyphen_values(true)
    });
    // after the shared arguments, whose own description would take its place
    StudyArgs::augment_args(command.args(own)).about(card.summary).long_about(None)
}

fn placeholder(kind: Kind) -> &'static str {
    match kind {
        Kind::Number { .. } => "NUMBER",
        Kind::Count { .. } => "N",
        Kind::Numbers { .. } | Kind::Counts { .. } => "NUMBER,..",
        Kind::Choice(_) => "WORD",
        Kind::Choices(_) => "WORD,..",
        Kind::Switch => "yes|no",
        Kind::Text => "TEXT",
        Kind::Texts => "TEXT,..",
        Kind::Parameters => "(NAME=VALUE ..)",
    }
}

fn help(argument: &Argument) -> String {
    let unit = if argument.unit.is_empty() { String::new() } else { format!(" in {}", argument.unit) };
    let fallback = match argument.fallback {
        Fallback::Required => " [required]".to_owned(),
        Fallback::Absent => String::new(),
        Fallback::Is(text) => format!(" [default: {text}]"),
    };
    let words = match argument.kind {
        Kind::Choice(words) | Kind::Choices(words) => format!(": {}", words.join(", ")),
        _ => String::new(),
    };
    format!("{}{unit}{words}{fallback}", argument.text.trim_end_matches('.'))
}

/// The card that the command line amounts to; `None` when it says nothing about the study.
pub(super) fn as_card(card: &Card, args: &StudyArgs, matches: &ArgMatches) -> Option<String> {
    let mut line = format!(".{}", card.word);
    let bare = line.len();
    if let Some(cell) = &args.cell {
        line += &format!(" {cell}");
    }
    for argument in card.arguments {
        if let Some(value) = matches.get_one::<String>(argument.name) {
            line += &format!(" {}={}", argument.name, quoted(value));
        }
    }
    (line.len() > bare).then_some(line)
}

/// The shell has taken the quotes off; a text with blanks that is no list needs them back.
fn quoted(value: &str) -> String {
    let value = value.trim();
    let plain = value.starts_with(['(', '{', '"', '\'']) || !value.contains(char::is_whitespace);
    if plain && !value.is_empty() { value.to_owned() } else { format!("\"{value}\"") }
}
