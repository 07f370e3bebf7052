//! Writing: voltages at the start of a pulse, and what many pulses do to the neighbours.

use std::fmt::Write as _;

use sneakpath::result::report::Report;

use super::spice::{controlled, ngspice};
use super::{RESISTOR, close, number, run, try_run};

/// A thresholded memristor without a window: above the threshold its state moves at a constant rate.
const MEMORY: &str = ".subckt cell wl bl x0=0.1\nN1 wl bl mem x0={x0}\n.ends\n";

fn model(window: &str, rate: f64) -> String {
    format!(
        ".model mem vteam(ron=10k roff=1meg von=-0.3 voff=0.3 kon={:e} koff={rate:e} alphaon=3 alphaoff=3 won=0 woff=1 window={window})\n",
        -rate
    )
}

#[test]
fn without_wires_every_cell_has_the_voltage_of_its_scheme() {
    let card = ".write-margin cell lrs=(r=10k) hrs=(r=1meg) vwrite=3 scheme=v2,v3,ground sizes=2,5\n";
    let report = run(&format!("{RESISTOR}{card}"));
    for (scheme, row, column, rest) in [("v2", 1.5, 1.5, 0.0), ("v3", 1.0, 1.0, 1.0), ("ground", 3.0, 0.0, 0.0)] {
        for size in [2, 5] {
            close(number(&report, scheme, size, "margin"), 1.0, 1e-12, scheme);
            let largest = f64::max(row, f64::max(column, rest));
            close(number(&report, scheme, size, "window") + 1.0, 2.0 - largest / 3.0, 1e-12, scheme);
            for (name, wanted) in [("v_row", row), ("v_column", column), ("v_rest", rest)] {
                assert!((number(&report, scheme, size, name) - wanted).abs() < 1e-9, "{scheme} {name}");
            }
        }
    }
}

#[test]
fn write_voltages_with_wires_agree_with_ngspice() {
    let card = ".write-margin cell lrs=(r=10k) hrs=(r=1meg) vwrite=2 scheme=v3 sizes=2 cols=2 rwire=100\n";
    let report = run(&format!("{RESISTOR}{card}"));
    let mut flat = "flat\nVw0 w0 0 2\nVw1 w1 0 {2/3}\nVb0 b0 0 {4/3}\nVb1 b1 0 0\n".to_owned();
    for i in 0..2 {
        let _ = write!(flat, "Ra{i} w{i} w{i}_0 100\nRc{i} w{i}_0 w{i}_1 100\n");
        let _ = write!(flat, "Rd{i} b0_{i} b1_{i} 100\nRe{i} b1_{i} b{i} 100\n");
        let _ = write!(flat, "R{i}0 w{i}_0 b{i}_0 10k\nR{i}1 w{i}_1 b{i}_1 10k\n");
    }
    let wanted = ["v(w0_1,b0_1)", "v(w0_0,b0_0)", "v(w1_1,b1_1)", "v(w1_0,b1_0)"].map(str::to_owned);
    let found = ngspice(&flat, &wanted);
    for (name, value) in ["v_selected", "v_row", "v_column", "v_rest"].iter().zip(found) {
        close(number(&report, "v3", 2, name), value.abs(), 1e-6, name);
    }
}

fn column(report: &Report, victim: &str, cycles: f64, name: &str) -> f64 {
    let k = report.rows.columns.iter().position(|(n, _)| n == name).unwrap();
    let row = report.rows.rows.iter().find(|r| r[0] == victim.into() && r[3] == cycles.into()).unwrap();
    row[k].number()
}

