//! What a study can be told: the one table against which its card and its command line are checked.

use super::file::Origin;
use crate::netlist::ast::{Expr, StudyValue};

/// One `key=value` of a study.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Argument {
    /// Key in the card; `--key` on the command line.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// SI unit; empty for words and plain numbers.
    pub unit: &'static str,
    /// What holds when it is left out.
    pub fallback: Fallback,
    /// One sentence.
    pub text: &'static str,
}

/// What an argument takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A number or an expression in the deck's parameters, within a range.
    Number {
        /// Smallest.
        low: f64,
        /// Largest.
        high: f64,
    },
    /// A whole number.
    Count {
        /// Smallest.
        low: usize,
        /// Largest.
        high: usize,
    },
    /// Numbers: `1,2,5`, `0.1..10:log:9`, `0..1:lin:11`.
    Numbers {
        /// Smallest.
        low: f64,
        /// Largest.
        high: f64,
    },
    /// Whole numbers, written as numbers; doubles from rounding are dropped.
    Counts {
        /// Smallest.
        low: usize,
        /// Largest.
        high: usize,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Some of these words.
    Choices(&'static [&'static str]),
    /// `yes` or `no`.
    Switch,
    /// A file name or another free text.
    Text,
    /// Free texts separated by commas.
    Texts,
    /// `(name=value ..)`: parameters of a subcircuit, or words.
    Parameters,
}

impl Kind {
    /// Does a value have the form that this kind takes: one item where one is wanted, a list in parentheses where that is?
    #[must_use]
    pub fn takes(self, value: &StudyValue) -> bool {
        let several = matches!(self, Self::Numbers { .. } | Self::Counts { .. } | Self::Choices(_) | Self::Texts);
        match value {
            StudyValue::Parameters(_) => self == Self::Parameters,
            StudyValue::Items(items) => self != Self::Parameters && (several || items.len() == 1),
        }
    }
}

/// What holds when an argument is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// It must be given.
    Required,
    /// Nothing.
    Absent,
    /// As if this had been written.
    Is(&'static str),
}

/// A checked value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Of [`Kind::Number`].
    Number(f64),
    /// Of [`Kind::Count`].
    Count(usize),
    /// Of [`Kind::Numbers`].
    Numbers(Vec<f64>),
    /// Of [`Kind::Counts`].
    Counts(Vec<usize>),
    /// Of [`Kind::Choice`] and [`Kind::Text`].
    Word(String),
    /// Of [`Kind::Choices`] and [`Kind::Texts`].
    Words(Vec<String>),
    /// Of [`Kind::Switch`].
    Switch(bool),
    /// Of [`Kind::Parameters`].
    Parameters(Vec<Parameter>),
}

/// One `name=value` of a parameter list.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Lower-case name.
    pub name: String,
    /// The value as an expression in the deck's parameters, maybe with random functions.
    pub value: Expr,
}

