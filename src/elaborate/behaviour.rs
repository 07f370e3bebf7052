//! Expressions as elements: B, E and G with VALUE, TABLE and POLY, R and C whose value depends on the solution.
//!
//!   R   I = v / R(x)          C   I = C(x) dv/dt        Q   I = dQ(x)/dt
//!   POLY(n): p0 + p1 x1 + .. + pn xn + p(n+1) x1 x1 + p(n+2) x1 x2 + ..   (SPICE2's order)

use std::rc::Rc;

use super::assembly::{Assembly, Frame};
use super::compile::check_table;
use super::slots::{Auxiliary, Slots};
use crate::device::behavioural::{Behaviour, Behavioural, Input};
use crate::device::group::GROUND;
use crate::diag::Diagnostic;
use crate::netlist::ast::{self, Control, Dialect, Element, ElementKind, Expr, Name, NodeRef};
use crate::numeric::formula::{Formula, FormulaBuilder, Function2, NodeIndex};

/// What one formula reads, slot by slot.
type Inputs = Vec<Input>;

/// The slots of an expression inside a frame.
struct ElementSlots<'a, 'd> {
    assembly: &'a mut Assembly<'d>,
    frame: Rc<Frame<'d>>,
    /// Name of the element, for the labels of auxiliary unknowns.
    label: String,
    /// Inputs of the formula being compiled; those of the formulas around it below.
    inputs: Vec<Inputs>,
}

impl<'a, 'd> ElementSlots<'a, 'd> {
    fn new(assembly: &'a mut Assembly<'d>, k: usize) -> Self {
        let frame = Rc::clone(&assembly.placed[k].frame);
        let label = assembly.placed[k].name.clone();
        Self { assembly, frame, label, inputs: vec![Vec::new()] }
    }

    fn read(&mut self, builder: &mut FormulaBuilder, input: Input) -> NodeIndex {
        if input == Input::Unknown(GROUND) {
            return builder.constant(0.0);
        }
        let Some(inputs) = self.inputs.last_mut() else { return builder.constant(0.0) };
        let slot = inputs.iter().position(|i| *i == input).unwrap_or_else(|| {
            inputs.push(input);
            inputs.len() - 1
        });
        builder.slot(u32::try_from(slot).unwrap_or(u32::MAX))
    }

    fn difference(&mut self, builder: &mut FormulaBuilder, plus: u32, minus: u32) -> NodeIndex {
        let a = self.read(builder, Input::Unknown(plus));
        if minus == GROUND {
            return a;
        }
        let b = self.read(builder, Input::Unknown(minus));
        builder.apply2(Function2::Sub, a, b)
    }

    fn voltage_of(&self, node: &NodeRef) -> Result<u32, Diagnostic> {
        self.assembly.find_node(&self.frame, &node.name).ok_or_else(|| self.assembly.unknown_node(&self.frame, node))
    }

    fn current(&mut self, builder: &mut FormulaBuilder, device: &Name) -> Result<NodeIndex, Diagnostic> {
        let (branch, scale) = self.assembly.current_of(&self.frame, device)?;
        let i = self.read(builder, Input::Unknown(branch));
        let scale = builder.constant(scale);
        Ok(builder.apply2(Function2::Mul, scale, i))
    }

    fn voltage_across(&mut self, builder: &mut FormulaBuilder, device: &Name) -> Result<NodeIndex, Diagnostic> {
        let Some(k) = self.assembly.find_element(&self.frame, &device.text) else {
            return Err(self.assembly.unknown_element(&self.frame, device));
        };
        match self.assembly.placed[k].nodes[..] {
            [plus, minus] => Ok(self.difference(builder, plus, minus)),
            _ => {
                Err(self.frame.scope.error("E-PROBE", format!("`{}` has not two terminals", device.text), device.span))
            }
        }
    }
}

impl<'d> Slots<'d> for ElementSlots<'_, 'd> {
    fn probe(&mut self, builder: &mut FormulaBuilder, word: &Name, nodes: &[NodeRef]) -> Result<NodeIndex, Diagnostic> {
        let device = |node: &NodeRef| Name { text: node.name.clone(), span: node.span };
        match (word.text.as_str(), nodes) {
            ("v", [node]) => {
                let plus = self.voltage_of(node)?;
                Ok(self.read(builder, Input::Unknown(plus)))
            }
            ("v", [plus, minus]) => {
                let (plus, minus) = (self.voltage_of(plus)?, self.voltage_of(minus)?);
                Ok(self.difference(builder, plus, minus))
            }
            ("i", [node]) => self.current(builder, &device(node)),
            ("p" | "w", [node]) => {
                let v = self.voltage_across(builder, &device(node))?;
                let i = self.current(builder, &device(node))?;
                Ok(builder.apply2(Function2::Mul, v, i))
            }
            (text, _) => Err(self
                .frame
                .scope
                .error(
                    "E-PROBE",
                    format!("`{text}()` with {} names cannot be used in an element", nodes.len()),
                    word.span,
                )
                .help("use v(node), v(node,node), i(element) or p(element)")),
        }
    }

