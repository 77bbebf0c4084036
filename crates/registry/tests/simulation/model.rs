//! What clients were told, and so what must be there, what must not, and what nobody can know.

use std::collections::BTreeSet;

use wharfinger_core::Timestamp;

use super::content::{LASTING_TAGS, REPOSITORIES, TAGS, content};
pub use super::register::Outcome;
use super::register::Register;

/// What an image may be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Life {
    Absent,
    Active,
    Archived,
}

/// All that was promised.
pub struct Model {
    pub repositories: Vec<RepositoryModel>,
    /// Faults of the disk so far, and whether there is one now.
    pub faults: u64,
    pub disk_fails: bool,
    operations: u64,
    /// What happened, for whoever looks for the cause.
    pub trace: Vec<String>,
}

/// One repository of the model; each has all images and tags there are.
pub struct RepositoryModel {
    pub exists: Register<bool>,
    pub policy: Register<bool>,
    pub tags: Vec<Register<Option<usize>>>,
    pub images: Vec<Register<Life>>,
    /// Evaluations of its policy that are under way.
    pub evaluations: u32,
    /// Deletions of the repository or of a blob of it that were begun.
    pub deletions: u64,
    pub deletions_under_way: u32,
}

/// How things stood when an operation began.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    pub at: Timestamp,
    faults: u64,
    exists: Option<u64>,
    deletions: Option<u64>,
}

impl Model {
    pub fn new() -> Self {
        let repository = || RepositoryModel {
            exists: Register::new(false),
            policy: Register::new(false),
            tags: vec![Register::new(None); TAGS.len()],
            images: vec![Register::new(Life::Absent); content().images.len()],
            evaluations: 0,
            deletions: 0,
            deletions_under_way: 0,
        };
        Self {
            repositories: REPOSITORIES.iter().map(|_| repository()).collect(),
            faults: 0,
            disk_fails: false,
            operations: 0,
            trace: Vec::new(),
        }
    }

    pub fn operation(&mut self) -> u64 {
        self.operations += 1;
        self.operations
    }

    pub fn note(&mut self, what: impl FnOnce() -> String) {
        let at = self.trace.len();
        self.trace.push(format!("{at}: {}", what()));
    }

    pub fn mark(&self, repository: usize, at: Timestamp) -> Mark {
        let model = &self.repositories[repository];
        let exists = model.exists.certain().filter(|exists| **exists);
        Mark {
            at,
            faults: self.faults,
            exists: exists.map(|_| model.exists.stamp()),
            deletions: (model.deletions_under_way == 0).then_some(model.deletions),
        }
    }

    /// Whether a call may have failed for want of the disk.
    pub fn may_have_failed(&self, mark: &Mark) -> bool {
        self.disk_fails || self.faults != mark.faults
    }

    /// Whether the repository was there all the time.
    pub fn stayed(&self, repository: usize, mark: &Mark) -> bool {
        mark.exists == Some(self.repositories[repository].exists.stamp())
    }

    /// Whether nobody deleted the repository or a blob of it.
    pub fn kept_blobs(&self, repository: usize, mark: &Mark) -> bool {
        mark.deletions == Some(self.repositories[repository].deletions)
            && self.stayed(repository, mark)
    }

    /// The process is gone, and with it all answers.
    pub fn crash(&mut self) {
        for repository in &mut self.repositories {
            repository.end_evaluation_of_all();
            repository.exists.crash();
            repository.policy.crash();
            repository.tags.iter_mut().for_each(Register::crash);
            repository.images.iter_mut().for_each(Register::crash);
            repository.deletions_under_way = 0;
        }
        self.mend();
    }

    /// The disk is good from now on.
    pub fn mend(&mut self) {
        self.faults += 1;
        self.disk_fails = false;
    }
}

impl RepositoryModel {
    /// Ends what is left of an operation.
    pub fn end(&mut self, id: u64, outcome: Outcome) {
        self.exists.end(id, outcome);
        self.policy.end(id, outcome);
        self.tags.iter_mut().for_each(|tag| tag.end(id, outcome));
        self.images.iter_mut().for_each(|image| image.end(id, outcome));
    }

