//! All steps, all analyses: the un-stepped case streams into the raw file, steps run in parallel and are handed on in
//! their order, so that nothing depends on the number of threads.

use std::collections::BTreeMap;
use std::sync::Mutex;

use rayon::prelude::*;

use crate::analysis::{self, AnalysisError};
use crate::circuit::Circuit;
use crate::elaborate::{Elaborated, Elaborator};
use crate::output::text::general;
use crate::output::{Collector, Tee, replay};
use crate::plan::{AnalysisWord, Overrides, Plan, StepPoint};
use crate::result::{ArraySnapshot, MeasureResult, Sink, Stats, Table};

use super::interrupt;
use super::raw_files::RawFiles;
use super::watch::Progress;

/// What one analysis gave at one step.
pub struct Run {
    /// Which analysis.
    pub word: AnalysisWord,
    /// Its points, `None` when it ended before the first.
    pub table: Option<Table>,
    /// Array matrices.
    pub snapshots: Vec<ArraySnapshot>,
    /// Counters, as far as it got.
    pub stats: Stats,
    /// Measures on this table.
    pub measures: Vec<MeasureResult>,
    /// Why it ended early.
    pub error: Option<AnalysisError>,
}

/// One step with all its analyses.
#[derive(Default)]
pub struct Step {
    /// Label and value of each loop.
    pub labels: Vec<(String, f64)>,
    /// Its analyses, in the order of the deck; shorter when one of them failed.
    pub runs: Vec<Run>,
    /// What was asked for; formulas hold the parameters of this step.
    pub plan: Plan,
    /// First index in the names of each array.
    pub bases: BTreeMap<String, usize>,
    /// Why the step could not be built, although its neighbours could.
    pub unbuilt: Option<String>,
}

/// `r=1000 c=1e-09`, empty for an un-stepped run.
#[must_use]
pub fn label(labels: &[(String, f64)]) -> String {
    labels.iter().map(|(name, value)| format!("{name}={}", general(*value, 9))).collect::<Vec<_>>().join(" ")
}

/// Runs everything. The first step comes built; `raw` gets the points.
pub fn simulate(
    elaborator: &Elaborator,
    steps: &[StepPoint],
    first: Elaborated,
    raw: &mut RawFiles,
    progress: &Progress,
    threads: usize,
) -> Vec<Step> {
    let steps = if let [step] = steps {
        vec![streamed(elaborator, step, first, raw, progress)]
    } else {
        drop(first);
        parallel(elaborator, steps, raw, progress, threads)
    };
    progress.finish();
    steps
}

/// The only step: points go to the raw file as they are accepted.
fn streamed(
    elaborator: &Elaborator,
    step: &StepPoint,
    mut built: Elaborated,
    raw: &mut RawFiles,
    progress: &Progress,
) -> Step {
    let done = run_step(elaborator, step, &mut built, progress, |k, sink, body| match raw.writer(k) {
        Some(writer) => body(&mut Tee::new(vec![writer, sink])),
        None => body(sink),
    });
    // the process is about to end, and with it the circuit, which would take longer device by device
    std::mem::forget(built);
    done
}

/// Many steps: workers take them in order, finished ones go to the raw file in order.
fn parallel(
    elaborator: &Elaborator,
    steps: &[StepPoint],
    raw: &mut RawFiles,
    progress: &Progress,
    threads: usize,
) -> Vec<Step> {
    let queue = Mutex::new(Queue { raw, next: 0, waiting: BTreeMap::new(), done: Vec::new() });
    let work = || {
        steps.iter().enumerate().par_bridge().for_each(|(k, step)| {
            if interrupt::asked() {
                return;
            }
            let finished = match elaborator.build(&step.overrides) {
                Ok(mut built) => run_step(elaborator, step, &mut built, progress, |_, sink, body| body(sink)),
                Err(errors) => {
                    let reason = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                    Step { labels: step.labels.clone(), unbuilt: Some(reason), ..Step::default() }
                }
            };
            if let Ok(mut queue) = queue.lock() {
                queue.accept(k, finished);
            }
        });
    };
    match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
    queue.into_inner().map(Queue::finish).unwrap_or_default()
}

