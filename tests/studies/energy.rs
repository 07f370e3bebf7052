//! Energy and settling against closed forms and ngspice.

use std::fmt::Write as _;
use std::process::Command;

use super::{RESISTOR, close, run, try_run};
use sneakpath::result::report::Report;

fn column(report: &Report, row: usize, name: &str) -> f64 {
    let k = report.rows.columns.iter().position(|(n, _)| n == name).unwrap();
    report.rows.rows[row][k].number()
}

/// A resistor under a trapezoid takes V^2 G (width + 2/3 edge); under V/2 the half-selected cells take a quarter.
#[test]
fn resistors_under_a_trapezoid() {
    let report = run(&format!(
        "{RESISTOR}.energy cell lrs=(r=10k) hrs=(r=1meg) vread=2 rows=3 cols=5 width=100n edge=7n scheme=v2,ground\n"
    ));
    let time = 100e-9 + 2.0 / 3.0 * 7e-9;
    for (row, selected) in [(0, 1e-4), (1, 1e-6)] {
        let exact = 4.0 * (selected + 6.0 * 1e-4 / 4.0) * time;
        close(column(&report, row, "delivered"), exact, 1e-9, "delivered");
        close(column(&report, row, "cells"), exact, 1e-9, "cells");
        close(column(&report, row, "peak"), exact / time, 1e-9, "peak");
    }
    close(column(&report, 2, "delivered"), 4.0 * 5.0 * 1e-4 * time, 1e-9, "grounded lines");
    assert!((0..4).all(|row| column(&report, row, "error") < 1e-9));
}

/// A line of capacitance C behind R under a ramp of t: C V^2 k (1 - k (1 - exp(-1/k))) with k = R C / t goes into R, at
/// either edge.
#[test]
fn a_line_charged_through_its_driver() {
    let cell = ".subckt cell wl bl r=10k\nR1 wl bl {r}\n.ends\n";
    let report = run(&format!(
        "{cell}.energy cell lrs=(r=1e16) hrs=(r=1e16) rpu=1k vread=1.5 rows=2 cols=4 width=40n rest=40n edge=1n \
         scheme=ground state=lrs cwl=250f rdriver=2k\n"
    ));
    let (c, k) = (1e-12, 2e3 * 1e-12 / 1e-9);
    let exact = 2.0 * c * 1.5 * 1.5 * k * (1.0 - k * (1.0 - f64::exp(-1.0 / k)));
    close(column(&report, 0, "drivers"), exact, 1e-5, "drivers");
    assert!(column(&report, 0, "error") <= 1e-6, "{}", column(&report, 0, "error"));
    // left on the line after 20 time constants: nothing
    assert!(column(&report, 0, "stored") < 1e-8 * exact);
}

/// Charge that stays: without a rest the line still holds what the formula of the ramp says.
#[test]
fn energy_left_on_the_lines_closes_the_balance() {
    let report = run(&format!(
        "{RESISTOR}.energy cell lrs=(r=100k) hrs=(r=1meg) rows=4 cols=3 width=20n edge=1n scheme=v2,v3,float,obpu \
         rwire=20 cwire=10f rdriver=500\n"
    ));
    for row in 0..8 {
        assert!(column(&report, row, "error") <= 1e-6, "row {row}: {}", column(&report, row, "error"));
        assert!(column(&report, row, "stored") > 0.0 && column(&report, row, "wl_wires") > 0.0, "row {row}");
    }
    assert!(column(&report, 6, "sense") > column(&report, 6, "drivers"), "the pull-up is larger than the driver");
}

