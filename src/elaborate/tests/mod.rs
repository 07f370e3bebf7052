//! Scopes, flattening and devices, on decks as a user writes them.

mod elements;
mod settings;

use super::*;
use crate::circuit::UnknownKind;
use crate::netlist::{ReadOptions, parse_text};

fn deck(text: &str) -> Deck {
    let (deck, diagnostics) = parse_text("t.cir", &format!("title\n{text}\n.end\n"), &ReadOptions::default());
    assert!(!has_errors(&diagnostics), "{diagnostics:?}");
    deck
}

fn built(text: &str) -> Elaborated {
    match Elaborator::new(deck(text), Vec::new()).build(&Overrides::default()) {
        Ok(elaborated) => elaborated,
        Err(errors) => panic!("{errors:#?}"),
    }
}

fn errors(text: &str) -> Vec<Diagnostic> {
    match Elaborator::new(deck(text), Vec::new()).build(&Overrides::default()) {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(all) => all.into_iter().filter(|d| d.severity == crate::diag::Severity::Error).collect(),
    }
}

/// The one error of a deck, as `code: message / help`.
fn error(text: &str) -> String {
    let all = errors(text);
    assert_eq!(all.len(), 1, "{all:#?}");
    format!("{} / {}", all[0], all[0].help.clone().unwrap_or_default())
}

/// An expression's value in a scope with some parameters.
fn value_in(dialect: Option<crate::netlist::ast::Dialect>, params: &str, expression: &str) -> f64 {
    let text = format!("title\n{params}\n.param probe_={{{expression}}}\n");
    let options = ReadOptions { dialect, ..ReadOptions::default() };
    let (deck, diagnostics) = parse_text("t.cir", &text, &options);
    assert!(!has_errors(&diagnostics), "{diagnostics:?}");
    let overrides = Overrides::default();
    let context = Context::new(&deck, &[], &overrides, Options::default(), false, Default::default());
    let scope = Scope::top(&context).unwrap();
    scope.parameter("probe_").unwrap().unwrap()
}

fn value(expression: &str) -> f64 {
    value_in(None, "", expression)
}

fn device<'a>(circuit: &'a Circuit, name: &str) -> (&'a dyn crate::device::DeviceGroup, usize) {
    let reference = circuit.names.devices[name];
    (circuit.groups[reference.group].as_ref(), reference.index)
}

/// A field of a device at a zero solution.
fn output(circuit: &Circuit, name: &str, field: &str) -> f64 {
    let (group, index) = device(circuit, name);
    let k = group.card().outputs.iter().position(|(n, _)| *n == field).unwrap();
    let env = crate::device::Env {
        time: 0.0,
        temperature: circuit.temperature,
        gmin: 0.0,
        source_scale: 1.0,
        mode: crate::device::Mode::Dc,
    };
    group.outputs(index, &env, &vec![0.0; circuit.unknowns.len()])[k]
}

fn resistance(circuit: &Circuit, name: &str) -> f64 {
    output(circuit, name, "r")
}

