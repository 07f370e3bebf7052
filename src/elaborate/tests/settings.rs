//! Options, models and notes that name what is unusual.

use super::*;

#[test]
fn option_packages_of_xyce_are_read_with_their_hyphens() {
    let text =
        "V1 a 0 1\nR1 a 0 1k\n.op\n.options nonlin-tran rhstol=1e-6 abstol=3\n.options timeint reltol=1e-5 erroption=1";
    let built = built(text);
    // what is behind `nonlin-tran` steers Xyce's own Newton; behind `timeint` it means the same here
    assert_eq!((built.plan.options.abstol, built.plan.options.reltol), (1e-12, 1e-5));
    let noted: Vec<&str> =
        built.diagnostics.iter().filter(|d| d.code == "N-OPTION").map(|d| d.message.as_str()).collect();
    assert_eq!(noted.len(), 5, "{noted:?}");
    assert!(noted[0].contains("`nonlin-tran`"), "{noted:?}");
}

#[test]
fn scale_multiplies_lengths_and_widths_of_element_lines_only() {
    // r = rsh l/w: a ratio, so the width is left to the model to see the factor
    let deck = "V1 a 0 1\nR1 a 0 rm l=10\nR2 a 0 rm l=10 w=5u\n.model rm r(rsh=100 w=2u)\n.op\n.options scale=1u";
    let circuit = built(deck).circuit;
    assert!((resistance(&circuit, "r1") - 500.0).abs() < 1e-9);
    assert!((resistance(&circuit, "r2") - 100.0 * 10e-6 / 5e-12).abs() < 1e-3);
}

#[test]
fn cshunt_puts_a_capacitor_at_every_node() {
    let text = "V1 a 0 1\nR1 a b 1k\nR2 b c 1k\nR3 c 0 1k\n.op";
    let count = |text: &str| {
        let circuit = built(text).circuit;
        circuit.groups.iter().filter(|g| g.card().keywords[0] == "c").map(|g| g.len()).sum::<usize>()
    };
    assert_eq!((count(text), count(&format!("{text}\n.options cshunt=1p"))), (0, 3));
}

#[test]
fn a_memristor_of_xyce_is_the_device_of_its_level() {
    let with =
        |model: &str, rest: &str| format!("V1 a 0 1\nYmemristor m1 a 0 xm {rest}\n.model xm memristor({model})\n.op");
    let kind = |text: &str| {
        let circuit = built(text).circuit;
        let (group, _) = device(&circuit, "m1");
        group.card().keywords[0]
    };
    assert_eq!(kind(&with("level=2 ron=50 roff=1000 wt=4 ivrelation=1 xscaling=1e9", "xo=1n")), "team");
    assert_eq!(kind(&with("level=3 a1=0.2 xo=0.11 resnoise=0", "")), "yakopcic");
    assert!(error(&with("level=4", "")).starts_with("E-MODEL: level=4, the piecewise empirical model"));
    assert!(error(&with("ron=50", "")).contains("has no level / level=2 is TEAM"));
    assert!(error(&with("level=2 wt=7", "")).contains("`wt` = 7 stands for nothing"));
    // xo is a position in m
    let circuit = built(&with("level=2", "xo=1.5n")).circuit;
    let (group, _) = device(&circuit, "m1");
    let mut x = vec![0.0; circuit.unknowns.len()];
    group.start(&mut x, false);
    assert!(x.iter().any(|v| (v - 0.5).abs() < 1e-12), "{x:?}");
}

#[test]
fn undefined_names_in_an_unused_subcircuit_are_told() {
    let deck = "V1 a 0 1\nR1 a 0 1k\n.op\n.subckt unused a\nX1 a nowhere\nN1 a 0 nomodel\nX2 a inner\n.subckt inner a\nR1 a 0 1\n.ends\n.ends";
    let warnings: Vec<String> =
        built(deck).diagnostics.iter().filter(|d| d.code == "W-UNUSED").map(|d| d.message.clone()).collect();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].ends_with("the subcircuit `nowhere`, the model `nomodel`"), "{warnings:?}");
    let wrong = "V1 a 0 1\nR1 a 0 1k\n.op\n.param top=1\n.func twice(x)={2*x}\n.subckt unused a r=1\n.param own={r*top}\n\
                 R1 a b {own*twice(rr)}\nN1 b 0 vteam x0={start} window=biolek\nB1 a 0 I={V(a)*r*temper/pi*time}\nI1 a 0 top\n.ends";
    let warnings: Vec<String> =
        built(wrong).diagnostics.iter().filter(|d| d.code == "W-UNUSED").map(|d| d.message.clone()).collect();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].ends_with("not defined: the parameter `rr`, the parameter `start`"), "{warnings:?}");
    let sound = deck.replace("nowhere", "inner").replace("nomodel", "nm") + "\n.model nm vteam()";
    assert!(built(&sound).diagnostics.iter().all(|d| d.code != "W-UNUSED"));
}

