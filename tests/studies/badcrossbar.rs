//! Random linear arrays against badcrossbar (PyPI), which solves the nodal equations of the same network with SciPy.

use std::process::Command;

use sneakpath::numeric::rng::Stream;
use sneakpath::plan::{Overrides, Signal, Snapshot};
use sneakpath::study::bench::Wanted;
use sneakpath::study::{Definitions, Unwatched};

use super::{RESISTOR, deck};

/// What both sides say: voltages of the word and bit lines at every cell, currents of the cells, all row-major, and the
/// currents out of the bit lines.
struct Solved {
    word: Vec<f64>,
    bit: Vec<f64>,
    cells: Vec<f64>,
    out: Vec<f64>,
}

/// Resistances, input voltages, ohm per segment of word and bit lines.
struct Array {
    r: Vec<Vec<f64>>,
    volts: Vec<f64>,
    wires: (f64, f64),
}

impl Array {
    fn draw(rows: usize, cols: usize, seed: u64, wires: (f64, f64)) -> Self {
        let mut stream = Stream::new(seed, 0, "badcrossbar");
        // three decades of resistance, inputs of both signs
        let r = (0..rows).map(|_| (0..cols).map(|_| 1e3 * 10f64.powf(3.0 * stream.uniform())).collect()).collect();
        let volts = (0..rows).map(|_| 1.5 * stream.uniform() - 0.5).collect();
        Self { r, volts, wires }
    }

    fn ours(&self) -> Solved {
        let (rows, cols) = (self.r.len(), self.r[0].len());
        let mut lines = format!(
            ".options reltol=1e-12 vntol=1e-15 abstol=1e-21\n.xbar a {rows} {cols} cell=cell(wl bl) rwl={:?} rbl={:?} \
             r=file(\"r\")\nxa w[0:{}] b[0:{}] a\n",
            self.wires.0,
            self.wires.1,
            rows - 1,
            cols - 1
        );
        self.volts.iter().enumerate().for_each(|(i, v)| lines += &format!("vw{i} w_{i} 0 {v:?}\n"));
        (0..cols).for_each(|j| lines += &format!("vb{j} b_{j} 0 0\n"));
        let definitions = Definitions::of(&deck(RESISTOR), &[]);
        let bench = definitions.bench(&lines).unwrap().with_matrix("r", rows, cols, self.r.concat());
        let quantities = ["wl", "bl", "i"].map(str::to_owned).to_vec();
        let snapshot =
            Snapshot { array: "xa".to_owned(), quantities, at: Vec::new(), at_end: true, file: None, state_file: None };
        let signals = (0..cols).map(|j| Signal::Current(format!("vb{j}"))).collect();
        let wanted = Wanted { signals, snapshots: vec![snapshot] };
        let solution = bench.operating_point(&Overrides::default(), &wanted, &Unwatched).unwrap();
        let matrix = |name: &str| solution.matrix(name).unwrap().to_vec();
        Solved {
            word: matrix("wl"),
            bit: matrix("bl"),
            cells: matrix("i"),
            out: (0..cols).map(|j| solution.last(j)).collect(),
        }
    }

    fn theirs(&self) -> Solved {
        let script = format!(
            "import warnings, logging\nwarnings.simplefilter('ignore')\nimport numpy, badcrossbar\n\
             logging.disable(logging.CRITICAL)\n\
             s = badcrossbar.compute(numpy.array({:?}).reshape(-1, 1), numpy.array({:?}), r_i_word_line={:?}, \
             r_i_bit_line={:?})\n\
             for a in (s.voltages.word_line, s.voltages.bit_line, s.currents.device, s.currents.output):\n    \
             print(' '.join(repr(float(x)) for x in a.flatten()))\n",
            self.volts, self.r, self.wires.0, self.wires.1
        );
        let output = Command::new("python3").args(["-c", &script]).output().expect("python3 is installed");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines = text.lines().map(|l| l.split(' ').map(|x| x.parse().unwrap()).collect::<Vec<f64>>());
        let mut next = || {
            lines.next().unwrap_or_else(|| {
                panic!("pip install --no-deps badcrossbar pathvalidate: {}", String::from_utf8_lossy(&output.stderr))
            })
        };
        Solved { word: next(), bit: next(), cells: next(), out: next() }
    }
}

/// Largest difference over the largest value.
fn apart(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let scale = b.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    a.iter().zip(b).fold(0.0, |m: f64, (x, y)| m.max((x - y).abs())) / scale
}

#[test]
fn random_linear_arrays() {
    for (rows, cols, seed, wires) in
        [(2, 2, 1, (0.5, 0.5)), (5, 9, 2, (10.0, 1.0)), (16, 7, 3, (0.1, 25.0)), (24, 32, 4, (2.5, 2.5))]
    {
        let array = Array::draw(rows, cols, seed, wires);
        let (ours, theirs) = (array.ours(), array.theirs());
        let kinds = [
            ("word lines", &ours.word, &theirs.word),
            ("bit lines", &ours.bit, &theirs.bit),
            ("cells", &ours.cells, &theirs.cells),
            ("outputs", &ours.out, &theirs.out),
        ];
        for (what, a, b) in kinds {
            assert!(apart(a, b) < 1e-9, "{what} of {rows} x {cols}: {:e}", apart(a, b));
        }
    }
}
