//! A client: what it asks for, and what it makes of the answers. An answer that no other client, no
//! crash and no broken disk can explain ends the run.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use wharfinger_core::limits::UPLOAD_IDLE_SECONDS_MAX;
use wharfinger_core::{Clock, ManualClock, UploadId};
use wharfinger_registry::{
    EmptyBlob, Encryption, Error, LayerAvailability, NewImage, NewRepository, Registry,
    RequestedImage, StorageClass, TagMutability,
};

use super::content::{POLICY, TAGS, content};
use super::model::{Life, Mark, Model, Outcome};
use super::run::Dice;
use super::world::permit;

/// For how long an upload may lie idle.
const IDLE_MAX: Duration = Duration::from_secs(UPLOAD_IDLE_SECONDS_MAX);
/// Bytes of a piece of a body.
const PIECE_BYTES: usize = 50_000;

#[derive(Clone)]
pub struct Client {
    pub registry: Arc<Registry>,
    pub model: Rc<RefCell<Model>>,
    pub clock: Arc<ManualClock>,
    pub push_lease: Duration,
    pub repository: usize,
    pub number: u64,
    pub dice: RefCell<Dice>,
}

/// Why a client does not go on.
pub struct GaveUp;

impl Client {
    pub fn mark(&self) -> Mark {
        self.model.borrow().mark(self.repository, self.clock.now())
    }

    /// The number of an operation, and how things stand before it.
    pub fn begin(&self) -> (u64, Mark) {
        let id = self.model.borrow_mut().operation();
        (id, self.mark())
    }

    pub fn roll(&self, sides: u64) -> u64 {
        self.dice.borrow_mut().below(sides)
    }

    pub fn note(&self, what: &str) {
        let (number, repository) = (self.number, self.repository);
        self.model.borrow_mut().note(|| format!("client {number} in {repository}: {what}"));
    }

    /// Gives up for an error that has an explanation, and ends the run for one that has none.
    pub fn excuse(&self, error: &Error, mark: &Mark) -> GaveUp {
        let model = self.model.borrow();
        let kept = model.kept_blobs(self.repository, mark);
        let is_fair = match error {
            Error::RepositoryNotFound { .. } => !model.stayed(self.repository, mark),
            // A session ends with its repository, or when nobody goes on with it for a day.
            Error::UploadNotFound { .. } => !kept || self.clock.now() > mark.at.plus(IDLE_MAX),
            Error::Throttling => true,
            Error::Server(_) | Error::StorageFull(_) => model.may_have_failed(mark),
            _ => false,
        };
        drop(model);
        assert!(is_fair, "client {} was answered {error:?}", self.number);
        self.note(&format!("gives up: {error}"));
        GaveUp
    }

    /// What an operation came to that failed like this.
    fn failed(&self, error: &Error, mark: &Mark) -> Outcome {
        self.excuse(error, mark);
        match error {
            Error::Server(_) | Error::StorageFull(_) => Outcome::Unknown,
            _ => Outcome::Nothing,
        }
    }

    pub async fn create(&self) {
        let (id, mark) = self.begin();
        self.note("creates the repository");
        self.model.borrow_mut().repositories[self.repository].exists.begin(id, true);
        let new = NewRepository {
            tag_mutability: TagMutability::new("MUTABLE", None).unwrap(),
            scan_on_push: false,
            encryption: Encryption::new(None, None).unwrap(),
            tags: vec![],
        };
        let created = self.registry.create_repository(&permit(self.repository), None, new).await;
        let outcome = match created {
            Ok(_) => Outcome::Done,
            Err(Error::RepositoryAlreadyExists { .. }) => Outcome::Nothing,
            Err(error) => self.failed(&error, &mark),
        };
        self.model.borrow_mut().repositories[self.repository].end(id, outcome);
    }

    pub async fn delete_repository(&self) {
        let (id, mark) = self.begin();
        self.note("deletes the repository");
        {
            let model = &mut self.model.borrow_mut().repositories[self.repository];
            model.begin_deletion();
            model.exists.begin(id, false);
            model.policy.begin(id, false);
            model.tags.iter_mut().for_each(|tag| tag.begin(id, None));
            model.images.iter_mut().for_each(|image| image.begin(id, Life::Absent));
        }
        let deleted = self.registry.delete_repository(&permit(self.repository), true).await;
        let outcome = match deleted {
            Ok(_) => Outcome::Done,
            // Its own name: that it was not there is no surprise.
            Err(Error::RepositoryNotFound { .. }) => Outcome::Nothing,
            Err(error) => self.failed(&error, &mark),
        };
        self.note(&format!("has deleted the repository: {outcome:?}"));
        let model = &mut self.model.borrow_mut().repositories[self.repository];
        model.end(id, outcome);
        model.end_deletion();
    }

