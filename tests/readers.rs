//! Our files, read by the programs people read them with: spicelib and `ltspice` for raw files, numpy for arrays.
//!
//! Where Python or a package is missing, the tests say so and pass; under `CI` they fail.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::Path;
use std::process::Command;

use sneakpath::output::log;
use sneakpath::output::raw::{Encoding, RawOptions, RawWriter, StepLayout};
use sneakpath::plan::Quantity;
use sneakpath::result::{Column, PlotHeader, Sink};

/// Runs a Python script in `folder`; false when the interpreter or one of `packages` is missing.
fn python(folder: &Path, packages: &[&str], script: &str) -> bool {
    let imports = format!("import {}", packages.join(", "));
    let ready = Command::new("python3").args(["-c", &imports]).output().is_ok_and(|o| o.status.success());
    if !ready {
        assert!(std::env::var_os("CI").is_none(), "CI must have python3 with {packages:?}");
        eprintln!("NOTICE: python3 with {packages:?} is missing: this reader was not tested");
        return false;
    }
    let run = Command::new("timeout").current_dir(folder).args(["60", "python3", "-c", script]).output().unwrap();
    assert!(run.status.success(), "{}\n{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    true
}

fn header(name: &str, step: &str, axis: Option<(&str, Quantity)>) -> PlotHeader {
    let mut columns: Vec<Column> = axis.iter().map(|(n, q)| Column { name: (*n).into(), quantity: *q }).collect();
    for (name, quantity) in [("v(out)", Quantity::Voltage), ("i(v1)", Quantity::Current), ("@m1[x]", Quantity::Plain)] {
        columns.push(Column { name: name.into(), quantity });
    }
    let saved = columns.len();
    PlotHeader {
        title: "* reader test".into(),
        name: name.into(),
        step: step.into(),
        has_axis: axis.is_some(),
        columns,
        saved,
    }
}

const TRAN: (&str, Option<(&str, Quantity)>) = ("Transient Analysis", Some(("time", Quantity::Time)));
const DC: (&str, Option<(&str, Quantity)>) = ("DC transfer characteristic", Some(("v1", Quantity::Voltage)));
const OP: (&str, Option<(&str, Quantity)>) = ("Operating Point", None);

/// Values that no 4-byte float holds: point k of a plot with `scale`.
fn feed(writer: &mut RawWriter, kind: (&str, Option<(&str, Quantity)>), step: &str, points: usize, scale: f64) {
    writer.begin(&header(kind.0, step, kind.1));
    for k in 0..points {
        let x = k as f64;
        let values = [x * 1e-9, scale * (x + 1.0) / 3.0, -scale * (x + 1.0) / 7.0, scale / (x + 11.0)];
        writer.point(if kind.1.is_some() { &values } else { &values[1..] });
    }
    writer.end();
}

const EXPECT: &str = r"
import numpy as np
def expect(n, scale, start=0):
    x = np.arange(start, n, dtype=float)
    return x * 1e-9, scale * (x + 1.0) / 3.0, -scale * (x + 1.0) / 7.0, scale / (x + 11.0)
def same(a, b):
    a = np.asarray(a)
    assert a.shape == b.shape, (a.shape, b.shape)
    assert np.all(a == b), (a, b)
def close(a, b):
    assert np.allclose(a, b, rtol=1e-15, atol=0), (a, b)
";

#[test]
fn spicelib_reads_unstepped_plots_without_being_told_the_dialect() {
    let folder = tempfile::tempdir().unwrap();
    for (name, encoding, check) in [("binary.raw", Encoding::Binary, "same"), ("ascii.raw", Encoding::Ascii, "close")] {
        let options = RawOptions { encoding, ..RawOptions::default() };
        let mut writer = RawWriter::create(&folder.path().join(name), options).unwrap();
        feed(&mut writer, OP, "", 1, 1.0);
        feed(&mut writer, DC, "", 5, 2.0);
        feed(&mut writer, TRAN, "", 1000, 3.0);
        writer.finish().unwrap();
        let script = format!(
            r"{EXPECT}
from spicelib import RawRead
raw = RawRead('{name}')
assert raw.dialect == 'ngspice', raw.dialect
assert raw.get_plot_names() == ['Operating Point', 'DC transfer characteristic', 'Transient Analysis'], raw.get_plot_names()
op, dc, tran = raw.plots
assert op.get_trace_names() == ['v(out)', 'i(v1)', '@m1[x]'], op.get_trace_names()
_, v, i, s = expect(1, 1.0)
{check}(op.get_wave('v(out)'), v); {check}(op.get_wave('i(v1)'), i)
assert dc.get_trace_names()[0] == 'v(v-sweep)'
x, v, i, s = expect(5, 2.0)
{check}(dc.get_wave(0), x); {check}(dc.get_wave('I(V1)'), i)
x, v, i, s = expect(1000, 3.0)
{check}(tran.get_wave(0), x); {check}(tran.get_wave('v(out)'), v); {check}(tran.get_wave('@m1[x]'), s)
"
        );
        python(folder.path(), &["numpy", "spicelib"], &script);
    }
}

#[test]
fn the_ltspice_package_reads_one_plot_of_either_encoding() {
    let folder = tempfile::tempdir().unwrap();
    for (name, encoding, check) in [("binary.raw", Encoding::Binary, "same"), ("ascii.raw", Encoding::Ascii, "close")] {
        let options = RawOptions { encoding, ..RawOptions::default() };
        let mut writer = RawWriter::create(&folder.path().join(name), options).unwrap();
        feed(&mut writer, TRAN, "", 300, 3.0);
        writer.finish().unwrap();
        let script = format!(
            r"{EXPECT}
import ltspice
l = ltspice.Ltspice('{name}').parse()
x, v, i, s = expect(300, 3.0)
assert l.case_count == 1
{check}(l.get_time(), x); {check}(l.get_data('v(out)'), v); {check}(l.get_data('i(v1)'), i); {check}(l.get_data('@m1[x]'), s)
"
        );
        python(folder.path(), &["numpy", "ltspice"], &script);
    }
}

#[test]
fn both_readers_find_the_steps_of_a_stepped_run() {
    for encoding in [Encoding::Binary, Encoding::Ascii] {
        let folder = tempfile::tempdir().unwrap();
        let options = RawOptions { encoding, ..RawOptions::default() };
        let mut writer = RawWriter::create(&folder.path().join("s.raw"), options).unwrap();
        feed(&mut writer, TRAN, "r=1000 c=1e-09", 7, 1.0);
        feed(&mut writer, TRAN, "r=2000 c=1e-09", 11, 2.0);
        feed(&mut writer, TRAN, "r=3000 c=1e-09", 5, 3.0);
        std::fs::write(folder.path().join("s.log"), log::head("reader test", writer.step_labels())).unwrap();
        writer.finish().unwrap();
        let spicelib = format!(
            r"{EXPECT}
from spicelib import RawRead
raw = RawRead('s.raw')
assert raw.dialect == 'ltspice', raw.dialect
assert list(raw.get_steps()) == [0, 1, 2], raw.get_steps()
assert list(raw.get_steps(r=2000)) == [1], raw.get_steps(r=2000)
assert raw.steps[2]['c'] == 1e-9, raw.steps
for k, n in enumerate([7, 11, 5]):
    x, v, i, s = expect(n, k + 1.0)
    close(raw.get_wave(0, k), x); close(raw.get_wave('v(out)', k), v); close(raw.get_wave('@m1[x]', k), s)
"
        );
        // spicelib 1.6.4 looks for the steps of an ASCII file before it reads its numbers, and fails on any such file
        if encoding == Encoding::Binary {
            python(folder.path(), &["numpy", "spicelib"], &spicelib);
        }
        let ltspice = format!(
            r"{EXPECT}
import ltspice
l = ltspice.Ltspice('s.raw').parse()
assert l.case_count == 3, l.case_count
for k, n in enumerate([7, 11, 5]):
    x, v, i, s = expect(n, k + 1.0)
    close(l.get_time(k), x); close(l.get_data('i(v1)', k), i)
"
        );
        python(folder.path(), &["numpy", "ltspice"], &ltspice);
    }
}

#[test]
fn spicelib_reads_a_stepped_operating_point() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = RawWriter::create(&folder.path().join("s.raw"), RawOptions::default()).unwrap();
    for k in 1..=4 {
        feed(&mut writer, OP, &format!("r={k}"), 1, f64::from(k));
    }
    std::fs::write(folder.path().join("s.log"), log::head("reader test", writer.step_labels())).unwrap();
    writer.finish().unwrap();
    let script = r"
from spicelib import RawRead
raw = RawRead('s.raw')
assert list(raw.get_steps(r=3)) == [2], raw.get_steps(r=3)
w = [float(raw.get_trace('v(out)').data[k]) for k in range(4)]
assert w == [k * 1.0 / 3.0 for k in (1.0, 2.0, 3.0, 4.0)], w
";
    python(folder.path(), &["spicelib"], script);
}

