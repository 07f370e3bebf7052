//! Ctrl-C: the first asks the analyses to stop and keeps what they have, the second stops at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::exit::Exit;

static ASKED: AtomicUsize = AtomicUsize::new(0);

/// Listens for SIGINT, SIGTERM and SIGHUP. Where that is impossible (a second call in one process), signals end the process as always.
#[allow(clippy::exit, reason = "the second Ctrl-C ends the process at once")]
pub fn listen() {
    let _ = ctrlc::set_handler(|| {
        if ASKED.fetch_add(1, Ordering::SeqCst) > 0 {
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
    });
}

/// Did the user ask to stop?
#[must_use]
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed) > 0
}
