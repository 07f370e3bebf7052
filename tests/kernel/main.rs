//! Arrays solved by their structure against the same circuits as one sparse matrix: random sizes, sides, faults, breaks,
//! wires, periphery, cells with negative differential conductance and cells that are not symmetric.
//!
//! Both solve far below the tolerances of a user's run; every unknown must agree to 1e-9 of the largest voltage.

mod expanded;
mod neighbours;
#[path = "../support/mod.rs"]
mod support;

use std::fmt::Write as _;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sneakpath::analysis;
use sneakpath::circuit::Circuit;
use sneakpath::elaborate::Elaborator;
use sneakpath::netlist::{ReadOptions, parse_text};
use sneakpath::plan::{Analysis, ArraySolver, Overrides, Plan, Signal};
use sneakpath::result::Stats;
use support::LastPoint;

fn circuit(text: &str) -> (Circuit, Plan) {
    let (deck, notes) = parse_text("kernel.cir", text, &ReadOptions::default());
    assert!(!sneakpath::diag::has_errors(&notes), "{notes:#?}\n{text}");
    let built = Elaborator::new(deck, Vec::new()).build(&Overrides::default());
    let built = built.unwrap_or_else(|e| panic!("{e:#?}\n{text}"));
    (built.circuit, built.plan)
}

/// Last point of the deck's only analysis: all node voltages.
fn solve(text: &str, solver: ArraySolver) -> (Vec<f64>, Stats) {
    let (mut circuit, Plan { analyses, options, .. }) = circuit(text);
    let names: Vec<String> = circuit.match_nodes("*").into_iter().map(|(name, _)| name).collect();
    let signals: Vec<Signal> = names.into_iter().map(Signal::Voltage).collect();
    let mut plan = Plan { saved: signals.len(), signals, ..Plan::default() };
    plan.options.reltol = 1e-10;
    plan.options.vntol = 1e-12;
    plan.options.abstol = 1e-16;
    plan.options.statetol = 1e-10;
    plan.options.solver = solver;
    plan.options.rshunt = options.rshunt;
    if matches!(analyses[0], Analysis::Tran(_)) {
        // the steps must be the same: they follow the solution, whose last bits differ
        plan.options.trtol = 1e9;
        plan.options.reltol = 1e-8;
    }
    let mut sink = LastPoint::default();
    let rebuild = |_: &Overrides| Err("nothing is swept".to_string());
    let stats = analysis::run(&analyses[0], &mut circuit, &plan, "", &rebuild, &mut sink);
    (sink.0, stats.unwrap_or_else(|e| panic!("{e}\n{text}")))
}

fn compare(text: &str, solver: ArraySolver, bound: f64) -> Stats {
    let (sparse, _) = solve(text, ArraySolver::Sparse);
    let (kernel, stats) = solve(text, solver);
    assert_eq!(stats.fallbacks > 0, !stats.refusals.is_empty(), "a handover says why");
    assert_eq!(sparse.len(), kernel.len());
    let scale = sparse.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    for (k, (a, b)) in sparse.iter().zip(&kernel).enumerate() {
        assert!((a - b).abs() <= bound * scale, "{solver:?}, unknown {k}: {a} against {b}\n{text}");
    }
    stats
}

/// The same where the array kernel has the lines from beginning to end.
fn stays_in_kernel(text: &str, solver: ArraySolver, bound: f64) {
    let stats = compare(text, solver, bound);
    assert_eq!(stats.fallbacks, 0);
    assert!(stats.array_iterations > 0);
}

