//! Structural checks before anything is solved: what would make the equations singular, said in the user's names.
//!
//! Union-find over the edges of [`structure`]: near-linear in the number of devices. Long lists are written as ranges.

mod members;
mod partition;
mod ranges;
pub mod structure;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use crate::circuit::{Circuit, DeviceRef, UnknownKind};
use crate::device::group::GROUND;
use crate::diag::{Diagnostic, Span};
use crate::plan::{Analysis, Plan};

use members::Members;
pub(super) use partition::Partition;
pub use ranges::shorten;
use structure::{Bond, Loose, Regime, Visitor};

/// Where the elements and nodes of the deck stand.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// First mention of a node.
    pub nodes: HashMap<String, Span>,
    /// Element lines.
    pub devices: HashMap<String, Span>,
}

/// At most this many loops and floating parts are reported one by one.
const MOST: usize = 10;

/// Checks a finished circuit for what the plan wants to do with it. The places of a large deck cost more than the check,
/// and only its messages need them.
#[must_use]
pub fn check(circuit: &Circuit, plan: &Plan, places: impl FnOnce() -> Places) -> Vec<Diagnostic> {
    if circuit.groups.iter().all(|g| g.is_empty()) {
        return vec![
            Diagnostic::error("E-EMPTY", "the circuit is empty: the deck has no element lines")
                .help("line 1 of a deck is its title; elements start on line 2"),
        ];
    }
    let starts_only = |a: &Analysis| matches!(a, Analysis::Tran(t) if t.uic);
    let dynamic = !plan.analyses.is_empty() && plan.analyses.iter().all(starts_only);
    let regime = if dynamic { Regime::Dynamic } else { Regime::Static };
    let mut graph = Graph::new(circuit);
    let known = std::mem::take(&mut graph.members.known);
    structure::visit(circuit, regime, &known, &mut graph);
    let mut report = Report { circuit, places: Places::default(), graph };
    let found = report.diagnostics(regime, plan);
    if found.is_empty() {
        return found;
    }
    report.places = places();
    report.diagnostics(regime, plan)
}

struct Graph {
    members: Members,
    /// The unknown that stands for ground among voltage bonds.
    ground: u32,
    /// Members joined by any bond.
    paths: Partition,
    /// Unknowns joined by voltage bonds.
    voltages: Partition,
    /// Voltage bonds that joined two sets: a forest.
    forest: HashMap<u32, Vec<(u32, DeviceRef)>>,
    /// Voltage bonds that closed a loop.
    closing: Vec<(u32, u32, DeviceRef)>,
    /// How many devices touch each member, sensing ones included.
    contacts: Vec<u32>,
    /// Devices that fix the current to their nodes.
    loose: Vec<(DeviceRef, Vec<u32>)>,
    grounded: bool,
    /// The last device that touched each member, so that one device counts once: group and index in one number from 1.
    last: Vec<u64>,
}

impl Graph {
    fn new(circuit: &Circuit) -> Self {
        let members = Members::new(circuit);
        let (unknowns, count) = (circuit.unknowns.len(), members.len());
        let mut paths = Partition::new(count);
        for &(a, b) in &members.joined {
            paths.union(a, b);
        }
        Self {
            members,
            ground: unknowns as u32,
            paths,
            voltages: Partition::new(unknowns + 1),
            forest: HashMap::new(),
            closing: Vec::new(),
            contacts: vec![0; count],
            loose: Vec::new(),
            grounded: false,
            last: vec![0; count],
        }
    }
    /// An unknown among voltage bonds: on one line there may be several.
    fn index(&self, node: u32) -> u32 {
        if node == GROUND { self.ground } else { node }
    }
    fn contacts(&self, node: u32) -> u32 {
        self.contacts[self.members.of(node) as usize]
    }
}

