//! The study `pulse` on the models of the copolymer memristor, against figures of an independent integration (SciPy,
//! rectangular pulses, periodic state), and what it says of wrong requests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use sneakpath::netlist::{self, ReadOptions};
use sneakpath::study::pulse::{Cell, Objective, Ramp, Scheme, Which, cycles, optimise};
use sneakpath::study::{Context, Definitions, StudyError, Unwatched};

fn definitions() -> Definitions {
    let text = "pulses\n.include \"models/copolymer_icvd.lib\"\n.end\n";
    let (deck, said) = netlist::parse_text("pulse.cir", text, &ReadOptions::default());
    assert!(said.is_empty(), "{said:?}");
    Definitions::of(&deck, &[])
}

fn cell(name: &str) -> Cell {
    Cell { name: name.into(), parameters: String::new() }
}

fn scheme(height: (f64, f64), width: (f64, f64)) -> Scheme {
    let up = Ramp { height, width };
    let down = Ramp { height: (-height.0, -height.1), width };
    Scheme { pulses: 64, up, down, rest: 1e-3, edge: 10e-9, read: 0.1 }
}

/// NL and ANL of the three published schemes. The reads of 0.1 V and the edges move them by less than a thousandth.
#[test]
fn the_three_schemes_have_their_figures() {
    let definitions = definitions();
    let context = Context { definitions: &definitions, watch: &Unwatched };
    let schemes = [
        (scheme((14.0, 14.0), (400e-6, 400e-6)), [(0.7797, 0.7599), (0.7840, 0.7604)]),
        (scheme((6.125, 14.0), (400e-6, 400e-6)), [(0.3789, 0.1881), (0.3830, 0.1917)]),
        (scheme((14.0, 14.0), (185e-6, 500e-6)), [(0.1900, 0.0398), (0.1902, 0.0436)]),
    ];
    for (scheme, references) in schemes {
        for (name, (nl, anl)) in ["icvd_d1", "icvd_d2"].into_iter().zip(references) {
            let (all, stats) = cycles(&context, &cell(name), &scheme, 2, 1e-4).unwrap();
            let found = all[1].linearity().unwrap();
            assert!((found.nl - nl).abs() < 0.005 && (found.anl - anl).abs() < 0.005, "{name} {nl}: {found:?}");
            assert!(stats.kcl_relative < 1e-6, "{stats:?}");
        }
    }
}

/// The search makes the amplitude ramp straighter and more alike than the published one, and keeps the range.
#[test]
fn a_better_ramp_is_found() {
    let definitions = definitions();
    let context = Context { definitions: &definitions, watch: &Unwatched };
    let start = Scheme { pulses: 16, ..scheme((14.0, 14.0), (400e-6, 1600e-6)) };
    let before = cycles(&context, &cell("icvd_d1"), &start, 2, 1e-3).unwrap().0[1].linearity().unwrap();
    let goal =
        Objective { which: Which::Width, limits: (20e-6, 3e-3), range: 0.9, budget: 30, cycles: 2, reltol: 1e-3 };
    let best = optimise(&context, &cell("icvd_d1"), &start, &goal).unwrap();
    let (old, new) = (before.nl.max(2.0 * before.bow), best.linearity.nl.max(2.0 * best.linearity.bow));
    assert!(new < 0.9 * old && best.runs <= 30, "{old} {best:?}");
    assert!(best.linearity.gmax - best.linearity.gmin > 0.85 * (before.gmax - before.gmin));
}

#[test]
fn wrong_requests_are_refused() {
    let definitions = definitions();
    let context = Context { definitions: &definitions, watch: &Unwatched };
    let good = scheme((14.0, 14.0), (400e-6, 400e-6));
    let unknown = cycles(&context, &cell("icvd_d3"), &good, 1, 1e-3).unwrap_err();
    assert!(unknown.to_string().contains("icvd_d3"), "{unknown}");
    let none = Scheme { pulses: 0, ..good };
    assert!(matches!(cycles(&context, &cell("icvd_d1"), &none, 1, 1e-3), Err(StudyError::Request(_))));
}
