//! `wharfinger account`: the accounts of an installation.

use clap::{Args, Subcommand};

use crate::guardrail::{self, GuardrailArguments};

#[derive(Args, Debug)]
pub(crate) struct AccountArguments {
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(Subcommand, Debug)]
enum AccountCommand {
    /// Manage what bounds everyone in an account, its root as well
    Guardrail(GuardrailArguments),
}

pub(crate) async fn run(arguments: AccountArguments) -> anyhow::Result<()> {
    match arguments.command {
        AccountCommand::Guardrail(arguments) => guardrail::run(arguments).await,
    }
}
