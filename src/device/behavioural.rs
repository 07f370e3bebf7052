//! Behavioural sources: I = f(v, i, t), V = f(..), and the auxiliary rows behind `ddt()` and `idt()`.
//!
//! The number of inputs varies per instance, so this is the one group that is not a [`super::Typed`] one; derivatives come
//! from the formula's reverse sweep. Rows, with z the instance's own unknown:
//!   current     p: +e   n: -e
//!   voltage     p: +z   n: -z   z: v_p - v_n - e = 0
//!   derivative  z: z - d/dt e = 0        (f = z, q = -e)
//!   integral    z: d/dt z - e = 0        (q = z, f = -e), memory law, starts at `initial`

use std::any::Any;
use std::ops::Range;

use super::elements::thermal::ZERO_CELSIUS;
use super::group::{DeviceGroup, GROUND, Load, value_at};
use super::{Card, Env, Internal, Port, Role, StateLaw};
use crate::numeric::formula::{Formula, Tape};

/// What the formula's value is used for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Behaviour {
    /// Current from p to n.
    Current,
    /// Voltage between p and n; has a branch current unknown.
    Voltage,
    /// d/dt of the formula.
    Derivative,
    /// Integral of the formula from `initial`.
    Integral {
        /// Value at t = 0.
        initial: f64,
    },
}

/// What a formula slot reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// A global unknown ([`super::group::GROUND`] reads 0).
    Unknown(u32),
    /// Time in s.
    Time,
    /// Temperature in degrees Celsius.
    Celsius,
}

/// One behavioural element, ready for the group.
#[derive(Debug, Clone, PartialEq)]
pub struct Behavioural {
    /// Use of the value.
    pub behaviour: Behaviour,
    /// p, n for current and voltage; ground for the auxiliary rows.
    pub ports: [u32; 2],
    /// Own unknown: branch current or auxiliary value; ground for a current.
    pub own: u32,
    /// What each slot reads, by slot number.
    pub inputs: Vec<Input>,
    /// The expression.
    pub formula: Formula,
    /// Parallel count.
    pub multiplicity: f64,
}

/// Local rows and columns of every element: p, n, own; then columns of further inputs, which own no row.
const PORTS: usize = 2;
const OWN: usize = 2;
const ROWS: usize = 3;

const CARD: Card = Card {
    keywords: &["b"],
    doc: "behavioural source: current or voltage as a formula of voltages, currents and time",
    source: "SPICE3 B element",
    role: Role::Source,
    ports: &[Port { name: "p", carries: true }, Port { name: "n", carries: true }],
    internals: &[Internal { name: "own", unit: "A", law: StateLaw::Algebraic, scale: 1.0 }],
    params: &[],
    outputs: &[("value", "")],
    equivalent: "",
};

/// What a slot reads, by local column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Column(usize),
    Ground,
    Time,
    Celsius,
}

/// One element with its place in the group.
#[derive(Debug, Clone, PartialEq)]
struct Instance {
    behaviour: Behaviour,
    formula: Formula,
    slots: Vec<Slot>,
    multiplicity: f64,
}

/// All behavioural elements of a circuit.
#[derive(Debug, Clone, Default)]
pub struct BehaviouralGroup {
    instances: Vec<Instance>,
    locals: Vec<u32>,
    offsets: Vec<usize>,
}

/// Scratch of one evaluation.
#[derive(Default)]
struct Scratch {
    slots: Vec<f64>,
    gradient: Vec<f64>,
    tape: Tape,
}

impl BehaviouralGroup {
    /// An empty group.
    #[must_use]
    pub fn new() -> Self {
        Self { offsets: vec![0], ..Self::default() }
    }

    /// Adds an element; its index in the group.
    pub fn push(&mut self, element: Behavioural) -> usize {
        let [p, n] = element.ports;
        let mut locals = vec![p, n, element.own];
        let slots = element.inputs.iter().map(|input| slot_of(*input, &mut locals)).collect();
        self.locals.extend_from_slice(&locals);
        self.offsets.push(self.locals.len());
        self.instances.push(Instance {
            behaviour: element.behaviour,
            formula: element.formula,
            slots,
            multiplicity: element.multiplicity,
        });
        self.instances.len() - 1
    }

