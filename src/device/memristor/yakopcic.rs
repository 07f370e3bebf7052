//! Yakopcic's generalised memristor, form of 2011 and 2013.
//!
//! I = a1 x sinh(b v) (v >= 0), a2 x sinh(b v) (v < 0)
//! dx/dt = eta g(v) f(x)
//! g = ap (e^v - e^vp) (v > vp), -an (e^-v - e^vn) (v < -vn), 0 between
//! f, moving up:   x >= xp:     exp(-alphap (x - xp)) (1 - x)/(1 - xp),  else 1
//!    moving down: x <= 1 - xn: exp(alphan (x + xn - 1)) x/(1 - xn),     else 1
//! At x = 0 the form carries no current; gmin keeps the circuit connected there.

use super::{PORTS, STATE, X0, balance};
use crate::device::{Balance, Card, Device, Env, Param, ParamError, ParamValues, Role, limiting};
use crate::numeric::real::Real;

/// Growth of the state with voltage and its slowing at the bounds; shared with the form of 2020.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Motion {
    /// Thresholds, both as magnitudes.
    pub vp: f64,
    pub vn: f64,
    pub ap: f64,
    pub an: f64,
    /// x above which upward motion slows, x below which downward motion slows.
    pub xp: f64,
    pub xn: f64,
    pub alphap: f64,
    pub alphan: f64,
    pub eta: f64,
}

impl Motion {
    /// Reads the parameters that both forms have; `vn` as a magnitude, `xn` as the state below which motion down slows.
    pub(crate) fn from_params(p: &ParamValues, vn: f64, xn: f64) -> Result<Self, ParamError> {
        let eta = p.number("eta");
        if eta.abs() != 1.0 {
            return Err(ParamError::Conflict("`eta` must be 1 or -1".into()));
        }
        Ok(Self {
            vp: p.number("vp"),
            vn,
            ap: p.number("ap"),
            an: p.number("an"),
            xp: p.number("xp"),
            xn,
            alphap: p.number("alphap"),
            alphan: p.number("alphan"),
            eta,
        })
    }

    #[inline(always)]
    pub(crate) fn rate<S: Real>(&self, v: S, x: S) -> S {
        let g = if v.value() > self.vp {
            (v.exp() - Real::exp(self.vp)) * self.ap
        } else if v.value() < -self.vn {
            ((-v).exp() - Real::exp(self.vn)) * -self.an
        } else {
            return S::from(0.0);
        };
        let rate = g * self.eta;
        rate * if rate.value() >= 0.0 { self.upward(x) } else { self.downward(x) }
    }
    #[inline(always)]
    fn upward<S: Real>(&self, x: S) -> S {
        let past = x - self.xp;
        if past.value() < 0.0 {
            return S::from(1.0);
        }
        (-past * self.alphap).exp() * (-x + 1.0) / (1.0 - self.xp)
    }
    #[inline(always)]
    fn downward<S: Real>(&self, x: S) -> S {
        let past = x - self.xn;
        if past.value() > 0.0 {
            return S::from(1.0);
        }
        (past * self.alphan).exp() * x / self.xn
    }
}

/// Growth of the state above the positive threshold.
pub(crate) const AP: Param =
    Param::new("ap", "1/s", 4000.0, "rate constant above the positive threshold").nonnegative();
/// Below the negative one.
pub(crate) const AN: Param =
    Param::new("an", "1/s", 4000.0, "rate constant below the negative threshold").nonnegative();
/// Slowing upwards.
pub(crate) const ALPHAP: Param = Param::new("alphap", "1", 1.0, "decay of the motion upwards beyond xp").nonnegative();
/// Slowing downwards.
pub(crate) const ALPHAN: Param = Param::new("alphan", "1", 5.0, "decay of the motion downwards").nonnegative();
/// Direction.
pub(crate) const ETA: Param =
    Param::new("eta", "1", 1.0, "1 or -1: direction of motion at positive voltage").within(-1.0, 1.0);

/// The memristor of 2011 and 2013.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Yakopcic {
    a1: f64,
    a2: f64,
    b: f64,
    motion: Motion,
    x0: f64,
}