#[test]
fn spicelib_reads_one_plot_per_step() {
    let folder = tempfile::tempdir().unwrap();
    let options = RawOptions { steps: StepLayout::Plots, step_count: 2, ..RawOptions::default() };
    let mut writer = RawWriter::create(&folder.path().join("s.raw"), options).unwrap();
    feed(&mut writer, DC, "temp=-10", 4, 1.0);
    feed(&mut writer, DC, "temp=85", 4, 2.0);
    writer.finish().unwrap();
    let script = format!(
        r"{EXPECT}
from spicelib import RawRead
raw = RawRead('s.raw')
assert raw.get_plot_names()[1] == 'Step Analysis: Step 2 of 2 params:  name = TEMP value = 85  DC transfer characteristic'
for k, plot in enumerate(raw.plots):
    x, v, i, s = expect(4, k + 1.0)
    same(plot.get_wave(0), x); same(plot.get_wave('v(out)'), v)
"
    );
    python(folder.path(), &["numpy", "spicelib"], &script);
}

/// A run that is killed: the writer is leaked, so nothing of it runs after the last point.
#[test]
fn both_readers_open_what_a_killed_run_left() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = RawWriter::create(&folder.path().join("k.raw"), RawOptions::default()).unwrap();
    writer.begin(&header(TRAN.0, "", TRAN.1));
    for k in 0..50_000 {
        let x = f64::from(k);
        writer.point(&[x * 1e-9, (x + 1.0) / 3.0, -(x + 1.0) / 7.0, 1.0 / (x + 11.0)]);
    }
    std::mem::forget(writer);
    let check = "
