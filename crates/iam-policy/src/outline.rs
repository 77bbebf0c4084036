//! What stands where in the text of a policy, for those who explain it: the places of its statements,
//! and the condition keys it names. Decisions have no use for either.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A place in a text: a line and a column, both from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// The outline of a policy.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outline {
    /// Where each statement begins, and where it ends.
    pub statements: Vec<(Position, Position)>,
    /// The condition keys that conditions and variables name, as they are written, each once.
    pub keys: Vec<String>,
}

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(rename = "Version", default)]
    version: Option<String>,
    #[serde(rename = "Statement", borrow)]
    statement: &'a RawValue,
}

impl Outline {
    /// The outline of a text; an empty one of a text that is no policy.
    pub fn of(text: &str) -> Self {
        let Ok(members) = serde_json::from_str::<Members<'_>>(text) else { return Self::default() };
        let one = members.statement;
        let many: Vec<&RawValue> = serde_json::from_str(one.get()).unwrap_or_else(|_| vec![one]);
        let mut outline = Self::default();
        for statement in many {
            let start = (statement.get().as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
            let end = start + statement.get().len();
            outline.statements.push((position(text, start), position(text, end)));
            let value: Value = serde_json::from_str(statement.get()).unwrap_or_default();
            outline.add_keys(&value, members.version.as_deref() == Some("2012-10-17"));
        }
        outline
    }

    fn add_keys(&mut self, statement: &Value, has_variables: bool) {
        let condition = statement.get("Condition").and_then(Value::as_object);
        for (key, values) in condition.into_iter().flatten().filter_map(operands).flatten() {
            self.add(key);
            if has_variables {
                self.add_variables(values);
            }
        }
        if has_variables {
            for member in ["Resource", "NotResource"] {
                self.add_variables(statement.get(member).unwrap_or(&Value::Null));
            }
        }
    }

    /// Adds the variables in a text, or in several.
    fn add_variables(&mut self, values: &Value) {
        let one = std::slice::from_ref(values);
        for text in values.as_array().map_or(one, Vec::as_slice).iter().filter_map(Value::as_str) {
            for variable in text.split("${").skip(1).filter_map(|rest| rest.split_once('}')) {
                let name = variable.0.split_once(',').map_or(variable.0, |(name, _)| name).trim();
                if name.contains(':') {
                    self.add(name);
                }
            }
        }
    }

    fn add(&mut self, key: &str) {
        if !self.keys.iter().any(|known| known.eq_ignore_ascii_case(key)) {
            self.keys.push(key.to_owned());
        }
    }
}

/// The keys of an operator with the values they are compared with.
fn operands<'a>(
    (_, keys): (&'a String, &'a Value),
) -> Option<impl Iterator<Item = (&'a String, &'a Value)>> {
    keys.as_object().map(|keys| keys.iter())
}

fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or_default();
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
    Position { line, column }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_have_their_places() {
        let text =
            "{\"Version\":\"2012-10-17\",\n \"Statement\": [\n  {\"Sid\":\"ä\"},\n  {\n  }]}";
        let at = |line, column| Position { line, column };
        assert_eq!(Outline::of(text).statements, [(at(3, 3), at(3, 14)), (at(4, 3), at(5, 4))]);
        let text = "{\"Statement\":{\"Sid\":\"x\"}}";
        assert_eq!(Outline::of(text).statements, [(at(1, 14), at(1, 25))]);
        for bad in ["", "{}", "[1]", "{\"Statement\"", "{\"Statement\":7}"] {
            assert_eq!(Outline::of(bad).keys, Vec::<String>::new(), "{bad}");
        }
    }

    #[test]
    fn keys_are_those_of_conditions_and_variables() {
        let policy = |version: &str| {
            format!(
                r#"{{"Version":"{version}","Statement":[
                  {{"Resource":["arn:aws:ecr:*:*:repository/${{aws:username}}/${{*}}",
                      "arn:aws:ecr:*:*:repository/${{aws:PrincipalTag/Team, 'x'}}"],
                    "Condition":{{"StringLike":{{"aws:UserAgent":"${{AWS:username}}"}},
                      "Null":{{"ecr:ResourceTag/a":["true"]}}}}}}]}}"#
            )
        };
        let mut keys = Outline::of(&policy("2012-10-17")).keys;
        keys.sort();
        let expected = ["aws:PrincipalTag/Team", "aws:UserAgent", "ecr:ResourceTag/a"];
        assert_eq!(keys.len(), 4, "{keys:?}");
        assert!(expected.iter().all(|key| keys.iter().any(|known| known == key)), "{keys:?}");
        let mut older = Outline::of(&policy("2008-10-17")).keys;
        older.sort();
        assert_eq!(older, ["aws:UserAgent", "ecr:ResourceTag/a"]);
    }
}
