//! Switches: a conductance between p and n that a control voltage or current turns on.
//!
//! - `vt vh` with vh >= 0: a relay. It closes above vt + vh and opens below vt - vh; in between it remembers. The
//!   crossing is an event in time ([`Device::surface`]), the memory changes when a solution is accepted.
//! - `vt vh` with vh < 0: smooth between vt - |vh| and vt + |vh| (as LTspice).
//! - `von voff`: smooth between them (PSpice's VSWITCH, ISWITCH).
//!
//! Smooth means ln R = ln roff + u^2 (3 - 2u) ln(ron/roff), u = (c - off)/(on - off) held to [0, 1].

use crate::device::{Accepted, Balance, Card, Device, Env, Param, ParamError, ParamValues, Port, Role};
use crate::numeric::real::Real;

/// How the control closes the contact.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Law {
    Relay { threshold: f64, hysteresis: f64, closed: bool },
    Smooth { off: f64, on: f64 },
}

/// The contact between p and n.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Contact {
    law: Law,
    ron: f64,
    roff: f64,
}

impl Contact {
    /// Reads the law; the four names are those of threshold, hysteresis, on and off value.
    fn from_params(p: &ParamValues, [vt, vh, von, voff]: [&str; 4]) -> Result<Self, ParamError> {
        let (threshold, hysteresis, on, off) = (p.number(vt), p.number(vh), p.number(von), p.number(voff));
        let levels = p.is_given(von) || p.is_given(voff);
        if levels && (p.is_given(vt) || p.is_given(vh)) {
            return Err(ParamError::Conflict(format!(
                "give either `{vt}` and `{vh}` or `{von}` and `{voff}`, not both"
            )));
        }
        if levels && on == off {
            return Err(ParamError::Conflict(format!("`{von}` and `{voff}` must differ")));
        }
        let law = if levels {
            Law::Smooth { off, on }
        } else if hysteresis < 0.0 {
            Law::Smooth { off: threshold + hysteresis, on: threshold - hysteresis }
        } else {
            Law::Relay { threshold, hysteresis, closed: p.word("state") == Some("on") }
        };
        Ok(Self { law, ron: p.number("ron"), roff: p.number("roff") })
    }

    fn conductance<S: Real>(&self, control: S) -> S {
        match self.law {
            Law::Relay { closed, .. } => S::from(1.0 / if closed { self.ron } else { self.roff }),
            Law::Smooth { off, on } => {
                let u = ((control - off) / (on - off)).clamp(0.0, 1.0);
                let blend = u * u * (-u * 2.0 + 3.0);
                (blend * (self.roff / self.ron).ln()).exp() / self.roff
            }
        }
    }

    fn surface(&self, control: f64) -> Option<f64> {
        match self.law {
            Law::Relay { threshold, hysteresis, closed: true } => Some(control - (threshold - hysteresis)),
            Law::Relay { threshold, hysteresis, closed: false } => Some(threshold + hysteresis - control),
            Law::Smooth { .. } => None,
        }
    }

    fn accept(&mut self, control: f64) -> Accepted {
        let crossed = self.surface(control).is_some_and(|s| s < 0.0);
        match &mut self.law {
            Law::Relay { closed, .. } if crossed => {
                *closed = !*closed;
                Accepted::Flipped
            }
            _ => Accepted::Steady,
        }
    }

    fn outputs(&self, v: f64, control: f64, out: &mut Vec<f64>) {
        let g = self.conductance(control);
        out.extend([g * v, v, g * v * v, 1.0 / g]);
    }
}

const P: Port = Port { name: "p", carries: true };
const N: Port = Port { name: "n", carries: true };
const RON: Param = Param::new("ron", "ohm", 1.0, "resistance when on").positive();
const ROFF: Param = Param::new("roff", "ohm", 1e12, "resistance when off").positive();
const STATE: Param = Param::word("state", &["off", "on"], "initial state of a relay inside its hysteresis");
const OUTPUTS: &[(&str, &str)] = &[("i", "A"), ("v", "V"), ("p", "W"), ("r", "ohm")];
const SOURCE: &str = "SPICE3 switch; smooth form as PSpice's VSWITCH";

