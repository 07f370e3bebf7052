//! Tests of [`super::sparse`] and its parts against dense LU and against their own residuals.

use super::dense::DenseLu;
use super::pattern::Pattern;
use super::sparse::*;
use nalgebra::Complex;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A line-resistor array: word nodes w(i,j), bit nodes b(i,j), a state row per cell, ideal drivers with branch
/// currents on the left ends, sense conductances at the bottom. `draw` gives cell values.
fn array(n: u32, mut draw: impl FnMut() -> f64) -> (Pattern, Vec<f64>) {
    let (w, b) = (|i: u32, j: u32| i * n + j, |i: u32, j: u32| n * n + i * n + j);
    let (state, branch) = (|i: u32, j: u32| 2 * n * n + i * n + j, |i: u32| 3 * n * n + i);
    let mut entries = Vec::new();
    let mut values = Vec::new();
    let mut stamp = |p: u32, q: u32, g: f64| {
        for (r, c, v) in [(p, p, g), (q, q, g), (p, q, -g), (q, p, -g)] {
            entries.push((r, c));
            values.push(v);
        }
    };
    for i in 0..n {
        for j in 0..n {
            stamp(w(i, j), b(i, j), 1e-4 * draw());
            let (right, below) =
                (if j + 1 < n { w(i, j + 1) } else { u32::MAX }, if i + 1 < n { b(i + 1, j) } else { u32::MAX });
            if j + 1 < n {
                stamp(w(i, j), right, 0.4);
            }
            stamp(b(i, j), below, if i + 1 < n { 0.4 } else { 0.01 });
        }
    }
    for i in 0..n {
        for j in 0..n {
            let (v, s) = (draw(), draw());
            for (r, c, v) in [
                (w(i, j), state(i, j), 1e-5 * s),
                (b(i, j), state(i, j), -1e-5 * s),
                (state(i, j), state(i, j), 1e9),
                (state(i, j), w(i, j), -1e6 * v),
                (state(i, j), b(i, j), 1e6 * v),
            ] {
                entries.push((r, c));
                values.push(v);
            }
        }
        for (r, c, v) in [(w(i, 0), branch(i), 1.0), (branch(i), w(i, 0), 1.0)] {
            entries.push((r, c));
            values.push(v);
        }
    }
    assemble(3 * (n * n) as usize + n as usize, &entries, &values)
}

fn assemble(n: usize, entries: &[(u32, u32)], values: &[f64]) -> (Pattern, Vec<f64>) {
    let (pattern, positions) = Pattern::from_entries(n, entries);
    let mut merged = vec![0.0; pattern.value_len()];
    for (&position, &value) in positions.iter().zip(values) {
        merged[position as usize] += value;
    }
    (pattern, merged)
}

/// Largest |b - A x| over the largest sum of |a x| in its row: the backward error, a few n eps for a stable solver.
fn backward_error(pattern: &Pattern, values: &[f64], x: &[f64], b: &[f64]) -> f64 {
    let mut residual = b.to_vec();
    let mut size: Vec<f64> = b.iter().map(|b| b.abs()).collect();
    for (column, x) in x.iter().enumerate() {
        for p in pattern.range(column) {
            let row = pattern.rows()[p] as usize;
            residual[row] -= values[p] * x;
            size[row] += (values[p] * x).abs();
        }
    }
    residual.iter().zip(&size).map(|(r, s)| if *s == 0.0 { r.abs() } else { r.abs() / s }).fold(0.0, f64::max)
}

fn compare_with_dense(pattern: &Pattern, values: &[f64], b: &[f64], condition_allowance: f64) {
    let mut sparse = SparseLu::analyse(pattern);
    let mut dense = DenseLu::new(pattern);
    sparse.factor(values).unwrap();
    dense.factor(values).unwrap();
    let (mut x, mut y) = (b.to_vec(), b.to_vec());
    sparse.solve(&mut x);
    dense.solve(&mut y);
    let scale = y.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    for (k, (x, y)) in x.iter().zip(&y).enumerate() {
        assert!((x - y).abs() <= condition_allowance * f64::EPSILON * scale, "unknown {k}: {x} against {y}");
    }
}

