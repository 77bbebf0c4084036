//! How values that serde does not know the AWS form of stand in JSON answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};
use wharfinger_core::{Secret, Timestamp};

/// A value with a form of its own in AWS JSON.
pub(crate) trait WireForm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

/// For `#[serde(serialize_with)]` in generated code.
pub(crate) fn wire<T: WireForm, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.serialize(serializer)
}

impl<T: WireForm> WireForm for Option<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => value.serialize(serializer),
            None => serializer.serialize_none(),
        }
    }
}

/// Seconds since the epoch as a number (`1525113057.0`), never text: most SDKs refuse text.
impl WireForm for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.epoch_seconds().serialize(serializer)
    }
}

/// Standard base64 with padding.
impl WireForm for Vec<u8> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(self))
    }
}

/// The secret itself: an answer is the one place where it has to show.
impl WireForm for Secret<String> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;

    #[derive(Serialize)]
    struct Forms {
        #[serde(serialize_with = "wire")]
        time: Option<Timestamp>,
        #[serde(serialize_with = "wire")]
        blob: Vec<u8>,
        #[serde(serialize_with = "wire")]
        secret: Secret<String>,
    }

    #[test]
    fn each_form_is_the_one_aws_json_wants() {
        let forms =
            |time| Forms { time, blob: vec![0xff, 0xfe], secret: Secret::new("token".into()) };
        assert_eq!(
            to_value(forms(Some(Timestamp::from_millis(1_525_113_057_250)))).unwrap(),
            json!({"time": 1_525_113_057.25, "blob": "//4=", "secret": "token"})
        );
        let text = serde_json::to_string(&forms(Some(Timestamp::from_seconds(1_525_113_057))));
        assert!(text.unwrap().contains(r#""time":1525113057.0"#));
        assert_eq!(to_value(forms(None)).unwrap()["time"], json!(null));
    }
}
