use super::super::function::tests::{ALL1, ALL2};
use super::Function1::*;
use super::Function2::*;
use super::*;
use proptest::prelude::*;

#[test]
fn gradient_of_a_product_rule_chain() {
    // f = x sin(y) + exp(x y)/z, every derivative in closed form
    let mut b = FormulaBuilder::new();
    let (x, y, z) = (b.slot(0), b.slot(1), b.slot(3));
    let sin = b.apply1(Sin, y);
    let left = b.apply2(Mul, x, sin);
    let xy = b.apply2(Mul, x, y);
    let exp = b.apply1(Exp, xy);
    let right = b.apply2(Div, exp, z);
    let sum = b.apply2(Add, left, right);
    let f = b.finish(sum);
    let (xv, yv, zv) = (0.7f64, -1.2f64, 3.1f64);
    let mut grad = [f64::NAN; 4];
    let value = f.gradient(&[xv, yv, 99.0, zv], &mut grad, &mut Tape::default());
    let e = (xv * yv).exp();
    let expected = [yv.sin() + yv * e / zv, xv * yv.cos() + xv * e / zv, 0.0, -e / (zv * zv)];
    assert!((value - (xv * yv.sin() + e / zv)).abs() < 4.0 * f64::EPSILON);
    assert_eq!(value, f.eval(&[xv, yv, 99.0, zv]));
    for (g, e) in grad.iter().zip(expected) {
        assert!((g - e).abs() < 8.0 * f64::EPSILON, "{g} {e}");
    }
    assert_eq!(f.slots().collect::<Vec<_>>(), [0, 1, 3]);
    assert_eq!(f.slot_count(), 4);
}

#[test]
fn constants_fold_and_equal_nodes_are_shared() {
    let mut b = FormulaBuilder::new();
    let (two, three) = (b.constant(2.0), b.constant(3.0));
    let eight = b.apply2(Pow, two, three);
    assert_eq!(b.value_of(eight), Some(8.0));
    let x = b.slot(0);
    let zero = b.constant(0.0);
    assert_eq!(b.apply2(Add, zero, x), x);
    assert_eq!(b.apply1(Exp, x), b.apply1(Exp, x));
    let gone = b.apply2(Mul, x, zero);
    let sum = b.apply2(Add, gone, eight);
    assert_eq!(b.finish(sum).is_constant(), Some(8.0));
    assert_eq!(Formula::constant(4.5).eval(&[]), 4.5);
    assert_eq!(Formula::default().is_constant(), Some(0.0));
}

#[test]
fn selection_takes_value_and_gradient_of_the_taken_branch() {
    // x > 0 ? sqrt(x) : ln(x)/x; also with a NaN in the branch not taken
    let mut b = FormulaBuilder::new();
    let (x, poison, zero) = (b.slot(0), b.slot(1), b.constant(0.0));
    let condition = b.apply2(Gt, x, zero);
    let root = b.apply1(Sqrt, x);
    let bad = b.apply1(Exp, poison);
    let bad = b.apply2(Mul, bad, x);
    let value = b.select(condition, root, bad);
    let f = b.finish(value);
    let mut grad = [0.0; 2];
    assert_eq!(f.gradient(&[4.0, f64::NAN], &mut grad, &mut Tape::default()), 2.0);
    assert_eq!(grad, [0.25, 0.0]);
    assert_eq!(f.gradient(&[-4.0, 0.0], &mut grad, &mut Tape::default()), -4.0);
    assert_eq!(grad, [1.0, -4.0]);
}

#[test]
fn saturation_never_ends_in_nan() {
    // exp(exp(x)) - exp(exp(x) x) at x = 1000
    let mut b = FormulaBuilder::new();
    let x = b.slot(0);
    let e = b.apply1(Exp, x);
    let ee = b.apply1(Exp, e);
    let ex = b.apply2(Mul, e, x);
    let eex = b.apply1(Exp, ex);
    let difference = b.apply2(Sub, ee, eex);
    let f = b.finish(difference);
    let mut grad = [0.0];
    assert!(f.gradient(&[1000.0], &mut grad, &mut Tape::default()).is_finite());
    assert!(grad[0].is_finite());
}

