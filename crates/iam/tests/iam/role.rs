//! Roles.

use wharfinger_auth::{IamResource, Permit};
use wharfinger_core::{Arn, Timestamp};
use wharfinger_iam::{Error, NewRole};
use wharfinger_metadata::credential_use::{self, CredentialUse};
use wharfinger_metadata::role::{self, RoleRow};
use wharfinger_metadata::{MetadataError, inline_policy, policy_attachment};

use super::fixture::{ACCOUNT, TRUST, fixture, new_role, page, refusal, tags};

const READ_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly";

#[tokio::test]
async fn a_role_is_made_read_changed_and_deleted() {
    let fixture = fixture().await;
    let iam = &fixture.iam;
    let new = NewRole {
        path: Some("/ci/".into()),
        description: "pushes".into(),
        session_seconds_max: Some(7_200),
        boundary_arn: Some(READ_ONLY.into()),
        tags: tags(&[("Team", "a")]),
        ..new_role("push")
    };
    let made = iam.create_role(&fixture.permit(), new).await.unwrap();
    assert!(made.role_id.starts_with("AROA") && made.role_id.len() == 20, "{}", made.role_id);
    assert_eq!(made.arn.as_str(), format!("arn:aws:iam::{ACCOUNT}:role/ci/push"));
    assert_eq!(made.trust_policy, TRUST);
    assert_eq!(made.boundary_arn.as_deref(), Some(READ_ONLY));
    let found = iam.get_role(&fixture.permit(), "push").await.unwrap();
    assert_eq!(found, made);

    let changed = iam.update_role(&fixture.permit(), "push", None, Some(43_200)).await.unwrap();
    assert_eq!((changed.description.as_str(), changed.session_seconds_max), ("pushes", 43_200));
    let text = String::from("pushes images");
    let changed = iam.update_role_description(&fixture.permit(), "push", text).await.unwrap();
    assert_eq!(
        (changed.description.as_str(), changed.session_seconds_max),
        ("pushes images", 43_200)
    );
    iam.delete_role(&fixture.permit(), "push").await.unwrap();
    let gone = refusal(iam.get_role(&fixture.permit(), "push").await);
    let sentence = "The role with name push cannot be found.".to_owned();
    assert_eq!(gone, ("NoSuchEntity".into(), sentence));
    // Nothing of it is left for another of its name.
    assert_eq!(fixture.role("push").await.tags, []);
}

#[tokio::test]
async fn names_are_taken_whatever_their_case_and_found_as_they_were_given() {
    let fixture = fixture().await;
    fixture.role("Deploy").await;
    let again = refusal(fixture.iam.create_role(&fixture.permit(), new_role("deploy")).await);
    let sentence = "Role with name deploy already exists.".to_owned();
    assert_eq!(again, ("EntityAlreadyExists".into(), sentence));
    assert!(fixture.iam.get_role(&fixture.permit(), "deploy").await.is_err());
    fixture.iam.get_role(&fixture.permit(), "Deploy").await.unwrap();
}

#[tokio::test]
async fn what_a_role_may_not_be_is_refused() {
    let fixture = fixture().await;
    let create = async |new| refusal(fixture.iam.create_role(&fixture.permit(), new).await);
    let reserved = NewRole { path: Some("/aws-service-role/x/".into()), ..new_role("a") };
    assert_eq!(create(reserved).await.0, "InvalidInput");
    for seconds in [0, 3_599, 43_201] {
        let new = NewRole { session_seconds_max: Some(seconds), ..new_role("a") };
        assert_eq!(create(new).await.0, "ValidationError", "{seconds}");
    }
    let absent = format!("arn:aws:iam::{ACCOUNT}:policy/none");
    let new = NewRole { boundary_arn: Some(absent.clone()), ..new_role("a") };
    let sentence = format!("Scope ARN: {absent} does not exist or is not attachable.");
    assert_eq!(create(new).await, ("NoSuchEntity".into(), sentence));
    let new = NewRole { tags: tags(&[("a", ""), ("A", "")]), ..new_role("a") };
    assert_eq!(create(new).await.0, "InvalidInput");
    assert!(fixture.iam.get_role(&fixture.permit(), "a").await.is_err(), "nothing was made");
}

