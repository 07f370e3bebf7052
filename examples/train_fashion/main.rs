//! Trains the weights of `models/fashion_784x10.csv` anew: `cargo run --release --example train_fashion`.
//!
//! Softmax regression without bias, cross-entropy, Adam (Kingma, Ba, ICLR 2015), weights clamped to what a conductance
//! can be after every step, and the mean of the last epochs:
//!
//! ```text
//! m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,  w -= rate m/(1 - b1^t) / (sqrt(v/(1 - b2^t)) + eps),  w in [0, 1]
//! ```
//!
//! No bias, because an array has none; the mean, because the accuracy of a single epoch wanders by 0.35 %.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use sneakpath::numeric::rng::Stream;
use sneakpath::study::infer::{DEBIAN_FOLDER, Dataset, Split};

const CLASSES: usize = 10;
const RATE: f32 = 1e-3;
const DECAY: [f32; 2] = [0.9, 0.999];
const EPSILON: f32 = 1e-7;
/// Levels of the weights in the array.
const LEVELS: usize = 32;
/// Where networks of this recipe end, in percent.
const BAND: [f64; 2] = [83.0, 84.6];

/// Trains a 784 x 10 classifier of Fashion-MNIST whose weights are conductances.
#[derive(Parser)]
#[command(name = "train_fashion")]
struct Args {
    /// Folder with the IDX files
    #[arg(long, default_value = DEBIAN_FOLDER)]
    data: PathBuf,
    /// Passes over the training set
    #[arg(long, default_value_t = 50)]
    epochs: usize,
    /// Last epochs whose weights are averaged
    #[arg(long, default_value_t = 10)]
    averaged: usize,
    /// Images per step
    #[arg(long, default_value_t = 32)]
    batch: usize,
    /// Largest weight; the smallest is 0
    #[arg(long, default_value_t = 1.0)]
    clamp: f32,
    /// Seed of start weights and order
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Write the weights to this CSV file
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Weights and the moments of their gradients, `pixels x classes`.
struct Training {
    weights: Vec<f32>,
    moments: [Vec<f32>; 2],
    gradient: Vec<f32>,
    steps: i32,
    clamp: f32,
}

impl Training {
    /// Uniform start weights of Glorot and Bengio (AISTATS 2010), clamped.
    fn new(pixels: usize, clamp: f32, random: &mut Stream) -> Self {
        let bound = (6.0 / (pixels + CLASSES) as f64).sqrt();
        let start = |_| ((2.0 * random.uniform() - 1.0) * bound).max(0.0) as f32;
        let zeros = vec![0.0; pixels * CLASSES];
        let weights = (0..pixels * CLASSES).map(start).collect();
        Self { weights, moments: [zeros.clone(), zeros.clone()], gradient: zeros, steps: 0, clamp }
    }

