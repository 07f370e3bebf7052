//! Who conducts to whom: the edges of the circuit graph, read from the Jacobian blocks of the devices themselves.
//!
//! The blocks df/dx (and dq/dx) are evaluated at a few arbitrary points; an entry that vanishes at all of them is taken as
//! structurally zero. So a new device needs no description of its own. With P the nodes that a device carries current
//! to (other ports only sense):
//!   conducting   f of a node in P depends on its own voltage and on that of another one in P, which does likewise
//!                (a current controlled from elsewhere is no path)
//!   voltage      f of nodes in P depends on a branch current whose own row depends on their voltages and on no current
//!   open         neither: in a steady state the current is fixed (a source) or zero (a capacitor)

use std::ops::Range;

use crate::circuit::{ArrayInstance, Circuit, DeviceRef, Run, UnknownKind};
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
    /// A device joins two nodes by a current that depends on both voltages, and does nothing else: what nearly all do.
    fn conductor(&mut self, a: u32, b: u32);
    /// `node` is touched by a device; `carries` is false for a port that only senses.
    fn touch(&mut self, device: DeviceRef, node: u32, carries: bool);
    /// A device that carries current to `nodes` but joins none of them.
    fn loose(&mut self, device: DeviceRef, nodes: &[u32], loose: Loose);
}

/// Instances whose blocks are looked at together.
const CHUNK: usize = 1024;
/// Arbitrary points around zero at which blocks are evaluated.
const POINTS: usize = 3;

/// Walks over all devices of a circuit but those of some runs.
pub fn visit(circuit: &Circuit, regime: Regime, without: &[Run], visitor: &mut impl Visitor) {
    let wires: Vec<Run> = circuit.arrays.iter().flat_map(ArrayInstance::wire_runs).collect();
    let mut pattern = Pattern::new(circuit);
    let mut locals = Vec::new();
    for (number, group) in circuit.groups.iter().enumerate() {
        let group = group.as_ref();
        let ports: Vec<bool> = group.card().ports.iter().map(|p| p.carries).collect();
        let runs: Vec<&Run> = wires.iter().chain(without).filter(|run| run.group == number).collect();
        let mut index = 0;
        while index < group.len() {
            if let Some(run) = without.iter().find(|run| run.group == number && run.first == index) {
                index += run.count;
                continue;
            }
            // instances of one law, such as the segments of a line, have one pattern: the first tells of all
            let copies = runs.iter().find(|run| run.first == index).map(|run| run.count);
            let next = runs.iter().filter(|run| run.first > index).map(|run| run.first).min();
            let alike = copies.is_some() || group.is_alike();
            let end = copies.map_or_else(
                || (index + CHUNK).min(group.len()).min(next.unwrap_or(usize::MAX)),
                |count| index + count,
            );
            let conductors = conducts(circuit, group, index..end);
            if !conductors {
                let sampled = if alike { index..index + 1 } else { index..end };
                group.read_locals(sampled.clone(), &mut locals);
                let values = if alike { Values::OfLocals } else { Values::OfUnknowns };
                pattern.sample(group, &locals, sampled, values, &ports);
            }
            let resistors = ports == [true, true]
                && pattern.is_full()
                && group.offset(end) - group.offset(index) == 2 * (end - index);
            for start in (index..end).step_by(CHUNK) {
                let chunk = start..(start + CHUNK).min(end);
                group.read_locals(chunk.clone(), &mut locals);
                let (pairs, _) = locals.as_chunks::<2>();
                // one with both ends on one node carries no current
                if conductors || resistors && pairs.iter().flatten().all(|&node| is_node(circuit, node)) {
                    pairs.iter().filter(|[a, b]| a != b).for_each(|&[a, b]| visitor.conductor(a, b));
                    continue;
                }
                let first = group.offset(start);
                let mut block = 0;
                for i in chunk {
                    let (from, to) = (group.offset(i) - first, group.offset(i + 1) - first);
                    let n = to - from;
                    let (values, entries) = if alike { (0, 0) } else { (from, block) };
                    let instance = Instance {
                        device: DeviceRef { group: number, index: i },
                        locals: &locals[from..to],
                        ports: &ports,
                        values: &pattern.f[values..values + n],
                        g: &pattern.g[entries..entries + n * n],
                        c: &pattern.c[entries..entries + n * n],
                        circuit,
                    };
                    instance.visit(regime, visitor);
                    block += n * n;
                }
            }
            index = end;
        }
    }
}

/// Is each of these instances known to be a conductance, and none of them zero?
pub(super) fn conducts(circuit: &Circuit, group: &dyn DeviceGroup, range: Range<usize>) -> bool {
    let env = env(circuit);
    let mut siemens = [0.0; CHUNK];
    group.is_ohmic()
        && range.clone().step_by(CHUNK).all(|start| {
            let chunk = start..(start + CHUNK).min(range.end);
            let siemens = &mut siemens[..chunk.len()];
            group.read_conductances(&env, chunk, siemens);
            siemens.iter().all(|g| *g != 0.0)
        })
}

fn env(circuit: &Circuit) -> Env {
    Env { time: 0.0, temperature: circuit.temperature, gmin: 1e-12, source_scale: 1.0, mode: Mode::Dc }
}

