//! Device cards: what a device is called, its ports, internal unknowns and parameters, as data.
//! The parser's errors, `sneakpath models` and the manual are all made from these.

use std::sync::Arc;

use crate::device::waveform::Waveform;

/// The description of one device kind.
#[derive(Debug, Clone, Copy)]
pub struct Card {
    /// Keywords, lower case: the SPICE letter first for built-in elements (`r`), model types otherwise (`vteam`).
    pub keywords: &'static [&'static str],
    /// One line: what it is.
    pub doc: &'static str,
    /// Paper, equation numbers, or "ideal element".
    pub source: &'static str,
    /// Does it deliver or consume? Decides the side of the energy balance.
    pub role: Role,
    /// Ports in netlist order, control ports last.
    pub ports: &'static [Port],
    /// Internal unknowns after the ports.
    pub internals: &'static [Internal],
    /// Parameters.
    pub params: &'static [Param],
    /// Operating values offered as `@dev[name]`, with unit.
    pub outputs: &'static [(&'static str, &'static str)],
    /// The same physics as the body of an ngspice subcircuit (pins = carrying ports, parameters by their names), for
    /// `--expand`; empty where ngspice has the element itself. It is written from the paper, not generated from
    /// `balance`, so that the comparison with ngspice checks both.
    pub equivalent: &'static str,
}

/// A terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    /// Name for messages: `p`, `n`, `nc+`.
    pub name: &'static str,
    /// Carries current (node) or only senses (control voltage or control current).
    pub carries: bool,
}

/// Energy role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Independent or controlled source: its power is delivered.
    Source,
    /// Everything else: f-power is dissipated, q-power is stored.
    Passive,
}

/// How the unknown behaves when time stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateLaw {
    /// An algebraic unknown (branch current): its row holds as written, q dropped in DC.
    Algebraic,
    /// Non-volatile memory: DC holds it at its present value (initially the start value).
    Memory,
    /// Volatile state: DC finds its equilibrium f = 0, following history where there are several.
    Settling,
}

/// An internal unknown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Internal {
    /// Name: `i`, `x`, `s`.
    pub name: &'static str,
    /// Unit of the unknown: `A`, `V`, `1`, `nm`.
    pub unit: &'static str,
    /// Behaviour in DC.
    pub law: StateLaw,
    /// Typical size; scales its tolerances (1 for a normalised state). For `unit == "A"`/`"V"` abstol/vntol are used instead.
    pub scale: f64,
}

/// What kind of value a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    /// A number.
    Number,
    /// One of these words; the first is the default.
    Word(&'static [&'static str]),
    /// A source waveform; optional.
    Wave,
}

/// A parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Param {
    /// Lower-case name.
    pub name: &'static str,
    /// Other accepted names.
    pub aliases: &'static [&'static str],
    /// Unit.
    pub unit: &'static str,
    /// Default; `None` = must be given.
    pub default: Option<f64>,
    /// Allowed closed interval; use infinities for open ends.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Is `low` itself forbidden (a resistance above zero)?
    pub open_low: bool,
    /// What kind of value it takes.
    pub kind: ParamKind,
    /// One sentence.
    pub doc: &'static str,
}

impl Param {
    /// A parameter with a default and no range.
    #[must_use]
    pub const fn new(name: &'static str, unit: &'static str, default: f64, doc: &'static str) -> Self {
        Self {
            name,
            aliases: &[],
            unit,
            default: Some(default),
            low: f64::NEG_INFINITY,
            high: f64::INFINITY,
            open_low: false,
            kind: ParamKind::Number,
            doc,
        }
    }
    /// A parameter that must be given.
    #[must_use]
    pub const fn required(name: &'static str, unit: &'static str, doc: &'static str) -> Self {
        Self {
            name,
            aliases: &[],
            unit,
            default: None,
            low: f64::NEG_INFINITY,
            high: f64::INFINITY,
            open_low: false,
            kind: ParamKind::Number,
            doc,
        }
    }
    /// A parameter that takes one of `words`, by default the first.
    #[must_use]
    pub const fn word(name: &'static str, words: &'static [&'static str], doc: &'static str) -> Self {
        Self { default: None, kind: ParamKind::Word(words), ..Self::new(name, "", 0.0, doc) }
    }
    /// An optional waveform.
    #[must_use]
    pub const fn wave(name: &'static str, doc: &'static str) -> Self {
        Self { default: None, kind: ParamKind::Wave, ..Self::new(name, "", 0.0, doc) }
    }
    /// Number of parallel copies: the group multiplies the port rows of the instance by it.
    #[must_use]
    pub const fn multiplicity() -> Self {
        Self::new("m", "1", 1.0, "number of parallel copies").positive()
    }
    /// Restricts to `low <= value <= high`.
    #[must_use]
    pub const fn within(mut self, low: f64, high: f64) -> Self {
        self.low = low;
        self.high = high;
        self
    }
    /// Restricts to `value > 0`.
    #[must_use]
    pub const fn positive(mut self) -> Self {
        self.low = 0.0;
        self.open_low = true;
        self
    }
    /// Restricts to `value >= 0`.
    #[must_use]
    pub const fn nonnegative(mut self) -> Self {
        self.low = 0.0;
        self
    }
    /// Adds accepted spellings. One that begins with `model:` counts in `.model` cards only (see [`Card::model_name`]).
    #[must_use]
    pub const fn or(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }
}

/// A parameter value.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamValue {
    /// A number in SI units.
    Number(f64),
    /// A word (`window=joglekar`), lower case.
    Word(String),
    /// A source waveform.
    Wave(Arc<Waveform>),
    /// Corners of a table.
    Points(Arc<[(f64, f64)]>),
}

