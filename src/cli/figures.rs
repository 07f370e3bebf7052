//! The pictures of a run: what `.plot` cards and `--plot` ask for.

use crate::diag::nearest;
use crate::numeric::formula::FormulaBuilder;
use crate::output::OutputError;
use crate::output::figure::{self, FigureData, Format};
use crate::output::trace::derive;
use crate::plan::{AnalysisWord, Figure, Trace};
use crate::result::{PlotHeader, Table};

use super::products::{Products, applies, with_word};
use super::simulate::Step;

/// The formats of a list such as `svg,png`.
///
/// # Errors
/// A sentence that names the unknown one.
pub fn formats(list: &str) -> Result<Vec<Format>, String> {
    list.split(',')
        .map(|word| match word.trim().to_lowercase().as_str() {
            "svg" => Ok(Format::Svg),
            "png" => Ok(Format::Png),
            other => Err(format!("pictures are written as svg or png, not `{other}`")),
        })
        .collect()
}

/// Draws every `.plot` card; with `--plot` and no card all saved signals.
pub fn draw(asked: Option<&str>, steps: &[Step], products: &mut Products<'_>) {
    let formats = asked.and_then(|list| formats(list).ok()).unwrap_or_else(|| vec![Format::Svg, Format::Png]);
    let Some(first) = steps.first() else { return };
    let cards = &first.plan.plots;
    for (p, card) in cards.iter().enumerate() {
        let name = match (&card.file, p) {
            (Some(file), _) => file.clone(),
            (None, 0) => products.places.stem.clone(),
            (None, p) => format!("{}.plot{}", products.places.stem, p + 1),
        };
        // a formula holds the parameters of its step: every step's own values are drawn
        let own = |step: &Step, table: &Table| step.plan.plots.get(p).map(|card| derive(&shown(card), table));
        let analyses = analyses(steps, |word| applies(card.analysis, word), own);
        let card = of_columns(card);
        for (word, tables) in &analyses {
            let name = if analyses.len() > 1 { suffixed(&name, *word) } else { name.clone() };
            picture(FigureData::curves(&card, tables), &name, &formats, products);
        }
        if analyses.is_empty() && analyses_of_points(steps, card.analysis) {
            let reason = "an operating point is one point and no curve: add `.dc`, `.tran` or `.step`, or use `.print`";
            picture(Err(reason.to_string()), &name, &formats[..1.min(formats.len())], products);
        }
    }
    if cards.is_empty() && asked.is_some() {
        let analyses = analyses(steps, |_| true, |_, table| Some(table.clone()));
        for (word, tables) in &analyses {
            let stem = products.places.stem.clone();
            let name = if analyses.len() > 1 { suffixed(&stem, *word) } else { stem };
            let data = tables.first().map_or_else(|| Err("no points".into()), |t| columns(&[], &t.header));
            picture(data.and_then(|card| FigureData::curves(&card, tables)), &name, &formats, products);
        }
    }
    if asked.is_some() {
        maps(steps, &formats, products);
    }
}

/// With `--plot` every matrix of an `.xout` snapshot becomes a map: `deck.xa.v.svg`, numbered where there are several.
fn maps(steps: &[Step], formats: &[Format], products: &mut Products<'_>) {
    for (s, step) in steps.iter().enumerate() {
        let snapshots: Vec<_> = step.runs.iter().flat_map(|run| &run.snapshots).collect();
        for (k, snapshot) in snapshots.iter().enumerate() {
            let mut name = format!("{}.{}", products.places.stem, snapshot.array);
            if steps.len() > 1 {
                name += &format!(".step{}", s + 1);
            }
            if snapshots.iter().filter(|other| other.array == snapshot.array).count() > 1 {
                name += &format!(".at{}", k + 1);
            }
            let base = step.bases.get(&snapshot.array).copied().unwrap_or(0);
            for (quantity, _) in &snapshot.matrices {
                let title = if step.labels.is_empty() {
                    step.plan.title.clone()
                } else {
                    format!("{}, {}", step.plan.title, super::simulate::label(&step.labels))
                };
                picture(
                    FigureData::map(snapshot, quantity, &title, base),
                    &format!("{name}.{quantity}"),
                    formats,
                    products,
                );
            }
        }
    }
}

/// The tables of each analysis that can be drawn, one per step: a single operating point is no curve.
fn analyses(
    steps: &[Step],
    wanted: impl Fn(AnalysisWord) -> bool,
    view: impl Fn(&Step, &Table) -> Option<Table>,
) -> Vec<(AnalysisWord, Vec<Table>)> {
    let count = steps.iter().map(|s| s.runs.len()).max().unwrap_or(0);
    (0..count)
        .filter_map(|k| {
            let word = steps.iter().find_map(|s| s.runs.get(k))?.word;
            let tables: Vec<Table> = steps.iter().filter_map(|s| view(s, s.runs.get(k)?.table.as_ref()?)).collect();
            let is_curve = tables.len() > 1 || tables.first().is_some_and(|t| t.header.has_axis && t.points() > 1);
            (wanted(word) && is_curve).then_some((word, tables))
        })
        .collect()
}

