//! The built-in functions of expressions: names, arities, meaning.

use crate::netlist::ast::Dialect;
use crate::numeric::formula::{Function1, Function2};

/// What a built-in function is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Builtin {
    /// One argument.
    One(Function1),
    /// Two arguments.
    Two(Function2),
    /// Two or more, folded from the left.
    Fold(Function2),
    /// `pwr`: unsigned, except in a behavioural source of dialect ngspice.
    Pwr,
    /// `if(c, a, b)`.
    If,
    /// `limit(x, lo, hi)` clamps; `limit(nominal, variation)` is random.
    Limit,
    /// `table(x, x1, y1, ..)`.
    Table,
    /// `ddt(x)`.
    Derivative,
    /// `idt(x [, initial])`.
    Integral,
    /// A random function.
    Random(Random),
}

/// The random functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Random {
    /// `agauss(nominal, absolute [, sigmas [, multiplier]])`.
    AbsoluteGauss,
    /// `gauss(sigma)`, `gauss(nominal, relative [, sigmas [, multiplier]])`.
    RelativeGauss,
    /// `aunif(nominal, absolute)`.
    AbsoluteUniform,
    /// `unif(nominal, relative)`.
    RelativeUniform,
    /// `mc(nominal, tolerance)`.
    Tolerance,
    /// `flat(x)`: uniform in -x..x.
    Flat,
    /// `rand()`, `rand(x)`, `random(x)`: uniform in 0..1.
    Unit,
    /// `limit(nominal, variation)`: one of the two ends.
    TwoPoint,
}

const ONE: &[(&str, Function1)] = &[
    ("abs", Function1::Abs),
    ("fabs", Function1::Abs),
    ("sgn", Function1::Sgn),
    ("sqrt", Function1::Sqrt),
    ("exp", Function1::Exp),
    ("ln", Function1::Ln),
    ("log10", Function1::Log10),
    ("sin", Function1::Sin),
    ("cos", Function1::Cos),
    ("tan", Function1::Tan),
    ("asin", Function1::Asin),
    ("arcsin", Function1::Asin),
    ("acos", Function1::Acos),
    ("arccos", Function1::Acos),
    ("atan", Function1::Atan),
    ("arctan", Function1::Atan),
    ("sinh", Function1::Sinh),
    ("cosh", Function1::Cosh),
    ("tanh", Function1::Tanh),
    ("asinh", Function1::Asinh),
    ("acosh", Function1::Acosh),
    ("atanh", Function1::Atanh),
    ("floor", Function1::Floor),
    ("ceil", Function1::Ceil),
    ("int", Function1::Int),
    ("trunc", Function1::Int),
    ("nint", Function1::Nint),
    ("round", Function1::Nint),
    ("buf", Function1::Buf),
    ("inv", Function1::Inv),
    ("not", Function1::Not),
    ("uramp", Function1::Uramp),
    ("square", Function1::Square),
];

const TWO: &[(&str, Function2)] = &[
    ("atan2", Function2::Atan2),
    ("hypot", Function2::Hypot),
    ("pow", Function2::Pow),
    ("pwrs", Function2::Pwrs),
    ("fmod", Function2::Rem),
    ("mod", Function2::Rem),
    ("sign", Function2::Sign),
    ("xor", Function2::Xor),
];

const OTHER: &[(&str, Builtin)] = &[
    ("min", Builtin::Fold(Function2::Min)),
    ("max", Builtin::Fold(Function2::Max)),
    ("pwr", Builtin::Pwr),
    ("if", Builtin::If),
    ("iff", Builtin::If),
    ("ternary_fcn", Builtin::If),
    ("limit", Builtin::Limit),
    ("table", Builtin::Table),
    ("tbl", Builtin::Table),
    ("pwl", Builtin::Table),
    ("ddt", Builtin::Derivative),
    ("idt", Builtin::Integral),
    ("sdt", Builtin::Integral),
    ("agauss", Builtin::Random(Random::AbsoluteGauss)),
    ("gauss", Builtin::Random(Random::RelativeGauss)),
    ("aunif", Builtin::Random(Random::AbsoluteUniform)),
    ("unif", Builtin::Random(Random::RelativeUniform)),
    ("mc", Builtin::Random(Random::Tolerance)),
    ("flat", Builtin::Random(Random::Flat)),
    ("rand", Builtin::Random(Random::Unit)),
    ("random", Builtin::Random(Random::Unit)),
];

