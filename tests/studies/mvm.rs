//! Matrix-vector products against closed forms and against ngspice.

use std::fmt::Write as _;

use super::spice::ngspice;
use super::{RESISTOR, SINH, close, run, try_run};
use sneakpath::result::report::Report;

/// A number of the stage table; `row` counts quantised, programmed, circuit, converted.
fn stage(report: &Report, row: usize, name: &str) -> f64 {
    let (_, table) = &report.tables[0];
    let k = table.columns.iter().position(|(n, _)| n == name).unwrap();
    table.rows[row][k].number()
}

fn card(more: &str) -> Report {
    run(&format!("{RESISTOR}.mvm cell rows=24 cols=200 vectors=40 {more}\n"))
}

/// Nothing is off in an ideal array: what is left is the rounding of resistances and of the solver.
#[test]
fn an_ideal_array_multiplies() {
    for mapping in ["single", "differential", "offset"] {
        let report = card(&format!("mapping={mapping}"));
        for row in 0..4 {
            assert!(stage(&report, row, "error") < 1e-9, "{mapping} {row}: {}", stage(&report, row, "error"));
        }
    }
}

/// Rounding to steps of d leaves d^2/12; what it does to the products follows from the other factor. Inputs in 0..1 have a
/// mean, so that signal and noise of a column hang on the sum of its weights or of their rounding, one draw per column:
/// 200 columns know three quarters of each to sqrt(2/200), 0.33 dB, both together 0.46 dB; four of it are allowed. One
/// bit is 6 dB.
#[test]
fn noise_of_converters_and_levels() {
    // x uniform in 0..1, w uniform in -1..1: y^2 has mean n (1/9) per product, independent terms
    let signal = 1.0f64 / 9.0;
    let step = |n: f64| 1.0 / (12.0 * n * n);
    let inputs = card("dac=6");
    let exact = 10.0 * (signal / (step(63.0) / 3.0)).log10();
    assert!((stage(&inputs, 0, "snr") - exact).abs() < 2.0, "{} {exact}", stage(&inputs, 0, "snr"));
    // of a pair only the column of the sign rounds: steps of 1/31 of the largest weight
    let levels = card("levels=32");
    let exact = 10.0 * (signal / (step(31.0) / 3.0)).log10();
    assert!((stage(&levels, 0, "snr") - exact).abs() < 2.0, "{} {exact}", stage(&levels, 0, "snr"));
    // an offset column has the same levels for both signs: 6 dB less, 31 steps for -1..1
    let offset = card("levels=32 mapping=offset");
    assert!(stage(&offset, 0, "snr") < exact - 4.0, "{}", stage(&offset, 0, "snr"));
    // an ideal converter of the outputs adds nothing; one of 4 bits does
    close(stage(&inputs, 3, "snr"), stage(&inputs, 2, "snr"), 1e-9, "converted");
    let outputs = card("adc=4");
    assert!(stage(&outputs, 3, "snr") < 30.0 && stage(&outputs, 2, "error") < 1e-9);
}

/// sigma is a share of the range in each of the two cells of a weight: variance 2 sigma^2 per weight, a third of which
/// meets x^2; known as well as the noise of levels.
#[test]
fn noise_of_programming() {
    let exact = |variance: f64| 10.0 * ((1.0 / 9.0) / (variance / 3.0)).log10();
    let normal = card("gmin=20u sigma=0.02");
    let expected = exact(2.0 * 0.02 * 0.02);
    assert!((stage(&normal, 1, "snr") - expected).abs() < 2.0, "{} {expected}", stage(&normal, 1, "snr"));
    assert!((stage(&normal, 2, "snr") - stage(&normal, 1, "snr")).abs() < 1e-6, "the circuit adds nothing");
    let again = card("gmin=20u sigma=0.02");
    assert_eq!(normal.rows, again.rows, "reproducible");
    for law in ["lognormal", "student"] {
        let report = card(&format!("sigma=0.02 law={law}"));
        let snr = stage(&report, 1, "snr");
        assert!(snr > 20.0 && snr < 60.0, "{law}: {snr}");
    }
    // every cell at gmin: every product is 0 and the error is the signal
    let stuck = card("stuck_low=1");
    assert!((stage(&stuck, 2, "error") - 1.0).abs() < 1e-9);
}

/// A file of weights and one of inputs through wires, the products from the currents of a flat netlist.
#[test]
fn products_with_wires_in_ngspice() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let w = [[1.0, -0.5], [0.25, 0.75], [-1.0, 0.5]];
    let x = [1.0, 0.5, 0.25];
    let (weights, inputs) = (file("w.csv", "1,-0.5\n0.25,0.75\n-1,0.5\n"), file("x.csv", "1,0.5,0.25\n"));
    let report = run(&format!(
        "{RESISTOR}.mvm cell weights=\"{weights}\" inputs=\"{inputs}\" gmin=10u gmax=1m rwire=15 rdriver=30 rsense=20 \
         vread=0.2\n"
    ));
    let mut flat = String::from("flat\n.options reltol=1e-9 abstol=1e-18 vntol=1e-12 gmin=1e-18\n");
    for i in 0..3 {
        let _ = writeln!(flat, "V{i} s{i} 0 {}\nRs{i} s{i} w{i} 30", 0.2 * x[i]);
        for j in 0..4 {
            let weight: f64 = w[i][j / 2];
            let part = if j % 2 == 0 { weight.max(0.0) } else { (-weight).max(0.0) };
            let left = if j == 0 { format!("w{i}") } else { format!("w{i}_{}", j - 1) };
            let below = if i == 2 { format!("b{j}") } else { format!("b{}_{j}", i + 1) };
            let _ = writeln!(
                flat,
                "Rw{i}{j} {left} w{i}_{j} 15\nRb{i}{j} b{i}_{j} {below} 15\nRc{i}{j} w{i}_{j} b{i}_{j} {}",
                1.0 / (10e-6 + 990e-6 * part)
            );
        }
    }
    (0..4).for_each(|j| {
        let _ = writeln!(flat, "Rl{j} b{j} e{j} 20\nVo{j} e{j} 0 0");
    });
    let i = ngspice(&flat, &(0..4).map(|j| format!("i(vo{j})")).collect::<Vec<_>>());
    let ideal = [0, 1].map(|j| (0..3).map(|i| x[i] * w[i][j]).sum::<f64>());
    let found = [(i[0] - i[1]) / (0.2 * 990e-6), (i[2] - i[3]) / (0.2 * 990e-6)];
    let square = |v: [f64; 2]| v[0] * v[0] + v[1] * v[1];
    let error = (square([found[0] - ideal[0], found[1] - ideal[1]]) / square(ideal)).sqrt();
    close(stage(&report, 2, "error"), error, 1e-6, "error");
    assert!(error > 0.01, "the wires must matter: {error}");
}

