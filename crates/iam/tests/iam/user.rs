//! Users and their tags.

use wharfinger_auth::{Permit, iam_actions};
use wharfinger_core::Arn;
use wharfinger_iam::{KeyOwner, NewUser, Page, User};
use wharfinger_metadata::managed_policy::{self, ManagedPolicyRow};
use wharfinger_metadata::{group, policy_attachment};

use super::people::permit;
use super::principal_fixture::{NOW, fixture, page, page_after, refusal};

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"ecr:*","Resource":"*"}]}"#;

fn names(page: &Page<User>) -> Vec<&str> {
    page.items.iter().map(|user| user.user_name.as_str()).collect()
}

#[tokio::test]
async fn a_user_has_what_it_was_created_with() {
    let fixture = fixture().await;
    let new = NewUser {
        path: Some("/team/".into()),
        boundary_arn: Some("arn:aws:iam::aws:policy/AdministratorAccess".into()),
        tags: vec![("Team".into(), "a".into()), ("env".into(), "ci".into())],
        ..NewUser::named("ann")
    };
    let created = fixture.iam.create_user(&permit(fixture.account), new).await.unwrap();
    assert!(created.user_id.starts_with("AIDA") && created.user_id.len() == 20);
    assert_eq!(created.arn.as_str(), "arn:aws:iam::111122223333:user/team/ann");
    assert_eq!((created.path.as_str(), created.created_at), ("/team/", NOW));
    assert_eq!(created.tags[1], ("Team".to_owned(), "a".to_owned()), "in order of key");
    let found = fixture.iam.get_user(&permit(fixture.account), "ann").await.unwrap();
    assert_eq!(found, created);
    let absent = refusal(fixture.iam.get_user(&permit(fixture.account), "ANN").await);
    assert_eq!(absent, ("NoSuchEntity", "The user with name ANN cannot be found.".into()));
}

#[tokio::test]
async fn a_name_is_taken_whatever_its_case_and_only_in_its_account() {
    let fixture = fixture().await;
    fixture.user("Ann").await;
    let again = refusal(fixture.people.create_user(fixture.account, "aNN").await);
    assert_eq!(again, ("EntityAlreadyExists", "User with name aNN already exists.".into()));
    let elsewhere = "444455556666".parse().unwrap();
    fixture.people.create_user(elsewhere, "Ann").await.unwrap();
    for bad in ["", "with space", "slash/ed", &"x".repeat(65)] {
        let refused = refusal(fixture.people.create_user(fixture.account, bad).await);
        assert_eq!(refused.0, "ValidationError", "{bad}");
    }
    let new = NewUser { path: Some("team".into()), ..NewUser::named("ben") };
    let refused = refusal(fixture.iam.create_user(&permit(fixture.account), new).await);
    assert_eq!(refused.0, "ValidationError");
}

#[tokio::test]
async fn a_boundary_is_a_policy_that_is_there() {
    let fixture = fixture().await;
    let own = "arn:aws:iam::111122223333:policy/bound";
    let create = |name: &'static str| {
        let new = NewUser { boundary_arn: Some(own.into()), ..NewUser::named(name) };
        let iam = &fixture.iam;
        async move { iam.create_user(&permit("111122223333".parse().unwrap()), new).await }
    };
    let absent = refusal(create("ann").await);
    let text = format!("Scope ARN: {own} does not exist or is not attachable.");
    assert_eq!(absent, ("NoSuchEntity", text));
    let account = fixture.account;
    fixture
        .write(move |tx| {
            Box::pin(async move {
                let row = ManagedPolicyRow {
                    policy_id: "ANPA".into(),
                    policy_arn: own.into(),
                    account,
                    policy_name: "bound".into(),
                    path: "/".into(),
                    description: String::new(),
                    default_version: 1,
                    last_version: 1,
                    created_at: NOW,
                    updated_at: NOW,
                };
                managed_policy::insert(tx, &row).await
            })
        })
        .await;
    assert_eq!(create("ann").await.unwrap().boundary_arn.as_deref(), Some(own));
}

