//! What a token says whose signature is proved: for whom it is, until when, and what policies may
//! ask of it (IAM user guide, "Available keys for AWS OIDC federation").

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use wharfinger_auth::trust::{self, AssumedRole};
use wharfinger_auth::{Caller, call_keys};
use wharfinger_core::Timestamp;
use wharfinger_core::limits::OIDC_SKEW_SECONDS_MAX;
use wharfinger_iam_policy::ContextKeys;
use wharfinger_metadata::oidc_provider::OidcProviderRow;

use super::ASSUME_ROLE_WITH_WEB_IDENTITY;
use crate::{Error, RoleSessionRequest, Tags};

/// Characters of a subject that is still one.
const SUBJECT_CHARS_MAX: usize = 255;
/// The claim with which a provider gives session tags.
const TAGS_CLAIM: &str = "https://aws.amazon.com/tags";
/// The claim with which a provider says who is behind a session.
const SOURCE_IDENTITY_CLAIM: &str = "https://aws.amazon.com/source_identity";
/// The providers whose further claims policies may ask for, with these.
const FURTHER_CLAIMS: [(&str, &[&str]); 1] = [(
    "token.actions.githubusercontent.com",
    &[
        "actor",
        "actor_id",
        "base_ref",
        "enterprise",
        "enterprise_id",
        "environment",
        "event_name",
        "head_ref",
        "job_workflow_ref",
        "ref",
        "ref_type",
        "repository",
        "repository_id",
        "repository_owner",
        "repository_owner_id",
        "repository_visibility",
        "runner_environment",
        "workflow",
        "workflow_ref",
    ],
)];

/// Whom a provider vouches for.
pub(super) struct VerifiedIdentity {
    pub(super) subject: String,
    pub(super) audience: String,
    /// The URL of the provider without its scheme, with which its condition keys begin.
    url: String,
    claims: Map<String, Value>,
}

/// The claim [`TAGS_CLAIM`].
#[derive(Default, Deserialize)]
struct TagsClaim {
    #[serde(default)]
    principal_tags: Map<String, Value>,
    #[serde(default)]
    transitive_tag_keys: Vec<String>,
}

impl VerifiedIdentity {
    /// Checks the claims of a token of a provider: its times, and for whom it was made.
    ///
    /// # Errors
    /// [`Error::InvalidIdentityToken`], [`Error::ExpiredToken`].
    pub(super) fn new(
        claims: Map<String, Value>,
        provider: &OidcProviderRow,
        now: Timestamp,
    ) -> Result<Self, Error> {
        check_times(&claims, now)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let fits = |text: &&str| (1..=SUBJECT_CHARS_MAX).contains(&text.chars().count());
        let subject = text("sub").filter(fits).ok_or_else(|| missing("sub"))?.to_owned();
        let client_ids: Vec<String> = serde_json::from_str(&provider.client_ids)
            .map_err(|error| Error::Internal(format!("client ids of a provider: {error}")))?;
        let audience = text("azp")
            .into_iter()
            .chain(texts(claims.get("aud")))
            .find(|audience| client_ids.iter().any(|id| id == audience));
        let Some(audience) = audience.map(str::to_owned) else {
            return Err(match claims.contains_key("aud") {
                true => Error::InvalidIdentityToken("Incorrect token audience".into()),
                false => missing("aud"),
            });
        };
        Ok(Self { subject, audience, url: provider.url.clone(), claims })
    }

    /// What is asked for, with the tags and the source identity that the provider gives.
    ///
    /// # Errors
    /// [`Error::InvalidIdentityToken`] for claims of another form, and what
    /// [`SessionScope::new`](crate::SessionScope::new) refuses.
    pub(super) fn complete(&self, asked: RoleSessionRequest) -> Result<RoleSessionRequest, Error> {
        let malformed =
            |name: &str| Error::InvalidIdentityToken(format!("Malformed claim: {name}"));
        let claim: TagsClaim = match self.claims.get(TAGS_CLAIM) {
            None => TagsClaim::default(),
            // A list would be read by the places of its elements.
            Some(Value::Object(claim)) => {
                TagsClaim::deserialize(claim).map_err(|_| malformed(TAGS_CLAIM))?
            }
            Some(_) => return Err(malformed(TAGS_CLAIM)),
        };
        let mut tags = Tags::new();
        for (key, value) in &claim.principal_tags {
            let mut values = texts(Some(value));
            match (values.next(), values.next()) {
                (Some(value), None) => tags.push((key.clone(), value.to_owned())),
                _ => return Err(malformed(TAGS_CLAIM)),
            }
        }
        let scope = asked.scope.with_tags(tags, claim.transitive_tag_keys)?;
        let source_identity = match self.claims.get(SOURCE_IDENTITY_CLAIM) {
            None => None,
            Some(Value::String(text)) if is_source_identity(text) => Some(text.clone()),
            Some(_) => return Err(malformed(SOURCE_IDENTITY_CLAIM)),
        };
        Ok(RoleSessionRequest { scope, source_identity, ..asked })
    }