#[test]
fn selectors_are_what_the_user_calls_so() {
    let cell = ".subckt cell wl bl r=10k\nR1 wl m {r}\nRs m bl 1k\n.ends\n";
    let card = ".energy cell lrs=(r=3k) hrs=(r=1meg) rows=2 state=lrs";
    let report = run(&format!("{cell}{card} selectors=RS\n"));
    close(column(&report, 0, "cells") / column(&report, 0, "selectors"), 3.0, 1e-9, "series resistors");
    let refused = try_run(&format!("{cell}{card} selectors=rsx\n")).unwrap_err().to_string();
    assert!(refused.contains("did you mean `rs`?"), "{refused}");
    let refused = try_run(&format!("{cell}{card} pattern=worst\n")).unwrap_err().to_string();
    assert!(refused.contains("search"), "{refused}");
}

/// A 2 x 2 array of equal cells g behind a pull-up g, capacitance C on the bit lines only. The floating word line is at
/// the mean of both bit lines a and b:
/// C a' = g V - 5/2 g a + 1/2 g b,  C b' = 1/2 g a - 3/2 g b; eigenvalues g (2 +- 1/sqrt 2) / C.
#[test]
fn settling_of_two_coupled_bit_lines() {
    let report =
        run(&format!("{RESISTOR}.settle cell lrs=(r=10k) hrs=(r=1meg) rpu=10k scheme=obpu sizes=2 cbl=1p edge=0.1p\n"));
    let tau = 10e3 * 2e-12;
    let root = 0.5f64.sqrt();
    // a(t) = a_end + sum of both modes; a_end = 3/7, b_end = 1/7, and both start at 0
    let modes = [2.0 + root, 2.0 - root].map(|l| {
        // eigenvector (1, 5 - 2 l) of [[5/2, -1/2], [-1/2, 3/2]]
        let v = [1.0, 5.0 - 2.0 * l];
        let share = -(3.0 / 7.0 * v[0] + 1.0 / 7.0 * v[1]) / (v[0] * v[0] + v[1] * v[1]);
        (l, share)
    });
    let off = |t: f64| modes.iter().map(|(l, share)| share * (-l * t / tau).exp()).sum::<f64>() / (3.0 / 7.0);
    let (mut low, mut high) = (0.0, 100.0 * tau);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if off(middle).abs() > 0.01 { low = middle } else { high = middle }
    }
    close(column(&report, 0, "final"), 3.0 / 7.0, 1e-9, "final");
    // half the edge late
    close(column(&report, 0, "t_settle"), low + 0.05e-12, 1e-4, "time to 1 %");
    assert_eq!(column(&report, 0, "overshoot"), 0.0);
}

/// delivered = dissipated + stored in every study that runs transients: states that move, selectors, floating lines, line
/// capacitances, pulses with rests.
#[test]
fn every_transient_closes_its_balance() {
    let memory = ".subckt cell wl bl x0=0.1\nN1 wl bl mem x0={x0}\nC1 wl bl 1e-16\n.ends\n\
                  .model mem vteam(ron=10k roff=1meg von=-0.3 voff=0.3 kon=-2e4 koff=2e4 alphaon=3 alphaoff=3 won=0 woff=1 window=biolek)\n";
    let selector = ".model sel sinh_selector(vr=0.7 ir=10u selectivity=1e3)\n.subckt cell wl bl r=10k\nN1 wl m sel\nR1 m bl {r}\n.ends\n";
    let states = "lrs=(x0=0.1) hrs=(x0=0.9)";
    let lines = "rwire=20 cwire=1e-15 rdriver=500";
    let cards = [
        format!("{selector}.settle cell lrs=(r=10k) hrs=(r=1meg) scheme=obpu,v2,float sizes=4 rpu=100k {lines}\n"),
        format!("{memory}.settle cell {states} scheme=obpu,v2 vread=0.1 sizes=4 edge=0.1n {lines}\n"),
        format!("{memory}.energy cell {states} scheme=v2,float rows=3 width=20n rest=5n {lines}\n"),
        format!("{memory}.disturb cell {states} rows=3 rwire=20 rdriver=500 direct=1,20 cycles=100\n"),
        format!(
            "{memory}.program cell lrs=(x0=0.02) hrs=(x0=0.98) rows=2 levels=4 spacing=resistance up=-0.4,-0.9 step=0.05 \
             width=50n rest=10n {lines}\n"
        ),
    ];
    for card in cards {
        let report = run(&card);
        assert!(report.trust.transients > 0, "{card}");
        assert!(report.trust.energy_error < 1e-6, "{:e}: {card}", report.trust.energy_error);
    }
}

