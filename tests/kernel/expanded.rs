//! Arrays of every kind against the flat netlist that `expand` writes, which the general solver knows as a circuit like
//! any other: lines at either or both ends, resistances per line and per segment, merged nodes, breaks and defects at
//! the ends of lines, single rows and columns, negative differential conductance, periphery of every kind.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sneakpath::analysis;
use sneakpath::circuit::Circuit;
use sneakpath::diag::Diagnostic;
use sneakpath::elaborate::expand::{self, Target};
use sneakpath::elaborate::{Elaborated, Elaborator};
use sneakpath::netlist::{ReadOptions, parse_text};
use sneakpath::plan::{Analysis, ArraySolver, Overrides, Plan, Signal};
use sneakpath::result::Stats;

use crate::pick;
use crate::support::LastPoint;

fn elaborator(folder: &Path, text: &str) -> Elaborator {
    let (deck, notes) = parse_text(&folder.join("deck.cir").display().to_string(), text, &ReadOptions::default());
    assert!(!sneakpath::diag::has_errors(&notes), "{notes:#?}\n{text}");
    Elaborator::new(deck, Vec::new())
}

fn build(elaborator: &Elaborator) -> Result<Elaborated, Vec<Diagnostic>> {
    elaborator.build(&Overrides::default())
}

/// Operating point: every node by name.
fn operating_point(circuit: &mut Circuit, solver: ArraySolver) -> Result<(HashMap<String, f64>, Stats), String> {
    let names: Vec<String> = circuit.match_nodes("*").into_iter().map(|(name, _)| name).collect();
    let signals: Vec<Signal> = names.iter().cloned().map(Signal::Voltage).collect();
    let mut plan = Plan { saved: signals.len(), signals, ..Plan::default() };
    (plan.options.reltol, plan.options.vntol, plan.options.abstol) = (1e-11, 1e-13, 1e-17);
    plan.options.solver = solver;
    let mut sink = LastPoint::default();
    let rebuild = |_: &Overrides| Err("nothing is swept".to_string());
    let stats = analysis::run(&Analysis::Op, circuit, &plan, "", &rebuild, &mut sink).map_err(|e| e.to_string())?;
    Ok((names.into_iter().zip(sink.0).collect(), stats))
}

/// Rows or columns of numbers in a file.
fn matrix(folder: &Path, name: &str, rows: usize, cols: usize, mut value: impl FnMut() -> f64) -> String {
    let line = |_| (0..cols).map(|_| format!("{:e}", value())).collect::<Vec<_>>().join(",");
    let text: Vec<String> = (0..rows).map(line).collect();
    std::fs::write(folder.join(name), text.join("\n")).expect("write");
    format!("FILE(\"{name}\")")
}

/// The value of RWL or RBL; `lines` lines, `[rows, cols]` the shape of a file with every segment.
fn wire(random: &mut ChaCha8Rng, folder: &Path, key: &str, lines: usize, [rows, cols]: [usize; 2]) -> String {
    let name = format!("{}.csv", key.to_lowercase());
    let seed = random.random_range(0..u64::MAX);
    let mut own = ChaCha8Rng::seed_from_u64(seed);
    let mut ohm = move || 10f64.powf(own.random_range(0.0..1.7));
    match random.random_range(0..8) {
        0 => "0".to_string(),
        1 => matrix(folder, &name, lines, 1, ohm),
        2 => matrix(folder, &name, 1, lines, ohm),
        3 => matrix(folder, &name, rows, cols, ohm),
        // every third segment or so has no resistance
        4 => matrix(folder, &name, rows, cols, || {
            let ohm = ohm();
            if ohm < 3.0 { 0.0 } else { ohm }
        }),
        _ => pick(random, &["1", "2.5", "30"]).to_string(),
    }
}

/// Breaks and defects, those at the corners of the array and at the ends of its lines among them.
fn defects(random: &mut ChaCha8Rng, folder: &Path, rows: usize, cols: usize) {
    let mut cells = std::collections::BTreeMap::new();
    for _ in 0..random.random_range(1..6) {
        let corner = random.random_bool(0.5);
        let mut at = |n: usize| if corner { [0, n - 1][random.random_range(0..2)] } else { random.random_range(0..n) };
        let place = (at(rows), at(cols));
        cells.insert(place, ["open", "short", "sa0", "sa1", "stuck,3k", "short,0.1"][random.random_range(0..6)]);
    }
    let mut text: String = cells.iter().map(|((row, col), kind)| format!("{row},{col},{kind}\n")).collect();
    let segment = [0, cols / 2, cols][random.random_range(0..3)];
    let _ = writeln!(text, "{},{segment},wlopen", random.random_range(0..rows));
    let segment = [0, rows / 2, rows][random.random_range(0..3)];
    let _ = writeln!(text, "{segment},{},blopen", random.random_range(0..cols));
    std::fs::write(folder.join("faults.csv"), text).expect("write");
}

