//! Instances side by side: one per lane, structure of arrays.
//!
//! A device's equations are compiled once more, for vector instructions: a flat loop over the lanes whose body is
//! [`Device::balance`] on dual numbers, with everything inlined, so that the compiler makes every operation one on many
//! instances. They are the operations of [`super::DeviceGroup::load_range`] in the same order, and give the same bits.

use super::{Device, Env};
use crate::numeric::lanes::{LANES, Lane};
use crate::numeric::real::Dual;
use crate::numeric::simd::{Arithmetic, Work};

/// Local results of up to [`LANES`] instances: entry by entry, each entry of all instances.
#[derive(Debug, Clone, Default)]
pub struct LaneLoad {
    /// Rows of f.
    pub f: Vec<Lane>,
    /// Rows of q.
    pub q: Vec<Lane>,
    /// df/dx, row by row.
    pub g: Vec<Lane>,
    /// dq/dx, row by row.
    pub c: Vec<Lane>,
}

impl LaneLoad {
    /// Puts the results of instances of `width` local unknowns, one after the other, side by side.
    pub fn gather(&mut self, width: usize, [f, q, g, c]: [&[f64]; 4]) {
        let each = [(&mut self.f, f, width), (&mut self.q, q, width), (&mut self.g, g, width * width)];
        for (lanes, values, entries) in each.into_iter().chain([(&mut self.c, c, width * width)]) {
            lanes.clear();
            lanes.resize(entries, [0.0; LANES]);
            for (lane, instance) in values.chunks_exact(entries.max(1)).enumerate().take(LANES) {
                for (entry, value) in lanes.iter_mut().zip(instance) {
                    entry[lane] = *value;
                }
            }
        }
    }
}

/// The same with sizes known to the compiler, on `L` lanes.
pub(super) struct LaneBlocks<const N: usize, const L: usize> {
    pub f: [[f64; L]; N],
    pub q: [[f64; L]; N],
    pub g: [[[f64; L]; N]; N],
    pub c: [[[f64; L]; N]; N],
}

impl<const N: usize, const L: usize> LaneBlocks<N, L> {
    /// All zero.
    pub fn new() -> Self {
        let zeros = [[0.0; L]; N];
        Self { f: zeros, q: zeros, g: [zeros; N], c: [zeros; N] }
    }

    /// f + df/dx d, q + dq/dx d in the lanes where d is not zero.
    pub fn continue_linearly(&mut self, d: &[[f64; L]; N]) {
        for row in 0..N {
            for (k, d) in d.iter().enumerate() {
                let (f, q, g, c) = (&mut self.f[row], &mut self.q[row], &self.g[row][k], &self.c[row][k]);
                for lane in 0..L {
                    let moved = d[lane] != 0.0;
                    f[lane] = if moved { f[lane] + g[lane] * d[lane] } else { f[lane] };
                    q[lane] = if moved { q[lane] + c[lane] * d[lane] } else { q[lane] };
                }
            }
        }
    }

    /// Multiplies the first `rows` rows, a factor for each instance.
    pub fn scale(&mut self, rows: usize, factors: &[f64]) {
        for row in 0..rows.min(N) {
            let entries = self.g[row].iter_mut().chain(&mut self.c[row]);
            for entry in entries.chain([&mut self.f[row], &mut self.q[row]]) {
                entry.iter_mut().zip(factors).for_each(|(value, factor)| *value *= factor);
            }
        }
    }

    /// Hands the results on; what is in the lanes beyond `L` is of no use.
    pub fn store(&self, out: &mut LaneLoad) {
        let each = [(&mut out.f, &self.f[..]), (&mut out.q, &self.q[..])];
        let blocks = [(&mut out.g, self.g.as_flattened()), (&mut out.c, self.c.as_flattened())];
        for (lanes, values) in each.into_iter().chain(blocks) {
            lanes.resize(values.len(), [0.0; LANES]);
            lanes.iter_mut().zip(values).for_each(|(lanes, values)| lanes[..L].copy_from_slice(values));
        }
    }

    #[inline(always)]
    fn evaluate<D: Device<N>>(&mut self, lane: usize, device: &D, env: &Env, local: &[[f64; L]; N]) {
        let mut dual: [Dual<N>; N] = [Dual::from(0.0); N];
        for k in 0..N {
            dual[k] = Dual::variable(local[k][lane], k);
        }
        let balance = device.balance(env, &dual);
        for row in 0..N {
            self.f[row][lane] = balance.f[row].v;
            self.q[row][lane] = balance.q[row].v;
            for column in 0..N {
                self.g[row][column][lane] = balance.f[row].d[column];
                self.c[row][column][lane] = balance.q[row].d[column];
            }
        }
    }
}

/// Evaluates as many instances as there are lanes, all with the parameters of one.
pub(super) struct Alike<'a, D, const N: usize, const L: usize> {
    pub device: &'a D,
    pub env: &'a Env,
    pub local: &'a [[f64; L]; N],
    pub out: &'a mut LaneBlocks<N, L>,
}

impl<D: Device<N>, const N: usize, const L: usize> Work for Alike<'_, D, N, L> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { device, env, local, out } = self;
        // copies of their own, which nothing written below can change
        let (device, env) = (device.clone(), *env);
        for lane in 0..L {
            out.evaluate(lane, &device, &env, local);
        }
    }
}

