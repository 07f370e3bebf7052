//! Netlist text to deck: the quirks of published netlists, as small decks of our own.

use sneakpath::diag::{Diagnostic, Severity};
use sneakpath::netlist::ast::{Deck, Dialect, Element, ElementKind, Expr, ExprKind, Statement, Subckt};
use sneakpath::netlist::{ReadOptions, parse, parse_text};

fn read(body: &str) -> (Deck, Vec<Diagnostic>) {
    parse_text("deck.cir", &format!("title\n{body}"), &ReadOptions::default())
}

/// The deck, when nothing is wrong with it.
fn clean(body: &str) -> Deck {
    let (deck, diagnostics) = read(body);
    let errors: Vec<_> = diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{body}\n{errors:#?}");
    deck
}

fn codes(body: &str) -> Vec<&'static str> {
    read(body).1.iter().map(|d| d.code).collect()
}

fn subckt(deck: &Deck) -> &Subckt {
    let found = deck.body.iter().find_map(|s| if let Statement::Subckt(s) = s { Some(s) } else { None });
    found.expect("a subcircuit")
}

fn elements(body: &[Statement]) -> Vec<&Element> {
    body.iter().filter_map(|s| if let Statement::Element(e) = s { Some(e) } else { None }).collect()
}

fn texts(list: &[Expr]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

#[test]
fn every_bad_card_gives_one_error_and_the_rest_is_read() {
    let body = "R1 a 0 1k\nQ1 c b e n\n.trann 1n 1u\nR2 a\n.ac dec 10 1 1g\n.param a=1 b=) \nC1 a 0 0x10\n\
                .model d1\n.backanno\nR3 a 0 3\n.subckt s a\nR1 a 0 {1+}\n.ends\n.end\ngarbage\n";
    let (deck, diagnostics) = read(body);
    let shown: Vec<(&str, &str)> =
        diagnostics.iter().map(|d| (d.code, deck.sources.text(d.span.expect("a place")))).collect();
    assert_eq!(
        shown,
        [
            ("E-ELEMENT", "Q1"),
            ("E-CARD", ".trann"),
            ("E-SYNTAX", ""),
            ("E-CARD", ".ac"),
            ("E-SYNTAX", ")"),
            ("E-NUM", "0x10"),
            ("E-SYNTAX", ""),
            ("N-IGNORED", ".backanno"),
            ("E-SYNTAX", "}"),
        ]
    );
    assert_eq!(diagnostics[1].help.as_deref(), Some("did you mean `.tran`?"));
    assert!(diagnostics.iter().filter(|d| d.severity == Severity::Error).all(|d| d.help.is_some()));
    assert_eq!(elements(&deck.body).len(), 2);
    assert!(matches!(&deck.body[1], Statement::Param(list) if list.len() == 1), "a=1 is kept");
    assert!(subckt(&deck).body.is_empty());
}

#[test]
fn spans_are_physical_even_across_continuations() {
    let text = "title\nR1 a b ; comment\n* between\n+ {1 + x\n+ * y}\n";
    let (deck, _) = parse_text("t", text, &ReadOptions::default());
    let e = elements(&deck.body)[0];
    let ElementKind::Passive { value: Some(value), .. } = &e.kind else { panic!() };
    assert_eq!(deck.sources.text(value.span), "{1 + x\n+ * y}");
    assert_eq!(value.to_string(), "(1.0 + (x * y))");
    assert_eq!(deck.sources.line_column(value.span), (4, 3));
    assert_eq!(deck.sources.text(e.nodes[1].span), "b");
    assert_eq!(deck.sources.text(e.span), "R1 a b ; comment\n* between\n+ {1 + x\n+ * y}");
}

#[test]
fn titles_and_the_lost_element() {
    let title = |text: &str| parse_text("t", text, &ReadOptions::default());
    assert_eq!(title("* My Title \nR1 a 0 1\n").0.title, "My Title");
    assert_eq!(title("").0.title, "");
    assert_eq!(title("first\n.title Second One\n").0.title, "Second One");
    let warned = |text: &str| title(text).1.iter().any(|d| d.code == "W-TITLE");
    assert!(warned("V1 in 0 5\nR1 in 0 1k\n"));
    assert!(warned(".tran 1n 1u\nR1 in 0 1k\n"));
    assert!(!warned("RC low pass\nR1 in 0 1k\n"));
    assert!(!warned("Vehicle in 0 hours\nR1 a 0 1k\n"));
    assert!(!warned(".title hello\nR1 a 0 1k\n"));
}

#[test]
fn memristor_subcircuit_with_state_capacitor() {
    let deck = clean(
        ".subckt mem plus minus PARAMS: Ron=1K Roff=100K Rinit = {Roff/2} D=10N uv=10F p=1\n\
         Gx 0 x value={ I(Emem)*uv*Ron/D**2*f(V(x),p)}\n\
         Cx x 0 1 IC={(Roff-Rinit)/(Roff-Ron)}\nRaux x 0 1MEG\n\
         Emem plus aux value={-I(Emem)*V(x)*(Roff-Ron)}\nRoff aux minus {Roff}\n\
         Eflux flux 0 value={SDT(V(plus,minus))}\n.func f(x,p)={1-(2*x-1)**(2*p)}\n.ENDS memristor\n",
    );
    let s = subckt(&deck);
    assert_eq!(s.params.len(), 6);
    assert_eq!(elements(&s.body).len(), 6);
    assert!(s.body.iter().any(|s| matches!(s, Statement::Func(f) if f.formals.len() == 2)));
    assert_eq!(codes(".subckt a b\n.ends c\n"), ["N-ENDS"]);
}

#[test]
fn ltspice_habits() {
    let deck = clean(
        ". subckt m te be xsv\n.params a1=0.17 a2=0.17 b=0.05\n. IC V(XSV)=x0\nCx XSV 0 {1}\n\
         .func IVRel(V1,V2) = IF(V1 >= 0, a1*V2*sinh(b*V1), a2*V2*sinh(b*V1) )\n.func sign2(V) (sgn(V)+1)/2\n\
         Gm TE BE value={IVRel(V(TE,BE),V(XSV,0))}\n.ends m\n.backanno\n",
    );
    assert_eq!(deck.dialect, Dialect::Ltspice);
    let s = subckt(&deck);
    assert_eq!(s.name.text, "m");
    let funcs: Vec<String> = s
        .body
        .iter()
        .filter_map(|s| if let Statement::Func(f) = s { Some(f.body.to_string()) } else { None })
        .collect();
    assert_eq!(funcs[1], "((sgn(v) + 1.0) / 2.0)");
    assert!(funcs[0].starts_with("if((v1 >= 0.0), "));
    assert!(s.body.iter().any(|s| matches!(s, Statement::Ic(list) if list[0].node.name == "xsv")));
}

#[test]
fn hspice_habits() {
    let deck = clean(
        ".option post\n.param f1(x)='x*2' vdd=1 edge=1n width='10n'\n\
         .param cond(a,b) = '(a>b)?(a):((b)?{f1(b)}:0)'\n\
         V1 a gnd! PULSE 0V VDD 0 edge edge width total\n\
         Gm a b cur='f1(v(x))' \nE1 x 0 vol='pwr(v(a), 2)'\nR1 a b R='1k'\n.global vcc gnd!\n\
         .print PAR('-I(V1)') v(a)\n.probe v(x*.*) i(*) alli\n.tran 1n 10n sweep monte=10\n",
    );
    assert_eq!(deck.dialect, Dialect::Hspice);
    let outputs: Vec<Vec<String>> = deck
        .body
        .iter()
        .filter_map(|s| if let Statement::Output(o) = s { Some(texts(&o.items)) } else { None })
        .collect();
    assert_eq!(outputs, [vec!["(-i(v1))", "v(a)"], vec!["v(x*.*)", "i(*)", "alli"]]);
}

#[test]
fn xyce_habits() {
    let deck = clean(
        "ymemristor mr1 n1 0 mrm2 xo=0.3\n.model mrm2 memristor level=2 ron=50 roff=1000\n\
         .options timeint reltol=1e-3\n.print tran FORMAT=CSV FILE=Out.csv v(n1) {I(V1)*2} n(ymemristor!mr1_x) R1:R\n\
         .global_param a=1\n",
    );
    assert_eq!(deck.dialect, Dialect::Xyce);
    let Some(Statement::Output(o)) = deck.body.iter().find(|s| matches!(s, Statement::Output(_))) else { panic!() };
    assert_eq!(texts(&o.items), ["v(n1)", "(i(v1) * 2.0)", "n(ymemristor!mr1_x)", "@r1[r]"]);
    assert_eq!(o.file.as_ref().map(|f| f.path.as_str()), Some("Out.csv"));
    assert_eq!(o.format.as_ref().map(|f| f.text.as_str()), Some("csv"));
}

#[test]
fn ngspice_memristor_example_style() {
    let (deck, diagnostics) = read(
        ".param stime=10n\n.csparam vmax = {stime}\n.subckt memristor plus minus rinit=7k beta=20e3/stime\n\
         Bx 0 x I='((f1(V(plus,minus))> 0) && (V(x) < 10k)) ? {f1(V(plus,minus))}: ((((f1(V(plus,minus)) < 0) && \
         (V(x)>1k)) ? {f1(V(plus,minus))}: 0))'\nCx x 0 1 IC={rinit}\nRmem plus minus r={V(x)}\n\
         .func f1(y)={beta*y}\n.ends\n.control\nalter @V1[sin] [ 0 $&vmax 100 ]\nrun\n.endc\n.end\n",
    );
    assert_eq!(diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), ["W-CONTROL"]);
    assert_eq!(deck.dialect, Dialect::Ngspice);
    assert_eq!(subckt(&deck).params[1].value.to_string(), "(20000.0 / stime)");
}

