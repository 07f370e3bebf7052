//! What an iteration of line-PCG streams, against the STREAM triad of the same minute.
//!
//! Bytes per cell and iteration, every array of doubles counted once per pass that reads it and once per pass that
//! writes it, as STREAM counts; rows that a pass meets again while they are in cache, and uniform wires, count nothing:
//!
//! ```text
//! advance   reads q, 1/d of the bit lines, x, p, 1/d of the word lines, cells; writes x, p, q     9
//! descend   reads q, r, 1/d of the bit lines; writes q, r                                        5
//! ```
//!
//! 14 doubles = 112 bytes (see crossbar/iteration.rs). The triad a = b + s c counts 24 (J. D. McCalpin, IEEE TCCA
//! Newsletter, Dec. 1995). The read that a cache does before it writes a line is not counted; only the triad pays for it.

use std::cell::RefCell;
use std::hint::black_box;

use super::common::{driven, network};
use super::race::{Bench, Run, race, seconds};
use super::table::{Asked, Line, Peer, Unit};
use sneakpath::crossbar::{LinePcg, Trouble};

/// Per cell and iteration.
const BYTES: f64 = 112.0;
/// Per element of the triad.
const TRIAD: f64 = 24.0;
/// Iterations of the short and of the long run; their difference has no setup in it.
const ITERATIONS: [usize; 2] = [2, 10];

/// Both in bytes per second, one thread.
pub fn measure(bench: &Bench, print: &mut dyn FnMut(Line)) {
    let n = bench.size(4096, 512);
    let work = format!("line-PCG iteration {n}x{n}, bandwidth");
    let network = network(n, n);
    let word = driven(&network, &vec![0.3; n]);
    let bit = vec![0.0; n * n];
    let made = LinePcg::new(&network).map_err(Trouble::from);
    let factored = made.and_then(|mut solver| solver.factor(&network).map(|()| solver));
    let mut solver = match factored {
        Ok(solver) => solver,
        Err(why) => return print(Line::new(work, Unit::BytesPerSecond, Err(why.to_string()), Asked::Share(0.8))),
    };
    let cells = (n * n) as f64;
    let per_iteration = RefCell::new(Vec::new());
    let iterations: Run = Box::new(|| {
        let (mut xw, mut xb) = (vec![0.0; n * n], vec![0.0; n * n]);
        let mut times = [0.0; 2];
        for (time, limit) in times.iter_mut().zip(ITERATIONS) {
            xb.fill(0.0);
            // no residual is below nothing: it goes on to the limit
            let (taken, outcome) = seconds(|| solver.solve(&network, [&word, &bit], [&mut xw, &mut xb], 0.0, limit));
            match outcome {
                Err(Trouble::Limit { iterations, .. }) if iterations == limit => *time = taken,
                Err(why) => return Err(why.to_string()),
                Ok(outcome) => return Err(format!("stopped after {} iterations", outcome.iterations)),
            }
        }
        let each = (times[1] - times[0]) / (ITERATIONS[1] - ITERATIONS[0]) as f64;
        per_iteration.borrow_mut().push(each);
        Ok(BYTES * cells / each)
    });
    let (b, c, mut a) = (vec![1.0; n * n], vec![2.0; n * n], vec![0.0; n * n]);
    let stream: Run = Box::new(|| {
        let (taken, ()) = seconds(|| triad(&mut a, &b, &c, black_box(3.0)));
        black_box(&a);
        Ok(TRIAD * cells / taken)
    });
    let mut results = race(bench.rounds, vec![iterations, stream]).into_iter();
    let [ours, stream] = [0, 1].map(|_| results.next().unwrap_or_else(|| Err("not run".to_string())));
    let each = 1e3 * super::common::median(&per_iteration.borrow());
    let note =
        format!("{each:.1} ms per iteration, {BYTES} B per cell; triad {TRIAD} B per element, same arrays' size");
    let line = Line::new(work, Unit::BytesPerSecond, ours, Asked::Share(0.8));
    print(line.against(Peer::new("STREAM triad, one thread", stream)).note(note));
}

fn triad(a: &mut [f64], b: &[f64], c: &[f64], s: f64) {
    for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
        *a = b + s * c;
    }
}
