//! Access keys that may be used, each with whose it is and what holds for it: read in one
//! transaction, and kept until anything changes that decides who may do what.
//!
//! Tokens are opened anew each time, which takes less than a microsecond; so nothing that could be
//! used as a credential is a key of the cache, and the secrets in it are sealed.

use std::sync::Arc;

use wharfinger_core::Timestamp;
use wharfinger_core::limits::ACCESS_KEY_CACHE_BYTES_MAX;
use wharfinger_metadata::access_key::{self, AccessKeyRow};
use wharfinger_metadata::user::{self, UserRow};
use wharfinger_metadata::{ChangeKind, MetadataError, StandingCache, Tx};

use crate::identity::{self, Identity};
use crate::session::{self, TEMPORARY_PREFIX};
use crate::stored_policies::parsed_bytes;
use crate::{Auth, Principal, PrincipalKind};

/// A key that may be used: one that is switched on, or of a session; and whose user or role is there.
pub(crate) struct ActiveKey {
    secret_sealed: Vec<u8>,
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
    /// user or role is gone. Whether its session is over is for the caller to look at.
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
    let found = match id.starts_with(TEMPORARY_PREFIX) {
        true => of_session(tx, id).await?,
        false => of_key(tx, id).await?,
    };
    let Some((secret_sealed, principal)) = found else { return Ok(None) };
    let identity = identity::read(tx, principal).await?;
    Ok(identity.map(|identity| ActiveKey { secret_sealed, identity: Arc::new(identity) }))
}

/// The sealed secret of a long-lived key, and whose it is.
async fn of_key(tx: &mut Tx, id: &str) -> Result<Option<(Vec<u8>, Principal)>, MetadataError> {
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
    let AccessKeyRow { account, access_key_id, secret_sealed, .. } = row;
    Ok(Some((secret_sealed, Principal { account, kind, access_key_id, session: None })))
}

/// The sealed secret of a session's key, and whose session it is.
async fn of_session(tx: &mut Tx, id: &str) -> Result<Option<(Vec<u8>, Principal)>, MetadataError> {
    let Some(row) = wharfinger_metadata::session::find(tx, id).await? else { return Ok(None) };
    let principal = session::principal(tx, &row).await?;
    Ok(principal.map(|principal| (row.secret_sealed, principal)))
}

impl ActiveKey {
    pub(crate) fn access_key_id(&self) -> &str {
        &self.identity.principal.access_key_id
    }

    /// The secret, sealed.
    pub(crate) fn secret_sealed(&self) -> &[u8] {
        &self.secret_sealed
    }

    /// Until when it may sign; none for a long-lived key. What was begun with it may outlive it.
    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        self.identity.principal.session.as_ref().map(|session| session.expires_at)
    }

    /// Whether it is of a session that a user asked for, which IAM does not take.
    pub(crate) fn is_kept_from_iam(&self) -> bool {
        let Principal { kind, session, .. } = &*self.identity.principal;
        session.is_some() && !matches!(kind, PrincipalKind::AssumedRole { .. })
    }

    /// Whose it is.
    pub(crate) fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }
}