/// Energies and the settling time of a 2 x 3 array with wires, flat in ngspice.
#[test]
fn transients_of_ngspice() {
    let (r, c, edge, width) = (100.0, 20e-15, 1e-9, 30e-9);
    let mut flat = String::from("flat\n.options reltol=1e-6 abstol=1e-15 vntol=1e-9 chgtol=1e-20\n");
    let wave = |v: f64| format!("pwl(0 0 {edge} {v} {} {v} {} 0)", edge + width, edge + width + edge);
    let sources = [("w0", 1.0), ("w1", 0.5), ("b0", 0.5), ("b1", 0.5), ("b2", 0.0)];
    for (name, v) in sources {
        let _ = writeln!(flat, "V{name} {name}s 0 {}\nR{name} {name}s {name} 1k", wave(v));
    }
    for i in 0..2 {
        for j in 0..3 {
            let left = if j == 0 { format!("w{i}") } else { format!("w{i}_{}", j - 1) };
            let below = if i == 1 { format!("b{j}") } else { format!("b{}_{j}", i + 1) };
            let _ = writeln!(flat, "Rw{i}{j} {left} w{i}_{j} {r}\nRb{i}{j} b{i}_{j} {below} {r}");
            let _ = writeln!(flat, "Cw{i}{j} w{i}_{j} 0 {c}\nCb{i}{j} b{i}_{j} 0 {c}\nRc{i}{j} w{i}_{j} b{i}_{j} 20k");
        }
    }
    let each = sources.map(|(n, _)| format!("v({n}s)*i(v{n})")).join("-");
    let drivers = sources.map(|(n, _)| format!("i(v{n})*i(v{n})*1k")).join("+");
    let end = width + 2.0 * edge;
    let _ = write!(
        flat,
        ".control\nset numdgt=10\ntran 5p {end} 0 5p\nlet p=-{each}\nlet d={drivers}\nmeas tran e integ p from=0 to={end}\n\
         meas tran f integ d from=0 to={end}\nmeas tran y find i(vb2) at={}\nlet q=i(vb2)/y-0.99\n\
         meas tran t when q=0 rise=last\n.endc\n.end\n",
        edge + width
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flat.cir");
    std::fs::write(&path, flat).unwrap();
    let output = Command::new("ngspice").arg("-b").arg(&path).output().expect("ngspice is installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = |name: &str| -> f64 {
        let line = text.lines().find(|l| l.trim_start().starts_with(name) && l.contains('='));
        let word = line.and_then(|l| l.split('=').nth(1)).and_then(|v| v.split_whitespace().next());
        word.and_then(|v| v.parse().ok()).unwrap_or_else(|| panic!("no {name} in:\n{text}"))
    };
    let words = "lrs=(r=20k) hrs=(r=1meg) scheme=v2 cols=3 rwire=100 cwire=20f rdriver=1k edge=1n";
    let energy = run(&format!("{RESISTOR}.energy cell {words} rows=2 width=30n state=lrs\n"));
    // trapezoids of 5 ps on a ramp of 1 ns: (5e-3)^2 / 2 of the energy of an edge
    close(column(&energy, 0, "delivered"), value("e "), 5e-5, "delivered");
    close(column(&energy, 0, "drivers"), value("f "), 5e-5, "drivers");
    let settle = run(&format!("{RESISTOR}.settle cell {words} sizes=2\n"));
    close(column(&settle, 0, "t_settle"), value("t "), 1e-3, "time to 1 %");
}
