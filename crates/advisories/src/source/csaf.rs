//! CSAF-VEX: what a vendor says of a CVE in each of its products, a document for each CVE. Red Hat's
//! (<https://security.access.redhat.com/data/csaf/v2/vex/>) and SUSE's
//! (<https://ftp.suse.com/pub/projects/security/csaf-vex/>).
//! The format: <https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html>.

mod detail;
mod product;
mod schema;

use std::collections::BTreeMap;

use wharfinger_package::{Ecosystem, Severity, compare, cvss};

use super::date::date;
use super::fault::{Fault, Outlet};
use super::json;
use crate::{Affected, Cvss, FixStatus, Interval, Record, VersionEnd, Vulnerability};
use detail::Details;
pub(super) use product::ecosystem;
use product::{Component, Products};
use schema::{Document, Flaw, Meta};

/// References of a flaw that are kept.
const REFERENCES_MAX: usize = 50;

/// The architecture of sources.
const SOURCES: &str = "src";

/// Reads a document, and hands on what it says.
pub(super) fn read(document: &[u8], outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    serde_json::from_slice::<Document>(document)?.give(outlet)
}

/// The same of a document of its own.
pub(super) fn read_one(
    input: super::input::Input<'_>,
    outlet: &mut Outlet<'_>,
) -> Result<(), Fault> {
    json::document::<Document>(input)?.give(outlet)
}

/// A package of an ecosystem, and the module it is of.
type Key = (Ecosystem, String, Option<String>);

/// What is said of a package.
#[derive(Default)]
struct Said {
    /// By architecture: the highest version that has a fix, and a product of it.
    fixed: BTreeMap<String, (String, String)>,
    /// Without a fix: the status, and a product of it.
    other: Option<(FixStatus, String)>,
    /// It is said of the sources, and so of all packages that are built of them.
    is_of_sources: bool,
}

impl Document {
    fn give(self, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
        let Self { document, product_tree, vulnerabilities } = self;
        let tracking = &document.tracking;
        if !matches!(
            document.category.as_str(),
            "csaf_vex" | "csaf_base" | "csaf_security_advisory"
        ) {
            let what = format!("a document of the category `{}` is no VEX", document.category);
            return Err(Fault::malformed(tracking.id.clone(), what));
        }
        let modified = tracking.current_release_date.as_deref().and_then(date);
        let publisher = document.publisher.as_ref().map_or("", |it| it.namespace.as_str());
        let source = if publisher.contains("suse") { "suse" } else { "redhat" };
        outlet.document(source, tracking.id.clone(), modified)?;
        // What was deleted says nothing any more.
        if tracking.status.as_deref() == Some("deleted") {
            return Ok(());
        }
        let products = product_tree.products();
        for flaw in vulnerabilities {
            let id = flaw.cve.clone().unwrap_or_else(|| tracking.id.clone());
            let said = flaw.said(&products);
            let details = Details::of(&flaw, &document);
            for (key, said) in &said {
                outlet.covers(source, &key.0)?;
                for affected in Flaw::affected(&id, source, said, &details) {
                    let (ecosystem, name) = (key.0.clone(), key.1.clone());
                    let affected = Affected { module: key.2.clone(), ..affected };
                    outlet.give(Record::Affected { ecosystem, name, affected })?;
                }
            }
            if !said.is_empty() {
                let vulnerability = flaw.vulnerability(id, source, &document);
                outlet.give(Record::Vulnerability(Vulnerability {
                    modified_at: modified,
                    ..vulnerability
                }))?;
            }
        }
        Ok(())
    }
}

