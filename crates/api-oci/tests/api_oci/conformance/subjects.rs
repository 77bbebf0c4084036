//! Pushing manifests with a subject.

use wharfinger_oci::media_type::{OCI_EMPTY, OCI_INDEX, OCI_MANIFEST};

use super::super::fixture::{REPOSITORY, digest_of, fixture};
use super::{put, sha512_of};

fn subject_of(digest: &str) -> String {
    format!(r#""subject":{{"mediaType":"{OCI_MANIFEST}","digest":"{digest}","size":7}}"#)
}

/// An artifact without content.
fn artifact(subject: &str) -> Vec<u8> {
    let empty =
        format!(r#"{{"mediaType":"{OCI_EMPTY}","digest":"{}","size":2}}"#, digest_of(b"{}"));
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","artifactType":"a/b","config":{empty},"layers":[{empty}],{}}}"#,
        subject_of(subject)
    )
    .into_bytes()
}

#[tokio::test]
async fn end_7_a_subject_is_answered_with_oci_subject() {
    let fixture = fixture().await;
    let image = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let index = |subject: &str| {
        let subject = subject_of(subject);
        format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[],{subject}}}"#)
            .into_bytes()
    };
    for subject in [digest_of(&image).to_string(), sha512_of(&image)] {
        for (media_type, bytes) in
            [(OCI_MANIFEST, artifact(&subject)), (OCI_INDEX, index(&subject))]
        {
            // Under any name, and when it is there already.
            for reference in
                [&digest_of(&bytes).to_string(), "signed", &sha512_of(&bytes), "signed"]
            {
                let reply = put(&fixture, reference, media_type, &bytes).await;
                assert_eq!(reply.status.as_u16(), 201, "{reply:?}");
                assert_eq!(reply.header("oci-subject"), subject, "{reference}");
            }
        }
    }
}

#[tokio::test]
async fn end_7_a_subject_may_be_missing_and_come_later() {
    let fixture = fixture().await;
    fixture.push_blob(REPOSITORY, b"{}").await;
    let layer = b"pushed after its signature";
    let image = super::super::fixture::manifest(b"{}", layer);
    let subject = digest_of(&image).to_string();
    let signature = artifact(&subject);
    let reply = put(&fixture, "signature", OCI_MANIFEST, &signature).await;
    assert_eq!((reply.status.as_u16(), reply.header("oci-subject")), (201, subject.as_str()));
    let listed = async || fixture.get(&format!("/v2/team/app/referrers/{subject}")).await;
    let before = listed().await;
    assert!(before.text().contains(&digest_of(&signature).to_string()), "{before:?}");
    fixture.push_image(REPOSITORY, "v1", layer).await;
    assert_eq!(listed().await.body, before.body);
}
