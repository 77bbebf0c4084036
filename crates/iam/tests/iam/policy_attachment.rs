//! To whom managed policies are attached.

use wharfinger_auth::iam_actions::{
    AttachGroupPolicy, AttachRolePolicy, AttachUserPolicy, DetachGroupPolicy, DetachRolePolicy,
    DetachUserPolicy, GetPolicy, ListAttachedGroupPolicies, ListAttachedRolePolicies,
    ListAttachedUserPolicies, ListEntitiesForPolicy, PutRolePermissionsBoundary,
    PutUserPermissionsBoundary,
};
use wharfinger_auth::{IamResource, Permit};
use wharfinger_core::Arn;
use wharfinger_iam::{EntityFilter, HolderKind, PageRequest, PolicyUsage, PolicyUse};

use super::policy_fixture::{
    ACCOUNT, Fixture, OF_SERVICE, READ_ONLY, SERVICE_ROLE, all, fixture, page, parsed, refusal,
};

async fn attach_to_all(fixture: &Fixture, arn: &Arn) {
    let iam = &fixture.iam;
    iam.attach_policy(&fixture.permit::<AttachUserPolicy>(), "dev", arn).await.unwrap();
    iam.attach_policy(&fixture.permit::<AttachGroupPolicy>(), "devs", arn).await.unwrap();
    iam.attach_policy(&fixture.permit::<AttachRolePolicy>(), "ci", arn).await.unwrap();
}

#[tokio::test]
async fn a_policy_is_attached_once_and_detached() {
    let fixture = fixture().await;
    let iam = &fixture.iam;
    let arn = parsed(READ_ONLY);
    attach_to_all(&fixture, &arn).await;
    attach_to_all(&fixture, &arn).await;
    let usage = async || iam.get_policy(&fixture.on::<GetPolicy>(READ_ONLY)).await.unwrap().usage;
    assert_eq!(usage().await, PolicyUsage { attachments: 3, boundaries: 0 });
    iam.detach_policy(&fixture.permit::<DetachUserPolicy>(), "dev", &arn).await.unwrap();
    iam.detach_policy(&fixture.permit::<DetachGroupPolicy>(), "devs", &arn).await.unwrap();
    iam.detach_policy(&fixture.permit::<DetachRolePolicy>(), "ci", &arn).await.unwrap();
    assert_eq!(usage().await, PolicyUsage::default());
    let again = refusal(iam.detach_policy(&fixture.permit::<DetachRolePolicy>(), "ci", &arn).await);
    assert_eq!(again, ("NoSuchEntity", format!("Policy {READ_ONLY} was not found.")));
}

#[tokio::test]
async fn what_is_not_there_is_not_attached() {
    let fixture = fixture().await;
    let attach = async |name: &str, arn: &str| {
        let permit = fixture.permit::<AttachUserPolicy>();
        refusal(fixture.iam.attach_policy(&permit, name, &parsed(arn)).await)
    };
    for arn in [
        "arn:aws:iam::aws:policy/None",
        "arn:aws:iam::111122223333:policy/none",
        "arn:aws:iam::999988887777:policy/foreign",
    ] {
        let sentence = format!("Policy {arn} does not exist or is not attachable.");
        assert_eq!(attach("dev", arn).await, ("NoSuchEntity", sentence));
    }
    let sentence = "The user with name Dev cannot be found.";
    assert_eq!(attach("Dev", READ_ONLY).await, ("NoSuchEntity", sentence.into()));
    let sentence = "Cannot attach a Service Role Policy to a Customer User.";
    assert_eq!(attach("dev", OF_SERVICE).await, ("PolicyNotAttachable", sentence.into()));
    let (groups, roles) = (fixture.permit::<AttachGroupPolicy>(), fixture.permit());
    let arn = parsed(OF_SERVICE);
    let refused = refusal(fixture.iam.attach_policy(&groups, "devs", &arn).await);
    assert!(refused.1.ends_with("to a Customer Group."));
    let refused = refusal(fixture.iam.attach_policy::<AttachRolePolicy>(&roles, "ci", &arn).await);
    assert!(refused.1.ends_with("to a Customer Role."));
}

#[tokio::test]
async fn ten_are_attached_at_the_most() {
    let fixture = fixture().await;
    let permit = fixture.permit::<AttachUserPolicy>();
    let mut last = parsed(READ_ONLY);
    for number in 0..11 {
        last = parsed(&fixture.policy(&format!("p{number}")).await.arn);
        if number < 10 {
            fixture.iam.attach_policy(&permit, "dev", &last).await.unwrap();
        }
    }
    let eleventh = refusal(fixture.iam.attach_policy(&permit, "dev", &last).await);
    assert_eq!(eleventh, ("LimitExceeded", "Cannot exceed quota for PoliciesPerUser: 10".into()));
    let known = parsed(&format!("arn:aws:iam::{ACCOUNT}:policy/p3"));
    fixture.iam.attach_policy(&permit, "dev", &known).await.unwrap();
}

#[tokio::test]
async fn roles_of_services_stay_as_they_are() {
    let fixture = fixture().await;
    let permit = fixture.permit::<AttachRolePolicy>();
    let refused = fixture.iam.attach_policy(&permit, SERVICE_ROLE, &parsed(READ_ONLY)).await;
    let sentence = "Cannot perform the operation on the protected role \
                    'AWSServiceRoleForECRReplication' - this role is only modifiable by AWS";
    assert_eq!(refusal(refused), ("UnmodifiableEntity", sentence.to_owned()));
    let permit = fixture.permit::<DetachRolePolicy>();
    let refused = fixture.iam.detach_policy(&permit, SERVICE_ROLE, &parsed(READ_ONLY)).await;
    assert_eq!(refusal(refused).1, sentence);
}

