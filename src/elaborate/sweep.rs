//! Sweeps of `.dc` and `.step`: what is changed and to which values.
//!
//! Points are start + k increment, never a running sum, and the last one is the stop value itself when it lies on the
//! grid (within 1e-9 of an increment). A logarithmic sweep multiplies: start r^k with r = 10^(1/n) or 2^(1/n).

pub mod grid;
mod target;

pub use target::{Resolved, resolve};

use std::path::{Path, PathBuf};

use super::Scope;
use super::percell;
use crate::diag::{Diagnostic, Span};
use crate::netlist::ast::{DataTable, FileRef, Statement, SweepSpec, SweepTarget, SweepValues};
use crate::plan::Sweep;

/// More points than this are a typing error, not a sweep.
pub const MOST_POINTS: usize = 10_000_000;

/// One loop, ready to run.
///
/// # Errors
/// Unknown targets and tables, values that cannot be evaluated, sweeps that never reach their end.
pub fn sweep(scope: &Scope<'_>, spec: &SweepSpec) -> Result<Sweep, Vec<Diagnostic>> {
    if let SweepTarget::Data(name) = &spec.target {
        let Some(table) = find_table(scope, &name.text) else {
            let known = tables(scope).map(|t| t.name.text.as_str());
            let error = Diagnostic::error("E-DATA", format!("there is no `.data` table `{}`", name.text)).at(name.span);
            return Err(vec![match crate::diag::nearest(&name.text, known) {
                Some(nearest) => error.help(format!("did you mean `{nearest}`?")),
                None => error.help(format!("write `.data {} p1 p2` .. `.enddata`", name.text)),
            }]);
        };
        return data_sweep(scope, table);
    }
    let mut errors = Vec::new();
    let resolved = resolve(scope, &spec.target).map_err(|e| errors.push(e)).ok();
    let values = values(scope, spec).map_err(|e| errors.extend(e)).ok();
    match (resolved, values) {
        (Some(Resolved { label, target }), Some(values)) => {
            Ok(Sweep { label, targets: vec![target], rows: values.into_iter().map(|v| vec![v]).collect() })
        }
        _ => Err(errors),
    }
}

fn values(scope: &Scope<'_>, spec: &SweepSpec) -> Result<Vec<f64>, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    let mut number = |expr| scope.number(expr).map_err(|e| errors.push(e)).unwrap_or(f64::NAN);
    let (start, stop, step, spacing) = match &spec.values {
        SweepValues::Linear(a, b, c) => (a, b, c, grid::Spacing::Linear),
        SweepValues::Decade(a, b, c) => (a, b, c, grid::Spacing::Decade),
        SweepValues::Octave(a, b, c) => (a, b, c, grid::Spacing::Octave),
        SweepValues::List(list) => {
            let values: Vec<f64> = list.iter().map(&mut number).collect();
            if values.is_empty() {
                errors.push(Diagnostic::error("E-SWEEP", "the list of values is empty").at(spec.span));
            }
            return if errors.is_empty() { Ok(values) } else { Err(errors) };
        }
        SweepValues::File(file) => return column(scope, file).map_err(|e| vec![e]),
        SweepValues::Data => {
            return Err(vec![
                Diagnostic::error("E-SWEEP", "`data` needs the name of a table: `data=name`").at(spec.span),
            ]);
        }
    };
    let numbers = [number(start), number(stop), number(step)];
    if !errors.is_empty() {
        return Err(errors);
    }
    grid::points(spacing, numbers[0], numbers[1], numbers[2]).map_err(|fault| {
        let place = if fault.blames_step() { step.span } else { start.span.to(stop.span) };
        vec![Diagnostic::error("E-SWEEP", fault.to_string()).at(place).help(fault.help())]
    })
}

fn tables<'s, 'd>(scope: &'s Scope<'d>) -> impl Iterator<Item = &'d DataTable> + use<'s, 'd> {
    scope.definitions().statements.iter().filter_map(|s| match s {
        Statement::Data(table) => Some(table),
        _ => None,
    })
}

fn find_table<'d>(scope: &Scope<'d>, name: &str) -> Option<&'d DataTable> {
    tables(scope).find(|t| t.name.text == name)
}

/// A `.data` table as a loop: all columns change together.
fn data_sweep(scope: &Scope<'_>, table: &DataTable) -> Result<Sweep, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    let mut targets = Vec::new();
    for column in &table.columns {
        match resolve(scope, &SweepTarget::Name(column.clone())) {
            Ok(resolved) => targets.push(resolved.target),
            Err(error) => errors.push(error),
        }
    }
    let width = table.columns.len();
    let flat = match &table.file {
        Some(file) => read_table(scope, file, width).map_err(|e| errors.push(e)).unwrap_or_default(),
        None => table.values.iter().map(|v| scope.number(v).map_err(|e| errors.push(e)).unwrap_or(f64::NAN)).collect(),
    };
    if width == 0 || flat.len() % width.max(1) != 0 || flat.is_empty() && errors.is_empty() {
        errors.push(
            Diagnostic::error(
                "E-DATA",
                format!("table `{}` has {width} columns but {} values", table.name.text, flat.len()),
            )
            .at(table.span)
            .help("give every row one value per column"),
        );
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let rows = flat.chunks(width).map(<[f64]>::to_vec).collect();
    Ok(Sweep { label: table.name.text.clone(), targets, rows })
}

fn read_table(scope: &Scope<'_>, file: &FileRef, width: usize) -> Result<Vec<f64>, Diagnostic> {
    let matrix = read(scope, file)?;
    if matrix.cols != width {
        let message = format!("\"{}\" has {} columns, the table {width}", file.path, matrix.cols);
        return Err(Diagnostic::error("E-DATA", message).at(file.span));
    }
    Ok(matrix.values)
}

/// All values of a file with one value per line (or one line of values).
fn column(scope: &Scope<'_>, file: &FileRef) -> Result<Vec<f64>, Diagnostic> {
    let matrix = read(scope, file)?;
    if matrix.rows != 1 && matrix.cols != 1 {
        let message = format!(
            "\"{}\" holds {} x {} values; a sweep needs one value per line",
            file.path, matrix.rows, matrix.cols
        );
        return Err(Diagnostic::error("E-SWEEP", message).at(file.span));
    }
    match matrix.values.iter().position(|v| !v.is_finite()) {
        Some(k) => {
            let message = format!("value {} of \"{}\" is not a finite number", k + 1, file.path);
            Err(Diagnostic::error("E-SWEEP", message).at(file.span))
        }
        None => Ok(matrix.values),
    }
}

fn read(scope: &Scope<'_>, file: &FileRef) -> Result<percell::Matrix, Diagnostic> {
    let path = locate(scope, &file.path, file.span);
    percell::read(&path).map_err(|error| Diagnostic::error("E-FILE", error.to_string()).at(file.span))
}

/// A path as the deck means it: relative to the file that names it, then to the working directory.
#[must_use]
pub fn locate(scope: &Scope<'_>, written: &str, span: Span) -> PathBuf {
    let written = written.replace('\\', "/");
    let home = scope.context().deck.sources.get(span.source).map(|f| PathBuf::from(&f.name));
    let beside = home.as_deref().and_then(Path::parent).map(|dir| dir.join(&written));
    let here = PathBuf::from(written);
    // a file that is nowhere is missed beside the deck
    beside.filter(|path| path.exists() || !here.exists()).unwrap_or(here)
}
