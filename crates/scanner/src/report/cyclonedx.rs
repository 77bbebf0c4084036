//! CycloneDX 1.6 with vulnerabilities, and what statements say of them as their analysis:
//! <https://cyclonedx.org/docs/1.6/json/#vulnerabilities>.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use wharfinger_advisories::Cvss;
use wharfinger_package::Severity;

use super::{Finding, Report};
use crate::suppression::{Justification, StatementStatus, Verdict};

impl Report {
    /// Adds the vulnerabilities to a bill of materials of the same inventory, as
    /// [`wharfinger_inventory::sbom`] writes it: each is there once for all packages of which the same
    /// is to be said.
    pub fn add_to_cyclonedx(&self, bill: &mut Value) {
        let references = references(bill);
        let mut groups: BTreeMap<(&str, Option<String>), Vec<&Finding>> = BTreeMap::new();
        for finding in &self.findings {
            let said = finding.verdict.as_ref().map(|it| analysis(it).to_string());
            groups.entry((&finding.vulnerability.vulnerability, said)).or_default().push(finding);
        }
        let all: Vec<Value> = groups.values().map(|it| vulnerability(it, &references)).collect();
        if let Some(bill) = bill.as_object_mut() {
            bill.insert("vulnerabilities".to_owned(), Value::Array(all));
        }
    }
}

/// The references of the components of a bill, by their package URLs.
fn references(bill: &Value) -> BTreeMap<String, Vec<String>> {
    let mut references: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let components = bill.get("components").and_then(Value::as_array);
    for component in components.into_iter().flatten() {
        let text = |name: &str| component.get(name).and_then(Value::as_str).map(str::to_owned);
        if let (Some(purl), Some(reference)) = (text("purl"), text("bom-ref")) {
            references.entry(purl).or_default().push(reference);
        }
    }
    references
}

fn vulnerability(findings: &[&Finding], references: &BTreeMap<String, Vec<String>>) -> Value {
    let Some(first) = findings.first() else { return Value::Null };
    let (found, details) = (&first.vulnerability, &first.details);
    let worst = findings.iter().map(|it| it.vulnerability.severity).max();
    let mut affects = BTreeMap::new();
    for finding in findings {
        let identity = &finding.package.identity;
        let purl = identity.package_url().to_string();
        for reference in references.get(&purl).unwrap_or(&vec![purl]) {
            affects.insert(reference.clone(), identity.version.clone());
        }
    }
    let affects: Vec<_> = affects
        .into_iter()
        .map(|(reference, version)| {
            json!({ "ref": reference, "versions": [{ "version": version, "status": "affected" }] })
        })
        .collect();
    let mut source = Map::from_iter([("name".to_owned(), Value::from(found.source.as_str()))]);
    details.url.iter().for_each(|url| drop(source.insert("url".to_owned(), url.as_str().into())));
    let mut value = Map::new();
    let mut put = |name: &str, it: Value| drop(value.insert(name.to_owned(), it));
    put("id", found.vulnerability.as_str().into());
    put("source", Value::Object(source));
    put("ratings", ratings(found.source.as_str(), worst.unwrap_or(found.severity), &details.cvss));
    details.description.iter().for_each(|it| put("description", it.as_str().into()));
    details.title.iter().for_each(|it| put("detail", it.as_str().into()));
    let fixes: Vec<_> = findings.iter().filter_map(|it| recommendation(it)).collect();
    if !fixes.is_empty() {
        put("recommendation", fixes.join("; ").into());
    }
    let pages = details.references.iter().map(|url| json!({ "url": url }));
    put("advisories", pages.collect());
    details.published_at.iter().for_each(|it| put("published", it.to_string().into()));
    details.modified_at.iter().for_each(|it| put("updated", it.to_string().into()));
    first.verdict.iter().for_each(|it| put("analysis", analysis(it)));
    put("affects", affects.into());
    Value::Object(value)
}

fn recommendation(finding: &Finding) -> Option<String> {
    let fixed = finding.vulnerability.fixed_version.as_ref()?;
    Some(format!("Upgrade {} to version {fixed}", finding.package.identity.name))
}

/// The severity that decided, then the vectors.
fn ratings(source: &str, severity: Severity, cvss: &[Cvss]) -> Value {
    let decided = json!({ "source": { "name": source }, "severity": word(severity) });
    let vectors = cvss.iter().map(|cvss| {
        let method = match cvss.version.as_str() {
            "2.0" => "CVSSv2",
            "3.0" => "CVSSv3",
            "3.1" => "CVSSv31",
            "4.0" => "CVSSv4",
            _ => "other",
        };
        json!({
            "source": { "name": cvss.source },
            "score": cvss.score,
            "severity": word(Severity::from_score(cvss.score)),
            "method": method,
            "vector": cvss.vector,
        })
    });
    std::iter::once(decided).chain(vectors).collect()
}

const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
        Severity::Informational => "info",
        Severity::Undefined => "unknown",
    }
}

fn analysis(verdict: &Verdict) -> Value {
    let state = match verdict.status {
        StatementStatus::NotAffected => "not_affected",
        StatementStatus::Affected => "exploitable",
        StatementStatus::Fixed => "resolved",
        StatementStatus::UnderInvestigation => "in_triage",
    };
    let detail = format!("{} ({}, {})", verdict.reason, verdict.author, verdict.document);
    let mut analysis = json!({ "state": state, "detail": detail });
    let justification = verdict.justification.map(|justification| match justification {
        Justification::ComponentNotPresent | Justification::VulnerableCodeNotPresent => {
            "code_not_present"
        }
        Justification::VulnerableCodeNotInExecutePath => "code_not_reachable",
        Justification::VulnerableCodeCannotBeControlledByAdversary => "requires_environment",
        Justification::InlineMitigationsAlreadyExist => "protected_by_mitigating_control",
    });
    if let (Some(justification), Some(analysis)) = (justification, analysis.as_object_mut()) {
        analysis.insert("justification".to_owned(), justification.into());
    }
    analysis
}
