//! The same read as circuits: arrays with all their cells, and their reduction by symmetry.
//!
//! With ideal wires all unselected word lines are at one potential, and all unselected bit lines, whatever the cells are:
//!
//! ```text
//! V_pu --R_pu-- b --cell-- 0          b --(N-1) cells-- w --(N-1)^2 cells-- u --(N-1) cells-- 0
//! ```
//!
//! Four nodes stand for any N, exactly and for nonlinear cells too. A cell that follows
//! I = I_on sinh(V/v0)/sinh(V_read/v0) has the selectivity I(V_read)/I(V_read/2) = 2 cosh(V_read/(2 v0)).

use super::super::bench::{Bench, Definitions, Wanted};
use super::super::{StudyError, Watch};
use super::lumped::Scheme;
use crate::plan::{Overrides, Signal};
use crate::result::report::Trust;

/// Tight enough for margins to 1e-6 of the pull-up voltage, loose enough for femtoampere cells.
const OPTIONS: &str = ".options reltol=1e-9 vntol=1e-10 abstol=1e-20 gmin=1e-20\n";

/// A bias for nonlinear cells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bias {
    /// Voltage at which the resistances and the selectivity hold, in V.
    pub read: f64,
    /// Pull-up voltage in V.
    pub pull_up: f64,
}

impl Bias {
    /// v0 of the exponential cell with this selectivity.
    #[must_use]
    pub fn slope(&self, scheme: &Scheme) -> f64 {
        self.read / (2.0 * (scheme.selectivity / 2.0).acosh())
    }
}

/// What the cells are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cells {
    /// Resistors: R_L or R_H selected, R_half everywhere else.
    Linear,
    /// Exponential cells, all on but the selected one.
    Exponential(Bias),
}

/// A margin and how well its two circuits were solved.
#[derive(Debug, Clone, PartialEq)]
pub struct Solved {
    /// Level with the selected cell off less that with it on, relative to the supply.
    pub margin: f64,
    /// Counters.
    pub trust: Trust,
}

/// Solves circuits of one scheme.
#[derive(Clone, Copy)]
pub struct Solver<'a> {
    /// Where the lines stand.
    pub definitions: &'a Definitions,
    /// Interruption.
    pub watch: &'a dyn Watch,
    /// Cells and periphery.
    pub scheme: Scheme,
}