/// Parameters of one instance after defaults and range checks: total, so that `number` of a declared name never fails.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ParamValues {
    /// In order of length and name.
    values: Vec<(&'static str, ParamValue)>,
    given: Vec<&'static str>,
}

/// What is wrong with a parameter; `elaborate` adds the place.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ParamError {
    /// No such parameter.
    #[error("unknown parameter `{name}`{}", nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    Unknown {
        /// As written.
        name: String,
        /// Closest declared name.
        nearest: Option<String>,
    },
    /// A required parameter is absent.
    #[error("parameter `{name}` ({doc}) must be given")]
    Missing {
        /// Name.
        name: &'static str,
        /// Its sentence.
        doc: &'static str,
    },
    /// Outside the allowed range.
    #[error("parameter `{name}` = {value} {unit} is outside {range}")]
    OutOfRange {
        /// Name.
        name: &'static str,
        /// Value.
        value: f64,
        /// Unit.
        unit: &'static str,
        /// `[0, 1]`, `> 0`.
        range: String,
    },
    /// Not a finite number.
    #[error("parameter `{name}` is not a finite number")]
    NotFinite {
        /// Name.
        name: &'static str,
    },
    /// Parameters contradict each other, or a word is not one of the known ones.
    #[error("{0}")]
    Conflict(String),
}

impl Card {
    /// The parameter that `name` means inside a `.model` card: a diode's `m` is its grading coefficient `mj` there and
    /// the number of parallel copies on the element line.
    #[must_use]
    pub fn model_name<'a>(&self, name: &'a str) -> &'a str {
        let meant = self.params.iter().find(|p| p.aliases.iter().any(|a| a.strip_prefix("model:") == Some(name)));
        meant.map_or(name, |p| p.name)
    }
    /// The declared parameter of that name or alias.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&'static Param> {
        self.params.iter().find(|p| p.name == name || p.aliases.contains(&name))
    }
}

impl Param {
    /// Is the number inside the allowed range?
    #[must_use]
    pub fn accepts(&self, value: f64) -> bool {
        value >= self.low && value <= self.high && !(self.open_low && value == self.low)
    }
    fn check_kind(&self, value: &ParamValue) -> Result<(), ParamError> {
        let name = self.name;
        match (self.kind, value) {
            (ParamKind::Number, ParamValue::Number(_)) | (ParamKind::Wave, ParamValue::Wave(_)) => Ok(()),
            (ParamKind::Word(words), ParamValue::Word(w)) if words.contains(&w.as_str()) => Ok(()),
            (ParamKind::Word(words), ParamValue::Word(w)) => {
                let nearest = words.iter().min_by_key(|o| strsim::damerau_levenshtein(o, w)).copied();
                Err(ParamError::Conflict(format!(
                    "parameter `{name}` = `{w}` is not one of {}{}",
                    words.join(" "),
                    nearest
                        .filter(|n| strsim::damerau_levenshtein(n, w) <= 2)
                        .map(|n| format!("; did you mean `{n}`?"))
                        .unwrap_or_default()
                )))
            }
            (ParamKind::Word(words), _) => {
                Err(ParamError::Conflict(format!("parameter `{name}` takes one of the words {}", words.join(" "))))
            }
            (ParamKind::Wave, _) => Err(ParamError::Conflict(format!("parameter `{name}` takes a waveform"))),
            (ParamKind::Number, _) => Err(ParamError::Conflict(format!("parameter `{name}` takes a number"))),
        }
    }
}