#[test]
fn tables_interpolate_and_hold() {
    let mut b = FormulaBuilder::new();
    let x = b.slot(0);
    let y = b.table(x, vec![(1.0, 10.0), (0.0, 0.0), (1.0, 20.0), (3.0, 30.0)]);
    let f = b.finish(y);
    let mut tape = Tape::default();
    let mut grad = [0.0];
    for (at, value, slope) in
        [(-1.0, 0.0, 0.0), (0.0, 0.0, 10.0), (0.5, 5.0, 10.0), (1.0, 20.0, 5.0), (2.0, 25.0, 5.0), (9.0, 30.0, 0.0)]
    {
        assert_eq!((f.gradient(&[at], &mut grad, &mut tape), grad[0]), (value, slope), "at {at}");
    }
}

#[test]
fn inlining_and_renumbering() {
    // g(a, b) = a - b; h = g(slot 5, g(slot 7, 1))
    let mut b = FormulaBuilder::new();
    let (p, q) = (b.slot(0), b.slot(1));
    let d = b.apply2(Sub, p, q);
    let g = b.finish(d);
    let mut b = FormulaBuilder::new();
    let (five, seven, one) = (b.slot(5), b.slot(7), b.constant(1.0));
    let inner = b.inline(&g, &[seven, one]);
    let outer = b.inline(&g, &[five, inner]);
    let mut h = b.finish(outer);
    assert_eq!(h.eval(&[0.0, 0.0, 0.0, 0.0, 0.0, 4.0, 0.0, 9.0]), -4.0);
    h.remap_slots(|k| k - 5);
    assert_eq!(h.slots().collect::<Vec<_>>(), [0, 2]);
    assert_eq!(h.eval(&[4.0, 0.0, 9.0]), -4.0);
    // two slots into one: x - (x - 1) = 1, not foldable but exact
    h.remap_slots(|_| 0);
    assert_eq!(h.slots().collect::<Vec<_>>(), [0]);
    assert_eq!(h.eval(&[4.0]), 1.0);
}

/// A random tape over slots 0..3: each step applies one of the functions to earlier nodes.
fn random_formula(steps: &[(u8, u32, u32, u32)], one: &[Function1], two: &[Function2]) -> Formula {
    let mut b = FormulaBuilder::new();
    let mut nodes = vec![b.slot(0), b.slot(1), b.slot(2), b.constant(0.75)];
    for &(what, i, j, k) in steps {
        let pick = |index: u32| nodes[index as usize % nodes.len()];
        let (x, y, z) = (pick(i), pick(j), pick(k));
        let node = match what % 8 {
            0..=2 => b.apply1(one[k as usize % one.len()], x),
            3..=5 => b.apply2(two[k as usize % two.len()], x, y),
            6 => b.select(x, y, z),
            _ => b.table(x, vec![(-1.0, 2.0), (0.5, f64::from(j % 7)), (2.0, -1.0)]),
        };
        nodes.push(node);
    }
    b.finish(nodes[nodes.len() - 1])
}

proptest! {
    #[test]
    fn random_gradients_match_differences(
        steps in prop::collection::vec((0u8..6, any::<u32>(), any::<u32>(), any::<u32>()), 1..20),
        at in prop::array::uniform3(-1.5f64..1.5),
    ) {
        // smooth functions; the error of a difference is what halving its step changes, and rounding
        let f = random_formula(&steps, &[Sin, Cos, Tanh, Atan], &[Add, Sub, Hypot]);
        let mut grad = [0.0; 3];
        let value = f.gradient(&at, &mut grad, &mut Tape::default());
        prop_assert_eq!(value, f.eval(&at));
        for k in 0..3 {
            let central = |h: f64| {
                let shifted = |h: f64| {
                    let mut x = at;
                    x[k] += h;
                    f.eval(&x)
                };
                (shifted(h) - shifted(-h)) / (2.0 * h)
            };
            let (coarse, fine) = (central(2e-5), central(1e-5));
            let error = (fine - coarse).abs() + 1e-8 * (1.0 + value.abs() + grad[k].abs());
            prop_assert!((grad[k] - fine).abs() <= error, "slot {}: {} against {} +- {}", k, grad[k], fine, error);
        }
    }

    #[test]
    fn nothing_is_ever_nan(
        steps in prop::collection::vec((any::<u8>(), any::<u32>(), any::<u32>(), any::<u32>()), 1..30),
        at in prop::array::uniform3(prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL),
    ) {
        let f = random_formula(&steps, &ALL1, &ALL2);
        let mut grad = [0.0; 3];
        let value = f.gradient(&at, &mut grad, &mut Tape::default());
        prop_assert!(value.is_finite() && grad.iter().all(|g| !g.is_nan()), "{} {:?}", value, grad);
    }
}
