#![allow(clippy::unwrap_used)]

use super::tests::{errors, labels, names, plan, slot, value};
use crate::plan::{Quantity, Signal};

/// A 2 x 2 array with sense sources.
const ARRAY: &str = "array
.subckt cell a b
r1 a mid 1k
r2 mid b 1k
.ends
.xbar xb 2 2 cell=cell(wl bl) rwl=1 rbl=1
xa w[0:1] b[0:1] xb
vw[0:1] w[0:1] 0 1
vb[0:1] b[0:1] 0 0
";

#[test]
fn the_inside_of_an_array_is_stored_on_request_only() {
    let array = plan(ARRAY, ".op");
    let expected = ["v(w_0)", "v(w_1)", "v(b_0)", "v(b_1)", "i(vw_0)", "i(vw_1)", "i(vb_0)", "i(vb_1)"];
    let mut found = names(&array);
    found.sort();
    let mut wanted: Vec<String> = expected.map(String::from).to_vec();
    wanted.sort();
    assert_eq!(found, wanted);
    // a star does not reach into arrays, a star behind a dot does
    assert_eq!(names(&plan(ARRAY, ".save v(*)\n.op")).len(), 4);
    assert!(names(&plan(ARRAY, ".save v(xa.*)\n.op")).contains(&"v(xa.wl_1_0)".to_string()));
}

#[test]
fn arrays_have_nodes_cells_and_reductions() {
    let cards = ".op\n.print op i(xa.c_1_0) v(xa.wl_1_0) v(xa.wl[1,0]) v(xa.c_0_1) sum(i(vb_*)) mean(i(vb[0:1])) \
                 max(v(xa.wl_*)) i(xa.c_*) v(xa.c_1_1.mid) @xa.c_0_0.r1[i] p(xa) g(xa.c_0_0)";
    let p = plan(ARRAY, cards);
    assert_eq!(labels(&p)[7..11], ["i(xa.c_0_0)", "i(xa.c_0_1)", "i(xa.c_1_0)", "i(xa.c_1_1)"]);
    assert_eq!(value(&p, 1), value(&p, 2));
    assert!(p.signals.contains(&Signal::Field("xa.c_0_1".into(), "v".into())));
    let [a, b] = ["i(vb_0)", "i(vb_1)"].map(|n| slot(&p, n));
    assert_eq!(value(&p, 4), a + b);
    assert_eq!(value(&p, 5), (a + b) / 2.0);
    assert_eq!(
        value(&p, 6),
        ["v(xa.wl_0_0)", "v(xa.wl_0_1)", "v(xa.wl_1_0)", "v(xa.wl_1_1)"]
            .map(|n| slot(&p, n))
            .into_iter()
            .fold(0.0, f64::max)
    );
    assert_eq!(p.prints[0].traces.last().unwrap().quantity, Quantity::Conductance);
    let one = errors(ARRAY, ".op\n.print op {2*i(vb_*)}");
    assert!(one[0].contains("2 signals"), "{one:?}");
}

#[test]
fn snapshots_name_an_array_and_its_quantities() {
    let p = plan(ARRAY, ".tran 1n 50n\n.xout xa v i g at=10n,20n,end file=\"s.npz\"\n.xout xa");
    assert_eq!(p.snapshots[0].quantities, ["v", "i", "g"]);
    assert_eq!((p.snapshots[0].at.as_slice(), p.snapshots[0].at_end), ([1e-8, 2e-8].as_slice(), true));
    assert_eq!(
        (p.snapshots[1].quantities.as_slice(), p.snapshots[1].at_end),
        (["v".to_string(), "i".into()].as_slice(), true)
    );
    let wrong = errors(ARRAY, ".tran 1n 50n\n.xout xq v\n.xout xa zap");
    assert_eq!(wrong, ["there is no array `xq`", "the cells of `xa` have no quantity `zap`"]);
}

#[test]
fn resistances_of_cells_by_wildcard() {
    let plan = plan(ARRAY, ".op\n.print op r(xa.c_*_0) g(xa.c_0_*)");
    let labels = labels(&plan);
    assert_eq!(labels[..2], ["@xa.c_0_0[r]", "@xa.c_1_0[r]"]);
    assert!(labels.contains(&"@xa.c_0_1[g]"), "{labels:?}");
}

#[test]
fn devices_of_cells_have_fields_but_keep_no_parameters() {
    let p = plan(ARRAY, ".op\n.print op @xa.c_0_0.r1[r] @xa.c_1_1.r2[v]");
    assert_eq!(p.prints[0].traces[0].quantity, Quantity::Resistance);
    assert!(p.signals.contains(&Signal::Field("xa.c_1_1.r2".into(), "v".into())));
    let memristors = ARRAY.replace("r1 a mid 1k", "n1 a mid vm") + ".model vm vteam(ron=1k roff=10k)\n";
    assert_eq!(
        errors(&memristors, ".op\n.print op @xa.c_0_0.n1[ron]"),
        ["the parameter `ron` of `xa.c_0_0.n1` is not kept: devices of arrays have only what the run changes"]
    );
    let unknown = errors(&memristors, ".op\n.print op @xa.c_0_0.n1[rown]");
    assert!(unknown[0].starts_with("there is no quantity of `xa.c_0_0.n1` called"), "{unknown:?}");
}
