//! `wharfinger vex`: OpenVEX documents that hold for all images of a registry. Those of one image are
//! artifacts of type `application/vnd.openvex+json` that refer to it.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde::Serialize;
use wharfinger_auth::actions::PutRegistryScanningConfiguration;
use wharfinger_auth::{Permit, RegistryResource};
use wharfinger_core::limits::VEX_DOCUMENT_BYTES_MAX;

use crate::print;
use crate::reference::{OpenRegistry, RegistryArguments};
use crate::scan::read_bounded;

#[derive(Args, Debug)]
pub(crate) struct VexArguments {
    #[command(subcommand)]
    command: VexCommand,
}

#[derive(Subcommand, Debug)]
enum VexCommand {
    /// Add documents, each in place of the one of its @id
    Add {
        /// The documents
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        registry: RegistryArguments,
    },
    /// List the documents
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        registry: RegistryArguments,
    },
    /// Remove a document
    Remove {
        /// Its @id
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        registry: RegistryArguments,
    },
}

/// A document as `--json` shows it.
#[derive(Serialize)]
struct Shown {
    id: String,
    author: String,
    statements: usize,
    added_at: String,
}

pub(crate) async fn run(arguments: VexArguments) -> anyhow::Result<()> {
    match arguments.command {
        VexCommand::Add { files, registry } => {
            let registry = registry.open().await?;
            for path in files {
                let name = || path.display().to_string();
                let content = read_bounded(&path, VEX_DOCUMENT_BYTES_MAX).with_context(name)?;
                let added = registry.registry.add_vex_document(&permit(&registry), content).await;
                print::line(&format!("Document {} is added.", added.with_context(name)?))?;
            }
            Ok(())
        }
        VexCommand::List { json, registry } => list(&registry.open().await?, json).await,
        VexCommand::Remove { id, registry } => {
            let registry = registry.open().await?;
            let permit = permit(&registry);
            match registry.registry.remove_vex_document(&permit, id.clone()).await? {
                true => Ok(print::line(&format!("Document {id} is removed."))?),
                false => bail!("there is no document {id}"),
            }
        }
    }
}

async fn list(registry: &OpenRegistry, json: bool) -> anyhow::Result<()> {
    let documents = registry.registry.vex_documents(&permit(registry)).await?.into_iter();
    let shown: Vec<Shown> = documents
        .map(|it| Shown {
            id: it.id,
            author: it.author,
            statements: it.statement_count,
            added_at: it.added_at.to_string(),
        })
        .collect();
    if json {
        return print::json(&shown);
    }
    let rows: Vec<_> = shown
        .into_iter()
        .map(|it| [it.id, it.author, it.statements.to_string(), it.added_at])
        .collect();
    Ok(print::table(["DOCUMENT", "AUTHOR", "STATEMENTS", "ADDED"], &rows)?)
}

fn permit(registry: &OpenRegistry) -> Permit<PutRegistryScanningConfiguration> {
    Permit::system(RegistryResource { registry: registry.id.clone() })
}
