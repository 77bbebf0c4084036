//! A registry, as far as an artifact needs one.

use std::io::Read;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_RANGE, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE,
};
use serde::Deserialize;
use wharfinger_core::Secret;
use wharfinger_server::{HttpClient, HttpRequest, HttpResponse};

use super::super::progress::Progress;
use super::reference::ImageReference;

/// Bytes of a part of an upload.
const PART_BYTES: u64 = 8 << 20;
/// Bytes of a manifest that is read, the limit of ECR.
const MANIFEST_BYTES_MAX: usize = 4 << 20;
/// Bytes of an answer that is read for what it says.
const ANSWER_BYTES_MAX: usize = 64 << 10;

pub(super) struct Registry<'a> {
    client: &'a HttpClient,
    origin: String,
    repository: String,
    login: Option<String>,
    /// What goes with requests: the login, or what a token service gave for it.
    authorization: Option<String>,
}

/// What a token service answers.
#[derive(Deserialize)]
struct Token {
    #[serde(alias = "access_token")]
    token: String,
}

impl<'a> Registry<'a> {
    pub(super) fn new(
        client: &'a HttpClient,
        image: &ImageReference,
        plain_http: bool,
        login: Option<(&str, &Secret<String>)>,
    ) -> Self {
        let scheme = if plain_http || image.is_local() { "http" } else { "https" };
        let login = login.map(|(user, password)| {
            format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.expose())))
        });
        Self {
            client,
            origin: format!("{scheme}://{}", image.host),
            repository: image.repository.clone(),
            authorization: login.clone(),
            login,
        }
    }

    /// What goes with requests.
    pub(super) fn authorization(&self) -> Option<String> {
        self.authorization.clone()
    }

    /// The address of a blob.
    pub(super) fn blob(&self, digest: &str) -> String {
        format!("{}/v2/{}/blobs/{digest}", self.origin, self.repository)
    }

    fn manifests(&self, part: &str) -> String {
        format!("{}/v2/{}/manifests/{part}", self.origin, self.repository)
    }

    /// A manifest.
    pub(super) async fn manifest(&mut self, part: &str, media: &str) -> anyhow::Result<Vec<u8>> {
        let url = self.manifests(part);
        let response = self.send(HttpRequest::get(&url).header(ACCEPT, media)).await?;
        let response = expect(response, &[200], &url).await?;
        Ok(response.bytes(MANIFEST_BYTES_MAX).await?)
    }

    pub(super) async fn push_manifest(
        &mut self,
        part: &str,
        media: &str,
        manifest: &[u8],
    ) -> anyhow::Result<()> {
        let url = self.manifests(part);
        let request = HttpRequest::new(Method::PUT, &url).header(CONTENT_TYPE, media);
        let response = self.send(request.body(manifest.to_vec())).await?;
        expect(response, &[201], &url).await.map(|_| ())
    }

    /// Uploads a blob in parts, unless it is there.
    pub(super) async fn push_blob(
        &mut self,
        digest: &str,
        size: u64,
        mut content: impl Read,
    ) -> anyhow::Result<()> {
        let blob = self.blob(digest);
        if self.send(HttpRequest::new(Method::HEAD, &blob)).await?.status() == 200 {
            return Ok(());
        }
        let uploads = format!("{}/v2/{}/blobs/uploads/", self.origin, self.repository);
        let response = self.send(HttpRequest::new(Method::POST, &uploads)).await?;
        let mut place = self.place(&expect(response, &[202], &uploads).await?, &uploads)?;
        let (mut from, mut progress) = (0_u64, Progress::new());
        while from < size {
            let mut part = Vec::new();
            content.by_ref().take(PART_BYTES).read_to_end(&mut part)?;
            if part.is_empty() {
                bail!("the bundle has become shorter");
            }
            let end = from.saturating_add(part.len() as u64);
            let range = format!("{from}-{}", end - 1);
            let request = HttpRequest::new(Method::PATCH, &place)
                .header(CONTENT_TYPE, "application/octet-stream")
                .header(CONTENT_RANGE, &range);
            let response = self.send(request.body(part)).await?;
            place = self.place(&expect(response, &[202], &place).await?, &place)?;
            from = end;
            progress.at(from, 1, || format!("{digest}: {} of {} MiB", from >> 20, size >> 20));
        }
        progress.clear();
        let separator = if place.contains('?') { '&' } else { '?' };
        let url = format!("{place}{separator}digest={digest}");
        let response = self.send(HttpRequest::new(Method::PUT, &url)).await?;
        expect(response, &[201], &blob).await.map(|_| ())
    }

    /// Where an upload goes on.
    fn place(&self, response: &HttpResponse, url: &str) -> anyhow::Result<String> {
        let location = response.header(&LOCATION);
        let location = location.with_context(|| format!("{url} does not say where to go on"))?;
        Ok(match location.starts_with('/') {
            true => format!("{}{location}", self.origin),
            false => location.to_owned(),
        })
    }

    async fn send(&mut self, request: HttpRequest) -> anyhow::Result<HttpResponse> {
        let response = self.client.send(self.authorized(request.clone())).await?;
        let challenge = response.header(&WWW_AUTHENTICATE).filter(|_| response.status() == 401);
        let Some(service) = challenge.and_then(|it| it.strip_prefix("Bearer ")) else {
            return Ok(response);
        };
        let url = token_url(service).context("the registry names no token service")?;
        let mut wanted = HttpRequest::get(&url);
        if let Some(login) = &self.login {
            wanted = wanted.header(AUTHORIZATION, login);
        }
        let answer = expect(self.client.send(wanted).await?, &[200], &url).await?;
        let token: Token = serde_json::from_slice(&answer.bytes(ANSWER_BYTES_MAX).await?)?;
        self.authorization = Some(format!("Bearer {}", token.token));
        Ok(self.client.send(self.authorized(request)).await?)
    }

    fn authorized(&self, request: HttpRequest) -> HttpRequest {
        match &self.authorization {
            Some(authorization) => request.header(AUTHORIZATION, authorization),
            None => request,
        }
    }
}

