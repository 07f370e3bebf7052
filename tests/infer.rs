//! Data sets through circuits: against products of plain matrices, the same images one operating point at a time, and
//! the reference numbers of the published classifier.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use sneakpath::circuit::Circuit;
use sneakpath::elaborate::Elaborator;
use sneakpath::elaborate::percell::Matrix;
use sneakpath::netlist::{self, ReadOptions};
use sneakpath::numeric::rng::Stream;
use sneakpath::output::figure::{Format, draw};
use sneakpath::output::report::figures;
use sneakpath::plan::{Overrides, Plan, Signal, Tran};
use sneakpath::study::bench::Wanted;
use sneakpath::study::infer::{
    self, DEBIAN_FOLDER, Dataset, Effort, InferError, Law, Laws, Layout, Network, Ports, Read, Split,
};
use sneakpath::study::{Context, Definitions, Unwatched};

const READ: Read = Read { full_scale: 1.0, pulse: 100e-9 };

fn elaborate(elaborator: &Elaborator) -> (Circuit, Plan) {
    let built = elaborator.build(&Overrides::default()).unwrap_or_else(|e| panic!("{e:?}"));
    (built.circuit, built.plan)
}

fn ports(inputs: usize, outputs: usize) -> Ports {
    Ports {
        inputs: (0..inputs).map(|k| format!("vin_{k}")).collect(),
        outputs: (0..outputs).map(|k| Signal::Current(format!("rs_{k}"))).collect(),
    }
}

fn images(count: usize, size: usize, classes: u8) -> Dataset {
    let mut random = Stream::new(5, 0, "images");
    let pixels = (0..count * size).map(|_| (random.uniform() * 255.99) as u8).collect();
    Dataset { height: 1, width: size, pixels, labels: (0..count).map(|k| k as u8 % classes).collect() }
}

/// A 12 x 4 array with wires of `r` ohm and conductances between 1 and 100 uS.
fn small(r: f64, cell: &str) -> Elaborator {
    let text = format!(
        "small network\n.param n=0\n.subckt cell wl bl g=1u\n{cell}\n.ends\n.model dm d(is=1n)\n\
         .xbar NET 12 4 CELL=cell(wl bl) RWL={r} RBL={r} g={{aunif(50u,49u)}}\n\
         Xa W[0:11] B[0:3] NET\nVin[0:11] W[0:11] 0 0\nRs[0:3] B[0:3] 0 1m\n.op\n.end\n"
    );
    let (deck, said) = netlist::parse_text("small.cir", &text, &ReadOptions::default());
    assert!(said.is_empty(), "{said:?}");
    Elaborator::new(deck, Vec::new())
}

const RESISTOR: &str = "R1 wl bl {1/g}";
const DIODE: &str = "D1 wl m dm\nR1 m bl {1/g}";

/// One image: outputs and energy from the matrix and from an operating point agree to rounding.
#[test]
fn the_matrix_and_the_operating_point_agree() {
    for r in [0.0, 2.5] {
        let elaborator = small(r, RESISTOR);
        let set = images(7, 12, 4);
        let (mut circuit, mut plan) = elaborate(&elaborator);
        plan.options.reltol = 1e-9;
        let matrix = Network::new(&mut circuit, &plan, &ports(12, 4), &[], 1.0).unwrap().run(&set, READ).unwrap();
        let build = || Ok(elaborate(&small(r, RESISTOR)).0);
        let steps = infer::run_steps(build, &plan, &ports(12, 4), &set, READ).unwrap();
        for (a, b) in matrix.outputs.iter().zip(&steps.outputs).chain(matrix.energies.iter().zip(&steps.energies)) {
            assert!((a - b).abs() <= 1e-9 * b.abs(), "r = {r}: {a} {b}");
        }
        // a wire costs current
        assert!(matrix.outputs.iter().all(|i| *i > 0.0));
    }
}

