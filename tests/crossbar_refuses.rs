//! What the array kernel is given and refuses: every mistake is named, and none is a panic or an answer.

use sneakpath::crossbar::{
    Bundles, Field, Frontal, FrontalLu, LinePcg, Lines, Misfit, Network, Of, Port, Side, Transfer, Trouble, Wire,
    transfer,
};

const ROWS: usize = 11;
const COLS: usize = 9;
const CELLS: usize = ROWS * COLS;
const NOTHING: [f64; 3] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

/// A driven array with everything in it that may be wrong.
fn network() -> Network {
    let lines = |count: usize| Lines {
        wire: Wire::Each(vec![0.4; CELLS]),
        head: vec![0.4; count],
        tail: vec![1e-3; count],
        leak: Some(vec![1e-9; CELLS]),
    };
    Network { rows: ROWS, cols: COLS, word: lines(ROWS), bit: lines(COLS), cells: vec![1e-5; CELLS] }
}

fn vectors() -> [Vec<f64>; 2] {
    [vec![1e-6; CELLS], vec![-2e-6; CELLS]]
}

/// Every list of numbers of a network, by the field that names it.
fn lists(network: &mut Network) -> Vec<(Field, &mut Vec<f64>)> {
    let mut all = vec![(Field::Cells, &mut network.cells)];
    for (side, lines) in [(Side::Word, &mut network.word), (Side::Bit, &mut network.bit)] {
        if let Wire::Each(each) = &mut lines.wire {
            all.push((Field::Wires(Of::Side(side)), each));
        }
        all.push((Field::Heads(side), &mut lines.head));
        all.push((Field::Tails(side), &mut lines.tail));
        all.extend(lines.leak.as_mut().map(|leak| (Field::Leaks(Of::Side(side)), leak)));
    }
    all
}

fn misfit<T: std::fmt::Debug>(outcome: Result<T, Trouble>) -> Misfit {
    match outcome {
        Err(Trouble::Misfit(misfit)) => misfit,
        other => panic!("{other:?}"),
    }
}

/// What everything that takes a network says to this one; LU with cells of its own that are right.
fn refusals(network: &Network) -> Vec<Misfit> {
    let cells = vec![1e-5; CELLS];
    let line = LinePcg::new(network).map_err(Trouble::from).and_then(|mut solver| solver.factor(network));
    let mut made = LinePcg::new(&self::network()).expect("an array");
    let mut symmetric = Frontal::analyse(ROWS, COLS).expect("an array");
    let mut unsymmetric = FrontalLu::analyse(ROWS, COLS).expect("an array");
    let mut refusals = vec![misfit(line), misfit(symmetric.factor(network)), misfit(transfer(network, &[], &[]))];
    refusals.push(network.check().expect_err("no array"));
    if network.cells.iter().all(|g| g.is_finite()) {
        refusals.push(misfit(unsymmetric.factor(network, [&cells; 4])));
        let [b, mut x] = [vectors(), vectors()];
        let [xw, xb] = &mut x;
        // nothing was factored, or the last factorization failed: nothing is solved
        let solved = unsymmetric.solve([&b[0], &b[1]], [xw, xb]);
        assert_eq!(solved, Err(Trouble::Unfactored));
    }
    // wires are read once, so that only lengths can be found wrong later
    if let Err(Trouble::Misfit(later)) = made.factor(network) {
        refusals.push(later);
    }
    refusals
}

#[test]
fn the_array_that_is_broken_below_is_one_before() {
    let network = network();
    network.check().expect("an array");
    let [b, mut x] = [vectors(), vectors()];
    let mut line = LinePcg::new(&network).expect("an array");
    line.factor(&network).expect("positive lines");
    let [xw, xb] = &mut x;
    line.solve(&network, [&b[0], &b[1]], [xw, xb], 1e-12, 100).expect("convergence");
    let mut direct = Frontal::analyse(ROWS, COLS).expect("an array");
    direct.factor(&network).expect("tied lines");
    let mut y = vectors();
    let [yw, yb] = &mut y;
    direct.solve([&b[0], &b[1]], [yw, yb]).expect("a solution");
    let scale = y.iter().flatten().fold(0.0f64, |a, v| a.max(v.abs()));
    for (x, y) in x.iter().flatten().zip(y.iter().flatten()) {
        assert!((x - y).abs() < 1e-10 * scale, "{x} {y}");
    }
}

