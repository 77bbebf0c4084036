//! The part of YAML that lock files of Node are written in: mappings in blocks, with texts, or lists and
//! mappings in one line, as values. <https://yaml.org/spec/1.2.2/>
//!
//! Whatever else a line could be (an anchor, a second document) is an error: what is not understood
//! could hide a package.

use std::borrow::Cow;

use crate::found::FileError;

/// Mappings within mappings.
const DEPTH_MAX: usize = 32;

/// A level that is open: how far its keys are indented, and the last of them. An item of a list is half
/// a step deeper than a key that is indented as far, so depths are twice what is seen.
struct Level<'a> {
    depth: usize,
    key: Cow<'a, str>,
}

/// Calls `act` for each key with the keys that lead to it (itself last) and its value, which is empty
/// if a block follows. Items of lists have the key `-`.
pub(super) fn each<'a>(
    text: &'a str,
    mut act: impl FnMut(&[Cow<'a, str>], &str) -> Result<(), FileError>,
) -> Result<(), FileError> {
    let mut reader = Reader { levels: Vec::new(), path: Vec::new(), goes_on: GoesOn::Nothing };
    for (number, line) in text.lines().enumerate() {
        reader.line(line.trim_end(), &mut act).map_err(|error| match error {
            FileError::Malformed(what) => {
                FileError::Malformed(format!("line {}: {what}", number.saturating_add(1)))
            }
            other => other,
        })?;
    }
    Ok(())
}

struct Reader<'a> {
    levels: Vec<Level<'a>>,
    path: Vec<Cow<'a, str>>,
    goes_on: GoesOn,
}

/// What the next lines may be besides keys.
#[derive(Clone, Copy)]
enum GoesOn {
    /// Nothing.
    Nothing,
    /// A text, on lines that are indented deeper.
    Text(usize),
    /// A list or mapping with so many brackets open.
    Flow(usize),
}