impl Visitor for Graph {
    fn bond(&mut self, device: DeviceRef, a: u32, b: u32, bond: Bond) {
        self.paths.union(self.members.of(a), self.members.of(b));
        let (a, b) = (self.index(a), self.index(b));
        if bond == Bond::Conducting {
            return;
        }
        if self.voltages.union(a, b) {
            self.forest.entry(a).or_default().push((b, device));
            self.forest.entry(b).or_default().push((a, device));
        } else {
            self.closing.push((a, b, device));
        }
    }
    fn conductor(&mut self, a: u32, b: u32) {
        self.grounded |= a == GROUND || b == GROUND;
        let (a, b) = (self.members.of(a), self.members.of(b));
        self.contacts[a as usize] += 1;
        self.contacts[b as usize] += 1;
        self.paths.union(a, b);
    }
    fn touch(&mut self, device: DeviceRef, node: u32, carries: bool) {
        let k = self.members.of(node) as usize;
        self.grounded |= carries && node == GROUND;
        // both terminals on one node are one contact
        let number = (device.group as u64) << 40 | (device.index as u64 + 1);
        self.contacts[k] += u32::from(self.last[k] != number);
        self.last[k] = number;
    }
    fn loose(&mut self, device: DeviceRef, nodes: &[u32], loose: Loose) {
        if loose == Loose::Current {
            self.loose.push((device, nodes.to_vec()));
        }
    }
}

struct Report<'a> {
    circuit: &'a Circuit,
    places: Places,
    graph: Graph,
}