#[test]
fn a_list_of_the_wrong_length_is_named_with_both_lengths() {
    for which in 0..lists(&mut network()).len() {
        for change in [-1_isize, 1] {
            let mut network = network();
            let (field, list) = lists(&mut network).swap_remove(which);
            let expected = list.len();
            let found = expected.saturating_add_signed(change);
            list.resize(found, 1e-3);
            for refusal in refusals(&network) {
                assert_eq!(refusal, Misfit::Length { field, expected, found });
            }
        }
    }
}

#[test]
fn a_number_that_is_none_is_named_with_its_place() {
    for which in 0..lists(&mut network()).len() {
        for bad in NOTHING {
            for share in [0.0, 0.4] {
                let mut network = network();
                let (field, list) = lists(&mut network).swap_remove(which);
                let at = (share * list.len() as f64) as usize;
                list[at] = bad;
                for refusal in refusals(&network) {
                    let Misfit::Value { field: told, index, value } = refusal else { panic!("{refusal}") };
                    assert_eq!((told, index, value.to_bits()), (field, at, bad.to_bits()));
                }
            }
        }
    }
}

#[test]
fn segments_may_be_broken_but_not_negative_and_none_follows_the_last_node() {
    for side in [Side::Word, Side::Bit] {
        let change = |at: usize, value: f64| {
            let mut network = network();
            let lines = if side == Side::Word { &mut network.word } else { &mut network.bit };
            let Wire::Each(each) = &mut lines.wire else { panic!("one by one") };
            each[at] = value;
            network
        };
        change(3, 0.0).check().expect("a broken segment");
        let field = Field::Wires(Of::Side(side));
        for refusal in refusals(&change(3, -0.4)) {
            assert_eq!(refusal, Misfit::Value { field, index: 3, value: -0.4 });
        }
        // behind the last node of word line 4, or of bit line 4
        let last = if side == Side::Word { 4 * COLS + COLS - 1 } else { CELLS - COLS + 4 };
        let solve = |network: &Network| {
            let [b, mut x, mut y] = [(); 3].map(|()| vectors());
            let mut line = LinePcg::new(network).expect("an array");
            line.factor(network).expect("positive lines");
            let [xw, xb] = &mut x;
            line.solve(network, [&b[0], &b[1]], [xw, xb], 1e-12, 100).expect("convergence");
            let mut direct = Frontal::analyse(ROWS, COLS).expect("an array");
            direct.factor(network).expect("tied lines");
            let [yw, yb] = &mut y;
            direct.solve([&b[0], &b[1]], [yw, yb]).expect("a solution");
            [x, y]
        };
        let unread = change(last, f64::NAN);
        unread.check().expect("an array");
        assert_eq!(solve(&unread), solve(&network()));
    }
    for bad in NOTHING.into_iter().chain([-1.0]) {
        let mut network = network();
        network.bit.wire = Wire::Uniform(bad);
        for refusal in refusals(&network) {
            let Misfit::Value { field, index: 0, .. } = refusal else { panic!("{refusal}") };
            assert_eq!(field, Field::Wires(Of::Side(Side::Bit)));
        }
    }
}

