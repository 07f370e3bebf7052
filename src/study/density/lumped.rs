//! The lumped estimate of the one-bit-line pull-up read.
//!
//! One bit line is pulled up to V_pu through R_pu, one word line is grounded, everything else floats. All unselected
//! cells are on; the sneak path is three groups of them in series:
//!
//! ```text
//! R_s = 2 R_half/(N-1) + R_half/(N-1)^2
//! margin = R_pu/(R_L || R_s + R_pu) - R_pu/(R_H || R_s + R_pu)
//! ```
//!
//! (C. L. Lo, T. H. Hou, M. C. Chen, J. J. Huang, IEEE Trans. Electron Devices 60, 2013, 420). R_half is the resistance
//! of a cell under half the read voltage; a ratio S of *currents* at V and V/2 makes it S/2 R_L. With R_H -> infinity
//! and r = R_s/R_L = R_s/R_pu the margin is r^2 / ((1+2r)(1+r)).

/// How a printed selectivity and the formula are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// As the formula stands: S a ratio of currents, two groups of half-selected cells.
    Literal,
    /// S a ratio of resistances: R_half = S R_L.
    Resistance,
    /// S a ratio of currents, only one of the two groups of half-selected cells counts.
    OneGroup,
}

impl Reading {
    /// All of them.
    pub const ALL: [Reading; 3] = [Reading::Literal, Reading::Resistance, Reading::OneGroup];

    /// A word for tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reading::Literal => "literal",
            Reading::Resistance => "resistance",
            Reading::OneGroup => "one group",
        }
    }
}

/// Cells and periphery of the read; resistances in ohm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scheme {
    /// Low-resistance state at the read voltage.
    pub lrs: f64,
    /// R_H / R_L.
    pub on_off: f64,
    /// Pull-up.
    pub pull_up: f64,
    /// I(V)/I(V/2) of the low-resistance state.
    pub selectivity: f64,
}

impl Scheme {
    /// R_half of the literal reading.
    #[must_use]
    pub fn half(&self) -> f64 {
        self.selectivity / 2.0 * self.lrs
    }

    /// The sneak resistance of an array of `n` x `n` cells.
    #[must_use]
    pub fn sneak(&self, n: f64, reading: Reading) -> f64 {
        let m = n - 1.0;
        let (half, groups) = match reading {
            Reading::Literal => (self.half(), 2.0),
            Reading::Resistance => (2.0 * self.half(), 2.0),
            Reading::OneGroup => (self.half(), 1.0),
        };
        groups * half / m + half / (m * m)
    }

    /// Read margin relative to the pull-up voltage.
    #[must_use]
    pub fn margin(&self, n: f64, reading: Reading) -> f64 {
        let sneak = self.sneak(n, reading);
        let share = |cell: f64| self.pull_up / (cell * sneak / (cell + sneak) + self.pull_up);
        share(self.lrs) - share(self.on_off * self.lrs)
    }

    /// The size at which the margin falls to `target`, as a real number; `None` when no array of two or more lines
    /// reaches it.
    #[must_use]
    pub fn size(&self, target: f64, reading: Reading) -> Option<f64> {
        falling_to(target, |n| self.margin(n, reading))
    }

    /// The selectivity with which an array of `bits` cells reads at `target`; `None` when none does.
    #[must_use]
    pub fn required(&self, bits: f64, target: f64, reading: Reading) -> Option<f64> {
        let margin = |selectivity: f64| Self { selectivity, ..*self }.margin(bits.sqrt(), reading);
        (margin(MOST) > target).then(|| bisect(1.0, MOST, |s| margin(s) < target))
    }
}

/// No size or selectivity beyond this is looked at.
const MOST: f64 = 1e12;

/// Where a margin that falls with size comes down to `target`; `None` when it starts below.
pub fn falling_to(target: f64, margin: impl Fn(f64) -> f64) -> Option<f64> {
    // the smallest array is 2 x 2
    (margin(2.0) >= target).then(|| bisect(2.0, MOST, |n| margin(n) >= target))
}

/// The largest x between `low` and `high` for which `below` still holds, to rounding, on a logarithmic scale.
pub fn bisect(low: f64, high: f64, below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (low, high);
    while high / low > 1.0 + 4.0 * f64::EPSILON {
        let middle = (low * high).sqrt();
        if middle <= low || middle >= high {
            break;
        }
        if below(middle) { low = middle } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const PAPER: Scheme = Scheme { lrs: 70e3, on_off: 1e4, pull_up: 70e3, selectivity: 1e5 };

    /// SciPy's brentq on the same formula.
    #[test]
    fn sizes_at_ten_per_cent() {
        for (reading, n) in [
            (Reading::Literal, 170_136.313_244),
            (Reading::Resistance, 340_271.126_491),
            (Reading::OneGroup, 85_069.406_611),
        ] {
            let got = PAPER.size(0.1, reading).unwrap();
            assert!((got / n - 1.0).abs() < 1e-9, "{reading:?}: {got}");
        }
        assert!((PAPER.size(0.2, Reading::Literal).unwrap() / 79_113.282_501 - 1.0).abs() < 1e-9);
        assert!(PAPER.size(0.6, Reading::Literal).is_none());
    }

    /// With R_H -> infinity and r = R_s/R_L the margin is r^2/((1+2r)(1+r)).
    #[test]
    fn the_limit_of_an_infinite_ratio() {
        let scheme = Scheme { on_off: 1e15, ..PAPER };
        for n in [64.0, 4096.0, 170_136.0] {
            let r = scheme.sneak(n, Reading::Literal) / scheme.lrs;
            let closed = r * r / ((1.0 + 2.0 * r) * (1.0 + r));
            assert!((scheme.margin(n, Reading::Literal) - closed).abs() < 1e-9, "{n}");
        }
        // 10 % at r = 0.58770
        let n = scheme.size(0.1, Reading::Literal).unwrap();
        assert!((scheme.sneak(n, Reading::Literal) / scheme.lrs - 0.587_70).abs() < 1e-5);
    }

    #[test]
    fn selectivity_that_a_size_needs() {
        let s = PAPER.required(5.7e9, 0.1, Reading::Literal).unwrap();
        assert!((s / 44_374.718_446 - 1.0).abs() < 1e-9, "{s}");
        let back = Scheme { selectivity: s, ..PAPER }.size(0.1, Reading::Literal).unwrap();
        assert!((back * back / 5.7e9 - 1.0).abs() < 1e-9);
        assert!(PAPER.required(5.7e9, 0.6, Reading::Literal).is_none());
    }
}
