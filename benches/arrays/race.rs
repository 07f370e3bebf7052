//! Contenders in turn, round by round, so that a slow minute of the machine meets all of them.

use std::path::PathBuf;
use std::time::Instant;

use super::common::peers;

/// The program under test.
pub const OURS: &str = env!("CARGO_BIN_EXE_sneakpath");

/// Seconds of runs after which three of a contender are enough.
const LONG: f64 = 120.0;
/// Seconds of runs after which one is enough.
const TOO_LONG: f64 = 600.0;

/// How to measure, and where files go.
pub struct Bench {
    pub quick: bool,
    pub rounds: usize,
    pub directory: PathBuf,
}

impl Bench {
    /// The size to run at.
    pub fn size(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }

    /// Name of the file after writing it.
    pub fn file(&self, name: &str, text: &str) -> Result<String, String> {
        std::fs::write(self.directory.join(name), text).map_err(|e| format!("{name}: {e}"))?;
        Ok(name.to_string())
    }

    /// One run of our own program in batch mode; the raw file is `NAME.raw`.
    pub fn ours(&self, name: &str, more: &[&str]) -> Result<peers::Finished, String> {
        let (deck, raw) = (format!("{name}.cir"), format!("{name}.raw"));
        let arguments = [&["-b", "-r", &raw, &deck], more].concat();
        peers::run(OURS, &arguments, &self.directory)
    }
}

/// Seconds of a piece of work.
pub fn seconds<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed().as_secs_f64(), result)
}

/// Runs something once; the figure of that run.
pub type Run<'a> = Box<dyn FnMut() -> Result<f64, String> + 'a>;

/// Runs all in turn. Who fails is not run again; who is slow, less often.
pub fn race(rounds: usize, mut contenders: Vec<Run<'_>>) -> Vec<Result<Vec<f64>, String>> {
    let mut results = vec![Ok(Vec::new()); contenders.len()];
    let mut spent = vec![0.0; contenders.len()];
    for _ in 0..rounds {
        for ((run, result), spent) in contenders.iter_mut().zip(&mut results).zip(&mut spent) {
            let Ok(figures) = result else { continue };
            if (*spent > LONG && figures.len() >= 3) || *spent > TOO_LONG {
                continue;
            }
            let (time, figure) = seconds(run);
            *spent += time;
            match figure {
                Ok(figure) => figures.push(figure),
                Err(why) => *result = Err(why),
            }
        }
    }
    results
}
