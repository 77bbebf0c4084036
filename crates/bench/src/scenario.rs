//! What is done to the registries while they are measured: a file for each scenario.

mod garbage;
mod idle;
mod large;
mod lifecycle;
mod lists;
mod manifests;
mod mix;
mod scan;
mod small;
mod start;
mod tags;
mod turns;

use anyhow::Result;

use crate::report::Report;

pub use turns::{Bench, say};

/// A scenario that can be asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scenario {
    /// Large layers in.
    Push,
    /// Large layers out.
    Pull,
    /// Images as they are in life.
    Mix,
    /// Manifests by many connections.
    Manifests,
    /// Many small layers.
    Small,
    /// Long lists of tags.
    Tags,
    /// From start to ready.
    Start,
    /// Idle connections.
    Idle,
    /// Long lists of this server.
    Lists,
    /// A lifecycle policy over many images of this server.
    Lifecycle,
    /// The collection of garbage of this server.
    Garbage,
    /// New advisories over many images of this server.
    Scan,
}

impl Scenario {
    /// All there are, in the order they are measured in.
    pub const ALL: [Self; 12] = [
        Self::Push,
        Self::Pull,
        Self::Mix,
        Self::Manifests,
        Self::Small,
        Self::Tags,
        Self::Start,
        Self::Idle,
        Self::Lists,
        Self::Lifecycle,
        Self::Garbage,
        Self::Scan,
    ];

    /// What it is called on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Pull => "pull",
            Self::Mix => "mix",
            Self::Manifests => "manifests",
            Self::Small => "small",
            Self::Tags => "tags",
            Self::Start => "start",
            Self::Idle => "idle",
            Self::Lists => "lists",
            Self::Lifecycle => "lifecycle",
            Self::Garbage => "gc",
            Self::Scan => "scan",
        }
    }

    /// What it does, in a line.
    pub fn about(self) -> &'static str {
        match self {
            Self::Push => "large layers in, by 1, 4 and 16 clients, plain and over TLS",
            Self::Pull => "the same out",
            Self::Mix => "200 images of 8 layers with shared bases, in and out",
            Self::Manifests => "GET and HEAD by tag and by digest over 64 connections",
            Self::Small => "10,000 layers of 4 KB by 32 clients",
            Self::Tags => "a page of 100 tags, and all tags, out of 1,000 to 100,000",
            Self::Start => "from start to ready, with up to 100,000 images stored",
            Self::Idle => "10,000 idle connections, plain and over TLS",
            Self::Lists => "each page of the long lists of the JSON API (this server alone)",
            Self::Lifecycle => "a lifecycle policy over 100,000 images (this server alone)",
            Self::Garbage => "a million blobs, a tenth of them garbage (this server alone)",
            Self::Scan => "100,000 inventories and 1,000 new advisories (this server alone)",
        }
    }

    /// The scenario of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.name() == name)
    }
}

/// Measures the scenarios that are wanted.
///
/// # Errors
/// If this server fails at one. Other registries that fail are left out, with a note.
pub fn measure(bench: &Bench, wanted: &[Scenario], report: &mut Report) -> Result<()> {
    let wants = |scenario: Scenario| wanted.contains(&scenario);
    for scenario in Scenario::ALL.into_iter().filter(|scenario| wants(*scenario)) {
        match scenario {
            Scenario::Push => large::measure(bench, (true, wants(Scenario::Pull)), report)?,
            // Pushing is the larger part of pulling, and is not done twice.
            Scenario::Pull if wants(Scenario::Push) => continue,
            Scenario::Pull => large::measure(bench, (false, true), report)?,
            Scenario::Mix => mix::measure(bench, report)?,
            Scenario::Manifests => manifests::measure(bench, report)?,
            Scenario::Small => small::measure(bench, report)?,
            Scenario::Tags => tags::measure(bench, report)?,
            Scenario::Start => start::measure(bench, report)?,
            Scenario::Idle => idle::measure(bench, report)?,
            Scenario::Lists => lists::measure(bench, report)?,
            Scenario::Lifecycle => lifecycle::measure(bench, report)?,
            Scenario::Garbage => garbage::measure(bench, report)?,
            Scenario::Scan => scan::measure(bench, report)?,
        }
        bench.print_floor();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_are_known_by_their_names() {
        for scenario in Scenario::ALL {
            assert_eq!(Scenario::of_name(scenario.name()), Some(scenario));
        }
        assert_eq!(Scenario::of_name("unknown"), None);
    }
}
