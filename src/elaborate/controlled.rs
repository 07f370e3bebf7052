//! Elements that sense the branch currents of others: F, H, W and mutual inductance.

use std::rc::Rc;

use super::assembly::{Assembly, Frame};
use super::element::{Form, Making, add_switch_state, missing_value};
use super::model::{self, GivenParams};
use crate::diag::Diagnostic;
use crate::netlist::ast::{Control, ElementKind, Name};

impl<'d> Assembly<'d> {
    /// H first, then F and W: one H may sense another through an ammeter, and everything else is made by now.
    pub(super) fn make_current_controlled(&mut self, forms: &[Form]) {
        let waiting: Vec<usize> = (0..forms.len()).filter(|&k| forms[k] == Form::CurrentControlled).collect();
        for &k in &waiting {
            self.meter(k);
        }
        for k in waiting {
            if let Some(making) = self.describe_current_controlled(k) {
                self.make(k, making);
            }
        }
    }

    fn describe_current_controlled(&mut self, k: usize) -> Option<Making> {
        let (line, frame) = (self.placed[k].line.clone(), Rc::clone(&self.placed[k].frame));
        let mut ports = self.placed[k].nodes.clone();
        let (kind, mut params, main, source) = match &line.kind {
            ElementKind::Controlled(Control::LinearCurrent { source, gain }) => {
                if gain.is_none() {
                    self.error(missing_value(&frame, &line));
                    return None;
                }
                (model::kind_of(&line.letter.to_string()), GivenParams::default(), gain.as_ref(), Some(source))
            }
            ElementKind::CurrentSwitch { source, model, initially_on } => {
                let (kind, mut params) = self.with_optional_model(&frame, model.as_ref(), &line)?;
                add_switch_state(&mut params, *initially_on, line.span);
                (kind, params, None, source.as_ref())
            }
            _ => return None,
        };
        let kind = kind?;
        let Some(source) = source else {
            let error =
                frame.scope.error("E-MISSING", format!("`{}` names no controlling element", line.name.text), line.span);
            self.error(error.help("write the name of the voltage source whose current controls it"));
            return None;
        };
        let found = self.current_of(&frame, source);
        let (branch, scale) = self.accept(found)?;
        ports.push(branch);
        self.finish_params(k, kind, &mut params, main)?;
        if scale != 1.0 {
            match params.of(kind.card(), "value") {
                Some(gain) => params.number("value", gain * scale, line.span),
                None => {
                    let error = frame.scope.error(
                        "E-PARAM",
                        format!("`{}` is controlled by {scale} parallel elements", line.name.text),
                        line.span,
                    );
                    self.error(error.help("put a 0 V source in series with them and let it control the switch"));
                    return None;
                }
            }
        }
        Some(Making { kind, ports, params })
    }

    /// The unknown that holds the current into the first terminal of an element, and how many times it counts.
    ///
    /// # Errors
    /// When there is no such element or it has no current of its own.
    pub(super) fn current_of(&self, frame: &Frame<'d>, name: &Name) -> Result<(u32, f64), Diagnostic> {
        let Some(k) = self.find_element(frame, &name.text) else { return Err(self.unknown_element(frame, name)) };
        self.placed[k].current.ok_or_else(|| {
            frame
                .scope
                .error("E-CURRENT", format!("the current of `{}` cannot be used here", name.text), name.span)
                .help("put a 0 V source in series with it and use the current of that")
        })
    }

    pub(super) fn make_coupling(&mut self, k: usize) {
        let (line, frame) = (self.placed[k].line.clone(), Rc::clone(&self.placed[k].frame));
        let ElementKind::Coupling { inductors, coefficient } = &line.kind else { return };
        let (Some(coefficient), Some(kind)) = (coefficient, model::kind_of("k")) else {
            self.error(missing_value(&frame, &line));
            return;
        };
        if inductors.len() < 2 {
            let error = frame.scope.error(
                "E-MISSING",
                format!("`{}` couples fewer than two inductors", line.name.text),
                line.span,
            );
            self.error(error.help("write `K1 L1 L2 0.98`"));
            return;
        }
        let Some(value) = self.accept(frame.scope.number(coefficient)) else { return };
        let windings: Vec<Option<(u32, f64)>> = inductors.iter().map(|l| self.winding(&frame, l)).collect();
        let name = self.placed[k].name.clone();
        for (i, first) in windings.iter().enumerate() {
            for (j, second) in windings.iter().enumerate().skip(i + 1) {
                let (Some((b1, l1)), Some((b2, l2))) = (first, second) else { continue };
                let mut params = GivenParams::default();
                params.number("k", value, coefficient.span);
                params.number("l1", *l1, line.span);
                params.number("l2", *l2, line.span);
                self.apply_step(kind.card(), &mut params, &name, line.name.span);
                let pair = if windings.len() == 2 { name.clone() } else { format!("{name}#{}{}", i + 1, j + 1) };
                match params.check(kind.card(), &frame.scope, &line.name.text, line.span) {
                    Ok(values) => {
                        let added = self.builder.add(kind, &pair, &[*b1, *b2], &values);
                        let added = added
                            .map_err(|e| params.explain(kind.card(), &frame.scope, &line.name.text, line.span, &e));
                        self.placed[k].device = self.accept(added);
                    }
                    Err(errors) => errors.into_iter().for_each(|e| self.error(e)),
                }
            }
        }
    }

    fn winding(&mut self, frame: &Frame<'d>, name: &Name) -> Option<(u32, f64)> {
        let Some(at) = self.find_element(frame, &name.text) else {
            let error = self.unknown_element(frame, name);
            self.error(error);
            return None;
        };
        let placed = &self.placed[at];
        if placed.line.letter != 'l' {
            let error = frame.scope.error("E-COUPLING", format!("`{}` is not an inductor", name.text), name.span);
            self.error(error);
            return None;
        }
        Some((placed.current?.0, placed.value?))
    }
}
