//! Source files: reading, decoding, `.include`, `.lib` sections. The result is one flat list of physical lines.
//!
//! A name is looked for beside the including file, then in the working directory, then in the `-I` directories, and at
//! last by its base name beside the including file (decks carry foreign absolute paths).

use std::path::{Path, PathBuf};

use super::ast::Dialect;
use super::encoding::{decode, is_binary};
use super::lexer::is_blank;
use crate::diag::{Diagnostic, SourceFile, SourceId, SourceMap, Span};

/// Deepest include chain, and largest number of file inclusions in one deck.
const DEEPEST: usize = 64;
const MOST_FILES: usize = 10_000;

/// How a deck is read.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Directories searched for included files, after the deck's own and the working directory.
    pub include_dirs: Vec<PathBuf>,
    /// Dialect asked for on the command line; overrides the deck.
    pub dialect: Option<Dialect>,
    /// Words of the study cards; any other unknown card is a mistake.
    pub studies: Vec<String>,
}

/// One physical line without its line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub source: SourceId,
    pub start: u32,
    pub end: u32,
}

/// All texts and the physical lines in reading order, the title line not among them.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub sources: SourceMap,
    pub title: Option<Row>,
    pub rows: Vec<Row>,
    pub diagnostics: Vec<Diagnostic>,
}

fn binary_error(path: &Path) -> Diagnostic {
    Diagnostic::error("E-BINARY", format!("`{}` is not a text file", path.display()))
        .help("a netlist is text; results are drawn with `sneakpath plot FILE.raw`")
}

/// Reads a deck and everything it includes.
pub(super) fn load(path: &Path, options: &ReadOptions) -> Loaded {
    match std::fs::read(path) {
        Ok(bytes) => {
            let (text, encoding) = decode(&bytes);
            if is_binary(&text) {
                return Loaded { diagnostics: vec![binary_error(path)], ..Loaded::default() };
            }
            let mut loaded = load_text(&path.display().to_string(), &text, options);
            if let Some(name) = encoding {
                loaded.diagnostics.push(encoding_note(&path.display().to_string(), name));
            }
            loaded
        }
        Err(error) => Loaded {
            diagnostics: vec![
                Diagnostic::error("E-FILE", format!("cannot read `{}`: {error}", path.display()))
                    .help("check the path of the netlist"),
            ],
            ..Loaded::default()
        },
    }
}

/// Takes a deck from memory; `name` places its includes.
pub(super) fn load_text(name: &str, text: &str, options: &ReadOptions) -> Loaded {
    let path = PathBuf::from(name);
    load_more(&path, text, SourceMap::default(), options)
}

/// The same beside texts that were read before.
pub(super) fn load_more(path: &Path, text: &str, sources: SourceMap, options: &ReadOptions) -> Loaded {
    let loaded = Loaded { sources, ..Loaded::default() };
    let mut loader = Loader { options, loaded, chain: Vec::new() };
    loader.include(path, None, text.to_owned(), None);
    loader.loaded
}

fn encoding_note(file: &str, encoding: &str) -> Diagnostic {
    Diagnostic::note("N-ENCODING", format!("`{file}` is not UTF-8, read as {encoding}"))
}

/// A line that steers reading.
#[derive(Debug, Clone, PartialEq)]
enum Directive {
    /// `.include f`, `.lib f`.
    Include(Written),
    /// `.lib f section`.
    Section(Written, String),
    /// `.lib section` that opens a definition.
    Open(String),
    /// `.endl`.
    Close,
    /// `.end`.
    End,
    /// `.control`, `.endc`.
    Control,
    EndControl,
}

/// A path and where it stands in its file.
#[derive(Debug, Clone, PartialEq)]
struct Written {
    path: String,
    start: usize,
    end: usize,
}

struct Loader<'o> {
    options: &'o ReadOptions,
    loaded: Loaded,
    chain: Vec<(PathBuf, Option<String>, Option<Span>)>,
}

