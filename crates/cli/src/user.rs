//! `wharfinger user`: IAM users and their policies.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use serde::Serialize;
use wharfinger_auth::User;
use wharfinger_iam_policy::{ManagedPolicy, PolicyDocument, managed};
use wharfinger_server::Installation;

use crate::arguments::DirectoryArguments;
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
        directory: DirectoryArguments,
    },
    /// List the users
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        directory: DirectoryArguments,
    },
    /// Delete a user with its keys and policies
    Delete {
        /// The name of the user
        name: String,
        #[command(flatten)]
        directory: DirectoryArguments,
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
        directory: DirectoryArguments,
    },
    /// Take a policy from a user
    DeletePolicy {
        /// The name of the user
        name: String,
        /// The name of the policy
        #[arg(long)]
        policy_name: String,
        #[command(flatten)]
        directory: DirectoryArguments,
    },
}

pub(crate) async fn run(arguments: UserArguments) -> anyhow::Result<()> {
    match arguments.command {
        UserCommand::Create { name, policy, managed, json, directory } => {
            let mut policies = Vec::new();
            if let Some(file) = policy {
                policies.push((POLICY_NAME_DEFAULT.to_owned(), read_policy(&file)?));
            }
            policies.extend(
                managed.iter().map(|policy| (policy.name.to_owned(), policy.document.to_owned())),
            );
            let user = create(&open(&directory).await?, &name, policies).await?;
            if json { print::json(&Shown::of(&user)) } else { print_created(&user) }
        }
        UserCommand::List { json, directory } => {
            let installation = open(&directory).await?;
            let users = installation.auth().list_users(installation.account()).await?;
            print_list(&users, json)
        }
        UserCommand::Delete { name, directory } => {
            let installation = open(&directory).await?;
            installation.auth().delete_user(installation.account(), &name).await?;
            Ok(print::line(&format!("User {name} was deleted."))?)
        }
        UserCommand::PutPolicy { name, policy_name, file, directory } => {
            let (document, installation) = (read_policy(&file)?, open(&directory).await?);
            let (auth, account) = (installation.auth(), installation.account());
            auth.put_user_policy(account, &name, &policy_name, &document).await?;
            Ok(print::line(&format!("User {name} has policy {policy_name}."))?)
        }
        UserCommand::DeletePolicy { name, policy_name, directory } => {
            let installation = open(&directory).await?;
            let (auth, account) = (installation.auth(), installation.account());
            auth.delete_user_policy(account, &name, &policy_name).await?;
            Ok(print::line(&format!("User {name} has policy {policy_name} no more."))?)
        }
    }
}

async fn open(directory: &DirectoryArguments) -> anyhow::Result<Installation> {
    Ok(Installation::existing(&directory.resolve()?).await?)
}

/// Creates a user with policies that are known to be well formed.
async fn create(
    installation: &Installation,
    name: &str,
    policies: Vec<(String, String)>,
) -> anyhow::Result<User> {
    let (auth, account) = (installation.auth(), installation.account());
    let mut user = auth.create_user(account, name).await?;
    for (policy_name, document) in policies {
        auth.put_user_policy(account, name, &policy_name, &document).await.with_context(|| {
            format!("user {name} was created and has not got the policy {policy_name}")
        })?;
        user.policy_names.push(policy_name);
    }
    Ok(user)
}

/// The text of a policy file, if it is a policy.
fn read_policy(file: &Path) -> anyhow::Result<String> {
    let unreadable = || format!("the policy {} cannot be read", file.display());
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text).with_context(unreadable)?
    } else {
        std::fs::read_to_string(file).with_context(unreadable)?
    };
    PolicyDocument::parse(&text).with_context(|| format!("{} is not a policy", file.display()))?;
    Ok(text)
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
    fn of(user: &'a User) -> Self {
        Self {
            user_name: &user.user_name,
            user_id: &user.user_id,
            arn: &user.arn,
            created_at: user.created_at.to_string(),
            policies: &user.policy_names,
        }
    }
}

fn print_created(user: &User) -> anyhow::Result<()> {
    print::line(&format!("User {} was created: {}", user.user_name, user.arn))?;
    if user.policy_names.is_empty() {
        print::line("It may do nothing yet; give it a policy with `wharfinger user put-policy`.")?;
    }
    let name = &user.user_name;
    Ok(print::line(&format!("For an access key, run `wharfinger key create {name}`."))?)
}

fn print_list(users: &[User], json: bool) -> anyhow::Result<()> {
    if json {
        return print::json(&users.iter().map(Shown::of).collect::<Vec<_>>());
    }
    let rows: Vec<_> = users
        .iter()
        .map(|user| {
            let policies = user.policy_names.join(", ");
            [user.user_name.clone(), user.user_id.clone(), user.created_at.to_string(), policies]
        })
        .collect();
    Ok(print::table(["NAME", "ID", "CREATED", "POLICIES"], &rows)?)
}