#[test]
fn arrays_with_states_and_sources_match_dense() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (pattern, values) = array(5, || rng.random_range(0.5..1.5));
    let b: Vec<f64> = (0..pattern.size()).map(|k| if k >= 75 { 1.0 + k as f64 } else { 0.0 }).collect();
    let mut lu = SparseLu::analyse(&pattern);
    lu.factor(&values).unwrap();
    let mut x = b.clone();
    lu.solve(&mut x);
    assert!(backward_error(&pattern, &values, &x, &b) < 1e-14);
    // row-equilibrated oracle: nalgebra does not scale
    let matrix = DenseLu::matrix(&pattern, &values);
    let mut scaled = values.clone();
    let mut rhs = b.clone();
    for (row, b) in rhs.iter_mut().enumerate() {
        let largest = matrix.row(row).amax();
        *b /= largest;
        for (p, _) in pattern.rows().iter().enumerate().filter(|(_, r)| **r as usize == row) {
            scaled[p] /= largest;
        }
    }
    compare_with_dense(&pattern, &scaled, &rhs, 1e5);
}

#[test]
fn refactoring_equals_factoring() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let (pattern, first) = array(6, || rng.random_range(0.5..1.5));
    let (_, second) = array(6, || rng.random_range(0.5..1.5));
    let b: Vec<f64> = (0..pattern.size()).map(|_| rng.random_range(-1.0..1.0)).collect();
    let mut reused = SparseLu::analyse(&pattern);
    assert_eq!(reused.factor(&first), Ok(FactorKind::Full));
    assert_eq!(reused.factor(&second), Ok(FactorKind::Refactored));
    let mut fresh = SparseLu::analyse(&pattern);
    assert_eq!(fresh.factor(&second), Ok(FactorKind::Full));
    let (mut x, mut y) = (b.clone(), b.clone());
    reused.solve(&mut x);
    fresh.solve(&mut y);
    let scale = y.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    assert!(x.iter().zip(&y).all(|(x, y)| (x - y).abs() <= 1e-12 * scale));
    assert!(backward_error(&pattern, &second, &x, &b) < 1e-14);
    assert_eq!(reused.counts(), SolverCounts { analyses: 1, full: 1, refactored: 1, solves: 1 });
    // and twice the same is the same to the bit
    reused.factor(&second).unwrap();
    let mut z = b.clone();
    reused.solve(&mut z);
    assert_eq!(x, z);
}

#[test]
fn the_transposed_system_is_the_adjoint() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let (pattern, values) = array(4, || rng.random_range(0.5..1.5));
    let mut lu = SparseLu::analyse(&pattern);
    lu.factor(&values).unwrap();
    let b: Vec<f64> = (0..pattern.size()).map(|_| rng.random_range(-1.0..1.0)).collect();
    let mut z = b.clone();
    lu.solve_transposed(&mut z);
    // A^T z = b, column by column of A, against the size of its terms
    for (column, b) in b.iter().enumerate() {
        let terms = pattern.range(column).map(|p| values[p] * z[pattern.rows()[p] as usize]);
        let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), t| (sum + t, size + t.abs()));
        assert!((sum - b).abs() <= 1e-13 * (size + b.abs()));
    }
}

#[test]
fn pivots_that_vanish_later_are_searched_again() {
    let entries = [(0, 0), (1, 0), (0, 1), (1, 1)];
    let (pattern, _) = Pattern::from_entries(2, &entries);
    let mut lu = SparseLu::analyse(&pattern);
    assert_eq!(lu.factor(&[4.0, 1.0, 1.0, 3.0]), Ok(FactorKind::Full));
    // columns (0, 1), (1, 3): the diagonal pivot of unknown 0 is gone
    assert_eq!(lu.factor(&[0.0, 1.0, 1.0, 3.0]), Ok(FactorKind::Full));
    let mut x = [5.0, 17.0];
    lu.solve(&mut x);
    assert_eq!(x, [2.0, 5.0]);
    // tiny, not zero: without a new search all digits would go
    lu.forget_pivots();
    lu.factor(&[4.0, 1.0, 1.0, 3.0]).unwrap();
    assert_eq!(lu.factor(&[1e-20, 1.0, 1.0, 3.0]), Ok(FactorKind::Full));
    let mut x = [5.0, 17.0];
    lu.solve(&mut x);
    assert_eq!(x, [2.0, 5.0]);
    assert_eq!(lu.counts().full, 4);
}