#[tokio::test]
async fn users_are_listed_by_path_page_by_page() {
    let fixture = fixture().await;
    for (name, path) in [("ann", "/a/"), ("ben", "/b/"), ("cid", "/a/c/"), ("dan", "/")] {
        fixture.user_under(name, path).await;
    }
    let list = |prefix: Option<&'static str>, page| {
        let iam = &fixture.iam;
        async move { iam.list_users(&permit("111122223333".parse().unwrap()), prefix, page).await }
    };
    let first = list(None, page(3)).await.unwrap();
    assert_eq!((names(&first), first.marker.as_deref()), (vec!["ann", "ben", "cid"], Some("cid")));
    let second = list(None, page_after(&first.marker, 3)).await.unwrap();
    assert_eq!((names(&second), &second.marker), (vec!["dan"], &None));
    assert_eq!(names(&list(Some("/a/"), page(9)).await.unwrap()), ["ann", "cid"]);
    assert_eq!(names(&list(Some("/a/c"), page(9)).await.unwrap()), ["cid"]);
    assert!(names(&list(Some("/A/"), page(9)).await.unwrap()).is_empty(), "case counts");
    let other = "444455556666".parse().unwrap();
    let theirs = fixture.iam.list_users(&permit(other), None, page(9)).await.unwrap();
    assert!(theirs.items.is_empty());
}

#[tokio::test]
async fn a_user_keeps_its_id_under_another_name_and_path() {
    let fixture = fixture().await;
    let before = fixture.user("ann").await;
    fixture.user("ben").await;
    let update = |name: &'static str, new: Option<&'static str>, path: Option<&'static str>| {
        let iam = &fixture.iam;
        let permit = permit("111122223333".parse().unwrap());
        async move { iam.update_user(&permit, &permit, name, new, path).await }
    };
    update("ann", Some("Ann"), None).await.unwrap();
    update("Ann", None, Some("/team/")).await.unwrap();
    let after = fixture.iam.get_user(&permit(fixture.account), "Ann").await.unwrap();
    assert_eq!(after.user_id, before.user_id);
    assert_eq!(after.arn.as_str(), "arn:aws:iam::111122223333:user/team/Ann");
    let taken = refusal(update("Ann", Some("BEN"), None).await);
    assert_eq!(taken, ("EntityAlreadyExists", "User with name BEN already exists.".into()));
    assert_eq!(refusal(update("zoe", None, None).await).0, "NoSuchEntity");
    assert_eq!(refusal(update("Ann", None, Some("team")).await).0, "ValidationError");
    assert_eq!(refusal(update("Ann", Some("a b"), None).await).0, "ValidationError");
}

#[tokio::test]
async fn a_permit_for_what_a_user_was_or_is_to_be_reaches_no_further() {
    let fixture = fixture().await;
    let ann = fixture.user("ann").await;
    let named: Permit<iam_actions::GetUser> = Permit::system(fixture.resource(&ann.arn));
    fixture.iam.get_user(&named, "ann").await.unwrap();
    let anything: Permit<iam_actions::UpdateUser> = permit(fixture.account);
    let target = Arn::user(&fixture.account, "/b/", "ann");
    let target = Permit::system(fixture.resource(&target));
    let elsewhere = fixture.iam.update_user(&anything, &target, "ann", None, Some("/a/")).await;
    assert_eq!(refusal(elsewhere).0, "NoSuchEntity");
    fixture.iam.update_user(&anything, &target, "ann", None, Some("/b/")).await.unwrap();
    let moved = fixture.iam.get_user(&named, "ann").await;
    assert_eq!(refusal(moved).0, "NoSuchEntity", "the permit was for another path");
    let new = Permit::system(fixture.resource(&ann.arn));
    let other = fixture.iam.create_user(&new, NewUser::named("zoe")).await;
    assert_eq!(refusal(other).0, "ServiceFailure");
}

