//! Labelled images: a pair of IDX files.

use std::path::{Path, PathBuf};

use super::{DataError, idx};

/// Where Debian's package `dataset-fashion-mnist` puts its files.
pub const DEBIAN_FOLDER: &str = "/usr/share/datasets/fashion-mnist";

/// Names of the classes of Fashion-MNIST in the order of their labels.
pub const FASHION_CLASSES: [&str; 10] =
    ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"];

/// Which half of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Images to train with.
    Train,
    /// Images to test with.
    Test,
}

impl Split {
    /// File names of images and labels, without `.gz`.
    fn files(self) -> [&'static str; 2] {
        match self {
            Split::Train => ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
            Split::Test => ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
        }
    }
}

/// Grey images with their classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// Pixel rows of an image.
    pub height: usize,
    /// Pixel columns of an image.
    pub width: usize,
    /// `len() * height * width` pixels, 0 = black.
    pub pixels: Vec<u8>,
    /// Class of every image.
    pub labels: Vec<u8>,
}

impl Dataset {
    /// Reads a pair of files.
    ///
    /// # Errors
    /// What is wrong with either, images without size, or another number of labels than of images.
    pub fn read(images: &Path, labels: &Path) -> Result<Self, DataError> {
        let pictures = idx::read(images)?;
        let classes = idx::read(labels)?;
        let expected = |path: &Path, expected: &'static str, sizes: &[usize]| DataError::Rank {
            path: path.display().to_string(),
            expected,
            found: sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(" x "),
        };
        let [count, height, width] = pictures.sizes[..] else {
            return Err(expected(images, "images (count x height x width)", &pictures.sizes));
        };
        let [label_count] = classes.sizes[..] else {
            return Err(expected(labels, "labels (one dimension)", &classes.sizes));
        };
        if count * height * width == 0 {
            return Err(expected(images, "at least one image", &pictures.sizes));
        }
        if count != label_count {
            let (images, labels) = (images.display().to_string(), labels.display().to_string());
            return Err(DataError::Pairing { images, count, labels, label_count });
        }
        Ok(Self { height, width, pixels: pictures.bytes, labels: classes.bytes })
    }

    /// Reads one half of a data set from a folder that holds the four files of the MNIST family, gzipped or not.
    ///
    /// # Errors
    /// As [`Dataset::read`]; a missing file names the package that brings it.
    pub fn from_folder(folder: &Path, split: Split) -> Result<Self, DataError> {
        if folder.is_file() {
            return Err(DataError::Unlabelled { path: folder.display().to_string() });
        }
        let [images, labels] = split.files().map(|name| present(folder, name));
        Self::read(&images?, &labels?)
    }

    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// True without images.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Pixels per image.
    #[must_use]
    pub fn size(&self) -> usize {
        self.height * self.width
    }

    /// Pixels of one image, row by row.
    #[must_use]
    pub fn image(&self, k: usize) -> &[u8] {
        &self.pixels[k * self.size()..(k + 1) * self.size()]
    }

    /// Only the first `count` images.
    #[must_use]
    pub fn truncated(mut self, count: usize) -> Self {
        let size = self.size();
        self.labels.truncate(count);
        self.pixels.truncate(count * size);
        self
    }
}

/// The file itself or with `.gz`.
fn present(folder: &Path, name: &str) -> Result<PathBuf, DataError> {
    let packed = folder.join(format!("{name}.gz"));
    let plain = folder.join(name);
    [&packed, &plain]
        .into_iter()
        .find(|path| path.is_file())
        .cloned()
        .ok_or_else(|| DataError::Missing { path: packed.display().to_string() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn pair(images: &[u8], labels: &[u8]) -> Result<Dataset, DataError> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("t10k-images-idx3-ubyte"), images).unwrap();
        std::fs::write(dir.path().join("t10k-labels-idx1-ubyte"), labels).unwrap();
        Dataset::from_folder(dir.path(), Split::Test)
    }

    const IMAGES: [u8; 20] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 9, 8, 7, 6];
    const LABELS: [u8; 10] = [0, 0, 8, 1, 0, 0, 0, 2, 4, 5];

    #[test]
    fn a_pair_is_read() {
        let set = pair(&IMAGES, &LABELS).unwrap();
        assert_eq!((set.len(), set.size(), set.image(1), set.labels[1]), (2, 2, &[7, 6][..], 5));
        assert_eq!(set.truncated(1).pixels, [9, 8]);
    }

    #[test]
    fn pairs_that_do_not_fit_are_refused() {
        let one = pair(&IMAGES, &[0, 0, 8, 1, 0, 0, 0, 1, 4]).unwrap_err().to_string();
        assert!(one.contains("holds 2 images") && one.contains("1 labels"), "{one}");
        let swapped = pair(&LABELS, &IMAGES).unwrap_err().to_string();
        assert!(swapped.contains("expected images") && swapped.contains("t10k-images"), "{swapped}");
        let empty = pair(&[0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2], &LABELS).unwrap_err().to_string();
        assert!(empty.contains("at least one image"), "{empty}");
    }

    #[test]
    fn a_missing_set_names_its_package() {
        let missing = Dataset::from_folder(Path::new("/nowhere"), Split::Train).unwrap_err().to_string();
        assert!(missing.contains("/nowhere/train-images") && missing.contains("dataset-fashion-mnist"), "{missing}");
        let file = tempfile::NamedTempFile::new().unwrap();
        let one = Dataset::from_folder(file.path(), Split::Test).unwrap_err().to_string();
        assert!(one.contains("is a file") && one.contains("`labels` must name"), "{one}");
    }
}