/// A constant rate adds up: x = x0 + n d, and d is the integral of the threshold law over the trapezoidal pulse.
#[test]
fn constant_rates_have_a_closed_form() {
    let rate = 2e3;
    let card =
        ".disturb cell lrs=(x0=0.1) hrs=(x0=0.9) scheme=v2 vwrite=1 width=100n edge=2n rows=3 direct=1,5 cycles=1000\n";
    let report = run(&format!("{MEMORY}{}{card}", model("none", rate)));
    // over an edge of length e the voltage runs from 0 to 0.5 V: the integral of (v/0.3 - 1)^3 above the threshold
    let top: f64 = 0.5 / 0.3 - 1.0;
    let pulse = rate * (top.powi(3) * 100e-9 + 2.0 * 2e-9 * (0.3 / 0.5) * top.powi(4) / 4.0);
    for victim in ["row", "column"] {
        for n in [1.0, 5.0, 10.0, 1000.0] {
            close(column(&report, victim, n, "x") - 0.1, n * pulse, 1e-3, "state");
        }
    }
    // the rest sees what the solver leaves of 0 V, far below vntol
    assert!((column(&report, "rest", 1000.0, "x") - 0.1).abs() < 1e-9, "V/2 leaves the rest alone");
    let change = &report.maps.iter().find(|m| m.name == "change").unwrap().values;
    for k in 0..9 {
        let wanted = match (k / 3 == 0, k % 3 == 2) {
            (true, true) => continue,
            (false, false) => 0.0,
            _ => pulse,
        };
        assert!((change[k] - wanted).abs() <= 1e-3 * pulse, "cell {k}: {:e} is not {wanted:e}", change[k]);
    }
    assert!(report.trust.energy_error < 1e-6, "{:e}", report.trust.energy_error);
}

/// The states of a 2 x 2 array with wires after one pulse, flat in ngspice: each state is the charge of a capacitor.
#[test]
fn one_pulse_in_ngspice() {
    let rate = 2e5;
    let card = ".disturb cell lrs=(x0=0.1) hrs=(x0=0.9) scheme=v2 vwrite=1 width=100n edge=2n rows=2 rwire=200 direct=1 cycles=10\n";
    let report = run(&format!("{MEMORY}{}{card}", model("none", rate)));
    let pulse = |v: f64| format!("pwl(0 0 2n {v} 102n {v} 104n 0 204n 0)");
    let mut flat = "flat\n.options reltol=1e-6 abstol=1e-15 vntol=1e-9 chgtol=1e-20\n".to_owned();
    for (line, v) in [("w0", 1.0), ("w1", 0.5), ("b0", 0.5), ("b1", 0.0)] {
        let _ = writeln!(flat, "V{line} {line} 0 {}", pulse(v));
    }
    for i in 0..2 {
        let _ = writeln!(flat, "Ra{i} w{i} w{i}_0 200\nRc{i} w{i}_0 w{i}_1 200");
        let _ = writeln!(flat, "Rd{i} b{i}_0 b{i}_1 200\nRe{i} b{i}_1 b{i} 200");
        for j in 0..2 {
            let v = format!("v(w{i}_{j},b{j}_{i})");
            let _ = writeln!(flat, "B{i}{j} w{i}_{j} b{j}_{i} i={v}/(10k+990k*v(x{i}{j}))\nC{i}{j} x{i}{j} 0 1 ic=0.1");
            let _ = writeln!(flat, "Bx{i}{j} 0 x{i}{j} i={v}>0.3 ? {rate}*({v}/0.3-1)^3 : 0");
        }
    }
    let cells = [(0, 0), (1, 0), (1, 1)];
    let wanted: Vec<String> = cells.iter().map(|(i, j)| format!("y{i}{j}")).collect();
    let measures: String = cells.iter().fold("tran 0.1n 204n 0 0.1n uic\n".to_owned(), |all, (i, j)| {
        format!("{all}meas tran y{i}{j} find v(x{i}{j}) at=203n\n")
    });
    let found = controlled(&flat, &measures, &wanted);
    let change = &report.maps.iter().find(|m| m.name == "change").unwrap().values;
    for ((i, j), x) in cells.into_iter().zip(found) {
        // edges of 2 ns in steps of 0.1 ns, their trapezoids, and the numbers that `meas` shows: 1e-3 of the change
        let (got, moved) = (change[2 * i + j], x - 0.1);
        assert!((got - moved).abs() <= 5e-3 * moved.abs() + 1e-7, "cell {i}, {j}: {got:e} is not {moved:e}");
    }
}

