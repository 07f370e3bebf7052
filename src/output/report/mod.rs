//! The forms of a study's report: a page of text, one JSON object, CSV, NPZ, figures.

mod csv;
mod figures;
mod json;
mod npz;
mod text;

pub use csv::write as write_csv;
pub use figures::figures;
pub use json::object;
pub use npz::write as write_npz;
pub use text::page;