/// What stands at one end of a family of lines.
fn periphery(random: &mut ChaCha8Rng, text: &mut String, kinds: &[usize], bus: &str, lines: usize) {
    let kind = kinds[random.random_range(0..kinds.len())];
    for k in 0..lines {
        let volts: f64 = random.random_range(0.0..0.9);
        let node = format!("{bus}_{k}");
        let _ = match kind {
            0 => writeln!(text, "V{node} {node} 0 {volts}"),
            1 => writeln!(text, "V{node} d{node} 0 {volts}\nR{node} d{node} {node} {}", 50 + k),
            2 => writeln!(text, "R{node} {node} 0 {}", pick(random, &["1m", "100", "26k"])),
            3 => writeln!(text, "R{node} {node} {bus}bus 50"),
            4 => writeln!(text, "E{node} o{node} 0 0 {node} 1e4\nR{node} {node} o{node} 1k"),
            // a transistor that selects the line
            5 => writeln!(text, "V{node} d{node} 0 {volts}\nM{node} d{node} {bus}on {node} 0 nm W=2u L=0.13u"),
            _ if k % 3 == 0 => Ok(()),
            _ => writeln!(text, "V{node} {node} 0 {volts}"),
        };
    }
    let _ = match kind {
        3 => writeln!(text, "V{bus}bus s{bus}bus 0 0.4\nR{bus}bus s{bus}bus {bus}bus 10"),
        5 => writeln!(text, "V{bus}on {bus}on 0 2.5"),
        _ => Ok(()),
    };
    let _ = writeln!(text, "Rtie{bus} {bus}_0 0 1meg");
}

const NEGATIVE: &str = "B1 wl bl I={0.1*V(wl,bl)/r*(1-2.2*exp(-((V(wl,bl)-0.45)/0.15)**2))}\nR9 wl bl {200*r}";
/// Periphery that leaves cells of negative conductance one solution; and all there is.
const FIRM: &[usize] = &[0, 1, 5];
const ANY: &[usize] = &[0, 1, 2, 3, 4, 5, 6];

const CELLS: &[&str] = &[
    "R1 wl bl {r}",
    "R1 wl mid {r}\nR2 mid bl {0.3*r}",
    "R1 wl mid {r}\nR2 mid bl 0",
    // negative differential conductance between 0.2 V and 0.6 V, below that of what drives the lines: one solution
    NEGATIVE,
    "B1 wl mid I={1e-6*sinh(V(wl,mid)/0.1)}\nR1 mid bl {r}",
];

/// Rows and columns.
fn size(random: &mut ChaCha8Rng) -> (usize, usize) {
    match random.random_range(0..5) {
        0 => (1, random.random_range(64..=80)),
        1 => (random.random_range(64..=80), 1),
        2 => (2, random.random_range(32..=40)),
        _ => (random.random_range(8..=13), random.random_range(8..=16)),
    }
}

fn deck(random: &mut ChaCha8Rng, folder: &Path, (rows, cols): (usize, usize)) -> String {
    let cell = pick(random, CELLS);
    let mut text =
        "random array\n.model nm nmos(level=1 vto=0.4 kp=250u lambda=0.08)\n.subckt cell wl bl r=10k\n".to_string();
    let (rwl, rbl) =
        (wire(random, folder, "RWL", rows, [rows, cols + 1]), wire(random, folder, "RBL", cols, [rows + 1, cols]));
    let (word_side, bit_side) = (pick(random, &["left", "right", "both"]), pick(random, &["top", "bottom", "both"]));
    let mut spread = ChaCha8Rng::seed_from_u64(random.random_range(0..u64::MAX));
    let r = matrix(folder, "r.csv", rows, cols, || 10f64.powf(spread.random_range(3.7..5.3)));
    let _ = write!(
        text,
        "{cell}\n.ends\n.xbar XB {rows} {cols} CELL=cell(wl bl) RWL={rwl} RBL={rbl} WLSIDE={word_side} BLSIDE={bit_side} \
         r={r}"
    );
    let kinds = if cell == NEGATIVE { FIRM } else { ANY };
    if cell != NEGATIVE && random.random_bool(0.5) {
        defects(random, folder, rows, cols);
        text.push_str(" FAULTS=FILE(\"faults.csv\") RSA0=1meg");
    }
    if random.random_bool(0.3) {
        text.push_str(" RWLT=20 RBLT=5");
    }
    let ends = |side: &str| if side == "both" { 2 } else { 1 };
    let words = (0..ends(word_side)).map(|end| (format!("w{end}"), rows));
    let buses: Vec<(String, usize)> = words.chain((0..ends(bit_side)).map(|end| (format!("b{end}"), cols))).collect();
    let pins = |first: &str| {
        let rename = |bus: &str| bus.replacen('w', first, 1);
        buses.iter().map(|(bus, lines)| format!(" {}[0:{}]", rename(bus), lines - 1)).collect::<String>()
    };
    let _ = writeln!(text, "\nXa{} XB", pins("w"));
    for (bus, lines) in &buses {
        periphery(random, &mut text, kinds, bus, *lines);
    }
    if random.random_bool(0.25) {
        // a second array on the same bit lines
        let _ = writeln!(text, "Xc{} XB", pins("u"));
        for (bus, lines) in buses.iter().filter(|(bus, _)| bus.starts_with('w')) {
            periphery(random, &mut text, kinds, &bus.replacen('w', "u", 1), *lines);
        }
    }
    text.push_str(".op\n.end\n");
    text
}

