//! Texts with policy variables, such as `team-${aws:username}/*` (IAM user guide, "IAM policy
//! elements: Variables and tags").

use std::mem;

use crate::glob::{Case, Glob};
use crate::request::{ContextKeys, folded};

/// What has a meaning in a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Syntax {
    /// `*` and `?` are wildcards.
    pub(crate) wildcards: bool,
    /// `${…}` is a variable or an escape.
    pub(crate) variables: bool,
    /// Whether letters of different case are the same.
    pub(crate) case: Case,
}

/// A compiled text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Template {
    /// One without variables.
    Fixed(Glob),
    /// One that means something else in each request.
    Variable(Vec<Piece>, Case),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Piece {
    Fixed(Glob),
    Variable(Variable),
}

/// `${name}` or `${name, 'default'}`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Variable {
    /// The condition key, folded.
    name: String,
    default: Option<String>,
}

/// What stands between `${` and `}`.
enum Reference {
    Escape(char),
    Variable(Variable),
}

impl Template {
    /// The pattern `*`.
    pub(crate) fn any() -> Self {
        Self::Fixed(Glob::any())
    }

    /// Compiles `text`. The error is the reason to refuse the policy.
    pub(crate) fn parse(text: &str, syntax: Syntax) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut fixed = Glob::empty(syntax.case);
        let mut rest = text;
        loop {
            if syntax.variables
                && let Some(reference) = rest.strip_prefix("${")
            {
                let (reference, after) = Reference::parse(reference)
                    .ok_or_else(|| format!("Invalid policy variable in {text}."))?;
                match reference {
                    Reference::Escape(character) => fixed.push_literal(character),
                    Reference::Variable(variable) => {
                        let before = mem::replace(&mut fixed, Glob::empty(syntax.case));
                        pieces.extend([Piece::Fixed(before), Piece::Variable(variable)]);
                    }
                }
                rest = after;
                continue;
            }
            let mut characters = rest.chars();
            match characters.next() {
                None => break,
                Some(character) if syntax.wildcards => fixed.push_pattern(character),
                Some(character) => fixed.push_literal(character),
            }
            rest = characters.as_str();
        }
        if pieces.is_empty() {
            return Ok(Self::Fixed(fixed));
        }
        pieces.push(Piece::Fixed(fixed));
        Ok(Self::Variable(pieces, syntax.case))
    }

    /// Whether it has no variables.
    pub(crate) fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed(_))
    }

    /// Whether the text, with the values of its variables, matches the whole of `text`. It does
    /// not if a variable has no value.
    pub(crate) fn matches(&self, text: &str, keys: &ContextKeys) -> bool {
        match self {
            Self::Fixed(glob) => glob.matches(text),
            Self::Variable(pieces, case) => {
                expand(pieces, *case, text, keys).is_some_and(|glob| glob.matches(text))
            }
        }
    }

    /// The pattern to match `text` with. `None` if a variable has no value, or if the pattern is
    /// so long that `text` cannot match it.
    pub(crate) fn resolve(&self, text: &str, keys: &ContextKeys) -> Option<Glob> {
        match self {
            Self::Fixed(glob) => Some(glob.clone()),
            Self::Variable(pieces, case) => expand(pieces, *case, text, keys),
        }
    }
}

/// Puts values in the place of variables, and gives up when it gets longer than `text`: a policy
/// may name a long value many times. Wildcards in values stand for themselves.
fn expand(pieces: &[Piece], case: Case, text: &str, keys: &ContextKeys) -> Option<Glob> {
    let chars_max = text.chars().count();
    let mut glob = Glob::empty(case);
    for piece in pieces {
        match piece {
            Piece::Fixed(fixed) => glob.push_all(fixed),
            Piece::Variable(variable) => {
                let value = variable.value(keys)?;
                value.chars().for_each(|character| glob.push_literal(character));
            }
        }
        if glob.is_longer_than(chars_max) {
            return None;
        }
    }
    Some(glob)
}

impl Variable {
    /// The value of its key, which must have exactly one, or else its default.
    fn value<'a>(&'a self, keys: &'a ContextKeys) -> Option<&'a str> {
        match keys.get_folded(&self.name) {
            Some([value]) => Some(value),
            _ => self.default.as_deref(),
        }
    }
}

