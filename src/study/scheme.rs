//! Bias schemes as data: what the selected and the other lines are tied to while one cell is read or written.
//!
//! Levels are fractions of the voltage V of the study (ecosystem of the field: Chen, IEEE TED 60(4), 2013; Lo et al.,
//! IEEE TED 60(1) 420, 2013 for the pull-up schemes).

use super::argument::Parameter;
use super::{Definitions, StudyError};
use crate::diag::nearest;
use crate::netlist::ast::ExprKind;

/// What a line is tied to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Drive {
    /// This fraction of V.
    Level(f64),
    /// A pull-up resistor to this fraction of V.
    PullUp(f64),
    /// Nothing.
    Float,
}

impl Drive {
    /// The fraction of V behind the line; `None` when it floats.
    #[must_use]
    pub fn level(self) -> Option<f64> {
        match self {
            Self::Level(level) | Self::PullUp(level) => Some(level),
            Self::Float => None,
        }
    }
}

/// How an array is biased.
#[derive(Debug, Clone, PartialEq)]
pub struct Scheme {
    /// `obpu`.
    pub name: String,
    /// Selected word line.
    pub wl: Drive,
    /// Selected bit line.
    pub bl: Drive,
    /// All other word lines.
    pub other_wl: Drive,
    /// All other bit lines.
    pub other_bl: Drive,
    /// One sentence for people.
    pub text: String,
}

/// The known schemes; `custom` is the user's own table.
pub const NAMES: &[&str] = &["obpu", "abpu", "v2", "v3", "ground", "float", "column", "parallel", "custom"];

use Drive::{Float, Level, PullUp};

/// Name, selected word line, selected bit line, other word lines, other bit lines, text.
const TABLE: &[(&str, [Drive; 4], &str)] = &[
    (
        "obpu",
        [Level(0.0), PullUp(1.0), Float, Float],
        "selected bit line pulled up to V through Rpu, selected word line grounded, all other lines floating",
    ),
    (
        "abpu",
        [Level(0.0), PullUp(1.0), Float, PullUp(1.0)],
        "every bit line pulled up to V through its own Rpu, selected word line grounded, other word lines floating",
    ),
    (
        "v2",
        [Level(1.0), Level(0.0), Level(0.5), Level(0.5)],
        "V on the selected word line, 0 on the selected bit line, V/2 on all other lines",
    ),
    (
        "v3",
        [Level(1.0), Level(0.0), Level(1.0 / 3.0), Level(2.0 / 3.0)],
        "V on the selected word line, 0 on the selected bit line, V/3 on other word lines, 2V/3 on other bit lines",
    ),
    (
        "ground",
        [Level(1.0), Level(0.0), Level(0.0), Level(0.0)],
        "V on the selected word line, all other lines grounded",
    ),
    (
        "float",
        [Level(1.0), Level(0.0), Float, Float],
        "V on the selected word line, 0 on the selected bit line, all other lines floating",
    ),
    (
        "column",
        [Level(0.0), Level(1.0), Level(0.0), Level(0.0)],
        "V on the selected bit line, all other lines grounded: the read of cells with a transistor",
    ),
    (
        "parallel",
        [Level(1.0), Level(0.0), Level(1.0), Level(0.0)],
        "V on every word line, every bit line at 0: all cells at once, as in a matrix-vector product",
    ),
];

impl Scheme {
    /// A scheme by its name; `custom` by the table `(wl=1 bl=0 uwl=float ubl=pullup)`.
    ///
    /// # Errors
    /// A table that names no line or lacks one.
    pub fn find(name: &str, custom: &[Parameter], definitions: &Definitions) -> Result<Self, StudyError> {
        if let Some((name, [wl, bl, other_wl, other_bl], text)) = TABLE.iter().find(|(known, ..)| *known == name) {
            let (wl, bl, other_wl, other_bl) = (*wl, *bl, *other_wl, *other_bl);
            return Ok(Self { name: (*name).to_owned(), wl, bl, other_wl, other_bl, text: (*text).to_owned() });
        }
        own(custom, definitions)
    }

    /// +1 when current flows from the word line into the bit line of the selected cell, else -1.
    #[must_use]
    pub fn sign(&self) -> f64 {
        if self.wl.level().unwrap_or(0.0) >= self.bl.level().unwrap_or(0.0) { 1.0 } else { -1.0 }
    }

    /// V across the selected cell if its lines were ideal, as a fraction of the study's voltage.
    #[must_use]
    pub fn across(&self) -> f64 {
        (self.wl.level().unwrap_or(0.0) - self.bl.level().unwrap_or(0.0)).abs()
    }

    /// Are all cells biased like the selected one, so that all gates are open?
    #[must_use]
    pub fn takes_all_rows(&self) -> bool {
        self.other_wl == self.wl && self.other_bl == self.bl
    }

    /// Is the selected bit line pulled up, so that its voltage is what is sensed?
    #[must_use]
    pub fn senses_voltage(&self) -> bool {
        matches!(self.bl, PullUp(_))
    }
}

/// The keys of a user's own table.
const LINES: [&str; 4] = ["wl", "bl", "uwl", "ubl"];

fn own(table: &[Parameter], definitions: &Definitions) -> Result<Scheme, StudyError> {
    let mut drives = [None; 4];
    for entry in table {
        let Some(k) = LINES.iter().position(|line| *line == entry.name) else {
            let hint = nearest(&entry.name, LINES.into_iter()).map(|n| format!("; did you mean `{n}`?"));
            let hint = hint.unwrap_or_default();
            return Err(StudyError::request(format!("custom= has no line `{}`{hint} (wl bl uwl ubl)", entry.name)));
        };
        drives[k] = Some(drive(entry, definitions)?);
    }
    let missing: Vec<&str> = LINES.iter().zip(&drives).filter(|(_, d)| d.is_none()).map(|(line, _)| *line).collect();
    let [Some(wl), Some(bl), Some(other_wl), Some(other_bl)] = drives else {
        return Err(StudyError::request(format!(
            "the scheme `custom` lacks {}: write custom=(wl=1 bl=0 uwl=0.5 ubl=0.5) with fractions of V, float or pullup",
            missing.join(", ")
        )));
    };
    if wl.level().is_none() || bl.level().is_none() {
        return Err(StudyError::request(
            "the selected lines of a scheme cannot float: nothing would be read or written",
        ));
    }
    let shown: Vec<String> = table.iter().map(|p| format!("{}={}", p.name, p.value)).collect();
    let text = format!("user's table: {} (fractions of V)", shown.join(" "));
    Ok(Scheme { name: "custom".to_owned(), wl, bl, other_wl, other_bl, text })
}

fn drive(entry: &Parameter, definitions: &Definitions) -> Result<Drive, StudyError> {
    match &entry.value.kind {
        ExprKind::Name(word) if word == "float" => Ok(Float),
        ExprKind::Name(word) if word == "pullup" => Ok(PullUp(1.0)),
        _ => definitions.number(&entry.value).map(Level).map_err(|error| definitions.circuit(vec![error])),
    }
}
