//! What a registry is set to replicate, and where to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use wharfinger_core::RegistryId;
use wharfinger_core::limits::{
    REPLICATION_DESTINATIONS_MAX, REPLICATION_FILTER_CHARS_MAX, REPLICATION_FILTER_CHARS_MIN,
    REPLICATION_RULE_FILTERS_MAX, REPLICATION_RULES_MAX,
};
use wharfinger_metadata::{Tx, registry_setting};

use crate::Error;

/// The name of the document in `registry_setting`.
pub(super) const SETTING: &str = "replication-configuration";

const CONFIGURATION: &str = "replicationConfiguration";
const RULES: &str = "replicationConfiguration.rules";

/// The model's pattern of a filter, for messages.
const FILTER_PATTERN: &str = r"^(?:[a-z0-9]+(?:[._-][a-z0-9]*)*/)*[a-z0-9]*(?:[._-][a-z0-9]*)*$";

/// A rule: which repositories are replicated, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicationRule {
    /// The registries that get copies.
    pub destinations: Vec<RegistryId>,
    /// What the names of the repositories begin with (ECR's `PREFIX_MATCH`); with no filter, all
    /// repositories.
    pub filters: Vec<String>,
    /// Whether deletions are replicated as well; none if the request did not say.
    pub delete_replication: Option<bool>,
}

/// Refuses rules that ECR does not take from the registry `source`.
///
/// # Errors
/// [`Error::InvalidParameter`] for more rules, destinations or filters than it takes, for a filter
/// that is no beginning of a repository's name, and for `source` among the destinations.
pub(super) fn check(rules: &[ReplicationRule], source: &RegistryId) -> Result<(), Error> {
    if rules.len() > REPLICATION_RULES_MAX {
        let max = REPLICATION_RULES_MAX;
        let reason = format!("Member must have length less than or equal to {max}");
        return Err(Error::invalid(RULES, reason));
    }
    for rule in rules {
        if rule.filters.len() > REPLICATION_RULE_FILTERS_MAX {
            let max = REPLICATION_RULE_FILTERS_MAX;
            let reason = format!("A replication rule can have at most {max} repository filters");
            return Err(Error::invalid(RULES, reason));
        }
        rule.filters.iter().try_for_each(|filter| check_filter(filter))?;
    }
    let destinations = rules.iter().flat_map(|rule| &rule.destinations);
    let destinations: BTreeSet<&RegistryId> = destinations.collect();
    if destinations.contains(source) {
        let reason = "Replication destination cannot be the same as the source registry";
        return Err(Error::invalid(CONFIGURATION, reason));
    }
    if destinations.len() > REPLICATION_DESTINATIONS_MAX {
        let max = REPLICATION_DESTINATIONS_MAX;
        let reason = format!("Replication configuration can have at most {max} destinations");
        return Err(Error::invalid(CONFIGURATION, reason));
    }
    Ok(())
}

/// Parts between slashes: all but the last begin with a letter or digit.
fn check_filter(filter: &str) -> Result<(), Error> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut parts = filter.rsplit('/');
    parts.next();
    let fits = (REPLICATION_FILTER_CHARS_MIN..=REPLICATION_FILTER_CHARS_MAX)
        .contains(&filter.len())
        && filter.bytes().all(|byte| plain(byte) || b"._-/".contains(&byte))
        && parts.all(|part| part.bytes().next().is_some_and(plain));
    if fits {
        return Ok(());
    }
    let reason = format!("must satisfy regular expression '{FILTER_PATTERN}'");
    Err(Error::invalid("filter", reason))
}

/// A rule in the document that is kept.
#[derive(Serialize, Deserialize)]
struct StoredRule {
    destinations: Vec<StoredDestination>,
    filters: Vec<String>,
    delete_replication: Option<bool>,
}

#[derive(Serialize, Deserialize)]
struct StoredDestination {
    account: String,
    region: String,
}

/// The document of these rules.
pub(super) fn document(rules: &[ReplicationRule]) -> Result<String, Error> {
    let destination = |registry: &RegistryId| StoredDestination {
        account: registry.account.to_string(),
        region: registry.region.to_string(),
    };
    let rule = |rule: &ReplicationRule| StoredRule {
        destinations: rule.destinations.iter().map(destination).collect(),
        filters: rule.filters.clone(),
        delete_replication: rule.delete_replication,
    };
    let rules: Vec<StoredRule> = rules.iter().map(rule).collect();
    serde_json::to_string(&rules).map_err(|error| Error::Server(Box::new(error)))
}

