//! Threshold-adaptive memristors: what VTEAM (drive = voltage) and TEAM (drive = current) share.
//!
//! State x = (w - won)/(woff - won): x = 0 fully on (ron), x = 1 fully off (roff).
//!   dw/dt = koff (u/uoff - 1)^aoff f_off(x)   where u/uoff > 1
//!           kon  (u/uon  - 1)^aon  f_on(x)    where u/uon  > 1   (kon < 0)
//!           0                                 between
//!   R = ron + (roff - ron) x   (linear)   or   ron (roff/ron)^x   (exponential)
//! The window `kvatinsky` is f_off = exp(-exp((w - a_off)/wc)), f_on = exp(-exp(-(w - a_on)/wc)), closed at the bounds.
//! Sets published for a normalised state have won = 0, woff = 1 and rates in 1/s.

use super::window::{self, Window};
use crate::device::{Param, ParamError, ParamValues};
use crate::numeric::real::Real;

/// One direction of motion.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Branch {
    threshold: f64,
    /// Rate constant over the range of w, in 1/s; positive moves x towards 1.
    rate: f64,
    alpha: f64,
    /// Inflection of the kvatinsky window, normalised.
    inflection: f64,
}

impl Branch {
    /// The branch `off` or the branch `on`.
    #[inline(always)]
    fn of(switches_off: bool, off: &Self, on: &Self) -> Self {
        let pick = |of: fn(&Self) -> f64| if switches_off { of(off) } else { of(on) };
        Self {
            threshold: pick(|b| b.threshold),
            rate: pick(|b| b.rate),
            alpha: pick(|b| b.alpha),
            inflection: pick(|b| b.inflection),
        }
    }
}

/// Resistance and motion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Law {
    ron: f64,
    roff: f64,
    /// ln(roff/ron).
    ln_ratio: f64,
    exponential: bool,
    on: Branch,
    off: Branch,
    window: Option<Window>,
    /// Width of the kvatinsky window, normalised.
    wc: f64,
    won: f64,
    span: f64,
}

/// Resistances.
pub(crate) const RON: Param = Param::new("ron", "ohm", 50.0, "resistance at x = 0").positive();
/// See [`RON`].
pub(crate) const ROFF: Param = Param::new("roff", "ohm", 1e3, "resistance at x = 1").positive();
/// R(x).
pub(crate) const LAW: Param = Param::word("law", &["linear", "exponential"], "resistance as a function of the state");
/// Bounds of w.
pub(crate) const WON: Param = Param::new("won", "m", 0.0, "w when on").or(&["xon", "x_on"]);
/// See [`WON`].
pub(crate) const WOFF: Param =
    Param::new("woff", "m", 3e-9, "w when off; 1 for sets with a normalised state").or(&["xoff", "x_off"]);
/// Inflections of the kvatinsky window.
pub(crate) const AON: Param =
    Param::new("aon", "m", 0.0, "inflection of the kvatinsky window when switching on").or(&["a_on"]);
/// See [`AON`].
pub(crate) const AOFF: Param =
    Param::new("aoff", "m", 3e-9, "inflection of the kvatinsky window when switching off").or(&["a_off"]);

impl Law {
    /// Reads the parameters; `on` and `off` are the names of the two thresholds.
    pub(crate) fn from_params(p: &ParamValues, on: &'static str, off: &'static str) -> Result<Self, ParamError> {
        let (won, woff) = (p.number("won"), p.number("woff"));
        let span = woff - won;
        if span <= 0.0 {
            return Err(ParamError::Conflict(format!("`woff` = {woff} must be above `won` = {won}")));
        }
        if p.number(on) * p.number(off) >= 0.0 {
            return Err(ParamError::Conflict(format!("`{on}` and `{off}` must be non-zero and of opposite sign")));
        }
        let branch = |threshold, rate, alpha, inflection| Branch {
            threshold: p.number(threshold),
            rate: p.number(rate) / span,
            alpha: p.number(alpha),
            inflection: (p.number(inflection) - won) / span,
        };
        Ok(Self {
            ron: p.number("ron"),
            roff: p.number("roff"),
            ln_ratio: (p.number("roff") / p.number("ron")).ln(),
            exponential: p.word("law") == Some("exponential"),
            on: branch(on, "kon", "alphaon", "aon"),
            off: branch(off, "koff", "alphaoff", "aoff"),
            window: (p.word("window") != Some("kvatinsky")).then(|| Window::from_params(p)),
            wc: p.number("wc") / span,
            won,
            span,
        })
    }

    /// R(x) in ohm.
    #[inline(always)]
    pub(crate) fn resistance<S: Real>(&self, x: S) -> S {
        let x = x.clamp(0.0, 1.0);
        if self.exponential { (x * self.ln_ratio).exp() * self.ron } else { x * (self.roff - self.ron) + self.ron }
    }

    #[inline(always)]
    fn window<S: Real>(&self, branch: &Branch, x: S) -> S {
        let up = branch.rate > 0.0;
        match self.window {
            Some(window) => window.factor(x, branch.rate),
            None => {
                let depth = (x - branch.inflection) / if up { self.wc } else { -self.wc };
                (-depth.exp()).exp() * window::edge(x, up)
            }
        }
    }

    /// dx/dt in 1/s under the drive u.
    #[inline(always)]
    pub(crate) fn rate<S: Real>(&self, u: S, x: S) -> S {
        // the thresholds have opposite signs: at most one of them is passed
        let off = (u.value() > 0.0) == (self.off.threshold > 0.0);
        let branch = Branch::of(off, &self.off, &self.on);
        let over = u / branch.threshold - 1.0;
        if over.value() <= 0.0 {
            return S::from(0.0);
        }
        over.powf(branch.alpha) * self.window(&branch, x) * branch.rate
    }

    /// The state in its own unit.
    pub(crate) fn position(&self, x: f64) -> f64 {
        self.won + self.span * x
    }

    /// The state of a position.
    pub(crate) fn state(&self, w: f64) -> f64 {
        (w - self.won) / self.span
    }
}
