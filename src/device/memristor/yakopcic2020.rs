//! Yakopcic's memristor, form of 2020: separate currents of the on and the off state.
//!
//! I = gmax_p sinh(bmax_p v) x + gmin_p sinh(bmin_p v) (1 - x)    (v >= 0), with _n for v < 0
//! dx/dt = eta g(v) f(x) as in the form of 2013, with vn < 0 and motion downwards slowing below x = xn:
//! f = exp(alphan (x - xn)) x/xn.

use super::yakopcic::{ALPHAN, ALPHAP, AN, AP, ETA, Motion};
use super::{PORTS, STATE, X0, balance};
use crate::device::{Balance, Card, Device, Env, Param, ParamError, ParamValues, Role, limiting};
use crate::numeric::real::Real;

/// Current scales and steepnesses at one polarity.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Conduction {
    gmax: f64,
    bmax: f64,
    gmin: f64,
    bmin: f64,
}

/// The memristor of 2020.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Yakopcic2020 {
    positive: Conduction,
    negative: Conduction,
    motion: Motion,
    x0: f64,
}

impl Yakopcic2020 {
    #[inline(always)]
    fn current<S: Real>(&self, v: S, x: S) -> S {
        let c = if v.value() >= 0.0 { &self.positive } else { &self.negative };
        let x = x.clamp(0.0, 1.0);
        (v * c.bmax).sinh() * x * c.gmax + (v * c.bmin).sinh() * (-x + 1.0) * c.gmin
    }
}

impl Device<3> for Yakopcic2020 {
    const CARD: Card = Card {
        keywords: &["yakopcic2020"],
        doc: "Yakopcic's generalised memristor (2020)",
        source: "Yakopcic, Taha, Mountain, Salter, Marinella, McLean, IEEE TCAD 39 (2020) 1084; defaults: Nb:SrTiO3",
        role: Role::Passive,
        ports: PORTS,
        internals: &[STATE],
        params: &[
            Param::new("gmax_p", "A", 9e-5, "current scale of the on state at positive voltage").nonnegative(),
            Param::new("bmax_p", "1/V", 4.96, "steepness of the on state at positive voltage").positive(),
            Param::new("gmax_n", "A", 1.7e-4, "current scale of the on state at negative voltage").nonnegative(),
            Param::new("bmax_n", "1/V", 3.23, "steepness of the on state at negative voltage").positive(),
            Param::new("gmin_p", "A", 1.5e-5, "current scale of the off state at positive voltage").nonnegative(),
            Param::new("bmin_p", "1/V", 6.91, "steepness of the off state at positive voltage").positive(),
            Param::new("gmin_n", "A", 4.4e-7, "current scale of the off state at negative voltage").nonnegative(),
            Param::new("bmin_n", "1/V", 2.6, "steepness of the off state at negative voltage").positive(),
            Param::new("vp", "V", 0.5, "positive threshold").within(0.0, 200.0),
            Param::new("vn", "V", -0.5, "negative threshold, with its sign").within(-200.0, 0.0),
            Param { default: Some(0.1066), ..AP },
            Param { default: Some(0.01184), ..AN },
            Param::new("xp", "1", 0.1, "state above which motion upwards slows").within(0.0, 0.999),
            Param::new("xn", "1", 0.242, "state below which motion downwards slows").within(0.001, 1.0),
            ALPHAP,
            Param { default: Some(1.0), ..ALPHAN },
            ETA,
            X0,
            Param::multiplicity(),
        ],
        outputs: &[("i", "A"), ("v", "V"), ("p", "W"), ("x", "1")],
        equivalent: "\
Cy y 0 1
Ry y 0 1e12
Ex x 0 vol='min(max(x0+V(y),0),1)'
Bh h 0 V=min(max(V(te,be)*((V(te,be)>=0)?bmax_p:bmax_n),-200),200)
Bl l 0 V=min(max(V(te,be)*((V(te,be)>=0)?bmin_p:bmin_n),-200),200)
Bi te be I=((V(te,be)>=0)?gmax_p:gmax_n)*V(x)*0.5*(exp(V(h))-exp(-V(h)))+\
((V(te,be)>=0)?gmin_p:gmin_n)*(1-V(x))*0.5*(exp(V(l))-exp(-V(l)))
Bg g 0 V=eta*((V(te,be)>vp)?(ap*(exp(V(te,be))-exp(vp))):((V(te,be)<vn)?(-an*(exp(-V(te,be))-exp(-vn))):0))
Bf f 0 V=(V(g)>=0)?((x0+V(y)>=xp)?(exp(-alphap*(x0+V(y)-xp))*((xp-x0-V(y))/(1-xp)+1)):1):\
((x0+V(y)<=xn)?(exp(alphan*(x0+V(y)-xn))*(x0+V(y))/xn):1)
By 0 y I=(time>0)?(V(g)*V(f)):0
",
    };

    const LIMITS: bool = true;

    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        let conduction = |gmax, bmax, gmin, bmin| Conduction {
            gmax: p.number(gmax),
            bmax: p.number(bmax),
            gmin: p.number(gmin),
            bmin: p.number(bmin),
        };
        Ok(Self {
            positive: conduction("gmax_p", "bmax_p", "gmin_p", "bmin_p"),
            negative: conduction("gmax_n", "bmax_n", "gmin_n", "bmin_n"),
            motion: Motion::from_params(p, -p.number("vn"), p.number("xn"))?,
            x0: p.number("x0"),
        })
    }

    const VECTORISES: bool = true;

    fn is_like(&self, other: &Self) -> bool {
        Self { x0: other.x0, ..*self } == *other
    }

    #[inline(always)]
    fn balance<S: Real>(&self, _: &Env, x: &[S; 3]) -> Balance<S, 3> {
        let v = x[0] - x[1];
        balance(self.current(v, x[2]), self.motion.rate(v, x[2]), x[2])
    }

    fn start(&self, x: &mut [f64; 3]) {
        x[2] = self.x0;
    }

    fn limit(&self, _: &Env, new: &mut [f64; 3], old: &[f64; 3]) -> bool {
        limiting::pull_state(&mut new[2], old[2], 0.5)
    }

    fn outputs(&self, _: &Env, x: &[f64; 3], out: &mut Vec<f64>) {
        let v = x[0] - x[1];
        let i = self.current(v, x[2]);
        out.extend([i, v, v * i, x[2]]);
    }
}
