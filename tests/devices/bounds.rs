//! States stay in [0, 1] under implicit steps of any size, with no reset after the step.

use super::bench::{ENV, Random, kind, load, random_params, single, solve_internals, start};
use sneakpath::device::{REGISTRY, StateLaw};

/// Indices of the states that live in [0, 1].
fn bounded(card: &sneakpath::device::Card) -> Vec<usize> {
    let states = card.internals.iter().enumerate();
    let bounded = states.filter(|(_, i)| i.law == StateLaw::Memory || (i.law == StateLaw::Settling && i.name == "s"));
    bounded.map(|(k, _)| card.ports.len() + k).collect()
}

/// On a bound no drive points out, beyond it none points further out. The rate is continuous, so x - x_before = h rate(x)
/// has a solution in [0, 1] for every h: this is what keeps implicit steps inside, without any reset.
#[test]
fn no_drive_points_out_of_bounds() {
    for kind in REGISTRY {
        let card = kind.card();
        let mut random = Random(13);
        for _ in 0..60 {
            let Some(group) = random_params(card, &mut random).and_then(|p| single(*kind, &p)) else { continue };
            for k in bounded(card) {
                for volts in [0.1, 0.7, 3.0, 30.0, 300.0].into_iter().flat_map(|v| [v, -v]) {
                    let rate = |at: f64| {
                        let mut x = start(group.as_ref());
                        x[0] = volts;
                        x[k] = at;
                        -load(group.as_ref(), &ENV, &x).f[k]
                    };
                    let scale = rate(0.5).abs() * 1e-9 + 1e-300;
                    for beyond in [0.0, 1e-6, 1e-3, 0.1] {
                        let (low, high) = (rate(-beyond), rate(1.0 + beyond));
                        assert!(low >= -scale && high <= scale, "{} {volts} V: {low} {high}", card.keywords[0]);
                    }
                }
            }
        }
    }
}

#[test]
fn implicit_steps_stay_in_bounds_whatever_the_drive() {
    for kind in REGISTRY {
        let card = kind.card();
        let states = bounded(card);
        if states.is_empty() {
            continue;
        }
        let mut random = Random(11);
        let (mut steps, mut converged) = (0, 0);
        for _ in 0..30 {
            let Some(group) = random_params(card, &mut random).and_then(|p| single(*kind, &p)) else { continue };
            for volts in [0.7, 3.0, 30.0, 300.0].into_iter().flat_map(|v| [v, -v]) {
                for at in [0.0, 0.3, 1.0] {
                    let mut x = start(group.as_ref());
                    x[0] = volts;
                    states.iter().for_each(|&k| x[k] = at);
                    for h in [1e-12, 1e-9, 1e-6, 1e-3, 1.0] {
                        steps += 1;
                        let q = load(group.as_ref(), &ENV, &x).q;
                        let mut next = x.clone();
                        if !solve_internals(group.as_ref(), &ENV, &mut next, &q, h) {
                            continue;
                        }
                        converged += 1;
                        for &k in &states {
                            let s = next[k];
                            // limiting lets rounding of 1e-9 pass
                            assert!((-1e-9..=1.0 + 1e-9).contains(&s), "{} {volts} V, {h} s: {s}", card.keywords[0]);
                            assert_eq!(load(group.as_ref(), &ENV, &next).q[k], s, "nothing is reset after the step");
                        }
                        x = next;
                    }
                }
            }
        }
        // self-accelerating windows defeat a plain Newton iteration at steps far beyond their time scale
        assert!(converged * 2 > steps, "{}: {converged} of {steps} steps", card.keywords[0]);
    }
}

/// A state driven onto a bound leaves it again when the drive turns, unless its window is known to stick.
#[test]
fn asymmetric_windows_do_not_stick() {
    let cases = [
        ("vteam", Some("none")),
        ("vteam", Some("kvatinsky")),
        ("linear_drift", Some("biolek")),
        ("linear_drift", Some("bcm")),
        ("yakopcic", None),
    ];
    for (keyword, window) in cases {
        let card = kind(keyword).card();
        let mut given: Vec<_> = window
            .iter()
            .map(|w| ("window".to_string(), sneakpath::device::ParamValue::Word((*w).to_string())))
            .collect();
        given.push(("x0".into(), sneakpath::device::ParamValue::Number(0.5)));
        let params = sneakpath::device::ParamValues::check(card, &given).unwrap();
        let group = single(kind(keyword), &params).unwrap();
        let mut x = start(group.as_ref());
        let run = |volts: f64, x: &mut Vec<f64>| {
            x[0] = volts;
            for _ in 0..200 {
                let q = load(group.as_ref(), &ENV, x).q;
                assert!(solve_internals(group.as_ref(), &ENV, x, &q, 0.1), "{keyword}");
            }
            x[2]
        };
        let up = run(1.0, &mut x);
        let down = run(-1.0, &mut x);
        let again = run(1.0, &mut x);
        assert!((up - down).abs() > 0.5 && (again - up).abs() < 1e-6, "{keyword} {window:?}: {up} {down} {again}");
    }
}