#[test]
fn arrays_without_cells_or_with_more_than_can_be_are_refused_before_any_work() {
    for (rows, cols) in [(0, 5), (5, 0), (0, 0)] {
        let network =
            Network { rows, cols, word: Lines::uniform(1.0, rows), bit: Lines::uniform(1.0, cols), cells: Vec::new() };
        let empty = Misfit::Empty { rows, cols };
        assert_eq!(network.check(), Err(empty));
        assert_eq!(LinePcg::new(&network).err(), Some(empty));
        assert_eq!(Frontal::analyse(rows, cols).err(), Some(empty));
        assert_eq!(Frontal::memory(rows, cols), Err(empty));
        assert_eq!(transfer(&network, &[], &[]), Err(empty.into()));
        assert_eq!(Bundles::new(rows, cols, vec![Wire::Uniform(1.0)], vec![]).err(), Some(empty));
        assert_eq!(network.residual([&[], &[]], [&[], &[]], [&mut [], &mut []]), Err(empty));
    }
    // too many to be multiplied, to be numbered, and to be stored anywhere
    for side in [usize::MAX, 1 << 32, 1 << 24] {
        let memory = Misfit::Memory { rows: side, cols: side };
        let few = Lines::uniform(1.0, 1);
        let network = Network { rows: side, cols: side, word: few.clone(), bit: few, cells: Vec::new() };
        assert!(network.check().is_err() && LinePcg::new(&network).is_err());
        assert_eq!(Frontal::analyse(side, side).err(), Some(memory));
        assert_eq!(FrontalLu::analyse(side, side).err(), Some(memory));
        assert_eq!(Frontal::memory(side, side), Err(memory));
        assert_eq!(Bundles::new(side, side, vec![Wire::Uniform(1.0)], vec![]).err(), Some(memory));
    }
    let network = network();
    assert_eq!((network.word_segment(usize::MAX, usize::MAX), network.bit_segment(0, COLS)), (0.0, 0.0));
    assert_eq!((network.word_leak(ROWS, 0), network.bit_leak(0, usize::MAX)), (0.0, 0.0));
}

#[test]
fn a_solver_of_another_shape_refuses() {
    let mut network = network();
    let mut line = LinePcg::new(&network).expect("an array");
    line.factor(&network).expect("positive lines");
    let mut direct = Frontal::analyse(ROWS, COLS).expect("an array");
    direct.factor(&network).expect("tied lines");
    // as many cells, another shape
    (network.rows, network.cols) = (COLS, ROWS);
    std::mem::swap(&mut network.word, &mut network.bit);
    let shape = Misfit::Shape { expected: (ROWS, COLS), found: (COLS, ROWS) };
    let [b, mut x] = [vectors(), vectors()];
    let [xw, xb] = &mut x;
    assert_eq!(misfit(line.solve(&network, [&b[0], &b[1]], [xw, xb], 1e-12, 100)), shape);
    assert_eq!(misfit(line.factor(&network)), shape);
    assert_eq!(misfit(direct.solve_checked(&network, [&b[0], &b[1]], [xw, xb])), shape);
    assert_eq!(misfit(direct.factor(&network)), shape);
    let cells = vec![1e-5; CELLS];
    assert_eq!(misfit(FrontalLu::analyse(ROWS, COLS).expect("an array").factor(&network, [&cells; 4])), shape);
}

/// Every way to solve, with these vectors.
fn solved(b: &[Vec<f64>; 2], x: &mut [Vec<f64>; 2]) -> Vec<Result<(), Trouble>> {
    let network = network();
    let mut line = LinePcg::new(&network).expect("an array");
    line.factor(&network).expect("positive lines");
    let mut direct = Frontal::analyse(ROWS, COLS).expect("an array");
    direct.factor(&network).expect("tied lines");
    let mut lu = FrontalLu::analyse(ROWS, COLS).expect("an array");
    lu.factor(&network, [&network.cells; 4]).expect("tied lines");
    let b = [b[0].as_slice(), &b[1]];
    let mut outcomes = Vec::new();
    let mut record = |outcome: Result<(), Trouble>| outcomes.push(outcome);
    let [xw, xb] = x;
    record(line.solve(&network, b, [xw, xb], 1e-12, 100).map(|_| ()));
    record(line.solve_each_line(&network, b, [xw, xb], 1e-12, 100).map(|_| ()));
    record(direct.solve(b, [xw, xb]));
    record(direct.solve_adjoint(b, [xw, xb]));
    record(direct.solve_many(b, [xw, xb]));
    record(direct.solve_checked(&network, b, [xw, xb]).map(|_| ()));
    record(lu.solve(b, [xw, xb]));
    record(lu.solve_many_adjoint(b, [xw, xb]));
    let mut own = b.map(<[f64]>::to_vec);
    let [xw, xb] = &mut own;
    record(line.solve_in_place(&network, [xw, xb], 1e-12, 100).map(|_| ()));
    outcomes
}

