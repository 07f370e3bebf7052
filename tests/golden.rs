//! Every deck of `netlists/`, `netlists/papers/` and `netlists/studies/` is a golden test: what it prints, its measures and
//! its work counters; decks in `netlists/errors/` must fail with exit code 1 and exactly the message in their golden file.
//!
//! `SNEAKPATH_BLESS=1 cargo test --test golden` rewrites `tests/golden/`; read the diff before you commit it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn decks(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder of decks")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "cir"))
        .collect();
    found.sort();
    found
}

fn run(deck: &Path, out: &Path) -> Output {
    let folder = deck.parent().expect("a folder");
    Command::new(env!("CARGO_BIN_EXE_sneakpath"))
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .arg(deck.file_name().expect("a name"))
        .args(["--threads", "1", "--out"])
        .arg(out)
        .output()
        .expect("the binary runs")
}

/// What a reader sees, without what differs from run to run: folders, seconds, rounding-level residuals.
fn transcript(output: &Output, out: &Path) -> String {
    let both = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let both = both.replace(&format!("{}/", out.display()), "");
    let lines = both.lines().map(|line| {
        let line = line.split(", KCL residual").next().unwrap_or(line);
        let line = if line.contains(", Kirchhoff's law to") { circuits(line) } else { line };
        match line.rsplit_once("; ") {
            Some((head, tail)) if tail.ends_with(" s") && tail[..tail.len() - 2].parse::<f64>().is_ok() => head,
            _ => line,
        }
    });
    lines.map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Of the last line of a study what does not hang on rounding: `margin: 40 circuits`.
fn circuits(line: &str) -> &str {
    line.split(", ").next().unwrap_or(line)
}

/// The first difference, numbers with a fraction compared to the digits that printing and libm leave certain.
fn difference(expected: &str, got: &str) -> Option<String> {
    const DIGITS: f64 = 1e-5;
    let (mut a, mut b) = (expected.lines(), got.lines());
    for number in 1.. {
        let (left, right) = (a.next(), b.next());
        if left.is_none() && right.is_none() {
            return None;
        }
        let (left, right) = (left.unwrap_or("<end>"), right.unwrap_or("<end>"));
        let same = left.split_whitespace().count() == right.split_whitespace().count()
            && left.split_whitespace().zip(right.split_whitespace()).all(|(l, r)| {
                let fractional = l.contains(['.', 'e']);
                match (l.parse::<f64>(), r.parse::<f64>()) {
                    (Ok(x), Ok(y)) if fractional => (x - y).abs() <= DIGITS * x.abs().max(y.abs()),
                    _ => l == r,
                }
            });
        if !same {
            return Some(format!("line {number}:\n  expected: {left}\n  got:      {right}"));
        }
    }
    None
}

fn hold(deck: &Path, golden: &Path, text: &str, problems: &mut Vec<String>) {
    if env::var_os("SNEAKPATH_BLESS").is_some() {
        fs::create_dir_all(golden.parent().expect("a folder")).expect("tests/golden can be written");
        fs::write(golden, text).expect("the golden file can be written");
        return;
    }
    match fs::read_to_string(golden) {
        Ok(expected) => {
            if let Some(difference) = difference(&expected, text) {
                problems.push(format!("{}: {difference}", deck.display()));
            }
        }
        Err(_) => problems.push(format!("{}: no golden file {}", deck.display(), golden.display())),
    }
}

fn golden(kind: &str, deck: &Path) -> PathBuf {
    let stem = deck.file_stem().expect("a stem").to_string_lossy().into_owned();
    root().join("tests/golden").join(kind).join(format!("{stem}.txt"))
}

#[test]
fn every_deck_runs_and_says_what_its_golden_file_says() {
    let mut problems = Vec::new();
    let plain = decks(&root().join("netlists")).into_iter().map(|deck| ("decks", deck));
    let papers = decks(&root().join("netlists/papers")).into_iter().map(|deck| ("papers", deck));
    // the deck of 64 x 64 cells takes minutes; it is a row of benches/studies.rs
    let studies =
        decks(&root().join("netlists/studies")).into_iter().filter(|deck| !deck.ends_with("program_64x64.cir"));
    for (kind, deck) in plain.chain(papers).chain(studies.map(|deck| ("studies", deck))) {
        let out = tempfile::tempdir().expect("a folder for results");
        let output = run(&deck, out.path());
        let text = transcript(&output, out.path());
        if output.status.code() != Some(0) {
            problems.push(format!("{}: exit {:?}\n{text}", deck.display(), output.status.code()));
            continue;
        }
        check_trust(&deck, &String::from_utf8_lossy(&output.stderr), &mut problems);
        hold(&deck, &golden(kind, &deck), &text, &mut problems);
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// Kirchhoff's law and the energy balance of every run, whatever their last digits.
fn check_trust(deck: &Path, stderr: &str, problems: &mut Vec<String>) {
    for line in stderr.lines().filter(|line| line.contains("KCL residual")) {
        let relative = line.split_once(" A (").or_else(|| line.split_once("A (")).and_then(|(_, tail)| number(tail));
        let balance = line.split_once("energy balance ").map(|(_, tail)| number(tail));
        if relative.is_none_or(|r| r > 2e-3) || balance.is_some_and(|b| b.is_none_or(|b| b > 1e-6)) {
            problems.push(format!("{}: {line}", deck.display()));
        }
    }
}

fn number(text: &str) -> Option<f64> {
    text.split([' ', ')', '(']).next()?.parse().ok()
}

#[test]
fn every_wrong_deck_fails_with_its_message() {
    let mut problems = Vec::new();
    let wrong = decks(&root().join("netlists/errors"));
    assert!(wrong.len() >= 10);
    for deck in wrong {
        let out = tempfile::tempdir().expect("a folder for results");
        let output = run(&deck, out.path());
        let text = transcript(&output, out.path());
        if output.status.code() != Some(1) {
            problems.push(format!("{}: exit {:?}\n{text}", deck.display(), output.status.code()));
            continue;
        }
        let written = fs::read_dir(out.path()).expect("the folder").count();
        if written > 0 {
            problems.push(format!("{}: wrote {written} files", deck.display()));
        }
        hold(&deck, &golden("errors", &deck), &text, &mut problems);
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn a_difference_is_found_and_rounding_is_not() {
    assert_eq!(difference("a 1.000000 7\n", "a 1.000001 7\n"), None);
    assert!(difference("a 1.000000 7\n", "a 1.001 7\n").is_some());
    assert!(difference("a 1.0 7\n", "a 1.0 8\n").is_some());
    assert!(difference("a\nb\n", "a\n").is_some());
}
