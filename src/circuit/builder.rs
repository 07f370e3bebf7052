//! The only maker of a [`Circuit`]: nodes by name, devices by kind, internal unknowns from the card.

use std::collections::HashMap;

use super::names::is_ground;
use super::{ArrayInstance, Circuit, DeviceRef, Names, Run, Unknown, UnknownKind, Unknowns};
use crate::device::behavioural::{Behaviour, Behavioural, BehaviouralGroup};
use crate::device::group::GROUND;
use crate::device::{DeviceGroup, DeviceKind, Internal, ParamError, ParamValues, StateLaw};

/// The group index of behavioural elements inside array cells until [`CircuitBuilder::finish`] knows it.
const BEHAVIOURAL: usize = usize::MAX;

/// A small circuit taken apart, from which an array makes its cells.
pub struct Template {
    /// Unknowns.
    pub unknowns: Unknowns,
    /// Devices by kind.
    pub groups: Vec<(&'static dyn DeviceKind, Box<dyn DeviceGroup>)>,
    /// Behavioural elements with their names.
    pub behavioural: Vec<(String, Behavioural)>,
    /// Names.
    pub names: Names,
    /// `.ic`.
    pub initial: Vec<(u32, f64)>,
    /// `.nodeset`.
    pub nodesets: Vec<(u32, f64)>,
}

/// Collects nodes, devices and arrays; [`CircuitBuilder::finish`] gives the circuit.
#[derive(Default)]
pub struct CircuitBuilder {
    unknowns: Unknowns,
    groups: Vec<Box<dyn DeviceGroup>>,
    kinds: Vec<&'static dyn DeviceKind>,
    group_of: HashMap<&'static str, usize>,
    behavioural: Vec<(String, Behavioural)>,
    names: Names,
    arrays: Vec<ArrayInstance>,
    initial: Vec<(u32, f64)>,
    nodesets: Vec<(u32, f64)>,
    temperature: f64,
}

impl CircuitBuilder {
    /// An empty circuit at a temperature in K.
    #[must_use]
    pub fn new(temperature: f64) -> Self {
        Self { temperature, ..Self::default() }
    }

    /// The unknown of a named node, made on first use; [`GROUND`] for the reference node.
    pub fn node(&mut self, name: &str) -> u32 {
        if let Some(id) = self.find_node(name) {
            return id;
        }
        let id = self.node_unknown(name.to_string());
        self.names.nodes.insert(name.to_string(), id);
        id
    }

    /// The unknown of a node that exists already.
    #[must_use]
    pub fn find_node(&self, name: &str) -> Option<u32> {
        if is_ground(name) {
            return Some(GROUND);
        }
        let view = |a: &ArrayInstance| a.find_node(name.strip_prefix(&a.name)?.strip_prefix('.')?);
        self.names.nodes.get(name).copied().or_else(|| self.arrays.iter().find_map(view))
    }

    /// All node names so far, for suggestions.
    pub fn node_names(&self) -> impl Iterator<Item = &str> {
        self.names.nodes.keys().map(String::as_str)
    }

    /// All nodes so far, named or not.
    pub fn voltages(&self) -> impl Iterator<Item = u32> + '_ {
        (0u32..).zip(self.unknowns.iter()).filter(|(_, unknown)| unknown.kind == UnknownKind::Voltage).map(|(id, _)| id)
    }

    /// Keeps an input parameter of a named device, for those who ask for it.
    pub fn keep_parameter(&mut self, device: &str, name: &'static str, value: f64) {
        self.names.parameters.insert((device.to_string(), name), value);
    }

    /// A node that no request can name by `v()`; the label is for messages (`r1#p`), empty inside arrays.
    pub fn internal_node(&mut self, label: String) -> u32 {
        self.node_unknown(label)
    }

    fn node_unknown(&mut self, label: String) -> u32 {
        self.push(label, Unknown { kind: UnknownKind::Voltage, law: StateLaw::Algebraic, scale: 1.0 })
    }

