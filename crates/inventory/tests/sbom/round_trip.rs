//! What is written is read back as it was.

use proptest::option::of;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert_eq, prop_oneof, proptest,
};
use proptest::{collection, sample::select};
use wharfinger_core::Digest;
use wharfinger_inventory::sbom::{cyclonedx, read, spdx};
use wharfinger_inventory::{Distribution, Inventory, Limits, Package, PackageManager};
use wharfinger_package::{Ecosystem, Family, PackageIdentity, SourcePackage};

use crate::sample;

#[test]
fn the_sample_comes_back() {
    let (inventory, subject) = (sample::inventory(), sample::subject());
    for document in [cyclonedx(&inventory, &subject), spdx(&inventory, &subject)] {
        let imported = read(&document.unwrap(), sample::IMAGE, &Limits::default()).unwrap();
        assert_eq!(imported.inventory, inventory);
        assert_eq!(imported.unknown, 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_inventory_comes_back(inventory in inventories()) {
        let subject = sample::subject();
        for document in [cyclonedx(&inventory, &subject), spdx(&inventory, &subject)] {
            let imported = read(&document.unwrap(), sample::IMAGE, &Limits::default()).unwrap();
            prop_assert_eq!(&imported.inventory, &inventory);
            prop_assert_eq!(imported.unknown, 0);
        }
    }
}

fn inventories() -> impl Strategy<Value = Inventory> {
    let distributions = select(vec![
        ("debian", "12.4", Ecosystem::released(Family::Debian, "12")),
        ("alpine", "3.18.2", Ecosystem::released(Family::Alpine, "3.18")),
        ("rhel", "8.5", Ecosystem::released(Family::RedHat, "8")),
        ("wolfi", "20230201", Ecosystem::rolling(Family::Wolfi)),
        ("amzn", "2023", Ecosystem::released(Family::Amazon, "2023")),
        ("sles", "15.3", Ecosystem::released(Family::Suse, "15.3")),
    ]);
    distributions.prop_flat_map(|(id, version, ecosystem)| {
        let packages = collection::vec(packages(ecosystem.clone()), 0..8);
        (packages, "[A-Z][a-z ]{0,20}").prop_map(move |(mut packages, pretty_name)| {
            packages.sort_by(|a, b| (&a.identity, &a.path).cmp(&(&b.identity, &b.path)));
            packages.dedup_by(|a, b| a.identity == b.identity && a.path == b.path);
            Inventory {
                distribution: Some(Distribution {
                    id: id.to_owned(),
                    version: version.to_owned(),
                    pretty_name,
                    ecosystem: Some(ecosystem.clone()),
                }),
                packages,
                unread: Vec::new(),
            }
        })
    })
}

fn packages(distribution: Ecosystem) -> impl Strategy<Value = Package> {
    let identity = prop_oneof![system(distribution), language()];
    let licenses = collection::vec("[A-Za-z0-9.+]([A-Za-z0-9.+ ]{0,10}[A-Za-z0-9.+])?", 0..3);
    (identity, any::<[u8; 32]>(), of("[a-z0-9 /!@.-]{1,30}"), licenses).prop_map(
        |((identity, manager), layer, path, licenses)| Package {
            path: path
                .map(|it| it.trim_start_matches('/').to_owned())
                .filter(|_| manager != PackageManager::Os),
            identity,
            manager,
            layer: Digest::Sha256(layer),
            licenses: licenses
                .into_iter()
                .filter(|it| !["NOASSERTION", "NONE"].contains(&it.as_str()))
                .collect(),
        },
    )
}

fn system(ecosystem: Ecosystem) -> impl Strategy<Value = (PackageIdentity, PackageManager)> {
    let source = ("[a-z][a-z0-9+-]{1,8}", "[0-9][0-9a-z.+~-]{0,8}");
    let is_rpm = matches!(ecosystem.family, Family::RedHat | Family::Amazon | Family::Suse);
    let qualities = (of(source), of("[a-z]{1,6}:[0-9]{1,2}"), of("[A-Z][A-Za-z, .]{0,12}[a-z]"));
    ("[a-z][a-z0-9+.-]{0,10}", "([1-9]:)?[0-9][0-9a-z.+~-]{0,10}", "x86_64|noarch|amd64", qualities)
        .prop_map(move |(name, version, architecture, (source, module, vendor))| {
            let source = source.map(|(name, version)| SourcePackage { name, version });
            let identity = PackageIdentity {
                ecosystem: ecosystem.clone(),
                architecture: Some(architecture),
                source: source.filter(|it| it.name != name || it.version != version),
                module: module.filter(|_| is_rpm),
                vendor: vendor.filter(|_| is_rpm),
                name,
                version,
            };
            (identity, PackageManager::Os)
        })
}

fn language() -> impl Strategy<Value = (PackageIdentity, PackageManager)> {
    let word = "[a-z][a-z0-9]{0,8}";
    let scoped = (word, word).prop_map(|(a, b)| format!("@{a}/{b}"));
    let artifact = (word, word).prop_map(|(a, b)| format!("org.{a}:{b}"));
    let vendor = (word, word).prop_map(|(a, b)| format!("{a}/{b}"));
    let module = (word, word).prop_map(|(a, b)| format!("github.com/{a}/{b}/v2"));
    let packages = prop_oneof![
        (Just(Family::Npm), prop_oneof![word, scoped], Just(PackageManager::Npm)),
        (Just(Family::Maven), artifact, Just(PackageManager::Jar)),
        (Just(Family::Packagist), vendor, Just(PackageManager::Composer)),
        (Just(Family::Go), module, Just(PackageManager::Gomod)),
        (Just(Family::PyPi), word, Just(PackageManager::Poetry)),
        (Just(Family::CratesIo), word, Just(PackageManager::Cargo)),
        (Just(Family::RubyGems), word, Just(PackageManager::Bundler)),
        (Just(Family::NuGet), word, Just(PackageManager::Nuget)),
    ];
    (packages, "v?[0-9][0-9a-z.+-]{0,10}").prop_map(|((family, name, manager), version)| {
        (sample::identity(Ecosystem::rolling(family), &name, &version), manager)
    })
}
