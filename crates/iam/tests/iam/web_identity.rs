//! Sessions for whom an identity provider vouches: how often it is asked.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::sync::Notify;
use wharfinger_core::{Clock, Secret};
use wharfinger_iam::{Error, WebIdentityRequest, WebIdentitySession};

use super::session_world::{ISSUER, SessionWorld};

struct Provider {
    key: EcdsaKeyPair,
}

impl Provider {
    fn publish(world: &SessionWorld) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let keys = json!({ "keys": [
            { "kty": "oct", "k": "AAAA" },
            { "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y), "kid": "one", "use": "enc" },
            { "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y), "kid": "one" },
        ] });
        let place = format!("https://{ISSUER}/keys?x=y");
        let configuration = json!({ "issuer": format!("https://{ISSUER}"), "jwks_uri": place });
        let mut texts = world.documents.texts.lock();
        let known = format!("https://{ISSUER}/.well-known/openid-configuration");
        texts.insert(known, configuration.to_string());
        texts.insert(place, keys.to_string());
        Self { key }
    }

    fn token(&self, world: &SessionWorld) -> String {
        let now = world.clock.now().seconds();
        let claims = json!({
            "iss": format!("https://{ISSUER}"), "aud": "sts", "sub": "me", "iat": now,
            "exp": now + 300,
        });
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed =
            format!("{}.{}", encode(&json!({ "alg": "ES256", "kid": "one" })), encode(&claims));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

async fn assume(world: &SessionWorld, token: String) -> Result<WebIdentitySession, Error> {
    let request = WebIdentityRequest {
        role_arn: world.role_arn.clone(),
        token: Secret::new(token),
        session: world.request(),
    };
    world.iam.assume_role_with_web_identity(&world.context(), request).await
}

#[tokio::test]
async fn keys_are_kept_as_long_as_the_provider_says_within_bounds() {
    for (max_age, kept) in
        [(None, 300), (Some(0), 300), (Some(3_600), 3_600), (Some(1 << 40), 86_400)]
    {
        let world = SessionWorld::new().await;
        *world.documents.max_age.lock() = max_age.map(Duration::from_secs);
        let provider = Provider::publish(&world);
        let session = assume(&world, provider.token(&world)).await.unwrap();
        assert_eq!((session.subject.as_str(), session.audience.as_str()), ("me", "sts"));
        world.clock.advance(Duration::from_secs(kept - 1));
        assume(&world, provider.token(&world)).await.unwrap();
        assert_eq!(world.documents.asked.load(Ordering::SeqCst), 2, "{max_age:?}");
        world.clock.advance(Duration::from_secs(1));
        assume(&world, provider.token(&world)).await.unwrap();
        assert_eq!(world.documents.asked.load(Ordering::SeqCst), 4, "{max_age:?}");
    }
}

#[tokio::test]
async fn many_tokens_at_once_ask_the_provider_once() {
    let world = Arc::new(SessionWorld::new().await);
    let provider = Provider::publish(&world);
    let gate = Arc::new(Notify::new());
    *world.documents.gate.lock() = Some(Arc::clone(&gate));
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (world, token) = (Arc::clone(&world), provider.token(&world));
            tokio::spawn(async move { assume(&world, token).await })
        })
        .collect();
    // One permit for each of the two documents.
    gate.notify_one();
    while world.documents.asked.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    gate.notify_one();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(world.documents.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn who_does_not_wait_for_the_keys_takes_them_from_nobody() {
    let world = Arc::new(SessionWorld::new().await);
    let provider = Provider::publish(&world);
    let gate = Arc::new(Notify::new());
    *world.documents.gate.lock() = Some(Arc::clone(&gate));
    let (there, token) = (Arc::clone(&world), provider.token(&world));
    let hasty = tokio::spawn(async move { assume(&there, token).await });
    while world.documents.asked.load(Ordering::SeqCst) < 1 {
        tokio::task::yield_now().await;
    }
    hasty.abort();
    assert!(hasty.await.unwrap_err().is_cancelled());
    *world.documents.gate.lock() = None;
    gate.notify_one();
    assume(&world, provider.token(&world)).await.unwrap();
    assert_eq!(world.documents.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_provider_that_nobody_has_is_never_asked() {
    let world = SessionWorld::new().await;
    let provider = Provider::publish(&world);
    let token = provider.token(&world);
    let (head, rest) = token.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    for issuer in ["169.254.169.254", "localhost", "idp.example.evil", "idp.example/.."] {
        let claims = URL_SAFE_NO_PAD.encode(claims.replace(ISSUER, issuer));
        let refused = assume(&world, format!("{head}.{claims}.{signature}")).await.unwrap_err();
        assert_eq!(refused.code(), "InvalidIdentityToken");
        let text = format!("No OpenIDConnect provider found in your account for https://{issuer}");
        assert_eq!(refused.to_string(), text);
    }
    assert_eq!(world.documents.asked.load(Ordering::SeqCst), 0);
}