    fn field(&mut self, builder: &mut FormulaBuilder, device: &Name, field: &Name) -> Result<NodeIndex, Diagnostic> {
        match field.text.as_str() {
            "i" => return self.current(builder, device),
            "v" => return self.voltage_across(builder, device),
            _ => {}
        }
        let Some(k) = self.assembly.find_element(&self.frame, &device.text) else {
            return Err(self.assembly.unknown_element(&self.frame, device));
        };
        let state = self.assembly.placed[k].device.and_then(|made| {
            let card = self.assembly.builder.kind_of(made).card();
            let at = card.internals.iter().position(|i| i.name == field.text)?;
            self.assembly.builder.locals(made).get(card.ports.len() + at).copied()
        });
        match state {
            Some(unknown) => Ok(self.read(builder, Input::Unknown(unknown))),
            None => Err(self
                .frame
                .scope
                .error(
                    "E-FIELD",
                    format!("`@{}[{}]` cannot be used in an element", device.text, field.text),
                    field.span,
                )
                .help("the states of a device, `i` and `v` can be used")),
        }
    }

    fn variable(&mut self, builder: &mut FormulaBuilder, name: &str) -> Option<NodeIndex> {
        match name {
            "time" => Some(self.read(builder, Input::Time)),
            "temper" | "temp" => Some(self.read(builder, Input::Celsius)),
            "hertz" => Some(builder.constant(0.0)),
            _ => None,
        }
    }

    fn open_auxiliary(&mut self, _: &Name) -> Result<(), Diagnostic> {
        self.inputs.push(Vec::new());
        Ok(())
    }

    fn close_auxiliary(
        &mut self,
        builder: &mut FormulaBuilder,
        auxiliary: Auxiliary,
        inner: Formula,
    ) -> Result<NodeIndex, Diagnostic> {
        let inputs = self.inputs.pop().unwrap_or_default();
        let own = self.assembly.auxiliary(&self.label, auxiliary, inputs, inner);
        Ok(self.read(builder, Input::Unknown(own)))
    }

    fn pwr(&self) -> Function2 {
        match self.assembly.context.deck.dialect {
            Dialect::Ngspice => Function2::Pwrs,
            _ => Function2::Pwr,
        }
    }
}

impl<'d> Assembly<'d> {
    /// Marks the elements whose current an expression or a current-controlled element needs.
    pub(super) fn find_metered(&mut self) {
        let mut wanted = Vec::new();
        for placed in &self.placed {
            let mut names = Vec::new();
            visit_currents(&placed.line, &placed.frame, &mut |name| names.push(name.to_string()));
            wanted.extend(names.iter().filter_map(|name| self.find_element(&placed.frame, name)));
        }
        for k in wanted {
            self.placed[k].metered = true;
        }
    }

    fn auxiliary(&mut self, label: &str, auxiliary: Auxiliary, inputs: Inputs, formula: Formula) -> u32 {
        let (behaviour, suffix) = match auxiliary {
            Auxiliary::Derivative => (Behaviour::Derivative, "ddt"),
            Auxiliary::Integral { initial } => (Behaviour::Integral { initial }, "idt"),
        };
        let label = format!("{label}#{suffix}");
        let own = self.builder.auxiliary(label, behaviour);
        let element = Behavioural { behaviour, ports: [GROUND; 2], own, inputs, formula, multiplicity: 1.0 };
        self.builder.add_behavioural("", element);
        own
    }

    /// Compiles the expression of a behavioural element and adds it.
    pub(super) fn make_behavioural(&mut self, k: usize) {
        let line = self.placed[k].line.clone();
        let frame = Rc::clone(&self.placed[k].frame);
        let [plus, minus] = self.placed[k].nodes[..] else {
            let message = format!("`{}` needs two terminals", line.name.text);
            return self.error(frame.scope.error("E-PINS", message, line.span));
        };
        let multiplicity = self.multiplicity_of(k);
        let factor = self.temperature_factor(&line, &frame);
        let result = self.behaviour_of(k, &line, [plus, minus]);
        let (Some((formula, inputs)), Some(factor)) = (self.accept(result), factor) else { return };
        let formula = if factor == 1.0 { formula } else { scaled(&formula, factor) };
        let voltage = super::element::form_of(&line, &frame) == super::element::Form::BehaviouralVoltage;
        let own = self.placed[k].current.map_or(GROUND, |(branch, _)| branch);
        let (behaviour, own) = if voltage { (Behaviour::Voltage, own) } else { (Behaviour::Current, GROUND) };
        let name = self.placed[k].name.clone();
        let element = Behavioural { behaviour, ports: [plus, minus], own, inputs, formula, multiplicity };
        self.builder.add_behavioural(&name, element);
    }