/// What is made of a number refuses what has none; a formula of a run goes on and says with what.
#[test]
fn operations_without_a_value_are_refused_where_a_number_is_needed() {
    let built_with = |line: &str| built(&format!("V1 a 0 1\n{line}\n.op"));
    let notes = |line: &str| -> Vec<(&str, String)> {
        built_with(line).diagnostics.iter().map(|d| (d.code, d.message.clone())).collect()
    };
    for expression in ["0/0+1", "x/x", "1k*(x-x)/(2*x)"] {
        let errors = errors(&format!("V1 a 0 1\n.param x=0\nR1 a 0 {{{expression}}}\n.op"));
        assert_eq!(errors.len(), 1, "{expression}: {errors:#?}");
        assert_eq!(errors[0].code, "E-VALUE");
        assert!(errors[0].message.contains("0/0") && errors[0].span.is_some() && errors[0].help.is_some());
    }
    assert_eq!(notes("R1 a 0 {1 > 0 ? 1k : 0/0}"), []);
    assert_eq!(notes("R1 a 0 {if(0, 1/0, 1k)}"), []);
    assert!(notes("R1 a 0 {1/0}")[0].1.contains("1e32"));
    assert!(notes("R1 a 0 {sqrt(-1)}")[0].1.contains("magnitude"));
    assert_eq!(notes("B1 a 0 I={V(a)+0/0}"), [("W-DIV", "0/0 has no value; 0 is used".to_string())]);
    assert_eq!(notes("B1 a 0 I={V(a)+sqrt(-4)}")[0].0, "W-DOMAIN");
}

#[test]
fn a_chosen_dialect_is_no_news() {
    let notes = |deck: &str| built(deck).diagnostics.iter().filter(|d| d.code == "N-DIALECT").count();
    assert_eq!(notes("V1 a 0 1\nR1 a 0 1\n.op\n.backanno"), 1);
    assert_eq!(notes("V1 a 0 1\nR1 a 0 1\n.op\n.backanno\n.options dialect=ltspice"), 0);
}

#[test]
fn input_parameters_of_named_devices_can_be_asked_for() {
    let deck = "V1 a 0 SIN(0 1 1k)\nX1 a 0 s\n.subckt s p n\nR1 p n 1k tc1=2m\nN1 p n vt ron=123\n.ends\n\
        .model vt vteam(koff=1e-3)\n.op\n.print op @x1.r1[tc1] @r.x1.r1[tc1] @x1.n1[ron] @x1.n1[koff] {2*@x1.n1[alphaon]}";
    let built = built(deck);
    let constants: Vec<f64> = built
        .plan
        .signals
        .iter()
        .filter_map(|signal| match built.circuit.resolve(signal).unwrap() {
            crate::circuit::probe::Probe::Constant(value) => Some(value),
            _ => None,
        })
        .collect();
    for value in [2e-3, 123.0, 1e-3, 3.0] {
        assert!(constants.contains(&value), "{value}: {constants:?}");
    }
    let all = built.circuit.names.parameters.len();
    assert_eq!(all, 4, "only what was asked for is kept");
    assert!(error("V1 a 0 1\nR1 a 0 1k\n.op\n.print op @r1[tcc1]").contains("tc"));
    // what `.dc` changes is not what the device was made with
    assert!(error("V1 a 0 1\nR1 a 0 1k\n.dc V1 0 1 1\n.print dc @v1[dc]").contains("`dc`"));
}

#[test]
fn the_runs_of_a_latin_hypercube_and_of_sobol_points_fill_their_strata() {
    for sampling in ["lhs", "sobol"] {
        let text = format!(
            "V1 a 0 1\nR1 a 0 {{1k*(1+flat(0.5))}}\nR2 a 0 {{agauss(1k,300,3)}}\n.op\n.mc 16 seed=3 sampling={sampling}"
        );
        let elaborator = Elaborator::new(deck(&text), Vec::new());
        let points = elaborator.steps().unwrap();
        let mut strata: Vec<usize> = points
            .iter()
            .map(|point| {
                let circuit = elaborator.build(&point.overrides).unwrap().circuit;
                assert!((resistance(&circuit, "r2") - 1e3).abs() < 500.0);
                // 500 .. 1500 ohm in 16 strata
                ((resistance(&circuit, "r1") - 500.0) / 1000.0 * 16.0) as usize
            })
            .collect();
        strata.sort_unstable();
        assert_eq!(strata, (0..16).collect::<Vec<_>>(), "{sampling}");
    }
    let wrong = Elaborator::new(deck("V1 a 0 1\nR1 a 0 1k\n.op\n.mc 4 sampling=halton"), Vec::new());
    let told = wrong.steps().unwrap_err();
    assert_eq!(told[0].message, "there is no sampling `halton`");
}

#[test]
fn what_is_no_number_is_no_model_either() {
    assert!(error("V1 a 0 1\nR1 a 0 nan\n.op").starts_with("E-VALUE: `nan` is no value of an element"));
}
