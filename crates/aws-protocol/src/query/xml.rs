//! The XML of the Query protocol's answers. The only place that knows the XML writer.

use std::borrow::Cow;

use http::StatusCode;
use quick_xml::Writer;
use quick_xml::escape::partial_escape;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use wharfinger_core::RequestId;

use crate::Answer;

/// The content type of answers.
pub const CONTENT_TYPE: &str = "text/xml";

/// Writes the elements of an answer, one after the other. Names are the service model's.
pub struct XmlBody(Writer<Vec<u8>>);

impl XmlBody {
    fn new() -> Self {
        Self(Writer::new(Vec::new()))
    }

    /// `<name>value</name>`, with the value escaped. Characters that XML cannot carry at all
    /// become U+FFFD.
    pub fn text(&mut self, name: &str, value: &str) {
        self.write(Event::Start(BytesStart::new(name)));
        self.write(Event::Text(BytesText::from_escaped(escaped(value))));
        self.write(Event::End(BytesEnd::new(name)));
    }

    /// [`XmlBody::text`] if there is a value.
    pub fn optional_text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// `<name>`, which [`XmlBody::end`] has to close.
    pub fn start(&mut self, name: &str) {
        self.write(Event::Start(BytesStart::new(name)));
    }

    /// `</name>`
    pub fn end(&mut self, name: &str) {
        self.write(Event::End(BytesEnd::new(name)));
    }

    /// `<name>…</name>` around what `content` writes.
    pub fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.write(Event::Start(BytesStart::new(name)));
        content(self);
        self.write(Event::End(BytesEnd::new(name)));
    }

    /// `<name><member>…</member>…</name>`, one member for each item.
    pub fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut content: impl FnMut(&mut Self, T),
    ) {
        self.element(name, |list| {
            for item in items {
                list.element("member", |member| content(member, item));
            }
        });
    }

    fn root(&mut self, name: &str, namespace: &str, content: impl FnOnce(&mut Self)) {
        let mut start = BytesStart::new(name);
        start.push_attribute(("xmlns", namespace));
        self.write(Event::Start(start));
        content(self);
        self.write(Event::End(BytesEnd::new(name)));
    }

    fn write(&mut self, event: Event<'_>) {
        self.0.write_event(event).expect("a Vec takes every write");
    }

    fn answer(self, status: StatusCode, request_id: RequestId) -> Answer {
        Answer::new(status, CONTENT_TYPE, request_id, self.0.into_inner())
    }
}

/// The answer of an operation: `<OpResponse><OpResult>…</OpResult><ResponseMetadata>…`.
pub fn success(
    namespace: &str,
    operation: &str,
    request_id: RequestId,
    result: impl FnOnce(&mut XmlBody),
) -> Answer {
    response(namespace, operation, request_id, |body| {
        body.element(&format!("{operation}Result"), result);
    })
}

/// The answer of an operation that has no output: `<OpResponse><ResponseMetadata>…`.
pub fn success_without_result(namespace: &str, operation: &str, request_id: RequestId) -> Answer {
    response(namespace, operation, request_id, |_| ())
}

/// An error: `<ErrorResponse><Error><Type>…<Code>…<Message>…</Error><RequestId>…`. The type is
/// `Sender` unless the status says the fault is the server's.
pub fn error(
    namespace: &str,
    status: StatusCode,
    code: &str,
    message: &str,
    request_id: RequestId,
) -> Answer {
    let fault = if status.is_server_error() { "Receiver" } else { "Sender" };
    let mut body = XmlBody::new();
    body.root("ErrorResponse", namespace, |root| {
        root.element("Error", |error| {
            error.text("Type", fault);
            error.text("Code", code);
            error.text("Message", message);
        });
        root.text("RequestId", &request_id.to_string());
    });
    body.answer(status, request_id)
}

