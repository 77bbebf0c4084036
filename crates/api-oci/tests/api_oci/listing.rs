//! Tags and repositories, page by page.

use wharfinger_registry::TagMutability;

use super::fixture::{Fixture, REPOSITORY, fixture};

/// Follows the links from `target` on and answers the bodies.
async fn walk(fixture: &Fixture, target: &str) -> Vec<String> {
    let (mut bodies, mut next) = (Vec::new(), Some(target.to_owned()));
    while let Some(target) = next {
        let reply = fixture.get(&target).await;
        assert_eq!(reply.status.as_u16(), 200, "{reply:?}");
        bodies.push(reply.text().to_owned());
        let link = reply.header("link").strip_suffix(">; rel=\"next\"");
        next = link.map(|link| link.strip_prefix("<http://localhost:4566").unwrap().to_owned());
    }
    bodies
}

#[tokio::test]
async fn tags_are_listed_in_order() {
    let fixture = fixture().await;
    let empty = fixture.get("/v2/team/app/tags/list").await;
    assert_eq!(
        empty.whole(),
        "\
200
content-length: 29
content-type: application/json
docker-distribution-api-version: registry/2.0

{\"name\":\"team/app\",\"tags\":[]}"
    );
    let manifest = fixture.push_image(REPOSITORY, "b", b"layer").await;
    for tag in ["a", "latest", "V2", "v1.0.0"] {
        fixture.put_manifest(&format!("/v2/team/app/manifests/{tag}"), &manifest).await;
    }
    let all = r#"{"name":"team/app","tags":["V2","a","b","latest","v1.0.0"]}"#;
    assert_eq!(walk(&fixture, "/v2/team/app/tags/list").await, [all]);
    assert_eq!(walk(&fixture, "/v2/team/app/tags/list?n=5").await, [all]);
    assert_eq!(walk(&fixture, "/v2/team/app/tags/list?n=5000").await, [all]);
    assert_eq!(
        walk(&fixture, "/v2/team/app/tags/list?n=2").await,
        [
            r#"{"name":"team/app","tags":["V2","a"]}"#,
            r#"{"name":"team/app","tags":["b","latest"]}"#,
            r#"{"name":"team/app","tags":["v1.0.0"]}"#,
        ]
    );
    let page = fixture.get("/v2/team/app/tags/list?n=1&last=a").await;
    let link = "<http://localhost:4566/v2/team/app/tags/list?last=b&n=1>; rel=\"next\"";
    assert_eq!(page.header("link"), link);
    let none = fixture.get("/v2/team/app/tags/list?n=0").await;
    assert_eq!((none.text(), none.header("link")), (r#"{"name":"team/app","tags":[]}"#, ""));
    let after = fixture.get("/v2/team/app/tags/list?last=nothing%20like%20it").await;
    assert_eq!(after.text(), r#"{"name":"team/app","tags":["v1.0.0"]}"#);
}

#[tokio::test]
async fn repositories_are_listed_in_order() {
    let fixture = fixture().await;
    for name in ["zoo", "app", "team/web"] {
        fixture.create_repository(name, TagMutability::Mutable).await;
    }
    let all = r#"{"repositories":["app","team/app","team/web","zoo"]}"#;
    assert_eq!(walk(&fixture, "/v2/_catalog").await, [all]);
    assert_eq!(
        walk(&fixture, "/v2/_catalog?n=3").await,
        [r#"{"repositories":["app","team/app","team/web"]}"#, r#"{"repositories":["zoo"]}"#]
    );
    let page = fixture.get("/v2/_catalog?n=2").await;
    let link = "<http://localhost:4566/v2/_catalog?last=team%2Fapp&n=2>; rel=\"next\"";
    assert_eq!(page.header("link"), link);
}

#[tokio::test]
async fn a_page_has_a_number_of_elements() {
    let fixture = fixture().await;
    let message = "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must be \
                   a number, 0 or more'";
    for target in ["/v2/_catalog?n=ten", "/v2/team/app/tags/list?n=-1"] {
        fixture.get(target).await.assert_error(405, "UNSUPPORTED", message);
    }
}
