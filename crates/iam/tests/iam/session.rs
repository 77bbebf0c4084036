//! Sessions of roles and users.

use wharfinger_auth::SessionFacts;
use wharfinger_iam::{Error, RoleSession, RoleSessionRequest, SessionScope};
use wharfinger_metadata::MetadataError;
use wharfinger_metadata::session::{self, SessionRow};

use super::session_world::{SessionWorld, account};

async fn row(world: &SessionWorld, session: &RoleSession) -> SessionRow {
    let id = session.credentials.access_key_id.clone();
    let found: Result<_, MetadataError> =
        world.metadata.read(move |tx| Box::pin(async move { session::find(tx, &id).await })).await;
    found.unwrap().unwrap()
}

#[tokio::test]
async fn a_session_is_a_row_with_its_facts_and_no_secret_in_clear() {
    let world = SessionWorld::new().await;
    let policy = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#.to_owned();
    let arn = "arn:aws:iam::aws:policy/AdministratorAccess".to_owned();
    let scope = SessionScope::new(Some(policy.clone()), vec![arn.clone()], vec![], vec![]).unwrap();
    let request = RoleSessionRequest { scope, seconds: Some(900), ..world.request() };
    let session = world.iam.assume_role(&world.ci().await, &world.role_arn, None, request).await;
    let session = session.unwrap();
    let row = row(&world, &session).await;
    assert_eq!(
        (row.account, row.kind.as_str(), row.session_name.as_str()),
        (account(), "role", "job")
    );
    assert_eq!(row.expires_at.seconds() - row.issued_at.seconds(), 900);
    let facts: SessionFacts = serde_json::from_str(&row.facts).unwrap();
    let expected =
        SessionFacts { policies: vec![policy], policy_arns: vec![arn], ..SessionFacts::default() };
    assert_eq!(facts, expected);
    let secret = session.credentials.secret_access_key.expose().as_bytes();
    assert!(!row.secret_sealed.windows(secret.len()).any(|part| part == secret));
    assert!(!row.facts.contains(session.credentials.session_token.expose()));
}

#[tokio::test]
async fn a_token_is_as_long_as_it_is_asked_to_be() {
    let world = SessionWorld::new().await;
    for (asked, chars) in [(0, 384), (384, 384), (1_000, 1_000), (4_096, 4_096), (9_999, 4_096)] {
        let request = RoleSessionRequest { token_chars_min: asked, ..world.request() };
        let session =
            world.iam.assume_role(&world.ci().await, &world.role_arn, None, request).await;
        let token = session.unwrap().credentials.session_token;
        assert_eq!(token.expose().len(), chars);
    }
}

#[tokio::test]
async fn a_role_that_trusts_nobody_refuses_and_tells_the_log_why() {
    let world = SessionWorld::new().await;
    let ci = world.ci().await;
    let assume = async |arn: &str| world.iam.assume_role(&ci, arn, None, world.request()).await;
    assert!(assume(&world.role_arn).await.is_ok());
    world.set_trust(r#"{"Statement":{"Effect":"Deny","Action":"sts:*","Principal":"*"}}"#).await;
    let refused = assume(&world.role_arn).await.unwrap_err();
    let Error::RoleRefused { message, denied } = &refused else { panic!("{refused}") };
    assert!(message.ends_with(":role/deploy"), "{message}");
    assert_eq!(denied.explanation().unwrap().statements.len(), 1);
    let absent = assume(&world.role_arn.replace("deploy", "absent")).await.unwrap_err();
    assert_eq!(absent.to_string(), message.replace("deploy", "absent"));
    assert_eq!((absent.code(), absent.status()), ("AccessDenied", 403));
    world.set_trust("no policy").await;
    assert!(matches!(assume(&world.role_arn).await.unwrap_err(), Error::Internal(_)));
}
