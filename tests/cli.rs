//! The binary as a stranger calls it: flags, exit codes, streams, files.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use support::{Bench, code, err, out};

const RC: &str = "rc step\nV1 in 0 PULSE(0 1 0 1n 1n 1m 2m)\nR1 in out 1k\nC1 out 0 1u\n.tran 10u 5m\n.end\n";

/// Number after `No. Points:` and number of points that are really there, for a raw file with one binary plot.
fn points(path: &Path) -> (usize, usize) {
    let bytes = fs::read(path).unwrap();
    let at = bytes.windows(8).position(|w| w == b"Binary:\n").expect("a binary raw file") + 8;
    let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
    let number =
        |key: &str| -> usize { head.lines().find_map(|l| l.strip_prefix(key)).unwrap().trim().parse().unwrap() };
    (number("No. Points:"), (bytes.len() - at) / 8 / number("No. Variables:"))
}

#[test]
fn help_lists_commands_flags_and_exit_codes() {
    let bench = Bench::new(&[]);
    let help = bench.run("--help");
    assert_eq!(code(&help), 0);
    for word in ["run", "check", "expand", "plot", "models", "130 interrupted"] {
        assert!(out(&help).contains(word), "{word} in {}", out(&help));
    }
    let help = bench.run("run --help");
    for word in ["--raw", "--threads", "--strict-meas", "-D, --define", "--server", "NO_COLOR"] {
        assert!(out(&help).contains(word), "{word} in {}", out(&help));
    }
    assert!(out(&bench.run("-v")).starts_with("sneakpath "));
    assert_eq!(out(&bench.run("--version")), out(&bench.run("-v")));
}

#[test]
fn success_states_what_was_written() {
    let bench = Bench::new(&[("rc.cir", RC)]);
    let run = bench.run("rc.cir");
    assert_eq!(code(&run), 0, "{}", err(&run));
    let (counted, present) = points(&bench.path("rc.raw"));
    assert!(counted > 50 && counted == present);
    let last = err(&run).lines().last().unwrap().to_string();
    assert!(last.contains("wrote rc.raw: 1 plot") && last.contains(&format!("{counted} points")), "{last}");
    assert!(last.contains("0 measures ok, 0 failed"), "{last}");
    assert_eq!(bench.names(), ["rc.cir", "rc.raw"]);
}

