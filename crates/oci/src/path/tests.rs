//! Tests of the path grammar.

use proptest::prelude::*;
use wharfinger_core::SeededEntropy;

use super::*;

const UPLOAD: &str = "67e55044-10b1-426f-9247-bb680e5fe0c8";

fn digest() -> String {
    format!("sha256:{}", "ab".repeat(32))
}

fn name(text: &str) -> RepositoryName {
    text.parse().unwrap()
}

fn manifest(of: &str, reference: &str) -> Result<Route, PathError> {
    Ok(Route::Manifest { name: name(of), reference: reference.parse().unwrap() })
}

#[test]
fn every_route_is_read() {
    let digest = digest();
    let parsed: Digest = digest.parse().unwrap();
    assert_eq!(Route::parse("/v2/"), Ok(Route::Base));
    assert_eq!(Route::parse("/v2"), Ok(Route::Base));
    assert_eq!(Route::parse("/v2/_catalog"), Ok(Route::Catalog));
    let app = || name("team/app");
    for (path, route) in [
        ("tags/list".to_owned(), Route::TagsList { name: app() }),
        (format!("blobs/{digest}"), Route::Blob { name: app(), digest: parsed }),
        ("blobs/uploads/".to_owned(), Route::BlobUploads { name: app() }),
        ("blobs/uploads".to_owned(), Route::BlobUploads { name: app() }),
        (
            format!("blobs/uploads/{UPLOAD}"),
            Route::BlobUpload { name: app(), upload_id: UPLOAD.parse().unwrap() },
        ),
        (format!("referrers/{digest}"), Route::Referrers { name: app(), digest: parsed }),
    ] {
        assert_eq!(Route::parse(&format!("/v2/team/app/{path}")), Ok(route), "{path}");
    }
    assert_eq!(Route::parse("/v2/team/app/manifests/v1"), manifest("team/app", "v1"));
    let by_digest = format!("/v2/team/app/manifests/{digest}");
    assert_eq!(Route::parse(&by_digest), manifest("team/app", &digest));
}

#[test]
fn names_may_be_made_of_the_words_of_routes() {
    for (path, of, tag) in [
        ("/v2/a/blobs/b/manifests/latest", "a/blobs/b", "latest"),
        ("/v2/manifests/manifests/x1", "manifests", "x1"),
        ("/v2/manifests/manifests/manifests", "manifests", "manifests"),
        ("/v2/blobs/uploads/manifests/uploads", "blobs/uploads", "uploads"),
        ("/v2/tags/list/manifests/list", "tags/list", "list"),
        ("/v2/x/tags/manifests/list", "x/tags", "list"),
        ("/v2/v2/manifests/_catalog", "v2", "_catalog"),
        ("/v2/x/blobs/manifests/uploads", "x/blobs", "uploads"),
    ] {
        assert_eq!(Route::parse(path), manifest(of, tag), "{path}");
    }
    for (path, of) in [
        ("/v2/blobs/blobs/uploads/", "blobs"),
        ("/v2/blobs/uploads/blobs/uploads/", "blobs/uploads"),
        ("/v2/x/manifests/blobs/uploads", "x/manifests"),
    ] {
        assert_eq!(Route::parse(path), Ok(Route::BlobUploads { name: name(of) }), "{path}");
    }
    for (path, of) in
        [("/v2/tags/tags/list", "tags"), ("/v2/a/blobs/uploads/tags/list", "a/blobs/uploads")]
    {
        assert_eq!(Route::parse(path), Ok(Route::TagsList { name: name(of) }), "{path}");
    }
    let upload = Route::parse(&format!("/v2/uploads/blobs/uploads/{UPLOAD}")).unwrap();
    assert_eq!(upload.name(), Some(&name("uploads")));
}

