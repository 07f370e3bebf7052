//! The outer loops: `.step`, `.temp` lists and `.mc`, as a list of points.
//!
//! The first `.step` card is the inner loop (LTspice); `.temp` lists go around all of them; the runs of `.mc` are the
//! innermost loop, so that the runs of one point stand together. Labels follow the order of the cards.

use std::collections::BTreeMap;

use super::Scope;
use super::sweep::{self, MOST_POINTS};
use crate::diag::{Diagnostic, Span, nearest};
use crate::netlist::ast::{Expr, ExprKind, MonteCarloCard, Statement, StepCard, SweepTarget as Written};
use crate::numeric::sampling::{MOST_SOBOL_RUNS, Sampling};
use crate::plan::{Overrides, StepPoint, Sweep, SweepTarget};

#[cfg(test)]
mod tests;

/// Monte Carlo as the deck asks for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MonteCarlo {
    /// Number of runs.
    pub runs: u64,
    /// `seed=`.
    pub seed: Option<u64>,
    /// `sampling=`.
    pub sampling: Sampling,
}

/// All points of the outer loops; one empty point when nothing is stepped.
///
/// # Errors
/// All mistakes in `.step`, `.temp`, `.data` and `.mc` cards.
pub fn points(scope: &Scope<'_>) -> Result<Vec<StepPoint>, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    let mut loops: Vec<(Sweep, Span)> = Vec::new();
    for card in cards(scope) {
        for spec in &card.sweeps {
            match sweep::sweep(scope, spec) {
                Ok(sweep) => loops.push((labelled(scope, spec, sweep), spec.span)),
                Err(e) => errors.extend(e),
            }
        }
    }
    errors.extend(repeated(&loops));
    match temperatures(scope) {
        Ok(Some(sweep)) => loops.push(sweep),
        Ok(None) => {}
        Err(e) => errors.extend(e),
    }
    let runs = monte_carlo(scope).unwrap_or_else(|e| {
        errors.extend(e);
        None
    });
    let count = loops.iter().map(|(sweep, _)| sweep.rows.len()).product::<usize>() as f64;
    let count = count * runs.map_or(1.0, |mc| mc.runs as f64);
    if count > MOST_POINTS as f64 {
        let mut error = Diagnostic::error("E-STEP", format!("the loops make {count:e} runs together"))
            .help(format!("at most {MOST_POINTS} are accepted"));
        if let Some((_, span)) = loops.first() {
            error = error.at(*span);
        }
        errors.push(error);
    }
    if errors.is_empty() { Ok(product(&loops, runs)) } else { Err(errors) }
}

/// The `.mc` card, if there is one.
///
/// # Errors
/// A number of runs that is no whole number above 0, unknown settings, a second card.
pub fn monte_carlo(scope: &Scope<'_>) -> Result<Option<MonteCarlo>, Vec<Diagnostic>> {
    let mut cards = scope.definitions().statements.iter().filter_map(|s| match s {
        Statement::MonteCarlo(card) => Some(card),
        _ => None,
    });
    let Some(card) = cards.next() else { return Ok(None) };
    let mut errors = Vec::new();
    if let Some(second) = cards.next() {
        errors.push(
            Diagnostic::error("E-MC", "there is a second `.mc` card").at(second.span).related(card.span, "the first"),
        );
    }
    let runs = whole(scope, &card.runs, "the number of runs", 1.0).unwrap_or_else(|e| {
        errors.push(e);
        1
    });
    let seed = seed(scope, card, &mut errors);
    let sampling = sampling(card, runs, &mut errors);
    if errors.is_empty() { Ok(Some(MonteCarlo { runs, seed, sampling })) } else { Err(errors) }
}

fn seed(scope: &Scope<'_>, card: &MonteCarloCard, errors: &mut Vec<Diagnostic>) -> Option<u64> {
    let mut seed = None;
    for param in &card.params {
        match param.name.text.as_str() {
            "seed" => match whole(scope, &param.value, "the seed", 0.0) {
                Ok(value) => seed = Some(value),
                Err(error) => errors.push(error),
            },
            "sampling" => {}
            other => {
                let error = Diagnostic::error("E-MC", format!("`.mc` has no setting `{other}`")).at(param.name.span);
                errors.push(match nearest(other, ["seed", "sampling"].into_iter()) {
                    Some(nearest) => error.help(format!("did you mean `{nearest}`?")),
                    None => error.help("it knows `seed` and `sampling`"),
                });
            }
        }
    }
    seed
}

