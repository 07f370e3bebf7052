//! Feed-forward pulses: a resistance moved in small, known steps, and the levels cut from them.
//!
//! Every event reads the resistance and applies the voltage that is known to change it by a wanted amount (Diao et
//! al., Nanoscale Horiz. 10 (2025) 780). The resistances after all events are normalised to 0..1 and cut into n levels:
//! level j is the event nearest to (j-1)/(n-1). The nonlinearity v of the levels is a least-squares fit of the paper's
//! equations (2) and (3), j counted from 1 to n:
//!
//! ```text
//! falling: r_j = (1 - exp(v (j - n))) / (1 - exp(-v n))        rising: r_j = (1 - exp(v j)) / (1 - exp(v n))
//! ```
//!
//! A straight line r_j = (j-1)/(n-1) does not give v = 0 under that count but v = 5/n^2 to leading order; with j from 0
//! to n-1 it does give 0. So v near 5/n^2 says straight, and v n^2 is the figure to compare.

use std::f64::consts::PI;

use crate::numeric::rng::Stream;

/// Which way the resistance goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Potentiation: the resistance falls.
    Falling,
    /// Depression: the resistance rises.
    Rising,
}

/// Levels cut from a run of events.
#[derive(Debug, Clone, PartialEq)]
pub struct Segmentation {
    /// For each level, from the first event to the last, the index of its event.
    pub events: Vec<usize>,
    /// Their normalised resistances.
    pub levels: Vec<f64>,
    /// How many different events are among them.
    pub distinct: usize,
    /// Largest distance of a level from its target.
    pub error: f64,
}

/// Cuts `n` levels from resistances in the order of the events; `None` with fewer than two of either, or no change.
#[must_use]
pub fn segment(resistances: &[f64], n: usize) -> Option<Segmentation> {
    let (&first, &last) = resistances.first().zip(resistances.last())?;
    let (low, high) = (first.min(last), first.max(last));
    if n < 2 || high <= low {
        return None;
    }
    let shares: Vec<f64> = resistances.iter().map(|r| (r - low) / (high - low)).collect();
    let falling = first > last;
    let target = |j: usize| {
        let t = j as f64 / (n - 1) as f64;
        if falling { 1.0 - t } else { t }
    };
    let nearest = |j: usize| {
        let apart = |k: &usize| (shares[*k] - target(j)).abs();
        (0..shares.len()).min_by(|a, b| apart(a).total_cmp(&apart(b)))
    };
    let events: Vec<usize> = (0..n).map(nearest).collect::<Option<_>>()?;
    let levels: Vec<f64> = events.iter().map(|&k| shares[k]).collect();
    let error = levels.iter().enumerate().map(|(j, r)| (r - target(j)).abs()).fold(0.0, f64::max);
    let distinct = 1 + events.windows(2).filter(|pair| pair[0] != pair[1]).count();
    Some(Segmentation { events, levels, distinct, error })
}

/// The v of equation (2) or (3), levels counted from `first` (1 in the paper), by least squares.
#[must_use]
pub fn nonlinearity(levels: &[f64], direction: Direction, first: usize) -> f64 {
    let n = levels.len() as f64;
    let model = |j: usize, v: f64| {
        let k = (j + first) as f64;
        if v.abs() * n < 1e-9 {
            return if direction == Direction::Falling { (n - k) / n } else { k / n };
        }
        match direction {
            Direction::Falling => (v * (k - n)).exp_m1() / (-v * n).exp_m1(),
            Direction::Rising => (v * k).exp_m1() / (v * n).exp_m1(),
        }
    };
    let misfit = |v: f64| levels.iter().enumerate().map(|(j, r)| (r - model(j, v)).powi(2)).sum::<f64>();
    // the misfit has one minimum; the bracket holds curves that bend by their whole height
    golden(misfit, -20.0 / n, 20.0 / n)
}

/// Minimum of a function with one minimum in `low..high`, to a few parts in 1e9 of the bracket.
fn golden(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let share = (5f64.sqrt() - 1.0) / 2.0;
    let (mut a, mut b) = (high - share * (high - low), low + share * (high - low));
    let (mut fa, mut fb) = (f(a), f(b));
    for _ in 0..42 {
        if fa <= fb {
            (high, b, fb) = (b, a, fa);
            a = high - share * (high - low);
            fa = f(a);
        } else {
            (low, a, fa) = (a, b, fb);
            b = low + share * (high - low);
            fb = f(b);
        }
    }
    0.5 * (low + high)
}

/// The error of programming one level: Student's t with location, scale and degrees of freedom.
///
/// The paper's equation (5) scales the density; its text says variate, and so does this: loc + s t_nu.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErrorLaw {
    /// Location.
    pub location: f64,
    /// Scale, above 0.
    pub scale: f64,
    /// Degrees of freedom, above 0.
    pub freedom: f64,
}

impl ErrorLaw {
    /// One draw, by the polar method of R. W. Bailey, Math. Comp. 62 (1994) 779.
    pub fn draw(&self, random: &mut Stream) -> f64 {
        let (radius, angle) = (1.0 - random.uniform(), 2.0 * PI * random.uniform());
        let t = (self.freedom * (radius.powf(-2.0 / self.freedom) - 1.0)).sqrt() * angle.cos();
        self.location + self.scale * t
    }

    /// What programming the level nearest to `ideal` (0..1, of `levels`) gives: Q(y) + T.
    pub fn program(&self, ideal: f64, levels: usize, random: &mut Stream) -> f64 {
        let steps = levels.saturating_sub(1).max(1) as f64;
        (ideal * steps).round() / steps + self.draw(random)
    }