/// With ideal wires a column carries sum g v of what its cells say of themselves, less what 1 mohm takes.
#[test]
fn ideal_wires_multiply() {
    let (mut circuit, plan) = elaborate(&small(0.0, RESISTOR));
    let cells: Vec<Signal> = (0..48).map(|k| Signal::Current(format!("xa.c_{}_{}", k / 4, k % 4))).collect();
    let network = Network::new(&mut circuit, &plan, &ports(12, 4), &cells, 1.0).unwrap();
    let set = images(3, 12, 4);
    let outcome = network.run(&set, READ).unwrap();
    // the current of cell (i, j) at 1 V on every row is its conductance
    let g = network.watch(&[1.0; 12]);
    for k in 0..3 {
        let volts: Vec<f64> = set.image(k).iter().map(|&p| READ.volts(p)).collect();
        let sums: Vec<f64> = (0..4).map(|j| (0..12).map(|i| g[i * 4 + j] * volts[i]).sum()).collect();
        for (got, want) in outcome.image(k).iter().zip(&sums) {
            // 1 mohm beside 12 cells of at most 99 uS: 1.2e-6
            assert!((got - want).abs() <= 1.2e-6 * want, "{got} {want}");
        }
        let energy: f64 = (0..12).map(|i| 1e-7 * volts[i] * volts[i] * g[i * 4..i * 4 + 4].iter().sum::<f64>()).sum();
        assert!((outcome.energies[k] - energy).abs() <= 1.2e-6 * energy, "{} {energy}", outcome.energies[k]);
    }
}

#[test]
fn a_diode_in_the_cell_is_refused_by_the_matrix_and_solved_by_steps() {
    let elaborator = small(1.0, DIODE);
    let (mut circuit, plan) = elaborate(&elaborator);
    let refused = Network::new(&mut circuit, &plan, &ports(12, 4), &[], 1.0).unwrap_err();
    assert!(refused.to_string().contains("not linear"), "{refused}");
    let set = images(3, 12, 4);
    let steps = infer::run_steps(|| Ok(elaborate(&small(1.0, DIODE)).0), &plan, &ports(12, 4), &set, READ);
    let steps = steps.unwrap();
    assert!(steps.outputs.iter().all(|i| *i > 1e-6) && steps.energies.iter().all(|e| *e > 0.0), "{steps:?}");
}

#[test]
fn images_and_labels_must_fit_the_network() {
    let (mut circuit, plan) = elaborate(&small(0.0, RESISTOR));
    let network = Network::new(&mut circuit, &plan, &ports(12, 4), &[], 1.0).unwrap();
    let refused = network.run(&images(2, 13, 4), READ).unwrap_err();
    assert_eq!(refused, InferError::Size { height: 1, width: 13, inputs: 12 });
    assert!(refused.to_string().contains("1 x 13 = 13 pixels, the network has 12 inputs"), "{refused}");
    let refused = network.run(&images(9, 12, 5), READ).unwrap_err();
    assert_eq!(refused, InferError::Label { image: 4, label: 4, outputs: 4 });
}

/// The study refuses weights that fit neither the pixels nor the classes, and names the file.
#[test]
fn weights_of_another_shape_are_refused() {
    let (deck, _) = netlist::parse_text(
        "cell.cir",
        "cell\n.subckt cell wl bl w=0\nR1 wl bl {1k/(w+1)}\n.ends\n.end\n",
        &ReadOptions::default(),
    );
    let definitions = Definitions::of(&deck, &[]);
    let context = Context { definitions: &definitions, watch: &Unwatched };
    let ask = |rows: usize, cols: usize, set: &Dataset| {
        let question = infer::Question {
            cell: "cell".into(),
            parameter: "w".into(),
            weights: Matrix { rows, cols, values: vec![0.5; rows * cols] },
            file: "weights.csv".into(),
            wires: vec![0.0, 2.0],
            sense: 1e-3,
            read: READ,
            method: infer::Method::Automatic,
            names: Vec::new(),
        };
        infer::answer(&question, set, &context)
    };
    let set = images(2, 12, 4);
    let refused = ask(11, 4, &set).unwrap_err().to_string();
    assert!(
        refused.contains("`weights.csv` holds 11 x 4 weights") && refused.contains("1 x 12 = 12 pixels"),
        "{refused}"
    );
    let refused = ask(12, 1, &set).unwrap_err().to_string();
    assert!(refused.contains("`weights.csv` holds 12 x 1 weights, but image 1 has label 1"), "{refused}");
    let report = ask(12, 4, &set).unwrap();
    assert_eq!(report.rows.rows.len(), 2);
    // the confusion matrix is no array
    let figures = figures(&report);
    let (_, confusion) = figures.iter().find(|(name, _)| name == "confusion_2ohm").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("confusion.svg");
    draw(confusion, &path, Format::Svg).unwrap();
    let drawn = std::fs::read_to_string(&path).unwrap();
    assert!(
        drawn.contains("True class") && drawn.contains("Predicted class") && !drawn.contains("Bit line"),
        "{drawn}"
    );
    assert!(report.failures.is_empty() && report.trust.kcl_relative < 1e-5, "{:?}", report.trust);
}

