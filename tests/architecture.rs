//! The module table of ARCHITECTURE.md as data, and a reading of `src/` that fails when the code says otherwise.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What one top-level module may use.
struct Layer {
    module: &'static str,
    /// Paths below `crate::`; a longer path allows only that part.
    uses: &'static [&'static str],
    /// Outside crates, as written in code.
    crates: &'static [&'static str],
}

const ANY: &str = "*";

/// From the bottom to the top. A module that is not in here may not exist.
const LAYERS: &[Layer] = &[
    Layer { module: "units", uses: &[], crates: &[] },
    Layer { module: "diag", uses: &["units"], crates: &["strsim"] },
    Layer {
        module: "numeric",
        uses: &["units"],
        crates: &["faer", "nalgebra", "sprs", "rand", "rand_chacha", "rand_distr", "sobol_burley", "thiserror"],
    },
    Layer { module: "plan", uses: &["units", "numeric::formula"], crates: &[] },
    Layer { module: "netlist", uses: &["units", "diag", "plan"], crates: &["nom", "encoding_rs", "strsim"] },
    Layer { module: "crossbar", uses: &["units", "numeric"], crates: &["faer", "rayon", "thiserror"] },
    Layer { module: "device", uses: &["units", "numeric"], crates: &["strsim", "thiserror", "rayon"] },
    Layer {
        module: "circuit",
        uses: &["units", "numeric", "plan", "device", "crossbar"],
        crates: &["strsim", "thiserror"],
    },
    Layer {
        module: "elaborate",
        uses: &["units", "diag", "numeric", "plan", "netlist", "crossbar", "device", "circuit"],
        crates: &["csv", "ndarray", "ndarray_npy", "rand", "rand_chacha", "rand_distr", "strsim", "thiserror"],
    },
    Layer { module: "result", uses: &["units", "plan"], crates: &[] },
    Layer { module: "system", uses: &["numeric", "device", "circuit", "crossbar"], crates: &["rayon", "thiserror"] },
    Layer {
        module: "analysis",
        uses: &["units", "numeric", "plan", "device", "circuit", "result", "system"],
        crates: &["rayon", "strsim", "thiserror"],
    },
    Layer { module: "study", uses: &[ANY], crates: &["faer", "flate2", "nalgebra", "rayon", "thiserror"] },
    Layer {
        module: "output",
        uses: &["units", "numeric::formula", "plan", "result"],
        crates: &[
            "plotters",
            "dejavu",
            "csv",
            "ndarray",
            "ndarray_npy",
            "serde",
            "serde_json",
            "jiff",
            "strsim",
            "thiserror",
        ],
    },
    Layer { module: "cli", uses: &[ANY], crates: &[ANY] },
];

/// The parts of `device` that are no device: only these may be named elsewhere.
const DEVICE_CONTRACT: &[&str] = &["behavioural", "card", "group", "waveform"];

/// Longest file one can hold in mind.
const MAX_LINES: usize = 500;

/// Words that talk or exit; only `cli` may.
const TALK: &[&str] = &["println!", "print!", "eprintln!", "eprint!", "dbg!", "process::exit", "process::abort"];

/// One source file, ready to be judged.
struct Source {
    /// Path below `src/`, with `/`.
    path: String,
    /// Text as it is.
    text: String,
}

impl Source {
    /// Top-level module the file belongs to.
    fn module(&self) -> &str {
        self.path.split('/').next().unwrap_or("").trim_end_matches(".rs")
    }
    /// Its module path: `numeric/formula.rs` and `numeric/formula/mod.rs` are both `numeric::formula`.
    fn module_path(&self) -> Vec<&str> {
        let mut parts: Vec<&str> = self.path.trim_end_matches(".rs").split('/').collect();
        if parts.last() == Some(&"mod") {
            parts.pop();
        }
        parts
    }
    fn is_root(&self) -> bool {
        matches!(self.path.as_str(), "lib.rs" | "main.rs")
    }
}

