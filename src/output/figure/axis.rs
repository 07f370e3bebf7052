//! Axes: range, ticks, SI prefixes. A linear axis has ticks at 1, 2 or 5 times a power of ten, a logarithmic one at decades.

use crate::output::trace::unit;
use crate::plan::Quantity;

/// Linear or logarithmic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spacing {
    /// Even in the value.
    #[default]
    Linear,
    /// Even in log10 |value|.
    Log,
}

/// A logarithmic axis shows at most this many decades below its largest value: exact zeros of a solver are not data.
const DECADES: f64 = 10.0;
/// A logarithmic axis over less than this ratio has round ticks instead of decades.
const NARROW: f64 = 5.0;
/// A range this small beside its values is rounding noise, and is not blown up to the height of the panel.
const FLAT: f64 = 1e-7;

/// A laid-out axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    spacing: Spacing,
    /// Value and text of the labelled ticks.
    pub ticks: Vec<(f64, String)>,
    /// Values of the small ticks.
    pub minor: Vec<f64>,
    /// Name with unit, `Time (µs)`.
    pub title: String,
}

impl Axis {
    /// An axis that shows all of `values`, with `margin` (a share of the range) left at both ends and about `count` ticks.
    pub fn fit(name: &str, quantity: Quantity, spacing: Spacing, range: Range, margin: f64, count: usize) -> Self {
        match spacing {
            Spacing::Linear => Self::linear(name, quantity, range, margin, count),
            Spacing::Log => Self::log(name, quantity, range, count),
        }
    }

    fn linear(name: &str, quantity: Quantity, range: Range, margin: f64, count: usize) -> Self {
        let (mut low, mut high) = (range.low, range.high);
        let size = low.abs().max(high.abs());
        if high - low <= FLAT * size || size == 0.0 {
            let room = if size == 0.0 { 1.0 } else { 0.5 * size };
            (low, high) = (low - room, high + room);
        } else {
            let room = margin * (high - low);
            (low, high) = (low - room, high + room);
        }
        let step = nice_step((high - low) / count.max(2) as f64);
        let (factor, suffix) = prefix(quantity, low.abs().max(high.abs()));
        let decimals = decimals(step / factor);
        let values = multiples(low, high, step);
        let ticks = values.iter().map(|&v| (v, fixed(v / factor, decimals))).collect();
        let fine = step / if leading_digit(step) == 2 { 4.0 } else { 5.0 };
        let minor = multiples(low, high, fine);
        Self { low, high, spacing: Spacing::Linear, ticks, minor, title: with_unit(name, &suffix) }
    }

    /// A linear axis whose labels are given: those of `ticks` that lie between the ends.
    pub fn marked(title: &str, (low, high): (f64, f64), ticks: &[(f64, String)]) -> Self {
        let ticks = ticks.iter().filter(|(at, _)| (low..=high).contains(at)).cloned().collect();
        Self { low, high, spacing: Spacing::Linear, ticks, minor: Vec::new(), title: title.to_owned() }
    }

    fn log(name: &str, quantity: Quantity, range: Range, count: usize) -> Self {
        if range.low > 0.0 && range.high < NARROW * range.low && range.high > range.low {
            // whole decades would leave the data in a corner, and no tick beside them
            let even = Self::linear(name, quantity, range, 0.02, count.min(6));
            if even.low > 0.0 {
                return Self { spacing: Spacing::Log, ..even };
            }
        }
        let top = range.largest.max(f64::MIN_POSITIVE).log10();
        let bottom = range.smallest.log10().max(top - DECADES);
        let (low, mut high) = ((bottom + 1e-9).floor(), (top - 1e-9).ceil());
        if high <= low {
            high = low + 1.0;
        }
        let stride = ((high - low) / count.max(2) as f64).ceil().max(1.0);
        let decades = multiples(low, high, 1.0);
        let ticks = multiples(low, high, stride).iter().map(|&d| (10f64.powf(d), power_of_ten(d as i32))).collect();
        let minor = if high - low <= 8.0 {
            decades.iter().flat_map(|d| (2..10).map(move |k| f64::from(k) * 10f64.powf(*d))).collect()
        } else {
            decades.iter().map(|d| 10f64.powf(*d)).collect()
        };
        let (low, high) = (10f64.powf(low), 10f64.powf(high));
        let minor: Vec<f64> = minor;
        let minor = minor.into_iter().filter(|v| *v < high).collect();
        Self { low, high, spacing: Spacing::Log, ticks, minor, title: with_unit(name, symbol(quantity)) }
    }

    /// 0 at the low end, 1 at the high end; `None` for what a logarithmic axis cannot show.
    pub fn position(&self, value: f64) -> Option<f64> {
        if !value.is_finite() {
            return None;
        }
        match self.spacing {
            Spacing::Linear => Some((value - self.low) / (self.high - self.low)),
            Spacing::Log if value == 0.0 => None,
            Spacing::Log => {
                let share = (value.abs() / self.low).log10() / (self.high / self.low).log10();
                Some(share.clamp(0.0, 1.0))
            }
        }
    }
}

/// Extent of data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    /// Smallest finite value.
    pub low: f64,
    /// Largest finite value.
    pub high: f64,
    /// Smallest |value| above zero.
    pub smallest: f64,
    /// Largest |value|.
    pub largest: f64,
}