impl Loader<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.loaded.diagnostics.push(diagnostic);
    }

    /// Adds a file: all of it, or one section.
    fn include(&mut self, path: &Path, section: Option<&str>, text: String, at: Option<Span>) {
        if u32::try_from(text.len()).is_err() {
            self.report(Diagnostic::error("E-FILE", format!("`{}` is larger than 4 GiB", path.display())));
            return;
        }
        let (lines, directives) = scan(&text, at.is_none());
        let name = path.display().to_string();
        let source = self.loaded.sources.add(SourceFile { name, text, included_at: at });
        let key = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        self.chain.push((key, section.map(str::to_owned), at));
        match section {
            None => self.splice(source, path, &lines, &directives, usize::from(at.is_none())),
            Some(wanted) => self.splice_section(source, path, wanted, &lines, &directives, at),
        }
        self.chain.pop();
    }

    /// Copies the lines from `first` on, without section definitions, up to `.end`.
    fn splice(
        &mut self,
        source: SourceId,
        path: &Path,
        lines: &[LineRange],
        directives: &[(usize, Directive)],
        first: usize,
    ) {
        if first > 0 && source == SourceId(0) {
            self.loaded.title = lines.first().map(|l| row(source, *l));
        }
        let mut next = first;
        let mut open = false;
        let mut control = false;
        for (index, directive) in directives {
            if open {
                if *directive == Directive::Close {
                    open = false;
                    next = index + 1;
                }
                continue;
            }
            match directive {
                Directive::Control => control = true,
                Directive::EndControl => control = false,
                _ if control => {}
                Directive::Open(_) => {
                    self.copy(source, lines, next..*index);
                    open = true;
                }
                Directive::Close => {
                    self.copy(source, lines, next..*index);
                    next = index + 1;
                }
                Directive::End => {
                    self.copy(source, lines, next..*index);
                    return;
                }
                Directive::Include(written) => {
                    self.copy(source, lines, next..*index);
                    next = index + 1;
                    self.follow(source, path, written, None);
                }
                Directive::Section(written, section) => {
                    self.copy(source, lines, next..*index);
                    next = index + 1;
                    self.follow(source, path, written, Some(section));
                }
            }
        }
        if !open {
            self.copy(source, lines, next..lines.len());
        }
    }

    fn splice_section(
        &mut self,
        source: SourceId,
        path: &Path,
        wanted: &str,
        lines: &[LineRange],
        directives: &[(usize, Directive)],
        at: Option<Span>,
    ) {
        let opens = |d: &Directive| matches!(d, Directive::Open(name) if name == wanted);
        let Some(from) = directives.iter().position(|(_, d)| opens(d)) else {
            let names: Vec<&str> = directives
                .iter()
                .filter_map(|(_, d)| if let Directive::Open(name) = d { Some(name.as_str()) } else { None })
                .collect();
            let mut error = Diagnostic::error("E-LIB", format!("`{}` has no section `{wanted}`", path.display()));
            error.help = Some(if names.is_empty() {
                "the file defines no section: use `.include`".into()
            } else {
                format!("sections of this file: {}", names.join(", "))
            });
            error.span = at;
            self.report(error);
            return;
        };
        let to = directives[from..].iter().position(|(_, d)| *d == Directive::Close).map(|n| from + n);
        let last = to.map_or(lines.len(), |n| directives[n].0);
        let inner = &directives[from + 1..to.unwrap_or(directives.len())];
        self.splice(source, path, &lines[..last], inner, directives[from].0 + 1);
    }

    fn copy(&mut self, source: SourceId, lines: &[LineRange], range: std::ops::Range<usize>) {
        if let Some(lines) = lines.get(range) {
            self.loaded.rows.extend(lines.iter().map(|line| row(source, *line)));
        }
    }

    fn follow(&mut self, source: SourceId, from: &Path, written: &Written, section: Option<&str>) {
        let at = Span { source, start: written.start as u32, end: written.end as u32 };
        let dir = from.parent().unwrap_or(Path::new("")).to_owned();
        let Some(path) = self.find(&dir, &written.path, at) else { return };
        let key = path.canonicalize().unwrap_or_else(|_| path.clone());
        if let Some(first) = self.chain.iter().position(|(p, s, _)| *p == key && s.as_deref() == section) {
            self.report_cycle(first, &path, at);
            return;
        }
        if self.chain.len() >= DEEPEST || self.loaded.sources.files().len() >= MOST_FILES {
            let message = format!("too many nested or repeated includes at `{}`", written.path);
            self.report(
                Diagnostic::error("E-INCLUDE", message)
                    .at(at)
                    .help(format!("at most {DEEPEST} levels and {MOST_FILES} files are read")),
            );
            return;
        }
        match std::fs::read(&path) {
            Ok(bytes) => {
                let (text, encoding) = decode(&bytes);
                if is_binary(&text) {
                    self.report(binary_error(&path).at(at));
                    return;
                }
                if let Some(name) = encoding {
                    self.report(encoding_note(&path.display().to_string(), name).at(at));
                }
                self.include(&path, section, text, Some(at));
            }
            Err(error) => {
                let message = format!("cannot read `{}`: {error}", path.display());
                self.report(Diagnostic::error("E-INCLUDE", message).at(at).help("check the name and its permissions"));
            }
        }
    }

    fn report_cycle(&mut self, first: usize, path: &Path, at: Span) {
        let mut names: Vec<String> = self.chain[first..].iter().map(|(p, _, _)| file_name(p)).collect();
        names.push(file_name(path));
        let mut error = Diagnostic::error("E-INCLUDE-CYCLE", format!("include cycle: {}", names.join(" -> ")))
            .at(at)
            .help("remove one of these `.include` lines");
        for (p, _, span) in &self.chain[first..] {
            if let Some(span) = span {
                error = error.related(*span, format!("`{}` is included here", file_name(p)));
            }
        }
        self.report(error);
    }

    fn find(&mut self, dir: &Path, written: &str, at: Span) -> Option<PathBuf> {
        let mut places = vec![dir.to_owned(), PathBuf::new()];
        places.extend(self.options.include_dirs.iter().cloned());
        let slashed = written.replace('\\', "/");
        for name in [written, slashed.as_str()] {
            if let Some(path) = places.iter().map(|p| p.join(name)).find(|p| p.is_file()) {
                return Some(path);
            }
        }
        let beside = slashed.rsplit('/').next().filter(|base| !base.is_empty()).map(|base| dir.join(base));
        if let Some(path) = beside.filter(|p| p.is_file()) {
            let message = format!("`{written}` was not found; `{}` beside the deck is used", path.display());
            self.report(Diagnostic::note("N-INCLUDE", message).at(at));
            return Some(path);
        }
        let mut tried: Vec<String> = places.iter().map(|p| p.join(&slashed).display().to_string()).collect();
        tried.dedup();
        self.report(
            Diagnostic::error("E-INCLUDE", format!("file `{written}` not found"))
                .at(at)
                .help(format!("looked for {}; add its directory with `-I DIR`", tried.join(", "))),
        );
        None
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}

