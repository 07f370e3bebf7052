//! Programming: against the law of one cell, ngspice, and what wires and neighbours must not do.

use std::fmt::Write as _;
use std::process::Command;

use sneakpath::result::report::{Grid, Report, Value};

use super::spice::ngspice_tran;
use super::{close, run, try_run};

/// A thresholded memristor whose resistance is linear in its state, without a window.
const MEMORY: &str = ".subckt cell wl bl x0=1\nN1 wl bl mem x0={x0}\n.ends\n\
    .model mem vteam(ron=10k roff=1meg von=-0.5 voff=0.5 kon=-2e6 koff=2e6 alphaon=3 alphaoff=3 won=0 woff=1 window=none)\n";
const STATES: &str = "lrs=(x0=0) hrs=(x0=1)";

fn summary(report: &Report, column: &str) -> f64 {
    entry(&report.rows, 0, column)
}

fn entry(grid: &Grid, row: usize, column: &str) -> f64 {
    let k = grid.columns.iter().position(|(name, _)| name == column).unwrap();
    grid.rows[row][k].number()
}

fn cells(report: &Report) -> &Grid {
    &report.tables.iter().find(|(name, _)| name == "cells").unwrap().1
}

fn column(report: &Report, name: &str) -> Vec<f64> {
    (0..cells(report).rows.len()).map(|k| entry(cells(report), k, name)).collect()
}

fn message(text: &str) -> String {
    try_run(text).unwrap_err().to_string()
}

/// Change of the state by a trapezoidal pulse: over an edge of length e the voltage runs from 0 to V, and the integral of
/// (v/0.5 - 1)^3 above the threshold is e (0.5/V) (V/0.5 - 1)^4 / 4.
fn pulse(volts: f64, width: f64, edge: f64) -> f64 {
    let top = (volts.abs() / 0.5 - 1.0).max(0.0);
    2e6 * (top.powi(3) * width + 2.0 * edge * (0.5 / volts.abs()) * top.powi(4) / 4.0)
}

/// Write-verify on one cell is the cell's own law, pulse by pulse.
#[test]
fn one_cell_follows_its_own_law() {
    for target in [3.0, 9.0, 14.0] {
        let report = run(&format!(
            "{MEMORY}.program cell {STATES} target=level:{target} rows=1 spacing=resistance tolerance=0.2 \
             up=-0.6,-0.9 step=0.05 width=20n edge=2n reltol=1e-8\n"
        ));
        let level = |x: f64| 15.0 * (1.0 - x);
        let (mut x, mut volts, mut count) = (1.0, 0.6, 0);
        while (level(x) - target).abs() > 0.2 {
            assert!(level(x) < target, "the law overshoots: the case is not simple");
            x -= pulse(volts, 20e-9, 2e-9);
            volts = f64::min(volts + 0.05, 0.9);
            count += 1;
        }
        assert_eq!(column(&report, "pulses"), [f64::from(count)]);
        // truncation and Newton may each leave reltol of a state of 1 in a step, and a pulse takes about 60 steps
        let (found, bound) = (column(&report, "level")[0], 15.0 * 2.0 * 60.0 * 1e-8 * f64::from(count));
        assert!((found - level(x)).abs() < bound, "{found} is not {}", level(x));
        close(column(&report, "own")[0], 1.0 / (10e3 + 990e3 * (1.0 - found / 15.0)), 1e-6, "conductance");
        assert!(summary(&report, "yield") == 1.0 && report.trust.energy_error < 1e-3, "{:?}", report.trust);
    }
}

/// V/2 stays below the threshold: a matrix in a wired array is reached, and nothing that was written moves.
#[test]
fn an_array_is_programmed_to_all_its_targets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.csv");
    std::fs::write(&file, "0,5,10,15\n15,10,5,0\n7,8,7,8\n1,2,14,3\n").unwrap();
    for write in ["row", "cell"] {
        let report = run(&format!(
            "{MEMORY}.program cell {STATES} target=\"{}\" spacing=resistance tolerance=0.25 up=-0.55,-1 step=0.01 \
             width=50n rwire=2 write={write}\n",
            file.display()
        ));
        assert_eq!((summary(&report, "yield"), summary(&report, "rows")), (1.0, 4.0), "{:?}", report.notes);
        assert!(column(&report, "error").iter().all(|e| e.abs() <= 0.25));
        assert!(summary(&report, "drift") < 0.02, "{}", summary(&report, "drift"));
        assert_eq!(summary(&report, "disturbed"), 0.0);
        assert_eq!(column(&report, "pulses")[0], 0.0, "level 0 is where cells start");
        assert!(report.trust.kcl_relative < 1e-6 && report.trust.energy_error < 1e-2, "{:?}", report.trust);
    }
}