impl Range {
    /// Over all finite values; `None` when there is none.
    pub fn of<'a>(values: impl Iterator<Item = &'a f64>) -> Option<Self> {
        let mut range: Option<Self> = None;
        for &v in values.filter(|v| v.is_finite()) {
            let size = v.abs();
            let positive = if size > 0.0 { size } else { f64::INFINITY };
            let r = range.get_or_insert(Self { low: v, high: v, smallest: positive, largest: size });
            r.low = r.low.min(v);
            r.high = r.high.max(v);
            r.smallest = r.smallest.min(positive);
            r.largest = r.largest.max(size);
        }
        range.map(|r| Self { smallest: if r.smallest.is_finite() { r.smallest } else { 1e-12 }, ..r })
    }
}

/// 1, 2 or 5 times a power of ten, not below `rough`.
fn nice_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let share = rough / power;
    power
        * if share <= 1.0 {
            1.0
        } else if share <= 2.0 {
            2.0
        } else if share <= 5.0 {
            5.0
        } else {
            10.0
        }
}

fn leading_digit(step: f64) -> u32 {
    (step / 10f64.powf((step.log10() + 1e-9).floor())).round() as u32
}

/// Multiples of `step` in `low..=high`, zero exactly zero.
fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    let slack = 1e-6;
    let first = (low / step - slack).ceil() as i64;
    let last = (high / step + slack).floor() as i64;
    (first..=last.min(first + 1000)).map(|k| k as f64 * step).collect()
}

fn decimals(step: f64) -> usize {
    (-(step.log10() + 1e-9).floor()).clamp(0.0, 12.0) as usize
}

/// A real minus sign, and no minus on zero.
fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let zero = text.chars().all(|c| c == '0' || c == '.');
    if value < 0.0 && !zero { format!("\u{2212}{text}") } else { text }
}

/// Unit as it is set in print.
pub(super) fn symbol(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Resistance => "Ω",
        Quantity::Temperature => "°C",
        other => unit(other),
    }
}

/// The factor that tick labels are divided by, and the unit that says so.
fn prefix(quantity: Quantity, largest: f64) -> (f64, String) {
    const PREFIXES: [&str; 13] = ["a", "f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E"];
    let symbol = symbol(quantity);
    if quantity == Quantity::Temperature || largest == 0.0 {
        return (1.0, symbol.to_owned());
    }
    let group = ((largest.log10() + 1e-9) / 3.0).floor() as i32;
    if symbol.is_empty() {
        // a pure number keeps its size while that is readable
        return if (1e-2..1e4).contains(&largest) {
            (1.0, String::new())
        } else {
            (10f64.powi(3 * group), format!("×{}", power_of_ten(3 * group)))
        };
    }
    let group = group.clamp(-6, 6);
    (10f64.powi(3 * group), format!("{}{symbol}", PREFIXES[(group + 6) as usize]))
}

/// `10⁻⁶`.
fn power_of_ten(exponent: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digits = exponent.unsigned_abs().to_string();
    let raised: String = digits.bytes().map(|d| DIGITS[usize::from(d - b'0')]).collect();
    format!("10{}{raised}", if exponent < 0 { "⁻" } else { "" })
}

fn with_unit(name: &str, unit: &str) -> String {
    if unit.is_empty() { name.to_owned() } else { format!("{name} ({unit})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(quantity: Quantity, spacing: Spacing, values: &[f64]) -> Axis {
        let range = Range::of(values.iter()).unwrap_or(Range { low: 0.0, high: 0.0, smallest: 1.0, largest: 0.0 });
        Axis::fit("Time", quantity, spacing, range, 0.0, 5)
    }

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn linear_ticks_carry_the_prefix_of_the_axis() {
        let time = axis(Quantity::Time, Spacing::Linear, &[0.0, 1e-6]);
        assert_eq!(time.title, "Time (µs)");
        assert_eq!(labels(&time), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        let current = axis(Quantity::Current, Spacing::Linear, &[-250e-6, 0.0]);
        assert_eq!(labels(&current), ["−250", "−200", "−150", "−100", "−50", "0"]);
        let number = axis(Quantity::Plain, Spacing::Linear, &[0.0, 3e-5]);
        assert_eq!(number.title, "Time (×10⁻⁶)");
    }

    #[test]
    fn log_axes_have_decades_and_ignore_the_sign() {
        let a = axis(Quantity::Current, Spacing::Log, &[-1e-12, 0.0, 2e-6]);
        assert_eq!(labels(&a), ["10⁻¹²", "10⁻¹⁰", "10⁻⁸", "10⁻⁶"]);
        assert_eq!(a.position(0.0), None);
        assert_eq!(a.position(-1e-12), Some(0.0));
        assert!((a.position(1e-8).unwrap_or(0.0) - 4.0 / 7.0).abs() < 1e-12);
        let one = axis(Quantity::Current, Spacing::Log, &[1.0, 1.0]);
        assert_eq!(labels(&one), ["10⁰", "10¹"]);
    }

    #[test]
    fn rounding_noise_is_not_a_signal() {
        let a = axis(Quantity::Voltage, Spacing::Linear, &[1.0, 1.0 + 1e-12]);
        assert!((a.position(1.0).unwrap_or(0.0) - 0.5).abs() < 1e-6);
    }

    proptest::proptest! {
        #[test]
        fn any_range_gives_a_few_ticks_inside_it(a in -1e12f64..1e12, exponent in -20i32..6, log in proptest::bool::ANY) {
            let b = a * 10f64.powi(exponent);
            let spacing = if log { Spacing::Log } else { Spacing::Linear };
            let axis = axis(Quantity::Voltage, spacing, &[a, b]);
            proptest::prop_assert!((2..=12).contains(&axis.ticks.len()), "{:?}", axis);
            for (value, _) in &axis.ticks {
                let p = axis.position(*value).unwrap_or(-1.0);
                proptest::prop_assert!((-1e-6..=1.0 + 1e-6).contains(&p), "{} {:?}", p, axis);
            }
        }
    }
}
