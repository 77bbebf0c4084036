//! The keys of identity providers: fetched when they are needed, and kept for a while.
//!
//! A provider is asked once at a time, and not again within a minute, however many tokens come and
//! whoever of their bearers waits for the answer; only providers that an account has are asked at all.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Deserialize;
use tokio::sync::{OwnedMutexGuard, Semaphore};
use wharfinger_core::Timestamp;
use wharfinger_core::limits::{
    OIDC_FETCH_INTERVAL_SECONDS_MIN, OIDC_FETCHES_AT_ONCE_MAX, OIDC_KEYS_SECONDS_MAX,
    OIDC_KEYS_SECONDS_MIN, OIDC_PROVIDERS_KEPT_MAX,
};

use super::HttpsUrl;
use super::json_web_key::JsonWebKeys;
use crate::Error;

/// The future of a port.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A document of an identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcDocument {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How long it may be kept, if it says so (`Cache-Control: max-age`).
    pub max_age: Option<Duration>,
}

/// Why there is no document. For the log; clients hear that there is none.
#[derive(Debug, thiserror::Error)]
pub enum OidcFetchError {
    /// The address is one that nobody outside may be led to.
    #[error("{0} is not an address that identity providers may have")]
    Forbidden(String),
    /// It cannot be reached, or not in time, or its certificate is not believed.
    #[error("it cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It answers something else than a document.
    #[error("it answers {0}")]
    Status(u16),
    /// The document is too long.
    #[error("the document is longer than {0} bytes")]
    TooLong(usize),
}

/// Where the documents of identity providers come from.
///
/// An implementation bounds the time and the bytes a document may take
/// ([`OIDC_FETCH_SECONDS_MAX`](wharfinger_core::limits::OIDC_FETCH_SECONDS_MAX),
/// [`OIDC_DOCUMENT_BYTES_MAX`](wharfinger_core::limits::OIDC_DOCUMENT_BYTES_MAX)), follows no redirect, and
/// connects only to addresses that are public, or that the operator has let in by name. It answers what
/// comes with status 200.
pub trait OidcDocuments: Send + Sync + 'static {
    /// Fetches a document.
    ///
    /// # Errors
    /// [`OidcFetchError`].
    fn get<'a>(&'a self, url: &'a HttpsUrl) -> BoxFuture<'a, Result<OidcDocument, OidcFetchError>>;
}

/// The keys there are of one provider.
#[derive(Default)]
struct Kept {
    keys: Option<Arc<JsonWebKeys>>,
    /// Until when they may be used.
    until: Timestamp,
    /// When the provider was asked last.
    asked_at: Option<Timestamp>,
}

/// One provider: whoever asks it holds it.
type Slot = Arc<tokio::sync::Mutex<Kept>>;

/// The keys of all providers.
pub(crate) struct ProviderKeys {
    source: Option<Source>,
    slots: Mutex<HashMap<String, Slot>>,
}

/// Where keys come from, a few at a time.
#[derive(Clone)]
struct Source {
    documents: Arc<dyn OidcDocuments>,
    turns: Arc<Semaphore>,
}

/// What counts in the configuration of a provider (OpenID Connect Discovery, section 3).
#[derive(Deserialize)]
struct Configuration {
    issuer: String,
    jwks_uri: String,
}

impl ProviderKeys {
    pub(crate) fn new(documents: Arc<dyn OidcDocuments>) -> Self {
        let turns = Arc::new(Semaphore::new(OIDC_FETCHES_AT_ONCE_MAX));
        Self { source: Some(Source { documents, turns }), slots: Mutex::default() }
    }

    /// With no way to any provider.
    pub(crate) fn unreachable() -> Self {
        Self { source: None, slots: Mutex::default() }
    }

    /// The keys of the provider of this URL (without its scheme), as they were at some time that it
    /// finds good enough.
    ///
    /// # Errors
    /// [`Error::IdpCommunication`].
    pub(crate) async fn get(&self, url: &str, now: Timestamp) -> Result<Arc<JsonWebKeys>, Error> {
        self.keys(url, now, false).await
    }

