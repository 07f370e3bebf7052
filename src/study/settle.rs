//! How long a read takes: the sensed signal after the drivers step from 0 to the scheme, lines with resistance and
//! capacitance.
//!
//! ```text
//! t_settle = last t with |y(t) - y_end| > band |y_end|      y_end: operating point with the states held
//! ```

use super::array::{Layout, Wires};
use super::bench::Wanted;
use super::memory::{fits, side_by_side};
use super::pattern::{Choice, Pattern};
use super::pulsed::{self, Pulsed};
use super::read::Reader;
use super::scheme::Scheme;
use super::{Argument, Arguments, Card, Context, Fallback, Kind, Study, StudyError, words};
use crate::plan::Tran;
use crate::result::Stats;
use crate::result::report::{Axis, Chart, Grid, Report, Series, Trust};

/// `.settle`.
pub struct Settle;

const CARD: Card = Card {
    word: "settle",
    summary: "Settling time of a read with the resistance and capacitance of the lines",
    needs_cell: true,
    arguments: ARGUMENTS,
};

const ARGUMENTS: &[Argument] = words::table![
    words::STATES,
    &[
        words::SCHEMES,
        words::CUSTOM,
        Argument { fallback: Fallback::Is("16"), kind: Kind::Counts { low: 2, high: 8192 }, ..words::SIZES },
        words::COLS,
        Argument { fallback: Fallback::Is("all-lrs"), ..words::PATTERN },
        words::VREAD,
        words::RPU,
        Argument { fallback: Fallback::Is("1p"), ..pulsed::EDGE },
        Argument {
            name: "band",
            kind: Kind::Number { low: 1e-6, high: 0.5 },
            unit: "",
            fallback: Fallback::Is("0.01"),
            text: "Half width of the band around the final value, relative to it.",
        },
    ],
    pulsed::CAPACITANCES,
    words::LINES,
];

/// Truncation errors well below any band: charges are followed to 1e-7, however small they are.
const OPTIONS: &str = ".options reltol=1e-7 chgtol=1e-24 vntol=1e-9 abstol=1e-16 trtol=7\n";
/// The time of a transient that turns out too short grows by this factor,
const LONGER: f64 = 8.0;
/// so often.
const TRIES: usize = 12;

/// One array to wait for.
struct Point<'a> {
    scheme: &'a Scheme,
    size: usize,
    lrs: bool,
}

/// What was seen.
struct Settled {
    time: f64,
    end: f64,
    overshoot: f64,
    axis: Vec<f64>,
    signal: Vec<f64>,
    stats: Vec<Stats>,
}

impl Study for Settle {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn headline(&self) -> &'static str {
        "t_settle"
    }

    fn run(&self, context: &Context, arguments: &Arguments) -> Result<Report, StudyError> {
        let reader = Reader::of(context, arguments)?;
        let wires = pulsed::wires(&reader, arguments);
        let pattern = Choice::one(context, arguments, "the settling")?;
        let schemes = super::margin::schemes(context, arguments)?;
        let size = |scheme| arguments.counts("sizes").iter().map(move |&size| (scheme, size));
        let points: Vec<Point> = schemes
            .iter()
            .flat_map(size)
            .flat_map(|(scheme, size)| [true, false].map(|lrs| Point { scheme, size, lrs }))
            .collect();
        context.watch.expect(points.len());
        let cols = arguments.count_if_given("cols");
        let outcomes = side_by_side(
            &points,
            |point| (point.size, cols.unwrap_or(point.size), reader.alone.bytes),
            |point| {
                context.check()?;
                let outcome = settle(context, arguments, &reader, wires, &pattern, point);
                context.watch.advance();
                outcome
            },
        );
        let mut report = Report { title: format!("Settling of a read of {}", reader.cell.name()), ..Report::default() };
        define(&mut report, &schemes, arguments.number("band"));
        report.notes = reader.remarks();
        report.notes.push(format!("pattern {}", pattern.describe((0, 0))));
        if wires.cwl == 0.0 && wires.cbl == 0.0 {
            report.notes.push("the lines have no capacitance (cwire=0): nothing but the cell can be slow".to_owned());
        }
        report.rows = Grid::new(&["scheme", "size", "state", "t_settle:s", "final", "overshoot"]);
        let mut curves = Vec::new();
        for (point, outcome) in points.iter().zip(outcomes) {
            let state = if point.lrs { "lrs" } else { "hrs" };
            let settled = match outcome {
                Ok(settled) => settled,
                Err(error @ StudyError::Circuit { .. }) => return Err(error),
                Err(error) if error.is_interruption() => return Err(error),
                Err(error) => {
                    report.failures.push(format!("{}, {} lines, {state}: {error}", point.scheme.name, point.size));
                    continue;
                }
            };
            let mut trust = Trust::default();
            settled.stats.iter().for_each(|stats| trust.add(stats));
            report.trust.join(&trust);
            let Settled { time, end, overshoot, axis, signal, .. } = settled;
            let head = [point.scheme.name.as_str().into(), point.size.into(), state.into()];
            report.rows.push(head.into_iter().chain([time, end, overshoot].map(Into::into)));
            let label = format!("{} {} {state}", point.scheme.name, point.size);
            curves.push(Series { label, x: axis, y: signal.iter().map(|y| y / end).collect() });
        }
        report.charts.push(Chart {
            name: "signal".to_owned(),
            title: report.title.clone(),
            x: Axis::linear("Time", "s"),
            y: Axis::linear("Sensed signal over its final value", ""),
            series: curves,
        });
        Ok(report)
    }
}

