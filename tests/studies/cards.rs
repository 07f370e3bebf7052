//! What a study card says is held against the table of the study: all mistakes at once, each with its remedy.

use super::{RESISTOR, mistakes};
use sneakpath::study::{Fallback, Kind, REGISTRY};

#[test]
fn every_mistake_is_told_with_its_remedy() {
    let found =
        mistakes(&format!("{RESISTOR}.margin cel lrs=(r=10k) schem=obpu vread=-1 sizes=1,4 sense=volts rpu={{x}}\n"));
    let told: Vec<String> =
        found.iter().map(|d| format!("{} | {}", d.message, d.help.as_deref().unwrap_or(""))).collect();
    for wanted in [
        "there is no subcircuit `cel` | did you mean `cell`?",
        "`margin` has no argument `schem` | did you mean `scheme`?",
        "`margin` needs `hrs=`",
        "`vread` is at least",
        "`sizes` lies in 2 to",
        "`sense` is one of auto, voltage, current, not `volts`",
    ] {
        assert!(told.iter().any(|t| t.contains(wanted)), "{wanted}: {told:#?}");
    }
    assert!(found.iter().all(|d| d.span.is_some()), "{found:?}");
    assert_eq!(found.len(), 7, "{told:#?}");
}

/// A fallback is a value like any other; tables with wrong ones would fail at every run.
#[test]
fn fallbacks_fit_their_own_table() {
    for study in REGISTRY {
        let card = study.card();
        let required = card.arguments.iter().filter(|a| a.fallback == Fallback::Required);
        let value = |kind| if kind == Kind::Parameters { "(r=1)" } else { "cell" };
        let given: String = required.map(|a| format!(" {}={}", a.name, value(a.kind))).collect();
        let cell = if card.needs_cell { " cell" } else { "" };
        let found = mistakes(&format!("{RESISTOR}.{}{cell}{given}\n", card.word));
        assert!(found.is_empty(), "{}: {found:?}", card.word);
        for (k, argument) in card.arguments.iter().enumerate() {
            assert!(!card.arguments[..k].iter().any(|a| a.name == argument.name), "{} twice", argument.name);
        }
    }
}