const CELLS: &[&str] = &[
    // linear
    "R1 wl bl {r}",
    // a node inside
    "R1 wl mid {r}\nR2 mid bl {0.3*r}",
    // smooth selector and resistor
    "B1 wl mid I={1e-6*sinh(V(wl,mid)/0.1)}\nR1 mid bl {r}",
    // negative differential conductance between 0.2 V and 0.6 V
    "B1 wl bl I={V(wl,bl)/r*(1-2.2*exp(-((V(wl,bl)-0.45)/0.15)**2))}\nR9 wl bl {20*r}",
    // not symmetric: a transistor that saturates, gate tied to the word line
    "G1 wl bl wl 0 {0.2/r}\nR1 wl bl {r}",
    // leaks to ground inside the cell
    "R1 wl mid {r}\nR2 mid bl {r}\nR3 mid 0 {30*r}",
];

/// One of them.
pub fn pick<'a>(random: &mut ChaCha8Rng, from: &[&'a str]) -> &'a str {
    from[random.random_range(0..from.len())]
}

/// Rows and columns, 64 cells and more.
fn large(random: &mut ChaCha8Rng) -> [usize; 2] {
    let rows = random.random_range(3..=18);
    [rows, random.random_range((64usize.div_ceil(rows)).max(3)..=26)]
}

/// Rows and columns down to a single cell.
fn small(random: &mut ChaCha8Rng) -> [usize; 2] {
    [random.random_range(1..=6), random.random_range(1..=8)]
}

/// A random array with random periphery.
fn deck(random: &mut ChaCha8Rng, [rows, cols]: [usize; 2]) -> String {
    let mut text = String::from("random array\n");
    let cell = pick(random, CELLS);
    let _ = writeln!(text, ".subckt cell wl bl r=10k\n{cell}\n.ends");
    // The reference loses eps g_wire / g_line where a line floats: the sparse matrix absorbs its cells into the wires.
    // 1e-9 can be asked for where that ratio stays below 1e6.
    let low = pick(random, &["1k", "10k", "100k"]);
    let wires: &[&str] = if low == "1k" { &["0.01", "1", "100"] } else { &["1", "2.5", "30", "100"] };
    let (rwl, rbl) = (pick(random, wires), pick(random, wires));
    let (word_side, bit_side) = (pick(random, &["left", "right", "both"]), pick(random, &["top", "bottom", "both"]));
    let _ = write!(
        text,
        ".xbar XB {rows} {cols} CELL=cell(wl bl) RWL={rwl} RBL={rbl} WLSIDE={word_side} BLSIDE={bit_side}"
    );
    let decades = random.random_range(0.0..1.0);
    let _ = write!(text, " r={{{low}*10**(aunif({decades},{decades}))}}");
    if random.random_bool(0.4) {
        text.push_str(" SA0=0.05 SA1=0.03");
    }
    if random.random_bool(0.4) {
        let _ = write!(text, " RWLT={} RBLT=5", pick(random, &["0", "20"]));
    }
    let mut buses = Vec::new();
    for (side, lines, prefix) in [(word_side, rows, "w"), (bit_side, cols, "b")] {
        for end in 0..if side == "both" { 2 } else { 1 } {
            buses.push((format!("{prefix}{end}"), lines));
        }
    }
    text.push_str("\nXa");
    for (bus, lines) in &buses {
        let _ = write!(text, " {bus}[0:{}]", lines - 1);
    }
    text.push_str(" XB\n");
    for (bus, lines) in &buses {
        periphery(random, &mut text, bus, *lines);
    }
    text.push_str(".op\n.end\n");
    text
}

/// What stands at one end of a family of lines.
fn periphery(random: &mut ChaCha8Rng, text: &mut String, bus: &str, lines: usize) {
    let kind = random.random_range(0..6);
    for k in 0..lines {
        let volts: f64 = random.random_range(0.0..0.9);
        let node = format!("{bus}_{k}");
        let _ = match kind {
            0 => writeln!(text, "V{node} {node} 0 {volts}"),
            1 => writeln!(text, "V{node} d{node} 0 {volts}\nR{node} d{node} {node} 120"),
            2 => writeln!(text, "R{node} {node} 0 {}", pick(random, &["1m", "100", "26k"])),
            // all on one bus behind a resistor: a border that couples the lines
            3 => writeln!(text, "R{node} {node} {bus}bus 50"),
            // a virtual ground per line
            4 => writeln!(text, "E{node} o{node} 0 0 {node} 1e4\nR{node} {node} o{node} 1k"),
            // every third line floats
            _ if k % 3 == 0 => Ok(()),
            _ => writeln!(text, "V{node} {node} 0 {volts}"),
        };
    }
    if kind == 3 {
        let _ = writeln!(text, "V{bus}bus s{bus}bus 0 0.4\nR{bus}bus s{bus}bus {bus}bus 10");
    }
    let _ = writeln!(text, "Rtie{bus} {bus}_0 0 1meg");
}

