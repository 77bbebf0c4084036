//! Managed policies, their versions and tags, and lists of them.

use wharfinger_auth::iam_actions::{
    AttachUserPolicy, CreatePolicy, CreatePolicyVersion, DeletePolicy, DeletePolicyVersion,
    DetachUserPolicy, GetPolicy, GetPolicyVersion, ListPolicies, ListPolicyTags,
    ListPolicyVersions, PutUserPermissionsBoundary, SetDefaultPolicyVersion, TagPolicy,
    UntagPolicy,
};
use wharfinger_iam::{
    NewManagedPolicy, PageRequest, PolicyFilter, PolicyScope, PolicyUsage, PolicyUse, Tagged,
};

use super::policy_fixture::{
    ACCOUNT, Fixture, PULL, READ_ONLY, all, fixture, page, parsed, policy_of, refusal, tags,
};

#[tokio::test]
async fn a_policy_is_made_read_and_deleted() {
    let fixture = fixture().await;
    let new = NewManagedPolicy {
        policy_name: "pull".into(),
        path: Some("/ci/".into()),
        description: "pulls".into(),
        document: PULL.into(),
        tags: tags(&[("Team", "a")]),
    };
    let made = fixture.iam.create_policy(&fixture.permit(), new).await.unwrap();
    assert!(made.policy_id.starts_with("ANPA"));
    assert_eq!(made.arn, format!("arn:aws:iam::{ACCOUNT}:policy/ci/pull"));
    assert_eq!((made.default_version, made.usage), (1, PolicyUsage::default()));
    assert_eq!(made.created_at, made.updated_at);
    let found = fixture.iam.get_policy(&fixture.on::<GetPolicy>(&made.arn)).await.unwrap();
    assert_eq!(found, made);
    fixture.iam.delete_policy(&fixture.on::<DeletePolicy>(&made.arn)).await.unwrap();
    let gone = refusal(fixture.iam.get_policy(&fixture.on(&made.arn)).await);
    assert_eq!(gone, ("NoSuchEntity", format!("Policy {} was not found.", made.arn)));
    let gone = refusal(fixture.iam.delete_policy(&fixture.on(&made.arn)).await);
    let sentence = format!("Policy {} does not exist or is not attachable.", made.arn);
    assert_eq!(gone, ("NoSuchEntity", sentence));
    // Nothing of it is left for another of its name.
    assert_eq!(fixture.policy_at("/ci/", "pull").await.tags, []);
}

#[tokio::test]
async fn names_are_taken_whatever_their_case_and_path() {
    let fixture = fixture().await;
    fixture.policy("Pull").await;
    let new = NewManagedPolicy {
        policy_name: "pull".into(),
        path: Some("/x/".into()),
        document: PULL.into(),
        ..NewManagedPolicy::default()
    };
    let again = refusal(fixture.iam.create_policy(&fixture.permit(), new).await);
    let sentence = "A policy called pull already exists. Duplicate names are not allowed.";
    assert_eq!(again, ("EntityAlreadyExists", sentence.into()));
}

#[tokio::test]
async fn what_is_no_policy_is_refused() {
    let fixture = fixture().await;
    let create = async |document: String| {
        let new =
            NewManagedPolicy { policy_name: "x".into(), document, ..NewManagedPolicy::default() };
        refusal(fixture.iam.create_policy(&fixture.permit::<CreatePolicy>(), new).await)
    };
    let (code, message) = create("{".into()).await;
    assert_eq!(code, "MalformedPolicyDocument");
    assert!(message.starts_with("Syntax errors in policy."), "{message}");
    let (code, message) = create(PULL.replace("2012", "2008")).await;
    assert_eq!(code, "MalformedPolicyDocument");
    assert!(message.starts_with("Policy document must be version 2012-10-17 or greater."));
    let long = create(policy_of(6_145)).await;
    assert_eq!(long, ("LimitExceeded", "Cannot exceed quota for PolicySize: 6144".into()));
    let new = NewManagedPolicy {
        policy_name: "x".into(),
        document: policy_of(6_144),
        ..NewManagedPolicy::default()
    };
    fixture.iam.create_policy(&fixture.permit(), new.clone()).await.unwrap();
    let twice = NewManagedPolicy { tags: tags(&[("a", ""), ("A", "")]), ..new.clone() };
    let twice = NewManagedPolicy { policy_name: "y".into(), ..twice };
    assert_eq!(
        refusal(fixture.iam.create_policy(&fixture.permit(), twice).await).0,
        "InvalidInput"
    );
    let path = NewManagedPolicy { path: Some("x".into()), ..new };
    assert_eq!(
        refusal(fixture.iam.create_policy(&fixture.permit(), path).await).0,
        "ValidationError"
    );
}

