//! Whether the master key is the one the data was encrypted with.

use std::path::PathBuf;

use wharfinger_blobs::LocalKeyRing;
use wharfinger_metadata::Metadata;

use super::{InstallationError, fact, keep_fact};

/// Where the installation keeps its sealed check value, in hex.
const KEY_CHECK: &str = "key_check";
const PURPOSE: &str = "key check";
const VALUE: &[u8] = b"wharfinger";

/// Opens the check value that the first start sealed, or seals it if this is the first start.
/// `path` is where the master key came from, for the error.
pub(super) async fn check(
    metadata: &Metadata,
    keys: &LocalKeyRing,
    path: PathBuf,
) -> Result<(), InstallationError> {
    let Some(sealed) = fact(metadata, KEY_CHECK).await? else {
        // It is the first thing ever written, so nothing was sealed under another key before.
        let sealed = keys.seal(PURPOSE, b"", VALUE)?;
        return Ok(keep_fact(metadata, KEY_CHECK, hex::encode(sealed)).await?);
    };
    let opened = hex::decode(sealed).ok().and_then(|sealed| keys.open(PURPOSE, b"", &sealed).ok());
    match opened {
        Some(_) => Ok(()),
        None => Err(InstallationError::MasterKeyWrong { path }),
    }
}
