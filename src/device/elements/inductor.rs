//! Linear inductor: V = L di/dt, with its current as unknown.
//!
//! Rows: p: +i, n: -i, i: v_p - v_n - d/dt (L i) = 0.

use super::thermal::{self, Coefficients};
use crate::device::{Balance, Card, Device, Env, Internal, Param, ParamError, ParamValues, Port, Role, StateLaw};
use crate::numeric::real::Real;

/// An inductor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inductor {
    inductance: f64,
    initial: Option<f64>,
    thermal: Coefficients,
}

impl Device<3> for Inductor {
    const CARD: Card = Card {
        keywords: &["l", "ind"],
        doc: "inductor",
        source: "ideal element",
        role: Role::Passive,
        ports: &[Port { name: "p", carries: true }, Port { name: "n", carries: true }],
        internals: &[Internal { name: "i", unit: "A", law: StateLaw::Algebraic, scale: 1.0 }],
        params: &[
            Param::required("l", "H", "inductance").or(&["value", "inductance"]),
            Param::new("ic", "A", 0.0, "current at the start of a transient with uic"),
            thermal::TC1,
            thermal::TC2,
            thermal::TNOM,
            thermal::TEMP,
            thermal::DTEMP,
            Param::multiplicity(),
        ],
        outputs: &[("i", "A"), ("v", "V"), ("flux", "Wb"), ("l", "H")],
        equivalent: "",
    };

    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        Ok(Self {
            inductance: p.number("l"),
            initial: p.is_given("ic").then(|| p.number("ic")),
            thermal: Coefficients::from_params(p),
        })
    }

    fn balance<S: Real>(&self, env: &Env, x: &[S; 3]) -> Balance<S, 3> {
        let mut b = Balance::zero();
        b.flow(0, 1, x[2]);
        b.f[2] = x[0] - x[1];
        b.q[2] = x[2] * -(self.inductance * self.thermal.factor(env));
        b
    }

    fn start(&self, x: &mut [f64; 3]) {
        if let Some(i) = self.initial {
            x[2] = i;
        }
    }

    fn set(&mut self, param: &str, value: f64) -> bool {
        let fits = matches!(param, "l" | "value" | "inductance") && value.is_finite();
        if fits {
            self.inductance = value;
        }
        fits
    }

    fn outputs(&self, env: &Env, x: &[f64; 3], out: &mut Vec<f64>) {
        let l = self.inductance * self.thermal.factor(env);
        out.extend([x[2], x[0] - x[1], l * x[2], l]);
    }
}
