//! `Card::equivalent` run by ngspice against implicit integration of `balance`.
//!
//! The subcircuits were written from the papers, the balances too, but apart from each other: agreement checks both.
//! Compared are the operating point, the charge that has flowed at every instant and the state. Charge instead of
//! current: a snap that two integrators place a picosecond apart is no difference.

use std::fmt::Write as _;
use std::process::Command;

use super::bench::{ENV, integrate, kind, numbers, single};
use sneakpath::device::{Card, Env, ParamKind, ParamValue, ParamValues};

/// A sine of this amplitude in V and period in s, over one period.
#[derive(Clone, Copy)]
struct Drive {
    amplitude: f64,
    period: f64,
}

struct Curve {
    time: Vec<f64>,
    current: Vec<f64>,
    state: Vec<f64>,
}

/// Charge that has flowed at every point, by the trapezoidal rule.
fn charge(c: &Curve) -> Vec<f64> {
    let mut sum = 0.0;
    let mut all = vec![0.0];
    for k in 1..c.time.len() {
        sum += 0.5 * (c.current[k] + c.current[k - 1]) * (c.time[k] - c.time[k - 1]);
        all.push(sum);
    }
    all
}

fn at(time: &[f64], values: &[f64], t: f64) -> f64 {
    let k = time.partition_point(|s| *s < t).clamp(1, time.len() - 1);
    let u = ((t - time[k - 1]) / (time[k] - time[k - 1])).clamp(0.0, 1.0);
    values[k - 1] + u * (values[k] - values[k - 1])
}

/// True when ngspice can be run; on a build machine it must.
pub fn ngspice_is_there() -> bool {
    let there = Command::new("ngspice").arg("--version").output().is_ok_and(|o| o.status.success());
    if !there {
        assert!(std::env::var_os("CI").is_none(), "ngspice is missing");
        eprintln!("NOT CHECKED: ngspice is not installed, device equivalents were not compared");
    }
    there
}

/// `.param` lines: numbers by name, words by their place in the list.
fn parameters(card: &Card, params: &ParamValues) -> String {
    let mut out = String::new();
    for p in card.params.iter().filter(|p| p.name != "m") {
        let value = match p.kind {
            ParamKind::Number => params.number(p.name),
            ParamKind::Word(words) => words.iter().position(|w| Some(*w) == params.word(p.name)).unwrap() as f64,
            ParamKind::Wave => continue,
        };
        writeln!(out, ".param {}={value:e}", p.name).unwrap();
    }
    out
}

