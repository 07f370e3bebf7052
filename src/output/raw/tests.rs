#![allow(clippy::unwrap_used)]
use super::*;
use crate::plan::Quantity;
use crate::result::Column;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn header(name: &str, step: &str, axis: Option<(&str, Quantity)>) -> PlotHeader {
    let mut columns: Vec<Column> = axis.iter().map(|(n, q)| Column { name: (*n).to_owned(), quantity: *q }).collect();
    columns.push(Column { name: "v(a)".into(), quantity: Quantity::Voltage });
    columns.push(Column { name: "i(v1)".into(), quantity: Quantity::Current });
    let saved = columns.len();
    columns.push(Column { name: "p(r1)".into(), quantity: Quantity::Power });
    PlotHeader {
        title: "* rc\ttest".into(),
        name: name.into(),
        step: step.into(),
        has_axis: axis.is_some(),
        columns,
        saved,
    }
}

fn tran(step: &str) -> PlotHeader {
    header("Transient Analysis", step, Some(("time", Quantity::Time)))
}

fn dc(step: &str) -> PlotHeader {
    header("DC transfer characteristic", step, Some(("v1", Quantity::Voltage)))
}

fn options(encoding: Encoding) -> RawOptions {
    RawOptions { encoding, date: "Sat Nov 21 21:56:58  2026".into(), step_count: 2, ..RawOptions::default() }
}

fn write(options: RawOptions, plots: &[(PlotHeader, &[&[f64]])]) -> (Vec<u8>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.raw");
    let mut writer = RawWriter::create(&path, options).unwrap();
    for (header, points) in plots {
        writer.begin(header);
        points.iter().for_each(|p| writer.point(p));
        writer.end();
    }
    let labels = writer.step_labels().to_vec();
    writer.finish().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the file");
    (std::fs::read(&path).unwrap(), labels)
}

#[test]
fn binary_bytes_of_an_unstepped_plot() {
    let (bytes, _) =
        write(options(Encoding::Binary), &[(tran(""), &[&[0.0, 1.0, -2.0, 9.0], &[1e-9, 1.5, -3.0, 9.0]])]);
    let mut expected = format!(
        "Title: * rc test\nDate: Sat Nov 21 21:56:58  2026\nCommand: ngspice-44 compatible, sneakpath {VERSION}\n\
         Plotname: Transient Analysis\nFlags: real\nNo. Variables: 3\nNo. Points: 2       \nVariables:\n\
         \t0\ttime\ttime\n\t1\tv(a)\tvoltage\n\t2\ti(v1)\tcurrent\nBinary:\n"
    )
    .into_bytes();
    for v in [0.0_f64, 1.0, -2.0, 1e-9, 1.5, -3.0] {
        expected.extend_from_slice(&v.to_le_bytes());
    }
    assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&expected));
    assert_eq!(bytes, expected);
}

#[test]
fn ascii_bytes_have_no_blank_lines() {
    let (bytes, _) = write(options(Encoding::Ascii), &[(tran(""), &[&[0.0, 1.0, -2.0], &[1e-9, 0.1, -3.0]])]);
    let text = String::from_utf8(bytes).unwrap();
    let values = text.split_once("Values:\n").unwrap().1;
    assert_eq!(
        values,
        "0\t\t0.000000000000000e+00\n\t1.000000000000000e+00\n\t-2.000000000000000e+00\n\
         1\t\t1.000000000000000e-09\n\t1.000000000000000e-01\n\t-3.000000000000000e+00\n"
    );
}

#[test]
fn steps_share_one_plot() {
    let (bytes, labels) = write(
        options(Encoding::Ascii),
        &[(tran("r=1"), &[&[0.0, 1.0, 1.0], &[1.0, 2.0, 2.0]]), (tran("r=2"), &[&[0.0, 3.0, 3.0]])],
    );
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains(&format!("Command: LTspice compatible, sneakpath {VERSION}\n")), "{text}");
    assert!(text.contains("Flags: real forward stepped double\n"), "{text}");
    assert!(text.contains("No. Points: 3       \n"), "{text}");
    assert!(!text.contains("ngspice"), "{text}");
    assert!(text.contains("\n2\t\t0.0"), "the index goes on over the steps: {text}");
    assert_eq!(labels, ["r=1", "r=2"]);
}

