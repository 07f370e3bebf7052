//! The head of the log: what spicelib's `RawRead` and `LTSpiceLogReader` look for beside a stepped raw file.

use super::text::one_line;

/// `Circuit: * title`, then one `.step r=1000 c=1e-09` line per step (labels from
/// [`RawWriter::step_labels`](super::raw::RawWriter::step_labels); none for a run without steps).
#[must_use]
pub fn head(title: &str, steps: &[String]) -> String {
    let title = one_line(title);
    let mut text = format!("Circuit: * {}\n\n", title.trim_start_matches('*').trim_start());
    for label in steps {
        text.push_str(&format!(".step {}\n", one_line(label)));
    }
    if !steps.is_empty() {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_is_starred_once() {
        assert_eq!(head("* rc", &[]), "Circuit: * rc\n\n");
        assert_eq!(head("rc", &["r=1 c=2".into()]), "Circuit: * rc\n\n.step r=1 c=2\n\n");
    }
}
