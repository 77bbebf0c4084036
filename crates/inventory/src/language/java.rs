//! Java archives.

use std::io::Read;

use crate::Limits;
use crate::found::{FileError, LanguagePackage};

pub(super) fn read(
    path: &str,
    size: u64,
    content: &mut dyn Read,
    limits: &Limits,
) -> Result<Vec<LanguagePackage>, FileError> {
    let _ = (path, size, content, limits);
    Ok(Vec::new())
}
