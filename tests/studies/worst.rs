//! The search for the worst data against all data there are: every pattern of small arrays, solved by dense algebra that
//! shares nothing with the simulator.

use nalgebra::{DMatrix, DVector};

use super::{RESISTOR, SINH, number, run};

const LOW: f64 = 10e3;
const HIGH: f64 = 500e3;
const PULL: f64 = 8e3;
const SCHEMES: [&str; 6] = ["obpu", "abpu", "v2", "v3", "ground", "float"];

/// What a line is tied to: V, and ohm behind it besides the wire.
type Tie = Option<(f64, f64)>;

/// Selected word line, selected bit line, other word lines, other bit lines; V = 1.
fn ties(scheme: &str) -> [Tie; 4] {
    let (at, pulled) = (|v: f64| Some((v, 0.0)), Some((1.0, PULL)));
    match scheme {
        "obpu" => [at(0.0), pulled, None, None],
        "abpu" => [at(0.0), pulled, None, pulled],
        "v2" => [at(1.0), at(0.0), at(0.5), at(0.5)],
        "v3" => [at(1.0), at(0.0), at(1.0 / 3.0), at(2.0 / 3.0)],
        "ground" => [at(1.0), at(0.0), at(0.0), at(0.0)],
        _ => [at(1.0), at(0.0), None, None],
    }
}

fn is_pulled(scheme: &str) -> bool {
    scheme.ends_with("bpu") || scheme == "abpu"
}

/// Voltage of the pulled-up bit line downwards, or current out of it: larger for LRS.
fn margin(pulled: bool, lrs: f64, hrs: f64) -> f64 {
    if pulled { hrs - lrs } else { (lrs - hrs) / lrs }
}

/// A linear array with wires whose inverse nodal matrix follows single flips (Sherman and Morrison).
struct Wired {
    inverse: DMatrix<f64>,
    rhs: DVector<f64>,
    cells: Vec<(usize, usize)>,
    sense: (usize, f64, f64),
}

impl Wired {
    /// All cells but the selected one in HRS; the selected cell is (0, n - 1), as the study has it.
    fn new(n: usize, wire: f64, scheme: &str, selected_lrs: bool) -> Self {
        let (w, b) = (|i: usize, j: usize| i * n + j, |i: usize, j: usize| n * n + i * n + j);
        let mut a = DMatrix::<f64>::zeros(2 * n * n, 2 * n * n);
        let mut rhs = DVector::<f64>::zeros(2 * n * n);
        let mut join = |p: usize, q: usize, g: f64| {
            a[(p, p)] += g;
            a[(q, q)] += g;
            a[(p, q)] -= g;
            a[(q, p)] -= g;
        };
        let mut cells = Vec::new();
        for i in 0..n {
            for j in 0..n {
                let low = selected_lrs && (i, j) == (0, n - 1);
                join(w(i, j), b(i, j), if low { 1.0 / LOW } else { 1.0 / HIGH });
                cells.push((w(i, j), b(i, j)));
                if j > 0 {
                    join(w(i, j - 1), w(i, j), 1.0 / wire);
                }
                if i > 0 {
                    join(b(i - 1, j), b(i, j), 1.0 / wire);
                }
            }
        }
        let [wl, bl, other_wl, other_bl] = ties(scheme);
        let mut tie = |node: usize, tie: Tie| {
            let Some((v, r)) = tie else { return };
            a[(node, node)] += 1.0 / (wire + r);
            rhs[node] += v / (wire + r);
        };
        for i in 0..n {
            tie(w(i, 0), if i == 0 { wl } else { other_wl });
            tie(b(n - 1, i), if i == n - 1 { bl } else { other_bl });
        }
        let (v, r) = bl.unwrap();
        Self { inverse: a.try_inverse().unwrap(), rhs, cells, sense: (b(n - 1, n - 1), v, r + wire) }
    }

