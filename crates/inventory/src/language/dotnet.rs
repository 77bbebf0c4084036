//! NET

use super::listing::Listing;
use crate::found::FileError;

pub(in crate::language) fn deps(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let _ = (file, into);
    Ok(())
}
pub(in crate::language) fn props(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let _ = (file, into);
    Ok(())
}
pub(in crate::language) fn config(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let _ = (file, into);
    Ok(())
}
pub(in crate::language) fn lock(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let _ = (file, into);
    Ok(())
}
