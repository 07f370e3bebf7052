//! Random functions: a value is a pure function of (seed, run, instance path, place of the call in the text, how often
//! it was evaluated in that instance). It does not depend on threads, on evaluation order or on other instances.

use super::functions::Random;
use super::scope::Scope;
use crate::diag::Span;
use crate::numeric::rng::Stream;

/// The value of one random call.
pub(super) fn draw(scope: &Scope<'_>, random: Random, arguments: &[f64], span: Span) -> f64 {
    let context = scope.context();
    if !context.random {
        return random.nominal(arguments);
    }
    let count = scope.draw(span);
    let path = format!("{}@{}:{}:{count}", scope.path(), span.source.0, span.start);
    let mut stream = Stream::new(context.options.seed, context.overrides.run.unwrap_or(0), &path);
    let z = stream.normal();
    let u = stream.uniform();
    random.value(arguments, z, u)
}

/// A number in [0, 1) for a thing of that path: the same in every build of the same run and seed.
pub(super) fn uniform(scope: &Scope<'_>, path: &str, span: Span) -> f64 {
    let context = scope.context();
    let path = format!("{path}@{}:{}", span.source.0, span.start);
    Stream::new(context.options.seed, context.overrides.run.unwrap_or(0), &path).uniform()
}