    fn behaviour_of(&mut self, k: usize, line: &Element, ports: [u32; 2]) -> Result<(Formula, Inputs), Diagnostic> {
        let scope = self.placed[k].frame.scope.clone();
        let mut slots = ElementSlots::new(self, k);
        let formula = match &line.kind {
            ElementKind::Passive { charge: Some(charge), .. } => {
                let formula = scope.compile(charge, &mut slots)?;
                return Ok(slots.derivative_of(formula));
            }
            ElementKind::Passive { value: Some(value), .. } => {
                let formula = scope.compile(value, &mut slots)?;
                match line.letter {
                    'r' => slots.conductive(&formula, ports),
                    'c' => slots.capacitive(&formula, ports),
                    _ => {
                        let message = format!("the inductance of `{}` depends on the solution", line.name.text);
                        return Err(scope
                            .error("E-CONSTANT", message, value.span)
                            .help("an inductance must be a number"));
                    }
                }
            }
            ElementKind::Behavioural { quantity: ast::Behaviour::Resistance, value } => {
                let formula = scope.compile(value, &mut slots)?;
                slots.conductive(&formula, ports)
            }
            ElementKind::Behavioural { value, .. } | ElementKind::Controlled(Control::Value(value)) => {
                scope.compile(value, &mut slots)?
            }
            ElementKind::Controlled(Control::Table { input, points }) => {
                let formula = scope.compile(input, &mut slots)?;
                let points = points
                    .iter()
                    .map(|(x, y)| Ok((scope.number(x)?, scope.number(y)?)))
                    .collect::<Result<Vec<_>, _>>()?;
                if let Err(k) = check_table(&points) {
                    let message =
                        format!("the x values of a table must not decrease: {} after {}", points[k].0, points[k - 1].0);
                    return Err(scope.error("E-TABLE", message, line.span));
                }
                tabulated(&formula, points)
            }
            ElementKind::Controlled(Control::PolyVoltage { nodes, coefficients }) => {
                let mut builder = FormulaBuilder::new();
                let mut arguments = Vec::with_capacity(nodes.len() / 2);
                for pair in nodes.chunks_exact(2) {
                    let (plus, minus) = (slots.voltage_of(&pair[0])?, slots.voltage_of(&pair[1])?);
                    arguments.push(slots.difference(&mut builder, plus, minus));
                }
                polynomial(builder, &arguments, &numbers(&scope, coefficients)?)
            }
            ElementKind::Controlled(Control::PolyCurrent { sources, coefficients }) => {
                let mut builder = FormulaBuilder::new();
                let arguments =
                    sources.iter().map(|s| slots.current(&mut builder, s)).collect::<Result<Vec<_>, _>>()?;
                polynomial(builder, &arguments, &numbers(&scope, coefficients)?)
            }
            _ => return Err(scope.error("E-ELEMENT", format!("`{}` has no expression", line.name.text), line.span)),
        };
        Ok((formula, slots.inputs.pop().unwrap_or_default()))
    }

    /// 1 + tc1 dT + tc2 dT^2 of a behavioural element; complains about parameters that mean nothing there.
    fn temperature_factor(&mut self, line: &Element, frame: &Frame<'d>) -> Option<f64> {
        let options = &self.context.options;
        let (mut tc1, mut tc2, mut temperature) = (0.0, 0.0, options.temp);
        let tnom = options.tnom;
        let mut sound = true;
        for assign in &line.params {
            let slot = match assign.name.text.as_str() {
                "tc1" | "tc" => &mut tc1,
                "tc2" => &mut tc2,
                "temp" => &mut temperature,
                "m" | "noisy" | "noise" => continue,
                other => {
                    let message = format!("the behavioural element `{}` has no parameter `{other}`", line.name.text);
                    let error = frame.scope.error("E-PARAM", message, assign.name.span);
                    self.error(error.help("its parameters are: m tc1 tc2 temp"));
                    sound = false;
                    continue;
                }
            };
            match frame.scope.number(&assign.value) {
                Ok(value) => *slot = value,
                Err(error) => {
                    self.error(error);
                    sound = false;
                }
            }
        }
        let dt = temperature - tnom;
        sound.then_some(1.0 + dt * (tc1 + dt * tc2))
    }
}

impl ElementSlots<'_, '_> {
    /// v / R(x).
    fn conductive(&mut self, resistance: &Formula, ports: [u32; 2]) -> Formula {
        let mut builder = FormulaBuilder::new();
        let resistance = inline(&mut builder, resistance);
        let v = self.difference(&mut builder, ports[0], ports[1]);
        let i = builder.apply2(Function2::Div, v, resistance);
        builder.finish(i)
    }

