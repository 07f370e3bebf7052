//! B: the 4x4 Boolean array. Decks `boolean_*` and `ecm_amplitude`.

use sneakpath::output::figure::{Curve, FigureData, Spacing};
use sneakpath::plan::Quantity;

use crate::deck::{self, Step};
use crate::report::{Findings, Label, Row, curves_over, number, within};

const COLUMNS: [&str; 4] = ["AND", "OR", "NAND", "NOR"];
/// Outputs for the inputs 00, 01, 10, 11.
const TRUTH: [[bool; 4]; 4] =
    [[false, false, false, true], [false, true, true, true], [true, true, true, false], [true, false, false, false]];
/// Threshold of the paper in A.
const THRESHOLD: f64 = 20e-6;

/// Runs all decks of the array.
///
/// # Errors
/// A deck that does not run, a signal or measure that is missing.
pub fn run() -> Result<Findings, String> {
    let mut found = Findings::default();
    let resistors = deck::run("boolean_resistors.cir", &[])?;
    let [b1, b4] = resistors.as_slice() else { return Err("boolean_resistors.cir has other than two steps".into()) };
    let table = Table::of(b1, 0.0)?;
    rows(&mut found, b1, &table)?;
    found.notes.push(format!("B1 currents (uA), inputs 00 01 10 11:\n{}", table.text()));
    found.pictures.push(("boolean_b1".into(), picture("4x4 Boolean array, B1", b1)?));
    let others = [
        ("b2", "threshold cells, 1 mohm", deck::run_one("boolean_threshold.cir", &[])?, THRESHOLD, 1.280, 0.01),
        ("b3", "1S-1R cells, 1 mohm", deck::run_one("boolean_1s1r.cir", &[])?, THRESHOLD, 1.220, 0.01),
    ];
    for (word, what, step, threshold, reference, room) in &others {
        configuration(&mut found, word, what, step, *threshold, within(*reference, *room))?;
    }
    configuration(&mut found, "b4", "resistors, 26 kohm, 10.4 uA", b4, 10.4e-6, within(2.45, 0.01))?;
    let b5 = deck::run_one("boolean_hysteretic.cir", &[])?;
    configuration(&mut found, "b5", "hysteretic cells, 26 kohm", &b5, THRESHOLD, within(1.118, 0.01))?;
    limit(&mut found)?;
    write(&mut found)?;
    Ok(found)
}

/// Column currents for the four inputs, in A: `currents[column][input]`.
struct Table {
    currents: [[f64; 4]; 4],
}

impl Table {
    /// Reads a deck whose first 100 ns pulse begins at `start` + 10 ns, one every 120 ns.
    fn of(step: &Step, start: f64) -> Result<Self, String> {
        let time = step.column("time")?;
        let mut currents = [[0.0; 4]; 4];
        for (c, row) in currents.iter_mut().enumerate() {
            let i = step.column(&format!("i(rs_{c})"))?;
            for (k, value) in row.iter_mut().enumerate() {
                *value = deck::at(time, i, start + k as f64 * 120e-9 + 106e-9);
            }
        }
        Ok(Self { currents })
    }

    fn all(&self, wanted: bool) -> impl Iterator<Item = f64> + '_ {
        let pairs = self.currents.iter().zip(&TRUTH).flat_map(|(i, t)| i.iter().zip(t));
        pairs.filter(move |(_, t)| **t == wanted).map(|(i, _)| *i)
    }

    /// Relative distance of the largest "0" below and of the smallest "1" above the threshold.
    fn margins(&self, threshold: f64) -> (f64, f64) {
        let zero = self.all(false).fold(f64::NEG_INFINITY, f64::max);
        let one = self.all(true).fold(f64::INFINITY, f64::min);
        (1.0 - zero / threshold, one / threshold - 1.0)
    }

    fn text(&self) -> String {
        let line = |(name, i): (&&str, &[f64; 4])| {
            let cells: Vec<String> = i.iter().map(|i| format!("{:8.3}", 1e6 * i)).collect();
            format!("  {name:<5}{}", cells.join(" "))
        };
        COLUMNS.iter().zip(&self.currents).map(line).collect::<Vec<_>>().join("\n")
    }
}