/// The address of a token service, of `realm="…",service="…",scope="…"`.
fn token_url(challenge: &str) -> Option<String> {
    let parameter = |name: &str| {
        let (_, rest) = challenge.split_once(&format!("{name}=\""))?;
        rest.split_once('"').map(|(value, _)| value)
    };
    let encode = |text: &str| text.replace('%', "%25").replace(' ', "%20").replace('&', "%26");
    let mut url = parameter("realm")?.to_owned();
    for name in ["service", "scope"] {
        if let Some(value) = parameter(name) {
            let separator = if url.contains('?') { '&' } else { '?' };
            url = format!("{url}{separator}{name}={}", encode(value));
        }
    }
    Some(url)
}

/// The answer, if it has one of these statuses; what it says else.
async fn expect(
    response: HttpResponse,
    statuses: &[u16],
    url: &str,
) -> anyhow::Result<HttpResponse> {
    let status = response.status();
    if statuses.contains(&status) {
        return Ok(response);
    }
    let answer = response.bytes(ANSWER_BYTES_MAX).await.unwrap_or_default();
    let answer: String = String::from_utf8_lossy(&answer).chars().take(300).collect();
    if status == 401 {
        bail!(
            "the registry asks who you are: set WHARFINGER_REGISTRY_PASSWORD, such as to what \
             `aws ecr get-login-password` prints"
        );
    }
    bail!("{url} was answered with {status}: {}", answer.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_services_are_found() {
        let challenge =
            "realm=\"https://auth.test/token\",service=\"r.test\",scope=\"repository:a:pull,push\"";
        let expected = "https://auth.test/token?service=r.test&scope=repository:a:pull,push";
        assert_eq!(token_url(challenge).as_deref(), Some(expected));
        assert_eq!(token_url("service=\"x\""), None);
    }
}
