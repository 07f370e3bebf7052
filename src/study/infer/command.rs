//! The words of the study, and the files they name.

use super::super::{Argument, Arguments, Card, Context, Fallback, Kind, Study, StudyError, file};
use super::report::{Method, Question, answer};
use super::{DEBIAN_FOLDER, DataError, Dataset, FASHION_CLASSES, Read, Split};
use crate::result::report::Report;

const ARGUMENTS: &[Argument] = &[
    Argument {
        name: "weights",
        kind: Kind::Text,
        unit: "",
        fallback: Fallback::Required,
        text: "CSV or NPY file of the weights, one row per pixel, one column per class",
    },
    Argument {
        name: "parameter",
        kind: Kind::Text,
        unit: "",
        fallback: Fallback::Is("w"),
        text: "Parameter of the cell that takes the weight",
    },
    Argument {
        name: "images",
        kind: Kind::Text,
        unit: "",
        fallback: Fallback::Is(DEBIAN_FOLDER),
        text: "Folder with the IDX files of the MNIST family, or one IDX file of images",
    },
    Argument {
        name: "labels",
        kind: Kind::Text,
        unit: "",
        fallback: Fallback::Absent,
        text: "IDX file of labels, when images is a file",
    },
    Argument {
        name: "count",
        kind: Kind::Count { low: 1, high: 1 << 30 },
        unit: "",
        fallback: Fallback::Absent,
        text: "Only this many images from the front",
    },
    Argument {
        name: "rwire",
        kind: Kind::Numbers { low: 0.0, high: 1e9 },
        unit: "Ohm",
        fallback: Fallback::Is("0,1"),
        text: "Wire resistance per segment of both lines; 0 is always among them",
    },
    Argument {
        name: "rsense",
        kind: Kind::Number { low: 1e-9, high: 1e9 },
        unit: "Ohm",
        fallback: Fallback::Is("1m"),
        text: "Resistance from each column to ground",
    },
    Argument {
        name: "vmax",
        kind: Kind::Number { low: 1e-6, high: 1e3 },
        unit: "V",
        fallback: Fallback::Is("1"),
        text: "Input voltage of a white pixel",
    },
    Argument {
        name: "pulse",
        kind: Kind::Number { low: 0.0, high: 1e6 },
        unit: "s",
        fallback: Fallback::Is("100n"),
        text: "Length of the rectangular read pulse",
    },
    Argument {
        name: "method",
        kind: Kind::Choice(&["auto", "matrix", "states", "steps"]),
        unit: "",
        fallback: Fallback::Is("auto"),
        text: "One transfer matrix (linear cells), the states of the cells followed on the array kernel (cells with a \
               selector), or one operating point per image",
    },
];

/// The study.
#[derive(Debug, Clone, Copy)]
pub struct Infer;

impl Study for Infer {
    fn card(&self) -> &'static Card {
        &Card {
            word: "infer",
            summary: "A data set through an array of weights: accuracy, energy, IR drop, beside ideal wires",
            needs_cell: true,
            arguments: ARGUMENTS,
        }
    }

    fn run(&self, context: &Context, arguments: &Arguments) -> Result<Report, StudyError> {
        let mut set = data(arguments).map_err(|error| StudyError::request(error.to_string()))?;
        if let Some(count) = arguments.count_if_given("count") {
            set = set.truncated(count);
        }
        let written = arguments.word("weights");
        let weights = file::matrix(context, arguments, "weights", written)?;
        let question = Question {
            cell: arguments.cell.clone().unwrap_or_default(),
            parameter: arguments.word("parameter").to_owned(),
            names: if weights.cols == FASHION_CLASSES.len() && arguments.word("images") == DEBIAN_FOLDER {
                FASHION_CLASSES.map(str::to_owned).to_vec()
            } else {
                Vec::new()
            },
            weights,
            file: arguments.file("weights", written),
            wires: arguments.numbers("rwire").to_vec(),
            sense: arguments.number("rsense"),
            read: Read { full_scale: arguments.number("vmax"), pulse: arguments.number("pulse") },
            method: match arguments.word("method") {
                "matrix" => Method::Matrix,
                "states" => Method::States,
                "steps" => Method::Steps,
                _ => Method::Automatic,
            },
        };
        answer(&question, &set, context)
    }
}

/// The test half of a folder, or a pair of files.
fn data(arguments: &Arguments) -> Result<Dataset, DataError> {
    let images = arguments.file("images", arguments.word("images"));
    match arguments.word("labels") {
        "" => Dataset::from_folder(&images, Split::Test),
        labels => Dataset::read(&images, &arguments.file("labels", labels)),
    }
}