impl Solver<'_> {
    /// The two pieces that all circuits share: options, the cell, the pull-up at node `b`.
    fn common(&self, cells: Cells) -> (String, f64) {
        let Scheme { lrs, pull_up, .. } = self.scheme;
        let (cell, bias) = match cells {
            Cells::Linear => (format!("R1 p n {{{lrs}/k}}"), 1.0),
            Cells::Exponential(bias) => {
                let slope = bias.slope(&self.scheme);
                let unit = bias.read / lrs / (bias.read / slope).sinh();
                (format!("B1 p n I={{k*{unit:e}*sinh(v(p,n)/{slope:e})}}"), bias.pull_up)
            }
        };
        let lines = format!(
            "{OPTIONS}.subckt density_cell p n k=1\n{cell}\n.ends\nVpu supply 0 {bias:e}\nRpu supply b {pull_up:e}\n.op\n"
        );
        (lines, bias)
    }

    /// Strengths of the unselected cells, and of the selected one on and off, relative to R_L.
    fn strengths(&self, cells: Cells) -> (f64, [f64; 2]) {
        let others = if cells == Cells::Linear { self.scheme.lrs / self.scheme.half() } else { 1.0 };
        (others, [1.0, 1.0 / self.scheme.on_off])
    }

    /// The margin between the circuit with the cell on and the one with it off.
    fn compare(&self, benches: [Bench; 2], supply: f64) -> Result<Solved, StudyError> {
        let wanted = Wanted { signals: vec![Signal::Voltage("b".into())], ..Wanted::default() };
        let mut solved = Solved { margin: 0.0, trust: Trust::default() };
        for (bench, sign) in benches.iter().zip([-1.0, 1.0]) {
            let solution = bench.operating_point(&Overrides::default(), &wanted, self.watch)?;
            solved.margin += sign * solution.last(0) / supply;
            solved.trust.add(&solution.stats);
        }
        Ok(solved)
    }

    /// Margin of `n` x `n` cells with ideal wires, by symmetry.
    ///
    /// # Errors
    /// No convergence.
    pub fn reduced(&self, n: f64, cells: Cells) -> Result<Solved, StudyError> {
        let (others, selected) = self.strengths(cells);
        let m = n - 1.0;
        let (common, supply) = self.common(cells);
        let bench = |k: f64| {
            self.definitions.bench(&format!(
                "{common}Xsel b 0 density_cell k={k:e}\nX1 b w density_cell k={:e}\nX2 w u density_cell k={:e}\n\
                 X3 u 0 density_cell k={:e}\n",
                m * others,
                m * m * others,
                m * others
            ))
        };
        self.compare([bench(selected[0])?, bench(selected[1])?], supply)
    }

    /// Margin of a whole array of `n` x `n` cells with `wire` ohm per segment, the cell in the far corner selected.
    ///
    /// # Errors
    /// No convergence.
    pub fn whole(&self, n: usize, wire: f64, cells: Cells) -> Result<Solved, StudyError> {
        let (others, selected) = self.strengths(cells);
        let last = n - 1;
        let (common, supply) = self.common(cells);
        let lines = format!(
            "{common}.xbar DENSITY {n} {n} CELL=density_cell(wl bl) RWL={wire:e} RBL={wire:e} BLSIDE=top\n\
             + k=FILE(\"strengths\")\nXa W[0:{last}] B[0:{last}] DENSITY\nVground W_{last} 0 0\nVbit B_{last} b 0\n"
        );
        let bench = |k: f64| {
            let mut strengths = vec![others; n * n];
            strengths[n * n - 1] = k;
            Ok::<_, StudyError>(self.definitions.bench(&lines)?.with_matrix("strengths", n, n, strengths))
        };
        self.compare([bench(selected[0])?, bench(selected[1])?], supply)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::super::Unwatched;
    use super::*;
    use crate::netlist::{self, ReadOptions};

    const PAPER: Scheme = Scheme { lrs: 70e3, on_off: 1e4, pull_up: 70e3, selectivity: 1e5 };
    const LOW: Bias = Bias { read: 0.7, pull_up: 0.7 };
    const HIGH: Bias = Bias { read: 0.7, pull_up: 1.4 };

    fn with(test: impl Fn(Solver)) {
        let (deck, _) = netlist::parse_text("empty.cir", "nothing\n.end\n", &ReadOptions::default());
        let definitions = Definitions::of(&deck, &[]);
        test(Solver { definitions: &definitions, watch: &Unwatched, scheme: PAPER });
    }

    /// SciPy on the full linear network.
    #[test]
    fn linear_arrays() {
        with(|solver| {
            for (n, wire, margin) in
                [(8, 0.01, 0.499_850_5), (8, 1.0, 0.499_793_9), (8, 100.0, 0.494_201_3), (16, 0.0, 0.0)]
            {
                let expected = if wire > 0.0 { margin } else { super::super::ladder::margin(&PAPER, n, wire) };
                let got = solver.whole(n, wire, Cells::Linear).unwrap().margin;
                assert!((got - expected).abs() < 1e-7, "{n} {wire}: {got} {expected}");
            }
        });
    }

    /// Exponential cells: a Newton solution of the reduction and of the full array (SciPy).
    #[test]
    fn exponential_arrays() {
        with(|solver| {
            assert!((LOW.slope(&PAPER) - 0.030_400_6).abs() < 1e-7);
            let reduced = |n, bias| solver.reduced(n, Cells::Exponential(bias)).unwrap().margin;
            assert!((reduced(8.0, LOW) - 0.09990).abs() < 1e-5, "{}", reduced(8.0, LOW));
            assert!((reduced(8.0, HIGH) - 0.18964).abs() < 1e-5, "{}", reduced(8.0, HIGH));
            assert!((reduced(27_942.0, HIGH) - 0.1).abs() < 1e-5, "{}", reduced(27_942.0, HIGH));
            let whole = solver.whole(8, 0.0, Cells::Exponential(HIGH)).unwrap().margin;
            assert!((whole - reduced(8.0, HIGH)).abs() < 1e-8, "{whole}");
        });
    }
}
