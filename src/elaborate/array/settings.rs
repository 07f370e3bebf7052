//! The `key=value`s of an `.xbar` card and of its instance.

use super::super::assembly::Assembly;
use super::super::scope::Scope;
use crate::diag::{Span, nearest};
use crate::netlist::ast::{Assign, ExprKind};

/// An assignment with the scope that its expression belongs to.
pub(super) struct Bound<'a, 'd> {
    pub(super) assign: &'a Assign,
    pub(super) scope: &'a Scope<'d>,
}

/// The `key=value`s of the card, replaced by those of the instance.
pub(super) struct Settings<'a, 'd> {
    pub(super) bound: Vec<Bound<'a, 'd>>,
    pub(super) stepped: Vec<(String, f64)>,
    pub(super) used: Vec<String>,
    pub(super) span: Span,
    pub(super) scope: Scope<'d>,
}

/// Keys of the array itself; everything else is a parameter of the cell.
pub(super) const KEYS: [&str; 26] = [
    "rwl", "rbl", "rsl", "rgl", "rwlt", "rblt", "rslt", "rglt", "cwl", "cbl", "csl", "cgl", "wlside", "blside",
    "slside", "glside", "sldir", "gldir", "base", "faults", "sa0", "sa1", "rsa0", "rsa1", "rshort", "m",
];

impl<'a, 'd> Settings<'a, 'd> {
    pub(super) fn find(&self, key: &str) -> Option<&Bound<'a, 'd>> {
        self.bound.iter().rev().find(|b| b.assign.name.text == key)
    }

    pub(super) fn number(&mut self, assembly: &mut Assembly<'d>, key: &str, default: f64) -> f64 {
        if let Some((_, value)) = self.stepped.iter().find(|(name, _)| name == key) {
            self.used.push(key.to_string());
            return *value;
        }
        let Some(value) = self.find(key).map(|b| b.scope.number(&b.assign.value)) else { return default };
        assembly.accept(value).unwrap_or(default)
    }

    /// A number that must not be negative.
    pub(super) fn magnitude(&mut self, assembly: &mut Assembly<'d>, key: &str, default: f64) -> f64 {
        let value = self.number(assembly, key, default);
        if value < 0.0 {
            let message = format!("{} = {value} is negative", key.to_uppercase());
            let error = self.scope.error("E-RANGE", message, self.span_of(key));
            assembly.error(error.help("0 leaves it out"));
            return default;
        }
        value
    }

    /// A number above zero; `help` says what to write instead.
    pub(super) fn positive(&mut self, assembly: &mut Assembly<'d>, key: &str, default: f64, help: &str) -> f64 {
        let value = self.number(assembly, key, default);
        if value > 0.0 && value.recip().is_finite() {
            return value;
        }
        let message = format!("{} = {value}, but must be above zero", key.to_uppercase());
        assembly.error(self.scope.error("E-RANGE", message, self.span_of(key)).help(help));
        default
    }

    /// A resistance of lines in ohm: zero, or one that has a conductance.
    pub(super) fn resistance(&mut self, assembly: &mut Assembly<'d>, key: &str) -> f64 {
        let value = self.magnitude(assembly, key, 0.0);
        if value == 0.0 || value.recip().is_finite() {
            return value;
        }
        let message = format!("{} = {value:e} ohm is too small to have a conductance", key.to_uppercase());
        let error = self.scope.error("E-RANGE", message, self.span_of(key));
        assembly.error(error.help("0 merges the nodes of a line"));
        0.0
    }

    pub(super) fn span_of(&self, key: &str) -> Span {
        self.find(key).map_or(self.span, |b| b.assign.value.span)
    }

    /// One of a few words; the index of the word.
    pub(super) fn word(&self, assembly: &mut Assembly<'d>, key: &str, words: &[&str], default: usize) -> usize {
        let Some(bound) = self.find(key) else { return default };
        let ExprKind::Name(word) = &bound.assign.value.kind else {
            let error = self.scope.error(
                "E-SIDE",
                format!("{} is one of the words {}", key.to_uppercase(), words.join(", ")),
                bound.assign.value.span,
            );
            assembly.error(error);
            return default;
        };
        words.iter().position(|w| w == word).unwrap_or_else(|| {
            let message = format!("{} = {word} is not one of {}", key.to_uppercase(), words.join(", "));
            let mut error = self.scope.error("E-SIDE", message, bound.assign.value.span);
            if let Some(near) = nearest(word, words.iter().copied()) {
                error = error.help(format!("did you mean `{near}`?"));
            }
            assembly.error(error);
            default
        })
    }
}