#[test]
fn analysed_pivots_that_are_zero_are_passed_over() {
    let (pattern, _) = Pattern::from_entries(3, &[(0, 0), (1, 0), (0, 1), (1, 1), (2, 1), (1, 2), (2, 2)]);
    let mut lu = SparseLu::analyse(&pattern);
    // [[0, 2, 0], [3, 0, 1], [0, 5, 0]] would need row 0 and 2 for column 1
    let error = lu.factor(&[0.0, 3.0, 2.0, 0.0, 5.0, 1.0, 0.0]).unwrap_err();
    assert_eq!(error.cause, SingularCause::Values);
    // [[0, 2, 0], [3, 0, 1], [0, 5, 4]] x = [4, 6, 22]
    assert_eq!(lu.factor(&[0.0, 3.0, 2.0, 0.0, 5.0, 1.0, 4.0]), Ok(FactorKind::Full));
    let mut x = [4.0, 6.0, 22.0];
    lu.solve(&mut x);
    assert_eq!(x, [1.0, 2.0, 3.0]);
}

#[test]
fn floating_nodes_and_source_loops_are_named() {
    // resistors 0-1 (grounded at 0), 2-3 floating
    let g = 1.0 / 3.0;
    let (p, v) = assemble(
        4,
        &[(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (2, 3), (3, 2), (3, 3)],
        &[2.0 * g, -g, -g, g, g, -g, -g, g],
    );
    let error = SparseLu::analyse(&p).factor(&v).unwrap_err();
    assert!(matches!(error.unknown, 2 | 3) && error.cause == SingularCause::Values, "{error}");
    // two ideal sources, branches 1 and 2, across node 0
    let (p, v) = assemble(3, &[(0, 0), (0, 1), (0, 2), (1, 0), (2, 0)], &[g, 1.0, 1.0, 1.0, 1.0]);
    let error = SparseLu::analyse(&p).factor(&v).unwrap_err();
    assert!(matches!(error.unknown, 1 | 2) && error.cause == SingularCause::Structure, "{error}");
    // a value that is no number
    let (p, _) = Pattern::from_entries(2, &[(0, 0), (1, 1)]);
    let error = SparseLu::analyse(&p).factor(&[1.0, f64::NAN]).unwrap_err();
    assert_eq!((error.unknown, error.equation, error.cause), (1, 1, SingularCause::NotFinite));
}

#[test]
fn a_failed_factorization_leaves_no_stale_answer() {
    let (pattern, _) = Pattern::from_entries(2, &[(0, 0), (1, 0), (0, 1), (1, 1)]);
    let mut lu = SparseLu::analyse(&pattern);
    lu.factor(&[1.0, 0.0, 0.0, 1.0]).unwrap();
    lu.factor(&[1.0, 2.0, 2.0, 4.0]).unwrap_err();
    let mut b = [3.0, 4.0];
    lu.solve(&mut b);
    assert_eq!((b, lu.pivot_ratio()), ([3.0, 4.0], 0.0));
    lu.factor(&[2.0, 0.0, 0.0, 2.0]).unwrap();
    lu.solve(&mut b);
    assert_eq!((b, lu.pivot_ratio()), ([1.5, 2.0], 1.0));
}

#[test]
fn refinement_repairs_a_slightly_stale_solution() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let (pattern, values) = array(4, || rng.random_range(0.5..1.5));
    let mut lu = SparseLu::analyse(&pattern);
    lu.factor(&values).unwrap();
    let b: Vec<f64> = (0..pattern.size()).map(|_| rng.random_range(-1.0..1.0)).collect();
    let mut x = b.clone();
    lu.solve(&mut x);
    let exact = x.clone();
    x.iter_mut().for_each(|x| *x *= 1.0 + 1e-6);
    let mut scratch = vec![0.0; b.len()];
    lu.refine(&values, &b, &mut x, &mut scratch);
    let scale = exact.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    assert!(x.iter().zip(&exact).all(|(x, e)| (x - e).abs() <= 1e-12 * scale));
}

