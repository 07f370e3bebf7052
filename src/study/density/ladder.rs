//! Arrays of any size with wires: the two selected lines as ladders, the rest in closed form.
//!
//! Every unselected line carries only what two half-selected cells and N - 2 cells between equals let through, so its own
//! wire matters to the second order of R_wire/R_half only and is left out. What remains is the pulled-up bit line and
//! the grounded word line, both with wires, with a potential for each unselected line:
//!
//! ```text
//! w_i = (b_i + U)/N,   u_j = (s_j + W)/N,   U = sum u_j,   W = sum w_i       (i, j unselected, cells of conductance g)
//! T_b b = source + (g/N) U on unselected nodes - I at the last,      T_s s = (g/N) W on unselected nodes + I at the last
//! ```
//!
//! with T tridiagonal: wires and a leak g (1 - 1/N) at every unselected node. Three numbers (U, W, I) couple the ladders.
//! The selected cell is the one farthest from both drivers. Where the line has no resistance its nodes are one node and
//! the same equations are sums.

use super::lumped::Scheme;

/// Voltage that the pull-up leaves on the pin of the bit line, relative to V_pu, for a selected cell of `selected` ohm.
#[must_use]
pub fn level(scheme: &Scheme, n: usize, wire: f64, selected: f64) -> f64 {
    let size = n as f64;
    let cell = 1.0 / scheme.half();
    let inject = cell / size;
    let others = size - 1.0;
    // responses of a line to 1 at its driven end, to 1 of the common potential, to 1 A into its last node
    let bit = Line::new(n, cell, wire, 1.0 / (scheme.pull_up + wire));
    let word = if wire > 0.0 { Line::new(n, cell, wire, 1.0 / wire) } else { Line::grounded() };
    let (from_driver, b_common, b_last) =
        (bit.respond(Push::Driver), bit.respond(Push::Common(inject)), bit.respond(Push::Last));
    let (s_common, s_last) = (word.respond(Push::Common(inject)), word.respond(Push::Last));
    // W N = sum b + (N-1) U;   U N = sum s + (N-1) W;   I = (b_last - s_last)/R
    let g = 1.0 / selected;
    let matrix = nalgebra::Matrix3::new(
        -(b_common.sum + others),
        size,
        b_last.sum,
        size,
        -(s_common.sum + others),
        -s_last.sum,
        -g * b_common.last,
        g * s_common.last,
        1.0 + g * (b_last.last + s_last.last),
    );
    let right = nalgebra::Vector3::new(from_driver.sum, 0.0, g * from_driver.last);
    let Some(solution) = matrix.lu().solve(&right) else { return f64::NAN };
    let (common, current) = (solution[0], solution[2]);
    let first = from_driver.first + common * b_common.first - current * b_last.first;
    // the pin lies between pull-up and first segment
    first + (1.0 - first) * wire / (scheme.pull_up + wire)
}

/// Read margin: the level with the selected cell off less that with it on.
#[must_use]
pub fn margin(scheme: &Scheme, n: usize, wire: f64) -> f64 {
    level(scheme, n, wire, scheme.on_off * scheme.lrs) - level(scheme, n, wire, scheme.lrs)
}

/// The largest array whose margin is at least `target`; `None` when not even 2 x 2 has it.
#[must_use]
pub fn largest(scheme: &Scheme, wire: f64, target: f64) -> Option<usize> {
    if margin(scheme, 2, wire) < target {
        return None;
    }
    let (mut low, mut high) = (2usize, 4usize);
    while margin(scheme, high, wire) >= target {
        (low, high) = (high, high.checked_mul(2).filter(|n| *n <= LARGEST)?);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if margin(scheme, middle, wire) >= target { low = middle } else { high = middle }
    }
    Some(low)
}

/// A line of this many cells is long enough for anybody.
const LARGEST: usize = 1 << 26;

/// What acts on a line.
#[derive(Clone, Copy)]
enum Push {
    /// The driver at 1 V.
    Driver,
    /// This current into every unselected node.
    Common(f64),
    /// 1 A into the last node.
    Last,
}

/// What of a response matters: first and last node, sum over the unselected nodes.
#[derive(Clone, Copy, Default)]
struct Response {
    first: f64,
    last: f64,
    sum: f64,
}

/// One line, eliminated from its driven end in excess form: no subtraction, so 1e3 S beside 1e-10 S costs no digits.
struct Line {
    driver: f64,
    wire: f64,
    /// 1/(s_j + c_j).
    inverse: Vec<f64>,
}