    /// The condition keys of the provider.
    fn keys(&self, provider_arn: &str, session: &RoleSessionRequest) -> ContextKeys {
        let RoleSessionRequest { session_name, scope, source_identity, .. } = session;
        let source_identity = source_identity.as_deref();
        let mut keys = call_keys::assume_role(
            session_name,
            None,
            source_identity,
            scope.tags(),
            scope.transitive_tag_keys(),
        );
        let mut insert = |name: &str, values: Vec<String>| {
            keys.insert_all(&format!("{}:{name}", self.url), values);
        };
        insert("aud", vec![self.audience.clone()]);
        insert("sub", vec![self.subject.clone()]);
        if let Some(amr) = self.claims.get("amr") {
            insert("amr", texts(Some(amr)).map(str::to_owned).collect());
        }
        let further = FURTHER_CLAIMS.iter().find(|(url, _)| *url == self.url);
        for name in further.map_or(&[][..], |(_, names)| names) {
            if let Some(Value::String(text)) = self.claims.get(*name) {
                insert(name, vec![text.clone()]);
            }
        }
        keys.insert("aws:FederatedProvider", provider_arn);
        keys
    }
}

/// Whether the role trusts the provider's word about this subject, and lets it have the tags and the
/// source identity of its token.
///
/// # Errors
/// [`Error::RoleRefused`], for a role that is not there as well.
pub(super) fn check_trust(
    anonymous: &Caller,
    role: &AssumedRole<'_>,
    identity: &VerifiedIdentity,
    provider_arn: &str,
    session: &RoleSessionRequest,
) -> Result<(), Error> {
    let keys = identity.keys(provider_arn, session);
    for action in session.actions(ASSUME_ROLE_WITH_WEB_IDENTITY) {
        trust::may_federate(anonymous, provider_arn, role, action, &keys).map_err(|denied| {
            let message = format!("Not authorized to perform {ASSUME_ROLE_WITH_WEB_IDENTITY}");
            Error::RoleRefused { message, denied }
        })?;
    }
    Ok(())
}

/// `sts:SourceIdentity` as the model has it.
fn is_source_identity(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    (2..=64).contains(&text.len()) && text.bytes().all(fits)
}

fn check_times(claims: &Map<String, Value>, now: Timestamp) -> Result<(), Error> {
    let skew = Duration::from_secs(OIDC_SKEW_SECONDS_MAX);
    let expires_at = time(claims, "exp")?.ok_or_else(|| missing("exp"))?;
    let issued_at = time(claims, "iat")?.ok_or_else(|| missing("iat"))?;
    if now >= expires_at.plus(skew) {
        return Err(Error::ExpiredToken(format!(
            "Token expired: current date/time {} must be before the expiration date/time {}",
            now.seconds(),
            expires_at.seconds()
        )));
    }
    let not_before = time(claims, "nbf")?.unwrap_or(issued_at);
    if issued_at.max(not_before) > now.plus(skew) {
        let text = "The ID Token provided is not valid yet.";
        return Err(Error::InvalidIdentityToken(text.into()));
    }
    Ok(())
}

/// A claim in seconds since the epoch.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, Error> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    #[expect(clippy::cast_possible_truncation, reason = "a fraction of a second counts nothing")]
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64));
    let malformed = || Error::InvalidIdentityToken(format!("Malformed claim: {name}"));
    seconds.map(Timestamp::from_seconds).map(Some).ok_or_else(malformed)
}

/// The texts of a claim that is one, or a list of them.
fn texts(claim: Option<&Value>) -> impl Iterator<Item = &str> {
    let list = claim.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    claim.and_then(Value::as_str).into_iter().chain(list.iter().filter_map(Value::as_str))
}

fn missing(name: &str) -> Error {
    Error::InvalidIdentityToken(format!("Missing a required claim: {name}"))
}
