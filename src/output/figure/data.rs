//! What a figure shows, and how it comes from plans and tables.

use super::axis::Spacing;
use crate::numeric::formula::FormulaBuilder;
use crate::output::trace::{evaluate, step_values};
use crate::plan::{Figure, Quantity, Trace};
use crate::result::report::{MapAxes, PaperGroup};
use crate::result::{ArraySnapshot, Column, Table};
use crate::units::format_si;

/// A figure.
#[derive(Debug, Clone, PartialEq)]
pub enum FigureData {
    /// Curves in stacked panels that share the abscissa.
    Curves(CurvePlot),
    /// One quantity of an array.
    Map(MapPlot),
    /// Samples on probability paper.
    Paper(PaperPlot),
}

/// Samples on probability paper: a distribution of its kind is a straight line over the logarithm of the value.
#[derive(Debug, Clone, PartialEq)]
pub struct PaperPlot {
    /// Above the figure; may be empty.
    pub title: String,
    /// Name of the values, without unit.
    pub x_name: String,
    /// What they are.
    pub x_quantity: Quantity,
    /// Place and text of the labels of the ordinate.
    pub ticks: Vec<(f64, String)>,
    /// Samples.
    pub groups: Vec<PaperGroup>,
}

/// Curves over one abscissa.
#[derive(Debug, Clone, PartialEq)]
pub struct CurvePlot {
    /// Above the figure; may be empty.
    pub title: String,
    /// Name of the abscissa, without unit.
    pub x_name: String,
    /// What it holds.
    pub x_quantity: Quantity,
    /// Its scale.
    pub x_spacing: Spacing,
    /// One per quantity, from the top.
    pub panels: Vec<Panel>,
}

/// The curves of one quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Name of the ordinate, without unit.
    pub name: String,
    /// What it holds.
    pub quantity: Quantity,
    /// Its scale; logarithmic means |y|.
    pub spacing: Spacing,
    /// Curves, first below.
    pub curves: Vec<Curve>,
}

/// One curve; a point that is not finite interrupts it.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Legend text.
    pub label: String,
    /// Abscissae.
    pub x: Vec<f64>,
    /// Ordinates, as many.
    pub y: Vec<f64>,
}

/// A matrix as colours.
#[derive(Debug, Clone, PartialEq)]
pub struct MapPlot {
    /// Above the figure; may be empty.
    pub title: String,
    /// Name of the quantity, without unit.
    pub name: String,
    /// What it holds.
    pub quantity: Quantity,
    /// Scale of the colours.
    pub spacing: Spacing,
    /// Word lines.
    pub rows: usize,
    /// Bit lines.
    pub cols: usize,
    /// Row-major values; not finite = blank.
    pub values: Vec<f64>,
    /// Index of the first row and column.
    pub base: usize,
    /// What rows and columns stand for, where it is not word and bit lines.
    pub axes: Option<MapAxes>,
}

impl FigureData {
    /// The figure of a `.plot` card over the tables of one analysis, one table per step.
    ///
    /// Without an axis (stepped operating points) the first step parameter is the abscissa.
    ///
    /// # Errors
    /// In plain words, when there is nothing to draw.
    pub fn curves(figure: &Figure, tables: &[Table]) -> Result<Self, String> {
        let first = tables.first().ok_or("there is no result to plot")?;
        let title = figure.title.clone().unwrap_or_else(|| bare_title(&first.header.title));
        let spacing = |log: bool| if log { Spacing::Log } else { Spacing::Linear };
        let x_trace = figure.versus.as_ref();
        let families = if x_trace.is_some() || first.header.has_axis {
            tables.iter().map(|t| family(figure, x_trace, t, tables.len())).collect()
        } else {
            vec![across_steps(figure, tables)?]
        };
        let (x_name, x_quantity) = match x_trace {
            Some(trace) => (trace.label.clone(), trace.quantity),
            None => axis_name(first),
        };
        let panels = group(&figure.traces, families, spacing(figure.log_y));
        let plot = CurvePlot { title, x_name, x_quantity, x_spacing: spacing(figure.log_x), panels };
        if plot.panels.iter().flat_map(|p| &p.curves).all(|c| c.x.len() < 2) {
            return Err("a curve needs at least two points; an operating point has one: add `.dc`, `.tran` or `.step`, or use `.print`".to_owned());
        }
        Ok(Self::Curves(plot))
    }