/// Cells without a threshold make the array kernel's network that of the resistors.
#[test]
fn cells_at_rest_are_resistors() {
    let text = "resistors\n.subckt cell wl bl k=0\nR1 wl bl {k>0.5 ? 10k : 50k}\n.ends\n\
                .xbar NET 12 4 CELL=cell(wl bl) RWL=2.5 RBL=2.5 k=FILE(\"kinds\")\n\
                Xa W[0:11] B[0:3] NET\nVin[0:11] W[0:11] 0 0\nRs[0:3] B[0:3] 0 1m\n.op\n.end\n";
    let (deck, said) = netlist::parse_text("resistors.cir", text, &ReadOptions::default());
    assert!(said.is_empty(), "{said:?}");
    let mut elaborator = Elaborator::new(deck, Vec::new());
    let of: Vec<usize> = (0..48).map(|k| usize::from(k * k % 7 < 3)).collect();
    let values = of.iter().map(|&k| k as f64).collect();
    elaborator.supply("kinds", Matrix { rows: 12, cols: 4, values });
    let (mut circuit, plan) = elaborate(&elaborator);
    let set = images(60, 12, 4);
    let expected = Network::new(&mut circuit, &plan, &ports(12, 4), &[], 1.0).unwrap().run(&set, READ).unwrap();
    let (volts, states) = (infer::voltages(1.0), infer::states());
    let ohmic = |r: f64| Law::tabulate(1.0, |row, point| (volts[row] / r, -states[point])).unwrap();
    let laws = Laws { kinds: vec![ohmic(50e3), ohmic(10e3)], of };
    let layout = Layout { rows: 12, cols: 4, wire: 2.5, sense: 1e-3 };
    let got = infer::read_settling(&laws, layout, &set, READ, EFFORT).unwrap().outcome;
    for (a, b) in got.outputs.iter().zip(&expected.outputs).chain(got.energies.iter().zip(&expected.energies)) {
        assert!((a - b).abs() <= 1e-8 * b.abs(), "{a} {b}");
    }
}

const EFFORT: Effort = Effort { accuracy: 1e-3, watch: 1 };

/// 48 x 5 cells of the published 1S-1R device at five levels.
const SELECTORS: &str = ".include \"models/ecm_1s1r.lib\"\n.func memory(g)={1/(1/g-10.6k)}\n\
    .subckt cell wl bl w=0\n.param g={max(14.2957u*w,1n)}\n\
    X1 wl bl ecm_1s1r x0={max(0,(memory(g)-3.96n)/(200u-3.96n))}\n.ends\n";

fn selector_weights() -> Matrix {
    Matrix { rows: 48, cols: 5, values: (0..240).map(|k| f64::from(k * k % 11 % 6) / 5.0).collect() }
}

fn selector_definitions() -> Definitions {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("cell.cir");
    let text = format!("selectors\n{SELECTORS}.end\n");
    let (deck, said) = netlist::parse_text(path.to_str().unwrap(), &text, &ReadOptions::default());
    assert!(said.is_empty(), "{said:?}");
    Definitions::of(&deck, &[])
}

fn selector_question(wire: f64, method: infer::Method) -> infer::Question {
    infer::Question {
        cell: "cell".into(),
        parameter: "w".into(),
        weights: selector_weights(),
        file: "weights.csv".into(),
        wires: vec![0.0, wire],
        sense: 1e-3,
        read: READ,
        method,
        names: Vec::new(),
    }
}

/// The transient of the whole circuit from rest: inputs jump at t = 0, and 400 ns are 200 time constants.
fn transient(volts: &[f64], wire: f64) -> Vec<f64> {
    let sources: String = volts.iter().enumerate().map(|(k, v)| format!("Vin_{k} W_{k} 0 {v:e}\n")).collect();
    let lines = format!(
        ".xbar NET 48 5 CELL=cell(wl bl) RWL={wire} RBL={wire} w=FILE(\"weights\")\n\
         Xa W[0:47] B[0:4] NET\n{sources}Rs[0:4] B[0:4] 0 1m\n\
         .options reltol=1e-7 abstol=1e-16 statetol=1e-9\n"
    );
    let weights = selector_weights();
    let bench = selector_definitions().bench(&lines).unwrap().with_matrix("weights", 48, 5, weights.values);
    let tran = Tran { stop: 400e-9, step: 10e-9, start: 0.0, max_step: None, uic: true };
    let signals = ports(48, 5).outputs;
    let wanted = Wanted { signals, snapshots: Vec::new() };
    let solution = bench.transient(tran, &Overrides::default(), &wanted, &Unwatched).unwrap();
    (0..5).map(|k| solution.last(k)).collect()
}

