//! The operator, who brings back what was deleted.

use wharfinger_registry::{Error, ImageStatus, UndeletedImages, UndoError};

use super::client::Client;
use super::content::{REPOSITORIES, TAGS, content};
use super::model::{Life, Mark, Outcome};
use super::world::permit;

impl Client {
    /// Brings an image back, with what goes with it.
    pub async fn undelete_image(&self, image: usize) {
        let (id, mark) = self.begin();
        self.note(&format!("undeletes image {image}"));
        let with_it: Vec<usize> =
            std::iter::once(image).chain(content().dependents(image)).collect();
        {
            let model = &mut self.model.borrow_mut().repositories[self.repository];
            model.images[image].begin(id, Life::Active);
            for other in &with_it {
                model.images[*other].may_become(Life::Active);
                model.images[*other].may_become(Life::Archived);
                model.tags.iter_mut().for_each(|tag| tag.may_become(Some(*other)));
            }
        }
        let digest = content().images[image].digest;
        let undeleted = self.registry.undelete_image(&permit(self.repository), digest, false).await;
        self.note(&format!("has undeleted: {undeleted:?}"));
        let outcome = match &undeleted {
            Ok(UndeletedImages { images, .. }) => match images.first() {
                Some(first) if first.status == ImageStatus::Active => Outcome::Done,
                _ => Outcome::Unknown,
            },
            Err(error) => self.not_undeleted(error, &mark),
        };
        let model = &mut self.model.borrow_mut().repositories[self.repository];
        model.images[image].end(id, outcome);
        for (name, digest) in undeleted.iter().flat_map(|undeleted| &undeleted.tags) {
            // It may have been moved again since: it is one of what was possible before.
            let tag = TAGS.iter().position(|tag| *tag == name.as_str()).unwrap();
            assert!(model.tags[tag].may_be(&Some(content().image_of(digest))));
        }
    }

    /// Brings the repository back as it was: whatever that was.
    pub async fn undelete_repository(&self) {
        let (id, mark) = self.begin();
        self.note("undeletes the repository");
        {
            let model = &mut self.model.borrow_mut().repositories[self.repository];
            model.exists.begin(id, true);
            model.policy.begin(id, true);
            model.forget();
        }
        let name = REPOSITORIES[self.repository].parse().unwrap();
        let undeleted =
            self.registry.undelete_repository(&permit(self.repository), name, None).await;
        self.note(&format!("has undeleted: {undeleted:?}"));
        let outcome = match &undeleted {
            Ok(_) => Outcome::Done,
            Err(error) => self.not_undeleted(error, &mark),
        };
        let policy = if outcome == Outcome::Done { Outcome::Unknown } else { outcome };
        let model = &mut self.model.borrow_mut().repositories[self.repository];
        model.exists.end(id, outcome);
        model.policy.end(id, policy);
    }

    fn not_undeleted(&self, error: &UndoError, mark: &Mark) -> Outcome {
        match error {
            UndoError::Registry(error @ (Error::Server(_) | Error::StorageFull(_))) => {
                self.excuse(error, mark);
                Outcome::Unknown
            }
            // The operator is told why not, and it need not be known here.
            _ => Outcome::Nothing,
        }
    }
}
