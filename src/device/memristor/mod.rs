//! Memristors: one current I(v, x) and a state equation dx/dt = rate(v, x), x in [0, 1].
//!
//! Ports `te be`, v = v_te - v_be. The state is an unknown with q = x, f = -rate (1/s) and memory law: it holds its
//! value in DC. Its bounds are part of the rate (windows that vanish only for motion outwards), so an implicit step
//! cannot leave them; nothing is reset after a step. The conduction reads the state held to [0, 1].

pub mod bulk_drift;
pub mod conductance_memory;
pub mod linear_drift;
pub mod team;
mod threshold_law;
pub mod vteam;
pub mod window;
pub mod yakopcic;
pub mod yakopcic2020;

use super::{Balance, Internal, Param, Port, StateLaw};
use crate::numeric::real::Real;

/// The two terminals.
pub(crate) const PORTS: &[Port] = &[Port { name: "te", carries: true }, Port { name: "be", carries: true }];
/// The memory state.
pub(crate) const STATE: Internal = Internal { name: "x", unit: "1", law: StateLaw::Memory, scale: 1.0 };
/// Its value at the start.
pub(crate) const X0: Param = Param::new("x0", "1", 0.0, "state at the start").within(0.0, 1.0).or(&["xo", "x_init"]);

/// The equations of a memristor: the current i between the terminals and dx/dt = rate.
#[inline(always)]
pub(crate) fn balance<S: Real>(i: S, rate: S, x: S) -> Balance<S, 3> {
    let mut balance = Balance::zero();
    balance.flow(0, 1, i);
    balance.q[2] = x;
    balance.f[2] = -rate;
    balance
}

/// sinh(v / scale) / sinh(reference / scale), without overflow of the quotient; tends to v / reference for a large
/// scale. Continued linearly where the growth passes e^230.
#[inline(always)]
pub(crate) fn sinh_drive<S: Real>(v: S, scale: f64, reference: f64) -> S {
    let (y, r) = (v / scale, reference / scale);
    // sinh y / sinh r = sgn(y) e^(|y| - r) (1 - e^(-2|y|)) / (1 - e^(-2r))
    let size = y.abs();
    let growth = (size - r).exp() * (-size * 2.0).exp_m1() / Real::exp_m1(-2.0 * r);
    S::select(y.value() < 0.0, -growth, growth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::real::Dual;

    #[test]
    fn the_drive_is_the_quotient_of_hyperbolic_sines() {
        for (v, s, r) in [(0.3, 0.05, 1.7), (-1.9, 0.05, 1.7), (1.2, 0.35, 1.7), (1e-3, 0.05, 1.7), (-7.0, 1e6, 14.0)] {
            let exact = f64::sinh(v / s) / f64::sinh(r / s);
            let d = sinh_drive(Dual::<1>::variable(v, 0), s, r);
            assert!((d.v / exact - 1.0).abs() < 1e-13, "{v} {s}");
            let slope = f64::cosh(v / s) / f64::sinh(r / s) / s;
            assert!((d.d[0] / slope - 1.0).abs() < 1e-12, "{v} {s}");
        }
        assert!(sinh_drive(1e3, 0.05, 1.7).is_finite());
    }
}
