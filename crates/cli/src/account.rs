//! `wharfinger account`: the accounts of an installation, and the keys of their roots.

use std::path::absolute;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Serialize;
use wharfinger_auth::{Action, IamResource, Permit};
use wharfinger_core::AccountId;
use wharfinger_iam::Account;
use wharfinger_server::{Installation, RootKeyFile};

use crate::arguments::DirectoryArguments;
use crate::guardrail::{self, GuardrailArguments};
use crate::print;

#[derive(Args, Debug)]
pub(crate) struct AccountArguments {
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(Subcommand, Debug)]
enum AccountCommand {
    /// Create an account with a root key; it has users, keys and registries of its own
    Create(OneAccountArguments),
    /// List the accounts
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        directory: DirectoryArguments,
    },
    /// Make a new root key for an account, when the one there was is lost
    Key(OneAccountArguments),
    /// Manage what bounds everyone in an account, its root as well
    Guardrail(GuardrailArguments),
}

#[derive(Args, Debug)]
struct OneAccountArguments {
    /// The id of the account: twelve digits
    account: AccountId,
    /// Print JSON, with the secret of the key
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    directory: DirectoryArguments,
}

/// What a command does, done by whoever owns the data directory: in the whole of an account.
pub(crate) fn permit<A: Action<Resource = IamResource>>(account: AccountId) -> Permit<A> {
    Permit::system(IamResource::account_wide(account))
}

pub(crate) async fn run(arguments: AccountArguments) -> anyhow::Result<()> {
    match arguments.command {
        AccountCommand::Guardrail(arguments) => guardrail::run(arguments).await,
        AccountCommand::Create(OneAccountArguments { account, json, directory }) => {
            let made = open(&directory).await?.create_account(account).await?;
            print_key(account, &made, json, &format!("Account {account} was created."))
        }
        AccountCommand::List { json, directory } => {
            let installation = open(&directory).await?;
            let first = installation.account();
            let accounts = installation.iam().list_accounts(&permit(first)).await?;
            print_list(&accounts, first, json)
        }
        AccountCommand::Key(OneAccountArguments { account, json, directory }) => {
            let made = open(&directory).await?.create_root_key(account).await;
            let made = made.with_context(|| {
                format!("account {account} has no new root key (see `wharfinger key --account`)")
            })?;
            print_key(account, &made, json, &format!("Account {account} has a new root key."))
        }
    }
}

async fn open(directory: &DirectoryArguments) -> anyhow::Result<Installation> {
    Ok(Installation::existing(&directory.resolve()?).await?)
}

fn print_key(
    account: AccountId,
    made: &RootKeyFile,
    json: bool,
    sentence: &str,
) -> anyhow::Result<()> {
    /// A new root key as `--json` shows it.
    #[derive(Serialize)]
    struct Shown<'a> {
        account: &'a str,
        access_key_id: &'a str,
        secret_access_key: &'a str,
        credentials_file: String,
    }
    let file = absolute(&made.path)?.display().to_string();
    if json {
        return print::json(&Shown {
            account: account.as_str(),
            access_key_id: &made.credentials.access_key_id,
            secret_access_key: made.credentials.secret_access_key.expose(),
            credentials_file: file,
        });
    }
    print::line(sentence)?;
    let id = &made.credentials.access_key_id;
    print::line(&format!("Its root key {id} is kept in {file}, readable by you alone."))?;
    Ok(print::line(&format!("To use it, run eval \"$(wharfinger env --account {account})\"."))?)
}

fn print_list(accounts: &[Account], first: AccountId, json: bool) -> anyhow::Result<()> {
    /// An account as `--json` shows it.
    #[derive(Serialize)]
    struct Shown<'a> {
        account: &'a str,
        alias: Option<&'a str>,
        /// Whether it is the one that the first start made.
        first: bool,
        /// `null` if it is older than this record.
        created_at: Option<String>,
    }
    let created_at = |it: &Account| (it.created_at.millis() > 0).then(|| it.created_at.to_string());
    if json {
        let shown = accounts.iter().map(|it| Shown {
            account: it.account.as_str(),
            alias: it.alias.as_deref(),
            first: it.account == first,
            created_at: created_at(it),
        });
        return print::json(&shown.collect::<Vec<_>>());
    }
    let rows: Vec<_> = accounts
        .iter()
        .map(|it| {
            let which = if it.account == first { "first" } else { "" };
            let alias = it.alias.clone().unwrap_or_default();
            [it.account.to_string(), alias, created_at(it).unwrap_or_default(), which.to_owned()]
        })
        .collect();
    Ok(print::table(["ID", "ALIAS", "CREATED", ""], &rows)?)
}
