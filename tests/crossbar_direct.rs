//! The direct array solver against a dense elimination in double-double.

mod support {
    pub mod double_double;
}

use sneakpath::crossbar::{Frontal, FrontalLu, Level, Lines, Network, Port, Side, Trouble, Wire, transfer};
use support::double_double::{self, Cells, Double};

/// Numbers in [0, 1), the same ones every time (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
    fn many(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.next()).collect()
    }
}

/// Everything varies: segments, leaks, both ends, cells over six decades.
fn varied(rows: usize, cols: usize, seed: u64) -> Network {
    let mut chance = Chance(seed);
    let size = rows * cols;
    let mut lines = |count: usize| Lines {
        wire: Wire::Each(chance.many(size).iter().map(|u| 0.05 + u).collect()),
        head: chance.many(count),
        tail: chance.many(count).iter().map(|u| 1e-3 * u).collect(),
        leak: Some(chance.many(size).iter().map(|u| 1e-7 * u).collect()),
    };
    let (word, bit) = (lines(rows), lines(cols));
    let cells = chance.many(size).iter().map(|u| 10f64.powf(-3.0 - 6.0 * u)).collect();
    Network { rows, cols, word, bit, cells }
}

fn symmetric(cells: &[f64]) -> Cells<'_> {
    Cells { ww: cells, wb: cells, bw: cells, bb: cells }
}

fn exact(network: &Network, cells: &Cells, b: &[f64]) -> Vec<f64> {
    let b: Vec<Double> = b.iter().map(|v| Double::from(*v)).collect();
    double_double::solve(network, cells, &b).iter().map(|x| x.0).collect()
}

/// Largest relative difference of single components.
fn apart(x: &[f64], exact: &[f64]) -> f64 {
    x.iter().zip(exact).map(|(x, e)| if x == e { 0.0 } else { ((x - e) / e).abs() }).fold(0.0, f64::max)
}

fn solve(solver: &mut Frontal, b: &[f64]) -> Vec<f64> {
    let (word, bit) = b.split_at(b.len() / 2);
    let mut x = vec![0.0; b.len()];
    let (xw, xb) = x.split_at_mut(b.len() / 2);
    solver.solve([word, bit], [xw, xb]).expect("a solution");
    x
}

const SHAPES: [(usize, usize); 12] =
    [(1, 1), (1, 7), (9, 1), (1, 30), (3, 5), (8, 8), (8, 16), (9, 8), (13, 7), (16, 16), (17, 9), (5, 27)];

/// Sources of one sign: no term of a solution cancels, so every component is as exact as the arithmetic.
#[test]
fn any_shape_agrees_with_double_double_in_every_component() {
    for (rows, cols) in SHAPES {
        let network = varied(rows, cols, 1 + rows as u64 * 100 + cols as u64);
        let b = Chance(5).many(2 * rows * cols);
        let exact = exact(&network, &symmetric(&network.cells), &b);
        for level in Level::available() {
            let mut solver = Frontal::analyse_for(rows, cols, level).expect("an array");
            assert_eq!(solver.factor(&network).expect("tied lines").negative, 0);
            let worst = apart(&solve(&mut solver, &b), &exact);
            assert!(worst < 1e-14, "{rows}x{cols} {level:?}: {worst:.1e}");
        }
    }
}