/// Without a threshold every pulse moves the half-selected cells: by no more than their share of the pulses, less under
/// V/3 than under V/2 where the row and column see a third, and later passes mend it.
#[test]
fn disturbed_neighbours_are_bounded_and_mended() {
    let soft = ".subckt cell wl bl x0=0\nN1 wl bl mem x0={x0}\n.ends\n\
        .model mem bulk_drift(rh=100k rl=10k kp=1e3 vp=0.15 ap=1 kd=1e3 vd=0.15 ad=1)\n";
    let card = |scheme: &str, passes: usize| {
        let text = format!(
            "{soft}.program cell lrs=(x0=1) hrs=(x0=0) target=random:5 rows=4 levels=8 spacing=resistance \
             tolerance=0.3 up=1,1.6 step=0.02 width=100n scheme={scheme} passes={passes} order=index\n"
        );
        try_run(&text).unwrap()
    };
    let (half, third) = (card("v2", 1), card("v3", 1));
    // dx/dt = kp sinh(V/vp) at most; the level is 7 x
    let rate = |volts: f64| 7.0 * 1e3 * (volts / 0.15).sinh() * 102e-9;
    for (report, share) in [(&half, 0.5), (&third, 1.0 / 3.0)] {
        let bound = summary(report, "phases") * rate(1.6 * share);
        let drift = summary(report, "drift");
        assert!(drift > 1e-4 && drift < bound, "{drift} is not below {bound}");
    }
    assert!(summary(&third, "drift") < 0.5 * summary(&half, "drift"));
    let mended = card("v2", 5);
    assert!(summary(&mended, "yield") >= summary(&half, "yield"));
    assert_eq!(summary(&mended, "yield"), 1.0, "{:?}", mended.notes);
}

/// One row pulse with two voltages, V/2 around it, through wires: the conductances of all four cells in ngspice, on a flat
/// netlist that nothing of ours wrote.
#[test]
fn a_row_pulse_agrees_with_ngspice() {
    let folder = tempfile::tempdir().unwrap();
    let (target, table) = (folder.path().join("t.csv"), folder.path().join("p.csv"));
    std::fs::write(&target, "1,2\n0,0\n").unwrap();
    std::fs::write(&table, "0\n-1.1\n-1.3\n").unwrap();
    let report = try_run(&format!(
        "{MEMORY}.program cell {STATES} scheme=v2,openloop target=\"{}\" table=\"{}\" levels=3 width=100n edge=5n \
         rwire=500 reltol=1e-7 passes=1 pattern=all-hrs\n",
        target.display(),
        table.display()
    ))
    .unwrap();
    assert_eq!((summary(&report, "phases"), summary(&report, "pulses")), (1.0, 2.0));
    // word lines from the left, bit lines from the bottom; the levels of V/2 with 1.3 V and 1.1 V on the cells
    let wave = |net: &str, volts: f64| format!("V{net} {net} 0 pwl(0 0 5n {volts} 105n {volts} 110n 0)\n");
    let mut flat = "flat\n.options reltol=1e-6 abstol=1e-15 vntol=1e-10 chgtol=1e-20 trtol=1\n".to_owned();
    for (net, volts) in [("w0", -1.3), ("w1", -0.65), ("b0", -0.2), ("b1", 0.0)] {
        flat += &wave(net, volts);
    }
    for i in 0..2 {
        let _ = write!(
            flat,
            "Ra{i} w{i} w{i}_0 500\nRb{i} w{i}_0 w{i}_1 500\nRc{i} b{i}_0 b{i}_1 500\nRd{i} b{i}_1 b{i} 500\n"
        );
        for j in 0..2 {
            let v = format!("v(w{i}_{j},b{j}_{i})");
            let _ = write!(
                flat,
                "B{i}{j} w{i}_{j} b{j}_{i} i={v}/(10k+990k*v(x{i}{j}))\nC{i}{j} x{i}{j} 0 1 ic=1\n\
                 G{i}{j} 0 x{i}{j} cur='({v} < -0.5) ? -2e6*pow(-{v}/0.5-1,3) : 0'\n"
            );
        }
    }
    let wanted: Vec<String> = ["00", "01", "10", "11"].iter().map(|k| format!("v(x{k})")).collect();
    let found = ngspice_tran(&flat, "0.1n 110n 0 0.2n uic", &wanted);
    let own = column(&report, "own");
    for k in 0..4 {
        close(own[k], 1.0 / (10e3 + 990e3 * found[k]), 2e-4, &wanted[k]);
    }
    assert!(found[0] < 0.9 && found[1] < found[0] && own[2] < 1.01e-6, "{found:?}");
}

