//! Who may do what: every route and method, for every kind of principal.

use wharfinger_api_oci::required_actions::{REQUIRED_ACTIONS, RequiredActions};
use wharfinger_oci::Route;

use super::fixture::{Fixture, REGION, REPOSITORY, digest_of, fixture, manifest};

const LAYER: &[u8] = b"layer";
const READ: &[&str] = &[
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:DescribeRepositories",
    "ecr:GetDownloadUrlForLayer",
    "ecr:ListImages",
];
const PUSH: &[&str] = &[
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
];

/// A request for a line of the table, and what it is answered when it is allowed.
struct Probe {
    line: &'static RequiredActions,
    target: String,
    body: Vec<u8>,
    success: u16,
}

/// Fresh requests for every line: what they need to succeed is made first.
async fn probes(fixture: &Fixture) -> Vec<Probe> {
    let image = fixture.push_image(REPOSITORY, "v1", LAYER).await;
    let (layer, name) = (digest_of(LAYER), REPOSITORY);
    let mut probes = Vec::new();
    for line in REQUIRED_ACTIONS {
        let upload = fixture.begin_upload(name).await;
        let (target, body, success): (String, &[u8], u16) = match (line.method, line.route) {
            ("GET", "/v2/") => ("/v2/".into(), b"", 200),
            ("GET", "/v2/_catalog") => ("/v2/_catalog".into(), b"", 200),
            ("GET", "/v2/<name>/tags/list") => (format!("/v2/{name}/tags/list"), b"", 200),
            ("GET" | "HEAD", "/v2/<name>/manifests/<reference>") => {
                (format!("/v2/{name}/manifests/v1"), b"", 200)
            }
            ("PUT", "/v2/<name>/manifests/<reference>") => {
                (format!("/v2/{name}/manifests/v1"), &image, 201)
            }
            ("DELETE", "/v2/<name>/manifests/<reference>") => {
                // Gone once it was deleted; those who may are then told that.
                (format!("/v2/{name}/manifests/other"), b"", 404)
            }
            ("GET" | "HEAD", "/v2/<name>/blobs/<digest>") => {
                (format!("/v2/{name}/blobs/{layer}"), b"", 200)
            }
            // An image uses it, so that it is there for all who ask.
            ("DELETE", "/v2/<name>/blobs/<digest>") => {
                (format!("/v2/{name}/blobs/{layer}"), b"", 405)
            }
            ("POST", "/v2/<name>/blobs/uploads/") => {
                (format!("/v2/{name}/blobs/uploads/"), b"", 202)
            }
            ("POST", "/v2/<name>/blobs/uploads/?digest=<digest>") => {
                (format!("/v2/{name}/blobs/uploads/?digest={layer}"), LAYER, 201)
            }
            ("POST", "/v2/<name>/blobs/uploads/?mount=<digest>&from=<source>") => {
                // What can be mounted differs by what may be read; this cannot be by anyone.
                (format!("/v2/{name}/blobs/uploads/?mount={layer}&from=team/absent"), b"", 202)
            }
            ("GET", "/v2/<name>/blobs/uploads/<upload>") => (upload, b"", 204),
            ("PATCH", "/v2/<name>/blobs/uploads/<upload>") => (upload, LAYER, 202),
            ("PUT", "/v2/<name>/blobs/uploads/<upload>?digest=<digest>") => {
                (format!("{upload}?digest={layer}"), LAYER, 201)
            }
            ("DELETE", "/v2/<name>/blobs/uploads/<upload>") => (upload, b"", 204),
            ("GET", "/v2/<name>/referrers/<digest>") => {
                (format!("/v2/{name}/referrers/{layer}"), b"", 200)
            }
            other => panic!("{other:?} is not probed"),
        };
        probes.push(Probe { line, target, body: body.to_vec(), success });
    }
    probes
}

impl Probe {
    async fn status(&self, fixture: &Fixture, password: Option<&str>) -> u16 {
        let request = fixture.request(self.line.method, &self.target);
        let request = match password {
            Some(password) => request.login(password),
            None => request.anonymous(),
        };
        let reply = request.body(&self.body).send().await;
        if reply.status.as_u16() == 403 && self.line.method != "HEAD" {
            assert!(reply.text().contains(" is not authorized to perform: ecr:"), "{reply:?}");
        }
        reply.status.as_u16()
    }
}

/// The actions of a line as policies name them.
fn named(line: &RequiredActions) -> Vec<String> {
    line.actions.iter().map(|action| (*action).to_owned()).collect()
}

/// A number for each route, 0 to [`ROUTES`] − 1. A new route does not compile here until it has
/// one, and then fails the test until it is probed.
fn number(route: &Route) -> usize {
    match route {
        Route::Base => 0,
        Route::Catalog => 1,
        Route::TagsList { .. } => 2,
        Route::Manifest { .. } => 3,
        Route::Blob { .. } => 4,
        Route::BlobUploads { .. } => 5,
        Route::BlobUpload { .. } => 6,
        Route::Referrers { .. } => 7,
    }
}
const ROUTES: usize = 8;