#[test]
fn transistor_cells_agree_and_so_does_their_adjoint() {
    for (rows, cols) in SHAPES {
        let network = varied(rows, cols, 3);
        let mut chance = Chance(9);
        let size = rows * cols;
        // I = gd vw - (gd + gm) vb leaves the word node and enters the bit node
        let drain = network.cells.clone();
        let source: Vec<f64> = drain.iter().map(|gd| gd * (1.0 + 3.0 * chance.next())).collect();
        let cells = Cells { ww: &drain, wb: &source, bw: &drain, bb: &source };
        let b = chance.many(2 * size);
        let adjoint = Cells { ww: &drain, wb: &drain, bw: &source, bb: &source };
        let (straight, turned) = (exact(&network, &cells, &b), exact(&network, &adjoint, &b));
        for level in Level::available() {
            let mut solver = FrontalLu::analyse_for(rows, cols, level).expect("an array");
            let pivots = solver.factor(&network, [&drain, &source, &drain, &source]).expect("tied lines");
            assert_eq!(pivots.negative, 0);
            let mut x = vec![0.0; 2 * size];
            let (xw, xb) = x.split_at_mut(size);
            solver.solve([&b[..size], &b[size..]], [xw, xb]).expect("a solution");
            assert!(apart(&x, &straight) < 1e-14, "{rows}x{cols} {level:?}: {:.1e}", apart(&x, &straight));
            let (xw, xb) = x.split_at_mut(size);
            solver.solve_adjoint([&b[..size], &b[size..]], [xw, xb]).expect("a solution");
            assert!(apart(&x, &turned) < 1e-14, "{rows}x{cols} {level:?}: {:.1e}", apart(&x, &turned));
        }
    }
}

#[test]
fn a_second_factorization_forgets_the_first() {
    let (first, second) = (varied(19, 22, 1), varied(19, 22, 2));
    let b = Chance(5).many(2 * 19 * 22);
    let (mut used, mut fresh) =
        (Frontal::analyse(19, 22).expect("an array"), Frontal::analyse(19, 22).expect("an array"));
    used.factor(&first).expect("tied lines");
    solve(&mut used, &b);
    used.factor(&second).expect("tied lines");
    fresh.factor(&second).expect("tied lines");
    assert_eq!(solve(&mut used, &b), solve(&mut fresh, &b));
}

#[test]
fn negative_cells_are_solved_and_their_pivots_counted() {
    let mut network = varied(16, 16, 4);
    let mut chance = Chance(12);
    for k in (0..256).step_by(5) {
        network.cells[k] = -2e-3 * chance.next();
    }
    let b = chance.many(512);
    let mut solver = Frontal::analyse(16, 16).expect("an array");
    assert_eq!(solver.factor(&network).expect("regular").negative, 0, "wires keep the matrix positive");
    let exact_mild = exact(&network, &symmetric(&network.cells), &b);
    let scale = exact_mild.iter().fold(0.0f64, |s, x| s.max(x.abs()));
    let off = |x: &[f64], e: &[f64]| x.iter().zip(e).map(|(x, e)| (x - e).abs()).fold(0.0, f64::max);
    assert!(off(&solve(&mut solver, &b), &exact_mild) < 1e-12 * scale);
    // stronger than the wires: the matrix is indefinite, and its inertia does not depend on the order
    network.cells[37] = -5.0;
    assert!(solver.factor(&network).expect("regular").negative > 0);
    let exact_strong = exact(&network, &symmetric(&network.cells), &b);
    let scale = exact_strong.iter().fold(0.0f64, |s, x| s.max(x.abs()));
    assert!(off(&solve(&mut solver, &b), &exact_strong) < 1e-11 * scale);
}

#[test]
fn what_floats_is_named() {
    let mut network = varied(20, 12, 6);
    for lines in [&mut network.word, &mut network.bit] {
        lines.head.fill(0.0);
        lines.tail.fill(0.0);
        lines.leak = None;
    }
    let mut solver = Frontal::analyse(20, 12).expect("an array");
    assert!(matches!(solver.factor(&network), Err(Trouble::Untied { .. })));
    // one line tied, all cells conduct: everything hangs on it
    network.word.head[3] = 1.0;
    assert!(solver.factor(&network).is_ok());
    // a column without cells hangs on nothing
    for row in 0..20 {
        network.cells[row * 12 + 5] = 0.0;
    }
    let trouble = solver.factor(&network).expect_err("column 5 floats");
    assert!(matches!(trouble, Trouble::Untied { side: Side::Bit, col: 5, .. }), "{trouble:?}");
    network.cells[0] = f64::NAN;
    assert!(solver.factor(&network).is_err());
}

