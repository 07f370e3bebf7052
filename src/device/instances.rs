//! The devices of a group: one for every instance, or a single one while all are copies of it, as the segments of a line
//! are. Arrays have millions of those.

use std::ops::Index;

/// Devices by instance.
#[derive(Debug, Clone)]
pub(super) struct Instances<D> {
    /// As many as there are instances, or one for all.
    devices: Vec<D>,
    count: usize,
}

impl<D> Default for Instances<D> {
    fn default() -> Self {
        Self { devices: Vec::new(), count: 0 }
    }
}

impl<D: Clone> Instances<D> {
    pub fn len(&self) -> usize {
        self.count
    }

    pub fn get(&self, i: usize) -> Option<&D> {
        (i < self.count).then(|| &self[i])
    }

    pub fn iter(&self) -> impl Iterator<Item = &D> {
        (0..self.count).map(|i| &self[i])
    }

    /// Every device for itself, to be read or changed.
    pub fn each(&mut self) -> &mut [D] {
        if let [one] = self.devices.as_slice()
            && self.count != 1
        {
            self.devices = vec![one.clone(); self.count];
        }
        &mut self.devices
    }

    /// Every device for itself, if they are not copies of one.
    pub fn as_slice(&self) -> Option<&[D]> {
        (self.devices.len() == self.count).then_some(self.devices.as_slice())
    }

    pub fn push(&mut self, device: D) {
        self.each();
        self.devices.push(device);
        self.count += 1;
    }

    /// Appends copies of a device.
    pub fn extend(&mut self, device: &D, copies: usize) {
        if self.count == 0 {
            self.devices = vec![device.clone()];
        } else {
            self.each();
            self.devices.resize(self.count + copies, device.clone());
        }
        self.count += copies;
    }
}

impl<D> Index<usize> for Instances<D> {
    type Output = D;
    #[inline(always)]
    fn index(&self, i: usize) -> &D {
        &self.devices[if self.devices.len() == 1 { 0 } else { i }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_kept_once_until_one_changes() {
        let mut devices = Instances::default();
        devices.extend(&7, 3);
        assert!(devices.as_slice().is_none());
        assert_eq!((devices.len(), devices.get(2), devices.get(3)), (3, Some(&7), None));
        devices.each()[1] = 8;
        devices.extend(&9, 2);
        devices.push(1);
        assert_eq!(devices.as_slice(), Some(&[7, 8, 7, 9, 9, 1][..]));
        assert_eq!(devices.iter().sum::<i32>(), 41);
    }
}