#[tokio::test]
async fn every_route_is_probed() {
    let fixture = fixture().await;
    let mut probed = [false; ROUTES];
    for probe in probes(&fixture).await {
        let path = probe.target.split('?').next().unwrap();
        probed[number(&Route::parse(path).unwrap())] = true;
    }
    assert_eq!(probed, [true; ROUTES]);
}

#[tokio::test]
async fn every_route_by_every_principal() {
    let fixture = fixture().await;
    let token = ["ecr:GetAuthorizationToken"];
    let mut passwords = Vec::new();
    for name in ["nobody", "reader", "pusher"] {
        let key = fixture.user(name, &token).await;
        passwords.push(fixture.login(&key, REGION).await);
    }
    // What counts is what a user may do when the token is used.
    fixture.allow("nobody", &[]).await;
    fixture.allow("reader", READ).await;
    fixture.allow("pusher", PUSH).await;
    let everything: Vec<String> = REQUIRED_ACTIONS.iter().flat_map(named).collect();
    let everything: Vec<&str> = everything.iter().map(String::as_str).collect();
    let principals: [(Option<&str>, &[&str]); 4] = [
        (Some(&passwords[0]), &[]),
        (Some(&passwords[1]), READ),
        (Some(&passwords[2]), PUSH),
        (Some(&fixture.password), &everything),
    ];
    for (password, allowed) in principals {
        for probe in probes(&fixture).await {
            let may = named(probe.line).iter().all(|action| allowed.contains(&action.as_str()));
            let expected = if may { probe.success } else { 403 };
            let status = probe.status(&fixture, password).await;
            assert_eq!(status, expected, "{:?} with {allowed:?}", probe.line);
        }
    }
    for probe in probes(&fixture).await {
        assert_eq!(probe.status(&fixture, None).await, 401, "{:?}", probe.line);
        assert_eq!(probe.status(&fixture, Some("bad")).await, 401, "{:?}", probe.line);
    }
}

#[tokio::test]
async fn each_listed_action_is_needed_and_together_they_suffice() {
    let fixture = fixture().await;
    let key = fixture.user("ann", &["ecr:GetAuthorizationToken"]).await;
    let password = fixture.login(&key, REGION).await;
    for probe in probes(&fixture).await {
        let actions = named(probe.line);
        let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
        for missing in &actions {
            let mut allowed = actions.clone();
            allowed.retain(|action| action != missing);
            allowed.push("sts:GetCallerIdentity");
            fixture.allow("ann", &allowed).await;
            let status = probe.status(&fixture, Some(&password)).await;
            assert_eq!(status, 403, "{:?} without {missing}", probe.line);
        }
        let allowed = [&actions[..], &["sts:GetCallerIdentity"]].concat();
        fixture.allow("ann", &allowed).await;
        let status = probe.status(&fixture, Some(&password)).await;
        assert_eq!(status, probe.success, "{:?}", probe.line);
    }
}

#[tokio::test]
async fn a_completion_without_a_body_uploads_nothing() {
    let fixture = fixture().await;
    let key = fixture.user("ann", &["ecr:GetAuthorizationToken"]).await;
    let password = fixture.login(&key, REGION).await;
    fixture.allow("ann", &["ecr:CompleteLayerUpload"]).await;
    let upload = fixture.begin_upload(REPOSITORY).await;
    fixture.request("PATCH", &upload).body(LAYER).send().await;
    let target = format!("{upload}?digest={}", digest_of(LAYER));
    let reply = fixture.request("PUT", &target).login(&password).send().await;
    assert_eq!(reply.status.as_u16(), 201);
}

#[tokio::test]
async fn what_is_absent_and_what_is_forbidden_look_alike() {
    let fixture = fixture().await;
    let key = fixture.user("ann", &["ecr:GetAuthorizationToken"]).await;
    let password = fixture.login(&key, REGION).await;
    let denied = async |name: &str| {
        let target = format!("/v2/{name}/manifests/v1");
        let reply = fixture.request("GET", &target).login(&password).send().await;
        (reply.status, reply.text().replace(name, "<name>"))
    };
    fixture.push_image(REPOSITORY, "v1", LAYER).await;
    assert_eq!(denied(REPOSITORY).await, denied("team/absent").await);
    let reply = fixture.request("GET", "/v2/team/app/manifests/v1").login(&password).send().await;
    reply.assert_error(
        403,
        "DENIED",
        "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: \
         ecr:BatchGetImage on resource: arn:aws:ecr:eu-west-1:111122223333:repository/team/app \
         because no identity-based policy allows the ecr:BatchGetImage action",
    );
}

#[tokio::test]
async fn a_refused_push_leaves_nothing_behind() {
    let fixture = fixture().await;
    let key = fixture.user("ann", &["ecr:GetAuthorizationToken"]).await;
    let password = fixture.login(&key, REGION).await;
    let body = manifest(b"{}", LAYER);
    let request = fixture.request("PUT", "/v2/team/app/manifests/v9").login(&password);
    assert_eq!(request.body(&body).send().await.status.as_u16(), 403);
    assert_eq!(fixture.get("/v2/team/app/manifests/v9").await.status.as_u16(), 404);
}
