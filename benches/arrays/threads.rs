//! Eight independent runs of one deck on one and on two threads.

use super::common::{decks, peers};
use super::race::{Bench, Run, race};
use super::table::{Asked, Figures, Line, Peer, Unit};

/// Time on both, and bytes in which the raw files differ.
pub fn measure(bench: &Bench, print: &mut dyn FnMut(Line)) {
    let n = bench.size(64, 8);
    let work = format!("8 VTEAM writes {n}x{n}, 2 threads");
    let (one, two, difference) = match both(bench, n) {
        Ok([one, two]) => (one, two, differences(bench)),
        Err(why) => (Err(why.clone()), Err(why.clone()), Err(why)),
    };
    print(
        Line::new(work, Unit::Seconds, two, Asked::Faster(1.8))
            .against(Peer::new("1 thread", one))
            .note(format!("{} cores", std::thread::available_parallelism().map_or(1, usize::from))),
    );
    let difference = difference.map(|count| vec![count]);
    print(Line::new("  bytes that differ in their raw files", Unit::Count, difference, Asked::AtMost(0.0)));
}

fn both(bench: &Bench, n: usize) -> Result<[Figures; 2], String> {
    let steps = ".step mem:x0 list 0.3 0.35 0.4 0.45 0.5 0.55 0.6 0.65";
    for threads in ["1", "2"] {
        bench.file(&format!("threads{threads}.cir"), &decks::write_array(n, steps))?;
    }
    let run = |threads: &'static str| -> Run {
        let name = format!("threads{threads}");
        Box::new(move || Ok(bench.ours(&name, &["--threads", threads])?.seconds))
    };
    let results: [Figures; 2] =
        race(bench.rounds, vec![run("1"), run("2")]).try_into().map_err(|_| "not run".to_string())?;
    Ok(results)
}

/// Apart from the line with the date.
fn differences(bench: &Bench) -> Result<f64, String> {
    let read = |name: &str| {
        let bytes = std::fs::read(bench.directory.join(name)).map_err(|e| format!("{name}: {e}"))?;
        peers::plot(&bench.directory.join(name)).map(|_| bytes)
    };
    let undated = |bytes: Vec<u8>| -> Vec<u8> {
        let lines = bytes.split_inclusive(|b| *b == b'\n');
        lines.filter(|line| !line.starts_with(b"Date:")).flatten().copied().collect()
    };
    let [a, b] = [undated(read("threads1.raw")?), undated(read("threads2.raw")?)];
    let unequal = a.iter().zip(&b).filter(|(a, b)| a != b).count() + a.len().abs_diff(b.len());
    Ok(unequal as f64)
}