    fn flip(&mut self, cell: usize, to_lrs: bool) {
        let (p, q) = self.cells[cell];
        let change = if to_lrs { 1.0 / LOW - 1.0 / HIGH } else { 1.0 / HIGH - 1.0 / LOW };
        let column = self.inverse.column(p) - self.inverse.column(q);
        let factor = change / (1.0 + change * (column[p] - column[q]));
        self.inverse.ger(-factor, &column, &column.clone(), 1.0);
    }

    /// The bit line's voltage behind its pull-up, or the current out of it.
    fn signal(&self, wire: f64, pulled: bool) -> f64 {
        let (node, ..) = self.sense;
        self.sensed(self.inverse.row(node).transpose().dot(&self.rhs), wire, pulled)
    }

    fn sensed(&self, at: f64, wire: f64, pulled: bool) -> f64 {
        let (_, v, r) = self.sense;
        if pulled { v + (at - v) * (r - wire) / r } else { (at - v) / r }
    }

    /// The signal that a flip would lead to.
    fn after(&self, cell: usize, to_lrs: bool, wire: f64, pulled: bool) -> f64 {
        let ((p, q), (node, ..)) = (self.cells[cell], self.sense);
        let change = if to_lrs { 1.0 / LOW - 1.0 / HIGH } else { 1.0 / HIGH - 1.0 / LOW };
        let column = self.inverse.column(p) - self.inverse.column(q);
        let factor = change / (1.0 + change * (column[p] - column[q]));
        let at = self.inverse.row(node).transpose().dot(&self.rhs) - factor * column[node] * column.dot(&self.rhs);
        self.sensed(at, wire, pulled)
    }
}

/// The smallest margin over all patterns, one flip after the other (Gray's code).
fn smallest_with_wires(n: usize, wire: f64, scheme: &str) -> (f64, f64) {
    let pulled = is_pulled(scheme);
    let mut both = [true, false].map(|lrs| Wired::new(n, wire, scheme, lrs));
    let others: Vec<usize> = (0..n * n).filter(|k| *k != n - 1).collect();
    let (mut least, mut independent) = (f64::INFINITY, [f64::INFINITY, f64::NEG_INFINITY]);
    for count in 0u32..1 << others.len() {
        if count > 0 {
            let place = count.trailing_zeros();
            let gray = count ^ (count >> 1);
            both.iter_mut().for_each(|b| b.flip(others[place as usize], gray >> place & 1 == 1));
        }
        let [lrs, hrs] = [0, 1].map(|k| both[k].signal(wire, pulled));
        least = least.min(margin(pulled, lrs, hrs));
        let low = if pulled { -1.0 } else { 1.0 };
        independent = [independent[0].min(low * lrs), independent[1].max(low * hrs)];
    }
    let apart = independent[0] - independent[1];
    (least, if pulled { apart } else { apart / independent[0] })
}

#[test]
fn the_search_finds_the_worst_of_all_data_with_wires() {
    for (n, wire) in [(3, 100.0), (3, 3e3), (4, 400.0)] {
        let report = run(&format!(
            "{RESISTOR}.margin cell lrs=(r=10k) hrs=(r=500k) rpu=8k scheme={} sizes={n} rwire={wire}\n",
            SCHEMES.join(",")
        ));
        for scheme in SCHEMES {
            let (least, independent) = smallest_with_wires(n, wire, scheme);
            for (column, wanted) in [("margin", least), ("independent", independent)] {
                let found = number(&report, scheme, n, column);
                assert!(
                    (found - wanted).abs() <= 1e-6 * wanted.abs() + 1e-9,
                    "{column} of {scheme}, {n} lines, {wire} ohm: the search found {found:e}, the worst is {wanted:e}"
                );
            }
        }
    }
}

