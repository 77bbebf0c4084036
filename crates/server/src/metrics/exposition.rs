//! The text format of Prometheus (version 0.0.4): families of samples, each behind what it means.

use std::fmt::{Display, Write as _};

/// What a family is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// A sum and a count.
    Summary,
}

/// The text so far.
#[derive(Default)]
pub(super) struct Exposition {
    text: String,
    family: &'static str,
}

impl Exposition {
    /// Begins a family; its samples follow.
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, help: &str) {
        self.family = name;
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Summary => "summary",
        };
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        // Nothing fails that is written into a text.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// A sample of the family, whose name ends with `suffix`.
    pub(super) fn sample(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        let text = &mut self.text;
        text.push_str(self.family);
        text.push_str(suffix);
        for (position, (name, value)) in labels.iter().enumerate() {
            let before = if position == 0 { '{' } else { ',' };
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(text, "{before}{name}=\"{value}\"");
        }
        if !labels.is_empty() {
            text.push('}');
        }
        let _ = writeln!(text, " {value}");
    }

    /// The whole text.
    pub(super) fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_label_or_a_line_is_escaped() {
        let mut out = Exposition::default();
        out.family("a_total", Kind::Counter, "back\\slash\nline");
        out.sample("", &[("x", "quote\" back\\ line\n"), ("y", "")], 3);
        out.sample("_sum", &[], 1.5);
        let expected = "# HELP a_total back\\\\slash\\nline\n# TYPE a_total counter\n\
                        a_total{x=\"quote\\\" back\\\\ line\\n\",y=\"\"} 3\na_total_sum 1.5\n";
        assert_eq!(out.finish(), expected);
    }
}
