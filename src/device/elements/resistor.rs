//! Ohmic resistor: I = V / (scale R (1 + tc1 dT + tc2 dT^2)).

use super::thermal::{self, Coefficients};
use crate::device::{Balance, Card, Device, Env, Param, ParamError, ParamValues, Port, Role};
use crate::numeric::real::Real;

/// A resistor; R may be negative but not zero (that is [`super::short`]).
#[derive(Debug, Clone, PartialEq)]
pub struct Resistor {
    resistance: f64,
    /// What most resistors lack; arrays hold millions of them.
    correction: Option<Box<Correction>>,
}

#[derive(Debug, Clone, PartialEq)]
struct Correction {
    scale: f64,
    thermal: Coefficients,
}

const R: Param =
    Param::new("r", "ohm", 0.0, "resistance; must be given unless rsh, l and w are").or(&["value", "resistance"]);

impl Device<2> for Resistor {
    const CARD: Card = Card {
        keywords: &["r", "res"],
        doc: "resistor",
        source: "ideal element",
        role: Role::Passive,
        ports: &[Port { name: "p", carries: true }, Port { name: "n", carries: true }],
        internals: &[],
        params: &[
            R,
            thermal::TC1,
            thermal::TC2,
            thermal::TNOM,
            thermal::TEMP,
            thermal::DTEMP,
            Param::new("scale", "1", 1.0, "factor on the resistance").positive(),
            Param::new("rsh", "ohm", 0.0, "sheet resistance; with l and w gives r = rsh l / w").nonnegative(),
            Param::new("l", "m", 0.0, "length of a sheet resistor").nonnegative(),
            Param::new("w", "m", 0.0, "width of a sheet resistor").nonnegative(),
            Param::multiplicity(),
        ],
        outputs: &[("i", "A"), ("v", "V"), ("p", "W"), ("r", "ohm")],
        equivalent: "",
    };

    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        let sheet = p.number("rsh") * p.number("l") / p.number("w");
        let resistance = if p.is_given("r") { p.number("r") } else { sheet };
        if !p.is_given("r") && (!sheet.is_finite() || sheet == 0.0) {
            return Err(ParamError::Missing { name: R.name, doc: R.doc });
        }
        if resistance == 0.0 {
            return Err(ParamError::Conflict("a resistance of exactly zero is a short, not a resistor".into()));
        }
        if !resistance.recip().is_finite() {
            return Err(ParamError::Conflict(format!(
                "{resistance} ohm are too little to have a conductance; 0 is a short"
            )));
        }
        let correction = Correction { scale: p.number("scale"), thermal: Coefficients::from_params(p) };
        let plain = correction.scale == 1.0 && correction.thermal.are_zero();
        Ok(Self { resistance, correction: (!plain).then(|| Box::new(correction)) })
    }

    const OHMIC: bool = true;

    #[inline(always)]
    fn conductance(&self, env: &Env) -> f64 {
        let factor = self.correction.as_ref().map_or(1.0, |c| c.scale * c.thermal.factor(env));
        1.0 / (self.resistance * factor)
    }

    const VECTORISES: bool = true;

    fn is_like(&self, other: &Self) -> bool {
        self == other
    }

    #[inline(always)]
    fn balance<S: Real>(&self, env: &Env, x: &[S; 2]) -> Balance<S, 2> {
        let mut b = Balance::zero();
        b.flow(0, 1, (x[0] - x[1]) * self.conductance(env));
        b
    }

    fn set(&mut self, param: &str, value: f64) -> bool {
        let fits = matches!(param, "r" | "value" | "resistance") && value.is_finite() && value.recip().is_finite();
        if fits {
            self.resistance = value;
        }
        fits
    }

    fn outputs(&self, env: &Env, x: &[f64; 2], out: &mut Vec<f64>) {
        let (v, g) = (x[0] - x[1], self.conductance(env));
        out.extend([g * v, v, g * v * v, 1.0 / g]);
    }
}
