//! What came out of a network, and how often it was right.

use super::Dataset;

/// Outputs and energies of many images.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Outputs per image.
    pub classes: usize,
    /// `images x classes`, row-major, in the unit of the output signals.
    pub outputs: Vec<f64>,
    /// Energy from the inputs in J, one per image.
    pub energies: Vec<f64>,
}

/// How a network does on a labelled set.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Images of the set.
    pub images: usize,
    /// Images whose largest output was that of their label.
    pub correct: usize,
    /// `labels x answers`, row-major: how often label i was answered with j.
    pub confusion: Vec<usize>,
    /// Mean energy per image in J.
    pub energy: f64,
    /// Smallest energy of an image in J.
    pub least: f64,
    /// Largest energy of an image in J.
    pub most: f64,
}

impl Outcome {
    /// The outputs of one image.
    #[must_use]
    pub fn image(&self, k: usize) -> &[f64] {
        &self.outputs[k * self.classes..(k + 1) * self.classes]
    }

    /// The answer to every image: the largest output, the first of equal ones.
    #[must_use]
    pub fn answers(&self) -> Vec<usize> {
        self.outputs.chunks_exact(self.classes.max(1)).map(largest).collect()
    }

    /// Compares the answers with the labels of the set they came from.
    #[must_use]
    pub fn score(&self, set: &Dataset) -> Score {
        let answers = self.answers();
        let mut confusion = vec![0; self.classes * self.classes];
        for (&label, &answer) in set.labels.iter().zip(&answers) {
            confusion[usize::from(label) * self.classes + answer] += 1;
        }
        let correct = (0..self.classes).map(|k| confusion[k * self.classes + k]).sum();
        let images = answers.len();
        Score {
            images,
            correct,
            confusion,
            energy: self.energies.iter().sum::<f64>() / images.max(1) as f64,
            least: self.energies.iter().copied().fold(f64::INFINITY, f64::min),
            most: self.energies.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }

    /// Root-mean-square difference of the outputs from those of a reference, relative to the reference's: the error of
    /// the analogue product beside the ideal one.
    #[must_use]
    pub fn error(&self, reference: &Outcome) -> f64 {
        let squares = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>();
        let pairs = self.outputs.iter().zip(&reference.outputs);
        let off = squares(&mut pairs.map(|(a, b)| a - b));
        (off / squares(&mut reference.outputs.iter().copied())).sqrt()
    }
}

impl Score {
    /// Fraction of right answers.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.images.max(1) as f64
    }
}

fn largest(outputs: &[f64]) -> usize {
    let mut best = 0;
    for (k, value) in outputs.iter().enumerate() {
        if *value > outputs[best] {
            best = k;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_and_confusion_of_four_images() {
        let outcome = Outcome {
            classes: 3,
            outputs: vec![0.1, 0.3, 0.2, 5.0, 5.0, 1.0, 0.0, 0.0, 1.0, 2.0, 1.0, 0.0],
            energies: vec![1.0, 2.0, 3.0, 6.0],
        };
        let set = Dataset { height: 1, width: 1, pixels: vec![0; 4], labels: vec![1, 0, 2, 2] };
        assert_eq!(outcome.answers(), [1, 0, 2, 0]);
        let score = outcome.score(&set);
        assert_eq!((score.images, score.correct, score.accuracy()), (4, 3, 0.75));
        assert_eq!(score.confusion, [1, 0, 0, 0, 1, 0, 1, 0, 1]);
        assert_eq!((score.energy, score.least, score.most), (3.0, 1.0, 6.0));
        let mut off = outcome.clone();
        off.outputs.iter_mut().for_each(|v| *v *= 0.9);
        assert!((off.error(&outcome) - 0.1).abs() < 1e-12);
    }
}
