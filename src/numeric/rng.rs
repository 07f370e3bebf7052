//! Random streams that depend on what they are for, not on when they are drawn.
//!
//! key = seed (64 bit) | run (64 bit) | FNV-1a(path) (128 bit), the key of a ChaCha8 generator. Every (seed, run,
//! instance path) has its own stream, so that neither threads, nor the order of evaluation, nor instances added
//! elsewhere change a draw.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// One stream of draws.
#[derive(Debug, Clone)]
pub struct Stream {
    generator: ChaCha8Rng,
}

impl Stream {
    /// The stream of `path` (instance and parameter, in canonical spelling) in Monte Carlo run `run`.
    #[must_use]
    pub fn new(seed: u64, run: u64, path: &str) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&run.to_le_bytes());
        key[16..].copy_from_slice(&fnv1a(path.as_bytes()).to_le_bytes());
        Self { generator: ChaCha8Rng::from_seed(key) }
    }

    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.generator.random()
    }

    /// Normal with mean 0 and standard deviation 1.
    pub fn normal(&mut self) -> f64 {
        self.generator.sample(StandardNormal)
    }

    /// The generator itself, for other distributions.
    pub fn generator(&mut self) -> &mut impl Rng {
        &mut self.generator
    }
}

/// 128-bit FNV-1a (Fowler, Noll, Vo): stable across platforms and versions, unlike the standard library's hashers.
fn fnv1a(bytes: &[u8]) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(OFFSET, |hash, &byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv1a() {
        // published test vectors of the 128-bit hash
        assert_eq!(fnv1a(b""), 0x6c62272e07bb014262b821756295c58d);
        assert_eq!(fnv1a(b"a"), 0xd228cb696f1a8caf78912b704e4a8964);
    }

    #[test]
    fn streams_are_reproducible_and_separate() {
        let draws = |seed, run, path: &str| -> Vec<f64> {
            let mut stream = Stream::new(seed, run, path);
            (0..4).map(|_| stream.uniform()).collect()
        };
        let reference = draws(1, 2, "xa.r1:r");
        assert_eq!(reference, draws(1, 2, "xa.r1:r"));
        for other in [draws(2, 2, "xa.r1:r"), draws(1, 3, "xa.r1:r"), draws(2, 1, "xa.r1:r"), draws(1, 2, "xa.r2:r")] {
            assert!(other.iter().zip(&reference).all(|(a, b)| a != b));
        }
    }

    #[test]
    fn moments_over_streams() {
        // one draw from each of many streams: 40000 gives a standard error of the mean of 0.005 sigma;
        // bounds are 4 standard errors
        let n = 40_000;
        let paths = (0..n).map(|k| format!("xa.c_{}_{}", k / 200, k % 200));
        let (normal, uniform): (Vec<f64>, Vec<f64>) = paths
            .map(|path| {
                let mut stream = Stream::new(7, 0, &path);
                (stream.normal(), stream.uniform())
            })
            .unzip();
        let count = f64::from(n);
        let mean = |v: &[f64]| v.iter().sum::<f64>() / count;
        let variance = |v: &[f64]| v.iter().map(|x| (x - mean(v)).powi(2)).sum::<f64>() / count;
        assert!(mean(&normal).abs() < 4.0 / count.sqrt());
        assert!((variance(&normal) - 1.0).abs() < 4.0 * (2.0 / count).sqrt());
        assert!((mean(&uniform) - 0.5).abs() < 4.0 * (1.0 / 12.0 / count).sqrt());
        assert!(uniform.iter().all(|u| (0.0..1.0).contains(u)));
    }
}