/// Cells that race for the voltage end where the transient of the whole circuit ends. With 100 ohm per segment the lines
/// take their share of the voltage, so who snaps first decides.
#[test]
fn racing_cells_end_where_the_transient_ends() {
    let set = images(5, 48, 5);
    let definitions = selector_definitions();
    let context = Context { definitions: &definitions, watch: &Unwatched };
    let question = selector_question(100.0, infer::Method::States);
    let laws = infer::measure(&question, &context).unwrap().unwrap();
    assert_eq!(laws.kinds.len(), 5, "squares modulo 11 and 6 are 0, 1, 3, 4, 5");
    let layout = Layout { rows: 48, cols: 5, wire: 100.0, sense: 1e-3 };
    let got = infer::read_settling(&laws, layout, &set, READ, EFFORT).unwrap();
    assert!(got.kcl < 1e-9, "{:e}", got.kcl);
    let worst = got.watched.iter().flat_map(|(k, cells)| {
        let volts: Vec<f64> = set.image(*k).iter().map(|&p| READ.volts(p)).collect();
        cells.iter().enumerate().map(move |(c, v)| volts[c / 5] - v).collect::<Vec<_>>()
    });
    assert!(worst.fold(0.0, f64::max) > 0.1, "the wires take too little for a race");
    for k in 0..set.len() {
        let volts: Vec<f64> = set.image(k).iter().map(|&p| READ.volts(p)).collect();
        for (a, b) in got.outcome.image(k).iter().zip(transient(&volts, 100.0)) {
            assert!((a - b).abs() <= 1e-6 * b, "image {k}: {a:e} {b:e}");
        }
    }
}

/// Bit lines that rise beyond a threshold wake the dark rows below, reversed: the cells of the upper half drive the lower
/// half through wires of 1 kohm per segment.
#[test]
fn rows_that_bit_lines_wake_are_not_left_out() {
    let pixels = (0..48).map(|row| if row < 24 { 255 } else { 0 }).collect();
    let set = Dataset { height: 1, width: 48, pixels, labels: vec![0] };
    let definitions = selector_definitions();
    let context = Context { definitions: &definitions, watch: &Unwatched };
    let laws = infer::measure(&selector_question(1e3, infer::Method::States), &context).unwrap().unwrap();
    let layout = Layout { rows: 48, cols: 5, wire: 1e3, sense: 1e-3 };
    let got = infer::read_settling(&laws, layout, &set, READ, EFFORT).unwrap();
    let lowest = got.watched[0].1[24 * 5..].iter().copied().fold(0.0, f64::min);
    let volts: Vec<f64> = set.image(0).iter().map(|&p| READ.volts(p)).collect();
    for (a, b) in got.outcome.image(0).iter().zip(transient(&volts, 1e3)) {
        assert!((a - b).abs() <= 1e-6 * b, "{a:e} {b:e}");
    }
    // what a cell that woke leaves of the voltage that woke it
    assert!(lowest < -0.1, "no dark row is reversed: {lowest}");
}

/// With ideal wires every cell is alone, and operating points of the whole circuit are the same reads.
#[test]
fn selectors_between_ideal_wires_read_as_their_operating_points() {
    let set = images(4, 48, 5);
    let definitions = selector_definitions();
    let context = Context { definitions: &definitions, watch: &Unwatched };
    let ask = |method| {
        let question = infer::Question { wires: vec![0.0], ..selector_question(0.0, method) };
        infer::answer(&question, &set, &context).unwrap().rows.column("energy").unwrap()[0].number()
    };
    let (automatic, steps) = (ask(infer::Method::Automatic), ask(infer::Method::Steps));
    assert!((automatic / steps - 1.0).abs() <= 1e-6, "{automatic:e} {steps:e}");
}

