//! `.options` and `.temp`: every option is known, known to be harmless, or an error.

use super::scope::Scope;
use crate::diag::{Diagnostic, Severity, Span, nearest};
use crate::netlist::ast::{Expr, ExprKind, OptionItem, Statement};
use crate::plan::{ArraySolver, Method, Options, SweepTarget};
use crate::units;

/// What the options of a deck say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// Tolerances and methods.
    pub options: Options,
    /// `mcop=1`: random functions are drawn even without `.mc`.
    pub draw_always: bool,
}

/// Where a number goes.
type Setter = fn(&mut Settings, f64);

/// What a numeric option accepts: `low..=high`, `low` itself only when `closed`.
#[derive(Clone, Copy)]
struct Range {
    low: f64,
    high: f64,
    closed: bool,
    whole: bool,
}

/// Above 0, up to `high`.
const fn above_zero(high: f64) -> Range {
    Range { low: 0.0, high, closed: false, whole: false }
}

/// From 0 to `high`.
const fn from_zero(high: f64) -> Range {
    Range { low: 0.0, high, closed: true, whole: false }
}

/// Whole numbers from `low` to `high`.
const fn whole(low: f64, high: f64) -> Range {
    Range { low, high, closed: true, whole: true }
}

/// Degrees Celsius above absolute zero.
const TEMPERATURE: Range = Range { low: -units::ZERO_CELSIUS, high: 1e4, closed: false, whole: false };

/// Iterations and steps: nobody waits for more.
const MANY: f64 = 1e6;

impl Range {
    fn holds(self, value: f64) -> bool {
        let inside = value <= self.high && (value > self.low || self.closed && value == self.low);
        inside && !(self.whole && value.fract() != 0.0)
    }

    /// `above 0 and at most 0.5`, `a whole number from 1 to 6`.
    fn describe(self) -> String {
        let kind = if self.whole { "a whole number " } else { "" };
        match (self.closed, self.high.is_finite()) {
            (true, true) => format!("{kind}from {} to {}", self.low, self.high),
            (true, false) => format!("{kind}of at least {}", self.low),
            (false, true) => format!("above {} and at most {}", self.low, self.high),
            (false, false) => format!("above {}", self.low),
        }
    }
}

/// Numeric options with their aliases. A tolerance of more than half of the value, of an ampere or a volt is a slip of
/// the pen.
const NUMBERS: &[(&[&str], Range, Setter)] = &[
    (&["reltol"], above_zero(0.5), |s, v| s.options.reltol = v),
    (&["abstol", "iabstol"], above_zero(1.0), |s, v| s.options.abstol = v),
    (&["vntol", "vabstol"], above_zero(1.0), |s, v| s.options.vntol = v),
    (&["chgtol"], above_zero(1.0), |s, v| s.options.chgtol = v),
    (&["statetol"], above_zero(0.5), |s, v| s.options.statetol = v),
    (&["trtol"], above_zero(1e4), |s, v| s.options.trtol = v),
    (&["gmin"], from_zero(1.0), |s, v| s.options.gmin = v),
    (&["maxord"], whole(1.0, 6.0), |s, v| s.options.max_order = v as usize),
    (&["itl1"], whole(1.0, MANY), |s, v| s.options.itl1 = v as usize),
    (&["itl2"], whole(1.0, MANY), |s, v| s.options.itl2 = v as usize),
    (&["itl4"], whole(1.0, MANY), |s, v| s.options.itl4 = v as usize),
    (&["gminsteps"], whole(0.0, MANY), |s, v| s.options.gmin_steps = v as usize),
    (&["srcsteps", "itl6"], whole(0.0, MANY), |s, v| s.options.source_steps = v as usize),
    (&["temp"], TEMPERATURE, |s, v| s.options.temp = v),
    (&["tnom"], TEMPERATURE, |s, v| s.options.tnom = v),
    (&["rshunt"], above_zero(f64::INFINITY), |s, v| s.options.rshunt = Some(v)),
    (&["cshunt"], above_zero(1.0), |s, v| s.options.cshunt = Some(v)),
    (&["scale"], above_zero(f64::INFINITY), |s, v| s.options.scale = v),
    (&["pivrel"], above_zero(1.0), |s, v| s.options.pivrel = v),
    (&["pivtol"], from_zero(1.0), |s, v| s.options.pivtol = v),
    (&["seed", "randseed"], whole(0.0, 9_007_199_254_740_992.0), |s, v| s.options.seed = v as u64),
    (&["threads"], whole(0.0, 4096.0), |s, v| s.options.threads = v as usize),
];

