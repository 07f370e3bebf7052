//! Quadratic temperature dependence of passives: value (1 + tc1 dT + tc2 dT^2), dT = T - tnom.

use crate::device::{Env, Param, ParamValues};
use crate::units;

/// 0 degrees Celsius in K.
pub const ZERO_CELSIUS: f64 = 273.15;
/// Boltzmann constant over elementary charge in V/K.
pub const K_OVER_Q: f64 = units::BOLTZMANN / units::ELEMENTARY_CHARGE;
/// First-order coefficient.
pub const TC1: Param = Param::new("tc1", "1/K", 0.0, "first-order temperature coefficient");
/// Second-order coefficient.
pub const TC2: Param = Param::new("tc2", "1/K^2", 0.0, "second-order temperature coefficient");
/// Temperature of the given value.
pub const TNOM: Param = Param::new("tnom", "C", 27.0, "temperature at which the parameters hold").within(-273.15, 1e4);
/// Own temperature.
pub const TEMP: Param =
    Param::new("temp", "C", 27.0, "own temperature; the circuit's temperature when not given").within(-273.15, 1e4);
/// Offset to the circuit's temperature.
pub const DTEMP: Param = Param::new("dtemp", "K", 0.0, "own temperature above the circuit's; ignored with temp");

/// Own temperature of an element: fixed, or the circuit's plus an offset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OwnTemperature {
    fixed: Option<f64>,
    offset: f64,
}

impl OwnTemperature {
    /// Reads `temp` and `dtemp`.
    #[must_use]
    pub fn from_params(p: &ParamValues) -> Self {
        Self { fixed: p.is_given("temp").then(|| p.number("temp") + ZERO_CELSIUS), offset: p.number("dtemp") }
    }
    /// Temperature in K.
    #[must_use]
    #[inline(always)]
    pub fn kelvin(&self, env: &Env) -> f64 {
        self.fixed.unwrap_or(env.temperature + self.offset)
    }
}

/// The factor on a passive's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficients {
    tc1: f64,
    tc2: f64,
    nominal: f64,
    own: OwnTemperature,
}

impl Coefficients {
    /// Reads `tc1 tc2 tnom temp dtemp`.
    #[must_use]
    pub fn from_params(p: &ParamValues) -> Self {
        Self {
            tc1: p.number("tc1"),
            tc2: p.number("tc2"),
            nominal: p.number("tnom") + ZERO_CELSIUS,
            own: OwnTemperature::from_params(p),
        }
    }
    /// Is the value the same at every temperature?
    #[must_use]
    pub fn are_zero(&self) -> bool {
        self.tc1 == 0.0 && self.tc2 == 0.0
    }
    /// 1 + tc1 dT + tc2 dT^2.
    #[must_use]
    #[inline(always)]
    pub fn factor(&self, env: &Env) -> f64 {
        if self.are_zero() {
            return 1.0;
        }
        let dt = self.own.kelvin(env) - self.nominal;
        1.0 + dt * (self.tc1 + dt * self.tc2)
    }
}

/// Reference temperature of SPICE's silicon band gap in K.
pub(super) const REFERENCE: f64 = 300.15;

/// Band gap of silicon in eV.
pub(super) fn band_gap(t: f64) -> f64 {
    1.16 - 7.02e-4 * t * t / (t + 1108.0)
}

/// SPICE's shift of a built-in voltage from the reference temperature to `t`, in V.
fn potential_shift(t: f64) -> f64 {
    let gap = -band_gap(t) / (2.0 * K_OVER_Q * t) + band_gap(REFERENCE) / (2.0 * K_OVER_Q * REFERENCE);
    -2.0 * K_OVER_Q * t * (1.5 * (t / REFERENCE).ln() + gap)
}

/// A built-in voltage at the reference temperature, from its value `v` at `nominal`.
pub(super) fn potential_at_reference(v: f64, nominal: f64) -> f64 {
    (v - potential_shift(nominal)) * REFERENCE / nominal
}

/// A built-in voltage at `t`, from its value at the reference temperature.
pub(super) fn potential_at(reference: f64, t: f64) -> f64 {
    potential_shift(t) + t / REFERENCE * reference
}
