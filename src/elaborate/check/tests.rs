//! Small circuits with one mistake each.
#![allow(clippy::unwrap_used)]
use super::*;
use crate::circuit::CircuitBuilder;
use crate::device::{ParamValue, ParamValues, REGISTRY};
use crate::diag::SourceId;
use crate::plan::Tran;

/// `r1 a 0 1k` and so on: kind, name, nodes, value.
fn circuit(lines: &[(&str, &str, &[&str], f64)]) -> Circuit {
    let mut builder = CircuitBuilder::new(300.15);
    for (keyword, name, nodes, value) in lines {
        let kind = *REGISTRY.iter().find(|k| k.card().keywords[0] == *keyword).unwrap();
        let ports: Vec<u32> = nodes.iter().map(|n| builder.node(n)).collect();
        let value_name = kind.card().params[0].name;
        let given: &[(String, ParamValue)] =
            if *keyword == "short" { &[] } else { &[(value_name.to_string(), ParamValue::Number(*value))] };
        let params = ParamValues::check(kind.card(), given).unwrap();
        builder.add(kind, name, &ports, &params).unwrap();
    }
    builder.finish()
}

fn codes(circuit: &Circuit) -> Vec<(&'static str, String)> {
    check(circuit, &Plan::default(), Places::default).into_iter().map(|d| (d.code, d.message)).collect()
}

#[test]
fn a_sound_circuit_is_silent() {
    let c = circuit(&[
        ("v", "v1", &["in", "0"], 1.0),
        ("r", "r1", &["in", "out"], 1e3),
        ("c", "c1", &["out", "0"], 1e-9),
        ("l", "l1", &["out", "x"], 1e-6),
        ("r", "r2", &["x", "0"], 1.0),
        ("e", "e1", &["y", "0", "out", "0"], 2.0),
        ("r", "r3", &["y", "0"], 1.0),
    ]);
    assert_eq!(codes(&c), []);
}

#[test]
fn capacitor_only_nodes_float_unless_the_run_starts_from_given_values() {
    let c = circuit(&[
        ("v", "v1", &["in", "0"], 1.0),
        ("r", "r1", &["in", "0"], 1e3),
        ("c", "c1", &["in", "mid"], 1e-9),
        ("c", "c2", &["mid", "0"], 1e-9),
    ]);
    let found = codes(&c);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].0, found[0].1.as_str()), ("E-FLOAT", "node `mid` has no DC path to ground"));
    let tran = Tran { step: 1e-9, stop: 1e-6, start: 0.0, max_step: None, uic: true };
    let plan = Plan { analyses: vec![Analysis::Tran(tran)], ..Plan::default() };
    assert!(check(&c, &plan, Places::default).is_empty());
}

#[test]
fn islands_and_lone_nodes() {
    let c = circuit(&[
        ("v", "v1", &["in", "0"], 1.0),
        ("r", "r1", &["in", "0"], 1e3),
        ("r", "r2", &["n_1", "n_2"], 1e3),
        ("r", "r3", &["n_2", "n_3"], 1e3),
        ("r", "r4", &["in", "typo"], 1e3),
    ]);
    let found = codes(&c);
    assert_eq!(found[0].1, "the nodes `n_1` .. `n_3` are joined, but have no DC path to ground");
    assert_eq!(found[1].0, "W-DANGLING");
    assert!(found[1].1.contains("`typo`") && found[1].1.contains("`n_1`"), "{}", found[1].1);
}

#[test]
fn a_controlled_current_is_no_path() {
    let c = circuit(&[
        ("v", "v1", &["in", "0"], 1.0),
        ("r", "r1", &["in", "0"], 1e3),
        ("g", "g1", &["out", "0", "in", "0"], 1e-3),
        ("c", "c1", &["out", "0"], 1e-9),
    ]);
    let found = codes(&c);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "E-CUTSET");
    assert!(found[0].1.contains("`out`") && found[0].1.contains("`g1`"), "{}", found[0].1);
    // controlled by its own voltage it is a resistor
    let own = circuit(&[("v", "v1", &["in", "0"], 1.0), ("g", "g1", &["in", "0", "in", "0"], 1e-3)]);
    assert_eq!(codes(&own), []);
}

#[test]
fn voltage_loops_name_every_member() {
    let c = circuit(&[
        ("v", "v1", &["a", "0"], 1.0),
        ("l", "l1", &["a", "b"], 1e-6),
        ("short", "r0", &["b", "c"], 0.0),
        ("e", "e1", &["c", "0", "a", "0"], 1.0),
        ("r", "r1", &["a", "0"], 1.0),
    ]);
    let mut places = Places::default();
    let span = |start| Span { source: SourceId(0), start, end: start + 1 };
    for (k, name) in ["v1", "l1", "r0", "e1"].iter().enumerate() {
        places.devices.insert((*name).to_string(), span(k as u32));
    }
    let found = check(&c, &Plan::default(), || places);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].code, "E-VLOOP");
    for name in ["`v1`", "`l1`", "`r0`", "`e1`"] {
        assert!(found[0].message.contains(name), "{}", found[0].message);
    }
    assert!(found[0].span.is_some() && found[0].related.len() == 3);
}

#[test]
fn a_source_across_one_node_and_parallel_sources() {
    let c = circuit(&[("v", "v1", &["a", "0"], 1.0), ("v", "v2", &["a", "0"], 1.0), ("r", "r1", &["a", "0"], 1.0)]);
    assert!(codes(&c)[0].1.contains("`v1`, `v2` form a loop"), "{:?}", codes(&c));
    let c = circuit(&[("v", "v1", &["0", "0"], 1.0), ("r", "r1", &["a", "0"], 1.0), ("r", "r2", &["a", "0"], 1.0)]);
    assert!(codes(&c)[0].1.contains("both ends of `v1`"), "{:?}", codes(&c));
}

#[test]
fn empty_and_ungrounded_circuits() {
    assert_eq!(codes(&circuit(&[]))[0].0, "E-EMPTY");
    let c = circuit(&[("v", "v1", &["a", "b"], 1.0), ("r", "r1", &["a", "b"], 1.0)]);
    assert_eq!(codes(&c)[0].0, "E-GROUND");
}

#[test]
fn a_node_that_nothing_is_connected_to_is_told() {
    let mut builder = CircuitBuilder::new(300.15);
    for (keyword, name, nodes, value) in
        [("v", "v1", ["a", "0"], 1.0), ("r", "r1", ["a", "0"], 1e3), ("r", "r2", ["b", "b"], 1e3)]
    {
        let kind = *REGISTRY.iter().find(|k| k.card().keywords[0] == keyword).unwrap();
        let ports: Vec<u32> = nodes.iter().map(|n| builder.node(n)).collect();
        let given = [(kind.card().params[0].name.to_string(), ParamValue::Number(value))];
        builder.add(kind, name, &ports, &ParamValues::check(kind.card(), &given).unwrap()).unwrap();
    }
    builder.node("c");
    let circuit = builder.finish();
    assert_eq!(codes(&circuit), [("E-FLOAT", "nothing is connected to nodes `b`, `c`".to_string())]);
    // a shunt of all nodes holds them
    let mut plan = Plan::default();
    plan.options.rshunt = Some(1e9);
    assert!(check(&circuit, &plan, Places::default).is_empty());
}