/// The spellings of a switch and what it sets.
type Flag = (&'static [&'static str], fn(&mut Settings, bool));

/// Switches: without a value they are on.
const FLAGS: &[Flag] = &[
    (&["icop"], |s, on| s.options.ic_in_op = on),
    (&["savecurrents"], |s, on| s.options.save_currents = on),
    (&["strict"], |s, on| s.options.strict = on),
    (&["mcop"], |s, on| s.draw_always = on),
];

/// Options of other simulators that change nothing here.
const HARMLESS: &[&str] = &[
    "post",
    "probe",
    "ingold",
    "runlvl",
    "lvltim",
    "accurate",
    "klu",
    "sparse",
    "noinit",
    "num_threads",
    "numdgt",
    "plotwinsize",
    "nomod",
    "list",
    "node",
    "acct",
    "noacct",
    "device",
    "parser",
    "timeint",
    "nonlin",
    "nonlin-tran",
    "output",
    "linsol",
    "opts",
    "noopiter",
    "noopac",
    "nopage",
    "keepopinfo",
    "warn",
    "interp",
    "itl3",
    "itl5",
    "xmu",
    "measdgt",
    "brief",
    "captab",
    "unwrap",
    "limpts",
    "cptime",
    "delmax",
    "dcap",
    "co",
    "measout",
    "fast",
    "autostop",
];

/// Xyce's option packages: `.options timeint reltol=..`. Of these two the keys mean what they mean here; all keys of
/// the others steer Xyce's own solvers and output.
const SHARED_PACKAGES: &[&str] = &["timeint", "device"];
/// See [`SHARED_PACKAGES`].
const FOREIGN_PACKAGES: &[&str] = &[
    "nonlin",
    "nonlin-tran",
    "linsol",
    "linsol-ac",
    "output",
    "parser",
    "restart",
    "dist",
    "loca",
    "diagnostic",
    "fft",
];

/// Reads all `.options` and a single `.temp`, then the step's temperature.
///
/// # Errors
/// Unknown options, values that are no numbers, ranges that are left: all of them.
pub fn settings(scope: &Scope<'_>) -> Result<Settings, Vec<Diagnostic>> {
    let mut settings = Settings::default();
    let mut errors = Vec::new();
    for statement in &scope.definitions().statements {
        match statement {
            Statement::Options(items) => {
                let package = items.first().filter(|i| i.value.is_none()).map_or("", |i| i.name.text.as_str());
                let foreign = FOREIGN_PACKAGES.contains(&package);
                for item in items {
                    let unknown = SHARED_PACKAGES.contains(&package) && !names().any(|n| n == item.name.text);
                    if foreign || unknown {
                        note_harmless(scope, item);
                    } else if let Err(error) = apply(scope, item, &mut settings) {
                        errors.push(error);
                    }
                }
            }
            Statement::Temp(values, _) => {
                // a longer list makes outer steps, which arrive as overrides
                if let [value] = &values[..] {
                    match scope.number(value) {
                        Ok(value) => settings.options.temp = value,
                        Err(error) => errors.push(error),
                    }
                }
            }
            _ => {}
        }
    }
    if let Some(value) = scope.context().replaced(&SweepTarget::Temperature) {
        settings.options.temp = value;
    }
    if errors.is_empty() { Ok(settings) } else { Err(errors) }
}

fn apply(scope: &Scope<'_>, item: &OptionItem, settings: &mut Settings) -> Result<(), Diagnostic> {
    let name = item.name.text.as_str();
    let span = item.name.span;
    if let Some((_, range, set)) = NUMBERS.iter().find(|(names, ..)| names.contains(&name)) {
        let value = number(scope, item)?;
        check_range(scope, name, value, *range, span)?;
        set(settings, value);
        return Ok(());
    }
    if let Some((_, set)) = FLAGS.iter().find(|(names, _)| names.contains(&name)) {
        let on = match &item.value {
            Some(value) => scope.number(value)? != 0.0,
            None => true,
        };
        set(settings, on);
        return Ok(());
    }
    match name {
        "method" => return method(scope, item, settings),
        // the parser has acted on these already
        "dialect" => return Ok(()),
        "solver" => return solver(scope, item, settings),
        _ => {}
    }
    if HARMLESS.contains(&name) {
        note_harmless(scope, item);
        return Ok(());
    }
    let error = scope.error("E-OPTION", format!("there is no option `{name}`"), span).label("unknown option");
    Err(match nearest(name, names()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error,
    })
}

fn note_harmless(scope: &Scope<'_>, item: &OptionItem) {
    let note = Diagnostic::note("N-OPTION", format!("the option `{}` changes nothing here", item.name.text));
    scope.context().note(note.at(item.name.span));
}

