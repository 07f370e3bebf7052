//! Arrays: what an `.xbar` becomes, its names, its mistakes.

mod numbers;

use std::fmt::Write;
use std::path::Path;

use sneakpath::circuit::array::{FaultKind, Line};
use sneakpath::circuit::{Circuit, DeviceRef};
use sneakpath::device::group::GROUND;
use sneakpath::device::{Env, Mode};
use sneakpath::diag::Diagnostic;
use sneakpath::elaborate::{Elaborated, Elaborator};
use sneakpath::netlist::{ReadOptions, parse_text};
use sneakpath::plan::Overrides;

/// Elaborates a text that stands in `folder`.
fn elaborate_in(folder: &Path, text: &str) -> Result<Elaborated, Vec<Diagnostic>> {
    let name = folder.join("deck.cir").display().to_string();
    let (deck, notes) = parse_text(&name, text, &ReadOptions::default());
    let errors: Vec<Diagnostic> =
        notes.into_iter().filter(|d| d.severity == sneakpath::diag::Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    Elaborator::new(deck, Vec::new()).build(&Overrides::default())
}

fn elaborate(text: &str) -> Elaborated {
    elaborate_in(Path::new("."), text).unwrap_or_else(|e| panic!("{e:#?}"))
}

/// The errors of a text that must have some.
fn errors(text: &str) -> Vec<(String, String)> {
    errors_in(Path::new("."), text)
}

fn errors_in(folder: &Path, text: &str) -> Vec<(String, String)> {
    let diagnostics = elaborate_in(folder, text).err().expect("the deck is wrong");
    let errors = diagnostics.into_iter().filter(|d| d.severity == sneakpath::diag::Severity::Error);
    errors.map(|d| (d.code.to_string(), format!("{} | {}", d.message, d.help.unwrap_or_default()))).collect()
}

/// Kind and `(port unknowns)` of a device.
fn ports(circuit: &Circuit, device: DeviceRef) -> (String, Vec<u32>) {
    let group = &circuit.groups[device.group];
    let start = group.offset(device.index);
    let ports = group.card().ports.len();
    (group.card().keywords[0].to_string(), group.locals()[start..start + ports].to_vec())
}

/// The first operating value called `name` of a device at x = 0 with 1 V on its first port.
fn output(circuit: &Circuit, device: DeviceRef, name: &str) -> f64 {
    let group = &circuit.groups[device.group];
    let mut x = vec![0.0; circuit.unknowns.len()];
    if let Some(slot) = x.get_mut(group.locals()[group.offset(device.index)] as usize) {
        *slot = 1.0;
    }
    let env = Env { time: 0.0, temperature: 300.15, gmin: 0.0, source_scale: 1.0, mode: Mode::Dc };
    let k = group.card().outputs.iter().position(|(n, _)| *n == name).expect("output");
    // a resistance is given back as 1 / (1 / r): round what two divisions may have added
    let value = group.outputs(device.index, &env, &x)[k];
    if value == 0.0 { value } else { (value * 1e9).round() / 1e9 }
}

const CELL: &str = ".subckt cell a b r=1k\nR1 a mid {r}\nR2 mid b 1\n.ends\n";

fn deck(xbar: &str, lines: &str) -> String {
    format!("test\n{CELL}.xbar XB {xbar}\n{lines}\n.op\n")
}

const DRIVE: &str = "Xa W[0:1] B[0:2] XB\nVw[0:1] W[0:1] 0 1\nVb[0:2] B[0:2] 0 0\n";

#[test]
fn wires_have_a_segment_before_every_cell_and_to_the_sense_side() {
    let e = elaborate(&deck("2 3 CELL=cell(wl bl) RWL=2 RBL=3 RWLT=10 CWL=1f", DRIVE));
    let c = &e.circuit;
    let a = &c.arrays[0];
    assert_eq!((a.rows, a.cols), (2, 3));
    // word line 1: w_1 -[12]- (1,0) -[2]- (1,1) -[2]- (1,2)
    let node = |name: &str| c.node(name).unwrap_or_else(|| panic!("{name}"));
    let wire = |name: &str| {
        let device = c.find_device(name).unwrap_or_else(|| panic!("{name}"));
        let (kind, ports) = ports(c, device);
        assert_eq!(kind, "r");
        (ports, output(c, device, "r"))
    };
    assert_eq!(wire("xa.rwl_1_0"), (vec![node("w_1"), node("xa.wl_1_0")], 12.0));
    assert_eq!(wire("xa.rwl_1_1"), (vec![node("xa.wl_1_0"), node("xa.wl_1_1")], 2.0));
    assert_eq!(wire("xa.rwl_1_2"), (vec![node("xa.wl_1_1"), node("xa.wl_1_2")], 2.0));
    assert_eq!(c.find_device("xa.rwl_1_3"), None, "the right end is not brought out");
    // bit line 2: (0,2) -[3]- (1,2) -[3]- b_2, sensed at the bottom
    assert_eq!(c.find_device("xa.rbl_0_2"), None);
    assert_eq!(wire("xa.rbl_1_2"), (vec![node("xa.bl_0_2"), node("xa.bl_1_2")], 3.0));
    assert_eq!(wire("xa.rbl_2_2").1, 3.0);
    let (_, ends) = ports(c, c.find_device("xa.rbl_2_2").unwrap());
    assert!(ends.contains(&node("b_2")) && ends.contains(&node("xa.bl_1_2")));
    let (kind, ends) = ports(c, c.find_device("xa.cwl_1_1").unwrap());
    assert_eq!((kind.as_str(), ends), ("c", vec![node("xa.wl_1_1"), GROUND]));
    // counts: 2*3 word-line segments, 3*2 bit-line segments, 2 resistors per cell
    let resistors: usize = c.groups.iter().filter(|g| g.card().keywords[0] == "r").map(|g| g.len()).sum();
    assert_eq!(resistors, 6 + 6 + 12);
}

#[test]
fn no_resistance_merges_nodes() {
    let e = elaborate(&deck("2 3 CELL=cell(wl bl)", DRIVE));
    let c = &e.circuit;
    assert_eq!(c.node("xa.wl_1_2"), c.node("w_1"));
    assert_eq!(c.node("xa.bl_0_2"), c.node("b_2"));
    // 5 pins, 6 mids, 5 source currents
    assert_eq!(c.unknowns.len(), 5 + 6 + 5);
    let both = deck(
        "2 3 CELL=cell(wl bl) WLSIDE=both",
        "Xa W[0:1] E[0:1] B[0:2] XB\nVw[0:1] W[0:1] 0 1\nVb[0:2] B[0:2] 0 0\nRe[0:1] E[0:1] 0 1k\n",
    );
    let e = elaborate(&both);
    let (kind, ends) = ports(&e.circuit, e.circuit.find_device("xa.rwl_1_3").unwrap());
    assert_eq!(kind, "short", "two pins on one ideal line are joined by a short");
    assert_eq!(ends, vec![e.circuit.node("w_1").unwrap(), e.circuit.node("e_1").unwrap()]);
}

#[test]
fn names_are_views_with_aliases_and_patterns() {
    let e = elaborate(&deck(
        "2 3 CELL=cell(wl bl) RWL=1 RBL=1 BASE=1",
        "Xa W[1:2] B[1:3] XB\nVw[1:2] W[1:2] 0 1\nVb[1:3] B[1:3] 0 0\n",
    ));
    let c = &e.circuit;
    assert_eq!(c.node("xa.wl_0_1"), None, "indices count from 1");
    assert_eq!(c.node("xa.wl[1,2]"), c.node("xa.wl_1_2"));
    assert_eq!(c.node("Xa.BL[2][3]"), c.node("xa.bl_2_3"));
    let mid = c.node("xa.c_2_3.mid").unwrap();
    assert_eq!(c.unknown_name(mid), "xa.c_2_3.mid");
    assert_eq!(c.unknown_signal(mid), "v(xa.c_2_3.mid)");
    assert_eq!(c.unknown_name(c.node("xa.bl_2_3").unwrap()), "xa.bl_2_3");
    let r1 = c.find_device("xa.c[2,3].r1").unwrap();
    assert_eq!(c.device_name(r1), "xa.c_2_3.r1");
    assert_eq!(c.device_name(c.find_device("xa.rwl_2_2").unwrap()), "xa.rwl_2_2");
    let (_, ends) = ports(c, r1);
    assert_eq!(ends, vec![c.node("xa.wl_2_3").unwrap(), mid]);
    assert_eq!(c.find_cells("xa.c_*").len(), 6);
    let cells: Vec<_> = c.find_cells("xa.c[2,1:2]").iter().map(|k| (k.row, k.col)).collect();
    assert_eq!(cells, [(1, 0), (1, 1)]);
    assert_eq!(c.match_nodes("xa.wl_*").len(), 6);
    assert_eq!(c.match_nodes("xa.c_1_*.mid").len(), 3);
    assert_eq!(c.match_devices("xa.c_*.r2").len(), 6);
    let node = c.match_nodes("w_*");
    assert_eq!(node.iter().map(|n| n.0.as_str()).collect::<Vec<_>>(), ["w_1", "w_2"]);
}

#[test]
fn per_cell_values_from_files_reach_their_cell() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("r.csv"), "c0,c1,c2\n1,2,3\n4,5,6\n").unwrap();
    let text = deck("2 3 CELL=cell(wl bl) RWL=1 r=FILE(\"r.csv\" SCALE=1e3 OFFSET=10)", DRIVE);
    let e = elaborate_in(dir.path(), &text).unwrap_or_else(|e| panic!("{e:#?}"));
    let value = |name: &str| output(&e.circuit, e.circuit.find_device(name).unwrap(), "r");
    assert_eq!(value("xa.c_0_0.r1"), 1010.0);
    assert_eq!(value("xa.c_1_2.r1"), 6010.0);
    assert_eq!(value("xa.c_1_0.r1"), 4010.0);
    assert_eq!(value("xa.c_1_2.r2"), 1.0);
    // runs stay contiguous and row-major
    let run = e.circuit.arrays[0].cell_device("r1").unwrap();
    assert_eq!(run.at(5), e.circuit.find_device("xa.c_1_2.r1").unwrap());
    // the same through the transpose
    std::fs::write(dir.path().join("t.csv"), "1,4\n2,5\n3,6\n").unwrap();
    let text = deck("2 3 CELL=cell(wl bl) RWL=1 r=FILE(\"t.csv\" SCALE=1e3 OFFSET=10 TRANSPOSE)", DRIVE);
    let t = elaborate_in(dir.path(), &text).unwrap_or_else(|e| panic!("{e:#?}"));
    assert_eq!(output(&t.circuit, t.circuit.find_device("xa.c_1_2.r1").unwrap(), "r"), 6010.0);
    // an instance overrides its definition
    let text = deck("2 3 CELL=cell(wl bl) r=FILE(\"r.csv\")", &DRIVE.replace("XB\n", "XB r=7\n"));
    let o = elaborate_in(dir.path(), &text).unwrap_or_else(|e| panic!("{e:#?}"));
    assert_eq!(output(&o.circuit, o.circuit.find_device("xa.c_1_2.r1").unwrap(), "r"), 7.0);
}