impl Report<'_> {
    fn diagnostics(&self, regime: Regime, plan: &Plan) -> Vec<Diagnostic> {
        let mut out = Vec::new();
        if self.graph.grounded {
            // with a shunt every node has a path
            if plan.options.rshunt.is_none() {
                out.extend(self.floating(regime));
            }
        } else {
            out.push(
                Diagnostic::error("E-GROUND", "no element is connected to ground (node 0)")
                    .help("voltages are measured against node `0` (also `gnd`); connect one node of the circuit to it"),
            );
        }
        out.extend(self.loops());
        out.extend(self.dangling(plan.options.strict));
        out
    }

    /// Parts of the circuit without a path to ground.
    fn floating(&self, regime: Regime) -> Vec<Diagnostic> {
        let paths = &self.graph.paths;
        let root = |node: u32| paths.root(self.graph.members.of(node));
        let ground = root(GROUND);
        let mut parts: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (member, mut nodes) in self.graph.members.each() {
            let own = paths.root(member);
            let is_node = |node: u32| self.circuit.unknowns[node as usize].kind == UnknownKind::Voltage;
            if own != ground && (self.graph.contacts[member as usize] > 0 || nodes.clone().next().is_some_and(is_node))
            {
                parts.entry(own).or_default().extend(&mut nodes);
            }
        }
        if parts.is_empty() {
            return Vec::new();
        }
        parts.values_mut().for_each(|nodes| nodes.sort_unstable());
        let mut fixed: HashMap<u32, Vec<DeviceRef>> = HashMap::new();
        for (device, nodes) in &self.graph.loose {
            for &node in nodes.iter().filter(|&&n| n != GROUND) {
                fixed.entry(root(node)).or_default().push(*device);
            }
        }
        let names = self.names(parts.values().flatten().copied().collect());
        let path = if regime == Regime::Static { "DC path" } else { "path" };
        let (sources, lone): (Vec<_>, Vec<_>) = parts.into_iter().partition(|(root, _)| fixed.contains_key(root));
        let mut out = Vec::new();
        for (root, nodes) in sources.iter().take(MOST) {
            let devices: Vec<String> =
                fixed.get(root).into_iter().flatten().take(4).map(|&d| self.circuit.device_name(d)).collect();
            let list = self.list(nodes, &names);
            out.push(
                self.at_node(
                    Diagnostic::error(
                        "E-CUTSET",
                        format!("current sources alone feed {list}: {} can return nowhere", quoted(&devices)),
                    )
                    .help(format!("give these nodes a {path} to ground, for example a large resistor")),
                    nodes,
                    &names,
                ),
            );
        }
        // islands of one or two nodes are collected, larger ones are told apart
        let (single, islands): (Vec<_>, Vec<_>) = lone.into_iter().partition(|(_, nodes)| nodes.len() == 1);
        let single = single.into_iter().flat_map(|(_, nodes)| nodes);
        let (single, bare): (Vec<u32>, Vec<u32>) = single.partition(|node| self.graph.contacts(*node) > 0);
        if !bare.is_empty() {
            let (noun, list) = (if bare.len() == 1 { "node" } else { "nodes" }, self.list(&bare, &names));
            let error = Diagnostic::error("E-FLOAT", format!("nothing is connected to {noun} {list}"));
            let in_array = self.circuit.arrays.iter().any(|array| !array.faults.is_empty() || array.is_broken());
            let help = if in_array {
                "where a line is broken at its end, drive the pin all the same; a node between breaks needs a cell"
            } else {
                "connect it to an element, or take it out of the instance that names it"
            };
            out.push(self.at_node(error.help(help), &bare, &names));
        }
        if !single.is_empty() {
            let list = self.list(&single, &names);
            let (subject, verb) = if single.len() == 1 { ("node", "has") } else { ("nodes", "have") };
            out.push(self.at_node(
                Diagnostic::error("E-FLOAT", format!("{subject} {list} {verb} no {path} to ground")).help(
                    "only capacitors, current outputs or sensing inputs connect there; add a resistor to ground, or \
                     run `.tran .. uic` from initial values",
                ),
                &single,
                &names,
            ));
        }
        for (_, nodes) in islands.iter().take(MOST) {
            let list = self.list(nodes, &names);
            out.push(
                self.at_node(
                    Diagnostic::error("E-FLOAT", format!("the nodes {list} are joined, but have no {path} to ground"))
                        .help("connect one of them to node `0`, if only through a large resistor"),
                    nodes,
                    &names,
                ),
            );
        }
        let hidden = (sources.len() + islands.len()).saturating_sub(out.len());
        if sources.len() > MOST || islands.len() > MOST {
            out.push(Diagnostic::error("E-FLOAT", format!("and about {hidden} more parts without a {path} to ground")));
        }
        out
    }

    /// Loops of voltage sources, inductors and shorts.
    fn loops(&self) -> Vec<Diagnostic> {
        let mut out: Vec<Diagnostic> =
            self.graph.closing.iter().take(MOST).map(|&(a, b, device)| self.voltage_loop(a, b, device)).collect();
        if self.graph.closing.len() > MOST {
            let more = self.graph.closing.len() - MOST;
            out.push(Diagnostic::error("E-VLOOP", format!("and {more} more loops of voltage sources")));
        }
        out
    }

    fn voltage_loop(&self, a: u32, b: u32, device: DeviceRef) -> Diagnostic {
        let closing = self.circuit.device_name(device);
        let mut devices: Vec<String> = self.path(a, b).into_iter().map(|d| self.circuit.device_name(d)).collect();
        devices.push(closing.clone());
        let message = if devices.len() == 1 {
            format!("both ends of `{closing}` are on one node: its current is not determined")
        } else {
            format!(
                "the voltage sources or inductors {} form a loop: the current in it is not determined",
                quoted(&devices)
            )
        };
        let mut diagnostic =
            Diagnostic::error("E-VLOOP", message).help("put a small resistor into the loop, or remove one of them");
        if let Some(&span) = self.places.devices.get(&closing) {
            diagnostic = diagnostic.at(span).label("closes the loop");
        }
        for name in devices.iter().filter(|n| **n != closing) {
            if let Some(&span) = self.places.devices.get(name) {
                diagnostic = diagnostic.related(span, format!("`{name}` is part of it"));
            }
        }
        diagnostic
    }

    /// Devices on the path from `a` to `b` in the forest of voltage bonds.
    fn path(&self, a: u32, b: u32) -> Vec<DeviceRef> {
        let mut from: HashMap<u32, (u32, DeviceRef)> = HashMap::new();
        let mut seen = HashSet::from([a]);
        let mut queue = VecDeque::from([a]);
        while let Some(node) = queue.pop_front() {
            if node == b {
                break;
            }
            for &(next, device) in self.graph.forest.get(&node).into_iter().flatten() {
                if seen.insert(next) {
                    from.insert(next, (node, device));
                    queue.push_back(next);
                }
            }
        }
        let mut path = Vec::new();
        let mut node = b;
        while let Some(&(previous, device)) = from.get(&node) {
            path.push(device);
            node = previous;
        }
        path.reverse();
        path
    }

    /// Named nodes with a single contact: undriven line ends of arrays, and probable typing errors.
    fn dangling(&self, strict: bool) -> Vec<Diagnostic> {
        let mut ends: HashMap<u32, usize> = HashMap::new();
        for (k, array) in self.circuit.arrays.iter().enumerate() {
            let pins = array.lines().flat_map(|w| [&w.head, &w.tail]).flatten().flat_map(|end| end.pins.iter());
            ends.extend(pins.map(|&pin| (pin, k)));
        }
        let mut open: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        let mut lone = Vec::new();
        let driven = if ends.is_empty() { Vec::new() } else { self.touched_from_outside() };
        for (name, &node) in &self.circuit.names.nodes {
            match ends.get(&node) {
                Some(&array) if !driven[node as usize] => open.entry(array).or_default().push(name.clone()),
                Some(_) => {}
                None if self.graph.contacts(node) == 1 => lone.push(name.clone()),
                None => {}
            }
        }
        let mut out = Vec::new();
        for (array, names) in open {
            let owner = self.circuit.arrays.get(array).map_or("", |a| a.name.as_str());
            let count = names.len();
            let place = names.iter().find_map(|n| self.places.nodes.get(n)).copied();
            let message = format!(
                "{count} line {} of array `{owner}` {}: {}",
                if count == 1 { "end" } else { "ends" },
                if count == 1 { "floats" } else { "float" },
                shorten(names, 6)
            );
            let mut diagnostic =
                if strict { Diagnostic::error("E-LINE-END", message) } else { Diagnostic::note("N-LINE-END", message) };
            diagnostic.span = place;
            out.push(diagnostic.help("an open line is a bias scheme of its own; drive the ends if that was not meant"));
        }
        lone.sort_by(|a, b| crate::circuit::names::natural(a, b));
        let count = lone.len();
        if count > 0 {
            let place = lone.iter().find_map(|n| self.places.nodes.get(n)).copied();
            let mut diagnostic = Diagnostic::warning(
                "W-DANGLING",
                format!("node{} {} connected to one element only", if count == 1 { "" } else { "s" }, {
                    let list = shorten(lone, 8);
                    if count == 1 { format!("{list} is") } else { format!("{list} are") }
                }),
            );
            diagnostic.span = place;
            out.push(diagnostic.help("check the spelling of the node; a sense point without load is fine"));
        }
        out
    }

    /// Which nodes are touched by a device that is no part of an array.
    fn touched_from_outside(&self) -> Vec<bool> {
        let mut touched = vec![false; self.circuit.unknowns.len()];
        let runs: Vec<_> = self.circuit.arrays.iter().flat_map(crate::circuit::ArrayInstance::runs).collect();
        for (number, group) in self.circuit.groups.iter().enumerate() {
            if runs.iter().any(|run| (run.group, run.first) == (number, 0) && run.count >= group.len()) {
                continue;
            }
            let mut inside = vec![false; group.len()];
            for run in runs.iter().filter(|run| run.group == number) {
                inside.iter_mut().skip(run.first).take(run.count).for_each(|b| *b = true);
            }
            for (index, _) in inside.iter().enumerate().filter(|(_, inside)| !**inside) {
                for &id in &group.locals()[group.offset(index)..group.offset(index + 1)] {
                    if let Some(slot) = touched.get_mut(id as usize) {
                        *slot = true;
                    }
                }
            }
        }
        touched
    }

    fn at_node(&self, mut diagnostic: Diagnostic, nodes: &[u32], names: &HashMap<u32, String>) -> Diagnostic {
        let place = nodes.iter().filter_map(|n| names.get(n)).find_map(|name| self.places.nodes.get(name));
        diagnostic.span = place.copied();
        diagnostic
    }

    fn list(&self, nodes: &[u32], names: &HashMap<u32, String>) -> String {
        shorten(nodes.iter().filter_map(|n| names.get(n)).cloned().collect(), 6)
    }

    /// Names of many nodes with one walk over the arrays.
    fn names(&self, nodes: Vec<u32>) -> HashMap<u32, String> {
        let mut names = HashMap::new();
        let mut rest = HashSet::new();
        for node in nodes {
            match self.circuit.names.unknowns.get(&node) {
                Some(name) => {
                    names.insert(node, name.clone());
                }
                None => {
                    rest.insert(node);
                }
            }
        }
        if !rest.is_empty() {
            self.circuit.visit_array_nodes(&mut |name, node| {
                if rest.contains(&node) {
                    names.entry(node).or_insert_with(|| name.to_string());
                }
            });
        }
        names
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