    fn local(&self, i: usize) -> &[u32] {
        &self.locals[self.offsets[i]..self.offsets[i + 1]]
    }

    /// Reads the slots of instance `i`.
    fn gather(&self, i: usize, env: &Env, x: &[f64], slots: &mut Vec<f64>) {
        let locals = self.local(i);
        slots.clear();
        slots.extend(self.instances[i].slots.iter().map(|slot| match *slot {
            Slot::Column(k) => value_at(x, locals[k]),
            Slot::Ground => 0.0,
            Slot::Time => env.time,
            Slot::Celsius => env.temperature - ZERO_CELSIUS,
        }));
    }

    /// Rows p, n, own of f and q for the formula's value `e`.
    fn rows(&self, i: usize, x: &[f64], e: f64) -> ([f64; ROWS], [f64; ROWS]) {
        let [p, n, z] = [0, 1, OWN].map(|k| value_at(x, self.local(i)[k]));
        let m = self.instances[i].multiplicity;
        match self.instances[i].behaviour {
            Behaviour::Current => ([m * e, -m * e, 0.0], [0.0; ROWS]),
            Behaviour::Voltage => ([m * z, -m * z, p - n - e], [0.0; ROWS]),
            Behaviour::Derivative => ([0.0, 0.0, z], [0.0, 0.0, -e]),
            Behaviour::Integral { .. } => ([0.0, 0.0, -e], [0.0, 0.0, z]),
        }
    }
}

/// The column of an input, added when it is new. Ground is looked for first: a current's own unknown is ground too.
fn slot_of(input: Input, locals: &mut Vec<u32>) -> Slot {
    match input {
        Input::Unknown(GROUND) => Slot::Ground,
        Input::Unknown(id) => Slot::Column(locals.iter().position(|&l| l == id).unwrap_or_else(|| {
            locals.push(id);
            locals.len() - 1
        })),
        Input::Time => Slot::Time,
        Input::Celsius => Slot::Celsius,
    }
}

/// Writes the Jacobian rows of one element: its own unknown and de/dx from the gradient over the slots.
fn write_jacobian(instance: &Instance, gradient: &[f64], width: usize, g: &mut [f64], c: &mut [f64]) {
    let m = instance.multiplicity;
    let mut add = |matrix_is_c: bool, row: usize, factor: f64| {
        let matrix: &mut [f64] = if matrix_is_c { c } else { g };
        for (slot, slope) in instance.slots.iter().zip(gradient) {
            if let Slot::Column(k) = *slot {
                matrix[row * width + k] += factor * slope;
            }
        }
    };
    match instance.behaviour {
        Behaviour::Current => {
            add(false, 0, m);
            add(false, 1, -m);
        }
        Behaviour::Voltage => {
            add(false, OWN, -1.0);
            g[OWN] += m;
            g[width + OWN] -= m;
            g[OWN * width] += 1.0;
            g[OWN * width + 1] -= 1.0;
        }
        Behaviour::Derivative => {
            add(true, OWN, -1.0);
            g[OWN * width + OWN] += 1.0;
        }
        Behaviour::Integral { .. } => {
            add(false, OWN, -1.0);
            c[OWN * width + OWN] += 1.0;
        }
    }
}

