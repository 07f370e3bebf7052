//! The unknowns of a circuit: a few kinds, and of each a great many.

use std::ops::{Index, Range};
use std::sync::Arc;

use super::Unknown;

/// What every unknown is, in the order they were created.
#[derive(Debug, Clone, Default)]
pub struct Unknowns {
    /// All that there are.
    classes: Vec<Unknown>,
    /// Index into `classes` by unknown; copies of a circuit's share it.
    class: Arc<Vec<u16>>,
}

impl Unknowns {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.class.len()
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.class.is_empty()
    }

    /// One of them, if there are so many.
    #[must_use]
    pub fn get(&self, k: usize) -> Option<&Unknown> {
        (k < self.len()).then(|| &self[k])
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Unknown> {
        self.class.iter().map(|&class| &self.classes[usize::from(class)])
    }

    /// The kinds of unknowns.
    #[must_use]
    pub fn classes(&self) -> &[Unknown] {
        &self.classes
    }

    /// Unknowns of the same kind that follow each other.
    pub fn runs(&self) -> impl Iterator<Item = (Range<usize>, &Unknown)> {
        let mut end = 0;
        self.class.chunk_by(|a, b| a == b).map(move |run| {
            let start = end;
            end += run.len();
            (start..end, &self.classes[usize::from(run[0])])
        })
    }

    /// What all unknowns of a range are, if they are of one kind.
    #[inline]
    #[must_use]
    pub fn common(&self, range: Range<usize>) -> Option<&Unknown> {
        let classes = &self.class[range];
        let first = *classes.first()?;
        let differ = classes.iter().fold(0, |differ, class| differ | (class ^ first));
        (differ == 0).then(|| &self.classes[usize::from(first)])
    }

    /// The kind of an unknown: an index into [`Unknowns::classes`].
    #[inline]
    #[must_use]
    pub fn class(&self, k: usize) -> usize {
        usize::from(self.class[k])
    }

    /// Appends one.
    pub fn push(&mut self, unknown: Unknown) {
        self.repeat(&[unknown], 1);
    }

    /// Appends `count` times those of `pattern`.
    pub fn repeat(&mut self, pattern: &[Unknown], count: usize) {
        let pattern: Vec<u16> = pattern.iter().map(|unknown| self.class_of(unknown)).collect();
        let class = Arc::make_mut(&mut self.class);
        match pattern.as_slice() {
            [one] => class.resize(class.len() + count, *one),
            _ => class.extend(pattern.iter().cycle().take(pattern.len() * count)),
        }
    }

    /// Forgets all but the first `count`.
    pub fn truncate(&mut self, count: usize) {
        Arc::make_mut(&mut self.class).truncate(count);
    }

    /// Cards declare the kinds, so there are never many.
    fn class_of(&mut self, unknown: &Unknown) -> u16 {
        let known = self.classes.iter().position(|class| class == unknown);
        let class = known.unwrap_or_else(|| {
            self.classes.push(*unknown);
            self.classes.len() - 1
        });
        class as u16
    }
}

impl Index<usize> for Unknowns {
    type Output = Unknown;
    #[inline]
    fn index(&self, k: usize) -> &Unknown {
        &self.classes[self.class(k)]
    }
}

impl PartialEq for Unknowns {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}
