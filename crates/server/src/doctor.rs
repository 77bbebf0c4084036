//! What is wrong with an installation, and what to do about it.
//!
//! The doctor changes nothing but a scratch file that it takes away again, and needs no running
//! server.

mod machine;
mod soundness;

use std::io;
use std::net::{SocketAddr, TcpListener};

use serde::Serialize;
use wharfinger_auth::{IamResource, Permit};
use wharfinger_blobs::MasterKeyError;
use wharfinger_core::{AccountId, Timestamp};
use wharfinger_iam::Account;
use wharfinger_metadata::MetadataError;

use crate::{Config, DataDir, Installation, InstallationError, TlsConfig, tls};

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing to do.
    Ok,
    /// It works, and may stop working.
    Warning,
    /// It does not work.
    Problem,
}

/// One thing that was looked at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// What was looked at, such as `data directory`.
    pub name: &'static str,
    /// How it is.
    pub severity: Severity,
    /// What was found.
    pub what: String,
    /// What to do about it; empty if nothing is to be done.
    pub what_to_do: String,
}

impl Finding {
    fn ok(name: &'static str, what: impl Into<String>) -> Self {
        Self { name, severity: Severity::Ok, what: what.into(), what_to_do: String::new() }
    }

    fn warning(name: &'static str, what: impl Into<String>, to_do: impl Into<String>) -> Self {
        let (what, what_to_do) = (what.into(), to_do.into());
        Self { name, severity: Severity::Warning, what, what_to_do }
    }

    fn problem(name: &'static str, what: impl Into<String>, to_do: impl Into<String>) -> Self {
        let (what, what_to_do) = (what.into(), to_do.into());
        Self { name, severity: Severity::Problem, what, what_to_do }
    }
}

/// Looks at everything a server with this configuration depends on. `now` is what the machine's
/// clock says.
pub async fn examine(config: &Config, now: Timestamp) -> Vec<Finding> {
    let directory = DataDir::new(&config.data_dir);
    let mut findings = machine::data_directory(&directory, now);
    findings.push(lock(&directory));
    let (data, account, newest) = data(config).await;
    findings.push(data);
    findings.push(soundness::soundness(config, now).await);
    findings.push(listen_address(&directory, config.listen));
    findings.push(tls(config, &directory, account, now));
    findings.push(clock(now, newest));
    findings.push(machine::disk(directory.path()));
    findings.push(machine::open_files(&config.limits));
    findings.push(machine::processor());
    findings
}

fn lock(directory: &DataDir) -> Finding {
    const NAME: &str = "server";
    match directory.in_use() {
        Ok(None) => Finding::ok(NAME, "no server runs on this data directory"),
        Ok(Some(pid)) => {
            let pid = pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
            match directory.running_server() {
                Ok(Some(server)) => {
                    Finding::ok(NAME, format!("a server{pid} runs at {}", server.endpoint_url))
                }
                _ => Finding::ok(NAME, format!("a server{pid} uses this data directory")),
            }
        }
        Err(error) => {
            Finding::problem(NAME, chain(&error), "give the file `lock` back to the user")
        }
    }
}

/// The database and the master key, the account, and the newest time the database knows.
async fn data(config: &Config) -> (Finding, Option<AccountId>, Option<Timestamp>) {
    const NAME: &str = "data";
    match Installation::existing(config).await {
        Ok(installation) => {
            let (others, newest) = accounts(&installation).await.unwrap_or_default();
            let more = match others {
                0 => String::new(),
                1 => " and another account".to_owned(),
                others => format!(" and {others} other accounts"),
            };
            let account = installation.account();
            let what = format!("the registry of account {account}{more} can be read");
            (Finding::ok(NAME, what), Some(account), newest)
        }
        Err(InstallationError::NotStarted { path }) => {
            (Finding::ok(NAME, format!("{} holds no registry yet", path.display())), None, None)
        }
        Err(error) => (Finding::problem(NAME, chain(&error), remedy(&error)), None, None),
    }
}

/// How many accounts there are beside the first, and the newest time that any of them knows.
async fn accounts(
    installation: &Installation,
) -> Result<(usize, Option<Timestamp>), wharfinger_iam::Error> {
    let (iam, first) = (installation.iam(), installation.account());
    let accounts = iam.list_accounts(&Permit::system(IamResource::account_wide(first))).await?;
    let mut newest = accounts.iter().map(|account| account.created_at).max();
    for Account { account, .. } in &accounts {
        let permit = Permit::system(IamResource::account_wide(*account));
        let keys = iam.list_account_keys(&permit).await?;
        newest = newest.max(keys.iter().map(|key| key.created_at).max());
    }
    Ok((accounts.iter().filter(|it| it.account != first).count(), newest))
}

