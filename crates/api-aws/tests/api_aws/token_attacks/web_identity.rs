//! The tokens of identity providers.

use aws_lc_rs::hmac;
use serde_json::{Value, json};
use wharfinger_core::Clock;
use wharfinger_metadata::oidc_provider;

use super::{Log, altered, everything, trust};
use crate::providers::{AUDIENCE, ISSUER, ProviderKey, compact, encode};
use crate::temporary::Session;
use crate::world::{ACCOUNT, Reply, World};

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
        let form = format!(
            "Action=AssumeRoleWithWebIdentity&RoleSessionName=job&RoleArn={role}\
             &WebIdentityToken={good}"
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
