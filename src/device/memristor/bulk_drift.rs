//! Bulk drift: a resistance that moves the slower the further it has gone.
//!
//! R = rh - (rh - rl) x
//! v > 0: dx/dt =  kp sinh(v/vp) exp(-ap x)          v < 0: dx/dt = -kd sinh(|v|/vd) exp(-ad (1 - x))
//!
//! Both rates close over the last 1e-4 of the range. Away from there a pulse of height v and width w is exact:
//! x(w) = ln(exp(ap x(0)) + ap kp sinh(v/vp) w) / ap, and alike downwards in 1 - x.

use super::{PORTS, STATE, X0, window};
use crate::device::{Balance, Card, Device, Env, Param, ParamError, ParamValues, Role, limiting};
use crate::numeric::real::Real;

/// One direction of motion.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Branch {
    rate: f64,
    scale: f64,
    decay: f64,
}

/// A bulk-switching memristor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BulkDrift {
    rh: f64,
    rl: f64,
    up: Branch,
    down: Branch,
    x0: f64,
}

impl BulkDrift {
    #[inline(always)]
    fn resistance<S: Real>(&self, x: S) -> S {
        x.clamp(0.0, 1.0) * (self.rl - self.rh) + self.rh
    }

    #[inline(always)]
    fn rate<S: Real>(&self, v: S, x: S) -> S {
        let up = v.value() >= 0.0;
        let (branch, gone) = if up { (&self.up, x) } else { (&self.down, -x + 1.0) };
        (v / branch.scale).sinh() * (gone * -branch.decay).exp() * branch.rate * window::edge(x, up)
    }
}

impl Device<3> for BulkDrift {
    const CARD: Card = Card {
        keywords: &["bulk_drift"],
        doc: "memristor of the bulk type: a resistance between two bounds, sinh drive, rate falling with progress",
        source: "fitted to the pulse data of a TiO2-x device (Diao et al., Nanoscale Horiz. 10 (2025) 780); see models/",
        role: Role::Passive,
        ports: PORTS,
        internals: &[STATE],
        params: &[
            Param::new("rh", "ohm", 1e3, "resistance at x = 0").positive(),
            Param::new("rl", "ohm", 1e2, "resistance at x = 1").positive(),
            Param::new("kp", "1/s", 1.0, "rate at x = 0, over sinh(v/vp)").nonnegative(),
            Param::new("vp", "V", 1.0, "voltage scale of the drive").positive(),
            Param::new("ap", "1", 1.0, "decay of the rate over the range").within(0.0, 100.0),
            Param::new("kd", "1/s", 1.0, "rate at x = 1 and negative voltage, over sinh(|v|/vd)").nonnegative(),
            Param::new("vd", "V", 1.0, "voltage scale of the drive at negative voltage").positive(),
            Param::new("ad", "1", 1.0, "decay of the rate over the range at negative voltage").within(0.0, 100.0),
            X0,
            Param::multiplicity(),
        ],
        outputs: &[("i", "A"), ("v", "V"), ("p", "W"), ("r", "ohm"), ("g", "S"), ("x", "1")],
        equivalent: "\
Cy y 0 1
Ry y 0 1e12
Ex x 0 vol='min(max(x0+V(y),0),1)'
Bi te be I=V(te,be)/(rh-(rh-rl)*V(x))
By 0 y I=(time>0)?((V(te,be)>0)?(kp*sinh(V(te,be)/vp)*exp(-ap*(x0+V(y)))*min(1,10000*(1-x0-V(y)))):\
(kd*sinh(V(te,be)/vd)*exp(-ad*(1-x0-V(y)))*min(1,10000*(x0+V(y))))):0
",
    };

    const LIMITS: bool = true;

    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        let branch =
            |rate, scale, decay| Branch { rate: p.number(rate), scale: p.number(scale), decay: p.number(decay) };
        Ok(Self {
            rh: p.number("rh"),
            rl: p.number("rl"),
            up: branch("kp", "vp", "ap"),
            down: branch("kd", "vd", "ad"),
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
        let mut b = Balance::zero();
        b.flow(0, 1, v / self.resistance(x[2]));
        b.q[2] = x[2];
        b.f[2] = -self.rate(v, x[2]);
        b
    }

    fn start(&self, x: &mut [f64; 3]) {
        x[2] = self.x0;
    }

    fn limit(&self, _: &Env, new: &mut [f64; 3], old: &[f64; 3]) -> bool {
        limiting::pull_state(&mut new[2], old[2], 0.5)
    }

    fn outputs(&self, _: &Env, x: &[f64; 3], out: &mut Vec<f64>) {
        let (v, r) = (x[0] - x[1], self.resistance(x[2]));
        out.extend([v / r, v, v * v / r, r, 1.0 / r, x[2]]);
    }
}
