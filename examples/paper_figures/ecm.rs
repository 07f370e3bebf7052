//! F: the Ag/SiOx 1S-1R cell. Decks `ecm_loop`, `ecm_set_reset`, `ecm_staircase`, `ecm_disturb`, `ecm_spread`.

use sneakpath::output::figure::{Curve, Spacing};
use sneakpath::plan::Quantity;

use crate::deck;
use crate::report::{Findings, Label, Row, around, curves_over, mean_and_deviation, number, within};

/// Runs all decks of the cell.
///
/// # Errors
/// A deck that does not run or a measure without value.
pub fn run() -> Result<Findings, String> {
    let mut found = Findings::default();
    set_and_reset(&mut found)?;
    staircase(&mut found)?;
    hysteresis(&mut found)?;
    disturb(&mut found)?;
    spread(&mut found)?;
    Ok(found)
}

fn set_and_reset(found: &mut Findings) -> Result<(), String> {
    let deck = deck::run_one("ecm_set_reset.cir", &[])?;
    let value = |name: &str| deck.measure(name);
    let mut row = |name: &str, what: &str, value: f64, published: f64, band: (f64, f64)| {
        found.rows.push(Row::new(name, what, value, Some(published), band, Label::Calibrated));
    };
    row("ecm_on_off", "LRS/HRS at 0.7 V", value("on_off")?, 1e4, within(9.70e3, 0.02));
    row("ecm_selectivity", "LRS at 0.7 V over LRS at 0.35 V", value("selectivity")?, 1e5, within(1.0e5, 0.02));
    row("ecm_lrs_current", "LRS at 0.7 V after 2.0 V, 100 us (A)", value("i_lrs")?, 1e-5, within(1.0007e-5, 0.01));
    row("ecm_set_time", "half current at 2.0 V (s)", value("set_50")?, 27e-6, within(26.7e-6, 0.02));
    row("ecm_reset_time", "half current at -2.0 V (s)", value("reset_50")?, 72e-6, within(72.2e-6, 0.02));
    found.notes.push(format!(
        "switching time is not defined in the paper: set to 10/50/90 % {:.1}/{:.1}/{:.1} us, reset to 90/50/10 % {:.1}/{:.1}/{:.1} us",
        1e6 * value("set_10")?,
        1e6 * value("set_50")?,
        1e6 * value("set_90")?,
        1e6 * value("reset_90")?,
        1e6 * value("reset_50")?,
        1e6 * value("reset_10")?
    ));
    let (time, current) = (deck.column("time")?, deck.column("i(x1.n1)")?);
    let pulse = |name: &str, from: f64, length: f64| -> Curve {
        let inside = time.iter().zip(current).filter(|(t, _)| (from..=from + length).contains(*t));
        let (x, y) = inside.map(|(t, i)| (t - from, i.abs())).unzip();
        Curve { label: name.to_owned(), x, y }
    };
    let curves = vec![pulse("set, +2.0 V", 0.0, 100e-6), pulse("reset, -2.0 V", 1e-3, 300e-6)];
    found.pictures.push((
        "ecm_switching".into(),
        curves_over(
            "Switching of the 1S-1R cell",
            ("Time", Quantity::Time),
            ("|Current|", Quantity::Current),
            Spacing::Log,
            curves,
        ),
    ));
    Ok(())
}

/// Conductances after each pulse, in S.
fn staircase(found: &mut Findings) -> Result<(), String> {
    const PULSES: usize = 21;
    const READ: f64 = 0.7;
    let deck = deck::run_one("ecm_staircase.cir", &[])?;
    let (time, current) = (deck.column("time")?, deck.column("i(x1.n1)")?);
    let read: Vec<f64> = (0..2 * PULSES).map(|k| deck::at(time, current, (k as f64 + 0.67) * 1e-3) / READ).collect();
    let (up, down) = read.split_at(PULSES);
    let micro = |g: &[f64]| g.iter().map(|g| number(1e6 * g)).collect::<Vec<_>>().join(" ");
    found.notes.push(format!("potentiation (uS): {}\ndepression (uS): {}", micro(up), micro(down)));
    let levels = resolved(up).min(resolved(&down.iter().rev().copied().collect::<Vec<_>>()));
    let pulses = PULSES as f64;
    found.rows.push(Row::new(
        "ecm_levels",
        "levels 0.1 % apart, of 21 pulses up, 21 down",
        levels as f64,
        None,
        (pulses, pulses),
        Label::Undetermined,
    ));
    let table =
        [("ecm_level_first", 0, 11.96e-6), ("ecm_level_middle", 10, 21.51e-6), ("ecm_level_last", 20, 27.25e-6)];
    for (name, k, reference) in table {
        let what = format!("conductance after pulse {} (S)", k + 1);
        found.rows.push(Row::new(name, &what, up[k], None, within(reference, 0.01), Label::Undetermined));
    }
    let curve = |label: &str, values: &[f64]| Curve {
        label: label.into(),
        x: (1..=values.len()).map(|n| n as f64).collect(),
        y: values.to_vec(),
    };
    let curves = vec![curve("+2.10 .. +2.50 V", up), curve("-2.20 .. -2.60 V", down)];
    found.pictures.push((
        "ecm_staircase".into(),
        curves_over(
            "Multilevel states, 20 us pulses",
            ("Pulse", Quantity::Plain),
            ("Conductance at 0.7 V", Quantity::Conductance),
            Spacing::Linear,
            curves,
        ),
    ));
    Ok(())
}

