//! Numbers of arrays: those that none can be made of, and those of wires that stand in files.

use tempfile::TempDir;

use super::{DRIVE, Elaborated, deck, elaborate_in, errors_in, output};

/// A folder with these files.
fn folder_with(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// Numbers that are none, or none that an array could be made of.
#[test]
fn every_number_of_an_array_is_checked() {
    let cell = ".subckt cell a b r=1k s=1\nR1 a mid {r}\nR2 mid b {s}\n.ends\n";
    let dir = folder_with(&[
        ("empty.csv", ""),
        ("hole.csv", "1,,3\n4,5,6\n"),
        ("zero.csv", "1k,1k,1k\n1k,0,1k\n"),
        ("first.csv", "0,1k,1k\n1k,1k,1k\n"),
        ("faults.csv", "0,0,short,nan\n0,1,stuck,-5\n1,1,short,0\n"),
    ]);
    let lines = "Xa W[0:1] B[0:2] XB\nVw[0:1] W[0:1] 0 1\nRb[0:2] B[0:2] 0 {sense}\n";
    let with = |xbar: &str, sense: &str| {
        let text =
            format!("test\n.param zero=0 sense={sense}\n{cell}.xbar XB 2 3 CELL=cell(wl bl) {xbar}\n{lines}.op\n");
        errors_in(dir.path(), &text)
    };
    for (xbar, sense, code, parts) in [
        ("RWL={0/0}", "1", "E-VALUE", &["0/0"][..]),
        ("RWL={zero/zero}", "1", "E-VALUE", &["0/0"]),
        ("RBLT={0/0} RWL=1", "1", "E-VALUE", &["0/0"]),
        ("RWL=1 CWL={0/0}", "1", "E-VALUE", &["0/0"]),
        ("RWL=1 SA0={0/0}", "1", "E-VALUE", &["0/0"]),
        ("RWL=1 r={0/0}", "1", "E-VALUE", &["0/0"]),
        ("RWL=1 r=FILE(\"zero.csv\" SCALE={0/0})", "1", "E-VALUE", &["0/0"]),
        ("RWL=1", "{0/0}", "E-VALUE", &["0/0"]),
        ("RWL=1e-320", "1", "E-RANGE", &["RWL", "too small", "0 merges"]),
        ("RWL=1", "1e-320", "E-PARAM", &["0 is a short"]),
        ("RWL=1 CWL=-1f", "1", "E-RANGE", &["CWL", "negative"]),
        ("RWL=1 RWLT=-1", "1", "E-RANGE", &["RWLT = -1 is negative"]),
        ("RWL=1 RSA1=0", "1", "E-RANGE", &["RSA1 = 0", "above zero", "1 kohm"]),
        ("RWL=1 RSHORT=-3", "1", "E-RANGE", &["RSHORT = -3", "above zero"]),
        ("RWL=1 m=0", "1", "E-RANGE", &["M = 0", "copies"]),
        ("RWL=1 r=-1", "1", "E-RANGE", &["has -1 ohm"]),
        ("RWL=1 r=0 s=0", "1", "E-CELL", &["`xa.c.r1` and `xa.c.r2`", "word line", "bit line", "defect"]),
        ("RWL=1 r=FILE(\"zero.csv\") s=0", "1", "E-CELL", &["`xa.c_1_1.r1` and `xa.c_1_1.r2`", "defect"]),
        ("RWL=1 r=FILE(\"zero.csv\")", "1", "E-CELL", &["`xa.c_1_1.r1` has 0 ohm", "all cells have the same nodes"]),
        ("RWL=1 r=FILE(\"first.csv\")", "1", "E-CELL", &["r1` has 0 ohm", "all cells have the same nodes"]),
        ("RWL=1 r=FILE(\"empty.csv\")", "1", "E-FILE", &["no numbers", "2 rows of 3 values"]),
        ("RWL=1 r=FILE(\"hole.csv\")", "1", "E-FILE", &["line 1, entry 2 is empty"]),
        ("RWL=1 r=FILE(\"hol.csv\")", "1", "E-FILE", &["did you mean `hole.csv`?"]),
        ("RWL=1 FAULTS=FILE(\"falts.csv\")", "1", "E-FILE", &["did you mean `faults.csv`?"]),
    ] {
        let found = with(xbar, sense);
        let (found_code, text) = found.first().expect("an error");
        assert_eq!(found_code, code, "{xbar}: {found:#?}");
        assert!(parts.iter().all(|part| text.contains(part)), "{xbar}: {found:#?}");
    }
    let faults = with("RWL=1 FAULTS=FILE(\"faults.csv\")", "1");
    assert_eq!(faults.len(), 3, "{faults:#?}");
    assert!(faults.iter().all(|(code, text)| code == "E-FAULTS" && text.contains("resistance above zero")));
    // a cell without resistance in series is one like another
    std::fs::write(dir.path().join("r.csv"), "1k,2k,3k\n4k,5k,6k\n").unwrap();
    for r in ["1k", "FILE(\"r.csv\")", "{1k*(1+aunif(0,0.5))}"] {
        let xbar = format!(".xbar XB 2 3 CELL=cell(wl bl) RWL=1 s=0 r={r}\n");
        let text = format!("test\n.options mcop=1\n.param sense=1\n{cell}{xbar}{lines}.op\n");
        elaborate_in(dir.path(), &text).unwrap_or_else(|e| panic!("{e:#?}"));
    }
}

/// One number, one per line, one per segment; nothing merges nodes one by one.
#[test]
fn resistances_of_wires_come_from_files() {
    let dir = folder_with(&[
        ("lines.csv", "2\n3\n"),
        ("segments.csv", "1,2,3,4\n5,0,7,8\n"),
        ("bits.csv", "1,2,3\n4,5,6\n7,8,9\n"),
        ("wrong.csv", "1,2\n3,4\n"),
        ("negative.csv", "1\n-3\n"),
        ("nan.csv", "1\nnan\n"),
    ]);
    let at = |xbar: &str| deck(&format!("2 3 CELL=cell(wl bl) {xbar}"), DRIVE);
    let value = |e: &Elaborated, name: &str| e.circuit.find_device(name).map(|device| output(&e.circuit, device, "r"));
    let built = |xbar: &str| elaborate_in(dir.path(), &at(xbar)).unwrap_or_else(|e| panic!("{e:#?}"));
    let e = built("RWL=FILE(\"lines.csv\") RBL=FILE(\"bits.csv\" SCALE=10) RWLT=0.5");
    assert_eq!(["xa.rwl_0_0", "xa.rwl_0_2", "xa.rwl_1_1"].map(|name| value(&e, name)), [2.5, 2.0, 3.0].map(Some));
    // above row 1, and below the last row
    assert_eq!(["xa.rbl_1_2", "xa.rbl_2_0"].map(|name| value(&e, name)), [60.0, 70.0].map(Some));
    let e = built("RWL=FILE(\"segments.csv\") RBL=1");
    let node = |name: &str| e.circuit.node(name).unwrap();
    assert_eq!(["xa.rwl_0_1", "xa.rwl_1_2", "xa.rwl_1_1"].map(|name| value(&e, name)), [Some(2.0), Some(7.0), None]);
    assert_eq!(node("xa.wl_1_0"), node("xa.wl_1_1"));
    assert!(node("xa.wl_0_0") != node("xa.wl_0_1") && node("xa.wl_1_1") != node("xa.wl_1_2"));
    for (xbar, parts) in [
        ("RWL=FILE(\"wrong.csv\")", &["2 x 2", "2 lines of 3 cells", "2 rows of 4 values"][..]),
        ("RBL=FILE(\"wrong.csv\")", &["3 lines of 2 cells", "3 x 3 segments"]),
        ("RWL=FILE(\"negative.csv\")", &["-3e0 ohm at row 1, column 0", "above zero"]),
        ("RWL=FILE(\"nan.csv\")", &["not finite at row 1"]),
        ("RWL=FILE(\"lines.cvs\")", &["did you mean `lines.csv`"]),
    ] {
        let found = errors_in(dir.path(), &at(xbar));
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].0 == "E-FILE" && parts.iter().all(|part| found[0].1.contains(part)), "{found:#?}");
    }
}
