//! VTEAM: voltage thresholds, power-law rates.
//!
//! State x = (w - won)/(woff - won): x = 0 fully on (ron), x = 1 fully off (roff).
//!   dw/dt = koff (v/voff - 1)^aoff f_off(x)   where v/voff > 1
//!           kon  (v/von  - 1)^aon  f_on(x)    where v/von  > 1   (kon < 0)
//!           0                                 between
//!   R = ron + (roff - ron) x   (linear)   or   ron (roff/ron)^x   (exponential)
//! The window `kvatinsky` is f_off = exp(-exp((w - a_off)/wc)), f_on = exp(-exp(-(w - a_on)/wc)), closed at the bounds.
//! Sets published for a normalised state have won = 0, woff = 1 and rates in 1/s.

use super::window::{self, Window};
use super::{PORTS, STATE, X0};
use crate::device::{Balance, Card, Device, Env, Param, ParamError, ParamValues, Role, limiting};
use crate::numeric::real::Real;

/// One direction of motion.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Branch {
    threshold: f64,
    /// Rate constant over the range of w, in 1/s; positive moves x towards 1.
    rate: f64,
    alpha: f64,
    /// Inflection of the kvatinsky window, normalised.
    inflection: f64,
}

/// A VTEAM memristor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vteam {
    ron: f64,
    roff: f64,
    exponential: bool,
    on: Branch,
    off: Branch,
    window: Option<Window>,
    /// Width of the kvatinsky window, normalised.
    wc: f64,
    won: f64,
    span: f64,
    x0: f64,
}

impl Vteam {
    fn resistance<S: Real>(&self, x: S) -> S {
        let x = x.clamp(0.0, 1.0);
        if self.exponential {
            (x * (self.roff / self.ron).ln()).exp() * self.ron
        } else {
            x * (self.roff - self.ron) + self.ron
        }
    }

    fn window<S: Real>(&self, branch: &Branch, x: S) -> S {
        let up = branch.rate > 0.0;
        match self.window {
            Some(window) => window.factor(x, branch.rate),
            None => {
                let u = (x - branch.inflection) / if up { self.wc } else { -self.wc };
                (-u.exp()).exp() * window::edge(x, up)
            }
        }
    }

    fn rate<S: Real>(&self, v: S, x: S) -> S {
        for branch in [&self.off, &self.on] {
            let over = v / branch.threshold - 1.0;
            if over.value() > 0.0 {
                return over.powf(branch.alpha) * self.window(branch, x) * branch.rate;
            }
        }
        S::from(0.0)
    }
}

const WINDOWS: &[&str] = &["joglekar", "biolek", "prodromakis", "strukov", "bcm", "none", "kvatinsky"];

impl Device<3> for Vteam {
    const CARD: Card = Card {
        keywords: &["vteam"],
        doc: "memristor with voltage thresholds (VTEAM)",
        source: "Kvatinsky et al., IEEE TCAS-II 62 (2015) 786; defaults: MemTorch 305c3a7 VTEAM.py",
        role: Role::Passive,
        ports: PORTS,
        internals: &[STATE],
        params: &[
            Param::new("ron", "ohm", 50.0, "resistance at x = 0").positive(),
            Param::new("roff", "ohm", 1e3, "resistance at x = 1").positive(),
            Param::word("law", &["linear", "exponential"], "resistance as a function of the state"),
            Param::new("von", "V", -0.2, "threshold of switching on"),
            Param::new("voff", "V", 0.02, "threshold of switching off"),
            Param::new("kon", "m/s", -10.0, "rate constant of switching on").within(f64::NEG_INFINITY, 0.0),
            Param::new("koff", "m/s", 5e-4, "rate constant of switching off").nonnegative(),
            Param::new("alphaon", "1", 3.0, "exponent of switching on").within(0.5, 40.0).or(&["alpha_on"]),
            Param::new("alphaoff", "1", 1.0, "exponent of switching off").within(0.5, 40.0).or(&["alpha_off"]),
            Param::new("won", "m", 0.0, "w when on").or(&["xon", "x_on"]),
            Param::new("woff", "m", 3e-9, "w when off; 1 for sets with a normalised state").or(&["xoff", "x_off"]),
            Param::word("window", WINDOWS, "window function"),
            window::P,
            window::J,
            Param::new("aon", "m", 0.0, "inflection of the kvatinsky window when switching on").or(&["a_on"]),
            Param::new("aoff", "m", 3e-9, "inflection of the kvatinsky window when switching off").or(&["a_off"]),
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
        let (won, woff) = (p.number("won"), p.number("woff"));
        let span = woff - won;
        if span <= 0.0 {
            return Err(ParamError::Conflict(format!("`woff` = {woff} must be above `won` = {won}")));
        }
        if p.number("von") * p.number("voff") >= 0.0 {
            return Err(ParamError::Conflict("`von` and `voff` must be non-zero and of opposite sign".into()));
        }
        let branch = |threshold, rate, alpha, inflection| Branch {
            threshold: p.number(threshold),
            rate: p.number(rate) / span,
            alpha: p.number(alpha),
            inflection: (p.number(inflection) - won) / span,
        };
        Ok(Self {
            ron: p.number("ron"),
            roff: p.number("roff"),
            exponential: p.word("law") == Some("exponential"),
            on: branch("von", "kon", "alphaon", "aon"),
            off: branch("voff", "koff", "alphaoff", "aoff"),
            window: (p.word("window") != Some("kvatinsky")).then(|| Window::from_params(p)),
            wc: p.number("wc") / span,
            won,
            span,
            x0: p.number("x0"),
        })
    }

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
        out.extend([v / r, v, v * v / r, r, x[2], self.won + self.span * x[2]]);
    }
}
