//! Clients that delete: by tag, by digest, and blobs that no image uses.

use std::collections::BTreeSet;

use wharfinger_registry::{DeletedImages, Error, ImageFailureCode};

use super::client::{Client, by_image, by_tag};
use super::content::{TAGS, content};
use super::model::{Life, Outcome};
use super::world::permit;

impl Client {
    /// Deletes a tag, and with its last tag the image.
    pub async fn delete_tag(&self, tag: usize) {
        let (id, mark) = self.begin();
        self.note(&format!("deletes tag {}", TAGS[tag]));
        let before = {
            let model = &mut self.model.borrow_mut().repositories[self.repository];
            let before = model.possible_images(tag);
            model.tags[tag].begin(id, None);
            model.images.iter_mut().for_each(|image| image.begin(id, Life::Absent));
            before.iter().for_each(|image| model.follow(*image, Life::Absent));
            before
        };
        let ids = vec![by_tag(tag)];
        let deleted = self.registry.batch_delete_image(&permit(self.repository), ids).await;
        let model = &mut self.model.borrow_mut();
        model.note(|| format!("client {} has deleted the tag: {deleted:?}", self.number));
        match deleted {
            Ok(deleted) => {
                self.check_failures(&deleted);
                let model = &mut model.repositories[self.repository];
                if !deleted.deleted.is_empty() {
                    model.tags[tag].end(id, Outcome::Done);
                }
                // Whether it was the last tag is not said.
                for image in images_of(&deleted) {
                    model.images[image].end(id, Outcome::Unknown);
                    model.follow(image, Life::Absent);
                }
                model.end(id, Outcome::Nothing);
            }
            Err(error) => {
                let outcome = self.failed_with(model, &error, &mark);
                let model = &mut model.repositories[self.repository];
                model.tags[tag].end(id, outcome);
                let after = model.possible_images(tag);
                for image in before.union(&after) {
                    model.images[*image].end(id, outcome);
                    model.follow(*image, Life::Absent);
                }
                model.end(id, Outcome::Nothing);
            }
        }
    }

    /// Deletes an image with all its tags.
    pub async fn delete_image(&self, image: usize) {
        let (id, mark) = self.begin();
        self.note(&format!("deletes image {image}"));
        {
            let model = &mut self.model.borrow_mut().repositories[self.repository];
            model.images[image].begin(id, Life::Absent);
            model.follow(image, Life::Absent);
            model.tags.iter_mut().for_each(|tag| tag.begin(id, None));
        }
        let ids = vec![by_image(image)];
        let deleted = self.registry.batch_delete_image(&permit(self.repository), ids).await;
        let model = &mut self.model.borrow_mut();
        model.note(|| format!("client {} has deleted the image: {deleted:?}", self.number));
        match deleted {
            Ok(deleted) => {
                self.check_failures(&deleted);
                let model = &mut model.repositories[self.repository];
                if !deleted.deleted.is_empty() {
                    model.images[image].end(id, Outcome::Done);
                    model.follow(image, Life::Absent);
                }
                let gone = deleted.deleted.iter().filter_map(|it| it.tag.as_ref());
                for tag in gone {
                    let tag = TAGS.iter().position(|name| *name == tag.as_str()).unwrap();
                    model.tags[tag].end(id, Outcome::Done);
                }
                model.end(id, Outcome::Nothing);
            }
            Err(error) => {
                let outcome = self.failed_with(model, &error, &mark);
                let model = &mut model.repositories[self.repository];
                model.images[image].end(id, outcome);
                for tag in 0..TAGS.len() {
                    if model.tags[tag].may_be(&Some(image)) {
                        model.tags[tag].end(id, outcome);
                    }
                }
                model.end(id, Outcome::Nothing);
            }
        }
    }

    /// Deletes a blob, unless an image uses it.
    pub async fn delete_blob(&self, blob: usize) {
        let mark = self.mark();
        self.note(&format!("deletes blob {blob}"));
        self.model.borrow_mut().repositories[self.repository].begin_deletion();
        let digest = content().blobs[blob].digest;
        let deleted = self.registry.delete_blob(&permit(self.repository), digest).await;
        match &deleted {
            Ok(_) | Err(Error::LayerNotFound { .. }) => {}
            Err(error) => {
                self.excuse(error, &mark);
            }
        }
        self.note(&format!("has deleted the blob: {deleted:?}"));
        self.model.borrow_mut().repositories[self.repository].end_deletion();
    }

    fn check_failures(&self, deleted: &DeletedImages) {
        for failure in &deleted.failures {
            let is_fair = matches!(
                failure.code,
                ImageFailureCode::ImageNotFound
                    | ImageFailureCode::ImageReferencedByManifestList(_)
            );
            assert!(is_fair, "client {}: {failure:?}", self.number);
        }
    }

    fn failed_with(
        &self,
        model: &super::model::Model,
        error: &Error,
        mark: &super::model::Mark,
    ) -> Outcome {
        match error {
            Error::RepositoryNotFound { .. } if !model.stayed(self.repository, mark) => {
                Outcome::Nothing
            }
            Error::Server(_) | Error::StorageFull(_) if model.may_have_failed(mark) => {
                Outcome::Unknown
            }
            _ => panic!("client {} was answered {error:?}", self.number),
        }
    }
}

fn images_of(deleted: &DeletedImages) -> BTreeSet<usize> {
    deleted.deleted.iter().map(|id| content().image_of(&id.digest)).collect()
}
