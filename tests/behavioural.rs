//! Behavioural elements from the text of a deck to the result, against closed forms.

use approx::assert_relative_eq;
use sneakpath::analysis;
use sneakpath::elaborate::{Elaborated, Elaborator};
use sneakpath::netlist::{self, ReadOptions};
use sneakpath::output::Collector;
use sneakpath::plan::Overrides;
use sneakpath::result::Stats;

fn run(text: &str) -> (Collector, Stats) {
    let (deck, _) = netlist::parse_text("deck.cir", text, &ReadOptions::default());
    let elaborator = Elaborator::new(deck, Vec::new());
    let Elaborated { mut circuit, plan, .. } = elaborator.build(&Overrides::default()).expect("a good deck");
    let mut sink = Collector::default();
    let refuse = |_: &Overrides| Err("nothing is swept".to_string());
    let stats =
        analysis::run(&plan.analyses[0], &mut circuit, &plan, "", &refuse, &mut sink).expect("a converged analysis");
    (sink, stats)
}

/// A memristor whose state is the voltage of 1 F. Below its threshold no current moves the state, but C v / h is 5e8 A
/// and more: its rounding must not count as a current.
///
/// dx/dt = k (v/vt - 1)^3 (1 - x) above vt: 1 - x = (1 - x0) exp(-k a), a the integral of (v/vt - 1)^3 over the pulse,
/// (1/2)^3 t on the top and (1/2)^4/4 for each ramp of u = v/vt - 1, which takes 1 ns for 3/2.
#[test]
fn a_state_on_a_large_capacitor_rests_below_its_threshold() {
    let (sink, stats) = run("a state on a capacitor\n\
        Vp p 0 PULSE(0 0.45 10n 1n 1n 500n 2u)\n\
        Gx 0 x value={ V(p)>0.3 ? 2e6*(V(p)/0.3-1)**3*(1-V(x)) : (V(p)<-0.3 ? -2e6*(-V(p)/0.3-1)**3*V(x) : 0) }\n\
        Cx x 0 1 IC=0.5\nRx x 0 1e12\nGm p 0 value={ V(p)/(10k+(1meg-10k)*V(x)) }\n\
        .tran 1n 1u 0 10n uic\n.save v(x)\n.end\n");
    let integral = 0.125 * 500e-9 + 2.0 * 0.5f64.powi(4) / 4.0 / 1.5 * 1e-9;
    let exact = 1.0 - 0.5 * (-2e6 * integral).exp();
    let x = sink.tables[0].column("v(x)").expect("a signal");
    // reltol of the charge, trtol = 7 of them allowed per step; no step errs by a tenth of that on this smooth curve
    assert_relative_eq!(x[x.len() - 1], exact, max_relative = 1e-3);
    assert_eq!(stats.rejected_newton, 0);
}