/// The TiO2-x device: resistance 880 .. 740 ohm, dy/dt = K sinh(V/V0) exp(-L y).
const OXIDE: &str = ".subckt cell wl bl x0=0\nN1 wl bl ox x0={x0}\n.ends\n\
    .model ox bulk_drift(rh=884 rl=736 kp={0.01032*140/148*exp(6.516*4/140)} vp=1.20 ap={6.516*148/140}\n\
    + kd={0.01607*140/148*exp(4.89*4/140)} vd=1.86 ad={4.89*148/140})\n";
const OXIDE_STATES: &str = "lrs=(x0={36/37}) hrs=(x0={1/37}) spacing=resistance levels=512 width=0.8 edge=0.1u";

/// The rule of the paper on one cell, from 880 to 740 ohm: as many events as the closed form of the device needs.
#[test]
fn feed_forward_takes_the_events_of_the_closed_form() {
    let step = 140.0 / 511.0;
    let report = run(&format!(
        "{OXIDE}.program cell {OXIDE_STATES} scheme=feedforward rows=1 target=level:511 up=0.3,7 step=0.1 most={} \
         tolerance=0.05 pulses=1000 reltol=1e-7\n",
        0.3 / step
    ));
    let (k, lambda, v0) = (0.01032, 6.516, 1.20);
    // 0.8 s at V and two edges of 0.1 us, which are nothing
    let after = |y: f64, volts: f64| ((lambda * y).exp() + lambda * k * (volts / v0).sinh() * 0.8).ln() / lambda;
    let (mut y, mut events) = (0.0, 0);
    let tolerance = 0.05 * step / 140.0;
    while y < 1.0 - tolerance {
        let bound = f64::min(0.3 / 140.0, 1.0 + 0.5 * tolerance - y);
        let volts = (3..=70).rev().map(|n| 0.1 * f64::from(n)).find(|v| after(y, *v) - y < bound).unwrap_or(0.3);
        y = after(y, volts);
        events += 1;
    }
    let pulses = column(&report, "pulses")[0];
    // the grid of voltages makes a choice near its bound depend on rounding: an event more or less
    assert!((pulses - f64::from(events)).abs() <= 1.0, "{pulses} events, {events} by the closed form");
    assert!((f64::from(events) - 494.0).abs() <= 2.0, "494 in the figure, {events}");
    assert!(column(&report, "error")[0].abs() <= 0.05);
}

/// One ohm of wire is 3.65 levels: a plain read takes the wires for the cell; the compensated one does not.
#[test]
fn wires_cost_levels_and_can_be_compensated() {
    let card = |rwire: f64, compensate: &str| {
        run(&format!(
            "{OXIDE}.program cell {OXIDE_STATES} scheme=v3,feedforward rows=2 target=level:60 up=0.3,7 step=0.2 \
             tolerance=0.5 rwire={rwire} compensate={compensate}\n"
        ))
    };
    let (ideal, plain, mended) = (card(0.0, "none"), card(1.0, "none"), card(1.0, "wires"));
    assert!(summary(&ideal, "lost") < 0.5);
    assert_eq!((summary(&plain, "yield"), summary(&mended, "yield")), (1.0, 1.0), "by the read of each");
    // the cell next to driver and sense end has one segment of each line in series, the farthest two: 7 levels at least
    assert!(summary(&plain, "lost") > 7.0 && summary(&plain, "yield_own") == 0.0, "{}", summary(&plain, "lost"));
    assert!(summary(&mended, "lost") < 0.5, "{}", summary(&mended, "lost"));
}

/// A table that is measured on one cell hits every level of one cell, and misses in an array with wires.
#[test]
fn open_loop_is_right_for_one_cell_and_off_behind_wires() {
    let card = |more: &str| {
        try_run(&format!(
            "{MEMORY}.program cell {STATES} scheme=openloop spacing=resistance levels=8 up=-0.6,-1 width=600n {more}\n"
        ))
        .unwrap()
    };
    let one = card("rows=1 target=level:3");
    assert_eq!(summary(&one, "pulses"), 1.0);
    // two transients of less than 60 steps, each of which may err by reltol of a state of 1, which is 7 levels
    assert!(summary(&one, "error_worst") < 2.0 * 60.0 * 1e-5 * 7.0, "{}", summary(&one, "error_worst"));
    let wired = card("rows=6 target=random:2 rwire=300");
    assert!(summary(&wired, "error_worst") > 0.25 && summary(&wired, "yield") < 1.0);
}

