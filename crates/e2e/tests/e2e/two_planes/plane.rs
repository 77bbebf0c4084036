//! The two ways to the registry, with the same verbs.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use wharfinger_e2e::api::Api;
use wharfinger_e2e::distribution::{Distribution, location};
use wharfinger_e2e::http::{Body, Request, Response};
use wharfinger_e2e::server::Server;

pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// What came of a request. Names of repositories are left out of messages.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done; with what it answered.
    Done(String),
    /// It was not.
    Refused { status: u16, code: String, message: String },
}

/// A way to one repository.
pub trait Plane {
    /// The repository.
    fn repository(&self) -> &str;
    /// Pushes a manifest under a tag or digest.
    fn put(&self, reference: &str, media_type: &str, manifest: &[u8]) -> Outcome;
    /// Pulls a manifest.
    fn get(&self, reference: &str) -> Outcome;
    /// Deletes a tag, or an image by its digest.
    fn delete(&self, reference: &str) -> Outcome;
    /// Starts an upload, sends bytes that begin at an offset, and completes it under a digest.
    fn upload(&self, first_byte: usize, bytes: &[u8], digest: &str) -> Outcome;
    /// Sends to an upload that is not there.
    fn append_to_nothing(&self) -> Outcome;
    /// Whether a layer is there.
    fn has_layer(&self, digest: &str) -> Outcome;
    /// The tags.
    fn tags(&self) -> Outcome;
}

/// Both ways, to repositories that are alike.
pub struct Planes {
    pub api: Api,
    pub json: Box<dyn Plane>,
    pub oci: Box<dyn Plane>,
}

impl Planes {
    pub fn new(api: Api, server: &Server, settings: &Value) -> Self {
        for name in ["plane/json", "plane/oci"] {
            let mut input = settings.clone();
            input["repositoryName"] = name.into();
            api.success("CreateRepository", &input);
        }
        let json = of_json(api.clone(), "plane/json");
        let oci = of_oci(Distribution::with_key(server, &api), "plane/oci");
        Self { api, json, oci }
    }

    /// Both, for what is done to each.
    pub fn both(&self) -> [&dyn Plane; 2] {
        [&*self.json, &*self.oci]
    }

    /// The outcomes of one thing done on both.
    pub fn outcomes(&self, act: impl Fn(&dyn Plane) -> Outcome) -> (Outcome, Outcome) {
        (act(&*self.json), act(&*self.oci))
    }
}

pub fn of_json(api: Api, repository: &str) -> Box<dyn Plane> {
    Box::new(Json { api, repository: repository.to_owned() })
}

pub fn of_oci(distribution: Distribution, repository: &str) -> Box<dyn Plane> {
    Box::new(Oci { distribution, repository: repository.to_owned() })
}

pub fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

struct Json {
    api: Api,
    repository: String,
}

impl Json {
    fn call(&self, operation: &str, mut input: Value) -> Result<Value, Outcome> {
        input["repositoryName"] = self.repository.clone().into();
        let answer = self.api.call(operation, &input).expect("an answer");
        if answer.status == 200 {
            return Ok(answer.body);
        }
        let member = |name: &str| answer.body[name].as_str().expect("a text").to_owned();
        Err(self.refused(answer.status, member("__type"), &member("message")))
    }

    /// The one failure of a batch of one.
    fn failure(&self, answer: &Value) -> Option<Outcome> {
        let failure = answer["failures"].get(0)?;
        let member = |name: &str| failure[name].as_str().expect("a text").to_owned();
        Some(self.refused(400, member("failureCode"), &member("failureReason")))
    }

    fn refused(&self, status: u16, code: String, message: &str) -> Outcome {
        let message = message.replace(&self.repository, "<repository>");
        Outcome::Refused { status, code, message }
    }