#[test]
fn vectors_of_the_wrong_length_are_refused_by_every_solve() {
    for side in [Side::Word, Side::Bit] {
        for found in [0, CELLS - 1, CELLS + 1] {
            let mut b = vectors();
            b[usize::from(side == Side::Bit)].resize(found, 0.0);
            for outcome in solved(&b, &mut vectors()) {
                let Misfit::Length { field, .. } = misfit(outcome) else { panic!("{outcome:?}") };
                // of many right-hand sides none is as good a number as one
                assert!(matches!(field, Field::RightHandSide(_) | Field::Unknowns(_)), "{field}");
            }
            let mut x = vectors();
            x[usize::from(side == Side::Bit)].resize(found, 0.0);
            let mut outcomes = solved(&vectors(), &mut x);
            assert_eq!(outcomes.pop(), Some(Ok(())), "in place there are no others");
            let field = Field::Unknowns(Of::Side(side));
            for outcome in outcomes {
                assert_eq!(misfit(outcome), Misfit::Length { field, expected: CELLS, found });
            }
        }
    }
    let (network, mut r) = (network(), vectors());
    let [b, mut x] = [vectors(), vectors()];
    x[1].pop();
    let [rw, rb] = &mut r;
    let field = Field::Unknowns(Of::Side(Side::Bit));
    let short = Misfit::Length { field, expected: CELLS, found: CELLS - 1 };
    assert_eq!(network.residual([&b[0], &b[1]], [&x[0], &x[1]], [rw, rb]), Err(short));
    rw.pop();
    let field = Field::Residual(Of::Side(Side::Word));
    let short = Misfit::Length { field, expected: CELLS, found: CELLS - 1 };
    assert_eq!(network.magnitude([&b[0], &b[1]], [&b[0], &b[1]], [rw, rb]), Err(short));
    // many at a time, but not a whole number of them
    let mut direct = Frontal::analyse(ROWS, COLS).expect("an array");
    direct.factor(&network).expect("tied lines");
    let (part, mut xw, mut xb) = (vec![0.0; 3 * CELLS - 1], vec![0.0; 3 * CELLS - 1], vec![0.0; 3 * CELLS - 1]);
    let Misfit::Length { expected, .. } = misfit(direct.solve_many([&part, &part], [&mut xw, &mut xb])) else {
        panic!("a length")
    };
    assert_eq!(expected, 3 * CELLS);
}

#[test]
fn a_right_hand_side_that_is_no_number_never_has_a_solution() {
    for bad in NOTHING {
        for side in [Side::Word, Side::Bit] {
            for at in [0, 37, CELLS - 1] {
                let mut b = vectors();
                b[usize::from(side == Side::Bit)][at] = bad;
                for outcome in solved(&b, &mut vectors()) {
                    let Misfit::Value { field, index, value } = misfit(outcome) else { panic!("{outcome:?}") };
                    let told = (field, index, value.to_bits());
                    assert_eq!(told, (Field::RightHandSide(Of::Side(side)), at, bad.to_bits()));
                    assert!(outcome.is_err_and(|trouble| trouble.is_overflow()));
                }
            }
        }
    }
    // numbers, but their squares are none; the direct solver forms no squares
    let b = vectors().map(|b| b.iter().map(|b| 1e170 * b).collect::<Vec<_>>());
    let outcomes = solved(&b, &mut vectors());
    assert_eq!(outcomes[0], Err(Trouble::Overflow));
    assert_eq!(outcomes[2], Ok(()));
    // a voltage of 1e-6 A over a few 1e-3 S beyond everything
    let b = vectors().map(|b| b.iter().map(|b| 1e308 * b.signum()).collect::<Vec<_>>());
    assert!(solved(&b, &mut vectors()).into_iter().all(|outcome| outcome == Err(Trouble::Overflow)));
}