#[test]
fn nested_and_behavioural_cells_are_evaluated_per_cell_too() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("g.csv"), "1 2 3\n4 5 6\n").unwrap();
    let text = "test\n.subckt inner p n g=1\nR9 p n {1/g}\n.ends\n\
        .subckt cell a b g=1\nX1 a mid inner g={2*g}\nB1 mid b I={g*1e-3*v(mid,b)}\n.ends\n\
        .xbar XB 2 3 CELL=cell(wl bl) RWL=1 g=FILE(\"g.csv\")\n";
    let e = elaborate_in(dir.path(), &format!("{text}{DRIVE}.op\n")).unwrap_or_else(|e| panic!("{e:#?}"));
    let c = &e.circuit;
    let value = |name: &str| output(c, c.find_device(name).unwrap(), "r");
    assert_eq!(value("xa.c_0_0.x1.r9"), 0.5);
    assert!((value("xa.c_1_2.x1.r9") - 1.0 / 12.0).abs() < 1e-9);
    // the behavioural current of cell (1,2) at 1 V across it: 6 mA
    let b1 = c.find_device("xa.c_1_2.b1").expect("behavioural element of a cell");
    let group = &c.groups[b1.group];
    let mut x = vec![0.0; c.unknowns.len()];
    x[c.node("xa.c_1_2.mid").unwrap() as usize] = 1.0;
    let env = Env { time: 0.0, temperature: 300.15, gmin: 0.0, source_scale: 1.0, mode: Mode::Dc };
    let mut load = sneakpath::device::Load::default();
    group.load_values(&env, &x, &mut load);
    assert!((load.f[group.offset(b1.index)] - 6e-3).abs() < 1e-15, "{}", load.f[group.offset(b1.index)]);
}

