//! Local charges of every device and their rates.
//!
//! The currents of capacitors, the power of every element and the energy balance need dq/dt per device, not only per
//! row. The integration rule is linear, so the same coefficients apply: q' = alpha q + beta with beta from the device's
//! own past. Rows of states use the state rule, all others the charge rule.
//!
//! The energy of a step is v in its middle times what flowed, and what flowed is what the rule says: with
//! q' = alpha q + a q_n + b q_{n-1} + c q'_n and sum (f + q') = 0 at every node,
//!
//! ```text
//! dq = q - q_n,   C = (f + b C_n - c f_n) / alpha   =>   sum (C + dq) = 0 at every node
//! ```
//!
//! C is h f for Euler, h (f + f_n) / 2 for the trapezoidal rule, and of second order for BDF2. So delivered =
//! dissipated + stored holds for the discrete circuit, whatever its steps (Tellegen); what is left is Kirchhoff's law.

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
    /// Conducted currents at the newest point, and what they carried in the step that led there.
    f: Vec<f64>,
    carried: Vec<f64>,
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

/// Energies of one step in J.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct StepEnergy {
    /// Out of sources.
    pub delivered: f64,
    /// Into passive devices, conductive part.
    pub dissipated: f64,
    /// Into charges and fluxes.
    pub stored: f64,
    /// Sum over all devices of |energy|.
    pub exchanged: f64,
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
                    f: load.f.clone(),
                    carried: vec![0.0; load.q.len()],
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

    /// Energies between the newest point and the one just solved, once for each step: it takes note of the currents.
    ///
    /// Into charges goes v dq, into fluxes -i dflux, with v and i in the middle, which is exact for linear elements.
    /// Branches with a flux carry their power through the conductive rows of their ports.
    pub fn step_energy(
        &mut self,
        circuit: &Circuit,
        loads: &[Load],
        (x_before, x): (&[f64], &[f64]),
        rule: &Coefficients,
    ) -> StepEnergy {
        let mut energy = StepEnergy::default();
        for ((group, load), past) in circuit.groups.iter().zip(loads).zip(&mut self.groups) {
            let role = group.card().role;
            for device in 0..group.len() {
                let (mut conducted, mut charges, mut fluxes) = (0.0, 0.0, 0.0);
                for k in group.offset(device)..group.offset(device + 1) {
                    let id = group.locals()[k];
                    if id == GROUND || past.is_state[k] {
                        continue;
                    }
                    let middle = 0.5 * (x[id as usize] + x_before[id as usize]);
                    let change = load.q[k] - past.q[k];
                    if past.is_branch[k] {
                        fluxes -= middle * change;
                        continue;
                    }
                    past.carried[k] = (load.f[k] + rule.b * past.carried[k] - rule.c * past.f[k]) / rule.alpha;
                    past.f[k] = load.f[k];
                    conducted += middle * past.carried[k];
                    charges += middle * change;
                }
                energy.exchanged += (conducted + charges).abs();
                match role {
                    Role::Source => energy.delivered -= conducted + charges,
                    Role::Passive => {
                        energy.dissipated += conducted - fluxes;
                        energy.stored += charges + fluxes;
                    }
                }
            }
        }
        energy
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
