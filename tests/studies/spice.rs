//! One case of each study on ngspice: the flat netlist is written here, by nothing of ours.

use std::fmt::Write as _;
use std::process::Command;

use super::{close, number, run};

/// Cell of both programs: a resistor and a sinh in parallel, as one behavioural source.
const CELL: &str = ".subckt cell wl bl r=10k\nB1 wl bl i={v(wl,bl)/(50*r) + sinh(4*v(wl,bl))/(r*sinh(4))}\n.ends\n";

/// The circuit of a 3 x 4 array, driven from the left and read at the bottom; `lrs` row-major.
fn flat(lrs: &[bool], r: f64, around: &str) -> String {
    let (rows, cols) = (3, 4);
    let mut out = format!("flat array\n.options reltol=1e-9 vntol=1e-12 abstol=1e-16 gmin=1e-18\n{around}");
    for i in 0..rows {
        for j in 0..cols {
            let before = if j == 0 { format!("w{i}") } else { format!("w{i}_{}", j - 1) };
            let below = if i + 1 == rows { format!("b{j}") } else { format!("b{}_{j}", i + 1) };
            let low = if lrs[i * cols + j] { 10e3 } else { 300e3 };
            let _ = writeln!(out, "Rw{i}_{j} {before} w{i}_{j} {r}\nRb{i}_{j} b{i}_{j}x {below}x {r}");
            let _ = writeln!(
                out,
                "B{i}_{j} w{i}_{j} b{i}_{j}x i=(v(w{i}_{j},b{i}_{j}x)/(50*{low}) + sinh(4*v(w{i}_{j},b{i}_{j}x))/({low}*sinh(4)))"
            );
        }
    }
    for j in 0..cols {
        let _ = writeln!(out, "Vj{j} b{j}x b{j} 0");
    }
    out
}

/// Values of `print` lines at the operating point.
pub fn ngspice(netlist: &str, wanted: &[String]) -> Vec<f64> {
    printed(netlist, "op", wanted)
}

/// The same at the end of a transient.
pub fn ngspice_tran(netlist: &str, times: &str, wanted: &[String]) -> Vec<f64> {
    let last: Vec<String> = wanted.iter().map(|name| format!("{name}[length({name})-1]")).collect();
    printed(netlist, &format!("tran {times}"), &last)
}

fn printed(netlist: &str, analysis: &str, wanted: &[String]) -> Vec<f64> {
    let prints: String = wanted.iter().fold(String::new(), |mut s, w| {
        let _ = writeln!(s, "print {w}");
        s
    });
    controlled(netlist, &format!("{analysis}\n{prints}"), wanted)
}

/// Values that the commands of a control block show as `name = value`.
pub fn controlled(netlist: &str, commands: &str, wanted: &[String]) -> Vec<f64> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flat.cir");
    std::fs::write(&path, format!("{netlist}.control\nset numdgt=12\n{commands}.endc\n.end\n")).unwrap();
    let output = Command::new("ngspice").arg("-b").arg(&path).output().expect("ngspice is installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = |name: &String| {
        let shown = |l: &&str| l.split('=').next().is_some_and(|head| head.trim() == name);
        let line = text.lines().find(shown)?;
        line.split('=').nth(1)?.split_whitespace().next()?.parse().ok()
    };
    let values: Option<Vec<f64>> = wanted.iter().map(value).collect();
    values.unwrap_or_else(|| panic!("ngspice said:\n{text}\n{}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn read_margin_with_wires() {
    let report = run(&format!(
        "{CELL}.margin cell lrs=(r=10k) hrs=(r=300k) rpu=8k scheme=obpu,v2 sizes=3 cols=4 rwire=20 pattern=checker\n"
    ));
    // the selected cell is the far corner (0, 3); even distance from it is LRS
    let state = |selected: bool| -> Vec<bool> {
        (0..12).map(|k| if k == 3 { selected } else { (k / 4 + 3 + k % 4) % 2 == 0 }).collect()
    };
    for lrs in [true, false] {
        let around = "Vw w0 0 0\nVp p 0 1\nRp p b3 8k\n";
        let found = ngspice(&flat(&state(lrs), 20.0, around), &["v(b3)".to_owned()]);
        let column = if lrs { "v_lrs" } else { "v_hrs" };
        close(number(&report, "obpu", 3, column), found[0], 1e-6, column);
        let around = "Vw w0 0 1\nVw1 w1 0 0.5\nVw2 w2 0 0.5\nVb0 b0 0 0.5\nVb1 b1 0 0.5\nVb2 b2 0 0.5\nVb3 b3 0 0\n";
        let found = ngspice(&flat(&state(lrs), 20.0, around), &["i(vb3)".to_owned()]);
        let column = if lrs { "i_lrs" } else { "i_hrs" };
        close(number(&report, "v2", 3, column), found[0], 1e-6, column);
    }
}

#[test]
fn maps_and_sneak_currents_with_wires() {
    let all = [true; 12];
    let report = run(&format!("{CELL}.map cell lrs=(r=10k) hrs=(r=300k) rows=3 cols=4 rwire=50\n"));
    let around = "Vw0 w0 0 1\nVw1 w1 0 1\nVw2 w2 0 1\nVb0 b0 0 0\nVb1 b1 0 0\nVb2 b2 0 0\nVb3 b3 0 0\n";
    let wanted: Vec<String> = (0..12).map(|k| format!("v(w{0}_{1},b{0}_{1}x)", k / 4, k % 4)).collect();
    let found = ngspice(&flat(&all, 50.0, around), &wanted);
    for k in 0..12 {
        close(report.maps[0].values[k], found[k], 1e-6, &wanted[k]);
    }
    let report = run(&format!("{CELL}.sneak cell lrs=(r=10k) hrs=(r=300k) rows=3 cols=4 rwire=50 state=lrs col=2\n"));
    let around = "Vw0 w0 0 1\nVb2 b2 0 0\n";
    let found = ngspice(&flat(&all, 50.0, around), &["i(vb2)".to_owned(), "v(w0_2,b0_2x)".to_owned()]);
    close(report.rows.rows[0][1].number(), found[0], 1e-6, "sensed current");
    close(report.rows.rows[0][4].number(), found[1], 1e-6, "cell voltage");
}