    fn push(&mut self, label: String, unknown: Unknown) -> u32 {
        let id = u32::try_from(self.unknowns.len()).unwrap_or(GROUND - 1);
        self.unknowns.push(unknown);
        if !label.is_empty() {
            self.names.unknowns.insert(id, label);
        }
        id
    }

    /// A branch current that a behavioural element owns (see [`Behavioural::own`]).
    pub fn branch(&mut self, label: String) -> u32 {
        self.push(label, Unknown { kind: UnknownKind::Current, law: StateLaw::Algebraic, scale: 1.0 })
    }

    /// The auxiliary unknown of a `ddt()` (algebraic) or `idt()` (memory) row.
    pub fn auxiliary(&mut self, label: String, behaviour: Behaviour) -> u32 {
        let law = match behaviour {
            Behaviour::Integral { .. } => StateLaw::Memory,
            Behaviour::Current | Behaviour::Voltage | Behaviour::Derivative => StateLaw::Algebraic,
        };
        self.push(label, Unknown { kind: UnknownKind::State, law, scale: 1.0 })
    }

    /// Adds a named device; its internal unknowns come from the card.
    ///
    /// # Errors
    /// What the device says about its parameters; then nothing was added.
    pub fn add(
        &mut self,
        kind: &'static dyn DeviceKind,
        name: &str,
        ports: &[u32],
        params: &ParamValues,
    ) -> Result<DeviceRef, ParamError> {
        let reference = self.add_unnamed(kind, name, ports, params)?;
        self.names.devices.insert(name.to_string(), reference);
        Ok(reference)
    }

    /// Adds a device that no request can name (ammeters, the cells of an array). `label` names its internal unknowns,
    /// `label#i`; an empty label leaves them nameless.
    ///
    /// # Errors
    /// What the device says about its parameters; then nothing was added.
    pub fn add_unnamed(
        &mut self,
        kind: &'static dyn DeviceKind,
        label: &str,
        ports: &[u32],
        params: &ParamValues,
    ) -> Result<DeviceRef, ParamError> {
        let first = self.unknowns.len();
        let card = kind.card();
        let mut locals = ports.to_vec();
        for internal in card.internals {
            let name = if label.is_empty() { String::new() } else { format!("{label}#{}", internal.name) };
            locals.push(self.push(name, unknown_of(internal)));
        }
        let group = self.group(kind);
        match kind.add(self.groups[group].as_mut(), &locals, params) {
            Ok(index) => Ok(DeviceRef { group, index }),
            Err(error) => {
                self.unknowns.truncate(first);
                self.names.unknowns.retain(|&id, _| (id as usize) < first);
                Err(error)
            }
        }
    }

    fn group(&mut self, kind: &'static dyn DeviceKind) -> usize {
        let keyword = kind.card().keywords[0];
        *self.group_of.entry(keyword).or_insert_with(|| {
            self.groups.push(kind.group());
            self.kinds.push(kind);
            self.groups.len() - 1
        })
    }

    /// Adds a behavioural element whose unknowns exist already; an empty name leaves it unnamed.
    pub fn add_behavioural(&mut self, name: &str, element: Behavioural) {
        self.behavioural.push((name.to_string(), element));
    }

    /// The device of that name.
    #[must_use]
    pub fn device(&self, name: &str) -> Option<DeviceRef> {
        self.names.devices.get(name).copied()
    }

