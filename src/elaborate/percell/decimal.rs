//! Decimal numbers at the start of a text, most of them without the work that the others need.
//!
//! With at most 53 bits in the digits and a power of ten up to 10^22 both are exact in floating point, so that one
//! product or quotient is the nearest number: W. D. Clinger, "How to read floating point numbers accurately",
//! PLDI 1990. All others are left to the standard library; the result is the same to the last bit.

/// Powers of ten that are exact.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];
/// Digits that fit into the integer they are gathered in.
const DIGITS: usize = 19;
/// Integers up to here are exact in floating point.
const EXACT: u64 = 1 << 53;

/// The number that `text` begins with, and its length: sign, digits, point, exponent. `None` when there is none.
pub fn leading(text: &[u8]) -> Option<(f64, usize)> {
    let negative = text.first() == Some(&b'-');
    let mut at = usize::from(negative || text.first() == Some(&b'+'));
    let mut mantissa = 0;
    let whole = digits(text, &mut at, &mut mantissa);
    let mut fraction = 0;
    if text.get(at) == Some(&b'.') {
        at += 1;
        fraction = digits(text, &mut at, &mut mantissa);
    }
    if whole + fraction == 0 {
        return None;
    }
    let mut power = -(fraction as i64);
    if matches!(text.get(at), Some(b'e' | b'E')) {
        at += 1;
        let down = text.get(at) == Some(&b'-');
        at += usize::from(down || text.get(at) == Some(&b'+'));
        let mut exponent = 0;
        match digits(text, &mut at, &mut exponent) {
            1..=3 => power += if down { -(exponent as i64) } else { exponent as i64 },
            0 => return None,
            // longer than any number needs; the standard library knows what becomes of it
            _ => power = i64::MAX,
        }
    }
    let quick = if whole + fraction <= DIGITS { scaled(mantissa, power) } else { None };
    let value = match quick {
        Some(value) if negative => -value,
        Some(value) => value,
        None => std::str::from_utf8(&text[..at]).ok()?.parse().ok()?,
    };
    Some((value, at))
}

/// Appends the digits at `at` to an integer, and counts them; it wraps where they are too many.
#[inline]
fn digits(text: &[u8], at: &mut usize, integer: &mut u64) -> usize {
    let rest = text.get(*at..).unwrap_or_default();
    let mut count = 0;
    for digit in rest.iter().map(|c| c.wrapping_sub(b'0')).take_while(|digit| *digit < 10) {
        *integer = integer.wrapping_mul(10).wrapping_add(u64::from(digit));
        count += 1;
    }
    *at += count;
    count
}

/// `mantissa 10^power` where both are exact.
#[inline]
fn scaled(mut mantissa: u64, mut power: i64) -> Option<f64> {
    while mantissa > EXACT && mantissa.is_multiple_of(10) {
        mantissa /= 10;
        power = power.checked_add(1)?;
    }
    let factor = *POWERS.get(usize::try_from(power.unsigned_abs()).ok()?)?;
    let exact = (mantissa <= EXACT).then_some(mantissa as f64)?;
    Some(if power < 0 { exact / factor } else { exact * factor })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::leading;
    use crate::numeric::rng::Stream;

    #[track_caller]
    fn same(text: &str) {
        let (value, length) = leading(text.as_bytes()).unwrap();
        assert_eq!((value.to_bits(), length), (text.parse::<f64>().unwrap().to_bits(), text.len()), "{text}");
    }

    #[test]
    fn numbers_are_those_of_the_standard_library() {
        for text in [
            "0",
            "-0",
            "+7",
            "10000",
            "1000000",
            "1.",
            ".5",
            "-.25e-3",
            "1e22",
            "1e23",
            "1e-22",
            "1e-23",
            "123456789e-30",
            "9007199254740992",
            "9007199254740993",
            "9007199254740993e5",
            "1.000000000000000000e+04",
            "2.499999999999999900e+03",
            "0.1",
            "0.30000000000000004",
            "1e308",
            "1e309",
            "4.9e-324",
            "1e0000000000000000005",
            "1e-99999",
            "18446744073709551615",
            "18446744073709551616",
            "00000000000000000000001",
            "0e999",
            "8e-1000",
        ] {
            same(text);
        }
    }

    #[test]
    fn random_numbers_in_every_spelling() {
        let mut random = Stream::new(7, 1, "decimals");
        for _ in 0..20_000 {
            let value = (random.uniform() - 0.5) * 10f64.powf(60.0 * random.uniform() - 30.0);
            let short = (value * 1e3).round() / 1e3;
            for text in [format!("{value}"), format!("{value:e}"), format!("{value:.18e}"), format!("{short}")] {
                same(&text);
            }
        }
    }

    #[test]
    fn what_follows_is_left() {
        assert_eq!(leading(b"1.5k"), Some((1.5, 3)));
        assert_eq!(leading(b"12,3"), Some((12.0, 2)));
        for text in ["", "-", ".", "e5", "nan", "inf", "1e", "1e+,", " 1"] {
            assert_eq!(leading(text.as_bytes()), None, "{text}");
        }
    }
}