/// A descent by single flips, the best one each time, from these states; the margin where it ends.
fn descent(n: usize, wire: f64, scheme: &str, lrs: &[bool]) -> f64 {
    let pulled = is_pulled(scheme);
    let mut states = lrs.to_vec();
    let mut both = [true, false].map(|lrs| Wired::new(n, wire, scheme, lrs));
    let others: Vec<usize> = (0..n * n).filter(|k| *k != n - 1).collect();
    for &k in others.iter().filter(|k| lrs[**k]) {
        both.iter_mut().for_each(|b| b.flip(k, true));
    }
    let mut here = margin(pulled, both[0].signal(wire, pulled), both[1].signal(wire, pulled));
    loop {
        let after = |k: usize| {
            let [lrs, hrs] = [0, 1].map(|b: usize| both[b].after(k, !states[k], wire, pulled));
            (margin(pulled, lrs, hrs), k)
        };
        let best = others.iter().map(|&k| after(k)).min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        if best.0 >= here - 1e-9 * here.abs() {
            return here;
        }
        states[best.1] = !states[best.1];
        both.iter_mut().for_each(|b| b.flip(best.1, states[best.1]));
        here = best.0;
    }
}

/// In an array that is too large for all data, what is found is a local optimum by the dense algebra, too, and no descent
/// from random data leads further down.
#[test]
fn larger_arrays_end_in_an_optimum_that_no_random_start_beats() {
    let (n, wire) = (8, 200.0);
    let report = run(&format!(
        "{RESISTOR}.margin cell lrs=(r=10k) hrs=(r=500k) rpu=8k scheme={} sizes={n} rwire={wire}\n",
        SCHEMES.join(",")
    ));
    let searched = report.rows.columns.iter().position(|(name, _)| name == "searched").unwrap();
    for (scheme, row) in SCHEMES.iter().zip(&report.rows.rows) {
        let found = number(&report, scheme, n, "margin");
        let text = format!("{:?}", row[searched]);
        assert!(text.contains("local optimum of"), "{scheme}: {text}");
        let mut random = 12345u64;
        for start in 0..6 {
            let mut draw = || {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                random >> 33 & 1 == 1
            };
            let states: Vec<bool> = (0..n * n).map(|_| draw()).collect();
            let reached = descent(n, wire, scheme, &states);
            assert!(found <= reached + 1e-6 * reached.abs() + 1e-9, "{scheme}, start {start}: {found:e}, {reached:e}");
        }
    }
}

/// Cells behind gates, where no network is reciprocal: all data of a 3 x 3 array, read one by one.
#[test]
fn the_search_finds_the_worst_of_all_data_behind_gates() {
    const GATED: &str = ".model nm nmos(level=1 vto=0.4 kp=250u gamma=0.3 phi=0.8 lambda=0.08)\n\
                         .subckt cell wl bl sl r=10k\nM1 d wl sl 0 nm W=0.4u L=0.13u\nR1 bl d {r}\n.ends\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.csv");
    // leaking rows, so that their data matters
    let card = "lrs=(r=10k) hrs=(r=300k) vread=0.3 rpu=20k vgate=2 voff=0.45 scheme=obpu,column sizes=3 rwire=300";
    let report = run(&format!("{GATED}.margin cell {card}\n"));
    let mut least = [f64::INFINITY; 2];
    for bits in 0u32..256 {
        // the selected cell (0, 2) has no data of its own
        let state = |k: u32| if k == 2 { 0 } else { bits >> (k - u32::from(k > 2)) & 1 };
        let line = |i: u32| (0..3).map(|j| state(3 * i + j).to_string()).collect::<Vec<_>>().join(",");
        std::fs::write(&path, format!("{}\n{}\n{}\n", line(0), line(1), line(2))).unwrap();
        let one = run(&format!("{GATED}.margin cell {card} pattern=\"file:{}\"\n", path.display()));
        for (least, scheme) in least.iter_mut().zip(["obpu", "column"]) {
            *least = least.min(number(&one, scheme, 3, "margin"));
        }
    }
    for (least, scheme) in least.into_iter().zip(["obpu", "column"]) {
        let found = number(&report, scheme, 3, "margin");
        assert!(
            (found - least).abs() <= 1e-6 * least.abs() + 1e-9,
            "{scheme}: found {found:e}, the worst is {least:e}"
        );
    }
}

