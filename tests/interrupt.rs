//! Ctrl-C, as a signal to a real process: what was computed is kept, and the run says that it was interrupted.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[path = "support/race.rs"]
mod race;
mod support;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use support::{Bench, code, err};

/// Number after `No. Points:` and number of points that are really there, of the last binary plot of a raw file.
fn points(path: &Path) -> Option<(usize, usize)> {
    let bytes = fs::read(path).ok()?;
    let at = bytes.windows(8).rposition(|w| w == b"Binary:\n")? + 8;
    let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
    let number = |key: &str| head.lines().rev().find_map(|l| l.strip_prefix(key)).unwrap().trim().parse().unwrap();
    let (points, variables): (usize, usize) = (number("No. Points:"), number("No. Variables:"));
    Some((points, (bytes.len() - at) / 8 / variables))
}

fn interrupt(child: &Child) {
    let done = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(done.success());
}

/// Runs `name.cir`, which would go on for long after its first points, and interrupts it when there are more than `most`.
fn interrupted(bench: &Bench, name: &str, most: usize) -> Output {
    let mut command = bench.command(&format!("{name}.cir"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let raw = bench.path(&format!("{name}.raw"));
    while points(&raw).is_none_or(|(_, present)| present <= most) {
        assert!(child.try_wait().unwrap().is_none(), "the run ended by itself");
        std::thread::sleep(Duration::from_millis(20));
    }
    interrupt(&child);
    let run = child.wait_with_output().unwrap();
    assert_eq!(code(&run), 130, "{}", err(&run));
    run
}

#[test]
fn a_transient_keeps_its_points() {
    // far more points than could be computed while the test waits
    let deck = "long\nV1 a 0 SIN(0 1 1meg)\nR1 a b 1k\nC1 b 0 1n\n.tran 1n 10 0 1n\n.end\n";
    let bench = Bench::new(&[("long.cir", deck)]);
    let run = interrupted(&bench, "long", 100);
    let (counted, present) = points(&bench.path("long.raw")).unwrap();
    assert!(counted > 100 && counted == present, "{counted} counted, {present} there");
    let last = err(&run).lines().last().unwrap().to_string();
    assert!(last.contains("wrote long.raw") && last.contains(&format!("{counted} points")), "{}", err(&run));
    assert!(err(&run).contains("interrupted at t ="), "{}", err(&run));
}

/// At 0.7 V a row of selectors races for many seconds; at 0 V nothing happens.
#[test]
fn a_sweep_ends_inside_of_a_point_and_keeps_those_before() {
    let bench = Bench::new(&[]);
    let deck = race::deck(bench.folder.path(), 256, 100.0, false, ".dc vw0 0 0.7 0.7");
    fs::write(bench.path("sweep.cir"), deck).unwrap();
    let run = interrupted(&bench, "sweep", 0);
    assert_eq!(points(&bench.path("sweep.raw")), Some((1, 1)));
    let said = err(&run);
    assert!(said.contains("interrupted in the operating point at vw0 = 0.7") && said.contains("1 points"), "{said}");
}

#[test]
fn an_operating_point_ends_inside_of_its_iteration() {
    let bench = Bench::new(&[]);
    let deck = race::deck(bench.folder.path(), 256, 100.0, false, ".dc vw0 0 0 1\n.op");
    fs::write(bench.path("point.cir"), deck).unwrap();
    let run = interrupted(&bench, "point", 0);
    assert_eq!(points(&bench.path("point.raw")), Some((1, 1)), "the sweep before is kept");
    let said = err(&run);
    assert!(said.contains("interrupted in the operating point at DC") && said.contains("0 points"), "{said}");
}
