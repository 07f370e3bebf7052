//! Who conducts to whom: the edges of the circuit graph, read from the Jacobian blocks of the devices themselves.
//!
//! The blocks df/dx (and dq/dx) are evaluated at a few arbitrary points; an entry that vanishes at all of them is taken as
//! structurally zero. So a new device needs no description of its own. With P the nodes that a device carries current
//! to (other ports only sense):
//!   conducting   f of a node in P depends on its own voltage and on that of another one in P, which does likewise
//!                (a current controlled from elsewhere is no path)
//!   voltage      f of nodes in P depends on a branch current whose own row depends on their voltages and on no current
//!   open         neither: in a steady state the current is fixed (a source) or zero (a capacitor)

use crate::circuit::{Circuit, DeviceRef, UnknownKind};
use crate::device::group::GROUND;
use crate::device::{DeviceGroup, Env, Load, Mode};

/// Whether time derivatives count: a circuit that is only ever started from given initial values needs no DC path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Regime {
    /// A steady state must exist: capacitors are open, inductors are shorts.
    Static,
    /// Only transients from initial values: capacitors connect, inductors are no shorts.
    Dynamic,
}

/// How a device joins two nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bond {
    /// A current that depends on the voltage.
    Conducting,
    /// A voltage fixed whatever the current.
    Voltage,
}

/// What a device without any bond does to its nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loose {
    /// Its current is fixed.
    Current,
    /// It only stores charge.
    Charge,
}

/// Receives the graph, device by device.
pub trait Visitor {
    /// Nodes `a` and `b` are joined.
    fn bond(&mut self, device: DeviceRef, a: u32, b: u32, bond: Bond);
    /// `node` is touched by a device; `carries` is false for a port that only senses.
    fn touch(&mut self, device: DeviceRef, node: u32, carries: bool);
    /// A device that carries current to `nodes` but joins none of them.
    fn loose(&mut self, device: DeviceRef, nodes: &[u32], loose: Loose);
}

/// Walks over all devices of a circuit.
pub fn visit(circuit: &Circuit, regime: Regime, visitor: &mut dyn Visitor) {
    let points = sample_points(circuit);
    let env = Env { time: 0.0, temperature: circuit.temperature, gmin: 1e-12, source_scale: 1.0, mode: Mode::Dc };
    for (number, group) in circuit.groups.iter().enumerate() {
        let pattern = Pattern::sample(group.as_ref(), &env, &points);
        let mut block = 0;
        for index in 0..group.len() {
            let (start, end) = (group.offset(index), group.offset(index + 1));
            let n = end - start;
            let instance = Instance {
                device: DeviceRef { group: number, index },
                locals: &group.locals()[start..end],
                ports: group.card().ports.iter().map(|p| p.carries).collect(),
                values: &pattern.f[start..end],
                g: &pattern.g[block..block + n * n],
                c: &pattern.c[block..block + n * n],
                circuit,
            };
            instance.visit(regime, visitor);
            block += n * n;
        }
    }
}

/// Three arbitrary but fixed points around zero; states keep their start values.
fn sample_points(circuit: &Circuit) -> Vec<Vec<f64>> {
    [0x9e37_79b9_7f4a_7c15_u64, 0xd1b5_4a32_d192_ed03, 0x94d0_49bb_1331_11eb]
        .map(|seed| {
            let mut state = seed;
            let mut x: Vec<f64> = circuit
                .unknowns
                .iter()
                .map(|unknown| {
                    // an xorshift step: any scattered numbers do
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    let u = (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5;
                    match unknown.kind {
                        UnknownKind::Voltage => 3.0 * u,
                        UnknownKind::Current => 1e-2 * u,
                        UnknownKind::State => unknown.scale * (0.5 + u),
                    }
                })
                .collect();
            for group in &circuit.groups {
                group.start(&mut x, false);
            }
            x
        })
        .to_vec()
}

/// Which entries of the blocks of a group are ever different from zero.
struct Pattern {
    f: Vec<bool>,
    g: Vec<bool>,
    c: Vec<bool>,
}

impl Pattern {
    fn sample(group: &dyn DeviceGroup, env: &Env, points: &[Vec<f64>]) -> Self {
        let (mut f, mut g, mut c) = (Vec::new(), Vec::new(), Vec::new());
        let mut load = Load::default();
        for x in points {
            group.load(env, x, &mut load);
            merge(&mut f, &load.f);
            merge(&mut g, &load.g);
            merge(&mut c, &load.c);
        }
        Self { f, g, c }
    }
}

fn merge(pattern: &mut Vec<bool>, values: &[f64]) {
    pattern.resize(values.len(), false);
    for (seen, value) in pattern.iter_mut().zip(values) {
        // NaN and infinity are not zero either
        *seen |= *value != 0.0;
    }
}

struct Instance<'a> {
    device: DeviceRef,
    locals: &'a [u32],
    ports: Vec<bool>,
    values: &'a [bool],
    g: &'a [bool],
    c: &'a [bool],
    circuit: &'a Circuit,
}

