//! Cards that define things: `.param .func .subckt .model .ic .nodeset .global .temp .options .data`.
//!
//! ```text
//! param   = { ident "=" value | ident "(" formals ")" ["="] expr }
//! func    = ident "(" [ ident { "," ident } ] ")" [ "=" ] expr
//! subckt  = name { node } [ params: ] { assign }
//! model   = name type [ "(" ] { assign } [ ")" ]
//! ic      = { V "(" node ")" "=" value | node "=" value }
//! options = { ident [ "=" value ] }
//! data    = name { ident } { value } | name file "=" text
//! ```

use nom::Parser;
use nom::branch::alt;
use nom::combinator::opt;

use super::ast::{Assign, DataTable, Expr, ExprKind, Func, Model, Name, NodeRef, NodeValue, OptionItem, Statement};
use super::card::{POSITIONAL, assign, assigns, file_name, unexpected, value};
use super::elements::{params_mark, starts_value};
use super::expr::{Rules, Spacing, expression};
use super::text::{Parsed, Text};
use super::token::{
    at_assignment, at_end, blanks, equals, gap, ident_name, key_equals, keyword, mark, node, node_gap, word, word_name,
};

const NAKED: Rules = Rules::new(Spacing::Loose);

/// `.param`: assignments and functions; what was understood before a fault is kept by the caller.
pub(super) fn params<'a>(i: Text<'a>, out: &mut Vec<Statement>) -> Parsed<'a, ()> {
    let mut list = Vec::new();
    let mut i = i;
    let result = loop {
        (i, ()) = gap(i)?;
        if i.rest.is_empty() {
            break Ok((i, ()));
        }
        if let Ok((rest, head)) = function_head(i) {
            match function_body(rest, head) {
                Ok((rest, func)) => {
                    out.push(Statement::Func(func));
                    i = rest;
                    continue;
                }
                Err(fault) => break Err(fault),
            }
        }
        let item = if key_equals(i).is_ok() { assign(NAKED)(i) } else { no_value(i) };
        match item {
            Ok((rest, item)) => {
                list.push(item);
                i = rest;
            }
            Err(fault) => break Err(fault),
        }
    };
    if !list.is_empty() {
        out.push(Statement::Param(list));
    }
    result
}

fn no_value(i: Text) -> Parsed<Assign> {
    let (_, name) = ident_name(i)?;
    i.fail("E-SYNTAX", format!("parameter `{}` has no value", name.text), format!("write `{} = value`", name.text))
}

/// `.func`.
pub(super) fn func(i: Text) -> Parsed<Func> {
    let (rest, head) = function_head(i.trimmed())?;
    function_body(rest, head)
}

fn function_head(i: Text) -> Parsed<(Name, Vec<Name>)> {
    let (i, name) = ident_name(i)?;
    let (mut i, _) = mark("(")(i)?;
    let mut formals = Vec::new();
    loop {
        (i, ()) = gap(i)?;
        if i.starts_with(")") {
            return Ok((i.skip(1), (name, formals)));
        }
        let (rest, formal) = ident_name(i)?;
        formals.push(formal);
        i = rest;
    }
}

fn function_body(i: Text, (name, formals): (Name, Vec<Name>)) -> Parsed<Func> {
    let (i, _) = opt(equals).parse(i)?;
    let (i, ()) = blanks(i)?;
    let (i, body) = expression(NAKED)(i)?;
    Ok((i, Func { name, formals, body }))
}

/// Name, ports and parameters of `.subckt`.
pub(super) type SubcktHead = (Name, Vec<Name>, Vec<Assign>);

/// `.subckt`.
pub(super) fn subckt(i: Text) -> Parsed<SubcktHead> {
    let (i, ()) = blanks(i)?;
    let (i, name) = word_name(i)?;
    let mut ports = Vec::new();
    let (mut i, ()) = node_gap(i)?;
    while !i.rest.is_empty() && !at_assignment(i) {
        if let Some(after) = params_mark(i) {
            i = after;
            break;
        }
        if i.rest.get(..9).is_some_and(|t| t.eq_ignore_ascii_case("optional:")) {
            return i.fail("E-SUBCKT", "`optional:` ports are not supported", "list every port, then params:");
        }
        let (rest, port) = word_name(i)?;
        ports.push(port);
        (i, ()) = node_gap(rest)?;
    }
    let (i, params) = assigns(NAKED)(i)?;
    Ok((i, (name, ports, params)))
}

/// `.model`.
pub(super) fn model(i: Text) -> Parsed<Model> {
    let (rest, ()) = blanks(i)?;
    let (rest, name) = word_name(rest)?;
    let (rest, ()) = blanks(rest)?;
    if rest.rest.get(..4).is_some_and(|t| t.eq_ignore_ascii_case("ako:")) {
        return rest.fail("E-MODEL", "`ako:` models are not supported", "copy the parameters of the base model");
    }
    if at_end(rest) || at_assignment(rest) {
        return rest.expected("the model type");
    }
    let (rest, kind) = word_name(rest)?;
    let (rest, params) = assigns(Rules::new(Spacing::Remarked))(rest)?;
    Ok((rest, Model { name, kind, params, span: i.whole() }))
}

