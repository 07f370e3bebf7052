//! A report as one JSON object: rows as objects, single results as keys of their own.

use serde_json::{Map as Object, Value as Json, json};

use crate::result::report::{Chart, Grid, Map, Paper, Report, Value};

/// The object. Keys of single results never hide `study`, `rows` and their like: those come last.
#[must_use]
pub fn object(report: &Report) -> Json {
    let mut out = Object::new();
    for fact in &report.facts {
        out.insert(fact.name.clone(), value(&fact.value));
    }
    let pairs = |list: &[(String, String)]| -> Json {
        list.iter().map(|(name, text)| (name.clone(), json!(text))).collect::<Object<_, _>>().into()
    };
    let trust = &report.trust;
    let fixed = [
        ("study", json!(report.study)),
        ("title", json!(report.title)),
        ("rows", rows(&report.rows)),
        ("units", units(report)),
        (
            "tables",
            report.tables.iter().map(|(name, grid)| (name.clone(), rows(grid))).collect::<Object<_, _>>().into(),
        ),
        ("definitions", pairs(&report.definitions)),
        ("parameters", pairs(&report.parameters)),
        ("maps", report.maps.iter().map(map).collect()),
        ("charts", report.charts.iter().map(chart).collect()),
        ("papers", report.papers.iter().map(paper).collect()),
        ("notes", json!(report.notes)),
        ("failures", json!(report.failures)),
        (
            "trust",
            json!({
                "solves": trust.solves,
                "newton": trust.newton,
                "kcl_relative": trust.kcl_relative,
                "transients": trust.transients,
                "energy_error": if trust.transients > 0 { json!(trust.energy_error) } else { Json::Null },
                "aids": trust.aids,
            }),
        ),
    ];
    out.extend(fixed.map(|(key, value)| (key.to_owned(), value)));
    Json::Object(out)
}

fn value(value: &Value) -> Json {
    match value {
        Value::Number(x) => json!(x),
        Value::Count(n) => json!(n),
        Value::Text(text) => json!(text),
        Value::Missing => Json::Null,
    }
}

fn rows(grid: &Grid) -> Json {
    let row = |row: &Vec<Value>| -> Json {
        let pairs = grid.columns.iter().zip(row);
        pairs.map(|((name, _), v)| (name.clone(), value(v))).collect::<Object<_, _>>().into()
    };
    grid.rows.iter().map(row).collect()
}

/// Units of everything that has one.
fn units(report: &Report) -> Json {
    let grids = std::iter::once(&report.rows).chain(report.tables.iter().map(|(_, grid)| grid));
    let columns = grids.flat_map(|grid| &grid.columns).map(|(name, unit)| (name, unit));
    let facts = report.facts.iter().map(|fact| (&fact.name, &fact.unit));
    let named = columns.chain(facts).filter(|(_, unit)| !unit.is_empty());
    named.map(|(name, unit)| (name.clone(), json!(unit))).collect::<Object<_, _>>().into()
}

fn map(map: &Map) -> Json {
    let rows: Vec<Vec<Option<f64>>> = map
        .values
        .chunks(map.cols.max(1))
        .map(|row| row.iter().map(|v| v.is_finite().then_some(*v)).collect())
        .collect();
    json!({ "name": map.name, "label": map.label, "unit": map.unit, "values": rows })
}

/// Ordinates are places on the paper; an end of a band that lies beyond it is null.
fn paper(paper: &Paper) -> Json {
    let groups: Vec<Json> = paper
        .groups
        .iter()
        .map(|g| json!({ "label": g.label, "points": g.points, "band": g.band, "line": g.line }))
        .collect();
    let x = json!({ "name": paper.x.name, "unit": paper.x.unit });
    json!({ "name": paper.name, "title": paper.title, "x": x, "ticks": paper.ticks, "groups": groups })
}

fn chart(chart: &Chart) -> Json {
    let axis = |axis: &crate::result::report::Axis| json!({ "name": axis.name, "unit": axis.unit, "log": axis.log });
    let series: Vec<Json> = chart.series.iter().map(|s| json!({ "label": s.label, "x": s.x, "y": s.y })).collect();
    json!({ "name": chart.name, "title": chart.title, "x": axis(&chart.x), "y": axis(&chart.y), "series": series })
}
