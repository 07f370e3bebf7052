//! Mutual inductance: M = k sqrt(L1 L2) takes M di2/dt from the branch of L1 and M di1/dt from that of L2.
//!
//! Both ports are the branch currents of the two inductors, sensed; the charges in their rows are flux linkages in the
//! inductors' branch equations v_p - v_n - d/dt (L1 i1 + M i2) = 0.

use crate::device::{Balance, Card, Device, Env, Param, ParamError, ParamValues, Port, Role};
use crate::numeric::real::Real;

/// A pair of coupled windings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coupling {
    mutual: f64,
}

impl Device<2> for Coupling {
    const CARD: Card = Card {
        keywords: &["k"],
        doc: "mutual inductance between two inductors",
        source: "ideal element",
        role: Role::Passive,
        ports: &[Port { name: "i1", carries: false }, Port { name: "i2", carries: false }],
        internals: &[],
        params: &[
            Param::required("k", "1", "coupling coefficient").or(&["value", "coupling"]).within(-1.0, 1.0),
            Param::required("l1", "H", "inductance of the first winding").nonnegative(),
            Param::required("l2", "H", "inductance of the second winding").nonnegative(),
        ],
        outputs: &[("m", "H")],
        equivalent: "",
    };

    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        Ok(Self { mutual: p.number("k") * (p.number("l1") * p.number("l2")).sqrt() })
    }

    fn balance<S: Real>(&self, _: &Env, x: &[S; 2]) -> Balance<S, 2> {
        let mut b = Balance::zero();
        b.q = [x[1] * -self.mutual, x[0] * -self.mutual];
        b
    }

    fn outputs(&self, _: &Env, _: &[f64; 2], out: &mut Vec<f64>) {
        out.push(self.mutual);
    }
}