#[test]
fn dialect_table_of_expressions() {
    use crate::netlist::ast::Dialect;
    let cases: &[(&str, f64)] = &[
        ("2^3", 8.0),
        ("2**3", 8.0),
        ("(-2)**3", -8.0),
        ("pow(-2,3)", -8.0),
        // real part of (-8)^(1/3) = 2 e^(i pi/3)
        ("(-8)**(1/3)", 1.0),
        ("-2**2", -4.0),
        ("2**3**2", 64.0),
        ("pwr(-2,2)", 4.0),
        ("pwr(-2,3)", 8.0),
        ("pwrs(-2,3)", -8.0),
        ("log(100)", 100f64.ln()),
        ("ln(100)", 100f64.ln()),
        ("log10(100)", 2.0),
        ("u(0)", 0.5),
        ("stp(1)", 1.0),
        ("limit(5,0,3)", 3.0),
        ("limit(-5,0,3)", 0.0),
        ("limit(5,3)", 5.0),
        ("gauss(3)", 0.0),
        ("gauss(5,0.1,3)", 5.0),
        ("agauss(5,1,3)", 5.0),
        ("aunif(5,1)", 5.0),
        ("unif(5,0.1)", 5.0),
        ("mc(5,0.1)", 5.0),
        ("flat(2)", 0.0),
        ("rand()", 0.5),
        ("table(1.5,1,10,2,20)", 15.0),
        ("table(9,1,10,2,20)", 20.0),
        ("pwl(-9,1,10,2,20)", 10.0),
        ("if(1>2,3,4)", 4.0),
        ("1<2?3:4", 3.0),
        ("ternary_fcn(1,3,4)", 3.0),
        ("3*(2<=2)", 3.0),
        ("7%4", 3.0),
        ("fmod(7,4)", 3.0),
        ("int(-2.7)", -2.0),
        ("nint(2.6)", 3.0),
        ("atan2(1,1)", std::f64::consts::FRAC_PI_4),
        ("hypot(3,4)", 5.0),
        ("sign(3,-2)", -3.0),
        ("buf(0.7)", 1.0),
        ("inv(0.7)", 0.0),
        ("min(3,1,2)", 1.0),
        ("max(3,1,2)", 3.0),
        ("sqrt(-4)", 2.0),
        ("1/0", 1e32),
        ("pi", std::f64::consts::PI),
        ("temper", 27.0),
        ("kelvin", -273.15),
        ("vt", 300.15 * 1.380_649e-23 / 1.602_176_634e-19),
        ("exp(20)", 20f64.exp()),
        ("!0", 1.0),
        ("1&&0", 0.0),
        ("1||0", 1.0),
    ];
    for (expression, expected) in cases {
        let got = value(expression);
        assert!((got - expected).abs() <= 4.0 * f64::EPSILON * expected.abs(), "{expression} = {got}, not {expected}");
    }
    assert_eq!(value_in(Some(Dialect::Xyce), "", "log(100)"), 2.0);
    assert_eq!(value_in(Some(Dialect::Ltspice), "", "u(0)"), 0.0);
    assert_eq!(value_in(Some(Dialect::Ltspice), "", "(1>0)^(2>0)"), 0.0);
    assert_eq!(value_in(None, "", "(1>0)^(2>0)"), 1.0);
}

#[test]
fn parameters_are_lazy_and_the_last_one_wins() {
    assert_eq!(value_in(None, ".param a={b+1} b={c*2} c=3", "a"), 7.0);
    assert_eq!(value_in(None, ".param a=1\n.param a=2", "a"), 2.0);
    // a user's name wins over a constant
    assert_eq!(value_in(None, ".param pi=3", "2*pi"), 6.0);
    let notes = built(".param a=1\n.param a=2\nR1 1 0 {a}\nV1 1 0 1\n").diagnostics;
    assert!(notes.iter().any(|d| d.code == "N-PARAM" && d.message.contains("`a`")), "{notes:?}");
}

#[test]
fn functions_are_closures_over_their_scope() {
    assert_eq!(value_in(None, ".param k=10\n.func f(x) {k*x+g(x)}\n.func g(y) {y*y}", "f(3)"), 39.0);
    // formals shadow parameters and constants
    assert_eq!(value_in(None, ".param x=100 pi=7\n.func f(x,pi) {x*pi}", "f(2,3)+x"), 106.0);
    // the same formal name in caller and callee
    assert_eq!(value_in(None, ".func f(x) {g(x+1)}\n.func g(x) {10*x}", "f(f(1))"), 210.0);
}

#[test]
fn mistakes_in_expressions() {
    let with = |lines: &str| error(&format!("{lines}\nV1 1 0 1\nR1 1 0 1k"));
    assert!(with(".param a={b} b={c+1} c={a}").contains("parameters define each other: a -> b -> c -> a"));
    assert!(with(".param a={a+1}").contains("a -> a"));
    assert!(with(".func f(x) {g(x)}\n.func g(x) {f(x)}\n.param y={f(1)}").contains("f -> g -> f"));
    assert_eq!(with(".param volt=1 y={vot*2}"), "E-PARAM: parameter `vot` is not defined / did you mean `volt`?");
    assert_eq!(with(".param y={sqt(2)}"), "E-FUNC: function `sqt` is not defined / did you mean `sqrt`?");
    assert!(with(".param y={sin(1,2)}").contains("E-ARITY: `sin` takes 1 argument, but 2 were given"));
    assert!(with(".func f(a,b) {a+b}\n.param y={f(1)}").contains("`f` takes 2 arguments, but 1 were given"));
    assert!(with(".param y={limit(1)}").contains("`limit` takes 2 to 3 arguments"));
    assert!(with(".param y={v(1)}").contains("E-CONSTANT"));
    assert!(with(".param y={time}").contains("E-CONSTANT"));
    assert!(with(".param y={table(1,2,3,1,4)}").contains("E-TABLE"));
}

