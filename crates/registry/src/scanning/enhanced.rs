//! Findings as enhanced scanning shows them: one for each vulnerability of an image, with all the
//! packages that have it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use wharfinger_advisories::{Cvss, DatabaseError};
use wharfinger_core::{Digest, RegistryId, RepositoryName, Tag, Timestamp};
use wharfinger_inventory::{Package, PackageManager};
use wharfinger_package::Severity;

use super::finding::PackageFinding;
use super::inventory::ImageInventory;
use super::told::Lookup;

/// ECR's `EnhancedImageScanFinding`, without the image.
#[derive(Clone, Debug, PartialEq)]
pub struct EnhancedFinding {
    /// Its ARN, the same at each look.
    pub arn: String,
    /// The vulnerability: a CVE where there is one.
    pub vulnerability: String,
    /// The vulnerability and its packages.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// How bad it is in the worst of its packages.
    pub severity: Severity,
    /// Why it does not matter in this image, if somebody has stated that.
    pub suppression: Option<String>,
    /// When it was first found in the image.
    pub first_observed_at: Timestamp,
    /// When it was last looked for.
    pub last_observed_at: Timestamp,
    /// When what is said of it changed last.
    pub updated_at: Timestamp,
    /// Who says so, as Inspector calls them: `DEBIAN_CVE`, `NVD`, `GITHUB`.
    pub source: String,
    /// The page about it.
    pub source_url: Option<String>,
    /// How bad its source takes it for, in the source's word.
    pub vendor_severity: Option<String>,
    /// When it became known.
    pub vendor_created_at: Option<Timestamp>,
    /// When its source changed what it says.
    pub vendor_updated_at: Option<Timestamp>,
    /// More pages.
    pub reference_urls: Vec<String>,
    /// Other ids of it.
    pub related_vulnerabilities: Vec<String>,
    /// Its ratings.
    pub cvss: Vec<Cvss>,
    /// The rating that counts.
    pub score: Option<Cvss>,
    /// The probability that it is exploited within 30 days.
    pub epss: Option<f64>,
    /// Since when it is known to be exploited.
    pub exploited_since: Option<Timestamp>,
    /// The packages that have it, at each place where they are.
    pub packages: Vec<VulnerablePackage>,
}

/// ECR's `VulnerablePackage`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VulnerablePackage {
    /// Its name.
    pub name: String,
    /// Its version; of the operating system's packages without epoch and release.
    pub version: String,
    /// The epoch, of the operating system's packages.
    pub epoch: Option<i32>,
    /// The release (of deb: the revision), of the operating system's packages.
    pub release: Option<String>,
    /// The architecture.
    pub architecture: Option<String>,
    /// What manages it.
    pub manager: Option<PackageManager>,
    /// The file that says so.
    pub path: Option<String>,
    /// The layer that brought it.
    pub layer: Option<Digest>,
    /// The first version without the vulnerability.
    pub fixed_version: Option<String>,
}

/// The image of enhanced findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScannedImage {
    /// Its registry.
    pub registry: RegistryId,
    /// Its repository.
    pub repository: RepositoryName,
    /// The tags of the repository itself, as resources have them.
    pub repository_tags: Vec<(String, String)>,
    /// Its digest.
    pub digest: Digest,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// When it was pushed.
    pub pushed_at: Timestamp,
    /// `architecture` of its configuration.
    pub architecture: Option<String>,
    /// `author` of its configuration.
    pub author: Option<String>,
    /// Its distribution, as Inspector writes them: `DEBIAN_12`; else its operating system.
    pub platform: Option<String>,
}

impl EnhancedFinding {
    /// Whether there are fixes: for all of its packages, for some, or for none (`None`).
    pub fn has_fix(&self) -> Option<bool> {
        let fixed = self.packages.iter().filter(|it| it.fixed_version.is_some()).count();
        match fixed {
            0 => None,
            _ => Some(fixed == self.packages.len()),
        }
    }

    /// What is to be done about it.
    pub fn remediation(&self) -> Option<String> {
        let fix = |package: &VulnerablePackage| {
            let fixed = package.fixed_version.as_ref()?;
            Some(format!("{} to {fixed}", package.name))
        };
        let mut fixes: Vec<String> = self.packages.iter().filter_map(fix).collect();
        fixes.sort();
        fixes.dedup();
        (!fixes.is_empty()).then(|| format!("Upgrade {}.", fixes.join(", ")))
    }
}

/// Findings of one vulnerability.
pub(super) type Group = Vec<PackageFinding>;

/// Puts findings together by vulnerability, the worst first.
pub(super) fn grouped(findings: Vec<PackageFinding>) -> Vec<Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for finding in findings {
        groups.entry(finding.vulnerability.vulnerability.clone()).or_default().push(finding);
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by_key(|group| Reverse(severity(group)));
    groups
}

/// Where a group stands in the list.
pub(super) fn rank(group: &Group) -> super::finding::Rank {
    let id = group.first().map(|finding| finding.vulnerability.vulnerability.clone());
    (Reverse(severity(group)), id.unwrap_or_default(), String::new())
}

fn severity(group: &Group) -> Severity {
    let of = group.iter().map(|finding| finding.vulnerability.severity);
    of.max().unwrap_or(Severity::Undefined)
}

