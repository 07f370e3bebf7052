//! HP linear ion drift with a window.
//!
//! I = v / R(x), R = ron x + roff (1 - x);  dx/dt = (uv ron / d^2) I f(x, sgn I)

use super::window::{self, Window};
use super::{PORTS, STATE, X0, balance};
use crate::device::{Balance, Card, Device, Env, Param, ParamError, ParamValues, Role, limiting};
use crate::numeric::real::Real;

/// The HP memristor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearDrift {
    ron: f64,
    roff: f64,
    /// uv ron / d^2 in 1/(A s).
    mobility: f64,
    window: Window,
    x0: f64,
}

impl LinearDrift {
    #[inline(always)]
    fn current<S: Real>(&self, v: S, x: S) -> S {
        let x = x.clamp(0.0, 1.0);
        v / (x * self.ron + (-x + 1.0) * self.roff)
    }
}

impl Device<3> for LinearDrift {
    const CARD: Card = Card {
        keywords: &["linear_drift", "hp"],
        doc: "memristor, HP linear ion drift",
        source: "Strukov et al., Nature 453 (2008) 80; windows: src/device/memristor/window.rs",
        role: Role::Passive,
        ports: PORTS,
        internals: &[STATE],
        params: &[
            Param::new("ron", "ohm", 100.0, "resistance at x = 1").positive(),
            Param::new("roff", "ohm", 16e3, "resistance at x = 0").positive(),
            Param::new("d", "m", 10e-9, "thickness of the film").positive(),
            Param::new("uv", "m^2/(V s)", 10e-15, "mobility of the dopants").positive().or(&["mu", "u_v"]),
            Param::word("window", window::WORDS, "window function"),
            window::P,
            window::J,
            X0,
            Param::new("rinit", "ohm", 0.0, "resistance at the start, in place of x0; 0: not used").nonnegative(),
            Param::multiplicity(),
        ],
        outputs: &[("i", "A"), ("v", "V"), ("p", "W"), ("r", "ohm"), ("x", "1")],
        equivalent: "\
.param xi={rinit>0?(roff-rinit)/(roff-ron):x0}
.param kd={uv*ron/(d*d)}
Bx 0 y I=time>0?kd*I(Vs)*V(w):0
Cy y 0 1
Ry y 0 1e12
Vs te s 0
Bi s be I=V(s,be)/(ron*V(x)+roff*(1-V(x)))
Ex x 0 vol='min(max(xi+V(y),0),1)'
Bw w 0 V=(window<0.5)?(1-pow(abs(2*(xi+V(y))-1),2*p)):((window<1.5)?(1-pow(abs(xi+V(y)-((I(Vs)<0)?1:0)),2*p)):\
((window<2.5)?(j*(1-pow((xi+V(y)-0.5)*(xi+V(y)-0.5)+0.75,p))):((window<3.5)?((xi+V(y))*(1-xi-V(y))):\
min(1,10000*((I(Vs)<0)?(xi+V(y)):(1-xi-V(y)))))))
",
    };

    const LIMITS: bool = true;

    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        let (ron, roff, d, rinit) = (p.number("ron"), p.number("roff"), p.number("d"), p.number("rinit"));
        if ron == roff {
            return Err(ParamError::Conflict("`ron` and `roff` must differ".into()));
        }
        let x0 = if rinit > 0.0 { (roff - rinit) / (roff - ron) } else { p.number("x0") };
        if !(0.0..=1.0).contains(&x0) {
            return Err(ParamError::Conflict(format!("`rinit` = {rinit} ohm lies outside ron..roff")));
        }
        Ok(Self { ron, roff, mobility: p.number("uv") * ron / (d * d), window: Window::from_params(p), x0 })
    }

    const VECTORISES: bool = true;

    fn is_like(&self, other: &Self) -> bool {
        Self { x0: other.x0, ..*self } == *other
    }

    #[inline(always)]
    fn balance<S: Real>(&self, _: &Env, x: &[S; 3]) -> Balance<S, 3> {
        let i = self.current(x[0] - x[1], x[2]);
        balance(i, i * self.window.factor(x[2], i.value()) * self.mobility, x[2])
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
        let r = 1.0 / self.current(1.0, x[2]);
        out.extend([i, v, v * i, r, x[2]]);
    }
}
