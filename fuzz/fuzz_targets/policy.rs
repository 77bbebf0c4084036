//! Policies: whatever parses can be evaluated.
#![no_main]

use wharfinger_iam_policy::{
    ContextKeys, PolicyDocument, PolicyKind, PrincipalFacts, Request, evaluate,
    evaluate_resource_policy,
};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(account) = "111122223333".parse() else { return };
    let principal = PrincipalFacts {
        account,
        arn: "arn:aws:sts::111122223333:assumed-role/ci/build".into(),
        role_arn: Some("arn:aws:iam::111122223333:role/ci".into()),
        service: None,
        federated: None,
    };
    let mut keys = ContextKeys::new();
    keys.insert("aws:username", "dev");
    keys.insert("aws:SourceIp", "203.0.113.7");
    keys.insert("aws:CurrentTime", "2024-02-29T01:02:03Z");
    keys.insert("aws:EpochTime", "1709168523");
    keys.insert("aws:SecureTransport", "true");
    keys.insert("aws:PrincipalArn", "arn:aws:iam::111122223333:role/ci");
    keys.insert_all("aws:TagKeys", ["team".into(), "cost".into()]);
    let request = Request {
        action: "ecr:PutImage",
        resource: "arn:aws:ecr:eu-west-1:111122223333:repository/team/app",
        principal: &principal,
        keys: &keys,
    };
    for kind in [
        PolicyKind::Identity,
        PolicyKind::Managed,
        PolicyKind::Repository,
        PolicyKind::Registry,
        PolicyKind::Trust,
    ] {
        if let Ok(policy) = PolicyDocument::parse_as(kind, text) {
            let _ = evaluate([&policy], &request);
            let _ = evaluate_resource_policy(&policy, &request);
        }
    }
});
