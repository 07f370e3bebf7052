//! How the runs of a Monte Carlo analysis spread over the unit cube: one number in (0, 1) per run and quantity.
//!
//! - independent: u from the stream of (seed, run, path).
//! - Latin hypercube (M. McKay, R. Beckman, W. Conover, Technometrics 21 (1979) 239): of n runs exactly one falls into
//!   each n-th of (0, 1), u_k = (pi(k) + v_k)/n with a permutation pi of its own for every quantity.
//! - Sobol points with Owen's scrambling (B. Burley, J. Computer Graphics Techniques 9 (2020) no. 4). Beyond the
//!   dimensions of the sequence the runs are permuted once more for every further block of dimensions.
//!
//! A normal deviate is the quantile of its uniform one, so that it inherits the spread.

use rand::RngExt;

use super::rng::Stream;

/// Most runs that Sobol points are defined for.
pub const MOST_SOBOL_RUNS: u64 = 1 << 16;

/// Points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sampling {
    /// Every run by itself.
    #[default]
    Independent,
    /// Latin hypercube of this many runs.
    LatinHypercube(u64),
    /// Scrambled Sobol points, this many.
    Sobol(u64),
}

/// A quantity that is drawn: its name, and its number among those of the deck.
#[derive(Debug, Clone, Copy)]
pub struct Quantity<'a> {
    /// Instance and place.
    pub path: &'a str,
    /// Counted from 0 in the order of evaluation.
    pub dimension: u64,
}

impl Sampling {
    /// The uniform number of a quantity in run `run`, which counts from 1.
    #[must_use]
    pub fn uniform(self, seed: u64, run: u64, quantity: Quantity<'_>) -> f64 {
        let k = run.saturating_sub(1);
        match self {
            Self::Independent => Stream::new(seed, run, quantity.path).uniform(),
            Self::LatinHypercube(runs) => {
                let n = runs.max(1);
                let stratum = permuted(k % n, n, key(seed, quantity.path));
                let within = Stream::new(seed, run, quantity.path).uniform();
                (stratum as f64 + within) / n as f64
            }
            Self::Sobol(runs) => {
                let n = runs.clamp(1, MOST_SOBOL_RUNS);
                let dimensions = u64::from(sobol_burley::NUM_DIMENSIONS);
                let (block, dimension) = (quantity.dimension / dimensions, quantity.dimension % dimensions);
                let scramble = key(seed, &format!("sobol {block}"));
                let k = if block == 0 { k % n } else { permuted(k % n, n, scramble) };
                let u = sobol_burley::sample(k as u32, dimension as u32, scramble as u32);
                // the middle of the cell that single precision leaves
                f64::from(u) + 0.5 * f64::from(f32::EPSILON) * 0.5
            }
        }
    }
}

/// One number for all runs of a quantity.
fn key(seed: u64, path: &str) -> u64 {
    Stream::new(seed, u64::MAX, path).generator().random()
}

/// Where a permutation of 0..n puts `k`, without a table: a Feistel network over the next power of four, walked until it
/// comes back inside (J. Black, P. Rogaway, CT-RSA 2002, LNCS 2271, 114).
fn permuted(k: u64, n: u64, key: u64) -> u64 {
    let half = (64 - n.saturating_sub(1).leading_zeros()).div_ceil(2).max(1);
    let mask = (1u64 << half) - 1;
    let mut value = k;
    loop {
        let (mut left, mut right) = (value >> half, value & mask);
        for round in 0..8 {
            (left, right) = (right, left ^ (mixed(right ^ key.rotate_left(8 * round)) & mask));
        }
        value = left << half | right;
        if value < n {
            return value;
        }
    }
}