/// How many of these rising levels are distinct: a level counts when it lies at least 0.1 % above the one before, far
/// above the tolerance of the run.
fn resolved(levels: &[f64]) -> usize {
    1 + levels.windows(2).filter(|pair| pair[1] > 1.001 * pair[0]).count()
}

fn hysteresis(found: &mut Findings) -> Result<(), String> {
    let deck = deck::run_one("ecm_loop.cir", &[])?;
    found.notes.push(format!(
        "loop at 1 V/s: selector on {:.2} V, set {:.2} V, off {:.2} V, reset {:.2} .. {:.2} V",
        deck.measure("v_on")?,
        deck.measure("v_set")?,
        deck.measure("v_off")?,
        deck.measure("v_reset_90")?,
        deck.measure("v_reset_10")?
    ));
    let curve = Curve {
        label: "1 V/s".into(),
        x: deck.column("v(te)")?.to_vec(),
        y: deck.column("i(x1.n1)")?.iter().map(|i| i.abs().max(1e-13)).collect(),
    };
    found.pictures.push((
        "ecm_loop".into(),
        curves_over(
            "1S-1R cell, quasi-static",
            ("Voltage", Quantity::Voltage),
            ("|Current|", Quantity::Current),
            Spacing::Log,
            vec![curve],
        ),
    ));
    Ok(())
}

fn disturb(found: &mut Findings) -> Result<(), String> {
    let deck = deck::run_one("ecm_disturb.cir", &[])?;
    let table = [
        ("ecm_disturb_read", "state lost by 0.7 V, 10 ms", "lost_read", (-1e-4, 1e-4)),
        ("ecm_disturb_high", "state lost by 1.0 V, 1 ms", "lost_high", (-1e-4, 1e-4)),
        ("ecm_disturb_back", "state lost by -0.7 V, 1 ms", "lost_back", (0.011, 0.013)),
        ("ecm_disturb_half", "state lost by -1.0 V, 72 us", "lost_half", (0.0015, 0.0025)),
    ];
    for (name, what, measure, band) in table {
        found.rows.push(Row::new(name, what, deck.measure(measure)?, None, band, Label::Undetermined));
    }
    Ok(())
}

/// Fig. 4c, S11: switching voltages of eight cells in 25 loops.
fn spread(found: &mut Findings) -> Result<(), String> {
    let steps = deck::run("ecm_spread.cir", &[])?;
    let mut curves = Vec::new();
    for (word, published) in [("set", 0.26), ("reset", 0.35)] {
        let mut cells = Vec::new();
        for k in 0..8 {
            cells.push(steps.iter().map(|s| s.measure(&format!("{word}_{k}"))).collect::<Result<Vec<_>, _>>()?);
        }
        let mut all = cells.concat();
        let (mean, deviation) = mean_and_deviation(&all);
        // three standard errors of a ratio from 200 samples: r sqrt(1/(2n) + r^2/n)
        let n = all.len() as f64;
        let error = 3.0 * published * (0.5 / n + published * published / n).sqrt();
        found.rows.push(Row::new(
            &format!("ecm_spread_{word}"),
            &format!("deviation over mean of the {word} voltage"),
            deviation / mean.abs(),
            Some(published),
            around(published, error),
            Label::Calibrated,
        ));
        let means: Vec<String> = cells.iter().map(|c| format!("{:.2}", mean_and_deviation(c).0)).collect();
        found.notes.push(format!("mean {word} voltage of the eight cells (V): {}", means.join(" ")));
        all.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
        let share = (1..=all.len()).map(|k| k as f64 / n).collect();
        curves.push(Curve { label: word.into(), x: all.iter().map(|v| v.abs()).collect(), y: share });
    }
    found.pictures.push((
        "ecm_spread".into(),
        curves_over(
            "Switching voltages of eight cells in 25 loops",
            ("|Voltage|", Quantity::Voltage),
            ("Cumulative share", Quantity::Plain),
            Spacing::Linear,
            curves,
        ),
    ));
    Ok(())
}