#[test]
fn a_mistake_inside_an_instance_names_its_path_once() {
    let message = error(".subckt s a b\nR1 a b {nope}\n.ends\nX1 1 0 s\nX2 1 0 s\nV1 1 0 1");
    assert!(message.contains("parameter `nope` is not defined (in instance `x1`)"), "{message}");
}

#[test]
fn all_mistakes_are_reported_together() {
    let all = errors("R1 1 0 {nope}\nC1 1 0 1p vx=2\nX1 1 0 none\nD1 1 0 dmod\nV1 1 0 1\n.options reltoll=1");
    let codes: Vec<&str> = all.iter().map(|d| d.code).collect();
    for code in ["E-PARAM", "E-SUBCKT", "E-MODEL", "E-OPTION"] {
        assert!(codes.contains(&code), "{code} is missing in {all:#?}");
    }
    assert!(all.iter().all(|d| d.span.is_some()));
}

#[test]
fn random_functions_are_reproducible_per_run_and_instance() {
    let text = ".param lot={agauss(1k,100,1)}\n.subckt s a b\nR1 a b {agauss(1k,100,1)}\n.ends\n\
                X1 1 0 s\nX2 1 0 s\nRa 1 0 {lot}\nRb 1 0 {lot}\nV1 1 0 1";
    let elaborator = Elaborator::new(deck(text), Vec::new());
    let run = |run| {
        let overrides = Overrides { run, ..Overrides::default() };
        let circuit = elaborator.build(&overrides).unwrap_or_else(|e| panic!("{e:?}")).circuit;
        ["x1.r1", "x2.r1", "ra", "rb"].map(|name| resistance(&circuit, name))
    };
    assert_eq!(run(None), [1000.0; 4]);
    let first = run(Some(1));
    assert_eq!(first, run(Some(1)));
    assert_eq!(first[2], first[3], "a parameter is drawn once per scope");
    assert_ne!(first[0], first[1], "each instance draws for itself");
    assert_ne!(first[0], run(Some(2))[0]);
    assert!(first.iter().all(|r| (r - 1000.0).abs() < 600.0));
}

#[test]
fn random_functions_have_the_right_spread() {
    let text = ".param x={agauss(10,3,3)} y={unif(10,0.2)}\nV1 1 0 1\nR1 1 0 {x}\nR2 1 0 {y}";
    let elaborator = Elaborator::new(deck(text), Vec::new());
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for run in 0..400 {
        let overrides = Overrides { run: Some(run), ..Overrides::default() };
        let circuit = elaborator.build(&overrides).unwrap_or_else(|e| panic!("{e:?}")).circuit;
        x.push(resistance(&circuit, "r1"));
        y.push(resistance(&circuit, "r2"));
    }
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let sigma = |v: &[f64]| (v.iter().map(|a| (a - mean(v)).powi(2)).sum::<f64>() / (v.len() - 1) as f64).sqrt();
    // sigma = 3/3; the mean of 400 has sigma 0.05, the sample sigma has 1/sqrt(798) = 0.035: five of each
    assert!((mean(&x) - 10.0).abs() < 0.25 && (sigma(&x) - 1.0).abs() < 0.18);
    // uniform 8..12: sigma = 4/sqrt(12) = 1.155
    assert!(y.iter().all(|v| (8.0..12.0).contains(v)) && (sigma(&y) - 1.155).abs() < 0.15);
}

