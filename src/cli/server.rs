//! `-s`, ngspice's server mode: netlist on standard input, header and binary points on standard output, the number of
//! points on standard error as `@@@ position points`. PySpice's `ngspice-subprocess` simulator talks like this.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::output::raw::read::{Section, sections};
use crate::output::raw::{RawOptions, StepLayout};
use crate::plan::Options;

use super::args::RunArgs;
use super::console::{Console, talk};
use super::exit::Exit;
use super::interrupt;
use super::load::{Loaded, load};
use super::raw_files::RawFiles;
use super::run::explain;
use super::simulate::simulate;
use super::watch::Progress;

/// Serves one netlist.
pub fn serve(args: &RunArgs) -> Exit {
    let console = Console::new(&args.talk, false);
    let loaded = match load(Path::new("-"), &args.read, &console) {
        Ok(loaded) => loaded,
        Err(exit) => return abort(exit),
    };
    interrupt::listen();
    let greeting = greeting(&loaded.first.plan.title, &loaded.first.plan.options);
    let analyses = loaded.first.plan.analyses.clone();
    let scratch = Scratch::new();
    let options = RawOptions { steps: StepLayout::Plots, step_count: loaded.steps.len(), ..RawOptions::default() };
    let mut raw = match RawFiles::create(&scratch.0, false, &options, &analyses) {
        Ok(raw) => raw,
        Err(error) => {
            console.complain(&error.to_string());
            return abort(Exit::Io);
        }
    };
    let progress = Progress::new(&console, loaded.steps.len() * analyses.len());
    let Loaded { elaborator, steps, first, .. } = loaded;
    let steps = simulate(&elaborator, &steps, first, &mut raw, &progress, args.threads.unwrap_or(1));
    let exit = explain(&steps, &analyses, &console);
    let sent = raw.finish().map_err(|e| e.to_string()).and_then(|_| {
        let bytes = std::fs::read(&scratch.0).unwrap_or_default();
        send(&greeting, &bytes).map_err(|e| e.to_string())
    });
    match sent {
        Ok(()) if exit == Exit::Success => exit,
        Ok(()) => abort(exit),
        Err(sentence) => {
            console.complain(&sentence);
            abort(exit.and(Exit::Io))
        }
    }
}

/// What clients look for after a failure.
fn abort(exit: Exit) -> Exit {
    talk("run simulation(s) aborted");
    exit
}

fn greeting(title: &str, options: &Options) -> String {
    format!(
        "Note: No compatibility mode selected!\n\n\nCircuit: {title}\n\nDoing analysis at TEMP = {:.6} and TNOM = {:.6}\n\n",
        options.temp, options.tnom
    )
}

/// Sends the plots of a raw file in the server's form.
fn send(greeting: &str, raw: &[u8]) -> io::Result<()> {
    let (mut out, mut talk) = (io::stdout().lock(), io::stderr().lock());
    out.write_all(greeting.as_bytes())?;
    let mut position = greeting.len();
    for plot in sections(raw) {
        let (head, count_at) = server_head(&plot);
        out.write_all(head.as_bytes())?;
        out.write_all(plot.data)?;
        out.flush()?;
        writeln!(talk, "@@@ {} {}", position + count_at, plot.points)?;
        position += head.len() + plot.data.len();
    }
    Ok(())
}

/// The header in the server's form (no count yet, a line with the number of columns) and where the count stands in it.
fn server_head(plot: &Section<'_>) -> (String, usize) {
    let mut text = String::new();
    let mut count_at = 0;
    for line in plot.head.lines() {
        if line.starts_with("Command:") {
            continue;
        }
        if line.starts_with("No. Points:") {
            text.push_str("No. Points: ");
            count_at = text.len();
            text.push_str("0       \n");
            continue;
        }
        text.push_str(line);
        text.push('\n');
        if line.starts_with("Variables:") {
            text.push_str(&format!("No. of Data Columns : {}  \n", plot.variables));
        }
    }
    text.push_str("Binary:\n");
    (text, count_at)
}

/// A file that is gone afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("sneakpath-server-{}.raw", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // it may never have been created
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_withheld_and_the_columns_are_announced() {
        let mut raw = b"Title: t\nDate: d\nCommand: ngspice-44\nPlotname: Operating Point\nFlags: real\n\
            No. Variables: 1\nNo. Points: 2       \nVariables:\n\t0\tv(a)\tvoltage\nBinary:\n"
            .to_vec();
        raw.extend([1.0f64, 2.0].iter().flat_map(|v| v.to_le_bytes()));
        let one = raw.clone();
        raw.extend_from_slice(&one);
        let found = sections(&raw);
        assert_eq!(found.len(), 2);
        assert_eq!((found[1].points, found[1].variables, found[1].data.len()), (2, 1, 16));
        let (head, at) = server_head(&found[0]);
        assert!(
            head[at..].starts_with("0       \nVariables:\nNo. of Data Columns : 1  \n\t0\tv(a)\tvoltage\nBinary:\n")
        );
        assert!(!head.contains("Command"));
    }
}
