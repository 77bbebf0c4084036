//! STS over the Query protocol.

use http::{Method, StatusCode};
use wharfinger_api_aws::compatibility::{Status, sts_status};
use wharfinger_auth::AccessKey;
use wharfinger_aws_model::sts::Operation;
use wharfinger_aws_protocol::sigv4::{RequestParts, Signer};
use wharfinger_core::{Clock, Secret};

use crate::world::{HOST, Reply, World};

const IDENTITY: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// Checks status and code of an error and answers its message.
fn refused(reply: &Reply, status: u16, code: &str) -> String {
    let text = reply.text();
    assert_eq!(reply.status, StatusCode::from_u16(status).unwrap(), "{text}");
    assert_eq!(reply.headers["content-type"], "text/xml");
    assert!(text.contains(&format!("<Type>Sender</Type><Code>{code}</Code>")), "{text}");
    let message = text.split("<Message>").nth(1).unwrap().split("</Message>").next().unwrap();
    message.to_owned()
}

#[tokio::test]
async fn everyone_may_know_who_they_are() {
    let world = World::new().await;
    let context = world.context();
    let reply = world.send_in(&context, world.sts(IDENTITY).sign(&world.root)).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.headers["content-type"], "text/xml");
    assert_eq!(
        reply.text(),
        format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:root</Arn>\
             <UserId>111122223333</UserId><Account>111122223333</Account>\
             </GetCallerIdentityResult><ResponseMetadata><RequestId>{}</RequestId>\
             </ResponseMetadata></GetCallerIdentityResponse>",
            context.request_id
        )
    );
    let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Action": "*", "Resource": "*" },
    ] });
    let dev = world.user("dev", policy).await;
    let reply = world.send(world.sts(IDENTITY).sign(&dev)).await;
    assert!(reply.text().contains("<Arn>arn:aws:iam::111122223333:user/dev</Arn><UserId>AIDA"));
}

