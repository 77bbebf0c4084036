//! Aliases, summaries and details of accounts over the Query protocol.

use crate::iam_answers::{allow, between};
use crate::world::World;

#[tokio::test]
async fn an_alias_comes_and_goes() {
    let world = World::new().await;
    let create = "Action=CreateAccountAlias&AccountAlias=wharf";
    world.call_iam(create).await.done("CreateAccountAlias");
    let listed = world.call_iam("Action=ListAccountAliases").await;
    assert_eq!(
        listed.result("ListAccountAliases"),
        "<AccountAliases><member>wharf</member></AccountAliases><IsTruncated>false</IsTruncated>"
    );
    let absent = world.call_iam("Action=DeleteAccountAlias&AccountAlias=other").await;
    absent.failed(404, "NoSuchEntity");
    let delete = "Action=DeleteAccountAlias&AccountAlias=wharf";
    world.call_iam(delete).await.done("DeleteAccountAlias");
    let listed = world.call_iam("Action=ListAccountAliases").await.result("ListAccountAliases");
    assert_eq!(listed, "<AccountAliases></AccountAliases><IsTruncated>false</IsTruncated>");
    for bad in ["ab", "Wharf", "-wharf", "a--b"] {
        let form = format!("Action=CreateAccountAlias&AccountAlias={bad}");
        world.call_iam(&form).await.failed(400, "ValidationError");
    }
}

#[tokio::test]
async fn a_summary_has_true_counts_and_quotas() {
    let world = World::new().await;
    world.call_iam("Action=CreateUser&UserName=ann").await.result("CreateUser");
    let summary = world.call_iam("Action=GetAccountSummary").await;
    let summary = summary.result("GetAccountSummary");
    assert!(summary.starts_with("<SummaryMap><entry><key>Users</key><value>1</value></entry>"));
    assert_eq!(summary.matches("<entry>").count(), 34);
    for (key, value) in [
        ("UsersQuota", 5_000),
        ("Groups", 0),
        ("GroupsQuota", 300),
        ("RolesQuota", 1_000),
        ("PoliciesQuota", 1_500),
        ("AccessKeysPerUserQuota", 2),
        ("AccountAccessKeysPresent", 1),
        ("MFADevices", 0),
        ("VersionsPerPolicyQuota", 5),
    ] {
        let entry = format!("<entry><key>{key}</key><value>{value}</value></entry>");
        assert!(summary.contains(&entry), "{key}: {summary}");
    }
}

#[tokio::test]
async fn details_have_everyone_with_their_policies() {
    let world = World::new().await;
    world.user("ann", allow(&["ecr:*"], "*")).await;
    world.call_iam("Action=CreateGroup&GroupName=dev").await.result("CreateGroup");
    let add = "Action=AddUserToGroup&GroupName=dev&UserName=ann";
    world.call_iam(add).await.done("AddUserToGroup");
    let details = world.call_iam("Action=GetAccountAuthorizationDetails").await;
    let document = "%7B%22Statement%22%3A%5B%7B%22Action%22%3A%5B%22ecr%3A%2A%22%5D%2C\
                    %22Effect%22%3A%22Allow%22%2C%22Resource%22%3A%22%2A%22%7D%5D%2C\
                    %22Version%22%3A%222012-10-17%22%7D";
    assert_eq!(
        details.result("GetAccountAuthorizationDetails"),
        format!(
            "<UserDetailList><member><Path>/</Path><UserName>ann</UserName>\
             <UserId>AIDA</UserId><Arn>arn:aws:iam::111122223333:user/ann</Arn>\
             <CreateDate>2026-03-01T12:30:00Z</CreateDate><UserPolicyList><member>\
             <PolicyName>test</PolicyName><PolicyDocument>{document}</PolicyDocument></member>\
             </UserPolicyList><GroupList><member>dev</member></GroupList>\
             <AttachedManagedPolicies></AttachedManagedPolicies><Tags></Tags></member>\
             </UserDetailList><GroupDetailList><member><Path>/</Path><GroupName>dev</GroupName>\
             <GroupId>AGPA</GroupId><Arn>arn:aws:iam::111122223333:group/dev</Arn>\
             <CreateDate>2026-03-01T12:30:00Z</CreateDate><GroupPolicyList></GroupPolicyList>\
             <AttachedManagedPolicies></AttachedManagedPolicies></member></GroupDetailList>\
             <RoleDetailList></RoleDetailList><Policies></Policies>\
             <IsTruncated>false</IsTruncated>"
        )
    );
    let one = world.call_iam("Action=GetAccountAuthorizationDetails&MaxItems=1").await;
    let marker = between(one.text(), "<Marker>", "</Marker>").replace(':', "%3A");
    let rest = format!("Action=GetAccountAuthorizationDetails&Marker={marker}");
    let rest = world.call_iam(&rest).await.result("GetAccountAuthorizationDetails");
    assert!(rest.starts_with("<UserDetailList></UserDetailList><GroupDetailList><member>"));
    let filtered = "Action=GetAccountAuthorizationDetails&Filter.member.1=Group";
    let filtered = world.call_iam(filtered).await.result("GetAccountAuthorizationDetails");
    assert!(filtered.starts_with("<UserDetailList></UserDetailList><GroupDetailList><member>"));
}

#[tokio::test]
async fn the_account_is_for_those_who_may() {
    let world = World::new().await;
    let key = world.user("nobody", allow(&["ecr:*"], "*")).await;
    for form in [
        "Action=CreateAccountAlias&AccountAlias=wharf",
        "Action=DeleteAccountAlias&AccountAlias=wharf",
        "Action=ListAccountAliases",
        "Action=GetAccountSummary",
        "Action=GetAccountAuthorizationDetails",
    ] {
        world.call_iam_as(&key, form).await.failed(403, "AccessDenied");
    }
    let other = world.root_of("444455556666").await;
    let theirs = world.call_iam_as(&other, "Action=GetAccountAuthorizationDetails").await;
    let theirs = theirs.result("GetAccountAuthorizationDetails");
    assert!(theirs.starts_with("<UserDetailList></UserDetailList>"), "{theirs}");
}