#[test]
fn a_guess_that_is_no_number_is_named() {
    let network = network();
    let mut line = LinePcg::new(&network).expect("an array");
    line.factor(&network).expect("positive lines");
    for bad in NOTHING {
        let [b, mut x] = [vectors(), vectors()];
        x[1][50] = bad;
        let [xw, xb] = &mut x;
        let refused = misfit(line.solve(&network, [&b[0], &b[1]], [xw, xb], 1e-12, 100));
        let Misfit::Value { field: Field::Unknowns(Of::Side(Side::Bit)), index: 50, .. } = refused else {
            panic!("{refused}")
        };
    }
}

#[test]
fn tolerances_that_nothing_meets_end_at_the_limit() {
    let network = network();
    let mut line = LinePcg::new(&network).expect("an array");
    line.factor(&network).expect("positive lines");
    for (tolerance, limit) in [(f64::NAN, 3), (-1.0, 3), (1e-12, 0)] {
        let [b, mut x] = [vectors(), vectors()];
        let [xw, xb] = &mut x;
        let outcome = line.solve(&network, [&b[0], &b[1]], [xw, xb], tolerance, limit);
        assert!(matches!(outcome, Err(Trouble::Limit { iterations, .. }) if iterations == limit), "{outcome:?}");
    }
}

#[test]
fn nothing_is_solved_without_a_factorization_that_succeeded() {
    let mut network = network();
    let [b, mut x] = [vectors(), vectors()];
    let [xw, xb] = &mut x;
    let mut line = LinePcg::new(&network).expect("an array");
    assert_eq!(line.solve(&network, [&b[0], &b[1]], [xw, xb], 1e-12, 9), Err(Trouble::Unfactored));
    let mut direct = Frontal::analyse(ROWS, COLS).expect("an array");
    assert_eq!(direct.solve([&b[0], &b[1]], [xw, xb]), Err(Trouble::Unfactored));
    assert_eq!(direct.solve_many([&b[0], &b[1]], [xw, xb]), Err(Trouble::Unfactored));
    assert_eq!(
        direct.transfer(&Port::word_heads(&network), &[]),
        Ok(Transfer { inputs: ROWS, outputs: 0, gains: vec![] })
    );
    assert_eq!(direct.transfer(&Port::word_heads(&network), &Port::bit_tails(&network)), Err(Trouble::Unfactored));
    for _ in 0..2 {
        line.factor(&network).expect("positive lines");
        direct.factor(&network).expect("tied lines");
        let good = network.cells[30];
        network.cells[30] = f64::NAN;
        assert!(line.factor(&network).is_err() && direct.factor(&network).is_err());
        assert_eq!(line.solve(&network, [&b[0], &b[1]], [xw, xb], 1e-12, 9), Err(Trouble::Unfactored));
        assert_eq!(direct.solve([&b[0], &b[1]], [xw, xb]), Err(Trouble::Unfactored));
        network.cells[30] = good;
    }
    line.factor(&network).expect("positive lines");
    line.solve(&network, [&b[0], &b[1]], [xw, xb], 1e-12, 99).expect("convergence");
}

#[test]
fn ports_belong_to_the_array_and_conduct() {
    let network = network();
    let (mut inputs, outputs) = (Port::word_heads(&network), Port::bit_tails(&network));
    inputs[2].conductance = f64::NAN;
    let Misfit::Value { field: Field::Ports, index: 2, .. } = misfit(transfer(&network, &inputs, &outputs)) else {
        panic!("a port")
    };
    inputs[2] = Port { side: Side::Bit, row: 0, col: COLS, conductance: 1.0 };
    let outside = Misfit::Outside { index: 2, row: 0, col: COLS, rows: ROWS, cols: COLS };
    assert_eq!(misfit(transfer(&network, &inputs, &outputs)), outside);
    assert_eq!(misfit(transfer(&network, &outputs, &inputs)), outside);
}

