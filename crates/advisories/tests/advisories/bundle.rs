//! Bundles: what is exported is what is imported elsewhere, and nothing else is a bundle.

use std::sync::LazyLock;

use proptest::prelude::{any, proptest};
use proptest::test_runner::Config;
use wharfinger_advisories::bundle::{self, BundleError, BundleReader, is_bundle};
use wharfinger_advisories::{Document, ImportMode, ImportOptions};

use crate::fixture::{Folder, at, document, options};

fn filled() -> Folder {
    let folder = Folder::new();
    let mut import = folder.store.begin().unwrap();
    let documents = [
        document("ghsa", "GHSA-1", "npm", "a", "1"),
        document("ghsa", "GHSA-2", "npm", "b", "1"),
        Document::withdrawn("ghsa", "GHSA-3", Some(at(50))),
        document("wolfi", "CVE-1", "wolfi", "c", "1"),
        document("house", "CVE-2", "npm", "d", "1"),
    ];
    let dated = ImportOptions {
        updated_at: Some(at(777)),
        license: Some("LicenseRef-ours".to_owned()),
        ..options(ImportMode::Replace)
    };
    import.import(&dated, documents.map(Ok::<_, std::convert::Infallible>)).unwrap();
    import.commit(at(1)).unwrap();
    folder
}

fn exported(folder: &Folder, names: &[&str], whatever: bool) -> Result<Vec<u8>, BundleError> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut bytes = Vec::new();
    bundle::export(&folder.store, &names, whatever, at(9), &mut bytes).map(|_| bytes)
}

#[test]
fn what_is_exported_is_imported_elsewhere() {
    let here = filled();
    let bytes = exported(&here, &[], true).unwrap();
    assert!(is_bundle(&bytes) && is_bundle(&bytes[..60]));
    let there = Folder::new();
    there.import(ImportMode::Update, vec![document("ghsa", "GHSA-9", "npm", "gone", "1")]);
    let mut import = there.store.begin().unwrap();
    let reader = BundleReader::new(bytes.as_slice()).unwrap();
    assert_eq!(reader.information().created_at, at(9));
    let changes = bundle::import(&mut import, reader, at(1_000_000)).unwrap();
    assert_eq!(changes.len(), 3);
    import.commit(at(10)).unwrap();
    assert_eq!(there.store.sources().unwrap(), here.store.sources().unwrap());
    assert_eq!(there.store.sources().unwrap()[0].updated_at, at(777));
    assert_eq!(there.current().changed_since(&here.current()).unwrap(), []);
    for source in ["ghsa", "house", "wolfi"] {
        let all = |folder: &Folder| -> Vec<Document> {
            folder.store.documents(source).unwrap().collect::<Result<_, _>>().unwrap()
        };
        assert_eq!(all(&here), all(&there), "{source}");
    }
}

#[test]
fn what_may_not_be_passed_on_stays() {
    let folder = filled();
    let mut bytes = Vec::new();
    let exported_all = bundle::export(&folder.store, &[], false, at(9), &mut bytes).unwrap();
    assert_eq!(exported_all.left_out, ["house", "wolfi"]);
    assert_eq!(exported_all.document_count, 3);
    let information = BundleReader::new(bytes.as_slice()).unwrap().information().clone();
    assert_eq!(information, exported_all.information);
    assert_eq!(
        information.notice,
        "ghsa: GitHub Advisory Database, https://github.com/advisories (LicenseRef-ours)\n"
    );
    let error = exported(&folder, &["ghsa", "wolfi"], false).unwrap_err().to_string();
    assert_eq!(error, "the terms of wolfi do not allow to pass on what they say");
    assert!(exported(&folder, &["ghsa"], false).is_ok());
    let error = exported(&folder, &["nobody"], true).unwrap_err().to_string();
    assert_eq!(error, "there are no advisories of nobody");
    assert!(exported(&Folder::new(), &[], true).is_err());
}

#[test]
fn an_import_of_a_damaged_bundle_changes_nothing() {
    let here = filled();
    let bytes = exported(&here, &[], true).unwrap();
    let raw = zstd::decode_all(bytes.as_slice()).unwrap();
    let there = filled();
    let before = there.current().information().id.clone();
    for end in 0..raw.len() {
        let cut = zstd::encode_all(&raw[..end], 1).unwrap();
        let Ok(reader) = BundleReader::new(cut.as_slice()) else { continue };
        let mut import = there.store.begin().unwrap();
        let error = bundle::import(&mut import, reader, at(5)).unwrap_err();
        assert!(error.to_string().starts_with("the bundle is damaged"), "{error}");
    }
    assert_eq!(there.current().information().id, before);
    for other in [&b""[..], b"PK\x03\x04", &zstd::encode_all(&b"other"[..], 1).unwrap()] {
        assert!(!is_bundle(other));
        assert!(BundleReader::new(other).is_err());
    }
}

proptest! {
    #![proptest_config(Config::with_cases(64))]

    #[test]
    fn changed_bundles_are_told(at in any::<u32>(), bits in 1_u8..) {
        static RAW: LazyLock<Vec<u8>> = LazyLock::new(|| {
            zstd::decode_all(exported(&filled(), &[], true).unwrap().as_slice()).unwrap()
        });
        let mut raw = RAW.clone();
        let at = at as usize % raw.len();
        raw[at] ^= bits;
        let bytes = zstd::encode_all(raw.as_slice(), 1).unwrap();
        let read = BundleReader::new(bytes.as_slice());
        let all = read.and_then(|it| it.collect::<Result<Vec<_>, _>>());
        assert!(all.is_err(), "byte {at}");
    }
}