fn row(source: SourceId, (start, end): LineRange) -> Row {
    Row { source, start: start as u32, end: end as u32 }
}

/// Start and end of a physical line, in bytes.
type LineRange = (usize, usize);

/// Physical lines as byte ranges, and the lines that steer reading by line index.
fn scan(text: &str, titled: bool) -> (Vec<LineRange>, Vec<(usize, Directive)>) {
    let mut lines = Vec::new();
    let mut cards = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        if body.trim_start_matches(is_blank).starts_with('.') && !(titled && start == 0) {
            cards.push(lines.len());
        }
        lines.push((start, start + body.len()));
        start += line.len();
    }
    let last_close = cards.iter().rposition(|&n| keyword(&text[lines[n].0..lines[n].1]).0 == "endl");
    let directives = cards
        .iter()
        .enumerate()
        .filter_map(|(order, &n)| {
            let (from, to) = lines[n];
            directive(&text[from..to], from, last_close.is_some_and(|last| order < last)).map(|d| (n, d))
        })
        .collect();
    (lines, directives)
}

/// Lower-case card word after the dot, and the byte offset of what follows.
fn keyword(line: &str) -> (String, usize) {
    let Some(dot) = line.find('.') else { return (String::new(), line.len()) };
    let word = line[dot + 1..].trim_start_matches(is_blank);
    let from = line.len() - word.len();
    let len = word.bytes().take_while(u8::is_ascii_alphanumeric).count();
    (word[..len].to_ascii_lowercase(), from + len)
}

/// `closes_later`: some `.endl` follows, so `.lib word` opens a section.
fn directive(line: &str, offset: usize, closes_later: bool) -> Option<Directive> {
    let (word, after) = keyword(line);
    let tail = &line[after..];
    match word.as_str() {
        "include" | "inc" | "incl" => Some(Directive::Include(whole_name(line, after, offset)?)),
        "lib" => library(line, after, offset, closes_later),
        "endl" => Some(Directive::Close),
        "control" => Some(Directive::Control),
        "endc" => Some(Directive::EndControl),
        "end" => {
            let tail = tail.trim_start_matches(is_blank);
            let named = tail.starts_with(|c: char| c.is_alphanumeric() || c == '_');
            (!named).then_some(Directive::End)
        }
        _ => None,
    }
}

