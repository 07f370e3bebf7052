//! What a sweep changes, found in the deck (the circuit does not exist yet when `.step` is read).
//!
//! Order for a bare name: temperature, source or element, parameter. `a:b` is a device or array instance first, a
//! model second.

use crate::diag::{Diagnostic, nearest};
use crate::elaborate::Scope;
use crate::netlist::ast::{Element, ElementKind, Name, Statement, SweepTarget as Written};
use crate::plan::SweepTarget;

/// A target and how it is called in logs.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// `r1`, `r1:tc1`, `temp`, `vdd`.
    pub label: String,
    /// What is written.
    pub target: SweepTarget,
}

/// Finds the target of a sweep.
///
/// # Errors
/// A name that nothing in the deck has.
pub fn resolve(scope: &Scope<'_>, written: &Written) -> Result<Resolved, Diagnostic> {
    match written {
        Written::Name(name) => bare(scope, name),
        Written::Param(name) if parameter(scope, &name.text) => {
            Ok(Resolved { label: name.text.clone(), target: SweepTarget::Parameter(name.text.clone()) })
        }
        Written::Param(name) => Err(unknown_parameter(scope, name)),
        Written::Field(owner, field) => field_of(scope, owner, field),
        Written::ModelField(kind, model, field) => model_field(scope, kind, model, field),
        Written::Data(name) => Err(Diagnostic::error("E-SWEEP", "a table cannot be used here").at(name.span)),
    }
}

fn bare(scope: &Scope<'_>, name: &Name) -> Result<Resolved, Diagnostic> {
    let text = name.text.as_str();
    let target = if matches!(text, "temp" | "temper") && !parameter(scope, text) {
        SweepTarget::Temperature
    } else if let Some(device) = device(scope, text) {
        match device.letter {
            'v' | 'i' => SweepTarget::Source(device.name),
            _ => SweepTarget::Device(device.name, String::new()),
        }
    } else if parameter(scope, text) {
        SweepTarget::Parameter(text.to_string())
    } else {
        return Err(unknown(scope, name));
    };
    let label = if target == SweepTarget::Temperature { "temp" } else { text };
    Ok(Resolved { label: label.to_string(), target })
}

fn field_of(scope: &Scope<'_>, owner: &Name, field: &Name) -> Result<Resolved, Diagnostic> {
    let label = format!("{}:{}", owner.text, field.text);
    let target = if let Some(device) = device(scope, &owner.text) {
        match (device.letter, field.text.as_str()) {
            ('v' | 'i', "dc") => SweepTarget::Source(device.name),
            _ => SweepTarget::Device(device.name, field.text.clone()),
        }
    } else if scope.model(&owner.text).is_some() {
        SweepTarget::Model(owner.text.clone(), field.text.clone())
    } else {
        return Err(unknown(scope, owner));
    };
    Ok(Resolved { label, target })
}

fn model_field(scope: &Scope<'_>, kind: &Name, model: &Name, field: &Name) -> Result<Resolved, Diagnostic> {
    let Some((found, _)) = scope.model(&model.text) else {
        let error = Diagnostic::error("E-SWEEP", format!("there is no model `{}`", model.text)).at(model.span);
        return Err(match scope.nearest_model(&model.text) {
            Some(nearest) => error.help(format!("did you mean `{nearest}`?")),
            None => error,
        });
    };
    if found.kind.text != kind.text {
        let message = format!("model `{}` is of type `{}`, not `{}`", model.text, found.kind.text, kind.text);
        return Err(Diagnostic::error("E-SWEEP", message).at(kind.span).related(found.span, "the model"));
    }
    let label = format!("{}:{}", model.text, field.text);
    Ok(Resolved { label, target: SweepTarget::Model(model.text.clone(), field.text.clone()) })
}

fn parameter(scope: &Scope<'_>, name: &str) -> bool {
    scope.parameter(name).is_some()
}

/// An element of the deck and its canonical name.
struct Device {
    letter: char,
    name: String,
}