/// S: voltage-controlled switch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoltageSwitch {
    contact: Contact,
}

impl Device<4> for VoltageSwitch {
    const CARD: Card = Card {
        keywords: &["s", "sw", "vswitch"],
        doc: "voltage-controlled switch",
        source: SOURCE,
        role: Role::Passive,
        ports: &[P, N, Port { name: "nc+", carries: false }, Port { name: "nc-", carries: false }],
        internals: &[],
        params: &[
            Param::new("vt", "V", 0.0, "threshold of the control voltage"),
            Param::new("vh", "V", 0.0, "half width of the hysteresis; negative: half width of a smooth transition"),
            Param::new("von", "V", 1.0, "control voltage at which a smooth switch is on"),
            Param::new("voff", "V", 0.0, "control voltage at which a smooth switch is off"),
            RON,
            ROFF,
            STATE,
            Param::multiplicity(),
        ],
        outputs: OUTPUTS,
        equivalent: "",
    };
    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        Ok(Self { contact: Contact::from_params(p, ["vt", "vh", "von", "voff"])? })
    }
    fn balance<S: Real>(&self, _: &Env, x: &[S; 4]) -> Balance<S, 4> {
        let mut b = Balance::zero();
        b.flow(0, 1, (x[0] - x[1]) * self.contact.conductance(x[2] - x[3]));
        b
    }
    fn surface(&self, x: &[f64; 4]) -> Option<f64> {
        self.contact.surface(x[2] - x[3])
    }
    const SWITCHES: bool = true;

    fn accept(&mut self, _: &Env, x: &[f64; 4]) -> Accepted {
        self.contact.accept(x[2] - x[3])
    }
    fn outputs(&self, _: &Env, x: &[f64; 4], out: &mut Vec<f64>) {
        self.contact.outputs(x[0] - x[1], x[2] - x[3], out);
    }
}

/// W: current-controlled switch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurrentSwitch {
    contact: Contact,
}

impl Device<3> for CurrentSwitch {
    const CARD: Card = Card {
        keywords: &["w", "csw", "iswitch"],
        doc: "current-controlled switch",
        source: SOURCE,
        role: Role::Passive,
        ports: &[P, N, Port { name: "ic", carries: false }],
        internals: &[],
        params: &[
            Param::new("it", "A", 0.0, "threshold of the control current"),
            Param::new("ih", "A", 0.0, "half width of the hysteresis; negative: half width of a smooth transition"),
            Param::new("ion", "A", 1e-3, "control current at which a smooth switch is on"),
            Param::new("ioff", "A", 0.0, "control current at which a smooth switch is off"),
            RON,
            ROFF,
            STATE,
            Param::multiplicity(),
        ],
        outputs: OUTPUTS,
        equivalent: "",
    };
    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        Ok(Self { contact: Contact::from_params(p, ["it", "ih", "ion", "ioff"])? })
    }
    fn balance<S: Real>(&self, _: &Env, x: &[S; 3]) -> Balance<S, 3> {
        let mut b = Balance::zero();
        b.flow(0, 1, (x[0] - x[1]) * self.contact.conductance(x[2]));
        b
    }
    fn surface(&self, x: &[f64; 3]) -> Option<f64> {
        self.contact.surface(x[2])
    }
    const SWITCHES: bool = true;

    fn accept(&mut self, _: &Env, x: &[f64; 3]) -> Accepted {
        self.contact.accept(x[2])
    }
    fn outputs(&self, _: &Env, x: &[f64; 3], out: &mut Vec<f64>) {
        self.contact.outputs(x[0] - x[1], x[2], out);
    }
}
