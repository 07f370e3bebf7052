//! Waveforms, behavioural elements, controlled sources: values against their definitions.

use super::*;
use crate::device::{Env, Load, Mode};

/// The rows of a device's f at a solution where node k has `volts[k]`, in a transient at `time`.
fn rows(circuit: &Circuit, name: &str, time: f64, volts: &[(&str, f64)]) -> Vec<f64> {
    let (group, index) = device(circuit, name);
    let env = Env { time, temperature: circuit.temperature, gmin: 0.0, source_scale: 1.0, mode: Mode::Transient };
    let mut x = vec![0.0; circuit.unknowns.len()];
    for (unknown, value) in volts {
        let k = circuit.names.unknowns.iter().find(|(_, n)| n == unknown).map(|(k, _)| *k as usize);
        x[k.unwrap_or_else(|| panic!("{unknown} in {:?}", circuit.names.unknowns))] = *value;
    }
    let mut load = Load::default();
    group.load_values(&env, &x, &mut load);
    load.f[group.offset(index)..group.offset(index + 1)].to_vec()
}

/// e(t) of a voltage source whose plus is node `1`..`5` by its own digit: its branch row is s (v_p - v_n - e).
fn source_value(circuit: &Circuit, name: &str, time: f64) -> f64 {
    let plus = &name[1..];
    let zero = rows(circuit, name, time, &[])[2];
    let slope = rows(circuit, name, time, &[(plus, 1.0)])[2] - zero;
    -zero / slope
}

