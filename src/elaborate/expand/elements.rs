//! Element lines and models.

use super::{Place, Target, Writer};
use crate::device::Card;
use crate::device::card::ParamKind;
use crate::device::waveform::Waveform;
use crate::elaborate::model::kind_of;
use crate::netlist::ast::{
    self, Assign, Behaviour, Control, Element, ElementKind, Expr, ExprKind, Model, NodeRef, Statement,
};

impl<'d> Writer<'d> {
    pub(super) fn element(&mut self, line: &Element, place: Place<'_, 'd>) {
        let mut words = vec![line.name.text.clone()];
        words.extend(line.nodes.iter().map(|n| n.name.clone()));
        let nodes = |list: &[NodeRef]| list.iter().map(|n| n.name.clone()).collect::<Vec<_>>();
        let list = |writer: &Self, values: &[Expr]| values.iter().map(|v| writer.number(v, place)).collect::<Vec<_>>();
        match &line.kind {
            ElementKind::Passive { value, charge, model } => {
                let zero = value.as_ref().is_some_and(|v| self.number(v, place).parse() == Ok(0.0));
                if line.letter == 'r' && zero && self.target != Target::Own {
                    // other simulators clamp zero ohm to something else
                    words[0] = format!("v.{}", line.name.text);
                    words.push("dc 0".to_string());
                    return self.line(&words.join(" "));
                }
                words.extend(model.iter().map(|m| m.text.clone()));
                words.extend(value.as_ref().map(|v| self.value(v, place)));
                words.extend(charge.as_ref().map(|q| format!("q={{{}}}", self.expression(q))));
            }
            ElementKind::Coupling { inductors, coefficient } => {
                words.extend(inductors.iter().map(|l| l.text.clone()));
                words.extend(coefficient.as_ref().map(|k| self.number(k, place)));
            }
            ElementKind::Source { dc, ac, wave } => {
                words.extend(dc.as_ref().map(|dc| format!("dc {}", self.number(dc, place))));
                if let Some((magnitude, phase)) = ac {
                    words.push(format!("ac {}", self.number(magnitude, place)));
                    words.extend(phase.as_ref().map(|p| self.number(p, place)));
                }
                words.extend(wave.as_ref().map(|w| self.wave(w, place)));
            }
            ElementKind::Controlled(control) => match control {
                Control::LinearVoltage { nodes: control, gain } => {
                    words.extend(nodes(control));
                    words.extend(gain.as_ref().map(|g| self.number(g, place)));
                }
                Control::LinearCurrent { source, gain } => {
                    words.push(source.text.clone());
                    words.extend(gain.as_ref().map(|g| self.number(g, place)));
                }
                Control::PolyVoltage { nodes: control, coefficients } => {
                    words.push(format!("poly({})", control.len() / 2));
                    words.extend(nodes(control));
                    words.extend(list(self, coefficients));
                }
                Control::PolyCurrent { sources, coefficients } => {
                    words.push(format!("poly({})", sources.len()));
                    words.extend(sources.iter().map(|s| s.text.clone()));
                    words.extend(list(self, coefficients));
                }
                Control::Value(value) => {
                    let key = if matches!(line.letter, 'e' | 'h') { "vol" } else { "cur" };
                    words.push(format!("{key}='{}'", self.expression(value)));
                }
                // ngspice's own TABLE rounds the corners and needs a code model
                Control::Table { input, points } if self.target == Target::Ngspice && points.len() > 1 => {
                    let point = |(x, y): &(Expr, Expr)| format!("{}, {}", self.number(x, place), self.number(y, place));
                    let list: Vec<String> = points.iter().map(point).collect();
                    let end = |p: Option<&(Expr, Expr)>| p.map_or(String::new(), |(x, _)| self.number(x, place));
                    let key = if line.letter == 'e' { "vol" } else { "cur" };
                    words.push(format!(
                        "{key}='pwl(min(max({}, {}), {}), {})'",
                        self.expression(input),
                        end(points.first()),
                        end(points.last()),
                        list.join(", ")
                    ));
                }
                Control::Table { input, points } => {
                    let points =
                        points.iter().map(|(x, y)| format!("({}, {})", self.number(x, place), self.number(y, place)));
                    let points: Vec<String> = points.collect();
                    words.push(format!("table {{{}}} = {}", self.expression(input), points.join(" ")));
                }
            },
            ElementKind::Behavioural { quantity, value } => {
                let value = self.expression(value);
                words.push(match quantity {
                    Behaviour::Voltage => format!("v={value}"),
                    Behaviour::Current => format!("i={value}"),
                    Behaviour::Resistance => format!("r={value}"),
                });
            }
            ElementKind::VoltageSwitch { control, model, initially_on } => {
                words.extend(nodes(control));
                words.extend(model.iter().map(|m| m.text.clone()));
                words.extend(initially_on.map(|on| if on { "on" } else { "off" }.to_string()));
            }
            ElementKind::CurrentSwitch { source, model, initially_on } => {
                words.extend(source.iter().chain(model).map(|m| m.text.clone()));
                words.extend(initially_on.map(|on| if on { "on" } else { "off" }.to_string()));
            }
            ElementKind::Modelled { kind, model, area, .. } => {
                return self.modelled(line, words, kind.as_ref(), model.as_ref(), area.as_ref(), place);
            }
            ElementKind::Instance { definition } => words.extend(definition.iter().map(|d| d.text.clone())),
        }
        words.extend(line.params.iter().map(|p| self.assign(p, place)));
        self.line(&words.join(" "));
    }