#[tokio::test]
async fn versions_are_numbered_and_never_again() {
    let fixture = fixture().await;
    let arn = fixture.policy("pull").await.arn;
    let iam = &fixture.iam;
    let create = async |set_as_default: bool| {
        let permit = fixture.on::<CreatePolicyVersion>(&arn);
        iam.create_policy_version(&permit, PULL, set_as_default).await
    };
    fixture.later();
    let second = create(false).await.unwrap();
    assert_eq!((second.id().as_str(), second.is_default), ("v2", false));
    let policy = iam.get_policy(&fixture.on(&arn)).await.unwrap();
    assert_eq!((policy.default_version, policy.updated_at), (1, second.created_at));
    assert!(create(true).await.unwrap().is_default);
    create(false).await.unwrap();
    create(false).await.unwrap();
    let sixth = refusal(create(true).await);
    let sentence = "A managed policy can have up to 5 versions. Before you create a new version, \
                    you must delete an existing version.";
    assert_eq!(sixth, ("LimitExceeded", sentence.into()));

    let delete = async |version: &str| {
        iam.delete_policy_version(&fixture.on::<DeletePolicyVersion>(&arn), version).await
    };
    let default = refusal(delete("v3").await);
    let sentence = "Cannot delete the default version of a policy.";
    assert_eq!(default, ("DeleteConflict", sentence.into()));
    delete("v5").await.unwrap();
    let sentence = format!("Policy {arn} version v5 does not exist or is not attachable.");
    assert_eq!(refusal(delete("v5").await), ("NoSuchEntity", sentence.clone()));
    assert_eq!(refusal(iam.get_policy_version(&fixture.on(&arn), "v5").await).1, sentence);
    assert_eq!(refusal(iam.set_default_policy_version(&fixture.on(&arn), "v5").await).1, sentence);
    for none in ["v0", "5", "v", "v1.a", "v99999999999999999999"] {
        assert_eq!(refusal(delete(none).await).0, "NoSuchEntity", "{none}");
    }
    assert_eq!(create(false).await.unwrap().version, 6);

    let permit = fixture.on::<SetDefaultPolicyVersion>(&arn);
    iam.set_default_policy_version(&permit, "v1").await.unwrap();
    let first = iam.get_policy_version(&fixture.on::<GetPolicyVersion>(&arn), "v1").await.unwrap();
    assert_eq!((first.is_default, first.document.as_str()), (true, PULL));
    let list = async |request: PageRequest| {
        let permit = fixture.on::<ListPolicyVersions>(&arn);
        let page = iam.list_policy_versions(&permit, request).await.unwrap();
        (page.items.iter().map(|version| version.id()).collect::<Vec<_>>().join(" "), page.marker)
    };
    assert_eq!(list(all()).await, ("v6 v4 v3 v2 v1".into(), None));
    assert_eq!(list(page("", 2)).await, ("v6 v4".into(), Some("v4".into())));
    assert_eq!(list(page("v4", 3)).await, ("v3 v2 v1".into(), None));

    let versions = refusal(iam.delete_policy(&fixture.on::<DeletePolicy>(&arn)).await);
    let sentence = "This policy has more than one version. Before you delete a policy, you must \
                    delete the policy's versions. The default version is deleted with the policy.";
    assert_eq!(versions, ("DeleteConflict", sentence.into()));
}

