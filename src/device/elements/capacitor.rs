//! Linear capacitor: Q = C V (1 + tc1 dT + tc2 dT^2).

use super::thermal::{self, Coefficients};
use crate::device::{Balance, Card, Device, Env, Param, ParamError, ParamValues, Port, Role};
use crate::numeric::real::Real;

/// A capacitor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capacitor {
    capacitance: f64,
    initial: Option<f64>,
    thermal: Coefficients,
}

impl Device<2> for Capacitor {
    const CARD: Card = Card {
        keywords: &["c", "cap"],
        doc: "capacitor",
        source: "ideal element",
        role: Role::Passive,
        ports: &[Port { name: "p", carries: true }, Port { name: "n", carries: true }],
        internals: &[],
        params: &[
            Param::required("c", "F", "capacitance").or(&["value", "capacitance"]),
            Param::new("ic", "V", 0.0, "voltage at the start of a transient with uic"),
            thermal::TC1,
            thermal::TC2,
            thermal::TNOM,
            thermal::TEMP,
            thermal::DTEMP,
            Param::multiplicity(),
        ],
        outputs: &[("v", "V"), ("q", "C"), ("c", "F")],
        equivalent: "",
    };

    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        Ok(Self {
            capacitance: p.number("c"),
            initial: p.is_given("ic").then(|| p.number("ic")),
            thermal: Coefficients::from_params(p),
        })
    }

    fn balance<S: Real>(&self, env: &Env, x: &[S; 2]) -> Balance<S, 2> {
        let mut b = Balance::zero();
        b.charge(0, 1, (x[0] - x[1]) * (self.capacitance * self.thermal.factor(env)));
        b
    }

    fn start(&self, x: &mut [f64; 2]) {
        if let Some(v) = self.initial {
            x[0] = x[1] + v;
        }
    }

    fn set(&mut self, param: &str, value: f64) -> bool {
        let fits = matches!(param, "c" | "value" | "capacitance") && value.is_finite();
        if fits {
            self.capacitance = value;
        }
        fits
    }

    fn outputs(&self, env: &Env, x: &[f64; 2], out: &mut Vec<f64>) {
        let c = self.capacitance * self.thermal.factor(env);
        out.extend([x[0] - x[1], c * (x[0] - x[1]), c]);
    }
}
