//! Policies that are parts of users, groups and roles.

use wharfinger_auth::iam_actions::{
    DeleteGroupPolicy, DeleteRolePolicy, DeleteUserPolicy, GetGroupPolicy, GetRolePolicy,
    GetUserPolicy, ListGroupPolicies, ListRolePolicies, ListUserPolicies, PutGroupPolicy,
    PutRolePolicy, PutUserPolicy,
};

use super::policy_fixture::{PULL, SERVICE_ROLE, all, fixture, page, policy_of, refusal};

#[tokio::test]
async fn a_policy_is_written_read_listed_and_deleted() {
    let fixture = fixture().await;
    let iam = &fixture.iam;
    macro_rules! check {
        ($put:ty, $get:ty, $list:ty, $delete:ty, $holder:literal, $noun:literal) => {
            let (put, get) = (fixture.permit::<$put>(), fixture.permit::<$get>());
            iam.put_inline_policy(&put, $holder, "b", &PULL.replace("Allow", "Deny"))
                .await
                .unwrap();
            iam.put_inline_policy(&put, $holder, "b", PULL).await.unwrap();
            iam.put_inline_policy(&put, $holder, "a", PULL).await.unwrap();
            assert_eq!(iam.get_inline_policy(&get, $holder, "b").await.unwrap(), PULL);
            let list = fixture.permit::<$list>();
            let first = iam.list_inline_policies(&list, $holder, page("", 1)).await.unwrap();
            assert_eq!((first.items, first.marker.as_deref()), (vec!["a".to_owned()], Some("a")));
            let rest = iam.list_inline_policies(&list, $holder, page("a", 1)).await.unwrap();
            assert_eq!((rest.items, rest.marker), (vec!["b".to_owned()], None));
            let delete = fixture.permit::<$delete>();
            iam.delete_inline_policy(&delete, $holder, "b").await.unwrap();
            let sentence = concat!("The ", $noun, " policy with name b cannot be found.");
            let gone = ("NoSuchEntity", sentence.to_owned());
            assert_eq!(refusal(iam.delete_inline_policy(&delete, $holder, "b").await), gone);
            assert_eq!(refusal(iam.get_inline_policy(&get, $holder, "b").await), gone);
            let sentence = concat!("The ", $noun, " with name none cannot be found.");
            let absent = ("NoSuchEntity", sentence.to_owned());
            assert_eq!(refusal(iam.put_inline_policy(&put, "none", "b", PULL).await), absent);
            assert_eq!(refusal(iam.get_inline_policy(&get, "none", "b").await), absent);
            assert_eq!(refusal(iam.list_inline_policies(&list, "none", all()).await), absent);
            assert_eq!(refusal(iam.delete_inline_policy(&delete, "none", "b").await), absent);
        };
    }
    check!(PutUserPolicy, GetUserPolicy, ListUserPolicies, DeleteUserPolicy, "dev", "user");
    check!(PutGroupPolicy, GetGroupPolicy, ListGroupPolicies, DeleteGroupPolicy, "devs", "group");
    check!(PutRolePolicy, GetRolePolicy, ListRolePolicies, DeleteRolePolicy, "ci", "role");
}

#[tokio::test]
async fn the_policies_of_one_are_bounded_together() {
    let fixture = fixture().await;
    let iam = &fixture.iam;
    let users = fixture.permit::<PutUserPolicy>();
    iam.put_inline_policy(&users, "dev", "a", &policy_of(1_048)).await.unwrap();
    iam.put_inline_policy(&users, "dev", "b", &policy_of(1_000)).await.unwrap();
    let sentence = "Maximum policy size of 2048 bytes exceeded for user dev";
    let exceeded = ("LimitExceeded", sentence.to_owned());
    let over = iam.put_inline_policy(&users, "dev", "b", &policy_of(1_001)).await;
    assert_eq!(refusal(over), exceeded);
    let over = iam.put_inline_policy(&users, "dev", "c", &policy_of(2_049)).await;
    assert_eq!(refusal(over), exceeded);
    // In its own place a policy may be as long as both, and blanks are free.
    iam.put_inline_policy(&users, "dev", "a", &policy_of(200)).await.unwrap();
    let laid_out = policy_of(1_848).replace(',', ",\n    ");
    iam.put_inline_policy(&users, "dev", "b", &laid_out).await.unwrap();

    let groups = fixture.permit::<PutGroupPolicy>();
    iam.put_inline_policy(&groups, "devs", "a", &policy_of(5_120)).await.unwrap();
    let over = refusal(iam.put_inline_policy(&groups, "devs", "b", &policy_of(200)).await);
    assert_eq!(over.1, "Maximum policy size of 5120 bytes exceeded for group devs");
    let roles = fixture.permit::<PutRolePolicy>();
    iam.put_inline_policy(&roles, "ci", "a", &policy_of(10_240)).await.unwrap();
    let over = refusal(iam.put_inline_policy(&roles, "ci", "a", &policy_of(10_241)).await);
    assert_eq!(over.1, "Maximum policy size of 10240 bytes exceeded for role ci");
}

#[tokio::test]
async fn what_is_no_policy_is_refused_and_roles_of_services_stay() {
    let fixture = fixture().await;
    let iam = &fixture.iam;
    let users = fixture.permit::<PutUserPolicy>();
    let principal = PULL.replace(r#""Effect""#, r#""Principal":"*","Effect""#);
    let (code, message) = refusal(iam.put_inline_policy(&users, "dev", "a", &principal).await);
    assert_eq!(code, "MalformedPolicyDocument");
    assert!(message.starts_with("Policy document should not specify a principal. (line 2"));
    // Without a version a policy is of the older one, as parts of users may be.
    let old = PULL.replace(r#""Version":"2012-10-17","#, "");
    iam.put_inline_policy(&users, "dev", "a", &old).await.unwrap();
    let put = fixture.permit::<PutRolePolicy>();
    let refused = refusal(iam.put_inline_policy(&put, SERVICE_ROLE, "a", PULL).await);
    assert_eq!(refused.0, "UnmodifiableEntity");
    let delete = fixture.permit::<DeleteRolePolicy>();
    let refused = refusal(iam.delete_inline_policy(&delete, SERVICE_ROLE, "a").await);
    assert_eq!(refused.0, "UnmodifiableEntity");
}
