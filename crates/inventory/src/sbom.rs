//! Bills of materials: an inventory as CycloneDX 1.6 and SPDX 2.3, and back.
//!
//! The same inventory, subject and version of this program give the same bytes. A package is named by
//! its package URL; what that cannot say (the layer, the file, what manages it) is beside it, under names
//! that begin with `wharfinger:`. Bills of others are read as well, as far as they have package URLs:
//! CycloneDX 1.2 to 1.6 and SPDX 2.2 and 2.3, in JSON.

mod cyclonedx;
mod imported;
mod license;
mod spdx;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;
use wharfinger_core::{Digest, Timestamp};

use crate::{Inventory, Limits};

pub use cyclonedx::write as cyclonedx;
pub use spdx::write as spdx;

/// What a bill of materials is of.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The image's name: a repository, with its registry if it has one, without a tag.
    pub name: String,
    /// The digest of its manifest. Serial numbers and namespaces are made of it.
    pub digest: Digest,
    /// Of when the document is. When the image was made, for documents that are the same each time.
    pub created_at: Timestamp,
}

/// What was read out of a bill of materials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The packages that have package URLs of ecosystems with advisories.
    pub inventory: Inventory,
    /// How many have a package URL of another ecosystem, or one that cannot be read: nothing can be said
    /// about these.
    pub unknown: usize,
}

/// Why a bill of materials could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SbomError {
    /// It is no JSON, or not of the shape its format has.
    #[error("the bill of materials cannot be read: {0}")]
    Malformed(String),
    /// It is neither CycloneDX nor SPDX.
    #[error("the document is neither CycloneDX nor SPDX 2 in JSON")]
    Foreign,
    /// It is larger than is read.
    #[error("the bill of materials is larger than {0} bytes")]
    TooLarge(u64),
    /// It has more objects than a bill of so many packages needs.
    #[error("the bill of materials has more than {0} objects, or too many members")]
    TooComplex(usize),
    /// It has more packages than are read.
    #[error("the bill of materials has more than {0} packages")]
    TooMany(usize),
}

/// Which of the formats a document is of, or what it wraps: the payload of an envelope (DSSE), the
/// predicate of an attestation (in-toto).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Format<'a> {
    bom_format: Option<String>,
    spdx_version: Option<String>,
    payload: Option<String>,
    #[serde(borrow)]
    predicate: Option<&'a RawValue>,
}

/// Envelopes around a bill of materials: an envelope, an attestation, and one to spare.
const WRAPPED_MAX: u32 = 3;

/// Reads a bill of materials, CycloneDX or SPDX, as it is or as an attestation of in-toto (what BuildKit
/// and cosign put beside an image; its signature is not looked at). Packages of which it does not say the
/// layer are put into `layer` (the digest of the image does).
///
/// # Errors
/// [`SbomError`], whatever the document is.
pub fn read(document: &[u8], layer: Digest, limits: &Limits) -> Result<Imported, SbomError> {
    if document.len() as u64 > limits.database_bytes {
        return Err(SbomError::TooLarge(limits.database_bytes));
    }
    let mut into = imported::Builder::new(layer, limits);
    read_wrapped(document, WRAPPED_MAX, &mut into)?;
    Ok(into.finish())
}

fn read_wrapped(
    document: &[u8],
    wrapped_max: u32,
    into: &mut imported::Builder,
) -> Result<(), SbomError> {
    measure(document)?;
    let format: Format<'_> = json(document)?;
    let within = wrapped_max.checked_sub(1);
    match (format.bom_format.as_deref(), format.spdx_version.as_deref(), within) {
        (Some("CycloneDX"), _, _) => cyclonedx::read(document, into),
        (_, Some(version), _) if version.starts_with("SPDX-2.") => spdx::read(document, into),
        (None, None, Some(within)) => match (format.predicate, format.payload) {
            (Some(predicate), _) => read_wrapped(predicate.get().as_bytes(), within, into),
            (None, Some(payload)) => {
                let payload = BASE64_STANDARD.decode(payload);
                let payload = payload.map_err(|error| SbomError::Malformed(error.to_string()))?;
                read_wrapped(&payload, within, into)
            }
            (None, None) => Err(SbomError::Foreign),
        },
        _ => Err(SbomError::Foreign),
    }
}

/// Objects of a document. A hundred thousand packages, each with its properties and licences, have fewer.
const OBJECTS_MAX: usize = 1_000_000;
/// Members and items of a document.
const VALUES_MAX: usize = 8_000_000;

/// Refuses what would need far more memory than its bytes: a million of empty components.
fn measure(document: &[u8]) -> Result<(), SbomError> {
    let count = |sign: u8| document.iter().filter(|byte| **byte == sign).count();
    let values = count(b',').saturating_add(count(b'['));
    let fits = count(b'{') <= OBJECTS_MAX && values <= VALUES_MAX;
    if fits { Ok(()) } else { Err(SbomError::TooComplex(OBJECTS_MAX)) }
}

fn json<'a, T: Deserialize<'a>>(document: &'a [u8]) -> Result<T, SbomError> {
    serde_json::from_slice(document).map_err(|error| SbomError::Malformed(error.to_string()))
}

fn to_json(document: &impl serde::Serialize) -> Result<Vec<u8>, SbomError> {
    serde_json::to_vec_pretty(document).map_err(|error| SbomError::Malformed(error.to_string()))
}

/// The tool that writes, with its version.
const TOOL: (&str, &str) = ("wharfinger", env!("CARGO_PKG_VERSION"));

impl Subject {
    /// A UUID that is the same for the same image: version 8 of RFC 9562, of the digest's first bytes.
    fn uuid(&self) -> String {
        let mut bytes = [0_u8; 16];
        for (byte, of_hash) in bytes.iter_mut().zip(self.digest.hash()) {
            *byte = *of_hash;
        }
        bytes[6] = bytes[6] & 0x0f | 0x80;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let number = u128::from_be_bytes(bytes);
        let digits = format!("{number:032x}");
        let groups = [0..8, 8..12, 12..16, 16..20, 20..32];
        groups.map(|range| digits.get(range).unwrap_or_default().to_owned()).join("-")
    }

    /// Its package URL: `pkg:oci/name@sha256:…?repository_url=registry/path/name`.
    fn package_url(&self) -> String {
        let name = self.name.rsplit('/').next().unwrap_or_default().to_lowercase();
        let mut url = wharfinger_package::PackageUrl {
            kind: "oci".to_owned(),
            name,
            version: Some(self.digest.to_string()),
            ..Default::default()
        };
        url.qualifiers.insert("repository_url".to_owned(), self.name.clone());
        url.to_string()
    }
}
