//! installed

use super::super::listing::Listing;
use crate::found::FileError;

pub(in crate::language) fn read(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let _ = (file, into);
    Ok(())
}