#[test]
fn pyspice_text() {
    let deck = clean(".title Memristor\n.options TEMP = 25°C\n.options TNOM = 25°C\n.ic\n.tran 100us 3ms 0s\n.end");
    let Statement::Options(list) = &deck.body[0] else { panic!() };
    assert_eq!(list[0].value.as_ref().map(ToString::to_string).as_deref(), Some("25.0"));
    assert!(matches!(&deck.body[2], Statement::Ic(list) if list.is_empty()));
}

#[test]
fn forgiven_slips() {
    clean("R1 a 0 {1*(2+3}\nC1 a 0 {1}IC={0.5}\n.tran 0.1n 1.5u\n.end*\nnot read\n");
    clean(".subckt s a\nR1 a 0 1\n.END s\nX1 a s\nR2 a 0 {exp(x*(x<=log(m)))*(x<=log(m))}\n");
    clean("G1 a b value={\n+ -\n+ (V(a)\n* comment\n+ )}\n\t+ m=2\n");
    clean("R1 a b 10 \\\\\n tc1=1\n");
    let many: String = (0..600).map(|n| format!(" p{n}")).collect();
    assert_eq!(subckt(&clean(&format!(".subckt big{many}\n.ends\n"))).ports.len(), 600);
}

#[test]
fn definitions() {
    let deck = clean(
        ".model sw1 SW(Ron=1, Roff=1Meg vt = 0.5 vh=-0.1)\n.model d1 D Is=1e-14 N = {n*2}\n\
         .nodeset v(a)=1 v( b )= {x}\n.guess c=2\n.temp -40 25 {t}\n.options reltol=1e-4 noacct method=gear\n\
         .data tab x y\n+ 1 2\n+ 3 4\n.enddata\n.data t2 x\n1\n2 {a}\n.enddata\n.data t3 FILE=\"My data.csv\"\n",
    );
    let Statement::Model(m) = &deck.body[0] else { panic!() };
    assert_eq!((m.name.text.as_str(), m.kind.text.as_str(), m.params.len()), ("sw1", "sw", 4));
    assert!(matches!(&deck.body[1], Statement::Model(m) if m.params[1].value.to_string() == "(n * 2.0)"));
    assert!(matches!(&deck.body[2], Statement::Nodeset(l) if l.len() == 2 && l[1].node.name == "b"));
    assert!(matches!(&deck.body[3], Statement::Nodeset(l) if l[0].node.name == "c"));
    assert!(matches!(&deck.body[4], Statement::Temp(l, _) if texts(l) == ["(-40.0)", "25.0", "t"]));
    let Statement::Options(o) = &deck.body[5] else { panic!() };
    assert!(o[1].value.is_none());
    assert!(matches!(&o[2].value, Some(Expr { kind: ExprKind::Name(n), .. }) if n == "gear"));
    assert!(matches!(&deck.body[6], Statement::Data(d) if d.columns.len() == 2 && d.values.len() == 4));
    assert!(matches!(&deck.body[7], Statement::Data(d) if texts(&d.values) == ["1.0", "2.0", "a"]));
    assert!(matches!(&deck.body[8], Statement::Data(d) if d.file.as_ref().is_some_and(|f| f.path == "My data.csv")));
}