/// Weights of any value have too many kinds of cells to be tabulated: the report says that this is why it took long, and
/// the wait is told in runs of images.
#[test]
fn weights_of_any_value_say_why_they_take_long() {
    #[derive(Default)]
    struct Told(std::sync::atomic::AtomicUsize, std::sync::atomic::AtomicUsize);
    impl sneakpath::study::Watch for Told {
        fn expect(&self, pieces: usize) {
            self.0.fetch_add(pieces, std::sync::atomic::Ordering::Relaxed);
        }
        fn advance(&self) {
            self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
    let definitions = selector_definitions();
    let ask = |values: Vec<f64>, watch: &dyn sneakpath::study::Watch| {
        let weights = Matrix { rows: 20, cols: 15, values };
        let question =
            infer::Question { weights, wires: vec![0.0], ..selector_question(0.0, infer::Method::Automatic) };
        infer::answer(&question, &images(1, 20, 15), &Context { definitions: &definitions, watch }).unwrap()
    };
    let watch = Told::default();
    let any = ask((0..300).map(|k| 0.2 + 0.8 * f64::from(k) / 300.0).collect(), &watch);
    let said = any.notes.join(" ");
    assert!(said.contains("300 kinds of cells, more than 256") && said.contains("at most 256 different"), "{said}");
    // the network and its one run of images
    assert_eq!((watch.0.into_inner(), watch.1.into_inner()), (2, 2));
    assert!(ask((0..300).map(|k| f64::from(k % 5) / 5.0).collect(), &Unwatched).notes.is_empty());
}

/// The deck of the published network, wires of `r` ohm.
fn fashion(r: f64) -> (Circuit, Plan) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("netlists/papers/fashion_784x10.cir");
    let (deck, said) = netlist::parse(&path, &ReadOptions::default());
    assert!(said.is_empty(), "{said:?}");
    elaborate(&Elaborator::new(deck, vec![("rw".to_string(), r)]))
}

fn test_set() -> Option<Dataset> {
    // without the data set there is nothing to compare with; the build machine installs it
    Dataset::from_folder(Path::new(DEBIAN_FOLDER), Split::Test).ok()
}

/// Reference numbers: numpy for ideal wires, ngspice and SciPy's sparse LU for 1 ohm per segment (first test image).
const IDEAL: [f64; 10] =
    [1490.0936, 1314.9247, 1764.7260, 1602.9305, 1711.9970, 2289.5615, 1783.3260, 2227.4988, 2122.3267, 2434.0076];
const WIRED: [f64; 10] =
    [489.5247, 449.1917, 574.1941, 543.9871, 604.2159, 699.7629, 572.7850, 652.0428, 640.1716, 741.8589];

fn check_first(outputs: &[f64], energy: f64, microamperes: &[f64; 10], nanojoules: f64) {
    for (got, want) in outputs.iter().zip(microamperes) {
        assert!((1e6 * got - want).abs() <= 1e-6 * want, "{got} {want}");
    }
    assert!((1e9 * energy - nanojoules).abs() <= 1e-6 * nanojoules, "{energy} {nanojoules}");
}

#[test]
fn the_published_network_reads_ten_thousand_images() {
    let Some(set) = test_set() else { return };
    let (mut circuit, plan) = fashion(0.0);
    let outcome = Network::new(&mut circuit, &plan, &ports(784, 10), &[], 1.0).unwrap().run(&set, READ).unwrap();
    check_first(outcome.image(0), outcome.energies[0], &IDEAL, 1.122911);
    let score = outcome.score(&set);
    // three images sit on a tie of two quantised columns
    assert!(score.correct.abs_diff(8404) <= 3, "{}", score.correct);
    assert!((score.energy / 2.560e-9 - 1.0).abs() <= 2e-3, "{}", score.energy);
    assert!((score.least / 0.0903e-9 - 1.0).abs() <= 1e-3 && (score.most / 8.271e-9 - 1.0).abs() <= 1e-3, "{score:?}");
    assert_eq!(score.confusion.iter().sum::<usize>(), 10_000);
}

/// One operating point of the deck itself, as `sneakpath netlists/papers/fashion_784x10.cir` runs it.
#[test]
fn one_image_through_wires_is_what_ngspice_says() {
    let Some(set) = test_set() else { return };
    let build = || Ok(fashion(1.0).0);
    let (_, mut plan) = fashion(1.0);
    plan.options.reltol = 1e-9;
    let outcome = infer::run_steps(build, &plan, &ports(784, 10), &set.truncated(1), READ).unwrap();
    check_first(outcome.image(0), outcome.energies[0], &WIRED, 0.857765);
}