fn remedy(error: &InstallationError) -> &'static str {
    match error {
        InstallationError::Metadata { source, .. } => match source {
            MetadataError::NewerFormat { .. } => "use the version that wrote it, or a newer one",
            MetadataError::OlderFormat { .. } => "run `wharfinger serve` once",
            MetadataError::StorageFull(_) => "free some space on that disk",
            MetadataError::ReadOnly(_) => "let this user write the data directory",
            MetadataError::NoWriteAheadLog => "move the data directory to a local disk",
            _ => "restore the data directory from a backup",
        },
        InstallationError::MasterKey(MasterKeyError::Exposed { .. }) => "run `chmod 600` on it",
        InstallationError::MasterKey(MasterKeyError::Io { .. }) => "let this user read the file",
        InstallationError::MasterKey(MasterKeyError::Malformed { .. })
        | InstallationError::MasterKeyMissing { .. }
        | InstallationError::MasterKeyWrong { .. } => "put the right master key in its place",
        _ => "see the cause; restore the data directory from a backup if nothing else helps",
    }
}

fn listen_address(directory: &DataDir, address: SocketAddr) -> Finding {
    const NAME: &str = "listen address";
    let ours = || matches!(directory.running_server(), Ok(Some(it)) if it.listen == address);
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok(NAME, format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && ours() => {
            Finding::ok(NAME, format!("{address} is served by the server of this data directory"))
        }
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Finding::problem(
            NAME,
            format!("{address} is in use by another program"),
            "stop that program, or choose another address with --listen",
        ),
        Err(error) => Finding::problem(
            NAME,
            format!("{address} cannot be listened on: {error}"),
            "choose an address of this machine, and a port from 1024 on, with --listen",
        ),
    }
}

fn tls(
    config: &Config,
    directory: &DataDir,
    account: Option<AccountId>,
    now: Timestamp,
) -> Finding {
    const NAME: &str = "tls";
    // What runs counts more than what the command line of the doctor would start.
    let running = directory.running_server().ok().flatten();
    let running = running.filter(|_| config.tls == TlsConfig::Off);
    let tls = match running {
        Some(server) if server.ca_certificate.is_some() => {
            TlsConfig::Auto { names: server.tls_names }
        }
        Some(server) if server.endpoint_url.starts_with("https:") => {
            return Finding::ok(NAME, "the server that runs has a certificate from files");
        }
        _ => config.tls.clone(),
    };
    let config = &Config { tls, ..config.clone() };
    match tls::examine(config, directory, account, now) {
        Ok(Some(what)) => Finding::ok(NAME, what),
        Ok(None) if config.listen.ip().is_loopback() => {
            Finding::ok(NAME, "off; nothing leaves this machine")
        }
        Ok(None) => Finding::warning(
            NAME,
            format!("off; passwords and images go in clear to {}", config.listen),
            "use --tls auto, or --tls-cert and --tls-key, or put a TLS proxy in front",
        ),
        Err(error) => {
            let to_do = "the server does not start with it: do what the text says";
            Finding::problem(NAME, chain(&error), to_do)
        }
    }
}

/// A clock before this is wrong: the program is younger (2026-01-01).
const CLOCK_MIN: Timestamp = Timestamp::from_seconds(1_767_225_600);

fn clock(now: Timestamp, newest: Option<Timestamp>) -> Finding {
    const NAME: &str = "clock";
    let to_do = "set the clock, and let NTP keep it: signatures and tokens of clients depend on it";
    match newest {
        _ if now < CLOCK_MIN => {
            Finding::problem(NAME, format!("the clock says {now}, which is past"), to_do)
        }
        Some(newest) if newest > now => Finding::problem(
            NAME,
            format!("the clock says {now}, and a key in the database was made at {newest}"),
            to_do,
        ),
        _ => Finding::ok(NAME, format!("the clock says {now}")),
    }
}

/// An error with its causes, as one line. A cause that an error repeats is said once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !text.ends_with(&next_text) {
            text = format!("{text}: {next_text}");
        }
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests;
