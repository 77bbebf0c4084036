//! The fixed-size header that begins every object file.

use wharfinger_core::ObjectId;

use crate::key::{
    KEY_DOMAIN_BYTES_MAX, KeyDomain, WRAPPED_INNER_KEY_BYTES_MAX, WRAPPED_KEY_BYTES_MAX,
    WRAPPED_OUTER_KEY_BYTES_MAX,
};
use crate::segment::{FORMAT_VERSION, FORMAT_VERSION_TWO_CIPHERS, SEGMENT_BYTES_LOG2};

/// Bytes of the header.
pub(crate) const HEADER_BYTES: usize = 512;

const MAGIC: &[u8; 8] = b"WHARFOBJ";
const DOMAIN_LENGTH: usize = 10;
const OBJECT_ID: usize = 16;
const DOMAIN: usize = 32;
const WRAPPED_LENGTH: usize = DOMAIN + KEY_DOMAIN_BYTES_MAX;
const WRAPPED: usize = WRAPPED_LENGTH + 2;
/// Bytes that are authenticated with the wrapped key: all that is not the wrapped key itself.
const CONTEXT_BYTES: usize = WRAPPED_LENGTH;
const _: () = assert!(WRAPPED + WRAPPED_KEY_BYTES_MAX <= HEADER_BYTES);
/// In a domain with two ciphers the wrapped key of the inner one ends the header.
const INNER_LENGTH: usize = WRAPPED + WRAPPED_OUTER_KEY_BYTES_MAX;
const INNER: usize = INNER_LENGTH + 2;
const _: () = assert!(INNER + WRAPPED_INNER_KEY_BYTES_MAX == HEADER_BYTES);

/// What the header says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Header {
    pub(crate) object_id: ObjectId,
    pub(crate) domain: KeyDomain,
    pub(crate) wrapped_key: Vec<u8>,
    /// The wrapped key of the inner cipher; empty where the domain has none.
    pub(crate) wrapped_inner_key: Vec<u8>,
}

/// The format of the objects of a domain.
fn format_version(domain: &KeyDomain) -> u8 {
    match domain.inner() {
        Some(_) => FORMAT_VERSION_TWO_CIPHERS,
        None => FORMAT_VERSION,
    }
}

/// Bytes of a wrapped data key that the header of an object of this domain has room for.
pub(crate) fn wrapped_key_bytes_max(domain: &KeyDomain) -> usize {
    match domain.inner() {
        Some(_) => WRAPPED_OUTER_KEY_BYTES_MAX,
        None => WRAPPED_KEY_BYTES_MAX,
    }
}

impl Header {
    /// The bytes that a data key of this object is bound to when it is wrapped.
    pub(crate) fn context(object_id: ObjectId, domain: &KeyDomain) -> [u8; CONTEXT_BYTES] {
        let name = domain.as_str().as_bytes();
        let mut context = [0; CONTEXT_BYTES];
        context[..8].copy_from_slice(MAGIC);
        context[8] = format_version(domain);
        context[9] = SEGMENT_BYTES_LOG2;
        context[DOMAIN_LENGTH..DOMAIN_LENGTH + 2].copy_from_slice(&length_field(name));
        context[OBJECT_ID..OBJECT_ID + 16].copy_from_slice(object_id.as_bytes());
        context[DOMAIN..DOMAIN + name.len()].copy_from_slice(name);
        context
    }

