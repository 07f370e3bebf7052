//! Hysteretic (volatile) threshold switch.
//!
//! I = v G_off(v)^(1-s) G_on^s,  G_on = 1/ron,  G_off = goff  or, with is > 0,  G_off(v) = is sinh(v/v0)/v
//! ds/dt = (sigma((|v| - vth + (vth - vhold) s)/w) - s) / tau,  tau = tau_on rising, tau_off falling
//! sigma is the logistic function. Bistable between vhold and vth while vth - vhold > 4 w. In DC the state settles and
//! follows its history; in series with a resistance it can rest part-on.

use super::PORTS;
use crate::device::{Balance, Card, Device, Env, Internal, Param, ParamError, ParamValues, Role, StateLaw, limiting};
use crate::numeric::real::Real;

/// The largest change of s in one Newton iteration.
const STATE_STEP: f64 = 0.25;

/// A threshold switch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThresholdSwitch {
    ln_goff: f64,
    /// Slope voltage of the leakage; infinite for an ohmic one.
    v0: f64,
    ln_gon: f64,
    vth: f64,
    vhold: f64,
    w: f64,
    tau_on: f64,
    tau_off: f64,
    s0: f64,
}

/// ln(sinh(y)/y), even in y, without overflow.
#[inline(always)]
fn ln_sinhc<S: Real>(y: S) -> S {
    let size = y.abs();
    if size.value() < 1e-2 {
        let y2 = y * y;
        return y2 * (y2 * (-1.0 / 180.0) + 1.0 / 6.0);
    }
    size + (-(-size * 2.0).exp_m1() / (size * 2.0)).ln()
}

impl ThresholdSwitch {
    #[inline(always)]
    fn current<S: Real>(&self, v: S, s: S) -> S {
        let s = s.clamp(0.0, 1.0);
        let mut ln_off = S::from(self.ln_goff);
        if self.v0.is_finite() {
            ln_off += ln_sinhc(v / self.v0);
        }
        v * ((-s + 1.0) * ln_off + s * self.ln_gon).exp()
    }

    #[inline(always)]
    fn target<S: Real>(&self, v: S, s: S) -> S {
        ((v.abs() - self.vth + s * (self.vth - self.vhold)) / self.w).logistic()
    }
}

impl Device<3> for ThresholdSwitch {
    const CARD: Card = Card {
        keywords: &["threshold", "ots", "ts"],
        doc: "selector, hysteretic threshold switch",
        source: "generic threshold switch, conductances mixed in the logarithm; fits: see models/",
        role: Role::Passive,
        ports: PORTS,
        internals: &[Internal { name: "s", unit: "1", law: StateLaw::Settling, scale: 1.0 }],
        params: &[
            Param::new("goff", "S", 1e-9, "conductance when off, with is = 0").positive(),
            Param::new("is", "A", 0.0, "scale of a leakage is sinh(v/v0) when off; 0: ohmic goff").nonnegative(),
            Param::new("v0", "V", 0.1, "slope voltage of that leakage").positive(),
            Param::new("ron", "ohm", 1e4, "resistance when on").positive(),
            Param::new("vth", "V", 0.5, "voltage at which it turns on").positive(),
            Param::new("vhold", "V", 0.1, "voltage at which it turns off").nonnegative().or(&["vh"]),
            Param::new("w", "V", 0.01, "width of the threshold").positive(),
            Param::new("tau_on", "s", 10e-9, "time constant of turning on").positive().or(&["ts", "tau"]),
            Param::new("tau_off", "s", 0.0, "time constant of turning off; 0: as tau_on").nonnegative(),
            Param::new("s0", "1", 0.0, "state at the start").within(0.0, 1.0),
            Param::multiplicity(),
        ],
        outputs: &[("i", "A"), ("v", "V"), ("p", "W"), ("r", "ohm"), ("s", "1")],
        equivalent: "\
.param tf={tau_off>0?tau_off:tau_on}
.param gl={is>0?is/v0:goff}
.nodeset v(s)={s0}
Cs s 0 {tau_on} ic={s0}
Ba a 0 V=min(max((abs(V(te,be))-vth+(vth-vhold)*V(s))/w,-100),100)
Bs 0 s I=(1/(1+exp(-V(a)))-V(s))*((1/(1+exp(-V(a)))>V(s))?1:(tau_on/tf))
Bl l 0 V=(is>0)?((abs(V(te,be))>0.01*v0)?(abs(V(te,be))/v0+\
ln((1-exp(-2*max(abs(V(te,be))/v0,0.01)))/(2*max(abs(V(te,be))/v0,0.01)))):(V(te,be)*V(te,be)/(6*v0*v0))):0
Bi te be I=V(te,be)*exp((1-min(max(V(s),0),1))*(ln(gl)+V(l))-min(max(V(s),0),1)*ln(ron))
",
    };

    const LIMITS: bool = true;

    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        let (vth, vhold) = (p.number("vth"), p.number("vhold"));
        if vhold > vth {
            return Err(ParamError::Conflict(format!("`vhold` = {vhold} V must not be above `vth` = {vth} V")));
        }
        let leaky = p.number("is") > 0.0;
        let goff = if leaky { p.number("is") / p.number("v0") } else { p.number("goff") };
        let (tau_on, tau_off) = (p.number("tau_on"), p.number("tau_off"));
        Ok(Self {
            ln_goff: goff.ln(),
            v0: if leaky { p.number("v0") } else { f64::INFINITY },
            ln_gon: -p.number("ron").ln(),
            vth,
            vhold,
            w: p.number("w"),
            tau_on,
            tau_off: if tau_off > 0.0 { tau_off } else { tau_on },
            s0: p.number("s0"),
        })
    }

    const VECTORISES: bool = true;

    fn is_like(&self, other: &Self) -> bool {
        Self { s0: other.s0, ..*self } == *other
    }

    #[inline(always)]
    fn balance<S: Real>(&self, _: &Env, x: &[S; 3]) -> Balance<S, 3> {
        let (v, s) = (x[0] - x[1], x[2]);
        let lag = s - self.target(v, s);
        let mut b = Balance::zero();
        b.flow(0, 1, self.current(v, s));
        b.q[2] = s;
        b.f[2] = lag / if lag.value() < 0.0 { self.tau_on } else { self.tau_off };
        b
    }

    fn start(&self, x: &mut [f64; 3]) {
        x[2] = self.s0;
    }

    fn limit(&self, _: &Env, new: &mut [f64; 3], old: &[f64; 3]) -> bool {
        limiting::pull_state(&mut new[2], old[2], STATE_STEP)
    }

    fn outputs(&self, _: &Env, x: &[f64; 3], out: &mut Vec<f64>) {
        let v = x[0] - x[1];
        let i = self.current(v, x[2]);
        // the resistance just off zero volts, where v / i is 0 / 0
        let probe = if v == 0.0 { 1e-9 } else { v };
        out.extend([i, v, v * i, probe / self.current(probe, x[2]), x[2]]);
    }
}
