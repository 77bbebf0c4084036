//! What a check says: codes that stay, sentences for people.

use std::fmt;

use wharfinger_core::Digest;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingSeverity {
    /// Something that was kept is not there, or not as it was.
    Damage,
    /// Something nobody needs is there still; it goes by itself.
    Leftover,
    /// Nothing is wrong; somebody should know.
    Notice,
}

impl FindingSeverity {
    /// The severity as reports name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Damage => "damage",
            Self::Leftover => "leftover",
            Self::Notice => "notice",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident $severity:ident $name:literal,)*) => {
        /// What kind of thing was found. `docs/fsck.md` says of each what it means and what to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum FindingCode {
            $($(#[$doc])* $code,)*
        }

        impl FindingCode {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$code,)*];

            /// The code as reports name it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }

            /// How bad it is.
            pub const fn severity(self) -> FindingSeverity {
                match self { $(Self::$code => FindingSeverity::$severity,)* }
            }
        }
    };
}

codes! {
    /// The active images that use a blob are miscounted.
    ActiveUseCount Damage "active-use-count",
    /// The bytes of a blob are not the ones that were pushed.
    BlobDamaged Damage "blob-damaged",
    /// A blob is held to be damaged, and its end at the least is sound.
    BlobMarked Damage "blob-marked",
    /// The object of a blob is not in its store.
    BlobMissing Damage "blob-missing",
    /// A repository links a blob of which there is no row.
    BlobRowMissing Damage "blob-row-missing",
    /// A blob no repository links, which no collection of garbage would look at.
    BlobUnnoted Leftover "blob-unnoted",
    /// The disk does not give the bytes of a blob.
    BlobUnreadable Damage "blob-unreadable",
    /// An index lists an image that is not there.
    ChildMissing Damage "child-missing",
    /// An object is to be deleted though a blob has it.
    DiscardedInUse Damage "discarded-in-use",
    /// The file of the database is damaged.
    DatabaseDamaged Damage "database-damaged",
    /// Rows refer to rows that are gone.
    DatabaseReference Damage "database-reference",
    /// The database has another schema than this version's.
    DatabaseSchema Damage "database-schema",
    /// The images of a repository are miscounted.
    ImageCount Damage "image-count",
    /// What an image is known to use or to list is not what its manifest says.
    ImageReferences Damage "image-references",
    /// The bytes of a small object that no blob has.
    InlineUnused Leftover "inline-unused",
    /// A key domain cannot be opened.
    KeyUnavailable Notice "key-unavailable",
    /// An image uses a blob that its repository does not link.
    LinkMissing Damage "link-missing",
    /// A manifest is not what was pushed.
    ManifestDamaged Damage "manifest-damaged",
    /// An image has no manifest.
    ManifestMissing Damage "manifest-missing",
    /// An object that no row knows.
    ObjectUnknown Leftover "object-unknown",
    /// Objects that were put aside.
    Quarantined Notice "quarantined",
    /// The repositories of a registry are miscounted.
    RepositoryCount Damage "repository-count",
    /// A file among the objects that is none.
    StrangeFile Notice "strange-file",
    /// The tags of an image are miscounted.
    TagCount Damage "tag-count",
    /// A tag has another status than its image.
    TagStatus Damage "tag-status",
    /// A deleted image cannot be brought back whole.
    UndoIncomplete Damage "undo-incomplete",
    /// The file of an upload holds less than was acknowledged.
    UploadBroken Damage "upload-broken",
    /// The images that use a blob are miscounted.
    UseCount Damage "use-count",
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Something that a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub code: FindingCode,
    /// What it is, as a sentence.
    pub what: String,
    /// What to do about it, or what was done.
    pub what_to_do: String,
    /// Whether it was put right, as far as a check can.
    pub repaired: bool,
    /// The blob or image it is about.
    pub digest: Option<Digest>,
    /// The images it hurts, as `repository:tag@digest (account, region)`; a bounded number of them.
    pub images: Vec<String>,
}

impl Finding {
    pub(super) fn new(
        code: FindingCode,
        what: impl Into<String>,
        what_to_do: impl Into<String>,
    ) -> Self {
        let (what, what_to_do) = (what.into(), what_to_do.into());
        Self { code, what, what_to_do, repaired: false, digest: None, images: Vec::new() }
    }

    pub(super) fn about(mut self, digest: Digest) -> Self {
        self.digest = Some(digest);
        self
    }

    pub(super) fn hurting(mut self, images: Vec<String>) -> Self {
        self.images = images;
        self
    }

    /// The finding after its repair, which was this.
    pub(super) fn repaired(mut self, what_was_done: impl Into<String>) -> Self {
        self.repaired = true;
        self.what_to_do = what_was_done.into();
        self
    }
}

/// One line: the code, what it is, whom it hurts, and what to do.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.what)?;
        if !self.images.is_empty() {
            write!(f, "; hurt: {}", self.images.join(", "))?;
        }
        match self.repaired {
            true => write!(f, "; repaired: {}", self.what_to_do),
            false => write!(f, "; {}", self.what_to_do),
        }
    }
}
