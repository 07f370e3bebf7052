//! Which `@device[field]` the output and measure cards name: input parameters are kept for these devices only, so that
//! nothing is paid for the others. And whether a transient is wanted.

use std::collections::{HashMap, HashSet};

use super::array::memory::Work;
use super::scope::Scope;
use crate::circuit::pattern::Pattern;
use crate::netlist::ast::{
    AnalysisCard, AnalysisKind, Crossing, Expr, ExprKind, MeasureCard, MeasureKind, Statement, SweepTarget, Trigger,
};

/// Fields by device.
#[derive(Default)]
pub struct Wanted {
    literal: HashMap<String, Vec<String>>,
    patterns: Vec<(Pattern, String)>,
    /// Devices that `.dc` changes on the way: what they were made with is not what they are.
    swept: HashSet<String>,
    /// Is there a transient?
    pub work: Work,
}

impl Wanted {
    /// Reads the cards of the top level.
    #[must_use]
    pub fn gather(scope: &Scope<'_>) -> Self {
        let mut wanted = Self::default();
        for statement in &scope.definitions().statements {
            match statement {
                Statement::Output(card) => {
                    card.items.iter().chain(card.params.iter().map(|p| &p.value)).for_each(|e| wanted.read(e));
                }
                Statement::Analysis(AnalysisCard { kind: AnalysisKind::Dc(sweeps), .. }) => {
                    wanted.swept.extend(sweeps.iter().filter_map(|sweep| match &sweep.target {
                        SweepTarget::Name(name) | SweepTarget::Field(name, _) => Some(name.text.clone()),
                        _ => None,
                    }));
                }
                Statement::Analysis(AnalysisCard { kind: AnalysisKind::Tran { .. }, .. }) => wanted.work = Work::InTime,
                Statement::Measure(card) => expressions(card).into_iter().for_each(|e| wanted.read(e)),
                _ => {}
            }
        }
        wanted
    }

    /// The fields of a device.
    #[must_use]
    pub fn fields(&self, device: &str) -> Vec<String> {
        if self.swept.contains(device) {
            return Vec::new();
        }
        let literal = self.literal.get(device).into_iter().flatten();
        let matching = self.patterns.iter().filter(|(pattern, _)| pattern.matches(device)).map(|(_, field)| field);
        literal.chain(matching).cloned().collect()
    }

    fn read(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Field(device, field) => self.add(&device.text, &field.text),
            ExprKind::Unary(_, a) => self.read(a),
            ExprKind::Binary(_, a, b) => [a, b].into_iter().for_each(|e| self.read(e)),
            ExprKind::Ternary(c, a, b) => [c, a, b].into_iter().for_each(|e| self.read(e)),
            ExprKind::Call(_, arguments) => arguments.iter().for_each(|e| self.read(e)),
            _ => {}
        }
    }

    fn add(&mut self, device: &str, field: &str) {
        // Xyce's `x1:r1`, ngspice's `r.x1.r1`
        let dotted = device.replace(':', ".");
        let bare = dotted.split_once('.').filter(|(letter, _)| letter.chars().count() == 1).map(|(_, rest)| rest);
        for name in [Some(dotted.as_str()), bare].into_iter().flatten() {
            let pattern = Pattern::parse(name);
            match pattern.literal() {
                Some(name) => self.literal.entry(name).or_default().push(field.to_string()),
                None => self.patterns.push((pattern, field.to_string())),
            }
        }
    }
}

fn expressions(card: &MeasureCard) -> Vec<&Expr> {
    fn of_crossing(crossing: &Crossing) -> Vec<&Expr> {
        vec![&crossing.left, &crossing.right]
    }
    fn of_trigger(trigger: &Trigger) -> Vec<&Expr> {
        match trigger {
            Trigger::At(at) => vec![at],
            Trigger::Crossing(crossing) => of_crossing(crossing),
        }
    }
    match &card.kind {
        MeasureKind::TrigTarg(trig, targ) => [of_trigger(trig), of_trigger(targ)].concat(),
        MeasureKind::FindWhen(e, crossing) | MeasureKind::DerivWhen(e, crossing) => {
            [vec![e], of_crossing(crossing)].concat()
        }
        MeasureKind::FindAt(e, at) | MeasureKind::DerivAt(e, at) => vec![e, at],
        MeasureKind::When(crossing) => of_crossing(crossing),
        MeasureKind::Statistic(_, e) | MeasureKind::Param(e) => vec![e],
    }
}
