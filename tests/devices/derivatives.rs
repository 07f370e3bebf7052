//! Jacobians against central differences, charge conservation and shift invariance, finiteness.

use super::bench::{ENV, Random, load, random_params, single};
use sneakpath::device::{Card, REGISTRY, StateLaw};
use sneakpath::device::{DeviceGroup, DeviceKind, Load};

/// A random point: ports within +-`volts`, states inside their range, branch currents within +-1 A.
fn random_point(card: &Card, volts: f64, random: &mut Random) -> Vec<f64> {
    let mut x: Vec<f64> = card.ports.iter().map(|_| random.between(-volts, volts)).collect();
    for internal in card.internals {
        x.push(match (internal.law, internal.unit) {
            (StateLaw::Algebraic, "V") => x[0] + random.between(-0.1, 0.1),
            (StateLaw::Algebraic, _) => random.between(-1.0, 1.0),
            _ => random.between(0.01, 0.99),
        });
    }
    x
}

fn for_random_devices(mut check: impl FnMut(&dyn DeviceKind, &dyn DeviceGroup, &[f64])) {
    for kind in REGISTRY {
        let card = kind.card();
        let mut random = Random(0x5eed ^ card.keywords[0].bytes().fold(7u64, |h, b| h.rotate_left(9) ^ u64::from(b)));
        let mut devices = 0;
        for _ in 0..60 {
            let Some(group) = random_params(card, &mut random).and_then(|p| single(*kind, &p)) else { continue };
            devices += 1;
            for volts in [0.05, 0.7, 3.0] {
                let x = random_point(card, volts, &mut random);
                check(*kind, group.as_ref(), &x);
            }
        }
        assert!(devices >= 10, "{}: only {devices} random parameter sets were accepted", card.keywords[0]);
    }
}

/// Central difference of every f and q by unknown `k`, with its error: what halving the step changes, plus the
/// rounding of values of size `size`.
fn difference(group: &dyn DeviceGroup, x: &[f64], k: usize, h: f64, size: &[f64]) -> Vec<(f64, f64)> {
    let at = |d: f64| {
        let mut x = x.to_vec();
        x[k] += d;
        let mut out = Load::default();
        group.load_values(&ENV, &x, &mut out);
        [out.f, out.q].concat()
    };
    let slope = |h: f64| -> Vec<(f64, f64)> {
        let (up, down) = (at(h), at(-h));
        let width = (x[k] + h) - (x[k] - h);
        up.iter().zip(&down).map(|(u, d)| ((u - d) / width, u.abs() + d.abs())).collect()
    };
    let (coarse, fine) = (slope(h), slope(0.5 * h));
    let pairs = coarse.iter().zip(&fine).zip(size);
    pairs.map(|((c, f), s)| (f.0, (c.0 - f.0).abs() + 64.0 * f64::EPSILON * (s + c.1) / h)).collect()
}

/// The most accurate difference among those that all narrower ones agree with: near a kink (|v|, a threshold) a wide
/// difference averages the two slopes and believes in it.
fn best(trials: &[(f64, f64)]) -> (f64, f64) {
    let agree = |a: &(f64, f64), b: &(f64, f64)| (a.0 - b.0).abs() <= a.1 + b.1;
    let trusted = trials.iter().enumerate().filter(|(k, t)| trials[k + 1..].iter().all(|u| agree(t, u)));
    *trusted.map(|(_, t)| t).min_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
}