    /// The figure of named columns (all saved ones when `names` is empty) without a `.plot` card.
    ///
    /// # Errors
    /// In plain words: an unknown name with the nearest known one, or nothing to draw.
    pub fn columns(names: &[String], tables: &[Table]) -> Result<Self, String> {
        let first = tables.first().ok_or("there is no result to plot")?;
        let axis = usize::from(first.header.has_axis);
        let columns = &first.header.columns;
        let picked: Vec<usize> = if names.is_empty() {
            (axis..first.header.saved.min(columns.len())).collect()
        } else {
            names.iter().map(|name| find_column(columns, name)).collect::<Result<_, _>>()?
        };
        let trace = |k: usize| {
            let mut builder = FormulaBuilder::new();
            // slot 0 is the axis whether or not there is one
            let value = builder.slot((k + 1 - axis) as u32);
            let formula = builder.finish(value);
            Trace { label: columns[k].name.clone(), quantity: columns[k].quantity, formula }
        };
        let traces = picked.into_iter().map(trace).collect();
        let card = Figure { analysis: None, title: None, traces, versus: None, log_x: false, log_y: false, file: None };
        Self::curves(&card, tables)
    }

    /// The map of one quantity of a snapshot. Positive values over three decades or more get logarithmic colours.
    ///
    /// # Errors
    /// When the snapshot has no such quantity.
    pub fn map(snapshot: &ArraySnapshot, quantity: &str, title: &str, base: usize) -> Result<Self, String> {
        let Some((_, values)) = snapshot.matrices.iter().find(|(name, _)| name == quantity) else {
            let known: Vec<&str> = snapshot.matrices.iter().map(|(name, _)| name.as_str()).collect();
            return Err(format!("the snapshot of {} holds {}, not {quantity}", snapshot.array, known.join(", ")));
        };
        let finite = || values.iter().copied().filter(|v| v.is_finite());
        let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(0.0, f64::max));
        let spacing = if low > 0.0 && high >= 1e3 * low { Spacing::Log } else { Spacing::Linear };
        let (name, quantity) = match quantity {
            "v" => ("Cell voltage", Quantity::Voltage),
            "i" => ("Cell current", Quantity::Current),
            "p" => ("Cell power", Quantity::Power),
            "r" => ("Cell resistance", Quantity::Resistance),
            "g" => ("Cell conductance", Quantity::Conductance),
            "wl" => ("Word-line voltage", Quantity::Voltage),
            "bl" => ("Bit-line voltage", Quantity::Voltage),
            other => (other, Quantity::Plain),
        };
        Ok(Self::Map(MapPlot {
            title: bare_title(title),
            name: name.to_owned(),
            quantity,
            spacing,
            rows: snapshot.rows,
            cols: snapshot.cols,
            values: values.clone(),
            base,
            axes: None,
        }))
    }
}

fn find_column(columns: &[Column], name: &str) -> Result<usize, String> {
    let wanted: String = name.to_lowercase().split_whitespace().collect();
    columns.iter().position(|c| c.name == wanted).ok_or_else(|| {
        let nearest = columns.iter().min_by_key(|c| strsim::damerau_levenshtein(&c.name, &wanted));
        let hint = nearest.map_or_else(String::new, |c| format!("; the nearest is {}", c.name));
        format!("nothing named {name} was recorded{hint}")
    })
}

/// The curves of all traces at one step.
fn family(figure: &Figure, versus: Option<&Trace>, table: &Table, steps: usize) -> Vec<Curve> {
    let x = match versus {
        Some(trace) => evaluate(&trace.formula, table),
        None => table.data.first().cloned().unwrap_or_default(),
    };
    let step = if steps > 1 { step_text(&table.header.step) } else { String::new() };
    let curve =
        |trace: &Trace| Curve { label: joined(&trace.label, &step), x: x.clone(), y: evaluate(&trace.formula, table) };
    figure.traces.iter().map(curve).collect()
}

