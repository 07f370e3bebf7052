//! Names as users write them to canonical names: wildcards, bus ranges, other simulators' spellings, unique suffixes.

use crate::circuit::UnknownName;
use crate::circuit::pattern::Pattern;
use crate::circuit::probe::Part;
use crate::circuit::{Circuit, names::is_ground};
use crate::diag::{Diagnostic, Span};
use crate::netlist::ast::{Name, NodeRef};
use crate::plan::Signal;

/// Finds names in a circuit and notes where it had to guess.
pub(super) struct Lookup<'c> {
    circuit: &'c Circuit,
    pub notes: Vec<Diagnostic>,
}

/// What one probe stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Probed {
    /// The voltage of ground.
    Zero,
    /// One signal.
    One(Signal),
    /// v(a) - v(b).
    Difference(Box<Probed>, Box<Probed>),
}

/// All signals of a probe; `many` when it was written with a wildcard or a range.
pub(super) struct Matches {
    pub probes: Vec<Probed>,
    pub many: bool,
}

impl<'c> Lookup<'c> {
    pub fn new(circuit: &'c Circuit) -> Self {
        Self { circuit, notes: Vec::new() }
    }

    pub fn circuit(&self) -> &'c Circuit {
        self.circuit
    }

    /// `v(a)`, `v(a,b)`, `i(dev)`, `p(dev)`, `w(dev)`, `n(dev:field)`, `r(dev)`, `g(dev)`.
    pub fn probe(&mut self, word: &Name, nodes: &[NodeRef]) -> Result<Matches, Diagnostic> {
        match (word.text.as_str(), nodes) {
            ("v", [node]) => self.voltages(&written(node), node.span),
            ("v", [a, b]) => {
                let a = self.one_voltage(&written(a), a.span)?;
                let b = self.one_voltage(&written(b), b.span)?;
                let probe = if b == Probed::Zero { a } else { Probed::Difference(Box::new(a), Box::new(b)) };
                Ok(Matches { probes: vec![probe], many: false })
            }
            ("i", [device]) => self.fields(&written(device), device.span, &|name| Signal::Current(name)),
            ("p" | "w", [device]) => self.fields(&written(device), device.span, &|name| Signal::Power(name)),
            ("r" | "g", [device]) => {
                let field = word.text.clone();
                self.fields(&written(device), device.span, &|name| Signal::Field(name, field.clone()))
            }
            ("n", [internal]) => match internal_variable(&internal.name) {
                Some((device, field)) => {
                    let field = field.to_string();
                    self.fields(device, internal.span, &|name| Signal::Field(name, field.clone()))
                }
                None => {
                    Err(Diagnostic::error("E-SIGNAL", format!("`n({})` names no internal variable", internal.name))
                        .at(internal.span)
                        .help("write n(device:variable)"))
                }
            },
            (known @ ("v" | "i" | "p" | "w" | "r" | "g" | "n"), _) => {
                Err(Diagnostic::error("E-SIGNAL", format!("`{known}()` with {} names", nodes.len()))
                    .at(word.span)
                    .help("v() takes one or two nodes, i() p() w() r() g() one device, n() one device:variable"))
            }
            (other, _) => Err(Diagnostic::error("E-SIGNAL", format!("`{other}()` is no signal"))
                .at(word.span)
                .help("use v() i() p() w() r() g() n() or @device[field]")),
        }
    }

    /// `@device[field]`, or `x1:mid`: a node below an instance.
    pub fn field(&mut self, device: &Name, field: &Name) -> Result<Matches, Diagnostic> {
        let matches = self.fields(&device.text, device.span, &|name| Signal::Field(name, field.text.clone()));
        matches.or_else(|error| match self.node(&format!("{}.{}", device.text, field.text)) {
            Some(node) => Ok(Matches { probes: vec![Probed::One(Signal::Voltage(node))], many: false }),
            None if error.message.contains("quantity") => Err(error.at(field.span)),
            None => Err(error),
        })
    }

    /// A bare word: a node, or `device#branch`.
    pub fn word(&self, text: &str) -> Option<Probed> {
        if let Some(device) = text.strip_suffix("#branch") {
            return self.part(device).map(|name| Probed::One(Signal::Current(name)));
        }
        if is_ground(text) {
            return Some(Probed::Zero);
        }
        self.node(text).map(|name| Probed::One(Signal::Voltage(name)))
    }

    fn one_voltage(&mut self, text: &str, span: Span) -> Result<Probed, Diagnostic> {
        let matches = self.voltages(text, span)?;
        match <[Probed; 1]>::try_from(matches.probes) {
            Ok([probe]) => Ok(probe),
            Err(all) => Err(Diagnostic::error("E-SIGNAL", format!("`{text}` stands for {} nodes", all.len()))
                .at(span)
                .help("a voltage difference needs one node on each side")),
        }
    }

    fn voltages(&mut self, text: &str, span: Span) -> Result<Matches, Diagnostic> {
        let pattern = Pattern::parse(text);
        if let Some(literal) = pattern.literal() {
            let probe = self.literal_voltage(&literal, span)?;
            return Ok(Matches { probes: vec![probe], many: false });
        }
        let nodes = self.circuit.match_nodes(text).into_iter().map(|(name, _)| name);
        let nodes = nodes.filter(|name| self.is_meant(text, name)).map(|name| Probed::One(Signal::Voltage(name)));
        let mut probes: Vec<Probed> = nodes.collect();
        if probes.is_empty() {
            // cells have a voltage too
            let cells = self.circuit.find_cells(text).into_iter().map(|cell| self.circuit.cell_name(cell));
            probes = cells.map(|name| Probed::One(Signal::Field(name, "v".to_string()))).collect();
        }
        if probes.is_empty() { Err(nothing(text, "node", span)) } else { Ok(Matches { probes, many: true }) }
    }

    fn literal_voltage(&mut self, text: &str, span: Span) -> Result<Probed, Diagnostic> {
        if is_ground(text) {
            return Ok(Probed::Zero);
        }
        if let Some(name) = self.node(text) {
            return Ok(Probed::One(Signal::Voltage(name)));
        }
        if self.circuit.find_cell(text).is_some() {
            return Ok(Probed::One(Signal::Field(text.to_string(), "v".to_string())));
        }
        let known = self.circuit.names.nodes.keys().map(String::as_str);
        match self.by_suffix(text, known, "node", span)? {
            Some(name) => Ok(Probed::One(Signal::Voltage(name))),
            None => Err(self.refusal(&Signal::Voltage(text.to_string()), span)),
        }
    }

    /// The canonical name of a node: as written, or with `:` between the levels.
    fn node(&self, text: &str) -> Option<String> {
        let exists = |name: &str| self.circuit.node(name).and_then(|_| Pattern::parse(name).literal());
        exists(text).or_else(|| if text.contains(':') { exists(&text.replace(':', ".")) } else { None })
    }

    /// The canonical name of a device, cell, array or instance: as written, ngspice's `r.x1.r1`, Xyce's `x1:r1`.
    pub fn part(&self, text: &str) -> Option<String> {
        let circuit = self.circuit;
        let exact = |name: &str| -> Option<String> {
            let name = Pattern::parse(name).literal()?;
            match circuit.part(&name).ok()? {
                // find_device reads r.x1.r1 as x1.r1; the table tells which spelling is the canonical one
                Part::Device(_) if !circuit.names.devices.contains_key(&name) => match name.split_once('.') {
                    Some((letter, rest)) if letter.chars().count() == 1 && circuit.find_device(rest).is_some() => {
                        Some(rest.to_string())
                    }
                    _ => Some(name),
                },
                _ => Some(name),
            }
        };
        exact(text).or_else(|| if text.contains(':') { exact(&text.replace(':', ".")) } else { None })
    }

    fn fields(&mut self, text: &str, span: Span, signal: &dyn Fn(String) -> Signal) -> Result<Matches, Diagnostic> {
        if let Some(literal) = Pattern::parse(text).literal() {
            let name = match self.part(&literal) {
                Some(name) => name,
                None => {
                    let known = self.circuit.names.devices.keys().map(String::as_str);
                    self.by_suffix(&literal, known, "device", span)?.unwrap_or(literal)
                }
            };
            let signal = signal(name);
            return match self.circuit.resolve(&signal) {
                Ok(_) => Ok(Matches { probes: vec![Probed::One(signal)], many: false }),
                Err(error) => Err(self.unkept(&signal, span).unwrap_or_else(|| refused(&error, span))),
            };
        }
        let cells = self.circuit.find_cells(text);
        let names: Vec<String> = if cells.is_empty() {
            let devices = self.circuit.match_devices(text).into_iter().map(|(name, _)| name);
            devices.filter(|name| self.is_meant(text, name)).collect()
        } else {
            cells.into_iter().map(|cell| self.circuit.cell_name(cell)).collect()
        };
        if names.is_empty() {
            return Err(nothing(text, "device", span));
        }
        // a wildcard over devices of several kinds takes those that have the field
        let mut first_refusal = None;
        let mut probes = Vec::new();
        for name in names {
            let signal = signal(name);
            match self.circuit.resolve(&signal) {
                Ok(_) => probes.push(Probed::One(signal)),
                Err(error) => first_refusal = first_refusal.or(Some(error)),
            }
        }
        match first_refusal {
            Some(error) if probes.is_empty() => Err(refused(&error, span)),
            _ => Ok(Matches { probes, many: true }),
        }
    }

    /// An input parameter of a device inside an array: those are not kept.
    fn unkept(&self, signal: &Signal, span: Span) -> Option<Diagnostic> {
        let Signal::Field(name, field) = signal else { return None };
        let part = self.circuit.part(name).ok()?;
        let Part::Device(device) = part else { return None };
        let card = self.circuit.groups.get(device.group)?.card();
        card.param(field).filter(|_| self.is_inside_array(name))?;
        let message = format!(
            "the parameter `{field}` of `{name}` is not kept: devices of arrays have only what the run changes"
        );
        let mut fields: Vec<String> = Vec::new();
        for name in self.circuit.fields(&part) {
            if !fields.contains(&name) {
                fields.push(name);
            }
        }
        let fields = fields.join(" ");
        Some(Diagnostic::error("E-SIGNAL", message).at(span).help(format!("it has {fields}")))
    }

    /// A wildcard without a dot does not reach into arrays: `v(*)` of a large array is never meant.
    fn is_meant(&self, pattern: &str, name: &str) -> bool {
        pattern.contains('.') || !self.is_inside_array(name)
    }

    pub fn is_inside_array(&self, name: &str) -> bool {
        let inside = |array: &str| name.strip_prefix(array).is_some_and(|rest| rest.starts_with('.'));
        self.circuit.arrays.iter().any(|a| inside(&a.name))
    }

    /// The only name that ends in `.text`, with a note; an error when there are several.
    fn by_suffix<'k>(
        &mut self,
        text: &str,
        known: impl Iterator<Item = &'k str>,
        what: &str,
        span: Span,
    ) -> Result<Option<String>, Diagnostic> {
        let ending = format!(".{text}");
        let mut found: Vec<&str> = known.filter(|name| name.ends_with(&ending)).collect();
        found.sort_unstable();
        match found.as_slice() {
            [] => Ok(None),
            [one] => {
                let note = Diagnostic::note("N-SUFFIX", format!("`{text}` is read as the {what} `{one}`")).at(span);
                self.notes.push(note.help(format!("write `{one}` to be clear")));
                Ok(Some((*one).to_string()))
            }
            several => {
                let shown: Vec<String> = several.iter().take(3).map(|n| format!("`{n}`")).collect();
                let more = if several.len() > 3 { format!(" and {} more", several.len() - 3) } else { String::new() };
                let message = format!("`{text}` may be any of {} {what}s: {}{more}", several.len(), shown.join(", "));
                Err(Diagnostic::error("E-SIGNAL", message).at(span).help("write the whole name"))
            }
        }
    }

    fn refusal(&self, signal: &Signal, span: Span) -> Diagnostic {
        match self.circuit.resolve(signal) {
            Err(error) => refused(&error, span),
            Ok(_) => Diagnostic::error("E-SIGNAL", "this signal cannot be used here").at(span),
        }
    }
}

/// A node or device as it stands in the deck, its range in brackets.
fn written(node: &NodeRef) -> String {
    match node.range {
        None => node.name.clone(),
        Some(range) if range.first == range.last => format!("{}[{}]", node.name, range.first),
        Some(range) => format!("{}[{}:{}]", node.name, range.first, range.last),
    }
}

fn nothing(text: &str, what: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E-SIGNAL", format!("no {what} matches `{text}`")).at(span)
}

/// `device:variable`, `device#variable`, and Xyce's `ykind!device_variable`.
fn internal_variable(text: &str) -> Option<(&str, &str)> {
    match text.split_once('!') {
        Some((kind, rest)) if kind.starts_with('y') => rest.rsplit_once('_'),
        _ => text.rsplit_once([':', '#']),
    }
}

fn refused(error: &UnknownName, span: Span) -> Diagnostic {
    let diagnostic = Diagnostic::error("E-SIGNAL", format!("there is no {} `{}`", error.what, error.name)).at(span);
    match error.nearest.as_slice() {
        [] => diagnostic.label("not in the circuit"),
        names => {
            let names: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
            diagnostic.label("not in the circuit").help(format!("did you mean {}?", names.join(" or ")))
        }
    }
}