#[test]
fn conditional_blocks() {
    let deck = clean(".if (a > 1)\nR1 a 0 1\n.elseif (a == 0)\nR2 a 0 1\nR3 a 0 1\n.else\nR4 a 0 1\n.endif\n");
    let Statement::If(block) = &deck.body[0] else { panic!() };
    assert_eq!(block.branches.len(), 2);
    assert_eq!(block.branches[0].0.to_string(), "(a > 1.0)");
    assert_eq!((block.branches[1].1.len(), block.otherwise.len()), (2, 1));
    assert_eq!(codes(".else\n"), ["E-IF"]);
    assert_eq!(codes(".if (1)\n"), ["E-IF"]);
    assert_eq!(codes(".subckt a b\n.if (1)\n.ends\n"), ["E-IF"]);
    assert_eq!(codes(".ends\n"), ["E-SUBCKT"]);
    assert_eq!(codes(".subckt a b\n"), ["E-SUBCKT"]);
}

#[test]
fn output_requests() {
    let deck = clean(
        ".print tran v(a) v(a,b) i(v1) @r1[i] par('v(a)*2') {v(b)} p(r1) w(r1) r1:r 2*v(a) -v(b)\n\
         .save all @x1.r1[i] v(x) w[0:3] x1.* v(xa.wl[3,5]) i(xa.c[0:7,*])\n\
         .plot dc v(a) (0,5) vs=v(b) title=\"I-V\" log=1\n.print i(vb_*) @Xa.c_3_5[x] out\n.save i(vb[0:7])\n",
    );
    let items = |n: usize| match &deck.body[n] {
        Statement::Output(o) => texts(&o.items),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        items(0),
        [
            "v(a)",
            "v(a, b)",
            "i(v1)",
            "@r1[i]",
            "(v(a) * 2.0)",
            "v(b)",
            "p(r1)",
            "w(r1)",
            "@r1[r]",
            "(2.0 * v(a))",
            "(-v(b))"
        ]
    );
    assert_eq!(items(1), ["all", "@x1.r1[i]", "v(x)", "v(w[0:3])", "v(x1.*)", "v(xa.wl_3_5)", "i(xa.c_[0:7]_*)"]);
    assert_eq!(items(2), ["v(a)"]);
    assert!(matches!(&deck.body[2], Statement::Output(o) if o.params.len() == 3));
    assert_eq!(items(3), ["i(vb_*)", "@xa.c_3_5[x]", "out"]);
    assert_eq!(items(4), ["i(vb[0:7])"]);
}

