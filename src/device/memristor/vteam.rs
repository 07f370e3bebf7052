//! VTEAM: voltage thresholds, power-law rates. The law is that of `super::threshold_law` with the voltage as drive.

use super::threshold_law::{AOFF, AON, LAW, Law, ROFF, RON, WOFF, WON};
use super::{PORTS, STATE, X0, balance, window};
use crate::device::{Balance, Card, Device, Env, Param, ParamError, ParamValues, Role, limiting};
use crate::numeric::real::Real;

/// A VTEAM memristor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vteam {
    law: Law,
    x0: f64,
}

/// Words of the `window` parameter.
pub(crate) const WINDOWS: &[&str] = &["joglekar", "biolek", "prodromakis", "strukov", "bcm", "none", "kvatinsky"];

impl Device<3> for Vteam {
    const CARD: Card = Card {
        keywords: &["vteam"],
        doc: "memristor with voltage thresholds (VTEAM)",
        source: "Kvatinsky et al., IEEE TCAS-II 62 (2015) 786; defaults: MemTorch 305c3a7 VTEAM.py",
        role: Role::Passive,
        ports: PORTS,
        internals: &[STATE],
        params: &[
            RON,
            ROFF,
            LAW,
            Param::new("von", "V", -0.2, "threshold of switching on"),
            Param::new("voff", "V", 0.02, "threshold of switching off"),
            Param::new("kon", "m/s", -10.0, "rate constant of switching on").within(f64::NEG_INFINITY, 0.0),
            Param::new("koff", "m/s", 5e-4, "rate constant of switching off").nonnegative(),
            Param::new("alphaon", "1", 3.0, "exponent of switching on").within(0.5, 40.0).or(&["alpha_on"]),
            Param::new("alphaoff", "1", 1.0, "exponent of switching off").within(0.5, 40.0).or(&["alpha_off"]),
            WON,
            WOFF,
            Param::word("window", WINDOWS, "window function"),
            window::P,
            window::J,
            AON,
            AOFF,
            Param::new("wc", "m", 107e-12, "width of the kvatinsky window").positive(),
            X0,
            Param::multiplicity(),
        ],
        outputs: &[("i", "A"), ("v", "V"), ("p", "W"), ("r", "ohm"), ("x", "1"), ("w", "m")],
        equivalent: "\
.param span={woff-won}
Cy y 0 1
Ry y 0 1e12
Ex x 0 vol='min(max(x0+V(y),0),1)'
Bi te be I=V(te,be)/((law<0.5)?(ron+(roff-ron)*V(x)):(ron*exp(ln(roff/ron)*V(x))))
Bf f 0 V=(window<0.5)?(1-pow(abs(2*(x0+V(y))-1),2*p)):((window<1.5)?(1-pow(abs(x0+V(y)),2*p)):\
((window<2.5)?(j*(1-pow((x0+V(y)-0.5)*(x0+V(y)-0.5)+0.75,p))):((window<3.5)?((x0+V(y))*(1-x0-V(y))):\
((window>5.5)?exp(-exp(min(50,(won+span*(x0+V(y))-aoff)/wc)))*min(1,10000*(1-x0-V(y))):min(1,10000*(1-x0-V(y)))))))
Bn n 0 V=(window<0.5)?(1-pow(abs(2*(x0+V(y))-1),2*p)):((window<1.5)?(1-pow(abs(x0+V(y)-1),2*p)):\
((window<2.5)?(j*(1-pow((x0+V(y)-0.5)*(x0+V(y)-0.5)+0.75,p))):((window<3.5)?((x0+V(y))*(1-x0-V(y))):\
((window>5.5)?exp(-exp(min(50,-(won+span*(x0+V(y))-aon)/wc)))*min(1,10000*(x0+V(y))):min(1,10000*(x0+V(y)))))))
By 0 y I=(time>0)?((V(te,be)/voff>1)?(koff/span*pow(abs(V(te,be)/voff-1),alphaoff)*V(f)):\
((V(te,be)/von>1)?(kon/span*pow(abs(V(te,be)/von-1),alphaon)*V(n)):0)):0
",
    };

    const LIMITS: bool = true;

    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        Ok(Self { law: Law::from_params(p, "von", "voff")?, x0: p.number("x0") })
    }

    const VECTORISES: bool = true;

    fn is_like(&self, other: &Self) -> bool {
        Self { x0: other.x0, ..*self } == *other
    }

    #[inline(always)]
    fn balance<S: Real>(&self, _: &Env, x: &[S; 3]) -> Balance<S, 3> {
        let v = x[0] - x[1];
        balance(v / self.law.resistance(x[2]), self.law.rate(v, x[2]), x[2])
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
