//! Margins: closed forms of ideal wires, the reduction against the full circuit, ngspice on the expanded array.

use std::fmt::Write as _;

use super::spice::ngspice;
use super::{RESISTOR, SINH, close, number, run, try_run};

const LOW: f64 = 10e3;
const HIGH: f64 = 1e6;

fn parallel(a: f64, b: f64) -> f64 {
    1.0 / (1.0 / a + 1.0 / b)
}

/// Float sneak of a uniform background: row, rest and column of the array in series.
fn sneak(r: f64, n: f64, m: f64) -> f64 {
    r / (n - 1.0) + r / ((m - 1.0) * (n - 1.0)) + r / (m - 1.0)
}

/// One bit line pulled up, Lo et al. 2013.
fn one_bit_line(n: f64, pull: f64) -> f64 {
    let bit_line = |cell: f64| pull / (parallel(cell, sneak(LOW, n, n)) + pull);
    bit_line(LOW) - bit_line(HIGH)
}

/// All bit lines pulled up: three nodes (selected bit line, other bit lines, other word lines), background LRS.
fn all_bit_lines(n: f64, pull: f64) -> f64 {
    let bit_line = |cell: f64| {
        let (g, p, k) = (1.0 / LOW, 1.0 / pull, n - 1.0);
        // unknowns: a selected bit line, b other bit lines, w other word lines; the selected word line is at 0
        let a = [
            [p + 1.0 / cell + k * g, 0.0, -k * g],
            [0.0, k * (p + g) + k * k * g, -k * k * g],
            [-k * g, -k * k * g, k * g + k * k * g],
        ];
        solve(a, [p, k * p, 0.0])[0]
    };
    bit_line(HIGH) - bit_line(LOW)
}

