//! Distributions over Monte Carlo runs.
//!
//! ```text
//! lognormal   ln x has mean mu and standard deviation sigma; a line on probit(F) against ln x
//! Weibull     F = 1 - exp(-(x/scale)^shape); a line on ln(-ln(1 - F)) against ln x
//! band        F_n - eps .. F_n + eps, eps = sqrt(ln(2/0.05) / 2n): holds everywhere at once with 95 % (Dvoretzky,
//!             Kiefer, Wolfowitz; constant of Massart, Ann. Probab. 18 (1990) 1269)
//! error rate  least share of reads on the wrong side of one threshold, LRS and HRS reads equally likely
//! ```

use crate::result::report::{Axis, Grid, Paper, PaperGroup, Report, Value};

/// Confidence of the bands is 1 - ALPHA.
const ALPHA: f64 = 0.05;

/// A sample in ascending order.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample(Vec<f64>);

/// A bit error rate and where to decide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErrorRate {
    /// Share of wrong reads at the threshold.
    pub rate: f64,
    /// Upper end of its 95 % interval (Wilson, J. Am. Stat. Assoc. 22 (1927) 209).
    pub upper: f64,
    /// Signal that decides.
    pub threshold: f64,
}

#[allow(clippy::cast_precision_loss, reason = "sample sizes are far below 2^53")]
impl Sample {
    /// The finite values.
    #[must_use]
    pub fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        Self(sorted)
    }
    /// Arithmetic mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }
    /// Standard deviation of the population, from n - 1 degrees of freedom.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        let mean = self.mean();
        let squares: f64 = self.0.iter().map(|x| (x - mean).powi(2)).sum();
        (squares / (self.0.len() as f64 - 1.0)).sqrt()
    }
    /// The value that a share of the sample does not exceed.
    #[must_use]
    pub fn quantile(&self, share: f64) -> f64 {
        super::map::quantile(&self.0, share)
    }
    /// Can it be a lognormal or a Weibull sample at all?
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.0.first().is_some_and(|x| *x > 0.0)
    }
    /// mu and sigma of the lognormal distribution.
    #[must_use]
    pub fn lognormal(&self) -> (f64, f64) {
        let logs = Sample(self.0.iter().map(|x| x.ln()).collect());
        (logs.mean(), logs.deviation())
    }
    /// Shape and scale of the Weibull distribution: least squares on Weibull paper with Bernard's median ranks.
    #[must_use]
    pub fn weibull(&self) -> (f64, f64) {
        let n = self.0.len() as f64;
        let points: Vec<(f64, f64)> = self
            .0
            .iter()
            .enumerate()
            .map(|(k, x)| (x.ln(), (-(1.0 - (k as f64 + 0.7) / (n + 0.4)).ln()).ln()))
            .collect();
        let (mx, my) = (mean(points.iter().map(|p| p.0), n), mean(points.iter().map(|p| p.1), n));
        let cross: f64 = points.iter().map(|(x, y)| (x - mx) * (y - my)).sum();
        let square: f64 = points.iter().map(|(x, _)| (x - mx).powi(2)).sum();
        let shape = cross / square;
        (shape, (mx - my / shape).exp())
    }
    /// The sample on a paper, with the line of a fitted distribution: places of it are `line.0 + line.1 ln x`.
    fn on(&self, paper: &Kind, label: &str, line: (f64, f64)) -> PaperGroup {
        let n = self.0.len() as f64;
        let half = ((2.0 / ALPHA).ln() / (2.0 * n)).sqrt();
        let share = |k: usize| (k as f64 + 0.7) / (n + 0.4);
        let place = |f: f64| match f {
            f if f <= 0.0 => f64::NEG_INFINITY,
            f if f >= 1.0 => f64::INFINITY,
            f => (paper.place)(f),
        };
        let ranked = || self.0.iter().enumerate();
        // the line is drawn between the ordinates of the sample
        let ends = [share(0), share(self.0.len().saturating_sub(1))].map(place);
        PaperGroup {
            label: label.to_owned(),
            points: ranked().map(|(k, x)| (*x, place(share(k)))).collect(),
            band: ranked().map(|(k, x)| (*x, place(share(k) - half), place(share(k) + half))).collect(),
            line: ends.map(|y| (((y - line.0) / line.1).exp(), y)).to_vec(),
        }
    }
}