    /// The kind of the devices of a group.
    #[must_use]
    pub fn kind_of(&self, reference: DeviceRef) -> &'static dyn DeviceKind {
        self.kinds[reference.group]
    }

    /// The global unknowns of a device: ports, then internals.
    #[must_use]
    pub fn locals(&self, reference: DeviceRef) -> &[u32] {
        let group = &self.groups[reference.group];
        &group.locals()[group.offset(reference.index)..group.offset(reference.index + 1)]
    }

    /// The parallel count of a device.
    #[must_use]
    pub fn multiplicity(&self, reference: DeviceRef) -> f64 {
        self.groups[reference.group].multiplicity(reference.index)
    }

    /// Number of unknowns so far; the next one made gets this index.
    #[must_use]
    pub fn unknown_count(&self) -> u32 {
        u32::try_from(self.unknowns.len()).unwrap_or(GROUND - 1)
    }

    /// Adds `count` times the unknowns of `pattern`, all without names; gives the first.
    pub fn unnamed_unknowns(&mut self, pattern: &[Unknown], count: usize) -> u32 {
        let first = self.unknown_count();
        self.unknowns.repeat(pattern, count);
        first
    }

    /// Adds instances of that kind without names; they stay the group that they are.
    pub fn add_run(&mut self, kind: &'static dyn DeviceKind, instances: Box<dyn DeviceGroup>) -> Run {
        let run = Run { group: self.groups.len(), first: 0, count: instances.len() };
        self.groups.push(instances);
        self.kinds.push(kind);
        run
    }

    /// Changes a parameter of one instance of a run; false when the device refuses the value.
    pub fn set_in_run(&mut self, run: Run, k: usize, param: &str, value: f64) -> bool {
        run.get(k).is_some_and(|device| self.groups[device.group].set(device.index, param, value))
    }

    /// Adds behavioural elements without names; gives the first.
    pub fn add_behavioural_run(&mut self, elements: impl IntoIterator<Item = Behavioural>) -> DeviceRef {
        let first = DeviceRef { group: BEHAVIOURAL, index: self.behavioural.len() };
        self.behavioural.extend(elements.into_iter().map(|e| (String::new(), e)));
        first
    }

    /// Takes a circuit apart that was built to be copied into the cells of an array.
    #[must_use]
    pub fn into_template(self) -> Template {
        Template {
            unknowns: self.unknowns,
            groups: self.kinds.into_iter().zip(self.groups).collect(),
            behavioural: self.behavioural,
            names: self.names,
            initial: self.initial,
            nodesets: self.nodesets,
        }
    }

    /// Is there a placed array of that name?
    #[must_use]
    pub fn has_array(&self, name: &str) -> bool {
        self.arrays.iter().any(|a| a.name == name)
    }

    /// Adds a placed array.
    pub fn add_array(&mut self, array: ArrayInstance) {
        self.arrays.push(array);
    }

    /// `.ic`: a node and its start voltage; a later value of the same node wins.
    pub fn initial(&mut self, node: u32, volts: f64) {
        self.initial.push((node, volts));
    }

    /// `.nodeset`: a node and a first guess.
    pub fn nodeset(&mut self, node: u32, volts: f64) {
        self.nodesets.push((node, volts));
    }

    /// The circuit.
    #[must_use]
    pub fn finish(mut self) -> Circuit {
        if !self.behavioural.is_empty() {
            let group = self.groups.len();
            let mut elements = BehaviouralGroup::new();
            for (name, element) in self.behavioural {
                let index = elements.push(element);
                if !name.is_empty() {
                    self.names.devices.insert(name, DeviceRef { group, index });
                }
            }
            let devices = self.arrays.iter_mut().flat_map(|a| &mut a.cell_devices);
            devices.filter(|d| d.first.group == BEHAVIOURAL).for_each(|d| d.first.group = group);
            self.groups.push(Box::new(elements));
        }
        Circuit {
            unknowns: self.unknowns,
            groups: self.groups,
            names: self.names,
            arrays: self.arrays,
            initial: self.initial,
            nodesets: self.nodesets,
            temperature: self.temperature,
        }
    }
}

fn unknown_of(internal: &Internal) -> Unknown {
    let kind = match (internal.unit, internal.law) {
        ("A", StateLaw::Algebraic) => UnknownKind::Current,
        ("V", StateLaw::Algebraic) => UnknownKind::Voltage,
        _ => UnknownKind::State,
    };
    Unknown { kind, law: internal.law, scale: internal.scale }
}
