//! Local charges of every device and their rates.
//!
//! The currents of capacitors, the power of every element and the energy balance need dq/dt per device, not only per
//! row. The integration rule is linear, so the same coefficients apply: q' = alpha q + beta with beta from the device's
//! own past. Rows of states use the state rule, all others the charge rule.

use crate::circuit::{Circuit, UnknownKind};
use crate::device::group::GROUND;
use crate::device::{Load, Role};
use crate::numeric::integrate::Coefficients;

/// The coefficients of one step, by kind of row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepRules {
    /// Charges and fluxes.
    pub charge: Coefficients,
    /// Device states.
    pub state: Coefficients,
}

/// One group's past.
#[derive(Debug, Clone, Default)]
struct Past {
    q: Vec<f64>,
    q_before: Vec<f64>,
    rate: Vec<f64>,
    /// Rate of the point being recorded.
    now: Vec<f64>,
    /// Is this local row a state row?
    is_state: Vec<bool>,
    /// Is it a branch row, whose q is a flux?
    is_branch: Vec<bool>,
}

/// Charges of all devices.
#[derive(Debug, Clone, Default)]
pub struct Charges {
    groups: Vec<Past>,
}

/// Instantaneous powers in W.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Powers {
    /// Out of sources.
    pub delivered: f64,
    /// Into passive devices, conductive part.
    pub dissipated: f64,
    /// Sum over all devices of |power|, stores included.
    pub gross: f64,
}

impl Charges {
    /// All charges as loaded, all rates zero (a still circuit).
    #[must_use]
    pub fn still(circuit: &Circuit, loads: &[Load]) -> Self {
        let groups = circuit
            .groups
            .iter()
            .zip(loads)
            .map(|(group, load)| {
                let kind = |id: &u32| circuit.unknowns.get(*id as usize).map(|u| u.kind);
                Past {
                    q: load.q.clone(),
                    q_before: load.q.clone(),
                    rate: vec![0.0; load.q.len()],
                    now: vec![0.0; load.q.len()],
                    is_state: group.locals().iter().map(|id| kind(id) == Some(UnknownKind::State)).collect(),
                    is_branch: group.locals().iter().map(|id| kind(id) == Some(UnknownKind::Current)).collect(),
                }
            })
            .collect();
        Self { groups }
    }

    /// Rates of a step just solved.
    pub fn set_rates(&mut self, loads: &[Load], rules: &StepRules) {
        for (past, load) in self.groups.iter_mut().zip(loads) {
            for k in 0..load.q.len() {
                let c = if past.is_state[k] { &rules.state } else { &rules.charge };
                past.now[k] = c.alpha * load.q[k] + c.beta(past.q[k], past.q_before[k], past.rate[k]);
            }
        }
    }

    /// Rates at the point being recorded, per group and local row.
    #[must_use]
    pub fn rates(&self, group: usize) -> &[f64] {
        self.groups.get(group).map_or(&[], |past| &past.now)
    }

    /// Powers at `x` with the present rates.
    #[must_use]
    pub fn powers(&self, circuit: &Circuit, loads: &[Load], x: &[f64]) -> Powers {
        let mut powers = Powers::default();
        for ((group, load), past) in circuit.groups.iter().zip(loads).zip(&self.groups) {
            let role = group.card().role;
            for device in 0..group.len() {
                let (mut conducted, mut charged) = (0.0, 0.0);
                for k in group.offset(device)..group.offset(device + 1) {
                    let id = group.locals()[k];
                    if id == GROUND || past.is_state[k] || past.is_branch[k] {
                        continue;
                    }
                    conducted += x[id as usize] * load.f[k];
                    charged += x[id as usize] * past.now[k];
                }
                powers.gross += (conducted + charged).abs();
                match role {
                    Role::Source => powers.delivered -= conducted + charged,
                    Role::Passive => powers.dissipated += conducted,
                }
            }
        }
        powers
    }

    /// Energy stored between the last accepted point and this one: sum of v dq at nodes, -i dflux on branches, with
    /// v and i in the middle, which is exact for linear elements.
    #[must_use]
    pub fn stored(&self, circuit: &Circuit, loads: &[Load], x: &[f64], x_before: &[f64]) -> (f64, f64) {
        let (mut charges, mut fluxes) = (0.0, 0.0);
        for ((group, load), past) in circuit.groups.iter().zip(loads).zip(&self.groups) {
            if group.card().role == Role::Source {
                continue;
            }
            for (k, &id) in group.locals().iter().enumerate() {
                if id == GROUND || past.is_state[k] {
                    continue;
                }
                let middle = 0.5 * (x[id as usize] + x_before[id as usize]);
                let change = load.q[k] - past.q[k];
                if past.is_branch[k] {
                    fluxes -= middle * change;
                } else {
                    charges += middle * change;
                }
            }
        }
        (charges, fluxes)
    }

    /// The point is accepted: it becomes the past.
    pub fn advance(&mut self, loads: &[Load]) {
        for (past, load) in self.groups.iter_mut().zip(loads) {
            std::mem::swap(&mut past.q, &mut past.q_before);
            past.q.clone_from(&load.q);
            std::mem::swap(&mut past.rate, &mut past.now);
        }
    }

    /// Replaces the charges of the present (initial conditions of `uic`).
    pub fn set_charges(&mut self, group: usize, q: &[f64]) {
        if let Some(past) = self.groups.get_mut(group) {
            past.q.copy_from_slice(q);
            past.q_before.copy_from_slice(q);
        }
    }
}
