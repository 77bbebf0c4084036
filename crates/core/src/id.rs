//! Ids that the registry makes up itself.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::{Entropy, EntropyExt, ParseError};

/// The name of one stored object: 16 random bytes, written as 32 hex digits.
///
/// Bytes are stored under a fresh id each time, so a deletion and a new push of equal content can
/// never meet on one file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId([u8; 16]);

impl ObjectId {
    /// A fresh id.
    pub fn random(entropy: &dyn Entropy) -> Self {
        Self(entropy.bytes())
    }

    /// The id itself.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The id made of these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl FromStr for ObjectId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let form = ParseError::new("an object id is 32 hex digits");
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| form)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $form:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh id (a version 4 UUID).
            pub fn random(entropy: &dyn Entropy) -> Self {
                Self(uuid::Builder::from_random_bytes(entropy.bytes()).into_uuid())
            }

            /// As it is shown, written into a buffer.
            pub fn shown_in<'a>(&self, buffer: &'a mut [u8; 36]) -> &'a str {
                self.0.as_hyphenated().encode_lower(buffer)
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                // Only the hyphenated form: the others would be second names of one thing.
                if text.len() != 36 {
                    return Err(ParseError::new($form));
                }
                Uuid::try_parse(text).map(Self).map_err(|_| ParseError::new($form))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.as_hyphenated(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

uuid_id!(
    /// The id of an upload session, a UUID as ECR's `uploadId` is.
    UploadId,
    "an upload id is a UUID"
);
uuid_id!(
    /// The id of a replication backfill, ECR's `replicationBackfillId`.
    ReplicationBackfillId,
    "a replication backfill id is a UUID"
);
uuid_id!(
    /// The id of one record of the audit log, CloudTrail's `eventID`.
    EventId,
    "an event id is a UUID"
);
uuid_id!(
    /// The id of one request, in its log lines and in `x-amzn-RequestId`.
    RequestId,
    "a request id is a UUID"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededEntropy;

    #[test]
    fn ids_read_back_and_differ() {
        let entropy = SeededEntropy::new(7);
        let (a, b) = (UploadId::random(&entropy), UploadId::random(&entropy));
        assert_ne!(a, b);
        assert_eq!(a.to_string().parse::<UploadId>().unwrap(), a);
        assert_eq!(a.shown_in(&mut [0; 36]), a.to_string());
        let object = ObjectId::random(&entropy);
        assert_eq!(object.to_string().parse::<ObjectId>().unwrap(), object);
        assert!("{67e55044-10b1-426f-9247-bb680e5fe0c8}".parse::<UploadId>().is_err());
        assert!("../..".parse::<ObjectId>().is_err());
    }
}
