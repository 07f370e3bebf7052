//! The array kernel against a dense solve of the same network.

use nalgebra::{DMatrix, DVector};
use sneakpath::crossbar::{Frontal, Level, LinePcg, Lines, Network, Trouble, Wire};
use sneakpath::numeric::rng::Stream;

/// Dense matrix of a network: word nodes first, row-major.
fn dense(net: &Network) -> DMatrix<f64> {
    let (n, m) = (net.rows, net.cols);
    let mut a = DMatrix::zeros(2 * n * m, 2 * n * m);
    let mut connect = |p: usize, q: usize, g: f64| {
        a[(p, p)] += g;
        a[(q, q)] += g;
        a[(p, q)] -= g;
        a[(q, p)] -= g;
    };
    for i in 0..n {
        for j in 0..m {
            let k = i * m + j;
            connect(k, n * m + k, net.cells[k]);
            if j + 1 < m {
                connect(k, k + 1, net.word_segment(i, j));
            }
            if i + 1 < n {
                connect(n * m + k, n * m + k + m, net.bit_segment(i, j));
            }
        }
    }
    for i in 0..n {
        for j in 0..m {
            let k = i * m + j;
            a[(k, k)] += net.word_leak(i, j);
            a[(n * m + k, n * m + k)] += net.bit_leak(i, j);
        }
    }
    a
}

fn random_network(n: usize, m: usize, wire: f64, seed: u64) -> Network {
    let mut random = Stream::new(seed, 0, "network");
    let mut word = Lines::uniform(1.0 / wire, n);
    let mut bit = Lines::uniform(1.0 / wire, m);
    word.head = vec![1.0 / 50.0; n];
    bit.tail = vec![1.0 / 100.0; m];
    let cells = (0..n * m).map(|_| if random.uniform() < 0.5 { 1e-4 } else { 1e-6 }).collect();
    Network { rows: n, cols: m, word, bit, cells }
}

fn solve(net: &Network, b: &[f64]) -> (Vec<f64>, sneakpath::crossbar::Outcome) {
    let k = net.rows * net.cols;
    let mut solver = LinePcg::new(net).expect("an array");
    solver.factor(net).expect("positive lines");
    let (mut xw, mut xb) = (vec![0.0; k], vec![0.0; k]);
    let outcome = solver.solve(net, [&b[..k], &b[k..]], [&mut xw, &mut xb], 1e-13, 200).expect("convergence");
    xw.extend(xb);
    (xw, outcome)
}

/// Dense LU with two steps of refinement on the branch-form residual: a diagonal that adds 1e3 S and 1e-6 S has lost
/// nine digits of the cell before the elimination starts.
fn refined(net: &Network, b: &[f64]) -> DVector<f64> {
    let k = net.rows * net.cols;
    let lu = dense(net).lu();
    let mut x = lu.solve(&DVector::from_column_slice(b)).expect("a regular matrix");
    for _ in 0..2 {
        let mut r = vec![0.0; 2 * k];
        let (rw, rb) = r.split_at_mut(k);
        net.residual([&b[..k], &b[k..]], [&x.as_slice()[..k], &x.as_slice()[k..]], [rw, rb]).expect("one shape");
        x += lu.solve(&DVector::from_vec(r)).expect("a regular matrix");
    }
    x
}

fn compare(net: &Network, seed: u64) {
    let size = 2 * net.rows * net.cols;
    let mut random = Stream::new(seed, 1, "rhs");
    let b: Vec<f64> = (0..size).map(|_| random.uniform() - 0.5).collect();
    let (x, _) = solve(net, &b);
    let exact = refined(net, &b);
    let scale = exact.amax();
    for k in 0..size {
        assert!((x[k] - exact[k]).abs() <= 1e-10 * scale, "{}x{} node {k}: {} {}", net.rows, net.cols, x[k], exact[k]);
    }
}

