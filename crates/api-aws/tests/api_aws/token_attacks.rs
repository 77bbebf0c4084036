//! Tokens that somebody made, altered, stole or kept too long: each is refused with the right code, and
//! none is written to the log.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use wharfinger_auth::AccessKey;
use wharfinger_core::{Clock, Secret};
use wharfinger_metadata::{oidc_provider, role};

use crate::providers::{AUDIENCE, ISSUER, ProviderKey, compact, encode};
use crate::temporary::Session;
use crate::world::{ACCOUNT, Reply, World};

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
    let elsewhere = World::with_keys([9; 32]).await;
    let foreign = session_of_role(&elsewhere).await.2;
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
        ("the token of another installation".into(), Some(foreign.token.clone())),
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

    world.auth.set_access_key_active(account, &user.access_key_id, false).await.unwrap();
    refused_by_both(&world, &log, "a key that is off", &user, None, INVALID).await;
    world.call_in(&own, "DescribeRepositories", json!({})).await.ok();
    world.auth.delete_user(account, "ci").await.unwrap();
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

/// A provider with its key, a role that trusts it, and attackers.
struct Federation {
    world: World,
    log: Log,
    key: ProviderKey,
    role: String,
}

impl Federation {
    async fn new(key: ProviderKey) -> Self {
        let world = World::new().await;
        world.provider(ACCOUNT, ISSUER).await;
        world.providers.publish(ISSUER, &[&key.jwk()]);
        let provider = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}");
        let mut trust = trust(json!({ "Federated": provider }), "sts:AssumeRoleWithWebIdentity");
        trust["Statement"][0]["Condition"] =
            json!({ "StringEquals": { format!("{ISSUER}:sub"): "project:app:main" } });
        let role = world.role(ACCOUNT, "deploy", trust, everything()).await;
        Self { world, log: Log::default(), key, role }
    }

    async fn send(&self, token: &str) -> Reply {
        let form = format!(
            "Action=AssumeRoleWithWebIdentity&RoleSessionName=job&RoleArn={}&WebIdentityToken={token}",
            self.role
        );
        self.world.sts_unsigned(&form).await
    }

    async fn refused(&self, attack: &str, token: &str, status: u16, code: &str) {
        let reply = self.send(token).await;
        let text = reply.text().to_owned();
        assert!(text.contains(&format!("<Code>{code}</Code>")), "{attack}: {text}");
        reply.refused_query(status, code);
        self.log.tells_nothing(attack, &[token]);
    }

    /// The claims with one of them another one, or without it.
    fn claims(&self, name: &str, value: Value) -> Value {
        let mut claims = self.world.claims();
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value,
        }
        claims
    }
}