/// What is promised: within 2 % of a pulse-by-pulse simulation at 1000 pulses, with a window that bends the law.
#[test]
fn extrapolation_agrees_with_a_thousand_simulated_pulses() {
    let card = ".disturb cell lrs=(x0=0.05) hrs=(x0=0.9) scheme=v2 vwrite=1 width=100n edge=2n rows=2 direct=10,1000 cycles=1e6\n";
    let report = run(&format!("{MEMORY}{}{card}", model("biolek", 2e4)));
    for n in [10.0, 1000.0] {
        let deviation = column(&report, "row", n, "deviation");
        assert!(deviation < 0.02, "{deviation} at {n}");
    }
    let moved = column(&report, "row", 1000.0, "x") - 0.05;
    assert!(moved > 0.2, "the state moved far, by {moved}");
    assert!(column(&report, "row", 1e6, "dg") > 0.5);
    let first = report.facts.iter().find(|f| f.name == "first_cycle").unwrap().value.number();
    assert!(first > 1.0 && first < 1000.0, "{first}");
    let (_, victims) = report.tables.iter().find(|(name, _)| name == "victims").unwrap();
    let k = victims.columns.iter().position(|(name, _)| name == "first_direct").unwrap();
    let simulated = victims.rows[0][k].number();
    assert!((first - simulated).abs() <= (0.02 * simulated).max(1.0), "{first} by the law, {simulated} pulse by pulse");
}

/// A constant rate d makes R = Ron + (Roff - Ron)(x0 + n d), so that |dG|/G is above the limit once n exceeds
/// limit / (1 - limit) R0 / ((Roff - Ron) d) for rising R. Wires give every cell a voltage of its own.
#[test]
fn the_first_failing_pulse_of_every_cell_has_a_closed_form() {
    let rate = 2e3;
    let card = ".disturb cell lrs=(x0=0.1) hrs=(x0=0.9) scheme=v2 vwrite=1 width=100n edge=2n rows=12 rwire=30 direct=1 cycles=1e5\n";
    let report = run(&format!("{MEMORY}{}{card}", model("none", rate)));
    let map = |name: &str| report.maps.iter().find(|m| m.name == name).unwrap().values.clone();
    let (first, volts, change) = (map("first_cycle"), map("pulse_voltage"), map("change"));
    let (mut seen, mut spread) = (0, (f64::INFINITY, 0.0f64));
    for k in 0..144 {
        if (k / 12 == 0) == (k % 12 == 11) {
            // the selected cell, and those that share no line with it
            assert!(first[k].is_nan(), "cell {k}: {}", first[k]);
            continue;
        }
        let exact = 0.1 / 0.9 * (10e3 + 990e3 * 0.1) / (990e3 * change[k]);
        // 3 % of the interpolation, one pulse of rounding
        assert!((first[k] - exact).abs() <= 0.03 * exact + 1.0, "cell {k} at {} V: {} {exact}", volts[k], first[k]);
        seen += 1;
        spread = (spread.0.min(exact), spread.1.max(exact));
    }
    assert_eq!(seen, 22);
    assert!(spread.1 > 1.05 * spread.0, "wires tell the cells apart: {spread:?}");
}

#[test]
fn a_cell_without_a_state_to_start_from_is_told() {
    let wrong = |text: &str| try_run(text).unwrap_err().to_string();
    assert!(wrong(&format!("{RESISTOR}.disturb cell lrs=(r=1k) hrs=(r=1meg)\n")).contains("do not set `x0`"));
    let text = format!("{MEMORY}{}.disturb cell lrs=(x0=0) hrs=(x0=1) state=y\n", model("none", 1.0));
    assert!(wrong(&text).contains("no device of the cell `cell` has a state `y`"));
    let text = format!("{MEMORY}{}.disturb cell lrs=(x0=0) hrs=(x0=1) scheme=obpu\n", model("none", 1.0));
    assert!(wrong(&text).contains("reads through a pull-up"));
}