/// The element behind `r1`, `vw_3`, `x1.r1`, `r.x1.r1`. Below an array only the array is looked at.
fn device(scope: &Scope<'_>, name: &str) -> Option<Device> {
    let exact = |name: &str| Some(Device { letter: element(scope, name)?.letter, name: name.to_string() });
    exact(name).or_else(|| match name.split_once('.') {
        Some((letter, rest)) if letter.chars().count() == 1 => exact(rest),
        _ => None,
    })
}

fn element<'d>(scope: &Scope<'d>, path: &str) -> Option<&'d Element> {
    let mut parts = path.split('.');
    let first = parts.next()?;
    let mut found = scope.definitions().statements.iter().find_map(|s| match s {
        Statement::Element(e) if names(e, first) => Some(e),
        _ => None,
    })?;
    // bodies around the present one, innermost last, for subcircuits that are defined inside subcircuits
    let mut bodies: Vec<&'d [Statement]> = Vec::new();
    for part in parts {
        let ElementKind::Instance { definition: Some(definition) } = &found.kind else { return None };
        if scope.xbar(&definition.text).is_some() {
            return Some(found);
        }
        let local = bodies.iter().rev().find_map(|body| definition_in(body, &definition.text));
        let body = match local {
            Some(body) => body,
            None => &scope.subckt(&definition.text)?.0.body,
        };
        bodies.push(body);
        found = elements(body).find(|e| names(e, part))?;
    }
    Some(found)
}

fn definition_in<'d>(body: &'d [Statement], name: &str) -> Option<&'d [Statement]> {
    body.iter().find_map(|s| match s {
        Statement::Subckt(sub) if sub.name.text == name => Some(sub.body.as_slice()),
        _ => None,
    })
}

/// All elements of a body, those of every branch of an `.if` included.
fn elements<'d>(body: &'d [Statement]) -> Box<dyn Iterator<Item = &'d Element> + 'd> {
    Box::new(body.iter().flat_map(|s| -> Box<dyn Iterator<Item = &'d Element> + 'd> {
        match s {
            Statement::Element(e) => Box::new(std::iter::once(e)),
            Statement::If(block) => {
                let branches = block.branches.iter().flat_map(|(_, body)| elements(body));
                Box::new(branches.chain(elements(&block.otherwise)))
            }
            _ => Box::new(std::iter::empty()),
        }
    }))
}

/// Is this the element's name, or one of those its bus range stands for?
fn names(element: &Element, name: &str) -> bool {
    match element.range {
        None => element.name.text == name,
        Some(range) => name
            .strip_prefix(element.name.text.as_str())
            .and_then(|rest| rest.strip_prefix('_'))
            .and_then(|index| index.parse::<usize>().ok())
            .is_some_and(|index| range.first.min(range.last) <= index && index <= range.first.max(range.last)),
    }
}

fn unknown(scope: &Scope<'_>, name: &Name) -> Diagnostic {
    let error = Diagnostic::error("E-SWEEP", format!("there is no source, device or parameter `{}`", name.text))
        .at(name.span)
        .label("not in the deck");
    let elements: Vec<&str> = scope
        .definitions()
        .statements
        .iter()
        .filter_map(|s| if let Statement::Element(e) = s { Some(e.name.text.as_str()) } else { None })
        .collect();
    let parameter = scope.nearest_name(&name.text);
    let known = elements.into_iter().chain(parameter.as_deref());
    match nearest(&name.text, known) {
        Some(nearest) => error.help(format!("did you mean `{nearest}`?")),
        None => error.help("sweep a source, `temp`, a `.param`, `device:parameter` or `model:parameter`"),
    }
}

fn unknown_parameter(scope: &Scope<'_>, name: &Name) -> Diagnostic {
    let error = Diagnostic::error("E-SWEEP", format!("there is no parameter `{}`", name.text))
        .at(name.span)
        .label("not defined");
    match scope.nearest_name(&name.text) {
        Some(nearest) => error.help(format!("did you mean `{nearest}`?")),
        None => error.help(format!("define it with `.param {}=..`", name.text)),
    }
}