#[tokio::test]
async fn roles_are_listed_by_path_and_page() {
    let fixture = fixture().await;
    for (name, path) in [("b", "/ci/"), ("a", "/"), ("d", "/ci/x/"), ("c", "/other/")] {
        let new = NewRole { path: Some(path.into()), ..new_role(name) };
        fixture.iam.create_role(&fixture.permit(), new).await.unwrap();
    }
    let list = async |prefix, after, max_items| {
        let page = page(after, max_items);
        let page = fixture.iam.list_roles(&fixture.permit(), prefix, &page).await.unwrap();
        let names: Vec<String> = page.items.into_iter().map(|role| role.role_name).collect();
        (names.join(" "), page.marker)
    };
    assert_eq!(list(None, "", 100).await, ("a b c d".into(), None));
    assert_eq!(list(None, "", 3).await, ("a b c".into(), Some("c".into())));
    assert_eq!(list(None, "c", 3).await, ("d".into(), None));
    assert_eq!(list(Some("/ci/"), "", 100).await, ("b d".into(), None));
    assert_eq!(list(Some("/ci/"), "", 1).await, ("b".into(), Some("b".into())));
    assert_eq!(list(Some("/c_/"), "", 100).await, (String::new(), None));
}

#[tokio::test]
async fn a_role_that_has_something_stays() {
    let fixture = fixture().await;
    let role_id = fixture.role("busy").await.role_id;
    let id = role_id.clone();
    let written: Result<(), MetadataError> = fixture
        .metadata
        .write(move |tx| {
            Box::pin(async move {
                let now = Timestamp::from_seconds(0);
                policy_attachment::attach(tx, &id, READ_ONLY, now).await?;
                inline_policy::put(tx, &id, "inline", "{}").await
            })
        })
        .await;
    written.unwrap();
    let delete = async || refusal(fixture.iam.delete_role(&fixture.permit(), "busy").await);
    let conflict = |text: &str| ("DeleteConflict".to_owned(), text.to_owned());
    let attached = conflict("Cannot delete entity, must detach all policies first.");
    assert_eq!(delete().await, attached);
    let id = role_id.clone();
    let written: Result<(), MetadataError> = fixture
        .metadata
        .write(move |tx| Box::pin(async move { policy_attachment::detach_all(tx, &id).await }))
        .await;
    written.unwrap();
    assert_eq!(delete().await, conflict("Cannot delete entity, must delete policies first."));
}

#[tokio::test]
async fn an_account_has_a_thousand_roles_at_the_most() {
    let fixture = fixture().await;
    let account = fixture.account;
    let written: Result<(), MetadataError> = fixture
        .metadata
        .write(move |tx| {
            Box::pin(async move {
                for number in 0..999 {
                    let row = RoleRow {
                        role_id: format!("AROA{number}"),
                        account,
                        role_name: format!("role{number}"),
                        path: "/".into(),
                        description: String::new(),
                        session_seconds_max: 3_600,
                        trust_policy: TRUST.into(),
                        boundary_arn: None,
                        created_at: Timestamp::from_seconds(0),
                    };
                    role::insert(tx, &row).await?;
                }
                Ok(())
            })
        })
        .await;
    written.unwrap();
    fixture.role("last").await;
    let over = refusal(fixture.iam.create_role(&fixture.permit(), new_role("over")).await);
    let sentence = "Cannot exceed quota for RolesPerAccount: 1000".to_owned();
    assert_eq!(over, ("LimitExceeded".into(), sentence));
}