#[test]
fn what_is_wrong_is_told_apart() {
    let bad_digest = |digest: &str| PathError::Digest { name: name("ab"), digest: digest.into() };
    let bad_name = |name: &str| PathError::Name { name: name.into() };
    for (path, error) in [
        ("", PathError::NotFound),
        ("/", PathError::NotFound),
        ("/v1/ab/tags/list", PathError::NotFound),
        ("/v2x", PathError::NotFound),
        ("/v2/ab", PathError::NotFound),
        ("/v2/ab/", PathError::NotFound),
        ("/v2/_catalog/", PathError::NotFound),
        ("/v2/ab/tags/list/", PathError::NotFound),
        ("/v2/ab/tags", PathError::NotFound),
        ("/v2/ab/manifests", PathError::NotFound),
        ("/v2/%zz/tags/list", PathError::Encoding),
        ("/v2/a%2Fb/tags/list", PathError::Encoding),
        ("/v2/a%2fb/tags/list", PathError::Encoding),
        ("/v2/a%ff/tags/list", PathError::Encoding),
        ("/v2/tags/list", bad_name("")),
        ("/v2//tags/list", bad_name("")),
        ("/v2/manifests/latest", bad_name("")),
        ("/v2/UPPER/tags/list", bad_name("UPPER")),
        ("/v2/../ab/tags/list", bad_name("../ab")),
        ("/v2/a%00b/tags/list", bad_name("a\0b")),
        ("/v2/a%252fb/tags/list", bad_name("a%2fb")),
        ("/v2/ab/blobs/sha256:12", bad_digest("sha256:12")),
        ("/v2/ab/blobs/", bad_digest("")),
        ("/v2/ab/referrers/latest", bad_digest("latest")),
        (
            "/v2/ab/manifests/sha256:12",
            PathError::Reference { name: name("ab"), reference: "sha256:12".into() },
        ),
        ("/v2/ab/manifests/.x", PathError::Reference { name: name("ab"), reference: ".x".into() }),
        ("/v2/ab/blobs/uploads/1", PathError::UploadId { name: name("ab"), upload_id: "1".into() }),
    ] {
        assert_eq!(Route::parse(path), Err(error), "{path}");
    }
}

#[test]
fn components_are_percent_decoded_once() {
    let digest = digest();
    let escaped = digest.replace(':', "%3A");
    assert_eq!(Route::parse(&format!("/v2/%61b/manifests/{escaped}")), manifest("ab", &digest));
}

fn names() -> impl Strategy<Value = RepositoryName> {
    let part = prop_oneof![
        "blobs|uploads|manifests|tags|list|referrers|v2",
        "[a-z0-9]{1,3}(-[a-z]{1,2})?"
    ];
    proptest::collection::vec(part, 1..6)
        .prop_map(|parts| parts.join("/"))
        .prop_filter_map("a name", |text| text.parse().ok())
}

fn digests() -> impl Strategy<Value = Digest> {
    prop_oneof![
        any::<[u8; 32]>().prop_map(Digest::Sha256),
        proptest::collection::vec(any::<u8>(), 64)
            .prop_filter_map("64 bytes", |bytes| bytes.try_into().ok().map(Digest::Sha512)),
    ]
}

fn references() -> impl Strategy<Value = Reference> {
    prop_oneof![
        digests().prop_map(Reference::Digest),
        "[a-zA-Z0-9_][a-zA-Z0-9._-]{0,8}|list|uploads|blobs"
            .prop_map(|tag| tag.parse().map(Reference::Tag).unwrap()),
    ]
}

fn routes() -> impl Strategy<Value = Route> {
    prop_oneof![
        Just(Route::Base),
        Just(Route::Catalog),
        names().prop_map(|name| Route::TagsList { name }),
        (names(), references()).prop_map(|(name, reference)| Route::Manifest { name, reference }),
        (names(), digests()).prop_map(|(name, digest)| Route::Blob { name, digest }),
        names().prop_map(|name| Route::BlobUploads { name }),
        (names(), any::<u64>()).prop_map(|(name, seed)| Route::BlobUpload {
            name,
            upload_id: UploadId::random(&SeededEntropy::new(seed)),
        }),
        (names(), digests()).prop_map(|(name, digest)| Route::Referrers { name, digest }),
    ]
}

proptest! {
    #[test]
    fn a_route_reads_back(route in routes()) {
        prop_assert_eq!(Route::parse(&route.to_path()), Ok(route));
    }

    #[test]
    fn no_path_makes_the_parser_panic(
        path in "(/(v2|blobs|uploads|manifests|tags|list|referrers|[a-z%:0-9]{0,6})){0,8}|.*",
    ) {
        if let Ok(route) = Route::parse(&path) {
            prop_assert_eq!(Route::parse(&route.to_path()), Ok(route));
        }
    }
}
