//! Pulse schemes: heights and widths that change linearly from the first pulse to the last.

/// The pulses of one direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ramp {
    /// Height of the first and of the last pulse, in V, with sign.
    pub height: (f64, f64),
    /// Width of the first and of the last pulse, in s.
    pub width: (f64, f64),
}

/// What changes from pulse to pulse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Heights.
    Height,
    /// Widths.
    Width,
}

/// One cycle of pulses, with a read after each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scheme {
    /// Pulses in each direction.
    pub pulses: usize,
    /// Pulses that raise the conductance.
    pub up: Ramp,
    /// Pulses that lower it.
    pub down: Ramp,
    /// From the end of a pulse to the start of the next, in s.
    pub rest: f64,
    /// Rise and fall time in s.
    pub edge: f64,
    /// Voltage of the reads.
    pub read: f64,
}

impl Ramp {
    /// All pulses alike.
    #[must_use]
    pub fn constant(height: f64, width: f64) -> Self {
        Self { height: (height, height), width: (width, width) }
    }

    /// Height and width of pulse k of n.
    #[must_use]
    pub fn pulse(&self, k: usize, n: usize) -> (f64, f64) {
        let t = if n > 1 { k as f64 / (n - 1) as f64 } else { 1.0 };
        let between = |(a, b): (f64, f64)| a + (b - a) * t;
        (between(self.height), between(self.width))
    }
}

impl Scheme {
    /// What keeps this from being a scheme, in plain words.
    ///
    /// # Errors
    /// No pulses, times that are not positive, a rest too short for a read, pulses of the wrong sign.
    pub fn check(&self) -> Result<(), String> {
        if self.pulses == 0 {
            return Err("a scheme needs at least one pulse".into());
        }
        for (name, value) in [("rest", self.rest), ("edge", self.edge)] {
            if value <= 0.0 || !value.is_finite() {
                return Err(format!("the {name} must be a positive time, not {value} s"));
            }
        }
        for ramp in [&self.up, &self.down] {
            for width in [ramp.width.0, ramp.width.1] {
                if width <= 2.0 * self.edge || !width.is_finite() {
                    return Err(format!("a pulse of {width} s is too short for edges of {} s", self.edge));
                }
            }
            if ramp.height.0 * ramp.height.1 <= 0.0 {
                return Err(format!("pulses of {} V .. {} V change sign", ramp.height.0, ramp.height.1));
            }
        }
        if self.rest <= 8.0 * self.edge {
            return Err(format!("a rest of {} s leaves no room for a read with edges of {} s", self.rest, self.edge));
        }
        if self.up.height.0 * self.down.height.0 > 0.0 {
            return Err("pulses up and down must have opposite signs".into());
        }
        if self.read == 0.0 || !self.read.is_finite() {
            return Err("the read voltage must not be zero".into());
        }
        Ok(())
    }

    /// Corners (time in s, voltage) of `cycles` cycles, and the times of the reads: one before the first pulse and one
    /// after each. Widths are those at half height.
    #[must_use]
    pub fn waveform(&self, cycles: usize) -> (Vec<(f64, f64)>, Vec<f64>) {
        let (mut corners, mut reads) = (vec![(0.0, 0.0)], Vec::new());
        let mut t = self.read_at(&mut corners, &mut reads, 0.0);
        for _ in 0..cycles {
            for ramp in [&self.up, &self.down] {
                for k in 0..self.pulses {
                    let (height, width) = ramp.pulse(k, self.pulses);
                    let end = t + width;
                    corners.extend([(t, 0.0), (t + self.edge, height), (end, height), (end + self.edge, 0.0)]);
                    t = self.read_at(&mut corners, &mut reads, end);
                }
            }
        }
        (corners, reads)
    }

    /// A read in the last tenth of a rest that begins at `t`; the end of the rest.
    fn read_at(&self, corners: &mut Vec<(f64, f64)>, reads: &mut Vec<f64>, t: f64) -> f64 {
        let at = |share: f64| t + share * self.rest;
        corners.extend([(at(0.90), 0.0), (at(0.92), self.read), (at(0.96), self.read), (at(0.98), 0.0)]);
        reads.push(at(0.955));
        t + self.rest
    }

    /// Pulses of one cycle, up then down: height in V and width in s.
    pub fn table(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let all = [&self.up, &self.down].into_iter();
        all.flat_map(move |ramp| (0..self.pulses).map(move |k| ramp.pulse(k, self.pulses)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scheme() -> Scheme {
        let up = Ramp { height: (6.125, 14.0), width: (400e-6, 400e-6) };
        let down = Ramp { height: (-6.125, -14.0), ..up };
        Scheme { pulses: 64, up, down, rest: 1e-3, edge: 10e-9, read: 0.1 }
    }

    #[test]
    fn the_ramp_of_the_paper_has_its_steps() {
        let heights: Vec<f64> = scheme().table().map(|p| p.0).collect();
        assert_eq!(heights.len(), 128);
        assert!((heights[1] - heights[0] - 0.125).abs() < 1e-12);
        assert!((heights[63] - 14.0).abs() < 1e-12 && (heights[64] + 6.125).abs() < 1e-12);
    }

    #[test]
    fn times_rise_and_reads_lie_on_the_read_voltage() {
        let (corners, reads) = scheme().waveform(2);
        assert!(corners.windows(2).all(|w| w[1].0 > w[0].0));
        assert_eq!(reads.len(), 1 + 2 * 128);
        for t in reads {
            let k = corners.partition_point(|c| c.0 < t);
            assert_eq!((corners[k - 1].1, corners[k].1), (0.1, 0.1), "{t}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        let good = scheme();
        assert_eq!(good.check(), Ok(()));
        let bad = [
            Scheme { pulses: 0, ..good },
            Scheme { rest: 0.0, ..good },
            Scheme { edge: 1e-3, ..good },
            Scheme { down: good.up, ..good },
            Scheme { read: 0.0, ..good },
            Scheme { up: Ramp { height: (-1.0, 2.0), ..good.up }, ..good },
        ];
        assert!(bad.iter().all(|s| s.check().is_err()));
    }
}
