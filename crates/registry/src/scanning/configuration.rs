//! What a registry is set to scan, and what that means for one of its repositories.

use serde::{Deserialize, Serialize};
use wharfinger_core::limits::{SCANNING_RULE_FILTERS_MAX, SCANNING_RULES_MAX};
use wharfinger_core::{RegistryId, RepositoryName};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::{Tx, registry_setting};

use super::ScanningFilter;
use crate::Error;

/// The name of the document in `registry_setting`.
pub(super) const SETTING: &str = "scanning-configuration";

/// ECR's `ScanType`: which mode of scanning a registry uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ScanType {
    /// Packages of the operating system, on push or when asked for.
    Basic,
    /// Packages of languages as well, on push or for as long as the image is there.
    Enhanced,
}

impl ScanType {
    /// The name that the service model and the rows of scans have for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "BASIC",
            Self::Enhanced => "ENHANCED",
        }
    }
}

/// ECR's `ScanFrequency`: when the images of a repository are scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ScanFrequency {
    /// When they are pushed.
    ScanOnPush,
    /// When they are pushed, and whenever advisories change.
    ContinuousScan,
    /// When somebody asks for it.
    Manual,
}

/// A rule: how often the repositories of its filters are scanned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanningRule {
    /// How often.
    pub frequency: ScanFrequency,
    /// Which repositories; with no filter none.
    pub filters: Vec<ScanningFilter>,
}

/// A registry's scanning configuration. Fresh registries have basic scanning without rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanningConfiguration {
    scan_type: ScanType,
    rules: Vec<ScanningRule>,
}

/// What the configuration means for one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectiveScanning {
    /// Whether a push leads to a scan.
    pub scan_on_push: bool,
    /// The frequency in effect.
    pub frequency: ScanFrequency,
    /// The filters of that frequency which are about the repository.
    pub filters: Vec<ScanningFilter>,
}

impl ScanningConfiguration {
    /// From the members of a request.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for more rules or filters than ECR takes, two rules of one
    /// frequency, or a frequency that the mode does not have.
    pub fn new(scan_type: ScanType, rules: Vec<ScanningRule>) -> Result<Self, Error> {
        let bad = |reason: String| Err(Error::invalid("rules", reason));
        if rules.len() > SCANNING_RULES_MAX {
            let max = SCANNING_RULES_MAX;
            return bad(format!("Member must have length less than or equal to {max}"));
        }
        for (index, rule) in rules.iter().enumerate() {
            if rule.filters.len() > SCANNING_RULE_FILTERS_MAX {
                let max = SCANNING_RULE_FILTERS_MAX;
                return bad(format!("A scanning rule can have at most {max} repository filters"));
            }
            let offered = match rule.frequency {
                ScanFrequency::ScanOnPush => true,
                ScanFrequency::ContinuousScan => scan_type == ScanType::Enhanced,
                ScanFrequency::Manual => scan_type == ScanType::Basic,
            };
            if !offered {
                let mode = scan_type.as_str();
                return bad(format!("The scan frequency is not supported by the {mode} scan type"));
            }
            if rules[..index].iter().any(|other| other.frequency == rule.frequency) {
                return bad("There can be only one rule for each scan frequency".into());
            }
        }
        Ok(Self { scan_type, rules })
    }

    /// The mode.
    pub fn scan_type(&self) -> ScanType {
        self.scan_type
    }

    /// The rules, as they were given.
    pub fn rules(&self) -> &[ScanningRule] {
        &self.rules
    }

    /// What holds for a repository. `repository_flag` is its own `scanOnPush`, which counts in
    /// basic scanning beside the rules. Of two rules that match, the continuous one wins.
    pub fn effective(&self, name: &RepositoryName, repository_flag: bool) -> EffectiveScanning {
        for frequency in [ScanFrequency::ContinuousScan, ScanFrequency::ScanOnPush] {
            let filters = self.matching(frequency, name);
            if !filters.is_empty() {
                return EffectiveScanning { scan_on_push: true, frequency, filters };
            }
        }
        if repository_flag && self.scan_type == ScanType::Basic {
            let frequency = ScanFrequency::ScanOnPush;
            return EffectiveScanning { scan_on_push: true, frequency, filters: Vec::new() };
        }
        let frequency = ScanFrequency::Manual;
        let filters = self.matching(frequency, name);
        EffectiveScanning { scan_on_push: false, frequency, filters }
    }

    fn matching(&self, frequency: ScanFrequency, name: &RepositoryName) -> Vec<ScanningFilter> {
        let rules = self.rules.iter().filter(|rule| rule.frequency == frequency);
        rules.flat_map(|rule| &rule.filters).filter(|it| it.is_about(name)).cloned().collect()
    }
}

impl Default for ScanningConfiguration {
    fn default() -> Self {
        Self { scan_type: ScanType::Basic, rules: Vec::new() }
    }
}

/// Whether the findings of the images of a repository change with the advisories.
pub(super) async fn is_watched(tx: &mut Tx, repository: &RepositoryRow) -> Result<bool, Error> {
    let configuration = of_registry(tx, &repository.registry).await?;
    let effective = configuration.effective(&repository.name, repository.scan_on_push);
    Ok(configuration.scan_type() == ScanType::Enhanced
        && effective.frequency == ScanFrequency::ContinuousScan)
}

