//! Listing tags.

use super::super::fixture::{Fixture, REPOSITORY, Reply, fixture};
use super::{head, refused};

const LIST: &str = "/v2/team/app/tags/list";

async fn with_tags(tags: &[&str]) -> Fixture {
    let fixture = fixture().await;
    let manifest = fixture.push_image(REPOSITORY, tags[0], b"layer").await;
    for tag in &tags[1..] {
        fixture.put_manifest(&format!("/v2/team/app/manifests/{tag}"), &manifest).await;
    }
    fixture
}

#[track_caller]
fn tags(reply: &Reply) -> Vec<String> {
    assert_eq!(reply.status.as_u16(), 200, "{reply:?}");
    assert_eq!(reply.header("content-type"), "application/json");
    let list: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(list["name"], "team/app");
    let tags = list["tags"].as_array().unwrap().iter();
    tags.map(|tag| tag.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn end_8a_tags_are_listed_in_order() {
    let fixture = with_tags(&["b", "v10", "v2", "a", "A", "_x", "0"]).await;
    let reply = fixture.get(LIST).await;
    assert_eq!(tags(&reply), ["0", "A", "_x", "a", "b", "v10", "v2"]);
    assert!(!reply.headers.contains_key("link"));
    assert_eq!(head(&fixture, LIST).await.headers, reply.headers);
}

#[tokio::test]
async fn end_8a_a_repository_without_tags_has_an_empty_list() {
    let fixture = fixture().await;
    assert_eq!(tags(&fixture.get(LIST).await), Vec::<String>::new());
    let absent = fixture.get("/v2/absent/tags/list").await;
    assert_eq!(refused(&absent), (404, "NAME_UNKNOWN".into()));
}

#[tokio::test]
async fn end_8b_n_is_how_many_and_a_link_leads_to_the_rest() {
    let fixture = with_tags(&["a", "b", "c", "d", "e"]).await;
    let mut target = format!("{LIST}?n=2");
    let mut pages = Vec::new();
    loop {
        let reply = fixture.get(&target).await;
        pages.push(tags(&reply));
        let link = reply.header("link").to_owned();
        let Some(next) = link.strip_suffix(">; rel=\"next\"") else { break };
        target = super::path(next.strip_prefix('<').unwrap());
    }
    assert_eq!(pages, [vec!["a", "b"], vec!["c", "d"], vec!["e"]]);
    // No link where nothing is left, even if the page is full.
    let all = fixture.get(&format!("{LIST}?n=5")).await;
    assert_eq!((tags(&all).len(), all.header("link")), (5, ""));
}

#[tokio::test]
async fn end_8b_n_of_zero_is_an_empty_list_without_a_link() {
    let fixture = with_tags(&["a", "b"]).await;
    for query in ["n=0", "n=0&last=a"] {
        let reply = fixture.get(&format!("{LIST}?{query}")).await;
        assert_eq!(tags(&reply), Vec::<String>::new());
        assert!(!reply.headers.contains_key("link"));
    }
}

#[tokio::test]
async fn end_8b_last_is_the_tag_before_the_first() {
    let fixture = with_tags(&["a", "b", "c", "d"]).await;
    for (query, expected) in [
        ("last=b", vec!["c", "d"]),
        ("n=1&last=b", vec!["c"]),
        ("last=d", vec![]),
        // It need not be there, nor be a tag at all; a number is no position.
        ("last=bb", vec!["c", "d"]),
        ("last=2", vec!["a", "b", "c", "d"]),
        ("last=%7E%7E", vec![]),
        ("last=", vec!["a", "b", "c", "d"]),
    ] {
        assert_eq!(tags(&fixture.get(&format!("{LIST}?{query}")).await), expected, "{query}");
    }
}
