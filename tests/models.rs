//! Every file in models/ loads without a word and every card in it can be placed and solved.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};

use sneakpath::elaborate::Elaborator;
use sneakpath::netlist::{self, ReadOptions};
use sneakpath::plan::Overrides;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "lib"));
    files.sort();
    files
}

/// A deck that places every model and subcircuit of a file across 0.1 V.
fn deck(file: &Path) -> (String, usize) {
    let text = std::fs::read_to_string(file).unwrap();
    let mut deck = format!("models\n.include \"{}\"\nV1 a 0 0.1\n", file.display());
    let mut placed = 0;
    for line in text.lines() {
        let words: Vec<&str> = line.split([' ', '(']).collect();
        let letter = match (words[0], words.get(2)) {
            (".model", Some(&"d")) => "D",
            (".model", _) => "N",
            (".subckt", _) => "X",
            _ => continue,
        };
        deck += &format!("{letter}{placed} a 0 {}\n", words[1]);
        placed += 1;
    }
    (deck + ".op\n.end\n", placed)
}

#[test]
fn every_model_file_loads_without_a_word() {
    let files = files();
    assert!(files.len() >= 7, "{files:?}");
    for file in files {
        let (text, placed) = deck(&file);
        assert!(placed > 0, "{} defines nothing", file.display());
        let (deck, said) = netlist::parse_text("models.cir", &text, &ReadOptions::default());
        assert!(said.is_empty(), "{}: {said:?}", file.display());
        let built = Elaborator::new(deck, Vec::new()).build(&Overrides::default());
        let built = built.unwrap_or_else(|errors| panic!("{}: {errors:?}", file.display()));
        let said: Vec<_> = built.diagnostics.iter().filter(|d| d.code != "N-DIALECT").collect();
        assert!(said.is_empty(), "{}: {said:?}", file.display());
        assert!(built.circuit.groups.iter().map(|g| g.len()).sum::<usize>() > placed);
    }
}

#[test]
fn every_model_file_says_where_its_numbers_come_from() {
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        for word in ["Provenance", "Valid"] {
            assert!(text.contains(word), "{} does not say its {word}", file.display());
        }
    }
}