/// Random arrays, each by line-PCG with everything that may take over, every fourth by the direct solver: iterations and
/// fallbacks.
fn compare_random(seed: u64, size: fn(&mut ChaCha8Rng) -> [usize; 2]) -> (usize, usize) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut iterations, mut fallbacks) = (0, 0);
    for number in 0..200 {
        let size = size(&mut random);
        let text = deck(&mut random, size);
        let solver = if number % 4 == 3 { ArraySolver::Frontal } else { ArraySolver::Automatic };
        let stats = compare(&text, solver, 1e-9);
        iterations += stats.array_iterations;
        fallbacks += stats.fallbacks;
    }
    (iterations, fallbacks)
}

#[test]
fn random_arrays_agree_with_the_sparse_matrix() {
    let (iterations, fallbacks) = compare_random(20261122, large);
    assert!(iterations > 1000, "the kernel took part: {iterations} iterations");
    assert!(fallbacks <= 10, "the sparse matrix is the exception: {fallbacks}");
}

#[test]
fn small_random_arrays_agree_with_the_sparse_matrix() {
    let (iterations, fallbacks) = compare_random(64, small);
    assert!(iterations > 500, "the kernel took part: {iterations} iterations");
    assert!(fallbacks <= 10, "the sparse matrix is the exception: {fallbacks}");
}

/// A random array of cells on source and gate lines too.
fn transistor_deck(random: &mut ChaCha8Rng, [rows, cols]: [usize; 2]) -> String {
    let mut text = String::from("random 1T1R\n.model nm nmos(level=1 vto=0.4 kp=250u gamma=0.3 phi=0.8 lambda=0.08)\n");
    // transistors in the cell, a third line of resistors, a controlled source across lines, four lines
    let (cell, ports, lines) = *[
        ("M1 d wl sl 0 nm W=0.4u L=0.13u\nR1 bl d {r}", "wl bl sl", &["W", "B", "S"][..]),
        ("R1 wl mid {r}\nR2 mid bl {r}\nR3 mid sl {3*r}", "wl bl sl", &["W", "B", "S"][..]),
        ("R1 wl bl {r}\nG1 bl wl gl 0 2u", "wl bl gl", &["W", "B", "G"][..]),
        ("M1 d gl sl wl nm W=0.4u L=0.13u\nR1 bl d {r}\nR2 wl bl {30*r}", "wl bl sl gl", &["W", "B", "S", "G"][..]),
    ]
    .get(random.random_range(0..4usize))
    .expect("one of four");
    let _ = writeln!(text, ".subckt cell {ports} r=10k\n{cell}\n.ends");
    let wire = |random: &mut ChaCha8Rng| pick(random, &["1", "2.5", "30"]).to_string();
    let _ = write!(text, ".xbar XB {rows} {cols} CELL=cell({ports}) RWL={} RBL={}", wire(random), wire(random));
    let mut source_lines = cols;
    if ports.contains("sl") {
        let direction = pick(random, &["row", "col"]);
        source_lines = if direction == "row" { rows } else { cols };
        let _ = write!(text, " RSL={} SLDIR={direction}", wire(random));
    }
    if ports.contains("gl") {
        let _ = write!(text, " RGL={}", wire(random));
    }
    if random.random_bool(0.4) {
        text.push_str(" SA0=0.05 SA1=0.03");
    }
    text.push_str(" r={10k*10**(aunif(0.5,0.5))}\nXa");
    let counts: Vec<(&str, usize)> = lines
        .iter()
        .map(|&line| {
            (
                line,
                match line {
                    "B" => cols,
                    "S" => source_lines,
                    _ => rows,
                },
            )
        })
        .collect();
    for (line, count) in &counts {
        let _ = write!(text, " {line}[0:{}]", count - 1);
    }
    text.push_str(" XB\n");
    for (line, count) in &counts {
        // a gate that floats has no potential at DC
        if *line == "G" || *line == "W" && cell.starts_with("M1 d wl") {
            let _ =
                writeln!(text, "Vg{line}[0:{0}] {line}[0:{0}] 0 {1}", count - 1, pick(random, &["0.2", "1.2", "2"]));
        } else {
            periphery(random, &mut text, line, *count);
        }
    }
    text.push_str(".op\n.end\n");
    text
}