/// A kind of probability paper.
struct Kind {
    name: &'static str,
    place: fn(f64) -> f64,
}

/// Shares that are labelled, in per cent.
const LABELS: [f64; 15] = [0.01, 0.1, 1.0, 5.0, 10.0, 20.0, 30.0, 50.0, 63.2, 70.0, 80.0, 90.0, 95.0, 99.0, 99.9];

impl Kind {
    const LOGNORMAL: Self = Self { name: "lognormal", place: probit };
    const WEIBULL: Self = Self { name: "weibull", place: |f| (-(1.0 - f).ln()).ln() };

    /// The labels; 63.2 % is where ln(-ln(1 - F)) is 0, and stands on Weibull paper in the place of 70 %.
    fn ticks(&self) -> Vec<(f64, String)> {
        let without = if self.name == "weibull" { 70.0 } else { 63.2 };
        let labels = LABELS.iter().filter(|share| **share != without);
        labels.map(|share| ((self.place)(share / 100.0), share.to_string())).collect()
    }
}

fn mean(values: impl Iterator<Item = f64>, n: f64) -> f64 {
    values.sum::<f64>() / n
}

/// The least error rate of deciding between two samples by one threshold. `None` without values, and where all are
/// the same: a quantity that is not sensed.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "sample sizes are far below 2^53")]
pub fn error_rate(lrs: &Sample, hrs: &Sample) -> Option<ErrorRate> {
    let upwards = lrs.quantile(0.5) >= hrs.quantile(0.5);
    let (low, high) = if upwards { (hrs, lrs) } else { (lrs, hrs) };
    let (a, b) = (low.0.len() as f64, high.0.len() as f64);
    let same = lrs.0.first() == lrs.0.last() && hrs.0.first() == hrs.0.last() && lrs.0.first() == hrs.0.first();
    if a == 0.0 || b == 0.0 || same {
        return None;
    }
    let mut all: Vec<f64> = low.0.iter().chain(&high.0).copied().collect();
    all.sort_by(f64::total_cmp);
    let cut = |pair: &[f64]| 0.5 * (pair[0] + pair[1]);
    let wrong = |t: f64| {
        let above = a - low.0.partition_point(|x| *x <= t) as f64;
        let below = high.0.partition_point(|x| *x <= t) as f64;
        0.5 * (above / a + below / b)
    };
    let rates = all.windows(2).map(|pair| (wrong(cut(pair)), cut(pair)));
    let (rate, _) = rates.clone().min_by(|x, y| x.0.total_cmp(&y.0))?;
    // thresholds that are equally good: the middle one
    let best: Vec<f64> = rates.filter(|r| r.0 == rate).map(|r| r.1).collect();
    let (n, z) = (a + b, 1.959_964);
    let centre = rate + z * z / (2.0 * n);
    let upper = (centre + z * (rate * (1.0 - rate) / n + z * z / (4.0 * n * n)).sqrt()) / (1.0 + z * z / n);
    Some(ErrorRate { rate, upper, threshold: best[best.len() / 2] })
}

