//! A bill of materials as an artifact that refers to its image: a push like any other, by the rules of
//! the repository. The same document is the same artifact.

use anyhow::Context;
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use wharfinger_auth::actions::{
    CompleteLayerUpload, InitiateLayerUpload, PutImage, UploadLayerPart,
};
use wharfinger_core::{Digest, RepositoryName};
use wharfinger_oci::media_type::{OCI_EMPTY, OCI_MANIFEST};
use wharfinger_registry::{EmptyBlob, Error, NewImage, RequestedImage};

use super::BillFormat;
use crate::reference::OpenRegistry;

/// The empty configuration of the OCI image specification.
const EMPTY: &[u8] = b"{}";

/// Where a document goes, and what it is.
pub(super) struct Attachment<'a> {
    pub(super) registry: &'a OpenRegistry,
    pub(super) repository: &'a RepositoryName,
    pub(super) format: BillFormat,
}

impl Attachment<'_> {
    /// Attaches a document to an image. Answers the digest of the artifact, and whether it is new.
    pub(super) async fn attach(
        &self,
        subject: Digest,
        document: Vec<u8>,
    ) -> anyhow::Result<(Digest, bool)> {
        let manifest = self.manifest(subject, &document).await?;
        let put = match self.put(&manifest).await {
            // Nothing is uploaded that is there.
            Err(Error::LayersNotFound { .. }) => {
                self.push_blob(EMPTY.to_vec()).await?;
                self.push_blob(document).await?;
                self.put(&manifest).await
            }
            put => put,
        };
        match put {
            Ok(digest) => Ok((digest, true)),
            Err(Error::ImageAlreadyExists { digest, .. }) => Ok((digest, false)),
            Err(error) => Err(error).context("it could not be attached"),
        }
    }

    /// As `oras attach` makes it.
    async fn manifest(&self, subject: Digest, document: &[u8]) -> anyhow::Result<Bytes> {
        let wanted = RequestedImage { digest: Some(subject.to_string()), tag: None };
        let image = self.registry.image(self.repository, wanted).await?;
        let media_type = self.format.media_type();
        let mut layer = descriptor(media_type, &digest_of(document), document.len());
        let title = json!({ "org.opencontainers.image.title": self.format.file_name() });
        if let Some(members) = layer.as_object_mut() {
            members.insert("annotations".to_owned(), title);
        }
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": media_type,
            "config": descriptor(OCI_EMPTY, &digest_of(EMPTY), EMPTY.len()),
            "layers": [layer],
            "subject": descriptor(&image.media_type, &subject, image.manifest.len()),
        });
        Ok(manifest.to_string().into())
    }

    async fn put(&self, manifest: &Bytes) -> Result<Digest, Error> {
        let permit = self.registry.permit::<PutImage>(self.repository);
        let (manifest, media_type) = (manifest.clone(), Some(OCI_MANIFEST.to_owned()));
        let new = NewImage { manifest, media_type, tag: None, digest: None };
        self.registry.registry.put_image(&permit, new).await.map(|stored| stored.id.digest)
    }

    async fn push_blob(&self, bytes: Vec<u8>) -> Result<(), Error> {
        let (registry, name) = (&self.registry.registry, self.repository);
        let digest = digest_of(&bytes);
        let permit = self.registry.permit::<InitiateLayerUpload>(name);
        let id = registry.initiate_layer_upload(&permit).await?.upload_id;
        let permit = self.registry.permit::<UploadLayerPart>(name);
        let body = futures_util::stream::iter([Ok(Bytes::from(bytes))]);
        registry.append_to_upload(&permit, id, Some(0), body).await?;
        let permit = self.registry.permit::<CompleteLayerUpload>(name);
        match registry.complete_layer_upload(&permit, id, vec![digest], EmptyBlob::Refused).await {
            Ok(_) | Err(Error::LayerAlreadyExists { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn digest_of(bytes: &[u8]) -> Digest {
    Digest::Sha256(Sha256::digest(bytes).into())
}

fn descriptor(media_type: &str, digest: &Digest, size: usize) -> Value {
    json!({ "mediaType": media_type, "digest": digest.to_string(), "size": size })
}
