//! Objects that are kept in rows instead of files: damaged bytes are found like those of files.

use std::fs;

use crate::conformance::{domain, drain, sample, two_cipher_domain};
use crate::tests::Scratch;
use crate::{BlobError, BlobStore, KeyDomain, SEGMENT_BYTES, StoredObject};

/// An object of `bytes` and what its row holds.
async fn sealed(scratch: &Scratch, domain: &KeyDomain, bytes: &[u8]) -> (StoredObject, Vec<u8>) {
    let mut writer = scratch.store.begin(domain).await.unwrap();
    writer.write(bytes.to_vec().into()).await.unwrap();
    let finished = writer.finish().await.unwrap();
    let object = StoredObject {
        object_id: finished.object_id(),
        domain: domain.clone(),
        size_bytes: finished.size_bytes(),
        digest: finished.digest(),
    };
    (object, finished.seal_inline().unwrap().unwrap())
}

async fn read(
    scratch: &Scratch,
    object: &StoredObject,
    sealed: &[u8],
) -> Result<Vec<u8>, BlobError> {
    let reader = scratch.store.open_inline(object, sealed.to_vec().into()).await?;
    let (bytes, end) = drain(reader.read_all()).await;
    end.map(|()| bytes)
}

#[tokio::test]
async fn one_flipped_bit_anywhere_in_a_row_is_found() {
    let scratch = Scratch::new();
    for domain in [domain(), two_cipher_domain()] {
        for size in [0, 1, 100] {
            let bytes = sample(size, 1);
            let (object, intact) = sealed(&scratch, &domain, &bytes).await;
            assert_eq!(intact.len(), 512 + size + 28);
            for place in 0..intact.len() {
                let mut damaged = intact.clone();
                damaged[place] ^= 1 << (place % 8);
                let told = read(&scratch, &object, &damaged).await;
                // Another key version is a key that is not there, not a damaged object.
                let unavailable = matches!(told, Err(BlobError::KeyUnavailable(_)));
                let corrupt = matches!(told, Err(BlobError::Corrupt { .. }));
                assert!(corrupt || unavailable && place >= 226, "{size}: {place}: {told:?}");
            }
            assert_eq!(read(&scratch, &object, &intact).await.unwrap(), bytes);
        }
    }
}

#[tokio::test]
async fn rows_of_another_length_are_refused() {
    let scratch = Scratch::new();
    let bytes = sample(SEGMENT_BYTES, 2);
    let (object, intact) = sealed(&scratch, &domain(), &bytes).await;
    for length in [0, 1, 511, 512, 513, intact.len() - 1] {
        let told = read(&scratch, &object, &intact[..length]).await;
        assert!(matches!(told, Err(BlobError::Corrupt { .. })), "cut to {length}: {told:?}");
    }
    for extra in [1, 28, SEGMENT_BYTES] {
        let told = read(&scratch, &object, &[&intact[..], &vec![0; extra]].concat()).await;
        assert!(matches!(told, Err(BlobError::Corrupt { .. })), "{extra} more: {told:?}");
    }
}

#[tokio::test]
async fn rows_cannot_change_places() {
    let scratch = Scratch::new();
    let (one, one_sealed) = sealed(&scratch, &domain(), &sample(1000, 3)).await;
    let (two, two_sealed) = sealed(&scratch, &domain(), &sample(1000, 4)).await;
    let (same, same_sealed) = sealed(&scratch, &domain(), &sample(1000, 3)).await;
    for (object, foreign) in
        [(&one, &two_sealed), (&two, &one_sealed), (&one, &same_sealed), (&same, &one_sealed)]
    {
        let told = read(&scratch, object, foreign).await;
        assert!(matches!(told, Err(BlobError::Corrupt { .. })), "{told:?}");
        // Nor can the segment alone.
        let own = if object == &two { &two_sealed } else { &one_sealed };
        let mixed = [&own[..512], &foreign[512..]].concat();
        let told = read(&scratch, object, &mixed).await;
        assert!(matches!(told, Err(BlobError::Corrupt { .. })), "{told:?}");
    }
}

/// What a row holds is what the file would: either can be read as the other.
#[tokio::test]
async fn a_row_is_the_file_it_stands_for() {
    let scratch = Scratch::new();
    let bytes = sample(12_345, 5);
    let (object, row) = sealed(&scratch, &domain(), &bytes).await;
    assert!(!scratch.store.contains(object.object_id).await.unwrap());
    fs::write(scratch.path(object.object_id), &row).unwrap();
    let (read_back, end) = super::read(&scratch.store, &object).await;
    end.unwrap();
    assert_eq!(read_back, bytes);
    let published = crate::conformance::publish(&scratch.store, bytes.clone()).await;
    let file = scratch.file(published.object_id);
    assert_eq!(read(&scratch, &published, &file).await.unwrap(), bytes);
}