fn rows(found: &mut Findings, step: &Step, table: &Table) -> Result<(), String> {
    let energy = 1e12 * step.measure("e_logic")?;
    let mut row = |name: &str, what: &str, value: f64, published: Option<f64>, band: (f64, f64), label: Label| {
        found.rows.push(Row::new(name, what, value, published, band, label));
    };
    let what = "energy per logic operation, flat 100 ns, B1 (pJ)";
    row("boolean_energy_pj", what, energy, Some(1.28), within(1.280, 0.01), Label::Calibrated);
    let (low, high) = table.margins(THRESHOLD);
    // the currents of B1 follow from its conductances: 14.632 and 25.199 uA
    row("boolean_margin_low", "largest 0 below 20 uA, B1", low, None, within(1.0 - 14.632 / 20.0, 1e-3), Label::Exact);
    row(
        "boolean_margin_high",
        "smallest 1 above 20 uA, B1",
        high,
        None,
        within(25.199 / 20.0 - 1.0, 1e-3),
        Label::Exact,
    );
    found.notes.push(format!("B1 energy by part: {}", parts(step)?));
    Ok(())
}

fn parts(step: &Step) -> Result<String, String> {
    let pico = |name: &str| step.measure(name).map(|e| number(1e12 * e));
    Ok(format!(
        "flat part {} pJ, edges {} pJ; cells and wires {} pJ, sense resistors {} pJ",
        pico("e_logic")?,
        pico("e_edges")?,
        pico("e_array")?,
        pico("e_sense")?
    ))
}

fn configuration(
    found: &mut Findings,
    word: &str,
    what: &str,
    step: &Step,
    threshold: f64,
    band: (f64, f64),
) -> Result<(), String> {
    let table = Table::of(step, 0.0)?;
    let (low, high) = table.margins(threshold);
    let verdict = if low > 0.0 && high > 0.0 { "hold" } else { "DO NOT HOLD" };
    let name = format!("boolean_energy_{word}_pj");
    let what_energy = format!("energy per operation, {what} (pJ)");
    let energy = 1e12 * step.measure("e_logic")?;
    found.rows.push(Row::new(&name, &what_energy, energy, Some(1.28), band, Label::Undetermined));
    found.notes.push(format!(
        "{}: truth tables {verdict} at {} uA, margins {:.1} % below and {:.1} % above; {}",
        word.to_uppercase(),
        number(1e6 * threshold),
        1e2 * low,
        1e2 * high,
        parts(step)?
    ));
    Ok(())
}

/// The proof in numbers: resistor cells never pass 20 uA into 26 kohm.
fn limit(found: &mut Findings) -> Result<(), String> {
    let mut best: f64 = 0.0;
    for step in deck::run("boolean_limit.cir", &[])? {
        best = best.max(step.measure("i_01")?.min(step.measure("i_10")?));
    }
    found.rows.push(Row::new(
        "boolean_limit_26k_ua",
        "most that OR(0,1) and OR(1,0) both pass into 26 kohm (uA)",
        1e6 * best,
        Some(20.0),
        within(0.385 / 26e3 * 1e6, 1e-3),
        Label::Exact,
    ));
    found.notes.push(format!(
        "26 kohm in series: OR(0,1) tends to 0.385 V / 26 kohm = 14.81 uA for ever better conductors; {} uA at 10 S. With \
         20 uA as threshold resistor cells cannot work; a 26 kohm feedback resistor (20 uA -> 0.52 V) leaves B1 as it is",
        number(1e6 * best)
    ));
    Ok(())
}

fn picture(title: &str, step: &Step) -> Result<FigureData, String> {
    let time = step.column("time")?;
    let mut curves = Vec::new();
    for (c, name) in COLUMNS.iter().enumerate() {
        let y = step.column(&format!("i(rs_{c})"))?.to_vec();
        curves.push(Curve { label: (*name).into(), x: time.to_vec(), y });
    }
    let ends = vec![time[0], time[time.len() - 1]];
    curves.push(Curve { label: "threshold".into(), x: ends, y: vec![THRESHOLD; 2] });
    Ok(curves_over(title, ("Time", Quantity::Time), ("Column current", Quantity::Current), Spacing::Linear, curves))
}

