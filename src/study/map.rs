//! Maps of one biased array: voltage, IR drop, current, power, resistance, data and states of every cell.
//!
//! ```text
//! IR drop = 1 - V / V_ideal      V_ideal: the same cell with wires of no resistance
//! ```

use super::array::Layout;
use super::pattern::Choice;
use super::read::{CellMaps, Reader};
use super::scheme::Scheme;
use super::{Argument, Arguments, Card, Context, Fallback, Study, StudyError, words};
use crate::result::report::{Grid, Map, Report, Value};

/// `.map`.
pub struct Maps;

const CARD: Card = Card {
    word: "map",
    summary: "Voltage, IR drop, current, power and state of every cell of a biased array",
    needs_cell: true,
    arguments: ARGUMENTS,
};

const ARGUMENTS: &[Argument] = words::table![
    words::STATES,
    &[
        Argument { fallback: Fallback::Is("parallel"), ..words::SCHEME },
        words::CUSTOM,
        words::ROWS,
        words::COLS,
        Argument { fallback: Fallback::Is("all-lrs"), ..words::PATTERN },
        words::VREAD,
        words::RPU,
    ],
    words::LINES,
];

/// A cell with less than this share of V across it when wires are ideal has no IR drop to speak of.
const NOTHING: f64 = 1e-3;

impl Study for Maps {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn run(&self, context: &Context, arguments: &Arguments) -> Result<Report, StudyError> {
        let reader = Reader::of(context, arguments)?;
        let scheme = Scheme::find(arguments.word("scheme"), arguments.parameters("custom"), context.definitions)?;
        let layout = Layout::of(arguments, reader.wires)?;
        let pattern = Choice::one(context, arguments, "a map")?;
        context.watch.expect(2);
        let real = reader.cells(context, &scheme, &layout, &pattern)?;
        context.watch.advance();
        let ideal = if layout.wires.is_ideal() && reader.driver == 0.0 {
            real.clone()
        } else {
            let free = Layout { wires: super::array::Wires::default(), ..layout };
            Reader { driver: 0.0, ..reader.clone() }.cells(context, &scheme, &free, &pattern)?
        };
        context.watch.advance();
        let mut report = Report {
            title: format!("{} x {} cells of {}, {}", layout.rows, layout.cols, reader.cell.name(), scheme.name),
            ..Report::default()
        };
        report.trust.add(&real.stats);
        report.trust.add(&ideal.stats);
        let volts = reader.volts;
        report.definitions = [
            ("voltage", "V across the cell, word line minus bit line"),
            ("ir_drop", "1 - V / V_ideal, V_ideal across the same cell when wires and drivers have no resistance; blank where V_ideal is below 0.1 % of V"),
            ("current", "A from word line to bit line through the cell"),
            ("power", "W dissipated in the cell"),
            ("resistance", "V / I of the cell"),
            ("data", "1 where the pattern says LRS, 0 where it says HRS"),
            ("state_..", "state of the devices of the cell at the operating point, by its name"),
            ("worst", "smallest |V| and |I|, largest magnitude of everything else, with its row and column from 0"),
            ("p1 .. p99", "the value that 1 %, 5 %, .. of the cells do not exceed"),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .to_vec();
        report.definitions.push((format!("scheme {}", scheme.name), scheme.text.clone()));
        report.notes.push(format!("pattern {}, V = {volts} V", pattern.describe(layout.selected)));
        report.maps = maps(&real, &ideal, &layout, volts);
        report.rows = Grid::new(&[
            "quantity", "unit", "worst", "row", "col", "mean", "least", "p1", "p5", "median", "p95", "p99", "largest",
        ]);
        for map in report.maps.iter().filter(|map| map.name != "data") {
            let row = statistics(map);
            report.rows.push(row);
        }
        Ok(report)
    }
}

fn maps(real: &CellMaps, ideal: &CellMaps, layout: &Layout, volts: f64) -> Vec<Map> {
    let drop = real.voltage.iter().zip(&ideal.voltage);
    let drop = drop.map(|(v, i)| if i.abs() < NOTHING * volts { f64::NAN } else { 1.0 - v / i }).collect();
    let ratio = real.voltage.iter().zip(&real.current).map(|(v, i)| if *i == 0.0 { f64::NAN } else { v / i }).collect();
    let list = [
        ("voltage", "Cell voltage", "V", real.voltage.clone()),
        ("ir_drop", "IR drop", "", drop),
        ("current", "Cell current", "A", real.current.clone()),
        ("power", "Cell power", "W", real.power.clone()),
        ("resistance", "Cell resistance", "Ohm", ratio),
        ("data", "Data, 1 = LRS", "", real.lrs.iter().map(|lrs| f64::from(u8::from(*lrs))).collect()),
    ];
    let named = |name: &str| (format!("state_{name}"), format!("State {name}"));
    let states = real.states.iter().map(|(name, values)| (named(name), "", values.clone()));
    let all = list.map(|(name, label, unit, values)| ((name.to_owned(), label.to_owned()), unit, values));
    let map = |((name, label), unit, values): ((String, String), &str, Vec<f64>)| Map {
        name,
        label,
        unit: unit.to_owned(),
        rows: layout.rows,
        cols: layout.cols,
        values,
        axes: None,
    };
    all.into_iter().chain(states).map(map).collect()
}

/// Worst is the largest magnitude; for the cell voltage it is the smallest, which is what a cell suffers from.
fn statistics(map: &Map) -> Vec<Value> {
    let mut finite: Vec<f64> = map.values.iter().copied().filter(|v| v.is_finite()).collect();
    finite.sort_by(f64::total_cmp);
    let low = map.name == "voltage" || map.name == "current";
    let worse = |a: &f64, b: &f64| if low { b.abs().total_cmp(&a.abs()) } else { a.abs().total_cmp(&b.abs()) };
    let worst = finite.iter().copied().max_by(worse).unwrap_or(f64::NAN);
    let (row, col) = map.place_of(worst);
    #[allow(clippy::cast_precision_loss, reason = "a mean")]
    let mean = finite.iter().sum::<f64>() / finite.len() as f64;
    let place = [row, col].map(Value::from);
    let shares = [0.0, 0.01, 0.05, 0.5, 0.95, 0.99, 1.0].map(|share| quantile(&finite, share));
    let numbers = [mean].into_iter().chain(shares).map(Value::from);
    let names = [map.name.as_str().into(), map.unit.as_str().into(), worst.into()];
    names.into_iter().chain(place).chain(numbers).collect()
}

/// The value that a share of the sorted values does not exceed: the smallest such value, no interpolation.
#[must_use]
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank.min(sorted.len()).saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_are_values_of_the_sample() {
        let sorted: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!([0.5, 0.95, 0.99, 1.0, 0.0].map(|q| quantile(&sorted, q)), [50.0, 95.0, 99.0, 100.0, 1.0]);
        assert!(quantile(&[], 0.5).is_nan());
    }
}
