//! Permissions boundaries.

use wharfinger_auth::iam_actions::{
    DeleteRolePermissionsBoundary, DeleteUserPermissionsBoundary, PutRolePermissionsBoundary,
    PutUserPermissionsBoundary,
};
use wharfinger_iam::HolderKind;

use super::policy_fixture::{OF_SERVICE, READ_ONLY, SERVICE_ROLE, fixture, parsed, refusal};

#[tokio::test]
async fn a_boundary_is_set_changed_and_taken_away() {
    let fixture = fixture().await;
    let iam = &fixture.iam;
    let own = fixture.policy("bound").await.arn;
    let (users, roles) = (
        fixture.permit::<PutUserPermissionsBoundary>(),
        fixture.permit::<PutRolePermissionsBoundary>(),
    );
    let bound = async |kind: HolderKind, name: &str| {
        iam.holder_facts(fixture.account, kind, name).await.unwrap().boundary_arn
    };
    for arn in [READ_ONLY, own.as_str()] {
        iam.put_permissions_boundary(&users, "dev", &parsed(arn)).await.unwrap();
        iam.put_permissions_boundary(&roles, "ci", &parsed(arn)).await.unwrap();
        assert_eq!(bound(HolderKind::User, "dev").await.as_deref(), Some(arn));
        assert_eq!(bound(HolderKind::Role, "ci").await.as_deref(), Some(arn));
    }
    let (users, roles) = (
        fixture.permit::<DeleteUserPermissionsBoundary>(),
        fixture.permit::<DeleteRolePermissionsBoundary>(),
    );
    for _ in 0..2 {
        iam.delete_permissions_boundary(&users, "dev").await.unwrap();
        iam.delete_permissions_boundary(&roles, "ci").await.unwrap();
        assert_eq!(bound(HolderKind::User, "dev").await, None);
        assert_eq!(bound(HolderKind::Role, "ci").await, None);
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let fixture = fixture().await;
    let iam = &fixture.iam;
    let users = fixture.permit::<PutUserPermissionsBoundary>();
    for arn in ["arn:aws:iam::aws:policy/None", "arn:aws:iam::999988887777:policy/x"] {
        let refused = iam.put_permissions_boundary(&users, "dev", &parsed(arn)).await;
        let sentence = format!("Scope ARN: {arn} does not exist or is not attachable.");
        assert_eq!(refusal(refused), ("NoSuchEntity", sentence));
    }
    let refused = iam.put_permissions_boundary(&users, "dev", &parsed(OF_SERVICE)).await;
    assert_eq!(refusal(refused).0, "PolicyNotAttachable");
    let refused = iam.put_permissions_boundary(&users, "none", &parsed(READ_ONLY)).await;
    let sentence = "The user with name none cannot be found.";
    assert_eq!(refusal(refused), ("NoSuchEntity", sentence.into()));
    let delete = fixture.permit::<DeleteUserPermissionsBoundary>();
    let refused = iam.delete_permissions_boundary(&delete, "none").await;
    assert_eq!(refusal(refused), ("NoSuchEntity", sentence.into()));
    let roles = fixture.permit::<PutRolePermissionsBoundary>();
    let refused = iam.put_permissions_boundary(&roles, SERVICE_ROLE, &parsed(READ_ONLY)).await;
    assert_eq!(refusal(refused).0, "UnmodifiableEntity");
    let roles = fixture.permit::<DeleteRolePermissionsBoundary>();
    let refused = iam.delete_permissions_boundary(&roles, SERVICE_ROLE).await;
    assert_eq!(refusal(refused).0, "UnmodifiableEntity");
}