/// Evaluates instances of which each has its own parameters.
pub(super) struct Varied<'a, D, const N: usize, const L: usize> {
    pub devices: &'a [D],
    pub env: &'a Env,
    pub local: &'a [[f64; L]; N],
    pub out: &'a mut LaneBlocks<N, L>,
}

impl<D: Device<N>, const N: usize, const L: usize> Work for Varied<'_, D, N, L> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { devices, env, local, out } = self;
        for (lane, device) in devices.iter().enumerate().take(L) {
            out.evaluate(lane, device, env, local);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{DeviceKind, Load, Mode, ParamValue, ParamValues, REGISTRY};
    use crate::numeric::lanes::FEW;
    use crate::numeric::simd::Level;

    const ENV: Env = Env { time: 0.0, temperature: 300.0, gmin: 1e-12, source_scale: 1.0, mode: Mode::Transient };
    /// A whole chunk and a part of one.
    const COUNT: usize = LANES + 7;

    /// Kinds by keyword, each with a parameter that must be given or that varies.
    const KINDS: [(&str, &str, f64); 14] = [
        ("r", "r", 1e3),
        ("c", "c", 1e-15),
        ("d", "is", 1e-14),
        ("threshold", "vth", 0.55),
        ("sinh_selector", "v0", 0.1),
        ("rectifier", "n", 1.8),
        ("linear_drift", "ron", 100.0),
        ("vteam", "roff", 1e3),
        ("team", "roff", 1e3),
        ("yakopcic", "a1", 0.17),
        ("yakopcic2020", "gmax_p", 9e-5),
        ("cmem", "vp", 0.2),
        ("bulk_drift", "x0", 0.3),
        ("cmem", "bp", 1.5),
    ];

    fn random(k: usize) -> f64 {
        ((k as f64 * 12.9898).sin() * 43_758.545).rem_euclid(1.0)
    }

    fn bits<'a>(values: impl IntoIterator<Item = &'a f64>) -> Vec<u64> {
        values.into_iter().map(|v| v.to_bits()).collect()
    }

    /// Compares one range of a group on one level, evaluated at `at`, with its scalar evaluation.
    fn compare(group: &dyn crate::device::DeviceGroup, level: Level, x: &[f64], at: Option<&[f64]>) {
        let n = group.offset(1);
        for range in [0..LANES, LANES..COUNT, 5..6, 10..10 + FEW, 1..2 + FEW] {
            let (mut one, mut lanes) = (Load::default(), LaneLoad::default());
            group.load_range(&ENV, x, at, range.clone(), &mut one);
            let mut other = Load { f: vec![0.0; one.f.len()], q: vec![0.0; one.q.len()], ..Load::default() };
            group.load_lanes((&ENV, x, at), range.clone(), level, &mut other, &mut lanes);
            let rows = range.start * n..range.end * n;
            assert_eq!(bits(&one.f[rows.clone()]), bits(&other.f[rows.clone()]));
            assert_eq!(bits(&one.q[rows.clone()]), bits(&other.q[rows.clone()]));
            let side_by_side = |lanes: &[Lane], lane: usize| bits(lanes.iter().map(|entry| &entry[lane]));
            for (lane, i) in range.enumerate() {
                let (row, block) = (i * n..(i + 1) * n, lane * n * n..(lane + 1) * n * n);
                assert_eq!(bits(&one.f[row.clone()]), side_by_side(&lanes.f, lane));
                assert_eq!(bits(&one.q[row]), side_by_side(&lanes.q, lane));
                assert_eq!(bits(&one.g[block.clone()]), side_by_side(&lanes.g, lane));
                assert_eq!(bits(&one.c[block]), side_by_side(&lanes.c, lane));
            }
        }
    }

    fn group(kind: &dyn DeviceKind, (name, value): (&str, f64), varied: bool) -> Box<dyn crate::device::DeviceGroup> {
        let mut group = kind.group();
        let n = kind.card().ports.len() + kind.card().internals.len();
        for i in 0..COUNT {
            let value = if varied { value * (1.0 + 0.01 * i as f64) } else { value };
            let mut given = vec![(name.to_string(), ParamValue::Number(value))];
            given.extend((i == 3).then(|| ("m".to_string(), ParamValue::Number(2.0))));
            let params = ParamValues::check(kind.card(), &given).unwrap();
            let locals: Vec<u32> = (0..n).map(|k| (i * n + k) as u32).collect();
            kind.add(group.as_mut(), &locals, &params).unwrap();
        }
        group
    }

    #[test]
    fn lanes_give_the_bits_of_single_instances() {
        for (keyword, name, value) in KINDS {
            let kind = REGISTRY.iter().find(|kind| kind.card().keywords.contains(&keyword)).unwrap();
            for varied in [false, true] {
                let group = group(*kind, (name, value), varied);
                for scale in [0.1, 1.0, 3.0] {
                    let x: Vec<f64> = (0..group.locals().len()).map(|k| scale * (2.0 * random(k) - 0.7)).collect();
                    // every fourth instance is evaluated where it is, the others nearby
                    let n = group.offset(1);
                    let near = |(k, x): (usize, &f64)| if (k / n).is_multiple_of(4) { *x } else { 0.9 * x + 0.01 };
                    let at: Vec<f64> = x.iter().enumerate().map(near).collect();
                    for level in Level::available() {
                        compare(group.as_ref(), level, &x, None);
                        compare(group.as_ref(), level, &x, Some(&at));
                    }
                }
            }
        }
    }
}