/// Did the analyses of a card run and give a single point each?
fn analyses_of_points(steps: &[Step], filter: Option<AnalysisWord>) -> bool {
    let ran =
        |run: &super::simulate::Run| applies(filter, run.word) && run.table.as_ref().is_some_and(|t| t.points() == 1);
    steps.iter().flat_map(|s| &s.runs).any(ran)
}

/// All traces of a figure, the abscissa last.
fn shown(card: &Figure) -> Vec<Trace> {
    card.traces.iter().chain(&card.versus).cloned().collect()
}

/// The same figure over tables of [`shown`] traces: its formulas read columns.
fn of_columns(card: &Figure) -> Figure {
    let column = |(slot, trace): (u32, &Trace)| {
        let mut builder = FormulaBuilder::new();
        let node = builder.slot(slot);
        Trace { formula: builder.finish(node), ..trace.clone() }
    };
    let mut traces: Vec<Trace> = (1u32..).zip(&shown(card)).map(column).collect();
    let versus = card.versus.as_ref().and_then(|_| traces.pop());
    Figure { traces, versus, ..card.clone() }
}

fn suffixed(name: &str, word: AnalysisWord) -> String {
    let marked = with_word(std::path::Path::new(&format!("{name}.x")), word);
    marked.with_extension("").to_string_lossy().into_owned()
}

/// Draws one figure in all formats; `name` has no suffix.
fn picture(data: Result<FigureData, String>, name: &str, formats: &[Format], products: &mut Products<'_>) {
    for format in formats {
        let path = products.places.named(&format!("{name}.{}", format.suffix()));
        let outcome = match &data {
            Ok(data) => super::products::make_folder(&path)
                .map_err(|e| OutputError::file(&path, e))
                .and_then(|()| figure::draw(data, &path, *format)),
            Err(reason) => Err(OutputError::format(&path, reason)),
        };
        products.keep(path, outcome);
    }
}

/// Draws a figure card over tables into `base.svg` and so on, for `sneakpath plot`.
///
/// # Errors
/// The first picture that cannot be drawn.
pub fn pictures(
    card: &Figure,
    tables: &[Table],
    base: &std::path::Path,
    formats: &[Format],
) -> Result<Vec<std::path::PathBuf>, OutputError> {
    let data = FigureData::curves(card, tables).map_err(|reason| OutputError::format(base, reason))?;
    let mut written = Vec::new();
    for format in formats {
        let path = std::path::PathBuf::from(format!("{}.{}", base.display(), format.suffix()));
        super::products::make_folder(&path).map_err(|e| OutputError::file(&path, e))?;
        figure::draw(&data, &path, *format)?;
        written.push(path);
    }
    Ok(written)
}

/// The figure of named columns, of all saved ones when `names` is empty.
///
/// # Errors
/// A sentence that names the unknown trace and the nearest known one.
pub fn columns(names: &[String], header: &PlotHeader) -> Result<Figure, String> {
    let all = header.columns.iter().take(header.saved).skip(usize::from(header.has_axis)).map(|c| c.name.clone());
    let names: Vec<String> = if names.is_empty() { all.collect() } else { names.to_vec() };
    Ok(Figure {
        analysis: None,
        title: None,
        traces: names.iter().map(|name| trace(name, header)).collect::<Result<_, _>>()?,
        versus: None,
        log_x: false,
        log_y: false,
        file: None,
    })
}

/// A column by its name, in any case and with blanks.
///
/// # Errors
/// A sentence that names the nearest known one.
pub fn trace(name: &str, header: &PlotHeader) -> Result<Trace, String> {
    let wanted: String = name.to_lowercase().split_whitespace().collect();
    let Some(at) = header.columns.iter().position(|c| c.name.to_lowercase() == wanted) else {
        let names = || header.columns.iter().map(|c| c.name.as_str());
        let hint = nearest(&wanted, names()).map_or_else(
            || format!("; there are {}", names().collect::<Vec<_>>().join(", ")),
            |near| format!("; did you mean `{near}`?"),
        );
        return Err(format!("there is no trace `{name}`{hint}"));
    };
    // slot 0 is the axis, whether there is one or not
    let slot = if header.has_axis { at } else { at + 1 };
    let mut builder = FormulaBuilder::new();
    let node = builder.slot(u32::try_from(slot).map_err(|_| "too many traces".to_string())?);
    let column = &header.columns[at];
    Ok(Trace { label: column.name.clone(), quantity: column.quantity, formula: builder.finish(node) })
}
