//! The principals of the matrix, made with the operations of IAM and STS as anyone would make them.

use std::time::Duration;

use serde_json::{Value, json};
use wharfinger_api_aws::Body;
use wharfinger_auth::AccessKey;
use wharfinger_core::Secret;

use super::oracle::{Asker, DENIED, OTHER, Own, PULL, PUSH, READ};
use crate::world::{ACCOUNT, Draft, World};

const ECR: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistry";
/// Longer than a token lasts.
const HOURS_13: Duration = Duration::from_secs(13 * 60 * 60);

/// How a request of a principal ends before anyone asks what it may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    Valid,
    None,
    Expired,
    Refused,
}

/// A principal.
pub struct Principal {
    pub name: &'static str,
    pub login: Login,
    pub credentials: Option<Credentials>,
    pub asker: Asker,
}

/// An access key, with its session token if it is of a session, and the password of
/// `docker login` that it was given when it might have one.
#[derive(Clone)]
pub struct Credentials {
    pub key: AccessKey,
    pub session_token: Option<String>,
    pub password: Option<String>,
}

/// All of them.
pub async fn make(world: &World) -> Vec<Principal> {
    let root = of_key(world.root.clone());
    let other_root = of_key(world.root_of(OTHER).await);
    let waiter = create_role(world, &root, "expiring").await;
    let expired = assume(world, &waiter, "expiring", None).await;
    world.clock.advance(HOURS_13);
    let root = logged_in(world, root).await;

    let (everything, nothing) = (Own::Everything, Own::Only(&[]));
    let user = async |name, policies: &[&str]| create_user(world, &root, name, policies).await;
    let mut made = vec![
        valid("root", root.clone(), everything),
        valid("no policy", user("bare", &[]).await, nothing),
        valid("read-only", user("reader", &["ReadOnly"]).await, Own::Only(READ)),
        valid("pull-only", user("puller", &["PullOnly"]).await, Own::Only(PULL)),
        valid("full access", user("owner", &["FullAccess"]).await, everything),
        valid(
            "push-only",
            with_policy(world, &root, "pusher", &allow(&actions(PUSH))).await,
            Own::Only(PUSH),
        ),
    ];
    made[0].asker.is_root = true;

    let deny = json!({ "Effect": "Deny", "Action": actions(DENIED), "Resource": "*" });
    let denied = with_policy(world, &root, "denied", &policy(&deny)).await;
    let form = format!("UserName=denied&PolicyArn={ECR}FullAccess");
    iam(world, &root, "AttachUserPolicy", &form).await;
    made.push(valid("denied by a statement", denied, Own::EverythingBut(DENIED)));

    let bounded = user("bounded", &["FullAccess"]).await;
    let form = format!("UserName=bounded&PermissionsBoundary={ECR}ReadOnly");
    iam(world, &root, "PutUserPermissionsBoundary", &form).await;
    made.push(valid("within a boundary", bounded, Own::Only(READ)));
    made.push(of_a_group(world, &root).await);
    made.push(by_version(world, &root).await);

    let deployer = create_role(world, &root, "deployer").await;
    made.push(valid("role", assume(world, &deployer, "deployer", None).await, everything));
    let session = assume(world, &deployer, "deployer", Some(&allow(&actions(PULL)))).await;
    made.push(valid("within a session policy", session, Own::Only(PULL)));

    made.push(valid("named by the policy", user("named", &[]).await, nothing));
    made.last_mut().unwrap().asker.is_named = true;

    let foreign = create_user(world, &other_root, "foreign", &["FullAccess"]).await;
    let bare = create_user(world, &other_root, "bare", &[]).await;
    for (name, credentials, own) in [
        ("other account", foreign, everything),
        ("other account, no policy", bare, nothing),
        ("other account's root", logged_in(world, other_root).await, everything),
    ] {
        made.push(valid(name, credentials, own));
        made.last_mut().unwrap().asker.account = OTHER;
    }

    let off = user("off", &["FullAccess"]).await;
    let form = format!("UserName=off&Status=Inactive&AccessKeyId={}", off.key.access_key_id);
    iam(world, &root, "UpdateAccessKey", &form).await;
    made.push(Principal { login: Login::Refused, ..valid("deactivated key", off, nothing) });
    made.push(Principal { login: Login::Expired, ..valid("expired", expired, nothing) });
    let asker = made[1].asker;
    made.push(Principal { name: "anonymous", login: Login::None, credentials: None, asker });
    made
}

/// A power user by way of a group.
async fn of_a_group(world: &World, root: &Credentials) -> Principal {
    let member = create_user(world, root, "member", &[]).await;
    iam(world, root, "CreateGroup", "GroupName=pushers").await;
    let form = format!("GroupName=pushers&PolicyArn={ECR}PowerUser");
    iam(world, root, "AttachGroupPolicy", &form).await;
    iam(world, root, "AddUserToGroup", "GroupName=pushers&UserName=member").await;
    valid("power user by a group", member, Own::Both(READ, PUSH))
}

