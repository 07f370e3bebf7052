//! `.save .probe .print .plot .xout` and what is stored when none of them says.

use super::Requests;
use crate::circuit::probe::Part;
use crate::device::StateLaw;
use crate::diag::{Diagnostic, nearest};
use crate::elaborate::is_dynamic;
use crate::netlist::ast::{Assign, Expr, ExprKind, FileRef, Name, OutputCard, OutputVerb, Statement, XoutCard};
use crate::plan::{Figure, Print, PrintFormat, Signal, Snapshot, Trace};

const FORMATS: &[(&str, PrintFormat)] = &[
    ("std", PrintFormat::Table),
    ("table", PrintFormat::Table),
    ("csv", PrintFormat::Csv),
    ("noindex", PrintFormat::NoIndex),
    ("gnuplot", PrintFormat::Gnuplot),
    ("raw", PrintFormat::Raw),
];

const SAVES: &[OutputVerb] = &[OutputVerb::Save, OutputVerb::Probe];
const SPEAKERS: &[OutputVerb] = &[OutputVerb::Save, OutputVerb::Probe, OutputVerb::Print];

impl<'d> Requests<'_, 'd, '_, '_> {
    fn cards(&self, verbs: &[OutputVerb]) -> Vec<&'d OutputCard> {
        let statements = self.statements().into_iter();
        let cards = statements.filter_map(|s| if let Statement::Output(card) = s { Some(card) } else { None });
        cards.filter(|card| verbs.contains(&card.verb)).collect()
    }

    /// Signals of the raw file, in front of all others.
    pub fn saves(&mut self) {
        for card in self.cards(SAVES) {
            self.filter(card.analysis.as_ref());
            for item in &card.items {
                self.save(item);
            }
            for param in &card.params {
                self.save(&param.value);
            }
        }
        let analyses = &self.plan.analyses;
        let spoken_for = !analyses.is_empty() && analyses.iter().all(|a| self.is_covered(a, SPEAKERS));
        if !spoken_for {
            self.save_default();
        }
        if self.plan.options.save_currents {
            self.save_currents();
        }
        if self.cards(SAVES).is_empty() && spoken_for {
            // mistakes are reported when the card itself is read
            for card in self.cards(&[OutputVerb::Print]) {
                for item in card.items.iter().chain(card.params.iter().map(|p| &p.value)) {
                    let _ = self.traces.save(inside(item));
                }
            }
        }
        if self.traces.len() == 0 {
            // a point without a column would be no point
            self.save_default();
        }
        self.plan.saved = self.traces.len();
    }

    fn save(&mut self, item: &Expr) {
        match &item.kind {
            ExprKind::All => self.save_all(),
            ExprKind::Name(name) if name == "all" => self.save_all(),
            ExprKind::Name(name) if name == "allv" => self.save_nodes(|_| true),
            ExprKind::Name(name) if name == "alli" => self.save_currents(),
            _ => {
                let result = self.traces.save(inside(item));
                self.keep(result);
            }
        }
    }

    /// Every node and source current, those of subcircuits too, but nothing inside arrays.
    fn save_all(&mut self) {
        self.save_nodes(|_| true);
        self.save_devices(|this, name| this.is_source(name, &["v"]));
    }

    /// Top-level nodes and the currents of top-level voltage sources.
    fn save_default(&mut self) {
        self.save_nodes(|name| !name.contains('.'));
        self.save_devices(|this, name| !name.contains('.') && this.is_source(name, &["v"]));
    }

    fn save_currents(&mut self) {
        self.save_devices(|this, name| {
            let circuit = this.traces.circuit();
            circuit.resolve(&Signal::Current(name.to_string())).is_ok()
        });
    }

    /// Nodes in the order in which they were made.
    fn save_nodes(&mut self, wanted: impl Fn(&str) -> bool) {
        let circuit = self.traces.circuit();
        let lookup = self.traces.lookup();
        let outside = circuit.names.nodes.iter().filter(|(name, _)| wanted(name) && !lookup.is_inside_array(name));
        let mut nodes: Vec<(u32, &String)> = outside.map(|(name, id)| (*id, name)).collect();
        nodes.sort_unstable();
        for (_, name) in nodes {
            self.traces.record(Signal::Voltage(name.clone()));
        }
    }

    /// Device currents, kind by kind in the order in which they were made.
    fn save_devices(&mut self, wanted: impl Fn(&Self, &str) -> bool) {
        let circuit = self.traces.circuit();
        let lookup = self.traces.lookup();
        let named = circuit.names.devices.iter();
        let mut devices: Vec<((usize, usize), &String)> = named
            .filter(|(name, _)| wanted(self, name) && !lookup.is_inside_array(name))
            .map(|(name, device)| ((device.group, device.index), name))
            .collect();
        devices.sort_unstable();
        for (_, name) in devices {
            self.traces.record(Signal::Current(name.clone()));
        }
    }

    pub fn prints(&mut self) {
        for card in self.cards(&[OutputVerb::Print]) {
            let analysis = self.filter(card.analysis.as_ref());
            let format = self.format(card.format.as_ref());
            let labelled: Vec<&Assign> = card.params.iter().collect();
            let traces = self.items(&card.items, &labelled, card);
            let (Some(analysis), Some(format), Some(traces)) = (analysis, format, traces) else { continue };
            let file = card.file.as_ref().map(|f| f.path.clone());
            self.plan.prints.push(Print { analysis, traces, format, file });
        }
    }

    fn format(&mut self, name: Option<&Name>) -> Option<PrintFormat> {
        let Some(name) = name else { return Some(PrintFormat::Table) };
        if let Some((_, format)) = FORMATS.iter().find(|(word, _)| *word == name.text) {
            return Some(*format);
        }
        let error = Diagnostic::error("E-PRINT", format!("there is no format `{}`", name.text)).at(name.span);
        self.diagnostics.push(match nearest(&name.text, FORMATS.iter().map(|(word, _)| *word)) {
            Some(nearest) => error.help(format!("did you mean `{nearest}`?")),
            None => error.help("formats are std, csv, noindex, gnuplot and raw"),
        });
        None
    }

    /// All traces of a card; `None` when there is none.
    fn items(&mut self, items: &[Expr], labelled: &[&Assign], card: &OutputCard) -> Option<Vec<Trace>> {
        let mut traces = Vec::new();
        let mut complete = true;
        for item in items {
            if matches!(&item.kind, ExprKind::All) || matches!(&item.kind, ExprKind::Name(n) if n == "all") {
                traces.extend(self.all_traces());
                continue;
            }
            let result = self.traces.traces(inside(item));
            match self.keep(result) {
                Some(found) => traces.extend(found),
                None => complete = false,
            }
        }
        // HSPICE's `name=par('..')`
        for param in labelled {
            let result = self.traces.traces(inside(&param.value));
            match self.keep(result) {
                Some(found) => traces.extend(found.into_iter().map(|t| Trace { label: param.name.text.clone(), ..t })),
                None => complete = false,
            }
        }
        if traces.is_empty() && complete {
            let error = Diagnostic::error("E-OUTPUT", "this card names nothing to show").at(card.span);
            self.diagnostics.push(error.help("add signals such as v(out) or i(v1)"));
        }
        (!traces.is_empty()).then_some(traces)
    }

    fn all_traces(&mut self) -> Vec<Trace> {
        self.save_all();
        let lookup = self.traces.lookup();
        self.traces.recorded(|signal| match signal {
            Signal::Voltage(name) => !lookup.is_inside_array(name),
            Signal::Current(name) => self.is_source(name, &["v"]),
            _ => false,
        })
    }

    pub fn plots(&mut self) {
        for card in self.cards(&[OutputVerb::Plot]) {
            let analysis = self.filter(card.analysis.as_ref());
            let mut figure = Figure {
                analysis: analysis.flatten(),
                title: None,
                traces: Vec::new(),
                versus: None,
                log_x: false,
                log_y: false,
                file: card.file.as_ref().map(|f| without_suffix(&f.path)),
            };
            let mut items: Vec<Expr> = Vec::new();
            let mut rest = card.items.iter();
            while let Some(item) = rest.next() {
                match &item.kind {
                    ExprKind::Name(word) if word == "vs" => {
                        if let Some(axis) = rest.next() {
                            self.versus(&mut figure, axis);
                        }
                    }
                    ExprKind::Name(word) if logarithmic(word).is_some() => set_log(&mut figure, word),
                    _ => items.push(item.clone()),
                }
            }
            let labelled = self.figure_settings(&mut figure, card);
            if let Some(traces) = self.items(&items, &labelled, card) {
                figure.traces = traces;
                self.plan.plots.push(figure);
            }
        }
    }

    /// Reads `key=value`; gives back those that label a curve.
    fn figure_settings<'c>(&mut self, figure: &mut Figure, card: &'c OutputCard) -> Vec<&'c Assign> {
        let mut labelled = Vec::new();
        for param in &card.params {
            match (param.name.text.as_str(), &param.value.kind) {
                ("title", ExprKind::Text(text) | ExprKind::Name(text)) => figure.title = Some(text.clone()),
                ("file", ExprKind::Text(text) | ExprKind::Name(text)) => figure.file = Some(without_suffix(text)),
                ("file", ExprKind::File(FileRef { path, .. })) => figure.file = Some(without_suffix(path)),
                ("vs", _) => self.versus(figure, &param.value),
                ("log", ExprKind::Name(axes)) if matches!(axes.as_str(), "x" | "y" | "xy") => {
                    figure.log_x |= axes.contains('x');
                    figure.log_y |= axes.contains('y');
                }
                (word, _) if logarithmic(word).is_some() => {
                    if self.number(&param.value).is_some_and(|value| value != 0.0) {
                        set_log(figure, word);
                    }
                }
                _ if is_dynamic(self.scope, &param.value) => labelled.push(param),
                (word, _) => {
                    let known = ["title", "file", "vs", "log", "logx", "logy"];
                    let error = Diagnostic::error("E-PLOT", format!("`.plot` has no setting `{word}`"));
                    let error = error.at(param.name.span);
                    self.diagnostics.push(match nearest(word, known.into_iter()) {
                        Some(nearest) => error.help(format!("did you mean `{nearest}`?")),
                        None => error.help("it knows title=, vs=, logx, logy and file="),
                    });
                }
            }
        }
        labelled
    }

    fn versus(&mut self, figure: &mut Figure, axis: &Expr) {
        let result = self.traces.traces(inside(axis));
        let Some(mut traces) = self.keep(result) else { return };
        if traces.len() == 1 {
            figure.versus = traces.pop();
            return;
        }
        let error = Diagnostic::error("E-PLOT", format!("the abscissa stands for {} signals", traces.len()));
        self.diagnostics.push(error.at(axis.span).help("name one signal"));
    }

    pub fn snapshots(&mut self) {
        for statement in self.statements() {
            if let Statement::Xout(card) = statement {
                let snapshot = self.snapshot(card);
                self.plan.snapshots.extend(snapshot);
            }
        }
    }

    fn snapshot(&mut self, card: &XoutCard) -> Option<Snapshot> {
        let circuit = self.traces.circuit();
        let Some(array) = circuit.arrays.iter().find(|a| a.name == card.instance.text) else {
            let error = Diagnostic::error("E-XOUT", format!("there is no array `{}`", card.instance.text));
            let error = error.at(card.instance.span);
            let known = circuit.arrays.iter().map(|a| a.name.as_str());
            self.diagnostics.push(match nearest(&card.instance.text, known) {
                Some(nearest) => error.help(format!("did you mean `{nearest}`?")),
                None => error.help("`.xout` names an instance of an `.xbar`"),
            });
            return None;
        };
        let mut known = circuit.fields(&Part::Cell(array, 0));
        known.extend(array.lines().map(|wires| wires.line.name().to_string()));
        let mut good = true;
        for quantity in &card.quantities {
            if known.contains(&quantity.text) {
                continue;
            }
            good = false;
            let error = Diagnostic::error(
                "E-XOUT",
                format!("the cells of `{}` have no quantity `{}`", array.name, quantity.text),
            );
            let error = error.at(quantity.span);
            self.diagnostics.push(match nearest(&quantity.text, known.iter().map(String::as_str)) {
                Some(nearest) => error.help(format!("did you mean `{nearest}`?")),
                None => error.help(format!("they have {}", known.join(" "))),
            });
        }
        let mut quantities: Vec<String> = card.quantities.iter().map(|q| q.text.clone()).collect();
        if quantities.is_empty() {
            quantities = vec!["v".to_string(), "i".to_string()];
            quantities.extend(known.iter().filter(|name| is_memory(circuit, array, name)).cloned());
        }
        let (at, at_end) = self.instants(card)?;
        good.then(|| Snapshot {
            array: array.name.clone(),
            quantities,
            at,
            at_end,
            file: card.file.as_ref().map(|f| f.path.clone()),
            state_file: card.state.as_ref().map(|f| f.path.clone()),
        })
    }

    /// `AT=10n,20n,END`; nothing = at the end.
    fn instants(&mut self, card: &XoutCard) -> Option<(Vec<f64>, bool)> {
        let mut at = Vec::new();
        let mut at_end = card.at.is_empty();
        let mut good = true;
        for expr in &card.at {
            if matches!(&expr.kind, ExprKind::Name(word) if word == "end") {
                at_end = true;
                continue;
            }
            match self.number(expr) {
                Some(value) if value >= 0.0 => at.push(value),
                Some(value) => {
                    good = false;
                    let error = Diagnostic::error("E-XOUT", format!("a snapshot at {value} s is never reached"));
                    self.diagnostics.push(error.at(expr.span).help("give times of 0 and more, or END"));
                }
                None => good = false,
            }
        }
        at.sort_by(f64::total_cmp);
        at.dedup();
        good.then_some((at, at_end))
    }
}

