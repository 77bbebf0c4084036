//! Roles that belong to services.

use wharfinger_auth::iam_actions::GetServiceLinkedRoleDeletionStatus;
use wharfinger_iam::{Error, Role};
use wharfinger_metadata::{MetadataError, policy_attachment};

use super::fixture::{ACCOUNT, Fixture, fixture, refusal, tags};

const REPLICATION: &str = "replication.ecr.amazonaws.com";
const ROLE: &str = "AWSServiceRoleForECRReplication";

async fn create(fixture: &Fixture, service: &str, suffix: Option<&str>) -> Result<Role, Error> {
    fixture.iam.create_service_linked_role(&fixture.permit(), service, None, suffix).await
}

#[tokio::test]
async fn a_service_has_its_role_with_its_policy() {
    let fixture = fixture().await;
    for (service, name, policy) in [
        ("ecr.amazonaws.com", "AWSServiceRoleForECRTemplate", "ECRTemplateServiceRolePolicy"),
        ("ecs.amazonaws.com", "AWSServiceRoleForECS", "AmazonECSServiceRolePolicy"),
        (
            "pullthroughcache.ecr.amazonaws.com",
            "AWSServiceRoleForECRPullThroughCache",
            "AWSECRPullThroughCache_ServiceRolePolicy",
        ),
        (REPLICATION, ROLE, "ECRReplicationServiceRolePolicy"),
    ] {
        let made = create(&fixture, service, None).await.unwrap();
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/aws-service-role/{service}/{name}");
        assert_eq!(made.arn.as_str(), arn);
        assert!(made.trust_policy.contains(&format!(r#""Service":"{service}""#)));
        let attached: Result<Vec<String>, MetadataError> = fixture
            .metadata
            .read(move |tx| {
                Box::pin(async move { policy_attachment::of_principal(tx, &made.role_id).await })
            })
            .await;
        let policy = format!("arn:aws:iam::aws:policy/aws-service-role/{policy}");
        assert_eq!(attached.unwrap(), [policy]);
    }
    let again = refusal(create(&fixture, REPLICATION, None).await);
    let sentence = format!(
        "Service role name {ROLE} has been taken in this account, please try a different suffix."
    );
    assert_eq!(again, ("InvalidInput".into(), sentence));
    let suffix = refusal(create(&fixture, REPLICATION, Some("-x")).await);
    let sentence = format!("Custom suffix is not allowed for {REPLICATION}");
    assert_eq!(suffix, ("InvalidInput".into(), sentence));
    assert_eq!(refusal(create(&fixture, "s3.amazonaws.com", None).await).0, "InvalidInput");
}

#[tokio::test]
async fn only_its_description_and_tags_are_for_the_account_to_change() {
    let fixture = fixture().await;
    create(&fixture, REPLICATION, None).await.unwrap();
    let iam = &fixture.iam;
    let protected = (
        "UnmodifiableEntity".to_owned(),
        format!(
            "Cannot perform the operation on the protected role '{ROLE}' - this role is only \
             modifiable by AWS"
        ),
    );
    assert_eq!(refusal(iam.delete_role(&fixture.permit(), ROLE).await), protected);
    let update = iam.update_role(&fixture.permit(), ROLE, None, Some(7_200)).await;
    assert_eq!(refusal(update), protected);
    let update = iam.update_assume_role_policy(&fixture.permit(), ROLE, "{}".into()).await;
    assert_eq!(refusal(update), protected);
    iam.update_role_description(&fixture.permit(), ROLE, "text".into()).await.unwrap();
    iam.tag_role(&fixture.permit(), ROLE, tags(&[("k", "v")])).await.unwrap();
}

#[tokio::test]
async fn it_goes_by_a_task_of_its_own() {
    let fixture = fixture().await;
    create(&fixture, REPLICATION, None).await.unwrap();
    fixture.role("mine").await;
    let iam = &fixture.iam;
    let delete = async |name| iam.delete_service_linked_role(&fixture.permit(), name).await;
    assert_eq!(refusal(delete("mine").await).0, "NoSuchEntity");
    assert_eq!(refusal(delete("none").await).0, "NoSuchEntity");
    let task = delete(ROLE).await.unwrap();
    let beginning = format!("task/aws-service-role/{REPLICATION}/{ROLE}/");
    assert!(task.starts_with(&beginning), "{task}");
    assert!(iam.get_role(&fixture.permit(), ROLE).await.is_err());
    let permit = fixture.permit::<GetServiceLinkedRoleDeletionStatus>();
    iam.get_service_linked_role_deletion_status(&permit, &task).unwrap();
    let arn = iam.deletion_task_role_arn(fixture.account, &task).unwrap();
    assert_eq!(arn, iam.service_linked_role_arn(fixture.account, REPLICATION));
    for bad in ["", "task", &beginning, &format!("x{task}"), &task.replace("ECR", "EC2")] {
        let status = iam.get_service_linked_role_deletion_status(&permit, bad);
        assert_eq!(refusal(status).0, "InvalidInput", "{bad}");
    }
    create(&fixture, REPLICATION, None).await.unwrap();
}