/// Arrays on three and four lines, along rows and columns, with transistors.
#[test]
fn random_arrays_on_more_lines_agree_with_the_sparse_matrix() {
    let mut random = ChaCha8Rng::seed_from_u64(1122);
    let (mut iterations, mut fallbacks, mut refused) = (0, 0, 0);
    for number in 0..150 {
        let size = if number < 100 {
            let rows = random.random_range(4..=14);
            [rows, random.random_range(64usize.div_ceil(rows)..=20)]
        } else {
            small(&mut random)
        };
        let text = transistor_deck(&mut random, size);
        // defects of a few cells may leave a line to itself, which is said before any work
        let (parsed, _) = parse_text("kernel.cir", &text, &ReadOptions::default());
        if number >= 100 && Elaborator::new(parsed, Vec::new()).build(&Overrides::default()).is_err() {
            refused += 1;
            continue;
        }
        let stats = compare(&text, ArraySolver::Automatic, 1e-9);
        iterations += stats.array_iterations;
        fallbacks += stats.fallbacks;
    }
    assert!(iterations > 1000, "the kernel took part: {iterations} iterations");
    assert!(fallbacks <= 5, "the sparse matrix is the exception: {fallbacks}");
    assert!(refused <= 10, "most small arrays are circuits: {refused}");
}

/// A row of a 1T1R array is written: gate and line capacitances, memristors that switch.
#[test]
fn a_1t1r_transient_agrees_with_the_sparse_matrix() {
    let text = "write\n.subckt cell wl bl sl\nN1 bl d mem\nM1 d wl sl 0 nm W=2u L=0.13u\n.ends\n\
        .model nm nmos(level=1 vto=0.4 kp=250u lambda=0.08 cgso=0.3n cgdo=0.3n cbd=0.2f cbs=0.2f)\n\
        .model mem vteam(ron=10k roff=1meg von=-0.3 voff=0.3 kon=-2e6 koff=2e6 alphaon=3 alphaoff=3 won=0 woff=1 x0=0.1)\n\
        .xbar XB 9 11 CELL=cell(wl bl sl) RWL=5 RBL=2.5 RSL=2.5 CWL=1f CBL=1f CSL=1f\n\
        Xa W[0:8] B[0:10] S[0:10] XB\n\
        Vwl W_0 0 PULSE(0 2 5n 1n 1n 100n 2u)\nVoff[1:8] W[1:8] 0 0\n\
        Vbl[0:10] B[0:10] 0 PULSE(0 1 10n 1n 1n 100n 2u)\nVs[0:10] S[0:10] 0 0\n.tran 1n 60n 0 0.5n\n.end\n";
    stays_in_kernel(text, ArraySolver::Automatic, 1e-6);
}