n = len(v)
assert 10000 < n <= 50000, n
_, e, _, _ = expect(n, 1.0)
same(v, e)
";
    let spicelib = format!("{EXPECT}\nfrom spicelib import RawRead\nv = RawRead('k.raw').get_wave('v(out)')\n{check}");
    python(folder.path(), &["numpy", "spicelib"], &spicelib);
    let ltspice = format!("{EXPECT}\nimport ltspice\nv = ltspice.Ltspice('k.raw').parse().get_data('v(out)')\n{check}");
    python(folder.path(), &["numpy", "ltspice"], &ltspice);
}

#[test]
fn numpy_reads_snapshots_and_states() {
    use sneakpath::output::npz;
    let folder = tempfile::tempdir().unwrap();
    let snapshot = |at: f64| sneakpath::result::ArraySnapshot {
        array: "xa".into(),
        at,
        rows: 2,
        cols: 3,
        matrices: vec![
            ("v".into(), (0..6).map(|k| at + f64::from(k) / 3.0).collect()),
            ("x".into(), (0..6).map(f64::from).collect()),
        ],
        file: None,
        state_file: None,
    };
    let (one, two) = (snapshot(1e-8), snapshot(2e-8));
    let metadata =
        npz::Metadata { title: "* test".into(), analysis: "Transient Analysis".into(), ..Default::default() };
    npz::write(&folder.path().join("one.npz"), &[&one], &metadata).unwrap();
    npz::write(&folder.path().join("two.npz"), &[&one, &two], &metadata).unwrap();
    let files = npz::write_states(&folder.path().join("s.npy"), &two).unwrap();
    assert_eq!(files, [folder.path().join("s.npy")]);
    let script = r"
import json, numpy as np
k = np.arange(6).reshape(2, 3)
one, two = np.load('one.npz'), np.load('two.npz')
assert np.all(one['v'] == 1e-8 + k / 3.0), one['v']
assert two['v'].shape == (2, 2, 3) and np.all(two['v'][1] == 2e-8 + k / 3.0)
assert list(two['at']) == [1e-8, 2e-8] and list(one['col']) == [0, 1, 2] and list(one['row']) == [0, 1]
meta = json.loads(bytes(one['metadata']))
assert meta['array'] == 'xa' and meta['units'] == {'v': 'V', 'x': ''} and meta['title'] == '* test', meta
s = np.load('s.npy')
assert s.dtype == np.float64 and np.all(s == k), s
";
    python(folder.path(), &["numpy"], script);
}

/// The log of a stepped run: `.step` lines and measures, ngspice's lines in between are ignored.
#[test]
fn spicelib_reads_the_measures_of_a_log() {
    use sneakpath::output::measures::{Row, ltspice_line, ltspice_steps, ngspice_line};
    use sneakpath::result::MeasureResult;
    let folder = tempfile::tempdir().unwrap();
    let measure = |value: f64| MeasureResult {
        name: "vmax".into(),
        text: "max v(out) from=0 to=20u".into(),
        value: Some(value),
        reason: None,
        at: Some(1e-6),
        window: Some((0.0, 2e-5)),
    };
    let rows = [0.99, 0.5].map(|v| Row { parameters: vec![("r".into(), v)], results: vec![measure(v)] });
    let head = log::head("reader test", &["r=1000".into(), "r=2000".into()]);
    let line = ngspice_line(&measure(0.99));
    std::fs::write(folder.path().join("s.log"), format!("{head}{line}\n{}", ltspice_steps(&rows))).unwrap();
    let head = log::head("reader test", &[]);
    std::fs::write(folder.path().join("u.log"), format!("{head}{line}\n{}\n", ltspice_line(&measure(0.99)))).unwrap();
    let script = r"
from spicelib.log.ltsteps import LTSpiceLogReader
s = LTSpiceLogReader('s.log')
assert s.step_count == 2 and s.stepset == {'r': [1000, 2000]}, s.stepset
assert s.dataset['vmax'] == [0.99, 0.5] and s.dataset['vmax_to'] == [2e-5, 2e-5], s.dataset
u = LTSpiceLogReader('u.log')
assert u.dataset['vmax'] == [0.99] and u.dataset['vmax_from'] == [0], u.dataset
";
    python(folder.path(), &["spicelib"], script);
}
