//! Eight numbers side by side, and the instruction sets that work on them.
//!
//! Kernels are written once, over [`Octet`]s, and compiled for each [`Level`]: the compiler turns an octet into one
//! AVX-512 register, two AVX2 registers or eight plain operations. The level is found at run time.

/// Numbers in an octet.
pub const WIDTH: usize = 8;

/// Eight numbers on a cache line of their own.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(64))]
pub struct Octet(pub [f64; WIDTH]);

impl Octet {
    /// Eight zeros.
    pub const ZERO: Self = Self([0.0; WIDTH]);

    /// Eight times the same.
    #[inline(always)]
    pub fn splat(value: f64) -> Self {
        Self([value; WIDTH])
    }

    /// self += a b, b for all.
    #[inline(always)]
    pub fn add_scaled<A: Arithmetic>(&mut self, a: &Self, b: f64) {
        for l in 0..WIDTH {
            self.0[l] = A::fused(a.0[l], b, self.0[l]);
        }
    }

    /// self += a b.
    #[inline(always)]
    pub fn add_product<A: Arithmetic>(&mut self, a: &Self, b: &Self) {
        for l in 0..WIDTH {
            self.0[l] = A::fused(a.0[l], b.0[l], self.0[l]);
        }
    }

    /// self += a.
    #[inline(always)]
    pub fn add(&mut self, a: &Self) {
        for l in 0..WIDTH {
            self.0[l] += a.0[l];
        }
    }

    /// self = self b.
    #[inline(always)]
    pub fn times(&self, b: &Self) -> Self {
        let mut out = *self;
        for l in 0..WIDTH {
            out.0[l] *= b.0[l];
        }
        out
    }

    /// Sum of the eight, pairwise.
    #[inline(always)]
    pub fn sum(&self) -> f64 {
        let v = &self.0;
        ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]))
    }
}

/// How an instruction set multiplies and adds, and the register tile that suits it.
pub trait Arithmetic {
    /// a b + c.
    fn fused(a: f64, b: f64, c: f64) -> f64;

    /// `c[r][j] += sum_k a[r][k] b[k][j]` for up to three rows of eight columns; missing rows are empty, and last.
    fn tiles(c: &mut [&mut [Octet]; 3], a: [&[Octet]; 3], b: &[Octet]);
}

/// Work that is compiled for every instruction set. `run` and all it calls must be `#[inline(always)]`.
pub trait Work {
    /// What it leaves.
    type Output;
    /// Does it.
    fn run<A: Arithmetic>(self) -> Self::Output;
}

/// An instruction set that this machine has; only detection makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level(Set);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    Plain,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// All levels of this machine, the plainest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        #[allow(unused_mut)]
        let mut levels = vec![Self(Set::Plain)];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                levels.push(Self(Set::Avx2));
            }
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
                levels.push(Self(Set::Avx512));
            }
        }
        levels
    }

    /// The widest level of this machine.
    #[must_use]
    pub fn best() -> Self {
        Self::available().pop().unwrap_or(Self(Set::Plain))
    }

    /// Does the work on this level.
    #[inline]
    pub fn run<W: Work>(self, work: W) -> W::Output {
        match self.0 {
            Set::Plain => work.run::<Plain>(),
            // SAFETY: a level exists only where its instructions were detected (the field is private to this file)
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => unsafe { run_avx2(work) },
            // SAFETY: as above
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => unsafe { run_avx512(work) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<W: Work>(work: W) -> W::Output {
    work.run::<Narrow>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
fn run_avx512<W: Work>(work: W) -> W::Output {
    work.run::<Wide>()
}

/// With one rounding; AVX-512: three octets by eight columns in 24 registers.
pub struct Wide;
/// With one rounding; AVX2: one octet by four columns in 8 registers.
pub struct Narrow;
/// With two roundings.
pub struct Plain;

/// The register tile: rows of octets by `COLS` columns from `first` on.
#[inline(always)]
fn tile<A: Arithmetic, const ROWS: usize, const COLS: usize>(
    c: &mut [&mut [Octet]; 3],
    a: &[&[Octet]; 3],
    b: &[Octet],
    from: usize,
    first: usize,
) {
    let mut sums = [[Octet::ZERO; COLS]; ROWS];
    let rows: [&[Octet]; ROWS] = std::array::from_fn(|r| &a[from + r][..b.len()]);
    for k in 0..b.len() {
        let scales = &b[k].0;
        for r in 0..ROWS {
            let x = rows[r][k];
            for j in 0..COLS {
                sums[r][j].add_scaled::<A>(&x, scales[first + j]);
            }
        }
    }
    for r in 0..ROWS {
        let row = &mut c[from + r][first..first + COLS];
        for j in 0..COLS {
            row[j].add(&sums[r][j]);
        }
    }
}

impl Arithmetic for Wide {
    #[inline(always)]
    fn fused(a: f64, b: f64, c: f64) -> f64 {
        a.mul_add(b, c)
    }
    #[inline(always)]
    fn tiles(c: &mut [&mut [Octet]; 3], a: [&[Octet]; 3], b: &[Octet]) {
        if c[1].is_empty() {
            tile::<Self, 1, 8>(c, &a, b, 0, 0);
        } else if c[2].is_empty() {
            tile::<Self, 2, 8>(c, &a, b, 0, 0);
        } else {
            tile::<Self, 3, 8>(c, &a, b, 0, 0);
        }
    }
}

/// Row by row and half by half, for sixteen registers of half an octet.
#[inline(always)]
fn small_tiles<A: Arithmetic>(c: &mut [&mut [Octet]; 3], a: [&[Octet]; 3], b: &[Octet]) {
    for r in 0..3 {
        if !c[r].is_empty() {
            tile::<A, 1, 4>(c, &a, b, r, 0);
            tile::<A, 1, 4>(c, &a, b, r, 4);
        }
    }
}

impl Arithmetic for Narrow {
    #[inline(always)]
    fn fused(a: f64, b: f64, c: f64) -> f64 {
        a.mul_add(b, c)
    }
    #[inline(always)]
    fn tiles(c: &mut [&mut [Octet]; 3], a: [&[Octet]; 3], b: &[Octet]) {
        small_tiles::<Self>(c, a, b);
    }
}

impl Arithmetic for Plain {
    #[inline(always)]
    fn fused(a: f64, b: f64, c: f64) -> f64 {
        a * b + c
    }
    #[inline(always)]
    fn tiles(c: &mut [&mut [Octet]; 3], a: [&[Octet]; 3], b: &[Octet]) {
        small_tiles::<Self>(c, a, b);
    }
}