    fn put_image(&self, reference: &str, media_type: &str, text: &[u8]) -> Result<String, Outcome> {
        let manifest = std::str::from_utf8(text).expect("a manifest of text");
        let key = if reference.contains(':') { "imageDigest" } else { "imageTag" };
        let input = json!({
            "imageManifest": manifest, "imageManifestMediaType": media_type, key: reference,
        });
        let answer = self.call("PutImage", input)?;
        Ok(answer["image"]["imageId"]["imageDigest"].as_str().expect("a digest").to_owned())
    }

    fn upload_layer(&self, first: usize, bytes: &[u8], digest: &str) -> Result<String, Outcome> {
        use base64::Engine as _;
        let upload = self.call("InitiateLayerUpload", json!({}))?["uploadId"].clone();
        if !bytes.is_empty() {
            let blob = base64::engine::general_purpose::STANDARD.encode(bytes);
            let part = json!({
                "uploadId": upload, "partFirstByte": first,
                "partLastByte": first + bytes.len() - 1, "layerPartBlob": blob,
            });
            self.call("UploadLayerPart", part)?;
        }
        let complete = json!({ "uploadId": upload, "layerDigests": [digest] });
        let answer = self.call("CompleteLayerUpload", complete)?;
        Ok(answer["layerDigest"].as_str().expect("a digest").to_owned())
    }
}

fn image_id(reference: &str) -> Value {
    let key = if reference.contains(':') { "imageDigest" } else { "imageTag" };
    json!([{ key: reference }])
}

fn done(result: Result<String, Outcome>) -> Outcome {
    result.map_or_else(|refused| refused, Outcome::Done)
}

impl Plane for Json {
    fn repository(&self) -> &str {
        &self.repository
    }

    fn put(&self, reference: &str, media_type: &str, manifest: &[u8]) -> Outcome {
        done(self.put_image(reference, media_type, manifest))
    }

    fn get(&self, reference: &str) -> Outcome {
        done(self.call("BatchGetImage", json!({ "imageIds": image_id(reference) })).and_then(
            |answer| match self.failure(&answer) {
                Some(failure) => Err(failure),
                None => Ok(answer["images"][0]["imageManifest"].as_str().expect("text").to_owned()),
            },
        ))
    }

    fn delete(&self, reference: &str) -> Outcome {
        let answer = self.call("BatchDeleteImage", json!({ "imageIds": image_id(reference) }));
        done(answer.and_then(|answer| match self.failure(&answer) {
            Some(failure) => Err(failure),
            None => Ok(String::new()),
        }))
    }

    fn upload(&self, first_byte: usize, bytes: &[u8], digest: &str) -> Outcome {
        done(self.upload_layer(first_byte, bytes, digest))
    }

    fn append_to_nothing(&self) -> Outcome {
        let part = json!({
            "uploadId": NO_UPLOAD, "partFirstByte": 0, "partLastByte": 1, "layerPartBlob": "aGk=",
        });
        done(self.call("UploadLayerPart", part).map(|_| String::new()))
    }

    fn has_layer(&self, digest: &str) -> Outcome {
        let answer = self.call("BatchCheckLayerAvailability", json!({ "layerDigests": [digest] }));
        done(
            answer.map(|answer| {
                (answer["layers"][0]["layerAvailability"] == "AVAILABLE").to_string()
            }),
        )
    }

    fn tags(&self) -> Outcome {
        done(self.call("ListImages", json!({ "filter": { "tagStatus": "TAGGED" } })).map(
            |answer| {
                let ids = answer["imageIds"].as_array().expect("a list");
                let mut tags: Vec<_> = ids.iter().map(|id| id["imageTag"].as_str()).collect();
                tags.sort_unstable();
                format!("{tags:?}")
            },
        ))
    }
}

const NO_UPLOAD: &str = "6c3a2b10-0000-4000-8000-0123456789ab";

struct Oci {
    distribution: Distribution,
    repository: String,
}