    /// Pushes an image as docker does: what it is made of, unless it is there, then the manifest.
    pub async fn push(&self, image: usize, tag: Option<usize>) {
        self.note(&format!("pushes image {image} as {:?}", tag.map(|tag| TAGS[tag])));
        let _ = self.push_all(image, tag).await;
    }

    async fn push_all(&self, image: usize, tag: Option<usize>) -> Result<(), GaveUp> {
        for child in &content().images[image].children {
            Box::pin(self.push_all(*child, None)).await?;
        }
        let mark = self.mark();
        for blob in &content().images[image].blobs {
            self.push_blob(*blob, &mark).await?;
        }
        self.put(image, tag, Some(mark)).await
    }

    async fn push_blob(&self, blob: usize, mark: &Mark) -> Result<(), GaveUp> {
        let digest = content().blobs[blob].digest;
        let (registry, repository) = (&self.registry, self.repository);
        if self.roll(4) > 0 {
            let asked = vec![digest.to_string()];
            let found = registry.batch_check_layer_availability(&permit(repository), asked).await;
            let found = found.map_err(|error| self.excuse(&error, mark))?;
            if let [LayerAvailability::Available { .. } | LayerAvailability::Archived { .. }] =
                found[..]
            {
                self.note(&format!("was told that blob {blob} is there"));
                return Ok(());
            }
        }
        if self.roll(2) == 0 {
            let source = permit((repository + 1) % 3);
            let mounted = registry.mount_blob(&permit(repository), &source, digest).await;
            if mounted.map_err(|error| self.excuse(&error, mark))? {
                self.note(&format!("has mounted blob {blob}"));
                return Ok(());
            }
        }
        let begun = registry.initiate_layer_upload(&permit(repository)).await;
        let upload = begun.map_err(|error| self.excuse(&error, mark))?.upload_id;
        let bytes = &content().blobs[blob].bytes;
        let cut = self.roll(bytes.len() as u64 * 3) as usize;
        let parts = match cut {
            cut if cut < bytes.len() => vec![bytes.slice(..cut), bytes.slice(cut..)],
            _ => vec![bytes.clone()],
        };
        for part in parts {
            self.append(upload, part).await.map_err(|error| self.excuse(&error, mark))?;
            match self.roll(40) {
                0 => return Err(GaveUp),
                1 => {
                    let permit = permit(repository);
                    let cancelled = registry.cancel_layer_upload(&permit, upload).await;
                    cancelled.map_err(|error| self.excuse(&error, mark))?;
                    return Err(GaveUp);
                }
                _ => {}
            }
        }
        let permit = permit(repository);
        let done =
            registry.complete_layer_upload(&permit, upload, vec![digest], EmptyBlob::Allowed);
        match done.await {
            Ok(_) | Err(Error::LayerAlreadyExists { .. }) => {
                self.note(&format!("has uploaded blob {blob}"));
                Ok(())
            }
            Err(error) => Err(self.excuse(&error, mark)),
        }
    }

    async fn append(&self, upload: UploadId, bytes: Bytes) -> Result<(), Error> {
        let pieces = (0..bytes.len())
            .step_by(PIECE_BYTES)
            .map(|from| Ok(bytes.slice(from..bytes.len().min(from + PIECE_BYTES))));
        let body = stream::iter(pieces.collect::<Vec<_>>());
        let permit = permit(self.repository);
        self.registry.append_to_upload(&permit, upload, None, body).await.map(|_| ())
    }

    /// Puts a manifest. `told` is from when on the client was told that what it needs is there.
    pub async fn put(
        &self,
        image: usize,
        tag: Option<usize>,
        told: Option<Mark>,
    ) -> Result<(), GaveUp> {
        let (id, mark) = self.begin();
        let made_of = &content().images[image];
        let children: Vec<(usize, u64)> = {
            let model = &mut self.model.borrow_mut().repositories[self.repository];
            model.images[image].begin(id, Life::Active);
            model.follow(image, Life::Active);
            if let Some(tag) = tag {
                model.tags[tag].begin(id, Some(image));
            }
            let there = made_of.children.iter().filter(|child| model.image_must_be(**child));
            there.map(|child| (*child, model.images[*child].stamp())).collect()
        };
        let new = NewImage {
            manifest: made_of.manifest.clone(),
            media_type: None,
            tag: tag.map(|tag| TAGS[tag].parse().unwrap()),
            digest: None,
        };
        let put = self.registry.put_image(&permit(self.repository), new).await;
        let outcome = match &put {
            Ok(_) | Err(Error::ImageAlreadyExists { .. }) => Outcome::Done,
            Err(Error::LayersNotFound { .. }) => {
                self.check_missing_layers(told.as_ref());
                Outcome::Nothing
            }
            Err(Error::ReferencedImagesNotFound { digests, .. }) => {
                let model = &self.model.borrow().repositories[self.repository];
                for (child, stamp) in children {
                    let missing = digests.contains(&content().images[child].digest);
                    let stayed = model.images[child].stamp() == stamp && model.evaluations == 0;
                    assert!(!missing || !stayed, "image {child} is there, and is not found");
                }
                Outcome::Nothing
            }
            Err(error) => self.failed(error, &mark),
        };
        self.note(&format!("has put image {image} as {tag:?}: {outcome:?}, {:?}", put.err()));
        let model = &mut self.model.borrow_mut().repositories[self.repository];
        model.end(id, outcome);
        model.follow_subject(image);
        if outcome == Outcome::Done { Ok(()) } else { Err(GaveUp) }
    }

