//! Rectifying selector of a 1D-1R cell: I = is (e^(v/vs) - 1) + gleak v.
//!
//! vs = n k T/q, or the fixed slope voltage `vs` when it is given.

use super::PORTS;
use crate::device::elements::thermal::K_OVER_Q;
use crate::device::{Balance, Card, Device, Env, Param, ParamError, ParamValues, Role, limiting};
use crate::numeric::real::Real;

/// A static rectifier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rectifier {
    is: f64,
    n: f64,
    vs: f64,
    gleak: f64,
}

impl Rectifier {
    #[inline(always)]
    fn slope(&self, env: &Env) -> f64 {
        if self.vs > 0.0 { self.vs } else { self.n * K_OVER_Q * env.temperature.max(1.0) }
    }
    #[inline(always)]
    fn current<S: Real>(&self, env: &Env, v: S) -> S {
        (v / self.slope(env)).exp_m1() * self.is + v * self.gleak
    }
}

impl Device<2> for Rectifier {
    const CARD: Card = Card {
        keywords: &["rectifier"],
        doc: "selector, static rectifying diode",
        source: "Shockley equation with an ohmic leakage",
        role: Role::Passive,
        ports: PORTS,
        internals: &[],
        params: &[
            Param::new("is", "A", 1e-14, "saturation current").positive(),
            Param::new("n", "1", 1.8, "emission coefficient").positive(),
            Param::new("vs", "V", 0.0, "slope voltage in place of n k T/q; 0: use n").nonnegative(),
            Param::new("gleak", "S", 1e-12, "leakage conductance").nonnegative(),
            Param::multiplicity(),
        ],
        outputs: &[("i", "A"), ("v", "V"), ("p", "W"), ("g", "S")],
        equivalent: "\
Bs s 0 V=(vs>0)?vs:(n*8.617333262e-5*(temper+273.15))
Bi te be I=is*(exp(min(V(te,be)/V(s),200))-1)+gleak*V(te,be)
",
    };

    const LIMITS: bool = true;

    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        Ok(Self { is: p.number("is"), n: p.number("n"), vs: p.number("vs"), gleak: p.number("gleak") })
    }

    const VECTORISES: bool = true;

    fn is_like(&self, other: &Self) -> bool {
        self == other
    }

    #[inline(always)]
    fn balance<S: Real>(&self, env: &Env, x: &[S; 2]) -> Balance<S, 2> {
        let mut b = Balance::zero();
        b.flow(0, 1, self.current(env, x[0] - x[1]));
        b
    }

    fn limit(&self, env: &Env, new: &mut [f64; 2], old: &[f64; 2]) -> bool {
        let slope = self.slope(env);
        let critical = limiting::critical_voltage(self.is, slope);
        let limited = limiting::limit_exponential(new[0] - new[1], old[0] - old[1], slope, critical);
        limiting::pull_voltage(new, old, 0, 1, limited)
    }

    fn outputs(&self, env: &Env, x: &[f64; 2], out: &mut Vec<f64>) {
        let v = x[0] - x[1];
        let i = self.current(env, v);
        let slope = self.slope(env);
        out.extend([i, v, v * i, self.is / slope * Real::exp(v / slope) + self.gleak]);
    }
}