#[tokio::test]
async fn a_user_goes_once_it_has_nothing() {
    let fixture = fixture().await;
    let (account, iam) = (fixture.account, &fixture.iam);
    let user = fixture.user("ann").await;
    let delete = || async { iam.delete_user(&permit(account), "ann").await };
    let conflict =
        |what: &str| ("DeleteConflict", format!("Cannot delete entity, must {what} first."));
    let group = iam.create_group(&permit(account), "dev", None).await.unwrap();
    iam.add_user_to_group(&permit(account), "dev", "ann").await.unwrap();
    let owner = KeyOwner::User("ann".into());
    let key = fixture.people.create_access_key(account, &owner).await.unwrap();
    let id = user.user_id.clone();
    fixture
        .write(move |tx| {
            Box::pin(async move { policy_attachment::attach(tx, &id, "arn", NOW).await })
        })
        .await;
    fixture.people.put_user_policy(account, "ann", "p", POLICY).await.unwrap();

    assert_eq!(refusal(delete().await), conflict("delete policies"));
    fixture.people.delete_user_policy(account, "ann", "p").await.unwrap();
    assert_eq!(refusal(delete().await), conflict("detach all policies"));
    let id = user.user_id.clone();
    fixture
        .write(move |tx| {
            Box::pin(async move { policy_attachment::detach(tx, &id, "arn").await.map(|_| ()) })
        })
        .await;
    assert_eq!(refusal(delete().await), conflict("delete access keys"));
    fixture.people.delete_access_key(account, &key.access_key_id).await.unwrap();
    assert_eq!(refusal(delete().await), conflict("remove users from group"));
    let (group, id) = (group.group_id, user.user_id);
    fixture
        .write(move |tx| {
            Box::pin(async move { group::remove_member(tx, &group, &id).await.map(|_| ()) })
        })
        .await;
    delete().await.unwrap();
    assert_eq!(refusal(delete().await).0, "NoSuchEntity");
}

#[tokio::test]
async fn the_owner_of_the_installation_deletes_a_user_with_all_it_has() {
    let fixture = fixture().await;
    let account = fixture.account;
    fixture.user("ann").await;
    fixture.people.put_user_policy(account, "ann", "p", POLICY).await.unwrap();
    let owner = KeyOwner::User("ann".into());
    fixture.people.create_access_key(account, &owner).await.unwrap();
    fixture.people.delete_user(account, "ann").await.unwrap();
    let gone = refusal(fixture.people.delete_user(account, "ann").await);
    assert_eq!(gone, ("NoSuchEntity", "The user with name ann cannot be found.".into()));
    assert_eq!(fixture.iam.list_account_keys(&permit(account)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn tags_are_put_listed_and_taken_away() {
    let fixture = fixture().await;
    let (account, iam) = (fixture.account, &fixture.iam);
    fixture.user("ann").await;
    let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let put = |tags| async { iam.tag_user(&permit(account), "ann", tags).await };
    put(vec![tag("Team", "a"), tag("env", "x")]).await.unwrap();
    put(vec![tag("TEAM", "b")]).await.unwrap();
    let list = |page| async { iam.list_user_tags(&permit(account), "ann", page).await };
    let first = list(page(1)).await.unwrap();
    assert_eq!(first.items, [tag("env", "x")]);
    let second = list(page_after(&first.marker, 1)).await.unwrap();
    assert_eq!((second.items, second.marker), (vec![tag("TEAM", "b")], None));
    assert_eq!(refusal(list(page_after(&Some("x".into()), 1)).await).0, "ValidationError");
    let twice = refusal(put(vec![tag("k", "1"), tag("K", "2")]).await);
    assert_eq!(twice.0, "InvalidInput");
    let many = (0..49).map(|number| tag(&format!("k{number}"), "")).collect();
    assert_eq!(refusal(put(many).await).0, "LimitExceeded", "fifty-one");
    assert_eq!(list(page(100)).await.unwrap().items.len(), 2, "none of them was put");
    let keys = vec!["team".to_owned(), "absent".to_owned()];
    iam.untag_user(&permit(account), "ann", keys).await.unwrap();
    assert_eq!(list(page(100)).await.unwrap().items, [tag("env", "x")]);
    let absent = iam.tag_user(&permit(account), "zoe", vec![tag("k", "v")]).await;
    assert_eq!(refusal(absent).0, "NoSuchEntity");
}