    /// One step on a batch of images.
    fn step(&mut self, set: &Dataset, batch: &[usize]) {
        self.gradient.fill(0.0);
        for &k in batch {
            let mut error = softmax(logits(&self.weights, set.image(k)));
            error[usize::from(set.labels[k])] -= 1.0;
            let scale = 1.0 / (255.0 * batch.len() as f32);
            for (row, &pixel) in self.gradient.as_chunks_mut::<CLASSES>().0.iter_mut().zip(set.image(k)) {
                if pixel > 0 {
                    let x = f32::from(pixel) * scale;
                    row.iter_mut().zip(&error).for_each(|(g, e)| *g += x * e);
                }
            }
        }
        self.steps += 1;
        let [first, second] = DECAY.map(|b| 1.0 - b.powi(self.steps));
        let [m, v] = &mut self.moments;
        for (((w, g), m), v) in self.weights.iter_mut().zip(&self.gradient).zip(m).zip(v) {
            *m = DECAY[0] * *m + (1.0 - DECAY[0]) * g;
            *v = DECAY[1] * *v + (1.0 - DECAY[1]) * g * g;
            let step = RATE * (*m / first) / ((*v / second).sqrt() + EPSILON);
            *w = (*w - step).clamp(0.0, self.clamp);
        }
    }
}

fn logits(weights: &[f32], image: &[u8]) -> [f32; CLASSES] {
    let mut sums = [0.0; CLASSES];
    for (row, &pixel) in weights.as_chunks::<CLASSES>().0.iter().zip(image) {
        if pixel > 0 {
            let x = f32::from(pixel);
            sums.iter_mut().zip(row).for_each(|(s, w)| *s += x * w);
        }
    }
    sums.map(|s| s / 255.0)
}

fn softmax(logits: [f32; CLASSES]) -> [f32; CLASSES] {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers = logits.map(|l| (l - largest).exp());
    let sum: f32 = powers.iter().sum();
    powers.map(|p| p / sum)
}

/// Share of images whose largest output is that of their label.
fn accuracy(weights: &[f32], set: &Dataset) -> f64 {
    let right = |k: &usize| {
        let outputs = logits(weights, set.image(*k));
        let best = (0..CLASSES).fold(0, |best, j| if outputs[j] > outputs[best] { j } else { best });
        best == usize::from(set.labels[*k])
    };
    (0..set.len()).filter(right).count() as f64 / set.len() as f64
}

/// Weights on `levels` equal steps from 0 to the largest.
fn quantised(weights: &[f32], levels: usize) -> Vec<f32> {
    let largest = weights.iter().copied().fold(0.0, f32::max);
    let top = (levels - 1) as f32;
    weights.iter().map(|w| (w / largest * top).round() / top).collect()
}

#[allow(clippy::print_stdout)]
fn train(args: &Args) -> Result<(), String> {
    let load = |split| Dataset::from_folder(&args.data, split).map_err(|e| e.to_string());
    let (training, test) = (load(Split::Train)?, load(Split::Test)?);
    if training.labels.iter().chain(&test.labels).any(|l| usize::from(*l) >= CLASSES) {
        return Err(format!("the labels of the set in `{}` are not all below {CLASSES}", args.data.display()));
    }
    if training.size() != test.size() {
        return Err(format!("training images have {} pixels, test images {}", training.size(), test.size()));
    }
    let mut random = Stream::new(args.seed, 0, "train fashion");
    let mut state = Training::new(training.size(), args.clamp, &mut random);
    let mut mean = vec![0.0f64; state.weights.len()];
    let mut order: Vec<usize> = (0..training.len()).collect();
    let averaged = args.averaged.clamp(1, args.epochs.max(1));
    let start = Instant::now();
    for epoch in 1..=args.epochs {
        for k in (1..order.len()).rev() {
            let other = (random.uniform() * (k + 1) as f64) as usize;
            order.swap(k, other.min(k));
        }
        order.chunks(args.batch.max(1)).for_each(|batch| state.step(&training, batch));
        if epoch + averaged > args.epochs {
            mean.iter_mut().zip(&state.weights).for_each(|(m, w)| *m += f64::from(*w) / averaged as f64);
        }
        if epoch % 10 == 0 || epoch == args.epochs {
            let now = 100.0 * accuracy(&state.weights, &test);
            println!("epoch {epoch:3}: {now:.2} % of the test images, {:.1} s", start.elapsed().as_secs_f64());
        }
    }
    let mean: Vec<f32> = mean.iter().map(|m| *m as f32).collect();
    println!("mean of the last {averaged} epochs: {:.2} %", 100.0 * accuracy(&mean, &test));
    let found = 100.0 * accuracy(&quantised(&mean, LEVELS), &test);
    let verdict = if (BAND[0]..=BAND[1]).contains(&found) { "inside" } else { "OUTSIDE" };
    println!("the same on {LEVELS} levels: {found:.2} %, {verdict} {} to {} %", BAND[0], BAND[1]);
    if let Some(path) = &args.out {
        let lines = mean.as_chunks::<CLASSES>().0.iter().map(|row| row.map(|w| format!("{w:.5}")).join(",") + "\n");
        std::fs::write(path, lines.collect::<String>()).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

#[allow(clippy::print_stderr)]
fn main() -> ExitCode {
    match train(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}