fn close(got: f64, expected: f64) {
    assert!((got - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{got}, not {expected}");
}

#[test]
fn waveforms_take_spice_defaults() {
    let circuit = built(
        ".param edge=1n vdd=1.2 width=5n total=20n\n\
         V1 1 0 PULSE 0V VDD 2n edge edge width total\nR1 1 0 1\n\
         V2 2 0 PULSE(0 1)\nR2 2 0 1\nV3 3 0 SIN(1 2)\nR3 3 0 1\nV4 4 0 EXP(0 1)\nR4 4 0 1\n\
         V5 5 0 PWL(0 0 10n 1) R=0\nR5 5 0 1\n.tran 1n 100n",
    )
    .circuit;
    for (time, level) in [(0.0, 0.0), (2.5e-9, 0.6), (5e-9, 1.2), (8.5e-9, 0.6), (15e-9, 0.0), (25e-9, 1.2)] {
        close(source_value(&circuit, "v1", time), level);
    }
    // edges of one print step, on until the end
    close(source_value(&circuit, "v2", 0.5e-9), 0.5);
    close(source_value(&circuit, "v2", 99e-9), 1.0);
    // one period over the whole transient
    close(source_value(&circuit, "v3", 25e-9), 3.0);
    // tau1 and td2 - td1 are one print step
    close(source_value(&circuit, "v4", 1e-9), 1.0 - (-1f64).exp());
    close(source_value(&circuit, "v5", 14e-9), 0.4);
}

#[test]
fn polynomials_follow_the_order_of_spice2() {
    let circuit = built(
        "V1 1 0 1\nV2 2 0 1\nG1 3 0 POLY(2) 1 0 2 0 1 10 100 1000 1e4 1e5 1e6\nR3 3 0 1\n\
         G2 4 0 POLY(1) 1 0 7\nR4 4 0 1\nG3 5 0 POLY(1) 1 0 1 2 3 4\nR5 5 0 1",
    )
    .circuit;
    let (a, b) = (2.0, 3.0);
    let at = |name: &str| rows(&circuit, name, 0.0, &[("1", a), ("2", b)])[0];
    // p0 + p1 a + p2 b + p3 a a + p4 a b + p5 b b + p6 a a a
    close(at("g1"), 1.0 + 10.0 * a + 100.0 * b + 1e3 * a * a + 1e4 * a * b + 1e5 * b * b + 1e6 * a * a * a);
    close(at("g2"), 7.0 * a);
    close(at("g3"), 1.0 + 2.0 * a + 3.0 * a * a + 4.0 * a * a * a);
}

#[test]
fn behavioural_elements_compute_what_they_say() {
    let circuit = built(
        ".func g(x,k) {k*x*abs(x)}\nV1 1 0 1\nB1 2 0 I={g(V(1),2)*(V(2)<=5)}\nR2 2 0 1\n\
         R3 3 0 R={1k*(1+V(1)^2)}\nV3 3 0 0\nG4 4 0 TABLE {V(1)} = (0,0) (1,1m) (2,4m)\nR4 4 0 1\n\
         B5 5 0 I={temper+time}\nR5 5 0 1\nB6 6 0 I={pwr(V(1),3)} m=2\nR6 6 0 1",
    )
    .circuit;
    let at = |name: &str, volts: &[(&str, f64)]| rows(&circuit, name, 2.0, volts)[0];
    close(at("b1", &[("1", -3.0)]), -18.0);
    close(at("b1", &[("1", -3.0), ("2", 6.0)]), 0.0);
    close(at("r3", &[("1", 2.0), ("3", 10.0)]), 10.0 / 5e3);
    close(at("g4", &[("1", 1.5)]), 2.5e-3);
    close(at("b5", &[]), 29.0);
    // signed in a behavioural source of ngspice, twice for two parallel copies
    close(at("b6", &[("1", -2.0)]), -16.0);
}

#[test]
fn long_sums_need_no_depth() {
    let terms: Vec<String> = (0..900).map(|k| format!("{k}*V(1)")).collect();
    let circuit = built(&format!("V1 1 0 1\nB1 2 0 I={{{}}}\nR2 2 0 1", terms.join("+"))).circuit;
    close(rows(&circuit, "b1", 0.0, &[("1", 1.0)])[0], 899.0 * 450.0);
}

#[test]
fn elements_may_hang_on_array_nodes() {
    let circuit = built(
        ".subckt cell wl bl\nR1 wl bl 1k\n.ends\n.xbar xb 2 2 CELL=cell(wl bl) RWL=1 RBL=1\n\
         Rleak xa.wl_1_1 0 1meg\nXa w[0:1] b[0:1] xb\nVw[0:1] w[0:1] 0 1\nVb[0:1] b[0:1] 0 0\n\
         B1 s 0 I={V(xa.wl_0_1)}\nRs s 0 1",
    )
    .circuit;
    let line = circuit.node("xa.wl_1_1").unwrap();
    let (group, index) = device(&circuit, "rleak");
    assert_eq!(group.locals()[group.offset(index)], line);
    let (group, index) = device(&circuit, "b1");
    let sensed = circuit.node("xa.wl_0_1").unwrap();
    assert!(group.locals()[group.offset(index)..group.offset(index + 1)].contains(&sensed));
}

#[test]
fn an_array_and_its_cell_may_share_a_name() {
    let circuit = built(
        ".subckt passive wl bl\nR1 wl bl 1k\n.ends\n.xbar PASSIVE 2 3 CELL=passive(wl bl)\n\
         Xa w[0:1] b[0:2] PASSIVE\nVw[0:1] w[0:1] 0 1\nVb[0:2] b[0:2] 0 0",
    )
    .circuit;
    assert_eq!((circuit.arrays[0].rows, circuit.arrays[0].cols), (2, 3));
}

#[test]
fn a_define_that_names_nothing_is_told() {
    let elaborator = Elaborator::new(deck(".param vread=1\nV1 1 0 {vread}\nR1 1 0 1"), vec![("vraed".into(), 2.0)]);
    let diagnostics = elaborator.build(&Overrides::default()).unwrap_or_else(|e| panic!("{e:?}")).diagnostics;
    let warning = diagnostics.iter().find(|d| d.code == "W-DEFINE").unwrap();
    assert_eq!(warning.help.as_deref(), Some("did you mean `vread`?"));
}
