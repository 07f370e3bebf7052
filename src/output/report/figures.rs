//! The charts and maps of a report as figures.

use crate::output::figure::{Curve, CurvePlot, FigureData, MapPlot, Panel, PaperPlot, Spacing};
use crate::plan::Quantity;
use crate::result::report::{Chart, Map, Paper, Report};

/// Three decades or more of positive values get logarithmic colours.
const LOG_RATIO: f64 = 1e3;

/// Every figure with its key.
#[must_use]
pub fn figures(report: &Report) -> Vec<(String, FigureData)> {
    let charts = report.charts.iter().map(|chart| (chart.name.clone(), curves(chart)));
    let maps =
        report.maps.iter().map(|map| (map.name.clone(), colours(map, &format!("{}: {}", report.title, map.label))));
    let papers = report.papers.iter().map(|paper| (paper.name.clone(), on_paper(paper)));
    charts.chain(papers).chain(maps).collect()
}

fn curves(chart: &Chart) -> FigureData {
    let spacing = |log: bool| if log { Spacing::Log } else { Spacing::Linear };
    let (x_name, x_quantity) = named(&chart.x.name, &chart.x.unit);
    let (name, quantity) = named(&chart.y.name, &chart.y.unit);
    let curves =
        chart.series.iter().map(|s| Curve { label: s.label.clone(), x: s.x.clone(), y: s.y.clone() }).collect();
    FigureData::Curves(CurvePlot {
        title: chart.title.clone(),
        x_name,
        x_quantity,
        x_spacing: spacing(chart.x.log),
        panels: vec![Panel { name, quantity, spacing: spacing(chart.y.log), curves }],
    })
}

fn on_paper(paper: &Paper) -> FigureData {
    let (x_name, x_quantity) = named(&paper.x.name, &paper.x.unit);
    let groups = paper.groups.clone();
    FigureData::Paper(PaperPlot { title: paper.title.clone(), x_name, x_quantity, ticks: paper.ticks.clone(), groups })
}

fn colours(map: &Map, title: &str) -> FigureData {
    let finite = || map.values.iter().copied().filter(|v| v.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(0.0, f64::max));
    let spacing = if low > 0.0 && high >= LOG_RATIO * low { Spacing::Log } else { Spacing::Linear };
    let (name, quantity) = named(&map.label, &map.unit);
    FigureData::Map(MapPlot {
        title: title.to_owned(),
        name,
        quantity,
        spacing,
        rows: map.rows,
        cols: map.cols,
        values: map.values.clone(),
        base: 0,
        axes: map.axes.clone(),
    })
}

/// The quantity of a unit; the unit joins the name where there is none.
fn named(name: &str, unit: &str) -> (String, Quantity) {
    let quantity = match unit {
        "s" => Quantity::Time,
        "Hz" => Quantity::Frequency,
        "V" => Quantity::Voltage,
        "A" => Quantity::Current,
        "W" => Quantity::Power,
        "Ohm" => Quantity::Resistance,
        "S" => Quantity::Conductance,
        "" => Quantity::Plain,
        other => return (format!("{name} ({other})"), Quantity::Plain),
    };
    (name.to_owned(), quantity)
}