#[test]
fn values_pass_through_instances_parameters_functions_and_conditions() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("r.csv"), "1k,2k,3k\n4k,5k,6k\n").unwrap();
    let text = "test\n.func twice(x) {2*x}\n.param bias=7\n\
        .subckt part p n a=1 s=3\n.param b={a+bias} c={b*s}\nR1 p n {twice(c)}\n.ends\n\
        .subckt cell wl bl r=1k k=1\nX1 wl mid part a={r/10} s={r > 3500 ? 2 : 3}\nR2 mid bl {k*r}\n\
        N1 wl bl mem x0={r/10k}\n.model mem conductance_memory(gh=1u gl={1/r})\n.ends\n\
        .xbar XB 2 3 CELL=cell(wl bl) RWL=1 RBL=1 r=FILE(\"r.csv\") k=5\n\
        Xa W[0:1] B[0:2] XB\nVw[0:1] W[0:1] 0 1\nVb[0:2] B[0:2] 0 0\n.op\n";
    let e = elaborate_in(dir.path(), text).unwrap_or_else(|e| panic!("{e:#?}"));
    let value = |name: String, field| output(&e.circuit, e.circuit.find_device(&name).expect("device"), field);
    let mut started = vec![0.0; e.circuit.unknowns.len()];
    e.circuit.groups.iter().for_each(|group| group.start(&mut started, false));
    for cell in 0..6 {
        let r = 1000.0 * (cell + 1) as f64;
        let name = format!("xa.c_{}_{}", cell / 3, cell % 3);
        let scale = if r > 3500.0 { 2.0 } else { 3.0 };
        assert!((value(format!("{name}.x1.r1"), "r") - 2.0 * (r / 10.0 + 7.0) * scale).abs() < 1e-6, "{name}");
        assert!((value(format!("{name}.r2"), "r") - 5.0 * r).abs() < 1e-6, "{name}");
        let memory = e.circuit.find_device(&format!("{name}.n1")).expect("device");
        let group = &e.circuit.groups[memory.group];
        let state = group.locals()[group.offset(memory.index) + 2];
        assert!((started[state as usize] - r / 10e3).abs() < 1e-12, "{name}");
    }
    // the mistake of one cell is told with its place
    let wrong = text.replace("x0={r/10k}", "x0={r/5.5k}");
    let errors = errors_in(dir.path(), &wrong);
    assert!(errors.len() == 1 && errors[0].0 == "E-RANGE" && errors[0].1.contains("xa.c_1_2"), "{errors:?}");
}

