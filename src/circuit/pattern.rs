//! Name patterns: `*`, `?`, and index lists `[3,5]`, `[3][5]`, `[0:7,*]` as other spellings of `_3_5`.

/// One element of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// This character.
    Literal(char),
    /// Any one character.
    One,
    /// Any characters, also none.
    Many,
    /// A decimal number in `low..=high`.
    Index(usize, usize),
}

/// A parsed name or pattern, lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    tokens: Vec<Token>,
}

impl Pattern {
    /// Reads a name as users write it. Every text is a pattern: brackets that hold no index list stay as they are.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let lower = text.trim().to_lowercase();
        let mut tokens = Vec::new();
        let mut rest = lower.as_str();
        while let Some(c) = rest.chars().next() {
            if c == '['
                && let Some(close) = rest.find(']')
                && let Some(indices) = rest.get(1..close).and_then(index_list)
            {
                for index in indices {
                    tokens.push(Token::Literal('_'));
                    match index {
                        Token::Index(a, b) if a == b => tokens.extend(a.to_string().chars().map(Token::Literal)),
                        other => tokens.push(other),
                    }
                }
                rest = &rest[close + 1..];
                continue;
            }
            tokens.push(match c {
                '*' => Token::Many,
                '?' => Token::One,
                c => Token::Literal(c),
            });
            rest = &rest[c.len_utf8()..];
        }
        Self { tokens }
    }

    /// The canonical name, when the pattern stands for exactly one.
    #[must_use]
    pub fn literal(&self) -> Option<String> {
        self.tokens.iter().map(|t| if let Token::Literal(c) = t { Some(*c) } else { None }).collect()
    }

    /// Characters before the first wildcard.
    #[must_use]
    pub fn prefix(&self) -> String {
        self.tokens.iter().map_while(|t| if let Token::Literal(c) = t { Some(*c) } else { None }).collect()
    }

    /// Could any name below `root.` match? Saves walking through an array that cannot.
    #[must_use]
    pub fn may_match_below(&self, root: &str) -> bool {
        let prefix = self.prefix();
        let full = self.literal().is_some();
        match prefix.strip_prefix(root) {
            Some(rest) => rest.starts_with('.') || (rest.is_empty() && !full),
            None => root.starts_with(&prefix) && !full,
        }
    }

    /// Does the whole name match?
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        matches(&self.tokens, name)
    }
}

/// `3,5`, `0:7,*`, `3`: `None` when it is anything else.
fn index_list(text: &str) -> Option<Vec<Token>> {
    text.split(',')
        .map(|part| {
            let part = part.trim();
            if part == "*" {
                return Some(Token::Index(0, usize::MAX));
            }
            let (a, b) = part.split_once(':').unwrap_or((part, part));
            let (a, b) = (a.trim().parse().ok()?, b.trim().parse().ok()?);
            Some(Token::Index(usize::min(a, b), usize::max(a, b)))
        })
        .collect()
}

fn matches(tokens: &[Token], name: &str) -> bool {
    let Some((token, rest)) = tokens.split_first() else { return name.is_empty() };
    let mut chars = name.chars();
    match token {
        Token::Literal(c) => chars.next() == Some(*c) && matches(rest, chars.as_str()),
        Token::One => chars.next().is_some() && matches(rest, chars.as_str()),
        Token::Many => match rest.first() {
            None => true,
            // stars in a row are one star; this keeps the backtracking polynomial for the usual patterns
            Some(Token::Many) => matches(rest, name),
            Some(_) => name.char_indices().map(|(k, _)| k).chain([name.len()]).any(|k| matches(rest, &name[k..])),
        },
        Token::Index(low, high) => {
            let digits = name.bytes().take_while(u8::is_ascii_digit).count();
            name[..digits].parse::<usize>().is_ok_and(|n| (*low..=*high).contains(&n)) && matches(rest, &name[digits..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn brackets_are_underscores() {
        for text in ["xa.c_3_5.m1", "Xa.C[3,5].m1", "xa.c[3][5].M1", "xa.c[3, 5].m1"] {
            assert_eq!(Pattern::parse(text).literal().as_deref(), Some("xa.c_3_5.m1"), "{text}");
        }
        // not an index list: left alone
        assert_eq!(Pattern::parse("net[a]").literal().as_deref(), Some("net[a]"));
    }

    #[test]
    fn ranges_and_wildcards() {
        let rows = Pattern::parse("xa.c[0:7,*]");
        assert!(rows.matches("xa.c_0_63") && rows.matches("xa.c_7_0"));
        assert!(!rows.matches("xa.c_8_0") && !rows.matches("xa.c_7_0.m1") && !rows.matches("xa.c_70_1"));
        let lines = Pattern::parse("xa.wl_*");
        assert!(lines.matches("xa.wl_3_5") && !lines.matches("xa.bl_3_5"));
        assert!(Pattern::parse("x*.*").matches("x1.out") && !Pattern::parse("x*.*").matches("out"));
        assert!(Pattern::parse("n?").matches("n1") && !Pattern::parse("n?").matches("n12"));
        assert!(Pattern::parse("xa.c[7:0,2]").matches("xa.c_3_2"), "descending");
    }

    #[test]
    fn pruning_never_loses_a_match() {
        assert!(Pattern::parse("x*.wl_0_0").may_match_below("xa"));
        assert!(Pattern::parse("*").may_match_below("xa"));
        assert!(Pattern::parse("xa.c_*").may_match_below("xa"));
        assert!(Pattern::parse("xa*").may_match_below("xa"));
        assert!(!Pattern::parse("xb.c_*").may_match_below("xa"));
        assert!(!Pattern::parse("vb_*").may_match_below("xa"));
        assert!(!Pattern::parse("xab.c_*").may_match_below("xa"));
    }
}
