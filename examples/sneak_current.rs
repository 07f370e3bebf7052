//! A netlist string in, a number out: the sneak current of a passive array against its size.
//!
//! One cell is read at 0.2 V in its high-resistance state (1 MOhm) while all others are at 10 kOhm and unselected lines
//! float. By symmetry the sneak path of an N x N array is R/(N-1) + R/(N-1)^2 + R/(N-1) (ideal wires).

use sneakpath::elaborate::Elaborator;
use sneakpath::netlist::{self, ReadOptions};
use sneakpath::output::Collector;
use sneakpath::plan::Overrides;
use sneakpath::{analysis, diag};

fn deck(n: usize) -> String {
    format!(
        "sneak current of a {n}x{n} array\n\
         .param n={n}\n\
         .subckt cell wl bl r=10k\nR1 wl bl {{r}}\n.ends\n\
         .xbar XB {n} {n} CELL=cell(wl bl)\n\
         Xa W[0:{last}] B[0:{last}] XB\n\
         * the selected cell is read in parallel to the array: 10k || x = 1meg\n\
         Rhrs W_0 B_0 {{-1/(1/10k-1/1meg)}}\n\
         Vr W_0 0 0.2\nVs B_0 0 0\n.op\n.print op i(Vs)\n.end\n",
        last = n - 1
    )
}

/// The current at the sense line in A.
fn read(n: usize) -> Result<f64, String> {
    let (deck, messages) = netlist::parse_text("sneak.cir", &deck(n), &ReadOptions::default());
    if diag::has_errors(&messages) {
        return Err(format!("{messages:?}"));
    }
    let elaborator = Elaborator::new(deck, Vec::new());
    let mut built = elaborator.build(&Overrides::default()).map_err(|errors| format!("{errors:?}"))?;
    let rebuild = |o: &Overrides| elaborator.build(o).map(|b| b.circuit).map_err(|e| format!("{e:?}"));
    let mut kept = Collector::default();
    for analysis in &built.plan.analyses {
        analysis::run(analysis, &mut built.circuit, &built.plan, "", &rebuild, &mut kept).map_err(|e| e.to_string())?;
    }
    let table = kept.tables.first().ok_or("no table")?;
    table.column("i(vs)").and_then(|c| c.first().copied()).ok_or_else(|| "no i(vs)".to_string())
}

#[allow(clippy::print_stdout)]
fn main() -> Result<(), String> {
    println!("   N   sense current (uA)   closed form (uA)   of which sneak (%)");
    for n in [2, 4, 8, 16, 32] {
        let (r, m) = (10e3, n as f64 - 1.0);
        let sneak = 0.2 / (2.0 * r / m + r / (m * m));
        let cell = 0.2 / 1e6;
        let current = read(n)?;
        println!("{n:4} {:20.4} {:18.4} {:20.2}", 1e6 * current, 1e6 * (cell + sneak), 100.0 * (1.0 - cell / current));
        if ((current - cell - sneak) / current).abs() > 1e-9 {
            return Err(format!("{n} x {n}: {current} differs from the closed form"));
        }
    }
    Ok(())
}
