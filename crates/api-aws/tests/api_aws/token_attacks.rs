//! Tokens that somebody made, altered, stole or kept too long: each is refused with the right code, and
//! none is written to the log.

mod web_identity;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use wharfinger_auth::{AccessKey, Auth, AuthKeys, NewSession, SessionFacts, SessionIssuer};
use wharfinger_core::{Secret, SeededEntropy};
use wharfinger_metadata::role;

use crate::temporary::Session;
use crate::world::{ACCOUNT, World};

/// What is logged: the level and the text of each event.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(Level, String)>>>);

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0 += &format!(" {field}={value:?}");
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        self.0.lock().push((*event.metadata().level(), text.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Log {
    /// Nothing that anyone is told, and of secrets nothing at all.
    #[track_caller]
    fn tells_nothing(&self, attack: &str, secrets: &[&str]) {
        for (level, text) in std::mem::take(&mut *self.0.lock()) {
            assert!(level > Level::INFO, "{attack}: {text}");
            for secret in secrets.iter().filter(|secret| secret.len() > 20) {
                assert!(!text.contains(secret), "{attack}: {text}");
            }
        }
    }
}

fn everything() -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
    ] })
}

fn trust(principal: Value, action: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": principal, "Action": action },
    ] })
}

/// The user `ci`, a role that it may assume, and a session of that.
async fn session_of_role(world: &World) -> (AccessKey, String, Session) {
    let key = world.user("ci", everything()).await;
    let ci = format!("arn:aws:iam::{ACCOUNT}:user/ci");
    let role =
        world.role(ACCOUNT, "r", trust(json!({ "AWS": ci }), "sts:AssumeRole"), everything());
    let role = role.await;
    let session = world.assume(&key, &role).await;
    (key, role, session)
}

/// A session token of another installation.
fn foreign_token(world: &World) -> String {
    let keys = AuthKeys { token_key: Secret::new([9; 32]), secret_key: Secret::new([3; 32]) };
    let entropy = Arc::new(SeededEntropy::new(8));
    let auth = Auth::new(world.metadata.clone(), world.clock.clone(), entropy, &keys).unwrap();
    let new = NewSession {
        account: ACCOUNT.parse().unwrap(),
        issuer: SessionIssuer::User(None),
        session_name: String::new(),
        seconds: 3_600,
        facts: SessionFacts::default(),
        token_chars_min: 0,
    };
    auth.open_session(new).unwrap().0.session_token.expose().clone()
}

/// The text with the character at `at` replaced by another one.
fn altered(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}

const INVALID: (&str, &str, &str) = (
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "The security token included in the request is invalid.",
);

/// Sends a request to ECR and one to STS with these credentials; both must be refused like this.
async fn refused_by_both(
    world: &World,
    log: &Log,
    attack: &str,
    key: &AccessKey,
    token: Option<&str>,
    (json, query, message): (&str, &str, &str),
) {
    let reply = world.send(world.ecr("DescribeRepositories", "{}").sign_with(key, token)).await;
    assert_eq!(reply.refused(json), message, "{attack}");
    let draft = world.sts("Action=GetCallerIdentity&Version=2011-06-15");
    let reply = world.send(draft.sign_with(key, token)).await;
    assert_eq!(reply.refused_query(403, query), message, "{attack}");
    let secrets = [key.secret_access_key.expose().as_str(), token.unwrap_or_default()];
    log.tells_nothing(attack, &secrets);
}

#[tokio::test]
async fn session_tokens_that_are_not_the_keys_own() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let world = World::new().await;
    let (user, role, session) = session_of_role(&world).await;
    let second = world.assume(&user, &role).await;
    let foreign = foreign_token(&world);
    let (key, token) = (&session.key, session.token.as_str());
    let length = token.len();
    let authorization = world.call_in(&session, "GetAuthorizationToken", json!({})).await.ok();
    let login = authorization["authorizationData"][0]["authorizationToken"].as_str().unwrap();
    let account = ACCOUNT.parse().unwrap();
    let message = world.auth.encode_authorization_message(&account, "{}").unwrap();
    let long = "A".repeat(5_000);
    let beyond = "A".repeat(17_000);
    let in_standard_letters = token.replace('-', "+").replace('_', "/");
    assert_ne!(in_standard_letters, token, "the seed gives one that differs");
    let mut attacks: Vec<(String, Option<String>)> = vec![
        ("no token".into(), None),
        ("an empty token".into(), Some(String::new())),
        ("the token of another session".into(), Some(second.token.clone())),
        ("the token of another installation".into(), Some(foreign)),
        ("the token of a login".into(), Some(login.into())),
        ("an encoded message".into(), Some(message)),
        ("its own id".into(), Some(key.access_key_id.clone())),
        ("without its end".into(), Some(token[..length - 1].into())),
        ("without its beginning".into(), Some(token[1..].into())),
        ("half of it".into(), Some(token[..length / 2].into())),
        ("twice".into(), Some(format!("{token}{token}"))),
        ("one character more".into(), Some(format!("{token}A"))),
        ("padded".into(), Some(format!("{token}=="))),
        ("in other letters".into(), Some(in_standard_letters)),
        ("in capitals".into(), Some(token.to_uppercase())),
        ("long".into(), Some(long)),
        ("too long".into(), Some(beyond)),
        ("not base64".into(), Some("%%%".into())),
    ];
    // The nonce (16 characters), the version, the id's length, the id, what fills it up, the tag.
    for at in [
        0,
        7,
        15,
        16,
        18,
        20,
        30,
        41,
        42,
        43,
        100,
        length / 2,
        length - 23,
        length - 22,
        length - 10,
        length - 1,
    ] {
        attacks.push((format!("altered at {at}"), Some(altered(token, at))));
    }
    for (attack, token) in &attacks {
        refused_by_both(&world, &log, attack, key, token.as_deref(), INVALID).await;
    }
    assert!(attacks.len() >= 34);
    world.call_in(&session, "DescribeRepositories", json!({})).await.ok();
}