    /// The keys as they are now, unless the provider was asked just before.
    ///
    /// # Errors
    /// [`Error::IdpCommunication`].
    pub(crate) async fn renew(&self, url: &str, now: Timestamp) -> Result<Arc<JsonWebKeys>, Error> {
        self.keys(url, now, true).await
    }

    async fn keys(
        &self,
        url: &str,
        now: Timestamp,
        renews: bool,
    ) -> Result<Arc<JsonWebKeys>, Error> {
        let mut kept = self.slot(url).lock_owned().await;
        let known = kept.keys.clone().filter(|_| now < kept.until);
        let interval = Duration::from_secs(OIDC_FETCH_INTERVAL_SECONDS_MIN);
        let asked_just_now = kept.asked_at.is_some_and(|at| now < at.plus(interval));
        match known {
            Some(keys) if !renews || asked_just_now => return Ok(keys),
            None if asked_just_now => return Err(unreachable()),
            _ => kept.asked_at = Some(now),
        }
        let source = self.source.clone().ok_or_else(unreachable)?;
        let url = url.to_owned();
        // Who does not wait for the answer must not take it from the others.
        let asking = tokio::spawn(async move { source.ask(kept, &url, now).await });
        asking.await.map_err(|_| unreachable())?
    }

    fn slot(&self, url: &str) -> Slot {
        let mut slots = self.slots.lock();
        if slots.len() >= OIDC_PROVIDERS_KEPT_MAX && !slots.contains_key(url) {
            // Those that are being asked stay, so that none is asked twice at a time.
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(slots.entry(url.to_owned()).or_default())
    }
}

impl Source {
    /// Fetches the keys of a provider, and keeps them.
    async fn ask(
        &self,
        mut kept: OwnedMutexGuard<Kept>,
        url: &str,
        now: Timestamp,
    ) -> Result<Arc<JsonWebKeys>, Error> {
        let (keys, age) = self.fetch(url).await?;
        let age = age.unwrap_or_default().as_secs();
        let age = age.clamp(OIDC_KEYS_SECONDS_MIN, OIDC_KEYS_SECONDS_MAX);
        kept.until = now.plus(Duration::from_secs(age));
        let keys = Arc::new(keys);
        kept.keys = Some(Arc::clone(&keys));
        Ok(keys)
    }

    async fn fetch(&self, url: &str) -> Result<(JsonWebKeys, Option<Duration>), Error> {
        let _turn = self.turns.acquire().await.map_err(|_| unreachable())?;
        let issuer = format!("https://{url}");
        let get = async |text: &str| {
            let url =
                HttpsUrl::parse(text).ok_or_else(|| refused(&issuer, "a URL is malformed"))?;
            let document = self.documents.get(&url).await;
            document.map_err(|error| {
                tracing::warn!(issuer, %url, error = %causes(&error), "identity provider failed");
                unreachable()
            })
        };
        let place = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let configuration: Configuration = serde_json::from_slice(&get(&place).await?.bytes)
            .map_err(|_| refused(&issuer, "its configuration is malformed"))?;
        if configuration.issuer != issuer {
            return Err(refused(&issuer, "its configuration is of another issuer"));
        }
        let document = get(&configuration.jwks_uri).await?;
        let keys = JsonWebKeys::parse(&document.bytes);
        let keys = keys.ok_or_else(|| refused(&issuer, "its keys are malformed"))?;
        Ok((keys, document.max_age))
    }
}

fn refused(issuer: &str, error: &'static str) -> Error {
    tracing::warn!(issuer, error, "identity provider failed");
    unreachable()
}

fn unreachable() -> Error {
    Error::IdpCommunication(
        "The identity provider could not be reached, or did not give its keys.".into(),
    )
}

/// An error with its sources in one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
