//! Many input vectors through a 784 x 10 array.

use super::common::{build, network, scipy};
use super::race::{Bench, Run, race, seconds};
use super::selector::MODEL;
use super::table::{Asked, Line, Peer, Unit};
use sneakpath::crossbar::{Port, transfer};
use sneakpath::numeric::rng::Stream;
use sneakpath::plan::Signal;
use sneakpath::study::infer::{Dataset, InferError, Ports, Read, run_steps};

const ROWS: usize = 784;
const COLS: usize = 10;
const THREADS: usize = 2;
/// Expected seconds beyond which the images are not begun.
const PATIENCE: f64 = 600.0;

/// All column currents by one transfer matrix, its making included.
pub fn linear(bench: &Bench, print: &mut dyn FnMut(Line)) {
    let vectors = bench.size(10_000, 100);
    let network = network(ROWS, COLS);
    let (inputs, outputs) = (Port::word_heads(&network), Port::bit_tails(&network));
    let mut random = Stream::new(3, 0, "images");
    let volts: Vec<f64> = (0..vectors * ROWS).map(|_| 0.2 * random.uniform()).collect();
    let mut currents = vec![0.0; vectors * COLS];
    let mut solved = None;
    let own: Run = Box::new(|| {
        let (time, outcome) =
            seconds(|| transfer(&network, &inputs, &outputs).map(|matrix| matrix.apply(&volts, &mut currents)));
        outcome.map(|()| time).map_err(|e| e.to_string())
    });
    // one factorization, then one solve per vector; a thousand of them tell the time of one
    let sample = vectors.min(1000);
    let theirs: Run = Box::new(|| {
        let one = scipy::splu(&network, &volts[..ROWS], sample)?;
        let total = one.seconds + one.each * vectors as f64;
        solved = Some(one);
        Ok(total)
    });
    let version = scipy::version();
    let mut runs = vec![own];
    if version.is_some() {
        runs.push(theirs);
    } else {
        drop(theirs);
    }
    let mut results = race(bench.rounds, runs).into_iter();
    let times = results.next().unwrap_or_else(|| Err("not run".to_string()));
    let work = format!("{ROWS}x{COLS}, {vectors} vectors, linear");
    let mut line = Line::new(work, Unit::Seconds, times, Asked::AtMost(0.05));
    line = match (version, results.next()) {
        (Some(version), Some(figures)) => line.against(Peer::new(format!("SciPy {version} splu, solve each"), figures)),
        _ => line.against(Peer::missing(scipy::MISSING)),
    };
    if let Some(solved) = solved {
        let last = &solved.x[1][(ROWS - 1) * COLS..];
        let expected: Vec<f64> = last.iter().zip(&network.bit.tail).map(|(x, g)| x * g).collect();
        let off = currents.iter().zip(&expected).map(|(a, b)| ((a - b) / b).abs()).fold(0.0, f64::max);
        line = line.note(format!("currents of the first vector agree to {off:.1e}"));
    }
    print(line);
}

/// An operating point per image with a hysteretic selector in every cell.
pub fn one_selector(bench: &Bench, print: &mut dyn FnMut(Line)) {
    let vectors = bench.size(10_000, 20);
    let work = format!("{ROWS}x{COLS}, {vectors} vectors, 1S-1R, {THREADS} threads");
    let mut classes = String::new();
    let figures = steps(bench, vectors).map(|(time, counts)| {
        classes = format!("one run; images by largest current: {counts:?}");
        vec![time]
    });
    print(Line::new(work, Unit::Seconds, figures, Asked::AtMost(120.0)).note(classes));
}

/// Seconds, building the circuits included, and how often each column had the largest current.
fn steps(bench: &Bench, vectors: usize) -> Result<(f64, [usize; COLS]), String> {
    let path = bench.directory.join(bench.file("images.cir", &deck())?);
    let plan = build(&path)?.plan;
    let ports = Ports {
        inputs: (0..ROWS).map(|k| format!("vin_{k}")).collect(),
        outputs: (0..COLS).map(|k| Signal::Current(format!("rs_{k}"))).collect(),
    };
    let fresh = || build(&path).map(|built| built.circuit).map_err(InferError::Circuit);
    let read = Read { full_scale: 1.0, pulse: 100e-9 };
    let (first, outcome) = seconds(|| run_steps(fresh, &plan, &ports, &images(1), read));
    outcome.map_err(|e| e.to_string())?;
    let all = first * vectors as f64 / THREADS as f64;
    if all > PATIENCE {
        return Err(format!("not run: the first vector takes {first:.1} s, all would take {:.1} h", all / 3600.0));
    }
    let set = images(vectors);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build().map_err(|e| e.to_string())?;
    let (time, outcome) = seconds(|| pool.install(|| run_steps(fresh, &plan, &ports, &set, read)));
    let outcome = outcome.map_err(|e| e.to_string())?;
    let mut counts = [0; COLS];
    for currents in outcome.outputs.chunks_exact(COLS) {
        let best = (0..COLS).max_by(|a, b| currents[*a].total_cmp(&currents[*b])).unwrap_or(0);
        counts[best] += 1;
    }
    Ok((time, counts))
}

/// The weights of the trained network in the memories of 1S-1R cells, 1 ohm per segment.
fn deck() -> String {
    let (row, col) = (ROWS - 1, COLS - 1);
    format!(
        "images\n.include \"{MODEL}\"\n.param gmax=14.2957u\n.func memory(g)={{1/(1/g-10.6k)}}\n\
         .subckt cell wl bl w=0\n.param g={{max(gmax*w,1n)}}\n\
         X1 wl bl ecm_1s1r x0={{max(0,(memory(g)-3.96n)/(200u-3.96n))}}\n.ends\n\
         .xbar NET {ROWS} {COLS} CELL=cell(wl bl) RWL=1 RBL=1 w=FILE(\"{WEIGHTS}\")\n\
         Xa W[0:{row}] B[0:{col}] NET\nVin[0:{row}] W[0:{row}] 0 0\nRs[0:{col}] B[0:{col}] 0 1m\n.op\n.end\n"
    )
}

/// One weight from 0 to 1 per cell.
const WEIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/fashion_784x10.csv");

/// Half of the pixels black, the others of any grey: about the mean of Fashion-MNIST, without its files.
fn images(count: usize) -> Dataset {
    let mut random = Stream::new(3, 1, "pixels");
    let pixel = |_| if random.uniform() < 0.5 { 0 } else { (256.0 * random.uniform()) as u8 };
    Dataset { height: 28, width: 28, pixels: (0..count * ROWS).map(pixel).collect(), labels: vec![0; count] }
}