#[tokio::test]
async fn keys_that_do_not_go_with_tokens() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let world = World::new().await;
    let (user, _, session) = session_of_role(&world).await;
    let with = |id: &str, secret: &AccessKey| AccessKey {
        access_key_id: id.into(),
        secret_access_key: secret.secret_access_key.clone(),
    };
    let (id, token) = (session.key.access_key_id.as_str(), Some(session.token.as_str()));
    let wrong_secret = (
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your \
         AWS Secret Access Key and signing method. Consult the service documentation for details.",
    );
    let guess = AccessKey { access_key_id: id.into(), secret_access_key: Secret::new("x".into()) };
    let as_user = with(&id.replace("ASIA", "AKIA"), &session.key);
    let lower = with(&id.to_lowercase(), &session.key);
    let unknown = with("ASIAUNKNOWNUNKNOWN00", &session.key);
    for (attack, key, token, refusal) in [
        ("a long-lived key with a token", &user, token, INVALID),
        (
            "a long-lived key with the secret of a session",
            &with(&user.access_key_id, &session.key),
            None,
            wrong_secret,
        ),
        ("a session's key with the secret of a user", &with(id, &user), token, wrong_secret),
        ("a guessed secret", &guess, token, wrong_secret),
        ("the id of a long-lived key", &as_user, token, INVALID),
        ("an id in small letters", &lower, token, INVALID),
        ("an id that nobody has", &unknown, token, INVALID),
    ] {
        refused_by_both(&world, &log, attack, key, token, refusal).await;
    }
    // The signature covers the token, and there is one of it.
    let draft = || world.ecr("DescribeRepositories", "{}");
    let mut request = draft().sign_with(&session.key, token);
    request.headers_mut().append("x-amz-security-token", session.token.parse().unwrap());
    world.send(request).await.refused("IncompleteSignatureException");
    let mut unsigned = draft().sign(&session.key);
    unsigned.headers_mut().insert("x-amz-security-token", session.token.parse().unwrap());
    world.send(unsigned).await.refused("InvalidSignatureException");
    let mut elsewhere = draft();
    elsewhere.service = "sts";
    let request = elsewhere.sign_with(&session.key, token);
    world.send(request).await.refused("InvalidSignatureException");
    log.tells_nothing("headers", &[&session.token]);
}

#[tokio::test]
async fn sessions_whose_time_role_or_user_is_over() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let world = World::new().await;
    let account = ACCOUNT.parse().unwrap();
    let (user, _, session) = session_of_role(&world).await;
    let own = Session::of(&world.sts_as(&user, "Action=GetSessionToken").await);
    let federated = "Action=GetFederationToken&Name=bob&DurationSeconds=129600";
    let federated = Session::of(&world.sts_as(&user, federated).await);
    let over = (
        "ExpiredTokenException",
        "ExpiredToken",
        "The security token included in the request is expired",
    );
    world.clock.advance(Duration::from_secs(3_600));
    let refused = async |attack: &str, session: &Session, refusal| {
        let token = Some(session.token.as_str());
        refused_by_both(&world, &log, attack, &session.key, token, refusal).await;
    };
    refused("expired", &session, over).await;
    let guess = Secret::new("guess".to_owned());
    let with_guess = Session {
        key: AccessKey { secret_access_key: guess, ..session.key.clone() },
        token: session.token.clone(),
    };
    refused("expired, with a guessed secret", &with_guess, over).await;
    let token = altered(&session.token, 50);
    refused("expired, altered", &Session { token, ..session.clone() }, INVALID).await;

    let role = format!("arn:aws:iam::{ACCOUNT}:role/ci/r");
    let session = world.assume(&user, &role).await;
    world.call_in(&session, "DescribeRepositories", json!({})).await.ok();
    let row = world.role_row("r").await;
    world.delete_role("r").await;
    refused("its role is gone", &session, INVALID).await;
    world.clock.advance(Duration::from_secs(1));
    let ci = json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:user/ci") });
    world.role(ACCOUNT, "r", trust(ci, "sts:AssumeRole"), everything()).await;
    assert_ne!(world.role_row("r").await.role_id, row.role_id);
    refused("its role was made again", &session, INVALID).await;
    world.assume(&user, &role).await;

    world.people.set_access_key_active(account, &user.access_key_id, false).await.unwrap();
    refused_by_both(&world, &log, "a key that is off", &user, None, INVALID).await;
    world.call_in(&own, "DescribeRepositories", json!({})).await.ok();
    world.people.delete_user(account, "ci").await.unwrap();
    refused("its user is gone", &own, INVALID).await;
    refused("the user behind it is gone", &federated, INVALID).await;
    world.user("ci", everything()).await;
    refused("its user was made again", &own, INVALID).await;
    refused("the user behind it was made again", &federated, INVALID).await;
}

impl World {
    async fn delete_role(&self, name: &'static str) {
        let id = self.role_row(name).await.role_id;
        self.write(move |tx| Box::pin(async move { role::delete(tx, &id).await })).await;
    }

    async fn role_row(&self, name: &'static str) -> role::RoleRow {
        let found: Result<_, wharfinger_metadata::MetadataError> = self
            .metadata
            .read(move |tx| {
                Box::pin(async move { role::find(tx, &ACCOUNT.parse().unwrap(), name).await })
            })
            .await;
        found.unwrap().unwrap()
    }
}
