//! `wharfinger advisories`: what is known of vulnerabilities. Imported from files, brought up to date
//! from the network, carried to where there is none. Beside a running server, which sees it by itself,
//! or without one.

mod artifact;
mod download;
mod import;
#[cfg(test)]
mod loopback;
mod progress;
mod status;
mod update;

use clap::{Args, Subcommand};
use wharfinger_advisories::Store;

use crate::arguments::DirectoryArguments;

#[derive(Args, Debug)]
pub(crate) struct AdvisoriesArguments {
    #[command(subcommand)]
    command: AdvisoriesCommand,
}

#[derive(Subcommand, Debug)]
enum AdvisoriesCommand {
    /// Import files: of distributions, OSV, NVD, EPSS, KEV, Trivy's database, or a bundle
    Import(import::ImportArguments),
    /// Say what is there, and how old it is
    Status(status::StatusArguments),
    /// Bring sources up to date from the network; only what changed is fetched
    Update(update::UpdateArguments),
    /// Write what is there to a bundle: one file, to be imported elsewhere
    Export(import::ExportArguments),
    /// Push what is there to a registry, as an OCI artifact
    Push(artifact::PushArguments),
    /// Pull such an artifact from a registry, and import it
    Pull(artifact::PullArguments),
}

pub(crate) async fn run(arguments: AdvisoriesArguments) -> anyhow::Result<()> {
    match arguments.command {
        AdvisoriesCommand::Import(arguments) => import::import(&arguments),
        AdvisoriesCommand::Status(arguments) => status::run(&arguments),
        AdvisoriesCommand::Update(arguments) => update::run(arguments).await,
        AdvisoriesCommand::Export(arguments) => import::export(&arguments),
        AdvisoriesCommand::Push(arguments) => artifact::push(arguments).await,
        AdvisoriesCommand::Pull(arguments) => artifact::pull(arguments).await,
    }
}

/// The folder of advisories of an installation, which need not exist yet: advisories may be there
/// before the first start.
fn folder(directory: &DirectoryArguments) -> anyhow::Result<std::path::PathBuf> {
    Ok(directory.resolve()?.data_dir.join("advisories"))
}

fn store(directory: &DirectoryArguments) -> anyhow::Result<Store> {
    Ok(Store::new(&folder(directory)?))
}
