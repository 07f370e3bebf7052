//! Which dot card is which: the table of card words, what is ignored, what is not supported, and the form of each.

use super::ast::{AnalysisCard, AnalysisKind, OutputVerb, Statement};
use super::text::{Parsed, Text};
use super::token::at_end;
use super::{analysis_cards, card, definitions, measure, outputs, xbar};
use crate::diag::{Diagnostic, Span};

/// Parser of a card that stands alone; it adds what it understood to the list.
pub(super) type Simple = for<'a> fn(Text<'a>, &mut Vec<Statement>) -> Parsed<'a, ()>;

/// What a card word asks for.
pub(super) enum Kind {
    /// A card on its own, with its form.
    Simple(Simple, &'static str),
    Subckt,
    Ends,
    If,
    ElseIf,
    Else,
    EndIf,
    Title,
    End,
    /// Already done while reading the files, or the end of something that needs none.
    Nothing,
    /// Harmless.
    Ignored,
    /// Known, not supported; what to do instead.
    Unsupported(&'static str),
    Unknown,
}

const SIMPLE: [(&[&str], Simple, &str); 24] = [
    (
        &["param", "params", "parameter", "parameters", "csparam", "global_param"],
        definitions::params,
        ".param name=value .. | name(x)='expression'",
    ),
    (&["func", "function"], |i, out| one(i, out, definitions::func, Statement::Func), ".func name(x,y) {expression}"),
    (&["model"], |i, out| one(i, out, definitions::model, Statement::Model), ".model name type (key=value ..)"),
    (&["ic"], |i, out| one(i, out, definitions::node_values, Statement::Ic), ".ic v(node)=value .."),
    (
        &["nodeset", "guess"],
        |i, out| one(i, out, definitions::node_values, Statement::Nodeset),
        ".nodeset v(node)=value ..",
    ),
    (&["global"], |i, out| one(i, out, definitions::global, Statement::Global), ".global node .."),
    (&["temp"], temp, ".temp degrees .."),
    (
        &["options", "option", "opt", "opts"],
        |i, out| one(i, out, definitions::options, Statement::Options),
        ".options key[=value] ..",
    ),
    (&["data"], |i, out| one(i, out, definitions::data, Statement::Data), ".data name parameter .., rows, .enddata"),
    (&["op"], op, ".op"),
    (&["dc"], analysis_cards::dc, ".dc source start stop step [source2 start stop step]"),
    (&["tran"], analysis_cards::tran, ".tran tstep tstop [tstart [tmax]] [uic]"),
    (&["tf"], |i, out| one(i, out, analysis_cards::tf, Statement::Analysis), ".tf v(out) source"),
    (
        &["step"],
        |i, out| one(i, out, analysis_cards::step, Statement::Step),
        ".step [lin|dec|oct] [param] name start stop step, or name list values",
    ),
    (
        &["mc"],
        |i, out| one(i, out, analysis_cards::monte_carlo, Statement::MonteCarlo),
        ".mc runs [seed=n] [sampling=mc|lhs|sobol]",
    ),
    (
        &["save"],
        |i, out| one(i, out, outputs::output(OutputVerb::Save), Statement::Output),
        ".save [analysis] signal ..",
    ),
    (
        &["print"],
        |i, out| one(i, out, outputs::output(OutputVerb::Print), Statement::Output),
        ".print [analysis] [format=..] [file=..] signal ..",
    ),
    (
        &["probe"],
        |i, out| one(i, out, outputs::output(OutputVerb::Probe), Statement::Output),
        ".probe [analysis] signal ..",
    ),
    (
        &["plot"],
        |i, out| one(i, out, outputs::output(OutputVerb::Plot), Statement::Output),
        ".plot [analysis] signal .. [title=..] [vs=..]",
    ),
    (
        &["meas", "measure"],
        |i, out| one(i, out, measure::measure, Statement::Measure),
        ".measure analysis name TRIG .. TARG .. | FIND .. WHEN|AT= | WHEN .. | AVG|RMS|MAX|MIN|PP|INTEG signal | PARAM='..'",
    ),
    (
        &["xbar"],
        |i, out| one(i, out, xbar::xbar, Statement::Xbar),
        ".xbar name rows cols CELL=subckt(wl bl ..) key=value ..",
    ),
    (
        &["xout"],
        |i, out| one(i, out, xbar::xout, Statement::Xout),
        ".xout instance quantity .. [AT=t,..,END] [FILE=\"f.npz\"]",
    ),
    (&["include", "inc", "incl"], nameless, ".include \"file\""),
    (&["lib"], nameless, ".lib \"file\" section"),
];

/// Cards without effect here.
const IGNORED: [&str; 12] = [
    "backanno",
    "width",
    "wave",
    "ferret",
    "loadbias",
    "savebias",
    "preprocess",
    "protect",
    "prot",
    "unprotect",
    "unprot",
    "hdl",
];

const UNSUPPORTED: [(&str, &str); 22] = [
    ("ac", "analyses are .op .dc .tran .tf"),
    ("noise", "analyses are .op .dc .tran .tf"),
    ("four", "use .measure on the transient"),
    ("fft", "use .measure on the transient"),
    ("sens", "use .step or .mc"),
    ("disto", "analyses are .op .dc .tran .tf"),
    ("pz", "analyses are .op .dc .tran .tf"),
    ("sp", "analyses are .op .dc .tran .tf"),
    ("net", "analyses are .op .dc .tran .tf"),
    ("pss", "run .tran until it is periodic"),
    ("hb", "run .tran until it is periodic"),
    ("lin", "analyses are .op .dc .tran .tf"),
    ("mpde", "analyses are .op .dc .tran .tf"),
    ("alter", "use .step or .data with a parameter for what changes"),
    ("del", "leave the section out of the deck"),
    ("connect", "join the nodes with a 0 V source"),
    ("machine", "write the logic as B sources"),
    ("sampling", "use .mc N"),
    ("pce", "use .mc N"),
    ("embeddedsampling", "use .mc N"),
    ("dcvolt", "use .ic v(node)=value"),
    ("load", "use .nodeset v(node)=value"),
];

/// The lower-case word of a dot card and the offset of what follows; empty when the line is no card.
pub(super) fn key(line: &str) -> (String, usize) {
    let Some(tail) = line.strip_prefix('.') else { return (String::new(), 0) };
    let word = tail.trim_start_matches(super::lexer::is_blank);
    let from = line.len() - word.len();
    let len = word.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(word.len());
    let key = super::text::lower(&word[..len]);
    (if key.is_empty() { ".".into() } else { key }, from + len)
}

/// What a card word asks for.
pub(super) fn kind(key: &str) -> Kind {
    if let Some((_, parse, form)) = SIMPLE.iter().find(|(words, ..)| words.contains(&key)) {
        return Kind::Simple(*parse, form);
    }
    if let Some((_, help)) = UNSUPPORTED.iter().find(|(word, _)| *word == key) {
        return Kind::Unsupported(help);
    }
    match key {
        "subckt" | "macro" => Kind::Subckt,
        "ends" | "eom" => Kind::Ends,
        "if" => Kind::If,
        "elseif" | "elif" => Kind::ElseIf,
        "else" => Kind::Else,
        "endif" => Kind::EndIf,
        "title" => Kind::Title,
        "end" => Kind::End,
        "enddata" | "endl" | "endc" => Kind::Nothing,
        _ if IGNORED.contains(&key) => Kind::Ignored,
        _ => Kind::Unknown,
    }
}

/// An unknown card, with the nearest known one.
pub(super) fn unknown(key: &str, span: Span, studies: &[String]) -> Diagnostic {
    const BLOCKS: [&str; 7] = ["subckt", "ends", "if", "elseif", "else", "endif", "end"];
    let words = SIMPLE.iter().flat_map(|(words, ..)| words.iter().copied()).chain(BLOCKS);
    let words = words.chain(studies.iter().map(String::as_str));
    let nearest = words.map(|w| (strsim::damerau_levenshtein(key, w), w)).min();
    let error = Diagnostic::error("E-CARD", format!("unknown card `.{key}`")).at(span);
    match nearest {
        Some((distance, word)) if distance <= 2 && distance < key.len() => {
            error.help(format!("did you mean `.{word}`?"))
        }
        _ => error.help("analyses are .op .dc .tran .tf; a comment starts with `*`"),
    }
}

/// Runs a parser over the whole line; what is left over, or a fault, becomes the diagnostic.
pub(super) fn complete<'a, T>(
    i: Text<'a>,
    parse: impl FnOnce(Text<'a>) -> Parsed<'a, T>,
    form: &str,
) -> Result<T, Diagnostic> {
    let fault = match parse(i) {
        Ok((rest, found)) if at_end(rest) => return Ok(found),
        Ok((rest, _)) => card::unexpected::<T>(rest.trimmed()).err(),
        Err(error) => Some(error),
    };
    let told = match fault {
        Some(nom::Err::Error(fault) | nom::Err::Failure(fault)) => fault.into_diagnostic(i.line(), form),
        _ => Diagnostic::error("E-SYNTAX", "incomplete line").at(i.whole()),
    };
    Err(told)
}

/// The form of an element line, by its letter.
pub(super) fn element_form(line: &str) -> &'static str {
    match line.bytes().next().map(|b| b.to_ascii_lowercase()) {
        Some(b'r') => "Rname node node value [key=value ..]",
        Some(b'c') => "Cname node node value [ic=volts] [key=value ..]",
        Some(b'l') => "Lname node node value [ic=amperes] [key=value ..]",
        Some(b'k') => "Kname L1 L2 coefficient",
        Some(b'v' | b'i') => "Vname node node [DC value] [AC magnitude [phase]] [PULSE|SIN|PWL|EXP|SFFM|AM (..)]",
        Some(b'e' | b'g') => "Ename node node (node node gain | VALUE={..} | POLY(n) .. | TABLE {..} = (x,y) ..)",
        Some(b'f' | b'h') => "Fname node node source gain, or POLY(n) ..",
        Some(b'b') => "Bname node node V={expression} | I={expression} | R={expression}",
        Some(b's') => "Sname node node control+ control- model [on|off]",
        Some(b'w') => "Wname node node source model [on|off]",
        Some(b'd') => "Dname anode cathode model [area] [off]",
        Some(b'm') => "Mname drain gate source bulk model [off] [W=..] [L=..] [key=value ..]",
        Some(b'n') => "Nname node node model [key=value ..]",
        Some(b'y') => "Ykind name node node model [key=value ..]",
        Some(b'x') => "Xname node .. subcircuit [params:] [key=value ..]",
        _ => "element lines start with one of R C L K V I E F G H B S W D M X Y N",
    }
}

fn one<'a, T>(
    i: Text<'a>,
    out: &mut Vec<Statement>,
    parse: impl Fn(Text<'a>) -> Parsed<'a, T>,
    wrap: fn(T) -> Statement,
) -> Parsed<'a, ()> {
    let (rest, found) = parse(i)?;
    out.push(wrap(found));
    Ok((rest, ()))
}

fn op<'a>(i: Text<'a>, out: &mut Vec<Statement>) -> Parsed<'a, ()> {
    out.push(Statement::Analysis(AnalysisCard { kind: AnalysisKind::Op, span: i.whole() }));
    Ok((i, ()))
}

fn temp<'a>(i: Text<'a>, out: &mut Vec<Statement>) -> Parsed<'a, ()> {
    let (rest, values) = definitions::values(i)?;
    out.push(Statement::Temp(values, i.whole()));
    Ok((rest, ()))
}

/// `.include` and `.lib` are followed while reading; one that is left has no file name.
fn nameless<'a>(i: Text<'a>, _: &mut Vec<Statement>) -> Parsed<'a, ()> {
    i.expected("a file name")
}
