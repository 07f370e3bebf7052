//! The model cards of `models/`, which are in the binary, and those of further folders.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// The files of `models/`.
const FILES: &[(&str, &str)] = &[
    ("copolymer_icvd.lib", include_str!("../../models/copolymer_icvd.lib")),
    ("diode.lib", include_str!("../../models/diode.lib")),
    ("ecm_1s1r.lib", include_str!("../../models/ecm_1s1r.lib")),
    ("linear_drift.lib", include_str!("../../models/linear_drift.lib")),
    ("selectors.lib", include_str!("../../models/selectors.lib")),
    ("team.lib", include_str!("../../models/team.lib")),
    ("tio2x_ffp.lib", include_str!("../../models/tio2x_ffp.lib")),
    ("vteam.lib", include_str!("../../models/vteam.lib")),
    ("yakopcic.lib", include_str!("../../models/yakopcic.lib")),
];

/// A `.model` or `.subckt` of a library.
#[derive(Debug, Clone, PartialEq)]
pub struct LibraryCard {
    /// Name, lower case.
    pub name: String,
    /// Device type, or `subckt`.
    pub kind: String,
    /// The file it is in.
    pub file: String,
    /// What the file says of itself.
    pub about: String,
    /// The remark in front of the card.
    pub remark: String,
    /// The card as written.
    pub text: String,
}

impl LibraryCard {
    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "type": self.kind,
            "file": self.file,
            "about": self.about,
            "remark": self.remark,
            "text": self.text,
        })
    }

    /// For readers.
    #[must_use]
    pub fn describe(&self) -> String {
        let remark = if self.remark.is_empty() { String::new() } else { format!("{}\n", self.remark) };
        let hint = match self.kind.as_str() {
            "subckt" => format!("\nplace it with `X1 .. {}`", self.name),
            kind => format!("\n`sneakpath models {kind}` shows the parameters of its type"),
        };
        format!("{}: {} in {}\n\n{}\n\n{remark}{}\n{hint}\n", self.name, self.kind, self.file, self.about, self.text)
    }
}

/// All cards: those of the binary, then those of the `.lib` files in `folders`; and the folders that cannot be read.
#[must_use]
pub fn all(folders: &[PathBuf]) -> (Vec<LibraryCard>, Vec<String>) {
    let mut cards: Vec<LibraryCard> = FILES.iter().flat_map(|(file, text)| read(file, text)).collect();
    let mut failures = Vec::new();
    for folder in folders {
        match libraries(folder) {
            Ok(files) => {
                for file in files {
                    match fs::read_to_string(&file) {
                        Ok(text) => cards.extend(read(&file.display().to_string(), &text)),
                        Err(error) => failures.push(format!("cannot read `{}`: {error}", file.display())),
                    }
                }
            }
            Err(error) => failures.push(format!("cannot read `{}`: {error}", folder.display())),
        }
    }
    (cards, failures)
}

fn libraries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("lib")) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The cards of one file: a comment that ends in front of a card belongs to it, the first one to the file.
fn read(file: &str, text: &str) -> Vec<LibraryCard> {
    let about: Vec<&str> = text.lines().take_while(|line| line.starts_with('*')).map(uncommented).collect();
    let about = about.join("\n").trim().to_string();
    let mut cards: Vec<LibraryCard> = Vec::new();
    let mut remark: Vec<&str> = Vec::new();
    let mut open = false;
    for line in text.lines().skip_while(|line| line.starts_with('*')) {
        let lower = line.trim_start().to_lowercase();
        let inside = open || lower.starts_with('+');
        if inside && let Some(card) = cards.last_mut() {
            card.text.push('\n');
            card.text.push_str(line);
            open &= !lower.starts_with(".ends");
        } else if lower.starts_with('*') {
            remark.push(uncommented(line));
        } else if lower.starts_with(".model") || lower.starts_with(".subckt") {
            let mut words = lower.split(|c: char| c.is_whitespace() || c == '(').filter(|w| !w.is_empty());
            let (word, name, kind) = (words.next(), words.next(), words.next());
            open = word == Some(".subckt");
            cards.push(LibraryCard {
                name: name.unwrap_or_default().to_string(),
                kind: if open { "subckt" } else { kind.unwrap_or_default() }.to_string(),
                file: file.to_string(),
                about: about.clone(),
                remark: remark.join("\n"),
                text: line.to_string(),
            });
            remark.clear();
        } else {
            remark.clear();
        }
    }
    cards
}

fn uncommented(line: &str) -> &str {
    line.trim_start_matches('*').trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_keep_their_remark_their_lines_and_their_file() {
        let text = "* a file\n* Valid: always\n\n* two lines\n.model A vteam(ron=1\n+ roff=2)\n.subckt b x y\n* inside\nR1 x y 1\n.ends b\n";
        let cards = read("f.lib", text);
        assert_eq!(cards.len(), 2);
        assert_eq!((cards[0].name.as_str(), cards[0].kind.as_str()), ("a", "vteam"));
        assert_eq!((cards[0].remark.as_str(), cards[0].about.as_str()), ("two lines", "a file\nValid: always"));
        assert!(cards[0].text.ends_with("+ roff=2)"));
        assert!(cards[1].text.starts_with(".subckt b x y\n* inside") && cards[1].text.ends_with(".ends b"));
    }

    #[test]
    fn every_file_of_the_folder_is_in_the_binary() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let mut found: Vec<String> = libraries(&folder)
            .unwrap_or_default()
            .iter()
            .filter_map(|f| Some(f.file_name()?.to_string_lossy().into_owned()))
            .collect();
        found.sort();
        assert_eq!(found, FILES.iter().map(|(file, _)| (*file).to_string()).collect::<Vec<_>>());
    }
}
