//! When templates are used, and which of them.

use wharfinger_core::RepositoryName;

use crate::repository_prefix::best_match;

/// A way for a repository to come to be without a call of `CreateRepository`: ECR's `appliedFor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TemplateScenario {
    /// An image is replicated to a repository that the destination does not have.
    Replication,
    /// An image is pulled under the prefix of a pull through cache rule for the first time.
    PullThroughCache,
    /// An image is pushed to a repository that is not there.
    CreateOnPush,
}

impl TemplateScenario {
    const ALL: [Self; 3] = [Self::Replication, Self::PullThroughCache, Self::CreateOnPush];

    /// Its name in ECR's model.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Replication => "REPLICATION",
            Self::PullThroughCache => "PULL_THROUGH_CACHE",
            Self::CreateOnPush => "CREATE_ON_PUSH",
        }
    }

    /// The scenario of that name.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.as_str() == name)
    }
}

/// The key of the template that a repository is created by: of those that are for this scenario,
/// the one with the longest prefix, else `ROOT`.
pub(super) fn matching_template<'t>(
    templates: &'t [(String, Vec<TemplateScenario>)],
    name: &RepositoryName,
    scenario: TemplateScenario,
) -> Option<&'t str> {
    let applied = templates.iter().filter(|(_, applied_for)| applied_for.contains(&scenario));
    best_match(applied.map(|(key, _)| key.as_str()), name)
}

#[cfg(test)]
mod tests {
    use super::TemplateScenario::{CreateOnPush, PullThroughCache, Replication};
    use super::*;

    #[test]
    fn templates_are_chosen_by_prefix_and_scenario() {
        let templates = [
            ("ROOT".to_owned(), vec![Replication]),
            ("team".to_owned(), vec![CreateOnPush, Replication]),
            ("team/a".to_owned(), vec![PullThroughCache, CreateOnPush]),
            ("team/a/b".to_owned(), vec![Replication]),
        ];
        for (name, scenario, expected) in [
            ("team/x", CreateOnPush, Some("team")),
            ("team/x", Replication, Some("team")),
            ("team/x", PullThroughCache, None),
            ("team/a/x", CreateOnPush, Some("team/a")),
            ("team/a/x", Replication, Some("team")),
            ("team/a/b/x", CreateOnPush, Some("team/a")),
            ("team/a/b/x", Replication, Some("team/a/b")),
            ("team/ab", CreateOnPush, Some("team")),
            ("team", CreateOnPush, None),
            ("team", Replication, Some("ROOT")),
            ("other/x", Replication, Some("ROOT")),
            ("other/x", CreateOnPush, None),
        ] {
            let found = matching_template(&templates, &name.parse().unwrap(), scenario);
            assert_eq!(found, expected, "{name} {scenario:?}");
        }
    }

    #[test]
    fn every_scenario_has_a_name_of_its_own() {
        for scenario in TemplateScenario::ALL {
            assert_eq!(TemplateScenario::of_name(scenario.as_str()), Some(scenario));
        }
        assert_eq!(TemplateScenario::of_name("create_on_push"), None);
    }
}
