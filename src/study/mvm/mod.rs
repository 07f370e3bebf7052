//! Matrix-vector product of an array against the ideal one, with the errors that come in one after the other: levels and
//! converters of the inputs, programming, the circuit, converters of the outputs.

mod arguments;
mod circuit;
mod mapping;
mod score;

use super::cell::Cell;
use super::feedforward::ErrorLaw;
use super::{Arguments, Card, Context, Study, StudyError, file, memory};
use crate::elaborate::percell::Matrix;
use crate::numeric::rng::Stream;
use crate::result::report::{Axis, Chart, Fact, Grid, Report, Series, Trust, Value};
use circuit::Crossbar;
use mapping::{Form, Mapping, quantise};
use score::Score;

/// `.mvm`.
pub struct Mvm;

const CARD: Card = Card {
    word: "mvm",
    summary: "Matrix-vector product of an array: error, SNR and effective bits against the ideal product",
    needs_cell: true,
    arguments: arguments::ARGUMENTS,
};

/// Most products in the figure.
const MOST_SHOWN: usize = 500;
/// A cell that programming took out of its range still conducts this share of gmin.
const LEAST: f64 = 1e-3;

/// Weights, inputs and how they meet.
struct Question {
    weights: Matrix,
    vectors: Vec<Vec<f64>>,
    mapping: Mapping,
}

/// Products of all vectors behind each source of error.
struct Stages {
    ideal: Vec<f64>,
    named: Vec<(&'static str, Vec<f64>)>,
    linear: bool,
}

impl Study for Mvm {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn headline(&self) -> &'static str {
        "snr"
    }

    fn run(&self, context: &Context, arguments: &Arguments) -> Result<Report, StudyError> {
        let question = Question::of(context, arguments)?;
        context.watch.expect(1);
        let mut trust = Trust::default();
        let stages = question.stages(context, arguments, &mut trust)?;
        context.watch.advance();
        let Mapping { inputs, outputs, .. } = question.mapping;
        let mut report = Report { title: format!("Products of a {inputs} x {outputs} matrix"), ..Report::default() };
        report.trust = trust;
        define(&mut report);
        report.rows = Grid::new(&["inputs", "outputs", "vectors", "error", "rmse", "snr:dB", "enob", "worst"]);
        let mut table = Grid::new(&["stage", "error", "rmse", "snr:dB", "enob", "worst"]);
        let numbers = |s: &Score| [s.error, s.rmse, finite(s.snr), finite(s.enob), s.worst].map(Value::from);
        for (k, (stage, products)) in stages.named.iter().enumerate() {
            let score = Score::of(products, &stages.ideal);
            table.push([Value::from(*stage)].into_iter().chain(numbers(&score)));
            if k + 1 == stages.named.len() {
                let head = [Value::from(inputs), outputs.into(), question.vectors.len().into()];
                report.rows.push(head.into_iter().chain(numbers(&score)));
            }
        }
        report.tables.push(("stages".to_owned(), table));
        let how = if stages.linear { "one transfer matrix" } else { "an operating point per vector" };
        report.notes.push(format!("{} bit lines, solved by {how}", question.mapping.columns()));
        report.facts.push(Fact {
            name: "bit_lines".to_owned(),
            value: question.mapping.columns().into(),
            unit: String::new(),
        });
        report.charts.push(chart(&stages));
        Ok(report)
    }
}

/// Nothing is off at all: there is no ratio.
fn finite(x: f64) -> f64 {
    if x.is_finite() { x } else { f64::NAN }
}

fn define(report: &mut Report) {
    let texts = [
        ("error", "|y' - y| / |y|, Frobenius norms over all vectors, y the ideal product of the weights as given"),
        ("rmse", "root of the mean square of y' - y, in units of the product"),
        ("snr", "10 log10(sum y^2 / sum (y - y')^2)"),
        ("enob", "(SNR - 1.76) / 6.02"),
        ("worst", "largest |y' - y|"),
        ("stage quantised", "levels of the conductances and bits of the inputs"),
        ("stage programmed", "with programming errors and stuck cells"),
        ("stage circuit", "with the real cells, wires, drivers and sense resistors"),
        ("stage converted", "with the bits of the column currents: the result"),
    ];
    report.definitions = texts.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec();
}

