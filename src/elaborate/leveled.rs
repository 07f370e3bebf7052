//! Xyce's `.model name memristor(level=2|3|4 ..)`: which of the device types a level is, and the numbers that stand for
//! words there.

use super::model::GivenParams;
use super::scope::Scope;
use crate::device::ParamValue;
use crate::diag::Diagnostic;
use crate::netlist::ast::{Assign, Model};

/// A level and the device type it stands for.
pub(super) struct Leveled {
    /// Keyword of the device type.
    pub keyword: &'static str,
}

/// Parameter by which Xyce picks one of these words, by number.
type Choice = (&'static str, &'static str, &'static [&'static str]);

/// Window `wt` and current law `ivrelation` of level 2.
const CHOICES: &[Choice] = &[
    ("wt", "window", &["none", "joglekar", "biolek", "prodromakis", "kvatinsky"]),
    ("ivrelation", "law", &["linear", "exponential"]),
];

/// What scales Xyce's unknowns, and its random telegraph noise.
const INTERNAL: &[&str] = &["xscaling", "xdt", "tnom"];
const NOISE: &str = "noise";

/// The device type of a `.model` of type `memristor`; `None` for every other type.
///
/// # Errors
/// No level, or one that is not available.
pub(super) fn read(model: &Model, scope: &Scope<'_>) -> Result<Option<Leveled>, Diagnostic> {
    if model.kind.text != "memristor" {
        return Ok(None);
    }
    let levels = "level=2 is TEAM, level=3 is Yakopcic's; or name the type itself: team, vteam, yakopcic, linear_drift";
    let Some(level) = model.params.iter().rev().find(|p| p.name.text == "level") else {
        let error =
            scope.error("E-MODEL", format!("the memristor `{}` has no level", model.name.text), model.kind.span);
        return Err(error.help(levels));
    };
    match scope.number(&level.value)? {
        2.0 => Ok(Some(Leveled { keyword: "team" })),
        3.0 => Ok(Some(Leveled { keyword: "yakopcic" })),
        4.0 => {
            let message = "level=4, the piecewise empirical model, is not available";
            let help = "write it as a subcircuit: a B source for the current, `idt()` for the state, `table()` for its two windows";
            Err(scope.error("E-MODEL", message, level.value.span).help(help))
        }
        other => Err(scope
            .error("E-MODEL", format!("there is no memristor of level {other}"), level.value.span)
            .help(levels)),
    }
}

impl Leveled {
    /// Takes a parameter that only Xyce has; false when it is an ordinary one.
    ///
    /// # Errors
    /// A number that stands for no word.
    pub(super) fn takes(
        &self,
        scope: &Scope<'_>,
        assign: &Assign,
        params: &mut GivenParams,
    ) -> Result<bool, Diagnostic> {
        let name = assign.name.text.as_str();
        if name == "level" {
            return Ok(true);
        }
        if INTERNAL.contains(&name) || name.contains(NOISE) || name.starts_with("res") || name.starts_with("xnoise") {
            let note = Diagnostic::note(
                "N-OPTION",
                format!("`{name}` is about Xyce's solver or noise and changes nothing here"),
            );
            scope.context().note(note.at(assign.name.span));
            return Ok(true);
        }
        let Some((_, word, words)) = CHOICES.iter().find(|(number, ..)| *number == name && self.keyword == "team")
        else {
            return Ok(false);
        };
        let value = scope.number(&assign.value)?;
        match words.get(value as usize).filter(|_| value >= 0.0 && value.fract() == 0.0) {
            Some(chosen) => {
                params.push(*word, ParamValue::Word((*chosen).to_string()), assign.value.span);
                Ok(true)
            }
            None => {
                let error = scope.error("E-RANGE", format!("`{name}` = {value} stands for nothing"), assign.value.span);
                Err(error.help(format!("it is a whole number from 0 to {}: {}", words.len() - 1, words.join(" "))))
            }
        }
    }
}