/// The standard normal quantile; relative error below 1.2e-9 (P. J. Acklam, 2003).
#[must_use]
pub fn probit(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969683028665376e+01,
        2.209460984245205e+02,
        -2.759285104469687e+02,
        1.383_577_518_672_69e+02,
        -3.066479806614716e+01,
        2.506628277459239e+00,
    ];
    const B: [f64; 6] = [
        -5.447609879822406e+01,
        1.615858368580409e+02,
        -1.556989798598866e+02,
        6.680131188771972e+01,
        -1.328068155288572e+01,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784894002430293e-03,
        -3.223964580411365e-01,
        -2.400758277671838e+00,
        -2.549732539343734e+00,
        4.374664141464968e+00,
        2.938163982698783e+00,
    ];
    const D: [f64; 5] =
        [7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00, 1.0];
    let horner = |c: &[f64], x: f64| c.iter().fold(0.0, |sum, c| sum * x + c);
    let tail = |p: f64| {
        let q = (-2.0 * p.ln()).sqrt();
        horner(&C, q) / horner(&D, q)
    };
    if !(p > 0.0 && p < 1.0) {
        return f64::NAN;
    }
    if p < 0.02425 {
        return tail(p);
    }
    if p > 1.0 - 0.02425 {
        return -tail(1.0 - p);
    }
    let q = p - 0.5;
    q * horner(&A, q * q) / horner(&B, q * q)
}

/// What is asked of the runs: the headline, and the pairs of LRS and HRS signals.
pub struct Wanted<'a> {
    /// Column whose distribution is shown.
    pub headline: &'a str,
    /// Columns of the LRS and the HRS signal.
    pub signals: &'a [(&'a str, &'a str)],
    /// Columns in front of those of the study that tell groups of runs apart; the run itself is the next one.
    pub groups: usize,
}

/// Adds the table `distribution` and the probability papers to a report whose rows are those of all runs.
pub fn summarise(report: &mut Report, wanted: &Wanted) {
    let Some(column) = report.rows.columns.iter().position(|(name, _)| name == wanted.headline) else { return };
    let groups = groups(&report.rows, wanted.groups, column);
    let name = wanted.headline;
    let mut table = Grid::new(&[
        "group",
        "n",
        "mean",
        "deviation",
        "least",
        "p1",
        "median",
        "p99",
        "largest",
        "mu_ln",
        "sigma_ln",
        "weibull_shape",
        "weibull_scale",
    ]);
    let mut errors = Grid::new(&["group", "signal", "error_rate", "upper_95", "threshold"]);
    let mut papers = [(Kind::LOGNORMAL, Vec::new()), (Kind::WEIBULL, Vec::new())];
    for (label, rows) in &groups {
        let values = |k: usize| Sample::new(rows.iter().map(|row| row[k].number()));
        let sample = values(column);
        let positive = sample.is_positive() && sample.0.len() > 1;
        let ((mu, sigma), (shape, scale)) = if positive {
            (sample.lognormal(), sample.weibull())
        } else {
            ((f64::NAN, f64::NAN), (f64::NAN, f64::NAN))
        };
        let front: [Value; 2] = [label.as_str().into(), sample.0.len().into()];
        let numbers = [
            sample.mean(),
            sample.deviation(),
            sample.quantile(0.0),
            sample.quantile(0.01),
            sample.quantile(0.5),
            sample.quantile(0.99),
            sample.quantile(1.0),
            mu,
            sigma,
            shape,
            scale,
        ];
        table.push(front.into_iter().chain(numbers.map(Value::from)));
        if positive && sigma > 0.0 {
            papers[0].1.push(sample.on(&Kind::LOGNORMAL, label, (-mu / sigma, 1.0 / sigma)));
            papers[1].1.push(sample.on(&Kind::WEIBULL, label, (-shape * scale.ln(), shape)));
        }
        for (lrs, hrs) in wanted.signals {
            let place = |name: &str| report.rows.columns.iter().position(|(n, _)| n == name);
            let (Some(lrs_at), Some(hrs_at)) = (place(lrs), place(hrs)) else { continue };
            if let Some(found) = error_rate(&values(lrs_at), &values(hrs_at)) {
                errors.push([
                    label.as_str().into(),
                    format!("{lrs}, {hrs}").into(),
                    found.rate.into(),
                    found.upper.into(),
                    found.threshold.into(),
                ]);
            }
        }
    }
    let say = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    report.definitions.push(say(
        "error_rate",
        "least share of LRS and HRS reads on the wrong side of one threshold, both equally likely; upper_95: Wilson",
    ));
    report
        .definitions
        .push(say("band", "95 % of samples of this size lie within the band everywhere (Dvoretzky-Kiefer-Wolfowitz)"));
    report.tables.push(("distribution".to_owned(), table));
    if !errors.rows.is_empty() {
        report.tables.push(("error_rate".to_owned(), errors));
    }
    let unit = report.rows.columns[column].1.clone();
    for (kind, groups) in papers.into_iter().filter(|(_, groups)| !groups.is_empty()) {
        let title = format!("{} ({} paper, 95 % band)", report.title, kind.name);
        let x = Axis::log(name, &unit);
        report.papers.push(Paper { name: kind.name.to_owned(), title, x, ticks: kind.ticks(), groups });
    }
}

