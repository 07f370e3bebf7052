//! Analyses on small circuits built by hand, against exact formulas.

mod circuits;

use approx::assert_relative_eq;
use circuits::{add, add_wave, run};
use sneakpath::circuit::{Circuit, CircuitBuilder};
use sneakpath::device::waveform::Waveform;
use sneakpath::plan::{Analysis, Method, Plan, Signal, Sweep, SweepTarget, TfOutput, Tran};

fn plan(signals: &[Signal]) -> Plan {
    Plan { signals: signals.to_vec(), saved: signals.len(), ..Plan::default() }
}

fn v(node: &str) -> Signal {
    Signal::Voltage(node.to_string())
}

fn tran(step: f64, stop: f64, max_step: Option<f64>, uic: bool) -> Analysis {
    Analysis::Tran(Tran { step, stop, start: 0.0, max_step, uic })
}

/// Divider: exact, one Newton iteration.
#[test]
fn a_divider_takes_one_iteration() {
    let mut b = CircuitBuilder::new(300.15);
    add(&mut b, "v", "v1", &["in", "0"], &[("dc", 3.0)]);
    add(&mut b, "r", "r1", &["in", "out"], &[("r", 1e3)]);
    add(&mut b, "r", "r2", &["out", "0"], &[("r", 2e3)]);
    let mut circuit = b.finish();
    let plan = plan(&[v("out"), Signal::Current("v1".into()), Signal::Power("r2".into())]);
    let (table, stats) = run(&mut circuit, &plan, &Analysis::Op);
    assert_relative_eq!(table.data[0][0], 2.0, max_relative = 1e-14);
    assert_relative_eq!(table.data[1][0], -1e-3, max_relative = 1e-14);
    assert_relative_eq!(table.data[2][0], 2e-3, max_relative = 1e-14);
    assert_eq!(stats.newton, 1);
    assert!(stats.kcl_relative < 1e-14);
}

fn rc(uic: bool) -> Circuit {
    let mut b = CircuitBuilder::new(300.15);
    let wave = Waveform::Pwl { points: vec![(0.0, 0.0), (1e-9, 1.0)], delay: 0.0, repeat: None };
    if uic {
        add(&mut b, "v", "v1", &["in", "0"], &[("dc", 0.0)]);
    } else {
        add_wave(&mut b, "v1", &["in", "0"], wave);
    }
    add(&mut b, "r", "r1", &["in", "out"], &[("r", 1e3)]);
    let ic: &[(&str, f64)] = if uic { &[("c", 1e-9), ("ic", 1.0)] } else { &[("c", 1e-9)] };
    add(&mut b, "c", "c1", &["out", "0"], ic);
    b.finish()
}

/// v(out) after a 1 ns ramp into RC = 1 us: convolution of the ramp with the exponential.
fn ramp_response(t: f64) -> f64 {
    let (tau, edge) = (1e-6, 1e-9);
    let ramp = |t: f64| if t <= 0.0 { 0.0 } else { (t - tau * (-(-t / tau).exp_m1())) / edge };
    ramp(t) - ramp(t - edge)
}

#[test]
fn an_rc_step_follows_the_exponential_within_reltol() {
    for method in [Method::Trapezoidal, Method::Bdf2, Method::Euler] {
        let mut circuit = rc(false);
        let mut plan = plan(&[v("out"), Signal::Current("c1".into())]);
        plan.options.method = method;
        plan.options.reltol = 1e-4;
        plan.options.trtol = 1.0;
        plan.options.chgtol = 1e-16;
        let (table, stats) = run(&mut circuit, &plan, &tran(1e-7, 5e-6, Some(1e-6), false));
        let worst =
            table.data[0].iter().zip(&table.data[1]).map(|(t, v)| (v - ramp_response(*t)).abs()).fold(0.0, f64::max);
        // each step may err by reltol; errors of a decaying circuit never grow, so their sum bounds the whole
        let bound = 1e-4 * stats.points as f64;
        assert!(worst < bound, "{method:?}: {worst} in {} points", stats.points);
        // whatever the rule and its steps: rounding, and what Newton left of the currents
        assert!(stats.energy_error() < 1e-9, "{method:?}: {stats:?}");
        assert_relative_eq!(table.data[0].last().copied().unwrap_or(0.0), 5e-6, max_relative = 1e-12);
    }
}

/// Halving a fixed step divides the error by 2^order.
#[test]
fn each_rule_has_its_order() {
    for (method, order) in [(Method::Euler, 1), (Method::Bdf2, 2), (Method::Trapezoidal, 2)] {
        let error = |steps: f64| {
            let mut circuit = rc(true);
            let mut plan = plan(&[v("out")]);
            plan.options.method = method;
            // the cap alone decides the step
            plan.options.trtol = 1e9;
            let h = 1e-6 / steps;
            let (table, _) = run(&mut circuit, &plan, &tran(100.0 * h, 1e-6, Some(h), true));
            let last = table.points() - 1;
            (table.data[1][last] - (-1.0f64).exp()).abs()
        };
        let (coarse, fine) = (error(100.0), error(200.0));
        let measured = (coarse / fine).log2();
        assert!((measured - f64::from(order)).abs() < 0.15, "{method:?}: order {measured}");
    }
}

