//! Random functions: a value is a pure function of (seed, run, instance path, place of the call in the text, how often
//! it was evaluated in that instance). It does not depend on threads, on evaluation order or on other instances.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::functions::Random;
use super::scope::Scope;
use crate::diag::Span;

/// The value of one random call.
pub(super) fn draw(scope: &Scope<'_>, random: Random, arguments: &[f64], span: Span) -> f64 {
    let context = scope.context();
    if !context.random {
        return random.nominal(arguments);
    }
    let count = scope.draw(span);
    let mut stream = stream(context.options.seed, context.overrides.run.unwrap_or(0), scope.path(), span, count);
    let z: f64 = stream.sample(StandardNormal);
    let u: f64 = stream.random();
    random.value(arguments, z, u)
}

fn stream(seed: u64, run: u64, path: &str, span: Span, count: u64) -> impl Rng {
    let place = (u64::from(span.source.0) << 32 | u64::from(span.start)).wrapping_add(count << 48);
    let mut key = [0; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, run, fnv1a(path), place]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// The FNV-1a hash: fixed for all time, unlike the standard library's.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