/// Cells with a transistor: all gates open, inputs on the source lines along the rows, the currents of a flat netlist.
#[test]
fn products_behind_open_gates_in_ngspice() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (weights, inputs) = (file("w.csv", "1,0.5\n0.25,0.75\n"), file("x.csv", "1,0.5\n"));
    let model = ".model nm nmos(level=1 vto=0.4 kp=250u gamma=0.3 phi=0.8 lambda=0.08)\n";
    let report = run(&format!(
        "{model}.subckt cell wl bl sl r=10k\nM1 d wl sl 0 nm W=0.4u L=0.13u\nR1 bl d {{r}}\n.ends\n\
         .mvm cell weights=\"{weights}\" inputs=\"{inputs}\" mapping=single gmin=10u gmax=100u rwire=40 vread=0.2 vgate=2\n"
    ));
    assert!(report.notes.iter().any(|n| n.contains("operating point per vector")), "{:?}", report.notes);
    let mut flat = format!("flat\n.options reltol=1e-9 abstol=1e-18 vntol=1e-12 gmin=1e-18\n{model}Vg g 0 2\n");
    let (w, x) = ([[1.0, 0.5], [0.25, 0.75]], [1.0, 0.5]);
    for i in 0..2 {
        let _ = writeln!(flat, "V{i} s{i} 0 {}\nVo{i} b{i} 0 0", 0.2 * x[i]);
        for j in 0..2 {
            let left = if j == 0 { format!("s{i}") } else { format!("s{i}_0") };
            let below = if i == 1 { format!("b{j}") } else { format!("b1_{j}") };
            let r = 1.0 / (10e-6 + 90e-6 * w[i][j]);
            let _ = writeln!(flat, "Rs{i}{j} {left} s{i}_{j} 40\nRb{i}{j} b{i}_{j} {below} 40");
            let _ = writeln!(flat, "Rc{i}{j} b{i}_{j} d{i}{j} {r}\nM{i}{j} d{i}{j} g s{i}_{j} 0 nm W=0.4u L=0.13u");
        }
    }
    let i = ngspice(&flat, &["i(vo0)".to_owned(), "i(vo1)".to_owned()]);
    let sum: f64 = x.iter().sum();
    let error = [0, 1].map(|j: usize| {
        let ideal = x[0] * w[0][j] + x[1] * w[1][j];
        ((i[j] / 0.2 - 10e-6 * sum) / 90e-6 - ideal, ideal)
    });
    let relative = (error.iter().map(|e| e.0 * e.0).sum::<f64>() / error.iter().map(|e| e.1 * e.1).sum::<f64>()).sqrt();
    assert!(relative > 0.05, "transistors in series matter: {relative}");
    close(stage(&report, 2, "error"), relative, 1e-5, "error");
}

/// Nonlinear cells go vector by vector; with ideal wires each column is a sum over its cells.
#[test]
fn nonlinear_cells_are_solved_one_vector_at_a_time() {
    let report = run(&format!("{SINH}.mvm cell rows=4 cols=2 vectors=3 vread=0.5\n"));
    assert!(report.notes.iter().any(|n| n.contains("operating point per vector")), "{:?}", report.notes);
    assert!(stage(&report, 2, "error") > 0.05 && stage(&report, 1, "error") < 1e-12);
}

#[test]
fn impossible_requests_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (weights, wide) = (file("w.csv", "1,-2\n3,4\n"), file("x.csv", "1,0,0\n"));
    let loud = file("y.csv", "1,0\n0,1.5\n");
    for (more, wanted) in [
        (format!("weights=\"{weights}\" mapping=single"), "input 0 and output 1 is -2"),
        (format!("weights=\"{weights}\" inputs=\"{wide}\""), "vectors of 3 numbers, the weights have 2 inputs"),
        (format!("weights=\"{weights}\" inputs=\"{loud}\""), "1.5 in row 2 is outside -1..1"),
        ("weights=none.csv".to_owned(), "none.csv"),
        ("gmin=2m gmax=1m".to_owned(), "must lie below gmax"),
        ("stuck_low=0.7 stuck_high=0.7".to_owned(), "more than 1 together"),
        ("parameter=q".to_owned(), "q"),
    ] {
        let refused = try_run(&format!("{RESISTOR}.mvm cell {more}\n")).unwrap_err().to_string();
        assert!(refused.contains(wanted), "{more}: {refused}");
    }
}