#[tokio::test]
async fn a_policy_that_is_used_stays() {
    let fixture = fixture().await;
    let arn = parsed(&fixture.policy("pull").await.arn);
    let iam = &fixture.iam;
    let permit = fixture.permit::<AttachUserPolicy>();
    iam.attach_policy(&permit, "dev", &arn).await.unwrap();
    let conflict = ("DeleteConflict", "Cannot delete a policy attached to entities.".to_owned());
    let delete = async || iam.delete_policy(&fixture.on::<DeletePolicy>(arn.as_str())).await;
    assert_eq!(refusal(delete().await), conflict);
    iam.detach_policy(&fixture.permit::<DetachUserPolicy>(), "dev", &arn).await.unwrap();
    let permit = fixture.permit::<PutUserPermissionsBoundary>();
    iam.put_permissions_boundary(&permit, "dev", &arn).await.unwrap();
    assert_eq!(refusal(delete().await), conflict);
    let policy = iam.get_policy(&fixture.on(arn.as_str())).await.unwrap();
    assert_eq!(policy.usage, PolicyUsage { attachments: 0, boundaries: 1 });
}

#[tokio::test]
async fn those_of_aws_and_of_others_are_not_changed() {
    let fixture = fixture().await;
    let iam = &fixture.iam;
    let policy = iam.get_policy(&fixture.on(READ_ONLY)).await.unwrap();
    assert_eq!((policy.policy_id.as_str(), policy.default_version), ("ANPAIFYZPA37OOHVIH7KQ", 3));
    let version = iam.get_policy_version(&fixture.on(READ_ONLY), "v3").await.unwrap();
    assert!(version.is_default && version.document.contains("ecr:BatchGetImage"));
    assert_eq!(
        refusal(iam.get_policy_version(&fixture.on(READ_ONLY), "v1").await).0,
        "NoSuchEntity"
    );
    let versions = iam.list_policy_versions(&fixture.on(READ_ONLY), all()).await.unwrap();
    assert_eq!(versions.items, [version]);
    assert_eq!(iam.list_policy_tags(&fixture.on(READ_ONLY), all()).await.unwrap().items, []);
    let outside = ("AccessDenied", "Policy is outside your own account.".to_owned());
    for arn in [READ_ONLY, "arn:aws:iam::999988887777:policy/x", "arn:aws:iam::aws:policy/None"] {
        assert_eq!(refusal(iam.delete_policy(&fixture.on(arn)).await), outside, "{arn}");
        assert_eq!(
            refusal(iam.create_policy_version(&fixture.on(arn), PULL, true).await),
            outside,
            "{arn}"
        );
        let tagged = iam.tag_policy(&fixture.on(arn), tags(&[("a", "b")])).await;
        assert_eq!(refusal(tagged), outside, "{arn}");
    }
    let foreign = "arn:aws:iam::999988887777:policy/x";
    assert_eq!(refusal(iam.get_policy(&fixture.on(foreign)).await), outside);
    let none = refusal(iam.get_policy(&fixture.on("arn:aws:iam::aws:policy/None")).await);
    let sentence = "Policy arn:aws:iam::aws:policy/None was not found.";
    assert_eq!(none, ("NoSuchEntity", sentence.into()));
}

#[tokio::test]
async fn tags_come_and_go() {
    let fixture = fixture().await;
    let arn = fixture.policy("pull").await.arn;
    let iam = &fixture.iam;
    let permit = fixture.on::<TagPolicy>(&arn);
    iam.tag_policy(&permit, tags(&[("Team", "a"), ("env", "prod")])).await.unwrap();
    iam.tag_policy(&permit, tags(&[("team", "b")])).await.unwrap();
    let listed = iam.list_policy_tags(&fixture.on::<ListPolicyTags>(&arn), page("", 1)).await;
    let listed = listed.unwrap();
    assert_eq!(listed.items, tags(&[("env", "prod")]));
    let listed = iam.list_policy_tags(&fixture.on(&arn), page(&listed.marker.unwrap(), 1)).await;
    assert_eq!(listed.unwrap().items, tags(&[("team", "b")]));
    let Tagged { tags: seen, .. } =
        iam.tagged_policy(fixture.account, &parsed(&arn)).await.unwrap();
    assert_eq!(seen, tags(&[("env", "prod"), ("team", "b")]));
    let foreign = iam.tagged_policy("999988887777".parse().unwrap(), &parsed(&arn)).await.unwrap();
    assert_eq!(foreign.tags, []);
    iam.untag_policy(&fixture.on::<UntagPolicy>(&arn), vec!["TEAM".into(), "x".into()])
        .await
        .unwrap();
    let policy = iam.get_policy(&fixture.on(&arn)).await.unwrap();
    assert_eq!(policy.tags, tags(&[("env", "prod")]));
    let many: Vec<_> = (0..50).map(|it| (format!("k{it}"), String::new())).collect();
    assert_eq!(refusal(iam.tag_policy(&permit, many).await).0, "LimitExceeded");
}

