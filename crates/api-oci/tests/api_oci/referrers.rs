//! Referrers: promised with the push, listed as an index.

use wharfinger_core::Digest;
use wharfinger_oci::media_type::{OCI_EMPTY, OCI_INDEX, OCI_MANIFEST};

use super::fixture::{Fixture, REPOSITORY, Reply, digest_of, fixture};

/// A manifest that refers to `subject`.
fn referrer(subject: &Digest, artifact_type: &str, note: &str) -> Vec<u8> {
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}",{artifact_type}"config":{{"mediaType":"{OCI_EMPTY}","digest":"{}","size":2}},"layers":[],"subject":{{"mediaType":"{OCI_MANIFEST}","digest":"{subject}","size":7}},"annotations":{{"note":"{note}"}}}}"#,
        digest_of(b"{}")
    )
    .into_bytes()
}

async fn put(fixture: &Fixture, reference: &str, manifest: &[u8]) -> Reply {
    fixture.put_manifest(&format!("/v2/team/app/manifests/{reference}"), manifest).await
}

#[tokio::test]
async fn a_push_with_a_subject_says_that_it_is_listed() {
    let fixture = fixture().await;
    let image = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    assert_eq!(put(&fixture, "v1", &image).await.header("oci-subject"), "");
    let subject = digest_of(&image);
    let manifest = referrer(&subject, "", "one");
    let digest = digest_of(&manifest).to_string();
    for reference in [digest.as_str(), "signature", "signature", &digest] {
        let reply = put(&fixture, reference, &manifest).await;
        let told = (reply.status.as_u16(), reply.header("oci-subject"));
        assert_eq!(told, (201, subject.to_string().as_str()), "{reference}");
    }
}

#[tokio::test]
async fn referrers_are_an_index() {
    let fixture = fixture().await;
    fixture.push_blob(REPOSITORY, b"{}").await;
    let subject = digest_of(b"a subject that is not there");
    let target = format!("/v2/team/app/referrers/{subject}");
    let none = format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[]}}"#);
    let expected = format!(
        "\
200
content-length: {}
content-type: {OCI_INDEX}
docker-distribution-api-version: registry/2.0

{none}",
        none.len()
    );
    assert_eq!(fixture.get(&target).await.whole(), expected);
    let head = fixture.request("HEAD", &target).send().await;
    assert_eq!((head.status.as_u16(), head.text()), (200, ""));
    // One that names its type, and one that is of the type of its config.
    let typed = referrer(&subject, r#""artifactType":"application/sbom","#, "typed");
    let plain = referrer(&subject, "", "plain");
    let listed = |manifest: &[u8], artifact_type: &str, note: &str| {
        let (digest, size) = (digest_of(manifest), manifest.len());
        format!(
            r#"{{"mediaType":"{OCI_MANIFEST}","digest":"{digest}","size":{size},"artifactType":"{artifact_type}","annotations":{{"note":"{note}"}}}}"#
        )
    };
    let mut descriptors = Vec::new();
    for (manifest, artifact_type, note) in
        [(&typed, "application/sbom", "typed"), (&plain, OCI_EMPTY, "plain")]
    {
        let digest = digest_of(manifest);
        assert_eq!(put(&fixture, &digest.to_string(), manifest).await.status.as_u16(), 201);
        descriptors.push((digest.to_string(), listed(manifest, artifact_type, note)));
    }
    let index = |descriptors: &[(String, String)]| {
        let texts: Vec<&str> = descriptors.iter().map(|(_, text)| text.as_str()).collect();
        none.replace("[]", &format!("[{}]", texts.join(",")))
    };
    for (artifact_type, expected) in [
        ("application/sbom", &descriptors[..1]),
        ("application%2Fvnd.oci.empty.v1%2Bjson", &descriptors[1..]),
        ("other", &[][..]),
    ] {
        let reply = fixture.get(&format!("{target}?artifactType={artifact_type}")).await;
        assert_eq!(reply.text(), index(expected), "{artifact_type}");
        assert_eq!(reply.header("oci-filters-applied"), "artifactType");
        assert_eq!(reply.header("content-type"), OCI_INDEX);
    }
    descriptors.sort();
    let reply = fixture.get(&target).await;
    assert_eq!(reply.text(), index(&descriptors));
    assert_eq!((reply.header("oci-filters-applied"), reply.header("link")), ("", ""));
}

#[tokio::test]
async fn many_referrers_are_linked_page_by_page() {
    let fixture = fixture().await;
    fixture.push_blob(REPOSITORY, b"{}").await;
    let subject = digest_of(b"subject");
    let mut pushed = Vec::new();
    for number in 0..51 {
        let manifest = referrer(&subject, r#""artifactType":"a/b+c","#, &number.to_string());
        let digest = digest_of(&manifest).to_string();
        put(&fixture, &digest, &manifest).await;
        pushed.push(digest);
    }
    let mut target = format!("/v2/team/app/referrers/{subject}?artifactType=a/b%2Bc");
    let mut found = Vec::new();
    for expected in [50, 1] {
        let reply = fixture.get(&target).await;
        let index: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        let manifests = index["manifests"].as_array().unwrap();
        assert_eq!(manifests.len(), expected);
        let digests = manifests.iter().map(|it| it["digest"].as_str().unwrap().to_owned());
        found.extend(digests);
        let link = reply.header("link");
        assert_eq!(link.is_empty(), expected == 1);
        let next = link.strip_prefix("<http://localhost:4566").unwrap_or_default();
        target = next.strip_suffix(">; rel=\"next\"").unwrap_or_default().to_owned();
    }
    pushed.sort();
    assert_eq!(found, pushed);
}

#[tokio::test]
async fn a_list_that_cannot_be_says_why() {
    let fixture = fixture().await;
    let subject = digest_of(b"subject");
    let absent = fixture.get(&format!("/v2/team/absent/referrers/{subject}")).await;
    absent.assert_error(
        404,
        "NAME_UNKNOWN",
        "The repository with name 'team/absent' does not exist in the registry with id \
         '111122223333'",
    );
    let reply = fixture.get(&format!("/v2/team/app/referrers/{subject}?last=nonsense")).await;
    reply.assert_error(
        405,
        "UNSUPPORTED",
        "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Member must be a token of \
         this request'",
    );
}
