//! What the sources tell of a vulnerability, looked up when findings are shown.

use std::collections::HashMap;

use wharfinger_advisories::{Cvss, Database, DatabaseError, Vulnerability};
use wharfinger_core::Timestamp;
use wharfinger_scanner::PackageVulnerability;

/// Whose ratings and words come first when several sources have some.
const PREFERRED: [&str; 2] = ["nvd", "ghsa"];

/// All that is told of a vulnerability.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// The source that decided first, then the preferred ones, then the others.
    by_source: Vec<Vulnerability>,
    /// Since when it is known to be exploited.
    pub(super) exploited_since: Option<Timestamp>,
    /// The probability that it is exploited within 30 days.
    pub(super) epss: Option<f64>,
}

/// What is told of the vulnerabilities of one page, each looked up once.
pub(super) struct Lookup<'a> {
    database: Option<&'a Database>,
    told: HashMap<(String, String), Told>,
}

impl<'a> Lookup<'a> {
    /// Without a database nothing is told.
    pub(super) fn new(database: Option<&'a Database>) -> Self {
        Self { database, told: HashMap::new() }
    }

    pub(super) fn of(&mut self, found: &PackageVulnerability) -> Result<&Told, DatabaseError> {
        let key = (found.vulnerability.clone(), found.source.clone());
        if !self.told.contains_key(&key) {
            let told = match self.database {
                Some(database) => look_up(database, found)?,
                None => Told::default(),
            };
            self.told.insert(key.clone(), told);
        }
        Ok(self.told.entry(key).or_default())
    }
}

fn look_up(database: &Database, found: &PackageVulnerability) -> Result<Told, DatabaseError> {
    let id = &found.vulnerability;
    let mut by_source = database.vulnerability(id)?;
    let rank = |it: &Vulnerability| match it.source == found.source {
        true => 0,
        false => 1 + preference(&it.source),
    };
    by_source.sort_by_key(rank);
    Ok(Told {
        by_source,
        exploited_since: database.known_exploited(id)?,
        epss: database.epss(id)?.map(|epss| epss.score),
    })
}

fn preference(source: &str) -> usize {
    let place = PREFERRED.iter().position(|it| it.eq_ignore_ascii_case(source));
    place.unwrap_or(PREFERRED.len())
}

impl Told {
    fn first<T>(&self, of: impl Fn(&Vulnerability) -> Option<T>) -> Option<T> {
        self.by_source.iter().find_map(of)
    }

    /// What it is about, in full if anybody says so.
    pub(super) fn description(&self) -> Option<String> {
        let full = self.first(|it| it.description.clone().filter(|text| !text.is_empty()));
        full.or_else(|| self.first(|it| it.title.clone().filter(|text| !text.is_empty())))
    }

    pub(super) fn published_at(&self) -> Option<Timestamp> {
        self.first(|it| it.published_at)
    }

    pub(super) fn modified_at(&self) -> Option<Timestamp> {
        self.first(|it| it.modified_at)
    }

    /// The word of the source that decided.
    pub(super) fn vendor_severity(&self, source: &str) -> Option<String> {
        let of_source = self.by_source.iter().find(|it| it.source == source);
        of_source.and_then(|it| it.vendor_severity.clone())
    }

    /// The page about it: of the source that decided, or where its ids lead.
    pub(super) fn url(&self, found: &PackageVulnerability) -> Option<String> {
        let of_source = self.by_source.iter().find(|it| it.source == found.source);
        let url = of_source.and_then(|it| it.url.clone());
        url.or_else(|| page_of(found)).or_else(|| self.first(|it| it.url.clone()))
    }

    /// More pages, each once.
    pub(super) fn references(&self) -> Vec<String> {
        let mut seen = std::collections::HashSet::new();
        let all = self.by_source.iter().flat_map(|it| it.url.iter().chain(&it.references));
        all.filter(|url| seen.insert(url.as_str())).cloned().collect()
    }

    /// Other ids of it, each once.
    pub(super) fn related(&self, vulnerability: &str) -> Vec<String> {
        let ids = self.by_source.iter().flat_map(|it| std::iter::once(&it.id).chain(&it.aliases));
        let mut related: Vec<String> = ids.filter(|id| *id != vulnerability).cloned().collect();
        related.sort();
        related.dedup();
        related
    }

