//! Many input vectors through a 784 x 10 array.

use super::common::{network, peers, scipy};
use super::race::{Bench, OURS, Run, race, seconds};
use super::selector::MODEL;
use super::table::{Asked, Line, Peer, Unit};
use sneakpath::crossbar::{Port, Trouble, transfer};
use sneakpath::numeric::rng::Stream;

const ROWS: usize = 784;
const COLS: usize = 10;
/// Pixels of a side.
const SIDE: usize = 28;
const THREADS: &str = "2";

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
            seconds(|| Ok::<_, Trouble>(transfer(&network, &inputs, &outputs)?.apply(&volts, &mut currents)?));
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

/// The study of images on cells with a hysteretic selector, as a whole process: with ideal wires, then with 1 ohm per
/// segment; the states of all cells are followed image by image.
pub fn one_selector(bench: &Bench, print: &mut dyn FnMut(Line)) {
    let vectors = bench.size(10_000, 20);
    let work = format!("{ROWS}x{COLS}, {vectors} vectors twice, 1S-1R, {THREADS} threads");
    let figures = images(bench, vectors).and_then(|()| {
        let arguments = ["infer", "images.cir", "--threads", THREADS];
        peers::run(OURS, &arguments, &bench.directory).map(|finished| vec![finished.seconds])
    });
    print(Line::new(work, Unit::Seconds, figures, Asked::AtMost(120.0)).note("one run".to_string()));
}

/// Deck and IDX files: half of the pixels black, the others of any grey, about the mean of Fashion-MNIST.
fn images(bench: &Bench, count: usize) -> Result<(), String> {
    let mut random = Stream::new(3, 1, "pixels");
    let pixel = |_| if random.uniform() < 0.5 { 0 } else { (256.0 * random.uniform()) as u8 };
    let pixels: Vec<u8> = (0..count * ROWS).map(pixel).collect();
    let number = |n: usize| (n as u32).to_be_bytes();
    let head = [[0, 0, 8, 3], number(count), number(SIDE), number(SIDE)];
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(bench.directory.join(name), bytes).map_err(|e| format!("{name}: {e}"))
    };
    write("images.idx", &[head.as_flattened(), &pixels].concat())?;
    write("labels.idx", &[[[0, 0, 8, 1], number(count)].as_flattened(), &vec![0; count]].concat())?;
    bench.file("images.cir", &deck()).map(|_| ())
}

/// The weights of the trained network, on 32 levels, in the memories of 1S-1R cells.
fn deck() -> String {
    format!(
        "images\n.include \"{MODEL}\"\n.param gmax=14.2957u\n.func memory(g)={{1/(1/g-10.6k)}}\n\
         .subckt cell wl bl w=0\n.param g={{max(gmax*floor(31*w+0.5)/31,1n)}}\n\
         X1 wl bl ecm_1s1r x0={{max(0,(memory(g)-3.96n)/(200u-3.96n))}}\n.ends\n\
         .infer cell weights=\"{WEIGHTS}\" images=images.idx labels=labels.idx rwire=1\n.end\n"
    )
}

/// One weight from 0 to 1 per cell.
const WEIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/fashion_784x10.csv");
