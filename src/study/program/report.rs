//! What is reported of a programmed array.

use super::levels::{Goal, Goals, Ladder};
use super::run::{Fate, Outcome, Policy};
use super::writer::{Hardware, Writer};
use crate::result::report::{Axis, Chart, Fact, Grid, Map, Report, Series, Value};
use crate::study::scheme::Scheme;
use crate::study::statistics::Sample;

/// Bars of a histogram.
const BARS: usize = 41;

/// What was asked for.
pub struct Facts<'a> {
    /// Cell.
    pub cell: &'a str,
    /// Bias of the lines.
    pub scheme: &'a Scheme,
    /// `ispp`, `openloop` or `feedforward`.
    pub method: &'a str,
    /// Levels.
    pub ladder: Ladder,
    /// Targets.
    pub goals: &'a Goals,
    /// Pulses and reads.
    pub hardware: &'a Hardware,
    /// Order and bounds.
    pub policy: Policy,
}

const DEFINITIONS: [(&str, &str); 13] = [
    ("level", "(n - 1) (u(g) - u(gmin)) / (u(gmax) - u(gmin)), u = g, or 1/g with spacing=resistance; a real number"),
    ("sensed", "current at the end of the bit line over the read voltage, the row at it, all other lines at 0"),
    ("own", "current of the cell over the voltage across the cell in the same read"),
    ("error", "level by the verify read (sensed; own with compensate=wires) less the target, in levels"),
    ("yield", "share of cells whose error is within the tolerance at the end"),
    ("yield_own", "the same by the cells' own conductances"),
    ("lost", "mean |level of the own conductance - target|, in levels: what wires and disturbance cost"),
    ("pulses", "pulses meant for cells; a pulse on a row counts once for each of its cells that took part"),
    ("phases", "pulses on a row, each a transient of the whole array"),
    (
        "disturbed",
        "cells that were within the tolerance when their row was left for the last time and are not at the end",
    ),
    ("drift", "largest |level at the end - level when the row was left for the last time|, in levels"),
    ("energy", "J delivered by all sources in all pulses"),
    ("energy_read", "power of all sources in a read times tread, summed over the reads"),
];

/// One number per cell, with the goals.
struct Cells<'a> {
    goals: &'a [Goal],
    fates: &'a [Fate],
    errors: Vec<f64>,
    own: Vec<f64>,
}

impl<'a> Cells<'a> {
    fn of(facts: &'a Facts, outcome: &'a Outcome) -> Self {
        let pairs = || facts.goals.cells.iter().zip(&outcome.cells);
        let own = |fate: &Fate| facts.ladder.level(fate.reading.own);
        Self {
            goals: &facts.goals.cells,
            fates: &outcome.cells,
            errors: pairs().map(|(goal, fate)| fate.level - goal.level).collect(),
            own: pairs().map(|(goal, fate)| own(fate) - goal.level).collect(),
        }
    }

    fn count(&self, pick: impl Fn(&Goal, &Fate, f64) -> bool) -> usize {
        (0..self.fates.len()).filter(|&k| pick(&self.goals[k], &self.fates[k], self.own[k])).count()
    }

    #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    fn share(&self, count: usize) -> f64 {
        count as f64 / self.fates.len() as f64
    }

    fn largest(&self, each: impl Fn(&Fate) -> f64) -> f64 {
        self.fates.iter().map(each).filter(|x| x.is_finite()).fold(0.0, f64::max)
    }
}

/// Was it right when its row was left, and is it not any more?
fn disturbed(goal: &Goal, fate: &Fate) -> bool {
    goal.holds(fate.left) && !goal.holds(fate.level)
}

/// The report of a programmed array.
#[must_use]
pub fn report(facts: &Facts, outcome: &Outcome, writer: &Writer) -> Report {
    let cells = Cells::of(facts, outcome);
    let Goals { rows, cols, .. } = *facts.goals;
    let mut report = Report {
        title: format!("{rows} x {cols} cells of {} by {}, {}", facts.cell, facts.method, facts.scheme.name),
        definitions: DEFINITIONS.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec(),
        failures: outcome.failure.iter().cloned().collect(),
        ..Report::default()
    };
    report.definitions.push((format!("scheme {}", facts.scheme.name), facts.scheme.text.clone()));
    report.trust.add(writer.stats());
    summary(&mut report, facts, outcome, writer, &cells);
    report.tables.push(("cells".to_owned(), table(facts, &cells)));
    report.tables.push(("distribution".to_owned(), distribution(&cells)));
    report.maps = maps(facts, &cells);
    report.charts = vec![histogram(&cells), pulses_by_level(facts, &cells)];
    remarks(&mut report, facts, &cells);
    report
}

