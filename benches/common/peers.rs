//! Whole processes: commands, wall time, raw files, versions.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use sneakpath::output::raw::read;
use sneakpath::result::Table;

/// Wall time in ms of a command in `directory`; its output is thrown away.
///
/// # Errors
/// When it cannot be started or fails.
pub fn time(program: &str, arguments: &[&str], directory: &Path) -> Result<f64, String> {
    let start = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|e| format!("{program}: {e}"))?;
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;
    if status.success() { Ok(milliseconds) } else { Err(format!("{program} ended with {status}")) }
}

/// The first words of `program --version`; `None` when there is no such program.
pub fn version(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let line = text.lines().map(|line| line.trim_matches(['*', ' '])).find(|line| !line.is_empty());
    Some(line.unwrap_or("of unknown version").to_string())
}

/// Processor and number of cores.
pub fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown processor");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {cores} cores", model.trim_matches(['\t', ' ', ':']))
}

/// The only plot of a raw file.
///
/// # Errors
/// When there is none.
pub fn plot(path: &Path) -> Result<Table, String> {
    let plots = read::read(path).map_err(|e| e.to_string())?;
    plots.into_iter().flatten().next().ok_or_else(|| format!("{}: no plot", path.display()))
}
