//! Junction diode, SPICE level 1.
//!
//! I = A is (e^(v/(n vt)) - 1) - ibv e^(-(v + bv)/(nbv vt)) + gmin v, vt = k T / q
//! Q = tt I_forward + depletion charge; C_j = A cjo (1 - v/vj)^-m, continued linearly above fc vj
//! v is the voltage behind the series resistance rs / A, an internal node.
//! is(T) = is (T/Tnom)^(xti/n) e^((T/Tnom - 1) eg/(n vt)); vj and cjo follow SPICE's band-gap law for silicon.

use super::junction::Depletion;
use super::thermal::{self, K_OVER_Q, OwnTemperature, ZERO_CELSIUS};
use crate::device::{
    Balance, Card, Device, Env, Internal, Param, ParamError, ParamValues, Port, Role, StateLaw, limiting,
};
use crate::numeric::real::Real;

/// A junction diode.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Diode {
    is: f64,
    n: f64,
    rs: f64,
    cjo: f64,
    vj: f64,
    grading: f64,
    fc: f64,
    tt: f64,
    bv: f64,
    ibv: f64,
    nbv: f64,
    eg: f64,
    xti: f64,
    area: f64,
    nominal: f64,
    own: OwnTemperature,
}

/// The parameters at one temperature, times area.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Junction {
    vt: f64,
    is: f64,
    depletion: Depletion,
}

impl Diode {
    fn junction(&self, env: &Env) -> Junction {
        let t = self.own.kelvin(env).max(1.0);
        let vt = K_OVER_Q * t;
        let layer = Depletion { c0: self.cjo * self.area, vj: self.vj, grading: self.grading, fc: self.fc };
        let depletion = layer.at(t, self.nominal);
        if (t - self.nominal).abs() < 1e-9 {
            return Junction { vt, is: self.is * self.area, depletion };
        }
        let ratio = t / self.nominal;
        let growth = (ratio - 1.0) * self.eg / (self.n * vt) + self.xti / self.n * ratio.ln();
        Junction { vt, is: self.is * self.area * Real::exp(growth), depletion }
    }

    fn current<S: Real>(&self, env: &Env, j: &Junction, v: S) -> S {
        let forward = (v / (self.n * j.vt)).exp_m1() * j.is + v * env.gmin;
        if self.bv == 0.0 {
            return forward;
        }
        forward - (-(v + self.bv) / (self.nbv * j.vt)).exp() * self.ibv
    }

    fn charge<S: Real>(&self, j: &Junction, v: S) -> S {
        (v / (self.n * j.vt)).exp_m1() * (j.is * self.tt) + j.depletion.charge(v)
    }

    /// The local unknown behind the series resistance.
    fn inner(&self) -> usize {
        if self.rs > 0.0 { 2 } else { 0 }
    }
}

impl Device<3> for Diode {
    const CARD: Card = Card {
        keywords: &["d"],
        doc: "junction diode, level 1",
        source: "Nagel, SPICE2, ERL-M520 (1975); parameters and temperature laws as in ngspice",
        role: Role::Passive,
        ports: &[Port { name: "a", carries: true }, Port { name: "k", carries: true }],
        internals: &[Internal { name: "inner", unit: "V", law: StateLaw::Algebraic, scale: 1.0 }],
        params: &[
            Param::new("is", "A", 1e-14, "saturation current per unit area").positive(),
            Param::new("n", "1", 1.0, "emission coefficient").within(0.05, 1e3),
            Param::new("rs", "ohm", 0.0, "series resistance times unit area").nonnegative(),
            Param::new("cjo", "F", 0.0, "zero-bias junction capacitance per unit area").nonnegative().or(&["cj0"]),
            Param::new("vj", "V", 1.0, "built-in voltage").within(0.05, 10.0).or(&["pb"]),
            Param::new("mj", "1", 0.5, "grading coefficient; written m in a model card")
                .within(0.0, 0.95)
                .or(&["model:m"]),
            Param::new("fc", "1", 0.5, "fraction of vj above which the capacitance goes on linearly").within(0.0, 0.95),
            Param::new("tt", "s", 0.0, "transit time").nonnegative(),
            Param::new("bv", "V", 0.0, "reverse breakdown voltage; 0: none").nonnegative(),
            Param::new("ibv", "A", 1e-3, "current at the breakdown voltage, whatever the area (as ngspice)").positive(),
            Param::new("nbv", "1", 0.0, "emission coefficient of the breakdown; 0: n").within(0.0, 1e3),
            Param::new("eg", "eV", 1.11, "activation energy of is").nonnegative(),
            Param::new("xti", "1", 3.0, "temperature exponent of is"),
            Param::new("area", "1", 1.0, "area factor").positive(),
            thermal::TNOM,
            thermal::TEMP,
            thermal::DTEMP,
            Param::multiplicity(),
        ],
        outputs: &[("i", "A"), ("v", "V"), ("p", "W"), ("g", "S"), ("q", "C")],
        equivalent: "",
    };

    const LIMITS: bool = true;

    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        Ok(Self {
            is: p.number("is"),
            n: p.number("n"),
            rs: p.number("rs") / p.number("area"),
            cjo: p.number("cjo"),
            vj: p.number("vj"),
            grading: p.number("mj"),
            fc: p.number("fc"),
            tt: p.number("tt"),
            bv: p.number("bv"),
            ibv: p.number("ibv"),
            nbv: if p.number("nbv") > 0.0 { p.number("nbv") } else { p.number("n") },
            eg: p.number("eg"),
            xti: p.number("xti"),
            area: p.number("area"),
            nominal: p.number("tnom") + ZERO_CELSIUS,
            own: OwnTemperature::from_params(p),
        })
    }

    fn balance<S: Real>(&self, env: &Env, x: &[S; 3]) -> Balance<S, 3> {
        let j = self.junction(env);
        let inner = self.inner();
        let v = x[inner] - x[1];
        let mut b = Balance::zero();
        b.flow(inner, 1, self.current(env, &j, v));
        b.charge(inner, 1, self.charge(&j, v));
        if self.rs > 0.0 {
            b.flow(0, 2, (x[0] - x[2]) / self.rs);
        } else {
            b.f[2] = x[2] - x[0];
        }
        b
    }

    fn limit(&self, env: &Env, new: &mut [f64; 3], old: &[f64; 3]) -> bool {
        let j = self.junction(env);
        let vt = self.n * j.vt;
        let critical = limiting::critical_voltage(j.is, vt);
        let inner = self.inner();
        let (v, before) = (new[inner] - new[1], old[inner] - old[1]);
        let breakdown = self.nbv * j.vt;
        let limited = if self.bv > 0.0 && v < (-self.bv + 10.0 * breakdown).min(0.0) {
            -self.bv - limiting::limit_exponential(-(v + self.bv), -(before + self.bv), breakdown, critical)
        } else {
            limiting::limit_exponential(v, before, vt, critical)
        };
        let pulled = limiting::pull_voltage(new, old, inner, 1, limited);
        if inner == 0 {
            new[2] = new[0];
        }
        pulled
    }

    fn outputs(&self, env: &Env, x: &[f64; 3], out: &mut Vec<f64>) {
        let j = self.junction(env);
        let v = crate::numeric::real::Dual::<1>::variable(x[self.inner()] - x[1], 0);
        let (i, q) = (self.current(env, &j, v), self.charge(&j, v));
        out.extend([i.v, x[0] - x[1], i.v * (x[0] - x[1]), i.d[0], q.v]);
    }
}
