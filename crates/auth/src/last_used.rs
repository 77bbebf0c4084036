//! When keys and roles were used last: noted once an hour for each, beside the request and never in
//! its way.
//!
//! What was noted is remembered in memory, so that a request that notes nothing costs one look. A
//! server that starts again notes each key once more.

use std::collections::HashMap;

use parking_lot::Mutex;
use wharfinger_core::Timestamp;
use wharfinger_core::limits::{LAST_USED_NOTED_MAX, LAST_USED_SECONDS};
use wharfinger_metadata::MetadataError;
use wharfinger_metadata::credential_use::{self, CredentialUse};

use crate::{Auth, Principal, PrincipalKind};

/// What was noted, by the id of the key or the role: when.
#[derive(Default)]
pub(crate) struct LastUsed(Mutex<HashMap<String, Timestamp>>);

impl LastUsed {
    /// Whether a use of `owner_id` is to be noted now; from then on it is not for an hour. While
    /// more keys are in use than there is room for, those that come late are not noted.
    fn is_due(&self, owner_id: &str, now: Timestamp) -> bool {
        let mut noted = self.0.lock();
        if let Some(at) = noted.get_mut(owner_id) {
            let due = is_old(*at, now);
            if due {
                *at = now;
            }
            return due;
        }
        if noted.len() >= LAST_USED_NOTED_MAX {
            noted.retain(|_, at| !is_old(*at, now));
        }
        noted.len() < LAST_USED_NOTED_MAX && noted.insert(owner_id.to_owned(), now).is_none()
    }
}

fn is_old(noted_at: Timestamp, now: Timestamp) -> bool {
    now.seconds().saturating_sub(noted_at.seconds()) >= LAST_USED_SECONDS
}

impl Auth {
    /// Notes that `principal` came with its key, to `service` in `region`, if that is due. A session
    /// of a role counts as a use of the role; other sessions are not counted.
    pub(crate) fn note_use(&self, principal: &Principal, service: &str, region: &str) {
        let owner_id = match (&principal.kind, &principal.session) {
            (PrincipalKind::AssumedRole { role_id, .. }, _) => role_id,
            (PrincipalKind::Root | PrincipalKind::User { .. }, None) => &principal.access_key_id,
            _ => return,
        };
        let used_at = self.now();
        if !self.last_used().is_due(owner_id, used_at) {
            return;
        }
        // Nobody waits for it; without a runtime there is nobody to do it either.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (service, region) = (service.to_owned(), region.to_owned());
        let (metadata, owner_id) = (self.metadata().clone(), owner_id.clone());
        runtime.spawn(async move {
            let used = CredentialUse { used_at, service, region };
            let noted: Result<(), MetadataError> = metadata
                .write(move |tx| {
                    Box::pin(async move { credential_use::put(tx, &owner_id, &used).await })
                })
                .await;
            if let Err(error) = noted {
                tracing::debug!(error = &error as &dyn std::error::Error, "a use is not noted");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_is_due_once_an_hour() {
        let (noted, at) = (LastUsed::default(), Timestamp::from_seconds);
        assert!(noted.is_due("AKIA1", at(1_000)));
        assert!(!noted.is_due("AKIA1", at(1_000)));
        assert!(noted.is_due("AKIA2", at(1_000)));
        assert!(!noted.is_due("AKIA1", at(4_599)));
        assert!(noted.is_due("AKIA1", at(4_600)));
        assert!(!noted.is_due("AKIA1", at(8_199)));
    }

    #[test]
    fn however_many_keys_are_used_what_is_remembered_has_a_bound() {
        let (noted, at) = (LastUsed::default(), Timestamp::from_seconds);
        for number in 0..LAST_USED_NOTED_MAX {
            assert!(noted.is_due(&format!("AKIA{number}"), at(1_000)));
        }
        assert!(!noted.is_due("AKIALATE", at(1_000)), "there is no room");
        assert_eq!(noted.0.lock().len(), LAST_USED_NOTED_MAX);
        assert!(noted.is_due("AKIALATE", at(4_600)), "the old ones make room");
        assert_eq!(noted.0.lock().len(), 1);
    }
}