/// Is it a state of a device of the cell, one that outlives the bias?
fn is_memory(circuit: &crate::circuit::Circuit, array: &crate::circuit::ArrayInstance, name: &str) -> bool {
    array.cell_devices.iter().filter_map(|d| circuit.groups.get(d.first.group)).any(|group| {
        group.card().internals.iter().any(|internal| internal.name == name && internal.law != StateLaw::Algebraic)
    })
}

/// HSPICE's `par('..')` is its argument.
fn inside(item: &Expr) -> &Expr {
    match &item.kind {
        ExprKind::Call(name, arguments) if name.text == "par" && arguments.len() == 1 => inside(&arguments[0]),
        _ => item,
    }
}

/// `(x, y)`: which axes a word makes logarithmic.
fn logarithmic(word: &str) -> Option<(bool, bool)> {
    match word {
        "logx" | "xlog" => Some((true, false)),
        "logy" | "ylog" | "log" => Some((false, true)),
        "loglog" => Some((true, true)),
        _ => None,
    }
}

fn set_log(figure: &mut Figure, word: &str) {
    if let Some((x, y)) = logarithmic(word) {
        figure.log_x |= x;
        figure.log_y |= y;
    }
}

/// Both an SVG and a PNG are written: a suffix in the card names neither.
fn without_suffix(path: &str) -> String {
    let lower = path.to_lowercase();
    let plain = [".svg", ".png"].iter().find(|suffix| lower.ends_with(**suffix)).map(|suffix| suffix.len());
    plain.and_then(|n| path.get(..path.len() - n)).unwrap_or(path).to_string()
}