impl DeviceGroup for BehaviouralGroup {
    fn card(&self) -> &Card {
        &CARD
    }
    fn len(&self) -> usize {
        self.instances.len()
    }
    fn locals(&self) -> &[u32] {
        &self.locals
    }
    fn offset(&self, i: usize) -> usize {
        self.offsets.get(i).copied().unwrap_or(self.locals.len())
    }
    fn owns_row(&self, i: usize, row: usize) -> bool {
        match self.instances[i].behaviour {
            Behaviour::Current => row < PORTS,
            Behaviour::Voltage => row < ROWS,
            Behaviour::Derivative | Behaviour::Integral { .. } => row == OWN,
        }
    }
    fn load_range(&self, env: &Env, x: &[f64], _at: Option<&[f64]>, range: Range<usize>, out: &mut Load) {
        out.f.resize(self.locals.len(), 0.0);
        out.q.resize(self.locals.len(), 0.0);
        let entries = self.offsets[range.start..=range.end].windows(2).map(|w| (w[1] - w[0]).pow(2)).sum();
        for values in [&mut out.g, &mut out.c] {
            values.clear();
            values.resize(entries, 0.0);
        }
        let mut scratch = Scratch::default();
        let mut block = 0;
        for i in range {
            let instance = &self.instances[i];
            self.gather(i, env, x, &mut scratch.slots);
            scratch.gradient.resize(scratch.slots.len(), 0.0);
            let e = instance.formula.gradient(&scratch.slots, &mut scratch.gradient, &mut scratch.tape);
            let (f, q) = self.rows(i, x, e);
            let start = self.offsets[i];
            out.f[start..start + ROWS].copy_from_slice(&f);
            out.q[start..start + ROWS].copy_from_slice(&q);
            let width = self.offsets[i + 1] - start;
            let range = block..block + width * width;
            write_jacobian(instance, &scratch.gradient, width, &mut out.g[range.clone()], &mut out.c[range]);
            block += width * width;
        }
    }
    fn load_values(&self, env: &Env, x: &[f64], out: &mut Load) {
        for values in [&mut out.f, &mut out.q] {
            values.clear();
            values.resize(self.locals.len(), 0.0);
        }
        let mut scratch = Scratch::default();
        for (i, instance) in self.instances.iter().enumerate() {
            self.gather(i, env, x, &mut scratch.slots);
            let (f, q) = self.rows(i, x, instance.formula.eval_with(&scratch.slots, &mut scratch.tape));
            let start = self.offsets[i];
            out.f[start..start + ROWS].copy_from_slice(&f);
            out.q[start..start + ROWS].copy_from_slice(&q);
        }
    }
    fn start(&self, x: &mut [f64], _ports: bool) {
        for (i, instance) in self.instances.iter().enumerate() {
            if let Behaviour::Integral { initial } = instance.behaviour
                && let Some(slot) = x.get_mut(self.local(i)[OWN] as usize)
            {
                *slot = initial;
            }
        }
    }
    fn start_charges(&self, env: &Env, x: &[f64], out: &mut Load) {
        let mut started = x.to_vec();
        self.start(&mut started, true);
        let mut load = Load::default();
        self.load_values(env, &started, &mut load);
        out.q = load.q;
    }
    fn corner(&self, _t: f64) -> Option<f64> {
        None
    }
    fn surface(&self, _x: &[f64]) -> Option<(usize, f64)> {
        None
    }
    fn surfaces(&self, _x: &[f64], out: &mut Vec<f64>) {
        out.extend(std::iter::repeat_n(f64::NAN, self.instances.len()));
    }
    fn accept(&mut self, _env: &Env, _x: &[f64]) -> bool {
        false
    }
    fn set(&mut self, _i: usize, _param: &str, _value: f64) -> bool {
        false
    }
    fn outputs(&self, i: usize, env: &Env, x: &[f64]) -> Vec<f64> {
        let Some(instance) = self.instances.get(i) else { return Vec::new() };
        let mut slots = Vec::new();
        self.gather(i, env, x, &mut slots);
        vec![instance.formula.eval(&slots)]
    }
    fn multiplicity(&self, i: usize) -> f64 {
        self.instances.get(i).map_or(1.0, |instance| instance.multiplicity)
    }
    fn boxed_clone(&self) -> Box<dyn DeviceGroup> {
        Box::new(self.clone())
    }
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Mode;
    use crate::numeric::formula::FormulaBuilder;
    use crate::numeric::function::Function2;

    const ENV: Env = Env { time: 0.5, temperature: 300.15, gmin: 1e-12, source_scale: 1.0, mode: Mode::Transient };

