//! Analyses, options, measures and output cards.

use super::{Place, Target, Writer};
use crate::diag::Span;
use crate::netlist::ast::{
    AnalysisCard, AnalysisKind, Expr, ExprKind, MeasureCard, OptionItem, OutputCard, OutputVerb, SweepSpec,
    SweepTarget, SweepValues,
};

/// Options that mean the same everywhere.
const SHARED: [&str; 19] = [
    "reltol", "abstol", "vntol", "chgtol", "gmin", "trtol", "method", "maxord", "xmu", "itl1", "itl2", "itl4", "temp",
    "tnom", "pivtol", "pivrel", "rshunt", "cshunt", "scale",
];

impl<'d> Writer<'d> {
    pub(super) fn options(&mut self, items: &[OptionItem]) {
        for item in items {
            let name = &item.name.text;
            let text = match &item.value {
                None => name.clone(),
                Some(Expr { kind: ExprKind::Name(word), .. }) => format!("{name}={word}"),
                Some(value) => format!("{name}={}", self.number(value, Place { inside: &[] })),
            };
            let known = SHARED.contains(&name.as_str()) || self.target == Target::Own;
            self.line(&format!("{}.options {text}", if known { "" } else { "* " }));
        }
    }

    pub(super) fn analysis(&mut self, card: &AnalysisCard) {
        let place = Place { inside: &[] };
        let number = |writer: &Self, e: &Expr| writer.number(e, place);
        let text = match &card.kind {
            AnalysisKind::Op => Some(".op".to_string()),
            AnalysisKind::Tran { step, stop, start, max_step, uic } => {
                let default = self.times.stop / 1000.0;
                let step = step.as_ref().map_or(format!("{default:?}"), |s| number(self, s));
                let mut text = format!(".tran {step} {}", number(self, stop));
                if start.is_some() || max_step.is_some() {
                    text.push_str(&format!(" {}", start.as_ref().map_or("0".to_string(), |s| number(self, s))));
                }
                text.push_str(&max_step.as_ref().map_or(String::new(), |m| format!(" {}", number(self, m))));
                text.push_str(if *uic { " uic" } else { "" });
                Some(text)
            }
            AnalysisKind::Tf { output, input } => Some(format!(".tf {} {}", self.expression(output), input.text)),
            AnalysisKind::Dc(sweeps) => {
                let sweeps: Option<Vec<String>> = sweeps.iter().map(|s| self.sweep(s)).collect();
                sweeps.map(|s| format!(".dc {}", s.join(" ")))
            }
        };
        match text {
            Some(text) => self.line(&text),
            None => self.comment(card.span),
        }
    }

    /// A linear sweep of a source; other simulators know no other.
    fn sweep(&self, sweep: &SweepSpec) -> Option<String> {
        let place = Place { inside: &[] };
        let (SweepTarget::Name(name), SweepValues::Linear(a, b, step)) = (&sweep.target, &sweep.values) else {
            return None;
        };
        Some(format!("{} {} {} {}", name.text, self.number(a, place), self.number(b, place), self.number(step, place)))
    }

    /// Measures of voltages and source currents stay; the others use quantities that only this program has.
    pub(super) fn measure(&mut self, card: &MeasureCard) {
        let text = self.card(card.span).to_lowercase();
        let of_op = card.analysis.as_ref().is_none_or(|a| a.text == "op");
        let dropped = self.dropped.iter().any(|name| words(&text).skip(1).any(|word| word == name));
        if (of_op || dropped || !is_plain(&text)) && self.target != Target::Own {
            self.dropped.insert(card.name.text.clone());
            self.comment(card.span);
        } else {
            self.line(&text);
        }
    }

    /// A card as the user wrote it, on one line.
    fn card(&self, span: Span) -> String {
        let text = self.assembly.context.deck.sources.text(span);
        let lines = text.lines().map(|line| line.trim().trim_start_matches('+').trim_start());
        lines.collect::<Vec<_>>().join(" ")
    }

    /// `.print` and `.save` of voltages and source currents stay; for this program all that the flat deck can answer.
    pub(super) fn output(&mut self, card: &OutputCard) {
        if self.target == Target::Own {
            let text = self.card(card.span);
            return self.line(&text);
        }
        let plain = card.items.iter().all(|item| match &item.kind {
            ExprKind::Probe(word, nodes) => {
                let named = nodes.iter().all(|n| n.range.is_none() && !n.name.contains(['*', '?', '[']));
                named && (word.text == "v" || (word.text == "i" && nodes.iter().all(|n| n.name.starts_with('v'))))
            }
            ExprKind::All => true,
            _ => false,
        });
        let kept = matches!(card.verb, OutputVerb::Print | OutputVerb::Save)
            && plain
            && card.file.is_none()
            && card.format.is_none();
        // ngspice prints nothing for a card without an analysis
        if !kept || (card.verb == OutputVerb::Print && card.analysis.is_none()) {
            return self.comment(card.span);
        }
        let items: Vec<String> = card.items.iter().map(|i| self.expression(i).replace(", ", ",")).collect();
        let verb = if card.verb == OutputVerb::Print { "print" } else { "save" };
        let analysis = card.analysis.as_ref().map_or(String::new(), |a| format!(" {}", a.text));
        self.line(&format!(".{verb}{analysis} {}", items.join(" ")));
    }
}

/// The names in a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

/// Does a measure only use what every simulator has?
fn is_plain(text: &str) -> bool {
    let foreign = text.contains('@') || text.contains("p(") || text.contains('*');
    let currents = text.match_indices("i(").all(|(k, _)| {
        let word_start = k == 0 || !text.as_bytes()[k - 1].is_ascii_alphanumeric();
        !word_start || text[k + 2..].trim_start().starts_with('v')
    });
    !foreign && currents
}
