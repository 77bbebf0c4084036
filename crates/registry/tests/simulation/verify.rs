//! Everything that can be pulled, held against what was promised. Nothing else moves meanwhile.

use std::cell::RefCell;
use std::collections::BTreeSet;

use futures_util::TryStreamExt;
use tokio::runtime::{Builder, Runtime};
use wharfinger_registry::{Error, ImageFailureCode, Registry, RequestedImage};

use super::client::{by_image, by_tag};
use super::content::{REPOSITORIES, TAGS, content};
use super::model::{Life, Model, RepositoryModel};
use super::world::permit;

/// Looks at a registry from outside, by a runtime of its own.
pub struct Verifier {
    runtime: Runtime,
}

/// What there is under a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Found {
    Image(usize),
    Archived,
    Nothing,
}

impl Verifier {
    pub fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_time().max_blocking_threads(1).build();
        Self { runtime: runtime.unwrap() }
    }

    /// Ends the run at the first thing that is not as promised.
    pub fn verify(&self, registry: &Registry, model: &Model, repository: usize) {
        let seen = RefCell::default();
        let looking = Looking { registry, repository, seen };
        self.runtime.block_on(looking.verify(&model.repositories[repository]));
    }
}

struct Looking<'a> {
    registry: &'a Registry,
    repository: usize,
    /// Images that are whole.
    seen: RefCell<BTreeSet<usize>>,
}

impl Looking<'_> {
    async fn verify(&self, model: &RepositoryModel) {
        let name = REPOSITORIES[self.repository];
        for (tag, called) in TAGS.iter().enumerate() {
            let found = self.find(by_tag(tag)).await;
            let register = &model.tags[tag];
            let is_possible = match found {
                Found::Image(image) => register.may_be(&Some(image)),
                Found::Archived => register.certain() != Some(&None),
                Found::Nothing => true,
            };
            let what = format!("{name}:{called}");
            assert!(is_possible, "{what} leads to {found:?}, but it is {register:?}");
            if let Some(image) = model.tag_must_be(tag) {
                let life = &model.images[image];
                assert!(
                    found == Found::Image(image),
                    "{what} leads to {found:?} instead of image {image}, which is {life:?}"
                );
            }
            self.is_whole(&what, found).await;
        }
        for (image, life) in model.images.iter().enumerate() {
            let found = self.find(by_image(image)).await;
            let is_possible = match found {
                Found::Image(_) => life.may_be(&Life::Active),
                Found::Archived => life.may_be(&Life::Archived) || life.may_be(&Life::Active),
                Found::Nothing => !model.image_must_be(image),
            };
            let what = format!("image {image} of {name}");
            assert!(is_possible, "{what} is {found:?}, but it is {life:?}");
            if model.image_must_be(image) {
                assert!(found == Found::Image(image), "{what} is {found:?}");
            }
            self.is_whole(&what, found).await;
        }
    }

    async fn find(&self, requested: RequestedImage) -> Found {
        let found = self.registry.batch_get_image(&permit(self.repository), vec![requested]).await;
        let (images, failures) = match found {
            Err(Error::RepositoryNotFound { .. }) => return Found::Nothing,
            found => found.unwrap(),
        };
        match (images.first(), failures.first().map(|failure| &failure.code)) {
            (Some(image), _) => Found::Image(content().image_of(&image.id.digest)),
            (None, Some(ImageFailureCode::ImageNotFound)) => Found::Nothing,
            (None, Some(ImageFailureCode::ImageInaccessible)) => Found::Archived,
            (None, code) => panic!("{code:?}"),
        }
    }

    /// What can be pulled can be pulled with all that it is made of.
    async fn is_whole(&self, what: &str, found: Found) {
        let Found::Image(image) = found else { return };
        if !self.seen.borrow_mut().insert(image) {
            return;
        }
        for blob in &content().images[image].blobs {
            let blob = &content().blobs[*blob];
            let opened = self.registry.open_blob(&permit(self.repository), blob.digest).await;
            let opened = opened.unwrap_or_else(|error| panic!("{what} misses a blob: {error:?}"));
            let read: Result<Vec<_>, _> = opened.read_all().try_collect().await;
            let read = read.unwrap_or_else(|error| panic!("{what} has lost a blob: {error:?}"));
            assert!(read.concat() == blob.bytes, "{what} has another blob");
        }
        for child in &content().images[image].children {
            let child = self.find(by_image(*child)).await;
            assert!(matches!(child, Found::Image(_)), "{what} misses an image: {child:?}");
            Box::pin(self.is_whole(what, child)).await;
        }
    }
}
