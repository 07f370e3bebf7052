//! `sneakpath expand`: the flat netlist for another simulator.

use std::io::Write;
use std::path::Path;

use crate::elaborate::expand as flat;

use super::args::{ReadArgs, TalkArgs, Target};
use super::console::{Console, say};
use super::exit::Exit;
use super::load::{open, refuse, show};
use super::products::create;

/// Writes the flat netlist of a deck to a file, or to standard output.
pub fn expand(deck: &Path, target: Target, file: Option<&Path>, read: &ReadArgs, talk: &TalkArgs) -> Exit {
    let console = Console::new(talk, false);
    let (elaborator, mut diagnostics) = match open(deck, read, &console) {
        Ok(opened) => opened,
        Err(exit) => return exit,
    };
    let parsed = !crate::diag::has_errors(&diagnostics);
    let text = flat::write(&elaborator, target.into()).map_err(|errors| diagnostics.extend(errors));
    let tally = show(&elaborator, &mut diagnostics, read, &console);
    let Some(text) = text.ok().filter(|_| parsed && tally.errors == 0) else {
        refuse(&elaborator, &diagnostics, &console);
        return Exit::Netlist;
    };
    let Some(file) = file else {
        say(text.trim_end());
        return Exit::Success;
    };
    let written = create(file).and_then(|mut out| out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    match written {
        Ok(()) => {
            console.tell(&format!("wrote {}: {} lines", file.display(), text.lines().count()));
            Exit::Success
        }
        Err(error) => {
            console.complain(&format!("cannot write `{}`: {error}", file.display()));
            Exit::Io
        }
    }
}

impl From<Target> for flat::Target {
    fn from(target: Target) -> Self {
        match target {
            Target::Ngspice => Self::Ngspice,
            Target::Xyce => Self::Xyce,
            Target::Ltspice => Self::Ltspice,
            Target::Own => Self::Own,
        }
    }
}
