//! `wharfinger history`: what a tag points to and has pointed to. Beside a running server, or without
//! one.

use anyhow::{anyhow, bail};
use clap::Args;
use serde::Serialize;
use wharfinger_auth::actions::DescribeImages;
use wharfinger_core::{Clock, RepositoryName, Tag};
use wharfinger_registry::{ImagePresence, PageRequest, TagState};
use wharfinger_server::SystemClock;

use crate::print;
use crate::reference::{OpenRegistry, Part, Reference, RegistryArguments, moment};

#[derive(Args, Debug)]
pub(crate) struct HistoryArguments {
    /// The tag
    #[arg(value_name = "REPOSITORY:TAG")]
    tag: Reference,
    /// What it pointed to then: a time such as 2026-03-01T12:30:00Z or 2026-03-01, or so long ago, such
    /// as 15m, 2h or 3d
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    registry: RegistryArguments,
}

pub(crate) async fn run(arguments: HistoryArguments) -> anyhow::Result<()> {
    let HistoryArguments { tag: Reference { repository, part }, at, json, registry } = arguments;
    let Part::Tag(tag) = part else { bail!("history is of a tag: {repository}:TAG") };
    let at = moment(at.as_deref(), SystemClock.now())?;
    let registry = registry.open().await?;
    let states = match at {
        None => whole(&registry, &repository, &tag).await?,
        Some(at) => {
            let permit = registry.permit::<DescribeImages>(&repository);
            let state = registry.registry.tag_state_at(&permit, tag.clone(), at).await?;
            let unknown = || anyhow!("nothing is known of {repository}:{tag} at {at}");
            vec![state.ok_or_else(unknown)?]
        }
    };
    show(&states, &tag, json)
}

fn show(states: &[TagState], tag: &Tag, json: bool) -> anyhow::Result<()> {
    if json {
        return print::json(&states.iter().map(ShownState::of).collect::<Vec<_>>());
    }
    if states.is_empty() {
        return Ok(print::line(&format!("Nothing is known of the tag {tag}."))?);
    }
    let rows: Vec<_> = states
        .iter()
        .map(|state| {
            let digest = state.digest.map_or_else(|| "-".into(), |digest| digest.to_string());
            let image = match state.presence {
                None => "-".into(),
                Some(ImagePresence::Present) => "there".into(),
                Some(ImagePresence::Deleted { until }) => format!("deleted, kept until {until}"),
                Some(ImagePresence::Gone) => "gone".into(),
            };
            [state.since.to_string(), digest, image, state.cause.clone()]
        })
        .collect();
    Ok(print::table(["SINCE", "POINTS TO", "IMAGE", "BY"], &rows)?)
}

/// All pages.
async fn whole(
    registry: &OpenRegistry,
    repository: &RepositoryName,
    tag: &Tag,
) -> anyhow::Result<Vec<TagState>> {
    let permit = registry.permit::<DescribeImages>(repository);
    let (mut states, mut page) = (Vec::new(), PageRequest::default());
    loop {
        let next = registry.registry.tag_history(&permit, tag.clone(), &page).await?;
        states.extend(next.items);
        page.next_token = next.next_token;
        if page.next_token.is_none() {
            return Ok(states);
        }
    }
}

/// A state as `--json` shows it.
#[derive(Serialize)]
struct ShownState {
    since: String,
    /// `null` while there was no such tag.
    digest: Option<String>,
    /// `there`, `deleted` or `gone`.
    image: Option<&'static str>,
    /// Until when a deleted one can be brought back.
    deleted_until: Option<String>,
    by: String,
}

impl ShownState {
    fn of(state: &TagState) -> Self {
        let (image, deleted_until) = match state.presence {
            None => (None, None),
            Some(ImagePresence::Present) => (Some("there"), None),
            Some(ImagePresence::Deleted { until }) => (Some("deleted"), Some(until.to_string())),
            Some(ImagePresence::Gone) => (Some("gone"), None),
        };
        Self {
            since: state.since.to_string(),
            digest: state.digest.map(|digest| digest.to_string()),
            image,
            deleted_until,
            by: state.cause.clone(),
        }
    }
}