    /// C(x) dv/dt.
    fn capacitive(&mut self, capacitance: &Formula, ports: [u32; 2]) -> Formula {
        self.inputs.push(Vec::new());
        let mut inner = FormulaBuilder::new();
        let v = self.difference(&mut inner, ports[0], ports[1]);
        let v = inner.finish(v);
        let inputs = self.inputs.pop().unwrap_or_default();
        let slope = self.assembly.auxiliary(&self.label, Auxiliary::Derivative, inputs, v);
        let mut builder = FormulaBuilder::new();
        let capacitance = inline(&mut builder, capacitance);
        let slope = self.read(&mut builder, Input::Unknown(slope));
        let i = builder.apply2(Function2::Mul, capacitance, slope);
        builder.finish(i)
    }

    /// dQ(x)/dt.
    fn derivative_of(mut self, charge: Formula) -> (Formula, Inputs) {
        let inputs = self.inputs.pop().unwrap_or_default();
        let slope = self.assembly.auxiliary(&self.label, Auxiliary::Derivative, inputs, charge);
        let mut builder = FormulaBuilder::new();
        let i = builder.slot(0);
        (builder.finish(i), vec![Input::Unknown(slope)])
    }
}

fn numbers(scope: &super::Scope<'_>, coefficients: &[Expr]) -> Result<Vec<f64>, Diagnostic> {
    coefficients.iter().map(|c| scope.number(c)).collect()
}

/// A formula inside another one that uses the same slots.
fn inline(builder: &mut FormulaBuilder, formula: &Formula) -> NodeIndex {
    let count = u32::try_from(formula.slot_count()).unwrap_or(u32::MAX);
    let arguments: Vec<NodeIndex> = (0..count).map(|k| builder.slot(k)).collect();
    builder.inline(formula, &arguments)
}

fn scaled(formula: &Formula, factor: f64) -> Formula {
    let mut builder = FormulaBuilder::new();
    let value = inline(&mut builder, formula);
    let factor = builder.constant(factor);
    let product = builder.apply2(Function2::Mul, factor, value);
    builder.finish(product)
}

fn tabulated(input: &Formula, points: Vec<(f64, f64)>) -> Formula {
    let mut builder = FormulaBuilder::new();
    let x = inline(&mut builder, input);
    let y = builder.table(x, points);
    builder.finish(y)
}

/// The polynomial of `POLY(n)`. A single coefficient of a single argument is its slope, as in SPICE2.
fn polynomial(mut builder: FormulaBuilder, arguments: &[NodeIndex], coefficients: &[f64]) -> Formula {
    let slope_only = arguments.len() == 1 && coefficients.len() == 1;
    let mut terms = if slope_only { vec![0.0, coefficients[0]] } else { coefficients.to_vec() }.into_iter();
    let mut sum = builder.constant(terms.next().unwrap_or(0.0));
    // the products of one degree, each with the index of its last factor: multiplying only by later factors
    // makes every product once, in SPICE2's order
    let one = builder.constant(1.0);
    let mut products = vec![(one, 0)];
    while !arguments.is_empty() {
        let mut next = Vec::new();
        for &(product, last) in &products {
            for (k, &x) in arguments.iter().enumerate().skip(last) {
                let Some(coefficient) = terms.next() else { return builder.finish(sum) };
                let product = builder.apply2(Function2::Mul, product, x);
                let coefficient = builder.constant(coefficient);
                let term = builder.apply2(Function2::Mul, coefficient, product);
                sum = builder.apply2(Function2::Add, sum, term);
                next.push((product, k));
            }
        }
        products = next;
    }
    builder.finish(sum)
}

/// Visits the name of every element whose current a line needs.
fn visit_currents(line: &Element, frame: &Frame<'_>, visit: &mut dyn FnMut(&str)) {
    let scope = &frame.scope;
    let mut walk = |e: &Expr| super::dependence::visit_currents(scope, e, visit);
    match &line.kind {
        ElementKind::Passive { value, charge, .. } => [value, charge].into_iter().flatten().for_each(walk),
        ElementKind::Behavioural { value, .. } | ElementKind::Controlled(Control::Value(value)) => walk(value),
        ElementKind::Controlled(Control::Table { input, .. }) => walk(input),
        ElementKind::Controlled(Control::LinearCurrent { source, .. }) => visit(&source.text),
        ElementKind::Controlled(Control::PolyCurrent { sources, .. }) => sources.iter().for_each(|s| visit(&s.text)),
        ElementKind::CurrentSwitch { source: Some(source), .. } => visit(&source.text),
        _ => {}
    }
}