#[test]
fn faults_take_cells_out_and_put_resistors_in() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("f.csv"), "0,0,sa1\n0,1,open\n0,2,short\n1,0,stuck,5k\n1,1,wlopen\n").unwrap();
    let text = deck("2 3 CELL=cell(wl bl) RWL=1 RBL=1 RSA1=2k FAULTS=FILE(\"f.csv\")", DRIVE);
    let e = elaborate_in(dir.path(), &text).unwrap_or_else(|e| panic!("{e:#?}"));
    let c = &e.circuit;
    let a = &c.arrays[0];
    let r1 = |name: &str| ports(c, c.find_device(name).unwrap()).1[0];
    assert_eq!(r1("xa.c_0_0.r1"), GROUND, "a replaced cell is out of the array");
    assert_eq!(r1("xa.c_0_1.r1"), GROUND);
    assert_eq!(Some(r1("xa.c_0_2.r1")), c.node("xa.wl_0_2"), "a shorted cell stays");
    let fault = |name: &str| {
        let device = c.find_device(name).unwrap();
        (ports(c, device).1, output(c, device, "r"))
    };
    let between = |i, j| vec![c.node(&format!("xa.wl_{i}_{j}")).unwrap(), c.node(&format!("xa.bl_{i}_{j}")).unwrap()];
    assert_eq!(fault("xa.rf_0_0"), (between(0, 0), 2e3));
    assert_eq!(fault("xa.rf_0_2"), (between(0, 2), 1.0));
    assert_eq!(fault("xa.rf_1_0"), (between(1, 0), 5e3));
    assert_eq!(c.find_device("xa.rf_0_1"), None);
    assert_eq!(a.fault(1).map(|f| f.kind), Some(FaultKind::Open));
    let (_, broken) = ports(c, c.find_device("xa.rwl_1_1").unwrap());
    assert_eq!(broken[0], broken[1], "a broken segment conducts nothing");
    assert!(a.wires(Line::Word).unwrap().is_broken(1, 1));
}

