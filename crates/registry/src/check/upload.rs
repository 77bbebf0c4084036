//! Of the check: uploads on their way.

use super::Check;
use crate::Error;

impl Check<'_> {
    pub(super) async fn uploads(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