#[test]
fn a_wrong_netlist_is_1_and_leaves_nothing() {
    let deck = "bad\nV1 in 0 1\nR1 in out\nC1 out 0 {cap}\nX1 in out nosuch\n.op\n.tran 1u 1m\n.end\n";
    let bench = Bench::new(&[("bad.cir", deck)]);
    for line in ["bad.cir", "check bad.cir"] {
        let run = bench.run(line);
        assert_eq!(code(&run), 1);
        let text = err(&run);
        for part in ["bad.cir:3:", "R1 in out", "bad.cir:4:", "cap", "bad.cir:5:", "nosuch"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(text.trim_end().lines().last().unwrap().contains("errors"), "{text}");
        assert!(out(&run).is_empty());
    }
    assert_eq!(bench.names(), ["bad.cir"]);
}

#[test]
fn a_deck_without_analysis_is_1() {
    let bench = Bench::new(&[("idle.cir", "idle\nV1 a 0 1\nR1 a 0 1\n.end\n")]);
    let run = bench.run("idle.cir");
    assert_eq!(code(&run), 1);
    assert!(err(&run).contains("asks for no analysis"), "{}", err(&run));
}

#[test]
fn usage_is_2() {
    let bench = Bench::new(&[("rc.cir", RC)]);
    for line in
        ["rc.cir --nonsense", "rc.cir -D novalue", "rc.cir -D r=many", "-b", "rc.cir -r rc.cir", "models nosuch"]
    {
        let run = bench.run(line);
        assert_eq!(code(&run), 2, "{line}: {}", err(&run));
        assert!(!err(&run).is_empty(), "{line}");
    }
    assert_eq!(fs::read_to_string(bench.path("rc.cir")).unwrap(), RC);
}

#[test]
fn no_convergence_is_3_and_says_where() {
    // a current forced into a node whose element takes at most 1 A
    let deck = "stuck\nI1 0 a PULSE(0 2 1u 1u 1u 1 2)\nB1 a 0 I='tanh(V(a))'\n.tran 10n 5u\n.end\n";
    let bench = Bench::new(&[("stuck.cir", deck)]);
    let run = bench.run("stuck.cir");
    assert_eq!(code(&run), 3, "{}", err(&run));
    let text = err(&run);
    for part in ["did not converge", "at t = ", "v(a) = ", "at device", "tried: "] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let (counted, present) = points(&bench.path("stuck.raw"));
    assert!(counted > 10 && counted == present, "{counted} {present}");
}

#[test]
fn what_is_no_text_is_told_once() {
    let bench = Bench::new(&[("rc.cir", RC), ("inc.cir", "binary\n.include \"data.bin\"\nR1 a 0 1\n.op\n")]);
    fs::write(bench.path("data.bin"), (0..=255).cycle().take(4096).collect::<Vec<u8>>()).unwrap();
    for line in ["data.bin", "inc.cir"] {
        let run = bench.run(line);
        assert_eq!(code(&run), 1, "{line}: {}", err(&run));
        assert_eq!(err(&run).matches("is not a text file").count(), 1, "{line}: {}", err(&run));
        assert!(!err(&run).contains("E-ELEMENT"), "{line}: {}", err(&run));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_5() {
    let deck = RC.replace(".end", ".print tran v(out)\n.end");
    let bench = Bench::new(&[("rc.cir", &deck)]);
    let run = bench.run("rc.cir -r /dev/full");
    assert_eq!(code(&run), 5, "{}", err(&run));
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let run = bench.command("rc.cir").stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(code(&run), 5, "{}", err(&run));
    assert!(err(&run).contains("cannot write to standard output"), "{}", err(&run));
}

/// `2>&1 | head` closes both streams before the run has ended.
#[test]
#[cfg(unix)]
fn closed_streams_lose_nothing() {
    let deck = RC.replace(".end", ".print tran v(out)\nR2 out open 1k\n.end");
    let bench = Bench::new(&[("rc.cir", &deck)]);
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    let run = bench.command("rc.cir").stdout(closed()).stderr(closed()).output().unwrap();
    assert_eq!(code(&run), 0);
    let (counted, present) = points(&bench.path("rc.raw"));
    assert!(counted > 50 && counted == present);
}

#[test]
fn a_transient_ends_when_corners_are_a_rounding_away() {
    // the corners of this pulse, cut short by its period, fall next to the stop time
    let deck = "cut\nV1 a 0 PULSE(0 1 0 1u 1u 5u 2u)\nR1 a 0 1\n.tran 1n 5u\n.end\n";
    let bench = Bench::new(&[("cut.cir", deck)]);
    let run = bench.run("cut.cir");
    assert_eq!(code(&run), 0, "{}", err(&run));
    assert!(err(&run).contains("more than the period"), "{}", err(&run));
}

#[test]
fn a_failed_measure_is_4_only_when_strict() {
    let deck = RC.replace(".end", ".measure tran never WHEN v(out)=50\n.measure tran vmax MAX v(out)\n.end");
    let bench = Bench::new(&[("rc.cir", &deck)]);
    let run = bench.run("rc.cir");
    assert_eq!(code(&run), 0, "{}", err(&run));
    assert!(out(&run).contains("never               =  failed"), "{}", out(&run));
    assert!(err(&run).lines().last().unwrap().contains("1 measure ok, 1 failed"), "{}", err(&run));
    assert_eq!(code(&bench.run("rc.cir --strict-meas")), 4);
}

#[test]
fn input_and_output_are_5() {
    let bench = Bench::new(&[("rc.cir", RC)]);
    let run = bench.run("rx.cir");
    assert_eq!(code(&run), 5);
    assert!(err(&run).contains("rx.cir") && err(&run).contains("there is `rc.cir`"), "{}", err(&run));
    // a file stands where a folder is needed
    let run = bench.run("rc.cir -r rc.cir/x.raw");
    assert_eq!(code(&run), 5, "{}", err(&run));
    assert!(err(&run).contains("rc.cir/x.raw"), "{}", err(&run));
}

#[test]
fn parameters_are_overridden_from_outside() {
    let deck = "divider\n.param r=1k\nV1 a 0 1\nR1 a b {r}\nR2 b 0 1k\n.op\n.measure op vb FIND v(b) AT=0\n.print op v(b)\n.end\n";
    let bench = Bench::new(&[("d.cir", deck)]);
    assert!(out(&bench.run("d.cir")).contains("5.00000000e-01"), "{}", out(&bench.run("d.cir")));
    assert!(out(&bench.run("-D r=3k d.cir")).contains("2.50000000e-01"));
}

#[test]
fn colours_follow_the_request_and_no_color() {
    let bench = Bench::new(&[("bad.cir", "bad\nR1 a\n.op\n.end\n")]);
    let escape = '\u{1b}';
    assert!(!err(&bench.run("check bad.cir")).contains(escape), "a pipe is no terminal");
    assert!(err(&bench.run("check --color always bad.cir")).contains(escape));
    let plain = bench.command("check bad.cir").env("NO_COLOR", "1").output().unwrap();
    assert!(!err(&plain).contains(escape));
}

#[test]
fn json_is_one_document_on_standard_output() {
    let bench = Bench::new(&[
        ("rc.cir", &RC.replace(".end", ".print tran v(out)\n.measure tran vmax MAX v(out)\n.end")),
        ("bad.cir", "bad\nR1 a\n.op\n.end\n"),
    ]);
    let run = bench.run("--json rc.cir");
    assert_eq!((code(&run), err(&run).as_str()), (0, ""));
    let value: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(value["exit"], 0);
    assert_eq!(value["files"][0], "rc.raw");
    assert_eq!(value["runs"][0]["analysis"], "tran");
    assert_eq!(value["runs"][0]["points"].as_u64().unwrap(), points(&bench.path("rc.raw")).0 as u64);
    assert_eq!(value["tables"][0]["columns"][1], "v(out)");
    assert!(value["measures"].to_string().contains("vmax"));
    let run = bench.run("check --json bad.cir");
    assert_eq!((code(&run), err(&run).as_str()), (1, ""));
    let value: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(value["diagnostics"][0]["at"]["file"], "bad.cir");
    assert_eq!(value["diagnostics"][0]["at"]["line"], 2);
    assert_eq!(value["diagnostics"][0]["severity"], "error");
}

#[test]
fn quiet_says_nothing_and_data_goes_to_standard_output() {
    let bench = Bench::new(&[("rc.cir", &RC.replace(".end", ".measure tran vmax MAX v(out)\n.end"))]);
    let run = bench.run("-q rc.cir");
    assert_eq!((code(&run), err(&run).as_str()), (0, ""));
    assert!(out(&run).starts_with("vmax "), "{}", out(&run));
}

#[test]
fn steps_do_not_depend_on_threads() {
    let deck = "steps\n.param r=1k\nV1 a 0 PULSE(0 1 0 1u 1u 1m 2m)\nR1 a b {r}\nC1 b 0 1n\n.tran 1u 20u\n\
        .step param r list 1k 2k 3k 5k 7k\n.measure tran vend FIND v(b) AT=20u\n.end\n";
    let bench = Bench::new(&[("s.cir", deck)]);
    for threads in ["1", "4"] {
        let run = bench.run(&format!("s.cir --threads {threads} -r s{threads}.raw --meas s{threads}.csv"));
        assert_eq!(code(&run), 0, "{}", err(&run));
    }
    let body = |name: &str| {
        let bytes = fs::read(bench.path(name)).unwrap();
        let at = bytes.windows(8).position(|w| w == b"Binary:\n").unwrap();
        bytes[at..].to_vec()
    };
    assert!(body("s1.raw").len() > 1000);
    assert_eq!(body("s1.raw"), body("s4.raw"));
    let table = fs::read_to_string(bench.path("s1.csv")).unwrap();
    assert_eq!(table, fs::read_to_string(bench.path("s4.csv")).unwrap());
    assert_eq!(table.lines().count(), 6, "{table}");
    let log = fs::read_to_string(bench.path("s1.log")).unwrap();
    assert_eq!(log.lines().filter(|l| l.starts_with(".step r=")).count(), 5, "{log}");
}

#[test]
fn spicelib_calls_and_reads() {
    let deck = RC.replace(".end", ".measure tran vmax MAX v(out)\n.end");
    let bench = Bench::new(&[("X.net", &deck)]);
    let script = r#"
import sys, subprocess
from spicelib import RawRead
code = subprocess.run([sys.argv[1], "-D", "ngbehavior=kiltpsa", "-b", "-o", "X.log", "-r", "X.raw", "X.net"]).returncode
assert code == 0, code
raw = RawRead("X.raw", verbose=False)
t, v = raw.get_wave("time"), raw.get_wave("v(out)")
assert len(t) == len(v) > 50 and t[0] == 0 and abs(t[-1] - 5e-3) < 1e-12, (len(t), t[0], t[-1])
import math
k = min(range(len(t)), key=lambda k: abs(t[k] - 1e-3))
assert abs(v[k] - (1 - math.exp(-t[k] / 1e-3))) < 2e-3, v[k]
print("read", len(t))
"#;
    let python = Command::new("python3")
        .args(["-c", script, env!("CARGO_BIN_EXE_sneakpath")])
        .current_dir(bench.folder.path())
        .output()
        .expect("python3 with spicelib is needed for this test; .ci/run installs it");
    assert!(python.status.success(), "{}\n{}", out(&python), err(&python));
    let log = fs::read_to_string(bench.path("X.log")).unwrap();
    assert!(log.starts_with("Circuit: * rc step"), "{log}");
    assert!(log.contains("vmax: MAX(v(out))="), "{log}");
    assert!(log.trim_end().lines().last().unwrap().starts_with("wrote X.raw"), "{log}");
}

#[test]
fn server_mode_speaks_as_ngspice() {
    let bench = Bench::new(&[]);
    let run = bench.with_input("-s", RC);
    assert_eq!(code(&run), 0, "{}", err(&run));
    let talk = err(&run);
    let line = talk.lines().find(|l| l.starts_with("@@@ ")).expect("a line with the number of points");
    let numbers: Vec<usize> = line.split_whitespace().skip(1).map(|n| n.parse().unwrap()).collect();
    let at = run.stdout.windows(8).position(|w| w == b"Binary:\n").unwrap() + 8;
    let head = String::from_utf8(run.stdout[..at].to_vec()).unwrap();
    let order = [
        "Circuit: rc step",
        "Doing analysis at TEMP = 27.000000 and TNOM = 27.000000",
        "Title: rc step",
        "Plotname: Transient Analysis",
        "Flags: real\n",
        "No. Variables: 4",
        "No. Points: 0",
        "Variables:",
        "No. of Data Columns : 4",
        "\t0\ttime\ttime",
    ];
    let mut from = 0;
    for part in order {
        from += head[from..].find(part).unwrap_or_else(|| panic!("{part} in its place in\n{head}")) + part.len();
    }
    assert_eq!(run.stdout.len() - at, 8 * 4 * numbers[1]);
    assert_eq!(&head[numbers[0]..=numbers[0]], "0", "the position is that of the count");
    assert!(bench.names().is_empty());

    let run = bench.with_input("-s", "bad\nR1 a\n.op\n.end\n");
    assert_eq!(code(&run), 1);
    assert!(run.stdout.is_empty() && err(&run).contains("run simulation(s) aborted"), "{}", err(&run));
}

#[test]
fn a_deck_may_come_from_standard_input() {
    let bench = Bench::new(&[]);
    let run = bench.with_input("-", RC);
    assert_eq!(code(&run), 0, "{}", err(&run));
    assert_eq!(bench.names(), ["stdin.raw"]);
}

#[test]
fn models_show_parameters_with_unit_and_range() {
    let bench = Bench::new(&[]);
    let list = bench.run("models");
    assert_eq!(code(&list), 0);
    for name in ["vteam", "yakopcic", "threshold"] {
        assert!(out(&list).contains(name), "{name}");
    }
    let one = out(&bench.run("models VTEAM"));
    for part in ["source: Kvatinsky", "voff", "20 mV", "[0.5, 40]", "parameters:"] {
        assert!(one.contains(part), "{part} in {one}");
    }
    let value: Value = serde_json::from_slice(&bench.run("models --json vteam").stdout).unwrap();
    assert!(value["parameters"].as_array().unwrap().len() > 5);
    let unknown = bench.run("models vtem");
    assert!(err(&unknown).contains("vteam"), "{}", err(&unknown));
}

#[test]
fn plot_draws_traces_of_a_raw_file_and_of_a_deck() {
    let bench = Bench::new(&[("rc.cir", RC)]);
    assert_eq!(code(&bench.run("-q rc.cir -r w.raw")), 0);
    let run = bench.run("plot w.raw v(out) V(IN)");
    assert_eq!(code(&run), 0, "{}", err(&run));
    let svg = fs::read_to_string(bench.path("w.svg")).unwrap();
    assert!(svg.contains("<svg") && svg.contains("v(out)") && svg.contains("v(in)"), "names are in the legend");
    assert!(fs::read(bench.path("w.png")).unwrap().starts_with(b"\x89PNG"));
    let run = bench.run("plot rc.cir v(out) --vs v(in) --format svg -o loop");
    assert_eq!(code(&run), 0, "{}", err(&run));
    assert!(bench.path("loop.svg").exists() && bench.path("loop.raw").exists() && !bench.path("loop.png").exists());
    let run = bench.run("plot w.raw v(uot)");
    assert_eq!(code(&run), 2);
    assert!(err(&run).contains("did you mean `v(out)`"), "{}", err(&run));
    assert_eq!(code(&bench.run("plot w.raw --format gif")), 2);
    assert_eq!(code(&bench.run("plot w.raw --number 9")), 2);
    assert_eq!(code(&bench.run("plot nothing.raw")), 5);
}

#[test]
fn plot_cards_and_the_flag_draw_into_the_output_folder() {
    let bench = Bench::new(&[("rc.cir", RC), ("p.cir", &RC.replace(".end", ".plot tran v(out)\n.end"))]);
    let run = bench.run("p.cir --out res");
    assert_eq!(code(&run), 0, "{}", err(&run));
    for name in ["res/p.raw", "res/p.svg", "res/p.png"] {
        assert!(bench.path(name).exists(), "{name}");
        assert!(err(&run).contains(name), "{}", err(&run));
    }
    assert_eq!(code(&bench.run("rc.cir --plot=svg --out flag")), 0);
    assert!(bench.path("flag/rc.svg").exists() && !bench.path("flag/rc.png").exists());
    assert_eq!(code(&bench.run("rc.cir --plot=gif")), 2);
}

#[test]
fn expand_writes_a_netlist_that_gives_the_same_answer() {
    let deck = "array\n.subckt cell w b\nR1 w b 1k\n.ends\n.xbar xb 2 2 CELL=cell(wl bl) RWL=1 RBL=1\n\
        Xa W[0:1] B[0:1] xb\nVw[0:1] W[0:1] 0 1\nVb[0:1] B[0:1] 0 0\n.op\n.print op i(vb_0)\n.end\n";
    let bench = Bench::new(&[("d.cir", deck), ("bad.cir", "bad\nR1 a\n.op\n.end\n")]);
    let text = bench.run("expand d.cir");
    assert_eq!(code(&text), 0, "{}", err(&text));
    assert!(out(&text).contains("xa.c_1_1") && !out(&text).contains(".xbar"), "{}", out(&text));
    let run = bench.run("expand d.cir --for ngspice -o flat.cir");
    assert_eq!(code(&run), 0, "{}", err(&run));
    let answer = |name: &str| {
        let run = bench.run(&format!("--json {name}"));
        let value: Value = serde_json::from_slice(&run.stdout).unwrap();
        value["tables"][0]["rows"][0][0].as_f64().unwrap()
    };
    // two cells of 1 kohm at 1 V, less than 1 % lost in the wires
    let native = answer("d.cir");
    assert!(native > 1.98e-3 && native < 2e-3, "{native}");
    assert!((answer("flat.cir") / native - 1.0).abs() < 1e-9);
    assert_eq!(code(&bench.run("expand bad.cir -o no.cir")), 1);
    assert!(!bench.path("no.cir").exists());
}
