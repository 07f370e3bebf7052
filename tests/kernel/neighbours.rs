//! Two arrays, of which only one is solved by its structure: the cells of the other belong to the circuit around it.

use sneakpath::plan::ArraySolver;

use crate::{compare, solve};

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
        // too small, and with lines that are single nodes
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
