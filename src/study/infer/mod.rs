//! Inference: a data set through the circuit of a neural network.
//!
//! The circuit comes from a deck: input sources, one per pixel, and outputs, one per class. An image is a set of input
//! voltages, V_i = full scale * pixel / 255; the class is the output with the largest value. Nothing is assumed about
//! what lies between: resistors, wires, selectors, amplifiers.

mod command;
mod dataset;
mod dormant;
mod ideal;
mod idx;
mod law;
mod network;
mod outcome;
mod probe;
mod race;
mod report;
mod settling;
mod steps;
mod wires;

pub use command::Infer;
pub use dataset::{DEBIAN_FOLDER, Dataset, FASHION_CLASSES, Split};
pub use ideal::read_ideal;
pub use idx::{Idx, read as read_idx};
pub use law::{Law, states, voltages};
pub use network::Network;
pub use outcome::{Outcome, Score};
pub use probe::{Laws, measure};
pub use report::{Method, Question, answer};
pub use settling::{Effort, Layout, Reading, read_settling};
pub use steps::run as run_steps;

use std::path::Path;

use crate::analysis::AnalysisError;
use crate::plan::Signal;

/// Where the pixels go in and the classes come out.
#[derive(Debug, Clone, PartialEq)]
pub struct Ports {
    /// Voltage sources, one per pixel.
    pub inputs: Vec<String>,
    /// Signals, one per class.
    pub outputs: Vec<Signal>,
}

/// How an image is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Read {
    /// Input voltage of a white pixel in V.
    pub full_scale: f64,
    /// Length of the rectangular read pulse in s; energy = power * pulse.
    pub pulse: f64,
}

impl Read {
    /// Input voltage of a pixel in V.
    #[must_use]
    pub fn volts(self, pixel: u8) -> f64 {
        self.full_scale * f64::from(pixel) / 255.0
    }
}

/// Why a set did not get through a network.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InferError {
    /// Images of another size than the network has inputs.
    #[error("the images have {height} x {width} = {} pixels, the network has {inputs} inputs", height * width)]
    Size {
        /// Pixel rows.
        height: usize,
        /// Pixel columns.
        width: usize,
        /// Inputs of the network.
        inputs: usize,
    },
    /// A label that no output stands for.
    #[error("image {image} has label {label}, the network has outputs for labels 0 to {}", outputs.saturating_sub(1))]
    Label {
        /// Image from 0.
        image: usize,
        /// Its label.
        label: u8,
        /// Outputs of the network.
        outputs: usize,
    },
    /// The circuit could not be made.
    #[error("{0}")]
    Circuit(String),
    /// The circuit could not be solved.
    #[error("{0}")]
    Analysis(#[from] AnalysisError),
    /// The circuit could not be solved for an image.
    #[error("image {image}: {error}")]
    Image {
        /// Image from 0.
        image: usize,
        /// Why.
        error: AnalysisError,
    },
}

/// Do the images fit the inputs and the labels the outputs?
fn check(set: &Dataset, inputs: usize, outputs: usize) -> Result<(), InferError> {
    if set.size() != inputs {
        return Err(InferError::Size { height: set.height, width: set.width, inputs });
    }
    match set.labels.iter().enumerate().find(|(_, label)| usize::from(**label) >= outputs) {
        Some((image, &label)) => Err(InferError::Label { image, label, outputs }),
        None => Ok(()),
    }
}

/// What is wrong with a data set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// A file of the set is not there.
    #[error(
        "there is no `{path}`: install Debian's package `dataset-fashion-mnist` (apt-get install \
         dataset-fashion-mnist) or name a folder with the four IDX files"
    )]
    Missing {
        /// Path that was looked for.
        path: String,
    },
    /// One file where the folder of a set was expected.
    #[error("`{path}` is a file: with one file of images, `labels` must name the IDX file of their labels")]
    Unlabelled {
        /// Path.
        path: String,
    },
    /// The system refused.
    #[error(
        "cannot read `{path}`: {reason}; a path is relative to the folder of the deck or to where the command runs"
    )]
    Unreadable {
        /// Path.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// Not an IDX file, or a part of one.
    #[error("`{path}` is not a usable IDX file: {reason}")]
    Damaged {
        /// Path.
        path: String,
        /// Why.
        reason: String,
    },
    /// An IDX file of something else.
    #[error("`{path}` is an IDX file of {found}, expected {expected}")]
    Rank {
        /// Path.
        path: String,
        /// What it should hold.
        expected: &'static str,
        /// Its sizes.
        found: String,
    },
    /// Images and labels of different sets.
    #[error("`{images}` holds {count} images, but `{labels}` holds {label_count} labels")]
    Pairing {
        /// Image file.
        images: String,
        /// Its images.
        count: usize,
        /// Label file.
        labels: String,
        /// Its labels.
        label_count: usize,
    },
}

impl DataError {
    fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        Self::Unreadable { path: path.display().to_string(), reason: error.to_string() }
    }
}
