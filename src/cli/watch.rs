//! Progress and Ctrl-C, seen by an analysis as a sink.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::result::{PlotHeader, Sink};

use super::console::Console;
use super::interrupt;

/// Ticks of the bar per analysis.
const TICKS: u64 = 1000;

/// The bar of a run; it is only there on a terminal.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar over `tasks` analyses.
    #[must_use]
    pub fn new(console: &Console, tasks: usize) -> Self {
        let animates = console.animates();
        let target = if animates { ProgressDrawTarget::stderr_with_hz(8) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(tasks as u64 * TICKS), target);
        if let Ok(style) = ProgressStyle::with_template("{msg:16} [{bar:32}] {percent:>3} %  ETA {eta}") {
            bar.set_style(style.progress_chars("=> "));
        }
        // a thread of its own, which a bar that nobody sees does not need
        if animates {
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        Self { bar }
    }

    /// A sink that reports to this bar.
    #[must_use]
    pub fn watch(&self) -> Watch<'_> {
        Watch { progress: self, seen: 0 }
    }

    /// Takes the bar off the screen.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Follows one analysis.
pub struct Watch<'a> {
    progress: &'a Progress,
    seen: u64,
}

impl Watch<'_> {
    fn reach(&mut self, ticks: u64) {
        if ticks > self.seen {
            self.progress.bar.inc(ticks - self.seen);
            self.seen = ticks;
        }
    }
}

impl Sink for Watch<'_> {
    fn begin(&mut self, header: &PlotHeader) {
        self.progress.bar.set_message(header.name.clone());
    }
    fn point(&mut self, _values: &[f64]) {}
    fn end(&mut self) {
        self.reach(TICKS);
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=1 before")]
    fn progress(&mut self, fraction: f64) {
        self.reach((fraction.clamp(0.0, 1.0) * TICKS as f64) as u64);
    }
    fn interrupted(&self) -> bool {
        interrupt::asked()
    }
}
