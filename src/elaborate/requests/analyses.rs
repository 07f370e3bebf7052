//! `.op .dc .tran .tf`.

use super::Requests;
use super::lookup::Probed;
use crate::diag::{Diagnostic, Span};
use crate::elaborate::sweep;
use crate::netlist::ast::{AnalysisKind, Expr, ExprKind, Name, Statement, SweepSpec};
use crate::plan::{Analysis, Signal, TfOutput, Tran};

/// Intervals of a transient whose print step was left out.
const INTERVALS: f64 = 50.0;

/// Steps nobody waits for.
const MOST_STEPS: f64 = 1e10;

/// `.tran` as written.
struct Times<'e> {
    step: Option<&'e Expr>,
    stop: &'e Expr,
    start: Option<&'e Expr>,
    max_step: Option<&'e Expr>,
    uic: bool,
}

impl Requests<'_, '_, '_, '_> {
    pub fn analyses(&mut self) {
        for statement in self.statements() {
            let Statement::Analysis(card) = statement else { continue };
            let analysis = match &card.kind {
                AnalysisKind::Op => Some(Analysis::Op),
                AnalysisKind::Dc(sweeps) => self.dc(sweeps, card.span),
                AnalysisKind::Tran { step, stop, start, max_step, uic } => self.tran(&Times {
                    step: step.as_ref(),
                    stop,
                    start: start.as_ref(),
                    max_step: max_step.as_ref(),
                    uic: *uic,
                }),
                AnalysisKind::Tf { output, input } => self.tf(output, input),
            };
            self.plan.analyses.extend(analysis);
        }
    }

    fn dc(&mut self, specs: &[SweepSpec], span: Span) -> Option<Analysis> {
        let mut sweeps = Vec::new();
        for spec in specs {
            match sweep::sweep(self.scope, spec) {
                Ok(sweep) => sweeps.push(sweep),
                Err(errors) => self.diagnostics.extend(errors),
            }
        }
        if specs.is_empty() {
            let error = Diagnostic::error("E-SWEEP", "`.dc` without anything to sweep").at(span);
            self.diagnostics.push(error.help("write `.dc source start stop increment`"));
        }
        for (k, sweep) in sweeps.iter().enumerate() {
            if sweeps.iter().take(k).any(|s| s.targets.iter().any(|t| sweep.targets.contains(t))) {
                let message = format!("`{}` is swept in two loops", sweep.label);
                self.diagnostics.push(Diagnostic::error("E-SWEEP", message).at(span));
            }
        }
        let count = sweeps.iter().map(|s| s.rows.len() as f64).product::<f64>();
        if count > sweep::MOST_POINTS as f64 {
            let error = Diagnostic::error("E-SWEEP", format!("the sweep has {count:e} points")).at(span);
            self.diagnostics.push(error.help(format!("at most {} points are accepted", sweep::MOST_POINTS)));
            return None;
        }
        (sweeps.len() == specs.len() && !sweeps.is_empty()).then_some(Analysis::Dc(sweeps))
    }