impl Flaw {
    /// All that is said of packages of distributions, by package.
    fn said(&self, products: &Products<'_>) -> BTreeMap<Key, Said> {
        let mut said: BTreeMap<Key, Said> = BTreeMap::new();
        let statuses = &self.product_status;
        let fixed = [&statuses.fixed, &statuses.first_fixed, &statuses.recommended];
        for id in fixed.into_iter().flatten() {
            let Some(component) = products.component(id) else { continue };
            let Component { ecosystem, name, version: Some(version), architecture, module } =
                component
            else {
                continue;
            };
            // The sources of a package are not what is installed.
            let architecture = architecture.unwrap_or_default();
            if architecture == SOURCES {
                continue;
            }
            let scheme = ecosystem.family.scheme();
            let said = said.entry((ecosystem, name, module)).or_default();
            let known = said.fixed.entry(architecture).or_insert((version.clone(), id.clone()));
            if compare(scheme, &version, &known.0).is_some_and(std::cmp::Ordering::is_gt) {
                *known = (version, id.clone());
            }
        }
        let others = [
            (&statuses.known_affected, FixStatus::Affected),
            (&statuses.under_investigation, FixStatus::UnderInvestigation),
            (&statuses.known_not_affected, FixStatus::NotAffected),
        ];
        for (ids, status) in others {
            for id in ids {
                let Some(component) = products.component(id) else { continue };
                let key = (component.ecosystem, component.name, component.module);
                let said = said.entry(key).or_default();
                if said.fixed.is_empty() && said.other.is_none() {
                    said.other = Some((status, id.clone()));
                    said.is_of_sources = component.architecture.as_deref() == Some(SOURCES);
                }
            }
        }
        said
    }

    fn affected(id: &str, source: &str, said: &Said, details: &Details<'_>) -> Vec<Affected> {
        let statement = |product: &str| {
            let word = details.severity(product);
            Affected {
                vulnerability: id.into(),
                source: source.into(),
                severity: word.and_then(Severity::from_vendor_word),
                vendor_severity: word.map(Into::into),
                ..Affected::default()
            }
        };
        let interval = |end| vec![Interval { introduced: None, end }];
        if let Some((status, product)) = &said.other {
            let (status, intervals) = match status {
                FixStatus::NotAffected => (*status, Vec::new()),
                FixStatus::Affected => (details.plan(product), interval(VersionEnd::Open)),
                _ => (*status, interval(VersionEnd::Open)),
            };
            let of_package = Affected { intervals, status, ..statement(product) };
            // Said once more as of the architecture `src`: a package of another name that is built of
            // these sources finds it by their name.
            let of_sources = said
                .is_of_sources
                .then(|| Affected { architectures: vec![SOURCES.into()], ..of_package.clone() });
            return [of_package].into_iter().chain(of_sources).collect();
        }
        // One statement for all architectures that were fixed by the same version.
        let mut versions: BTreeMap<&str, (&str, Vec<String>)> = BTreeMap::new();
        for (architecture, (version, product)) in &said.fixed {
            let entry = versions.entry(version).or_insert((product, Vec::new()));
            entry.1.extend(Some(architecture.clone()).filter(|text| !text.is_empty()));
        }
        let fixed = versions.into_iter().map(|(version, (product, architectures))| Affected {
            advisory: details.advisory(product),
            intervals: interval(VersionEnd::Fixed(version.into())),
            architectures,
            status: FixStatus::Fixed,
            ..statement(product)
        });
        fixed.collect()
    }

    fn vulnerability(&self, id: String, source: &str, document: &Meta) -> Vulnerability {
        let note = |category: &str| self.notes.iter().find(|note| note.category == category);
        let description = note("description").or_else(|| note("summary"));
        let word = document.aggregate_severity.as_ref().map(|it| it.text.clone());
        let mut cvss = Vec::new();
        for rating in self.scores.iter().flat_map(|it| it.cvss_v3.iter().chain(&it.cvss_v2)) {
            let known = |it: &Cvss| it.vector == rating.vector_string;
            if let Some(score) = cvss::base_score(&rating.vector_string)
                && !cvss.iter().any(known)
            {
                let (version, vector) = (rating.version.clone(), rating.vector_string.clone());
                cvss.push(Cvss { version, vector, score, source: source.to_ascii_uppercase() });
            }
        }
        let page = match source {
            "redhat" => format!("https://access.redhat.com/security/cve/{id}"),
            _ => format!("https://www.suse.com/security/cve/{id}.html"),
        };
        Vulnerability {
            id,
            source: source.into(),
            title: self.title.clone().or_else(|| document.title.clone()),
            description: description.map(|note| note.text.clone()),
            severity: word.as_deref().and_then(Severity::from_vendor_word),
            vendor_severity: word,
            cvss,
            published_at: self.release_date.as_deref().and_then(date),
            url: Some(page),
            references: self
                .references
                .iter()
                .take(REFERENCES_MAX)
                .map(|it| it.url.clone())
                .collect(),
            ..Vulnerability::default()
        }
    }
}
