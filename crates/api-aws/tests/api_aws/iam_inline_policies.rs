//! IAM's inline policies and permissions boundaries over the Query protocol.

use crate::iam_policies::{ARN, DOCUMENT, answer, carry_out, create, is, refused, world};

#[tokio::test]
async fn inline_policies_are_written_read_listed_and_deleted() {
    let world = world().await;
    for (kind, name) in [("User", "dev"), ("Group", "devs"), ("Role", "ci")] {
        let one = format!("{kind}Name={name}&PolicyName=inline");
        let form = format!("{one}&PolicyDocument={DOCUMENT}");
        carry_out(&world, &format!("Put{kind}Policy"), &form).await;
        assert_eq!(
            answer(&world, &format!("Get{kind}Policy"), &one).await,
            format!(
                "<{kind}Name>{name}</{kind}Name><PolicyName>inline</PolicyName>\
                 <PolicyDocument>{DOCUMENT}</PolicyDocument>"
            )
        );
        let form = format!("{kind}Name={name}&Marker=in");
        let listed = answer(&world, &format!("List{kind}Policies"), &form).await;
        let inline = "<PolicyNames><member>inline</member>";
        assert!(listed.starts_with(inline), "{listed}");
        assert!(listed.ends_with("</PolicyNames><IsTruncated>false</IsTruncated>"), "{listed}");
        carry_out(&world, &format!("Delete{kind}Policy"), &one).await;
        let noun = kind.to_lowercase();
        assert_eq!(
            refused(&world, &format!("Action=Get{kind}Policy&{one}")).await,
            is(
                404,
                "NoSuchEntity",
                &format!("The {noun} policy with name inline cannot be found.")
            )
        );
        let absent = format!("Action=Get{kind}Policy&{kind}Name=none&PolicyName=inline");
        assert_eq!(
            refused(&world, &absent).await,
            is(404, "NoSuchEntity", &format!("The {noun} with name none cannot be found."))
        );
    }
    let page = answer(&world, "ListUserPolicies", "UserName=dev&MaxItems=1").await;
    assert_eq!(
        page,
        "<PolicyNames><member>test</member></PolicyNames><IsTruncated>false</IsTruncated>"
    );
}

#[tokio::test]
async fn boundaries_are_set_and_taken_away() {
    let world = world().await;
    create(&world).await;
    for (kind, name) in [("User", "dev"), ("Role", "ci")] {
        let form = format!("{kind}Name={name}&PermissionsBoundary={ARN}");
        carry_out(&world, &format!("Put{kind}PermissionsBoundary"), &form).await;
    }
    let found = answer(&world, "GetPolicy", &format!("PolicyArn={ARN}")).await;
    assert!(
        found.contains("<PermissionsBoundaryUsageCount>2</PermissionsBoundaryUsageCount>"),
        "{found}"
    );
    for (kind, name) in [("User", "dev"), ("Role", "ci")] {
        let operation = format!("Delete{kind}PermissionsBoundary");
        carry_out(&world, &operation, &format!("{kind}Name={name}")).await;
        let absent = format!(
            "Action=Put{kind}PermissionsBoundary&{kind}Name={name}&PermissionsBoundary={ARN}x"
        );
        assert_eq!(
            refused(&world, &absent).await,
            is(
                404,
                "NoSuchEntity",
                &format!("Scope ARN: {ARN}x does not exist or is not attachable.")
            )
        );
    }
    carry_out(&world, "DeletePolicy", &format!("PolicyArn={ARN}")).await;
}
