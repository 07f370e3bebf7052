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

/// One object on one line of standard output and nothing else, its words those of the card; the help of a study says what it
/// is.
#[test]
fn every_study_prints_one_object() {
    let folder = tempfile::tempdir().unwrap();
    for study in sneakpath::study::REGISTRY {
        let card = study.card();
        let help = sneakpath(folder.path(), &format!("{} --help", card.word));
        let text = String::from_utf8_lossy(&help.stdout).into_owned();
        assert!(text.starts_with(card.summary), "{text}");
        for argument in card.arguments {
            assert!(text.contains(&format!("--{} ", argument.name)), "{} of {}", argument.name, card.word);
        }
    }
    let lines = [
        "margin --sizes 2,4",
        "max-size",
        "sneak --rows 3",
        "map --rows 3 --rwire 1",
        "write-margin --sizes 3",
        "energy --rows 3",
        "settle --sizes 3 --cwire 1e-15",
        "mvm --rows 3 --vectors 2",
        "density",
    ];
    for line in lines {
        let (word, more) = line.split_once(' ').unwrap_or((line, ""));
        let output = sneakpath(folder.path(), &format!("{word} deck.cir {more} --json"));
        let found = json(&output);
        assert_eq!(found["study"], word);
        assert!(!found["rows"].as_array().unwrap().is_empty(), "{line}");
        assert_eq!(output.stdout.iter().filter(|c| **c == b'\n').count(), 1, "{line}");
        for (key, value) in found["rows"][0].as_object().unwrap() {
            assert!(found["units"].get(key).is_none_or(serde_json::Value::is_string), "{key} {value}");
        }
    }
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

/// Killed in the middle, the sweep goes on where it was and gives the bytes of an undisturbed one, on any number of
/// threads.
#[test]
fn a_killed_sweep_goes_on() {
    let (quiet, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let line = "margin deck.cir --sizes 24 --pattern all-lrs --sweep rwire=1..100:log:30";
    let whole = sneakpath(quiet.path(), &format!("{line} --json --threads 1"));
    assert_eq!(json(&whole)["rows"].as_array().unwrap().len(), 30);
    assert!(!quiet.path().join("deck.margin.journal").exists(), "the results are where they belong");
    std::fs::write(killed.path().join("deck.cir"), DECK).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_sneakpath"))
        .args(line.split_whitespace())
        .args(["--threads", "1", "-q"])
        .current_dir(killed.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let journal = killed.path().join("deck.margin.journal");
    let lines = || std::fs::read_to_string(&journal).map_or(0, |text| text.lines().count());
    while lines() < 4 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!((4..31).contains(&lines()), "killed in the middle, after {} lines", lines());
    let resumed = sneakpath(killed.path(), &format!("{line} --json --threads 4"));
    assert_eq!(whole.stdout, resumed.stdout);
    assert!(!journal.exists());
}

#[test]
fn a_journal_that_cannot_be_written_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("deck.margin.journal")).unwrap();
    assert_ne!(sneakpath(folder.path(), "margin deck.cir --sizes 3 --sweep rwire=1,2").status.code(), Some(0));
}