    /// The header as it is stored.
    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let max = wrapped_key_bytes_max(&self.domain);
        let key = &self.wrapped_key[..self.wrapped_key.len().min(max)];
        let mut bytes = [0; HEADER_BYTES];
        bytes[..CONTEXT_BYTES].copy_from_slice(&Self::context(self.object_id, &self.domain));
        bytes[WRAPPED_LENGTH..WRAPPED].copy_from_slice(&length_field(key));
        bytes[WRAPPED..WRAPPED + key.len()].copy_from_slice(key);
        if self.domain.inner().is_some() {
            let inner = &self.wrapped_inner_key;
            let inner = &inner[..inner.len().min(WRAPPED_INNER_KEY_BYTES_MAX)];
            bytes[INNER_LENGTH..INNER].copy_from_slice(&length_field(inner));
            bytes[INNER..INNER + inner.len()].copy_from_slice(inner);
        }
        bytes
    }

    /// Reads a header, or says what is wrong with it.
    pub(crate) fn parse(bytes: &[u8; HEADER_BYTES]) -> Result<Self, &'static str> {
        if !bytes.starts_with(MAGIC) {
            return Err("the file is not an object");
        }
        if ![FORMAT_VERSION, FORMAT_VERSION_TWO_CIPHERS].contains(&bytes[8]) {
            return Err("the format version is not known");
        }
        if bytes[9] != SEGMENT_BYTES_LOG2 {
            return Err("the segment size is not known");
        }
        let domain: KeyDomain = field(bytes, DOMAIN_LENGTH, DOMAIN, KEY_DOMAIN_BYTES_MAX)
            .and_then(|name| std::str::from_utf8(name).ok())
            .and_then(|name| name.parse().ok())
            .ok_or("the key domain is no key domain")?;
        if bytes[8] != format_version(&domain) {
            return Err("the format version is not the one of the key domain");
        }
        let too_long = "the wrapped key is too long";
        let wrapped_key = field(bytes, WRAPPED_LENGTH, WRAPPED, wrapped_key_bytes_max(&domain))
            .ok_or(too_long)?
            .to_vec();
        let wrapped_inner_key = match domain.inner() {
            Some(_) => field(bytes, INNER_LENGTH, INNER, WRAPPED_INNER_KEY_BYTES_MAX),
            None => Some(&[][..]),
        };
        let wrapped_inner_key = wrapped_inner_key.ok_or(too_long)?.to_vec();
        let mut object_id = [0; 16];
        object_id.copy_from_slice(&bytes[OBJECT_ID..OBJECT_ID + 16]);
        let object_id = ObjectId::from_bytes(object_id);
        let header = Self { object_id, domain, wrapped_key, wrapped_inner_key };
        // One header has one encoding: whatever this version does not write must be zero.
        if header.encode() == *bytes { Ok(header) } else { Err("the header's padding is not zero") }
    }
}

fn length_field(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes()
}

fn field(bytes: &[u8; HEADER_BYTES], length: usize, start: usize, max: usize) -> Option<&[u8]> {
    let length = usize::from(u16::from_be_bytes([bytes[length], bytes[length + 1]]));
    if length <= max { bytes.get(start..start + length) } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    fn header() -> Header {
        Header {
            object_id: ObjectId::from_bytes([7; 16]),
            domain: "aes256/123456789012/us-east-1".parse().unwrap(),
            wrapped_key: vec![9; 64],
            wrapped_inner_key: Vec::new(),
        }
    }

    /// The header of an object that passes through two ciphers.
    fn double() -> Header {
        let domain = "kms-dsse/arn:aws:kms:us-east-1:123456789012:key/1".parse().unwrap();
        Header { domain, wrapped_inner_key: vec![8; 64], ..header() }
    }

    #[test]
    fn a_header_reads_back_and_fills_its_room() {
        assert_eq!(Header::parse(&header().encode()).unwrap(), header());
        let full = Header {
            domain: "d".repeat(KEY_DOMAIN_BYTES_MAX).parse().unwrap(),
            wrapped_key: vec![1; WRAPPED_KEY_BYTES_MAX],
            ..header()
        };
        assert_eq!(Header::parse(&full.encode()).unwrap(), full);
        assert_eq!(Header::parse(&double().encode()).unwrap(), double());
        let full = Header {
            domain: format!("kms-dsse/{}", "d".repeat(KEY_DOMAIN_BYTES_MAX - 9)).parse().unwrap(),
            wrapped_key: vec![1; WRAPPED_OUTER_KEY_BYTES_MAX],
            wrapped_inner_key: vec![2; WRAPPED_INNER_KEY_BYTES_MAX],
            ..header()
        };
        assert_eq!(Header::parse(&full.encode()).unwrap(), full);
    }

    #[test]
    fn the_version_is_the_one_of_the_domain() {
        for (header, other) in [(header(), 2), (double(), 1)] {
            let mut bytes = header.encode();
            bytes[8] = other;
            let refused = Err("the format version is not the one of the key domain");
            assert_eq!(Header::parse(&bytes), refused);
            bytes[8] = 3;
            assert_eq!(Header::parse(&bytes), Err("the format version is not known"));
        }
    }

    #[test]
    fn padding_must_be_zero() {
        for index in [12, 15, 100, 223, 300, 481, 511] {
            let mut bytes = header().encode();
            bytes[index] = 1;
            assert_eq!(Header::parse(&bytes), Err("the header's padding is not zero"), "{index}");
        }
    }

    proptest! {
        /// Any bytes either are refused or are exactly what they parse to.
        #[test]
        fn parsing_never_panics_and_is_exact(
            mut bytes in proptest::collection::vec(any::<u8>(), HEADER_BYTES),
            keep in 0..HEADER_BYTES,
            two_ciphers in any::<bool>(),
        ) {
            let whole = if two_ciphers { double() } else { header() };
            bytes[..keep].copy_from_slice(&whole.encode()[..keep]);
            let bytes: [u8; HEADER_BYTES] = bytes.try_into().unwrap();
            if let Ok(header) = Header::parse(&bytes) {
                prop_assert_eq!(header.encode(), bytes);
            }
        }
    }
}
