//! Eight numbers side by side, and the instruction sets that work on them.
//!
//! Kernels are written once, over [`Octet`]s, and compiled for each [`Level`]: an octet is one AVX-512 register, two
//! AVX2 registers or eight plain numbers. The level is found at run time. What is unsafe about that is in this file.

/// Numbers in an octet.
pub const WIDTH: usize = 8;

/// Eight numbers on a cache line of their own.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(64))]
pub struct Octet(pub [f64; WIDTH]);

impl Octet {
    /// Eight zeros.
    pub const ZERO: Self = Self([0.0; WIDTH]);

    /// self += a b, b for all.
    #[inline(always)]
    pub fn add_scaled<A: Arithmetic>(&mut self, a: &Self, b: f64) {
        *self = A::store(A::fused(A::load(a), A::splat(b), A::load(self)));
    }

    /// self += a b.
    #[inline(always)]
    pub fn add_product<A: Arithmetic>(&mut self, a: &Self, b: &Self) {
        *self = A::store(A::fused(A::load(a), A::load(b), A::load(self)));
    }

    /// self += a.
    #[inline(always)]
    pub fn add<A: Arithmetic>(&mut self, a: &Self) {
        *self = A::store(A::sum(A::load(self), A::load(a)));
    }

    /// self b.
    #[inline(always)]
    pub fn times<A: Arithmetic>(&self, b: &Self) -> Self {
        A::store(A::product(A::load(self), A::load(b)))
    }

    /// self b, b for all.
    #[inline(always)]
    pub fn scaled<A: Arithmetic>(&self, b: f64) -> Self {
        A::store(A::product(A::load(self), A::splat(b)))
    }

    /// The eight numbers of a slice from `at` on; zeros where `count` are fewer.
    #[inline(always)]
    pub fn read(values: &[f64], at: usize, count: usize) -> Self {
        let mut octet = Self::ZERO;
        if count == WIDTH {
            octet.0.copy_from_slice(&values[at..at + WIDTH]);
        } else {
            octet.0[..count].copy_from_slice(&values[at..at + count]);
        }
        octet
    }

    /// Into a slice, from `at` on: the first `count` numbers.
    #[inline(always)]
    pub fn write(&self, values: &mut [f64], at: usize, count: usize) {
        if count == WIDTH {
            values[at..at + WIDTH].copy_from_slice(&self.0);
        } else {
            values[at..at + count].copy_from_slice(&self.0[..count]);
        }
    }

    /// Sum of the eight, pairwise.
    #[inline(always)]
    pub fn total(&self) -> f64 {
        let v = &self.0;
        ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]))
    }
}

/// Asks for a cache line before it is needed; nothing where the machine has no way to ask.
#[inline(always)]
pub fn prefetch<T>(place: &T) {
    // SAFETY: every x86-64 machine has the instruction, which reads nothing a program could see
    #[cfg(target_arch = "x86_64")]
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>((&raw const *place).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

/// How an instruction set holds an octet and works on it, and the register tile that suits it.
pub trait Arithmetic {
    /// Eight numbers.
    type Register: Copy;
    /// From memory.
    fn load(a: &Octet) -> Self::Register;
    /// To memory.
    fn store(a: Self::Register) -> Octet;
    /// Eight times the same.
    fn splat(a: f64) -> Self::Register;
    /// a + b.
    fn sum(a: Self::Register, b: Self::Register) -> Self::Register;
    /// a b.
    fn product(a: Self::Register, b: Self::Register) -> Self::Register;
    /// a b + c.
    fn fused(a: Self::Register, b: Self::Register, c: Self::Register) -> Self::Register;

    /// Rows and columns of eight by eight numbers exchanged.
    fn transpose(rows: &[Octet; WIDTH]) -> [Octet; WIDTH];
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

/// Sets octets to zero.
pub struct Clear<'a>(pub &'a mut [Octet]);

impl Work for Clear<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let zero = A::store(A::splat(0.0));
        for octet in self.0 {
            *octet = zero;
        }
    }
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

/// The plainest level.
impl Default for Level {
    fn default() -> Self {
        Self(Set::Plain)
    }
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
            if is_x86_feature_detected!("avx512f") {
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
            Set::Avx2 => unsafe { x86::run_avx2(work) },
            // SAFETY: as above
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => unsafe { x86::run_avx512(work) },
        }
    }
}