/// Current and conductance of the cell of [`SINH`].
fn cell(v: f64, lrs: bool) -> (f64, f64) {
    let r = if lrs { LOW } else { HIGH };
    let scale = r * 4f64.sinh();
    (v / (50.0 * r) + (4.0 * v).sinh() / scale, 1.0 / (50.0 * r) + 4.0 * (4.0 * v).cosh() / scale)
}

/// The sensed signal of an array of nonlinear cells without wires, line 0 of either kind selected; Newton's method on the
/// lines that are not fixed.
fn signal(n: usize, scheme: &str, lrs: &[bool]) -> f64 {
    let [wl, bl, other_wl, other_bl] = ties(scheme);
    let tie = |line: usize| match (line < n, line.is_multiple_of(n)) {
        (true, true) => wl,
        (true, false) => other_wl,
        (false, true) => bl,
        (false, false) => other_bl,
    };
    let free: Vec<usize> = (0..2 * n).filter(|&k| tie(k).is_none_or(|(_, r)| r > 0.0)).collect();
    let mut v: Vec<f64> = (0..2 * n).map(|k| tie(k).map_or(0.5, |(v, _)| v)).collect();
    for _ in 0..60 {
        let (mut f, mut g) = (DVector::<f64>::zeros(2 * n), DMatrix::<f64>::zeros(2 * n, 2 * n));
        for k in 0..n * n {
            let (p, q) = (k / n, n + k % n);
            let (i, y) = cell(v[p] - v[q], lrs[k]);
            f[p] += i;
            f[q] -= i;
            for (a, b, y) in [(p, p, y), (q, q, y), (p, q, -y), (q, p, -y)] {
                g[(a, b)] += y;
            }
        }
        for &k in &free {
            if let Some((level, r)) = tie(k) {
                f[k] += (v[k] - level) / r;
                g[(k, k)] += 1.0 / r;
            }
        }
        if free.is_empty() {
            break;
        }
        let m = free.len();
        let jacobian = DMatrix::from_fn(m, m, |a, b| g[(free[a], free[b])]);
        let step = jacobian.lu().solve(&DVector::from_fn(m, |a, _| f[free[a]])).unwrap();
        free.iter().zip(step.iter()).for_each(|(&k, d)| v[k] -= d);
        if step.amax() < 1e-14 {
            break;
        }
    }
    if is_pulled(scheme) { v[n] } else { (0..n).map(|i| cell(v[i] - v[n], lrs[i * n]).0).sum() }
}

#[test]
fn the_search_finds_the_worst_of_all_data_without_wires() {
    for n in [3usize, 4] {
        let report = run(&format!(
            "{SINH}.margin cell lrs=(r=10k) hrs=(r=500k) rpu=8k scheme={} sizes={n}\n",
            SCHEMES.join(",")
        ));
        for scheme in SCHEMES {
            let pulled = is_pulled(scheme);
            let mut least = f64::INFINITY;
            for bits in 0u32..1 << (n * n - 1) {
                // word lines but the selected one are alike: one order of their data is enough
                let data = |line: usize| bits >> (line * n - 1) & ((1 << n) - 1);
                if (2..n).any(|line| data(line) < data(line - 1)) {
                    continue;
                }
                let states = |selected: bool| -> Vec<bool> {
                    (0..n * n).map(|k| if k == 0 { selected } else { bits >> (k - 1) & 1 == 1 }).collect()
                };
                least = least.min(margin(pulled, signal(n, scheme, &states(true)), signal(n, scheme, &states(false))));
            }
            let found = number(&report, scheme, n, "margin");
            assert!(
                (found - least).abs() <= 1e-6 * least.abs() + 1e-9,
                "{scheme}, {n} lines: the search found {found:e}, the worst is {least:e}"
            );
        }
    }
}
