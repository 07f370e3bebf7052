//! Model cards and device cards: which kind of the registry an element is, and with which parameters.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::OnceLock;

use super::assembly::{Assembly, Frame};
use super::leveled;
use super::scope::Scope;
use crate::device::DeviceKind;
use crate::device::{Card, ParamError, ParamValue, ParamValues, REGISTRY};
use crate::diag::{Diagnostic, Span, nearest};
use crate::netlist::ast::{Assign, Element, ExprKind, Model, Name};
use crate::plan::SweepTarget;

/// A device kind.
pub type Kind = &'static dyn DeviceKind;

/// The device kind of a keyword: an element letter or a model type.
#[must_use]
pub fn kind_of(keyword: &str) -> Option<Kind> {
    static KINDS: OnceLock<HashMap<&'static str, usize>> = OnceLock::new();
    let kinds = KINDS.get_or_init(|| {
        let entries = REGISTRY.iter().enumerate();
        entries.flat_map(|(k, kind)| kind.card().keywords.iter().map(move |word| (*word, k))).collect()
    });
    kinds.get(keyword).map(|&k| REGISTRY[k])
}

/// Parameters as given, with their places, before defaults and range checks.
#[derive(Debug, Clone, Default)]
pub struct GivenParams {
    /// Names and values; a later one replaces an earlier one.
    pub values: Vec<(String, ParamValue)>,
    spans: Vec<Span>,
}

impl GivenParams {
    /// Adds a value.
    pub fn push(&mut self, name: impl Into<String>, value: ParamValue, span: Span) {
        self.values.push((name.into(), value));
        self.spans.push(span);
    }

    /// Adds a number.
    pub fn number(&mut self, name: impl Into<String>, value: f64, span: Span) {
        self.push(name, ParamValue::Number(value), span);
    }

    /// Removes a number and gives it; the last one when there are several.
    pub fn take(&mut self, name: &str) -> Option<f64> {
        let mut taken = None;
        while let Some(k) = self.values.iter().position(|(n, _)| n == name) {
            self.spans.remove(k);
            if let (_, ParamValue::Number(value)) = self.values.remove(k) {
                taken = Some(value);
            }
        }
        taken
    }

    /// The last value of a parameter of `card` under any of its names.
    #[must_use]
    pub fn of(&self, card: &Card, name: &str) -> Option<f64> {
        let param = card.param(name)?;
        let meant = |n: &str| n == param.name || param.aliases.contains(&n);
        self.values.iter().rev().find(|(n, _)| meant(n)).and_then(|(_, value)| match value {
            ParamValue::Number(value) => Some(*value),
            _ => None,
        })
    }

    fn span_of(&self, name: &str) -> Option<Span> {
        let k = self.values.iter().rposition(|(n, _)| n == name)?;
        Some(self.spans[k])
    }

    /// Defaults filled in, ranges checked.
    ///
    /// # Errors
    /// One diagnostic per bad parameter; `owner` is the element or model it belongs to, `span` its line.
    pub fn check(
        &self,
        card: &Card,
        scope: &Scope<'_>,
        owner: &str,
        span: Span,
    ) -> Result<ParamValues, Vec<Diagnostic>> {
        ParamValues::check(card, &self.values)
            .map_err(|errors| errors.iter().map(|e| self.explain(card, scope, owner, span, e)).collect())
    }

    /// A device's complaint as a diagnostic.
    #[must_use]
    pub fn explain(&self, card: &Card, scope: &Scope<'_>, owner: &str, span: Span, error: &ParamError) -> Diagnostic {
        match error {
            ParamError::Unknown { name, .. } => {
                let place = self.span_of(name).unwrap_or(span);
                let known = || card.params.iter().map(|p| p.name);
                let message = format!("`{owner}` is a {}; it has no parameter `{name}`", card.doc);
                let diagnostic = scope.error("E-PARAM", message, place).label("unknown parameter");
                match nearest(name, known()) {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None => diagnostic.help(format!("its parameters are: {}", known().collect::<Vec<_>>().join(" "))),
                }
            }
            ParamError::Missing { name, doc } => scope
                .error("E-MISSING", format!("`{owner}` has no {}", if doc.is_empty() { name } else { doc }), span)
                .help(format!("give its value, or `{name}=..`")),
            ParamError::OutOfRange { name, .. } | ParamError::NotFinite { name } => {
                scope.error("E-RANGE", format!("`{owner}`: {error}"), self.span_of_param(card, name).unwrap_or(span))
            }
            ParamError::Conflict(_) => scope.error("E-PARAM", format!("`{owner}`: {error}"), span),
        }
    }

    fn span_of_param(&self, card: &Card, name: &str) -> Option<Span> {
        let param = card.param(name)?;
        std::iter::once(param.name).chain(param.aliases.iter().copied()).find_map(|n| self.span_of(n))
    }
}

/// The value of one assignment: a number, or the word that the parameter takes.
///
/// # Errors
/// When it is neither.
pub fn value_of(scope: &Scope<'_>, card: &Card, assign: &Assign, name: &str) -> Result<ParamValue, Diagnostic> {
    if card.param(name).is_some_and(takes_word) {
        match &assign.value.kind {
            ExprKind::Name(word) => return Ok(ParamValue::Word(word.clone())),
            ExprKind::Text(word) => return Ok(ParamValue::Word(word.to_lowercase())),
            _ => {}
        }
    }
    scope.number(&assign.value).map(ParamValue::Number)
}

pub(super) fn takes_word(param: &crate::device::Param) -> bool {
    matches!(param.kind, crate::device::card::ParamKind::Word(_))
}

