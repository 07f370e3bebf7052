//! Physical constants with their source, and SPICE numbers in and out.
//!
//! A SPICE number is `digits [. digits] [e|d [sign] digits] [scale] [unit letters]`, case-insensitive: `1k`, `2.2MegOhm`,
//! `100us`, `25°C`. The scale is folded into the decimal exponent before rounding, so `100u` is exactly `1e-4`.

use std::fmt;

/// Boltzmann constant in J/K (CODATA 2018, exact since the 2019 SI).
pub const BOLTZMANN: f64 = 1.380_649e-23;
/// Elementary charge in C (CODATA 2018, exact since the 2019 SI).
pub const ELEMENTARY_CHARGE: f64 = 1.602_176_634e-19;
/// Planck constant in J s (CODATA 2018, exact since the 2019 SI).
pub const PLANCK: f64 = 6.626_070_15e-34;
/// Speed of light in vacuum in m/s (exact).
pub const SPEED_OF_LIGHT: f64 = 299_792_458.0;
/// 0 degrees Celsius in K (exact).
pub const ZERO_CELSIUS: f64 = 273.15;

/// Thermal voltage k T / q in V at a temperature in K.
#[must_use]
pub fn thermal_voltage(kelvin: f64) -> f64 {
    BOLTZMANN * kelvin / ELEMENTARY_CHARGE
}

/// What the letter `x` after a number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LetterX {
    /// 1e6 (HSPICE, Xyce).
    #[default]
    Mega,
    /// A unit letter without meaning (ngspice, LTspice).
    Unit,
}

/// Whether digits may follow the scale letter, as in `4k7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Embedded {
    /// `4k7` is 4.7k.
    #[default]
    Accepted,
    /// `4k7` is an error (inside an expression).
    Refused,
}

/// What a reader of the netlist should know about a number, because simulators read it differently.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Remark {
    /// `4k7`: read as 4.7k; other programs take 4k (the value given).
    Embedded(f64),
    /// A bare `a`: read as the unit ampere, not as atto.
    Ampere,
    /// `x`: read as mega.
    Mega,
}

/// A number at the start of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number {
    /// Its value, scale applied.
    pub value: f64,
    /// Bytes it takes, unit letters included.
    pub len: usize,
    /// What other programs would read.
    pub remark: Option<Remark>,
}

/// Why a text that starts like a number is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberFault {
    /// Not a number at all.
    None,
    /// `1_000`.
    Underscore,
    /// `0x10`.
    Hexadecimal,
    /// `1k2k`, `3ohm4`, `{4k7}`.
    Digits,
    /// Beyond the range of a double.
    Range,
    /// Something is left after the number.
    Trailing,
}

impl NumberFault {
    /// What to write instead.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::None => "write a number such as 4.7k, 1e-9 or 2meg",
            Self::Underscore => "write the digits without `_`: 1000 or 1k",
            Self::Hexadecimal => "write the number in decimal",
            Self::Digits => "put the decimal point where it belongs: 4.7k",
            Self::Range => "the largest double is about 1.8e308",
            Self::Trailing => "remove what follows the number, or separate it with a blank",
        }
    }
}

impl fmt::Display for NumberFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "not a number",
            Self::Underscore => "`_` inside a number",
            Self::Hexadecimal => "hexadecimal numbers are not SPICE numbers",
            Self::Digits => "digits after the scale letter or unit of a number",
            Self::Range => "number out of range",
            Self::Trailing => "something follows the number",
        })
    }
}

impl std::error::Error for NumberFault {}

/// Reads the number at the start of `text`; no sign. `Err(NumberFault::None)` when there is none.
///
/// # Errors
/// The fault and the bytes it covers.
pub fn scan_number(text: &str, x: LetterX, embedded: Embedded) -> Result<Number, (NumberFault, usize)> {
    let bytes = text.as_bytes();
    let whole = digits(bytes, 0);
    let mut end = whole;
    if bytes.get(end) == Some(&b'.') {
        end = digits(bytes, end + 1);
    }
    if end == 0 || (whole == 0 && end == 1) {
        return Err((NumberFault::None, 0));
    }
    let mantissa = end;
    let hex = whole == 1 && bytes[0] == b'0' && matches!(bytes.get(1), Some(b'x' | b'X'));
    if hex && bytes.get(2).is_some_and(u8::is_ascii_hexdigit) {
        return Err((NumberFault::Hexadecimal, word_end(text, end)));
    }
    let mut exponent = 0i32;
    if let Some((value, after)) = decimal_exponent(bytes, end) {
        exponent = value;
        end = after;
    }
    let plain_integer = end == whole;
    let scale = Scale::read(&text[end..], x);
    let after_scale = end + scale.len;
    let mut remark = scale.remark;
    let mut fraction = "";
    let unit_end = letters(text, after_scale);
    end = unit_end;
    if bytes.get(end).is_some_and(u8::is_ascii_digit) {
        if embedded == Embedded::Refused || !plain_integer || scale.len == 0 || unit_end != after_scale {
            return Err((NumberFault::Digits, word_end(text, end)));
        }
        let last = digits(bytes, end);
        fraction = &text[end..last];
        end = letters(text, last);
        if bytes.get(end).is_some_and(|b| b.is_ascii_digit() || *b == b'.') {
            return Err((NumberFault::Digits, word_end(text, end)));
        }
    }
    if bytes.get(end) == Some(&b'_') {
        return Err((NumberFault::Underscore, word_end(text, end)));
    }
    let value = decimal(&text[..mantissa], fraction, exponent.saturating_add(scale.exponent)) * scale.factor;
    if !value.is_finite() {
        return Err((NumberFault::Range, end));
    }
    if !fraction.is_empty() {
        remark = Some(Remark::Embedded(decimal(&text[..mantissa], "", scale.exponent) * scale.factor));
    }
    Ok(Number { value, len: end, remark })
}