/// Eight plain numbers; products are rounded before they are added.
pub struct Plain;

impl Arithmetic for Plain {
    type Register = [f64; WIDTH];
    #[inline(always)]
    fn load(a: &Octet) -> Self::Register {
        a.0
    }
    #[inline(always)]
    fn store(a: Self::Register) -> Octet {
        Octet(a)
    }
    #[inline(always)]
    fn splat(a: f64) -> Self::Register {
        [a; WIDTH]
    }
    #[inline(always)]
    fn sum(a: Self::Register, b: Self::Register) -> Self::Register {
        std::array::from_fn(|l| a[l] + b[l])
    }
    #[inline(always)]
    fn product(a: Self::Register, b: Self::Register) -> Self::Register {
        std::array::from_fn(|l| a[l] * b[l])
    }
    #[inline(always)]
    fn fused(a: Self::Register, b: Self::Register, c: Self::Register) -> Self::Register {
        std::array::from_fn(|l| a[l] * b[l] + c[l])
    }
    #[inline(always)]
    fn transpose(rows: &[Octet; WIDTH]) -> [Octet; WIDTH] {
        std::array::from_fn(|column| Octet(std::array::from_fn(|row| rows[row].0[column])))
    }
    #[inline(always)]
    fn tiles(c: &mut [&mut [Octet]; 3], a: [&[Octet]; 3], b: &[Octet]) {
        half_tiles::<Self>(c, a, b);
    }
}

/// A register tile of one, two or three rows; each sum is a register.
macro_rules! tile {
    ($name:ident: $($row:ident, $octet:ident, $sums:ident, $out:ident);+) => {
        #[inline(always)]
        fn $name<A: Arithmetic>($($out: &mut [Octet], $row: &[Octet],)+ b: &[Octet]) {
            $(let mut $sums = [A::splat(0.0); WIDTH];)+
            let ($($row,)+) = ($(&$row[..b.len()],)+);
            for (k, scales) in b.iter().enumerate() {
                $(let $octet = A::load(&$row[k]);)+
                for j in 0..WIDTH {
                    let scale = A::splat(scales.0[j]);
                    $($sums[j] = A::fused($octet, scale, $sums[j]);)+
                }
            }
            $(for (out, sum) in $out.iter_mut().zip($sums) {
                *out = A::store(A::sum(A::load(out), sum));
            })+
        }
    };
}

tile!(tile_1: a0, x0, s0, c0);
tile!(tile_2: a0, x0, s0, c0; a1, x1, s1, c1);
tile!(tile_3: a0, x0, s0, c0; a1, x1, s1, c1; a2, x2, s2, c2);

/// Row by row and half by half, for sixteen registers of half an octet.
#[inline(always)]
fn half_tiles<A: Arithmetic>(c: &mut [&mut [Octet]; 3], a: [&[Octet]; 3], b: &[Octet]) {
    for (c, a) in c.iter_mut().zip(a).filter(|(c, _)| !c.is_empty()) {
        half_tile::<A>(c, a, b, 0);
        half_tile::<A>(c, a, b, WIDTH / 2);
    }
}

/// Half a tile of one row: four columns from `first` on.
#[inline(always)]
fn half_tile<A: Arithmetic>(out: &mut [Octet], row: &[Octet], b: &[Octet], first: usize) {
    let mut sums = [A::splat(0.0); WIDTH / 2];
    for (x, scales) in row.iter().zip(b) {
        let x = A::load(x);
        let scales = &scales.0[first..first + WIDTH / 2];
        for j in 0..WIDTH / 2 {
            sums[j] = A::fused(x, A::splat(scales[j]), sums[j]);
        }
    }
    for (out, sum) in out[first..].iter_mut().zip(sums) {
        *out = A::store(A::sum(A::load(out), sum));
    }
}