/// A shared bus behind a resistor couples all bit lines: the outer iteration, no fallback.
#[test]
fn a_shared_bus_stays_in_the_kernel() {
    let text = "bus\n.subckt cell wl bl r=10k\nR1 wl bl {r}\n.ends\n\
        .xbar XB 12 12 CELL=cell(wl bl) RWL=2 RBL=2\nXa W[0:11] B[0:11] XB\nVw[0:11] W[0:11] 0 0.3\n\
        Rb[0:11] B[0:11] common 10\nRc common 0 1k\n.op\n.end\n";
    stays_in_kernel(text, ArraySolver::Line, 1e-9);
}

/// Two arrays on the same bit lines.
#[test]
fn two_arrays_on_the_same_lines_stay_in_the_kernel() {
    let text = "two\n.subckt cell wl bl r=10k\nR1 wl bl {r}\n.ends\n\
        .xbar XB 10 12 CELL=cell(wl bl) RWL=2 RBL=2\nXa W[0:9] B[0:11] XB r=20k\nXc U[0:9] B[0:11] XB\n\
        Vw[0:9] W[0:9] 0 0.3\nVu[0:9] U[0:9] 0 0.7\nRb[0:11] B[0:11] 0 100\n.op\n.end\n";
    stays_in_kernel(text, ArraySolver::Line, 1e-9);
}

/// A single cell has nobody to be compared with, nor has one that defects leave.
#[test]
fn the_last_cell_stays_in_the_kernel() {
    let folder = tempfile::tempdir().expect("folder");
    let faults = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).expect("write");
        format!("FAULTS=FILE(\"{}\")", file.display())
    };
    let one = faults("one.csv", "0,0,open\n0,1,stuck,3k\n1,0,stuck,5k\n");
    let none = faults("none.csv", "0,0,stuck,2k\n0,1,stuck,3k\n1,0,stuck,5k\n1,1,stuck,1k\n");
    for (side, defects) in [(1, String::new()), (2, one), (2, none)] {
        let text = format!(
            "last\n.subckt cell wl bl\nR1 wl mid 10k\nN1 mid bl mem\n.ends\n\
             .model mem vteam(ron=10k roff=1meg von=-0.3 voff=0.3 kon=-2e6 koff=2e6 alphaon=3 alphaoff=3 won=0 woff=1 x0=0.5)\n\
             .xbar XB {side} {side} CELL=cell(wl bl) RWL=2.5 RBL=2.5 CWL=1f CBL=1f {defects}\n\
             Xa W[0:{0}] B[0:{0}] XB\nVw[0:{0}] W[0:{0}] 0 PULSE(0 1 10n 1n 1n 100n 2u)\n\
             Rb[0:{0}] B[0:{0}] 0 100\n.tran 1n 60n 0 0.5n\n.end\n",
            side - 1
        );
        stays_in_kernel(&text, ArraySolver::Automatic, 1e-6);
    }
}

/// Line capacitances, a memristor per cell, held start voltages: a whole transient.
#[test]
fn a_write_transient_agrees_with_the_sparse_matrix() {
    let text = "write\n.subckt cell wl bl\nN1 wl bl mem\n.ends\n\
        .model mem vteam(ron=10k roff=1meg von=-0.3 voff=0.3 kon=-2e6 koff=2e6 alphaon=3 alphaoff=3 won=0 woff=1 x0=0.1)\n\
        .xbar XB 9 11 CELL=cell(wl bl) RWL=2.5 RBL=2.5 CWL=1f CBL=1f\nXa W[0:8] B[0:10] XB\n\
        Vsel W_0 0 PULSE(0 1 10n 1n 1n 100n 2u)\nVwl[1:8] W[1:8] 0 PULSE(0 0.5 10n 1n 1n 100n 2u)\n\
        Vbsel B_0 0 0\nVbl[1:10] B[1:10] 0 PULSE(0 0.5 10n 1n 1n 100n 2u)\n.tran 1n 60n 0 0.5n\n.end\n";
    stays_in_kernel(text, ArraySolver::Line, 1e-6);
}

