//! Sets of nodes that are joined one by one.

/// Union-find with path halving and union by size: one more than the member above; for a root, one less than the size of
/// its set, negative. So all begin as zeros, and what nobody joins takes no memory.
#[derive(Clone)]
pub struct Partition(Vec<i32>);

impl Partition {
    /// `n` sets of one each.
    pub fn new(n: usize) -> Self {
        Self(vec![0; n])
    }
    /// The member that stands for the set of `a`; shortens the way there.
    fn find(&mut self, mut a: u32) -> u32 {
        while self.0[a as usize] > 0 {
            let up = self.0[a as usize] as u32 - 1;
            if self.0[up as usize] <= 0 {
                return up;
            }
            self.0[a as usize] = self.0[up as usize];
            a = up;
        }
        a
    }
    /// The member that stands for the set of `a`.
    pub fn root(&self, mut a: u32) -> u32 {
        while self.0[a as usize] > 0 {
            a = self.0[a as usize] as u32 - 1;
        }
        a
    }
    /// Joins two sets; false when they were one already.
    pub fn union(&mut self, a: u32, b: u32) -> bool {
        let (mut a, mut b) = (self.find(a), self.find(b));
        if a == b {
            return false;
        }
        if self.0[a as usize] > self.0[b as usize] {
            (a, b) = (b, a);
        }
        self.0[a as usize] += self.0[b as usize] - 1;
        self.0[b as usize] = a as i32 + 1;
        true
    }
}
