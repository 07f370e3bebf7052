//! IDX files, the format of the MNIST family: a big-endian header and bytes, plain or gzipped.
//!
//! ```text
//! 0 0 type rank | rank sizes as u32 | product(sizes) bytes        type 0x08 = unsigned byte
//! ```
//!
//! (Y. LeCun, C. Cortes, C. Burges, The MNIST database; unsigned bytes are the only type of the image sets.)

use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::DataError;

/// No data set of this family comes near; a header that promises more is damaged.
const LARGEST: usize = 1 << 30;

/// Unsigned bytes of any rank, row-major.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idx {
    /// Size of every dimension, outermost first.
    pub sizes: Vec<usize>,
    /// The entries.
    pub bytes: Vec<u8>,
}

/// Reads an IDX file, gzipped or not: the first bytes decide, not the name.
///
/// # Errors
/// A missing file; one that is no IDX file, is of another type, ends early or goes on after its data.
pub fn read(path: &Path) -> Result<Idx, DataError> {
    let name = path.display().to_string();
    let raw = std::fs::read(path).map_err(|e| DataError::unreadable(path, &e))?;
    let bytes = if raw.starts_with(&[0x1f, 0x8b]) {
        let mut bytes = Vec::new();
        MultiGzDecoder::new(raw.as_slice()).read_to_end(&mut bytes).map_err(|e| DataError::Damaged {
            path: name.clone(),
            reason: format!("its gzip stream breaks off after {} bytes: {e}", bytes.len()),
        })?;
        bytes
    } else {
        raw
    };
    parse(&bytes).map_err(|reason| DataError::Damaged { path: name, reason })
}

/// The matrix in the bytes of a file, or what is wrong with them.
fn parse(bytes: &[u8]) -> Result<Idx, String> {
    let [zero, zero2, kind, rank, rest @ ..] = bytes else {
        return Err(format!("it has {} bytes, an IDX header alone has at least 8", bytes.len()));
    };
    if (*zero, *zero2) != (0, 0) {
        return Err(format!("it begins with {zero:02x} {zero2:02x}, an IDX file with 00 00"));
    }
    if *kind != 0x08 {
        return Err(format!("its entries are of type 0x{kind:02x}, only unsigned bytes (0x08) are read"));
    }
    let (header, data) = rest
        .split_at_checked(4 * usize::from(*rank))
        .ok_or_else(|| format!("it ends inside the header: {rank} sizes of 4 bytes were announced"))?;
    let (words, _) = header.as_chunks::<4>();
    let sizes: Vec<usize> = words.iter().map(|w| u32::from_be_bytes(*w) as usize).collect();
    let shape = sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ");
    let count = sizes.iter().try_fold(1usize, |p, s| p.checked_mul(*s)).filter(|n| *n <= LARGEST);
    let count = count.ok_or_else(|| format!("its header announces {shape} entries, which is no image set"))?;
    match data.len() {
        n if n < count => Err(format!("it is truncated: {shape} = {count} bytes were announced, {n} are there")),
        n if n > count => Err(format!("{} bytes follow the {shape} = {count} that were announced", n - count)),
        _ => Ok(Idx { sizes, bytes: data.to_vec() }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    const TWO_BY_THREE: [u8; 18] = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255];

    fn complaint(bytes: &[u8]) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("broken-idx");
        std::fs::write(&path, bytes).unwrap();
        let text = read(&path).unwrap_err().to_string();
        assert!(text.contains("broken-idx"), "{text}");
        text
    }

    #[test]
    fn plain_and_gzipped_files_hold_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let expected = Idx { sizes: vec![2, 3], bytes: vec![1, 2, 3, 4, 5, 255] };
        let plain = dir.path().join("plain");
        std::fs::write(&plain, TWO_BY_THREE).unwrap();
        assert_eq!(read(&plain).unwrap(), expected);
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(&TWO_BY_THREE).unwrap();
        let packed = packer.finish().unwrap();
        std::fs::write(&plain, &packed).unwrap();
        assert_eq!(read(&plain).unwrap(), expected);
        // a download that broke off
        assert!(complaint(&packed[..packed.len() - 9]).contains("gzip stream breaks off"));
    }

    #[test]
    fn damage_is_named() {
        assert!(complaint(&[]).contains("0 bytes"));
        assert!(complaint(b"<!DOCTYPE html>").contains("begins with 3c 21"));
        let mut float = TWO_BY_THREE;
        float[2] = 0x0d;
        assert!(complaint(&float).contains("type 0x0d"));
        assert!(complaint(&TWO_BY_THREE[..9]).contains("ends inside the header"));
        assert!(complaint(&TWO_BY_THREE[..17]).contains("truncated: 2 x 3 = 6 bytes were announced, 5 are there"));
        let mut long = TWO_BY_THREE.to_vec();
        long.push(7);
        assert!(complaint(&long).contains("1 bytes follow"));
        let huge = [0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255];
        assert!(complaint(&huge).contains("which is no image set"));
    }
}