/// A conductance or a capacitance from every node to ground, those along resistive lines too: the matrix of a line is no
/// longer one of its wires alone.
#[test]
fn shunts_of_all_nodes_agree_with_the_sparse_matrix() {
    let head = "shunt\n.subckt cell wl bl r=10k\nR1 wl mid {r}\nR2 mid bl {0.3*r}\n.ends\n\
        .xbar XB 9 11 CELL=cell(wl bl) RWL=2.5 RBL=2.5 r={10k*(1+aunif(0,0.5))}\nXa W[0:8] B[0:10] XB\n\
        Vw[0:8] W[0:8] 0 PULSE(0.1 0.6 1n 1n 1n 100n 2u)\nRb[0:10] B[0:10] 0 100\n";
    // 20 kOhm at each of the 300 nodes carries half of what the cells carry
    let conducting = format!("{head}.options rshunt=20k\n.op\n.end\n");
    let without = solve(&format!("{head}.op\n.end\n"), ArraySolver::Sparse).0;
    let with = solve(&conducting, ArraySolver::Sparse).0;
    assert!(without.iter().zip(&with).any(|(a, b)| (a - b).abs() > 1e-3), "the shunt changes the circuit");
    for solver in [ArraySolver::Automatic, ArraySolver::Line, ArraySolver::Frontal] {
        compare(&conducting, solver, 1e-9);
    }
    let storing = format!("{head}.options cshunt=10f\n.tran 0.1n 5n 0 0.1n\n.end\n");
    compare(&storing, ArraySolver::Automatic, 1e-9);
}

/// A selected selector snaps and its current pulls the lines down by most of the voltage: the operating point is where a
/// slow ramp of the sources ends, found without shaking the array.
#[test]
fn a_selector_that_snaps_takes_its_lines_along() {
    let deck = |selected: &str, half: &str, analysis: &str| {
        format!(
            "snap\n.model sel threshold(goff=2.86e-10 ron=10.6k vth=0.55 vhold=0.05 w=0.01 tau_on=2n)\n\
             .subckt cell wl bl r=1meg\nN1 wl mid sel\nR1 mid bl {{r}}\n.ends\n\
             .xbar XB 8 8 CELL=cell(wl bl) RWL=2k RBL=2k r=10k\nXa W[0:7] B[0:7] XB\n\
             Vsel W_0 0 {selected}\nVw[1:7] W[1:7] 0 {half}\nVb[0:6] B[0:6] 0 {half}\nVs B_7 0 0\n{analysis}\n.end\n"
        )
    };
    let ramped = deck("PWL(0 0 1u 0.7)", "PWL(0 0 1u 0.35)", ".tran 10n 3u");
    let (rest, _) = solve(&ramped, ArraySolver::Sparse);
    let rest = &rest[1..]; // without the time
    for solver in [ArraySolver::Automatic, ArraySolver::Line, ArraySolver::Frontal, ArraySolver::Sparse] {
        let (point, stats) = solve(&deck("0.7", "0.35", ".op"), solver);
        assert!(stats.branches.iter().any(|b| b.contains("c_0_7")), "{:?}", stats.branches);
        assert!(stats.newton <= 6, "{} iterations", stats.newton);
        assert_eq!(point.len(), rest.len());
        for (k, (a, b)) in point.iter().zip(rest).enumerate() {
            assert!((a - b).abs() <= 1e-7, "{solver:?}, unknown {k}: {a} against {b}");
        }
    }
}

