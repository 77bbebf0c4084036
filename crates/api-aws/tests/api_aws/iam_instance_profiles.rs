//! Instance profiles and identity providers over the Query protocol.

use crate::iam_client::{CREATED, HOUR, TAGS, TRUNCATED, create_role, role, root};
use crate::world::{ACCOUNT, World};

#[tokio::test]
async fn an_instance_profile_holds_a_role() {
    let world = World::new().await;
    let iam = root(&world);
    iam.ok(&create_role("web")).await;
    let on = "InstanceProfileName=box";
    let tag = "Tags.member.1.Key=Team&Tags.member.1.Value=a%20b";
    let made = iam.ok(&format!("Action=CreateInstanceProfile&{on}&{tag}")).await;
    let profile = |roles: &str, tags: &str| {
        format!(
            "<Path>/</Path><InstanceProfileName>box</InstanceProfileName>\
             <InstanceProfileId>AIPA…</InstanceProfileId>\
             <Arn>arn:aws:iam::{ACCOUNT}:instance-profile/box</Arn>{CREATED}\
             <Roles>{roles}</Roles>{tags}"
        )
    };
    assert_eq!(made, format!("<InstanceProfile>{}</InstanceProfile>", profile("", TAGS)));
    let with_role = format!("{on}&RoleName=web");
    assert_eq!(iam.ok(&format!("Action=AddRoleToInstanceProfile&{with_role}")).await, "");
    let full = format!("Action=AddRoleToInstanceProfile&{with_role}");
    let full = iam.refused(&full, 409, "LimitExceeded").await;
    assert_eq!(full, "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
    let member = format!("<member>{}</member>", role("/", "web", HOUR));
    let found = iam.ok(&format!("Action=GetInstanceProfile&{on}")).await;
    let whole = profile(&member, TAGS);
    assert_eq!(found, format!("<InstanceProfile>{whole}</InstanceProfile>"));
    let list = format!(
        "<InstanceProfiles><member>{}</member></InstanceProfiles>{TRUNCATED}",
        profile(&member, "")
    );
    assert_eq!(iam.ok("Action=ListInstanceProfiles").await, list);
    assert_eq!(iam.ok("Action=ListInstanceProfilesForRole&RoleName=web").await, list);
    let conflict = "Cannot delete entity, must remove roles from instance profile first.";
    let delete = format!("Action=DeleteInstanceProfile&{on}");
    assert_eq!(iam.refused(&delete, 409, "DeleteConflict").await, conflict);
    let role = "Action=DeleteRole&RoleName=web";
    assert_eq!(iam.refused(role, 409, "DeleteConflict").await, conflict);

    let listed = iam.ok(&format!("Action=ListInstanceProfileTags&{on}")).await;
    assert_eq!(listed, format!("{TAGS}{TRUNCATED}"));
    let tag = "Tags.member.1.Key=k&Tags.member.1.Value=v";
    assert_eq!(iam.ok(&format!("Action=TagInstanceProfile&{on}&{tag}")).await, "");
    let untag = format!("Action=UntagInstanceProfile&{on}&TagKeys.member.1=Team");
    assert_eq!(iam.ok(&untag).await, "");
    assert_eq!(iam.ok(&format!("Action=RemoveRoleFromInstanceProfile&{with_role}")).await, "");
    assert_eq!(iam.ok(&delete).await, "");
    for form in [
        delete.as_str(),
        "Action=GetInstanceProfile&InstanceProfileName=box",
        "Action=AddRoleToInstanceProfile&InstanceProfileName=box&RoleName=web",
        "Action=RemoveRoleFromInstanceProfile&InstanceProfileName=box&RoleName=web",
        "Action=ListInstanceProfileTags&InstanceProfileName=box",
        "Action=UntagInstanceProfile&InstanceProfileName=box&TagKeys.member.1=a",
    ] {
        let message = iam.refused(form, 404, "NoSuchEntity").await;
        assert_eq!(message, "Instance Profile box cannot be found.", "{form}");
    }
    assert_eq!(iam.ok(role).await, "");
}

#[tokio::test]
async fn an_identity_provider_lives_and_dies() {
    let world = World::new().await;
    let iam = root(&world);
    let host = "token.actions.githubusercontent.com";
    let arn = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{host}");
    let create = format!(
        "Action=CreateOpenIDConnectProvider&Url=https://{host}&ClientIDList.member.1=sts.amazonaws.com\
         &Tags.member.1.Key=Team&Tags.member.1.Value=a%20b"
    );
    let made = iam.ok(&create).await;
    let shown = format!("<OpenIDConnectProviderArn>{arn}</OpenIDConnectProviderArn>");
    assert_eq!(made, format!("{shown}{TAGS}"));
    let again = iam.refused(&create, 409, "EntityAlreadyExists").await;
    assert_eq!(again, format!("Provider with url https://{host} already exists."));
    let on = format!("OpenIDConnectProviderArn={arn}");
    let thumbprint = "ab".repeat(20);
    for form in [
        format!("Action=AddClientIDToOpenIDConnectProvider&{on}&ClientID=app"),
        format!("Action=RemoveClientIDFromOpenIDConnectProvider&{on}&ClientID=sts.amazonaws.com"),
        format!(
            "Action=UpdateOpenIDConnectProviderThumbprint&{on}&ThumbprintList.member.1={thumbprint}"
        ),
        format!("Action=TagOpenIDConnectProvider&{on}&Tags.member.1.Key=k&Tags.member.1.Value="),
        format!("Action=UntagOpenIDConnectProvider&{on}&TagKeys.member.1=k"),
    ] {
        assert_eq!(iam.ok(&form).await, "", "{form}");
    }
    let found = iam.ok(&format!("Action=GetOpenIDConnectProvider&{on}")).await;
    assert_eq!(
        found,
        format!(
            "<Url>{host}</Url><ClientIDList><member>app</member></ClientIDList>\
             <ThumbprintList><member>{thumbprint}</member></ThumbprintList>{CREATED}{TAGS}"
        )
    );
    let listed = iam.ok(&format!("Action=ListOpenIDConnectProviderTags&{on}")).await;
    assert_eq!(listed, format!("{TAGS}{TRUNCATED}"));
    let listed = iam.ok("Action=ListOpenIDConnectProviders").await;
    assert_eq!(
        listed,
        format!(
            "<OpenIDConnectProviderList><member><Arn>{arn}</Arn></member>\
             </OpenIDConnectProviderList>"
        )
    );
    for _ in 0..2 {
        assert_eq!(iam.ok(&format!("Action=DeleteOpenIDConnectProvider&{on}")).await, "");
    }
    let gone = format!("Action=GetOpenIDConnectProvider&{on}");
    let gone = iam.refused(&gone, 404, "NoSuchEntity").await;
    assert_eq!(gone, format!("OpenIDConnect Provider not found for arn {arn}"));
    let http = "Action=CreateOpenIDConnectProvider&Url=http://example.com";
    let http = iam.refused(http, 400, "InvalidInput").await;
    let sentence = "Invalid Open ID Connect Provider URL. The URL must begin with https://.";
    assert_eq!(http, sentence);
    let bad = "Action=GetOpenIDConnectProvider&OpenIDConnectProviderArn=aaaaaaaaaaaaaaaaaaaa";
    let bad = iam.refused(bad, 400, "InvalidInput").await;
    assert_eq!(bad, "ARN aaaaaaaaaaaaaaaaaaaa is not valid.");
}
