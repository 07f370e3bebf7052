//! How far the rows are from zero, in units of what they may be.
//!
//! ```text
//! noise_r     = 4 eps / reltol * sum_c |J_rc| tolerance(x_c)
//! tolerance_r = max(min(sum_c |J_rc| tolerance(x_c), reltol sum |i| + abstol), noise_r)     rows of currents
//!             = sum_c |J_rc| tolerance(x_c)                                                 other rows
//! ```
//!
//! Rows of currents: relative to the currents that meet there. Other rows: what a change of every unknown by its own
//! tolerance would do to the row, so that no unit needs a tolerance of its own. Noise is what rounding alone may leave of a
//! row: its terms, |J| |x|, cancel. A large charge that rests carries no current, but alpha q is huge.

use super::{Rows, Sums, System};
use crate::circuit::UnknownKind;
use crate::numeric::simd::{Arithmetic, Work};

/// Rounding of a sum, relative to the sum of the magnitudes.
const CANCELLATION: f64 = 4.0 * f64::EPSILON;
/// Residual below this fraction of the currents that meet at a node is rounding, not error.
const ROUNDING: f64 = 1e-10;
/// Rows side by side.
const SIDE: usize = 8;
/// Rows looked at together: side by side where all are of one kind.
const BLOCK: usize = 64;

impl System {
    /// Largest |R_r| / tolerance_r, relative to rounding level if `rounding`; NaN where one is.
    pub(super) fn worst(&self, rounding: bool) -> f64 {
        let scales = self.scales();
        let [judged, _] = if rounding {
            self.largest(None, |kind, size, traffic, reach| [scales.beyond_rounding(kind, size, traffic, reach), 0.0])
        } else {
            self.largest(None, |kind, size, traffic, reach| [scales.beyond(kind, size, traffic, reach), 0.0])
        };
        judged
    }

    /// The row that is furthest beyond its tolerance, and by how much; the first that is no number.
    #[must_use]
    pub fn worst_row(&self) -> (f64, usize) {
        let scales = self.scales();
        let mut worst = (0.0, 0);
        for r in 0..self.len() {
            let (traffic, reach) = (self.sums.traffic[r], self.sums.sensitivity[r]);
            let beyond = scales.beyond(self.sums.kind(r), self.residual()[r].abs(), traffic, reach);
            if beyond.is_nan() {
                return (beyond, r);
            }
            if beyond > worst.0 {
                worst = (beyond, r);
            }
        }
        worst
    }

    /// Worst |sum of currents| at a node, beyond rounding, in A and relative to the currents that meet there, at the last
    /// combine. Currents for which the absolute tolerance rules count as large as the smallest for which it does not.
    #[must_use]
    pub fn kirchhoff(&self, rows: &Rows) -> (f64, f64) {
        let Scales { relative, current, noise } = self.scales();
        let held = rows.holds_any().then_some(rows);
        let [absolute, relative] = self.largest(held, |kind, size, traffic, reach| match kind {
            UnknownKind::Voltage => {
                let absolute = (size - noise * reach).max(0.0);
                [absolute, absolute / (traffic + current / relative)]
            }
            _ => [0.0; 2],
        });
        (absolute, relative)
    }

    fn scales(&self) -> Scales {
        let relative = self.tolerances.relative;
        Scales { relative, current: self.tolerances.current, noise: CANCELLATION / relative }
    }

    /// Largest values of a measure of kind, |R|, traffic and sensitivity over all rows but those that are held.
    fn largest<M: Fn(UnknownKind, f64, f64, f64) -> [f64; 2]>(&self, held: Option<&Rows>, measure: M) -> [f64; 2] {
        self.level.run(Largest { residual: self.residual(), sums: &self.sums, held, measure })
    }
}

/// What residuals are compared with.
#[derive(Clone, Copy)]
struct Scales {
    /// Tolerance of currents, relative to those that meet.
    relative: f64,
    /// Absolute tolerance of currents in A.
    current: f64,
    /// Noise of a row, relative to its sensitivity.
    noise: f64,
}

impl Scales {
    /// |R| of a row in units of its tolerance.
    #[inline(always)]
    fn beyond(&self, kind: UnknownKind, size: f64, traffic: f64, reach: f64) -> f64 {
        match kind {
            UnknownKind::Voltage => {
                ratio(size, reach.min(self.relative * traffic + self.current).max(self.noise * reach))
            }
            _ => ratio(size, reach),
        }
    }

    /// The same in units of what rounding leaves.
    #[inline(always)]
    fn beyond_rounding(&self, kind: UnknownKind, size: f64, traffic: f64, reach: f64) -> f64 {
        match kind {
            UnknownKind::Voltage => ratio(size, (ROUNDING * (traffic + self.current)).max(self.noise * reach)),
            _ => ratio(size, ROUNDING / self.relative * reach),
        }
    }
}

/// A row that is zero is within every tolerance.
#[inline(always)]
fn ratio(size: f64, tolerance: f64) -> f64 {
    if size == 0.0 { 0.0 } else { size / tolerance }
}

struct Largest<'a, M> {
    residual: &'a [f64],
    sums: &'a Sums,
    held: Option<&'a Rows>,
    measure: M,
}

/// Largest values so far, and their sum: NaN is never larger, but the sum remembers it.
struct Found {
    most: [[f64; SIDE]; 2],
    sum: [[f64; SIDE]; 2],
}