async fn names(fixture: &Fixture, filter: PolicyFilter, request: PageRequest) -> Vec<String> {
    let permit = fixture.permit::<ListPolicies>();
    let page = fixture.iam.list_policies(&permit, filter, request).await.unwrap();
    page.items.into_iter().map(|policy| policy.policy_name).collect()
}

#[tokio::test]
async fn lists_have_what_they_are_asked_for() {
    let fixture = fixture().await;
    for (path, name) in [("/", "b"), ("/ci/", "a"), ("/ci/x/", "c")] {
        fixture.policy_at(path, name).await;
    }
    let own = PolicyFilter { scope: PolicyScope::Own, ..PolicyFilter::default() };
    assert_eq!(names(&fixture, own.clone(), all()).await, ["a", "b", "c"]);
    let under = PolicyFilter { path_prefix: Some("/ci/".into()), ..own.clone() };
    assert_eq!(names(&fixture, under, all()).await, ["a", "c"]);
    let aws = PolicyFilter { scope: PolicyScope::Aws, ..PolicyFilter::default() };
    let all_of_aws = names(&fixture, aws.clone(), all()).await;
    assert!(all_of_aws.contains(&"AdministratorAccess".to_owned()) && all_of_aws.len() > 15);
    let under = PolicyFilter { path_prefix: Some("/service-role/".into()), ..aws };
    assert!(names(&fixture, under, all()).await.iter().all(|name| name.starts_with("AmazonE")));

    let (dev, read_only) = (fixture.permit::<AttachUserPolicy>(), parsed(READ_ONLY));
    fixture.iam.attach_policy(&dev, "dev", &read_only).await.unwrap();
    let bounding = parsed(&format!("arn:aws:iam::{ACCOUNT}:policy/b"));
    let permit = fixture.permit::<PutUserPermissionsBoundary>();
    fixture.iam.put_permissions_boundary(&permit, "dev", &bounding).await.unwrap();
    let attached = PolicyFilter { only_attached: true, ..PolicyFilter::default() };
    let expected = ["AmazonEC2ContainerRegistryReadOnly"];
    assert_eq!(names(&fixture, attached, all()).await, expected);
    let used = |usage| PolicyFilter { usage: Some(usage), ..PolicyFilter::default() };
    assert_eq!(names(&fixture, used(PolicyUse::Permissions), all()).await, expected);
    assert_eq!(names(&fixture, used(PolicyUse::Boundary), all()).await, ["b"]);
}

#[tokio::test]
async fn pages_follow_each_other_from_the_accounts_to_those_of_aws() {
    let fixture = fixture().await;
    for name in ["a", "b", "zz"] {
        fixture.policy_at("/p/", name).await;
    }
    let whole = names(&fixture, PolicyFilter::default(), all()).await;
    assert_eq!(whole[..3], ["a", "b", "zz"]);
    for size in [1, 2, 3, 7] {
        let (mut found, mut after) = (Vec::new(), String::new());
        loop {
            let permit = fixture.permit::<ListPolicies>();
            let request = page(&after, size);
            let page =
                fixture.iam.list_policies(&permit, PolicyFilter::default(), request).await.unwrap();
            found.extend(page.items.into_iter().map(|policy| policy.policy_name));
            let Some(marker) = page.marker else { break };
            after = marker;
        }
        assert_eq!(found, whole, "{size}");
    }
}
