//! Instance profiles.

use wharfinger_auth::{IamResource, Permit};
use wharfinger_core::Arn;
use wharfinger_iam::{InstanceProfile, NewInstanceProfile};

use super::fixture::{ACCOUNT, Fixture, fixture, page, refusal, tags};

async fn profile(fixture: &Fixture, name: &str, path: &str) -> InstanceProfile {
    let new = NewInstanceProfile {
        profile_name: name.into(),
        path: Some(path.into()),
        tags: tags(&[("k", "v")]),
    };
    fixture.iam.create_instance_profile(&fixture.permit(), new).await.unwrap()
}

async fn add(fixture: &Fixture, name: &str, role: &str) -> Result<(), wharfinger_iam::Error> {
    let (permit, pass_role) = (fixture.permit(), fixture.permit());
    fixture.iam.add_role_to_instance_profile(&permit, &pass_role, name, role).await
}

#[tokio::test]
async fn a_profile_is_made_filled_emptied_and_deleted() {
    let fixture = fixture().await;
    let iam = &fixture.iam;
    fixture.role("web").await;
    let made = profile(&fixture, "web", "/").await;
    assert!(made.profile_id.starts_with("AIPA"));
    assert_eq!(made.arn.as_str(), format!("arn:aws:iam::{ACCOUNT}:instance-profile/web"));
    assert_eq!((made.role.is_none(), &made.tags), (true, &tags(&[("k", "v")])));
    add(&fixture, "web", "web").await.unwrap();
    let found = iam.get_instance_profile(&fixture.permit(), "web").await.unwrap();
    assert_eq!(found.role.as_ref().map(|role| role.role_name.as_str()), Some("web"));
    assert_eq!(found.tags, tags(&[("k", "v")]));

    let conflict = (
        "DeleteConflict".to_owned(),
        "Cannot delete entity, must remove roles from instance profile first.".to_owned(),
    );
    assert_eq!(refusal(iam.delete_instance_profile(&fixture.permit(), "web").await), conflict);
    assert_eq!(refusal(iam.delete_role(&fixture.permit(), "web").await), conflict);
    iam.remove_role_from_instance_profile(&fixture.permit(), "web", "web").await.unwrap();
    iam.delete_instance_profile(&fixture.permit(), "web").await.unwrap();
    iam.delete_role(&fixture.permit(), "web").await.unwrap();
    let gone = refusal(iam.get_instance_profile(&fixture.permit(), "web").await);
    let sentence = "Instance Profile web cannot be found.".to_owned();
    assert_eq!(gone, ("NoSuchEntity".into(), sentence));
}

#[tokio::test]
async fn a_profile_has_one_role_at_the_most() {
    let fixture = fixture().await;
    fixture.role("one").await;
    fixture.role("two").await;
    profile(&fixture, "box", "/").await;
    add(&fixture, "box", "one").await.unwrap();
    let full = (
        "LimitExceeded".to_owned(),
        "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1".to_owned(),
    );
    assert_eq!(refusal(add(&fixture, "box", "one").await), full);
    assert_eq!(refusal(add(&fixture, "box", "two").await), full);
    assert_eq!(refusal(add(&fixture, "box", "none").await).0, "NoSuchEntity");
    assert_eq!(refusal(add(&fixture, "none", "one").await).0, "NoSuchEntity");
    let remove = async |role| {
        fixture.iam.remove_role_from_instance_profile(&fixture.permit(), "box", role).await
    };
    assert_eq!(refusal(remove("two").await).0, "NoSuchEntity");
    assert_eq!(refusal(remove("none").await).0, "NoSuchEntity");
    remove("one").await.unwrap();
    add(&fixture, "box", "two").await.unwrap();
}

