//! Findings of scans as ECR answers them: basic, enhanced, and in numbers.

use std::collections::BTreeMap;

use wharfinger_aws_model::ecr::enums::FindingSeverity;
use wharfinger_aws_model::ecr::types::{
    Attribute, AwsEcrContainerImageDetails, CvssScore, CvssScoreDetails, EnhancedImageScanFinding,
    ImageScanFinding, ImageScanFindings, ImageScanFindingsSummary, PackageVulnerabilityDetails,
    Recommendation, Remediation, Resource, ResourceDetails, ScoreDetails,
    VulnerablePackage as VulnerablePackageOutput,
};
use wharfinger_core::Arn;
use wharfinger_registry::{
    BasicFinding, Cvss, EnhancedFinding, ScanFindings, ScanSummary, ScannedImage, Severity,
    VulnerablePackage,
};

/// What Inspector says where there is no fix.
const NO_REMEDIATION: &str = "None Provided";

/// A page of findings.
pub(super) fn findings_output(summary: &ScanSummary, findings: ScanFindings) -> ImageScanFindings {
    let (basic, enhanced) = match findings {
        ScanFindings::Basic(findings) => {
            (Some(findings.into_iter().map(basic_output).collect()), None)
        }
        ScanFindings::Enhanced { findings, image } => {
            let findings = findings.into_iter().map(|finding| enhanced_output(finding, &image));
            (None, Some(findings.collect()))
        }
    };
    ImageScanFindings {
        image_scan_completed_at: Some(summary.completed_at),
        vulnerability_source_updated_at: summary.source_updated_at,
        finding_severity_counts: Some(counts_output(&summary.counts)),
        findings: basic,
        enhanced_findings: enhanced,
    }
}

/// What a scan found, in numbers.
pub(super) fn summary_output(summary: &ScanSummary) -> ImageScanFindingsSummary {
    ImageScanFindingsSummary {
        image_scan_completed_at: Some(summary.completed_at),
        vulnerability_source_updated_at: summary.source_updated_at,
        finding_severity_counts: Some(counts_output(&summary.counts)),
    }
}

fn counts_output(counts: &BTreeMap<Severity, u64>) -> BTreeMap<FindingSeverity, i32> {
    let count = |count: &u64| i32::try_from(*count).unwrap_or(i32::MAX);
    counts.iter().map(|(severity, found)| (severity_output(*severity), count(found))).collect()
}

fn severity_output(severity: Severity) -> FindingSeverity {
    match severity {
        Severity::Undefined => FindingSeverity::Undefined,
        Severity::Informational => FindingSeverity::Informational,
        Severity::Low => FindingSeverity::Low,
        Severity::Medium => FindingSeverity::Medium,
        Severity::High => FindingSeverity::High,
        Severity::Critical => FindingSeverity::Critical,
    }
}

fn basic_output(finding: BasicFinding) -> ImageScanFinding {
    let attribute =
        |(key, value): (&str, String)| Attribute { key: key.to_owned(), value: Some(value) };
    ImageScanFinding {
        name: Some(finding.name),
        description: finding.description,
        uri: finding.uri,
        severity: Some(severity_output(finding.severity)),
        attributes: Some(finding.attributes.into_iter().map(attribute).collect()),
    }
}

