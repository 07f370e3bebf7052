//! A deck from its text to something that elaborates at every step, or all its mistakes at once.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rayon::prelude::*;

use crate::diag::{Diagnostic, Severity, SourceFile, SourceMap, Span, has_errors, nearest_file};
use crate::elaborate::{Elaborated, Elaborator};
use crate::netlist::ast::{Dialect, Expr, ExprKind, Name, OptionItem, Statement};
use crate::netlist::{self, ReadOptions};
use crate::plan::StepPoint;
use crate::units::parse_number;

use super::args::ReadArgs;
use super::console::Console;
use super::exit::Exit;
use super::report::{self, Tally};

/// A deck without mistakes.
pub struct Loaded {
    /// Makes the circuit of each step.
    pub elaborator: Elaborator,
    /// The outer loops.
    pub steps: Vec<StepPoint>,
    /// The first step, built.
    pub first: Elaborated,
    /// Notes and warnings that were shown.
    pub diagnostics: Vec<Diagnostic>,
}

/// What `-D` says, sorted out.
#[derive(Debug, Default, PartialEq)]
pub struct Defines {
    /// Parameters.
    pub parameters: Vec<(String, f64)>,
    /// Dialect from `ngbehavior`.
    pub dialect: Option<Dialect>,
    /// `filetype=ascii`.
    pub ascii: bool,
}

impl Defines {
    /// Reads `NAME=VALUE` words.
    ///
    /// # Errors
    /// A sentence for the user: no `=`, or a value that is not a number.
    pub fn parse(words: &[String]) -> Result<Self, String> {
        let mut out = Self::default();
        for word in words {
            let Some((name, value)) = word.split_once('=') else {
                return Err(format!("-D wants NAME=VALUE, not `{word}`"));
            };
            let (name, value) = (name.trim().to_lowercase(), value.trim());
            match name.as_str() {
                "" => return Err(format!("-D wants NAME=VALUE, not `{word}`")),
                "ngbehavior" | "dialect" => out.dialect = Some(dialect(value)),
                "filetype" => out.ascii = value.eq_ignore_ascii_case("ascii"),
                _ => match parse_number(value) {
                    Ok(number) => out.parameters.push((name, number)),
                    Err(_) => return Err(format!("-D {name}: `{value}` is not a number")),
                },
            }
        }
        Ok(out)
    }
}

/// A dialect by its name, or what ngspice's `ngbehavior` letters stand for: `lt` and `ps` read like LTspice, `hs` like
/// HSPICE.
fn dialect(word: &str) -> Dialect {
    let word = word.to_lowercase();
    netlist::dialect_from_name(&word).unwrap_or_else(|| match () {
        () if word.contains("lt") || word.contains("ps") => Dialect::Ltspice,
        () if word.contains("hs") => Dialect::Hspice,
        () => Dialect::Ngspice,
    })
}

/// Reads a deck and puts the options of the command line into it; nothing is shown or elaborated yet.
///
/// # Errors
/// The exit code of a command line or a file that cannot be used; everything was said.
pub fn open(path: &Path, args: &ReadArgs, console: &Console) -> Result<(Elaborator, Vec<Diagnostic>), Exit> {
    let defines = Defines::parse(&args.defines).map_err(|sentence| {
        console.complain(&sentence);
        Exit::Usage
    })?;
    let options =
        ReadOptions { include_dirs: args.include.clone(), dialect: defines.dialect, studies: crate::study::words() };
    let (mut deck, diagnostics) = if path.as_os_str() == "-" {
        let mut text = Vec::new();
        std::io::stdin().read_to_end(&mut text).map_err(|e| unreadable(path, &e, console))?;
        netlist::parse_text("<stdin>", &String::from_utf8_lossy(&text), &options)
    } else {
        // an unreadable deck is an input error, not a wrong netlist
        let file = File::open(path).map_err(|e| unreadable(path, &e, console))?;
        if file.metadata().is_ok_and(|m| m.is_dir()) {
            console.complain(&format!("cannot read `{}`: it is a folder", path.display()));
            return Err(Exit::Io);
        }
        netlist::parse(path, &options)
    };
    let given = given_options(args);
    if !given.is_empty() {
        add_options(&mut deck, given);
    }
    Ok((Elaborator::new(deck, defines.parameters), diagnostics))
}

