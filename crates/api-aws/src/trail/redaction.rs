//! JSON without its secrets: copied from text to text, piece by piece, so that neither a tree of it
//! is made nor its large values are kept.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use wharfinger_audit::HIDDEN;
use wharfinger_core::Timestamp;
use wharfinger_core::limits::AUDIT_MEMBER_BYTES_MAX;

/// Bytes of one text; of a longer one only its length is kept.
const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Bytes of content, which the log has no place for (CloudTrail leaves them out too).
const BULK: [&str; 2] = ["layerpartblob", "logoimageblob"];
/// What names of secrets have in them.
const SECRET: [&str; 9] = [
    "encodedmessage",
    "password",
    "secret",
    "token",
    "privatekey",
    "samlassertion",
    "authenticationcode",
    "base32stringseed",
    "qrcodepng",
];
/// What goes on with a list is no secret, and neither is the name of one.
const NO_SECRET: [&str; 4] = ["nexttoken", "paginationtoken", "secretarn", "sessiontokensize"];

/// Whether the values of a member are never written, whatever service it is of.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.iter().any(|part| name.contains(part)) && !NO_SECRET.contains(&name.as_str())
}

/// The JSON of a text, without secrets and bulk. None if it is no object; a note if it is too
/// large.
pub(super) fn redacted(text: &[u8]) -> Option<Box<RawValue>> {
    let mut copy = Copy::default();
    let mut source = serde_json::Deserializer::from_slice(text);
    Value { copy: &mut copy, name: "" }.deserialize(&mut source).ok()?;
    source.end().ok()?;
    if !copy.json.starts_with('{') {
        return None;
    }
    if copy.json.len() > AUDIT_MEMBER_BYTES_MAX {
        return RawValue::from_string(too_large(text.len())).ok();
    }
    RawValue::from_string(copy.json).ok()
}

/// What stands in place of what is too large, in CloudTrail's words.
pub(super) fn too_large(bytes: usize) -> String {
    format!(
        r#"{{"omitted":true,"originalSize":{bytes},"reason":"larger than {AUDIT_MEMBER_BYTES_MAX} bytes"}}"#
    )
}

/// A time as CloudTrail writes it into its records: `Jul 11, 2018 10:17:44 PM`.
pub(super) fn human_time(time: Timestamp) -> String {
    // `Sun, 01 Mar 2026 12:30:00 GMT`
    let date = time.http_date();
    let mut words = date.split([' ', ',']).filter(|word| !word.is_empty()).skip(1);
    let (day, month, year) = (words.next(), words.next(), words.next());
    let clock = words.next().unwrap_or_default();
    let (hour, rest) = clock.split_once(':').unwrap_or_default();
    let hour: u32 = hour.parse().unwrap_or_default();
    let (half, hour) = (if hour < 12 { "AM" } else { "PM" }, (hour + 11) % 12 + 1);
    let (day, month, year) =
        (day.unwrap_or_default(), month.unwrap_or_default(), year.unwrap_or_default());
    format!("{month} {}, {year} {hour}:{rest} {half}", day.trim_start_matches('0'))
}

/// The copy so far. It does not grow any further once it is too large.
#[derive(Default)]
struct Copy {
    json: String,
}

impl Copy {
    fn push(&mut self, text: &str) {
        if self.json.len() <= AUDIT_MEMBER_BYTES_MAX {
            self.json.push_str(text);
        }
    }

    fn push_text(&mut self, text: &str) {
        if self.json.len() > AUDIT_MEMBER_BYTES_MAX {
            return;
        }
        let text = match text.len() <= TEXT_BYTES_MAX {
            true => Cow::Borrowed(text),
            false => Cow::Owned(format!("OMITTED_DUE_TO_SIZE ({} bytes)", text.len())),
        };
        let quoted = serde_json::to_string(&*text).unwrap_or_default();
        self.json.push_str(&quoted);
    }

    fn push_number(&mut self, name: &str, number: f64, text: &str) {
        // The times of ECR's answers are seconds since 1970.
        if name.ends_with("At") && number.is_finite() && number.abs() < 1e12 {
            #[expect(clippy::cast_possible_truncation, reason = "of this size they are whole")]
            let millis = (number * 1000.0) as i64;
            return self.push_text(&human_time(Timestamp::from_millis(millis)));
        }
        self.push(text);
    }
}

/// One value, under the name it has.
struct Value<'c, 'n> {
    copy: &'c mut Copy,
    name: &'n str,
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.copy.push(if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        #[expect(clippy::cast_precision_loss, reason = "times are small")]
        self.copy.push_number(self.name, value as f64, &value.to_string());
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        #[expect(clippy::cast_precision_loss, reason = "times are small")]
        self.copy.push_number(self.name, value as f64, &value.to_string());
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        let text = serde_json::to_string(&value).unwrap_or_else(|_| "null".into());
        self.copy.push_number(self.name, value, &text);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.copy.push("null");
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.copy.push_text(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Value { copy, name } = self;
        let mut separator = "[";
        loop {
            let length = copy.json.len();
            copy.push(separator);
            if list.next_element_seed(Value { copy: &mut *copy, name })?.is_none() {
                copy.json.truncate(length);
                copy.push(if separator == "[" { "[]" } else { "]" });
                return Ok(());
            }
            separator = ",";
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let copy = self.copy;
        let mut separator = "{";
        while let Some(name) = map.next_key::<Cow<'_, str>>()? {
            if BULK.contains(&name.to_ascii_lowercase().as_str()) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            copy.push(separator);
            separator = ",";
            copy.push_text(&name);
            copy.push(":");
            if is_secret(&name) {
                map.next_value::<IgnoredAny>()?;
                copy.push_text(HIDDEN);
            } else {
                map.next_value_seed(Value { copy: &mut *copy, name: &name })?;
            }
        }
        copy.push(if separator == "{" { "{}" } else { "}" });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