/// The configuration of a registry.
pub(crate) async fn of_registry(
    tx: &mut Tx,
    registry: &RegistryId,
) -> Result<ScanningConfiguration, Error> {
    match registry_setting::get(tx, registry, SETTING).await? {
        Some(document) => {
            serde_json::from_str(&document).map_err(|error| Error::Server(Box::new(error)))
        }
        None => Ok(ScanningConfiguration::default()),
    }
}

#[cfg(test)]
mod tests {
    use super::ScanFrequency::{ContinuousScan, Manual, ScanOnPush};
    use super::ScanType::{Basic, Enhanced};
    use super::*;

    fn rule(frequency: ScanFrequency, filters: &[&str]) -> ScanningRule {
        let filters = filters.iter().map(|filter| ScanningFilter::new(filter).unwrap()).collect();
        ScanningRule { frequency, filters }
    }

    fn effective(
        configuration: &ScanningConfiguration,
        flag: bool,
    ) -> (bool, ScanFrequency, Vec<String>) {
        let found = configuration.effective(&"team/app".parse().unwrap(), flag);
        let filters = found.filters.iter().map(|filter| filter.as_str().to_owned()).collect();
        (found.scan_on_push, found.frequency, filters)
    }

    #[test]
    fn each_mode_has_its_frequencies_once() {
        let tried = |mode, frequencies: &[ScanFrequency]| {
            let rules = frequencies.iter().map(|frequency| rule(*frequency, &["*"])).collect();
            match ScanningConfiguration::new(mode, rules) {
                Ok(_) => Ok(()),
                Err(Error::InvalidParameter { member: "rules", reason }) => Err(reason),
                Err(error) => panic!("{error}"),
            }
        };
        for (mode, frequencies) in [
            (Basic, &[][..]),
            (Basic, &[ScanOnPush]),
            (Basic, &[Manual, ScanOnPush]),
            (Enhanced, &[ScanOnPush, ContinuousScan]),
        ] {
            assert_eq!(tried(mode, frequencies), Ok(()), "{mode:?} {frequencies:?}");
        }
        for (mode, frequencies, reason) in [
            (
                Basic,
                &[ContinuousScan][..],
                "The scan frequency is not supported by the BASIC scan type",
            ),
            (Enhanced, &[Manual], "The scan frequency is not supported by the ENHANCED scan type"),
            (
                Basic,
                &[ScanOnPush, ScanOnPush],
                "There can be only one rule for each scan frequency",
            ),
            (
                Enhanced,
                &[ScanOnPush, ContinuousScan, ScanOnPush],
                "Member must have length less than or equal to 2",
            ),
        ] {
            assert_eq!(tried(mode, frequencies), Err(reason.into()), "{mode:?} {frequencies:?}");
        }
    }

    #[test]
    fn a_rule_has_a_hundred_filters_at_the_most() {
        let with = |count| vec![rule(ScanOnPush, &vec!["app"; count])];
        assert!(ScanningConfiguration::new(Basic, with(SCANNING_RULE_FILTERS_MAX)).is_ok());
        assert!(ScanningConfiguration::new(Basic, with(SCANNING_RULE_FILTERS_MAX + 1)).is_err());
    }

    #[test]
    fn basic_scanning_heeds_the_flag_of_the_repository() {
        let none = ScanningConfiguration::default();
        assert_eq!(effective(&none, false), (false, Manual, vec![]));
        assert_eq!(effective(&none, true), (true, ScanOnPush, vec![]));
        let rules = vec![rule(ScanOnPush, &["team", "prod*", "*app"])];
        let matching = ScanningConfiguration::new(Basic, rules).unwrap();
        let expected = (true, ScanOnPush, vec!["team".into(), "*app".into()]);
        assert_eq!(effective(&matching, false), expected);
        let rules = vec![rule(Manual, &["team"]), rule(ScanOnPush, &["prod*"])];
        let other = ScanningConfiguration::new(Basic, rules).unwrap();
        assert_eq!(effective(&other, false), (false, Manual, vec!["team".into()]));
        assert_eq!(effective(&other, true), (true, ScanOnPush, vec![]));
    }

    #[test]
    fn continuous_scanning_wins_and_the_flag_means_nothing_to_it() {
        let rules = vec![rule(ScanOnPush, &["*"]), rule(ContinuousScan, &["team"])];
        let both = ScanningConfiguration::new(Enhanced, rules).unwrap();
        assert_eq!(effective(&both, false), (true, ContinuousScan, vec!["team".into()]));
        let rules = vec![rule(ScanOnPush, &["*"]), rule(ContinuousScan, &["prod"])];
        let push = ScanningConfiguration::new(Enhanced, rules).unwrap();
        assert_eq!(effective(&push, false), (true, ScanOnPush, vec!["*".into()]));
        let off = ScanningConfiguration::new(Enhanced, vec![rule(ScanOnPush, &[])]).unwrap();
        assert_eq!(effective(&off, true), (false, Manual, vec![]));
    }

    #[test]
    fn a_configuration_is_stored_under_the_names_of_the_model() {
        let rules = vec![rule(ContinuousScan, &["team/*"])];
        let configuration = ScanningConfiguration::new(Enhanced, rules).unwrap();
        let document = serde_json::to_string(&configuration).unwrap();
        assert_eq!(
            document,
            r#"{"scan_type":"ENHANCED","rules":[{"frequency":"CONTINUOUS_SCAN","filters":["team/*"]}]}"#
        );
        assert_eq!(
            serde_json::from_str::<ScanningConfiguration>(&document).unwrap(),
            configuration
        );
    }
}
