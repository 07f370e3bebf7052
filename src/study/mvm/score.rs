//! How far products are from the ideal ones.
//!
//! ```text
//! error = |y' - y|_F / |y|_F    RMSE = |y' - y|_F / sqrt(n)    SNR = 10 log10(sum y^2 / sum (y - y')^2)
//! ENOB = (SNR - 1.76) / 6.02
//! ```

/// Distances of all products of all vectors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Relative Frobenius norm.
    pub error: f64,
    /// Root of the mean square.
    pub rmse: f64,
    /// dB.
    pub snr: f64,
    /// Effective number of bits.
    pub enob: f64,
    /// Largest |y' - y|.
    pub worst: f64,
}

impl Score {
    /// Of computed products against the ideal ones.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a count")]
    pub fn of(found: &[f64], ideal: &[f64]) -> Self {
        let square = |sum: f64, x: f64| sum + x * x;
        let off = || found.iter().zip(ideal).map(|(a, b)| a - b);
        let (signal, noise) = (ideal.iter().copied().fold(0.0, square), off().fold(0.0, square));
        let snr = 10.0 * (signal / noise).log10();
        Self {
            error: (noise / signal).sqrt(),
            rmse: (noise / ideal.len() as f64).sqrt(),
            snr,
            enob: (snr - 1.76) / 6.02,
            worst: off().map(f64::abs).fold(0.0, f64::max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Score;

    #[test]
    fn a_tenth_off_is_twenty_decibels() {
        let score = Score::of(&[1.1, -0.9], &[1.0, -1.0]);
        assert!((score.snr - 20.0).abs() < 1e-12 && (score.error - 0.1).abs() < 1e-15, "{score:?}");
        assert!((score.enob - 18.24 / 6.02).abs() < 1e-12 && (score.rmse - 0.1).abs() < 1e-15);
        assert!((score.worst - 0.1).abs() < 1e-15);
    }
}