/// A node inside of a tile that is not the first.
#[test]
fn a_single_node_that_floats_is_named() {
    let (row, col) = (12, 9);
    let mut network = varied(20, 12, 6);
    let node = row * 12 + col;
    let Wire::Each(wire) = &mut network.word.wire else { panic!("varied wires") };
    wire[node - 1..=node].fill(0.0);
    network.word.leak = None;
    network.cells[node] = 0.0;
    let trouble = Frontal::analyse(20, 12).expect("an array").factor(&network).expect_err("a node floats");
    assert_eq!(trouble, Trouble::Untied { side: Side::Word, row, col });
}

/// |b| + |A| |x| of one cell of -1 S between a driver of 2 S and a sense resistor of 3 S.
#[test]
fn magnitudes_are_sums_of_magnitudes() {
    let (mut word, mut bit) = (Lines::uniform(1.0, 1), Lines::uniform(1.0, 1));
    (word.head[0], bit.tail[0]) = (2.0, 3.0);
    let network = Network { rows: 1, cols: 1, word, bit, cells: vec![-1.0] };
    let (mut in_word, mut in_bit) = ([0.0], [0.0]);
    network.magnitude([&[-5.0], &[4.0]], [&[2.0], &[-3.0]], [&mut in_word, &mut in_bit]).expect("one shape");
    assert_eq!((in_word[0], in_bit[0]), (5.0 + 2.0 * 2.0 + 1.0 * 5.0, 4.0 + 3.0 * 3.0 + 1.0 * 5.0));
}

#[test]
fn many_right_hand_sides_are_as_many_solves() {
    let (rows, cols) = (21, 13);
    let size = rows * cols;
    let network = varied(rows, cols, 8);
    for level in Level::available() {
        let mut solver = Frontal::analyse_for(rows, cols, level).expect("an array");
        solver.factor(&network).expect("tied lines");
        for count in [1, 5, 8, 9, 17, 24, 53] {
            let mut chance = Chance(count as u64);
            let b = [chance.many(count * size), chance.many(count * size)];
            let mut x = [vec![0.0; count * size], vec![0.0; count * size]];
            let [xw, xb] = &mut x;
            solver.solve_many([&b[0], &b[1]], [xw, xb]).expect("a solution");
            for k in 0..count {
                let of = k * size..(k + 1) * size;
                let (mut yw, mut yb) = (vec![0.0; size], vec![0.0; size]);
                solver.solve([&b[0][of.clone()], &b[1][of.clone()]], [&mut yw, &mut yb]).expect("a solution");
                let worst = apart(&x[0][of.clone()], &yw).max(apart(&x[1][of], &yb));
                assert!(worst < 1e-14, "{level:?} {k} of {count}: {worst:.1e}");
            }
        }
    }
}

/// The symmetric solver is its own adjoint; the LU twin is not.
#[test]
fn many_adjoint_solves_of_transistor_cells_are_single_ones() {
    let (rows, cols) = (10, 18);
    let size = rows * cols;
    let network = varied(rows, cols, 8);
    let source: Vec<f64> = network.cells.iter().map(|g| 2.5 * g).collect();
    let mut solver = FrontalLu::analyse(rows, cols).expect("an array");
    solver.factor(&network, [&network.cells, &source, &network.cells, &source]).expect("tied lines");
    let mut chance = Chance(77);
    let b = [chance.many(3 * size), chance.many(3 * size)];
    let mut x = [vec![0.0; 3 * size], vec![0.0; 3 * size]];
    let [xw, xb] = &mut x;
    solver.solve_many_adjoint([&b[0], &b[1]], [xw, xb]).expect("a solution");
    for k in 0..3 {
        let of = k * size..(k + 1) * size;
        let (mut yw, mut yb) = (vec![0.0; size], vec![0.0; size]);
        solver.solve_adjoint([&b[0][of.clone()], &b[1][of.clone()]], [&mut yw, &mut yb]).expect("a solution");
        assert!(apart(&x[0][of.clone()], &yw).max(apart(&x[1][of], &yb)) < 1e-14);
    }
}