/// Hundreds of arrays by every solver: each answer is that of the flat netlist to 1e-9, or there is none.
#[test]
fn random_arrays_agree_with_their_expansion() {
    let mut random = ChaCha8Rng::seed_from_u64(33);
    let folder = tempfile::tempdir().expect("folder");
    let (mut compared, mut by_structure, mut refused) = (0, 0, 0);
    for number in 0..420 {
        let shape =
            if number < 240 { size(&mut random) } else { (random.random_range(1..=4), random.random_range(1..=5)) };
        let text = deck(&mut random, folder.path(), shape);
        let elaborator = elaborator(folder.path(), &text);
        // breaks and missing cells may leave nodes that nothing holds, which is said before any work
        let Ok(mut native) = build(&elaborator) else {
            refused += 1;
            continue;
        };
        let flat = expand::write(&elaborator, Target::Own).unwrap_or_else(|e| panic!("{e:#?}\n{text}"));
        let mut expanded =
            build(&self::elaborator(folder.path(), &flat)).unwrap_or_else(|e| panic!("{e:#?}\n{text}\n{flat}"));
        assert!(expanded.circuit.arrays.is_empty());
        let Ok((reference, _)) = operating_point(&mut expanded.circuit, ArraySolver::Sparse) else {
            panic!("the expansion has no operating point\n{text}");
        };
        let solver = [ArraySolver::Automatic, ArraySolver::Line, ArraySolver::Frontal][number % 3];
        let (point, stats) =
            operating_point(&mut native.circuit, solver).unwrap_or_else(|e| panic!("{solver:?}: {e}\n{text}"));
        let scale = reference.values().fold(0.0f64, |m, v| m.max(v.abs()));
        for (name, value) in &point {
            // a pin and the line node that it is have one name in the flat netlist
            let Some(expected) = reference.get(name) else {
                assert!(name.contains("l_"), "`{name}` is missing\n{text}");
                continue;
            };
            let difference = (value - expected).abs();
            assert!(difference <= 1e-9 * scale, "{number} {solver:?}: {name} = {value} against {expected}\n{text}");
        }
        compared += 1;
        by_structure += usize::from(stats.array_iterations > 0 && stats.fallbacks == 0);
    }
    assert!(refused <= 40 && by_structure >= 60, "{compared} compared, {by_structure} by structure, {refused} refused");
}

/// One transistor, one amplifier or one bus beside an array of 64 x 64 cells: the array is still solved by its
/// structure, and as it is without them.
#[test]
fn a_transistor_more_does_not_leave_the_kernel() {
    let head = "array\n.model nm nmos(level=1 vto=0.4 kp=250u lambda=0.08)\n.subckt cell wl bl r=10k\nR1 wl bl {r}\n.ends\n\
        .xbar XB 64 64 CELL=cell(wl bl) RWL=2.5 RBL=2.5\nXa W[0:63] B[0:63] XB\nVw[1:63] W[1:63] 0 0.3\n\
        Rb[1:63] B[1:63] 0 100\n";
    let folder = tempfile::tempdir().expect("folder");
    for (periphery, spread) in [
        ("Vw0 W_0 0 0.5\nRb0 B_0 0 100", 1),
        ("Vd d 0 0.5\nVg g 0 1.5\nM1 d g W_0 0 nm W=2u L=0.13u\nRb0 B_0 0 100", 8),
        ("Vw0 W_0 0 0.5\nE1 out 0 0 B_0 1e5\nRf B_0 out 1k", 3),
        // from line to line, and across the array
        ("Vw0 W_0 0 0.5\nRb0 B_0 W_5 1k\nM1 B_3 W_9 B_7 0 nm W=2u L=0.13u\nR2 B_0 0 100", 30),
    ] {
        let text = format!("{head}{periphery}\n.op\n.end\n");
        let mut native = build(&elaborator(folder.path(), &text)).unwrap_or_else(|e| panic!("{e:#?}"));
        let (reference, _) = operating_point(&mut native.circuit, ArraySolver::Sparse).expect("an operating point");
        for solver in [ArraySolver::Automatic, ArraySolver::Line] {
            let (point, stats) = operating_point(&mut native.circuit, solver).expect("an operating point");
            let worst = reference.iter().fold(0.0f64, |worst, (name, v)| worst.max((v - point[name]).abs()));
            assert!(worst <= 1e-9, "{periphery}: {worst:e}");
            assert_eq!((stats.fallbacks, stats.escalations), (0, 0), "{periphery}: {:?}", stats.refusals);
            let each = stats.array_iterations as f64 / stats.newton as f64;
            assert!(stats.array_iterations > 0 && each <= f64::from(20 * spread), "{periphery}: {each} per iteration");
        }
    }
}
