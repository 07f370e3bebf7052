//! How the decks of `netlists/papers/` are compared.

use crate::settings::Settings;

/// Decks that are not compared, with the reason.
pub const LEFT_OUT: [(&str, &str); 3] = [
    ("boolean_write", "it takes ngspice a minute or three; by hand the two agree to 1.3e-5"),
    ("ecm_spread", "its cells draw their rates inside a subcircuit, and a flat deck has no place for what was drawn"),
    ("fashion_cell_curves", "in a .dc sweep we hold what a memory has stored; ngspice solves its integrators for DC"),
];

/// Settings of a deck, and parameters that shorten it.
pub fn settings(deck: &str) -> (Settings, &'static [(&'static str, f64)]) {
    let slack = |slack| Settings { slack, ..Settings::default() };
    match deck {
        // one cycle instead of two or eight
        "copolymer_identical" | "copolymer_amplitude" | "copolymer_width" | "copolymer_endurance" => {
            (slack(0.0), &[("cycles", 1.0)])
        }
        // selectors and switches that snap on an edge, a few parts of it apart
        "boolean_threshold" | "boolean_hysteretic" => (slack(1e-3), &[]),
        // a selector snaps within nanoseconds at an instant that a slow ramp fixes to its own tolerance only
        "ecm_loop" | "ecm_amplitude" | "ecm_set_reset" => (slack(1e-5), &[]),
        // three of twenty-one pulses each way
        "ecm_staircase" => (slack(1e-5), &[("n", 3.0)]),
        // some of five hundred events; the current that charges the hold capacitor lasts 0.1 us, less than a step of either
        "tio2x_potentiation" | "tio2x_depression" => (Settings { aside: &["i(bs)"], ..slack(6e-4) }, &[("stop", 20.0)]),
        "tio2x_array" => (Settings { aside: &["i(bs)"], ..slack(6e-4) }, &[("stop", 6.0)]),
        _ => (slack(0.0), &[]),
    }
}
