//! What is said, where and how loudly: data on standard output, talk on standard error, a copy of both in the log.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::diag::{Diagnostic, Severity, SourceMap};

use super::args::{Color, TalkArgs};
use super::report::{self, Look, Tally};

/// Data that standard output would not take.
static LOST: AtomicBool = AtomicBool::new(false);

/// Writes a line of data to standard output. A closed pipe (`| head`) is nobody's mistake; a full disk is told once.
pub fn say(text: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush())
        && error.kind() != io::ErrorKind::BrokenPipe
        && !LOST.swap(true, Ordering::Relaxed)
    {
        talk(&format!("cannot write to standard output: {error}"));
    }
}

/// Writes a line of talk to standard error. Nobody has to listen: the run goes on where it is closed.
pub fn talk(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Was data lost on the way to standard output?
pub fn lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// The voice of one run.
#[derive(Debug)]
pub struct Console {
    look: Look,
    quiet: bool,
    json: bool,
    max_warnings: usize,
    /// Data goes to the log instead of standard output.
    redirected: bool,
    /// The body of the log.
    log: Mutex<String>,
}

impl Console {
    /// A console that follows the arguments, the terminal and NO_COLOR. `redirected`: the user asked for a log.
    #[must_use]
    pub fn new(args: &TalkArgs, redirected: bool) -> Self {
        let terminal = io::stderr().is_terminal();
        let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let color = match args.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !dumb && !no_color,
        };
        Self {
            look: Look { color, unicode: terminal && !dumb, width: Look::PLAIN.width },
            quiet: args.quiet,
            json: args.json,
            max_warnings: args.max_warnings.unwrap_or(usize::MAX),
            redirected,
            log: Mutex::default(),
        }
    }

    /// Is the result wanted in machine form?
    #[must_use]
    pub fn json(&self) -> bool {
        self.json
    }

    /// May a progress bar move on standard error?
    #[must_use]
    pub fn animates(&self) -> bool {
        !self.quiet && !self.json && io::stderr().is_terminal()
    }

    /// A line of talk: standard error and log.
    pub fn tell(&self, line: &str) {
        self.note_down(line);
        self.show(line);
    }

    /// A line of talk that is not for the log.
    pub fn show(&self, line: &str) {
        if !self.quiet && !self.json {
            talk(line);
        }
    }

    /// A line that even `--quiet` shows.
    pub fn complain(&self, line: &str) {
        self.note_down(line);
        if self.json {
            return;
        }
        if self.look.color {
            talk(&format!("\u{1b}[31m{line}\u{1b}[0m"));
        } else {
            talk(line);
        }
    }

    /// Data: into the log when there is one, as ngspice does with `-o`; standard output otherwise.
    pub fn data(&self, text: &str) {
        if self.redirected {
            self.note_down(text);
        } else if !self.json {
            say(text.trim_end_matches('\n'));
        }
    }

    /// Something for the log alone.
    pub fn note_down(&self, line: &str) {
        if let Ok(mut body) = self.log.lock() {
            body.push_str(line.trim_end_matches('\n'));
            body.push('\n');
        }
    }

    /// The body of the log so far.
    #[must_use]
    pub fn log_text(&self) -> String {
        self.log.lock().map(|body| body.clone()).unwrap_or_default()
    }

    /// Shows all diagnostics at once, errors last, and counts them.
    pub fn diagnose(&self, diagnostics: &[Diagnostic], sources: &SourceMap) -> Tally {
        let ordered = report::ordered(diagnostics);
        let tally = Tally::of(&ordered);
        let mut shown = 0;
        for diagnostic in &ordered {
            if diagnostic.severity == Severity::Warning {
                shown += 1;
                if shown > self.max_warnings {
                    continue;
                }
            }
            self.note_down(&report::render(diagnostic, sources, Look::PLAIN));
            if !self.json && (!self.quiet || diagnostic.severity == Severity::Error) {
                talk(&report::render(diagnostic, sources, self.look));
            }
        }
        if tally.errors > 0 {
            self.complain(&tally.to_string());
        } else if tally != Tally::default() {
            self.tell(&tally.to_string());
        }
        tally
    }
}