    /// A passive value: a number, or an expression of the solution in quotes.
    fn value(&self, value: &Expr, place: Place<'_, 'd>) -> String {
        let number = self.number(value, place);
        let dynamic = super::super::is_dynamic(&self.frame.scope, value);
        if dynamic { format!("'{}'", self.expression(value)) } else { number }
    }

    fn assign(&self, assign: &Assign, place: Place<'_, 'd>) -> String {
        format!("{}={}", assign.name.text, self.number(&assign.value, place))
    }

    /// D lines as they are; native devices by the subcircuit of their card, with the parameters of their model.
    fn modelled(
        &mut self,
        line: &Element,
        mut words: Vec<String>,
        kind: Option<&ast::Name>,
        model: Option<&ast::Name>,
        area: Option<&Expr>,
        place: Place<'_, 'd>,
    ) {
        let card_of_model = model.and_then(|m| self.find_model(&m.text, place));
        let keyword = kind.map(|k| k.text.as_str()).or(card_of_model.map(|m| m.kind.text.as_str()));
        let native = keyword.and_then(kind_of).map(|k| k.card()).filter(|c| !c.equivalent.is_empty());
        match native {
            Some(card) if self.target != Target::Own => {
                self.used.insert(card.keywords[0]);
                words[0] = format!("x{}", line.name.text);
                words.push(subckt_name(card));
                let own: Vec<&Assign> = line.params.iter().collect();
                let from_model = card_of_model.iter().flat_map(|m| &m.params);
                for param in from_model
                    .filter(|p| !own.iter().any(|o| same(card, &o.name.text, &p.name.text)))
                    .chain(own.iter().copied())
                {
                    let name = card.param(&param.name.text).map_or(param.name.text.as_str(), |p| p.name);
                    words.push(format!("{name}={}", self.card_value(card, param, place)));
                }
            }
            _ => {
                if matches!(line.letter, 'y') {
                    words[0] = format!("y{} {}", kind.map_or("", |k| k.text.as_str()), line.name.text);
                }
                words.extend(model.map(|m| m.text.clone()));
                words.extend(area.map(|a| format!("area={}", self.number(a, place))));
                words.extend(line.params.iter().map(|p| self.assign(p, place)));
            }
        }
        self.line(&words.join(" "));
    }

    /// The value of a parameter; a word is written as its number in the card's list.
    fn card_value(&self, card: &Card, param: &Assign, place: Place<'_, 'd>) -> String {
        if let (Some(ParamKind::Word(words)), ExprKind::Name(word)) =
            (card.param(&param.name.text).map(|p| p.kind), &param.value.kind)
            && let Some(number) = words.iter().position(|w| w == word)
        {
            return number.to_string();
        }
        self.number(&param.value, place)
    }