#[test]
fn array_cards() {
    let deck = clean(
        ".xbar XB 64 {n} CELL=c1s1r(wl bl)\n+ RWL=2.5 RBL=2.5 CWL=20a CBL=20a RWLT=0\n+ WLSIDE=left BLSIDE=bottom\n\
         + x0=FILE(\"State.npy\") ron={agauss(1k,100,3)} roff=FILE(\"roff.csv\" SCALE=1e3)\n\
         + FAULTS=FILE(\"faults.csv\") SA0=0.01\n\
         Xa  W[0:63] B[0:63]  XB  ron=1.2k\nVw[0:63] W[0:63] 0 PWL FILE \"pulses.csv\" COL=#\nVb[0:63] B[0:63] 0 0\n\
         .xout Xa x v i g AT=10n, 20n,END FILE=\"Snap.npz\" STATE=\"s.npy\"\n.xout xa r\n",
    );
    let Statement::Xbar(x) = &deck.body[0] else { panic!() };
    assert_eq!((x.rows.to_string(), x.cols.to_string()), ("64.0".into(), "n".into()));
    assert_eq!(x.roles.iter().map(|r| r.text.as_str()).collect::<Vec<_>>(), ["wl", "bl"]);
    let params: Vec<String> = x.params.iter().map(|p| format!("{}={}", p.name.text, p.value)).collect();
    assert_eq!(
        params,
        [
            "rwl=2.5",
            "rbl=2.5",
            "cwl=2e-17",
            "cbl=2e-17",
            "rwlt=0.0",
            "wlside=left",
            "blside=bottom",
            "x0=FILE(\"State.npy\")",
            "ron=agauss(1000.0, 100.0, 3.0)",
            "roff=FILE(\"roff.csv\" SCALE=1000.0)",
            "faults=FILE(\"faults.csv\")",
            "sa0=0.01"
        ]
    );
    let Statement::Xout(o) = &deck.body[4] else { panic!("{:?}", deck.body[4]) };
    assert_eq!(texts(&o.at), ["1e-8", "2e-8", "end"]);
    assert_eq!(o.quantities.iter().map(|q| q.text.as_str()).collect::<Vec<_>>(), ["x", "v", "i", "g"]);
    assert_eq!(o.file.as_ref().map(|f| f.path.as_str()), Some("Snap.npz"));
    assert_eq!(o.state.as_ref().map(|f| f.path.as_str()), Some("s.npy"));
}