/// `.ic` and `.nodeset`.
pub(super) fn node_values(i: Text) -> Parsed<Vec<NodeValue>> {
    let mut list = Vec::new();
    let mut i = i;
    loop {
        (i, ()) = gap(i)?;
        if i.rest.is_empty() {
            return Ok((i, list));
        }
        let (rest, node) = voltage_of(i)?;
        let (rest, ()) = equals(rest)?;
        if rest.rest.is_empty() {
            return rest.expected("a value");
        }
        let (rest, value) = value(NAKED)(rest)?;
        list.push(NodeValue { node, value });
        i = rest;
    }
}

fn voltage_of(i: Text) -> Parsed<NodeRef> {
    let (rest, found) = word(i)?;
    let (open, parenthesis) = opt(mark("(")).parse(rest)?;
    if parenthesis.is_none() {
        return node(i);
    }
    if !found.rest.eq_ignore_ascii_case("v") {
        let help = "currents start with `ic=` on the inductor, states with the initial-state parameter of the device";
        return i.fail("E-IC", format!("`{}(..)` cannot be set here, only v(node)", found.rest), help);
    }
    let (rest, ()) = blanks(open)?;
    let (rest, found) = node(rest)?;
    let (rest, _) = mark(")")(rest)?;
    Ok((rest, found))
}

/// `.global`.
pub(super) fn global(i: Text) -> Parsed<Vec<Name>> {
    names(i)
}

/// All words of a card.
pub(super) fn names(i: Text) -> Parsed<Vec<Name>> {
    let mut list = Vec::new();
    let (mut i, ()) = gap(i)?;
    while !i.rest.is_empty() {
        let (rest, name) = word_name(i)?;
        list.push(name);
        (i, ()) = gap(rest)?;
    }
    Ok((i, list))
}

/// `.temp`.
pub(super) fn values(i: Text) -> Parsed<Vec<Expr>> {
    let mut list = Vec::new();
    let (mut i, ()) = gap(i)?;
    while !i.rest.is_empty() {
        let (rest, expr) = value(POSITIONAL)(i)?;
        list.push(expr);
        (i, ()) = gap(rest)?;
    }
    if list.is_empty() { i.expected("a value") } else { Ok((i, list)) }
}

/// `.options`.
pub(super) fn options(i: Text) -> Parsed<Vec<OptionItem>> {
    let mut list = Vec::new();
    let (mut i, ()) = gap(i)?;
    while !i.rest.is_empty() {
        let (rest, name) = option_name(i)?;
        let (rest, given) = opt(equals).parse(rest)?;
        let (rest, value) = if given.is_some() {
            let (rest, expr) = option_value(rest)?;
            (rest, Some(expr))
        } else {
            (rest, None)
        };
        list.push(OptionItem { name, value });
        (i, ()) = gap(rest)?;
    }
    Ok((i, list))
}

/// A name that may hold hyphens, as Xyce's packages `nonlin-tran` and `linsol-ac` do.
fn option_name(i: Text) -> Parsed<Name> {
    let (mut rest, _) = ident_name(i)?;
    while rest.starts_with("-") {
        let Ok((after, _)) = ident_name(rest.skip(1)) else { break };
        rest = after;
    }
    Ok((rest, i.name_to(&rest)))
}

fn option_value(i: Text) -> Parsed<Expr> {
    if i.rest.is_empty() || i.starts_with(",") {
        return i.expected("a value");
    }
    value(Rules::new(Spacing::Tight))(i)
}

/// `.data name ..`: names up to the first value, then values.
pub(super) fn data(i: Text) -> Parsed<DataTable> {
    let (rest, ()) = blanks(i)?;
    let (rest, name) = word_name(rest)?;
    let mut table = DataTable { name, columns: Vec::new(), values: Vec::new(), file: None, span: i.whole() };
    let (mut rest, ()) = gap(rest)?;
    if let Ok((after, _)) = keyword("file")(rest) {
        let (after, file) = file_name(after)?;
        table.file = Some(file);
        (rest, ()) = gap(after)?;
    }
    while !rest.rest.is_empty() && !starts_value(rest) {
        let (after, column) = ident_name(rest)?;
        table.columns.push(column);
        (rest, ()) = gap(after)?;
    }
    if table.columns.is_empty() && table.file.is_none() {
        return rest.expected("the parameter names of the columns");
    }
    let (rest, values) = data_row(rest)?;
    table.values = values;
    Ok((rest, table))
}

/// A row of `.data`.
pub(super) fn data_row(i: Text) -> Parsed<Vec<Expr>> {
    let mut list = Vec::new();
    let (mut i, ()) = gap(i)?;
    while !i.rest.is_empty() {
        let (rest, expr) = alt((expression(POSITIONAL), unexpected)).parse(i)?;
        list.push(expr);
        (i, ()) = gap(rest)?;
    }
    Ok((i, list))
}

/// The condition of `.if`.
pub(super) fn condition(i: Text) -> Parsed<Expr> {
    let (i, ()) = blanks(i)?;
    expression(NAKED)(i)
}

/// A [`Name`] expression, for keywords given as values.
pub(super) fn bare_name(expr: &Expr) -> Option<Name> {
    match &expr.kind {
        ExprKind::Name(text) => Some(Name { text: text.clone(), span: expr.span }),
        _ => None,
    }
}