/// One curve per trace through the single points of all steps.
fn across_steps(figure: &Figure, tables: &[Table]) -> Result<Vec<Curve>, String> {
    let x: Option<Vec<f64>> =
        tables.iter().map(|t| step_values(&t.header.step).first().and_then(|(_, value)| value.parse().ok())).collect();
    let x = x.ok_or("an operating point is one point and no curve: add `.dc`, `.tran` or `.step`, or use `.print`")?;
    let value = |trace: &Trace, t: &Table| evaluate(&trace.formula, t).first().copied().unwrap_or(f64::NAN);
    let curve = |trace: &Trace| Curve {
        label: trace.label.clone(),
        x: x.clone(),
        y: tables.iter().map(|t| value(trace, t)).collect(),
    };
    Ok(figure.traces.iter().map(curve).collect())
}

/// One panel per quantity, in the order the traces name them.
fn group(traces: &[Trace], families: Vec<Vec<Curve>>, spacing: Spacing) -> Vec<Panel> {
    let mut panels: Vec<Panel> = Vec::new();
    for family in families {
        for (trace, mut curve) in traces.iter().zip(family) {
            let alone = traces.iter().filter(|t| t.quantity == trace.quantity).count() == 1;
            if alone && curve.label != trace.label {
                // the ordinate names the trace, the legend only the step
                curve.label = curve.label[trace.label.len()..].trim_start_matches([',', ' ']).to_owned();
            }
            match panels.iter_mut().find(|p| p.quantity == trace.quantity) {
                Some(panel) => panel.curves.push(curve),
                None => {
                    let name = if alone { trace.label.clone() } else { shared_name(traces, trace.quantity) };
                    panels.push(Panel { name, quantity: trace.quantity, spacing, curves: vec![curve] });
                }
            }
        }
    }
    panels.into_iter().map(magnitude_name).collect()
}

/// A logarithmic panel of values of both signs shows their magnitude, and says so.
fn magnitude_name(mut panel: Panel) -> Panel {
    let negative = panel.curves.iter().flat_map(|c| &c.y).any(|v| *v < 0.0);
    if panel.spacing == Spacing::Log && negative {
        panel.name = format!("|{}|", panel.name);
    }
    panel
}

fn joined(label: &str, step: &str) -> String {
    if step.is_empty() { label.to_owned() } else { format!("{label}, {step}") }
}

/// `r=1000 c=1e-09` as `r = 1 k, c = 1 n`.
fn step_text(label: &str) -> String {
    let part = |(name, value): (&str, &str)| {
        let value = value.parse().map_or_else(|_| value.to_owned(), |v: f64| format_si(v, ""));
        format!("{name} = {}", value.trim_end())
    };
    step_values(label).into_iter().map(part).collect::<Vec<_>>().join(", ")
}

fn bare_title(title: &str) -> String {
    title.trim().trim_start_matches('*').trim_start().to_owned()
}

fn axis_name(table: &Table) -> (String, Quantity) {
    if !table.header.has_axis {
        let name = step_values(&table.header.step).first().map_or("step", |(name, _)| name).to_owned();
        let quantity = if name == "temp" { Quantity::Temperature } else { Quantity::Plain };
        return (name, quantity);
    }
    let Some(column) = table.header.columns.first() else { return (String::new(), Quantity::Plain) };
    let name = match column.quantity {
        Quantity::Time | Quantity::Frequency | Quantity::Temperature => quantity_name(column.quantity),
        quantity if column.name.contains("sweep") => quantity_name(quantity),
        _ => &column.name,
    };
    (name.to_owned(), column.quantity)
}

/// What the traces of one panel have in common: the field when all are `@device[field]` of one name (a state `x`), the
/// quantity otherwise.
fn shared_name(traces: &[Trace], quantity: Quantity) -> String {
    let field = |t: &Trace| t.label.strip_suffix(']').and_then(|l| l.rsplit_once('[')).map(|(_, name)| name.to_owned());
    let mut fields = traces.iter().filter(|t| t.quantity == quantity).map(field);
    match fields.next().flatten() {
        Some(first) if quantity == Quantity::Plain && fields.all(|f| f.as_ref() == Some(&first)) => first,
        _ => quantity_name(quantity).to_owned(),
    }
}

fn quantity_name(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Time => "Time",
        Quantity::Frequency => "Frequency",
        Quantity::Voltage => "Voltage",
        Quantity::Current => "Current",
        Quantity::Power => "Power",
        Quantity::Resistance => "Resistance",
        Quantity::Conductance => "Conductance",
        Quantity::Temperature => "Temperature",
        Quantity::Plain => "Value",
    }
}