    fn find_model(&self, name: &str, place: Place<'_, 'd>) -> Option<&'d Model> {
        let local = place.inside.iter().rev().flat_map(|s| &s.body).find_map(|s| match s {
            Statement::Model(m) if m.name.text == name => Some(m),
            _ => None,
        });
        local.or_else(|| self.frame.scope.model(name).map(|(m, _)| m))
    }

    /// Model cards of devices that the other simulator has.
    pub(super) fn model(&mut self, model: &Model, place: Place<'_, 'd>) {
        let native = kind_of(&model.kind.text).is_some_and(|k| !k.card().equivalent.is_empty());
        if native && self.target != Target::Own {
            return;
        }
        let params: Vec<String> = model.params.iter().map(|p| self.assign(p, place)).collect();
        self.line(&format!(".model {} {}({})", model.name.text, model.kind.text, params.join(" ")));
    }

    /// The subcircuits of the native devices that were used.
    pub(super) fn equivalents(&mut self) {
        for keyword in std::mem::take(&mut self.used) {
            let Some(card) = kind_of(keyword).map(|k| k.card()) else { continue };
            let pins: Vec<&str> = card.ports.iter().filter(|p| p.carries).map(|p| p.name).collect();
            let mut head = format!("* {}; {}\n.subckt {} {}", card.doc, card.source, subckt_name(card), pins.join(" "));
            for param in card.params {
                let default = match param.kind {
                    ParamKind::Number => param.default,
                    ParamKind::Word(_) => Some(0.0),
                    ParamKind::Wave => None,
                };
                // one that must be given is given on every line
                head.push_str(&format!("\n+ {}={:?}", param.name, default.unwrap_or(0.0)));
            }
            self.line(&head);
            self.line(card.equivalent.trim_end());
            self.line(&format!(".ends {}", subckt_name(card)));
        }
    }

    /// A waveform with its values; evaluated at the top level.
    fn wave(&self, wave: &ast::Waveform, place: Place<'_, 'd>) -> String {
        let evaluated = place.inside.is_empty().then(|| self.assembly.waveform(&self.frame, wave, self.times));
        match evaluated {
            Some(Ok(wave)) => wave_text(&wave),
            _ => {
                let args: Vec<String> = wave.args.iter().map(|a| self.number(a, place)).collect();
                format!("{}({})", wave.shape.text, args.join(" "))
            }
        }
    }
}

fn subckt_name(card: &Card) -> String {
    format!("native_{}", card.keywords[0])
}

fn same(card: &Card, a: &str, b: &str) -> bool {
    a == b || matches!((card.param(a), card.param(b)), (Some(a), Some(b)) if a.name == b.name)
}

fn wave_text(wave: &Waveform) -> String {
    let join = |values: &[f64]| values.iter().map(|v| format!("{v:?}")).collect::<Vec<_>>().join(" ");
    match wave {
        Waveform::Pulse { v1, v2, delay, rise, fall, width, period, cycles } => {
            let mut values = vec![*v1, *v2, *delay, *rise, *fall, *width];
            if *period > 0.0 {
                values.push(*period);
                if *cycles > 0.0 {
                    values.push(*cycles);
                }
            }
            format!("pulse({})", join(&values))
        }
        Waveform::Sin { offset, amplitude, frequency, delay, theta, phase, .. } => {
            format!("sin({})", join(&[*offset, *amplitude, *frequency, *delay, *theta, *phase]))
        }
        Waveform::Pwl { points, delay, repeat } => {
            let mut text = String::from("pwl(");
            for (k, (t, v)) in points.iter().enumerate() {
                text.push_str(&format!("{}{t:?} {v:?}", if k % 6 == 0 { "\n+ " } else { " " }));
            }
            text.push(')');
            if *delay != 0.0 {
                text.push_str(&format!(" td={delay:?}"));
            }
            text.push_str(&repeat.map_or(String::new(), |r| format!(" r={r:?}")));
            text
        }
        Waveform::Exp { v1, v2, td1, tau1, td2, tau2 } => {
            format!("exp({})", join(&[*v1, *v2, *td1, *tau1, *td2, *tau2]))
        }
        Waveform::Sffm { offset, amplitude, carrier, index, signal } => {
            format!("sffm({})", join(&[*offset, *amplitude, *carrier, *index, *signal]))
        }
        Waveform::Am { amplitude, offset, modulation, carrier, delay } => {
            format!("am({})", join(&[*amplitude, *offset, *modulation, *carrier, *delay]))
        }
    }
}
