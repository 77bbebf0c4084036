//! A registry, as far as an artifact needs one.

use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_RANGE, CONTENT_TYPE, LOCATION, RANGE, WWW_AUTHENTICATE,
};
use serde::Deserialize;
use wharfinger_core::limits::MANIFEST_BYTES_MAX;
use wharfinger_server::{HttpClient, HttpRequest, HttpResponse};

use super::super::progress::Progress;
use super::login::Login;
use super::reference::ImageReference;

/// Bytes of a part of an upload.
const PART_BYTES: u64 = 8 << 20;
/// Times that an upload goes on after it broke off.
const CONTINUED_MAX: u32 = 5;
/// Bytes of an answer that is read for what it says.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// Characters of an answer that are shown.
const SHOWN_CHARS_MAX: usize = 300;

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

/// What a registry answers when it refuses.
#[derive(Deserialize)]
struct Refusals {
    errors: Vec<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: String,
    #[serde(default)]
    message: String,
}

/// An upload: where it goes on, and with which byte.
struct Upload {
    place: String,
    from: u64,
}

impl<'a> Registry<'a> {
    /// The registry of an image. One on this machine is asked whether it speaks TLS.
    pub(super) async fn find(
        client: &'a HttpClient,
        image: &ImageReference,
        plain_http: bool,
        login: Option<&Login>,
    ) -> anyhow::Result<Self> {
        let is_plain = plain_http || image.is_local() && is_plain(client, &image.host).await?;
        let scheme = if is_plain { "http" } else { "https" };
        let login = login.map(|Login { user, password }| {
            format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.expose())))
        });
        Ok(Self {
            client,
            origin: format!("{scheme}://{}", image.host),
            repository: image.repository.clone(),
            authorization: login.clone(),
            login,
        })
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
        let response = self.expect(response, 200, &url).await?;
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
        self.expect(response, 201, &url).await.map(drop)
    }

    /// Uploads a blob in parts, unless it is there. What breaks off is continued.
    pub(super) async fn push_blob(
        &mut self,
        digest: &str,
        size: u64,
        mut content: impl Read + Seek,
    ) -> anyhow::Result<()> {
        let blob = self.blob(digest);
        if self.send(HttpRequest::new(Method::HEAD, &blob)).await?.status() == 200 {
            return Ok(());
        }
        let mut upload = self.begin_upload().await?;
        let (mut continued, mut progress) = (0, Progress::new());
        while upload.from < size {
            match self.push_part(&upload, &mut content).await? {
                Some(next) => upload = next,
                None if continued == CONTINUED_MAX => bail!("the upload of {digest} broke off"),
                None => {
                    upload = self.continued(upload, continued).await?;
                    continued += 1;
                }
            }
            let (done, all) = (upload.from >> 20, size >> 20);
            progress.at(upload.from, 1, || format!("{digest}: {done} of {all} MiB"));
        }
        progress.clear();
        let place = upload.place;
        let separator = if place.contains('?') { '&' } else { '?' };
        let url = format!("{place}{separator}digest={digest}");
        let response = self.send(HttpRequest::new(Method::PUT, &url)).await?;
        self.expect(response, 201, &blob).await.map(drop)
    }

    async fn begin_upload(&mut self) -> anyhow::Result<Upload> {
        let url = format!("{}/v2/{}/blobs/uploads/", self.origin, self.repository);
        let response = self.send(HttpRequest::new(Method::POST, &url)).await?;
        let is_absent = response.status() == 404;
        let response = self.expect(response, 202, &url).await;
        let response = response.map_err(|error| match is_absent {
            true => {
                let name = &self.repository;
                anyhow!(
                    "{error}; make it first: aws ecr create-repository --repository-name {name}"
                )
            }
            false => error,
        })?;
        Ok(Upload { place: self.place(&response, &url)?, from: 0 })
    }

    /// Sends the next part; none if it broke off.
    async fn push_part(
        &mut self,
        upload: &Upload,
        content: &mut (impl Read + Seek),
    ) -> anyhow::Result<Option<Upload>> {
        let Upload { place, from } = upload;
        let mut part = Vec::new();
        content.seek(SeekFrom::Start(*from))?;
        content.take(PART_BYTES).read_to_end(&mut part)?;
        if part.is_empty() {
            bail!("the bundle has become shorter");
        }
        let end = from.saturating_add(part.len() as u64);
        let request = HttpRequest::new(Method::PATCH, place)
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_RANGE, &format!("{from}-{}", end - 1));
        match self.send(request.body(part)).await {
            // The registry stands elsewhere than we thought.
            Ok(response) if response.status() == 416 => Ok(None),
            Ok(response) => {
                let response = self.expect(response, 202, place).await?;
                Ok(Some(Upload { place: self.place(&response, place)?, from: end }))
            }
            Err(_) => Ok(None),
        }
    }

    /// Where an upload goes on that broke off, `[end-13]`. A registry that is being started again is
    /// waited for.
    async fn continued(&mut self, upload: Upload, times: u32) -> anyhow::Result<Upload> {
        let mut wait = Duration::from_secs(times.into());
        let response = loop {
            tokio::time::sleep(wait).await;
            match self.send(HttpRequest::get(&upload.place)).await {
                Ok(response) => break response,
                Err(error) if wait.as_secs() >= CONTINUED_MAX.into() => return Err(error),
                Err(_) => wait += Duration::from_secs(1),
            }
        };
        let response = self.expect(response, 204, &upload.place).await?;
        // `0-0` is what registries say of an upload that has nothing yet.
        let last = response.header(&RANGE).and_then(|range| range.rsplit('-').next()?.parse().ok());
        let from = last.filter(|last| *last > 0).map_or(0, |last: u64| last.saturating_add(1));
        let place = self.place(&response, &upload.place).unwrap_or(upload.place);
        Ok(Upload { place, from })
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
        if self.origin.starts_with("https:") && !url.starts_with("https:") {
            bail!("the token service of the registry speaks no TLS: {url}");
        }
        let mut wanted = HttpRequest::get(&url);
        if let Some(login) = &self.login {
            wanted = wanted.header(AUTHORIZATION, login);
        }
        let answer = self.expect(self.client.send(wanted).await?, 200, &url).await?;
        let token: Token = serde_json::from_slice(&answer.bytes(ANSWER_BYTES_MAX).await?)?;
        self.authorization = Some(format!("Bearer {}", token.token));
        Ok(self.client.send(self.authorized(request)).await?)
    }

    /// The answer, if it has this status; else what it says, and what can be done about it.
    async fn expect(
        &self,
        response: HttpResponse,
        status: u16,
        url: &str,
    ) -> anyhow::Result<HttpResponse> {
        let found = response.status();
        if found == status {
            return Ok(response);
        }
        let told = told(&response.bytes(ANSWER_BYTES_MAX).await.unwrap_or_default());
        match found {
            401 if self.login.is_none() => bail!(
                "the registry asks who you are: set WHARFINGER_REGISTRY_PASSWORD, such as to what \
                 `aws ecr get-login-password` prints, or log in with docker"
            ),
            401 => bail!(
                "the registry does not accept the password ({told}); what `aws ecr \
                 get-login-password` prints holds for 12 hours, and in its own region only"
            ),
            403 => bail!("the registry does not permit it: {told}"),
            404 => bail!("{told} ({url})"),
            found => bail!("{url} was answered with {found}: {told}"),
        }
    }

    /// Whoever else an upload goes to is not told who we are.
    fn authorized(&self, request: HttpRequest) -> HttpRequest {
        let rest = request.url().strip_prefix(&self.origin);
        match self.authorization.as_ref().filter(|_| rest.is_some_and(|it| it.starts_with('/'))) {
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

/// Whether a registry speaks HTTP without TLS: what speaks TLS calls a plain request a bad one.
async fn is_plain(client: &HttpClient, host: &str) -> anyhow::Result<bool> {
    let response = client.send(HttpRequest::get(format!("http://{host}/v2/"))).await?;
    Ok(response.status() != 400)
}

/// What a registry says is wrong.
fn told(answer: &[u8]) -> String {
    let refusals = serde_json::from_slice::<Refusals>(answer).map(|it| it.errors);
    let text = match refusals.ok().and_then(|errors| errors.into_iter().next()) {
        Some(Refusal { code, message }) if message.is_empty() => code,
        Some(Refusal { message, .. }) => message,
        None => String::from_utf8_lossy(answer).trim().to_owned(),
    };
    text.chars().take(SHOWN_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use wharfinger_core::Secret;

    use super::*;

    #[test]
    fn token_services_are_found() {
        let challenge =
            "realm=\"https://auth.test/token\",service=\"r.test\",scope=\"repository:a:pull,push\"";
        let expected = "https://auth.test/token?service=r.test&scope=repository:a:pull,push";
        assert_eq!(token_url(challenge).as_deref(), Some(expected));
        assert_eq!(token_url("service=\"x\""), None);
    }

    #[test]
    fn what_is_wrong_is_told_in_words() {
        for (answer, expected) in [
            (r#"{"errors":[{"code":"DENIED","message":"not you"}]}"#, "not you"),
            (r#"{"errors":[{"code":"DENIED"}]}"#, "DENIED"),
            (r#"{"errors":[]}"#, r#"{"errors":[]}"#),
            ("<html> ", "<html>"),
        ] {
            assert_eq!(told(answer.as_bytes()), expected);
        }
        assert_eq!(told("é".repeat(1000).as_bytes()).chars().count(), SHOWN_CHARS_MAX);
    }

    #[tokio::test]
    async fn nobody_else_is_told_who_we_are() {
        let login = Login { user: "AWS".into(), password: Secret::new("secret".into()) };
        let (client, image) = (HttpClient::default(), "r.test/a:1".parse().unwrap());
        let registry = Registry::find(&client, &image, true, Some(&login)).await.unwrap();
        for (url, is_told) in [
            ("http://r.test/v2/a/blobs/uploads/1", true),
            ("http://r.test.evil.test/v2/", false),
            ("https://r.test/v2/", false),
            ("https://storage.test/x", false),
        ] {
            let request = format!("{:?}", registry.authorized(HttpRequest::get(url)));
            assert_eq!(request.contains("authorization"), is_told, "{request}");
            assert!(!request.contains("Basic"), "{request}");
        }
    }
}