/// `sampling=mc|lhs|sobol`.
fn sampling(card: &MonteCarloCard, runs: u64, errors: &mut Vec<Diagnostic>) -> Sampling {
    let Some(param) = card.params.iter().rev().find(|p| p.name.text == "sampling") else {
        return Sampling::Independent;
    };
    let word = match &param.value.kind {
        ExprKind::Name(word) => word.as_str(),
        ExprKind::Text(word) => word.as_str(),
        _ => "",
    };
    match word {
        "mc" => Sampling::Independent,
        "lhs" => Sampling::LatinHypercube(runs),
        "sobol" if runs <= MOST_SOBOL_RUNS => Sampling::Sobol(runs),
        "sobol" => {
            let error = Diagnostic::error("E-MC", format!("{runs} runs are more than there are Sobol points"));
            errors.push(error.at(param.value.span).help(format!("at most {MOST_SOBOL_RUNS}, or sampling=lhs")));
            Sampling::Independent
        }
        _ => {
            let error = Diagnostic::error("E-MC", format!("there is no sampling `{word}`")).at(param.value.span);
            errors.push(error.help("use mc (independent runs), lhs (Latin hypercube) or sobol"));
            Sampling::Independent
        }
    }
}

fn whole(scope: &Scope<'_>, expr: &Expr, what: &str, least: f64) -> Result<u64, Diagnostic> {
    let value = scope.number(expr)?;
    if value.fract() != 0.0 || value < least || value > 2f64.powi(53) {
        let message = format!("{what} must be a whole number of at least {least}, not {value}");
        return Err(Diagnostic::error("E-MC", message).at(expr.span));
    }
    Ok(value as u64)
}

fn cards<'s, 'd>(scope: &'s Scope<'d>) -> impl Iterator<Item = &'d StepCard> + use<'s, 'd> {
    scope.definitions().statements.iter().filter_map(|s| match s {
        Statement::Step(card) => Some(card),
        _ => None,
    })
}

/// A table shows its columns, not its own name; the label of a sweep of several targets is split again at the points.
fn labelled(scope: &Scope<'_>, spec: &crate::netlist::ast::SweepSpec, mut sweep: Sweep) -> Sweep {
    if let Written::Data(name) = &spec.target {
        let table = scope.definitions().statements.iter().find_map(|s| match s {
            Statement::Data(table) if table.name.text == name.text => Some(table),
            _ => None,
        });
        if let Some(table) = table {
            sweep.label = table.columns.iter().map(|c| c.text.as_str()).collect::<Vec<_>>().join(" ");
        }
    }
    sweep
}

/// Two loops over one thing: the second would undo the first.
fn repeated(loops: &[(Sweep, Span)]) -> Vec<Diagnostic> {
    let mut seen: BTreeMap<&SweepTarget, Span> = BTreeMap::new();
    let mut errors = Vec::new();
    for (sweep, span) in loops {
        for target in &sweep.targets {
            if let Some(first) = seen.insert(target, *span) {
                errors.push(
                    Diagnostic::error("E-STEP", format!("`{}` is stepped twice", sweep.label))
                        .at(*span)
                        .related(first, "the first time"),
                );
            }
        }
    }
    errors
}

/// `.temp t1 t2 ..`: a loop when there are several values.
fn temperatures(scope: &Scope<'_>) -> Result<Option<(Sweep, Span)>, Vec<Diagnostic>> {
    let mut values = Vec::new();
    let mut errors = Vec::new();
    let mut place: Option<Span> = None;
    for statement in &scope.definitions().statements {
        if let Statement::Temp(list, span) = statement {
            place = Some(place.map_or(*span, |p| p.to(*span)));
            for expr in list {
                match scope.number(expr) {
                    Ok(value) => values.push(vec![value]),
                    Err(error) => errors.push(error),
                }
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let several = values.len() > 1;
    let sweep = Sweep { label: "temp".to_string(), targets: vec![SweepTarget::Temperature], rows: values };
    Ok(place.filter(|_| several).map(|span| (sweep, span)))
}

fn product(loops: &[(Sweep, Span)], runs: Option<MonteCarlo>) -> Vec<StepPoint> {
    let mut points = vec![StepPoint::default()];
    // the first loop is the inner one: build from the outside
    for (sweep, _) in loops.iter().rev() {
        let names: Vec<&str> = sweep.label.split(' ').collect();
        points = points
            .iter()
            .flat_map(|outer| sweep.rows.iter().map(|row| extended(outer, &names, &sweep.targets, row)))
            .collect();
    }
    let Some(runs) = runs else { return points };
    points
        .into_iter()
        .flat_map(|point| {
            (1..=runs.runs).map(move |run| {
                let mut point = point.clone();
                point.labels.push(("run".to_string(), run as f64));
                point.overrides.run = Some(run);
                point
            })
        })
        .collect()
}

fn extended(outer: &StepPoint, names: &[&str], targets: &[SweepTarget], row: &[f64]) -> StepPoint {
    let own = names.iter().zip(row).map(|(name, value)| ((*name).to_string(), *value));
    // labels in the order of the cards: an inner loop stands before the outer ones
    let labels = own.chain(outer.labels.iter().cloned()).collect();
    let mut values = outer.overrides.values.clone();
    values.extend(targets.iter().cloned().zip(row.iter().copied()));
    StepPoint { labels, overrides: Overrides { values, run: None } }
}
