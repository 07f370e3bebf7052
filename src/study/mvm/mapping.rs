//! Weights as conductances, and currents as products again.
//!
//! With s = max |w|, D = gmax - gmin and v = V x, the columns of a product y_j = sum_i x_i w_ij are
//!
//! ```text
//! single        g = gmin + D w/s                          y = s/D (I/V - gmin sum x)      w >= 0
//! differential  g+ = gmin + D max(w,0)/s, g- likewise     y = s/D (I+ - I-)/V
//! offset        g = gmid + D/2 w/s, one column at gmid    y = 2 s/D (I - I_ref)/V
//! ```

/// How a signed weight becomes conductances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One column; weights of one sign.
    Single,
    /// Two columns per output.
    Differential,
    /// One column per output and one reference column for all.
    Offset,
}

/// Weights, inputs x outputs, in an array.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    form: Form,
    /// Word lines.
    pub inputs: usize,
    /// Products.
    pub outputs: usize,
    low: f64,
    high: f64,
    scale: f64,
}

impl Mapping {
    /// The mapping of these weights.
    ///
    /// # Errors
    /// In plain words: weights that are all 0, negative ones in a single column, conductances in the wrong order.
    pub fn of(form: Form, weights: &[f64], inputs: usize, (low, high): (f64, f64)) -> Result<Self, String> {
        if low >= high {
            return Err(format!("gmin= ({low:e} S) must lie below gmax= ({high:e} S)"));
        }
        let scale = weights.iter().fold(0.0f64, |s, w| s.max(w.abs()));
        if scale == 0.0 {
            return Err("all weights are 0: there is no product to compare with".to_owned());
        }
        if form == Form::Single
            && let Some(k) = weights.iter().position(|w| *w < 0.0)
        {
            let outputs = weights.len() / inputs;
            return Err(format!(
                "the weight of input {} and output {} is {}; a single column holds weights from 0: use \
                 mapping=differential or mapping=offset",
                k / outputs,
                k % outputs,
                weights[k]
            ));
        }
        Ok(Self { form, inputs, outputs: weights.len() / inputs, low, high, scale })
    }

    /// Bit lines.
    #[must_use]
    pub fn columns(&self) -> usize {
        match self.form {
            Form::Single => self.outputs,
            Form::Differential => 2 * self.outputs,
            Form::Offset => self.outputs + 1,
        }
    }

    /// The share of the conductance range in each cell, 0..1, row-major `inputs x columns`. The two columns of a pair
    /// stand side by side; the reference column is the last.
    #[must_use]
    pub fn shares(&self, weights: &[f64]) -> Vec<f64> {
        let row = |row: &[f64]| -> Vec<f64> {
            let w = row.iter().map(|w| w / self.scale);
            match self.form {
                Form::Single => w.collect(),
                Form::Differential => w.flat_map(|w| [w.max(0.0), (-w).max(0.0)]).collect(),
                Form::Offset => w.map(|w| 0.5 + 0.5 * w).chain([0.5]).collect(),
            }
        };
        weights.chunks_exact(self.outputs).flat_map(row).collect()
    }

    /// A share of the range as a conductance in S.
    #[must_use]
    pub fn conductance(&self, share: f64) -> f64 {
        self.low + (self.high - self.low) * share
    }

    /// The products that column currents per volt stand for; `sum` is the sum of the inputs.
    #[must_use]
    pub fn products(&self, currents: &[f64], sum: f64) -> Vec<f64> {
        let gain = self.scale / (self.high - self.low);
        match self.form {
            Form::Single => currents.iter().map(|i| gain * (i - self.low * sum)).collect(),
            Form::Differential => currents.chunks_exact(2).map(|pair| gain * (pair[0] - pair[1])).collect(),
            Form::Offset => {
                let reference = currents.last().copied().unwrap_or(f64::NAN);
                currents[..self.outputs].iter().map(|i| 2.0 * gain * (i - reference)).collect()
            }
        }
    }
}

/// `share` on one of `levels` evenly spaced values of 0..1; any value when there are fewer than two.
#[must_use]
pub fn quantise(share: f64, levels: f64) -> f64 {
    if levels < 2.0 { share } else { (share * (levels - 1.0)).round() / (levels - 1.0) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Products of the conductances themselves are the products of the weights, in every form.
    #[test]
    fn currents_of_exact_conductances_give_exact_products() {
        let (weights, x) = ([0.5, -2.0, 1.5, 0.25, -0.75, 1.0], [0.3, -0.8]);
        let exact = |w: &[f64], j: usize| x[0] * w[j] + x[1] * w[3 + j];
        for form in [Form::Single, Form::Differential, Form::Offset] {
            let w = weights.map(|w: f64| if form == Form::Single { w.abs() } else { w });
            let mapping = Mapping::of(form, &w, 2, (1e-6, 1e-4)).unwrap();
            let g: Vec<f64> = mapping.shares(&w).iter().map(|s| mapping.conductance(*s)).collect();
            assert!(g.iter().all(|g| (1e-6..=1e-4).contains(g)));
            let columns = mapping.columns();
            let currents: Vec<f64> = (0..columns).map(|j| x[0] * g[j] + x[1] * g[columns + j]).collect();
            for (j, y) in mapping.products(&currents, x[0] + x[1]).iter().enumerate() {
                assert!((y - exact(&w, j)).abs() < 1e-14, "{form:?} {j}: {y}");
            }
        }
        assert!(Mapping::of(Form::Single, &weights, 2, (1e-6, 1e-4)).unwrap_err().contains("input 0 and output 1"));
        assert!(Mapping::of(Form::Offset, &[0.0; 2], 2, (1e-6, 1e-4)).is_err());
        assert!(Mapping::of(Form::Offset, &weights, 2, (1e-4, 1e-4)).is_err());
    }

    #[test]
    fn levels_are_even_and_include_both_ends() {
        assert_eq!([0.0, 0.2, 0.49, 0.51, 1.0].map(|s| quantise(s, 2.0)), [0.0, 0.0, 0.0, 1.0, 1.0]);
        assert_eq!(quantise(0.3, 5.0), 0.25);
        assert_eq!(quantise(0.3, 0.0), 0.3);
    }
}
