//! SARIF 2.1.0, which code hosts show: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wharfinger_package::Severity;

use super::{Finding, Report};

impl Report {
    /// The report as SARIF: a rule for each vulnerability, a result for each package that has it.
    /// `version` is that of this program.
    pub fn sarif(&self, version: &str) -> Value {
        let mut indexes = BTreeMap::new();
        let mut rules = Vec::new();
        for finding in &self.findings {
            let id = finding.vulnerability.vulnerability.as_str();
            indexes.entry(id).or_insert_with(|| {
                rules.push(rule(finding));
                rules.len() - 1
            });
        }
        let results: Vec<_> = self.findings.iter().map(|it| self.result(it, &indexes)).collect();
        let driver = json!({
            "name": "Wharfinger",
            "version": version,
            "semanticVersion": version,
            "rules": rules,
        });
        json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": driver },
                "columnKind": "utf16CodeUnits",
                "originalUriBaseIds": { "ROOTPATH": { "uri": "file:///" } },
                "results": results,
                "properties": {
                    "imageName": self.image.name,
                    "imageDigest": self.image.digest.map(|digest| digest.to_string()),
                    "advisoryDatabase": self.database.id,
                    "advisoryDatabaseBuiltAt": self.database.built_at.to_string(),
                },
            }],
        })
    }

    fn result(&self, finding: &Finding, indexes: &BTreeMap<&str, usize>) -> Value {
        let (found, identity) = (&finding.vulnerability, &finding.package.identity);
        let id = found.vulnerability.as_str();
        let fixed = found.fixed_version.as_deref();
        let text = format!(
            "Package: {} {}\nVulnerability: {id}\nSeverity: {}\nFixed in: {}",
            identity.name,
            identity.version,
            found.severity,
            fixed.unwrap_or("no version yet")
        );
        // A system package is nowhere in particular; a place is demanded all the same.
        let place = finding.package.path.as_deref().unwrap_or(&self.image.name);
        let mut result = json!({
            "ruleId": id,
            "ruleIndex": indexes.get(id),
            "level": level(found.severity),
            "message": { "text": text },
            "locations": [{
                "physicalLocation": {
                    "artifactLocation": { "uri": encoded(place), "uriBaseId": "ROOTPATH" },
                    "region": { "startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1 },
                },
                "message": { "text": format!("{}: {}@{}", place, identity.name, identity.version) },
            }],
            "partialFingerprints": {
                "vulnerablePackage/v1": format!("{id} {} {place}", identity.package_url()),
            },
        });
        if let (true, Some(verdict), Some(result)) =
            (finding.is_suppressed(), &finding.verdict, result.as_object_mut())
        {
            let justification = format!("{} ({})", verdict.reason, verdict.document);
            let suppression = json!([{
                "kind": "external", "status": "accepted", "justification": justification
            }]);
            result.insert("suppressions".to_owned(), suppression);
        }
        result
    }
}

fn rule(finding: &Finding) -> Value {
    let (found, details) = (&finding.vulnerability, &finding.details);
    let id = found.vulnerability.as_str();
    let title = details.title.as_deref().unwrap_or(id);
    let description = details.description.as_deref().unwrap_or(title);
    // Code hosts order by this number, and have no other severity.
    let score = details.rating().map_or_else(|| middle(found.severity), |rating| rating.score);
    let mut rule = json!({
        "id": id,
        "name": "VulnerablePackage",
        "shortDescription": { "text": title },
        "fullDescription": { "text": description },
        "help": { "text": format!("{id}: {description}") },
        "defaultConfiguration": { "level": level(found.severity) },
        "properties": {
            "security-severity": format!("{score:.1}"),
            "precision": "very-high",
            "tags": ["vulnerability", "security", found.severity.as_str()],
        },
    });
    if let (Some(url), Some(rule)) = (&details.url, rule.as_object_mut()) {
        rule.insert("helpUri".to_owned(), Value::from(url.as_str()));
    }
    rule
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Informational | Severity::Undefined => "note",
    }
}

/// A score for a severity that comes without one.
const fn middle(severity: Severity) -> f64 {
    match severity {
        Severity::Critical => 9.5,
        Severity::High => 8.0,
        Severity::Medium => 5.5,
        Severity::Low => 2.0,
        Severity::Informational | Severity::Undefined => 0.0,
    }
}

/// A path as part of a URI: RFC 3986, what is no `pchar` or slash is percent-encoded.
fn encoded(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'@' => {
                text.push(char::from(byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}
