//! Findings as basic scanning shows them: one for each vulnerability of each package.

use wharfinger_advisories::DatabaseError;
use wharfinger_package::Severity;

use super::finding::PackageFinding;
use super::told::Lookup;

/// Characters of the value of an attribute (ECR: 256).
const VALUE_CHARS_MAX: usize = 256;

/// ECR's `ImageScanFinding`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasicFinding {
    /// The vulnerability: a CVE where there is one.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// The page about it.
    pub uri: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// `package_name`, `package_version`, and what else is known, as keys and values.
    pub attributes: Vec<(&'static str, String)>,
}

impl BasicFinding {
    pub(super) fn of(
        finding: &PackageFinding,
        lookup: &mut Lookup<'_>,
    ) -> Result<Self, DatabaseError> {
        let found = &finding.vulnerability;
        let told = lookup.of(found)?;
        let mut attributes = vec![
            ("package_name", finding.package.name.clone()),
            ("package_version", finding.package.version.clone()),
        ];
        for (generation, vector, score) in [
            ('2', "CVSS2_VECTOR", "CVSS2_SCORE"),
            ('3', "CVSS3_VECTOR", "CVSS3_SCORE"),
            ('4', "CVSS4_VECTOR", "CVSS4_SCORE"),
        ] {
            if let Some(rating) = told.rating(generation) {
                attributes.push((vector, rating.vector));
                attributes.push((score, format!("{:.1}", rating.score)));
            }
        }
        let fixed = found.fixed_version.iter().map(|fixed| ("fixed_version", fixed.clone()));
        attributes.extend(fixed);
        let suppressed = finding.suppression.iter();
        attributes.extend(suppressed.map(|reason| ("suppression_reason", reason.clone())));
        for (_, value) in &mut attributes {
            *value = value.chars().take(VALUE_CHARS_MAX).collect();
        }
        Ok(Self {
            name: found.vulnerability.clone(),
            description: told.description(),
            uri: told.url(found),
            severity: found.severity,
            attributes,
        })
    }
}
