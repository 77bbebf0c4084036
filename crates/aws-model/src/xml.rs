//! How an output of a Query service becomes XML, without saying which library writes it.
//!
//! Generated structures implement [`XmlStructure`]. The caller writes the elements around them:
//! `<OpResponse xmlns=…><OpResult>` members `</OpResult><ResponseMetadata>…`.

use std::collections::BTreeMap;

use wharfinger_core::{Secret, Timestamp};

/// Where XML goes. Names are written as given, in balanced pairs; `text` values are not yet
/// escaped.
pub trait XmlSink {
    /// Opens the element `name`.
    fn start(&mut self, name: &str);
    /// Closes the element `name`.
    fn end(&mut self, name: &str);
    /// Writes the element `name` with nothing but `value` in it.
    fn text(&mut self, name: &str, value: &str);
}

/// A structure of a Query service.
pub trait XmlStructure {
    /// Writes the members, in the model's order, without an element around them.
    fn members(&self, sink: &mut dyn XmlSink);
}

/// A value that can stand in an element.
pub trait ToXml {
    /// Writes the value as the element `name`; an absent value writes nothing.
    fn element(&self, name: &str, sink: &mut dyn XmlSink);
}

impl<T: XmlStructure> ToXml for T {
    fn element(&self, name: &str, sink: &mut dyn XmlSink) {
        sink.start(name);
        self.members(sink);
        sink.end(name);
    }
}

impl<T: ToXml> ToXml for Option<T> {
    fn element(&self, name: &str, sink: &mut dyn XmlSink) {
        if let Some(value) = self {
            value.element(name, sink);
        }
    }
}

/// `<X><member>…</member>…</X>`
impl<T: ToXml> ToXml for Vec<T> {
    fn element(&self, name: &str, sink: &mut dyn XmlSink) {
        sink.start(name);
        for value in self {
            value.element("member", sink);
        }
        sink.end(name);
    }
}

/// `<X><entry><key>…</key><value>…</value></entry>…</X>`
impl<K: ToXml, V: ToXml> ToXml for BTreeMap<K, V> {
    fn element(&self, name: &str, sink: &mut dyn XmlSink) {
        sink.start(name);
        for (key, value) in self {
            sink.start("entry");
            key.element("key", sink);
            value.element("value", sink);
            sink.end("entry");
        }
        sink.end(name);
    }
}

impl ToXml for String {
    fn element(&self, name: &str, sink: &mut dyn XmlSink) {
        sink.text(name, self);
    }
}

impl ToXml for Secret<String> {
    fn element(&self, name: &str, sink: &mut dyn XmlSink) {
        sink.text(name, self.expose());
    }
}

impl ToXml for i32 {
    fn element(&self, name: &str, sink: &mut dyn XmlSink) {
        sink.text(name, &self.to_string());
    }
}

impl ToXml for bool {
    fn element(&self, name: &str, sink: &mut dyn XmlSink) {
        sink.text(name, if *self { "true" } else { "false" });
    }
}

impl ToXml for f64 {
    fn element(&self, name: &str, sink: &mut dyn XmlSink) {
        sink.text(name, &self.to_string());
    }
}

/// ISO 8601 in UTC with `Z`.
impl ToXml for Timestamp {
    fn element(&self, name: &str, sink: &mut dyn XmlSink) {
        sink.text(name, &self.iso8601());
    }
}
