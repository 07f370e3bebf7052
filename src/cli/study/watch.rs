//! Progress with ETA and Ctrl-C, as a study sees them.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::super::console::Console;
use super::super::interrupt;
use crate::study::Watch;

/// The bar of a study; it is only there on a terminal.
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar with nothing to do yet.
    #[must_use]
    pub fn new(console: &Console, word: &str) -> Self {
        let animates = console.animates();
        let target = if animates { ProgressDrawTarget::stderr_with_hz(8) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) = ProgressStyle::with_template("{msg:16} [{bar:32}] {pos}/{len}  ETA {eta}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(word.to_owned());
        // a thread of its own, which a bar that nobody sees does not need
        if animates {
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        Self(bar)
    }

    /// Takes the bar off the screen.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Watch for Bar {
    fn expect(&self, pieces: usize) {
        self.0.inc_length(pieces as u64);
    }
    fn advance(&self) {
        self.0.inc(1);
    }
    fn interrupted(&self) -> bool {
        interrupt::asked()
    }
}
