//! A resistance of exactly zero: a branch with v_p = v_n and its current as unknown.
//!
//! Rows: p: +i, n: -i, i: v_p - v_n = 0.

use crate::device::{Balance, Card, Device, Env, Internal, Param, ParamError, ParamValues, Port, Role, StateLaw};
use crate::numeric::real::Real;

/// An ideal connection whose current is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Short;

impl Device<3> for Short {
    const CARD: Card = Card {
        keywords: &["short"],
        doc: "zero resistance with a branch current",
        source: "ideal element",
        role: Role::Passive,
        ports: &[Port { name: "p", carries: true }, Port { name: "n", carries: true }],
        internals: &[Internal { name: "i", unit: "A", law: StateLaw::Algebraic, scale: 1.0 }],
        params: &[Param::multiplicity()],
        outputs: &[("i", "A"), ("v", "V"), ("p", "W"), ("r", "ohm")],
        equivalent: "",
    };

    fn from_params(_: &ParamValues) -> Result<Self, ParamError> {
        Ok(Self)
    }

    fn balance<S: Real>(&self, _: &Env, x: &[S; 3]) -> Balance<S, 3> {
        let mut b = Balance::zero();
        b.flow(0, 1, x[2]);
        b.f[2] = x[0] - x[1];
        b
    }

    fn outputs(&self, _: &Env, x: &[f64; 3], out: &mut Vec<f64>) {
        out.extend([x[2], 0.0, 0.0, 0.0]);
    }
}