#[test]
fn random_stuck_cells_follow_the_seed() {
    let stuck = |seed: u32| {
        let text = format!(
            "{}.options seed={seed}\n",
            deck(
                "8 8 CELL=cell(wl bl) RWL=1 RBL=1 SA0=0.2 SA1=0.1",
                "Xa W[0:7] B[0:7] XB\nVw[0:7] W[0:7] 0 1\nVb[0:7] B[0:7] 0 0\n"
            )
        );
        elaborate(&text).circuit.arrays[0].faults.iter().map(|f| (f.cell, f.kind)).collect::<Vec<_>>()
    };
    let (a, b, other) = (stuck(1), stuck(1), stuck(2));
    assert_eq!(a, b);
    assert_ne!(a, other);
    // binomial(64, 0.3): mean 19.2, standard deviation 3.7; five of them either way
    assert!((1..=38).contains(&a.len()), "{}", a.len());
}

#[test]
fn source_and_gate_lines() {
    let text = "test\n.subckt t1r1 d g s\nR1 d s 1k\nG1 d s g 0 1m\n.ends\n\
        .xbar XB 2 3 CELL=t1r1(bl gl wl) RWL=1 RBL=1 RGL=5 CGL=1f\n\
        Xa W[0:1] B[0:2] G[0:1] XB\nVw[0:1] W[0:1] 0 1\nVb[0:2] B[0:2] 0 0\nVg[0:1] G[0:1] 0 1\n.op\n";
    let e = elaborate(text);
    let c = &e.circuit;
    let a = &c.arrays[0];
    assert!(a.gl.is_some() && a.sl.is_none());
    let (_, ends) = ports(c, c.find_device("xa.rgl_1_1").unwrap());
    assert_eq!(ends, vec![c.node("xa.gl_1_0").unwrap(), c.node("xa.gl_1_1").unwrap()]);
    let (_, g1) = ports(c, c.find_device("xa.c_1_2.g1").unwrap());
    assert_eq!(g1[2], c.node("xa.gl_1_2").unwrap());
    assert_eq!(a.cell_device("r1").unwrap().wl_port, Some(1));
}

#[test]
fn two_arrays_share_rows_and_nets() {
    let text = deck(
        "2 3 CELL=cell(wl bl) RWL=1 RBL=1",
        "Xp W[0:1] P[0:2] XB r=1k\nXn W[0:1] N[0:2] XB r=2k\nVw[0:1] W[0:1] 0 1\nVp[0:2] P[0:2] 0 0\nVn[0:2] N[0:2] 0 0\n",
    );
    let e = elaborate(&text);
    assert_eq!(e.circuit.arrays.len(), 2);
    let value = |name: &str| output(&e.circuit, e.circuit.find_device(name).unwrap(), "r");
    assert_eq!((value("xp.c_1_1.r1"), value("xn.c_1_1.r1")), (1e3, 2e3));
}

