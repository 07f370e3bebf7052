//! Long lists of names, written short: `xa.wl_3_0 .. xa.wl_3_63`.

use crate::circuit::names::natural;

/// Sorts names and joins runs whose last number counts up by one. At most `most` entries are written, the rest counted.
#[must_use]
pub fn shorten(mut names: Vec<String>, most: usize) -> String {
    names.sort_by(|a, b| natural(a, b));
    names.dedup();
    let mut runs: Vec<(&str, &str, usize)> = Vec::new();
    for name in &names {
        match runs.last_mut() {
            Some((_, last, count)) if follows(last, name) => {
                *last = name;
                *count += 1;
            }
            _ => runs.push((name, name, 1)),
        }
    }
    let shown: Vec<String> = runs
        .iter()
        .take(most)
        .map(|(first, last, count)| match count {
            1 => format!("`{first}`"),
            2 => format!("`{first}`, `{last}`"),
            _ => format!("`{first}` .. `{last}`"),
        })
        .collect();
    let hidden: usize = runs.iter().skip(most).map(|(_, _, count)| count).sum();
    let mut text = shown.join(", ");
    if hidden > 0 {
        text.push_str(&format!(" and {hidden} more"));
    }
    text
}

/// `w_3` follows `w_2`; `xa.wl_3_5` follows `xa.wl_3_4`.
fn follows(a: &str, b: &str) -> bool {
    let split = |s: &str| {
        let digits = s.bytes().rev().take_while(u8::is_ascii_digit).count();
        let (head, tail) = s.split_at(s.len() - digits);
        (head.to_string(), tail.parse::<usize>().ok())
    };
    let ((head_a, a), (head_b, b)) = (split(a), split(b));
    head_a == head_b && matches!((a, b), (Some(a), Some(b)) if b == a + 1)
}

#[cfg(test)]
mod tests {
    use super::shorten;

    #[test]
    fn runs_and_rests() {
        let names = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        assert_eq!(shorten(names(&["w_10", "w_9", "w_8", "out"]), 4), "`out`, `w_8` .. `w_10`");
        assert_eq!(shorten(names(&["b", "a", "d", "c"]), 2), "`a`, `b` and 2 more");
        assert_eq!(shorten(names(&["w_1", "w_2", "w_4"]), 4), "`w_1`, `w_2`, `w_4`");
    }
}