fn summary(report: &mut Report, facts: &Facts, outcome: &Outcome, writer: &Writer, cells: &Cells) {
    let errors = Sample::new(cells.errors.iter().copied());
    let sizes = Sample::new(cells.errors.iter().map(|e| e.abs()));
    let lost = Sample::new(cells.own.iter().map(|e| e.abs()));
    let good = cells.share(cells.count(|goal, fate, _| goal.holds(fate.level)));
    let own = cells.share(cells.count(|goal, _, error| goal.holds(goal.level + error)));
    let pulses: usize = cells.fates.iter().map(|fate| fate.progress.pulses).sum();
    let most = cells.fates.iter().map(|fate| fate.progress.pulses).max().unwrap_or(0);
    let drift = cells.largest(|fate| (fate.level - fate.left).abs());
    report.rows = Grid::new(&[
        "scheme",
        "method",
        "rows",
        "cols",
        "yield",
        "yield_own",
        "lost",
        "error_mean",
        "error_sd",
        "error_p95",
        "error_worst",
        "pulses",
        "pulses_mean",
        "pulses_most",
        "phases",
        "reads",
        "passes",
        "disturbed",
        "drift",
        "energy:J",
        "energy_read:J",
    ]);
    report.rows.push([
        facts.scheme.name.as_str().into(),
        facts.method.into(),
        facts.goals.rows.into(),
        facts.goals.cols.into(),
        good.into(),
        own.into(),
        lost.mean().into(),
        errors.mean().into(),
        deviation(&errors, cells.errors.len()).into(),
        sizes.quantile(0.95).into(),
        sizes.quantile(1.0).into(),
        pulses.into(),
        cells.share(pulses).into(),
        most.into(),
        writer.phases.into(),
        writer.reads.into(),
        outcome.passes.into(),
        cells.count(|goal, fate, _| disturbed(goal, fate)).into(),
        drift.into(),
        writer.stats().delivered.into(),
        writer.read_energy.into(),
    ]);
    let fact = |name: &str, value: Value, unit: &str| Fact { name: name.to_owned(), value, unit: unit.to_owned() };
    report.facts = vec![
        fact("yield", good.into(), ""),
        fact("lost", lost.mean().into(), ""),
        fact("pulses", pulses.into(), ""),
        fact("energy", writer.stats().delivered.into(), "J"),
        fact("gmin", facts.ladder.range.0.into(), "S"),
        fact("gmax", facts.ladder.range.1.into(), "S"),
    ];
}

/// One cell has no spread.
fn deviation(sample: &Sample, count: usize) -> f64 {
    if count < 2 { 0.0 } else { sample.deviation() }
}

fn table(facts: &Facts, cells: &Cells) -> Grid {
    let mut grid = Grid::new(&[
        "row",
        "col",
        "target",
        "target_g:S",
        "sensed:S",
        "own:S",
        "level",
        "error",
        "pulses",
        "done",
        "drift",
    ]);
    for (k, (goal, fate)) in cells.goals.iter().zip(cells.fates).enumerate() {
        grid.push([
            (k / facts.goals.cols).into(),
            (k % facts.goals.cols).into(),
            goal.level.into(),
            facts.ladder.conductance(goal.level).into(),
            fate.reading.sensed.into(),
            fate.reading.own.into(),
            fate.level.into(),
            cells.errors[k].into(),
            fate.progress.pulses.into(),
            if goal.holds(fate.level) { "yes" } else { "no" }.into(),
            (fate.level - fate.left).into(),
        ]);
    }
    grid
}

fn distribution(cells: &Cells) -> Grid {
    let mut grid = Grid::new(&["statistic", "error", "error_own"]);
    let samples = [&cells.errors, &cells.own].map(|values| Sample::new(values.iter().copied()));
    let mut push = |name: &str, of: &dyn Fn(&Sample) -> f64| {
        grid.push([name.into(), of(&samples[0]).into(), of(&samples[1]).into()]);
    };
    push("mean", &Sample::mean);
    push("sd", &|sample| deviation(sample, cells.errors.len()));
    for (name, share) in [("least", 0.0), ("p1", 0.01), ("p5", 0.05), ("p25", 0.25), ("median", 0.5)] {
        push(name, &|sample| sample.quantile(share));
    }
    for (name, share) in [("p75", 0.75), ("p95", 0.95), ("p99", 0.99), ("largest", 1.0)] {
        push(name, &|sample| sample.quantile(share));
    }
    grid
}

fn maps(facts: &Facts, cells: &Cells) -> Vec<Map> {
    #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let pulses = cells.fates.iter().map(|fate| fate.progress.pulses as f64).collect();
    let list: [(&str, &str, &str, Vec<f64>); 6] = [
        ("error", "Error in levels", "", cells.errors.clone()),
        ("error_own", "Error of the own conductance in levels", "", cells.own.clone()),
        ("conductance", "Conductance", "S", cells.fates.iter().map(|fate| fate.reading.own).collect()),
        ("target", "Target level", "", cells.goals.iter().map(|goal| goal.level).collect()),
        ("pulses", "Pulses", "", pulses),
        ("drift", "Levels moved after the row was left", "", cells.fates.iter().map(|f| f.level - f.left).collect()),
    ];
    let map = |(name, label, unit, values): (&str, &str, &str, Vec<f64>)| Map {
        name: name.to_owned(),
        label: label.to_owned(),
        unit: unit.to_owned(),
        rows: facts.goals.rows,
        cols: facts.goals.cols,
        values,
        axes: None,
    };
    list.map(map).to_vec()
}