/// Blanks out comments, string and character literals, keeping the line structure.
fn code_only(text: &str) -> String {
    let bytes: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    let at = |i: usize| bytes.get(i).copied().unwrap_or('\0');
    while i < bytes.len() {
        match at(i) {
            '/' if at(i + 1) == '/' => {
                while i < bytes.len() && at(i) != '\n' {
                    i += 1;
                }
            }
            '/' if at(i + 1) == '*' => {
                i += 2;
                while i < bytes.len() && !(at(i) == '*' && at(i + 1) == '/') {
                    if at(i) == '\n' {
                        out.push('\n');
                    }
                    i += 1;
                }
                i += 2;
            }
            'r' if (at(i + 1) == '"' || (at(i + 1) == '#' && matches!(at(i + 2), '"' | '#')))
                && (i == 0 || !is_word(at(i - 1))) =>
            {
                let hashes = (i + 1..).take_while(|&k| at(k) == '#').count();
                i += 2 + hashes;
                while i < bytes.len() && !(at(i) == '"' && (0..hashes).all(|k| at(i + 1 + k) == '#')) {
                    if at(i) == '\n' {
                        out.push('\n');
                    }
                    i += 1;
                }
                i += 1 + hashes;
            }
            '"' => {
                i += 1;
                while i < bytes.len() && at(i) != '"' {
                    if at(i) == '\n' {
                        out.push('\n');
                    }
                    i += if at(i) == '\\' { 2 } else { 1 };
                }
                i += 1;
            }
            // a character literal, not a lifetime
            '\'' if at(i + 1) == '\\' => {
                i += 3;
                while i < bytes.len() && at(i) != '\'' {
                    i += 1;
                }
                i += 1;
            }
            '\'' if at(i + 2) == '\'' => i += 3,
            c => {
                out.push(c);
                i += 1;
            }
        }
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Cuts the test module at the foot of a file: a test may drive its subject from above.
fn without_tests(code: &str) -> &str {
    code.find("#[cfg(test)]").map_or(code, |at| &code[..at])
}

/// Positions at which `word` stands as a whole path segment that is not preceded by `::`.
fn heads<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = code[..at].trim_end_matches(char::is_whitespace);
        let previous = code[..at].chars().next_back().unwrap_or(' ');
        let next = code[at + word.len()..].chars().next().unwrap_or(' ');
        let inner = before.strip_suffix("::").is_some_and(|b| b.ends_with(|c| is_word(c) || matches!(c, '>' | '}')));
        !is_word(previous) && !is_word(next) && !inner
    })
}

/// The paths that follow `head::` at `rest`, `use` trees spread out: `a::{b, c::d}` gives `a::b`, `a::c::d`.
fn tree(rest: &str, prefix: &[String], out: &mut Vec<Vec<String>>) -> usize {
    let mut path = prefix.to_vec();
    let mut i = 0;
    loop {
        i += rest[i..].len() - rest[i..].trim_start().len();
        if rest[i..].starts_with('{') {
            i += 1;
            loop {
                i += rest[i..].len() - rest[i..].trim_start_matches([',', ' ', '\n', '\t', '\r']).len();
                if i >= rest.len() || rest[i..].starts_with('}') {
                    return i + 1;
                }
                let used = tree(&rest[i..], &path, out);
                if used == 0 {
                    return i;
                }
                i += used;
            }
        }
        let word: String = rest[i..].chars().take_while(|&c| is_word(c)).collect();
        if word.is_empty() {
            // `*`, `<` and the like
            let star = usize::from(rest[i..].starts_with('*'));
            out.push(path);
            return i + star;
        }
        i += word.len();
        path.push(word);
        if !rest[i..].trim_start().starts_with("::") {
            // `a as b`
            let tail = rest[i..].trim_start();
            if let Some(alias) = tail.strip_prefix("as ") {
                i += rest[i..].len() - tail.len() + 3;
                i += alias.chars().take_while(|&c| is_word(c)).count();
            }
            out.push(path);
            return i;
        }
        i += rest[i..].find("::").unwrap_or(0) + 2;
    }
}

/// All paths below the crate root that a file names, `crate::` and `super::` alike.
fn crate_paths(source: &Source, code: &str) -> Vec<Vec<String>> {
    let mut out = Vec::new();
    for at in heads(code, "crate") {
        let rest = &code[at + "crate".len()..];
        if let Some(rest) = rest.trim_start().strip_prefix("::") {
            tree(rest, &[], &mut out);
        }
    }
    let here = source.module_path();
    for at in heads(code, "super") {
        let mut up = 1;
        let mut rest = &code[at + "super".len()..];
        while let Some(next) = rest.strip_prefix("::super") {
            up += 1;
            rest = next;
        }
        let Some(rest) = rest.strip_prefix("::") else { continue };
        if source.is_root() || up > here.len() {
            continue;
        }
        let prefix: Vec<String> = here[..here.len() - up].iter().map(ToString::to_string).collect();
        tree(rest, &prefix, &mut out);
    }
    out.retain(|path| !path.is_empty());
    out
}

