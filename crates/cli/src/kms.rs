//! `wharfinger kms`: the KMS keys that encrypt repositories.

use clap::{Args, Subcommand};
use serde::Serialize;
use wharfinger_core::{Region, RegistryId};
use wharfinger_server::{Installation, KmsKey, KmsKeys, Settings};

use crate::arguments::PlaceArguments;
use crate::print;

#[derive(Args, Debug)]
pub(crate) struct KmsArguments {
    #[command(subcommand)]
    command: KmsCommand,
}

#[derive(Subcommand, Debug)]
enum KmsCommand {
    /// Make a key, for repositories to be encrypted with
    CreateKey {
        /// An alias for it (alias/…)
        #[arg(long, value_name = "ALIAS")]
        alias: Option<String>,
        /// What it is for
        #[arg(long, value_name = "TEXT", default_value = "")]
        description: String,
        #[command(flatten)]
        shared: SharedArguments,
    },
    /// List the keys with their aliases
    ListKeys(SharedArguments),
    /// Switch a key on again
    EnableKey(KeyArguments),
    /// Switch a key off: nothing in its repositories can be pushed or pulled
    DisableKey(KeyArguments),
    /// Give a key another name
    CreateAlias {
        /// The name (alias/…)
        alias: String,
        #[command(flatten)]
        key: KeyArguments,
    },
    /// Delete a name; the key and its repositories stay
    DeleteAlias {
        /// The name (alias/…)
        alias: String,
        #[command(flatten)]
        region: RegionArguments,
    },
}

#[derive(Args, Debug)]
struct KeyArguments {
    /// The id, alias or ARN of the key
    key: String,
    #[command(flatten)]
    shared: SharedArguments,
}

#[derive(Args, Debug)]
struct SharedArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    region: RegionArguments,
}

#[derive(Args, Debug)]
struct RegionArguments {
    /// The region of the key [default: us-east-1]
    #[arg(long, value_name = "REGION", env = "WHARFINGER_REGION")]
    region: Option<Region>,
    #[command(flatten)]
    place: PlaceArguments,
}

pub(crate) async fn run(arguments: KmsArguments) -> anyhow::Result<()> {
    match arguments.command {
        KmsCommand::CreateKey { alias, description, shared } => {
            let (keys, registry) = open(shared.region).await?;
            let key = keys.create_key(&registry, &description, alias.as_deref()).await?;
            print_key(&key, shared.json, &format!("Key {} was made.", key.arn))
        }
        KmsCommand::ListKeys(shared) => {
            let (keys, registry) = open(shared.region).await?;
            print_list(&keys.list_keys(&registry).await?, shared.json)
        }
        KmsCommand::EnableKey(key) => set_enabled(key, true).await,
        KmsCommand::DisableKey(key) => set_enabled(key, false).await,
        KmsCommand::CreateAlias { alias, key: KeyArguments { key, shared } } => {
            let (keys, registry) = open(shared.region).await?;
            let key = keys.create_alias(&registry, &alias, &key).await?;
            print_key(&key, shared.json, &format!("Key {} is {alias} as well.", key.arn))
        }
        KmsCommand::DeleteAlias { alias, region } => {
            let (keys, registry) = open(region).await?;
            keys.delete_alias(&registry, &alias).await?;
            Ok(print::line(&format!("Alias {alias} was deleted."))?)
        }
    }
}

/// The keys, and the account and region that a command is about.
async fn open(arguments: RegionArguments) -> anyhow::Result<(KmsKeys, RegistryId)> {
    let settings = Settings { region: arguments.region, ..Settings::default() };
    let PlaceArguments { of_account, directory } = arguments.place;
    let config = directory.resolve_with(settings)?;
    let installation = Installation::existing(&config).await?;
    let account = installation.account_or_first(of_account).await?;
    Ok((installation.kms_keys(), RegistryId::new(account, config.region)))
}

async fn set_enabled(arguments: KeyArguments, enabled: bool) -> anyhow::Result<()> {
    let KeyArguments { key, shared } = arguments;
    let (keys, registry) = open(shared.region).await?;
    let key = keys.set_key_enabled(&registry, &key, enabled).await?;
    print_key(&key, shared.json, &format!("Key {} is {}.", key.arn, state(&key)))
}

fn state(key: &KmsKey) -> &'static str {
    if key.enabled { "on" } else { "off" }
}

/// A key as `--json` shows it.
#[derive(Serialize)]
struct Shown<'a> {
    arn: &'a str,
    key_id: &'a str,
    aliases: &'a [String],
    description: &'a str,
    enabled: bool,
    aws_managed: bool,
    created_at: String,
}

fn shown(key: &KmsKey) -> Shown<'_> {
    Shown {
        arn: &key.arn,
        key_id: &key.key_id,
        aliases: &key.aliases,
        description: &key.description,
        enabled: key.enabled,
        aws_managed: key.aws_managed,
        created_at: key.created_at.to_string(),
    }
}

fn print_key(key: &KmsKey, json: bool, sentence: &str) -> anyhow::Result<()> {
    match json {
        true => print::json(&shown(key)),
        false => Ok(print::line(sentence)?),
    }
}

fn print_list(keys: &[KmsKey], json: bool) -> anyhow::Result<()> {
    if json {
        return print::json(&keys.iter().map(shown).collect::<Vec<_>>());
    }
    let rows: Vec<_> = keys
        .iter()
        .map(|key| {
            let (names, state) = (key.aliases.join(" "), state(key).to_owned());
            [key.arn.clone(), names, state, key.created_at.to_string(), key.description.clone()]
        })
        .collect();
    Ok(print::table(["ARN", "ALIASES", "STATE", "CREATED", "DESCRIPTION"], &rows)?)
}
