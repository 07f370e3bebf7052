//! The 1S-1R cell (Kim et al., 2022) on the real analyses: multivalued DC, set and reset times.

mod circuits;

use approx::assert_relative_eq;
use circuits::{add, add_wave};
use sneakpath::circuit::{Circuit, CircuitBuilder};
use sneakpath::device::waveform::Waveform;
use sneakpath::plan::{Analysis, Plan, Signal, Sweep, SweepTarget, Tran};
use sneakpath::result::{Stats, Table};

/// Selector and memory of model F in series from `te` to ground, memory state `x0`.
fn cell(x0: f64, wave: Option<Waveform>) -> Circuit {
    let mut b = CircuitBuilder::new(300.15);
    match wave {
        Some(wave) => add_wave(&mut b, "v1", &["te", "0"], wave),
        None => add(&mut b, "v", "v1", &["te", "0"], &[("dc", 0.0)]),
    }
    let selector = [("goff", 2.86e-10), ("ron", 10.6e3), ("vth", 0.55), ("vhold", 0.05), ("w", 0.01), ("ts", 2e-9)];
    add(&mut b, "threshold", "s1", &["te", "mid"], &selector);
    let memory = [
        ("gh", 3.96e-9),
        ("gl", 2e-4),
        ("vref", 1.7),
        ("kp", 491.0),
        ("vp", 0.05),
        ("np", 1.0),
        ("kd", 1.01e5),
        ("vd", 0.35),
        ("nd", 2.35),
        ("va", 2.0),
        ("tau", 60e-6),
        ("x0", x0),
    ];
    add(&mut b, "conductance_memory", "m1", &["mid", "0"], &memory);
    b.finish()
}

fn run(circuit: &mut Circuit, analysis: &Analysis, reltol: f64) -> (Table, Stats) {
    let signals = vec![
        Signal::Current("s1".into()),
        Signal::Field("s1".into(), "s".into()),
        Signal::Field("m1".into(), "x".into()),
        Signal::Voltage("mid".into()),
    ];
    let mut plan = Plan { saved: signals.len(), signals, ..Plan::default() };
    plan.options.reltol = reltol;
    circuits::run(circuit, &plan, analysis)
}

fn sweep(values: &[f64]) -> Analysis {
    Analysis::Dc(vec![Sweep {
        label: "v1".into(),
        targets: vec![SweepTarget::Source("v1".into())],
        rows: values.iter().map(|v| vec![*v]).collect(),
    }])
}

/// Fit F of the cell: currents at 0.7 V and 0.35 V. From rest the selector of an LRS cell turns on at 0.7 V only.
#[test]
fn read_currents_are_those_of_the_table() {
    // x after the reference set pulse: series of 1/ron and G gives 1.0007e-5 A at 0.7 V
    let x = 0.0858;
    let up: Vec<f64> = (0..=70).map(|k| f64::from(k) * 0.01).collect();
    let (lrs, stats) = run(&mut cell(x, None), &sweep(&up), 1e-6);
    assert_relative_eq!(lrs.data[1][35], 1.001e-10, max_relative = 2e-3);
    assert_relative_eq!(lrs.data[1][50], 1.7e-10, max_relative = 0.05);
    assert!((lrs.data[1][70] - 1.0007e-5).abs() < 0.02e-5, "{}", lrs.data[1][70]);
    assert!(!stats.branches.is_empty(), "the snap is reported");
    // after -2.0 V for 300 us ngspice has x = 8.87e-7 and reads 1.0254e-9 A
    let (hrs, _) = run(&mut cell(8.87e-7, None), &sweep(&up), 1e-6);
    assert_relative_eq!(hrs.data[1][70], 1.0254e-9, max_relative = 1e-3);
}

/// Up and down: the cell holds on the way down below the voltage at which it turned on.
#[test]
fn the_dc_sweep_follows_the_hysteresis() {
    let mut values: Vec<f64> = (0..=70).map(|k| f64::from(k) * 0.01).collect();
    values.extend((0..70).rev().map(|k| f64::from(k) * 0.01));
    let (table, _) = run(&mut cell(0.0858, None), &sweep(&values), 1e-6);
    let at = |k: usize| table.data[1][k];
    assert!(at(50) < 1e-9, "off at 0.5 V on the way up: {}", at(50));
    assert!(at(140 - 50) > 1e-6, "on at 0.5 V on the way down: {}", at(140 - 50));
    assert!(at(140 - 2) < 1e-9, "off again at 20 mV: {}", at(140 - 2));
}

/// Fit F of the cell: 50 % of the 100 us current after 26.7 us at +2.0 V; end current 2.8744e-5 A.
#[test]
fn the_set_pulse_takes_27_microseconds() {
    let wave = Waveform::Pwl { points: vec![(0.0, 0.0), (10e-9, 2.0)], delay: 0.0, repeat: None };
    let tran = Tran { step: 1e-7, stop: 100e-6, start: 0.0, max_step: None, uic: false };
    let (table, stats) = run(&mut cell(0.0, Some(wave)), &Analysis::Tran(tran), 1e-4);
    let (t, i) = (&table.data[0], &table.data[1]);
    let end = i[i.len() - 1];
    assert_relative_eq!(end, 2.8744e-5, max_relative = 1e-2);
    let half = t.iter().zip(i).find(|(_, i)| **i >= 0.5 * end).map_or(0.0, |p| *p.0);
    assert_relative_eq!(half, 26.7e-6, max_relative = 2e-2);
    assert!(stats.points < 5000, "{stats:?}");
}