    /// Its ratings, the preferred ones first, each once.
    pub(super) fn cvss(&self) -> Vec<Cvss> {
        let mut ratings: Vec<&Cvss> = self.by_source.iter().flat_map(|it| &it.cvss).collect();
        ratings.sort_by_key(|it| preference(rater(&it.source)));
        let mut cvss: Vec<Cvss> = Vec::new();
        for rating in ratings {
            if !cvss.contains(rating) {
                cvss.push(rating.clone());
            }
        }
        cvss
    }

    /// The rating of a generation of CVSS (`2`, `3`, `4`), the newest version of it.
    pub(super) fn rating(&self, generation: char) -> Option<Cvss> {
        let cvss = self.cvss();
        let of_generation = cvss.iter().filter(|it| it.version.starts_with(generation));
        let best = of_generation.clone().map(|it| preference(rater(&it.source))).min()?;
        let best = of_generation.filter(|it| preference(rater(&it.source)) == best);
        best.max_by(|a, b| a.version.cmp(&b.version)).cloned()
    }

    /// The rating that counts: of CVSS 3, then 4, then 2.
    pub(super) fn score(&self) -> Option<Cvss> {
        ['3', '4', '2'].into_iter().find_map(|generation| self.rating(generation))
    }
}

/// The source that a rater is, whose names are written otherwise.
fn rater(source: &str) -> &str {
    if source.eq_ignore_ascii_case("github") { "ghsa" } else { source }
}

/// The page of a source about a vulnerability, where these have fixed addresses.
fn page_of(found: &PackageVulnerability) -> Option<String> {
    let id = &found.vulnerability;
    if id.starts_with("GHSA-") {
        return Some(format!("https://github.com/advisories/{id}"));
    }
    if !id.starts_with("CVE-") {
        return None;
    }
    let base = match found.source.as_str() {
        "debian" => "https://security-tracker.debian.org/tracker/",
        "ubuntu" => "https://ubuntu.com/security/",
        "alpine" => "https://security.alpinelinux.org/vuln/",
        "redhat" => "https://access.redhat.com/security/cve/",
        "suse" => "https://www.suse.com/security/cve/",
        "amazon" => "https://explore.alas.aws.amazon.com/",
        _ => "https://nvd.nist.gov/vuln/detail/",
    };
    Some(format!("{base}{id}"))
}

#[cfg(test)]
mod tests {
    use wharfinger_advisories::FixStatus;
    use wharfinger_package::Severity;

    use super::*;

    fn rating(version: &str, source: &str) -> Cvss {
        Cvss { version: version.into(), vector: "v".into(), score: 5.0, source: source.into() }
    }

    fn told(ratings: &[Cvss]) -> Told {
        let one = Vulnerability {
            id: "CVE-1".into(),
            aliases: vec!["GHSA-1".into(), "CVE-1".into()],
            cvss: ratings.to_vec(),
            ..Vulnerability::default()
        };
        Told { by_source: vec![one], ..Told::default() }
    }

    #[test]
    fn the_rating_of_nvd_comes_first_and_then_the_newest_version() {
        let ratings = [rating("3.1", "GITHUB"), rating("3.0", "NVD"), rating("2.0", "NVD")];
        let told = told(&ratings);
        assert_eq!(told.score(), Some(rating("3.0", "NVD")));
        assert_eq!(told.rating('2'), Some(rating("2.0", "NVD")));
        assert_eq!(told.rating('4'), None);
        assert_eq!(told.related("CVE-1"), ["GHSA-1"]);
        let newest = self::told(&[rating("3.0", "NVD"), rating("3.1", "NVD")]);
        assert_eq!(newest.score(), Some(rating("3.1", "NVD")));
        assert_eq!(self::told(&[rating("4.0", "OTHER")]).score(), Some(rating("4.0", "OTHER")));
    }

    #[test]
    fn each_source_has_its_page() {
        let found = |id: &str, source: &str| PackageVulnerability {
            vulnerability: id.into(),
            advisory: None,
            source: source.into(),
            severity: Severity::Low,
            status: FixStatus::Affected,
            fixed_version: None,
        };
        for (id, source, page) in [
            ("CVE-1", "debian", Some("https://security-tracker.debian.org/tracker/CVE-1")),
            ("CVE-1", "pypa", Some("https://nvd.nist.gov/vuln/detail/CVE-1")),
            ("GHSA-1", "ghsa", Some("https://github.com/advisories/GHSA-1")),
            ("RUSTSEC-1", "rustsec", None),
        ] {
            assert_eq!(Told::default().url(&found(id, source)).as_deref(), page, "{id}");
        }
    }
}