#[test]
fn hierarchy_is_flattened_with_dotted_names() {
    let circuit = built(
        ".global vdd\n.param r=1k\n\
         .subckt outer in out k=2\n.subckt inner a b r=5\nR1 a mid {r*k}\nR2 mid vdd 1k\nR3 b 0 1k\n.ends\n\
         X1 in n inner r={10*k}\nX2 n out inner\n.ends\n\
         V1 vdd 0 1\nXa vdd o outer k=3\nRl o 0 {r}",
    )
    .circuit;
    assert_eq!(resistance(&circuit, "xa.x1.r1"), 90.0);
    assert_eq!(resistance(&circuit, "xa.x2.r1"), 15.0);
    let nodes = &circuit.names.nodes;
    for name in ["vdd", "o", "xa.n", "xa.x1.mid", "xa.x2.mid"] {
        assert!(nodes.contains_key(name), "{name} in {nodes:?}");
    }
    assert_eq!(nodes.len(), 5);
    let (group, index) = device(&circuit, "xa.x1.r2");
    let locals = &group.locals()[group.offset(index)..group.offset(index + 1)];
    assert_eq!(locals, [nodes["xa.x1.mid"], nodes["vdd"]]);
}

#[test]
fn multiplicity_multiplies_through_the_hierarchy() {
    let circuit = built(".subckt s a b\nR1 a b 1k m=2\nC1 a b 1p\n.ends\nX1 1 0 s m=3\nV1 1 0 1").circuit;
    let (group, index) = device(&circuit, "x1.r1");
    assert_eq!(group.multiplicity(index), 6.0);
    let (group, index) = device(&circuit, "x1.c1");
    assert_eq!(group.multiplicity(index), 3.0);
}

#[test]
fn mistakes_in_the_hierarchy() {
    let sub = ".subckt cell a b r=1\nR1 a b {r}\n.ends\nV1 1 0 1\nR9 1 0 1\n";
    let with = |line: &str| error(&format!("{sub}{line}"));
    assert_eq!(
        with("X1 1 0 2 cell"),
        "E-PINS: `x1` gives 3 nodes, but subcircuit `cell` has 2 pins / the pins are: a b"
    );
    assert_eq!(with("X1 1 0 cel"), "E-SUBCKT: subcircuit `cel` is not defined / did you mean `cell`?");
    assert_eq!(with("X1 1 0 cell rr=2"), "E-PARAM: subcircuit `cell` has no parameter `rr` / did you mean `r`?");
    assert!(with("R9 1 0 5").contains("E-DUPLICATE"));
    let ring = ".subckt a p\nX1 p b\n.ends\n.subckt b p\nX1 p a\n.ends\nV1 1 0 1\nR1 1 0 1\nX1 1 a";
    assert!(error(ring).contains("subcircuit contains itself: a -> b -> a"), "{}", error(ring));
}

#[test]
fn conditions_choose_statements() {
    let text = ".param sel=2\n.if (sel==1)\nR1 1 0 1k\n.elseif (sel==2)\n.param r=7\nR1 1 0 {r}\n.else\nR1 1 0 3k\n.endif\nV1 1 0 1";
    assert_eq!(resistance(&built(text).circuit, "r1"), 7.0);
    let circuit = Elaborator::new(deck(text), vec![("SEL".into(), 1.0)]).build(&Overrides::default());
    assert_eq!(resistance(&circuit.unwrap_or_else(|e| panic!("{e:?}")).circuit, "r1"), 1e3);
}

#[test]
fn definitions_and_steps_replace_values() {
    let text = ".param r=1k\nR1 1 0 {r}\nR2 1 0 5k\nV1 1 0 2\n.model d1 d(is=1e-14)\nD1 1 0 d1\n.step param r 1 2 1";
    let elaborator = Elaborator::new(deck(text), Vec::new());
    let mut overrides = Overrides::default();
    overrides.values.insert(SweepTarget::Parameter("r".into()), 3e3);
    overrides.values.insert(SweepTarget::Device("r2".into(), String::new()), 6e3);
    overrides.values.insert(SweepTarget::Temperature, 100.0);
    let circuit = elaborator.build(&overrides).unwrap_or_else(|e| panic!("{e:?}")).circuit;
    assert_eq!(resistance(&circuit, "r1"), 3e3);
    assert_eq!(resistance(&circuit, "r2"), 6e3);
    assert!((circuit.temperature - 373.15).abs() < 1e-9);
    overrides.values.insert(SweepTarget::Device("r3".into(), String::new()), 6e3);
    let errors = elaborator.build(&overrides).err().unwrap();
    assert!(errors.iter().any(|e| e.code == "E-STEP" && e.message.contains("`r3`")), "{errors:?}");
}