impl Found {
    #[inline(always)]
    fn take(&mut self, lane: usize, of_row: [f64; 2]) {
        for k in 0..2 {
            let most = &mut self.most[k][lane];
            *most = if of_row[k] > *most { of_row[k] } else { *most };
            self.sum[k][lane] += of_row[k];
        }
    }
}

impl<M: Fn(UnknownKind, f64, f64, f64) -> [f64; 2]> Work for Largest<'_, M> {
    type Output = [f64; 2];

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> [f64; 2] {
        let Self { residual, sums, held, measure } = self;
        let mut found = Found { most: [[0.0; SIDE]; 2], sum: [[0.0; SIDE]; 2] };
        for start in (0..residual.len()).step_by(BLOCK) {
            let rows = start..(start + BLOCK).min(residual.len());
            let (residual, traffic) = (&residual[rows.clone()], &sums.traffic[rows.clone()]);
            let sensitivity = &sums.sensitivity[rows.clone()];
            let one_kind = if rows.len() == BLOCK && held.is_none() { sums.common_kind(rows.clone()) } else { None };
            let Some(kind) = one_kind else {
                for (k, r) in rows.enumerate().filter(|&(_, r)| held.is_none_or(|held| !held.is_held(r))) {
                    found.take(0, measure(sums.kind(r), residual[k].abs(), traffic[k], sensitivity[k]));
                }
                continue;
            };
            // the kind is known before the loop, and the loop becomes vector code
            if kind == UnknownKind::Voltage {
                block(&mut found, [residual, traffic, sensitivity], |r, t, s| measure(UnknownKind::Voltage, r, t, s));
            } else {
                block(&mut found, [residual, traffic, sensitivity], |r, t, s| measure(kind, r, t, s));
            }
        }
        [0, 1].map(|k| {
            let lost = found.sum[k].iter().any(|sum| sum.is_nan());
            if lost { f64::NAN } else { found.most[k].iter().copied().fold(0.0, f64::max) }
        })
    }
}

/// A whole block of rows, [`SIDE`] at a time.
#[inline(always)]
fn block(
    found: &mut Found,
    [residual, traffic, sensitivity]: [&[f64]; 3],
    measure: impl Fn(f64, f64, f64) -> [f64; 2],
) {
    let sides = residual.as_chunks::<SIDE>().0.iter().zip(traffic.as_chunks::<SIDE>().0);
    for ((residual, traffic), sensitivity) in sides.zip(sensitivity.as_chunks::<SIDE>().0) {
        for lane in 0..SIDE {
            found.take(lane, measure(residual[lane].abs(), traffic[lane], sensitivity[lane]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{Env, Mode};
    use crate::elaborate::Elaborator;
    use crate::netlist::{ReadOptions, parse_text};
    use crate::plan::Overrides;
    use crate::system::{Backend, Tolerances};

    /// Inner nodes and states alternate in the cells, line nodes stand together, and so do the currents of drivers.
    const DECK: &str = "cells of two kinds of unknowns
.subckt cell wl bl
R1 wl m 1k
N1 m bl mem
.ends
.model mem vteam(ron=10k roff=1meg von=-0.3 voff=0.3 kon=-100 koff=100 alphaon=3 alphaoff=3 won=0 woff=1 x0=0.1)
.xbar XB 13 11 CELL=cell(wl bl) RWL=2 RBL=2
Xa W[0:12] B[0:10] XB
Vw[0:12] W[0:12] 0 0.3
Vb[0:10] B[0:10] 0 0
.end
";

    #[test]
    fn blocks_of_rows_are_judged_as_single_ones() {
        let (deck, _) = parse_text("t.cir", DECK, &ReadOptions::default());
        let circuit = Elaborator::new(deck, Vec::new()).build(&Overrides::default()).unwrap().circuit;
        let tolerances = Tolerances { relative: 1e-4, current: 1e-12, voltage: 1e-6, state: 1e-6, pivot: 1e-3 };
        let mut system = System::new(&circuit, tolerances, Backend::Automatic);
        let n = system.len();
        assert!(n > 5 * BLOCK);
        let env = Env { time: 0.0, temperature: 300.0, gmin: 1e-12, source_scale: 1.0, mode: Mode::Dc };
        let mut rows = Rows::still(n);
        rows.held[7] = 0.1;
        let x: Vec<f64> = (0..n).map(|k| 0.01 * ((7 * k) % 13) as f64).collect();
        for rows in [Rows::still(n), rows] {
            system.forget_limits(&circuit, &x);
            system.linearise(&circuit, &env, &rows, &x);
            let (beyond, row) = system.worst_row();
            assert!(beyond > 0.0 && beyond.is_finite() && row < n);
            assert_eq!(system.worst(false).to_bits(), beyond.to_bits());
            assert!(system.worst(true) > beyond);
            let size = |r: usize| system.residual()[r].abs();
            let nodes = (0..n).filter(|&r| system.sums.kind(r) == UnknownKind::Voltage && !rows.is_held(r));
            let (largest, _) = system.kirchhoff(&rows);
            let bound = nodes.map(size).fold(0.0, f64::max);
            assert!(largest <= bound && largest >= 0.999 * bound, "{largest} {bound}");
        }
        for lost in [3, n / 2, n - 1] {
            system.linearise(&circuit, &env, &Rows::still(n), &x);
            system.sums.f[lost] = f64::NAN;
            assert!(system.worst(true).is_nan() && system.worst(false).is_nan());
            assert_eq!(system.worst_row().1, lost);
        }
    }
}
