//! Sweeps: the same rows as single runs, whatever the threads, and no point asked for twice.

use std::collections::BTreeMap;
use std::sync::Mutex;

use sneakpath::result::report::{Part, Report};
use sneakpath::study::sweep::{Journal, Loops, Sweep};
use sneakpath::study::{Context, Definitions, Unwatched, check, find};

use super::{RESISTOR, deck, first, run};

#[derive(Default)]
struct Memory {
    known: Mutex<BTreeMap<usize, Part>>,
    asked: Mutex<Vec<usize>>,
}

impl Journal for Memory {
    fn find(&self, point: usize) -> Option<Part> {
        self.known.lock().unwrap().get(&point).cloned()
    }
    fn keep(&self, point: usize, part: &Part) {
        self.asked.lock().unwrap().push(point);
        self.known.lock().unwrap().insert(point, part.clone());
    }
}

fn swept(text: &str, sweeps: &[&str], runs: usize, threads: usize, journal: &dyn Journal) -> Report {
    let deck = deck(text);
    let definitions = Definitions::of(&deck, &[]);
    let card = first(&deck);
    let study = find(&card.word.text).unwrap();
    let arguments = check::arguments(study.card(), &[card], &definitions).unwrap();
    let loops = Loops { sweeps: sweeps.iter().map(|s| Sweep::parse(s).unwrap()).collect(), runs };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let context = Context { definitions: &definitions, watch: &Unwatched };
    pool.install(|| loops.run(study, &context, &arguments, journal)).unwrap()
}

const CARD: &str = ".param low=10k\n.margin cell lrs=(r={low}) hrs=(r=1meg) rpu=10k sizes=3 pattern=all-lrs\n";

#[test]
fn every_point_is_the_study_run_alone() {
    let text = format!("{RESISTOR}{CARD}");
    let report = swept(&text, &["rwire=0,5", "low=5k,20k"], 0, 2, &Unwatched);
    let mut expected = Vec::new();
    for low in ["5k", "20k"] {
        for wire in ["0", "5"] {
            let alone = run(&format!(
                "{RESISTOR}{}",
                CARD.replace("low=10k", &format!("low={low}")).replace("rpu", &format!("rwire={wire} rpu"))
            ));
            expected.push(alone.rows.rows[0].clone());
        }
    }
    let rows: Vec<_> = report.rows.rows.iter().map(|row| row[2..].to_vec()).collect();
    assert_eq!(rows, expected);
    assert_eq!(report.rows.columns[0].0, "rwire");
    assert_eq!(report.charts[0].series.len(), 2);
}

#[test]
fn threads_and_interruptions_change_nothing() {
    let text = format!(
        "{RESISTOR}.param low={{10k*gauss(0.1)}}\n.margin cell lrs=(r=agauss(10k,1k,1)) hrs=(r=1meg) rpu=10k sizes=3 pattern=random\n"
    );
    let sweeps = ["rwire=1..10:log:3"];
    let one = swept(&text, &sweeps, 4, 1, &Unwatched);
    let four = swept(&text, &sweeps, 4, 4, &Unwatched);
    assert_eq!(one, four);
    assert_eq!(one.rows.rows.len(), 12);
    let margins: Vec<f64> = one.rows.rows.iter().map(|r| r[5].number()).collect();
    assert!(margins.iter().any(|m| (m - margins[0]).abs() > 1e-6 * margins[0].abs()), "runs differ: {margins:?}");
    // a run that was killed after some points asks only for the others
    let memory = Memory::default();
    swept(&text, &sweeps, 4, 2, &memory);
    assert_eq!(memory.asked.lock().unwrap().len(), 12);
    memory.known.lock().unwrap().retain(|point, _| point % 3 == 0);
    memory.asked.lock().unwrap().clear();
    let resumed = swept(&text, &sweeps, 4, 2, &memory);
    assert_eq!(resumed.rows, one.rows);
    let mut asked = memory.asked.lock().unwrap().clone();
    asked.sort_unstable();
    assert_eq!(asked, [1, 2, 4, 5, 7, 8, 10, 11]);
}

#[test]
fn a_loop_over_nothing_is_refused() {
    let deck = deck(&format!("{RESISTOR}{CARD}"));
    let definitions = Definitions::of(&deck, &[]);
    let study = find("margin").unwrap();
    let context = Context { definitions: &definitions, watch: &Unwatched };
    let refuse = |text: &str| {
        let loops = Loops { sweeps: vec![Sweep::parse(text).unwrap()], runs: 0 };
        loops.check(study, &context).unwrap_err().to_string()
    };
    assert!(refuse("rwier=1,2").contains("did you mean `rwire`?"));
    assert!(refuse("scheme=1,2").contains("takes no numbers"));
    assert!(refuse("rwire=-1").contains("lies in 0"));
}