#[test]
fn initial_conditions_are_stored_at_time_zero() {
    let mut circuit = rc(true);
    let (table, _) = run(&mut circuit, &plan(&[v("out"), Signal::Current("r1".into())]), &tran(1e-8, 1e-6, None, true));
    assert_eq!(table.data[0][0], 0.0);
    assert_relative_eq!(table.data[1][0], 1.0, max_relative = 1e-9);
    assert_relative_eq!(table.data[2][0], -1e-3, max_relative = 1e-9);
}

/// A lossless LC tank keeps its energy under the trapezoidal rule and its period is 2 pi sqrt(LC).
#[test]
fn an_lc_tank_keeps_its_energy() {
    let mut b = CircuitBuilder::new(300.15);
    add(&mut b, "c", "c1", &["a", "0"], &[("c", 1e-9), ("ic", 1.0)]);
    add(&mut b, "l", "l1", &["a", "0"], &[("l", 1e-3)]);
    let mut circuit = b.finish();
    let mut plan = plan(&[v("a"), Signal::Current("l1".into())]);
    plan.options.reltol = 1e-6;
    plan.options.trtol = 1.0;
    plan.options.chgtol = 1e-18;
    let period = std::f64::consts::TAU * 1e-6;
    let (table, stats) = run(&mut circuit, &plan, &tran(period / 100.0, 5.0 * period, None, true));
    let last = table.points() - 1;
    let energy = 0.5e-9 * table.data[1][last].powi(2) + 0.5e-3 * table.data[2][last].powi(2);
    assert_relative_eq!(energy, 0.5e-9, max_relative = 1e-4);
    assert_relative_eq!(table.data[1][last], 1.0, max_relative = 1e-2);
    assert!((stats.stored).abs() < 1e-4 * 0.5e-9, "{stats:?}");
}

/// Series RLC step response, underdamped.
#[test]
fn an_rlc_step_rings_as_it_should() {
    let (r, l, c) = (100.0, 1e-3, 1e-9);
    let mut b = CircuitBuilder::new(300.15);
    add_wave(
        &mut b,
        "v1",
        &["in", "0"],
        Waveform::Pwl { points: vec![(0.0, 0.0), (1e-10, 1.0)], delay: 0.0, repeat: None },
    );
    add(&mut b, "r", "r1", &["in", "m"], &[("r", r)]);
    add(&mut b, "l", "l1", &["m", "out"], &[("l", l)]);
    add(&mut b, "c", "c1", &["out", "0"], &[("c", c)]);
    let mut circuit = b.finish();
    let mut plan = plan(&[v("out")]);
    plan.options.reltol = 1e-5;
    plan.options.trtol = 1.0;
    plan.options.chgtol = 1e-17;
    let (table, stats) = run(&mut circuit, &plan, &tran(1e-7, 3e-5, None, false));
    let (a, w0) = (r / (2.0 * l), 1.0 / f64::sqrt(l * c));
    let w = (w0 * w0 - a * a).sqrt();
    let exact = |t: f64| 1.0 - (-a * t).exp() * ((w * t).cos() + a / w * (w * t).sin());
    let worst = table.data[0]
        .iter()
        .zip(&table.data[1])
        .map(|(t, v)| (v - exact((t - 0.5e-10).max(0.0))).abs())
        .fold(0.0, f64::max);
    assert!(worst < 2e-3, "{worst}");
    assert!(stats.energy_error() < 1e-3, "{stats:?}");
}

/// V - I R = n vt ln(I/is + 1), solved by Newton in the test.
#[test]
fn a_diode_meets_its_load_line() {
    let mut b = CircuitBuilder::new(300.15);
    add(&mut b, "v", "v1", &["in", "0"], &[("dc", 5.0)]);
    add(&mut b, "r", "r1", &["in", "a"], &[("r", 1e3)]);
    add(&mut b, "d", "d1", &["a", "0"], &[("is", 1e-14)]);
    let mut circuit = b.finish();
    let mut plan = plan(&[v("a"), Signal::Current("v1".into())]);
    plan.options.reltol = 1e-9;
    plan.options.gmin = 0.0;
    let (table, _) = run(&mut circuit, &plan, &Analysis::Op);
    let vt = 1.380_649e-23 * 300.15 / 1.602_176_634e-19;
    let (va, i) = (table.data[0][0], -table.data[1][0]);
    assert_relative_eq!(i, (5.0 - va) / 1e3, max_relative = 1e-9);
    assert_relative_eq!(va, vt * (i / 1e-14 + 1.0).ln(), max_relative = 1e-7);
}