fn library(line: &str, after: usize, offset: usize, closes_later: bool) -> Option<Directive> {
    let first = whole_name(line, after, offset)?;
    let rest = &line[(first.end - offset).min(line.len())..];
    let section = uncommented(rest.trim_start_matches(['\'', '"'])).trim_matches(['\'', '"']).to_lowercase();
    if !section.is_empty() {
        return Some(Directive::Section(first, section));
    }
    let pathlike = first.path.contains(['.', '/', '\\']);
    if closes_later && !pathlike {
        return Some(Directive::Open(first.path.to_lowercase()));
    }
    // unquoted: `file section`, or a file name with blanks
    let quoted = line[..first.start - offset].ends_with(['\'', '"']);
    match first.path.rsplit_once(is_blank) {
        Some((path, section)) if !quoted && !section.contains('.') => {
            let path = path.trim_end_matches(is_blank).to_owned();
            let end = first.start + path.len();
            Some(Directive::Section(Written { path, start: first.start, end }, section.to_lowercase()))
        }
        _ => Some(Directive::Include(first)),
    }
}

/// The quoted name, or everything to the end of the line or to a comment.
fn whole_name(line: &str, after: usize, offset: usize) -> Option<Written> {
    let tail = line[after..].trim_start_matches(is_blank);
    let from = line.len() - tail.len();
    let quote = tail.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let (start, path) = match quote {
        Some(q) => (from + 1, tail[1..].split(q).next().unwrap_or("")),
        None => (from, uncommented(tail)),
    };
    (!path.is_empty()).then(|| Written {
        path: path.to_owned(),
        start: offset + start,
        end: offset + start + path.len(),
    })
}

fn uncommented(text: &str) -> &str {
    let end = [";", " $", "\t$", " //", "\t//"].iter().filter_map(|mark| text.find(mark)).min().unwrap_or(text.len());
    text[..end].trim_matches(is_blank)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(loaded: &Loaded) -> Vec<&str> {
        let text = |r: &Row| loaded.sources.text(Span { source: r.source, start: r.start, end: r.end });
        loaded.rows.iter().map(text).collect()
    }

    fn write(dir: &Path, name: &str, text: &str) -> PathBuf {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn includes_are_spliced_relative_to_their_file() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "sub/a b.inc", "R1 a 0 1\n.inc 'c.inc'\nR3 a 0 3\n");
        write(dir.path(), "sub/c.inc", "R2 a 0 2\n.end\nnever\n");
        let main = write(dir.path(), "main.cir", "title\n.include sub\\a b.inc ; comment\nR4 a 0 4\n.end\nrest\n");
        let loaded = load(&main, &ReadOptions::default());
        assert_eq!(loaded.diagnostics, []);
        assert_eq!(texts(&loaded), ["R1 a 0 1", "R2 a 0 2", "R3 a 0 3", "R4 a 0 4"]);
    }

    #[test]
    fn library_sections() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "m.lib", "common\n.lib TT\ntyp\n.endl TT\n.lib ff\nfast\n.endl\ntail\n");
        let main =
            write(dir.path(), "main.cir", "title\n.lib 'm.lib' tt\n.lib m.lib FF\n.lib m.lib\n.lib 'm.lib' ss\nx\n");
        let loaded = load(&main, &ReadOptions::default());
        assert_eq!(texts(&loaded), ["typ", "fast", "common", "tail", "x"]);
        assert_eq!(loaded.diagnostics.len(), 1);
        assert_eq!(loaded.diagnostics[0].code, "E-LIB");
        assert_eq!(loaded.diagnostics[0].help.as_deref(), Some("sections of this file: tt, ff"));
    }

    #[test]
    fn cycles_and_missing_files_are_named() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "a.inc", ".include b.inc\n");
        write(dir.path(), "b.inc", ".include a.inc\n");
        let main = write(dir.path(), "main.cir", "title\n.include a.inc\n.include nowhere.inc\n");
        let loaded = load(&main, &ReadOptions::default());
        assert_eq!(loaded.diagnostics[0].message, "include cycle: a.inc -> b.inc -> a.inc");
        assert_eq!(loaded.diagnostics[1].message, "file `nowhere.inc` not found");
        assert_eq!(loaded.sources.text(loaded.diagnostics[1].span.unwrap()), "nowhere.inc");
        assert!(loaded.diagnostics[1].help.as_ref().unwrap().contains("nowhere.inc, nowhere.inc"));
    }

    #[test]
    fn foreign_absolute_paths_fall_back_to_the_base_name() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "A10.lib", "R1 a 0 1\n");
        let main = write(dir.path(), "main.cir", "title\n.lib C:\\Users\\me\\A10.lib\n");
        let loaded = load(&main, &ReadOptions::default());
        assert_eq!(texts(&loaded), ["R1 a 0 1"]);
        assert_eq!(loaded.diagnostics[0].code, "N-INCLUDE");
    }
}
