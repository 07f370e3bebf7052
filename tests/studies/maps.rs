//! Maps and sneak currents against a dense nodal solve, which shares nothing with the simulator, and closed forms.

use nalgebra::{DMatrix, DVector};
use sneakpath::result::report::Report;

use super::{RESISTOR, close, run};

/// Word lines driven from the left at `wl`, bit lines from the bottom at `bl`, one segment of `r` ohm before every cell
/// and one behind the last: the equations of badcrossbar. Returns cell voltages and currents, row-major.
fn nodal(g: &[Vec<f64>], wl: &[f64], bl: &[f64], r: f64) -> (Vec<f64>, Vec<f64>) {
    let (n, m) = (g.len(), g[0].len());
    let (w, b) = (|i: usize, j: usize| i * m + j, |i: usize, j: usize| n * m + i * m + j);
    let mut a = DMatrix::<f64>::zeros(2 * n * m, 2 * n * m);
    let mut rhs = DVector::<f64>::zeros(2 * n * m);
    let mut join = |p: usize, q: usize, y: f64| {
        a[(p, p)] += y;
        a[(q, q)] += y;
        a[(p, q)] -= y;
        a[(q, p)] -= y;
    };
    for i in 0..n {
        for j in 0..m {
            join(w(i, j), b(i, j), g[i][j]);
            if j > 0 {
                join(w(i, j - 1), w(i, j), 1.0 / r);
            }
            if i > 0 {
                join(b(i - 1, j), b(i, j), 1.0 / r);
            }
        }
    }
    for (i, v) in wl.iter().enumerate() {
        a[(w(i, 0), w(i, 0))] += 1.0 / r;
        rhs[w(i, 0)] += v / r;
    }
    for (j, v) in bl.iter().enumerate() {
        a[(b(n - 1, j), b(n - 1, j))] += 1.0 / r;
        rhs[b(n - 1, j)] += v / r;
    }
    let x = a.lu().solve(&rhs).unwrap();
    let cells = (0..n * m).map(|k| (k / m, k % m));
    cells.map(|(i, j)| (x[w(i, j)] - x[b(i, j)], (x[w(i, j)] - x[b(i, j)]) * g[i][j])).unzip()
}

fn map<'r>(report: &'r Report, name: &str) -> &'r [f64] {
    &report.maps.iter().find(|m| m.name == name).unwrap().values
}

#[test]
fn maps_of_random_arrays_solve_the_nodal_equations() {
    for (rows, cols, seed, r) in [(3usize, 3usize, 1u64, 1.0), (6, 9, 2, 25.0), (12, 5, 3, 0.3)] {
        let report = run(&format!(
            "{RESISTOR}.map cell lrs=(r=7k) hrs=(r=200k) pattern=random:{seed} rows={rows} cols={cols} rwire={r} vread=0.4\n"
        ));
        // the data are read back from the map of resistances, so that only the pattern itself is shared
        let resistance = map(&report, "resistance");
        let g: Vec<Vec<f64>> = (0..rows)
            .map(|i| (0..cols).map(|j| if resistance[i * cols + j] > 3e4 { 1.0 / 200e3 } else { 1.0 / 7e3 }).collect())
            .collect();
        let low = g.iter().flatten().filter(|g| **g > 1e-5).count();
        assert!(low > 0 && low < rows * cols, "a mixed pattern");
        let (v, i) = nodal(&g, &vec![0.4; rows], &vec![0.0; cols], r);
        for k in 0..rows * cols {
            close(map(&report, "voltage")[k], v[k], 1e-9, "voltage");
            close(map(&report, "current")[k], i[k], 1e-9, "current");
            close(map(&report, "power")[k], v[k] * i[k], 1e-9, "power");
            // with ideal wires every cell sees the whole voltage
            close(map(&report, "ir_drop")[k], 1.0 - v[k] / 0.4, 1e-8, "IR drop");
        }
        let worst = v.iter().copied().fold(f64::INFINITY, f64::min);
        close(report.rows.rows[0][2].number(), worst, 1e-9, "worst voltage");
    }
}

#[test]
fn sneak_currents_have_their_closed_form_without_wires_and_the_nodal_one_with() {
    let (n, m, low, high) = (5.0, 7.0, 10e3, 1e6);
    let report = run(&format!("{RESISTOR}.sneak cell lrs=(r=10k) hrs=(r=1meg) rows=5 cols=7 vread=1\n"));
    assert_eq!(report.rows.rows.len(), 7);
    let path = low / (n - 1.0) + low / ((m - 1.0) * (n - 1.0)) + low / (m - 1.0);
    let share = (1.0 / path) / (1.0 / path + 1.0 / high);
    for row in &report.rows.rows {
        close(row[3].number(), share, 1e-9, "sneak share");
    }
    // grounded lines: all other rows are at 0, and the current of the selected column is the cell's but for the wires
    let report = run(&format!(
        "{RESISTOR}.sneak cell lrs=(r=10k) hrs=(r=1meg) scheme=ground state=lrs rows=4 cols=6 rwire=3 row=1\n"
    ));
    for (col, row) in report.rows.rows.iter().enumerate() {
        let mut wl = [0.0; 4];
        wl[1] = 1.0;
        let g = vec![vec![1.0 / low; 6]; 4];
        let (_, i) = nodal(&g, &wl, &[0.0; 6], 3.0);
        let sense: f64 = (0..4).map(|k| i[k * 6 + col]).sum();
        close(row[1].number(), sense, 1e-9, "sensed current");
        close(row[2].number(), i[6 + col], 1e-9, "cell current");
    }
}
