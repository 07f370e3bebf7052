use super::*;
use crate::diag::{Diagnostic, Severity};
use crate::netlist::ast::{BusRange, Control, Statement};
use crate::netlist::{ReadOptions, parse_text};

fn read(line: &str) -> (Option<Element>, Vec<Diagnostic>) {
    let (deck, diagnostics) = parse_text("t", &format!("title\n{line}\n"), &ReadOptions::default());
    let element = deck.body.into_iter().find_map(|s| if let Statement::Element(e) = s { Some(e) } else { None });
    (element, diagnostics)
}

fn element(line: &str) -> Element {
    let (element, diagnostics) = read(line);
    assert!(diagnostics.iter().all(|d| d.severity != Severity::Error), "{line} {diagnostics:?}");
    element.unwrap()
}

/// `name nodes | kind | params` in one line.
fn show(line: &str) -> String {
    let e = element(line);
    let text = |x: &Option<Expr>| x.as_ref().map_or("-".into(), ToString::to_string);
    let name = |x: &Option<Name>| x.as_ref().map_or("-".into(), |n| n.text.clone());
    let join = |x: &[NodeRef]| x.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let exprs = |x: &[Expr]| x.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let names = |x: &[Name]| x.iter().map(|n| n.text.clone()).collect::<Vec<_>>().join(" ");
    let kind = match &e.kind {
        ElementKind::Passive { value, charge: None, model } => format!("{} {}", text(value), name(model)),
        ElementKind::Passive { charge, .. } => format!("q={}", text(charge)),
        ElementKind::Coupling { inductors, coefficient } => format!("{} {}", names(inductors), text(coefficient)),
        ElementKind::Source { dc, .. } => text(dc),
        ElementKind::Controlled(Control::LinearVoltage { nodes, gain }) => {
            format!("{} {}", join(nodes), text(gain))
        }
        ElementKind::Controlled(Control::LinearCurrent { source, gain }) => {
            format!("{} {}", source.text, text(gain))
        }
        ElementKind::Controlled(Control::PolyVoltage { nodes, coefficients }) => {
            format!("poly {} {}", join(nodes), exprs(coefficients))
        }
        ElementKind::Controlled(Control::PolyCurrent { sources, coefficients }) => {
            format!("poly {} {}", names(sources), exprs(coefficients))
        }
        ElementKind::Controlled(Control::Value(e)) => format!("value {e}"),
        ElementKind::Controlled(Control::Table { input, points }) => {
            format!("table {input}{}", points.iter().map(|(x, y)| format!(" ({x},{y})")).collect::<String>())
        }
        ElementKind::Behavioural { quantity, value } => format!("{quantity:?} {value}"),
        ElementKind::VoltageSwitch { control, model, initially_on } => {
            format!("{} {} {initially_on:?}", join(control), name(model))
        }
        ElementKind::CurrentSwitch { source, model, initially_on } => {
            format!("{} {} {initially_on:?}", name(source), name(model))
        }
        ElementKind::Modelled { kind, model, area, off } => {
            format!("{} {} {} {off}", name(kind), name(model), text(area))
        }
        ElementKind::Instance { definition } => name(definition),
    };
    let params: Vec<String> = e.params.iter().map(|p| format!("{}={}", p.name.text, p.value)).collect();
    format!("{} {} | {kind} | {}", e.name.text, join(&e.nodes), params.join(" "))
}

#[test]
fn passives() {
    for (line, expected) in [
        ("R1 a b 1k", "r1 a b | 1000.0 - | "),
        ("R1 a b R=1+V(x)", "r1 a b | (1.0 + v(x)) - | "),
        ("R1 a b R='1 + V(x)' tc1=1", "r1 a b | (1.0 + v(x)) - | tc1=1.0"),
        ("R1 a b r = {V(x)}", "r1 a b | v(x) - | "),
        ("R1 a b {e} tc=1,2 m=2", "r1 a b | e - | tc1=1.0 tc2=2.0 m=2.0"),
        ("R1 a b 1k tc=1m", "r1 a b | 1000.0 - | tc1=0.001"),
        ("R1 a b rmod l=1u w = 2u", "r1 a b | - rmod | l=1e-6 w=2e-6"),
        ("R1 a b 1k rmod", "r1 a b | 1000.0 rmod | "),
        ("R1 a b rmod 1k", "r1 a b | 1000.0 rmod | "),
        ("R1 a b -1k", "r1 a b | (-1000.0) - | "),
        ("R1 (a,b) 1k", "r1 a b | 1000.0 - | "),
        ("R1 a b", "r1 a b | - - | "),
        ("RW3_5 W3_5 W3_6 2", "rw3_5 w3_5 w3_6 | 2.0 - | "),
        ("R1 a b r0*2", "r1 a b | (r0 * 2.0) - | "),
        ("C1 a 0 1p ic=0.5", "c1 a 0 | 1e-12 - | ic=0.5"),
        ("Cx XSV 0 {1}IC={x0}", "cx xsv 0 | 1.0 - | ic=x0"),
        ("C1 a 0 1pIC=0", "c1 a 0 | 1e-12 - | ic=0.0"),
        ("C1 a 0 C='1p*(1+V(a))'", "c1 a 0 | (1e-12 * (1.0 + v(a))) - | "),
        ("C1 a 0 Q={V(a)*1p}", "c1 a 0 | q=(v(a) * 1e-12) | "),
        ("C1 a 0 20a", "c1 a 0 | 2e-17 - | "),
        ("L1 a b 1n Rser=1", "l1 a b | 1e-9 - | rser=1.0"),
        ("K1 L1 L2 0.9", "k1  | l1 l2 0.9 | "),
        ("K1 L1 L2 L3 {k}", "k1  | l1 l2 l3 k | "),
        ("K1 L1 L2 kk", "k1  | l1 l2 kk | "),
    ] {
        assert_eq!(show(line), expected, "{line}");
    }
}