fn chart(stages: &Stages) -> Chart {
    let last = stages.named.last().map(|(_, products)| products.clone()).unwrap_or_default();
    let mut pairs: Vec<(f64, f64)> = stages.ideal.iter().copied().zip(last).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    // products are points, not a curve: a gap behind each; of many every n-th is shown
    let shown = pairs.iter().step_by(pairs.len().div_ceil(MOST_SHOWN).max(1));
    let (x, y) = shown.flat_map(|&(x, y)| [(x, y), (x, f64::NAN)]).unzip();
    let ends = [pairs.first(), pairs.last()].map(|pair| pair.map_or(f64::NAN, |p| p.0)).to_vec();
    Chart {
        name: "products".to_owned(),
        title: "Products of the array over ideal products".to_owned(),
        x: Axis::linear("Ideal product", ""),
        y: Axis::linear("Product of the array", ""),
        series: vec![
            Series { label: "array".to_owned(), x, y },
            Series { label: "ideal".to_owned(), x: ends.clone(), y: ends },
        ],
    }
}

impl Question {
    fn of(context: &Context, arguments: &Arguments) -> Result<Self, StudyError> {
        let (seed, run) = (context.definitions.seed(), context.definitions.run().unwrap_or(0));
        let form = match arguments.word("mapping") {
            "single" => Form::Single,
            "offset" => Form::Offset,
            _ => Form::Differential,
        };
        let weights = match arguments.word("weights") {
            "" => {
                let rows = arguments.count("rows");
                let cols = arguments.count_if_given("cols").unwrap_or(rows);
                let mut random = Stream::new(seed, run, "mvm.weights");
                let mut draw = || if form == Form::Single { random.uniform() } else { 2.0 * random.uniform() - 1.0 };
                Matrix { rows, cols, values: (0..rows * cols).map(|_| draw()).collect() }
            }
            name => file::matrix(context, arguments, "weights", name)?,
        };
        let vectors = match arguments.word("inputs") {
            "" => {
                let mut random = Stream::new(seed, run, "mvm.inputs");
                let count = arguments.count("vectors");
                (0..count).map(|_| (0..weights.rows).map(|_| random.uniform()).collect()).collect()
            }
            name => vectors(context, arguments, name, weights.rows)?,
        };
        let range = (arguments.number("gmin"), arguments.number("gmax"));
        let mapping = Mapping::of(form, &weights.values, weights.rows, range).map_err(StudyError::Request)?;
        Ok(Self { weights, vectors, mapping })
    }

    fn stages(&self, context: &Context, arguments: &Arguments, trust: &mut Trust) -> Result<Stages, StudyError> {
        let (rows, cols) = (self.mapping.inputs, self.mapping.columns());
        let bits = |name: &str| steps(arguments.count(name));
        let converted: Vec<Vec<f64>> =
            self.vectors.iter().map(|x| x.iter().map(|x| rounded(*x, bits("dac"))).collect()).collect();
        #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
        let levels = arguments.count("levels") as f64;
        let exact: Vec<f64> =
            self.mapping.shares(&self.weights.values).iter().map(|s| self.mapping.conductance(*s)).collect();
        let shares = self.mapping.shares(&self.weights.values);
        let aimed: Vec<f64> = shares.iter().map(|s| self.mapping.conductance(quantise(*s, levels))).collect();
        let programmed = programmed(&aimed, context, arguments)?;
        let volts = arguments.number("vread");
        let scaled: Vec<Vec<f64>> = converted.iter().map(|x| x.iter().map(|x| x * volts).collect()).collect();
        let rwire = arguments.number("rwire");
        let line = |name: &str| arguments.number_if_given(name).unwrap_or(rwire);
        let conducts = arguments.word("takes") == "conductance";
        let cell = Cell::of(context.definitions, arguments)?;
        memory::fits(rows, cols, memory::of_cell(context.definitions, &cell)?)?;
        let crossbar = Crossbar {
            cell: &cell,
            parameter: arguments.word("parameter").to_lowercase(),
            values: programmed.iter().map(|g| if conducts { *g } else { 1.0 / g }).collect(),
            rows,
            cols,
            wires: (line("rwl"), line("rbl")),
            driver: arguments.number("rdriver"),
            sense: arguments.number("rsense"),
        };
        let (currents, linear) = crossbar.currents(context, &scaled, trust)?;
        let currents: Vec<f64> = currents.iter().map(|i| i / volts).collect();
        let range = ideal_currents(&exact, &self.vectors, cols).iter().fold(0.0f64, |m, i| m.max(i.abs()));
        let read: Vec<f64> = currents.iter().map(|i| range * rounded(i / range, bits("adc"))).collect();
        let products = |currents: &[f64]| -> Vec<f64> {
            let each = currents.chunks_exact(cols).zip(&converted);
            each.flat_map(|(row, x)| self.mapping.products(row, x.iter().sum())).collect()
        };
        let ideal = ideal_currents(&self.weights.values, &self.vectors, self.mapping.outputs);
        let named = vec![
            ("quantised", products(&ideal_currents(&aimed, &converted, cols))),
            ("programmed", products(&ideal_currents(&programmed, &converted, cols))),
            ("circuit", products(&currents)),
            ("converted", products(&read)),
        ];
        Ok(Stages { ideal, named, linear })
    }
}