/// Reads, elaborates every step, shows every diagnostic.
///
/// # Errors
/// The exit code; everything was said.
pub fn load(path: &Path, args: &ReadArgs, console: &Console) -> Result<Loaded, Exit> {
    elaborate(open(path, args, console)?, args, console)
}

/// Elaborates every step of a deck that was read, shows every diagnostic.
///
/// # Errors
/// The exit code; everything was said.
pub fn elaborate(
    (elaborator, mut diagnostics): (Elaborator, Vec<Diagnostic>),
    args: &ReadArgs,
    console: &Console,
) -> Result<Loaded, Exit> {
    diagnostics.extend(super::study::check(&elaborator));
    let built = build(&elaborator, &mut diagnostics);
    let tally = show(&elaborator, &mut diagnostics, args, console);
    match built {
        Some((steps, first)) if tally.errors == 0 => Ok(Loaded { elaborator, steps, first, diagnostics }),
        _ => {
            refuse(&elaborator, &diagnostics, console);
            Err(Exit::Netlist)
        }
    }
}

/// Shows the diagnostics, hardened under `--strict`, and counts them.
pub fn show(elaborator: &Elaborator, diagnostics: &mut [Diagnostic], args: &ReadArgs, console: &Console) -> Tally {
    if args.strict {
        diagnostics.iter_mut().for_each(harden);
    }
    console.diagnose(diagnostics, &elaborator.deck().sources)
}

/// The document `--json` prints for a deck with mistakes.
pub fn refuse(elaborator: &Elaborator, diagnostics: &[Diagnostic], console: &Console) {
    if console.json() {
        let tally = Tally::of(&report::ordered(diagnostics));
        super::console::say(&failure(diagnostics, &elaborator.deck().sources, tally).to_string());
    }
}

fn failure(diagnostics: &[Diagnostic], sources: &SourceMap, tally: Tally) -> serde_json::Value {
    let list: Vec<_> = report::ordered(diagnostics).iter().map(|d| report::to_json(d, sources)).collect();
    serde_json::json!({
        "exit": Exit::Netlist.code(),
        "errors": tally.errors,
        "warnings": tally.warnings,
        "diagnostics": list,
    })
}

/// Is it about how elements hang together? With lines missing from the deck it tells nothing.
fn is_structural(diagnostic: &Diagnostic) -> bool {
    ["W-DANGLING", "E-FLOAT", "E-CUTSET", "E-EMPTY", "W-TITLE"].contains(&diagnostic.code)
}

/// Elaborates every step, so that a mistake in the last one is known before the first one runs; keeps the first.
fn build(elaborator: &Elaborator, diagnostics: &mut Vec<Diagnostic>) -> Option<(Vec<StepPoint>, Elaborated)> {
    let steps = match elaborator.steps() {
        Ok(steps) => steps,
        Err(errors) => {
            diagnostics.extend(errors);
            vec![StepPoint::default()]
        }
    };
    let whole = !has_errors(diagnostics);
    let mut first = None;
    match elaborator.build(&steps.first()?.overrides) {
        Ok(elaborated) => {
            diagnostics.extend(elaborated.diagnostics.iter().filter(|d| whole || !is_structural(d)).cloned());
            if elaborated.plan.analyses.is_empty() && !has_errors(diagnostics) {
                diagnostics.push(nothing_to_run(elaborator));
            }
            first = Some(elaborated);
        }
        Err(errors) => diagnostics.extend(errors.into_iter().filter(|d| whole || !is_structural(d))),
    }
    if first.is_some() && steps.len() > 1 {
        let others: Vec<Vec<Diagnostic>> = steps[1..]
            .par_iter()
            .map(|step| elaborator.build(&step.overrides).map_or_else(|errors| errors, |e| e.diagnostics))
            .collect();
        for diagnostic in others.into_iter().flatten() {
            if !diagnostics.contains(&diagnostic) {
                diagnostics.push(diagnostic);
            }
        }
    }
    first.map(|elaborated| (steps, elaborated))
}