/// Cells of strong negative conductance: line-PCG gives up by the sign of its pivots. Left to choose, the multifrontal
/// solver takes over; told to stay, the sparse matrix does. Both are counted, and all answers are one.
#[test]
fn every_takeover_is_counted() {
    for (conductance, refused) in [("1e-6", false), ("1e-3", true), ("1e-2", true), ("1", true)] {
        let text = format!(
            "negative\n.subckt cell wl bl\nB1 wl bl I={{-{conductance}*V(wl,bl)}}\n.ends\n\
             .xbar XB 10 10 CELL=cell(wl bl) RWL=2.5 RBL=2.5\nXa W[0:9] B[0:9] XB\nVw[0:9] W[0:9] 0 0.3\n\
             Rb[0:9] B[0:9] 0 100\n.op\n.end\n"
        );
        let count = usize::from(refused);
        let automatic = compare(&text, ArraySolver::Automatic, 1e-9);
        assert_eq!((automatic.escalations, automatic.fallbacks), (count, 0), "{conductance}");
        let line = compare(&text, ArraySolver::Line, 1e-9);
        assert_eq!((line.escalations, line.fallbacks), (0, count), "{conductance}");
        assert_eq!(line.refusals.iter().any(|why| why.contains("not positive")), refused, "{:?}", line.refusals);
        let frontal = compare(&text, ArraySolver::Frontal, 1e-9);
        assert_eq!((frontal.escalations, frontal.fallbacks), (0, 0), "{conductance}");
    }
}

/// Wires of 1 S on both sides of cells of -2 S leave pivots of exactly zero, so the multifrontal solver refuses as well;
/// the matrix is regular, and the sparse solver, which exchanges rows, gives the answer. Every station is counted.
#[test]
fn what_the_direct_solver_refuses_too_is_left_to_the_sparse_matrix() {
    let text = "cancelled\n.subckt cell wl bl\nB1 wl bl I={-2*V(wl,bl)}\n.ends\n\
         .xbar XB 10 10 CELL=cell(wl bl) RWL=1 RBL=1\nXa W[0:9] B[0:9] XB\nVw[0:9] W[0:9] 0 0.3\n\
         Rb[0:9] B[0:9] 0 100\n.op\n.end\n";
    for (solver, escalations) in [(ArraySolver::Automatic, 1), (ArraySolver::Frontal, 0)] {
        let stats = compare(text, solver, 1e-9);
        assert_eq!((stats.escalations, stats.fallbacks), (escalations, 1), "{solver:?}");
        assert!(stats.refusals.iter().any(|why| why.contains("conductances around it cancel")), "{:?}", stats.refusals);
    }
}

/// Wires of 1 kohm beside cells of 10 ohm: line-PCG would need some 200 iterations, ten times as long as the direct solver
/// takes, which is called after the time of one solve of its own. In a transient line-PCG is tried again, and every try
/// in vain doubles the pause to the next; the answer is that of line-PCG left to itself.
#[test]
fn slow_convergence_is_given_up_early_and_tried_less_and_less() {
    let deck = |analysis: &str| {
        format!(
            "slow\n.subckt cell wl bl r=10\nR1 wl bl {{r}}\n.ends\n\
             .xbar XB 24 24 CELL=cell(wl bl) RWL=1k RBL=1k CWL=1f CBL=1f r={{10*(1+aunif(0,0.9))}}\n\
             Xa W[0:23] B[0:23] XB\nVw[0:23] W[0:23] 0 PULSE(0.1 0.3 1n 1n 1n 100n 2u)\nVb[0:23] B[0:23] 0 0\n{analysis}\n.end\n"
        )
    };
    let (op, transient) = (deck(".op"), deck(".tran 0.1n 20n 0 0.1n"));
    let point = compare(&op, ArraySolver::Automatic, 1e-9);
    assert_eq!((point.escalations, point.fallbacks), (1, 0), "{point:?}");
    assert!(point.array_iterations == 0, "{point:?}");
    let patient = compare(&op, ArraySolver::Line, 1e-9);
    assert!(patient.array_iterations > 100 && patient.fallbacks == 0, "{patient:?}");
    let steps = compare(&transient, ArraySolver::Automatic, 1e-9);
    assert!(steps.factorizations > 100, "{steps:?}");
    assert!((2..12).contains(&steps.escalations) && steps.fallbacks == 0, "{steps:?}");
}