#[test]
fn controlled_sources() {
    for (line, expected) in [
        ("E1 a b c d 2", "e1 a b | c d 2.0 | "),
        ("E1 (a,b) (c,0) {g}", "e1 a b | c 0 g | "),
        ("G1 a b c d 1m m=2", "g1 a b | c d 0.001 | m=2.0"),
        ("E1 a 0 VCVS c d 2", "e1 a 0 | c d 2.0 | "),
        ("E1 a 0 POLY(2) c 0 d 0 0 1 1", "e1 a 0 | poly c 0 d 0 0.0 1.0 1.0 | "),
        ("E1 a 0 POLY(2) (c,0) (d,0) 0 1 -1", "e1 a 0 | poly c 0 d 0 0.0 1.0 (-1.0) | "),
        ("G1 a b value={I(G1)*V(x)}", "g1 a b | value (i(g1) * v(x)) | "),
        ("G1 a b VALUE = { V(a) }", "g1 a b | value v(a) | "),
        ("E1 a b VALUE {V(c)}", "e1 a b | value v(c) | "),
        ("E1 a b vol='V(c)*2'", "e1 a b | value (v(c) * 2.0) | "),
        ("G1 a b cur='V(c)/r'", "g1 a b | value (v(c) / r) | "),
        ("G1 a b VALUE=V(a)*2 + 1", "g1 a b | value ((v(a) * 2.0) + 1.0) | "),
        ("E1 a 0 TABLE {V(x)} = (0,0) (1,2)", "e1 a 0 | table v(x) (0.0,0.0) (1.0,2.0) | "),
        ("E1 a 0 TABLE {V(x)} ((-1,0),(1,2))", "e1 a 0 | table v(x) ((-1.0),0.0) (1.0,2.0) | "),
        ("E1 a 0 table {V(x)} = 0 0 1 2", "e1 a 0 | table v(x) (0.0,0.0) (1.0,2.0) | "),
        ("E1 a 0 c d table=(0,0,1,2)", "e1 a 0 | table v(c, d) (0.0,0.0) (1.0,2.0) | "),
        ("F1 a b v1 2", "f1 a b | v1 2.0 | "),
        ("H1 a b POLY(1) v1 0 1k", "h1 a b | poly v1 0.0 1000.0 | "),
    ] {
        assert_eq!(show(line), expected, "{line}");
    }
}

#[test]
fn behavioural_sources_switches_and_models() {
    for (line, expected) in [
        ("B1 a 0 V=V(c)*3 + I(v1) tc1=1", "b1 a 0 | Voltage ((v(c) * 3.0) + i(v1)) | tc1=1.0"),
        ("B1 a 0 I='(a)?{b}:(c)'", "b1 a 0 | Current (a ? b : c) | "),
        ("B1 a 0 m=2 R = {1k}", "b1 a 0 | Resistance 1000.0 | m=2.0"),
        ("S1 a b c d sw1 ON", "s1 a b | c d sw1 Some(true) | "),
        ("S1 a b c d sw1", "s1 a b | c d sw1 None | "),
        ("S1 a b c d off sw1", "s1 a b | c d sw1 Some(false) | "),
        ("W1 a b vs sw1 off", "w1 a b | vs sw1 Some(false) | "),
        ("D1 a k dm 2 off temp=27", "d1 a k | - dm 2.0 true | temp=27.0"),
        ("D1 a k 1N4148", "d1 a k | - 1n4148 - false | "),
        ("D1 a k dm area=2", "d1 a k | - dm - false | area=2.0"),
        ("N1 te be mem x0=0.1", "n1 te be | - mem - false | x0=0.1"),
        ("Ymemristor mr1 n1 n2 mrm2 xo=0.5", "mr1 n1 n2 | memristor mrm2 - false | xo=0.5"),
        ("Yvteam m1 a b ron=1k", "m1 a b | vteam - - false | ron=1000.0"),
        ("X1 a b c sub", "x1 a b c | sub | "),
        ("X1 a b sub PARAMS: r=1 x = {y}", "x1 a b | sub | r=1.0 x=y"),
        ("X1 a b sub r = a + 1 m=2", "x1 a b | sub | r=(a + 1.0) m=2.0"),
        ("Xa W[0:3] B[0:3] XB ron=1.2k", "xa w[0:3] b[0:3] | xb | ron=1200.0"),
        ("X1 a sub params: f=\"x.csv\"", "x1 a | sub | f=x.csv"),
        ("X1 a sub datafile=\"X y.csv\"", "x1 a | sub | datafile=\"X y.csv\""),
    ] {
        assert_eq!(show(line), expected, "{line}");
    }
}

