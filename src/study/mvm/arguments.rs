//! The words of the study.

use super::super::{Argument, Fallback, Kind, words};

const fn argument(
    name: &'static str,
    kind: Kind,
    unit: &'static str,
    fallback: &'static str,
    text: &'static str,
) -> Argument {
    Argument { name, kind, unit, fallback: Fallback::Is(fallback), text }
}

const BITS: Kind = Kind::Count { low: 0, high: 32 };
const SHARE: Kind = Kind::Number { low: 0.0, high: 1.0 };
const SIEMENS: Kind = Kind::Number { low: 1e-18, high: 1e6 };

/// All of them.
pub const ARGUMENTS: &[Argument] = &[
    Argument {
        name: "weights",
        kind: Kind::Text,
        unit: "",
        fallback: Fallback::Absent,
        text: "CSV or NPY file, one row per input, one column per output; left out, random weights.",
    },
    Argument { text: "Inputs of random weights.", ..words::ROWS },
    Argument { text: "Outputs of random weights; left out, as many as inputs.", ..words::COLS },
    Argument {
        name: "inputs",
        kind: Kind::Text,
        unit: "",
        fallback: Fallback::Absent,
        text: "CSV or NPY file of vectors in -1..1, one per row; left out, random vectors in 0..1.",
    },
    argument("vectors", Kind::Count { low: 1, high: 1_000_000 }, "", "64", "Random input vectors."),
    argument(
        "mapping",
        Kind::Choice(&["single", "differential", "offset"]),
        "",
        "differential",
        "Columns of a weight.",
    ),
    argument("parameter", Kind::Text, "", "r", "Parameter of the cell that sets its conductance."),
    argument("takes", Kind::Choice(&["resistance", "conductance"]), "", "resistance", "What that parameter is."),
    argument("gmin", SIEMENS, "S", "1u", "Conductance of the smallest weight."),
    argument("gmax", SIEMENS, "S", "100u", "Conductance of the largest weight."),
    argument("levels", Kind::Count { low: 0, high: 1 << 30 }, "", "0", "Conductance levels; 0: any value."),
    argument("dac", BITS, "", "0", "Bits of the input voltages; 0: any value."),
    argument("adc", BITS, "", "0", "Bits of the column currents, range as the ideal array needs; 0: any value."),
    argument("law", Kind::Choice(&["normal", "lognormal", "student"]), "", "normal", "Law of the programming error."),
    argument(
        "sigma",
        Kind::Number { low: 0.0, high: 10.0 },
        "",
        "0",
        "Its scale: share of gmax - gmin, or of ln g for lognormal.",
    ),
    argument("freedom", Kind::Number { low: 0.1, high: 1e6 }, "", "5", "Degrees of freedom of student."),
    argument("stuck_low", SHARE, "", "0", "Share of cells stuck at gmin."),
    argument("stuck_high", SHARE, "", "0", "Share of cells stuck at gmax."),
    Argument { text: "Input voltage of 1.", fallback: Fallback::Is("0.1"), ..words::VREAD },
    Argument {
        text: "Gate lines of all rows, for cells with a transistor (ports wl bl sl or wl bl gl).",
        ..words::VGATE
    },
    words::RWIRE,
    words::RWL,
    words::RBL,
    words::RDRIVER,
    argument("rsense", Kind::Number { low: 0.0, high: 1e12 }, "Ohm", "0", "Resistance from each bit line to ground."),
];
