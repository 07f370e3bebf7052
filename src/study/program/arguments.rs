//! The words of the study.

use crate::study::{Argument, Fallback, Kind, pulsed, words};

const VOLTS: Kind = Kind::Numbers { low: -1e6, high: 1e6 };
const SECONDS: Kind = Kind::Number { low: 1e-15, high: 1e6 };
const SIEMENS: Kind = Kind::Number { low: 1e-18, high: 1e6 };

/// Ways of programming.
pub const METHODS: [&str; 3] = ["ispp", "openloop", "feedforward"];

const fn given(name: &'static str, kind: Kind, unit: &'static str, is: &'static str, text: &'static str) -> Argument {
    Argument { name, kind, unit, fallback: Fallback::Is(is), text }
}

const fn optional(name: &'static str, kind: Kind, unit: &'static str, text: &'static str) -> Argument {
    Argument { name, kind, unit, fallback: Fallback::Absent, text }
}

/// All of them.
pub const ARGUMENTS: &[Argument] = &[
    words::LRS,
    words::HRS,
    given(
        "scheme",
        Kind::Choices(&["v2", "v3", "ground", "float", "parallel", "custom", "ispp", "openloop", "feedforward"]),
        "",
        "v2,ispp",
        "Bias of the lines and way of programming, one of each at most; left out, v2 and ispp.",
    ),
    words::CUSTOM,
    given(
        "target",
        Kind::Text,
        "",
        "random",
        "File of the targets (CSV or NPY, one entry per cell), random[:seed] or level:K for all cells.",
    ),
    given(
        "values",
        Kind::Choice(&["levels", "conductances", "resistances"]),
        "",
        "levels",
        "What the entries of the file are: whole numbers from 0 (hrs), S, or ohm.",
    ),
    Argument {
        kind: Kind::Count { low: 1, high: 8192 },
        fallback: Fallback::Absent,
        text: "Word lines; left out, those of the file, or 16.",
        ..words::ROWS
    },
    Argument {
        kind: Kind::Count { low: 1, high: 8192 },
        text: "Bit lines; left out, those of the file.",
        ..words::COLS
    },
    given("levels", Kind::Count { low: 2, high: 65_536 }, "", "16", "Number of levels between gmin and gmax."),
    given(
        "spacing",
        Kind::Choice(&["conductance", "resistance"]),
        "",
        "conductance",
        "Levels are equal steps of conductance or of resistance.",
    ),
    optional("gmin", SIEMENS, "S", "Conductance of level 0; left out, that of the hrs cell at vread."),
    optional("gmax", SIEMENS, "S", "Conductance of the last level; left out, that of the lrs cell at vread."),
    given(
        "tolerance",
        Kind::Number { low: 1e-9, high: 1e6 },
        "",
        "0.25",
        "A cell is done within so many levels of its target.",
    ),
    optional(
        "relative",
        Kind::Number { low: 1e-12, high: 0.999 },
        "",
        "The same as a share of the target's conductance, instead of tolerance.",
    ),
    Argument { fallback: Fallback::Is("all-hrs"), text: "States at the start.", ..words::PATTERN },
    optional("up", VOLTS, "V", "Pulses that raise the conductance: voltage of the first and of the strongest."),
    optional("down", VOLTS, "V", "Pulses that lower it; left out, up with the other sign."),
    optional(
        "step",
        Kind::Number { low: 1e-9, high: 1e6 },
        "V",
        "From one voltage to the next; left out, a twentieth of the way from the first to the strongest.",
    ),
    given("width", SECONDS, "s", "100n", "Width of a pulse at its voltage."),
    pulsed::EDGE,
    given("rest", Kind::Number { low: 0.0, high: 1e6 }, "s", "0", "Time at 0 after each pulse, for what relaxes."),
    given(
        "cycle_sigma",
        Kind::Number { low: 0.0, high: 0.5 },
        "",
        "0",
        "Variation from cycle to cycle: each pulse of each cell has its voltage times 1 + a normal number of this deviation.",
    ),
    given("pulses", Kind::Count { low: 1, high: 1_000_000 }, "", "100", "Most pulses of a cell in one pass."),
    given(
        "passes",
        Kind::Count { low: 1, high: 1000 },
        "",
        "3",
        "Passes over the array; later ones mend what was disturbed.",
    ),
    given(
        "order",
        Kind::Choice(&["demand", "index"]),
        "",
        "demand",
        "Rows: the one with the farthest to go first, or by number.",
    ),
    given("write", Kind::Choice(&["row", "cell"]), "", "row", "A whole row in one pulse, or one cell after the other."),
    optional(
        "table",
        Kind::Text,
        "",
        "Open loop: file with a line per level: volts, width, count; left out, measured on one cell.",
    ),
    optional(
        "most",
        Kind::Number { low: 1e-9, high: 1e6 },
        "",
        "Feed forward: largest predicted change of a pulse, in levels.",
    ),
    given(
        "compensate",
        Kind::Choice(&["none", "wires"]),
        "",
        "none",
        "wires: drivers make up for the IR drop of wires, and a read is corrected for it.",
    ),
    Argument { fallback: Fallback::Is("0.1"), text: "Voltage of the reads.", ..words::VREAD },
    given("tread", SECONDS, "s", "100n", "Time of a read, for its energy."),
    words::RWIRE,
    words::RWL,
    words::RBL,
    words::CWIRE,
    pulsed::CWL,
    pulsed::CBL,
    words::RDRIVER,
    given("reltol", Kind::Number { low: 1e-9, high: 1e-2 }, "", "1e-5", "Relative tolerance of the transients."),
];