/// From a guess the solver ends where it ends from zero: at the solution when it is the solution, without an iteration,
/// and at zero when there is no right-hand side.
#[test]
fn a_guess_is_where_the_iteration_begins() {
    let (n, m) = (13, 7);
    let k = n * m;
    let net = random_network(n, m, 100.0, 7);
    let mut random = Stream::new(5, 1, "guess");
    let b: Vec<f64> = (0..2 * k).map(|_| random.uniform() - 0.5).collect();
    let exact = refined(&net, &b);
    let mut solver = LinePcg::new(&net).expect("an array");
    solver.factor(&net).expect("positive lines");
    let scale = exact.amax();
    // one that may not finish leaves what it has
    let (mut xw, mut xb) = (vec![0.0; k], vec![0.0; k]);
    let stopped = solver.solve(&net, [&b[..k], &b[k..]], [&mut xw, &mut xb], 1e-13, 1);
    assert!(matches!(stopped, Err(Trouble::Limit { iterations: 1, .. })), "{stopped:?}");
    let left = DVector::from_iterator(k, xb.iter().zip(exact.iter().skip(k)).map(|(x, e)| x - e));
    assert!(left.norm() < 0.9 * exact.rows(k, k).norm(), "{}", left.norm());
    for (b, exact) in [(b, exact), (vec![0.0; 2 * k], DVector::zeros(2 * k))] {
        let (mut xw, mut xb): (Vec<f64>, Vec<f64>) =
            (0..k).map(|_| (random.uniform(), scale * random.uniform())).unzip();
        for again in [false, true] {
            let tolerance = if again { 1e-10 } else { 1e-13 };
            let outcome =
                solver.solve(&net, [&b[..k], &b[k..]], [&mut xw, &mut xb], tolerance, 200).expect("convergence");
            assert!(!again || outcome.iterations == 0, "{outcome:?}");
            for (x, exact) in xw.iter().chain(&xb).zip(exact.iter()) {
                assert!((x - exact).abs() <= 1e-8 * scale, "{x} {exact}");
            }
        }
    }
}

#[test]
fn random_networks_of_any_shape_agree_with_a_dense_solve() {
    for (n, m) in [(1, 1), (1, 9), (9, 1), (3, 5), (8, 8), (13, 7), (16, 21)] {
        for wire in [1e-3, 2.5, 100.0] {
            compare(&random_network(n, m, wire, 7), 11);
        }
    }
}

#[test]
fn wires_that_vary_and_leaks_and_far_ends_agree_too() {
    let mut net = random_network(11, 14, 2.5, 3);
    let mut random = Stream::new(5, 0, "wires");
    let mut each = |_: usize| 0.1 + random.uniform();
    net.word.wire = Wire::Each((0..11 * 14).map(&mut each).collect());
    net.bit.wire = Wire::Each((0..11 * 14).map(&mut each).collect());
    net.word.leak = Some((0..11 * 14).map(|k| 1e-6 * k as f64).collect());
    net.bit.leak = Some(vec![1e-5; 11 * 14]);
    net.word.tail = vec![0.02; 11];
    net.bit.head = vec![0.5; 14];
    compare(&net, 2);
}

#[test]
fn the_coarse_grid_joins_where_lines_are_long_and_changes_nothing() {
    // neither side is a multiple of the coarse spacing, nor of eight
    let (n, m) = (93, 86);
    let net = random_network(n, m, 100.0, 9);
    let b: Vec<f64> = (0..2 * (n * m) as u64).map(|k| ((k * 2_654_435_761) % 1000) as f64 / 1000.0 - 0.5).collect();
    let (x, outcome) = solve(&net, &b);
    assert!(outcome.coarse && outcome.iterations < 40, "{outcome:?}");
    let k = n * m;
    let (mut rw, mut rb) = (vec![0.0; k], vec![0.0; k]);
    net.residual([&b[..k], &b[k..]], [&x[..k], &x[k..]], [&mut rw, &mut rb]).expect("one shape");
    let worst = rw.iter().chain(&rb).fold(0.0f64, |w, r| w.max(r.abs()));
    assert!(worst < 1e-9, "{worst}");
}

