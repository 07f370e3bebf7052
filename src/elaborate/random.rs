//! Random functions: a value is a pure function of (seed, run, instance path, place of the call in the text, how often
//! it was evaluated in that instance). It does not depend on threads, on evaluation order or on other instances.
//! Sobol points alone number their quantities in the order of evaluation, which is that of the deck.

use super::functions::Random;
use super::scope::Scope;
use crate::diag::Span;
use crate::numeric::rng::Stream;
use crate::numeric::sampling::{Sampling, normal_quantile};

/// The value of one random call.
pub(super) fn draw(scope: &Scope<'_>, random: Random, arguments: &[f64], span: Span) -> f64 {
    let context = scope.context();
    if !context.random {
        return random.nominal(arguments);
    }
    let count = scope.draw(span);
    let path = format!("{}@{}:{}:{count}", scope.path(), span.source.0, span.start);
    let run = context.overrides.run.unwrap_or(0);
    let (z, u) = match context.sampling {
        Sampling::Independent => {
            let mut stream = Stream::new(context.options.seed, run, &path);
            (stream.normal(), stream.uniform())
        }
        spread => {
            let u = spread.uniform(context.options.seed, run, context.quantity(&path));
            (normal_quantile(u), u)
        }
    };
    random.value(arguments, z, u)
}

/// A number in [0, 1) for a thing of that path: the same in every build of the same run and seed.
pub(super) fn uniform(scope: &Scope<'_>, path: &str, span: Span) -> f64 {
    let context = scope.context();
    let path = format!("{path}@{}:{}", span.source.0, span.start);
    context.sampling.uniform(context.options.seed, context.overrides.run.unwrap_or(0), context.quantity(&path))
}