    fn tran(&mut self, times: &Times<'_>) -> Option<Analysis> {
        let optional = |this: &mut Self, expr: Option<&Expr>| match expr {
            Some(expr) => this.number(expr).map(|value| Some((value, expr.span))),
            None => Some(None),
        };
        let step = optional(self, times.step);
        let stop = self.number(times.stop);
        let start = optional(self, times.start);
        let max_step = optional(self, times.max_step);
        let (step, stop, start, max_step) = (step?, stop?, start?, max_step?);
        let mut good = true;
        let mut refuse = |this: &mut Self, message: String, span: Span, help: &str| {
            this.diagnostics.push(Diagnostic::error("E-TRAN", message).at(span).help(help));
            good = false;
        };
        if stop <= 0.0 {
            refuse(self, format!("the stop time {stop} s is not positive"), times.stop.span, "write .tran tstep tstop");
        }
        if let Some((value, span)) = start
            && stop > 0.0
            && !(0.0..stop).contains(&value)
        {
            let message = format!("storing from {value} s does not fit a stop time of {stop} s");
            refuse(self, message, span, "the start must be 0 or more and before the stop");
        }
        if let Some((value, span)) = step
            && (value < 0.0 || value > stop && stop > 0.0)
        {
            let message = format!("a print step of {value} s does not fit a stop time of {stop} s");
            refuse(self, message, span, "the order is .tran tstep tstop [tstart [tmax]]");
        }
        if let Some((value, span)) = max_step
            && value <= 0.0
        {
            refuse(self, format!("the largest step {value} s is not positive"), span, "leave it out for the default");
        }
        if let Some((value, span)) = max_step
            && value > 0.0
            && stop / value > MOST_STEPS
        {
            let message = format!("a largest step of {value:e} s means at least {:.0e} steps", stop / value);
            refuse(
                self,
                message,
                span,
                "leave it out: steps follow the truncation error and the corners of the sources",
            );
        }
        let start = start.map_or(0.0, |(value, _)| value);
        // LTspice writes 0 where the print step is left to the program
        let step = step.map(|(value, _)| value).filter(|value| *value > 0.0).unwrap_or((stop - start) / INTERVALS);
        let max_step = max_step.map(|(value, _)| value);
        good.then_some(Analysis::Tran(Tran { step, stop, start, max_step, uic: times.uic }))
    }

    fn tf(&mut self, output: &Expr, input: &Name) -> Option<Analysis> {
        let source = self.source(input);
        let output = self.tf_output(output);
        Some(Analysis::Tf { output: self.keep(output)?, input: self.keep(source)? })
    }

    fn tf_output(&mut self, output: &Expr) -> Result<TfOutput, Diagnostic> {
        let unfit = || {
            Diagnostic::error("E-TF", "the output of `.tf` is a voltage or the current of a voltage source")
                .at(output.span)
                .help("write v(node), v(a,b) or i(source)")
        };
        let ExprKind::Probe(word, nodes) = &output.kind else { return Err(unfit()) };
        let mut matches = self.traces.lookup_mut().probe(word, nodes)?;
        if matches.probes.len() != 1 {
            return Err(unfit());
        }
        let node = |probe: Probed| match probe {
            Probed::Zero => Some("0".to_string()),
            Probed::One(Signal::Voltage(name)) => Some(name),
            _ => None,
        };
        match matches.probes.remove(0) {
            Probed::One(Signal::Current(device)) if self.is_source(&device, &["v"]) => Ok(TfOutput::Current(device)),
            Probed::Difference(a, b) => {
                let (a, b) = (node(*a).ok_or_else(unfit)?, node(*b).ok_or_else(unfit)?);
                Ok(TfOutput::Voltage(a, b))
            }
            probe => Ok(TfOutput::Voltage(node(probe).ok_or_else(unfit)?, "0".to_string())),
        }
    }

    fn source(&mut self, name: &Name) -> Result<String, Diagnostic> {
        if self.is_source(&name.text, &["v", "i"]) {
            return Ok(name.text.clone());
        }
        let circuit = self.traces.circuit();
        let sources = circuit.names.devices.keys().map(String::as_str).filter(|n| self.is_source(n, &["v", "i"]));
        let error = Diagnostic::error("E-TF", format!("there is no source `{}`", name.text)).at(name.span);
        Err(match crate::diag::nearest(&name.text, sources) {
            Some(nearest) => error.help(format!("did you mean `{nearest}`?")),
            None => error.help("the input of `.tf` is an independent source"),
        })
    }

    /// Is it a device whose element letter is one of these?
    pub fn is_source(&self, name: &str, letters: &[&str]) -> bool {
        let circuit = self.traces.circuit();
        let group = circuit.find_device(name).and_then(|device| circuit.groups.get(device.group));
        group.is_some_and(|group| group.card().keywords.first().is_some_and(|keyword| letters.contains(keyword)))
    }
}