/// A group as it is shown. `looked_at` is when it was last looked for, `known_at` since when the
/// image is.
pub(super) fn shown(
    group: &Group,
    inventory: &ImageInventory,
    image: &ScannedImage,
    (known_at, looked_at): (Timestamp, Timestamp),
    lookup: &mut Lookup<'_>,
) -> Result<Option<EnhancedFinding>, DatabaseError> {
    let worst = group.iter().max_by_key(|finding| finding.vulnerability.severity);
    let Some(PackageFinding { vulnerability: worst, .. }) = worst else { return Ok(None) };
    let told = lookup.of(worst)?;
    let mut packages: Vec<VulnerablePackage> =
        group.iter().flat_map(|finding| places(finding, inventory)).collect();
    packages.sort();
    packages.dedup();
    let first_seen = group.iter().map(|finding| finding.first_seen_at).min();
    let updated_at = group.iter().map(|finding| finding.updated_at).max().unwrap_or(looked_at);
    let suppressed = group.iter().all(|finding| finding.suppression.is_some());
    let reason = group.iter().find_map(|finding| finding.suppression.clone());
    let id = worst.vulnerability.clone();
    Ok(Some(EnhancedFinding {
        arn: arn(image, &id),
        title: title(&id, &packages),
        description: told.description(),
        severity: worst.severity,
        suppression: reason.filter(|_| suppressed),
        first_observed_at: first_seen.unwrap_or(known_at).max(known_at),
        last_observed_at: looked_at.max(updated_at),
        updated_at: updated_at.max(known_at),
        source: source(&worst.source),
        source_url: told.url(worst),
        vendor_severity: told.vendor_severity(&worst.source),
        vendor_created_at: told.published_at(),
        vendor_updated_at: told.modified_at(),
        reference_urls: told.references(),
        related_vulnerabilities: told.related(&id),
        cvss: told.cvss(),
        score: told.score(),
        epss: told.epss,
        exploited_since: told.exploited_since,
        vulnerability: id,
        packages,
    }))
}

/// The package of a finding at each place where the image has it.
fn places(finding: &PackageFinding, inventory: &ImageInventory) -> Vec<VulnerablePackage> {
    let packages = &inventory.inventory.packages;
    let from = packages.partition_point(|it| it.identity < finding.package);
    let same = packages.iter().skip(from).take_while(|it| it.identity == finding.package);
    let found: Vec<VulnerablePackage> = same.map(|it| place(finding, Some(it))).collect();
    if found.is_empty() { vec![place(finding, None)] } else { found }
}

fn place(finding: &PackageFinding, at: Option<&Package>) -> VulnerablePackage {
    let package = &finding.package;
    let (epoch, version, release) = match package.ecosystem.family.is_distribution() {
        true => parts(&package.version),
        false => (None, package.version.clone(), None),
    };
    VulnerablePackage {
        name: package.name.clone(),
        version,
        epoch,
        release,
        architecture: package.architecture.clone(),
        manager: at.map(|at| at.manager),
        path: at.and_then(|at| at.path.clone()),
        layer: at.map(|at| at.layer),
        fixed_version: finding.vulnerability.fixed_version.clone(),
    }
}

/// `epoch:version-release`, taken apart.
fn parts(version: &str) -> (Option<i32>, String, Option<String>) {
    let (epoch, rest) = match version.split_once(':').map(|(epoch, rest)| (epoch.parse(), rest)) {
        Some((Ok(epoch), rest)) => (Some(epoch), rest),
        _ => (Some(0), version),
    };
    match rest.rsplit_once('-') {
        Some((version, release)) => (epoch, version.to_owned(), Some(release.to_owned())),
        None => (epoch, rest.to_owned(), None),
    }
}

fn title(vulnerability: &str, packages: &[VulnerablePackage]) -> String {
    let mut names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    names.dedup();
    format!("{vulnerability} - {}", names.join(", "))
}

/// A source as Inspector calls it.
fn source(name: &str) -> String {
    match name {
        "nvd" => "NVD".to_owned(),
        "ghsa" | "github" => "GITHUB".to_owned(),
        "debian" | "ubuntu" | "redhat" | "amazon" | "alpine" | "suse" | "oracle" | "photon"
        | "rocky" | "alma" | "wolfi" | "chainguard" => format!("{}_CVE", name.to_uppercase()),
        other => other.to_uppercase(),
    }
}

/// Inspector's finding ARN: its last part stands for the image and the vulnerability.
fn arn(image: &ScannedImage, vulnerability: &str) -> String {
    let ScannedImage { registry, repository, digest: image, .. } = image;
    let (region, account) = (&registry.region, &registry.account);
    let subject = format!("{account} {region} {repository} {image} {vulnerability}");
    let hash = digest(&SHA256, subject.as_bytes());
    let id: String = hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("arn:aws:inspector2:{region}:{account}:finding/{id}")
}

/// The distribution of an image, as Inspector writes them; else its operating system.
pub(super) fn platform(inventory: &ImageInventory) -> Option<String> {
    match &inventory.inventory.distribution {
        Some(distribution) => {
            let text = format!("{}_{}", distribution.id, distribution.version).to_uppercase();
            let plain = |sign: char| if sign.is_ascii_alphanumeric() { sign } else { '_' };
            let text: String = text.chars().map(plain).collect();
            Some(text.trim_end_matches('_').to_owned())
        }
        None => inventory.operating_system.as_ref().map(|system| system.to_uppercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_the_system_come_in_parts() {
        for (whole, epoch, version, release) in [
            ("1:2.36-9+deb12u3", 1, "2.36", Some("9+deb12u3")),
            ("3.0.9-1", 0, "3.0.9", Some("1")),
            ("1.2.3-r0", 0, "1.2.3", Some("r0")),
            ("2023c", 0, "2023c", None),
            ("a:b", 0, "a:b", None),
        ] {
            let release = release.map(str::to_owned);
            assert_eq!(parts(whole), (Some(epoch), version.to_owned(), release), "{whole}");
        }
    }
}
