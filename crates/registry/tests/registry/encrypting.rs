//! Repositories under KMS keys: which key a request names, what is sealed under it, and what is
//! left when it is switched off.

use wharfinger_core::{Digest, RegistryId};
use wharfinger_registry::{
    Error, ImageFailureCode, KmsError, KmsKey, PageRequest, ReferrersFilter,
};

use super::fixture::{Fixture, by_digest, by_tag, digest_of, permit_for};

fn registry() -> RegistryId {
    RegistryId::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
}

impl Fixture {
    pub async fn key(&self, alias: Option<&str>) -> KmsKey {
        self.kms.create_key(&registry(), "for tests", alias).await.unwrap()
    }

    pub async fn switch(&self, key: &KmsKey, enabled: bool) {
        let switched = self.kms.set_key_enabled(&registry(), &key.arn, enabled).await.unwrap();
        assert_eq!(switched.enabled, enabled);
    }

    async fn pull(&self, name: &str, digest: Digest) -> Result<Vec<u8>, Error> {
        use futures_util::TryStreamExt;
        let content = self.registry.open_blob(&permit_for(name), digest).await?;
        let parts: Vec<_> = content.read_all().try_collect().await.unwrap();
        Ok(parts.concat())
    }
}

/// The code of KMS that a call failed with.
fn code<T: std::fmt::Debug>(outcome: Result<T, Error>) -> &'static str {
    match outcome.unwrap_err() {
        Error::Kms { kms_error, .. } => kms_error,
        error => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_key_may_be_named_in_every_way() {
    let fixture = Fixture::new();
    let key = fixture.key(Some("alias/x")).await;
    let other = fixture.key(None).await;
    assert_eq!(key.arn, format!("arn:aws:kms:eu-west-1:111122223333:key/{}", key.key_id));
    assert_eq!((key.aliases.as_slice(), key.enabled), (&["alias/x".to_owned()][..], true));
    let alias_arn = "arn:aws:kms:eu-west-1:111122223333:alias/x";
    let names = [key.key_id.as_str(), "alias/x", &key.arn, alias_arn];
    for (number, name) in names.into_iter().enumerate() {
        for kind in ["KMS", "KMS_DSSE"] {
            let repository = format!("app-{number}-{}", kind.to_ascii_lowercase());
            let made = fixture.create_encrypted(&repository, kind, Some(name)).await.unwrap();
            assert_eq!(
                (made.encryption_type.as_str(), made.kms_key),
                (kind, Some(key.arn.clone()))
            );
            let permit = permit_for(&repository);
            let page = PageRequest::default();
            let described = fixture.registry.describe_repositories(&permit, &page).await.unwrap();
            assert_eq!(described.items[0].encryption.kms_key.as_ref(), Some(&key.arn));
        }
    }

    let elsewhere = key.arn.replace("eu-west-1", "eu-west-2");
    let foreign = key.arn.replace("111122223333", "999922223333");
    fixture.switch(&other, false).await;
    for (name, expected) in [
        ("alias/y", "NotFoundException"),
        ("1234", "NotFoundException"),
        (elsewhere.as_str(), "NotFoundException"),
        (&foreign, "NotFoundException"),
        ("arn:aws:kms:eu-west-1:111122223333:grant/1", "InvalidArnException"),
        (&other.arn, "DisabledException"),
    ] {
        let refused = fixture.create_encrypted("app", "KMS", Some(name)).await;
        assert_eq!(code(refused), expected, "{name}");
    }
    let refused = fixture.create_encrypted("app", "KMS", Some(&elsewhere)).await.unwrap_err();
    assert!(refused.to_string().contains("not in region eu-west-1"), "{refused}");
}

#[tokio::test]
async fn the_aws_managed_key_is_made_once_when_it_is_needed() {
    let fixture = Fixture::new();
    assert_eq!(fixture.kms.list_keys(&registry()).await.unwrap(), []);
    let first = fixture.create_encrypted("one", "KMS", None).await.unwrap();
    let second = fixture.create_encrypted("two", "KMS_DSSE", Some("alias/aws/ecr")).await.unwrap();
    assert_eq!(first.kms_key, second.kms_key);
    let keys = fixture.kms.list_keys(&registry()).await.unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(Some(&keys[0].arn), first.kms_key.as_ref());
    assert_eq!(
        (keys[0].aws_managed, keys[0].aliases.as_slice()),
        (true, &["alias/aws/ecr".to_owned()][..])
    );
    let refused = fixture.kms.set_key_enabled(&registry(), "alias/aws/ecr", false).await;
    assert!(matches!(refused, Err(KmsError::AwsManaged { .. })), "{refused:?}");

    // What fails makes none.
    let there = Fixture::new();
    there.create("app", "MUTABLE").await.unwrap();
    let twice = there.create_encrypted("app", "KMS", None).await;
    assert!(matches!(twice, Err(Error::RepositoryAlreadyExists { .. })), "{twice:?}");
    assert_eq!(there.kms.list_keys(&registry()).await.unwrap(), []);
}

#[tokio::test]
async fn aliases_name_one_key_each() {
    let fixture = Fixture::new();
    let (one, two) = (fixture.key(Some("alias/x")).await, fixture.key(None).await);
    let kms = &fixture.kms;
    let taken = kms.create_alias(&registry(), "alias/x", &two.arn).await;
    assert!(matches!(taken, Err(KmsError::AlreadyExists { .. })), "{taken:?}");
    let taken = kms.create_key(&registry(), "", Some("alias/x")).await;
    assert!(matches!(taken, Err(KmsError::AlreadyExists { .. })), "{taken:?}");
    assert_eq!(kms.list_keys(&registry()).await.unwrap().len(), 2, "a half-made key was left");
    let reserved = kms.create_alias(&registry(), "alias/aws/ecr", &two.arn).await;
    assert!(matches!(reserved, Err(KmsError::InvalidAliasName { .. })), "{reserved:?}");
    let named = kms.create_alias(&registry(), "alias/a", "alias/x").await.unwrap();
    assert_eq!(named.aliases, ["alias/a", "alias/x"]);
    for number in 2..50 {
        kms.create_alias(&registry(), &format!("alias/{number}"), &one.key_id).await.unwrap();
    }
    let full = kms.create_alias(&registry(), "alias/more", &one.key_id).await;
    assert!(matches!(full, Err(KmsError::LimitExceeded { limit: 50, .. })), "{full:?}");

    // A repository keeps the key when the name it was found by goes.
    let made = fixture.create_encrypted("app", "KMS", Some("alias/x")).await.unwrap();
    kms.delete_alias(&registry(), "alias/x").await.unwrap();
    let gone = kms.delete_alias(&registry(), "alias/x").await;
    assert!(matches!(gone, Err(KmsError::NoSuchAlias { .. })), "{gone:?}");
    assert_eq!(made.kms_key, Some(one.arn));
    fixture.image("app", "x", Some("v1")).await;
    let long = "d".repeat(8193);
    let long = kms.create_key(&registry(), &long, None).await;
    assert!(matches!(long, Err(KmsError::Validation(_))), "{long:?}");
}

/// Everything that needs the key fails while it is off, and nothing else does; afterwards all is
/// as it was.
async fn a_key_is_switched_off_and_on(kind: &str) {
    let fixture = Fixture::new();
    let key = fixture.key(None).await;
    fixture.create_encrypted("app", kind, Some(&key.arn)).await.unwrap();
    fixture.create("plain", "MUTABLE").await.unwrap();
    let digest = fixture.image("app", "x", Some("v1")).await;
    fixture.image("plain", "x", Some("v1")).await;
    let (layer, manifest) = (digest_of(b"layer of x"), fixture.manifest("app", "y").await);
    let (fed, empty) = (fixture.begin("app").await, fixture.begin("app").await);
    fixture.append("app", fed, None, &[7; 100_000]).await.unwrap();

    fixture.switch(&key, false).await;
    let service = &fixture.registry;
    let disabled = "DisabledException";
    assert_eq!(code(service.initiate_layer_upload(&permit_for("app")).await), disabled);
    assert_eq!(code(fixture.append("app", fed, None, b"more").await), disabled);
    assert_eq!(code(fixture.append("app", empty, None, b"first").await), disabled);
    assert_eq!(code(fixture.complete("app", fed, digest_of(&[7; 100_000])).await), disabled);
    assert_eq!(code(fixture.complete("app", empty, digest_of(b"")).await), disabled);
    assert_eq!(code(fixture.put("app", &manifest, Some("v2")).await), disabled);
    assert_eq!(code(fixture.pull("app", layer).await), disabled);
    assert_eq!(code(service.head_image(&permit_for("app"), by_tag("v1")).await), disabled);
    let (filter, page) =
        (ReferrersFilter { artifact_types: Vec::new(), status: None }, PageRequest::default());
    let listed = service.list_image_referrers(&permit_for("app"), digest, filter, &page).await;
    assert_eq!(code(listed), disabled);
    let mounted = service.mount_blob(&permit_for("app"), &permit_for("app"), layer).await;
    assert_eq!(code(mounted), disabled);

    let ids = vec![by_tag("v1"), by_digest(&digest_of(b"none")), by_digest(&digest)];
    let (images, failures) = service.batch_get_image(&permit_for("app"), ids).await.unwrap();
    assert_eq!(images, []);
    let codes: Vec<_> =
        failures.iter().map(|it| (it.requested.tag.as_deref(), it.code.as_str())).collect();
    assert_eq!(codes, [(None, "ImageNotFound"), (Some("v1"), "KmsError"), (None, "KmsError")]);
    let told = ImageFailureCode::KmsError {
        message: format!("{} is disabled.", key.arn),
        kms_error: disabled,
    };
    assert_eq!(failures[1].code, told);

    // What is not encrypted with it goes on, and the other repository as well.
    assert!(service.head_image(&permit_for("plain"), by_tag("v1")).await.unwrap().is_some());
    assert_eq!(fixture.pull("plain", layer).await.unwrap(), b"layer of x");
    let described = service.describe_images_by_id(&permit_for("app"), vec![by_tag("v1")]).await;
    assert_eq!(described.unwrap().len(), 1);

    fixture.switch(&key, true).await;
    assert_eq!(fixture.pull("app", layer).await.unwrap(), b"layer of x");
    let ids = vec![by_tag("v1")];
    let service = &fixture.registry;
    let (images, _) = service.batch_get_image(&permit_for("app"), ids.clone()).await.unwrap();
    assert_eq!(digest_of(&images[0].manifest), digest);
    fixture.append("app", fed, Some(100_000), b"more").await.unwrap();
    let whole = [&[7; 100_000][..], b"more"].concat();
    fixture.complete("app", fed, digest_of(&whole)).await.unwrap();
    fixture.put("app", &manifest, Some("v2")).await.unwrap();
    assert_eq!(fixture.pull("app", digest_of(&whole)).await.unwrap(), whole);

    let again = fixture.restarted();
    assert_eq!(again.pull("app", digest_of(&whole)).await.unwrap(), whole);
    let (images, _) = again.registry.batch_get_image(&permit_for("app"), ids).await.unwrap();
    assert_eq!(digest_of(&images[0].manifest), digest);
    again.switch(&key, false).await;
    again.registry.delete_repository(&permit_for("app"), true).await.unwrap();
}

#[tokio::test]
async fn without_its_key_a_repository_gives_and_takes_nothing() {
    a_key_is_switched_off_and_on("KMS").await;
}

#[tokio::test]
async fn without_its_key_a_doubly_encrypted_repository_gives_and_takes_nothing() {
    a_key_is_switched_off_and_on("KMS_DSSE").await;
}

#[tokio::test]
async fn blobs_are_shared_under_one_key_only() {
    let fixture = Fixture::new();
    let key = fixture.key(Some("alias/x")).await;
    for (name, kind, kms_key) in [
        ("one", "KMS", Some("alias/x")),
        ("two", "KMS", Some(key.arn.as_str())),
        ("other-key", "KMS", None),
        ("double", "KMS_DSSE", Some("alias/x")),
        ("double-too", "KMS_DSSE", Some("alias/x")),
        ("plain", "AES256", None),
    ] {
        fixture.create_encrypted(name, kind, kms_key).await.unwrap();
    }
    for (name, objects) in
        [("one", 1), ("two", 1), ("other-key", 2), ("double", 3), ("double-too", 3), ("plain", 4)]
    {
        let digest = fixture.layer(name, &[5; 70_000]).await;
        // The object that was superfluous is deleted by a task of its own.
        while fixture.objects().len() > objects {
            tokio::task::yield_now().await;
        }
        assert_eq!(fixture.objects().len(), objects, "{name}");
        assert_eq!(fixture.pull(name, digest).await.unwrap(), [5; 70_000]);
    }
}

#[tokio::test]
async fn a_template_names_its_key() {
    use wharfinger_registry::{CreationTemplateSettings, TemplateEncryption, TemplateScenario};
    let fixture = Fixture::new();
    let key = fixture.key(None).await;
    for (prefix, kms_key) in [("own", Some(key.arn.clone())), ("default", None)] {
        let encryption = Some(TemplateEncryption { encryption_type: "KMS".into(), kms_key });
        let settings = CreationTemplateSettings {
            applied_for: Some(vec![TemplateScenario::CreateOnPush]),
            encryption,
            ..CreationTemplateSettings::default()
        };
        let service = &fixture.registry;
        let permit = permit_for("");
        service
            .create_repository_creation_template(&permit, prefix.into(), settings)
            .await
            .unwrap();
    }
    for (name, own) in [("own/app", true), ("default/app", false)] {
        let permit = permit_for::<wharfinger_auth::actions::PutImage>(name);
        let template = fixture.registry.template_on_push(&permit).await.unwrap().unwrap();
        let service = &fixture.registry;
        let made = service.create_repository_from_template(&permit_for(name), None, template).await;
        let kms_key = made.unwrap().encryption.kms_key.unwrap();
        assert_eq!(kms_key == key.arn, own, "{kms_key}");
        assert!(kms_key.starts_with("arn:aws:kms:eu-west-1:111122223333:key/"), "{kms_key}");
    }
}

#[tokio::test]
async fn material_and_manifests_are_nowhere_in_clear() {
    let fixture = Fixture::new();
    fixture.create_encrypted("app", "KMS_DSSE", None).await.unwrap();
    fixture.image("app", "a marker nobody should find", Some("v1")).await;
    let shown = format!("{:?}", fixture.kms.list_keys(&registry()).await.unwrap());
    assert!(!shown.contains("material"), "{shown}");
    let marker = digest_of(b"layer of a marker nobody should find").to_string();
    // The digest of a layer is in clear where it names the blob, once for each table and index,
    // but no manifest that says so is.
    for file in std::fs::read_dir(fixture.folder.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let quoted = format!("\"{marker}\"");
            assert!(!bytes.windows(quoted.len()).any(|window| window == quoted.as_bytes()));
        }
    }
}