/// A preconditioner that is not the lines themselves still leads to the solution, only later. The bounds are the counts of
/// the solver as it is; 1.8 N sqrt(r g) + 3 gives 4.3, 6.9 and 6.9 for the first three, which have no coarse grid.
#[test]
fn iterations_do_not_grow_unnoticed() {
    let mut counts = Vec::new();
    for (n, m, wire, most) in
        [(64, 64, 2.5, 6), (96, 40, 10.0, 7), (40, 96, 10.0, 7), (96, 96, 100.0, 16), (200, 120, 100.0, 16)]
    {
        let net = random_network(n, m, wire, 12);
        let b: Vec<f64> = (0..2 * n * m).map(|k| if k < n * m && k % m == 0 { 0.3 / 50.0 } else { 0.0 }).collect();
        let k = n * m;
        let mut solver = LinePcg::new(&net).expect("a network");
        solver.factor(&net).expect("positive lines");
        let (mut xw, mut xb) = (vec![0.0; k], vec![0.0; k]);
        let outcome = solver.solve(&net, [&b[..k], &b[k..]], [&mut xw, &mut xb], 1e-11, 200).expect("convergence");
        counts.push((n, m, wire, outcome.iterations, most));
    }
    assert!(counts.iter().all(|(.., count, most)| count <= most), "{counts:?}");
}

#[test]
fn a_floating_line_is_solved_and_a_floating_array_is_refused() {
    let mut net = random_network(6, 6, 1.0, 4);
    net.word.head = vec![0.0; 6];
    net.word.head[2] = 0.02;
    net.bit.tail = vec![0.0; 6];
    net.bit.tail[3] = 0.01;
    compare(&net, 8);
    net.cells = vec![0.0; 36];
    net.word.head[2] = 0.0;
    let refused = LinePcg::new(&net).expect("an array").factor(&net);
    assert!(matches!(refused, Err(Trouble::NegativePivots(_))), "{refused:?}");
}

#[test]
fn negative_cells_are_solved_while_the_lines_stay_positive() {
    let mut net = random_network(8, 8, 1.0, 6);
    for k in (0..64).step_by(7) {
        net.cells[k] = -2e-5;
    }
    compare(&net, 3);
}

/// Both bit lines and the word line are positive by themselves, but the floating word line hangs on cells of 1 S and
/// -0.9 S, so that S = diag(3, 1.1) - (1, -0.9)^T (1, -0.9) / 0.1 is not.
#[test]
fn an_indefinite_array_is_refused_by_line_pcg() {
    let mut net =
        Network { rows: 1, cols: 2, word: Lines::uniform(1e9, 1), bit: Lines::uniform(1.0, 2), cells: vec![1.0, -0.9] };
    net.bit.tail = vec![2.0; 2];
    let mut solver = LinePcg::new(&net).expect("a network");
    solver.factor(&net).expect("positive lines");
    let (mut xw, mut xb) = ([0.0; 2], [0.0; 2]);
    let refused = solver.solve(&net, [&[0.0; 2], &[1.0, 0.0]], [&mut xw, &mut xb], 1e-10, 50);
    assert_eq!(refused, Err(Trouble::Indefinite(1)));
}

/// S is a difference of numbers of the size of the cells: beyond a thousand times the wires it is said to be lossy.
#[test]
fn cells_far_above_the_wires_are_said_to_lose_digits() {
    for (contrast, lossy) in [(1e-3, false), (100.0, false), (1e4, true), (1e15, true)] {
        let mut net = random_network(5, 4, 1e3, 2);
        net.cells = vec![contrast * 1e-3; 20];
        let mut solver = LinePcg::new(&net).expect("a network");
        solver.factor(&net).expect("positive lines");
        assert_eq!(solver.is_lossy(), lossy, "{contrast}");
    }
}

#[test]
fn every_instruction_set_gives_the_same_solution() {
    for (n, m) in [(1, 1), (1, 9), (9, 1), (5, 8), (8, 5), (16, 24), (17, 23), (130, 75)] {
        let mut net = random_network(n, m, 2.5, 7 + (n * m) as u64);
        net.bit.leak = Some((0..n * m).map(|k| 1e-7 * (k % 5) as f64).collect());
        net.word.leak = Some((0..n * m).map(|k| 1e-8 * (k % 7) as f64).collect());
        let b: Vec<f64> = (0..n * m).map(|k| if k % m == 0 { 1e-3 } else { 0.0 }).collect();
        let zero = vec![0.0; n * m];
        let solutions: Vec<[Vec<f64>; 2]> = Level::available()
            .into_iter()
            .map(|level| {
                let (mut xw, mut xb) = (zero.clone(), zero.clone());
                let mut solver = LinePcg::on(level, &net).expect("an array");
                solver.factor(&net).unwrap();
                solver.solve(&net, [&b, &zero], [&mut xw, &mut xb], 1e-14, 500).unwrap();
                [xw, xb]
            })
            .collect();
        let largest = solutions[0].iter().flatten().fold(0.0f64, |a, v| a.max(v.abs()));
        for other in &solutions[1..] {
            for (a, b) in solutions[0].iter().flatten().zip(other.iter().flatten()) {
                assert!((a - b).abs() <= 1e-12 * largest, "{n} x {m}: {a} {b}");
            }
        }
    }
}