fn nothing_to_run(elaborator: &Elaborator) -> Diagnostic {
    let diagnostic = Diagnostic::error("E-NOTHING", "the deck asks for no analysis")
        .help("add `.op`, `.dc source start stop step`, `.tran step stop` or `.tf output source`");
    match elaborator.deck().title_span {
        Some(span) => diagnostic.at(span),
        None => diagnostic,
    }
}

/// `--strict`: warnings, and the notes that name a silent choice (`W-..`), are errors.
fn harden(diagnostic: &mut Diagnostic) {
    if diagnostic.severity == Severity::Warning || diagnostic.code.starts_with("W-") {
        diagnostic.severity = Severity::Error;
    }
}

/// Options of the command line that have the same meaning as a card's.
fn given_options(args: &ReadArgs) -> Vec<(&'static str, ExprKind)> {
    #[allow(clippy::cast_precision_loss, reason = "seeds above 2^53 are rounded, as in a deck")]
    let seed = args.seed.map(|seed| ("seed", ExprKind::Number(seed as f64)));
    let strict = args.strict.then_some(("strict", ExprKind::Number(1.0)));
    let solver = args.solver.as_ref().map(|word| ("solver", ExprKind::Name(word.clone())));
    strict.into_iter().chain(seed).chain(solver).collect()
}

/// Appends them as an `.options` card, which wins over those before it, with a text of its own for diagnostics.
fn add_options(deck: &mut netlist::ast::Deck, options: Vec<(&str, ExprKind)>) {
    let shown = |value: &ExprKind| match value {
        ExprKind::Number(number) => number.to_string(),
        ExprKind::Name(word) => word.clone(),
        _ => String::new(),
    };
    let text: String = options.iter().map(|(name, value)| format!("--{name} {} ", shown(value))).collect();
    let end = u32::try_from(text.trim_end().len()).unwrap_or(0);
    let source = deck.sources.add(SourceFile { name: "<command line>".into(), text, included_at: None });
    let span = Span { source, start: 0, end };
    let item = |(name, kind): (&str, ExprKind)| OptionItem {
        name: Name { text: name.into(), span },
        value: Some(Expr { kind, span }),
    };
    deck.body.push(Statement::Options(options.into_iter().map(item).collect()));
}

fn unreadable(path: &Path, error: &std::io::Error, console: &Console) -> Exit {
    let hint = nearest_file(path).map(|p| format!("; there is `{}`", p.display())).unwrap_or_default();
    console.complain(&format!("cannot read `{}`: {error}{hint}", path.display()));
    Exit::Io
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn defines_are_numbers_or_known_words() {
        let defines = Defines::parse(&words(&["R=2k", "ngbehavior=kiltpsa", "filetype=ascii"])).unwrap();
        assert_eq!(defines.parameters, vec![("r".to_string(), 2e3)]);
        assert_eq!(defines.dialect, Some(Dialect::Ltspice));
        assert!(defines.ascii);
        assert!(Defines::parse(&words(&["x"])).is_err());
        assert!(Defines::parse(&words(&["=1"])).is_err());
        assert!(Defines::parse(&words(&["x=many"])).is_err());
    }

    #[test]
    fn ngbehavior_words() {
        assert_eq!(dialect("hsa"), Dialect::Hspice);
        assert_eq!(dialect("ltpsa"), Dialect::Ltspice);
        assert_eq!(dialect("all"), Dialect::Ngspice);
        assert_eq!(dialect("xyce"), Dialect::Xyce);
    }
}
