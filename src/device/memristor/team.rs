//! TEAM: current thresholds, power-law rates. The law is that of `super::threshold_law` with the current as drive:
//! i = v/R(x), so that the rate depends on the state through the resistance too.
//!
//! The defaults are the set that Xyce tests its own model with; `xo` is its start value, a position in m.

use super::threshold_law::{AOFF, AON, LAW, Law, ROFF, RON, WOFF, WON};
use super::vteam::WINDOWS;
use super::{PORTS, STATE, balance, window};
use crate::device::{Balance, Card, Device, Env, Param, ParamError, ParamValues, Role, limiting};
use crate::numeric::real::Real;

/// A TEAM memristor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Team {
    law: Law,
    x0: f64,
}

impl Device<3> for Team {
    const CARD: Card = Card {
        keywords: &["team"],
        doc: "memristor with current thresholds (TEAM)",
        source: "Kvatinsky et al., IEEE TCAS-I 60 (2013) 211; defaults: Xyce_Regression memristorTEAM_test.cir",
        role: Role::Passive,
        ports: PORTS,
        internals: &[STATE],
        params: &[
            RON,
            ROFF,
            LAW,
            Param::new("ion", "A", -8.9e-6, "threshold of switching on").or(&["i_on"]),
            Param::new("ioff", "A", 115e-6, "threshold of switching off").or(&["i_off"]),
            Param::new("kon", "m/s", -4.68e-22, "rate constant of switching on").within(f64::NEG_INFINITY, 0.0),
            Param::new("koff", "m/s", 1.46e-18, "rate constant of switching off").nonnegative(),
            Param::new("alphaon", "1", 10.0, "exponent of switching on").within(0.5, 40.0).or(&["alpha_on"]),
            Param::new("alphaoff", "1", 10.0, "exponent of switching off").within(0.5, 40.0).or(&["alpha_off"]),
            WON,
            WOFF,
            Param::word("window", WINDOWS, "window function"),
            window::P,
            window::J,
            AON,
            AOFF,
            Param::new("wc", "m", 1e-12, "width of the kvatinsky window").positive(),
            Param::new("x0", "1", 0.0, "state at the start").within(0.0, 1.0).or(&["x_init"]),
            Param::new("xo", "m", 0.0, "w at the start, in place of x0"),
            Param::multiplicity(),
        ],
        outputs: &[("i", "A"), ("v", "V"), ("p", "W"), ("r", "ohm"), ("x", "1"), ("w", "m")],
        equivalent: "\
.param span={woff-won}
Cy y 0 1
Ry y 0 1e12
Ex x 0 vol='min(max(x0+V(y),0),1)'
Vs te s 0
Bi s be I=V(s,be)/((law<0.5)?(ron+(roff-ron)*V(x)):(ron*exp(ln(roff/ron)*V(x))))
Bf f 0 V=(window<0.5)?(1-pow(abs(2*(x0+V(y))-1),2*p)):((window<1.5)?(1-pow(abs(x0+V(y)),2*p)):\
((window<2.5)?(j*(1-pow((x0+V(y)-0.5)*(x0+V(y)-0.5)+0.75,p))):((window<3.5)?((x0+V(y))*(1-x0-V(y))):\
((window>5.5)?exp(-exp(min(50,(won+span*(x0+V(y))-aoff)/wc)))*min(1,10000*(1-x0-V(y))):min(1,10000*(1-x0-V(y)))))))
Bn n 0 V=(window<0.5)?(1-pow(abs(2*(x0+V(y))-1),2*p)):((window<1.5)?(1-pow(abs(x0+V(y)-1),2*p)):\
((window<2.5)?(j*(1-pow((x0+V(y)-0.5)*(x0+V(y)-0.5)+0.75,p))):((window<3.5)?((x0+V(y))*(1-x0-V(y))):\
((window>5.5)?exp(-exp(min(50,-(won+span*(x0+V(y))-aon)/wc)))*min(1,10000*(x0+V(y))):min(1,10000*(x0+V(y)))))))
By 0 y I=(time>0)?((I(Vs)/ioff>1)?(koff/span*pow(abs(I(Vs)/ioff-1),alphaoff)*V(f)):\
((I(Vs)/ion>1)?(kon/span*pow(abs(I(Vs)/ion-1),alphaon)*V(n)):0)):0
",
    };

    const LIMITS: bool = true;

    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        let law = Law::from_params(p, "ion", "ioff")?;
        let x0 = if p.is_given("xo") { law.state(p.number("xo")) } else { p.number("x0") };
        if !(0.0..=1.0).contains(&x0) {
            let xo = p.number("xo");
            return Err(ParamError::Conflict(format!("`xo` = {xo} m is not between `won` and `woff`")));
        }
        Ok(Self { law, x0 })
    }

    const VECTORISES: bool = true;

    fn is_like(&self, other: &Self) -> bool {
        Self { x0: other.x0, ..*self } == *other
    }

    #[inline(always)]
    fn balance<S: Real>(&self, _: &Env, x: &[S; 3]) -> Balance<S, 3> {
        let i = (x[0] - x[1]) / self.law.resistance(x[2]);
        balance(i, self.law.rate(i, x[2]), x[2])
    }

    fn start(&self, x: &mut [f64; 3]) {
        x[2] = self.x0;
    }

    fn limit(&self, _: &Env, new: &mut [f64; 3], old: &[f64; 3]) -> bool {
        limiting::pull_state(&mut new[2], old[2], 0.5)
    }

    fn outputs(&self, _: &Env, x: &[f64; 3], out: &mut Vec<f64>) {
        let (v, r) = (x[0] - x[1], self.law.resistance(x[2]));
        out.extend([v / r, v, v * v / r, r, x[2], self.law.position(x[2])]);
    }
}
