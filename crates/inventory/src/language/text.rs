//! Bytes of a file as text, JSON or TOML.

use serde::de::DeserializeOwned;

use crate::found::FileError;

/// The file as text; a byte order mark is not part of it.
pub(super) fn utf8(file: &[u8]) -> Result<&str, FileError> {
    let text = std::str::from_utf8(file)
        .map_err(|error| FileError::Malformed(format!("it is not UTF-8: {error}")))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The file as JSON. `serde_json` bounds how deep it nests.
pub(super) fn json<T: DeserializeOwned>(file: &[u8]) -> Result<T, FileError> {
    serde_json::from_str(utf8(file)?)
        .map_err(|error| FileError::Malformed(format!("it is not the JSON expected: {error}")))
}

/// The file as TOML. `toml` bounds how deep it nests.
pub(super) fn toml<T: DeserializeOwned>(file: &[u8]) -> Result<T, FileError> {
    toml::from_str(utf8(file)?).map_err(|error| {
        FileError::Malformed(format!("it is not the TOML expected: {}", error.message()))
    })
}