#[test]
fn jacobians_are_the_derivatives_of_f_and_q() {
    let (mut checked, mut sharp) = (0usize, 0usize);
    for_random_devices(|kind, group, x| {
        let n = x.len();
        let l = load(group, &ENV, x);
        let exact: Vec<&[f64]> = l.g.chunks(n).chain(l.c.chunks(n)).collect();
        let values: Vec<f64> = [l.f.clone(), l.q.clone()].concat();
        // size of what is added up in a row: its value and what each unknown contributes to it
        let size: Vec<f64> = (0..2 * n)
            .map(|r| values[r].abs() + exact[r].iter().zip(x).map(|(j, x)| (j * x).abs()).sum::<f64>())
            .collect();
        for k in 0..n {
            let trials: Vec<Vec<(f64, f64)>> =
                (1..9).map(|e| difference(group, x, k, 0.5 * 10f64.powi(-e), &size)).collect();
            for r in 0..2 * n {
                let (slope, error) = best(&trials.iter().map(|t| t[r]).collect::<Vec<_>>());
                let j = exact[r][k];
                assert!(
                    (j - slope).abs() <= 4.0 * error,
                    "{} row {r} by {k} at {x:?}: {j} against {slope} +- {error}",
                    kind.card().keywords[0]
                );
                if j != 0.0 {
                    checked += 1;
                    sharp += usize::from(error < 1e-4 * j.abs());
                }
            }
        }
    });
    // the bound above means something only where the difference is accurate
    assert!(checked > 15_000 && sharp > checked * 9 / 10, "{sharp} of {checked} differences are accurate to 1e-4");
}

/// |sum| is rounding only.
fn vanishes(values: impl Iterator<Item = f64> + Clone) -> bool {
    let size: f64 = values.clone().map(f64::abs).sum();
    values.sum::<f64>().abs() <= 32.0 * f64::EPSILON * size
}

#[test]
fn currents_and_charges_sum_to_zero_and_only_differences_of_voltage_matter() {
    for_random_devices(|kind, group, x| {
        let (card, n) = (kind.card(), x.len());
        let l = load(group, &ENV, x);
        let ports: Vec<usize> = (0..card.ports.len()).filter(|&k| card.ports[k].carries).collect();
        let mut nodes = ports.clone();
        let inner = |k: usize| card.internals[k].unit == "V" && card.internals[k].law == StateLaw::Algebraic;
        nodes.extend((0..card.internals.len()).filter(|&k| inner(k)).map(|k| card.ports.len() + k));
        let m = group.multiplicity(0);
        for (name, rows) in [("f", &l.f), ("q", &l.q)] {
            // rows of inner nodes are those of one copy
            let rows: Vec<f64> =
                rows.iter().enumerate().map(|(k, r)| if k < card.ports.len() { *r } else { m * r }).collect();
            // an inner node either takes part in the current sum or is pinned to a port
            let closed = vanishes(ports.iter().map(|&k| rows[k])) || vanishes(nodes.iter().map(|&k| rows[k]));
            assert!(closed, "{} {name}: {rows:?} at {x:?}", card.keywords[0]);
        }
        for (name, blocks) in [("g", &l.g), ("c", &l.c)] {
            for (r, row) in blocks.chunks(n).enumerate() {
                assert!(vanishes(nodes.iter().map(|&k| row[k])), "{} {name} row {r}: {row:?}", card.keywords[0]);
            }
        }
    });
}

#[test]
fn rows_of_sensed_unknowns_are_empty_where_they_are_not_owned() {
    for_random_devices(|kind, group, x| {
        let l = load(group, &ENV, x);
        for r in (0..x.len()).filter(|&r| !group.owns_row(0, r)) {
            let empty = l.f[r] == 0.0 && l.q[r] == 0.0 && l.g[r * x.len()..(r + 1) * x.len()].iter().all(|g| *g == 0.0);
            assert!(empty, "{} row {r}", kind.card().keywords[0]);
        }
    });
}

#[test]
fn extreme_points_give_finite_numbers() {
    for_random_devices(|kind, group, x| {
        let ports = kind.card().ports.len();
        for volts in [-1e3, -20.0, 0.0, 20.0, 1e3] {
            for state in [-0.1, 0.0, 0.5, 1.0, 1.1] {
                let mut x = x.to_vec();
                x[0] = volts;
                x[ports - 1] = -volts;
                x[ports..].fill(state);
                let l = load(group, &ENV, &x);
                for (name, values) in [("f", &l.f), ("q", &l.q), ("g", &l.g), ("c", &l.c)] {
                    let finite = values.iter().all(|v| v.is_finite());
                    assert!(finite, "{} {name} at {x:?}: {values:?}", kind.card().keywords[0]);
                }
            }
        }
    });
}