/// What the local unknowns of instances have values of.
#[derive(Clone, Copy, PartialEq)]
enum Values {
    /// Each its own, whatever unknown it stands for.
    OfLocals,
    /// That of its unknown.
    OfUnknowns,
}

/// Which entries of the blocks of some instances are ever different from zero.
struct Pattern<'a> {
    circuit: &'a Circuit,
    env: Env,
    f: Vec<bool>,
    g: Vec<bool>,
    c: Vec<bool>,
    at: Vec<f64>,
    load: Load,
    /// The points as global vectors, for kinds that read nothing else.
    points: Vec<Vec<f64>>,
}

impl<'a> Pattern<'a> {
    fn new(circuit: &'a Circuit) -> Self {
        Self {
            circuit,
            env: env(circuit),
            f: Vec::new(),
            g: Vec::new(),
            c: Vec::new(),
            at: Vec::new(),
            load: Load::default(),
            points: Vec::new(),
        }
    }

    /// Does every f depend on every local unknown?
    fn is_full(&self) -> bool {
        self.g.iter().all(|&entry| entry)
    }

    /// Looks at instances of a group with states at their start values.
    fn sample(&mut self, group: &dyn DeviceGroup, locals: &[u32], range: Range<usize>, values: Values, ports: &[bool]) {
        [&mut self.f, &mut self.g, &mut self.c].into_iter().for_each(Vec::clear);
        let rows = group.offset(range.start)..group.offset(range.end);
        for point in 0..POINTS {
            self.at.clear();
            let locals = locals.iter().enumerate();
            let circuit = self.circuit;
            self.at.extend(locals.map(|(k, &id)| match (values, id) {
                (Values::OfUnknowns, GROUND) => 0.0,
                (Values::OfUnknowns, id) => value(circuit, id, u64::from(id), point),
                (Values::OfLocals, id) => value(circuit, id, k as u64, point),
            }));
            let load = &mut self.load;
            if group.load_started(&self.env, &mut self.at, range.clone(), load) {
                // of resistors, nothing else matters and nothing more is to be learned
                if *ports == [true, true] && load.g.len() == 2 * rows.len() && load.g.iter().all(|g| *g != 0.0) {
                    self.f.resize(load.f.len(), false);
                    self.g.resize(load.g.len(), true);
                    self.c.resize(load.c.len(), false);
                    return;
                }
                merge(&mut self.f, &load.f);
                merge(&mut self.g, &load.g);
                merge(&mut self.c, &load.c);
            } else {
                if self.points.is_empty() {
                    self.points = (0..POINTS).map(|point| global(circuit, point)).collect();
                }
                group.load_range(&self.env, &self.points[point], None, range.clone(), load);
                merge(&mut self.f, &load.f[rows.clone()]);
                merge(&mut self.g, &load.g);
                merge(&mut self.c, &load.c);
            }
        }
    }
}

/// A scattered value for an unknown at one of the points.
fn value(circuit: &Circuit, id: u32, key: u64, point: usize) -> f64 {
    // one step of splitmix64
    let mut z = (key + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add((point as u64 + 1) << 32);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let u = ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 - 0.5;
    let unknown = circuit.unknowns.get(id as usize);
    match unknown.map(|unknown| (unknown.kind, unknown.scale)) {
        Some((UnknownKind::Current, _)) => 1e-2 * u,
        Some((UnknownKind::State, scale)) => scale * (0.5 + u),
        Some((UnknownKind::Voltage, _)) | None => 3.0 * u,
    }
}

/// All unknowns at one of the points; states have their start values.
fn global(circuit: &Circuit, point: usize) -> Vec<f64> {
    let mut x: Vec<f64> =
        (0..circuit.unknowns.len() as u32).map(|id| value(circuit, id, u64::from(id), point)).collect();
    for group in &circuit.groups {
        group.start(&mut x, false);
    }
    x
}

fn merge(pattern: &mut Vec<bool>, values: &[f64]) {
    pattern.resize(values.len(), false);
    for (seen, value) in pattern.iter_mut().zip(values) {
        // NaN and infinity are not zero either
        *seen |= *value != 0.0;
    }
}

fn is_node(circuit: &Circuit, id: u32) -> bool {
    id == GROUND || circuit.unknowns.get(id as usize).is_some_and(|u| u.kind == UnknownKind::Voltage)
}

struct Instance<'a> {
    device: DeviceRef,
    locals: &'a [u32],
    ports: &'a [bool],
    values: &'a [bool],
    g: &'a [bool],
    c: &'a [bool],
    circuit: &'a Circuit,
}

impl Instance<'_> {
    fn is_node(&self, local: usize) -> bool {
        is_node(self.circuit, self.locals[local])
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

    fn visit(&self, regime: Regime, visitor: &mut impl Visitor) {
        let n = self.locals.len();
        // both terminals on one node: no current that would not cancel there
        if n == 2 && self.locals[0] == self.locals[1] {
            return;
        }
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
    fn branch(&self, z: usize, carrying: &[usize], nodes: &[u32], regime: Regime, visitor: &mut impl Visitor) -> bool {
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