    /// The law of a sample by maximum likelihood: location and scale by weights (expectation maximisation), degrees of
    /// freedom by search between 1 and 200. `None` with fewer than ten values or no spread.
    #[must_use]
    pub fn fit(sample: &[f64]) -> Option<Self> {
        let n = sample.len() as f64;
        if sample.len() < 10 {
            return None;
        }
        let mean = sample.iter().sum::<f64>() / n;
        let spread = (sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        if spread <= 0.0 || !spread.is_finite() {
            return None;
        }
        let at = |freedom: f64| {
            let mut law = Self { location: mean, scale: spread, freedom };
            for _ in 0..60 {
                law = law.improved(sample);
            }
            law
        };
        let best = golden(|u| -at(u.exp()).likelihood(sample), 0.0, 200f64.ln());
        Some(at(best.exp()))
    }

    /// One step of expectation maximisation at fixed degrees of freedom.
    fn improved(self, sample: &[f64]) -> Self {
        let weight = |x: f64| (self.freedom + 1.0) / (self.freedom + ((x - self.location) / self.scale).powi(2));
        let total: f64 = sample.iter().map(|&x| weight(x)).sum();
        let location = sample.iter().map(|&x| weight(x) * x).sum::<f64>() / total;
        let square = sample.iter().map(|&x| weight(x) * (x - location).powi(2)).sum::<f64>() / sample.len() as f64;
        Self { location, scale: square.sqrt(), ..self }
    }

    fn likelihood(&self, sample: &[f64]) -> f64 {
        let v = self.freedom;
        let constant = ln_gamma(0.5 * (v + 1.0)) - ln_gamma(0.5 * v) - 0.5 * (v * PI).ln() - self.scale.ln();
        let term = |x: &f64| -0.5 * (v + 1.0) * (((x - self.location) / self.scale).powi(2) / v).ln_1p();
        sample.len() as f64 * constant + sample.iter().map(term).sum::<f64>()
    }
}

/// ln Gamma(x), x > 0: Stirling's series after shifting x above 10; error below 1e-12.
fn ln_gamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 10.0 {
        shift += x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    let series = (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln() + series - shift
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn the_straight_line_has_v_of_five_over_n_squared() {
        for (n, exact) in [(32usize, 4.984e-3), (128, 3.068e-4), (512, 1.910e-5)] {
            let rising: Vec<f64> = (0..n).map(|j| j as f64 / (n - 1) as f64).collect();
            let falling: Vec<f64> = rising.iter().map(|r| 1.0 - r).collect();
            // four printed digits
            assert_relative_eq!(nonlinearity(&rising, Direction::Rising, 1).abs(), exact, max_relative = 1e-3);
            assert_relative_eq!(nonlinearity(&falling, Direction::Falling, 1).abs(), exact, max_relative = 1e-3);
        }
    }

    #[test]
    fn a_curve_of_the_equation_gives_its_v_back() {
        let (n, v) = (64usize, 0.02f64);
        let rising: Vec<f64> = (1..=n).map(|j| (v * j as f64).exp_m1() / (v * n as f64).exp_m1()).collect();
        assert_relative_eq!(nonlinearity(&rising, Direction::Rising, 1), v, max_relative = 1e-6);
    }

    #[test]
    fn segments_are_the_nearest_events() {
        let r: Vec<f64> = (0..=100).map(|k| 880.0 - 1.4 * f64::from(k)).collect();
        let cut = segment(&r, 51).unwrap();
        assert_eq!(cut.events, (0..=50).map(|j| 2 * j).collect::<Vec<_>>());
        assert!(cut.error < 1e-12 && cut.distinct == 51);
        let crowded = segment(&r, 201).unwrap();
        assert_eq!(crowded.distinct, 101);
        assert_relative_eq!(crowded.error, 0.005, max_relative = 1e-9);
        assert!(segment(&r, 1).is_none() && segment(&[1.0, 1.0], 4).is_none());
    }

    #[test]
    fn gamma_is_that_of_the_tables() {
        for (x, exact) in [(0.5, 0.572_364_942_924_700_1), (5.0, 24f64.ln()), (12.5, 18.734_347_511_936_445)] {
            assert!((ln_gamma(x) - exact).abs() < 1e-12, "{x}");
        }
    }

    /// 1e5 draws: standard errors of location s sqrt((v+3)/(v+1)/n), of scale s sqrt((v+3)/(2 v n)), of v about 4 % at
    /// v = 5; four of each are allowed.
    #[test]
    fn the_law_is_recovered_from_its_draws() {
        let law = ErrorLaw { location: 2e-4, scale: 5e-4, freedom: 5.0 };
        let mut random = Stream::new(7, 0, "t");
        let n = 100_000;
        let sample: Vec<f64> = (0..n).map(|_| law.draw(&mut random)).collect();
        let found = ErrorLaw::fit(&sample).unwrap();
        let root = (n as f64).sqrt();
        assert!((found.location - law.location).abs() < 4.0 * 5e-4 * (8f64 / 6.0).sqrt() / root, "{found:?}");
        assert!((found.scale - law.scale).abs() < 4.0 * 5e-4 * (8f64 / 10.0).sqrt() / root, "{found:?}");
        assert!((found.freedom / 5.0 - 1.0).abs() < 0.1, "{found:?}");
    }
}