/// Rows that differ in nothing but the run and the results.
fn groups(rows: &Grid, front: usize, headline: usize) -> Vec<(String, Vec<Vec<Value>>)> {
    let mut out: Vec<(String, Vec<Vec<Value>>)> = Vec::new();
    for row in &rows.rows {
        let words = row[..headline].iter().enumerate().filter(|(k, _)| *k != front);
        let word = |(_, value): (usize, &Value)| match value {
            Value::Text(text) => text.clone(),
            Value::Count(n) => n.to_string(),
            Value::Number(x) => x.to_string(),
            Value::Missing => String::new(),
        };
        let label = words.map(word).collect::<Vec<_>>().join(", ");
        match out.iter_mut().find(|(known, _)| *known == label) {
            Some((_, list)) => list.push(row.clone()),
            None => out.push((label, vec![row.clone()])),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::numeric::rng::Stream;

    #[test]
    fn the_probit_has_its_tabulated_values() {
        // Abramowitz and Stegun, table 26.5
        for (p, z) in [(0.5, 0.0), (0.975, 1.959963985), (0.999, 3.090232306), (1e-6, -4.753424309)] {
            assert!((probit(p) - z).abs() < 1e-8 * z.abs().max(1.0), "{p}: {}", probit(p));
        }
        assert!(probit(0.0).is_nan());
    }

    #[test]
    fn fits_find_the_parameters_of_their_own_samples() {
        let mut stream = Stream::new(7, 0, "t");
        let normal = Sample::new((0..20_000).map(|_| (0.5 + 0.3 * stream.normal()).exp()));
        let (mu, sigma) = normal.lognormal();
        // four standard errors: sigma/sqrt(n) and sigma/sqrt(2n)
        assert!((mu - 0.5).abs() < 4.0 * 0.3 / 141.4 && (sigma - 0.3).abs() < 4.0 * 0.3 / 200.0, "{mu} {sigma}");
        let weibull = Sample::new((0..20_000).map(|_| 2.0 * (-(1.0 - stream.uniform()).ln()).powf(1.0 / 1.7)));
        let (shape, scale) = weibull.weibull();
        assert!((shape / 1.7 - 1.0).abs() < 0.03 && (scale / 2.0 - 1.0).abs() < 0.02, "{shape} {scale}");
    }

    #[test]
    fn two_normals_at_distance_d_are_confused_with_the_tail_at_half_of_it() {
        let mut stream = Stream::new(8, 0, "t");
        let mut draw = |mean: f64| Sample::new((0..20_000).map(|_| mean + stream.normal()).collect::<Vec<_>>());
        let (a, b) = (draw(0.0), draw(3.0));
        let found = error_rate(&b, &a).unwrap();
        // Phi(-1.5) = 0.0668072; the standard error of a share over 40000 reads is 0.00125
        assert!((found.rate - 0.0668072).abs() < 4.0 * 0.00125, "{found:?}");
        assert!((found.threshold - 1.5).abs() < 0.2 && found.upper > found.rate, "{found:?}");
        let apart = error_rate(&Sample::new([5.0, 6.0]), &Sample::new([1.0, 2.0])).unwrap();
        assert_eq!((apart.rate, apart.threshold), (0.0, 3.5));
        assert!(error_rate(&Sample::new([]), &Sample::new([1.0])).is_none());
    }
}