/// The value of a whole text such as `-4.7k`, `1e-9`, `2meg`, `4k7`.
///
/// # Errors
/// Why it is not one number.
pub fn parse_number(text: &str) -> Result<f64, NumberFault> {
    let text = text.trim();
    let (sign, body) = match text.as_bytes().first() {
        Some(b'-') => (-1.0, &text[1..]),
        Some(b'+') => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    let number = scan_number(body, LetterX::default(), Embedded::Accepted).map_err(|(fault, _)| fault)?;
    if number.len == body.len() { Ok(sign * number.value) } else { Err(NumberFault::Trailing) }
}

fn digits(bytes: &[u8], from: usize) -> usize {
    from + bytes[from.min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count()
}

fn letters(text: &str, from: usize) -> usize {
    let tail = &text[from..];
    from + tail.find(|c: char| !(c.is_alphabetic() || c == '°' || c == '\u{2126}')).unwrap_or(tail.len())
}

fn word_end(text: &str, from: usize) -> usize {
    let tail = &text[from..];
    from + tail.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(tail.len())
}

fn decimal_exponent(bytes: &[u8], at: usize) -> Option<(i32, usize)> {
    if !matches!(bytes.get(at), Some(b'e' | b'E' | b'd' | b'D')) {
        return None;
    }
    let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
    let first = at + 1 + sign;
    let last = digits(bytes, first);
    if last == first {
        return None;
    }
    let size = bytes[first..last].iter().fold(0i32, |n, b| n.saturating_mul(10).saturating_add(i32::from(b - b'0')));
    Some((if bytes[at + 1] == b'-' { -size } else { size }, last))
}

/// Correctly rounded `mantissa[.fraction] * 10^exponent`.
fn decimal(mantissa: &str, fraction: &str, exponent: i32) -> f64 {
    let parsed = if fraction.is_empty() && exponent == 0 {
        mantissa.parse()
    } else if fraction.is_empty() {
        format!("{mantissa}e{exponent}").parse()
    } else {
        format!("{mantissa}.{fraction}e{exponent}").parse()
    };
    parsed.unwrap_or(f64::NAN)
}

/// A scale suffix: `10^exponent * factor`.
struct Scale {
    exponent: i32,
    factor: f64,
    len: usize,
    remark: Option<Remark>,
}

impl Scale {
    fn read(tail: &str, x: LetterX) -> Self {
        let power = |exponent, len| Self { exponent, factor: 1.0, len, remark: None };
        let starts = |word: &str| tail.get(..word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word));
        if starts("meg") {
            return power(6, 3);
        }
        if starts("mil") {
            return Self { exponent: 0, factor: 25.4e-6, len: 3, remark: None };
        }
        let Some(first) = tail.chars().next() else { return power(0, 0) };
        match first.to_ascii_lowercase() {
            't' => power(12, 1),
            'g' => power(9, 1),
            'k' => power(3, 1),
            'm' => power(-3, 1),
            'u' => power(-6, 1),
            'µ' | 'μ' => power(-6, first.len_utf8()),
            'n' => power(-9, 1),
            'p' => power(-12, 1),
            'f' => power(-15, 1),
            'x' if x == LetterX::Mega => Self { remark: Some(Remark::Mega), ..power(6, 1) },
            'a' => match tail[1..].chars().next().map(|c| c.to_ascii_lowercase()) {
                Some('s' | 'f') => power(-18, 1),
                Some(c) if c.is_alphabetic() => power(0, 0),
                _ => Self { remark: Some(Remark::Ampere), ..power(0, 0) },
            },
            _ => power(0, 0),
        }
    }
}

/// A value with an SI prefix and up to four significant digits: `12.3 uA`, `0 V`, `1.5 MOhm`.
#[must_use]
pub fn format_si(value: f64, unit: &str) -> String {
    const PREFIXES: [&str; 13] = ["a", "f", "p", "n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    let join = |number: String, prefix: &str| {
        if prefix.is_empty() && unit.is_empty() { number } else { format!("{number} {prefix}{unit}") }
    };
    if value == 0.0 || !value.is_finite() {
        return join(if value == 0.0 { "0".into() } else { value.to_string() }, "");
    }
    // four significant digits are rounded first, so that 999.96 m becomes 1 and not 1000 m
    let rounded = format!("{value:.3e}");
    let Some((mantissa, exponent)) = rounded.split_once('e') else { return join(rounded, "") };
    let exponent = exponent.parse::<i32>().unwrap_or(0);
    let group = exponent.div_euclid(3);
    if !(-6..=6).contains(&group) {
        return join(rounded, "");
    }
    let place = exponent.rem_euclid(3);
    let scaled = mantissa.parse::<f64>().unwrap_or(value) * 10f64.powi(place);
    let number = format!("{scaled:.*}", (3 - place) as usize);
    let number = number.trim_end_matches('0').trim_end_matches('.');
    join(number.into(), PREFIXES[(group + 6) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> f64 {
        let n = scan_number(text, LetterX::Unit, Embedded::Accepted).unwrap();
        assert_eq!(n.len, text.len(), "{text}");
        n.value
    }

    fn fault(text: &str) -> NumberFault {
        scan_number(text, LetterX::Mega, Embedded::Refused).unwrap_err().0
    }

    #[test]
    fn scales_are_case_insensitive_and_exact() {
        for (text, expected) in [
            ("1t", 1e12),
            ("1G", 1e9),
            ("1meg", 1e6),
            ("1MEGohm", 1e6),
            ("1K", 1e3),
            ("1M", 1e-3),
            ("10Mohm", 10e-3),
            ("100u", 100e-6),
            ("100µs", 100e-6),
            ("100μs", 100e-6),
            ("3n", 3e-9),
            ("7p", 7e-12),
            ("1F", 1e-15),
            ("1mil", 25.4e-6),
            ("1af", 1e-18),
            ("1as", 1e-18),
            ("1a", 1.0),
            ("1X", 1.0),
            ("1e3k", 1e6),
            ("1d3", 1e3),
            (".5k", 500.0),
            ("5.", 5.0),
            ("4.6V", 4.6),
            ("25°C", 25.0),
            ("1kΩ", 1e3),
            ("4k7", 4.7e3),
            ("1u5", 1.5e-6),
            ("6K34", 6340.0),
            ("3e", 3.0),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
        assert_eq!(scan_number("1x", LetterX::Mega, Embedded::Refused).unwrap().value, 1e6);
    }

    #[test]
    fn readings_that_differ_between_programs_carry_a_remark() {
        let remark = |t: &str| scan_number(t, LetterX::Mega, Embedded::Accepted).unwrap().remark;
        assert_eq!(remark("4k7"), Some(Remark::Embedded(4000.0)));
        assert_eq!(remark("1a"), Some(Remark::Ampere));
        assert_eq!(remark("1x"), Some(Remark::Mega));
        assert_eq!(remark("1amp"), None);
        assert_eq!(remark("1k"), None);
    }

    #[test]
    fn traps_are_errors() {
        assert_eq!(fault("1_000"), NumberFault::Underscore);
        assert_eq!(fault("0x10"), NumberFault::Hexadecimal);
        assert_eq!(fault("4k7"), NumberFault::Digits);
        assert_eq!(fault("1e999"), NumberFault::Range);
        assert_eq!(fault("abc"), NumberFault::None);
        assert_eq!(fault("."), NumberFault::None);
        assert_eq!(parse_number("10%"), Err(NumberFault::Trailing));
        assert_eq!(parse_number("1,000"), Err(NumberFault::Trailing));
    }

    #[test]
    fn parses_signed_text() {
        assert_eq!(parse_number(" -4.7k "), Ok(-4700.0));
        assert_eq!(parse_number("+1e-9"), Ok(1e-9));
    }

    #[test]
    fn formats_with_prefix() {
        for (value, unit, text) in [
            (12.3e-6, "A", "12.3 uA"),
            (0.0, "V", "0 V"),
            (1.5e6, "Ohm", "1.5 MOhm"),
            (-999.96e-3, "V", "-1 V"),
            (0.99999, "V", "1 V"),
            (1.0, "", "1"),
            (2e-30, "A", "2.000e-30 A"),
            (1.28e-12, "J", "1.28 pJ"),
        ] {
            assert_eq!(format_si(value, unit), text);
        }
    }
}
