//! `.options` and `.temp`: every option is known, known to be harmless, or an error.

use super::scope::Scope;
use crate::diag::{Diagnostic, Severity, Span, nearest};
use crate::netlist::ast::{Expr, ExprKind, OptionItem, Statement};
use crate::plan::{Method, Options, SweepTarget};

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

/// What a numeric option accepts.
#[derive(Clone, Copy)]
enum Range {
    Positive,
    NotNegative,
    Any,
}

/// Numeric options with their aliases.
const NUMBERS: &[(&[&str], Range, Setter)] = &[
    (&["reltol"], Range::Positive, |s, v| s.options.reltol = v),
    (&["abstol", "iabstol"], Range::Positive, |s, v| s.options.abstol = v),
    (&["vntol", "vabstol"], Range::Positive, |s, v| s.options.vntol = v),
    (&["chgtol"], Range::Positive, |s, v| s.options.chgtol = v),
    (&["statetol"], Range::Positive, |s, v| s.options.statetol = v),
    (&["trtol"], Range::Positive, |s, v| s.options.trtol = v),
    (&["gmin"], Range::NotNegative, |s, v| s.options.gmin = v),
    (&["maxord"], Range::Positive, |s, v| s.options.max_order = v as usize),
    (&["itl1"], Range::Positive, |s, v| s.options.itl1 = v as usize),
    (&["itl2"], Range::Positive, |s, v| s.options.itl2 = v as usize),
    (&["itl4"], Range::Positive, |s, v| s.options.itl4 = v as usize),
    (&["gminsteps"], Range::NotNegative, |s, v| s.options.gmin_steps = v as usize),
    (&["srcsteps", "itl6"], Range::NotNegative, |s, v| s.options.source_steps = v as usize),
    (&["temp"], Range::Any, |s, v| s.options.temp = v),
    (&["tnom"], Range::Any, |s, v| s.options.tnom = v),
    (&["rshunt"], Range::Positive, |s, v| s.options.rshunt = Some(v)),
    (&["pivrel"], Range::Positive, |s, v| s.options.pivrel = v),
    (&["pivtol"], Range::NotNegative, |s, v| s.options.pivtol = v),
    (&["seed", "randseed"], Range::NotNegative, |s, v| s.options.seed = v as u64),
    (&["threads"], Range::NotNegative, |s, v| s.options.threads = v as usize),
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

/// Known options that the solvers do not offer.
const UNAVAILABLE: &[(&str, &str)] = &[
    ("scale", "multiply the geometry parameters by hand, or use `scale=` of a resistor"),
    ("cshunt", "add capacitors from the nodes that need them to ground"),
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
        "dialect" | "solver" => return Ok(()),
        _ => {}
    }
    if HARMLESS.contains(&name) {
        note_harmless(scope, item);
        return Ok(());
    }
    if let Some((_, remedy)) = UNAVAILABLE.iter().find(|(known, _)| *known == name) {
        return Err(scope.error("E-OPTION", format!("the option `{name}` is not supported"), span).help(*remedy));
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
    let (good, wanted) = match range {
        Range::Positive => (value > 0.0, "must be positive"),
        Range::NotNegative => (value >= 0.0, "must not be negative"),
        Range::Any => (true, ""),
    };
    if good { Ok(()) } else { Err(scope.error("E-OPTION", format!("{name} = {value} {wanted}"), span)) }
}

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