#[test]
fn an_array_inside_a_subcircuit() {
    let text = format!(
        "test\n{CELL}.subckt tile w0 w1 b0 b1 rw=3\n.xbar XB 2 2 CELL=cell(wl bl) RWL={{rw}}\nXa w0 w1 b0 b1 XB\n.ends\n\
         X1 a b c 0 tile rw=4\nV1 a 0 1\nV2 b 0 1\nV3 c 0 0\n.op\n"
    );
    let e = elaborate(&text);
    let c = &e.circuit;
    assert_eq!(output(c, c.find_device("x1.xa.rwl_0_0").unwrap(), "r"), 4.0);
    assert_eq!(c.node("x1.xa.bl_1_1"), Some(GROUND));
    assert!(c.node("x1.xa.c_1_1.mid").is_some());
}

#[test]
fn undriven_ends_are_noted_once_as_a_range() {
    let text = deck("4 3 CELL=cell(wl bl) RWL=1 RBL=1", "Xa W[0:3] B[0:2] XB\nVw W_0 0 1\nVb[0:2] B[0:2] 0 0\n");
    let e = elaborate(&text);
    let notes: Vec<&Diagnostic> = e.diagnostics.iter().filter(|d| d.code == "N-LINE-END").collect();
    assert_eq!(notes.len(), 1, "{:#?}", e.diagnostics);
    assert!(notes[0].message.contains("`w_1` .. `w_3`"), "{}", notes[0].message);
    assert!(!e.diagnostics.iter().any(|d| d.code == "W-DANGLING"), "{:#?}", e.diagnostics);
    let strict = errors(&format!("{text}.options strict\n"));
    assert!(strict.iter().any(|(code, _)| code == "E-LINE-END"), "{strict:#?}");
}

#[test]
fn every_mistake_has_a_message() {
    let one = |xbar: &str, lines: &str| {
        let found = errors(&deck(xbar, lines));
        found.first().cloned().unwrap_or_default()
    };
    let check = |(code, text): (String, String), wanted: &str, parts: &[&str]| {
        assert_eq!(code, wanted, "{text}");
        for part in parts {
            assert!(text.contains(part), "`{part}` is not in: {text}");
        }
    };
    check(
        one("2 3 CELL=cell(wl bl)", "Xa W[0:1] B[0:1] XB\nV1 W_0 0 1\n"),
        "E-PINS",
        &["gives 4 nodes", "5 pins", "2 wl(left), 3 bl(bottom)"],
    );
    check(one("2 3 CELL=sell(wl bl)", DRIVE), "E-SUBCKT", &["`sell`", "did you mean `cell`"]);
    check(one("2 3 CELL=cell(wl bl sl)", DRIVE), "E-ROLE", &["names 3 roles", "2 pins", "a b"]);
    check(one("2 3 CELL=cell(wl 0)", DRIVE), "E-ROLE", &["role bl"]);
    check(one("0 3 CELL=cell(wl bl)", DRIVE), "E-SIZE", &["rows is 0"]);
    check(one("2.5 3 CELL=cell(wl bl)", DRIVE), "E-SIZE", &["2.5"]);
    check(one("2 3 CELL=cell(wl bl) RWL=-1", DRIVE), "E-RANGE", &["RWL = -1 is negative"]);
    check(one("2 3 CELL=cell(wl bl) WLSIDE=lefft", DRIVE), "E-SIDE", &["lefft", "did you mean `left`"]);
    check(one("2 3 CELL=cell(wl bl) BASE=2", DRIVE), "E-RANGE", &["BASE = 2"]);
    check(one("2 3 CELL=cell(wl bl) ron=1k", DRIVE), "E-PARAM", &["`ron`"]);
    check(one("2 3 CELL=cell(wl bl) SA0=0.7 SA1=0.6", DRIVE), "E-RANGE", &["more than 1"]);
    check(one("2 3 CELL=cell(wl bl) r=FILE(\"nowhere.npy\")", DRIVE), "E-FILE", &["nowhere.npy"]);
    check(one("2 3 CELL=cell(wl bl) r=nope", DRIVE), "E-PARAM", &["`nope` is not defined"]);
    check(one("2 3 CELL=cell(wl bl)", &format!("{DRIVE}Xa W[0:1] B[0:2] XB\n")), "E-DUPLICATE", &["`xa`"]);
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("r.csv"), "1,2\n3,4\n").unwrap();
    std::fs::write(dir.path().join("n.csv"), "1,2,3\n4,nan,6\n").unwrap();
    std::fs::write(dir.path().join("z.csv"), "1,2,3\n4,-5,6\n").unwrap();
    std::fs::write(dir.path().join("f.csv"), "0,0,sa9\n9,0,open\n").unwrap();
    let with = |file: &str| errors_in(dir.path(), &deck(&format!("2 3 CELL=cell(wl bl) {file}"), DRIVE));
    check(with("r=FILE(\"r.csv\")")[0].clone(), "E-FILE", &["2 x 2", "2 x 3"]);
    check(with("r=FILE(\"n.csv\")")[0].clone(), "E-FILE", &["row 1, column 1"]);
    check(with("r=FILE(\"z.csv\")")[0].clone(), "E-RANGE", &["`xa.c_1_1.", "has -5 ohm"]);
    let faults = with("FAULTS=FILE(\"f.csv\")");
    assert_eq!(faults.len(), 2, "{faults:#?}");
    check(faults[0].clone(), "E-FAULTS", &["line 1", "sa9"]);
    check(faults[1].clone(), "E-FAULTS", &["line 2", "row `9` is outside 0..1"]);
}

