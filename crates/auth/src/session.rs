//! Sessions of STS: temporary credentials, and the token that proves that its bearer was given all
//! of them.
//!
//! The token names the key it goes with and nothing else: what holds for a session stands in its
//! row. Layout before sealing: version (1) ‖ length of the key's id (1) ‖ the id ‖ random bytes,
//! which make it as long as clients expect.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wharfinger_core::limits::{SESSION_TOKEN_CHARS, SESSION_TOKEN_CHARS_MAX};
use wharfinger_core::{AccountId, Secret, Timestamp};
use wharfinger_metadata::session::SessionRow;
use wharfinger_metadata::{MetadataError, Tx, role, user};

use crate::seal::SEALED_BYTES_MORE;
use crate::{Auth, Principal, PrincipalKind, SessionFacts};

/// What the ids of temporary keys begin with.
pub(crate) const TEMPORARY_PREFIX: &str = "ASIA";
const VERSION: u8 = 1;
const AAD: &[u8] = b"wharfinger session token 1";

/// What a session is of, by the unique id of its issuer; none for the root of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionIssuer {
    /// A role that was assumed.
    Role(String),
    /// A user (or the root) who asked for credentials of its own.
    User(Option<String>),
    /// A user (or the root) who asked for credentials for somebody else.
    Federation(Option<String>),
}

/// A session that is to be.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The account it is in.
    pub account: AccountId,
    /// What it is of.
    pub issuer: SessionIssuer,
    /// The name it was given; empty for a user's own.
    pub session_name: String,
    /// How long it is good for.
    pub seconds: u32,
    /// What else holds for it. Its times are not looked at.
    pub facts: SessionFacts,
    /// Characters of its token at the least; a token has [`SESSION_TOKEN_CHARS_MAX`] at the most.
    pub token_chars_min: usize,
}

/// Temporary credentials, which are shown once.
#[derive(Clone, Debug)]
pub struct TemporaryCredentials {
    /// `ASIA…`.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: Secret<String>,
    /// What goes with each request that is signed with the secret.
    pub session_token: Secret<String>,
    /// When they end, in whole seconds.
    pub expires_at: Timestamp,
}

impl SessionIssuer {
    fn into_row(self) -> (&'static str, Option<String>) {
        match self {
            Self::Role(id) => ("role", Some(id)),
            Self::User(id) => ("user", id),
            Self::Federation(id) => ("federated", id),
        }
    }
}

impl Auth {
    /// Makes temporary credentials, and the row that has to be stored for them to be good: whoever
    /// asks for them does that beside its own checks. `None` only if the crypto provider fails.
    pub fn open_session(&self, new: NewSession) -> Option<(TemporaryCredentials, SessionRow)> {
        let (key, secret_sealed) = self.new_key(TEMPORARY_PREFIX)?;
        let issued_at = Timestamp::from_seconds(self.now().seconds());
        let expires_at = issued_at.plus(Duration::from_secs(new.seconds.into()));
        let (kind, issuer_id) = new.issuer.into_row();
        let row = SessionRow {
            access_key_id: key.access_key_id.clone(),
            account: new.account,
            kind: kind.into(),
            issuer_id,
            session_name: new.session_name,
            secret_sealed,
            facts: serde_json::to_string(&new.facts).ok()?,
            issued_at,
            expires_at,
        };
        let session_token = self.session_token(&key.access_key_id, new.token_chars_min)?;
        let credentials = TemporaryCredentials {
            access_key_id: key.access_key_id,
            secret_access_key: key.secret_access_key,
            session_token,
            expires_at,
        };
        Some((credentials, row))
    }

    /// A token for a temporary key. Each is another one, and all of them are good.
    pub(crate) fn session_token(&self, key_id: &str, chars_min: usize) -> Option<Secret<String>> {
        let chars = chars_min.clamp(SESSION_TOKEN_CHARS, SESSION_TOKEN_CHARS_MAX);
        // Four characters are three bytes.
        let mut plain = vec![0; (chars * 3).div_ceil(4) - SEALED_BYTES_MORE];
        self.entropy().fill(&mut plain);
        let id = key_id.as_bytes();
        plain[0] = VERSION;
        plain[1] = u8::try_from(id.len()).ok()?;
        plain.get_mut(2..2 + id.len())?.copy_from_slice(id);
        let sealed = self.token_key().seal(self.entropy(), AAD, &plain)?;
        Some(Secret::new(URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// Whether a token was given out with the temporary key of this id.
    pub(crate) fn goes_with(&self, token: &str, key_id: &str) -> bool {
        if token.len() > SESSION_TOKEN_CHARS_MAX {
            return false;
        }
        let Ok(sealed) = URL_SAFE_NO_PAD.decode(token) else { return false };
        let plain = self.token_key().open(AAD, &sealed);
        plain.is_some_and(|plain| named(&plain) == Some(key_id.as_bytes()))
    }
}

/// The key that an opened token names.
fn named(plain: &[u8]) -> Option<&[u8]> {
    let (&[version, length], rest) = plain.split_first_chunk::<2>()?;
    rest.get(..usize::from(length)).filter(|_| version == VERSION)
}

/// Whose a session is; `None` if the role or the user that it is of is gone.
pub(crate) async fn principal(
    tx: &mut Tx,
    row: &SessionRow,
) -> Result<Option<Principal>, MetadataError> {
    let Some(kind) = kind(tx, row).await? else { return Ok(None) };
    let facts: SessionFacts = serde_json::from_str(&row.facts)
        .map_err(|error| MetadataError::BadValue { column: 6, what: error.to_string() })?;
    let session =
        Some(SessionFacts { issued_at: row.issued_at, expires_at: row.expires_at, ..facts });
    let access_key_id = row.access_key_id.clone();
    Ok(Some(Principal { account: row.account, kind, access_key_id, session }))
}

async fn kind(tx: &mut Tx, row: &SessionRow) -> Result<Option<PrincipalKind>, MetadataError> {
    let session_name = row.session_name.clone();
    match (row.kind.as_str(), &row.issuer_id) {
        ("role", Some(id)) => Ok(role::find_by_id(tx, id).await?.map(|role| {
            let (role_id, role_name, path) = (role.role_id, role.role_name, role.path);
            PrincipalKind::AssumedRole { role_id, role_name, path, session_name }
        })),
        ("user", None) => Ok(Some(PrincipalKind::Root)),
        ("user", Some(id)) => Ok(user::find_by_id(tx, id).await?.map(|user| {
            let (user_id, user_name, path) = (user.user_id, user.user_name, user.path);
            PrincipalKind::User { user_id, user_name, path }
        })),
        ("federated", issuer) => {
            let (name, user_id) = (session_name, issuer.clone());
            Ok(Some(PrincipalKind::FederatedUser { name, user_id }))
        }
        (kind, _) => {
            let what = format!("a session of the kind {kind}");
            Err(MetadataError::BadValue { column: 2, what })
        }
    }
}
