//! The program itself: the words that scripts rely on, one JSON object, resumed sweeps, files.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const DECK: &str = "margin of a resistor
.subckt cell wl bl r=10k
R1 wl bl {r}
.ends
.margin cell lrs=(r=10k) hrs=(r=1meg) rpu=10k vread=1 scheme=obpu
";

fn sneakpath(folder: &Path, line: &str) -> Output {
    std::fs::write(folder.join("deck.cir"), DECK).unwrap();
    let words = line.split_whitespace();
    Command::new(env!("CARGO_BIN_EXE_sneakpath")).args(words).current_dir(folder).output().unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn scripts_find_their_words() {
    let folder = tempfile::tempdir().unwrap();
    let found = json(&sneakpath(folder.path(), "margin deck.cir --scheme obpu --sizes 4,5,8,64 --json"));
    let rows = found["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 4);
    assert_eq!((rows[0]["scheme"].as_str(), rows[0]["size"].as_u64()), (Some("obpu"), Some(4)));
    assert!((rows[0]["margin"].as_f64().unwrap() - 0.13125).abs() < 1e-5);
    let found = json(&sneakpath(folder.path(), "max-size deck.cir --scheme obpu --criterion 0.1 --json"));
    assert_eq!(found["max_size"], 4);
    // the deck alone runs its card
    let found = json(&sneakpath(folder.path(), "deck.cir --json"));
    assert_eq!(found["studies"][0]["study"], "margin");
    assert_eq!(json(&sneakpath(folder.path(), "check deck.cir --json"))["studies"], 1);
}

#[test]
fn mistakes_on_the_command_line_point_at_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = sneakpath(folder.path(), "margin deck.cir --sense volts --sizes 1");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("<command line>") && text.contains("2 errors"), "{text}");
    assert_eq!(sneakpath(folder.path(), "margin deck.cir --schem obpu").status.code(), Some(2));
    assert_eq!(sneakpath(folder.path(), "margin deck.cir --sweep rwire").status.code(), Some(2));
}

#[test]
fn all_forms_of_a_result_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let output = sneakpath(folder.path(), "margin deck.cir --sizes 2,4 --csv --npz --plot --report r.html -q");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for name in ["deck.margin.csv", "deck.margin.npz", "deck.margin.size.svg", "deck.margin.size.png", "r.html"] {
        assert!(folder.path().join(name).metadata().unwrap().len() > 100, "{name}");
    }
    let page = std::fs::read_to_string(folder.path().join("r.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("R1 wl bl {r}") && page.contains("0.131246"));
    let csv = std::fs::read_to_string(folder.path().join("deck.margin.csv")).unwrap();
    let data: Vec<&str> = csv.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(data[0].starts_with("scheme,size,cols,margin,") && data.len() == 3, "{csv}");
}

/// The journal is what a kill leaves; the resumed run gives the bytes of an undisturbed one, on any number of threads.
#[test]
fn a_killed_sweep_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let line = "margin deck.cir --sizes 3 --pattern all-lrs --sweep rwire=1..100:log:6 --json";
    let whole = sneakpath(folder.path(), &format!("{line} --threads 1"));
    let journal = folder.path().join("deck.margin.journal");
    assert!(!journal.exists(), "the results are where they belong");
    // a disk that refuses the figure is not needed: an unfinished journal is made from a finished one
    let other = tempfile::tempdir().unwrap();
    std::fs::create_dir(other.path().join("deck.margin.journal")).unwrap();
    assert_ne!(sneakpath(other.path(), line).status.code(), Some(0), "a journal that cannot be written is told");
    let resumed = sneakpath(folder.path(), &format!("{line} --threads 4"));
    assert_eq!(whole.stdout, resumed.stdout);
    assert_eq!(json(&whole)["rows"].as_array().unwrap().len(), 6);
}