/// What is wrong with one file.
fn violations(source: &Source, dependencies: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    let lines = source.text.lines().count();
    if lines > MAX_LINES {
        out.push(format!("{}: {lines} lines, more than {MAX_LINES}", source.path));
    }
    if source.is_root() || source.path.ends_with("/tests.rs") {
        return out;
    }
    let all = code_only(&source.text);
    let code = without_tests(&all);
    let module = source.module();
    let Some(layer) = LAYERS.iter().find(|l| l.module == module) else {
        out.push(format!("{}: module `{module}` has no place in the table", source.path));
        return out;
    };
    for path in crate_paths(source, code) {
        let written = path.join("::");
        let known = LAYERS.iter().any(|l| l.module == path[0]);
        let allowed = layer.uses.iter().any(|u| *u == ANY || written == *u || written.starts_with(&format!("{u}::")));
        if known && path[0] != module && !allowed {
            out.push(format!("{}: `{module}` may not use `{written}`", source.path));
        }
        if path[0] == "device" && module != "device" {
            let names_device = path.get(1).is_some_and(|p| {
                p.starts_with(|c: char| c.is_ascii_lowercase())
                    && path.len() > 2
                    && !DEVICE_CONTRACT.contains(&p.as_str())
            });
            if names_device {
                out.push(format!("{}: names the device `{written}`; devices are known by their cards", source.path));
            }
        }
    }
    for dependency in dependencies {
        let used = heads(code, dependency).any(|at| {
            code[at + dependency.len()..].trim_start().starts_with("::") || code[..at].trim_end().ends_with("use")
        });
        let allowed = layer.crates.iter().any(|c| c == dependency || *c == ANY);
        // a sibling module may carry the name of a crate (`output::csv`)
        if used && !allowed {
            out.push(format!("{}: `{module}` may not use the crate `{dependency}`", source.path));
        }
    }
    if module != "cli" {
        for word in TALK {
            if heads(code, word.trim_end_matches('!')).any(|at| code[at..].starts_with(word)) || talks(code, word) {
                out.push(format!("{}: `{word}` outside cli", source.path));
            }
        }
    }
    out
}

/// `std::process::exit` is preceded by `::`, so [`heads`] alone would miss it.
fn talks(code: &str, word: &str) -> bool {
    word.contains("::") && code.contains(word)
}

/// Files reached from `lib.rs` and `main.rs` through `mod name;`.
fn reached(sources: &[Source]) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<String> = vec!["lib.rs".into(), "main.rs".into()];
    while let Some(path) = open.pop() {
        let Some(source) = sources.iter().find(|s| s.path == path) else { continue };
        if !seen.insert(path.clone()) {
            continue;
        }
        let directory = if source.is_root() { String::new() } else { source.module_path().join("/") + "/" };
        let code = code_only(&source.text);
        for at in heads(&code, "mod") {
            let rest = code[at + 3..].trim_start();
            let name: String = rest.chars().take_while(|&c| is_word(c)).collect();
            if rest[name.len()..].trim_start().starts_with(';') {
                open.push(format!("{directory}{name}.rs"));
                open.push(format!("{directory}{name}/mod.rs"));
            }
        }
    }
    seen
}

fn read(directory: &Path, root: &Path, out: &mut Vec<Source>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(directory).expect("src is readable").map(|e| e.expect("entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            read(&path, root, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let relative = path.strip_prefix(root).expect("below src").to_string_lossy().replace('\\', "/");
            out.push(Source { path: relative, text: fs::read_to_string(&path).expect("readable") });
        }
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut out = Vec::new();
    read(&root, &root, &mut out);
    out
}

/// Names of the `[dependencies]`, as written in code.
fn dependencies() -> Vec<String> {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).expect("manifest");
    manifest
        .lines()
        .skip_while(|l| *l != "[dependencies]")
        .skip(1)
        .take_while(|l| !l.starts_with('['))
        .filter_map(|l| l.split_once('=').map(|(name, _)| name.trim().replace('-', "_")))
        .filter(|name| !name.starts_with('#'))
        .collect()
}

