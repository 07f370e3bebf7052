//! `sneakpath plot`: traces of a raw file, or of a deck that is run first.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Parser;

use crate::output::raw::read::{is_raw, read};
use crate::plan::Figure;
use crate::result::Table;

use super::args::{Cli, Command, PlotArgs};
use super::console::Console;
use super::exit::Exit;
use super::figures::{columns, formats, pictures, trace};
use super::run;

/// Draws.
pub fn plot(args: &PlotArgs) -> Exit {
    let console = Console::new(&args.talk, false);
    let formats = match formats(&args.format) {
        Ok(formats) => formats,
        Err(sentence) => {
            console.complain(&sentence);
            return Exit::Usage;
        }
    };
    let mut start = Vec::new();
    let opened = std::fs::File::open(&args.input).and_then(|file| file.take(4096).read_to_end(&mut start));
    if let Err(error) = opened {
        console.complain(&format!("cannot read `{}`: {error}", args.input.display()));
        return Exit::Io;
    }
    let (raw, ran) = if is_raw(&start) { (args.input.clone(), Exit::Success) } else { run_deck(args) };
    if !matches!(ran, Exit::Success | Exit::NoConvergence | Exit::Interrupted | Exit::Measure) {
        return ran;
    }
    let plots = match read(&raw) {
        Ok(plots) => plots,
        Err(error) => {
            console.complain(&error.to_string());
            return ran.and(Exit::Io);
        }
    };
    let Some(tables) = args.number.checked_sub(1).and_then(|k| plots.get(k)) else {
        console.complain(&format!(
            "`{}` holds {} plots; there is no number {}",
            raw.display(),
            plots.len(),
            args.number
        ));
        return Exit::Usage;
    };
    let base = args.output.clone().unwrap_or_else(|| base_of(&raw));
    let card = match card(args, tables) {
        Ok(card) => card,
        Err(sentence) => {
            console.complain(&sentence);
            return Exit::Usage;
        }
    };
    match pictures(&card, tables, &base, &formats) {
        Ok(files) => {
            let names: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
            console.tell(&format!("wrote {}", names.join(", ")));
            ran
        }
        Err(error) => {
            console.complain(&error.to_string());
            ran.and(Exit::Io)
        }
    }
}

/// `dir/rc.raw` is drawn into `rc.svg` of the current folder.
fn base_of(raw: &Path) -> PathBuf {
    raw.file_stem().map_or_else(|| PathBuf::from("plot"), PathBuf::from)
}

/// Runs the deck as `sneakpath DECK` would; its raw file and how it ended.
fn run_deck(args: &PlotArgs) -> (PathBuf, Exit) {
    let base = args.output.clone().unwrap_or_else(|| base_of(&args.input));
    let raw = PathBuf::from(format!("{}.raw", base.display()));
    let words = ["sneakpath".as_ref(), "run".as_ref(), args.input.as_os_str(), "-r".as_ref(), raw.as_os_str()];
    match Cli::try_parse_from(words) {
        Ok(Cli { command: Command::Run(mut call) }) => {
            call.read = args.read.clone();
            call.talk = args.talk.clone();
            (raw, run::run(&call))
        }
        _ => (raw, Exit::Usage),
    }
}

/// The figure that the arguments describe.
fn card(args: &PlotArgs, tables: &[Table]) -> Result<Figure, String> {
    let header = &tables.first().ok_or("the plot has no points")?.header;
    Ok(Figure {
        title: args.title.clone(),
        versus: args.vs.as_deref().map(|name| trace(name, header)).transpose()?,
        log_x: args.log_x,
        log_y: args.log_y,
        ..columns(&args.traces, header)?
    })
}