/// SplitMix64's finaliser (G. Steele, D. Lea, C. Flood, OOPSLA 2014).
fn mixed(value: u64) -> u64 {
    let z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The quantile of the standard normal distribution, to 1e-15: M. Wichura, AS 241, Appl. Statist. 37 (1988) 477.
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    const CENTRE: [[f64; 8]; 2] = [
        [
            3.387_132_872_796_366_6,
            133.141_667_891_784_38,
            1_971.590_950_306_551_3,
            13_731.693_765_509_46,
            45_921.953_931_549_87,
            67_265.770_927_008_7,
            33_430.575_583_588_13,
            2_509.080_928_730_122_7,
        ],
        [
            1.0,
            42.313_330_701_600_91,
            687.187_007_492_057_9,
            5_394.196_021_424_751,
            21_213.794_301_586_597,
            39_307.895_800_092_71,
            28_729.085_735_721_943,
            5_226.495_278_852_854,
        ],
    ];
    const FLANK: [[f64; 8]; 2] = [
        [
            1.423_437_110_749_683_5,
            4.630_337_846_156_546,
            5.769_497_221_460_691,
            3.647_848_324_763_204_5,
            1.270_458_252_452_368_4,
            0.241_780_725_177_450_6,
            0.022_723_844_989_269_184,
            7.745_450_142_783_414e-4,
        ],
        [
            1.0,
            2.053_191_626_637_759,
            1.676_384_830_183_803_8,
            0.689_767_334_985_1,
            0.148_103_976_427_480_08,
            0.015_198_666_563_616_457,
            5.475_938_084_995_345e-4,
            1.050_750_071_644_416_9e-9,
        ],
    ];
    const TAIL: [[f64; 8]; 2] = [
        [
            6.657_904_643_501_103,
            5.463_784_911_164_114,
            1.784_826_539_917_291_3,
            0.296_560_571_828_504_87,
            0.026_532_189_526_576_124,
            1.242_660_947_388_078_4e-3,
            2.711_555_568_743_487_6e-5,
            2.010_334_399_292_288_1e-7,
        ],
        [
            1.0,
            0.599_832_206_555_888,
            0.136_929_880_922_735_8,
            0.014_875_361_290_850_615,
            7.868_691_311_456_133e-4,
            1.846_318_317_510_054_7e-5,
            1.421_511_758_316_446e-7,
            2.044_263_103_389_939_8e-15,
        ],
    ];
    let quotient = |[above, below]: &[[f64; 8]; 2], r: f64| {
        let polynomial = |c: &[f64; 8]| c.iter().rev().fold(0.0, |sum, c| sum * r + c);
        polynomial(above) / polynomial(below)
    };
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        return q * quotient(&CENTRE, 0.180_625 - q * q);
    }
    let r = (-p.min(1.0 - p).ln()).sqrt();
    let size = if r <= 5.0 { quotient(&FLANK, r - 1.6) } else { quotient(&TAIL, r - 5.0) };
    size.copysign(q)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(sampling: Sampling, runs: u64, dimension: u64) -> Vec<f64> {
        let path = format!("q{dimension}");
        (1..=runs).map(|run| sampling.uniform(7, run, Quantity { path: &path, dimension })).collect()
    }

    #[test]
    fn the_quantile_is_that_of_scipy() {
        // scipy.stats.norm.ppf
        for (p, z) in [(0.5, 0.0), (0.025, -1.9599639845400545), (0.9, 1.2815515655446004), (1e-9, -5.9978070150076865)]
        {
            assert!((normal_quantile(p) - z).abs() <= 4e-15 * f64::max(1.0, z.abs()), "{p}: {}", normal_quantile(p));
        }
    }

    #[test]
    fn a_permutation_takes_every_value_once() {
        for n in [1u64, 2, 3, 7, 16, 17, 100, 1000] {
            for key in [0, 1, 0xdead_beef] {
                let mut all: Vec<u64> = (0..n).map(|k| permuted(k, n, key)).collect();
                all.sort_unstable();
                assert_eq!(all, (0..n).collect::<Vec<_>>());
            }
        }
        assert_ne!(
            (0..16).map(|k| permuted(k, 16, 1)).collect::<Vec<_>>(),
            (0..16).map(|k| permuted(k, 16, 2)).collect::<Vec<_>>()
        );
    }

    #[test]
    fn every_stratum_of_a_latin_hypercube_is_hit_once() {
        for dimension in 0..5 {
            let mut strata: Vec<usize> =
                column(Sampling::LatinHypercube(40), 40, dimension).iter().map(|u| (u * 40.0) as usize).collect();
            strata.sort_unstable();
            assert_eq!(strata, (0..40).collect::<Vec<_>>());
        }
    }

    /// 64 scrambled Sobol points are a (0, 6, 2)-net in neighbouring dimensions 0 and 1: one point in each of 8 x 8 boxes.
    #[test]
    fn sobol_points_fill_the_boxes_of_a_net() {
        let sampling = Sampling::Sobol(64);
        let (x, y) = (column(sampling, 64, 0), column(sampling, 64, 1));
        let mut boxes: Vec<usize> =
            x.iter().zip(&y).map(|(x, y)| (x * 8.0) as usize * 8 + (y * 8.0) as usize).collect();
        boxes.sort_unstable();
        assert_eq!(boxes, (0..64).collect::<Vec<_>>());
        // dimensions of different blocks are not the same points again
        let far = column(sampling, 64, u64::from(sobol_burley::NUM_DIMENSIONS));
        let mean = |v: &[f64]| v.iter().sum::<f64>() / 64.0;
        let product: f64 = x.iter().zip(&far).map(|(a, b)| (a - mean(&x)) * (b - mean(&far))).sum::<f64>() / 64.0;
        // 4 standard errors of the correlation of 64 independent uniform pairs, variance 1/12
        assert!((12.0 * product).abs() < 4.0 / 8.0, "{product}");
    }

    /// The error of the mean of a sum of three uniform quantities: 1/sqrt(n) when independent, far less when spread.
    #[test]
    fn spread_runs_estimate_a_mean_better() {
        let runs = 256;
        let error = |sampling: Sampling| {
            let columns: Vec<Vec<f64>> = (0..3).map(|d| column(sampling, runs, d)).collect();
            let mean = columns.iter().flatten().sum::<f64>() / runs as f64;
            (mean - 1.5).abs()
        };
        // each stratum is 1/n wide: the error of a mean is at most 1/(2n) per quantity
        assert!(error(Sampling::LatinHypercube(runs)) <= 3.0 / (2.0 * runs as f64));
        assert!(error(Sampling::Sobol(runs)) <= 3.0 / (2.0 * runs as f64));
    }
}
