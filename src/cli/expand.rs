//! `sneakpath expand`: the flat netlist for another simulator.

use std::io::Write;

use crate::diag::Diagnostic;
use crate::elaborate::{Elaborator, expand as flat};
use crate::plan::{Overrides, StepPoint};

use super::args::{ExpandArgs, Target};
use super::console::{Console, say};
use super::exit::Exit;
use super::load::{open, refuse, show};
use super::products::create;

/// Writes the flat netlist of a deck to a file, or to standard output.
pub fn expand(args: &ExpandArgs) -> Exit {
    let ExpandArgs { deck, target, output, step, read, talk } = args;
    let console = Console::new(talk, false);
    let (elaborator, mut diagnostics) = match open(deck, read, &console) {
        Ok(opened) => opened,
        Err(exit) => return exit,
    };
    let parsed = !crate::diag::has_errors(&diagnostics);
    let overrides = match step {
        None => Overrides::default(),
        Some(number) => match point(&elaborator, *number) {
            Ok(Ok(point)) => point.overrides,
            Ok(Err(sentence)) => {
                console.complain(&sentence);
                return Exit::Usage;
            }
            Err(errors) => {
                diagnostics.extend(errors);
                Overrides::default()
            }
        },
    };
    let text = flat::write_at(&elaborator, (*target).into(), &overrides).map_err(|errors| diagnostics.extend(errors));
    let tally = show(&elaborator, &mut diagnostics, read, &console);
    let Some(text) = text.ok().filter(|_| parsed && tally.errors == 0) else {
        refuse(&elaborator, &diagnostics, &console);
        return Exit::Netlist;
    };
    let Some(file) = output else {
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

/// The step of that number, from 1; a sentence when there is none, mistakes of the deck when its loops are wrong.
fn point(elaborator: &Elaborator, number: u64) -> Result<Result<StepPoint, String>, Vec<Diagnostic>> {
    let mut steps = elaborator.steps()?;
    let count = steps.len();
    let place = usize::try_from(number - 1).unwrap_or(usize::MAX);
    Ok(match place < count {
        true => Ok(steps.swap_remove(place)),
        false if count == 1 => Err(format!("there is no step {number}: the deck has no loop")),
        false => Err(format!("there is no step {number}: the deck has {count}")),
    })
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
