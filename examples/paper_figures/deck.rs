//! Runs decks of `netlists/papers/` and hands out what they measured.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use sneakpath::analysis;
use sneakpath::diag::{self, Diagnostic};
use sneakpath::elaborate::Elaborator;
use sneakpath::netlist::{self, ReadOptions};
use sneakpath::output::Collector;
use sneakpath::plan::{Overrides, StepPoint};
use sneakpath::result::{ArraySnapshot, Stats, Table};

/// One step of a deck.
pub struct Step {
    /// Label and value of each loop.
    pub labels: Vec<(String, f64)>,
    /// Measures that have a value, by name.
    pub measures: BTreeMap<String, f64>,
    /// One table per analysis.
    pub tables: Vec<Table>,
    /// Array matrices.
    pub snapshots: Vec<ArraySnapshot>,
    /// Counters, one per analysis.
    pub stats: Vec<Stats>,
}

impl Step {
    /// A measure.
    ///
    /// # Errors
    /// When the deck has no such measure, or it failed.
    pub fn measure(&self, name: &str) -> Result<f64, String> {
        self.measures.get(name).copied().ok_or_else(|| format!("the measure `{name}` has no value"))
    }

    /// A column of the first analysis.
    ///
    /// # Errors
    /// When nothing of that name was recorded.
    pub fn column(&self, name: &str) -> Result<&[f64], String> {
        let table = self.tables.first().ok_or("the deck gave no table")?;
        table.column(name).ok_or_else(|| {
            let known: Vec<&str> = table.header.columns.iter().map(|c| c.name.as_str()).collect();
            format!("no column `{name}`; there are {}", known.join(", "))
        })
    }
}

/// Runs a deck of `netlists/papers/`, its steps on all cores; `defines` replace its parameters.
///
/// # Errors
/// Everything that is wrong with the deck, or the first analysis that failed.
pub fn run(name: &str, defines: &[(&str, f64)]) -> Result<Vec<Step>, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("netlists/papers").join(name);
    let (deck, messages) = netlist::parse(&path, &ReadOptions::default());
    steps(name, deck, messages, defines)
}

/// Runs a deck that has one step.
///
/// # Errors
/// As [`run`].
pub fn run_one(name: &str, defines: &[(&str, f64)]) -> Result<Step, String> {
    run(name, defines)?.into_iter().next().ok_or_else(|| format!("{name} has no step"))
}

fn steps(
    name: &str,
    deck: netlist::ast::Deck,
    messages: Vec<Diagnostic>,
    defines: &[(&str, f64)],
) -> Result<Vec<Step>, String> {
    let told = |messages: &[Diagnostic]| {
        let errors: Vec<String> = messages.iter().map(ToString::to_string).collect();
        format!("{name}: {}", errors.join("; "))
    };
    if diag::has_errors(&messages) {
        return Err(told(&messages));
    }
    let defines = defines.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect();
    let elaborator = Elaborator::new(deck, defines);
    let points = elaborator.steps().map_err(|e| told(&e))?;
    points.par_iter().map(|point| step(&elaborator, point).map_err(|e| format!("{name}: {e}"))).collect()
}

fn step(elaborator: &Elaborator, point: &StepPoint) -> Result<Step, String> {
    let lines = |errors: Vec<Diagnostic>| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let built = elaborator.build(&point.overrides).map_err(lines)?;
    let (mut circuit, plan) = (built.circuit, built.plan);
    let rebuild = |o: &Overrides| {
        let mut merged = point.overrides.clone();
        merged.values.extend(o.values.iter().map(|(target, value)| (target.clone(), *value)));
        elaborator.build(&merged).map(|b| b.circuit).map_err(lines)
    };
    let mut out = Step {
        labels: point.labels.clone(),
        measures: BTreeMap::new(),
        tables: Vec::new(),
        snapshots: Vec::new(),
        stats: Vec::new(),
    };
    for wanted in &plan.analyses {
        let mut kept = Collector::default();
        let stats = analysis::run(wanted, &mut circuit, &plan, "", &rebuild, &mut kept).map_err(|e| e.to_string())?;
        for table in &kept.tables {
            let found = analysis::measure::evaluate(&plan.measures, table, wanted.word());
            out.measures.extend(found.into_iter().filter_map(|m| m.value.map(|v| (m.name, v))));
        }
        out.tables.append(&mut kept.tables);
        out.snapshots.append(&mut kept.snapshots);
        out.stats.push(stats);
    }
    Ok(out)
}

/// A recorded signal at time `t`, linear between points, held beyond the ends.
pub fn at(time: &[f64], values: &[f64], t: f64) -> f64 {
    let k = time.partition_point(|&s| s < t);
    let (Some(&after), Some(&t1)) = (values.get(k), time.get(k)) else {
        return values.last().copied().unwrap_or(f64::NAN);
    };
    let Some((&before, &t0)) = k.checked_sub(1).and_then(|j| values.get(j).zip(time.get(j))) else { return after };
    if t1 > t0 { before + (after - before) * (t - t0) / (t1 - t0) } else { after }
}
