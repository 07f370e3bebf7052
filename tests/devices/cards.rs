//! Cards: complete, consistent, and enforced.

use std::collections::BTreeSet;

use super::bench::{ENV, least, load, single};
use sneakpath::device::{ParamError, ParamKind, ParamValue, ParamValues, REGISTRY};

#[test]
fn keywords_are_unique_and_names_do_not_collide() {
    let mut keywords = BTreeSet::new();
    for card in REGISTRY.iter().map(|k| k.card()) {
        for keyword in card.keywords {
            assert!(keywords.insert(*keyword), "{keyword} twice");
            assert_eq!(*keyword, keyword.to_lowercase());
        }
        let mut names = BTreeSet::new();
        for name in card.params.iter().flat_map(|p| std::iter::once(&p.name).chain(p.aliases)) {
            assert!(names.insert(*name), "{}: {name} twice", card.keywords[0]);
            assert_eq!(*name, name.to_lowercase());
        }
        let outputs: Vec<&str> =
            card.outputs.iter().map(|o| o.0).chain(card.internals.iter().map(|i| i.name)).collect();
        assert!(outputs.iter().all(|o| !o.is_empty()));
    }
}

#[test]
fn every_parameter_is_documented_and_its_default_is_allowed() {
    for card in REGISTRY.iter().map(|k| k.card()) {
        assert!(!card.doc.is_empty() && !card.source.is_empty(), "{}", card.keywords[0]);
        for p in card.params {
            let at = format!("{} {}", card.keywords[0], p.name);
            assert!(p.doc.len() >= 8 && !p.doc.ends_with('.'), "{at}: {:?}", p.doc);
            assert!(p.kind != ParamKind::Number || !p.unit.is_empty(), "{at} has no unit");
            let Some(d) = p.default else { continue };
            assert!(d >= p.low && d <= p.high, "{at}: default {d}");
            // `r` alone may have no usable default: it comes from the element line or from a sheet resistance
            assert!(!(p.open_low && d == p.low), "{at}: default {d} on an open end");
        }
    }
}

#[test]
fn outputs_have_the_length_of_their_list_and_are_finite() {
    for kind in REGISTRY {
        let card = kind.card();
        let group = single(*kind, &ParamValues::check(card, &least(card)).unwrap()).unwrap();
        let mut x = vec![0.1; group.locals().len()];
        group.start(&mut x, false);
        let out = group.outputs(0, &ENV, &x);
        assert_eq!(out.len(), card.outputs.len(), "{}", card.keywords[0]);
        assert!(out.iter().all(|v| v.is_finite()), "{}: {out:?}", card.keywords[0]);
        // a parameter that `from_params` reads under a name the card does not declare is NaN
        let l = load(group.as_ref(), &ENV, &x);
        assert!([&l.f, &l.q, &l.g, &l.c].iter().all(|v| v.iter().all(|v| v.is_finite())), "{}", card.keywords[0]);
    }
}

#[test]
fn ranges_missing_values_and_unknown_names_are_errors() {
    for card in REGISTRY.iter().map(|k| k.card()) {
        let with = |name: &str, value: ParamValue| {
            let mut given = least(card);
            given.retain(|(n, _)| n != name);
            given.push((name.to_string(), value));
            ParamValues::check(card, &given)
        };
        for p in card.params.iter().filter(|p| p.kind == ParamKind::Number) {
            let at = format!("{} {}", card.keywords[0], p.name);
            for end in [p.low, p.high].into_iter().filter(|e| e.is_finite()) {
                let outside = if end == p.low { end - 1.0 } else { end * 2.0 + 1.0 };
                let errors = with(p.name, ParamValue::Number(outside)).unwrap_err();
                assert!(matches!(errors[..], [ParamError::OutOfRange { .. }]), "{at} {outside}: {errors:?}");
            }
            if p.open_low {
                assert!(with(p.name, ParamValue::Number(p.low)).is_err(), "{at} at its open end");
            }
            let errors = with(p.name, ParamValue::Number(f64::NAN)).unwrap_err();
            assert!(matches!(errors[..], [ParamError::NotFinite { .. }]), "{at}");
            assert!(with(p.name, ParamValue::Word("much".into())).is_err(), "{at} takes a word");
            if p.default.is_none() {
                let errors = ParamValues::check(card, &[]).unwrap_err();
                assert!(
                    errors.iter().any(|e| matches!(e, ParamError::Missing { name, .. } if *name == p.name)),
                    "{at}"
                );
            }
        }
        for p in card.params.iter().filter(|p| matches!(p.kind, ParamKind::Word(_))) {
            let errors = with(p.name, ParamValue::Word("nonsense".into())).unwrap_err();
            assert!(errors[0].to_string().contains(p.name), "{errors:?}");
        }
        let errors = with("no_such_parameter", ParamValue::Number(1.0)).unwrap_err();
        assert!(matches!(errors[..], [ParamError::Unknown { .. }]));
    }
}

#[test]
fn contradictions_are_refused() {
    let refused = |keyword: &str, values: &[(&str, f64)]| {
        let kind = super::bench::kind(keyword);
        let params = ParamValues::check(kind.card(), &super::bench::numbers(values)).unwrap();
        single(kind, &params).is_none()
    };
    assert!(refused("r", &[]) && refused("r", &[("r", 0.0)]));
    assert!(!refused("r", &[("rsh", 100.0), ("l", 10e-6), ("w", 1e-6)]) && !refused("r", &[("r", -5.0)]));
    assert!(refused("vteam", &[("von", 0.1), ("voff", 0.2)]) && refused("vteam", &[("won", 1e-9), ("woff", 0.0)]));
    assert!(refused("linear_drift", &[("rinit", 20e3)]) && refused("linear_drift", &[("ron", 1e3), ("roff", 1e3)]));
    assert!(refused("threshold", &[("vth", 0.1), ("vhold", 0.2)]));
    assert!(refused("s", &[("vt", 1.0), ("von", 2.0)]) && refused("s", &[("von", 1.0), ("voff", 1.0)]));
    assert!(refused("miec", &[("selectivity", 1.5)]) && refused("yakopcic", &[("eta", 0.5)]));
}

#[test]
fn a_model_card_can_mean_another_parameter() {
    let card = super::bench::kind("d").card();
    assert_eq!(card.model_name("m"), "mj");
    assert_eq!(card.model_name("is"), "is");
}
