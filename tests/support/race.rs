//! Arrays of 1S-1R cells whose selectors race for the voltage of lines with resistance.

use std::fmt::Write as _;
use std::path::Path;

/// Rows at 0.7 V (all, or the first alone), columns at 0 V, every fifth of two cells in its low-resistance state.
pub fn deck(folder: &Path, n: usize, wire: f64, all: bool, analysis: &str) -> String {
    let (states, model) = (folder.join("states.csv"), concat!(env!("CARGO_MANIFEST_DIR"), "/models/ecm_1s1r.lib"));
    let low = |i: usize, j: usize| if (7 * (i + 1) + 3 * (j + 1)) % 5 < 2 { "1" } else { "0" };
    let rows = (0..n).map(|i| (0..n).map(|j| low(i, j)).collect::<Vec<_>>().join(","));
    std::fs::write(&states, rows.collect::<Vec<_>>().join("\n")).unwrap();
    let last = n - 1;
    let mut deck = format!(
        "race\n.include \"{model}\"\n.subckt cell wl bl low=0\nX1 wl bl ecm_1s1r x0={{0.0858*low}}\n.ends\n\
         .xbar XB {n} {n} CELL=cell(wl bl) RWL={wire} RBL={wire} low=FILE(\"{}\")\nXa W[0:{last}] B[0:{last}] XB\n",
        states.display()
    );
    for k in 0..n {
        let volts = if all || k == 0 { 0.7 } else { 0.0 };
        let _ = writeln!(deck, "Vw{k} W_{k} 0 {volts}\nVb{k} B_{k} 0 0");
    }
    deck + analysis + "\n.end\n"
}