#[test]
fn the_card_of_an_include_without_a_name_and_a_missing_file() {
    assert_eq!(codes(".include\n"), ["E-SYNTAX"]);
    let (_, diagnostics) = parse(std::path::Path::new("/nonexistent/deck.cir"), &ReadOptions::default());
    assert_eq!(diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), ["E-FILE"]);
}

/// An array written out, as generators do: three lines a cell, and the drivers.
fn expanded_array(n: usize) -> String {
    use std::fmt::Write;
    let mut text = format!("{n}x{n}\n");
    for r in 0..n {
        writeln!(text, "Vw{r} W{r}_0 0 PWL(0 0 1n 0.7)\nVb{r} B{n}_{r} 0 0").expect("memory");
        for c in 0..n {
            writeln!(
                text,
                "RW{r}_{c} W{r}_{c} W{r}_{d} 2.5\nRB{r}_{c} B{r}_{c} B{e}_{c} 2.5\nX{r}_{c} W{r}_{d} B{r}_{c} RRAM x=0.1 s=1",
                d = c + 1,
                e = r + 1
            )
            .expect("memory");
        }
    }
    text
}

/// 200,000 lines: a reader whose work grows with the square of them would not come to an end here.
#[test]
fn long_netlists_are_read() {
    let n = 256;
    let (deck, diagnostics) = parse_text("t", &expanded_array(n), &ReadOptions::default());
    assert!(diagnostics.is_empty());
    assert_eq!(elements(&deck.body).len(), 3 * n * n + 2 * n);
}