/// Input vectors of a file.
fn vectors(context: &Context, arguments: &Arguments, name: &str, inputs: usize) -> Result<Vec<Vec<f64>>, StudyError> {
    let found = file::matrix(context, arguments, "inputs", name)?;
    if found.cols != inputs {
        return Err(StudyError::request(format!(
            "`{name}` holds vectors of {} numbers, the weights have {inputs} inputs",
            found.cols
        )));
    }
    if let Some(k) = found.values.iter().position(|x| x.abs() > 1.0) {
        return Err(StudyError::request(format!(
            "`{name}`: {} in row {} is outside -1..1, the range of the drivers",
            found.values[k],
            k / found.cols + 1
        )));
    }
    Ok(found.values.chunks_exact(found.cols).map(<[f64]>::to_vec).collect())
}

/// Steps of a converter over 0..1; 0 for an ideal one.
fn steps(bits: usize) -> f64 {
    if bits == 0 { 0.0 } else { (1u64 << bits.min(32)) as f64 - 1.0 }
}

/// `x` on the steps of a converter of 0..1, or of -1..0 for the other sign, clipped at full scale.
fn rounded(x: f64, steps: f64) -> f64 {
    if steps == 0.0 { x } else { (x * steps).round().clamp(-steps, steps) / steps }
}

/// `vectors x columns`, products of inputs and a matrix, row-major.
fn ideal_currents(matrix: &[f64], vectors: &[Vec<f64>], columns: usize) -> Vec<f64> {
    let mut out = vec![0.0; vectors.len() * columns];
    for (row, x) in out.chunks_exact_mut(columns).zip(vectors) {
        for (x, weights) in x.iter().zip(matrix.chunks_exact(columns)) {
            row.iter_mut().zip(weights).for_each(|(sum, w)| *sum += x * w);
        }
    }
    out
}

/// Conductances as they come out of programming.
fn programmed(aimed: &[f64], context: &Context, arguments: &Arguments) -> Result<Vec<f64>, StudyError> {
    let (low, high) = (arguments.number("gmin"), arguments.number("gmax"));
    let (stuck_low, stuck_high) = (arguments.number("stuck_low"), arguments.number("stuck_high"));
    if stuck_low + stuck_high > 1.0 {
        return Err(StudyError::request(format!(
            "stuck_low= and stuck_high= are shares of all cells: {stuck_low} and {stuck_high} are more than 1 together"
        )));
    }
    let sigma = arguments.number("sigma");
    let student = ErrorLaw { location: 0.0, scale: 1.0, freedom: arguments.number("freedom") };
    let (seed, run) = (context.definitions.seed(), context.definitions.run().unwrap_or(0));
    // streams of their own: neither the law nor the share of stuck cells changes what the other draws
    let (mut random, mut fate) = (Stream::new(seed, run, "mvm.programming"), Stream::new(seed, run, "mvm.stuck"));
    let one = |g: &f64| {
        let u = fate.uniform();
        let landed = match arguments.word("law") {
            "lognormal" => g * (sigma * random.normal()).exp(),
            "student" => g + sigma * (high - low) * student.draw(&mut random),
            _ => g + sigma * (high - low) * random.normal(),
        };
        match u {
            u if u < stuck_low => low,
            u if u < stuck_low + stuck_high => high,
            _ => landed.max(LEAST * low),
        }
    };
    Ok(aimed.iter().map(one).collect())
}
