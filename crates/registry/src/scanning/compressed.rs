//! JSON that is kept compressed: inventories, facts of layers, findings.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;

/// Of zstd: what is kept is small, and written once.
const LEVEL: i32 = 3;

pub(super) fn pack<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    let json = serde_json::to_vec(value).map_err(|error| Error::Server(Box::new(error)))?;
    zstd::stream::encode_all(json.as_slice(), LEVEL).map_err(|error| Error::Server(Box::new(error)))
}

/// What [`pack`] has packed, of whatever size.
pub(super) fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let json = zstd::stream::decode_all(bytes).map_err(|error| Error::Server(Box::new(error)))?;
    serde_json::from_slice(&json).map_err(|error| Error::Server(Box::new(error)))
}
