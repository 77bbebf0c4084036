//! As much of YAML as the fixtures of Trivy are written in: maps, lists, text, by indentation.

use serde_json::{Map, Value};

pub(crate) fn parse(text: &str) -> Value {
    let lines = text.lines().map(without_remark).filter(|line| !line.trim().is_empty());
    let lines: Vec<_> =
        lines.map(|line| (line.len() - line.trim_start().len(), line.trim().to_owned())).collect();
    let mut reader = Reader { lines, at: 0 };
    let value = reader.block();
    assert_eq!(reader.at, reader.lines.len(), "all is read: {:?}", reader.lines.get(reader.at));
    value
}

fn without_remark(line: &str) -> &str {
    if line.trim_start().starts_with('#') {
        return "";
    }
    let quoted = line.contains('"');
    line.find(" # ")
        .filter(|_| !quoted || line.ends_with("for test"))
        .map_or(line, |at| &line[..at])
}

struct Reader {
    lines: Vec<(usize, String)>,
    at: usize,
}

impl Reader {
    fn block(&mut self) -> Value {
        let Some((indent, line)) = self.lines.get(self.at).cloned() else { return Value::Null };
        if is_item(&line) { self.list(indent) } else { self.map(indent) }
    }

    fn list(&mut self, indent: usize) -> Value {
        let mut items = Vec::new();
        while let Some((at, line)) = self.lines.get(self.at).cloned() {
            if at != indent || !is_item(&line) {
                break;
            }
            let item = line[1..].trim_start();
            if split(item).is_some() {
                // The first pair of a map stands where the others follow.
                self.lines[self.at] = (indent + line.len() - item.len(), item.to_owned());
                items.push(self.block());
            } else {
                items.push(scalar(item));
                self.at += 1;
            }
        }
        Value::Array(items)
    }

    fn map(&mut self, indent: usize) -> Value {
        let mut map = Map::new();
        while let Some((at, line)) = self.lines.get(self.at).cloned() {
            if at != indent || is_item(&line) {
                break;
            }
            let (key, value) = split(&line).expect(&line);
            self.at += 1;
            let next = self.lines.get(self.at);
            let nested =
                next.is_some_and(|(at, line)| *at > indent || (*at == indent && is_item(line)));
            let value = match value {
                "" if nested => self.block(),
                "" => Value::Null,
                value => scalar(value),
            };
            map.insert(key.trim_matches('"').to_owned(), value);
        }
        Value::Object(map)
    }
}

fn is_item(line: &str) -> bool {
    line.starts_with("- ")
}

fn split(line: &str) -> Option<(&str, &str)> {
    if line.starts_with('"') {
        return None;
    }
    line.split_once(": ")
        .map(|(key, value)| (key, value.trim()))
        .or_else(|| Some((line.strip_suffix(':')?, "")))
}

fn scalar(text: &str) -> Value {
    match text {
        "{}" => Value::Object(Map::new()),
        "[]" => Value::Array(Vec::new()),
        _ if text.starts_with('"') => serde_json::from_str(text).expect(text),
        _ => Value::String(text.trim_matches('\'').to_owned()),
    }
}