    /// Whoever was told that a layer is there can rely on it: for half a lease at the least, for it
    /// is renewed when half of it is gone.
    fn check_missing_layers(&self, told: Option<&Mark>) {
        let Some(told) = told else { return };
        let kept = self.model.borrow().kept_blobs(self.repository, told);
        let is_over = self.clock.now() > told.at.plus(self.push_lease / 2);
        assert!(!kept || is_over, "client {} misses a layer it was told of", self.number);
    }

    pub async fn archive(&self, image: usize, target: StorageClass) {
        let (id, mark) = self.begin();
        let life = match target {
            StorageClass::Standard => Life::Active,
            StorageClass::Archive => Life::Archived,
        };
        self.note(&format!("moves image {image} to {}", target.as_str()));
        {
            let model = &mut self.model.borrow_mut().repositories[self.repository];
            model.images[image].begin(id, life);
            model.follow(image, life);
        }
        let requested = by_image(image);
        let moved = self
            .registry
            .update_image_storage_class(&permit(self.repository), requested, target)
            .await;
        let outcome = match moved {
            // On its way back it is neither.
            Ok(_) if life == Life::Active => Outcome::Unknown,
            Ok(_) => Outcome::Done,
            Err(
                Error::ImageNotFound { .. } | Error::ImageStorageClassUpdateNotSupported { .. },
            ) => Outcome::Nothing,
            Err(error) => self.failed(&error, &mark),
        };
        self.note(&format!("has moved image {image}: {outcome:?}"));
        self.model.borrow_mut().repositories[self.repository].end(id, outcome);
    }

    pub async fn set_policy(&self, present: bool) {
        let (id, mark) = self.begin();
        self.note(&format!("sets a policy: {present}"));
        self.model.borrow_mut().repositories[self.repository].policy.begin(id, present);
        let set = match present {
            true => {
                let text = POLICY.to_owned();
                self.registry.put_lifecycle_policy(&permit(self.repository), text).await
            }
            false => {
                let permit = permit(self.repository);
                self.registry.delete_lifecycle_policy(&permit).await.map(|_| ())
            }
        };
        let outcome = match set {
            Ok(()) => Outcome::Done,
            Err(Error::LifecyclePolicyNotFound { .. }) => Outcome::Nothing,
            Err(error) => self.failed(&error, &mark),
        };
        self.model.borrow_mut().repositories[self.repository].end(id, outcome);
    }

    /// Pulls an image by a tag with all its blobs.
    pub async fn pull(&self, tag: usize) {
        let mark = self.mark();
        let before = {
            let model = &self.model.borrow().repositories[self.repository];
            model.tag_must_be(tag).map(|image| (image, model.tags[tag].stamp()))
        };
        let pulled = self.pull_all(tag).await;
        let model = &self.model.borrow().repositories[self.repository];
        let Some((image, stamp)) = before else { return };
        let stayed = model.tags[tag].stamp() == stamp
            && model.tag_must_be(tag) == Some(image)
            && self.model.borrow().stayed(self.repository, &mark);
        assert!(
            !stayed || pulled.as_ref().is_ok_and(|found| *found == Some(image)),
            "client {} pulls {}: {pulled:?}",
            self.number,
            TAGS[tag]
        );
    }

    async fn pull_all(&self, tag: usize) -> Result<Option<usize>, Error> {
        let permit = permit(self.repository);
        let (images, _) = self.registry.batch_get_image(&permit, vec![by_tag(tag)]).await?;
        let Some(found) = images.first() else { return Ok(None) };
        let image = content().image_of(&found.id.digest);
        for blob in &content().images[image].blobs {
            let (permit, digest) = (super::world::permit(self.repository), blob_digest(*blob));
            let opened = self.registry.open_blob(&permit, digest).await?;
            let read: Vec<Bytes> = opened.read_all().try_collect().await.map_err(Error::from)?;
            assert!(read.concat() == content().blobs[*blob].bytes);
        }
        Ok(Some(image))
    }
}

fn blob_digest(blob: usize) -> wharfinger_core::Digest {
    content().blobs[blob].digest
}

pub fn by_image(image: usize) -> RequestedImage {
    let digest = content().images[image].digest.to_string();
    RequestedImage { digest: Some(digest), tag: None }
}

pub fn by_tag(tag: usize) -> RequestedImage {
    RequestedImage { digest: None, tag: Some(TAGS[tag].into()) }
}