/// Whatever stands in a network, the solvers refuse it or solve it: no panic, and where all numbers are finite no answer
/// whose currents do not balance.
#[test]
fn what_no_network_has_is_refused_or_solved() {
    let mut random = Stream::new(77, 0, "what no network has");
    let strange = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1e-4, 1e-320, 1e300, -1e300, f64::MIN_POSITIVE];
    let mut answers = [0; 2];
    for round in 0..600 {
        let (n, m) = (1 + (random.uniform() * 20.0) as usize, 1 + (random.uniform() * 20.0) as usize);
        let mut net = random_network(n, m, 2.5, round);
        let finite = round % 3 == 0;
        for _ in 0..1 + round % 4 {
            let value = strange[(random.uniform() * strange.len() as f64) as usize];
            // a potential of b / 1e-320 is not finite
            let value = match value {
                v if finite && !v.is_finite() => 0.0,
                v if finite && v > 0.0 && v < 1.0 => 1e-30,
                v => v,
            };
            let (cell, row, col) = (
                (random.uniform() * (n * m) as f64) as usize,
                (random.uniform() * n as f64) as usize,
                (random.uniform() * m as f64) as usize,
            );
            match (random.uniform() * 5.0) as usize {
                0 => net.cells[cell] = value,
                1 => net.word.head[row] = value,
                2 => net.bit.tail[col] = value,
                3 => net.word.wire = Wire::Uniform(value),
                _ => net.bit.leak.get_or_insert_with(|| vec![0.0; n * m])[cell] = value,
            }
        }
        let b: Vec<Vec<f64>> = (0..2).map(|_| (0..n * m).map(|_| random.uniform()).collect()).collect();
        let is_network = net.check().is_ok();
        let balanced = |x: &[Vec<f64>; 2]| {
            if !finite {
                return x.iter().flatten().all(|v| v.is_finite());
            }
            let (mut r, mut size) = ([vec![0.0; n * m], vec![0.0; n * m]], [vec![0.0; n * m], vec![0.0; n * m]]);
            let [rw, rb] = &mut r;
            net.residual([&b[0], &b[1]], [&x[0], &x[1]], [rw, rb]).expect("one shape");
            let [sw, sb] = &mut size;
            net.magnitude([&b[0], &b[1]], [&x[0], &x[1]], [sw, sb]).expect("one shape");
            let largest = |v: &[Vec<f64>; 2]| v.iter().flatten().fold(0.0f64, |m, v| m.max(v.abs()));
            r.iter().flatten().all(|r| r.is_finite()) && largest(&r) <= 1e-6 * largest(&size)
        };
        let mut x = [vec![0.0; n * m], vec![0.0; n * m]];
        let line = LinePcg::new(&net).map_err(Trouble::from);
        if let Ok(mut line) = line.and_then(|mut line| line.factor(&net).map(|()| line)) {
            let [xw, xb] = &mut x;
            if line.solve(&net, [&b[0], &b[1]], [xw, xb], 1e-10, 400).is_ok() {
                assert!(is_network && balanced(&x), "line-PCG, round {round}: {net:?}");
                answers[0] += 1;
            }
        }
        let mut x = [vec![0.0; n * m], vec![0.0; n * m]];
        let mut direct = Frontal::analyse(n, m).expect("an array");
        if direct.factor(&net).is_ok() {
            let [xw, xb] = &mut x;
            if direct.solve([&b[0], &b[1]], [xw, xb]).is_ok() {
                assert!(is_network && balanced(&x), "frontal, round {round}: {net:?}");
                answers[1] += 1;
            }
        }
    }
    assert!(answers.iter().all(|answers| *answers > 50), "{answers:?}");
}