fn response(
    namespace: &str,
    operation: &str,
    request_id: RequestId,
    result: impl FnOnce(&mut XmlBody),
) -> Answer {
    let mut body = XmlBody::new();
    body.root(&format!("{operation}Response"), namespace, |root| {
        result(root);
        root.element("ResponseMetadata", |metadata| {
            metadata.text("RequestId", &request_id.to_string());
        });
    });
    body.answer(StatusCode::OK, request_id)
}

fn escaped(value: &str) -> Cow<'_, str> {
    let is_char = |c: char| {
        // XML 1.0, production 2; surrogates are no `char`s.
        matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
    };
    if value.chars().all(|c| is_char(c) && c != '\r') {
        return partial_escape(value);
    }
    let clean: String =
        value.chars().map(|c| if is_char(c) { c } else { char::REPLACEMENT_CHARACTER }).collect();
    // A reader turns a bare CR into LF.
    partial_escape(clean).replace('\r', "&#13;").into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};
    use quick_xml::Reader;
    use wharfinger_core::SeededEntropy;

    use super::*;

    const STS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

    fn id() -> RequestId {
        RequestId::random(&SeededEntropy::new(1))
    }

    fn text(answer: &Answer) -> String {
        String::from_utf8(answer.body.clone()).unwrap().replace(&id().to_string(), "ID")
    }

    #[test]
    fn a_result_has_the_shape_of_sts() {
        let answer = success(STS, "GetCallerIdentity", id(), |result| {
            result.text("Arn", "arn:aws:iam::1:user/a&b");
            result.optional_text("UserId", None);
            result.list("Tags", [("k", "v")], |tag, (key, value)| {
                tag.text("Key", key);
                tag.text("Value", value);
            });
        });
        assert_eq!(
            text(&answer),
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <GetCallerIdentityResult><Arn>arn:aws:iam::1:user/a&amp;b</Arn>\
             <Tags><member><Key>k</Key><Value>v</Value></member></Tags>\
             </GetCallerIdentityResult><ResponseMetadata><RequestId>ID</RequestId>\
             </ResponseMetadata></GetCallerIdentityResponse>"
        );
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.headers["content-type"], "text/xml");
        assert_eq!(answer.headers["x-amzn-requestid"], id().to_string());
        assert_eq!(
            text(&success_without_result("n", "DeleteUser", id())),
            "<DeleteUserResponse xmlns=\"n\"><ResponseMetadata><RequestId>ID</RequestId>\
             </ResponseMetadata></DeleteUserResponse>"
        );
    }

    #[test]
    fn an_error_has_the_shape_of_sts() {
        let answer = error(STS, StatusCode::FORBIDDEN, "AccessDenied", "<no> \u{1}\r", id());
        assert_eq!(
            text(&answer),
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
             <Type>Sender</Type><Code>AccessDenied</Code>\
             <Message>&lt;no&gt; \u{fffd}&#13;</Message></Error>\
             <RequestId>ID</RequestId></ErrorResponse>"
        );
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        let ours = error(STS, StatusCode::INTERNAL_SERVER_ERROR, "ServiceFailure", "", id());
        assert!(text(&ours).contains("<Type>Receiver</Type>"));
    }

    proptest! {
        #[test]
        fn any_text_reads_back_but_for_what_xml_cannot_carry(value in any::<String>()) {
            let mut body = XmlBody::new();
            body.text("a", &value);
            let bytes = body.0.into_inner();
            let mut reader = Reader::from_reader(&bytes[..]);
            let mut read = String::new();
            loop {
                match reader.read_event().unwrap() {
                    Event::Text(part) => read.push_str(&part.decode().unwrap()),
                    Event::GeneralRef(part) => {
                        let name = format!("&{};", part.decode().unwrap());
                        read.push_str(&quick_xml::escape::unescape(&name).unwrap());
                    }
                    Event::Eof => break,
                    _ => {}
                }
            }
            let carried: String = value
                .chars()
                .map(|c| match c {
                    '\t' | '\n' | '\r' => c,
                    '\0'..' ' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
                    _ => c,
                })
                .collect();
            prop_assert_eq!(read, carried);
        }
    }
}
