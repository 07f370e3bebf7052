//! Arrays with something beside them that line-PCG cannot take: cells of another array that is not solved by its structure,
//! and cells that conduct more than wires.

use sneakpath::plan::ArraySolver;

use crate::{circuit, compare, solve};

const CELLS: &str = "cells
.subckt cell wl bl r=10k
R1 wl m {r}
R2 m bl 1k
.ends
.subckt bare wl bl r=10k
R1 wl bl {r}
.ends
.xbar XB 9 8 CELL=cell(wl bl) RWL=2.5 RBL=2.5
Xb W[0:8] B[0:7] XB
";

/// Linear circuits take one step, and one more where an outer iteration leaves a residual above tolerances this tight; with
/// a Jacobian that lacks the other cells they take thousands.
#[test]
fn cells_of_arrays_beside_the_kernel_are_part_of_the_circuit() {
    for (other, what) in [
        // with lines that are single nodes
        (".xbar XA 2 2 CELL=bare(wl bl)\nXa P[0:1] Q[0:1] XA\nVp P_0 0 1\nVq Q_0 0 0", "nothing in common"),
        (".xbar XA 9 8 CELL=cell(wl bl)\nXa W[0:8] B[0:7] XA\nVp Q 0 1\nRq Q W_3 50", "the same lines"),
        (".xbar XA 2 2 CELL=bare(wl bl) RWL=1 RBL=1\nXa W[1:2] Q[0:1] XA\nVp Q_0 0 1", "some lines"),
        (".xbar XA 1 2 CELL=bare(wl bl)\nXa xb.wl_4_4 Q[0:1] XA\nVp Q_0 0 1\nRq Q_1 xb.bl_2_2 1k", "nodes inside"),
    ] {
        let text = format!("{CELLS}{other}\nVw[0:2] W[0:2] 0 0.3\nRb[0:7] B[0:7] 0 100\n.op\n.end\n");
        for solver in [ArraySolver::Automatic, ArraySolver::Line, ArraySolver::Frontal] {
            let stats = compare(&text, solver, 1e-9);
            assert_eq!(stats.fallbacks, 0, "{what}, {solver:?}: {:?}", stats.refusals);
            assert!(stats.newton <= 2, "{what}, {solver:?}: {} iterations", stats.newton);
        }
        assert!(solve(&text, ArraySolver::Line).1.array_iterations > 0, "{what}: not by structure");
    }
}

/// Cells of 1 nOhm between wires of 1 MOhm: S of line-PCG is all rounding there, and currents were 7 % off. Cells of 1 mOhm
/// conduct the same to 1e-8, and lose nothing.
#[test]
fn cells_that_conduct_far_more_than_wires_go_to_the_direct_solver() {
    let deck = |ohm: &str| {
        format!(
            "cells and wires\n.subckt bare wl bl r=10k\nR1 wl bl {{r}}\n.ends\n.xbar XB 8 14 CELL=bare(wl bl) RWL=1meg RBL=10k \
             r={ohm}\nXa W[0:7] B[0:13] XB\nE[0:7] o[0:7] 0 0 W[0:7] 1e4\nRf[0:7] o[0:7] W[0:7] 1k\nVb[0:13] B[0:13] 0 0.2\n\
             .op\n.end\n"
        )
    };
    let read = |ohm: &str| {
        let text = deck(ohm);
        let names = circuit(&text).0.match_nodes("*");
        let (values, stats) = solve(&text, ArraySolver::Automatic);
        let inputs = names.iter().zip(values).filter(|((name, _), _)| name.starts_with("w_"));
        (inputs.map(|(_, value)| value).collect::<Vec<_>>(), stats)
    };
    let ((hard, stats), (easy, _)) = (read("1e-9"), read("1e-3"));
    assert!(stats.escalations > 0 && stats.fallbacks == 0);
    assert_eq!(hard.len(), 8);
    for (hard, easy) in hard.iter().zip(&easy) {
        assert!((hard - easy).abs() <= 1e-8 * easy.abs(), "{hard} {easy}");
    }
}