/// Nothing of an array that no machine holds is made: sizes and memory are compared first.
#[test]
fn arrays_beyond_the_machine_are_refused() {
    let drive = |n: usize| format!("Xa W[0:{0}] B[0:{0}] XB\nVw W_0 0 1\n", n - 1);
    let found = errors(&deck("1e6 1e6 CELL=cell(wl bl) RWL=1 RBL=1", &drive(4)));
    assert!(found[0].0 == "E-SIZE" && found[0].1.contains("1000000 x 1000000"), "{found:?}");
    // 2^26 cells of 100 memristors each: some 6 TB
    let devices: String = (0..100).map(|k| format!("N{k} a b mem\n")).collect();
    let text = format!(
        "test\n.model mem vteam(x0=0.1)\n.subckt big a b\n{devices}.ends\n\
         .xbar XB 8192 8192 CELL=big(wl bl) RWL=1 RBL=1\n{}.op\n",
        drive(8192)
    );
    let found = errors(&text);
    let (code, text) = &found[0];
    assert!(
        code == "E-MEMORY" && ["8192 x 8192", "TB", "are free", "would fit"].iter().all(|part| text.contains(part)),
        "{text}"
    );
}

/// Half a gigabyte of addresses has no room for one number per cell: a list over the cells of such an array would end
/// the process without a message.
#[cfg(target_os = "linux")]
#[test]
fn an_array_is_refused_before_a_list_of_its_cells_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let devices: String = (0..100).map(|k| format!("N{k} a b mem\n")).collect();
    let text = format!(
        "test\n.model mem vteam(x0=0.1)\n.subckt big a b\n{devices}.ends\n\
         .xbar XB 8192 8192 CELL=big(wl bl) RWL=1 RBL=1\nXa W[0:8191] B[0:8191] XB\nVw W_0 0 1\n.op\n"
    );
    std::fs::write(folder.path().join("big.cir"), text).unwrap();
    let limited = format!("ulimit -v {}; exec \"$0\" run big.cir", (8192 * 8192 * 8 - (32 << 20)) / 1024);
    let mut command = std::process::Command::new("sh");
    let run =
        command.args(["-c", &limited, env!("CARGO_BIN_EXE_sneakpath")]).current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(said.contains("E-MEMORY"), "{said}");
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["big.cir"]);
}

#[test]
fn structure_is_made_in_linear_time() {
    let n = 256;
    let mut text =
        format!("test\n.subckt cell a b r=1k\nR1 a b {{r}}\n.ends\n.xbar XB {n} {n} CELL=cell(wl bl) RWL=1 RBL=1\n");
    writeln!(text, "Xa W[0:{0}] B[0:{0}] XB\nVw[0:{0}] W[0:{0}] 0 1\nVb[0:{0}] B[0:{0}] 0 0\n.op", n - 1).unwrap();
    let e = elaborate(&text);
    assert_eq!(e.circuit.arrays[0].cells(), n * n);
    // word and bit line nodes, pins, source currents
    assert_eq!(e.circuit.unknowns.len(), 2 * n * n + 2 * n + 2 * n);
}