#[test]
fn source_keeps_the_table() {
    let sources = sources();
    let dependencies = dependencies();
    assert!(sources.len() > 20, "src/ was not read");
    assert!(dependencies.contains(&"faer".to_string()) && dependencies.contains(&"ndarray_npy".to_string()));
    let mut found: Vec<String> = sources.iter().flat_map(|s| violations(s, &dependencies)).collect();
    let reached = reached(&sources);
    found.extend(
        sources.iter().filter(|s| !reached.contains(&s.path)).map(|s| format!("{}: no `mod` leads here", s.path)),
    );
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn table_only_points_downwards() {
    for (rank, layer) in LAYERS.iter().enumerate() {
        for used in layer.uses.iter().filter(|u| **u != ANY) {
            let head = used.split("::").next().unwrap_or(used);
            assert!(
                LAYERS[..rank].iter().any(|l| l.module == head),
                "{} uses {used}, which is not below it",
                layer.module
            );
        }
    }
    let strangers = |module: &str, other: &str| {
        let layer = LAYERS.iter().find(|l| l.module == module).expect("in the table");
        !layer.uses.iter().any(|u| u.split("::").next() == Some(other))
    };
    assert!(strangers("netlist", "device") && strangers("device", "netlist"));
}

/// Plants one violation of each kind: what finds nothing here would find nothing anywhere.
#[test]
fn planted_violations_are_found() {
    let dependencies = vec!["faer".to_string(), "clap".to_string(), "csv".to_string()];
    let judge = |path: &str, text: &str| violations(&Source { path: path.into(), text: text.into() }, &dependencies);
    let bad = [
        ("netlist/cards.rs", "use crate::device::Card;"),
        ("device/diode.rs", "use crate::netlist::ast::Deck;"),
        ("device/diode.rs", "use crate::{numeric::real::Real, netlist::ast};"),
        ("device/diode.rs", "fn f() { super::super::netlist::parse() }"),
        ("device/mod.rs", "use super::analysis::run;"),
        ("plan.rs", "use crate::numeric::{formula::Formula, newton::solve};"),
        ("numeric/sparse.rs", "fn f() -> crate::circuit::Circuit { todo() }"),
        ("numeric/sparse.rs", "use\n    crate::{\n  units, result::Stats as S };"),
        ("elaborate/mod.rs", "use crate::device::vteam::Vteam;"),
        ("system/mod.rs", "use faer::sparse;"),
        ("netlist/lexer.rs", "fn f() { ::clap::Parser::parse() }"),
        ("analysis/mod.rs", "fn f() { println!(\"x\") }"),
        ("output/raw.rs", "fn f() { std::process::exit(1) }"),
        ("gadgets/mod.rs", ""),
        ("units.rs", &"\n".repeat(MAX_LINES + 1)),
    ];
    for (path, text) in bad {
        assert_eq!(judge(path, text).len(), 1, "{path}: {text}: {:?}", judge(path, text));
    }
    let good = [
        ("netlist/cards.rs", "//! see crate::device\nconst S: &str = \"crate::device::x\"; // use crate::device;"),
        (
            "netlist/cards.rs",
            "use crate::diag::{Span, Diagnostic};\n#[cfg(test)]\nmod tests { use crate::elaborate::Elaborator; }",
        ),
        (
            "device/diode.rs",
            "use super::{Card, Device}; use crate::numeric::real::Real; fn f<'a>(c: char) -> bool { c == '\"' }",
        ),
        ("plan.rs", "use crate::numeric::formula::Formula;"),
        ("elaborate/mod.rs", "use crate::device::{REGISTRY, card::Card}; use csv::Reader;"),
        ("cli/mod.rs", "use clap::Parser; fn f() { println!(\"x\") }"),
    ];
    for (path, text) in good {
        assert!(judge(path, text).is_empty(), "{path}: {text}: {:?}", judge(path, text));
    }
    let orphan = [
        Source { path: "lib.rs".into(), text: "pub mod a; mod b { }".into() },
        Source { path: "a/mod.rs".into(), text: "mod c;".into() },
        Source { path: "a/c.rs".into(), text: String::new() },
        Source { path: "b.rs".into(), text: String::new() },
    ];
    let reached = reached(&orphan);
    assert!(reached.contains("a/c.rs") && !reached.contains("b.rs"), "{reached:?}");
}