/// An evaluated model card.
#[derive(Clone)]
pub struct EvaluatedModel {
    /// Its kind.
    pub kind: Kind,
    /// Its parameters.
    pub params: Rc<GivenParams>,
}

/// Evaluates a model card in the scope where it was written.
///
/// # Errors
/// Unknown types, unknown parameters, values that cannot be computed: all of them.
pub fn evaluate(model: &Model, home: &Scope<'_>) -> Result<EvaluatedModel, Vec<Diagnostic>> {
    let leveled = leveled::read(model, home).map_err(|error| vec![error])?;
    let keyword = leveled.as_ref().map_or(model.kind.text.as_str(), |l| l.keyword);
    let Some(kind) = kind_of(keyword) else { return Err(vec![unknown_kind(home, &model.kind)]) };
    let card = kind.card();
    let mut params = GivenParams::default();
    let mut errors = Vec::new();
    for assign in &model.params {
        let name = card.model_name(&assign.name.text);
        if let Some(leveled) = &leveled
            && leveled.takes(home, assign, &mut params).map_err(|error| vec![error])?
        {
            continue;
        }
        if card.param(name).is_none() {
            if is_model_bookkeeping(name) {
                continue;
            }
            let unknown = ParamError::Unknown { name: name.to_string(), nearest: None };
            errors.push(params.explain(card, home, &model.name.text, assign.name.span, &unknown));
            continue;
        }
        match value_of(home, card, assign, name) {
            Ok(value) => params.push(name, value, assign.value.span),
            Err(error) => errors.push(error),
        }
    }
    for (field, value) in stepped(home, &model.name.text) {
        params.number(card.model_name(&field), value, model.span);
    }
    if errors.is_empty() { Ok(EvaluatedModel { kind, params: Rc::new(params) }) } else { Err(errors) }
}

/// Selectors of other simulators' model libraries that mean nothing here.
fn is_model_bookkeeping(name: &str) -> bool {
    matches!(name, "level" | "version" | "mfg" | "vceo" | "icrating" | "type")
}

fn stepped(scope: &Scope<'_>, model: &str) -> Vec<(String, f64)> {
    let context = scope.context();
    let mut fields = Vec::new();
    for (target, &value) in &context.overrides.values {
        if let SweepTarget::Model(name, field) = target
            && name == model
        {
            context.consumed(target);
            fields.push((field.clone(), value));
        }
    }
    fields
}

/// An error about a device type that is not in the registry.
#[must_use]
pub fn unknown_kind(scope: &Scope<'_>, kind: &Name) -> Diagnostic {
    let error = scope.error("E-MODEL", format!("there is no device type `{}`", kind.text), kind.span);
    let known = || REGISTRY.iter().flat_map(|k| k.card().keywords.iter().copied());
    match nearest(&kind.text, known()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help(format!("known types: {}", known().collect::<Vec<_>>().join(" "))),
    }
}

impl<'d> Assembly<'d> {
    pub(super) fn with_optional_model(
        &mut self,
        frame: &Rc<Frame<'d>>,
        model: Option<&Name>,
        line: &Element,
    ) -> Option<(Option<Kind>, GivenParams)> {
        match model {
            Some(model) => self.with_model(frame, model, line),
            None => {
                let error = frame.scope.error("E-MODEL", format!("`{}` names no model", line.name.text), line.span);
                self.error(error.help(format!("write `{} .. name` and a card `.model name ..`", line.name.text)));
                None
            }
        }
    }

    /// The kind and the parameters of a model; checks that the element's letter may use it.
    pub(super) fn with_model(
        &mut self,
        frame: &Rc<Frame<'d>>,
        model: &Name,
        line: &Element,
    ) -> Option<(Option<Kind>, GivenParams)> {
        let evaluated = self.model(frame, model)?;
        let card = evaluated.kind.card();
        let letter = line.letter.to_string();
        let fits = match line.letter {
            'r' | 'c' | 'l' | 'd' => card.keywords.contains(&letter.as_str()),
            'm' => card.ports.iter().any(|p| p.name == "g"),
            's' | 'w' => card.ports.iter().any(|p| !p.carries),
            _ => true,
        };
        if !fits {
            let message = format!(
                "`{}` is a {}; the letter {} needs another type",
                model.text,
                card.doc,
                line.letter.to_uppercase()
            );
            self.error(
                frame.scope.error("E-MODEL", message, model.span).help("memristors and selectors start with N or Y"),
            );
            return None;
        }
        Some((Some(evaluated.kind), (*evaluated.params).clone()))
    }

    fn model(&mut self, frame: &Frame<'d>, name: &Name) -> Option<EvaluatedModel> {
        let Some((card, home)) = frame.scope.model(&name.text) else {
            if matches!(name.text.as_str(), "nan" | "inf" | "infinity") {
                let error =
                    frame.scope.error("E-VALUE", format!("`{}` is no value of an element", name.text), name.span);
                self.error(
                    error.help("every value is a finite number; leave an element out instead of making it infinite"),
                );
                return None;
            }
            let error = frame
                .scope
                .error("E-MODEL", format!("model `{}` is not defined", name.text), name.span)
                .label("not defined");
            self.error(match frame.scope.nearest_model(&name.text) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help(format!("add `.model {} type(..)`", name.text)),
            });
            return None;
        };
        let key = (std::ptr::from_ref(card), home.identity());
        if let Some(known) = self.models.get(&key) {
            return known.clone();
        }
        let evaluated = match evaluate(card, home) {
            Ok(evaluated) => Some(evaluated),
            Err(errors) => {
                errors.into_iter().for_each(|e| self.error(e));
                None
            }
        };
        self.models.insert(key, evaluated.clone());
        evaluated
    }
}