#[test]
fn complex_systems() {
    // R-C divider: (1 + j) v0 - j v1 = 1, -j v0 + 2j v1 = 0
    let j = Complex::new(0.0, 1.0);
    let (pattern, _) = Pattern::from_entries(2, &[(0, 0), (1, 0), (0, 1), (1, 1)]);
    let mut lu = SparseLu::analyse(&pattern);
    lu.factor(&[Complex::new(1.0, 1.0), -j, -j, 2.0 * j]).unwrap();
    let mut x = [Complex::new(1.0, 0.0), Complex::new(0.0, 0.0)];
    lu.solve(&mut x);
    // v1 = v0 / 2, v0 (1 + j/2) = 1
    let v0 = Complex::new(0.8, -0.4);
    assert!((x[0] - v0).norm() < 1e-15 && (x[1] - v0 * 0.5).norm() < 1e-15);
}

#[test]
fn a_given_order_is_kept() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let (pattern, values) = array(3, || rng.random_range(0.5..1.5));
    let b: Vec<f64> = (0..pattern.size()).map(|_| rng.random_range(-1.0..1.0)).collect();
    let backwards: Vec<u32> = (0..pattern.size() as u32).rev().collect();
    let mut lu = SparseLu::analyse_with(&pattern, &backwards);
    lu.factor(&values).unwrap();
    let mut x = b.clone();
    lu.solve(&mut x);
    assert!(backward_error(&pattern, &values, &x, &b) < 1e-13);
    let mut best = SparseLu::analyse(&pattern);
    best.factor(&values).unwrap();
    assert!(best.factor_nonzeros() < lu.factor_nonzeros());
}

#[test]
fn empty_systems() {
    let (pattern, _) = Pattern::from_entries(0, &[]);
    let mut lu = SparseLu::<f64>::analyse(&pattern);
    assert_eq!(lu.factor(&[0.0]), Ok(FactorKind::Full));
    lu.solve(&mut []);
}

proptest! {
    /// Random unsymmetric patterns, rows scaled over 24 decades, some diagonals missing: full factorization,
    /// refactorization with other values and the transposed solve are all backward stable.
    #[test]
    fn random_matrices_are_solved_stably(n in 1usize..40, seed in 0u64..10_000) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut entries: Vec<(u32, u32)> = Vec::new();
        // a random transversal keeps the structure regular
        let shift = rng.random_range(0..n);
        entries.extend((0..n).map(|c| (((c + shift) % n) as u32, c as u32)));
        entries.extend((0..3 * n).map(|_| (rng.random_range(0..n) as u32, rng.random_range(0..n) as u32)));
        let rows: Vec<f64> = (0..n).map(|_| 10f64.powf(rng.random_range(-12.0..12.0))).collect();
        let mut values = || -> Vec<f64> {
            entries.iter().map(|&(r, _)| rows[r as usize] * rng.random_range(-1.0..1.0)).collect()
        };
        let (pattern, first) = assemble(n, &entries, &values());
        let (_, second) = assemble(n, &entries, &values());
        let b: Vec<f64> = rows.iter().map(|r| r * 0.7).collect();
        let mut lu = SparseLu::analyse(&pattern);
        // every other case with full partial pivoting, so that the analysed pivots seldom stand
        let relative = if seed % 2 == 0 { 1e-3 } else { 1.0 };
        lu.set_rule(PivotRule { relative, ..PivotRule::default() });
        for values in [&first, &second] {
            // a random matrix may be singular to working precision; then it must say so, not answer
            if lu.factor(values).is_err() {
                let rank = scaled_rank(&pattern, values, &rows);
                prop_assert!(rank < n, "called singular, rank {rank} of {n}");
                continue;
            }
            let mut x = b.clone();
            lu.solve(&mut x);
            // growth is at most (1 + 1/pivrel)^k in theory; refinement makes it componentwise small
            let mut scratch = vec![0.0; n];
            lu.refine(values, &b, &mut x, &mut scratch);
            let error = backward_error(&pattern, values, &x, &b);
            prop_assert!(error < 1e-11, "backward error {error}");
        }
    }
}

fn scaled_rank(pattern: &Pattern, values: &[f64], rows: &[f64]) -> usize {
    let mut matrix = DenseLu::matrix(pattern, values);
    for (k, r) in rows.iter().enumerate() {
        matrix.row_mut(k).scale_mut(1.0 / r);
    }
    matrix.rank(1e-13)
}
