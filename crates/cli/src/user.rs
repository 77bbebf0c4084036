//! `wharfinger user`: IAM users and their policies.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use serde::Serialize;
use wharfinger_auth::iam_actions::{
    AttachUserPolicy, DeleteUserPolicy, ListAttachedUserPolicies, ListUserPolicies, PutUserPolicy,
};
use wharfinger_core::AccountId;
use wharfinger_iam::{Iam, NewUser, PageRequest, User};
use wharfinger_iam_policy::{ManagedPolicy, managed};

use crate::account::permit;
use crate::arguments::PlaceArguments;
use crate::policy::read_policy;
use crate::print;

/// The name of a policy that is given at creation without one.
const POLICY_NAME_DEFAULT: &str = "inline";

#[derive(Args, Debug)]
pub(crate) struct UserArguments {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Subcommand, Debug)]
enum UserCommand {
    /// Create a user, who may do nothing but what a policy allows
    Create {
        /// The name of the user
        name: String,
        /// A policy of one's own: a JSON file, or - for standard input
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// A policy of AWS, such as AmazonEC2ContainerRegistryPowerUser; may be repeated
        #[arg(long, value_name = "POLICY", value_parser = managed_policy)]
        managed: Vec<&'static ManagedPolicy>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: PlaceArguments,
    },
    /// List the users
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: PlaceArguments,
    },
    /// Delete a user with its keys and policies
    Delete {
        /// The name of the user
        name: String,
        #[command(flatten)]
        place: PlaceArguments,
    },
    /// Give a user a policy, over one of the same name
    PutPolicy {
        /// The name of the user
        name: String,
        /// The name of the policy
        #[arg(long)]
        policy_name: String,
        /// The policy: a JSON file, or - for standard input
        file: PathBuf,
        #[command(flatten)]
        place: PlaceArguments,
    },
    /// Take a policy from a user
    DeletePolicy {
        /// The name of the user
        name: String,
        /// The name of the policy
        #[arg(long)]
        policy_name: String,
        #[command(flatten)]
        place: PlaceArguments,
    },
}

/// A user with the names of its policies.
struct Listed {
    user: User,
    policy_names: Vec<String>,
}

pub(crate) async fn run(arguments: UserArguments) -> anyhow::Result<()> {
    match arguments.command {
        UserCommand::Create { name, policy, managed, json, place } => {
            let policy = policy.map(|file| read_policy(&file)).transpose()?;
            let (installation, account) = place.open().await?;
            let created = create(installation.iam(), account, &name, policy, &managed).await?;
            if json { print::json(&Shown::of(&created)) } else { print_created(&created) }
        }
        UserCommand::List { json, place } => {
            let (installation, account) = place.open().await?;
            print_list(&list(installation.iam(), account).await?, json)
        }
        UserCommand::Delete { name, place } => {
            let (installation, account) = place.open().await?;
            installation.iam().delete_user_with_everything(&permit(account), &name).await?;
            Ok(print::line(&format!("User {name} was deleted."))?)
        }
        UserCommand::PutPolicy { name, policy_name, file, place } => {
            let document = read_policy(&file)?;
            let (installation, account) = place.open().await?;
            let permit = permit::<PutUserPolicy>(account);
            let iam = installation.iam();
            iam.put_inline_policy(&permit, &name, &policy_name, &document).await?;
            Ok(print::line(&format!("User {name} has policy {policy_name}."))?)
        }
        UserCommand::DeletePolicy { name, policy_name, place } => {
            let (installation, account) = place.open().await?;
            let permit = permit::<DeleteUserPolicy>(account);
            installation.iam().delete_inline_policy(&permit, &name, &policy_name).await?;
            Ok(print::line(&format!("User {name} has policy {policy_name} no more."))?)
        }
    }
}

/// Creates a user with policies that are known to be well formed.
async fn create(
    iam: &Iam,
    account: AccountId,
    name: &str,
    policy: Option<String>,
    managed: &[&ManagedPolicy],
) -> anyhow::Result<Listed> {
    let user = iam.create_user(&permit(account), NewUser::named(name)).await?;
    let without = |policy: &str| format!("user {name} was created without the policy {policy}");
    let mut policy_names = Vec::new();
    if let Some(document) = policy {
        let (permit, policy) = (permit::<PutUserPolicy>(account), POLICY_NAME_DEFAULT);
        let put = iam.put_inline_policy(&permit, name, policy, &document).await;
        put.with_context(|| without(policy))?;
        policy_names.push(policy.to_owned());
    }
    for policy in managed {
        let (permit, arn) = (permit::<AttachUserPolicy>(account), policy.arn.parse()?);
        let attached = iam.attach_policy(&permit, name, &arn).await;
        attached.with_context(|| without(policy.name))?;
        policy_names.push(policy.name.to_owned());
    }
    Ok(Listed { user, policy_names })
}

/// All users of an account with the names of their policies.
async fn list(iam: &Iam, account: AccountId) -> anyhow::Result<Vec<Listed>> {
    let mut found = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let page = PageRequest::new(marker.as_deref(), None)?;
        let page = iam.list_users(&permit(account), None, page).await?;
        for user in page.items {
            let (all, name) = (PageRequest::new(None, Some(1_000))?, &user.user_name);
            let own = permit::<ListUserPolicies>(account);
            let mut policy_names = iam.list_inline_policies(&own, name, all.clone()).await?.items;
            let attached = permit::<ListAttachedUserPolicies>(account);
            let attached = iam.list_attached_policies(&attached, name, None, all).await?.items;
            policy_names.extend(attached.into_iter().map(|policy| policy.policy_name));
            policy_names.sort_unstable();
            found.push(Listed { user, policy_names });
        }
        marker = page.marker;
        if marker.is_none() {
            return Ok(found);
        }
    }
}

fn managed_policy(name: &str) -> anyhow::Result<&'static ManagedPolicy> {
    let found = managed::ALL.iter().find(|policy| policy.name == name || policy.arn == name);
    found.ok_or_else(|| {
        let names: Vec<_> = managed::ALL.iter().map(|policy| policy.name).collect();
        anyhow!("known policies are {}", names.join(", "))
    })
}

/// A user as `--json` shows it.
#[derive(Serialize)]
struct Shown<'a> {
    user_name: &'a str,
    user_id: &'a str,
    arn: &'a str,
    created_at: String,
    policies: &'a [String],
}

impl<'a> Shown<'a> {
    fn of(Listed { user, policy_names }: &'a Listed) -> Self {
        Self {
            user_name: &user.user_name,
            user_id: &user.user_id,
            arn: user.arn.as_str(),
            created_at: user.created_at.to_string(),
            policies: policy_names,
        }
    }
}

fn print_created(Listed { user, policy_names }: &Listed) -> anyhow::Result<()> {
    print::line(&format!("User {} was created: {}", user.user_name, user.arn))?;
    if policy_names.is_empty() {
        print::line("It may do nothing yet; give it a policy with `wharfinger user put-policy`.")?;
    }
    let name = &user.user_name;
    Ok(print::line(&format!("For an access key, run `wharfinger key create {name}`."))?)
}

fn print_list(users: &[Listed], json: bool) -> anyhow::Result<()> {
    if json {
        return print::json(&users.iter().map(Shown::of).collect::<Vec<_>>());
    }
    let rows: Vec<_> = users
        .iter()
        .map(|Listed { user, policy_names }| {
            let policies = policy_names.join(", ");
            [user.user_name.clone(), user.user_id.clone(), user.created_at.to_string(), policies]
        })
        .collect();
    Ok(print::table(["NAME", "ID", "CREATED", "POLICIES"], &rows)?)
}