/// Non-negative weights of one column in S, by gradient descent on the squared distance from +-25 % of the threshold. A
/// cell at 0.07 V is off. Rows are a, b, /a, /b; a row whose input never raises the output takes no part.
fn train(truth: &[bool; 4]) -> [f64; 4] {
    const HIGH: f64 = 0.7;
    let inputs = |k: usize| {
        let (a, b) = ((k / 2) as f64, (k % 2) as f64);
        [a, b, 1.0 - a, 1.0 - b]
    };
    // outputs with the input at 1, less those with it at 0
    let effect = |row: usize| {
        let sign = |k: usize| if inputs(k)[row] > 0.5 { 1 } else { -1 };
        (0..4).filter(|&k| truth[k]).map(sign).sum::<i32>()
    };
    let part: [bool; 4] = std::array::from_fn(|row| effect(row) > 0);
    let mut g = [0.0f64; 4];
    for _ in 0..2000 {
        for (k, &one) in truth.iter().enumerate() {
            let v = inputs(k).map(|x| HIGH * x);
            let i: f64 = g.iter().zip(v).map(|(g, v)| g * v).sum();
            let miss = if one { (1.25 * THRESHOLD - i).max(0.0) } else { (0.75 * THRESHOLD - i).min(0.0) };
            for (row, g) in g.iter_mut().enumerate().filter(|(row, _)| part[*row]) {
                *g = (*g + 0.2 * miss * v[row]).max(0.0);
            }
        }
    }
    g
}

/// The amplitude that writes conductance `g` at 0.7 V, between the points of a rising table.
fn amplitude(table: &[(f64, f64)], g: f64) -> Result<f64, String> {
    let pair = table.windows(2).find(|w| w[0].1 <= g && g <= w[1].1);
    let w = pair.ok_or_else(|| format!("no amplitude writes {g} S; the table ends at {:?}", table.last()))?;
    Ok(w[0].0 + (w[1].0 - w[0].0) * (g - w[0].1) / (w[1].1 - w[0].1))
}

/// Training, writing under V/2 and computing with what was written.
fn write(found: &mut Findings) -> Result<(), String> {
    let weights: Vec<[f64; 4]> = TRUTH.iter().map(train).collect();
    let micro = |g: &[f64; 4]| g.iter().map(|g| format!("{:6.2}", 1e6 * g)).collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = COLUMNS.iter().zip(&weights).map(|(n, g)| format!("  {n:<5}{}", micro(g))).collect();
    found.notes.push(format!("trained weights (uS), rows a b /a /b:\n{}", lines.join("\n")));
    let mut table = Vec::new();
    for step in deck::run("ecm_amplitude.cir", &[])? {
        table.push((step.labels.first().map_or(f64::NAN, |(_, v)| *v), step.measure("g")?));
    }
    let level = |columns: [usize; 2], rows: [[usize; 2]; 2]| {
        let cells = columns.iter().zip(rows).flat_map(|(&c, rows)| rows.map(|r| weights[c][r]));
        cells.sum::<f64>() / 4.0
    };
    let single = amplitude(&table, level([0, 3], [[0, 1], [2, 3]]))?;
    let double = amplitude(&table, level([1, 2], [[0, 1], [2, 3]]))?;
    let step = deck::run_one("boolean_write.cir", &[("v1", single), ("v2", double)])?;
    let computed = Table::of(&step, 2.6e-3 - 10e-9)?;
    let (low, high) = computed.margins(THRESHOLD);
    let snapshot = step.snapshots.first().ok_or("boolean_write.cir gave no snapshot")?;
    let x = snapshot.matrices.iter().find(|(n, _)| n == "x").map(|(_, v)| v).ok_or("no matrix x")?;
    let written = |k: usize| (k / 4 < 2) == (k % 4 < 2);
    let (mut disturbed, mut least): (f64, f64) = (0.0, f64::INFINITY);
    for (k, x) in x.iter().enumerate() {
        if written(k) { least = least.min(*x) } else { disturbed = disturbed.max(*x) }
    }
    let what = "state of the most disturbed neighbour over the weakest weight";
    // a thousandth of a weight moves no current by more than the margins allow for
    found.rows.push(Row::new("boolean_disturb", what, disturbed / least, None, (0.0, 1e-3), Label::Undetermined));
    let what = "smaller margin after training and writing";
    found.rows.push(Row::new("boolean_written_margin", what, low.min(high), None, (0.1, 1.0), Label::Undetermined));
    found.notes.push(format!(
        "written with {single:.3} V and {double:.3} V under V/2; computed currents (uA), margins {:.1} % below and {:.1} % above:\n{}",
        1e2 * low,
        1e2 * high,
        computed.text()
    ));
    let map = FigureData::map(snapshot, "x", "Memory state after writing the trained weights", 0)?;
    found.pictures.push(("boolean_weights".into(), map));
    Ok(())
}