impl Reference {
    /// Reads what follows `${`, and gives back what follows its `}`.
    fn parse(text: &str) -> Option<(Self, &str)> {
        let end = text.find([',', '}'])?;
        let (name, rest) = text.split_at(end);
        if let Some(after) = rest.strip_prefix('}') {
            let escape = match name {
                "*" => Some('*'),
                "?" => Some('?'),
                "$" => Some('$'),
                _ => None,
            };
            if let Some(character) = escape {
                return Some((Self::Escape(character), after));
            }
            return Some((Self::Variable(Variable::new(name, None)?), after));
        }
        let (default, after) =
            rest.strip_prefix(',')?.trim_start_matches(' ').strip_prefix('\'')?.split_once('\'')?;
        let after = after.trim_start_matches(' ').strip_prefix('}')?;
        Some((Self::Variable(Variable::new(name, Some(default))?), after))
    }
}

impl Variable {
    fn new(name: &str, default: Option<&str>) -> Option<Self> {
        let name = name.trim();
        let (vendor, key) = name.split_once(':')?;
        let fits = !vendor.is_empty() && !key.is_empty() && !name.contains(['$', '{', '\'']);
        fits.then(|| Self { name: folded(name), default: default.map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn template(text: &str) -> Result<Template, String> {
        Template::parse(text, Syntax { wildcards: true, variables: true, case: Case::Sensitive })
    }

    fn keys() -> ContextKeys {
        let mut keys = ContextKeys::new();
        keys.insert("aws:username", "dev");
        keys.insert("aws:PrincipalTag/Team Name", "a*c");
        keys.insert_all("aws:TagKeys", ["a".into(), "b".into()]);
        keys.insert_all("aws:CalledVia", []);
        keys.insert("aws:UserAgent", "x".repeat(500));
        keys
    }

    #[test]
    fn variables_and_escapes_stand_for_what_they_name() {
        for (text, value) in [
            ("a${*}${?}${$}*", "a*?$b"),
            ("$${*}$", "$*$"),
            ("${aws:username}", "dev"),
            ("x-${AWS:UserName}-*", "x-dev-y"),
            ("${aws:username}${aws:username}", "devdev"),
            ("${aws:PrincipalTag/team name}", "a*c"),
            ("${aws:username, 'x'}", "dev"),
            ("${aws:unset, 'x}*'}", "x}*"),
            ("${aws:unset,'x'}", "x"),
            ("${aws:unset, ''}", ""),
            ("${aws:TagKeys, 'many'}", "many"),
        ] {
            assert!(template(text).unwrap().matches(value, &keys()), "{text:?}");
        }
        for (text, value) in [
            ("${*}", "a"),
            ("${aws:username}", "DEV"),
            ("${aws:PrincipalTag/team name}", "abc"),
            ("${aws:unset}", ""),
            ("*${aws:unset}*", "x"),
            ("${aws:unset, '*'}", "x"),
            ("${aws:TagKeys}", "a"),
            ("${aws:CalledVia}", ""),
        ] {
            assert!(!template(text).unwrap().matches(value, &keys()), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_variable_is_refused() {
        for bad in [
            "${",
            "x${*",
            "${}",
            "${**}",
            "${${*}}",
            "${username}",
            "${:x}",
            "${aws:}",
            "${aws:x,}",
            "${aws:x, y}",
            "${aws:x, 'y}",
            "${aws:x, 'y' z}",
            "${*, 'y'}",
            "${aws:${aws:username}}",
        ] {
            assert!(template(bad).unwrap_err().contains("Invalid policy variable"), "{bad:?}");
        }
    }

    #[test]
    fn syntax_may_be_off() {
        let plain = Syntax { wildcards: false, variables: false, case: Case::Insensitive };
        let text = "A*${aws:username";
        assert!(Template::parse(text, plain).unwrap().matches("a*${AWS:username", &keys()));
        assert!(!Template::parse("*", plain).unwrap().matches("x", &keys()));
    }

    #[test]
    fn long_values_are_not_piled_up() {
        let hostile = template(&"${aws:UserAgent}*".repeat(600)).unwrap();
        assert_eq!(hostile.resolve(&"x".repeat(600), &keys()), None);
        assert!(!hostile.matches(&"x".repeat(1_000), &keys()));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "[ab$,'{}:* ]{0,20}|.*", value in ".*") {
            if let Ok(template) = template(&text) {
                let matched = template.matches(&value, &keys());
                let resolved = template.resolve(&value, &keys());
                let chars = value.chars().count();
                let fits = |glob: &Glob| template.is_fixed() || !glob.is_longer_than(chars);
                prop_assert!(resolved.as_ref().is_none_or(fits));
                prop_assert_eq!(matched, resolved.is_some_and(|glob| glob.matches(&value)));
            }
        }

        #[test]
        fn text_without_variables_is_a_pattern(text in "[ab*?${]{0,8}", value in "[ab]{0,8}") {
            prop_assume!(!text.contains("${"));
            let glob = Glob::new(&text, Case::Sensitive);
            prop_assert_eq!(template(&text).unwrap().matches(&value, &keys()), glob.matches(&value));
        }
    }
}