fn names() -> impl Iterator<Item = &'static str> {
    let numbers = NUMBERS.iter().flat_map(|(names, ..)| names.iter().copied());
    let flags = FLAGS.iter().flat_map(|(names, _)| names.iter().copied());
    numbers.chain(flags).chain(["method", "dialect", "solver"])
}

fn number(scope: &Scope<'_>, item: &OptionItem) -> Result<f64, Diagnostic> {
    match &item.value {
        Some(value) => scope.number(value),
        None => Err(scope
            .error("E-OPTION", format!("the option `{}` needs a value", item.name.text), item.name.span)
            .help(format!("write `{}=..`", item.name.text))),
    }
}

fn check_range(scope: &Scope<'_>, name: &str, value: f64, range: Range, span: Span) -> Result<(), Diagnostic> {
    if range.holds(value) {
        return Ok(());
    }
    Err(scope
        .error("E-OPTION", format!("the option `{name}` = {value} makes no sense"), span)
        .help(format!("it must be {}", range.describe())))
}

/// `solver=`: what solves arrays. Other simulators have their own words, which change nothing here.
fn solver(scope: &Scope<'_>, item: &OptionItem, settings: &mut Settings) -> Result<(), Diagnostic> {
    const SOLVERS: &[(&str, ArraySolver)] = &[
        ("auto", ArraySolver::Automatic),
        ("line", ArraySolver::Line),
        ("frontal", ArraySolver::Frontal),
        ("sparse", ArraySolver::Sparse),
    ];
    let word = match item.value.as_ref().map(|value| &value.kind) {
        Some(ExprKind::Name(word)) => word.clone(),
        Some(ExprKind::Text(word)) => word.to_lowercase(),
        _ => String::new(),
    };
    if let Some((_, chosen)) = SOLVERS.iter().find(|(name, _)| *name == word) {
        settings.options.solver = *chosen;
        return Ok(());
    }
    if FOREIGN_SOLVERS.contains(&word.as_str()) {
        note_harmless(scope, item);
        return Ok(());
    }
    Err(scope
        .error("E-OPTION", format!("there is no solver `{word}`"), item.name.span)
        .help("auto, line (line-PCG), frontal (multifrontal) or sparse"))
}

/// Solvers of ngspice, LTspice and Xyce.
const FOREIGN_SOLVERS: &[&str] = &["normal", "alternate", "klu", "superlu", "aztecoo", "belos", "lapack", "ksparse"];

fn method(scope: &Scope<'_>, item: &OptionItem, settings: &mut Settings) -> Result<(), Diagnostic> {
    const METHODS: &[(&str, Method)] = &[
        ("trap", Method::Trapezoidal),
        ("trapezoidal", Method::Trapezoidal),
        ("modtrap", Method::Trapezoidal),
        ("gear", Method::Bdf2),
        ("bdf", Method::Bdf2),
        ("bdf2", Method::Bdf2),
        ("euler", Method::Euler),
        ("be", Method::Euler),
    ];
    let Some(Expr { kind, span }) = &item.value else {
        return Err(scope
            .error("E-OPTION", "the option `method` needs a value", item.name.span)
            .help("trap, gear or euler"));
    };
    let word = match kind {
        ExprKind::Name(word) => word.clone(),
        ExprKind::Text(word) => word.to_lowercase(),
        // Xyce numbers its integrators: 7 is the trapezoidal rule, 8 is Gear
        ExprKind::Number(7.0) => "trap".to_string(),
        ExprKind::Number(8.0) => "gear".to_string(),
        _ => String::new(),
    };
    match METHODS.iter().find(|(name, _)| *name == word) {
        Some((_, method)) => {
            settings.options.method = *method;
            Ok(())
        }
        None => {
            let error = scope.error("E-OPTION", format!("there is no integration method `{word}`"), *span);
            Err(error.help("use trap, gear or euler"))
        }
    }
}

/// Notes that name a choice other simulators make differently.
const CHOICES: &[&str] =
    &["W-POW", "W-PWR", "W-POWCHAIN", "W-MILLI", "W-ATTO", "N-EDGE", "N-DC", "W-DIV", "W-DOMAIN", "N-NUM"];

/// `strict=1`: what would only be a note about such a choice is an error.
pub fn harden(options: &Options, diagnostics: &mut [Diagnostic]) {
    if !options.strict {
        return;
    }
    for diagnostic in diagnostics.iter_mut().filter(|d| CHOICES.contains(&d.code)) {
        diagnostic.severity = Severity::Error;
    }
}