#[tokio::test]
async fn web_identity_tokens_whose_signature_is_not_the_providers() {
    let it = Federation::new(ProviderKey::rsa("one")).await;
    let _guard = tracing::subscriber::set_default(it.log.clone());
    let claims = it.world.claims();
    let good = it.key.token(&claims);
    Session::of(&it.send(&good).await);
    let [header, body, signature] = good.splitn(3, '.').collect::<Vec<_>>()[..] else { panic!() };
    let attacker = ProviderKey::rsa("one");
    let stranger = ProviderKey::rsa("two");
    let curve = ProviderKey::p256("one");
    let modulus = it.key.jwk()["n"].as_str().unwrap().to_owned();
    let hmac_with = |secret: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let header = json!({ "alg": "HS256", "kid": "one" });
        compact(&header, &claims, |message| hmac::sign(&key, message).as_ref().to_vec())
    };
    let headed = |header: Value| it.key.token_with(&header, &claims);
    let by_attacker = |header: Value| attacker.token_with(&header, &claims);
    let unsigned = |algorithm: &str| {
        compact(&json!({ "alg": algorithm, "kid": "one" }), &claims, |_| Vec::new())
    };
    let other_claims = encode(it.claims("sub", json!("project:app:admin")).to_string().as_bytes());
    let zeros = compact(&json!({ "alg": "RS256", "kid": "one" }), &claims, |_| vec![0; 256]);
    let attacks = [
        ("no algorithm", unsigned("none")),
        ("no algorithm, in other letters", unsigned("NoNe")),
        ("an algorithm without signature", unsigned("RS256")),
        ("an empty algorithm", unsigned("")),
        ("HMAC with the public key", hmac_with(modulus.as_bytes())),
        ("HMAC with the set of keys", hmac_with(it.key.jwk().to_string().as_bytes())),
        ("HMAC with nothing", hmac_with(b"")),
        ("PSS, which STS does not take", headed(json!({ "alg": "PS256", "kid": "one" }))),
        (
            "another hash than was signed",
            format!("{}.{body}.{signature}", encode(br#"{"alg":"RS512","kid":"one"}"#)),
        ),
        ("another key of the same id", attacker.token(&claims)),
        ("a key that nobody knows", stranger.token(&claims)),
        ("a curve's key of the same id", curve.token(&claims)),
        ("an id that is a path", headed(json!({ "alg": "RS256", "kid": "../../../dev/null" }))),
        ("an id that is SQL", headed(json!({ "alg": "RS256", "kid": "x' OR 1=1 --" }))),
        ("an id that is a number", headed(json!({ "alg": "RS256", "kid": 1 }))),
        ("an id in other letters", headed(json!({ "alg": "RS256", "kid": "ONE" }))),
        (
            "a key that it brings along",
            by_attacker(json!({ "alg": "RS256", "kid": "one", "jwk": attacker.jwk() })),
        ),
        (
            "keys elsewhere",
            by_attacker(
                json!({ "alg": "RS256", "kid": "one", "jku": "https://evil.example/keys" }),
            ),
        ),
        (
            "a certificate elsewhere",
            by_attacker(json!({ "alg": "RS256", "kid": "one", "x5u": "https://evil.example/x" })),
        ),
        (
            "what must be understood",
            headed(json!({ "alg": "RS256", "kid": "one", "crit": ["exp"] })),
        ),
        ("other claims", format!("{header}.{other_claims}.{signature}")),
        ("an altered signature", format!("{header}.{body}.{}", altered(signature, 20))),
        (
            "an altered beginning of the signature",
            format!("{header}.{body}.{}", altered(signature, 0)),
        ),
        ("half a signature", format!("{header}.{body}.{}", &signature[..100])),
        ("a longer signature", format!("{header}.{body}.{signature}AAAA")),
        ("an empty signature", format!("{header}.{body}.")),
        ("zeros", zeros),
        ("no signature", format!("{header}.{body}")),
        ("four parts", format!("{good}.x")),
        ("five parts, as if it were encrypted", format!("{good}.x.y")),
        ("parts in another order", format!("{body}.{header}.{signature}")),
        ("padding", format!("{header}=.{body}=.{signature}=")),
        ("blanks", format!("%20{good}")),
        ("an access token", "gho_16C7e42F292c6912E7710c838347Ae178B4a".into()),
        ("dots", "....".into()),
        ("claims that are a list", format!("{header}.{}.{signature}", encode(b"[]"))),
        ("a header that is none", format!("{}.{body}.{signature}", encode(b"{}"))),
        ("a long one", format!("{header}.{}.{signature}", "A".repeat(19_000))),
        ("deep JSON", format!("{header}.{}.{signature}", encode("[".repeat(9_000).as_bytes()))),
    ];
    for (attack, token) in &attacks {
        it.refused(attack, token, 400, "InvalidIdentityToken").await;
    }
    assert!(attacks.len() >= 39);
    it.refused("a huge one", &"A".repeat(20_001), 400, "ValidationError").await;
    Session::of(&it.send(&good).await);
}

#[tokio::test]
async fn web_identity_tokens_that_say_something_else() {
    let it = Federation::new(ProviderKey::p256("one")).await;
    let _guard = tracing::subscriber::set_default(it.log.clone());
    let now = it.world.clock.now().seconds();
    let issuer = |text: &str| it.claims("iss", json!(text));
    let invalid = (400, "InvalidIdentityToken");
    let expired = (400, "ExpiredTokenException");
    let denied = (403, "AccessDenied");
    for (attack, claims, (status, code)) in [
        ("another issuer", issuer("https://evil.example"), invalid),
        ("an issuer with a slash", issuer(&format!("https://{ISSUER}/")), invalid),
        ("an issuer in clear", issuer(&format!("http://{ISSUER}")), invalid),
        ("an issuer without a scheme", issuer(ISSUER), invalid),
        ("an issuer in capitals", issuer(&format!("https://{}", ISSUER.to_uppercase())), invalid),
        ("an issuer above", issuer("https://gitlab.example"), invalid),
        ("an issuer with a user", issuer(&format!("https://evil@{ISSUER}")), invalid),
        ("no issuer", it.claims("iss", Value::Null), invalid),
        ("a list of issuers", it.claims("iss", json!([format!("https://{ISSUER}")])), invalid),
        ("for somebody else", it.claims("aud", json!("https://vault.example")), invalid),
        ("for nobody", it.claims("aud", Value::Null), invalid),
        ("for an empty list", it.claims("aud", json!([])), invalid),
        ("for something like us", it.claims("aud", json!(format!("{AUDIENCE}.evil"))), invalid),
        ("of nobody", it.claims("sub", Value::Null), invalid),
        ("of an empty subject", it.claims("sub", json!("")), invalid),
        ("of a number", it.claims("sub", json!(7)), invalid),
        ("of a long subject", it.claims("sub", json!("x".repeat(256))), invalid),
        ("of another project", it.claims("sub", json!("project:app:mainx")), denied),
        ("of a pattern", it.claims("sub", json!("*")), denied),
        ("of other letters", it.claims("sub", json!("Project:app:main")), denied),
        ("over since five minutes", it.claims("exp", json!(now - 300)), expired),
        ("over since long", it.claims("exp", json!(0)), expired),
        ("over before time began", it.claims("exp", json!(-1.0e300)), expired),
        ("without an end", it.claims("exp", Value::Null), invalid),
        ("until some text", it.claims("exp", json!("tomorrow")), invalid),
        ("without a beginning", it.claims("iat", Value::Null), invalid),
        ("from the future", it.claims("iat", json!(now + 301)), invalid),
        ("not valid yet", it.claims("nbf", json!(now + 301)), invalid),
        ("valid from a text on", it.claims("nbf", json!("now")), invalid),
    ] {
        it.refused(attack, &it.key.token(&claims), status, code).await;
    }
    for (good, claims) in [
        ("over just now", it.claims("exp", json!(now - 299))),
        ("a clock that is ahead", it.claims("nbf", json!(now + 300))),
        ("for several", it.claims("aud", json!(["x", AUDIENCE]))),
        ("for somebody on behalf of us", it.claims("azp", json!("another"))),
    ] {
        let reply = it.send(&it.key.token(&claims)).await;
        assert_eq!(reply.status, 200, "{good}: {}", reply.text());
    }
}

#[tokio::test]
async fn web_identity_tokens_where_nobody_trusts_them() {
    let it = Federation::new(ProviderKey::p256("one")).await;
    let _guard = tracing::subscriber::set_default(it.log.clone());
    let good = it.key.token(&it.world.claims());
    let (world, denied) = (&it.world, (403, "AccessDenied"));
    let provider = |issuer: &str| json!({ "Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}") });
    let web = "sts:AssumeRoleWithWebIdentity";
    let everyone = world.role(ACCOUNT, "everyone", trust(json!("*"), web), everything()).await;
    let user = json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:root") });
    let of_account = world.role(ACCOUNT, "of-account", trust(user, web), everything()).await;
    let other =
        world.role(ACCOUNT, "other", trust(provider("github.example"), web), everything()).await;
    let plain =
        world.role(ACCOUNT, "plain", trust(provider(ISSUER), "sts:AssumeRole"), everything()).await;
    let absent = format!("arn:aws:iam::{ACCOUNT}:role/absent");
    let foreign = "arn:aws:iam::999988887777:role/x".to_owned();
    for (attack, role, (status, code)) in [
        ("a role for everyone", everyone, denied),
        ("a role for an account", of_account, denied),
        ("a role for another provider", other, denied),
        ("a role that is assumed otherwise", plain, denied),
        ("a role that is not there", absent, denied),
        ("a role of an account without the provider", foreign, (400, "InvalidIdentityToken")),
    ] {
        let it = Federation {
            role,
            world: World::new().await,
            log: it.log.clone(),
            key: ProviderKey::p256("x"),
        };
        let form = format!(
            "Action=AssumeRoleWithWebIdentity&RoleSessionName=job&RoleArn={}&WebIdentityToken={good}",
            it.role
        );
        let reply = world.sts_unsigned(&form).await;
        reply.refused_query(status, code);
        it.log.tells_nothing(attack, &[&good]);
    }
    let session = Session::of(&it.send(&good).await);
    // A provider or a role that goes takes what it let in along, or lets nobody in any more.
    world
        .write(|tx| {
            Box::pin(async move {
                oidc_provider::delete(tx, &ACCOUNT.parse().unwrap(), ISSUER).await.map(|_| ())
            })
        })
        .await;
    it.refused("a provider that is gone", &good, 400, "InvalidIdentityToken").await;
    world.provider(ACCOUNT, ISSUER).await;
    world.delete_role("deploy").await;
    it.refused("a role that is gone", &good, 403, "AccessDenied").await;
    let gone = world.call_in(&session, "DescribeRepositories", json!({})).await;
    gone.refused("UnrecognizedClientException");
}
