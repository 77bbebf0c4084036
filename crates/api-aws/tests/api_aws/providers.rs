//! Identity providers that tests are: their keys, their tokens, and where their documents are.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use serde_json::{Value, json};
use wharfinger_core::Clock;
use wharfinger_iam::{BoxFuture, HttpsUrl, OidcDocument, OidcDocuments, OidcFetchError};
use wharfinger_metadata::oidc_provider::{self, OidcProviderRow};

use crate::world::World;

/// The provider of most tests.
pub const ISSUER: &str = "gitlab.example/group";
pub const AUDIENCE: &str = "sts.amazonaws.com";

/// The documents there are, by their URLs.
#[derive(Default)]
pub struct Providers {
    documents: Mutex<HashMap<String, Value>>,
    /// How often one was asked for.
    asked: AtomicUsize,
}

impl Providers {
    /// Publishes the configuration and the keys of a provider.
    pub fn publish(&self, issuer: &str, keys: &[&Value]) {
        let mut documents = self.documents.lock();
        let place = format!("https://{issuer}/keys");
        let configuration = json!({ "issuer": format!("https://{issuer}"), "jwks_uri": place });
        let known = format!("https://{issuer}/.well-known/openid-configuration");
        documents.insert(known, configuration);
        documents.insert(place, json!({ "keys": keys }));
    }

    pub fn put(&self, url: &str, document: Value) {
        self.documents.lock().insert(url.to_owned(), document);
    }

    /// Takes everything away.
    pub fn vanish(&self) {
        self.documents.lock().clear();
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl OidcDocuments for Providers {
    fn get<'a>(&'a self, url: &'a HttpsUrl) -> BoxFuture<'a, Result<OidcDocument, OidcFetchError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let found = self.documents.lock().get(&url.to_string()).cloned();
        let document = found
            .map(|value| OidcDocument { bytes: value.to_string().into_bytes(), max_age: None })
            .ok_or(OidcFetchError::Status(404));
        Box::pin(async move { document })
    }
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
}

/// A key of a provider.
pub struct ProviderKey {
    pub id: String,
    pair: Pair,
}

impl ProviderKey {
    pub fn rsa(id: &str) -> Self {
        Self { id: id.into(), pair: Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()) }
    }

    pub fn p256(id: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self { id: id.into(), pair: Pair::P256(pair) }
    }

    pub fn p384(id: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        Self { id: id.into(), pair: Pair::P384(pair) }
    }

    pub fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::P256(_) => "ES256",
            Pair::P384(_) => "ES384",
        }
    }

    /// The public key as providers publish it.
    pub fn jwk(&self) -> Value {
        let curve = |name: &str, point: &[u8]| {
            let (x, y) = point[1..].split_at((point.len() - 1) / 2);
            json!({ "kty": "EC", "kid": self.id, "crv": name, "x": encode(x), "y": encode(y) })
        };
        match &self.pair {
            Pair::Rsa(pair) => {
                let key = pair.public_key();
                let number = |number: &[u8]| encode(number);
                json!({
                    "kty": "RSA", "kid": self.id, "use": "sig",
                    "n": number(key.modulus().big_endian_without_leading_zero()),
                    "e": number(key.exponent().big_endian_without_leading_zero()),
                })
            }
            Pair::P256(pair) => curve("P-256", pair.public_key().as_ref()),
            Pair::P384(pair) => curve("P-384", pair.public_key().as_ref()),
        }
    }

    /// The signature of a message by an algorithm, which RSA keys have three of.
    pub fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let padding = match algorithm {
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature).unwrap();
                signature
            }
            Pair::P256(pair) | Pair::P384(pair) => {
                pair.sign(&random, message).unwrap().as_ref().to_vec()
            }
        }
    }

    /// A token with these claims.
    pub fn token(&self, claims: &Value) -> String {
        let header = json!({ "alg": self.algorithm(), "kid": self.id, "typ": "JWT" });
        self.token_with(&header, claims)
    }

    /// The same with another header.
    pub fn token_with(&self, header: &Value, claims: &Value) -> String {
        let algorithm = header["alg"].as_str().unwrap_or_default().to_owned();
        compact(header, claims, |message| self.sign(&algorithm, message))
    }
}

pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token in the compact form.
pub fn compact(header: &Value, claims: &Value, signature: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let [header, claims] = [header, claims].map(|part| encode(part.to_string().as_bytes()));
    let signed = format!("{header}.{claims}");
    let signature = encode(&signature(signed.as_bytes()));
    format!("{signed}.{signature}")
}

impl World {
    /// What a token of the provider says.
    pub fn claims(&self) -> Value {
        let now = self.clock.now().seconds();
        json!({
            "iss": format!("https://{ISSUER}"), "aud": AUDIENCE, "sub": "project:app:main",
            "iat": now, "nbf": now, "exp": now + 300,
        })
    }

    /// Lets an account believe a provider.
    pub async fn provider(&self, account: &str, issuer: &str) {
        let row = OidcProviderRow {
            account: account.parse().unwrap(),
            url: issuer.into(),
            client_ids: json!([AUDIENCE, "another"]).to_string(),
            thumbprints: "[]".into(),
            created_at: self.clock.now(),
        };
        self.write(move |tx| Box::pin(async move { oidc_provider::insert(tx, &row).await })).await;
    }
}
