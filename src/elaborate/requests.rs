//! What the deck asks for: `.op .dc .tran .tf` to analyses, `.save .print .probe .plot .measure .xout` to signals and
//! formulas over them, names resolved against the finished circuit.
//!
//! All formulas share one list of signals. What the raw file shows stands in front: `.save` and `.probe`, or `.print`,
//! or, where none of them speaks for an analysis, all top-level nodes and the currents of all voltage sources.

mod analyses;
mod lookup;
mod measures;
mod outputs;
mod traces;

use super::Scope;
use crate::circuit::Circuit;
use crate::diag::{Diagnostic, Span};
use crate::netlist::ast::{Expr, Name, OutputVerb, Statement};
use crate::plan::{Analysis, AnalysisFilter, AnalysisWord, Plan};

use traces::Traces;

#[cfg(test)]
mod array_tests;
#[cfg(test)]
mod tests;

/// Fills everything in `plan` but its title and options; returns notes and all mistakes.
#[must_use]
pub fn gather(scope: &Scope<'_>, circuit: &Circuit, plan: &mut Plan) -> Vec<Diagnostic> {
    let mut requests = Requests { scope, traces: Traces::new(scope, circuit), plan, diagnostics: Vec::new() };
    requests.analyses();
    requests.saves();
    requests.prints();
    requests.plots();
    requests.measures();
    requests.snapshots();
    let Requests { traces, plan, mut diagnostics, .. } = requests;
    diagnostics.extend(traces.finish(plan));
    diagnostics
}

/// Is this mistake one of the card itself, whatever the circuit is?
#[must_use]
pub fn stands_alone(diagnostic: &Diagnostic) -> bool {
    const CODES: &[&str] = &["E-ANALYSIS", "E-TRAN", "E-SWEEP", "E-DATA", "E-MEAS", "E-OUTPUT", "E-PRINT", "E-PLOT"];
    CODES.contains(&diagnostic.code)
}

/// The work in hand.
struct Requests<'s, 'd, 'c, 'p> {
    scope: &'s Scope<'d>,
    traces: Traces<'s, 'd, 'c>,
    plan: &'p mut Plan,
    diagnostics: Vec<Diagnostic>,
}

impl<'d> Requests<'_, 'd, '_, '_> {
    fn statements(&self) -> Vec<&'d Statement> {
        self.scope.definitions().statements.clone()
    }

    /// Keeps the value, or the mistake.
    fn keep<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|error| self.diagnostics.push(error)).ok()
    }

    fn number(&mut self, expr: &Expr) -> Option<f64> {
        let result = self.scope.number(expr);
        self.keep(result)
    }

    /// The analysis word of an output or measure card.
    fn filter(&mut self, word: Option<&Name>) -> Option<AnalysisFilter> {
        let Some(word) = word else { return Some(None) };
        let kind = match word.text.as_str() {
            "op" => AnalysisWord::Op,
            "dc" => AnalysisWord::Dc,
            "tran" | "tr" => AnalysisWord::Tran,
            "tf" => AnalysisWord::Tf,
            other => {
                let error = Diagnostic::error("E-ANALYSIS", format!("there is no analysis `{other}`")).at(word.span);
                self.diagnostics.push(error.help("use op, dc, tran or tf, or leave the word out for all analyses"));
                return None;
            }
        };
        if !self.plan.analyses.is_empty() && !self.plan.analyses.iter().any(|a| a.word() == kind) {
            let message = format!("the deck has no `.{}`: this card gives nothing", word.text);
            let warning = Diagnostic::warning("W-ANALYSIS", message).at(word.span);
            self.diagnostics.push(warning.help("add the analysis, or name one that the deck has"));
        }
        Some(Some(kind))
    }

    /// The user's characters without blanks and quotes around them, lower case.
    fn text(&self, span: Span) -> String {
        traces::text(self.scope, span)
    }

    /// Does an output card of one of these kinds speak for this analysis?
    fn is_covered(&self, analysis: &Analysis, verbs: &[OutputVerb]) -> bool {
        let word = match analysis {
            Analysis::Op => "op",
            Analysis::Dc(_) => "dc",
            Analysis::Tran(_) => "tran",
            Analysis::Tf { .. } => "tf",
        };
        self.scope.definitions().statements.iter().any(|s| match s {
            Statement::Output(card) => {
                verbs.contains(&card.verb) && card.analysis.as_ref().is_none_or(|a| a.text == word)
            }
            _ => false,
        })
    }
}