/// The arguments of one run of a study, all checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Arguments {
    /// The cell's subcircuit.
    pub cell: Option<String>,
    values: Vec<(&'static str, Option<Value>)>,
    origins: Vec<(&'static str, Origin)>,
}

impl Arguments {
    /// Arguments with these values, and where they were written.
    #[must_use]
    pub fn new(
        cell: Option<String>,
        values: Vec<(&'static str, Option<Value>)>,
        origins: Vec<(&'static str, Origin)>,
    ) -> Self {
        Self { cell, values, origins }
    }

    /// Where a value was written; `None` when it was left out.
    #[must_use]
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        self.origins.iter().find(|(key, _)| *key == name).map(|(_, origin)| origin)
    }

    /// Puts another number in the place of an argument, for sweeps; false when it takes none.
    pub fn set_number(&mut self, name: &str, number: f64) -> bool {
        let Some((_, value)) = self.values.iter_mut().find(|(key, _)| *key == name) else { return false };
        *value = match value {
            Some(Value::Count(_)) => Some(Value::Count(whole(number))),
            Some(Value::Counts(_)) => Some(Value::Counts(vec![whole(number)])),
            Some(Value::Numbers(_)) => Some(Value::Numbers(vec![number])),
            Some(Value::Number(_)) | None => Some(Value::Number(number)),
            Some(_) => return false,
        };
        true
    }

    /// Does the study have this argument at all?
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.values.iter().any(|(key, _)| *key == name)
    }

    /// A value, `None` when it was left out and has no fallback.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        let found = self.values.iter().find(|(key, _)| *key == name);
        debug_assert!(found.is_some(), "the study has no argument `{name}`");
        found.and_then(|(_, value)| value.as_ref())
    }

    /// A number, when given.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub fn number_if_given(&self, name: &str) -> Option<f64> {
        match self.get(name)? {
            Value::Number(x) => Some(*x),
            Value::Count(n) => Some(*n as f64),
            _ => None,
        }
    }

    /// A number that has a fallback.
    #[must_use]
    pub fn number(&self, name: &str) -> f64 {
        self.number_if_given(name).unwrap_or(f64::NAN)
    }

    /// A whole number, when given.
    #[must_use]
    pub fn count_if_given(&self, name: &str) -> Option<usize> {
        match self.get(name)? {
            Value::Count(n) => Some(*n),
            _ => None,
        }
    }

    /// A whole number that has a fallback.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.count_if_given(name).unwrap_or(0)
    }

    /// Whole numbers; empty when absent.
    #[must_use]
    pub fn counts(&self, name: &str) -> &[usize] {
        match self.get(name) {
            Some(Value::Counts(list)) => list,
            _ => &[],
        }
    }

    /// Numbers; empty when absent.
    #[must_use]
    pub fn numbers(&self, name: &str) -> &[f64] {
        match self.get(name) {
            Some(Value::Numbers(list)) => list,
            _ => &[],
        }
    }

    /// A word or text; empty when absent.
    #[must_use]
    pub fn word(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Value::Word(word)) => word,
            _ => "",
        }
    }

    /// Words; empty when absent.
    #[must_use]
    pub fn words(&self, name: &str) -> &[String] {
        match self.get(name) {
            Some(Value::Words(words)) => words,
            _ => &[],
        }
    }

    /// A switch.
    #[must_use]
    pub fn switch(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Value::Switch(true)))
    }

    /// A parameter list; empty when absent.
    #[must_use]
    pub fn parameters(&self, name: &str) -> &[Parameter] {
        match self.get(name) {
            Some(Value::Parameters(list)) => list,
            _ => &[],
        }
    }

    /// Every argument with its value in force, as text; the cell first.
    #[must_use]
    pub fn describe(&self) -> Vec<(String, String)> {
        let cell = self.cell.iter().map(|cell| ("cell".to_owned(), cell.clone()));
        let given = |(name, value): &(&'static str, Option<Value>)| Some(((*name).to_owned(), show(value.as_ref()?)));
        cell.chain(self.values.iter().filter_map(given)).collect()
    }
}

fn show(value: &Value) -> String {
    let join = |texts: Vec<String>| texts.join(",");
    match value {
        Value::Number(x) => x.to_string(),
        Value::Count(n) => n.to_string(),
        Value::Numbers(list) => join(list.iter().map(ToString::to_string).collect()),
        Value::Counts(list) => join(list.iter().map(ToString::to_string).collect()),
        Value::Word(word) => word.clone(),
        Value::Words(words) => join(words.clone()),
        Value::Switch(on) => if *on { "yes" } else { "no" }.to_owned(),
        Value::Parameters(list) => {
            let texts: Vec<String> = list.iter().map(|p| format!("{}={}", p.name, p.value)).collect();
            format!("({})", texts.join(" "))
        }
    }
}

/// The nearest whole number, at least 0.
#[must_use]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
pub fn whole(x: f64) -> usize {
    x.round().clamp(0.0, 1e15) as usize
}
