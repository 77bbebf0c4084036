//! lock

use super::super::listing::Listing;
use crate::found::FileError;

pub(in crate::language) fn pipfile(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let _ = (file, into);
    Ok(())
}
pub(in crate::language) fn poetry(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let _ = (file, into);
    Ok(())
}
pub(in crate::language) fn pylock(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let _ = (file, into);
    Ok(())
}
pub(in crate::language) fn uv(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let _ = (file, into);
    Ok(())
}
