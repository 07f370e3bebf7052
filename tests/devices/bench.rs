//! One device on the bench: random parameters and points, implicit integration of its states.

use sneakpath::device::waveform::Waveform;
use sneakpath::device::{Card, Env, Mode, Param, ParamKind, ParamValue, ParamValues, StateLaw};
use sneakpath::device::{DeviceGroup, DeviceKind, Load};

pub const ENV: Env = Env { time: 1e-6, temperature: 310.0, gmin: 1e-12, source_scale: 1.0, mode: Mode::Transient };

/// SplitMix64 (Steele, Lea, Flood 2014): small, seeded, the same everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }
}

pub use super::circuits::{kind, numbers};

/// The least that must be given, plus a value for what the element line always gives.
pub fn least(card: &Card) -> Vec<(String, ParamValue)> {
    let needed = card.params.iter().filter(|p| (p.kind == ParamKind::Number && p.default.is_none()) || p.name == "r");
    needed.map(|p| (p.name.to_string(), ParamValue::Number(0.75))).collect()
}

/// A value of `param` within half a decade of its default and within its range.
fn random_value(param: &Param, random: &mut Random) -> Option<ParamValue> {
    match param.kind {
        ParamKind::Word(words) => {
            let k = (random.unit() * words.len() as f64) as usize;
            Some(ParamValue::Word(words[k].to_string()))
        }
        ParamKind::Wave => Some(ParamValue::Wave(
            Waveform::Sin {
                offset: 0.1,
                amplitude: 1.0,
                frequency: 1e5,
                delay: 0.0,
                theta: 0.0,
                phase: 30.0,
                cycles: 0.0,
            }
            .into(),
        )),
        ParamKind::Number => {
            let default = param.default.unwrap_or(0.75);
            if param.default.is_some() && random.unit() < 0.4 {
                return None;
            }
            let value = if default == 0.0 {
                let top = if param.high.is_finite() { param.high.min(2.0) } else { 0.8 };
                let low = if param.low.is_finite() { param.low.max(-0.8) } else { -0.8 };
                random.between(low, top)
            } else {
                (default * 10f64.powf(random.between(-0.5, 0.5))).clamp(param.low, param.high)
            };
            Some(ParamValue::Number(value))
        }
    }
}

/// Random parameters that the device accepts; `None` when it found them contradictory.
pub fn random_params(card: &Card, random: &mut Random) -> Option<ParamValues> {
    let chosen: Vec<(String, ParamValue)> =
        card.params.iter().filter_map(|p| random_value(p, random).map(|v| (p.name.to_string(), v))).collect();
    let mut given = least(card);
    given.retain(|(name, _)| chosen.iter().all(|(n, _)| n != name));
    given.extend(chosen);
    Some(ParamValues::check(card, &given).unwrap_or_else(|e| panic!("{}: {e:?}", card.keywords[0])))
}

/// A group with one instance on unknowns 0, 1, 2, ...
pub fn single(kind: &dyn DeviceKind, params: &ParamValues) -> Option<Box<dyn DeviceGroup>> {
    let n = kind.card().ports.len() + kind.card().internals.len();
    let mut group = kind.group();
    let locals: Vec<u32> = (0..n as u32).collect();
    kind.add(group.as_mut(), &locals, params).ok()?;
    Some(group)
}

/// A two-terminal device with given parameters.
pub fn device(keyword: &str, given: &[(String, ParamValue)]) -> Box<dyn DeviceGroup> {
    let kind = kind(keyword);
    let params = ParamValues::check(kind.card(), given).unwrap_or_else(|e| panic!("{keyword}: {e:?}"));
    single(kind, &params).unwrap_or_else(|| panic!("{keyword} refused its parameters"))
}

pub fn load(group: &dyn DeviceGroup, env: &Env, x: &[f64]) -> Load {
    let mut out = Load::default();
    group.load(env, x, &mut out);
    out
}

/// Solves for the internal unknowns of a device with its ports held: F + (q - q_before)/h = 0, or F = 0 for h = inf
/// with memory held. Newton on the dense block with the device's own limiting. False when it does not converge.
pub fn solve_internals(group: &dyn DeviceGroup, env: &Env, x: &mut [f64], q_before: &[f64], h: f64) -> bool {
    if group.card().internals.is_empty() {
        return true;
    }
    let ports = group.card().ports.len();
    let (n, size) = (x.len(), x.len() - ports);
    let free: Vec<bool> = group.card().internals.iter().map(|i| h.is_finite() || i.law != StateLaw::Memory).collect();
    for _ in 0..2000 {
        let now = load(group, env, x);
        let mut a = vec![vec![0.0; size + 1]; size];
        for r in 0..size {
            let row = ports + r;
            if !free[r] {
                a[r][r] = 1.0;
                continue;
            }
            for c in 0..size {
                a[r][c] = now.g[row * n + ports + c] + now.c[row * n + ports + c] / h;
            }
            a[r][size] = -(now.f[row] + (now.q[row] - q_before[row]) / h);
        }
        let Some(step) = eliminate(a) else { return false };
        let old = x.to_vec();
        for (k, d) in step.iter().enumerate() {
            x[ports + k] += d;
        }
        let mut at = old.clone();
        let limited = group.limits() && group.limit(env, x, &mut at);
        if limited {
            x[ports..].copy_from_slice(&at[ports..]);
        }
        let moved = (ports..n).map(|k| (x[k] - old[k]).abs()).fold(0.0, f64::max);
        if moved.is_nan() {
            return false;
        }
        if !limited && moved <= 1e-12 {
            return true;
        }
    }
    false
}

/// Gaussian elimination with row pivoting of an augmented matrix.
fn eliminate(mut a: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let n = a.len();
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| a[i][k].abs().total_cmp(&a[j][k].abs()))?;
        a.swap(k, pivot);
        if a[k][k] == 0.0 {
            return None;
        }
        for i in 0..n {
            if i != k {
                let factor = a[i][k] / a[k][k];
                for j in k..=n {
                    a[i][j] -= factor * a[k][j];
                }
            }
        }
    }
    Some((0..n).map(|k| a[k][n] / a[k][k]).collect())
}

/// Start values of the internal unknowns.
pub fn start(group: &dyn DeviceGroup) -> Vec<f64> {
    let mut x = vec![0.0; group.locals().len()];
    group.start(&mut x, false);
    x
}

/// Implicit Euler of a two-terminal device driven by v(t) in `steps` equal steps; the solution after every step.
pub fn integrate(group: &dyn DeviceGroup, v: &dyn Fn(f64) -> f64, stop: f64, steps: usize) -> Vec<Vec<f64>> {
    let h = stop / steps as f64;
    let mut env = Env { time: 0.0, temperature: 300.15, ..ENV };
    let mut x = start(group);
    x[0] = v(0.0);
    let q = load(group, &env, &x).q;
    assert!(solve_internals(group, &env, &mut x, &q, f64::INFINITY), "{} at t = 0", group.card().keywords[0]);
    let mut all = vec![x.clone()];
    for k in 1..=steps {
        let q = load(group, &env, &x).q;
        env.time = k as f64 * h;
        x[0] = v(env.time);
        assert!(solve_internals(group, &env, &mut x, &q, h), "{} at t = {}", group.card().keywords[0], env.time);
        all.push(x.clone());
    }
    all
}
