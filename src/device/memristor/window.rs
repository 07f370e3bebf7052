//! Window functions: how the rate of a bounded state x in [0, 1] slows down at its bounds.
//!
//!   joglekar      1 - (2x - 1)^(2p)                    Joglekar & Wolf, Eur. J. Phys. 30 (2009) 661
//!   biolek        1 - (x - stp(-motion))^(2p)          Biolek et al., Radioengineering 18(2) (2009) 210
//!   prodromakis   j (1 - ((x - 1/2)^2 + 3/4)^p)        Prodromakis et al., IEEE T-ED 58 (2011) 3099
//!   strukov       x (1 - x)                            Strukov et al., Nature 453 (2008) 80
//!   bcm, none     1 inside, 0 at a bound driven outwards   Corinto & Ascoli, IEEE TCAS-I 59 (2012) 2713
//!
//! Outside [0, 1], where only Newton iterates go, a window driven outwards continues with its slope and becomes
//! negative: the rate points back, which keeps the implicit equation monotone. Driven inwards it stays at its value on
//! the bound, so the known sticking of the symmetric windows at exactly 0 and 1 is kept and not made worse.

use crate::device::{Param, ParamValues};
use crate::numeric::real::Real;

/// The step at a bound is a ramp of this width inside it: `bcm` falls from 1 to 0 over the last 1e-4 of the range.
pub const EDGE: f64 = 1e-4;

/// The words of the `window` parameter, in the order of `W` in the subcircuits below.
pub const WORDS: &[&str] = &["joglekar", "biolek", "prodromakis", "strukov", "bcm", "none"];
/// Exponent.
pub const P: Param = Param::new("p", "1", 1.0, "exponent of the window").within(0.5, 1000.0);
/// Scale.
pub const J: Param = Param::new("j", "1", 1.0, "scale of the prodromakis window").positive();

/// The form of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// scale (1 - |2x - 1|^n); n = 2p, for strukov n = 2 and scale = 1/4.
    Symmetric,
    /// 1 - (x - stp(-motion))^n, n = 2p.
    Biolek,
    /// scale (1 - ((x - 1/2)^2 + 3/4)^n), n = p.
    Prodromakis,
    /// 1, but 0 at a bound when driven outwards.
    Edge,
}

/// A window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    shape: Shape,
    exponent: f64,
    scale: f64,
}

impl Window {
    /// Reads `window`, `p` and `j`; an unknown word was refused by the card.
    #[must_use]
    pub fn from_params(p: &ParamValues) -> Self {
        Self::new(p.word("window").unwrap_or("none"), p.number("p"), p.number("j"))
    }

    /// A window by its word, with the p and j of the formulas above.
    fn new(word: &str, p: f64, j: f64) -> Self {
        let (shape, exponent, scale) = match word {
            "joglekar" => (Shape::Symmetric, 2.0 * p, 1.0),
            "biolek" => (Shape::Biolek, 2.0 * p, 1.0),
            "prodromakis" => (Shape::Prodromakis, p, j),
            "strukov" => (Shape::Symmetric, 2.0, 0.25),
            _ => (Shape::Edge, 1.0, 1.0),
        };
        Self { shape, exponent, scale }
    }

    /// The factor on the rate of `x`; `motion` > 0 when the drive moves x towards 1.
    #[must_use]
    #[inline(always)]
    pub fn factor<S: Real>(&self, x: S, motion: f64) -> S {
        let up = motion >= 0.0;
        if self.shape == Shape::Edge {
            return edge(x, up);
        }
        let biolek = self.shape == Shape::Biolek;
        let middle = x - 0.5;
        let travelled = S::select(up, x, -x + 1.0).max(S::from(0.0));
        let symmetric = S::select(self.shape == Shape::Symmetric, middle.abs() * 2.0, middle * middle + 0.75);
        let window = (-bend(S::select(biolek, travelled, symmetric), self.exponent) + 1.0) * self.scale;
        // beyond a bound and driven back in: the value on the bound
        let returning = !biolek && if up { x.value() < 0.0 } else { x.value() > 1.0 };
        S::select(returning, S::from(0.0), window)
    }
}

/// d^n up to d = 1, its tangent beyond.
#[inline(always)]
fn bend<S: Real>(d: S, n: f64) -> S {
    S::select(d.value() > 1.0, (d - 1.0) * n + 1.0, d.powf(n))
}

/// 1, falling to 0 over [`EDGE`] before the bound that is approached, negative beyond it.
#[must_use]
#[inline(always)]
pub fn edge<S: Real>(x: S, up: bool) -> S {
    let distance = if up { -x + 1.0 } else { x };
    (distance / EDGE).min(S::from(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> [Window; 5] {
        [
            ("joglekar", 3.0, 1.0),
            ("biolek", 2.0, 1.0),
            ("prodromakis", 5.0, 1.5),
            ("strukov", 1.0, 1.0),
            ("bcm", 1.0, 1.0),
        ]
        .map(|(word, p, j)| Window::new(word, p, j))
    }

    #[test]
    fn windows_take_their_published_values() {
        let x = 0.3_f64;
        for (w, expected) in all().into_iter().zip([
            1.0 - 0.4_f64.powi(6),
            1.0 - 0.3_f64.powi(4),
            1.5 * (1.0 - 0.79_f64.powi(5)),
            0.21,
            1.0,
        ]) {
            assert!((w.factor(x, 1.0) - expected).abs() < 1e-15, "{w:?}");
        }
        assert!((Window::new("biolek", 2.0, 1.0).factor(x, -1.0) - (1.0 - 0.7_f64.powi(4))).abs() < 1e-15);
    }

    #[test]
    fn no_window_lets_the_state_out_and_only_symmetric_ones_stick() {
        for w in all() {
            assert!(w.factor(1.0, 1.0).abs() < 1e-12 && w.factor(0.0, -1.0).abs() < 1e-12, "{w:?} closes");
            assert!(w.factor(1.001, 1.0) < 0.0 && w.factor(-0.001, -1.0) < 0.0, "{w:?} points back");
            assert!(w.factor(-0.001, 1.0) >= 0.0 && w.factor(1.001, -1.0) >= 0.0, "{w:?} lets it return");
            let sticks = w.factor(1.0, -1.0) < 0.5;
            assert_eq!(sticks, !matches!(w.shape, Shape::Biolek | Shape::Edge), "{w:?}");
        }
    }
}