impl Instance<'_> {
    fn is_node(&self, local: usize) -> bool {
        let id = self.locals[local];
        id == GROUND || self.circuit.unknowns.get(id as usize).is_some_and(|u| u.kind == UnknownKind::Voltage)
    }
    fn is_current(&self, local: usize) -> bool {
        let unknown = self.circuit.unknowns.get(self.locals[local] as usize);
        unknown.is_some_and(|u| u.kind == UnknownKind::Current)
    }
    fn entry(&self, row: usize, col: usize, regime: Regime) -> bool {
        let k = row * self.locals.len() + col;
        self.g[k] || (regime == Regime::Dynamic && self.c[k])
    }
    /// Does row `row` depend on the voltage of `node`, through any local that is tied to it?
    fn depends(&self, row: usize, node: u32, regime: Regime) -> bool {
        (0..self.locals.len()).any(|c| self.locals[c] == node && self.is_node(c) && self.entry(row, c, regime))
    }
    fn row_is_empty(&self, row: usize) -> bool {
        let n = self.locals.len();
        !(self.values[row] || self.g[row * n..(row + 1) * n].iter().chain(&self.c[row * n..(row + 1) * n]).any(|&b| b))
    }

    fn visit(&self, regime: Regime, visitor: &mut dyn Visitor) {
        let n = self.locals.len();
        let mut carrying = Vec::new();
        for local in (0..n).filter(|&l| self.is_node(l)) {
            let carries = self.ports.get(local).copied().unwrap_or(false) || !self.row_is_empty(local);
            visitor.touch(self.device, self.locals[local], carries);
            if carries {
                carrying.push(local);
            }
        }
        let nodes: Vec<u32> = carrying.iter().map(|&l| self.locals[l]).collect();
        let mut bonded = false;
        for &p in carrying.iter().filter(|&&p| self.locals[p] != GROUND && self.depends(p, self.locals[p], regime)) {
            let here = self.locals[p];
            let partners = carrying.iter().filter(|&&q| {
                let there = self.locals[q];
                there != here
                    && (there == GROUND || self.depends(q, there, regime))
                    && (self.depends(p, there, regime) || self.depends(q, here, regime))
            });
            let mut alone = true;
            for &q in partners {
                visitor.bond(self.device, here, self.locals[q], Bond::Conducting);
                alone = false;
            }
            if alone {
                // a current that depends on this node's own voltage against ground fixes that voltage
                visitor.bond(self.device, here, GROUND, Bond::Conducting);
            }
            bonded = true;
        }
        for z in (0..n).filter(|&z| self.is_current(z)) {
            bonded |= self.branch(z, &carrying, &nodes, regime, visitor);
        }
        if !bonded && !nodes.is_empty() {
            let stores = self.c.iter().any(|&b| b);
            visitor.loose(self.device, &nodes, if stores { Loose::Charge } else { Loose::Current });
        }
    }

    /// The bond that a branch current makes between the nodes it flows to.
    fn branch(&self, z: usize, carrying: &[usize], nodes: &[u32], regime: Regime, visitor: &mut dyn Visitor) -> bool {
        let n = self.locals.len();
        let ends: Vec<u32> = carrying.iter().filter(|&&p| self.g[p * n + z]).map(|&p| self.locals[p]).collect();
        let depends = (0..n).any(|c| self.is_node(c) && nodes.contains(&self.locals[c]) && self.entry(z, c, regime));
        if ends.is_empty() || !depends {
            return false;
        }
        let ideal = !(0..n).any(|c| self.is_current(c) && self.entry(z, c, regime));
        let bond = if ideal && ends.len() == 2 { Bond::Voltage } else { Bond::Conducting };
        for pair in ends.windows(2) {
            visitor.bond(self.device, pair[0], pair[1], bond);
        }
        true
    }
}