#[test]
fn a_revisited_axis_falls_back_to_one_plot_per_step() {
    for encoding in [Encoding::Binary, Encoding::Ascii] {
        let (bytes, labels) = write(
            options(encoding),
            &[
                (header("Operating Point", "", None), &[&[7.0, 7.0]]),
                (dc("r=1"), &[&[0.0, 1.0, 1.0], &[1.0, 0.1, 2.0]]),
                (dc("r=2"), &[&[0.0, 3.0, 3.0], &[1.0, 4.0, 4.0], &[0.0, 5.0, 5.0]]),
            ],
        );
        let (expected, _) = write(
            RawOptions { steps: StepLayout::Plots, ..options(encoding) },
            &[
                (header("Operating Point", "", None), &[&[7.0, 7.0]]),
                (dc("r=1"), &[&[0.0, 1.0, 1.0], &[1.0, 0.1, 2.0]]),
                (dc("r=2"), &[&[0.0, 3.0, 3.0], &[1.0, 4.0, 4.0], &[0.0, 5.0, 5.0]]),
            ],
        );
        assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&expected));
        assert_eq!(bytes, expected);
        let text = String::from_utf8_lossy(&bytes);
        let name = "Plotname: Step Analysis: Step 2 of 2 params:  name = R value = 2  DC transfer characteristic\n";
        assert!(text.contains(name), "{text}");
        assert!(!text.contains("stepped"), "{text}");
        assert_eq!(labels, ["r=1", "r=2"]);
    }
}

#[test]
fn steps_that_start_elsewhere_fall_back_too() {
    let (bytes, _) =
        write(options(Encoding::Ascii), &[(dc("r=1"), &[&[0.0, 1.0, 1.0]]), (dc("r=2"), &[&[0.5, 3.0, 3.0]])]);
    assert_eq!(String::from_utf8(bytes).unwrap().matches("Plotname: Step Analysis").count(), 2);
}

#[test]
fn a_plot_without_points_is_not_written() {
    let (bytes, _) = write(options(Encoding::Ascii), &[(tran(""), &[]), (dc(""), &[&[0.0, 1.0, 1.0]])]);
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(text.matches("Title:").count(), 1);
    assert!(text.contains("v(v-sweep)\tvoltage"));
}

/// What a kill leaves: the writer is leaked, so that nothing of it runs any more.
#[test]
fn an_abandoned_file_counts_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.raw");
    let mut writer = RawWriter::create(&path, options(Encoding::Binary)).unwrap();
    writer.begin(&tran(""));
    for k in 0..40_000 {
        writer.point(&[f64::from(k), 1.0, 2.0, 3.0]);
    }
    std::mem::forget(writer);
    let bytes = std::fs::read(&path).unwrap();
    let data = bytes.windows(8).position(|w| w == b"Binary:\n").unwrap() + 8;
    let text = String::from_utf8_lossy(&bytes[..data]);
    let count: usize = text.split("No. Points: ").nth(1).unwrap()[..8].trim().parse().unwrap();
    assert!(count > 10_000, "several blocks were flushed: {count}");
    assert_eq!(bytes.len() - data, count * 3 * 8);
}

#[test]
fn failures_come_back_as_values() {
    let missing = RawWriter::create(Path::new("/nowhere/x.raw"), RawOptions::default());
    assert!(missing.is_err_and(|e| e.to_string().contains("/nowhere/x.raw")));
    if cfg!(target_os = "linux") {
        let mut writer = RawWriter::create(Path::new("/dev/full"), RawOptions::default()).unwrap();
        writer.begin(&tran(""));
        writer.point(&[0.0, 0.0, 0.0, 0.0]);
        assert!(writer.failure().is_some());
        writer.point(&[1.0, 0.0, 0.0, 0.0]);
        writer.end();
        let message = writer.finish().unwrap_err().to_string();
        assert!(message.contains("/dev/full") && message.contains("space"), "{message}");
    }
}
