//! Whatever the bytes, reading ends, nothing panics, and every span lies inside its text on character boundaries.

use proptest::prelude::*;
use sneakpath::diag::{Diagnostic, SourceMap, Span};
use sneakpath::netlist::ast::{Deck, Statement};
use sneakpath::netlist::{ReadOptions, parse, parse_text};

const DECK: &str = "fuzz seed\n.param a=1 b={a*2} f(x)='x**2'\n.subckt mem p m PARAMS: ron=1k x0=0.1\n\
    Gx 0 x value={I(Em)*ron*(V(x)<=1)}\nCx x 0 1 IC={x0}\nEm p m VALUE={-I(Em)*V(x)}\n.ends mem\n\
    .model d1 D(Is=1e-14 N=1)\n.xbar XB 4 4 CELL=mem(wl bl) RWL=2.5 x0=FILE(\"s.npy\" SCALE=2)\n\
    Xa W[0:3] B[0:3] XB ron=1.2k\nVw[0:3] W[0:3] 0 PWL FILE \"p.csv\" COL=#\nVb[0:3] B[0:3] 0 DC 0 AC 1 SIN(0 1 1k)\n\
    B1 q 0 V='(V(a,b)>0)?{a}:b' ; comment\nR1 q 0 4k7 tc=1,2\n+ m=2 * remark\nE1 e 0 POLY(2) q 0 w 0 0 1 1\n\
    E2 e2 0 TABLE {V(q)} = (0,0) (1,2)\nS1 a b c d sw on\nK1 L1 L2 0.9\nYvteam m1 a b mod x0=1\n\
    .if (a>1)\n.ic v(a)=1\n.else\n.nodeset v(b)=2\n.endif\n.data t x\n1\n.enddata\n.step param a list 1 2\n\
    .dc v1 0 1 .1 temp 0 1 1\n.tran 1n 1u uic\n.meas tran e TRIG v(a) VAL=1 RISE=1 TARG v(b)=2 FALL=LAST\n\
    .meas tran p AVG v(a)*i(v1) FROM=1n TO=2n\n.print tran v(a) @r1[i] xa.c[3,5] par('a')\n.xout Xa x AT=1n,END FILE=\"f\"\n\
    .control\nrun\n.endc\n.options reltol=1e-3\n.func g(v) v*V(a)\n.end\n";

fn check(span: Span, sources: &SourceMap) {
    let text = &sources.get(span.source).expect("a source").text;
    let (start, end) = (span.start as usize, span.end as usize);
    assert!(start <= end && end <= text.len(), "{span:?} in {} bytes", text.len());
    assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{span:?}");
}

/// All spans of a debug rendering: the tree has too many kinds of nodes to name them one by one.
fn spans(rendered: &str) -> Vec<Span> {
    let number =
        |text: &str| text.split(|c: char| !c.is_ascii_digit()).next().and_then(|n| n.parse().ok()).unwrap_or(0);
    rendered
        .match_indices("Span { source: SourceId(")
        .map(|(at, head)| {
            let tail = &rendered[at + head.len()..];
            let after = |key: &str| tail.find(key).map_or(0, |n| number(&tail[n + key.len()..]));
            Span { source: sneakpath::diag::SourceId(number(tail)), start: after("start: "), end: after("end: ") }
        })
        .collect()
}

fn sound((deck, diagnostics): (Deck, Vec<Diagnostic>)) -> usize {
    let body: &[Statement] = &deck.body;
    let all = spans(&format!("{body:?} {diagnostics:?} {:?}", deck.title_span));
    for span in &all {
        check(*span, &deck.sources);
    }
    all.len()
}

fn read(text: &str) -> usize {
    sound(parse_text("fuzz.cir", text, &ReadOptions::default()))
}

const TOKENS: [&str; 60] = [
    "R1", "C1", "V1", "X1", "E1", "B1", "D1", "K1", "S1", "W1", "Yv", "N1", ".param", ".model", ".subckt", ".ends",
    ".if", ".else", ".endif", ".meas", ".print", ".tran", ".dc", ".step", ".xbar", ".xout", ".data", ".ic", ".options",
    ".func", "a", "0", "v(a)", "i(", "1k", "4k7", "1e", "-", "+", "*", "**", "/", "(", ")", "{", "}", "'", "\"", "=",
    ",", "[0:3]", "@r1[i]", "pwl", "file", "poly(2)", "when", "trig", "µ", "\n", "\n+",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("fuzz.cir");
        std::fs::write(&path, &bytes).expect("a file");
        sound(parse(&path, &ReadOptions::default()));
    }

    #[test]
    fn random_text(text in "\\PC{0,300}") {
        read(&format!("title\n{text}"));
    }

    #[test]
    fn mutated_decks(edits in proptest::collection::vec((0..DECK.len(), 0..4usize, "\\PC{0,3}|[({'\"\\[=.*+]|\n"), 1..12)) {
        let mut text = DECK.to_owned();
        for (at, cut, insert) in edits {
            let mut from = at.min(text.len());
            while !text.is_char_boundary(from) {
                from -= 1;
            }
            let mut to = (from + cut).min(text.len());
            while !text.is_char_boundary(to) {
                to += 1;
            }
            text.replace_range(from..to, &insert);
        }
        read(&text);
    }

    #[test]
    fn token_soup(picks in proptest::collection::vec((0..TOKENS.len(), any::<bool>()), 0..80)) {
        let mut text = String::from("title\n");
        for (pick, blank) in picks {
            text.push_str(TOKENS[pick]);
            if blank {
                text.push(' ');
            }
        }
        read(&text);
    }
}

#[test]
fn the_seed_deck_is_valid_and_its_spans_are_many() {
    let (deck, diagnostics) = parse_text("fuzz.cir", DECK, &ReadOptions::default());
    assert!(!sneakpath::diag::has_errors(&diagnostics), "{diagnostics:#?}");
    assert!(sound((deck, diagnostics)) > 200);
}