#[tokio::test]
async fn a_role_says_when_it_was_used_last() {
    let fixture = fixture().await;
    let role_id = fixture.role("used").await.role_id;
    let used = async || fixture.iam.get_role(&fixture.permit(), "used").await.unwrap().last_used;
    assert_eq!(used().await, None);
    let now = Timestamp::from_seconds(1_800_000_000);
    let row = CredentialUse { used_at: now, service: "ecr".into(), region: "eu-west-1".into() };
    let written: Result<(), MetadataError> = fixture
        .metadata
        .write(move |tx| Box::pin(async move { credential_use::put(tx, &role_id, &row).await }))
        .await;
    written.unwrap();
    let used = used().await.unwrap();
    assert_eq!((used.used_at, used.region.as_str()), (now, "eu-west-1"));
}

#[tokio::test]
async fn tags_are_put_removed_and_listed_by_page() {
    let fixture = fixture().await;
    fixture.role("tagged").await;
    let iam = &fixture.iam;
    let put = tags(&[("b", "2"), ("Team", "x"), ("a", "1")]);
    iam.tag_role(&fixture.permit(), "tagged", put).await.unwrap();
    iam.tag_role(&fixture.permit(), "tagged", tags(&[("TEAM", "y")])).await.unwrap();
    let list = async |after, max_items| {
        let page = page(after, max_items);
        iam.list_role_tags(&fixture.permit(), "tagged", &page).await
    };
    let first = list("", 2).await.unwrap();
    assert_eq!(
        (first.items, first.marker.as_deref()),
        (tags(&[("a", "1"), ("b", "2")]), Some("2"))
    );
    let rest = list("2", 2).await.unwrap();
    assert_eq!((rest.items, rest.marker), (tags(&[("TEAM", "y")]), None));
    assert_eq!(refusal(list("x", 2).await).0, "ValidationError");
    let keys = vec!["team".to_owned(), "absent".to_owned()];
    iam.untag_role(&fixture.permit(), "tagged", keys).await.unwrap();
    assert_eq!(list("", 9).await.unwrap().items, tags(&[("a", "1"), ("b", "2")]));

    let many: Vec<_> = (0..49).map(|it| (format!("k{it}"), String::new())).collect();
    let over = refusal(iam.tag_role(&fixture.permit(), "tagged", many).await);
    assert_eq!(over.0, "LimitExceeded");
    assert_eq!(list("", 100).await.unwrap().items.len(), 2, "all or none");
}

#[tokio::test]
async fn a_permit_reaches_the_role_it_names_and_no_other() {
    let fixture = fixture().await;
    fixture.role("mine").await;
    let resource =
        |path, name| IamResource::new(fixture.account, &Arn::role(&fixture.account, path, name));
    let other = Permit::system(resource("/", "other"));
    assert_eq!(refusal(fixture.iam.delete_role(&other, "mine").await).0, "NoSuchEntity");
    // It had another path when the permit was made.
    let moved = Permit::system(resource("/team/", "mine"));
    assert_eq!(refusal(fixture.iam.delete_role(&moved, "mine").await).0, "NoSuchEntity");
    let create = Permit::system(resource("/", "mine"));
    let refused = fixture.iam.create_role(&create, new_role("yours")).await;
    assert!(matches!(refused, Err(Error::Internal(_))));
    let exact = Permit::system(resource("/", "mine"));
    fixture.iam.delete_role(&exact, "mine").await.unwrap();
}

#[tokio::test]
async fn policies_see_the_arn_and_the_tags_of_a_role() {
    let fixture = fixture().await;
    let new = NewRole { path: Some("/ci/".into()), tags: tags(&[("k", "v")]), ..new_role("x") };
    fixture.iam.create_role(&fixture.permit(), new).await.unwrap();
    let found = fixture.iam.tagged_role(fixture.account, "x").await.unwrap();
    assert_eq!(found.arn.as_str(), format!("arn:aws:iam::{ACCOUNT}:role/ci/x"));
    assert_eq!(found.tags, tags(&[("k", "v")]));
    let absent = fixture.iam.tagged_role(fixture.account, "y").await.unwrap();
    assert_eq!(absent.arn.as_str(), format!("arn:aws:iam::{ACCOUNT}:role/y"));
}
