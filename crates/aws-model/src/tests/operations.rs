//! The tables of operations and errors, and that every pattern of the models compiles.

use super::facts;
use crate::pattern::Pattern;
use crate::{ecr, ecr_public, iam, sts};

#[test]
fn every_operation_is_known_by_its_name() {
    assert_eq!(ecr::Operation::ALL.len(), 62);
    assert_eq!(ecr_public::Operation::ALL.len(), 23);
    assert_eq!(sts::Operation::ALL.len(), 11);
    for operation in ecr::Operation::ALL {
        assert_eq!(ecr::Operation::from_name(operation.name()), Some(operation));
    }
    assert_eq!(ecr::Operation::from_name("putImage"), None);
    let backfill = ecr::Operation::from_name("StartReplicationBackfill");
    assert_eq!(backfill, Some(ecr::Operation::StartReplicationBackfill));
    assert_eq!(ecr::Operation::PutImage.to_string(), "PutImage");
}

#[test]
fn every_pattern_compiles() {
    let all = [ecr::limits::PATTERNS, ecr_public::limits::PATTERNS, sts::limits::PATTERNS];
    let generated = || all.into_iter().flatten();
    for pattern in generated().chain(iam::limits::PATTERNS) {
        assert!(pattern.compiles(), "{}", pattern.source());
    }
    // Those of outputs are not generated; a shape may come to be used by an input.
    for service in ["ecr", "ecr_public", "sts"] {
        for shape in facts(service)["shapes"].as_array().unwrap() {
            let Some(source) = shape["pattern"].as_str() else { continue };
            assert!(Pattern::new(source.to_owned().leak()).compiles(), "{source}");
            let output_only =
                ["Base64", "RegistryAliasName", "assumedRoleIdType", "federatedIdType"];
            let expected = !output_only.iter().any(|name| shape["name"] == *name);
            assert_eq!(generated().any(|pattern| pattern.source() == source), expected, "{source}");
        }
    }
}

#[test]
fn errors_have_the_codes_and_statuses_of_the_model() {
    let status = |code: &str| {
        let mut errors = ecr::error::ERRORS.iter().chain(sts::error::ERRORS);
        errors.find(|error| error.code == code).map(|error| error.http_status)
    };
    assert_eq!(status("RepositoryNotFoundException"), Some(400));
    assert_eq!(status("ServerException"), Some(500));
    assert_eq!(status("IDPRejectedClaim"), Some(403));
    assert_eq!(status("PackedPolicyTooLarge"), Some(400));
    assert!(ecr::Operation::ALL.iter().all(|operation| !operation.errors().is_empty()));
    let errors = ecr::Operation::ALL.iter().flat_map(|operation| operation.errors());
    let errors = errors.chain(sts::Operation::ALL.iter().flat_map(|it| it.errors()));
    for code in errors {
        assert!(status(code).is_some(), "{code}");
    }
    assert!(ecr::Operation::DeleteRepository.errors().contains(&"RepositoryNotEmptyException"));
    assert!(sts::Operation::AssumeRole.errors().contains(&"PackedPolicyTooLarge"));
}

#[test]
fn only_the_federated_logins_are_unsigned() {
    let unsigned: Vec<_> =
        sts::Operation::ALL.into_iter().filter(|operation| operation.is_unsigned()).collect();
    let expected = [sts::Operation::AssumeRoleWithSAML, sts::Operation::AssumeRoleWithWebIdentity];
    assert_eq!(unsigned, expected);
}

#[test]
fn services_say_how_they_are_addressed() {
    assert_eq!(ecr::TARGET_PREFIX, "AmazonEC2ContainerRegistry_V20150921");
    assert_eq!(ecr::SIGNING_NAME, "ecr");
    assert_eq!(ecr_public::TARGET_PREFIX, "SpencerFrontendService");
    assert_eq!(ecr_public::SIGNING_NAME, "ecr-public");
    assert_eq!((sts::SIGNING_NAME, sts::API_VERSION), ("sts", "2011-06-15"));
    assert_eq!(sts::XML_NAMESPACE, "https://sts.amazonaws.com/doc/2011-06-15/");
}

#[test]
fn enums_are_read_and_written_by_their_wire_names() {
    use ecr::enums::{EncryptionType, UpstreamRegistry};
    assert_eq!(UpstreamRegistry::from_wire("docker-hub"), Some(UpstreamRegistry::DockerHub));
    assert_eq!(UpstreamRegistry::from_wire("Docker-Hub"), None);
    assert_eq!(EncryptionType::KmsDsse.as_str(), "KMS_DSSE");
    assert_eq!(EncryptionType::ALL.len(), 3);
}
