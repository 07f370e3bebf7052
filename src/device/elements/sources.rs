//! Independent voltage and current sources.
//!
//! Voltage source: p: +i, n: -i, i: v_p - v_n - e(t) = 0. Current source: p: +e(t), n: -e(t) (the current flows from
//! p through the source to n). Outside transients e is the DC value; a source without one uses its waveform at t = 0.

use std::sync::Arc;

use crate::device::waveform::Waveform;
use crate::device::{Balance, Card, Device, Env, Internal, Mode, Param, ParamError, ParamValues, Port, Role, StateLaw};
use crate::numeric::real::Real;

const PORTS: &[Port] = &[Port { name: "p", carries: true }, Port { name: "n", carries: true }];
const WAVE: Param = Param::wave("wave", "value over time in transients; the DC value when absent");

/// e(t).
#[derive(Debug, Clone, PartialEq)]
struct Excitation {
    dc: f64,
    wave: Option<Arc<Waveform>>,
}

impl Excitation {
    fn from_params(p: &ParamValues) -> Self {
        let wave = p.wave("wave");
        let dc = match &wave {
            Some(w) if !p.is_given("dc") => w.value(0.0),
            _ => p.number("dc"),
        };
        Self { dc, wave }
    }
    fn value(&self, env: &Env) -> f64 {
        let e = match (&self.wave, env.mode) {
            (Some(w), Mode::Transient) => w.value(env.time),
            _ => self.dc,
        };
        env.source_scale * e
    }
    fn corner(&self, t: f64) -> Option<f64> {
        self.wave.as_ref()?.next_corner(t)
    }
    /// Sets the DC value, which only means something in DC or without a waveform, or a value of the waveform.
    fn set(&mut self, param: &str, value: f64) -> bool {
        match param {
            _ if !value.is_finite() => false,
            "dc" | "value" => {
                self.dc = value;
                true
            }
            _ => self.wave.as_mut().is_some_and(|wave| Arc::make_mut(wave).set(param, value)),
        }
    }
}

/// V: an independent voltage source.
#[derive(Debug, Clone, PartialEq)]
pub struct VoltageSource {
    excitation: Excitation,
}

impl Device<3> for VoltageSource {
    const CARD: Card = Card {
        keywords: &["v"],
        doc: "independent voltage source",
        source: "ideal element",
        role: Role::Source,
        ports: PORTS,
        internals: &[Internal { name: "i", unit: "A", law: StateLaw::Algebraic, scale: 1.0 }],
        params: &[Param::new("dc", "V", 0.0, "value in DC analyses").or(&["value"]), WAVE, Param::multiplicity()],
        outputs: &[("i", "A"), ("v", "V"), ("p", "W")],
        equivalent: "",
    };

    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        Ok(Self { excitation: Excitation::from_params(p) })
    }

    fn balance<S: Real>(&self, env: &Env, x: &[S; 3]) -> Balance<S, 3> {
        let mut b = Balance::zero();
        b.flow(0, 1, x[2]);
        b.f[2] = x[0] - x[1] - self.excitation.value(env);
        b
    }

    /// The ports carry the branch current; the branch equation knows the ports.
    fn depends(row: usize, column: usize) -> bool {
        (row == 2) != (column == 2)
    }

    fn corner(&self, t: f64) -> Option<f64> {
        self.excitation.corner(t)
    }

    fn set(&mut self, param: &str, value: f64) -> bool {
        self.excitation.set(param, value)
    }

    fn outputs(&self, _: &Env, x: &[f64; 3], out: &mut Vec<f64>) {
        let v = x[0] - x[1];
        out.extend([x[2], v, v * x[2]]);
    }
}

/// I: an independent current source.
#[derive(Debug, Clone, PartialEq)]
pub struct CurrentSource {
    excitation: Excitation,
}

impl Device<2> for CurrentSource {
    const CARD: Card = Card {
        keywords: &["i"],
        doc: "independent current source",
        source: "ideal element",
        role: Role::Source,
        ports: PORTS,
        internals: &[],
        params: &[Param::new("dc", "A", 0.0, "value in DC analyses").or(&["value"]), WAVE, Param::multiplicity()],
        outputs: &[("i", "A"), ("v", "V"), ("p", "W")],
        equivalent: "",
    };

    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        Ok(Self { excitation: Excitation::from_params(p) })
    }

    fn balance<S: Real>(&self, env: &Env, _: &[S; 2]) -> Balance<S, 2> {
        let mut b = Balance::zero();
        b.flow(0, 1, S::from(self.excitation.value(env)));
        b
    }

    fn corner(&self, t: f64) -> Option<f64> {
        self.excitation.corner(t)
    }

    fn set(&mut self, param: &str, value: f64) -> bool {
        self.excitation.set(param, value)
    }

    fn outputs(&self, env: &Env, x: &[f64; 2], out: &mut Vec<f64>) {
        let (i, v) = (self.excitation.value(env), x[0] - x[1]);
        out.extend([i, v, v * i]);
    }
}
