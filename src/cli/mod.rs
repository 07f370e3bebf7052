//! The command line: arguments in, exit code out. The only module that prints.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "talking is the purpose of this module")]

mod args;
mod argv;
mod cards;
mod check;
mod console;
mod exit;
mod expand;
mod figures;
mod interrupt;
mod load;
mod machine;
mod models;
mod places;
mod plot;
mod products;
mod raw_files;
mod report;
mod run;
mod server;
mod simulate;
mod study;
mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::FromArgMatches;

use self::args::Command;
use self::exit::Exit;

/// Just below the largest block that glibc keeps for later use.
const KEPT: usize = 31 << 20;

/// Runs the program with these arguments (the first is the program's name).
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    // glibc gives freed blocks larger than the largest it has seen freed back to the system, and every page of the next
    // one costs a fault; a first one that nobody touches costs nothing
    drop(std::hint::black_box(Vec::<u8>::with_capacity(KEPT)));
    let command = args::command();
    let args = argv::normalise(args, &command);
    let parsed = command.try_get_matches_from(args).and_then(|matches| {
        let named = matches.subcommand().and_then(|(word, own)| Some((crate::study::find(word)?, own)));
        match named {
            Some((study, own)) => Ok(study::run(study, own)),
            None => args::Cli::from_arg_matches(&matches).map(|cli| dispatch(&cli.command)),
        }
    });
    match parsed {
        Ok(exit) => if console::lost() { exit.and(Exit::Io) } else { exit }.into(),
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Success };
            // a closed pipe is nobody's mistake
            let _ = error.print();
            exit.into()
        }
    }
}

fn dispatch(command: &Command) -> Exit {
    match command {
        Command::Run(args) => run::run(args),
        Command::Check(args) => check::check(&args.decks, &args.read, &args.talk, false),
        Command::Expand(args) => expand::expand(args),
        Command::Plot(args) => plot::plot(args),
        Command::Models(args) => models::run(args),
        Command::Version => {
            version();
            Exit::Success
        }
    }
}

/// The second line is what scripts that look for ngspice want to see.
fn version() {
    console::say(concat!("sneakpath ", env!("CARGO_PKG_VERSION"), "\n(command line and raw files as ngspice-44)"));
}
