//! `wharfinger account guardrail`: what bounds everyone in an account, its root as well.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::value::RawValue;
use wharfinger_auth::{Action, IamResource, Permit};
use wharfinger_core::AccountId;
use wharfinger_server::Installation;

use crate::arguments::DirectoryArguments;
use crate::policy::read_policy;
use crate::print;

#[derive(Args, Debug)]
pub(crate) struct GuardrailArguments {
    #[command(subcommand)]
    command: GuardrailCommand,
}

#[derive(Subcommand, Debug)]
enum GuardrailCommand {
    /// Set a guardrail: with one or more, an account may do only what one of them allows, and none
    /// denies
    Put {
        /// The account
        account: AccountId,
        /// The name of the guardrail
        name: String,
        /// The policy: a JSON file, or - for standard input
        file: PathBuf,
        #[command(flatten)]
        directory: DirectoryArguments,
    },
    /// List the guardrails of an account
    List {
        /// The account
        account: AccountId,
        /// Print JSON, with the policies
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        directory: DirectoryArguments,
    },
    /// Take a guardrail away
    Delete {
        /// The account
        account: AccountId,
        /// The name of the guardrail
        name: String,
        #[command(flatten)]
        directory: DirectoryArguments,
    },
}

/// Whoever owns the data directory owns the accounts in it.
fn permit<A: Action<Resource = IamResource>>(account: AccountId) -> Permit<A> {
    Permit::system(IamResource::account_wide(account))
}

pub(crate) async fn run(arguments: GuardrailArguments) -> anyhow::Result<()> {
    match arguments.command {
        GuardrailCommand::Put { account, name, file, directory } => {
            let (document, installation) = (read_policy(&file)?, open(&directory).await?);
            installation.iam().put_guardrail(&permit(account), &name, &document).await?;
            Ok(print::line(&format!("Account {account} has guardrail {name}."))?)
        }
        GuardrailCommand::List { account, json, directory } => {
            list(&open(&directory).await?, account, json).await
        }
        GuardrailCommand::Delete { account, name, directory } => {
            let installation = open(&directory).await?;
            installation.iam().delete_guardrail(&permit(account), &name).await?;
            Ok(print::line(&format!("Account {account} has guardrail {name} no more."))?)
        }
    }
}

async fn open(directory: &DirectoryArguments) -> anyhow::Result<Installation> {
    Ok(Installation::existing(&directory.resolve()?).await?)
}

async fn list(installation: &Installation, account: AccountId, json: bool) -> anyhow::Result<()> {
    /// A guardrail as `--json` shows it.
    #[derive(Serialize)]
    struct Shown<'a> {
        name: &'a str,
        policy: &'a RawValue,
    }
    let guardrails = installation.iam().list_guardrails(&permit(account)).await?;
    if !json {
        let rows: Vec<_> = guardrails.iter().map(|guardrail| [guardrail.name.clone()]).collect();
        return Ok(print::table(["NAME"], &rows)?);
    }
    let mut shown = Vec::with_capacity(guardrails.len());
    for guardrail in &guardrails {
        let policy = serde_json::from_str(&guardrail.document)?;
        shown.push(Shown { name: &guardrail.name, policy });
    }
    print::json(&shown)
}