    pub fn begin_deletion(&mut self) {
        self.deletions += 1;
        self.deletions_under_way += 1;
    }

    pub fn end_deletion(&mut self) {
        self.deletions_under_way -= 1;
    }

    /// It may be as it was at any time: nothing is certain any more.
    pub fn forget(&mut self) {
        for (image, register) in self.images.iter_mut().enumerate() {
            for life in [Life::Absent, Life::Active, Life::Archived] {
                register.may_become(life);
            }
            self.tags.iter_mut().for_each(|tag| tag.may_become(Some(image)));
        }
        self.tags.iter_mut().for_each(|tag| tag.may_become(None));
    }

    /// An image that is there may be archived or brought back, or gone, with what held it.
    pub fn follow(&mut self, holder: usize, life: Life) {
        for image in content().dependents(holder) {
            let may_follow = match life {
                Life::Active => self.images[image].may_be(&Life::Archived),
                Life::Absent | Life::Archived => self.may_be_there(image),
            };
            if may_follow {
                self.images[image].may_become(life);
            }
        }
    }

    /// What refers to an image of which nobody knows may go with it, now or later.
    pub fn follow_subject(&mut self, image: usize) {
        let Some(subject) = content().images[image].subject else { return };
        if self.images[subject].certain().is_none() {
            self.images[image].may_become(Life::Absent);
            self.images[image].may_become(Life::Archived);
        }
    }

    /// The policy is being evaluated: whatever no lasting tag protects may go.
    pub fn begin_evaluation(&mut self) {
        if self.policy.may_be(&true) {
            self.evaluations += 1;
            self.expire();
        }
    }

    pub fn end_evaluation(&mut self) {
        if self.evaluations > 0 {
            self.expire();
            self.evaluations -= 1;
        }
    }

    fn end_evaluation_of_all(&mut self) {
        if std::mem::take(&mut self.evaluations) > 0 {
            self.expire();
        }
    }

    /// An image that a rule takes goes with all its tags.
    fn expire(&mut self) {
        for image in 0..self.images.len() {
            if self.is_protected(image) || !self.may_be_there(image) {
                continue;
            }
            self.images[image].may_become(Life::Absent);
            for tag in self.tags.iter_mut().filter(|tag| tag.may_be(&Some(image))) {
                tag.may_become(None);
            }
        }
    }

    fn may_be_there(&self, image: usize) -> bool {
        let life = &self.images[image];
        life.may_be(&Life::Active) || life.may_be(&Life::Archived)
    }

    /// Whether a lasting tag is on the image and no other, or an index holds it of which that is so.
    fn is_protected(&self, image: usize) -> bool {
        let (lasting, passing) = self.tags.split_at(LASTING_TAGS);
        let lasts = lasting.iter().any(|tag| tag.certain() == Some(&Some(image)));
        let passes = passing.iter().any(|tag| tag.may_be(&Some(image)));
        let holds = |parent: usize| {
            self.is_protected(parent) && self.images[parent].excludes(&Life::Absent)
        };
        let mut parents = (0..self.images.len())
            .filter(|parent| content().images[*parent].children.contains(&image));
        (lasts && !passes) || parents.any(holds)
    }

    /// The image that a tag must lead to.
    pub fn tag_must_be(&self, tag: usize) -> Option<usize> {
        let image = (*self.tags[tag].certain()?)?;
        let expires = self.evaluations > 0 && !self.is_protected(image);
        let pullable = self.images[image].excludes(&Life::Archived);
        (self.exists.certain() == Some(&true) && pullable && !expires).then_some(image)
    }

    /// Whether an image must be there and can be pulled.
    pub fn image_must_be(&self, image: usize) -> bool {
        self.exists.certain() == Some(&true)
            && self.images[image].certain() == Some(&Life::Active)
            && (self.evaluations == 0 || self.is_protected(image))
    }

    /// The images that a tag may have had.
    pub fn possible_images(&self, tag: usize) -> BTreeSet<usize> {
        self.tags[tag].possible().into_iter().flatten().collect()
    }
}