#[test]
fn values_that_are_missing_or_wrong() {
    let with = |line: &str| error(&format!("V1 1 0 1\nR9 1 0 1\n{line}"));
    assert!(with("R1 1 0").starts_with("E-MISSING: `r1` has no resistance"));
    assert!(with("C1 1 0").starts_with("E-MISSING: `c1` has no capacitance"));
    assert!(with("R1 1 0 1k tcc=2").contains("E-PARAM"));
    assert!(with("D1 1 0 nomodel").contains("E-MODEL: model `nomodel` is not defined"));
    assert!(with(".model dm d(is=1e-14 bvv=3)\nD1 1 0 dm").contains("did you mean `bv`?"));
    assert!(with(".model dm dd(is=1e-14)\nD1 1 0 dm").contains("there is no device type `dd`"));
    assert!(with("E1 2 0 nn 0 5\nR2 2 0 1").contains("there is no node `nn`"));
    assert!(with("B1 2 0 V=i(vx)\nR2 2 0 1").contains("there is no element `vx` / did you mean `v1`?"));
    assert!(with("F1 1 0 vx 2").contains("there is no element `vx`"));
    assert!(with("V2 1 0 PWL(0 0 2n 1 1n 3)").contains("PWL times must not decrease"));
    assert!(with("V2 1 0 PWL FILE \"none.csv\"").contains("E-FILE"));
    assert!(with(".ic V(nowhere)=1").contains("there is no node `nowhere`"));
    assert_eq!(with(".options reltoll=1e-4"), "E-OPTION: there is no option `reltoll` / did you mean `reltol`?");
    assert!(with(".options method=gera").contains("no integration method"));
}

#[test]
fn zero_ohm_is_a_branch_and_negative_is_legal() {
    let circuit = built("V1 1 0 1\nR1 1 2 0\nR2 2 0 -50").circuit;
    let (group, _) = device(&circuit, "r1");
    assert_eq!(group.card().internals.len(), 1);
    assert_eq!(resistance(&circuit, "r2"), -50.0);
}

#[test]
fn a_current_asked_for_gets_an_ammeter_only_where_needed() {
    let circuit = built("V1 1 0 1\nR1 1 2 1k\nR2 2 0 1k\nR3 2 0 1k\nB1 3 0 V=i(r1)+i(v1)\nR4 3 0 1").circuit;
    let currents = circuit.unknowns.iter().filter(|u| u.kind == UnknownKind::Current).count();
    // v1, the ammeter of r1, b1
    assert_eq!(currents, 3);
    let (group, index) = device(&circuit, "r1");
    let first = group.locals()[group.offset(index)];
    assert_ne!(first, circuit.names.nodes["1"]);
    assert_eq!(circuit.names.unknowns[&first], "r1#p");
    let (group, index) = device(&circuit, "r3");
    assert_eq!(group.locals()[group.offset(index)], circuit.names.nodes["2"]);
}

#[test]
fn a_source_may_use_its_own_current() {
    let circuit = built("V1 1 0 1\nR1 1 2 1k\nE1 2 0 VALUE={1000*I(E1)}\n").circuit;
    let (group, index) = device(&circuit, "e1");
    let locals = &group.locals()[group.offset(index)..group.offset(index + 1)];
    let own = *circuit.names.unknowns.iter().find(|(_, n)| *n == "e1#i").unwrap().0;
    assert!(locals.contains(&own), "{locals:?}");
}

#[test]
fn options_and_temperatures() {
    let plan =
        built(".options reltol=1e-5 method=gear iabstol=1e-15 post temp=50 strict=0\n.temp 85\nV1 1 0 1\nR1 1 0 1")
            .plan;
    assert_eq!(plan.options.reltol, 1e-5);
    assert_eq!(plan.options.abstol, 1e-15);
    assert_eq!(plan.options.method, crate::plan::Method::Bdf2);
    assert_eq!(plan.options.temp, 85.0);
}

