//! Figures: curves and array maps, as a paper would print them, in SVG or PNG.
//!
//! [`FigureData`] is what a figure shows, without files; [`draw`] lays it out and writes it. Data at one million
//! points and data at a thousand make files of the same size: what lies closer than the resolution is not drawn twice.

mod axis;
mod curves;
mod data;
mod map;
mod palette;
mod panels;
mod paper;
mod scene;

use std::path::Path;

pub use axis::Spacing;
pub use data::{Curve, CurvePlot, FigureData, MapPlot, Panel, PaperPlot};

use super::OutputError;

/// File formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Scalable vector graphics.
    Svg,
    /// Pixels, two per point of the page.
    Png,
}

impl Format {
    /// The suffix, without dot.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
        }
    }
}

/// Draws a figure into a file.
///
/// # Errors
/// When the figure holds no finite value, or the file cannot be written.
pub fn draw(figure: &FigureData, path: &Path, format: Format) -> Result<(), OutputError> {
    layout(figure).map_err(|reason| OutputError::format(path, reason))?.write(path, format)
}

/// A figure as the text of an SVG document.
///
/// # Errors
/// When the figure holds no finite value.
pub fn svg(figure: &FigureData) -> Result<String, String> {
    layout(figure)?.svg()
}

/// Style rules that turn figures below `selector` light on dark, for a page that knows its own ink, paper and line colours.
#[must_use]
pub fn dark_style(selector: &str, colours: (&str, &str, &str)) -> String {
    palette::dark_style(selector, colours)
}

fn layout(figure: &FigureData) -> Result<scene::Scene, String> {
    match figure {
        FigureData::Curves(plot) => panels::layout(plot),
        FigureData::Map(plot) => map::layout(plot),
        FigureData::Paper(plot) => paper::layout(plot),
    }
}
