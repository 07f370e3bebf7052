//! `density`: how large may an array be whose cells are read by one-bit-line pull-up?
//!
//! Published densities of selector devices come from a lumped formula ([`lumped`]). It is set here beside the same array
//! with wires ([`ladder`]), whole circuits, and circuits of nonlinear cells ([`circuit`]); and it is turned around: which
//! selectivity does a published number of bits need?

pub mod circuit;
pub mod ladder;
pub mod lumped;
mod report;

pub use report::{Question, answer};

use super::{Argument, Arguments, Card, Context, Fallback, Kind, Study, StudyError};
use crate::result::report::Report;
use lumped::Scheme;

const ARGUMENTS: &[Argument] = &[
    Argument {
        name: "selectivity",
        kind: Kind::Number { low: 2.0, high: 1e12 },
        unit: "",
        fallback: Fallback::Is("1e5"),
        text: "I(V)/I(V/2) of a cell that is on",
    },
    Argument {
        name: "onoff",
        kind: Kind::Number { low: 1.0, high: 1e15 },
        unit: "",
        fallback: Fallback::Is("1e4"),
        text: "Ratio of the resistances off and on",
    },
    Argument {
        name: "lrs",
        kind: Kind::Number { low: 1e-3, high: 1e15 },
        unit: "Ohm",
        fallback: Fallback::Is("70k"),
        text: "Resistance of a cell that is on, at the read voltage",
    },
    Argument {
        name: "pullup",
        kind: Kind::Number { low: 1e-3, high: 1e15 },
        unit: "Ohm",
        fallback: Fallback::Is("70k"),
        text: "Pull-up resistor of the selected bit line",
    },
    Argument {
        name: "margin",
        kind: Kind::Number { low: 1e-6, high: 0.5 },
        unit: "",
        fallback: Fallback::Is("0.1"),
        text: "Least read margin relative to the pull-up voltage",
    },
    Argument {
        name: "claim",
        kind: Kind::Number { low: 4.0, high: 1e20 },
        unit: "",
        fallback: Fallback::Is("5.7e9"),
        text: "A number of bits whose selectivity is wanted",
    },
    Argument {
        name: "rwire",
        kind: Kind::Numbers { low: 0.0, high: 1e9 },
        unit: "Ohm",
        fallback: Fallback::Is("0,0.01,0.1,1,2,5,10"),
        text: "Wire resistance per segment of both lines",
    },
    Argument {
        name: "sizes",
        kind: Kind::Counts { low: 2, high: 512 },
        unit: "",
        fallback: Fallback::Is("8"),
        text: "Sizes at which whole circuits are solved",
    },
    Argument {
        name: "supply",
        kind: Kind::Numbers { low: 1e-3, high: 100.0 },
        unit: "V",
        fallback: Fallback::Is("0.7,1.4"),
        text: "Pull-up voltages for exponential cells",
    },
    Argument {
        name: "vread",
        kind: Kind::Number { low: 1e-3, high: 100.0 },
        unit: "V",
        fallback: Fallback::Is("0.7"),
        text: "Voltage at which resistances and selectivity hold",
    },
];

/// The study.
#[derive(Debug, Clone, Copy)]
pub struct Density;

impl Study for Density {
    fn card(&self) -> &'static Card {
        &Card {
            word: "density",
            summary: "Largest array under one-bit-line pull-up: formula, wires, whole circuits, nonlinear cells",
            needs_cell: false,
            arguments: ARGUMENTS,
        }
    }

    fn run(&self, context: &Context, arguments: &Arguments) -> Result<Report, StudyError> {
        let question = Question {
            scheme: Scheme {
                lrs: arguments.number("lrs"),
                on_off: arguments.number("onoff"),
                pull_up: arguments.number("pullup"),
                selectivity: arguments.number("selectivity"),
            },
            margin: arguments.number("margin"),
            claim: arguments.number("claim"),
            wires: arguments.numbers("rwire").to_vec(),
            sizes: arguments.counts("sizes").to_vec(),
            supplies: arguments.numbers("supply").to_vec(),
            read: arguments.number("vread"),
        };
        answer(&question, context)
    }
}