#[test]
fn strict_turns_silent_choices_into_errors() {
    let text = "V1 1 0 DC 1 PULSE(0 1 0 1n 1n 5n 10n)\nR1 1 0 1";
    assert!(built(text).diagnostics.iter().any(|d| d.code == "N-DC"));
    assert!(error(&format!("{text}\n.options strict=1")).starts_with("N-DC"));
}

#[test]
fn bus_ranges_make_one_element_each() {
    let circuit = built("V[0:2] w[0:2] 0 1\nR[0:2] w[0:2] 0 1k").circuit;
    for k in 0..3 {
        assert!(circuit.names.devices.contains_key(&format!("v_{k}")));
        assert!(circuit.names.nodes.contains_key(&format!("w_{k}")));
    }
}

#[test]
fn inductors_are_coupled_through_their_branches() {
    let circuit = built("V1 9 0 1\nR1 9 1 1\nL1 1 0 1u\nL2 2 0 4u\nR2 2 0 1\nK1 L1 L2 0.5").circuit;
    // M = k sqrt(L1 L2)
    assert!((output(&circuit, "k1", "m") - 1e-6).abs() < 1e-18);
    let (group, index) = device(&circuit, "k1");
    let branch = |name: &str| *circuit.names.unknowns.iter().find(|(_, n)| *n == name).unwrap().0;
    assert_eq!(group.locals()[group.offset(index)..group.offset(index + 1)], [branch("l1#i"), branch("l2#i")]);
}

#[test]
fn start_values_reach_local_nodes() {
    let circuit = built(
        ".subckt s a\n.param x0=0.3\n.ic V(st)=x0\nC1 st 0 1\nR1 a st 1k\n.ends\nV1 1 0 1\nX1 1 s\n.nodeset V(1)=0.5",
    )
    .circuit;
    assert_eq!(circuit.initial, [(circuit.names.nodes["x1.st"], 0.3)]);
    assert_eq!(circuit.nodesets, [(circuit.names.nodes["1"], 0.5)]);
}

#[test]
fn models_belong_to_their_scope() {
    let circuit = built(
        ".model rm r(rsh=10)\n.subckt s a b w=1u\n.model rm r(rsh=20)\nR1 a b rm l=2u w={w}\n.ends\n\
         V1 1 0 1\nX1 1 0 s\nX2 1 0 s w=4u\nR1 1 0 rm l=1u w=1u",
    )
    .circuit;
    assert!((resistance(&circuit, "r1") - 10.0).abs() < 1e-12);
    assert!((resistance(&circuit, "x1.r1") - 40.0).abs() < 1e-12);
    assert!((resistance(&circuit, "x2.r1") - 10.0).abs() < 1e-12);
}

#[test]
fn notes_are_made_once_per_place() {
    let elaborated = built(".subckt s a b\nR1 a b {2+(-8)**(1/3)}\n.ends\nV1 1 0 1\nX1 1 0 s\nX2 1 0 s");
    assert_eq!(elaborated.diagnostics.iter().filter(|d| d.code == "W-POW").count(), 1);
}

#[test]
fn an_option_draws_without_monte_carlo() {
    let text = "V1 1 0 1\nR1 1 0 {agauss(1k,100,1)}";
    assert_eq!(resistance(&built(text).circuit, "r1"), 1000.0);
    let drawn = resistance(&built(&format!("{text}\n.options mcop=1 seed=7")).circuit, "r1");
    let again = resistance(&built(&format!("{text}\n.options mcop=1 seed=7")).circuit, "r1");
    let other = resistance(&built(&format!("{text}\n.options mcop=1 seed=8")).circuit, "r1");
    assert!(drawn != 1000.0 && drawn == again && drawn != other);
}

#[test]
fn an_expression_cannot_be_stepped() {
    let elaborator = Elaborator::new(deck("V1 1 0 1\nR1 1 0 R={1k+V(1)}"), Vec::new());
    let mut overrides = Overrides::default();
    overrides.values.insert(SweepTarget::Device("r1".into(), String::new()), 6e3);
    let errors = elaborator.build(&overrides).err().unwrap();
    assert!(errors.iter().any(|e| e.message.contains("`r1` is an expression")), "{errors:?}");
}