#[test]
fn a_tolerance_that_cannot_be_met_is_said_and_the_cells_are_kept() {
    let report = run(&format!(
        "{MEMORY}.program cell {STATES} rows=2 target=random:1 spacing=resistance tolerance=1e-6 up=-0.6,-1 step=0.1 \
         pulses=12 passes=1\n"
    ));
    assert!(summary(&report, "yield") < 1.0);
    assert!(report.notes.iter().any(|n| n.contains("after 12 pulses") && n.contains("of 4 cells are not within")));
    assert_eq!(cells(&report).rows.len(), 4);
    assert!(column(&report, "error").iter().all(|e| e.abs() < 16.0));
}

#[test]
fn requests_that_make_no_sense_are_told_with_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        format!("target=\"{}\"", path.display())
    };
    let told = |more: &str| {
        let up = if more.starts_with("up=") { "" } else { "up=-0.6,-1" };
        message(&format!("{MEMORY}.program cell {STATES} {up} {more}\n"))
    };
    let all = [
        (format!("{} rows=3", file("a.csv", "1,2\n3,4\n")), "holds 2 x 2 cells, the array has 3 x 3"),
        (file("b.csv", "1,2\n3,16\n"), "the target 16 of cell (1, 1) is no level: they are whole numbers from 0 to 15"),
        (file("c.csv", "1,0.5\n"), "the target 0.5 of cell (0, 1) is no level"),
        (format!("{} values=conductances", file("d.csv", "1e-5,1e-3\n")), "1e-3 S for cell (0, 1) lies outside"),
        (file("e.csv", "1,nan\n"), "not finite"),
        ("target=nowhere.csv".to_owned(), "nowhere.csv"),
        ("gmax=1".to_owned(), "are not within what the cell reaches"),
        ("scheme=float".to_owned(), "needs a level on every line"),
        ("scheme=ground".to_owned(), "as much voltage on the other cells of the row"),
        ("scheme=v2,v3".to_owned(), "more than one bias"),
        ("up=0.6,1".to_owned(), "one of -1 V does: change the sign"),
        ("up=-0.1,-0.4".to_owned(), "does not raise the conductance of the hrs cell"),
        ("up=-1,-0.6".to_owned(), "from the weakest pulse to the strongest"),
        ("down=-0.6,-1".to_owned(), "must have opposite signs"),
        ("scheme=openloop pattern=random".to_owned(), "starts from one state"),
    ];
    for (more, wanted) in all {
        let text = told(&more);
        assert!(text.contains(wanted), "{more}: {text}");
    }
    let text = message(&format!("{MEMORY}.program cell {STATES}\n"));
    assert!(text.contains("needs up="), "{text}");
    let text = message(&format!("{MEMORY}.program cell lrs=(x0=1) hrs=(x0=0) up=-0.6,-1\n"));
    assert!(text.contains("hrs= must give the smaller one"), "{text}");
}

