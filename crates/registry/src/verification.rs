//! Whether a blob is what was pushed: its end alone, or every byte of it. For the check and the scrub.

use aws_lc_rs::digest::{Context, SHA256, SHA512};
use futures_util::{StreamExt, pin_mut};
use wharfinger_blobs::{BlobError, BlobStore, ObjectReader, StoredObject};
use wharfinger_core::Digest;
use wharfinger_core::limits::INLINE_BLOB_BYTES_MAX;
use wharfinger_metadata::blob::{self, ObjectStore};
use wharfinger_metadata::check::{self, CheckedBlob};

use crate::layer::parse_domain;
use crate::scrub::Pace;
use crate::{Error, Registry};

/// How often a blob is looked at anew whose row changes meanwhile, before it counts as in use.
const CHANGES_MAX: u32 = 5;
/// `EIO`: the disk cannot give what it was given.
const INPUT_OUTPUT_ERROR: i32 = 5;

/// How much of a blob is looked at.
#[derive(Clone, Copy)]
pub(crate) enum Depth<'a> {
    /// That it is there, has its size, and that its end was sealed for its digest.
    End,
    /// Every byte.
    Whole,
    /// Every byte, no faster than this.
    Paced(&'a Pace),
}

/// What a blob was found to be.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// What was pushed, as far as was looked.
    Sound,
    /// Deleted meanwhile, or made anew.
    Gone,
    /// Something else, at two looks; its row, as it was at the second.
    Damaged(CheckedBlob, Damage),
    /// Nobody can say: the key is not to be had.
    KeyUnavailable(BlobError),
}

/// What is wrong with a blob.
#[derive(Debug)]
pub(crate) enum Damage {
    /// There is no object.
    Missing,
    /// The object is another, or not what it was.
    Corrupt(String),
    /// The disk does not give it.
    Unreadable(String),
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("its object is missing"),
            Self::Corrupt(why) => f.write_str(why),
            Self::Unreadable(why) => write!(f, "the disk does not give it: {why}"),
        }
    }
}

impl Registry {
    /// The names of the stores there are, as rows have them.
    pub(crate) fn store_names(&self) -> Vec<&'static str> {
        let archive = self.archive.as_ref().map(|_| ObjectStore::Archive.as_str());
        std::iter::once(ObjectStore::Main.as_str()).chain(archive).collect()
    }

    /// The store that a row names. There is no row of the archive's without its store: an
    /// installation is not opened otherwise.
    pub(crate) fn store_named(&self, name: &str) -> &dyn BlobStore {
        match &self.archive {
            Some(archive) if name == ObjectStore::Archive.as_str() => &**archive,
            _ => &*self.blobs,
        }
    }

    /// Looks at a blob, and again if it seems damaged: whoever deletes, moves or heals it meanwhile
    /// changes its row.
    pub(crate) async fn verify(
        &self,
        blob: CheckedBlob,
        depth: Depth<'_>,
    ) -> Result<Verdict, Error> {
        let mut blob = blob;
        let mut found: Option<Damage> = None;
        for _ in 0..CHANGES_MAX {
            let sealed = self.sealed_inline(&blob).await?;
            let damage = match self.look(&blob, sealed, depth).await {
                Ok(()) => return Ok(Verdict::Sound),
                Err(error @ BlobError::KeyUnavailable(_)) => {
                    return Ok(Verdict::KeyUnavailable(error));
                }
                Err(error) => damage_of(error)?,
            };
            let (domain, digest) = (blob.key_domain.clone(), blob.row.digest);
            let now = self
                .metadata
                .read(move |tx| {
                    Box::pin(async move {
                        Ok::<_, Error>(check::find_blob(tx, &domain, &digest).await?)
                    })
                })
                .await?;
            let Some(now) = now else { return Ok(Verdict::Gone) };
            let same = (now.row.object_id, &now.store) == (blob.row.object_id, &blob.store);
            if same && found.is_some() {
                return Ok(Verdict::Damaged(now, damage));
            }
            found = same.then_some(damage);
            blob = now;
        }
        Ok(Verdict::Gone)
    }

    /// The sealed bytes of a small blob, if the database keeps them.
    async fn sealed_inline(&self, blob: &CheckedBlob) -> Result<Option<Vec<u8>>, Error> {
        let object_id = blob.row.object_id;
        if blob.row.size_bytes > INLINE_BLOB_BYTES_MAX {
            return Ok(None);
        }
        let found = self.metadata.read(move |tx| {
            Box::pin(async move { Ok::<_, Error>(blob::find_inline(tx, &object_id).await?) })
        });
        found.await
    }

    async fn look(
        &self,
        blob: &CheckedBlob,
        sealed: Option<Vec<u8>>,
        depth: Depth<'_>,
    ) -> Result<(), BlobError> {
        let CheckedBlob { key_domain, row, store, .. } = blob;
        let object_id = row.object_id;
        let domain = parse_domain(key_domain)
            .map_err(|_| BlobError::Corrupt { object_id, what: "its key domain is none" })?;
        let (size_bytes, digest) = (row.size_bytes, row.digest);
        let object = StoredObject { object_id, domain, size_bytes, digest };
        let store = self.store_named(store);
        let reader = match sealed {
            Some(sealed) => store.open_inline(&object, sealed.into()).await?,
            None => store.open(&object).await?,
        };
        match depth {
            Depth::End => Ok(()),
            Depth::Whole => read_whole(&reader, &object, None).await,
            Depth::Paced(pace) => read_whole(&reader, &object, Some(pace)).await,
        }
    }
}

async fn read_whole(
    reader: &ObjectReader,
    object: &StoredObject,
    pace: Option<&Pace>,
) -> Result<(), BlobError> {
    let (object_id, algorithm) = match &object.digest {
        Digest::Sha256(_) => (object.object_id, &SHA256),
        Digest::Sha512(_) => (object.object_id, &SHA512),
    };
    let mut hash = Context::new(algorithm);
    let parts = reader.read_all();
    pin_mut!(parts);
    while let Some(part) = parts.next().await {
        let part = part?;
        hash.update(&part);
        if let Some(pace) = pace {
            pace.passed(part.len() as u64).await;
        }
    }
    let hash = hash.finish();
    let right = match &object.digest {
        Digest::Sha256(expected) => hash.as_ref() == expected,
        Digest::Sha512(expected) => hash.as_ref() == expected,
    };
    if right {
        return Ok(());
    }
    Err(BlobError::Corrupt { object_id, what: "its bytes have another digest" })
}

/// What an error says of the object; one that says nothing of it is an error of the whole.
fn damage_of(error: BlobError) -> Result<Damage, Error> {
    match error {
        BlobError::Missing { .. } => Ok(Damage::Missing),
        BlobError::Corrupt { what, .. } => Ok(Damage::Corrupt(what.to_owned())),
        BlobError::Io { ref source, .. } if source.raw_os_error() == Some(INPUT_OUTPUT_ERROR) => {
            Ok(Damage::Unreadable(source.to_string()))
        }
        error => Err(error.into()),
    }
}
