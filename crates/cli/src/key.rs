//! `wharfinger key`: access keys.

use clap::{Args, Subcommand};
use serde::Serialize;
use wharfinger_auth::AccessKey;
use wharfinger_iam::{AccessKeySummary, KeyOwner};

use crate::account::permit;
use crate::arguments::PlaceArguments;
use crate::print;

#[derive(Args, Debug)]
pub(crate) struct KeyArguments {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Subcommand, Debug)]
enum KeyCommand {
    /// Make an access key and print it with its secret, once
    Create {
        #[command(flatten)]
        owner: OwnerArguments,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: PlaceArguments,
    },
    /// List the access keys, without their secrets
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: PlaceArguments,
    },
    /// Switch a key off: it and every token issued to it are refused
    Disable(KeyIdArguments),
    /// Switch a key on again
    Enable(KeyIdArguments),
    /// Delete a key for good
    Delete(KeyIdArguments),
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct OwnerArguments {
    /// The user whose key it is
    user: Option<String>,
    /// Make a key of the root of the account, who may do everything
    #[arg(long)]
    root: bool,
}

#[derive(Args, Debug)]
struct KeyIdArguments {
    /// The id of the key (AKIA…)
    id: String,
    #[command(flatten)]
    place: PlaceArguments,
}

pub(crate) async fn run(arguments: KeyArguments) -> anyhow::Result<()> {
    match arguments.command {
        KeyCommand::Create { owner, json, place } => {
            let owner = owner.user.map_or(KeyOwner::Root, KeyOwner::User);
            let (installation, account) = place.open().await?;
            let made = installation.iam().create_access_key(&permit(account), &owner).await?;
            print_created(&made.key, json)
        }
        KeyCommand::List { json, place } => {
            let (installation, account) = place.open().await?;
            print_list(&installation.iam().list_account_keys(&permit(account)).await?, json)
        }
        KeyCommand::Disable(key) => set_active(&key, false).await,
        KeyCommand::Enable(key) => set_active(&key, true).await,
        KeyCommand::Delete(KeyIdArguments { id, place }) => {
            let (installation, account) = place.open().await?;
            installation.iam().delete_access_key(&permit(account), None, &id).await?;
            Ok(print::line(&format!("Key {id} was deleted."))?)
        }
    }
}

async fn set_active(key: &KeyIdArguments, active: bool) -> anyhow::Result<()> {
    let KeyIdArguments { id, place } = key;
    let (installation, account) = place.open().await?;
    installation.iam().update_access_key(&permit(account), None, id, active).await?;
    let state = if active { "on" } else { "off" };
    Ok(print::line(&format!("Key {id} is {state}."))?)
}

fn print_created(key: &AccessKey, json: bool) -> anyhow::Result<()> {
    /// A new key as `--json` shows it.
    #[derive(Serialize)]
    struct Shown<'a> {
        access_key_id: &'a str,
        secret_access_key: &'a str,
    }
    let (id, secret) = (key.access_key_id.as_str(), key.secret_access_key.expose().as_str());
    if json {
        return print::json(&Shown { access_key_id: id, secret_access_key: secret });
    }
    print::line(&format!("AWS_ACCESS_KEY_ID={id}"))?;
    print::line(&format!("AWS_SECRET_ACCESS_KEY={secret}"))?;
    print::error("The secret is not shown again.");
    Ok(())
}

fn print_list(keys: &[AccessKeySummary], json: bool) -> anyhow::Result<()> {
    /// A key as `--json` shows it.
    #[derive(Serialize)]
    struct Shown<'a> {
        access_key_id: &'a str,
        /// `null` for a key of the root.
        user_name: Option<&'a str>,
        active: bool,
        created_at: String,
    }
    fn user_name(key: &AccessKeySummary) -> Option<&str> {
        match &key.owner {
            KeyOwner::Root => None,
            KeyOwner::User(name) => Some(name),
        }
    }
    if json {
        let shown = keys.iter().map(|key| Shown {
            access_key_id: &key.access_key_id,
            user_name: user_name(key),
            active: key.active,
            created_at: key.created_at.to_string(),
        });
        return print::json(&shown.collect::<Vec<_>>());
    }
    let rows: Vec<_> = keys
        .iter()
        .map(|key| {
            let owner = user_name(key).map_or("(root)".to_owned(), |name| format!("user {name}"));
            let state = if key.active { "on" } else { "off" };
            [key.access_key_id.clone(), owner, state.to_owned(), key.created_at.to_string()]
        })
        .collect();
    Ok(print::table(["ID", "OWNER", "STATE", "CREATED"], &rows)?)
}