impl Line {
    fn new(n: usize, cell: f64, wire: f64, driver: f64) -> Self {
        let leak = cell * (1.0 - 1.0 / n as f64);
        if wire == 0.0 {
            // one node with all leaks
            return Self { driver, wire: 0.0, inverse: vec![1.0 / (driver + (n as f64 - 1.0) * leak), n as f64 - 1.0] };
        }
        let segment = 1.0 / wire;
        let mut inverse = Vec::with_capacity(n);
        let mut excess = driver;
        for j in 0..n {
            let last = j + 1 == n;
            excess += if last { 0.0 } else { leak };
            let pivot = if last { excess } else { excess + segment };
            inverse.push(1.0 / pivot);
            excess = segment * excess / pivot;
        }
        Self { driver, wire, inverse }
    }

    /// A line without resistance whose driver holds it at zero.
    fn grounded() -> Self {
        Self { driver: 0.0, wire: 0.0, inverse: vec![0.0, 0.0] }
    }

    fn respond(&self, push: Push) -> Response {
        if self.wire == 0.0 {
            let others = self.inverse[1];
            let current = match push {
                Push::Driver => self.driver,
                Push::Common(each) => each * others,
                Push::Last => 1.0,
            };
            let v = current * self.inverse[0];
            return Response { first: v, last: v, sum: v * others };
        }
        let (n, segment) = (self.inverse.len(), 1.0 / self.wire);
        let into = |j: usize| match push {
            Push::Driver if j == 0 => self.driver,
            Push::Common(each) if j + 1 < n => each,
            Push::Last if j + 1 == n => 1.0,
            _ => 0.0,
        };
        let mut y = Vec::with_capacity(n);
        let mut carry = 0.0;
        for j in 0..n {
            let now = into(j) + carry;
            carry = segment * self.inverse[j] * now;
            y.push(now);
        }
        let mut response = Response::default();
        let mut next = 0.0;
        for j in (0..n).rev() {
            let v = self.inverse[j] * (y[j] + if j + 1 == n { 0.0 } else { segment * next });
            if j + 1 == n {
                response.last = v
            } else {
                response.sum += v
            }
            next = v;
        }
        response.first = next;
        response
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::lumped::Reading;
    use super::*;

    const PAPER: Scheme = Scheme { lrs: 70e3, on_off: 1e4, pull_up: 70e3, selectivity: 1e5 };

    /// Ideal wires leave three groups of equal cells in series, which is the lumped formula.
    #[test]
    fn ideal_wires_are_the_lumped_formula() {
        for n in [8, 64, 4096, 170_136] {
            let (exact, lumped) = (margin(&PAPER, n, 0.0), PAPER.margin(n as f64, Reading::Literal));
            assert!((exact - lumped).abs() < 1e-9, "{n}: {exact} {lumped}");
        }
    }

    /// Full networks of N x N cells, solved by SciPy's sparse LU.
    #[test]
    fn small_arrays_are_the_full_network() {
        for (n, wire, full) in [
            (8, 0.01, 0.499_850_5),
            (8, 1.0, 0.499_793_9),
            (8, 5.0, 0.499_565_5),
            (8, 100.0, 0.494_201_3),
            (64, 0.01, 0.499_427_1),
            (64, 1.0, 0.498_975_0),
            (64, 5.0, 0.497_156_4),
            (64, 100.0, 0.457_547_3),
        ] {
            let got = margin(&PAPER, n, wire);
            assert!((got - full).abs() < 1e-7, "{n} {wire}: {got} {full}");
        }
    }

    /// An independent two-ladder solution (SciPy, banded LU).
    #[test]
    fn wires_shrink_the_largest_array() {
        let weaker = Scheme { selectivity: 4.4375e4, ..PAPER };
        for (scheme, wire, n) in [
            (PAPER, 0.0, 170_136),
            (PAPER, 1.0, 51_379),
            (PAPER, 10.0, 13_709),
            (weaker, 0.0, 75_498),
            (weaker, 5.0, 15_169),
        ] {
            let got = largest(&scheme, wire, 0.1).unwrap();
            assert!(got.abs_diff(n) <= n / 10_000, "{wire}: {got} {n}");
        }
        assert_eq!(largest(&PAPER, 1.0, 0.6), None);
    }
}
