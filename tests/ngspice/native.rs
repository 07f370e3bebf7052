//! Runs a deck in this program, recording what ngspice recorded.

use std::collections::{HashMap, HashSet};

use sneakpath::analysis;
use sneakpath::circuit::Circuit;
use sneakpath::elaborate::{Elaborated, Elaborator};
use sneakpath::output::Collector;
use sneakpath::plan::{Analysis, AnalysisWord, MeasureKind, Overrides, Plan, Signal, Statistic};
use sneakpath::result::{Column, MeasureResult, Table};

/// One analysis.
pub struct Run {
    /// What was asked for, by canonical name.
    pub table: Table,
    /// Measures of the deck.
    pub measures: Vec<MeasureResult>,
}

/// The quantity that a column of ngspice is in this circuit: a node, a current, or the state of a native device, which
/// is a node of the subcircuit that stands for it.
pub fn signal(circuit: &Circuit, column: &Column) -> Option<Signal> {
    let inner = |prefix: &str| column.name.strip_prefix(prefix)?.strip_suffix(')');
    let known = |signal: Signal| circuit.resolve(&signal).is_ok().then_some(signal);
    if let Some(device) = inner("i(") {
        return known(Signal::Current(device.to_string()));
    }
    let node = inner("v(")?;
    known(Signal::Voltage(node.to_string())).or_else(|| {
        let (path, state) = node.rsplit_once('.')?;
        let (around, last) = path.rsplit_once('.').map_or(("", path), |(a, b)| (a, b));
        // the outputs of the state equation; the other nodes are workings of the subcircuit
        if !matches!(state, "x" | "s") {
            return None;
        }
        let device = [around, last.strip_prefix('x')?].into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>();
        known(Signal::Field(device.join("."), state.to_string()))
    })
}

/// Nodes of the circuit that no signal shows under any of their names.
pub fn unseen(circuit: &Circuit, signals: &[Signal]) -> Vec<String> {
    let seen: HashSet<u32> = signals
        .iter()
        .filter_map(|s| match s {
            Signal::Voltage(node) => circuit.node(node),
            _ => None,
        })
        .collect();
    circuit.match_nodes("*").into_iter().filter(|(_, id)| !seen.contains(id)).map(|(name, _)| name).collect()
}

/// Runs all analyses of an elaborated deck, `extra` recorded after the deck's own signals.
pub fn run(elaborator: &Elaborator, built: Elaborated, overrides: &Overrides, extra: &[Signal]) -> Vec<Run> {
    let Elaborated { mut circuit, mut plan, .. } = built;
    let own = plan.signals.len();
    plan.signals.extend(extra.iter().cloned());
    let rebuild = |more: &Overrides| -> Result<Circuit, String> {
        let mut merged = overrides.clone();
        merged.values.extend(more.values.iter().map(|(k, v)| (k.clone(), *v)));
        elaborator.build(&merged).map(|e| e.circuit).map_err(|e| format!("{e:?}"))
    };
    let analyses = plan.analyses.clone();
    analyses
        .iter()
        .map(|wanted| {
            let mut sink = Collector::default();
            analysis::run(wanted, &mut circuit, &plan, "", &rebuild, &mut sink).unwrap_or_else(|e| panic!("{e}"));
            let table = sink.tables.pop().expect("a table");
            let measures = measures(&plan, &table, own, word(wanted));
            Run { table, measures }
        })
        .collect()
}

/// Measures see the table they were compiled for, without what the comparison added.
fn measures(plan: &Plan, table: &Table, own: usize, word: AnalysisWord) -> Vec<MeasureResult> {
    let mut table = table.clone();
    let width = own + usize::from(table.header.has_axis);
    table.header.columns.truncate(width);
    table.data.truncate(width);
    analysis::measure::evaluate(&plan.measures, &table, word)
}

/// Does the measure give the position of an extremum? Both programs name a recorded point, so it is known to a step.
pub fn is_position(plan: &Plan, name: &str) -> bool {
    let positions = |kind: &MeasureKind| matches!(kind, MeasureKind::Statistic(Statistic::MaxAt | Statistic::MinAt, _));
    plan.measures.iter().any(|m| m.name == name && positions(&m.kind))
}

fn word(analysis: &Analysis) -> AnalysisWord {
    match analysis {
        Analysis::Op => AnalysisWord::Op,
        Analysis::Dc(_) => AnalysisWord::Dc,
        Analysis::Tran(_) => AnalysisWord::Tran,
        Analysis::Tf { .. } => AnalysisWord::Tf,
    }
}

/// Columns by name.
pub fn columns(table: &Table) -> HashMap<&str, &[f64]> {
    table.header.columns.iter().zip(&table.data).map(|(c, d)| (c.name.as_str(), d.as_slice())).collect()
}