fn enhanced_output(finding: EnhancedFinding, image: &ScannedImage) -> EnhancedImageScanFinding {
    let fix = match finding.has_fix() {
        None => "NO",
        Some(true) => "YES",
        Some(false) => "PARTIAL",
    };
    let exploit = if finding.exploited_since.is_some() { "YES" } else { "NO" };
    let status = if finding.suppression.is_some() { "SUPPRESSED" } else { "ACTIVE" };
    // ECR's shape has no member for the reason.
    let text = match &finding.suppression {
        Some(reason) => format!("None: suppressed by a statement: {reason}"),
        None => finding.remediation().unwrap_or_else(|| NO_REMEDIATION.to_owned()),
    };
    let recommendation = Recommendation { url: None, text: Some(text) };
    EnhancedImageScanFinding {
        aws_account_id: Some(image.registry.account.to_string()),
        first_observed_at: Some(finding.first_observed_at),
        last_observed_at: Some(finding.last_observed_at),
        updated_at: Some(finding.updated_at),
        remediation: Some(Remediation { recommendation: Some(recommendation) }),
        resources: Some(vec![resource_output(image)]),
        score: finding.score.as_ref().map(|rating| rating.score),
        score_details: finding.score.as_ref().map(score_details),
        // Inspector's own word for what nobody has rated.
        severity: Some(match finding.severity {
            Severity::Undefined => "UNTRIAGED".to_owned(),
            severity => severity.as_str().to_owned(),
        }),
        status: Some(status.to_owned()),
        title: Some(finding.title.clone()),
        r#type: Some("PACKAGE_VULNERABILITY".to_owned()),
        fix_available: Some(fix.to_owned()),
        exploit_available: Some(exploit.to_owned()),
        description: Some(finding.description.clone().unwrap_or_else(|| finding.title.clone())),
        finding_arn: Some(finding.arn.clone()),
        package_vulnerability_details: Some(details_output(finding)),
    }
}

fn details_output(finding: EnhancedFinding) -> PackageVulnerabilityDetails {
    let cvss = |rating: &Cvss| CvssScore {
        base_score: Some(rating.score),
        scoring_vector: Some(rating.vector.clone()),
        source: Some(rating.source.clone()),
        version: Some(rating.version.clone()),
    };
    PackageVulnerabilityDetails {
        cvss: Some(finding.cvss.iter().map(cvss).collect()),
        reference_urls: Some(finding.reference_urls),
        related_vulnerabilities: Some(finding.related_vulnerabilities),
        source: Some(finding.source),
        source_url: finding.source_url,
        vendor_created_at: finding.vendor_created_at,
        vendor_severity: finding.vendor_severity,
        vendor_updated_at: finding.vendor_updated_at,
        vulnerability_id: Some(finding.vulnerability),
        vulnerable_packages: Some(finding.packages.into_iter().map(package_output).collect()),
    }
}

fn package_output(package: VulnerablePackage) -> VulnerablePackageOutput {
    VulnerablePackageOutput {
        arch: package.architecture,
        epoch: package.epoch,
        file_path: package.path,
        name: Some(package.name),
        package_manager: package.manager.map(|manager| manager.as_str().to_owned()),
        release: package.release,
        source_layer_hash: package.layer.map(|layer| layer.to_string()),
        version: Some(package.version),
        fixed_in_version: package.fixed_version,
    }
}

fn score_details(rating: &Cvss) -> ScoreDetails {
    ScoreDetails {
        cvss: Some(CvssScoreDetails {
            // Nothing here knows of the image's surroundings, by which it might be adjusted.
            adjustments: Some(Vec::new()),
            score: Some(rating.score),
            score_source: Some(rating.source.clone()),
            scoring_vector: Some(rating.vector.clone()),
            version: Some(rating.version.clone()),
        }),
    }
}

fn resource_output(image: &ScannedImage) -> Resource {
    let arn = Arn::repository(&image.registry, &image.repository);
    let details = AwsEcrContainerImageDetails {
        architecture: image.architecture.clone(),
        author: image.author.clone(),
        image_hash: Some(image.digest.to_string()),
        image_tags: Some(image.tags.iter().map(ToString::to_string).collect()),
        platform: image.platform.clone(),
        pushed_at: Some(image.pushed_at),
        last_in_use_at: None,
        in_use_count: None,
        registry: Some(image.registry.account.to_string()),
        repository_name: Some(image.repository.to_string()),
    };
    Resource {
        details: Some(ResourceDetails { aws_ecr_container_image: Some(details) }),
        id: Some(format!("{arn}/{}", image.digest)),
        tags: Some(image.repository_tags.iter().cloned().collect()),
        r#type: Some("AWS_ECR_CONTAINER_IMAGE".to_owned()),
    }
}