#[test]
fn products_with_a_transfer_matrix_go_together() {
    let matrix = Transfer { inputs: 3, outputs: 2, gains: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
    let mut currents = [0.0; 4];
    matrix.apply(&[1.0, 0.0, 0.0, 0.0, 1.0, 1.0], &mut currents).expect("two vectors");
    assert_eq!(currents, [1.0, 4.0, 5.0, 11.0]);
    let length = |field, expected, found| Err(Misfit::Length { field, expected, found });
    assert_eq!(matrix.apply(&[1.0; 5], &mut currents), length(Field::Voltages, 3, 5));
    assert_eq!(matrix.apply(&[1.0; 3], &mut currents), length(Field::Currents, 2, 4));
    assert_eq!(matrix.apply(&[], &mut []), Ok(()));
    let short = Transfer { gains: vec![1.0; 5], ..matrix.clone() };
    assert_eq!(short.apply(&[1.0; 3], &mut currents[..2]), length(Field::Gains, 6, 5));
    let blind = Transfer { inputs: 0, gains: Vec::new(), ..matrix.clone() };
    assert_eq!(blind.apply(&[1.0], &mut currents), length(Field::Voltages, 0, 1));
    assert_eq!((blind.apply(&[], &mut currents), currents), (Ok(()), [0.0; 4]));
    let mute = Transfer { outputs: 0, gains: Vec::new(), ..matrix };
    assert_eq!(mute.apply(&[1.0; 3], &mut []), Ok(()));
    assert_eq!(mute.apply(&[1.0; 3], &mut currents), length(Field::Currents, 0, 4));
}

/// A gate line, a bit line and a source line.
fn bundles() -> Bundles {
    let wires = [Wire::Each(vec![0.4; CELLS]), Wire::Uniform(0.4)];
    let mut array = Bundles::new(ROWS, COLS, vec![Wire::Uniform(0.4)], wires.to_vec()).expect("an array");
    for line in 0..3 {
        array.entry(line, line).expect("an entry").fill(2e-5);
        array.entry(line, (line + 1) % 3).expect("an entry").fill(-1e-5);
    }
    array
}

#[test]
fn bundles_refuse_what_they_cannot_be() {
    let each = |value: f64, count: usize| Wire::Each(vec![value; count]);
    let made = |rows: Vec<Wire>, columns: Vec<Wire>| Bundles::new(ROWS, COLS, rows, columns).err();
    let lines = |found| Some(Misfit::Lines { found, most: 4 });
    assert_eq!(made(vec![], vec![]), lines(0));
    assert_eq!(made(vec![Wire::Uniform(1.0); 3], vec![Wire::Uniform(1.0); 2]), lines(5));
    let field = Field::Wires(Of::Line(1));
    let wires = |wire: Wire| made(vec![Wire::Uniform(1.0)], vec![wire]);
    assert_eq!(wires(each(1.0, CELLS + 1)), Some(Misfit::Length { field, expected: CELLS, found: CELLS + 1 }));
    assert_eq!(wires(Wire::Uniform(-1.0)), Some(Misfit::Value { field, index: 0, value: -1.0 }));
    assert_eq!(wires(each(f64::INFINITY, CELLS)), Some(Misfit::Value { field, index: 0, value: f64::INFINITY }));
    let mut array = bundles();
    assert!(array.entry(3, 0).is_none() && array.entry(0, 3).is_none() && array.entry(2, 2).is_some());
    assert_eq!(array.entry(2, 2).map(|entry| entry.len()), Some(CELLS));
}

#[test]
fn bundles_refuse_numbers_and_vectors_that_do_not_go_with_them() {
    let nodes = 3 * CELLS;
    let (leak, b) = (vec![1e-3; nodes], vec![1e-6; nodes]);
    let mut y = vec![0.0; nodes];
    let mut array = bundles();
    assert_eq!(array.solve(&b, &mut y, 1e-12, 100), Err(Trouble::Unfactored));
    array.factor(&leak).expect("tied lines");
    array.solve(&b, &mut y, 1e-12, 100).expect("convergence");
    let length = |field, found| Misfit::Length { field, expected: nodes, found };
    let [given, found] = [Field::RightHandSide(Of::All), Field::Unknowns(Of::All)];
    assert_eq!(misfit(array.solve(&b[1..], &mut y, 1e-12, 100)), length(given, nodes - 1));
    assert_eq!(misfit(array.solve(&b, &mut y[1..], 1e-12, 100)), length(found, nodes - 1));
    assert_eq!(array.multiply(&b[1..], &mut y), Err(length(found, nodes - 1)));
    assert_eq!(array.multiply(&b, &mut y[..1]), Err(length(Field::Residual(Of::All), 1)));
    assert_eq!(misfit(array.factor(&leak[1..])), length(Field::Leaks(Of::All), nodes - 1));
    assert_eq!(array.solve(&b, &mut y, 1e-12, 100), Err(Trouble::Unfactored));
    for bad in NOTHING {
        array.factor(&leak).expect("tied lines");
        let mut spoilt = b.clone();
        spoilt[CELLS + 1] = bad;
        let Misfit::Value { field, index, .. } = misfit(array.solve(&spoilt, &mut y, 1e-12, 100)) else { panic!("b") };
        assert_eq!((field, index), (given, CELLS + 1));
        let mut spoilt = leak.clone();
        spoilt[5] = bad;
        let Misfit::Value { field, index, .. } = misfit(array.factor(&spoilt)) else { panic!("leaks") };
        assert_eq!((field, index), (Field::Leaks(Of::All), 5));
        array.entry(1, 2).expect("an entry")[7] = bad;
        let Misfit::Value { field, index, .. } = misfit(array.factor(&leak)) else { panic!("entries") };
        assert_eq!((field, index), (Field::Entries(1, 2), 7));
        array.entry(1, 2).expect("an entry")[7] = -1e-5;
    }
    // lines that nothing ties down, and a direction without lines, on which nothing is iterated
    assert!(matches!(bundles().factor(&vec![f64::NAN; 3 * CELLS]), Err(Trouble::Misfit(_))));
    let mut one = Bundles::new(ROWS, COLS, vec![Wire::Uniform(1.0)], vec![]).expect("an array");
    one.factor(&vec![1.0; CELLS]).expect("tied lines");
    let Misfit::Value { .. } = misfit(one.solve(&vec![f64::NAN; CELLS], &mut vec![0.0; CELLS], 1e-12, 9)) else {
        panic!("b")
    };
    assert_eq!(one.solve(&vec![f64::MAX; CELLS], &mut vec![0.0; CELLS], 1e-12, 9), Err(Trouble::Overflow));
}

#[test]
fn refusals_read_as_sentences() {
    let said = [
        (
            Misfit::Length { field: Field::Heads(Side::Word), expected: 8, found: 7 },
            "heads of word lines: 7 values where 8 are expected",
        ),
        (
            Misfit::Value { field: Field::Wires(Of::Line(2)), index: 4, value: -1.5 },
            "segments of line 2 of a cell: value 4 is -1.5, which is not zero or positive, and finite",
        ),
        (
            Misfit::Value { field: Field::Entries(0, 1), index: 4, value: f64::NAN },
            "entries (0, 1) of the cells: value 4 is NaN, which is not finite",
        ),
        (Misfit::Shape { expected: (2, 3), found: (3, 2) }, "the solver is for 2 x 3 cells, the network has 3 x 2"),
    ];
    for (misfit, sentence) in said {
        assert_eq!(misfit.to_string(), sentence);
        assert_eq!(Trouble::from(misfit).to_string(), sentence);
    }
}

#[test]
fn every_single_line_with_a_negative_pivot_is_counted() {
    let counted = |network: &Network| LinePcg::new(network).expect("an array").factor(network);
    for row in 0..ROWS {
        let mut network = network();
        network.word.tail[row] = -1.0;
        assert_eq!(counted(&network), Err(Trouble::NegativePivots(1)), "word line {row}");
    }
    for col in 0..COLS {
        let mut network = network();
        network.bit.tail[col] = -1.0;
        assert_eq!(counted(&network), Err(Trouble::NegativePivots(1)), "bit line {col}");
    }
}
