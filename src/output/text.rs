//! Numbers as C's printf writes them, because the readers of these files were written against it.

/// `%.{digits}e`: two exponent digits at least, always with sign.
#[must_use]
pub fn scientific(value: f64, digits: usize) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let text = format!("{value:.digits$e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => format!("{mantissa}e{}", signed_exponent(exponent)),
        None => text,
    }
}

/// `%.{digits}g`: the shorter of fixed and scientific, without trailing zeros.
#[must_use]
pub fn general(value: f64, digits: usize) -> String {
    let digits = digits.max(1);
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".to_owned() } else { scientific(value, 0) };
    }
    // the exponent after rounding to `digits`, as the C standard defines %g
    let rounded = format!("{value:.0$e}", digits - 1);
    let Some((mantissa, exponent)) = rounded.split_once('e') else { return rounded };
    let power: i32 = exponent.parse().unwrap_or(0);
    let limit = i32::try_from(digits).unwrap_or(i32::MAX);
    if power < -4 || power >= limit {
        return format!("{}e{}", trim_zeros(mantissa), signed_exponent(exponent));
    }
    let decimals = usize::try_from(limit - 1 - power).unwrap_or(0);
    trim_zeros(&format!("{value:.decimals$}")).to_owned()
}

fn signed_exponent(exponent: &str) -> String {
    let (sign, magnitude) = match exponent.strip_prefix('-') {
        Some(rest) => ('-', rest),
        None => ('+', exponent),
    };
    format!("{sign}{magnitude:0>2}")
}

fn trim_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

/// Text that must stay on one line and inside one TAB field.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scientific_is_printf_e() {
        assert_eq!(scientific(0.0, 15), "0.000000000000000e+00");
        assert_eq!(scientific(-1.0 / 3.0, 6), "-3.333333e-01");
        assert_eq!(scientific(1e-300, 3), "1.000e-300");
        assert_eq!(scientific(9.9999, 2), "1.00e+01");
        assert_eq!(scientific(f64::NAN, 2), "nan");
        assert_eq!(scientific(f64::NEG_INFINITY, 2), "-inf");
    }

    #[test]
    fn general_is_printf_g() {
        assert_eq!(general(1000.0, 6), "1000");
        assert_eq!(general(1e-9, 6), "1e-09");
        assert_eq!(general(0.1 + 0.2, 6), "0.3");
        assert_eq!(general(2e-5, 6), "2e-05");
        assert_eq!(general(123_456_789.0, 6), "1.23457e+08");
        assert_eq!(general(999_999.6, 6), "1e+06");
        assert_eq!(general(1e-4, 6), "0.0001");
        assert_eq!(general(-0.5, 6), "-0.5");
    }
}