/// The instructions themselves.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Arithmetic, Octet, WIDTH, Work, half_tiles, tile_1, tile_2, tile_3};

    /// Two AVX2 registers; a tile is one octet by four columns, 8 of 16 registers.
    ///
    /// Only [`run_avx2`] names this type, so whatever is compiled for it runs where AVX2 and FMA were detected.
    pub struct Avx2;

    /// One AVX-512 register; a tile is three octets by eight columns, 24 of 32 registers.
    ///
    /// Only [`run_avx512`] names this type, so whatever is compiled for it runs where AVX-512F was detected.
    pub struct Avx512;

    #[target_feature(enable = "avx2,fma")]
    pub fn run_avx2<W: Work>(work: W) -> W::Output {
        work.run::<Avx2>()
    }

    #[target_feature(enable = "avx512f,avx2,fma")]
    pub fn run_avx512<W: Work>(work: W) -> W::Output {
        work.run::<Avx512>()
    }

    /// Four by four numbers, rows and columns exchanged.
    #[inline(always)]
    fn quarter([a, b, c, d]: [__m256d; 4]) -> [__m256d; 4] {
        // SAFETY: as below; only [`Avx2`] calls this
        unsafe {
            let (even, odd) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            let (more_even, more_odd) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
            [
                _mm256_permute2f128_pd::<0x20>(even, more_even),
                _mm256_permute2f128_pd::<0x20>(odd, more_odd),
                _mm256_permute2f128_pd::<0x31>(even, more_even),
                _mm256_permute2f128_pd::<0x31>(odd, more_odd),
            ]
        }
    }

    // SAFETY of all blocks below: the instructions were detected, as the types say; an octet is as large as its
    // registers and more strictly aligned.
    impl Arithmetic for Avx2 {
        type Register = [__m256d; 2];
        #[inline(always)]
        fn load(a: &Octet) -> Self::Register {
            unsafe { std::mem::transmute(*a) }
        }
        #[inline(always)]
        fn store(a: Self::Register) -> Octet {
            unsafe { std::mem::transmute(a) }
        }
        #[inline(always)]
        fn splat(a: f64) -> Self::Register {
            unsafe { [_mm256_set1_pd(a); 2] }
        }
        #[inline(always)]
        fn sum(a: Self::Register, b: Self::Register) -> Self::Register {
            unsafe { [_mm256_add_pd(a[0], b[0]), _mm256_add_pd(a[1], b[1])] }
        }
        #[inline(always)]
        fn product(a: Self::Register, b: Self::Register) -> Self::Register {
            unsafe { [_mm256_mul_pd(a[0], b[0]), _mm256_mul_pd(a[1], b[1])] }
        }
        #[inline(always)]
        fn fused(a: Self::Register, b: Self::Register, c: Self::Register) -> Self::Register {
            unsafe { [_mm256_fmadd_pd(a[0], b[0], c[0]), _mm256_fmadd_pd(a[1], b[1], c[1])] }
        }
        #[inline(always)]
        fn transpose(rows: &[Octet; WIDTH]) -> [Octet; WIDTH] {
            let rows: [Self::Register; WIDTH] = std::array::from_fn(|row| Self::load(&rows[row]));
            let mut columns = [Octet::ZERO; WIDTH];
            for half in 0..2 {
                let top = quarter([rows[0][half], rows[1][half], rows[2][half], rows[3][half]]);
                let bottom = quarter([rows[4][half], rows[5][half], rows[6][half], rows[7][half]]);
                for k in 0..4 {
                    columns[4 * half + k] = Self::store([top[k], bottom[k]]);
                }
            }
            columns
        }
        #[inline(always)]
        fn tiles(c: &mut [&mut [Octet]; 3], a: [&[Octet]; 3], b: &[Octet]) {
            half_tiles::<Self>(c, a, b);
        }
    }

    impl Arithmetic for Avx512 {
        type Register = __m512d;
        #[inline(always)]
        fn load(a: &Octet) -> Self::Register {
            unsafe { std::mem::transmute(*a) }
        }
        #[inline(always)]
        fn store(a: Self::Register) -> Octet {
            unsafe { std::mem::transmute(a) }
        }
        #[inline(always)]
        fn splat(a: f64) -> Self::Register {
            unsafe { _mm512_set1_pd(a) }
        }
        #[inline(always)]
        fn sum(a: Self::Register, b: Self::Register) -> Self::Register {
            unsafe { _mm512_add_pd(a, b) }
        }
        #[inline(always)]
        fn product(a: Self::Register, b: Self::Register) -> Self::Register {
            unsafe { _mm512_mul_pd(a, b) }
        }
        #[inline(always)]
        fn fused(a: Self::Register, b: Self::Register, c: Self::Register) -> Self::Register {
            unsafe { _mm512_fmadd_pd(a, b, c) }
        }
        #[inline(always)]
        fn transpose(rows: &[Octet; WIDTH]) -> [Octet; WIDTH] {
            let rows: [Self::Register; WIDTH] = std::array::from_fn(|row| Self::load(&rows[row]));
            let mut columns = [Octet::ZERO; WIDTH];
            for odd in 0..2 {
                // of two neighbouring rows the even or the odd columns in turn; then every fourth column of four rows
                let mut pairs = [rows[0]; 4];
                for (k, pair) in pairs.iter_mut().enumerate() {
                    let (a, b) = (rows[2 * k], rows[2 * k + 1]);
                    *pair = unsafe { if odd == 0 { _mm512_unpacklo_pd(a, b) } else { _mm512_unpackhi_pd(a, b) } };
                }
                let [a, b, c, d] = pairs;
                let quads = unsafe {
                    [
                        [_mm512_shuffle_f64x2::<0x88>(a, b), _mm512_shuffle_f64x2::<0x88>(c, d)],
                        [_mm512_shuffle_f64x2::<0xdd>(a, b), _mm512_shuffle_f64x2::<0xdd>(c, d)],
                    ]
                };
                for (k, [top, bottom]) in quads.into_iter().enumerate() {
                    columns[2 * k + odd] = Self::store(unsafe { _mm512_shuffle_f64x2::<0x88>(top, bottom) });
                    columns[2 * k + odd + 4] = Self::store(unsafe { _mm512_shuffle_f64x2::<0xdd>(top, bottom) });
                }
            }
            columns
        }
        #[inline(always)]
        fn tiles(c: &mut [&mut [Octet]; 3], a: [&[Octet]; 3], b: &[Octet]) {
            let [c0, c1, c2] = c;
            if c1.is_empty() {
                tile_1::<Self>(c0, a[0], b);
            } else if c2.is_empty() {
                tile_2::<Self>(c0, a[0], c1, a[1], b);
            } else {
                tile_3::<Self>(c0, a[0], c1, a[1], c2, a[2], b);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Transpose([Octet; WIDTH]);

    impl Work for Transpose {
        type Output = [Octet; WIDTH];
        #[inline(always)]
        fn run<A: Arithmetic>(self) -> [Octet; WIDTH] {
            A::transpose(&self.0)
        }
    }

    #[test]
    fn columns_become_rows_on_every_level() {
        let rows: [Octet; WIDTH] = std::array::from_fn(|r| Octet(std::array::from_fn(|c| (10 * r + c) as f64)));
        for level in Level::available() {
            let columns = level.run(Transpose(rows));
            for (r, c) in (0..WIDTH).flat_map(|r| (0..WIDTH).map(move |c| (r, c))) {
                assert_eq!(columns[c].0[r], rows[r].0[c], "{level:?} {r} {c}");
            }
        }
    }
}
