//! Linear controlled sources.
//!
//! The control ports come last. A voltage-controlled source senses two nodes; a current-controlled source senses one
//! unknown, the branch current of the controlling element.
//!   e  i: v_p - v_n - e (v_c+ - v_c-) = 0      g  I = g (v_c+ - v_c-)
//!   h  i: v_p - v_n - h i_c = 0                f  I = f i_c

use crate::device::{Balance, Card, Device, Env, Internal, Param, ParamError, ParamValues, Port, Role, StateLaw};
use crate::numeric::real::Real;

const P: Port = Port { name: "p", carries: true };
const N: Port = Port { name: "n", carries: true };
const CP: Port = Port { name: "nc+", carries: false };
const CN: Port = Port { name: "nc-", carries: false };
const CI: Port = Port { name: "ic", carries: false };
const BRANCH: &[Internal] = &[Internal { name: "i", unit: "A", law: StateLaw::Algebraic, scale: 1.0 }];
const OUTPUTS: &[(&str, &str)] = &[("i", "A"), ("v", "V"), ("p", "W")];

const fn card(
    keywords: &'static [&'static str],
    doc: &'static str,
    ports: &'static [Port],
    internals: &'static [Internal],
    params: &'static [Param],
) -> Card {
    Card {
        keywords,
        doc,
        source: "ideal element",
        role: Role::Source,
        ports,
        internals,
        params,
        outputs: OUTPUTS,
        equivalent: "",
    }
}

fn set_gain(gain: &mut f64, param: &str, value: f64) -> bool {
    let fits = matches!(param, "gain" | "value") && value.is_finite();
    if fits {
        *gain = value;
    }
    fits
}

/// E: voltage-controlled voltage source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vcvs {
    gain: f64,
}

impl Device<5> for Vcvs {
    const CARD: Card = card(
        &["e", "vcvs"],
        "voltage-controlled voltage source",
        &[P, N, CP, CN],
        BRANCH,
        &[Param::required("gain", "V/V", "voltage gain").or(&["value"]), Param::multiplicity()],
    );
    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        Ok(Self { gain: p.number("gain") })
    }
    fn balance<S: Real>(&self, _: &Env, x: &[S; 5]) -> Balance<S, 5> {
        let mut b = Balance::zero();
        b.flow(0, 1, x[4]);
        b.f[4] = x[0] - x[1] - (x[2] - x[3]) * self.gain;
        b
    }
    fn set(&mut self, param: &str, value: f64) -> bool {
        set_gain(&mut self.gain, param, value)
    }
    fn outputs(&self, _: &Env, x: &[f64; 5], out: &mut Vec<f64>) {
        let v = x[0] - x[1];
        out.extend([x[4], v, v * x[4]]);
    }
}

/// G: voltage-controlled current source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vccs {
    gain: f64,
}

impl Device<4> for Vccs {
    const CARD: Card = card(
        &["g", "vccs"],
        "voltage-controlled current source",
        &[P, N, CP, CN],
        &[],
        &[Param::required("gain", "S", "transconductance").or(&["value"]), Param::multiplicity()],
    );
    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        Ok(Self { gain: p.number("gain") })
    }
    fn balance<S: Real>(&self, _: &Env, x: &[S; 4]) -> Balance<S, 4> {
        let mut b = Balance::zero();
        b.flow(0, 1, (x[2] - x[3]) * self.gain);
        b
    }
    fn set(&mut self, param: &str, value: f64) -> bool {
        set_gain(&mut self.gain, param, value)
    }
    fn outputs(&self, _: &Env, x: &[f64; 4], out: &mut Vec<f64>) {
        let (i, v) = (self.gain * (x[2] - x[3]), x[0] - x[1]);
        out.extend([i, v, v * i]);
    }
}

/// F: current-controlled current source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cccs {
    gain: f64,
}

impl Device<3> for Cccs {
    const CARD: Card = card(
        &["f", "cccs"],
        "current-controlled current source",
        &[P, N, CI],
        &[],
        &[Param::required("gain", "A/A", "current gain").or(&["value"]), Param::multiplicity()],
    );
    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        Ok(Self { gain: p.number("gain") })
    }
    fn balance<S: Real>(&self, _: &Env, x: &[S; 3]) -> Balance<S, 3> {
        let mut b = Balance::zero();
        b.flow(0, 1, x[2] * self.gain);
        b
    }
    fn set(&mut self, param: &str, value: f64) -> bool {
        set_gain(&mut self.gain, param, value)
    }
    fn outputs(&self, _: &Env, x: &[f64; 3], out: &mut Vec<f64>) {
        let (i, v) = (self.gain * x[2], x[0] - x[1]);
        out.extend([i, v, v * i]);
    }
}

/// H: current-controlled voltage source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ccvs {
    gain: f64,
}

impl Device<4> for Ccvs {
    const CARD: Card = card(
        &["h", "ccvs"],
        "current-controlled voltage source",
        &[P, N, CI],
        BRANCH,
        &[Param::required("gain", "ohm", "transresistance").or(&["value"]), Param::multiplicity()],
    );
    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        Ok(Self { gain: p.number("gain") })
    }
    fn balance<S: Real>(&self, _: &Env, x: &[S; 4]) -> Balance<S, 4> {
        let mut b = Balance::zero();
        b.flow(0, 1, x[3]);
        b.f[3] = x[0] - x[1] - x[2] * self.gain;
        b
    }
    fn set(&mut self, param: &str, value: f64) -> bool {
        set_gain(&mut self.gain, param, value)
    }
    fn outputs(&self, _: &Env, x: &[f64; 4], out: &mut Vec<f64>) {
        let v = x[0] - x[1];
        out.extend([x[3], v, v * x[3]]);
    }
}
