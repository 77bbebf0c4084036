//! Access keys that may be used, each with whose it is and what holds for it: read in one
//! transaction, and kept until anything changes that decides who may do what.
//!
//! Tokens are opened anew each time, which takes less than a microsecond; so nothing that could be
//! used as a credential is a key of the cache, and the secrets in it are sealed.

use std::sync::Arc;

use wharfinger_core::limits::ACCESS_KEY_CACHE_BYTES_MAX;
use wharfinger_metadata::access_key::{self, AccessKeyRow};
use wharfinger_metadata::user::{self, UserRow};
use wharfinger_metadata::{ChangeKind, MetadataError, StandingCache, Tx};

use crate::identity::{self, Identity};
use crate::stored_policies::parsed_bytes;
use crate::{Auth, Principal, PrincipalKind};

/// A key that is switched on, and whose user (if it has one) is there.
pub(crate) struct ActiveKey {
    row: AccessKeyRow,
    identity: Arc<Identity>,
}

/// What was read of keys. Those that are not active are looked for each time, so that nobody fills
/// it with ids that mean nothing.
pub(crate) struct ActiveKeys(StandingCache<String, Arc<ActiveKey>>);

impl Default for ActiveKeys {
    fn default() -> Self {
        Self(StandingCache::new(ChangeKind::Access, ACCESS_KEY_CACHE_BYTES_MAX))
    }
}

impl Auth {
    /// The key of this id with whose it is; `None` if there is none, it is switched off, or its
    /// user is gone.
    pub(crate) async fn active_key(
        &self,
        id: &str,
    ) -> Result<Option<Arc<ActiveKey>>, MetadataError> {
        let (cache, id) = (&self.keys().0, id.to_owned());
        let changes = self.metadata().changes().await?;
        if let Some(key) = cache.get(&changes, &id) {
            return Ok(Some(key));
        }
        let wanted = id.clone();
        let key: Option<ActiveKey> = self
            .metadata()
            .read(move |tx| Box::pin(async move { read(tx, &wanted).await }))
            .await?;
        let Some(key) = key.map(Arc::new) else { return Ok(None) };
        cache.insert(&changes, id, Arc::clone(&key), parsed_bytes(key.identity.text_bytes()));
        Ok(Some(key))
    }
}

async fn read(tx: &mut Tx, id: &str) -> Result<Option<ActiveKey>, MetadataError> {
    let found = access_key::find(tx, id).await?;
    let Some(row) = found.filter(|row| row.active) else { return Ok(None) };
    let kind = match &row.user_id {
        None => PrincipalKind::Root,
        Some(user_id) => match user::find_by_id(tx, user_id).await? {
            Some(UserRow { user_id, user_name, path, .. }) => {
                PrincipalKind::User { user_id, user_name, path }
            }
            None => return Ok(None),
        },
    };
    let access_key_id = row.access_key_id.clone();
    let principal = Principal { account: row.account, kind, access_key_id, session: None };
    let identity = identity::read(tx, principal).await?;
    Ok(identity.map(|identity| ActiveKey { row, identity: Arc::new(identity) }))
}

impl ActiveKey {
    pub(crate) fn access_key_id(&self) -> &str {
        &self.row.access_key_id
    }

    /// The secret, sealed.
    pub(crate) fn secret_sealed(&self) -> &[u8] {
        &self.row.secret_sealed
    }

    /// Whose it is.
    pub(crate) fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }
}