/// The rules of a registry; none for one that was never set to replicate.
pub(super) async fn of_registry(
    tx: &mut Tx,
    registry: &RegistryId,
) -> Result<Vec<ReplicationRule>, Error> {
    match registry_setting::get(tx, registry, SETTING).await? {
        Some(document) => read(&document).map_err(Error::Server),
        None => Ok(Vec::new()),
    }
}

fn read(document: &str) -> Result<Vec<ReplicationRule>, Box<dyn std::error::Error + Send + Sync>> {
    let stored: Vec<StoredRule> = serde_json::from_str(document)?;
    let mut rules = Vec::with_capacity(stored.len());
    for rule in stored {
        let mut destinations = Vec::with_capacity(rule.destinations.len());
        for destination in rule.destinations {
            let region = destination.region.parse()?;
            destinations.push(RegistryId::new(destination.account.parse()?, region));
        }
        let StoredRule { filters, delete_replication, .. } = rule;
        rules.push(ReplicationRule { destinations, filters, delete_replication });
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(account: u64, region: &str) -> RegistryId {
        let account = format!("{account:012}").parse().unwrap();
        RegistryId::new(account, region.parse().unwrap())
    }

    fn rule(destinations: Vec<RegistryId>, filters: &[&str]) -> ReplicationRule {
        let filters = filters.iter().map(|filter| (*filter).to_owned()).collect();
        ReplicationRule { destinations, filters, delete_replication: None }
    }

    fn checked(rules: &[ReplicationRule]) -> Result<(), (&'static str, String)> {
        check(rules, &registry(1, "eu-west-1")).map_err(|error| match error {
            Error::InvalidParameter { member, reason } => (member, reason),
            error => panic!("{error}"),
        })
    }

    #[test]
    fn a_registry_replicates_to_others_only() {
        let other_region = registry(1, "eu-west-2");
        let other_account = registry(2, "eu-west-1");
        assert_eq!(checked(&[rule(vec![other_region.clone(), other_account], &[])]), Ok(()));
        let itself = rule(vec![other_region, registry(1, "eu-west-1")], &[]);
        let reason = "Replication destination cannot be the same as the source registry";
        assert_eq!(checked(&[itself]), Err(("replicationConfiguration", reason.into())));
    }

    #[test]
    fn rules_destinations_and_filters_are_counted() {
        let ten = vec![rule(vec![registry(1, "eu-west-2")], &[]); REPLICATION_RULES_MAX];
        assert_eq!(checked(&ten), Ok(()));
        let eleven = [ten.clone(), ten[..1].to_vec()].concat();
        let reason = "Member must have length less than or equal to 10".to_owned();
        assert_eq!(checked(&eleven), Err(("replicationConfiguration.rules", reason)));

        let to = |count: u64| (2..2 + count).map(|account| registry(account, "eu-west-1"));
        // The same again costs nothing.
        let most = [rule(to(25).collect(), &[]), rule(to(20).collect(), &[])];
        assert_eq!(checked(&most), Ok(()));
        let more = [rule(to(20).collect(), &[]), rule(to(26).skip(20).collect(), &[])];
        let reason = "Replication configuration can have at most 25 destinations".to_owned();
        assert_eq!(checked(&more), Err(("replicationConfiguration", reason)));

        let with = |count| [rule(vec![], &vec!["team"; count])];
        assert_eq!(checked(&with(REPLICATION_RULE_FILTERS_MAX)), Ok(()));
        let reason = "A replication rule can have at most 100 repository filters".to_owned();
        assert_eq!(
            checked(&with(REPLICATION_RULE_FILTERS_MAX + 1)),
            Err(("replicationConfiguration.rules", reason))
        );
    }

    #[test]
    fn a_filter_is_the_beginning_of_a_name() {
        let longest = "a".repeat(REPLICATION_FILTER_CHARS_MAX);
        for good in ["te", "team/", "team/app-", "a./b", "-a", "..", "9_/x", &longest] {
            assert_eq!(checked(&[rule(vec![], &[good])]), Ok(()), "{good}");
        }
        let long = "a".repeat(REPLICATION_FILTER_CHARS_MAX + 1);
        for bad in ["", "a", "/a", "a//b", "-a/b", "Te", "te*", "t m", "te\n", &long] {
            let refused = checked(&[rule(vec![], &[bad])]);
            assert!(matches!(refused, Err(("filter", _))), "{bad:?}");
        }
    }

    #[test]
    fn rules_are_stored_and_read_back() {
        let mut rules = vec![
            rule(vec![registry(2, "eu-west-1"), registry(1, "eu-west-2")], &["team/", "prod"]),
            rule(vec![], &[]),
        ];
        rules[1].delete_replication = Some(true);
        assert_eq!(read(&document(&rules).unwrap()).unwrap(), rules);
        assert!(read("{}").is_err());
    }
}
