//! Words for a POSIX shell.

/// A word that a shell reads as `text`, quoted only if it must be.
pub(crate) fn word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:@%+=,-".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_one_word() {
        assert_eq!(word("http://localhost:4566"), "http://localhost:4566");
        assert_eq!(word("a+b/c=="), "a+b/c==");
        assert_eq!(word(""), "''");
        assert_eq!(word("a b"), "'a b'");
        assert_eq!(word("$(rm) `x` \"y\" it's"), r#"'$(rm) `x` "y" it'\''s'"#);
    }
}