fn define(report: &mut Report, schemes: &[Scheme], band: f64) {
    let settle = format!(
        "time from the start of the edge after which the sensed signal stays within {} % of its final value",
        100.0 * band
    );
    report.definitions = vec![
        ("t_settle".to_owned(), settle),
        (
            "final".to_owned(),
            "V at the end of a pulled-up bit line, else A out of the selected bit line, at the operating point with \
             the memory states held"
                .to_owned(),
        ),
        ("overshoot".to_owned(), "largest signal over the final value, minus 1; 0 when it is never above".to_owned()),
    ];
    report.definitions.extend(schemes.iter().map(|s| (format!("scheme {}", s.name), s.text.clone())));
}

fn settle(
    context: &Context,
    arguments: &Arguments,
    reader: &Reader,
    wires: Wires,
    pattern: &Pattern,
    point: &Point,
) -> Result<Settled, StudyError> {
    let (rows, cols) = (point.size, arguments.count_if_given("cols").unwrap_or(point.size));
    let chosen = (arguments.count_if_given("row"), arguments.count_if_given("col"));
    let layout = Layout::select(rows, cols, chosen, wires)?;
    fits(rows, cols, reader.alone.bytes)?;
    let mut lrs = pattern.states(rows, cols, layout.selected)?;
    lrs[layout.selected.0 * cols + layout.selected.1] = point.lrs;
    let pulsed = Pulsed { reader, scheme: point.scheme, layout, lrs: &lrs };
    let still = pulsed.still(context, vec![pulsed.sensed()])?;
    let end = still.last(0);
    if end == 0.0 || !end.is_finite() {
        return Err(StudyError::request("nothing is sensed at the operating point, so there is nothing to wait for"));
    }
    let (edge, band) = (arguments.number("edge"), arguments.number("band"));
    let wave = |volts: f64| format!("pwl(0 0 {edge:?} {volts:?})");
    let mut stats = vec![still.stats];
    let mut stop = first_guess(reader, &layout, point.scheme.senses_voltage()).max(20.0 * edge);
    for _ in 0..TRIES {
        context.check()?;
        let tran = Tran { step: stop / 50.0, stop, start: 0.0, max_step: None, uic: false };
        let wanted = Wanted { signals: vec![pulsed.sensed()], ..Wanted::default() };
        let mut solution = pulsed.moving(context, &wave, OPTIONS, tran, &wanted)?;
        let signal = if solution.values.is_empty() { Vec::new() } else { solution.values.swap_remove(0) };
        stats.push(solution.stats);
        let time = last_outside(&solution.axis, &signal, end, band);
        if time < 0.5 * stop {
            let top = signal.iter().map(|y| y / end).fold(f64::NEG_INFINITY, f64::max);
            let overshoot = (top - 1.0).max(0.0);
            return Ok(Settled { time, end, overshoot, axis: solution.axis, signal, stats });
        }
        stop *= LONGER;
    }
    Err(StudyError::request(format!(
        "the signal is not within {} % of {end:.4e} after {:.1e} s: a state moves during the read, or a line floats \
         on nothing but a leak",
        100.0 * band,
        stop / LONGER
    )))
}

/// Resistance times capacitance of both lines with what drives them; the search corrects it.
#[allow(clippy::cast_precision_loss, reason = "an estimate")]
fn first_guess(reader: &Reader, layout: &Layout, loaded: bool) -> f64 {
    let (rows, cols) = (layout.rows as f64, layout.cols as f64);
    let Wires { rwl, rbl, cwl, cbl } = layout.wires;
    let load = if loaded { reader.load } else { 0.0 };
    let word = (reader.driver + cols * rwl) * cols * cwl;
    let bit = (reader.driver + load + rows * rbl) * rows * cbl;
    8.0 * (word + bit)
}

/// The last time at which a signal enters the band around its end, linear between points; 0 when it never left it.
fn last_outside(axis: &[f64], signal: &[f64], end: f64, band: f64) -> f64 {
    let off = |y: f64| (y - end).abs() - band * end.abs();
    let Some(k) = signal.iter().rposition(|&y| off(y) > 0.0) else { return 0.0 };
    match (axis.get(k + 1), signal.get(k + 1)) {
        (Some(t1), Some(y1)) => {
            let (before, after) = (off(signal[k]), off(*y1));
            axis[k] + (t1 - axis[k]) * before / (before - after)
        }
        _ => f64::INFINITY,
    }
}

#[cfg(test)]
mod tests {
    use super::last_outside;

    #[test]
    fn the_band_is_entered_for_good_after_the_last_excursion() {
        let (t, y) = ([0.0, 1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 1.2, 1.0, 1.0]);
        // from 1.2 to 1.0 the upper edge 1.1 is passed half-way
        assert!((last_outside(&t, &y, 1.0, 0.1) - 2.5).abs() < 1e-12);
        assert!((last_outside(&t, &y, 1.0, 0.5) - 0.5).abs() < 1e-12);
        assert_eq!(last_outside(&t, &[0.0; 5], 1.0, 0.1), f64::INFINITY);
        assert_eq!(last_outside(&t, &[1.0; 5], 1.0, 0.1), 0.0);
    }
}
