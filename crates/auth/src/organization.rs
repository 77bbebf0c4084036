//! The organization that all accounts of an installation are in (ADR 11), as condition keys name it.

use aws_lc_rs::digest;
use wharfinger_core::AccountId;
use wharfinger_metadata::{MetadataError, Tx, installation};

/// Where the installation keeps the id of its organization.
const ORGANIZATION_KEY: &str = "organization_id";
/// What ids of organizations and of their roots are written with.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const ID_CHARS: usize = 10;
const ROOT_CHARS: usize = 4;

/// Keeps an id for the organization, which follows from its first account, unless it has one.
pub(crate) async fn ensure(tx: &mut Tx, first: &AccountId) -> Result<(), MetadataError> {
    let id = format!("o-{}", derived("organization", first.as_str(), ID_CHARS));
    installation::insert(tx, ORGANIZATION_KEY, &id).await.map(|_| ())
}

/// The id of the organization, `o-a1b2c3d4e5`; `None` before the first start.
pub(crate) async fn find(tx: &mut Tx) -> Result<Option<String>, MetadataError> {
    installation::get(tx, ORGANIZATION_KEY).await
}

/// Where its accounts are in it, `o-a1b2c3d4e5/r-ab12/`: right below its root.
pub(crate) fn path(organization_id: &str) -> String {
    format!("{organization_id}/r-{}/", derived("root", organization_id, ROOT_CHARS))
}

fn derived(purpose: &str, from: &str, chars: usize) -> String {
    let digest = digest::digest(&digest::SHA256, format!("{purpose} of {from}").as_bytes());
    let chars = digest.as_ref().iter().take(chars);
    chars.map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_shape_of_an_organization_and_follows_from_its_account() {
        let id = |account: &str| format!("o-{}", derived("organization", account, ID_CHARS));
        assert_eq!(id("111122223333"), id("111122223333"));
        assert_ne!(id("111122223333"), id("111122223334"));
        let path = path(&id("111122223333"));
        let parts: Vec<&str> = path.split('/').collect();
        assert_eq!((parts[0].len(), parts[1].len(), parts[2]), (12, 6, ""));
        assert!(parts[0].starts_with("o-") && parts[1].starts_with("r-"));
    }
}