/// Wide arrays take adjoint solves, tall ones straight ones; both against one solve per input vector.
#[test]
fn a_transfer_matrix_gives_the_currents_of_single_solves() {
    for (rows, cols) in [(40, 10), (9, 33)] {
        let size = rows * cols;
        let network = varied(rows, cols, 21);
        let (inputs, outputs) = (Port::word_heads(&network), Port::bit_tails(&network));
        let transfer = transfer(&network, &inputs, &outputs).expect("tied lines");
        let vectors = 7;
        let voltages = Chance(4).many(vectors * rows);
        let mut currents = vec![0.0; vectors * cols];
        transfer.apply(&voltages, &mut currents).expect("a solution");
        let mut solver = Frontal::analyse(rows, cols).expect("an array");
        solver.factor(&network).expect("tied lines");
        for (voltages, currents) in voltages.chunks(rows).zip(currents.chunks(cols)) {
            let (mut b, mut xw, mut xb) = (vec![0.0; size], vec![0.0; size], vec![0.0; size]);
            for (row, voltage) in voltages.iter().enumerate() {
                b[row * cols] = voltage * network.word.head[row];
            }
            solver.solve([&b, &vec![0.0; size]], [&mut xw, &mut xb]).expect("a solution");
            let single: Vec<f64> = (0..cols).map(|j| network.bit.tail[j] * xb[size - cols + j]).collect();
            assert!(apart(currents, &single) < 1e-13, "{rows}x{cols}: {:.1e}", apart(currents, &single));
        }
    }
}

/// Cells whose two currents differ: more inputs than outputs are adjoint solves, which are not the straight ones.
#[test]
fn a_transfer_matrix_of_transistor_cells_gives_the_currents_of_single_solves() {
    for (rows, cols) in [(40, 10), (9, 33)] {
        let size = rows * cols;
        let network = varied(rows, cols, 22);
        let source: Vec<f64> = network.cells.iter().map(|g| 2.5 * g).collect();
        let mut solver = FrontalLu::analyse(rows, cols).expect("an array");
        solver.factor(&network, [&network.cells, &source, &network.cells, &source]).expect("tied lines");
        let transfer = solver.transfer(&Port::word_heads(&network), &Port::bit_tails(&network)).expect("ports");
        let (mut b, mut xw, mut xb) = (vec![0.0; size], vec![0.0; size], vec![0.0; size]);
        b[3 * cols] = network.word.head[3];
        solver.solve([&b, &vec![0.0; size]], [&mut xw, &mut xb]).expect("a solution");
        let single: Vec<f64> = (0..cols).map(|j| network.bit.tail[j] * xb[size - cols + j]).collect();
        let gains: Vec<f64> = (0..cols).map(|j| transfer.gains[j * rows + 3]).collect();
        assert!(apart(&gains, &single) < 1e-13, "{rows}x{cols}: {:.1e}", apart(&gains, &single));
    }
}

#[test]
fn a_checked_solve_reports_its_backward_error_and_refines_where_signs_mix() {
    let mut network = varied(24, 24, 31);
    let mut chance = Chance(2);
    let b = [chance.many(576), chance.many(576)];
    let (mut xw, mut xb) = (vec![0.0; 576], vec![0.0; 576]);
    let mut solver = Frontal::analyse(24, 24).expect("an array");
    solver.factor(&network).expect("tied lines");
    let plain = solver.solve_checked(&network, [&b[0], &b[1]], [&mut xw, &mut xb]).expect("a solution");
    assert!(!plain.refined && plain.backward_error < 2e-15, "{plain:?}");
    // the factor of a slightly different network is wrong by 1e-6; one step takes it to 1e-12
    network.cells.iter_mut().for_each(|g| *g *= 1.000_001);
    let refined = solver.solve_checked(&network, [&b[0], &b[1]], [&mut xw, &mut xb]).expect("a solution");
    assert!(refined.refined && refined.backward_error < 1e-10, "{refined:?}");
}