/// Operating current at `volts`, and the transient.
fn ngspice(card: &Card, params: &ParamValues, volts: f64, drive: Drive) -> (f64, Curve) {
    let folder = tempfile::tempdir().unwrap();
    let state = card.internals.first().map_or("v(te)".to_string(), |i| format!("v(x1.{})", i.name));
    let Drive { amplitude, period } = drive;
    let deck = format!(
        "* {}\nv1 te 0 dc {volts} sin(0 {amplitude} {})\nx1 te 0 dut\n.subckt dut te be\n{}{}.ends\n\
         .options reltol=1e-5 abstol=1e-18 vntol=1e-10 trtol=1 method=gear\n.control\nset wr_singlescale\nset numdgt=15\n\
         op\nwrdata op.txt i(v1)\ntran {} {period} 0 {}\nwrdata tran.txt i(v1) {state}\n.endc\n.end\n",
        card.keywords[0],
        1.0 / period,
        parameters(card, params),
        card.equivalent,
        period / 2000.0,
        period / 2000.0,
    );
    std::fs::write(folder.path().join("deck.cir"), &deck).unwrap();
    let run = Command::new("ngspice").args(["-b", "deck.cir"]).current_dir(folder.path()).output().unwrap();
    let columns = |name: &str| -> Vec<Vec<f64>> {
        let text = std::fs::read_to_string(folder.path().join(name)).unwrap_or_else(|_| {
            panic!("{deck}\n{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr))
        });
        text.lines().map(|l| l.split_whitespace().map(|w| w.parse().unwrap()).collect()).collect()
    };
    let rows = columns("tran.txt");
    let column = |k: usize| rows.iter().map(|r| r[k]).collect::<Vec<f64>>();
    let curve = Curve { time: column(0), current: column(1).iter().map(|i| -i).collect(), state: column(2) };
    assert!((curve.time.last().unwrap() / period - 1.0).abs() < 1e-6, "ngspice stopped early:\n{deck}");
    (-columns("op.txt")[0][1], curve)
}

/// The same from `balance`.
fn balance(card: &Card, params: &ParamValues, volts: f64, drive: Drive, steps: usize) -> (f64, Curve) {
    let group = single(kind(card.keywords[0]), params).unwrap();
    let state = if card.internals.is_empty() { 0 } else { card.ports.len() };
    let env = Env { temperature: 300.15, ..ENV };
    let still = integrate(group.as_ref(), &|_| volts, 1.0, 0);
    let i = |x: &[f64]| super::bench::load(group.as_ref(), &env, x).f[0];
    let wave = |t: f64| drive.amplitude * (std::f64::consts::TAU * t / drive.period).sin();
    let points = integrate(group.as_ref(), &wave, drive.period, steps);
    let time = (0..=steps).map(|k| drive.period * k as f64 / steps as f64).collect();
    let curve = Curve {
        time,
        current: points.iter().map(|x| i(x)).collect(),
        state: points.iter().map(|x| x[state]).collect(),
    };
    (i(&still[0]), curve)
}

fn compare(keyword: &str, words: &[(&str, &str)], values: &[(&str, f64)], volts: f64, drive: Drive) {
    let card = kind(keyword).card();
    let mut given = numbers(values);
    given.extend(words.iter().map(|(n, w)| ((*n).to_string(), ParamValue::Word((*w).to_string()))));
    let params = ParamValues::check(card, &given).unwrap();
    let label = format!("{keyword} {words:?}");
    let (op, theirs) = ngspice(card, &params, volts, drive);
    let (still, coarse) = balance(card, &params, volts, drive, 10_000);
    let (_, fine) = balance(card, &params, volts, drive, 20_000);
    assert!((op / still - 1.0).abs() < 1e-5, "{label} operating point: ngspice {op}, balance {still}");
    let (q_coarse, q_fine, q_theirs) = (charge(&coarse), charge(&fine), charge(&theirs));
    let moved: f64 =
        fine.current.windows(2).map(|w| 0.5 * (w[0].abs() + w[1].abs())).sum::<f64>() * drive.period / 20_000.0;
    let range = 1e-300 + fine.state.iter().fold(f64::MIN, |a, b| a.max(*b))
        - fine.state.iter().fold(f64::MAX, |a, b| a.min(*b));
    let mut worst = (0.0f64, 0.0f64);
    for k in (0..=10_000).step_by(50) {
        let t = coarse.time[k];
        // implicit Euler errs in proportion to the step: extrapolate, and allow what the extrapolation moved
        let q = 2.0 * q_fine[2 * k] - q_coarse[k];
        let error = (at(&theirs.time, &q_theirs, t) - q).abs() / moved;
        let allowed = 1e-3 + (q_fine[2 * k] - q_coarse[k]).abs() / moved;
        worst.0 = worst.0.max(error / allowed);
        if card.internals.is_empty() {
            continue;
        }
        // the state averaged over the stretch between two samples, for the same reason as the charge
        let x = 2.0 * fine.state[2 * k] - coarse.state[k];
        let slack = (fine.state[2 * k] - coarse.state[k]).abs();
        let window = drive.period / 1000.0;
        let near = [t - window, t, t + window].map(|s| at(&theirs.time, &theirs.state, s.clamp(0.0, drive.period)));
        let (low, high) =
            (near.iter().copied().fold(f64::MAX, f64::min), near.iter().copied().fold(f64::MIN, f64::max));
        let error = (low - x).max(x - high).max(0.0) / range;
        worst.1 = worst.1.max(error / (1e-3 + slack / range));
    }
    assert!(worst.0 < 1.0 && worst.1 < 1.0, "{label}: charge {} state {} of what is allowed", worst.0, worst.1);
}

#[test]
fn linear_drift_with_every_window() {
    if !ngspice_is_there() {
        return;
    }
    for window in ["joglekar", "biolek", "prodromakis", "strukov", "bcm"] {
        let values = [("rinit", 11e3), ("p", 2.0)];
        compare("linear_drift", &[("window", window)], &values, 0.5, Drive { amplitude: 1.2, period: 1.0 });
    }
}

#[test]
fn vteam_with_every_window_and_both_laws() {
    if !ngspice_is_there() {
        return;
    }
    let values =
        [("x0", 0.5), ("alphaon", 1.0), ("kon", -5e-3), ("voff", 0.1), ("p", 1.0), ("aoff", 2e-9), ("aon", 1e-9)];
    for window in ["joglekar", "biolek", "prodromakis", "strukov", "bcm", "kvatinsky"] {
        compare("vteam", &[("window", window)], &values, 0.05, Drive { amplitude: 0.4, period: 2e-6 });
    }
    compare(
        "vteam",
        &[("law", "exponential"), ("window", "bcm")],
        &values,
        -0.5,
        Drive { amplitude: 0.4, period: 2e-6 },
    );
}

#[test]
fn team_with_every_window_and_both_laws() {
    if !ngspice_is_there() {
        return;
    }
    // currents of some 50 uA at 0.5 V, a travel within the period
    let values = [
        ("ron", 5e3),
        ("roff", 15e3),
        ("x0", 0.5),
        ("ion", -10e-6),
        ("ioff", 10e-6),
        ("alphaon", 1.0),
        ("alphaoff", 1.0),
        ("kon", -5e-4),
        ("koff", 5e-4),
        ("p", 1.0),
        ("aoff", 2e-9),
        ("aon", 1e-9),
        ("wc", 107e-12),
    ];
    for window in ["joglekar", "biolek", "prodromakis", "strukov", "bcm", "kvatinsky"] {
        compare("team", &[("window", window)], &values, 0.05, Drive { amplitude: 0.4, period: 2e-6 });
    }
    let law = [("law", "exponential"), ("window", "bcm")];
    compare("team", &law, &values, -0.3, Drive { amplitude: 0.4, period: 2e-6 });
}

#[test]
fn yakopcic_of_2013_and_2020() {
    if !ngspice_is_there() {
        return;
    }
    compare("yakopcic", &[], &[("x0", 0.11)], 0.3, Drive { amplitude: 0.45, period: 10e-3 });
    compare("yakopcic", &[], &[("x0", 0.8), ("eta", -1.0)], -0.3, Drive { amplitude: 0.45, period: 10e-3 });
    compare("yakopcic2020", &[], &[("x0", 0.02)], 1.0, Drive { amplitude: 3.0, period: 2.0 });
}

#[test]
fn bulk_drift_both_ways() {
    if !ngspice_is_there() {
        return;
    }
    let values = [("rh", 884.0), ("rl", 736.0), ("kp", 0.0118), ("vp", 1.2), ("ap", 6.888), ("kd", 0.0175)];
    let values: Vec<(&str, f64)> = values.into_iter().chain([("vd", 1.86), ("ad", 5.17), ("x0", 0.3)]).collect();
    compare("bulk_drift", &[], &values, 2.0, Drive { amplitude: 4.0, period: 4.0 });
}

#[test]
fn conductance_memory_of_the_three_fits() {
    if !ngspice_is_there() {
        return;
    }
    let d1 = [
        ("gh", 1.4e-3),
        ("gl", 3.483e-3),
        ("vref", 14.0),
        ("kp", 311.0),
        ("vp", 2.74),
        ("ap", 0.904),
        ("ep", 0.0835),
        ("kd", 612.0),
        ("vd", 4.82),
        ("ad", 1.375),
        ("ed", 0.046),
    ];
    compare("conductance_memory", &[], &d1, 3.0, Drive { amplitude: 14.0, period: 40e-3 });
    let e = 1.4e-3 / (3.554e-3 - 1.4e-3);
    let d2 = [
        ("gh", 1.4e-3),
        ("gl", 3.554e-3),
        ("vref", 14.0),
        ("va", 14.0),
        ("tau", 140e-6),
        ("kp", 3620.0 * (1.0 - 1.4 / 3.554f64).powi(5)),
        ("vp", 5.6),
        ("np", 1.0),
        ("bp", 2.0),
        ("ap", 5.0),
        ("ep", e),
        ("kd", 128.0 * 1.345),
        ("vd", 1e6),
        ("nd", 1.0 / 3.0),
        ("sd", 1.0),
        ("cd", 0.345),
    ];
    compare("conductance_memory", &[], &d2, -3.0, Drive { amplitude: 14.0, period: 40e-3 });
    let f = [
        ("gh", 3.96e-9),
        ("gl", 2e-4),
        ("vref", 1.7),
        ("va", 2.0),
        ("tau", 60e-6),
        ("kp", 491.0),
        ("vp", 0.05),
        ("np", 1.0),
        ("kd", 1.01e5),
        ("vd", 0.35),
        ("nd", 2.35),
    ];
    compare("conductance_memory", &[], &f, 0.7, Drive { amplitude: 1.6, period: 1e-3 });
}

#[test]
fn selectors() {
    if !ngspice_is_there() {
        return;
    }
    let f = [("goff", 2.86e-10), ("ron", 10.6e3), ("vth", 0.55), ("vhold", 0.05), ("w", 0.01), ("tau_on", 2e-9)];
    compare("threshold", &[], &f, 0.35, Drive { amplitude: 1.0, period: 1e-6 });
    let b1 = [
        ("is", 7.98e-12),
        ("v0", 0.1086),
        ("ron", 5e3),
        ("vth", 0.65),
        ("vhold", 0.02),
        ("w", 0.01),
        ("tau_on", 120e-9),
        ("tau_off", 40e-9),
    ];
    compare("threshold", &[], &b1, 0.35, Drive { amplitude: 1.0, period: 20e-6 });
    compare("sinh_selector", &[], &[], 0.7, Drive { amplitude: 1.0, period: 1e-6 });
    let selective = [("ir", 1e-5), ("vr", 1.2), ("selectivity", 1e4)];
    compare("sinh_selector", &[], &selective, -0.7, Drive { amplitude: 1.0, period: 1e-6 });
    compare("rectifier", &[], &[], 0.6, Drive { amplitude: 0.8, period: 1e-6 });
    compare("rectifier", &[], &[("is", 1.8e-5), ("vs", 1.22)], -2.0, Drive { amplitude: 3.0, period: 1e-6 });
}

/// Every memristor and selector has an equivalent: an array of any of them can be expanded.
#[test]
fn nothing_ngspice_lacks_is_without_an_equivalent() {
    for card in sneakpath::device::REGISTRY.iter().map(|k| k.card()) {
        let native = ["r", "short", "c", "l", "k", "v", "i", "e", "g", "f", "h", "s", "w", "d", "nmos", "pmos"];
        assert_eq!(card.equivalent.is_empty(), native.contains(&card.keywords[0]), "{}", card.keywords[0]);
    }
}
