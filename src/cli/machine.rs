//! `--json`: one document on standard output with everything a program wants to know of a run.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::diag::Severity;
use crate::output::measures;
use crate::result::{Stats, Table};

use super::exit::Exit;
use super::load::Loaded;
use super::products::{measure_rows, printed};
use super::report;
use super::simulate::{Step, label, word_text};

/// What is known before the run, to be completed after it.
pub struct Document {
    title: String,
    diagnostics: Vec<Value>,
    warnings: usize,
}

impl Document {
    /// Starts with the diagnostics of the deck.
    #[must_use]
    pub fn new(title: &str, loaded: &Loaded) -> Self {
        let sources = &loaded.elaborator.deck().sources;
        let ordered = report::ordered(&loaded.diagnostics);
        Self {
            title: title.to_string(),
            warnings: ordered.iter().filter(|d| d.severity == Severity::Warning).count(),
            diagnostics: ordered.iter().map(|d| report::to_json(d, sources)).collect(),
        }
    }

    /// The whole document.
    #[must_use]
    pub fn finish(self, steps: &[Step], files: &[PathBuf], studies: &[Value], exit: Exit) -> Value {
        let mut text = Vec::new();
        let rows = measure_rows(steps);
        let measures = measures::write_json(&rows, &mut text).ok().and_then(|()| serde_json::from_slice(&text).ok());
        let prints = steps.first().map_or(0, |s| s.plan.prints.len());
        let tables: Vec<Value> = (0..prints)
            .flat_map(|p| printed(steps, p, steps[0].plan.prints[p].analysis))
            .flat_map(|(word, tables)| tables.into_iter().map(move |t| table(word_text(word), &t)))
            .collect();
        let mut document = json!({
            "exit": exit.code(),
            "title": self.title,
            "errors": 0,
            "warnings": self.warnings,
            "diagnostics": self.diagnostics,
            "files": files.iter().map(|f| f.display().to_string()).collect::<Vec<_>>(),
            "runs": steps.iter().flat_map(runs).collect::<Vec<_>>(),
            "tables": tables,
            "measures": measures.unwrap_or(Value::Null),
        });
        if !studies.is_empty() {
            document["studies"] = json!(studies);
        }
        document
    }
}

fn runs(step: &Step) -> Vec<Value> {
    let name = label(&step.labels);
    let unbuilt = step.unbuilt.iter().map(|reason| json!({ "step": name, "error": reason }));
    let run = |run: &super::simulate::Run| {
        let mut value = counters(&run.stats);
        value["analysis"] = json!(word_text(run.word));
        value["step"] = json!(name);
        value["error"] = json!(run.error.as_ref().map(ToString::to_string));
        value
    };
    unbuilt.chain(step.runs.iter().map(run)).collect()
}

fn counters(stats: &Stats) -> Value {
    json!({
        "points": stats.points,
        "rejected": { "error": stats.rejected_error, "newton": stats.rejected_newton, "event": stats.rejected_event },
        "newton": stats.newton,
        "factorizations": stats.factorizations,
        "array_iterations": stats.array_iterations,
        "escalations": stats.escalations,
        "fallbacks": stats.fallbacks,
        "refusals": stats.refusals,
        "kcl_residual": stats.kcl_residual,
        "kcl_relative": stats.kcl_relative,
        "delivered": stats.delivered,
        "dissipated": stats.dissipated,
        "stored": stats.stored,
        "exchanged": stats.exchanged,
        "aids": stats.aids,
        "branches": stats.branches,
    })
}

fn table(analysis: &str, table: &Table) -> Value {
    let rows: Vec<Vec<f64>> =
        (0..table.points()).map(|k| table.data.iter().map(|column| column[k]).collect()).collect();
    json!({
        "analysis": analysis,
        "step": table.header.step,
        "columns": table.header.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(),
        "rows": rows,
    })
}