impl<'a> Reader<'a> {
    fn line(
        &mut self,
        line: &'a str,
        act: &mut impl FnMut(&[Cow<'a, str>], &str) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        let content = line.trim_start_matches(' ');
        let mut indent = line.len() - content.len();
        match self.goes_on {
            GoesOn::Flow(open) => {
                let open = brackets(content, open);
                self.goes_on = if open > 0 { GoesOn::Flow(open) } else { GoesOn::Nothing };
                return Ok(());
            }
            GoesOn::Text(above) if content.is_empty() || indent > above => return Ok(()),
            GoesOn::Text(_) | GoesOn::Nothing => {}
        }
        self.goes_on = GoesOn::Nothing;
        if content.is_empty() || content.starts_with('#') || (indent == 0 && content == "---") {
            return Ok(());
        }
        let mut content = content;
        // `- a: b` is an item with the key `a` in it; `? a` and `: b: c` are a long key and its value.
        while let Some(rest) = content.strip_prefix("- ").or_else(|| content.strip_prefix(": ")) {
            if content.starts_with('-') {
                self.open(indent * 2 + 1, Cow::Borrowed("-"))?;
            }
            let rest = rest.trim_start_matches(' ');
            indent += content.len() - rest.len();
            content = rest;
        }
        let (key, value) = match content.strip_prefix("? ") {
            Some(key) => (key, ""),
            None if content == "-" => ("-", ""),
            None => match split_key(content) {
                Some(parts) => parts,
                // The item of a list that is a text.
                None if self.levels.last().is_some_and(|it| it.key == "-") => return Ok(()),
                None => return Err(FileError::Malformed("it is no key and value".to_owned())),
            },
        };
        let is_item = key == "-";
        self.open(indent * 2 + usize::from(is_item), unquoted(key)?)?;
        self.goes_on = match value.as_bytes().first() {
            Some(b'{' | b'[') => match brackets(value, 0) {
                0 => GoesOn::Nothing,
                open => GoesOn::Flow(open),
            },
            Some(b'&' | b'*' | b'!') => {
                return Err(FileError::Malformed("it has an anchor, an alias or a tag".to_owned()));
            }
            Some(_) => GoesOn::Text(indent),
            None => GoesOn::Nothing,
        };
        act(&self.path, &unquoted(value)?)
    }

    /// Makes `key` the last of the level at `depth`, closing those that are deeper.
    fn open(&mut self, depth: usize, key: Cow<'a, str>) -> Result<(), FileError> {
        while self.levels.last().is_some_and(|level| level.depth >= depth) {
            self.levels.pop();
            self.path.pop();
        }
        if self.levels.len() >= DEPTH_MAX {
            return Err(FileError::Malformed("it nests too deep".to_owned()));
        }
        self.path.push(key.clone());
        self.levels.push(Level { depth, key });
        Ok(())
    }
}

/// A key and its value; the key may be in quotes.
fn split_key(content: &str) -> Option<(&str, &str)> {
    let end = match content.as_bytes().first()? {
        quote @ (b'"' | b'\'') => quoted_len(content, *quote)?,
        _ => match content.find(": ") {
            Some(at) => at,
            None => content.strip_suffix(':')?.len(),
        },
    };
    let value = content.get(end..)?.trim_start().strip_prefix(':')?;
    let value = value.trim_start();
    Some((content.get(..end)?, if value.starts_with('#') { "" } else { value }))
}

/// How long the text in quotes is that `content` begins with.
fn quoted_len(content: &str, quote: u8) -> Option<usize> {
    let mut bytes = content.bytes().enumerate().skip(1).peekable();
    while let Some((at, byte)) = bytes.next() {
        let next = bytes.peek().map(|(_, byte)| *byte);
        match byte {
            b'\\' if quote == b'"' => drop(bytes.next()),
            b'\'' if quote == b'\'' && next == Some(b'\'') => drop(bytes.next()),
            _ if byte == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// A text without its quotes or the comment after it.
fn unquoted(text: &str) -> Result<Cow<'_, str>, FileError> {
    let quote = match text.as_bytes().first() {
        Some(quote @ (b'"' | b'\'')) => *quote,
        _ => return Ok(Cow::Borrowed(text.split_once(" #").map_or(text, |(text, _)| text).trim())),
    };
    // A text in quotes that goes on in the next line is nobody's name or version.
    let Some(inner) = quoted_len(text, quote).and_then(|end| text.get(1..end - 1)) else {
        return Ok(Cow::Borrowed(""));
    };
    if quote == b'\'' {
        return Ok(match inner.contains("''") {
            true => Cow::Owned(inner.replace("''", "'")),
            false => Cow::Borrowed(inner),
        });
    }
    if !inner.contains('\\') {
        return Ok(Cow::Borrowed(inner));
    }
    // What YAML and JSON have in common is enough for the names and versions of packages.
    Ok(Cow::Owned(serde_json::from_str(&format!("\"{inner}\"")).unwrap_or_default()))
}

/// How many brackets are open after `text`, if `open` were before it.
fn brackets(text: &str, open: usize) -> usize {
    let mut quote = None;
    let mut open = open;
    for byte in text.bytes() {
        match (quote, byte) {
            (Some(of), byte) if byte == of => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'{' | b'[') => open = open.saturating_add(1),
            (None, b'}' | b']') => open = open.saturating_sub(1),
            (None, _) => {}
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Result<Vec<String>, FileError> {
        let mut keys = Vec::new();
        each(text, |path, value| {
            keys.push(format!("{}={value}", path.join("/")));
            Ok(())
        })?;
        Ok(keys)
    }

    #[test]
    fn blocks_are_paths() {
        let text = "a: 1 # one\n\n'b c':\n  \"d\\\"\": 'it''s'\n  e: {f: 1, g: [2]}\n# no\nh:\n- i: 1\n  \
                    j: 2\n- text\nk: |-\n  l: text\n\n  m: text\nn: o\n  goes on: text\np: [1,\n  2]\n? q\n\
                    : r: 3\n---\ns:\n";
        assert_eq!(
            keys(text).unwrap(),
            [
                "a=1",
                "b c=",
                "b c/d\"=it's",
                "b c/e={f: 1, g: [2]}",
                "h=",
                "h/-/i=1",
                "h/-/j=2",
                "k=|-",
                "n=o",
                "p=[1,",
                "q=",
                "q/r=3",
                "s="
            ]
        );
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for text in ["a", "a: &b c", "a: *b", "a: !!str b", "%YAML 1.2", "\ta"] {
            assert!(matches!(keys(text), Err(FileError::Malformed(_))), "{text}");
        }
        let deep: String = (0..64).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
        assert!(keys(&deep).is_err());
    }
}
