//! PHP

use super::listing::Listing;
use crate::found::FileError;

pub(in crate::language) fn installed(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let _ = (file, into);
    Ok(())
}
pub(in crate::language) fn lock(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let _ = (file, into);
    Ok(())
}
