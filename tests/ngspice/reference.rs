//! Runs ngspice on a flat netlist and reads what it wrote.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use sneakpath::output::raw::read;
use sneakpath::result::Table;

use crate::settings::Settings;

/// Is ngspice there? Absent, a developer gets a notice; in CI the comparison must not vanish silently.
pub fn is_installed() -> bool {
    let found = Command::new("ngspice").arg("-v").output().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "ngspice is not installed, and CI must compare with it");
    if !found {
        eprintln!("NOTICE: ngspice is not installed; nothing was compared with it");
    }
    found
}

/// The netlist with the tolerances of the comparison in place of the deck's own, at a temperature in degrees Celsius.
pub fn tightened(text: &str, settings: &Settings, temperature: Option<f64>) -> String {
    let own = ["reltol", "abstol", "vntol", "chgtol", "trtol"];
    let mut lines: Vec<String> = text
        .lines()
        .filter(|l| !own.iter().any(|o| l.starts_with(&format!(".options {o}="))))
        // all nodes are compared
        .filter(|l| !l.starts_with(".save"))
        .map(|l| match l.strip_prefix(".tran ") {
            Some(rest) => transient(rest, settings),
            None => l.to_string(),
        })
        .collect();
    let end = lines.iter().rposition(|l| l == ".end").expect("an end");
    lines.truncate(end);
    lines.push(format!(".options {}", settings.for_ngspice()));
    lines.extend(temperature.map(|t| format!(".options temp={t:?}")));
    lines.push(".end\n".to_string());
    lines.join("\n")
}

/// `.tran` with the cap on its steps.
fn transient(rest: &str, settings: &Settings) -> String {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let (numbers, uic): (Vec<&str>, Vec<&str>) = words.iter().partition(|w| **w != "uic");
    let stop: f64 = numbers[1].parse().expect("a stop time");
    let start = numbers.get(2).unwrap_or(&"0");
    format!(".tran {} {} {start} {:e} {}", numbers[0], numbers[1], stop / settings.points, uic.join(" "))
}

/// What ngspice gave.
pub struct Answer {
    /// One table per analysis.
    pub tables: Vec<Table>,
    /// Measures by name.
    pub measures: HashMap<String, f64>,
}

/// Runs `ngspice -b` in `folder`; twice when there are measures, because it does not print them with `-r`.
pub fn run(folder: &Path, text: &str) -> Answer {
    let (deck, raw) = (folder.join("deck.cir"), folder.join("deck.raw"));
    std::fs::write(&deck, text).expect("a deck");
    let (success, log) = call(folder, &["-b", "-r", "deck.raw", "deck.cir"]);
    assert!(success, "{log}");
    let complaint = ["error", "singular", "too small", "aborted", "no such"].iter().find(|w| log.contains(**w));
    assert!(complaint.is_none(), "{complaint:?} in\n{log}");
    let tables = read::read(&raw).unwrap_or_else(|e| panic!("{e}\n{log}")).into_iter().flatten().collect();
    let measured = text.lines().any(|l| l.starts_with(".meas"));
    let log = if measured { call(folder, &["-b", "deck.cir"]).1 } else { String::new() };
    Answer { tables, measures: measures(&log) }
}

fn call(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("ngspice").args(arguments).current_dir(folder).output().expect("ngspice");
    let log = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), log.to_lowercase())
}

/// Lines `name = 1.0e-9 targ= ..` below the heading of the measurements.
fn measures(log: &str) -> HashMap<String, f64> {
    let section = log.split("measurements for").nth(1).unwrap_or_default();
    let value = |line: &str| {
        let (name, rest) = line.split_once('=')?;
        let number = rest.split_whitespace().next()?.parse().ok()?;
        Some((name.trim().to_string(), number))
    };
    section.lines().filter_map(value).filter(|(name, _)| !name.contains(' ')).collect()
}