#[tokio::test]
async fn the_identity_can_be_asked_for_by_get_and_by_a_presigned_url() {
    let world = World::new().await;
    let mut draft = world.sts("").without("content-type");
    draft.method = Method::GET;
    draft.uri = format!("/?{IDENTITY}");
    assert_eq!(world.send(draft.sign(&world.root)).await.status, StatusCode::OK);

    let region = "us-east-1".parse().unwrap();
    let signer = Signer {
        access_key_id: &world.root.access_key_id,
        secret_access_key: world.root.secret_access_key.expose(),
        session_token: None,
        region: &region,
        service: "sts",
    };
    let headers = http::HeaderMap::from_iter([(http::header::HOST, HOST.parse().unwrap())]);
    let parts = RequestParts { method: "GET", path: "/", query: Some(IDENTITY), headers: &headers };
    let query = signer.presign(&parts, 60, world.clock.now()).unwrap();
    draft.uri = format!("/?{query}");
    assert_eq!(world.send(draft.unsigned()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn signatures_are_refused_in_the_words_of_the_query_protocol() {
    let world = World::new().await;
    let draft = world.sts(IDENTITY);
    let missing = world.send(draft.unsigned()).await;
    assert_eq!(
        refused(&missing, 403, "MissingAuthenticationToken"),
        "Missing Authentication Token"
    );
    let key = |id: &str| AccessKey {
        access_key_id: id.into(),
        secret_access_key: Secret::new("guess".into()),
    };
    let wrong = world.send(draft.sign(&key(&world.root.access_key_id))).await;
    refused(&wrong, 403, "SignatureDoesNotMatch");
    let unknown = world.send(draft.sign(&key("AKIAUNKNOWNUNKNOWN00"))).await;
    refused(&unknown, 403, "InvalidClientTokenId");
    let form = draft.header("authorization", "Basic QVdTOng=").unsigned();
    refused(&world.send(form).await, 400, "IncompleteSignature");
    let mut elsewhere = world.sts(IDENTITY);
    elsewhere.service = "ecr";
    let message =
        refused(&world.send(elsewhere.sign(&world.root)).await, 403, "SignatureDoesNotMatch");
    assert_eq!(message, "Credential should be scoped to correct service: 'sts'.");
    let mut old = world.sts(IDENTITY);
    old.signed_at = old.signed_at.minus(std::time::Duration::from_secs(3600));
    let message = refused(&world.send(old.sign(&world.root)).await, 403, "SignatureDoesNotMatch");
    assert!(message.starts_with("Signature expired: 20260301T113000Z is now earlier than"));
}

#[tokio::test]
async fn what_is_no_operation_of_sts_is_refused() {
    let world = World::new().await;
    let send = async |form: &str| world.send(world.sts(form).sign(&world.root)).await;
    let unknown = send("Action=ListUsers&Version=2010-05-08").await;
    assert_eq!(
        refused(&unknown, 400, "InvalidAction"),
        "Could not find operation ListUsers for version 2010-05-08"
    );
    refused(&send("Action=GetCallerIdentity").await, 400, "InvalidAction");
    refused(&send("Version=2011-06-15").await, 400, "MissingAction");
    refused(&send("Action=%zz").await, 400, "MalformedQueryString");
    let large = format!("{IDENTITY}&x={}", "x".repeat(600 * 1024));
    refused(&send(&large).await, 413, "RequestEntityTooLarge");
}

/// What is not there.
const GAPS: [Operation; 4] = [
    Operation::AssumeRoleWithSAML,
    Operation::AssumeRoot,
    Operation::GetDelegatedAccessToken,
    Operation::GetWebIdentityToken,
];

/// Each operation with its least valid input; unsigned where STS takes it so.
#[tokio::test]
async fn status_tells_the_truth_about_every_operation() {
    let world = World::new().await;
    for operation in Operation::ALL {
        let members = minimal_form(operation);
        let draft = world.sts(&format!("Action={operation}&Version=2011-06-15{members}"));
        let request =
            if operation.is_unsigned() { draft.unsigned() } else { draft.sign(&world.root) };
        let reply = world.send(request).await;
        let gap = format!(
            "The operation {operation} is not implemented by this version of Wharfinger; \
             docs/compatibility.md lists what is."
        );
        match GAPS.contains(&operation) {
            true => assert_eq!(refused(&reply, 400, "InvalidAction"), gap),
            false => assert!(!reply.text().contains("<Code>InvalidAction"), "{}", reply.text()),
        }
        if sts_status(operation) == Status::Acts {
            assert!(!GAPS.contains(&operation), "{operation}");
        }
        if !members.is_empty() {
            let empty = world.sts(&format!("Action={operation}&Version=2011-06-15"));
            let message =
                refused(&world.send(empty.sign(&world.root)).await, 400, "ValidationError");
            assert!(
                message.starts_with("1 validation error detected: Value null at "),
                "{message}"
            );
        }
    }
}

fn minimal_form(operation: Operation) -> &'static str {
    match operation {
        Operation::AssumeRole => {
            "&RoleArn=arn:aws:iam::111122223333:role/x&RoleSessionName=session"
        }
        Operation::AssumeRoleWithSAML => {
            "&RoleArn=arn:aws:iam::111122223333:role/x\
             &PrincipalArn=arn:aws:iam::111122223333:saml-provider/x&SAMLAssertion=abcd"
        }
        Operation::AssumeRoleWithWebIdentity => {
            "&RoleArn=arn:aws:iam::111122223333:role/x&RoleSessionName=session\
             &WebIdentityToken=abcd"
        }
        Operation::AssumeRoot => {
            "&TargetPrincipal=111122223333\
             &TaskPolicyArn.arn=arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
        }
        Operation::DecodeAuthorizationMessage => "&EncodedMessage=abcd",
        Operation::GetAccessKeyInfo => "&AccessKeyId=AKIAIOSFODNN7EXAMPLE",
        Operation::GetDelegatedAccessToken => "&TradeInToken=abcd",
        Operation::GetFederationToken => "&Name=federated",
        Operation::GetWebIdentityToken => {
            "&Audience.member.1=sts.example.com&SigningAlgorithm=RS256"
        }
        Operation::GetCallerIdentity | Operation::GetSessionToken => "",
    }
}

#[tokio::test]
async fn little_is_read_of_a_form_that_nobody_signs() {
    let world = World::new().await;
    let form = format!("{IDENTITY}&Padding={}", "x".repeat(100 * 1024));
    let reply = world.send(world.sts(&form).unsigned()).await;
    let message = refused(&reply, 413, "RequestEntityTooLarge");
    assert_eq!(message, "The request body must have at most 65536 bytes.");
    assert_eq!(world.send(world.sts(&form).sign(&world.root)).await.status, StatusCode::OK);
    let stranger = AccessKey {
        access_key_id: "AKIAABCDEFGHIJKLMNOP".into(),
        secret_access_key: Secret::new("unknown".into()),
    };
    let reply = world.send(world.sts(&form).sign(&stranger)).await;
    refused(&reply, 403, "InvalidClientTokenId");
}

/// A draft for a host, and the context it comes with.
fn at<'a>(
    world: &World,
    draft: crate::world::Draft<'a>,
    host: &str,
) -> (wharfinger_core::RequestContext, crate::world::Draft<'a>) {
    let mut context = world.context();
    context.host = host.to_owned();
    context.secure_transport = true;
    (context, draft.header("host", host))
}

#[tokio::test]
async fn the_hosts_of_sts_take_signatures_for_their_region() {
    let world = World::new().await;
    for (host, region, accepted) in [
        ("sts.amazonaws.com", "us-east-1", true),
        ("sts.amazonaws.com", "eu-west-1", false),
        ("sts.eu-west-1.amazonaws.com", "eu-west-1", true),
        ("sts.eu-west-1.amazonaws.com:443", "us-east-1", false),
        ("localhost:4566", "eu-central-1", true),
    ] {
        let (context, mut draft) = at(&world, world.sts(IDENTITY), host);
        draft.region = region;
        let reply = world.send_in(&context, draft.sign(&world.root)).await;
        if accepted {
            assert_eq!(reply.status, StatusCode::OK, "{host} {region}");
        } else {
            let message = refused(&reply, 403, "SignatureDoesNotMatch");
            assert_eq!(message, "Credential should be scoped to a valid region.");
        }
    }
}

#[tokio::test]
async fn iam_says_in_its_own_dialect_what_is_not_there() {
    let world = World::new().await;
    let form = "Action=ListSAMLProviders&Version=2010-05-08";
    for host in ["iam.amazonaws.com", HOST] {
        let (context, mut draft) = at(&world, world.sts(form), host);
        (draft.service, draft.region) = ("iam", "us-east-1");
        let reply = world.send_in(&context, draft.sign(&world.root)).await;
        let message = refused(&reply, 400, "InvalidAction");
        let start = "The operation ListSAMLProviders is not implemented";
        assert!(message.starts_with(start), "{message}");
        let namespace = "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">";
        assert!(reply.text().starts_with(namespace), "{}", reply.text());
    }
    let (context, draft) = at(&world, world.sts(form), "iam.amazonaws.com");
    let reply = world.send_in(&context, draft.unsigned()).await;
    refused(&reply, 403, "MissingAuthenticationToken");
    let reply = world.send_in(&context, draft.sign(&world.root)).await;
    let message = refused(&reply, 403, "SignatureDoesNotMatch");
    assert_eq!(message, "Credential should be scoped to correct service: 'iam'.");
    let (context, mut draft) = at(&world, world.sts("Version=2010-05-08"), "iam.amazonaws.com");
    draft.service = "iam";
    let reply = world.send_in(&context, draft.sign(&world.root)).await;
    refused(&reply, 400, "MissingAction");
}