    /// a * b + a * time of the slots 0, 1, 2.
    fn product() -> Formula {
        let mut b = FormulaBuilder::new();
        let (a, c, t) = (b.slot(0), b.slot(1), b.slot(2));
        let ac = b.apply2(Function2::Mul, a, c);
        let at = b.apply2(Function2::Mul, a, t);
        let sum = b.apply2(Function2::Add, ac, at);
        b.finish(sum)
    }

    fn element(behaviour: Behaviour, ports: [u32; 2], own: u32) -> Behavioural {
        let inputs = vec![Input::Unknown(0), Input::Unknown(3), Input::Time];
        Behavioural { behaviour, ports, own, inputs, formula: product(), multiplicity: 2.0 }
    }

    fn group() -> BehaviouralGroup {
        let mut group = BehaviouralGroup::new();
        group.push(element(Behaviour::Current, [0, 1], GROUND));
        group.push(element(Behaviour::Voltage, [0, GROUND], 2));
        group.push(element(Behaviour::Derivative, [GROUND; 2], 4));
        group.push(element(Behaviour::Integral { initial: 7.0 }, [GROUND; 2], 5));
        group
    }

    #[test]
    fn rows_follow_the_four_behaviours() {
        let x = [2.0, 0.5, 0.25, 3.0, 11.0, 13.0];
        let e = 2.0 * 3.0 + 2.0 * 0.5;
        let mut load = Load::default();
        group().load(&ENV, &x, &mut load);
        assert_eq!(load.f[..3], [2.0 * e, -2.0 * e, 0.0]);
        let voltage = group().offset(1);
        assert_eq!(load.f[voltage..voltage + 3], [0.5, -0.5, 2.0 - e]);
        let derivative = group().offset(2);
        assert_eq!((load.f[derivative + 2], load.q[derivative + 2]), (11.0, -e));
        let integral = group().offset(3);
        assert_eq!((load.f[integral + 2], load.q[integral + 2]), (-e, 13.0));
        let mut values = Load::default();
        group().load_values(&ENV, &x, &mut values);
        assert_eq!((values.f, values.q), (load.f, load.q));
    }

    #[test]
    fn blocks_are_the_derivatives_of_the_rows() {
        let x = [2.0, 0.5, 0.25, 3.0, 11.0, 13.0];
        let group = group();
        let mut load = Load::default();
        group.load(&ENV, &x, &mut load);
        let mut block = 0;
        for i in 0..group.len() {
            let (start, width) = (group.offset(i), group.offset(i + 1) - group.offset(i));
            for (k, &id) in group.local(i).iter().enumerate() {
                let Some(value) = x.get(id as usize) else { continue };
                let h = 1e-6 * value.abs().max(1.0);
                let shifted = |sign: f64| {
                    let mut x = x;
                    x[id as usize] += sign * h;
                    let mut load = Load::default();
                    group.load_values(&ENV, &x, &mut load);
                    load
                };
                let (up, down) = (shifted(1.0), shifted(-1.0));
                // a bilinear formula: central differences are exact up to rounding of f, 1e2 eps / h
                for row in 0..width {
                    let g = (up.f[start + row] - down.f[start + row]) / (2.0 * h);
                    let c = (up.q[start + row] - down.q[start + row]) / (2.0 * h);
                    let at = block + row * width + k;
                    assert!((load.g[at] - g).abs() < 1e-7, "g of {i} {row} {k}: {} {g}", load.g[at]);
                    assert!((load.c[at] - c).abs() < 1e-7, "c of {i} {row} {k}: {} {c}", load.c[at]);
                }
            }
            block += width * width;
        }
        assert_eq!(load.g.len(), block);
    }

    #[test]
    fn columns_are_shared_and_inputs_own_no_row() {
        let group = group();
        assert_eq!(group.local(0), [0, 1, GROUND, 3]);
        assert_eq!(group.local(2), [GROUND, GROUND, 4, 0, 3]);
        assert!(group.owns_row(0, 1) && !group.owns_row(0, 3) && group.owns_row(3, 2) && !group.owns_row(3, 0));
        let mut x = [0.0; 6];
        group.start(&mut x, false);
        assert_eq!(x, [0.0, 0.0, 0.0, 0.0, 0.0, 7.0]);
    }
}