/// Files that a card names stand beside its deck, wherever the command runs; those of a command line in the working
/// directory. One that is missing is shown in the card, with a remedy.
#[test]
fn files_of_a_card_stand_beside_its_deck() {
    let folder = tempfile::tempdir().unwrap();
    let (home, away) = (folder.path().join("home"), folder.path().join("away"));
    let write = |path: std::path::PathBuf, text: &str| {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let card = |more: &str| {
        format!("program\n{MEMORY}.program cell {STATES} up=-0.6,-1 spacing=resistance levels=4 {more}\n.end\n")
    };
    write(home.join("deck.cir"), &card("target=data/t.csv pattern=\"file:data/p.csv\""));
    write(home.join("lost.cir"), &card("target=other.csv"));
    write(home.join("data/t.csv"), "1,2,3\n");
    write(home.join("data/p.csv"), "0,0,0\n");
    write(away.join("data/t.csv"), "1,2\n1,2\n");
    write(away.join("other.csv"), "1,2\n");
    let run = |line: &str| {
        let words = line.split_whitespace();
        Command::new(env!("CARGO_BIN_EXE_sneakpath")).args(words).current_dir(&away).output().unwrap()
    };
    let shape = |output: &std::process::Output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (found["rows"][0]["rows"].as_u64().unwrap(), found["rows"][0]["cols"].as_u64().unwrap())
    };
    assert_eq!(shape(&run("program ../home/deck.cir --json")), (1, 3));
    assert_eq!(shape(&run("program ../home/deck.cir --target data/t.csv --pattern all-hrs --json")), (2, 2));
    let lost = run("program ../home/lost.cir");
    let told = String::from_utf8_lossy(&lost.stderr).into_owned();
    assert_eq!(lost.status.code(), Some(1), "{told}");
    for wanted in ["cannot read `../home/other.csv`", "lost.cir:", "relative to the deck that names it"] {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    let told = run("program ../home/deck.cir --target nowhere.csv");
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(told.contains("cannot read `nowhere.csv`") && told.contains("relative to the working directory"), "{told}");
}

/// From cycle to cycle one pulse of sigma = 2 % moves the state by k V sigma with k the slope of the closed form, to first
/// order: the spread over 64 cells is known to 1/sqrt(2 64) = 9 %, three of it are allowed. Runs differ, one run repeats.
#[test]
fn cycles_differ_by_what_the_slope_of_the_law_makes_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("p.csv");
    std::fs::write(&table, "0\n-1\n").unwrap();
    let card = |seed: &str| {
        run(&format!(
            "{MEMORY}{seed}.program cell {STATES} scheme=v2,openloop target=level:1 table=\"{}\" levels=2 rows=8 width=50n \
             edge=1n cycle_sigma=0.02 passes=1 write=cell\n",
            table.display()
        ))
    };
    let states =
        |report: &Report| -> Vec<f64> { column(report, "own").iter().map(|g| (1.0 / g - 10e3) / 990e3).collect() };
    let first = states(&card(""));
    assert_eq!(first, states(&card("")));
    assert_ne!(first, states(&card(".options seed=7\n")));
    let mean = first.iter().sum::<f64>() / 64.0;
    let deviation = (first.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 63.0).sqrt();
    let slope = (pulse(1.01, 50e-9, 1e-9) - pulse(0.99, 50e-9, 1e-9)) / 0.02;
    let expected = pulse(1.0, 50e-9, 1e-9);
    assert!((1.0 - mean - expected).abs() < 3.0 * 0.02 * slope / 8.0, "{mean} {expected}");
    close(deviation, 0.02 * slope, 0.28, "deviation");
}

/// Words, JSON, files, a sweep and Monte Carlo runs from the command line.
#[test]
fn the_command_line_programs_sweeps_and_writes() {
    let folder = tempfile::tempdir().unwrap();
    let deck = format!("program\n{MEMORY}.program cell {STATES} rows=2 up=-0.6,-1 spacing=resistance levels=4\n.end\n");
    std::fs::write(folder.path().join("deck.cir"), deck).unwrap();
    let json = |line: &str| -> serde_json::Value {
        let words = line.split_whitespace();
        let output =
            Command::new(env!("CARGO_BIN_EXE_sneakpath")).args(words).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let found = json("program deck.cir --scheme v3,ispp --json --csv --plot");
    assert_eq!((found["yield"].as_f64(), found["rows"][0]["scheme"].as_str()), (Some(1.0), Some("v3")));
    for name in ["csv", "cells.csv", "distribution.csv", "error.svg", "errors.svg", "pulses.svg"] {
        assert!(folder.path().join(format!("deck.program.{name}")).exists(), "{name}");
    }
    let swept = json("program deck.cir --sweep rwire=0,50 --json");
    assert_eq!(swept["rows"].as_array().unwrap().len(), 2);
    let drawn = json("program deck.cir --mc 2 --json");
    assert_eq!(drawn["rows"].as_array().unwrap().len(), 2);
}

/// A cell that differs from its neighbours is still programmed: that is what verifying is for.
#[test]
fn cells_of_a_monte_carlo_run_are_all_reached() {
    let deck = MEMORY.replace("x0=1\nN1 wl bl mem x0={x0}", "x0=1 r=10k\nN1 wl bl mem x0={x0}\nR1 wl bl {1e9*r/10k}");
    let report = run(&format!("{deck}.program cell {STATES} rows=2 target=level:2 levels=4 up=-0.6,-1\n"));
    assert_eq!(report.rows.rows[0][4], Value::from(1.0));
}

/// The decks that show the study do what their comments say.
#[test]
fn the_decks_of_the_study_run() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("netlists/studies");
    let out = tempfile::tempdir().unwrap();
    let fact = |line: &str, name: &str| -> f64 {
        let output = Command::new(env!("CARGO_BIN_EXE_sneakpath"))
            .args(line.split_whitespace())
            .args(["--json", "--out"])
            .arg(out.path())
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        found[name].as_f64().unwrap()
    };
    assert_eq!(fact("program program_8x8.cir", "yield"), 1.0);
    assert!(fact("program program_tio2x.cir", "lost") > 10.0);
    assert!(fact("program program_tio2x.cir --compensate wires", "lost") < 0.5);
}