#[tokio::test]
async fn the_role_must_be_one_that_the_caller_may_pass() {
    let fixture = fixture().await;
    fixture.role("one").await;
    fixture.role("two").await;
    profile(&fixture, "box", "/").await;
    let arn = Arn::role(&fixture.account, "/", "two");
    let pass_role = Permit::system(IamResource::new(fixture.account, &arn));
    let permit = fixture.permit();
    let add = async |role| {
        fixture.iam.add_role_to_instance_profile(&permit, &pass_role, "box", role).await
    };
    assert_eq!(refusal(add("one").await).0, "NoSuchEntity");
    add("two").await.unwrap();
}

#[tokio::test]
async fn the_role_of_a_service_goes_into_no_profile() {
    let fixture = fixture().await;
    let service = "ecs.amazonaws.com";
    let permit = fixture.permit();
    fixture.iam.create_service_linked_role(&permit, service, None, None).await.unwrap();
    profile(&fixture, "box", "/").await;
    let refused = refusal(add(&fixture, "box", "AWSServiceRoleForECS").await);
    assert_eq!(refused.0, "UnmodifiableEntity");
}

#[tokio::test]
async fn profiles_are_listed_by_path_page_and_role() {
    let fixture = fixture().await;
    fixture.role("web").await;
    for (name, path) in [("b", "/ci/"), ("a", "/"), ("c", "/ci/x/")] {
        profile(&fixture, name, path).await;
    }
    add(&fixture, "a", "web").await.unwrap();
    add(&fixture, "c", "web").await.unwrap();
    let names = |items: Vec<InstanceProfile>| -> String {
        items.into_iter().map(|profile| profile.profile_name).collect()
    };
    let iam = &fixture.iam;
    for (prefix, after, max_items, shown, marker) in [
        (None, "", 100, "abc", None),
        (None, "", 2, "ab", Some("b")),
        (None, "b", 2, "c", None),
        (Some("/ci/"), "", 100, "bc", None),
    ] {
        let page = page(after, max_items);
        let page = iam.list_instance_profiles(&fixture.permit(), prefix, &page).await.unwrap();
        assert_eq!((names(page.items).as_str(), page.marker.as_deref()), (shown, marker));
    }
    for (after, max_items, shown, marker) in
        [("", 100, "ac", None), ("", 1, "a", Some("a")), ("a", 1, "c", None)]
    {
        let page = page(after, max_items);
        let permit = fixture.permit();
        let page = iam.list_instance_profiles_for_role(&permit, "web", &page).await.unwrap();
        assert_eq!((names(page.items).as_str(), page.marker.as_deref()), (shown, marker));
    }
    let (permit, first) = (fixture.permit(), page("", 1));
    let absent = iam.list_instance_profiles_for_role(&permit, "none", &first).await;
    assert_eq!(refusal(absent).0, "NoSuchEntity");
}

#[tokio::test]
async fn names_are_taken_whatever_their_case() {
    let fixture = fixture().await;
    profile(&fixture, "Web", "/").await;
    let new = NewInstanceProfile { profile_name: "web".into(), ..NewInstanceProfile::default() };
    let again = refusal(fixture.iam.create_instance_profile(&fixture.permit(), new).await);
    let sentence = "Instance Profile web already exists.".to_owned();
    assert_eq!(again, ("EntityAlreadyExists".into(), sentence));
}

#[tokio::test]
async fn profiles_have_tags() {
    let fixture = fixture().await;
    profile(&fixture, "box", "/").await;
    let iam = &fixture.iam;
    iam.tag_instance_profile(&fixture.permit(), "box", tags(&[("a", "1")])).await.unwrap();
    iam.untag_instance_profile(&fixture.permit(), "box", vec!["K".into()]).await.unwrap();
    let listed = iam.list_instance_profile_tags(&fixture.permit(), "box", &page("", 10)).await;
    assert_eq!(listed.unwrap().items, tags(&[("a", "1")]));
    let seen = iam.tagged_instance_profile(fixture.account, "box").await.unwrap();
    assert_eq!(seen.tags, tags(&[("a", "1")]));
    let absent = iam.list_instance_profile_tags(&fixture.permit(), "none", &page("", 10)).await;
    assert_eq!(refusal(absent).0, "NoSuchEntity");
}
