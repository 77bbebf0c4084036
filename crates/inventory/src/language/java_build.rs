//! Java

use super::listing::Listing;
use crate::found::FileError;

pub(in crate::language) fn gradle(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let _ = (file, into);
    Ok(())
}
pub(in crate::language) fn pom(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let _ = (file, into);
    Ok(())
}
pub(in crate::language) fn sbt(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let _ = (file, into);
    Ok(())
}