impl ParamValues {
    /// Checks `given` against a card: unknown names, ranges, required ones; fills defaults.
    ///
    /// # Errors
    /// All problems at once, each naming its parameter.
    pub fn check(card: &Card, given: &[(String, ParamValue)]) -> Result<Self, Vec<ParamError>> {
        let mut out = Self::default();
        let mut errors = Vec::new();
        for (name, value) in given {
            let Some(param) = card.params.iter().find(|p| p.name == name || p.aliases.contains(&name.as_str())) else {
                let nearest = card
                    .params
                    .iter()
                    .map(|p| (strsim::damerau_levenshtein(p.name, name), p.name))
                    .min()
                    .filter(|(d, n)| *d <= 2 && *d < n.len())
                    .map(|(_, n)| n.to_string());
                errors.push(ParamError::Unknown { name: name.clone(), nearest });
                continue;
            };
            if let Err(error) = param.check_kind(value) {
                errors.push(error);
                continue;
            }
            if let ParamValue::Number(v) = value {
                if !v.is_finite() {
                    errors.push(ParamError::NotFinite { name: param.name });
                    continue;
                }
                if !param.accepts(*v) {
                    let range = if param.high.is_infinite() {
                        format!("{} {}", if param.open_low { ">" } else { ">=" }, param.low)
                    } else {
                        format!("{}{}, {}]", if param.open_low { "(" } else { "[" }, param.low, param.high)
                    };
                    errors.push(ParamError::OutOfRange { name: param.name, value: *v, unit: param.unit, range });
                    continue;
                }
            }
            out.insert(param.name, value.clone());
            out.given.push(param.name);
        }
        for param in card.params {
            match param.kind {
                ParamKind::Number => {}
                ParamKind::Wave => continue,
                ParamKind::Word(words) => {
                    let first = words.first().copied().unwrap_or_default();
                    if out.get(param.name).is_none() {
                        out.insert(param.name, ParamValue::Word(first.to_string()));
                    }
                    continue;
                }
            }
            match param.default {
                Some(d) if out.get(param.name).is_none() => out.insert(param.name, ParamValue::Number(d)),
                None if out.get(param.name).is_none()
                    && !errors.iter().any(|e| matches!(e, ParamError::OutOfRange { name, .. } | ParamError::NotFinite { name } if *name == param.name)) =>
                {
                    errors.push(ParamError::Missing { name: param.name, doc: param.doc });
                }
                _ => {}
            }
        }
        if errors.is_empty() { Ok(out) } else { Err(errors) }
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        // by length first: names differ there more often than in their first letters
        self.values.binary_search_by(|(known, _)| known.len().cmp(&name.len()).then_with(|| (**known).cmp(name)))
    }
    fn get(&self, name: &str) -> Option<&ParamValue> {
        self.find(name).ok().map(|k| &self.values[k].1)
    }
    fn insert(&mut self, name: &'static str, value: ParamValue) {
        match self.find(name) {
            Ok(k) => self.values[k].1 = value,
            Err(k) => self.values.insert(k, (name, value)),
        }
    }

    /// Another number for a parameter that was given; false, and nothing done, when it was not or takes no such number.
    pub fn replace(&mut self, param: &Param, value: f64) -> bool {
        let fits = value.is_finite() && param.accepts(value) && self.is_given(param.name);
        if let (true, Ok(k)) = (fits, self.find(param.name)) {
            self.values[k].1 = ParamValue::Number(value);
        }
        fits
    }

    /// The number of a declared parameter; NaN when it is a word or was never declared (a bug the registry test finds).
    #[must_use]
    pub fn number(&self, name: &str) -> f64 {
        match self.get(name) {
            Some(ParamValue::Number(v)) => *v,
            _ => f64::NAN,
        }
    }
    /// The word of a parameter, when it was given as a word.
    #[must_use]
    pub fn word(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(ParamValue::Word(w)) => Some(w),
            _ => None,
        }
    }
    /// The waveform of a source.
    #[must_use]
    pub fn wave(&self, name: &str) -> Option<Arc<Waveform>> {
        match self.get(name) {
            Some(ParamValue::Wave(w)) => Some(w.clone()),
            _ => None,
        }
    }
    /// Table corners.
    #[must_use]
    pub fn points(&self, name: &str) -> Option<Arc<[(f64, f64)]>> {
        match self.get(name) {
            Some(ParamValue::Points(p)) => Some(p.clone()),
            _ => None,
        }
    }
    /// Did the user give it?
    #[must_use]
    pub fn is_given(&self, name: &str) -> bool {
        self.given.contains(&name)
    }
}