/// Someone whose policy became narrower with its second version.
async fn by_version(world: &World, root: &Credentials) -> Principal {
    let user = create_user(world, root, "narrowed", &[]).await;
    let document = |actions: &Value| encoded(&allow(actions));
    let form = format!("PolicyName=narrow&PolicyDocument={}", document(&json!("ecr:*")));
    iam(world, root, "CreatePolicy", &form).await;
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/narrow");
    iam(world, root, "AttachUserPolicy", &format!("UserName=narrowed&PolicyArn={arn}")).await;
    let narrow = document(&json!("ECR:describe*"));
    let form = format!("PolicyArn={arn}&PolicyDocument={narrow}&SetAsDefault=true");
    iam(world, root, "CreatePolicyVersion", &form).await;
    valid("by a second version", user, Own::Beginning("Describe"))
}

fn valid(name: &'static str, credentials: Credentials, own: Own) -> Principal {
    let asker = Asker { account: ACCOUNT, own, is_root: false, is_named: false };
    Principal { name, login: Login::Valid, credentials: Some(credentials), asker }
}

/// A user, who could log in before it got its policies.
async fn create_user(
    world: &World,
    root: &Credentials,
    name: &str,
    managed: &[&str],
) -> Credentials {
    iam(world, root, "CreateUser", &format!("UserName={name}")).await;
    let answer = iam(world, root, "CreateAccessKey", &format!("UserName={name}")).await;
    put_user_policy(world, root, name, &allow(&actions(&["GetAuthorizationToken"]))).await;
    let user = logged_in(world, credentials(&answer)).await;
    iam(world, root, "DeleteUserPolicy", &format!("UserName={name}&PolicyName=inline")).await;
    for policy in managed {
        let form = format!("UserName={name}&PolicyArn={ECR}{policy}");
        iam(world, root, "AttachUserPolicy", &form).await;
    }
    user
}

async fn with_policy(world: &World, root: &Credentials, name: &str, policy: &Value) -> Credentials {
    let user = create_user(world, root, name, &[]).await;
    put_user_policy(world, root, name, policy).await;
    user
}

/// A role that may do everything in ECR, and the user who may assume it.
async fn create_role(world: &World, root: &Credentials, name: &str) -> Credentials {
    let user = create_user(world, root, &format!("for-{name}"), &[]).await;
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:user/for-{name}") },
    }] });
    let form = format!("RoleName={name}&AssumeRolePolicyDocument={}", encoded(&trust));
    iam(world, root, "CreateRole", &form).await;
    let form = format!("RoleName={name}&PolicyArn={ECR}FullAccess");
    iam(world, root, "AttachRolePolicy", &form).await;
    user
}

async fn assume(
    world: &World,
    user: &Credentials,
    role: &str,
    session_policy: Option<&Value>,
) -> Credentials {
    let mut form = format!(
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::{ACCOUNT}:role/{role}\
         &RoleSessionName=matrix&DurationSeconds=900"
    );
    if let Some(policy) = session_policy {
        form += &format!("&Policy={}", encoded(policy));
    }
    let reply = world.send(world.sts(&form).sign(&user.key)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    logged_in(world, credentials(reply.text())).await
}

async fn put_user_policy(world: &World, root: &Credentials, user: &str, policy: &Value) {
    let document = encoded(policy);
    let form = format!("UserName={user}&PolicyName=inline&PolicyDocument={document}");
    iam(world, root, "PutUserPolicy", &form).await;
}

async fn iam(world: &World, root: &Credentials, action: &str, form: &str) -> String {
    let mut draft = world.sts(&format!("Action={action}&Version=2010-05-08&{form}"));
    (draft.service, draft.region) = ("iam", "us-east-1");
    let reply = world.send(draft.sign(&root.key)).await;
    assert_eq!(reply.status, 200, "{action} {form}: {}", reply.text());
    reply.text().to_owned()
}

/// With the password of `aws ecr get-login-password`.
async fn logged_in(world: &World, credentials: Credentials) -> Credentials {
    let request = credentials.sign(world.ecr("GetAuthorizationToken", "{}"));
    let answer = world.send(request).await.ok();
    let token = answer["authorizationData"][0]["authorizationToken"].as_str();
    Credentials { password: token.map(str::to_owned), ..credentials }
}

impl Credentials {
    /// A request in the name of whoever has these.
    pub fn sign(&self, draft: Draft<'_>) -> http::Request<Body> {
        match &self.session_token {
            Some(token) => draft.header("x-amz-security-token", token).sign(&self.key),
            None => draft.sign(&self.key),
        }
    }
}

fn credentials(answer: &str) -> Credentials {
    let element = |name: &str| {
        let (_, rest) = answer.split_once(&format!("<{name}>"))?;
        rest.split_once("</").map(|(value, _)| value.to_owned())
    };
    let key = AccessKey {
        access_key_id: element("AccessKeyId").unwrap(),
        secret_access_key: Secret::new(element("SecretAccessKey").unwrap()),
    };
    Credentials { session_token: element("SessionToken"), ..of_key(key) }
}

fn of_key(key: AccessKey) -> Credentials {
    Credentials { key, session_token: None, password: None }
}

fn actions(names: &[&str]) -> Value {
    names.iter().map(|name| format!("ecr:{name}")).collect()
}

fn allow(actions: &Value) -> Value {
    policy(&json!({ "Effect": "Allow", "Action": actions, "Resource": "*" }))
}

fn policy(statement: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

/// As a form has it.
fn encoded(document: &Value) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    document.to_string().bytes().map(encode).collect()
}
