//! Other simulators' spellings, brought into ours before clap reads them: Xyce's single-dash words, and the
//! sub-command that is left out.

use std::ffi::OsString;
use std::path::Path;

use clap::Command;

/// Xyce's long options with one dash, and what they are here.
const SINGLE_DASH: &[(&str, &str)] = &[
    ("-syntax", "--syntax"),
    ("-norun", "--norun"),
    ("-count", "--count"),
    ("-quiet", "--quiet"),
    ("-delim", "--delim"),
    ("-hspice-ext", "--hspice-ext"),
    ("-max-warnings", "--max-warnings"),
    ("-randseed", "--seed"),
    ("-help", "--help"),
    ("-version", "--version"),
    ("-param", "models"),
];

/// The arguments that `cli` shall see.
#[must_use]
pub fn normalise(args: impl IntoIterator<Item = OsString>, cli: &Command) -> Vec<OsString> {
    let mut args = args.into_iter();
    let program = args.next().unwrap_or_else(|| "sneakpath".into());
    let mut rest: Vec<OsString> = args.map(widen).collect();
    match first_word(&rest, cli) {
        Some(at) if is_command(&rest[at], cli) => {
            let command = rest.remove(at);
            rest.insert(0, command);
        }
        None if rest.is_empty() || rest.iter().all(|a| matches!(a.to_str(), Some("--help" | "-h"))) => {
            rest = vec!["--help".into()];
        }
        None if rest.iter().any(|a| matches!(a.to_str(), Some("--version" | "-v" | "-V"))) => {
            rest = vec!["version".into()];
        }
        _ => rest.insert(0, "run".into()),
    }
    rest.insert(0, program);
    rest
}

fn widen(argument: OsString) -> OsString {
    let Some(text) = argument.to_str() else { return argument };
    SINGLE_DASH.iter().find(|(short, _)| *short == text).map_or(argument.clone(), |(_, long)| (*long).into())
}

/// A word is a sub-command unless a file of that name is meant (`sneakpath check` in a folder with a deck `check` and
/// no further argument is not worth a rule: the sub-command wins, `./check` is the file).
fn is_command(word: &OsString, cli: &Command) -> bool {
    word.to_str().is_some_and(|w| w == "help" || cli.find_subcommand(w).is_some())
        && Path::new(word).extension().is_none()
}

/// The first argument that is neither an option nor the value of one.
fn first_word(words: &[OsString], cli: &Command) -> Option<usize> {
    let run = cli.find_subcommand("run")?;
    let mut at = 0;
    while let Some(argument) = words.get(at) {
        let text = argument.to_string_lossy();
        if text == "--" {
            return (at + 1 < words.len()).then_some(at + 1);
        }
        if text == "-" || !text.starts_with('-') {
            return Some(at);
        }
        at += if takes_next(run, &text) { 2 } else { 1 };
    }
    None
}

/// Does this option swallow the next argument?
fn takes_next(run: &Command, option: &str) -> bool {
    let takes =
        |found: Option<&clap::Arg>| found.is_some_and(|a| a.get_action().takes_values() && !a.is_require_equals_set());
    if let Some(long) = option.strip_prefix("--") {
        let named =
            |a: &&clap::Arg| a.get_long() == Some(long) || a.get_all_aliases().is_some_and(|all| all.contains(&long));
        return !long.contains('=') && takes(run.get_arguments().find(named));
    }
    // in a cluster `-bo` only the last letter can want the next argument, and only if no earlier one swallowed it
    let letters: Vec<char> = option.chars().skip(1).collect();
    let wants = |letter: char| takes(run.get_arguments().find(|a| a.get_short() == Some(letter)));
    letters.iter().position(|&l| wants(l)).is_some_and(|k| k + 1 == letters.len())
}

#[cfg(test)]
mod tests {
    use super::super::args;
    use super::normalise;

    fn seen(line: &str) -> String {
        let words = std::iter::once("sneakpath").chain(line.split_whitespace());
        let out = normalise(words.map(Into::into), &args::command());
        out.iter().skip(1).map(|w| w.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_deck_alone_is_run() {
        assert_eq!(seen("rc.cir"), "run rc.cir");
        assert_eq!(seen("-D a=1 rc.cir --csv"), "run -D a=1 rc.cir --csv");
        assert_eq!(
            seen("-D ngbehavior=kiltpsa -b -o X.log -r X.raw X.net"),
            "run -D ngbehavior=kiltpsa -b -o X.log -r X.raw X.net"
        );
        assert_eq!(seen("-s"), "run -s");
        assert_eq!(seen("--plot rc.cir"), "run --plot rc.cir");
    }

    #[test]
    fn a_command_is_found_behind_options() {
        assert_eq!(seen("check rc.cir"), "check rc.cir");
        assert_eq!(seen("--json check rc.cir"), "check --json rc.cir");
        assert_eq!(seen("-o models rc.cir"), "run -o models rc.cir");
        assert_eq!(seen("-bo check rc.cir"), "run -bo check rc.cir");
        assert_eq!(seen("check.cir"), "run check.cir");
    }

    #[test]
    fn xyce_words_have_one_dash() {
        assert_eq!(seen("-syntax rc.cir"), "run --syntax rc.cir");
        assert_eq!(seen("-randseed 7 rc.cir"), "run --seed 7 rc.cir");
        assert_eq!(seen("-max-warnings 3 -quiet rc.cir"), "run --max-warnings 3 --quiet rc.cir");
        assert_eq!(seen("-param"), "models");
    }

    #[test]
    fn help_and_version_need_no_deck() {
        assert_eq!(seen(""), "--help");
        assert_eq!(seen("-h"), "--help");
        assert_eq!(seen("-v"), "version");
        assert_eq!(seen("--version"), "version");
    }
}