/// Finished steps on their way into the raw file: the first analysis at once, the others when all steps are there,
/// because a raw file holds all steps of one analysis before the first of the next.
struct Queue<'a> {
    raw: &'a mut RawFiles,
    next: usize,
    waiting: BTreeMap<usize, Step>,
    done: Vec<Step>,
}

impl Queue<'_> {
    fn accept(&mut self, k: usize, step: Step) {
        self.waiting.insert(k, step);
        while let Some(step) = self.waiting.remove(&self.next) {
            self.hand_on(step);
            self.next += 1;
        }
    }

    fn hand_on(&mut self, step: Step) {
        self.write(&step, 0);
        self.done.push(step);
    }

    fn write(&mut self, step: &Step, k: usize) {
        if let (Some(Run { table: Some(table), .. }), Some(writer)) = (step.runs.get(k), self.raw.writer(k)) {
            replay(table, writer);
        }
    }

    fn finish(mut self) -> Vec<Step> {
        // after an interruption there are gaps; what came behind them is still worth keeping
        while let Some((_, step)) = self.waiting.pop_first() {
            self.hand_on(step);
        }
        let done = std::mem::take(&mut self.done);
        let most = done.iter().map(|s| s.runs.len()).max().unwrap_or(0);
        for k in 1..most {
            done.iter().for_each(|step| self.write(step, k));
        }
        done
    }
}

/// The analyses of one step, one after the other, until one fails. `through` may put further sinks in the way.
fn run_step(
    elaborator: &Elaborator,
    step: &StepPoint,
    built: &mut Elaborated,
    progress: &Progress,
    mut through: impl FnMut(usize, &mut dyn Sink, &mut dyn FnMut(&mut dyn Sink)),
) -> Step {
    let plan = std::mem::take(&mut built.plan);
    let circuit = &mut built.circuit;
    let rebuild = |overrides: &Overrides| -> Result<Circuit, String> {
        let mut merged = step.overrides.clone();
        merged.values.extend(overrides.values.iter().map(|(target, value)| (target.clone(), *value)));
        elaborator
            .build(&merged)
            .map(|e| e.circuit)
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    };
    let name = label(&step.labels);
    let bases = circuit.arrays.iter().map(|a| (a.name.clone(), a.base)).collect();
    let mut runs = Vec::new();
    for (k, wanted) in plan.analyses.iter().enumerate() {
        let mut collector = Collector::default();
        let mut watch = progress.watch();
        let mut outcome = None;
        let mut both = Tee::new(vec![&mut collector, &mut watch]);
        through(k, &mut both, &mut |sink| {
            outcome = Some(analysis::run(wanted, circuit, &plan, &name, &rebuild, sink));
        });
        drop(both);
        let (stats, error) = match outcome {
            Some(Ok(stats)) => (stats, None),
            Some(Err(error)) => (error.stats().cloned().unwrap_or_default(), Some(error)),
            None => (Stats::default(), None),
        };
        let word = wanted.word();
        let table = collector.tables.into_iter().next();
        let measures = table.as_ref().map(|t| analysis::measure::evaluate(&plan.measures, t, word)).unwrap_or_default();
        let stop = error.is_some();
        runs.push(Run { word, table, snapshots: collector.snapshots, stats, measures, error });
        if stop {
            break;
        }
    }
    Step { labels: step.labels.clone(), runs, plan, bases, unbuilt: None }
}

/// The counters of each analysis over all steps: counts are added, residuals are the worst.
#[must_use]
pub fn totals(steps: &[Step]) -> Vec<(AnalysisWord, Stats)> {
    let most = steps.iter().map(|s| s.runs.len()).max().unwrap_or(0);
    (0..most)
        .filter_map(|k| {
            let mut runs = steps.iter().filter_map(|s| s.runs.get(k));
            let first = runs.next()?;
            Some((
                first.word,
                runs.fold(first.stats.clone(), |mut sum, run| {
                    sum.merge(&run.stats);
                    sum
                }),
            ))
        })
        .collect()
}

/// `op`, `dc`, `tran`, `tf`.
#[must_use]
pub fn word_text(word: AnalysisWord) -> &'static str {
    match word {
        AnalysisWord::Op => "op",
        AnalysisWord::Dc => "dc",
        AnalysisWord::Tran => "tran",
        AnalysisWord::Tf => "tf",
    }
}
