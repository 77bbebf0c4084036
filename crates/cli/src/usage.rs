//! `wharfinger usage`: what images take up.

use clap::Args;
use serde::Serialize;
use wharfinger_registry::{Usage, UsageReport};
use wharfinger_server::Installation;

use crate::arguments::DirectoryArguments;
use crate::print;

/// Steps between two words on standard error about how far it is.
const STEPS_A_WORD: u64 = 500;

#[derive(Args, Debug)]
pub(crate) struct UsageArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    directory: DirectoryArguments,
}

pub(crate) async fn run(arguments: UsageArguments) -> anyhow::Result<()> {
    let config = arguments.directory.resolve()?;
    let installation = Installation::existing(&config).await?;
    let mut steps = 0;
    let told = |report: &UsageReport| {
        steps += 1;
        if steps % STEPS_A_WORD == 0 {
            let (repositories, blobs) = (report.repositories.len(), report.blobs);
            print::error(&format!("{repositories} repositories and {blobs} blobs so far"));
        }
    };
    let report = installation.registry(&config)?.usage(told).await?;
    match arguments.json {
        true => print::json(&shown(&report)),
        false => print_table(&report),
    }
}

/// A report as `--json` shows it.
#[derive(Serialize)]
struct Shown {
    repositories: Vec<ShownRepository>,
    total: ShownUsage,
    blobs: u64,
    stores: ShownStores,
}

#[derive(Serialize)]
struct ShownRepository {
    account: String,
    region: String,
    name: String,
    #[serde(flatten)]
    usage: ShownUsage,
}

#[derive(Serialize)]
struct ShownUsage {
    active_images: u64,
    archived_images: u64,
    manifest_bytes: u64,
    active_bytes: u64,
    archived_bytes: u64,
    unreferenced_bytes: u64,
}

#[derive(Serialize)]
struct ShownStores {
    main_bytes: u64,
    archive_bytes: u64,
    database_bytes: u64,
}

impl From<Usage> for ShownUsage {
    fn from(usage: Usage) -> Self {
        Self {
            active_images: usage.active_images,
            archived_images: usage.archived_images,
            manifest_bytes: usage.manifest_bytes,
            active_bytes: usage.active_bytes,
            archived_bytes: usage.archived_bytes,
            unreferenced_bytes: usage.unreferenced_bytes,
        }
    }
}

fn shown(report: &UsageReport) -> Shown {
    let repositories = report.repositories.iter().map(|repository| ShownRepository {
        account: repository.registry.account.to_string(),
        region: repository.registry.region.to_string(),
        name: repository.name.to_string(),
        usage: repository.usage.into(),
    });
    Shown {
        repositories: repositories.collect(),
        total: report.total.into(),
        blobs: report.blobs,
        stores: ShownStores {
            main_bytes: report.stores.main_bytes,
            archive_bytes: report.stores.archive_bytes,
            database_bytes: report.stores.database_bytes,
        },
    }
}

fn print_table(report: &UsageReport) -> anyhow::Result<()> {
    let row = |name: String, usage: &Usage| {
        [
            name,
            usage.active_images.to_string(),
            usage.archived_images.to_string(),
            usage.active_bytes.to_string(),
            usage.archived_bytes.to_string(),
            usage.unreferenced_bytes.to_string(),
        ]
    };
    let mut rows: Vec<_> = report
        .repositories
        .iter()
        .map(|repository| {
            let registry = &repository.registry;
            let name =
                format!("{}/{}/{}", registry.account, registry.region, repository.name.as_str());
            row(name, &repository.usage)
        })
        .collect();
    rows.push(row("in all, each blob once".into(), &report.total));
    let heading =
        ["REPOSITORY", "IMAGES", "ARCHIVED", "BYTES", "BYTES ARCHIVED", "BYTES UNREFERENCED"];
    print::table(heading, &rows)?;
    let stores = &report.stores;
    Ok(print::line(&format!(
        "\nBytes of blobs: {} among the objects, {} in the archive's store, {} in the database.",
        stores.main_bytes, stores.archive_bytes, stores.database_bytes
    ))?)
}