/// Cells per bar of error, as outlines.
fn histogram(cells: &Cells) -> Chart {
    let all = || cells.errors.iter().chain(&cells.own).copied().filter(|e| e.is_finite());
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    #[allow(clippy::cast_precision_loss, reason = "a few bars")]
    let width = ((high - low) / (BARS - 1) as f64).max(1e-6);
    let series = |label: &str, errors: &[f64]| {
        let mut counts = [0.0; BARS];
        for error in errors {
            let k = crate::study::argument::whole(((error - low) / width).floor().max(0.0));
            counts[k.min(BARS - 1)] += 1.0;
        }
        #[allow(clippy::cast_precision_loss, reason = "a few bars")]
        let edge = |k: usize| low + width * k as f64;
        let corners = counts.iter().enumerate().flat_map(|(k, n)| [(edge(k), *n), (edge(k + 1), *n)]);
        let (x, y) = corners.unzip();
        Series { label: label.to_owned(), x, y }
    };
    Chart {
        name: "errors".to_owned(),
        title: "Cells by error at the end".to_owned(),
        x: Axis::linear("Error in levels", ""),
        y: Axis::linear("Cells", ""),
        series: vec![series("by the verify read", &cells.errors), series("own conductance", &cells.own)],
    }
}

/// Mean pulses of the cells around each whole level.
fn pulses_by_level(facts: &Facts, cells: &Cells) -> Chart {
    let mut sums = vec![(0.0, 0.0); facts.ladder.count];
    for (goal, fate) in cells.goals.iter().zip(cells.fates) {
        let k = crate::study::argument::whole(goal.level).min(facts.ladder.count - 1);
        #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        let pulses = fate.progress.pulses as f64;
        sums[k] = (sums[k].0 + pulses, sums[k].1 + 1.0);
    }
    #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let points = sums.iter().enumerate().filter(|(_, (_, n))| *n > 0.0).map(|(k, (sum, n))| (k as f64, sum / n));
    let (x, y) = points.unzip();
    Chart {
        name: "pulses".to_owned(),
        title: "Pulses by target".to_owned(),
        x: Axis::linear("Target level", ""),
        y: Axis::linear("Mean pulses of a cell", ""),
        series: vec![Series { label: facts.method.to_owned(), x, y }],
    }
}

/// What a reader must know, the cells that are not done above all.
fn remarks(report: &mut Report, facts: &Facts, cells: &Cells) {
    let Ladder { count, range: (low, high), by_resistance } = facts.ladder;
    let spaced = if by_resistance { "resistance" } else { "conductance" };
    report.notes.push(format!(
        "targets {}; {count} levels from {low:.4e} to {high:.4e} S, equal steps of {spaced}; reads at {} V are operating \
         points: they take no time and disturb nothing",
        facts.goals.text, facts.hardware.vread
    ));
    let off = |goal: &Goal, fate: &Fate| !goal.holds(fate.level);
    let missed = cells.count(|goal, fate, _| off(goal, fate));
    if missed == 0 {
        return;
    }
    let limit = facts.policy.pulses;
    let disturbed = cells.count(|goal, fate, _| disturbed(goal, fate));
    let spent = cells.count(|g, f, _| off(g, f) && !g.holds(f.left) && f.progress.tries >= limit);
    let stuck = cells.count(|g, f, _| off(g, f) && !g.holds(f.left) && f.progress.stuck);
    let rest = missed - disturbed - spent - stuck;
    let why = [
        (spent, format!("after {limit} pulses")),
        (stuck, "because no pulse would bring them closer".to_owned()),
        (disturbed, "were there and were disturbed later".to_owned()),
        (rest, "for want of further pulses".to_owned()),
    ];
    let why: Vec<String> = why.iter().filter(|(n, _)| *n > 0).map(|(n, text)| format!("{n} {text}")).collect();
    let size = |k: &usize| cells.errors[*k].abs();
    let worst = (0..cells.errors.len()).max_by(|a, b| size(a).total_cmp(&size(b))).unwrap_or(0);
    report.notes.push(format!(
        "{missed} of {} cells are not within the tolerance of their targets: {}; the farthest is ({}, {}), {:.3} levels \
         off its target {}",
        cells.fates.len(),
        why.join(", "),
        worst / facts.goals.cols,
        worst % facts.goals.cols,
        cells.errors[worst],
        cells.goals[worst].level
    ));
}
