//! Bytes of a netlist file to text: UTF-8, UTF-16 (byte order mark or NUL pattern), Latin-1 (Windows-1252) otherwise.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Decodes a file; the second value names the encoding when it is not UTF-8.
pub(super) fn decode(bytes: &[u8]) -> (String, Option<&'static str>) {
    let (encoding, skip) = Encoding::for_bom(bytes).unwrap_or_else(|| (guess(bytes), 0));
    let body = &bytes[skip..];
    if encoding == UTF_8 {
        return match std::str::from_utf8(body) {
            Ok(text) => (text.to_owned(), None),
            Err(_) => (WINDOWS_1252.decode_without_bom_handling(body).0.into_owned(), Some("Latin-1")),
        };
    }
    (encoding.decode_without_bom_handling(body).0.into_owned(), Some("UTF-16"))
}

/// Does decoded text hold more control characters (one in a hundred) than an accident explains?
pub(super) fn is_binary(text: &str) -> bool {
    let head = text.chars().take(1 << 16);
    let (mut all, mut control) = (0usize, 0usize);
    for c in head {
        all += 1;
        // tabs, line ends, form feeds and the end mark of old editors are text
        control += usize::from(c.is_control() && !"\t\n\r\u{b}\u{c}\u{1a}\u{85}".contains(c));
    }
    control > 1 && 100 * control > all
}

/// A netlist is mostly ASCII, so UTF-16 shows as a NUL in every other byte.
fn guess(bytes: &[u8]) -> &'static Encoding {
    let head = &bytes[..bytes.len().min(256) & !1];
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|b| **b == 0).count() * 8 > head.len() * 3;
    match (zeros(0), zeros(1)) {
        (false, true) => UTF_16LE,
        (true, false) => UTF_16BE,
        _ => UTF_8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_encoding_netlists_come_in() {
        let text = "title\nR1 a 0 10µ\n";
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
        let marked: Vec<u8> = [0xff, 0xfe].into_iter().chain(utf16.iter().copied()).collect();
        assert_eq!(decode(text.as_bytes()), (text.into(), None));
        assert_eq!(decode(&utf16), (text.into(), Some("UTF-16")));
        assert_eq!(decode(&big), (text.into(), Some("UTF-16")));
        assert_eq!(decode(&marked), (text.into(), Some("UTF-16")));
        assert_eq!(decode(&latin), (text.into(), Some("Latin-1")));
        assert_eq!(decode(b"").0, "");
    }

    #[test]
    fn executables_are_no_netlists() {
        let bytes: Vec<u8> = (0..=255).cycle().take(4096).collect();
        assert!(is_binary(&decode(&bytes).0));
        assert!(!is_binary("title\r\n\tR1 a 0 10µ\r\n\u{c}.op\n\u{1a}"));
    }
}