/// A ladder of equal resistors, 20 sections of R in series and R to ground: node voltages are ratios of Fibonacci numbers.
#[test]
fn a_resistor_ladder_counts_fibonacci() {
    let mut b = CircuitBuilder::new(300.15);
    add(&mut b, "v", "v1", &["n0", "0"], &[("dc", 1.0)]);
    for k in 0..20 {
        let (here, next) = (format!("n{k}"), format!("n{}", k + 1));
        add(&mut b, "r", &format!("rs{k}"), &[&here, &next], &[("r", 1e3)]);
        add(&mut b, "r", &format!("rp{k}"), &[&next, "0"], &[("r", 1e3)]);
    }
    let mut circuit = b.finish();
    let plan = plan(&[v("n1"), v("n20"), Signal::Current("v1".into())]);
    let (table, _) = run(&mut circuit, &plan, &Analysis::Op);
    // from the far end: voltages 1, 2, 5, 13, .. = F(2k+1) times the last one
    let mut fibonacci = vec![1.0f64, 1.0];
    while fibonacci.len() < 44 {
        fibonacci.push(fibonacci[fibonacci.len() - 1] + fibonacci[fibonacci.len() - 2]);
    }
    let at = |k: usize| fibonacci[2 * k];
    assert_relative_eq!(table.data[1][0], 1.0 / at(20), max_relative = 1e-13);
    assert_relative_eq!(table.data[0][0], at(19) / at(20), max_relative = 1e-13);
    assert_relative_eq!(-table.data[2][0], 1e-3 * (1.0 - at(19) / at(20)), max_relative = 1e-12);
}

/// `.tf` of a loaded divider driven by a voltage and by a current source.
#[test]
fn transfer_functions_are_those_of_the_divider() {
    let build = |source: &str| {
        let mut b = CircuitBuilder::new(300.15);
        add(&mut b, source, "s1", if source == "v" { &["in", "0"] } else { &["0", "in"] }, &[("dc", 2.0)]);
        add(&mut b, "r", "r1", &["in", "out"], &[("r", 1e3)]);
        add(&mut b, "r", "r2", &["out", "0"], &[("r", 3e3)]);
        b.finish()
    };
    let tf = Analysis::Tf { output: TfOutput::Voltage("out".into(), "0".into()), input: "s1".into() };
    let (table, _) = run(&mut build("v"), &plan(&[]), &tf);
    assert_relative_eq!(table.data[0][0], 0.75, max_relative = 1e-12);
    assert_relative_eq!(table.data[1][0], 750.0, max_relative = 1e-12);
    assert_relative_eq!(table.data[2][0], 4e3, max_relative = 1e-12);
    let (table, _) = run(&mut build("i"), &plan(&[]), &tf);
    assert_relative_eq!(table.data[0][0], 3e3, max_relative = 1e-12);
    assert_relative_eq!(table.data[1][0], 3e3, max_relative = 1e-12);
    assert_relative_eq!(table.data[2][0], 4e3, max_relative = 1e-12);
}

/// Nested sweeps: the first is the inner loop, every combination once.
#[test]
fn nested_sweeps_run_the_first_target_fastest() {
    let mut b = CircuitBuilder::new(300.15);
    add(&mut b, "v", "va", &["a", "0"], &[("dc", 0.0)]);
    add(&mut b, "v", "vb", &["b", "0"], &[("dc", 0.0)]);
    add(&mut b, "r", "r1", &["a", "m"], &[("r", 1e3)]);
    add(&mut b, "r", "r2", &["b", "m"], &[("r", 1e3)]);
    add(&mut b, "r", "r3", &["m", "0"], &[("r", 1e9)]);
    let mut circuit = b.finish();
    let sweep = |name: &str, values: &[f64]| Sweep {
        label: name.into(),
        targets: vec![SweepTarget::Source(name.into())],
        rows: values.iter().map(|v| vec![*v]).collect(),
    };
    let dc = Analysis::Dc(vec![sweep("va", &[0.0, 1.0, 2.0]), sweep("vb", &[0.0, 10.0])]);
    let (table, stats) = run(&mut circuit, &plan(&[v("m")]), &dc);
    assert_eq!(stats.points, 6);
    assert_eq!(table.data[0], [0.0, 1.0, 2.0, 0.0, 1.0, 2.0]);
    // the sources are back at the deck's values
    let (after, _) = run(&mut circuit, &plan(&[v("m")]), &Analysis::Op);
    assert!(after.data[0][0].abs() < 1e-12, "{after:?}");
    for (k, expected) in [0.0, 0.5, 1.0, 5.0, 5.5, 6.0].iter().enumerate() {
        assert!((table.data[1][k] - expected).abs() < 1e-5, "{:?}", table.data[1]);
    }
}
