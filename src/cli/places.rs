//! Where results go.

use std::path::{Path, PathBuf};

use super::args::RunArgs;

/// File names of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Folder of everything without a path of its own.
    pub folder: PathBuf,
    /// Stem of everything without a name of its own.
    pub stem: String,
    /// Raw file.
    pub raw: PathBuf,
    /// Log, when one is asked for.
    pub log: Option<PathBuf>,
}

impl Places {
    /// `-o` is a log when it looks like one or in batch mode (ngspice), otherwise the base name of all results (Xyce).
    ///
    /// # Errors
    /// A sentence: a result would overwrite the deck.
    pub fn of(args: &RunArgs, deck: &Path) -> Result<Self, String> {
        let is_log = |path: &PathBuf| {
            args.batch
                || path.extension().is_some_and(|e| e.eq_ignore_ascii_case("log") || e.eq_ignore_ascii_case("txt"))
        };
        let (output_log, base) = match &args.output {
            Some(path) if is_log(path) => (Some(path.clone()), None),
            other => (None, other.clone()),
        };
        let stem_of = |path: &Path| path.file_stem().map(|s| s.to_string_lossy().into_owned());
        let stem = match &base {
            Some(base) => base.file_name().map(|n| n.to_string_lossy().into_owned()),
            None if deck.as_os_str() == "-" => Some("stdin".to_string()),
            None => stem_of(deck),
        }
        .unwrap_or_else(|| "deck".to_string());
        let folder = args.out.clone().or_else(|| base.as_deref().and_then(Path::parent).map(Path::to_owned));
        let folder = folder.unwrap_or_default();
        let raw = args.raw.clone().unwrap_or_else(|| folder.join(format!("{stem}.raw")));
        let places = Self { folder, stem, raw, log: args.log.clone().or(output_log) };
        let same = |path: &Path| match (path.canonicalize(), deck.canonicalize()) {
            (Ok(a), Ok(b)) => a == b,
            _ => false,
        };
        for path in [Some(&places.raw), places.log.as_ref()].into_iter().flatten() {
            if same(path) {
                return Err(format!("`{}` is the deck itself and would be overwritten", path.display()));
            }
        }
        Ok(places)
    }

    /// A file the deck named, in the folder unless it has a path of its own.
    #[must_use]
    pub fn named(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// `stem` + `tail`, in the folder.
    #[must_use]
    pub fn with(&self, tail: &str) -> PathBuf {
        self.folder.join(format!("{}{tail}", self.stem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{Cli, Command, command};
    use crate::cli::argv::normalise;
    use clap::Parser;

    fn places(line: &str) -> Places {
        let words = std::iter::once("sneakpath").chain(line.split_whitespace()).map(Into::into);
        let Command::Run(args) = Cli::try_parse_from(normalise(words, &command())).unwrap().command else {
            panic!("not a run")
        };
        Places::of(&args, args.deck.as_deref().unwrap()).unwrap()
    }

    #[test]
    fn results_stand_in_the_current_folder_by_default() {
        let p = places("decks/rc.cir");
        assert_eq!((p.raw.as_path(), p.log), (Path::new("rc.raw"), None));
        let p = places("decks/rc.cir --out o");
        assert_eq!((p.raw.as_path(), p.with(".svg")), (Path::new("o/rc.raw"), PathBuf::from("o/rc.svg")));
    }

    #[test]
    fn output_is_a_log_or_a_base_name() {
        assert_eq!(places("-b -o X.out rc.cir").log, Some(PathBuf::from("X.out")));
        assert_eq!(places("-o X.log rc.cir").log, Some(PathBuf::from("X.log")));
        let p = places("-o d/base.v2 rc.cir");
        assert_eq!((p.raw, p.log), (PathBuf::from("d/base.v2.raw"), None));
        let p = places("-D ngbehavior=kiltpsa -b -o X.log -r X.raw X.net");
        assert_eq!((p.raw, p.log), (PathBuf::from("X.raw"), Some(PathBuf::from("X.log"))));
    }
}
