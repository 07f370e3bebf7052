//! The forms of a study's report: a page of text, one JSON object, CSV, NPZ, figures, a page of HTML.

mod csv;
mod figures;
mod html;
mod json;
mod npz;
mod text;

pub use csv::write as write_csv;
pub use figures::figures;
pub use html::{Page, html};
pub use json::object;
pub use npz::write as write_npz;
pub use text::page;
