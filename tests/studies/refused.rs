//! What cannot be computed is said in plain words with the numbers, and the points that can be are kept.

use super::{RESISTOR, mistakes, run, try_run};

const SINGLE: &str = ".margin cell lrs=(r=10k) hrs=(r=1meg) rpu=10k pattern=all-lrs";

#[test]
fn a_criterion_that_is_never_met() {
    let report =
        run(&format!("{RESISTOR}.max-size cell lrs=(r=10k) hrs=(r=1meg) rpu=10k criterion=0.9,0.1 scheme=obpu\n"));
    let note = report.notes.iter().find(|n| n.contains("never met")).unwrap();
    assert!(note.contains("the criterion 0.9 is never met; already two lines have a margin of 0.3"), "{note}");
    assert!(report.rows.rows[0][2].number().is_nan(), "no size");
    assert_eq!(report.rows.rows[1][2].number(), 4.0, "the other criterion has its answer");
}

#[test]
fn sizes_beyond_memory_are_estimated_first_and_the_others_kept() {
    let report = try_run(&format!("{RESISTOR}{SINGLE} sizes=4,1e6 rwire=1\n")).unwrap();
    assert_eq!(report.rows.rows.len(), 1);
    let failure = &report.failures[0];
    for wanted in ["1000000 x 1000000 cells", "GB", "are free", "without wire"] {
        assert!(failure.contains(wanted), "{wanted}: {failure}");
    }
}

#[test]
fn a_pattern_of_another_shape() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.csv");
    std::fs::write(&path, "1,0,1\n0,1,0\n1,1,1\n").unwrap();
    let single = SINGLE.replace(" pattern=all-lrs", "");
    let card = format!("{RESISTOR}{single} sizes=3,4 pattern=\"file:{}\"\n", path.display());
    let report = try_run(&card).unwrap();
    assert_eq!(report.rows.rows.len(), 1, "the array that fits is kept");
    assert!(report.failures[0].contains("holds 3 x 3 cells, the array 4 x 4"), "{:?}", report.failures);
    let missing = try_run(&format!("{RESISTOR}{single} pattern=file:nowhere.csv\n")).unwrap_err().to_string();
    assert!(missing.contains("nowhere.csv"), "{missing}");
}

/// A selector that turns on at 0.9 V hides the memory at 0.5 V.
#[test]
fn a_selector_that_is_off_at_the_read_voltage() {
    let cell = ".subckt cell wl bl r=10k\nB1 wl m i={v(wl,m)*1e-9 + 1e-3*(1+tanh((abs(v(wl,m))-0.9)/0.01))*v(wl,m)}\nR1 m bl {r}\n.ends\n";
    let report =
        run(&format!("{cell}.margin cell lrs=(r=10k) hrs=(r=1meg) vread=0.5 rpu=10k sizes=2 pattern=all-lrs\n"));
    let note = report.notes.iter().find(|n| n.contains("the selector does not turn on")).unwrap();
    assert!(note.contains("at 0.5 V both states carry nearly the same current"), "{note}");
    assert!(note.contains("they differ by 10 % from 0."), "{note}");
    let same = run(&format!("{RESISTOR}.margin cell lrs=(r=10k) hrs=(r=10.1k) sizes=2 pattern=all-lrs\n"));
    assert!(same.notes.iter().any(|n| n.contains("nor do they up to 5 V")), "{:?}", same.notes);
}

#[test]
fn a_scheme_without_the_lines_it_needs() {
    let wrong = |card: &str| try_run(&format!("{RESISTOR}{card}\n")).unwrap_err().to_string();
    let custom = |table: &str| wrong(&format!("{SINGLE} scheme=custom {table}"));
    assert!(custom("custom=(wl=1 bl=0)").contains("lacks uwl, ubl"));
    assert!(custom("custom=(wl=1 bl=0 uwl=0 ubk=0)").contains("no line `ubk`; did you mean `ubl`?"));
    assert!(custom("custom=(wl=1 bl=float uwl=0 ubl=0)").contains("cannot float"));
    let told = mistakes(&format!("{RESISTOR}{SINGLE} scheme=v4\n"));
    assert!(told[0].message.contains("`scheme` is one of") && told[0].message.contains("not `v4`"), "{told:?}");
}
