//! What the integration tests share.
#![allow(dead_code, clippy::unwrap_used, missing_docs)]

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use sneakpath::result::{PlotHeader, Sink};
use tempfile::TempDir;

/// A folder of its own for each test, which is also the working directory.
pub struct Bench {
    pub folder: TempDir,
}

impl Bench {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self { folder }
    }
    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sneakpath"));
        command.args(line.split_whitespace()).current_dir(self.folder.path());
        command.env_remove("NO_COLOR").env_remove("SPICE_ASCIIRAWFILE").stdin(Stdio::null());
        command
    }
    pub fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }
    pub fn with_input(&self, line: &str, input: &str) -> Output {
        let mut child =
            self.command(line).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

pub fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// Keeps the last point of an analysis.
#[derive(Default)]
pub struct LastPoint(pub Vec<f64>);

impl Sink for LastPoint {
    fn begin(&mut self, _: &PlotHeader) {}
    fn point(&mut self, values: &[f64]) {
        self.0 = values.to_vec();
    }
    fn end(&mut self) {}
}