#[test]
fn bus_ranges_stay_in_the_tree() {
    let e = element("Vw[0:63] W[63:0] 0 1");
    assert_eq!((e.name.text.as_str(), e.range), ("vw", Some(BusRange { first: 0, last: 63 })));
    assert_eq!(e.nodes[0].range, Some(BusRange { first: 63, last: 0 }));
    assert_eq!(e.nodes[1].range, None);
}

#[test]
fn remarks_behind_a_star_are_skipped_with_a_warning() {
    let (e, diagnostics) = read("X1 a b sub r=1k * a remark\n+ m=2");
    assert_eq!(e.unwrap().params.len(), 2);
    assert_eq!(diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), ["W-STAR"]);
    let (e, diagnostics) = read("R1 a b 10 * ohm");
    assert!(e.is_some());
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(show("R1 a b {10 * 2}"), "r1 a b | (10.0 * 2.0) - | ");
}

#[test]
fn traps_in_values_are_noted() {
    let codes = |line: &str| read(line).1.iter().map(|d| d.code).collect::<Vec<_>>();
    assert_eq!(codes("R1 a b 1M"), ["W-MILLI"]);
    assert_eq!(codes("R1 a b 10Mohm"), ["W-MILLI"]);
    assert_eq!(codes("R1 a b 1m"), Vec::<&str>::new());
    assert_eq!(codes("R1 a b 1Meg"), Vec::<&str>::new());
    assert_eq!(codes("C1 a b 1F"), ["W-FEMTO"]);
    assert_eq!(codes("C1 a b 20a"), ["W-ATTO"]);
    assert_eq!(codes("C1 a b 20af"), Vec::<&str>::new());
}

#[test]
fn faults_point_at_the_token() {
    for (line, code, at) in [
        ("M1 d g s", "E-SYNTAX", ""),
        ("M1 d g s b nm 2", "E-SYNTAX", "2"),
        ("Q1 c b e q", "E-ELEMENT", "Q1"),
        ("A1 11 2 memr", "E-ELEMENT", "A1"),
        ("?foo", "E-ELEMENT", "?"),
        ("R1 a", "E-SYNTAX", ""),
        ("R1 a b 1k 2k", "E-SYNTAX", "2k"),
        ("R1 a b 1k tc1=", "E-SYNTAX", ""),
        ("R1 a b 1,000", "E-NUM", "1,000"),
        ("C1 a b 0x10", "E-NUM", "0x10"),
        ("B1 a b 3", "E-SYNTAX", "3"),
        ("B1 a b", "E-SYNTAX", ""),
        ("E1 a 0 LAPLACE {V(x)} {1/s}", "E-CONTROL", "LAPLACE"),
        ("E1 out 0 OPAMP p n", "E-CONTROL", "OPAMP"),
        ("E1 a 0 TABLE {V(x)} = (0,0,1)", "E-TABLE", "("),
        ("F1 a b", "E-SYNTAX", ""),
        ("K1 L1 0.5", "E-SYNTAX", ""),
        ("D1 a k dm 2 foo", "E-SYNTAX", "foo"),
        ("X1", "E-SYNTAX", ""),
        ("Yvteam m1 a", "E-SYNTAX", ""),
        ("S1 a b c", "E-SYNTAX", ""),
        ("V1 a 0 1 2", "E-SYNTAX", "2"),
    ] {
        let (deck, diagnostics) = parse_text("t", &format!("title\n{line}\nR9 a 0 1\n"), &ReadOptions::default());
        let errors: Vec<_> = diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
        assert_eq!(errors.len(), 1, "{line} {errors:?}");
        assert_eq!((errors[0].code, deck.sources.text(errors[0].span.unwrap())), (code, at), "{line} {errors:?}");
        assert!(errors[0].help.is_some(), "{line}");
        assert_eq!(deck.body.len(), 1, "{line}");
    }
}
