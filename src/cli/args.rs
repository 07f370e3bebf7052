//! The command line as data. What ngspice and Xyce spell differently is brought into this form by [`super::argv`].

use std::path::PathBuf;

use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand, ValueEnum};

const EXIT_CODES: &str = "\
Exit codes: 0 everything asked for was produced; 1 netlist error; 2 usage; 3 no convergence (the accepted points are
kept); 4 measure failed under --strict-meas; 5 input or output; 130 interrupted.";

/// A SPICE-style circuit simulator for memristive arrays.
#[derive(Debug, Parser)]
#[command(name = "sneakpath", about, disable_version_flag = true, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// What to do; `sneakpath DECK` means `sneakpath run DECK`.
    #[command(subcommand)]
    pub command: Command,
}

/// The sub-commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run every card of a deck and write what they ask for (the default: `sneakpath DECK`).
    #[command(after_help = EXIT_CODES)]
    Run(Box<RunArgs>),
    /// Read and elaborate a deck, list every mistake, run nothing.
    Check(CheckArgs),
    /// Write the flat netlist, arrays as single elements, for another simulator.
    Expand(ExpandArgs),
    /// Draw traces of a raw file, or of a deck that is run first.
    Plot(Box<PlotArgs>),
    /// List the devices with their parameters, units, ranges and sources.
    Models(ModelsArgs),
    /// Print the version.
    Version,
}

/// The whole command line: the fixed sub-commands, and one for each study.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command().subcommands(super::study::commands())
}

/// How to talk.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Messages")]
pub struct TalkArgs {
    /// Machine-readable results and diagnostics on standard output.
    #[arg(long)]
    pub json: bool,
    /// Only errors on standard error.
    #[arg(short, long)]
    pub quiet: bool,
    /// Colours: `auto` follows the terminal and NO_COLOR.
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// Show at most N warnings.
    #[arg(long, value_name = "N")]
    pub max_warnings: Option<usize>,
}

/// How to read a deck.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Reading")]
pub struct ReadArgs {
    /// Define or override a `.param`; `-D ngbehavior=..` chooses the dialect.
    #[arg(short = 'D', long = "define", value_name = "NAME=VALUE")]
    pub defines: Vec<String>,
    /// Look for included files here too.
    #[arg(short = 'I', long = "include", value_name = "DIR")]
    pub include: Vec<PathBuf>,
    /// Warnings, and notes that name a silent choice, are errors.
    #[arg(long)]
    pub strict: bool,
    /// What solves arrays: auto, line (line-PCG), frontal (multifrontal) or sparse (replaces `.options solver`).
    #[arg(long, value_name = "SOLVER", value_parser = ["auto", "line", "frontal", "sparse"])]
    pub solver: Option<String>,
    /// Seed of all random numbers (replaces `.options seed`).
    #[arg(long, value_name = "N", alias = "randseed")]
    pub seed: Option<u64>,
}

/// `run`.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true)]
pub struct RunArgs {
    /// The netlist; `-` reads standard input.
    #[arg(value_name = "DECK", required_unless_present_any = ["server", "circuit_file"])]
    pub deck: Option<PathBuf>,
    /// The netlist, as ngspice spells it.
    #[arg(short = 'c', long, value_name = "DECK", hide = true)]
    pub circuit_file: Option<PathBuf>,

    /// Folder for everything that is written (default: the current one).
    #[arg(long, value_name = "DIR", help_heading = "Results")]
    pub out: Option<PathBuf>,
    /// Raw file (default: DECK.raw).
    #[arg(short, long, value_name = "RAW", help_heading = "Results")]
    pub raw: Option<PathBuf>,
    /// Log (when it ends in .log or .txt, or with -b), otherwise the base name of all results.
    #[arg(short, long, value_name = "LOG|BASE", help_heading = "Results")]
    pub output: Option<PathBuf>,
    /// Log.
    #[arg(short, long, value_name = "LOG", help_heading = "Results")]
    pub log: Option<PathBuf>,
    /// Write the waveforms as CSV too.
    #[arg(long, help_heading = "Results")]
    pub csv: bool,
    /// Draw what `.plot` asks for, or all saved signals; formats svg, png.
    #[arg(long, value_name = "FORMATS", num_args = 0..=1, require_equals = true, default_missing_value = "svg,png",
          help_heading = "Results")]
    pub plot: Option<String>,
    /// Measures, one row per step; .csv or .json.
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub meas: Option<PathBuf>,
    /// Look of printed tables: one wide table, or ngspice's pages.
    #[arg(long, value_enum, default_value_t = PrintStyle::Wide, value_name = "STYLE", help_heading = "Results")]
    pub print_style: PrintStyle,
    /// ASCII raw file.
    #[arg(long, help_heading = "Results")]
    pub ascii: bool,
    /// One raw file per analysis.
    #[arg(long, help_heading = "Results")]
    pub raw_split: bool,
    /// Steps of a stepped run: in one plot, or one plot per step.
    #[arg(long, value_enum, default_value_t = RawSteps::Join, value_name = "HOW", help_heading = "Results")]
    pub raw_steps: RawSteps,
    /// Type words of the raw file: the four all readers know, or all of ngspice's.
    #[arg(long, value_enum, default_value_t = RawTypes::Basic, value_name = "WHICH", help_heading = "Results")]
    pub raw_types: RawTypes,

    /// Worker threads over steps (0: all cores). Results do not depend on it.
    #[arg(long, value_name = "N", help_heading = "Running")]
    pub threads: Option<usize>,
    /// A failed measure is an error (exit code 4).
    #[arg(long, help_heading = "Running")]
    pub strict_meas: bool,
    /// Batch mode, as always.
    #[arg(short, long, help_heading = "Running")]
    pub batch: bool,
    /// Server mode: netlist on standard input, raw data on standard output.
    #[arg(short, long, help_heading = "Running")]
    pub server: bool,
    /// Check the deck only.
    #[arg(long, visible_alias = "syntax", help_heading = "Running")]
    pub norun: bool,
    /// Count the devices only.
    #[arg(long, help_heading = "Running")]
    pub count: bool,
    /// Write the expanded netlist to this file and stop.
    #[arg(long, value_name = "FILE", help_heading = "Running")]
    pub expand: Option<PathBuf>,
    /// Whom the expanded netlist is for.
    #[arg(long = "for", value_enum, default_value_t = Target::Ngspice, value_name = "SIMULATOR", help_heading = "Running")]
    pub target: Target,

    /// How to read.
    #[command(flatten)]
    pub read: ReadArgs,
    /// How to talk.
    #[command(flatten)]
    pub talk: TalkArgs,

    /// ngspice: autorun. Xyce, with -r and without -b: ASCII raw file.
    #[arg(short = 'a', hide = true)]
    pub a: bool,
    /// ngspice: no start-up file. There is none.
    #[arg(short = 'n', hide = true)]
    pub no_init: bool,
    /// ngspice: interactive. Never.
    #[arg(short = 'i', long, hide = true)]
    pub interactive: bool,
    /// ngspice: pipe mode.
    #[arg(short = 'p', long, hide = true)]
    pub pipe: bool,
    /// Xyce: delimiter of printed tables.
    #[arg(long, value_name = "WORD", hide = true)]
    pub delim: Option<String>,
    /// Xyce: HSPICE extensions.
    #[arg(long, value_name = "WORDS", hide = true)]
    pub hspice_ext: Option<String>,
    /// Print the version.
    #[arg(short = 'v', long, action = ArgAction::SetTrue)]
    pub version: bool,
    /// Print this help.
    #[arg(short = 'h', long, action = ArgAction::Help)]
    pub help: Option<bool>,
}