/// Cramer's rule, which shares nothing with the solver under test.
fn solve(a: [[f64; 3]; 3], b: [f64; 3]) -> [f64; 3] {
    let det = |m: [[f64; 3]; 3]| {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    [0, 1, 2].map(|k| {
        let mut replaced = a;
        (0..3).for_each(|row| replaced[row][k] = b[row]);
        det(replaced) / det(a)
    })
}

#[test]
fn published_table_of_pull_up_schemes() {
    let text = ".margin cell lrs=(r=10k) hrs=(r=1meg) rpu=10k vread=1 scheme=obpu,abpu sizes=4,5,8,64\n";
    let report = run(&format!("{RESISTOR}{text}"));
    // checked values of the field, five digits
    for (size, one, all) in
        [(4, 0.13125, 0.18705), (5, 0.09400, 0.15020), (8, 0.04395, 0.09391), (64, 0.00092, 0.01163)]
    {
        assert!((number(&report, "obpu", size, "margin") - one).abs() < 1e-5, "obpu {size}");
        assert!((number(&report, "abpu", size, "margin") - all).abs() < 1e-5, "abpu {size}");
    }
}

#[test]
fn closed_forms_of_pull_up_schemes() {
    let sizes = [2usize, 3, 4, 5, 8, 64, 1000];
    let list: Vec<String> = sizes.iter().map(ToString::to_string).collect();
    let text = format!(
        "{RESISTOR}.margin cell lrs=(r=10k) hrs=(r=1meg) rpu=7k vread=0.7 scheme=obpu,abpu pattern=all-lrs sizes={}\n",
        list.join(",")
    );
    let report = run(&text);
    for size in sizes {
        close(number(&report, "obpu", size, "margin"), one_bit_line(size as f64, 7e3), 1e-6, "obpu");
        close(number(&report, "abpu", size, "margin"), all_bit_lines(size as f64, 7e3), 1e-6, "abpu");
    }
}

/// Static power of the driven schemes and the current of the floating one, for a nonlinear cell where voltages are
/// given and for a linear one where they are solved.
#[test]
fn closed_forms_of_driven_schemes() {
    let text = ".margin cell lrs=(r=10k) hrs=(r=1meg) vread=1 scheme=v2,v3,ground pattern=all-lrs sizes=2,7,50\n";
    let report = run(&format!("{SINH}{text}"));
    let cell = |v: f64, r: f64| v / (50.0 * r) + (4.0 * v).sinh() / (r * 4f64.sinh());
    for size in [2usize, 7, 50] {
        let k = (size - 1) as f64;
        let (full, half, third) = (cell(1.0, LOW), cell(0.5, LOW), cell(1.0 / 3.0, LOW));
        let v2 = full + 2.0 * k * 0.5 * half;
        let v3 = full + (2.0 * k + k * k) * third / 3.0;
        let ground = full + k * full;
        for (scheme, power) in [("v2", v2), ("v3", v3), ("ground", ground)] {
            close(number(&report, scheme, size, "power_lrs"), power, 1e-6, scheme);
        }
        // grounded bit lines collect the selected cell only
        let margin = (cell(1.0, LOW) - cell(1.0, HIGH)) / cell(1.0, LOW);
        close(number(&report, "ground", size, "margin"), margin, 1e-6, "ground");
    }
    let text = ".margin cell lrs=(r=10k) hrs=(r=1meg) vread=1 scheme=float pattern=all-lrs sizes=2,7 cols=5\n";
    let report = run(&format!("{RESISTOR}{text}"));
    for size in [2usize, 7] {
        let current = 1.0 / LOW + 1.0 / sneak(LOW, size as f64, 5.0);
        close(number(&report, "float", size, "i_lrs"), current, 1e-6, "float");
        close(number(&report, "float", size, "power_lrs"), current, 1e-6, "float");
    }
}

#[test]
fn the_worst_pattern_is_all_lrs_where_theory_says_so() {
    let text = ".margin cell lrs=(r=10k) hrs=(r=1meg) rpu=10k scheme=obpu,abpu sizes=2,8\n";
    let report = run(&format!("{RESISTOR}{text}"));
    for row in &report.rows.rows {
        assert_eq!(row[5], "all-lrs".into());
        assert!(row[4].number() <= row[3].number() + 1e-12, "each read at its worst is no better than both at one");
    }
}

/// Symmetry is exact: with nonlinear cells, every scheme, block patterns and checkerboards.
#[test]
fn reduction_agrees_with_the_full_circuit() {
    let schemes = ["obpu", "abpu", "v2", "v3", "ground", "float"];
    for pattern in ["all-lrs", "all-hrs", "checker"] {
        for (rows, cols) in [(2, 2), (5, 5), (4, 7)] {
            let card = |more: &str| {
                let text = format!(
                    "{SINH}.margin cell lrs=(r=10k) hrs=(r=300k) rpu=10k scheme={} pattern={pattern} sizes={rows} cols={cols} {more}\n",
                    schemes.join(",")
                );
                run(&text)
            };
            let (short, full) = (card("method=symmetry"), card("method=full"));
            for scheme in schemes {
                for column in ["margin", "v_lrs", "v_hrs", "i_lrs", "i_hrs", "cell_lrs", "power_lrs"] {
                    let (a, b) = (number(&short, scheme, rows, column), number(&full, scheme, rows, column));
                    let what = format!("{column} of {scheme}, {pattern}, {rows} x {cols}");
                    assert!((a - b).abs() <= 1e-9 * b.abs() + 1e-15, "{what}: {a:e} and {b:e}");
                }
            }
        }
    }
}

#[test]
fn a_million_lines_are_a_handful_of_unknowns() {
    let text = ".margin cell lrs=(r=10k) hrs=(r=1meg) rpu=10k scheme=obpu,v2,float sizes=1e6 pattern=all-lrs\n";
    let report = run(&format!("{RESISTOR}{text}"));
    close(number(&report, "obpu", 1_000_000, "margin"), one_bit_line(1e6, 1e4), 1e-4, "obpu");
}

#[test]
fn impossible_requests_are_told_with_their_numbers_and_the_rest_is_kept() {
    let text = ".margin cell lrs=(r=10k) hrs=(r=1meg) rpu=10k sizes=4,8 row=5 rwire=1 pattern=all-lrs\n";
    let report = try_run(&format!("{RESISTOR}{text}")).unwrap();
    assert_eq!(report.rows.rows.len(), 1);
    assert!(report.failures[0].contains("(5, 3) lies outside an array of 4 x 4"), "{:?}", report.failures);
    let wrong = |more: &str| {
        let error = try_run(&format!("{RESISTOR}.margin cell lrs=(r=10k) hrs=(r=1meg) {more}\n")).unwrap_err();
        error.to_string()
    };
    assert!(wrong("scheme=custom").contains("lacks wl, bl, uwl, ubl"));
    assert!(wrong("scheme=custom custom=(wl=float bl=0 uwl=0 ubl=0)").contains("cannot float"));
    assert!(wrong("pattern=chess").contains("is no pattern"));
    let same = run(&format!("{RESISTOR}.margin cell lrs=(r=10k) hrs=(r=10.1k) sizes=2\n"));
    assert!(same.notes.iter().any(|n| n.contains("selector does not turn on")), "{:?}", same.notes);
}

/// A user's table that says what a known scheme says gives the same numbers.
#[test]
fn custom_tables_are_schemes() {
    let card = |scheme: &str| run(&format!("{SINH}.margin cell lrs=(r=10k) hrs=(r=1meg) sizes=6 {scheme}\n"));
    let (known, own) = (card("scheme=v2"), card("scheme=custom custom=(wl=1 bl=0 uwl=0.5 ubl={1/2})"));
    for column in ["margin", "i_lrs", "i_hrs", "power_lrs"] {
        close(number(&own, "custom", 6, column), number(&known, "v2", 6, column), 1e-12, column);
    }
}

/// A linear cell reads at 10 % in a 4 x 4 array and no larger under one-bit-line pull-up.
#[test]
fn four_by_four_is_the_largest_linear_array() {
    let card = |more: &str| run(&format!("{RESISTOR}.max-size cell lrs=(r=10k) hrs=(r=1meg) rpu=10k {more}\n"));
    let report = card("scheme=obpu criterion=0.1");
    assert_eq!((report.facts[0].name.as_str(), &report.facts[0].value), ("max_size", &4usize.into()));
    close(report.rows.rows[0][3].number(), one_bit_line(4.0, 1e4), 1e-6, "margin");
    close(report.rows.rows[0][4].number(), one_bit_line(5.0, 1e4), 1e-6, "one line further");
    let never = card("criterion=0.9");
    assert!(never.notes.iter().any(|n| n.contains("never met")), "{:?}", never.notes);
    let always = card("scheme=ground criterion=0.5 limit=1000");
    assert_eq!(always.facts[0].value, 1000usize.into());
    assert!(always.notes.iter().any(|n| n.contains("larger arrays were not tried")), "{:?}", always.notes);
}

/// The answer of `max-size` in ngspice: N lines meet the criterion and N + 1 do not, flat netlists with wires of both sizes.
#[test]
fn the_largest_array_in_ngspice() {
    let words = "lrs=(r=10k) hrs=(r=300k) rpu=10k scheme=obpu pattern=all-lrs rwire=150 criterion=0.15";
    let report = run(&format!("{RESISTOR}.max-size cell {words}\n"));
    let size = report.facts.iter().find(|f| f.name == "max_size").unwrap().value.number();
    let margin = |n: usize| {
        let sensed = |selected: f64| {
            let mut flat = "flat\n.options reltol=1e-9 vntol=1e-12 abstol=1e-16 gmin=1e-18\nVp p 0 1\n".to_owned();
            let _ = writeln!(flat, "Rp p e{} 10k", n - 1);
            for i in 0..n {
                for j in 0..n {
                    // the selected word line 0 is grounded at its left end, the others float
                    let left = if j > 0 {
                        format!("w{i}_{}", j - 1)
                    } else if i == 0 {
                        "0".to_owned()
                    } else {
                        format!("f{i}")
                    };
                    let below = if i + 1 < n { format!("b{}_{j}", i + 1) } else { format!("e{j}") };
                    let r = if (i, j) == (0, n - 1) { selected } else { 10e3 };
                    let _ = writeln!(flat, "Rw{i}_{j} {left} w{i}_{j} 150\nRb{i}_{j} b{i}_{j} {below} 150");
                    let _ = writeln!(flat, "Rc{i}_{j} w{i}_{j} b{i}_{j} {r}");
                }
            }
            ngspice(&flat, &[format!("v(e{})", n - 1)])[0]
        };
        sensed(300e3) - sensed(10e3)
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let n = size as usize;
    assert!(n >= 2 && margin(n) >= 0.15 && margin(n + 1) < 0.15, "{n}: {} {}", margin(n), margin(n + 1));
    close(report.rows.rows[0][3].number(), margin(n), 1e-6, "margin");
}