impl Oci {
    fn send(&self, request: Request<'_>) -> Response {
        self.distribution.send(request).expect("an answer")
    }

    fn path(&self, rest: &str) -> String {
        format!("/v2/{}/{rest}", self.repository)
    }

    /// The answer of a success, or what it was refused with.
    fn judge(&self, answer: Response) -> Result<Response, Outcome> {
        let status = answer.status;
        if status < 300 {
            return Ok(answer);
        }
        let body: Value = serde_json::from_slice(&answer.body().expect("a body")).expect("JSON");
        let error = &body["errors"][0];
        let member = |name: &str| error[name].as_str().expect("a text").to_owned();
        let message = member("message").replace(&self.repository, "<repository>");
        Err(Outcome::Refused { status, code: member("code"), message })
    }

    fn upload_blob(&self, first: usize, bytes: &[u8], digest: &str) -> Result<String, Outcome> {
        let begun = self.judge(self.send(Request::new("POST", &self.path("blobs/uploads/"))))?;
        let mut at = location(&begun);
        if !bytes.is_empty() {
            let range = format!("{first}-{}", first + bytes.len() - 1);
            let patch = Request::new("PATCH", &at).header("Content-Range", &range);
            at = location(&self.judge(self.send(patch.body(Body::Whole(bytes))))?);
        }
        let answer = self.distribution.finish_upload(&at, digest, Body::None).expect("an answer");
        let answer = self.judge(answer)?;
        Ok(answer.header("docker-content-digest").expect("a digest").to_owned())
    }
}

impl Plane for Oci {
    fn repository(&self) -> &str {
        &self.repository
    }

    fn put(&self, reference: &str, media_type: &str, manifest: &[u8]) -> Outcome {
        let answer =
            self.distribution.put_manifest(&self.repository, reference, media_type, manifest);
        done(
            self.judge(answer.expect("an answer"))
                .map(|answer| answer.header("docker-content-digest").expect("a digest").to_owned()),
        )
    }

    fn get(&self, reference: &str) -> Outcome {
        let request = Request::get(&self.path(&format!("manifests/{reference}")));
        done(self.judge(self.send(request)).map(|answer| {
            String::from_utf8(answer.body().expect("a body")).expect("a manifest of text")
        }))
    }

    fn delete(&self, reference: &str) -> Outcome {
        let request = Request::new("DELETE", &self.path(&format!("manifests/{reference}")));
        done(self.judge(self.send(request)).map(|_| String::new()))
    }

    fn upload(&self, first_byte: usize, bytes: &[u8], digest: &str) -> Outcome {
        done(self.upload_blob(first_byte, bytes, digest))
    }

    fn append_to_nothing(&self) -> Outcome {
        let target = self.path(&format!("blobs/uploads/{NO_UPLOAD}"));
        let answer = self.send(Request::new("PATCH", &target).body(Body::Whole(b"hi")));
        done(self.judge(answer).map(|_| String::new()))
    }

    fn has_layer(&self, digest: &str) -> Outcome {
        let answer = self.send(Request::get(&self.path(&format!("blobs/{digest}"))));
        match answer.status {
            404 => match self.judge(answer) {
                Err(Outcome::Refused { code, .. }) if code == "BLOB_UNKNOWN" => {
                    Outcome::Done("false".to_owned())
                }
                other => done(other.map(|_| "a 404 that is none".to_owned())),
            },
            _ => done(self.judge(answer).map(|_| "true".to_owned())),
        }
    }

    fn tags(&self) -> Outcome {
        done(self.judge(self.send(Request::get(&self.path("tags/list")))).map(|answer| {
            let body: Value =
                serde_json::from_slice(&answer.body().expect("a body")).expect("JSON");
            let mut tags: Vec<_> =
                body["tags"].as_array().expect("tags").iter().map(Value::as_str).collect();
            tags.sort_unstable();
            format!("{tags:?}")
        }))
    }
}
