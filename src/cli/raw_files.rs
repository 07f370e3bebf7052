//! The raw file of a run, or one per analysis.

use std::path::{Path, PathBuf};

use crate::output::OutputError;
use crate::output::raw::{RawOptions, RawWriter};
use crate::plan::Analysis;

use super::simulate::word_text;

/// Raw files that are being written.
pub struct RawFiles {
    /// One writer, or one per analysis.
    writers: Vec<(PathBuf, RawWriter)>,
    split: bool,
}

impl RawFiles {
    /// Creates `path`, or with `split` one file per analysis: `deck.op.raw`, `deck.tran.raw`, `deck.tran2.raw`.
    ///
    /// # Errors
    /// When a file cannot be created.
    pub fn create(path: &Path, split: bool, options: &RawOptions, analyses: &[Analysis]) -> Result<Self, OutputError> {
        let paths = if split { split_paths(path, analyses) } else { vec![path.to_owned()] };
        let writers = paths
            .into_iter()
            .map(|path| RawWriter::create(&path, options.clone()).map(|writer| (path, writer)))
            .collect::<Result<_, _>>()?;
        Ok(Self { writers, split })
    }

    /// The writer of the k-th analysis.
    pub fn writer(&mut self, k: usize) -> Option<&mut RawWriter> {
        let k = if self.split { k } else { 0 };
        self.writers.get_mut(k).map(|(_, writer)| writer)
    }

    /// Labels of the steps in the file, for the log beside it.
    #[must_use]
    pub fn step_labels(&self) -> Vec<String> {
        self.writers.first().map(|(_, w)| w.step_labels().to_vec()).unwrap_or_default()
    }

    /// Closes all files and names them with their number of plots; a file without any point is removed.
    ///
    /// # Errors
    /// The first failure of any of them.
    pub fn finish(self) -> Result<Vec<(PathBuf, usize)>, OutputError> {
        let mut written = Vec::new();
        let mut failure = None;
        for (path, writer) in self.writers {
            let plots = writer.plots();
            match writer.finish() {
                Ok(()) if plots == 0 => {
                    // an empty file is not a result; if it cannot be removed it does no harm
                    let _ = std::fs::remove_file(&path);
                }
                Ok(()) => written.push((path, plots)),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(written), Err)
    }
}

fn split_paths(path: &Path, analyses: &[Analysis]) -> Vec<PathBuf> {
    let words: Vec<&str> = analyses.iter().map(|a| word_text(a.word())).collect();
    (0..words.len())
        .map(|k| {
            let earlier = words[..k].iter().filter(|w| **w == words[k]).count();
            let number = if earlier == 0 { String::new() } else { (earlier + 1).to_string() };
            path.with_extension(format!("{}{number}.raw", words[k]))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn split_files_carry_the_analysis() {
        let sweep = Analysis::Dc(Vec::new());
        let names = split_paths(Path::new("out/rc.raw"), &[Analysis::Op, sweep.clone(), sweep]);
        assert_eq!(names, ["out/rc.op.raw", "out/rc.dc.raw", "out/rc.dc2.raw"].map(PathBuf::from));
    }
}
