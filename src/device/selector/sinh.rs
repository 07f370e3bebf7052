//! Exponential selector (MIEC and alike): I = is sinh(v/v0).
//!
//! A selectivity S = I(vr)/I(vr/2) fixes the slope: sinh(2y)/sinh(y) = 2 cosh(y), y = vr/(2 v0), so
//! v0 = vr / (2 acosh(S/2)).

use super::PORTS;
use crate::device::{Balance, Card, Device, Env, Param, ParamError, ParamValues, Role, limiting};
use crate::numeric::real::Real;

/// An exponential selector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SinhSelector {
    is: f64,
    v0: f64,
}

impl Device<2> for SinhSelector {
    const CARD: Card = Card {
        keywords: &["sinh_selector", "miec"],
        doc: "selector, static exponential",
        source: "standard form, e.g. Burr et al., J. Vac. Sci. Technol. B 32 (2014) 040802",
        role: Role::Passive,
        ports: PORTS,
        internals: &[],
        params: &[
            Param::new("is", "A", 1e-11, "current scale, unless ir is given").positive(),
            Param::new("v0", "V", 0.1, "slope voltage, unless selectivity is given").positive(),
            Param::new("vr", "V", 1.0, "read voltage to which ir and selectivity refer").positive(),
            Param::new("ir", "A", 0.0, "current at vr; 0: use is").nonnegative(),
            Param::new("selectivity", "1", 0.0, "I(vr)/I(vr/2), above 2; 0: use v0").nonnegative(),
            Param::multiplicity(),
        ],
        outputs: &[("i", "A"), ("v", "V"), ("p", "W"), ("g", "S")],
        equivalent: "\
.param ve={selectivity>0?vr/(2*ln(max(selectivity,2)/2+sqrt(max(selectivity,2)*max(selectivity,2)/4-1))):v0}
.param ie={ir>0?2*ir/(exp(vr/ve)-exp(-vr/ve)):is}
Bh h 0 V=min(max(V(te,be)/ve,-200),200)
Bi te be I=0.5*ie*(exp(V(h))-exp(-V(h)))
",
    };

    const LIMITS: bool = true;

    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        let (vr, ir, selectivity) = (p.number("vr"), p.number("ir"), p.number("selectivity"));
        if selectivity > 0.0 && selectivity <= 2.0 {
            return Err(ParamError::Conflict(format!(
                "`selectivity` = {selectivity} must be above 2, the value of a resistor"
            )));
        }
        let v0 = if selectivity > 0.0 { vr / (2.0 * (selectivity / 2.0).acosh()) } else { p.number("v0") };
        let is = if ir > 0.0 { ir / (vr / v0).sinh() } else { p.number("is") };
        if !(is > 0.0 && is.is_finite()) {
            return Err(ParamError::Conflict(format!("`ir` = {ir} A at `vr` = {vr} V leaves no current scale")));
        }
        Ok(Self { is, v0 })
    }

    const VECTORISES: bool = true;

    fn is_like(&self, other: &Self) -> bool {
        self == other
    }

    #[inline(always)]
    fn balance<S: Real>(&self, _: &Env, x: &[S; 2]) -> Balance<S, 2> {
        let mut b = Balance::zero();
        b.flow(0, 1, ((x[0] - x[1]) / self.v0).sinh() * self.is);
        b
    }

    fn limit(&self, _: &Env, new: &mut [f64; 2], old: &[f64; 2]) -> bool {
        let critical = limiting::critical_voltage(self.is, self.v0);
        let (v, before) = (new[0] - new[1], old[0] - old[1]);
        let sign = if v < 0.0 { -1.0 } else { 1.0 };
        let limited = sign * limiting::limit_exponential(sign * v, sign * before, self.v0, critical);
        limiting::pull_voltage(new, old, 0, 1, limited)
    }

    fn outputs(&self, _: &Env, x: &[f64; 2], out: &mut Vec<f64>) {
        let v = x[0] - x[1];
        let i = self.is * Real::sinh(v / self.v0);
        out.extend([i, v, v * i, self.is / self.v0 * Real::cosh(v / self.v0)]);
    }
}