impl Yakopcic {
    #[inline(always)]
    fn current<S: Real>(&self, env: &Env, v: S, x: S) -> S {
        let a = if v.value() >= 0.0 { self.a1 } else { self.a2 };
        (v * self.b).sinh() * x.clamp(0.0, 1.0) * a + v * env.gmin
    }
}

impl Device<3> for Yakopcic {
    const CARD: Card = Card {
        keywords: &["yakopcic"],
        doc: "Yakopcic's generalised memristor (2013)",
        source: "Yakopcic et al., IEEE EDL 32 (2011) 1436 and IEEE TCAD 32 (2013) 1201; defaults as Xyce_Regression memristorYakopcic.cir",
        role: Role::Passive,
        ports: PORTS,
        internals: &[STATE],
        params: &[
            Param::new("a1", "A", 0.17, "current scale at positive voltage").nonnegative(),
            Param::new("a2", "A", 0.17, "current scale at negative voltage").nonnegative(),
            Param::new("b", "1/V", 0.05, "steepness of the current").positive(),
            Param::new("vp", "V", 0.16, "positive threshold").within(0.0, 200.0),
            Param::new("vn", "V", 0.15, "negative threshold, as a magnitude").within(0.0, 200.0),
            AP,
            AN,
            Param::new("xp", "1", 0.3, "state above which motion upwards slows").within(0.0, 0.999),
            Param::new("xn", "1", 0.5, "motion downwards slows below 1 - xn").within(0.0, 0.999),
            ALPHAP,
            ALPHAN,
            ETA,
            X0,
            Param::multiplicity(),
        ],
        outputs: &[("i", "A"), ("v", "V"), ("p", "W"), ("x", "1")],
        equivalent: "\
Cy y 0 1
Ry y 0 1e12
Ex x 0 vol='min(max(x0+V(y),0),1)'
Bh h 0 V=min(max(b*V(te,be),-200),200)
Bi te be I=((V(te,be)>=0)?a1:a2)*V(x)*0.5*(exp(V(h))-exp(-V(h)))+1e-12*V(te,be)
Bg g 0 V=eta*((V(te,be)>vp)?(ap*(exp(V(te,be))-exp(vp))):((V(te,be)<-vn)?(-an*(exp(-V(te,be))-exp(vn))):0))
Bf f 0 V=(V(g)>=0)?((x0+V(y)>=xp)?(exp(-alphap*(x0+V(y)-xp))*((xp-x0-V(y))/(1-xp)+1)):1):\
((x0+V(y)<=1-xn)?(exp(alphan*(x0+V(y)+xn-1))*(x0+V(y))/(1-xn)):1)
By 0 y I=(time>0)?(V(g)*V(f)):0
",
    };

    const LIMITS: bool = true;

    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        Ok(Self {
            a1: p.number("a1"),
            a2: p.number("a2"),
            b: p.number("b"),
            motion: Motion::from_params(p, p.number("vn"), 1.0 - p.number("xn"))?,
            x0: p.number("x0"),
        })
    }

    const VECTORISES: bool = true;

    fn is_like(&self, other: &Self) -> bool {
        Self { x0: other.x0, ..*self } == *other
    }

    #[inline(always)]
    fn balance<S: Real>(&self, env: &Env, x: &[S; 3]) -> Balance<S, 3> {
        let v = x[0] - x[1];
        balance(self.current(env, v, x[2]), self.motion.rate(v, x[2]), x[2])
    }

    fn start(&self, x: &mut [f64; 3]) {
        x[2] = self.x0;
    }

    fn limit(&self, _: &Env, new: &mut [f64; 3], old: &[f64; 3]) -> bool {
        limiting::pull_state(&mut new[2], old[2], 0.5)
    }

    fn outputs(&self, env: &Env, x: &[f64; 3], out: &mut Vec<f64>) {
        let v = x[0] - x[1];
        let i = self.current(env, v, x[2]);
        out.extend([i, v, v * i, x[2]]);
    }
}