/// `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The netlists; `-` reads standard input.
    #[arg(required = true, value_name = "DECK")]
    pub decks: Vec<PathBuf>,
    /// How to read.
    #[command(flatten)]
    pub read: ReadArgs,
    /// How to talk.
    #[command(flatten)]
    pub talk: TalkArgs,
}

/// `expand`.
#[derive(Debug, Args)]
pub struct ExpandArgs {
    /// The netlist.
    #[arg(value_name = "DECK")]
    pub deck: PathBuf,
    /// Whom it is for.
    #[arg(long = "for", value_enum, default_value_t = Target::Ngspice, value_name = "SIMULATOR")]
    pub target: Target,
    /// Where to write; standard output by default.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write the values of this step or Monte Carlo run, counted from 1 as in the results (default: nominal values).
    #[arg(long, visible_alias = "run", value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub step: Option<u64>,
    /// How to read.
    #[command(flatten)]
    pub read: ReadArgs,
    /// How to talk.
    #[command(flatten)]
    pub talk: TalkArgs,
}

/// `plot`.
#[derive(Debug, Args)]
pub struct PlotArgs {
    /// A raw file, or a netlist (which is run first).
    #[arg(value_name = "RAW|DECK")]
    pub input: PathBuf,
    /// Traces to draw, such as `v(out)`; all of them by default.
    #[arg(value_name = "TRACE")]
    pub traces: Vec<String>,
    /// Trace for the x axis (`--vs 'v(a)'` makes an I-V loop).
    #[arg(long, value_name = "TRACE")]
    pub vs: Option<String>,
    /// Which plot of the raw file, from 1.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub number: usize,
    /// Logarithmic x.
    #[arg(long)]
    pub log_x: bool,
    /// Logarithmic magnitude of y.
    #[arg(long)]
    pub log_y: bool,
    /// Title.
    #[arg(long)]
    pub title: Option<String>,
    /// Formats.
    #[arg(long, value_name = "FORMATS", default_value = "svg,png")]
    pub format: String,
    /// Base name of the pictures.
    #[arg(short, long, value_name = "BASE")]
    pub output: Option<PathBuf>,
    /// How to read.
    #[command(flatten)]
    pub read: ReadArgs,
    /// How to talk.
    #[command(flatten)]
    pub talk: TalkArgs,
}

/// `models`.
#[derive(Debug, Args)]
pub struct ModelsArgs {
    /// One device or card in full; a table of all without it.
    pub name: Option<String>,
    /// Look for cards here too.
    #[arg(short = 'I', long = "include", value_name = "DIR")]
    pub include: Vec<PathBuf>,
    /// Machine-readable form.
    #[arg(long)]
    pub json: bool,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// `--raw-steps`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RawSteps {
    /// All steps in one plot, as LTspice.
    Join,
    /// One plot per step, as Xyce.
    Plots,
}

/// `--raw-types`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RawTypes {
    /// time, frequency, voltage, current.
    Basic,
    /// All of ngspice's words.
    Full,
}

/// `--print-style`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PrintStyle {
    /// One wide table.
    Wide,
    /// ngspice's pages of 80 columns.
    Ngspice,
}

/// Whom an expanded netlist is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// ngspice.
    Ngspice,
    /// Xyce.
    Xyce,
    /// LTspice.
    Ltspice,
    /// This program: arrays are flat, devices stay native.
    Own,
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_definition_is_consistent() {
        super::command().debug_assert();
    }
}