#[tokio::test]
async fn a_permit_reaches_whom_it_names() {
    let fixture = fixture().await;
    let attach = async |arn: Arn| {
        let permit = Permit::system(IamResource::new(fixture.account, &arn));
        fixture.iam.attach_policy::<AttachUserPolicy>(&permit, "dev", &parsed(READ_ONLY)).await
    };
    attach(Arn::user(&fixture.account, "/team/", "dev")).await.unwrap();
    for other in [Arn::user(&fixture.account, "/", "dev"), Arn::user(&fixture.account, "/", "x")] {
        assert_eq!(refusal(attach(other).await).1, "The user with name dev cannot be found.");
    }
}

#[tokio::test]
async fn lists_of_what_is_attached_have_pages() {
    let fixture = fixture().await;
    let iam = &fixture.iam;
    let own = fixture.policy_at("/ci/", "pull").await.arn;
    attach_to_all(&fixture, &parsed(&own)).await;
    attach_to_all(&fixture, &parsed(READ_ONLY)).await;
    let (users, none) = (fixture.permit::<ListAttachedUserPolicies>(), None);
    let listed = iam.list_attached_policies(&users, "dev", none, page("", 1)).await.unwrap();
    assert_eq!((listed.items[0].policy_name.as_str(), &listed.items[0].policy_arn), ("pull", &own));
    let after = listed.marker.unwrap();
    let listed = iam.list_attached_policies(&users, "dev", None, page(&after, 1)).await.unwrap();
    assert_eq!((listed.items[0].policy_arn.as_str(), listed.marker), (READ_ONLY, None));
    let groups = fixture.permit::<ListAttachedGroupPolicies>();
    let listed = iam.list_attached_policies(&groups, "devs", Some("/ci/".into()), all()).await;
    assert_eq!(listed.unwrap().items.len(), 1);
    let roles = fixture.permit::<ListAttachedRolePolicies>();
    assert_eq!(iam.list_attached_policies(&roles, "ci", None, all()).await.unwrap().items.len(), 2);
    let absent = refusal(iam.list_attached_policies(&roles, "none", None, all()).await);
    assert_eq!(absent, ("NoSuchEntity", "The role with name none cannot be found.".into()));
}

#[tokio::test]
async fn those_who_use_a_policy_are_listed_by_account_kind_path_and_use() {
    let fixture = fixture().await;
    let iam = &fixture.iam;
    let arn = parsed(READ_ONLY);
    attach_to_all(&fixture, &arn).await;
    let (users, roles) = (fixture.permit(), fixture.permit());
    iam.put_permissions_boundary::<PutUserPermissionsBoundary>(&users, "dev", &arn).await.unwrap();
    iam.put_permissions_boundary::<PutRolePermissionsBoundary>(&roles, "ci", &arn).await.unwrap();
    // Another account's are nobody's business.
    let foreign = "999988887777".parse().unwrap();
    fixture.add(foreign, "2").await;
    let theirs = Permit::<AttachUserPolicy>::system(IamResource::account_wide(foreign));
    iam.attach_policy(&theirs, "dev", &arn).await.unwrap();

    let list = async |filter: EntityFilter, request: PageRequest| {
        let permit = fixture.on::<ListEntitiesForPolicy>(READ_ONLY);
        let page = iam.list_entities_for_policy(&permit, filter, request).await.unwrap();
        let ids: Vec<String> = page.items.into_iter().map(|entity| entity.id).collect();
        (ids.join(" "), page.marker)
    };
    let any = EntityFilter::default();
    assert_eq!(list(any.clone(), all()).await, ("AGPA1 AIDA1 AROA1".into(), None));
    assert_eq!(list(any.clone(), page("", 2)).await, ("AGPA1 AIDA1".into(), Some("AIDA1".into())));
    assert_eq!(list(any.clone(), page("AIDA1", 2)).await, ("AROA1".into(), None));
    let kinds = EntityFilter { kinds: Some(vec![HolderKind::Role]), ..any.clone() };
    assert_eq!(list(kinds, all()).await.0, "AROA1");
    let none = EntityFilter { kinds: Some(Vec::new()), ..any.clone() };
    assert_eq!(list(none, all()).await.0, "");
    let path = EntityFilter { path_prefix: Some("/team/".into()), ..any.clone() };
    assert_eq!(list(path, all()).await.0, "AIDA1");
    let bounds = EntityFilter { usage: Some(PolicyUse::Boundary), ..any.clone() };
    assert_eq!(list(bounds, all()).await.0, "AIDA1 AROA1");
    let permissions = EntityFilter { usage: Some(PolicyUse::Permissions), ..any };
    assert_eq!(list(permissions, all()).await.0, "AGPA1 AIDA1 AROA1");
    let usage = iam.get_policy(&fixture.on::<GetPolicy>(READ_ONLY)).await.unwrap().usage;
    assert_eq!(usage, PolicyUsage { attachments: 3, boundaries: 2 });
    let absent = fixture.on::<ListEntitiesForPolicy>("arn:aws:iam::aws:policy/None");
    let absent = iam.list_entities_for_policy(&absent, EntityFilter::default(), all()).await;
    let sentence = "Policy arn:aws:iam::aws:policy/None does not exist or is not attachable.";
    assert_eq!(refusal(absent), ("NoSuchEntity", sentence.into()));
}