/// All names, for suggestions.
pub fn names() -> impl Iterator<Item = &'static str> {
    let one = ONE.iter().map(|(n, _)| *n);
    let two = TWO.iter().map(|(n, _)| *n);
    one.chain(two).chain(OTHER.iter().map(|(n, _)| *n)).chain(["log", "u", "stp"])
}

/// May the function of that name draw a random number?
#[must_use]
pub fn is_random(name: &str, dialect: Dialect) -> bool {
    matches!(find(name, dialect), Some(Builtin::Random(_) | Builtin::Limit))
}

/// The built-in function of that name; `log`, `u` and `stp` depend on the dialect.
#[must_use]
pub fn find(name: &str, dialect: Dialect) -> Option<Builtin> {
    match (name, dialect) {
        ("log", Dialect::Xyce) => return Some(Builtin::One(Function1::Log10)),
        ("log", _) => return Some(Builtin::One(Function1::Ln)),
        ("u" | "stp", Dialect::Ngspice) => return Some(Builtin::One(Function1::StepHalf)),
        ("u" | "stp", _) => return Some(Builtin::One(Function1::Step)),
        _ => {}
    }
    let other = OTHER.iter().find(|(n, _)| *n == name).map(|(_, b)| *b);
    let two = || TWO.iter().find(|(n, _)| *n == name).map(|(_, f)| Builtin::Two(*f));
    let one = || ONE.iter().find(|(n, _)| *n == name).map(|(_, f)| Builtin::One(*f));
    other.or_else(two).or_else(one)
}

impl Builtin {
    /// Fewest and most arguments.
    #[must_use]
    pub fn arity(self) -> (usize, usize) {
        match self {
            Builtin::One(_) | Builtin::Derivative => (1, 1),
            Builtin::Two(_) | Builtin::Pwr => (2, 2),
            Builtin::Fold(_) => (2, usize::MAX),
            Builtin::If => (3, 3),
            Builtin::Limit => (2, 3),
            Builtin::Table => (3, usize::MAX),
            Builtin::Integral => (1, 2),
            Builtin::Random(random) => random.arity(),
        }
    }
}

impl Random {
    fn arity(self) -> (usize, usize) {
        match self {
            Random::AbsoluteGauss => (2, 4),
            Random::RelativeGauss => (1, 4),
            Random::AbsoluteUniform | Random::RelativeUniform => (2, 3),
            Random::Tolerance | Random::TwoPoint => (2, 2),
            Random::Flat => (1, 1),
            Random::Unit => (0, 1),
        }
    }

    /// The value when nothing is varied: the centre of the distribution.
    #[must_use]
    pub fn nominal(self, arguments: &[f64]) -> f64 {
        match (self, arguments) {
            (Random::Unit, _) => 0.5,
            (Random::Flat, _) | (Random::RelativeGauss, [_]) => 0.0,
            (_, [nominal, ..]) => *nominal,
            (_, []) => 0.0,
        }
    }

    /// The value for a standard normal deviate `z` and a uniform deviate `u` in 0..1.
    #[must_use]
    pub fn value(self, arguments: &[f64], z: f64, u: f64) -> f64 {
        let argument = |k: usize| arguments.get(k).copied();
        let nominal = argument(0).unwrap_or(0.0);
        let spread = argument(1).unwrap_or(0.0);
        let sigmas = argument(2).filter(|n| *n != 0.0).unwrap_or(1.0);
        let symmetric = 2.0 * u - 1.0;
        match (self, arguments.len()) {
            (Random::RelativeGauss, 1) => nominal * z,
            (Random::RelativeGauss, _) => nominal * (1.0 + spread / sigmas * z),
            (Random::AbsoluteGauss, _) => nominal + spread / sigmas * z,
            (Random::AbsoluteUniform, _) => nominal + spread * symmetric,
            (Random::RelativeUniform | Random::Tolerance, _) => nominal * (1.0 + spread * symmetric),
            (Random::Flat, _) => nominal * symmetric,
            (Random::Unit, _) => u,
            (Random::TwoPoint, _) => nominal + if symmetric < 0.0 { -spread } else { spread },
        }
    }
}
